/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorted once, searched often: an image may have a hundred thousand members and thousands of findings. */
#include "report/places.h"

#include <stdlib.h>

#include "fw/unpack/records.h"

static int by_place(const void *a, const void *b, void *members)
{
	struct record *const *v = members;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int c = span_order(record_get_text(v[x], MEM_WHERE), record_get_text(v[y], MEM_WHERE));
	return c ? c : (x > y) - (x < y);
}

void places_init(struct places *p, struct record *const *members, size_t n)
{
	*p = (struct places){ members, n, mem_array(n + 1, sizeof(size_t)) };
	for (size_t i = 0; i < n; i++)
		p->order[i] = i;
	union {
		struct record *const *v;
		void *ctx;
	} list = { members };                    /* qsort_r takes no const */
	if (n)
		qsort_r(p->order, n, sizeof(*p->order), by_place, list.ctx);
}

void places_done(struct places *p)
{
	free(p->order);
}

long places_find(const struct places *p, struct span where)
{
	size_t low = 0, high = p->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (span_order(record_get_text(p->members[p->order[mid]], MEM_WHERE), where) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	bool there = low < p->n && span_eq(record_get_text(p->members[p->order[low]], MEM_WHERE), where);
	return there ? (long)p->order[low] : PLACE_NONE;
}
