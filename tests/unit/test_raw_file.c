/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that travel in no protocol: what is none first. */
#include "decode_try.h"

extern const struct decoder decoder_raw_file;

#define BYTES(s) span_of(s, sizeof(s) - 1)

static int score(struct span s, bool closing)
{
	struct message m = { .bytes = s, .over = OVER_TCP, .closing = closing };
	struct origin at = { .proto = 6, .dport = 9001 };
	return decoder_raw_file.bid(&m, &at).score;
}

static void what_only_begins_like_one_is_none(void **state)
{
	(void)state;
	static const char *const kin[] = {
		"#! 200 dpi\nlabel printers speak so\n",
		"#!\n",
		"MZ is what a text may begin with, too, and go on for long as it likes to, ok",
		"hsqsxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"MSH|^~\\&|A",
		"EHLO mail",
	};
	for (size_t i = 0; i < ARRAY_LEN(kin); i++)
		assert_int_equal(score(span_str(kin[i]), true), BID_NO);
	assert_int_equal(score(BYTES("\x7f" "ELF\3\1\1\0\0\0\0\0\0\0\0\0\2\0\x28\0"), true), BID_NO);
	assert_int_equal(score(BYTES("\x7f" "ELF\1\1\1\0\0\0\0\0\0\0\0\0\4\0\x28\0"), true), BID_NO);      /* a core dump */
}

static void heads_are_waited_for_and_known(void **state)
{
	(void)state;
	static const char elf[] = "\x7f" "ELF\1\2\1\0\0\0\0\0\0\0\0\0\0\2\0\x08";
	for (size_t n = 1; n < sizeof(elf) - 1; n++)
		assert_int_equal(score(span_of(elf, n), false), BID_WAIT);
	assert_true(score(BYTES(elf), false) >= BID_LIKELY);
	assert_true(score(BYTES("#! /bin/sh\nreboot\n"), false) >= BID_LIKELY);
	static const char squash[] = "hsqs\1\0\0\0\0\0\0\0\0\0\2\0\0\0\0\0\4\0\x11\0\0\0\1\0\4\0\0\0";
	assert_true(score(BYTES(squash), false) >= BID_LIKELY);
}

static void the_file_is_told_and_the_answer_to_it_is_not(void **state)
{
	(void)state;
	struct try *t = try_new();
	struct message m = { .bytes = BYTES("#!/bin/sh\nreboot\n"), .over = OVER_TCP, .to_server = true };
	assert_true(decoder_raw_file.decode(&m, NULL, &t->emit));
	m = (struct message){ .bytes = BYTES("sh: reboot: not found\n"), .over = OVER_TCP };
	assert_true(decoder_raw_file.decode(&m, NULL, &t->emit));
	assert_string_equal(try_text(t), "body raw 17\n");
	try_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_only_begins_like_one_is_none),
		cmocka_unit_test(heads_are_waited_for_and_known),
		cmocka_unit_test(the_file_is_told_and_the_answer_to_it_is_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
