/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A block's steps followed before it runs, with the registers as they are: every byte of a value knows the address
 * it was loaded from, and a value that an address is made of knows what is constant in it. */
#pragma once

#include "fw/flow/machine.h"

enum { LOOK_REGS = 20, LOOK_STORES = 16, LOOK_TABLES = 4, LOOK_SEEDS = 16, WORD = 8 };

struct seen {
	uint64_t v;
	uint32_t from[WORD];                     /* where byte i (the lowest is 0) was loaded from; 0: nowhere */
	uint64_t more, mask;                     /* what was added to it and turned over in it since */
	bool known;
	bool folded;                             /* the letter became one of one case */
	/* The value as base + scale * index, of the index that has this number. scale 0: it is a constant or a pointer;
	 * negative: nothing is known, it may be an index itself. */
	uint8_t table;                           /* the word that this one of the tables gave, from 1 */
	uint8_t seed;                          /* what the index was made of, from 1; 0: unknown */
	int16_t added;                           /* to that */
	uint16_t index, most;                    /* most: greatest value of the index, where a mask says so; 0: unknown */
	int32_t scale;
	uint64_t base;
};

struct seed {                                  /* a register or bytes of memory, where the block begins */
	int16_t reg;                             /* 0: memory */
	uint8_t size, shift;                     /* shift: it is the index, that far to the left */
	uint64_t at, v;
};

struct table {                                   /* a load from a place that an index chooses */
	uint32_t site;
	uint16_t most;
	uint8_t seed;
	int16_t added;
	int32_t scale;
	uint64_t base, met;                      /* met: the address that is loaded from now; 0: not known */
	int64_t now;                             /* the index, where met is known */
	uint8_t size;                            /* that is loaded; 0: the place itself is handed on */
	bool is_signed;
};

struct look {
	struct machine *m;
	bool compares, forms;                    /* what is wanted: compares told, tables found */
	bool lost;                               /* a register that is not among regs is not what it was */
	uint16_t indices;
	uint32_t site;                           /* of the step that is done */
	unsigned nregs, nstores, ntables, nseeds;
	struct seen go;                          /* where the block goes, when it goes through a register or memory */
	struct { int16_t reg; struct seen value; } regs[LOOK_REGS];
	struct { uint64_t at; unsigned size; struct seen value; } stores[LOOK_STORES];
	struct table tables[LOOK_TABLES];
	struct seed seeds[LOOK_SEEDS];
};

uint64_t look_ones(unsigned bytes);
int64_t look_index(const struct seen *v);        /* of a scaled value: which place it is; 0 where it is none */
bool look_constant(const struct seen *v);        /* nothing of it was loaded */
struct seen look_reg(struct look *l, int reg);
void look_set(struct look *l, int reg, struct seen v);
void look_begin(struct look *l, int reg, struct seen v);         /* where the block begins */
struct seen look_operand(struct look *l, const struct operand *o);
void look_step(struct look *l, const struct step *s);
/* MIPS: compilers scale an index in the delay slot of the branch that guards it. */
void look_scaled_before(struct look *l);

/* ---- compare.c ---- */
void compare_step(struct look *l, uint32_t site, const struct step *s);      /* before the step is done */
void compare_carry_in(struct look *l);
void compare_carry_out(struct look *l, uint32_t block);

/* ---- classes.c ---- */
/* A character is compared with a constant. orders: whether it is less, not whether both are equal; false: not known. */
void kind_compared(struct look *l, uint32_t site, const struct seen *x, uint64_t with, bool orders);

/* ---- places.c ---- */
void places_keep(struct look *l, uint32_t block);        /* the block was followed to its end */
