/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vocabulary of vital signs: what is not known is left as it was sent, first. */
#include "decode/vitals.h"
#include "decode_try.h"

static void said(struct try *t, const char *name, const char *unit, double value)
{
	try_clear(t);
	vitals_emit(&t->emit, &(struct vital){
		.protocol = "test", .name = span_str(name), .unit = span_str(unit), .value = value,
	});
}

static void what_is_not_known_stays_as_it_was_sent(void **state)
{
	(void)state;
	struct try *t = try_new();
	said(t, "Cuff thing", "furlong", 7.5);
	try_says(t, "vitals protocol=test name=Cuff thing value=7.5 unit=furlong\n");
	said(t, "glucose", "kPa", 7.5);                  /* no pressure: nothing to convert */
	try_says(t, "mdc=160020 value=7.5 unit=kPa\n");
	said(t, "heart_rate", "", 61);
	try_says(t, "mdc=147842 value=61\n");
	try_free(t);
	assert_null(vitals_name(SPAN_LIT("131072")));
	assert_null(vitals_name(SPAN_LIT("99999999999999999999")));
	assert_null(vitals_name(SPAN_LIT("")));
	assert_null(vitals_mdc_name(0));
}

static void units_are_one_and_pressures_and_temperatures_compare(void **state)
{
	(void)state;
	static const struct { const char *name, *unit; double value; const char *want; } cases[] = {
		{ "heart_rate", "bpm", 61, "value=61 unit=/min\n" }, { "heart_rate", "264864", 61, "value=61 unit=/min\n" },
		{ "spo2", "MDC_DIM_PERCENT", 97, "value=97 unit=%\n" }, { "nibp_sys", "kPa", 16, "value=120.01 unit=mm[Hg]\n" },
		{ "nibp_sys", "mmHg", 120, "value=120 unit=mm[Hg]\n" }, { "temperature", "degF", 98.6, "value=37 unit=Cel\n" },
		{ "temperature", "\xC2\xB0""C", 37, "value=37 unit=Cel\n" }, { "cvp", "265987", 1, "value=7.50062 unit=mm[Hg]\n" },
	};
	struct try *t = try_new();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		said(t, cases[i].name, cases[i].unit, cases[i].value);
		try_says(t, cases[i].want);
	}
	try_free(t);
}

static void one_thing_has_one_name_in_every_system(void **state)
{
	(void)state;
	static const struct { const char *code, *name; } cases[] = {
		{ "8867-4", "heart_rate" }, { "147842", "heart_rate" }, { "MDC_ECG_CARD_BEAT_RATE", "heart_rate" },
		{ "149538", "pulse_rate" }, { "150021", "nibp_sys" }, { "150301", "nibp_sys" }, { "8480-6", "nibp_sys" },
		{ "150037", "art_sys" }, { "151728", "etco2" }, { "150087", "cvp" }, { "2341-6", "glucose" },
		{ "mdc_temp_body", "temperature" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(vitals_name(span_str(cases[i].code)), cases[i].name);
	assert_string_equal(vitals_label(SPAN_LIT("NIBP-S")), "nibp_sys");
	assert_string_equal(vitals_label(SPAN_LIT("pCO2")), "pco2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_known_stays_as_it_was_sent),
		cmocka_unit_test(units_are_one_and_pressures_and_temperatures_compare),
		cmocka_unit_test(one_thing_has_one_name_in_every_system),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
