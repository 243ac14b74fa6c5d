/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/option.h"

enum { READ, JSON, LIMIT, SINCE, COLOR, COUNT };

static const struct option_spec table[COUNT] = {
	[READ] = { "read", 'r', "FILE", OPTION_TEXTS, "capture to read", NULL, NULL },
	[JSON] = { "json", 0, NULL, OPTION_FLAG, "one document", NULL, NULL },
	[LIMIT] = { "limit", 'n', "N", OPTION_NUMBER, "at most so many", "100", NULL },
	[SINCE] = { "since", 0, "TIME", OPTION_TIME, "not before", NULL, NULL },
	[COLOR] = { "color", 0, "WHEN", OPTION_TEXT, "colour", "auto", "auto|always|never" },
};

struct line {
	const char *argv[12];
};

/* getopt wants to reorder the words it is given: a list of its own. */
static enum option_outcome parse(struct line *l, struct args *a, char err[256])
{
	static char *argv[ARRAY_LEN(l->argv)];
	int argc = 0;
	for (; l->argv[argc]; argc++)
		argv[argc] = (char *)(uintptr_t)l->argv[argc];
	argv[argc] = NULL;
	*a = (struct args){ 0 };
	return option_parse(a, table, COUNT, argc, argv, err);
}

static void what_is_wrong_is_refused_with_a_word_on_it(void **state)
{
	(void)state;
	struct {
		struct line line;
		const char *says;
	} t[] = {
		{ { { "x", "--jsno" } }, "did you mean --json?" },
		{ { { "x", "--js" } }, "did you mean --json?" },
		{ { { "x", "--rea", "f" } }, "did you mean --read?" },
		{ { { "x", "--rea=f" } }, "did you mean --read?" },
		{ { { "x", "--quite-something-else" } }, "there is no option --quite-something-else" },
		{ { { "x", "-z" } }, "there is no option -z" },
		{ { { "x", "-r" } }, "--read needs an argument: FILE" },
		{ { { "x", "--read" } }, "--read needs an argument: FILE" },
		{ { { "x", "--json=1" } }, "--json takes no argument" },
		{ { { "x", "--limit", "ten" } }, "takes a whole number" },
		{ { { "x", "--limit=-1" } }, "takes a whole number" },
		{ { { "x", "--limit=99999999999999999999" } }, "takes a whole number" },
		{ { { "x", "--since", "yesterday" } }, "takes a time like" },
		{ { { "x", "--since", "2026-13-01" } }, "takes a time like" },
		{ { { "x", "--color", "pink" } }, "takes one of auto|always|never" },
		{ { { "x", "--color", "auto|" } }, "takes one of" },
		{ { { "x", "operand", "--jsno" } }, "did you mean --json?" },
	};
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct args a;
		char err[256] = "";
		assert_int_equal(parse(&t[i].line, &a, err), OPTION_WRONG);
		if (!strstr(err, t[i].says))
			fail_msg("case %zu says \"%s\"", i, err);
	}
}

static void what_is_not_given_has_its_fallback(void **state)
{
	(void)state;
	struct args a;
	char err[256];
	assert_int_equal(parse(&(struct line){ { "x" } }, &a, err), OPTION_GO);
	assert_false(args_flag(&a, JSON));
	assert_false(a.v[LIMIT].given);
	assert_int_equal(args_number(&a, LIMIT), 100);
	assert_string_equal(args_text(&a, COLOR), "auto");
	assert_null(args_text(&a, READ));
	assert_int_equal(a.nrest, 0);
}

static void options_and_operands_may_be_mixed(void **state)
{
	(void)state;
	struct args a;
	char err[256];
	struct line l = { { "x", "one", "-r", "a.pcap", "--json", "two", "--read=b.pcap", "-n5", "--", "--three" } };
	assert_int_equal(parse(&l, &a, err), OPTION_GO);
	assert_true(args_flag(&a, JSON));
	assert_int_equal(a.v[READ].ntexts, 2);
	assert_string_equal(a.v[READ].texts[0], "a.pcap");
	assert_string_equal(a.v[READ].texts[1], "b.pcap");
	assert_int_equal(args_number(&a, LIMIT), 5);
	assert_int_equal(a.nrest, 3);
	assert_string_equal(a.rest[0], "one");
	assert_string_equal(a.rest[2], "--three");
}

static void help_is_asked_for_by_its_whole_name(void **state)
{
	(void)state;
	struct args a;
	char err[256];
	assert_int_equal(parse(&(struct line){ { "x", "--help" } }, &a, err), OPTION_HELP);
	assert_int_equal(parse(&(struct line){ { "x", "--hel" } }, &a, err), OPTION_WRONG);
}

static void times_are_read_in_their_usual_spellings(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{ "0", 0 }, { "1700000000", 1700000000000000000u }, { "1970-01-02", 86400000000000u },
		{ "2023-11-14T22:13:20Z", 1700000000000000000u }, { "2023-11-14 22:13:20", 1700000000000000000u },
		{ "2023-11-14T23:13:20+01:00", 1700000000000000000u }, { "2023-11-14T22:13:20.000000001Z", 1700000000000000001u },
		{ "2023-11-14T22:13", 1699999980000000000u },
	};
	static const char *const bad[] = {
		"", "2023", "2023-11", "2023-11-14T", "2023-11-14T22", "2023-11-14T25:00", "2023-11-14T22:13:20X", "now",
		"99999999999999999999", "1969-12-31", "2023-00-10", "2023-02-31", "2023-11-14T22:13:20+1",
	};
	uint64_t ns;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (option_time(bad[i], &ns))
			fail_msg("\"%s\" was taken", bad[i]);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (!option_time(good[i].text, &ns))
			fail_msg("\"%s\" was refused", good[i].text);
		assert_int_equal(ns, good[i].ns);
	}
}

static void the_help_names_every_option_within_96_columns(void **state)
{
	(void)state;
	struct buf b = { 0 };
	option_help(&b, table, COUNT);
	buf_u8(&b, 0);
	for (unsigned i = 0; i < COUNT; i++)
		assert_non_null(strstr((const char *)b.p, table[i].name));
	assert_non_null(strstr((const char *)b.p, "(default: 100)"));
	for (const char *line = (const char *)b.p; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		assert_true(strcspn(line, "\n") <= 96);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_refused_with_a_word_on_it),
		cmocka_unit_test(what_is_not_given_has_its_fallback),
		cmocka_unit_test(options_and_operands_may_be_mixed),
		cmocka_unit_test(help_is_asked_for_by_its_whole_name),
		cmocka_unit_test(times_are_read_in_their_usual_spellings),
		cmocka_unit_test(the_help_names_every_option_within_96_columns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
