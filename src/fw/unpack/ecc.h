/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Codes that NAND controllers keep in the spare bytes of a page. */
#pragma once

#include "fw/unpack/unpack.h"

enum { ECC_BYTES = 3, ECC_STEP_MOST = 512 };

/* Linux' Hamming code (drivers/mtd/nand/ecc-sw-hamming.c) over `step` bytes, 256 or 512; swapped: its first two
 * bytes the other way round. */
void ecc_hamming(const uint8_t *p, unsigned step, uint8_t code[ECC_BYTES]);
/* 0: as it was written, 1: one bit flipped, *bit says which, 2: it is in the code, -1: more than one. */
int  ecc_judge(const uint8_t own[ECC_BYTES], const uint8_t stored[ECC_BYTES], unsigned step, bool swapped,
	       unsigned *bit) MUST_CHECK;
/* The same, and a bit that flipped is turned back. */
int  ecc_repair(uint8_t *p, unsigned step, const uint8_t stored[ECC_BYTES], bool swapped) MUST_CHECK;
/* What a code of so many bytes for every 512 most likely is; NULL: no usual one. */
const char *ecc_by_length(unsigned bytes) MUST_CHECK;
