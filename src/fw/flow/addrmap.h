/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table from addresses to numbers, which are often an index + 1. */
#pragma once

#include <stdint.h>

struct addrmap {                                 /* address → index + 1 */
	uint32_t *key, *value;
	uint32_t n, size;
};

uint32_t addrmap_get(const struct addrmap *m, uint32_t key);     /* 0: none */
void     addrmap_put(struct addrmap *m, uint32_t key, uint32_t value);
