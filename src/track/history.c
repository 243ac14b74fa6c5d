/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ring of segments. A name is the count of bytes ever written when the entry began, in steps of 16, so
 * an overwritten entry is known by its age. */
#include "track/history.h"

#include <stdlib.h>

#include "base/mem.h"

enum { STEP = 16 };

struct entry {
	uint64_t flow;
	uint64_t packet, offset, ts;
	uint32_t before, seq, length, kept, file;
	struct mac smac;
	bool dir;
};

struct history {
	uint64_t written;                        /* steps ever written; starts at a whole ring */
	_Alignas(16) uint8_t ring[HISTORY_BYTES + sizeof(struct entry) + HISTORY_SEGMENT];
};

struct history *history_new(void)
{
	struct history *h = mem_new(sizeof(*h));
	h->written = HISTORY_BYTES / STEP;
	return h;
}

void history_free(struct history *h)
{
	free(h);
}

static struct entry *at(const struct history *h, uint64_t step)
{
	return (struct entry *)(uintptr_t)(h->ring + step % (HISTORY_BYTES / STEP) * STEP);
}

uint32_t history_add(struct history *h, uint64_t flow, bool dir, uint32_t before, const struct packet *p,
		     struct span bytes, bool whole)
{
	struct span kept = span_cut(bytes, whole ? HISTORY_SEGMENT : HISTORY_HEAD);
	uint64_t name = h->written;
	struct entry *e = at(h, name);
	*e = (struct entry){ .flow = flow, .packet = p->at.packet, .offset = p->at.offset, .ts = p->at.ts, .before = before,
			     .seq = p->seq + (uint32_t)(bytes.p - p->payload.p), .length = (uint32_t)bytes.n,
			     .kept = (uint32_t)kept.n, .file = p->at.file, .smac = p->at.smac, .dir = dir };
	if (kept.n == HISTORY_HEAD)
		memcpy(e + 1, kept.p, HISTORY_HEAD);     /* most: a number that the compiler knows */
	else
		memcpy(e + 1, kept.p, kept.n);
	h->written += (sizeof(*e) + kept.n + STEP - 1) / STEP;
	/* An entry never wraps: what would not fit behind the last step runs into the spare room. */
	if (name % (HISTORY_BYTES / STEP) + (h->written - name) > HISTORY_BYTES / STEP)
		h->written += HISTORY_BYTES / STEP - h->written % (HISTORY_BYTES / STEP);
	return (uint32_t)name;
}

bool history_get(const struct history *h, uint64_t flow, bool dir, uint32_t *name, struct history_entry *out)
{
	uint32_t age = (uint32_t)h->written - *name;
	if (*name == 0 || age == 0 || age > (HISTORY_BYTES - HISTORY_SEGMENT - (int)sizeof(struct entry)) / STEP)
		return false;
	const struct entry *e = at(h, *name);
	if (e->flow != flow || e->dir != dir)
		return false;
	*out = (struct history_entry){ .seq = e->seq, .length = e->length, .kept = span_of(e + 1, e->kept), .smac = e->smac,
				       .packet = e->packet, .offset = e->offset, .ts = e->ts, .file = e->file };
	*name = e->before;
	return true;
}
