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
	unsigned wide;                           /* 0 int, 1 long, 2 long long, 3 size_t and pointers; less: short, char */
	uint8_t letter;
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
		else if (c != 'h')
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

/* A number that came from outside is printed as the marks of its source. */
static bool put_outside(struct machine *m, struct made *t, uint64_t v)
{
	uint8_t shade = source_of_number(m, v);
	if (!shade)
		return false;
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

/* What is said to whoever sits there is of no interest, but for a question that a password answers. */
static void say(struct machine *m, struct span text)
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

static uint8_t scan_source(struct machine *m, const struct model *self)
{
	if (self->param == 1)
		return fd_source(m, fd_of_file(m, arg(m, 0)), "file");
	return source_of_text(m, arg(m, 0));
}

/* One conversion from outside bytes: whatever is asked for, marked. */
static void scan_outside(struct machine *m, const struct spec *s, uint64_t to, uint8_t shade)
{
	if (strchr("s[c", s->letter)) {
		uint64_t n = s->width > 0 && s->width < 12 ? (uint64_t)s->width : 12;
		source_fill(m, to, n, shade);
		if (s->letter != 'c')
			guest_put_number(&m->g, to + n, 0, 1, shade);
	} else {
		guest_put_number(&m->g, to, source_number(m, shade), s->wide >= 2 ? 8 : s->wide && m->g.wide ? 8 : 4, shade);
	}
}

static bool scan_known(struct machine *m, const struct spec *s, uint64_t to, uint64_t *at)
{
	struct span text = guest_text(&m->g, *at, GUEST_TEXT);
	size_t i = 0, from;
	while (s->letter != 'c' && i < text.n && isspace(text.p[i]))
		i++;
	from = i;
	if (s->letter == 's' || s->letter == '[') {
		while (i < text.n && !isspace(text.p[i]) && (s->width <= 0 || i - from < (size_t)s->width))
			i++;
		guest_copy(&m->g, to, *at + from, i - from);
		guest_put_number(&m->g, to + i - from, 0, 1, SHADE_COPIED);
	} else if (s->letter == 'c') {
		guest_copy(&m->g, to, *at + i++, 1);
	} else {
		uint64_t v = 0, base = strchr("xXp", s->letter) ? 16 : 10;
		for (; i < text.n && isxdigit(text.p[i]) && (base == 16 || isdigit(text.p[i])); i++)
			v = v * base + (uint64_t)(isdigit(text.p[i]) ? text.p[i] - '0' : tolower(text.p[i]) - 'a' + 10);
		guest_put_number(&m->g, to, v, s->wide >= 2 ? 8 : 4, SHADE_BUILT);
	}
	*at += i;
	return i > from;
}

uint64_t model_scan_text(struct machine *m, const struct model *self)
{
	struct va v = self->param == 2 ? va_list_at(m, arg(m, 2)) : va_call(m, 2);
	struct rd r = rd_of(guest_text(&m->g, arg(m, 1), GUEST_TEXT));
	uint64_t at = arg(m, 0), n = 0;
	uint8_t shade = scan_source(m, self);
	if (self->param == 1 && !fd_more(m, fd_of_file(m, arg(m, 0))))
		return (uint64_t)-1;
	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);
		if (c != '%') {
			at += !shade && guest_number(&m->g, at, 1) == c;
			continue;
		}
		bool skip = rd_peek(&r) == '*';
		struct spec s = spec_read(&r, m, NULL);
		struct span set;
		if (s.letter == '[')
			(void)rd_until(&r, ']', &set);
		uint64_t to = skip || s.letter == '%' ? 0 : va_word(m, &v);
		if (!to)
			continue;
		if (shade)
			scan_outside(m, &s, to, shade);
		else if (!scan_known(m, &s, to, &at))
			break;
		n++;
	}
	return n;
}
