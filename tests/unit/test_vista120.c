/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vista 120 and its kin: negatives first. Frames are made here by the layout; that layout adds up on the frames that
 * a public bridge for these monitors holds. */
#include "decode_try.h"

#define AUTO_BUF __attribute__((cleanup(buf_done))) struct buf
#define BYTES(s) span_of(s, sizeof(s) - 1)

static const struct decoder *vista(void)
{
	return decoder_find("vista120");
}

static void frame(struct buf *b, uint8_t type, uint32_t number, uint16_t length, size_t body)
{
	size_t from = b->n;
	buf_be16(b, 0xF88F);
	buf_u8(b, type);
	buf_le16(b, (uint16_t)(12 + body));
	buf_le32(b, number ^ 0xA5A5A5A5u);
	buf_le16(b, length ^ 0xA5A5u);
	buf_fill(b, 0xA1, body);
	uint8_t sum = 0;
	for (size_t i = from; i < b->n; i++)
		sum = (uint8_t)(sum + b->p[i]);
	buf_u8(b, (uint8_t)-sum);
}

static void announcement(struct buf *b)
{
	buf_bytes(b, BYTES("\x7e\0\x30\x02\0\0\x39\x67\xea\x07\x03\x01\x0e\x16\x3a\x02"));
	buf_bytes(b, BYTES("CMS\0\0\0\0\0" "LABSITE\0\0\0\0\0\0\0\0\0"));
	buf_bytes(b, BYTES("\x07\0\0\0\x0f\0\0\0"));
	buf_fill(b, 0, 60);
}

static int score(struct span s, enum over over)
{
	struct origin at = { .sport = 40000, .dport = 9600 };
	return try_bid(vista(), s, over, &at).score;
}

static void other_bytes_are_refused(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	frame(&b, 1, 1, 1, 1);
	try_random_bytes_are_refused(vista(), OVER_TCP);
	try_random_bytes_are_refused(vista(), OVER_UDP);
	b.p[7] ^= 1;
	assert_int_equal(score(buf_span(&b), OVER_TCP), BID_NO);           /* the sum */
	assert_int_equal(score(BYTES("\xf8\x8f\x07\x0d\0\xa4\xa5\xa5\xa5\xa4\xa5\xa1\xe8"), OVER_TCP), BID_NO);
	buf_reset(&b);
	announcement(&b);
	b.p[10] = 13;
	assert_int_equal(score(buf_span(&b), OVER_UDP), BID_NO);           /* a month */
	assert_int_equal(score(BYTES("~\0" "0\x02" "CMS"), OVER_UDP), BID_NO);
}

static void a_monitor_and_its_station_greet(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	frame(&b, 1, 1, 1, 1);
	assert_int_equal(score(buf_span(&b), OVER_TCP), BID_SURE);
	assert_int_equal(score(BYTES("\xf8\x8f\x01\x0d\0\xa4\xa5\xa5\xa5\xa4\xa5\xa1\xee"), OVER_TCP), BID_SURE);
	for (size_t n = 1; n < b.n; n++)
		assert_int_equal(score(span_cut(buf_span(&b), n), OVER_TCP), BID_WAIT);
	struct try *t = try_new();
	assert_int_equal(try_stream(t, vista(), NULL, buf_span(&b), true), b.n);
	buf_reset(&b);
	frame(&b, 2, 1, 1, 1);
	frame(&b, 3, 2, 140, 140);
	frame(&b, 6, 5, 9, 16);
	assert_int_equal(try_stream(t, vista(), NULL, buf_span(&b), false), b.n);
	try_says(t, "event=hello type=1 number=1 length=1 encrypted=false role=patient monitor");
	try_says(t, "event=hello-answer type=2 number=1 length=1 encrypted=false role=central station");
	try_says(t, "event=public-key type=3 number=2 length=140 encrypted=false role=central station");
	try_says(t, "event=data type=6 number=5 length=9 encrypted=true");
	assert_true(t->sound);
	try_free(t);
}

static void a_station_announces_itself(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	announcement(&b);
	assert_int_equal(score(buf_span(&b), OVER_UDP), BID_SURE);
	struct try *t = try_new();
	assert_true(try_datagram(t, vista(), buf_span(&b), OVER_UDP));
	try_says(t, "event=announcement role=central station station=CMS site=LABSITE");
	try_free(t);
}

static void every_prefix_is_survived_and_damage_is_malformed(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	announcement(&b);
	try_prefixes(vista(), buf_span(&b), OVER_UDP);
	buf_reset(&b);
	frame(&b, 6, 5, 9, 16);
	try_prefixes(vista(), buf_span(&b), OVER_TCP);
	struct try *t = try_new();
	for (size_t i = 0; i < b.n; i++) {
		b.p[i] ^= 0x41;
		(void)try_stream(t, vista(), NULL, buf_span(&b), true);
		assert_int_equal(t->records, 0);
		b.p[i] ^= 0x41;
	}
	try_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_bytes_are_refused),
		cmocka_unit_test(a_monitor_and_its_station_greet),
		cmocka_unit_test(a_station_announces_itself),
		cmocka_unit_test(every_prefix_is_survived_and_damage_is_malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
