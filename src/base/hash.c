/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash-1-3. */
#include "base/hash.h"

static inline uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1]; v[1] = rotl(v[1], 13); v[1] ^= v[0]; v[0] = rotl(v[0], 32);
	v[2] += v[3]; v[3] = rotl(v[3], 16); v[3] ^= v[2];
	v[0] += v[3]; v[3] = rotl(v[3], 21); v[3] ^= v[0];
	v[2] += v[1]; v[1] = rotl(v[1], 17); v[1] ^= v[2]; v[2] = rotl(v[2], 32);
}

/* All of s goes in; what comes out depends on what is done behind. */
static inline void sip_take(uint64_t v[4], struct span s)
{
	uint64_t last = (uint64_t)s.n << 56;
	struct rd r = rd_of(s);
	while (rd_left(&r) >= 8) {
		uint64_t word = rd_le64(&r);
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
	}
	unsigned shift = 0;                      /* of up to seven that are left: four, two, one */
	if (rd_left(&r) & 4) {
		last |= rd_le32(&r);
		shift = 32;
	}
	if (rd_left(&r) & 2) {
		last |= (uint64_t)rd_le16(&r) << shift;
		shift += 16;
	}
	if (rd_left(&r))
		last |= (uint64_t)rd_u8(&r) << shift;
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
}

static inline uint64_t sip_give(uint64_t v[4])
{
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t hash64(struct hash_key key, struct span s)
{
	uint64_t v[4] = {
		key.k0 ^ 0x736f6d6570736575u, key.k1 ^ 0x646f72616e646f6du,
		key.k0 ^ 0x6c7967656e657261u, key.k1 ^ 0x7465646279746573u,
	};
	sip_take(v, s);
	v[2] ^= 0xff;
	return sip_give(v);
}

__extension__ typedef unsigned __int128 wide;

static inline uint64_t fold_product(uint64_t a, uint64_t b)
{
	wide p = (wide)a * b;
	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

uint64_t mark64(struct hash_key key, struct span s)
{
	uint64_t h = key.k0 ^ s.n;
	struct rd r = rd_of(s);
	while (rd_left(&r) > 16) {
		uint64_t a = rd_le64(&r), b = rd_le64(&r);
		h = fold_product(a ^ key.k1, b ^ h);
	}
	struct span rest = rd_rest(&r), first = span_cut(rest, 8);
	h = fold_product(span_last8(first) ^ key.k1, span_last8(span_from(rest, first.n)) ^ h);
	return fold_product(h ^ key.k0, key.k1 ^ 0x9e3779b97f4a7c15u);
}

void hash128(struct hash_key key, struct span s, uint64_t out[2])
{
	uint64_t v[4] = {
		key.k0 ^ 0x736f6d6570736575u, key.k1 ^ 0x646f72616e646f6du ^ 0xee,
		key.k0 ^ 0x6c7967656e657261u, key.k1 ^ 0x7465646279746573u,
	};
	sip_take(v, s);
	v[2] ^= 0xee;
	out[0] = sip_give(v);
	v[1] ^= 0xdd;
	out[1] = sip_give(v);
}
