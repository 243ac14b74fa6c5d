/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS and the names that DNS, mDNS and NetBIOS share. */
#include "decode_try.h"

#include "decode/dnsname.h"

extern const struct decoder decoder_dns;

#define WWW "03'www'07'Example'03'com'00 "
#define QUERY "1234 0100 0001 0000 0000 0000 " WWW "0001 0001 "
#define ANSWER "1234 8580 0001 0002 0000 0000 " WWW "0001 0001 c00c 0005 0001 00000e10 0006 03'srv'c010 " \
	"c02d 0001 0001 0000003c 0004 0a000007 "

struct sample {
	const char *bytes;
	bool sound;
	const char *says;
};

static const struct sample samples[] = {
	{ "1234 0100 0001 0000 0000", false, NULL },
	{ "1234 0100 0001 0000 0000 0000 c00c 0001 0001", false, "type=A questions=1\n" },            /* points at itself */
	{ "1234 0100 0001 0000 0000 0000 c00e c00c 0001 0001", false, "questions=1" },                /* forward, then back */
	/* neither label nor pointer */
	{ "1234 0100 0001 0000 0000 0000 40'x'00 0001 0001", false, "questions=1" },
	{ "1234 8180 0001 0001 0000 0000 " WWW "0001 0001 c00c 0001 0001 00000e10 0040 0a00", false,
	  /* data longer than the rest */
	  "rcode=NOERROR query=www.example.com type=A questions=1 answers=1" },
	{ "1234 8180 0001 0001 0000 0000 " WWW "0005 0001 c00c 0005 0001 00000e10 0002 c0ff", false, "query=www.example.com" },
	{ "1234 8180 0001 0001 0000 0000 " WWW "0005 0001 c00c 0005 0001 00000e10 0002 03'toolong'00", false, "query=" },
	{ QUERY, true, "dns variant=dns id=4660 response=false opcode=query query=www.example.com type=A questions=1\n" },
	{ ANSWER, true,
	  "dns variant=dns id=4660 response=true opcode=query rcode=NOERROR query=www.example.com type=A questions=1 "
	  "answers=2 "
	  "addresses=10.0.0.7 names=srv.example.com ttl=60 authoritative=true truncated=false\n" },
	{ "0001 8180 0001 0000 0000 0001 " WWW "001c 0001 00 0029 1000 01000000 0000", true, "rcode=BADVERS" },
	{ "0001 8180 0001 0002 0000 0000 01'a'00 0010 0001 c00c 0010 0001 00000001 0005 04'text' c00c 0010 0001 00000001 "
	  "0002 01'x'",
	  true, "texts=2 text_bytes=7 ttl=1" },
	{ "0001 0100 0001 0000 0000 0000 05'a.b\\'01 00 fab1 0001", true, "query=a\\.b\\\\\\001 type=TYPE64177" },
	{ "0001 2800 0001 0000 0000 0000 00 0006 0001", true, "opcode=update query=. type=SOA" },
	{ "0001 5000 0000 0000 0000 0000", true, "opcode=10" },
};

static void each_sample_gives_its_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		uint8_t room[512];
		struct try *t = try_new();
		assert_int_equal(try_datagram(t, &decoder_dns, try_bytes(samples[i].bytes, room, sizeof(room)), OVER_UDP),
			samples[i].sound);
		assert_int_equal(t->records, samples[i].says ? 1 : 0);
		if (samples[i].says)
			try_says(t, samples[i].says);
		try_free(t);
	}
}

static void every_prefix_is_read_within_its_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		uint8_t room[512];
		struct span bytes = try_bytes(samples[i].bytes, room + 2, sizeof(room) - 2);
		try_prefixes(&decoder_dns, bytes, OVER_UDP);
		room[0] = 0;
		room[1] = (uint8_t)bytes.n;
		try_prefixes(&decoder_dns, span_of(room, bytes.n + 2), OVER_TCP);
	}
}

/* Pointer chains: each link points at the one before. */
static size_t chain(uint8_t *out, unsigned links)
{
	size_t n = 0;
	out[n++] = 1;
	out[n++] = 'x';
	out[n++] = 0;
	for (unsigned i = 0; i < links; i++) {
		size_t to = i ? n - 2 : 0;
		out[n++] = (uint8_t)(0xC0 | to >> 8);
		out[n++] = (uint8_t)to;
	}
	return n;
}

static void pointer_chains_end_at_their_bound(void **state)
{
	(void)state;
	static const struct { unsigned links; size_t used; } cases[] = {
		{ 1, 2 }, { DNSNAME_JUMPS, 2 }, { DNSNAME_JUMPS + 1, 0 }, { 500, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t bytes[1100];
		struct dnsname name;
		size_t n = chain(bytes, cases[i].links);
		assert_int_equal(dnsname_read(span_of(bytes, n), n - 2, DNSNAME_LOWER, &name), cases[i].used);
	}
}

static void names_longer_than_255_bytes_are_refused(void **state)
{
	(void)state;
	uint8_t bytes[300];
	struct dnsname name;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i % 64 ? 0x01 : 63;           /* labels of 63 bytes that all need escaping */
	bytes[192] = 61;                                 /* 3 * 64 + 62 + root = 255 */
	bytes[254] = 0;
	assert_int_equal(dnsname_read(span_of(bytes, sizeof(bytes)), 0, DNSNAME_LOWER, &name), 255);
	assert_int_equal(name.n, (3 * 63 + 61) * 4 + 3);
	bytes[192] = 62;
	bytes[254] = 0x01;
	bytes[255] = 0;
	assert_int_equal(dnsname_read(span_of(bytes, sizeof(bytes)), 0, DNSNAME_LOWER, &name), 0);
	assert_int_equal(dnsname_read(span_of(bytes, sizeof(bytes)), 4000, DNSNAME_LOWER, &name), 0);
}

static void it_is_known_on_any_port_by_its_question(void **state)
{
	(void)state;
	static const struct { const char *bytes; enum over over; uint16_t port; int score; } cases[] = {
		{ QUERY, OVER_UDP, 9999, BID_LIKELY + 20 },
		{ ANSWER, OVER_UDP, 9999, BID_LIKELY + 20 },
		{ "1234 0100 0001 0000 0000 0000 07'bad na!'00 0001 0001", OVER_UDP, 9999, BID_NO },
		{ "1234 0100 0001 0000 0000 0000 07'bad na!'00 0001 0001", OVER_UDP, 53, BID_MAYBE },
		{ "1234 0100 0001 0000 0000 0000 03'www'00 0001 0777", OVER_UDP, 9999, BID_NO },
		{ "1234 0100 00ff 0000 0000 0000 03'www'00 0001 0001", OVER_UDP, 53, BID_NO },
		{ "0000 0000 0000 0000 0000 0000 0000 0000", OVER_UDP, 9999, BID_NO },
		{ "00", OVER_TCP, 53, BID_WAIT },
		{ "001d", OVER_TCP, 9999, BID_WAIT },
		{ "0021 " QUERY, OVER_TCP, 9999, BID_LIKELY + 20 },
		{ "0021 1234 0100 0001 0000 0000 0000 03'ww'", OVER_TCP, 9999, BID_WAIT },
		{ "0002 1234", OVER_TCP, 53, BID_NO },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t room[256];
		struct origin at = { .sport = 40000, .dport = cases[i].port };
		assert_int_equal(try_bid(&decoder_dns, try_bytes(cases[i].bytes, room, sizeof(room)), cases[i].over, &at).score,
			cases[i].score);
	}
}

static void random_bytes_are_refused(void **state)
{
	(void)state;
	try_random_bytes_are_refused(&decoder_dns, OVER_UDP);
	try_random_bytes_are_refused(&decoder_dns, OVER_TCP);
}

static void a_tcp_stream_holds_several_messages(void **state)
{
	(void)state;
	uint8_t room[512], memory[1];
	struct try *t = try_new();
	struct span bytes = try_bytes("0021 " QUERY "0021 " QUERY "0021 1234", room, sizeof(room));
	assert_int_equal(try_stream(t, &decoder_dns, memory, bytes, true), 70);
	assert_int_equal(t->records, 2);
	assert_true(t->sound);
	try_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sample_gives_its_record),
		cmocka_unit_test(every_prefix_is_read_within_its_bounds),
		cmocka_unit_test(pointer_chains_end_at_their_bound),
		cmocka_unit_test(names_longer_than_255_bytes_are_refused),
		cmocka_unit_test(it_is_known_on_any_port_by_its_question),
		cmocka_unit_test(random_bytes_are_refused),
		cmocka_unit_test(a_tcp_stream_holds_several_messages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
