/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages of a stream, found through a keyed hash; one with free places is not moved or given back. */
#include "cmd/vouched.h"

#include <stdlib.h>

#include "base/mem.h"

enum { PAGE = 512, SLOTS_START = 1 << 10 };

struct page {
	uint64_t stream;
	uint32_t number;
	uint8_t byte[PAGE], mark[PAGE];
};

struct vouched {
	struct hash_key key;
	size_t npages, pages_max, nslots;
	uint64_t dropped;
	struct page **slots;                     /* open addressing; NULL: free */
};

struct vouched *vouched_new(struct hash_key key, size_t bytes_max)
{
	struct vouched *v = mem_new(sizeof(*v));
	v->key = key;
	v->pages_max = bytes_max / sizeof(struct page);
	v->nslots = SLOTS_START;
	v->slots = mem_array(v->nslots, sizeof(struct page *));
	return v;
}

void vouched_free(struct vouched *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->nslots; i++)
		free(v->slots[i]);
	free(v->slots);
	free(v);
}

uint64_t vouched_dropped(const struct vouched *v)
{
	return v->dropped;
}

/* Where the page stands, or the free place for it. Never more than half of the places are taken. */
static struct page **slot_of(const struct vouched *v, uint64_t stream, uint32_t number)
{
	uint64_t name[2] = { stream, number };
	size_t i = hash64(v->key, span_of(name, sizeof(name))) & (v->nslots - 1);
	while (v->slots[i] && (v->slots[i]->stream != stream || v->slots[i]->number != number))
		i = (i + 1) & (v->nslots - 1);
	return &v->slots[i];
}

static void double_slots(struct vouched *v)
{
	struct page **old = v->slots;
	size_t n = v->nslots;
	v->nslots *= 2;
	v->slots = mem_array(v->nslots, sizeof(struct page *));
	for (size_t i = 0; i < n; i++)
		if (old[i])
			*slot_of(v, old[i]->stream, old[i]->number) = old[i];
	free(old);
}

/* NULL: there is no room. */
static struct page *page_made(struct vouched *v, uint64_t stream, uint32_t number)
{
	struct page *p = *slot_of(v, stream, number);
	if (p)
		return p;
	if (v->npages == v->pages_max) {
		v->dropped++;
		return NULL;
	}
	if (2 * (v->npages + 1) > v->nslots)
		double_slots(v);
	p = mem_new(sizeof(*p));
	p->stream = stream;
	p->number = number;
	*slot_of(v, stream, number) = p;
	v->npages++;
	return p;
}

static void mark_byte(struct page *p, uint32_t i, uint8_t byte, uint8_t mark)
{
	if (mark & VOUCH_PLAIN && p->mark[i] & VOUCH_PLAIN && p->byte[i] != byte)
		mark |= VOUCH_PERSONAL;
	if (!(p->mark[i] & VOUCH_PLAIN))
		p->byte[i] = byte;
	p->mark[i] |= mark;
}

void vouched_add(struct vouched *v, uint64_t stream, uint32_t at, struct span bytes, const uint8_t *marks)
{
	struct page *p = NULL;
	for (size_t i = 0; i < bytes.n; i++, at++) {
		uint8_t mark = marks ? marks[i] : VOUCH_PLAIN;
		if (!mark)
			continue;
		if (!p || p->number != at / PAGE)
			p = page_made(v, stream, at / PAGE);
		if (p)
			mark_byte(p, at % PAGE, bytes.p[i], mark);
	}
}

static bool is_shown(const struct page *p, uint32_t i)
{
	return p && p->mark[i] == VOUCH_PLAIN;
}

/* The part of n bytes from place `at` that lies in one page. */
static size_t in_page(uint32_t at, size_t n)
{
	size_t room = PAGE - at % PAGE;
	return n < room ? n : room;
}

static bool agrees(const struct vouched *v, uint64_t stream, uint32_t at, const uint8_t *bytes, size_t n)
{
	for (size_t done = 0, part; done < n; done += part, at += (uint32_t)part) {
		const struct page *p = *slot_of(v, stream, at / PAGE);
		part = in_page(at, n - done);
		for (size_t i = 0; p && i < part; i++)
			if (is_shown(p, (at + (uint32_t)i) % PAGE) && p->byte[(at + i) % PAGE] != bytes[done + i])
				return false;
	}
	return true;
}

size_t vouched_apply(const struct vouched *v, uint64_t stream, uint32_t at, uint8_t *bytes, size_t n, uint8_t fill)
{
	bool same = agrees(v, stream, at, bytes, n);
	size_t changed = 0;
	for (size_t done = 0, part; done < n; done += part, at += (uint32_t)part) {
		const struct page *p = same ? *slot_of(v, stream, at / PAGE) : NULL;
		part = in_page(at, n - done);
		for (size_t i = 0; i < part; i++) {
			if (is_shown(p, (at + (uint32_t)i) % PAGE))
				continue;
			bytes[done + i] = fill;
			changed++;
		}
	}
	return changed;
}
