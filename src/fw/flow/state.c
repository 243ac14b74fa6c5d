/* SPDX-License-Identifier: GPL-2.0-or-later */
/* States that are run later: the other side of a branch, what stands behind a call, the parent of a child. */
#include "fw/flow/state.h"

enum {
	/* calls of one root that are given another result too; the key of their count */
	OTHERWISE = 2, OTHERWISE_MAX = 24,
	LATER_MAX = 3,                           /* times one callback is run for different registrations */
	SOME_CHILD = 4712,
	OPEN_MAX = 512,                          /* states that are looked through for a call to return from */
	STATES_MAX = 20000,
};

static uc_context *context_take(struct machine *m)
{
	uc_context *c = NULL;
	if (m->nspare)
		c = m->spare[--m->nspare];
	else if (uc_context_alloc(m->uc, &c) != UC_ERR_OK)
		return NULL;
	uc_context_save(m->uc, c);
	return c;
}

struct state *state_push(struct machine *m, uint64_t pc, bool thumb, struct assumed why)
{
	if (m->nstates == STATES_MAX || !m->exploring)
		return NULL;
	uc_context *c = context_take(m);
	if (!c)
		return NULL;
	if (m->nstates == m->states_room) {
		m->states_room = m->states_room ? 2 * m->states_room : 64;
		m->states = mem_grow(m->states, m->states_room, sizeof(*m->states));
	}
	struct state *s = &m->states[m->nstates++];
	*s = (struct state){ .mark = guest_mark(&m->g), .context = c, .pc = (uint32_t)pc, .goal = (uint32_t)pc, .thumb = thumb,
		.frame = m->frame, .path = m->path, .order = m->order, .why = why,
		.spread = m->spread, .carried = m->carried, .gone = m->gone };
	return s;
}

void context_give(struct machine *m, uc_context *c)
{
	if (m->nspare == m->spare_room) {
		m->spare_room = m->spare_room ? 2 * m->spare_room : 64;
		m->spare = mem_grow(m->spare, m->spare_room, sizeof(*m->spare));
	}
	m->spare[m->nspare++] = c;
}

void state_enter(struct machine *m, const struct state *s)
{
	uc_context_restore(m->uc, s->context);
	for (unsigned i = 0; i < s->nregs; i++)
		reg_set(m, s->reg[i], s->value[i]);
	if (s->bytes)                            /* it comes from where it came from */
		guest_put_number(&m->g, s->at, s->value[0], s->bytes, *guest_shades(&m->g, s->at, 1));
	m->frame = s->frame;
}

void machine_later(struct machine *m, uint64_t function, const char *why, unsigned nargs, const uint64_t *args)
{
	const struct cpu *c = m->cpu;
	bool thumb = c->arch == UC_ARCH_ARM && function & 1;
	struct function *f = code_function(&m->code, function, thumb);
	uint32_t times = addrmap_get(&m->again, (uint32_t)function | 1);
	if (!f || times >= LATER_MAX)
		return;
	addrmap_put(&m->again, (uint32_t)function | 1, times + 1);
	struct state *s = state_push(m, f->addr, thumb, (struct assumed){ .site = m->call_site, .text = why });
	if (!s)
		return;
	s->forced = true;
	for (unsigned i = 0; i < nargs && i < c->nargs && i < 3; i++) {
		s->reg[s->nregs] = c->args[i];
		s->value[s->nregs++] = args[i];
	}
	if (c->callee) {
		s->reg[s->nregs] = c->callee;
		s->value[s->nregs++] = f->addr;
	}
	if (c->nargs)
		return;
	uint64_t sp = reg_get(m, c->sp) - 64;    /* x86: on the stack, below what is in use */
	guest_put_pointer(&m->g, sp, AT_STUBS);
	for (unsigned i = 0; i < nargs; i++)
		guest_put_pointer(&m->g, sp + 4 * (i + 1), args[i]);
	s->mark = guest_mark(&m->g);
	s->reg[s->nregs] = c->sp;
	s->value[s->nregs++] = sp;
}

/* The call may as well come back with another result, and nothing need branch on it: compilers take one of two values
 * by a conditional instruction. */
void machine_otherwise(struct machine *m, uint64_t result, const char *why)
{
	const struct cpu *c = m->cpu;
	uint64_t sp = reg_get(m, c->sp), back = c->lr ? reg_get(m, c->lr) : guest_pointer(&m->g, sp);
	bool thumb = c->arch == UC_ARCH_ARM && back & 1;
	bool twice = m->path && m->path->why.text == why;        /* nothing of all of them is set */
	uint32_t key = key_mix(m->call_site + twice, (uint32_t)result) | 1, times = addrmap_get(&m->again, OTHERWISE);
	if (m->syscall || m->starting || m->probe.on || times >= OTHERWISE_MAX || addrmap_get(&m->again, key))
		return;
	const struct frame *frame = m->frame;
	m->frame = m->call_frame ? m->call_frame : frame;
	struct state *s = state_push(m, back & ~(uint64_t)thumb, thumb, (struct assumed){ .site = m->call_site, .text = why });
	m->frame = frame;
	if (!s)
		return;
	addrmap_put(&m->again, OTHERWISE, times + 1);
	addrmap_put(&m->again, key, 1);
	s->forced = true;
	s->reg[0] = c->ret;
	s->value[0] = result;
	s->reg[1] = c->sp;
	s->value[1] = sp + (c->wide ? 8 : 4);
	s->nregs = c->lr ? 1 : 2;
}

void machine_forked(struct machine *m)
{
	if (!m->syscall || !m->prev)
		return;
	const struct block *b = &m->blocks[m->prev - 1];
	struct state *s = state_push(m, b->end, b->thumb, (struct assumed){ .site = b->end, .text = "the parent goes on" });
	if (!s)
		return;
	s->parent = true;
	s->reg[0] = m->cpu->sys_ret;
	s->value[0] = SOME_CHILD;
	s->reg[1] = m->cpu->sys_error;
	s->nregs = m->cpu->sys_error ? 2 : 1;
}

struct state *state_open_call(struct machine *m)
{
	uint32_t low = m->ended && m->nstates > OPEN_MAX ? m->nstates - OPEN_MAX : m->ended ? 0 : m->states_base;
	for (uint32_t i = m->nstates; i-- > low;) {
		struct state *s = &m->states[i];
		bool open = s->parent ? m->ended : s->passed && !m->ended && !(code_flags(&m->code, s->goal) & CODE_RUN);
		for (const struct frame *f = m->frame; f && open && !s->used; f = f->up)
			if (s->parent ? f == s->frame : f->back == s->pc && f->up == s->frame)
				return s;
	}
	return NULL;
}

void machine_executed(struct machine *m)
{
	bool ended = m->ended;
	m->ended = true;
	if (m->syscall && state_open_call(m))
		machine_stop_path(m);
	else
		m->ended = ended;
}
