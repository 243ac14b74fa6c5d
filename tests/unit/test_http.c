/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP/1: where bodies lie, in honest and in hostile forms, and what of a request may be shown. */
#include "talk.h"

#define BYTES(s) span_of(s, sizeof(s) - 1)

static struct talk *exchange(const char *up, const char *down, size_t step)
{
	struct talk *t = talk_new("http");
	talk_bytes(t, true, span_str(up), step);
	talk_bytes(t, false, span_str(down), step);
	talk_close(t, false);
	return t;
}

static void who_logs_in_leaves_as_tokens(void **state)
{
	(void)state;
	struct talk *t = talk_new("http");
	talk_bytes(t, true, BYTES("GET /a HTTP/1.1\r\nAuthorization: Basic cmVuYTpzZWNyZXQ=\r\n\r\n"
				  "GET /b HTTP/1.1\r\nAuthorization: Digest realm=\"x\", username=\"rena\"\r\n\r\n"
				  "GET /c HTTP/1.1\r\nAuthorization: Basic !!\r\n\r\nGET /d HTTP/1.1\r\n\r\n"), 5);
	talk_bytes(t, false, BYTES("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"
				   "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), 5);
	talk_expect(t, "\"user\":{\"length\":4,");
	talk_expect(t, "\"password\":{\"length\":6,");
	talk_expect(t, "\"path\":\"/a\",\"status\":200,\"content_length\":0,\"accepted\":true");
	talk_expect(t, "\"path\":\"/b\",\"status\":401,\"content_length\":0,\"accepted\":false");
	talk_expect(t, "\"path\":\"/d\",\"status\":404,\"content_length\":0}");
	talk_never(t, "rena");
	talk_never(t, "cmVu");
	talk_free(t);
}

static void an_answer_without_a_question_for_a_password_says_nothing(void **state)
{
	(void)state;
	static const char up[] = "GET /x HTTP/1.1\r\nAuthorization: Basic cmVuYTpzZWNyZXQ=\r\n\r\n";
	static const char *const down[] = { "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 301 There\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" };
	for (size_t i = 0; i < ARRAY_LEN(down); i++) {
		struct talk *t = exchange(up, down[i], 7);
		talk_expect(t, "\"event\":\"response\"");
		talk_never(t, "accepted");
		talk_free(t);
	}
}

/* By its media type however it comes in pieces, by its first bytes when they come with the head. */
static void a_body_of_hl7_is_read_as_such(void **state)
{
	(void)state;
	static const char up[] =
		"POST /in HTTP/1.1\r\nContent-Type: Application/hl7-v2; charset=UTF-8\r\nContent-Length: 78\r\n\r\n"
		"MSH|^~\\&|A|B|C|D|20260303||ADT^A01|7|P|2.4\rPID|1||4711||Wexforth^Ilse\rPV1|1|I\r"
		"PUT /next HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 45\r\n\r\n"
		"MSH|^~\\&|A|B|C|D|20260303||ADT^A02|8|P|2.4\r\n\r"
		"POST /b HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nMSHR";
	for (size_t step = 1; step < sizeof(up); step += 13) {
		struct talk *t = exchange(up, "", step);
		talk_expect(t, "\"message_type\":\"ADT^A01\"");
		talk_expect(t, "\"patient_name\":{\"length\":13,");
		talk_expect(t, "\"path\":\"/next\"");
		talk_expect(t, "\"path\":\"/b\"");
		talk_expect(t, "body http /in at 0 of 78 last [MSH|");
		talk_free(t);
	}
	struct talk *t = exchange(up, "", sizeof(up));
	talk_expect(t, "\"message_type\":\"ADT^A02\"");
	talk_free(t);
}

static void kin_of_http_get_no_bid(void **state)
{
	(void)state;
	static const char *const kin[] = {
		"OPTIONS sip:nm SIP/2.0\r\nVia: x\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
		"RTSP/1.0 200 OK\r\n\r\n",
		"SIP/2.0 200 OK\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n",
		"220 ftp ready\r\n",
		"USER anonymous\r\n",
		"GET\r\n",
		"HTTPX/1.1 200\r\n",
		"MSH|^~\\&|A|B\r",
		"get lost\r\n",
		"ICY 200 OK\r\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(kin); i++)
		assert_int_equal(talk_bid("http", span_str(kin[i]), true), BID_NO);
	assert_int_equal(talk_bid("http", BYTES("OPTIONS rtsp://"), false), BID_WAIT);
}

static void requests_and_answers_are_sure(void **state)
{
	(void)state;
	assert_int_equal(talk_bid("http", BYTES("GET / HTTP/1.1\r\n"), false), BID_SURE);
	assert_int_equal(talk_bid("http", BYTES("POST /a b c HTTP/1.0\n"), false), BID_SURE);
	assert_int_equal(talk_bid("http", BYTES("HTTP/1.1 200 OK\r\n"), false), BID_SURE);
	assert_int_equal(talk_bid("http", BYTES("GE"), false), BID_WAIT);
	assert_int_equal(talk_bid("http", BYTES("HTTP"), false), BID_WAIT);
}

static void no_value_of_a_query_and_no_credential_is_shown(void **state)
{
	(void)state;
	struct talk *t = exchange(
		"GET http://me:pw1@ris.local/fhir/Patient/P4711;v=pw2/$everything?name=Doe&mrn=4711&pw3#pw4 HTTP/1.1\r\n"
		"Host: other\r\nCookie: session=pw5\r\nAuthorization: Basic cHc2\r\nReferer: http://x/?q=pw7\r\n\r\n"
		"GET /dicom-web/studies/1.2.3/series HTTP/1.1\r\nAuthorization: pw8\r\n\r\n", "", 50);
	static const char *const secret[] = {
		"pw1", "pw2", "pw3", "pw4", "pw5", "cHc2", "pw7", "pw8", "4711", "Doe", "1.2.3",
	};
	for (size_t i = 0; i < ARRAY_LEN(secret); i++)
		talk_never(t, secret[i]);
	talk_expect(t, "\"host\":\"ris.local\",\"path\":\"/fhir/Patient/*/$everything\",\"parameters\":[\"name\",\"mrn\"]");
	talk_expect(t, "\"auth_scheme\":\"Basic\",\"authorization\":{\"length\":4,");
	talk_expect(t, "\"patient_id\":{\"length\":5,");
	talk_expect(t, "\"path\":\"/dicom-web/studies/*/series\"");
	talk_expect(t, "\"study\":{\"length\":5,");
	talk_free(t);
}

static void a_length_says_where_the_body_ends(void **state)
{
	(void)state;
	static const size_t steps[] = { 1, 9, 1000 };
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct talk *t = exchange(
			"PUT /in HTTP/1.1\r\nHost: h\r\nUser-Agent: pump/1\r\nContent-Length: 5\r\n\r\nGET /GET /out HTTP/1.1\r\n\r\n",
			"HTTP/1.1 201 Created\r\nServer: s/2\r\nContent-Length: 0\r\n\r\n"
			"HTTP/1.1 200 OK\r\nContent-Type: application/x-elf; name=secret\r\ncontent-length: 4, 4\r\n\r\n\x7f"
			"ELF",
			steps[i]);
		talk_expect(t, "\"method\":\"PUT\",\"host\":\"h\",\"path\":\"/in\",\"user_agent\":\"pump/1\"");
		talk_expect(t, "body http /in at 0 of 5 last");
		talk_expect(t, "\"event\":\"request\",\"method\":\"GET\",\"path\":\"/out\"");
		talk_expect(t, "\"event\":\"response\",\"path\":\"/in\",\"status\":201,\"server\":\"s/2\"");
		talk_expect(t, "\"path\":\"/out\",\"status\":200,\"content_type\":\"application/x-elf\",\"content_length\":4");
		talk_expect(t, "body http /out at 0 of 4 last");
		assert_int_equal(t->malformed + t->refused, 0);
		assert_int_equal(t->decoded, 4);
		talk_free(t);
	}
}

static void chunks_are_put_behind_each_other(void **state)
{
	(void)state;
	static const size_t steps[] = { 1, 3, 1000 };
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct talk *t = exchange("GET /f HTTP/1.1\r\n\r\nGET /g HTTP/1.1\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip,\r\n chunked\r\nContent-Length: 3\r\n\r\n"
			"A;name=value\r\n0123456789\r\n3\nabc\n0\r\nTrailer: x\r\n\r\n"
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", steps[i]);
		talk_expect(t, "body http /f at 0 of 10 [");
		talk_expect(t, "body http /f at 10 of 3 [");
		talk_expect(t, "body http /f at 13 of 0 last [");
		talk_expect(t, "body http /g at 0 of 2 last");
		assert_int_equal(t->malformed + t->refused, 0);
		talk_free(t);
	}
}

static void a_chunk_that_is_none_ends_the_counting(void **state)
{
	(void)state;
	struct talk *t = exchange("GET /f HTTP/1.1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\nHTTP", 1);
	talk_expect(t, "body http /f at 3 open last [");
	assert_int_equal(t->malformed, 1);
	talk_free(t);
}

static void after_a_hole_in_chunks_a_new_message_is_seen(void **state)
{
	(void)state;
	struct talk *t = exchange("GET /f HTTP/1.1\r\n\r\nGET /g HTTP/1.1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", 11);
	talk_expect(t, "\"path\":\"/g\",\"status\":404");
	talk_free(t);
}

static void answers_without_a_body_have_none(void **state)
{
	(void)state;
	struct talk *t = exchange(
		"HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nPOST /c HTTP/1.1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nHTTP/1.1 304 Same\r\nContent-Length: 99\r\n\r\n"
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n", 7);
	talk_expect(t, "\"path\":\"/a\",\"status\":200");
	talk_expect(t, "\"path\":\"/b\",\"status\":304");
	talk_expect(t, "\"path\":\"/c\",\"status\":100");
	talk_expect(t, "\"path\":\"/c\",\"status\":204");
	talk_never(t, "body");
	assert_int_equal(t->refused, 0);
	talk_free(t);
}

static void a_part_of_a_file_lies_where_it_says(void **state)
{
	(void)state;
	struct talk *t = exchange("GET /f HTTP/1.1\r\n\r\n",
		"HTTP/1.1 206 Part\r\nContent-Range: bytes 100-103/104\r\nContent-Length: 4\r\n\r\nabcd", 1000);
	talk_expect(t, "body http /f at 100 of 4 last");
	talk_free(t);
	t = exchange("GET /f HTTP/1.1\r\n\r\n",
		"HTTP/1.1 206 Part\r\nContent-Range: bytes 9-3/1\r\nContent-Length: 4\r\n\r\nabcd", 1000);
	talk_expect(t, "body http /f at 0 of 4 last");
	talk_free(t);
}

static void without_a_length_the_body_lasts_until_the_close(void **state)
{
	(void)state;
	static const char *const heads[] = {
		"", "Content-Length: -5\r\n", "Content-Length: 5, 6\r\n", "Content-Length: 99999999999999999999\r\n",
		"Transfer-Encoding: chunked, x\r\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		char down[200];
		snprintf(down, sizeof(down), "HTTP/1.0 200 OK\r\n%s\r\nHTTP/1.1 500 not this\r\n\r\n", heads[i]);
		struct talk *t = exchange("GET /f HTTP/1.1\r\n\r\n", down, 1000);
		talk_expect(t, "body http /f at 0 open last");
		talk_never(t, "500");
		talk_free(t);
	}
}

static void what_goes_through_a_tunnel_is_no_http(void **state)
{
	(void)state;
	struct talk *t = talk_new("http");
	talk_bytes(t, true, BYTES("CONNECT far.away:443 HTTP/1.1\r\nProxy-Authorization: Basic eA==\r\n\r\n"), 20);
	talk_bytes(t, false, BYTES("HTTP/1.1 200 Connected\r\n\r\nHTTP/1.1 500 inside\r\n\r\n"), 20);
	talk_bytes(t, true, BYTES("\x16\x03\x01\0\x05hello"), 2);
	talk_expect(t, "\"method\":\"CONNECT\",\"host\":\"far.away:443\"");
	talk_never(t, "500");
	assert_int_equal(t->malformed + t->refused, 0);
	talk_free(t);
	t = exchange("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
		     "HTTP/1.1 101 Go\r\nUpgrade: websocket\r\n\r\n\x81\x05hello", 5);
	talk_expect(t, "\"upgrade\":\"websocket\"");
	assert_int_equal(t->malformed + t->refused, 0);
	talk_free(t);
}

static void sloppy_heads_are_read_as_others_read_them(void **state)
{
	(void)state;
	static const char *const down[] = {
		"HTTP/1.1 200 OK\nContent-Length : 2\nServer:x\n\nok",
		"HTTP/1.1 200 OK\r\nServer:\r\n\tx\r\nContent-Length:\r\n 2\r\n\r\nok",
		" \r\nfoobar\r\nHTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 2\r\n\r\nok",
		"\r\n\r\nHTTP/1.1 0200 OK\r\nserver: x\r\nno colon\r\ncontent-length: 2\r\n\r\nok",
		"SIP/2.0 200 ok\r\nHTTP/1.2 200 OK\r\nSERVER: x\r\nCONTENT-LENGTH: 2\r\n\r\nok",
	};
	for (size_t i = 0; i < ARRAY_LEN(down); i++)
		for (size_t step = 1; step <= 100; step += 33) {
			struct talk *t = exchange("GET /f HTTP/1.1\r\n\r\n", down[i], step);
			talk_expect(t, "\"path\":\"/f\",\"status\":200,\"server\":\"x\"");
			talk_expect(t, "body http /f at 0 of 2 last");
			talk_free(t);
		}
}

static void answers_beyond_memory_have_no_path_rather_than_a_wrong_one(void **state)
{
	(void)state;
	struct talk *t = talk_new("http");
	for (int i = 0; i < 9; i++) {
		char up[64];
		snprintf(up, sizeof(up), "GET /f%d HTTP/1.1\r\n\r\n", i);
		talk_bytes(t, true, span_str(up), 64);
	}
	for (int i = 0; i < 9; i++) {
		char down[80], path[32];
		snprintf(down, sizeof(down), "HTTP/1.1 20%d OK\r\nContent-Length: 0\r\n\r\n", i);
		buf_reset(&t->said);
		talk_bytes(t, false, span_str(down), 64);
		snprintf(path, sizeof(path), "\"path\":\"/f%d\"", i);
		if (i < 5)
			talk_never(t, "\"path\"");
		else
			talk_expect(t, path);
	}
	talk_free(t);
}

static void an_endless_head_is_bounded_and_linear(void **state)
{
	(void)state;
	struct talk *t = talk_new("http");
	talk_bytes(t, true, BYTES("GET /f HTTP/1.1\r\nX: "), 100);
	struct buf b = { 0 };
	buf_fill(&b, 'a', 200000);
	talk_bytes(t, true, buf_span(&b), 100);
	talk_expect(t, "\"path\":\"/f\"");
	assert_true(t->asked <= 64 * 1024);
	assert_int_equal(t->decoded, 1);
	buf_done(&b);
	talk_free(t);
}

static void a_cut_head_is_read_as_far_as_it_goes(void **state)
{
	(void)state;
	struct talk *t = exchange("GET /f HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Le", 10);
	talk_expect(t, "\"status\":200,\"server\":\"x\"");
	talk_never(t, "body");
	talk_free(t);
}

static void damage_does_no_harm(void **state)
{
	(void)state;
	char down[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 1-2/3\r\n\r\n"
		"5;x\r\nabcde\r\n0\r\n\r\nHTTP/1.1 206 OK\r\nContent-Range: bytes 1-2/3\r\nContent-Length: 2\r\n\r\nok";
	for (size_t i = 0; i < sizeof(down) - 1; i++)
		for (unsigned flip = 0; flip < 3; flip++) {
			char was = down[i];
			down[i] = (char)(flip == 0 ? '\n' : flip == 1 ? 0 : was ^ 0x80);
			struct talk *t = talk_new("http");
			talk_bytes(t, true, BYTES("GET /f HTTP/1.1\r\n\r\nGET /g HTTP/1.1\r\n\r\n"), 1000);
			talk_bytes(t, false, span_of(down, sizeof(down) - 1), 40);
			talk_bid("http", span_of(down, sizeof(down) - 1), true);
			talk_close(t, false);
			talk_free(t);
			down[i] = was;
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_logs_in_leaves_as_tokens),
		cmocka_unit_test(an_answer_without_a_question_for_a_password_says_nothing), cmocka_unit_test(kin_of_http_get_no_bid),
		cmocka_unit_test(requests_and_answers_are_sure),
		cmocka_unit_test(no_value_of_a_query_and_no_credential_is_shown),
		cmocka_unit_test(a_length_says_where_the_body_ends),
		cmocka_unit_test(chunks_are_put_behind_each_other),
		cmocka_unit_test(a_chunk_that_is_none_ends_the_counting),
		cmocka_unit_test(after_a_hole_in_chunks_a_new_message_is_seen),
		cmocka_unit_test(answers_without_a_body_have_none),
		cmocka_unit_test(a_part_of_a_file_lies_where_it_says),
		cmocka_unit_test(without_a_length_the_body_lasts_until_the_close),
		cmocka_unit_test(what_goes_through_a_tunnel_is_no_http),
		cmocka_unit_test(sloppy_heads_are_read_as_others_read_them),
		cmocka_unit_test(answers_beyond_memory_have_no_path_rather_than_a_wrong_one),
		cmocka_unit_test(an_endless_head_is_bounded_and_linear),
		cmocka_unit_test(a_body_of_hl7_is_read_as_such),
		cmocka_unit_test(a_cut_head_is_read_as_far_as_it_goes),
		cmocka_unit_test(damage_does_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
