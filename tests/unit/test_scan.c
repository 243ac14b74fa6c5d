/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probing on a ward made by hand: those who work first. */
#include "fake_ward.h"

extern const struct detector detector_scan;
extern const struct decoder decoder_arp;

static const struct detector *const table[] = { &detector_scan, NULL };
static const struct decoder *const from[] = { &decoder_arp, NULL };

#define STATION "10.1.2.100"
#define SCANNER "10.1.2.66"
#define MONITOR "10.1.2.10"

enum { BEDS = 6 };

static struct ward *ward(const char *conf)
{
	struct ward *w = ward_new(table, from, conf);
	w->router = ward_mac(60000);
	ward_device(w, ROLE_UNKNOWN, "", SCANNER);
	ward_device(w, ROLE_CENTRAL, "central", STATION);
	for (unsigned i = 0; i < BEDS; i++) {
		char ip[16];
		snprintf(ip, sizeof(ip), "10.1.2.%u", 10 + i);
		ward_device(w, ROLE_MONITOR, "", ip);
	}
	return w;
}

static void try(struct ward *w, const char *from_whom, unsigned last, uint16_t port, const char *state)
{
	char to[16];
	snprintf(to, sizeof(to), "10.1.2.%u", last);
	struct origin at = ward_contact_to(w, from_whom, to, port, 6);
	ward_ended(w, at, NULL, state, 0, 0);
}

static void work(struct ward *w, const char *from_whom, unsigned last, uint16_t port)
{
	char to[16];
	snprintf(to, sizeof(to), "10.1.2.%u", last);
	struct origin at = ward_contact_to(w, from_whom, to, port, 6);
	ward_ended(w, at, "http", "closed", 400, 3000);
}

static void said_nothing(struct ward *w)
{
	ASSERT_SILENT(ward_said(w), "\"rule\"");
	ward_free(w);
}

static void a_station_that_asks_all_devices_and_is_answered_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (unsigned i = 0; i < 60; i++)
		work(w, STATION, 10 + i, 80);
	for (unsigned i = 0; i < 12; i++)                /* some are switched off */
		try(w, STATION, 10 + i, 80, "unanswered");
	said_nothing(w);
}

static void one_that_is_called_in_vain_again_and_again_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (unsigned i = 0; i < 100; i++)
		try(w, SCANNER, 10, 6661, "refused");
	said_nothing(w);
}

static void a_few_tries_are_quiet(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (unsigned i = 0; i < 5; i++)
		try(w, SCANNER, 10 + i, 23, "refused");
	said_nothing(w);
}

static void a_trace_of_the_way_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (uint16_t i = 0; i < 40; i++) {
		struct origin at = ward_contact_to(w, SCANNER, MONITOR, (uint16_t)(33434 + i), 17);
		ward_ended(w, at, NULL, "unanswered", 32, 0);
	}
	said_nothing(w);
}

static void answers_whose_questions_passed_elsewhere_are_quiet(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (unsigned i = 0; i < 40; i++) {
		struct origin at = ward_contact_to(w, SCANNER, MONITOR, (uint16_t)(50000 + i), 17);
		at.sport = 53;
		ward_ended(w, at, NULL, "unanswered", 80, 0);
	}
	said_nothing(w);
}

static void one_port_on_many_medical_devices_is_told(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (unsigned i = 0; i < 20; i++)
		try(w, SCANNER, 8 + i, 23, i % 3 ? "refused" : "unanswered");
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"medium\"");
	ASSERT_SAYS(said, "tried TCP port 23 on ");
	ASSERT_SAYS(said, "6 medical devices among them");
	ward_free(w);
}

static void many_ports_of_one_monitor_are_told(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (uint16_t i = 0; i < 30; i++)
		try(w, SCANNER, 10, (uint16_t)(20 + 7 * i), i % 10 ? "refused" : "reset");
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"medium\"");
	ASSERT_SAYS(said, "ports of medical device " MONITOR);
	ward_free(w);
}

static void from_outside_it_is_high(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (unsigned i = 0; i < 20; i++)
		try(w, "198.51.100.9", 8 + i, 104, "unanswered");
	ASSERT_SAYS(ward_said(w), "\"severity\":\"high\"");
	ward_free(w);
}

static void the_scanner_of_the_house_is_for_information(void **state)
{
	(void)state;
	struct ward *w = ward("[scanner inventory]\naddress = " SCANNER "\n");
	for (unsigned i = 0; i < 20; i++)
		try(w, SCANNER, 8 + i, 23, "refused");
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"info\"");
	ASSERT_SAYS(said, "\"registered\"");
	ward_free(w);
}

static void arp_for_many_absent_addresses_is_for_information(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (unsigned i = 0; i < 60; i++) {
		char to[16];
		snprintf(to, sizeof(to), "10.1.2.%u", 120 + i);
		ward_arp(w, &decoder_arp, ward_mac(1), SCANNER, to, 1);
	}
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"info\"");
	ASSERT_SAYS(said, "asked by ARP for 60 addresses that nobody has");
	ward_free(w);
}

static void arp_that_meets_devices_at_patients_is_low(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (unsigned i = 8; i < 120; i++) {
		char to[16];
		snprintf(to, sizeof(to), "10.1.2.%u", i);
		ward_arp(w, &decoder_arp, ward_mac(1), SCANNER, to, 1);
	}
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"low\"");
	ASSERT_SAYS(said, "medical devices among them");
	ward_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_station_that_asks_all_devices_and_is_answered_is_quiet),
		cmocka_unit_test(one_that_is_called_in_vain_again_and_again_is_quiet),
		cmocka_unit_test(a_few_tries_are_quiet),
		cmocka_unit_test(a_trace_of_the_way_is_quiet),
		cmocka_unit_test(answers_whose_questions_passed_elsewhere_are_quiet),
		cmocka_unit_test(one_port_on_many_medical_devices_is_told),
		cmocka_unit_test(many_ports_of_one_monitor_are_told),
		cmocka_unit_test(from_outside_it_is_high),
		cmocka_unit_test(the_scanner_of_the_house_is_for_information),
		cmocka_unit_test(arp_for_many_absent_addresses_is_for_information),
		cmocka_unit_test(arp_that_meets_devices_at_patients_is_low),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
