/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ASN.1 basic encoding (X.690 §8.1, §8.3, §8.19). */
#include "decode/ber.h"

#include <stdio.h>

enum { LONG_FORM = 0x80, LENGTH_BYTES = 4, HIGH_TAG = 0x1F, ARC_BITS = 7, ARC_MAX = 5, ARCS = 128 };

struct ber ber_next(struct rd *r)
{
	struct rd start = *r;
	uint8_t tag = rd_u8(r), first = rd_u8(r);
	uint64_t length = first;
	if (first & LONG_FORM) {
		uint8_t bytes = first & (LONG_FORM - 1);
		if (!bytes || bytes > LENGTH_BYTES)
			rd_fail(r);              /* indefinite, or longer than anything that comes here */
		for (length = 0; bytes && rd_ok(r); bytes--)
			length = length << 8 | rd_u8(r);
	}
	if ((tag & HIGH_TAG) == HIGH_TAG || length > rd_left(r))
		rd_fail(r);
	if (!rd_ok(r))
		return (struct ber){ .body = *r };
	size_t head = rd_left(&start) - rd_left(r);
	struct rd body = rd_sub(r, length);
	return (struct ber){ .tag = tag, .body = body, .whole = rd_span(&start, head + length) };
}

struct rd ber_take(struct rd *r, uint8_t tag)
{
	struct ber b = ber_next(r);
	if (b.tag == tag)
		return b.body;
	rd_fail(r);
	return *r;
}

/* §8.3.2 asks for the shortest form; agents send leading zeros all the same. */
int64_t ber_int(struct rd *r)
{
	struct rd body = ber_take(r, BER_INTEGER);
	size_t n = rd_left(&body);
	if (!n || n > sizeof(int64_t)) {
		rd_fail(r);
		return 0;
	}
	uint64_t v = rd_peek(&body) & 0x80 ? UINT64_MAX : 0;
	while (rd_left(&body))
		v = v << 8 | rd_u8(&body);
	return (int64_t)v;
}

struct span ber_oid_text(struct rd body, struct arena *a)
{
	char text[BER_OID_TEXT];
	size_t n = 0;
	for (int i = 0; rd_left(&body) && i < ARCS; i++) {
		uint64_t arc = 0;
		uint8_t b = 0x80;
		for (int k = 0; b & 0x80 && k < ARC_MAX; k++) {
			b = rd_u8(&body);
			arc = arc << ARC_BITS | (b & 0x7F);
		}
		if (!rd_ok(&body) || b & 0x80 || arc > UINT32_MAX)
			return (struct span){ 0 };
		uint64_t top = arc < 80 ? arc / 40 : 2;
		int wrote = i ? snprintf(text + n, sizeof(text) - n, ".%ju", (uintmax_t)arc) :
			snprintf(text, sizeof(text), "%ju.%ju", (uintmax_t)top, (uintmax_t)(arc - top * 40));
		n += (size_t)wrote;
		if (n >= sizeof(text))
			return (struct span){ 0 };
	}
	return !rd_left(&body) ? arena_copy(a, span_of(text, n)) : (struct span){ 0 };
}
