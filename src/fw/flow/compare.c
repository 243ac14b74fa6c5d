/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Outside bytes that instructions compare with constants: magic numbers in headers, and strcmp() where the
 * compiler has put word compares in its place. Before a block with a compare runs, its steps are followed with
 * the registers as they are: every byte of a value knows the address it was loaded from. Compares of the same
 * source at addresses that follow one another are put together; they are written when the text ends, or when a
 * call of interest follows on the side where they hold. */
#include "fw/flow/look.h"

#include <ctype.h>

enum { TEXT_LEAST = 3, BEFORE = 1 };

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
	if (n)
		spread_add(m, site, at[0], span_of(with, n), shade, (int64_t)(want & look_ones(n)));
}

static void compare_two(struct look *l, uint32_t site, const struct step *s)
{
	struct seen x = look_operand(l, &s->x), y = look_operand(l, &s->y);
	uint8_t a = marked(l, &x), b = marked(l, &y);
	unsigned width = s->x.kind == OPERAND_IMM ? s->y.size : s->x.size;
	width = width && width < WORD ? width : l->m->cpu->wide ? 8 : 4;
	if (!x.known || !y.known)
		return;
	if (!b && look_constant(&y))
		kind_compared(l, site, &x, y.v, s->op == STEP_ORDER);
	if (!a == !b || s->op == STEP_ORDER || x.folded || y.folded)
		return;
	struct seen *outside = a ? &x : &y, *other = a ? &y : &x;
	const struct operand *o = a ? &s->x : &s->y;
	l->m->equal.reg = o->kind == OPERAND_REG && !o->shift && !outside->more && !outside->mask ? o->reg : 0;
	l->m->equal.was = look_reg(l, o->reg).v;
	l->m->equal.is = other->v;
	bool loaded = !look_constant(other);
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
	struct seen a = look_reg(l, s->dst), b = look_reg(l, s->x.reg);
	struct seen n = look_reg(l, m->cpu->wide ? UC_X86_REG_RCX : UC_X86_REG_ECX);
	uint8_t left = a.known ? source_at(m, a.v) : 0, right = b.known ? source_at(m, b.v) : 0;
	if (!left == !right || !n.known || !a.known || !b.known)
		return;
	struct span text = guest_text(&m->g, left ? b.v : a.v, n.v < sizeof(m->spread.text) ? n.v : sizeof(m->spread.text));
	if (!is_text(text))
		return;
	compare_flush(m);
	call_compare_text(m, site, text, left ? left : right);
	note(m, text);
}

void compare_step(struct look *l, uint32_t site, const struct step *s)
{
	if (s->op == STEP_COMPARE_TEXT)
		compare_text(l, site, s);
	else
		compare_two(l, site, s);
}

/* Compilers load the next byte in the delay slot of a branch, or well before: what a register was loaded from in the
 * block before still holds when the register has not changed. */
void compare_carry_in(struct look *l)
{
	const struct carried *c = &l->m->carried;
	if (!c->block || c->block != (l->m->before ? l->m->before : CARRIED_HERE))
		return;
	for (unsigned i = 0; i < c->n; i++) {
		struct seen v = { .v = c->regs[i].value, .known = true, .more = c->regs[i].more, .folded = c->regs[i].folded };
		if (reg_get(l->m, c->regs[i].reg) != c->regs[i].value)
			continue;
		memcpy(v.from, c->regs[i].from, sizeof(v.from));
		look_begin(l, c->regs[i].reg, v);
	}
}

void compare_carry_out(struct look *l, uint32_t block)
{
	struct carried *c = &l->m->carried;
	*c = (struct carried){ .block = block };
	for (unsigned i = 0; i < l->nregs && c->n < CARRIED; i++) {
		const struct seen *v = &l->regs[i].value;
		if (!marked(l, v) || v->mask)
			continue;
		c->regs[c->n].reg = l->regs[i].reg;
		c->regs[c->n].more = v->more;
		c->regs[c->n].folded = v->folded;
		c->regs[c->n].value = l->m->cpu->wide ? v->v : (uint32_t)v->v;
		memcpy(c->regs[c->n++].from, v->from, sizeof(v->from));
	}
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
