/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What single instructions do to values, as far as one must know it to say which bytes of memory a compare looks
 * at and with what: moves, constants, loads, shifts. Everything else makes its registers unknown. */
#pragma once

#include "fw/flow/cpu.h"

enum step_op {
	STEP_NONE,                               /* changes no register; not kept */
	STEP_FORGET,                             /* dst and others become unknown */
	STEP_LOSE,                               /* all registers become unknown */
	STEP_MOVE, STEP_ADD, STEP_SUB, STEP_OR, STEP_AND, STEP_XOR, STEP_LEFT, STEP_RIGHT,   /* dst = x op y */
	STEP_EITHER,                             /* dst = x or y, under a condition */
	STEP_MULTIPLY,                           /* dst = x * y */
	STEP_FIELD,                              /* dst = (x & y.imm) << y.shift */
	STEP_TURN,                               /* dst = x with its `size` bytes turned round */
	STEP_TURN_HALVES,                        /* the bytes of each half word turned round */
	STEP_INSERT,                             /* dst = x with 16 bits of y.imm at bit y.shift */
	STEP_LEFT_PART, STEP_RIGHT_PART,         /* lwl, lwr: of the word at x */
	STEP_STORE,                              /* x in memory = y */
	STEP_PUSH, STEP_POP,
	STEP_POP_LIST,                           /* ARM: dst = dst + x.imm; registers with a bit in y.imm are unknown */
	STEP_GO,                                 /* calls or jumps to x */
	STEP_COMPARE,                            /* x with y, equal or not; then dst is unknown */
	STEP_ORDER,                              /* x with y, less or not; then dst is unknown */
	STEP_COMPARE_TEXT,                       /* repe cmpsb */
};

enum operand_kind { OPERAND_NONE, OPERAND_REG, OPERAND_IMM, OPERAND_MEM, OPERAND_ADDRESS };

struct operand {
	uint8_t kind, size;                      /* MEM, REG: bytes; the rest is zero, or the sign where is_signed */
	int8_t shift;                            /* REG, and index of MEM: bits to the left; negative: to the right */
	bool is_signed, word;                    /* word: the low 32 bits of the register (of MEM: the index), then shifted */
	int16_t reg, index;                      /* Unicorn registers in their full width; 0: none */
	int64_t imm;                             /* IMM; MEM: displacement, or the whole address */
};

struct step {
	uint8_t op, size;
	bool compares;                           /* sets the flags as a compare of x with y would */
	int16_t dst, dst2, dst3;
	struct operand x, y;
};

/* op NONE: nothing to keep. raw: the word, on families with fixed width. */
struct step step_of(const struct cpu *c, csh handle, const cs_insn *i, uint32_t raw, bool thumb);
