/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mindray Patient Data Share: HL7 2.3.1 in MLLP by the maker's rules (guide 0010-20-43061-2). A monitor broadcasts
 * that it is there (UDP 4600) and answers whoever asks (TCP 4601): no login, all in clear. Messages are read as
 * HL7; what is the maker's own is read here. Sure, by the guide and by programs that talk to such monitors: the
 * numbers below, the place of address and port in PV1-3, the parameters, -100 for "no value". Not sure: the
 * number of the broadcast, which is known by its ADT^A01 with an address.
 *
 *   MSH|^~\&|||||||type|number|P|2.3.1|      MSH-3 to MSH-8 empty; MSH-10 says what the message is
 *   PV1||I|^^ward&bed&address as a number&port&&1
 *   OBX||NM|parameter^name|module|value      52 height, 51 weight, 2301 patient number, 2308 bed */
#include "base/scope.h"
#include "decode/hl7.h"
#include "decode/hl7_text.h"

enum {
	PORT_BEACON = 4600, PORT_DATA = 4601, MSH_FIELDS = 12, FIELDS_READ = 6, NUMBER_MAX = 9999,
	SETTINGS_FROM = 2000, HEADER_MAX = 128, NO_VALUE = -100,
};

enum { EVENT, NUMBER, ROLE, MAKER, MONITOR_ADDR, MONITOR_PORT, ALARMS, PATIENT_ID, BED, DEPARTMENT, FIELDS };

static const struct field fields[FIELDS] = {
	[EVENT] = { "event", F_TEXT, "announcement, query, patient, values, pressure, alarm, technical-alarm, alive, other" },
	[NUMBER] = { "number", F_UINT, "number of the message kind (MSH-10)" },
	[ROLE] = { "role", F_TEXT, "what the sender is, when it names its own address", .clue = CLUE_ROLE },
	[MAKER] = { "maker", F_TEXT, "maker of the sender", .clue = CLUE_MAKER },
	[MONITOR_ADDR] = { "monitor_address", F_ADDR, "address of the monitor it speaks of" },
	[MONITOR_PORT] = { "monitor_port", F_UINT, "where that can be asked" },
	[ALARMS] = { "alarms", F_UINT, "alarms in the message" },
	[PATIENT_ID] = { "patient_id", F_TEXT, "patient number as entered at the monitor", .privacy = PATIENT },
	[BED] = { "bed", F_TEXT, "bed", .privacy = PATIENT },
	[DEPARTMENT] = { "department", F_TEXT, "ward", .privacy = PATIENT },
};
static RECORD_TYPE(mindray_type, "mindray", "Message of Mindray Patient Data Share", fields);

static const struct {
	uint16_t number;
	const char *event;
} kinds[] = {
	{ 54, "alarm" }, { 56, "technical-alarm" }, { 103, "patient" }, { 106, "alive" }, { 204, "values" },
	{ 503, "pressure" }, { 1203, "query" }, { 205, "other" }, { 58, "other" }, { 104, "other" }, { 107, "other" },
};

static const char *event_of(uint16_t number)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].number == number)
			return kinds[i].event;
	return NULL;
}

static bool decimal(struct span s, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || n > max)
			return false;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = n;
	return s.n > 0 && n <= max;
}

/* ---- recognising ---- */

struct header {
	struct span type;
	uint16_t number;
};

/* The head that only this protocol writes: nobody is named in it, and MSH-10 counts kinds, not messages. */
static bool header_read(struct span s, struct header *out)
{
	struct span f[MSH_FIELDS];
	uint64_t number;
	if (!span_starts(s, SPAN_LIT("MSH|^~\\&|||||||")))
		return false;
	hl7_split(hl7_first(hl7_first(span_cut(s, HEADER_MAX), HL7_CR), HL7_LF), '|', f, MSH_FIELDS);
	if (!span_is(f[10], "P") || !span_is(f[11], "2.3.1") || !decimal(f[9], NUMBER_MAX, &number))
		return false;
	*out = (struct header){ f[8], (uint16_t)number };
	return true;
}

static bool is_announcement(const struct header *h)
{
	return span_is(h->type, "ADT^A01");
}

static bool is_known(const struct header *h)
{
	if (span_is(h->type, "QRY^R02"))
		return h->number == 1203 || h->number == 160;
	return span_is(h->type, "ORU^R01") && event_of(h->number);
}

static const uint16_t ports[] = { PORT_BEACON, PORT_DATA };

/* Better than hl7's own claim where the head fits: with a known number anywhere, with others on its ports. */
static struct bid bid(const struct message *m, const struct origin *at)
{
	struct hl7_lead lead = hl7_lead(m->bytes);
	struct header h;
	if (lead.head > HL7_HEAD_MAX || !header_read(span_from(m->bytes, lead.head), &h))
		return (struct bid){ BID_NO };
	bool on_port = false;
	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		on_port |= at->sport == ports[i] || at->dport == ports[i];
	return (struct bid){ on_port || is_known(&h) ? BID_SURE + 5 : BID_NO };
}

/* ---- a message ---- */

/* PV1-3 component 3: ward & bed & address & port. */
static void place(struct record *out, struct span pv1_3)
{
	struct span f[4];
	uint64_t addr, port;
	hl7_split(hl7_part(pv1_3, '^', 3), '&', f, 4);
	record_text(out, DEPARTMENT, f[0]);
	if (f[1].n)
		record_text(out, BED, f[1]);
	if (!decimal(f[2], UINT32_MAX, &addr) || !addr)
		return;
	record_addr(out, MONITOR_ADDR, addr_v4((uint32_t)addr));
	if (decimal(f[3], UINT16_MAX, &port))
		record_uint(out, MONITOR_PORT, port);
	if (addr_eq(out->at->src, addr_v4((uint32_t)addr)))
		record_str(out, ROLE, "patient monitor");
}

static void observed(struct record *out, const struct span *f, bool alarms)
{
	struct span id = hl7_first(f[3], '^');
	if (span_is(id, "2301"))
		record_text(out, PATIENT_ID, f[5]);
	else if (span_is(id, "2308"))
		record_text(out, BED, f[5]);
	else if (alarms && id.n == 1 && memchr(f[5].p, '^', f[5].n))
		record_uint(out, ALARMS, record_get_uint(out, ALARMS) + 1);
}

static void segment(struct record *out, struct span line, uint16_t number)
{
	struct span f[FIELDS_READ];
	hl7_split(line, '|', f, FIELDS_READ);
	if (span_is(f[0], "PV1"))
		place(out, f[3]);
	else if (span_is(f[0], "OBX") && f[5].n)
		observed(out, f, number == 54 || number == 56);
	else if (span_is(f[0], "OBR") && span_starts(f[4], SPAN_LIT("Mindray")))
		record_str(out, MAKER, "Mindray");
}

static void message(struct emit *e, struct span s)
{
	struct header h;
	if (!header_read(s, &h))
		return;
	struct record out UNSET;
	emit_begin(e, &out, &mindray_type);
	const char *event = span_is(h.type, "QRY^R02") ? "query" : is_announcement(&h) ? "announcement" : event_of(h.number);
	record_str(&out, EVENT, event ? event : "other");
	record_uint(&out, NUMBER, h.number);
	struct hl7_lines lines = hl7_lines(s);
	struct span line;
	while (hl7_segment(&lines, &line))
		segment(&out, line, h.number);
	emit_record(e, &out);
}

/* ---- values ---- */

/* The guide's appendix B: what the numbers of parameters stand for; units are left out of the messages. */
static const struct {
	const char *code, *name, *unit;
} parameters[] = {
	{ "101", "heart_rate", "/min" }, { "151", "resp_rate", "/min" }, { "160", "spo2", "%" },
	{ "161", "pulse_rate", "/min" }, { "162", "perfusion", "%" }, { "170", "nibp_sys", "mm[Hg]" },
	{ "171", "nibp_dia", "mm[Hg]" },
	{ "172", "nibp_mean", "mm[Hg]" }, { "173", "pulse_rate", "/min" }, { "200", "temperature", "Cel" },
	{ "201", "temperature", "Cel" }, { "51", "weight", "kg" }, { "52", "height", "cm" },
};

/* 2000 and up are settings, a bed or a patient's number among them. 202 is a difference of temperatures. */
static bool keep(struct vital *v)
{
	uint64_t code;
	if (v->value <= NO_VALUE || !decimal(v->code, NUMBER_MAX, &code) || code >= SETTINGS_FROM)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(parameters); i++)
		if (span_is(v->code, parameters[i].code)) {
			v->name = span_str(parameters[i].name);
			if (!v->unit.n)
				v->unit = span_str(parameters[i].unit);
		}
	return true;
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	static const struct hl7_dialect dialect = { .protocol = "mindray", .keep = keep };
	for (size_t at = 0, turns = 0; at < m->bytes.n && turns < NUMBER_MAX; turns++) {
		struct span s = span_from(m->bytes, at);
		struct hl7_lead lead = hl7_lead(s);
		s = span_from(s, lead.head);
		size_t next = hl7_next_start(s, s.n ? 1 : 0);
		message(e, span_cut(s, hl7_first(span_cut(s, next), HL7_FS).n));
		at += lead.head + next;
	}
	return hl7_decode(m, state, e, &dialect);
}

static const struct record_type *const types[] = { &mindray_type, NULL };

const struct decoder decoder_mindray = {
	.name = "mindray", .doc = "Mindray Patient Data Share (maker's guide 0010-20-43061-2; HL7 2.3.1)",
	.over = OVER_TCP | OVER_UDP, .ports = { PORT_BEACON, PORT_DATA }, .clinical = true, .state_size = HL7_STATE,
	.memo_size = HL7_MEMO,
	.bid = bid, .frame = hl7_frame, .decode = decode, .types = types,
};
