/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done each time a block is about to run. */
#pragma once

#include "fw/flow/machine.h"

void block_begin(struct machine *m, uint64_t addr, uint32_t size);
