/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The map of an image in a terminal: a strip of its entropy over a scale. */
#include "report/flash_map.h"

#include <math.h>
#include <stdio.h>

enum { MARGIN = 2, MARKS = 8 };

static unsigned columns_for(const struct flash_map *m, const struct layout *l)
{
	unsigned room = (l->columns ? l->columns : LAYOUT_COLUMNS) - 2 * MARGIN;
	return m->fill.n < room ? (unsigned)m->fill.n : room;
}

static void put_step(struct buf *out, const struct layout *l, double bits, char fill)
{
	static const char *const blocks[] = { "▁", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const plain[] = { "_", "_", ".", ":", "-", "=", "+", "*", "#" };
	long level = lround(bits);
	level = level < 0 ? 0 : level > 8 ? 8 : level;
	if (fill == 'f' || fill == '0')
		buf_u8(out, (uint8_t)fill);
	else
		buf_text(out, l->utf8 ? blocks[level] : plain[level]);
}

/* "0", "4 MiB" … each where it belongs, as far as there is room. */
static void put_scale(const struct flash_map *m, unsigned columns, struct buf *out)
{
	uint64_t step = 1;
	unsigned at = 0;
	while (m->size / step >= MARKS)
		step *= 2;
	buf_fill(out, ' ', MARGIN);
	for (uint64_t place = 0; place <= m->size; place += step) {
		char text[24];
		unsigned want = (unsigned)((double)place / (double)m->size * columns);
		int n = snprintf(text, sizeof(text), step >= 1 << 20 ? "|%lluM" : step >= 1 << 10 ? "|%lluK" : "|%llu",
				 (unsigned long long)(step >= 1 << 20 ? place >> 20 : step >= 1 << 10 ? place >> 10 : place));
		if (want < at || want + (unsigned)n > columns + 6)
			continue;
		buf_fill(out, ' ', want - at);
		buf_text(out, text);
		at = want + (unsigned)n;
	}
	buf_text(out, "\n");
}

void flash_map_text(const struct flash_map *m, const struct layout *l, struct buf *out)
{
	unsigned columns = columns_for(m, l);
	buf_fill(out, ' ', MARGIN);
	for (unsigned i = 0; i < columns; i++) {
		char fill;
		uint64_t from = (uint64_t)((double)i / columns * (double)m->size), to = (uint64_t)((double)(i + 1) / columns * (double)m->size);
		double bits = flash_map_entropy(m, from, to, &fill);
		put_step(out, l, bits, fill);
	}
	buf_text(out, "\n");
	put_scale(m, columns, out);
	layout_wrap(out, l, MARGIN, "", l->utf8 ? SPAN_LIT("Entropy from end to end: ▁ none to █ 8 bits a byte; f erased (0xff), 0 zeros") :
						   SPAN_LIT("Entropy from end to end: _ none . : - = + * # 8 bits a byte; f erased (0xff), 0 zeros"));
}
