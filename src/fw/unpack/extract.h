/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes members into one folder and nowhere else. Every name is taken as hostile: it is cleaned, opened
 * beneath the folder without following links, and never replaces what is there. */
#pragma once

#include "base/buf.h"
#include "base/scope.h"
#include "fw/unpack/unpack.h"

struct extract_counts {
	uint64_t files, bytes, folders, links, link_texts, renamed, left_out, failed;
};

struct extract_entry {
	struct span path;                        /* slashes separate, whatever else is in it */
	size_t root;                             /* so much of it is the folder of the container */
	enum member_type type;
	uint32_t mode;
	struct span target;
	uint64_t at, size;                       /* bytes in the spool */
};

struct extract;

/* Makes DIR, which must be new or empty. 0 or negative errno (-ENOTEMPTY). */
int  extract_open(const char *dir, int spool, struct extract **out) MUST_CHECK;
void extract_put(struct extract *x, const struct extract_entry *e);
/* Links stand only now, when nothing is written any more. */
void extract_finish(struct extract *x, struct extract_counts *n);
void extract_free(struct extract *x);

/* One name between slashes, made harmless: no "..", no controls, no bytes that are no UTF-8, at most 200 bytes. */
void extract_clean(struct span name, struct buf *out);
/* A target that stays inside `depth` folders however the links on the way point, or nothing. Absolute ones are
 * taken from the container's root, `below` folders up. */
bool extract_safe_target(struct span target, unsigned depth, unsigned below, struct buf *out) MUST_CHECK;
