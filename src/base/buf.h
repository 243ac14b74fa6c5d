/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing bytes: the mirror image of rd.h. Grows up to a cap; past it the buffer is marked full
 * for good and further writes are dropped. */
#pragma once

#include "base/rd.h"

struct buf {
	uint8_t *p;
	size_t n, size, cap;                     /* cap 0: BUF_CAP */
	bool full;
};

enum { BUF_CAP = 64 << 20 };

void buf_done(struct buf *b);
void buf_reset(struct buf *b);
uint8_t *buf_room(struct buf *b, size_t n);      /* n fresh bytes, or NULL when full */
void buf_bytes(struct buf *b, struct span s);
void buf_fill(struct buf *b, uint8_t byte, size_t n);
void buf_text(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_u8(struct buf *b, uint8_t v);
void buf_be16(struct buf *b, uint16_t v);
void buf_be32(struct buf *b, uint32_t v);
void buf_be64(struct buf *b, uint64_t v);
void buf_le16(struct buf *b, uint16_t v);
void buf_le32(struct buf *b, uint32_t v);
void buf_le64(struct buf *b, uint64_t v);

static inline struct span buf_span(const struct buf *b)
{
	return (struct span){ b->p, b->n };
}
