/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The detectors of the cause "outside party" on a ward made by hand: the quiet hospital first. */
#include "fake_ward.h"

extern const struct detector detector_known_address, detector_public_arp, detector_contec_stream,
	detector_outside_destination;
extern const struct decoder decoder_arp, decoder_contec, decoder_dns, decoder_http, decoder_tls;

static const struct detector *const table[] = {
	&detector_known_address, &detector_public_arp, &detector_contec_stream, &detector_outside_destination, NULL,
};
static const struct decoder *const from[] = { &decoder_arp,  &decoder_contec, &decoder_dns,
					      &decoder_http, &decoder_tls,    NULL };

#define MONITOR "10.1.2.3"
#define CENTRAL "10.1.2.100"
#define FACTORY "202.114.4.119"
#define FAR     "203.0.113.9"

static struct ward *ward(const char *conf)
{
	struct ward *w = ward_new(table, from, conf);
	w->router = ward_mac(60000);
	return w;
}

/* One cycle of the stream: bed, patient record (when named), values, end of cycle. */
static void stream(struct ward *w, struct origin *at, bool named)
{
	struct buf b = { 0 };
	ward_message(w, &decoder_contec, at, SPAN_LIT("\x06\0\x05\x45\0\0\x03\xff"));
	buf_le16(&b, 2 + 0xB0);
	buf_bytes(&b, SPAN_LIT("\x05\x3e"));
	buf_fill(&b, 0, 0x23);
	buf_bytes(&b, named ? SPAN_LIT("DOE^JANE") : SPAN_LIT("\0\0\0\0\0\0\0\0"));
	buf_fill(&b, 0, 24);
	buf_bytes(&b, named ? SPAN_LIT("4711") : SPAN_LIT("\0\0\0\0"));
	buf_fill(&b, 0, 0xB0 - 0x23 - 32 - 4);
	ward_message(w, &decoder_contec, at, buf_span(&b));
	ward_message(w, &decoder_contec, at, SPAN_LIT("\x02\0\x05\x47"));
	buf_done(&b);
	w->ts += 1000000000u;
	at->ts = w->ts;
	at->packet = ++w->packet;
}

static void converse(struct ward *w, const char *a, const char *b, uint16_t port, uint8_t proto, uint64_t up,
		     uint8_t ttl)
{
	struct origin at = ward_contact_to(w, a, b, port, proto);
	ward_answered(w, at, ttl);
	ward_ended(w, at, "x", "closed", up, 10);
}

/* ---- quiet ---- */

static void an_ordinary_ward_is_silent(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	ward_device(w, ROLE_CENTRAL, "cms", CENTRAL);
	ward_device(w, ROLE_WORKSTATION, "pc", "10.1.2.50");
	ward_device(w, ROLE_UNKNOWN, NULL, "10.1.2.60");
	ward_arp(w, &decoder_arp, ward_mac(1), MONITOR, CENTRAL, 1);
	ward_arp(w, &decoder_arp, ward_mac(2), CENTRAL, MONITOR, 2);
	converse(w, MONITOR, CENTRAL, 2575, 6, 900, 64);
	converse(w, MONITOR, "10.9.9.9", 123, 17, 48, 63);       /* the site's own time server */
	converse(w, "10.1.2.50", FAR, 443, 6, 900, 50);          /* a workstation may browse */
	converse(w, "10.1.2.60", FAR, 443, 6, 900, 50);          /* nobody knows what this is: not medical */
	ward_contact_to(w, MONITOR, "239.255.255.250", 3702, 17);
	ward_contact_to(w, MONITOR, "255.255.255.255", 9610, 17);
	ward_contact_to(w, MONITOR, "169.254.1.1", 80, 6);
	ward_quiet(w);
}

static void a_segment_numbered_with_public_addresses_is_silent(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (unsigned i = 1; i <= 5; i++) {
		char a[32];
		snprintf(a, sizeof(a), "198.51.100.%u", i);
		ward_device(w, i == 1 ? ROLE_MONITOR : ROLE_SERVER, "h", a);
		ward_arp(w, &decoder_arp, ward_mac(i), a, "198.51.100.254", 1);
	}
	ward_arp(w, &decoder_arp, w->router, "198.51.100.254", "198.51.100.1", 2);
	converse(w, "198.51.100.2", "192.0.2.77", 443, 6, 900, 50);
	converse(w, "198.51.100.1", "198.51.100.3", 2575, 6, 900, 64);
	ASSERT_SILENT(ward_said(w), "net.public-arp");
	ward_free(w);
}

/* A test bench: two hosts numbered alike, of whom nothing but ARP, or a router that stands for others, was heard. */
static void two_cards_numbered_alike_are_information(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_UNKNOWN, "a", "198.51.100.2");
	ward_device(w, ROLE_NETWORK, "b", "198.51.100.1");
	ward_arp(w, &decoder_arp, ward_mac(1), "198.51.100.2", "198.51.100.1", 1);
	ASSERT_SAYS(ward_said(w), "\"rule\":\"net.public-arp\",\"severity\":\"low\"");
	ward_arp(w, &decoder_arp, ward_mac(2), "198.51.100.1", "198.51.100.2", 2);
	ASSERT_SAYS(ward_said(w), "\"rule\":\"net.public-arp\",\"severity\":\"info\"");
	ASSERT_SILENT(ward_said(w), "\"severity\":\"low\"");
	ward_free(w);
}

/* The broadcasts of a provider's network: its router asks for many neighbours; the answers go past the sensor. */
static void a_router_that_asks_for_its_neighbours_is_information(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_NETWORK, "r", "198.51.100.1");
	for (unsigned i = 0; i < 9; i++) {
		char a[32];
		snprintf(a, sizeof(a), "198.51.100.%u", 20 + 7 * i);
		ward_arp(w, &decoder_arp, ward_mac(1), "198.51.100.1", a, 1);
	}
	ASSERT_SAYS(ward_said(w), "\"rule\":\"net.public-arp\",\"severity\":\"info\"");
	ASSERT_SILENT(ward_said(w), "\"severity\":\"low\"");
	ward_free(w);
}

static void a_configured_public_network_is_silent(void **state)
{
	(void)state;
	struct ward *w = ward("[zone clinical]\nnet = 198.51.100.0/24\n");
	ward_device(w, ROLE_MONITOR, "mon", "198.51.100.1");
	ward_arp(w, &decoder_arp, ward_mac(1), "198.51.100.1", "198.51.100.254", 1);
	converse(w, "198.51.100.1", "198.51.100.9", 2575, 6, 900, 64);
	ward_quiet(w);
}

static void an_allowed_destination_is_silent_on_its_port_only(void **state)
{
	(void)state;
	struct ward *w = ward("[allow service]\nto = 203.0.113.0/24\ndevice = 10.1.2.0/24\nport = 443\n");
	ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	converse(w, MONITOR, FAR, 443, 6, 900, 50);
	assert_string_equal(ward_said(w), "");
	converse(w, MONITOR, FAR, 8443, 6, 900, 50);
	ASSERT_SAYS(ward_said(w), "net.outside-destination");
	ward_free(w);
}

/* W20: the hospital's own central station numbered 202.114.4.119 inside the segment. */
static void the_own_server_on_the_factory_address_is_low_and_never_outside(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t m = ward_device(w, ROLE_MONITOR, "mon-3", "202.114.4.20"),
		 c = ward_device(w, ROLE_CENTRAL, "cms", FACTORY);
	ward_arp(w, &decoder_arp, ward_mac(m), "202.114.4.20", FACTORY, 1);
	ward_arp(w, &decoder_arp, ward_mac(c), FACTORY, "202.114.4.20", 2);
	struct origin at = ward_contact_to(w, "202.114.4.20", FACTORY, 515, 6);
	ward_answered(w, at, 64);
	stream(w, &at, true);
	ward_ended(w, at, "contec", "open", 500, 0);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.known-address\",\"severity\":\"low\"");
	ASSERT_SAYS(said, "own server on the published address");
	ASSERT_SAYS(said, "unsafe design");
	ASSERT_SAYS(said, "\"rule\":\"net.contec-stream\",\"severity\":\"low\"");
	ASSERT_SAYS(said, "\"scope\":\"segment\"");
	ASSERT_SILENT(said, "\"severity\":\"medium\"");
	ASSERT_SILENT(said, "\"severity\":\"high\"");
	ASSERT_SILENT(said, "\"severity\":\"critical\"");
	ASSERT_SILENT(said, "\"scope\":\"outside\"");
	ASSERT_SILENT(said, "outside the site");
	ASSERT_SILENT(said, "net.outside-destination");
	ASSERT_SILENT(said, "net.public-arp");
	ward_free(w);
}

static void a_registered_central_station_behind_a_router_is_low(void **state)
{
	(void)state;
	struct ward *w = ward("[central]\naddress = 202.114.4.119\n");
	ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	struct origin at = ward_contact_to(w, MONITOR, FACTORY, 515, 6);
	ward_answered(w, at, 60);
	stream(w, &at, true);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.contec-stream\",\"severity\":\"low\"");
	ASSERT_SAYS(said, "registered");
	ASSERT_SILENT(said, "\"scope\":\"outside\"");
	ASSERT_SILENT(said, "\"severity\":\"critical\"");
	ASSERT_SILENT(said, "net.outside-destination");
	ward_free(w);
}

static void a_vista_monitor_on_the_factory_address_is_not_called_contec(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t m = ward_device(w, ROLE_MONITOR, "vista", "202.114.4.20"),
		 c = ward_device(w, ROLE_CENTRAL, "cms", FACTORY);
	ward_arp(w, &decoder_arp, ward_mac(m), "202.114.4.20", FACTORY, 1);
	ward_arp(w, &decoder_arp, ward_mac(c), FACTORY, "202.114.4.20", 2);
	converse(w, "202.114.4.20", FACTORY, 9600, 6, 900, 64);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.known-address\",\"severity\":\"low\"");
	ASSERT_SILENT(said, "net.contec-stream");
	ASSERT_SILENT(said, "\"severity\":\"high\"");
	ward_free(w);
}

/* ---- what must be seen ---- */

static void a_stream_outside_is_critical_and_says_what_stood_in_clear(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	struct origin at = ward_contact_to(w, MONITOR, FACTORY, 515, 6);
	ward_answered(w, at, 50);
	stream(w, &at, true);
	stream(w, &at, true);
	ward_ended(w, at, "contec", "open", 500, 0);
	const char *said = ward_said(w);
	ASSERT_SAYS(
		said,
		"Patient monitor mon-3 (10.1.2.3) sent patient data in clear to 202.114.4.119:515, outside the site");
	ASSERT_SAYS(said, "\"rule\":\"net.contec-stream\",\"severity\":\"critical\"");
	ASSERT_SAYS(said, "\"fields\":[\"patient_name\",\"patient_id\"]");
	ASSERT_SAYS(said, "\"patients\":1");
	ASSERT_SAYS(said, "\"traits\":[\"one-way\"]");
	ASSERT_SAYS(said, "\"messages\":6");
	ASSERT_SAYS(said, "\"rule\":\"net.known-address\",\"severity\":\"critical\"");
	ASSERT_SAYS(said, "\"rule\":\"net.outside-destination\",\"severity\":\"high\"");
	ASSERT_SILENT(said, "DOE");
	ASSERT_SILENT(said, "4711");
	assert_int_equal(ward_count(said, "\"kind\":\"case\""), 1);
	ASSERT_SAYS(said, "Readable by anybody on the way: patient_name, patient_id, of at least 1 patient.");
	ASSERT_SAYS(said, "Traffic was sent outside the site.");
	ward_free(w);
}

static void an_unanswered_stream_is_less_sure_than_an_answered_one(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	struct origin at = ward_contact_to(w, MONITOR, FACTORY, 515, 6);
	stream(w, &at, false);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.contec-stream\",\"severity\":\"high\",\"confidence\":0.64");
	ASSERT_SAYS(said, "\"answered\":false");
	ASSERT_SILENT(said, "sent patient data");
	ward_free(w);
}

static void an_unanswered_arp_for_the_factory_address_is_high_and_left_nothing(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t m = ward_device(w, ROLE_UNKNOWN, NULL, "202.114.4.20");
	for (int i = 0; i < 3; i++)
		ward_arp(w, &decoder_arp, ward_mac(m), "202.114.4.20", FACTORY, 1);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.known-address\",\"severity\":\"high\"");
	ASSERT_SAYS(said, "asked the network for the published address 202.114.4.119, and nobody answered");
	ASSERT_SAYS(said, "\"scope\":\"none\"");
	ASSERT_SAYS(said, "\"transport\":\"arp\"");
	ASSERT_SAYS(said, "net.public-arp");
	ASSERT_SILENT(said, "\"scope\":\"outside\"");
	ASSERT_SAYS(said, "and nobody answered (3 times, the last at 22:13:23)");
	ASSERT_SAYS(said, "Nobody answered. Nothing left the device's own network segment.");
	ward_free(w);
}

static void an_arp_that_a_router_answers_for_is_no_local_server(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t m = ward_device(w, ROLE_MONITOR, "mon-3", "202.114.4.20");
	ward_arp(w, &decoder_arp, w->router, "10.1.2.1", MONITOR, 2);
	ward_arp(w, &decoder_arp, w->router, "172.16.0.1", MONITOR, 2);
	ward_arp(w, &decoder_arp, ward_mac(m), "202.114.4.20", FACTORY, 1);
	ward_arp(w, &decoder_arp, w->router, FACTORY, "202.114.4.20", 2);
	struct origin at = ward_contact_to(w, "202.114.4.20", FACTORY, 515, 6);
	ward_answered(w, at, 47);
	stream(w, &at, true);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.known-address\",\"severity\":\"critical\"");
	ASSERT_SAYS(said, "\"rule\":\"net.contec-stream\",\"severity\":\"critical\"");
	ASSERT_SAYS(said, "\"rule\":\"net.public-arp\",\"severity\":\"medium\"");
	ward_free(w);
}

static void a_first_packet_to_the_block_advice_network_weighs_less_than_to_the_address(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	ward_contact_to(w, MONITOR, "202.114.4.7", 80, 6);
	ASSERT_SAYS(ward_said(w), "\"rule\":\"net.known-address\",\"severity\":\"medium\"");
	ward_contact_to(w, MONITOR, FACTORY, 80, 6);
	ASSERT_SAYS(ward_said(w), "\"rule\":\"net.known-address\",\"severity\":\"high\"");
	ward_free(w);
}

static void published_names_urls_and_files_are_found(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	char err[256];
	assert_int_equal(
		indicators_read(
			w->indicators,
			SPAN_LIT("[{\"type\":\"indicator\",\"id\":\"indicator--5\",\"name\":\"url\","
				 "\"pattern\":\"[url:value = "
				 "'http://203.0.113.9/fw/a.bin']\"},{\"type\":\"indicator\",\"id\":\"indicator--6\","
				 "\"name\":\"file\",\"pattern\":\"[file:hashes.'SHA-256' = '"
				 "0101010101010101010101010101010101010101010101010101010101010101']\"}]"),
			"t", err),
		0);
	ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	ward_device(w, ROLE_WORKSTATION, "pc", "10.1.2.50");
	struct origin at = ward_packet(w, "10.1.2.50", "10.1.2.53", 53, 17);
	ward_message(w, &decoder_dns, &at, SPAN_LIT("\0\1\1\0\0\1\0\0\0\0\0\0\7bigdata\5adups\3com\0\0\1\0\1"));
	ASSERT_SAYS(ward_said(w), "Workstation pc (10.1.2.50) asked for the published name bigdata.adups.com");
	ASSERT_SAYS(ward_said(w), "\"rule\":\"net.known-address\",\"severity\":\"medium\"");
	at = ward_packet(w, MONITOR, FAR, 80, 6);
	ward_message(w, &decoder_http, &at, SPAN_LIT("GET /fw/a.bin?x=1 HTTP/1.1\r\nHost: 203.0.113.9\r\n\r\n"));
	ward_message(w, &decoder_http, &at, SPAN_LIT("GET /fw/b.bin HTTP/1.1\r\nHost: 203.0.113.9\r\n\r\n"));
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "talked to the published name http://203.0.113.9/fw/a.bin, outside the site");
	ASSERT_SAYS(said, "\"rule\":\"net.known-address\",\"severity\":\"critical\"");
	ASSERT_SILENT(said, "b.bin");
	struct record r;
	uint8_t sha[32];
	memset(sha, 1, sizeof(sha));
	record_begin(&r, &ward_transfer, &at, &w->host);
	record_str(&r, WARD_FILE_PATH, "a.bin");
	record_hash(&r, WARD_FILE_SHA256, sha);
	record_bool(&r, WARD_FILE_TO_SERVER, false);
	ward_publish(w, &r);
	said = ward_said(w);
	ASSERT_SAYS(said, "Patient monitor mon-3 (10.1.2.3) was given a published file, a.bin");
	ASSERT_SAYS(said, "\"sha256\":\"0101");
	ward_free(w);
}

/* A lone host on the factory address, of no network that is here, is worth a word. */
static void one_public_address_among_private_neighbours_is_low(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t m = ward_device(w, ROLE_UNKNOWN, "bed", MONITOR),
		 s = ward_device(w, ROLE_SERVER, "srv", "198.51.100.7");
	ward_arp(w, &decoder_arp, ward_mac(m), MONITOR, "198.51.100.7", 1);
	ward_arp(w, &decoder_arp, ward_mac(s), "198.51.100.7", MONITOR, 2);
	converse(w, MONITOR, "198.51.100.7", 80, 6, 10, 64);
	const char *said = ward_said(w);
	ASSERT_SAYS(
		said,
		"asks for the public address 198.51.100.7 on a segment that has no such network; it was answered");
	ASSERT_SILENT(said, "\"severity\":\"medium\"");
	ward_free(w);
}

static void a_device_becomes_medical_later_and_its_destinations_count(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t m = ward_device(w, ROLE_UNKNOWN, "mon-3", MONITOR);
	converse(w, MONITOR, FAR, 4444, 6, 900, 50);
	ward_contact_to(w, MONITOR, FAR, 4445, 6);
	assert_string_equal(ward_said(w), "");
	w->devices.v[m].role = ROLE_MONITOR;
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.outside-destination\",\"severity\":\"high\"");
	ASSERT_SAYS(said, "\"count\":2");
	ASSERT_SAYS(said, "\"extra\":[\"TCP port 4444\",\"TCP port 4445\"]");
	ward_contact_to(w, MONITOR, FAR, 4446, 6);
	ASSERT_SAYS(ward_said(w), "\"count\":3");
	ward_free(w);
}

static void an_attempt_outside_counts_unanswered_and_time_is_low(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_PUMP, "pump", MONITOR);
	ward_contact_to(w, MONITOR, FAR, 4444, 6);
	converse(w, MONITOR, "198.51.100.1", 123, 17, 48, 50);
	const char *said = ward_said(w);
	ASSERT_SAYS(
		said,
		"Infusion pump (10.1.2.3) tried to reach 203.0.113.9:4444, outside the site; nobody answered");
	assert_int_equal(ward_count(said, "\"rule\":\"net.outside-destination\",\"severity\":\"medium\""), 1);
	assert_int_equal(ward_count(said, "\"rule\":\"net.outside-destination\",\"severity\":\"low\""), 1);
	ward_free(w);
}

static void a_call_from_outside_to_a_medical_device_is_seen(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	struct origin at = ward_contact_to(w, FAR, MONITOR, 23, 6);
	ward_answered(w, at, 64);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "was called from outside the site by 203.0.113.9 and answered");
	ASSERT_SAYS(said, "\"traits\":[\"inbound\"]");
	ward_free(w);
}

static void a_destination_that_turns_out_to_stand_on_the_wire_is_withdrawn(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t m = ward_device(w, ROLE_MONITOR, "mon-3", "203.0.113.5"), s = ward_device(w, ROLE_SERVER, "srv", FAR);
	ward_contact_to(w, "203.0.113.5", FAR, 2575, 6);
	ASSERT_SAYS(ward_said(w), "net.outside-destination");
	ward_arp(w, &decoder_arp, ward_mac(s), FAR, "203.0.113.5", 2);
	ward_arp(w, &decoder_arp, ward_mac(m), "203.0.113.5", FAR, 2);
	ASSERT_SILENT(ward_said(w), "net.outside-destination");
	ward_free(w);
}

static void a_flood_of_unknown_devices_stays_bounded(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (unsigned i = 0; i < 2000; i++) {
		char a[32];
		snprintf(a, sizeof(a), "10.2.%u.%u", i / 250, i % 250 + 1);
		uint32_t id = ward_device(w, ROLE_UNKNOWN, "x", a);
		for (unsigned k = 1; k < 10; k++) {
			char to[32];
			snprintf(to, sizeof(to), "203.0.113.%u", k);
			ward_contact_to(w, a, to, 80, 6);
		}
		ward_arp(w, &decoder_arp, ward_mac(id), a, "8.8.8.8", 1);
	}
	ASSERT_SILENT(ward_said(w), "net.outside-destination");
	assert_true(detect_counts(w->detect).memory < DETECT_MEMORY);
	ward_free(w);
}

static void every_word_of_the_rules_is_about_observables(void **state)
{
	(void)state;
	for (size_t i = 0; table[i]; i++) {
		const struct rule *r = table[i]->rule;
		assert_string_equal(r->id, table[i]->name);
		assert_string_equal(r->cause, "outside party");
		assert_true(strlen(r->sees) > 40 && strlen(r->why) > 40 && strlen(r->wrong) > 40 && r->next[0]);
		const char *const texts[] = { r->title, r->sees, r->why, r->wrong, r->references[0], r->references[1] };
		for (size_t k = 0; k < ARRAY_LEN(texts) && texts[k]; k++) {
			ASSERT_SILENT(texts[k], "backdoor");
			ASSERT_SILENT(texts[k], "China");
			ASSERT_SILENT(texts[k], "attack");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ordinary_ward_is_silent),
		cmocka_unit_test(a_segment_numbered_with_public_addresses_is_silent),
		cmocka_unit_test(two_cards_numbered_alike_are_information),
		cmocka_unit_test(a_router_that_asks_for_its_neighbours_is_information),
		cmocka_unit_test(a_configured_public_network_is_silent),
		cmocka_unit_test(an_allowed_destination_is_silent_on_its_port_only),
		cmocka_unit_test(the_own_server_on_the_factory_address_is_low_and_never_outside),
		cmocka_unit_test(a_registered_central_station_behind_a_router_is_low),
		cmocka_unit_test(a_vista_monitor_on_the_factory_address_is_not_called_contec),
		cmocka_unit_test(a_stream_outside_is_critical_and_says_what_stood_in_clear),
		cmocka_unit_test(an_unanswered_stream_is_less_sure_than_an_answered_one),
		cmocka_unit_test(an_unanswered_arp_for_the_factory_address_is_high_and_left_nothing),
		cmocka_unit_test(an_arp_that_a_router_answers_for_is_no_local_server),
		cmocka_unit_test(a_first_packet_to_the_block_advice_network_weighs_less_than_to_the_address),
		cmocka_unit_test(published_names_urls_and_files_are_found),
		cmocka_unit_test(one_public_address_among_private_neighbours_is_low),
		cmocka_unit_test(a_device_becomes_medical_later_and_its_destinations_count),
		cmocka_unit_test(an_attempt_outside_counts_unanswered_and_time_is_low),
		cmocka_unit_test(a_call_from_outside_to_a_medical_device_is_seen),
		cmocka_unit_test(a_destination_that_turns_out_to_stand_on_the_wire_is_withdrawn),
		cmocka_unit_test(a_flood_of_unknown_devices_stays_bounded),
		cmocka_unit_test(every_word_of_the_rules_is_about_observables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
