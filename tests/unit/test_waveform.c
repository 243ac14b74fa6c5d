/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Curves: what is told of them, and when the same stretch came again. First all that repeats itself and is ordinary. */
#include "fake_ward.h"
#include "talk.h"

#include "decode/waveform.h"

extern const struct detector detector_vitals_conflict;
extern const struct decoder decoder_contec;

static const struct detector *const table[] = { &detector_vitals_conflict, NULL };
static const struct decoder *const from[] = { &decoder_contec, NULL };

#define MONITOR "10.1.2.3"
#define GATEWAY "10.1.2.4"
#define CENTRAL "10.1.2.5"
#define OTHER   "10.1.2.66"

enum { TCP = 6, RATE = 250, MINUTE = 60 * RATE, LONG = 90 * MINUTE };

struct wave {
	int16_t v[LONG];
	unsigned n;
};

static uint64_t rng;

static int below(int n)
{
	rng = rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int)((rng >> 33) % (uint64_t)n);
}

/* A beat with the noise that every sensor has, at a rate that is never quite the same. */
static int16_t living(unsigned i)
{
	static const int16_t beat[] = { 4, 9, 5, 0, 70, 118, 40, 0, 6, 12, 16, 14, 8, 3 };
	static unsigned next;
	if (i == 0 || i >= next + RATE)
		next = i + RATE / 2 + (unsigned)below(RATE / 8);
	unsigned k = i >= next ? i - next : RATE;
	return (int16_t)((k < ARRAY_LEN(beat) ? beat[k] : 0) + below(7));
}

static struct wave *wave_new(uint64_t seed)
{
	struct wave *w = calloc(1, sizeof(*w));
	rng = seed;
	for (w->n = 0; w->n < LONG; w->n++)
		w->v[w->n] = living(w->n);
	return w;
}

struct line {                                    /* who sends whose curve to whom, so many samples a message */
	struct ward *w;
	struct emit emit;
	struct waveforms state;
	struct origin at;
	const char *from, *to;
	const char *device;
	unsigned block;
	uint64_t ns;
};

static unsigned told;                            /* records since the test began */

static void publish_to(void *to, const struct record *r)
{
	told++;
	ward_publish(to, r);
}

static struct line line(struct ward *w, const char *who, const char *to)
{
	return (struct line){ .w = w, .from = who, .to = to, .device = "PM-1", .block = RATE,
			      .ns = UINT64_C(1700000000000000000) };
}

static void send(struct line *l, const int16_t *v, unsigned n)
{
	const struct sink sink = { publish_to, l->w };
	for (unsigned at = 0; at < n; at += l->block) {
		uint8_t bytes[2 * 4096];
		unsigned len = n - at < l->block ? n - at : l->block;
		for (unsigned i = 0; i < len; i++) {
			bytes[2 * i] = (uint8_t)((uint16_t)v[at + i] >> 8);
			bytes[2 * i + 1] = (uint8_t)v[at + i];
		}
		l->at = ward_packet(l->w, l->from, l->to, 6661, TCP);
		l->at.ts = l->ns;
		l->w->ts = l->ns;
		l->emit = (struct emit){ .at = &l->at, .host = &l->w->host, .sink = &sink };
		const struct waveform of = { .protocol = "test", .name = "ecg", .device = span_str(l->device) };
		waveform_words(&l->emit, &l->state, &of, span_of(bytes, 2 * (size_t)len));
		l->ns += (uint64_t)len * 1000000000u / RATE;
	}
}

static struct ward *ward(void)
{
	struct ward *w = ward_new(table, from, NULL);
	w->router = ward_mac(60000);
	ward_device(w, ROLE_MONITOR, "mon", MONITOR);
	ward_device(w, ROLE_CENTRAL, "cms", CENTRAL);
	return w;
}

#define QUIET(w) do { ASSERT_SILENT(ward_said(w), "net.vitals-conflict"); ward_free(w); } while (0)

static void an_hour_of_a_living_patient_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct wave *v = wave_new(1);
	struct line l = line(w, MONITOR, CENTRAL);
	send(&l, v->v, v->n);
	free(v);
	QUIET(w);
}

/* Asystole, a sensor that fell off, saturation, a calibration signal: between them the patient. */
static void what_is_flat_or_square_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct wave *v = wave_new(2);
	static int16_t flat[MINUTE], full[MINUTE], square[MINUTE];
	struct line l = line(w, MONITOR, CENTRAL), alone = line(w, OTHER, CENTRAL);
	for (unsigned i = 0; i < MINUTE; i++) {
		flat[i] = (int16_t)(i % 2);
		full[i] = 4095;
		square[i] = i / RATE % 2 ? 100 : 0;
	}
	told = 0;
	for (unsigned i = 0; i < 4; i++) {
		send(&alone, flat, MINUTE);
		send(&alone, full, MINUTE);
		send(&alone, square, MINUTE);
	}
	assert_int_equal(told, 0);
	for (unsigned i = 0; i < 20; i++) {
		send(&l, flat, MINUTE);
		send(&l, v->v + i * MINUTE, MINUTE);
		send(&l, full, MINUTE);
		send(&l, square, MINUTE);
	}
	free(v);
	QUIET(w);
}

static void a_simulator_from_the_beginning_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct wave *v = wave_new(3);
	struct line l = line(w, MONITOR, CENTRAL);
	for (unsigned i = 0; i < 40; i++)
		send(&l, v->v, 3 * MINUTE + 77);
	free(v);
	QUIET(w);
}

static void a_demonstration_that_is_switched_on_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct wave *v = wave_new(4), *demo = wave_new(5);
	struct line l = line(w, MONITOR, CENTRAL);
	send(&l, v->v, 20 * MINUTE);
	for (unsigned i = 0; i < 12; i++)
		send(&l, demo->v, MINUTE + 31);
	send(&l, v->v + 20 * MINUTE, 20 * MINUTE);
	free(v);
	free(demo);
	QUIET(w);
}

/* The second one is switched on before the first one is known to go round. */
static void two_demonstrations_of_one_maker_are_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct wave *demo = wave_new(16);
	struct line a = line(w, MONITOR, CENTRAL), b = line(w, OTHER, CENTRAL);
	for (unsigned i = 0; i < 30; i++) {
		send(&a, demo->v + i % 5 * MINUTE, MINUTE);
		b.ns = a.ns;
		if (i >= 2 && i < 6)              /* and off before it went round */
			send(&b, demo->v + (i - 2) % 5 * MINUTE, MINUTE);
	}
	free(demo);
	QUIET(w);
}

static void copies_of_packets_are_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct wave *v = wave_new(6);
	struct line l = line(w, MONITOR, CENTRAL);
	l.block = 64;
	for (unsigned i = 0; i + 128 <= v->n; i += 128) {
		send(&l, v->v + i, 128);
		send(&l, v->v + i, 128);
	}
	free(v);
	QUIET(w);
}

static void a_queue_that_is_emptied_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct wave *v = wave_new(7);
	struct line l = line(w, MONITOR, CENTRAL);
	send(&l, v->v, 30 * MINUTE);
	uint64_t now = l.ns;
	for (unsigned i = 0; i < 10 * MINUTE; i += RATE) {
		send(&l, v->v + 15 * MINUTE + i, RATE);
		now += 20000000;
		l.ns = now;
	}
	free(v);
	QUIET(w);
}

static void a_gateway_that_hands_on_late_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct wave *v = wave_new(8);
	struct line in = line(w, MONITOR, GATEWAY), out = line(w, GATEWAY, CENTRAL);
	for (unsigned i = 0; i < 30; i++) {
		send(&in, v->v + i * MINUTE, MINUTE);
		out.ns = in.ns + 10000000;
		if (i >= 5)
			send(&out, v->v + (i - 5) * MINUTE, MINUTE);
	}
	free(v);
	QUIET(w);
}

static void another_patients_like_curve_is_quiet(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct wave *v = wave_new(9), *u = wave_new(10);
	struct line a = line(w, MONITOR, CENTRAL), b = line(w, OTHER, CENTRAL);
	send(&a, v->v, 20 * MINUTE);
	b.ns = a.ns;
	send(&b, u->v, 20 * MINUTE);
	free(v);
	free(u);
	QUIET(w);
}

static void another_sends_it_again_cut_otherwise(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct wave *v = wave_new(11);
	struct line a = line(w, MONITOR, CENTRAL), b = line(w, OTHER, CENTRAL);
	send(&a, v->v, 40 * MINUTE);
	b.ns = a.ns - 10 * UINT64_C(60000000000);
	b.block = 171;
	send(&b, v->v + 5 * MINUTE + 113, 4 * MINUTE);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.vitals-conflict\"");
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ASSERT_SAYS(said, "seconds of a curve (ecg), sample by sample as " MONITOR " had sent it");
	ASSERT_SAYS(said, "\"traits\":[\"same curve again\",\"of another sender\",\"ecg\"]");
	free(v);
	ward_free(w);
}

static void a_mirror_port_that_copies_packets_hides_nothing(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct wave *v = wave_new(15);
	struct line a = line(w, MONITOR, CENTRAL), b = line(w, OTHER, CENTRAL);
	a.block = 128;
	for (unsigned i = 0; i + 256 <= 20 * MINUTE; i += 256) {
		send(&a, v->v + i, 256);
		a.ns -= UINT64_C(1024000000);
		send(&a, v->v + i, 256);
	}
	b.ns = a.ns;
	send(&b, v->v + 5 * MINUTE, 4 * MINUTE);
	ASSERT_SAYS(ward_said(w), "\"traits\":[\"same curve again\",\"of another sender\",\"ecg\"]");
	free(v);
	ward_free(w);
}

static void minutes_of_its_own_again_are_told(void **state)
{
	(void)state;
	struct ward *w = ward();
	struct wave *v = wave_new(12);
	struct line l = line(w, MONITOR, CENTRAL);
	send(&l, v->v, 10 * MINUTE);
	send(&l, v->v + 2 * MINUTE + 59, 4 * MINUTE);
	send(&l, v->v + 10 * MINUTE, 10 * MINUTE);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"traits\":[\"same curve again\",\"of its own\",\"ecg\"]");
	free(v);
	ward_free(w);
}

/* The decoder: three leads, the breath and the pleth of a monitor that tells its bed, and no sample of them. */
static void frame(struct buf *b, uint8_t type, struct span body)
{
	buf_le16(b, (uint16_t)(body.n + 2));
	buf_u8(b, 5);
	buf_u8(b, type);
	buf_bytes(b, body);
}

static void contec_says_whose_values_they_are(void **state)
{
	(void)state;
	struct talk *t = talk_new("contec");
	struct buf b = { 0 };
	uint8_t person[0xAD] = { 0 }, pleth[0x110] = { 0, 0, 0x15, 0, [0x104] = 97, [0x106] = 71 };
	memcpy(person + 0x43, "N-4711", 6);
	frame(&b, 0x46, span_of(pleth, sizeof(pleth)));
	frame(&b, 0x3E, span_of(person, sizeof(person)));
	frame(&b, 0x46, span_of(pleth, sizeof(pleth)));
	talk_bytes(t, true, buf_span(&b), 1000);
	talk_expect(t, "\"name\":\"spo2\",\"code_system\":\"vendor\",\"mdc\":150456,\"unit\":\"%\"}");
	talk_expect(t, "\"unit\":\"%\",\"patient_id\":{\"length\":6,");
	talk_never(t, "4711");
	buf_done(&b);
	talk_free(t);
}

static void contec_tells_five_curves_by_digest(void **state)
{
	(void)state;
	struct talk *t = talk_new("contec");
	struct buf b = { 0 };
	rng = 13;
	for (unsigned cycle = 0; cycle < 40; cycle++) {
		uint8_t ecg[0x3E4] = { 0, 0, 0x14, 0 }, pleth[0x110] = { 0, 0, 0x15, 0 };
		for (unsigned i = 4; i < 0x384; i++)
			ecg[i] = (uint8_t)(100 + below(60));
		for (unsigned i = 4; i < 0x104; i++)
			pleth[i] = (uint8_t)(100 + below(60));
		frame(&b, 0x45, span_of("\0\0\x07\xff", 4));
		frame(&b, 0x46, span_of(ecg, sizeof(ecg)));
		frame(&b, 0x46, span_of(pleth, sizeof(pleth)));
		frame(&b, 0x47, (struct span){ 0 });
	}
	talk_bytes(t, true, buf_span(&b), 1000);
	talk_expect(t, "\"kind\":\"waveform\"");
	talk_expect(t, "\"protocol\":\"contec\",\"name\":\"ecg\",\"sub_id\":\"3\",\"bed\":{\"length\":1,");
	talk_expect(t, "\"name\":\"respiration\"");
	talk_expect(t, "\"name\":\"pleth\"");
	assert_int_equal(t->malformed, 0);
	buf_done(&b);
	talk_free(t);
}

/* As text, cut into messages anywhere: the digests are those of one message. */
static void digests_of(const struct wave *v, unsigned block, char *out, size_t n)
{
	struct talk *t = talk_new("hl7");
	struct buf b = { 0 };
	for (unsigned at = 0; at < 10 * MINUTE; at += block) {
		buf_text(&b, "\x0b" "MSH|^~\\&|MON|W3|HIS|LAB|2026||ORU^W01|1|P|2.6\rOBX|1|NA|131330^MDC_ECG_LEAD_II^MDC|1|");
		for (unsigned i = at; i < at + block && i < 10 * MINUTE; i++)
			buf_printf(&b, "%s%d.5", i > at ? "^" : "", v->v[i]);
		buf_text(&b, "|||||||||||||PM-77\r\x1c\r");
	}
	talk_bytes(t, true, buf_span(&b), 1400);
	size_t used = 0;
	for (const char *p = talk_said(t); (p = strstr(p, "\"digest\":\"")) && used + 20 < n; p += 10)
		used += (size_t)snprintf(out + used, n - used, "%.16s ", p + 10);
	talk_never(t, ".5^");
	talk_expect(t, "\"protocol\":\"hl7\",\"name\":\"ecg\",\"code\":\"131330\",\"mdc\":131330");
	buf_done(&b);
	talk_free(t);
}

static void hl7_gives_the_same_digests_however_it_is_cut(void **state)
{
	(void)state;
	struct wave *v = wave_new(14);
	static char one[16384], other[16384];
	digests_of(v, 1000, one, sizeof(one));
	digests_of(v, 333, other, sizeof(other));
	assert_true(strlen(one) > 17 * 100);
	assert_string_equal(one, other);
	free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_hour_of_a_living_patient_is_quiet), cmocka_unit_test(what_is_flat_or_square_is_quiet),
		cmocka_unit_test(a_simulator_from_the_beginning_is_quiet),
		cmocka_unit_test(a_demonstration_that_is_switched_on_is_quiet),
		cmocka_unit_test(copies_of_packets_are_quiet),
		cmocka_unit_test(two_demonstrations_of_one_maker_are_quiet),
		cmocka_unit_test(a_queue_that_is_emptied_is_quiet), cmocka_unit_test(a_gateway_that_hands_on_late_is_quiet),
		cmocka_unit_test(another_patients_like_curve_is_quiet), cmocka_unit_test(another_sends_it_again_cut_otherwise),
		cmocka_unit_test(a_mirror_port_that_copies_packets_hides_nothing),
		cmocka_unit_test(minutes_of_its_own_again_are_told), cmocka_unit_test(contec_tells_five_curves_by_digest),
		cmocka_unit_test(contec_says_whose_values_they_are),
		cmocka_unit_test(hl7_gives_the_same_digests_however_it_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
