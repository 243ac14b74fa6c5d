/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is never NULL (the process ends instead: every size has met a cap first), and arenas
 * whose contents are freed in one call. */
#pragma once

#include "base/rd.h"

void *mem_new(size_t n);                         /* zeroed; n > 0 */
void *mem_array(size_t count, size_t size);      /* zeroed; checks the product */
void *mem_grow(void *p, size_t count, size_t size);
char *mem_text(struct span s);                   /* NUL-terminated copy, caller frees */

struct arena {
	struct arena_block *head;
	size_t used, cap;                        /* bytes handed out since the last reset; cap 0: none */
};

void  arena_init(struct arena *a, size_t cap);
void *arena_new(struct arena *a, size_t n);      /* zeroed, 16-aligned; NULL only past the cap */
struct span arena_copy(struct arena *a, struct span s);   /* NUL behind it; empty past the cap */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void  arena_reset(struct arena *a);              /* keeps one block */
void  arena_done(struct arena *a);
