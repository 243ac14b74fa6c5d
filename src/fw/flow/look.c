/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the steps of a block do to values, one after the other. */
#include "fw/flow/look.h"

enum { STRIDE_MOST = 512 };

static const struct seen unknown;

uint64_t look_ones(unsigned bytes)
{
	return bytes >= WORD ? UINT64_MAX : ((uint64_t)1 << 8 * bytes) - 1;
}

int64_t look_index(const struct seen *v)
{
	return v->scale > 0 ? (int64_t)(v->v - v->base) / v->scale : 0;
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

void look_set(struct look *l, int reg, struct seen v)
{
	struct seen *s = reg ? slot(l, reg) : NULL;
	if (!reg || (!s && l->nregs == LOOK_REGS)) {
		l->lost |= reg != 0;
		return;
	}
	if (!s) {
		l->regs[l->nregs].reg = (int16_t)reg;
		s = &l->regs[l->nregs++].value;
	}
	*s = v;
}

/* ---- values as base + scale * index ---- */

/* Something is mapped there, and it is no number that stands for outside bytes. */
static bool is_pointer(const struct look *l, uint64_t v)
{
	return v >= GUEST_PAGE && guest_bytes(&l->m->g, v, 1) && !source_of_number(l->m, v);
}

/* An index of its own. */
static struct seen as_index(struct look *l, struct seen v)
{
	v.scale = 1;
	v.index = ++l->indices;
	v.most = v.table = 0;
	v.base = 0;
	return v;
}

/* What stands in a register, or in memory, where the block begins. */
static struct seen as_met(struct look *l, struct seen v, struct seed from)
{
	if (v.known && is_pointer(l, v.v)) {
		v.scale = 0;
		return v;
	}
	if (v.known && l->nseeds < LOOK_SEEDS) {
		l->seeds[l->nseeds] = from;
		v.seed = (uint8_t)++l->nseeds;
		v.added = 0;
	}
	return as_index(l, v);
}

void look_begin(struct look *l, int reg, struct seen v)
{
	look_set(l, reg, l->forms ? as_met(l, v, (struct seed){ .reg = (int16_t)reg, .v = v.v }) : v);
}

struct seen look_reg(struct look *l, int reg)
{
	const struct seen *s = slot(l, reg);
	if (s && (s->scale >= 0 && (s->known || s->scale)))
		return *s;
	struct seen v = s ? *s : l->lost ? unknown : constant(reg_get(l->m, reg));
	if (!l->forms)
		return v;
	if (s)
		look_set(l, reg, as_index(l, v));
	else
		look_begin(l, reg, v);
	s = slot(l, reg);
	return s ? *s : v;
}

static int32_t times(int32_t scale, uint64_t by)
{
	return scale > 0 && by && by <= INT16_MAX && scale <= INT16_MAX ? scale * (int32_t)by : -1;
}

static void form_times(struct seen *r, const struct seen *x, uint64_t by)
{
	r->index = x->index;
	r->most = x->most;
	r->seed = x->seed;
	r->added = x->added;
	r->scale = x->scale ? times(x->scale, by) : x->known ? 0 : -1;
	r->base = x->base * by;
	r->table = 0;
}

static void form_sum(const struct look *l, struct seen *r, const struct seen *x, const struct seen *y, bool minus)
{
	const struct seen *i = x->scale > 0 ? x : y, *other = i == x ? y : x;
	r->index = i->index;
	r->most = i->most;
	r->seed = i->seed;
	r->added = i->added;
	r->table = 0;
	if (x->scale == 0 && y->scale == 0) {
		r->scale = x->known && y->known ? 0 : -1;
	} else if (other->scale == 0 && other->known && i->scale > 1 && (!minus || i == x)) {
		r->scale = i->scale;
		r->base = minus ? i->base - other->v : i->base + other->v;
	} else if (x->scale > 0 && y->scale > 0 && x->index == y->index) {
		int64_t scale = minus ? (int64_t)x->scale - y->scale : (int64_t)x->scale + y->scale;
		r->scale = scale > 0 && scale <= INT32_MAX ? (int32_t)scale : -1;
		r->base = minus ? x->base - y->base : x->base + y->base;
	} else {
		r->scale = -1;                   /* a number added before it is scaled makes an index of its own */
		uint64_t more = other->scale ? 0 : minus ? -other->v : other->v;
		r->added = (int16_t)((uint64_t)r->added + more);
	}
	r->base &= look_ones(l->m->cpu->wide ? 8 : 4);
}

/* ---- operands ---- */

static struct seen resize(struct seen v, unsigned size, bool is_signed)
{
	if (size == 0 || size >= WORD)
		return v;
	uint64_t low = v.v & look_ones(size);
	bool cut = size < 4 && (!v.known || v.v != low), minus = is_signed && low >> (8 * size - 1);
	v.v = minus ? low | ~look_ones(size) : low;
	for (unsigned i = size; i < WORD; i++)
		v.from[i] = 0;
	if (cut) {
		v.scale = v.scale || !v.known ? -1 : 0;
		v.table = 0;
	}
	return v;
}

static struct seen shifted(struct seen x, int by)
{
	struct seen r = { .known = x.known, .v = by >= 0 ? x.v << by : x.v >> -by, .scale = -1 };
	for (int i = 0; by % 8 == 0 && !x.more && !x.mask && !x.folded && i < WORD; i++) {
		int k = i - by / 8;
		r.from[i] = k >= 0 && k < WORD ? x.from[k] : 0;
	}
	if (by == 0)
		r = x;
	if (by >= 0 && by < 16)
		form_times(&r, &x, (uint64_t)1 << by);
	else if (x.scale == 0 && x.known)
		r.scale = 0;
	return r;
}

/* What stands at a place is loaded; the place as it is made up, in *at. False: it is not known. */
static bool address_of(struct look *l, const struct operand *o, struct seen *at)
{
	struct seen base = o->reg ? look_reg(l, o->reg) : constant(0), index = o->index ? look_reg(l, o->index) : constant(0);
	if (o->word)
		index = resize(index, 4, true);
	index = shifted(index, o->shift);
	struct seen first = { .known = base.known && index.known, .v = base.v + index.v };
	form_sum(l, &first, &base, &index, false);
	struct seen displacement = constant((uint64_t)o->imm);
	*at = (struct seen){ .known = first.known, .v = first.v + (uint64_t)o->imm };
	if (o->kind == OPERAND_ADDRESS && !o->index && !base.mask) {     /* lea: how x86 adds a constant */
		memcpy(at->from, base.from, sizeof(at->from));
		at->more = base.more + (uint64_t)o->imm;
		at->folded = base.folded;
	}
	form_sum(l, at, &first, &displacement, false);
	at->v &= look_ones(l->m->cpu->wide ? 8 : 4);
	return at->known;
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

/* A load from a constant place and a scaled index. Its number, from 1; 0: it is none. */
static uint8_t table_met(struct look *l, uint32_t site, const struct seen *at, unsigned size, bool is_signed)
{
	if (at->scale < 4 || size < 4 || l->ntables == LOOK_TABLES || !is_pointer(l, at->base))
		return 0;
	l->tables[l->ntables] = (struct table){ .site = site, .most = at->most, .seed = at->seed, .added = at->added,
		.scale = at->scale, .base = at->base, .met = at->known ? at->v : 0, .size = (uint8_t)size, .is_signed = is_signed,
		.now = look_index(at) };
	return (uint8_t)++l->ntables;
}

static void keep_store(struct look *l, uint64_t at, unsigned size, struct seen v)
{
	if (l->nstores == LOOK_STORES)
		return;
	l->stores[l->nstores].at = at;
	l->stores[l->nstores].size = size;
	l->stores[l->nstores++].value = v;
}

static struct seen loaded(struct look *l, const struct operand *o)
{
	struct seen at, v = address_of(l, o, &at) ? load(l, at.v, o->size) : unknown;
	if (!l->forms)
		return resize(v, o->size, o->is_signed);
	uint8_t table = table_met(l, l->site, &at, o->size, o->is_signed);
	const struct module *mod = at.known ? code_module(&l->m->code, at.v) : NULL;
	bool fresh = !v.scale && !v.table;       /* it was not stored in this block */
	v = resize(v, o->size, o->is_signed);
	if (fresh && !(mod && v.known))
		v = as_met(l, v, (struct seed){ .at = at.v, .size = o->size, .v = v.v });
	v.table = table ? table : v.table;
	return v;
}

struct seen look_operand(struct look *l, const struct operand *o)
{
	struct seen v;
	switch (o->kind) {
	case OPERAND_REG:
		v = look_reg(l, o->reg);
		if (o->word)
			v = resize(v, 4, o->is_signed);
		return resize(o->shift ? shifted(v, o->shift) : v, o->size, o->is_signed);
	case OPERAND_IMM: return constant((uint64_t)o->imm);
	case OPERAND_MEM: return loaded(l, o);
	case OPERAND_ADDRESS: return address_of(l, o, &v) || v.scale > 0 ? v : unknown;
	default: return unknown;
	}
}

bool look_constant(const struct seen *v)
{
	for (unsigned i = 0; i < WORD; i++)
		if (v->from[i])
			return false;
	return v->known;
}

/* ---- steps ---- */

static struct seen bits(enum step_op op, struct seen x, struct seen y)
{
	enum { CASE = 0x20 };
	if (op == STEP_AND && y.v == look_ones(1) && look_constant(&y))
		return resize(x, 1, false);
	bool down = op == STEP_OR && y.v == CASE, up = op == STEP_AND && (uint8_t)y.v == (uint8_t)~CASE;
	if ((down || up) && look_constant(&y) && x.known && !x.more && !x.mask) {
		x.v = down ? x.v | CASE : x.v & y.v;
		x.folded = true;
		return x;
	}
	struct seen r = { .known = x.known && y.known };
	r.v = op == STEP_OR ? x.v | y.v : op == STEP_AND ? x.v & y.v : x.v ^ y.v;
	if (x.more || y.more || x.mask || y.mask || x.folded || y.folded || !r.known)
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
		r.mask = look_constant(&y) ? y.v : look_constant(&x) ? x.v : 0;
	return r;
}

static struct seen sum(struct seen x, struct seen y, bool minus)
{
	struct seen r = look_constant(&y) ? x : !minus && look_constant(&x) ? y : (struct seen){ 0 };
	uint64_t by = look_constant(&y) ? y.v : x.v;
	r.known = x.known && y.known;
	r.v = minus ? x.v - y.v : x.v + y.v;
	r.more += minus ? -by : by;
	if (r.mask)
		return (struct seen){ .v = r.v, .known = r.known };
	return r;
}

static struct seen turned(struct seen x, unsigned size, unsigned within)
{
	struct seen r = { .known = x.known && !x.more && !x.mask && !x.folded };
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
	struct seen at;
	if (!address_of(l, &s->x, &at))
		return unknown;
	struct seen r = look_operand(l, &s->y);
	bool big = l->m->g.big;
	unsigned into = at.v & 3, n = left == big ? 4 - into : into + 1;
	for (unsigned i = 0; i < n; i++) {
		unsigned to = left ? 3 - i : i;  /* byte of the register, from its end inwards */
		uint64_t a = left == big ? at.v + i : at.v - i;
		struct seen one = load(l, a, 1);
		r.known &= one.known;
		r.v = (r.v & ~((uint64_t)0xff << 8 * to)) | (one.v & 0xff) << 8 * to;
		r.from[to] = one.from[0];
	}
	r.scale = -1;
	return r;
}

static void store(struct look *l, const struct step *s)
{
	struct seen at;
	if (address_of(l, &s->x, &at))           /* pointers that are not known are taken to lead elsewhere */
		keep_store(l, at.v, s->x.size, resize(look_operand(l, &s->y), s->x.size, false));
}

static void push(struct look *l, const struct step *s, bool pop)
{
	uint64_t size = l->m->cpu->wide ? 8 : 4;
	struct seen what = pop || !l->forms ? unknown : look_operand(l, &s->x), sp = look_reg(l, s->dst);
	sp.v += pop ? size : -size;
	if (pop && s->x.kind == OPERAND_REG)
		look_set(l, s->x.reg, unknown);
	if (!pop && sp.known)
		keep_store(l, sp.v, (unsigned)size, what);
	look_set(l, s->dst, sp);
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
	case STEP_FIELD: return resize(shifted(bits(STEP_AND, x, y), s->y.shift), size, false);
	case STEP_MULTIPLY: return resize((struct seen){ .v = x.v * y.v, .known = x.known && y.known }, size, false);
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

/* A mask of the lowest bits: how far the index goes. */
static struct seen masked(struct look *l, struct seen r, const struct seen *x, const struct seen *y)
{
	struct seen v = as_index(l, r);
	v.seed = x->seed ? x->seed : y->seed;
	v.added = x->seed ? x->added : y->added;
	bool low = y->known && y->scale == 0 && (y->v & (y->v + 1)) == 0;
	v.most = (uint16_t)(low && y->v < UINT16_MAX ? y->v : 0);
	return v;
}

/* A constant, or what looks like one that was set in a block before. */
static bool is_stride(const struct seen *v)
{
	return v->known && (v->scale == 0 || (v->scale == 1 && v->v >= 4 && v->v <= STRIDE_MOST && v->v % 4 == 0));
}

/* What the result is as base + scale * index. */
static struct seen formed(struct look *l, const struct step *s, const struct seen *x, const struct seen *y,
			  struct seen r)
{
	bool constants = x->scale == 0 && x->known && y->scale == 0 && y->known;
	bool moves = s->op == STEP_ADD || s->op == STEP_SUB || s->op == STEP_OR || s->op == STEP_XOR || s->op == STEP_LEFT;
	if (moves && s->y.kind == OPERAND_IMM && s->y.imm == 0) {        /* how MIPS copies a register */
		r = *x;
		return r;
	}
	switch (s->op) {
	case STEP_MOVE:
	case STEP_LEFT: break;
	case STEP_ADD:
	case STEP_SUB: form_sum(l, &r, x, y, s->op == STEP_SUB); break;
	case STEP_MULTIPLY:
		r.scale = -1;
		if (is_stride(y))
			form_times(&r, x, y->v);
		else if (is_stride(x))
			form_times(&r, y, x->v);
		break;
	case STEP_AND:
		if (!constants)
			r = masked(l, r, x, y);
		break;
	case STEP_FIELD: {
		struct seen i = masked(l, r, x, y);
		form_times(&r, &i, (uint64_t)1 << s->y.shift);
		break;
	}
	default:
		r.scale = constants || s->op == STEP_INSERT ? x->scale : -1;
		r.seed = x->seed ? x->seed : y->seed;
		break;
	}
	return r.scale < 0 || (r.scale == 0 && !r.known) ? as_index(l, r) : r;
}

static void forget(struct look *l, const struct step *s)
{
	look_set(l, s->dst, unknown);
	look_set(l, s->dst2, unknown);
	look_set(l, s->dst3, unknown);
}

static void pop_list(struct look *l, const struct step *s)
{
	struct seen sp = look_reg(l, s->dst);
	sp.v += (uint64_t)s->x.imm;
	look_set(l, s->dst, sp);
	for (int r = 0; r < 13; r++)
		if (s->y.imm >> r & 1)
			look_set(l, ARM_REG_R0 + r, unknown);
	if (s->y.imm >> 14 & 1)
		look_set(l, ARM_REG_LR, unknown);
}

void look_step(struct look *l, const struct step *s)
{
	switch (s->op) {
	case STEP_LOSE:
		l->lost = true;
		l->nregs = 0;
		return;
	case STEP_STORE:
		store(l, s);
		look_set(l, s->dst2, unknown);
		return;
	case STEP_PUSH:
	case STEP_POP: push(l, s, s->op == STEP_POP); return;
	case STEP_POP_LIST: pop_list(l, s); return;
	case STEP_GO:
		if (l->forms)
			l->go = look_operand(l, &s->x);
		return;
	case STEP_COMPARE_TEXT: l->lost = true; return;
	case STEP_LEFT_PART:
	case STEP_RIGHT_PART: look_set(l, s->dst, part(l, s, s->op == STEP_LEFT_PART)); return;
	case STEP_COMPARE:
	case STEP_ORDER:
	case STEP_FORGET: forget(l, s); return;
	default: break;
	}
	struct seen x = look_operand(l, &s->x), y = look_operand(l, &s->y), r = result(l, s, x, y);
	r = l->forms ? formed(l, s, &x, &y, r) : r;
	if (s->dst && s->dst == l->m->cpu->pc)
		l->go = r;
	look_set(l, s->dst, r);
	look_set(l, s->dst2, unknown);
}

void look_scaled_before(struct look *l)
{
	struct machine *m = l->m;
	uint32_t from = m->before ? m->before : m->branch;
	uint32_t i = from && m->cpu->arch == UC_ARCH_MIPS ? addrmap_get(&m->code.step_at, m->blocks[from - 1].end - 4) : 0;
	const struct step *s = i ? &m->code.steps[i - 1] : NULL;
	if (!s || s->op != STEP_LEFT || !s->dst || s->y.kind != OPERAND_IMM || s->y.imm < 2 || s->y.imm > 8)
		return;
	uint8_t by = (uint8_t)s->y.imm;
	uint64_t v = reg_get(m, s->dst);
	struct seen index = constant(v >> by), r = constant(v);
	index = as_met(l, index, (struct seed){ .reg = s->dst, .v = v, .shift = by });
	form_times(&r, &index, (uint64_t)1 << by);
	look_set(l, s->dst, r);
}
