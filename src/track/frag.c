/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fragments of IPv4 (RFC 791 3.2) and IPv6 (RFC 8200 4.5). A bit for each eight bytes says what is there. */
#include "track/frag.h"

#include <stdlib.h>

#include "base/mem.h"

enum { DATAGRAM_MAX = 65535, UNIT = 8, UNITS = (DATAGRAM_MAX + UNIT) / UNIT, WAYS = 8 };

struct datagram {
	uint64_t key;                            /* 0: free */
	uint64_t since;
	uint8_t *bytes;
	uint32_t size;                           /* allocated */
	uint32_t length;                         /* of the whole, 0: last fragment not seen */
	uint32_t got;                            /* bytes present */
	uint64_t present[(UNITS + 63) / 64];
};

struct frags {
	struct hash_key hash;
	struct health *health;
	size_t held;                             /* bytes in all datagrams */
	uint8_t *whole;                          /* what the last call gave out */
	struct datagram slots[FRAG_DATAGRAMS];
};

struct frags *frags_new(struct hash_key key, struct health *h)
{
	struct frags *t = mem_new(sizeof(*t));
	t->hash = key;
	t->health = h;
	return t;
}

static void drop(struct frags *t, struct datagram *d)
{
	t->held -= d->size;
	free(d->bytes);
	memset(d, 0, sizeof(*d));
}

void frags_free(struct frags *t)
{
	if (!t)
		return;
	for (int i = 0; i < FRAG_DATAGRAMS; i++)
		free(t->slots[i].bytes);
	free(t->whole);
	free(t);
}

static uint64_t key_of(const struct frags *t, const struct packet *p)
{
	struct {
		struct addr src, dst;
		uint32_t id;
		uint8_t proto;
	} k;
	memset(&k, 0, sizeof(k));
	k.src = p->at.src;
	k.dst = p->at.dst;
	k.id = p->frag_id;
	k.proto = p->at.proto;
	uint64_t h = hash64(t->hash, span_of(&k, sizeof(k)));
	return h ? h : 1;
}

/* The slot of this datagram among its few, or the emptiest of them made free. */
static struct datagram *slot_of(struct frags *t, uint64_t key, uint64_t now)
{
	struct datagram *set = &t->slots[key % (FRAG_DATAGRAMS / WAYS) * WAYS], *oldest = set;
	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key && now - set[i].since <= FRAG_SECONDS * 1000000000u)
			return &set[i];
		if (set[i].key == 0 || (oldest->key && set[i].since < oldest->since))
			oldest = &set[i];
	}
	for (int i = 0; i < WAYS; i++)
		if (set[i].key == key)
			oldest = &set[i];
	if (oldest->key) {
		t->health->fragments_dropped++;
		drop(t, oldest);
	}
	oldest->key = key;
	oldest->since = now;
	return oldest;
}

static bool room_for(struct frags *t, struct datagram *d, uint32_t end)
{
	if (end <= d->size)
		return true;
	uint32_t size = d->size ? d->size : 2048;
	while (size < end)
		size *= 2;
	if (t->held + (size - d->size) > FRAG_BYTES)
		return false;
	t->held += size - d->size;
	d->bytes = mem_grow(d->bytes, size, 1);
	d->size = size;
	return true;
}

static bool is_present(const struct datagram *d, uint32_t unit)
{
	return d->present[unit / 64] >> (unit % 64) & 1;
}

/* Copies what is new, unit by unit; true when a unit that was there differs. */
static bool place(struct datagram *d, uint32_t at, struct span data)
{
	bool differs = false;
	struct rd r = rd_of(data);
	for (uint32_t unit = at / UNIT; rd_left(&r); unit++) {
		struct span s = rd_span(&r, rd_left(&r) < UNIT ? rd_left(&r) : UNIT);
		if (is_present(d, unit)) {
			differs |= memcmp(d->bytes + unit * UNIT, s.p, s.n) != 0;
			continue;
		}
		memcpy(d->bytes + unit * UNIT, s.p, s.n);
		d->present[unit / 64] |= (uint64_t)1 << (unit % 64);
		d->got += (uint32_t)s.n;
	}
	return differs;
}

bool frags_add(struct frags *t, const struct packet *p, struct span *whole)
{
	t->health->fragments++;
	uint32_t n = (uint32_t)p->payload.n, end = p->frag_at + n;
	bool bad = p->lost || n == 0 || end > DATAGRAM_MAX || (p->frag_more && n % UNIT);
	if (bad) {
		t->health->fragments_dropped++;
		return false;
	}
	struct datagram *d = slot_of(t, key_of(t, p), p->at.ts);
	if (!room_for(t, d, end)) {
		t->health->fragments_dropped++;
		drop(t, d);
		return false;
	}
	if (place(d, p->frag_at, p->payload))
		t->health->fragments_overlap++;
	if (!p->frag_more && !d->length)
		d->length = end;
	if (!d->length || d->got < d->length)
		return false;
	free(t->whole);
	t->whole = d->bytes;
	*whole = span_of(d->bytes, d->length);
	t->held -= d->size;
	memset(d, 0, sizeof(*d));
	return true;
}
