/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What passes take a file for, by its name and its first bytes, and what starts when the device starts. */
#pragma once

#include "fw/pass/pass.h"

enum scene_kind scene_kind_of(struct span path, struct span content);
/* Sets boot: scripts that init starts by their place, and what these name by its full path. */
void scene_find_boot(struct scene_file *files, uint32_t n);
