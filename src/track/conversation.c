/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who speaks what: the first bytes of a conversation are put before every decoder, the best bid has
 * it. What nobody wants is classed by its first bytes and searched for learnt identifiers. */
#include <math.h>

#include "base/mem.h"
#include "track/parts.h"

enum { TRIES_MAX = 6, TRIES_MIDSTREAM = 24, CLASS_LOOK = 256, ENTROPY_MIN = 48 };

struct message conversation_message(const struct tracker *t, const struct flow *f, bool dir, struct span bytes,
				    enum over over)
{
	struct message m = { .bytes = bytes, .to_server = conversation_to_server(f, dir), .over = over };
	if (f->tag) {
		const struct expectation *x = &t->expected[f->tag - 1];
		m.tag = span_of(x->tag, x->tag_n);
	}
	return m;
}

void conversation_origin(const struct flow *f, bool dir, struct packet *p)
{
	p->at.flow = f->id;
	p->at.to_server = conversation_to_server(f, dir);
}

static void flip(struct flow *f)
{
	f->flags ^= FLOW_FLIP;
}

/* What was guessed from the first packet seen gives way to what a decoder knows for certain. */
static void take_side(struct flow *f, bool dir, enum side side)
{
	if (side == SIDE_UNKNOWN || f->flags & FLOW_SIDE_SURE)
		return;
	if (conversation_to_server(f, dir) != (side == SIDE_CLIENT))
		flip(f);
	f->flags |= FLOW_SIDE_SURE;
}

static bool claim(struct tracker *t, struct flow *f, bool dir, const struct decoder *d, enum side side,
		  const struct packet *p)
{
	if (d->state_size) {
		if (t->memory + d->state_size > MEMORY_CAP) {
			t->health->streams_evicted++;
			return false;
		}
		f->state = mem_new(d->state_size);
		t->memory += d->state_size;
	}
	f->decoder = d;
	take_side(f, dir, side);
	struct origin at = p->at;
	at.to_server = conversation_to_server(f, dir);
	devices_speaks(t->devices, &at, d);
	return true;
}

static const struct decoder *expected(struct tracker *t, struct flow *f, const struct packet *p)
{
	if (!(f->flags & FLOW_EXPECTED))
		return NULL;
	const struct expectation *x = &t->expected[f->tag - 1];
	(void)p;
	return x->decoder;
}

enum claim conversation_bid(struct tracker *t, struct flow *f, bool dir, const struct message *m,
	const struct packet *p)
{
	const struct decoder *best = expected(t, f, p);
	if (best)
		return claim(t, f, dir, best, SIDE_UNKNOWN, p) ? CLAIM_MADE : CLAIM_NONE;
	struct bid top = { BID_NO };
	bool wait = false;
	for (int i = 0; decoders[i]; i++) {
		const struct decoder *d = decoders[i];
		if (!(d->over & m->over) || !d->bid)
			continue;
		struct bid b = d->bid(m, &p->at);
		wait |= b.score == BID_WAIT;
		if (b.score >= BID_MAYBE && b.score < BID_LIKELY)
			b.score = port_is(d, &p->at) ? BID_LIKELY : BID_NO;
		if (b.score > top.score) {
			top = b;
			best = d;
		}
	}
	if (top.score >= BID_LIKELY)
		return claim(t, f, dir, best, top.side, p) ? CLAIM_MADE : CLAIM_NONE;
	return wait ? CLAIM_WAIT : CLAIM_NONE;
}

/* Text, binary, or bytes as even as ciphertext: Shannon entropy near what random bytes of this
 * number would show. */
static uint8_t class_of(struct span bytes)
{
	uint16_t count[256] = { 0 };
	bytes = span_cut(bytes, CLASS_LOOK);
	size_t printable = 0, n = bytes.n;
	for (struct rd r = rd_of(bytes); rd_left(&r);) {
		uint8_t c = rd_u8(&r);
		count[c]++;
		printable += (c >= 32 && c < 127) || c == '\n' || c == '\r' || c == '\t';
	}
	if (printable * 100 >= n * 90)
		return CLASS_TEXT;
	if (n < ENTROPY_MIN)
		return CLASS_BINARY;
	double bits = 0;
	for (int i = 0; i < 256; i++)
		if (count[i])
			bits -= count[i] * log2((double)count[i] / (double)n);
	bits /= (double)n;
	/* n random bytes have about log2(n) bits less a little until n is far above 256. */
	double full = n < 256 ? log2((double)n) : 7.2;
	return bits > full * 0.96 ? CLASS_ENCRYPTED : CLASS_BINARY;
}

static void look_for_learnt(struct tracker *t, struct flow *f, bool dir, struct span bytes, const struct packet *p)
{
	struct half *h = &f->half[dir];
	if (!learnt_any(t->learnt) || h->scanned >= LEARNT_SCAN)
		return;
	bytes = span_cut(bytes, LEARNT_SCAN - h->scanned);
	h->scanned = (uint16_t)(h->scanned + bytes.n);
	struct token token;
	const char *field;
	struct span where;
	if (!learnt_find(t->learnt, bytes, &token, &field, &where))
		return;
	struct packet at = *p;
	conversation_origin(f, dir, &at);
	struct record r UNSET;
	record_begin(&r, &learnt_type, &at.at, &t->host);
	record_str(&r, LEARNT_FIELD, field);
	record_token(&r, LEARNT_TOKEN, token);
	tracker_publish(t, &r);
}

void conversation_unclaimed(struct tracker *t, struct flow *f, bool dir, struct span bytes, const struct packet *p)
{
	if (f->class == CLASS_NONE && bytes.n)
		f->class = class_of(bytes);
	f->flags |= FLOW_UNKNOWN;
	if (f->tries < UINT8_MAX)
		f->tries++;
	look_for_learnt(t, f, dir, bytes, p);
	if (f->tries > (f->flags & FLOW_MIDSTREAM ? TRIES_MIDSTREAM : TRIES_MAX))
		f->flags |= FLOW_OPAQUE;
}

static void on_expect(struct emit *e, const struct expect *x)
{
	struct tracker *t = e->to;
	const struct decoder *d = decoder_find(x->decoder);
	if (!d)
		return;
	struct expectation *slot = &t->expected[0];
	for (int i = 0; i < EXPECTATIONS; i++) {
		struct expectation *o = &t->expected[i];
		if (o->decoder && o->port == x->port && o->over == x->over && addr_eq(o->end, x->end)) {
			slot = o;
			break;
		}
		if (!o->decoder || (slot->decoder && o->ts < slot->ts))
			slot = o;
	}
	if (slot->decoder)
		t->expected_ports[slot->port % EXPECT_PORTS]--;
	t->expected_ports[x->port % EXPECT_PORTS]++;
	*slot = (struct expectation){ .end = x->end, .port = x->port, .over = x->over, .decoder = d, .ts = e->at->ts };
	struct span tag = span_cut(x->tag, EXPECT_TAG);
	slot->tag_n = (uint32_t)tag.n;
	if (tag.n)
		memcpy(slot->tag, tag.p, tag.n);
}

static void on_body(struct emit *e, const struct body *b)
{
	struct tracker *t = e->to;
	if (t->body)
		content_close(t->content, t->body, false);
	t->body = content_open(t->content, e->at, b);
	if (content_is_program(t->content))
		reveal_mark(t, b->data, SHOWN_PLAIN);
}

/* More decoders with a memo than places: they do without. */
static void *memo_of(struct tracker *t, const struct decoder *d)
{
	for (unsigned i = 0; d->memo_size && d->memo_size <= MEMO_MAX && i < MEMOS; i++) {
		struct memo *m = &t->memos[i];
		if (!m->of)
			*m = (struct memo){ d, mem_new(d->memo_size) };
		if (m->of == d)
			return m->bytes;
	}
	return NULL;
}

uint32_t conversation_decode(struct tracker *t, struct flow *f, bool dir, const struct message *m,
			     const struct packet *p, uint32_t seq)
{
	struct origin at = p->at;
	at.flow = f->id;
	at.to_server = m->to_server;
	struct emit e = { .at = &at, .host = &t->host, .sink = &t->sink, .expect = on_expect, .body = on_body, .to = t,
			  .wants = tracker_wants, .memo = memo_of(t, f->decoder) };
	t->packet = p;
	t->flow = f;
	t->asked = NULL;
	t->message = m->bytes;
	t->message_seq = seq;
	t->is_stream = m->over == OVER_TCP;
	t->body = 0;
	reveal_begin(t);
	bool good = f->decoder->decode(m, f->state, &e);
	if (!good)
		t->health->decode_failures++;
	else
		f->messages++;
	reveal_end(t, dir, &at, good);
	arena_reset(&t->arena);
	return t->body;
}
