/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DHCP for IPv4 and plain BOOTP (RFC 951, RFC 2131, RFC 2132; option overload, FQDN RFC 4702, user class
 * RFC 3004, relay agent RFC 3046, MUD RFC 8520). An option that comes again is ignored: the first wins. */
#include "base/scope.h"
#include "decode/decoder.h"
#include "decode/dnsname.h"

enum {
	PORT_SERVER = 67, PORT_CLIENT = 68, COOKIE = 0x63825363, BOOTP_MIN = 236, SNAME = 64, FILE_NAME = 128,
	OP_REQUEST = 1, OP_REPLY = 2, HTYPE_ETHERNET = 1, CHADDR = 16, FLAG_BROADCAST = 0x8000,
	OPTIONS_MAX = 512, PARAMETERS_MAX = 128, LIST_MAX = 16,
	IN_FILE = 1, IN_SNAME = 2, FQDN_WIRE = 4,
};

enum option {
	OPT_PAD = 0, OPT_MASK = 1, OPT_ROUTER = 3, OPT_DNS = 6, OPT_HOST = 12, OPT_DOMAIN = 15, OPT_REQUESTED = 50,
	OPT_LEASE = 51, OPT_OVERLOAD = 52, OPT_TYPE = 53, OPT_SERVER = 54, OPT_PARAMETERS = 55, OPT_VENDOR = 60,
	OPT_TFTP = 66, OPT_BOOT_FILE = 67, OPT_USER_CLASS = 77, OPT_FQDN = 81, OPT_MUD = 161, OPT_END = 255,
};

enum {
	MESSAGE, OPERATION, TRANSACTION, CLIENT_MAC, CLIENT_ADDR, YOURS, REQUESTED, NEXT_SERVER, RELAY, HOST_NAME, FQDN,
	VENDOR_CLASS, CLIENT_NAME, CLIENT_VENDOR_CLASS, USER_CLASS, PARAMETERS, MUD_URL, SERVER_ID, MASK, ROUTER, DNS_SERVERS,
	DOMAIN, LEASE, TFTP_SERVER, BOOT_FILE, RELAYED, FIELDS
};

static const struct field fields[FIELDS] = {
	[MESSAGE] = { "message", F_TEXT, "discover, offer, request, ack, nak, release, inform …; bootp without options" },
	[OPERATION] = { "operation", F_TEXT, "request (from a client) or reply" },
	[TRANSACTION] = { "transaction", F_UINT, "number that request and reply share" },
	[CLIENT_MAC] = { "client_mac", F_MAC, "MAC of the client" },
	[CLIENT_ADDR] = { "client_addr", F_ADDR, "address that the client has already" },
	[YOURS] = { "your_addr", F_ADDR, "address that the server gives" },
	[REQUESTED] = { "requested_addr", F_ADDR, "address that the client asks for" },
	[NEXT_SERVER] = { "next_server", F_ADDR, "server to boot from" },
	[RELAY] = { "relay_addr", F_ADDR, "relay that passed the message on" },
	[HOST_NAME] = { "host_name", F_TEXT, "the sender's host name, in its own message", .clue = CLUE_NAME },
	[FQDN] = { "fqdn", F_TEXT, "the sender's full name, in its own message", .clue = CLUE_NAME },
	[VENDOR_CLASS] = { "vendor_class", F_TEXT, "what the sender is, in its own message", .clue = CLUE_SYSTEM },
	[CLIENT_NAME] = { "client_name", F_TEXT, "the client's name, in a reply or a relayed message" },
	[CLIENT_VENDOR_CLASS] = { "client_vendor_class", F_TEXT, "vendor class in a reply or a relayed message" },
	[USER_CLASS] = { "user_class", F_TEXTS, "user classes that the client states" },
	[PARAMETERS] = { "parameters", F_TEXT, "options that the client asks for, in its order: \"1,3,6\"" },
	[MUD_URL] = { "mud_url", F_TEXT, "where the maker says what the device may do (RFC 8520)" },
	[SERVER_ID] = { "server_id", F_ADDR, "address of the DHCP server" },
	[MASK] = { "subnet_mask", F_ADDR, "subnet mask that the server gives" },
	[ROUTER] = { "router", F_ADDR, "first gateway that the server gives" },
	[DNS_SERVERS] = { "dns_servers", F_TEXTS, "name servers that the server gives" },
	[DOMAIN] = { "domain", F_TEXT, "domain that the server gives" },
	[LEASE] = { "lease", F_UINT, "how long the address may be used", "s" },
	[TFTP_SERVER] = { "tftp_server", F_TEXT, "name of the server to boot from" },
	[BOOT_FILE] = { "boot_file", F_TEXT, "file to boot" },
	[RELAYED] = { "relayed", F_BOOL, "came through a relay or router: the sender is not the client" },
};
static RECORD_TYPE(dhcp_type, "dhcp", "A DHCP or BOOTP message", fields);

static const char *message_name(uint8_t type)
{
	static const char *const names[] = {
		NULL, "discover", "offer", "request", "decline", "ack", "nak", "release", "inform", "force_renew", "lease_query",
		"lease_unassigned", "lease_unknown", "lease_active", "bulk_lease_query", "lease_query_done",
	};
	const char *name = type < ARRAY_LEN(names) ? names[type] : NULL;
	return name ? name : "other";
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	struct rd r = rd_of(m->bytes);
	uint8_t op = rd_u8(&r), htype = rd_u8(&r), hlen = rd_u8(&r), hops = rd_u8(&r);
	if ((op != OP_REQUEST && op != OP_REPLY) || hlen > CHADDR || hops > 32)
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	enum side side = op == OP_REQUEST ? SIDE_CLIENT : SIDE_SERVER;
	rd_skip(&r, BOOTP_MIN - 4);
	bool near = at->dport == PORT_SERVER || at->dport == PORT_CLIENT;
	if (!rd_ok(&r))
		return (struct bid){ near && m->lost ? BID_MAYBE : BID_NO, side };
	if (htype == HTYPE_ETHERNET && rd_be32(&r) == COOKIE)
		return (struct bid){ BID_SURE, side };
	return (struct bid){ near ? BID_MAYBE : BID_NO, side };
}

struct reading {                                 /* what is known before the options are read */
	bool request, own;                       /* own: the sender is the client itself */
	uint8_t overload;
};

static void name_servers(struct record *out, struct rd r)
{
	char text[ADDR_TEXT];
	for (int i = 0; rd_left(&r) >= 4 && i < LIST_MAX; i++)
		record_add_text(out, DNS_SERVERS, span_str(addr_text(addr_from4(rd_span(&r, 4)), text)));
}

static void parameters(struct record *out, struct emit *e, struct rd r)
{
	char *text = arena_new(e->host->arena, PARAMETERS_MAX * 4);
	size_t n = 0;
	for (int i = 0; text && rd_left(&r) && i < PARAMETERS_MAX; i++)
		n += (size_t)snprintf(text + n, PARAMETERS_MAX * 4 - n, i ? ",%u" : "%u", rd_u8(&r));
	record_text(out, PARAMETERS, span_of(text, n));
}

/* RFC 3004: length-prefixed classes; many clients send one bare text instead. */
static void user_class(struct record *out, struct rd r)
{
	struct rd whole = r;
	for (int i = 0; rd_left(&r) && i < LIST_MAX; i++) {
		struct rd item = rd_sub(&r, rd_u8(&r));
		if (!rd_ok(&item)) {
			if (i == 0)
				record_add_text(out, USER_CLASS, rd_rest(&whole));
			return;
		}
		record_add_text(out, USER_CLASS, rd_rest(&item));
	}
}

/* RFC 4702 2: flags, two result codes, then the name as text or, by flag, in DNS form. */
static void fqdn(struct record *out, unsigned field, struct emit *e, struct rd r)
{
	uint8_t flags = rd_u8(&r);
	rd_skip(&r, 2);
	if (!(flags & FQDN_WIRE)) {
		record_text(out, field, rd_rest(&r));
		return;
	}
	struct dnsname name;
	if (dnsname_read(rd_rest(&r), 0, DNSNAME_UTF8, &name) && name.labels)
		record_text(out, field, arena_copy(e->host->arena, dnsname_text(&name)));
}

static void address(struct record *out, unsigned field, struct rd r)
{
	struct addr a = addr_from4(rd_span(&r, 4));
	if (addr_to4(a))
		record_addr(out, field, a);
}

static void lease(struct record *out, struct rd r)
{
	uint32_t seconds = rd_be32(&r);
	if (rd_ok(&r))
		record_uint(out, LEASE, seconds);
}

static void option(struct record *out, struct emit *e, struct reading *how, uint8_t code, struct rd r)
{
	switch (code) {
	case OPT_MASK: address(out, MASK, r); break;
	case OPT_ROUTER: address(out, ROUTER, r); break;
	case OPT_DNS: name_servers(out, r); break;
	case OPT_HOST: record_text(out, how->own ? HOST_NAME : CLIENT_NAME, rd_rest(&r)); break;
	case OPT_FQDN: fqdn(out, how->own ? FQDN : CLIENT_NAME, e, r); break;
	case OPT_VENDOR: record_text(out, how->own ? VENDOR_CLASS : CLIENT_VENDOR_CLASS, rd_rest(&r)); break;
	case OPT_DOMAIN: record_text(out, DOMAIN, rd_rest(&r)); break;
	case OPT_REQUESTED: address(out, REQUESTED, r); break;
	case OPT_LEASE: lease(out, r); break;
	case OPT_OVERLOAD: how->overload = rd_u8(&r); break;
	case OPT_TYPE: record_str(out, MESSAGE, rd_left(&r) ? message_name(rd_u8(&r)) : NULL); break;
	case OPT_SERVER: address(out, SERVER_ID, r); break;
	case OPT_PARAMETERS: parameters(out, e, r); break;
	case OPT_TFTP: record_text(out, TFTP_SERVER, rd_rest(&r)); break;
	case OPT_BOOT_FILE: record_text(out, BOOT_FILE, rd_rest(&r)); break;
	case OPT_USER_CLASS: user_class(out, r); break;
	case OPT_MUD: record_text(out, MUD_URL, rd_rest(&r)); break;
	default: break;
	}
}

/* False when an option runs over the end. What lies behind the end option is padding. */
static bool options(struct record *out, struct emit *e, struct reading *how, uint8_t seen[256], struct rd r)
{
	for (int i = 0; rd_left(&r) && i < OPTIONS_MAX; i++) {
		uint8_t code = rd_u8(&r);
		if (code == OPT_END)
			return true;
		if (code == OPT_PAD)
			continue;
		struct rd body = rd_sub(&r, rd_u8(&r));
		if (!rd_ok(&body))
			return false;
		if (!seen[code])
			option(out, e, how, code, body);
		seen[code] = 1;
	}
	return true;
}

/* RFC 2132 9.3: the file and name fields may hold options too. */
static bool all_options(struct record *out, struct emit *e, struct reading *how, struct rd sname, struct rd file,
			struct rd r)
{
	uint8_t seen[256] = { 0 };
	bool sound = options(out, e, how, seen, r);
	uint8_t overload = how->overload;
	if (overload & IN_FILE)
		sound &= options(out, e, how, seen, file);
	if (overload & IN_SNAME)
		sound &= options(out, e, how, seen, sname);
	return sound;
}

/* The client itself is the sender: the frame comes from its card, or the packet from its address. */
static bool is_sender(const struct origin *at, struct addr client, struct mac mac)
{
	return mac_is_zero(at->smac) || mac_eq(at->smac, mac) || (client.family && addr_eq(at->src, client));
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	struct rd r = rd_of(m->bytes);
	struct reading how = { .request = rd_u8(&r) == OP_REQUEST };
	uint8_t htype = rd_u8(&r), hlen = rd_u8(&r);
	rd_skip(&r, 1);
	struct record out UNSET;
	emit_begin(e, &out, &dhcp_type);
	record_str(&out, OPERATION, how.request ? "request" : "reply");
	record_uint(&out, TRANSACTION, rd_be32(&r));
	rd_skip(&r, 2 + 2);                      /* seconds, flags */
	struct rd ciaddr = rd_sub(&r, 4), yiaddr = rd_sub(&r, 4), siaddr = rd_sub(&r, 4), giaddr = rd_sub(&r, 4);
	struct rd chaddr = rd_sub(&r, CHADDR), sname = rd_sub(&r, SNAME), file = rd_sub(&r, FILE_NAME);
	if (!rd_ok(&r))
		return false;
	struct mac mac = mac_from(rd_span(&chaddr, 6));
	if (htype == HTYPE_ETHERNET && hlen == 6)
		record_mac(&out, CLIENT_MAC, mac);
	address(&out, CLIENT_ADDR, ciaddr);
	address(&out, YOURS, yiaddr);
	address(&out, NEXT_SERVER, siaddr);
	address(&out, RELAY, giaddr);
	how.own = how.request && !record_has(&out, RELAY) && is_sender(e->at, record_get_addr(&out, CLIENT_ADDR), mac);
	record_bool(&out, RELAYED, record_has(&out, RELAY) || (how.request && !how.own));
	bool sound = true;
	if (rd_left(&r) >= 4 && rd_be32(&r) == COOKIE)   /* another cookie: a vendor area we cannot read (RFC 1048) */
		sound = all_options(&out, e, &how, sname, file, r);
	if (!record_has(&out, MESSAGE))
		record_str(&out, MESSAGE, "bootp");
	if (!(how.overload & IN_FILE) && !record_has(&out, BOOT_FILE))
		record_text(&out, BOOT_FILE, rd_piece(&file, 0));
	if (!(how.overload & IN_SNAME) && !record_has(&out, TFTP_SERVER))
		record_text(&out, TFTP_SERVER, rd_piece(&sname, 0));
	emit_record(e, &out);
	return sound;
}

static const struct record_type *const types[] = { &dhcp_type, NULL };

const struct decoder decoder_dhcp = {
	.name = "dhcp", .doc = "Dynamic Host Configuration Protocol for IPv4 (RFC 2131, RFC 2132)",
	.no_content = true,
	.over = OVER_UDP, .ports = { PORT_SERVER, PORT_CLIENT },
	.bid = bid, .decode = decode, .types = types,
};
