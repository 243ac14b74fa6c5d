/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telephony: SIP (RFC 3261) with the session descriptions it carries (RFC 4566). Who calls whom leaves as tokens:
 * nurse call and bedside telephones are called by room and patient. Where the voice will go is told to rtp.c. */
#include "base/ascii.h"
#include "base/scope.h"
#include "decode/decoder.h"

enum {
	PORT_SIP = 5060, HEAD_MAX = 16 * 1024, LINES_MAX = 128, METHOD_MAX = 12, VALUE_MAX = 128, LENGTH_DIGITS = 6,
	MEDIA_MAX = 4, BODY_MAX = 64 * 1024,
};

enum { MESSAGE, METHOD, STATUS, CALLER, CALLEE, DOMAIN, USER_AGENT, SERVER, USER, REGISTERS, MEDIA, FIELDS };

static const struct field fields[FIELDS] = {
	[MESSAGE] = { "message", F_TEXT, "request or response" },
	[METHOD] = { "method", F_TEXT, "INVITE, REGISTER, BYE …; of a response: that is answered" },
	[STATUS] = { "status", F_UINT, "status code of a response" },
	[CALLER] = { "caller", F_TEXT, "user part of From: a number or name", .privacy = SECRET },
	[CALLEE] = { "callee", F_TEXT, "user part of To: a number or name", .privacy = SECRET },
	[DOMAIN] = { "domain", F_TEXT, "host part of To" },
	[USER_AGENT] = { "user_agent", F_TEXT, "what the sender calls itself", .clue = CLUE_SYSTEM },
	[SERVER] = { "server", F_TEXT, "what the answering server calls itself", .clue = CLUE_SYSTEM },
	[USER] = { "user", F_TEXT, "user name of the credentials", .privacy = SECRET },
	[REGISTERS] = { "expires", F_UINT, "how long a registration holds; 0 ends it", "s" },
	[MEDIA] = { "media", F_TEXTS, "media that are offered, with their transport: audio RTP/AVP" },
};
static RECORD_TYPE(sip_type, "sip", "SIP request or response", fields);

static const char *const methods[] = {
	"INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "INFO", "PRACK", "SUBSCRIBE", "NOTIFY", "UPDATE", "MESSAGE",
	"REFER", "PUBLISH",
};

static bool line_next(struct rd *r, struct span *out)
{
	if (!rd_left(r))
		return false;
	struct span line;
	*out = span_trim_line(rd_until(r, '\n', &line) ? line : rd_rest(r));
	return true;
}

/* A request's method or a response; NULL: neither. The whole first line must be there. */
static const char *method_of(struct span line, bool *response)
{
	*response = span_starts(line, SPAN_LIT("SIP/2.0 "));
	if (*response)
		return line.n >= 11 && line.p[8] >= '1' && line.p[8] <= '6' ? "" : NULL;
	bool ends = line.n > 8 && span_is(span_from(line, line.n - 8), " SIP/2.0");
	for (size_t i = 0; ends && i < ARRAY_LEN(methods); i++) {
		size_t n = strlen(methods[i]);
		if (span_starts(line, span_str(methods[i])) && line.n > n && line.p[n] == ' ')
			return methods[i];
	}
	return NULL;
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	struct span line;
	bool response;
	if (rd_until(&r, '\n', &line)) {
		bool is = method_of(span_trim_line(line), &response);
		return (struct bid){ is ? BID_SURE : BID_NO, SIDE_UNKNOWN };
	}
	uint8_t first = rd_peek(&r);
	if (m->over != OVER_TCP || m->closing || m->bytes.n >= 512 || (m->bytes.n && !(first >= 'A' && first <= 'Z')))
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	bool may = span_starts(SPAN_LIT("SIP/2.0 "), span_cut(m->bytes, 8));
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		may |= span_starts(m->bytes, span_str(methods[i])) || span_starts(span_str(methods[i]), m->bytes);
	return (struct bid){ may ? BID_WAIT : BID_NO, SIDE_UNKNOWN };
}

/* ---- headers ---- */

/* Names have a short form of one letter (RFC 3261 §7.3.3). */
static bool name_is(struct span s, const char *name, char brief)
{
	return (span_alike(s, name)) ||
		(brief && s.n == 1 && (s.p[0] | 0x20) == (uint8_t)brief);
}

static bool number(struct span s, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || i >= LENGTH_DIGITS)
			return false;
		*out = *out * 10 + s.p[i] - '0';
	}
	return s.n != 0;
}

/* Where the head ends: behind its empty line; 0: not here yet. length: of the body. */
static size_t head_end(struct span s, uint64_t *length)
{
	struct rd r = rd_of(s);
	struct span line, name;
	*length = 0;
	for (int i = 0; i < LINES_MAX && rd_until(&r, '\n', &line); i++) {
		line = span_trim_line(line);
		if (!line.n && i)
			return s.n - rd_left(&r);
		struct rd parts = rd_of(line);
		if (rd_until(&parts, ':', &name) && name_is(span_trim_line(name), "Content-Length", 'l') &&
		    !number(span_trim_line(rd_rest(&parts)), length))
			*length = 0;
	}
	return 0;
}

static struct frame frame(const struct message *m, void *memory)
{
	(void)memory;
	uint64_t length;
	struct rd r = rd_of(m->bytes);
	if (rd_peek(&r) == '\r' || rd_peek(&r) == '\n')
		return FRAME_WHOLE(1);           /* a keep-alive (RFC 5626 §3.5.1) */
	if (m->bytes.n < HEAD_MAX && m->bytes.n < 4)
		return FRAME_WAIT(m);
	size_t head = head_end(m->bytes, &length);
	if (head)
		return (struct frame){ head + (size_t)(length < BODY_MAX ? length : BODY_MAX), head + length };
	return m->bytes.n >= HEAD_MAX ? FRAME_NONE : FRAME_WAIT(m);
}

/* "Ward 4" <sip:4711@pbx.lan;user=phone>;tag=1: what stands before and behind @. */
static void uri(struct span value, struct span *user, struct span *host)
{
	static const char scheme[] = "sip";
	const uint8_t *at = value.n ? memmem(value.p, value.n, scheme, 3) : NULL;
	*user = *host = (struct span){ 0 };
	struct rd r = rd_of(at ? span_from(value, (size_t)(at - value.p)) : (struct span){ 0 });
	struct span skipped;
	if (!rd_until(&r, ':', &skipped))
		return;
	struct rd rest = r;
	if (rd_until(&rest, '@', user))
		r = rest;
	else
		*user = (struct span){ 0 };
	struct rd start = r;
	size_t n = 0;
	while (rd_left(&r) && !strchr(";>:? ,\t", rd_peek(&r)) && rd_peek(&r)) {
		rd_skip(&r, 1);
		n++;
	}
	*host = rd_span(&start, n);
}

static void credentials(struct record *out, struct span value)
{
	static const char key[] = "username=\"";
	const uint8_t *at = value.n ? memmem(value.p, value.n, key, sizeof(key) - 1) : NULL;
	struct rd r = rd_of(at ? span_from(value, (size_t)(at - value.p) + sizeof(key) - 1) : (struct span){ 0 });
	struct span name;
	if (rd_until(&r, '"', &name))
		record_text(out, USER, name);
}

static void header(struct record *out, struct span name, struct span value)
{
	struct span user, host;
	uint64_t v;
	if (name_is(name, "From", 'f')) {
		uri(value, &user, &host);
		record_text(out, CALLER, user);
	} else if (name_is(name, "To", 't')) {
		uri(value, &user, &host);
		record_text(out, CALLEE, user);
		record_text(out, DOMAIN, span_cut(host, VALUE_MAX));
	} else if (name_is(name, "User-Agent", 0)) {
		record_text(out, USER_AGENT, span_cut(value, VALUE_MAX));
	} else if (name_is(name, "Server", 0)) {
		record_text(out, SERVER, span_cut(value, VALUE_MAX));
	} else if (name_is(name, "Authorization", 0) || name_is(name, "Proxy-Authorization", 0)) {
		credentials(out, value);
	} else if (name_is(name, "Expires", 0) && number(value, &v)) {
		record_uint(out, REGISTERS, v);
	} else if (name_is(name, "CSeq", 0)) {
		struct rd r = rd_of(value);
		struct span count;
		if (rd_until(&r, ' ', &count) && !record_has(out, METHOD))
			record_text(out, METHOD, span_cut(span_trim_line(rd_rest(&r)), METHOD_MAX));
	}
}

/* ---- session descriptions: "c=IN IP4 10.0.0.7", "m=audio 49170 RTP/AVP 0" ---- */

static struct addr connection(struct span line)
{
	char text[ADDR_TEXT];
	struct addr a = { 0 };
	struct rd r = rd_of(line);
	struct span part;
	if (!rd_until(&r, ' ', &part) || !rd_until(&r, ' ', &part))
		return a;
	part = rd_piece(&r, '/');
	snprintf(text, sizeof(text), "%.*s", (int)(part.n < ADDR_TEXT ? part.n : 0), (const char *)part.p);
	return addr_parse(text, &a) ? a : (struct addr){ 0 };
}

static void media(struct record *out, struct emit *e, struct span line, struct addr end)
{
	struct rd r = rd_of(line);
	struct span kind, port, transport;
	uint64_t number_of_port;
	if (!rd_until(&r, ' ', &kind) || !rd_until(&r, ' ', &port))
		return;
	transport = rd_piece(&r, ' ');
	char *text = arena_printf(e->host->arena, "%.*s %.*s", (int)span_cut(kind, 16).n, (const char *)kind.p,
				  (int)span_cut(transport, 24).n, (const char *)transport.p);
	record_add_text(out, MEDIA, span_str(text));
	if (number(port, &number_of_port) && number_of_port && number_of_port <= UINT16_MAX && end.family &&
	    span_starts(transport, SPAN_LIT("RTP/")))
		emit_expect(e, (struct expect){ .end = end, .port = (uint16_t)number_of_port, .over = OVER_UDP, .decoder = "rtp" });
}

static void description(struct record *out, struct emit *e, struct rd r)
{
	struct addr end = { 0 };
	struct span line;
	int found = 0;
	if (rd_peek(&r) != 'v')
		return;
	for (int i = 0; i < LINES_MAX && line_next(&r, &line) && found < MEDIA_MAX; i++) {
		struct addr stated = span_starts(line, SPAN_LIT("c=")) ? connection(span_from(line, 2)) : (struct addr){ 0 };
		end = stated.family ? stated : end;
		if (span_starts(line, SPAN_LIT("m="))) {
			media(out, e, span_from(line, 2), end);
			found++;
		}
	}
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	struct rd r = rd_of(m->bytes);
	struct span line, name;
	bool response;
	uint64_t status;
	if (m->bytes.n == 1)
		return true;
	if (!line_next(&r, &line))
		return false;
	const char *method = method_of(line, &response);
	if (!method)
		return line.n == 0;
	struct record out UNSET;
	emit_begin(e, &out, &sip_type);
	record_str(&out, MESSAGE, response ? "response" : "request");
	if (!response)
		record_str(&out, METHOD, method);
	else if (number(span_cut(span_from(line, 8), 3), &status))
		record_uint(&out, STATUS, status);
	for (int i = 0; i < LINES_MAX && line_next(&r, &line) && line.n; i++) {
		struct rd parts = rd_of(line);
		if (rd_until(&parts, ':', &name))
			header(&out, span_trim_line(name), span_trim_line(rd_rest(&parts)));
	}
	description(&out, e, r);
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &sip_type, NULL };

const struct decoder decoder_sip = {
	.name = "sip", .doc = "Session Initiation Protocol (RFC 3261)", .over = OVER_UDP | OVER_TCP, .ports = { PORT_SIP },
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
