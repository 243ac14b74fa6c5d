/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Models of <string.h>, <ctype.h>, the conversions of <stdlib.h>. Bytes keep their shade when copied, and a
 * search in outside bytes finds something: what they hold is not known. */
#include "fw/flow/libc.h"

#include <ctype.h>
#include <stdlib.h>

enum { TEXT_CAP = 1 << 16 };

static uint64_t length(struct machine *m, uint64_t addr)
{
	return guest_text(&m->g, addr, TEXT_CAP).n;
}

static void terminate(struct machine *m, uint64_t addr)
{
	guest_put_number(&m->g, addr, 0, 1, SHADE_COPIED);
}

uint64_t model_text_copy(struct machine *m, const struct model *self)
{
	uint64_t to = arg(m, 0), from = arg(m, 1), n = length(m, from);
	guest_copy(&m->g, to, from, n);
	terminate(m, to + n);
	return self->param ? to + n : to;
}

uint64_t model_text_copy_n(struct machine *m, const struct model *self)
{
	uint64_t to = arg(m, 0), from = arg(m, 1), max = arg(m, 2), n = length(m, from), all = n;
	if (self->param)
		max -= max != 0;
	n = n < max ? n : max;
	guest_copy(&m->g, to, from, n);
	if (self->param && arg(m, 2))
		terminate(m, to + n);
	else if (!self->param && n < max)
		guest_fill(&m->g, to + n, 0, max - n < 4096 ? max - n : 4096, SHADE_COPIED);
	return self->param ? all : to;
}

uint64_t model_text_append(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t to = arg(m, 0), end = to + length(m, to), from = arg(m, 1), n = length(m, from);
	guest_copy(&m->g, end, from, n);
	terminate(m, end + n);
	return to;
}

uint64_t model_text_append_n(struct machine *m, const struct model *self)
{
	uint64_t to = arg(m, 0), have = length(m, to), from = arg(m, 1), max = arg(m, 2), n = length(m, from), all = n;
	if (self->param && max <= have)
		return max + all;
	if (self->param)
		max -= have + 1;
	n = n < max ? n : max;
	guest_copy(&m->g, to + have, from, n);
	terminate(m, to + have + n);
	return self->param ? have + all : to;
}

uint64_t model_text_dup(struct machine *m, const struct model *self)
{
	uint64_t from = arg(m, 0), n = length(m, from);
	if (self->param && arg(m, 1) < n)
		n = arg(m, 1);
	uint64_t p = heap_new(m, n + 1);
	guest_copy(&m->g, p, from, n);
	terminate(m, p + n);
	return p;
}

uint64_t model_bytes_copy(struct machine *m, const struct model *self)
{
	uint64_t to = arg(m, 0), from = arg(m, 1), n = arg(m, 2);
	if (self->param == 2) {
		to = arg(m, 1);
		from = arg(m, 0);
	}
	m->instructions += n < 1 << 20 ? n / 8 : 0;      /* work that a budget must see */
	guest_copy(&m->g, to, from, n < 1 << 20 ? n : 0);
	return self->param == 1 ? to + n : to;
}

uint64_t model_bytes_set(struct machine *m, const struct model *self)
{
	uint64_t to = arg(m, 0), n = arg(m, self->param == 0 ? 2 : 1);
	uint64_t byte = self->param == 0 ? arg(m, 1) : self->param == 2 ? arg(m, 2) : 0;
	m->instructions += n < 1 << 20 ? n / 8 : 0;
	guest_fill(&m->g, to, (uint8_t)byte, n < 1 << 20 ? n : 0, SHADE_BUILT);
	return to;
}

uint64_t model_text_length(struct machine *m, const struct model *self)
{
	uint64_t n = length(m, arg(m, 0));
	return self->param && arg(m, 1) < n ? arg(m, 1) : n;
}

/* A place inside outside bytes that stands for "found there". */
static uint64_t somewhere(struct machine *m, uint64_t addr)
{
	return length(m, addr) > 8 && source_of_text(m, addr) ? addr + 4 : 0;
}

uint64_t model_text_find(struct machine *m, const struct model *self)
{
	uint64_t at = arg(m, 0);
	uint8_t c = (uint8_t)arg(m, 1);
	struct span s = guest_text(&m->g, at, TEXT_CAP);
	if (self->param == 3) {
		uint64_t n = arg(m, 2), room = guest_room(&m->g, at);
		n = n < room ? n : room;
		s = span_of(guest_bytes(&m->g, at, n), n);
	}
	if (c == 0 && self->param < 3)
		return at + s.n;
	if (source_of_text(m, at))
		kind_searched(m, at, c);
	else
		kind_in_list(m, s, c);
	const uint8_t *hit = !s.p || !s.n ? NULL : self->param == 1 ? memrchr(s.p, c, s.n) : memchr(s.p, c, s.n);
	if (hit)
		return at + (uint64_t)(hit - s.p);
	if (self->param == 2)
		return at + s.n;
	return c == '\n' || c == '\r' ? 0 : somewhere(m, at);
}

uint64_t model_text_find_text(struct machine *m, const struct model *self)
{
	static const struct model seen = { .names = "strstr", .class = CALL_COMPARE, .sig = "left:s right:s" };
	(void)self;
	uint64_t at = arg(m, 0);
	bool mem = span_is(m->callee, "memmem");
	struct span s = guest_text(&m->g, at, TEXT_CAP), part = guest_text(&m->g, arg(m, mem ? 2 : 1), 256);
	if (part.n == 0)
		return at;
	if (self->param)
		kind_listed(m, at, part);
	const uint8_t *hit = s.n ? memmem(s.p, s.n, part.p, part.n) : NULL;
	if (hit)
		return at + (uint64_t)(hit - s.p);
	if (!mem && source_of_text(m, at) && !source_of_text(m, arg(m, 1)))
		call_write(m, &seen, NULL, 0);
	return somewhere(m, at);
}

uint64_t model_text_span(struct machine *m, const struct model *self)
{
	struct span s = arg_text(m, 0), set = arg_text(m, 1);
	size_t n = 0;
	kind_listed(m, arg(m, 0), set);
	while (n < s.n && (set.n && memchr(set.p, s.p[n], set.n) != NULL) == (self->param == 0))
		n++;
	return n;
}

static bool is_in(struct span set, uint8_t c)
{
	return set.n && memchr(set.p, c, set.n);
}

uint64_t model_text_token(struct machine *m, const struct model *self)
{
	struct span set = arg_text(m, 1);
	uint64_t keep = self->param == 0 ? AT_KERN + offsetof(struct kern, token) : self->param == 1 ? arg(m, 2) : arg(m, 0);
	unsigned size = self->param == 0 ? 4 : m->g.wide ? 8 : 4;
	uint64_t kept = guest_number(&m->g, keep, size);
	uint64_t at = self->param == 2 ? kept : arg(m, 0);
	if (!at)
		at = kept;
	struct span s = guest_text(&m->g, at, TEXT_CAP);
	if (!at || (self->param != 2 && s.n == 0))
		return 0;
	size_t from = 0;
	while (self->param != 2 && from < s.n && is_in(set, s.p[from]))
		from++;
	size_t to = from;
	while (to < s.n && !is_in(set, s.p[to]))
		to++;
	if (from == s.n && self->param != 2)
		return 0;
	/* Outside bytes without the separator: take a piece, there may be several. */
	if (to == s.n && to - from > 16 && source_of_text(m, at + from))
		to = from + 8;
	bool more = to < s.n;
	if (more)
		terminate(m, at + to);
	guest_put_number(&m->g, keep, more ? at + to + 1 : self->param == 2 ? 0 : at + s.n, size, SHADE_BUILT);
	return at + from;
}

/* Outside bytes against a constant: written down. They never are equal by chance; the branch is forced. */
static void note_compare(struct machine *m, bool counted)
{
	static const struct model whole = { .names = "strcmp", .class = CALL_COMPARE, .sig = "left:s right:s" };
	static const struct model part = { .names = "strncmp", .class = CALL_COMPARE, .sig = "left:s right:s count:i" };
	uint8_t a = source_of_text(m, arg(m, 0)), b = source_of_text(m, arg(m, 1));
	bool a_empty = arg_text(m, 0).n == 0, b_empty = arg_text(m, 1).n == 0;
	if (!(a && !b && !b_empty) && !(b && !a && !a_empty))
		return;
	call_write(m, counted ? &part : &whole, NULL, 1);
	struct span s = arg_text(m, a ? 1 : 0);
	m->compared = 1;
	for (size_t i = 0; i < s.n && i < 64; i++)
		m->compared = (m->compared ^ s.p[i]) * 16777619u;
}

uint64_t model_text_compare(struct machine *m, const struct model *self)
{
	bool bytes = self->param == 4, counted = self->param >= 2, fold = self->param == 1 || self->param == 3;
	uint64_t n = counted ? arg(m, 2) : TEXT_CAP, a = arg(m, 0), b = arg(m, 1);
	n = n < TEXT_CAP ? n : TEXT_CAP;
	note_compare(m, counted);
	for (uint64_t i = 0; i < n; i++) {
		int x = (int)guest_number(&m->g, a + i, 1), y = (int)guest_number(&m->g, b + i, 1);
		if (fold) {
			x = tolower(x);
			y = tolower(y);
		}
		if (x != y)
			return (uint64_t)(int64_t)(x < y ? -1 : 1);
		if (x == 0 && !bytes)
			break;
	}
	return 0;
}

uint64_t model_text_case(struct machine *m, const struct model *self)
{
	int c = (int)arg_int(m, 0);
	if (c < 0 || c > 255)
		return (uint64_t)(int64_t)c;
	return (uint64_t)(self->param ? toupper(c) : tolower(c));
}

uint64_t model_text_number(struct machine *m, const struct model *self)
{
	uint64_t at = arg(m, 0);
	struct span s = guest_text(&m->g, at, 64);
	char text[65] = { 0 };
	memcpy(text, s.p ? s.p : (const uint8_t *)"", s.n);
	int base = self->param ? (int)arg_int(m, 2) : 10;
	char *end = text;
	uint8_t shade = source_of_text(m, at);
	long long v = strtoll(text, &end, base >= 0 && base <= 36 && base != 1 ? base : 10);
	size_t used = (size_t)(end - text);
	if (shade && used == 0) {
		v = (long long)source_number(m, shade);
		used = s.n;
	}
	if (self->param && arg(m, 1))
		guest_put_pointer(&m->g, arg(m, 1), at + used);
	if (!m->cpu->wide && !m->cpu->big)       /* strtoll() */
		reg_set(m, m->cpu->ret2, (uint64_t)v >> 32);
	return (uint64_t)v;
}

uint64_t model_text_error(struct machine *m, const struct model *self)
{
	(void)self;
	return heap_text(m, SPAN_LIT("error"));
}

uint64_t model_text_base(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t at = arg(m, 0);
	struct span s = guest_text(&m->g, at, TEXT_CAP);
	const uint8_t *slash = s.n ? memrchr(s.p, '/', s.n) : NULL;
	return slash ? at + (uint64_t)(slash - s.p) + 1 : at;
}

uint64_t model_text_same(struct machine *m, const struct model *self)
{
	return arg(m, (unsigned)self->param);
}

/* A path or a name that the machine has and we do not. */
uint64_t model_text_fill(struct machine *m, const struct model *self)
{
	uint64_t at = arg(m, span_starts(m->callee, SPAN_LIT("readlink")) || span_is(m->callee, "realpath")
			    || span_is(m->callee, "__realpath_chk") ? 1 : 0);
	uint8_t shade = source_add(m, "result of %.*s", (int)m->callee.n, (const char *)m->callee.p);
	if (!at)
		at = heap_new(m, 32);
	source_fill(m, at, 12, shade);
	guest_put_number(&m->g, at + 12, 0, 1, shade);
	if (span_starts(m->callee, SPAN_LIT("readlink")))
		return 12;
	return self->param ? 0 : at;
}

/* ---- <ctype.h>: glibc's tables, built when first asked for ---- */

static unsigned glibc_bits(int c)
{
	unsigned v = 0;
	v |= isupper(c) ? 1u << 8 : 0;
	v |= islower(c) ? 1u << 9 : 0;
	v |= isalpha(c) ? 1u << 10 : 0;
	v |= isdigit(c) ? 1u << 11 : 0;
	v |= isxdigit(c) ? 1u << 12 : 0;
	v |= isspace(c) ? 1u << 13 : 0;
	v |= isprint(c) ? 1u << 14 : 0;
	v |= isgraph(c) ? 1u << 15 : 0;
	v |= isblank(c) ? 1u << 0 : 0;
	v |= iscntrl(c) ? 1u << 1 : 0;
	v |= ispunct(c) ? 1u << 2 : 0;
	v |= isalnum(c) ? 1u << 3 : 0;
	return v;
}

uint64_t model_ctype_table(struct machine *m, const struct model *self)
{
	uint64_t which = (uint64_t)self->param, cell = AT_CELLS + 0x9100 + which * 16,
		 table = AT_CTYPE + which * 0x800;
	if (guest_pointer(&m->g, cell))
		return cell;
	for (uint64_t i = 0; i < 384; i++) {
		int c = (int)i - 128;
		int low = c < 0 ? c + 256 : c;
		/* The bits are defined by byte order: glibc's _ISbit. */
		unsigned v = c < 0 ? 0 : glibc_bits(c);
		if (m->g.big)
			v = (v >> 8 | v << 8) & 0xffff;
		if (self->param == 0)
			guest_put_number(&m->g, table + 2 * i, v, 2, SHADE_NONE);
		else
			guest_put_number(&m->g, table + 4 * i,
					 (uint64_t)(self->param == 1 ? toupper(low) : tolower(low)), 4, SHADE_NONE);
	}
	guest_put_pointer(&m->g, cell, table + (self->param ? 512 : 256));
	return cell;
}

uint64_t model_ctype_is(struct machine *m, const struct model *self)
{
	static const unsigned masks[] = { 1 << 10, 1 << 11, 1 << 13, 1 << 3, 1 << 8, 1 << 12, 1 << 14, 1 << 2 };
	enum { SPACE = 2, PRINT = 6 };
	int c = (int)arg_int(m, 0);
	if (self->param != SPACE && self->param != PRINT)
		kind_of_character(m, (uint8_t)c);
	return c >= 0 && c < 256 && (glibc_bits(c) & masks[self->param]) != 0;
}
