/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What evidence export may show: of each message the bytes that left as text of PLAIN fields or that its
 * decoder called the protocol's own. A list of what is allowed, so that whatever goes wrong, less is shown. */
#include "track/parts.h"

void reveal_begin(struct tracker *t)
{
	if (t->marks && t->message.n)
		memset(t->marks, 0, t->message.n < FRAME_CAP ? t->message.n : FRAME_CAP);
}

/* Spans that are not of the message are texts that a decoder put together, or that belong to others. */
void reveal_mark(struct tracker *t, struct span where, enum shown_mark mark)
{
	struct span m = span_cut(t->message, FRAME_CAP);
	if (!t->marks || !where.n || where.p < m.p || where.n > m.n || where.p > m.p + (m.n - where.n))
		return;
	size_t at = (size_t)(where.p - m.p);
	for (size_t i = 0; i < where.n; i++)
		t->marks[at + i] |= (uint8_t)mark;
}

static struct shown shown_of(const struct flow *f, bool dir, const struct origin *at)
{
	return (struct shown){ .at = at, .from = flow_addr(f, dir), .port = f->ports[dir] };
}

/* What a decoder refused shows nothing; what it called a person's stays so. */
void reveal_end(struct tracker *t, bool dir, const struct origin *at, bool good)
{
	if (!t->marks)
		return;
	struct span bytes = span_cut(t->message, FRAME_CAP);
	if (good && t->flow->decoder->no_content)
		reveal_mark(t, bytes, SHOWN_PLAIN);
	for (size_t i = 0; !good && i < bytes.n; i++)
		t->marks[i] &= (uint8_t)~SHOWN_PLAIN;
	struct shown s = shown_of(t->flow, dir, at);
	s.is_stream = t->is_stream;
	s.seq = t->message_seq;
	s.bytes = bytes;
	s.marks = t->marks;
	t->set.shown(t->set.ctx, &s);
}

void reveal_program(struct tracker *t, const struct flow *f, bool dir, const struct packet *p, uint32_t seq,
		    struct span bytes)
{
	if (!t->marks || !bytes.n)
		return;
	struct origin at = p->at;
	at.flow = f->id;
	struct shown s = shown_of(f, dir, &at);
	s.is_stream = true;
	s.seq = seq;
	s.bytes = bytes;
	t->set.shown(t->set.ctx, &s);
}
