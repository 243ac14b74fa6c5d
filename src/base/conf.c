/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration reader: one pass over lines, every one checked against the tables, every error
 * kept; nothing is handed out unless there is none. */
#include "base/conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>

#include "base/mem.h"
#include "base/scope.h"

enum { LINE_MAX_BYTES = 4096, SHOWN = 40, SECTIONS_MAX = 4096 };

struct conf_value {
	struct conf_value *next;
	const struct conf_key *key;
	const char *text;
	unsigned line;
};

struct conf_section {
	struct conf_section *next;
	const char *kind, *name;
	struct conf_value *first, **end;
};

struct conf {
	struct arena arena;
	struct conf_section *first, **end;
};

struct parse {
	struct conf *conf;
	struct conf_section *in;                 /* NULL: before the first section, or in one that is wrong */
	bool skipping;                           /* in a section that was refused: its keys are not judged */
	const struct conf_key *const *tables;
	const char *file;
	struct buf *errors;
	unsigned line, nerrors, nsections;
};

/* Text of a stranger in our error line: short, printable. */
static void shown(char out[SHOWN + 4], struct span s)
{
	size_t n = 0;
	for (; n < s.n && n < SHOWN; n++)
		out[n] = isprint(s.p[n]) ? (char)s.p[n] : '?';
	memcpy(out + n, s.n > SHOWN ? "..." : "", s.n > SHOWN ? 4 : 1);
}

PRINTF(3, 4) static void fault(struct parse *p, struct span what, const char *fmt, ...)
{
	p->nerrors++;
	char name[SHOWN + 4], text[1024];
	shown(name, what);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_printf(p->errors, "%s:%u: %s: %s\n", p->file, p->line, name, text);
}

static struct span trim(struct span s)
{
	while (s.n && isspace(s.p[0]))
		s = span_from(s, 1);
	while (s.n && isspace(s.p[s.n - 1]))
		s.n--;
	return s;
}

static const char *keep(struct parse *p, struct span s)
{
	return (const char *)arena_copy(&p->conf->arena, s).p;
}

static bool name_fits(const struct conf_key *k, struct span name)
{
	if (!k->name)
		return name.n == 0;
	return strcmp(k->name, "*") == 0 ? name.n > 0 : span_is(name, k->name);
}

/* Calls it for each key of the tables until it returns true; that key, or NULL. */
static const struct conf_key *keys_find(const struct conf_key *const *tables,
					bool (*is)(const struct conf_key *k, const void *ctx), const void *ctx)
{
	for (const struct conf_key *const *t = tables; *t; t++)
		for (const struct conf_key *k = *t; k->section; k++)
			if (is(k, ctx))
				return k;
	return NULL;
}

struct asked {
	struct span kind, name, key;
};

static bool is_kind(const struct conf_key *k, const void *ctx)
{
	return span_is(((const struct asked *)ctx)->kind, k->section);
}

static bool is_section(const struct conf_key *k, const void *ctx)
{
	return is_kind(k, ctx) && name_fits(k, ((const struct asked *)ctx)->name);
}

static bool is_key(const struct conf_key *k, const void *ctx)
{
	return is_section(k, ctx) && span_is(((const struct asked *)ctx)->key, k->key);
}

/* "one, two, three" of the texts that `of` picks from keys that fit; each once, in a bounded text. */
static void listing(const struct parse *p, char *out, size_t size, const struct asked *a,
		    const char *(*of)(const struct conf_key *k, const struct asked *a))
{
	size_t n = 0;
	const char *last = "";
	out[0] = '\0';
	for (const struct conf_key *const *t = p->tables; *t; t++)
		for (const struct conf_key *k = *t; k->section; k++) {
			const char *text = of(k, a);
			if (!text || strcmp(text, last) == 0 || n + strlen(text) + 3 > size)
				continue;
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "", text);
			last = text;
		}
}

static const char *kind_of(const struct conf_key *k, const struct asked *a)
{
	(void)a;
	return k->section;
}

static const char *name_of(const struct conf_key *k, const struct asked *a)
{
	if (!is_kind(k, a))
		return NULL;
	if (!k->name)
		return "no name";
	return strcmp(k->name, "*") == 0 ? "a name" : k->name;
}

static const char *key_of(const struct conf_key *k, const struct asked *a)
{
	return is_section(k, a) ? k->key : NULL;
}

static struct conf_section *section_open(struct parse *p, const struct asked *a)
{
	for (struct conf_section *s = p->conf->first; s; s = s->next)
		if (span_is(a->kind, s->kind) && span_is(a->name, s->name))
			return s;
	if (p->nsections++ >= SECTIONS_MAX) {
		fault(p, a->kind, "expected at most %d sections", SECTIONS_MAX);
		return NULL;
	}
	struct conf_section *s = arena_new(&p->conf->arena, sizeof(*s));
	s->kind = keep(p, a->kind);
	s->name = keep(p, a->name);
	s->end = &s->first;
	*p->conf->end = s;
	p->conf->end = &s->next;
	return s;
}

/* The line behind its '['. */
static void section_line(struct parse *p, struct span line)
{
	char known[512];
	struct rd r = rd_of(line);
	struct span inside;
	p->in = NULL;
	p->skipping = true;
	if (!rd_until(&r, ']', &inside) || trim(rd_rest(&r)).n) {
		fault(p, span_cut(line, SHOWN), "expected [section] or [section name]");
		return;
	}
	inside = trim(inside);
	size_t n = 0;
	while (n < inside.n && !isspace(inside.p[n]))
		n++;
	struct asked a = { .kind = span_cut(inside, n), .name = trim(span_from(inside, n)) };
	if (!keys_find(p->tables, is_kind, &a)) {
		listing(p, known, sizeof(known), &a, kind_of);
		fault(p, inside, "unknown section; expected one of: %s", known);
		return;
	}
	if (!keys_find(p->tables, is_section, &a)) {
		listing(p, known, sizeof(known), &a, name_of);
		fault(p, inside, "expected [%.*s ...] with: %s", (int)a.kind.n, (const char *)a.kind.p, known);
		return;
	}
	p->in = section_open(p, &a);
	p->skipping = !p->in;
}

static bool number(const char *text, double *out)
{
	if (!text[0] || text[strspn(text, "0123456789.eE+-")])
		return false;
	char *end;
	double v = strtod(text, &end);
	if (*end || !isfinite(v))
		return false;
	*out = v;
	return true;
}

static bool one_of(const char *choices, const char *text)
{
	struct rd r = rd_of(span_str(choices));
	struct span one;
	while (rd_until(&r, '|', &one))
		if (span_is(one, text))
			return true;
	return rd_left(&r) && span_is(rd_rest(&r), text);
}

static const char *const yes[] = { "yes", "true", "on", "1" }, *const no[] = { "no", "false", "off", "0" };

static int truth(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0)
			return strcmp(text, yes[i]) == 0;
	return -1;
}

static bool value_fits(struct parse *p, const struct conf_key *k, const char *text)
{
	struct span key = span_str(k->key);
	double v;
	switch (k->type) {
	case CONF_NUM:
		if (number(text, &v) && v >= k->min && v <= k->max)
			return true;
		fault(p, key, "expected a number from %g to %g", k->min, k->max);
		return false;
	case CONF_BOOL:
		if (truth(text) >= 0)
			return true;
		fault(p, key, "expected yes or no");
		return false;
	case CONF_CHOICE:
		if (one_of(k->expected, text))
			return true;
		fault(p, key, "expected one of %s", k->expected);
		return false;
	case CONF_TEXT:
		if (!k->fits || k->fits(text))
			return true;
		fault(p, key, "expected %s", k->expected);
		return false;
	}
	return false;
}

static void value_add(struct parse *p, const struct conf_key *k, struct span value)
{
	const char *text = keep(p, value);
	if (!value.n)
		fault(p, span_str(k->key), "expected a value behind '='");
	else if (value_fits(p, k, text)) {
		struct conf_value *v = arena_new(&p->conf->arena, sizeof(*v));
		*v = (struct conf_value){ .key = k, .text = text, .line = p->line };
		*p->in->end = v;
		p->in->end = &v->next;
	}
}

static void key_line(struct parse *p, struct span line)
{
	struct rd r = rd_of(line);
	struct asked a = { .kind = span_str(p->in->kind), .name = span_str(p->in->name) };
	if (!rd_until(&r, '=', &a.key)) {
		fault(p, line, "expected key = value");
		return;
	}
	a.key = trim(a.key);
	const struct conf_key *k = keys_find(p->tables, is_key, &a);
	if (!k) {
		char known[512];
		listing(p, known, sizeof(known), &a, key_of);
		fault(p, a.key, "unknown key; expected one of: %s", known);
		return;
	}
	struct span value = trim(rd_rest(&r));
	if (k->repeat) {
		struct rd list = rd_of(value);
		struct span item;
		while (rd_until(&list, ',', &item))
			value_add(p, k, trim(item));
		value_add(p, k, trim(rd_rest(&list)));
		return;
	}
	for (const struct conf_value *v = p->in->first; v; v = v->next)
		if (v->key == k) {
			fault(p, a.key, "expected once; it stands in line %u already", v->line);
			return;
		}
	value_add(p, k, value);
}

static void line_read(struct parse *p, struct span line)
{
	p->line++;
	line = trim(line);
	if (!line.n || line.p[0] == '#' || line.p[0] == ';')
		return;
	if (line.n > LINE_MAX_BYTES || memchr(line.p, 0, line.n))
		fault(p, line, "expected a line of text of at most %d bytes", LINE_MAX_BYTES);
	else if (line.p[0] == '[')
		section_line(p, span_from(line, 1));
	else if (p->in)
		key_line(p, line);
	else if (!p->skipping)
		fault(p, line, "expected a [section] before the first key");
}

int conf_parse(struct span text, const char *file, const struct conf_key *const *tables, struct conf **out,
	       struct buf *errors)
{
	struct parse p = { .tables = tables, .file = file, .errors = errors };
	if (text.n > CONF_SIZE_MAX) {
		buf_printf(errors, "%s:1: file: expected at most %d bytes\n", file, CONF_SIZE_MAX);
		return -EFBIG;
	}
	p.conf = mem_new(sizeof(*p.conf));
	arena_init(&p.conf->arena, 0);           /* bounded by the size of the text */
	p.conf->end = &p.conf->first;
	if (span_starts(text, SPAN_LIT("\xef\xbb\xbf")))
		text = span_from(text, 3);
	struct rd r = rd_of(text);
	struct span line;
	while (p.nerrors < CONF_ERRORS_MAX && rd_until(&r, '\n', &line))
		line_read(&p, line);
	if (p.nerrors < CONF_ERRORS_MAX)
		line_read(&p, rd_rest(&r));
	else
		buf_printf(errors, "%s:%u: too many errors, the rest was not read\n", file, p.line);
	if (p.nerrors) {
		conf_free(p.conf);
		return -EINVAL;
	}
	*out = p.conf;
	return 0;
}

/* The whole file in b, at most one byte more than is allowed. */
static int slurp(const char *path, struct buf *b)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	b->cap = CONF_SIZE_MAX + 1;
	uint8_t chunk[4096];
	while (!b->full && b->n <= CONF_SIZE_MAX) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		buf_bytes(b, span_of(chunk, (size_t)n));
	}
	return -EFBIG;
}

int conf_read(const char *path, const struct conf_key *const *tables, struct conf **out, struct buf *errors)
{
	struct buf text = { 0 };
	int err = slurp(path, &text);
	if (err)
		buf_printf(errors, "%s:1: file: expected a readable file of at most %d bytes: %s\n", path,
			   CONF_SIZE_MAX, strerror(-err));
	else
		err = conf_parse(buf_span(&text), path, tables, out, errors);
	buf_done(&text);
	return err;
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	arena_done(&c->arena);
	free(c);
}

const struct conf_section *conf_each(const struct conf *c, const char *section, const struct conf_section *after)
{
	const struct conf_section *s = after ? after->next : c ? c->first : NULL;
	while (s && strcmp(s->kind, section) != 0)
		s = s->next;
	return s;
}

const struct conf_section *conf_find(const struct conf *c, const char *section, const char *name)
{
	const struct conf_section *s = conf_each(c, section, NULL);
	while (s && strcmp(s->name, name ? name : "") != 0)
		s = conf_each(c, section, s);
	return s;
}

const char *conf_name(const struct conf_section *s)
{
	return s->name;
}

const char *conf_item(const struct conf_section *s, const char *key, unsigned item)
{
	for (const struct conf_value *v = s ? s->first : NULL; v; v = v->next)
		if (strcmp(v->key->key, key) == 0 && item-- == 0)
			return v->text;
	return NULL;
}

const char *conf_text(const struct conf_section *s, const char *key, const char *fallback)
{
	const char *text = conf_item(s, key, 0);
	return text ? text : fallback;
}

double conf_num(const struct conf_section *s, const char *key, double fallback)
{
	const char *text = conf_item(s, key, 0);
	double v;
	return text && number(text, &v) ? v : fallback;
}

bool conf_bool(const struct conf_section *s, const char *key, bool fallback)
{
	const char *text = conf_item(s, key, 0);
	int is = text ? truth(text) : -1;
	return is < 0 ? fallback : is;
}

static void doc_key(struct buf *b, const struct conf_key *k)
{
	buf_printf(b, "  %s = ", k->key);
	if (k->type == CONF_NUM)
		buf_printf(b, "number from %g to %g", k->min, k->max);
	else if (k->type == CONF_BOOL)
		buf_text(b, "yes or no");
	else
		buf_text(b, k->expected ? k->expected : "text");
	if (k->repeat)
		buf_text(b, "; several lines or a list with commas");
	if (k->fallback)
		buf_printf(b, "; default %s", k->fallback);
	buf_printf(b, "\n      %s\n", k->doc);
}

void conf_doc(struct buf *b, const struct conf_key *const *tables)
{
	for (const struct conf_key *const *t = tables; *t; t++) {
		const struct conf_key *last = NULL;
		for (const struct conf_key *k = *t; k->section; last = k++) {
			bool same = last && strcmp(last->section, k->section) == 0 &&
				    strcmp(last->name ? last->name : "", k->name ? k->name : "") == 0;
			const char *name = !k->name ? "" : strcmp(k->name, "*") == 0 ? " NAME" : k->name;
			if (!same)
				buf_printf(b, "[%s%s%s]\n", k->section, name[0] && name[0] != ' ' ? " " : "", name);
			doc_key(b, k);
		}
	}
}
