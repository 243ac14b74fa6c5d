/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remote desktop: the connection request and its answer ([MS-RDPBCGR] 2.2.1.1, 2.2.1.2; TPKT RFC 1006, X.224 13.3),
 * and of a session without TLS the client's core data (2.2.1.3.2). TLS that follows is read as TLS is. */
#include "base/scope.h"
#include "decode/decoder.h"
#include "decode/utf16.h"

enum {
	PORT_RDP = 3389, TPKT = 3, TPKT_HEAD = 4, X224_FIXED = 7, REQUEST = 0xE0, CONFIRM = 0xD0, DATA = 0xF0,
	REQUEST_MAX = 512,
	NEG_REQUEST = 1, NEG_RESPONSE = 2, NEG_FAILURE = 3, NEG_BYTES = 8, SAFE_PROTOCOLS = 0x1B,
	CONNECT_SEEN = 2048, CORE = 0xC001, CLIENT_NAME = 32, MESSAGES_TOLD = 6, TLS_STATE = 64,
};

enum { EVENT, USER, ROUTING, PROTOCOLS, SECURITY, FAILURE, HOST_NAME, BUILD, KEYBOARD, FIELDS };

static const struct field fields[FIELDS] = {
	[EVENT] = { "event", F_TEXT, "request, confirm or settings (of a client without TLS)" },
	[USER] = { "user", F_TEXT, "user name that the client's cookie tells in clear", .privacy = SECRET },
	[ROUTING] = { "routed", F_BOOL, "the client names a server behind a load balancer" },
	[PROTOCOLS] = { "protocols", F_TEXTS, "security that the client offers: rdp (old), tls, credssp, aad …" },
	[SECURITY] = { "security", F_TEXT, "security that the server chose" },
	[FAILURE] = { "failure", F_UINT, "why the server refuses: 1 TLS required, 2 TLS not allowed, 5 credssp required …" },
	[HOST_NAME] = { "host_name", F_TEXT, "the client's own name", .clue = CLUE_NAME },
	[BUILD] = { "build", F_UINT, "the client's build number" },
	[KEYBOARD] = { "keyboard", F_UINT, "the client's keyboard layout" },
};
static RECORD_TYPE(rdp_type, "rdp", "A step of a remote desktop's opening", fields);

extern const struct decoder decoder_tls;

struct state {
	bool tls, over[2];
	uint8_t told;
	uint64_t inner[TLS_STATE / 8];           /* of decoder_tls */
};

static const char *const protocol_names[] = { "tls", "credssp", "rdstls", "credssp early", "aad" };

/* The bytes behind the fixed part of a connection request or confirm; bad when it is none. */
static struct rd x224(struct span s, uint8_t *code)
{
	struct rd r = rd_of(s);
	uint8_t version = rd_u8(&r), reserved = rd_u8(&r);
	uint16_t length = rd_be16(&r);
	uint8_t indicator = rd_u8(&r);
	*code = rd_u8(&r) & 0xF0;
	rd_skip(&r, 2 + 2 + 1);
	if (version != TPKT || reserved || length < TPKT_HEAD + X224_FIXED || length > REQUEST_MAX ||
	    (*code != DATA && indicator != length - TPKT_HEAD - 1))
		rd_fail(&r);
	return rd_sub(&r, rd_ok(&r) ? (size_t)length - TPKT_HEAD - X224_FIXED : 0);
}

static bool negotiation(struct rd *r, uint8_t *type, uint32_t *value)
{
	*type = rd_u8(r);
	rd_skip(r, 1);
	uint16_t length = rd_le16(r);
	*value = rd_le32(r);
	return rd_ok(r) && length == NEG_BYTES;
}

/* "Cookie: mstshash=NAME" or "Cookie: msts=1.2.3" before the negotiation, ended by CR LF. */
static struct span cookie(struct rd *r)
{
	struct rd start = *r;
	struct span line;
	if (rd_peek(r) == NEG_REQUEST || !rd_until(&start, '\n', &line))
		return (struct span){ 0 };
	*r = start;
	return line.n && line.p[line.n - 1] == '\r' ? span_cut(line, line.n - 1) : line;
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	uint8_t code, type;
	uint32_t value;
	struct rd start = rd_of(m->bytes);
	if (rd_peek(&start) != TPKT)
		return (struct bid){ m->bytes.n || m->closing ? BID_NO : BID_WAIT, SIDE_UNKNOWN };
	struct rd r = x224(m->bytes, &code);
	if (!rd_ok(&r)) {
		rd_skip(&start, 2);
		uint16_t length = rd_be16(&start);
		bool fits = !rd_ok(&start) || (length <= REQUEST_MAX && length > m->bytes.n);
		return (struct bid){ fits && !m->closing ? BID_WAIT : BID_NO, SIDE_UNKNOWN };
	}
	if (code != REQUEST && code != CONFIRM)
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	enum side side = code == REQUEST ? SIDE_CLIENT : SIDE_SERVER;
	if (!rd_left(&r))
		return (struct bid){ BID_MAYBE, side };
	struct span text = code == REQUEST ? cookie(&r) : (struct span){ 0 };
	bool named = span_starts(text, SPAN_LIT("Cookie: mstshash=")) || span_starts(text, SPAN_LIT("Cookie: msts="));
	bool agreed = negotiation(&r, &type, &value) && (code == REQUEST ? type == NEG_REQUEST && value <= SAFE_PROTOCOLS :
		type == NEG_RESPONSE || type == NEG_FAILURE) && value <= 0xFF;
	return (struct bid){ named || agreed ? BID_SURE : BID_NO, side };
}

static struct frame frame(const struct message *m, void *memory)
{
	struct state *s = memory;
	struct rd r = rd_of(m->bytes);
	if (s->tls && rd_peek(&r) != TPKT)
		return decoder_tls.frame(m, s->inner);
	if (s->over[m->to_server])
		return (struct frame){ 1, BODY_OPEN };
	uint8_t version = rd_u8(&r);
	rd_skip(&r, 1);
	uint16_t length = rd_be16(&r);
	if (!rd_ok(&r))
		return FRAME_WAIT(m);
	if (version != TPKT || length <= TPKT_HEAD)
		return s->told ? (struct frame){ 1, BODY_OPEN } : FRAME_NONE;
	return (struct frame){ length < CONNECT_SEEN ? length : CONNECT_SEEN, length };
}

static void protocols(struct record *out, uint32_t bits)
{
	if (!bits)
		record_add_text(out, PROTOCOLS, SPAN_LIT("rdp"));
	for (unsigned i = 0; i < ARRAY_LEN(protocol_names); i++)
		if (bits >> i & 1)
			record_add_text(out, PROTOCOLS, span_str(protocol_names[i]));
}

static void request(struct rd r, struct record *out)
{
	static const char who[] = "Cookie: mstshash=";
	struct span text = cookie(&r);
	uint8_t type;
	uint32_t value;
	record_str(out, EVENT, "request");
	if (span_starts(text, SPAN_LIT(who)))
		record_text(out, USER, span_from(text, sizeof(who) - 1));
	else if (text.n)
		record_bool(out, ROUTING, true);
	if (rd_left(&r) && negotiation(&r, &type, &value))
		protocols(out, value);
	else
		protocols(out, 0);
}

static void confirm(struct rd r, struct state *s, struct record *out)
{
	uint8_t type = NEG_RESPONSE;
	uint32_t value = 0;
	record_str(out, EVENT, "confirm");
	if (rd_left(&r) && !negotiation(&r, &type, &value))
		return;
	if (type == NEG_FAILURE) {
		record_uint(out, FAILURE, value);
		return;
	}
	const char *name = "rdp";
	for (unsigned i = 0; i < ARRAY_LEN(protocol_names); i++)
		if (value >> i & 1)
			name = protocol_names[i];
	record_str(out, SECURITY, name);
	s->tls = value != 0 && decoder_tls.state_size <= sizeof(s->inner);
}

/* The conference request's user data follows "Duca" (T.124, H.221 key): blocks of type and length. */
static void settings(struct span bytes, struct record *out)
{
	const uint8_t *at = memmem(bytes.p, bytes.n, "Duca", 4);
	struct rd r = rd_of(at ? span_from(bytes, (size_t)(at - bytes.p) + 4) : (struct span){ 0 });
	uint8_t first = rd_u8(&r);
	if (first & 0x80)
		rd_skip(&r, 1);
	if (rd_le16(&r) != CORE || !rd_ok(&r))
		return;
	rd_skip(&r, 2 + 4 + 2 + 2 + 2 + 2);
	uint32_t keyboard = rd_le32(&r), build = rd_le32(&r);
	struct span name = rd_span(&r, CLIENT_NAME);
	if (!rd_ok(&r))
		return;
	record_str(out, EVENT, "settings");
	record_text(out, HOST_NAME, utf16_text(name, out->host->arena));
	record_uint(out, BUILD, build);
	record_uint(out, KEYBOARD, keyboard);
}

static bool decode(const struct message *m, void *memory, struct emit *e)
{
	struct state *s = memory;
	struct rd start = rd_of(m->bytes);
	if (s->tls && rd_peek(&start) != TPKT)
		return decoder_tls.decode(m, s->inner, e);
	if (m->rest == BODY_OPEN || s->told >= MESSAGES_TOLD) {
		s->over[m->to_server] = true;
		return true;
	}
	s->told++;
	uint8_t code;
	struct rd r = x224(m->bytes, &code);
	struct record out UNSET;
	emit_begin(e, &out, &rdp_type);
	if (code == REQUEST && rd_ok(&r))
		request(r, &out);
	else if (code == CONFIRM && rd_ok(&r))
		confirm(r, s, &out);
	else if (code == DATA && m->to_server)
		settings(m->bytes, &out);
	if (record_has(&out, EVENT))
		emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &rdp_type, NULL };

const struct decoder decoder_rdp = {
	.name = "rdp", .doc = "Remote desktop, its opening ([MS-RDPBCGR])", .over = OVER_TCP, .ports = { PORT_RDP },
	.state_size = sizeof(struct state), .bid = bid, .frame = frame, .decode = decode, .types = types,
};
