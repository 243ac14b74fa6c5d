/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What passes take a file for, by its name and its first bytes, and what starts when the device starts. */
#pragma once

#include "fw/pass/pass.h"

/* A shell pattern for its path in the image, for its name when the pattern has no slash; or its whole place. */
bool scene_file_matches(const struct scene_file *f, const char *pattern);
enum scene_kind scene_kind_of(struct span path, struct span content);
/* Sets boot and started from the start-up graph (start_type records, in its order). Texts lie in the arena. */
void scene_find_boot(struct scene_file *files, uint32_t n, const struct record *const *starts, uint32_t nstarts,
		     struct arena *a);
/* What a program that starts runs itself, and the libraries it loads, start too. After scene_find_boot. */
void scene_spread_boot(struct scene_file *files, uint32_t n, const struct scene_program *programs, uint32_t nprograms,
		       const struct scene_link *links, uint32_t nlinks, struct arena *a);
