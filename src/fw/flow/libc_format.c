/* SPDX-License-Identifier: GPL-2.0-or-later */
/* printf in all its forms, and scanf (ISO C17 7.21.6): text is put together with the shade of each part. */
#include "fw/flow/libc.h"

#include <ctype.h>

void made_byte(struct made *t, uint8_t c, uint8_t shade)
{
	t->wanted++;
	if (t->n + 1 >= sizeof(t->text))
		return;
	t->text[t->n] = c;
	t->shade[t->n++] = shade;
}

void made_guest(struct machine *m, struct made *t, uint64_t addr, uint64_t max)
{
	struct span s = guest_text(&m->g, addr, max < GUEST_TEXT ? max : GUEST_TEXT);
	const uint8_t *shades = guest_shades(&m->g, addr, s.n);
	for (size_t i = 0; i < s.n; i++) {
		uint8_t shade = shades ? shades[i] : SHADE_BUILT;
		made_byte(t, s.p[i], shade == SHADE_NONE ? SHADE_COPIED : shade);
	}
}

void made_put(struct machine *m, const struct made *t, uint64_t to, uint64_t size)
{
	size_t n = size && t->n > size - 1 ? (size_t)(size - 1) : t->n;
	if (size == 0)
		return;
	for (size_t i = 0; i < n;) {
		size_t end = i + 1;
		while (end < n && t->shade[end] == t->shade[i])
			end++;
		guest_write(&m->g, to + i, span_of(t->text + i, end - i), t->shade[i]);
		i = end;
	}
	guest_put_number(&m->g, to + n, 0, 1, SHADE_COPIED);
}

struct spec {
	char flags[8];
	unsigned nflags;
	int width, precision;                    /* -1: none */
	unsigned wide;                           /* 0 int, 1 long, 2 long long, 3 size_t and pointers */
	unsigned narrow;                         /* 1 short, 2 char */
	uint8_t letter;
	struct span set;                         /* scanf's %[…] */
};

static int number_or_star(struct rd *r, struct machine *m, struct va *v)
{
	if (rd_peek(r) == '*') {
		rd_skip(r, 1);
		return v ? (int)(int32_t)va_word(m, v) : 0;
	}
	int n = 0;
	while (isdigit(rd_peek(r)) && n < 100000)
		n = n * 10 + rd_u8(r) - '0';
	return n;
}

static struct spec spec_read(struct rd *r, struct machine *m, struct va *v)
{
	struct spec s = { .precision = -1 };
	while (rd_left(r) && strchr("-+ #0'", rd_peek(r))) {
		uint8_t c = rd_u8(r);
		if (s.nflags + 1 < sizeof(s.flags) && c != '\'')
			s.flags[s.nflags++] = (char)c;
	}
	s.width = number_or_star(r, m, v);
	if (rd_peek(r) == '.') {
		rd_skip(r, 1);
		s.precision = number_or_star(r, m, v);
	}
	for (; rd_left(r) && strchr("hlLqjzt", rd_peek(r)); rd_skip(r, 1)) {
		uint8_t c = rd_peek(r);
		if (c == 'l')
			s.wide++;
		else if (c == 'q' || c == 'j' || c == 'L')
			s.wide = 2;
		else if (c == 'h')
			s.narrow++;
		else
			s.wide = 3;
	}
	s.letter = rd_u8(r);
	return s;
}

static void pad(struct made *t, int n, uint8_t c)
{
	for (; n > 0 && n < 4096; n--)
		made_byte(t, c, SHADE_BUILT);
}

static bool has_flag(const struct spec *s, char c)
{
	return memchr(s->flags, c, s->nflags) != NULL;
}

static void put_text(struct machine *m, struct made *t, const struct spec *s, uint64_t addr)
{
	uint64_t max = s->precision >= 0 ? (uint64_t)s->precision : GUEST_TEXT;
	int n = (int)guest_text(&m->g, addr, max < GUEST_TEXT ? max : GUEST_TEXT).n;
	if (!has_flag(s, '-'))
		pad(t, s->width - n, ' ');
	made_guest(m, t, addr, max);
	if (has_flag(s, '-'))
		pad(t, s->width - n, ' ');
}

/* A number that came from outside is printed as the marks of its source. What a stranger sent is a number then, and
 * no text of his any more. */
static bool put_outside(struct machine *m, struct made *t, uint64_t v)
{
	uint8_t shade = source_of_number(m, v);
	if (!shade)
		return false;
	const char *name = source_name(m, shade);
	bool sent = strncmp(name, "socket", 6) == 0 || strncmp(name, "network", 7) == 0 || strncmp(name, "stdin", 5) == 0
		|| strncmp(name, "getenv", 6) == 0;
	if (sent)
		shade = source_add(m, "number of %s", name);
	uint64_t p = heap_marked(m, 8, shade);
	made_guest(m, t, p, 8);
	return true;
}

static void put_number(struct made *t, const struct spec *s, uint64_t v, bool wide)
{
	char fmt[32], out[256];
	int width = s->width > 100 ? 100 : s->width, precision = s->precision > 100 ? 100 : s->precision;
	bool is_signed = s->letter == 'd' || s->letter == 'i';
	char letter = (char)(s->letter == 'p' ? 'x' : s->letter == 'D' ? 'd' : s->letter == 'U' ? 'u' : s->letter);
	if (!wide)
		v = is_signed ? (uint64_t)(int64_t)(int32_t)v : (uint32_t)v;
	snprintf(fmt, sizeof(fmt), "%%%.*s%s*.*ll%c", (int)s->nflags, s->flags, s->letter == 'p' ? "#" : "", letter);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"   /* built above from a fixed set of letters */
	int n = snprintf(out, sizeof(out), fmt, width, precision, (long long)v);
#pragma GCC diagnostic pop
	for (int i = 0; i < n && i < (int)sizeof(out) - 1; i++)
		made_byte(t, (uint8_t)out[i], SHADE_BUILT);
}

static void put_real(struct made *t, const struct spec *s, double d)
{
	char out[128];
	int n = snprintf(out, sizeof(out), "%*.*f", s->width > 60 ? 60 : s->width,
			 s->precision < 0 ? 6 : s->precision > 20 ? 20 : s->precision, d);
	for (int i = 0; i < n && i < (int)sizeof(out) - 1; i++)
		made_byte(t, (uint8_t)out[i], SHADE_BUILT);
}

static void put_spec(struct machine *m, struct made *t, const struct spec *s, struct va *v)
{
	bool wide = s->wide >= 2 ? s->wide == 2 || m->g.wide : s->wide == 1 && m->g.wide;
	uint64_t x;
	switch (s->letter) {
	case 's':
	case 'S':
		put_text(m, t, s, va_word(m, v));
		return;
	case 'c':
		made_byte(t, (uint8_t)va_word(m, v), SHADE_BUILT);
		return;
	case 'd':
	case 'i':
	case 'u':
	case 'x':
	case 'X':
	case 'o':
	case 'D':
	case 'U':
	case 'p':
		x = s->wide == 2 ? va_wide(m, v) : va_word(m, v);
		if (!put_outside(m, t, x))
			put_number(t, s, x, wide || s->letter == 'p');
		return;
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
	case 'a':
	case 'A':
		put_real(t, s, va_real(m, v));
		return;
	case 'n':
		guest_put_number(&m->g, va_word(m, v), t->n, 4, SHADE_BUILT);
		return;
	case '%':
		made_byte(t, '%', SHADE_COPIED);
		return;
	default:
		return;
	}
}

/* Four numbers with dots between them from text[i] on: how long they are; 0: there are none. */
static size_t quad_at(const struct made *t, size_t i, uint32_t *v)
{
	size_t from = i;
	for (unsigned k = 0; k < 4; k++) {
		uint32_t octet = 0;
		size_t digits = i;
		for (; i < t->n && i - digits < 3 && isdigit(t->text[i]); i++)
			octet = octet * 10 + t->text[i] - '0';
		if (i == digits || octet > 255 || (k < 3 && (i == t->n || t->text[i++] != '.')))
			return 0;
		*v = *v << 8 | octet;
	}
	return i - from;
}

/* An address that was printed octet by octet, from four bytes of outside: it is outside as they were. */
static void mark_quads(struct machine *m, struct made *t)
{
	for (size_t i = 0; i < t->n; i++) {
		uint32_t v = 0;
		size_t n = i && isdigit(t->text[i - 1]) ? 0 : quad_at(t, i, &v);
		uint8_t shade = n ? source_of_number(m, v) : 0;
		if (n && !shade)
			shade = source_behind(m, v);
		if (!shade)
			continue;
		struct span marks = guest_text(&m->g, heap_marked(m, n, shade), n);
		if (marks.n < n)
			return;
		memcpy(t->text + i, marks.p, marks.n);
		memset(t->shade + i, shade, marks.n);
		i += n;
	}
}

void format(struct machine *m, struct made *t, uint64_t fmt, struct va *v)
{
	struct span s = guest_text(&m->g, fmt, GUEST_TEXT);
	const uint8_t *shades = guest_shades(&m->g, fmt, s.n);
	struct rd r = rd_of(s);
	t->n = 0;
	t->wanted = 0;
	while (rd_left(&r)) {
		size_t at = s.n - rd_left(&r);
		uint8_t c = rd_u8(&r), shade = shades && shades[at] != SHADE_NONE ? shades[at] : SHADE_COPIED;
		if (c != '%') {
			made_byte(t, c, shade);
			continue;
		}
		struct spec spec = spec_read(&r, m, v);
		put_spec(m, t, &spec, v);
	}
	mark_quads(m, t);
}

/* A format that came from outside is worth a line of its own: %n and %s in it are orders. What a function that is
 * not known returned is as a rule a translated text. */
static void note_format(struct machine *m, unsigned fmt)
{
	static const char *const signatures[] = { "format:s", "-:- format:s", "-:- -:- format:s", "-:- -:- -:- format:s",
						  "-:- -:- -:- -:- format:s" };
	uint8_t shade = fmt < ARRAY_LEN(signatures) ? source_of_text(m, arg(m, fmt)) : 0;
	if (!shade || strncmp(source_name(m, shade), "result of", 9) == 0)
		return;
	const struct model note = { .names = "format", .class = CALL_WRITE, .sig = signatures[fmt] };
	call_write(m, &note, NULL, 0);
}

static void format_call(struct machine *m, const struct model *self, struct made *t)
{
	unsigned fmt = (unsigned)self->param >> 8 & 15;
	note_format(m, fmt);
	bool list = self->param >> 12 & 1;
	struct va v = list ? va_list_at(m, arg(m, fmt + 1)) : va_call(m, fmt + 1);
	format(m, t, arg(m, fmt), &v);
}

uint64_t model_print_to(struct machine *m, const struct model *self)
{
	struct made t;
	unsigned size = (unsigned)self->param >> 4 & 15;
	format_call(m, self, &t);
	made_put(m, &t, arg(m, (unsigned)self->param & 15), size == NONE ? GUEST_TEXT : arg(m, size));
	return t.wanted;
}

uint64_t model_print_new(struct machine *m, const struct model *self)
{
	struct made t;
	format_call(m, self, &t);
	uint64_t p = heap_new(m, t.n + 1);
	made_put(m, &t, p, t.n + 1);
	guest_put_pointer(&m->g, arg(m, (unsigned)self->param & 15), p);
	return t.n;
}

static void keep_made(struct machine *m, const struct made *t)
{
	m->made = heap_new(m, t->n + 1);
	made_put(m, t, m->made, t->n + 1);
}

void say(struct machine *m, struct span text)
{
	static const struct model said = { .names = "printf", .class = CALL_WRITE, .sig = "text:m" };
	static const char *const questions[] = { "assword", "asswd", "ogin:", "PIN", "asscode" };
	for (size_t i = 0; i < ARRAY_LEN(questions) && !m->starting; i++)
		if (span_has(text, questions[i])) {
			call_write(m, &said, NULL, text.n);
			return;
		}
}

uint64_t model_print_line(struct machine *m, const struct model *self)
{
	(void)self;
	m->made = arg(m, 0);
	say(m, arg_text(m, 0));
	return 1;
}

uint64_t model_print_file(struct machine *m, const struct model *self)
{
	struct made t;
	unsigned to = (unsigned)self->param & 15;
	format_call(m, self, &t);
	if (to == NONE) {
		keep_made(m, &t);
		say(m, guest_text(&m->g, m->made, t.n));
		return t.n;
	}
	keep_made(m, &t);
	uint64_t fd = arg(m, to);
	fd_wrote(m, strchr(self->sig, 'F') ? fd_of_file(m, fd) : fd, m->made, t.n);
	return t.n;
}

uint64_t model_print_run(struct machine *m, const struct model *self)
{
	struct made t;
	format_call(m, self, &t);
	keep_made(m, &t);
	return 0;
}

/* ---- scanf ---- */

enum { SCAN_TEXT, SCAN_FILE, SCAN_LIST, SCAN_STDIN };

static uint8_t scan_source(struct machine *m, const struct model *self)
{
	if (self->param == SCAN_FILE)
		return fd_source(m, fd_of_file(m, arg(m, 0)), "file");
	return self->param == SCAN_STDIN ? fd_source(m, 0, "stdin") : source_of_text(m, arg(m, 0));
}

static unsigned scan_size(const struct machine *m, const struct spec *s)
{
	if (s->narrow)
		return s->narrow > 1 ? 1 : 2;
	return s->wide == 2 || (s->wide && m->g.wide) ? 8 : 4;
}

/* One conversion from outside bytes: whatever is asked for, marked. */
static void scan_outside(struct machine *m, const struct spec *s, uint64_t to, uint8_t shade)
{
	if (strchr("s[c", s->letter)) {
		uint64_t n = s->width > 0 && s->width < 12 ? (uint64_t)s->width : 12;
		source_fill(m, to, n, shade);
		if (s->letter != 'c')
			guest_put_number(&m->g, to + n, 0, 1, shade);
	} else if (s->letter != 'n' && scan_size(m, s) == 1) {
		source_fill(m, to, 1, shade);
	} else if (s->letter != 'n') {
		guest_put_number(&m->g, to, source_number(m, shade), scan_size(m, s), shade);
	}
}

/* Whether %[…] takes this character: a list with ranges, or all but those of one. */
static bool set_has(struct span set, uint8_t c)
{
	bool but = set.n && set.p[0] == '^';
	for (size_t i = but; i < set.n; i++) {
		bool range = i + 2 < set.n && set.p[i + 1] == '-';
		if (range ? c >= set.p[i] && c <= set.p[i + 2] : c == set.p[i])
			return !but;
		i += range ? 2 : 0;
	}
	return but;
}

static size_t scan_word(const struct spec *s, struct span text, size_t i)
{
	size_t from = i, most = s->width > 0 ? (size_t)s->width : SIZE_MAX;
	while (i < text.n && i - from < most && (s->letter == '[' ? set_has(s->set, text.p[i]) : !isspace(text.p[i])))
		i++;
	return i;
}

static size_t scan_number(const struct spec *s, struct span text, size_t i, uint64_t *v)
{
	size_t from = i, most = s->width > 0 ? (size_t)s->width : SIZE_MAX;
	uint64_t base = strchr("xXp", s->letter) ? 16 : 10;
	bool minus = i < text.n && text.p[i] == '-';
	for (i += minus; i < text.n && i - from < most && isxdigit(text.p[i]) && (base == 16 || isdigit(text.p[i])); i++)
		*v = *v * base + (uint64_t)(isdigit(text.p[i]) ? text.p[i] - '0' : tolower(text.p[i]) - 'a' + 10);
	*v = minus ? 0 - *v : *v;
	return i - from > minus ? i : from;
}

/* to 0: read and dropped. */
static bool scan_known(struct machine *m, const struct spec *s, uint64_t to, uint64_t *at)
{
	struct span text = guest_text(&m->g, *at, GUEST_TEXT);
	size_t i = 0, from;
	while (s->letter != 'c' && s->letter != '[' && i < text.n && isspace(text.p[i]))
		i++;
	from = i;
	if (s->letter == 's' || s->letter == '[') {
		i = scan_word(s, text, i);
		if (to && i > from) {
			guest_copy(&m->g, to, *at + from, i - from);
			guest_put_number(&m->g, to + i - from, 0, 1, SHADE_COPIED);
		}
	} else if (s->letter == 'c') {
		i += i < text.n;
		if (to && i > from)
			guest_copy(&m->g, to, *at + from, 1);
	} else {
		uint64_t v = 0;
		i = scan_number(s, text, i, &v);
		if (to && i > from)
			guest_put_number(&m->g, to, v, scan_size(m, s), SHADE_BUILT);
	}
	*at += i;
	return i > from;
}

/* A character of the format that is no conversion: white space stands for any. */
static bool scan_literal(const struct machine *m, uint8_t c, uint64_t *at)
{
	if (!isspace(c)) {
		bool same = guest_number(&m->g, *at, 1) == c;
		*at += same;
		return same;
	}
	struct span rest = guest_text(&m->g, *at, GUEST_TEXT);
	for (size_t i = 0; i < rest.n && isspace(rest.p[i]); i++)
		++*at;
	return true;
}

/* ']' stands for itself as the first of the list. */
static struct span scan_set(struct rd *r)
{
	struct rd ahead = *r;
	struct span all = rd_rest(&ahead), set;
	size_t from = all.n && all.p[0] == '^', n = from + (from < all.n && all.p[from] == ']');
	while (n < all.n && all.p[n] != ']')
		n++;
	set = rd_span(r, n);
	rd_skip(r, rd_left(r) ? 1 : 0);
	return set;
}

uint64_t model_scan_text(struct machine *m, const struct model *self)
{
	unsigned fmt = self->param == SCAN_STDIN ? 0 : 1;
	struct va v = self->param == SCAN_LIST ? va_list_at(m, arg(m, 2)) : va_call(m, fmt + 1);
	struct rd r = rd_of(guest_text(&m->g, arg(m, fmt), GUEST_TEXT));
	uint64_t start = arg(m, 0), at = start, n = 0;
	uint8_t shade = scan_source(m, self);
	bool stream = self->param == SCAN_FILE || self->param == SCAN_STDIN;
	if (stream && !fd_more(m, self->param == SCAN_FILE ? fd_of_file(m, arg(m, 0)) : 0))
		return (uint64_t)-1;
	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);
		if (c != '%') {
			if (!shade && !scan_literal(m, c, &at))
				break;
			continue;
		}
		bool drop = rd_peek(&r) == '*';
		rd_skip(&r, drop);
		struct spec s = spec_read(&r, m, NULL);
		if (s.letter == '[')
			s.set = scan_set(&r);
		uint64_t to = drop || s.letter == '%' ? 0 : va_word(m, &v);
		if (s.letter == 'n' && to && !shade)
			guest_put_number(&m->g, to, at - start, 4, SHADE_BUILT);
		if (s.letter == 'n' || (!to && shade))
			continue;
		if (shade)
			scan_outside(m, &s, to, shade);
		else if (s.letter == '%' ? !scan_literal(m, '%', &at) : !scan_known(m, &s, to, &at))
			break;
		n += to != 0;
	}
	return n;
}
