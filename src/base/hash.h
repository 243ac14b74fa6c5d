/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash-1-3 with a 128-bit key: tables keyed by what strangers send (Aumasson, Bernstein 2012). */
#pragma once

#include "base/rd.h"

struct hash_key {
	uint64_t k0, k1;
};

uint64_t hash64(struct hash_key key, struct span s);
/* The 128-bit variant: both halves from one pass over s. */
void     hash128(struct hash_key key, struct span s, uint64_t out[2]);
