/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A block is about to run: what it is, whether the path may go on, and where it came from. */
#include "fw/flow/block.h"

#include "fw/flow/answer.h"
#include "fw/flow/branch.h"
#include "fw/flow/frames.h"

enum { BLOCKS_RUN = 1 << 19 };                   /* each is translated, too: some 500 MB in all */

static uint32_t block_add(struct machine *m, uint64_t addr, uint32_t size)
{
	if (m->nblocks == BLOCKS_RUN) {         /* the last one's place will do for what is left of this path */
		m->stopped = "block budget of the program";
		m->nblocks--;
	}
	if (m->nblocks == m->blocks_room) {
		m->blocks_room = m->blocks_room ? 2 * m->blocks_room : 1024;
		m->blocks = mem_grow(m->blocks, m->blocks_room, sizeof(*m->blocks));
	}
	struct block *b = &m->blocks[m->nblocks++];
	*b = (struct block){ .addr = (uint32_t)addr, .end = (uint32_t)(addr + size), .thumb = machine_is_thumb(m) };
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

void block_begin(struct machine *m, uint64_t addr, uint32_t size)
{
	if (m->probe.on) {
		probe_block(m, addr, size);
		return;
	}
	if (m->stopping) {
		uc_emu_stop(m->uc);
		return;
	}
	if (m->starting && addr == m->probe_main && !main_is_further(m)) {
		m->at_main = true;
		machine_stop_path(m);
		return;
	}
	m->ticks++;
	if (m->starting && !m->frame->up)        /* _start has jumped on: uClibc's on ARM, glibc's on PowerPC */
		main_named(m, m->cpu->machine == EM_PPC_ ? guest_pointer(&m->g, arg(m, 5) + 4) : arg(m, 0));
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
		answer_stub(m, b);
		return;
	}
	struct block from = m->prev ? m->blocks[m->prev - 1] : (struct block){ 0 };
	if (m->from_stub)
		frame_pop(m, b->addr);
	else if (m->prev)
		branch_turn(m, &from, b);
	m->from_stub = false;
	b = &m->blocks[i - 1];
	const struct turn *t = block_turn(m, i);
	if (t && t->kind == TURN_JUMP_REG && !t->conditional && m->prev) {
		const struct turn *check = t->compare ? t : block_turn(m, m->prev);
		branch_cases(m, b, check, b->thumb);
	}
	if (branch_loop_ends(m, b))
		branch_loop_leave(m, m->prev ? &from : NULL, b);
	m->before = m->prev;
	m->prev = i;
	if (b->compares || b->places)
		look_block(m, i);
}
