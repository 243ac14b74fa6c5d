/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records of one inspection, kept until it ends: for people, as one document, and for what is written of them. */
#pragma once

#include "fw/compare/compare.h"
#include "record/record.h"
#include "report/layout.h"

enum { IMAGE_CAP = 1 << 30 };                    /* bytes of records, and of a document made of them */

enum image_list {
	IMAGE_CONTAINERS, IMAGE_AREAS, IMAGE_MEMBERS, IMAGE_BINARIES, IMAGE_STARTS, IMAGE_ACCOUNTS, IMAGE_KEYS, IMAGE_IDENTITY,
	IMAGE_PROGRAMS, IMAGE_FUNCTIONS, IMAGE_TRACES, IMAGE_FINDINGS, IMAGE_CASES, IMAGE_STRIPS, IMAGE_TREES,
	IMAGE_PARTITIONS, IMAGE_STRINGS, IMAGE_TABLES, IMAGE_LISTS
};

struct image_kept {
	struct record **v;
	size_t n, room;
};

struct image {
	struct arena arena;
	struct image_kept list[IMAGE_LISTS];
	const struct record *sum;                /* "inspection"; NULL: it did not end */
	bool full;                               /* something is missing: IMAGE_CAP was reached */
};

void image_init(struct image *i);
void image_done(struct image *i);
/* Copies it into the list of its kind; a kind that has none is left out. */
void image_take(struct image *i, const struct record *r);
/* One of two images that are compared; borrows the records and the name. */
struct compare_side image_side(const struct image *i, const char *name, uint32_t not_run);
/* NULL: it has none. */
const struct record *image_finding(const struct image *i, const char *id);

/* What lies where, what starts, accounts, keys, what was not opened. Needs the sum. */
void image_report(const struct image *i, const struct layout *l, struct buf *out);
/* A line a member. */
void image_list(const struct image *i, const struct layout *l, struct buf *out);
/* What executing each program showed. all: programs without a call of interest too. */
void image_traces(const struct image *i, const struct layout *l, bool all, struct buf *out);
/* Texts of members, and what refers to them. */
void image_strings(const struct image *i, const struct layout *l, struct buf *out);
/* All of it as one JSON document. Needs the sum. */
void image_document(const struct image *i, bool complete, bool traces, struct buf *out);
