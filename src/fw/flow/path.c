/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forced execution. A path runs as the program would; at each conditional branch whose other side was not
 * yet reached, the state is kept (processor context and a position in the memory log) and that side is run
 * later from there, the latest state first, so that memory only ever needs to be rolled back. */
#include "fw/flow/path.h"

#include "fw/flow/state.h"

enum { PLACE_FRAMES = 3 };                       /* functions up from a table that are looked at */

void path_begin(struct machine *m, struct path *up, uint32_t forked, struct assumed why)
{
	struct path *p = arena_new(&m->root_arena, sizeof(*p));
	*p = (struct path){ .up = up, .id = ++m->npaths, .forked = forked, .why = why };
	if (up)
		p->root = up->root;
	m->path = p;
	m->order = forked;
	m->since_new = m->leaves = 0;
	m->prev = m->before = m->branch = 0;
	m->stopping = m->from_stub = false;
	m->last_call = (struct span){ 0 };
	m->compared = m->compared_block = m->carried.block = 0;
	m->spread.n = 0;
}

/* A call through a pointer that leads nowhere (a table in a structure that was never set up): it returns what an
 * unknown function returns, and the path goes on behind it. */
static bool call_skipped(struct machine *m, uc_err err, uint64_t *pc, bool *thumb)
{
	const struct cpu *c = m->cpu;
	const struct turn *t = block_turn(m, m->prev);
	bool fetch = err == UC_ERR_FETCH_UNMAPPED || err == UC_ERR_FETCH_PROT;
	if (!fetch || m->stopping || !t || t->kind != TURN_CALL_REG || ++m->leaves > LEAVES_MAX)
		return false;
	*pc = t->end;
	*thumb = m->blocks[m->prev - 1].thumb;
	if (!c->lr)
		reg_set(m, c->sp, reg_get(m, c->sp) + (c->wide ? 8 : 4));
	m->callee = SPAN_LIT("a pointer to nowhere");
	reg_set(m, c->ret, model_unknown->run(m, model_unknown));
	m->prev = 0;
	return true;
}

/* A place of a table is worth a path when no path met it, and something of interest is near, was before, or was not
 * reached. */
static bool place_counts(struct machine *m, const struct state *s)
{
	if (addrmap_get(&m->again, s->place))
		return false;
	const struct function *f = code_function_at(&m->code, s->goal);
	if (s->order || (s->goal != s->pc && (!(code_flags(&m->code, s->goal) & CODE_RUN) || (f && f->hot))))
		return true;
	const struct frame *up = s->frame;
	for (unsigned i = 0; up && i < PLACE_FRAMES; i++, up = up->up) {
		f = code_function_at(&m->code, up->function);
		if (f && f->hot)
			return true;
	}
	return false;
}

/* The path is given up inside a call: the call returns something unknown, with memory as it is now, rather than that
 * nothing behind it is seen. */
static bool call_returns(struct machine *m, uint64_t *pc, bool *thumb)
{
	if (m->stopped || !m->exploring || m->instructions >= m->root_end || m->g.log_full)
		return false;
	struct state *s = state_open_call(m);
	if (!s)
		return false;
	s->used = true;
	state_enter(m, s);
	path_begin(m, m->path, m->order, s->why);
	m->callee = SPAN_LIT("a call that was passed over");
	if (s->passed)
		reg_set(m, m->cpu->ret, model_unknown->run(m, model_unknown));
	m->ended = false;
	m->nruns++;
	m->path_end = m->instructions + m->limits.path;
	*pc = s->pc;
	*thumb = s->thumb;
	return true;
}

void path_run(struct machine *m, uint64_t pc, bool thumb)
{
	m->nruns++;
	m->states_base = m->nstates;
	m->ended = false;
	m->path_end = m->instructions + (m->natural ? m->limits.first : m->limits.path);
	for (;;) {
		m->redirect = 0;
		m->redirect_why.site = 0;
		m->stopping = false;
		uc_err err = uc_emu_start(m->uc, pc | thumb, 0xffffffff, 0, 0);
		if (call_skipped(m, err, &pc, &thumb))
			continue;
		compare_flush(m);
		if (!m->redirect || m->stopped || m->instructions >= m->path_end) {
			if (!call_returns(m, &pc, &thumb))
				return;
			continue;
		}
		pc = m->redirect;
		thumb = m->redirect_thumb;
		m->prev = 0;
		if (m->redirect_why.site) {
			uint32_t ticks = m->since_new, leaves = m->leaves;
			path_begin(m, m->path, m->order, m->redirect_why);
			m->spread = m->unspread;
			m->since_new = ticks;
			m->leaves = leaves;
		}
	}
}

void path_take(struct machine *m)
{
	struct state s = m->states[--m->nstates];
	guest_rollback(&m->g, s.mark);
	const struct function *passed = s.passed ? code_function_at(&m->code, s.passed) : NULL;
	bool done = s.used || s.parent || (s.place && !place_counts(m, &s))
		|| (!s.forced && !s.place && code_flags(&m->code, s.goal) & CODE_RUN)
		|| (passed && passed->ends && !passed->returns);
	if (!done && !m->stopped && m->instructions < m->root_end) {
		state_enter(m, &s);
		path_begin(m, s.path, s.order, s.why);
		m->spread = s.spread;
		m->gone = s.gone;
		m->carried = s.carried;
		m->carried.block = s.carried.block ? CARRIED_HERE : 0;
		m->branch = s.branch;
		m->callee = SPAN_LIT("a call that was passed over");
		if (s.passed)
			reg_set(m, m->cpu->ret, model_unknown->run(m, model_unknown));
		path_run(m, s.pc, s.thumb);
	}
	context_give(m, s.context);
}
