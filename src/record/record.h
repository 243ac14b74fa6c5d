/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that flows is a record: values in the order of a field table. The table says name,
 * type, unit, doc and privacy class; JSON, store, IPC, help and docs/records.md walk it and hold
 * no code for any protocol. A PATIENT or SECRET field cannot hold text: its setter keeps the
 * length and a keyed hash, whatever the caller passes. */
#pragma once

#include <assert.h>

#include "base/keyring.h"
#include "base/mem.h"
#include "base/scope.h"
#include "record/addr.h"

enum field_type {
	F_TEXT,                                  /* bytes, written as UTF-8 with escapes */
	F_UINT, F_INT, F_REAL, F_BOOL,
	F_ADDR, F_MAC,
	F_TIME,                                  /* ns since 1970-01-01 UTC */
	F_HASH,                                  /* 32 bytes, SHA-256 */
	F_TEXTS,                                 /* list of texts */
	F_RECORD, F_RECORDS,                     /* nested */
};

enum privacy {
	PLAIN,
	SECRET,                                  /* credentials: length and keyed hash only */
	PATIENT,                                 /* a person's data: length and keyed hash only */
	VITAL,                                   /* measured values: in memory; out only on request */
};

struct record_type;

/* What a field says of the device that sent it (or of the other end): the device table walks
 * these, so that a decoder gives identity without anyone naming its fields. */
enum clue {
	CLUE_NONE,
	CLUE_NAME,                               /* host name */
	CLUE_MAKER, CLUE_MODEL, CLUE_VERSION, CLUE_SERIAL,
	CLUE_SYSTEM,                             /* DHCP vendor class, implementation name, server banner */
	CLUE_APPLICATION,                        /* MSH-3, AE title */
	CLUE_FACILITY,
	CLUE_ROLE,                               /* a name of role_find(): the part it plays in this exchange */
	CLUE_PEER = 0x80,                        /* or-ed in: of the receiver, not the sender */
};

struct field {
	const char *name;                        /* lower_case, as it stands in JSON */
	enum field_type type;
	const char *doc;
	const char *unit;                        /* NULL: none */
	enum privacy privacy;
	uint8_t clue;                            /* enum clue, maybe | CLUE_PEER */
	const struct record_type *nested;        /* F_RECORD, F_RECORDS: of which type; for the wire and the reference */
};

enum { RECORD_FIELDS = 48, RECORD_LIST = 4096, TEXT_MAX = 4096 };

struct record_type {
	const char *name, *doc;
	const struct field *fields;
	uint8_t nfields;                         /* <= RECORD_FIELDS */
	/* not seen but handed in: a newer one takes the place of the old in the store */
	bool imported;
	bool working;                            /* for detectors alone: another record says it to people */
	bool repeats;                            /* whom it names is named by another record of the same message */
};

#define RECORD_TYPE(id, nm, dc, tbl) \
	const struct record_type id = { .name = nm, .doc = dc, .fields = tbl, .nfields = ARRAY_LEN(tbl) }

/* Where and when something was seen: the packet it came from. */
struct origin {
	uint64_t ts;                             /* ns since 1970 UTC, from the packet */
	uint64_t packet;                         /* 1-based within its file */
	uint64_t offset;                         /* of the packet's record in the (decompressed) file */
	uint32_t file;                           /* index of the input file */
	uint64_t flow;                           /* conversation number, 0: none */
	struct addr src, dst;
	uint16_t sport, dport;
	uint8_t proto;                           /* IP protocol; 0 for ARP and the like */
	uint16_t vlan;                           /* innermost 802.1Q id, 0: none */
	struct mac smac, dmac;
	bool to_server;                          /* from the end that opened the conversation */
};

struct texts {
	const struct span *v;
	uint32_t n;
};

struct records {
	struct record *const *v;
	uint32_t n;
};

struct value {
	union {
		uint64_t u;                      /* F_UINT, F_BOOL, F_TIME */
		int64_t i;
		double d;
		struct span text;
		struct addr addr;
		struct mac mac;
		struct token token;              /* PATIENT, SECRET: whatever the type */
		const uint8_t *hash;             /* 32 bytes */
		struct texts texts;
		struct record *record;
		struct records records;
	};
};

/* What records borrow while they are built. */
struct record_host {
	struct keyring *keyring;
	struct arena *arena;                     /* for lists and copies */
	/* Told of every PATIENT or SECRET span as it becomes a token (evidence export blanks them,
	 * the learnt-identifier table remembers them by hash). May be NULL. */
	void (*masked)(void *ctx, const struct field *f, struct span where, const struct token *t);
	/* Told of every span that leaves as the text of a PLAIN field. May be NULL. */
	void (*shown)(void *ctx, struct span where);
	void *ctx;
};

struct record {
	const struct record_type *type;
	const struct origin *at;                 /* NULL for what has no packet: device, health … */
	const struct record_host *host;
	uint64_t set;                            /* bit i: v[i] holds something */
	struct value v[RECORD_FIELDS];
};

void record_begin(struct record *r, const struct record_type *t, const struct origin *at, const struct record_host *h);

/* True when the field leaves as length and keyed hash only. */
static inline bool field_is_token(const struct field *f)
{
	return f->privacy == PATIENT || f->privacy == SECRET;
}

/* The slot of a field about to be set. A wrong field or type is our mistake, never input. */
static inline struct value *record_slot(struct record *r, unsigned field, enum field_type type)
{
	assert(field < r->type->nfields && r->type->fields[field].type == type);
	r->set |= (uint64_t)1 << field;
	return &r->v[field];
}

/* record_text for a text that is to be trimmed or cut, that becomes a token, or of which somebody wants to know where
 * it stood. */
void record_text_whole(struct record *r, unsigned field, struct span s);

/* Setters borrow what they are given; trailing NULs and spaces of texts are cut, texts longer than
 * TEXT_MAX too. Empty texts leave the field unset. */
/* Called for each text of each message: what needs nothing done to it goes straight in. */
static inline void record_text(struct record *r, unsigned field, struct span s)
{
	if (s.n == 0)
		return;
	uint8_t last = s.p[s.n - 1];
	bool is_watched = r->host && r->host->shown;
	if (is_watched || last == ' ' || last == '\0' || s.n > TEXT_MAX || field_is_token(&r->type->fields[field])) {
		record_text_whole(r, field, s);
		return;
	}
	record_slot(r, field, F_TEXT)->text = s;
}

/* NULL leaves it unset. */
static inline void record_str(struct record *r, unsigned field, const char *s)
{
	if (s)
		record_text(r, field, span_str(s));
}

void record_uint(struct record *r, unsigned field, uint64_t v);
void record_int(struct record *r, unsigned field, int64_t v);
void record_real(struct record *r, unsigned field, double v);
void record_bool(struct record *r, unsigned field, bool v);
void record_addr(struct record *r, unsigned field, struct addr a);
void record_mac(struct record *r, unsigned field, struct mac m);
void record_time(struct record *r, unsigned field, uint64_t ns);
void record_hash(struct record *r, unsigned field, const uint8_t sha256[32]);
void record_token(struct record *r, unsigned field, struct token t); /* PATIENT or SECRET fields only */
void record_add_text(struct record *r, unsigned field, struct span s);      /* F_TEXTS, copied to the arena */
void record_add(struct record *r, unsigned field, struct record *child);    /* F_RECORDS */
void record_child(struct record *r, unsigned field, struct record *child);  /* F_RECORD */

static inline bool record_has(const struct record *r, unsigned field)
{
	return r->set >> field & 1;
}

/* Unset fields read as zero, empty, none. */
static inline struct span record_get_text(const struct record *r, unsigned field)
{
	return record_has(r, field) ? r->v[field].text : (struct span){ 0 };
}

uint64_t     record_get_uint(const struct record *r, unsigned field);
double       record_get_real(const struct record *r, unsigned field);   /* of any number type */
struct addr  record_get_addr(const struct record *r, unsigned field);
struct token record_get_token(const struct record *r, unsigned field);

/* Index of the field, or -1. */
int record_type_field(const struct record_type *t, const char *name);

/* A deep copy in the arena; NULL when the arena is full. The copy has no origin and no host. */
struct record *record_copy(struct arena *a, const struct record *r);

struct sink {
	void (*publish)(void *to, const struct record *r);
	void *to;
	/* Several of one type, from one message, behind each other: what is the same of all is worked out once.
	 * NULL: they are published one by one. */
	void (*publish_many)(void *to, const struct record *r, size_t n);
};

static inline void publish(const struct sink *s, const struct record *r)
{
	s->publish(s->to, r);
}

static inline void publish_many(const struct sink *s, const struct record *r, size_t n)
{
	if (s->publish_many)
		s->publish_many(s->to, r, n);
	for (size_t i = 0; !s->publish_many && i < n; i++)
		s->publish(s->to, &r[i]);
}
