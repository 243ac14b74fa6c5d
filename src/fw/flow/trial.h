/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trying functions of a static program: a call on the state at main() and what came of it. Only the files that tell
 * library functions by what they do include this. */
#pragma once

#include "fw/flow/machine.h"

#define PROBE_FILE "/etc/probe"                  /* the only one there is */
/* instructions of a call */
enum { SHORT = 1500, MIDDLE = 12000, LONG = 60000, ARGUMENTS_MAX = 7, CHANGED_MAX = 4096 };
/* In the cells, behind those of data objects. TEXT2 takes a pointer (MIPS stores no word but where one
 * may stand), and ends in '0': as a character it is one of the texts. */
enum { ROOM = AT_CELLS + 0x10000, TEXT1 = ROOM + 0x100, TEXT2 = ROOM + 0x430, TEXT3 = ROOM + 0x800,
	LIST = AT_STACK + 0x1000 };

enum { GIVERS = 4, TAKERS = 16 };
struct stream_tools {                            /* known so far; others are tried with their help */
	const struct function *open, *run, *get, *close, *put, *flush;
	uint64_t in, out;                        /* streams that are open, by open or else by run; 0: none */
	const struct function *givers[GIVERS], *room;    /* malloc() and what does the same; the one that is tried with */
	unsigned ngivers;
	uint64_t filled;                         /* one that it gave, with something in it */
	const struct function *takers[TAKERS];   /* what takes a room back, free() among them */
	unsigned ntakers;
	int out_fd;                              /* the descriptor of the second; 0: not known */
	uint32_t close_steps;                    /* instructions of close */
};

struct trial {
	struct machine *m;
	uc_context *base;
	size_t mark, ready;                      /* what every trial begins with; with its input laid out */
	const struct function *f;
	bool converts;                           /* a row of numbers or addresses: errno does not count */
	uint64_t ret, effect;
	uint32_t spent;
	struct stream_tools tools;
	unsigned round;
	struct { uint32_t at; uint8_t byte; } changed[CHANGED_MAX];
};

/* ---- trial.c: arguments that are not given are 0 ---- */
uint32_t trial_run(const struct trial *t);       /* what probe_ran says of blocks that run for this function */
void trial_arguments(struct trial *t, unsigned n, const uint64_t *v);
/* Memory as every trial begins with it, and a kernel that was asked nothing yet. */
void trial_begin(struct trial *t);
bool trial_call(struct trial *t, uint32_t steps, unsigned n, const uint64_t *v);        /* true: it returned */

const char *wrapper_function(struct trial *t);   /* wrapper.c: it hands a system call on */

/* ---- heap.c ---- */
const char *heap_giver(struct trial *t);         /* malloc, calloc */
/* A room of this giver, from 0, stands filled from now on. False: there is none, or free() is known already. */
bool heap_begin(struct trial *t, unsigned giver);
const char *heap_function(struct trial *t);      /* realloc; and who takes a room is told from now on */
const char *heap_taker(struct trial *t);         /* free */
/* What gives rooms is known in vain where what takes them is not: it would not know them again. */
bool heap_is_whole(const struct trial *t, const char *name);

/* ---- streams.c: what a C library does with files and programs ---- */
enum { STREAM_ROUNDS = 4 };                      /* functions of one round need tools of the ones before */
const char *stream_opener(struct trial *t);      /* fopen, popen, system */
/* One stream to read and one to write stand open from now on; finds out where they keep their descriptor. */
bool stream_begin(struct trial *t);
const char *stream_function(struct trial *t);    /* of the round */
