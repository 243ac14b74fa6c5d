/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversations of a hospital's IT: logins, remote screens, shares, message brokers. Each talk is fed byte by byte
 * and at once; what is none of it first. `>` is from the client, `<` from the server. */
#include "decode_try.h"
#include "talk.h"

enum { STEPS = 24 };

struct talk_sample {
	const char *decoder;
	int bid;                                 /* the least score of the first step, on an unrelated port */
	const char *step[STEPS];                 /* "> hex 'text'" */
	const char *says[10];                    /* NULL-terminated */
	const char *never;
};

static const struct talk_sample samples[] = {
	{ "mqtt", BID_SURE,
	  { "> 10 2d 00 04 'MQTT' 04 c6 00 14 00 05 'pump1' 00 06 'ward/4' 00 04 'gone' 00 06 'kimber' 00 04 'letm'",
	    "< 20 02 00 00", "> 82 0b 00 01 00 06 'ward/#' 00", "> 32 0f 00 08 'ward/471' 00 02 'abc'", "> c0 00", "< d0 00",
	    "> 32 0f 00 08 'ward/471' 00 03 'abd'" },
	  { "\"message\":\"connect\",\"version\":\"3.1.1\",\"client_id\":\"pump1\",\"user\":{\"length\":6,",
	    "\"password\":{\"length\":4,", "\"will\":\"a4/9x1\"", "\"accepted\":true,\"code\":0", "\"filters\":[\"a4/#\"]",
	    "\"topic\":{\"length\":8,", "\"topic_shape\":\"a4/9x3\",\"payload\":3" }, "kimber" },
	{ "mqtt", BID_SURE,
	  { "> 10 1b 00 04 'MQTT' 05 82 00 14 05 11 00000010 00 05 'a b c' 00 02 'me'",
	    "< 20 03 00 86 00" },
	  { "\"version\":\"5\",\"client_token\":{\"length\":5,", "\"password_empty\":true",
		"\"accepted\":false,\"code\":134" },
	  "a b c" },
	/* picked up in the middle */
	{ "mqtt", BID_LIKELY,
	  { "< d0 00 32 0f 00 08 'ward/471' 00 02 'abc'", "> 40 02 00 02", "> c0 00" },
	  { "\"topic\":{\"length\":8,", "\"topic_shape\":\"a4/9x3\",\"payload\":3" }, "ward" },
	/* RFB 3.8 with a password, 3.8 open to all, 3.3 refused */
	{ "vnc", BID_SURE,
	  { "< 'RFB 003.008'0a", "> 'RFB 003.008'0a", "< 02 02 10", "> 02", "< 00112233445566778899aabbccddeeff",
	    "> 00112233445566778899aabbccddeeff", "< 00000000", "> 01",
	    "< 0400 0300 20 18 00 01 00ff 00ff 00ff 10 08 00 000000 00000005 'scan1'", "< 0000000000" },
	  { "\"event\":\"version\",\"version\":\"003.008\"", "\"offered\":[\"vnc\",\"tight\"],\"no_password\":false",
	    "\"event\":\"result\",\"security\":\"vnc\",\"no_password\":false,\"accepted\":true",
	    "\"width\":1024,\"height\":768,\"desktop\":\"scan1\"" }, NULL },
	{ "vnc", BID_SURE,
	  { "< 'RFB 003.008'0a", "> 'RFB 003.008'0a", "< 01 01", "> 01", "< 00000000", "> 01",
	    "< 0400 0300 20 18 00 01 00ff 00ff 00ff 10 08 00 000000 0000000b 'Anna Smiths'" },
	  { "\"event\":\"choice\",\"security\":\"none\",\"no_password\":true", "\"desktop_token\":{\"length\":11," },
		"Smith" },
	{ "vnc", BID_SURE,
	  { "< 'RFB 003.008'0a", "> 'RFB 003.003'0a", "< 00000002", "< 00112233445566778899aabbccddeeff",
	    "> 00112233445566778899aabbccddeeff", "< 00000001", "< 00" },
	  { "\"event\":\"security\",\"security\":\"vnc\"", "\"accepted\":false" }, NULL },
	/* remote desktop: cookie and offer, old security, the client's settings */
	{ "rdp", BID_SURE,
	  { "> 03 00 00 2b 26 e0 0000 0000 00 'Cookie: mstshash=annas'0d0a 01 00 0800 00000000",
	    "< 03 00 00 13 0e d0 0000 1234 00 02 00 0800 00000000",
	    "> 03 00 00 49 02 f0 80 7f 'Duca' 803a 01c0 3400 04000800 0004 0003 01ca 03aa 07040000 280a0000 "
	    "50005500 4d005000 00000000 00000000 00000000 00000000 00000000 00000000 00" },
	  { "\"event\":\"request\",\"user\":{\"length\":5,", "\"protocols\":[\"rdp\"]",
		"\"event\":\"confirm\",\"security\":\"rdp\"",
	    "\"host_name\":\"PUMP\",\"build\":2600,\"keyboard\":1031" }, "annas" },
	{ "rdp", BID_SURE,
	  { "> 03 00 00 13 0e e0 0000 0000 00 01 00 0800 03000000", "< 03 00 00 13 0e d0 0000 1234 00 03 00 0800 05000000" },
	  { "\"protocols\":[\"tls\",\"credssp\"]", "\"event\":\"confirm\",\"failure\":5" }, NULL },
	/* the remote login of BSD */
	{ "rlogin", BID_SURE, { "> 00 'annal'00 'root'00 'vt100/9600'00", "< 00", "< 'Last login'" },
	  { "\"service\":\"login\",\"client_user\":{\"length\":5,", "\"user\":{\"length\":4,",
		"\"terminal\":\"vt100/9600\"" }, "annal" },
	/* log messages over TCP, counted and by lines; telephony over TCP */
	{ "syslog", BID_SURE,
		{ "> '52 <38>1 2003-10-11T22:14:15Z pump9 su - - - anna is in51 <38>1 2003-10-11T22:14:15Z pump8 su - - - "
			"anna is o'" },
	  { "\"host_name\":\"pump9\",\"app\":\"su\"", "\"host\":\"pump8\",\"app\":\"su\"" }, "anna" },
	{ "syslog", BID_SURE, { "> '<38>Oct 11 22:14:15 pump9 su: anna'0a'<39>Oct 11 22:14:16 pump9 su: anna'0a" },
	  { "\"severity\":\"info\",\"host_name\":\"pump9\"", "\"severity\":\"debug\",\"host_name\":\"pump9\"" }, "anna" },
	{ "sip", BID_SURE,
	  { "> 'INVITE sip:207@pbx.lan SIP/2.0'0d0a'Content-Length: 4'0d0a'From: "
		"<sip:4711@pbx.lan>'0d0a0d0a'v=0'0a'BYE sip:207@pbx.lan SIP/2.0'0d0a0d0a" },
	  { "\"method\":\"INVITE\",\"caller\":{\"length\":4,", "\"method\":\"BYE\"" }, "4711" },
	/* SMB2: a login, a share, a file that is read; one that is opened and closed in a single message */
	{ "smb", BID_SURE,
	  {
	    "> 000000b6fe534d4240000000000000000100010000000000000000000100000000000000000000000500000000000000000000000000"
	    "000000000000000000000000000019000000000000000000000058005e0000000000000000004e544c4d535350000300000000000000"
	    "40000000000000004000000008000800400000000a000a00480000000c000c0052000000000000004000000001000000570041005200"
	    "440061006e006e0061007300500055004d0050002d003900",
	    "< 00000048fe534d4240000000000000000100010001000000000000000100000000000000000000000500000000000000000000000000"
	    "00000000000000000000000000000900010048000000",
	    "> 00000062fe534d4240000000000000000300010000000000000000000200000000000000000000000500000000000000000000000000"
	    "00000000000000000000000000000900000048001a005c005c006e00610073005c007500700064006100740065007300",
	    "< 00000050fe534d4240000000000000000300010001000000000000000200000000000000000000000500000000000000000000000000"
	    "000000000000000000000000000010000100000000000000000000000000",
	    "> 0000008cfe534d4240000000000000000500010000000000000000000300000000000000000000000500000000000000000000000000"
	    "000000000000000000000000000039000000020000000000000000000000000000000000000089001200000000000000000000000000"
	    "00000000780014000000000000000000660077005c0063006d0073002e00620069006e00",
	    "< 00000098fe534d4240000000000000000500010001000000000000000300000000000000000000000500000000000000000000000000"
	    "000000000000000000000000000059000000010000000000000000000000000000000000000000000000000000000000000000000000"
	    "0c000000000000000c000000000000002000000000000000110000000000000022000000000000000000000000000000",
	    "> 00000071fe534d4240000000000000000800010000000000000000000400000000000000000000000500000000000000000000000000"
	    "0000000000000000000000000000310050000c0000000000000000000000110000000000000022000000000000000000000000000000"
	    "000000000000000000",
	    "< 0000005cfe534d4240000000000000000800010001000000000000000400000000000000000000000500000000000000000000000000"
	    "0000000000000000000000000000110050000c00000000000000000000006669726d7761726520322e30",
	    "> 000000e0fe534d4240000000000000000500010000000000880000000500000000000000000000000500000000000000000000000000"
	    "000000000000000000000000000039000000020000000000000000000000000000000000000000000040000000000000000000000000"
	    "0000000078000e0000000000000000006c006f0067002e007400780074000000fe534d42400000000000000006000100000000000000"
	    "000006000000000000000000000005000000000000000000000000000000000000000000000000000000180000000000000011000000"
	    "000000002200000000000000" },
	  { "\"auth\":\"ntlm\",\"user\":{\"length\":5,", "\"anonymous\":false,\"domain\":\"WARD\",\"host_name\":\"PUMP-9\"",
	    "\"guest\":true,\"accepted\":true", "\"path\":\"\\\\\\\\nas\\\\updates\",\"share\":\"disk\"",
	    "\"path\":\"fw\\\\cms.bin\",\"wants\":\"read\"", "body smb fw\\cms.bin at 0 of 12 last [firmware 2.0]",
	    "\"path\":\"log.txt\",\"wants\":\"write\"", "\"command\":\"close\"" }, "annas" },
	/* SMB1: a password in clear, refused; a share; a file that is written and closed */
	{ "smb", BID_SURE,
	  { "> 0000005dff534d42730000000000000000000000000000000000000005000000000001000dff00000000000000000000000000080000"
	    "00000000000000000020006c65746d65696e00616e6e617300574152440050756d70204f532032004c4d00",
	    "< 00000034ff534d42736d0000c0800000000000000000000000000000050000000000010003ff00000000000b00556e69780053616d62"
	    "6100",
	    "> 0000003dff534d427500000000000000000000000000000000000000050000000000020004ff000000000001001200005c5c6e61735c"
	    "7570646174657300413a00",
	    "< 00000030ff534d427500000000800000000000000000000000000000050000000000020003ff00000000000700413a0046415400",
	    "> 00000064ff534d42a200000000000080000000000000000000000000050000000000030018ff00000000100000000000000000000200"
	    "000000000000000000000000000000000000000000000000000000000000001100005c00660077002e00620069006e000000",
	    "< 00000067ff534d42a200000000800080000000000000000000000000050000000000030022ff00000000074001000000000000000000"
	    "0000000000000000000000000000000000000000000000000000200000000000000000000000000000000000000000000000000000",
	    "> 0000004bff534d422f0000000000008000000000000000000000000005000000000004000eff00000007400000000000000000000000"
	    "0000000c003f00000000000c006669726d7761726520332e30",
	    "> 00000029ff534d4204000000000000000000000000000000000000000500000000000500030740000000000000" },
	  { "\"auth\":\"clear\",\"user\":{\"length\":5,", "\"password\":{\"length\":7,",
	    "\"domain\":\"WARD\",\"system\":\"Pump OS 2\"", "\"accepted\":false", "\"share\":\"disk\"",
	    "\"path\":\"\\\\fw.bin\",\"wants\":\"write\"", "body smb \\fw.bin at 0 of 12 [firmware 3.0]",
	    "body smb \\fw.bin at 12 of 0 last" }, "letmein" },
};

static const struct {
	const char *decoder, *bytes;
} strangers[] = {
	{ "mqtt", "10 0c 00 04 'MQTX' 04 c2 00 3c 00 00" },
	{ "mqtt", "10 0c 00 04 'MQTT' 09 c2 00 3c 00 00" },
	{ "mqtt", "20 02 00 00" },
	{ "mqtt", "c0 00" },
	{ "mqtt", "32 0f 00 08 'ward/#71' 00 02 'abc'" },                               /* nobody publishes to a wildcard */
	{ "mqtt", "32 10 00 08 'ward/471' 00 02 'abc'" },
	{ "rlogin", "00 'annal'00 'root'00 'vt100'00" },
	{ "rlogin", "'514'00 'annal'00 'root'00 'ls'00" },                              /* only on its port */
	{ "rlogin", "00 00 00 00" },
	{ "syslog", "'<b>bold</b> and more of this'" },
	{ "sip", "'OPTIONS / HTTP/1.1'0d0a" },
	{ "vnc", "'RFB 003-008'0a" },
	{ "vnc", "'RFB 00'" },
	{ "rdp", "03 00 00 16 11 e0 0000 0001 00 c1 02 0100 c2 02 0102 c0 01 0a" },    /* a programmable controller */
	{ "rdp", "03 00 00 0b 06 e0 0000 0000 00" },
	{ "rdp", "03 00 00 2b 26 e0 0000 0000 00 'Cookie: chocolate=annas'0d0a" },
	{ "mqtt", "10 80 80 80 80 01 00 04 'MQTT' 04" },
};

static void strangers_are_refused(void **state)
{
	(void)state;
	uint8_t buffer[2048];
	for (size_t i = 0; i < ARRAY_LEN(strangers); i++)
		if (talk_bid(strangers[i].decoder, try_bytes(strangers[i].bytes, buffer, sizeof(buffer)), true) > BID_MAYBE)
			fail_msg("%s takes stranger %zu", strangers[i].decoder, i);
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		try_random_bytes_are_refused(decoder_find(samples[i].decoder), OVER_TCP);
}

static void each_is_its_own_alone(void **state)
{
	(void)state;
	uint8_t buffer[4096];
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		struct span bytes = try_bytes(samples[i].step[0] + 2, buffer, sizeof(buffer));
		int own = talk_bid(samples[i].decoder, bytes, true);
		if (own < samples[i].bid)
			fail_msg("%s bids %d for its sample %zu", samples[i].decoder, own, i);
		for (int k = 0; decoders[k]; k++) {
			bool other = decoders[k]->over & OVER_TCP && decoders[k]->bid && strcmp(decoders[k]->name, samples[i].decoder);
			int score = other ? talk_bid(decoders[k]->name, bytes, true) : 0;
			if (score >= BID_LIKELY && score >= own)
				fail_msg("%s takes sample %zu of %s", decoders[k]->name, i, samples[i].decoder);
		}
	}
}

/* The remote shell and rexec are known by their ports alone. */
static void a_remote_command_names_user_and_password(void **state)
{
	(void)state;
	static const struct {
		uint16_t port;
		const char *says;
	} ports[] = {
		{ 514, "\"service\":\"shell\",\"client_user\":{\"length\":5," }, { 512,
			"\"service\":\"exec\",\"user\":{\"length\":5," },
	};
	for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
		struct talk *t = talk_new("rlogin");
		t->at.dport = ports[i].port;
		talk_bytes(t, true, span_of("0\0annal\0kimber\0cat /etc/x\0", 27), 3);
		talk_bytes(t, false, span_of("\0out", 4), 1);
		talk_expect(t, ports[i].says);
		talk_expect(t, i ? "\"password\":{\"length\":6," : "\"user\":{\"length\":6,");
		talk_expect(t, "\"command\":\"cat\"");
		talk_expect(t, "\"accepted\":true");
		talk_never(t, "kimber");
		talk_free(t);
	}
}

static void talk_sample(const struct talk_sample *s, size_t step)
{
	uint8_t buffer[4096];
	struct talk *t = talk_new(s->decoder);
	for (int i = 0; i < STEPS && s->step[i]; i++)
		talk_bytes(t, s->step[i][0] == '>', try_bytes(s->step[i] + 2, buffer, sizeof(buffer)), step);
	talk_close(t, true);
	talk_close(t, false);
	for (int i = 0; i < 10 && s->says[i]; i++)
		talk_expect(t, s->says[i]);
	if (s->never)
		talk_never(t, s->never);
	if (t->malformed || t->refused)
		fail_msg("%s: %u malformed, %u refused in:\n%s", s->decoder, t->malformed, t->refused, talk_said(t));
	talk_free(t);
}

static void talks_are_read_however_cut(void **state)
{
	(void)state;
	static const size_t steps[] = { 1, 7, 4096 };
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		for (size_t k = 0; k < ARRAY_LEN(steps); k++)
			talk_sample(&samples[i], steps[k]);
}

/* Each step cut short and each of its bits flipped, behind the sound steps before it. */
static void damage_is_survived(void **state)
{
	(void)state;
	uint8_t buffer[4096];
	for (size_t i = 0; i < ARRAY_LEN(samples); i++)
		for (int k = 0; k < STEPS && samples[i].step[k]; k++) {
			struct span bytes = try_bytes(samples[i].step[k] + 2, buffer, sizeof(buffer));
			try_prefixes(decoder_find(samples[i].decoder), bytes, OVER_TCP);
			for (size_t bit = 0; bit < bytes.n * 8; bit += bytes.n > 64 ? 5 : 1) {
				struct talk *t = talk_new(samples[i].decoder);
				uint8_t before[4096];
				for (int n = 0; n < k; n++)
					talk_bytes(t, samples[i].step[n][0] == '>',
						   try_bytes(samples[i].step[n] + 2, before, sizeof(before)), 4096);
				buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
				talk_bytes(t, samples[i].step[k][0] == '>', bytes, 4096);
				talk_close(t, true);
				talk_close(t, false);
				buffer[bit / 8] ^= (uint8_t)(1 << bit % 8);
				talk_free(t);
			}
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_are_refused), cmocka_unit_test(each_is_its_own_alone),
		cmocka_unit_test(talks_are_read_however_cut),
		cmocka_unit_test(a_remote_command_names_user_and_password), cmocka_unit_test(damage_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
