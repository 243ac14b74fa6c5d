/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMPv6 (RFC 4443) and neighbour discovery (RFC 4861; router advertisements also RFC 8106). */
#include "base/scope.h"
#include "decode/icmp.h"

enum {
	PROTOCOL_ICMP6 = 58, ICMP_ERRORS_END = 127,
	UNREACHABLE = 1, TOO_BIG = 2, ECHO = 128, ECHO_REPLY = 129,
	ROUTER_SOLICITATION = 133, ROUTER_ADVERTISEMENT, NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT, REDIRECT,
	OPT_SOURCE_LINK = 1, OPT_TARGET_LINK, OPT_PREFIX, OPT_REDIRECTED, OPT_MTU, OPT_DNS = 25,
	FLAG_ROUTER = 0x80, FLAG_SOLICITED = 0x40, FLAG_OVERRIDE = 0x20, FLAG_MANAGED = 0x80, FLAG_OTHER = 0x40,
	OPTIONS_MAX = 64, REDIRECT_HEAD = 40,
};

enum {
	OPERATION, SENDER_MAC, TARGET_MAC, TARGET_ADDR, DESTINATION, ROUTER, SOLICITED, OVERRIDE, PROBE, LIFETIME, MANAGED,
	OTHER_CONFIG, PREFIXES, DNS_SERVERS, MTU, FIELDS
};

static const struct field fields[FIELDS] = {
	[OPERATION] = { "operation", F_TEXT, "solicitation, advertisement, the same behind router_, or redirect" },
	[SENDER_MAC] = { "sender_mac", F_MAC, "source link-layer address option: MAC that the sender claims" },
	[TARGET_MAC] = { "target_mac", F_MAC, "target link-layer address option: MAC of the target address" },
	[TARGET_ADDR] = { "target_addr", F_ADDR, "address asked for, announced, or the better next hop of a redirect" },
	[DESTINATION] = { "destination", F_ADDR, "destination that a redirect is about" },
	[ROUTER] = { "router", F_BOOL, "the sender of an advertisement says that it is a router" },
	[SOLICITED] = { "solicited", F_BOOL, "the advertisement answers a solicitation" },
	[OVERRIDE] = { "override", F_BOOL, "the advertisement asks to replace a known MAC" },
	[PROBE] = { "probe", F_BOOL, "asks whether an address is free before taking it (RFC 4862)" },
	[LIFETIME] = { "router_lifetime", F_UINT, "how long the sender may be the default router", "s" },
	[MANAGED] = { "managed", F_BOOL, "addresses are to be had by DHCPv6" },
	[OTHER_CONFIG] = { "other_config", F_BOOL, "other settings are to be had by DHCPv6" },
	[PREFIXES] = { "prefixes", F_TEXTS, "prefixes announced for this link" },
	[DNS_SERVERS] = { "dns_servers", F_TEXTS, "name servers announced" },
	[MTU] = { "mtu", F_UINT, "largest packet of this link", "bytes" },
};
static RECORD_TYPE(nd_type, "nd", "An IPv6 neighbour discovery message", fields);

static const char *operation_name(uint8_t type)
{
	switch (type) {
	case ROUTER_SOLICITATION: return "router_solicitation";
	case ROUTER_ADVERTISEMENT: return "router_advertisement";
	case NEIGHBOR_SOLICITATION: return "solicitation";
	case NEIGHBOR_ADVERTISEMENT: return "advertisement";
	case REDIRECT: return "redirect";
	default: return NULL;
	}
}

static const char *unreachable_name(uint8_t code)
{
	static const char *const names[] = {
		"net_unreachable", "filtered", "beyond_scope", "host_unreachable", "port_unreachable", "policy_failed",
		"route_rejected",
	};
	return code < ARRAY_LEN(names) ? names[code] : "unreachable";
}

static const char *message_name(uint8_t type, uint8_t code)
{
	switch (type) {
	case UNREACHABLE: return unreachable_name(code);
	case TOO_BIG: return "packet_too_big";
	case 3: return "time_exceeded";
	case 4: return "parameter_problem";
	case ECHO: return "echo";
	case ECHO_REPLY: return "reply";
	case 130: return "multicast_query";
	case 131:
	case 143: return "multicast_report";
	case 132: return "multicast_done";
	default: return "other";
	}
}

static void prefix_option(struct record *out, struct emit *e, struct rd r)
{
	char text[ADDR_TEXT];
	uint8_t bits = rd_u8(&r);
	rd_skip(&r, 1 + 4 + 4 + 4);              /* flags, valid and preferred lifetime, reserved */
	struct addr net = addr_from6(rd_span(&r, 16));
	if (!rd_ok(&r) || bits > 128)
		return;
	char *prefix = arena_printf(e->host->arena, "%s/%u", addr_text(net, text), bits);
	if (prefix)
		record_add_text(out, PREFIXES, span_str(prefix));
}

static void dns_option(struct record *out, struct rd r)
{
	char text[ADDR_TEXT];
	rd_skip(&r, 2 + 4);                      /* reserved, lifetime */
	while (rd_left(&r) >= 16)
		record_add_text(out, DNS_SERVERS, span_str(addr_text(addr_from6(rd_span(&r, 16)), text)));
}

static void mtu_option(struct record *out, struct rd r)
{
	rd_skip(&r, 2);
	uint32_t mtu = rd_be32(&r);
	if (rd_ok(&r))
		record_uint(out, MTU, mtu);
}

/* RFC 4861 4.6: lengths in units of eight bytes, zero is an error. */
static bool options(struct record *out, struct emit *e, struct rd r)
{
	for (int i = 0; rd_left(&r) && i < OPTIONS_MAX; i++) {
		uint8_t type = rd_u8(&r), units = rd_u8(&r);
		if (units == 0)
			return false;
		struct rd body = rd_sub(&r, units * 8u - 2u);
		if (!rd_ok(&body))
			return false;
		switch (type) {
		case OPT_SOURCE_LINK:
			record_mac(out, SENDER_MAC, mac_from(rd_span(&body, 6)));
			break;
		case OPT_TARGET_LINK:
			record_mac(out, TARGET_MAC, mac_from(rd_span(&body, 6)));
			break;
		case OPT_PREFIX:
			prefix_option(out, e, body);
			break;
		case OPT_MTU:
			mtu_option(out, body);
			break;
		case OPT_DNS:
			dns_option(out, body);
			break;
		default:
			break;
		}
	}
	return true;
}

static void router_advertisement(struct record *out, struct rd *r)
{
	rd_skip(r, 1);                           /* hop limit */
	uint8_t flags = rd_u8(r);
	uint16_t lifetime = rd_be16(r);
	rd_skip(r, 4 + 4);                       /* reachable and retransmission time */
	record_bool(out, MANAGED, flags & FLAG_MANAGED);
	record_bool(out, OTHER_CONFIG, flags & FLAG_OTHER);
	record_uint(out, LIFETIME, lifetime);
}

static bool neighbour(uint8_t type, struct rd r, struct emit *e)
{
	static const uint8_t unspecified[16];
	struct record out UNSET;
	emit_begin(e, &out, &nd_type);
	record_str(&out, OPERATION, operation_name(type));
	if (type == ROUTER_ADVERTISEMENT) {
		router_advertisement(&out, &r);
	} else {
		uint8_t flags = rd_u8(&r);
		rd_skip(&r, 3);
		if (type != ROUTER_SOLICITATION)
			record_addr(&out, TARGET_ADDR, addr_from6(rd_span(&r, 16)));
		if (type == REDIRECT)
			record_addr(&out, DESTINATION, addr_from6(rd_span(&r, 16)));
		if (type == NEIGHBOR_ADVERTISEMENT) {
			record_bool(&out, ROUTER, flags & FLAG_ROUTER);
			record_bool(&out, SOLICITED, flags & FLAG_SOLICITED);
			record_bool(&out, OVERRIDE, flags & FLAG_OVERRIDE);
		}
	}
	if (!rd_ok(&r))
		return false;
	if (type == NEIGHBOR_SOLICITATION)
		record_bool(&out, PROBE, e->at->src.family == 6 && memcmp(e->at->src.b, unspecified, sizeof(unspecified)) == 0);
	bool sound = options(&out, e, r);
	emit_record(e, &out);
	return sound;
}

/* The IP header has said it. */
static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)m;
	return (struct bid){ at->proto == PROTOCOL_ICMP6 ? BID_SURE : BID_NO, SIDE_UNKNOWN };
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	struct rd r = rd_of(m->bytes);
	uint8_t type = rd_u8(&r), code = rd_u8(&r);
	rd_skip(&r, 2);
	if (operation_name(type)) {
		emit_shown(e, type == REDIRECT ? span_cut(m->bytes, REDIRECT_HEAD) : m->bytes);   /* behind: the packet */
		return neighbour(type, r, e);
	}
	struct rd body = r;
	uint32_t word = rd_be32(&r);
	if (!rd_ok(&r))
		return false;
	struct record out UNSET;
	emit_begin(e, &out, &icmp_type);
	record_uint(&out, ICMP_FAMILY, 6);
	record_uint(&out, ICMP_TYPE, type);
	record_uint(&out, ICMP_CODE, code);
	record_str(&out, ICMP_NAME, message_name(type, code));
	if (type == ECHO || type == ECHO_REPLY)
		icmp_echo(&out, body, type == ECHO_REPLY, state);
	if (type <= ICMP_ERRORS_END)
		icmp_inner(&out, r);
	if (type == TOO_BIG)
		record_uint(&out, ICMP_MTU, word);
	icmp_show(e, &out, m->bytes);
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &nd_type, NULL };   /* icmp_type is declared by icmp */

const struct decoder decoder_icmp6 = {
	.name = "icmp6", .doc = "ICMPv6 and IPv6 neighbour discovery (RFC 4443, RFC 4861)",
	.over = OVER_IP, .protocol = PROTOCOL_ICMP6, .bid = bid, .decode = decode, .types = types,
	.state_size = sizeof(struct icmp_echoes),
};
