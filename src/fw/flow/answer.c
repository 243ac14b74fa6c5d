/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that a model answers in place of the program's library or its kernel. */
#include "fw/flow/answer.h"

#include "fw/flow/frames.h"

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
		if (tail && from && tail->kind == TURN_JUMP && tail->target == from->addr)
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
		h = key_mix(h, b[i]);
	return model->class == CALL_RESOLVE || model->class == CALL_RUN ? frame_key(m) : b ? h : 0;
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

void answer_stub(struct machine *m, const struct block *b)
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

void answer_system_call(struct machine *m)
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
