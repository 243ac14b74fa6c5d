/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of track/device.c: the rows, and which row an address or a MAC belongs to. */
#pragma once

#include "track/role.h"
#include "track/zone.h"

enum {
	DEVICES_MAX = 65536, ROW_CHUNK = 1024, ROW_CHUNKS = DEVICES_MAX / ROW_CHUNK,
	ENDS_MAX = 131072,                       /* addresses and MACs that are known, together */
	LEASES_MAX = 16, CLUES_TOTAL = 131072, CONFIGURED_DEVICES = 4096, SERVICE_WORDS = DECODERS_MAX / 64,
	SEEN_SLOTS = 8192,
};

struct lease {                                   /* an address that a device had */
	struct addr a;
	uint64_t first, last;
};

struct device {
	uint32_t merged;                         /* the row this one went into; 0: it stands */
	struct mac mac;                          /* zero: known by address only */
	bool router;
	uint8_t role;
	double confidence;
	uint8_t nleases, leases_room, nclues, clues_room;
	struct lease *leases;                    /* owned; the latest is last */
	struct clue_row *clues;                  /* owned */
	uint64_t first, last, packets, bytes;
	uint64_t speaks[SERVICE_WORDS], serves[SERVICE_WORDS];   /* bit per index in decoders[] */
	uint64_t no_router;                      /* zone_routers() + 1 when its MAC was none's; 0: not asked */
	uint32_t outside;                        /* bit per hashed end outside it speaks TLS with */
	const struct configured_device *configured;
	char id[12];
};

struct configured_device {
	char *name;
	struct mac mac;
	struct addr addr;
	enum device_role role;
	bool disabled;
};

/* Who has this address, or this MAC (as an address of family KEY_MAC). */
struct end {
	struct addr key;
	struct mac mac;                          /* under which the address is known */
	uint32_t device;                         /* 0: free */
	uint64_t last;
};

struct seen {                                    /* a clue that came before: found again without hash or search */
	const char *kind, *field;
	uint32_t device;
	uint8_t clue;
};

/* who the latest sender was: the next record is often of the same message */
struct memo {
	struct addr a;
	struct mac m;
	bool known;                              /* forgotten whenever an address changes hands */
	uint32_t id;
};

/* What the fields of a kind of record have to say; made once for each. */
struct device_plan {
	const struct record_type *type;
	uint32_t number;                         /* in order of first sight: the same in every run, unlike an address */
	uint8_t nclues, clue[RECORD_FIELDS];     /* fields with a clue */
	uint64_t of_peers;                       /* bit per field: told of the receiver */
	int16_t client_mac, client_addr, client_name, client_class, message;   /* of DHCP-like records; -1: none */
	bool is_flow, is_vitals, is_claim, is_silent;
};

enum { PLANS_MAX = 256 };

struct told {                                    /* what a conversation said last */
	uint64_t who, mark;
};

enum { TOLD_MAX = 4096, SLOT_SHIFT = 51, SLOT_MEMO = 1 << (64 - SLOT_SHIFT), INDEX_MEMO = 256 };

struct devices {
	const struct record_host *host;
	struct zones *zones;
	const struct oui *oui;
	struct hash_key key;
	struct device *chunks[ROW_CHUNKS];
	uint32_t n;
	uint64_t changes;                        /* counts what may make an address another device's */
	struct end *ends;
	size_t nends, ends_room;                 /* room: a power of two */
	struct configured_device *configured;
	size_t nconfigured;
	uint32_t nplans;
	struct device_plan *plans;
	struct seen *seen;
	struct memo *placed, *asked;             /* of the latest record, and of the latest question */
	struct told told[TOLD_MAX];
	uint8_t indexes[INDEX_MEMO];             /* where decoders stand, by their address; compared before it counts */
	uint8_t named[INDEX_MEMO];               /* … and by that of their name */
	struct guess of_protocol[DECODERS_MAX][2];       /* what speaking and what serving it suggests */
	/* SLOT_MEMO of them: where the latest keys stand in ends; each is compared before it counts */
	uint32_t *slots;
	struct arena *arena;                     /* while publishing */
	char *label;                             /* what device_label returned last */
	struct device_counts counts;
};

enum { LABEL_TEXT = 160 };

/* An address changes hands: what the memos say may be wrong. */
static inline void table_forget(struct devices *t)
{
	t->placed->known = t->asked->known = false;
	t->changes++;
}

static inline bool memo_is(const struct memo *memo, const struct origin *at)
{
	return memo->known && addr_eq(memo->a, at->src) && mac_eq(memo->m, at->smac);
}

/* The row of an id that the table gave, merged ones too. */
static inline struct device *table_at(const struct devices *t, uint32_t id)
{
	return &t->chunks[(id - 1) / ROW_CHUNK][(id - 1) % ROW_CHUNK];
}

static inline uint32_t table_root(const struct devices *t, uint32_t id)
{
	while (table_at(t, id)->merged)
		id = table_at(t, id)->merged;
	return id;
}

static inline struct device *end_row(const struct devices *t, const struct end *e)
{
	return table_at(t, table_root(t, e->device));
}

/* The row with that id, merged rows followed. NULL for DEVICE_NONE. */
static inline struct device *table_row(const struct devices *t, uint32_t id)
{
	return id && id <= t->n ? table_at(t, table_root(t, id)) : NULL;
}

struct end *table_end_search(const struct devices *t, struct addr key);

/* Where it stood last, or another one. */
static inline struct end *table_likely(const struct devices *t, struct addr key)
{
	return &t->ends[t->slots[addr_mix(key) >> SLOT_SHIFT] & (t->ends_room - 1)];
}

/* Asked some ten times for a record: where a key stood last is looked at before it is hashed. The memo needs no keyed
 * hash, whoever makes two keys share a place of it only makes them slower. */
static inline struct end *table_end(const struct devices *t, struct addr key)
{
	struct end *e = table_likely(t, key);
	return e->device && addr_eq(e->key, key) ? e : table_end_search(t, key);
}

struct addr    table_mac_key(struct mac m);
bool           table_is_station(struct addr a);
/* The rest of table_place(), which found e. */
uint32_t table_place_anew(struct devices *t, struct end *e, struct addr a, struct mac m, uint64_t ts, bool bare);
/* a is the latest again of those that d had. */
void     table_lease_again(struct devices *t, struct device *d, struct addr a, uint64_t ts);

static inline void table_touch(struct device *d, uint64_t ts)
{
	d->first = ts < d->first ? ts : d->first;
	d->last = ts > d->last ? ts : d->last;
}

/* The row of who sends as a from m, opened when it is one of ours; without a proper address its MAC
 * alone is placed. bare: nothing but a sighting, which
 * may not take the last quarter of the table. */
static inline uint32_t table_place(struct devices *t, struct addr a, struct mac m, uint64_t ts, bool bare)
{
	struct end *e = table_end(t, a);
	if (!e || !mac_eq(e->mac, m))
		return table_place_anew(t, e, a, m, ts, bare);
	uint32_t id = table_root(t, e->device);  /* the usual case: one look-up */
	struct device *d = table_at(t, id);
	e->last = ts;
	table_touch(d, ts);
	if (d->nleases && !addr_eq(d->leases[d->nleases - 1].a, a))
		table_lease_again(t, d, a, ts);
	return id;
}

uint32_t table_place_mac(struct devices *t, struct mac m, uint64_t ts, bool bare);
/* A DHCP server gave a to m: one device, whatever was known by the address before. */
uint32_t table_lease(struct devices *t, struct addr a, struct mac m, uint64_t ts);
/* The MAC turned out to be a router's: what is behind it gets rows of its own. */
void     table_split(struct devices *t, uint32_t id);
void     table_judge(struct devices *t, struct device *d);
void     table_free(struct devices *t);
