/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recursive descent with Capstone: leaders, blocks, functions. */
#include "fw/flow/code.h"

#include <stdlib.h>

enum { BLOCK_BYTES = 1 << 16, CODE_BACK = 64 };  /* the second: bytes before a site that are shown with it */

/* ---- set-up ---- */

bool code_init(struct code *c, const struct cpu *cpu, const struct guest *g)
{
	*c = (struct code){ .cpu = cpu, .guest = g };
	arena_init(&c->arena, 0);
	if (cs_open(cpu->cs_arch, (cs_mode)cpu->cs_mode, &c->handle) != CS_ERR_OK)
		return false;
	cs_option(c->handle, CS_OPT_DETAIL, CS_OPT_ON);
	if (cpu->arch == UC_ARCH_ARM) {
		if (cs_open(cpu->cs_arch, CS_MODE_THUMB, &c->handle_thumb) != CS_ERR_OK)
			return false;
		cs_option(c->handle_thumb, CS_OPT_DETAIL, CS_OPT_ON);
	}
	c->insn = cs_malloc(c->handle);
	return true;
}

void code_done(struct code *c)
{
	if (c->insn)
		cs_free(c->insn, 1);
	if (c->handle)
		cs_close(&c->handle);
	if (c->handle_thumb)
		cs_close(&c->handle_thumb);
	for (unsigned i = 0; i < c->nmodules; i++)
		free(c->modules[i].code);
	free(c->turns);
	free(c->steps);
	free(c->step_at.key);
	free(c->step_at.value);
	free(c->functions);
	free(c->work);
	free(c->turn_at.key);
	free(c->turn_at.value);
	free(c->function_at.key);
	free(c->function_at.value);
	arena_done(&c->arena);
}

struct module *code_module(struct code *c, uint64_t addr)
{
	for (unsigned i = 0; i < c->nmodules; i++) {
		struct module *m = &c->modules[i];
		if (addr >= m->text && addr < m->text_end)
			return m;
	}
	return NULL;
}

uint8_t code_flags(struct code *c, uint64_t addr)
{
	struct module *m = code_module(c, addr);
	return m ? m->code[addr - m->base] : 0;
}

void code_flag(struct code *c, uint64_t addr, uint8_t flag)
{
	struct module *m = code_module(c, addr);
	if (m)
		m->code[addr - m->base] |= flag;
}

/* ---- descent ---- */

bool code_decode(struct code *c, uint64_t addr, bool thumb)
{
	uint64_t room = guest_room(c->guest, addr);
	const uint8_t *p = guest_bytes(c->guest, addr, room < 16 ? room : 16);
	size_t n = room < 16 ? room : 16;
	return p && cs_disasm_iter(thumb ? c->handle_thumb : c->handle, &p, &n, &addr, c->insn);
}

static void work_push(struct code *c, uint32_t addr)
{
	if (c->nwork == c->work_room) {
		c->work_room = c->work_room ? 2 * c->work_room : 256;
		c->work = mem_grow(c->work, c->work_room, sizeof(*c->work));
	}
	c->work[c->nwork++] = addr;
}

static void leader_add(struct code *c, uint64_t addr, bool thumb)
{
	struct module *m = code_module(c, addr);
	if (!m || addr % (thumb ? 2 : c->cpu->align == 2 ? 4 : c->cpu->align))
		return;
	uint8_t *f = &m->code[addr - m->base];
	if (*f & CODE_LEADER)
		return;
	if (c->blocks == CODE_BLOCKS) {
		c->unkept++;
		return;
	}
	*f |= (uint8_t)(CODE_LEADER | (thumb ? CODE_THUMB : 0));
	c->blocks++;
	c->thumb |= thumb;
	work_push(c, (uint32_t)addr);
}

static uint32_t turn_keep(struct code *c, struct turn t)
{
	if (c->nturns == c->turns_room) {
		c->turns_room = c->turns_room ? 2 * c->turns_room : 1024;
		c->turns = mem_grow(c->turns, c->turns_room, sizeof(*c->turns));
	}
	c->turns[c->nturns] = t;
	addrmap_put(&c->turn_at, t.end, ++c->nturns);
	return c->nturns;
}

/* What the instruction just decoded does to values, once. */
static void step_keep(struct code *c, struct module *m, uint64_t at, bool thumb)
{
	if (addrmap_get(&c->step_at, (uint32_t)at))
		return;
	if (c->nsteps == CODE_STEPS) {
		c->unkept += !(m->code[at - m->base] & CODE_UNKEPT);
		m->code[at - m->base] |= CODE_UNKEPT;
		return;
	}
	struct step s = step_of(c->cpu, thumb ? c->handle_thumb : c->handle, c->insn,
				(uint32_t)guest_number(c->guest, at, 4), thumb);
	if (s.op == STEP_NONE)
		return;
	if (c->nsteps == c->steps_room) {
		c->steps_room = c->steps_room ? 2 * c->steps_room : 4096;
		c->steps = mem_grow(c->steps, c->steps_room, sizeof(*c->steps));
	}
	c->steps[c->nsteps] = s;
	addrmap_put(&c->step_at, (uint32_t)at, ++c->nsteps);
}

static bool is_system_call(const struct code *c, const cs_insn *i)
{
	switch (c->cpu->machine) {
	case EM_ARM_: return i->id == ARM_INS_SVC;
	case EM_AARCH64_: return i->id == ARM64_INS_SVC;
	case EM_MIPS_: return i->id == MIPS_INS_SYSCALL;
	case EM_PPC_: return guest_number(c->guest, i->address, 4) == 0x44000002;
	default: return i->id == X86_INS_INT || i->id == X86_INS_SYSCALL || i->id == X86_INS_SYSENTER;
	}
}

/* Decodes from start to the branch that ends the block, or to stop. */
static struct turn scan(struct code *c, struct module *m, uint64_t start, uint64_t stop, bool thumb)
{
	struct turn t = { .thumb = thumb };
	uint64_t at = start, end = start + BLOCK_BYTES < (uint64_t)m->base + m->size ? start + BLOCK_BYTES
		: (uint64_t)m->base + m->size;
	while (at < end && at < stop) {
		if (at != start && m->code[at - m->base] & CODE_LEADER && stop == UINT64_MAX)
			break;
		if (!code_decode(c, at, thumb)) {
			t.kind = TURN_TRAP;
			break;
		}
		m->code[at - m->base] |= (uint8_t)(CODE_INSN | (thumb ? CODE_THUMB : 0));
		t.site = (uint32_t)at;
		turn_of(c->cpu, c->guest, c->insn, &t);
		t.system |= is_system_call(c, c->insn);
		step_keep(c, m, at, thumb);
		at += c->insn->size;
		if (t.kind == TURN_NEXT)
			continue;
		if (c->cpu->arch == UC_ARCH_MIPS && t.kind != TURN_TRAP && at < end) {
			m->code[at - m->base] |= CODE_INSN;
			if (code_decode(c, at, thumb))
				step_keep(c, m, at, thumb);
			at += 4;                 /* the delay slot belongs to the block */
		}
		break;
	}
	t.end = (uint32_t)at;
	t.next = t.kind == TURN_NEXT || t.kind == TURN_CALL || t.kind == TURN_CALL_REG || t.conditional ? t.end : 0;
	if (t.kind == TURN_CALL && t.target == t.end)
		t.kind = TURN_JUMP;              /* only asks where it is: bl .+4, bal .+8 */
	return t;
}

struct turn code_block(struct code *c, uint32_t addr, bool thumb)
{
	struct module *m = code_module(c, addr);
	return m ? scan(c, m, addr, UINT64_MAX, thumb) : (struct turn){ .kind = TURN_TRAP };
}

static void follow(struct code *c, uint32_t addr)
{
	struct module *m = code_module(c, addr);
	if (!m)
		return;
	bool thumb = m->code[addr - m->base] & CODE_THUMB;
	struct turn t = scan(c, m, addr, UINT64_MAX, thumb);
	if (!addrmap_get(&c->turn_at, t.end))
		turn_keep(c, t);
	if (t.target && t.kind == TURN_CALL)
		code_function(c, t.target, t.thumb);
	else if (t.target)
		leader_add(c, t.target, t.thumb);
	if (t.next)
		leader_add(c, t.next, thumb);
}

void code_drain(struct code *c)
{
	while (c->nwork)
		follow(c, c->work[--c->nwork]);
}

void code_leader(struct code *c, uint64_t addr, bool thumb)
{
	leader_add(c, addr & (thumb ? ~(uint64_t)1 : ~(uint64_t)0), thumb);
	code_drain(c);
}

struct function *code_function_at(struct code *c, uint64_t addr)
{
	uint32_t i = addr >> 32 ? 0 : addrmap_get(&c->function_at, (uint32_t)addr);
	return i ? &c->functions[i - 1] : NULL;
}

struct function *code_function(struct code *c, uint64_t addr, bool thumb)
{
	if (thumb)
		addr &= ~(uint64_t)1;
	struct function *f = code_function_at(c, addr);
	if (f)
		return f;
	struct module *m = code_module(c, addr);
	bool odd = addr % (thumb ? 2 : c->cpu->align == 2 ? 4 : c->cpu->align);
	if (!m || odd || c->nfunctions == CODE_FUNCTIONS)
		return NULL;
	if (c->nfunctions == c->functions_room) {
		c->functions_room = c->functions_room ? 2 * c->functions_room : 256;
		c->functions = mem_grow(c->functions, c->functions_room, sizeof(*c->functions));
	}
	f = &c->functions[c->nfunctions++];
	*f = (struct function){ .addr = (uint32_t)addr, .thumb = thumb, .module = (uint32_t)(m - c->modules) };
	addrmap_put(&c->function_at, (uint32_t)addr, c->nfunctions);
	m->code[addr - m->base] |= CODE_FUNCTION;
	leader_add(c, addr, thumb);
	return f;
}

const struct turn *code_turn(struct code *c, uint64_t start, uint64_t end, bool thumb)
{
	uint32_t i = addrmap_get(&c->turn_at, (uint32_t)end);
	struct module *m = i ? NULL : code_module(c, start);
	if (!i && (!m || c->nturns >= 2 * CODE_BLOCKS))
		return NULL;
	if (!i)
		i = turn_keep(c, scan(c, m, start, end, thumb));
	return &c->turns[i - 1];
}

uint32_t code_ran(struct code *c, uint64_t start, uint64_t end)
{
	struct module *m = code_module(c, start);
	uint32_t n = 0;
	if (!m || !(m->code[start - m->base] & CODE_INSN))
		return (uint32_t)((end - start) / (c->cpu->align < 4 ? 3 : 4));
	for (uint64_t a = start; a < end && a - m->base < m->size; a++) {
		uint8_t *f = &m->code[a - m->base];
		n += (*f & CODE_INSN) != 0;
		c->blocks_run += (*f & (CODE_LEADER | CODE_RUN)) == CODE_LEADER;
		*f |= CODE_RUN;
	}
	return n;
}

unsigned code_text(struct code *c, uint64_t site, struct arena *a, struct span *out, unsigned max)
{
	struct module *m = code_module(c, site);
	uint64_t from = site, at = site;
	unsigned n = 0;
	if (!m || !(m->code[site - m->base] & CODE_INSN))
		return 0;
	/* Back over instructions that are known, in a straight line: no further than the leader of the block. */
	for (unsigned back = 1; back < max && !(m->code[at - m->base] & CODE_LEADER) && site - at < CODE_BACK && at > m->text;)
		if (m->code[--at - m->base] & CODE_INSN) {
			from = at;
			back++;
		}
	bool thumb = m->code[site - m->base] & CODE_THUMB;
	for (at = from; n < max && at <= site && code_decode(c, at, thumb); at += c->insn->size)
		out[n++] = span_str(arena_printf(a, "%x: %s %s", (uint32_t)(at - m->bias), c->insn->mnemonic, c->insn->op_str));
	return at > site ? n : 0;
}
