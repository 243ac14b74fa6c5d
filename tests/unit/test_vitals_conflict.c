/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that cannot all be true. First everything that looks a little like it and is ordinary: chains of gateways,
 * simulators, sensors that fall off, queues that are emptied. */
#include "fake_ward.h"

#include "decode/vitals.h"

extern const struct detector detector_vitals_conflict;
extern const struct decoder decoder_hl7;

static const struct detector *const table[] = { &detector_vitals_conflict, NULL };
static const struct decoder *const from[] = { &decoder_hl7, NULL };

#define MONITOR "10.1.2.3"
#define GATEWAY "10.1.2.4"
#define CENTRAL "10.1.2.5"
#define ENGINE  "10.1.2.6"
#define OTHER   "10.1.2.66"

enum { TCP = 6, SECONDS = 10 };

struct signs {
	double heart, spo2, breaths, sys, dia, temp;
};

static uint64_t rng = 1;

static int below(int n)
{
	rng = rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int)((rng >> 33) % (uint64_t)n);
}

static double wander(double v, int step, double low, double high)
{
	v += below(2 * step + 1) - step;
	return v < low ? low : v > high ? high : v;
}

static struct signs living(struct signs b)
{
	return (struct signs){
		wander(b.heart, 2, 55, 110), wander(b.spo2, 1, 93, 99), wander(b.breaths, 1, 10, 22), wander(b.sys, 2, 100, 150),
		wander(b.dia, 1, 60, 90), wander(b.temp * 10, 1, 361, 379) / 10,
	};
}

static const struct signs well = { 72, 97, 14, 121, 75, 36.8 }, ill = { 40, 70, 5, 70, 40, 36 };

static struct ward *ward(void)
{
	struct ward *w = ward_new(table, from, NULL);
	w->router = ward_mac(60000);
	ward_device(w, ROLE_MONITOR, "mon", MONITOR);
	ward_device(w, ROLE_UNKNOWN, "gw", GATEWAY);
	ward_device(w, ROLE_CENTRAL, "cms", CENTRAL);
	ward_device(w, ROLE_HL7_ENGINE, "hl7", ENGINE);
	rng = 7;
	return w;
}

struct report {
	const char *from, *to, *patient, *device, *time;
	uint64_t ts;                             /* s after the start */
	unsigned card;                           /* of the sender, 0: its own */
};

static void value(struct ward *w, const struct origin *at, const struct report *p, const char *name, double v)
{
	struct record r;
	record_begin(&r, &vitals_type, at, &w->host);
	record_str(&r, VITALS_NAME, name);
	record_real(&r, VITALS_VALUE, v);
	record_str(&r, VITALS_DEVICE, p->device);
	record_str(&r, VITALS_DEVICE_TIME, p->time);
	if (p->patient)
		record_text(&r, VITALS_SUBJECT, span_str(p->patient));
	ward_publish(w, &r);
}

static void report(struct ward *w, struct report p, struct signs b)
{
	struct origin at = ward_packet(w, p.from, p.to, 6661, TCP);
	at.ts = UINT64_C(1700000000000000000) + p.ts * 1000000000u + at.packet % 1000;
	w->ts = at.ts;
	at.smac = p.card ? ward_mac(p.card) : at.smac;
	value(w, &at, &p, "heart_rate", b.heart);
	value(w, &at, &p, "spo2", b.spo2);
	value(w, &at, &p, "resp_rate", b.breaths);
	value(w, &at, &p, "nibp_sys", b.sys);
	value(w, &at, &p, "nibp_dia", b.dia);
	value(w, &at, &p, "temperature", b.temp);
}

static struct report mon(unsigned i)
{
	return (struct report){ .from = MONITOR, .to = CENTRAL, .patient = "P-4711", .ts = i * SECONDS };
}

#define QUIET(w) do { ASSERT_SILENT(ward_said(w), "net.vitals-conflict"); ward_free(w); } while (0)

/* ---- the quiet hospital ---- */

static void a_day_of_a_living_patient_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct signs b = well;
	for (unsigned i = 0; i < 8640; i++, b = living(b))
		report(w, mon(i), b);
	QUIET(w);
}

static void one_steady_value_alone_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	for (unsigned i = 0; i < 20000; i++) {
		struct report p = mon(i);
		struct origin at = ward_packet(w, p.from, p.to, 6661, TCP);
		at.ts = UINT64_C(1700000000000000000) + p.ts * 1000000000u;
		value(w, &at, &p, "spo2", 96 + below(3));
	}
	QUIET(w);
}

static void a_chain_of_gateways_with_its_delays_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct signs b = well, then[4] = { well, well, well, well };
	for (unsigned i = 0; i < 400; i++, b = living(b)) {
		struct report p = mon(i);
		p.to = GATEWAY;
		report(w, p, b);
		p.ts += 2;
		p.from = GATEWAY;
		p.to = CENTRAL;
		report(w, p, then[3]);           /* 40 seconds late */
		p.ts += 2;
		p.from = CENTRAL;
		p.to = ENGINE;
		if (i % 6 == 5)
			report(w, p, then[3]);
		memmove(then + 1, then, sizeof(then) - sizeof(then[0]));
		then[0] = b;
	}
	QUIET(w);
}

static void a_gateway_that_was_not_seen_to_receive_but_agrees_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct signs b = well, late = well;
	for (unsigned i = 0; i < 300; i++, late = b, b = living(b)) {
		struct report p = mon(i);
		report(w, p, b);
		p.from = GATEWAY;
		p.to = ENGINE;
		p.ts += 5;
		report(w, p, late);
	}
	QUIET(w);
}

static void another_device_at_the_same_bed_may_count_breaths_otherwise(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct signs b = well;
	for (unsigned i = 0; i < 200; i++, b = living(b)) {
		report(w, mon(i), b);
		struct report p = mon(i);
		p.from = OTHER;
		struct origin at = ward_packet(w, OTHER, CENTRAL, 6661, TCP);
		value(w, &at, &p, "resp_rate", b.breaths + 4);
		value(w, &at, &p, "spo2", b.spo2 - 2);
		value(w, &at, &p, "tidal_volume", 480);
	}
	QUIET(w);
}

static void simulators_and_demonstrations_that_run_from_the_beginning_are_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct signs loop[60], b = well;
	for (unsigned i = 0; i < 60; i++, b = living(b))
		loop[i] = b;
	for (unsigned i = 0, k = 17; i < 1500; i++, k++) {
		if (i == 300 || i == 777)
			k += 2;                  /* messages that the capture lost */
		report(w, mon(i), loop[k % 60]);
		report(w, (struct report){ .from = OTHER, .to = CENTRAL, .device = "SIM-1", .ts = i * SECONDS + 3 }, well);
		struct signs turn = { i % 2 ? 60 : 61, 98, 12, 120, 80, 37 };
		report(w, (struct report){ .from = ENGINE, .to = CENTRAL, .device = "SIM-2", .ts = i * SECONDS + 5 }, turn);
	}
	QUIET(w);
}

static void a_queue_that_is_emptied_after_an_outage_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct signs old[100], b = well;
	unsigned t = 0;
	for (unsigned i = 0; i < 100; i++, b = living(b)) {
		old[i] = b;
		struct report p = mon(t++);
		p.time = "20260302070000";
		report(w, p, b);
	}
	for (unsigned i = 60; i < 100; i++) {
		struct report p = mon(0);
		p.ts = t * SECONDS + (i - 60);   /* one a second, not one in ten */
		p.time = "20260302070000";
		report(w, p, old[i]);
	}
	for (unsigned i = 0; i < 100; i++, b = living(b))
		report(w, mon(t + 5 + i), b);
	QUIET(w);
}

static void sensors_that_fall_off_and_artefacts_are_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct signs b = well;
	for (unsigned i = 0; i < 600; i++, b = living(b)) {
		struct signs said = b;
		if (i % 50 > 45)
			said = (struct signs){ 0, 0, 0, 0, 0, 0 };
		if (i % 37 == 36)
			said.heart = 230;
		if (i % 41 == 40)
			said.spo2 = 61;
		if (i > 400)
			said.heart = b.heart + 60;       /* a fast rhythm begins */
		report(w, mon(i), said);
	}
	QUIET(w);
}

static void the_next_patient_after_a_pause_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct signs b = well, child = { 130, 91, 34, 84, 45, 38.9 };
	for (unsigned i = 0; i < 60; i++, b = living(b)) {
		struct report p = mon(i);
		p.patient = NULL;
		report(w, p, b);
	}
	for (unsigned i = 0; i < 60; i++) {
		struct report p = mon(i + 100);
		p.patient = NULL;
		child.heart = 130 + below(3);
		report(w, p, child);
	}
	QUIET(w);
}

static void a_number_that_stands_for_nobody_is_no_patient(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct signs b = well, c = { 110, 93, 22, 150, 90, 37.8 };
	for (unsigned i = 0; i < 100; i++, b = living(b)) {
		struct report p = mon(i);
		p.patient = "UNKNOWN";
		report(w, p, b);
		p.from = OTHER;
		report(w, p, c);
	}
	QUIET(w);
}

/* ---- what is told ---- */

static void two_senders_that_contradict_each_other_are_told(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct signs b = well, lie = { 72, 98, 14, 120, 75, 36.8 };
	for (unsigned i = 0; i < 60; i++, b = living(b)) {
		struct signs worse = b;
		worse.heart = 140;
		worse.spo2 = 82;
		report(w, mon(i), worse);
		if (i < 20)
			continue;
		struct report p = mon(i);
		p.from = OTHER;
		p.ts += 3;
		report(w, p, lie);
	}
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.vitals-conflict\",\"severity\":\"high\"");
	ASSERT_SAYS(said, "report different values of the same patient at the same time");
	ASSERT_SILENT(said, "P-4711");
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
	ward_free(w);
}

/* The monitor names the patient or does not; the other never. */
static void contradict_behind_a_device_number(const char *patient)
{
	struct ward *w = ward();
	for (unsigned i = 0; i < 30; i++) {
		struct report p = mon(i);
		p.device = "PM-7";
		p.patient = patient;
		report(w, p, ill);
		p.from = OTHER;
		p.patient = NULL;
		report(w, p, well);
	}
	ASSERT_SAYS(ward_said(w), "of the same device at the same time");
	ward_free(w);
}

static void a_contradiction_behind_a_device_number_is_told(void **state)
{
	(void)state;
	contradict_behind_a_device_number(NULL);
}

static void another_card_with_the_address_of_the_monitor_is_told(void **state)
{
	(void)state;
	for (unsigned lies = 0; lies < 2; lies++) {
		struct ward *w = ward();
		for (unsigned i = 0; i < 30; i++) {
			struct report p = mon(i);
			report(w, p, ill);
			p.card = 666;
			report(w, p, lies ? well : ill);   /* else a cable and a radio, or two mirrors */
		}
		assert_int_equal(ward_count(ward_said(w), "of the same patient at the same time") > 0, lies);
		ward_free(w);
	}
}

static void one_that_leaves_the_patient_out_but_names_the_device_is_told(void **state)
{
	(void)state;
	contradict_behind_a_device_number("P-4711");
}

/* A model is no device, though some write it there. */
static void a_device_number_that_several_patients_share_is_none(void **state)
{
	(void)state;
	struct ward *w = ward();
	for (unsigned i = 0; i < 30; i++) {
		struct report p = mon(i);
		p.device = "MODEL 3";
		report(w, p, ill);
		p.from = GATEWAY;
		p.patient = "P-9";
		report(w, p, well);
		p.from = OTHER;
		p.patient = NULL;
		if (i)
			report(w, p, (struct signs){ 120, 90, 30, 170, 90, 39 });
	}
	QUIET(w);
}

static void a_stretch_that_comes_again_is_told_with_how_long_ago(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct signs old[90], b = well;
	for (unsigned i = 0; i < 90; i++, b = living(b)) {
		old[i] = b;
		report(w, mon(i), b);
	}
	for (unsigned i = 0; i < 60; i++)
		report(w, mon(90 + i), old[30 + i]);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "sent 60 messages in a row with the very values 10 minutes before");
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ASSERT_SAYS(said, "\"period\":600");
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
	ward_free(w);
}

static void a_stretch_that_another_host_sends_again_is_told_while_the_first_goes_on(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct signs old[200], b = well;
	for (unsigned i = 0; i < 120; i++, b = living(b)) {
		old[i] = b;
		report(w, mon(i), b);
		if (i < 60)
			continue;
		struct report p = mon(i);
		p.from = OTHER;
		p.ts += 4;
		report(w, p, old[i - 50]);
	}
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "with the very values that 10.1.2.3 had sent 8 minutes before");
	ASSERT_SAYS(said, "of another sender");
	ward_free(w);
}

static void values_that_leap_together_are_told(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct signs b = well;
	for (unsigned i = 0; i < 60; i++, b = living(b)) {
		struct signs said = b;
		if (i >= 40)
			said = (struct signs){ 135, 78, 35, 190, 125, 39.6 };
		report(w, mon(i), said);
	}
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "kinds of values that leapt together, faster than a body does");
	ASSERT_SAYS(said, "\"severity\":\"medium\"");
	ward_free(w);
}

static void judging_twice_says_the_same(void **state)
{
	(void)state;
	struct ward *w = ward();
	for (unsigned i = 0; i < 30; i++) {
		struct report p = { .from = MONITOR, .to = CENTRAL, .device = "PM-7", .ts = i * SECONDS };
		report(w, p, ill);
		p.from = OTHER;
		report(w, p, well);
	}
	(void)ward_said(w);
	char *first = strdup(ward_said(w));
	assert_string_equal(first, ward_said(w));
	free(first);
	ward_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_of_a_living_patient_is_quiet),
		cmocka_unit_test(one_steady_value_alone_is_quiet),
		cmocka_unit_test(a_chain_of_gateways_with_its_delays_is_quiet),
		cmocka_unit_test(a_gateway_that_was_not_seen_to_receive_but_agrees_is_quiet),
		cmocka_unit_test(another_device_at_the_same_bed_may_count_breaths_otherwise),
		cmocka_unit_test(simulators_and_demonstrations_that_run_from_the_beginning_are_quiet),
		cmocka_unit_test(a_queue_that_is_emptied_after_an_outage_is_quiet),
		cmocka_unit_test(sensors_that_fall_off_and_artefacts_are_quiet),
		cmocka_unit_test(the_next_patient_after_a_pause_is_quiet),
		cmocka_unit_test(a_number_that_stands_for_nobody_is_no_patient),
		cmocka_unit_test(two_senders_that_contradict_each_other_are_told),
		cmocka_unit_test(a_contradiction_behind_a_device_number_is_told),
		cmocka_unit_test(another_card_with_the_address_of_the_monitor_is_told),
		cmocka_unit_test(one_that_leaves_the_patient_out_but_names_the_device_is_told),
		cmocka_unit_test(a_device_number_that_several_patients_share_is_none),
		cmocka_unit_test(a_stretch_that_comes_again_is_told_with_how_long_ago),
		cmocka_unit_test(a_stretch_that_another_host_sends_again_is_told_while_the_first_goes_on),
		cmocka_unit_test(values_that_leap_together_are_told),
		cmocka_unit_test(judging_twice_says_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
