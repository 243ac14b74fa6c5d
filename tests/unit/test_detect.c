/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine that runs detectors: start, dispatch, bounds, order, merging, cases. */
#include "fake_ward.h"

/* ---- a detector for each question ---- */

static const struct rule ward_rule = {
	.id = "test.rule", .title = "Something", .cause = "outside party", .sees = "s", .why = "Why.", .wrong = "w",
	.next = { "First step.", "Second step.", NULL }, .attack = { "T0885", NULL }, .cwe = { "CWE-1", NULL },
	.advisories = { NULL },
};

static void on_contact(struct run *d, const struct record *r)
{
	char a[ADDR_TEXT];
	struct finding *f = detect_finding(d, detect_client_device(d, r->at), r->at, "%s", addr_text(r->at->dst, a));
	if (f)
		f->title = detect_text(d, d->opt[0] > 5 ? "Reached %s often" : "Reached %s", a);
}

static void on_patient(struct run *d, const struct record *r)
{
	(void)r;
	detect_finding(d, DEVICE_NONE, NULL, "patient");
}

static void judge_all(struct run *d)
{
	for (struct finding *f = detect_next(d, NULL); f; f = detect_next(d, f)) {
		f->severity = f->observed && record_get_uint(f->observed, OBS_PORT) == 666 ? SEV_CRITICAL : SEV_LOW;
		f->withdrawn = record_get_uint(f->observed, OBS_PORT) == 7;
	}
}

static const struct want good_wants[] = { { "contact", "opening" }, { NULL, NULL } };
static const struct want bad_field[] = { { "contact", "openning" }, { NULL, NULL } };
static const struct want bad_kind[] = { { "contacts", "opening" }, { NULL, NULL } };
static const struct on contact_on[] = { { "contact", on_contact }, { NULL, NULL } };
static const struct on contacts_on[] = { { "contacts", on_contact }, { NULL, NULL } };
static const struct on patient_on[] = { { "*patient", on_patient }, { NULL, NULL } };
static const struct option_num one_option[] = { { "limit", "how many", NULL, 5, 1, 10 }, { 0 } };

static const struct detector good = {
	.name = "test.rule",
	.rule = &ward_rule,
	.on = contact_on,
	.wants = good_wants,
	.options = one_option,
	.finish = judge_all,
};
static const struct detector patient = { .name = "test.patient", .rule = &ward_rule, .on = patient_on };
static const struct detector misspelt_field = {
	.name = "test.field", .rule = &ward_rule, .on = contact_on, .wants = bad_field
};
static const struct detector misspelt_kind = {
	.name = "test.kind", .rule = &ward_rule, .on = contact_on, .wants = bad_kind
};
static const struct detector misspelt_on = { .name = "test.on", .rule = &ward_rule, .on = contacts_on };

static const struct decoder *const no_decoders[] = { NULL };
static const struct detector *const table_good[] = { &good, NULL };

static struct detect *start(const struct detector *det, const struct record_type *const *types, char err[256])
{
	static struct devices nobody;
	const struct detector *const table[] = { det, NULL };
	struct keyring *k = keyring_new(keyring_test_key);
	struct zones *z = zones_new(keyring_hash_key(k), NULL);
	struct indicators *i = indicators_new();
	struct detect *d = detect_new(
		&(struct detect_setup){
			.detectors = table,
			.decoders = no_decoders,
			.types = types,
			.devices = &nobody,
			.zones = z,
			.indicators = i,
			.keyring = k,
		},
		err);
	bool started = d;
	detect_free(d);
	indicators_free(i);
	zones_free(z);
	keyring_free(k);
	return started ? d : NULL;
}

static void a_misspelt_field_stops_the_start_and_is_named(void **state)
{
	(void)state;
	char err[256];
	assert_null(start(&misspelt_field, ward_types, err));
	ASSERT_SAYS(err, "test.field wants field 'openning' of records 'contact'");
}

static void a_misspelt_kind_stops_the_start_and_is_named(void **state)
{
	(void)state;
	char err[256];
	assert_null(start(&misspelt_kind, ward_types, err));
	ASSERT_SAYS(err, "records of kind 'contacts', which nobody offers");
	assert_null(start(&misspelt_on, ward_types, err));
	ASSERT_SAYS(err, "test.on wants records of kind 'contacts', which nobody offers");
}

static void a_kind_that_two_offer_stops_the_start(void **state)
{
	(void)state;
	static const struct field fields[] = { { .name = "opening", .type = F_TEXT } };
	static RECORD_TYPE(twin, "contact", "", fields);
	static const struct record_type *const two[] = { &ward_contact, &twin, NULL };
	char err[256];
	assert_null(start(&good, two, err));
	ASSERT_SAYS(err, "which two offer");
	assert_non_null(start(&good, ward_types, err));
}

static void an_option_out_of_range_is_refused_when_the_configuration_is_read(void **state)
{
	(void)state;
	struct conf_key *keys = detect_option_keys(table_good);
	const struct conf_key *tables[] = { keys, NULL };
	struct buf errors = { 0 };
	struct conf *c = NULL;
	assert_int_equal(conf_parse(SPAN_LIT("[detector test.rule]\nlimit = 11\n"), "t", tables, &c, &errors), -22);
	assert_non_null(memmem(errors.p, errors.n, "limit", 5));
	buf_done(&errors);
	conf_free(c);
	free(keys);
}

static void an_option_reaches_its_detector(void **state)
{
	(void)state;
	struct ward *w = ward_new(table_good, no_decoders, "[detector test.rule]\nlimit = 7\n");
	ward_device(w, ROLE_MONITOR, "m", "10.0.0.1");
	ward_contact_to(w, "10.0.0.1", "10.0.0.9", 80, 6);
	ASSERT_SAYS(ward_said(w), "Reached 10.0.0.9 often");
	ward_free(w);
}

static void records_that_nobody_wants_go_nowhere(void **state)
{
	(void)state;
	struct ward *w = ward_new(table_good, no_decoders, NULL);
	ward_device(w, ROLE_MONITOR, "m", "10.0.0.1");
	ward_ended(w, ward_packet(w, "10.0.0.1", "10.0.0.2", 80, 6), "http", "open", 1, 1);
	ward_quiet(w);
}

static void patient_kinds_are_found_by_their_fields(void **state)
{
	(void)state;
	static const struct field fields[] = { { "name", F_TEXT, "", .privacy = PATIENT } };
	static RECORD_TYPE(chart, "chart", "", fields);
	static const struct record_type *const types[] = { &chart, &ward_contact, NULL };
	static const struct detector *const table[] = { &patient, NULL };
	static struct devices nobody;
	char err[256];
	struct keyring *k = keyring_new(keyring_test_key);
	struct zones *z = zones_new(keyring_hash_key(k), NULL);
	struct detect *d = detect_new(&(struct detect_setup){ .detectors = table,
							      .decoders = no_decoders,
							      .types = types,
							      .devices = &nobody,
							      .zones = z,
							      .keyring = k },
				      err);
	struct record r;
	record_begin(&r, &ward_contact, NULL, NULL);
	detect_record(d, &r);
	assert_int_equal(detect_counts(d).memory, 0);
	record_begin(&r, &chart, NULL, NULL);
	detect_record(d, &r);
	assert_true(detect_counts(d).memory > 0);
	detect_free(d);
	zones_free(z);
	keyring_free(k);
}

static void findings_come_worst_first_then_by_time_and_are_published_twice_alike(void **state)
{
	(void)state;
	struct ward *w = ward_new(table_good, no_decoders, NULL);
	ward_device(w, ROLE_MONITOR, "m", "10.0.0.1");
	ward_contact_to(w, "10.0.0.1", "10.0.0.9", 80, 6);
	ward_contact_to(w, "10.0.0.1", "10.0.0.8", 80, 6);
	ward_contact_to(w, "10.0.0.1", "10.0.0.7", 666, 6);
	ward_contact_to(w, "10.0.0.1", "10.0.0.6", 7, 6);        /* withdrawn */
	char *first = strdup(ward_said(w));
	assert_string_equal(first, ward_said(w));
	assert_int_equal(ward_count(first, "\"kind\":\"finding\""), 3);
	assert_int_equal(ward_count(first, "\"kind\":\"case\""), 1);
	const char *a = strstr(first, "\"title\":\"Reached 10.0.0.7\"");
	const char *b = strstr(first, "\"title\":\"Reached 10.0.0.9\"");
	const char *c = strstr(first, "\"title\":\"Reached 10.0.0.8\"");
	assert_true(a && b && c && a < b && b < c);
	ASSERT_SILENT(first, "10.0.0.6");
	assert_int_equal(detect_counts(w->detect).withdrawn, 1);
	free(first);
	ward_free(w);
}

static void the_same_again_counts_and_keeps_the_latest_packet(void **state)
{
	(void)state;
	struct ward *w = ward_new(table_good, no_decoders, NULL);
	ward_device(w, ROLE_MONITOR, "m", "10.0.0.1");
	for (int i = 0; i < 20; i++)
		ward_contact_to(w, "10.0.0.1", "10.0.0.9", 80, 6);
	const char *said = ward_said(w);
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
	ASSERT_SAYS(said, "\"count\":20");
	assert_int_equal(ward_count(said, "\"file\":\"ward.pcap\""), FINDING_EVIDENCE);
	ASSERT_SAYS(said, "\"packet\":1,\"offset\":100");
	ASSERT_SAYS(said, "\"packet\":20,\"offset\":2000");
	ASSERT_SAYS(said, "\"first\":\"2023-11-14T22:13:21.000000000Z\"");
	ward_free(w);
}

static void a_flood_from_one_device_leaves_room_for_others(void **state)
{
	(void)state;
	struct ward *w = ward_new(table_good, no_decoders, NULL);
	ward_device(w, ROLE_MONITOR, "loud", "10.0.0.1");
	ward_device(w, ROLE_MONITOR, "quiet", "10.0.0.2");
	for (unsigned i = 0; i < 5000; i++) {
		char to[32];
		snprintf(to, sizeof(to), "10.9.%u.%u", i / 200, i % 200 + 1);
		ward_contact_to(w, "10.0.0.1", to, 80, 6);
	}
	ward_contact_to(w, "10.0.0.2", "10.0.0.9", 80, 6);
	const char *said = ward_said(w);
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), DETECT_PER_DEVICE + 1);
	ASSERT_SAYS(said, "Reached 10.0.0.9");
	assert_int_equal(detect_counts(w->detect).overflow, 5000 - DETECT_PER_DEVICE);
	ward_free(w);
}

static void a_flood_of_devices_ends_at_the_cap_of_the_rule(void **state)
{
	(void)state;
	struct ward *w = ward_new(table_good, no_decoders, NULL);
	for (unsigned i = 0; i < 3000; i++) {
		char from[32];
		snprintf(from, sizeof(from), "10.1.%u.%u", i / 250, i % 250 + 1);
		ward_device(w, ROLE_MONITOR, "m", from);
		ward_contact_to(w, from, "10.0.0.9", 80, 6);
	}
	assert_int_equal(ward_count(ward_said(w), "\"kind\":\"finding\""), DETECT_PER_RULE);
	assert_true(detect_counts(w->detect).memory < DETECT_MEMORY);
	ward_free(w);
}

static void findings_of_devices_that_turn_out_to_be_one_are_one(void **state)
{
	(void)state;
	struct ward *w = ward_new(table_good, no_decoders, NULL);
	uint32_t a = ward_device(w, ROLE_MONITOR, "m", "10.0.0.1"), b = ward_device(w, ROLE_MONITOR, "m", "10.0.0.2");
	ward_contact_to(w, "10.0.0.1", "10.0.0.9", 80, 6);
	ward_contact_to(w, "10.0.0.2", "10.0.0.9", 80, 6);
	assert_int_equal(ward_count(ward_said(w), "\"kind\":\"finding\""), 2);
	w->devices.v[b].root = a;
	for (int i = 0; i < 2; i++) {
		const char *said = ward_said(w);
		assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
		ASSERT_SAYS(said, "\"count\":2");
	}
	ward_free(w);
}

static void the_same_story_gives_the_same_ids_whatever_the_order_of_devices(void **state)
{
	(void)state;
	char id[2][32];
	for (int turn = 0; turn < 2; turn++) {
		struct ward *w = ward_new(table_good, no_decoders, NULL);
		uint32_t other = turn ? ward_device(w, ROLE_SERVER, "s", "10.0.0.3") : 0;
		uint32_t m = ward_device(w, ROLE_MONITOR, "m", "10.0.0.1");
		w->devices.v[m].mac = ward_mac(77);
		(void)other;
		ward_contact_to(w, "10.0.0.1", "10.0.0.9", 80, 6);
		const char *said = ward_said(w), *at = strstr(said, "\"id\":\"F-");
		assert_non_null(at);
		snprintf(id[turn], sizeof(id[turn]), "%.22s", at);
		ward_free(w);
	}
	assert_string_equal(id[0], id[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_misspelt_field_stops_the_start_and_is_named),
		cmocka_unit_test(a_misspelt_kind_stops_the_start_and_is_named),
		cmocka_unit_test(a_kind_that_two_offer_stops_the_start),
		cmocka_unit_test(an_option_out_of_range_is_refused_when_the_configuration_is_read),
		cmocka_unit_test(an_option_reaches_its_detector),
		cmocka_unit_test(records_that_nobody_wants_go_nowhere),
		cmocka_unit_test(patient_kinds_are_found_by_their_fields),
		cmocka_unit_test(findings_come_worst_first_then_by_time_and_are_published_twice_alike),
		cmocka_unit_test(the_same_again_counts_and_keeps_the_latest_packet),
		cmocka_unit_test(a_flood_from_one_device_leaves_room_for_others),
		cmocka_unit_test(a_flood_of_devices_ends_at_the_cap_of_the_rule),
		cmocka_unit_test(findings_of_devices_that_turn_out_to_be_one_are_one),
		cmocka_unit_test(the_same_story_gives_the_same_ids_whatever_the_order_of_devices),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
