/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration reader: what is wrong is said with its place, all at once; nonsense is survived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "base/conf.h"
#include "base/mem.h"
#include "base/scope.h"

static bool is_even(const char *text)
{
	size_t n = strlen(text);
	return n && (text[n - 1] - '0') % 2 == 0;
}

static const struct conf_key keys[] = {
	{ .section = "zone",
	  .name = "*",
	  .key = "net",
	  .repeat = true,
	  .fits = is_even,
	  .expected = "an even thing",
	  .doc = "n" },
	{ .section = "limits", .key = "count", .type = CONF_NUM, .min = 1, .max = 100, .fallback = "7", .doc = "how many" },
	{ .section = "limits", .key = "loud", .type = CONF_BOOL, .doc = "speak" },
	{ .section = "limits", .key = "mode", .type = CONF_CHOICE, .expected = "fast|slow", .doc = "pace" },
	{ 0 },
};
static const struct conf_key more_keys[] = {
	{ .section = "detector", .name = "net.a", .key = "window", .type = CONF_NUM, .min = 0, .max = 10, .doc = "w" },
	{ .section = "detector", .name = "net.b", .key = "window", .type = CONF_NUM, .min = 0, .max = 99, .doc = "w" },
	{ 0 },
};
static const struct conf_key *const tables[] = { keys, more_keys, NULL };

struct reading {
	struct conf *conf;
	struct buf errors;
	int err;
};

static struct reading reading_of(const char *text, size_t n)
{
	struct reading r = { 0 };
	r.err = conf_parse(span_of(text, n), "t.conf", tables, &r.conf, &r.errors);
	buf_u8(&r.errors, 0);
	return r;
}

static void reading_done(struct reading *r)
{
	conf_free(r->conf);
	buf_done(&r->errors);
}

static void each_error_names_file_line_key_and_what_was_expected(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "count = 5\n", "t.conf:1: count = 5: expected a [section] before the first key\n" },
		{ "\n[limits]\ncount = many\n", "t.conf:3: count: expected a number from 1 to 100\n" },
		{ "[limits]\ncount = 101\n", "t.conf:2: count: expected a number from 1 to 100\n" },
		{ "[limits]\ncount = 0x10\n", "t.conf:2: count: expected a number from 1 to 100\n" },
		{ "[limits]\ncount = inf\n", "t.conf:2: count: expected a number from 1 to 100\n" },
		{ "[limits]\ncount =\n", "t.conf:2: count: expected a value behind '='\n" },
		{ "[limits]\ncount = 1\ncount = 2\n", "t.conf:3: count: expected once; it stands in line 2 already\n" },
		{ "[limits]\nloud = perhaps\n", "t.conf:2: loud: expected yes or no\n" },
		{ "[limits]\nmode = fas\n", "t.conf:2: mode: expected one of fast|slow\n" },
		{ "[limits]\nmode = fast|slow\n", "t.conf:2: mode: expected one of fast|slow\n" },
		{ "[limits]\nsize = 4\n", "t.conf:2: size: unknown key; expected one of: count, loud, mode\n" },
		{ "[limits]\nno equals sign\n", "t.conf:2: no equals sign: expected key = value\n" },
		{ "[limit]\nx = 4\n", "t.conf:1: limit: unknown section; expected one of: zone, limits, detector\n" },
		{ "[zone]\n", "t.conf:1: zone: expected [zone ...] with: a name\n" },
		{ "[limits x]\n", "t.conf:1: limits x: expected [limits ...] with: no name\n" },
		{ "[detector net.c]\n", "t.conf:1: detector net.c: expected [detector ...] with: net.a, net.b\n" },
		{ "[detector net.a]\nwindow = 50\n", "t.conf:2: window: expected a number from 0 to 10\n" },
		{ "[zone a\n", "t.conf:1: zone a: expected [section] or [section name]\n" },
		{ "[zone a] x\n", "t.conf:1: zone a] x: expected [section] or [section name]\n" },
		{ "[zone a]\nnet = 2, 3, 4\n", "t.conf:2: net: expected an even thing\n" },
		{ "[zone a]\nnet = 2,,4\n", "t.conf:2: net: expected a value behind '='\n" },
		{ "[zone a]\n\x01\xff\n", "t.conf:2: ??: expected key = value\n" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reading r = reading_of(cases[i].text, strlen(cases[i].text));
		assert_int_equal(r.err, -EINVAL);
		assert_null(r.conf);
		assert_string_equal((const char *)r.errors.p, cases[i].error);
		reading_done(&r);
	}
}

static void all_errors_come_at_once_and_a_wrong_section_hides_its_own_keys_only(void **state)
{
	(void)state;
	const char *text = "[nowhere]\na = 1\nb = 2\n[limits]\ncount = x\nloud = y\n";
	struct reading r = reading_of(text, strlen(text));
	assert_string_equal((const char *)r.errors.p,
			    "t.conf:1: nowhere: unknown section; expected one of: zone, limits, detector\n"
			    "t.conf:5: count: expected a number from 1 to 100\n"
			    "t.conf:6: loud: expected yes or no\n");
	reading_done(&r);
}

static void a_flood_of_errors_is_cut(void **state)
{
	(void)state;
	struct buf b = { 0 };
	for (int i = 0; i < 5000; i++)
		buf_text(&b, "[x]\n");
	struct reading r = reading_of((const char *)b.p, b.n);
	assert_int_equal(r.err, -EINVAL);
	assert_true(r.errors.n < 20000);
	assert_non_null(strstr((const char *)r.errors.p, "too many errors"));
	reading_done(&r);
	buf_done(&b);
}

static void too_many_sections_and_too_large_a_file_are_refused(void **state)
{
	(void)state;
	struct buf b = { 0 };
	for (int i = 0; i < 5000; i++)
		buf_printf(&b, "[zone z%d]\n", i);
	struct reading r = reading_of((const char *)b.p, b.n);
	assert_int_equal(r.err, -EINVAL);
	assert_non_null(strstr((const char *)r.errors.p, "t.conf:4097: zone: expected at most 4096 sections"));
	reading_done(&r);
	buf_fill(&b, '\n', CONF_SIZE_MAX);
	r = reading_of((const char *)b.p, b.n);
	assert_int_equal(r.err, -EFBIG);
	reading_done(&r);
	buf_done(&b);
}

static void a_missing_file_is_an_error_with_its_name(void **state)
{
	(void)state;
	struct buf errors = { 0 };
	struct conf *c = NULL;
	assert_int_equal(conf_read("/nonexistent/x.conf", tables, &c, &errors), -ENOENT);
	assert_true(span_starts(buf_span(&errors), SPAN_LIT("/nonexistent/x.conf:1: file: expected a readable file")));
	buf_done(&errors);
}

static void noise_of_any_kind_ends_in_an_answer(void **state)
{
	(void)state;
	static const char alphabet[] = "[]= \n\r,;#zonelimits\0net\xff.1count9";
	uint32_t x = 12345;
	for (int round = 0; round < 3000; round++) {
		char text[200];
		size_t n = (size_t)round % sizeof(text);
		for (size_t i = 0; i < n; i++) {
			x = x * 1664525 + 1013904223;
			text[i] = alphabet[(x >> 16) % (sizeof(alphabet) - 1)];
		}
		struct reading r = reading_of(text, n);
		assert_true(r.err == 0 ? r.conf != NULL : r.conf == NULL && r.errors.n > 1);
		reading_done(&r);
	}
}

static void values_come_back_in_the_order_of_the_file(void **state)
{
	(void)state;
	const char *text = "\xef\xbb\xbf# a comment\r\n; another\r\n[zone  clinical ]\r\n net = 2, 4\r\nnet=6\r\n\r\n"
			   "[limits]\ncount = 1.5e1\nloud = on\nmode=slow\n[zone lab]\nnet = 8\n[zone clinical]\nnet = 10";
	struct reading r = reading_of(text, strlen(text));
	assert_int_equal(r.err, 0);
	const struct conf_section *clinical = conf_each(r.conf, "zone", NULL), *lab = conf_each(r.conf, "zone", clinical);
	assert_string_equal(conf_name(clinical), "clinical");
	assert_string_equal(conf_name(lab), "lab");
	assert_null(conf_each(r.conf, "zone", lab));
	static const char *const nets[] = { "2", "4", "6", "10" };
	for (unsigned i = 0; i < ARRAY_LEN(nets); i++)
		assert_string_equal(conf_item(clinical, "net", i), nets[i]);
	assert_null(conf_item(clinical, "net", ARRAY_LEN(nets)));
	const struct conf_section *limits = conf_find(r.conf, "limits", NULL);
	assert_float_equal(conf_num(limits, "count", 0), 15, 1e-9);
	assert_true(conf_bool(limits, "loud", false));
	assert_string_equal(conf_text(limits, "mode", "fast"), "slow");
	reading_done(&r);
}

static void what_is_not_there_falls_back(void **state)
{
	(void)state;
	struct reading r = reading_of("", 0);
	assert_int_equal(r.err, 0);
	assert_null(conf_each(r.conf, "zone", NULL));
	assert_null(conf_each(NULL, "zone", NULL));
	assert_null(conf_find(r.conf, "limits", NULL));
	assert_float_equal(conf_num(NULL, "count", 7), 7, 0);
	assert_true(conf_bool(NULL, "loud", true));
	assert_string_equal(conf_text(NULL, "mode", "fast"), "fast");
	reading_done(&r);
}

static void the_reference_names_every_section_and_key_once(void **state)
{
	(void)state;
	struct buf b = { 0 };
	conf_doc(&b, tables);
	buf_u8(&b, 0);
	const char *doc = (const char *)b.p;
	assert_non_null(strstr(doc, "[zone NAME]\n  net = an even thing; several lines or a list with commas\n"));
	assert_non_null(strstr(doc, "[limits]\n  count = number from 1 to 100; default 7\n      how many\n"));
	assert_non_null(strstr(doc, "[detector net.b]\n"));
	assert_null(strstr(strstr(doc, "[limits]") + 1, "[limits]"));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_error_names_file_line_key_and_what_was_expected),
		cmocka_unit_test(all_errors_come_at_once_and_a_wrong_section_hides_its_own_keys_only),
		cmocka_unit_test(a_flood_of_errors_is_cut),
		cmocka_unit_test(too_many_sections_and_too_large_a_file_are_refused),
		cmocka_unit_test(a_missing_file_is_an_error_with_its_name),
		cmocka_unit_test(noise_of_any_kind_ends_in_an_answer),
		cmocka_unit_test(values_come_back_in_the_order_of_the_file),
		cmocka_unit_test(what_is_not_there_falls_back),
		cmocka_unit_test(the_reference_names_every_section_and_key_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
