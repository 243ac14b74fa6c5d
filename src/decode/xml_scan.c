/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XML 1.0 (fifth edition) cut into tags and text. */
#include "decode/xml_scan.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/scope.h"

/* The bytes up to the mark, which is consumed; false: it is not there. */
static bool until(struct rd *r, struct span mark, struct span *out)
{
	const uint8_t *at = rd_left(r) ? memmem(r->p, rd_left(r), mark.p, mark.n) : NULL;
	if (!at)
		return false;
	*out = rd_span(r, (uint64_t)(at - r->p));
	rd_skip(r, mark.n);
	return true;
}

/* A tag's inside up to its '>', which may stand in a quoted value, too. */
static bool tag_inside(struct rd *r, struct span *out)
{
	struct span s = { r->p, rd_left(r) };
	uint8_t quote = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '<')
			return false;
		else if (c == '>') {
			*out = span_cut(s, i);
			rd_skip(r, i + 1);
			return true;
		}
	}
	return false;
}

/* Name up to white space, and behind its prefix. */
static struct span name_of(struct span inside, struct span *attributes)
{
	size_t n = 0, start = 0;
	while (n < inside.n && !ascii_is_blank(inside.p[n])) {
		if (inside.p[n] == ':')
			start = n + 1;
		n++;
	}
	*attributes = span_trim(span_from(inside, n));
	return span_from(span_cut(inside, n), start);
}

static struct xml_part tag_part(struct span inside)
{
	struct xml_part p = { .kind = XML_OPEN };
	if (inside.n && inside.p[0] == '/') {
		p.kind = XML_CLOSE;
		inside = span_from(inside, 1);
	} else if (inside.n && inside.p[inside.n - 1] == '/') {
		p.kind = XML_EMPTY;
		inside.n--;
	}
	p.name = name_of(span_trim(inside), &p.attributes);
	return p;
}

static struct span since(const uint8_t *start, const struct rd *r)
{
	return (struct span){ start, (size_t)(r->p - start) };
}

struct xml_part xml_next(struct xml *x)
{
	struct rd *r = &x->r;
	while (rd_left(r)) {
		const uint8_t *start = r->p;
		struct span s;
		struct span rest = { r->p, rd_left(r) };
		if (rd_peek(r) != '<') {
			size_t n = 0;
			while (n < rest.n && rest.p[n] != '<')
				n++;
			s = span_trim(rd_span(r, n));
			if (s.n)
				return (struct xml_part){ .kind = XML_TEXT, .text = s, .all = since(start, r) };
		} else if (span_starts(rest, SPAN_LIT("<!--"))) {
			if (!until(r, SPAN_LIT("-->"), &s))
				break;
		} else if (span_starts(rest, SPAN_LIT("<![CDATA["))) {
			rd_skip(r, 9);
			if (!until(r, SPAN_LIT("]]>"), &s))
				break;
			if (s.n)
				return (struct xml_part){ .kind = XML_TEXT, .text = s, .all = since(start, r) };
		} else {
			rd_skip(r, 1);
			if (!tag_inside(r, &s))
				break;
			if (s.n == 0 || s.p[0] == '?' || s.p[0] == '!')
				continue;
			struct xml_part p = tag_part(s);
			p.all = since(start, r);
			return p;
		}
	}
	rd_skip(r, rd_left(r));
	return (struct xml_part){ .kind = XML_END };
}

struct span xml_attribute(struct span attributes, const char *name)
{
	struct rd r = rd_of(attributes);
	struct span key, value;
	while (rd_until(&r, '=', &key)) {
		while (ascii_is_blank(rd_peek(&r)) && rd_left(&r))
			rd_skip(&r, 1);
		uint8_t quote = rd_u8(&r);
		if ((quote != '"' && quote != '\'') || !rd_until(&r, quote, &value))
			break;
		struct span none, local = name_of(span_trim(key), &none);
		if (span_is(local, name))
			return value;
	}
	return (struct span){ 0 };
}

/* &amp; and the like at the start of s; 0: none. */
static uint32_t entity(struct span s, size_t *used)
{
	static const struct { const char *text; uint32_t c; } known[] = {
		{ "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&apos;", '\'' },
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (span_starts(s, span_str(known[i].text))) {
			*used = strlen(known[i].text);
			return known[i].c;
		}
	if (!span_starts(s, SPAN_LIT("&#")))
		return 0;
	uint32_t c = 0;
	for (size_t i = 2; i < s.n && i < 6; i++) {
		if (s.p[i] == ';') {
			*used = i + 1;
			return c < 0x80 ? c : 0;
		}
		if (s.p[i] < '0' || s.p[i] > '9')
			break;
		c = c * 10 + (uint32_t)(s.p[i] - '0');
	}
	return 0;
}

struct span xml_plain(struct arena *a, struct span s)
{
	if (!s.n || !memchr(s.p, '&', s.n))
		return s;
	struct buf b = { .cap = s.n + 1 };
	while (s.n) {
		size_t used = 0;
		uint32_t c = s.p[0] == '&' ? entity(s, &used) : 0;
		buf_u8(&b, c ? (uint8_t)c : s.p[0]);
		s = span_from(s, c ? used : 1);
	}
	struct span out = arena_copy(a, buf_span(&b));
	buf_done(&b);
	return out;
}
