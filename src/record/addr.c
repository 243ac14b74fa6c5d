/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as values. */
#include "record/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

struct addr addr_v4(uint32_t v)
{
	struct addr a = { .family = 4 };
	memcpy(a.b, mapped, sizeof(mapped));
	a.b[12] = (uint8_t)(v >> 24);
	a.b[13] = (uint8_t)(v >> 16);
	a.b[14] = (uint8_t)(v >> 8);
	a.b[15] = (uint8_t)v;
	return a;
}

struct addr addr_from6(struct span s)
{
	struct addr a = { .family = 6 };
	if (s.n != sizeof(a.b))
		return (struct addr){ 0 };
	memcpy(a.b, s.p, sizeof(a.b));
	if (memcmp(a.b, mapped, sizeof(mapped)) == 0)
		a.family = 4;
	return a;
}

bool addr_parse(const char *text, struct addr *out)
{
	uint8_t b[16];
	if (inet_pton(AF_INET, text, b) == 1)
		*out = addr_from4(span_of(b, 4));
	else if (inet_pton(AF_INET6, text, b) == 1)
		*out = addr_from6(span_of(b, 16));
	else
		return false;
	return true;
}

/* Written out: keys of findings are made of these, a million in a long capture. */
static void put_quad(const uint8_t four[4], char *out)
{
	for (int i = 0; i < 4; i++) {
		unsigned v = four[i];
		if (v >= 100)
			*out++ = (char)('0' + v / 100);
		if (v >= 10)
			*out++ = (char)('0' + v / 10 % 10);
		*out++ = (char)('0' + v % 10);
		*out++ = i < 3 ? '.' : '\0';
	}
}

const char *addr_text(struct addr a, char out[ADDR_TEXT])
{
	out[0] = '\0';
	if (a.family == 4)
		put_quad(a.b + 12, out);
	else if (a.family == 6)
		inet_ntop(AF_INET6, a.b, out, ADDR_TEXT);
	return out;
}

struct net4 {
	uint32_t net, mask;
	uint8_t class;
};

#define NET(a, b, c, d, bits, cls) \
	{ (uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d), UINT32_MAX << (32 - (bits)), cls }

/* Asked several times for each conversation, mostly of private addresses: they stand in front. */
static const struct net4 nets4[] = {
	NET(10, 0, 0, 0, 8, ADDR_PRIVATE), NET(192, 168, 0, 0, 16, ADDR_PRIVATE), NET(172, 16, 0, 0, 12, ADDR_PRIVATE),
	NET(0, 0, 0, 0, 8, ADDR_NONE), NET(100, 64, 0, 0, 10, ADDR_SHARED), NET(127, 0, 0, 0, 8, ADDR_LOOPBACK),
	NET(169, 254, 0, 0, 16, ADDR_LINK_LOCAL), NET(192, 0, 0, 0, 24, ADDR_RESERVED),
	NET(192, 0, 2, 0, 24, ADDR_DOCUMENTATION), NET(198, 18, 0, 0, 15, ADDR_RESERVED),
	NET(198, 51, 100, 0, 24, ADDR_DOCUMENTATION), NET(203, 0, 113, 0, 24, ADDR_DOCUMENTATION),
	NET(224, 0, 0, 0, 4, ADDR_MULTICAST), NET(255, 255, 255, 255, 32, ADDR_BROADCAST),
	NET(240, 0, 0, 0, 4, ADDR_RESERVED),
};

struct block {
	uint8_t head[5];
	uint8_t bits;
	uint8_t class;
};

static const struct block blocks6[] = {
	{ { 0xfe, 0x80 }, 10, ADDR_LINK_LOCAL },
	{ { 0xfc }, 7, ADDR_PRIVATE },
	{ { 0xff }, 8, ADDR_MULTICAST },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDR_DOCUMENTATION },
	{ { 0x20, 0x01, 0, 0 }, 23, ADDR_RESERVED },
	{ { 0x20 }, 3, ADDR_PUBLIC },
};

static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) & (uint8_t)(0xff00u >> rest)) == 0;
}

enum addr_class addr_class(struct addr a)
{
	static const uint8_t loopback6[16] = { [15] = 1 };
	static const uint8_t none6[16];
	if (a.family == 4) {
		uint32_t v = addr_to4(a);
		for (size_t i = 0; i < ARRAY_LEN(nets4); i++)
			if ((v & nets4[i].mask) == nets4[i].net)
				return nets4[i].class;
		return ADDR_PUBLIC;
	}
	if (a.family != 6 || memcmp(a.b, none6, 16) == 0)
		return ADDR_NONE;
	if (memcmp(a.b, loopback6, 16) == 0)
		return ADDR_LOOPBACK;
	for (size_t i = 0; i < ARRAY_LEN(blocks6); i++)
		if (bits_equal(a.b, blocks6[i].head, blocks6[i].bits))
			return blocks6[i].class;
	return ADDR_RESERVED;
}

const char *addr_class_name(enum addr_class c)
{
	static const char *const names[] = {
		[ADDR_NONE] = "none", [ADDR_LOOPBACK] = "loopback", [ADDR_LINK_LOCAL] = "link-local",
		[ADDR_PRIVATE] = "private", [ADDR_SHARED] = "shared", [ADDR_MULTICAST] = "multicast",
		[ADDR_BROADCAST] = "broadcast", [ADDR_DOCUMENTATION] = "documentation",
		[ADDR_RESERVED] = "reserved", [ADDR_PUBLIC] = "public",
	};
	return names[c];
}

bool addr_is_global(struct addr a)
{
	enum addr_class c = addr_class(a);
	return c == ADDR_PUBLIC || c == ADDR_DOCUMENTATION;
}

bool prefix_parse(const char *text, struct prefix *out)
{
	char host[ADDR_TEXT];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	if (n >= sizeof(host))
		return false;
	memcpy(host, text, n);
	host[n] = '\0';
	struct prefix p;
	if (!addr_parse(host, &p.net))
		return false;
	unsigned long max = p.net.family == 4 ? 32 : 128, bits = max;
	if (slash) {
		char *end;
		if (slash[1] < '0' || slash[1] > '9')
			return false;
		bits = strtoul(slash + 1, &end, 10);
		if (*end || bits > max)
			return false;
	}
	p.bits = (uint8_t)bits;
	*out = p;
	return true;
}

bool prefix_has(struct prefix p, struct addr a)
{
	if (p.net.family != a.family)
		return false;
	unsigned skip = a.family == 4 ? 12 : 0;
	return bits_equal(p.net.b + skip, a.b + skip, p.bits);
}

bool addr_is_neighbour(struct addr a, struct addr b)
{
	return a.family && prefix_has((struct prefix){ a, a.family == 4 ? 24 : 64 }, b);
}

bool mac_is_local(struct mac m)
{
	return m.b[0] & 2;
}

const char *mac_text(struct mac m, char out[MAC_TEXT])
{
	snprintf(out, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", m.b[0], m.b[1], m.b[2], m.b[3], m.b[4], m.b[5]);
	return out;
}
