/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP for IPv4 (RFC 792, RFC 1122 3.2.2, RFC 1256), and the packet that errors of both families quote.
 * The data of an echo is counted and compared with what was sent before, not kept: a host that is pinged sends back
 * what it was sent (RFC 792), and who pings sends the same again behind a time. */
#include "decode/icmp.h"

#include "base/scope.h"

enum {
	PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_SCTP = 132,
	ECHO_REPLY = 0, UNREACHABLE = 3, QUENCH = 4, REDIRECT = 5, ECHO = 8, EXCEEDED = 11, PARAMETER = 12,
	NEEDS_FRAGMENTATION = 4, HEAD = 8, HEAD_IPV4 = 20, HEAD_IPV6 = 40,
	IPV6_HOPOPTS = 0, IPV6_ROUTING = 43, IPV6_FRAGMENT = 44, IPV6_DSTOPTS = 60, IPV6_EXTENSIONS = 8,
	PATTERN_TURN = 4, TIME_BEFORE = 16, DATA_LOOK = 1024,
};

static const struct field fields[] = {
	[ICMP_FAMILY] = { "family", F_UINT, "4 for ICMP, 6 for ICMPv6" },
	[ICMP_TYPE] = { "type", F_UINT, "message type" },
	[ICMP_CODE] = { "code", F_UINT, "message code" },
	[ICMP_NAME] = { "name", F_TEXT, "what type and code mean: echo, reply, unreachable, port_unreachable …" },
	[ICMP_IDENTIFIER] = { "identifier", F_UINT, "identifier of an echo" },
	[ICMP_SEQUENCE] = { "sequence", F_UINT, "sequence number of an echo" },
	[ICMP_BYTES] = { "bytes", F_UINT, "length of the data of an echo", "bytes" },
	[ICMP_GATEWAY] = { "gateway", F_ADDR, "router that a redirect points at" },
	[ICMP_MTU] = { "mtu", F_UINT, "largest packet that the next link takes", "bytes" },
	[ICMP_INNER_SOURCE] = { "inner_source", F_ADDR, "source of the packet that the error quotes" },
	[ICMP_INNER_DESTINATION] = { "inner_destination", F_ADDR, "destination of the packet that the error quotes" },
	[ICMP_INNER_PROTOCOL] = { "inner_protocol", F_UINT, "IP protocol of the packet that the error quotes" },
	[ICMP_INNER_SOURCE_PORT] = { "inner_source_port", F_UINT, "source port of the packet that the error quotes" },
	[ICMP_INNER_PORT] = { "inner_port", F_UINT, "destination port of the packet that the error quotes" },
	[ICMP_DATA] = { "data", F_TEXT, "what the data of an echo looks like: pattern, text or binary" },
	[ICMP_CHANGED] = { "changed", F_BOOL, "the data differs from the echo before, beyond a time at its beginning" },
	[ICMP_ALTERED] = { "altered", F_BOOL, "the reply holds other data than its request" },
};
RECORD_TYPE(icmp_type, "icmp", "An ICMP or ICMPv6 message other than neighbour discovery", fields);

static const char *unreachable_name(uint8_t code)
{
	static const char *const names[] = {
		[0] = "net_unreachable", [1] = "host_unreachable", [2] = "protocol_unreachable", [3] = "port_unreachable",
		[4] = "fragmentation_needed", [5] = "source_route_failed", [9] = "net_prohibited", [10] = "host_prohibited",
		[13] = "filtered",
	};
	const char *name = code < ARRAY_LEN(names) ? names[code] : NULL;
	return name ? name : "unreachable";
}

static const char *message_name(uint8_t type, uint8_t code)
{
	static const char *const names[] = {
		[0] = "reply", [4] = "source_quench", [5] = "redirect", [8] = "echo", [9] = "router_advertisement",
		[10] = "router_solicitation", [11] = "time_exceeded", [12] = "parameter_problem", [13] = "timestamp",
		[14] = "timestamp_reply", [15] = "information", [16] = "information_reply", [17] = "mask_request",
		[18] = "mask_reply",
	};
	if (type == UNREACHABLE)
		return unreachable_name(code);
	const char *name = type < ARRAY_LEN(names) ? names[type] : NULL;
	return name ? name : "other";
}

static void inner_ports(struct record *out, uint8_t protocol, struct rd r)
{
	record_uint(out, ICMP_INNER_PROTOCOL, protocol);
	if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP && protocol != PROTOCOL_SCTP)
		return;
	uint16_t source = rd_be16(&r), destination = rd_be16(&r);
	if (!rd_ok(&r))
		return;
	record_uint(out, ICMP_INNER_SOURCE_PORT, source);
	record_uint(out, ICMP_INNER_PORT, destination);
}

static void inner4(struct record *out, struct rd r)
{
	uint8_t header = (rd_u8(&r) & 0x0F) * 4u;
	rd_skip(&r, 5);
	bool first = (rd_be16(&r) & 0x1FFF) == 0;
	rd_skip(&r, 1);
	uint8_t protocol = rd_u8(&r);
	rd_skip(&r, 2);
	struct addr source = addr_from4(rd_span(&r, 4)), destination = addr_from4(rd_span(&r, 4));
	if (!rd_ok(&r) || header < 20)
		return;
	record_addr(out, ICMP_INNER_SOURCE, source);
	record_addr(out, ICMP_INNER_DESTINATION, destination);
	rd_skip(&r, header - 20u);
	if (first && rd_ok(&r))
		inner_ports(out, protocol, r);
	else
		record_uint(out, ICMP_INNER_PROTOCOL, protocol);
}

/* RFC 8200 4: extension headers say their own length; a later fragment holds no ports. */
static void inner6(struct record *out, struct rd r)
{
	rd_skip(&r, 6);
	uint8_t next = rd_u8(&r);
	rd_skip(&r, 1);
	struct addr source = addr_from6(rd_span(&r, 16)), destination = addr_from6(rd_span(&r, 16));
	if (!rd_ok(&r))
		return;
	record_addr(out, ICMP_INNER_SOURCE, source);
	record_addr(out, ICMP_INNER_DESTINATION, destination);
	for (int i = 0; i < IPV6_EXTENSIONS; i++) {
		if (next != IPV6_HOPOPTS && next != IPV6_ROUTING && next != IPV6_FRAGMENT && next != IPV6_DSTOPTS)
			break;
		bool fragment = next == IPV6_FRAGMENT;
		next = rd_u8(&r);
		uint8_t units = rd_u8(&r);
		bool first = !fragment || (rd_be16(&r) & 0xFFF8) == 0;
		rd_skip(&r, fragment ? 4 : 6u + units * 8u);
		if (!first)
			rd_fail(&r);
	}
	if (rd_ok(&r))
		inner_ports(out, next, r);
}

void icmp_inner(struct record *out, struct rd r)
{
	switch (rd_peek(&r) >> 4) {
	case 4:
		inner4(out, r);
		break;
	case 6:
		inner6(out, r);
		break;
	default:
		break;
	}
}

/* Counting up, one byte again and again, or a few in turn: what ping programs fill with. */
static bool is_pattern(struct span s)
{
	size_t steps = 0, turns = 0;
	uint8_t last[PATTERN_TURN] = { 0 };
	struct rd r = rd_of(s);
	for (size_t i = 0; rd_left(&r); i++) {
		uint8_t c = rd_u8(&r), before = last[(i + PATTERN_TURN - 1) % PATTERN_TURN];
		steps += i && (c == before || c == (uint8_t)(before + 1));
		turns += i >= PATTERN_TURN && c == last[i % PATTERN_TURN];
		last[i % PATTERN_TURN] = c;
	}
	return s.n < PATTERN_TURN || steps * 20 >= (s.n - 1) * 17 || turns * 20 >= (s.n - PATTERN_TURN) * 17;
}

static const char *data_name(struct span s)
{
	size_t printable = 0;
	for (struct rd r = rd_of(s); rd_left(&r);) {
		uint8_t c = rd_u8(&r);
		printable += (c >= 32 && c < 127) || c == '\n' || c == '\r' || c == '\t';
	}
	if (is_pattern(s))
		return "pattern";
	return printable * 10 >= s.n * 9 ? "text" : "binary";
}

/* FNV-1a: tells honest data apart; nobody gains by making two look the same. Never 0. */
static uint64_t hash_of(struct span s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (struct rd r = rd_of(s); rd_left(&r);)
		h = (h ^ rd_u8(&r)) * UINT64_C(0x100000001b3);
	return h ? h : 1;
}

static void compare_reply(struct record *out, uint32_t name, struct span data, const struct icmp_echoes *state)
{
	for (unsigned i = 0; i < ICMP_ECHOES; i++)
		if (state->asked[i].is_set && state->asked[i].name == name) {
			record_bool(out, ICMP_ALTERED, state->asked[i].hash != hash_of(data));
			return;
		}
}

static void remember_request(uint32_t name, struct span data, struct icmp_echoes *state)
{
	unsigned i = state->next++ % ICMP_ECHOES;
	state->asked[i].name = name;
	state->asked[i].is_set = true;
	state->asked[i].hash = hash_of(data);
}

void icmp_echo(struct record *out, struct rd r, bool is_reply, struct icmp_echoes *state)
{
	uint16_t identifier = rd_be16(&r), sequence = rd_be16(&r);
	uint32_t name = (uint32_t)identifier << 16 | sequence;
	record_uint(out, ICMP_IDENTIFIER, identifier);
	record_uint(out, ICMP_SEQUENCE, sequence);
	record_uint(out, ICMP_BYTES, rd_left(&r));
	struct span data = span_cut(rd_rest(&r), DATA_LOOK);
	struct span tail = span_from(data, data.n > TIME_BEFORE + PATTERN_TURN ? TIME_BEFORE : 0);
	if (!data.n || !state)
		return;
	record_str(out, ICMP_DATA, data_name(tail));
	uint64_t hash = hash_of(tail);
	if (state->tail[is_reply])
		record_bool(out, ICMP_CHANGED, state->tail[is_reply] != hash);
	state->tail[is_reply] = hash;
	if (is_reply)
		compare_reply(out, name, data, state);
	else
		remember_request(name, data, state);
}

void icmp_show(struct emit *e, const struct record *out, struct span message)
{
	size_t n = HEAD;
	if (record_has(out, ICMP_INNER_PROTOCOL))
		n += record_get_uint(out, ICMP_FAMILY) == 4 ? HEAD_IPV4 : HEAD_IPV6;
	if (record_has(out, ICMP_INNER_PORT))
		n += HEAD;               /* the ports and the rest of a transport head that every error quotes */
	emit_shown(e, span_cut(message, n));
}

/* The IP header has said it. */
static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)m;
	return (struct bid){ at->proto == PROTOCOL_ICMP ? BID_SURE : BID_NO, SIDE_UNKNOWN };
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	struct rd r = rd_of(m->bytes);
	uint8_t type = rd_u8(&r), code = rd_u8(&r);
	rd_skip(&r, 2);                          /* checksum: capture/ judges those */
	struct rd body = r;                      /* of an echo: identifier onwards */
	uint32_t word = rd_be32(&r);
	if (!rd_ok(&r))
		return false;
	struct record out UNSET;
	emit_begin(e, &out, &icmp_type);
	record_uint(&out, ICMP_FAMILY, 4);
	record_uint(&out, ICMP_TYPE, type);
	record_uint(&out, ICMP_CODE, code);
	record_str(&out, ICMP_NAME, message_name(type, code));
	if (type == ECHO || type == ECHO_REPLY)
		icmp_echo(&out, body, type == ECHO_REPLY, state);
	if (type == UNREACHABLE || type == QUENCH || type == REDIRECT || type == EXCEEDED || type == PARAMETER)
		icmp_inner(&out, r);
	if (type == REDIRECT)
		record_addr(&out, ICMP_GATEWAY, addr_v4(word));
	if (type == UNREACHABLE && code == NEEDS_FRAGMENTATION)
		record_uint(&out, ICMP_MTU, word & 0xFFFF);
	icmp_show(e, &out, m->bytes);
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &icmp_type, NULL };

const struct decoder decoder_icmp = {
	.name = "icmp", .doc = "Internet Control Message Protocol (RFC 792)",
	.over = OVER_IP, .protocol = PROTOCOL_ICMP, .bid = bid, .decode = decode, .types = types,
	.state_size = sizeof(struct icmp_echoes),
};
