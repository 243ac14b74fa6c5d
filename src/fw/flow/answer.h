/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that a model answers. */
#pragma once

#include "fw/flow/machine.h"

void answer_stub(struct machine *m, const struct block *b);      /* a block that stands for a library function */
void answer_system_call(struct machine *m);
