/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP/1 (RFC 9110, RFC 9112): heads and where bodies lie; bodies go to the content tracker. Of a target
 * the path is kept and the names of parameters, never their values; what stands behind /Patient/ (FHIR) and
 * /studies/ (DICOMweb) is a patient's data and leaves as such. A body that is HL7 v2 is read as such. Sloppy forms
 * that servers or browsers are known to accept (bare LF, folded lines, junk in front of a status line) are read as
 * these read them. */
#include <strings.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/scope.h"
#include "decode/hl7.h"
#include "decode/hl7_text.h"
#include "decode/http.h"

enum {
	HEAD_MAX = 64 * 1024, METHOD_MAX = 20, LINE_LOOK = 64, JUNK_MAX = 256, CHUNK_LINE_MAX = 1024, TRAILER_MAX = 8192,
	PENDING = 4, PATH_KEPT = 160, VALUE_MAX = 256, PARAMETERS_MAX = 32, LENGTH_DIGITS = 15, CHUNK_DIGITS = 12,
	CREDENTIALS_MAX = 512, NOT_MODIFIED = 304, UNAUTHORIZED = 401, FORBIDDEN = 403, PROXY_UNAUTHORIZED = 407,
};

enum {
	EVENT, METHOD, HOST, PATH, PARAMETERS, STATUS, USER_AGENT, SERVER, CONTENT_TYPE, CONTENT_LENGTH, CONTENT_CODING,
	UPGRADE,
	AUTH_SCHEME, AUTHORIZATION, USER, PASSWORD, ACCEPTED, PATIENT_ID, STUDY
};

static const struct field fields[] = {
	[EVENT] = { "event", F_TEXT, "request or response" },
	[METHOD] = { "method", F_TEXT, "GET, POST …" },
	[HOST] = { "host", F_TEXT, "who is asked" },
	[PATH] = { "path", F_TEXT, "path without parameters; of a response: that was asked for" },
	[PARAMETERS] = { "parameters", F_TEXTS, "names of the query's parameters" },
	[STATUS] = { "status", F_UINT, "status code of a response" },
	[USER_AGENT] = { "user_agent", F_TEXT, "what the client calls itself", .clue = CLUE_SYSTEM },
	[SERVER] = { "server", F_TEXT, "what the server calls itself", .clue = CLUE_SYSTEM },
	[CONTENT_TYPE] = { "content_type", F_TEXT, "media type of the body" },
	[CONTENT_LENGTH] = { "content_length", F_UINT, "as stated", "byte" },
	[CONTENT_CODING] = { "content_coding", F_TEXT, "how the body is packed for transport" },
	[UPGRADE] = { "upgrade", F_TEXT, "protocol that the conversation goes over to" },
	[AUTH_SCHEME] = { "auth_scheme", F_TEXT, "Basic, Bearer …" },
	[AUTHORIZATION] = { "authorization", F_TEXT, "credentials sent in clear", .privacy = SECRET },
	[USER] = { "user", F_TEXT, "user name of Basic or Digest", .privacy = SECRET },
	[PASSWORD] = { "password", F_TEXT, "password of Basic, readable by anyone on the way", .privacy = SECRET },
	[ACCEPTED] = { "accepted", F_BOOL, "of a response to a request with credentials: whether they were taken; absent when "
		       "that cannot be told from it" },
	[PATIENT_ID] = { "patient_id", F_TEXT, "id of a FHIR Patient in the path", .privacy = PATIENT },
	[STUDY] = { "study", F_TEXT, "DICOMweb study in the path", .privacy = PATIENT },
};
static RECORD_TYPE(http_type, "http", "HTTP request or response", fields);

/* ---- what is remembered of a conversation ---- */

enum mode { MODE_HEAD, MODE_CHUNKS, MODE_OPAQUE };

struct pending {                                 /* a request until its answer */
	uint8_t n;
	bool is_head, is_connect, authorized;
	uint8_t path[PATH_KEPT];
};

struct way {
	uint8_t mode;                            /* enum mode */
	bool packed;                             /* the body has a content coding */
	uint32_t head;                           /* length of the head whose body is waited for, 0: none */
	uint32_t request;                        /* that the body belongs to, 1.. */
	uint64_t offset;                         /* in the body, behind the chunks so far */
};

struct exchange {
	struct way way[2];
	uint32_t requests, responses;
	struct pending pending[PENDING];
};

static const struct pending *pending_find(const struct exchange *x, uint32_t request)
{
	static const struct pending unknown;
	if (request == 0 || request > x->requests || x->requests - request >= PENDING)
		return &unknown;
	return &x->pending[request % PENDING];
}

/* The number of the request that the next final response answers; 0 when it was not seen. */
static uint32_t answered_next(const struct exchange *x)
{
	return x->responses < x->requests ? x->responses + 1 : 0;
}

/* ---- lines ---- */

static struct span line_next(struct rd *r)
{
	struct span line = rd_piece(r, '\n');
	while (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* A field line with the lines that are folded into it (RFC 9112 §5.2). */
static struct span line_folded(struct rd *r)
{
	struct rd from = *r;
	size_t before = rd_left(r);
	line_next(r);
	while (rd_peek(r) == ' ' || rd_peek(r) == '\t')
		line_next(r);
	return rd_span(&from, before - rd_left(r));
}

/* A few marks: quicker than a call, for every byte of every line. */
static bool is_among(uint8_t c, const char *marks)
{
	while (*marks && (uint8_t)*marks != c)
		marks++;
	return *marks != '\0';
}

/* Up to the first of the stops, which is consumed; all of it when there is none. */
static struct span word_next(struct span *s, const char *stops)
{
	size_t n = 0;
	while (n < s->n && !is_among(s->p[n], stops))
		n++;
	struct span word = span_cut(*s, n);
	*s = span_from(*s, n < s->n ? n + 1 : n);
	return word;
}

static bool number(struct span s, unsigned max_digits, uint64_t *out)
{
	uint64_t v = 0;
	if (s.n == 0 || s.n > max_digits)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = v;
	return true;
}

/* ---- heads ---- */

enum { H_HOST, H_AGENT, H_SERVER, H_TYPE, H_LENGTH, H_CODING, H_TRANSFER, H_UPGRADE, H_AUTH, H_PROXY_AUTH, H_RANGE,
	HEADERS };

struct head {
	bool is_request;
	struct span method, target;
	unsigned status;
	struct span field[HEADERS];
};

static void head_field(struct span line, struct head *out)
{
	static const char *const names[HEADERS] = {
		[H_HOST] = "host", [H_AGENT] = "user-agent", [H_SERVER] = "server", [H_TYPE] = "content-type",
		[H_LENGTH] = "content-length", [H_CODING] = "content-encoding", [H_TRANSFER] = "transfer-encoding",
		[H_UPGRADE] = "upgrade", [H_AUTH] = "authorization", [H_PROXY_AUTH] = "proxy-authorization",
		[H_RANGE] = "content-range",
	};
	struct span value = line, name = span_trim(word_next(&value, ":"));
	for (unsigned i = 0; i < HEADERS; i++)
		if (span_alike(name, names[i])) {
			if (out->field[i].n == 0)
				out->field[i] = span_trim(value);
			return;
		}
}

/* "HTTP/1.1 200 OK" or "GET /path HTTP/1.1". Status codes of any length are seen in the wild. */
static void first_line(struct span line, struct head *out)
{
	struct span word = word_next(&line, " \t");
	uint64_t status = 0;
	out->is_request = !span_starts(word, SPAN_LIT("HTTP/"));
	if (out->is_request) {
		out->method = word;
		line = span_trim(line);
		out->target = word_next(&line, " \t");
		return;
	}
	line = span_trim(line);
	number(word_next(&line, " \t"), 4, &status);
	out->status = (unsigned)status;
}

static void head_parse(struct span s, struct head *out)
{
	struct rd r = rd_of(s);
	*out = (struct head){ 0 };
	first_line(line_next(&r), out);
	while (rd_left(&r)) {
		struct span line = line_folded(&r);
		if (span_trim(line).n == 0)
			break;
		head_field(line, out);
	}
}

/* ---- bodies ---- */

enum body_kind { NO_BODY, BODY_SIZED, BODY_CHUNKED, BODY_TO_CLOSE, BODY_TUNNEL };

struct extent {
	enum body_kind kind;
	uint64_t length, offset, size;           /* of this part; where it lies in the whole; of the whole or 0 */
	bool is_part;                            /* 206: of a range */
	bool packed;                             /* has a content coding */
};

static bool is_chunked(struct span transfer)
{
	struct span last = { 0 };
	while (transfer.n)
		last = span_trim(word_next(&transfer, ","));
	return span_alike(last, "chunked");
}

/* RFC 9110 §8.6: one number, or the same several times. */
static bool stated_length(struct span s, uint64_t *out)
{
	uint64_t one, all = 0;
	bool first = true;
	if (s.n == 0)
		return false;
	while (s.n) {
		if (!number(span_trim(word_next(&s, ",")), LENGTH_DIGITS, &one) || (!first && one != all))
			return false;
		all = one;
		first = false;
	}
	*out = all;
	return true;
}

/* "bytes 200-999/8000"; the whole's size may be "*". */
static void range(struct span s, struct extent *out)
{
	uint64_t from = 0, to = 0, size = 0;
	struct span unit = word_next(&s, " \t");
	bool fits = span_alike(unit, "bytes") && number(span_trim(word_next(&s, "-")), LENGTH_DIGITS, &from) &&
		number(span_trim(word_next(&s, "/")), LENGTH_DIGITS, &to) && from <= to;
	if (!fits)
		return;
	number(span_trim(s), LENGTH_DIGITS, &size);
	out->is_part = true;
	out->offset = from;
	out->size = size > to ? size : 0;
}

/* RFC 9112 §6.3. A length that is stated next to chunks does not count. */
static struct extent body_extent(const struct head *h, const struct pending *asked)
{
	struct extent x = { .kind = h->is_request ? NO_BODY : BODY_TO_CLOSE };
	if (h->is_request && span_is(h->method, "PRI"))
		return (struct extent){ .kind = BODY_TUNNEL };   /* HTTP/2 follows (RFC 9113 §3.4) */
	if (!h->is_request) {
		if (h->status == 101 || (asked->is_connect && h->status / 100 == 2))
			return (struct extent){ .kind = BODY_TUNNEL };
		if (h->status / 100 == 1 || h->status == 204 || h->status == 304 || asked->is_head)
			return (struct extent){ .kind = NO_BODY };
		if (h->status == 206)
			range(h->field[H_RANGE], &x);
	}
	x.packed = h->field[H_CODING].n && !span_alike(h->field[H_CODING], "identity");
	if (is_chunked(h->field[H_TRANSFER]))
		x.kind = BODY_CHUNKED;
	else if (stated_length(h->field[H_LENGTH], &x.length))
		x.kind = x.length ? BODY_SIZED : NO_BODY;
	if (x.kind == BODY_SIZED && !x.is_part)
		x.size = x.length;
	return x;
}

/* HL7 v2 by its media type (HL7 over HTTP; others with the same subtypes), or by its first bytes where they are at
 * hand: a head is not held back for them. Small enough to be read as one. */
static bool is_hl7(const struct head *h, const struct extent *body, struct span begins)
{
	static const char *const types[] = {
		"application/hl7-v2", "x-application/hl7-v2", "application/hl7-v2+er7", "x-application/hl7-v2+er7",
		"application/x-hl7-v2", "text/hl7", "application/hl7", "application/edi-hl7",
	};
	struct span type = h->field[H_TYPE];
	if (body->kind != BODY_SIZED || body->is_part || body->packed || body->length > FRAME_CAP - HEAD_MAX)
		return false;
	type = span_trim(word_next(&type, ";, "));
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (span_alike(type, types[i]))
			return true;
	return hl7_head(span_from(begins, hl7_lead(begins).head), NULL) == HL7_YES;
}

/* ---- recognising ---- */

enum start { START_JUNK, START_SHORT, START_REQUEST, START_RESPONSE };

static bool method_is_known(struct span method)
{
	static const char *const known[] = {
		"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PRI", "PROPFIND", "PROPPATCH",
		"MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "REPORT", "SUBSCRIBE", "UNSUBSCRIBE", "NOTIFY",
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (span_is(method, known[i]))
			return true;
	return false;
}

/* The method in front of a space; START_SHORT while it may still become one. */
static enum start method_start(struct span s, struct span *method)
{
	size_t n = 0;
	while (n < s.n && n < METHOD_MAX && ((s.p[n] >= 'A' && s.p[n] <= 'Z') || s.p[n] == '-' || s.p[n] == '_'))
		n++;
	*method = span_cut(s, n);
	if (n == s.n)
		return n < METHOD_MAX ? START_SHORT : START_JUNK;
	return n && s.p[n] == ' ' ? START_REQUEST : START_JUNK;
}

/* The version that ends the first line: SIP, RTSP and others share the rest of the form. whole: the line is
 * complete. */
static bool says_http(struct span s, bool *whole)
{
	struct rd r = rd_of(span_cut(s, HEAD_MAX));
	struct span line, word, last = { 0 };
	*whole = rd_until(&r, '\n', &line);
	if (!*whole)
		return false;
	line = span_trim(line);
	while (line.n) {
		word = word_next(&line, " \t");
		last = word.n ? word : last;
	}
	return span_starts(last, SPAN_LIT("HTTP/"));
}

static enum start start_of(struct span s)
{
	struct span method, name = SPAN_LIT("HTTP/");
	bool whole;
	if (span_starts(s, name))
		return s.n > name.n && s.p[name.n] >= '0' && s.p[name.n] <= '9' ? START_RESPONSE
		       : s.n > name.n                                           ? START_JUNK
										: START_SHORT;
	if (s.n < name.n && span_starts(name, s))
		return START_SHORT;
	enum start start = method_start(s, &method);
	if (start != START_REQUEST)
		return start;
	if (says_http(s, &whole) || !whole)
		return START_REQUEST;
	return START_JUNK;
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct span method;
	bool whole;
	const struct bid wait = { .score = m->closing ? BID_NO : BID_WAIT };
	if (span_starts(m->bytes, SPAN_LIT("HTTP/1.")) || span_starts(m->bytes, SPAN_LIT("HTTP/2 ")))
		return (struct bid){ .score = BID_SURE, .side = SIDE_SERVER };
	if (m->bytes.n < 7 && span_starts(SPAN_LIT("HTTP/1."), m->bytes))
		return wait;
	enum start start = method_start(m->bytes, &method);
	if (start == START_JUNK)
		return (struct bid){ .score = BID_NO };
	if (start == START_SHORT)
		return wait;
	bool is_http = says_http(m->bytes, &whole);
	int score = method_is_known(method) ? BID_SURE : BID_LIKELY;
	if (whole)
		return (struct bid){ .score = is_http ? score : BID_NO, .side = SIDE_CLIENT };
	/* A long target: its line's end is segments away. */
	struct span target = span_from(m->bytes, method.n + 1);
	bool fits = target.n && (target.p[0] == '/' || span_starts(target, SPAN_LIT("http")));
	if (score == BID_SURE && fits && (m->closing || m->bytes.n > VALUE_MAX))
		return (struct bid){ .score = target.p[0] == '/' ? BID_LIKELY : BID_MAYBE, .side = SIDE_CLIENT };
	return wait;
}

/* ---- framing ---- */

/* Bytes up to and with the empty line; 0: it is not there. Looks from `from` on. */
static size_t head_length(struct span s, size_t from)
{
	struct rd r = rd_of(span_from(s, from));
	struct span line;
	while (rd_until(&r, '\n', &line)) {
		struct rd ahead = r;
		if (rd_peek(&ahead) == '\r')
			rd_skip(&ahead, 1);
		if (rd_peek(&ahead) == '\n')
			return s.n - rd_left(&ahead) + 1;
	}
	return 0;
}

static size_t blanks(struct span s)
{
	size_t n = 0;
	while (n < s.n && (s.p[n] == '\r' || s.p[n] == '\n'))
		n++;
	return n;
}

/* Lines in front of a status line are passed over, as browsers do. 0: none is near. */
static size_t junk_length(struct span s)
{
	struct span near = span_cut(s, JUNK_MAX);
	for (size_t i = 1; i < near.n; i++)
		if (span_starts(span_from(s, i), SPAN_LIT("HTTP/1.")))
			return i;
	return 0;
}

static struct frame frame_junk(const struct message *m, const struct exchange *x)
{
	size_t n = m->to_server || !answered_next(x) ? 0 : junk_length(m->bytes);
	if (n)
		return FRAME_WHOLE(n);
	bool more = !m->to_server && answered_next(x) && m->bytes.n < LINE_LOOK;
	return more ? FRAME_WAIT(m) : FRAME_NONE;
}

static struct frame frame_head(const struct message *m, struct exchange *x)
{
	uint32_t *waits = &x->way[m->to_server].head;
	size_t n = blanks(m->bytes);
	if (n)
		return FRAME_WHOLE(n);
	if (m->seen < LINE_LOOK) {
		enum start start = start_of(span_cut(m->bytes, HEAD_MAX));
		if (start == START_JUNK)
			return frame_junk(m, x);
		if (start == START_SHORT)
			return FRAME_WAIT(m);
	}
	if (m->seen < *waits)
		*waits = 0;                      /* of a message that was given up */
	n = *waits ? *waits : head_length(m->bytes, m->seen > 3 ? m->seen - 3 : 0);
	if (n == 0 && m->bytes.n < HEAD_MAX)
		return FRAME_WAIT(m);
	if (n == 0 || n > HEAD_MAX)
		return (struct frame){ .need = HEAD_MAX, .total = BODY_OPEN };
	struct head h;
	head_parse(span_cut(m->bytes, n), &h);
	struct extent body = body_extent(&h, pending_find(x, answered_next(x)));
	if (is_hl7(&h, &body, span_from(m->bytes, n))) {
		*waits = (uint32_t)n;
		return FRAME_WHOLE(n + (size_t)body.length);
	}
	if (body.kind == BODY_SIZED)
		return (struct frame){ .need = n, .total = n + body.length };
	if (body.kind == BODY_TO_CLOSE)
		return (struct frame){ .need = n, .total = BODY_OPEN };
	return FRAME_WHOLE(n);
}

struct chunk {
	size_t line;                             /* bytes in front of the data */
	uint64_t length;
	bool valid;
};

/* The end of the chunk before, then a size in hex, then extensions to the end of the line. False: the line is
 * not complete. */
static bool chunk_line(struct span s, struct chunk *out)
{
	struct rd r = rd_of(span_cut(s, CHUNK_LINE_MAX));
	struct span line;
	size_t skipped = blanks(s);
	*out = (struct chunk){ 0 };
	rd_skip(&r, skipped);
	if (!rd_until(&r, '\n', &line)) {
		while (rd_peek(&r) == ' ' || rd_peek(&r) == '\t')
			rd_skip(&r, 1);
		return s.n >= CHUNK_LINE_MAX || (rd_left(&r) && ascii_hex(rd_peek(&r)) < 0);
	}
	out->line = skipped + line.n + 1;
	while (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
		line = span_from(line, 1);
	size_t n = 0;
	for (; n < line.n && n < CHUNK_DIGITS && ascii_hex(line.p[n]) >= 0; n++)
		out->length = out->length << 4 | (uint64_t)ascii_hex(line.p[n]);
	out->valid = n && (n == line.n || strchr(" \t\r;", line.p[n])) && (n == line.n || line.p[n]);
	return true;
}

/* The last chunk: trailers up to an empty line, which some leave out. */
static struct frame frame_last_chunk(const struct message *m, size_t line)
{
	size_t n = head_length(m->bytes, m->seen > line + 2 ? m->seen - 3 : line - 1);
	if (n)
		return FRAME_WHOLE(n);
	return m->bytes.n < TRAILER_MAX ? FRAME_WAIT(m) : FRAME_WHOLE(line);
}

static struct frame frame_chunk(const struct message *m, struct exchange *x)
{
	struct chunk c;
	if (!chunk_line(m->bytes, &c))
		return FRAME_WAIT(m);
	/* What was to come was lost and a message starts here. */
	if (!c.valid && start_of(m->bytes) >= START_REQUEST)
		return frame_head(m, x);
	if (!c.valid)
		return (struct frame){ .need = 1, .total = BODY_OPEN };
	if (c.length == 0)
		return frame_last_chunk(m, c.line);
	return (struct frame){ .need = c.line, .total = c.line + c.length };
}

static struct frame frame(const struct message *m, void *state)
{
	struct exchange *x = state;
	switch ((enum mode)x->way[m->to_server].mode) {
	case MODE_HEAD: return frame_head(m, x);
	case MODE_CHUNKS: return frame_chunk(m, x);
	case MODE_OPAQUE: break;
	}
	return (struct frame){ .need = 1, .total = BODY_OPEN };
}

/* ---- records ---- */

static void short_text(struct record *out, unsigned field, struct span s)
{
	record_text(out, field, span_cut(span_trim(s), VALUE_MAX));
}

/* "type/subtype": what else may stand there (names, boundaries) is not kept. */
static struct span media_type(struct span s)
{
	return span_trim(word_next(&s, ";, "));
}

/* RFC 7617 §2: user, colon, password. The copies hold the secret until the arena's next message. */
static void basic(struct span value, struct record *out)
{
	uint8_t *plain = arena_new(out->host->arena, CREDENTIALS_MAX);
	if (!plain)
		return;
	struct span whole = span_of(plain, base64_decode(value, plain, CREDENTIALS_MAX)), user;
	struct rd r = rd_of(whole);
	if (!rd_until(&r, ':', &user))
		return;
	record_text(out, USER, user);
	record_text(out, PASSWORD, rd_rest(&r));
}

/* RFC 7616 §3.4: the user name stands in clear unless it is hashed, the password never. */
static void digest(struct span value, struct record *out)
{
	static const char key[] = "username=\"";
	const uint8_t *at = memmem(value.p, value.n, key, sizeof(key) - 1);
	struct span name;
	struct rd r = rd_of(at ? span_from(value, (size_t)(at - value.p) + sizeof(key) - 1) : (struct span){ 0 });
	if (rd_until(&r, '"', &name))
		record_text(out, USER, name);
}

static void credentials(struct span value, struct record *out)
{
	struct span scheme = word_next(&value, " \t");
	if (value.n == 0) {                      /* no scheme: all of it is the secret */
		record_text(out, AUTHORIZATION, scheme);
		return;
	}
	short_text(out, AUTH_SCHEME, span_cut(scheme, METHOD_MAX));
	record_text(out, AUTHORIZATION, span_trim(value));
	if (span_alike(scheme, "basic"))
		basic(span_trim(value), out);
	else if (span_alike(scheme, "digest"))
		digest(value, out);
}

/* RFC 9112 §3.2.2: a proxy is given scheme and authority too, perhaps with a password in it. */
static struct span authority(struct span target, struct record *out)
{
	static const char *const schemes[] = { "http://", "https://" };
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i]);
		if (target.n <= n || strncasecmp((const char *)target.p, schemes[i], n) != 0)
			continue;
		struct span rest = span_from(target, n), end = rest;
		struct span host = word_next(&end, "/?#"), user = { 0 };
		struct span path = span_from(rest, host.n);
		for (struct span h = host; memchr(h.p, '@', h.n); host = h)
			user = word_next(&h, "@");
		if (user.n)
			record_text(out, AUTHORIZATION, user);
		short_text(out, HOST, host);
		return path.n ? path : SPAN_LIT("/");
	}
	return target;
}

static void parameters(struct span query, struct record *out)
{
	for (int i = 0; query.n && i < PARAMETERS_MAX; i++) {
		struct span pair = word_next(&query, "&;");
		bool named = memchr(pair.p, '=', pair.n);
		struct span name = word_next(&pair, "=");
		if (named && name.n)             /* without "=" it is a value */
			record_add_text(out, PARAMETERS, span_cut(name, METHOD_MAX * 2));
	}
}

/* Which field holds what stands behind a segment of this name, or -1. */
static int segment_holds(struct span segment)
{
	if (span_alike(segment, "Patient") || span_alike(segment, "patients"))
		return PATIENT_ID;
	return span_alike(segment, "studies") ? STUDY : -1;
}

/* Pieces of what leaves as text, put together elsewhere: evidence export shows them where they stand. */
static void stays(const struct record *out, struct span s)
{
	if (out && out->host->shown)
		out->host->shown(out->host->ctx, s);
}

/* Path parameters (";jsessionid=…") and what is a patient's is left out: a segment "*" stands for it. */
static struct span path_clean(struct span path, struct record *out, struct arena *arena)
{
	struct buf b = { .cap = TEXT_MAX };
	int holds = -1;
	for (struct span rest = span_cut(path, TEXT_MAX - 1); rest.n;) {
		bool more = memchr(rest.p, '/', rest.n);
		struct span segment = word_next(&rest, "/"), whole = segment;
		segment = word_next(&whole, ";");
		if (holds >= 0 && segment.n && segment.p[0] != '_' && segment.p[0] != '$') {
			if (out)
				record_text(out, (unsigned)holds, segment);
			segment = SPAN_LIT("*");
		} else {
			stays(out, segment);
		}
		holds = segment_holds(segment);
		buf_bytes(&b, segment);
		if (more)
			buf_u8(&b, '/');
	}
	struct span clean = arena_copy(arena, buf_span(&b));
	buf_done(&b);
	return clean;
}

struct span http_path_shown(struct span target, struct arena *a)
{
	return path_clean(word_next(&target, "?#"), NULL, a);
}

/* Returns the path as it may be shown. */
static struct span request(const struct head *h, struct record *out)
{
	record_str(out, EVENT, "request");
	short_text(out, METHOD, h->method);
	struct span target = h->target;
	if (span_is(h->method, "CONNECT")) {
		short_text(out, HOST, target);
		return (struct span){ 0 };
	}
	target = authority(target, out);
	if (!record_has(out, HOST))
		short_text(out, HOST, h->field[H_HOST]);
	struct span path = word_next(&target, "?#");
	parameters(word_next(&target, "#"), out);
	path = path_clean(path, out, out->host->arena);
	record_text(out, PATH, path);
	short_text(out, USER_AGENT, h->field[H_AGENT]);
	struct span auth = h->field[H_AUTH].n ? h->field[H_AUTH] : h->field[H_PROXY_AUTH];
	if (auth.n)
		credentials(auth, out);
	return path;
}

static void response(const struct head *h, const struct pending *asked, struct record *out)
{
	record_str(out, EVENT, "response");
	record_uint(out, STATUS, h->status);
	record_text(out, PATH, span_of(asked->path, asked->n));
	/* Redirections, missing pages and broken servers answer before anybody looks at the words. */
	bool accepted = h->status / 100 == 2 || h->status == NOT_MODIFIED;
	bool refused = h->status == UNAUTHORIZED || h->status == FORBIDDEN || h->status == PROXY_UNAUTHORIZED;
	if (asked->authorized && (accepted || refused))
		record_bool(out, ACCEPTED, accepted);
	short_text(out, SERVER, h->field[H_SERVER]);
}

static void about_body(const struct head *h, struct record *out)
{
	uint64_t length;
	record_text(out, CONTENT_TYPE, span_cut(media_type(h->field[H_TYPE]), VALUE_MAX));
	short_text(out, CONTENT_CODING, h->field[H_CODING]);
	short_text(out, UPGRADE, h->field[H_UPGRADE]);
	if (stated_length(h->field[H_LENGTH], &length))
		record_uint(out, CONTENT_LENGTH, length);
}

/* ---- what evidence export may show of a head ---- */

static bool is_common(struct span name)
{
	static const char *const names[] = {
		"host", "user-agent", "server", "content-type", "content-length", "content-encoding", "transfer-encoding", "upgrade",
		"authorization", "proxy-authorization", "content-range", "connection", "accept", "accept-encoding",
		"accept-language", "accept-ranges", "cache-control", "cookie", "set-cookie", "date", "etag", "expect", "expires",
		"if-modified-since", "if-none-match", "keep-alive", "last-modified", "location", "origin", "pragma", "range",
		"referer", "soapaction", "te", "trailer", "vary", "via", "www-authenticate", "x-forwarded-for",
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (span_alike(name, names[i]))
			return true;
	return false;
}

/* How long a body is, and how it is sent. */
static bool is_measure(struct span name, struct span value)
{
	uint64_t n;
	if (span_alike(name, "content-length"))
		return number(value, LENGTH_DIGITS, &n);
	return span_alike(name, "transfer-encoding") && span_alike(value, "chunked");
}

/* What stands around the target: marks of a query and of a path, and the version. */
static void line_shown(struct emit *e, struct span line)
{
	struct span rest = line, word = { 0 };
	for (struct span s = word_next(&rest, " "); s.n || rest.n; s = word_next(&rest, " "))
		word = s;
	if (span_starts(word, SPAN_LIT("HTTP/")) && word.n == 8)
		emit_shown(e, word);
	for (size_t i = 0; i < line.n; i++)
		if (is_among(line.p[i], " /?&="))
			emit_shown(e, span_cut(span_from(line, i), 1));
}

/* The protocol's own words of a head, and its numbers; other names and values may be anybody's. */
static void head_shown(struct emit *e, const struct head *h, struct span bytes)
{
	struct rd r = rd_of(bytes);
	struct span line = line_next(&r), rest = line;
	struct span version = word_next(&rest, " "), status = word_next(&rest, " ");
	if (h->is_request) {
		line_shown(e, span_trim(line));
	} else if (version.n == 8 && status.n == 3) {
		emit_shown(e, version);
		emit_shown(e, span_trim(status));
	}
	while (rd_left(&r)) {
		struct span value = line_next(&r), name = word_next(&value, ":");
		if (!is_common(name))
			continue;
		emit_shown(e, name);
		if (is_measure(name, span_trim(value)))
			emit_shown(e, span_trim(value));
	}
}

/* ---- a message ---- */

static void pending_add(struct exchange *x, const struct head *h, struct span path)
{
	struct pending *p = &x->pending[++x->requests % PENDING];
	path = span_cut(path, PATH_KEPT);
	*p = (struct pending){
		.n = (uint8_t)path.n, .is_head = span_is(h->method, "HEAD"), .is_connect = span_is(h->method, "CONNECT"),
		.authorized = h->field[H_AUTH].n || h->field[H_PROXY_AUTH].n,
	};
	for (size_t i = 0; i < path.n; i++)
		p->path[i] = path.p[i];
}

static void body_part(struct emit *e, const struct message *m, const struct exchange *x, struct body b)
{
	const struct pending *p = pending_find(x, x->way[m->to_server].request);
	uint8_t key[5] = { m->to_server };
	for (unsigned i = 0; i < 4; i++)         /* bodies of one conversation are told apart by its requests */
		key[i + 1] = (uint8_t)(x->way[m->to_server].request >> 8 * i);
	b.via = "http";
	b.path = span_of(p->path, p->n);
	if (b.key.n == 0)
		b.key = span_of(key, sizeof(key));
	b.to_server = m->to_server;
	b.packed = x->way[m->to_server].packed;
	emit_body(e, b);
}

static void hl7_body(const struct message *m, struct span body, struct emit *e)
{
	static const struct hl7_dialect plain_hl7 = { .protocol = "hl7" };
	uint64_t state[HL7_STATE / sizeof(uint64_t)] = { 0 };
	struct message inner = *m;
	struct emit own = *e;
	own.memo = NULL;                         /* of this decoder, not of that */
	inner.bytes = body;
	inner.closing = true;
	hl7_decode(&inner, state, &own, &plain_hl7);
}

/* data: what of the body lies in the message already. told: hl7_body reads it. */
static void body_begin(struct emit *e, const struct message *m, struct exchange *x, const struct extent *body,
		       struct span data, bool told)
{
	struct way *w = &x->way[m->to_server];
	const struct pending *p = pending_find(x, w->request);
	w->packed = body->packed;
	switch (body->kind) {
	case NO_BODY:
		break;
	case BODY_TUNNEL:
		x->way[0].mode = x->way[1].mode = MODE_OPAQUE;
		break;
	case BODY_CHUNKED:
		w->mode = MODE_CHUNKS;
		w->offset = body->offset;
		break;
	case BODY_SIZED:
		body_part(e, m, x, (struct body){
			.key = body->is_part ? span_of(p->path, p->n) : (struct span){ 0 }, .data = data, .offset = body->offset,
			.told = told,
			.length = body->length, .size = body->size, .last = !body->is_part || body->offset + body->length == body->size,
		});
		break;
	case BODY_TO_CLOSE:
		body_part(e, m, x, (struct body){ .length = BODY_OPEN, .last = true });
		break;
	}
}

static bool decode_head(const struct message *m, struct exchange *x, struct emit *e)
{
	struct record out UNSET;
	struct head h;
	struct way *w = &x->way[m->to_server];
	enum start start = start_of(m->bytes);
	if (start < START_REQUEST)
		return blanks(m->bytes) == m->bytes.n;
	size_t n = head_length(m->bytes, 0);
	struct span head = n ? span_cut(m->bytes, n) : m->bytes, data = span_from(m->bytes, head.n);
	head_parse(head, &h);
	emit_begin(e, &out, &http_type);
	const struct pending *asked = pending_find(x, answered_next(x));
	struct extent body = body_extent(&h, asked);
	w->mode = MODE_HEAD;
	w->head = 0;
	if (h.is_request) {
		pending_add(x, &h, request(&h, &out));
		w->request = x->requests;
	} else {
		response(&h, asked, &out);
		w->request = answered_next(x);
		x->responses += w->request && (h.status / 100 != 1 || h.status == 101);
	}
	about_body(&h, &out);
	if (e->host->shown)
		head_shown(e, &h, head);
	emit_record(e, &out);
	bool hl7 = data.n && is_hl7(&h, &body, data);
	if (n)
		body_begin(e, m, x, &body, data, hl7);
	else
		w->mode = MODE_OPAQUE;           /* the head has no end: cut, or larger than is looked at */
	if (hl7)
		hl7_body(m, data, e);
	return true;
}

static bool decode_chunk(const struct message *m, struct exchange *x, struct emit *e)
{
	struct way *w = &x->way[m->to_server];
	struct chunk c;
	bool whole = chunk_line(m->bytes, &c);
	if (m->rest == BODY_OPEN) {              /* no chunk: what follows is taken as it is */
		w->mode = MODE_OPAQUE;
		body_part(e, m, x, (struct body){ .data = m->bytes, .offset = w->offset, .length = BODY_OPEN, .last = true });
		return false;
	}
	if (!whole || !c.valid)
		return blanks(m->bytes) == m->bytes.n;
	bool last = c.length == 0;
	body_part(e, m, x,
		  (struct body){ .offset = w->offset, .length = c.length, .size = last ? w->offset : 0, .last = last });
	w->offset += c.length;
	if (last)
		w->mode = MODE_HEAD;
	return true;
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	struct exchange *x = state;
	struct chunk c;
	switch ((enum mode)x->way[m->to_server].mode) {
	case MODE_OPAQUE:
		return true;
	case MODE_CHUNKS:
		if (m->rest != BODY_OPEN && chunk_line(m->bytes, &c) && !c.valid && start_of(m->bytes) >= START_REQUEST)
			break;
		return decode_chunk(m, x, e);
	case MODE_HEAD:
		break;
	}
	return decode_head(m, x, e);
}

static const struct record_type *const types[] = { &http_type, NULL };

const struct decoder decoder_http = {
	.name = "http", .doc = "HTTP/1 (RFC 9112)",
	.over = OVER_TCP, .ports = { 80, 8080, 8000, 8008, 631, 3128, 5985, 8042 },
	.state_size = sizeof(struct exchange),
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
