/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of other sensors' logs: JSON that lies, times in every form, and two forms that say the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/scope.h"
#include "sensor/value.h"

static struct names wanted;

static int want(void **state)
{
	(void)state;
	static const char *const paths[] = { "a",	"a.b",	    "a.b.c", "id.orig_h",
					     "n",	"t",	    "first", "v",
					     "ts",	"answers",  "query", "a_name_longer_than_sixteen_bytes",
					     "seven_7", "eight_88", "x.y" };
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		assert_int_equal(names_add(&wanted, span_str(paths[i])), i + 1);
	return 0;
}

static struct span find(const struct line *l, const char *path)
{
	const struct line_value *v = line_value(l, names_add(&wanted, span_str(path)));
	return v ? v->text : (struct span){ 0 };
}

static void what_is_no_object_is_refused(void **state)
{
	(void)state;
	static const char *const no[] = { "",
					  "[]",
					  "{",
					  "{\"a\"",
					  "{\"a\":",
					  "{\"a\":}",
					  "{\"a\":1",
					  "{\"a\":1]",
					  "{\"a\":\"x}",
					  "null",
					  "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{\"h\":{\"i\":1}}}}}}}}}",
					  "{1:2}",
					  "{\"a\":nope}",
					  "{\"a\" 1}" };
	struct line *l = mem_new(sizeof(*l));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (line_json(&wanted, NULL, span_str(no[i]), l))
			fail_msg("%s", no[i]);
	free(l);
}

static void values_are_found_by_their_path_in_any_nesting(void **state)
{
	(void)state;
	struct line *l = mem_new(sizeof(*l));
	assert_true(line_json(
		&wanted, NULL,
		span_str("{ \"a\":{\"b\":[1, {\"c\":\"x\"}, \"y\\\"z\"]},\"id.orig_h\":\"10.0.0.1\",\"n\":null,\"t\":true}"),
		l));
	assert_true(span_is(find(l, "a.b"), "1"));
	assert_true(span_is(find(l, "a.b.c"), "x"));
	assert_true(span_is(find(l, "id.orig_h"), "10.0.0.1"));
	assert_true(span_is(find(l, "t"), "true"));
	assert_int_equal(l->n, 6);
	assert_true(line_json(&wanted, NULL, span_str("{\"id\":{\"orig_h\":\"10.0.0.1\"}}"), l));
	assert_true(span_is(find(l, "id.orig_h"), "10.0.0.1"));
	free(l);
}

static void what_nobody_wants_is_stepped_over_and_names_are_not_mixed_up(void **state)
{
	(void)state;
	struct line *l = mem_new(sizeof(*l));
	assert_true(line_json(&wanted, NULL,
			      span_str("{\"seven_8\":1,\"eight_89\":2,\"a_name_longer_than_sixteen_bytez\":3,\"xy\":{\"y\":4},"
				       "\"z\":{\"x\":{\"y\":5}},\"\":6,\"y.x\":7,\"u\":\"\\\"t\\\":1\"}"),
			      l));
	assert_int_equal(l->n, 0);
	assert_true(line_json(&wanted, NULL, span_str("{\"x.y\":1,\"x\":{\"y\":2},\"seven_7\":3,\"eight_88\":4,"
		"\"a_name_longer_than_sixteen_bytes\":\"a \\\\\"}"), l));
	assert_int_equal(l->n, 5);
	assert_true(span_is(find(l, "x.y"), "1"));
	assert_true(span_is(find(l, "seven_7"), "3"));
	assert_true(span_is(find(l, "eight_88"), "4"));
	assert_true(span_is(find(l, "a_name_longer_than_sixteen_bytes"), "a \\\\"));
	assert_false(l->v[0].escaped);
	assert_true(l->v[4].escaped);
	free(l);
}

static void same_line(const struct line *a, const struct line *b, const char *text)
{
	if (a->n != b->n || memcmp(a->first, b->first, sizeof(a->first)) != 0)
		fail_msg("%s: %u values, %u with shapes", text, a->n, b->n);
	for (unsigned i = 0; i < a->n; i++)
		if (!span_eq(a->v[i].text, b->v[i].text) || a->v[i].name != b->v[i].name || a->v[i].kind != b->v[i].kind ||
		    a->v[i].escaped != b->v[i].escaped)
			fail_msg("%s: value %u is %.*s", text, i, (int)b->v[i].text.n, (const char *)b->v[i].text.p);
}

/* Each line behind each other: whatever was learnt of one, the next says what it says alone. */
static void a_line_of_a_known_shape_says_what_it_says_alone(void **state)
{
	(void)state;
	static const char *const all[] = {
		"{\"a\":\"x\",\"n\":1,\"t\":true}",
		"{\"a\":\"yy\",\"n\":-22.5e3,\"t\":null}",
		"{\"a\":\"x\",\"n\":nope,\"t\":true}",
		"{\"a\":\"x\\\"y\",\"n\":1,\"t\":false}",
		"{\"a\":\"x\\\\\",\"n\":1,\"t\":false}",
		"{\"a\":\"x\\\",\"n\":1,\"t\":false}",
		"{\"a\":\"x\",\"n\":1,\"t\":true",
		"{\"a\":\"x\",\"n\":1,\"t\":true}}",
		"{\"a\":\"x\",\"n\":1 ,\"t\":true}",
		"{\"a\":\"x\",\"n\": 1,\"t\":true}",
		"{\"a\":\"x\",\"n\":{},\"t\":true}",
		"{\"a\":\"x\",\"n\":[1,2],\"t\":true}",
		"{\"a\":\"x\",\"n\":[1],\"t\":true}",
		"{\"a\":\"x\",\"n\":[\"1\"],\"t\":true}",
		"{\"a\":{\"b\":1},\"n\":2}",
		"{\"a.b\":1,\"n\":2}",
		"{\"a\":1,\"n\":2}",
		"{\"a\":12345678901234567890,\"n\":2}",
		"{\"a\":,\"n\":2}",
		"{\"a\":\"\",\"n\":2}",
		"{\"b\":\"x\",\"n\":1,\"t\":true}",
		"{}",
		"{\"a\":\"x",
		"",
		"[]",
		"{\"t\":\"one\",\"a\":1}",
		"{\"t\":\"two\",\"a\":1}",
		"{\"t\":\"\",\"a\":1}",
		"{\"t\":7,\"a\":1}",
		"{\"t\":77,\"a\":1} ",
		"{\"t\":77,\"a\":1}\r",
		"{\"a_name_longer_than_sixteen_bytes\":\"x\",\"a\":123456789012345,\"n\":1}",
		"{\"a_name_longer_than_sixteen_bytez\":\"x\",\"a\":123456789012345,\"n\":1}",
		"{\"a_name_longer_than_sixteen_bytes\":\"more than sixteen bytes of text\",\"a\":1234567890123456,\"n\":1}",
		"{\"a_name_longer_than_sixteen_bytes\":\"x\",\"a\":1,\"n\":1},",
		"{\"a_name_longer_than_sixteen_bytes\":\"x\",\"a\":1,\"n\":1",
	};
	struct line *alone = mem_new(sizeof(*alone)), *shaped = mem_new(sizeof(*shaped));
	unsigned fitted = 0;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (size_t k = 0; k < ARRAY_LEN(all); k++) {
			struct shapes *s = mem_new(sizeof(*s));
			s->fixed = names_add(&wanted, SPAN_LIT("t"));
			line_json(&wanted, s, span_str(all[i]), shaped);
			unsigned before = s->misses;
			bool good = line_json(&wanted, NULL, span_str(all[k]), alone);
			if (line_json(&wanted, s, span_str(all[k]), shaped) != good)
				fail_msg("%s after %s", all[k], all[i]);
			if (good)
				same_line(alone, shaped, all[k]);
			fitted += s->misses < before;
			free(s);
		}
	assert_in_range(fitted, ARRAY_LEN(all) / 2, 4 * ARRAY_LEN(all));         /* its own, and few others */
	free(alone);
	free(shaped);
}

static void lines_that_are_all_different_are_read_without_shapes_until_they_are_alike(void **state)
{
	(void)state;
	char text[64];
	struct line *l = mem_new(sizeof(*l));
	struct shapes *s = mem_new(sizeof(*s));
	for (unsigned i = 0; i < 4 * SHAPE_CREDIT; i++) {
		snprintf(text, sizeof(text), "{\"other%u\":1,\"a\":%u}", i, i);
		assert_true(line_json(&wanted, s, span_str(text), l));
		assert_int_equal(l->n, 1);
	}
	assert_true(s->misses >= SHAPE_CREDIT);
	for (unsigned i = 0; i < 4 * SHAPE_RETRY; i++)
		assert_true(line_json(&wanted, s, SPAN_LIT("{\"a\":7}"), l));
	assert_int_equal(s->misses, 0);
	assert_true(span_is(find(l, "a"), "7"));
	free(s);
	free(l);
}

static void a_line_with_more_than_a_shape_holds_is_read_all_the_same(void **state)
{
	(void)state;
	struct line *l = mem_new(sizeof(*l));
	struct shapes *s = mem_new(sizeof(*s));
	struct buf many = { .cap = 1 << 16 }, wide = { .cap = 1 << 16 };
	buf_text(&many, "{\"a\":5,\"v\":[0");
	buf_text(&wide, "{\"a\":5,\"");
	for (int i = 0; i < SHAPE_PARTS + SHAPE_BYTES; i++) {
		buf_text(&wide, "w");
		if (i < SHAPE_PARTS)
			buf_text(&many, ",1");
	}
	buf_text(&many, "]}");
	buf_text(&wide, "\":6}");
	for (int i = 0; i < 3; i++) {
		assert_true(line_json(&wanted, s, buf_span(&many), l));
		assert_int_equal(l->n, SHAPE_PARTS + 2);
		assert_true(line_json(&wanted, s, buf_span(&wide), l));
		assert_true(span_is(find(l, "a"), "5"));
	}
	assert_int_equal(s->v[0].n, 0);
	buf_done(&many);
	buf_done(&wide);
	free(s);
	free(l);
}

static void no_more_paths_than_fit_get_a_number(void **state)
{
	(void)state;
	struct names *w = mem_new(sizeof(*w));
	char path[16];
	for (unsigned i = 1; i < LINE_NAMES; i++) {
		snprintf(path, sizeof(path), "p.%u", i);
		assert_int_equal(names_add(w, span_str(path)), i);
	}
	assert_int_equal(names_add(w, SPAN_LIT("one.more")), 0);
	assert_int_equal(names_add(w, SPAN_LIT("p.7")), 7);
	free(w);
}

static void more_values_than_fit_are_counted_and_the_line_stands(void **state)
{
	(void)state;
	struct line *l = mem_new(sizeof(*l));
	struct buf b = { .cap = 1 << 16 };
	buf_text(&b, "{\"first\":7,\"v\":[1");
	for (int i = 0; i < 2 * LINE_VALUES; i++)
		buf_text(&b, ",1");
	buf_text(&b, "]}");
	assert_true(line_json(&wanted, NULL, buf_span(&b), l));
	assert_true(span_is(find(l, "first"), "7"));
	assert_int_equal(l->n, LINE_VALUES);
	assert_int_equal(l->dropped, LINE_VALUES + 2);
	assert_int_equal(line_value(l, names_add(&wanted, SPAN_LIT("v"))) - l->v, 1);
	buf_done(&b);
	free(l);
}

static void escapes_are_undone_only_where_they_are(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a, 1 << 16);
	struct line l = { .tsv = false };
	static const struct { const char *in, *out; bool tsv; } v[] = {
		{ "plain", "plain", false }, { "a\\/b\\u0041\\n", "a/bA\n", false },
		{ "\\u00e9\\ud800", "\xc3\xa9\xef\xbf\xbd", false },
		{ "\\x09tab\\x41", "\ttabA", true }, { "end\\", "end", false }, { "\\u00", "", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		l.tsv = v[i].tsv;
		struct line_value x = { .text = span_str(v[i].in), .escaped = true };
		struct span s = line_text(&l, &x, &a);
		if (i < 4 && !span_is(s, v[i].out))
			fail_msg("%s: %.*s", v[i].in, (int)s.n, (const char *)s.p);
	}
	arena_done(&a);
}

static void times_of_every_form_are_the_same_instant(void **state)
{
	(void)state;
	static const char *const same[] = {
		"2026-01-05T08:00:00.100000+0000", "2026-01-05T10:00:00.1+02:00",   "1767600000.100000",
		"2026-01-05T08:00:00.1Z",	   "2026-01-05T03:30:00.100-04:30", "1767600000.1"
	};
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		assert_int_equal(value_time(NULL, span_str(same[i])), UINT64_C(1767600000100000000));
	assert_int_equal(value_time(NULL, span_str("1972-03-01T00:00:00Z")), UINT64_C(68256000000000000));
	assert_int_equal(value_time(NULL, span_str("2000-02-29T12:00:00Z")), UINT64_C(951825600000000000));
	static const char *const no[] = {
		"", "-", "today", "2026-13-05T08:00:00Z", "2026-00-05T08:00:00Z", "2026-01-05", "9999-01-01T0",
	};
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (value_time(NULL, span_str(no[i])))
			fail_msg("%s", no[i]);
}

static void a_time_after_another_is_what_it_is_alone(void **state)
{
	(void)state;
	static const char *const all[] = { "2026-01-05T08:00:00.100000+0000",
					   "2026-01-05T08:00:59.999999+0000",
					   "2026-01-05T08:01:00+0000",
					   "2026-01-05T08:01:01.5+0100",
					   "2026-01-05T08:01:01.5-0100",
					   "2026-01-05T08:01:01Z",
					   "2026-01-05T08:01:01",
					   "2026-01-05T08:01:0",
					   "2026-01-05T08:01:",
					   "2026-01-05T08:01:7x",
					   "2026-01-05T08:01:07.123456789123+00:00",
					   "2026-01-05T08:01:07.1234567891+00:00 more",
					   "1970-01-01T00:00:00Z",
					   "1970-01-01T00:00:01Z",
					   "1767600000.1",
					   "2026-01-06T08:01:07Z",
					   "" };
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (size_t k = 0; k < ARRAY_LEN(all); k++) {
			struct minute m = { .seconds = 0 };
			value_time(&m, span_str(all[i]));
			assert_int_equal(value_time(&m, span_str(all[k])), value_time(NULL, span_str(all[k])));
		}
}

static void addresses_that_are_none_stay_none(void **state)
{
	(void)state;
	static const char *const no[] = {
		"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.x", "fe80::zz", "1..2.3", "name.example",
	};
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_int_equal(value_addr(span_str(no[i])).family, 0);
	char text[ADDR_TEXT];
	assert_string_equal(addr_text(value_addr(span_str("10.20.30.7")), text), "10.20.30.7");
	assert_int_equal(value_addr(span_str("2001:db8::1")).family, 6);
	assert_true(mac_is_zero(value_mac(span_str("02:00:00:11:22"))));
	assert_false(mac_is_zero(value_mac(span_str("02:00:00:11:22:33"))));
}

static void a_zeek_row_gives_what_its_head_names(void **state)
{
	(void)state;
	static const char *const head[] = { "#separator \\x09",
					    "#set_separator\t,",
					    "#empty_field\t(empty)",
					    "#unset_field\t-",
					    "#path\tdns",
					    "#fields\tts\tid.orig_h\tanswers\tquery",
					    "#types\ttime\taddr\tvector[string]\tstring" };
	struct columns c;
	struct line *l = mem_new(sizeof(*l));
	columns_reset(&c);
	assert_false(line_tsv(&c, span_str("1\t2"), l));
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		columns_head(&c, &wanted, span_str(head[i]));
	assert_string_equal(c.path, "dns");
	assert_true(line_tsv(&c, span_str("1.5\t10.0.0.1\ta,b,c\t-"), l));
	assert_int_equal(l->n, 5);
	assert_true(span_is(find(l, "answers"), "a"));
	assert_int_equal(find(l, "query").n, 0);
	assert_false(line_tsv(&c, span_str("1.5\t10.0.0.1"), l));
	free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(values_are_found_by_their_path_in_any_nesting),
		cmocka_unit_test(what_nobody_wants_is_stepped_over_and_names_are_not_mixed_up),
		cmocka_unit_test(a_line_of_a_known_shape_says_what_it_says_alone),
		cmocka_unit_test(lines_that_are_all_different_are_read_without_shapes_until_they_are_alike),
		cmocka_unit_test(a_line_with_more_than_a_shape_holds_is_read_all_the_same),
		cmocka_unit_test(no_more_paths_than_fit_get_a_number),
		cmocka_unit_test(more_values_than_fit_are_counted_and_the_line_stands),
		cmocka_unit_test(escapes_are_undone_only_where_they_are),
		cmocka_unit_test(times_of_every_form_are_the_same_instant),
		cmocka_unit_test(a_time_after_another_is_what_it_is_alone),
		cmocka_unit_test(addresses_that_are_none_stay_none),
		cmocka_unit_test(a_zeek_row_gives_what_its_head_names),
	};
	return cmocka_run_group_tests(tests, want, NULL);
}
