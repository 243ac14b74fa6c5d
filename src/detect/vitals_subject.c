/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose values these are: the part of net.vitals-conflict that tells which patient, device or bed a message speaks of,
 * and finds the stream it belongs to. */
#include "detect/vitals_conflict.h"

enum { NOBODY_MAX = 9 };

/* What tells a stream's subject; part of its key, so that a bed is no patient. */
enum subject { OF_PATIENT = 1, OF_DEVICE, OF_BED, OF_ADDRESS };

/* Numbers that systems write when they know none. */
static const char *const nobody[] = {
	"0", "00", "000", "0000", "00000", "000000", "1", "9999", "99999", "999999", "1234", "12345", "123456", "UNKNOWN",
	"Unknown", "unknown", "NONE", "None", "DEFAULT", "Default", "TEST", "Test", "test", "DEMO", "Demo", "demo", "NA",
	"N/A", "NULL", "ANONYMOUS", "ANON", "PATIENT", "-",
};
_Static_assert(ARRAY_LEN(nobody) == CONFLICT_NOBODY, "told wrong in vitals_conflict.h");

void conflict_start(struct run *d)
{
	struct conflict_state *s = d->state;
	struct keyring *k = detect_host(d)->keyring;
	s->key = keyring_hash_key(k);
	for (size_t i = 0; i < CONFLICT_NOBODY; i++)
		s->nobody[i] = keyring_token(k, span_str(nobody[i]));
}

static bool is_somebody(const struct conflict_state *s, const struct token *t)
{
	for (size_t i = 0; t->len <= NOBODY_MAX && i < CONFLICT_NOBODY; i++)
		if (s->nobody[i].len == t->len && memcmp(s->nobody[i].hash, t->hash, TOKEN_HASH) == 0)
			return false;
	return t->len > 0;
}

static uint64_t key_of_bytes(const struct conflict_state *s, enum subject kind, struct span bytes)
{
	struct hash_key k = { s->key.k0 ^ (uint64_t)kind, s->key.k1 };
	uint64_t h = hash64(k, bytes);
	return h ? h : 1;
}

static void wearer_note(struct conflict_state *s, uint64_t device, uint64_t patient, uint64_t ts)
{
	struct wearer *w = &s->wearers[device % CONFLICT_WEARERS];
	bool several = w->device == device && w->patient != patient && ts < w->ts + CONFLICT_FRESH_NS;
	*w = (struct wearer){ device, several ? 0 : patient, ts };
}

/* Whoever leaves the patient out, but names the device, speaks of the same. */
static uint64_t wearer_of(const struct conflict_state *s, uint64_t device, uint64_t ts)
{
	const struct wearer *w = &s->wearers[device % CONFLICT_WEARERS];
	return w->device == device && w->patient && ts < w->ts + CONFLICT_FRESH_NS ? w->patient : device;
}

static uint64_t subject_of(const struct run *d, const struct record *r, const char **same)
{
	struct conflict_state *s = d->state;
	struct token patient = record_get_token(r, (unsigned)d->col[WANT_SUBJECT]);
	struct token bed = record_get_token(r, (unsigned)d->col[WANT_BED]);
	struct span device = record_get_text(r, (unsigned)d->col[WANT_DEVICE]);
	uint64_t worn = device.n ? key_of_bytes(s, OF_DEVICE, device) : 0;
	*same = "patient";
	if (is_somebody(s, &patient)) {
		uint64_t key = key_of_bytes(s, OF_PATIENT, span_of(patient.hash, TOKEN_HASH));
		if (worn)
			wearer_note(s, worn, key, r->at->ts);
		return key;
	}
	*same = "device";
	if (worn)
		return wearer_of(s, worn, r->at->ts);
	*same = "bed";
	if (is_somebody(s, &bed))
		return key_of_bytes(s, OF_BED, span_of(bed.hash, TOKEN_HASH));
	*same = "address";
	return key_of_bytes(s, OF_ADDRESS, span_of(r->at->src.b, sizeof(r->at->src.b)));
}

struct conflict_set *conflict_set_of(struct run *d, uint64_t key)
{
	return &((struct conflict_state *)d->state)->sets[key % CONFLICT_SETS];
}

static bool is_same_device(const struct run *d, uint32_t a, uint32_t b)
{
	return a != DEVICE_NONE && b != DEVICE_NONE && device_root(d->devices, a) == device_root(d->devices, b);
}

static bool is_same_sender(const struct run *d, const struct conflict_stream *x, const struct conflict_stream *y)
{
	if (!addr_eq(x->from, y->from))
		return is_same_device(d, x->device, y->device);
	/* Another card with its address may be somebody who says to be it. */
	return mac_is_zero(x->card) || mac_is_zero(y->card) || mac_eq(x->card, y->card);
}

/* It is given values of this subject itself: a central station or engine that hands them on, however long the chain. */
static bool hands_on(struct run *d, const struct conflict_stream *x)
{
	const struct conflict_set *set = conflict_set_of(d, x->key);
	for (unsigned i = 0; i < CONFLICT_WAYS; i++) {
		const struct conflict_stream *z = &set->way[i];
		if (z != x && set->key[i] == x->key && !is_same_sender(d, x, z) &&
		    (addr_eq(z->to, x->from) || is_same_device(d, device_by_addr(d->devices, z->to), x->device)))
			return true;
	}
	return false;
}

bool conflict_are_rivals(struct run *d, const struct conflict_stream *x, const struct conflict_stream *y)
{
	return y != x && !is_same_sender(d, x, y) && !hands_on(d, x) && !hands_on(d, y);
}

/* For a new stream: the last free one, else the one that was silent longest. */
static unsigned place_of(const struct conflict_set *set)
{
	unsigned best = 0;
	for (unsigned i = 0; i < CONFLICT_WAYS; i++)
		if (!set->key[i] || (set->key[best] && set->way[i].last < set->way[best].last))
			best = i;
	return best;
}

static struct conflict_stream *stream_find(struct run *d, const struct record *r)
{
	struct conflict_state *s = d->state;
	const char *same;
	uint64_t key = subject_of(d, r, &same);
	struct conflict_set *set = conflict_set_of(d, key);
	struct mac card = r->at->smac;
	for (unsigned i = 0; i < CONFLICT_WAYS; i++) {
		struct conflict_stream *x = &set->way[i];
		if (set->key[i] == key && addr_eq(x->from, r->at->src) && addr_eq(x->to, r->at->dst) &&
		    (mac_eq(x->card, card) || mac_is_zero(x->card)))
			return x;
	}
	unsigned place = place_of(set);
	struct conflict_stream *best = &set->way[place];
	if (set->key[place] && best->last + CONFLICT_FRESH_NS > r->at->ts)
		detect_dropped(d);               /* it was not over yet */
	memset(best, 0, offsetof(struct conflict_stream, params));
	best->unused = CONFLICT_PARAMS;
	best->key = set->key[place] = key;
	best->serial = ++s->serial;
	best->device = device_sender(d->devices, r->at);
	best->card = !zone_is_router(d->zones, card) ? card : (struct mac){ { 0 } };
	best->from = r->at->src;
	best->to = r->at->dst;
	best->same = same;
	best->first = r->at->ts;
	return best;
}

bool conflict_is_recent(const struct run *d, const struct recent *m, const struct record *r)
{
	static const struct token none;
	unsigned subject = (unsigned)d->col[WANT_SUBJECT];
	const struct token *t = record_has(r, subject) ? &r->v[subject].token : &none;
	struct span device = record_get_text(r, (unsigned)d->col[WANT_DEVICE]);
	const struct origin *at = r->at;
	if (!m->stream || at->packet != m->packet || at->flow != m->flow || at->file != m->file ||
	    at->to_server != m->to_server || !at->flow || t->len != m->subject.len ||
	    memcmp(t->hash, m->subject.hash, TOKEN_HASH) != 0)
		return false;
	return (device.p == m->device.p && device.n == m->device.n) || span_eq(device, m->device);
}

/* The values of a message are about to be compared with what is kept of their kinds: all asked of memory at once. */
static void stream_fetch(const struct conflict_stream *x)
{
	for (unsigned i = x->unused; i < CONFLICT_PARAMS; i++) {
		const struct param *p = &x->params[i];
		__builtin_prefetch(p, 1);
		__builtin_prefetch(&p->latest[CONFLICT_LATEST - 1], 1);
	}
	__builtin_prefetch(&x->said[x->n % CONFLICT_HISTORY], 1);
}

struct conflict_stream *conflict_stream_of(struct run *d, const struct record *r)
{
	struct recent *m = &((struct conflict_state *)d->state)->recent;
	const struct origin *at = r->at;
	*m = (struct recent){ .stream = stream_find(d, r), .packet = at->packet, .flow = at->flow, .file = at->file,
			      .subject = record_get_token(r, (unsigned)d->col[WANT_SUBJECT]),
			      .device = record_get_text(r, (unsigned)d->col[WANT_DEVICE]), .to_server = at->to_server,
			      .next = CONFLICT_PARAMS - 1 };
	stream_fetch(m->stream);
	return m->stream;
}

struct conflict_facts *conflict_facts_of(struct run *d, const struct conflict_stream *x, enum conflict_kind kind,
					 struct addr other, struct finding **out)
{
	static const char *const words[] = { [KIND_TWO] = "two", [KIND_LEAP] = "leap", [KIND_REPLAY] = "again" };
	char from[ADDR_TEXT], to[ADDR_TEXT];
	struct finding *f = detect_finding(d, x->device, &x->at, "%s %s %s", words[kind], addr_text(x->from, from),
					   addr_text(other, to));
	struct conflict_facts *y = f ? detect_own(d, f, sizeof(*y)) : NULL;
	*out = f;
	if (!y)
		return NULL;
	y->kind = kind;
	y->from = x->from;
	y->to = x->to;
	y->other = other;
	y->same = x->same;
	return y;
}
