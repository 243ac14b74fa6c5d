/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Analysers: negatives first. */
#include "talk.h"

#define AUTO_BUF __attribute__((cleanup(buf_done))) struct buf
#define BYTES(s) span_of(s, sizeof(s) - 1)
#define HEAD "H|\\^&|||GLUCO-7^1.2|||||LABHOST||P|LIS2-A2|20260301\r"
#define PERSON "P|1|PAT77^^^X|||ROE^JANE||19700101|F||1 Lane||555|DRX^Y||||||||||||WARD9\r"

/* A frame with its right sum. */
static struct span framed(char number, const char *text, bool goes_on, struct buf *b)
{
	uint8_t sum = 0;
	size_t from = b->n;
	buf_printf(b, "\x02%c%s%c", number, text, goes_on ? 0x17 : 0x03);
	for (size_t i = from + 1; i < b->n; i++)
		sum = (uint8_t)(sum + b->p[i]);
	buf_printf(b, "%02X\r\n", sum);
	return buf_span(b);
}

static void other_text_is_refused(void **state)
{
	(void)state;
	static const char *const others[] = {
		"GET / HTTP/1.1\r\n",
		"\x02"
		"1P|1||\r\x03"
		"00\r\n",
		"HELO me\r\n",
		"H|a~&|x\r",
		"H|\\\\&|x\r",
		"\x05\x04\x06",
		"P|1|PAT77\r",
		"\x02lab\n\x02"
		"55 cfA257vm\n",
		"\x02"
		"9H|\\^&|\r",
		"MSH|^~\\&|A|B|C|D|1||ACK|1|P|2.3\r",
		"\x0b\x0b",
	};
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_true(talk_bid("lis", span_str(others[i]), true) < BID_LIKELY);
	assert_int_equal(talk_bid("lis", BYTES("GET / HTTP/1.1\r\n"), false), BID_NO);
	assert_int_equal(talk_bid("lis", BYTES("\x05"), false), BID_WAIT);
	assert_int_equal(talk_bid("lis", BYTES("\x05"), true), BID_NO);
}

static void a_header_or_a_right_sum_is_enough(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	assert_int_equal(talk_bid("lis", BYTES("\x05\x02" "1" HEAD), false), BID_SURE);
	assert_true(talk_bid("lis", BYTES(HEAD), false) >= BID_LIKELY);
	assert_true(talk_bid("lis", framed('4', "R|1|^^^GLU|5\r", false, &b), false) >= BID_LIKELY);
	assert_int_equal(talk_bid("lis", BYTES("\x02" HEAD), false), BID_SURE);
	assert_true(talk_bid("lis", BYTES("H|`^&|||X\r"), false) >= BID_LIKELY);
	b.p[8] ^= 1;
	assert_int_equal(talk_bid("lis", buf_span(&b), false), BID_NO);
	for (size_t n = 0; n < 7; n++)
		assert_int_equal(talk_bid("lis", span_cut(BYTES("\x05\x02" "1" HEAD), n + 1), false), BID_WAIT);
}

static struct talk *told(struct span s, size_t step)
{
	struct talk *t = talk_new("lis");
	talk_bytes(t, true, s, step);
	return t;
}

static void a_patient_leaves_as_tokens_only(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	buf_u8(&b, 0x05);
	framed('1', HEAD PERSON "O|1|SPEC5^2||^^^GLU\rC|1|L|saw ROE\r"
	       "R|1|^^^GLU^1|5.5|mmol/L||H|||||JILL|202603010940\r", false, &b);
	buf_u8(&b, 0x04);
	static const size_t steps[] = { 1, 2, 7, 4096 };
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct talk *t = told(buf_span(&b), steps[i]);
		talk_expect(t, "\"type\":\"HPOCR\",\"framed\":true");
		talk_expect(t, "\"role\":\"analyser\"");
		talk_expect(t, "\"sender\":\"GLUCO-7\",\"receiver\":\"LABHOST\",\"version\":\"LIS2-A2\"");
		talk_expect(t, "\"patient_id\":{\"length\":5,");
		talk_expect(t, "\"patient_name\":{\"length\":8,");
		talk_expect(t, "\"orders\":1,\"results\":1");
		talk_expect(t, "\"name\":\"glucose\",\"code\":\"GLU\",\"code_system\":\"vendor\",\"mdc\":160020");
		talk_expect(t, "\"unit\":\"mmol/L\"");
		static const char *const never[] = { "ROE", "PAT77", "19700101", "JILL", "SPEC5", "DRX", "WARD9", "bad_checksum" };
		for (size_t k = 0; k < ARRAY_LEN(never); k++)
			talk_never(t, never[k]);
		assert_int_equal(t->malformed + t->refused, 0);
		talk_free(t);
	}
}

static void a_record_goes_on_in_the_next_frame(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	framed('1', HEAD "P|1|PAT", true, &b);
	framed('2', "77|||ROE^JA", true, &b);
	framed('3', "NE\rR|1|8867-4^HR|61|bpm\r", false, &b);
	struct talk *t = told(buf_span(&b), 3);
	talk_expect(t, "\"goes_on\":true");
	talk_expect(t, "\"patient_id\":{\"length\":5,");
	talk_expect(t, "\"patient_name\":{\"length\":8,");
	talk_expect(t, "\"name\":\"heart_rate\",\"code\":\"8867-4\",\"code_system\":\"LOINC\",\"mdc\":147842");
	talk_expect(t, "\"unit\":\"/min\",\"patient_id\":{\"length\":5,");
	assert_int_equal(t->malformed, 0);
	talk_free(t);
}

static void records_without_frames_and_every_patient_count(void **state)
{
	(void)state;
	struct talk *t = told(BYTES("\x0b" HEAD PERSON "R|1|^^^TROP|POSITIVE\rP|2|PAT78\rL|1|N\r\x1c\r"), 5);
	talk_expect(t, "\"type\":\"H\",\"framed\":false");
	talk_expect(t, "\"note\":{\"length\":8,");
	talk_never(t, "POSITIVE");
	talk_never(t, "\"vitals\"");
	assert_int_equal(t->malformed + t->refused, 0);
	talk_free(t);
	t = told(BYTES("\x02H|`^&|||X7\rR|1|^^^GLU|5,5\r\x03\r\n\x04"), 1);     /* neither number nor sum */
	talk_expect(t, "\"type\":\"HR\"");
	talk_expect(t, "\"name\":\"glucose\"");
	assert_int_equal(t->malformed + t->refused, 0);
	talk_free(t);
	AUTO_BUF b = { 0 };
	t = told(framed('0', HEAD PERSON "P|2|PAT78\r", false, &b), 64);
	talk_expect(t, "\"type\":\"HP\"");
	talk_expect(t, "\"type\":\"P\"");
	talk_free(t);
}

static void a_wrong_sum_is_said(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	framed('1', HEAD, false, &b);
	b.p[20] ^= 1;
	struct talk *t = told(buf_span(&b), 64);
	talk_expect(t, "\"bad_checksum\":true");
	talk_free(t);
}

/* Deterministic damage: nothing hangs, nothing planted leaves. */
static void every_prefix_and_every_flipped_byte_is_survived(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	framed('1', HEAD "P|1|PATZZ77|||ROEZZ^JANEZZ\r", true, &b);
	framed('2', "R|1|^^^GLU|5.5|mmol/L\r", false, &b);
	for (size_t i = 0; i < b.n; i++) {
		struct talk *t = told(span_cut(buf_span(&b), i), 16);
		talk_close(t, true);
		talk_free(t);
		for (unsigned bit = 0; bit < 8; bit += 3) {
			b.p[i] ^= (uint8_t)(1u << bit);
			t = told(buf_span(&b), 64);
			talk_close(t, true);
			talk_never(t, "PATZZ77\"");
			talk_free(t);
			b.p[i] ^= (uint8_t)(1u << bit);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_text_is_refused),
		cmocka_unit_test(a_header_or_a_right_sum_is_enough),
		cmocka_unit_test(a_patient_leaves_as_tokens_only),
		cmocka_unit_test(a_record_goes_on_in_the_next_frame),
		cmocka_unit_test(records_without_frames_and_every_patient_count),
		cmocka_unit_test(a_wrong_sum_is_said),
		cmocka_unit_test(every_prefix_and_every_flipped_byte_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
