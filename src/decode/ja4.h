/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JA4, a fingerprint of TLS client software that does not change with the order of what it offers. The method is
 * FoxIO's and published under the BSD 3-clause licence, Copyright (c) 2023, FoxIO, LLC. (JA4S, JA4H, JA4X and the
 * rest of that family are under another licence and are not here.) */
#pragma once

#include "base/mem.h"

enum { JA4_LIST = 256 };

struct ja4_list {
	uint16_t v[JA4_LIST];
	unsigned n;                              /* what is beyond the list's room is counted and not kept */
};

struct ja4 {
	uint16_t version;                        /* the highest offered */
	struct span alpn;                        /* first protocol offered */
	struct ja4_list ciphers, extensions, signatures;
};

void ja4_begin(struct ja4 *j);
void ja4_add(struct ja4_list *l, uint16_t v);        /* values that are there to be ignored (RFC 8701) are */
/* Digests of lists that were made before: the same few programs say hello all day. */
enum { JA4_KNOWN = 64, JA4_KNOWN_TEXT = 480, JA4_DIGITS = 12 };

struct ja4_memo {
	struct {
		uint16_t n;                      /* bytes of text; 0: free */
		char digits[JA4_DIGITS + 1], text[JA4_KNOWN_TEXT];
	} known[JA4_KNOWN];
};

/* "t13d1516h2_8daaf6152771_e5627efa2ab1"; sorts the lists. memo may be NULL. */
struct span ja4_text(struct ja4 *j, struct ja4_memo *memo, struct arena *a);
