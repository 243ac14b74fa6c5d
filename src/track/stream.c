/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP put in order (RFC 9293 3.10.7.4) and cut into messages. The common segment, in order and holding
 * whole messages, is decoded where it lies; only unfinished messages and segments out of order are
 * copied, within fixed bounds. */
#include <stdlib.h>

#include "base/mem.h"
#include "track/parts.h"

enum {
	HELD_BYTES = 128 * 1024, HELD_SEGMENTS = 96, HELD_BEFORE_ACK = 3,
	WINDOW = 16 << 20, ODD_MAX = 8, UNDECIDED_PEND = 4096, LOST_SYNC_MAX = 64,
};

struct held {
	struct held *next;
	uint32_t seq, n, lost, size;             /* size: of bytes */
	struct packet packet;                    /* its payload and TCP header point into bytes */
	uint8_t bytes[];                         /* the header, for its checksum, and n bytes of payload */
};

/* Where a run of bytes comes from, while it is worked on. */
struct cursor {
	struct tracker *t;
	struct flow *f;
	struct stream *s;
	const struct packet *p;
	bool dir, closing;
	uint32_t end_seq;                        /* sequence number behind the last byte at hand */
};

static void pend_drop(struct tracker *t, struct stream *s)
{
	t->memory -= s->pend_size;
	free(s->pend);
	s->pend = NULL;
	s->pend_n = s->pend_size = s->seen = 0;
}

/* Keeps bytes behind what is pending; false when there is no room. */
static bool pend_add(struct tracker *t, struct stream *s, struct span bytes)
{
	size_t want = s->pend_n + bytes.n;
	if (want > s->pend_size) {
		size_t size = s->pend_size ? s->pend_size : 512;
		while (size < want)
			size *= 2;
		if (t->memory + size > MEMORY_CAP) {
			t->health->streams_evicted++;
			return false;
		}
		t->memory += size - s->pend_size;
		s->pend = mem_grow(s->pend, size, 1);
		s->pend_size = (uint32_t)size;
	}
	if (bytes.n)
		memcpy(s->pend + s->pend_n, bytes.p, bytes.n);
	s->pend_n = (uint32_t)want;
	return true;
}

/* What is left of the pending bytes moves to the front; an emptied buffer is given back. */
static void pend_keep(struct tracker *t, struct stream *s, struct span rest)
{
	if (rest.n == 0) {
		pend_drop(t, s);
		return;
	}
	if (rest.p != s->pend)
		memmove(s->pend, rest.p, rest.n);
	s->pend_n = (uint32_t)rest.n;
}

static void body_end(struct tracker *t, struct stream *s, bool complete)
{
	if (s->body)
		content_close(t->content, s->body, complete);
	s->body = 0;
}

/* Passes over (or to the body) what the last message said it occupies. Returns what is left. */
static struct span skip_some(const struct cursor *c, struct span bytes)
{
	struct stream *s = c->s;
	struct span part = span_cut(bytes, s->skip < bytes.n ? (size_t)s->skip : bytes.n);
	if (s->body) {
		content_feed(c->t->content, s->body, part, &c->p->at);
		if (content_is_program(c->t->content))
			reveal_program(c->t, c->f, c->dir, c->p, c->end_seq - (uint32_t)bytes.n, part);
	}
	if (s->skip != BODY_OPEN)
		s->skip -= part.n;
	if (s->skip == 0)
		body_end(c->t, s, true);
	return span_from(bytes, part.n);
}

/* Nobody can say where the next message starts: wait for a segment that looks like a start. */
static void lose_sync(const struct cursor *c)
{
	c->t->health->decode_failures++;
	c->s->resync = true;
	c->s->seen = 0;
	if (++c->f->lost_sync > LOST_SYNC_MAX)
		c->f->flags |= FLOW_OPAQUE;
}

/* One message from the front of bytes. Returns bytes used; 0: wait for more. */
static size_t one_message(const struct cursor *c, struct span bytes)
{
	struct flow *f = c->f;
	struct stream *s = c->s;
	struct message m = conversation_message(c->t, f, c->dir, bytes, OVER_TCP);
	m.seen = s->seen;
	m.closing = c->closing;
	struct frame fr = f->decoder->frame(&m, f->state);
	if (fr.need == 0 || fr.total < fr.need) {
		lose_sync(c);
		return bytes.n;
	}
	m.cut = fr.need > FRAME_CAP;
	size_t need = m.cut ? FRAME_CAP : fr.need;
	if (need > bytes.n && !c->closing) {
		s->seen = (uint32_t)bytes.n;
		return 0;
	}
	if (need > bytes.n) {
		m.cut = true;
		need = bytes.n;
	}
	m.bytes = span_cut(bytes, need);
	m.rest = fr.total == BODY_OPEN ? BODY_OPEN : fr.total - need;
	s->seen = 0;
	s->body = conversation_decode(c->t, f, c->dir, &m, c->p, c->end_seq - (uint32_t)bytes.n);
	s->skip = m.rest;
	if (s->skip == 0)
		body_end(c->t, s, true);
	return need;
}

/* Messages from bytes that lie together; returns what is left for later. */
static struct span messages(const struct cursor *c, struct span bytes)
{
	while (bytes.n && !c->s->resync && !(c->f->flags & FLOW_OPAQUE)) {
		if (c->s->skip) {
			bytes = skip_some(c, bytes);
			continue;
		}
		size_t used = one_message(c, bytes);
		if (used == 0)
			return bytes;
		bytes = span_from(bytes, used);
	}
	return (struct span){ bytes.p, 0 };
}

static void claimed(const struct cursor *c, struct span bytes)
{
	struct stream *s = c->s;
	if (s->pend_n == 0) {
		struct span rest = messages(c, bytes);
		if (rest.n && !pend_add(c->t, s, rest))
			s->resync = true;
		return;
	}
	if (!pend_add(c->t, s, bytes)) {
		pend_drop(c->t, s);
		s->resync = true;
		return;
	}
	pend_keep(c->t, s, messages(c, span_of(s->pend, s->pend_n)));
}

/* Nobody knows this conversation yet: ask who wants it. */
static void undecided(const struct cursor *c, struct span fresh)
{
	struct stream *s = c->s;
	bool pending = s->pend_n > 0;
	if (pending && !pend_add(c->t, s, fresh))
		return;
	struct span bytes = pending ? span_of(s->pend, s->pend_n) : fresh;
	struct message m = conversation_message(c->t, c->f, c->dir, bytes, OVER_TCP);
	m.closing = c->closing;
	enum claim claim = conversation_bid(c->t, c->f, c->dir, &m, c->p);
	if (claim == CLAIM_MADE && pending) {
		pend_keep(c->t, s, messages(c, bytes));
	} else if (claim == CLAIM_MADE) {
		claimed(c, fresh);
	} else if (claim == CLAIM_WAIT && !c->closing && bytes.n < UNDECIDED_PEND) {
		if (!pending)
			pend_add(c->t, s, fresh);
	} else {
		conversation_unclaimed(c->t, c->f, c->dir, bytes, c->p);
		pend_drop(c->t, s);
	}
}

/* Is this the start of a message, after a hole? */
static bool resynced(const struct cursor *c, struct span bytes)
{
	struct message m = conversation_message(c->t, c->f, c->dir, bytes, OVER_TCP);
	if (c->f->decoder->bid(&m, &c->p->at).score < BID_LIKELY)
		return false;
	c->s->resync = false;
	return true;
}

/* The next bytes of a direction, in order. */
static void deliver(const struct cursor *c, struct span bytes)
{
	struct flow *f = c->f;
	if (bytes.n == 0 && !c->closing)
		return;
	if (f->flags & FLOW_OPAQUE) {
		if (f->flags & FLOW_UNKNOWN)
			conversation_unclaimed(c->t, f, c->dir, bytes, c->p);
		return;
	}
	if (!f->decoder)
		undecided(c, bytes);
	else if (!c->s->resync || resynced(c, bytes))
		claimed(c, bytes);
}

/* n bytes of the stream were never captured. */
static void gap(const struct cursor *c, uint32_t n)
{
	struct stream *s = c->s;
	c->f->gaps++;
	c->t->health->tcp_gaps++;
	c->t->health->gap_bytes += n;
	if (s->skip >= n) {
		if (s->body)
			content_gap(c->t->content, s->body, n);
		if (s->skip != BODY_OPEN)
			s->skip -= n;
		if (s->skip == 0)
			body_end(c->t, s, false);
		return;
	}
	body_end(c->t, s, false);
	s->skip = 0;
	if (s->pend_n && c->f->decoder) {
		struct cursor last = *c;
		last.closing = true;
		messages(&last, span_of(s->pend, s->pend_n));
		body_end(c->t, s, false);
		s->skip = 0;
	}
	pend_drop(c->t, s);
	s->resync = c->f->decoder != NULL;
}

/* ---- order ---- */

static void held_free(struct tracker *t, struct stream *s, struct held *h)
{
	s->nheld--;
	s->held_bytes -= h->n;
	t->memory -= sizeof(*h) + h->size;
	free(h);
}

static void hold(const struct cursor *c, struct span bytes)
{
	struct stream *s = c->s;
	struct span header = span_cut(c->p->transport, (size_t)(bytes.p - c->p->transport.p));
	size_t size = header.n + bytes.n;
	if (c->t->memory + sizeof(struct held) + size > MEMORY_CAP) {
		c->t->health->streams_evicted++;
		return;
	}
	struct held **at = &s->held;
	while (*at && (int32_t)((*at)->seq - c->p->seq) < 0)
		at = &(*at)->next;
	if (*at && (*at)->seq == c->p->seq && (*at)->n >= bytes.n &&
	    memcmp((*at)->packet.payload.p, bytes.p, bytes.n) == 0)
		return;                          /* came again */
	struct held *h = mem_new(sizeof(*h) + size);
	h->seq = c->p->seq;
	h->n = (uint32_t)bytes.n;
	h->lost = c->p->lost;
	h->size = (uint32_t)size;
	h->packet = *c->p;
	if (header.n)
		memcpy(h->bytes, header.p, header.n);
	memcpy(h->bytes + header.n, bytes.p, bytes.n);
	h->packet.transport = span_of(h->bytes, size);
	h->packet.payload = span_from(h->packet.transport, header.n);
	h->next = *at;
	*at = h;
	s->nheld++;
	s->held_bytes += h->n;
	c->t->memory += sizeof(*h) + size;
}

static void remember(const struct cursor *c, struct span bytes)
{
	const struct flow *f = c->f;
	bool whole = f->decoder ? f->decoder->clinical : !(f->flags & FLOW_OPAQUE);
	struct half *h = &c->f->half[c->dir];
	h->history = history_add(c->t->history, f->id, c->dir, h->history, c->p, bytes, whole);
}

/* A segment whose first byte is the next expected. */
static void in_order(struct cursor *c, struct span bytes, uint32_t lost)
{
	struct half *h = &c->f->half[c->dir];
	if (bytes.n)
		remember(c, bytes);
	h->next += (uint32_t)bytes.n;
	c->end_seq = h->next;
	deliver(c, bytes);
	if (lost) {
		h->next += lost;
		gap(c, lost);
	}
}

/* What was held and is now next, or what is given up as never captured. */
static void drain(struct cursor *c, bool give_up)
{
	struct half *h = &c->f->half[c->dir];
	struct stream *s = c->s;
	const struct packet *current = c->p;
	while (s->held) {
		struct held *first = s->held;
		int32_t ahead = (int32_t)(first->seq - h->next);
		if (ahead > 0 && !give_up)
			break;
		if (ahead > 0) {
			h->next += (uint32_t)ahead;
			gap(c, (uint32_t)ahead);
			give_up = s->held_bytes > HELD_BYTES / 2;
		}
		s->held = first->next;
		c->p = &first->packet;
		if (ahead < 0)                   /* it came before what covers it was there to compare with */
			rewrite_check(c->t, c->f, c->dir, c->p);
		if ((int64_t)ahead + first->n > 0 || ahead > 0)
			in_order(c, span_from(first->packet.payload, ahead < 0 ? (size_t)-(int64_t)ahead : 0), first->lost);
		held_free(c->t, s, first);
		c->p = current;
	}
}

static bool is_needed(const struct stream *s)
{
	return s->held || s->pend_n || s->skip || s->body || s->resync;
}

/* A direction's memory is made when it must outlast the segment, and freed when it need not. */
static void settle(struct half *h, struct stream *s)
{
	if (h->s == s && !is_needed(s)) {
		free(s);
		h->s = NULL;
	} else if (h->s != s && is_needed(s)) {
		h->s = mem_new(sizeof(*s));
		*h->s = *s;
	}
}

static void segment_data(struct cursor *c)
{
	struct half *h = &c->f->half[c->dir];
	const struct packet *p = c->p;
	int64_t ahead = (int32_t)(p->seq - h->next);
	if (ahead > WINDOW || ahead < -WINDOW) {
		/* Outside every window: noise, or we lost track. */
		if (++h->odd < ODD_MAX)
			return;
		h->next = p->seq;
		ahead = 0;
		gap(c, 1);
	}
	h->odd = 0;
	if (ahead > 0) {
		bool is_bulk = c->f->flags & FLOW_OPAQUE || c->s->skip > (uint64_t)ahead + p->payload.n;
		if (!is_bulk || c->s->body) {
			hold(c, p->payload);
			drain(c, c->s->nheld > HELD_SEGMENTS || c->s->held_bytes > HELD_BYTES);
			return;
		}
		h->next += (uint32_t)ahead;      /* nobody reads it: a hole does no harm here */
		if (!(c->f->flags & FLOW_OPAQUE))
			gap(c, (uint32_t)ahead);
		ahead = 0;
	}
	if (ahead < 0) {
		c->t->health->retransmissions++;
		rewrite_check(c->t, c->f, c->dir, p);
		if (ahead + (int64_t)p->payload.n <= 0)
			return;
		c->t->health->overlaps++;
	}
	in_order(c, span_from(p->payload, (size_t)-ahead), p->lost);
	drain(c, false);
}

/* The other side acknowledged bytes that we wait for: they passed, we missed them. */
static void acknowledged(struct tracker *t, struct flow *f, bool dir, const struct packet *p)
{
	struct half *h = &f->half[!dir];
	if (!h->s || h->s->nheld < HELD_BEFORE_ACK || (int32_t)(p->ack - h->s->held->seq) < 0)
		return;
	struct cursor c = { .t = t, .f = f, .s = h->s, .p = p, .dir = !dir, .end_seq = h->next };
	drain(&c, true);
	settle(h, h->s);
}

void stream_segment(struct tracker *t, struct flow *f, bool dir, const struct packet *p)
{
	struct half *h = &f->half[dir];
	if (p->flags & TCP_SYN) {
		h->next = p->seq + 1;
		h->state = HALF_OPEN;
	} else if (h->state == HALF_NEW) {
		h->next = p->seq;
		h->state = HALF_OPEN;
		f->flags |= FLOW_MIDSTREAM;
	}
	if (p->flags & TCP_ACK)
		acknowledged(t, f, dir, p);
	if ((p->payload.n == 0 && p->lost == 0) || p->flags & TCP_RST)
		return;
	struct packet text;
	if (p->flags & TCP_SYN) {                /* it may carry data, which stands behind it (RFC 9293 §3.4, RFC 7413) */
		text = *p;
		text.seq++;
		p = &text;
	}
	struct stream fresh = { 0 };
	struct cursor c = { .t = t, .f = f, .s = h->s ? h->s : &fresh, .p = p, .dir = dir };
	segment_data(&c);
	settle(h, c.s);
}

void stream_end(struct tracker *t, struct flow *f, const struct packet *p)
{
	for (int dir = 0; dir < 2; dir++) {
		struct half *h = &f->half[dir];
		if (!h->s)
			continue;
		struct cursor c = { .t = t, .f = f, .s = h->s, .p = p, .dir = dir, .end_seq = h->next };
		while (h->s->held)
			drain(&c, true);
		c.closing = true;
		bool in_full = h->s->skip == BODY_OPEN && f->flags & (FLOW_CLOSED | FLOW_RESET);
		if (h->s->pend_n) {
			c.end_seq = h->next;
			struct span rest = span_of(h->s->pend, h->s->pend_n);
			if (f->decoder && !h->s->resync)
				messages(&c, rest);
			else if (!f->decoder)
				undecided(&c, (struct span){ rest.p + rest.n, 0 });
		}
		body_end(t, h->s, in_full);
		pend_drop(t, h->s);
		free(h->s);
		h->s = NULL;
	}
}
