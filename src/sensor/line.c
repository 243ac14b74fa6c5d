/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of other sensors' logs: see line.h. Written for speed: nothing is copied, strings are stepped over sixteen
 * bytes at a time, and a value that nobody wants is never looked at. */
#include "sensor/line.h"

#include <stdio.h>

#include "base/scope.h"

/* ---- names: a path is known by a hash of its parts, eight bytes at a time ---- */

#define KEY_ROOT UINT64_C(0xcbf29ce484222325)

static inline uint64_t key_mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

/* What is left, at most seven bytes, and how long the whole was. */
static inline uint64_t word_last(struct rd r, size_t n)
{
	uint64_t word = n;
	if (rd_left(&r) >= 4)
		word = word << 32 | rd_le32(&r);
	if (rd_left(&r) >= 2)
		word = word << 16 | rd_le16(&r);
	return word << 8 | rd_u8(&r);
}

/* Not zero: a byte of the word is a dot. */
static inline uint64_t word_dots(uint64_t word)
{
	uint64_t x = word ^ UINT64_C(0x2e2e2e2e2e2e2e2e);
	return (x - UINT64_C(0x0101010101010101)) & ~x & UINT64_C(0x8080808080808080);
}

/* dots, not zero: there may be one in it. */
static inline uint64_t key_part(uint64_t h, struct span name, uint64_t *dots)
{
	struct rd r = rd_of(name);
	for (*dots = 0; rd_left(&r) >= 8;) {
		uint64_t word = rd_le64(&r);
		*dots |= word_dots(word);
		h = key_mix(h, word);
	}
	uint64_t word = word_last(r, name.n);
	*dots |= word_dots(word);
	return key_mix(h, word);
}

/* {"id.orig_h":…} and {"id":{"orig_h":…}} are the same path. */
static uint64_t key_path(uint64_t h, struct span path)
{
	struct rd r = rd_of(path);
	struct span name;
	uint64_t dots;
	while (rd_until(&r, '.', &name))
		h = key_part(h, name, &dots);
	return key_part(h, rd_rest(&r), &dots);
}

static unsigned name_slot(const struct names *w, uint64_t key)
{
	unsigned i = (unsigned)(key % NAME_SLOTS);
	while (w->number[i] && w->key[i] != key)
		i = (i + 1) % NAME_SLOTS;
	return i;
}

unsigned names_add(struct names *w, struct span path)
{
	uint64_t key = key_path(KEY_ROOT, path);
	unsigned i = name_slot(w, key);
	if (w->number[i] || w->n + 1 == LINE_NAMES)
		return w->number[i];
	w->key[i] = key;
	w->number[i] = (uint8_t)++w->n;
	return w->n;
}

static void line_reset(struct line *l, bool tsv)
{
	l->n = l->dropped = 0;
	l->tsv = tsv;
	l->plain = false;
	memset(l->first, 0, sizeof(l->first));
}

static inline void add(struct line *l, unsigned name, struct line_value v)
{
	if (l->n == LINE_VALUES) {
		l->dropped++;
		return;
	}
	v.name = (uint8_t)name;
	l->v[l->n++] = v;
	if (!l->first[name])
		l->first[name] = (uint8_t)l->n;
}

/* ---- JSON ---- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static inline uint8_t next(struct rd *r)
{
	uint8_t c = rd_peek(r);
	while (c <= ' ' && is_blank(c)) {
		rd_skip(r, 1);
		c = rd_peek(r);
	}
	return c;
}

/* Behind the opening quote, up to and with the closing one. */
static inline bool string(struct rd *r, struct span *out, bool *escaped)
{
	struct rd from = *r;
	struct span part;
	*escaped = false;
	if (!rd_until_any(r, '"', '\\', out))
		return false;
	if (rd_u8(r) == '"')
		return true;
	*escaped = true;
	do {
		rd_skip(r, 1);                   /* whatever is escaped */
		if (!rd_until_any(r, '"', '\\', &part))
			return false;
	} while (rd_u8(r) != '"');
	*out = rd_span(&from, rd_left(&from) - rd_left(r) - 1);
	return true;
}

static bool scalar_any(struct rd *r, struct line_value *v)
{
	struct rd from = *r;
	uint8_t first = rd_peek(r), c = first;
	for (; rd_left(r) && c != ',' && c != '}' && c != ']' && !is_blank(c); c = rd_peek(r))
		rd_skip(r, 1);
	v->text = rd_span(&from, rd_left(&from) - rd_left(r));
	v->kind = LINE_NUMBER;
	if (first == '-' || (first >= '0' && first <= '9'))
		return true;
	v->kind = first == 't' ? LINE_TRUE : first == 'f' ? LINE_FALSE : LINE_NULL;
	return span_is(v->text, "true") || span_is(v->text, "false") || span_is(v->text, "null");
}

/* Most are a few digits. */
static inline bool scalar(struct rd *r, struct line_value *v)
{
	struct rd at = *r;
	unsigned n = rd_digits(r);
	struct span text = rd_span(&at, n);
	uint8_t c = rd_peek(&at);
	if (!n || (c != ',' && c != '}'))
		return scalar_any(r, v);
	*r = at;
	v->text = text;
	v->kind = LINE_NUMBER;
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
static inline bool member(struct rd *r, uint64_t parent, uint64_t *key)
{
	struct span name;
	bool escaped;
	uint64_t dots;
	if (rd_u8(r) != '"' || !string(r, &name, &escaped) || next(r) != ':')
		return false;
	rd_skip(r, 1);
	*key = key_part(parent, name, &dots);
	if (dots)
		*key = key_path(parent, name);
	return true;
}

/* What is being read, and what is learnt of it. */
struct reading {
	const struct names *names;
	struct line *line;
	struct shape *shape;                     /* NULL: nothing is */
	unsigned fixed;
	struct rd from;                          /* behind the latest value */
	bool full;                               /* it does not fit a shape */
};

static void shape_take(struct reading *g, struct span between)
{
	struct shape *s = g->shape;
	g->full |= between.n > sizeof(s->between) - s->bytes;
	if (g->full)
		return;
	memcpy(s->between + s->bytes, between.p, between.n);
	s->bytes = (uint16_t)(s->bytes + between.n);
}

/* A value was read, r stands behind it. */
static void shape_add(struct reading *g, const struct rd *r, unsigned name, const struct line_value *v)
{
	if (!g->shape)
		return;
	bool text = v->kind == LINE_TEXT, fixed = name && name == g->fixed && v->text.n <= UINT8_MAX;
	size_t bytes = rd_left(&g->from) - rd_left(r) - v->text.n - text;
	g->full |= g->shape->n == SHAPE_PARTS;
	shape_take(g, rd_span(&g->from, bytes));
	if (fixed)
		shape_take(g, v->text);
	if (!g->full)
		g->shape->part[g->shape->n++] = (struct shape_part){
			.bytes = (uint16_t)bytes, .name = (uint8_t)name, .fixed = fixed ? (uint8_t)v->text.n : 0, .text = text,
		};
	g->from = *r;
}

static inline bool element(struct reading *g, struct rd *r, struct nest *s)
{
	struct line_value v UNSET;
	uint64_t key = s->v[s->n - 1].key;
	if (s->v[s->n - 1].object && !member(r, key, &key))
		return false;
	uint8_t c = next(r);
	if (c == '{' || c == '[') {
		rd_skip(r, 1);
		return open(s, key, c == '{');
	}
	if (c == '"') {
		v.kind = LINE_TEXT;
		rd_skip(r, 1);
		if (!string(r, &v.text, &v.escaped))
			return false;
	} else {
		v.escaped = false;
		if (!scalar(r, &v))
			return false;
	}
	unsigned name = g->names->number[name_slot(g->names, key)];
	shape_add(g, r, name, &v);
	if (name)
		add(g->line, name, v);
	return true;
}

static bool take_apart(struct reading *g, struct span text)
{
	struct rd r = rd_of(text);
	struct nest s UNSET;
	s.n = 0;
	line_reset(g->line, false);
	if (next(&r) != '{')
		return false;
	rd_skip(&r, 1);
	open(&s, KEY_ROOT, true);
	while (rd_left(&r) && s.n) {
		uint8_t c = next(&r);
		if (c == '}' || c == ']') {
			if (s.v[s.n - 1].object != (c == '}'))
				return false;
			s.n--;
			rd_skip(&r, 1);
		} else if (c == ',') {
			rd_skip(&r, 1);
		} else if (!element(g, &r, &s)) {
			return false;
		}
	}
	return s.n == 0;
}

/* False: the line is of another shape, or none, and l holds nothing of use. A shape has fewer parts than a line may
 * have values. */
static bool shape_fits(const struct shape *s, struct span text, struct line *l)
{
	struct rd r = rd_of(text), between = rd_of(span_of(s->between, s->bytes));
	struct line_value *out = l->v;
	bool odd = false;
	const struct shape_part *end = s->part + s->n;
	_Static_assert((int)SHAPE_PARTS < (int)LINE_VALUES, "values of a shape");
	for (const struct shape_part *p = s->part; p < end; p++) {
		if (!rd_same(&between, &r, p->bytes))
			return false;
		out->name = p->name;
		out->kind = LINE_TEXT;
		out->escaped = false;
		if (p->text ? !string(&r, &out->text, &out->escaped) : !scalar(&r, out))
			return false;
		if (p->fixed && !span_eq(rd_span(&between, p->fixed), out->text))
			return false;
		odd |= out->escaped | (out->kind == LINE_NULL);
		out += p->name != 0;
	}
	l->n = (unsigned)(out - l->v);
	l->dropped = 0;
	l->tsv = false;
	l->plain = !odd;
	memcpy(l->first, s->first, sizeof(l->first));
	return s->n && span_eq(rd_rest(&between), rd_rest(&r));
}

static bool shapes_find(struct shapes *s, struct span text, struct line *l)
{
	for (unsigned i = 0; i < SHAPES; i++) {
		unsigned which = (s->latest + i) % SHAPES;
		if (!shape_fits(&s->v[which], text, l))
			continue;
		s->latest = which;
		s->misses = s->misses >= SHAPE_CREDIT ? SHAPE_CREDIT / 2 : s->misses > 1 ? s->misses - 2 : 0;
		return true;
	}
	s->misses++;
	return false;
}

static bool shapes_learn(struct shapes *s, struct reading *g, struct span text)
{
	struct shape *shape = &s->v[s->next];
	shape->n = shape->bytes = 0;
	g->shape = shape;
	g->fixed = s->fixed;
	g->from = rd_of(text);
	bool good = take_apart(g, text);
	shape_take(g, rd_rest(&g->from));
	if (!good || g->full) {
		shape->n = 0;
		return good;
	}
	memcpy(shape->first, g->line->first, sizeof(shape->first));
	s->latest = s->next;
	s->next = (s->next + 1) % SHAPES;
	return true;
}

bool line_json(const struct names *w, struct shapes *s, struct span text, struct line *l)
{
	struct reading g = { .names = w, .line = l };
	if (s && s->misses >= SHAPE_CREDIT && ++s->misses % SHAPE_RETRY)
		return take_apart(&g, text);
	if (s && shapes_find(s, text, l))
		return true;
	return s ? shapes_learn(s, &g, text) : take_apart(&g, text);
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

void columns_head(struct columns *c, const struct names *w, struct span text)
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
			c->name[c->n++] = w->number[name_slot(w, key_path(KEY_ROOT, rd_piece(&r, c->separator)))];
	else if (span_is(name, "#types"))
		for (unsigned i = 0; rd_left(&r) && i < LINE_COLUMNS; i++) {
			struct span type = rd_piece(&r, c->separator);
			c->list[i] = span_starts(type, SPAN_LIT("set[")) || span_starts(type, SPAN_LIT("vector["));
		}
}

bool line_tsv(const struct columns *c, struct span text, struct line *l)
{
	struct rd r = rd_of(text);
	unsigned i = 0;
	line_reset(l, true);
	for (; rd_left(&r) && i < c->n; i++) {
		struct span s = rd_piece(&r, c->separator);
		if (!c->name[i] || span_is(s, c->unset) || span_is(s, c->empty))
			continue;
		if (!c->list[i]) {
			add(l, c->name[i], (struct line_value){ .text = s, .escaped = true });
			continue;
		}
		for (struct rd set = rd_of(s); rd_left(&set);)
			add(l, c->name[i], (struct line_value){ .text = rd_piece(&set, c->set_separator), .escaped = true });
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

struct span line_unescape(const struct line *l, const struct line_value *v, struct arena *a)
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
