/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetBIOS over UDP: the name service (RFC 1002 4.2) and the heads of datagrams (4.4). Names are sixteen
 * bytes, each written as two letters A to P; the sixteenth says what the name is for. */
#include "base/scope.h"
#include "decode/decoder.h"
#include "decode/dnsname.h"

enum {
	PORT_NAME = 137, PORT_DATAGRAM = 138, NAME_BYTES = 15, ENCODED = 32, CLASS_IN = 1, TYPE_NBSTAT = 33, TYPE_NULL = 10,
	OP_QUERY = 0, OP_REGISTRATION = 5, OP_RELEASE = 6, OP_REFRESH = 8, OP_REFRESH_ALT = 9, OP_MULTIHOMED = 15,
	RCODE = 0x0F, FLAG_GROUP = 0x8000, FLAG_BROADCAST = 0x0010,
	DGM_FIRST = 0x10, DGM_LAST_WITH_NAME = 0x12, DGM_QUERY_FIRST = 0x14, DGM_LAST = 0x16, DGM_FLAGS = 0x0F,
	SUFFIX_WORKSTATION = 0x00, SUFFIX_SERVER = 0x20, STATUS_NAMES = 64, RECORDS_MAX = 16,
};

enum {
	SERVICE, OPERATION, RESPONSE, NAME, SUFFIX, ROLE, GROUP, HOST_NAME, ADDRESS, DESTINATION, OUTCOME, NAMES, UNIT_MAC,
	FIELDS
};

static const struct field fields[FIELDS] = {
	[SERVICE] = { "service", F_TEXT, "name or datagram" },
	[OPERATION] = { "operation", F_TEXT, "query, status, registration, release, wait, refresh, or datagram" },
	[RESPONSE] = { "response", F_BOOL, "an answer, not a question" },
	[NAME] = { "name", F_TEXT, "name that the message is about; of a datagram the sender's" },
	[SUFFIX] = { "suffix", F_UINT, "what the name is for, as a number" },
	[ROLE] = { "role", F_TEXT, "what the name is for: workstation, server, domain controllers …" },
	[GROUP] = { "group", F_BOOL, "the name belongs to a group, not to one host" },
	[HOST_NAME] = { "host_name", F_TEXT, "the sender's own name: it registers or owns it", .clue = CLUE_NAME },
	[ADDRESS] = { "address", F_ADDR, "address that goes with the name" },
	[DESTINATION] = { "destination", F_TEXT, "name that a datagram is sent to" },
	[OUTCOME] = { "rcode", F_UINT, "outcome of a response, 0 is well" },
	[NAMES] = { "names", F_TEXTS, "names in a status answer, with their suffix: HOST<20>" },
	[UNIT_MAC] = { "unit_mac", F_MAC, "MAC in a status answer" },
};
static RECORD_TYPE(nbns_type, "nbns", "A NetBIOS name service message or datagram head", fields);

struct nbname {
	struct span text;
	uint8_t suffix;
	uint8_t bytes[NAME_BYTES + 1];
};

static const char *role_of(uint8_t suffix)
{
	switch (suffix) {
	case SUFFIX_WORKSTATION: return "workstation";
	case 0x01: return "browser";
	case 0x03: return "messenger";
	case 0x1B: return "domain master browser";
	case 0x1C: return "domain controllers";
	case 0x1D: return "master browser";
	case 0x1E: return "browser elections";
	case SUFFIX_SERVER: return "server";
	default: return "other";
	}
}

static struct span unpadded(const uint8_t bytes[NAME_BYTES])
{
	size_t n = NAME_BYTES;
	while (n && (bytes[n - 1] == ' ' || bytes[n - 1] == '\0'))
		n--;
	return span_of(bytes, n);
}

/* RFC 1001 14.1. The scope behind the name is skipped. */
static bool name_read(struct rd *r, struct nbname *out)
{
	if (rd_u8(r) != ENCODED)
		return false;
	for (int i = 0; i <= NAME_BYTES; i++) {
		uint8_t high = (uint8_t)(rd_u8(r) - 'A'), low = (uint8_t)(rd_u8(r) - 'A');
		if (!rd_ok(r) || high > 15 || low > 15)
			return false;
		out->bytes[i] = (uint8_t)(high << 4 | low);
	}
	for (uint8_t length; (length = rd_u8(r)) != 0;)
		rd_skip(r, length > 63 ? rd_left(r) + 1 : length);
	out->suffix = out->bytes[NAME_BYTES];
	out->text = unpadded(out->bytes);
	return rd_ok(r);
}

static bool is_name_service(const struct message *m)
{
	struct dnsmsg d;
	struct nbname name;
	if (!dnsmsg_begin(&d, m->bytes) || !dnsmsg_fits(&d, m->lost))
		return false;
	struct rd r = d.r;
	if (!name_read(&r, &name))
		return false;
	uint16_t type = rd_be16(&r), class = rd_be16(&r);
	return rd_ok(&r) && class == CLASS_IN && (type == DNS_NB || type == TYPE_NBSTAT || type == TYPE_NULL);
}

/* Type, flags, id, source address and port; then length, offset and the names, or a name alone. */
static bool is_datagram(struct span bytes)
{
	struct rd r = rd_of(bytes);
	struct nbname name;
	uint8_t type = rd_u8(&r);
	if (type < DGM_FIRST || type > DGM_LAST || rd_u8(&r) > DGM_FLAGS)
		return false;
	rd_skip(&r, 2 + 4 + 2 + (type <= DGM_LAST_WITH_NAME ? 4 : 0));
	return name_read(&r, &name);
}

/* Captured up to somewhere in its first name, which captures of 68 bytes a frame do. */
static bool is_cut(const struct message *m)
{
	struct dnsmsg d;
	return m->lost && dnsmsg_begin(&d, m->bytes) && dnsmsg_fits(&d, m->lost) && rd_peek(&d.r) == ENCODED;
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	bool sure = is_datagram(m->bytes) || is_name_service(m);
	return (struct bid){ sure ? BID_SURE : is_cut(m) ? BID_MAYBE : BID_NO, SIDE_UNKNOWN };
}

/* A unique workstation or server name at the sender's own address is the sender's name. */
static void own_name(struct record *out, struct emit *e, const struct nbname *name, bool group, struct addr a)
{
	if (!group && addr_eq(a, e->at->src) && (name->suffix == SUFFIX_WORKSTATION || name->suffix == SUFFIX_SERVER))
		record_text(out, HOST_NAME, name->text);
}

static void name_put(struct record *out, const struct nbname *name)
{
	record_text(out, NAME, name->text);
	record_uint(out, SUFFIX, name->suffix);
	record_str(out, ROLE, role_of(name->suffix));
}

/* RFC 1002 4.2.18: all names of a node, then its MAC. */
static bool status(struct record *out, struct emit *e, struct rd r)
{
	uint8_t count = rd_u8(&r);
	for (int i = 0; i < count && i < STATUS_NAMES; i++) {
		struct nbname name;
		for (int k = 0; k <= NAME_BYTES; k++)
			name.bytes[k] = rd_u8(&r);
		name.suffix = name.bytes[NAME_BYTES];
		name.text = unpadded(name.bytes);
		bool group = rd_be16(&r) & FLAG_GROUP;
		if (!rd_ok(&r))
			return false;
		char *text = arena_printf(e->host->arena, "%.*s<%02X>", (int)name.text.n, (const char *)name.text.p, name.suffix);
		if (text)
			record_add_text(out, NAMES, span_str(text));
		if (!group && name.suffix == SUFFIX_WORKSTATION && !record_has(out, HOST_NAME))
			record_text(out, HOST_NAME, arena_copy(e->host->arena, name.text));
	}
	struct mac mac = mac_from(rd_span(&r, 6));
	if (rd_ok(&r) && !mac_is_zero(mac))
		record_mac(out, UNIT_MAC, mac);
	return rd_ok(&r);
}

static const char *operation_name(unsigned opcode, uint16_t type)
{
	switch (opcode) {
	case OP_QUERY: return type == TYPE_NBSTAT ? "status" : "query";
	case OP_REGISTRATION:
	case OP_MULTIHOMED: return "registration";
	case OP_RELEASE: return "release";
	case 7: return "wait";
	case OP_REFRESH:
	case OP_REFRESH_ALT: return "refresh";
	default: return "other";
	}
}

/* A registration's claim and a positive answer hold flags and address. */
static bool resource(struct record *out, struct emit *e, const struct dnsmsg *d, const struct dnsrr *rr,
		     const struct nbname *name)
{
	bool response = d->flags & DNS_FLAG_RESPONSE;
	struct rd data = rd_of(rr->data);
	if (rr->type == TYPE_NBSTAT)
		return !response || status(out, e, data);
	if (rr->type != DNS_NB || rr->data.n < 6)
		return true;
	bool group = rd_be16(&data) & FLAG_GROUP, release = dnsmsg_opcode(d) == OP_RELEASE;
	struct addr a = addr_from4(rd_span(&data, 4));
	record_bool(out, GROUP, group);
	record_addr(out, ADDRESS, a);
	if (!release && (dnsmsg_opcode(d) == OP_QUERY) == response)
		own_name(out, e, name, group, a);
	return true;
}

static bool decode_name(const struct message *m, struct emit *e)
{
	struct dnsmsg d;
	struct nbname name;
	struct dnsrr rr = { 0 };
	if (!dnsmsg_begin(&d, m->bytes))
		return false;
	struct rd first = d.r;
	if (!name_read(&first, &name))
		return false;
	uint16_t type = rd_be16(&first);
	bool response = d.flags & DNS_FLAG_RESPONSE, sound = true;
	struct record out UNSET;
	emit_begin(e, &out, &nbns_type);
	record_str(&out, SERVICE, "name");
	record_str(&out, OPERATION, operation_name(dnsmsg_opcode(&d), type));
	record_bool(&out, RESPONSE, response);
	if (response)
		record_uint(&out, OUTCOME, d.flags & RCODE);
	name_put(&out, &name);
	for (unsigned i = 0; i < d.count[DNS_QUESTION] && sound; i++)
		sound = dnsmsg_question(&d, &rr);
	unsigned n = (unsigned)d.count[DNS_ANSWER] + d.count[DNS_AUTHORITY] + d.count[DNS_ADDITIONAL];
	for (unsigned i = 0; i < n && i < RECORDS_MAX && sound; i++)
		sound = dnsmsg_record(&d, &rr) && resource(&out, e, &d, &rr, &name);
	emit_record(e, &out);
	return sound;
}

static bool decode_datagram(const struct message *m, struct emit *e)
{
	struct rd r = rd_of(m->bytes);
	uint8_t type = rd_u8(&r);
	rd_skip(&r, 1 + 2);
	struct addr source = addr_from4(rd_span(&r, 4));
	rd_skip(&r, 2 + (type <= DGM_LAST_WITH_NAME ? 4 : 0));
	struct nbname name, destination;
	if (!name_read(&r, &name))
		return false;
	struct record out UNSET;
	emit_begin(e, &out, &nbns_type);
	record_str(&out, SERVICE, "datagram");
	record_str(&out, OPERATION, "datagram");
	record_bool(&out, RESPONSE, type > DGM_QUERY_FIRST);
	record_addr(&out, ADDRESS, source);
	name_put(&out, &name);
	if (type <= DGM_LAST_WITH_NAME) {
		own_name(&out, e, &name, false, source);
		if (name_read(&r, &destination))
			record_text(&out, DESTINATION, destination.text);
	}
	emit_record(e, &out);
	return rd_ok(&r);
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	return is_datagram(m->bytes) ? decode_datagram(m, e) : decode_name(m, e);
}

static const struct record_type *const types[] = { &nbns_type, NULL };

const struct decoder decoder_nbns = {
	.name = "nbns", .doc = "NetBIOS name and datagram service (RFC 1001, RFC 1002)",
	.no_content = true,
	.over = OVER_UDP, .ports = { PORT_NAME, PORT_DATAGRAM },
	.bid = bid, .decode = decode, .types = types,
};
