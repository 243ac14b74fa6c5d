/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Hamming code of Linux (drivers/mtd/nand/ecc-sw-hamming.c) and of SmartMedia before it: 22 bits of parity over 256
 * bytes, 24 over 512; of each half of the lines at each scale, and of each half of the bits in a line. */
#include "fw/unpack/ecc.h"

static unsigned odd(unsigned v)
{
	return (unsigned)__builtin_parity(v);
}

void ecc_hamming(const uint8_t *p, unsigned step, uint8_t code[ECC_BYTES])
{
	unsigned all = 0, lines = 0, even = 0, both = 0;
	for (unsigned i = 0; i < step; i++) {
		all ^= p[i];
		if (odd(p[i])) {
			lines ^= i;
			even ^= ~i & 0x1ff;
		}
	}
	for (unsigned b = 0; b < 9; b++)
		both |= (lines >> b & 1) << (2 * b + 1) | (even >> b & 1) << (2 * b);
	unsigned bits = odd(all & 0x55) | odd(all & 0xaa) << 1 | odd(all & 0x33) << 2 | odd(all & 0xcc) << 3 |
			odd(all & 0x0f) << 4 | odd(all & 0xf0) << 5;
	code[0] = (uint8_t)~both;
	code[1] = (uint8_t)~(both >> 8);
	code[2] = (uint8_t)(~bits << 2 | (step == 512 ? ~(both >> 16) & 3 : 3));
}

int ecc_judge(const uint8_t own[ECC_BYTES], const uint8_t stored[ECC_BYTES], unsigned step, bool swapped, unsigned *bit)
{
	unsigned a = own[0] ^ stored[swapped], b = own[1] ^ stored[!swapped], c = own[2] ^ stored[2], line = 0, column = 0;
	/* The two bits of the ninth line, which 256 bytes do not have, behind the others. */
	unsigned diff = a | b << 8 | c >> 2 << 16 | (step == 512 ? (c & 3) << 22 : 0),
			pairs = step == 512 ? 0x555555 : 0x155555;
	if (!diff)
		return 0;
	if (__builtin_popcount(diff) == 1)
		return 2;
	if (((diff ^ diff >> 1) & pairs) != pairs)
		return -1;
	for (unsigned i = 0; i < 8; i++)
		line |= (diff >> (2 * i + 1) & 1) << i;
	line |= (diff >> 23 & 1) << 8;
	for (unsigned i = 0; i < 3; i++)
		column |= (diff >> (16 + 2 * i + 1) & 1) << i;
	*bit = line * 8 + column;
	return 1;
}

int ecc_repair(uint8_t *p, unsigned step, const uint8_t stored[ECC_BYTES], bool swapped)
{
	uint8_t own[ECC_BYTES];
	unsigned bit = 0;
	ecc_hamming(p, step, own);
	int found = ecc_judge(own, stored, step, swapped, &bit);
	if (found == 1)
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	return found;
}

/* BCH of t bits needs 13 t bits for 512 bytes, 14 t for 1024; controllers round up in their own ways. */
const char *ecc_by_length(unsigned bytes)
{
	static const struct {
		unsigned bytes;
		const char *name;
	} t[] = {
		{ 3, "Hamming of another form" }, { 6, "Hamming of another form" },
		{ 7, "BCH for 4 bits in 512 bytes" }, { 8, "BCH for 4 bits in 512 bytes" },
		{ 10, "Reed-Solomon for 4 symbols in 512 bytes" }, { 13, "BCH for 8 bits in 512 bytes" },
		{ 14, "BCH for 8 bits in 512 bytes or 16 in 1024" }, { 16, "BCH for 8 bits in 512 bytes" },
		{ 20, "BCH for 12 bits in 512 bytes" }, { 21, "BCH for 24 bits in 1024 bytes" },
		{ 26, "BCH for 16 bits in 512 bytes" }, { 27, "BCH for 16 bits in 512 bytes" },
		{ 28, "BCH for 16 bits in 512 bytes or 32 in 1024" }, { 35, "BCH for 40 bits in 1024 bytes" },
		{ 39, "BCH for 24 bits in 512 bytes" }, { 42, "BCH for 24 bits in 512 bytes or 48 in 1024" },
		{ 53, "BCH for 60 bits in 1024 bytes" },
	};
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		if (t[i].bytes == bytes)
			return t[i].name;
	return NULL;
}
