/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Outside bytes that instructions compare with constants: magic numbers in headers, and strcmp() where the
 * compiler has put word compares in its place. Before a block with a compare runs, its steps are followed with
 * the registers as they are: every byte of a value knows the address it was loaded from. Compares of the same
 * source at addresses that follow one another are put together; they are written when the text ends, or when a
 * call of interest follows on the side where they hold. */
#include "fw/flow/machine.h"

#include <ctype.h>

enum { REGS = 20, STORES = 8, LOOKS = 64, LOOKS_HIT = 400, WORD = 8, TEXT_LEAST = 3, BEFORE = 1 };

struct seen {
	uint64_t v;
	uint32_t from[WORD];                     /* where byte i (the lowest is 0) was loaded from; 0: nowhere */
	uint64_t more, mask;                     /* what was added to it and turned over in it since */
	bool known;
};

struct look {
	struct machine *m;
	struct { int16_t reg; struct seen value; } regs[REGS];
	unsigned nregs;
	struct { uint64_t at; unsigned size; struct seen value; } stores[STORES];
	unsigned nstores;
	bool lost;
};

static const struct seen unknown;

static uint64_t ones(unsigned bytes)
{
	return bytes >= WORD ? UINT64_MAX : ((uint64_t)1 << 8 * bytes) - 1;
}

static struct seen constant(uint64_t v)
{
	return (struct seen){ .v = v, .known = true };
}

static struct seen *slot(struct look *l, int reg)
{
	for (unsigned i = 0; i < l->nregs; i++)
		if (l->regs[i].reg == reg)
			return &l->regs[i].value;
	return NULL;
}

static void set(struct look *l, int reg, struct seen v)
{
	struct seen *s = reg ? slot(l, reg) : NULL;
	if (!reg || (!s && l->nregs == REGS)) {
		l->lost |= reg != 0;
		return;
	}
	if (!s) {
		l->regs[l->nregs].reg = (int16_t)reg;
		s = &l->regs[l->nregs++].value;
	}
	*s = v;
}

static struct seen get(struct look *l, int reg)
{
	const struct seen *s = slot(l, reg);
	if (s)
		return *s;
	return l->lost ? unknown : constant(reg_get(l->m, reg));
}

/* ---- operands ---- */

static struct seen resize(struct seen v, unsigned size, bool is_signed)
{
	if (size == 0 || size >= WORD)
		return v;
	uint64_t low = v.v & ones(size);
	bool minus = is_signed && low >> (8 * size - 1);
	v.v = minus ? low | ~ones(size) : low;
	for (unsigned i = size; i < WORD; i++)
		v.from[i] = 0;
	return v;
}

static struct seen shifted(struct seen x, int by)
{
	struct seen r = { .known = x.known, .v = by >= 0 ? x.v << by : x.v >> -by };
	for (int i = 0; by % 8 == 0 && !x.more && !x.mask && i < WORD; i++) {
		int k = i - by / 8;
		r.from[i] = k >= 0 && k < WORD ? x.from[k] : 0;
	}
	return r;
}

static bool address_of(struct look *l, const struct operand *o, uint64_t *at)
{
	struct seen base = o->reg ? get(l, o->reg) : constant(0), index = o->index ? get(l, o->index) : constant(0);
	if (!base.known || !index.known)
		return false;
	index = shifted(index, o->shift);
	*at = base.v + index.v + (uint64_t)o->imm;
	if (!l->m->cpu->wide)
		*at &= UINT32_MAX;
	return true;
}

static struct seen load(struct look *l, uint64_t at, unsigned size)
{
	for (unsigned i = l->nstores; i-- > 0;) {
		uint64_t a = l->stores[i].at;
		if (at + size <= a || a + l->stores[i].size <= at)
			continue;
		return at == a && size == l->stores[i].size ? l->stores[i].value : unknown;
	}
	if (!guest_bytes(&l->m->g, at, size) || size > WORD)
		return unknown;
	struct seen v = constant(guest_number(&l->m->g, at, size));
	for (unsigned i = 0; i < size; i++)
		v.from[i] = (uint32_t)(at + (l->m->g.big ? size - 1 - i : i));
	return v;
}

static struct seen operand(struct look *l, const struct operand *o)
{
	uint64_t at;
	switch (o->kind) {
	case OPERAND_REG:
		return resize(o->shift ? shifted(get(l, o->reg), o->shift) : get(l, o->reg), o->size, o->is_signed);
	case OPERAND_IMM: return constant((uint64_t)o->imm);
	case OPERAND_MEM: return address_of(l, o, &at) ? resize(load(l, at, o->size), o->size, o->is_signed) : unknown;
	case OPERAND_ADDRESS: return address_of(l, o, &at) ? constant(at) : unknown;
	default: return unknown;
	}
}

static bool is_constant(const struct seen *v)
{
	for (unsigned i = 0; i < WORD; i++)
		if (v->from[i])
			return false;
	return v->known;
}

/* ---- steps ---- */

static struct seen bits(enum step_op op, struct seen x, struct seen y)
{
	struct seen r = { .known = x.known && y.known };
	r.v = op == STEP_OR ? x.v | y.v : op == STEP_AND ? x.v & y.v : x.v ^ y.v;
	if (x.more || y.more || x.mask || y.mask || !r.known)
		return r;
	for (unsigned i = 0; i < WORD; i++) {
		uint8_t a = (uint8_t)(x.v >> 8 * i), b = (uint8_t)(y.v >> 8 * i);
		if (op == STEP_AND)
			r.from[i] = !y.from[i] && b == 0xff ? x.from[i] : !x.from[i] && a == 0xff ? y.from[i] : 0;
		else
			r.from[i] = !y.from[i] && (b == 0 || op == STEP_XOR) ? x.from[i]
				: !x.from[i] && (a == 0 || op == STEP_XOR) ? y.from[i] : 0;
	}
	if (op == STEP_XOR)
		r.mask = is_constant(&y) ? y.v : is_constant(&x) ? x.v : 0;
	return r;
}

static struct seen sum(struct seen x, struct seen y, bool minus)
{
	struct seen r = is_constant(&y) ? x : !minus && is_constant(&x) ? y : (struct seen){ 0 };
	uint64_t by = is_constant(&y) ? y.v : x.v;
	r.known = x.known && y.known;
	r.v = minus ? x.v - y.v : x.v + y.v;
	r.more += minus ? -by : by;
	if (r.mask)
		return (struct seen){ .v = r.v, .known = r.known };
	return r;
}

static struct seen turned(struct seen x, unsigned size, unsigned within)
{
	struct seen r = { .known = x.known && !x.more && !x.mask };
	for (unsigned i = 0; i < size && size <= WORD; i++) {
		unsigned k = i / within * within + within - 1 - i % within;
		r.v |= (x.v >> 8 * k & 0xff) << 8 * i;
		r.from[i] = x.from[k];
	}
	return r;
}

/* MIPS32 lwl and lwr: part of a word that is not aligned joins the rest. */
static struct seen part(struct look *l, const struct step *s, bool left)
{
	uint64_t at;
	if (!address_of(l, &s->x, &at))
		return unknown;
	struct seen r = operand(l, &s->y);
	bool big = l->m->g.big;
	unsigned into = at & 3, n = left == big ? 4 - into : into + 1;
	for (unsigned i = 0; i < n; i++) {
		unsigned to = left ? 3 - i : i;  /* byte of the register, from its end inwards */
		uint64_t a = left == big ? at + i : at - i;
		struct seen one = load(l, a, 1);
		r.known &= one.known;
		r.v = (r.v & ~((uint64_t)0xff << 8 * to)) | (one.v & 0xff) << 8 * to;
		r.from[to] = one.from[0];
	}
	return r;
}

static void store(struct look *l, const struct step *s)
{
	uint64_t at;
	if (!address_of(l, &s->x, &at) || l->nstores == STORES)
		return;                          /* pointers that are not known are taken to lead elsewhere */
	l->stores[l->nstores].at = at;
	l->stores[l->nstores].size = s->x.size;
	l->stores[l->nstores++].value = resize(operand(l, &s->y), s->x.size, false);
}

static void push(struct look *l, const struct step *s, bool pop)
{
	uint64_t size = l->m->cpu->wide ? 8 : 4;
	struct seen sp = get(l, s->dst);
	sp.v += pop ? size : -size;
	if (pop && s->x.kind == OPERAND_REG)
		set(l, s->x.reg, unknown);
	if (!pop && sp.known && l->nstores < STORES) {
		l->stores[l->nstores].at = sp.v;
		l->stores[l->nstores].size = (unsigned)size;
		l->stores[l->nstores++].value = unknown;
	}
	set(l, s->dst, sp);
}

/* ---- compares ---- */

static uint8_t marked(struct look *l, const struct seen *v)
{
	for (unsigned i = 0; v->known && i < WORD; i++) {
		uint8_t shade = v->from[i] ? source_at(l->m, v->from[i]) : 0;
		if (shade)
			return shade;
	}
	return 0;
}

static void note(struct machine *m, struct span text)
{
	m->compared = 1;
	for (size_t i = 0; i < text.n; i++)
		m->compared = (m->compared ^ text.p[i]) * 16777619u;
	m->compared_at = m->ticks;
	m->compared_block = m->prev;
}

static bool is_text(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return s.n >= TEXT_LEAST;
}

void compare_flush(struct machine *m)
{
	struct spread s = m->spread;
	m->spread.n = 0;
	if (s.n == 0)
		return;
	size_t n = s.n;
	while (n && s.text[n - 1] == 0)
		n--;
	struct span text = span_of(s.text, n);
	if (is_text(text) && (s.pieces > 1 || n < s.n))
		call_compare_text(m, s.site, text, s.shade);
	else if (s.width > 1 && (uint64_t)s.value > 0xff)
		call_compare(m, s.site, s.value, s.shade, "compare");
}

/* n bytes from `at` on are compared with these. */
static void spread_add(struct machine *m, uint32_t site, uint32_t at, struct span with, uint8_t shade, int64_t value)
{
	struct spread *s = &m->spread;
	bool joins = s->n && s->shade == shade && at <= s->next && at + with.n > s->next && s->next - at <= s->n;
	if (joins)
		with = span_from(with, s->next - at);
	if (!joins) {
		compare_flush(m);
		if (with.n == 1 && with.p[0] == 0)
			return;                  /* the end of a text that nothing is known of */
		*s = (struct spread){ .site = site, .value = value, .shade = shade, .width = (uint8_t)with.n, .next = at };
	}
	for (size_t i = 0; i < with.n && s->n < sizeof(s->text); i++)
		s->text[s->n++] = with.p[i];
	s->next += (uint32_t)with.n;
	s->pieces++;
	s->block = m->prev;
	note(m, span_of(s->text, s->n));
}

/* A loop over two texts: what the constant one holds as a whole is what the first bytes are compared with. */
static bool compare_loop(struct machine *m, uint32_t site, uint32_t constant_at, uint8_t shade)
{
	const struct module *mod = code_module(&m->code, constant_at);
	for (unsigned i = 0; !mod && i < m->code.nmodules; i++)
		if (constant_at - m->code.modules[i].base < m->code.modules[i].size)
			mod = &m->code.modules[i];
	struct span text = guest_text(&m->g, constant_at, sizeof(m->spread.text));
	if (!mod || guest_number(&m->g, constant_at - BEFORE, 1) || !is_text(text))
		return mod != NULL;
	call_compare_text(m, site, text, shade);
	note(m, text);
	return true;
}

/* x is outside, y is not. */
static void compare_values(struct machine *m, uint32_t site, const struct seen *x, const struct seen *y, unsigned width,
			   uint8_t shade)
{
	uint64_t want = (y->v - x->more) ^ x->mask;
	uint32_t at[WORD];
	uint8_t with[WORD];
	unsigned n = 0;
	for (unsigned i = 0; i < width; i++) {
		uint8_t b = (uint8_t)(want >> 8 * i);
		if (!x->from[i]) {
			if ((uint8_t)(x->v >> 8 * i) != (uint8_t)(y->v >> 8 * i))
				return;          /* never equal */
			continue;
		}
		unsigned k = n++;
		for (; k && at[k - 1] > x->from[i]; k--) {
			at[k] = at[k - 1];
			with[k] = with[k - 1];
		}
		at[k] = x->from[i];
		with[k] = b;
	}
	for (unsigned i = 1; i < n; i++)
		if (at[i] != at[i - 1] + 1)
			return;
	spread_add(m, site, at[0], span_of(with, n), shade, (int64_t)(want & ones(n)));
}

static void compare(struct look *l, uint32_t site, const struct step *s)
{
	struct seen x = operand(l, &s->x), y = operand(l, &s->y);
	uint8_t a = marked(l, &x), b = marked(l, &y);
	unsigned width = s->x.kind == OPERAND_IMM ? s->y.size : s->x.size;
	width = width && width < WORD ? width : l->m->cpu->wide ? 8 : 4;
	if (!a == !b || !x.known || !y.known)
		return;
	struct seen *outside = a ? &x : &y, *other = a ? &y : &x;
	const struct operand *o = a ? &s->x : &s->y;
	l->m->equal.reg = o->kind == OPERAND_REG && !o->shift && !outside->more && !outside->mask ? o->reg : 0;
	l->m->equal.was = get(l, o->reg).v;
	l->m->equal.is = other->v;
	bool loaded = !is_constant(other);
	uint32_t low = 0;
	for (unsigned i = 0; i < WORD; i++)
		low = other->from[i] && (!low || other->from[i] < low) ? other->from[i] : low;
	if (!loaded || !compare_loop(l->m, site, low, a ? a : b))
		compare_values(l->m, site, outside, other, width, a ? a : b);
}

/* repe cmpsb: what older compilers put in place of memcmp() and strcmp(). */
static void compare_text(struct look *l, uint32_t site, const struct step *s)
{
	struct machine *m = l->m;
	struct seen a = get(l, s->dst), b = get(l, s->x.reg);
	struct seen n = get(l, m->cpu->wide ? UC_X86_REG_RCX : UC_X86_REG_ECX);
	uint8_t left = a.known ? source_at(m, a.v) : 0, right = b.known ? source_at(m, b.v) : 0;
	l->lost = true;
	if (!left == !right || !n.known || !a.known || !b.known)
		return;
	struct span text = guest_text(&m->g, left ? b.v : a.v, n.v < sizeof(m->spread.text) ? n.v : sizeof(m->spread.text));
	if (!is_text(text))
		return;
	compare_flush(m);
	call_compare_text(m, site, text, left ? left : right);
	note(m, text);
}

static struct seen result(const struct look *l, const struct step *s, struct seen x, struct seen y)
{
	unsigned size = s->x.size < WORD && s->x.size ? s->x.size : l->m->cpu->wide ? 8 : 4;
	switch (s->op) {
	case STEP_MOVE: return x;
	case STEP_ADD: return resize(sum(x, y, false), size, false);
	case STEP_SUB: return resize(sum(x, y, true), size, false);
	case STEP_OR:
	case STEP_AND:
	case STEP_XOR: return resize(bits((enum step_op)s->op, x, y), size, false);
	case STEP_LEFT: return y.known && y.v < 64 ? resize(shifted(x, (int)y.v), size, false) : unknown;
	case STEP_RIGHT: return y.known && y.v < 64 ? resize(shifted(x, -(int)y.v), size, false) : unknown;
	case STEP_TURN: return turned(x, size, size);
	case STEP_TURN_HALVES: return turned(x, size, 2);
	case STEP_INSERT:
		x.v = (x.v & ~((uint64_t)0xffff << s->y.shift)) | (uint64_t)s->y.imm << s->y.shift;
		memset(x.from, 0, sizeof(x.from));
		return x;
	default: return unknown;
	}
}

static void forget(struct look *l, const struct step *s)
{
	set(l, s->dst, unknown);
	set(l, s->dst2, unknown);
	set(l, s->dst3, unknown);
}

static void step_run(struct look *l, uint32_t site, const struct step *s)
{
	if (s->compares || s->op == STEP_COMPARE)
		compare(l, site, s);
	switch (s->op) {
	case STEP_LOSE:
		l->lost = true;
		l->nregs = 0;
		return;
	case STEP_STORE:
		store(l, s);
		set(l, s->dst2, unknown);
		return;
	case STEP_PUSH:
	case STEP_POP: push(l, s, s->op == STEP_POP); return;
	case STEP_COMPARE_TEXT: compare_text(l, site, s); return;
	case STEP_LEFT_PART:
	case STEP_RIGHT_PART: set(l, s->dst, part(l, s, s->op == STEP_LEFT_PART)); return;
	case STEP_COMPARE:
	case STEP_FORGET: forget(l, s); return;
	default: break;
	}
	set(l, s->dst, result(l, s, operand(l, &s->x), operand(l, &s->y)));
	set(l, s->dst2, unknown);
}

/* Compilers load the next byte in the delay slot of a branch, or well before: what a register was loaded from in the
 * block before still holds when the register has not changed. */
static void carry_in(struct look *l)
{
	const struct carried *c = &l->m->carried;
	if (!c->block || c->block != (l->m->before ? l->m->before : CARRIED_HERE))
		return;
	for (unsigned i = 0; i < c->n; i++) {
		struct seen v = constant(c->regs[i].value);
		if (reg_get(l->m, c->regs[i].reg) != c->regs[i].value)
			continue;
		memcpy(v.from, c->regs[i].from, sizeof(v.from));
		set(l, c->regs[i].reg, v);
	}
}

static void carry_out(struct look *l, uint32_t block)
{
	struct carried *c = &l->m->carried;
	*c = (struct carried){ .block = block };
	for (unsigned i = 0; i < l->nregs && c->n < CARRIED; i++) {
		const struct seen *v = &l->regs[i].value;
		if (!marked(l, v) || v->more || v->mask)
			continue;
		c->regs[c->n].reg = l->regs[i].reg;
		c->regs[c->n].value = l->m->cpu->wide ? v->v : (uint32_t)v->v;
		memcpy(c->regs[c->n++].from, v->from, sizeof(v->from));
	}
}

/* Where in memory the character was loaded from: a register, or a word near the top of the stack, points to it or
 * to one of its neighbours. */
static uint32_t character_at(const struct machine *m, uint8_t c)
{
	enum { STACK_LOOKED = 256 };
	unsigned size = m->cpu->wide ? 8 : 4;
	uint64_t sp = reg_get(m, m->cpu->sp);
	for (unsigned i = 0; i < CPU_GENERAL + STACK_LOOKED / size; i++) {
		uint64_t v = i >= CPU_GENERAL ? guest_pointer(&m->g, sp + (uint64_t)(i - CPU_GENERAL) * size)
					  : cpu_general(m->cpu, i) ? reg_get(m, cpu_general(m->cpu, i)) : 0;
		for (int k = 0; v > 0x1000 && k < 3; k++) {
			uint64_t at = v + (k == 0 ? 0 : k == 1 ? -1ull : 1ull);
			const uint8_t *b = guest_bytes(&m->g, at, 1);
			if (b && *b == c && source_at(m, at))
				return (uint32_t)at;
		}
	}
	return 0;
}

/* One after the other: the text is gone through, as who lets only some characters pass does. Blanks at its ends are
 * asked for by everybody. */
void compare_kind(struct machine *m, uint8_t c)
{
	enum { ENOUGH = 2 };
	struct gone *w = &m->gone;
	uint32_t at = m->starting || w->n > ENOUGH ? 0 : character_at(m, c);
	uint8_t shade = at ? source_at(m, at) : 0;
	if (!at || (at == w->at && shade == w->shade))
		return;
	uint8_t n = shade == w->shade && at == w->at + 1 ? (uint8_t)(w->n + 1) : 1;
	*w = (struct gone){ .at = at, .shade = shade, .n = n };
	if (n == ENOUGH)
		call_compare_kind(m, m->frame ? m->blocks[m->prev ? m->prev - 1 : 0].addr : 0, shade);
}

void compare_look(struct machine *m, uint32_t block)
{
	struct block *b = &m->blocks[block - 1];
	bool hit = m->compared_block == block;
	if (b->peeked >= (hit ? LOOKS_HIT : LOOKS))
		return;
	b->peeked++;
	struct look l = { .m = m };
	carry_in(&l);
	for (uint32_t at = b->addr, end = b->end; at < end; at++) {
		uint32_t i = addrmap_get(&m->code.step_at, at);
		if (i)
			step_run(&l, at, &m->code.steps[i - 1]);
	}
	carry_out(&l, block);
}

unsigned compare_count(struct machine *m, const struct block *b)
{
	unsigned n = 0;
	for (uint32_t at = b->addr; at < b->end; at++) {
		uint32_t i = addrmap_get(&m->code.step_at, at);
		const struct step *s = i ? &m->code.steps[i - 1] : NULL;
		n += s && (s->compares || s->op == STEP_COMPARE || s->op == STEP_COMPARE_TEXT);
	}
	return n;
}

/* 1: equal on this side, 0: not, -1: it is no question of equality. */
static int holds(const struct turn *t, bool taken)
{
	return t->equal == 0 ? -1 : (t->equal == 1) == taken;
}

void compare_branch(struct machine *m, const struct turn *t, bool taken)
{
	if (m->spread.n && m->spread.block == m->prev && holds(t, taken) != 1)
		m->spread.n = 0;
}

struct spread compare_other(const struct machine *m, const struct turn *t, bool taken)
{
	struct spread s = m->spread;
	if (s.n && s.block == m->prev && holds(t, taken) != 1)
		s.n = 0;
	return s;
}
