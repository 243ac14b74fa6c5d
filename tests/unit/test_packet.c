/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers: the usual frame is read at once, and says what reading it step by step says. */
#include "decode_try.h"

#include "decode/packet.h"

enum { ETHERNET = 1, IPV4 = 228, RAW = 101, LINK = 14, PADDING = 6 };

static const char frame[] =
	"020202020202 020202020203 0800 4500 0031 1234 4000 40 06 bc9d 0a000001 0a000002 "
	"0a0f 1f90 11223344 55667788 6018 2000 0000 0000 01010101 'hello' 000000000000";

static void expect_same(struct span whole, uint32_t wire)
{
	struct packet at_once = { 0 }, by_steps = { 0 };
	struct span ip = span_from(whole, LINK);
	packet_parse(&at_once, whole, wire, ETHERNET);
	packet_parse(&by_steps, ip, wire - LINK, IPV4);
	assert_int_equal(at_once.kind, by_steps.kind);
	assert_true(addr_eq(at_once.at.src, by_steps.at.src) && addr_eq(at_once.at.dst, by_steps.at.dst));
	assert_int_equal(at_once.at.sport, by_steps.at.sport);
	assert_int_equal(at_once.at.dport, by_steps.at.dport);
	assert_int_equal(at_once.at.proto, by_steps.at.proto);
	assert_int_equal(at_once.payload.n, by_steps.payload.n);
	assert_true(at_once.payload.p == by_steps.payload.p);
	assert_int_equal(at_once.transport.n, by_steps.transport.n);
	assert_true(at_once.transport.p == by_steps.transport.p);
	assert_int_equal(at_once.lost, by_steps.lost);
	assert_int_equal(at_once.seq, by_steps.seq);
	assert_int_equal(at_once.ack, by_steps.ack);
	assert_int_equal(at_once.flags, by_steps.flags);
	assert_int_equal(at_once.ttl, by_steps.ttl);
	assert_int_equal(at_once.bad_ip_sum, by_steps.bad_ip_sum);
	assert_int_equal(at_once.offloaded, by_steps.offloaded);
	assert_int_equal(at_once.overlong, by_steps.overlong);
	assert_int_equal(at_once.tunnelled, by_steps.tunnelled);
	assert_int_equal(at_once.frag_id, by_steps.frag_id);
	assert_int_equal(at_once.frag_at, by_steps.frag_at);
	assert_int_equal(at_once.frag_more, by_steps.frag_more);
	assert_int_equal(packet_sum_ok(&at_once), packet_sum_ok(&by_steps));
}

static void the_usual_frame_is_read(void **state)
{
	(void)state;
	uint8_t room[128];
	struct span whole = try_bytes(frame, room, sizeof(room));
	struct packet p = { 0 };
	packet_parse(&p, whole, (uint32_t)whole.n, ETHERNET);
	assert_int_equal(p.kind, PACKET_TCP);
	assert_int_equal(p.ethertype, 0x0800);
	assert_int_equal(p.at.smac.b[5], 3);
	assert_int_equal(p.at.dmac.b[5], 2);
	assert_true(span_is(p.payload, "hello"));
	assert_int_equal(p.seq, 0x11223344);
	expect_same(whole, (uint32_t)whole.n);
}

static void every_value_of_every_header_byte_says_the_same(void **state)
{
	(void)state;
	uint8_t room[128];
	struct span whole = try_bytes(frame, room, sizeof(room));
	for (size_t i = LINK; i < whole.n; i++)
		for (unsigned v = 0; v < 256; v++) {
			uint8_t was = room[i];
			room[i] = (uint8_t)v;
			expect_same(whole, (uint32_t)whole.n);
			expect_same(span_cut(whole, whole.n - PADDING - 1), (uint32_t)whole.n);
			room[i] = was;
		}
}

static void every_prefix_says_the_same(void **state)
{
	(void)state;
	uint8_t room[128];
	struct span whole = try_bytes(frame, room, sizeof(room));
	for (size_t n = LINK; n <= whole.n; n++) {
		expect_same(span_cut(whole, n), (uint32_t)n);
		expect_same(span_cut(whole, n), (uint32_t)whole.n);
	}
}

static void a_sum_holds_until_a_byte_changes(void **state)
{
	(void)state;
	static const char good[] = "4500 0021 0000 0000 40 11 0000 0a630003 0a630004 1234 5678 000d 0000 'hello'";
	static const char six[] = "60000000 000d 11 40 20010000000000000000000000000005 20010000000000000000000000000006 "
				  "1234 5678 000d 0000 'hello'";
	const char *const datagrams[] = { good, six };
	for (size_t i = 0; i < ARRAY_LEN(datagrams); i++) {
		uint8_t room[128];
		struct span whole = try_bytes(datagrams[i], room, sizeof(room));
		size_t sum_at = whole.n - 5 - 2;
		unsigned right = 0;
		for (unsigned v = 1; v <= UINT16_MAX; v++) {
			struct packet p = { 0 };
			room[sum_at] = (uint8_t)(v >> 8);
			room[sum_at + 1] = (uint8_t)v;
			packet_parse(&p, whole, (uint32_t)whole.n, RAW);
			right += packet_sum_ok(&p);
		}
		assert_int_equal(right, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_usual_frame_is_read), cmocka_unit_test(every_value_of_every_header_byte_says_the_same),
		cmocka_unit_test(every_prefix_says_the_same), cmocka_unit_test(a_sum_holds_until_a_byte_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
