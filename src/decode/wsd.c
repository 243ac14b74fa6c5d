/* SPDX-License-Identifier: GPL-2.0-or-later */
/* WS-Discovery (OASIS 1.1 of 2009, and the draft of April 2005): SOAP in datagrams to 239.255.255.250 or ff02::c, by
 * which devices say that they are there and what they are. Medical devices of IEEE 11073 SDC announce themselves
 * so (11073-20702: type mdpws:MedicalDevice; 11073-20701 §9: scopes sdc.mds.pkp, sdc.cdc.type, sdc.ctxt.*), in
 * clear even where all else is TLS. Scopes of the context hold ward, bed and patient. */
#include "base/ascii.h"
#include "base/buf.h"
#include "base/scope.h"
#include "decode/decoder.h"
#include "decode/xml_scan.h"

enum { PORT_WSD = 3702, LOOK = 4096, PARTS_MAX = 2048, LIST_MAX = 32, TEXT_SHOWN = 256 };

enum {
	EVENT, DIALECT, ENDPOINT, TYPES, SCOPES, XADDRS, VERSION, SYSTEM, PROVIDER, ROLE, MODEL, NAME, LOCATION, BED,
	DEPARTMENT, PATIENT_ID, PHYSICIAN, FIELDS
};

static const struct field fields[FIELDS] = {
	[EVENT] = { "event", F_TEXT, "Hello, Bye, Probe, ProbeMatches, Resolve or ResolveMatches" },
	[DIALECT] = { "dialect", F_TEXT, "2005/04 or 1.1" },
	[ENDPOINT] = { "endpoint", F_TEXT, "lasting name of the device, a UUID most often" },
	[TYPES] = { "types", F_TEXTS, "what it is or who is looked for, without prefixes" },
	[SCOPES] = { "scopes", F_TEXTS, "where it counts itself in; not those that name a patient, bed or person" },
	[XADDRS] = { "addresses", F_TEXTS, "where its services are, without query" },
	[VERSION] = { "metadata_version", F_UINT, "counts changes of what it says of itself" },
	[SYSTEM] = { "system", F_TEXT, "\"IEEE 11073 SDC\": it says type MedicalDevice (11073-20702) or a scope of SDC",
		.clue = CLUE_SYSTEM },
	[PROVIDER] = { "sdc_provider", F_BOOL, "offers measured values or settings (11073-20701 key purpose)" },
	[ROLE] = { "role", F_TEXT, "what the sender is, by its type or scopes", .clue = CLUE_ROLE },
	[MODEL] = { "model", F_TEXT, "hardware, where a scope says it (ONVIF)", .clue = CLUE_MODEL },
	[NAME] = { "device_name", F_TEXT, "name, where a scope says it (ONVIF)", .clue = CLUE_NAME },
	[LOCATION] = { "facility", F_TEXT, "hospital of its location context", .clue = CLUE_FACILITY },
	[BED] = { "bed", F_TEXT, "bed or room of its location context", .privacy = PATIENT },
	[DEPARTMENT] = { "department", F_TEXT, "point of care of its location context", .privacy = PATIENT },
	[PATIENT_ID] = { "patient_id", F_TEXT, "patient context", .privacy = PATIENT },
	[PHYSICIAN] = { "physician", F_TEXT, "operator context", .privacy = PATIENT },
};
static RECORD_TYPE(wsd_type, "wsd", "Device discovery (WS-Discovery)", fields);

/* ---- recognising ---- */

static const char *dialect_of(struct span s)
{
	s = span_cut(s, LOOK);
	if (span_has(s, "schemas.xmlsoap.org/ws/2005/04/discovery"))
		return "2005/04";
	return span_has(s, "docs.oasis-open.org/ws-dd/ns/discovery/2009/01") ? "1.1" : NULL;
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct span s = m->bytes;
	if (span_starts(s, SPAN_LIT("\xEF\xBB\xBF")))
		s = span_from(s, 3);
	bool fits = s.n > 1 && s.p[0] == '<' && span_has(span_cut(s, LOOK), "Envelope") && dialect_of(s);
	return (struct bid){ fits ? BID_SURE : BID_NO };
}

/* ---- scopes ---- */

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 §2.1, so that a bed is the same bed in every protocol. */
static struct span percent_plain(struct arena *a, struct span s)
{
	if (!s.n || !memchr(s.p, '%', s.n))
		return s;
	struct buf b = { .cap = s.n + 1 };
	while (s.n) {
		int high = s.n > 2 ? hex(s.p[1]) : -1, low = s.n > 2 ? hex(s.p[2]) : -1;
		bool coded = s.p[0] == '%' && high >= 0 && low >= 0;
		buf_u8(&b, coded ? (uint8_t)(high * 16 + low) : s.p[0]);
		s = span_from(s, coded ? 3 : 1);
	}
	struct span out = arena_copy(a, buf_span(&b));
	buf_done(&b);
	return out;
}

static struct span plain(struct span s)
{
	return s.n <= TEXT_SHOWN && !span_has_control(s) ? s : (struct span){ 0 };
}

/* fac=…&bldng=…&poc=…&flr=…&rm=…&bed=… (11073-20701 §9.4.1.2) */
static void location(struct record *out, struct arena *a, struct span scope)
{
	static const struct { const char *key; uint8_t field; } keys[] = {
		{ "fac", LOCATION }, { "poc", DEPARTMENT }, { "bed", BED }, { "rm", BED },
	};
	struct rd r = rd_of(scope);
	struct span part, key;
	if (!rd_until(&r, '?', &part)) {
		record_text(out, BED, scope);    /* an id that only the hospital can read */
		return;
	}
	while (rd_left(&r)) {
		part = rd_piece(&r, '&');
		struct rd pair = rd_of(part);
		if (!rd_until(&pair, '=', &key))
			continue;
		struct span value = percent_plain(a, rd_rest(&pair));
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			if (span_is(key, keys[i].key) && (!record_has(out, keys[i].field) || span_is(key, "bed")))
				record_text(out, keys[i].field, keys[i].field == LOCATION ? plain(value) : value);
	}
}

/* Contexts (11073-20701 §9.4): who, where, by whom. What is not known here does not leave as text either. */
static void context(struct record *out, struct arena *a, struct span kind, struct span rest)
{
	if (span_starts(kind, SPAN_LIT("loc:")))
		location(out, a, rest);
	else if (span_starts(kind, SPAN_LIT("opr:")))
		record_text(out, PHYSICIAN, rest);
	else
		record_text(out, PATIENT_ID, rest);
}

/* What the device as a whole is: IEEE 11073-10101, partition 1 (65536 and the number). */
static const struct {
	const char *code, *role;
} kinds[] = {
	{ "69965", "patient monitor" }, { "69985", "infusion pump" }, { "70001", "ventilator" },
};

static void device_kind(struct record *out, struct span scope)
{
	const uint8_t *slash = memrchr(scope.p, '/', scope.n);
	struct span code = slash ? span_from(scope, (size_t)(slash - scope.p) + 1) : scope;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (span_is(code, kinds[i].code))
			record_str(out, ROLE, kinds[i].role);
}

static void onvif(struct record *out, struct arena *a, struct span scope)
{
	struct span head = SPAN_LIT("onvif://www.onvif.org/");
	struct span s = span_from(scope, head.n);
	if (span_starts(s, SPAN_LIT("hardware/")))
		record_text(out, MODEL, plain(percent_plain(a, span_from(s, 9))));
	else if (span_starts(s, SPAN_LIT("name/")))
		record_text(out, NAME, plain(percent_plain(a, span_from(s, 5))));
}

static const char sdc_name[] = "IEEE 11073 SDC";

static void scope(struct record *out, struct arena *a, struct span s)
{
	if (span_starts(s, SPAN_LIT("sdc.")))
		record_str(out, SYSTEM, sdc_name);
	if (span_starts(s, SPAN_LIT("sdc.ctxt."))) {
		struct span kind = span_from(s, 9);
		struct rd r = rd_of(kind);
		struct span name;
		context(out, a, kind, rd_until(&r, ':', &name) ? rd_rest(&r) : kind);
		return;
	}
	if (span_starts(s, SPAN_LIT("sdc.mds.pkp:1.2.840.10004.20701.1.1")))
		record_bool(out, PROVIDER, true);
	else if (span_starts(s, SPAN_LIT("sdc.cdc.type:")))
		device_kind(out, s);
	else if (span_starts(s, SPAN_LIT("onvif://www.onvif.org/")))
		onvif(out, a, s);
	if (span_starts(s, SPAN_LIT("onvif://www.onvif.org/location/")))
		return;
	record_add_text(out, SCOPES, plain(s));
}

/* ---- a message ---- */

/* Cuts a list at white space; false at its end. */
static bool word(struct rd *r, struct span *out)
{
	while (rd_left(r) && rd_peek(r) <= ' ')
		rd_skip(r, 1);
	struct span rest = { r->p, rd_left(r) };
	size_t n = 0;
	while (n < rest.n && rest.p[n] > ' ')
		n++;
	*out = rd_span(r, n);
	return n > 0;
}

static void type(struct record *out, struct span s)
{
	const uint8_t *colon = memchr(s.p, ':', s.n);
	s = colon ? span_from(s, (size_t)(colon - s.p) + 1) : s;
	if (span_is(s, "MedicalDevice"))
		record_str(out, SYSTEM, sdc_name);
	else if (span_is(s, "PrintDeviceType"))
		record_str(out, ROLE, "printer");
	else if (span_is(s, "NetworkVideoTransmitter"))
		record_str(out, ROLE, "camera");
	record_add_text(out, TYPES, plain(s));
}

static void address(struct record *out, struct span s)
{
	const uint8_t *query = memchr(s.p, '?', s.n);
	record_add_text(out, XADDRS, plain(query ? span_cut(s, (size_t)(query - s.p)) : s));
}

static void words(struct record *out, struct arena *a, struct span text, unsigned field)
{
	struct rd r = rd_of(xml_plain(a, text));
	struct span s;
	for (int i = 0; i < LIST_MAX && word(&r, &s); i++) {
		if (field == TYPES)
			type(out, s);
		else if (field == SCOPES)
			scope(out, a, s);
		else
			address(out, s);
	}
}

static const char *event_of(struct span name)
{
	static const char *const events[] = { "Hello", "Bye", "Probe", "ProbeMatches", "Resolve", "ResolveMatches" };
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (span_is(name, events[i]))
			return events[i];
	return NULL;
}

static void number(struct record *out, unsigned field, struct span s)
{
	uint64_t n = 0;
	for (size_t i = 0; i < s.n && i < 10; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	}
	record_uint(out, field, n);
}

/* Text by the element it stands in; the endpoint only within its reference, which the body holds. */
static void text(struct record *out, struct arena *a, struct span element, bool in_reference, struct span s)
{
	if (span_is(element, "Types"))
		words(out, a, s, TYPES);
	else if (span_is(element, "Scopes"))
		words(out, a, s, SCOPES);
	else if (span_is(element, "XAddrs"))
		words(out, a, s, XADDRS);
	else if (span_is(element, "MetadataVersion"))
		number(out, VERSION, s);
	else if (span_is(element, "Address") && in_reference && !record_has(out, ENDPOINT))
		record_text(out, ENDPOINT, plain(s));
}

/* A probe says what is looked for, not what the sender is. */
static void drop_claims(struct record *out)
{
	static const uint8_t claims[] = { SYSTEM, PROVIDER, ROLE, MODEL, NAME, LOCATION, ENDPOINT };
	for (size_t i = 0; i < sizeof(claims); i++)
		out->set &= ~((uint64_t)1 << claims[i]);
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	struct xml x = xml_of(m->bytes);
	struct record out UNSET;
	struct span element = { 0 };
	const char *event = NULL;
	bool in_body = false, in_reference = false;
	emit_begin(e, &out, &wsd_type);
	record_str(&out, DIALECT, dialect_of(m->bytes));
	for (int i = 0; i < PARTS_MAX; i++) {
		struct xml_part p = xml_next(&x);
		if (p.kind == XML_END)
			break;
		if (p.kind == XML_TEXT) {
			if (in_body)
				text(&out, e->host->arena, element, in_reference, p.text);
			continue;
		}
		emit_shown(e, xml_tag(&p));
		element = p.kind == XML_OPEN ? p.name : (struct span){ 0 };
		if (span_is(p.name, "Body"))
			in_body = p.kind == XML_OPEN;
		else if (span_is(p.name, "EndpointReference"))
			in_reference = p.kind == XML_OPEN;
		if (in_body && !event && p.kind != XML_CLOSE)
			event = event_of(p.name);
	}
	if (!event || !record_has(&out, DIALECT))
		return false;
	record_str(&out, EVENT, event);
	if (span_is(span_str(event), "Probe") || span_is(span_str(event), "Resolve"))
		drop_claims(&out);
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &wsd_type, NULL };

const struct decoder decoder_wsd = {
	.name = "wsd", .doc = "WS-Discovery 1.1 with the traits of IEEE 11073-20701 (SDC)",
	.over = OVER_UDP, .ports = { PORT_WSD },
	.bid = bid, .decode = decode, .types = types,
};
