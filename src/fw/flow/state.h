/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a path leaves behind to be run later: the processor's registers, a position in the memory log, and what is to
 * be different. Latest first. machine_later() and its kind, for models, are in machine.h. */
#pragma once

#include "fw/flow/machine.h"

/* As it is now, to go on at pc. NULL: too many, or this root explores nothing. */
struct state *state_push(struct machine *m, uint64_t pc, bool thumb, struct assumed why);
void state_enter(struct machine *m, const struct state *s);      /* memory is rolled back already */
void context_give(struct machine *m, uc_context *c);             /* of a state that was taken: for the next one */
/* The innermost call the path stands in, behind which nothing was reached yet, or fork whose child is done. */
struct state *state_open_call(struct machine *m);
