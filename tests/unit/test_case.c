/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases: grouping, order, story, next steps, ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/scope.h"
#include "finding/case.h"
#include "record/json.h"

static const struct rule outside = {
	.id = "net.a", .title = "A.", .cause = "outside party", .next = { "One.", "Two.", NULL }
};
static const struct rule also_outside = {
	.id = "net.b", .title = "B", .cause = "outside party", .next = { "Two.", "Three.", NULL }
};
static const struct rule clear = { .id = "net.c", .title = "C", .cause = "clear text", .next = { "Four.", NULL } };

enum { MANY = 8 };

struct bench {
	struct arena arena;
	struct record_host host;
	struct buf said;
};

static int begin(void **state)
{
	struct bench *b = mem_new(sizeof(*b));
	arena_init(&b->arena, 1 << 20);
	b->host = (struct record_host){ .keyring = keyring_new(keyring_test_key), .arena = &b->arena };
	*state = b;
	return 0;
}

static int end(void **state)
{
	struct bench *b = *state;
	keyring_free(b->host.keyring);
	arena_done(&b->arena);
	buf_done(&b->said);
	free(b);
	return 0;
}

static struct finding *finding(struct bench *b, const struct rule *r, const char *device, enum severity s,
			       uint64_t second)
{
	struct finding *f = arena_new(&b->arena, sizeof(*f));
	struct record *subject = arena_new(&b->arena, sizeof(*subject)),
		      *observed = arena_new(&b->arena, sizeof(*observed));
	record_begin(subject, &subject_type, NULL, &b->host);
	record_str(subject, SUB_ID, device);
	record_begin(observed, &observed_type, NULL, &b->host);
	*f = (struct finding){ .rule = r, .severity = s, .confidence = 0.5, .subject = subject, .observed = observed,
			       .first = second * 1000000000u, .last = second * 1000000000u, .count = 1 };
	return f;
}

static const char *case_text(struct bench *b, struct finding **v, size_t n)
{
	struct record r;
	case_record(v, n, &r, &b->host);
	buf_reset(&b->said);
	json_record(&b->said, &r, NULL);
	buf_u8(&b->said, 0);
	return (const char *)b->said.p;
}

static void says(const char *text, const char *what)
{
	if (!text || !strstr(text, what))
		fail_msg("not said: %s\nin: %s", what, text ? text : "nothing");
}

static void other_devices_and_other_causes_are_other_cases(void **state)
{
	struct bench *b = *state;
	struct finding *v[] = {
		finding(b, &outside, "D-1", SEV_LOW, 5), finding(b, &clear, "D-1", SEV_HIGH, 9),
		finding(b, &outside, "D-2", SEV_CRITICAL, 7), finding(b, &also_outside, "D-1", SEV_MEDIUM, 3),
	};
	cases_sort(v, ARRAY_LEN(v));
	assert_int_equal(case_length(v, 4), 1);
	assert_int_equal(v[0]->severity, SEV_CRITICAL);
	assert_int_equal(case_length(v + 1, 3), 1);
	assert_ptr_equal(v[1]->rule, &clear);
	assert_int_equal(case_length(v + 2, 2), 2);
	assert_ptr_equal(v[2]->rule, &also_outside);     /* by time within the case */
}

static void the_order_given_does_not_matter(void **state)
{
	struct bench *b = *state;
	struct finding *v[6], *w[6];
	for (unsigned i = 0; i < 6; i++) {
		v[i] = finding(b, i % 2 ? &outside : &also_outside, i % 3 ? "D-1" : "D-2", SEV_HIGH, 5);
		snprintf(v[i]->key, sizeof(v[i]->key), "%u", i);
		w[5 - i] = v[i];
	}
	cases_sort(v, 6);
	cases_sort(w, 6);
	assert_memory_equal(v, w, sizeof(v));
}

static void a_case_id_is_stable_and_of_device_and_cause(void **state)
{
	struct bench *b = *state;
	char x[CASE_ID_TEXT], y[CASE_ID_TEXT];
	case_id(finding(b, &outside, "D-1", SEV_LOW, 5), x);
	case_id(finding(b, &also_outside, "D-1", SEV_HIGH, 50), y);
	assert_string_equal(x, y);
	assert_int_equal(strlen(x), 10);
	assert_memory_equal(x, "C-", 2);
	case_id(finding(b, &clear, "D-1", SEV_LOW, 5), y);
	assert_string_not_equal(x, y);
	case_id(finding(b, &outside, "D-2", SEV_LOW, 5), y);
	assert_string_not_equal(x, y);
}

static void the_story_is_told_in_order_and_names_the_device_once(void **state)
{
	struct bench *b = *state;
	struct finding *late = finding(b, &outside, "D-1", SEV_CRITICAL, 1772434804);
	struct finding *early = finding(b, &also_outside, "D-1", SEV_HIGH, 1772434800);
	late->title = "Monitor m (10.0.0.1) sent data to 192.0.2.1.";
	late->count = 7;
	late->last = UINT64_C(1772521205) * 1000000000u;
	late->scope = SCOPE_OUTSIDE;
	record_bool(late->observed, OBS_ANSWERED, true);
	record_add_text(late->observed, OBS_FIELDS, SPAN_LIT("patient_name"));
	record_uint(late->observed, OBS_PATIENTS, 3);
	early->title = "Monitor m (10.0.0.1) asked for 192.0.2.1";
	struct finding *v[] = { late, early };
	cases_sort(v, 2);
	const char *text = case_text(b, v, 2);
	says(text, "\"story\":\"On 2026-03-02 at 07:00:00 UTC: Monitor m (10.0.0.1) asked for 192.0.2.1. At 07:00:04 "
		   "it sent data to "
		   "192.0.2.1 (7 times, the last on 2026-03-03 at 07:00:05). Readable by anybody on the way: "
		   "patient_name, of at "
		   "least 3 patients. The other end answered. Traffic was sent outside the site.\"");
	says(text, "\"title\":\"Monitor m (10.0.0.1) sent data to 192.0.2.1.\"");
	says(text, "\"next\":[\"One.\",\"Two.\",\"Three.\"]");
	says(text, "\"severity\":\"critical\",\"state\":\"observed\"");
	says(text, "\"rules\":[\"net.b\",\"net.a\"]");
	says(text, "\"scope\":\"outside\"");
}

static void dates_are_right_at_leap_days_and_ends_of_years(void **state)
{
	static const struct {
		uint64_t second;
		const char *says;
	} cases[] = {
		{ 0, "On 1970-01-01 at 00:00:00 UTC" },
		{ 951782399, "On 2000-02-28 at 23:59:59 UTC" },
		{ 951782400, "On 2000-02-29 at 00:00:00 UTC" },
		{ 1709251199, "On 2024-02-29 at 23:59:59 UTC" },
		{ 1735689599, "On 2024-12-31 at 23:59:59 UTC" },
		{ 4107542400, "On 2100-03-01 at 00:00:00 UTC" },
	};
	struct bench *b = *state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct finding *v[] = { finding(b, &outside, "D-1", SEV_LOW, cases[i].second) };
		says(case_text(b, v, 1), cases[i].says);
	}
}

static void many_findings_make_a_short_story_of_the_worst_and_of_each_rule(void **state)
{
	struct bench *b = *state;
	struct finding *v[200];
	for (unsigned i = 0; i < 200; i++) {
		v[i] = finding(b, &outside, "D-1", i == 150 ? SEV_CRITICAL : SEV_LOW, 1772434800 + i);
		v[i]->title = i == 150 ? "The worst" : i == 180 ? "The other rule" : "One of many";
		snprintf(v[i]->key, sizeof(v[i]->key), "%u", i);
	}
	v[180]->rule = &also_outside;
	cases_sort(v, 200);
	assert_int_equal(case_length(v, 200), 200);
	const char *text = case_text(b, v, 200);
	says(text, "The worst.");
	says(text, "The other rule.");
	says(text, "196 more findings of the same device and cause are listed with the case.");
}

static void a_case_is_predicted_until_something_of_it_is_seen(void **state)
{
	struct bench *b = *state;
	struct finding *v[] = { finding(b, &outside, "D-1", SEV_HIGH, 5),
				finding(b, &also_outside, "D-1", SEV_HIGH, 6) };
	v[0]->predicted = v[1]->predicted = true;
	const char *text = case_text(b, v, 2);
	says(text, "\"state\":\"predicted\"");
	says(text, "\"story\":\"A. B. This was predicted from the firmware and has not been seen on the network.\"");
	v[1]->predicted = false;
	says(case_text(b, v, 2), "\"state\":\"observed\"");
	v[1]->state = "contained";
	says(case_text(b, v, 2), "\"state\":\"contained\"");
}

static void endless_texts_stay_within_the_story(void **state)
{
	struct bench *b = *state;
	struct finding *v[MANY];
	char *title = arena_new(&b->arena, 4000);
	memset(title, 'x', 3999);
	for (unsigned i = 0; i < MANY; i++) {
		v[i] = finding(b, &outside, "D-1", SEV_LOW, 1772434800 + i);
		v[i]->title = title;
	}
	const char *text = case_text(b, v, MANY);
	assert_true(strlen(text) < 16000);
	says(text, "Nothing left the device's own network segment.\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(other_devices_and_other_causes_are_other_cases, begin, end),
		cmocka_unit_test_setup_teardown(the_order_given_does_not_matter, begin, end),
		cmocka_unit_test_setup_teardown(a_case_id_is_stable_and_of_device_and_cause, begin, end),
		cmocka_unit_test_setup_teardown(the_story_is_told_in_order_and_names_the_device_once, begin, end),
		cmocka_unit_test_setup_teardown(dates_are_right_at_leap_days_and_ends_of_years, begin, end),
		cmocka_unit_test_setup_teardown(many_findings_make_a_short_story_of_the_worst_and_of_each_rule, begin,
						end),
		cmocka_unit_test_setup_teardown(a_case_is_predicted_until_something_of_it_is_seen, begin, end),
		cmocka_unit_test_setup_teardown(endless_texts_stay_within_the_story, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
