/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processor families as data: what the emulator, the disassembler and the calling conventions need.
 * A family is a row; nothing else names one. */
#pragma once

#include <capstone/capstone.h>
#include <unicorn/unicorn.h>

#include "fw/model/elf.h"

enum { CPU_ARGS = 8, CPU_SYS_ARGS = 6 };

/* How a va_list lies in memory and where unnamed arguments are. */
enum va_shape {
	VA_POINTER,                              /* a pointer to the arguments; 64-bit ones aligned (ARM, MIPS o32) */
	VA_POINTER_PACKED,                       /* the same without alignment (x86) */
	VA_X86_64,                               /* System V: gp_offset, fp_offset, overflow, save area */
	VA_AARCH64,                              /* AAPCS64: stack, gr_top, vr_top, gr_offs, vr_offs */
	VA_PPC,                                  /* System V: gpr, fpr, overflow, save area */
};

struct cpu_syscall {
	uint16_t nr;
	const char *name;                        /* of the libc.def row that models it */
};

struct cpu {
	const char *name;
	uint16_t machine;
	bool wide, big;
	uc_arch arch;
	unsigned mode;                           /* uc_mode */
	cs_arch cs_arch;
	unsigned cs_mode;
	int pc, sp, lr, ret, ret2;               /* Unicorn registers; lr 0: the return address is on the stack */
	int gp, callee;                          /* MIPS $gp and $t9; 0: none */
	int args[CPU_ARGS];
	unsigned nargs, stack_args;              /* bytes from sp at entry to the first argument on the stack */
	enum va_shape va;
	int sys_nr, sys_args[CPU_SYS_ARGS], sys_ret, sys_error;
	const struct cpu_syscall *calls;         /* ends with a NULL name */
	uint8_t leave[8];                        /* the instruction that returns to the caller */
	unsigned align;                          /* of instructions */
	uint32_t relative, slot, data, word;     /* relocation types: RELATIVE, JUMP_SLOT, GLOB_DAT, absolute word */
	uint32_t irelative;
};

/* NULL: no such family here (or not in this byte order). */
const struct cpu *cpu_find(const struct elf *e);
int  cpu_register(const struct cpu *c, unsigned capstone_register);   /* Unicorn's number of it */
enum { CPU_GENERAL = 32 };
int  cpu_general(const struct cpu *c, unsigned i);       /* the i-th register for whatever a program likes; 0: none */
const char *cpu_syscall_name(const struct cpu *c, uint64_t nr);       /* NULL: not modelled */
/* Floating point on, flags as user programs find them. */
void cpu_prepare(const struct cpu *c, uc_engine *uc);
