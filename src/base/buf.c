/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A byte buffer with a cap, sticky when full. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ .cap = b->cap };
}

void buf_reset(struct buf *b)
{
	b->n = 0;
	b->full = false;
}

uint8_t *buf_room(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : BUF_CAP;
	if (b->full || n > cap - b->n) {
		b->full = true;
		return NULL;
	}
	if (b->size - b->n < n) {
		size_t want = b->size ? b->size : 256;
		while (want - b->n < n)
			want *= 2;
		b->p = mem_grow(b->p, want, 1);
		b->size = want;
	}
	uint8_t *at = b->p + b->n;
	b->n += n;
	return at;
}

void buf_bytes(struct buf *b, struct span s)
{
	uint8_t *at = s.n ? buf_room(b, s.n) : NULL;
	if (at)
		memcpy(at, s.p, s.n);
}

void buf_fill(struct buf *b, uint8_t byte, size_t n)
{
	uint8_t *at = n ? buf_room(b, n) : NULL;
	if (at)
		memset(at, byte, n);
}

void buf_text(struct buf *b, const char *s)
{
	buf_bytes(b, span_str(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[512];
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(small)) {
		buf_bytes(b, span_of(small, (size_t)n));
	} else if (n >= 0) {
		uint8_t *at = buf_room(b, (size_t)n + 1);
		if (at) {
			vsnprintf((char *)at, (size_t)n + 1, fmt, again);
			b->n--;
		}
	}
	va_end(again);
}

void buf_u8(struct buf *b, uint8_t v)
{
	uint8_t *at = buf_room(b, 1);
	if (at)
		*at = v;
}

void buf_be16(struct buf *b, uint16_t v)
{
	buf_u8(b, (uint8_t)(v >> 8));
	buf_u8(b, (uint8_t)v);
}

void buf_be32(struct buf *b, uint32_t v)
{
	buf_be16(b, (uint16_t)(v >> 16));
	buf_be16(b, (uint16_t)v);
}

void buf_be64(struct buf *b, uint64_t v)
{
	buf_be32(b, (uint32_t)(v >> 32));
	buf_be32(b, (uint32_t)v);
}

void buf_le16(struct buf *b, uint16_t v)
{
	v = htole16(v);
	buf_bytes(b, span_of(&v, sizeof(v)));
}

void buf_le32(struct buf *b, uint32_t v)
{
	v = htole32(v);
	buf_bytes(b, span_of(&v, sizeof(v)));
}

void buf_le64(struct buf *b, uint64_t v)
{
	v = htole64(v);
	buf_bytes(b, span_of(&v, sizeof(v)));
}
