/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS: hellos are read however they are cut, what is no TLS is not taken for it. */
#include "talk.h"

#define BYTES(s) span_of(s, sizeof(s) - 1)

static void sized(struct buf *b, int width, struct buf *body)
{
	for (int i = width - 1; i >= 0; i--)
		buf_u8(b, (uint8_t)(body->n >> 8 * i));
	buf_bytes(b, buf_span(body));
	buf_done(body);
}

static void extension(struct buf *b, uint16_t type, struct span s)
{
	buf_be16(b, type);
	buf_be16(b, (uint16_t)s.n);
	buf_bytes(b, s);
}

/* A handshake message of either side. */
static void hello(struct buf *b, bool client)
{
	struct buf h = { 0 }, x = { 0 };
	buf_be16(&h, 0x0303);
	buf_fill(&h, 0x5A, 32);
	buf_u8(&h, 0);
	if (client) {
		buf_bytes(&h, BYTES("\0\x06\x13\x01\x13\x02\xC0\x2F\x01\0"));
		extension(&x, 0, BYTES("\0\x10\0\0\x0Dpacs.hospital"));
		extension(&x, 0x2A2A, BYTES(""));
		extension(&x, 16, BYTES("\0\x0C\x02h2\x08http/1.1"));
		extension(&x, 43, BYTES("\x06\x8A\x8A\x03\x04\x03\x03"));
	} else {
		buf_bytes(&h, BYTES("\x13\x01\0"));
		extension(&x, 43, BYTES("\x03\x04"));
	}
	sized(&h, 2, &x);
	buf_u8(b, client ? 1 : 2);
	sized(b, 3, &h);
}

/* The message in records of at most `size` bytes. */
static void records(struct buf *b, struct buf *message, size_t size)
{
	for (struct rd r = rd_of(buf_span(message)); rd_left(&r);) {
		struct span part = rd_span(&r, rd_left(&r) < size ? rd_left(&r) : size);
		buf_bytes(b, BYTES("\x16\x03\x01"));
		buf_be16(b, (uint16_t)part.n);
		buf_bytes(b, part);
	}
	buf_done(message);
}

static void client_hello(struct buf *b, size_t record_size)
{
	struct buf m = { 0 };
	hello(&m, true);
	records(b, &m, record_size);
}

static void what_is_no_tls_gets_no_bid(void **state)
{
	(void)state;
	assert_int_equal(talk_bid("tls", BYTES("GET / HTTP/1.1\r\n\r\n"), false), BID_NO);
	/* too short a hello */
	assert_int_equal(talk_bid("tls", BYTES("\x16\x03\x01\0\x05\x01\0\0\x01\x03\x03zzzz"), true), BID_NO);
	assert_int_equal(talk_bid("tls", BYTES("\x16\x02\x01\0\x30\x01\0\0\x2C\x03\x03zzzz"), true), BID_NO);
	assert_int_equal(talk_bid("tls", BYTES("\x17\x03\x03\xFF\xFFzzzz"), true), BID_NO);
	assert_int_equal(talk_bid("tls", BYTES("\x17\x03\x03\0\x04zzzz\x09\x03\x03\0\x04zzzz"), true), BID_NO);
	/* lengths do not add up */
	assert_int_equal(talk_bid("tls", BYTES("\x80\x2E\x01\x03\x01\0\x16\0\0\0\x10zzzz"), true), BID_NO);
	static uint8_t text[1200] = { 0x17, 3, 3, 0x20, 0 };
	memset(text + 5, 'a', sizeof(text) - 5);
	assert_true(talk_bid("tls", span_of(text, sizeof(text)), false) < BID_LIKELY);
}

static void a_hello_is_read_however_it_is_cut(void **state)
{
	(void)state;
	static const size_t sizes[] = { 3, 7, 64, 1 << 14 }, steps[] = { 1, 13, 5000 };
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
			struct talk *t = talk_new("tls");
			struct buf up = { 0 };
			client_hello(&up, sizes[i]);
			talk_bytes(t, true, buf_span(&up), steps[k]);
			talk_expect(t, "\"event\":\"client-hello\",\"host\":\"pacs.hospital\",\"version\":\"TLS 1.3\","
				       "\"versions\":[\"TLS 1.3\",\"TLS 1.2\"],\"alpn\":[\"h2\",\"http/1.1\"],\"ciphers\":3");
			assert_int_equal(t->malformed + t->refused, 0);
			buf_done(&up);
			talk_free(t);
		}
}

static void a_hello_in_more_records_than_are_looked_at_passes(void **state)
{
	(void)state;
	struct talk *t = talk_new("tls");
	struct buf up = { 0 };
	client_hello(&up, 1);
	talk_bytes(t, true, buf_span(&up), 1);
	assert_string_equal(talk_said(t), "");
	assert_int_equal(t->way[1].skip, BODY_OPEN);
	buf_done(&up);
	talk_free(t);
}

static void both_sides_are_known_by_their_hellos(void **state)
{
	(void)state;
	struct buf up = { 0 }, down = { 0 }, m = { 0 };
	struct talk *t = talk_new("tls");
	client_hello(&up, 1 << 14);
	hello(&m, false);
	records(&down, &m, 1 << 14);
	assert_int_equal(talk_bid("tls", buf_span(&up), false), BID_SURE);
	assert_int_equal(talk_bid("tls", buf_span(&down), false), BID_SURE);
	talk_bytes(t, true, buf_span(&up), 100);
	talk_bytes(t, false, buf_span(&down), 100);
	talk_expect(t, "\"event\":\"server-hello\",\"version\":\"TLS 1.3\",\"cipher\":4865");
	buf_done(&up);
	buf_done(&down);
	talk_free(t);
}

static void a_port_of_dicom_is_told(void **state)
{
	(void)state;
	static const uint16_t ports[] = { 2762, 104, 443 };
	struct buf up = { 0 }, down = { 0 }, m = { 0 };
	client_hello(&up, 1 << 14);
	hello(&m, false);
	records(&down, &m, 1 << 14);
	for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
		struct talk *t = talk_new("tls");
		t->at.dport = ports[i];
		talk_bytes(t, true, buf_span(&up), 100);
		t->at.sport = ports[i];
		t->at.dport = 50000;
		talk_bytes(t, false, buf_span(&down), 100);
		if (ports[i] == 443) {
			talk_never(t, "port_use");
		} else {
			talk_expect(t, "\"port_use\":\"to a DICOM port, encrypted\"");
			talk_expect(t, "\"port_use\":\"DICOM port, encrypted\"");
		}
		talk_free(t);
	}
	buf_done(&up);
	buf_done(&down);
}

static void what_follows_the_hello_costs_nothing(void **state)
{
	(void)state;
	struct talk *t = talk_new("tls");
	struct buf up = { 0 };
	client_hello(&up, 1 << 14);
	size_t hello_n = up.n;
	for (int i = 0; i < 20; i++) {
		buf_bytes(&up, BYTES("\x17\x03\x03\x40\x00"));
		buf_fill(&up, 0xA5, 0x4000);
	}
	talk_bytes(t, true, buf_span(&up), 1460);
	assert_in_range(t->decoded, 1, 2);       /* the hello; the first byte behind it, and no more */
	assert_int_equal(t->asked, hello_n);
	buf_done(&up);
	talk_free(t);
}

/* The example of JA4's own description: Chrome's ciphers and extensions, in any order. */
static void clients_are_told_apart_whatever_the_order(void **state)
{
	(void)state;
	static const char ciphers[] = "\x4A\x4A\x13\x01\x13\x02\x13\x03\xC0\x2B\xC0\x2F\xC0\x2C\xC0\x30\xCC\xA9\xCC\xA8"
		"\xC0\x13\xC0\x14\x00\x9C\x00\x9D\x00\x2F\x00\x35";
	static const uint16_t plain[] = { 0x001B, 0x0023, 0xFF01, 0x0017, 0x0005, 0x000B, 0x0012, 0x4469, 0x0033, 0x002D,
		0x000A, 0x0015 };
	struct buf h = { 0 }, x = { 0 }, m = { 0 }, b = { 0 };
	buf_be16(&h, 0x0303);
	buf_fill(&h, 0x5A, 32);
	buf_u8(&h, 0);
	buf_be16(&h, sizeof(ciphers) - 1);
	buf_bytes(&h, BYTES(ciphers));
	buf_bytes(&h, BYTES("\x01\0"));
	extension(&x, 0x1A1A, BYTES(""));
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		extension(&x, plain[i], BYTES(""));
	extension(&x, 0, BYTES("\0\x10\0\0\x0Dpacs.hospital"));
	extension(&x, 13, BYTES("\0\x10\x04\x03\x08\x04\x04\x01\x05\x03\x08\x05\x05\x01\x08\x06\x06\x01"));
	extension(&x, 16, BYTES("\0\x0C\x02h2\x08http/1.1"));
	extension(&x, 43, BYTES("\x06\x8A\x8A\x03\x04\x03\x03"));
	sized(&h, 2, &x);
	buf_u8(&m, 1);
	sized(&m, 3, &h);
	records(&b, &m, 100);
	struct talk *t = talk_new("tls");
	talk_bytes(t, true, buf_span(&b), 33);
	talk_expect(t, "\"ja4\":\"t13d1516h2_8daaf6152771_e5627efa2ab1\"");
	buf_done(&b);
	talk_free(t);
}

static const char machine_certificate[] =
	"308201b43082015ba00302010202024711300a06082a8648ce3d040302302831153013060355040a0c0c576172642044657669636573"
	"310f300d06035504030c0670756d702d37301e170d3236313132323036353335395a170d3336313131393036353335395a3028311530"
	"13060355040a0c0c576172642044657669636573310f300d06035504030c0670756d702d373059301306072a8648ce3d020106082a86"
	"48ce3d03010703420004adf656937af5ef1ccc32c06042755e4cf05dbf14c704de7abf1f39b90442f03ce06701b98b18274e649d579f"
	"77a983774286530656c11aa96dca6b23e794aa10a3753073301d0603551d0e041604141900f5bd0abafc8c0cb4c024d6e1b43dc08102"
	"39301f0603551d230418301680141900f5bd0abafc8c0cb4c024d6e1b43dc0810239300f0603551d130101ff040530030101ff302006"
	"03551d1104193017820f70756d702d372e776172642e6c616e87040a000007300a06082a8648ce3d040302034700304402205087b726"
	"f2e30fbdd4c06b4baa6e4253f012e83f201a9b28b07b27188cc67d7302205fbbb9eb9b417758886618fe07183e60f3224b1f0658819b"
	"c2d2e22d668e5a65";
static const char person_certificate[] =
	"308201a93082014fa00302010202024712300a06082a8648ce3d04030230333113301106035504030c0a416e6e6120536d697468311c"
	"301a06092a864886f70d010901160d616e6e6140776172642e6c616e301e170d3236313132323036353335395a170d33363131313930"
	"36353335395a30333113301106035504030c0a416e6e6120536d697468311c301a06092a864886f70d010901160d616e6e6140776172"
	"642e6c616e3059301306072a8648ce3d020106082a8648ce3d030107034200042bf13ef82c4f90d4812486aab0d9d35e2f6b324b7c57"
	"86ddf29d408d023ea8ea06e28ca3e9993319bbfe087a3a44af0d6af529f337ae096cd949e270f537ff8ea3533051301d0603551d0e04"
	"160414ba1caa315b18e1bc35a6ef70dd87c6634cd90ef6301f0603551d23041830168014ba1caa315b18e1bc35a6ef70dd87c6634cd9"
	"0ef6300f0603551d130101ff040530030101ff300a06082a8648ce3d04030203480030450220414ad23880275ee88553479ef9ad09c9"
	"849240d17bf7070c43f987d2e5b89c78022100c014a6d2c3f569b8d3b90ed8e969feb9b4d181838ecbae60959e4d56e40ea18d";

static void hex_put(struct buf *b, const char *hex)
{
	for (; hex[0] && hex[1]; hex += 2) {
		char pair[3] = { hex[0], hex[1], 0 };
		buf_u8(b, (uint8_t)strtoul(pair, NULL, 16));
	}
}

/* A hello, a certificate and what ends the flight, in records of at most `size` bytes. */
static void flight(struct buf *b, bool client, const char *certificate, size_t size)
{
	struct buf m = { 0 }, chain = { 0 }, der = { 0 }, one = { 0 };
	hello(&m, client);
	hex_put(&der, certificate);
	sized(&one, 3, &der);
	sized(&chain, 3, &one);
	buf_u8(&m, 11);
	sized(&m, 3, &chain);
	buf_bytes(&m, BYTES("\x0E\0\0\0"));
	records(b, &m, size);
	buf_bytes(b, BYTES("\x14\x03\x03\0\x01\x01"));
}

static void certificates_say_whose_they_are(void **state)
{
	(void)state;
	static const size_t sizes[] = { 16000, 200, 61 };
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct talk *t = talk_new("tls");
		struct buf down = { 0 }, up = { 0 };
		flight(&down, false, machine_certificate, sizes[i]);
		flight(&up, true, person_certificate, sizes[i]);
		talk_bytes(t, true, buf_span(&up), 7);
		talk_bytes(t, false, buf_span(&down), 7);
		talk_expect(t, "\"event\":\"certificate\",\"subject\":\"pump-7\",\"organisation\":\"Ward Devices\","
			    "\"names\":[\"pump-7.ward.lan\"],\"issuer_organisation\":\"Ward Devices\",\"self_signed\":true");
		talk_expect(t, "\"serial\":\"4711\"");
		talk_expect(t, "\"event\":\"certificate\",\"subject_token\":{\"length\":10,");
		talk_never(t, "Anna");
		talk_never(t, "anna");
		assert_int_equal(t->malformed, 0);
		buf_done(&up);
		buf_done(&down);
		talk_free(t);
	}
}

/* Each byte of the certificate changed, and each length of it: the sanitizers look on. */
static void damaged_certificates_are_survived(void **state)
{
	(void)state;
	struct buf good = { 0 };
	flight(&good, false, person_certificate, 16000);
	for (size_t at = 60; at < good.n; at++) {
		struct talk *t = talk_new("tls");
		good.p[at] ^= 0x81;
		talk_bytes(t, false, buf_span(&good), 4096);
		talk_close(t, false);
		good.p[at] ^= 0x81;
		talk_free(t);
		t = talk_new("tls");
		talk_bytes(t, false, span_of(good.p, at), 4096);
		talk_close(t, false);
		talk_never(t, "Anna");
		talk_free(t);
	}
	buf_done(&good);
}

static void a_conversation_is_known_in_the_middle(void **state)
{
	(void)state;
	assert_int_equal(talk_bid("tls", BYTES("\x17\x03\x03\0\x04zzzz\x17\x03\x03\0\x04zz"), false), BID_LIKELY);
	assert_int_equal(talk_bid("tls", BYTES("\x15\x03\x03\0\x02\x02\x28"), false), BID_LIKELY);
	assert_int_equal(talk_bid("tls", BYTES("\x17\x03\x03\x40\0zzzz"), false), BID_WAIT);
	uint8_t large[1200] = { 0x17, 3, 3, 0x40, 0 };
	uint32_t noise = 1;
	for (size_t i = 5; i < sizeof(large); i++)
		large[i] = (uint8_t)((noise = noise * 1664525 + 1013904223) >> 24);
	assert_int_equal(talk_bid("tls", span_of(large, sizeof(large)), false), BID_LIKELY);
}

static void an_ssl2_shaped_hello_is_named(void **state)
{
	(void)state;
	static const char bytes[] = "\x80\x2E\x01\x03\x00\x00\x15\x00\x00\x00\x10" "abcdefghijklmnopqrstu" "0123456789abcdef";
	struct talk *t = talk_new("tls");
	assert_int_equal(talk_bid("tls", BYTES(bytes), false), BID_SURE);
	talk_bytes(t, true, BYTES(bytes), 5);
	talk_expect(t, "\"version\":\"SSL 3.0\",\"versions\":[\"SSL 2.0\",\"SSL 3.0\"],\"ciphers\":7");
	talk_free(t);
}

static void an_alert_in_clear_is_told(void **state)
{
	(void)state;
	struct talk *t = talk_new("tls");
	talk_bytes(t, false, BYTES("\x15\x03\x03\0\x02\x02\x28"), 2);
	talk_expect(t, "\"event\":\"alert\",\"level\":\"fatal\",\"description\":40");
	talk_free(t);
}

static void damage_does_no_harm(void **state)
{
	(void)state;
	struct buf up = { 0 };
	client_hello(&up, 50);
	struct talk *t = talk_new("tls");
	for (size_t i = 0; i < up.n; i++)
		for (unsigned flip = 0; flip < 3; flip++) {
			uint8_t was = up.p[i];
			up.p[i] = flip ? (uint8_t)(was ^ (flip == 1 ? 0xFF : 0x01)) : was;
			memset(t->state, 0, sizeof(t->state));
			memset(&t->way[1].n, 0, sizeof(t->way[1]) - offsetof(struct talk_way, n));
			struct span s = flip ? buf_span(&up) : span_cut(buf_span(&up), i);
			talk_bid("tls", s, flip);
			talk_bytes(t, true, s, 4096);
			talk_close(t, true);
			up.p[i] = was;
		}
	buf_done(&up);
	talk_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_tls_gets_no_bid),
		cmocka_unit_test(a_hello_is_read_however_it_is_cut),
		cmocka_unit_test(a_hello_in_more_records_than_are_looked_at_passes),
		cmocka_unit_test(both_sides_are_known_by_their_hellos), cmocka_unit_test(a_port_of_dicom_is_told),
		cmocka_unit_test(what_follows_the_hello_costs_nothing),
		cmocka_unit_test(clients_are_told_apart_whatever_the_order), cmocka_unit_test(certificates_say_whose_they_are),
		cmocka_unit_test(damaged_certificates_are_survived), cmocka_unit_test(a_conversation_is_known_in_the_middle),
		cmocka_unit_test(an_ssl2_shaped_hello_is_named),
		cmocka_unit_test(an_alert_in_clear_is_told),
		cmocka_unit_test(damage_does_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
