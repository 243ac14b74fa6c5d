/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The head of an HTTP/1 message (RFC 9110, RFC 9112): where it starts and ends, what it says, and what body follows. */
#include "base/ascii.h"
#include "decode/http_head.h"

/* ---- lines ---- */

struct span http_line(struct rd *r)
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
	http_line(r);
	while (rd_peek(r) == ' ' || rd_peek(r) == '\t')
		http_line(r);
	return rd_span(&from, before - rd_left(r));
}

struct span http_word(struct span *s, const char *stops)
{
	size_t n = 0;
	while (n < s->n && !ascii_among(s->p[n], stops))
		n++;
	struct span word = span_cut(*s, n);
	*s = span_from(*s, n < s->n ? n + 1 : n);
	return word;
}

/* ---- heads ---- */

static void head_field(struct span line, struct http_head *out)
{
	static const char *const names[HTTP_HEADERS] = {
		[HTTP_H_HOST] = "host", [HTTP_H_AGENT] = "user-agent", [HTTP_H_SERVER] = "server", [HTTP_H_TYPE] = "content-type",
		[HTTP_H_LENGTH] = "content-length", [HTTP_H_CODING] = "content-encoding", [HTTP_H_TRANSFER] = "transfer-encoding",
		[HTTP_H_UPGRADE] = "upgrade", [HTTP_H_AUTH] = "authorization", [HTTP_H_PROXY_AUTH] = "proxy-authorization",
		[HTTP_H_RANGE] = "content-range",
	};
	struct span value = line, name = span_trim(http_word(&value, ":"));
	for (unsigned i = 0; i < HTTP_HEADERS; i++)
		if (span_alike(name, names[i])) {
			if (out->field[i].n == 0)
				out->field[i] = span_trim(value);
			return;
		}
}

/* "HTTP/1.1 200 OK" or "GET /path HTTP/1.1". Status codes of any length are seen in the wild. */
static void first_line(struct span line, struct http_head *out)
{
	struct span word = http_word(&line, " \t");
	uint64_t status = 0;
	out->is_request = !span_starts(word, SPAN_LIT("HTTP/"));
	if (out->is_request) {
		out->method = word;
		line = span_trim(line);
		out->target = http_word(&line, " \t");
		return;
	}
	line = span_trim(line);
	span_decimal(http_word(&line, " \t"), 4, &status);
	out->status = (unsigned)status;
}

void http_head_parse(struct span s, struct http_head *out)
{
	struct rd r = rd_of(s);
	*out = (struct http_head){ 0 };
	first_line(http_line(&r), out);
	while (rd_left(&r)) {
		struct span line = line_folded(&r);
		if (span_trim(line).n == 0)
			break;
		head_field(line, out);
	}
}

/* ---- where it starts and ends ---- */

enum http_start http_method(struct span s, struct span *method)
{
	size_t n = 0;
	while (n < s.n && n < HTTP_METHOD_MAX && ((s.p[n] >= 'A' && s.p[n] <= 'Z') || s.p[n] == '-' || s.p[n] == '_'))
		n++;
	*method = span_cut(s, n);
	if (n == s.n)
		return n < HTTP_METHOD_MAX ? HTTP_SHORT : HTTP_JUNK;
	return n && s.p[n] == ' ' ? HTTP_REQUEST : HTTP_JUNK;
}

bool http_is_said(struct span s, bool *whole)
{
	struct rd r = rd_of(span_cut(s, HTTP_HEAD_MAX));
	struct span line, word, last = { 0 };
	*whole = rd_until(&r, '\n', &line);
	if (!*whole)
		return false;
	line = span_trim(line);
	while (line.n) {
		word = http_word(&line, " \t");
		last = word.n ? word : last;
	}
	return span_starts(last, SPAN_LIT("HTTP/"));
}

enum http_start http_start_of(struct span s)
{
	struct span method, name = SPAN_LIT("HTTP/");
	bool whole;
	if (span_starts(s, name))
		return s.n > name.n && s.p[name.n] >= '0' && s.p[name.n] <= '9' ? HTTP_RESPONSE
		       : s.n > name.n                                           ? HTTP_JUNK
										: HTTP_SHORT;
	if (s.n < name.n && span_starts(name, s))
		return HTTP_SHORT;
	enum http_start start = http_method(s, &method);
	if (start != HTTP_REQUEST)
		return start;
	if (http_is_said(s, &whole) || !whole)
		return HTTP_REQUEST;
	return HTTP_JUNK;
}

size_t http_head_length(struct span s, size_t from)
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

size_t http_blanks(struct span s)
{
	size_t n = 0;
	while (n < s.n && (s.p[n] == '\r' || s.p[n] == '\n'))
		n++;
	return n;
}

/* ---- what body follows ---- */

static bool is_chunked(struct span transfer)
{
	struct span last = { 0 };
	while (transfer.n)
		last = span_trim(http_word(&transfer, ","));
	return span_alike(last, "chunked");
}

bool http_stated_length(struct span s, uint64_t *out)
{
	uint64_t one, all = 0;
	bool first = true;
	if (s.n == 0)
		return false;
	while (s.n) {
		if (!span_decimal(span_trim(http_word(&s, ",")), HTTP_LENGTH_DIGITS, &one) || (!first && one != all))
			return false;
		all = one;
		first = false;
	}
	*out = all;
	return true;
}

/* "bytes 200-999/8000"; the whole's size may be "*". */
static void range(struct span s, struct http_extent *out)
{
	uint64_t from = 0, to = 0, size = 0;
	struct span unit = http_word(&s, " \t");
	bool fits = span_alike(unit, "bytes") && span_decimal(span_trim(http_word(&s, "-")), HTTP_LENGTH_DIGITS, &from) &&
		span_decimal(span_trim(http_word(&s, "/")), HTTP_LENGTH_DIGITS, &to) && from <= to;
	if (!fits)
		return;
	span_decimal(span_trim(s), HTTP_LENGTH_DIGITS, &size);
	out->is_part = true;
	out->offset = from;
	out->size = size > to ? size : 0;
}

struct http_extent http_extent_of(const struct http_head *h, const struct http_pending *asked)
{
	struct http_extent x = { .kind = h->is_request ? HTTP_NO_BODY : HTTP_TO_CLOSE };
	if (h->is_request && span_is(h->method, "PRI"))
		return (struct http_extent){ .kind = HTTP_TUNNEL }; /* HTTP/2 follows (RFC 9113 §3.4) */
	if (!h->is_request) {
		if (h->status == 101 || (asked->is_connect && h->status / 100 == 2))
			return (struct http_extent){ .kind = HTTP_TUNNEL };
		if (h->status / 100 == 1 || h->status == 204 || h->status == 304 || asked->is_head)
			return (struct http_extent){ .kind = HTTP_NO_BODY };
		if (h->status == 206)
			range(h->field[HTTP_H_RANGE], &x);
	}
	x.packed = h->field[HTTP_H_CODING].n && !span_alike(h->field[HTTP_H_CODING], "identity");
	if (is_chunked(h->field[HTTP_H_TRANSFER]))
		x.kind = HTTP_CHUNKED;
	else if (http_stated_length(h->field[HTTP_H_LENGTH], &x.length))
		x.kind = x.length ? HTTP_SIZED : HTTP_NO_BODY;
	if (x.kind == HTTP_SIZED && !x.is_part)
		x.size = x.length;
	return x;
}
