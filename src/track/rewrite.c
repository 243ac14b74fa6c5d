/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stretch of a stream that comes again is compared with what came first. Where the bytes differ, both
 * copies are decoded beside each other and the values that differ are named. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/scope.h"
#include "decode/vitals.h"
#include "track/parts.h"

enum { CHANGED_NAME, CHANGED_UNIT, CHANGED_FROM, CHANGED_TO, RECORDS_MAX = 64, PREFIX_MAX = 8, WINDOW_MAX = 16384 };

static const struct field changed_fields[] = {
	[CHANGED_NAME] = { "name", F_TEXT, "short name of the value" },
	[CHANGED_UNIT] = { "unit", F_TEXT, "its unit" },
	[CHANGED_FROM] = { "from", F_REAL, "as it came first" },
	[CHANGED_TO] = { "to", F_REAL, "as it came again" },
};
static RECORD_TYPE(rewritten_value_type, "rewritten_value",
		   "A measured value that differs between two copies of a message", changed_fields);

static const struct field fields[] = {
	[REWRITE_FIRST_MAC] = { "first_mac", F_MAC, "who sent the first copy on this wire" },
	[REWRITE_SECOND_MAC] = { "second_mac", F_MAC, "who sent the second copy" },
	[REWRITE_SEQUENCE] = { "sequence", F_UINT, "TCP sequence number where the copies begin to differ" },
	[REWRITE_LENGTH] = { "length", F_UINT, "length of the stretch that came twice", "B" },
	[REWRITE_BYTES] = { "bytes", F_UINT, "how many of its bytes differ", "B" },
	[REWRITE_PROTOCOL] = { "protocol", F_TEXT, "what the conversation speaks" },
	[REWRITE_VALUES] = { "values", F_RECORDS, "measured values that differ, from and to",
			    .nested = &rewritten_value_type },
	[REWRITE_TOKENS] = { "fields", F_TEXTS, "names of other fields that differ" },
	[REWRITE_CHECKSUM_OK] = { "checksum_ok", F_BOOL, "the second copy's checksum is right: a receiver takes it" },
};
RECORD_TYPE(rewrite_type, "rewrite", "A stretch of a TCP stream that came twice with different bytes", fields);

/* What decoding one copy gave. */
struct copy {
	struct arena arena;
	struct record_host host;
	struct record *records[RECORDS_MAX];
	unsigned n;
};

static void collect(void *to, const struct record *r)
{
	struct copy *c = to;
	if (c->n < RECORDS_MAX)
		c->records[c->n] = record_copy(&c->arena, r);
	if (c->n < RECORDS_MAX && c->records[c->n])
		c->n++;
}

static void decode_copy(struct tracker *t, const struct flow *f, bool dir, struct span bytes, const struct origin *at,
			struct copy *c)
{
	const struct decoder *d = f->decoder;
	arena_init(&c->arena, 1 << 20);
	c->host = (struct record_host){ .keyring = t->set.keyring, .arena = &c->arena };
	struct sink sink = { collect, c };
	struct emit e = { .at = at, .host = &c->host, .sink = &sink, .expect = emit_no_expect, .body = emit_no_body, .to = t };
	void *state = d->state_size ? mem_new(d->state_size) : NULL;
	while (bytes.n) {
		struct message m = conversation_message(t, f, dir, bytes, OVER_TCP);
		m.closing = true;
		struct frame fr = d->frame(&m, state);
		if (fr.need == 0 || fr.need > bytes.n || fr.total < fr.need)
			break;
		m.bytes = span_cut(bytes, fr.need);
		m.rest = fr.total - fr.need;
		d->decode(&m, state, &e);
		bytes = span_from(bytes, fr.total > bytes.n ? bytes.n : (size_t)fr.total);
	}
	free(state);
}

/* Values are told apart as they are shown, the rest by their bytes. */
static bool differs(const struct field *f, const struct value *a, const struct value *b)
{
	if (field_is_token(f))
		return memcmp(&a->token, &b->token, sizeof(a->token)) != 0;
	switch (f->type) {
	case F_TEXT: return !span_eq(a->text, b->text);
	case F_REAL: return a->d < b->d || a->d > b->d;
	case F_ADDR: return !addr_eq(a->addr, b->addr);
	case F_MAC: return !mac_eq(a->mac, b->mac);
	case F_UINT:
	case F_INT:
	case F_BOOL:
	case F_TIME: return a->u != b->u;
	case F_HASH:
	case F_TEXTS:
	case F_RECORD:
	case F_RECORDS: return false;
	}
	return false;
}

static void compare_records(struct record *out, const struct record *a, const struct record *b, struct tracker *t)
{
	for (unsigned i = 0; i < a->type->nfields; i++) {
		if (!record_has(a, i) || !record_has(b, i) || !differs(&a->type->fields[i], &a->v[i], &b->v[i]))
			continue;
		if (a->type != &vitals_type || i != VITALS_VALUE) {
			record_add_text(out, REWRITE_TOKENS, span_str(a->type->fields[i].name));
			continue;
		}
		struct record *v = arena_new(&t->arena, sizeof(*v));
		if (!v)
			return;
		record_begin(v, &rewritten_value_type, NULL, &t->host);
		/* Both copies are gone when this is published: its texts are its own. */
		record_text(v, CHANGED_NAME, arena_copy(&t->arena, record_get_text(a, VITALS_NAME)));
		record_text(v, CHANGED_UNIT, arena_copy(&t->arena, record_get_text(a, VITALS_UNIT)));
		record_real(v, CHANGED_FROM, record_get_real(a, VITALS_VALUE));
		record_real(v, CHANGED_TO, record_get_real(b, VITALS_VALUE));
		record_add(out, REWRITE_VALUES, v);
	}
}

/* The start of the message that the stretch lies in: the nearest segment before it that a message
 * begins with. Fills window with what came before seq; true when such a start is there. */
static bool message_start(struct tracker *t, const struct flow *f, bool dir, uint32_t name, uint32_t seq,
			  struct buf *window)
{
	struct history_entry back[PREFIX_MAX], e;
	unsigned n = 0;
	uint32_t expect = seq;
	while (n < PREFIX_MAX && history_get(t->history, f->id, dir, &name, &e)) {
		if (e.seq + e.length != expect || e.kept.n != e.length)
			continue;
		back[n++] = e;
		expect = e.seq;
		struct message m = conversation_message(t, f, dir, e.kept, OVER_TCP);
		if (f->decoder->bid(&m, &t->packet->at).score < BID_LIKELY)
			continue;
		while (n--)
			buf_bytes(window, back[n].kept);
		return true;
	}
	return false;
}

static void name_values(struct tracker *t, const struct flow *f, bool dir, const struct history_entry *first,
			uint32_t before, struct span second, struct record *out)
{
	struct buf a = { .cap = WINDOW_MAX }, b = { .cap = WINDOW_MAX };
	struct message m = conversation_message(t, f, dir, first->kept, OVER_TCP);
	bool starts = f->decoder->bid(&m, &t->packet->at).score >= BID_LIKELY;
	if (!starts && message_start(t, f, dir, before, first->seq, &a))
		buf_bytes(&b, buf_span(&a));
	buf_bytes(&a, first->kept);
	buf_bytes(&b, second);
	struct copy *x = mem_new(sizeof(*x)), *y = mem_new(sizeof(*y));
	decode_copy(t, f, dir, buf_span(&a), &t->packet->at, x);
	decode_copy(t, f, dir, buf_span(&b), &t->packet->at, y);
	for (unsigned i = 0; i < x->n && i < y->n; i++)
		if (x->records[i]->type == y->records[i]->type)
			compare_records(out, x->records[i], y->records[i], t);
	arena_done(&x->arena);
	arena_done(&y->arena);
	free(x);
	free(y);
	buf_done(&a);
	buf_done(&b);
}

/* The bytes of two copies that stand at the same place of the stream. */
static bool overlap(const struct history_entry *e, const struct packet *p, struct span *first, struct span *second,
		    uint32_t *seq)
{
	int32_t d = (int32_t)(p->seq - e->seq);
	*first = span_from(e->kept, d > 0 ? (size_t)d : 0);
	*second = span_from(p->payload, d < 0 ? (size_t)-(int64_t)d : 0);
	*seq = d > 0 ? p->seq : e->seq;
	size_t n = first->n < second->n ? first->n : second->n;
	*first = span_cut(*first, n);
	*second = span_cut(*second, n);
	return n > 0;
}

static void report(struct tracker *t, struct flow *f, bool dir, const struct packet *p, const struct history_entry *e,
		   uint32_t before, struct span first, struct span second, uint32_t seq)
{
	size_t differ = 0, at = 0;
	for (size_t i = first.n; i-- > 0;)
		if (first.p[i] != second.p[i]) {
			differ++;
			at = i;
		}
	struct packet here = *p;
	conversation_origin(f, dir, &here);
	t->packet = &here;
	struct record r UNSET;
	record_begin(&r, &rewrite_type, &here.at, &t->host);
	record_mac(&r, REWRITE_FIRST_MAC, e->smac);
	record_mac(&r, REWRITE_SECOND_MAC, p->at.smac);
	record_uint(&r, REWRITE_SEQUENCE, seq + (uint32_t)at);
	record_uint(&r, REWRITE_LENGTH, first.n);
	record_uint(&r, REWRITE_BYTES, differ);
	record_bool(&r, REWRITE_CHECKSUM_OK, packet_sum_ok(p));
	record_str(&r, REWRITE_PROTOCOL, f->decoder ? f->decoder->name : NULL);
	if (f->decoder && f->decoder->frame && p->seq == e->seq)
		name_values(t, f, dir, e, before, p->payload, &r);
	tracker_publish(t, &r);
	arena_reset(&t->arena);
	t->packet = p;                           /* `here` ends */
}

void rewrite_check(struct tracker *t, struct flow *f, bool dir, const struct packet *p)
{
	uint32_t name = f->half[dir].history;
	struct history_entry e;
	if (p->payload.n == 1 && p->seq == f->half[dir].next - 1)
		return;                          /* keep-alive probe with a garbage byte (RFC 9293 3.8.4) */
	for (int i = 0; i < HISTORY_BACK && history_get(t->history, f->id, dir, &name, &e); i++) {
		struct span first, second;
		uint32_t seq;
		if (!overlap(&e, p, &first, &second, &seq) || span_eq(first, second))
			continue;
		report(t, f, dir, p, &e, name, first, second, seq);
		return;
	}
}
