/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LPD: a job is followed from command to last byte, and what a person's name may stand in is a token. */
#include "talk.h"

#define BYTES(s) span_of(s, sizeof(s) - 1)

static struct bid bid_on(struct span s, uint16_t port, bool closing)
{
	struct origin at = { .sport = 40000, .dport = port };
	struct message m = { .bytes = s, .over = OVER_TCP, .closing = closing };
	return decoder_find("lpd")->bid(&m, &at);
}

static void binary_and_other_text_is_refused(void **state)
{
	(void)state;
	static const struct { const char *s; size_t n; } no[] = {
		{ "", 0 }, { "\x02\x00\x05\x47", 4 }, { "\x02\x00\x05\x43\x02\x00\x05\x47", 8 },
		{ "\x06\x00\x05\x45\x00\x00\x03\xFF", 8 },
		{ "\x01\x00\x00\x00\x08", 5 }, { "\x02\n", 2 }, { "\x02 lab\n\x02zz\n", 10 }, { "\x06lab\n", 5 }, { "\x00", 1 },
		{ "\x02two words\n", 11 }, { "\x02la\x80\x00" "b\n", 7 }, { "\x02lab\nGET / HTTP/1.1\r\n", 21 },
		{ "\x03lab\nmore", 9 }, { "GET / HTTP/1.1\r\n", 16 }, { "\x05\x01\x00", 3 }, { "\x05\x00\x00\x03\x10", 5 },
	};
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (bid_on(span_of(no[i].s, no[i].n), 515, true).score >= BID_MAYBE)
			fail_msg("number %zu", i);
	char line[400];
	memset(line, 'q', sizeof(line));
	line[0] = 2;
	assert_int_equal(bid_on(span_of(line, 20), 515, false).score, BID_WAIT);
	assert_int_equal(bid_on(span_of(line, sizeof(line)), 515, false).score, BID_NO);
}

static void a_contec_stream_and_a_print_job_are_never_taken_for_each_other(void **state)
{
	(void)state;
	struct span contec = BYTES("\x02\x00\x05\x47\x02\x00\x05\x43\x06\x00\x05\x45\x00\x00\x03\xFF");
	struct span job = BYTES("\x02lab\n\x02" "55 cfA257vm\n");
	for (size_t n = 1; n <= contec.n; n++)
		assert_true(n < 2 || bid_on(span_cut(contec, n), 515, false).score == BID_NO);
	for (size_t n = 4; n <= job.n; n++)
		assert_int_equal(talk_bid("contec", span_cut(job, n), false), BID_NO);
}

static void a_command_alone_needs_the_port_and_a_job_does_not(void **state)
{
	(void)state;
	struct span job = BYTES("\x02lab\n\x02" "55 cfA257vm\n");
	assert_int_equal(bid_on(span_cut(job, 5), 515, false).score, BID_MAYBE);
	assert_int_equal(bid_on(span_cut(job, 5), 9999, false).score, BID_WAIT);
	assert_int_equal(bid_on(job, 9999, false).score, BID_SURE);
	assert_int_equal(bid_on(job, 9999, false).side, SIDE_CLIENT);
	assert_int_equal(bid_on(BYTES("\x03lab\n"), 515, false).score, BID_MAYBE);
	assert_int_equal(bid_on(BYTES("\x04lab root 17\n"), 515, false).score, BID_MAYBE);
}

struct step {
	bool to_server;
	struct span s;
};

#define CLIENT(s) { true, { (const uint8_t *)(s), sizeof(s) - 1 } }
#define SERVER(s) { false, { (const uint8_t *)(s), sizeof(s) - 1 } }
#define CONTROL "Hvm\nPPLANTEDuser\nJPLANTED^JOB of WARD\nfdfA257vm\nUdfA257vm\nN/tmp/PLANTED.txt\n"

static const struct step job[] = {
	CLIENT("\x02lab\n"), SERVER("\0"), CLIENT("\x02" "76 cfA257vm\n"), SERVER("\0"), CLIENT(CONTROL), CLIENT("\0"),
	SERVER("\0"), CLIENT("\x03" "20 dfA257vm\n"), SERVER("\0"), CLIENT("0123456789\n\x02xyz\n\x03zz\0"), SERVER("\0\0"),
};

static struct talk *talked(const struct step *steps, size_t n, size_t piece)
{
	struct talk *t = talk_new("lpd");
	for (size_t i = 0; i < n; i++)
		talk_bytes(t, steps[i].to_server, steps[i].s, piece);
	return t;
}

static void a_job_is_followed_to_its_last_byte(void **state)
{
	(void)state;
	assert_int_equal(sizeof(CONTROL) - 1, 76);
	struct talk *whole = talked(job, ARRAY_LEN(job), 4000);
	talk_expect(whole, "\"command\":\"receive job\",\"queue\":\"lab\"");
	talk_expect(whole, "\"command\":\"control file\",\"file_name\":\"cfA257vm\",\"size\":76");
	talk_expect(whole, "\"command\":\"control\",\"host\":\"vm\",\"user\":{\"length\":11,");
	talk_expect(whole, "\"note\":{\"length\":");
	talk_expect(whole, "\"prints\":1");
	talk_expect(whole, "\"command\":\"data file\",\"file_name\":\"dfA257vm\",\"size\":20");
	talk_expect(whole, "body lpd dfA257vm at 0 of 20 last");
	talk_never(whole, "PLANTED");
	talk_never(whole, "\"reply\"");
	assert_int_equal(whole->malformed + whole->refused, 0);
	assert_int_equal(whole->way[1].n, 0);
	for (size_t piece = 1; piece < 30; piece++) {
		struct talk *t = talked(job, ARRAY_LEN(job), piece);
		assert_string_equal(talk_said(t), talk_said(whole));
		talk_free(t);
	}
	talk_free(whole);
}

static void a_second_job_in_the_same_conversation_is_read(void **state)
{
	(void)state;
	struct talk *t = talked(job, ARRAY_LEN(job), 4000);
	talk_bytes(t, true, BYTES("\x02other\n"), 100);
	talk_bytes(t, true, BYTES("\x03" "3 dfB1x\nabc"), 100);
	talk_bytes(t, true, BYTES("\x01\n"), 100);
	talk_expect(t, "\"queue\":\"other\"");
	talk_expect(t, "body lpd dfB1x at 0 of 3 last [a]");
	talk_expect(t, "\"command\":\"abort\"");
	talk_free(t);
}

static void a_refused_file_does_not_eat_the_next_line(void **state)
{
	(void)state;
	static const struct step steps[] = {
		CLIENT("\x02lab\n"),
		SERVER("\0"),
		CLIENT("\x03"
		       "9999 dfA1x\n"),
		SERVER("\x02"),
		CLIENT("\x03"
		       "3 dfA2x\n"),
		SERVER("\0"),
		CLIENT("abc\0"),
	};
	struct talk *t = talked(steps, ARRAY_LEN(steps), 1);
	talk_expect(t, "\"command\":\"reply\",\"reply\":2");
	talk_expect(t, "\"file_name\":\"dfA2x\",\"size\":3");
	talk_expect(t, "body lpd dfA2x at 0 of 3");
	talk_free(t);
}

static void a_refusal_before_any_file_is_told(void **state)
{
	(void)state;
	static const struct step steps[] = { CLIENT("\x02none\n"), SERVER("\x01") };
	struct talk *t = talked(steps, ARRAY_LEN(steps), 1);
	talk_expect(t, "\"reply\":1");
	talk_free(t);
}

static void an_unknown_size_lasts_until_the_close(void **state)
{
	(void)state;
	static const struct step steps[] = { CLIENT("\x02lab\n"),
					     CLIENT("\x03"
						    "0 dfA1x\n"),
					     CLIENT("text\nmore\x02stuff\n") };
	struct talk *t = talked(steps, ARRAY_LEN(steps), 3);
	talk_expect(t, "body lpd dfA1x at 0 open");
	talk_close(t, true);
	assert_int_equal(t->malformed + t->refused, 0);
	talk_free(t);
}

static void a_listing_is_passed_over_and_users_are_tokens(void **state)
{
	(void)state;
	static const struct step steps[] = {
		CLIENT("\x04lab PLANTEDuser 12\n"), SERVER("PLANTEDuser: active [job 12]\n\x02"),
	};
	struct talk *t = talked(steps, ARRAY_LEN(steps), 5);
	talk_expect(t, "\"command\":\"queue state long\",\"queue\":\"lab\",\"user\":{");
	talk_never(t, "PLANTED");
	talk_never(t, "\"reply\"");
	assert_true(t->asked <= 32);
	talk_free(t);
}

static void hostile_lines_and_sizes_are_bounded(void **state)
{
	(void)state;
	static const struct step cases[][3] = {
		{ CLIENT("\x02lab\n"), CLIENT("\x02" "999999999999999 cfA1x\n"), CLIENT(CONTROL) },
		{ CLIENT("\x02lab\n"), CLIENT("\x03" "99999999999999999999999 dfA1x\n"), CLIENT("abc") },
		{ CLIENT("\x02lab\n"), CLIENT("\x03-5 dfA1x\n"), CLIENT("abc") },
		{ CLIENT("\x02lab\n"), CLIENT("\x03" "5 /etc/passwd\n"), CLIENT("abc") },
		{ CLIENT("\x02lab\n"), CLIENT("\x02" "0 cfA1x\n"), CLIENT("\0\x01\n") },
		{ CLIENT("\x02lab\n"), CLIENT("\x02" "6 cfA1x\n"), CLIENT("H\nP\nJ\n") },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (size_t piece = 1; piece < 50; piece += 24) {
			struct talk *t = talked(cases[i], 3, piece);
			talk_close(t, true);
			talk_close(t, false);
			talk_never(t, "passwd");
			talk_never(t, "PLANTED");
			assert_true(t->asked <= 16 * 1024);
			talk_free(t);
		}
}

static void every_prefix_and_every_flipped_byte_is_survived(void **state)
{
	(void)state;
	struct buf all = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(job); i++)
		if (job[i].to_server)
			buf_bytes(&all, job[i].s);
	for (size_t n = 0; n < all.n; n++)
		for (unsigned k = 0; k < 4; k++) {
			uint8_t *byte = all.p + n, was = *byte;
			*byte = ((const uint8_t[]){ 0, 0xFF, '\n', 3 })[k];
			struct talk *t = talk_new("lpd");
			talk_bytes(t, true, span_cut(buf_span(&all), k ? all.n : n), 61);
			talk_close(t, true);
			talk_free(t);
			(void)bid_on(buf_span(&all), 515, true);
			*byte = was;
		}
	buf_done(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binary_and_other_text_is_refused),
		cmocka_unit_test(a_contec_stream_and_a_print_job_are_never_taken_for_each_other),
		cmocka_unit_test(a_command_alone_needs_the_port_and_a_job_does_not),
		cmocka_unit_test(a_job_is_followed_to_its_last_byte),
		cmocka_unit_test(a_second_job_in_the_same_conversation_is_read),
		cmocka_unit_test(a_refused_file_does_not_eat_the_next_line),
		cmocka_unit_test(a_refusal_before_any_file_is_told),
		cmocka_unit_test(an_unknown_size_lasts_until_the_close),
		cmocka_unit_test(a_listing_is_passed_over_and_users_are_tokens),
		cmocka_unit_test(hostile_lines_and_sizes_are_bounded),
		cmocka_unit_test(every_prefix_and_every_flipped_byte_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
