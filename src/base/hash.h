/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash-1-3 with a 128-bit key: tables keyed by what strangers send (Aumasson, Bernstein 2012). */
#pragma once

#include "base/rd.h"

struct hash_key {
	uint64_t k0, k1;
};

uint64_t hash64(struct hash_key key, struct span s);

/* A mark by which long bytes are known again, a fifth of what hash64 costs: products of 64 by 64 bits, folded (as in
 * wyhash), with the key in both factors. For comparing with what one sender said before; tables that strangers fill
 * are hash64's. */
uint64_t mark64(struct hash_key key, struct span s);
/* The 128-bit variant: both halves from one pass over s. */
void     hash128(struct hash_key key, struct span s, uint64_t out[2]);
