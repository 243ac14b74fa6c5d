/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datagrams of a hospital's IT: management, building control, telephony, logging, names. What is none of it
 * first; then what is said of each; then the same cut short and with each bit flipped. */
#include "decode_try.h"

#define SNMP_OID "06 08 2b 06 01 02 01 01" /* 1.3.6.1.2.1.1.x.0 */

struct sample {
	const char *decoder;
	const char *bytes;
	int bid;                                 /* the least score, on an unrelated port */
	bool sound;
	const char *says, *never;                /* NULL: nothing is asked */
	uint16_t port;                           /* that it is sent to; 0: an unrelated one */
};

static const struct sample samples[] = {
	/* SNMP: v1 get and its answer, v2c set, v1 trap, v3 in clear and encrypted */
	{ "snmp", "30 26 02 01 00 04 06 'public' a0 19 02 01 05 02 01 00 02 01 00 30 0e 30 0c " SNMP_OID "01 00 05 00",
	  BID_SURE, true, "snmp version=1 message=get community=<6> request_id=5 objects=1.3.6.1.2.1.1.1.0 object_count=1\n",
	  "public" },
	{ "snmp", "30 2a 02 05 0000000000 04 06 'public' a0 19 02 01 05 02 01 00 02 01 00 30 0e 30 0c " SNMP_OID "01 "
		"00 05 00",
	  BID_SURE, true, "version=1 message=get community=<6>", "public" }, /* a number longer than need be */
	{ "snmp", "30 2c 02 01 00 04 06 'public' a2 1f 02 01 05 02 01 00 02 01 00 30 14 30 12 " SNMP_OID "01 00 04 "
		"06 'Pump 9'",
	  BID_SURE, true, "system=Pump 9", "public" },
	{ "snmp", "30 2d 02 01 01 04 07 'private' a3 1f 02 01 05 02 01 00 02 01 00 30 14 30 12 " SNMP_OID "05 00 04 "
		"06 'Pump 9'",
	  BID_SURE, true, "version=2c message=set community=<7>", "Pump" },
	{ "snmp", "30 26 02 01 00 04 06 'public' a4 19 06 06 2b 06 01 04 01 09 40 04 0a000007 02 01 06 02 01 01 43 "
		"01 00 30 00",
	  BID_SURE, true, "message=trap community=<6> object_count=0 enterprise=1.3.6.1.4.1.9 agent=10.0.0.7 "
		"generic_trap=6\n", NULL },
	{ "snmp", "30 43 02 01 03 30 0e 02 01 05 02 03 00ffe3 04 01 00 02 01 03 04 1b 30 19 04 05 80 00 02 9a 05 02 "
		"01 01 02 01 01 "
	  "04 04 'anna' 04 01 00 04 01 00 30 11 04 00 04 00 a0 0b 02 01 05 02 01 00 02 01 00 30 00", BID_SURE, true,
	  "version=3 message=get user=<4> security=none request_id=5 object_count=0 engine_maker=666\n", "anna" },
	{ "snmp", "30 38 02 01 03 30 0e 02 01 05 02 03 00ffe3 04 01 07 02 01 03 04 1b 30 19 04 05 80 00 02 9a 05 02 "
		"01 01 02 01 01 "
	  "04 04 'anna' 04 01 00 04 01 00 04 06 010203040506", BID_SURE, true,
	  "version=3 message=encrypted user=<4> security=encrypted engine_maker=666\n", "anna" },
	/* DHCPv6: a client, a server, one relayed */
	{ "dhcpv6", "01 00abcd 0001 000a 0003 0001 020000000001 0010 000c 0000 0137 0006 'MSFT 5' 0027 0006 00 04'pump' "
	  "0006 0004 0017 0018 0003 000c 00000001 00000000 00000000", BID_SURE, true,
	  "dhcpv6 message=solicit transaction=43981 relayed=false client_duid=00030001020000000001 duid_kind=mac "
	  "duid_mac=02:00:00:00:00:01 fqdn=pump vendor_class=MSFT 5 vendor=311 parameters=23,24\n", NULL, 547 },
	{ "dhcpv6", "07 00abcd 0002 000a 0003 0001 020000000009 0003 0028 00000001 00000000 00000000 0005 0018 "
	  "fd000000000000000000000000000007 00000000 00000000 0017 0010 fd000000000000000000000000000001", BID_SURE, true,
	  "message=reply transaction=43981 relayed=false server_duid=00030001020000000009 addresses=fd00::7 "
	"dns_servers=fd00::1\n",
	  NULL, 546 },
	{ "dhcpv6", "0c 00 fd000000000000000000000000000001 fe800000000000000000000000000007 0009 0018 "
	  "03 00abcd 0001 000a 0003 0001 020000000001 0027 0002 00 00", BID_SURE, true,
	  "message=request transaction=43981 relayed=true client_duid=00030001020000000001", NULL, 547 },
	{ "dhcpv6", "01 00abcd 0001 000a 0003 0001 020000000001 0027 0009 00 04'pump'", BID_LIKELY, false,
		"message=solicit", NULL, 547 },
	/* LLMNR: asked, answered by its owner, answered for somebody else */
	{ "llmnr", "1234 0000 0001 0000 0000 0000 04'Pump'00 0001 0001", BID_SURE, true,
	  "llmnr response=false name=Pump type=1\n", NULL, 5355 },
	{ "llmnr", "1234 8000 0001 0001 0000 0000 04'Pump'00 0001 0001 c00c 0001 0001 0000001e 0004 0a000007", BID_SURE, true,
	  "llmnr response=true name=Pump type=1 addresses=10.0.0.7 host_name=Pump\n", NULL, 5355 },
	{ "llmnr", "1234 8000 0001 0001 0000 0000 04'Pump'00 0001 0001 c00c 0001 0001 0000001e 0004 0a000008", BID_SURE, true,
	  "addresses=10.0.0.8\n", "host_name", 5355 },
	{ "llmnr", "1234 8000 0001 0001 0000 0000 04'Pump'00 0001 0001 c00c 0001 0001 0000001e 0040 0a000008",
		BID_SURE, false,
	  "name=Pump", NULL, 5355 },
	/* BACnet: who is there, I am, what are you called, a restart with a password, a write */
	{ "bacnet", "81 0b 000c 01 20 ffff 00 ff 10 08", BID_SURE, true,
		"bacnet message=announcement service=who_is\n", NULL },
	{ "bacnet", "81 0b 0015 01 00 10 00 c4 02000abc 22 05c4 91 03 22 0104", BID_SURE, true,
	  "service=i_am device=2748 vendor=260\n", NULL },
	{ "bacnet", "81 0a 001d 01 00 30 05 0c 0c 02000abc 19 46 3e 75 09 00 'AHU-9000' 3f", BID_SURE, true,
	  "message=ack service=read_property object=8:2748 property=70 model=AHU-9000\n", NULL },
	{ "bacnet", "81 0a 0025 01 00 30 05 0e 0c 02000abc 1e 29 4d 4e 75 05 00 'roof' 4f 29 2c 4e 75 04 00 '1.2' 4f 1f",
	  BID_SURE, true, "service=read_property_multiple object=8:2748 property=77 firmware=1.2 name=roof\n", NULL },
	{ "bacnet", "81 0a 0013 01 04 02 05 01 14 09 00 1d 05 00 'open'", BID_SURE, true,
	  "message=request service=reinitialize_device password=<4>\n", "open" },
	{ "bacnet", "81 0a 0018 01 04 02 05 01 0f 0c 00400001 19 55 3e 44 00000000 3f", BID_SURE, true,
	  "service=write_property object=1:1 property=85\n", NULL },
	/* syslog, old, new and bare */
	{ "syslog", "'<38>Oct 11 22:14:15 pump9 su[230]: session opened for user anna'", BID_SURE, true,
	  "syslog format=3164 facility=auth severity=info host_name=pump9 app=su bytes=63\n", "anna" },
	{ "syslog", "'<165>1 2003-10-11T22:14:15.003Z pump9.lan evntslog - ID47 [x@1 who=anna] anna logged in'",
		BID_SURE, true,
	  "format=5424 facility=local4 severity=notice host_name=pump9.lan app=evntslog message_id=ID47 bytes=87\n", "anna" },
	{ "syslog", "'<13>alarm: patient ROE in bed 4'", BID_MAYBE, true,
		"format=bare facility=user severity=notice app=alarm", "ROE", 514 },
	/* SIP: a call with its media, and who registers */
	{ "sip", "'INVITE sip:207@pbx.lan SIP/2.0'0d0a'From: Roe <sip:4711@pbx.lan>;tag=1'0d0a't: <sip:207@pbx.lan>'0d0a"
	  "'CSeq: 1 INVITE'0d0a'User-Agent: Phone 7'0d0a0d0a'v=0'0d0a'c=IN IP4 10.0.0.7'0d0a'm=audio 49170 RTP/AVP "
	"0'0d0a", BID_SURE,
	  true, "sip message=request method=INVITE caller=<4> callee=<3> domain=pbx.lan user_agent=Phone 7 "
		"media=audio RTP/AVP\n",
	  "4711" },
	{ "sip", "'INVITE sip:207@pbx.lan SIP/2.0'0d0a0d0a'v=0'0d0a'c=IN IP4 10.0.0.7'0d0a'm=audio 49170 RTP/AVP "
		"0'0d0a", BID_SURE,
	  true, "expect rtp 49170\n", NULL },
	{ "sip", "'SIP/2.0 401 Unauthorized'0d0a'CSeq: 2 REGISTER'0d0a'Server: PBX'0d0a0d0a", BID_SURE, true,
	  "message=response method=REGISTER status=401 server=PBX\n", NULL },
	{ "sip", "'REGISTER sip:pbx.lan SIP/2.0'0d0a'Authorization: Digest username=\"roe\", "
		"realm=\"x\"'0d0a'Expires: 60'0d0a0d0a",
	  BID_SURE, true, "method=REGISTER user=<3> expires=60\n", "roe" },
	/* RTP: 20 bytes of G.729 */
	{ "rtp", "80 12 0001 000000a0 deadbeef 0102030405060708090a 0102030405060708090a", BID_LIKELY, true,
	  "rtp media=rtp payload_type=18 codec=G729 source=3735928559 marker=false bytes=20\n", NULL, 49170 },
};

static const struct {
	const char *decoder, *bytes;
} strangers[] = {
	{ "snmp", "30 26 02 01 07 04 06 'public' a0 19" },                             /* no such version */
	{ "snmp", "30 0c 02 01 00 04 04 'abcd' 05 00 00" },                            /* no PDU; and a byte too many */
	{ "dhcpv6", "01 00abcd 0001 000a 0003 0001 020000000001 0027 0009 00 04'pump'" }, /* an option runs over the end */
	{ "llmnr", "1234 0000 0001 0000 0000 0000 04'Pump'00 0001 0001" },            /* anywhere but on its port it is DNS */
	{ "syslog", "'<192>Oct 11 22:14:15 host x: y'" },
	{ "syslog", "'<034>Oct 11 22:14:15 host x: y'" },
	{ "syslog", "'<b>bold</b>'" },
	{ "sip", "'INVITE sip:207@pbx.lan HTTP/1.1'0d0a0d0a" },
	{ "sip", "'OPTIONS * RTSP/1.0'0d0a0d0a" },
	{ "rtp", "80 12 0001 000000a0 deadbeef 0102030405060708090a 01020304050607080900" }, /* odd port: see `at` */
	{ "bacnet", "81 0b 000d 01 20 ffff 00 ff 10 08" },
	{ "bacnet", "81 0b 000c 02 20 ffff 00 ff 10 08" },
	{ "snmp", "30 84 00 00 00 10 02 01 01 77 84 00 00 00 07 0a 01 00 04 00 04 00" },   /* LDAP */
};

static struct span bytes_of(const char *hex, uint8_t out[2048])
{
	return try_bytes(hex, out, 2048);
}

static void strangers_are_refused(void **state)
{
	(void)state;
	uint8_t buffer[2048];
	const struct origin at = { .sport = 40001, .dport = 40003 };
	for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
		struct bid b = try_bid(decoder_find(strangers[i].decoder), bytes_of(strangers[i].bytes, buffer), OVER_UDP, &at);
		if (b.score > BID_MAYBE)
			fail_msg("%s takes stranger %zu", strangers[i].decoder, i);
	}
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		try_random_bytes_are_refused(decoder_find(samples[i].decoder), OVER_UDP);
}

/* No sample is taken by a decoder of another's. */
static void each_is_its_own_alone(void **state)
{
	(void)state;
	uint8_t buffer[2048];
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct origin at = { .sport = samples[i].port == 547 ? 546 : 40002,
			.dport = samples[i].port ? samples[i].port : 40003 };
		struct span bytes = bytes_of(samples[i].bytes, buffer);
		int own = try_bid(decoder_find(samples[i].decoder), bytes, OVER_UDP, &at).score;
		if (own < samples[i].bid)
			fail_msg("%s bids %d for its sample %zu", samples[i].decoder, own, i);
		for (int k = 0; decoders[k]; k++) {
			bool other = decoders[k]->over & OVER_UDP && decoders[k]->bid && strcmp(decoders[k]->name, samples[i].decoder);
			int score = other ? try_bid(decoders[k], bytes, OVER_UDP, &at).score : 0;
			if (score >= BID_LIKELY && score >= own)
				fail_msg("%s takes sample %zu of %s", decoders[k]->name, i, samples[i].decoder);
		}
	}
}

static void samples_are_read(void **state)
{
	(void)state;
	struct try *t = try_new();
	uint8_t buffer[2048];
	t->at.src = addr_v4(0x0a000007);
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct sample *s = &samples[i];
		try_clear(t);
		t->at.dport = s->port ? s->port : 40002;
		bool sound = try_datagram(t, decoder_find(s->decoder), bytes_of(s->bytes, buffer), OVER_UDP);
		if (s->says)
			try_says(t, s->says);
		if (s->never)
			try_never_says(t, s->never);
		if (sound != s->sound)
			fail_msg("sample %zu of %s is %s: %s", i, s->decoder, sound ? "sound" : "malformed", try_text(t));
	}
	try_free(t);
}

/* Cut short and damaged they may say less: never a secret, and the sanitizers look on. */
static void damage_is_survived(void **state)
{
	(void)state;
	struct try *t = try_new();
	uint8_t buffer[2048];
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct decoder *d = decoder_find(samples[i].decoder);
		struct span bytes = bytes_of(samples[i].bytes, buffer);
		try_prefixes(d, bytes, OVER_UDP);
		for (size_t bit = 0; bit < bytes.n * 8; bit++) {
			buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
			(void)try_bid(d, bytes, OVER_UDP, &t->at);
			(void)try_datagram(t, d, bytes, OVER_UDP);
			buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
			try_clear(t);
		}
	}
	try_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_are_refused), cmocka_unit_test(each_is_its_own_alone),
		cmocka_unit_test(samples_are_read), cmocka_unit_test(damage_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
