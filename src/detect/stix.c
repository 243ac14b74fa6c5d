/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STIX 2.1 patterns (section 9) without recursion: comparisons in brackets become alternatives of things
 * that must hold together (at most STIX_TERMS), by two stacks. What packets cannot tell makes its
 * alternative unusable: dropped and counted, never widened. Several brackets are judged one by one. */
#include "detect/stix.h"

#include <stdio.h>

#include "base/ascii.h"
#include "base/scope.h"

enum token_kind {
	T_END,
	T_WORD,
	T_TEXT,
	T_NUMBER,
	T_OPEN,
	T_CLOSE,
	T_LEFT,
	T_RIGHT,
	T_COMMA,
	T_EQUAL,
	T_OTHER_OP,
	T_BAD
};

struct token_at {
	enum token_kind kind;
	struct span text;                        /* T_TEXT: unescaped */
	size_t at;                               /* character in the pattern, from 1 */
};

struct terms {                                   /* alternatives */
	struct indicator *v;
	unsigned n, room;
	unsigned skipped;
};

struct stix {
	struct rd in;
	size_t size;
	struct arena *arena;
	struct token_at now;
	struct terms values[STIX_DEPTH];
	unsigned nvalues;
	char ops[STIX_DEPTH];                    /* '&' '|' '(' */
	unsigned nops;
	bool too_many;                           /* more alternatives than STIX_TERMS */
	char *err;
};

/* ---- tokens ---- */

static bool is_word_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-_:.*", c);
}

static struct span take_text(struct stix *s, bool *ok)
{
	struct rd ahead = s->in;
	size_t n = 0;
	while (rd_left(&ahead) && rd_peek(&ahead) != '\'')
		rd_skip(&ahead, rd_u8(&ahead) == '\\' ? 1 : 0);
	uint8_t *copy = arena_new(s->arena, rd_left(&s->in) - rd_left(&ahead) + 1);
	*ok = false;
	while (copy && rd_left(&s->in)) {
		uint8_t c = rd_u8(&s->in);
		if (c == '\'') {
			*ok = true;
			break;
		}
		copy[n++] = c == '\\' ? rd_u8(&s->in) : c;
	}
	return span_of(copy, copy ? n : 0);
}

/* An object path: words with quoted parts and [*] or [0] between, such as file:hashes.'SHA-256'. */
static struct span take_word(struct stix *s)
{
	struct rd r = s->in;
	size_t before = rd_left(&r);
	bool quoted = false, indexed = false;
	while (rd_left(&r)) {
		uint8_t c = rd_peek(&r);
		if (!quoted && !indexed && !is_word_byte(c) && c != '\'' && c != '[')
			break;
		quoted ^= c == '\'' && !indexed;
		if (c == '[' || c == ']')
			indexed = c == '[';
		rd_skip(&r, 1);
	}
	return rd_span(&s->in, before - rd_left(&r));
}

static enum token_kind punctuation(uint8_t c)
{
	switch (c) {
	case '[': return T_OPEN;
	case ']': return T_CLOSE;
	case '(': return T_LEFT;
	case ')': return T_RIGHT;
	case ',': return T_COMMA;
	case '=': return T_EQUAL;
	case '!':
	case '<':
	case '>': return T_OTHER_OP;
	default: return T_BAD;
	}
}

static bool is_number(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '.' && !(i == 0 && s.p[i] == '-'))
			return false;
	return s.n > 0;
}

static void next(struct stix *s)
{
	while (rd_left(&s->in) && strchr(" \t\r\n", rd_peek(&s->in)) && rd_peek(&s->in))
		rd_skip(&s->in, 1);
	s->now = (struct token_at){ .kind = T_END, .at = s->size - rd_left(&s->in) + 1 };
	if (!rd_left(&s->in))
		return;
	uint8_t c = rd_peek(&s->in);
	if (c == '\'') {
		bool ok;
		rd_skip(&s->in, 1);
		s->now.text = take_text(s, &ok);
		s->now.kind = ok ? T_TEXT : T_BAD;
		return;
	}
	if (c && is_word_byte(c)) {
		s->now.text = take_word(s);
		s->now.kind = is_number(s->now.text) ? T_NUMBER : T_WORD;
		return;
	}
	rd_skip(&s->in, 1);
	s->now.kind = punctuation(c);
	if (s->now.kind == T_OTHER_OP && rd_peek(&s->in) == '=')
		rd_skip(&s->in, 1);
}

static bool fail(struct stix *s, const char *expected)
{
	if (!*s->err)
		snprintf(s->err, 160, "character %zu: expected %s", s->now.at, expected);
	return false;
}

static bool word_is(const struct stix *s, const char *word)
{
	return s->now.kind == T_WORD && span_is(s->now.text, word);
}

static bool take(struct stix *s, enum token_kind kind, const char *expected)
{
	if (s->now.kind != kind)
		return fail(s, expected);
	next(s);
	return true;
}

/* ---- one comparison ---- */

enum about { A_NET, A_PORT, A_PROTO, A_HOST, A_URL, A_HASH, A_PATH, A_NEUTRAL, A_UNKNOWN };

static const struct {
	const char *path;
	enum about about;
} paths[] = {
	{ "ipv4-addr:value", A_NET },
	{ "ipv6-addr:value", A_NET },
	{ "network-traffic:dst_ref.value", A_NET },
	{ "network-traffic:src_ref.value", A_NET },
	{ "network-traffic:dst_ref.type", A_NEUTRAL },
	{ "network-traffic:src_ref.type", A_NEUTRAL },
	{ "network-traffic:dst_port", A_PORT },
	{ "network-traffic:protocols[*]", A_PROTO },
	{ "network-traffic:protocols[0]", A_PROTO },
	{ "domain-name:value", A_HOST },
	{ "url:value", A_URL },
	{ "file:hashes.'SHA-256'", A_HASH },
	{ "file:hashes.SHA-256", A_HASH },
	{ "file:hashes[*].'SHA-256'", A_HASH },
	{ "directory:path", A_PATH },
};

static enum about about_of(struct span path)
{
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (span_is(path, paths[i].path))
			return paths[i].about;
	return A_UNKNOWN;
}

static bool set_hash(struct stix *s, struct indicator *t, struct span text)
{
	struct rd r = rd_of(text);
	for (size_t i = 0; i < sizeof(t->sha256); i++) {
		int high = ascii_hex(rd_u8(&r)), low = ascii_hex(rd_u8(&r));
		if (!rd_ok(&r) || high < 0 || low < 0)
			return fail(s, "64 hex digits of a SHA-256");
		t->sha256[i] = (uint8_t)(high << 4 | low);
	}
	t->has_sha256 = true;
	return rd_left(&r) ? fail(s, "64 hex digits of a SHA-256") : true;
}

static bool set_net(struct stix *s, struct indicator *t, const char *text, bool may_be_host)
{
	if (prefix_parse(text, &t->net))
		return true;
	if (!may_be_host)
		return fail(s, "an address or a network");
	t->host = text;
	return true;
}

static bool set_port(struct stix *s, struct indicator *t, struct span text)
{
	struct rd r = rd_of(text);
	unsigned v = 0;
	while (rd_left(&r) && v <= UINT16_MAX) {
		uint8_t c = rd_u8(&r);
		if (c < '0' || c > '9')
			return fail(s, "a port from 1 to 65535");
		v = v * 10 + (c - '0');
	}
	if (v == 0 || v > UINT16_MAX)
		return fail(s, "a port from 1 to 65535");
	t->port = (uint16_t)v;
	return true;
}

/* Names above the transport narrow a pattern that an address or a port carries: left aside. */
static void set_proto(struct indicator *t, struct span text)
{
	if (span_is(text, "tcp"))
		t->proto = 6;
	else if (span_is(text, "udp"))
		t->proto = 17;
	else if (span_is(text, "icmp"))
		t->proto = 1;
}

static bool set_value(struct stix *s, struct indicator *t, enum about about, bool from_traffic)
{
	struct span text = arena_copy(s->arena, s->now.text);
	const char *z = text.p ? (const char *)text.p : "";
	bool wants_number = about == A_PORT;
	if (s->now.kind != (wants_number ? T_NUMBER : T_TEXT))
		return fail(s, wants_number ? "a number" : "a text in single quotes");
	switch (about) {
	case A_NET: return set_net(s, t, z, from_traffic);
	case A_PORT: return set_port(s, t, text);
	case A_PROTO: set_proto(t, text); return true;
	case A_HOST: t->host = z; return true;
	case A_URL: t->url = z; return true;
	case A_PATH: t->path = z; return true;
	case A_HASH: return set_hash(s, t, text);
	case A_NEUTRAL:
	case A_UNKNOWN: break;
	}
	return true;
}

static bool push(struct stix *s, struct terms t)
{
	if (s->nvalues >= STIX_DEPTH)
		return fail(s, "fewer parentheses");
	s->values[s->nvalues++] = t;
	return true;
}

static bool terms_add(struct stix *s, struct terms *t, const struct indicator *i)
{
	if (t->n == t->room) {
		unsigned room = t->room ? 2 * t->room : 1;
		struct indicator *v = room <= STIX_TERMS ? arena_new(s->arena, room * sizeof(*v)) : NULL;
		if (!v) {
			s->too_many = true;
			return false;
		}
		if (t->n)
			memcpy(v, t->v, t->n * sizeof(*v));
		t->v = v;
		t->room = room;
	}
	t->v[t->n++] = *i;
	return true;
}

/* `IN ('a', 'b')`: an alternative each. */
static bool take_set(struct stix *s, struct terms *t, enum about about, bool from_traffic)
{
	if (!take(s, T_LEFT, "( behind IN"))
		return false;
	for (;;) {
		if (s->now.kind != T_TEXT && s->now.kind != T_NUMBER)
			return fail(s, "a value");
		struct indicator one = { 0 };
		if (about == A_UNKNOWN)
			t->skipped = 1;
		else if (!set_value(s, &one, about, from_traffic))
			return false;
		else
			(void)terms_add(s, t, &one);
		next(s);
		if (s->now.kind != T_COMMA)
			break;
		next(s);
	}
	return take(s, T_RIGHT, ", or )");
}

/* Anything may stand as the value of what packets cannot tell: text, number, true, t'2024-…', h'00'. */
static bool skip_value(struct stix *s)
{
	if (s->now.kind != T_TEXT && s->now.kind != T_NUMBER && s->now.kind != T_WORD)
		return fail(s, "a value");
	next(s);
	return true;
}

static bool comparison(struct stix *s)
{
	if (word_is(s, "EXISTS")) {
		next(s);
		return take(s, T_WORD, "an object path") && push(s, (struct terms){ .skipped = 1 });
	}
	if (s->now.kind != T_WORD || !memchr(s->now.text.p, ':', s->now.text.n))
		return fail(s, "an object path such as ipv4-addr:value");
	enum about about = about_of(s->now.text);
	bool from_traffic = span_starts(s->now.text, SPAN_LIT("network-traffic:"));
	next(s);
	if (word_is(s, "NOT")) {
		about = A_UNKNOWN;
		next(s);
	}
	bool in = word_is(s, "IN");
	bool equal = s->now.kind == T_EQUAL || (word_is(s, "ISSUBSET") && about == A_NET);
	bool other = s->now.kind == T_OTHER_OP || word_is(s, "LIKE") || word_is(s, "MATCHES") ||
		     word_is(s, "ISSUBSET") || word_is(s, "ISSUPERSET");
	if (!in && !equal && !other)
		return fail(s, "= or another comparison");
	next(s);
	struct terms t = { 0 };
	struct indicator one = { 0 };
	if (in)
		return take_set(s, &t, about, from_traffic) && push(s, t);
	if (!equal || about == A_UNKNOWN)
		return skip_value(s) && push(s, (struct terms){ .skipped = 1 });
	if (!set_value(s, &one, about, from_traffic))
		return false;
	(void)terms_add(s, &t, &one);
	next(s);
	return push(s, t);
}

/* ---- AND and OR ---- */

static bool same_text(const char *a, const char *b)
{
	return !a || !b || strcmp(a, b) == 0;
}

/* Both must hold. False when they cannot. */
static bool both(const struct indicator *a, const struct indicator *b, struct indicator *out)
{
	*out = *a;
	if (a->net.net.family && b->net.net.family) {
		bool a_in_b = a->net.bits >= b->net.bits && prefix_has(b->net, a->net.net);
		if (!a_in_b && !(b->net.bits >= a->net.bits && prefix_has(a->net, b->net.net)))
			return false;
		out->net = a_in_b ? a->net : b->net;
	} else if (b->net.net.family) {
		out->net = b->net;
	}
	if ((a->port && b->port && a->port != b->port) || (a->proto && b->proto && a->proto != b->proto) ||
	    (a->has_sha256 && b->has_sha256 && memcmp(a->sha256, b->sha256, 32) != 0) ||
	    !same_text(a->host, b->host) || !same_text(a->url, b->url) || !same_text(a->path, b->path))
		return false;
	out->port = a->port ? a->port : b->port;
	out->proto = a->proto ? a->proto : b->proto;
	out->host = a->host ? a->host : b->host;
	out->url = a->url ? a->url : b->url;
	out->path = a->path ? a->path : b->path;
	if (b->has_sha256) {
		memcpy(out->sha256, b->sha256, 32);
		out->has_sha256 = true;
	}
	return true;
}

static struct terms terms_and(struct stix *s, const struct terms *a, const struct terms *b)
{
	struct terms t = { .skipped = a->skipped > b->skipped ? a->skipped : b->skipped };
	struct indicator one;
	for (unsigned i = 0; i < a->n && !s->too_many; i++)
		for (unsigned j = 0; j < b->n; j++)
			if (!both(&a->v[i], &b->v[j], &one))
				t.skipped++;
			else if (!terms_add(s, &t, &one))
				break;
	return t;
}

static struct terms terms_or(struct stix *s, const struct terms *a, const struct terms *b)
{
	struct terms t = *a;
	t.skipped += b->skipped;
	for (unsigned i = 0; i < b->n && terms_add(s, &t, &b->v[i]); i++)
		;
	return t;
}

/* Applies the operators on the stack that bind at least as tightly as op, down to a parenthesis. */
static bool settle(struct stix *s, char op)
{
	while (s->nops && s->ops[s->nops - 1] != '(' && (op != '&' || s->ops[s->nops - 1] == '&')) {
		if (s->nvalues < 2)
			return fail(s, "a comparison on both sides");
		struct terms b = s->values[--s->nvalues], a = s->values[--s->nvalues];
		struct terms t = s->ops[--s->nops] == '&' ? terms_and(s, &a, &b) : terms_or(s, &a, &b);
		s->values[s->nvalues++] = t;
	}
	return true;
}

static bool push_op(struct stix *s, char op)
{
	if (s->nops >= STIX_DEPTH)
		return fail(s, "fewer parentheses");
	s->ops[s->nops++] = op;
	next(s);
	return true;
}

static bool operand(struct stix *s)
{
	while (s->now.kind == T_LEFT)
		if (!push_op(s, '('))
			return false;
	if (!comparison(s))
		return false;
	while (s->now.kind == T_RIGHT) {
		if (!settle(s, ')'))
			return false;
		if (!s->nops)
			return fail(s, "no ) here");
		s->nops--;
		next(s);
	}
	return true;
}

/* A term of nothing but protocols and types says nothing. */
static bool says_something(const struct indicator *t)
{
	return t->net.net.family || t->port || t->host || t->url || t->path || t->has_sha256;
}

static bool keep(struct stix *s, struct terms t, struct stix_terms *out)
{
	out->skipped += t.skipped;
	if (s->too_many) {
		out->skipped++;
		s->too_many = false;
		return true;
	}
	for (unsigned i = 0; i < t.n; i++)
		if (says_something(&t.v[i]) && out->n < STIX_TERMS)
			out->v[out->n++] = t.v[i];
		else
			out->skipped++;
	return true;
}

/* [ comparison (AND|OR comparison)* ] */
static bool observation(struct stix *s, struct stix_terms *out)
{
	if (!take(s, T_OPEN, "["))
		return false;
	s->nvalues = s->nops = 0;
	for (;;) {
		if (!operand(s))
			return false;
		bool and = word_is(s, "AND");
		if (!and && !word_is(s, "OR"))
			break;
		if (!settle(s, and ? '&' : '|') || !push_op(s, and ? '&' : '|'))
			return false;
	}
	if (!settle(s, ')'))
		return false;
	if (s->nops)
		return fail(s, ")");
	return take(s, T_CLOSE, "AND, OR or ]") && keep(s, s->values[0], out);
}

/* ---- brackets among each other ---- */

/* WITHIN 5 SECONDS, REPEATS 3 TIMES, START t'…' STOP t'…': packets are judged one by one, so these
 * are read and left aside. */
static bool qualifiers(struct stix *s)
{
	while (word_is(s, "WITHIN") || word_is(s, "REPEATS") || word_is(s, "START")) {
		bool start = word_is(s, "START");
		next(s);
		if (start && (s->now.kind != T_WORD || !take(s, T_WORD, "a time") || !word_is(s, "STOP")))
			return fail(s, "STOP and a time");
		if (start) {
			next(s);
			if (!take(s, T_WORD, "a time"))
				return false;
			continue;
		}
		if (!take(s, T_NUMBER, "a number") || !take(s, T_WORD, "SECONDS or TIMES"))
			return false;
	}
	return true;
}

static bool observations(struct stix *s, struct stix_terms *out)
{
	unsigned open = 0;
	bool together = false;
	for (;;) {
		for (; s->now.kind == T_LEFT; next(s))
			if (++open > STIX_DEPTH)
				return fail(s, "fewer parentheses");
		if (!observation(s, out) || !qualifiers(s))
			return false;
		for (; s->now.kind == T_RIGHT; open--) {
			if (!open)
				return fail(s, "no ) here");
			next(s);
			if (!qualifiers(s))
				return false;
		}
		if (s->now.kind == T_END)
			break;
		bool or = word_is(s, "OR");
		if (!or && !word_is(s, "AND") && !word_is(s, "FOLLOWEDBY"))
			return fail(s, "AND, OR, FOLLOWEDBY or the end");
		together |= !or;
		next(s);
	}
	if (open)
		return fail(s, ")");
	for (unsigned i = 0; together && i < out->n; i++)
		out->v[i].part = true;
	return true;
}

bool stix_pattern(struct span text, struct arena *a, struct stix_terms *out, char err[160])
{
	struct stix s = { .in = rd_of(text), .size = text.n, .arena = a, .err = err };
	*err = '\0';
	*out = (struct stix_terms){ .v = arena_new(a, STIX_TERMS * sizeof(struct indicator)) };
	if (text.n > STIX_PATTERN_MAX || !out->v)
		return fail(&s, "a pattern of at most 64 KiB");
	next(&s);
	return observations(&s, out);
}
