/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lengths that stand before what they count: reserve the place, write the content, fill it in.
 * Nothing is written when the buffer was full in between. */
#pragma once

#include "base/buf.h"

static inline size_t nest_begin(struct buf *b, size_t width)
{
	size_t at = b->n;
	buf_fill(b, 0, width);
	return at;
}

static inline void nest_put(struct buf *b, size_t at, size_t width, bool big, uint64_t v)
{
	if (b->full || at + width > b->n)
		return;
	for (size_t i = 0; i < width; i++)
		b->p[at + (big ? width - 1 - i : i)] = (uint8_t)(v >> (8 * i));
}

static inline void nest_put_le32(struct buf *b, size_t at, uint32_t v)
{
	nest_put(b, at, 4, false, v);
}

/* Big endian, counting what follows the length itself. */
static inline void nest_end(struct buf *b, size_t at, size_t width)
{
	nest_put(b, at, width, true, b->n - at - width);
}

static inline void nest_end_le(struct buf *b, size_t at, size_t width)
{
	nest_put(b, at, width, false, b->n - at - width);
}
