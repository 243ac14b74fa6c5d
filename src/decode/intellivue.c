/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Philips IntelliVue Data Export over UDP: a monitor broadcasts what it is (port 24005); whoever likes may
 * associate with it (port 24105) and poll its objects. No login, all in clear, big endian. The maker's
 * programming guide (4535 642 59271) is the norm; public programs agree with it, and one real connect
 * indication of a monitor M8007A was read. Sure are: message types, attributes of the lists below, numeric values.
 * Guessed from that one datagram: attribute F135 holds the monitor's own label (taken for a bed's).
 *
 *   00 00 01 00  [1 length] [invoke, 0, length] event report of object 23: event 0D17   connect indication
 *   0D|0E|0C|09|0A|19  length: 1 byte, or FF and 2    session parameters of ISO 8327     association
 *   E1 00 context  [type length]                                                         data
 *        1 invoke       invoke id, command, length        5 linked result   state, count, invoke id, command, length
 *        2 result       invoke id, command, length        3 error           invoke id, error, length
 *        command 0, 1   object (6) time (4) event type (2) length (2)
 *        command 7      object (6) [scope (4) when asked] action (2) length (2)
 *   list of attributes   count (2) length (2) { id (2) length (2) value } */
#include "base/scope.h"
#include "base/utf8.h"
#include "decode/vitals.h"
#include "decode/waveform.h"

enum {
	PORT_ASSOCIATE = 24105, PORT_INDICATE = 24005,
	NOMENCLATURE = 0x00000100, SESSION_ID = 0xE100, OBJECT_BYTES = 6, TIME_BYTES = 8, SESSION_LONG = 0xFF,
	INVOKE = 1, RESULT = 2, FAULT = 3, LINKED = 5,
	EVENT_REPORT = 0, CONFIRMED_EVENT = 1, GET = 3, SET = 4, CONFIRMED_SET = 5, ACTION = 7,
	EVENT_MDS_CREATE = 0x0D06, EVENT_CONNECT = 0x0D17, ACT_POLL = 0x0C16, ACT_POLL_EXT = 0xF13B,
	OBJECT_NUMERIC = 6, OBJECT_WAVE = 9, OBJECT_MDS = 33, OBJECT_PATIENT = 42, OBJECT_ALARMS = 54,
	SPEC_SERIAL = 1, SPEC_SOFTWARE = 4, UTF16_MAX = 256, SEX_MALE = 1, SEX_FEMALE = 2,
	MDC_SCADA = 2 << 16, MDC_DIMENSION = 4 << 16, MDC_PRIVATE = 0xF000, BODY_WEIGHT = 188736, BODY_HEIGHT = 188740,
	STATE_UNUSABLE = 0xF800,                 /* invalid, questionable, unavailable, calibrating, test */
	STATE_DEMO = 0x0400,
};

enum attribute {
	A_BED = 0x091E, A_MODEL = 0x0928, A_PRODUCTION = 0x092D, A_NUMERICS = 0x094B, A_NUMERIC = 0x0950, A_BIRTH = 0x0958,
	A_PATIENT_ID = 0x095A, A_FAMILY = 0x095C, A_GIVEN = 0x095D, A_MIDDLE = 0x095F, A_SEX = 0x0961, A_WAVES = 0x0967,
	A_WAVE = 0x096E, A_HEIGHT = 0x09DC, A_WEIGHT = 0x09DF, A_NET = 0xF100, A_NOTE1 = 0xF129, A_NOTE2 = 0xF12A,
	A_LABEL = 0xF135,
};

enum {
	EVENT, ROLE, POLLED, PART, FAULT_CODE, NUMERICS, UNUSABLE, WAVEFORMS, DEVICE_TIME, MAKER, MODEL, SERIAL,
	FIRMWARE, OWN_MAC, OWN_ADDR, PATIENT_ID, PATIENT_NAME, BIRTH_DATE, SEX, BED, NOTE, FIELDS
};

static const struct field fields[FIELDS] = {
	[EVENT] = { "event", F_TEXT, "connect-indication, associate-request, associate-response, associate-refuse, "
		"release-request, release-response, abort, mds-create, poll-request, poll-result, report, get, set, "
		"result or error" },
	[ROLE] = { "role", F_TEXT, "what the sender does in this exchange", .clue = CLUE_ROLE },
	[POLLED] = { "polled", F_TEXT, "what is asked for or told: numerics, waves, patient, alarms, system" },
	[PART] = { "part", F_TEXT, "of an answer in several datagrams: first, middle or last" },
	[FAULT_CODE] = { "error", F_UINT, "why a request was refused, as the maker numbers it" },
	[NUMERICS] = { "numerics", F_UINT, "measured values in the message" },
	[UNUSABLE] = { "unusable", F_UINT, "values that the monitor itself marks as invalid" },
	[WAVEFORMS] = { "waveforms", F_UINT, "stretches of curves in the message" },
	[DEVICE_TIME] = { "device_time", F_TEXT, "the monitor's clock" },
	[MAKER] = { "maker", F_TEXT, "maker of the monitor", .clue = CLUE_MAKER },
	[MODEL] = { "model", F_TEXT, "its model number", .clue = CLUE_MODEL },
	[SERIAL] = { "serial", F_TEXT, "its serial number", .clue = CLUE_SERIAL },
	[FIRMWARE] = { "firmware", F_TEXT, "its software revision", .clue = CLUE_VERSION },
	[OWN_MAC] = { "own_mac", F_MAC, "its MAC address, as it says" },
	[OWN_ADDR] = { "own_address", F_ADDR, "its IP address, as it says" },
	[PATIENT_ID] = { "patient_id", F_TEXT, "patient number", .privacy = PATIENT },
	[PATIENT_NAME] = { "patient_name", F_TEXT, "family^given name", .privacy = PATIENT },
	[BIRTH_DATE] = { "birth_date", F_TEXT, "date of birth", .privacy = PATIENT },
	[SEX] = { "sex", F_TEXT, "sex", .privacy = PATIENT },
	[BED] = { "bed", F_TEXT, "label of the bed", .privacy = PATIENT },
	[NOTE] = { "note", F_TEXT, "notes on the patient", .privacy = PATIENT },
};
static RECORD_TYPE(intellivue_type, "intellivue", "Message of a Philips IntelliVue monitor (Data Export)", fields);

struct state {
	struct token patient, bed;               /* last told in this conversation */
	struct waveforms waveforms;
};

/* ---- recognising: every length must nest into the one before ---- */

struct head {
	uint8_t kind, part;                      /* of the remote operation; of a linked result */
	uint16_t invoke, command;
	struct rd body;
};

/* Remote operation: type and length, then its own head. Behind it nothing may follow but padding zeros. */
static bool operation_head(struct rd r, struct head *out)
{
	uint16_t kind = rd_be16(&r);
	struct rd op = rd_sub(&r, rd_be16(&r));
	if (kind != INVOKE && kind != RESULT && kind != FAULT && kind != LINKED)
		return false;
	out->kind = (uint8_t)kind;
	out->part = kind == LINKED ? rd_u8(&op) : 0;
	rd_skip(&op, kind == LINKED ? 1 : 0);
	out->invoke = rd_be16(&op);
	out->command = rd_be16(&op);
	uint16_t length = rd_be16(&op);
	out->body = rd_sub(&op, length);
	if (!rd_ok(&out->body) || rd_left(&op) > 3 || rd_left(&r) > 3)
		return false;
	return kind == FAULT || out->command <= CONFIRMED_SET || out->command == ACTION;
}

static bool is_connect_indication(struct rd r)
{
	struct head h;
	if (rd_be32(&r) != NOMENCLATURE || !operation_head(r, &h) || h.kind != INVOKE || h.command > CONFIRMED_EVENT)
		return false;
	rd_skip(&h.body, OBJECT_BYTES + 4);
	return rd_be16(&h.body) == EVENT_CONNECT && rd_ok(&h.body);
}

struct session {
	uint8_t type;
	const char *event;
	bool from_reader;
};

/* ISO 8327 SPDUs as this protocol uses them. The maker's guide prints the first; the others by public programs. */
static const struct session sessions[] = {
	{ 0x0D, "associate-request", true }, { 0x0E, "associate-response", false }, { 0x0C, "associate-refuse", false },
	{ 0x09, "release-request", true }, { 0x0A, "release-response", false }, { 0x19, "abort", true },
};

static const struct session *session_of(struct rd *r)
{
	uint8_t type = rd_u8(r);
	uint16_t length = rd_u8(r);
	if (length == SESSION_LONG)
		length = rd_be16(r);
	if (!rd_ok(r) || length != rd_left(r))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(sessions); i++)
		if (sessions[i].type == type)
			return &sessions[i];
	return NULL;
}

/* A call and its acceptance open with the same parameters; the others are known by their port. */
static struct bid bid_session(struct rd r)
{
	const struct session *s = session_of(&r);
	if (!s)
		return (struct bid){ BID_NO };
	enum side side = s->from_reader ? SIDE_CLIENT : SIDE_SERVER;
	if (s->type == 0x0D || s->type == 0x0E)
		return (struct bid){ rd_be32(&r) == 0x05081301 ? BID_SURE : BID_NO, side };
	if (s->type == 0x19)                     /* either end aborts */
		return (struct bid){ rd_left(&r) > 8 ? BID_MAYBE : BID_NO, SIDE_UNKNOWN };
	return (struct bid){ rd_peek(&r) == 0xC1 || rd_peek(&r) == 0x05 ? BID_MAYBE : BID_NO, side };
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	struct head h;
	uint8_t first = rd_peek(&r);
	if (first == 0)
		return (struct bid){ is_connect_indication(r) ? BID_SURE : BID_NO };
	if (first == SESSION_ID >> 8) {
		uint16_t session = rd_be16(&r);
		rd_skip(&r, 2);
		if (session != SESSION_ID || !operation_head(r, &h))
			return (struct bid){ BID_NO };
		/* the monitor reports and answers; the reader acts, and confirms reports */
		bool report = h.command <= CONFIRMED_EVENT;
		bool asks = h.kind == INVOKE ? !report : h.kind == RESULT && report;
		return (struct bid){ BID_SURE, asks ? SIDE_CLIENT : SIDE_SERVER };
	}
	return bid_session(r);
}

/* ---- values ---- */

/* IEEE 11073 FLOAT-Type: exponent of ten, 24-bit mantissa; a few mantissas stand for no number. */
static bool float_value(uint32_t bits, double *out)
{
	static const double powers[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };
	uint32_t low = bits & 0xFFFFFF;
	int32_t mantissa = low & 0x800000 ? (int32_t)low - 0x1000000 : (int32_t)low;
	int exponent = (int)(bits >> 24 ^ 0x80) - 0x80; /* signed */
	if ((low >= 0x7FFFFE && low <= 0x800002) || exponent > 9 || exponent < -9)
		return false;
	*out = exponent < 0 ? mantissa / powers[-exponent] : mantissa * powers[exponent];
	return true;
}

/* AbsoluteTime: century, year, month, day, hour, minute, second, hundredths, each as two decimal digits. */
static const char *time_text(struct emit *e, struct rd r, bool day_only)
{
	uint32_t date = rd_be32(&r);
	uint32_t clock = rd_be32(&r) >> 8;
	if (!rd_ok(&r) || (date >> 24 != 0x19 && date >> 24 != 0x20))
		return NULL;
	return day_only ? arena_printf(e->host->arena, "%08x", date) : arena_printf(e->host->arena, "%08x%06x", date, clock);
}

/* UTF-16 up to its NUL, as UTF-8 in the arena: the same name gives the same token in every protocol. */
static struct span wide_text(struct emit *e, struct rd r)
{
	struct buf b = { .cap = 4 * UTF16_MAX };
	for (int i = 0; i < UTF16_MAX && rd_left(&r) >= 2; i++) {
		uint32_t c = rd_be16(&r);
		if (c == 0)
			break;
		if (c >> 10 == 0x36 && rd_left(&r) >= 2)
			c = 0x10000 + ((c & 0x3FF) << 10) + (rd_be16(&r) & 0x3FFu);
		utf8_put(&b, c);
	}
	struct span out = arena_copy(e->host->arena, buf_span(&b));
	buf_done(&b);
	return out;
}

/* String: its length, then UTF-16. */
static struct span string_value(struct emit *e, struct rd r)
{
	return wide_text(e, rd_sub(&r, rd_be16(&r)));
}

/* VariableLabel: its length, then ASCII, padded with NUL or blanks. Nothing else passes as plain text. */
static struct span label_value(struct rd *r)
{
	struct span s = rd_span(r, rd_be16(r));
	const uint8_t *nul = s.n ? memchr(s.p, 0, s.n) : NULL;
	s = nul ? span_cut(s, (size_t)(nul - s.p)) : s;
	while (s.n && s.p[0] == ' ')
		s = span_from(s, 1);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return (struct span){ 0 };
	return s;
}

/* ---- attributes ---- */

struct parse {
	struct emit *emit;
	struct record *out;
	struct state *state;
	const char *time;
	uint64_t numerics, unusable, waves;
	uint16_t handle;                         /* of the object at hand */
	struct span family, given;
};

static const char *unit_name(uint16_t code, struct emit *e)
{
	return code ? arena_printf(e->host->arena, "%u", (unsigned)code + MDC_DIMENSION) : NULL;
}

static void vital(struct parse *p, uint32_t mdc, bool is_private, double value, uint16_t unit)
{
	struct arena *a = p->emit->host->arena;
	const char *name = is_private ? NULL : vitals_mdc_name(mdc);
	struct span code = span_str(arena_printf(a, "%u", mdc));
	p->numerics++;
	vitals_emit(p->emit, &(struct vital){
		.protocol = "intellivue", .name = name ? span_str(name) : code, .code = code,
		.system = is_private ? SPAN_LIT("vendor") : SPAN_LIT("MDC"), .unit = span_str(unit_name(unit, p->emit)),
		.sub_id = span_str(arena_printf(a, "%u", p->handle)), .device_time = span_str(p->time), .value = value,
		.subject = p->state->patient, .bed = p->state->bed,
	});
}

/* NuObsValue: what was measured, its state, unit and value. */
static void numeric(struct parse *p, struct rd *r)
{
	uint16_t id = rd_be16(r), state = rd_be16(r), unit = rd_be16(r);
	uint32_t bits = rd_be32(r);
	double value;
	if (!rd_ok(r))
		return;
	if (state & STATE_UNUSABLE || !float_value(bits, &value)) {
		p->unusable++;
		return;
	}
	vital(p, (uint32_t)id + MDC_SCADA, id >= MDC_PRIVATE, value, unit);
}

/* NuObsValueCmp: systole, diastole and mean come together. */
static bool numerics(struct parse *p, struct rd r)
{
	uint16_t count = rd_be16(&r);
	struct rd list = rd_sub(&r, rd_be16(&r));
	for (; count && rd_left(&list); count--)
		numeric(p, &list);
	return rd_ok(&r) && rd_ok(&list);
}

/* SaObsValue: what was measured, its state, length and samples. Of 16 bits as the guide has them; an odd number of
 * bytes is of 8. */
static bool wave(struct parse *p, struct rd *r)
{
	char code[16], handle[16];
	uint16_t id = rd_be16(r), state = rd_be16(r);
	struct span samples = rd_span(r, rd_be16(r));
	if (!rd_ok(r))
		return false;
	p->waves++;
	if (state & (STATE_UNUSABLE | STATE_DEMO))
		return true;
	uint32_t mdc = id < MDC_PRIVATE ? (uint32_t)id + MDC_SCADA : 0;
	int ncode = snprintf(code, sizeof(code), "%u", (unsigned)id + MDC_SCADA);
	int nhandle = snprintf(handle, sizeof(handle), "%u", p->handle);
	const struct waveform of = { .protocol = "intellivue", .mdc = mdc, .code = span_of(code, (size_t)ncode),
				     .sub_id = span_of(handle, (size_t)nhandle), .subject = p->state->patient,
				     .bed = p->state->bed };
	if (samples.n % 2 == 0)
		waveform_words(p->emit, &p->state->waveforms, &of, samples);
	else
		waveform_bytes(p->emit, &p->state->waveforms, &of, samples, NULL);
	return true;
}

/* SaObsValueCmp */
static bool waves(struct parse *p, struct rd r)
{
	uint16_t count = rd_be16(&r);
	struct rd list = rd_sub(&r, rd_be16(&r));
	for (; count && rd_left(&list); count--)
		if (!wave(p, &list))
			return false;
	return rd_ok(&r) && rd_ok(&list);
}

static void body_measure(struct parse *p, struct rd r, uint32_t mdc)
{
	uint32_t bits = rd_be32(&r);
	uint16_t unit = rd_be16(&r);
	double value;
	if (rd_ok(&r) && float_value(bits, &value) && value > 0)
		vital(p, mdc, false, value, unit);
}

/* ProductionSpec: count, length, then type, component, text. The first of a kind is the system's own. */
static void production(struct parse *p, struct rd r)
{
	rd_skip(&r, 4);
	while (rd_left(&r)) {
		uint16_t type = rd_be16(&r);
		rd_skip(&r, 2);
		struct span text = label_value(&r);
		if (!rd_ok(&r))
			return;
		if (type == SPEC_SERIAL && !record_has(p->out, SERIAL))
			record_text(p->out, SERIAL, text);
		else if (type == SPEC_SOFTWARE && !record_has(p->out, FIRMWARE))
			record_text(p->out, FIRMWARE, text);
	}
}

static void net_address(struct parse *p, struct rd r)
{
	struct rd mac = rd_sub(&r, 6);
	struct mac m = { 0 };
	for (size_t i = 0; i < sizeof(m.b); i++)
		m.b[i] = rd_u8(&mac);
	uint32_t ip = rd_be32(&r);
	if (!rd_ok(&r))
		return;
	record_mac(p->out, OWN_MAC, m);
	if (ip)
		record_addr(p->out, OWN_ADDR, addr_v4(ip));
}

static void sex(struct parse *p, uint16_t code)
{
	if (code == SEX_MALE || code == SEX_FEMALE)
		record_str(p->out, SEX, code == SEX_MALE ? "M" : "F");
}

static void bed(struct parse *p, struct span label)
{
	record_text(p->out, BED, label);
	p->state->bed = record_get_token(p->out, BED);
}

static void person(struct parse *p, uint16_t id, struct rd v)
{
	switch (id) {
	case A_FAMILY: p->family = string_value(p->emit, v); break;
	case A_GIVEN: p->given = string_value(p->emit, v); break;
	case A_BIRTH: record_str(p->out, BIRTH_DATE, time_text(p->emit, v, true)); break;
	case A_SEX: sex(p, rd_be16(&v)); break;
	case A_BED: bed(p, string_value(p->emit, v)); break;
	case A_LABEL: bed(p, wide_text(p->emit, v)); break;
	case A_NOTE1:
	case A_NOTE2: record_text(p->out, NOTE, string_value(p->emit, v)); break;
	case A_PATIENT_ID:
		record_text(p->out, PATIENT_ID, string_value(p->emit, v));
		p->state->patient = record_get_token(p->out, PATIENT_ID);
		break;
	default: break;
	}
}

static bool attribute(struct parse *p, uint16_t id, struct rd v)
{
	switch (id) {
	case A_NUMERIC: numeric(p, &v); return rd_ok(&v);
	case A_NUMERICS: return numerics(p, v);
	case A_WAVE: return wave(p, &v);
	case A_WAVES: return waves(p, v);
	case A_MODEL:
		record_text(p->out, MAKER, label_value(&v));
		record_text(p->out, MODEL, label_value(&v));
		return true;
	case A_PRODUCTION: production(p, v); return true;
	case A_NET: net_address(p, v); return true;
	case A_HEIGHT: body_measure(p, v, BODY_HEIGHT); return true;
	case A_WEIGHT: body_measure(p, v, BODY_WEIGHT); return true;
	default: person(p, id, v); return true;
	}
}

static bool attributes(struct parse *p, struct rd *r)
{
	uint16_t count = rd_be16(r);
	struct rd list = rd_sub(r, rd_be16(r));
	for (; count && rd_left(&list); count--) {
		uint16_t id = rd_be16(&list);
		struct rd v = rd_sub(&list, rd_be16(&list));
		if (!rd_ok(&list) || !attribute(p, id, v))
			return false;
	}
	return rd_ok(r) && rd_ok(&list);
}

/* Contexts of objects of attributes, each list with its count and length. */
static bool poll_list(struct parse *p, struct rd r)
{
	rd_skip(&r, 2);
	struct rd contexts = rd_sub(&r, rd_be16(&r));
	while (rd_left(&contexts)) {
		rd_skip(&contexts, 2 + 2);
		struct rd objects = rd_sub(&contexts, rd_be16(&contexts));
		while (rd_left(&objects)) {
			p->handle = rd_be16(&objects);
			if (!attributes(p, &objects))
				return false;
		}
		if (!rd_ok(&objects))
			return false;
	}
	return rd_ok(&contexts) && rd_ok(&r);
}

/* ---- messages ---- */

static const char *object_name(uint16_t code)
{
	switch (code) {
	case OBJECT_NUMERIC: return "numerics";
	case OBJECT_WAVE: return "waves";
	case OBJECT_MDS: return "system";
	case OBJECT_PATIENT: return "patient";
	case OBJECT_ALARMS: return "alarms";
	default: return NULL;
	}
}

/* Behind object and action: what is polled; in an answer times and what was found. */
static bool poll(struct parse *p, struct rd r, bool is_answer, bool extended)
{
	rd_skip(&r, 2);
	if (is_answer) {
		rd_skip(&r, extended ? 2 + 4 : 4);
		p->time = time_text(p->emit, rd_sub(&r, TIME_BYTES), false);
		record_str(p->out, DEVICE_TIME, p->time);
	}
	rd_skip(&r, 2);
	record_str(p->out, POLLED, object_name(rd_be16(&r)));
	rd_skip(&r, 2);
	return rd_ok(&r) && (!is_answer || poll_list(p, r));
}

static bool action(struct parse *p, const struct head *h)
{
	struct rd r = h->body;
	rd_skip(&r, h->kind == INVOKE ? OBJECT_BYTES + 4 : OBJECT_BYTES);
	uint16_t type = rd_be16(&r);
	struct rd v = rd_sub(&r, rd_be16(&r));
	bool is_answer = h->kind != INVOKE;
	if (type != ACT_POLL && type != ACT_POLL_EXT) {
		record_str(p->out, EVENT, is_answer ? "result" : "set");
		return rd_ok(&v);
	}
	record_str(p->out, EVENT, is_answer ? "poll-result" : "poll-request");
	return poll(p, v, is_answer, type == ACT_POLL_EXT);
}

static bool report(struct parse *p, const struct head *h)
{
	struct rd r = h->body;
	rd_skip(&r, OBJECT_BYTES + 4);
	uint16_t type = rd_be16(&r);
	struct rd v = rd_sub(&r, rd_be16(&r));
	record_str(p->out, EVENT, type == EVENT_CONNECT ? "connect-indication" : type == EVENT_MDS_CREATE ? "mds-create"
			: "report");
	if (h->kind != INVOKE || (type != EVENT_CONNECT && type != EVENT_MDS_CREATE))
		return rd_ok(&v);
	if (type == EVENT_MDS_CREATE)
		rd_skip(&v, OBJECT_BYTES);
	return attributes(p, &v);
}

static bool operation(struct parse *p, const struct head *h)
{
	static const char *const parts[] = { NULL, "first", "middle", "last" };
	if (h->part < ARRAY_LEN(parts))
		record_str(p->out, PART, parts[h->part]);
	if (h->kind == FAULT) {
		record_str(p->out, EVENT, "error");
		record_uint(p->out, FAULT_CODE, h->command);
		return true;
	}
	switch (h->command) {
	case EVENT_REPORT:
	case CONFIRMED_EVENT: return report(p, h);
	case ACTION: return action(p, h);
	default:
		record_str(p->out, EVENT, h->kind != INVOKE ? "result" : h->command == GET ? "get" : "set");
		return true;
	}
}

static void finish(struct parse *p)
{
	if (p->family.n || p->given.n) {
		const char *name = arena_printf(p->emit->host->arena, "%.*s^%.*s", (int)p->family.n,
			(const char *)p->family.p, (int)p->given.n, (const char *)p->given.p);
		record_text(p->out, PATIENT_NAME, p->given.n ? span_str(name) : p->family);
	}
	if (p->numerics)
		record_uint(p->out, NUMERICS, p->numerics);
	if (p->unusable)
		record_uint(p->out, UNUSABLE, p->unusable);
	if (p->waves)
		record_uint(p->out, WAVEFORMS, p->waves);
	emit_record(p->emit, p->out);
}

static bool association(struct rd r, struct record *out, struct emit *e)
{
	const struct session *s = session_of(&r);
	if (!s)
		return false;
	record_str(out, EVENT, s->event);
	if (s->type == 0x0E || s->type == 0x0C)
		record_str(out, ROLE, "patient monitor");
	emit_record(e, out);
	return true;
}

/* What the datagram is must be certain before any of its values leaves; values that left stand. */
static bool decode(const struct message *m, void *state, struct emit *e)
{
	struct rd r = rd_of(m->bytes);
	struct record out UNSET;
	struct head h;
	emit_begin(e, &out, &intellivue_type);
	uint8_t first = rd_peek(&r);
	if (first != 0 && first != SESSION_ID >> 8)
		return association(r, &out, e);
	bool indicates = first == 0;
	if (rd_be32(&r) >> 16 != (indicates ? NOMENCLATURE >> 16 : SESSION_ID) || !operation_head(r, &h))
		return false;
	emit_shown(e, span_cut(m->bytes, 14));
	struct parse p = { .emit = e, .out = &out, .state = state };
	/* Whoever asks may be anybody: only the end that reports and answers shows what it is. */
	bool is_report = h.command <= CONFIRMED_EVENT;
	if (indicates || h.kind == LINKED || h.kind == FAULT || is_report == (h.kind == INVOKE))
		record_str(&out, ROLE, "patient monitor");
	if (!operation(&p, &h))
		return false;
	finish(&p);
	return true;
}

static const struct record_type *const types[] = { &intellivue_type, NULL };

const struct decoder decoder_intellivue = {
	.name = "intellivue", .doc = "Philips IntelliVue Data Export over UDP (maker's guide 4535 642 59271)",
	.over = OVER_UDP, .ports = { PORT_ASSOCIATE, PORT_INDICATE }, .clinical = true,
	.state_size = sizeof(struct state),
	.bid = bid, .decode = decode, .types = types,
};
