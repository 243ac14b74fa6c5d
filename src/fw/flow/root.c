/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A root: a function that is run with all the paths that leave it, on a fresh processor and with memory as it was. */
#include "fw/flow/root.h"

#include "fw/flow/frames.h"
#include "fw/flow/hooks.h"
#include "fw/flow/path.h"

enum {
	NATURAL_MIN = 2000, NATURAL_MAX = 60000, NATURAL_PART = 16,
	TAIL_MIN = 60, TAIL_MAX = 3000, TAIL_TOTAL = 4000000,
};

void root_registers(struct machine *m, const struct module *mod, uint64_t pc)
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
void root_cpu(struct machine *m)
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

void root_run(struct machine *m, struct function *f, unsigned nargs, const uint64_t *args, bool explore)
{
	root_begin(m, f->name.n ? f->name : SPAN_LIT("function"), nargs != 4);
	m->nroots++;
	f->tried = f->reached = true;
	uint32_t addr = m->root_entry = f->addr;
	bool thumb = f->thumb;
	m->exploring = explore;
	m->root_mark = explore ? guest_mark(&m->g) : SIZE_MAX;
	m->frame = frame_root(m, addr);
	root_registers(m, &m->code.modules[f->module], addr);
	if (nargs)
		machine_arguments(m, nargs, args, AT_STUBS);
	path_run(m, addr, thumb);
	m->natural = false;
	while (m->nstates)
		path_take(m);
	hooks_forget(m);
}
