/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Point-of-care analysers: negatives first. */
#include "decode/xml_scan.h"
#include "talk.h"

#define BYTES(s) span_of(s, sizeof(s) - 1)
#define HELLO "<?xml version=\"1.0\"?>\n<HEL.R01><HDR><HDR.control_id V=\"1\"/><HDR.version_id V=\"POCT1\"/></HDR>" \
	"<DEV><DEV.device_id V=\"02-07\"/><DEV.vendor_id V=\"LABMAKER\"/><DEV.model_id V=\"GLUCO 7\"/>" \
	"<DEV.serial_id V=\"SN1\"/><DEV.sw_version V=\"3.1\"/></DEV></HEL.R01>"
#define HDR "<HDR><HDR.control_id V=\"7\"/><HDR.version_id V='POCT1' /></HDR>"
#define RESULTS "\r\n<OBS.R01>" HDR "<SVC><SVC.role_cd V=\"OBS\"/>" \
	"<SVC.observation_dttm V=\"2026-03-01T09:40:00+01:00\"/>" \
	"<PT><PT.patient_id V=\"PLANTED77\"/><PT.name V=\"PLANTED&amp;NAME\"/><PT.location V=\"PLANTEDward\"/>" \
	"<OBS><OBS.observation_id V=\"2341-6\" DN=\"Glu\" SN=\"LN\"/><OBS.value V=\"145\" U=\"mg/dL\"/></OBS>" \
	"<OBS><OBS.observation_id V=\"FluA\"/><OBS.qualitative_value V=\"PLANTEDpos\"/></OBS></PT>" \
	"<OPR><OPR.operator_id V=\"PLANTEDop\"/></OPR><NTE><NTE.text V=\"PLANTEDa\">PLANTEDb</NTE.text></NTE></SVC>" \
	"<SVC><PT><PT.patient_id V=\"PLANTED78\"/>" \
	"<OBS><OBS.observation_id V=\"pH\"/><OBS.value V=\"7.4\" U=\"\"/></OBS></PT></SVC>" \
	"<SVC><CTC><CTC.name V=\"Level 1\"/>" \
	"<OBS><OBS.observation_id V=\"GLU\"/><OBS.value V=\"4.9\"/></OBS></CTC></SVC></OBS.R01>"

static void other_xml_is_refused(void **state)
{
	(void)state;
	static const char *const others[] = {
		"<html><body>", "<?xml version=\"1.0\"?><soap:Envelope>", "<OBS.R0X>", "<HEL.R01", "HEL.R01", "< HEL>",
		"<stream:stream xmlns='jabber:client'>", "<policy-file-request/>", "<!-- <HEL.R01> -->x", "</HEL.R01>",
	};
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(talk_bid("poct1a", span_str(others[i]), true), BID_NO);
	assert_int_equal(talk_bid("poct1a", BYTES("GET / HTTP/1.1"), false), BID_NO);
}

static void every_start_is_waited_for(void **state)
{
	(void)state;
	struct span s = BYTES("<?xml version=\"1.0\"?>\n<HEL.R01>");
	for (size_t n = 1; n < s.n; n++)
		assert_int_equal(talk_bid("poct1a", span_cut(s, n), false), BID_WAIT);
	assert_int_equal(talk_bid("poct1a", s, false), BID_SURE);
}

static struct talk *told(struct span s, size_t step)
{
	struct talk *t = talk_new("poct1a");
	talk_bytes(t, true, s, step);
	return t;
}

static void a_device_says_who_it_is(void **state)
{
	(void)state;
	struct talk *t = told(BYTES(HELLO), 9);
	talk_expect(t, "\"event\":\"HEL.R01\",\"control_id\":\"1\",\"version\":\"POCT1\",\"role\":\"analyser\","
		       "\"device_id\":\"02-07\","
		       "\"maker\":\"LABMAKER\",\"model\":\"GLUCO 7\",\"serial\":\"SN1\",\"firmware\":\"3.1\"");
	assert_int_equal(t->malformed + t->refused, 0);
	talk_free(t);
}

static void results_of_patients_leave_and_controls_and_names_do_not(void **state)
{
	(void)state;
	static const size_t steps[] = { 1, 61, 5000 };
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct talk *t = told(BYTES(RESULTS "<ACK.R01>" HDR "</ACK.R01>"), steps[i]);
		talk_expect(t, "\"name\":\"glucose\",\"code\":\"2341-6\",\"code_system\":\"LOINC\",\"mdc\":160020,\"unit\":\"mg/dL\","
			       "\"patient_id\":{\"length\":9,");
		talk_expect(t, "\"device_time\":\"2026-03-01T09:40:00+01:00\"");
		talk_expect(t, "\"name\":\"ph\",\"code\":\"pH\"");
		talk_expect(t, "\"observations\":2");
		talk_expect(t, "\"controls\":1");
		talk_expect(t, "\"patient_name\":{\"length\":12,");
		talk_expect(t, "\"part\":2");
		talk_expect(t, "\"event\":\"ACK.R01\",\"control_id\":\"7\",\"version\":\"POCT1\"}");
		talk_never(t, "PLANTED");
		talk_never(t, "\"code\":\"GLU\"");
		assert_int_equal(t->malformed + t->refused, 0);
		talk_free(t);
	}
}

static void a_message_without_end_is_bounded(void **state)
{
	(void)state;
	struct talk *t = talk_new("poct1a");
	struct buf b = { 0 };
	buf_text(&b, "<OBS.R01><NTE>");
	while (b.n < 240 * 1024)
		buf_text(&b, "<NTE.text V=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"/>");
	talk_bytes(t, true, buf_span(&b), 8192);
	assert_int_equal(t->refused, 1);
	buf_done(&b);
	talk_free(t);
}

static void markup_is_cut_where_it_should(void **state)
{
	(void)state;
	struct xml x = xml_of(BYTES("<?x?><!DOCTYPE a><p:a k='v>' q:w=\"2\"> t &lt; <!-- <b> --><![CDATA[<c>]]><d/></p:a><e"));
	struct xml_part p = xml_next(&x);
	assert_true(p.kind == XML_OPEN && span_is(p.name, "a") && span_is(xml_attribute(p.attributes, "w"), "2"));
	assert_true(span_is(xml_attribute(p.attributes, "k"), "v>") && xml_attribute(p.attributes, "z").n == 0);
	assert_true(span_is(xml_tag(&p), "<p:a"));
	p = xml_next(&x);
	assert_true(p.kind == XML_TEXT && span_is(p.text, "t &lt;"));
	p = xml_next(&x);
	assert_true(p.kind == XML_TEXT && span_is(p.text, "<c>"));
	p = xml_next(&x);
	assert_true(p.kind == XML_EMPTY && span_is(p.name, "d"));
	p = xml_next(&x);
	assert_true(p.kind == XML_CLOSE && span_is(p.name, "a"));
	assert_true(xml_next(&x).kind == XML_END && xml_next(&x).kind == XML_END);
}

static void every_prefix_and_every_flipped_byte_is_survived(void **state)
{
	(void)state;
	static const char whole[] = RESULTS;
	char bytes[sizeof(whole)];
	memcpy(bytes, whole, sizeof(whole));
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		struct talk *t = told(span_of(whole, i), 512);
		talk_close(t, true);
		talk_free(t);
		bytes[i] ^= 0x12;
		t = told(span_of(bytes, sizeof(whole) - 1), 512);
		talk_close(t, true);
		talk_free(t);
		bytes[i] ^= 0x12;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_xml_is_refused),
		cmocka_unit_test(every_start_is_waited_for),
		cmocka_unit_test(a_device_says_who_it_is),
		cmocka_unit_test(results_of_patients_leave_and_controls_and_names_do_not),
		cmocka_unit_test(a_message_without_end_is_bounded),
		cmocka_unit_test(markup_is_cut_where_it_should),
		cmocka_unit_test(every_prefix_and_every_flipped_byte_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
