/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as JSON: what strangers sent must come out as inert text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "base/scope.h"
#include "record/json.h"

enum { TEXT, NAME, PULSE, REAL, WHEN, ADDR, MAC, SUM, LIST, CHILD, CHILDREN, YES, MINUS, COUNT };

static const struct field fields[COUNT] = {
	[TEXT] = { "text", F_TEXT, "" },
	[NAME] = { "patient_name", F_TEXT, "", .privacy = PATIENT },
	[PULSE] = { "pulse", F_UINT, "", .privacy = VITAL },
	[REAL] = { "real", F_REAL, "" },
	[WHEN] = { "when", F_TIME, "" },
	[ADDR] = { "addr", F_ADDR, "" },
	[MAC] = { "mac", F_MAC, "" },
	[SUM] = { "sum", F_HASH, "" },
	[LIST] = { "list", F_TEXTS, "" },
	[CHILD] = { "child", F_RECORD, "" },
	[CHILDREN] = { "children", F_RECORDS, "" },
	[YES] = { "yes", F_BOOL, "" },
	[MINUS] = { "minus", F_INT, "" },
};
static RECORD_TYPE(type, "test", "", fields);

static void expect_text(struct span in, const char *out)
{
	struct buf b = { 0 };
	json_put_text(&b, in);
	buf_u8(&b, 0);
	assert_string_equal((const char *)b.p, out);
	buf_done(&b);
}

#define BYTES(s) span_of(s, sizeof(s) - 1)

static void controls_and_direction_marks_are_escaped(void **state)
{
	(void)state;
	expect_text(BYTES("\x1b[2J\a"), "\"\\u001b[2J\\u0007\"");
	expect_text(BYTES("a\0b"), "\"a\\u0000b\"");
	expect_text(BYTES("\"\\\n\r\t/"), "\"\\\"\\\\\\n\\r\\t/\"");
	expect_text(BYTES("\x7f\xc2\x9b"), "\"\\u007f\\u009b\"");
	expect_text(BYTES("abc\u202Ecod.exe"), "\"abc\\u202ecod.exe\"");
	expect_text(BYTES("\u2066\u200B\uFEFF\u2028"), "\"\\u2066\\u200b\\ufeff\\u2028\"");
	expect_text(BYTES("\U000E0041"), "\"\\udb40\\udc41\"");
}

static void bytes_that_are_no_utf8_become_the_replacement_character(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "M\xFCller", "\"M\uFFFDller\"" }, { "\xC0\xAF", "\"\uFFFD\uFFFD\"" }, { "\xED\xA0\x80", "\"\uFFFD\uFFFD\uFFFD\"" },
		{ "\xF4\x90\x80\x80", "\"\uFFFD\uFFFD\uFFFD\uFFFD\"" }, { "\xE2\x82", "\"\uFFFD\"" },
		{ "\xF0\x9F\x92", "\"\uFFFD\"" },
		{ "\x80 ok", "\"\uFFFD ok\"" }, { "12345678\xFF", "\"12345678\uFFFD\"" },
	};
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		expect_text(span_str(t[i].in), t[i].out);
	expect_text(BYTES("Grüße 監視 \U0001F3E5"), "\"Grüße 監視 \U0001F3E5\"");
	expect_text(BYTES("plain text of more than eight bytes"), "\"plain text of more than eight bytes\"");
}

/* Whatever the bytes, and wherever in a word of eight they stand, a strict parser takes the result. */
static void every_byte_at_every_place_gives_valid_json(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++)
		for (unsigned at = 0; at < 17; at++) {
			uint8_t in[17];
			memset(in, 'a', sizeof(in));
			in[at] = (uint8_t)byte;
			struct buf b = { 0 };
			json_put_text(&b, span_of(in, sizeof(in)));
			json_error_t error;
			json_t *j = json_loadb((const char *)b.p, b.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
			assert_non_null(j);
			if (byte >= 0x20 && byte < 0x7F) {
				assert_int_equal(json_string_length(j), sizeof(in));
				assert_memory_equal(json_string_value(j), in, sizeof(in));
			}
			for (size_t i = 0; i < b.n; i++)
				assert_true(b.p[i] >= 0x20 && b.p[i] != 0x7F);
			json_decref(j);
			buf_done(&b);
		}
}

static void real_numbers_are_short_and_read_back_the_same(void **state)
{
	(void)state;
	static const struct {
		double v;
		const char *text;
	} t[] = {
		{ 0, "0" }, { 97, "97" }, { -3, "-3" }, { 0.1, "0.1" }, { 36.6, "36.6" }, { -0.05, "-0.05" }, { 1.05, "1.05" },
		{ 0.9, "0.9" }, { 1e300, "1e+300" }, { 1.0 / 3, "0.3333333333333333" }, { 0.000001, "0.000001" },
		{ 123456789.125, "123456789.125" }, { 5e-324, "4.94065645841247e-324" },
		{ 0.30000000000000004, "0.30000000000000004" },
	};
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct buf b = { 0 };
		json_put_real(&b, t[i].v);
		buf_u8(&b, 0);
		assert_string_equal((const char *)b.p, t[i].text);
		assert_true(fabs(strtod((const char *)b.p, NULL) - t[i].v) <= 0);
		buf_done(&b);
	}
	struct buf b = { 0 };
	json_put_real(&b, (double)NAN);
	json_put_real(&b, HUGE_VAL);
	assert_true(span_is(buf_span(&b), "nullnull"));
	buf_done(&b);
}

static void times_are_utc_with_nine_digits(void **state)
{
	(void)state;
	static const struct {
		uint64_t ns;
		const char *text;
	} t[] = {
		{ 0, "\"1970-01-01T00:00:00.000000000Z\"" }, { 1700000000123456789u, "\"2023-11-14T22:13:20.123456789Z\"" },
		{ 951782400000000000u, "\"2000-02-29T00:00:00.000000000Z\"" },
		{ 4107542399999999999u, "\"2100-02-28T23:59:59.999999999Z\"" },
		{ UINT64_MAX, "\"2554-07-21T23:34:33.709551615Z\"" },
	};
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct buf b = { 0 };
		json_put_time(&b, t[i].ns);
		buf_u8(&b, 0);
		assert_string_equal((const char *)b.p, t[i].text);
		buf_done(&b);
	}
}

static const char *file_name(void *ctx, uint32_t file)
{
	return file == 3 ? ctx : NULL;
}

static void a_record_comes_out_in_the_order_of_its_table(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 0);
	struct keyring *k = keyring_new(keyring_test_key);
	struct record_host host = { .keyring = k, .arena = &arena };
	struct origin at = { .ts = 1000000000, .packet = 7, .file = 3, .src = addr_v4(0x0A000001), .dst = addr_v4(0xFFFFFFFF),
			     .sport = 1024, .dport = 515, .vlan = 12, .proto = 6 };
	uint8_t sum[32] = { 0xAB };
	struct record r, empty, child;
	record_begin(&empty, &type, &at, &host);
	record_begin(&child, &type, NULL, &host);
	record_uint(&child, PULSE, 60);
	record_str(&child, TEXT, "in");
	record_begin(&r, &type, &at, &host);
	record_int(&r, MINUS, INT64_MIN);
	record_bool(&r, YES, true);
	record_add(&r, CHILDREN, &empty);
	record_add(&r, CHILDREN, &child);
	record_child(&r, CHILD, &empty);
	record_add_text(&r, LIST, SPAN_LIT("a"));
	record_add_text(&r, LIST, SPAN_LIT("b"));
	record_hash(&r, SUM, sum);
	record_mac(&r, MAC, mac_from(SPAN_LIT("\1\2\3\4\5\xff")));
	record_addr(&r, ADDR, addr_from6(SPAN_LIT("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1")));
	record_time(&r, WHEN, 1);
	record_real(&r, REAL, 0.5);
	record_uint(&r, PULSE, 97);
	record_str(&r, NAME, "Doe^Jane");
	record_str(&r, TEXT, "x");
	struct buf b = { 0 };
	struct json_opts opts = { .file_name = file_name, .ctx = (void *)(uintptr_t)"in.pcap" };
	json_record(&b, &r, &opts);
	buf_u8(&b, 0);
	const char *got = (const char *)b.p;
	assert_null(strstr(got, "Doe"));
	assert_null(strstr(got, "pulse"));
	assert_non_null(strstr(got,
		"{\"kind\":\"test\",\"time\":\"1970-01-01T00:00:01.000000000Z\",\"file\":\"in.pcap\",\"packet\":7,"
		"\"src\":\"10.0.0.1\",\"sport\":1024,\"dst\":\"255.255.255.255\",\"dport\":515,\"vlan\":12,\"text\":\"x\","
		"\"patient_name\":{\"length\":8,\"hash\":\""));
	assert_non_null(strstr(got,
		"\"},\"real\":0.5,\"when\":\"1970-01-01T00:00:00.000000001Z\",\"addr\":\"2001:db8::1\",\"mac\":\"01:02:03:04:05:ff\","
		"\"sum\":\"ab00000000000000000000000000000000000000000000000000000000000000\",\"list\":[\"a\",\"b\"],\"child\":{},"
		"\"children\":[{},{\"text\":\"in\"}],\"yes\":true,\"minus\":-9223372036854775808}"));
	buf_reset(&b);
	opts.vitals = true;
	json_record(&b, &r, &opts);
	buf_u8(&b, 0);
	assert_non_null(strstr((const char *)b.p, "\"pulse\":97"));
	assert_non_null(strstr((const char *)b.p, "{\"text\":\"in\",\"pulse\":60}"));
	buf_done(&b);
	keyring_free(k);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(controls_and_direction_marks_are_escaped),
		cmocka_unit_test(bytes_that_are_no_utf8_become_the_replacement_character),
		cmocka_unit_test(every_byte_at_every_place_gives_valid_json),
		cmocka_unit_test(real_numbers_are_short_and_read_back_the_same),
		cmocka_unit_test(times_are_utc_with_nine_digits),
		cmocka_unit_test(a_record_comes_out_in_the_order_of_its_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
