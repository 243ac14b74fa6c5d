/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the emulator calls: blocks, writes, faults, interrupts. */
#include "fw/flow/hooks.h"

#include "fw/flow/answer.h"
#include "fw/flow/block.h"

enum { FAULTS_MAX = 200 };

static void on_block(uc_engine *uc, uint64_t addr, uint32_t size, void *ctx)
{
	(void)uc;
	block_begin(ctx, addr, size);
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

void hooks_forget(struct machine *m)
{
	guest_rollback(&m->g, m->root_mark < guest_mark(&m->g) ? m->root_mark : guest_mark(&m->g));
	for (; m->faults; m->faults--)
		guest_unmap_last(&m->g);
	while (m->nfar)
		(void)uc_mem_unmap(m->uc, m->far[--m->nfar], GUEST_PAGE);
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
		answer_system_call(m);
	else
		machine_stop_path(m);
}

static void on_syscall(uc_engine *uc, void *ctx)
{
	(void)uc;
	answer_system_call(ctx);
}

bool hooks_add(struct machine *m)
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
