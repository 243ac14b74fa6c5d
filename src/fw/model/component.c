/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One pass over the bytes: the first two bytes of each pattern's text pick the patterns that are tried there. Every
 * try is bounded by the pattern, so the work grows with the file alone. */
#include "fw/model/component.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "fw/model/elf.h"

#define COMPONENT(name, type, vendor, product, pattern, with) { name, type, vendor, product, pattern, with },
const struct component_rule component_rules[] = {
#include "fw/model/components.def"
};
#undef COMPONENT
const unsigned component_nrules = ARRAY_LEN(component_rules);

enum { PAIRS = 1 << 16, VERSION_MAX = 64, SKIP_MAX = 80, BINARY_LOOK = 64 * 1024,
       ELF_MEMORY = 64 << 20 };

struct component_index {
	uint16_t head[PAIRS];                    /* rule + 1; 0: none */
	uint16_t next[ARRAY_LEN(component_rules)];
};

_Static_assert(ARRAY_LEN(component_rules) < UINT16_MAX, "the index holds 16 bits");

/* Where the text starts that every match begins with. */
static const char *head_of(const char *pattern)
{
	return pattern[0] == '%' && pattern[1] == '^' ? pattern + 2 : pattern;
}

static unsigned pair_at(const char *p)
{
	return (unsigned)(uint8_t)p[0] << 8 | (uint8_t)p[1];
}

struct component_index *component_index_new(void)
{
	struct component_index *x = mem_new(sizeof(*x));
	for (unsigned i = component_nrules; i-- > 0;) {
		unsigned pair = pair_at(head_of(component_rules[i].pattern));
		x->next[i] = x->head[pair];
		x->head[pair] = (uint16_t)(i + 1);
	}
	return x;
}

void component_index_free(struct component_index *x)
{
	free(x);
}

/* ---- patterns ---- */

static bool is_joint(uint8_t c)
{
	return c == '.' || c == '_' || c == '+' || c == '~' || c == '-';
}

/* How long the version at the start of s is; 0: there is none. */
static size_t version_length(struct span s, bool numbers_only)
{
	size_t n = 0;
	s = span_cut(s, VERSION_MAX);
	if (!s.n || !ascii_is_digit(s.p[0]))
		return 0;
	while (n < s.n && (ascii_is_digit(s.p[n]) ||
			   (numbers_only ? s.p[n] == '.' : is_joint(s.p[n]) || ascii_is_letter(s.p[n]))))
		n++;
	while (n && is_joint(s.p[n - 1]))
		n--;
	bool letter = numbers_only && n < s.n && ascii_is_letter(s.p[n]);
	if (letter && (n + 1 == s.n || !(ascii_is_letter(s.p[n + 1]) || ascii_is_digit(s.p[n + 1]))))
		n++;
	return n;
}

static size_t digits_length(struct span s)
{
	size_t n = 0;
	while (n < s.n && n < VERSION_MAX && ascii_is_digit(s.p[n]))
		n++;
	return n;
}

/* The end of what the pattern matches from `at` on, or 0. A pattern has few %*, so the recursion is shallow. */
static size_t match(struct span s, size_t at, const char *p, struct span *version)
{
	for (; *p; p++) {
		if (*p != '%' || *++p == '%') {
			if (at >= s.n || s.p[at++] != (uint8_t)*p)
				return 0;
			continue;
		}
		size_t n = 0;
		switch (*p) {
		case '^':
			if (at && ascii_is_shown(s.p[at - 1]))
				return 0;
			continue;
		case '$':
			if (at < s.n && ascii_is_shown(s.p[at]))
				return 0;
			continue;
		case 'd': n = digits_length(span_from(s, at)); break;
		case '*':
			for (; n <= SKIP_MAX; n++) {
				size_t end = match(s, at + n, p + 1, version);
				if (end || at + n >= s.n || !ascii_is_shown(s.p[at + n]))
					return end;
			}
			return 0;
		default:
			n = version_length(span_from(s, at), *p == 'n');
			if (n && !version->n)
				*version = span_cut(span_from(s, at), n);
		}
		if (!n)
			return 0;
		at += n;
	}
	return at;
}

/* ---- files ---- */

static bool is_text(struct span s)
{
	return !span_starts(s, SPAN_LIT("\177ELF")) && !memchr(s.p, 0, s.n < BINARY_LOOK ? s.n : BINARY_LOOK);
}

/* "%^3.%d": the version starts with the match. How many bytes stand before it ("v"), or -1. */
static int version_head(const struct component_rule *rule)
{
	const char *p = head_of(rule->pattern);
	int v = p[0] == 'v';
	return ascii_is_digit((uint8_t)p[v]) ? v : -1;
}

/* A bare version: "%^3.%n%$". What else looks like one may stand in the file too. */
static bool is_bare(const struct component_rule *rule)
{
	size_t n = strlen(rule->pattern);
	return version_head(rule) >= 0 && rule->pattern[n - 2] == '%' && rule->pattern[n - 1] == '$';
}

/* Two bare versions of one component in one file: which is its own is not known. */
static bool is_torn(struct component_hit *v, unsigned n, const struct component_rule *rule, struct span version)
{
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(v[i].rule->name, rule->name) != 0)
			continue;
		if (!is_bare(v[i].rule))
			return true;             /* better words gave its version */
		if (!span_eq(v[i].version, version))
			v[i].version.n = 0;
		return true;
	}
	return false;
}

static bool is_known(const struct component_hit *v, unsigned n, const struct component_rule *rule, struct span version)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(v[i].rule->name, rule->name) == 0 && span_eq(v[i].version, version))
			return true;
	return false;
}

/* A component whose version is known is not told again without one, from bare numbers, or with less of it. */
static bool has_better(const struct component_hit *v, unsigned n, const struct component_hit *h)
{
	for (unsigned k = 0; k < n; k++)
		if (v[k].version.n && strcmp(v[k].rule->name, h->rule->name) == 0 &&
		    (!h->version.n || (is_bare(h->rule) && !is_bare(v[k].rule)) ||
		     (v[k].version.n > h->version.n && span_starts(v[k].version, h->version))))
			return true;
	return false;
}

static unsigned drop_weaker(struct component_hit *v, unsigned n)
{
	bool weaker[COMPONENT_HITS];
	unsigned kept = 0;
	for (unsigned i = 0; i < n; i++)
		weaker[i] = has_better(v, n, &v[i]);
	for (unsigned i = 0; i < n; i++)
		if (!weaker[i])
			v[kept++] = v[i];
	return kept;
}

enum stands { STANDS_UNKNOWN, STANDS_NOT, STANDS };

struct search {                                  /* of one file */
	struct span content;
	uint8_t stands[ARRAY_LEN(component_rules)];
	struct arena arena;                      /* of the ELF tables; made when a rule asks for them */
	struct elf elf;
	bool read, is_elf;
};

static bool has_soname(struct search *s, struct span name)
{
	if (!s->read) {
		arena_init(&s->arena, ELF_MEMORY);
		s->is_elf = elf_read(s->content, &s->arena, &s->elf);
		s->read = true;
	}
	return s->is_elf && span_starts(s->elf.soname, name);
}

static bool has_company(struct search *s, unsigned rule)
{
	const char *with = component_rules[rule].with;
	struct span soname = SPAN_LIT("soname:");
	if (!with)
		return true;
	if (s->stands[rule] == STANDS_UNKNOWN) {
		struct span text = span_str(with);
		bool stands = span_starts(text, soname) ? has_soname(s, span_from(text, soname.n)) : span_has(s->content, with);
		s->stands[rule] = stands ? STANDS : STANDS_NOT;
	}
	return s->stands[rule] == STANDS;
}

/* The end of the words at `at`, or 0. */
static size_t try_rule(struct search *s, unsigned rule, size_t at, struct span *version)
{
	const struct component_rule *r = &component_rules[rule];
	size_t end = s->stands[rule] == STANDS_NOT ? 0 : match(s->content, at, r->pattern, version);
	int head = version_head(r);
	if (!end || !has_company(s, rule))
		return 0;
	if (head >= 0) {
		struct span rest = span_from(s->content, at + (size_t)head);
		*version = span_cut(rest, version_length(rest, true));
	}
	return end;
}

static unsigned search_all(struct search *s, const struct component_index *x, struct component_hit out[COMPONENT_HITS])
{
	struct span c = s->content;
	unsigned n = 0;
	for (size_t at = 0; at + 1 < c.n; at++) {
		unsigned pair = (unsigned)c.p[at] << 8 | c.p[at + 1];
		for (unsigned i = x->head[pair]; i && n < COMPONENT_HITS; i = x->next[i - 1]) {
			const struct component_rule *rule = &component_rules[i - 1];
			struct span version = { 0 };
			size_t end = try_rule(s, i - 1, at, &version);
			if (!end || is_known(out, n, rule, version) || (is_bare(rule) && is_torn(out, n, rule, version)))
				continue;
			out[n++] = (struct component_hit){ rule, at, span_cut(span_from(c, at), end - at), version };
		}
	}
	return n;
}

unsigned component_find(const struct component_index *x, struct span content, struct component_hit out[COMPONENT_HITS])
{
	if (content.n < 4 || is_text(content))
		return 0;
	struct search s = { .content = content };
	unsigned n = search_all(&s, x, out);
	if (s.read)
		arena_done(&s.arena);
	return drop_weaker(out, n);
}
