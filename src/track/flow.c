/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of conversations: rows in slabs made as needed, found through an index of slots that
 * doubles. When the capacity is reached the least useful of a few rows goes: unanswered and
 * undecoded first, then the longest idle. */
#include "track/flow.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/scope.h"

enum {
	SLAB = 4096, SLOTS_START = 1 << 12, EVICT_LOOK = 32,
	IDLE_TCP_S = 3600, IDLE_CLOSED_S = 15, IDLE_OPENING_S = 60, IDLE_OTHER_S = 180,
};

/* Multilinear hashing (Lemire, Kaser 2014: "Strongly universal string hashing is fast"): whoever does not know the
 * numbers cannot choose ends that collide more often than chance has it, and a packet costs a handful of
 * multiplications where SipHash took a fifth of everything that is done for a bulk packet. */
enum { HASH_PAIRS = 5 };

struct flows {
	uint64_t numbers[2 * HASH_PAIRS + 1];    /* made of the site's key */
	struct health *health;
	uint32_t cap, rows, used, nslots, hand;
	uint32_t free_row;                       /* first of the chain of free rows + 1 */
	uint32_t *slots;                         /* row + 1, 0: empty */
	struct flow **slabs;
	uint64_t next_id;
};

static struct flow *row(const struct flows *t, uint32_t i)
{
	return &t->slabs[i / SLAB][i % SLAB];
}

struct flows *flows_new(struct hash_key key, uint32_t cap, struct health *h)
{
	struct flows *t = mem_new(sizeof(*t));
	for (uint64_t i = 0; i < ARRAY_LEN(t->numbers); i++)
		t->numbers[i] = hash64(key, span_of(&i, sizeof(i)));
	t->health = h;
	t->cap = cap < SLAB ? SLAB : cap;
	t->nslots = SLOTS_START;
	t->slots = mem_array(t->nslots, sizeof(*t->slots));
	t->slabs = mem_array(t->cap / SLAB + 1, sizeof(*t->slabs));
	return t;
}

void flows_free(struct flows *t)
{
	if (!t)
		return;
	for (uint32_t i = 0; i < t->rows; i += SLAB)
		free(t->slabs[i / SLAB]);
	free(t->slabs);
	free(t->slots);
	free(t);
}

static uint64_t pair(const uint64_t *numbers, uint64_t words)
{
	return (numbers[0] + (words & 0xffffffff)) * (numbers[1] + (words >> 32));
}

/* The numbers that make up an address: the last one alone tells IPv4 addresses apart. */
static uint64_t pairs(const uint64_t *numbers, struct addr a)
{
	struct rd r = rd_of(span_of(a.b, sizeof(a.b)));
	uint64_t high = a.family == 4 ? 0 : pair(numbers, rd_be64(&r));
	return high + pair(numbers + 2, a.family == 4 ? addr_to4(a) : rd_be64(&r));
}

/* As memcmp has it, in two steps instead of a call. */
static int addr_order(struct addr a, struct addr b)
{
	struct rd x = rd_of(span_of(a.b, sizeof(a.b))), y = rd_of(span_of(b.b, sizeof(b.b)));
	uint64_t u = rd_be64(&x), v = rd_be64(&y);
	if (u == v) {
		u = rd_be64(&x);
		v = rd_be64(&y);
	}
	return (u > v) - (u < v);
}

struct flow_hash flow_hash(const struct flows *t, const struct packet *p)
{
	const struct origin *o = &p->at;
	int order = addr_order(o->src, o->dst);
	bool flip = order > 0 || (order == 0 && o->sport > o->dport);
	uint64_t ports = flip ? (uint64_t)o->dport << 16 | o->sport : (uint64_t)o->sport << 16 | o->dport;
	uint64_t h = t->numbers[0] + pairs(t->numbers + 1, flip ? o->dst : o->src) +
		     pairs(t->numbers + 5, flip ? o->src : o->dst) + pair(t->numbers + 9, ports << 8 | o->proto);
	return (struct flow_hash){ h >> 32, flip };      /* the upper half is what the proof speaks of */
}

void flow_prefetch_slot(const struct flows *t, struct flow_hash h)
{
	__builtin_prefetch(&t->slots[h.h & (t->nslots - 1)]);
}

void flow_prefetch(const struct flows *t, struct flow_hash h)
{
	uint32_t i = t->slots[h.h & (t->nslots - 1)];
	if (!i)
		return;
	const struct flow *f = row(t, i - 1);
	__builtin_prefetch(f);
	__builtin_prefetch((const char *)f + 64);
	__builtin_prefetch((const char *)f + 128);
}

static bool is_same(const struct flow *f, const struct packet *p, bool flip)
{
	const struct origin *o = &p->at;
	return f->ports[flip] == o->sport && f->ports[!flip] == o->dport && f->proto == o->proto &&
	       memcmp(f->ends[flip], o->src.b, 16) == 0 && memcmp(f->ends[!flip], o->dst.b, 16) == 0;
}

struct flow *flow_find(struct flows *t, struct flow_hash h, const struct packet *p)
{
	for (uint32_t i = t->slots[h.h & (t->nslots - 1)]; i; i = row(t, i - 1)->next_in_slot)
		if (is_same(row(t, i - 1), p, h.flip))
			return row(t, i - 1);
	return NULL;
}

static void link_row(struct flows *t, uint32_t i)
{
	uint32_t *slot = &t->slots[row(t, i)->hash & (t->nslots - 1)];
	row(t, i)->next_in_slot = *slot;
	*slot = i + 1;
}

static void unlink_row(struct flows *t, uint32_t i)
{
	uint32_t *at = &t->slots[row(t, i)->hash & (t->nslots - 1)];
	while (*at && *at != i + 1)
		at = &row(t, *at - 1)->next_in_slot;
	if (*at)
		*at = row(t, i)->next_in_slot;
}

static void double_slots(struct flows *t)
{
	free(t->slots);
	t->nslots *= 2;
	t->slots = mem_array(t->nslots, sizeof(*t->slots));
	for (uint32_t i = 0; i < t->rows; i++)
		if (row(t, i)->id)
			link_row(t, i);
}

static void add_slab(struct flows *t)
{
	t->slabs[t->rows / SLAB] = mem_array(SLAB, sizeof(struct flow));
	for (uint32_t i = t->rows + SLAB; i-- > t->rows;) {
		row(t, i)->next_in_slot = t->free_row;
		t->free_row = i + 1;
	}
	t->rows += SLAB;
}

/* Higher: sooner missed. */
static uint64_t worth(const struct flow *f)
{
	uint64_t base = f->decoder && f->decoder->clinical ? 2 : f->flags & FLOW_ANSWERED ? 1 : 0;
	return base << 62 | (f->last >> 2);
}

static void evict(struct flows *t, flow_ended *ended, void *ctx)
{
	struct flow *least = NULL;
	for (int i = 0; i < EVICT_LOOK || !least; i++) {
		struct flow *f = row(t, t->hand);
		t->hand = (t->hand + 1) % t->rows;
		if (f->id && (!least || worth(f) < worth(least)))
			least = f;
	}
	t->health->flows_evicted++;
	ended(ctx, least);
	flow_drop(t, least);
}

struct flow *flow_new(struct flows *t, struct flow_hash h, const struct packet *p, flow_ended *ended, void *ctx)
{
	if (!t->free_row && t->rows + SLAB <= t->cap)
		add_slab(t);
	if (!t->free_row)
		evict(t, ended, ctx);
	uint32_t i = t->free_row - 1;
	struct flow *f = row(t, i);
	t->free_row = f->next_in_slot;
	memset(f, 0, sizeof(*f));
	f->row = i;
	f->hash = (uint32_t)h.h;
	const struct origin *o = &p->at;
	memcpy(f->ends[h.flip], o->src.b, 16);
	memcpy(f->ends[!h.flip], o->dst.b, 16);
	f->ports[h.flip] = o->sport;
	f->ports[!h.flip] = o->dport;
	f->macs[h.flip] = o->smac;
	f->macs[!h.flip] = o->dmac;
	f->proto = o->proto;
	f->family = o->src.family;
	f->vlan = o->vlan;
	f->first = f->last = o->ts;
	f->id = ++t->next_id;
	link_row(t, i);
	if (++t->used > t->nslots)
		double_slots(t);
	return f;
}

static void drop_row(struct flows *t, uint32_t i)
{
	struct flow *f = row(t, i);
	unlink_row(t, i);
	f->id = 0;
	f->next_in_slot = t->free_row;
	t->free_row = i + 1;
	t->used--;
}

void flow_drop(struct flows *t, struct flow *f)
{
	drop_row(t, f->row);
}

static bool is_idle(const struct flow *f, uint64_t now)
{
	uint64_t seconds = f->flags & (FLOW_CLOSED | FLOW_RESET) ? IDLE_CLOSED_S
			 : f->proto != 6 ? IDLE_OTHER_S
			 : f->flags & FLOW_ANSWERED || f->flags & FLOW_MIDSTREAM ? IDLE_TCP_S : IDLE_OPENING_S;
	return now > f->last && now - f->last > seconds * 1000000000u;
}

void flows_sweep(struct flows *t, uint64_t now, uint32_t rows, flow_ended *ended, void *ctx)
{
	for (uint32_t n = 0; n < rows && t->rows; n++) {
		uint32_t i = t->hand;
		t->hand = (t->hand + 1) % t->rows;
		struct flow *f = row(t, i);
		if (f->id && is_idle(f, now)) {
			ended(ctx, f);
			drop_row(t, i);
		}
	}
}

struct began {
	uint64_t id;
	uint32_t row;
};

static int by_id(const void *a, const void *b)
{
	const struct began *x = a, *y = b;
	return x->id < y->id ? -1 : x->id > y->id;
}

void flows_end(struct flows *t, flow_ended *ended, void *ctx)
{
	struct began *order = mem_array((size_t)t->used + 1, sizeof(*order));
	uint32_t n = 0;
	for (uint32_t i = 0; i < t->rows; i++)
		if (row(t, i)->id)
			order[n++] = (struct began){ row(t, i)->id, i };
	qsort(order, n, sizeof(*order), by_id);
	for (uint32_t i = 0; i < n; i++) {
		ended(ctx, row(t, order[i].row));
		drop_row(t, order[i].row);
	}
	free(order);
}
