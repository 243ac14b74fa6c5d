/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FTP: who speaks it, what its lines tell and hide, and where the data will come. */
#include "decode_try.h"

extern const struct decoder decoder_ftp, decoder_ftp_data;

struct talk {
	struct try *t;
	uint8_t *state;
};

static int begin(void **out)
{
	struct talk *k = mem_new(sizeof(*k));
	k->t = try_new();
	k->t->at.src = addr_v4(0x0a000005);
	k->state = mem_new(decoder_ftp.state_size);
	*out = k;
	return 0;
}

static int end(void **out)
{
	struct talk *k = *out;
	try_free(k->t);
	free(k->state);
	free(k);
	return 0;
}

static void says(struct talk *k, const char *line, bool to_server)
{
	buf_reset(&k->t->lines);
	assert_int_equal(try_stream(k->t, &decoder_ftp, k->state, span_str(line), to_server), strlen(line));
}

static void client(struct talk *k, const char *line)
{
	says(k, line, true);
}

static void server(struct talk *k, const char *line)
{
	says(k, line, false);
}

static struct bid bid_of(const char *text)
{
	struct origin at = { .sport = 40001, .dport = 40002 };
	return try_bid(&decoder_ftp, span_str(text), OVER_TCP, &at);
}

static void mail_servers_and_others_are_refused(void **state)
{
	(void)state;
	assert_int_equal(bid_of("220 mail.example.org ESMTP Postfix\r\n").score, BID_NO);
	assert_int_equal(bid_of("220 ready\r\n").score, BID_MAYBE);
	assert_int_equal(bid_of("USER bob\r\n").score, BID_MAYBE);   /* POP3 says so too */
	assert_int_equal(bid_of("421 Too many connections\r\n").score, BID_MAYBE);
	assert_int_equal(bid_of("421Too many connections\r\n").score, BID_NO);
	assert_int_equal(bid_of("EHLO there\r\n").score, BID_NO);
	assert_int_equal(bid_of("AUTH LOGIN\r\n").score, BID_NO);
	assert_int_equal(bid_of("PORT 1,2,3,4,5\r\n").score, BID_NO);
	assert_int_equal(bid_of("PORT 1,2,3,4,5,256\r\n").score, BID_NO);
	try_random_bytes_are_refused(&decoder_ftp, OVER_TCP);
}

static void ftp_is_known_without_its_port(void **state)
{
	(void)state;
	assert_int_equal(bid_of("220 (vsFTPd 3.0.3)\r\n").score, BID_SURE);
	assert_int_equal(bid_of("220-Welcome\r\n220-to the ward\r\n220 FTP ready\r\n").side, SIDE_SERVER);
	assert_int_equal(bid_of("220-Welcome\r\n").score, BID_WAIT);
	assert_int_equal(bid_of("PORT 10,0,0,7,4,1\r\n").score, BID_LIKELY);
	assert_int_equal(bid_of("227 Entering Passive Mode (10,0,0,5,4,1).\r\n").side, SIDE_SERVER);
	assert_int_equal(bid_of("AUTH TLS\r\n").side, SIDE_CLIENT);
}

static void credentials_leave_as_tokens_only(void **state)
{
	struct talk *k = *state;
	client(k, "USER nurse7\r\n");
	try_says(k->t, "command=USER user=<6> anonymous=false");
	try_never_says(k->t, "nurse7");
	client(k, "PASS geheim99\r\n");
	try_says(k->t, "command=PASS user=<6> password=<8>");
	try_never_says(k->t, "geheim99");
	client(k, "USER Anonymous\r\n");
	try_says(k->t, "anonymous=true");
	server(k, "230 User nurse7 logged in\r\n");
	try_never_says(k->t, "nurse7");
}

static void a_line_without_end_is_cut_and_passed_over(void **state)
{
	struct talk *k = *state;
	char *line = malloc(9001);
	memset(line, 'A', 9000);
	line[9000] = '\0';
	client(k, line);
	client(k, "AAAA still the same line\r\n");
	assert_int_equal(k->t->records, 0);
	client(k, "PWD\r\n");
	try_says(k->t, "command=PWD");
	free(line);
}

static void what_is_no_command_is_malformed(void **state)
{
	struct talk *k = *state;
	client(k, "hello, how are you\r\n");
	assert_false(k->t->sound);
	assert_int_equal(k->t->records, 0);
}

static void places_that_lie_are_not_expected(void **state)
{
	struct talk *k = *state;
	server(k, "227 Entering Passive Mode (10,0,0,5,0,0)\r\n");
	try_never_says(k->t, "expect");
	server(k, "229 Entering Extended Passive Mode (|||70000|)\r\n");
	try_never_says(k->t, "expect");
	client(k, "EPRT |1|not.an.address|6446|\r\n");
	try_never_says(k->t, "expect");
}

static void passive_data_is_expected_with_its_path(void **state)
{
	struct talk *k = *state;
	server(k, "227 Entering Passive Mode (10,0,0,5,4,1)\r\n");
	try_says(k->t, "expect ftp-data 1025\n");
	try_says(k->t, "code=227 address=10.0.0.5 port=1025");
	server(k, "229 Extended (|||6446|)\r\n");
	try_says(k->t, "expect ftp-data 6446\n");
	client(k, "RETR /pm/monitor\r\n");
	try_says(k->t, "expect ftp-data 6446\nftp message=command command=RETR path=/pm/monitor\n");
}

static void a_translated_address_is_expected_at_both(void **state)
{
	struct talk *k = *state;
	server(k, "227 Entering Passive Mode (192,168,1,5,4,1)\r\n");
	try_says(k->t, "expect ftp-data 1025\nexpect ftp-data 1025\n");
}

static void paths_follow_the_directory(void **state)
{
	struct talk *k = *state;
	client(k, "PWD\r\n");
	server(k, "257 \"/home\" is the current directory\r\n");
	client(k, "CWD fw\r\n");
	server(k, "550 No such directory\r\n");
	client(k, "SIZE a.bin\r\n");
	try_says(k->t, "path=/home/a.bin");
	client(k, "CWD fw\r\n");
	server(k, "250 OK\r\n");
	client(k, "CWD v2\r\n");
	server(k, "250 OK\r\n");
	client(k, "CDUP\r\n");
	server(k, "250 OK\r\n");
	client(k, "STOR a.bin\r\n");
	try_says(k->t, "path=/home/fw/a.bin");
	client(k, "LIST -la sub\r\n");
	try_says(k->t, "path=/home/fw/sub");
}

static void a_greeting_of_several_lines_is_one_reply(void **state)
{
	struct talk *k = *state;
	server(k, "220-MonitorFTP 1.2\r\n 230 is not a reply here\r\n220 go ahead\r\n331 who\r\n");
	assert_int_equal(k->t->records, 2);
	try_says(k->t, "code=220 banner=MonitorFTP 1.2\n");
	try_says(k->t, "code=331");
}

static void tls_makes_the_rest_opaque(void **state)
{
	struct talk *k = *state;
	client(k, "AUTH TLS\r\n");
	try_says(k->t, "tls=true");
	server(k, "234 go\r\n");
	k->t->records = 0;
	client(k, "\x16\x03\x01 RETR x\r\nUSER y\r\n");
	server(k, "\x16\x03\x03 220 z\r\n");
	assert_int_equal(k->t->records, 0);
	assert_true(k->t->sound);
}

static void data_connections_are_bodies_or_listings(void **state)
{
	struct talk *k = *state;
	struct try *t = k->t;
	struct message m = { .bytes = SPAN_LIT("abc"), .over = OVER_TCP, .tag = SPAN_LIT("d/pm/monitor"), .rest = BODY_OPEN };
	assert_true(decoder_ftp_data.frame(&m, NULL).total == BODY_OPEN);
	decoder_ftp_data.decode(&m, NULL, &t->emit);
	try_says(t, "body ftp 3\n");
	m.tag = SPAN_LIT("l/pm");
	buf_reset(&t->lines);
	decoder_ftp_data.decode(&m, NULL, &t->emit);
	try_never_says(t, "body");
	struct origin at = { .sport = 20, .dport = 1025 };
	assert_int_equal(try_bid(&decoder_ftp_data, SPAN_LIT("abc"), OVER_TCP, &at).score, BID_NO);
}

static void every_prefix_is_survived(void **state)
{
	(void)state;
	try_prefixes(&decoder_ftp,
		     SPAN_LIT("220-a\r\n220 b\r\nUSER x\r\n227 x (1,2,3,4,5,6)\r\n229 (|||1|)\r\nEPRT |2|::1|5|\r\n"),
		     OVER_TCP);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(mail_servers_and_others_are_refused), CASE(ftp_is_known_without_its_port),
		CASE(credentials_leave_as_tokens_only), CASE(a_line_without_end_is_cut_and_passed_over),
		CASE(what_is_no_command_is_malformed), CASE(places_that_lie_are_not_expected),
		CASE(passive_data_is_expected_with_its_path), CASE(a_translated_address_is_expected_at_both),
		CASE(paths_follow_the_directory), CASE(a_greeting_of_several_lines_is_one_reply),
		CASE(tls_makes_the_rest_opaque), CASE(data_connections_are_bodies_or_listings), CASE(every_prefix_is_survived),
	};
	return cmocka_run_group_tests_name("ftp", cases, NULL, NULL);
}
