/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a program's code before and while it runs: instructions, leaders of basic blocks, how
 * each block ends, functions. Disassembled once, by recursive descent from every start that is known. */
#pragma once

#include "fw/flow/addrmap.h"
#include "fw/flow/cpu.h"
#include "fw/flow/guest.h"
#include "fw/flow/step.h"
#include "fw/flow/turn.h"

enum { CODE_MODULES = 64, CODE_FUNCTIONS = 1 << 17, CODE_STEPS = 1 << 22, CODE_BLOCKS = 1 << 20 };

enum {                                           /* flags of a byte of code */
	CODE_INSN = 1, CODE_LEADER = 2, CODE_RUN = 4, CODE_FUNCTION = 8, CODE_THUMB = 16, CODE_QUEUED = 32,
	CODE_SWITCHED = 64,
	CODE_UNKEPT = 128,                       /* what the instruction does was not kept: the table was full */
};

struct module {
	struct elf elf;
	struct span name;
	uint32_t bias, base, size;
	uint32_t text, text_end;                 /* what holds code: executable sections, else executable segments */
	bool has_sections;
	uint8_t *code;                           /* flags, a byte for each byte of [base, base + size) */
	const struct region *region;
};

struct function {
	uint32_t addr;
	struct span name;                        /* empty: stripped */
	bool reached, tried, hot;                /* hot: a call of interest stands in it or below it */
	bool thumb;
	bool constructs;                         /* start-up of a static program calls it through a pointer */
	bool returns, ends;                      /* it came back once; it led to the end of the program */
	uint32_t module;
};

struct code {
	const struct cpu *cpu;
	const struct guest *guest;
	struct arena arena;
	csh handle, handle_thumb;
	cs_insn *insn;
	struct module modules[CODE_MODULES];
	unsigned nmodules;
	struct turn *turns;
	uint32_t nturns, turns_room;
	struct addrmap turn_at, function_at;     /* by end of the block; by start */
	struct step *steps;
	uint32_t nsteps, steps_room;
	uint32_t unkept;                         /* instructions and blocks for which no table had room */
	struct addrmap step_at;                  /* by address of the instruction */
	struct function *functions;
	uint32_t nfunctions, functions_room;
	uint32_t *work;                          /* leaders to look at */
	uint32_t nwork, work_room;
	uint32_t blocks, blocks_run;
	bool thumb;                              /* some code is Thumb */
};

bool code_init(struct code *c, const struct cpu *cpu, const struct guest *g) MUST_CHECK;
void code_done(struct code *c);

struct module *code_module(struct code *c, uint64_t addr);       /* NULL: no module's code */
/* An address of code that something names: its blocks are looked at. Bit 0: Thumb, on ARM. */
void code_leader(struct code *c, uint64_t addr, bool thumb);
struct function *code_function(struct code *c, uint64_t addr, bool thumb);      /* found or made; NULL: no code */
struct function *code_function_at(struct code *c, uint64_t addr);               /* NULL: none known */
/* How the block that ends at `end` ends; it began at `start`. */
const struct turn *code_turn(struct code *c, uint64_t start, uint64_t end, bool thumb);
/* The block at addr, up to the branch that ends it or to the next block. */
struct turn code_block(struct code *c, uint32_t addr, bool thumb);
/* [start, end) was executed for the first time: marks leaders reached; instructions in it. */
uint32_t code_ran(struct code *c, uint64_t start, uint64_t end);
uint8_t code_flags(struct code *c, uint64_t addr);
void    code_flag(struct code *c, uint64_t addr, uint8_t flag);
void code_drain(struct code *c);                 /* looks at all leaders that wait */
/* Disassembles the instruction at addr into c->insn. False: there is none. */
bool code_decode(struct code *c, uint64_t addr, bool thumb);
/* The last few instructions of the block up to and with the one at site, as text in the arena. */
unsigned code_text(struct code *c, uint64_t site, struct arena *a, struct span *out, unsigned max);

/* ---- starts.c ---- */
/* Starts from symbols, exception tables, pointers and prologues of every module. */
void code_discover(struct code *c);
