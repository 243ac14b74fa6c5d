/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A function that is run with all the paths that leave it. */
#pragma once

#include "fw/flow/machine.h"

void root_cpu(struct machine *m);                /* the processor as it was before anything ran */
void root_registers(struct machine *m, const struct module *mod, uint64_t pc);
/* Runs a function and then every side that was left, and puts memory back. */
void root_run(struct machine *m, struct function *f, unsigned nargs, const uint64_t *args, bool explore);
