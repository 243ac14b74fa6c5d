/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Silence after a datagram, on a ward made by hand: devices that stop for other reasons first. */
#include "fake_ward.h"

extern const struct detector detector_packet_silence;
extern const struct decoder decoder_arp;

static const struct detector *const table[] = { &detector_packet_silence, NULL };
static const struct decoder *const from[] = { &decoder_arp, NULL };

#define CENTRAL  "10.1.2.100"
#define STRANGER "10.1.2.66"
#define SECOND   UINT64_C(1000000000)

enum { BEDS = 4, PERIOD_S = 10 };

struct place {
	struct ward *w;
	struct origin talks[BEDS + 1];           /* the last is no monitor: it goes on */
};

static struct place place_new(const char *conf)
{
	struct place p = { .w = ward_new(table, from, conf) };
	p.w->router = ward_mac(60000);
	ward_device(p.w, ROLE_CENTRAL, "central", CENTRAL);
	ward_device(p.w, ROLE_UNKNOWN, "", STRANGER);
	for (unsigned i = 0; i <= BEDS; i++) {
		char ip[16];
		snprintf(ip, sizeof(ip), "10.1.2.%u", 10 + i);
		ward_device(p.w, i < BEDS ? ROLE_MONITOR : ROLE_SERVER, "", ip);
		p.talks[i] = ward_contact_to(p.w, ip, CENTRAL, 6661, 6);
	}
	return p;
}

/* All but those of `stopped` (a bit each) say something every ten seconds. */
static void go_on(struct place *p, unsigned seconds, unsigned stopped)
{
	for (unsigned s = 0; s < seconds; s += PERIOD_S)
		for (unsigned i = 0; i <= BEDS; i++) {
			struct record r;
			p->w->ts += PERIOD_S * SECOND / (BEDS + 1);
			p->talks[i].ts = p->w->ts;
			p->talks[i].packet = ++p->w->packet;
			if (stopped >> i & 1)
				continue;
			record_begin(&r, &ward_again, &p->talks[i], &p->w->host);
			record_str(&r, WARD_AGAIN_PROTOCOL, "hl7");
			record_uint(&r, WARD_AGAIN_BYTES, 300);
			ward_publish(p->w, &r);
		}
}

static struct origin datagram_to(struct place *p, const char *whom, uint16_t port)
{
	struct origin at = ward_packet(p->w, STRANGER, whom, port, 17);
	struct record r;
	if (strcmp(whom, "255.255.255.255") == 0)
		memset(at.dmac.b, 0xff, sizeof(at.dmac.b));
	record_begin(&r, &ward_contact, &at, &p->w->host);
	record_str(&r, 1, "datagram");
	ward_publish(p->w, &r);
	return at;
}

static struct origin datagram(struct place *p, const char *whom)
{
	return datagram_to(p, whom, 40961);
}

static void said_nothing(struct place *p)
{
	ASSERT_SILENT(ward_said(p->w), "\"rule\"");
	ward_free(p->w);
}

static void a_monitor_that_is_switched_off_is_quiet(void **state)
{
	(void)state;
	struct place p = place_new(NULL);
	go_on(&p, 300, 0);
	go_on(&p, 600, 1);
	said_nothing(&p);
}

static void a_datagram_that_changes_nothing_is_quiet(void **state)
{
	(void)state;
	struct place p = place_new(NULL);
	go_on(&p, 300, 0);
	datagram(&p, "255.255.255.255");
	datagram(&p, "10.1.2.10");
	go_on(&p, 600, 0);
	said_nothing(&p);
}

static void one_that_comes_all_day_is_quiet(void **state)
{
	(void)state;
	struct place p = place_new(NULL);
	for (unsigned i = 0; i < 10; i++) {
		go_on(&p, 120, 0);
		datagram(&p, "255.255.255.255");
	}
	go_on(&p, 600, 1);
	said_nothing(&p);
}

static void one_that_comes_every_minute_is_quiet(void **state)
{
	(void)state;
	struct place p = place_new(NULL);
	for (unsigned i = 0; i < 20; i++) {
		datagram(&p, "255.255.255.255");
		go_on(&p, 60 - PERIOD_S, i >= 10);
		p.w->ts += 4 * SECOND;
	}
	said_nothing(&p);
}

static void one_that_comes_every_minute_is_quiet_though_one_was_lost(void **state)
{
	(void)state;
	struct place p = place_new(NULL);
	for (unsigned i = 0; i < 11; i++) {
		if (i < 10)
			datagram(&p, "255.255.255.255");
		go_on(&p, 60 - PERIOD_S, 0);
		p.w->ts += 4 * SECOND;
	}
	datagram(&p, "255.255.255.255");
	go_on(&p, 600, 1);
	said_nothing(&p);
}

static void one_on_another_port_than_usual_is_told(void **state)
{
	(void)state;
	struct place p = place_new(NULL);
	for (unsigned i = 0; i < 10; i++) {
		datagram(&p, "10.1.2.10");
		go_on(&p, 40, 0);
	}
	datagram_to(&p, "10.1.2.10", 5150);
	go_on(&p, 600, 1);
	ASSERT_SAYS(ward_said(p.w), "to UDP port 5150");
	ward_free(p.w);
}

static void one_that_is_read_is_quiet(void **state)
{
	(void)state;
	struct place p = place_new(NULL);
	go_on(&p, 300, 0);
	struct origin at = datagram(&p, "255.255.255.255");
	go_on(&p, 600, 1);
	ward_ended(p.w, at, "nbns", "unanswered", 200, 0);
	said_nothing(&p);
}

static void a_capture_that_stops_is_quiet(void **state)
{
	(void)state;
	struct place p = place_new(NULL);
	go_on(&p, 300, 0);
	datagram(&p, "255.255.255.255");
	p.w->ts += 3600 * SECOND;
	go_on(&p, 300, 0);
	said_nothing(&p);
}

static void a_conversation_that_went_on_contradicts(void **state)
{
	(void)state;
	struct place p = place_new(NULL);
	go_on(&p, 300, 0);
	datagram(&p, "10.1.2.10");
	go_on(&p, 600, 1);
	struct origin at = p.talks[0];
	struct record r;
	at.packet = 0;
	record_begin(&r, &ward_flow, &at, &p.w->host);
	record_time(&r, WARD_FLOW_FIRST, p.w->ts - 900 * SECOND);
	record_time(&r, WARD_FLOW_LAST_UP, p.w->ts - 2 * SECOND);
	ward_publish(p.w, &r);
	said_nothing(&p);
}

/* A monitor that streams what nobody reads: only the end of the conversation tells how long. */
static void streamed(struct place *p, const char *state, uint64_t seconds, uint64_t packets)
{
	struct record r;
	uint64_t stopped = p->w->ts - 600 * SECOND;
	p->talks[0].packet = 0;
	record_begin(&r, &ward_flow, &p->talks[0], &p->w->host);
	record_str(&r, WARD_FLOW_STATE, state);
	record_time(&r, WARD_FLOW_FIRST, stopped - seconds * SECOND);
	record_time(&r, WARD_FLOW_LAST_UP, stopped);
	record_uint(&r, WARD_FLOW_UP, packets);
	ward_publish(p->w, &r);
}

static void a_stream_that_breaks_off_is_told(void **state)
{
	(void)state;
	struct place p = place_new(NULL);
	go_on(&p, 600, 1);
	datagram(&p, "10.1.2.10");
	go_on(&p, 600, 1);
	streamed(&p, "open", 590, 590);
	ASSERT_SAYS(ward_said(p.w), "fell silent after a datagram from 10.1.2.66");
	ward_free(p.w);
}

static void one_that_is_closed_or_short_or_rare_is_quiet(void **state)
{
	(void)state;
	static const struct { const char *state; uint64_t seconds, packets; } ends[] = {
		{ "closed", 590, 590 }, { "open", 100, 590 }, { "open", 590, 80 },
	};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct place p = place_new(NULL);
		go_on(&p, 600, 1);
		datagram(&p, "10.1.2.10");
		go_on(&p, 600, 1);
		streamed(&p, ends[i].state, ends[i].seconds, ends[i].packets);
		said_nothing(&p);
	}
}

static void several_that_stop_at_once_are_told(void **state)
{
	(void)state;
	struct place p = place_new(NULL);
	go_on(&p, 300, 0);
	datagram(&p, "255.255.255.255");
	go_on(&p, 600, 7);
	const char *said = ward_said(p.w);
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 3);
	ASSERT_SAYS(said, "and 2 others with it; it did not come back");
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ward_free(p.w);
}

static void one_that_comes_back_is_told_with_how_long(void **state)
{
	(void)state;
	struct place p = place_new(NULL);
	go_on(&p, 300, 0);
	datagram(&p, "10.1.2.11");
	go_on(&p, 240, 2);
	go_on(&p, 300, 0);
	const char *said = ward_said(p.w);
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
	ASSERT_SAYS(said, "it came back after 4 minutes");
	ward_free(p.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_monitor_that_is_switched_off_is_quiet),
		cmocka_unit_test(a_datagram_that_changes_nothing_is_quiet),
		cmocka_unit_test(one_that_comes_all_day_is_quiet),
		cmocka_unit_test(one_that_comes_every_minute_is_quiet),
		cmocka_unit_test(one_that_comes_every_minute_is_quiet_though_one_was_lost),
		cmocka_unit_test(one_on_another_port_than_usual_is_told),
		cmocka_unit_test(one_that_is_read_is_quiet),
		cmocka_unit_test(a_capture_that_stops_is_quiet),
		cmocka_unit_test(a_conversation_that_went_on_contradicts),
		cmocka_unit_test(a_stream_that_breaks_off_is_told),
		cmocka_unit_test(one_that_is_closed_or_short_or_rare_is_quiet),
		cmocka_unit_test(several_that_stop_at_once_are_told),
		cmocka_unit_test(one_that_comes_back_is_told_with_how_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
