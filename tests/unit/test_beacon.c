/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Repeated calls on a ward made by hand: all that a hospital repeats in good health first. */
#include "fake_ward.h"

extern const struct detector detector_beacon;
extern const struct decoder decoder_arp, decoder_dns, decoder_icmp;

static const struct detector *const table[] = { &detector_beacon, NULL };
static const struct decoder *const from[] = { &decoder_arp, &decoder_dns, &decoder_icmp, NULL };

#define MONITOR "10.1.2.3"
#define OTHER   "10.1.2.4"
#define STATION "10.1.2.100"
#define OUTSIDE "198.51.100.7"
#define SECOND  UINT64_C(1000000000)

static struct ward *ward(const char *conf)
{
	struct ward *w = ward_new(table, from, conf);
	w->router = ward_mac(60000);
	ward_device(w, ROLE_MONITOR, "bed-3", MONITOR);
	return w;
}

struct repeat {
	const char *from, *to, *protocol, *state;
	uint16_t port;
	uint8_t proto;
	unsigned times;
	uint64_t every;                          /* s */
	unsigned jitter, missing;                /* percent */
};

static uint64_t dice(uint64_t *s)
{
	*s = *s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *s >> 33;
}

/* Conversations from the ward's present time on; the time is put back, so that others go on beside them. */
static void repeat(struct ward *w, struct repeat r)
{
	uint64_t start = w->ts, at = start, s = r.port + r.every;
	for (unsigned i = 0; i < r.times; i++) {
		int64_t off = r.jitter ? (int64_t)(dice(&s) % (2 * r.jitter + 1)) - (int64_t)r.jitter : 0;
		at += r.every * SECOND / 100 * (uint64_t)(100 + off);
		if (r.missing && dice(&s) % 100 < r.missing)
			continue;
		w->ts = at - SECOND;
		struct origin o = ward_contact_to(w, r.from, r.to, r.port, r.proto);
		ward_ended(w, o, r.protocol, r.state ? r.state : "unanswered", 60, 0);
	}
	w->ts = start;
}

static void said_nothing(struct ward *w)
{
	w->ts += 100000 * SECOND;
	ASSERT_SILENT(ward_said(w), "\"rule\"");
	ward_free(w);
}

static void the_ordinary_work_of_a_ward_is_none(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_CENTRAL, "central", STATION);
	repeat(w, (struct repeat){ MONITOR, "10.9.9.9", "ntp", "open", 123, 17, 40, 64 });
	repeat(w, (struct repeat){ MONITOR, OUTSIDE, "ntp", "unanswered", 123, 17, 40, 1024 });
	repeat(w, (struct repeat){ MONITOR, "10.1.2.2", "dhcp", "open", 67, 17, 20, 1800 });
	repeat(w, (struct repeat){ MONITOR, "10.9.9.8", "dns", "open", 53, 17, 50, 30 });
	repeat(w, (struct repeat){ MONITOR, STATION, "hl7", "closed", 6661, 6, 60, 60 });
	repeat(w, (struct repeat){ MONITOR, STATION, "snmp", "unanswered", 162, 17, 60, 60 });
	said_nothing(w);
}

static void a_service_that_several_devices_call_is_none(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_MONITOR, "bed-4", OTHER);
	repeat(w, (struct repeat){ MONITOR, "10.9.9.7", NULL, "closed", 9100, 6, 30, 60 });
	repeat(w, (struct repeat){ OTHER, "10.9.9.7", NULL, "closed", 9100, 6, 30, 60 });
	said_nothing(w);
}

static void who_polls_several_devices_is_none(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_UNKNOWN, "", "10.1.2.50");
	for (unsigned i = 60; i < 65; i++) {
		char to[16];
		snprintf(to, sizeof(to), "10.1.2.%u", i);
		repeat(w, (struct repeat){ "10.1.2.50", to, NULL, i % 2 ? "closed" : "refused", 5000, 6, 30, 60 });
	}
	said_nothing(w);
}

static void what_the_configuration_names_is_none(void **state)
{
	(void)state;
	struct ward *w = ward("[allow service]\nto = " OUTSIDE "\nport = 443\n");
	repeat(w, (struct repeat){ MONITOR, OUTSIDE, "tls", "closed", 443, 6, 60, 60 });
	said_nothing(w);
}

static void calls_at_any_moment_are_none(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	repeat(w, (struct repeat){ MONITOR, OUTSIDE, NULL, "unanswered", 443, 6, 60, 60, 95, 40 });
	said_nothing(w);
}

static void seven_calls_are_too_few(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	repeat(w, (struct repeat){ MONITOR, OUTSIDE, NULL, "unanswered", 4443, 6, 7, 60 });
	said_nothing(w);
}

static void a_workstation_and_its_mail_are_none(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_WORKSTATION, "pc", "10.1.2.70");
	repeat(w, (struct repeat){ "10.1.2.70", OUTSIDE, "tls", "closed", 443, 6, 60, 60 });
	said_nothing(w);
}

static void keep_alives_are_none(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	struct origin at = ward_contact_to(w, MONITOR, OUTSIDE, 5060, 17);
	for (unsigned i = 0; i < 60; i++) {
		struct record r;
		at.ts = w->ts += 20 * SECOND;
		record_begin(&r, &ward_again, &at, &w->host);
		record_uint(&r, WARD_AGAIN_BYTES, 4);
		ward_publish(w, &r);
	}
	ward_ended(w, at, NULL, "open", 240, 0);
	said_nothing(w);
}

static void a_beacon_with_jitter_and_missing_beats_is_found_among_others(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	repeat(w, (struct repeat){ MONITOR, "10.9.9.9", "ntp", "open", 123, 17, 40, 64 });
	repeat(w, (struct repeat){ MONITOR, "198.51.100.8", "tls", "closed", 443, 6, 60, 70, 95, 40 });
	repeat(w, (struct repeat){ MONITOR, OUTSIDE, NULL, "unanswered", 4443, 6, 60, 60, 30, 20 });
	w->ts += 100000 * SECOND;
	const char *said = ward_said(w);
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
	ASSERT_SAYS(said, "\"severity\":\"medium\"");
	ASSERT_SAYS(said, "\"address\":\"" OUTSIDE "\",\"port\":4443");
	ASSERT_SAYS(said, "nobody answers");
	ASSERT_SAYS(said, "\"period\":");
	ward_free(w);
}

static void new_data_in_an_open_conversation_is_a_beat(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	struct origin at = ward_contact_to(w, MONITOR, OUTSIDE, 7000, 6);
	for (unsigned i = 0; i < 20; i++) {
		struct record r;
		at.ts = w->ts += 60 * SECOND;
		record_begin(&r, &ward_again, &at, &w->host);
		record_uint(&r, WARD_AGAIN_BYTES, 48);
		ward_publish(w, &r);
	}
	ward_ended(w, at, NULL, "open", 960, 0);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ASSERT_SAYS(said, "\"period\":60");
	ward_free(w);
}

static void refused_calls_inside_are_low(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	repeat(w, (struct repeat){ MONITOR, "10.9.9.9", NULL, "refused", 9001, 6, 30, 45, 10, 0 });
	w->ts += 100000 * SECOND;
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"low\"");
	ASSERT_SAYS(said, "it is refused");
	ward_free(w);
}

static void arp_for_an_address_that_somebody_has_is_none(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_SERVER, "files", "10.1.2.9");
	for (unsigned i = 0; i < 20; i++) {
		w->ts += 59 * SECOND;
		ward_arp(w, &decoder_arp, ward_mac(1), MONITOR, "10.1.2.9", 1);
		ward_arp(w, &decoder_arp, ward_mac(2), "10.1.2.9", MONITOR, 2);
	}
	said_nothing(w);
}

static void arp_for_an_address_that_nobody_has_is_one(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (unsigned i = 0; i < 20; i++) {
		w->ts += 58 * SECOND;
		ward_arp(w, &decoder_arp, ward_mac(1), MONITOR, "192.0.2.99", 1);
		ward_arp(w, &decoder_arp, ward_mac(1), MONITOR, "192.0.2.99", 1);
	}
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"medium\"");
	ASSERT_SAYS(said, "by ARP for 192.0.2.99; nobody answers");
	ward_free(w);
}

/* An answer of the name server: the name stands for 198.51.100.LAST. */
static void stands_for(struct ward *w, const char *who, uint8_t last)
{
	struct origin at = ward_back(w, ward_packet(w, who, "10.9.9.8", 53, 17));
	const uint8_t answer[] = {
		0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 2, 'c', '2', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'n', 'e', 't', 0,
		0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 198, 51, 100, last,
	};
	ward_message(w, &decoder_dns, &at, span_of(answer, sizeof(answer)));
}

/* Asked every two minutes; replies: what is seen of the answer: 0 none, 1 that there is no such name. */
static void ask_for(struct ward *w, unsigned replies)
{
	for (unsigned i = 0; i < 20; i++) {
		uint8_t bytes[] = { 0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 'c', '2', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'n',
				    'e', 't', 0, 0, 1, 0, 1 };
		w->ts += 119 * SECOND;
		struct origin at = ward_packet(w, MONITOR, "10.9.9.8", 53, 17);
		ward_message(w, &decoder_dns, &at, span_of(bytes, sizeof(bytes)));
		bytes[2] = 0x81;
		bytes[3] = 0x83;
		at = ward_back(w, at);
		if (replies)
			ward_message(w, &decoder_dns, &at, span_of(bytes, sizeof(bytes)));
	}
}

static void a_mirror_that_shows_no_answers_says_nothing_of_names(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ask_for(w, 0);
	said_nothing(w);
}

static void a_name_that_does_not_exist_is_asked_for_in_vain(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ask_for(w, 1);
	ASSERT_SAYS(ward_said(w), "asks every 2.0 minutes for the name c2.example.net, which does not exist");
	ward_free(w);
}

static void call_by_name(struct ward *w, const char *who, unsigned places)
{
	for (unsigned i = 0; i < 20; i++) {
		char to[16];
		uint8_t last = (uint8_t)(20 + i % places);
		w->ts += 179 * SECOND;
		stands_for(w, who, last);
		snprintf(to, sizeof(to), "198.51.100.%u", last);
		ward_ended(w, ward_contact_to(w, who, to, 443, 6), "tls", "closed", 600, 900);
	}
}

static void a_name_that_moves_is_called_all_the_same(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	call_by_name(w, MONITOR, 20);
	const char *said = ward_said(w);
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
	ASSERT_SAYS(said, "calls c2.example.net, at changing addresses outside the site, every 3.0 minutes");
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ward_free(w);
}

static void a_name_that_stays_is_told_by_its_address_alone(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	call_by_name(w, MONITOR, 1);
	const char *said = ward_said(w);
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
	ASSERT_SILENT(said, "c2.example.net");
	ward_free(w);
}

static void names_that_a_workstation_calls_are_none(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_WORKSTATION, "pc", OTHER);
	call_by_name(w, OTHER, 20);
	said_nothing(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ordinary_work_of_a_ward_is_none),
		cmocka_unit_test(a_service_that_several_devices_call_is_none),
		cmocka_unit_test(who_polls_several_devices_is_none),
		cmocka_unit_test(what_the_configuration_names_is_none),
		cmocka_unit_test(calls_at_any_moment_are_none),
		cmocka_unit_test(seven_calls_are_too_few),
		cmocka_unit_test(a_workstation_and_its_mail_are_none),
		cmocka_unit_test(keep_alives_are_none),
		cmocka_unit_test(a_beacon_with_jitter_and_missing_beats_is_found_among_others),
		cmocka_unit_test(new_data_in_an_open_conversation_is_a_beat),
		cmocka_unit_test(refused_calls_inside_are_low),
		cmocka_unit_test(arp_for_an_address_that_somebody_has_is_none),
		cmocka_unit_test(arp_for_an_address_that_nobody_has_is_one),
		cmocka_unit_test(a_mirror_that_shows_no_answers_says_nothing_of_names),
		cmocka_unit_test(a_name_that_does_not_exist_is_asked_for_in_vain),
		cmocka_unit_test(a_name_that_moves_is_called_all_the_same),
		cmocka_unit_test(a_name_that_stays_is_told_by_its_address_alone),
		cmocka_unit_test(names_that_a_workstation_calls_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
