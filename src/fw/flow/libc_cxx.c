/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Models of libstdc++: new, and those members of std::string that compilers do not put in line (names of the
 * Itanium C++ ABI, 5.1; layout of libstdc++ since GCC 5: pointer, length, then the room or up to 15 characters). */
#include "fw/flow/libc.h"

enum { LOCAL = 15, STRING_MAX = 1 << 15 };

static unsigned word(const struct machine *m)
{
	return m->g.wide ? 8 : 4;
}

static uint64_t data_of(const struct machine *m, uint64_t s)
{
	return guest_pointer(&m->g, s);
}

static uint64_t length_of(const struct machine *m, uint64_t s)
{
	uint64_t n = guest_pointer(&m->g, s + word(m));
	return n < STRING_MAX ? n : 0;
}

static void set_length(struct machine *m, uint64_t s, uint64_t n)
{
	guest_put_pointer(&m->g, s + word(m), n);
	guest_put_number(&m->g, data_of(m, s) + n, 0, 1, SHADE_COPIED);
}

static void make_empty(struct machine *m, uint64_t s)
{
	guest_put_pointer(&m->g, s, s + 2 * word(m));
	set_length(m, s, 0);
}

/* The text moves when what it is to hold does not fit where it is. */
static void make_room(struct machine *m, uint64_t s, uint64_t n)
{
	uint64_t at = data_of(m, s), have = length_of(m, s);
	uint64_t room = at == s + 2 * word(m) ? LOCAL : guest_pointer(&m->g, s + 2 * word(m));
	if (n <= room)
		return;
	uint64_t to = heap_new(m, n + 1);
	guest_copy(&m->g, to, at, have);
	guest_put_pointer(&m->g, s, to);
	guest_put_pointer(&m->g, s + 2 * word(m), n);
}

/* n bytes of `from` stand where `cut` bytes from pos on stood; from 0: what stands there is left to the caller. */
static void replace(struct machine *m, uint64_t s, uint64_t pos, uint64_t cut, uint64_t from, uint64_t n)
{
	uint64_t have = length_of(m, s);
	if (pos > have || n > STRING_MAX)
		return;
	cut = cut < have - pos ? cut : have - pos;
	uint64_t rest = have - pos - cut, copy = heap_new(m, rest + n + 1);
	guest_copy(&m->g, copy, data_of(m, s) + pos + cut, rest);
	if (from)
		guest_copy(&m->g, copy + rest, from, n);          /* it may be a part of the same text */
	make_room(m, s, have - cut + n);
	if (from)
		guest_copy(&m->g, data_of(m, s) + pos, copy + rest, n);
	guest_copy(&m->g, data_of(m, s) + pos + n, copy, rest);
	set_length(m, s, have - cut + n);
}

static uint64_t bytes_of(struct machine *m, uint64_t c, uint64_t n)
{
	uint64_t p = heap_new(m, n + 1);
	guest_fill(&m->g, p, (uint8_t)c, n, SHADE_BUILT);
	return p;
}

/* What the argument is: see CXX_… in libc.h. */
static uint64_t given(struct machine *m, unsigned how, unsigned i, uint64_t *n)
{
	switch (how) {
	case CXX_TEXT: *n = arg_text(m, i).n; return arg(m, i);
	case CXX_BYTES: *n = arg(m, i + 1); return arg(m, i);
	case CXX_STRING: *n = length_of(m, arg(m, i)); return data_of(m, arg(m, i));
	case CXX_CHARACTER: *n = 1; return bytes_of(m, arg(m, i), 1);
	case CXX_RANGE: *n = arg(m, i + 1) - arg(m, i); return arg(m, i);
	default: *n = arg(m, i) < STRING_MAX ? arg(m, i) : 0; return bytes_of(m, arg(m, i + 1), *n);
	}
}

uint64_t model_cxx_new(struct machine *m, const struct model *self)
{
	(void)self;
	return heap_new(m, arg(m, 0) < 1 << 20 ? arg(m, 0) : 1 << 20);
}

/* _M_create(room, old): memory alone. */
uint64_t model_cxx_create(struct machine *m, const struct model *self)
{
	(void)self;
	return heap_new(m, guest_pointer(&m->g, arg(m, 1)) + 1);
}

uint64_t model_cxx_make(struct machine *m, const struct model *self)
{
	uint64_t n = 0, from = self->param == CXX_NOTHING ? 0 : given(m, (unsigned)self->param, 1, &n);
	make_empty(m, arg(m, 0));
	if (from)
		replace(m, arg(m, 0), 0, 0, from, n);
	return arg(m, 0);
}

uint64_t model_cxx_assign(struct machine *m, const struct model *self)
{
	uint64_t n, from = given(m, (unsigned)self->param, 1, &n);
	replace(m, arg(m, 0), 0, length_of(m, arg(m, 0)), from, n);
	return arg(m, 0);
}

uint64_t model_cxx_append(struct machine *m, const struct model *self)
{
	uint64_t n, from = given(m, (unsigned)self->param, 1, &n);
	replace(m, arg(m, 0), length_of(m, arg(m, 0)), 0, from, n);
	return arg(m, 0);
}

uint64_t model_cxx_replace(struct machine *m, const struct model *self)
{
	uint64_t n, from = given(m, (unsigned)self->param, 3, &n);
	replace(m, arg(m, 0), arg(m, 1), arg(m, 2), from, n);
	return arg(m, 0);
}

uint64_t model_cxx_reserve(struct machine *m, const struct model *self)
{
	(void)self;
	if (arg(m, 1) < STRING_MAX)
		make_room(m, arg(m, 0), arg(m, 1));
	return arg(m, 0);
}

/* Where a character, or a text, stands; in bytes of outside it is found somewhere. */
uint64_t model_cxx_find(struct machine *m, const struct model *self)
{
	enum { SOMEWHERE = 4 };
	uint64_t s = arg(m, 0), none = m->g.wide ? UINT64_MAX : UINT32_MAX, have = length_of(m, s), n;
	uint64_t what = given(m, (unsigned)self->param, 1, &n), pos = arg(m, 2);
	if (self->param == CXX_BYTES)
		n = arg(m, 3);
	const uint8_t *b = guest_bytes(&m->g, data_of(m, s), have), *w = guest_bytes(&m->g, what, n);
	if (!b || !w || pos >= have)
		return none;
	const uint8_t *hit = memmem(b + pos, have - pos, w, n);
	if (hit)
		return (uint64_t)(hit - b);
	return have > 2 * SOMEWHERE && pos == 0 && source_of_text(m, data_of(m, s)) ? SOMEWHERE : none;
}

/* find_first_of(set, pos, n) and find_first_not_of(): what a text may hold, or may not, is asked for. */
uint64_t model_cxx_find_of(struct machine *m, const struct model *self)
{
	uint64_t s = arg(m, 0), none = m->g.wide ? UINT64_MAX : UINT32_MAX, have = length_of(m, s), n = arg(m, 3);
	const uint8_t *b = guest_bytes(&m->g, data_of(m, s), have), *set = guest_bytes(&m->g, arg(m, 1), n);
	if (!b || !set)
		return none;
	kind_listed(m, data_of(m, s), span_of(set, n));
	for (uint64_t i = arg(m, 2); i < have; i++)
		if ((memchr(set, b[i], n) != NULL) == (self->param == 0))
			return i;
	return none;
}

uint64_t model_cxx_compare(struct machine *m, const struct model *self)
{
	static const struct model seen = { .names = "compare", .class = CALL_COMPARE, .sig = "left:s right:s" };
	uint64_t n, right = given(m, (unsigned)self->param, 1, &n), left = data_of(m, arg(m, 0));
	uint64_t list = heap_new(m, 2 * word(m));
	struct span a = guest_text(&m->g, left, GUEST_TEXT), b = guest_text(&m->g, right, GUEST_TEXT);
	bool outside = source_of_text(m, left) != 0;
	int v = span_eq(a, b) ? 0 : 1;
	if (outside == (source_of_text(m, right) != 0))
		return (uint64_t)(int64_t)v;
	guest_put_pointer(&m->g, list, left);
	guest_put_pointer(&m->g, list + word(m), right);
	uint64_t was = m->arg_base;
	m->arg_base = list;
	call_write(m, &seen, "compare", (uint64_t)(int64_t)v);
	m->arg_base = was;
	return (uint64_t)(int64_t)v;
}

/* substr(pos, n): into the place that the caller gives, in the register for it or as the first argument. */
uint64_t model_cxx_part(struct machine *m, const struct model *self)
{
	bool own = m->cpu->machine == EM_AARCH64_;
	uint64_t to = own ? reg_get(m, UC_ARM64_REG_X8) : arg(m, 0), s = arg(m, own ? 0 : 1);
	uint64_t pos = arg(m, own ? 1 : 2), n = arg(m, own ? 2 : 3), have = length_of(m, s);
	(void)self;
	make_empty(m, to);
	if (pos <= have)
		replace(m, to, 0, 0, data_of(m, s) + pos, n < have - pos ? n : have - pos);
	return to;
}

/* struct _Rb_tree_node_base: color, parent, left, right. Kept without balance, which nobody sees. */
static uint64_t tree_get(const struct machine *m, uint64_t node, unsigned i)
{
	return guest_pointer(&m->g, node + i * word(m));
}

static void tree_put(struct machine *m, uint64_t node, unsigned i, uint64_t v)
{
	guest_put_pointer(&m->g, node + i * word(m), v);
}

enum { PARENT = 1, LEFT, RIGHT, STEPS = 64 };

uint64_t model_cxx_tree_insert(struct machine *m, const struct model *self)
{
	(void)self;
	bool left = arg(m, 0) & 1;
	uint64_t x = arg(m, 1), p = arg(m, 2), header = arg(m, 3);
	tree_put(m, x, PARENT, p);
	tree_put(m, x, LEFT, 0);
	tree_put(m, x, RIGHT, 0);
	if (p == header) {
		tree_put(m, header, PARENT, x);
		tree_put(m, header, LEFT, x);
		tree_put(m, header, RIGHT, x);
		return 0;
	}
	tree_put(m, p, left ? LEFT : RIGHT, x);
	if (p == tree_get(m, header, left ? LEFT : RIGHT))
		tree_put(m, header, left ? LEFT : RIGHT, x);
	return 0;
}

/* The next node in order; param 1: the one before. From the end, which is the header, before is its last. */
uint64_t model_cxx_tree_step(struct machine *m, const struct model *self)
{
	unsigned on = self->param ? LEFT : RIGHT, back = self->param ? RIGHT : LEFT;
	uint64_t x = arg(m, 0), p = tree_get(m, x, PARENT), next = tree_get(m, x, on);
	if (self->param && p && tree_get(m, p, PARENT) == x && (guest_number(&m->g, x, 4) == 0 || p == tree_get(m, x, on)))
		return tree_get(m, x, RIGHT);
	for (unsigned i = 0; next && i < STEPS; i++) {
		x = next;
		next = tree_get(m, x, back);
		if (!next)
			return x;
	}
	for (unsigned i = 0; i < STEPS && x == tree_get(m, p, on); i++) {
		x = p;
		p = tree_get(m, p, PARENT);
	}
	return tree_get(m, x, on) != p ? p : x;
}
