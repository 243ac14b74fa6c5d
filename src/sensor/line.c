/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of other sensors' logs: see line.h. Written for speed: strings are stepped over by memchr, nothing is
 * copied, and what nobody wants is never looked at again. */
#include "sensor/line.h"

#include <stdio.h>

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t key_more(uint64_t h, struct span s)
{
	for (struct rd r = rd_of(s); rd_left(&r);)
		h = (h ^ rd_u8(&r)) * FNV_PRIME;
	return h;
}

uint64_t line_key(struct span path)
{
	return key_more(FNV_BASIS, path);
}

static void add(struct line *l, uint64_t key, enum line_kind kind, struct span text)
{
	if (l->n < LINE_VALUES)
		l->v[l->n++] = (struct line_value){ key, text, kind };
	else
		l->dropped++;
}

/* ---- JSON ---- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static uint8_t next(struct rd *r)
{
	while (is_blank(rd_peek(r)) && rd_left(r))
		rd_skip(r, 1);
	return rd_peek(r);
}

static bool ends_escaped(struct span s)
{
	size_t n = 0;
	while (n < s.n && s.p[s.n - 1 - n] == '\\')
		n++;
	return n % 2;
}

/* Behind the opening quote, up to and with the closing one. */
static bool string(struct rd *r, struct span *out)
{
	struct rd from = *r;
	struct span part;
	while (rd_until(r, '"', &part)) {
		if (ends_escaped(part))
			continue;
		*out = rd_span(&from, rd_left(&from) - rd_left(r) - 1);
		return true;
	}
	return false;
}

static bool scalar(struct rd *r, struct line *l, uint64_t key)
{
	struct rd from = *r;
	while (rd_left(r)) {
		uint8_t c = rd_peek(r);
		if (c == ',' || c == '}' || c == ']' || is_blank(c))
			break;
		rd_skip(r, 1);
	}
	struct span s = rd_span(&from, rd_left(&from) - rd_left(r));
	uint8_t c = s.n ? s.p[0] : 0;
	if (c == '-' || (c >= '0' && c <= '9'))
		add(l, key, LINE_NUMBER, s);
	else if (span_is(s, "true") || span_is(s, "false"))
		add(l, key, c == 't' ? LINE_TRUE : LINE_FALSE, s);
	else if (span_is(s, "null"))
		add(l, key, LINE_NULL, s);
	else
		return false;
	return true;
}

/* An explicit stack: what is open, and the key of its members' path. */
struct nest {
	struct {
		uint64_t key;
		bool object;
	} v[LINE_DEPTH];
	unsigned n;
};

static bool open(struct nest *s, uint64_t key, bool object)
{
	if (s->n == LINE_DEPTH)
		return false;
	s->v[s->n].key = key;
	s->v[s->n++].object = object;
	return true;
}

/* The member's name and its colon, when an object is open. */
static bool member(struct rd *r, const struct nest *s, uint64_t *key)
{
	struct span name;
	if (next(r) != '"')
		return false;
	rd_skip(r, 1);
	if (!string(r, &name) || next(r) != ':')
		return false;
	rd_skip(r, 1);
	uint64_t h = s->v[s->n - 1].key;
	*key = key_more(s->n > 1 ? key_more(h, SPAN_LIT(".")) : h, name);
	return true;
}

static bool element(struct rd *r, struct line *l, struct nest *s)
{
	uint64_t key = s->v[s->n - 1].key;
	if (s->v[s->n - 1].object && !member(r, s, &key))
		return false;
	struct span text;
	switch (next(r)) {
	case '{': rd_skip(r, 1); return open(s, key, true);
	case '[': rd_skip(r, 1); return open(s, key, false);
	case '"':
		rd_skip(r, 1);
		if (!string(r, &text))
			return false;
		add(l, key, LINE_TEXT, text);
		return true;
	default: return scalar(r, l, key);
	}
}

bool line_json(struct span text, struct line *l)
{
	struct rd r = rd_of(text);
	struct nest s = { 0 };
	l->n = l->dropped = 0;
	l->tsv = false;
	if (next(&r) != '{')
		return false;
	rd_skip(&r, 1);
	open(&s, FNV_BASIS, true);
	while (rd_left(&r) && s.n) {
		uint8_t c = next(&r);
		if (c == '}' || c == ']') {
			if (s.v[s.n - 1].object != (c == '}'))
				return false;
			s.n--;
			rd_skip(&r, 1);
		} else if (c == ',') {
			rd_skip(&r, 1);
		} else if (!element(&r, l, &s)) {
			return false;
		}
	}
	return s.n == 0;
}

/* ---- Zeek's tab-separated form ---- */

void columns_reset(struct columns *c)
{
	*c = (struct columns){ .separator = '\t', .set_separator = ',', .unset = "-", .empty = "(empty)" };
}

static unsigned hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 16;
}

static void keep(char *to, size_t size, struct span s)
{
	snprintf(to, size, "%.*s", (int)span_cut(s, size - 1).n, (const char *)s.p);
}

void columns_head(struct columns *c, struct span text)
{
	struct rd r = rd_of(text);
	if (span_starts(text, SPAN_LIT("#separator "))) {
		struct span s = span_from(text, 11);
		unsigned high = s.n == 4 ? hex_digit(s.p[2]) : 16, low = s.n == 4 ? hex_digit(s.p[3]) : 16;
		if (high < 16 && low < 16)
			c->separator = (uint8_t)(high << 4 | low);
		return;
	}
	struct span name = rd_piece(&r, c->separator);
	if (span_is(name, "#set_separator") && rd_left(&r))
		c->set_separator = rd_peek(&r);
	else if (span_is(name, "#empty_field"))
		keep(c->empty, sizeof(c->empty), rd_rest(&r));
	else if (span_is(name, "#unset_field"))
		keep(c->unset, sizeof(c->unset), rd_rest(&r));
	else if (span_is(name, "#path"))
		keep(c->path, sizeof(c->path), rd_rest(&r));
	else if (span_is(name, "#fields"))
		for (c->n = 0; rd_left(&r) && c->n < LINE_COLUMNS;)
			c->key[c->n++] = line_key(rd_piece(&r, c->separator));
	else if (span_is(name, "#types"))
		for (unsigned i = 0; rd_left(&r) && i < LINE_COLUMNS; i++) {
			struct span type = rd_piece(&r, c->separator);
			c->list[i] = span_starts(type, SPAN_LIT("set[")) || span_starts(type, SPAN_LIT("vector["));
		}
}

bool line_tsv(const struct columns *c, struct span text, struct line *l)
{
	struct rd r = rd_of(text);
	l->n = l->dropped = 0;
	l->tsv = true;
	unsigned i = 0;
	for (; rd_left(&r) && i < c->n; i++) {
		struct span s = rd_piece(&r, c->separator);
		if (span_is(s, c->unset) || span_is(s, c->empty))
			continue;
		if (!c->list[i]) {
			add(l, c->key[i], LINE_TEXT, s);
			continue;
		}
		for (struct rd set = rd_of(s); rd_left(&set);)
			add(l, c->key[i], LINE_TEXT, rd_piece(&set, c->set_separator));
	}
	return c->n && i == c->n;
}

/* ---- escapes ---- */

static size_t put_utf8(uint8_t *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (uint8_t)(0xc0 | c >> 6);
		to[1] = (uint8_t)(0x80 | (c & 63));
		return 2;
	}
	to[0] = (uint8_t)(0xe0 | c >> 12);
	to[1] = (uint8_t)(0x80 | (c >> 6 & 63));
	to[2] = (uint8_t)(0x80 | (c & 63));
	return 3;
}

static uint32_t hex(struct rd *r, unsigned digits)
{
	uint32_t v = 0;
	while (digits--)
		v = v << 4 | (hex_digit(rd_u8(r)) & 15);
	return v;
}

/* Behind a backslash. Halves of a surrogate pair become the replacement mark: names hold none. */
static size_t unescape(struct rd *r, bool tsv, uint8_t *to)
{
	uint8_t c = rd_u8(r);
	if (tsv) {
		to[0] = c == 'x' ? (uint8_t)hex(r, 2) : c;
		return 1;
	}
	if (c == 'u') {
		uint32_t u = hex(r, 4);
		return put_utf8(to, u >= 0xd800 && u < 0xe000 ? 0xfffd : u);
	}
	static const char from[] = "nrtbf", into[] = "\n\r\t\b\f";
	const char *at = c ? strchr(from, c) : NULL;
	to[0] = at ? (uint8_t)into[at - from] : c;
	return 1;
}

struct span line_text(const struct line *l, const struct line_value *v, struct arena *a)
{
	if (!v->text.n || !memchr(v->text.p, '\\', v->text.n))
		return v->text;
	uint8_t *to = arena_new(a, v->text.n + 4);
	if (!to)
		return (struct span){ 0 };
	size_t n = 0;
	for (struct rd r = rd_of(v->text); rd_left(&r);) {
		uint8_t c = rd_u8(&r);
		if (c == '\\')
			n += unescape(&r, l->tsv, to + n);
		else
			to[n++] = c;
	}
	return span_of(to, n);
}
