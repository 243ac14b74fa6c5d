/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be inspected: images and programs, and folders with all that is in them. Files are mapped, not
 * read; links are noted, not followed. */
#pragma once

#include "base/log.h"
#include "fw/unpack/unpack.h"

enum { MATERIAL_MAX = 50000, MATERIAL_DEPTH = 64 };

struct material_item {
	struct member head;                      /* path and target point into the arena */
	struct span content;                     /* mapped */
};

struct material {
	struct material_item *v;
	uint32_t n, room;
	uint64_t bytes;
	uint32_t unread;                         /* entries that could not be opened, or were too many */
	struct arena arena;
};

/* Adds a file or a folder. False, and said in the log: it cannot be read at all. */
bool material_add(struct material *m, const char *path, const struct log *log) MUST_CHECK;
void material_done(struct material *m);
