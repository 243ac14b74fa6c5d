/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the emulator calls. */
#pragma once

#include "fw/flow/machine.h"

bool hooks_add(struct machine *m) MUST_CHECK;
/* After a root: what its paths ran into is as unmapped as before. Its writes there are forgotten with it. */
void hooks_forget(struct machine *m);
