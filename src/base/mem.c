/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Allocation that ends the process when the machine has no memory left, and arenas. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"

enum { ARENA_BLOCK = 32 * 1024, ARENA_TEXT = 256 };

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	_Alignas(16) uint8_t bytes[];
};

static void *or_die(void *p)
{
	if (!p) {
		fputs("auscult: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *mem_new(size_t n)
{
	return or_die(calloc(1, n));
}

void *mem_array(size_t count, size_t size)
{
	return or_die(calloc(count, size));
}

void *mem_grow(void *p, size_t count, size_t size)
{
	return or_die(reallocarray(p, count, size));
}

char *mem_text(struct span s)
{
	char *t = mem_new(s.n + 1);
	if (s.n)
		memcpy(t, s.p, s.n);
	return t;
}

void arena_init(struct arena *a, size_t cap)
{
	*a = (struct arena){ .cap = cap };
}

void *arena_new(struct arena *a, size_t n)
{
	n = (n + 15) & ~(size_t)15;
	if (a->cap && (n > a->cap || a->used > a->cap - n))
		return NULL;
	struct arena_block *b = a->head;
	if (!b || b->size - b->used < n) {
		size_t size = n > ARENA_BLOCK ? n : ARENA_BLOCK;
		b = or_die(malloc(sizeof(*b) + size));
		b->size = size;
		b->used = 0;
		b->next = a->head;
		a->head = b;
	}
	void *p = b->bytes + b->used;
	b->used += n;
	a->used += n;
	memset(p, 0, n);
	return p;
}

struct span arena_copy(struct arena *a, struct span s)
{
	uint8_t *p = arena_new(a, s.n + 1);
	if (!p)
		return (struct span){ 0 };
	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct span){ p, s.n };
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	char text[ARENA_TEXT] UNSET;             /* long enough for most: written once, not twice */
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	char *p = n < 0 ? NULL : arena_new(a, (size_t)n + 1);
	if (p && (size_t)n < sizeof(text))
		memcpy(p, text, (size_t)n);
	else if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	static char empty[1];
	return p ? p : empty;
}

void arena_reset(struct arena *a)
{
	while (a->head && a->head->next) {
		struct arena_block *gone = a->head;
		a->head = gone->next;
		free(gone);
	}
	if (a->head)
		a->head->used = 0;
	a->used = 0;
}

void arena_done(struct arena *a)
{
	while (a->head) {
		struct arena_block *gone = a->head;
		a->head = gone->next;
		free(gone);
	}
	a->used = 0;
}
