/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zones: what must not count as on the wire, then what must; each from the packets a capture would
 * show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/scope.h"
#include "track/zone.h"

static const struct hash_key key = { 1, 2 };

static struct addr at(const char *text)
{
	struct addr a = { 0 };
	assert_true(addr_parse(text, &a));
	return a;
}

static struct mac card(uint8_t n)
{
	return (struct mac){ { 0x00, 0x1b, 0x44, 0, 0, n } };
}

static void packet(struct zones *z, const char *src, const char *dst, uint8_t mac, uint8_t ttl, bool answer)
{
	struct origin o = { .src = at(src), .dst = at(dst) };
	if (mac)
		o.smac = card(mac);
	zone_saw_packet(z, &o, ttl, answer);
}

static struct zones *configured(const char *text)
{
	static const struct conf_key *const tables[] = { zone_conf, NULL };
	struct conf *c = NULL;
	struct buf errors = { 0 };
	assert_int_equal(conf_parse(span_str(text), "t", tables, &c, &errors), 0);
	struct zones *z = zones_new(key, c);
	conf_free(c);
	buf_done(&errors);
	return z;
}

static void without_configuration_only_private_networks_are_ours(void **state)
{
	(void)state;
	static const struct {
		const char *addr;
		enum zone zone;
	} cases[] = {
		{ "10.1.2.3", ZONE_SITE }, { "172.16.0.1", ZONE_SITE }, { "192.168.1.1", ZONE_SITE },
		{ "100.64.0.1", ZONE_SITE }, { "169.254.7.7", ZONE_SITE }, { "fe80::1", ZONE_SITE }, { "fd00::1", ZONE_SITE },
		{ "239.255.255.250", ZONE_SITE }, { "255.255.255.255", ZONE_SITE }, { "ff02::fb", ZONE_SITE },
		{ "8.8.8.8", ZONE_OUTSIDE }, { "203.0.113.9", ZONE_OUTSIDE }, { "202.114.4.119", ZONE_OUTSIDE },
		{ "2001:db8::1", ZONE_OUTSIDE }, { "2a00::1", ZONE_OUTSIDE }, { "64:ff9b::808:808", ZONE_OUTSIDE },
		{ "172.32.0.1", ZONE_OUTSIDE }, { "0.0.0.0", ZONE_UNKNOWN }, { "127.0.0.1", ZONE_UNKNOWN }, { "::", ZONE_UNKNOWN },
	};
	struct zones *z = zones_new(key, NULL);
	assert_false(zone_configured(z));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(zone_of(z, at(cases[i].addr)), cases[i].zone);
	zones_free(z);
}

static void an_address_that_is_only_asked_for_is_not_on_the_wire(void **state)
{
	(void)state;
	struct zones *z = zones_new(key, NULL);
	zone_saw_claim(z, at("202.114.4.20"), card(1), 1);
	packet(z, "202.114.4.20", "202.114.4.119", 1, 64, false);
	assert_false(zone_on_link(z, at("202.114.4.119")));
	assert_int_equal(zone_of(z, at("202.114.4.119")), ZONE_OUTSIDE);
	assert_true(zone_on_link(z, at("202.114.4.20")));
	zones_free(z);
}

static void a_router_that_answers_for_a_far_address_does_not_bring_it_near(void **state)
{
	(void)state;
	struct zones *z = zones_new(key, NULL);
	/* proxy ARP before anything else is known of that MAC */
	zone_saw_claim(z, at("10.0.0.1"), card(1), 1);
	zone_saw_claim(z, at("202.114.4.119"), card(1), 2);
	assert_false(zone_on_link(z, at("202.114.4.119")));
	/* the answer has come through routers */
	packet(z, "202.114.4.119", "10.0.0.7", 1, 47, true);
	assert_false(zone_on_link(z, at("202.114.4.119")));
	assert_true(zone_is_router(z, card(1)));
	assert_int_equal(zone_of(z, at("202.114.4.119")), ZONE_OUTSIDE);
	zones_free(z);
}

static void a_claim_followed_by_routed_answers_is_not_on_the_wire(void **state)
{
	(void)state;
	struct zones *z = zones_new(key, NULL);
	zone_saw_claim(z, at("202.114.4.119"), card(1), 1);
	assert_true(zone_on_link(z, at("202.114.4.119")));
	packet(z, "202.114.4.119", "10.0.0.7", 1, 113, true);
	assert_false(zone_on_link(z, at("202.114.4.119")));
	zones_free(z);
}

static void answers_from_a_mac_that_sends_for_others_are_routed_whatever_their_ttl(void **state)
{
	(void)state;
	struct zones *z = zones_new(key, NULL);
	packet(z, "202.114.4.119", "202.114.4.20", 9, 64, true);
	assert_true(zone_on_link(z, at("202.114.4.119")));
	packet(z, "198.51.100.4", "10.0.0.3", 9, 52, true);
	assert_false(zone_on_link(z, at("202.114.4.119")));
	assert_true(zone_is_router(z, card(9)));
	zones_free(z);
}

static void unrouted_looks_from_another_network_prove_nothing(void **state)
{
	(void)state;
	struct zones *z = zones_new(key, NULL);
	packet(z, "202.114.4.119", "10.0.0.7", 3, 64, true);     /* a sender may choose its TTL */
	assert_false(zone_on_link(z, at("202.114.4.119")));
	packet(z, "202.114.4.118", "202.114.4.20", 4, 63, true); /* one hop away */
	assert_false(zone_on_link(z, at("202.114.4.118")));
	zones_free(z);
}

static void group_and_zero_macs_claim_nothing(void **state)
{
	(void)state;
	struct zones *z = zones_new(key, NULL);
	zone_saw_claim(z, at("202.114.4.119"), (struct mac){ { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } }, 1);
	zone_saw_claim(z, at("202.114.4.119"), (struct mac){ 0 }, 1);
	zone_saw_claim(z, at("0.0.0.0"), card(1), 1);
	assert_false(zone_on_link(z, at("202.114.4.119")));
	assert_int_equal(zone_counts(z).addresses, 0);
	zones_free(z);
}

static void a_host_that_moves_or_has_two_addresses_is_no_router(void **state)
{
	(void)state;
	struct zones *z = zones_new(key, NULL);
	packet(z, "10.0.0.5", "10.0.0.9", 1, 64, false);
	packet(z, "10.0.1.5", "10.0.1.9", 1, 64, false);         /* moved: never seen in the first again */
	assert_false(zone_is_router(z, card(1)));
	zone_saw_claim(z, at("10.0.0.6"), card(2), 1);
	zone_saw_claim(z, at("10.0.7.6"), card(2), 1);
	packet(z, "10.0.0.6", "10.0.0.9", 2, 64, false);
	packet(z, "10.0.7.6", "10.0.0.9", 2, 64, false);
	assert_false(zone_is_router(z, card(2)));
	packet(z, "fe80::1", "ff02::1", 3, 255, false);
	packet(z, "2001:db8:1::5", "2001:db8:9::1", 3, 64, false);
	packet(z, "fd00::5", "fd00::1", 3, 64, false);
	packet(z, "10.0.0.8", "10.0.0.9", 3, 64, false);
	assert_false(zone_is_router(z, card(3)));
	zones_free(z);
}

static void one_who_claims_many_neighbours_is_an_impostor_not_a_router(void **state)
{
	(void)state;
	struct zones *z = zones_new(key, NULL);
	char text[32];
	for (int i = 1; i < 60; i++) {
		snprintf(text, sizeof(text), "10.0.0.%d", i);
		zone_saw_claim(z, at(text), card(1), 1);
	}
	assert_false(zone_is_router(z, card(1)));
	zones_free(z);
}

static void routers_are_known_by_what_they_do(void **state)
{
	(void)state;
	struct zones *z = zones_new(key, NULL);
	zone_saw_claim(z, at("10.0.0.1"), card(1), 1);
	packet(z, "8.8.8.8", "10.0.0.7", 1, 117, true);          /* sends for another network than its own */
	assert_true(zone_is_router(z, card(1)));
	packet(z, "10.0.0.5", "10.3.0.9", 2, 63, false);         /* two networks at once */
	packet(z, "10.0.1.5", "10.3.0.9", 2, 63, false);
	packet(z, "10.0.0.5", "10.3.0.9", 2, 63, false);
	assert_true(zone_is_router(z, card(2)));
	zone_saw_claim(z, at("10.0.1.1"), card(3), 1);           /* an interface in each VLAN */
	zone_saw_claim(z, at("10.0.2.1"), card(3), 1);
	zone_saw_claim(z, at("10.0.3.1"), card(3), 1);
	assert_true(zone_is_router(z, card(3)));
	zone_saw_gateway(z, at("10.9.0.1"));                     /* DHCP said so, before and after the claim */
	zone_saw_claim(z, at("10.9.0.1"), card(4), 1);
	assert_true(zone_is_router(z, card(4)));
	zone_saw_claim(z, at("10.8.0.1"), card(5), 1);
	zone_saw_gateway(z, at("10.8.0.1"));
	assert_true(zone_is_router(z, card(5)));
	assert_int_equal(zone_counts(z).routers, 5);
	zones_free(z);
}

static void the_hospitals_own_server_on_a_public_address_is_on_the_wire(void **state)
{
	(void)state;
	struct zones *z = zones_new(key, NULL);
	zone_saw_claim(z, at("202.114.4.119"), card(1), 1);      /* by ARP */
	packet(z, "202.114.4.119", "202.114.4.20", 1, 64, true);
	assert_true(zone_on_link(z, at("202.114.4.119")));
	assert_int_equal(zone_of(z, at("202.114.4.119")), ZONE_SITE);
	assert_true(mac_eq(zone_mac_of(z, at("202.114.4.119")), card(1)));
	packet(z, "202.114.5.119", "202.114.5.20", 2, 128, true);        /* without ARP in the capture */
	assert_true(zone_on_link(z, at("202.114.5.119")));
	packet(z, "202.114.6.119", "202.114.6.20", 0, 64, true); /* without MACs in the capture */
	assert_true(zone_on_link(z, at("202.114.6.119")));
	zone_saw_claim(z, at("10.0.0.9"), card(3), 1);           /* a second address of the same card */
	zone_saw_claim(z, at("202.114.7.119"), card(3), 1);
	packet(z, "202.114.7.119", "202.114.7.20", 3, 64, true);
	assert_true(zone_on_link(z, at("202.114.7.119")));
	zones_free(z);
}

static void a_prefix_is_expected_only_when_it_is_plainly_in_use(void **state)
{
	(void)state;
	struct zones *z = zones_new(key, NULL);
	zone_saw_claim(z, at("202.114.4.20"), card(1), 1);
	zone_saw_claim(z, at("202.114.4.119"), card(2), 1);
	zone_saw_claim(z, at("202.114.4.119"), card(2), 1);
	zone_saw_claim(z, at("202.114.4.21"), card(3), 1);
	assert_false(zone_expects(z, at("202.114.4.30")));       /* three hosts, nobody leads out */
	zone_saw_gateway(z, at("202.114.4.1"));
	zone_saw_claim(z, at("202.114.4.1"), card(4), 1);
	assert_true(zone_expects(z, at("202.114.4.30")));
	assert_false(zone_expects(z, at("202.114.5.30")));
	struct prefix p;
	assert_true(prefix_parse("203.0.113.0/25", &p));
	zone_saw_subnet(z, p);
	assert_true(zone_expects(z, at("203.0.113.5")));
	assert_int_equal(zone_of(z, at("203.0.113.5")), ZONE_SITE);
	assert_false(zone_expects(z, at("203.0.113.200")));
	assert_true(prefix_parse("0.0.0.0/0", &p));              /* nobody's subnet is everything */
	zone_saw_subnet(z, p);
	assert_false(zone_expects(z, at("8.8.8.8")));
	zones_free(z);
}

static void configured_networks_decide_and_the_longest_counts(void **state)
{
	(void)state;
	struct zones *z = configured(
		"[zone clinical]\nnet = 10.1.0.0/16, 203.0.113.0/24\n[zone radiology]\nnet = 10.1.5.0/24\n"
		"[zone outside]\nnet = 10.1.5.128/25, 10.66.0.0/16\n"
		"[central]\naddress = 10.1.0.5:515, 10.1.0.6, [fd00::1]:9600\n");
	assert_true(zone_configured(z));
	assert_int_equal(zone_of(z, at("10.1.2.3")), ZONE_CLINICAL);
	assert_int_equal(zone_of(z, at("10.1.5.3")), ZONE_SITE);
	assert_int_equal(zone_of(z, at("10.1.5.200")), ZONE_OUTSIDE);
	assert_int_equal(zone_of(z, at("10.66.0.1")), ZONE_OUTSIDE);
	assert_int_equal(zone_of(z, at("10.2.0.1")), ZONE_SITE);
	assert_int_equal(zone_of(z, at("203.0.113.7")), ZONE_CLINICAL);
	assert_true(zone_expects(z, at("203.0.113.7")));
	assert_false(zone_expects(z, at("10.66.0.1")));
	zone_saw_claim(z, at("10.66.0.1"), card(1), 1);          /* called outside, stands here all the same */
	assert_int_equal(zone_of(z, at("10.66.0.1")), ZONE_SITE);
	assert_true(zone_is_central(z, at("10.1.0.5"), 515));
	assert_false(zone_is_central(z, at("10.1.0.5"), 516));
	assert_true(zone_is_central(z, at("10.1.0.5"), 0));
	assert_true(zone_is_central(z, at("10.1.0.6"), 9999));
	assert_true(zone_is_central(z, at("fd00::1"), 9600));
	assert_false(zone_is_central(z, at("10.1.0.7"), 0));
	zones_free(z);
}

static void wrong_networks_and_ends_are_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"[zone a]\nnet = 10.0.0.0/33", "[zone a]\nnet = ten", "[zone a]\nnet = 10.0.0.0/", "[central]\naddress = 10.0.0.1:0",
		"[central]\naddress = 10.0.0.1:70000", "[central]\naddress = 10.0.0.1:5x", "[central]\naddress = [::1",
		"[central]\naddress = [::1]x", "[central]\naddress = host:515", "[central]\naddress = :",
	};
	static const struct conf_key *const tables[] = { zone_conf, NULL };
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct conf *c = NULL;
		struct buf errors = { 0 };
		assert_int_not_equal(conf_parse(span_str(wrong[i]), "t", tables, &c, &errors), 0);
		buf_done(&errors);
	}
}

static void a_flood_of_addresses_is_bounded_and_counted(void **state)
{
	(void)state;
	struct zones *z = zones_new(key, NULL);
	for (uint32_t i = 0; i < 100000; i++) {
		struct mac m = { { 0, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1 } };
		zone_saw_claim(z, addr_v4(0x0b000000 + i), m, i);
	}
	struct zone_counts c = zone_counts(z);
	assert_true(c.addresses <= 16384 && c.macs <= 4096);
	assert_true(c.evicted > 100000 - 16384);
	assert_true(zone_on_link(z, addr_v4(0x0b000000 + 99999)));
	zones_free(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_configuration_only_private_networks_are_ours),
		cmocka_unit_test(an_address_that_is_only_asked_for_is_not_on_the_wire),
		cmocka_unit_test(a_router_that_answers_for_a_far_address_does_not_bring_it_near),
		cmocka_unit_test(a_claim_followed_by_routed_answers_is_not_on_the_wire),
		cmocka_unit_test(answers_from_a_mac_that_sends_for_others_are_routed_whatever_their_ttl),
		cmocka_unit_test(unrouted_looks_from_another_network_prove_nothing),
		cmocka_unit_test(group_and_zero_macs_claim_nothing),
		cmocka_unit_test(a_host_that_moves_or_has_two_addresses_is_no_router),
		cmocka_unit_test(one_who_claims_many_neighbours_is_an_impostor_not_a_router),
		cmocka_unit_test(routers_are_known_by_what_they_do),
		cmocka_unit_test(the_hospitals_own_server_on_a_public_address_is_on_the_wire),
		cmocka_unit_test(a_prefix_is_expected_only_when_it_is_plainly_in_use),
		cmocka_unit_test(configured_networks_decide_and_the_longest_counts),
		cmocka_unit_test(wrong_networks_and_ends_are_refused),
		cmocka_unit_test(a_flood_of_addresses_is_bounded_and_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
