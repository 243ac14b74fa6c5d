/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forced execution. A path runs as the program would; at each conditional branch whose other side was not
 * yet reached, the state is kept (processor context and a position in the memory log) and that side is run
 * later from there, the latest state first, so that memory only ever needs to be rolled back. */
#include "fw/flow/look.h"

#include <stdlib.h>

enum {
	LOOP_CALLS = 4,                          /* rounds of a loop that makes calls of interest */
	LOOP_ROUNDS = 20000,                     /* rounds of a loop that only computes: decoders, tables */
	SWITCH_MAX = 512,                        /* values of one jump table */
	AGAIN_COMPARED = 40, AGAIN_MAX = 5,      /* times one block is forced again: for other constants, other arguments */
	AGAIN_ROOT = 600,                        /* all of these of one root */
	/* calls of one root that are given another result too; the key of their count */
	OTHERWISE = 2, OTHERWISE_MAX = 24,
	PLACES_ROOT = 400,                       /* places of tables that are kept for later, of one root */
	LATER_MAX = 3,                           /* times one callback is run for different registrations */
	NATURAL_MIN = 2000, NATURAL_MAX = 60000, NATURAL_PART = 16,
	PLACE_FRAMES = 3,                        /* functions up from a table that are looked at for something of interest */
	LEAVES_MAX = 40,                         /* loops that are left on one path while nothing new is reached */
	SOME_CHILD = 4712,
	OPEN_MAX = 512,                          /* states that are looked through for a call to return from */
	STATES_MAX = 20000, FAULTS_MAX = 200, DEPTH_MAX = 200,
	TAIL_MIN = 60, TAIL_MAX = 3000, TAIL_TOTAL = 4000000,
	STACK_TOP = AT_STACK + STACK_BYTES - 0x8000,
};

const struct turn *block_turn(const struct machine *m, uint32_t block)
{
	uint32_t t = block ? m->blocks[block - 1].turn : 0;
	return t ? &m->code.turns[t - 1] : NULL;
}

void machine_stop_path(struct machine *m)
{
	m->stopping = true;
	uc_emu_stop(m->uc);
}

void machine_ended(struct machine *m)
{
	for (const struct frame *f = m->frame; f; f = f->up) {
		struct function *fn = code_function_at(&m->code, f->function);
		if (fn)
			fn->ends = true;
	}
	m->ended = true;
	machine_stop_path(m);
}

/* ---- states ---- */

static uint32_t mix(uint32_t a, uint32_t b)
{
	return (a ^ b) * 2654435761u ^ a >> 15;
}

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

static void context_give(struct machine *m, uc_context *c)
{
	if (m->nspare == m->spare_room) {
		m->spare_room = m->spare_room ? 2 * m->spare_room : 64;
		m->spare = mem_grow(m->spare, m->spare_room, sizeof(*m->spare));
	}
	m->spare[m->nspare++] = c;
}

static struct state *state_push(struct machine *m, uint64_t pc, bool thumb, struct assumed why)
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
	uint32_t key = mix(m->call_site + twice, (uint32_t)result) | 1, times = addrmap_get(&m->again, OTHERWISE);
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

void machine_place(struct machine *m, struct assumed why, uint32_t place, const struct seed *from, uint64_t v,
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

/* ---- blocks ---- */

static bool is_thumb_now(const struct machine *m)
{
	return m->cpu->arch == UC_ARCH_ARM && reg_get(m, UC_ARM_REG_CPSR) & 0x20;
}

static uint32_t block_add(struct machine *m, uint64_t addr, uint32_t size)
{
	if (m->nblocks == m->blocks_room) {
		m->blocks_room = m->blocks_room ? 2 * m->blocks_room : 1024;
		m->blocks = mem_grow(m->blocks, m->blocks_room, sizeof(*m->blocks));
	}
	struct block *b = &m->blocks[m->nblocks++];
	*b = (struct block){ .addr = (uint32_t)addr, .end = (uint32_t)(addr + size), .thumb = is_thumb_now(m) };
	addrmap_put(&m->block_at, b->addr, m->nblocks);
	uint32_t known = addrmap_get(&m->recognised, b->addr);
	if (known) {
		b->stub = &m->stubs[known - 1];
		b->ninsn = code_ran(&m->code, addr, addr + size);
		return m->nblocks;
	}
	if (addr >= AT_STUBS && addr < AT_STUBS + STUB_BYTES) {
		uint32_t i = (uint32_t)(addr - AT_STUBS) / STUB_STEP;
		b->stub = &m->stubs[i < m->nstubs ? i : 0];
		return m->nblocks;
	}
	if (!(code_flags(&m->code, addr) & CODE_INSN))
		code_leader(&m->code, addr, b->thumb);
	const struct turn *t = code_turn(&m->code, addr, addr + size, b->thumb);
	b->turn = t ? (uint32_t)(t - m->code.turns) + 1 : 0;
	b->ninsn = code_ran(&m->code, addr, addr + size);
	look_prepare(m, b);
	m->since_new = m->leaves = 0;
	return m->nblocks;
}

/* ---- the shadow call stack ---- */

/* What tells two calls of a function apart: its first arguments and the texts they point to. */
static uint32_t arguments_key(struct machine *m)
{
	uint32_t h = 1;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t v = arg(m, i);
		struct span s = guest_text(&m->g, v, 48);
		if (v < 0x1000 || s.n == 0)
			h = mix(h, (uint32_t)v);
		for (size_t k = 0; k < s.n && v >= 0x1000; k++)
			h = mix(h, s.p[k]);
	}
	return h;
}

/* Start-up hands main() over in the first argument (musl's in a second call), on PowerPC in a table of addresses: r8 of
 * glibc's _start, which jumps on with it. */
static void main_named(struct machine *m, uint64_t addr)
{
	const struct module *mod = &m->code.modules[0];
	addr &= m->cpu->arch == UC_ARCH_ARM ? ~(uint64_t)1 : ~(uint64_t)0;
	if (!m->probe_main && addr >= mod->text && addr < mod->text_end)
		m->probe_main = (uint32_t)addr;
}

/* What start-up names only jumps there: glibc's __wrap_main on AArch64. */
static bool main_is_further(struct machine *m)
{
	struct turn t = code_block(&m->code, m->probe_main, is_thumb_now(m));
	bool jumps = t.kind == TURN_JUMP && !t.conditional && t.target && t.end - m->probe_main <= 8;
	struct function *f = jumps ? code_function(&m->code, m->probe_main, is_thumb_now(m)) : NULL;
	if (f)                                   /* or it would be entered once more, as one that nobody called */
		f->tried = f->reached = true;
	m->probe_main = jumps ? t.target : m->probe_main;
	return jumps;
}

static void frame_push(struct machine *m, const struct turn *t, const struct block *b)
{
	struct function *f = code_function(&m->code, b->addr, b->thumb);
	if (!f)
		return;
	f->reached = true;
	f->constructs |= m->starting && t->kind == TURN_CALL_REG;
	struct frame *n = arena_new(&m->root_arena, sizeof(*n));
	*n = (struct frame){ .up = m->frame, .function = f->addr, .site = t->site, .back = t->end,
		.depth = m->frame ? m->frame->depth + 1 : 0 };
	if (f->hot)
		n->key = arguments_key(m);
	m->frame = n;
	if (n->depth > DEPTH_MAX)
		machine_stop_path(m);
	if (m->starting && n->depth <= 2)
		main_named(m, arg(m, 0));
}

static void frame_pop(struct machine *m, uint32_t to)
{
	const struct frame *f = m->frame;
	for (unsigned i = 0; f && i < 8; i++, f = f->up)
		if (f->back == to) {
			struct function *fn = code_function_at(&m->code, f->function);
			if (fn)
				fn->returns = true;
			m->frame = f->up ? f->up : m->frame;
			return;
		}
}

/* ---- branches ---- */

/* The branch asks for a number that is not what the last call gave. The delay slot of MIPS or a conditional
 * instruction of ARM may have changed it since. */
static bool asks_for_another(const struct machine *m, const struct turn *t)
{
	int reg = t->compare && t->reg && t->has_value ? cpu_register(m->cpu, (unsigned)t->reg) : 0;
	bool slot = (m->cpu->machine == EM_MIPS_ || m->cpu->machine == EM_ARM_) && reg == m->cpu->ret;
	return reg && !slot && (int32_t)reg_get(m, reg) != (int32_t)m->last_result;
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
		values = mix(values, m->last_key);
	if (!values)
		return false;
	uint32_t key = mix(values, other) | 1;
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

/* A jump table: once for each value that passes the check in front of it. */
static void switch_values(struct machine *m, const struct block *jump, const struct turn *check, bool thumb)
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

/* A call may not come back on this path, because its loops and its known ground end it: what stands behind it is
 * kept for later, as if the callee had returned something unknown. */
static void call_passed(struct machine *m, const struct turn *t, const struct block *from, const struct block *callee)
{
	const struct cpu *c = m->cpu;
	const struct turn *first = block_turn(m, addrmap_get(&m->block_at, callee->addr));
	bool plt = first && first->kind == TURN_JUMP_REG;
	if (plt || code_flags(&m->code, t->end) & (CODE_RUN | CODE_QUEUED))
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

static void turn_taken(struct machine *m, const struct block *from, struct block *b)
{
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
			switch_values(m, from, t, from->thumb);
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
	compare_branch(m, t, !straight);
}

/* True when the loop b stands in has gone round often enough: leave by the side not taken. */
static bool loop_ends(struct machine *m, struct block *b)
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

static void loop_leave(struct machine *m, const struct block *from, const struct block *b)
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
		m->redirect_site = t->site;
	}
	if (fresh || m->leaves > LEAVES_MAX || b->rounds > 4 * LOOP_CALLS || b->visits > LOOP_ROUNDS + 2000)
		machine_stop_path(m);
}

/* ---- entering a model ---- */

static void find_caller(struct machine *m)
{
	const struct turn *t = block_turn(m, m->prev);
	const struct block *from = m->prev ? &m->blocks[m->prev - 1] : NULL;
	const struct frame *f = m->frame;
	m->call_frame = f;
	m->call_site = t ? t->site : 0;
	if (from && t && f && f->up && t->kind == TURN_JUMP_REG && from->addr - f->function <= 16) {
		m->call_site = f->site;          /* through a PLT entry */
		m->call_frame = f->up;
	} else if (t && t->kind == TURN_JUMP_REG && m->before) {
		const struct turn *tail = block_turn(m, m->before);      /* a call in place of a return */
		if (tail && tail->kind == TURN_JUMP && tail->target == from->addr)
			m->call_site = tail->site;
	}
	m->call_function = m->call_frame ? m->call_frame->function : 0;
}

static void mark_hot(struct machine *m)
{
	const struct frame *f = m->call_frame;
	for (unsigned i = 0; f && i < 6; i++, f = f->up) {
		struct function *fn = code_function_at(&m->code, f->function);
		if (fn)
			fn->hot = true;
	}
}

static void note_unknown(struct machine *m, struct stub *s)
{
	if (!s->called && !s->model && m->nunknown < ARRAY_LEN(m->unknown))
		m->unknown[m->nunknown++] = s->name;
	s->called = true;
}

/* A list of servers is gone through at one place: each call of it is another. */
static uint32_t destination_key(struct machine *m, const struct model *model)
{
	uint32_t h = model->class == CALL_NETWORK ? 1 : 0;
	const uint8_t *b = h ? guest_bytes(&m->g, arg(m, 1), 8) : NULL;
	for (unsigned i = 0; b && i < 8; i++)
		h = mix(h, b[i]);
	return model->class == CALL_RESOLVE || model->class == CALL_RUN ? arguments_key(m) : b ? h : 0;
}

static void model_run(struct machine *m, const struct model *model, struct span name)
{
	m->callee = name;
	m->last_key = m->starting ? 0 : destination_key(m, model);
	uint64_t v = model->run(m, model);
	if (m->starting) {
		m->result = v;
		return;
	}
	if (model->sig) {
		mark_hot(m);
		call_write(m, model, NULL, v);
	} else if (model->class != CALL_QUIET) {
		m->order++;
	}
	m->result = v;
}

/* A call that does not come back was the last of its function, and was passed over: what follows is the next function
 * in memory, which would return to itself for ever. */
static bool returns_here(const struct machine *m, uint32_t addr)
{
	return m->cpu->lr && (reg_get(m, m->cpu->lr) & ~(uint64_t)1) == addr;
}

static void stub_enter(struct machine *m, const struct block *b)
{
	struct stub *s = &m->stubs[b->stub - m->stubs];
	if (b->addr == AT_STUBS || returns_here(m, b->addr)) {           /* the root returns */
		m->ended = true;
		machine_stop_path(m);
		return;
	}
	find_caller(m);
	note_unknown(m, s);
	m->compared = 0;
	m->compared_at = m->ticks;
	m->result = 0;
	if (!recognised_asks(m, b))
		model_run(m, s->model ? s->model : model_unknown, s->name);
	if (!m->stopping)
		reg_set(m, m->cpu->ret, m->result);
	m->last_call = s->name;
	m->last_result = (int32_t)m->result;
	m->last_call_at = m->ticks;
	m->from_stub = true;
}

/* ---- what the emulator calls ---- */

static bool over_budget(struct machine *m)
{
	if (m->instructions >= m->limits.program)
		m->stopped = "instruction budget of the program";
	else if (m->written >= m->limits.output)
		m->stopped = "output budget";
	return m->stopped || m->instructions >= m->path_end || m->instructions >= m->root_end || m->g.log_full
		|| m->since_new > (m->natural ? m->natural_tail : m->tail);
}

/* Nothing is learnt from a function that is tried but whether it returns. */
static void probe_block(struct machine *m, uint64_t addr, uint32_t size)
{
	struct probe *p = &m->probe;
	p->steps += 1 + size / 4;
	p->returned = addr == AT_STUBS;
	for (uint64_t at = addr; at < addr + size && !p->returned; at += m->cpu->align)
		if (code_flags(&m->code, at) & CODE_LEADER)
			addrmap_put(&m->probe_ran, (uint32_t)at, p->run);
	if (p->returned || p->steps > p->max)
		uc_emu_stop(m->uc);
}

static void on_block(uc_engine *uc, uint64_t addr, uint32_t size, void *ctx)
{
	struct machine *m = ctx;
	if (m->probe.on) {
		probe_block(m, addr, size);
		return;
	}
	if (m->stopping) {
		uc_emu_stop(uc);
		return;
	}
	if (m->starting && addr == m->probe_main && !main_is_further(m)) {
		m->at_main = true;
		machine_stop_path(m);
		return;
	}
	m->ticks++;
	if (m->starting && m->cpu->machine == EM_PPC_ && !m->frame->up)
		main_named(m, guest_pointer(&m->g, arg(m, 5) + 4));
	uint32_t i = addrmap_get(&m->block_at, (uint32_t)addr);
	if (!i || m->blocks[i - 1].end - m->blocks[i - 1].addr != size)
		i = block_add(m, addr, size);
	struct block *b = &m->blocks[i - 1];
	m->instructions += !b->stub ? b->ninsn : b->addr < AT_STUBS;
	m->since_new += !b->stub;
	if (over_budget(m)) {
		machine_stop_path(m);
		return;
	}
	if (b->stub) {
		stub_enter(m, b);
		return;
	}
	struct block from = m->prev ? m->blocks[m->prev - 1] : (struct block){ 0 };
	if (m->from_stub)
		frame_pop(m, b->addr);
	else if (m->prev)
		turn_taken(m, &from, b);
	m->from_stub = false;
	b = &m->blocks[i - 1];
	const struct turn *t = block_turn(m, i);
	if (t && t->kind == TURN_JUMP_REG && !t->conditional && m->prev) {
		const struct turn *check = t->compare ? t : block_turn(m, m->prev);
		switch_values(m, b, check, b->thumb);
	}
	if (loop_ends(m, b))
		loop_leave(m, m->prev ? &from : NULL, b);
	m->before = m->prev;
	m->prev = i;
	if (b->compares || b->places)
		look_block(m, i);
}

static void on_write(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *ctx)
{
	(void)uc;
	(void)type;
	(void)value;
	struct machine *m = ctx;
	const struct block *b = m->prev ? &m->blocks[m->prev - 1] : NULL;
	bool loop = b && b->visits >= 4 && b->run == m->nruns && size <= 4;
	guest_stored(&m->g, addr, (uint64_t)size, loop ? SHADE_LOOPED : SHADE_STORED);
}

/* Outside bytes taken for a pointer of 64 bits: zeros there, for this root. No model looks so far up. */
static bool far_map(struct machine *m, uint64_t addr)
{
	uint64_t page = addr & ~(uint64_t)(GUEST_PAGE - 1);
	if (m->nfar == ARRAY_LEN(m->far) || page > UINT64_MAX - 4 * GUEST_PAGE
	    || uc_mem_map(m->uc, page, GUEST_PAGE, UC_PROT_READ | UC_PROT_WRITE) != UC_ERR_OK)
		return false;
	m->far[m->nfar++] = page;
	return true;
}

/* Nothing is mapped there: forced paths follow pointers that real ones do not. A page of zeros, some times. */
static bool on_fault(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *ctx)
{
	(void)uc;
	(void)size;
	(void)value;
	struct machine *m = ctx;
	if (m->probe.on || type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT || type == UC_MEM_WRITE_PROT
	    || m->faults >= FAULTS_MAX)
		return false;
	if (addr >> 32)
		return far_map(m, addr);
	uint64_t page = addr & ~(uint64_t)(GUEST_PAGE - 1);
	const struct region *r = guest_map(&m->g, page, 2 * GUEST_PAGE);
	if (!r)
		r = guest_map(&m->g, page, GUEST_PAGE);
	m->faults += r != NULL;
	return r && guest_expose(&m->g, r, r->base, r->size, UC_PROT_READ | UC_PROT_WRITE);
}

/* After a root: what its paths ran into is as unmapped as before. Its writes there are forgotten with it. */
static void faults_forget(struct machine *m)
{
	guest_rollback(&m->g, m->root_mark < guest_mark(&m->g) ? m->root_mark : guest_mark(&m->g));
	for (; m->faults; m->faults--)
		guest_unmap_last(&m->g);
	while (m->nfar)
		(void)uc_mem_unmap(m->uc, m->far[--m->nfar], GUEST_PAGE);
}

/* As each kernel tells an error: a negative number, or the number and a flag. */
static void call_answer(struct machine *m, uint64_t result, bool error)
{
	bool flagged = m->cpu->sys_error || m->cpu->machine == EM_PPC_;
	reg_set(m, m->cpu->sys_ret, error && flagged ? 0 - result : result);
	if (m->cpu->sys_error)
		reg_set(m, m->cpu->sys_error, error);
	if (m->cpu->machine == EM_PPC_) {        /* the summary overflow bit says error */
		uint64_t cr = reg_get(m, UC_PPC_REG_CR), bit = 0x10000000;
		reg_set(m, UC_PPC_REG_CR, error ? cr | bit : cr & ~bit);
	}
}

static void system_call(struct machine *m)
{
	uint64_t nr = reg_get(m, m->cpu->sys_nr);
	const char *name = cpu_syscall_name(m->cpu, nr);
	if (m->probe.on) {
		m->syscall = true;
		uint64_t v = trial_kernel(m, name);
		m->syscall = false;
		m->arg_base = 0;
		call_answer(m, v, (int64_t)v < 0 && (int64_t)v > -200);
		return;
	}
	const struct model *model = name ? model_find(span_str(name)) : NULL;
	m->syscall = true;
	m->call_frame = m->frame;
	m->call_site = m->prev ? m->blocks[m->prev - 1].end : 0;
	if (m->before && !code_module(&m->code, m->call_site))
		m->call_site = m->blocks[m->before - 1].end;     /* glibc on i386 calls through the kernel's page */
	m->call_function = m->frame ? m->frame->function : 0;
	m->result = 0;
	if (model)
		model_run(m, model, span_str(name));
	m->syscall = false;
	m->arg_base = 0;
	call_answer(m, m->result, false);
}

static void on_interrupt(uc_engine *uc, uint32_t number, void *ctx)
{
	(void)uc;
	struct machine *m = ctx;
	uint32_t call = 0;
	switch (m->cpu->machine) {
	case EM_ARM_:
	case EM_AARCH64_: call = 2; break;
	case EM_MIPS_: call = 17; break;
	case EM_PPC_: call = 8; break;
	case EM_386_: call = 0x80; break;
	default: call = UINT32_MAX; break;
	}
	if (number == call)
		system_call(m);
	else
		machine_stop_path(m);
}

static void on_syscall(uc_engine *uc, void *ctx)
{
	(void)uc;
	system_call(ctx);
}

static bool hook(struct machine *m)
{
	uc_hook h;
	bool ok = uc_hook_add(m->uc, &h, UC_HOOK_BLOCK, (void *)(uintptr_t)on_block, m, 1, 0) == UC_ERR_OK
		&& uc_hook_add(m->uc, &h, UC_HOOK_MEM_WRITE, (void *)(uintptr_t)on_write, m, 1, 0) == UC_ERR_OK
		&& uc_hook_add(m->uc, &h, UC_HOOK_MEM_INVALID, (void *)(uintptr_t)on_fault, m, 1, 0) == UC_ERR_OK
		&& uc_hook_add(m->uc, &h, UC_HOOK_INTR, (void *)(uintptr_t)on_interrupt, m, 1, 0) == UC_ERR_OK && classes_watch(m);
	if (ok && m->cpu->machine == EM_X86_64_)
		ok = uc_hook_add(m->uc, &h, UC_HOOK_INSN, (void *)(uintptr_t)on_syscall, m, 1, 0, UC_X86_INS_SYSCALL)
			== UC_ERR_OK;
	return ok;
}

/* ---- paths and roots ---- */

static void path_begin(struct machine *m, struct path *up, uint32_t forked, struct assumed why)
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

/* The innermost call the path stands in, behind which nothing was reached yet, or fork whose child is done. */
static struct state *call_open(struct machine *m)
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
	if (m->syscall && call_open(m))
		machine_stop_path(m);
	else
		m->ended = ended;
}

static void state_enter(struct machine *m, const struct state *s)
{
	uc_context_restore(m->uc, s->context);
	for (unsigned i = 0; i < s->nregs; i++)
		reg_set(m, s->reg[i], s->value[i]);
	if (s->bytes)                            /* it comes from where it came from */
		guest_put_number(&m->g, s->at, s->value[0], s->bytes, *guest_shades(&m->g, s->at, 1));
	m->frame = s->frame;
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
	struct state *s = call_open(m);
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

static void path_run(struct machine *m, uint64_t pc, bool thumb)
{
	m->nruns++;
	m->states_base = m->nstates;
	m->ended = false;
	m->path_end = m->instructions + (m->natural ? m->limits.first : m->limits.path);
	for (;;) {
		m->redirect = m->redirect_site = 0;
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
		if (m->redirect_site) {
			uint32_t ticks = m->since_new, leaves = m->leaves;
			path_begin(m, m->path, m->order, (struct assumed){ .site = m->redirect_site, .text = "a loop is left" });
			m->since_new = ticks;
			m->leaves = leaves;
		}
	}
}

static void state_run(struct machine *m)
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

void machine_arguments(struct machine *m, unsigned n, const uint64_t *v, uint64_t back)
{
	const struct cpu *c = m->cpu;
	uint64_t sp = STACK_TOP - 512;
	if (c->lr)
		reg_set(m, c->lr, back);
	else
		guest_put_pointer(&m->g, sp -= c->wide ? 8 : 4, back);
	for (unsigned i = 0; i < n; i++) {
		if (i < c->nargs)
			reg_set(m, c->args[i], v[i]);
		else
			guest_put_pointer(&m->g, sp + c->stack_args + (uint64_t)(i - c->nargs) * (c->wide ? 8 : 4), v[i]);
	}
	reg_set(m, c->sp, sp);
}

static struct frame *root_frame(struct machine *m, uint32_t addr)
{
	struct frame *f = arena_new(&m->root_arena, sizeof(*f));
	*f = (struct frame){ .function = addr, .back = AT_STUBS };
	return f;
}

void machine_enter(struct machine *m, uint64_t function, unsigned nargs, const uint64_t *args)
{
	bool thumb = m->cpu->arch == UC_ARCH_ARM && function & 1;
	struct function *f = code_function(&m->code, function, thumb);
	machine_stop_path(m);
	if (!f)
		return;
	f->tried = f->reached = true;
	m->path->root = f->name.n ? f->name : m->path->root;
	machine_arguments(m, nargs, args, AT_STUBS);
	reg_set(m, m->cpu->callee, f->addr);
	m->frame = root_frame(m, f->addr);
	m->redirect = f->addr;
	m->redirect_thumb = thumb;
}

static void registers_reset(struct machine *m, const struct module *mod, uint64_t pc)
{
	const struct cpu *c = m->cpu;
	static const unsigned tls = AT_TLS + TLS_BYTES / 2;
	if (m->ground) {
		(void)uc_context_restore(m->uc, m->ground);
		reg_set(m, c->callee, pc);
		return;
	}
	if (c->gp && mod->elf.pltgot)
		reg_set(m, c->gp, mod->elf.pltgot + mod->bias + 0x7ff0);
	reg_set(m, c->callee, pc);
	switch (c->machine) {
	case EM_AARCH64_: reg_set(m, UC_ARM64_REG_TPIDR_EL0, tls); break;
	case EM_ARM_: reg_set(m, UC_ARM_REG_C13_C0_3, tls); break;
	case EM_MIPS_: reg_set(m, UC_MIPS_REG_CP0_USERLOCAL, tls + 0x7000); break;
	case EM_PPC_: reg_set(m, UC_PPC_REG_2, tls + 0x7000); break;
	case EM_X86_64_: reg_set(m, UC_X86_REG_FS_BASE, tls); break;
	case EM_386_:
		(void)uc_reg_write(m->uc, UC_X86_REG_GDTR, &(uc_x86_mmr){ .base = AT_GDT, .limit = GUEST_PAGE - 1 });
		reg_set(m, UC_X86_REG_SS, SEGMENT_STACK << 3);   /* any load asks it how wide the stack pointer is */
		reg_set(m, UC_X86_REG_GS, SEGMENT_THREAD << 3 | 3);
		break;
	default: break;
	}
}

/* Blocks that the first path of a root may run while it reaches nothing new: a decoder in a function that nobody
 * called gets its rounds, but thousands of functions share what is left. Start-up takes the time it needs. */
static uint32_t natural_tail(const struct machine *m, bool alone)
{
	uint64_t left = m->limits.program - (m->instructions < m->limits.program ? m->instructions : m->limits.program);
	uint64_t share = left / (m->code.nfunctions - m->nroots % m->code.nfunctions) / NATURAL_PART;
	if (alone)
		return UINT32_MAX;
	return (uint32_t)(share < NATURAL_MIN ? NATURAL_MIN : share > NATURAL_MAX ? NATURAL_MAX : share);
}

/* A path that faulted in a delay slot leaves a MIPS processor that takes the next instruction, wherever it stands, for
 * the slot, and jumps on to nowhere. Nothing of one root's processor may be left for the next. */
static void cpu_fresh(struct machine *m)
{
	if (m->fresh)
		(void)uc_context_restore(m->uc, m->fresh);
	else if (uc_context_alloc(m->uc, &m->fresh) == UC_ERR_OK)
		(void)uc_context_save(m->uc, m->fresh);
	else
		m->fresh = NULL;
}

static void root_begin(struct machine *m, struct span name, bool alone)
{
	arena_reset(&m->root_arena);
	m->root_end = m->instructions + m->limits.root;
	uint32_t left = m->code.blocks > m->code.blocks_run ? m->code.blocks - m->code.blocks_run : 1;
	m->tail = TAIL_TOTAL / left < TAIL_MIN ? TAIL_MIN : TAIL_TOTAL / left > TAIL_MAX ? TAIL_MAX : TAIL_TOTAL / left;
	m->natural_tail = natural_tail(m, alone);
	path_begin(m, NULL, 0, (struct assumed){ 0 });
	m->path->root = name;
	m->natural = true;
	m->nagain = m->nplaces = 0;
}

/* Runs a function and then every side that was left, and puts memory back. */
static void root_run(struct machine *m, struct function *f, unsigned nargs, const uint64_t *args, bool explore)
{
	root_begin(m, f->name.n ? f->name : SPAN_LIT("function"), nargs != 4);
	m->nroots++;
	f->tried = f->reached = true;
	uint32_t addr = m->root_entry = f->addr;
	bool thumb = f->thumb;
	m->exploring = explore;
	m->root_mark = explore ? guest_mark(&m->g) : SIZE_MAX;
	m->frame = root_frame(m, addr);
	registers_reset(m, &m->code.modules[f->module], addr);
	if (nargs)
		machine_arguments(m, nargs, args, AT_STUBS);
	path_run(m, addr, thumb);
	m->natural = false;
	while (m->nstates)
		state_run(m);
	faults_forget(m);
}

/* The stack as the kernel leaves it for a new program. */
static void entry_stack(struct machine *m)
{
	const struct elf *e = &m->code.modules[0].elf;
	unsigned size = m->cpu->wide ? 8 : 4;
	uint64_t sp = STACK_TOP, at = sp;
	uint8_t shade = source_add(m, "argv");
	uint64_t name = heap_text(m, m->name);
	guest_put_pointer(&m->g, at, 4);
	guest_put_pointer(&m->g, at += size, name);
	for (unsigned i = 0; i < 3; i++)
		guest_put_pointer(&m->g, at += size, heap_marked(m, 12, shade));
	guest_put_pointer(&m->g, at += size, 0);
	guest_put_pointer(&m->g, at += size, heap_text(m, SPAN_LIT("PATH=/bin:/sbin")));
	guest_put_pointer(&m->g, at += size, 0);
	uint64_t headers = 0;
	for (unsigned i = 0; i < e->nsegments; i++)
		if (e->segments[i].type == 1 && e->segments[i].offset == 0)
			headers = e->segments[i].addr + m->code.modules[0].bias;
	uint64_t random = heap_new(m, 16);
	const uint64_t aux[][2] = { { 3, headers + (e->wide ? 64 : 52) }, { 4, e->wide ? 56 : 32 }, { 5, e->nsegments },
		{ 6, 4096 }, { 9, e->entry + m->code.modules[0].bias }, { 16, 0 }, { 25, random }, { 23, 0 },
		{ m->cpu->machine == EM_386_ ? 32 : 23, m->cpu->machine == EM_386_ ? AT_VDSO : 0 }, { 0, 0 } };
	for (unsigned i = 0; i < ARRAY_LEN(aux); i++) {
		guest_put_pointer(&m->g, at += size, aux[i][0]);
		guest_put_pointer(&m->g, at += size, aux[i][1]);
	}
	reg_set(m, m->cpu->sp, sp);
	reg_set(m, m->cpu->lr, AT_STUBS);
}

/* Its own start-up sets everything up. */
static bool is_static(const struct machine *m)
{
	const struct elf *e = &m->code.modules[0].elf;
	return e->entry && !e->interp.n && !e->nneeded;
}

static void run_constructors(struct machine *m)
{
	for (unsigned i = m->code.nmodules; i-- > is_static(m);) {
		const struct module *mod = &m->code.modules[i];
		unsigned size = m->cpu->wide ? 8 : 4;
		for (uint64_t at = 0; at + size <= mod->elf.init_array_bytes && at < 512 * size; at += size) {
			uint64_t v = guest_pointer(&m->g, mod->elf.init_array + mod->bias + at);
			struct function *f = code_function(&m->code, v, m->cpu->arch == UC_ARCH_ARM && v & 1);
			uint64_t none[3] = { 0 };
			if (!f)
				continue;
			cpu_fresh(m);
			root_run(m, f, 3, none, false);
			m->code.functions[addrmap_get(&m->code.function_at, m->root_entry) - 1].tried = false;
			guest_commit(&m->g);
		}
	}
}

static struct function *entry_function(struct machine *m)
{
	const struct module *mod = &m->code.modules[0];
	uint64_t entry = mod->elf.entry ? mod->elf.entry + mod->bias : 0;
	return entry ? code_function(&m->code, entry, m->cpu->arch == UC_ARCH_ARM && entry & 1) : NULL;
}

static void run_entry(struct machine *m)
{
	struct function *f = entry_function(m);
	if (!f)
		return;
	size_t mark = guest_mark(&m->g);
	cpu_fresh(m);
	entry_stack(m);
	root_run(m, f, 0, NULL, true);
	guest_rollback(&m->g, mark);
}

/* Start-up of a static program runs as it is, up to main(): what it sets up is the ground that everything after stands
 * on, and its library is told by what it does there. False: it does not come to main(). */
static bool run_startup(struct machine *m)
{
	struct function *f = entry_function(m);
	if (!f || !is_static(m))
		return false;
	size_t mark = guest_mark(&m->g);
	cpu_fresh(m);
	entry_stack(m);
	m->starting = true;
	root_run(m, f, 0, NULL, false);
	m->starting = false;
	if (m->at_main && uc_context_alloc(m->uc, &m->ground) != UC_ERR_OK)
		m->ground = NULL;
	if (m->ground) {                         /* what start-up left below its stack pointer is nobody's text */
		uc_context_save(m->uc, m->ground);
		guest_fill(&m->g, AT_STACK, 0, reg_get(m, m->cpu->sp) - AT_STACK, SHADE_NONE);
	} else {
		guest_rollback(&m->g, mark);
		registers_reset(m, &m->code.modules[0], f->addr);
	}
	if (m->ground)                           /* what main() calls is to be known as functions */
		code_leader(&m->code, m->probe_main, is_thumb_now(m));
	machine_recognise(m);
	guest_commit(&m->g);
	return m->ground != NULL;
}

static void run_main(struct machine *m)
{
	bool thumb = m->cpu->arch == UC_ARCH_ARM && reg_get(m, UC_ARM_REG_CPSR) & 0x20;
	struct function *f = code_function(&m->code, m->probe_main, thumb);
	if (!f)
		return;
	if (!f->name.n)
		f->name = SPAN_LIT("main");
	root_run(m, f, 0, NULL, true);
}

/* Functions that nobody called: with marked arguments, as a callback or a table would call them. */
static void run_function(struct machine *m, struct function *f)
{
	uint64_t args[4];
	size_t mark = guest_mark(&m->g);
	/* One name for those of all functions: there are more functions than names, and the root says which it was. */
	for (unsigned i = 0; i < 4; i++)
		args[i] = heap_marked(m, 256, source_add(m, "argument %u", i));
	cpu_fresh(m);
	root_run(m, f, 4, args, true);
	guest_rollback(&m->g, mark);
}

static void run_rest(struct machine *m)
{
	for (uint32_t i = 0; i < m->code.nfunctions && !m->stopped; i++) {
		struct function *f = &m->code.functions[i];
		if (f->module || f->tried || (!f->constructs && code_flags(&m->code, f->addr) & CODE_RUN))
			continue;
		run_function(m, f);
	}
}

void machine_run(struct machine *m)
{
	if (!hook(m)) {
		m->stopped = "the emulator refused its hooks";
		return;
	}
	cpu_prepare(m->cpu, m->uc);
	m->limits.first = m->limits.first ? m->limits.first : 4000000;
	run_constructors(m);
	if (run_startup(m))
		run_main(m);
	else
		run_entry(m);
	run_rest(m);
	if (!m->stopped)
		m->stopped = "done";
}
