/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How each family branches, calls and compares before it does. */
#include "fw/flow/turn.h"

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

void turn_of(const struct cpu *c, const struct guest *g, const cs_insn *i, struct turn *t)
{
	switch (c->machine) {
	case EM_ARM_: turn_arm(i, t); break;
	case EM_AARCH64_: turn_arm64(i, t); break;
	case EM_MIPS_: turn_mips(i, t); break;
	case EM_PPC_: turn_ppc(i, (uint32_t)guest_number(g, i->address, 4), t); break;
	default: turn_x86(i, t); break;
	}
}
