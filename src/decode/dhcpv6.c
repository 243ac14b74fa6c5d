/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DHCP for IPv6 (RFC 8415; names RFC 4704, boot RFC 5970, MUD RFC 8520): what a client says of itself, what it is
 * given. Of a relayed message the one within is told. An option that comes again is ignored: the first wins. */
#include "base/scope.h"
#include "decode/decoder.h"
#include "decode/dnsname.h"

enum {
	PORT_CLIENT = 546, PORT_SERVER = 547, SOLICIT = 1, RELAY_FORW = 12, RELAY_REPL = 13, MESSAGE_LAST = 36,
	RELAY_FIXED = 1 + 16 + 16, RELAYS_MAX = 8, OPTIONS_MAX = 128, LIST_MAX = 16, PARAMETERS_MAX = 64, DUID_MIN = 3,
	DUID_MAX = 130, DUID_LLT = 1, DUID_EN = 2, DUID_LL = 3, DUID_UUID = 4, HARDWARE_ETHERNET = 1, DEPTH_MAX = 3,
};

enum option {
	OPT_CLIENT_ID = 1, OPT_SERVER_ID = 2, OPT_IA_NA = 3, OPT_IA_TA = 4, OPT_ADDRESS = 5, OPT_PARAMETERS = 6,
	OPT_RELAY_MESSAGE = 9, OPT_STATUS = 13, OPT_USER_CLASS = 15, OPT_VENDOR_CLASS = 16, OPT_DNS = 23, OPT_DOMAINS = 24,
	OPT_IA_PD = 25, OPT_PREFIX = 26, OPT_FQDN = 39, OPT_BOOT_FILE = 59, OPT_MUD = 112,
};

enum {
	MESSAGE, TRANSACTION, RELAYED, DUID, DUID_KIND, DUID_MAC, DUID_MAKER, SERVER_DUID, FQDN, CLIENT_NAME, VENDOR_CLASS,
	CLIENT_CLASS, VENDOR, USER_CLASS, PARAMETERS, ADDRESSES, PREFIXES, DNS_SERVERS, DOMAINS, BOOT_FILE, MUD_URL, STATUS,
	FIELDS
};

static const struct field fields[FIELDS] = {
	[MESSAGE] = { "message", F_TEXT, "solicit, advertise, request, confirm, renew, rebind, reply, release …" },
	[TRANSACTION] = { "transaction", F_UINT, "number that request and reply share" },
	[RELAYED] = { "relayed", F_BOOL, "came through a relay: the sender is not the client" },
	[DUID] = { "client_duid", F_TEXT, "the client's identifier, as hex digits" },
	[DUID_KIND] = { "duid_kind", F_TEXT, "of the client: mac and time, mac, maker's, uuid" },
	[DUID_MAC] = { "duid_mac", F_MAC, "MAC within the client's identifier: of one of its cards" },
	[DUID_MAKER] = { "duid_maker", F_UINT, "maker's number within the client's identifier (IANA enterprise)" },
	[SERVER_DUID] = { "server_duid", F_TEXT, "the server's identifier, as hex digits" },
	[FQDN] = { "fqdn", F_TEXT, "the sender's own name, in its own message", .clue = CLUE_NAME },
	[CLIENT_NAME] = { "client_fqdn", F_TEXT, "the client's name, in a reply or a relayed message" },
	[VENDOR_CLASS] = { "vendor_class", F_TEXT, "what the sender is, in its own message", .clue = CLUE_SYSTEM },
	[CLIENT_CLASS] = { "client_class", F_TEXT, "vendor class in a reply or a relayed message" },
	[VENDOR] = { "vendor", F_UINT, "maker's number beside the vendor class (IANA enterprise)" },
	[USER_CLASS] = { "user_class", F_TEXTS, "user classes that the client states" },
	[PARAMETERS] = { "parameters", F_TEXT, "options that the client asks for, in its order: \"23,24\"" },
	[ADDRESSES] = { "addresses", F_TEXTS, "addresses asked for or given" },
	[PREFIXES] = { "prefixes", F_TEXTS, "prefixes asked for or given" },
	[DNS_SERVERS] = { "dns_servers", F_TEXTS, "name servers that the server gives" },
	[DOMAINS] = { "domains", F_TEXTS, "domains that the server gives" },
	[BOOT_FILE] = { "boot_file", F_TEXT, "what to boot, without a query string" },
	[MUD_URL] = { "mud_url", F_TEXT, "where the maker says what the device may do (RFC 8520)" },
	[STATUS] = { "status", F_UINT, "outcome that the server states, 0 is well" },
};
static RECORD_TYPE(dhcpv6_type, "dhcpv6", "A DHCP message for IPv6", fields);

static const char *message_name(uint8_t type)
{
	static const char *const names[] = {
		NULL, "solicit", "advertise", "request", "confirm", "renew", "rebind", "reply", "release", "decline",
		"reconfigure", "information_request", "relay_forward", "relay_reply", "lease_query", "lease_query_reply",
	};
	return type < ARRAY_LEN(names) && names[type] ? names[type] : "other";
}

static bool is_relay(uint8_t type)
{
	return type == RELAY_FORW || type == RELAY_REPL;
}

static bool duid_fits(struct rd r)
{
	size_t n = rd_left(&r);
	uint16_t kind = rd_be16(&r);
	return n >= DUID_MIN && n <= DUID_MAX && kind >= DUID_LLT && kind <= DUID_UUID;
}

/* The options must fill the datagram to its last byte, and one must be an identifier; on its ports it is known
 * without. */
static struct bid bid(const struct message *m, const struct origin *at)
{
	struct rd r = rd_of(m->bytes);
	uint8_t type = rd_u8(&r);
	bool near = (at->sport == PORT_CLIENT || at->sport == PORT_SERVER) &&
		(at->dport == PORT_CLIENT || at->dport == PORT_SERVER);
	bool known = false;
	if (type < SOLICIT || type > MESSAGE_LAST)
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	rd_skip(&r, is_relay(type) ? RELAY_FIXED : 3);
	enum side side = type == 2 || type == 7 || type == 10 || type == RELAY_REPL ? SIDE_SERVER : SIDE_CLIENT;
	if (near && (m->lost || !rd_ok(&r)))
		return (struct bid){ BID_LIKELY, side };
	for (int i = 0; rd_left(&r) && i < OPTIONS_MAX; i++) {
		uint16_t code = rd_be16(&r);
		struct rd body = rd_sub(&r, rd_be16(&r));
		known |= rd_ok(&body) && ((code == OPT_CLIENT_ID || code == OPT_SERVER_ID) ? duid_fits(body) :
			code == OPT_RELAY_MESSAGE && is_relay(type) && rd_left(&body) > 4);
	}
	bool whole = rd_ok(&r) && !rd_left(&r);
	return (struct bid){ whole && known && type <= RELAY_REPL ? BID_SURE : near ? BID_LIKELY : BID_NO, side };
}

/* ---- options ---- */

struct reading {
	struct record *out;
	struct emit *e;
	bool own;                                /* the sender is the client itself */
	uint64_t seen;                           /* bit per option below 64 */
};

static struct span hex(struct rd r, struct arena *a)
{
	char text[DUID_MAX * 2 + 1];
	size_t n = 0;
	while (rd_left(&r) && n + 2 < sizeof(text))
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%02x", rd_u8(&r));
	return arena_copy(a, span_of(text, n));
}

static void client_id(const struct reading *how, struct rd r)
{
	struct record *out = how->out;
	static const char *const kinds[] = { NULL, "mac and time", "mac", "mac", "uuid" };
	if (!duid_fits(r))
		return;
	record_text(out, DUID, hex(r, how->e->host->arena));
	uint16_t kind = rd_be16(&r);
	record_str(out, DUID_KIND, kind == DUID_EN ? "maker's" : kinds[kind]);
	if (kind == DUID_EN) {
		uint32_t maker = rd_be32(&r);
		if (rd_ok(&r))
			record_uint(out, DUID_MAKER, maker);
		return;
	}
	bool ethernet = kind != DUID_UUID && rd_be16(&r) == HARDWARE_ETHERNET;
	rd_skip(&r, kind == DUID_LLT ? 4 : 0);
	struct span six = rd_span(&r, 6);
	if (ethernet && rd_ok(&r) && !rd_left(&r))
		record_mac(out, DUID_MAC, mac_from(six));
}

static void parameters(const struct reading *how, struct rd r)
{
	enum { ROOM = PARAMETERS_MAX * 6 };
	char *text = arena_new(how->e->host->arena, ROOM);
	size_t n = 0;
	for (int i = 0; text && rd_left(&r) >= 2 && i < PARAMETERS_MAX; i++)
		n += (size_t)snprintf(text + n, ROOM - n, i ? ",%u" : "%u", rd_be16(&r));
	record_text(how->out, PARAMETERS, span_of(text, n));
}

static void classes(const struct reading *how, struct rd r, bool vendor)
{
	if (vendor) {
		uint32_t number = rd_be32(&r);
		if (rd_ok(&r))
			record_uint(how->out, VENDOR, number);
	}
	for (int i = 0; rd_left(&r) && i < LIST_MAX; i++) {
		struct span text = rd_span(&r, rd_be16(&r));
		if (!rd_ok(&r) || !text.n)
			break;
		if (!vendor)
			record_add_text(how->out, USER_CLASS, text);
		else if (i == 0)
			record_text(how->out, how->own ? VENDOR_CLASS : CLIENT_CLASS, text);
	}
}

static void address_add(const struct reading *how, unsigned field, struct span sixteen)
{
	char text[ADDR_TEXT];
	uint32_t n = record_has(how->out, field) ? how->out->v[field].texts.n : 0;
	if (sixteen.n == 16 && n < LIST_MAX)
		record_add_text(how->out, field, span_str(addr_text(addr_from6(sixteen), text)));
}

static void addresses(const struct reading *how, unsigned field, struct rd r)
{
	for (int i = 0; rd_left(&r) >= 16 && i < LIST_MAX; i++)
		address_add(how, field, rd_span(&r, 16));
}

/* RFC 4704 §4.1: flags, then the name in DNS form; partial names have no root at their end. */
static void fqdn(const struct reading *how, struct rd r)
{
	struct dnsname name;
	rd_skip(&r, 1);
	struct span wire = rd_rest(&r);
	if (!wire.n)
		return;
	struct arena *a = how->e->host->arena;
	uint8_t *closed = arena_new(a, wire.n + 1);
	if (!closed)
		return;
	memcpy(closed, wire.p, wire.n);
	if (dnsname_read(span_of(closed, wire.n + 1), 0, DNSNAME_UTF8, &name) && name.labels)
		record_text(how->out, how->own ? FQDN : CLIENT_NAME, arena_copy(a, dnsname_text(&name)));
}

static void domains(const struct reading *how, struct rd r)
{
	struct dnsname name;
	struct span whole = rd_rest(&r);
	size_t at = 0, n;
	for (int i = 0; at < whole.n && i < LIST_MAX && (n = dnsname_read(whole, at, DNSNAME_LOWER, &name)) != 0; i++, at += n)
		record_add_text(how->out, DOMAINS, dnsname_text(&name));
}

static void prefix(const struct reading *how, struct rd r)
{
	rd_skip(&r, 4 + 4 + 1);
	address_add(how, PREFIXES, rd_span(&r, 16));
}

static void status(const struct reading *how, struct rd r)
{
	uint16_t code = rd_be16(&r);
	if (rd_ok(&r) && (code || !record_has(how->out, STATUS)))
		record_uint(how->out, STATUS, code);
}

static struct span without_query(struct rd r)
{
	struct rd start = r;
	struct span head;
	return rd_until(&start, '?', &head) ? head : rd_rest(&r);
}

static void option(const struct reading *how, uint16_t code, struct rd r)
{
	switch (code) {
	case OPT_CLIENT_ID: client_id(how, r); break;
	case OPT_SERVER_ID: record_text(how->out, SERVER_DUID, hex(r, how->e->host->arena)); break;
	case OPT_ADDRESS: address_add(how, ADDRESSES, rd_span(&r, 16)); break;
	case OPT_PREFIX: prefix(how, r); break;
	case OPT_PARAMETERS: parameters(how, r); break;
	case OPT_STATUS: status(how, r); break;
	case OPT_USER_CLASS: classes(how, r, false); break;
	case OPT_VENDOR_CLASS: classes(how, r, true); break;
	case OPT_DNS: addresses(how, DNS_SERVERS, r); break;
	case OPT_DOMAINS: domains(how, r); break;
	case OPT_FQDN: fqdn(how, r); break;
	case OPT_BOOT_FILE: record_text(how->out, BOOT_FILE, without_query(r)); break;
	case OPT_MUD: record_text(how->out, MUD_URL, rd_rest(&r)); break;
	default: break;
	}
}

/* RFC 8415 §21.4, §21.5, §21.21: bindings hold options of their own behind a fixed head. Its size; 0: none. */
static size_t binding_head(uint16_t code)
{
	return code == OPT_IA_NA || code == OPT_IA_PD ? 12 : code == OPT_IA_TA ? 4 : 0;
}

static bool may_repeat(uint16_t code)
{
	return code == OPT_ADDRESS || code == OPT_PREFIX || code == OPT_STATUS;
}

/* False when an option runs over the end of its box. */
static bool options(struct reading *how, struct rd r, int depth)
{
	bool sound = true;
	for (int i = 0; rd_left(&r) && i < OPTIONS_MAX; i++) {
		uint16_t code = rd_be16(&r);
		struct rd body = rd_sub(&r, rd_be16(&r));
		uint64_t bit = code < 64 ? (uint64_t)1 << code : 0;
		if (!rd_ok(&body))
			return false;
		size_t head = binding_head(code);
		if (head) {
			rd_skip(&body, head);
			sound &= depth < DEPTH_MAX && options(how, body, depth + 1);
		} else if (!(how->seen & bit) || may_repeat(code)) {
			option(how, code, body);
		}
		how->seen |= bit;
	}
	return sound && rd_ok(&r);
}

/* The message within the relays' envelopes; bad when there is none. */
static struct rd unwrapped(struct rd r, bool *relayed)
{
	for (int i = 0; i < RELAYS_MAX && is_relay(rd_peek(&r)); i++) {
		struct rd inner = { 0 };
		*relayed = true;
		rd_skip(&r, 1 + RELAY_FIXED);
		while (rd_left(&r)) {
			uint16_t code = rd_be16(&r);
			struct rd body = rd_sub(&r, rd_be16(&r));
			if (code == OPT_RELAY_MESSAGE && rd_ok(&body))
				inner = body;
		}
		if (!rd_left(&inner))
			rd_fail(&inner);
		r = inner;
	}
	return r;
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	bool relayed = false;
	struct rd whole = rd_of(m->bytes), r = unwrapped(whole, &relayed);
	struct record out UNSET;
	emit_begin(e, &out, &dhcpv6_type);
	uint8_t type = rd_u8(&r);
	uint32_t transaction = rd_be24(&r);
	if (!rd_ok(&r)) {
		record_str(&out, MESSAGE, message_name(rd_u8(&whole)));
		emit_record(e, &out);
		return false;
	}
	struct reading how = { .out = &out, .e = e, .own = !relayed && e->at->dport == PORT_SERVER };
	record_str(&out, MESSAGE, message_name(type));
	record_uint(&out, TRANSACTION, transaction);
	record_bool(&out, RELAYED, relayed);
	bool sound = options(&how, r, 0);
	emit_record(e, &out);
	return sound;
}

static const struct record_type *const types[] = { &dhcpv6_type, NULL };

const struct decoder decoder_dhcpv6 = {
	.name = "dhcpv6", .doc = "Dynamic Host Configuration Protocol for IPv6 (RFC 8415)",
	.no_content = true,
	.over = OVER_UDP, .ports = { PORT_SERVER, PORT_CLIENT },
	.bid = bid, .decode = decode, .types = types,
};
