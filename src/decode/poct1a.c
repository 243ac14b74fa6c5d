/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Point-of-care analysers: XML messages of CLSI POCT1-A2, one after the other in a TCP stream of any port. Either
 * end may open the connection. Element names as the published examples and makers' interface guides show them;
 * a value stands in attribute V, its unit in U, its code system in SN.
 *
 *   <HEL.R01> hello, with <DEV> who the device is   <DST.R01> its state   <OBS.R01> results of patients, <OBS.R02> of
 *   controls   <ACK.R01> <REQ.R01> <DTV.…> <EOT.R01> <END.R01> …
 *   <OBS.R01><HDR>…</HDR><SVC><PT>who <OBS>what</OBS>…</PT><OPR>by whom</OPR></SVC>…</OBS.R01> */
#include "base/ascii.h"
#include "base/scope.h"
#include "decode/hl7_text.h"
#include "decode/vitals.h"
#include "decode/xml_scan.h"

enum {
	KIND_LENGTH = 7, KIND_MAX = 32, DECLARATION_MAX = 1024, PARTS_MAX = 65536, TEXT_SHOWN = 96,
	MESSAGE_MAX = 200 * 1024,
};

enum {
	EVENT, CONTROL_ID, VERSION, ROLE, DEVICE_ID, MAKER, MODEL, SERIAL, FIRMWARE, DEVICE_NAME, OBSERVATIONS, CONTROLS,
	PATIENT_ID, PATIENT_NAME, BIRTH_DATE, SEX, DEPARTMENT, PHYSICIAN, STUDY, NOTE, PART, FIELDS
};

static const struct field fields[FIELDS] = {
	[EVENT] = { "event", F_TEXT, "kind of message: HEL.R01 hello, OBS.R01 results, ACK.R01 …" },
	[CONTROL_ID] = { "control_id", F_TEXT, "number that the sender gave the message" },
	[VERSION] = { "version", F_TEXT, "version of the norm" },
	[ROLE] = { "role", F_TEXT, "what the sender is: who says hello measures", .clue = CLUE_ROLE },
	[DEVICE_ID] = { "device_id", F_TEXT, "unique number of the device" },
	[MAKER] = { "maker", F_TEXT, "maker of the device", .clue = CLUE_MAKER },
	[MODEL] = { "model", F_TEXT, "its model", .clue = CLUE_MODEL },
	[SERIAL] = { "serial", F_TEXT, "its serial number", .clue = CLUE_SERIAL },
	[FIRMWARE] = { "firmware", F_TEXT, "version of its software", .clue = CLUE_VERSION },
	[DEVICE_NAME] = { "device_name", F_TEXT, "name that the hospital gave it", .clue = CLUE_NAME },
	[OBSERVATIONS] = { "observations", F_UINT, "results of patients in the message" },
	[CONTROLS] = { "controls", F_UINT, "results of control liquids" },
	[PATIENT_ID] = { "patient_id", F_TEXT, "patient number", .privacy = PATIENT },
	[PATIENT_NAME] = { "patient_name", F_TEXT, "patient's name", .privacy = PATIENT },
	[BIRTH_DATE] = { "birth_date", F_TEXT, "date of birth", .privacy = PATIENT },
	[SEX] = { "sex", F_TEXT, "sex", .privacy = PATIENT },
	[DEPARTMENT] = { "department", F_TEXT, "where the patient lies", .privacy = PATIENT },
	[PHYSICIAN] = { "physician", F_TEXT, "who measured or who asked for it", .privacy = PATIENT },
	[STUDY] = { "study", F_TEXT, "number of the order or specimen", .privacy = PATIENT },
	[NOTE] = { "note", F_TEXT, "comment, or a result in words", .privacy = PATIENT },
	[PART] = { "part", F_UINT, "2, 3 …: a further patient of the same message" },
};
static RECORD_TYPE(poct1a_type, "poct1a", "Message of a point-of-care analyser (POCT1-A)", fields);

/* ---- recognising ---- */

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0;
}

static bool is_upper(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Names of messages: three letters, a point, and R with two digits, or more parts for a maker's own. */
static bool is_kind(struct span name)
{
	if (name.n < KIND_LENGTH || name.n > KIND_MAX || name.p[3] != '.')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!is_upper(name.p[i]) && name.p[i] != '.')
			return false;
	return true;
}

static bool is_standard(struct span name)
{
	static const char *const kinds[] = {
		"HEL.", "DST.", "OBS.", "ACK.", "REQ.", "DTV.", "EOT.", "END.", "TRM.", "KPA.", "OPL.", "PTL.", "EVS.", "ESC.",
	};
	for (size_t i = 0; name.n == KIND_LENGTH && i < ARRAY_LEN(kinds); i++)
		if (span_starts(name, span_str(kinds[i])))
			return name.p[4] == 'R' && name.p[5] == '0' && name.p[6] >= '0' && name.p[6] <= '9';
	return false;
}

struct opening {
	struct span name;                        /* of the message; empty: not here yet */
	size_t start;                            /* of its tag */
	bool never;                              /* this is something else */
};

/* White space and an XML declaration may stand before the first tag. */
static struct opening opening_of(struct span s)
{
	struct opening o = { 0 };
	while (o.start < s.n && is_space(s.p[o.start]))
		o.start++;
	struct span rest = span_from(s, o.start);
	if (span_starts(rest, SPAN_LIT("\xEF\xBB\xBF")))
		rest = span_from(rest, 3);
	if (rest.n && rest.p[0] != '<') {
		o.never = true;
		return o;
	}
	struct xml x = xml_of(span_cut(rest, DECLARATION_MAX));
	struct xml_part p = xml_next(&x);
	if (p.kind == XML_OPEN || p.kind == XML_EMPTY) {
		o.name = p.name;
		o.start = s.n - rest.n + (size_t)(p.all.p - rest.p);
	}
	o.never = p.kind == XML_TEXT || p.kind == XML_CLOSE || rest.n >= DECLARATION_MAX;
	return o;
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct span s = m->bytes;
	if (s.n && s.p[0] != '<' && !is_space(s.p[0]) && s.p[0] != 0xEF)
		return (struct bid){ BID_NO };
	struct opening o = opening_of(s);
	if (o.name.n)
		return (struct bid){ is_standard(o.name) ? BID_SURE : BID_NO };
	return (struct bid){ o.never || m->closing || !s.n ? BID_NO : BID_WAIT };
}

/* ---- framing: up to the end tag of the name that it began with ---- */

static size_t message_end(struct span s, const struct opening *o, size_t from)
{
	char tag[KIND_MAX + 8];
	size_t n = (size_t)snprintf(tag, sizeof(tag), "</%.*s>", (int)o->name.n, (const char *)o->name.p);
	size_t at = from > n ? from - n : 0;
	struct span rest = span_from(s, at > o->start ? at : o->start);
	const uint8_t *end = rest.n ? memmem(rest.p, rest.n, tag, n) : NULL;
	return end ? (size_t)(end - s.p) + n : 0;
}

static struct frame frame(const struct message *m, void *state)
{
	(void)state;
	struct span s = m->bytes;
	size_t blank = 0;
	while (blank < s.n && is_space(s.p[blank]))
		blank++;
	if (blank)
		return FRAME_WHOLE(blank);
	struct opening o = opening_of(s);
	if (o.name.n && !is_kind(o.name))
		return FRAME_NONE;
	size_t end = o.name.n ? message_end(s, &o, m->seen) : 0;
	if (end)
		return FRAME_WHOLE(end);
	if (o.never && !o.name.n)
		return FRAME_NONE;
	if (m->closing)
		return FRAME_WHOLE(s.n);
	return s.n < MESSAGE_MAX ? FRAME_WAIT(m) : FRAME_NONE;
}

/* ---- a message ---- */

struct parse {
	struct emit *emit;
	struct record out;
	struct span kind, control, version;
	struct token patient;
	uint64_t observations, controls, patients;
	struct vital v;                          /* of the OBS at hand */
	struct span value, words, time;
	bool in_control;
};

static struct span plain(struct span s)
{
	return s.n <= TEXT_SHOWN && !span_has_control(s) ? s : (struct span){ 0 };
}

/* A person's datum. The first one stays; the host is told of all. */
static void person(struct parse *p, unsigned field, struct span s)
{
	bool had = record_has(&p->out, field);
	struct value first = p->out.v[field];
	record_text(&p->out, field, s);
	if (had)
		p->out.v[field] = first;
}

static void begin(struct parse *p)
{
	emit_begin(p->emit, &p->out, &poct1a_type);
	record_text(&p->out, EVENT, p->kind);
	record_text(&p->out, CONTROL_ID, p->control);
	record_text(&p->out, VERSION, p->version);
	if (span_is(p->kind, "HEL.R01"))
		record_str(&p->out, ROLE, "analyser");
	if (p->patients > 1)
		record_uint(&p->out, PART, p->patients);
	p->observations = p->controls = 0;
}

static void finish(struct parse *p)
{
	if (p->observations)
		record_uint(&p->out, OBSERVATIONS, p->observations);
	if (p->controls)
		record_uint(&p->out, CONTROLS, p->controls);
	if (p->observations + p->controls)
		record_str(&p->out, ROLE, "analyser");
	emit_record(p->emit, &p->out);
}

/* The next patient of the same message counts apart. */
static void patient_begin(struct parse *p)
{
	p->patient = (struct token){ 0 };
	if (p->patients++ && (record_has(&p->out, PATIENT_ID) || record_has(&p->out, PATIENT_NAME))) {
		finish(p);
		begin(p);
	}
}

/* <OBS> ends: what was measured leaves if it is a number of a patient. */
static void observation_end(struct parse *p)
{
	struct vital *v = &p->v;
	if (p->in_control) {
		p->controls++;
		return;
	}
	p->observations++;
	person(p, NOTE, p->words);
	if (!v->code.n || !hl7_number(p->value, &v->value))
		return;
	const char *name = vitals_name(v->code);
	if (!name && !span_is(v->system, "LOINC"))
		name = vitals_label(v->code);
	if (!name && v->name.n)
		name = vitals_label(v->name);
	v->protocol = "poct1a";
	v->subject = p->patient;
	v->device_time = p->time;
	v->name = name ? span_str(name) : v->name.n ? v->name : v->code;
	vitals_emit(p->emit, v);
}

static void code(struct parse *p, struct span attributes)
{
	struct span system = xml_attribute(attributes, "SN");
	p->v.code = plain(xml_attribute(attributes, "V"));
	p->v.name = plain(xml_attribute(attributes, "DN"));
	p->v.system = span_is(system, "LN") || span_is(system, "LOINC") ? SPAN_LIT("LOINC")
		: span_is(system, "MDC") ? SPAN_LIT("MDC") : SPAN_LIT("vendor");
}

static struct span digits_of(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') && !strchr("-:T+.Z", s.p[i] ? s.p[i] : '!'))
			return (struct span){ 0 };
	return span_cut(s, 32);
}

static const struct place {
	const char *element;
	uint8_t field;
	bool personal;
} places[] = {
	{ "DEV.device_id", DEVICE_ID, false }, { "DEV.vendor_id", MAKER, false }, { "DEV.manufacturer_name", MAKER, false },
	{ "DEV.model_id", MODEL, false }, { "DEV.serial_id", SERIAL, false }, { "DEV.sw_version", FIRMWARE, false },
	{ "DEV.device_name", DEVICE_NAME, false },
	{ "PT.patient_id", PATIENT_ID, true }, { "PT.name", PATIENT_NAME, true }, { "PT.birth_date", BIRTH_DATE, true },
	{ "PT.gender_cd", SEX, true }, { "PT.location", DEPARTMENT, true }, { "OPR.operator_id", PHYSICIAN, true },
	{ "OPR.name", PHYSICIAN, true }, { "ORD.ordering_provider_id", PHYSICIAN, true }, { "ORD.order_id", STUDY, true },
	{ "SPC.specimen_id", STUDY, true }, { "NTE.text", NOTE, true },
};

static void element(struct parse *p, struct span name, struct span attributes)
{
	struct span v = xml_plain(p->emit->host->arena, xml_attribute(attributes, "V"));
	if (span_is(name, "HDR.control_id"))
		record_text(&p->out, CONTROL_ID, p->control = plain(v));
	else if (span_is(name, "HDR.version_id"))
		record_text(&p->out, VERSION, p->version = plain(v));
	else if (span_is(name, "SVC.observation_dttm"))
		p->time = digits_of(v);
	else if (span_is(name, "OBS.observation_id"))
		code(p, attributes);
	else if (span_is(name, "OBS.value")) {
		p->value = v;
		p->v.unit = plain(xml_attribute(attributes, "U"));
	} else if (span_is(name, "OBS.qualitative_value"))
		p->words = v;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (!span_is(name, places[i].element))
			continue;
		if (places[i].personal)
			person(p, places[i].field, v);
		else
			record_text(&p->out, places[i].field, plain(v));
		if (places[i].field == PATIENT_ID)
			p->patient = record_get_token(&p->out, PATIENT_ID);
	}
}

static void tag_open(struct parse *p, const struct xml_part *x)
{
	if (span_is(x->name, "PT"))
		patient_begin(p);
	else if (span_is(x->name, "CTC"))
		p->in_control = true;
	else if (span_is(x->name, "SVC"))
		p->time = (struct span){ 0 };
	if (span_is(x->name, "OBS")) {
		p->v = (struct vital){ 0 };
		p->value = p->words = (struct span){ 0 };
	}
	element(p, x->name, x->attributes);
}

static void tag_close(struct parse *p, const struct xml_part *x)
{
	if (span_is(x->name, "OBS"))
		observation_end(p);
	else if (span_is(x->name, "CTC"))
		p->in_control = false;
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	struct opening o = opening_of(m->bytes);
	if (!o.name.n)
		return !m->bytes.n || is_space(m->bytes.p[0]);
	if (!is_kind(o.name))
		return false;
	struct parse p = { .emit = e, .kind = o.name };
	struct xml x = xml_of(span_from(m->bytes, o.start));
	bool ended = false, in_note = false;
	begin(&p);
	for (int i = 0; i < PARTS_MAX && !ended; i++) {
		struct xml_part part = xml_next(&x);
		if (part.kind == XML_END)
			break;
		if (part.kind == XML_TEXT) {
			if (in_note)
				person(&p, NOTE, part.text);
			continue;
		}
		emit_shown(e, xml_tag(&part));
		in_note = part.kind == XML_OPEN && span_is(part.name, "NTE.text");
		if (part.kind != XML_CLOSE)
			tag_open(&p, &part);
		if (part.kind != XML_OPEN)
			tag_close(&p, &part);
		ended = part.kind == XML_CLOSE && span_eq(part.name, o.name);
	}
	finish(&p);
	return ended || m->cut;
}

static const struct record_type *const types[] = { &poct1a_type, NULL };

const struct decoder decoder_poct1a = {
	.name = "poct1a", .doc = "Point-of-care analysers (CLSI POCT1-A2)",
	.over = OVER_TCP, .clinical = true,
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
