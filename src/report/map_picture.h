/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The picture of an image while it is drawn. Private to map_svg.c, which draws what lies to scale, and map_words.c. */
#pragma once

#include "report/flash_map.h"

enum { WIDTH = 900, LINE = 16, ROWS = 6, COL_NUMBER = 16 };      /* of the page; of a line of text; of bands */

struct picture {
	struct buf *out;
	const struct flash_map *m;
	double y;
	double *x, *end;                         /* of every part; end 0: not drawn */
};

/* Powers of two as people call them. */
void     map_size(struct buf *b, uint64_t n);
/* The one line that says what a part is. */
void     map_say(struct buf *b, const struct map_part *a);
void     map_range(struct buf *b, const struct flash_map *m, const struct map_part *a);
uint64_t map_length(const struct map_part *a);
void     map_legend(struct picture *p);
/* Every part; of what one part holds the first only, and what is the same thing again and again once. */
void     map_list(struct picture *p);
