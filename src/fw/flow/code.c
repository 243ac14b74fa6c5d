/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recursive descent with Capstone: leaders, how blocks end, functions. */
#include "fw/flow/code.h"

#include <stdlib.h>

enum { BLOCK_BYTES = 1 << 16, CODE_BACK = 64 };  /* the second: bytes before a site that are shown with it */

/* ---- addresses to indices ---- */

static uint32_t slot_of(const struct addrmap *m, uint32_t key)
{
	uint32_t i = (key * 2654435761u) & (m->size - 1);
	while (m->value[i] && m->key[i] != key)
		i = (i + 1) & (m->size - 1);
	return i;
}

uint32_t addrmap_get(const struct addrmap *m, uint32_t key)
{
	return m->size ? m->value[slot_of(m, key)] : 0;
}

void addrmap_put(struct addrmap *m, uint32_t key, uint32_t value)
{
	if (m->n * 2 >= m->size) {
		struct addrmap old = *m;
		m->size = old.size ? old.size * 2 : 1024;
		m->key = mem_array(m->size, sizeof(*m->key));
		m->value = mem_array(m->size, sizeof(*m->value));
		for (uint32_t i = 0; i < old.size; i++) {
			if (!old.value[i])
				continue;
			uint32_t at = slot_of(m, old.key[i]);
			m->key[at] = old.key[i];
			m->value[at] = old.value[i];
		}
		free(old.key);
		free(old.value);
	}
	uint32_t at = slot_of(m, key);
	m->n += m->value[at] == 0;
	m->key[at] = key;
	m->value[at] = value;
}

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

/* ---- how each family branches ---- */

static int64_t operand_target_arm(const cs_insn *i)
{
	const cs_arm *d = &i->detail->arm;
	const cs_arm_op *last = d->op_count ? &d->operands[d->op_count - 1] : NULL;
	return last && last->type == ARM_OP_IMM ? (uint32_t)last->imm : 0;
}

static bool writes_pc(const cs_arm *d)
{
	return d->op_count && d->operands[0].type == ARM_OP_REG && d->operands[0].reg == ARM_REG_PC;
}

static bool lists_pc(const cs_arm *d)
{
	for (uint8_t k = 0; k < d->op_count; k++)
		if (d->operands[k].type == ARM_OP_REG && d->operands[k].reg == ARM_REG_PC)
			return true;
	return false;
}

static void compare_zero(struct turn *t, const cs_insn *i, int reg, uint8_t equal)
{
	t->compare = (uint32_t)i->address;
	t->reg = reg;
	t->reg2 = 0;
	t->has_value = true;
	t->value = 0;
	t->equal = equal;
}

static void turn_arm(const cs_insn *i, struct turn *t)
{
	const cs_arm *d = &i->detail->arm;
	bool has_reg = d->op_count && d->operands[0].type == ARM_OP_REG;
	t->conditional = d->cc != ARM_CC_AL && d->cc != ARM_CC_INVALID;
	switch (i->id) {
	case ARM_INS_CBZ:
	case ARM_INS_CBNZ:
		compare_zero(t, i, (int)d->operands[0].reg, i->id == ARM_INS_CBZ ? 1 : 2);
		t->conditional = true;
		t->kind = TURN_JUMP;
		t->target = (uint32_t)operand_target_arm(i);
		break;
	case ARM_INS_B:
		t->kind = TURN_JUMP;
		t->equal = d->cc == ARM_CC_EQ ? 1 : d->cc == ARM_CC_NE ? 2 : 0;
		t->target = (uint32_t)operand_target_arm(i);
		break;
	case ARM_INS_BL:
		t->kind = TURN_CALL;
		t->target = (uint32_t)operand_target_arm(i);
		break;
	case ARM_INS_BLX:
		t->kind = has_reg ? TURN_CALL_REG : TURN_CALL;
		t->target = has_reg ? 0 : (uint32_t)operand_target_arm(i);
		t->thumb ^= !has_reg;
		break;
	case ARM_INS_BX:
		t->kind = has_reg && d->operands[0].reg == ARM_REG_LR ? TURN_RETURN : TURN_JUMP_REG;
		break;
	case ARM_INS_POP:
	case ARM_INS_LDM:
	case ARM_INS_LDMDB:
	case ARM_INS_LDMIB:
	case ARM_INS_LDMDA:
		t->kind = lists_pc(d) ? TURN_RETURN : TURN_NEXT;
		break;
	case ARM_INS_TBB:
	case ARM_INS_TBH:
		t->kind = TURN_JUMP_REG;
		break;
	case ARM_INS_UDF:
	case ARM_INS_BKPT:
		t->kind = TURN_TRAP;
		break;
	case ARM_INS_MOV:
	case ARM_INS_LDR:
	case ARM_INS_ADD:
	case ARM_INS_SUB:
		if (writes_pc(d)) {
			bool back = i->id == ARM_INS_MOV && d->op_count > 1 && d->operands[1].reg == ARM_REG_LR;
			back |= i->id == ARM_INS_LDR && d->op_count > 1 && d->operands[1].mem.base == ARM_REG_SP;
			t->kind = back ? TURN_RETURN : TURN_JUMP_REG;
		}
		break;
	case ARM_INS_CMP:
		t->predicated = false;
		t->compare = (uint32_t)i->address;
		t->reg = (int)d->operands[0].reg;
		t->reg2 = d->operands[1].type == ARM_OP_REG ? (int)d->operands[1].reg : 0;
		t->has_value = d->operands[1].type == ARM_OP_IMM;
		t->value = d->operands[1].type == ARM_OP_IMM ? d->operands[1].imm : 0;
		break;
	default:
		break;
	}
	if (t->kind == TURN_NEXT) {
		t->predicated |= t->conditional;
		t->conditional = false;
	}
}

static void turn_arm64(const cs_insn *i, struct turn *t)
{
	const cs_arm64 *d = &i->detail->arm64;
	const cs_arm64_op *last = d->op_count ? &d->operands[d->op_count - 1] : NULL;
	uint32_t target = last && last->type == ARM64_OP_IMM ? (uint32_t)last->imm : 0;
	switch (i->id) {
	case ARM64_INS_B:
		t->kind = TURN_JUMP;
		t->target = target;
		t->conditional = d->cc != ARM64_CC_INVALID && d->cc != ARM64_CC_AL;
		t->equal = d->cc == ARM64_CC_EQ ? 1 : d->cc == ARM64_CC_NE ? 2 : 0;
		break;
	case ARM64_INS_CBZ:
	case ARM64_INS_CBNZ:
		compare_zero(t, i, (int)d->operands[0].reg, i->id == ARM64_INS_CBZ ? 1 : 2);
		t->kind = TURN_JUMP;
		t->target = target;
		t->conditional = true;
		break;
	case ARM64_INS_TBZ:
	case ARM64_INS_TBNZ:
		t->kind = TURN_JUMP;
		t->target = target;
		t->conditional = true;
		break;
	case ARM64_INS_BL:
		t->kind = TURN_CALL;
		t->target = target;
		break;
	case ARM64_INS_BLR: t->kind = TURN_CALL_REG; break;
	case ARM64_INS_BR: t->kind = TURN_JUMP_REG; break;
	case ARM64_INS_RET: t->kind = TURN_RETURN; break;
	case ARM64_INS_BRK:
	case ARM64_INS_HLT: t->kind = TURN_TRAP; break;
	case ARM64_INS_CMP:
		t->compare = (uint32_t)i->address;
		t->reg = (int)d->operands[0].reg;
		t->reg2 = d->operands[1].type == ARM64_OP_REG ? (int)d->operands[1].reg : 0;
		t->has_value = d->operands[1].type == ARM64_OP_IMM;
		t->value = d->operands[1].type == ARM64_OP_IMM ? d->operands[1].imm : 0;
		break;
	default:
		break;
	}
}

static bool in_group(const cs_insn *i, uint8_t group)
{
	for (uint8_t k = 0; k < i->detail->groups_count; k++)
		if (i->detail->groups[k] == group)
			return true;
	return false;
}

static void turn_mips(const cs_insn *i, struct turn *t)
{
	const cs_mips *d = &i->detail->mips;
	const cs_mips_op *last = d->op_count ? &d->operands[d->op_count - 1] : NULL;
	uint32_t target = last && last->type == MIPS_OP_IMM ? (uint32_t)last->imm : 0;
	switch (i->id) {
	case MIPS_INS_JR:
		t->kind = d->operands[0].reg == MIPS_REG_RA ? TURN_RETURN : TURN_JUMP_REG;
		return;
	case MIPS_INS_JALR:
		t->kind = TURN_CALL_REG;
		return;
	case MIPS_INS_JAL:
	case MIPS_INS_BAL:
	case MIPS_INS_BGEZAL:
	case MIPS_INS_BLTZAL:
		t->kind = TURN_CALL;
		t->target = target;
		return;
	case MIPS_INS_J:
	case MIPS_INS_B:
		t->kind = TURN_JUMP;
		t->target = target;
		return;
	case MIPS_INS_BREAK:
		t->kind = TURN_TRAP;
		return;
	case MIPS_INS_SLTIU:
	case MIPS_INS_SLTI:
		t->compare = (uint32_t)i->address;
		t->reg = (int)d->operands[1].reg;
		t->reg2 = 0;
		t->has_value = true;
		t->value = d->operands[2].imm - 1;
		return;
	default:
		break;
	}
	if (!target || !(in_group(i, CS_GRP_JUMP) || in_group(i, CS_GRP_BRANCH_RELATIVE)))
		return;
	t->kind = TURN_JUMP;
	t->target = target;
	t->conditional = true;
	bool equal = i->id == MIPS_INS_BEQ || i->id == MIPS_INS_BEQZ || i->id == MIPS_INS_BEQL;
	if (equal || i->id == MIPS_INS_BNE || i->id == MIPS_INS_BNEZ || i->id == MIPS_INS_BNEL) {
		bool zero = d->op_count == 2 || d->operands[1].reg == MIPS_REG_ZERO;
		if (zero && !(t->compare && t->has_value))       /* a check before a jump table stays */
			compare_zero(t, i, (int)d->operands[0].reg, equal ? 1 : 2);
		else if (!zero)
			t->equal = equal ? 1 : 2;
		if (zero)
			return;
	}
	if (d->op_count == 3) {
		t->compare = (uint32_t)i->address;
		t->reg = (int)d->operands[0].reg;
		t->reg2 = (int)d->operands[1].reg;
		t->has_value = false;
	}
}

static void turn_x86(const cs_insn *i, struct turn *t)
{
	const cs_x86 *d = &i->detail->x86;
	bool imm = d->op_count == 1 && d->operands[0].type == X86_OP_IMM;
	uint32_t target = imm ? (uint32_t)d->operands[0].imm : 0;
	if (i->id == X86_INS_CMP && d->op_count == 2) {
		bool reg = d->operands[0].type == X86_OP_REG;
		t->compare = (uint32_t)i->address;
		t->reg = reg ? (int)d->operands[0].reg : 0;
		t->reg2 = d->operands[1].type == X86_OP_REG ? (int)d->operands[1].reg : 0;
		t->has_value = d->operands[1].type == X86_OP_IMM;
		t->value = d->operands[1].type == X86_OP_IMM ? d->operands[1].imm : 0;
	} else if (in_group(i, CS_GRP_CALL)) {
		t->kind = imm ? TURN_CALL : TURN_CALL_REG;
		t->target = target;
	} else if (in_group(i, CS_GRP_RET)) {
		t->kind = TURN_RETURN;
	} else if (in_group(i, CS_GRP_JUMP)) {
		t->kind = imm ? TURN_JUMP : TURN_JUMP_REG;
		t->target = target;
		t->conditional = i->id != X86_INS_JMP;
		t->equal = i->id == X86_INS_JE ? 1 : i->id == X86_INS_JNE ? 2 : 0;
	} else if (i->id == X86_INS_TEST && d->operands[0].type == X86_OP_REG && d->operands[1].type == X86_OP_REG
		   && d->operands[0].reg == d->operands[1].reg) {
		compare_zero(t, i, (int)d->operands[0].reg, 0);
	} else if (i->id == X86_INS_UD2 || i->id == X86_INS_HLT || i->id == X86_INS_INT3) {
		t->kind = TURN_TRAP;
	}
}

static void turn_ppc(const cs_insn *i, uint32_t raw, struct turn *t)
{
	const cs_ppc *d = &i->detail->ppc;
	uint32_t op = raw >> 26, extended = raw >> 1 & 0x3ff, bo = raw >> 21 & 31;
	bool link = raw & 1, always = (bo & 0x14) == 0x14;
	if (op == 18) {                          /* b, bl: I-form */
		int32_t off = (int32_t)((raw & 0x03fffffc) << 6) >> 6;
		t->kind = link ? TURN_CALL : TURN_JUMP;
		t->target = (uint32_t)((raw & 2 ? 0 : i->address) + (uint64_t)(int64_t)off);
	} else if (op == 16) {                   /* bc: B-form */
		t->kind = link ? TURN_CALL : TURN_JUMP;
		t->target = (uint32_t)((raw & 2 ? 0 : i->address) + (uint64_t)(int64_t)(int16_t)(raw & 0xfffc));
		t->conditional = !always;
		if ((raw >> 16 & 3) == 2)        /* the EQ bit of a condition field */
			t->equal = bo == 12 ? 1 : bo == 4 ? 2 : 0;
	} else if (op == 19 && extended == 16) { /* bclr */
		t->kind = link ? TURN_CALL_REG : TURN_RETURN;
		t->conditional = !always;
	} else if (op == 19 && extended == 528) {/* bcctr */
		t->kind = link ? TURN_CALL_REG : TURN_JUMP_REG;
		t->conditional = !always;
	} else if (op == 10 || op == 11) {       /* cmplwi, cmpwi */
		t->compare = (uint32_t)i->address;
		t->reg = PPC_REG_R0 + (int)(raw >> 16 & 31);
		t->reg2 = 0;
		t->has_value = true;
		t->value = op == 11 ? (int16_t)raw : (int64_t)(raw & 0xffff);
	} else if (op == 31 && (extended == 0 || extended == 32)) {
		t->compare = (uint32_t)i->address;
		t->reg = PPC_REG_R0 + (int)(raw >> 16 & 31);
		t->reg2 = PPC_REG_R0 + (int)(raw >> 11 & 31);
		t->has_value = false;
	} else if (raw == 0x7fe00008) {
		t->kind = TURN_TRAP;
	}
	(void)d;
}

static void turn_of(const struct code *c, const cs_insn *i, struct turn *t)
{
	switch (c->cpu->machine) {
	case EM_ARM_: turn_arm(i, t); break;
	case EM_AARCH64_: turn_arm64(i, t); break;
	case EM_MIPS_: turn_mips(i, t); break;
	case EM_PPC_: turn_ppc(i, (uint32_t)guest_number(c->guest, i->address, 4), t); break;
	default: turn_x86(i, t); break;
	}
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
		turn_of(c, c->insn, &t);
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

static void drain(struct code *c)
{
	while (c->nwork)
		follow(c, c->work[--c->nwork]);
}

void code_leader(struct code *c, uint64_t addr, bool thumb)
{
	leader_add(c, addr & (thumb ? ~(uint64_t)1 : ~(uint64_t)0), thumb);
	drain(c);
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

/* ---- starts ---- */

static void from_symbols(struct code *c, struct module *m)
{
	for (unsigned i = 0; i < m->elf.nsymbols; i++) {
		const struct elf_symbol *s = &m->elf.symbols[i];
		if (!s->defined || (s->type != SYM_FUNC && s->type != SYM_IFUNC) || !s->value)
			continue;
		bool thumb = c->cpu->arch == UC_ARCH_ARM && s->value & 1;
		struct function *f = code_function(c, s->value + m->bias, thumb);
		if (f && !f->name.n)
			f->name = s->name;
	}
}

/* The first instruction of a function that saves its return address, by family. */
static bool is_prologue(const struct code *c, uint32_t v)
{
	switch (c->cpu->machine) {
	case EM_ARM_: return (v & 0xffff4000) == 0xe92d4000 || v == 0xe52de004;
	case EM_AARCH64_: return (v & 0xffc07fff) == 0xa9807bfd || v == 0xd503233f;
	case EM_MIPS_: return (v & 0xffff8000) == 0x27bd8000 || (v & 0xffff0000) == 0x3c1c0000;
	case EM_PPC_: return (v & 0xffff8000) == 0x94218000;
	case EM_386_: return v == 0xfb1e0ff3 || (v & 0xffffff) == 0xe58955;
	case EM_X86_64_: return v == 0xfa1e0ff3 || v == 0xe5894855;
	default: return false;
	}
}

static bool is_thumb_prologue(uint16_t v, uint16_t next)
{
	return (v & 0xff00) == 0xb500 || (v == 0xe92d && next & 0x4000);
}

/* Exception tables of ARM do not always carry the Thumb bit: the first instruction decides. */
static void from_unwind(struct code *c, uint64_t addr)
{
	bool arm = c->cpu->arch == UC_ARCH_ARM;
	if (!arm || addr & 1) {
		code_function(c, addr, arm);
		return;
	}
	if (addr % 4 == 0 && is_prologue(c, (uint32_t)guest_number(c->guest, addr, 4)))
		code_function(c, addr, false);
	else if (is_thumb_prologue((uint16_t)guest_number(c->guest, addr, 2), (uint16_t)guest_number(c->guest, addr + 2, 2)))
		code_function(c, addr, true);
}

/* MIPS sets $gp from its own address where it is entered, and nowhere else. What stands before may be a call that does
 * not come back, behind which the descent went on. */
static bool is_entry(const struct code *c, uint64_t at)
{
	return c->cpu->machine == EM_MIPS_ && guest_number(c->guest, at, 4) >> 16 == 0x3c1c
		&& guest_number(c->guest, at + 4, 4) >> 16 == 0x279c && guest_number(c->guest, at + 8, 4) == 0x0399e021;
}

static void from_prologues(struct code *c, struct module *m)
{
	bool arm = c->cpu->arch == UC_ARCH_ARM;
	unsigned step = arm ? 4 : c->cpu->align;
	for (uint32_t off = 0; off + 4 <= m->size; off += step) {
		if (m->base + off < m->text || m->base + off >= m->text_end)
			continue;
		bool open = !(m->code[off] & CODE_INSN) && is_prologue(c, (uint32_t)guest_number(c->guest, m->base + off, 4));
		if (open || is_entry(c, m->base + off)) {
			code_function(c, m->base + off, false);
			drain(c);
		}
	}
	for (uint32_t off = 0; c->thumb && off + 4 <= m->size; off += 2)
		if (!(m->code[off] & CODE_INSN) && m->base + off >= m->text && m->base + off < m->text_end
		    && is_thumb_prologue((uint16_t)guest_number(c->guest, m->base + off, 2),
					 (uint16_t)guest_number(c->guest, m->base + off + 2, 2))
		    && !(m->code[off & ~3u] & CODE_INSN)) {
			code_function(c, m->base + off, true);
			drain(c);
		}
}

static bool starts_function(const struct code *c, uint64_t addr, bool thumb)
{
	addr &= ~(uint64_t)thumb;
	if (thumb)
		return is_thumb_prologue((uint16_t)guest_number(c->guest, addr, 2), (uint16_t)guest_number(c->guest, addr + 2, 2));
	return is_prologue(c, (uint32_t)guest_number(c->guest, addr, 4));
}

/* False: the instruction before runs on into this one, so that no function starts here. Asked of PowerPC alone: data
 * stand between functions elsewhere. */
static bool follows_an_end(const struct code *c, uint64_t addr)
{
	uint32_t before = (uint32_t)guest_number(c->guest, addr - 4, 4);
	bool branch = before >> 26 == 18 || before >> 26 == 19;          /* b, bl; blr, bctr (Power ISA 2.07 Book I 2.4) */
	return c->cpu->machine != EM_PPC_ || branch || before == 0 || before == 0x60000000;
}

/* Words of the data segments that point at code nobody has looked at: callback tables. */
static void from_pointers(struct code *c, struct module *m)
{
	unsigned size = c->cpu->wide ? 8 : 4;
	for (unsigned i = 0; i < m->elf.nsegments; i++) {
		const struct elf_segment *s = &m->elf.segments[i];
		if (s->type != 1 || s->flags & 1)
			continue;
		uint64_t at = (s->addr + m->bias + size - 1) & ~(uint64_t)(size - 1);
		for (; at + size <= s->addr + m->bias + s->filesz; at += size) {
			uint64_t v = guest_pointer(c->guest, at);
			bool thumb = c->cpu->arch == UC_ARCH_ARM && v & 1;
			struct module *to = v ? code_module(c, v & ~(uint64_t)thumb) : NULL;
			if (!to || (!starts_function(c, v, thumb) && (!to->has_sections || !follows_an_end(c, v)))
			    || to->code[(v & ~(uint64_t)thumb) - to->base] & CODE_INSN
			    || !code_decode(c, v & ~(uint64_t)thumb, thumb))
				continue;
			code_function(c, v, thumb);
			drain(c);
		}
	}
}

void code_discover(struct code *c)
{
	for (unsigned i = 0; i < c->nmodules; i++) {
		struct module *m = &c->modules[i];
		from_symbols(c, m);
		uint64_t *starts;
		unsigned n = elf_unwind_functions(&m->elf, &c->arena, &starts);
		for (unsigned k = 0; k < n; k++) {
			from_unwind(c, starts[k] + m->bias);
		}
		drain(c);
	}
	for (unsigned i = 0; i < c->nmodules; i++)
		from_pointers(c, &c->modules[i]);
	for (unsigned i = 0; i < c->nmodules; i++)
		from_prologues(c, &c->modules[i]);
}
