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

/* Where the type stands, or the free slot where it belongs. */
static unsigned slot_of(const struct registry *g, const struct record_type *t)
{
	unsigned i = (unsigned)((uint64_t)(uintptr_t)t * UINT64_C(0x9e3779b97f4a7c15) >> 53) % REGISTRY_SLOTS;
	while (g->slots[i] && g->v[g->slots[i] - 1] != t)
		i = (i + 1) % REGISTRY_SLOTS;
	return i;
}

void registry_ready(struct registry *g)
{
	memset(g->slots, 0, sizeof(g->slots));
	for (unsigned i = 0; i < g->n; i++)
		g->slots[slot_of(g, g->v[i])] = (uint16_t)(i + 1);
	g->ready = true;
}

int registry_index(const struct registry *g, const struct record_type *t)
{
	assert(g->ready);
	return (int)g->slots[slot_of(g, t)] - 1;
}

const struct record_type *registry_find(const struct registry *g, const char *name)
{
	for (unsigned i = 0; i < g->n; i++)
		if (strcmp(g->v[i]->name, name) == 0)
			return g->v[i];
	return NULL;
}
