/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of record types and the way back from a type to its index. */
#include "record/registry.h"

#include <assert.h>

void registry_add(struct registry *g, const struct record_type *t)
{
	for (unsigned i = 0; i < g->n; i++)
		if (g->v[i] == t)
			return;
	assert(g->n < REGISTRY_MAX && t->nfields <= RECORD_FIELDS);
	g->v[g->n++] = t;
	g->ready = false;
	for (unsigned i = 0; i < t->nfields; i++)
		if (t->fields[i].nested)
			registry_add(g, t->fields[i].nested);
}

void registry_add_all(struct registry *g, const struct record_type *const *list)
{
	for (; list && *list; list++)
		registry_add(g, *list);
}

void registry_ready(struct registry *g)
{
	for (unsigned i = 0; i < g->n; i++) {    /* insertion: a few hundred at most, once */
		unsigned at = i;
		for (; at && (uintptr_t)g->v[g->by_address[at - 1]] > (uintptr_t)g->v[i]; at--)
			g->by_address[at] = g->by_address[at - 1];
		g->by_address[at] = (uint16_t)i;
	}
	g->ready = true;
}

int registry_index(const struct registry *g, const struct record_type *t)
{
	assert(g->ready);
	unsigned low = 0, high = g->n;
	while (low < high) {
		unsigned mid = (low + high) / 2;
		const struct record_type *there = g->v[g->by_address[mid]];
		if (there == t)
			return g->by_address[mid];
		if ((uintptr_t)there < (uintptr_t)t)
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

const struct record_type *registry_find(const struct registry *g, const char *name)
{
	for (unsigned i = 0; i < g->n; i++)
		if (strcmp(g->v[i]->name, name) == 0)
			return g->v[i];
	return NULL;
}
