/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shadow call stack of the path that runs. */
#pragma once

#include "fw/flow/machine.h"

void frame_push(struct machine *m, const struct turn *t, const struct block *b);         /* t calls, b begins */
void frame_pop(struct machine *m, uint32_t to);
struct frame *frame_root(struct machine *m, uint32_t addr);
/* What tells two calls of a function apart: its first arguments and the texts they point to. */
uint32_t frame_key(struct machine *m);
/* Start-up of a static program hands main() over; main_is_further: what it named only jumps there. */
void main_named(struct machine *m, uint64_t addr);
bool main_is_further(struct machine *m);
