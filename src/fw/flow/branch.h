/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the end of a block leaves for later, and when a loop is left. */
#pragma once

#include "fw/flow/machine.h"

void branch_turn(struct machine *m, const struct block *from, struct block *b);  /* from went to b */
/* A jump table: once for each value that passes the check in front of it. */
void branch_cases(struct machine *m, const struct block *jump, const struct turn *check, bool thumb);
/* True when the loop b stands in has gone round often enough: leave by the side not taken. */
bool branch_loop_ends(struct machine *m, struct block *b);
void branch_loop_leave(struct machine *m, const struct block *from, const struct block *b);
