/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARM instructions by DDI 0100I (ARM Architecture Reference Manual), A4 and A5. */
#include "lab/arm.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/scope.h"

enum {
	SP = 13, PC = 15, PUSH_R4_R6_LR = 0x092d4070, POP_R4_R6_PC = 0x08bd8070, TEXTS_CAP = 1 << 20, CODE_CAP = 8 << 20,
};

struct arm *arm_new(void)
{
	struct arm *a = mem_new(sizeof(*a));
	a->code.cap = CODE_CAP;
	a->rodata.cap = a->data.cap = TEXTS_CAP;
	return a;
}

void arm_free(struct arm *a)
{
	if (!a)
		return;
	buf_done(&a->code);
	buf_done(&a->rodata);
	buf_done(&a->data);
	free(a);
}

static void put(struct arm *a, enum arm_condition when, uint32_t word)
{
	buf_le32(&a->code, (uint32_t)when << 28 | word);
}

static void fixup(struct arm *a, uint32_t at, enum arm_section section, uint32_t target)
{
	if (a->nfixups == ARM_FIXUPS)
		a->full = true;
	else
		a->fixup[a->nfixups++] = (struct arm_fixup){ at, target, section };
}

static uint32_t function_index(struct arm *a, const char *name)
{
	for (uint32_t i = 0; i < a->nfunctions; i++)
		if (!strcmp(a->function[i].name, name))
			return i;
	if (a->nfunctions == ARM_FUNCTIONS) {
		a->full = true;
		return 0;
	}
	snprintf(a->function[a->nfunctions].name, ARM_NAME, "%s", name);
	return a->nfunctions++;
}

/* A word of the code that has been written: our own bytes. */
static uint32_t word_at(const struct arm *a, uint32_t at)
{
	struct rd r = rd_at(buf_span(&a->code), false, at, 4);
	return rd_le32(&r);
}

static void word_set(struct arm *a, uint32_t at, uint32_t word)
{
	for (unsigned i = 0; i < 4 && at + i < a->code.n; i++)
		a->code.p[at + i] = (uint8_t)(word >> 8 * i);
}

/* A5.2.2: the offset of a branch counts words from two instructions on. */
static void branch_to(struct arm *a, uint32_t at, uint32_t target)
{
	word_set(a, at, (word_at(a, at) & 0xff000000) | ((target - at - 8) / 4 & 0xffffff));
}

static void define(struct arm *a, const char *name)
{
	a->current = function_index(a, name);
	a->function[a->current].is_defined = true;
	a->function[a->current].at = (uint32_t)a->code.n;
	a->nliterals = a->nleaves = 0;
}

void arm_begin(struct arm *a, const char *name, uint32_t frame)
{
	define(a, name);
	a->frame = frame;
	put(a, ARM_ALWAYS, PUSH_R4_R6_LR);
	if (frame)
		put(a, ARM_ALWAYS, 0x024dd000 | 0xf00 | frame / 4);      /* sub sp, sp, #frame: imm8 ror 30 */
}

/* The pool behind the function, and its end. */
static void literals(struct arm *a)
{
	for (uint32_t i = 0; i < a->nliterals; i++) {
		uint32_t here = (uint32_t)a->code.n, distance = here - a->literal[i].at - 8;
		if (distance > 0xfff)
			a->full = true;
		word_set(a, a->literal[i].at, word_at(a, a->literal[i].at) | distance);
		if (a->literal[i].section != ARM_PLAIN)
			fixup(a, here, a->literal[i].section, a->literal[i].value);
		buf_le32(&a->code, a->literal[i].value);
	}
	a->function[a->current].size = (uint32_t)a->code.n - a->function[a->current].at;
}

void arm_end(struct arm *a)
{
	for (uint32_t i = 0; i < a->nleaves; i++)
		branch_to(a, a->leave[i], (uint32_t)a->code.n);
	if (a->frame)
		put(a, ARM_ALWAYS, 0x028dd000 | 0xf00 | a->frame / 4);
	put(a, ARM_ALWAYS, POP_R4_R6_PC);
	literals(a);
}

/* ldr r, [pc, #…]: the word stands behind the function. */
static void literal(struct arm *a, unsigned r, enum arm_section section, uint32_t value)
{
	if (a->nliterals == ARM_LITERALS) {
		a->full = true;
		return;
	}
	a->literal[a->nliterals].at = (uint32_t)a->code.n;
	a->literal[a->nliterals].section = section;
	a->literal[a->nliterals++].value = value;
	put(a, ARM_ALWAYS, 0x059f0000 | r << 12);
}

void arm_number(struct arm *a, unsigned r, uint32_t value)
{
	if (value < 256)
		put(a, ARM_ALWAYS, 0x03a00000 | r << 12 | value);
	else
		literal(a, r, ARM_PLAIN, value);
}

/* Equal texts are kept once, as compilers do; a tail of another text is not looked for. */
static uint32_t text_offset(struct arm *a, const char *text)
{
	size_t n = strlen(text) + 1;
	uint8_t *at = a->rodata.n ? memmem(a->rodata.p, a->rodata.n, text, n) : NULL;
	if (at && (at == a->rodata.p || at[-1] == 0))
		return (uint32_t)(at - a->rodata.p);
	uint32_t offset = (uint32_t)a->rodata.n;
	buf_bytes(&a->rodata, span_of(text, n));
	return offset;
}

void arm_text(struct arm *a, unsigned r, const char *text)
{
	literal(a, r, ARM_RODATA, text_offset(a, text));
}

void arm_data(struct arm *a, unsigned r, uint32_t offset)
{
	literal(a, r, ARM_DATA, offset);
}

void arm_address(struct arm *a, unsigned r, const char *function)
{
	literal(a, r, ARM_CODE, function_index(a, function));
}

void arm_local(struct arm *a, unsigned r, uint32_t offset)
{
	put(a, ARM_ALWAYS, 0x028d0000 | r << 12 | 0xf00 | offset / 4);
}

void arm_move(struct arm *a, unsigned to, unsigned from)
{
	put(a, ARM_ALWAYS, 0x01a00000 | to << 12 | from);
}

void arm_store(struct arm *a, unsigned r, uint32_t offset)
{
	put(a, ARM_ALWAYS, 0x05800000 | SP << 16 | r << 12 | offset);
}

void arm_store_half(struct arm *a, unsigned r, uint32_t offset)
{
	put(a, ARM_ALWAYS, 0x01c000b0 | SP << 16 | r << 12 | (offset & 0xf0) << 4 | (offset & 0xf));
}

void arm_load(struct arm *a, unsigned r, unsigned base, uint32_t offset)
{
	put(a, ARM_ALWAYS, 0x05900000 | base << 16 | r << 12 | offset);
}

void arm_math(struct arm *a, enum arm_math op, unsigned to, unsigned left, unsigned right)
{
	put(a, ARM_ALWAYS, (uint32_t)op << 21 | left << 16 | to << 12 | right);
}

void arm_math_small(struct arm *a, enum arm_math op, unsigned to, unsigned left, uint8_t right)
{
	put(a, ARM_ALWAYS, 0x02000000 | (uint32_t)op << 21 | left << 16 | to << 12 | right);
}

void arm_load_byte_next(struct arm *a, unsigned r, unsigned pointer)
{
	put(a, ARM_ALWAYS, 0x04d00001 | pointer << 16 | r << 12);
}

void arm_store_byte_next(struct arm *a, unsigned r, unsigned pointer)
{
	put(a, ARM_ALWAYS, 0x04c00001 | pointer << 16 | r << 12);
}

void arm_compare(struct arm *a, unsigned r, uint8_t value)
{
	put(a, ARM_ALWAYS, 0x03500000 | r << 16 | value);
}

void arm_call(struct arm *a, const char *function)
{
	fixup(a, (uint32_t)a->code.n, ARM_PLAIN, function_index(a, function));
	put(a, ARM_ALWAYS, 0x0b000000);
}

uint32_t arm_here(const struct arm *a)
{
	return (uint32_t)a->code.n;
}

uint32_t arm_skip(struct arm *a, enum arm_condition when)
{
	put(a, when, 0x0a000000);
	return arm_here(a) - 4;
}

void arm_jump(struct arm *a, enum arm_condition when, uint32_t here)
{
	branch_to(a, arm_skip(a, when), here);
}

void arm_land(struct arm *a, uint32_t skip)
{
	branch_to(a, skip, arm_here(a));
}

void arm_leave(struct arm *a, enum arm_condition when)
{
	if (a->nleaves == ARM_LITERALS)
		a->full = true;
	else
		a->leave[a->nleaves++] = arm_skip(a, when);
}

uint32_t arm_put(struct arm *a, struct span bytes)
{
	uint32_t at = (uint32_t)a->data.n;
	buf_bytes(&a->data, bytes);
	buf_fill(&a->data, 0, (4 - a->data.n % 4) % 4);
	return at;
}

void arm_entry(struct arm *a)
{
	static const uint32_t head[] = {
		0xe3a0b000,                      /* mov fp, #0 */
		0xe3a0e000,                      /* mov lr, #0 */
		0xe49d1004,                      /* ldr r1, [sp], #4: argc */
		0xe1a0200d,                      /* mov r2, sp: argv */
		0xe52d2004,                      /* str r2, [sp, #-4]!: the stack's end */
		0xe52d0004,                      /* str r0, [sp, #-4]!: rtld_fini */
		0xe3a0c000,                      /* mov ip, #0: no fini */
		0xe52dc004,                      /* str ip, [sp, #-4]! */
		0xe3a03000,                      /* mov r3, #0: no init */
	};
	define(a, "_start");
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		buf_le32(&a->code, head[i]);
	arm_address(a, 0, "main");
	arm_call(a, "__libc_start_main");
	arm_call(a, "abort");
	literals(a);
}
