/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses and MACs as values, and what the registries say of an address. */
#pragma once

#include "base/rd.h"

struct addr {
	uint8_t b[16];                           /* IPv4 stands as ::ffff:a.b.c.d */
	uint8_t family;                          /* 4, 6, or 0 for none */
};

struct mac {
	uint8_t b[6];
};

struct prefix {
	struct addr net;
	uint8_t bits;                            /* of the family's own length */
};

enum { ADDR_TEXT = 46, MAC_TEXT = 18 };

/* IANA special-purpose registries (RFC 6890 and updates), coarse. */
enum addr_class {
	ADDR_NONE, ADDR_LOOPBACK, ADDR_LINK_LOCAL, ADDR_PRIVATE, ADDR_SHARED, ADDR_MULTICAST,
	ADDR_BROADCAST, ADDR_DOCUMENTATION, ADDR_RESERVED, ADDR_PUBLIC,
};

/* Made for every packet, and compared for every record: in line. */
static inline struct addr addr_from4(struct span four)
{
	struct addr a = { .b = { [10] = 0xff, [11] = 0xff }, .family = 4 };
	if (four.n != 4)
		return (struct addr){ 0 };
	memcpy(a.b + 12, four.p, 4);
	return a;
}

static inline bool addr_eq(struct addr a, struct addr b)
{
	uint64_t x[2], y[2];
	memcpy(x, a.b, sizeof(x));
	memcpy(y, b.b, sizeof(y));
	return a.family == b.family && x[0] == y[0] && x[1] == y[1];
}

static inline uint32_t addr_to4(struct addr a)
{
	return (uint32_t)a.b[12] << 24 | (uint32_t)a.b[13] << 16 | (uint32_t)a.b[14] << 8 | a.b[15];
}

/* Class ADDR_PRIVATE of IPv4 (RFC 1918): what most addresses of a site are. */
static inline bool addr_is_private4(struct addr a)
{
	uint32_t v = addr_to4(a);
	return a.family == 4 && (v >> 24 == 10 || v >> 16 == 0xc0a8 || v >> 20 == 0xac1);
}

/* A number of the address, of which the upper bits serve: for memos that compare before they believe. Not keyed. */
static inline uint64_t addr_mix(struct addr a)
{
	struct rd low = rd_of(span_of(a.b + 8, 8)), high = rd_of(span_of(a.b, 8));
	return (rd_be64(&low) ^ rd_be64(&high)) * UINT64_C(0x9e3779b97f4a7c15);
}

struct addr addr_v4(uint32_t host_order);
struct addr addr_from6(struct span sixteen);
bool        addr_parse(const char *text, struct addr *out);
const char *addr_text(struct addr a, char out[ADDR_TEXT]);   /* returns out */
enum addr_class addr_class(struct addr a);
const char *addr_class_name(enum addr_class c);
/* Globally routable or documentation: what must not appear on a clinical segment by accident. */
bool        addr_is_global(struct addr a);

bool        prefix_parse(const char *text, struct prefix *out);   /* "10.0.0.0/8"; a bare address is its own */
bool        prefix_has(struct prefix p, struct addr a);
/* Of one /24 or /64, which is taken for a network where no packet carries a prefix's length. */
bool        addr_is_neighbour(struct addr a, struct addr b);

static inline struct mac mac_from(struct span six)
{
	struct mac m = { 0 };
	if (six.n == sizeof(m.b))
		memcpy(m.b, six.p, sizeof(m.b));
	return m;
}

static inline bool mac_eq(struct mac a, struct mac b)
{
	return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

static inline bool mac_is_zero(struct mac m)
{
	return mac_eq(m, (struct mac){ 0 });
}

static inline bool mac_is_group(struct mac m)                /* multicast or broadcast */
{
	return m.b[0] & 1;
}

bool        mac_is_local(struct mac m);                      /* locally administered: no maker's number */
const char *mac_text(struct mac m, char out[MAC_TEXT]);
