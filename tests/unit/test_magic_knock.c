/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words that open devices, on a ward made by hand and through the real decoder. */
#include "fake_ward.h"
#include "decode/knock.h"

extern const struct detector detector_magic_knock;
extern const struct decoder decoder_knock, decoder_http;

static const struct detector *const table[] = { &detector_magic_knock, NULL };
static const struct decoder *const from[] = { &decoder_knock, &decoder_http, NULL };

#define MONITOR  "10.1.2.3"
#define STRANGER "10.1.2.66"
#define BYTES(s) span_of(s, sizeof(s) - 1)

static struct ward *ward(const char *conf)
{
	struct ward *w = ward_new(table, from, conf);
	w->router = ward_mac(60000);
	ward_device(w, ROLE_MONITOR, "bed-3", MONITOR);
	ward_device(w, ROLE_UNKNOWN, "", STRANGER);
	return w;
}

static int score(struct ward *w, enum over over, uint16_t sport, uint16_t dport, struct span bytes)
{
	struct origin at = ward_packet(w, STRANGER, MONITOR, dport, over == OVER_TCP ? 6 : 17);
	at.sport = sport;
	return decoder_knock.bid(&(struct message){ .bytes = bytes, .over = over, .to_server = true }, &at).score;
}

/* The word, and an answer when there is one. */
static void knock_once(struct ward *w, enum over over, uint16_t port, struct span word, struct span answer)
{
	uint64_t state[STATE_MAX / 8] = { 0 };
	struct origin at = ward_packet(w, STRANGER, MONITOR, port, over == OVER_TCP ? 6 : 17);
	struct sink sink = { ward_decoded, w };
	struct emit e = { .at = &at, .host = &w->host, .sink = &sink };
	assert_true(score(w, over, 40000, port, word) >= BID_LIKELY);
	assert_true(decoder_knock.decode(&(struct message){ .bytes = word, .over = over, .to_server = true }, state, &e));
	if (!answer.n)
		return;
	at = ward_back(w, at);
	assert_true(decoder_knock.decode(&(struct message){ .bytes = answer, .over = over }, state, &e));
}

static void request(struct ward *w, const char *text)
{
	uint64_t state[STATE_MAX / 8] = { 0 };
	struct origin at = ward_packet(w, STRANGER, MONITOR, 80, 6);
	struct sink sink = { ward_decoded, w };
	struct emit e = { .at = &at, .host = &w->host, .sink = &sink };
	struct message m = { .bytes = span_str(text), .over = OVER_TCP, .to_server = true, .closing = true };
	assert_true(decoder_http.decode(&m, state, &e));
	arena_reset(&w->arena);
}

static void other_traffic_on_these_ports_is_refused(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	assert_int_equal(score(w, OVER_TCP, 40000, 32764, BYTES("GET / HTTP/1.1\r\n")), BID_NO);
	assert_int_equal(score(w, OVER_TCP, 40000, 8080, BYTES("ScMM\0\0\0\1\0\0\0\4")), BID_NO);
	assert_int_equal(score(w, OVER_TCP, 40000, 8080, BYTES("ScMM, are you there?")), BID_NO);
	assert_int_equal(score(w, OVER_UDP, 53, 53413, BYTES("\x12\x34\x81\x80\0\1\0\1text and more")), BID_NO);
	assert_int_equal(score(w, OVER_UDP, 40000, 53413, BYTES("\1\2\3\4\5\6\7\x08\x90\x91\x92\x93")), BID_NO);
	assert_int_equal(score(w, OVER_UDP, 40000, 7329, BYTES("w302r")), BID_NO);
	assert_int_equal(score(w, OVER_TCP, 40000, 32764, BYTES("Sc")), BID_WAIT);
	ward_free(w);
}

static void ordinary_pages_and_sessions_are_quiet(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	request(w, "GET /index.htm HTTP/1.1\r\nHost: bed\r\nUser-Agent: Mozilla/5.0\r\n\r\n");
	request(w, "GET /web_shell_cmd.gch.txt HTTP/1.1\r\nHost: bed\r\n\r\n");
	ward_answered(w, ward_contact_to(w, STRANGER, MONITOR, 23, 6), 64);
	ward_answered(w, ward_contact_to(w, STRANGER, MONITOR, 443, 6), 64);
	ASSERT_SILENT(ward_said(w), "\"rule\"");
	ward_free(w);
}

static void ports_of_different_callers_are_no_pair(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_answered(w, ward_contact_to(w, STRANGER, MONITOR, 9530, 6), 64);
	ward_answered(w, ward_contact_to(w, "10.1.2.67", MONITOR, 23, 6), 64);
	w->ts += UINT64_C(3600) * 1000000000u;
	ward_answered(w, ward_contact_to(w, STRANGER, MONITOR, 23, 6), 64);
	ASSERT_SILENT(ward_said(w), "\"rule\"");
	ward_free(w);
}

static void each_word_of_the_table_is_known(void **state)
{
	(void)state;
	for (const struct knock *k = knocks; k->id; k++) {
		if (k->kind != KNOCK_BYTES)
			continue;
		struct ward *w = ward(NULL);
		char bytes[64] = "12345678run this";
		size_t n = k->how == COMMAND ? 16 : k->bytes.n;
		if (k->bytes.n)
			memcpy(bytes, k->bytes.p, k->bytes.n);
		knock_once(w, k->over, k->port, span_of(bytes, n), (struct span){ 0 });
		ASSERT_SAYS(ward_said(w), k->id);
		ward_free(w);
	}
}

static void a_monitor_that_answers_is_critical(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	knock_once(w, OVER_UDP, 39889, BYTES("HELODBG"), BYTES("Hello"));
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"critical\"");
	ASSERT_SAYS(said, "and it answered");
	ward_free(w);
}

static void a_short_word_counts_elsewhere_when_its_head_is_right(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	assert_int_equal(score(w, OVER_TCP, 40000, 5466, BYTES("MMcS\1\0\0\0\0\0\0\0")), BID_SURE);
	knock_once(w, OVER_TCP, 5466, BYTES("ScMM\0\0\0\7\0\0\0\4id\0\0"), (struct span){ 0 });
	ASSERT_SAYS(ward_said(w), "sercomm-32764");
	ward_free(w);
}

static void long_words_count_on_any_port(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	knock_once(w, OVER_UDP, 5000, BYTES("w302r_mfg\0x/bin/busybox"), (struct span){ 0 });
	ASSERT_SAYS(ward_said(w), "tenda-mfg");
	ward_free(w);
}

static void names_and_pages_are_told(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	request(w, "GET /index.htm HTTP/1.1\r\nHost: bed\r\nUser-Agent: xmlset_roodkcableoj28840ybtide\r\n\r\n");
	request(w, "POST /web_shell_cmd.gch HTTP/1.1\r\nHost: bed\r\nContent-Length: 0\r\n\r\n");
	request(w, "GET /userRpm/DebugResultRpm.htm?cmd=ls HTTP/1.1\r\nHost: bed\r\n\r\n");
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "dlink-agent");
	ASSERT_SAYS(said, "zte-shell");
	ASSERT_SAYS(said, "tplink-debug");
	ward_free(w);
}

static void one_port_and_then_the_shell_is_told(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_answered(w, ward_contact_to(w, STRANGER, MONITOR, 9530, 6), 64);
	ward_answered(w, ward_contact_to(w, STRANGER, MONITOR, 23, 6), 64);
	ASSERT_SAYS(ward_said(w), "let " STRANGER " in on TCP port 23 after it called port 9530");
	ward_free(w);
}

static void the_scanner_of_the_house_is_for_information(void **state)
{
	(void)state;
	struct ward *w = ward("[scanner inventory]\naddress = " STRANGER "\n");
	knock_once(w, OVER_TCP, 32764, BYTES("ScMM\0\0\0\1\0\0\0\0"), (struct span){ 0 });
	ASSERT_SAYS(ward_said(w), "\"severity\":\"info\"");
	ward_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_traffic_on_these_ports_is_refused),
		cmocka_unit_test(ordinary_pages_and_sessions_are_quiet),
		cmocka_unit_test(ports_of_different_callers_are_no_pair),
		cmocka_unit_test(each_word_of_the_table_is_known),
		cmocka_unit_test(a_monitor_that_answers_is_critical),
		cmocka_unit_test(a_short_word_counts_elsewhere_when_its_head_is_right),
		cmocka_unit_test(long_words_count_on_any_port),
		cmocka_unit_test(names_and_pages_are_told),
		cmocka_unit_test(one_port_and_then_the_shell_is_told),
		cmocka_unit_test(the_scanner_of_the_house_is_for_information),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
