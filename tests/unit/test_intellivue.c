/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IntelliVue Data Export: negatives first. The connect indication has the shape of a real one of a monitor
 * M8007A (lengths, attributes, paddings); names, numbers and addresses are invented. */
#include "decode_try.h"

#define AUTO_BUF __attribute__((cleanup(buf_done))) struct buf
#define BYTES(s) span_of(s, sizeof(s) - 1)

static const struct decoder *intellivue(void)
{
	return decoder_find("intellivue");
}

static void close16(struct buf *b, size_t at)
{
	size_t n = b->n - at - 2;
	b->p[at] = (uint8_t)(n >> 8);
	b->p[at + 1] = (uint8_t)n;
}

static size_t open16(struct buf *b)
{
	buf_be16(b, 0);
	return b->n - 2;
}

static void attribute(struct buf *b, uint16_t id, struct span value)
{
	buf_be16(b, id);
	buf_be16(b, (uint16_t)value.n);
	buf_bytes(b, value);
}

/* A String: length, UTF-16 with its NUL. */
static void text_attribute(struct buf *b, uint16_t id, const char *text)
{
	size_t n = strlen(text) + 1;
	buf_be16(b, id);
	buf_be16(b, (uint16_t)(2 * n + 2));
	buf_be16(b, (uint16_t)(2 * n));
	for (size_t i = 0; i < n; i++)
		buf_be16(b, (uint8_t)text[i]);
}

#define MODEL "\0\x08" "Philips\0\0\x07" "M8099A\0\0"
#define SPECS "\0\x02\0\x28\0\x01\0\x08\0\x0c" "DE99999999\0\0" "\0\x04\0\x58\0\x08" "G.01.78 " "\0\x02\0\x58\0\0"
#define NET   "\0\x09\xfb\x01\x02\x03\x0a\x0d\x19\x02\xff\xff\xff\0"

static void connect_indication(struct buf *b)
{
	buf_be32(b, 0x00000100);
	buf_be16(b, 1);
	size_t op = open16(b);
	buf_be32(b, 0);
	size_t invoke = open16(b);
	buf_bytes(b, BYTES("\0\x23\0\0\0\0\0\xd6\xd4\0\x0d\x17"));
	size_t event = open16(b);
	buf_be16(b, 6);
	size_t list = open16(b);
	attribute(b, 0x0986, BYTES("\0\x01\x11\x4d"));
	attribute(b, 0xF100, BYTES(NET));
	attribute(b, 0xF135, BYTES("\0P\0L\0A\0N\0T\0E\0D\0B\0E\0D\0\0\0\0"));
	attribute(b, 0xF101, BYTES("\0\x01\0\x08\0\x05\0\x01\x5e\x29\0\0"));
	attribute(b, 0x092D, BYTES(SPECS));
	attribute(b, 0x0928, BYTES(MODEL));
	close16(b, list);
	close16(b, event);
	close16(b, invoke);
	close16(b, op);
}

enum { LINKED = 5, INVOKE = 1, RESULT = 2, NUMERICS = 6, PERSON = 42 };

/* A poll result up to the attributes of its one object; finish it with poll_end. */
struct poll {
	size_t op, invoke, act, list, context, object;
};

static struct poll poll_begin(struct buf *b, uint16_t kind, uint16_t object, uint16_t attributes)
{
	struct poll p = { 0 };
	buf_be32(b, 0xE1000002);
	buf_be16(b, kind);
	p.op = open16(b);
	if (kind == LINKED)
		buf_be16(b, 0x0101);
	buf_be32(b, 0x00010007);
	p.invoke = open16(b);
	buf_bytes(b, BYTES("\0\x21\0\0\0\0\x0c\x16"));
	p.act = open16(b);
	buf_bytes(b, BYTES("\0\x01\0\x01\x02\x03\x20\x26\x03\x01\x09\x40\x30\0\0\x01"));
	buf_be16(b, object);
	buf_be32(b, 1);                          /* all groups, one context */
	p.list = open16(b);
	buf_be32(b, 1);
	p.context = open16(b);
	buf_be16(b, 0x8001);
	buf_be16(b, attributes);
	p.object = open16(b);
	return p;
}

static void poll_end(struct buf *b, struct poll p)
{
	close16(b, p.object);
	close16(b, p.context);
	close16(b, p.list);
	close16(b, p.act);
	close16(b, p.invoke);
	close16(b, p.op);
}

static void numerics(struct buf *b)
{
	struct poll p = poll_begin(b, LINKED, NUMERICS, 4);
	attribute(b, 0x0950, BYTES("\x41\x82\0\0\x0a\xa0\0\0\0\x48"));                       /* heart rate 72 */
	attribute(b, 0x0950, BYTES("\x4b\x48\0\0\x17\xa0\xff\0\x01\x71"));                   /* temperature 36.9 */
	attribute(b, 0x0950, BYTES("\x4b\xb8\xa0\0\x02\x20\0\x7f\xff\xff"));                 /* SpO2, no value */
	attribute(b, 0x094B, BYTES("\0\x02\0\x14\x4a\x05\0\0\x0f\x03\xff\0\0\xa0\x4a\x06\0\0\x0f\x20\0\0\0\x46"));
	poll_end(b, p);
}

static struct bid bid_of(struct span s, uint16_t port)
{
	struct origin at = { .sport = 40000, .dport = port };
	return try_bid(intellivue(), s, OVER_UDP, &at);
}

static void other_datagrams_are_refused(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	numerics(&b);
	try_random_bytes_are_refused(intellivue(), OVER_UDP);
	assert_int_equal(bid_of(BYTES("\0\0\x01\0\0\x01\0\0\0\0\0\0"), 24005).score, BID_NO);      /* a DNS answer */
	assert_int_equal(bid_of(BYTES("\xe1\0\0\x02\0\x01\0\x04\0\0\0\0"), 24105).score, BID_NO);
	assert_int_equal(bid_of(BYTES("\x0d\x03" "abc"), 24105).score, BID_NO);
	assert_int_equal(bid_of(BYTES("\x0d\x06\x05\x08\x13\x01\0"), 24105).score, BID_NO);         /* lengths must fit */
	for (size_t n = 0; n + 3 < b.n; n++)
		assert_int_equal(bid_of(span_cut(buf_span(&b), n), 24105).score, BID_NO);
}

static void every_kind_is_known_on_any_port(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	connect_indication(&b);
	assert_int_equal(bid_of(buf_span(&b), 9).score, BID_SURE);
	buf_reset(&b);
	numerics(&b);
	assert_int_equal(bid_of(buf_span(&b), 9).score, BID_SURE);
	assert_int_equal(bid_of(buf_span(&b), 9).side, SIDE_SERVER);
	struct span call = BYTES("\x0d\x0e\x05\x08\x13\x01\0\x16\x01\x02\x80\0\x14\x02\0\x02");
	assert_int_equal(bid_of(call, 9).score, BID_SURE);
	assert_int_equal(bid_of(call, 9).side, SIDE_CLIENT);
	assert_int_equal(bid_of(BYTES("\x09\x04\xc1\x02\x61\x80"), 24105).score, BID_MAYBE);
}

static void a_monitor_says_who_it_is(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	connect_indication(&b);
	struct try *t = try_new();
	assert_true(try_datagram(t, intellivue(), buf_span(&b), OVER_UDP));
	try_says(t, "event=connect-indication role=patient monitor maker=Philips model=M8099A serial=DE99999999 "
		    "firmware=G.01.78 own_mac=00:09:fb:01:02:03 own_address=10.13.25.2 bed=<10>");
	try_never_says(t, "PLANTED");
	try_free(t);
}

static void numerics_become_vital_signs_and_invalid_ones_do_not(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	numerics(&b);
	struct try *t = try_new();
	assert_true(try_datagram(t, intellivue(), buf_span(&b), OVER_UDP));
	try_says(t, "event=poll-result role=patient monitor polled=numerics part=first numerics=4 "
		    "unusable=1 device_time=20260301094030");
	try_says(t, "name=heart_rate code=147842 code_system=MDC mdc=147842 value=72 unit=/min sub_id=32769 "
		    "device_time=20260301094030");
	try_says(t, "name=temperature code=150344 code_system=MDC mdc=150344 value=36.9 unit=Cel");
	try_says(t, "name=nibp_sys code=150021 code_system=MDC mdc=150021 value=120.01 unit=mm[Hg]");     /* 16.0 kPa */
	try_says(t, "name=nibp_dia code=150022 code_system=MDC mdc=150022 value=70 unit=mm[Hg]");
	try_never_says(t, "spo2");
	try_free(t);
}

/* SaObsValue with a curve that no monitor would give; state as the guide has it. */
static void wave(struct buf *b, uint16_t state)
{
	enum { WAVES = 9, SAMPLES = 6000 };
	AUTO_BUF v = { 0 };
	uint32_t noise = 1;
	struct poll p = poll_begin(b, RESULT, WAVES, 1);
	buf_be16(&v, 0x0102);
	buf_be16(&v, state);
	buf_be16(&v, 2 * SAMPLES);
	for (unsigned i = 0; i < SAMPLES; i++) {
		noise = noise * 1664525 + 1013904223;
		buf_be16(&v, (uint16_t)(8000 + (noise >> 22)));
	}
	attribute(b, 0x096E, buf_span(&v));
	poll_end(b, p);
}

static void waves_become_digests_unless_the_monitor_calls_them_none(void **state)
{
	(void)state;
	static const uint16_t unusable[] = { 0x8000, 0x2000, 0x1000, 0x0800, 0x0400 };
	AUTO_BUF b = { 0 };
	struct try *t = try_new();
	wave(&b, 0);
	assert_true(try_datagram(t, intellivue(), buf_span(&b), OVER_UDP));
	try_says(t, "waveform protocol=intellivue name=ecg code=131330 mdc=131330 sub_id=32769 samples=");
	try_says(t, " digest=");
	for (size_t i = 0; i < ARRAY_LEN(unusable); i++) {
		try_clear(t);
		buf_reset(&b);
		wave(&b, unusable[i]);
		assert_true(try_datagram(t, intellivue(), buf_span(&b), OVER_UDP));
		try_says(t, "waveforms=1");
		try_never_says(t, "digest=");
	}
	try_free(t);
}

static void a_patient_leaves_as_tokens_and_marks_the_values(void **state)
{
	(void)state;
	AUTO_BUF who = { 0 };
	AUTO_BUF what = { 0 };
	struct poll p = poll_begin(&who, RESULT, PERSON, 6);
	text_attribute(&who, 0x095C, "PLANTEDfam");
	text_attribute(&who, 0x095D, "PLANTEDgiv");
	text_attribute(&who, 0x095A, "PLANTED01");
	attribute(&who, 0x0958, BYTES("\x19\x31\x07\x19\0\0\0\0"));
	attribute(&who, 0x0961, BYTES("\0\x02"));
	text_attribute(&who, 0xF129, "PLANTEDnote");
	poll_end(&who, p);
	numerics(&what);
	struct try *t = try_new();
	AUTO_FREE uint8_t *state_bytes = mem_new(intellivue()->state_size);
	struct message m = { .bytes = buf_span(&who), .over = OVER_UDP };
	assert_true(intellivue()->decode(&m, state_bytes, &t->emit));
	try_says(t, "polled=patient device_time=20260301094030 patient_id=<9> patient_name=<21> "
		    "birth_date=<8> sex=<1> note=<11>");
	m.bytes = buf_span(&what);
	assert_true(intellivue()->decode(&m, state_bytes, &t->emit));
	try_says(t, "value=72 unit=/min patient_id=<9>");
	try_never_says(t, "PLANTED");
	try_never_says(t, "1931");
	try_free(t);
}

static void who_asks_is_told_from_who_answers(void **state)
{
	(void)state;
	struct span ask = BYTES("\xe1\0\0\x02\0\x01\0\x1c\0\x01\0\x07\0\x16"
				"\0\x21\0\0\0\0\0\0\0\0\x0c\x16\0\x08\0\x01\0\x01\0\x06\0\0");
	struct span error = BYTES("\xe1\0\0\x02\0\x03\0\x06\0\x01\0\x02\0\0");
	struct try *t = try_new();
	assert_true(try_datagram(t, intellivue(), ask, OVER_UDP));
	try_says(t, "event=poll-request polled=numerics");
	assert_int_equal(bid_of(ask, 9).side, SIDE_CLIENT);
	try_clear(t);
	assert_true(try_datagram(t, intellivue(), error, OVER_UDP));
	try_says(t, "event=error role=patient monitor error=2");
	try_free(t);
}

static void every_prefix_and_every_flipped_byte_is_survived(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	connect_indication(&b);
	try_prefixes(intellivue(), buf_span(&b), OVER_UDP);
	buf_reset(&b);
	numerics(&b);
	try_prefixes(intellivue(), buf_span(&b), OVER_UDP);
	struct try *t = try_new();
	for (size_t i = 0; i < b.n; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			b.p[i] ^= (uint8_t)(1u << bit);
			(void)try_datagram(t, intellivue(), buf_span(&b), OVER_UDP);
			try_clear(t);
			b.p[i] ^= (uint8_t)(1u << bit);
		}
	try_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_datagrams_are_refused),
		cmocka_unit_test(every_kind_is_known_on_any_port),
		cmocka_unit_test(a_monitor_says_who_it_is),
		cmocka_unit_test(numerics_become_vital_signs_and_invalid_ones_do_not),
		cmocka_unit_test(waves_become_digests_unless_the_monitor_calls_them_none),
		cmocka_unit_test(a_patient_leaves_as_tokens_and_marks_the_values),
		cmocka_unit_test(who_asks_is_told_from_who_answers),
		cmocka_unit_test(every_prefix_and_every_flipped_byte_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
