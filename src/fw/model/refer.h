/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which instructions and tables of a program refer to which stretches of it: addresses put together by one or two
 * instructions, literal pools, pointers in data, relocations. Nothing is executed; code that is never reached
 * counts. */
#pragma once

#include "fw/model/elf.h"

enum { REFERENCES_MAX = 1 << 20 };

struct target {                                  /* addresses at … at + n */
	uint64_t at, n;
};

struct reference {
	uint32_t target;                         /* index */
	bool code;                               /* an instruction, not a word of a table */
	uint64_t from;                           /* its address */
};

struct references {                              /* by target, then place; each once */
	struct reference *v;
	uint32_t n, room;
	bool cut;                                /* more than REFERENCES_MAX */
};

/* Targets rise and do not overlap. */
void references_find(const struct elf *e, const struct target *targets, uint32_t n, struct references *out);
void references_done(struct references *r);
