/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HL7 v2 (HL7 v2.9; segments as in chapters 2, 3, 7 and 17), with MLLP (HL7 transport specification,
 * release 1) and without, on any port and with whatever delimiters MSH declares. One record for each
 * message, one vitals record for each numeric observation. Without MLLP nothing marks the end of a
 * message: it ends where the next one starts, or when the conversation closes. */
#include "base/scope.h"
#include "decode/hl7.h"
#include "decode/hl7_text.h"
#include "decode/utf16.h"

enum {
	BID_HEAD = 1024,                         /* a header segment is shorter */
	BID_TEXT = 32,                           /* bytes that must be text where no header stands */
	JUNK_MAX = 64 * 1024,                    /* no header in this much: not HL7 */
	OVERLAP = HL7_HEAD_MAX + 1,              /* seen bytes that may be the start of what ends the message */
	FIELDS_MAX = 50,                         /* highest field that is looked at, and one */
	REPEATS_MAX = 16, KNOWN = 256, KNOWN_TEXT = 104, SHAPES = 256, SHAPE_TEXT = 144, FLAG_MAX = 2,
	VITALS_MAX = 4096, PATIENTS_MAX = 256, DEVICES_MAX = 32,
	LABEL_MAX = 32, CODE_MAX = 64, ID_MAX = 128,
	HEADER_TEXT = 160, HEADER_FIELDS = 7, HEADER_FRONT = 4, HEADER_KIND = 5,
};

enum {
	MESSAGE_TYPE, CONTROL_ID, VERSION, SENDING_APP, SENDING_FACILITY, RECEIVING_APP, RECEIVING_FACILITY, CHARSET,
	MLLP, CUT, ACK_CODE, ACKED_ID, SEGMENTS, OBSERVATIONS, WAVEFORMS, PART, IDENTITY, DEVICE_ID, DEVICE_SPACE,
	DEVICE_LIST, UDI, MAKER, MODEL, FIRMWARE, SOFTWARE, PATIENT_ID, PATIENT_NAME, BIRTH_DATE, SEX, ADDRESS, PHONE, SSN,
	ACCOUNT, NEXT_OF_KIN, GUARANTOR, INSURANCE, PHYSICIAN, BED, DEPARTMENT, VISIT, STUDY, NOTE, FIELDS
};

static const struct field fields[FIELDS] = {
	[MESSAGE_TYPE] = { "message_type", F_TEXT, "type and trigger event, as ADT^A01 (MSH-9)" },
	[CONTROL_ID] = { "control_id", F_TEXT, "number that the sender gave the message (MSH-10)" },
	[VERSION] = { "version", F_TEXT, "version of HL7 (MSH-12)" },
	[SENDING_APP] = { "sending_app", F_TEXT, "application that sends (MSH-3)", .clue = CLUE_APPLICATION },
	[SENDING_FACILITY] = { "sending_facility", F_TEXT, "where it stands (MSH-4)", .clue = CLUE_FACILITY },
	[RECEIVING_APP] = { "receiving_app", F_TEXT, "application it is for (MSH-5)", .clue = CLUE_APPLICATION | CLUE_PEER },
	[RECEIVING_FACILITY] = { "receiving_facility", F_TEXT, "where that stands (MSH-6)",
		.clue = CLUE_FACILITY | CLUE_PEER },
	[CHARSET] = { "charset", F_TEXT, "character set (MSH-18); UTF-16 when the bytes show it" },
	[MLLP] = { "mllp", F_BOOL, "the message stands in an MLLP block" },
	[CUT] = { "cut", F_BOOL, "only the head of the message was there to read" },
	[ACK_CODE] = { "ack_code", F_TEXT, "answer to an earlier message: AA, AE, AR, CA, CE or CR (MSA-1)" },
	[ACKED_ID] = { "acked_id", F_TEXT, "control id of that message (MSA-2)" },
	[SEGMENTS] = { "segments", F_UINT, "segments in the message" },
	[OBSERVATIONS] = { "observations", F_UINT, "numeric observations in the message (OBX)" },
	[WAVEFORMS] = { "waveforms", F_UINT, "curves in the message (OBX of type NA or MA)" },
	[PART] = { "part", F_UINT, "2, 3 …: a further patient of the same message" },
	[IDENTITY] = { "identity_segments", F_TEXTS, "segments that hold a person's data in this message" },
	[DEVICE_ID] = { "device_id", F_TEXT, "the one measuring device that the message names (PRT-20, PRT-10, OBX-18)",
		.clue = CLUE_SERIAL },
	[DEVICE_SPACE] = { "device_namespace", F_TEXT, "who gave that device its id (second component)" },
	[DEVICE_LIST] = { "devices", F_TEXTS, "every measuring device that the message names" },
	[UDI] = { "udi", F_TEXT, "unique device identifier of its label (PRT-16)" },
	[MAKER] = { "maker", F_TEXT, "maker of the device (OBX of MDC_ID_MODEL_MANUFACTURER)", .clue = CLUE_MAKER },
	[MODEL] = { "model", F_TEXT, "model of the device (OBX of MDC_ID_MODEL_NUMBER)", .clue = CLUE_MODEL },
	[FIRMWARE] = { "firmware", F_TEXT, "version of its software (OBX of MDC_ID_PROD_SPEC_SW or _FW)",
		.clue = CLUE_VERSION },
	[SOFTWARE] = { "software", F_TEXT, "product that made the message (SFT-3)", .clue = CLUE_SYSTEM },
	[PATIENT_ID] = { "patient_id", F_TEXT, "patient number (PID-3, else PID-2, PID-4)", .privacy = PATIENT },
	[PATIENT_NAME] = { "patient_name", F_TEXT, "patient's name (PID-5)", .privacy = PATIENT },
	[BIRTH_DATE] = { "birth_date", F_TEXT, "date of birth (PID-7)", .privacy = PATIENT },
	[SEX] = { "sex", F_TEXT, "sex (PID-8)", .privacy = PATIENT },
	[ADDRESS] = { "address", F_TEXT, "address (PID-11)", .privacy = PATIENT },
	[PHONE] = { "phone", F_TEXT, "telephone or mail (PID-13, PID-14)", .privacy = PATIENT },
	[SSN] = { "ssn", F_TEXT, "national number (PID-19) or licence (PID-20)", .privacy = PATIENT },
	[ACCOUNT] = { "account", F_TEXT, "account number (PID-18)", .privacy = PATIENT },
	[NEXT_OF_KIN] = { "next_of_kin", F_TEXT, "next of kin (NK1), mother (PID-6)", .privacy = PATIENT },
	[GUARANTOR] = { "guarantor", F_TEXT, "who pays (GT1)", .privacy = PATIENT },
	[INSURANCE] = { "insurance", F_TEXT, "policy number or insured person (IN1)", .privacy = PATIENT },
	[PHYSICIAN] = { "physician", F_TEXT, "a doctor or nurse (PV1-7 to 9, OBR-16, ORC-12 …)", .privacy = PATIENT },
	[BED] = { "bed", F_TEXT, "room and bed (PV1-3)", .privacy = PATIENT },
	[DEPARTMENT] = { "department", F_TEXT, "ward (PV1-3)", .privacy = PATIENT },
	[VISIT] = { "visit", F_TEXT, "visit number (PV1-19)", .privacy = PATIENT },
	[STUDY] = { "study", F_TEXT, "order or accession number (OBR-3, OBR-2, ORC-3, ORC-2)", .privacy = PATIENT },
	[NOTE] = { "note", F_TEXT, "free text (NTE-3, OBX of type TX, FT or ED), diagnosis, allergy", .privacy = PATIENT },
};
static RECORD_TYPE(hl7_type, "hl7", "HL7 v2 message", fields);

/* ---- what is remembered of a conversation, a copy for each direction ---- */

/* What the latest header said but for its time (MSH-7) and number (MSH-10): the three pieces around them behind each
 * other, and where in its piece each of header_fields stands. Not of headers with MSH-8: it may be a password. */
struct header {
	uint8_t nfront, nkind, nrest;            /* bytes of the pieces; nfront 0: nothing is kept */
	uint8_t at[HEADER_FIELDS], n[HEADER_FIELDS];
	uint8_t said[HEADER_TEXT];
};

struct way {
	uint32_t junk;                           /* bytes before the first message */
	bool started;                            /* a message was seen */
	bool skipping;                           /* behind the head of a message that was too long */
	bool block;                              /* in an MLLP block that several messages share */
	uint16_t shape;                          /* of the first observation of the latest message */
	struct header header;
};

struct state {
	struct way way[2];
	struct waveforms waveforms;
};
_Static_assert(sizeof(struct state) <= HL7_STATE, "told too small in hl7.h");

/* ---- what is remembered of all conversations ---- */

struct coded {
	struct span name, code;
	const char *system;
};

/* What one OBX-3 and one OBX-6 mean: a device sends the same few all day. The spans are of the two or of tables. */
struct meant {
	bool is_coded;                           /* false: no observation that has a name */
	struct coded coded;
	struct span unit;
	struct vital_meaning meaning;
};

struct known {
	struct hl7_delims d;
	uint8_t ncode, nunit;                    /* bytes of the two in said, which is cut nowhere; ncode 0: free */
	struct meant meant;                      /* its spans are of said */
	uint8_t said[KNOWN_TEXT];
};

/* An OBX as it comes with every message: all that stands before its value and, up to OBX-13, behind it. Kept of those
 * in which this is codes, units, numbers and flags: nothing else may stay when the message goes. */
struct shape {
	uint8_t nbefore, nbehind;                /* bytes in said; nbefore 0: free */
	uint8_t sub_at, nsub;                    /* OBX-4, when it is a number */
	bool ends;                               /* no OBX-14 */
	uint16_t next;                           /* which came behind it last */
	struct meant meant;                      /* its spans are of said */
	uint8_t said[SHAPE_TEXT];
};

struct memo {
	struct known known[KNOWN];
	struct shape shapes[SHAPES];
};
_Static_assert(sizeof(struct memo) <= HL7_MEMO, "told too small in hl7.h");

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
static struct frame junk_frame(const struct message *m, const struct way *w)
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

struct parse {
	struct emit *emit;
	const struct hl7_dialect *dialect;
	struct way *way;
	struct waveforms *curves;
	struct hl7_delims d;
	struct record out;
	bool open;                               /* out holds a message that is not published yet */
	bool wide;                               /* it came in UTF-16 */
	bool personal;                           /* the segment at hand holds a person's data */
	bool many_devices;
	uint8_t device_from;                     /* enum source of DEVICE_ID, 0: none */
	uint32_t segments, observations, waveforms, patients;
	uint64_t identity;                       /* bit i: segments[i] held a person's data */
	struct span observed;                    /* OBR-7: time of what follows */
	struct span said_time, time;             /* of the observation before: each of a message repeats it */
	struct span device, device_id;           /* OBX-18 that was read last, and the id in it */
	struct shape *shape;                     /* of the OBX before; NULL: it has none */
	struct span behind;                      /* OBX-14 and what follows, of the OBX before */
	bool has_device;                         /* and whether it names one */
	uint32_t told_at;                        /* number of the segment that the latest vital sign is from */
	struct vitals vitals;
	struct span f[FIELDS_MAX + 1];           /* of the segment at hand, as far as its row in segments[] goes */
};

/* A person's datum. The first one stays; all are told to the host as they become tokens, so that
 * none is left in exported evidence. */
static void person(struct parse *p, unsigned field, struct span s)
{
	s = hl7_value(s, &p->d);
	if (!s.n)
		return;
	p->personal = true;
	bool had = record_has(&p->out, field);
	struct value first = p->out.v[field];
	record_text(&p->out, field, s);
	if (had)
		p->out.v[field] = first;
}

/* A few marks, the usual ones first: quicker than a call, for every byte that is neither letter nor digit. */
static bool is_among(uint8_t c, const char *also)
{
	while (*also && (uint8_t)*also != c)
		also++;
	return *also != '\0';
}

/* Plain text from a place that could hold anything when fields are shifted: only if every byte is a
 * letter, a digit or one of also. */
static struct span plain(struct span s, size_t max, const char *also)
{
	if (s.n > max)
		return (struct span){ 0 };
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i], low = c | 0x20;
		if (!((c >= '0' && c <= '9') || (low >= 'a' && low <= 'z')) && !is_among(c, also))
			return (struct span){ 0 };
	}
	return s;
}

static bool is_numeral(struct span s, const char *also)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') && !is_among(s.p[i], also))
			return false;
	return s.n > 0;
}

/* The name of an HD or EI: its first component, else the universal id. */
static struct span named(const struct parse *p, struct span s)
{
	struct span first = hl7_value(hl7_part(s, p->d.component, 1), &p->d);
	return span_cut(first.n ? first : hl7_value(hl7_part(s, p->d.component, 2), &p->d), ID_MAX);
}

static void message_finish(struct parse *p)
{
	vitals_tell(&p->vitals);
	if (!p->open)
		return;
	p->open = false;
	record_uint(&p->out, SEGMENTS, p->segments);
	if (p->observations)
		record_uint(&p->out, OBSERVATIONS, p->observations);
	if (p->waveforms)
		record_uint(&p->out, WAVEFORMS, p->waveforms);
	/* Who speaks for several devices is none of them. One after the other, the device table sees it. */
	if (p->many_devices)
		p->out.set &= ~((uint64_t)1 << DEVICE_ID | (uint64_t)1 << DEVICE_SPACE | (uint64_t)1 << UDI |
		                (uint64_t)1 << MAKER | (uint64_t)1 << MODEL | (uint64_t)1 << FIRMWARE);
	emit_record(p->emit, &p->out);
}

/* A second PID in a message starts the next patient: published apart, so that each one counts. */
static void patient_begin(struct parse *p)
{
	if (!record_has(&p->out, PATIENT_ID) && !record_has(&p->out, PATIENT_NAME))
		return;
	if (++p->patients >= PATIENTS_MAX)
		return;
	message_finish(p);
	for (unsigned i = SEGMENTS; i < FIELDS; i++)
		p->out.set &= ~((uint64_t)1 << i);
	record_uint(&p->out, PART, p->patients + 1);
	p->open = true;
	p->segments = p->observations = p->waveforms = 0;
	p->identity = 0;
	p->many_devices = false;
	p->device_from = 0;
	p->observed = p->device = p->said_time = p->time = (struct span){ 0 };
	p->shape = NULL;
	p->told_at = 0;
}

/* In front of MSH-7 the first HEADER_FRONT, then up to MSH-10, then behind it. */
static const uint8_t header_fields[HEADER_FIELDS] = {
	SENDING_APP, SENDING_FACILITY, RECEIVING_APP, RECEIVING_FACILITY, MESSAGE_TYPE, VERSION, CHARSET,
};

static struct span header_piece(unsigned field, struct span front, struct span kind, struct span rest)
{
	return field < HEADER_FRONT ? front : field < HEADER_KIND ? kind : rest;
}

static void header_read(struct parse *p, const struct span *f)
{
	/* MSH-1 is the separator itself: MSH-n is f[n - 1]. */
	const struct hl7_delims *d = &p->d;
	struct span first = hl7_first(f[8], d->component), second = hl7_part(f[8], d->component, 2);
	struct span type = plain(hl7_value(first, d), LABEL_MAX, "_");
	struct span trigger = plain(hl7_value(second, d), LABEL_MAX, "_");
	if (!type.n || !trigger.n) {
		record_text(&p->out, MESSAGE_TYPE, type);
	} else if (d->component == '^' && type.n == first.n && trigger.n == second.n) {
		record_text(&p->out, MESSAGE_TYPE, span_cut(f[8], first.n + 1 + second.n));
	} else {
		const char *both = arena_printf(p->emit->host->arena, "%.*s^%.*s", (int)type.n, (const char *)type.p,
		                                (int)trigger.n, (const char *)trigger.p);
		record_str(&p->out, MESSAGE_TYPE, both);
	}
	record_text(&p->out, SENDING_APP, named(p, f[2]));
	record_text(&p->out, SENDING_FACILITY, named(p, f[3]));
	record_text(&p->out, RECEIVING_APP, named(p, f[4]));
	record_text(&p->out, RECEIVING_FACILITY, named(p, f[5]));
	record_text(&p->out, CONTROL_ID, span_cut(hl7_value(f[9], d), ID_MAX));
	record_text(&p->out, VERSION, plain(hl7_value(hl7_first(f[11], d->component), d), LABEL_MAX, "."));
	record_text(&p->out, CHARSET, plain(hl7_value(hl7_first(f[17], d->repetition), d), LABEL_MAX, " ._/-"));
}

/* f: what header_read was given. */
static void header_keep(struct parse *p, struct span line, const struct span *f)
{
	struct header *h = &p->way->header;
	h->nfront = 0;
	if (p->emit->host->shown || !f[10].p || f[7].n)
		return;
	struct span front = span_cut(line, (size_t)(f[6].p - line.p));
	struct span kind = span_cut(span_from(line, (size_t)(f[7].p - line.p)), (size_t)(f[9].p - f[7].p));
	struct span rest = span_from(line, (size_t)(f[10].p - line.p));
	if (front.n + kind.n + rest.n > HEADER_TEXT)
		return;
	for (unsigned i = 0; i < HEADER_FIELDS; i++) {
		struct span text = record_get_text(&p->out, header_fields[i]);
		struct span piece = header_piece(i, front, kind, rest);
		uintptr_t at = (uintptr_t)text.p - (uintptr_t)piece.p;
		if (text.n && at >= piece.n)
			return;                  /* it was put together of two */
		h->at[i] = text.n ? (uint8_t)at : 0;
		h->n[i] = (uint8_t)text.n;
	}
	memcpy(h->said, front.p, front.n);
	memcpy(h->said + front.n, kind.p, kind.n);
	memcpy(h->said + front.n + kind.n, rest.p, rest.n);
	h->nfront = (uint8_t)front.n;
	h->nkind = (uint8_t)kind.n;
	h->nrest = (uint8_t)rest.n;
}

/* The header as the latest one but for time and number. False, and nothing was set: it is another. */
static bool header_again(struct parse *p, struct span line)
{
	const struct header *h = &p->way->header;
	struct span time, id, said = span_of(h->said, HEADER_TEXT);
	struct rd r = rd_of(line);
	struct span front = rd_span(&r, h->nfront);
	if (p->emit->host->shown || !front.n || !span_eq(front, span_cut(said, front.n)) ||
	    !rd_until(&r, p->d.field, &time))
		return false;
	struct span kind = rd_span(&r, h->nkind);
	if (!rd_ok(&r) || !span_eq(kind, span_cut(span_from(said, front.n), kind.n)) || !rd_until(&r, p->d.field, &id))
		return false;
	struct span rest = rd_rest(&r);
	if (!span_eq(rest, span_cut(span_from(said, front.n + kind.n), h->nrest)))
		return false;
	for (unsigned i = 0; i < HEADER_FIELDS; i++)
		if (h->n[i])                     /* as record_text left it: nothing is to be trimmed */
			record_slot(&p->out, header_fields[i], F_TEXT)->text =
				span_cut(span_from(header_piece(i, front, kind, rest), h->at[i]), h->n[i]);
	record_text(&p->out, CONTROL_ID, span_cut(hl7_value(id, &p->d), ID_MAX));
	return true;
}

static void msh(struct parse *p, struct span line)
{
	struct span f[18] UNSET;
	if (header_again(p, line))
		return;
	hl7_split(line, p->d.field, f, ARRAY_LEN(f));
	header_read(p, f);
	header_keep(p, line, f);
}

static void msa(struct parse *p, struct span line, const struct span *f)
{
	(void)line;
	record_text(&p->out, ACK_CODE, plain(hl7_value(f[1], &p->d), LABEL_MAX, ""));
	record_text(&p->out, ACKED_ID, span_cut(hl7_value(f[2], &p->d), ID_MAX));
}

static void sft(struct parse *p, struct span line, const struct span *f)
{
	(void)line;
	if (!record_has(&p->out, SOFTWARE))      /* the first one made the message, others passed it on */
		record_text(&p->out, SOFTWARE, named(p, f[3]));
}

static void pv1(struct parse *p, struct span line, const struct span *f)
{
	(void)line;
	struct span ward = hl7_first(f[3], p->d.component);
	person(p, DEPARTMENT, ward);
	struct span room = span_from(f[3], ward.n + 1), number = hl7_part(room, p->d.component, 2);
	size_t n = hl7_first(room, p->d.component).n;
	person(p, BED, span_cut(room, number.n ? n + 1 + number.n : n));
}

/* ---- devices ---- */

enum source { FROM_OBX = 1, FROM_PRT, FROM_SERIAL };

static void device_listed(struct parse *p, struct span id)
{
	struct texts list = record_has(&p->out, DEVICE_LIST) ? p->out.v[DEVICE_LIST].texts : (struct texts){ 0 };
	for (uint32_t i = 0; i < list.n; i++)
		if (span_eq(list.v[i], id))
			return;
	if (list.n < DEVICES_MAX)
		record_add_text(&p->out, DEVICE_LIST, id);
}

/* The better source wins; two ids from the same source are two devices. */
static void device_named(struct parse *p, enum source from, struct span id, struct span space)
{
	id = span_cut(hl7_value(id, &p->d), ID_MAX);
	if (!id.n)
		return;
	device_listed(p, id);
	if (from == p->device_from && !span_eq(record_get_text(&p->out, DEVICE_ID), id))
		p->many_devices = true;
	if (from <= p->device_from)
		return;
	p->device_from = (uint8_t)from;
	record_text(&p->out, DEVICE_ID, id);
	record_text(&p->out, DEVICE_SPACE, span_cut(hl7_value(space, &p->d), ID_MAX));
}

/* EI, may repeat: entity id ^ namespace ^ universal id ^ its type. */
static void device_entity(struct parse *p, enum source from, struct span field)
{
	for (int k = 0; k < REPEATS_MAX && field.n; k++) {
		struct span one = hl7_first(field, p->d.repetition), f[3];
		hl7_split(one, p->d.component, f, ARRAY_LEN(f));
		device_named(p, from, f[0].n ? f[0] : f[2], f[1]);
		field = span_from(field, one.n + 1);
	}
}

/* PRT (HL7 v2.9 §7.3.4): PRT-10 device, PRT-16 UDI, PRT-20 serial number. In a UDI of GS1 the serial
 * number stands behind (21). */
static void prt(struct parse *p, struct span line, const struct span *f)
{
	(void)line;
	struct span udi = plain(hl7_value(hl7_first(f[16], p->d.component), &p->d), ID_MAX, "()+-/.,%$=&!*_:;<>?'\"");
	struct span serial = hl7_value(f[20], &p->d);
	for (size_t i = 0; !serial.n && i < udi.n; i++)
		if (span_starts(span_from(udi, i), SPAN_LIT("(21)")))
			serial = hl7_first(span_from(udi, i + 4), '(');
	device_entity(p, FROM_PRT, f[10]);
	device_named(p, FROM_SERIAL, serial, (struct span){ 0 });
	if (!udi.n)
		return;
	if (record_has(&p->out, UDI))
		p->many_devices |= !span_eq(record_get_text(&p->out, UDI), udi);
	else
		record_text(&p->out, UDI, udi);
}

/* IEEE 11073-10101 attributes of a device, sent as observations (IHE PCD TF-2 appendix). */
static bool device_attribute(struct parse *p, const struct span *f)
{
	static const struct { const char *code, *name; uint8_t field; } known[] = {
		{ "531969", "MDC_ID_MODEL_NUMBER", MODEL }, { "531970", "MDC_ID_MODEL_MANUFACTURER", MAKER },
		{ "531972", "MDC_ID_PROD_SPEC_SERIAL", DEVICE_ID }, { "531975", "MDC_ID_PROD_SPEC_SW", FIRMWARE },
		{ "531976", "MDC_ID_PROD_SPEC_FW", FIRMWARE },
	};
	if (!span_starts(f[3], SPAN_LIT("5319")) && !span_starts(f[3], SPAN_LIT("MDC_ID_")))
		return false;
	struct span code = hl7_first(f[3], p->d.component);
	struct span said = span_cut(hl7_value(hl7_first(f[5], p->d.component), &p->d), ID_MAX);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		unsigned field = known[i].field;
		if (!span_is(code, known[i].code) && !span_is(code, known[i].name))
			continue;
		if (field == DEVICE_ID)
			device_named(p, FROM_SERIAL, said, (struct span){ 0 });
		else if (!record_has(&p->out, field))
			record_text(&p->out, field, said);
		else if (field != FIRMWARE)      /* a device has several versions, but one model */
			p->many_devices |= !span_eq(record_get_text(&p->out, field), said);
		return true;
	}
	return false;
}

/* ---- observations ---- */

static const char *system_name(struct span s)
{
	if (span_is(s, "LN") || span_is(s, "LOINC"))
		return "LOINC";
	return span_is(s, "MDC") || span_starts(s, SPAN_LIT("ISO/IEEE 11073")) ? "MDC" : NULL;
}

/* The sender's own name for what it measures: short and printable, else its code. */
static struct span label_of(struct span text, struct span code)
{
	if (text.n == 0 || text.n > LABEL_MAX)
		return code;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < ' ' || text.p[i] == 0x7F)
			return code;
	return text;
}

/* One half of OBX-3: a code, its text, its system. sure: only what the norms know. */
static bool half_coded(const struct span *f, bool sure, struct coded *out)
{
	struct span code = plain(f[0], CODE_MAX, "-_.:");
	const char *system = system_name(f[2]);
	const char *name = code.n ? vitals_name(code) : NULL;
	if (!name && span_starts(f[1], SPAN_LIT("MDC_")))
		name = vitals_name(f[1]);
	if (!name && sure)
		return false;
	if (!name && !system)
		name = vitals_label(f[0]);
	if (!name && !system)
		name = vitals_label(f[1]);
	if (!code.n && !name)
		return false;
	if (!system && sure)
		system = code.n && memchr(code.p, '-', code.n) ? "LOINC" : "MDC";
	*out = (struct coded){ name ? span_str(name) : label_of(f[1], code), code, system ? system : "vendor" };
	return true;
}

/* CWE: code ^ text ^ system ^ other code ^ other text ^ other system. A code of the norms is better
 * than a declared system, and that is better than the sender's own. */
static bool observation_coded(const struct parse *p, struct span obx3, struct coded *out)
{
	struct span f[6];
	hl7_split(obx3, p->d.component, f, ARRAY_LEN(f));
	if (half_coded(f, true, out) || half_coded(f + 3, true, out))
		return true;
	return half_coded(system_name(f[5]) && !system_name(f[2]) ? f + 3 : f, false, out);
}

/* NM, or SN (comparator ^ number ^ separator ^ number), or a number sent as text; "120/80" is two. */
static int observation_values(const struct parse *p, const struct span *f, double v[2])
{
	struct span one = hl7_first(f[5], p->d.repetition), two = { 0 };
	if (span_is(f[2], "SN")) {
		struct span sn[4];
		hl7_split(one, p->d.component, sn, ARRAY_LEN(sn));
		one = sn[1];
		if (span_is(sn[2], "/"))
			two = sn[3];
		else if (sn[2].n)
			return 0;                /* a ratio, a range, "more than" */
	} else if (p->d.field != '/') {
		struct span first = hl7_first(one, '/');
		two = span_from(one, first.n + 1);
		one = first;
	}
	if (!hl7_number(one, &v[0]))
		return 0;
	if (!two.n)
		return 1;
	return hl7_number(two, &v[1]) ? 2 : 0;
}

static struct span unit_of(const struct parse *p, struct span obx6)
{
	struct span code = hl7_value(hl7_part(obx6, p->d.component, 1), &p->d);
	struct span text = hl7_value(hl7_part(obx6, p->d.component, 2), &p->d);
	return plain(is_numeral(code, "") && text.n ? text : code, LABEL_MAX, "_/%[].*'{}^-\xC2\xB0\xB5");
}

/* Not keyed: whoever chooses the bytes can only make us work them out again. */
static uint32_t known_hash(struct span s, uint32_t h)
{
	struct rd r = rd_of(s);
	while (rd_left(&r) > 8)
		h = (h ^ (uint32_t)(rd_le64(&r) * UINT64_C(0x9e3779b97f4a7c15) >> 32)) * 16777619u;
	return (h ^ (uint32_t)(span_last8(s) * UINT64_C(0x9e3779b97f4a7c15) >> 32)) * 16777619u;
}

static bool delims_eq(const struct hl7_delims *a, const struct hl7_delims *b)
{
	return a->field == b->field && a->component == b->component && a->repetition == b->repetition &&
	       a->subcomponent == b->subcomponent;
}

static void work_out(const struct parse *p, struct span code, struct span unit, struct meant *m)
{
	m->is_coded = observation_coded(p, code, &m->coded);
	m->unit = unit_of(p, unit);
	if (m->is_coded)
		m->meaning = vitals_meaning(m->coded.name, m->unit);
}

/* What the two fields mean, from the memo if it is there. Evidence export asks where texts stand in the message: then
 * nothing may be taken from elsewhere. NULL: no observation. */
static const struct meant *meant_of(struct parse *p, struct span code, struct span unit, struct meant *scratch)
{
	struct memo *memo = p->emit->memo;
	if (!memo || p->emit->host->shown || code.n + unit.n > KNOWN_TEXT || !code.n) {
		work_out(p, code, unit, scratch);
		return scratch->is_coded ? scratch : NULL;
	}
	struct known *k = &memo->known[(known_hash(unit, known_hash(code, 2166136261u)) >> 8) % KNOWN];
	struct span said_code = span_of(k->said, k->ncode), said_unit = span_from(span_of(k->said, KNOWN_TEXT), k->ncode);
	if (!span_eq(said_code, code) || !span_eq(span_cut(said_unit, k->nunit), unit) || !delims_eq(&k->d, &p->d)) {
		vitals_tell(&p->vitals);         /* they may be of what this was */
		k->d = p->d;
		k->ncode = (uint8_t)code.n;
		k->nunit = (uint8_t)unit.n;
		memcpy(k->said, code.p, code.n);
		if (unit.n)
			memcpy(k->said + code.n, unit.p, unit.n);
		work_out(p, span_of(k->said, code.n), span_of(k->said + code.n, unit.n), &k->meant);
	}
	return k->meant.is_coded ? &k->meant : NULL;
}

/* OBX-14, else OBR-7: a time, or nothing. */
static struct span time_of(struct parse *p, struct span obx14)
{
	struct span said = hl7_first(obx14.n ? obx14 : p->observed, p->d.component);
	if (p->emit->host->shown || !span_eq(said, p->said_time)) {
		p->said_time = said;
		p->time = is_numeral(said, ".+-") ? span_cut(said, LABEL_MAX) : (struct span){ 0 };
	}
	return p->time;
}

/* One observation of n values, 1 or 2. */
static void observation_tell(struct parse *p, const struct meant *m, const double *v, int n, struct span sub_id,
			     struct span device)
{
	struct span name = m->coded.name;
	struct vital out = {
		.protocol = p->dialect->protocol, .name = name, .code = m->coded.code, .system = span_str(m->coded.system),
		.value = v[0], .unit = m->unit, .sub_id = sub_id, .device_time = p->time,
		.subject = record_get_token(&p->out, PATIENT_ID), .bed = record_get_token(&p->out, BED),
		.device = device, .meaning = &m->meaning,
	};
	if (p->dialect->keep && !p->dialect->keep(&out))
		return;
	struct vital_meaning meaning;
	bool art = span_starts(name, SPAN_LIT("art"));
	if (n == 2 && !art && !span_starts(name, SPAN_LIT("nibp")))
		return;                          /* a ratio, a titre */
	if (n == 2)
		out.name = span_str(art ? "art_sys" : "nibp_sys");
	if (n == 2 || p->dialect->keep) {        /* of another name, maybe another unit */
		meaning = vitals_meaning(out.name, out.unit);
		out.meaning = &meaning;
	}
	vitals_add(&p->vitals, &out);
	if (n == 1 || !emit_wants(p->emit, &vitals_type))
		return;
	out.name = span_str(art ? "art_dia" : "nibp_dia");
	out.value = v[1];
	meaning = vitals_meaning(out.name, out.unit);
	vitals_add(&p->vitals, &out);
}

/* ---- observations that come again ---- */

static bool is_number_or_none(struct span s, const char *also)
{
	return !s.n || is_numeral(s, also);
}

/* With other delimiters than the usual ones a number might hold one. Evidence export asks for all that stands there. */
static bool has_shapes(const struct parse *p)
{
	const struct hl7_delims usual = { '|', '^', '~', '\\', '&' };
	return p->emit->memo && !p->emit->host->shown && delims_eq(&p->d, &usual);
}

/* See struct shape. */
static bool may_have_shape(const struct parse *p, const struct span *f)
{
	if (!has_shapes(p) || !span_is(f[2], "NM") || !is_number_or_none(f[1], "") ||
	    !is_number_or_none(f[4], ".&_-") || f[4].n > LABEL_MAX || !is_number_or_none(f[7], " .-<>") ||
	    !is_number_or_none(f[12], ""))
		return false;
	for (unsigned i = 8; i <= 13; i++)
		if (i != 12 && f[i].n > FLAG_MAX)
			return false;
	return true;
}

/* The shape of a line that was read field by field, remembered as what came behind the one before it. */
static struct shape *shape_of(struct parse *p, struct shape *last, struct span line, const struct span *f)
{
	struct memo *memo = p->emit->memo;
	size_t nbefore = (size_t)(f[5].p - line.p);
	struct span before = span_cut(line, nbefore), behind = span_from(line, nbefore + f[5].n);
	behind = f[14].p ? span_cut(behind, (size_t)(f[14].p - behind.p)) : behind;
	if (before.n + behind.n > SHAPE_TEXT)
		return NULL;
	uint16_t i = (known_hash(behind, known_hash(before, 2166136261u)) >> 8) % SHAPES;
	struct shape *h = &memo->shapes[i];
	*(last ? &last->next : &p->way->shape) = i;
	struct span old_before = span_of(h->said, h->nbefore), old_behind = span_of(h->said + h->nbefore, h->nbehind);
	if (span_eq(old_before, before) && span_eq(old_behind, behind) && h->ends == !f[14].p)
		return h;
	vitals_tell(&p->vitals);
	h->nbefore = (uint8_t)before.n;
	h->nbehind = (uint8_t)behind.n;
	h->sub_at = (uint8_t)(f[4].p - line.p);
	h->nsub = (uint8_t)f[4].n;
	h->ends = !f[14].p;
	h->next = i;
	memcpy(h->said, before.p, before.n);
	if (behind.n)
		memcpy(h->said + before.n, behind.p, behind.n);
	struct span unit = f[6].n ? span_of(h->said + before.n + (f[6].p - behind.p), f[6].n) : f[6];
	work_out(p, span_of(h->said + (f[3].p - line.p), f[3].n), unit, &h->meant);
	return h;
}

/* last: the shape of the OBX before. */
static void observation(struct parse *p, struct span line, const struct span *f, struct shape *last)
{
	struct meant scratch UNSET;
	double v[2];
	if (!emit_wants(p->emit, &vitals_type))
		return;
	int n = observation_values(p, f, v);
	const struct meant *m = n ? meant_of(p, f[3], f[6], &scratch) : NULL;
	if (!m || ++p->observations > VITALS_MAX)
		return;
	(void)time_of(p, f[14]);
	p->has_device = f[18].n;
	if (n == 1 && may_have_shape(p, f)) {
		p->shape = shape_of(p, last, line, f);
		p->behind = f[14].p ? span_from(line, (size_t)(f[14].p - line.p)) : (struct span){ 0 };
	}
	struct span sub_id = is_numeral(f[4], ".&_-") ? span_cut(f[4], LABEL_MAX) : (struct span){ 0 };
	observation_tell(p, p->shape ? &p->shape->meant : m, v, n, sub_id, f[18].n ? p->device_id : (struct span){ 0 });
	if (p->shape)
		p->told_at = p->segments;
}

/* OBX-5 of type NA or MA: numbers, cut by components and repetitions (HL7 v2.9 2A.2.1, IHE PCD WCM). */
static void curve(struct parse *p, const struct span *f)
{
	struct waveform_feed feed;
	struct span code = plain(hl7_part(f[3], p->d.component, 1), LABEL_MAX, "_-."), values = f[5];
	bool is_mdc = code.n == 6 && is_numeral(code, "");
	uint32_t mdc = 0;
	double v;
	for (size_t i = 0; is_mdc && i < code.n; i++)
		mdc = mdc * 10 + (uint32_t)(code.p[i] - '0');
	const struct waveform of = {
		.protocol = p->dialect->protocol, .mdc = mdc, .code = code,
		.sub_id = is_numeral(f[4], ".&_-") ? span_cut(f[4], LABEL_MAX) : (struct span){ 0 },
		.subject = record_get_token(&p->out, PATIENT_ID), .bed = record_get_token(&p->out, BED),
		.device = f[18].n ? p->device_id : (struct span){ 0 },
	};
	p->waveforms++;
	vitals_tell(&p->vitals);
	if (!waveform_begin(&feed, p->emit, p->curves, &of, values))
		return;
	for (size_t at = 0, n = 0; at <= values.n; at += n + 1) {
		struct span rest = span_from(values, at);
		for (n = 0; n < rest.n && rest.p[n] != p->d.component && rest.p[n] != p->d.repetition; n++)
			continue;
		if (hl7_number(span_cut(rest, n), &v) && v > -1e12 && v < 1e12)
			waveform_sample(&feed, (int64_t)(v * 1000));
	}
}

/* Each observation of a message repeats it. */
static void device_observed(struct parse *p, struct span obx18)
{
	if (!obx18.n || span_eq(obx18, p->device))
		return;
	device_entity(p, FROM_OBX, obx18);
	p->device = obx18;
	struct span first = hl7_first(hl7_first(obx18, p->d.repetition), p->d.component);
	p->device_id = span_cut(hl7_value(first, &p->d), ID_MAX);
}

static void obx(struct parse *p, struct span line, const struct span *f)
{
	struct span type = f[2];
	struct shape *last = p->shape;
	p->shape = NULL;
	device_observed(p, f[18]);
	if (span_is(type, "NM") || span_is(type, "SN") || type.n == 0)
		observation(p, line, f, last);
	else if (span_is(type, "NA") || span_is(type, "MA"))
		curve(p, f);
	else if (span_is(type, "TX") || span_is(type, "FT") || span_is(type, "ED"))
		person(p, NOTE, f[5]);
	else if (!device_attribute(p, f) && span_is(type, "ST"))
		observation(p, line, f, last);
}

static void obr(struct parse *p, struct span line, const struct span *f)
{
	(void)line;
	p->shape = NULL;                         /* OBX-14 that is not there is this */
	p->observed = f[7];
}

static void pid(struct parse *p, struct span line, const struct span *f)
{
	(void)line;
	(void)f;
	patient_begin(p);
}

/* ---- segments: where a person's data stand ---- */

struct place {
	uint8_t at, field;
	bool first;                              /* only the first component identifies; the rest says whose number it is */
};

static const struct place pid_places[] = {
	{ 3, PATIENT_ID, true }, { 2, PATIENT_ID, true }, { 4, PATIENT_ID, true }, { 5, PATIENT_NAME, false },
	{ 9, PATIENT_NAME, false }, { 6, NEXT_OF_KIN, false }, { 7, BIRTH_DATE, true }, { 8, SEX, true },
	{ 11, ADDRESS, false }, { 23, ADDRESS, false }, { 13, PHONE, false }, { 14, PHONE, false }, { 18, ACCOUNT, true },
	{ 19, SSN, true }, { 20, SSN, true }, { 21, NEXT_OF_KIN, true },
};
static const struct place pv1_places[] = {
	{ 7, PHYSICIAN, false }, { 8, PHYSICIAN, false }, { 9, PHYSICIAN, false }, { 17, PHYSICIAN, false },
	{ 19, VISIT, true }, { 50, VISIT, true },
};
static const struct place obr_places[] = {
	{ 3, STUDY, true }, { 2, STUDY, true }, { 10, PHYSICIAN, false }, { 16, PHYSICIAN, false }, { 28, PHYSICIAN, false },
	{ 32, PHYSICIAN, false },
};
static const struct place orc_places[] = {
	{ 3, STUDY, true }, { 2, STUDY, true }, { 12, PHYSICIAN, false }, { 10, PHYSICIAN, false }, { 11, PHYSICIAN, false },
};
static const struct place nk1_places[] = {
	{ 2, NEXT_OF_KIN, false }, { 4, NEXT_OF_KIN, false }, { 5, NEXT_OF_KIN, false }, { 6, NEXT_OF_KIN, false },
};
static const struct place gt1_places[] = {
	{ 3, GUARANTOR, false }, { 5, GUARANTOR, false }, { 6, GUARANTOR, false }, { 7, GUARANTOR, false },
	{ 12, GUARANTOR, true },
};
static const struct place in1_places[] = {
	{ 36, INSURANCE, true }, { 49, INSURANCE, true }, { 16, INSURANCE, false }, { 18, INSURANCE, true },
	{ 19, INSURANCE, false },
};
static const struct place mrg_places[] = { { 1, PATIENT_ID, true }, { 3, ACCOUNT, true }, { 7, PATIENT_NAME, false } };
static const struct place pd1_places[] = { { 4, PHYSICIAN, false } };
static const struct place evn_places[] = { { 5, PHYSICIAN, false } };
static const struct place rol_places[] = { { 4, PHYSICIAN, false } };
static const struct place prt_places[] = {
	{ 5, PHYSICIAN, false }, { 14, PHYSICIAN, false }, { 15, PHYSICIAN, false },
};
static const struct place obx_places[] = { { 16, PHYSICIAN, false } };
static const struct place nte_places[] = { { 3, NOTE, false } };
static const struct place dg1_places[] = { { 3, NOTE, false }, { 4, NOTE, false }, { 16, PHYSICIAN, false } };
static const struct place al1_places[] = { { 3, NOTE, false }, { 5, NOTE, false } };
static const struct place qrd_places[] = { { 8, PATIENT_ID, true } };
static const struct place qpd_places[] = { { 3, PATIENT_ID, true } };
static const struct place no_places[] = { { 0, 0, false } };

struct segment {
	uint32_t id;                             /* the name's three letters, big endian */
	char name[4];
	uint8_t last;                            /* highest field that is looked at */
	uint8_t nplaces;
	const struct place *places;
	/* NULL: only the places */
	void (*read)(struct parse *p, struct span line, const struct span *f);
};

#define SEGMENT_ID(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))
#define SEGMENT(nm, hi, tbl, fn) { \
	.id = SEGMENT_ID(nm[0], nm[1], nm[2]), .name = nm, .last = hi, .nplaces = ARRAY_LEN(tbl), .places = tbl, .read = fn }

static const struct segment segments[] = {       /* OBX is the first */
	SEGMENT("OBX", 18, obx_places, obx), SEGMENT("PID", 23, pid_places, pid), SEGMENT("OBR", 32, obr_places, obr),
	SEGMENT("PV1", 50, pv1_places, pv1), SEGMENT("MSA", 2, no_places, msa), SEGMENT("NTE", 3, nte_places, NULL),
	SEGMENT("ORC", 12, orc_places, NULL), SEGMENT("PRT", 20, prt_places, prt), SEGMENT("NK1", 6, nk1_places, NULL),
	SEGMENT("GT1", 12, gt1_places, NULL), SEGMENT("IN1", 49, in1_places, NULL), SEGMENT("MRG", 7, mrg_places, NULL),
	SEGMENT("PD1", 4, pd1_places, NULL), SEGMENT("EVN", 5, evn_places, NULL), SEGMENT("ROL", 4, rol_places, NULL),
	SEGMENT("DG1", 16, dg1_places, NULL), SEGMENT("AL1", 5, al1_places, NULL), SEGMENT("QRD", 8, qrd_places, NULL),
	SEGMENT("QPD", 3, qpd_places, NULL), SEGMENT("SFT", 3, no_places, sft),
};

/* The field with its repetitions; past REPEATS_MAX the rest is one datum. */
static void place_read(struct parse *p, const struct place *at, struct span field)
{
	for (int k = 1; field.n; k++) {
		struct span one = k < REPEATS_MAX ? hl7_first(field, p->d.repetition) : field;
		person(p, at->field, at->first && k < REPEATS_MAX ? hl7_first(one, p->d.component) : one);
		field = span_from(field, one.n + 1);
	}
}

static bool is_mark(uint8_t c)
{
	return c > ' ' && c < 0x7F && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z');
}

/* Evidence shows the segment's name and what separates its fields. A separator that is a letter or a digit
 * would show more than itself. */
static void segment_show(const struct parse *p, struct span line)
{
	const uint8_t d[] = { p->d.field, p->d.component, p->d.repetition, p->d.escape, p->d.subcomponent };
	emit_shown(p->emit, span_cut(line, 3));
	for (struct span s = span_from(line, 3); s.n; s = span_from(s, 1))
		if (s.p[0] && is_mark(s.p[0]) && memchr(d, s.p[0], sizeof(d)))
			emit_shown(p->emit, span_cut(s, 1));
}

/* Persons' data of a segment that is at hand. */
static void places_read(struct parse *p, const struct segment *s, const struct span *f)
{
	for (unsigned i = 0; i < s->nplaces; i++)
		if (s->places[i].at && f[s->places[i].at].n)
			place_read(p, &s->places[i], f[s->places[i].at]);
}

static void identity_note(struct parse *p, const struct segment *s)
{
	uint64_t bit = (uint64_t)1 << (s - segments);
	if (!p->personal || (p->identity & bit))
		return;
	p->identity |= bit;
	record_add_text(&p->out, IDENTITY, span_of(s->name, 3));
}

/* OBX-14 and what follows, when it is not what followed in the OBX before. */
static void behind_read(struct parse *p, struct span behind)
{
	struct span *f = p->f;
	hl7_split(behind, p->d.field, f + 14, 5);
	p->personal = false;
	device_observed(p, f[18]);
	(void)time_of(p, f[14]);
	p->has_device = f[18].n;
	p->behind = behind;
	places_read(p, segments, f);
	identity_note(p, segments);
}

/* An OBX of the shape that came behind the one before last time: to be read are its value and, if it is not as before,
 * what follows OBX-13. False, and nothing was done: it is another. */
static bool observation_again(struct parse *p, struct span line)
{
	const struct shape *last = p->shape;
	if (!last && !has_shapes(p))
		return false;
	struct shape *h = &((struct memo *)p->emit->memo)->shapes[last ? last->next : p->way->shape];
	struct rd r = rd_of(line);
	double v;
	if (!h->nbefore || !span_eq(rd_span(&r, h->nbefore), span_of(h->said, h->nbefore)) || !hl7_digits(&r, &v))
		return false;
	struct span behind = rd_span(&r, h->nbehind), rest = rd_rest(&r);
	if (!rd_ok(&r) || !span_eq(behind, span_of(h->said + h->nbefore, h->nbehind)) || (h->ends && rest.n))
		return false;
	bool like_last = last && h->ends == last->ends && p->told_at + 1 == p->segments && span_eq(rest, p->behind);
	if (!like_last)
		behind_read(p, rest);
	p->shape = h;
	if (!emit_wants(p->emit, &vitals_type) || ++p->observations > VITALS_MAX)
		return true;
	const struct meant *m = &h->meant;
	struct span sub_id = span_cut(span_from(line, h->sub_at), h->nsub);
	if (like_last && !p->dialect->keep)
		vitals_add_like_last(&p->vitals, &(struct vital){
			.name = m->coded.name, .code = m->coded.code, .system = span_str(m->coded.system),
			.unit = m->unit, .sub_id = sub_id, .value = v, .meaning = &m->meaning });
	else
		observation_tell(p, m, &v, 1, sub_id, p->has_device ? p->device_id : (struct span){ 0 });
	p->told_at = p->segments;
	return true;
}

static void segment_read(struct parse *p, struct span line)
{
	p->segments++;
	struct rd r = rd_of(line);
	uint32_t id = rd_be24(&r);
	if (rd_u8(&r) != p->d.field)
		return;                          /* too short, or not even a segment */
	const struct segment *s = segments, *end = segments + ARRAY_LEN(segments);
	while (s < end && s->id != id)
		s++;
	if (s == end || (s == segments && observation_again(p, line)))
		return;
	if (p->emit->host->shown)
		segment_show(p, line);
	struct span *f = p->f;
	hl7_split(line, p->d.field, f, s->last + 1u);
	p->personal = false;
	if (s->read)
		s->read(p, line, f);
	places_read(p, s, f);
	identity_note(p, s);
}

static void message_begin(struct parse *p, struct span line)
{
	emit_begin(p->emit, &p->out, &hl7_type);
	p->open = true;
	p->segments = 1;
	p->observations = p->waveforms = p->patients = 0;
	p->identity = 0;
	p->many_devices = false;
	p->device_from = 0;
	p->observed = p->device = p->said_time = p->time = (struct span){ 0 };
	p->shape = NULL;
	p->told_at = 0;
	p->way->started = true;
	record_bool(&p->out, MLLP, p->way->block);
	if (p->emit->host->shown)
		segment_show(p, line);
	msh(p, line);
	if (p->wide)
		record_str(&p->out, CHARSET, "UTF-16");
}

/* Segments up to an end of block: one message, or a batch of them. */
static void block_read(struct parse *p, struct span text, bool cut)
{
	struct hl7_lines l = hl7_lines(text);
	struct span line;
	struct hl7_delims d;
	while (hl7_segment(&l, &line)) {
		uint8_t c = line.p[0];
		if ((c != 'M' && c != 'B' && c != 'F') || hl7_head(line, &d) != HL7_YES) {
			if (p->open)
				segment_read(p, line);
			continue;
		}
		message_finish(p);               /* a batch header has no message of its own */
		p->d = d;
		if (c == 'M')
			message_begin(p, line);
	}
	if (p->open && cut)
		record_bool(&p->out, CUT, true);
	message_finish(p);
}

/* A mark of the byte order may stand first. */
static void wide_read(struct parse *p, struct span s, bool cut)
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
	struct way *w = &st->way[m->to_server];
	struct parse p UNSET;                    /* large: message_begin and hl7_split set the rest */
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
	.memo_size = sizeof(struct memo), .bid = bid, .frame = hl7_frame, .decode = decode, .types = types,
};
