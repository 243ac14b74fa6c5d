/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice of a report: said once, referred to by a number that is unambiguous, most urgent first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/scope.h"
#include "report/advice.h"

#define TEXTS(...) \
	(struct texts){ .v = (const struct span[]){ __VA_ARGS__ }, .n = ARRAY_LEN(((const struct span[]){ __VA_ARGS__ })) }

static const struct layout plain = { .columns = 200 };

static void said(struct buf *b, const char *want)
{
	buf_u8(b, 0);
	assert_string_equal((const char *)b->p, want);
	buf_reset(b);
}

static void no_step_prints_nothing(void **state)
{
	struct advice a = { 0 };
	struct buf b = { 0 };
	(void)state;
	advice_steps(&a, &b, &plain, (struct texts){ 0 });
	advice_paragraph(&a, &b, &plain, "Why: ", (struct span){ 0 }, SPAN_LIT("C-1"));
	said(&b, "");
	buf_done(&b);
}

static void numbers_run_through_the_whole_report(void **state)
{
	struct advice a = { 0 };
	struct buf b = { 0 };
	(void)state;
	advice_steps(&a, &b, &plain, TEXTS(SPAN_LIT("one"), SPAN_LIT("two")));
	said(&b, "  Next:     1. one\n            2. two\n");
	advice_steps(&a, &b, &plain, TEXTS(SPAN_LIT("three"), SPAN_LIT("two")));
	said(&b, "  Next:     3. three\n            and step 2 above\n");
	buf_done(&b);
}

static void an_urgent_step_that_stood_before_comes_first(void **state)
{
	struct advice a = { 0 };
	struct buf b = { 0 };
	(void)state;
	advice_steps(&a, &b, &plain, TEXTS(SPAN_LIT("one"), SPAN_LIT("two"), SPAN_LIT("three"), SPAN_LIT("four")));
	buf_reset(&b);
	advice_steps(&a, &b, &plain, TEXTS(SPAN_LIT("two"), SPAN_LIT("new"), SPAN_LIT("one")));
	said(&b, "  Next:     steps 1 and 2 above, then\n            5. new\n");
	advice_steps(&a, &b, &plain, TEXTS(SPAN_LIT("new"), SPAN_LIT("one"), SPAN_LIT("two"), SPAN_LIT("three")));
	said(&b, "  Next:     steps 1 to 3 and 5 above\n");
	buf_done(&b);
}

static void a_paragraph_is_referred_to_by_its_case(void **state)
{
	struct advice a = { 0 };
	struct buf b = { 0 };
	(void)state;
	advice_paragraph(&a, &b, &plain, "Why: ", SPAN_LIT("it matters"), SPAN_LIT("C-1"));
	said(&b, "  Why: it matters\n");
	advice_paragraph(&a, &b, &plain, "Why: ", SPAN_LIT("it matters"), SPAN_LIT("C-2"));
	said(&b, "  Why: as for C-1\n");
	buf_done(&b);
}

/* More steps than are remembered: each is printed, none is lost. */
static void what_does_not_fit_is_printed_again(void **state)
{
	static char text[ADVICE_KEPT + 40][8];
	static struct span v[ADVICE_KEPT + 40];
	struct advice a = { 0 };
	struct buf b = { 0 };
	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(v); i++) {
		snprintf(text[i], sizeof(text[i]), "s%u", i);
		v[i] = span_str(text[i]);
	}
	for (int turn = 0; turn < 2; turn++)
		advice_steps(&a, &b, &plain, (struct texts){ .v = v, .n = ARRAY_LEN(v) });
	assert_int_equal(a.steps, 2 * ARRAY_LEN(v) - ADVICE_KEPT);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_step_prints_nothing),
		cmocka_unit_test(numbers_run_through_the_whole_report),
		cmocka_unit_test(an_urgent_step_that_stood_before_comes_first),
		cmocka_unit_test(a_paragraph_is_referred_to_by_its_case),
		cmocka_unit_test(what_does_not_fit_is_printed_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
