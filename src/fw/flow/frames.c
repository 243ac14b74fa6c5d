/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shadow call stack: what the program calls and returns from, and calls that are made on its behalf. */
#include "fw/flow/frames.h"

enum { DEPTH_MAX = 200 };

uint32_t frame_key(struct machine *m)
{
	uint32_t h = 1;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t v = arg(m, i);
		struct span s = guest_text(&m->g, v, 48);
		if (v < 0x1000 || s.n == 0)
			h = key_mix(h, (uint32_t)v);
		for (size_t k = 0; k < s.n && v >= 0x1000; k++)
			h = key_mix(h, s.p[k]);
	}
	return h;
}

/* Start-up hands main() over in the first argument (musl's in a second call), on PowerPC in a table of addresses: r8 of
 * glibc's _start. */
void main_named(struct machine *m, uint64_t addr)
{
	const struct module *mod = &m->code.modules[0];
	addr &= m->cpu->arch == UC_ARCH_ARM ? ~(uint64_t)1 : ~(uint64_t)0;
	if (!m->probe_main && addr >= mod->text && addr < mod->text_end)
		m->probe_main = (uint32_t)addr;
}

/* What start-up names only jumps there: glibc's __wrap_main on AArch64. */
bool main_is_further(struct machine *m)
{
	struct turn t = code_block(&m->code, m->probe_main, machine_is_thumb(m));
	bool jumps = t.kind == TURN_JUMP && !t.conditional && t.target && t.end - m->probe_main <= 8;
	struct function *f = jumps ? code_function(&m->code, m->probe_main, machine_is_thumb(m)) : NULL;
	if (f)                                   /* or it would be entered once more, as one that nobody called */
		f->tried = f->reached = true;
	m->probe_main = jumps ? t.target : m->probe_main;
	return jumps;
}

/* Small C libraries name it nowhere: _start calls what calls it with the arguments as the kernel has laid them out,
 * argc before argv, and the environment behind it. */
static void main_handed(struct machine *m, uint32_t function)
{
	const struct guest *g = &m->g;
	uint64_t size = g->wide ? 8 : 4, n = (uint32_t)arg(m, 0), argv = arg(m, 1);
	if (m->probe_main || argv - AT_STACK >= STACK_BYTES || guest_pointer(g, argv - size) != n ||
	    arg(m, 2) != argv + (n + 1) * size || guest_pointer(g, arg(m, 2) - size))
		return;
	m->probe_main = function;
	m->at_main = true;
	machine_stop_path(m);
}

void frame_push(struct machine *m, const struct turn *t, const struct block *b)
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
		n->key = frame_key(m);
	m->frame = n;
	if (n->depth > DEPTH_MAX)
		machine_stop_path(m);
	if (m->starting && n->depth <= 2)
		main_named(m, arg(m, 0));
	if (m->starting && n->depth == 2)
		main_handed(m, f->addr);
}

void frame_pop(struct machine *m, uint32_t to)
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

struct frame *frame_root(struct machine *m, uint32_t addr)
{
	struct frame *f = arena_new(&m->root_arena, sizeof(*f));
	*f = (struct frame){ .function = addr, .back = AT_STUBS };
	return f;
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
	m->frame = frame_root(m, f->addr);
	m->redirect = f->addr;
	m->redirect_thumb = thumb;
}
