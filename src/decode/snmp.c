/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SNMP v1 (RFC 1157), v2c (RFC 3416, RFC 1901) and the clear head of v3 (RFC 3412, RFC 3414): who asks with
 * which community, for which objects, and what an agent says of itself (SNMPv2-MIB, ENTITY-MIB of RFC 6933).
 * Other values stay here: they may hold anything. */
#include "base/scope.h"
#include "decode/ber.h"
#include "decode/decoder.h"

enum {
	PORT_SNMP = 161, PORT_TRAP = 162, V1 = 0, V2C = 1, V3 = 3, COMMUNITY_MAX = 255, OIDS_TOLD = 8, BINDINGS_MAX = 256,
	PDU_FIRST = 0xA0, PDU_RESPONSE = 0xA2, PDU_SET = 0xA3, PDU_TRAP1 = 0xA4, PDU_TRAP2 = 0xA7, PDU_LAST = 0xA8,
	IP_ADDRESS = 0x40, FLAG_AUTH = 1, FLAG_PRIV = 2, ENTERPRISE_BIT = 0x80, ENGINE_MIN = 5, VALUE_KEPT = 256,
};

enum {
	VERSION, MESSAGE, COMMUNITY, USER, SECURITY, REQUEST, ERROR, OIDS, VALUES, SYS_DESCR, SYS_OBJECT, SYS_NAME,
	MAKER, MODEL, FIRMWARE, HARDWARE, SERIAL, ENTERPRISE, AGENT, GENERIC, ENGINE, FIELDS
};

static const struct field fields[FIELDS] = {
	[VERSION] = { "version", F_TEXT, "1, 2c or 3" },
	[MESSAGE] = { "message", F_TEXT, "get, get_next, get_bulk, set, response, trap, inform, report, or encrypted" },
	[COMMUNITY] = { "community", F_TEXT, "community: the password of versions 1 and 2c, in clear", .privacy = SECRET },
	[USER] = { "user", F_TEXT, "user name of version 3, in clear", .privacy = SECRET },
	[SECURITY] = { "security", F_TEXT, "of version 3: none, authenticated, or encrypted" },
	[REQUEST] = { "request_id", F_INT, "number that request and response share" },
	[ERROR] = { "error", F_INT, "outcome of a response, 0 is well" },
	[OIDS] = { "objects", F_TEXTS, "first objects that are named, at most 8" },
	[VALUES] = { "object_count", F_UINT, "objects that are named" },
	[SYS_DESCR] = { "system", F_TEXT, "sysDescr, as the agent says", .clue = CLUE_SYSTEM },
	[SYS_OBJECT] = { "object_id", F_TEXT, "sysObjectID, as the agent says: under 1.3.6.1.4.1 its maker's number" },
	[SYS_NAME] = { "name", F_TEXT, "sysName, as the agent says", .clue = CLUE_NAME },
	[MAKER] = { "maker", F_TEXT, "entPhysicalMfgName, as the agent says", .clue = CLUE_MAKER },
	[MODEL] = { "model", F_TEXT, "entPhysicalModelName, as the agent says", .clue = CLUE_MODEL },
	[FIRMWARE] = { "firmware", F_TEXT, "entPhysicalFirmwareRev or SoftwareRev, as the agent says", .clue = CLUE_VERSION },
	[HARDWARE] = { "hardware", F_TEXT, "entPhysicalHardwareRev, as the agent says" },
	[SERIAL] = { "serial", F_TEXT, "entPhysicalSerialNum, as the agent says", .clue = CLUE_SERIAL },
	[ENTERPRISE] = { "enterprise", F_TEXT, "enterprise of a version 1 trap" },
	[AGENT] = { "agent", F_ADDR, "address that a version 1 trap states" },
	[GENERIC] = { "generic_trap", F_INT, "kind of a version 1 trap: 0 cold start … 6 of the maker" },
	[ENGINE] = { "engine_maker", F_UINT, "maker's number within the engine id of version 3 (RFC 3411)" },
};
static RECORD_TYPE(snmp_type, "snmp", "An SNMP message", fields);

static const char *message_name(uint8_t tag)
{
	static const char *const names[] = {
		"get", "get_next", "response", "set", "trap", "get_bulk", "inform", "trap", "report",
	};
	return tag >= PDU_FIRST && tag <= PDU_LAST ? names[tag - PDU_FIRST] : NULL;
}

static const char *version_name(int64_t v)
{
	return v == V1 ? "1" : v == V2C ? "2c" : v == V3 ? "3" : NULL;
}

/* The outer sequence, which must be all of the datagram, and the version. */
static struct rd outer(const struct message *m, int64_t *version)
{
	struct rd r = rd_of(m->bytes), body = r;
	if (m->lost) {                           /* the box is longer than what was captured: read as far as it goes */
		rd_u8(&r);
		uint8_t first = rd_u8(&r);
		rd_skip(&r, first & 0x80 ? first & 0x7F : 0);
		body = r;
	} else {
		body = ber_take(&r, BER_SEQUENCE);
		if (rd_left(&r))
			rd_fail(&body);
	}
	*version = ber_int(&body);
	return body;
}

/* The lengths lie: on SNMP's own port it is still that, and malformed. */
static bool near_snmp(struct span bytes)
{
	struct rd r = rd_of(bytes);
	rd_skip(&r, 1);
	uint8_t first = rd_u8(&r);
	rd_skip(&r, first & 0x80 ? first & 0x7F : 0);
	return version_name(ber_int(&r)) && rd_ok(&r) && rd_peek(&r) == BER_OCTETS;
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	const struct bid no = { BID_NO, SIDE_UNKNOWN };
	struct rd start = rd_of(m->bytes);
	int64_t version;
	if (rd_peek(&start) != BER_SEQUENCE)
		return no;
	struct rd body = outer(m, &version);
	if (!rd_ok(&body) && near_snmp(m->bytes))
		return (struct bid){ BID_MAYBE, SIDE_UNKNOWN };
	if (!rd_ok(&body) || !version_name(version))
		return no;
	struct ber second = ber_next(&body), third = ber_next(&body);
	if (version == V3)                       /* global data, security parameters, data: the last fills the box */
		return second.tag == BER_SEQUENCE && third.tag == BER_OCTETS ? (struct bid){ BID_SURE, SIDE_UNKNOWN } : no;
	if (second.tag != BER_OCTETS || second.whole.n > COMMUNITY_MAX)
		return no;
	uint8_t tag = third.tag;
	if (m->lost)
		return (struct bid){ at->dport == PORT_SNMP || at->sport == PORT_SNMP ? BID_LIKELY : BID_NO, SIDE_UNKNOWN };
	if (!message_name(tag) || rd_left(&body))
		return no;
	bool agent = tag == PDU_RESPONSE;
	bool told = tag == PDU_TRAP1 || tag == PDU_TRAP2 || tag > PDU_TRAP2 - 1;
	return (struct bid){ BID_SURE, agent ? SIDE_SERVER : told ? SIDE_UNKNOWN : SIDE_CLIENT };
}

/* 1.3.6.1.2.1.1.N.0 and columns N of entPhysicalEntry, 1.3.6.1.2.1.47.1.1.1.1.N. Of the rows of that table
 * the first that says something is the chassis, by custom; so the first wins. */
static int field_of(struct span oid)
{
	static const uint8_t system[] = { 0x2B, 6, 1, 2, 1, 1 }, physical[] = { 0x2B, 6, 1, 2, 1, 47, 1, 1, 1, 1 };
	static const struct {
		uint8_t column;
		int field;
	} of_system[] = { { 1, SYS_DESCR }, { 2, SYS_OBJECT }, { 5, SYS_NAME } },
	  of_physical[] = { { 8, HARDWARE }, { 9, FIRMWARE }, { 10, FIRMWARE }, { 11, SERIAL }, { 12, MAKER }, { 13, MODEL } };
	if (oid.n == sizeof(system) + 2 && span_starts(oid, span_of(system, sizeof(system)))) {
		for (size_t i = 0; i < ARRAY_LEN(of_system); i++)
			if (oid.p[sizeof(system)] == of_system[i].column)
				return of_system[i].field;
	} else if (oid.n > sizeof(physical) + 1 && span_starts(oid, span_of(physical, sizeof(physical)))) {
		for (size_t i = 0; i < ARRAY_LEN(of_physical); i++)
			if (oid.p[sizeof(physical)] == of_physical[i].column)
				return of_physical[i].field;
	}
	return -1;
}

static void binding(struct record *out, struct emit *e, struct rd name, struct ber value, bool of_agent)
{
	struct rd whole = name;
	int field = of_agent ? field_of(rd_rest(&whole)) : -1;
	if (field < 0 || record_has(out, (unsigned)field))
		return;
	if (field == SYS_OBJECT && value.tag == BER_OID)
		record_text(out, SYS_OBJECT, ber_oid_text(value.body, e->host->arena));
	else if (field != SYS_OBJECT && value.tag == BER_OCTETS)
		record_text(out, (unsigned)field, span_cut(rd_rest(&value.body), VALUE_KEPT));
}

static bool bindings(struct record *out, struct emit *e, struct rd list, bool of_agent)
{
	uint64_t count = 0;
	for (int i = 0; rd_left(&list) && i < BINDINGS_MAX; i++) {
		struct rd pair = ber_take(&list, BER_SEQUENCE);
		struct rd name = ber_take(&pair, BER_OID);
		struct ber value = ber_next(&pair);
		if (!rd_ok(&pair))
			break;
		struct span oid = count++ < OIDS_TOLD ? ber_oid_text(name, e->host->arena) : (struct span){ 0 };
		if (oid.n)
			record_add_text(out, OIDS, oid);
		binding(out, e, name, value, of_agent);
	}
	record_uint(out, VALUES, count);
	return rd_ok(&list);
}

/* RFC 1157 §4.1.6. */
static bool trap1(struct record *out, struct emit *e, struct rd r)
{
	record_text(out, ENTERPRISE, ber_oid_text(ber_take(&r, BER_OID), e->host->arena));
	struct rd agent = ber_take(&r, IP_ADDRESS);
	struct span four = rd_rest(&agent);
	if (four.n == 4)
		record_addr(out, AGENT, addr_from4(four));
	int64_t generic = ber_int(&r);
	(void)ber_int(&r);
	(void)ber_next(&r);                      /* time */
	if (!rd_ok(&r))
		return false;
	record_int(out, GENERIC, generic);
	return bindings(out, e, ber_take(&r, BER_SEQUENCE), true);
}

static bool pdu(struct record *out, struct emit *e, struct ber p)
{
	struct rd r = p.body;
	const char *name = message_name(p.tag);
	if (!name)
		return false;
	record_str(out, MESSAGE, name);
	if (p.tag == PDU_TRAP1)
		return trap1(out, e, r);
	int64_t id = ber_int(&r), error = ber_int(&r);
	(void)ber_int(&r);
	if (!rd_ok(&r))
		return false;
	record_int(out, REQUEST, id);
	if (p.tag == PDU_RESPONSE)
		record_int(out, ERROR, error);
	return bindings(out, e, ber_take(&r, BER_SEQUENCE), p.tag == PDU_RESPONSE || p.tag == PDU_TRAP2);
}

/* RFC 3414 §2.4: the user security model's parameters are a sequence within octets. */
static void user_model(struct record *out, struct rd octets)
{
	struct rd r = ber_take(&octets, BER_SEQUENCE);
	struct rd engine = ber_take(&r, BER_OCTETS);
	(void)ber_next(&r);                      /* boots */
	(void)ber_next(&r);                      /* time */
	struct rd user = ber_take(&r, BER_OCTETS);
	if (!rd_ok(&r))
		return;
	record_text(out, USER, rd_rest(&user));
	uint64_t number = rd_be32(&engine);
	if (rd_left(&engine) >= ENGINE_MIN - 4 && number >> 24 & ENTERPRISE_BIT)
		record_uint(out, ENGINE, number & 0x7FFFFFFF);
}

static bool version3(struct record *out, struct emit *e, struct rd r)
{
	struct rd global = ber_take(&r, BER_SEQUENCE);
	(void)ber_next(&global);                 /* message id */
	(void)ber_next(&global);                 /* largest message */
	struct rd flags = ber_take(&global, BER_OCTETS);
	uint8_t bits = rd_u8(&flags);
	if (!rd_ok(&global) || !rd_ok(&flags))
		return false;
	record_str(out, SECURITY, bits & FLAG_PRIV ? "encrypted" : bits & FLAG_AUTH ? "authenticated" : "none");
	user_model(out, ber_take(&r, BER_OCTETS));
	if (bits & FLAG_PRIV) {
		record_str(out, MESSAGE, "encrypted");
		return rd_ok(&r);
	}
	struct rd scoped = ber_take(&r, BER_SEQUENCE);
	(void)ber_next(&scoped);                 /* context engine */
	(void)ber_next(&scoped);                 /* context name */
	return pdu(out, e, ber_next(&scoped));
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	int64_t version;
	struct rd r = outer(m, &version);
	if (!rd_ok(&r) || !version_name(version))
		return false;
	struct record out UNSET;
	emit_begin(e, &out, &snmp_type);
	record_str(&out, VERSION, version_name(version));
	bool sound;
	if (version == V3) {
		sound = version3(&out, e, r);
	} else {
		struct rd community = ber_take(&r, BER_OCTETS);
		record_text(&out, COMMUNITY, rd_rest(&community));
		sound = rd_ok(&r) && pdu(&out, e, ber_next(&r));
	}
	if (record_has(&out, MESSAGE) || record_has(&out, COMMUNITY))
		emit_record(e, &out);
	return sound || m->lost;
}

static const struct record_type *const types[] = { &snmp_type, NULL };

const struct decoder decoder_snmp = {
	.name = "snmp", .doc = "Simple Network Management Protocol, 1, 2c and head of 3 (RFC 1157, RFC 3416, RFC 3412)",
	.over = OVER_UDP, .ports = { PORT_SNMP, PORT_TRAP },
	.bid = bid, .decode = decode, .types = types,
};
