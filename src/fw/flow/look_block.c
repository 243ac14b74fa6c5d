/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A block's steps followed before it runs, where there is something in it to look at. */
#include "fw/flow/look.h"

enum { SCALED = 12, LOOKS = 64, LOOKS_HIT = 400, LOOKS_PLACES = 16 };

static bool is_compare(const struct step *s)
{
	return s->compares || s->op == STEP_COMPARE || s->op == STEP_ORDER || s->op == STEP_COMPARE_TEXT;
}

void look_block(struct machine *m, uint32_t block)
{
	struct block *b = &m->blocks[block - 1];
	bool compares = b->compares && b->peeked < (m->compared_block == block ? LOOKS_HIT : LOOKS);
	bool forms = b->places && b->placed < LOOKS_PLACES;
	if (!compares && !forms)
		return;
	b->peeked += compares;
	b->placed += forms;
	struct look l;
	memset(&l, 0, offsetof(struct look, regs));      /* what is counted is set when it is used */
	l.m = m;
	l.compares = compares;
	l.forms = forms;
	if (l.compares)
		compare_carry_in(&l);
	if (l.forms)
		look_scaled_before(&l);
	for (uint32_t at = b->addr, end = b->end; at < end; at++) {
		uint32_t i = addrmap_get(&m->code.step_at, at);
		l.site = at;
		const struct step *s = i ? &m->code.steps[i - 1] : NULL;
		if (s && compares && is_compare(s))
			compare_step(&l, at, s);
		if (s)
			look_step(&l, s);
	}
	if (l.compares)
		compare_carry_out(&l, block);
	if (l.forms)
		places_keep(&l, block);
}

static bool is_among(const int16_t *regs, unsigned n, int16_t reg)
{
	for (unsigned i = 0; reg && i < n; i++)
		if (regs[i] == reg)
			return true;
	return false;
}

/* Whether the block makes a place of a scaled number. */
static bool has_places(struct machine *m, const struct block *b)
{
	int16_t scaled[SCALED];
	unsigned n = 0;
	bool slot = m->cpu->arch == UC_ARCH_MIPS;        /* look_scaled_before() knows */
	for (uint32_t at = b->addr; at < b->end; at++) {
		uint32_t i = addrmap_get(&m->code.step_at, at);
		const struct step *s = i ? &m->code.steps[i - 1] : NULL;
		if (!s)
			continue;
		const struct operand *x = &s->x, *y = &s->y;
		bool far = (x->index && x->shift >= 2) || is_among(scaled, n, x->index) || is_among(scaled, n, x->reg);
		if (x->kind == OPERAND_MEM && x->size >= 4 && far && s->op != STEP_STORE)
			return true;
		bool sums = s->op == STEP_ADD || s->op == STEP_SUB || s->op == STEP_MOVE;
		bool shifts = (x->kind == OPERAND_REG && x->shift >= 2) || (y->kind == OPERAND_REG && (y->shift >= 2 || slot));
		bool moved = s->op == STEP_MOVE && x->kind == OPERAND_REG;       /* ARM shifts so */
		bool scales = s->op == STEP_LEFT || s->op == STEP_FIELD || s->op == STEP_MULTIPLY
			|| (sums && x->kind != OPERAND_MEM && (far || shifts || is_among(scaled, n, y->reg)));
		if (scales && sums && !moved)
			return true;
		if (scales && n < SCALED && s->dst && s->dst != m->cpu->gp && !is_among(scaled, n, s->dst))
			scaled[n++] = s->dst;
	}
	return false;
}

static bool is_kept(struct machine *m, const struct block *b)
{
	for (uint32_t at = b->addr; m->code.unkept && at < b->end; at++)
		if (code_flags(&m->code, at) & CODE_UNKEPT)
			return false;
	return true;
}

void look_prepare(struct machine *m, struct block *b)
{
	unsigned n = 0;
	if (!is_kept(m, b))
		return;
	for (uint32_t at = b->addr; at < b->end; at++) {
		uint32_t i = addrmap_get(&m->code.step_at, at);
		const struct step *s = i ? &m->code.steps[i - 1] : NULL;
		n += s && is_compare(s);
	}
	b->compares = (uint16_t)n;
	b->places = has_places(m, b);
}
