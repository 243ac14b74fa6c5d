/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All record types of the program in one order: what crosses between processes is named by its
 * index here, and documentation walks it. */
#pragma once

#include "record/record.h"

enum { REGISTRY_MAX = 512, REGISTRY_SLOTS = 2048 };

struct registry {
	unsigned n;
	const struct record_type *v[REGISTRY_MAX];
	uint16_t slots[REGISTRY_SLOTS];          /* index + 1 by the pointer's hash, 0: free: a quick way back */
	bool ready;
};

void registry_add(struct registry *g, const struct record_type *t);      /* and those nested in it; twice is once */
void registry_add_all(struct registry *g, const struct record_type *const *list);   /* NULL-terminated; may be NULL */
void registry_ready(struct registry *g);                                 /* after the last add */
int  registry_index(const struct registry *g, const struct record_type *t);   /* -1: not in it */
const struct record_type *registry_find(const struct registry *g, const char *name);   /* NULL: none */
