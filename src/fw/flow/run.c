/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The roots of a program, in order: constructors, start-up and main(), or the entry, then functions that nobody
 * called. */
#include "fw/flow/hooks.h"
#include "fw/flow/root.h"

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
			root_cpu(m);
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
	root_cpu(m);
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
	root_cpu(m);
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
		root_registers(m, &m->code.modules[0], f->addr);
	}
	if (m->ground)                           /* what main() calls is to be known as functions */
		code_leader(&m->code, m->probe_main, machine_is_thumb(m));
	machine_recognise(m);
	guest_commit(&m->g);
	return m->ground != NULL;
}

static void run_main(struct machine *m)
{
	struct function *f = code_function(&m->code, m->probe_main, machine_is_thumb(m));
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
	root_cpu(m);
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
	if (!hooks_add(m)) {
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
