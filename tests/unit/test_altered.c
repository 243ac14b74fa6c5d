/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The detectors of what was altered on the way, on a ward made by hand: the quiet hospital first. */
#include "fake_ward.h"

extern const struct detector detector_rewritten_stream, detector_arp_conflict;
extern const struct decoder decoder_arp, decoder_dhcp, decoder_icmp6;

static const struct detector *const table[] = { &detector_rewritten_stream, &detector_arp_conflict, NULL };
static const struct decoder *const from[] = { &decoder_arp, &decoder_dhcp, &decoder_icmp6, NULL };

#define MONITOR "10.1.2.3"
#define CENTRAL "10.1.2.100"
#define MIDDLE  "10.1.2.66"
#define GATEWAY "10.1.2.1"

static struct ward *ward(void)
{
	struct ward *w = ward_new(table, from, NULL);
	w->router = ward_mac(60000);
	return w;
}

static void later(struct ward *w, uint64_t seconds)
{
	w->ts += seconds * 1000000000u;
}

static void asks(struct ward *w, struct mac m, const char *who, const char *whom)
{
	ward_arp(w, &decoder_arp, m, who, whom, 1);
}

static void answers(struct ward *w, struct mac m, const char *who, const char *whom)
{
	ward_arp(w, &decoder_arp, m, who, whom, 2);
}

/* ---- neighbour discovery (RFC 4861) ---- */

#define MONITOR6 "2001:db8:1::3"
#define CENTRAL6 "2001:db8:1::100"
#define ROUTER6  "fe80::1"
#define MIDDLE6  "2001:db8:1::66"
#define ALL6     "ff02::1"

enum {
	SOLICITATION = 135, ADVERTISEMENT, ROUTER = 0x80, SOLICITED = 0x40, OVERRIDE = 0x20, OPTION_SOURCE = 1, OPTION_TARGET
};

static void neighbour(struct ward *w, uint8_t type, uint8_t flags, struct mac m, const char *from_addr, const char *to,
		      const char *target)
{
	struct origin at = { .ts = w->ts += 1000000000u, .packet = ++w->packet, .smac = m, .proto = 58,
			     .src = ward_ip(from_addr), .dst = ward_ip(to) };
	struct buf b = { 0 };
	buf_u8(&b, type);
	buf_fill(&b, 0, 3);                                      /* code, checksum */
	buf_u8(&b, flags);
	buf_fill(&b, 0, 3);
	struct addr a = ward_ip(target);
	buf_bytes(&b, span_of(a.b, 16));
	buf_u8(&b, type == SOLICITATION ? OPTION_SOURCE : OPTION_TARGET);
	buf_u8(&b, 1);
	buf_bytes(&b, span_of(m.b, 6));
	ward_message(w, &decoder_icmp6, &at, buf_span(&b));
	buf_done(&b);
}

static void asks6(struct ward *w, struct mac m, const char *who, const char *whom)
{
	neighbour(w, SOLICITATION, 0, m, who, "ff02::1:ff00:100", whom);
}

static void answers6(struct ward *w, struct mac m, const char *who, const char *whom)
{
	neighbour(w, ADVERTISEMENT, SOLICITED | OVERRIDE, m, who, whom, who);
}

static void ordinary_neighbours_are_silent(void **state)
{
	(void)state;
	struct ward *w = ward();
	ward_device(w, ROLE_MONITOR, "mon", MONITOR6);
	ward_device(w, ROLE_CENTRAL, "cms", CENTRAL6);
	for (int i = 0; i < 20; i++) {
		neighbour(w, SOLICITATION, 0, ward_mac(1), "::", "ff02::1:ff00:3", MONITOR6);        /* is it free? */
		neighbour(w, ADVERTISEMENT, OVERRIDE, ward_mac(1), MONITOR6, ALL6, MONITOR6);
		asks6(w, ward_mac(1), MONITOR6, CENTRAL6);
		answers6(w, ward_mac(2), CENTRAL6, MONITOR6);
		ward_contact_to(w, MONITOR6, CENTRAL6, 2575, 6);
	}
	ward_quiet(w);
}

static void proxies_that_do_not_override_and_takeovers_of_ipv6_are_silent(void **state)
{
	(void)state;
	struct ward *w = ward();
	for (int i = 0; i < 8; i++) {
		answers6(w, ward_mac(2), CENTRAL6, MONITOR6);
		neighbour(w, ADVERTISEMENT, SOLICITED, ward_mac(9), CENTRAL6, MONITOR6, CENTRAL6);
	}
	static const struct mac vrrp = { { 0, 0, 0x5e, 0, 2, 7 } };
	for (int i = 0; i < 6; i++) {
		neighbour(w, ADVERTISEMENT, ROUTER | OVERRIDE, vrrp, ROUTER6, ALL6, ROUTER6);
		neighbour(w, ADVERTISEMENT, ROUTER | OVERRIDE, ward_mac(7), ROUTER6, ALL6, ROUTER6);
	}
	for (int i = 0; i < 5; i++)
		answers6(w, ward_mac(3), MIDDLE6, MONITOR6);
	for (int i = 0; i < 5; i++)                              /* for good */
		answers6(w, ward_mac(4), MIDDLE6, MONITOR6);
	ward_quiet(w);
}

static void poisoned_neighbours_of_a_monitor_are_told_like_arp(void **state)
{
	(void)state;
	struct ward *w = ward();
	uint32_t m = ward_device(w, ROLE_MONITOR, "mon", MONITOR6), c = ward_device(w, ROLE_CENTRAL, "cms", CENTRAL6);
	uint32_t middle = ward_device(w, ROLE_UNKNOWN, "middle", MIDDLE6);
	asks6(w, ward_mac(m), MONITOR6, CENTRAL6);
	answers6(w, ward_mac(c), CENTRAL6, MONITOR6);
	later(w, 600);
	for (int i = 0; i < 8; i++) {
		answers6(w, ward_mac(middle), CENTRAL6, MONITOR6);
		ward_contact_to(w, CENTRAL6, "2001:db8:1::4", 2575, 6);  /* the central station goes on speaking */
		later(w, 8);
	}
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.arp-conflict\",\"severity\":\"high\"");
	ASSERT_SAYS(said, "Device middle (2001:db8:1::66) says that it also has the address 2001:db8:1::100 of");
	ASSERT_SAYS(said, "\"protocol\":\"nd\"");
	ASSERT_SAYS(said, "unasked replies");
	ASSERT_SAYS(said, "told 2001:db8:1::3");
	ward_free(w);
}

static void a_claim_to_the_ipv6_router_is_high_whoever_is_concerned(void **state)
{
	(void)state;
	struct ward *w = ward();
	ward_device(w, ROLE_UNKNOWN, "middle", MIDDLE6);
	for (int i = 0; i < 4; i++) {
		neighbour(w, ADVERTISEMENT, ROUTER | OVERRIDE, ward_mac(7), ROUTER6, ALL6, ROUTER6);
		answers6(w, ward_mac(1), ROUTER6, MONITOR6);
	}
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ASSERT_SAYS(said, "the router's address fe80::1");
	ward_free(w);
}

/* ---- rewritten streams ---- */

struct copy {
	struct mac first, second;
	const char *protocol, *field;
	double from, to;                         /* both 0: no value */
	uint64_t bytes;
	bool bad;
};

static void rewritten(struct ward *w, const char *a, const char *b, struct copy c)
{
	struct origin at = ward_packet(w, a, b, 6661, 6);
	struct record r, v;
	record_begin(&r, &ward_rewrite, &at, &w->host);
	record_mac(&r, WARD_REWRITE_FIRST, c.first);
	record_mac(&r, WARD_REWRITE_SECOND, c.second);
	record_uint(&r, WARD_REWRITE_BYTES, c.bytes ? c.bytes : 2);
	record_str(&r, WARD_REWRITE_PROTOCOL, c.protocol);
	record_bool(&r, WARD_REWRITE_OK, !c.bad);
	if (c.field)
		record_add_text(&r, WARD_REWRITE_FIELDS, span_str(c.field));
	if (c.from > 0 || c.to > 0) {
		char name[] = "spo2";            /* gone after the record, as the real one's texts are */
		record_begin(&v, &changed_type, NULL, &w->host);
		record_str(&v, CHG_NAME, name);
		record_str(&v, CHG_UNIT, "%");
		record_real(&v, CHG_FROM, c.from);
		record_real(&v, CHG_TO, c.to);
		record_add(&r, WARD_REWRITE_VALUES, &v);
		ward_publish(w, &r);
		memset(name, 'x', sizeof(name) - 1);
		return;
	}
	ward_publish(w, &r);
}

static void a_copy_that_a_receiver_drops_is_for_information_only(void **state)
{
	(void)state;
	struct ward *w = ward();
	ward_device(w, ROLE_MONITOR, "mon", MONITOR);
	rewritten(w, MONITOR, CENTRAL, (struct copy){ .first = ward_mac(1), .second = ward_mac(9), .protocol = "hl7",
						      .from = 90, .to = 98, .bad = true });
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"info\"");
	ASSERT_SAYS(said, "its checksum is wrong");
	ASSERT_SILENT(said, "\"severity\":\"critical\"");
	ward_free(w);
}

static void the_same_card_sending_other_bytes_is_low(void **state)
{
	(void)state;
	struct ward *w = ward();
	ward_device(w, ROLE_SERVER, "srv", MONITOR);
	rewritten(w, MONITOR, CENTRAL, (struct copy){ .first = ward_mac(1), .second = ward_mac(1), .bytes = 1 });
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.rewritten-stream\",\"severity\":\"low\"");
	ASSERT_SAYS(said, "the same network card: 1 byte of it differs");
	ward_free(w);
}

static void another_card_in_another_protocol_is_medium(void **state)
{
	(void)state;
	struct ward *w = ward();
	ward_device(w, ROLE_WORKSTATION, "pc", MONITOR);
	rewritten(w, MONITOR, CENTRAL,
		  (struct copy){ .first = ward_mac(1), .second = ward_mac(9), .protocol = "http" });
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"medium\"");
	ASSERT_SAYS(said, "Somebody on the way may change");
	ward_free(w);
}

static void changed_vital_signs_are_critical_and_named(void **state)
{
	(void)state;
	struct ward *w = ward();
	ward_device(w, ROLE_MONITOR, "mon", MONITOR);
	for (int i = 0; i < 5; i++)
		rewritten(w, MONITOR, CENTRAL,
			  (struct copy){ .first = ward_mac(1), .second = ward_mac(9), .protocol = "hl7",
					 .from = i < 3 ? 90 : 88, .to = 98, .bytes = 1 });
	const char *said = ward_said(w);
	assert_int_equal(ward_count(said, "\"rule\":\"net.rewritten-stream\""), 1);
	ASSERT_SAYS(said, "\"rule\":\"net.rewritten-stream\",\"severity\":\"critical\",\"confidence\":0.95");
	ASSERT_SAYS(said, "\"count\":5");
	ASSERT_SAYS(said, "{\"name\":\"spo2\",\"unit\":\"%\",\"from\":90,\"to\":98}");
	ASSERT_SAYS(said, "{\"name\":\"spo2\",\"unit\":\"%\",\"from\":88,\"to\":98}");
	assert_int_equal(ward_count(said, "\"to\":98}"), 2);
	ASSERT_SAYS(said, "spo2 88 became 98, among others");
	ASSERT_SAYS(said, "Look at the patient");
	assert_string_equal(ward_said(w), said);                 /* judging again gives the same */
	ward_free(w);
}

static void a_changed_patient_field_is_critical_and_another_field_high(void **state)
{
	(void)state;
	struct ward *w = ward();
	ward_device(w, ROLE_MONITOR, "mon", MONITOR);
	ward_device(w, ROLE_MONITOR, "mon2", "10.1.2.4");
	rewritten(w, MONITOR, CENTRAL, (struct copy){ .first = ward_mac(1), .second = ward_mac(9), .protocol = "hl7",
						      .field = "patient_id" });
	rewritten(w, "10.1.2.4", CENTRAL, (struct copy){ .first = ward_mac(2), .second = ward_mac(9), .protocol = "hl7",
							 .field = "control_id" });
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"critical\"");
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ASSERT_SAYS(said, "patient_id differs");
	ward_free(w);
}

static void the_device_is_named_by_its_card_while_another_has_its_address(void **state)
{
	(void)state;
	struct ward *w = ward();
	/* The table of addresses follows the latest claim. */
	uint32_t middle = ward_device(w, ROLE_UNKNOWN, "middle", MONITOR);
	uint32_t m = ward_device(w, ROLE_MONITOR, "mon", MONITOR);
	rewritten(w, MONITOR, CENTRAL,
		  (struct copy){ .first = ward_mac(m), .second = ward_mac(middle), .protocol = "hl7",
				 .from = 90, .to = 98 });
	ASSERT_SAYS(ward_said(w), "Patient monitor mon (10.1.2.3): what it sent to 10.1.2.100");
	ward_free(w);
}

/* ---- conflicts ---- */

static void ordinary_resolution_is_silent(void **state)
{
	(void)state;
	struct ward *w = ward();
	ward_device(w, ROLE_MONITOR, "mon", MONITOR);
	ward_device(w, ROLE_CENTRAL, "cms", CENTRAL);
	for (int i = 0; i < 20; i++) {
		asks(w, ward_mac(1), MONITOR, CENTRAL);
		answers(w, ward_mac(2), CENTRAL, MONITOR);
		asks(w, ward_mac(1), MONITOR, MONITOR);
		asks(w, ward_mac(2), "0.0.0.0", MONITOR);
		ward_contact_to(w, MONITOR, CENTRAL, 2575, 6);
	}
	ward_quiet(w);
}

static void an_address_that_changes_hands_for_good_is_silent(void **state)
{
	(void)state;
	struct ward *w = ward();
	for (int i = 0; i < 5; i++)
		asks(w, ward_mac(1), MONITOR, CENTRAL);
	for (int i = 0; i < 5; i++)                              /* at once, as a standby does */
		asks(w, ward_mac(2), MONITOR, CENTRAL);
	later(w, 7200);
	for (int i = 0; i < 5; i++)                              /* and back, hours later */
		asks(w, ward_mac(1), MONITOR, CENTRAL);
	ward_quiet(w);
}

static void shared_router_addresses_are_silent(void **state)
{
	(void)state;
	static const struct mac shared[] = {
		{ { 0, 0, 0x5e, 0, 1, 7 } }, { { 0, 0, 0x5e, 0, 2, 7 } }, { { 0, 0, 0x0c, 7, 0xac, 1 } },
		{ { 0, 0, 0x0c, 0x9f, 0xf0, 1 } }, { { 0, 7, 0xb4, 0, 1, 1 } },
	};
	struct ward *w = ward();
	for (unsigned i = 0; i < ARRAY_LEN(shared); i++)
		for (int k = 0; k < 6; k++) {
			answers(w, shared[i], GATEWAY, MONITOR);
			answers(w, ward_mac(7), GATEWAY, MONITOR);
		}
	ward_quiet(w);
}

static void a_router_that_answers_for_others_is_silent(void **state)
{
	(void)state;
	struct ward *w = ward();
	for (unsigned i = 0; i < 200; i++) {
		char a[32];
		snprintf(a, sizeof(a), "10.9.%u.%u", i / 100, i % 100 + 1);
		answers(w, w->router, a, MONITOR);
		answers(w, w->router, a, CENTRAL);
	}
	ward_quiet(w);
}

static void damaged_packets_are_no_second_card(void **state)
{
	(void)state;
	struct ward *w = ward();
	for (int i = 0; i < 10; i++) {
		asks(w, ward_mac(1), MONITOR, CENTRAL);
		if (i == 5 || i == 8)            /* the same damage again, minutes later */
			asks(w, ward_mac(0x1001), MONITOR, CENTRAL);
		later(w, 50);
	}
	ward_quiet(w);
}

static void the_same_address_on_two_vlans_is_no_conflict(void **state)
{
	(void)state;
	struct ward *w = ward();
	for (int i = 0; i < 6; i++)
		for (uint16_t vlan = 10; vlan <= 20; vlan += 10) {
			struct origin at = { .ts = w->ts += 1000000000u, .packet = ++w->packet, .vlan = vlan,
					     .smac = ward_mac(vlan) };
			struct buf b = { 0 };
			struct mac m = ward_mac(vlan);
			buf_bytes(&b, SPAN_LIT("\0\1\x08\0\6\4\0\1"));
			buf_bytes(&b, span_of(m.b, 6));
			buf_be32(&b, addr_to4(ward_ip(MONITOR)));
			buf_fill(&b, 0, 6);
			buf_be32(&b, addr_to4(ward_ip(CENTRAL)));
			ward_message(w, &decoder_arp, &at, buf_span(&b));
			buf_done(&b);
		}
	ward_quiet(w);
}

static void poisoning_of_a_monitor_is_high_and_names_who_says_so(void **state)
{
	(void)state;
	struct ward *w = ward();
	uint32_t m = ward_device(w, ROLE_MONITOR, "mon", MONITOR), c = ward_device(w, ROLE_CENTRAL, "cms", CENTRAL);
	uint32_t middle = ward_device(w, ROLE_UNKNOWN, "middle", MIDDLE);
	asks(w, ward_mac(m), MONITOR, CENTRAL);
	answers(w, ward_mac(c), CENTRAL, MONITOR);
	later(w, 600);
	for (int i = 0; i < 8; i++) {
		answers(w, ward_mac(middle), CENTRAL, MONITOR);
		answers(w, ward_mac(middle), MONITOR, CENTRAL);
		ward_contact_to(w, CENTRAL, "10.1.2.4", 2575, 6);        /* the central station goes on speaking */
		later(w, 8);
	}
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.arp-conflict\",\"severity\":\"high\"");
	ASSERT_SAYS(said, "Device middle (10.1.2.66) says that it also has the address 10.1.2.100 of");
	ASSERT_SAYS(said, "\"other_mac\":\"02:00:00:00:00:02\"");
	ASSERT_SAYS(said, "unasked replies");
	ASSERT_SAYS(said, "told 10.1.2.3");
	ASSERT_SAYS(said, "first card still in use");
	ASSERT_SILENT(said, "address 10.1.2.3 of");              /* the monitor said nothing that contradicts */
	ward_free(w);
}

static void a_claim_to_the_gateway_is_high_whoever_is_concerned(void **state)
{
	(void)state;
	struct ward *w = ward();
	ward_device(w, ROLE_UNKNOWN, "middle", MIDDLE);
	for (int i = 0; i < 4; i++) {
		answers(w, w->router, GATEWAY, MONITOR);
		answers(w, w->router, "172.16.0.1", MONITOR);
		answers(w, w->router, "192.168.7.1", MONITOR);
		answers(w, ward_mac(1), GATEWAY, MONITOR);
	}
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ASSERT_SAYS(said, "the router's address 10.1.2.1");
	ASSERT_SAYS(said, "\"gateway\"");
	ward_free(w);
}

static void two_ordinary_devices_with_one_address_are_medium(void **state)
{
	(void)state;
	struct ward *w = ward();
	ward_device(w, ROLE_WORKSTATION, "pc", "10.1.2.50");
	for (int i = 0; i < 5; i++) {
		asks(w, ward_mac(1), "10.1.2.50", CENTRAL);
		asks(w, ward_mac(70), "10.1.2.50", CENTRAL);
	}
	const char *said = ward_said(w);
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
	ASSERT_SAYS(said, "\"severity\":\"medium\"");
	ASSERT_SAYS(said, "Workstation pc (10.1.2.50): two network cards claim the address 10.1.2.50 by turns");
	ASSERT_SAYS(said, "flip-flop");
	ward_free(w);
}

static void a_flood_of_claims_stays_bounded_and_hides_no_conflict(void **state)
{
	(void)state;
	struct ward *w = ward();
	ward_device(w, ROLE_MONITOR, "mon", MONITOR);
	asks(w, ward_mac(1), MONITOR, CENTRAL);
	asks(w, ward_mac(70), MONITOR, CENTRAL);
	asks(w, ward_mac(1), MONITOR, CENTRAL);
	assert_string_equal(ward_said(w), "");                   /* one claim of the other card proves nothing yet */
	for (unsigned i = 0; i < 20000; i++) {
		char a[32];
		snprintf(a, sizeof(a), "10.%u.%u.%u", 8 + i / 65000, i / 250 % 256, i % 250 + 1);
		asks(w, ward_mac(200 + i % 5000), a, CENTRAL);
		w->ts -= 999999999u;
	}
	asks(w, ward_mac(70), MONITOR, CENTRAL);
	asks(w, ward_mac(1), MONITOR, CENTRAL);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.arp-conflict\",\"severity\":\"high\"");
	assert_true(detect_counts(w->detect).memory < DETECT_MEMORY);
	ward_free(w);
}

static void every_word_of_the_rules_is_about_observables(void **state)
{
	(void)state;
	for (size_t i = 0; table[i]; i++) {
		const struct rule *r = table[i]->rule;
		assert_string_equal(r->id, table[i]->name);
		assert_string_equal(r->cause, "altered on the way");
		assert_true(strlen(r->sees) > 40 && strlen(r->why) > 40 && strlen(r->wrong) > 40 && r->next[0]);
		const char *const texts[] = { r->title, r->sees, r->why, r->wrong };
		for (size_t k = 0; k < ARRAY_LEN(texts); k++)
			ASSERT_SILENT(texts[k], "attack");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_that_a_receiver_drops_is_for_information_only),
		cmocka_unit_test(the_same_card_sending_other_bytes_is_low),
		cmocka_unit_test(another_card_in_another_protocol_is_medium),
		cmocka_unit_test(changed_vital_signs_are_critical_and_named),
		cmocka_unit_test(a_changed_patient_field_is_critical_and_another_field_high),
		cmocka_unit_test(the_device_is_named_by_its_card_while_another_has_its_address),
		cmocka_unit_test(ordinary_resolution_is_silent),
		cmocka_unit_test(an_address_that_changes_hands_for_good_is_silent),
		cmocka_unit_test(shared_router_addresses_are_silent),
		cmocka_unit_test(a_router_that_answers_for_others_is_silent),
		cmocka_unit_test(damaged_packets_are_no_second_card),
		cmocka_unit_test(the_same_address_on_two_vlans_is_no_conflict),
		cmocka_unit_test(poisoning_of_a_monitor_is_high_and_names_who_says_so),
		cmocka_unit_test(a_claim_to_the_gateway_is_high_whoever_is_concerned),
		cmocka_unit_test(ordinary_neighbours_are_silent),
		cmocka_unit_test(proxies_that_do_not_override_and_takeovers_of_ipv6_are_silent),
		cmocka_unit_test(poisoned_neighbours_of_a_monitor_are_told_like_arp),
		cmocka_unit_test(a_claim_to_the_ipv6_router_is_high_whoever_is_concerned),
		cmocka_unit_test(two_ordinary_devices_with_one_address_are_medium),
		cmocka_unit_test(a_flood_of_claims_stays_bounded_and_hides_no_conflict),
		cmocka_unit_test(every_word_of_the_rules_is_about_observables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
