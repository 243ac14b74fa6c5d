/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a block of code ends, by the processor's family. */
#pragma once

#include "fw/flow/cpu.h"
#include "fw/flow/guest.h"

enum turn_kind { TURN_NEXT, TURN_JUMP, TURN_CALL, TURN_RETURN, TURN_JUMP_REG, TURN_CALL_REG, TURN_TRAP };

struct turn {                                    /* how a block ends */
	uint32_t site, end;                      /* the branch; the address behind it and its delay slot */
	uint32_t target, next;                   /* 0: not known from the bytes */
	uint8_t kind;
	bool conditional, thumb;                 /* the target's state */
	bool has_value, system;                  /* system: a system call stands in the block */
	uint8_t equal;                           /* taken when the compare is 1: equal, 2: not equal; 0: other */
	bool predicated;                         /* between compare and branch others depend on it too */
	uint32_t compare;                        /* the compare before it in the block, 0: none */
	int reg, reg2;                           /* Unicorn registers compared; reg2 0: with value */
	int64_t value;
};

void turn_of(const struct cpu *c, const struct guest *g, const cs_insn *i, struct turn *t);
