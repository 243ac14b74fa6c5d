/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mindray Patient Data Share: negatives first. Messages have the shape of those that programs for such monitors
 * show in their tests; persons and addresses are invented. */
#include "talk.h"

#define BYTES(s) span_of(s, sizeof(s) - 1)
#define BLOCK(s) BYTES("\x0b" s "\x1c\r")
#define ASK      "MSH|^~\\&|||||||QRY^R02|1203|P|2.3.1\rQRD|20260301|R|I|Q895211|||||RES\rQRF|MON||||0&0^1^1^1^\r"
#define VALUES   "MSH|^~\\&|||||||ORU^R01|204|P|2.3.1|\rOBX||NM|101^HR|2101|61||||||F\r" \
	"OBX||NM|105^I|2101|-100.00||||||F\r" \
	"OBX||NM|160^SpO2|2201|97||||||F\rOBX||NM|170^Sys|2105|-100||||||F\rOBX||NM|200^T1|2301|36.9||||||F\r"
/* 167772161: 10.0.0.1, which talk.h sends from */
#define PERSON   "MSH|^~\\&|||||||ORU^R01|103|P|2.3.1|\rPID|||14140f00-PLANTED||PLANTED^NAME||19310719|M|\r" \
	"PV1||I|^^ICUPLANTED&1&167772161&4601&&1|||\rOBR||||Mindray Monitor|||0|\rOBX||NM|52^||189.0||||||F\r" \
	"OBX||ST|2301^||424242||||||F\rOBX||ST|2308^BedNoStr||08||||||F\r"

static void other_hl7_is_left_to_hl7(void **state)
{
	(void)state;
	static const char *const others[] = {
		"MSH|^~\\&|A|B|C|D|20260301||ORU^R01|204|P|2.3.1\rPID|1\r", "MSH|^~\\&|||||||ORU^R01|204|P|2.4|\r",
		"MSH|^~\\&|||||||ORU^R01|MSG00001|P|2.3.1|\r", "MSH|^~\\&|||||||ORU^R01|7|P|2.3.1|\r", "MSH|", "GET / HTTP/1.1\r\n",
		"MSH|^~\\&|||||||ADT^A01|204|P|2.3.1|\r",
	};
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(talk_bid("mindray", span_str(others[i]), true), BID_NO);
	assert_true(talk_bid("hl7", span_str(others[0]), true) >= BID_LIKELY);
}

static void its_own_numbers_beat_hl7(void **state)
{
	(void)state;
	assert_true(talk_bid("mindray", BLOCK(ASK), false) > talk_bid("hl7", BLOCK(ASK), false));
	assert_true(talk_bid("mindray", BLOCK(VALUES), false) > talk_bid("hl7", BLOCK(VALUES), false));
	assert_true(talk_bid("mindray", BYTES(PERSON), false) > BID_SURE);
}

static struct talk *told(struct span s, size_t step)
{
	struct talk *t = talk_new("mindray");
	talk_bytes(t, true, s, step);
	return t;
}

static void values_get_units_and_no_value_is_none(void **state)
{
	(void)state;
	for (size_t step = 1; step < 400; step += 133) {
		struct talk *t = told(BLOCK(VALUES), step);
		talk_expect(t, "\"kind\":\"mindray\"");
		talk_expect(t, "\"event\":\"values\",\"number\":204");
		talk_expect(t, "\"message_type\":\"ORU^R01\"");
		talk_expect(t, "\"protocol\":\"mindray\",\"name\":\"heart_rate\",\"code\":\"101\",\"code_system\":\"vendor\","
			       "\"mdc\":147842,\"unit\":\"/min\"");
		talk_expect(t, "\"name\":\"spo2\"");
		talk_expect(t, "\"name\":\"temperature\"");
		talk_expect(t, "\"observations\":");
		talk_never(t, "nibp_sys");
		talk_never(t, "\"code\":\"105\"");
		assert_int_equal(t->malformed + t->refused, 0);
		talk_free(t);
	}
}

static void a_patient_leaves_as_tokens_and_settings_are_no_values(void **state)
{
	(void)state;
	struct talk *t = told(BLOCK(PERSON), 50);
	talk_expect(t, "\"event\":\"patient\",\"number\":103,\"role\":\"patient monitor\",\"maker\":\"Mindray\","
		       "\"monitor_address\":\"10.0.0.1\",\"monitor_port\":4601,\"patient_id\":{\"length\":6,");
	talk_expect(t, "\"name\":\"height\",\"code\":\"52\"");
	static const char *const never[] = { "PLANTED", "424242", "19310719", "\"code\":\"23", "BedNoStr" };
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		talk_never(t, never[i]);
	talk_free(t);
}

static void a_relay_is_no_monitor_and_a_question_says_so(void **state)
{
	(void)state;
	struct talk *t = told(BLOCK("MSH|^~\\&|||||||ADT^A01|101|P|2.3.1|\rPV1||I|^^W&2&167772170&4601&&1|||\r"), 50);
	talk_expect(t, "\"event\":\"announcement\",\"number\":101,\"monitor_address\":\"10.0.0.10\"");
	talk_never(t, "\"role\"");
	talk_free(t);
	t = told(BLOCK(ASK), 50);
	talk_expect(t, "\"event\":\"query\",\"number\":1203");
	talk_expect(t, "\"message_type\":\"QRY^R02\"");
	talk_free(t);
}

static void every_prefix_and_every_flipped_byte_is_survived(void **state)
{
	(void)state;
	static const char whole[] = "\x0b" PERSON "\x1c\r\x0b" VALUES "\x1c\r";
	char bytes[sizeof(whole)];
	memcpy(bytes, whole, sizeof(whole));
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		struct talk *t = told(span_of(whole, i), 64);
		talk_close(t, true);
		talk_free(t);
		bytes[i] ^= 0x11;
		t = told(span_of(bytes, sizeof(whole) - 1), 256);
		talk_close(t, true);
		talk_free(t);
		bytes[i] ^= 0x11;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_hl7_is_left_to_hl7),
		cmocka_unit_test(its_own_numbers_beat_hl7),
		cmocka_unit_test(values_get_units_and_no_value_is_none),
		cmocka_unit_test(a_patient_leaves_as_tokens_and_settings_are_no_values),
		cmocka_unit_test(a_relay_is_no_monitor_and_a_question_says_so),
		cmocka_unit_test(every_prefix_and_every_flipped_byte_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
