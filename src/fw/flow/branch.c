/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a block goes: calls and returns move the shadow stack, the side of a branch that is not taken and the other
 * cases of a jump table are kept for later, loops are left when they went round often enough. */
#include "fw/flow/branch.h"

#include "fw/flow/frames.h"
#include "fw/flow/state.h"
#include "fw/flow/step.h"

enum {
	LOOP_CALLS = 4,                          /* rounds of a loop that makes calls of interest */
	LOOP_ROUNDS = 20000,                     /* rounds of a loop that only computes: decoders, tables */
	SWITCH_MAX = 512,                        /* values of one jump table */
	AGAIN_COMPARED = 40, AGAIN_MAX = 5,      /* times one block is forced again: for other constants, other arguments */
	AGAIN_ROOT = 600,                        /* all of these of one root */
};

/* The instruction in the delay slot of MIPS, or conditional ones of ARM and others between compare and branch of
 * PowerPC, may have changed the register since it was asked for. */
static bool changed_since(const struct machine *m, const struct turn *t, int reg)
{
	enum { SLOT = 4 };
	if (m->cpu->machine == EM_MIPS_)
		return step_of(m->cpu, 0, NULL, (uint32_t)guest_number(&m->g, t->site + SLOT, 4), false).dst == reg;
	return m->cpu->machine == EM_ARM_ || m->cpu->machine == EM_PPC_;
}

/* The branch asks for a number that is not what the last call gave. */
static bool asks_for_another(const struct machine *m, const struct turn *t)
{
	int reg = t->compare && t->reg && t->has_value ? cpu_register(m->cpu, (unsigned)t->reg) : 0;
	bool changed = reg == m->cpu->ret && changed_since(m, t, reg);
	return reg && !changed && (int32_t)reg_get(m, reg) != (int32_t)m->last_result;
}

static struct assumed branch_assumed(const struct machine *m, const struct turn *t, uint32_t other)
{
	struct assumed a = { .site = t->site, .to = other };
	if (m->last_call.n && m->ticks - m->last_call_at <= 3 && !asks_for_another(m, t)) {
		a.call = m->last_call;
		a.result = m->last_result;
	}
	return a;
}

/* A compare of outside bytes with a number. */
static void note_compare(struct machine *m, const struct turn *t)
{
	if (!t->compare || !t->reg || !t->equal)
		return;
	uint64_t a = reg_get(m, cpu_register(m->cpu, (unsigned)t->reg));
	uint64_t b = t->has_value ? (uint64_t)t->value
		: t->reg2 ? reg_get(m, cpu_register(m->cpu, (unsigned)t->reg2)) : 0;
	uint8_t from = source_of_number(m, a), other = source_of_number(m, b);
	if (from && !other && (uint32_t)b > 0xff)
		call_compare(m, t->compare, (int64_t)b, from, "compare");
	else if (other && !from && (uint32_t)a > 0xff)
		call_compare(m, t->compare, (int64_t)a, other, "compare");
}

static bool just_compared(const struct machine *m)
{
	return m->compared && m->ticks - m->compared_at <= 3;
}

/* Met before, but with other values: the function was entered with others and something of interest stands
 * in it, or outside bytes are compared with another constant (a table of commands). */
static bool worth_again(struct machine *m, uint32_t other)
{
	bool compared = just_compared(m);
	uint32_t values = compared ? m->compared : 0;
	if (!values && m->frame)
		values = m->frame->key;
	if (m->last_key && m->last_call.n && m->ticks - m->last_call_at <= 3)
		values = key_mix(values, m->last_key);
	if (!values)
		return false;
	uint32_t key = key_mix(values, other) | 1;
	if (addrmap_get(&m->again, key))
		return false;
	uint32_t times = addrmap_get(&m->again, other & ~1u);
	if (times >= (compared ? AGAIN_COMPARED : AGAIN_MAX) || m->nagain >= AGAIN_ROOT)
		return false;
	m->nagain++;
	addrmap_put(&m->again, other & ~1u, times + 1);
	addrmap_put(&m->again, key, 1);
	return true;
}

static void branch_other_side(struct machine *m, const struct turn *t, uint32_t other, bool thumb)
{
	uint8_t flags = code_flags(&m->code, other);
	bool known = flags & (CODE_RUN | CODE_QUEUED);
	bool again = (known || just_compared(m)) && worth_again(m, other);
	if (!again && flags & (CODE_RUN | CODE_QUEUED))
		return;
	bool taken = other == t->target;
	if (m->compared_block != m->prev)        /* its operands were not seen where they come from */
		note_compare(m, t);
	struct state *s = state_push(m, other, thumb, branch_assumed(m, t, other));
	if (!s)
		return;
	s->forced = again;
	s->branch = m->prev;
	s->spread = compare_other(m, t, taken);
	if (t->compare && t->has_value && t->reg && t->equal == (taken ? 1 : 2)) {
		/* What was assumed equal is equal from now on: compilers go on to use the value. */
		s->reg[0] = cpu_register(m->cpu, (unsigned)t->reg);
		s->value[0] = (uint64_t)t->value;
		s->nregs = s->reg[0] ? 1 : 0;
		if (t->predicated && s->nregs) {
			s->pc = t->compare;      /* conditional instructions between must see it too */
			s->thumb = m->blocks[m->prev - 1].thumb;
		}
	}
	bool equal = t->equal == (taken ? 1 : 2) && m->compared_block == m->prev;
	if (equal && s->nregs == 0 && m->equal.reg && reg_get(m, m->equal.reg) == m->equal.was) {
		s->reg[0] = m->equal.reg;        /* a constant that stood in a register */
		s->value[0] = m->equal.is;
		s->nregs = 1;
	}
	code_flag(&m->code, other, CODE_QUEUED);
}

void branch_cases(struct machine *m, const struct block *jump, const struct turn *check, bool thumb)
{
	if (!check || !check->compare || !check->has_value || check->value < 1 || check->value > SWITCH_MAX
	    || code_flags(&m->code, jump->addr) & CODE_SWITCHED)
		return;
	code_flag(&m->code, jump->addr, CODE_SWITCHED);
	int reg = cpu_register(m->cpu, (unsigned)check->reg);
	for (int64_t v = check->value; v >= 0 && reg; v--) {
		struct assumed why = { .site = check->compare, .text = "a case of a jump table", .result = v };
		struct state *s = state_push(m, check->compare, thumb, why);
		if (!s)
			return;
		s->forced = true;
		s->reg[0] = reg;
		s->value[0] = (uint64_t)v;
		s->nregs = 1;
	}
}

/* Nothing but padding stands between this address, where code was to go on, and another function: the call before
 * it was the last of its function, and does not come back. */
static bool runs_out(struct machine *m, uint32_t at, bool thumb)
{
	enum { ALIGNED = 16 };
	for (uint32_t from = at; at < from + ALIGNED; at += m->code.insn->size) {
		const struct function *f = code_function_at(&m->code, at);
		if (f && (f->reached || at != from))
			return true;
		if (!code_decode(&m->code, at, thumb) || strncmp(m->code.insn->mnemonic, "nop", 3) != 0)
			break;
	}
	return false;
}

/* A call may not come back on this path, because its loops and its known ground end it: what stands behind it is
 * kept for later, as if the callee had returned something unknown. */
static void call_passed(struct machine *m, const struct turn *t, const struct block *from, const struct block *callee)
{
	const struct cpu *c = m->cpu;
	const struct turn *first = block_turn(m, addrmap_get(&m->block_at, callee->addr));
	bool plt = first && first->kind == TURN_JUMP_REG;
	if (plt || code_flags(&m->code, t->end) & (CODE_RUN | CODE_QUEUED) || runs_out(m, t->end, from->thumb))
		return;
	struct assumed why = { .site = t->site, .text = "a call is passed over" };
	struct state *s = state_push(m, t->end, from->thumb, why);
	if (!s)
		return;
	s->passed = callee->addr;
	if (c->lr)
		return;
	s->reg[0] = c->sp;
	s->value[0] = reg_get(m, c->sp) + (c->wide ? 8 : 4);
	s->nregs = 1;
}

void branch_turn(struct machine *m, const struct block *from, struct block *b)
{
	m->unspread.n = 0;
	if (!from->turn)
		return;
	struct turn copy = m->code.turns[from->turn - 1];        /* the table may move */
	const struct turn *t = &copy;
	bool straight = b->addr == t->end && b->addr != t->target;
	switch (t->kind) {
	case TURN_CALL:
	case TURN_CALL_REG:
		if (!straight) {
			call_passed(m, t, from, b);
			frame_push(m, t, b);
		}
		break;
	case TURN_RETURN:
		frame_pop(m, b->addr);
		break;
	case TURN_JUMP_REG:
		if (t->conditional)
			branch_cases(m, from, t, from->thumb);
		if (!straight && !(code_flags(&m->code, b->addr) & CODE_LEADER))
			code_leader(&m->code, b->addr, b->thumb);
		break;
	default:
		break;
	}
	if (!t->conditional)
		return;
	if (!straight && t->end != b->addr)
		branch_other_side(m, t, t->end, from->thumb);
	else if (t->target && t->kind != TURN_CALL)
		branch_other_side(m, t, t->target, t->thumb);
	m->unspread = compare_other(m, t, straight);
	compare_branch(m, t, !straight);
}

bool branch_loop_ends(struct machine *m, struct block *b)
{
	if (b->run != m->nruns) {
		b->run = m->nruns;
		b->visits = b->rounds = 0;
		b->calls = m->order;
	}
	b->visits++;
	b->rounds += m->order != b->calls;
	b->calls = m->order;
	return b->rounds > LOOP_CALLS || b->visits > LOOP_ROUNDS;
}

void branch_loop_leave(struct machine *m, const struct block *from, const struct block *b)
{
	const struct turn *t = from && from->turn ? &m->code.turns[from->turn - 1] : NULL;
	uint32_t other = 0;
	if (t && t->conditional && t->kind == TURN_JUMP)
		other = b->addr == t->target ? t->end : t->target;
	uint32_t i = other ? addrmap_get(&m->block_at, other) : 0;
	bool fresh = other && (!i || m->blocks[i - 1].run != m->nruns || m->blocks[i - 1].rounds <= LOOP_CALLS);
	fresh &= ++m->leaves <= LEAVES_MAX;
	if (fresh) {
		m->redirect = other;
		m->redirect_thumb = b->thumb;
		m->redirect_why = branch_assumed(m, t, other);
		if (!m->redirect_why.call.n)     /* a loop over a table of commands is left where a comparison says */
			m->redirect_why.text = "a loop is left";
	}
	if (fresh || m->leaves > LEAVES_MAX || b->rounds > 4 * LOOP_CALLS || b->visits > LOOP_ROUNDS + 2000)
		machine_stop_path(m);
}
