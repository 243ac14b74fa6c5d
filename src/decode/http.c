/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP/1 (RFC 9110, RFC 9112): heads and where bodies lie; bodies go to the content tracker. A body that is HL7 v2 is
 * read as such. Sloppy forms that servers or browsers are known to accept (bare LF, folded lines, junk in front of a
 * status line) are read as these read them. */
#include "base/ascii.h"
#include "base/scope.h"
#include "decode/hl7.h"
#include "decode/hl7_text.h"
#include "decode/http_record.h"

enum {
	LINE_LOOK = 64, JUNK_MAX = 256, CHUNK_LINE_MAX = 1024, TRAILER_MAX = 8192, PENDING = 4, TARGET_LOOK = 256,
	CHUNK_DIGITS = 12,
};

/* ---- what is remembered of a conversation ---- */

enum mode { MODE_HEAD, MODE_CHUNKS, MODE_OPAQUE };
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
	struct http_pending pending[PENDING];
};

static const struct http_pending *pending_find(const struct exchange *x, uint32_t request)
{
	static const struct http_pending unknown;
	if (request == 0 || request > x->requests || x->requests - request >= PENDING)
		return &unknown;
	return &x->pending[request % PENDING];
}

/* The number of the request that the next final response answers; 0 when it was not seen. */
static uint32_t answered_next(const struct exchange *x)
{
	return x->responses < x->requests ? x->responses + 1 : 0;
}

/* HL7 v2 by its media type (HL7 over HTTP; others with the same subtypes), or by its first bytes where they are at
 * hand: a head is not held back for them. Small enough to be read as one. */
static bool is_hl7(const struct http_head *h, const struct http_extent *body, struct span begins)
{
	static const char *const types[] = {
		"application/hl7-v2", "x-application/hl7-v2", "application/hl7-v2+er7", "x-application/hl7-v2+er7",
		"application/x-hl7-v2", "text/hl7", "application/hl7", "application/edi-hl7",
	};
	struct span type = h->field[HTTP_H_TYPE];
	if (body->kind != HTTP_SIZED || body->is_part || body->packed || body->length > FRAME_CAP - HTTP_HEAD_MAX)
		return false;
	type = span_trim(http_word(&type, ";, "));
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (span_alike(type, types[i]))
			return true;
	return hl7_head(span_from(begins, hl7_lead(begins).head), NULL) == HL7_YES;
}

/* ---- recognising ---- */

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
	enum http_start start = http_method(m->bytes, &method);
	if (start == HTTP_JUNK)
		return (struct bid){ .score = BID_NO };
	if (start == HTTP_SHORT)
		return wait;
	bool is_http = http_is_said(m->bytes, &whole);
	int score = method_is_known(method) ? BID_SURE : BID_LIKELY;
	if (whole)
		return (struct bid){ .score = is_http ? score : BID_NO, .side = SIDE_CLIENT };
	/* A long target: its line's end is segments away. */
	struct span target = span_from(m->bytes, method.n + 1);
	bool fits = target.n && (target.p[0] == '/' || span_starts(target, SPAN_LIT("http")));
	if (score == BID_SURE && fits && (m->closing || m->bytes.n > TARGET_LOOK))
		return (struct bid){ .score = target.p[0] == '/' ? BID_LIKELY : BID_MAYBE, .side = SIDE_CLIENT };
	return wait;
}

/* ---- framing ---- */

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
	size_t n = http_blanks(m->bytes);
	if (n)
		return FRAME_WHOLE(n);
	if (m->seen < LINE_LOOK) {
		enum http_start start = http_start_of(span_cut(m->bytes, HTTP_HEAD_MAX));
		if (start == HTTP_JUNK)
			return frame_junk(m, x);
		if (start == HTTP_SHORT)
			return FRAME_WAIT(m);
	}
	if (m->seen < *waits)
		*waits = 0;                      /* of a message that was given up */
	n = *waits ? *waits : http_head_length(m->bytes, m->seen > 3 ? m->seen - 3 : 0);
	if (n == 0 && m->bytes.n < HTTP_HEAD_MAX)
		return FRAME_WAIT(m);
	if (n == 0 || n > HTTP_HEAD_MAX)
		return (struct frame){ .need = HTTP_HEAD_MAX, .total = BODY_OPEN };
	struct http_head h;
	http_head_parse(span_cut(m->bytes, n), &h);
	struct http_extent body = http_extent_of(&h, pending_find(x, answered_next(x)));
	if (is_hl7(&h, &body, span_from(m->bytes, n))) {
		*waits = (uint32_t)n;
		return FRAME_WHOLE(n + (size_t)body.length);
	}
	if (body.kind == HTTP_SIZED)
		return (struct frame){ .need = n, .total = n + body.length };
	if (body.kind == HTTP_TO_CLOSE)
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
	size_t skipped = http_blanks(s);
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
	size_t n = http_head_length(m->bytes, m->seen > line + 2 ? m->seen - 3 : line - 1);
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
	if (!c.valid && http_start_of(m->bytes) >= HTTP_REQUEST)
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

/* ---- a message ---- */

static void pending_add(struct exchange *x, const struct http_head *h, struct span path)
{
	struct http_pending *p = &x->pending[++x->requests % PENDING];
	path = span_cut(path, HTTP_PATH_KEPT);
	*p = (struct http_pending){
		.n = (uint8_t)path.n, .is_head = span_is(h->method, "HEAD"), .is_connect = span_is(h->method, "CONNECT"),
		.authorized = h->field[HTTP_H_AUTH].n || h->field[HTTP_H_PROXY_AUTH].n,
	};
	for (size_t i = 0; i < path.n; i++)
		p->path[i] = path.p[i];
}

static void body_part(struct emit *e, const struct message *m, const struct exchange *x, struct body b)
{
	const struct http_pending *p = pending_find(x, x->way[m->to_server].request);
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
static void body_begin(struct emit *e, const struct message *m, struct exchange *x, const struct http_extent *body,
		       struct span data, bool told)
{
	struct way *w = &x->way[m->to_server];
	const struct http_pending *p = pending_find(x, w->request);
	w->packed = body->packed;
	switch (body->kind) {
	case HTTP_NO_BODY:
		break;
	case HTTP_TUNNEL:
		x->way[0].mode = x->way[1].mode = MODE_OPAQUE;
		break;
	case HTTP_CHUNKED:
		w->mode = MODE_CHUNKS;
		w->offset = body->offset;
		break;
	case HTTP_SIZED:
		body_part(e, m, x, (struct body){
			.key = body->is_part ? span_of(p->path, p->n) : (struct span){ 0 }, .data = data, .offset = body->offset,
			.told = told,
			.length = body->length, .size = body->size, .last = !body->is_part || body->offset + body->length == body->size,
		});
		break;
	case HTTP_TO_CLOSE:
		body_part(e, m, x, (struct body){ .length = BODY_OPEN, .last = true });
		break;
	}
}

static bool decode_head(const struct message *m, struct exchange *x, struct emit *e)
{
	struct record out UNSET;
	struct http_head h;
	struct way *w = &x->way[m->to_server];
	enum http_start start = http_start_of(m->bytes);
	if (start < HTTP_REQUEST)
		return http_blanks(m->bytes) == m->bytes.n;
	size_t n = http_head_length(m->bytes, 0);
	struct span head = n ? span_cut(m->bytes, n) : m->bytes, data = span_from(m->bytes, head.n);
	http_head_parse(head, &h);
	emit_begin(e, &out, &http_type);
	const struct http_pending *asked = pending_find(x, answered_next(x));
	struct http_extent body = http_extent_of(&h, asked);
	w->mode = MODE_HEAD;
	w->head = 0;
	if (h.is_request) {
		pending_add(x, &h, http_request(&h, &out));
		w->request = x->requests;
	} else {
		http_response(&h, asked, &out);
		w->request = answered_next(x);
		x->responses += w->request && (h.status / 100 != 1 || h.status == 101);
	}
	http_about_body(&h, &out);
	if (e->host->shown)
		http_head_shown(e, &h, head);
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
		return http_blanks(m->bytes) == m->bytes.n;
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
		if (m->rest != BODY_OPEN && chunk_line(m->bytes, &c) && !c.valid && http_start_of(m->bytes) >= HTTP_REQUEST)
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
