/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What devices say of themselves: DHCP, mDNS, SSDP, NetBIOS names, and NTP. */
#include "decode_try.h"

extern const struct decoder decoder_dhcp, decoder_mdns, decoder_ssdp, decoder_nbns, decoder_ntp;

#define CHADDR "020000000001 00000000000000000000 "
#define ZERO16 "00000000000000000000000000000000 "
#define ZERO64 ZERO16 ZERO16 ZERO16 ZERO16
#define ZERO128 ZERO64 ZERO64
#define BOOTP(op, relay) op " 01 06 00 11223344 0000 0000 00000000 00000000 00000000 " relay " " CHADDR
#define CLIENT BOOTP("01", "00000000") ZERO64 ZERO128 "63825363 "
#define SERVER "02 01 06 00 11223344 0000 0000 00000000 0a000007 00000000 00000000 " CHADDR ZERO64 ZERO128 "63825363 "
#define NBNAME "20'EIEPFDFECACACACACACACACACACACACA'00 "     /* HOST, suffix 20 */
#define NBPLAIN "20'EIEPFDFECACACACACACACACACACACAAA'00 "    /* HOST, suffix 00 */

static const struct try_sample samples[] = {
	{ &decoder_dhcp, "01 01 06 00 11223344", false, NULL },
	{ &decoder_dhcp, CLIENT "35 01 01 0c 40 'short'", false, "dhcp message=discover operation=request" },
	{ &decoder_dhcp, CLIENT "35", false, "message=bootp" },
	{ &decoder_dhcp, BOOTP("01", "00000000") ZERO64 ZERO128 "01020304 35 01 01 0c 04 'host'", true,
	  "message=bootp operation=request "
	  "transaction=287454020 client_mac=02:00:00:00:00:01 relayed=false\n" },
	{ &decoder_dhcp, CLIENT "35 01 03 0c 04 'CMS1' 3c 0c 'udhcp 1.19.4' 37 03 01 03 06 32 04 0a000005 ff", true,
	  "message=request operation=request transaction=287454020 client_mac=02:00:00:00:00:01 requested_addr=10.0.0.5 "
	  "host_name=CMS1 vendor_class=udhcp 1.19.4 parameters=1,3,6 relayed=false\n" },
	{ &decoder_dhcp, CLIENT "35 01 01 0c 03 'one' 0c 03 'two' ff", true, "host_name=one" },
	{ &decoder_dhcp, CLIENT "35 01 01 51 08 04 ff ff 03'cms'00 ff", true, "fqdn=cms " },
	{ &decoder_dhcp, CLIENT "35 01 01 51 0a 00 00 00 'cms.lan' ff", true, "fqdn=cms.lan " },
	{ &decoder_dhcp, CLIENT "35 01 01 4d 08 03 'one' 03 'two' a1 07 'https:/' ff", true,
	  "user_class=one,two mud_url=https:/" },
	{ &decoder_dhcp, CLIENT "35 01 01 4d 05 'whole' ff", true, "user_class=whole" },
	{ &decoder_dhcp, SERVER "35 01 05 36 04 0a000001 01 04 ffffff00 03 08 0a000001 0a000002 06 04 0a000001 33 04 00000e10 "
	  "0f 03 'lan' 0c 04 'CMS1' ff", true,
	  "message=ack operation=reply transaction=287454020 client_mac=02:00:00:00:00:01 your_addr=10.0.0.7 client_name=CMS1 "
	  "server_id=10.0.0.1 subnet_mask=255.255.255.0 router=10.0.0.1 dns_servers=10.0.0.1 domain=lan lease=3600 "
	  "relayed=false\n" },
	{ &decoder_dhcp, BOOTP("01", "0a000001") ZERO64 ZERO128 "63825363 35 01 01 0c 04 'host' ff", true,
	  "relay_addr=10.0.0.1 client_name=host relayed=true" },
	/* options in the server name field, then in the file field */
	{ &decoder_dhcp, BOOTP("01", "00000000") "0c 02 'sn' ff 0000000000000000000000 " ZERO16 ZERO16 ZERO16
	  "3c 02 'fi' ff 0000000000000000000000 " ZERO16 ZERO16 ZERO16 ZERO64 "63825363 35 01 01 34 01 03 ff", true,
	  "host_name=sn vendor_class=fi relayed=false\n" },

	{ &decoder_mdns, "0000 8400 0000 0001 0000 0000 04'host'05'local'00 0001 8001 00000078 0010 0a000005", false,
	  "response=true" },
	{ &decoder_mdns, "0000 8400 0000 0001 0000 0000 c00c 0001 8001 00000078 0004 0a000005", false, "response=true\n" },
	{ &decoder_mdns, "0000 8400 0000 0002 0000 0000 04'host'05'local'00 0001 8001 00000078 0004 0a000005 "
	  "c00c 0001 8001 00000078 0004 0a000006", true, "host_name=host names=host addresses=10.0.0.5,10.0.0.6\n" },
	{ &decoder_mdns, "0000 8400 0000 0001 0000 0000 05'other'05'local'00 0001 8001 00000078 0004 0a000009", true,
	  "mdns response=true names=other addresses=10.0.0.9\n" },
	{ &decoder_mdns, "0000 0000 0001 0000 0000 0000 04'_ipp'04'_tcp'05'local'00 000c 0001", true,
	  "mdns response=false queries=_ipp._tcp\n" },
	{ &decoder_mdns, "0000 8400 0000 0003 0000 0000 04'_ipp'04'_tcp'05'local'00 000c 0001 00000078 0009 06'Anna.s'c00c "
	  "c027 0010 8001 00000078 0019 08'ty=Laser'0b'usb_MFG=Acm'03'pdl' "
	  "c027 0021 8001 00000078 000d 0000 0000 0277 04'prn1'c016", true,
	  "mdns response=true names=prn1 services=_ipp._tcp text_keys=ty,usb_MFG,pdl model=Laser maker=Acm\n" },
	{ &decoder_mdns, "0000 8400 0000 0001 0000 0000 09'_services'07'_dns-sd'04'_udp'05'local'00 000c 0001 00000078 000c "
	  "04'_hl7'04'_tcp'c023", true, "services=_hl7._tcp\n" },

	{ &decoder_ssdp, "'M-SEARCH * HTTP/1.1'", false, NULL },
	{ &decoder_ssdp, "'GET / HTTP/1.1' 0d0a", false, NULL },
	{ &decoder_ssdp, "'M-SEARCH * HTTP/1.1' 0d0a 'st:ssdp:all' 0d0a 'MX: 3' 0d0a 0d0a", true,
	  "ssdp type=search target=ssdp:all\n" },
	{ &decoder_ssdp, "'NOTIFY * HTTP/1.1' 0d0a 'NT: upnp:rootdevice' 0d0a 'USN: uuid:1' 0d0a 'Server:  Linux/3.1 "
	  "UPnP/1.0 X/2 ' 0d0a "
	  "'LOCATION: http://10.0.0.5:80/d.xml?id=7' 0d0a 'NTS: ssdp:alive' 0d0a 'CACHE-CONTROL: max-age=1800' 0d0a 0d0a",
	  true,
	  "ssdp type=notify target=upnp:rootdevice usn=uuid:1 server=Linux/3.1 UPnP/1.0 X/2 location=http://10.0.0.5:80/d.xml "
	  "state=ssdp:alive max_age=1800\n" },
	{ &decoder_ssdp, "'HTTP/1.1 200 OK' 0a 'ST: x' 0a", true, "ssdp type=response target=x\n" },

	{ &decoder_nbns, "0001 0110 0001 0000 0000 0000 20'EIEPFDFECACA", false, NULL },
	{ &decoder_nbns, "0001 0110 0001 0000 0000 0000 20'zIEPFDFECACACACACACACACACACACACA'00 0020 0001", false, NULL },
	{ &decoder_nbns, "0001 8500 0000 0001 0000 0000 " NBNAME "0021 0001 00000000 0002 05 41", false, "operation=status" },
	{ &decoder_nbns, "0001 0110 0001 0000 0000 0000 " NBNAME "0020 0001", true,
	  "nbns service=name operation=query response=false name=HOST suffix=32 role=server\n" },
	{ &decoder_nbns, "0001 2910 0001 0000 0000 0001 " NBNAME "0020 0001 c00c 0020 0001 000493e0 0006 0000 0a000005", true,
	  "operation=registration response=false name=HOST suffix=32 role=server group=false host_name=HOST "
	  "address=10.0.0.5\n" },
	{ &decoder_nbns, "0001 2910 0001 0000 0000 0001 " NBNAME "0020 0001 c00c 0020 0001 000493e0 0006 8000 0a000005", true,
	  "role=server group=true address=10.0.0.5\n" },
	{ &decoder_nbns, "0001 2910 0001 0000 0000 0001 " NBNAME "0020 0001 c00c 0020 0001 000493e0 0006 0000 0a000006", true,
	  "role=server group=false address=10.0.0.6\n" },
	{ &decoder_nbns, "0001 8500 0000 0001 0000 0000 " NBNAME "0020 0001 000493e0 0006 0000 0a000005", true,
	  "operation=query response=true name=HOST suffix=32 role=server group=false host_name=HOST address=10.0.0.5 "
	  "rcode=0\n" },
	{ &decoder_nbns, "0001 8400 0000 0001 0000 0000 " NBNAME "0021 0001 00000000 002b 02 "
	  "'MONITOR        ' 00 0400 'WARD           ' 00 8400 020000000001", true,
	  "host_name=MONITOR rcode=0 names=MONITOR<00>,WARD<00> unit_mac=02:00:00:00:00:01\n" },
	{ &decoder_nbns, "11 02 0001 0a000005 008a 0060 0000 " NBPLAIN NBNAME "ff'SMB'", true,
	  "nbns service=datagram operation=datagram response=false name=HOST suffix=0 role=workstation host_name=HOST "
	  "address=10.0.0.5 destination=HOST\n" },

	{ &decoder_ntp, "23 02 06 e9 00000000", false, NULL },
	{ &decoder_ntp, "16 02 0001 0000 0000 0000 0000", true, "ntp version=2 mode=control\n" },
	{ &decoder_ntp, "23 00 06 e9 00000000 00000000 00000000 0000000000000000 0000000000000000 0000000000000000 "
	  "e8fe6f0200000000", true,
	  "ntp version=4 mode=client stratum=0 leap=0\n" },
	/* 1700000002 is 0xE8FE6F82 since 1900 */
	{ &decoder_ntp, "24 01 06 e9 00000000 00000000 'GPS'00 0000000000000000 0000000000000000 0000000000000000 "
	  "e8fe6f8280000000", true,
	  "ntp version=4 mode=server stratum=1 leap=0 reference=GPS transmit_time=1700000002500000000 offset=2.5\n" },
	{ &decoder_ntp, "24 02 06 e9 00000000 00000000 0a000001 0000000000000000 0000000000000000 0000000000000000 "
	  "e8fe6f8200000000", true,
	  "reference_addr=10.0.0.1" },
};

static const struct origin origin = { .ts = 1700000000000000000u, .sport = 40000, .dport = 40001 };

static void each_sample_gives_its_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct try *t = try_new();
		t->at = origin;
		t->at.src = addr_v4(0x0A000005);
		try_sample(t, &samples[i], OVER_UDP);
	}
}

static void every_prefix_is_read_within_its_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		try_sample_prefixes(&samples[i], OVER_UDP);
}

static void random_bytes_are_refused(void **state)
{
	(void)state;
	static const struct decoder *const all[] = { &decoder_dhcp, &decoder_mdns, &decoder_ssdp, &decoder_nbns,
		&decoder_ntp };
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		try_random_bytes_are_refused(all[i], OVER_UDP);
}

struct bidding {
	const struct decoder *decoder;
	const char *bytes;
	uint16_t port;
	int score;
};

static void content_decides_and_the_port_only_helps(void **state)
{
	(void)state;
	static const struct bidding cases[] = {
		{ &decoder_dhcp, CLIENT "35 01 01 ff", 9999, BID_SURE },
		{ &decoder_dhcp, BOOTP("01", "00000000") ZERO64 ZERO128, 9999, BID_NO },
		{ &decoder_dhcp, BOOTP("01", "00000000") ZERO64 ZERO128, 67, BID_MAYBE },
		{ &decoder_dhcp, BOOTP("03", "00000000") ZERO64 ZERO128 "63825363", 67, BID_NO },
		{ &decoder_mdns, "0000 0000 0001 0000 0000 0000 04'_ipp'04'_tcp'05'local'00 000c 0001", 9999, BID_NO },
		{ &decoder_mdns, "0000 0000 0001 0000 0000 0000 04'_ipp'04'_tcp'05'local'00 000c 8001", 5353, BID_SURE },
		{ &decoder_nbns, "0001 0110 0001 0000 0000 0000 " NBNAME "0020 0001", 9999, BID_SURE },
		{ &decoder_ssdp, "'NOTIFY * HTTP/1.1' 0d0a", 9999, BID_SURE },
		{ &decoder_ssdp, "'NOTIFY /x HTTP/1.1' 0d0a", 1900, BID_NO },
		{ &decoder_ntp, "24 01 06 e9 00000000 00000000 'GPS'00 0000000000000000 0000000000000000 0000000000000000 "
		  "e8fe6f8280000000",
		  9999, BID_LIKELY + 5 },
		{ &decoder_ntp, "24 01 06 e9 00000000 00000000 'GPS'00 0000000000000000 0000000000000000 0000000000000000 "
		  "e8008280 80000000",
		  9999, BID_MAYBE },
		{ &decoder_ntp, "24 11 06 e9 00000000 00000000 'GPS'00 0000000000000000 0000000000000000 0000000000000000 "
		  "e8fe6f8280000000",
		  123, BID_NO },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t room[1024];
		struct origin at = origin;
		at.dport = cases[i].port;
		struct span bytes = try_bytes(cases[i].bytes, room, sizeof(room));
		if (try_bid(cases[i].decoder, bytes, OVER_UDP, &at).score != cases[i].score)
			fail_msg("case %zu: %s", i, cases[i].bytes);
	}
}

static void a_name_that_the_capture_cuts_is_known_by_its_port(void **state)
{
	(void)state;
	uint8_t room[64];
	struct message m = { .bytes = try_bytes("0001 0110 0001 0000 0000 0000 20'EIEPFDFECA", room, sizeof(room)),
		.lost = 24, .over = OVER_UDP, .closing = true };
	assert_int_equal(decoder_nbns.bid(&m, &origin).score, BID_MAYBE);
	m.lost = 0;
	assert_int_equal(decoder_nbns.bid(&m, &origin).score, BID_NO);
}

static void a_routed_client_is_not_taken_for_its_router(void **state)
{
	(void)state;
	uint8_t room[1024];
	struct try *t = try_new();
	t->at.smac = (struct mac){ { 2, 0, 0, 0, 0, 99 } };
	assert_true(try_datagram(t, &decoder_dhcp, try_bytes(CLIENT "35 01 03 0c 04 'CMS1' ff", room, sizeof(room)),
		OVER_UDP));
	try_says(t, "client_name=CMS1 relayed=true");
	try_clear(t);
	t->at.smac = (struct mac){ { 2, 0, 0, 0, 0, 1 } };
	assert_true(try_datagram(t, &decoder_dhcp, try_bytes(CLIENT "35 01 03 0c 04 'CMS1' ff", room, sizeof(room)),
		OVER_UDP));
	try_says(t, "host_name=CMS1");
	try_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sample_gives_its_record),
		cmocka_unit_test(every_prefix_is_read_within_its_bounds),
		cmocka_unit_test(random_bytes_are_refused),
		cmocka_unit_test(content_decides_and_the_port_only_helps),
		cmocka_unit_test(a_name_that_the_capture_cuts_is_known_by_its_port),
		cmocka_unit_test(a_routed_client_is_not_taken_for_its_router),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
