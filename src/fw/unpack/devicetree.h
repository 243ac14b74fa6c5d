/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flattened device trees (Devicetree Specification 0.4 §5): a bounded walk over the structure block, and what a tree
 * says of the machine it is for. */
#pragma once

#include "fw/unpack/unpack.h"

enum { DT_DEPTH = 64, DT_HEADER = 40 };

struct devicetree {
	struct rd structure;
	struct span strings;
	uint32_t size;                           /* as its header says */
};

/* The nodes one stands in, the root first. */
struct dt_path {
	struct span names[DT_DEPTH];
	unsigned depth;                          /* 1: the root */
};

/* Properties of a node come before its children (§5.4.2). */
struct dt_visit {
	void (*begin)(void *ctx, const struct dt_path *at);
	void (*property)(void *ctx, const struct dt_path *at, struct span name, struct span value);
	void (*end)(void *ctx, const struct dt_path *at);        /* may be NULL */
	void *ctx;
};

bool devicetree_open(struct span s, struct devicetree *t) MUST_CHECK;
/* False: it is damaged, cut or nested beyond DT_DEPTH; what came before was visited. */
bool devicetree_walk(const struct devicetree *t, struct members *m, const struct dt_visit *v) MUST_CHECK;
struct span dt_text(struct span value);          /* a string property, or the first of several */
uint64_t dt_cells(struct rd *r, unsigned n);     /* a number of n cells of 32 bits; past two the high ones are lost */

/* Keeps model, compatible, memory, boot arguments and partitions of a tree that is no FIT image: for the container
 * that is being read. */
void devicetree_note(struct members *m, const struct devicetree *t);
