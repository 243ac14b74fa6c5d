/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARP, RARP, ICMP, ICMPv6 and neighbour discovery. */
#include "decode_try.h"

extern const struct decoder decoder_arp, decoder_rarp, decoder_icmp, decoder_icmp6;

#define ARP "0001 0800 06 04 "
#define IP4 "45 00 001c 0000 0000 40 11 0000 0a000005 ca720477 "
#define IP6 "60000000 0010 11 40 fe800000000000000000000000000001 20010db8000000000000000000000002 "
#define TARGET6 "fe800000000000000000000000000009 "

static const struct try_sample samples[] = {
	{ &decoder_arp, ARP "0001 020000000001 0a000005 000000000000", false, NULL },
	{ &decoder_arp, "0001 86dd 06 10 0001 020000000001", false, NULL },
	{ &decoder_icmp, "03 01 0000 0000", false, NULL },
	{ &decoder_icmp6, "87 00 0000 00000000 fe80", false, NULL },
	{ &decoder_icmp6, "87 00 0000 00000000 " TARGET6 "01 00 020000000001", false,
	  "nd operation=solicitation target_addr=fe80::9 probe=false\n" },
	{ &decoder_arp, ARP "0001 020000000001 0a000005 000000000000 ca720477 0000000000", true,
	  "arp operation=request sender_mac=02:00:00:00:00:01 sender_addr=10.0.0.5 target_mac=00:00:00:00:00:00 "
	  "target_addr=202.114.4.119 gratuitous=false probe=false\n" },
	{ &decoder_arp, ARP "0002 020000000001 0a000005 020000000002 0a000005", true, "operation=reply" },
	{ &decoder_arp, ARP "0002 020000000001 0a000005 020000000002 0a000005", true, "gratuitous=true probe=false" },
	{ &decoder_arp, ARP "0001 020000000001 00000000 000000000000 0a000005", true, "gratuitous=false probe=true" },
	{ &decoder_arp, "0001 0800 08 04 0001 0102030405060708 0a000001 0102030405060708 0a000002", true,
	  "arp operation=request\n" },
	{ &decoder_rarp, ARP "0003 020000000001 00000000 020000000001 00000000", true, "operation=rarp_request" },
	{ &decoder_icmp, "08 00 0000 0102 0003 6162636465", true, "icmp family=4 type=8 code=0 name=echo identifier=258 "
	  "sequence=3 bytes=5 data=pattern\n" },
	{ &decoder_icmp, "03 03 0000 00000000 " IP4 "d431 0203 0008 0000", true,
	  "name=port_unreachable inner_source=10.0.0.5 inner_destination=202.114.4.119 inner_protocol=17 "
	  "inner_source_port=54321 inner_port=515\n" },
	{ &decoder_icmp, "03 04 0000 0000 0578 " IP4, true, "name=fragmentation_needed mtu=1400 inner_source=10.0.0.5" },
	{ &decoder_icmp, "05 01 0000 0a000001 " IP4, true, "name=redirect gateway=10.0.0.1 inner_source" },
	{ &decoder_icmp, "0b 00 0000 00000000 45 00", true, "name=time_exceeded\n" },
	{ &decoder_icmp6, "01 04 0000 00000000 " IP6 "d431 0203", true,
	  "icmp family=6 type=1 code=4 name=port_unreachable inner_source=fe80::1 inner_destination=2001:db8::2 "
	  "inner_protocol=17 inner_source_port=54321 inner_port=515\n" },
	{ &decoder_icmp6, "02 00 0000 00000500 " IP6, true, "name=packet_too_big mtu=1280" },
	{ &decoder_icmp6, "88 00 0000 e0000000 " TARGET6 "02 01 020000000009", true,
	  "nd operation=advertisement target_mac=02:00:00:00:00:09 target_addr=fe80::9 router=true solicited=true "
	  "override=true\n" },
	{ &decoder_icmp6, "86 00 0000 40 c0 0708 00000000 00000000 01 01 020000000009 05 01 0000 000005dc "
	  "03 04 40 c0 00000e10 00000e10 00000000 20010db8000000000000000000000000 "
	  "19 03 0000 00000e10 20010db8000000000000000000000053", true,
	  "nd operation=router_advertisement sender_mac=02:00:00:00:00:09 router_lifetime=1800 managed=true other_config=true "
	  "prefixes=2001:db8::/64 dns_servers=2001:db8::53 mtu=1500\n" },
	{ &decoder_icmp6, "85 00 0000 00000000", true, "nd operation=router_solicitation\n" },
	{ &decoder_icmp6, "89 00 0000 00000000 " TARGET6 "20010db8000000000000000000000002", true,
	  "nd operation=redirect target_addr=fe80::9 destination=2001:db8::2\n" },
};

static void each_sample_gives_its_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		try_sample(try_new(), &samples[i], (enum over)samples[i].decoder->over);
}

static void every_prefix_is_read_within_its_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		try_sample_prefixes(&samples[i], (enum over)samples[i].decoder->over);
}

static void a_solicitation_from_no_address_is_a_probe(void **state)
{
	(void)state;
	uint8_t room[64];
	struct try *t = try_new();
	t->at.src = (struct addr){ .family = 6 };
	assert_true(try_datagram(t, &decoder_icmp6, try_bytes("87 00 0000 00000000 " TARGET6, room, sizeof(room)), OVER_IP));
	try_says(t, "probe=true");
	try_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sample_gives_its_record),
		cmocka_unit_test(every_prefix_is_read_within_its_bounds),
		cmocka_unit_test(a_solicitation_from_no_address_is_a_probe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
