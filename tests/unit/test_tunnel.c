/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tunnels: what is in them is read, what only stands on their ports stays a datagram. Links other than Ethernet. */
#include "decode_try.h"

#include "decode/packet.h"

enum { ETHERNET = 1, UDP = 17, GRE = 47, INNER_PORT = 2575 };

/* An Ethernet frame: IPv4, then the bytes under that protocol. */
static void outer(struct buf *b, uint8_t protocol, struct span body)
{
	buf_fill(b, 2, 12);
	buf_be16(b, 0x0800);
	buf_be16(b, 0x4500);
	buf_be16(b, (uint16_t)(20 + body.n));
	buf_be32(b, 0);
	buf_u8(b, 64);
	buf_u8(b, protocol);
	buf_be16(b, 0);
	buf_be32(b, 0x0a000001);
	buf_be32(b, 0x0a000002);
	buf_bytes(b, body);
}

static struct packet parse(const struct buf *b, size_t n)
{
	struct packet p = { 0 };
	uint8_t *copy = malloc(n ? n : 1);
	memcpy(copy, b->p, n);
	packet_parse(&p, span_of(copy, n), (uint32_t)b->n, ETHERNET);
	p.payload = p.transport = (struct span){ 0 };
	free(copy);
	return p;
}

#define INNER4 "4500 0021 0000 0000 40 11 0000 0a630003 0a630004 0a0f 0a0f 000d 0000 'hello'"
#define INNER6 "60000000 000d 11 40 20010000 000000000000000000000005 20010000 000000000000000000000006 " \
	"0a0f 0a0f 000d 0000 'hello'"
#define FRAME  "020202020202 020202020203 0800 "

static const struct {
	uint8_t protocol;
	const char *bytes;                       /* behind the outer IPv4 header */
	bool opens;
} cases[] = {
	/* Geneve: a frame behind two options; plain IPv4; another version; a type that is none */
	{ UDP, "c000 17c1 0000 0000 02 00 6558 000001 00 00000000 01020301 " FRAME INNER4, true },
	{ UDP, "c000 17c1 0000 0000 00 00 0800 000001 00 " INNER4, true },
	{ UDP, "c000 17c1 0000 0000 40 00 6558 000001 00 " FRAME INNER4, false },
	{ UDP, "c000 17c1 0000 0000 00 00 1234 000001 00 " INNER4, false },
	{ UDP, "c000 17c1 0000 0000 3f 00 6558 000001 00 " FRAME INNER4, false },
	/* GTP-U: plain; numbered; with an extension; an echo; a length that lies; an extension without end */
	{ UDP, "0868 0868 0000 0000 30 ff 0021 00000001 " INNER4, true },
	{ UDP, "0868 0868 0000 0000 32 ff 0025 00000001 0001 00 00 " INNER4, true },
	{ UDP, "0868 0868 0000 0000 34 ff 0029 00000001 0000 00 85 01 1009 00 " INNER4, true },
	{ UDP, "0868 0868 0000 0000 32 01 0025 00000001 0001 00 00 " INNER4, false },
	{ UDP, "0868 0868 0000 0000 30 ff 0020 00000001 " INNER4, false },
	{ UDP, "0868 0868 0000 0000 34 ff 0029 00000001 0000 00 85 00 1009 00 " INNER4, false },
	/* Teredo: plain; behind authentication and origin; IPv4 in it; a length that lies */
	{ UDP, "c000 0dd8 0000 0000 " INNER6, true },
	{ UDP, "0dd8 c000 0000 0000 0001 02 01 6161 62 0000000000000001 00 0000 f227 bef6bef6 " INNER6, true },
	{ UDP, "c000 0dd8 0000 0000 " INNER4, false },
	{ UDP, "c000 0dd8 0000 0000 60000000 00ff 11 40" INNER6, false },
	/* VXLAN, and a datagram that only has its port */
	{ UDP, "c000 12b5 0000 0000 08000000 00000100 " FRAME INNER4, true },
	{ UDP, "c000 12b5 0000 0000 48000000 00000100 " FRAME INNER4, false },
	/* ERSPAN types I, II, and III with and without its second part */
	{ GRE, "0000 88be " FRAME INNER4, true },
	{ GRE, "1000 88be 00000001 1001 0001 00000000 " FRAME INNER4, true },
	{ GRE, "1000 22eb 00000001 2001 0001 00000000 0000 0000 " FRAME INNER4, true },
	{ GRE, "1000 22eb 00000001 2001 0001 00000000 0000 0001 0000000000000000 " FRAME INNER4, true },
};

static void frame_of(size_t i, struct buf *b)
{
	uint8_t room[512];
	struct span body = try_bytes(cases[i].bytes, room, sizeof(room));
	if (cases[i].protocol == UDP) {
		room[4] = 0;
		room[5] = (uint8_t)body.n;
	}
	outer(b, cases[i].protocol, body);
}

static void what_is_inside_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = { 0 };
		frame_of(i, &b);
		struct packet p = parse(&b, b.n);
		if (p.kind != PACKET_UDP || p.tunnelled != cases[i].opens || (p.at.dport == INNER_PORT) != cases[i].opens)
			fail_msg("case %zu: kind %d, port %u, tunnelled %d", i, p.kind, p.at.dport, p.tunnelled);
		assert_int_equal(p.at.smac.b[5], 2);     /* the frame's own card */
		buf_done(&b);
	}
}

static const struct {
	uint32_t link;
	const char *frame;
	enum packet_kind kind;
} links[] = {
	{ ETHERNET, "020202020202 020202020203 8926 00000001 0800 " INNER4, PACKET_UDP },           /* VN-tag */
	{ ETHERNET, "0f0f0f0f0f0f 0f0f0f0f0f0f 8903 0001 " FRAME INNER4, PACKET_UDP },              /* FabricPath */
	{ ETHERNET, "0f0f0f0f0f0f 0f0f0f0f0f0f 88e7 00000001 " FRAME INNER4, PACKET_UDP },          /* 802.1ah */
	{ 10, "50 020202020202 020202020203 aaaa03 000000 0800 " INNER4, PACKET_UDP },              /* FDDI */
	{ 10, "41 020202020202 020202020203 aaaa03 000000 0800 " INNER4, PACKET_OTHER },
	{ 51, "11 00 0001 0023 0021 " INNER4, PACKET_UDP },                                          /* PPPoE */
	{ 104, "0f 00 0800 " INNER4, PACKET_UDP },                                                   /* Cisco HDLC */
	{ 104, "8f 00 8035 00000002 00000001 00000000 ffff", PACKET_OTHER },
	{ 239, "02 00 0000 0500 0a00 61 000000 2500 0900 " INNER4 "00 0000", PACKET_UDP },           /* NFLOG */
	{ 239, "02 00 0000 0300 0a00 61 000000 2500 0900 " INNER4, PACKET_MALFORMED },
	{ 239, "02 00 0000 0500 0a00 61 000000", PACKET_OTHER },
};

static void other_links_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		uint8_t room[256];
		struct span frame = try_bytes(links[i].frame, room, sizeof(room));
		for (size_t n = 0; n <= frame.n; n++) {
			struct packet p = { 0 };
			uint8_t *copy = malloc(n ? n : 1);
			memcpy(copy, frame.p, n);
			packet_parse(&p, span_of(copy, n), (uint32_t)frame.n, links[i].link);
			if (n == frame.n && (p.kind != links[i].kind || (p.kind == PACKET_UDP && p.payload.n != 5)))
				fail_msg("link %zu: kind %d, %zu bytes", i, p.kind, p.payload.n);
			free(copy);
		}
	}
}

/* A ping has no port: the tunnel's must not stay. */
static void ports_are_those_of_what_is_inside(void **state)
{
	(void)state;
	uint8_t room[128];
	struct buf b = { 0 };
	outer(&b, UDP, try_bytes("c000 17c1 002c 0000 00 00 0800 000001 00 4500 001c 0000 0000 40 01 0000 0a630003 0a630004 "
		"0800 f7ff 0000 0000", room, sizeof(room)));
	struct packet p = parse(&b, b.n);
	assert_int_equal(p.kind, PACKET_IP);
	assert_int_equal(p.at.sport, 0);
	assert_int_equal(p.at.dport, 0);
	buf_done(&b);
}

static void every_prefix_is_read_within_its_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = { 0 };
		frame_of(i, &b);
		for (size_t n = 0; n < b.n; n++)
			assert_true(parse(&b, n).kind < PACKET_KINDS);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_inside_is_read), cmocka_unit_test(ports_are_those_of_what_is_inside),
		cmocka_unit_test(other_links_are_read), cmocka_unit_test(every_prefix_is_read_within_its_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
