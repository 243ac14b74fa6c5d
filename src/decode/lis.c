/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Laboratory analysers: CLSI LIS1-A2 frames (formerly ASTM E1381) that carry records of LIS2-A2 (E1394), on any
 * TCP port, and the same records without frames, as many analysers send them. Either end may open the connection.
 *
 *   ENQ                                                    the sender wants to send; answered by ACK or NAK
 *   STX  number '0'..'7'  text  ETX or ETB  2 sum  CR LF   a frame; ETB: its text goes on in the next one
 *   EOT                                                    done
 *
 * Text is records, each ended by CR: a letter, then fields. The H record declares what separates them. */
#include "base/ascii.h"
#include "base/buf.h"
#include "base/scope.h"
#include "decode/hl7_text.h"
#include "decode/vitals.h"

enum {
	STX = 0x02, ETX = 0x03, EOT = 0x04, ENQ = 0x05, ACK = 0x06, LF = 0x0A, VT = 0x0B, CR = 0x0D, NAK = 0x15, ETB = 0x17,
	FS = 0x1C,
	FRAME_MAX = 64000,                       /* LIS1-A2 §6.3.1.2: of a frame's text */
	HEAD = 5, TAIL_MAX = 1024, PARTS = 32, PLAIN_MAX = 64, COMPONENTS = 6,
};

enum {
	TYPE, FRAMED, GOES_ON, BAD_SUM, ROLE, SENDER, RECEIVER, VERSION, RECORDS, ORDERS, RESULTS, PATIENT_ID,
	PATIENT_NAME, NEXT_OF_KIN, BIRTH_DATE, SEX, ADDRESS, PHONE, PHYSICIAN, DEPARTMENT, STUDY, NOTE, FIELDS
};

static const struct field fields[FIELDS] = {
	[TYPE] = { "type", F_TEXT, "letters of its records: H header, P patient, O order, R result, C comment, Q request, "
		"M, S maker's own, L end" },
	[FRAMED] = { "framed", F_BOOL, "in a frame of LIS1-A2; else records alone" },
	[GOES_ON] = { "goes_on", F_BOOL, "its last record ends in the next frame" },
	[BAD_SUM] = { "bad_checksum", F_BOOL, "the frame's sum does not fit its bytes" },
	[ROLE] = { "role", F_TEXT, "what the sender does in this exchange", .clue = CLUE_ROLE },
	[SENDER] = { "sender", F_TEXT, "name of the sending system (H-5)", .clue = CLUE_APPLICATION },
	[RECEIVER] = { "receiver", F_TEXT, "name of the receiving system (H-10)", .clue = CLUE_APPLICATION | CLUE_PEER },
	[VERSION] = { "version", F_TEXT, "version of the norm (H-13)" },
	[RECORDS] = { "records", F_UINT, "records in the message" },
	[ORDERS] = { "orders", F_UINT, "orders among them" },
	[RESULTS] = { "results", F_UINT, "results among them" },
	[PATIENT_ID] = { "patient_id", F_TEXT, "patient number (P-3, P-4, P-5, Q-3)", .privacy = PATIENT },
	[PATIENT_NAME] = { "patient_name", F_TEXT, "patient's name (P-6)", .privacy = PATIENT },
	[NEXT_OF_KIN] = { "next_of_kin", F_TEXT, "mother's birth name (P-7)", .privacy = PATIENT },
	[BIRTH_DATE] = { "birth_date", F_TEXT, "date of birth (P-8)", .privacy = PATIENT },
	[SEX] = { "sex", F_TEXT, "sex (P-9)", .privacy = PATIENT },
	[ADDRESS] = { "address", F_TEXT, "address (P-11)", .privacy = PATIENT },
	[PHONE] = { "phone", F_TEXT, "telephone (P-13)", .privacy = PATIENT },
	[PHYSICIAN] = { "physician", F_TEXT, "a doctor (P-14, O-17) or operator (R-11)", .privacy = PATIENT },
	[DEPARTMENT] = { "department", F_TEXT, "where the patient lies (P-26)", .privacy = PATIENT },
	[STUDY] = { "study", F_TEXT, "number of the specimen (O-3, O-4)", .privacy = PATIENT },
	[NOTE] = { "note", F_TEXT, "comment (C-4), diagnosis (P-19), a result in words (R-4)", .privacy = PATIENT },
};
static RECORD_TYPE(lis_type, "lis", "Message of a laboratory analyser", fields);

struct delims {
	uint8_t field, repeat, component;
};

struct way {
	struct delims d;
	bool cut;                                /* the record that goes on is longer than tail holds */
	uint16_t tail_n;
	uint8_t tail[TAIL_MAX];                  /* of a record that goes on in the next frame */
	struct token patient;
};

struct state {
	struct way way[2];
};

/* ---- recognising ---- */

static bool is_mark(uint8_t c)
{
	return c > ' ' && c < 0x7F && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z');
}

/* LIS2-A2 §6.2: H, then the delimiters of fields, repeats, components and escapes, all different. */
static bool header_delims(struct span s, struct delims *d)
{
	struct rd r = rd_of(s);
	uint8_t letter = rd_u8(&r), c[4];
	for (int i = 0; i < 4; i++)
		c[i] = rd_u8(&r);
	if (!rd_ok(&r) || letter != 'H')
		return false;
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			if (!is_mark(c[i]) || c[i] == c[k])
				return false;
	if (!is_mark(c[0]))
		return false;
	*d = (struct delims){ c[0], c[1], c[2] };
	return true;
}

struct frame_parts {
	struct span text;
	bool whole, goes_on, has_sum, sum_fits, ends_here;
	size_t size;                             /* in the stream; behind it CR, LF */
};

static bool is_number(uint8_t c)
{
	return c >= '0' && c <= '7';
}

/* Behind STX stands the frame's number, which some analysers leave out. */
static size_t text_at(struct span s)
{
	return s.n > 1 && is_number(s.p[1]) ? 2 : 1;
}

/* s begins with STX. A frame without a sum ends at its ETX. from: bytes that hold no end, seen before. */
static struct frame_parts frame_split(struct span s, size_t from)
{
	struct frame_parts f = { 0 };
	size_t head = text_at(s), at = from > head ? from : head;
	while (at < s.n && s.p[at] != ETX && s.p[at] != ETB)
		at++;
	if (at >= s.n)
		return f;
	struct rd r = rd_of(span_from(s, at + 1));
	int high = ascii_hex(rd_u8(&r)), low = ascii_hex(rd_u8(&r));
	f.goes_on = s.p[at] == ETB;
	f.text = span_from(span_cut(s, at), head);
	if (!rd_ok(&r)) {                        /* the sum is on its way, or there is none */
		f.ends_here = at + 1 == s.n;
		return f;
	}
	uint8_t sum = 0;
	for (struct span body = span_from(span_cut(s, at + 1), 1); body.n; body = span_from(body, 1))
		sum = (uint8_t)(sum + body.p[0]);
	f.whole = true;
	f.has_sum = high >= 0 && low >= 0;
	f.sum_fits = f.has_sum && sum == high * 16 + low;
	f.size = at + 1 + (f.has_sum ? 2 : 0);
	return f;
}

static bool is_letter(uint8_t c)
{
	return c && strchr("HPORCQMSL", c);
}

static bool is_record(struct span s)
{
	return s.n > 2 && is_letter(s.p[0]) && s.p[1] == '|' && s.p[2] >= ' ';
}

static struct bid bid_frame(struct span s, bool closing)
{
	struct delims d;
	struct span text = span_from(s, text_at(s));
	if (text.n < HEAD && !closing)
		return (struct bid){ !text.n || is_letter(text.p[0]) ? BID_WAIT : BID_NO };
	if (header_delims(text, &d))
		return (struct bid){ BID_SURE };
	if (!is_record(text))
		return (struct bid){ BID_NO };
	struct frame_parts f = frame_split(s, 0);    /* picked up in the middle: the sum is the proof */
	if (!f.whole)
		return (struct bid){ closing || s.n > FRAME_MAX ? BID_NO : BID_WAIT };
	return (struct bid){ f.sum_fits ? BID_LIKELY + 20 : BID_NO };
}

/* Records alone: only a whole header counts, with the usual separator of fields. */
static struct bid bid_bare(struct span s, bool closing)
{
	struct span usual = SPAN_LIT("H|");
	struct delims d;
	if (s.n > HEAD)
		return (struct bid){ header_delims(s, &d) && d.field == '|' && s.p[HEAD] == '|' ? BID_LIKELY + 20 : BID_NO };
	return (struct bid){ !closing && span_starts(s, span_cut(usual, s.n)) ? BID_WAIT : BID_NO };
}

/* One byte of hand-shaking says nothing yet. */
static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct span s = m->bytes;
	uint8_t first = s.n ? s.p[0] : 0;
	if (first == ENQ || first == EOT || first == ACK || first == NAK || first == VT)
		s = span_from(s, 1);
	if (s.n == 0)
		return (struct bid){ m->closing || first == VT ? BID_NO : BID_WAIT };
	return s.p[0] == STX ? bid_frame(s, m->closing) : bid_bare(s, m->closing);
}

/* ---- framing ---- */

static struct frame frame_bare(const struct message *m)
{
	struct rd r = rd_of(span_from(m->bytes, m->seen));
	struct span line;
	if (m->bytes.p[0] < ' ' || m->bytes.p[0] >= 0x7F)
		return FRAME_NONE;
	if (rd_until(&r, CR, &line) || m->closing)
		return FRAME_WHOLE(m->bytes.n - rd_left(&r));
	return m->bytes.n < FRAME_MAX ? FRAME_WAIT(m) : FRAME_NONE;
}

static struct frame frame(const struct message *m, void *state)
{
	(void)state;
	struct rd r = rd_of(m->bytes);
	switch (rd_peek(&r)) {
	case ENQ: case ACK: case NAK: case EOT: case CR: case LF: case VT: case FS: return FRAME_WHOLE(1);
	case STX: break;
	default: return frame_bare(m);
	}
	struct frame_parts f = frame_split(m->bytes, m->seen > 3 ? m->seen - 3 : 0);
	if (f.whole)
		return FRAME_WHOLE(f.size);
	if (m->closing)
		return FRAME_WHOLE(m->bytes.n);
	return m->bytes.n < FRAME_MAX + HEAD ? FRAME_WAIT(m) : FRAME_NONE;
}

/* ---- records ---- */

struct parse {
	struct emit *emit;
	struct way *way;
	struct record out;
	char letters[12];
	uint64_t records, orders, results;
	struct span f[PARTS];                    /* f[n - 1] is field n as the norm counts: the letter is the first */
};

static struct span first_component(const struct parse *p, struct span s)
{
	return hl7_first(hl7_first(s, p->way->d.repeat), p->way->d.component);
}

/* A person's datum. The first one stays; the host is told of all. */
static void person(struct parse *p, unsigned field, struct span s)
{
	while (s.n && (s.p[s.n - 1] == p->way->d.component || s.p[s.n - 1] == ' '))
		s.n--;
	bool had = record_has(&p->out, field);
	struct value first = p->out.v[field];
	record_text(&p->out, field, s);
	if (had)
		p->out.v[field] = first;
}

/* What leaves as text: short and printable. */
static struct span plain(struct span s)
{
	if (s.n > PLAIN_MAX)
		return (struct span){ 0 };
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return (struct span){ 0 };
	return s;
}

static void begin(struct parse *p)
{
	emit_begin(p->emit, &p->out, &lis_type);
	p->records = p->orders = p->results = 0;
	p->letters[0] = '\0';
}

/* Results come from an analyser. Orders alone come from who asks for tests, and either end queries. */
static void finish(struct parse *p)
{
	if (!p->records)
		return;
	record_str(&p->out, TYPE, arena_printf(p->emit->host->arena, "%s", p->letters));
	record_uint(&p->out, RECORDS, p->records);
	if (p->orders)
		record_uint(&p->out, ORDERS, p->orders);
	if (p->results)
		record_uint(&p->out, RESULTS, p->results);
	if (p->results)
		record_str(&p->out, ROLE, "analyser");
	emit_record(p->emit, &p->out);
}

static void header(struct parse *p)
{
	const struct span *f = p->f;
	p->way->patient = (struct token){ 0 };
	record_text(&p->out, SENDER, plain(first_component(p, f[4])));
	record_text(&p->out, RECEIVER, plain(first_component(p, f[9])));
	record_text(&p->out, VERSION, plain(f[12]));
}

/* Every P record starts another patient, published apart, so that each counts. */
static void patient(struct parse *p)
{
	static const struct { uint8_t at, field; bool first; } places[] = {
		{ 3, PATIENT_ID, true }, { 4, PATIENT_ID, true }, { 5, PATIENT_ID, true }, { 6, PATIENT_NAME, false },
		{ 7, NEXT_OF_KIN, false }, { 8, BIRTH_DATE, true }, { 9, SEX, true }, { 11, ADDRESS, false },
		{ 13, PHONE, false }, { 14, PHYSICIAN, false }, { 19, NOTE, false }, { 26, DEPARTMENT, false },
	};
	p->way->patient = (struct token){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct span s = p->f[places[i].at - 1];
		person(p, places[i].field, places[i].first ? first_component(p, s) : s);
	}
	p->way->patient = record_get_token(&p->out, PATIENT_ID);
}

/* Universal test id: code ^ name ^ type of code ^ maker's code … : what the norms or makers know it by. */
static bool test_named(const struct parse *p, struct span id, struct vital *out)
{
	struct span c[COMPONENTS];
	hl7_split(id, p->way->d.component, c, COMPONENTS);
	struct span code = plain(c[0]), maker = plain(c[3].n ? c[3] : c[4]);
	const char *name = code.n ? vitals_name(code) : NULL;
	out->system = name ? memchr(code.p, '-', code.n) ? SPAN_LIT("LOINC") : SPAN_LIT("MDC") : SPAN_LIT("vendor");
	out->code = code.n ? code : maker;
	if (!name && maker.n)
		name = vitals_label(maker);
	if (!name && code.n)
		name = vitals_label(code);
	out->name = name ? span_str(name) : maker.n ? maker : code;
	return out->name.n > 0;
}

static struct span time_of(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return (struct span){ 0 };
	return s.n <= 14 ? s : (struct span){ 0 };
}

static void result(struct parse *p)
{
	const struct span *f = p->f;
	struct span said = first_component(p, f[3]);
	struct vital v = {
		.protocol = "lis", .unit = plain(first_component(p, f[4])), .subject = p->way->patient, .device = plain(f[13]),
		.device_time = time_of(f[12].n ? f[12] : f[11]),
	};
	p->results++;
	person(p, PHYSICIAN, f[10]);
	if (!said.n)
		return;
	if (!hl7_number(said, &v.value))
		person(p, NOTE, f[3]);           /* "POSITIVE", free text */
	else if (test_named(p, f[2], &v))
		vitals_emit(p->emit, &v);
}

static void order(struct parse *p)
{
	p->orders++;
	person(p, STUDY, first_component(p, p->f[2]));
	person(p, STUDY, first_component(p, p->f[3]));
	person(p, PHYSICIAN, p->f[16]);
}

/* patient ^ specimen */
static void query(struct parse *p)
{
	struct span c[2];
	hl7_split(p->f[2], p->way->d.component, c, 2);
	if (!span_is(c[0], "ALL"))
		person(p, PATIENT_ID, c[0]);
	person(p, STUDY, c[1]);
}

static void evidence_show(const struct parse *p, struct span line)
{
	emit_shown(p->emit, span_cut(line, line.p[0] == 'H' ? HEAD : 1));
	for (; p->emit->host->shown && line.n; line = span_from(line, 1))
		if (is_mark(line.p[0]) && (line.p[0] == p->way->d.field || line.p[0] == p->way->d.component))
			emit_shown(p->emit, span_cut(line, 1));
}

/* One record without its CR. False: no record. */
static bool record_read(struct parse *p, struct span line)
{
	struct delims *d = &p->way->d;
	uint8_t letter = line.p[0];
	if (letter == 'H' && !header_delims(line, d))
		return false;
	if (!d->field)
		*d = (struct delims){ '|', '\\', '^' };      /* its header was not seen */
	if (letter < 'A' || letter > 'Z' || (line.n > 1 && line.p[1] != d->field))
		return false;
	if (letter == 'P' && (record_has(&p->out, PATIENT_ID) || record_has(&p->out, PATIENT_NAME))) {
		finish(p);
		begin(p);
	}
	p->records++;
	size_t n = strlen(p->letters);
	if (n + 1 < sizeof(p->letters)) {
		p->letters[n] = (char)letter;
		p->letters[n + 1] = '\0';
	}
	evidence_show(p, line);
	hl7_split(line, d->field, p->f, PARTS);
	switch (letter) {
	case 'H': header(p); break;
	case 'P': patient(p); break;
	case 'O': order(p); break;
	case 'R': result(p); break;
	case 'Q': query(p); break;
	case 'C': person(p, NOTE, p->f[3]); break;
	default: break;
	}
	return true;
}

/* What went before in the last frame and what is here, put together. */
static struct span joined(struct way *w, struct span text, struct arena *a)
{
	if (!w->tail_n)
		return text;
	struct buf b = { .cap = FRAME_MAX + TAIL_MAX };
	buf_bytes(&b, span_of(w->tail, w->tail_n));
	buf_bytes(&b, text);
	struct span out = arena_copy(a, buf_span(&b));
	buf_done(&b);
	w->tail_n = 0;
	return out;
}

static void tail_keep(struct way *w, struct span rest)
{
	w->cut = rest.n > TAIL_MAX;
	w->tail_n = (uint16_t)(w->cut ? 0 : rest.n);
	if (w->tail_n)
		memcpy(w->tail, rest.p, w->tail_n);
}

static bool text_read(struct parse *p, struct span text, bool goes_on)
{
	struct way *w = p->way;
	bool sound = true, skip = w->cut;
	w->cut = false;
	struct rd r = rd_of(joined(w, text, p->emit->host->arena));
	while (rd_left(&r)) {
		struct span line;
		if (!rd_until(&r, CR, &line)) {
			line = rd_rest(&r);
			if (goes_on) {
				tail_keep(w, line);
				break;
			}
		}
		while (line.n && (line.p[0] == LF || line.p[0] == CR))
			line = span_from(line, 1);
		if (line.n && !skip)
			sound &= record_read(p, line);
		skip = false;
	}
	return sound;
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	struct state *s = state;
	struct span text = m->bytes;
	bool framed = text.n && text.p[0] == STX;
	if (text.n && text.p[0] < ' ' && !framed)
		return true;                     /* ENQ, ACK, NAK, EOT, line ends say nothing more */
	struct parse p = { .emit = e, .way = &s->way[m->to_server] };
	struct frame_parts f = { 0 };
	if (framed) {
		f = frame_split(text, 0);
		f.whole |= f.ends_here;
		text = f.whole ? f.text : span_from(text, text_at(text));
		emit_shown(e, span_cut(m->bytes, text_at(m->bytes)));
	}
	begin(&p);
	bool sound = text_read(&p, text, f.goes_on);
	record_bool(&p.out, FRAMED, framed);
	if (f.goes_on)
		record_bool(&p.out, GOES_ON, true);
	if (f.has_sum && !f.sum_fits)
		record_bool(&p.out, BAD_SUM, true);
	finish(&p);
	return sound && (!framed || f.whole);
}

static const struct record_type *const types[] = { &lis_type, NULL };

const struct decoder decoder_lis = {
	.name = "lis", .doc = "Laboratory analysers (CLSI LIS1-A2, LIS2-A2; ASTM E1381, E1394)",
	.over = OVER_TCP, .clinical = true, .state_size = sizeof(struct state),
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
