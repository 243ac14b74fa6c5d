/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small assembler for 32-bit ARM (ARMv5, little-endian) and the writer of the ELF program around it:
 * dynamically linked, with a procedure linkage table, as uClibc's tools of 2010 made them. Its programs
 * exist to be analysed; nothing here runs them. */
#pragma once

#include "base/buf.h"

enum { ARM_FUNCTIONS = 1024, ARM_LITERALS = 256, ARM_FIXUPS = 16384, ARM_LIBRARIES = 4, ARM_NAME = 32 };
enum arm_condition { ARM_EQ = 0, ARM_NE = 1, ARM_LT = 11, ARM_ALWAYS = 14 };
enum arm_math { ARM_EOR = 1, ARM_SUB = 2, ARM_ADD = 4, ARM_ORR = 12 };

enum arm_section { ARM_PLAIN, ARM_CODE, ARM_RODATA, ARM_DATA };

struct arm_function {
	char name[ARM_NAME];
	bool is_defined;
	uint32_t at, size;                       /* in the code */
	uint32_t slot;                           /* imports: index in the linkage table */
};

struct arm_fixup {                               /* a word of the code that awaits an address */
	uint32_t at, target;
	enum arm_section section;                /* ARM_PLAIN: a branch to function `target` */
};

struct arm {
	struct buf code, rodata, data;
	struct arm_function function[ARM_FUNCTIONS];
	uint32_t nfunctions;
	struct {
		uint32_t at, value;
		enum arm_section section;
	} literal[ARM_LITERALS];                 /* of the function that is being written */
	struct arm_fixup fixup[ARM_FIXUPS];
	uint32_t nfixups, nliterals;
	uint32_t current, frame;
	uint32_t leave[ARM_LITERALS], nleaves;   /* branches to the end of the function */
	const char *library[ARM_LIBRARIES];      /* DT_NEEDED; ends with NULL */
	bool keeps_symbols;                      /* not stripped */
	bool full;                               /* something did not fit: arm_link gives nothing */
};

struct arm *arm_new(void);
void        arm_free(struct arm *a);

/* A function that saves r4-r6 and has `frame` bytes (a multiple of 8) on the stack, up to arm_end. */
void arm_begin(struct arm *a, const char *name, uint32_t frame);
void arm_end(struct arm *a);

void arm_number(struct arm *a, unsigned r, uint32_t value);
void arm_text(struct arm *a, unsigned r, const char *text);      /* its address */
void arm_data(struct arm *a, unsigned r, uint32_t offset);       /* address of a place in the data */
void arm_address(struct arm *a, unsigned r, const char *function);
void arm_local(struct arm *a, unsigned r, uint32_t offset);      /* address of a place on the stack */
void arm_move(struct arm *a, unsigned to, unsigned from);
void arm_store(struct arm *a, unsigned r, uint32_t offset);      /* a word to the stack */
void arm_store_half(struct arm *a, unsigned r, uint32_t offset);
void arm_load(struct arm *a, unsigned r, unsigned base, uint32_t offset);
void arm_math(struct arm *a, enum arm_math op, unsigned to, unsigned left, unsigned right);
void arm_math_small(struct arm *a, enum arm_math op, unsigned to, unsigned left, uint8_t right);
void arm_load_byte_next(struct arm *a, unsigned r, unsigned pointer);    /* r = *pointer++ */
void arm_store_byte_next(struct arm *a, unsigned r, unsigned pointer);
void arm_compare(struct arm *a, unsigned r, uint8_t value);
void arm_call(struct arm *a, const char *function);              /* own or imported */
void arm_leave(struct arm *a, enum arm_condition when);
uint32_t arm_here(const struct arm *a);
void     arm_jump(struct arm *a, enum arm_condition when, uint32_t here);        /* back */
uint32_t arm_skip(struct arm *a, enum arm_condition when);                       /* forward, to be landed */
void     arm_land(struct arm *a, uint32_t skip);
uint32_t arm_put(struct arm *a, struct span bytes);              /* into the data; its offset */

/* The _start that gives "main" to __libc_start_main; arm_link writes it. */
void arm_entry(struct arm *a);
/* The whole program; starts at _start. False: did not fit. */
bool arm_link(struct arm *a, struct buf *out);
