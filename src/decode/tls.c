/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS (RFC 8446, RFC 5246) and the SSL 2.0 shaped hello (RFC 5246 E.2): who is asked for, which
 * versions are offered and chosen. One hello a direction is read, over as many segments and records as it
 * takes; what follows is encrypted, or certificates, and passes unread. */
#include "base/buf.h"
#include "base/scope.h"
#include "decode/decoder.h"

enum {
	CHANGE_CIPHER = 20, ALERT, HANDSHAKE, APPLICATION, HEARTBEAT,
	CLIENT_HELLO = 1, SERVER_HELLO = 2,
	RECORD_HEAD = 5, RECORD_MAX = 16384 + 2048, HELLO_HEAD = 4, HELLO_MIN = 2 + 32 + 1, HELLO_MAX = 1 << 17,
	HELLO_RECORDS = 64,                      /* that one hello may be spread over: looked through at each arrival */
	SSL2_HELLO = 0x80, SSL2_HEAD = 2, SSL2_MIN = 9 + 3 + 16, SSL2_MAX = 1024,
	RANDOM_SAMPLE = 256,
	EXT_SNI = 0, EXT_ALPN = 16, EXT_VERSIONS = 43, LIST_MAX = 32, NAME_MAX_DNS = 255,
};

enum { EVENT, HOST, VERSION, VERSIONS, ALPN, CIPHERS, CIPHER, LEVEL, DESCRIPTION };

static const struct field fields[] = {
	[EVENT] = { "event", F_TEXT, "client-hello, server-hello or alert" },
	[HOST] = { "host", F_TEXT, "server name that the client asks for (SNI)" },
	[VERSION] = { "version", F_TEXT, "highest version offered, or the one chosen" },
	[VERSIONS] = { "versions", F_TEXTS, "versions offered" },
	[ALPN] = { "alpn", F_TEXTS, "protocols offered or chosen inside (ALPN)" },
	[CIPHERS] = { "ciphers", F_UINT, "number of cipher suites offered" },
	[CIPHER] = { "cipher", F_UINT, "cipher suite chosen, as numbered by IANA" },
	[LEVEL] = { "level", F_TEXT, "of an alert: warning or fatal" },
	[DESCRIPTION] = { "description", F_UINT, "of an alert, as numbered by IANA" },
};
static RECORD_TYPE(tls_type, "tls", "TLS hello or alert in clear", fields);

struct session {
	bool over[2];                            /* nothing more to read from this end */
};

static const char *version_name(uint16_t v)
{
	switch (v) {
	case 0x0002: return "SSL 2.0";
	case 0x0300: return "SSL 3.0";
	case 0x0301: return "TLS 1.0";
	case 0x0302: return "TLS 1.1";
	case 0x0303: return "TLS 1.2";
	case 0x0304: return "TLS 1.3";
	default: return (v & 0xFF00) == 0x7F00 ? "TLS 1.3 draft" : NULL;
	}
}

/* GREASE (RFC 8701): values that are there to be ignored. */
static bool is_grease(uint16_t v)
{
	return (v & 0x0F0F) == 0x0A0A && v >> 8 == (v & 0xFF);
}

struct tls_record {
	uint8_t type;
	uint16_t version, length;
};

static bool record_head(struct rd *r, struct tls_record *out)
{
	out->type = rd_u8(r);
	out->version = rd_be16(r);
	out->length = rd_be16(r);
	return rd_ok(r) && out->type >= CHANGE_CIPHER && out->type <= HEARTBEAT && out->version >> 8 == 3 &&
		(out->version & 0xFF) <= 4 && out->length && out->length <= RECORD_MAX;
}

/* ---- recognising ---- */

static bool ssl2_fits(struct rd r, size_t *total)
{
	uint16_t length = rd_be16(&r);
	uint8_t type = rd_u8(&r);
	uint16_t version = rd_be16(&r), ciphers = rd_be16(&r), id = rd_be16(&r), challenge = rd_be16(&r);
	if (!rd_ok(&r) || !(length & SSL2_HELLO << 8) || type != CLIENT_HELLO || (version != 2 && version >> 8 != 3))
		return false;
	length &= 0x7FFF;
	*total = SSL2_HEAD + (size_t)length;
	return length >= SSL2_MIN && length <= SSL2_MAX && ciphers && ciphers % 3 == 0 && (id == 0 || id == 16) &&
		challenge >= 16 && challenge <= 32 && 9 + ciphers + id + challenge == length;
}

/* r stands behind the head of a handshake record. The hello's own head may be cut off by a tiny record. */
static struct bid bid_hello(struct rd r, const struct tls_record *rec)
{
	struct bid sure = { .score = BID_SURE };
	uint8_t type = rd_u8(&r);
	uint32_t length = rd_be24(&r);
	if (rec->length < HELLO_HEAD || !rd_ok(&r))
		return (struct bid){ .score = BID_WAIT };
	if (length < HELLO_MIN || length > HELLO_MAX)
		return (struct bid){ .score = BID_NO };
	uint16_t version = rd_be16(&r);
	if (rec->length < HELLO_HEAD + 2 || !rd_ok(&r))
		return (struct bid){ .score = BID_WAIT };
	if (version >> 8 != 3 && version >> 8 != 0x7F)
		return (struct bid){ .score = BID_NO };
	sure.side = type == CLIENT_HELLO ? SIDE_CLIENT : SIDE_SERVER;
	return sure;
}

/* Encrypted bytes have their high bit set half of the time: of 256, further than six deviations off is
 * something else. */
static bool looks_random(struct rd r)
{
	int high = 0;
	struct span s = rd_span(&r, RANDOM_SAMPLE);
	for (size_t i = 0; i < s.n; i++)
		high += s.p[i] >> 7;
	return high > 80 && high < 176;
}

/* The record is longer than what is there: large ones come in many segments. */
static struct bid bid_unfinished(struct rd r, bool chained, bool closing)
{
	if (chained || looks_random(r))
		return (struct bid){ .score = BID_LIKELY };
	return (struct bid){ .score = closing || rd_left(&r) >= RANDOM_SAMPLE ? BID_MAYBE : BID_WAIT };
}

/* In the middle of a conversation, or an end that never says hello: two records in a row, or all of one. */
static struct bid bid_records(struct rd r, bool closing)
{
	struct tls_record rec;
	int chained = 0;
	while (rd_left(&r) >= RECORD_HEAD && chained < 2) {
		if (!record_head(&r, &rec) || (rec.type == ALERT && rec.length == 1) ||
		    (rec.type == CHANGE_CIPHER && rec.length != 1))
			return (struct bid){ .score = BID_NO };
		chained++;
		if (rd_left(&r) < rec.length)
			return bid_unfinished(r, chained == 2, closing);
		rd_skip(&r, rec.length);
	}
	if (chained == 2 || (chained == 1 && rd_left(&r) == 0))
		return (struct bid){ .score = BID_LIKELY };
	return (struct bid){ .score = closing ? BID_NO : BID_WAIT };
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	struct tls_record rec;
	size_t total;
	if (rd_peek(&r) & SSL2_HELLO) {
		if (m->bytes.n < 11)
			return (struct bid){ .score = m->closing ? BID_NO : BID_WAIT };
		return (struct bid){ .score = ssl2_fits(r, &total) ? BID_SURE : BID_NO, .side = SIDE_CLIENT };
	}
	if (m->bytes.n < RECORD_HEAD) {
		uint8_t type = rd_u8(&r), major = rd_u8(&r);
		bool fits = type >= CHANGE_CIPHER && type <= HEARTBEAT && (!rd_ok(&r) || major == 3);
		return (struct bid){ .score = fits && !m->closing ? BID_WAIT : BID_NO };
	}
	if (!record_head(&r, &rec))
		return (struct bid){ .score = BID_NO };
	uint8_t first = rd_peek(&r);
	if (rec.type == HANDSHAKE && (first == CLIENT_HELLO || first == SERVER_HELLO)) {
		struct bid b = bid_hello(r, &rec);
		return b.score == BID_WAIT && m->closing ? (struct bid){ .score = BID_MAYBE } : b;
	}
	return bid_records(rd_of(m->bytes), m->closing);
}

/* ---- framing ---- */

/* The hello begins in the first record of the bytes: how many bytes the records take that hold all of
 * it; 0: not to be known yet, or there are too many. */
static size_t hello_span(struct span s, bool *spoilt)
{
	struct rd r = rd_of(s);
	struct tls_record rec;
	uint8_t head[HELLO_HEAD];
	size_t have = 0, want = HELLO_HEAD, whole = 0;
	for (int i = 0; i < HELLO_RECORDS; i++) {
		if (rd_left(&r) < RECORD_HEAD)
			return 0;
		if (!record_head(&r, &rec) || rec.type != HANDSHAKE)
			break;
		struct rd body = rd_sub(&r, rd_left(&r) < rec.length ? rd_left(&r) : rec.length);
		whole += RECORD_HEAD + rec.length;
		for (size_t at = have; at < HELLO_HEAD && rd_left(&body); at++)
			head[at] = rd_u8(&body);
		have += rec.length;
		if (have >= HELLO_HEAD && want == HELLO_HEAD) {
			if (whole > s.n && have - (whole - s.n) < HELLO_HEAD)
				return 0;
			want += (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
		}
		if (have >= want)
			return whole;
		if (want > HELLO_MAX)
			break;
	}
	*spoilt = true;
	return 0;
}

static struct frame frame(const struct message *m, void *state)
{
	const struct session *s = state;
	struct rd r = rd_of(m->bytes);
	struct tls_record rec;
	size_t total;
	bool spoilt = false;
	const struct frame rest = { .need = 1, .total = BODY_OPEN };
	if (s->over[m->to_server])
		return rest;
	if (rd_peek(&r) & SSL2_HELLO) {
		if (m->bytes.n < 11)
			return FRAME_WAIT(m);
		return ssl2_fits(r, &total) ? (struct frame){ .need = total, .total = BODY_OPEN } : FRAME_NONE;
	}
	if (m->bytes.n <= RECORD_HEAD)
		return FRAME_WAIT(m);
	if (!record_head(&r, &rec))
		return FRAME_NONE;
	if (rec.type == ALERT && rec.length == 2)
		return FRAME_WHOLE(RECORD_HEAD + 2);
	if (rec.type != HANDSHAKE || (rd_peek(&r) != CLIENT_HELLO && rd_peek(&r) != SERVER_HELLO))
		return rest;
	total = hello_span(m->bytes, &spoilt);
	if (spoilt)
		return rest;
	return total ? (struct frame){ .need = total, .total = BODY_OPEN } : FRAME_WAIT(m);
}

/* ---- hellos ---- */

static void server_name(struct rd r, struct record *out)
{
	struct rd list = rd_sub(&r, rd_be16(&r));
	uint8_t type = rd_u8(&list);
	struct span name = rd_span(&list, rd_be16(&list));
	if (rd_ok(&list) && type == 0 && name.n <= NAME_MAX_DNS)
		record_text(out, HOST, name);
}

static void protocols(struct rd r, struct record *out)
{
	struct rd list = rd_sub(&r, rd_be16(&r));
	for (int i = 0; i < LIST_MAX && rd_left(&list); i++) {
		struct span name = rd_span(&list, rd_u8(&list));
		bool grease = name.n == 2 && (name.p[0] & 0x0F) == 0x0A && name.p[0] == name.p[1];
		if (name.n && !grease)
			record_add_text(out, ALPN, name);
	}
}

/* highest: of those with a name. */
static void versions(struct rd r, struct record *out)
{
	uint16_t highest = 0;
	struct rd list = rd_sub(&r, rd_u8(&r));
	for (int i = 0; i < LIST_MAX && rd_left(&list); i++) {
		uint16_t v = rd_be16(&list);
		if (is_grease(v) || !version_name(v))
			continue;
		record_add_text(out, VERSIONS, span_str(version_name(v)));
		if (highest >> 8 != 3 || (v >> 8 == 3 && v > highest))
			highest = v;
	}
	record_str(out, VERSION, version_name(highest));
}

static void extensions(struct rd r, bool client, struct record *out)
{
	struct rd list = rd_sub(&r, rd_be16(&r));
	while (rd_left(&list)) {
		uint16_t type = rd_be16(&list);
		struct rd x = rd_sub(&list, rd_be16(&list));
		if (!rd_ok(&list))
			break;
		if (type == EXT_SNI && client)
			server_name(x, out);
		else if (type == EXT_ALPN)
			protocols(x, out);
		else if (type == EXT_VERSIONS && client)
			versions(x, out);
		else if (type == EXT_VERSIONS)
			record_str(out, VERSION, version_name(rd_be16(&x)));
	}
}

/* RFC 8446 §4.1.2, §4.1.3; extensions may be missing altogether. */
static bool hello(struct rd r, bool client, struct record *out)
{
	uint16_t version = rd_be16(&r);
	rd_skip(&r, 32);
	rd_skip(&r, rd_u8(&r));
	if (client) {
		uint16_t ciphers = rd_be16(&r);
		rd_skip(&r, ciphers);
		rd_skip(&r, rd_u8(&r));
		record_uint(out, CIPHERS, ciphers / 2);
	} else {
		record_uint(out, CIPHER, rd_be16(&r));
		rd_skip(&r, 1);
	}
	if (!rd_ok(&r))
		return false;
	record_str(out, EVENT, client ? "client-hello" : "server-hello");
	record_str(out, VERSION, version_name(version));
	if (rd_left(&r))
		extensions(r, client, out);
	if (client && !record_has(out, VERSIONS) && version_name(version))
		record_add_text(out, VERSIONS, span_str(version_name(version)));
	return true;
}

/* The hello's bytes without the heads of the records it is spread over. */
static struct span unwrap(struct span s, struct arena *a)
{
	struct rd r = rd_of(s);
	struct tls_record rec;
	if (record_head(&r, &rec) && rd_left(&r) <= rec.length)
		return rd_rest(&r);
	struct buf b = { 0 };
	for (r = rd_of(s); rd_left(&r) && record_head(&r, &rec);)
		buf_bytes(&b, rd_span(&r, rd_left(&r) < rec.length ? rd_left(&r) : rec.length));
	struct span out = arena_copy(a, buf_span(&b));
	buf_done(&b);
	return out;
}

static bool ssl2_hello(struct rd r, struct record *out)
{
	rd_skip(&r, 3);
	uint16_t version = rd_be16(&r);
	record_str(out, EVENT, "client-hello");
	record_str(out, VERSION, version_name(version));
	record_add_text(out, VERSIONS, SPAN_LIT("SSL 2.0"));
	if (version != 2 && version_name(version))
		record_add_text(out, VERSIONS, span_str(version_name(version)));
	record_uint(out, CIPHERS, rd_be16(&r) / 3);
	return rd_ok(&r);
}

static bool handshake(struct span s, struct record *out)
{
	struct rd r = rd_of(s);
	uint8_t type = rd_u8(&r);
	uint32_t length = rd_be24(&r);
	return hello(rd_sub(&r, length), type == CLIENT_HELLO, out);
}

static void alert(struct rd r, struct record *out)
{
	record_str(out, EVENT, "alert");
	record_str(out, LEVEL, rd_u8(&r) == 1 ? "warning" : "fatal");
	record_uint(out, DESCRIPTION, rd_u8(&r));
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	struct session *s = state;
	struct rd r = rd_of(m->bytes);
	struct record out UNSET;
	struct tls_record rec = { 0 };
	bool ok = true;
	if (s->over[m->to_server] || m->bytes.n < RECORD_HEAD + 2) {
		s->over[m->to_server] = true;
		return true;
	}
	emit_begin(e, &out, &tls_type);
	if (rd_peek(&r) & SSL2_HELLO)
		ok = ssl2_hello(r, &out);
	else if (!record_head(&r, &rec))
		return false;
	else if (rec.type == ALERT)
		alert(r, &out);
	else
		ok = handshake(unwrap(m->bytes, e->host->arena), &out);
	s->over[m->to_server] = rec.type != ALERT;
	if (ok)
		emit_record(e, &out);
	return ok;
}

static const struct record_type *const types[] = { &tls_type, NULL };

const struct decoder decoder_tls = {
	.name = "tls", .doc = "TLS and SSL hellos (RFC 8446, RFC 5246, RFC 6101)",
	.no_content = true,
	.over = OVER_TCP, .ports = { 443, 2762, 8443, 636, 993, 995, 465, 853 },
	.state_size = sizeof(struct session),
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
