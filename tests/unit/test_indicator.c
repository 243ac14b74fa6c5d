/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Indicators: nonsense first, then patterns, look-ups and bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/scope.h"
#include "detect/indicator.h"

static struct addr ip(const char *text)
{
	struct addr a;
	assert_true(addr_parse(text, &a));
	return a;
}

static int read_text(struct indicators *t, const char *json, char err[256])
{
	err[0] = '\0';
	return indicators_read(t, span_str(json), "f.json", err);
}

static int read_pattern(struct indicators *t, const char *pattern, char err[256])
{
	struct buf b = { 0 };
	buf_text(&b, "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[{\"type\":\"identity\",\"id\":"
		     "\"identity--1\"},"
		     "{\"type\":\"indicator\",\"id\":\"indicator--7\",\"name\":\"n\",\"pattern_type\":\"stix\","
		     "\"pattern\":\"");
	buf_text(&b, pattern);
	buf_text(&b, "\"}]}");
	err[0] = '\0';
	int rc = indicators_read(t, buf_span(&b), "f.json", err);
	buf_done(&b);
	return rc;
}

static void nonsense_is_refused_with_its_place(void **state)
{
	(void)state;
	static const struct {
		const char *json, *says;
	} cases[] = {
		{ "", "f.json:1:0: not JSON" },
		{ "{\n\"type\": }", "f.json:2:9: not JSON" },
		{ "[1]", "f.json: object 1 has no \"type\"" },
		{ "{}", "object 1 has no \"type\"" },
		{ "{\"type\":\"bundle\",\"objects\":3}", "is not a list" },
		{ "{\"type\":\"indicator\",\"id\":\"indicator--1\"}", "indicator--1: an indicator without a pattern" },
	};
	struct indicators *t = indicators_new();
	size_t shipped = indicators_count(t);
	char err[256];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(read_text(t, cases[i].json, err), -22);
		if (!strstr(err, cases[i].says))
			fail_msg("%s: %s", cases[i].json, err);
	}
	assert_int_equal(indicators_count(t), shipped);
	indicators_free(t);
}

static void a_bad_pattern_is_refused_with_its_character_and_the_whole_file_with_it(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *says;
	} cases[] = {
		{ "ipv4-addr:value = '1.2.3.4'", "character 1: expected [" },
		{ "[ipv4-addr:value = '1.2.3.4'", "character 29: expected AND, OR or ]" },
		{ "[ipv4-addr:value '1.2.3.4']", "character 18: expected = or another comparison" },
		{ "[ipv4-addr:value = '1.2.3.4]", "expected a text in single quotes" },
		{ "[ipv4-addr:value = 'x']", "expected an address or a network" },
		{ "[ipv4-addr:value = 7]", "expected a text in single quotes" },
		{ "[network-traffic:dst_port = 65536]", "expected a port" },
		{ "[network-traffic:dst_port = '515']", "expected a number" },
		{ "[file:hashes.'SHA-256' = 'abcd']", "expected 64 hex digits" },
		{ "[(ipv4-addr:value = '1.2.3.4']", "expected )" },
		{ "[ipv4-addr:value = '1.2.3.4')]", "expected no ) here" },
		{ "[ipv4-addr:value = '1.2.3.4' AND]", "expected an object path" },
		{ "[ipv4-addr:value = '1.2.3.4'] AND", "expected [" },
		{ "[ipv4-addr:value = '1.2.3.4'] [", "expected AND, OR, FOLLOWEDBY or the end" },
		{ "([ipv4-addr:value = '1.2.3.4']", "expected )" },
		{ "[ipv4-addr:value = '1.2.3.4'] WITHIN x SECONDS", "expected a number" },
		{ "[ipv4-addr:value IN ('1.2.3.4' '5.6.7.8')]", "expected , or )" },
		{ "[foo = 'x']", "expected an object path" },
		{ "[]", "expected an object path" },
	};
	struct indicators *t = indicators_new();
	size_t shipped = indicators_count(t);
	char err[256];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(read_pattern(t, cases[i].pattern, err), -22);
		if (!strstr(err, cases[i].says) || !strstr(err, "f.json: indicator--7: pattern, "))
			fail_msg("%s: %s", cases[i].pattern, err);
	}
	assert_int_equal(indicators_count(t), shipped);
	indicators_free(t);
}

static void deep_and_wide_patterns_are_bounded(void **state)
{
	(void)state;
	struct indicators *t = indicators_new();
	struct buf b = { 0 };
	char err[256];
	buf_text(&b, "[");
	buf_fill(&b, '(', 60000);
	buf_u8(&b, 0);
	assert_int_equal(read_pattern(t, (const char *)b.p, err), -22);
	buf_reset(&b);
	buf_fill(&b, '(', 60000);
	buf_u8(&b, 0);
	assert_int_equal(read_pattern(t, (const char *)b.p, err), -22);
	buf_reset(&b);
	/* 2^20 alternatives if it were multiplied out */
	buf_text(&b, "[");
	for (int i = 0; i < 20; i++)
		buf_printf(&b, "%s(network-traffic:dst_port = %d OR domain-name:value = 'a%d')", i ? " AND " : "", 7,
			   i);
	buf_text(&b, "]");
	buf_u8(&b, 0);
	assert_int_equal(read_pattern(t, (const char *)b.p, err), 0);
	buf_reset(&b);
	buf_text(&b, "[ipv4-addr:value = '192.0.2.0'");
	for (int i = 1; i < 1500; i++)
		buf_printf(&b, " OR ipv4-addr:value = '192.0.%d.%d'", 2 + i / 250, i % 250);
	buf_text(&b, "]");
	buf_u8(&b, 0);
	assert_int_equal(read_pattern(t, (const char *)b.p, err), 0);
	assert_non_null(indicators_addr(t, ip("192.0.7.249"), 80, 6));
	buf_reset(&b);
	buf_fill(&b, '[', 100000);
	assert_int_equal(indicators_read(t, buf_span(&b), "f", err), -22);
	buf_done(&b);
	indicators_free(t);
}

static void what_packets_cannot_tell_is_counted_and_never_widened(void **state)
{
	(void)state;
	static const char *const patterns[] = {
		"[process:command_line = 'x']",
		"[ipv4-addr:value = '192.0.2.1' AND process:pid = 7]",
		"[ipv4-addr:value != '192.0.2.1']",
		"[NOT_A:thing = 'x' OR file:name MATCHES 'y']",
		"[ipv4-addr:value NOT = '192.0.2.1']",
		"[ipv4-addr:value = '192.0.2.1' AND ipv4-addr:value = '192.0.2.2']",
		"[network-traffic:protocols[*] = 'tcp']",
		"[EXISTS windows-registry-key:values]",
		"[file:created = t'2024-01-01T00:00:00Z']",
	};
	struct indicators *t = indicators_new();
	size_t shipped = indicators_count(t);
	char err[256];
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		size_t before = indicators_skipped(t);
		if (read_pattern(t, patterns[i], err))
			fail_msg("%s: %s", patterns[i], err);
		assert_true(indicators_skipped(t) > before);
		assert_int_equal(indicators_count(t), shipped);
	}
	assert_null(indicators_addr(t, ip("192.0.2.1"), 80, 6));
	assert_int_equal(
		read_text(t, "{\"type\":\"indicator\",\"pattern_type\":\"snort\",\"pattern\":\"alert\"}", err), 0);
	assert_int_equal(
		read_text(t,
			  "{\"type\":\"indicator\",\"revoked\":true,\"pattern\":\"[ipv4-addr:value = '192.0.2.1']\"}",
			  err),
		0);
	assert_null(indicators_addr(t, ip("192.0.2.1"), 80, 6));
	indicators_free(t);
}

static void shipped_addresses_are_found_and_neighbours_only_as_a_network(void **state)
{
	(void)state;
	struct indicators *t = indicators_new();
	const struct indicator *i = indicators_addr(t, ip("202.114.4.119"), 515, 6);
	assert_non_null(i);
	assert_int_equal(i->net.bits, 32);
	assert_string_equal(i->source, "ICSMA-25-030-01");
	i = indicators_addr(t, ip("202.114.4.7"), 80, 6);
	assert_true(i && i->net.bits == 24);
	assert_null(indicators_addr(t, ip("202.114.5.119"), 515, 6));
	assert_null(indicators_addr(t, ip("2001:db8::1"), 515, 6));
	assert_non_null(indicators_path(t, ip("202.114.4.119"), SPAN_LIT("/pm")));
	assert_null(indicators_path(t, ip("10.0.0.1"), SPAN_LIT("/pm")));
	assert_null(indicators_path(t, ip("202.114.4.119"), SPAN_LIT("/pmx")));
	assert_non_null(indicators_name(t, SPAN_LIT("BigData.Adups.com.")));
	assert_non_null(indicators_name(t, SPAN_LIT("x.bigdata.adups.com")));
	assert_null(indicators_name(t, SPAN_LIT("adups.com")));
	assert_null(indicators_name(t, SPAN_LIT("xbigdata.adups.com")));
	indicators_free(t);
}

static void and_or_and_brackets_come_to_what_they_mean(void **state)
{
	(void)state;
	struct indicators *t = indicators_new();
	char err[256];
	assert_int_equal(
		read_pattern(t,
			     "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = "
			     "'192.0.2.1' AND (network-traffic:dst_port = 515 OR network-traffic:dst_port = 511) AND "
			     "network-traffic:protocols[*] = 'tcp']",
			     err),
		0);
	assert_non_null(indicators_addr(t, ip("192.0.2.1"), 515, 6));
	assert_non_null(indicators_addr(t, ip("192.0.2.1"), 511, 6));
	assert_null(indicators_addr(t, ip("192.0.2.1"), 80, 6));
	assert_null(indicators_addr(t, ip("192.0.2.1"), 515, 17));
	assert_non_null(indicators_addr(t, ip("192.0.2.1"), 0, 0));      /* ARP */
	/* AND binds more tightly than OR */
	assert_int_equal(read_pattern(t, "[ipv4-addr:value = '192.0.2.8' OR ipv4-addr:value = '192.0.2.9' AND "
		"network-traffic:dst_port = 80]", err), 0);
	assert_non_null(indicators_addr(t, ip("192.0.2.8"), 1, 6));
	assert_null(indicators_addr(t, ip("192.0.2.9"), 1, 6));
	assert_non_null(indicators_addr(t, ip("192.0.2.9"), 80, 6));
	assert_int_equal(
		read_pattern(t,
			     "([ipv4-addr:value ISSUBSET '198.51.100.0/25'] AND [url:value = 'http://Ex.org/a']) "
			     "WITHIN 5 SECONDS FOLLOWEDBY [ipv6-addr:value IN ('2001:db8::1', '2001:db8::2')] "
			     "REPEATS 3 TIMES",
			     err),
		0);
	const struct indicator *i = indicators_addr(t, ip("198.51.100.127"), 80, 6);
	assert_true(i && i->part);
	assert_null(indicators_addr(t, ip("198.51.100.128"), 80, 6));
	assert_non_null(indicators_url(t, SPAN_LIT("HTTP://ex.ORG:80/a?x=1")));
	assert_null(indicators_url(t, SPAN_LIT("http://ex.org/A")));
	assert_null(indicators_url(t, SPAN_LIT("https://ex.org/a")));
	assert_non_null(indicators_addr(t, ip("2001:db8::2"), 80, 6));
	assert_string_equal(i->id, "indicator--7");
	assert_string_equal(i->source, "f.json");
	indicators_free(t);
}

static void hashes_names_and_shares_are_found(void **state)
{
	(void)state;
	struct indicators *t = indicators_new();
	char err[256];
	uint8_t sha[32];
	for (int i = 0; i < 32; i++)
		sha[i] = (uint8_t)(0xA0 + i % 16);
	assert_int_equal(
		read_pattern(
			t,
			"[file:hashes.'SHA-256' = 'a0A1a2a3a4a5a6a7a8a9aaabacadaeafa0a1a2a3a4a5a6a7a8a9aaabacadaeaf' "
			"OR file:hashes.MD5 = 'x' OR domain-name:value = 'Evil.example' OR url:value = "
			"'nfs://192.0.2.3/share/x']",
			err),
		0);
	assert_non_null(indicators_hash(t, sha));
	sha[31] ^= 1;
	assert_null(indicators_hash(t, sha));
	assert_non_null(indicators_name(t, SPAN_LIT("a.b.evil.EXAMPLE")));
	assert_non_null(indicators_path(t, ip("192.0.2.3"), SPAN_LIT("/share/x/")));
	assert_null(indicators_path(t, ip("192.0.2.4"), SPAN_LIT("/share/x")));
	assert_int_equal(indicators_skipped(t), 1);
	indicators_free(t);
}

static void a_prediction_is_preferred_and_names_its_finding(void **state)
{
	(void)state;
	struct indicators *t = indicators_new();
	char err[256];
	assert_int_equal(read_text(t,
				   "{\"type\":\"indicator\",\"id\":\"indicator--9\",\"description\":\"from image\","
				   "\"pattern\":\"[ipv4-addr:value = "
				   "'202.114.4.119']\",\"external_references\":[{\"source_name\":\"auscult\","
				   "\"external_id\":\"F-0123456789\"}]}",
				   err),
			 0);
	const struct indicator *i = indicators_addr(t, ip("202.114.4.119"), 515, 6);
	assert_true(i && i->finding);
	assert_string_equal(i->finding, "F-0123456789");
	assert_string_equal(i->name, "from image");
	indicators_free(t);
}

static void a_hundred_thousand_are_found_each(void **state)
{
	(void)state;
	struct indicators *t = indicators_new();
	struct buf b = { 0 };
	char err[256];
	buf_text(&b, "[");
	for (unsigned i = 0; i < 100000; i++)
		buf_printf(
			&b,
			"%s{\"type\":\"indicator\",\"id\":\"i\",\"pattern\":\"[ipv4-addr:value = '20.%u.%u.%u']\"}",
			i ? "," : "", i >> 16, i >> 8 & 255, i & 255);
	buf_text(&b, "]");
	assert_int_equal(indicators_read(t, buf_span(&b), "f", err), 0);
	for (unsigned i = 0; i < 100000; i++)
		assert_non_null(indicators_addr(t, addr_v4(20u << 24 | i), 80, 6));
	assert_null(indicators_addr(t, addr_v4(20u << 24 | 100000), 80, 6));
	buf_done(&b);
	indicators_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_is_refused_with_its_place),
		cmocka_unit_test(a_bad_pattern_is_refused_with_its_character_and_the_whole_file_with_it),
		cmocka_unit_test(deep_and_wide_patterns_are_bounded),
		cmocka_unit_test(what_packets_cannot_tell_is_counted_and_never_widened),
		cmocka_unit_test(shipped_addresses_are_found_and_neighbours_only_as_a_network),
		cmocka_unit_test(and_or_and_brackets_come_to_what_they_mean),
		cmocka_unit_test(hashes_names_and_shares_are_found),
		cmocka_unit_test(a_prediction_is_preferred_and_names_its_finding),
		cmocka_unit_test(a_hundred_thousand_are_found_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
