/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows and their keys. A device is known by its MAC where that is its own; what is behind a router is
 * known by its address. An address that comes from a second MAC is not a merge: while the first is
 * still heard it stays with the first (somebody passes its frames on, or imitates it), after a silence
 * it is a new binding. */
#include "track/device_table.h"

#include <stdio.h>

#include "base/scope.h"

enum { KEY_MAC = 48 };

/* How long an address must be silent before another MAC has it: a fresh one is a replaced device, one
 * that has an address of its own on this wire may only be waiting for the owner's next message. */
static const uint64_t SILENCE_FRESH_NS = UINT64_C(60000000000), SILENCE_NS = UINT64_C(900000000000);

uint32_t device_root(const struct devices *t, uint32_t id)
{
	return id && id <= t->n ? table_root(t, id) : DEVICE_NONE;
}

/* ---- ends: open addressing, never emptied, at most half full ---- */

struct addr table_mac_key(struct mac m)
{
	struct addr a = { .family = KEY_MAC };
	memcpy(a.b, m.b, sizeof(m.b));
	return a;
}

static size_t end_slot(const struct devices *t, struct addr key)
{
	size_t i = hash64(t->key, span_of(key.b, sizeof(key.b))) & (t->ends_room - 1);
	while (t->ends[i].device && !addr_eq(t->ends[i].key, key))
		i = (i + 1) & (t->ends_room - 1);
	return i;
}

struct end *table_end_search(const struct devices *t, struct addr key)
{
	size_t i = end_slot(t, key);
	t->slots[addr_mix(key) >> SLOT_SHIFT] = (uint32_t)i;
	return t->ends[i].device ? &t->ends[i] : NULL;
}

static void ends_grow(struct devices *t)
{
	struct end *old = t->ends;
	size_t room = t->ends_room;
	t->ends_room *= 2;
	t->ends = mem_array(t->ends_room, sizeof(*t->ends));
	for (size_t i = 0; i < room; i++)
		if (old[i].device)
			t->ends[end_slot(t, old[i].key)] = old[i];
	free(old);
}

static bool ends_full(const struct devices *t)
{
	return t->nends >= ENDS_MAX;
}

/* False when the table is full: the device is known, this key of it is not. */
static bool end_set(struct devices *t, struct addr key, struct mac m, uint32_t id, uint64_t ts)
{
	size_t i = end_slot(t, key);
	table_forget(t);
	if (!t->ends[i].device) {
		if (ends_full(t)) {
			t->counts.refused++;
			return false;
		}
		if (++t->nends * 2 > t->ends_room) {
			ends_grow(t);
			i = end_slot(t, key);
		}
	}
	t->ends[i] = (struct end){ .key = key, .mac = m, .device = id, .last = ts };
	return true;
}

/* Takes a key out; what was pushed behind it moves up (Knuth 6.4 algorithm R). */
static void end_drop(struct devices *t, struct addr key)
{
	size_t mask = t->ends_room - 1, hole = end_slot(t, key);
	table_forget(t);
	if (!t->ends[hole].device)
		return;
	t->nends--;
	for (size_t i = (hole + 1) & mask; t->ends[i].device; i = (i + 1) & mask) {
		size_t home = hash64(t->key, span_of(t->ends[i].key.b, sizeof(t->ends[i].key.b))) & mask;
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		t->ends[hole] = t->ends[i];
		hole = i;
	}
	t->ends[hole] = (struct end){ 0 };
}

/* ---- rows ---- */

static bool is_card(struct mac m)
{
	return !mac_is_zero(m) && !mac_is_group(m);
}

bool table_is_station(struct addr a)
{
	enum addr_class c = addr_class(a);
	return c != ADDR_NONE && c != ADDR_LOOPBACK && c != ADDR_MULTICAST && c != ADDR_BROADCAST;
}

/* The same in every run and at every site: not keyed. */
static void name_row(struct device *d)
{
	struct hash_key open = { 0 };
	struct addr a = d->nleases ? d->leases[0].a : (struct addr){ 0 };
	uint64_t h = is_card(d->mac) ? hash64(open, span_of(d->mac.b, sizeof(d->mac.b)))
				     : hash64(open, span_of(a.b, sizeof(a.b)));
	snprintf(d->id, sizeof(d->id), "D-%08x", (unsigned)(h >> 32));
}

static void find_configured(const struct devices *t, struct device *d)
{
	for (size_t i = 0; !d->configured && i < t->nconfigured; i++) {
		const struct configured_device *c = &t->configured[i];
		bool same = is_card(c->mac) && mac_eq(c->mac, d->mac);
		for (unsigned l = 0; l < d->nleases && c->addr.family; l++)
			same |= addr_eq(d->leases[l].a, c->addr);
		if (same)
			d->configured = c;
	}
}

/* Names the row and asks the configuration, after its keys have changed. */
static void row_settle(struct devices *t, struct device *d)
{
	name_row(d);
	find_configured(t, d);
	table_judge(t, d);
}

static uint32_t row_new(struct devices *t, struct mac m, uint64_t ts, bool bare)
{
	if (t->n >= (bare ? DEVICES_MAX / 4 * 3 : DEVICES_MAX)) {
		t->counts.refused++;
		return DEVICE_NONE;
	}
	if (t->n % ROW_CHUNK == 0)
		t->chunks[t->n / ROW_CHUNK] = mem_array(ROW_CHUNK, sizeof(struct device));
	struct device *d = table_at(t, ++t->n);
	d->mac = m;
	d->first = d->last = ts;
	t->counts.devices++;
	return t->n;
}

static void lease_drop(struct device *d, unsigned at)
{
	memmove(&d->leases[at], &d->leases[at + 1], (d->nleases - at - 1u) * sizeof(*d->leases));
	d->nleases--;
}

static unsigned lease_index(const struct device *d, struct addr a)
{
	unsigned i = 0;
	while (i < d->nleases && !addr_eq(d->leases[i].a, a))
		i++;
	return i;
}

/* The latest stands last; the one not used for longest makes room. */
static void lease_touch(struct devices *t, struct device *d, struct addr a, uint64_t ts)
{
	unsigned i = lease_index(d, a);
	if (i < d->nleases) {
		struct lease l = d->leases[i];
		l.last = ts > l.last ? ts : l.last;
		if (i + 1u < d->nleases)
			lease_drop(d, i);
		else
			d->nleases--;
		d->leases[d->nleases++] = l;
		return;
	}
	if (d->nleases == LEASES_MAX) {
		const struct end *e = table_end(t, d->leases[0].a);
		if (e && end_row(t, e) == d)
			end_drop(t, e->key);
		lease_drop(d, 0);
	}
	if (d->nleases == d->leases_room) {
		d->leases_room = d->leases_room ? (uint8_t)(d->leases_room * 2) : 1;
		d->leases = mem_grow(d->leases, d->leases_room, sizeof(*d->leases));
	}
	d->leases[d->nleases++] = (struct lease){ a, ts, ts };
}

static void lease_remove(struct device *d, struct addr a)
{
	unsigned i = lease_index(d, a);
	if (i < d->nleases)
		lease_drop(d, i);
}

/* The address is now this row's, known under m. */
static uint32_t row_bind(struct devices *t, uint32_t id, struct addr a, struct mac m, uint64_t ts)
{
	struct device *d = table_row(t, id);
	if (!d || !end_set(t, a, m, table_root(t, id), ts))
		return device_root(t, id);
	bool fresh = lease_index(d, a) == d->nleases;
	lease_touch(t, d, a, ts);
	table_touch(d, ts);
	if (fresh)
		row_settle(t, d);
	return table_root(t, id);
}

uint32_t table_place_mac(struct devices *t, struct mac m, uint64_t ts, bool bare)
{
	if (!is_card(m))
		return DEVICE_NONE;
	struct end *e = table_end(t, table_mac_key(m));
	if (e) {
		e->last = ts;
		table_touch(end_row(t, e), ts);
		return table_root(t, e->device);
	}
	if (ends_full(t)) {
		t->counts.refused++;
		return DEVICE_NONE;
	}
	uint32_t id = row_new(t, m, ts, bare);
	if (id && end_set(t, table_mac_key(m), m, id, ts))
		row_settle(t, table_at(t, id));
	return id;
}

/* ---- which row ---- */

static bool is_own_mac(const struct devices *t, struct addr a, struct mac m)
{
	if (!is_card(m))
		return false;
	return !zone_is_router(t->zones, m) || mac_eq(zone_mac_of(t->zones, a), m);
}

static bool is_ours(const struct devices *t, struct addr a)
{
	if (!table_is_station(a))
		return false;
	enum zone z = zone_of(t->zones, a);
	return z == ZONE_CLINICAL || z == ZONE_SITE;
}

static bool same_wire(struct addr a, struct addr b)
{
	return a.family == b.family && memcmp(a.b, b.b, a.family == 4 ? 15 : 8) == 0;
}

/* Another address of the row in the network of a. */
static bool has_neighbour(const struct device *d, struct addr a)
{
	for (unsigned i = 0; i < d->nleases; i++)
		if (!addr_eq(d->leases[i].a, a) && same_wire(d->leases[i].a, a))
			return true;
	return false;
}

static uint32_t move(struct devices *t, struct end *e, struct mac m, uint64_t ts, bool bare)
{
	struct addr a = e->key;                  /* the table may grow: e is not used behind this */
	uint32_t old = table_root(t, e->device), id = table_place_mac(t, m, ts, bare);
	if (!id)
		return old;
	t->counts.moved++;
	return row_bind(t, id, a, m, ts);
}

/* The address is known under another MAC than the one that now sends as it. */
static uint32_t contest(struct devices *t, struct end *e, struct mac m, uint64_t ts, bool bare)
{
	uint32_t old = table_root(t, e->device);
	struct device *d = table_at(t, old);
	if (!is_card(d->mac)) {
		/* known by address, from behind a router, and now seen itself */
		if (!table_end(t, table_mac_key(m))) {
			e->mac = d->mac = m;
			d->no_router = 0;
			(void)end_set(t, table_mac_key(m), m, old, ts);
			row_settle(t, d);
		}
		return old;
	}
	const struct end *newcomer = table_end(t, table_mac_key(m));
	bool settled = newcomer && has_neighbour(end_row(t, newcomer), e->key);
	if (ts >= e->last && ts - e->last >= (settled ? SILENCE_NS : SILENCE_FRESH_NS))
		return move(t, e, m, ts, bare);
	t->counts.contested++;
	/* who has an address of its own on this wire and this one too passes frames on, or imitates */
	if (has_neighbour(d, e->key) && !settled) {
		lease_remove(d, e->key);
		return move(t, e, m, ts, bare);
	}
	return old;
}

void table_lease_again(struct devices *t, struct device *d, struct addr a, uint64_t ts)
{
	lease_touch(t, d, a, ts);
}

uint32_t table_place_anew(struct devices *t, struct end *e, struct addr a, struct mac m, uint64_t ts, bool bare)
{
	if (!e && !table_is_station(a))
		return a.family ? table_place_mac(t, m, ts, bare) : DEVICE_NONE;
	bool own = is_own_mac(t, a, m);
	if (e && !own) {
		table_touch(end_row(t, e), ts);
		return table_root(t, e->device);
	}
	if (e)
		return contest(t, e, m, ts, bare);
	if (!is_ours(t, a))
		return DEVICE_NONE;
	if (ends_full(t)) {
		t->counts.refused++;
		return DEVICE_NONE;
	}
	uint32_t id = own ? table_place_mac(t, m, ts, bare) : row_new(t, (struct mac){ 0 }, ts, bare);
	return id ? row_bind(t, id, a, m, ts) : DEVICE_NONE;
}

/* ---- rows that turn out to be one, or several ---- */

static void clue_give(struct device *to, struct clue_row c)
{
	for (unsigned i = 0; i < to->nclues; i++)
		if (to->clues[i].key == c.key) {
			to->clues[i].count += c.count;
			to->clues[i].peers |= c.peers;
			free(c.said);
			return;
		}
	if (to->nclues == CLUES_MAX) {
		free(c.said);
		return;
	}
	if (to->nclues == to->clues_room) {
		to->clues_room = to->clues_room ? (uint8_t)(to->clues_room * 2) : 2;
		to->clues = mem_grow(to->clues, to->clues_room, sizeof(*to->clues));
	}
	to->clues[to->nclues++] = c;
}

/* What was said of address a (family 0: everything) goes from one row to the other. */
static void clues_move(struct device *from, struct device *to, struct addr a)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < from->nclues; i++) {
		if (a.family && !addr_eq(from->clues[i].via, a))
			from->clues[kept++] = from->clues[i];
		else
			clue_give(to, from->clues[i]);
	}
	from->nclues = (uint8_t)kept;
}

static void merge(struct devices *t, uint32_t from, uint32_t into)
{
	struct device *f = table_at(t, from), *d = table_at(t, into);
	for (unsigned i = 0; i < f->nleases; i++) {
		struct end *e = table_end(t, f->leases[i].a);
		if (e && end_row(t, e) == f)
			e->device = into;
		lease_touch(t, d, f->leases[i].a, f->leases[i].last);
	}
	f->nleases = 0;
	clues_move(f, d, (struct addr){ 0 });
	for (unsigned i = 0; i < SERVICE_WORDS; i++) {
		d->speaks[i] |= f->speaks[i];
		d->serves[i] |= f->serves[i];
	}
	d->outside |= f->outside;
	d->packets += f->packets;
	d->bytes += f->bytes;
	table_touch(d, f->first);
	table_touch(d, f->last);
	f->merged = into;
	table_forget(t);
	t->counts.merged++;
	t->counts.devices--;
	row_settle(t, d);
}

uint32_t table_lease(struct devices *t, struct addr a, struct mac m, uint64_t ts)
{
	uint32_t id = table_place_mac(t, m, ts, false);
	if (!id || !is_ours(t, a))
		return id;
	struct end *e = table_end(t, a);
	uint32_t was = e ? table_root(t, e->device) : DEVICE_NONE;
	if (was == id)
		return id;
	if (e && !is_card(table_at(t, was)->mac)) {
		e->mac = m;
		merge(t, was, id);
		return id;
	}
	return table_place(t, a, m, ts, false);
}

/* A row by address of its own for what was seen through the router. */
static void split_off(struct devices *t, uint32_t id, struct addr a)
{
	struct device *d = table_at(t, id);
	unsigned l = lease_index(d, a);
	struct lease lease = d->leases[l];
	uint32_t part = row_new(t, (struct mac){ 0 }, lease.first, false);
	if (!part)
		return;
	lease_drop(d, l);
	row_bind(t, part, a, d->mac, lease.last);
	struct device *p = table_at(t, part);
	p->leases[0].first = lease.first;
	clues_move(d, p, a);
	row_settle(t, p);
}

/* The row keeps its id with its first address; the MAC gets a new one. */
static void give_up_mac(struct devices *t, struct device *d, uint64_t ts)
{
	struct mac m = d->mac;
	uint32_t router = row_new(t, m, ts, false);
	if (!router)
		return;
	d->mac = (struct mac){ 0 };
	table_at(t, router)->router = true;
	end_set(t, table_mac_key(m), m, router, ts);
	row_settle(t, table_at(t, router));
	row_settle(t, d);
}

/* The address it was opened for: what was said of its id till now was mostly said of that. */
static const struct lease *lease_first(const struct device *d)
{
	const struct lease *first = &d->leases[0];
	for (unsigned i = 1; i < d->nleases; i++)
		if (d->leases[i].first < first->first)
			first = &d->leases[i];
	return first;
}

void table_split(struct devices *t, uint32_t id)
{
	struct device *d = table_row(t, id);
	if (!d || d->router || !is_card(d->mac) || !zone_is_router(t->zones, d->mac))
		return;
	id = table_root(t, id);
	struct addr behind[LEASES_MAX];
	unsigned n = 0, all = d->nleases;
	for (unsigned i = 0; i < all; i++)
		if (!mac_eq(zone_mac_of(t->zones, d->leases[i].a), d->mac))
			behind[n++] = d->leases[i].a;
	bool has_own = n < all || n == 0;
	struct addr stays = !has_own ? lease_first(d)->a : (struct addr){ 0 };
	for (unsigned i = 0; i < n; i++)
		if (!addr_eq(behind[i], stays))
			split_off(t, id, behind[i]);
	t->counts.split += n > 0;
	d = table_at(t, id);
	if (has_own) {
		d->router = true;
		row_settle(t, d);
	} else {
		give_up_mac(t, d, d->first);
	}
}

static unsigned bits(const uint64_t *words)
{
	unsigned n = 0;
	for (unsigned i = 0; i < SERVICE_WORDS; i++)
		n += (unsigned)__builtin_popcountll(words[i]);
	return n;
}

void table_judge(struct devices *t, struct device *d)
{
	(void)t;
	struct guess g = role_judge(&(struct evidence){
		.clues = d->clues, .nclues = d->nclues, .services = bits(d->serves),
		.outside = (unsigned)__builtin_popcount(d->outside), .router = d->router,
		.configured = d->configured ? d->configured->role : ROLE_UNKNOWN,
	});
	d->role = (uint8_t)g.role;
	d->confidence = g.confidence;
}

void table_free(struct devices *t)
{
	for (uint32_t id = 1; id <= t->n; id++) {
		struct device *d = table_at(t, id);
		for (unsigned i = 0; i < d->nclues; i++)
			free(d->clues[i].said);
		free(d->clues);
		free(d->leases);
	}
	for (unsigned i = 0; i < ROW_CHUNKS; i++)
		free(t->chunks[i]);
	free(t->ends);
}
