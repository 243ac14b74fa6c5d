/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One path of a root after the other. */
#pragma once

#include "fw/flow/machine.h"

void path_begin(struct machine *m, struct path *up, uint32_t forked, struct assumed why);
void path_run(struct machine *m, uint64_t pc, bool thumb);
void path_take(struct machine *m);               /* from the state that was kept last, when it is still wanted */
