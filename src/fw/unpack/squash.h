/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all versions of squashfs share: metadata in packed blocks of 8 KiB that are read on from one into the next, and
 * files in packed blocks whose ends may stand in a fragment. */
#pragma once

#include "fw/unpack/unpack.h"

enum { SQUASH_META = 8192 };

struct squash_meta;                              /* unpacked metadata blocks */

struct squash {
	struct members *m;
	struct span image;
	bool big;
	size_t head;                             /* bytes before a metadata block */
	uint32_t block_size;
	/* Bytes made, or -1. */
	ptrdiff_t (*unpack)(const void *how, struct span in, uint8_t *out, size_t room);
	const void *how;
	struct squash_meta *cache;
	uint8_t *block, *fragment;               /* block_size each */
	uint64_t fragment_at;                    /* which packed block stands in fragment */
	size_t fragment_n;
	uint32_t damaged;                        /* files with damaged blocks */
};

void squash_init(struct squash *q);              /* the fields above the cache are set */
void squash_forget(struct squash *q);            /* unpacked otherwise from now on */
void squash_done(struct squash *q);

/* Reads on from (block, offset) across metadata blocks. Sticky like struct rd. */
struct squash_cursor {
	struct squash *q;
	uint64_t block;
	size_t offset;
	bool bad;
};
/* ref: the block's place behind the table << 16 | offset in it. */
struct squash_cursor squash_at(struct squash *q, uint64_t table, uint64_t ref);
bool     squash_read(struct squash_cursor *c, uint8_t *out, size_t n);
uint64_t squash_number(struct squash_cursor *c, size_t n);       /* n bytes in the image's order; 0 when bad */

struct squash_file {
	uint64_t start, size;
	bool has_fragment;
	/* The fragment's packed block, its length as stored, and where the end stands in it. */
	uint64_t fragment_at;
	uint32_t fragment_size, fragment_offset;
};
/* A member of the file's content; the cursor stands before its list of blocks. Damaged blocks become zeros. */
void squash_add_file(struct squash *q, struct squash_cursor *c, struct member *head, const struct squash_file *f);
