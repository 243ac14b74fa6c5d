/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TFTP: what is a request, and blocks in order, repeated and wrapped. */
#include "decode_try.h"

extern const struct decoder decoder_tftp;

struct transfer {
	struct try *t;
	uint8_t *state;
	uint64_t offset, length, size;           /* of the last body */
	unsigned bodies;
	bool last, to_server;
};

static void on_body(struct emit *e, const struct body *b)
{
	struct transfer *k = e->to;
	k->offset = b->offset;
	k->length = b->length;
	k->size = b->size;
	k->last = b->last;
	k->to_server = b->to_server;
	k->bodies++;
}

static int begin(void **out)
{
	struct transfer *k = mem_new(sizeof(*k));
	k->t = try_new();
	k->state = mem_new(decoder_tftp.state_size);
	*out = k;
	return 0;
}

static int end(void **out)
{
	struct transfer *k = *out;
	try_free(k->t);
	free(k->state);
	free(k);
	return 0;
}

static bool datagram(struct transfer *k, struct span bytes, const char *tag)
{
	struct emit e = k->t->emit;
	e.body = on_body;
	e.to = k;
	struct message m = { .bytes = bytes, .over = OVER_UDP, .tag = span_str(tag) };
	return decoder_tftp.decode(&m, k->state, &e);
}

static bool data(struct transfer *k, uint16_t block, size_t n)
{
	struct buf b = { 0 };
	buf_be16(&b, 3);
	buf_be16(&b, block);
	buf_fill(&b, 'x', n);
	bool ok = datagram(k, buf_span(&b), "rmonitor.bin");
	buf_done(&b);
	return ok;
}

#define REQUEST "\0\1image.bin\0octet\0tsize\0" "0\0"

static struct bid bid_of(struct span s)
{
	struct origin at = { .sport = 40001, .dport = 40002 };
	return try_bid(&decoder_tftp, s, OVER_UDP, &at);
}

static void what_is_no_strict_request_is_refused(void **state)
{
	(void)state;
	assert_int_equal(bid_of(SPAN_LIT("\0\1image.bin\0octe\0")).score, BID_NO);
	assert_int_equal(bid_of(SPAN_LIT("\0\1\0octet\0")).score, BID_NO);
	assert_int_equal(bid_of(SPAN_LIT("\0\1im\1age\0octet\0")).score, BID_NO);
	assert_int_equal(bid_of(SPAN_LIT("\0\1image.bin\0octet")).score, BID_NO);
	assert_int_equal(bid_of(SPAN_LIT("\0\3\0\1data")).score, BID_NO);
	try_random_bytes_are_refused(&decoder_tftp, OVER_UDP);
}

static void data_that_nobody_asked_for_is_malformed(void **state)
{
	struct transfer *k = *state;
	assert_false(datagram(k, SPAN_LIT("\0\3\0\1data"), ""));
	assert_int_equal(k->bodies, 0);
}

static void blocks_that_cannot_be_are_malformed(void **state)
{
	struct transfer *k = *state;
	assert_false(data(k, 0, 512));
	assert_false(data(k, 1, 513));
	assert_false(data(k, 0xfff0, 512));
	assert_int_equal(k->bodies, 0);
}

static void a_request_tells_who_will_be_answered(void **state)
{
	struct transfer *k = *state;
	assert_int_equal(bid_of(SPAN_LIT(REQUEST)).score, BID_SURE);
	k->t->at.sport = 50618;
	try_datagram(k->t, &decoder_tftp, SPAN_LIT(REQUEST), OVER_UDP);
	try_says(k->t, "tftp message=read path=image.bin mode=octet\nexpect tftp 50618\n");
	try_datagram(k->t, &decoder_tftp, SPAN_LIT("\0\2up.cfg\0NetASCII\0"), OVER_UDP);
	try_says(k->t, "tftp message=write path=up.cfg mode=NetASCII\n");
}

static void blocks_know_their_place(void **state)
{
	struct transfer *k = *state;
	assert_true(data(k, 1, 512));
	assert_int_equal(k->offset, 0);
	assert_true(data(k, 2, 512));
	assert_true(data(k, 2, 512));
	assert_int_equal(k->offset, 512);
	assert_false(k->last);
	assert_true(data(k, 3, 0));
	assert_int_equal(k->offset, 1024);
	assert_true(k->last);
	assert_false(k->to_server);
}

static void block_numbers_wrap(void **state)
{
	struct transfer *k = *state;
	for (uint32_t i = 1; i <= 65540; i++)
		assert_true(data(k, (uint16_t)i, 512));
	assert_int_equal(k->offset, 65539u * 512u);
	assert_true(data(k, 65535, 512));        /* came late, again */
	assert_int_equal(k->offset, 65534u * 512u);
}

static void agreed_options_count(void **state)
{
	struct transfer *k = *state;
	assert_true(datagram(k, SPAN_LIT("\0\6blksize\0" "1468\0tsize\0" "3000\0"), "wbackup.tar"));
	assert_true(data(k, 1, 1468));
	assert_true(data(k, 2, 1468));
	assert_int_equal(k->offset, 1468);
	assert_int_equal(k->size, 3000);
	assert_true(k->to_server);
	assert_true(data(k, 3, 64));
	assert_true(k->last);
}

static void nonsense_options_change_nothing(void **state)
{
	struct transfer *k = *state;
	assert_true(datagram(k, SPAN_LIT("\0\6blksize\0" "99999\0blksize\0" "abc\0tsize\0"), "rx"));
	assert_true(data(k, 1, 512));
	assert_false(k->last);
}

static void errors_are_told(void **state)
{
	struct transfer *k = *state;
	datagram(k, SPAN_LIT("\0\5\0\1File not found\0"), "rmonitor.bin");
	buf_reset(&k->t->lines);
	assert_true(datagram(k, SPAN_LIT("\0\5\0\1File not found\0"), "rmonitor.bin"));
	try_says(k->t, "tftp message=error path=monitor.bin error=1 error_text=File not found\n");
	assert_false(datagram(k, SPAN_LIT("\0\5\0"), ""));
}

static void every_prefix_is_survived(void **state)
{
	(void)state;
	try_prefixes(&decoder_tftp, SPAN_LIT(REQUEST), OVER_UDP);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(what_is_no_strict_request_is_refused), CASE(data_that_nobody_asked_for_is_malformed),
		CASE(blocks_that_cannot_be_are_malformed), CASE(a_request_tells_who_will_be_answered),
		CASE(blocks_know_their_place), CASE(block_numbers_wrap), CASE(agreed_options_count),
		CASE(nonsense_options_change_nothing), CASE(errors_are_told), CASE(every_prefix_is_survived),
	};
	return cmocka_run_group_tests_name("tftp", cases, NULL, NULL);
}
