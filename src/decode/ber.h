/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ASN.1 basic encoding (X.690) as SNMP, SPNEGO and certificates use it: definite lengths, tags of one byte.
 * What is read stays in its box: an element is a reader of its own. */
#pragma once

#include "base/mem.h"

enum ber_tag {
	BER_BOOLEAN = 0x01, BER_INTEGER = 0x02, BER_BITS = 0x03, BER_OCTETS = 0x04, BER_NULL = 0x05, BER_OID = 0x06,
	BER_UTF8 = 0x0C, BER_PRINTABLE = 0x13, BER_T61 = 0x14, BER_IA5 = 0x16, BER_UTC_TIME = 0x17, BER_TIME = 0x18,
	BER_BMP = 0x1E, BER_SEQUENCE = 0x30, BER_SET = 0x31, BER_CONTEXT = 0xA0,
};

enum { BER_OID_TEXT = 160 };

struct ber {
	uint8_t tag;                             /* 0: none, the reader was empty or bad */
	struct rd body;
	struct span whole;                       /* head and body */
};

/* The next element; r moves past it. A head that does not fit makes r bad. */
struct ber ber_next(struct rd *r);
/* The body of the next element if that is what it is; else r and the result are bad. */
struct rd  ber_take(struct rd *r, uint8_t tag);
/* A whole number of at most eight bytes; r bad when it is none. */
int64_t    ber_int(struct rd *r);
/* "1.3.6.1.2.1" in the arena; empty when it is malformed or longer than BER_OID_TEXT. */
struct span ber_oid_text(struct rd body, struct arena *a);
/* Whether the encoded body of an object identifier begins with these bytes, and is them. */
static inline bool ber_oid_is(struct rd body, struct span oid)
{
	return span_eq(rd_rest(&body), oid);
}
