/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HL7 v2 (HL7 v2.9; segments as in chapters 2, 3, 7 and 17), with MLLP (HL7 transport specification,
 * release 1) and without, on any port and with whatever delimiters MSH declares. One record for each
 * message, one vitals record for each numeric observation. Without MLLP nothing marks the end of a
 * message: it ends where the next one starts, or when the conversation closes. */
#include "base/scope.h"
#include "decode/hl7_observation.h"
#include "decode/utf16.h"

enum {
	BID_HEAD = 1024,                         /* a header segment is shorter */
	BID_TEXT = 32,                           /* bytes that must be text where no header stands */
	JUNK_MAX = 64 * 1024,                    /* no header in this much: not HL7 */
	OVERLAP = HL7_HEAD_MAX + 1,              /* seen bytes that may be the start of what ends the message */
};

struct state {
	struct hl7_way way[2];                   /* a direction each */
	struct waveforms waveforms;
};
_Static_assert(sizeof(struct state) <= HL7_STATE, "told too small in hl7.h");

/* ---- recognising ---- */

/* With other delimiters than the usual ones MSH-9 must look like a message type, too. */
static int head_score(struct span s, const struct hl7_delims *d, bool closing)
{
	if (span_starts(span_from(s, 3), SPAN_LIT("|^~\\&|")))
		return BID_SURE;
	if (s.p[0] != 'M')
		return BID_LIKELY;
	struct span line = hl7_first(hl7_first(s, HL7_CR), HL7_LF), f[10];
	hl7_split(line, d->field, f, ARRAY_LEN(f));
	if (line.n == s.n && !f[9].p && !closing)
		return s.n < BID_HEAD ? BID_WAIT : BID_NO;
	struct span type = hl7_first(f[8], d->component);
	if (type.n != 3)
		return BID_NO;
	for (size_t i = 0; i < 3; i++)
		if (!((type.p[i] >= 'A' && type.p[i] <= 'Z') || (type.p[i] >= '0' && type.p[i] <= '9')))
			return BID_NO;
	return BID_LIKELY + 10;
}

/* The capture began within a conversation: a message starts further on, or lines look like segments. */
static int middle_score(struct span s)
{
	static const char names[][5] = { "OBX|", "PID|", "PV1|", "OBR|", "NTE|", "ORC|", "EVN|", "NK1|", "MSA|", "IN1|" };
	s = span_cut(s, BID_HEAD);
	for (size_t i = 0; i < s.n && i < BID_TEXT; i++)
		if (s.p[i] < ' ' && s.p[i] != HL7_CR && s.p[i] != HL7_LF && s.p[i] != HL7_VT && s.p[i] != HL7_FS)
			return BID_NO;
	if (hl7_next_start(s, 0) < s.n)
		return BID_LIKELY;
	struct hl7_lines l = hl7_lines(s);
	struct span line;
	int found = 0;
	while (found < 2 && hl7_segment(&l, &line))
		for (size_t i = 0; line.n > 4 && line.p[3] == '|' && i < ARRAY_LEN(names); i++)
			found += span_starts(line, span_of(names[i], 4));
	return found >= 2 ? BID_LIKELY : BID_NO;
}

/* Either end may send first, MLLP or not: a monitor that is asked answers as the server (Mindray's
 * does), so the side is never certain. */
static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct hl7_lead lead = hl7_lead(m->bytes);
	struct span s = span_from(m->bytes, lead.head);
	struct hl7_delims d;
	enum hl7_head h = lead.head <= HL7_HEAD_MAX || lead.block ? hl7_head(s, &d) : HL7_NO;
	switch (h) {
	case HL7_YES: return (struct bid){ .score = head_score(s, &d, m->closing) };
	case HL7_WIDE: return (struct bid){ .score = BID_LIKELY + 20 };
	case HL7_PART: return (struct bid){ .score = m->closing ? BID_NO : BID_WAIT };
	case HL7_NO:
	default: return (struct bid){ .score = middle_score(m->bytes) };
	}
}

/* ---- framing ---- */

/* Past what is known, but not past what may be the start of an end. */
static size_t resume(const struct message *m, size_t least)
{
	size_t at = m->seen > OVERLAP ? m->seen - OVERLAP : 0;
	return at > least ? at : least;
}

/* The end of block behind from, or the end of s. */
static size_t block_end(struct span s, size_t from)
{
	struct rd r = rd_of(span_from(s, from));
	struct span body;
	return rd_until(&r, HL7_FS, &body) ? from + body.n : s.n;
}

/* UTF-16 may hold every byte: only an end of block with its CR counts, each in one byte or in two. */
static size_t wide_end(struct span s, size_t from)
{
	for (size_t at = block_end(s, from); at < s.n; at = block_end(s, at + 1))
		if (span_starts(span_from(s, at), SPAN_LIT("\x1C\x0D")) || span_starts(span_from(s, at), SPAN_LIT("\x1C\0\x0D")))
			return at;
	return s.n;
}

static struct frame message_frame(const struct message *m, size_t head, bool wide)
{
	struct span s = m->bytes;
	size_t from = resume(m, head + 3);
	size_t end = wide ? wide_end(s, from) : block_end(s, from);
	size_t next = wide ? end : hl7_next_start(span_cut(s, end), from);
	if (next < end)
		return FRAME_WHOLE(next);
	if (end < s.n)
		return FRAME_WHOLE(end + (span_starts(span_from(s, end), SPAN_LIT("\x1C\x0D")) ? 2 : 1));
	return m->closing || s.n >= FRAME_CAP ? FRAME_WHOLE(s.n) : FRAME_WAIT(m);
}

/* Not a message: everything up to the next start. Never waits, so that it is never buffered. */
static struct frame junk_frame(const struct message *m, const struct hl7_way *w)
{
	struct span s = m->bytes;
	if (!w->started && !w->skipping && w->junk > JUNK_MAX)
		return FRAME_NONE;
	size_t next = hl7_next_start(s, resume(m, 0));
	if (next < s.n || m->closing)
		return FRAME_WHOLE(next);
	for (size_t at = s.n > OVERLAP ? s.n - OVERLAP : 1; at < s.n; at++)
		if (s.p[at] == HL7_VT || s.p[at] == HL7_CR || s.p[at] == HL7_LF)
			return FRAME_WHOLE(at);
	return FRAME_WHOLE(s.n);
}

struct frame hl7_frame(const struct message *m, void *state)
{
	const struct state *st = state;
	struct hl7_lead lead = hl7_lead(m->bytes);
	if (lead.drop)
		return FRAME_WHOLE(lead.drop);
	switch (hl7_head(span_from(m->bytes, lead.head), NULL)) {
	case HL7_YES: return message_frame(m, lead.head, false);
	case HL7_WIDE: return message_frame(m, lead.head, true);
	case HL7_PART: return m->closing ? FRAME_WHOLE(m->bytes.n) : FRAME_WAIT(m);
	case HL7_NO:
	default: return junk_frame(m, &st->way[m->to_server]);
	}
}

/* ---- one message ---- */

static void header_segment(struct hl7_parse *p, struct span line)
{
	hl7_message_begin(p);
	p->way->started = true;
	record_bool(&p->out, HL7_MLLP, p->way->block);
	if (p->emit->host->shown)
		hl7_segment_show(p, line);
	hl7_header_read(p, line);
	if (p->wide)
		record_str(&p->out, HL7_CHARSET, "UTF-16");
}

/* Segments up to an end of block: one message, or a batch of them. */
static void block_read(struct hl7_parse *p, struct span text, bool cut)
{
	struct hl7_lines l = hl7_lines(text);
	struct span line;
	struct hl7_delims d;
	while (hl7_segment(&l, &line)) {
		uint8_t c = line.p[0];
		if ((c != 'M' && c != 'B' && c != 'F') || hl7_head(line, &d) != HL7_YES) {
			if (p->open)
				hl7_segment_read(p, line);
			continue;
		}
		hl7_message_finish(p);           /* a batch header has no message of its own */
		p->d = d;
		if (c == 'M')
			header_segment(p, line);
	}
	if (p->open && cut)
		record_bool(&p->out, HL7_CUT, true);
	hl7_message_finish(p);
}

/* A mark of the byte order may stand first. */
static void wide_read(struct hl7_parse *p, struct span s, bool cut)
{
	bool big = s.n && (s.p[0] == 0 || s.p[0] == 0xFE), marked = s.n && s.p[0] >= 0xFE;
	p->wide = true;
	block_read(p, utf16_all(span_from(s, marked ? 2 : 0), big, p->emit->host->arena), cut);
	p->wide = false;
}

/* Starts and ends of blocks and segments. */
static void frame_show(const struct message *m, struct emit *e)
{
	static const uint8_t controls[] = { HL7_VT, HL7_FS, HL7_CR, HL7_LF };
	for (struct span s = m->bytes; e->host->shown && s.n; s = span_from(s, 1))
		if (memchr(controls, s.p[0], sizeof(controls)))
			emit_shown(e, span_cut(s, 1));
}

bool hl7_decode(const struct message *m, void *state, struct emit *e, const struct hl7_dialect *dialect)
{
	struct state *st = state;
	struct hl7_way *w = &st->way[m->to_server];
	struct hl7_parse p UNSET;                /* large: hl7_message_begin and hl7_split set the rest */
	p.emit = e;
	p.dialect = dialect;
	p.way = w;
	p.open = p.wide = false;
	p.curves = &st->waveforms;
	vitals_begin(&p.vitals, e);
	struct span s = m->bytes;
	bool good = true, was_skipping = w->skipping;
	frame_show(m, e);
	while (s.n) {
		struct hl7_lead lead = hl7_lead(s);
		s = span_from(s, lead.head);
		w->block |= lead.block;
		if (!s.n)
			break;
		enum hl7_head h = hl7_head(s, NULL);
		bool wide = h == HL7_WIDE;
		size_t end = wide ? wide_end(s, 1) : h == HL7_YES ? block_end(s, 0) : hl7_next_start(s, 0);
		bool ended = end < s.n;
		if (wide || h == HL7_YES) {
			w->skipping = !ended && (m->cut || m->lost || m->bytes.n >= FRAME_CAP);
			(wide ? wide_read : block_read)(&p, span_cut(s, end), w->skipping);
		} else {
			good = !w->started || was_skipping;
			w->junk += (uint32_t)(w->started ? 0 : end);
		}
		if (ended && h != HL7_NO)
			w->block = false;
		s = span_from(s, end ? end : 1);
	}
	return good && (m->over != OVER_UDP || w->started);
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	static const struct hl7_dialect plain_hl7 = { .protocol = "hl7" };
	return hl7_decode(m, state, e, &plain_hl7);
}

static const struct record_type *const types[] = { &hl7_type, NULL };

const struct decoder decoder_hl7 = {
	.name = "hl7", .doc = "HL7 v2 messages, with and without MLLP (HL7 v2.9 chapter 2)",
	.over = OVER_TCP | OVER_UDP, .ports = { 2575, 6661, 4600, 4601, 511 }, .clinical = true,
	.server_is = "HL7 engine", .state_size = sizeof(struct state),
	.memo_size = sizeof(struct hl7_memo), .bid = bid, .frame = hl7_frame, .decode = decode, .types = types,
};
