/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instructions to steps, a family a section. MIPS and PowerPC from the bits of the word (MIPS32 volume II; Power
 * ISA book I), the others from Capstone's operands. */
#include "fw/flow/step.h"

static struct operand of_reg(int reg, unsigned size)
{
	return (struct operand){ .kind = reg ? OPERAND_REG : OPERAND_NONE, .reg = (int16_t)reg, .size = (uint8_t)size };
}

static struct operand of_imm(int64_t v)
{
	return (struct operand){ .kind = OPERAND_IMM, .imm = v, .size = 8 };
}

static struct operand of_mem(int reg, int64_t displacement, unsigned size)
{
	return (struct operand){ .kind = OPERAND_MEM, .reg = (int16_t)reg, .imm = displacement, .size = (uint8_t)size };
}

static struct step make(enum step_op op, int dst, struct operand x, struct operand y)
{
	if (x.kind == OPERAND_NONE && op >= STEP_MOVE && op <= STEP_INSERT)
		op = STEP_FORGET;
	return (struct step){ .op = (uint8_t)op, .dst = (int16_t)dst, .x = x, .y = y, .size = x.size };
}

static struct step forget(int a, int b)
{
	return (struct step){ .op = a || b ? STEP_FORGET : STEP_NONE, .dst = (int16_t)a, .dst2 = (int16_t)b };
}

/* ---- MIPS ---- */

static int mips_number(uint32_t n)
{
	return UC_MIPS_REG_0 + (int)(n & 31);
}

static struct operand mips_in(uint32_t n)
{
	return n & 31 ? of_reg(mips_number(n), 4) : of_imm(0);
}

static struct step mips_special(uint32_t raw)
{
	uint32_t rs = raw >> 21, rt = raw >> 16, rd = raw >> 11 & 31, amount = raw >> 6 & 31;
	int dst = rd ? mips_number(rd) : 0;
	switch (raw & 63) {
	case 0x00: return raw ? make(STEP_LEFT, dst, mips_in(rt), of_imm(amount)) : forget(0, 0);
	case 0x02: return make(STEP_RIGHT, dst, mips_in(rt), of_imm(amount));
	case 0x08:
	case 0x09: return make(STEP_GO, 0, mips_in(rs), of_imm(0));      /* jr, jalr */
	case 0x0a:
	case 0x0b: return make(STEP_EITHER, dst, mips_in(rd), mips_in(rs));      /* movz, movn */
	case 0x20:
	case 0x21: return make(STEP_ADD, dst, mips_in(rs), mips_in(rt));
	case 0x22:
	case 0x23: return make(STEP_SUB, dst, mips_in(rs), mips_in(rt));
	case 0x24: return make(STEP_AND, dst, mips_in(rs), mips_in(rt));
	case 0x25: return make(STEP_OR, dst, mips_in(rs), mips_in(rt));
	case 0x26: return make(STEP_XOR, dst, mips_in(rs), mips_in(rt));
	case 0x2b:
		if ((rs & 31) == 0)              /* sltu rd, $0, rt: is not zero */
			return make(STEP_COMPARE, dst, mips_in(rt), of_imm(0));
		return forget(dst, 0);
	default: return forget(dst, 0);
	}
}

static struct step mips_load(uint32_t raw, unsigned size, bool is_signed)
{
	struct operand from = of_mem(mips_number(raw >> 21), (int16_t)raw, size);
	from.is_signed = is_signed;
	return make(STEP_MOVE, raw >> 16 & 31 ? mips_number(raw >> 16) : 0, from, of_imm(0));
}

static struct step step_mips(uint32_t raw)
{
	uint32_t rs = raw >> 21, rt = raw >> 16;
	int dst = rt & 31 ? mips_number(rt) : 0;
	struct operand imm = of_imm((int16_t)raw), bits = of_imm(raw & 0xffff);
	switch (raw >> 26) {
	case 0x00: return mips_special(raw);
	case 0x04:
	case 0x05:
	case 0x14:
	case 0x15: return make(STEP_COMPARE, 0, mips_in(rs), mips_in(rt));
	case 0x08:
	case 0x09: return make(STEP_ADD, dst, mips_in(rs), imm);
	case 0x0a: return make(STEP_ORDER, dst, mips_in(rs), imm);
	case 0x0b:
		if ((int16_t)raw == 1)           /* sltiu rt, rs, 1: is zero */
			return make(STEP_COMPARE, dst, mips_in(rs), of_imm(0));
		return make(STEP_ORDER, dst, mips_in(rs), imm);
	case 0x0c: return make(STEP_AND, dst, mips_in(rs), bits);
	case 0x0d: return make(STEP_OR, dst, mips_in(rs), bits);
	case 0x0e: return make(STEP_XOR, dst, mips_in(rs), bits);
	case 0x0f: return make(STEP_MOVE, dst, of_imm((int32_t)(raw << 16)), of_imm(0));
	case 0x1c:
		if ((raw & 63) == 2)             /* mul */
			return make(STEP_MULTIPLY, mips_number(raw >> 11), mips_in(rs), mips_in(rt));
		return forget(dst, mips_number(raw >> 11));
	case 0x11: return forget(dst, mips_number(raw >> 11));
	case 0x1f: return forget(dst, mips_number(raw >> 11));
	case 0x20: return mips_load(raw, 1, true);
	case 0x21: return mips_load(raw, 2, true);
	case 0x22: return make(STEP_LEFT_PART, dst, of_mem(mips_number(rs), (int16_t)raw, 4), of_reg(dst, 4));
	case 0x23: return mips_load(raw, 4, false);
	case 0x24: return mips_load(raw, 1, false);
	case 0x25: return mips_load(raw, 2, false);
	case 0x26: return make(STEP_RIGHT_PART, dst, of_mem(mips_number(rs), (int16_t)raw, 4), of_reg(dst, 4));
	case 0x28: return make(STEP_STORE, 0, of_mem(mips_number(rs), (int16_t)raw, 1), mips_in(rt));
	case 0x29: return make(STEP_STORE, 0, of_mem(mips_number(rs), (int16_t)raw, 2), mips_in(rt));
	case 0x2b: return make(STEP_STORE, 0, of_mem(mips_number(rs), (int16_t)raw, 4), mips_in(rt));
	default: return forget(0, 0);
	}
}

/* ---- PowerPC ---- */

static int ppc_number(uint32_t n)
{
	return UC_PPC_REG_0 + (int)(n & 31);
}

static struct operand ppc_in(uint32_t n)
{
	return of_reg(ppc_number(n), 4);
}

static struct operand ppc_base(uint32_t n)       /* register 0 as a base is the number 0 */
{
	return n & 31 ? ppc_in(n) : of_imm(0);
}

static struct operand ppc_mem(uint32_t raw, unsigned size, bool indexed)
{
	struct operand o = of_mem(raw >> 16 & 31 ? ppc_number(raw >> 16) : 0, indexed ? 0 : (int16_t)raw, size);
	o.index = (int16_t)(indexed ? ppc_number(raw >> 11) : 0);
	return o;
}

static struct step ppc_rotate(uint32_t raw)
{
	uint32_t by = raw >> 11 & 31, from = raw >> 6 & 31, to = raw >> 1 & 31;
	int dst = ppc_number(raw >> 16);
	if (by == 0 && to == 31)
		return make(STEP_AND, dst, ppc_in(raw >> 21), of_imm(0xffffffffu >> from));
	if (from == 0 && to == 31 - by)
		return make(STEP_LEFT, dst, ppc_in(raw >> 21), of_imm(by));
	if (to == 31 && from == 32 - by)
		return make(STEP_RIGHT, dst, ppc_in(raw >> 21), of_imm(from));
	if (to == 31 - by && from <= to) {       /* some of the lowest bits, to the left */
		struct operand mask = of_imm(0xffffffffu >> from >> by);
		mask.shift = (int8_t)by;
		return make(STEP_FIELD, dst, ppc_in(raw >> 21), mask);
	}
	return forget(dst, 0);
}

static struct step ppc_load(uint32_t raw, unsigned size, bool indexed, bool update)
{
	struct step s = make(STEP_MOVE, ppc_number(raw >> 21), ppc_mem(raw, size, indexed), of_imm(0));
	s.dst2 = (int16_t)(update ? ppc_number(raw >> 16) : 0);
	return s;
}

static struct step ppc_store(uint32_t raw, unsigned size, bool indexed, bool update)
{
	struct step s = make(STEP_STORE, 0, ppc_mem(raw, size, indexed), ppc_in(raw >> 21));
	s.dst2 = (int16_t)(update ? ppc_number(raw >> 16) : 0);
	return s;
}

static struct step ppc_turned(uint32_t raw, unsigned size)
{
	struct step s = make(STEP_TURN, ppc_number(raw >> 21), ppc_mem(raw, size, true), of_imm(0));
	return s;
}

static struct step ppc_extended(uint32_t raw)
{
	uint32_t t = raw >> 21, a = raw >> 16, b = raw >> 11;
	struct operand low = ppc_in(t);
	switch (raw >> 1 & 0x3ff) {
	case 0:
	case 32: return make(STEP_COMPARE, 0, ppc_in(a), ppc_in(b));
	case 23: return ppc_load(raw, 4, true, false);
	case 87: return ppc_load(raw, 1, true, false);
	case 279: return ppc_load(raw, 2, true, false);
	case 151: return ppc_store(raw, 4, true, false);
	case 215: return ppc_store(raw, 1, true, false);
	case 407: return ppc_store(raw, 2, true, false);
	case 534: return ppc_turned(raw, 4);
	case 790: return ppc_turned(raw, 2);
	case 28: return make(STEP_AND, ppc_number(a), ppc_in(t), ppc_in(b));
	case 444: return make((t ^ b) & 31 ? STEP_OR : STEP_MOVE, ppc_number(a), ppc_in(t), ppc_in(b));
	case 235: return make(STEP_MULTIPLY, ppc_number(t), ppc_in(a), ppc_in(b));
	case 339:                                /* mflr: where the code is */
		if ((raw >> 11 & 0x3ff) == 0x100)
			return make(STEP_MOVE, ppc_number(t), of_reg(UC_PPC_REG_LR, 4), of_imm(0));
		return forget(ppc_number(t), 0);
	case 467:                                /* mtctr: to the register that bctrl goes through */
		if ((raw >> 11 & 0x3ff) == 0x120)
			return make(STEP_MOVE, UC_PPC_REG_CTR, ppc_in(t), of_imm(0));
		return forget(0, 0);
	case 316: return make(STEP_XOR, ppc_number(a), ppc_in(t), ppc_in(b));
	case 266: return make(STEP_ADD, ppc_number(t), ppc_in(a), ppc_in(b));
	case 40: return make(STEP_SUB, ppc_number(t), ppc_in(b), ppc_in(a));
	case 26: return make(STEP_COMPARE, ppc_number(a), ppc_in(t), of_imm(0));    /* cntlzw: 32 when it is zero */
	case 954: low.size = 1; low.is_signed = true; return make(STEP_MOVE, ppc_number(a), low, of_imm(0));
	case 922: low.size = 2; low.is_signed = true; return make(STEP_MOVE, ppc_number(a), low, of_imm(0));
	default: return forget(ppc_number(t), ppc_number(a));
	}
}

static struct step step_ppc(uint32_t raw)
{
	uint32_t t = raw >> 21, a = raw >> 16;
	struct operand imm = of_imm((int16_t)raw), bits = of_imm(raw & 0xffff), high = of_imm((int64_t)(raw & 0xffff) << 16);
	switch (raw >> 26) {
	case 7: return make(STEP_MULTIPLY, ppc_number(t), ppc_in(a), imm);
	case 10: return make(STEP_COMPARE, 0, ppc_in(a), bits);
	case 11: return make(STEP_COMPARE, 0, ppc_in(a), imm);
	case 12:
	case 13: return make(STEP_ADD, ppc_number(t), ppc_in(a), imm);
	case 14: return make(STEP_ADD, ppc_number(t), ppc_base(a), imm);
	case 15: return make(STEP_ADD, ppc_number(t), ppc_base(a), of_imm((int32_t)(raw << 16)));
	case 19:
		return (raw >> 1 & 0x3ff) == 528 ? make(STEP_GO, 0, of_reg(UC_PPC_REG_CTR, 4), of_imm(0)) : forget(0, 0);
	case 21: return ppc_rotate(raw);
	case 24: return make(STEP_OR, ppc_number(a), ppc_in(t), bits);
	case 25: return make(STEP_OR, ppc_number(a), ppc_in(t), high);
	case 26: return make(STEP_XOR, ppc_number(a), ppc_in(t), bits);
	case 27: return make(STEP_XOR, ppc_number(a), ppc_in(t), high);
	case 28: return make(STEP_AND, ppc_number(a), ppc_in(t), bits);
	case 31: return ppc_extended(raw);
	case 32:
	case 33: return ppc_load(raw, 4, false, raw >> 26 & 1);
	case 34:
	case 35: return ppc_load(raw, 1, false, raw >> 26 & 1);
	case 40:
	case 41: return ppc_load(raw, 2, false, raw >> 26 & 1);
	case 36:
	case 37: return ppc_store(raw, 4, false, raw >> 26 & 1);
	case 38:
	case 39: return ppc_store(raw, 1, false, raw >> 26 & 1);
	case 44:
	case 45: return ppc_store(raw, 2, false, raw >> 26 & 1);
	case 46: return (struct step){ .op = STEP_LOSE };        /* lmw */
	case 8:
	case 20:
	case 23:
	case 29:
	case 42:
	case 43: return forget(ppc_number(t), ppc_number(a));
	default: return forget(0, 0);
	}
}

/* ---- what Capstone says an instruction writes ---- */

/* The full register of a part of one; 0: no general register. */
static int whole(const struct cpu *c, unsigned r)
{
	static const struct { uint8_t part[5]; uint8_t full; } x86[] = {
		{ { X86_REG_AL, X86_REG_AH, X86_REG_AX, X86_REG_EAX, X86_REG_RAX }, X86_REG_RAX },
		{ { X86_REG_BL, X86_REG_BH, X86_REG_BX, X86_REG_EBX, X86_REG_RBX }, X86_REG_RBX },
		{ { X86_REG_CL, X86_REG_CH, X86_REG_CX, X86_REG_ECX, X86_REG_RCX }, X86_REG_RCX },
		{ { X86_REG_DL, X86_REG_DH, X86_REG_DX, X86_REG_EDX, X86_REG_RDX }, X86_REG_RDX },
		{ { X86_REG_SIL, 0, X86_REG_SI, X86_REG_ESI, X86_REG_RSI }, X86_REG_RSI },
		{ { X86_REG_DIL, 0, X86_REG_DI, X86_REG_EDI, X86_REG_RDI }, X86_REG_RDI },
		{ { X86_REG_BPL, 0, X86_REG_BP, X86_REG_EBP, X86_REG_RBP }, X86_REG_RBP },
		{ { X86_REG_SPL, 0, X86_REG_SP, X86_REG_ESP, X86_REG_RSP }, X86_REG_RSP },
	};
	if (c->arch == UC_ARCH_ARM64) {
		if (r >= ARM64_REG_W0 && r <= ARM64_REG_W28)
			return (int)(r - ARM64_REG_W0) + UC_ARM64_REG_X0;
		if (r == ARM64_REG_W29 || r == ARM64_REG_W30)
			return r == ARM64_REG_W29 ? UC_ARM64_REG_X29 : UC_ARM64_REG_X30;
		bool general = (r >= ARM64_REG_X0 && r <= ARM64_REG_X28) || r == ARM64_REG_X29 || r == ARM64_REG_X30
			|| r == ARM64_REG_SP;
		return general ? (int)r : 0;
	}
	if (c->arch != UC_ARCH_X86)
		return r >= ARM_REG_R0 || r == ARM_REG_SP || r == ARM_REG_LR ? (int)r : 0;
	for (size_t i = 0; i < ARRAY_LEN(x86); i++)
		for (unsigned k = 0; k < 5; k++)
			if (r == x86[i].part[k] && r)
				return c->wide ? x86[i].full : (int)x86[i].part[3];
	if (r >= X86_REG_R8 && r <= X86_REG_R15)
		return (int)r;
	for (int base = X86_REG_R8B; base <= X86_REG_R8W; base += 8)
		if ((int)r >= base && (int)r < base + 8)
			return X86_REG_R8 + (int)r - base;
	return 0;
}

static struct step written(const struct cpu *c, csh handle, const cs_insn *i)
{
	cs_regs in, out;
	uint8_t nin = 0, nout = 0;
	struct step s = { .op = STEP_NONE };
	if (cs_regs_access(handle, i, in, &nin, out, &nout) != CS_ERR_OK)
		return (struct step){ .op = STEP_LOSE };
	for (uint8_t k = 0; k < nout; k++) {
		int16_t r = (int16_t)whole(c, out[k]);
		if (!r || r == s.dst || r == s.dst2 || r == s.dst3)
			continue;
		s.op = s.dst3 ? STEP_LOSE : STEP_FORGET;
		*(s.dst ? s.dst2 ? &s.dst3 : &s.dst2 : &s.dst) = r;
	}
	return s;
}

/* ---- x86 ---- */

static struct operand x86_operand(const struct cpu *c, const cs_insn *i, const cs_x86_op *o)
{
	struct operand r = { .size = o->size };
	switch (o->type) {
	case X86_OP_REG:
		if (o->reg == X86_REG_AH || o->reg == X86_REG_BH || o->reg == X86_REG_CH || o->reg == X86_REG_DH)
			return (struct operand){ 0 };
		return of_reg(whole(c, o->reg), o->size);
	case X86_OP_IMM: return of_imm(o->imm);
	case X86_OP_MEM:
		if (o->mem.segment)
			return r;
		r.kind = OPERAND_MEM;
		r.imm = o->mem.disp;
		if (o->mem.base == X86_REG_RIP || o->mem.base == X86_REG_EIP)
			r.imm += (int64_t)i->address + i->size;
		else
			r.reg = (int16_t)whole(c, o->mem.base);
		r.index = (int16_t)whole(c, o->mem.index);
		r.shift = (int8_t)(o->mem.scale > 1 ? __builtin_ctz((unsigned)o->mem.scale) : 0);
		return r;
	case X86_OP_INVALID: break;
	}
	return r;
}

static struct step x86_two(const struct cpu *c, csh handle, const cs_insn *i, enum step_op op, bool compares)
{
	const cs_x86 *d = &i->detail->x86;
	struct operand x = x86_operand(c, i, &d->operands[0]), y = x86_operand(c, i, &d->operands[1]);
	if (x.kind != OPERAND_REG && op != STEP_COMPARE)
		return written(c, handle, i);
	struct step s = make(op, op == STEP_COMPARE ? 0 : x.reg, x, y);
	if (op == STEP_XOR && x.kind == OPERAND_REG && y.kind == OPERAND_REG && x.reg == y.reg)
		return make(STEP_MOVE, x.reg, of_imm(0), of_imm(0));
	s.compares = compares;
	return s;
}

static struct step x86_move(const struct cpu *c, csh handle, const cs_insn *i, bool is_signed)
{
	const cs_x86 *d = &i->detail->x86;
	struct operand to = x86_operand(c, i, &d->operands[0]), from = x86_operand(c, i, &d->operands[1]);
	from.is_signed = is_signed;
	if (to.kind == OPERAND_MEM)
		return make(STEP_STORE, 0, to, from);
	if (to.kind != OPERAND_REG)
		return written(c, handle, i);
	return make(STEP_MOVE, to.reg, from, of_imm(0));
}

static struct step step_x86(const struct cpu *c, csh handle, const cs_insn *i)
{
	const cs_x86 *d = &i->detail->x86;
	struct operand x = d->op_count ? x86_operand(c, i, &d->operands[0]) : (struct operand){ 0 };
	switch (i->id) {
	case X86_INS_MOV:
	case X86_INS_MOVABS:
	case X86_INS_MOVZX: return x86_move(c, handle, i, false);
	case X86_INS_MOVSX:
	case X86_INS_MOVSXD: return x86_move(c, handle, i, true);
	case X86_INS_ADD: return x86_two(c, handle, i, STEP_ADD, false);
	case X86_INS_SUB: return x86_two(c, handle, i, STEP_SUB, true);
	case X86_INS_OR: return x86_two(c, handle, i, STEP_OR, false);
	case X86_INS_AND: return x86_two(c, handle, i, STEP_AND, false);
	case X86_INS_XOR: return x86_two(c, handle, i, STEP_XOR, true);
	case X86_INS_CMP: return x86_two(c, handle, i, STEP_COMPARE, true);
	case X86_INS_SHL: return d->op_count == 2 ? x86_two(c, handle, i, STEP_LEFT, false) : written(c, handle, i);
	case X86_INS_SHR: return d->op_count == 2 ? x86_two(c, handle, i, STEP_RIGHT, false) : written(c, handle, i);
	case X86_INS_BSWAP: return make(STEP_TURN, x.reg, x, of_imm(0));
	case X86_INS_ROL:
	case X86_INS_ROR:
		if (x.kind == OPERAND_REG && x.size == 2 && d->operands[1].type == X86_OP_IMM && d->operands[1].imm == 8)
			return make(STEP_TURN, x.reg, x, of_imm(0));
		return written(c, handle, i);
	case X86_INS_TEST: {
		struct operand y = x86_operand(c, i, &d->operands[1]);
		return x.kind == OPERAND_REG && y.kind == OPERAND_REG && x.reg == y.reg ? make(STEP_COMPARE, 0, x, of_imm(0))
			: forget(0, 0);
	}
	case X86_INS_LEA: {
		struct operand from = x86_operand(c, i, &d->operands[1]);
		from.kind = OPERAND_ADDRESS;
		return make(STEP_MOVE, x.reg, from, of_imm(0));
	}
	case X86_INS_IMUL:
		if (d->op_count == 3 && x.kind == OPERAND_REG)
			return make(STEP_MULTIPLY, x.reg, x86_operand(c, i, &d->operands[1]), x86_operand(c, i, &d->operands[2]));
		return written(c, handle, i);
	case X86_INS_CDQE: return make(STEP_MOVE, X86_REG_RAX,
				       (struct operand){ .kind = OPERAND_REG, .reg = X86_REG_RAX, .size = 4, .is_signed = true },
				       of_imm(0));
	case X86_INS_CALL:
	case X86_INS_JMP: return x.kind == OPERAND_IMM ? written(c, handle, i) : make(STEP_GO, 0, x, of_imm(0));
	case X86_INS_PUSH: return make(STEP_PUSH, whole(c, X86_REG_ESP), x, of_imm(0));
	case X86_INS_POP: return make(STEP_POP, whole(c, X86_REG_ESP), x, of_imm(0));
	case X86_INS_CMPSB:
		return d->prefix[0] ? make(STEP_COMPARE_TEXT, whole(c, X86_REG_ESI), of_reg(whole(c, X86_REG_EDI), 4), of_imm(0))
			: written(c, handle, i);
	default:
		if (strncmp(i->mnemonic, "cmov", 4) == 0)
			return x86_two(c, handle, i, STEP_EITHER, false);
		return written(c, handle, i);
	}
}

/* ---- ARM ---- */

static struct operand arm_operand(const cs_insn *i, const cs_arm_op *o, bool thumb, unsigned size)
{
	struct operand r = { .size = (uint8_t)size };
	int by = (int)o->shift.value;
	bool plain = o->shift.type == ARM_SFT_INVALID || by == 0;
	if (!plain && ((o->shift.type != ARM_SFT_LSL && o->shift.type != ARM_SFT_LSR) || by > 31))
		return r;
	r.shift = (int8_t)(plain ? 0 : o->shift.type == ARM_SFT_LSL ? by : -by);
	if (o->type == ARM_OP_REG && o->reg == ARM_REG_PC)
		return of_imm((int64_t)i->address + (thumb ? 4 : 8));
	if (o->type == ARM_OP_REG) {
		r.kind = OPERAND_REG;
		r.reg = (int16_t)o->reg;
	} else if (o->type == ARM_OP_IMM) {
		return of_imm(o->imm);
	} else if (o->type == ARM_OP_MEM) {
		r.kind = OPERAND_MEM;
		r.imm = o->mem.disp;
		if (o->mem.base == ARM_REG_PC)
			r.imm += (int64_t)((i->address + (thumb ? 4 : 8)) & ~(uint64_t)3);
		else
			r.reg = (int16_t)o->mem.base;
		r.index = (int16_t)o->mem.index;
		if (o->mem.index && (o->subtracted || o->mem.scale < 0))
			r.kind = OPERAND_NONE;
	}
	return r;
}

static struct step arm_memory(const cs_insn *i, bool thumb, unsigned size, bool is_signed, bool store)
{
	const cs_arm *d = &i->detail->arm;
	struct operand at = arm_operand(i, &d->operands[1], thumb, size);
	at.is_signed = is_signed;
	int base = d->writeback && d->operands[1].type == ARM_OP_MEM ? (int)d->operands[1].mem.base : 0;
	struct step s = store ? make(STEP_STORE, 0, at, of_reg(d->operands[0].reg, size))
		: make(STEP_MOVE, d->operands[0].reg, at, of_imm(0));
	s.dst2 = (int16_t)base;
	return s;
}

/* op rd, rn, operand2, or op rd, operand2 */
static struct step arm_three(const cs_insn *i, bool thumb, enum step_op op, unsigned size, bool is_signed)
{
	const cs_arm *d = &i->detail->arm;
	bool two = d->op_count == 2 && op != STEP_MOVE && op != STEP_TURN && op != STEP_TURN_HALVES;
	struct operand x = arm_operand(i, &d->operands[two ? 0 : 1], thumb, size);
	x.is_signed = is_signed;
	struct operand y = d->op_count > 2 || two ? arm_operand(i, &d->operands[d->op_count - 1], thumb, 4) : of_imm(0);
	struct step s = make(op, d->operands[0].reg, x, y);
	s.compares = op == STEP_SUB && d->update_flags;
	return s;
}

static struct step arm_pop(const cs_insn *i)
{
	const cs_arm *d = &i->detail->arm;
	struct step s = { .op = STEP_POP_LIST, .dst = ARM_REG_SP, .x = of_imm(4 * (int)d->op_count), .y = of_imm(0) };
	for (uint8_t k = 0; k < d->op_count; k++) {
		int r = (int)d->operands[k].reg;
		s.y.imm |= r >= ARM_REG_R0 && r <= ARM_REG_R12 ? 1 << (r - ARM_REG_R0) : r == ARM_REG_LR ? 1 << 14 : 0;
	}
	return s;
}

static struct step step_arm_always(const struct cpu *c, csh handle, const cs_insn *i, bool thumb)
{
	const cs_arm *d = &i->detail->arm;
	switch (i->id) {
	case ARM_INS_LDR: return arm_memory(i, thumb, 4, false, false);
	case ARM_INS_LDRB: return arm_memory(i, thumb, 1, false, false);
	case ARM_INS_LDRH: return arm_memory(i, thumb, 2, false, false);
	case ARM_INS_LDRSB: return arm_memory(i, thumb, 1, true, false);
	case ARM_INS_LDRSH: return arm_memory(i, thumb, 2, true, false);
	case ARM_INS_STR: return arm_memory(i, thumb, 4, false, true);
	case ARM_INS_STRB: return arm_memory(i, thumb, 1, false, true);
	case ARM_INS_STRH: return arm_memory(i, thumb, 2, false, true);
	case ARM_INS_MOV:
	case ARM_INS_MOVW: return arm_three(i, thumb, STEP_MOVE, 4, false);
	case ARM_INS_MOVT: {
		struct operand low = of_reg(d->operands[0].reg, 4);
		struct step s = make(STEP_INSERT, d->operands[0].reg, low, of_imm(d->operands[1].imm & 0xffff));
		s.y.shift = 16;
		return s;
	}
	case ARM_INS_ADD: return arm_three(i, thumb, STEP_ADD, 4, false);
	case ARM_INS_SUB: return arm_three(i, thumb, STEP_SUB, 4, false);
	case ARM_INS_ORR: return arm_three(i, thumb, STEP_OR, 4, false);
	case ARM_INS_AND: return arm_three(i, thumb, STEP_AND, 4, false);
	case ARM_INS_BIC: {
		struct step s = arm_three(i, thumb, STEP_AND, 4, false);
		s.y.kind = s.y.kind == OPERAND_IMM ? OPERAND_IMM : OPERAND_NONE;
		s.y.imm = ~s.y.imm;
		return s;
	}
	case ARM_INS_EOR: return arm_three(i, thumb, STEP_XOR, 4, false);
	case ARM_INS_LSL: return arm_three(i, thumb, d->op_count == 3 ? STEP_LEFT : STEP_MOVE, 4, false);
	case ARM_INS_LSR: return arm_three(i, thumb, d->op_count == 3 ? STEP_RIGHT : STEP_MOVE, 4, false);
	case ARM_INS_UXTB: return arm_three(i, thumb, STEP_MOVE, 1, false);
	case ARM_INS_UXTH: return arm_three(i, thumb, STEP_MOVE, 2, false);
	case ARM_INS_SXTB: return arm_three(i, thumb, STEP_MOVE, 1, true);
	case ARM_INS_SXTH: return arm_three(i, thumb, STEP_MOVE, 2, true);
	case ARM_INS_REV: return arm_three(i, thumb, STEP_TURN, 4, false);
	case ARM_INS_REV16: return arm_three(i, thumb, STEP_TURN_HALVES, 4, false);
	case ARM_INS_PUSH: return make(STEP_ADD, ARM_REG_SP, of_reg(ARM_REG_SP, 4), of_imm(-4 * (int)d->op_count));
	case ARM_INS_POP: return arm_pop(i);
	case ARM_INS_MUL: return arm_three(i, thumb, STEP_MULTIPLY, 4, false);
	case ARM_INS_BX:
	case ARM_INS_BLX: {
		struct operand x = arm_operand(i, &d->operands[0], thumb, 4);
		return x.kind == OPERAND_REG ? make(STEP_GO, 0, x, of_imm(0)) : written(c, handle, i);
	}
	case ARM_INS_CMP:
	case ARM_INS_TEQ:
		return make(STEP_COMPARE, 0, arm_operand(i, &d->operands[0], thumb, 4), arm_operand(i, &d->operands[1], thumb, 4));
	default: return written(c, handle, i);
	}
}

static struct step step_arm(const struct cpu *c, csh handle, const cs_insn *i, bool thumb)
{
	const cs_arm *d = &i->detail->arm;
	bool always = d->cc == ARM_CC_AL || d->cc == ARM_CC_INVALID;
	if (!always && i->id == ARM_INS_MOV && d->operands[0].type == ARM_OP_REG && d->operands[0].reg != ARM_REG_PC)
		return make(STEP_EITHER, d->operands[0].reg, arm_operand(i, &d->operands[0], thumb, 4),
			    arm_operand(i, &d->operands[1], thumb, 4));
	if (!always && i->id != ARM_INS_CMP)
		return written(c, handle, i);    /* it may or may not happen */
	return step_arm_always(c, handle, i, thumb);
}

/* ---- AArch64 ---- */

static unsigned arm64_size(unsigned r)
{
	return r >= ARM64_REG_W0 && r <= ARM64_REG_W30 ? 4 : 8;
}

static struct operand arm64_operand(const struct cpu *c, const cs_arm64_op *o, unsigned size)
{
	struct operand r = { .size = (uint8_t)size };
	int by = (int)o->shift.value;
	bool plain = o->shift.type == ARM64_SFT_INVALID || by == 0;
	if (!plain && o->shift.type != ARM64_SFT_LSL && o->shift.type != ARM64_SFT_LSR)
		return r;
	bool word = o->ext == ARM64_EXT_UXTW || o->ext == ARM64_EXT_SXTW;
	if (o->ext != ARM64_EXT_INVALID && o->ext != ARM64_EXT_UXTX && !word && o->type == ARM64_OP_REG)
		return r;
	r.word = word;
	r.shift = (int8_t)(plain ? 0 : o->shift.type == ARM64_SFT_LSL ? by : -by);
	if (o->type == ARM64_OP_REG) {
		if (o->reg == ARM64_REG_WZR || o->reg == ARM64_REG_XZR)
			return of_imm(0);
		r.reg = (int16_t)whole(c, o->reg);
		r.kind = r.reg ? OPERAND_REG : OPERAND_NONE;
		r.size = (uint8_t)(size ? size : arm64_size(o->reg));
	} else if (o->type == ARM64_OP_IMM) {
		return of_imm((int64_t)((uint64_t)o->imm << (plain ? 0 : by)));
	} else if (o->type == ARM64_OP_MEM) {
		r.kind = OPERAND_MEM;
		r.imm = o->mem.disp;
		r.reg = (int16_t)whole(c, o->mem.base);
		r.index = (int16_t)whole(c, o->mem.index);
		if (o->ext != ARM64_EXT_INVALID && o->ext != ARM64_EXT_UXTX && o->ext != ARM64_EXT_SXTX && !word)
			r.kind = OPERAND_NONE;
	}
	return r;
}

static struct step arm64_memory(const struct cpu *c, const cs_insn *i, unsigned size, bool is_signed, bool store)
{
	const cs_arm64 *d = &i->detail->arm64;
	unsigned first = d->operands[0].reg;
	struct operand at = arm64_operand(c, &d->operands[1], size ? size : arm64_size(first));
	if (d->operands[1].type == ARM64_OP_IMM) /* a literal */
		at = of_mem(0, d->operands[1].imm, size ? size : arm64_size(first));
	at.is_signed = is_signed;
	if (!whole(c, first) && first != ARM64_REG_WZR && first != ARM64_REG_XZR)
		at.kind = OPERAND_NONE;          /* a vector */
	struct step s = store ? make(STEP_STORE, 0, at, arm64_operand(c, &d->operands[0], at.size))
		: make(STEP_MOVE, whole(c, first), at, of_imm(0));
	s.dst2 = (int16_t)(d->writeback ? whole(c, d->operands[1].mem.base) : 0);
	return s;
}

static struct step arm64_three(const struct cpu *c, const cs_insn *i, enum step_op op, unsigned size, bool is_signed)
{
	const cs_arm64 *d = &i->detail->arm64;
	struct operand x = arm64_operand(c, &d->operands[1], size);
	x.is_signed = is_signed;
	struct operand y = d->op_count > 2 ? arm64_operand(c, &d->operands[2], 0) : of_imm(0);
	struct step s = make(op, whole(c, d->operands[0].reg), x, y);
	s.compares = op == STEP_SUB && d->update_flags;
	return s;
}

static struct step step_arm64(const struct cpu *c, csh handle, const cs_insn *i)
{
	const cs_arm64 *d = &i->detail->arm64;
	switch (i->id) {
	case ARM64_INS_LDR:
	case ARM64_INS_LDUR: return arm64_memory(c, i, 0, false, false);
	case ARM64_INS_LDRB:
	case ARM64_INS_LDURB: return arm64_memory(c, i, 1, false, false);
	case ARM64_INS_LDRH:
	case ARM64_INS_LDURH: return arm64_memory(c, i, 2, false, false);
	case ARM64_INS_LDRSB: return arm64_memory(c, i, 1, true, false);
	case ARM64_INS_LDRSH: return arm64_memory(c, i, 2, true, false);
	case ARM64_INS_LDRSW: return arm64_memory(c, i, 4, true, false);
	case ARM64_INS_STR:
	case ARM64_INS_STUR: return arm64_memory(c, i, 0, false, true);
	case ARM64_INS_STRB:
	case ARM64_INS_STURB: return arm64_memory(c, i, 1, false, true);
	case ARM64_INS_STRH:
	case ARM64_INS_STURH: return arm64_memory(c, i, 2, false, true);
	case ARM64_INS_MOV:
	case ARM64_INS_MOVZ:
	case ARM64_INS_ADR:
	case ARM64_INS_ADRP: return arm64_three(c, i, STEP_MOVE, 0, false);
	case ARM64_INS_MOVK: {
		struct step s = make(STEP_INSERT, whole(c, d->operands[0].reg), arm64_operand(c, &d->operands[0], 0),
				     of_imm(d->operands[1].imm & 0xffff));
		s.y.shift = (int8_t)d->operands[1].shift.value;
		return s;
	}
	case ARM64_INS_ADD: return arm64_three(c, i, STEP_ADD, 0, false);
	case ARM64_INS_SUB: return arm64_three(c, i, STEP_SUB, 0, false);
	case ARM64_INS_ORR: return arm64_three(c, i, STEP_OR, 0, false);
	case ARM64_INS_AND: return arm64_three(c, i, STEP_AND, 0, false);
	case ARM64_INS_EOR: return arm64_three(c, i, STEP_XOR, 0, false);
	case ARM64_INS_LSL: return arm64_three(c, i, STEP_LEFT, 0, false);
	case ARM64_INS_LSR: return arm64_three(c, i, STEP_RIGHT, 0, false);
	case ARM64_INS_UXTB: return arm64_three(c, i, STEP_MOVE, 1, false);
	case ARM64_INS_UXTH: return arm64_three(c, i, STEP_MOVE, 2, false);
	case ARM64_INS_STP: {                    /* what a function saves; the registers themselves are not looked for */
		int base = whole(c, d->operands[2].mem.base);
		return d->writeback && d->op_count == 3 && d->operands[2].type == ARM64_OP_MEM
			? make(STEP_ADD, base, of_reg(base, 8), of_imm(d->operands[2].mem.disp)) : written(c, handle, i);
	}
	case ARM64_INS_SXTW: return arm64_three(c, i, STEP_MOVE, 4, true);
	case ARM64_INS_CSEL: return arm64_three(c, i, STEP_EITHER, 0, false);
	case ARM64_INS_MUL: return arm64_three(c, i, STEP_MULTIPLY, 0, false);
	case ARM64_INS_UBFIZ:
	case ARM64_INS_SBFIZ: {
		struct step s = arm64_three(c, i, STEP_FIELD, 0, false);
		s.y = of_imm((int64_t)(((uint64_t)1 << (d->operands[3].imm & 63)) - 1));
		s.y.shift = (int8_t)d->operands[2].imm;
		return s;
	}
	case ARM64_INS_BR:
	case ARM64_INS_BLR: return make(STEP_GO, 0, arm64_operand(c, &d->operands[0], 0), of_imm(0));
	case ARM64_INS_REV: return arm64_three(c, i, STEP_TURN, 0, false);
	case ARM64_INS_REV16: return arm64_three(c, i, STEP_TURN_HALVES, 0, false);
	case ARM64_INS_CMP:
	case ARM64_INS_CCMP:
		return make(STEP_COMPARE, 0, arm64_operand(c, &d->operands[0], 0), arm64_operand(c, &d->operands[1], 0));
	case ARM64_INS_CBZ:
	case ARM64_INS_CBNZ: return make(STEP_COMPARE, 0, arm64_operand(c, &d->operands[0], 0), of_imm(0));
	default: return written(c, handle, i);
	}
}

struct step step_of(const struct cpu *c, csh handle, const cs_insn *i, uint32_t raw, bool thumb)
{
	switch (c->machine) {
	case EM_MIPS_: return step_mips(raw);
	case EM_PPC_: return step_ppc(raw);
	case EM_ARM_: return step_arm(c, handle, i, thumb);
	case EM_AARCH64_: return step_arm64(c, handle, i);
	default: return step_x86(c, handle, i);
	}
}
