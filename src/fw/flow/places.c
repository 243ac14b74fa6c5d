/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables that something from outside chooses a place of: servers by a number of the settings, functions by a byte that
 * was received. The path that runs meets one place, or none, as the number stands for a source; the others are taken up
 * later, from where the block with the load begins, with a value in the register or bytes that the index is made of. */
#include "fw/flow/look.h"
#include "fw/flow/state.h"

struct range {                                   /* of places */
	int first, last;
};

enum {
	PLACES_MAX = 16, NUMBERS_MAX = 8, TIMES_MAX = 3, GUARD_MAX = 64, INLINE_LEAST = 8, STRUCT_MAX = 64,
	TEXT_SHOWN = 64,
	PLACES_ROOT = 400,                       /* places of tables that are kept for later, of one root */
};

/* The turn of a block that is left when a number is too great says how great it may be; 0: it does not. */
static uint64_t guarded(struct machine *m, uint32_t block, int64_t now, const struct seed *seed)
{
	const struct turn *t = block_turn(m, block);
	if (!t || !t->conditional || t->equal || !t->has_value || !t->reg || t->value < 1 || t->value > GUARD_MAX)
		return 0;
	uint64_t v = reg_get(m, cpu_register(m->cpu, (unsigned)t->reg));
	bool same = (uint32_t)v == (uint32_t)now || (seed->shift && v == seed->v);
	return same ? (uint64_t)t->value : 0;
}

static bool is_text_at(struct machine *m, uint64_t at)
{
	struct span s = guest_text(&m->g, at, TEXT_SHOWN);
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < ' ' && s.p[i] != '\t' && s.p[i] != '\n' && s.p[i] != '\r') || s.p[i] == 0x7f)
			return false;
	return s.n != 0;
}

static bool is_image(const struct machine *m, uint64_t at)
{
	for (unsigned i = 0; i < m->code.nmodules; i++)
		if (at - m->code.modules[i].base < m->code.modules[i].size)
			return true;
	return false;
}

/* What stands at a place of a table of texts or functions. goes: or of any code, as the block goes through it. */
static bool leads_somewhere(struct machine *m, uint64_t v, bool goes)
{
	uint64_t code = m->cpu->arch == UC_ARCH_ARM ? v & ~(uint64_t)1 : v;
	if (code_function_at(&m->code, code))
		return true;
	if (code_flags(&m->code, code) & CODE_INSN)
		return goes;
	return is_image(m, v) && (is_text_at(m, v) || (goes && code_module(&m->code, code)));
}

static uint64_t place_at(const struct table *t, int64_t i)
{
	return t->base + (uint64_t)(i * t->scale);
}

static uint64_t place_word(const struct machine *m, const struct table *t, int64_t i)
{
	uint64_t v = guest_number(&m->g, place_at(t, i), t->size);
	return t->is_signed && t->size == 4 ? (uint64_t)(int64_t)(int32_t)v : v;
}

/* A place of the table holds what tables of texts or functions hold: such a pointer, or a text. */
static bool is_place(struct machine *m, const struct table *t, int64_t i, bool goes)
{
	uint64_t at = place_at(t, i);
	if (t->size)
		return leads_somewhere(m, place_word(m, t, i), goes);
	const uint8_t *end = guest_bytes(&m->g, at, (uint64_t)t->scale);
	return t->scale >= INLINE_LEAST && end && end[t->scale - 1] == 0 && is_text_at(m, at);
}

/* Tables of structures: what is loaded first may be no pointer, but another member is. */
static struct table with_pointers(struct machine *m, const struct table *t)
{
	int size = m->cpu->wide ? 8 : 4, d = t->scale < STRUCT_MAX ? t->scale : STRUCT_MAX;
	for (int by = 1 - d / size; by < d / size && t->scale % size == 0; by++) {
		struct table other = *t;
		other.base += (uint64_t)(int64_t)(by * size);
		other.size = (uint8_t)size;
		if (other.base % (unsigned)size == 0 && is_place(m, &other, 0, false) && is_place(m, &other, 1, false))
			return other;
	}
	return *t;
}

static uint32_t place_key(uint32_t block, uint64_t at)
{
	return (((uint32_t)at * 2654435761u) ^ block * 40503u) | 1;
}

/* The places of this table that may be meant; the first may be 1, where they are counted from there. goes: the block
 * goes where the table says. False: it is no table of ours. */
static bool places_bound(struct look *l, const struct table *table, bool goes, struct range *r)
{
	struct machine *m = l->m;
	struct table t = *table;
	uint64_t most = t.most;
	if (!most && t.met)
		most = guarded(m, m->before ? m->before : m->branch, t.now, &l->seeds[t.seed - 1]);
	bool known = most && most < PLACES_MAX;
	goes &= known;
	if (!goes && !is_place(m, &t, 0, false) && t.scale > (m->cpu->wide ? 8 : 4))
		t = with_pointers(m, &t);
	r->first = !most && !is_place(m, &t, 0, goes);
	if (!is_place(m, &t, r->first, goes)) {
		r->last = (int)most;             /* numbers: their count is known, or they are none */
		return known && most < NUMBERS_MAX;
	}
	if (!most && !is_image(m, t.base))
		return false;
	for (r->last = r->first; r->last < PLACES_MAX && (!most || (uint64_t)r->last < most); r->last++)
		if (!is_place(m, &t, r->last + 1, goes))
			break;
	return r->last > r->first || !t.met || t.now != r->first;
}

/* A place that is not loaded from: it is an argument, or what later blocks load from. */
static bool place_handed(const struct look *l, const struct seen *v, struct table *t)
{
	uint32_t site = l->site;
	*t = (struct table){ .site = site, .most = v->most, .seed = v->seed, .added = v->added, .scale = v->scale,
		.base = v->base, .met = v->known ? v->v : 0, .now = look_index(v) };
	return v->scale >= 4 && v->seed && is_image(l->m, v->base);
}

/* The first of these loads that chooses a place of a table, by something that a value can be given to; or else the
 * first place that is handed on. */
static const struct table *table_found(struct look *l, struct table *handed, struct range *r)
{
	for (unsigned i = 0; i < l->ntables; i++)
		if (l->tables[i].seed && places_bound(l, &l->tables[i], l->go.table == i + 1, r))
			return &l->tables[i];
	for (unsigned i = 0; i < l->nregs; i++)
		if (place_handed(l, &l->regs[i].value, handed) && places_bound(l, handed, false, r))
			return handed;
	for (unsigned i = 0; i < l->nstores; i++)
		if (place_handed(l, &l->stores[i].value, handed) && places_bound(l, handed, false, r))
			return handed;
	return NULL;
}

/* What the index is made of, so that it becomes i. */
static uint64_t wanted(const struct seed *s, const struct table *t, int64_t i)
{
	return t->most ? (s->v & ~(uint64_t)t->most) | (uint64_t)i : (uint64_t)(i - t->added) << s->shift;
}

/* Later, the block that begins now is taken with another value of what an index is made of; leads: it goes there. */
static void place_later(struct machine *m, struct assumed why, uint32_t place, const struct seed *from, uint64_t v,
			uint64_t leads)
{
	const struct block *b = &m->blocks[m->prev - 1];
	struct state *s = m->nplaces < PLACES_ROOT ? state_push(m, b->addr, b->thumb, why) : NULL;
	if (!s)
		return;
	m->nplaces++;
	s->place = place;
	s->goal = (uint32_t)leads;
	s->reg[0] = from->reg;
	s->value[0] = v;
	s->nregs = 1;
	s->at = (uint32_t)from->at;
	s->bytes = from->reg ? 0 : from->size;
}

void places_keep(struct look *l, uint32_t block)
{
	struct machine *m = l->m;
	const struct block *b = &m->blocks[block - 1];
	struct range r = { 0 };
	for (unsigned i = 0; i < l->ntables; i++)
		if (l->tables[i].met)
			addrmap_put(&m->again, place_key(b->addr, l->tables[i].met), 1);
	uint32_t all = place_key(b->addr, 0), here = place_key(b->addr, m->frame ? m->frame->site : 0) ^ 2;
	uint32_t times = addrmap_get(&m->again, all);
	struct table handed;
	const struct table *t = times < TIMES_MAX && !addrmap_get(&m->again, here) ? table_found(l, &handed, &r) : NULL;
	if (!t)
		return;
	addrmap_put(&m->again, here, 1);
	addrmap_put(&m->again, all, times + 1);
	const struct seed *s = &l->seeds[t->seed - 1];
	for (int i = r.first; i <= r.last; i++) {
		uint64_t at = place_at(t, i);
		bool goes = l->go.table && &l->tables[l->go.table - 1] == t;
		uint64_t leads = goes ? place_word(m, t, i) & (m->cpu->arch == UC_ARCH_ARM ? ~(uint64_t)1 : ~(uint64_t)0) : b->addr;
		struct assumed why = { .site = t->site, .text = arena_printf(&m->root_arena, "place %d of a table", i) };
		if (!t->met || t->now != i)
			place_later(m, why, place_key(b->addr, at), s, wanted(s, t, i), leads);
	}
}
