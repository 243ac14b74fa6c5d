/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Member records by the place that findings name ("ward.bin > 0x10000 cramfs > bin/monitor"). */
#pragma once

#include "record/record.h"

struct places {
	struct record *const *members;           /* the caller's */
	size_t n;
	size_t *order;                           /* indices, by place */
};

enum { PLACE_NONE = -1 };

void places_init(struct places *p, struct record *const *members, size_t n);
void places_done(struct places *p);
/* Index of the first member there, or PLACE_NONE. */
long places_find(const struct places *p, struct span where);
