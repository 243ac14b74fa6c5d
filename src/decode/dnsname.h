/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wire format that DNS, mDNS and NetBIOS names share (RFC 1035 4.1): header, questions, resource
 * records, compressed names. Names may point backwards only, at most DNSNAME_JUMPS times. */
#pragma once

#include "base/rd.h"

enum { DNSNAME_WIRE = 255, DNSNAME_TEXT = 1024, DNSNAME_JUMPS = 64, DNS_HEADER = 12 };

enum dnsname_style {
	DNSNAME_LOWER,                           /* lower case; all but printable ASCII as \DDD */
	DNSNAME_UTF8,                            /* as sent; bytes above ASCII stay (RFC 6762 16) */
};

struct dnsname {
	size_t n;                                /* of text; 1 for the root, which is "." */
	unsigned labels;
	bool hostlike;                           /* letters, digits, hyphen, underscore, asterisk only */
	char text[DNSNAME_TEXT];
};

/* The name at offset `at` of the message. Bytes it occupies there, 0 when it is malformed. */
size_t dnsname_read(struct span message, size_t at, enum dnsname_style style, struct dnsname *out);

static inline struct span dnsname_text(const struct dnsname *n)
{
	return span_of(n->text, n->n);
}

enum dns_type {
	DNS_A = 1, DNS_NS = 2, DNS_CNAME = 5, DNS_SOA = 6, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28,
	DNS_NB = 32, DNS_SRV = 33, DNS_OPT = 41, DNS_DNAME = 39, DNS_ANY = 255,
};

enum dns_section { DNS_QUESTION, DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_SECTIONS };

enum { DNS_FLAG_RESPONSE = 0x8000, DNS_FLAG_AUTHORITATIVE = 0x0400, DNS_FLAG_TRUNCATED = 0x0200,
	DNS_FLAG_ZERO = 0x0040 };

struct dnsmsg {
	struct span whole;
	struct rd r;                             /* what was not read yet */
	uint16_t id, flags;
	uint16_t count[DNS_SECTIONS];
};

struct dnsrr {
	size_t owner;                            /* offset of its name in the message */
	uint16_t type, class;
	uint32_t ttl;                            /* 0 in a question */
	struct span data;                        /* empty in a question */
	size_t data_at;                          /* offset of data in the message */
};

static inline unsigned dnsmsg_opcode(const struct dnsmsg *d)
{
	return d->flags >> 11 & 0x0F;
}

bool dnsmsg_begin(struct dnsmsg *d, struct span whole);
/* Could the counts be true of so many bytes? lost: bytes that were on the wire and not captured. */
bool dnsmsg_fits(const struct dnsmsg *d, size_t lost);
bool dnsmsg_question(struct dnsmsg *d, struct dnsrr *out);
bool dnsmsg_record(struct dnsmsg *d, struct dnsrr *out);
