/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Repetition in time, over many seeds: chance is refused, steady clocks with jitter, loss and bursts are found. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "detect/period.h"

enum { SEEDS = 400, LEAST = 8 };

struct dice {
	uint64_t s;
};

static double roll(struct dice *d)               /* 0..1; SplitMix64 */
{
	uint64_t z = d->s += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

/* What makes the next distance from the one before. */
struct clock {
	double jitter;                           /* the sleep varies by that part, either way */
	double late;                             /* each beat is late or early on its own */
	double missing;                          /* part of the beats */
	unsigned burst;                          /* attempts a beat, a second apart */
};

static size_t make(struct dice *d, struct clock c, double period, size_t beats, double out[PERIOD_EVENTS])
{
	size_t n = 0;
	double t = 1000;
	for (size_t i = 0; i < beats; i++, t += period * (1 + c.jitter * (2 * roll(d) - 1))) {
		double at = t + period * c.late * (2 * roll(d) - 1);
		if (roll(d) < c.missing)
			continue;
		for (unsigned b = 0; b < (c.burst ? c.burst : 1) && n < PERIOD_EVENTS; b++)
			out[n++] = at + b;
	}
	return n;
}

static unsigned found(struct clock c, size_t beats, double period)
{
	unsigned hits = 0;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		double at[PERIOD_EVENTS];
		struct dice d = { seed * 7919 + 17 };
		struct period p = { 0 };
		size_t n = make(&d, c, period, beats, at);
		hits += period_find(at, n, LEAST, &p) && fabs(p.seconds - period) < 0.12 * period;
	}
	return hits;
}

static unsigned by_chance(size_t events, double shape)
{
	unsigned hits = 0;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		double at[PERIOD_EVENTS], t = 0;
		struct dice d = { seed * 104729 + 3 };
		struct period p;
		for (size_t i = 0; i < events; i++)      /* shape 0: any moment is as good as any other */
			at[i] = t += shape > 0 ? 60 * (1 - shape + 2 * shape * roll(&d)) : -60 * log(1 - roll(&d));
		hits += period_find(at, events, LEAST, &p);
	}
	return hits;
}

static void too_few_are_nothing(void **state)
{
	(void)state;
	const double at[] = { 0, 60, 120, 180, 240, 300, 360 };
	struct period p;
	assert_false(period_find(at, 0, LEAST, &p));
	assert_false(period_find(at, 7, LEAST, &p));
	assert_true(period_find(at, 7, 7, &p));
}

static void one_moment_is_nothing(void **state)
{
	(void)state;
	double at[PERIOD_EVENTS] = { 0 };
	struct period p;
	assert_false(period_find(at, PERIOD_EVENTS, LEAST, &p));
}

/* Of a hundred lists made by chance three at most may look steady. */
static void chance_does_not_repeat(void **state)
{
	(void)state;
	for (size_t n = 8; n <= PERIOD_EVENTS; n += 11)
		assert_in_range(by_chance(n, 0), 0, SEEDS * 3 / 100);
}

static void work_that_varies_by_half_does_not_repeat(void **state)
{
	(void)state;
	for (size_t n = 12; n <= PERIOD_EVENTS; n += 12)
		assert_in_range(by_chance(n, 0.5), 0, SEEDS * 8 / 100);
}

static void waiting_longer_with_each_failure_does_not_repeat(void **state)
{
	(void)state;
	double at[16], t = 0;
	struct period p;
	for (size_t i = 0; i < 16; i++)
		at[i] = t += (double)(1u << i);
	assert_false(period_find(at, 16, LEAST, &p));
}

static void a_steady_clock_is_found_with_eight_beats(void **state)
{
	(void)state;
	assert_int_equal(found((struct clock){ .jitter = 0.02 }, 8, 60), SEEDS);
	assert_int_equal(found((struct clock){ .jitter = 0.1 }, 12, 300), SEEDS);
}

static void jitter_of_a_third_and_missing_beats_are_borne(void **state)
{
	(void)state;
	assert_in_range(found((struct clock){ .jitter = 0.3 }, 40, 60), SEEDS * 95 / 100, SEEDS);
	assert_in_range(found((struct clock){ .jitter = 0.3, .missing = 0.2 }, 60, 60), SEEDS * 90 / 100, SEEDS);
	assert_in_range(found((struct clock){ .jitter = 0.1, .missing = 0.2 }, 20, 3600), SEEDS * 95 / 100, SEEDS);
	assert_in_range(found((struct clock){ .missing = 0.2 }, 16, 60), SEEDS * 95 / 100, SEEDS);
}

static void a_clock_whose_beats_are_late_each_on_its_own_is_found(void **state)
{
	(void)state;
	assert_in_range(found((struct clock){ .late = 0.3 }, 80, 60), SEEDS * 90 / 100, SEEDS);
}

static void several_attempts_are_one_beat(void **state)
{
	(void)state;
	assert_int_equal(found((struct clock){ .jitter = 0.05, .burst = 4 }, 16, 60), SEEDS);
	assert_in_range(found((struct clock){ .jitter = 0.1, .missing = 0.2, .burst = 3 }, 30, 60), SEEDS * 95 / 100, SEEDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_few_are_nothing),
		cmocka_unit_test(one_moment_is_nothing),
		cmocka_unit_test(chance_does_not_repeat),
		cmocka_unit_test(work_that_varies_by_half_does_not_repeat),
		cmocka_unit_test(waiting_longer_with_each_failure_does_not_repeat),
		cmocka_unit_test(a_steady_clock_is_found_with_eight_beats),
		cmocka_unit_test(jitter_of_a_third_and_missing_beats_are_borne),
		cmocka_unit_test(a_clock_whose_beats_are_late_each_on_its_own_is_found),
		cmocka_unit_test(several_attempts_are_one_beat),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
