/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data in pings, on a ward made by hand and through the real decoder: what ping programs send first. */
#include "fake_ward.h"

extern const struct detector detector_icmp_tunnel;
extern const struct decoder decoder_icmp;

static const struct detector *const table[] = { &detector_icmp_tunnel, NULL };
static const struct decoder *const from[] = { &decoder_icmp, NULL };

#define MONITOR "10.1.2.3"
#define GATEWAY "10.1.2.1"
#define OUTSIDE "198.51.100.7"

enum { ECHO = 8, REPLY = 0, MANY = 60 };

struct talk {
	struct ward *w;
	uint64_t state[STATE_MAX / 8];           /* of the conversation */
	uint64_t dice;
	uint16_t seq;
};

static struct talk talk_new(void)
{
	struct talk t = { .w = ward_new(table, from, NULL), .dice = 99 };
	t.w->router = ward_mac(60000);
	ward_device(t.w, ROLE_MONITOR, "bed-3", MONITOR);
	return t;
}

static uint8_t chance(struct talk *t)
{
	t->dice = t->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint8_t)(t->dice >> 56);
}

/* Something new in each of them. */
static struct span fresh(struct talk *t, uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = chance(t);
	return span_of(bytes, n);
}

static void say(struct talk *t, const char *whom, uint8_t type, struct span data)
{
	struct origin at = ward_packet(t->w, MONITOR, whom, 0, 1);
	struct buf b = { 0 };
	at.sport = 0;
	at = type == REPLY ? ward_back(t->w, at) : at;
	buf_u8(&b, type);
	buf_fill(&b, 0, 3);
	buf_be16(&b, 4711);
	buf_be16(&b, t->seq);
	buf_bytes(&b, data);
	struct sink sink = { ward_decoded, t->w };
	struct emit e = { .at = &at, .host = &t->w->host, .sink = &sink };
	struct message m = { .bytes = buf_span(&b), .to_server = at.to_server, .over = OVER_IP };
	assert_true(decoder_icmp.decode(&m, t->state, &e));
	arena_reset(&t->w->arena);
	buf_done(&b);
}

static void ping(struct talk *t, const char *whom, struct span asked, struct span replied)
{
	t->seq++;
	say(t, whom, ECHO, asked);
	if (replied.n)
		say(t, whom, REPLY, replied);
}

static void said_nothing(struct talk *t)
{
	ASSERT_SILENT(ward_said(t->w), "\"rule\"");
	ward_free(t->w);
}

static void pings_of_common_programs_are_ordinary(void **state)
{
	(void)state;
	struct talk t = talk_new();
	for (unsigned i = 0; i < MANY; i++) {
		uint8_t linux_like[56], windows[32], constant[120];
		for (unsigned k = 0; k < sizeof(linux_like); k++)
			linux_like[k] = k < 16 ? chance(&t) : (uint8_t)k;
		for (unsigned k = 0; k < sizeof(windows); k++)
			windows[k] = (uint8_t)('a' + k % 23);
		memset(constant, 'X', sizeof(constant));
		ping(&t, OUTSIDE, span_of(linux_like, 56), span_of(linux_like, 56));
		ping(&t, GATEWAY, span_of(windows, 32), span_of(windows, 32));
		ping(&t, GATEWAY, span_of(constant, 120), span_of(constant, i % 2 ? 120 : 0));
	}
	said_nothing(&t);
}

/* A probe of the path's largest packet: the same filling, each time longer. */
static void pings_that_grow_are_ordinary(void **state)
{
	(void)state;
	struct talk t = talk_new();
	uint8_t ramp[1400];
	for (unsigned k = 0; k < sizeof(ramp); k++)
		ramp[k] = (uint8_t)k;
	for (size_t n = 100; n < sizeof(ramp); n += 20)
		ping(&t, OUTSIDE, span_of(ramp, n), span_of(ramp, n));
	said_nothing(&t);
}

static void the_same_text_each_time_is_ordinary(void **state)
{
	(void)state;
	struct talk t = talk_new();
	struct span text = SPAN_LIT("0123456789abcdefmonitoring probe of the network station, please ignore");
	for (unsigned i = 0; i < MANY; i++)
		ping(&t, OUTSIDE, text, text);
	said_nothing(&t);
}

static void a_few_with_something_new_are_ordinary(void **state)
{
	(void)state;
	struct talk t = talk_new();
	uint8_t bytes[200];
	for (unsigned i = 0; i < 6; i++) {
		struct span data = fresh(&t, bytes, sizeof(bytes));
		ping(&t, OUTSIDE, data, data);
	}
	said_nothing(&t);
}

static void new_data_is_found_though_the_mirror_shows_each_packet_twice(void **state)
{
	(void)state;
	struct talk t = talk_new();
	uint8_t bytes[64];
	for (unsigned i = 0; i < MANY; i++) {
		struct span data = fresh(&t, bytes, sizeof(bytes));
		t.seq++;
		uint64_t then = t.w->ts;
		say(&t, OUTSIDE, ECHO, data);
		t.w->ts = then + 1000;
		say(&t, OUTSIDE, ECHO, data);
	}
	ASSERT_SAYS(ward_said(t.w), "new data in requests");
	ward_free(t.w);
}

static void new_data_in_each_request_is_found(void **state)
{
	(void)state;
	struct talk t = talk_new();
	uint8_t bytes[64];
	for (unsigned i = 0; i < MANY; i++) {
		struct span data = fresh(&t, bytes, sizeof(bytes));
		ping(&t, OUTSIDE, data, data);
	}
	const char *said = ward_said(t.w);
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ASSERT_SAYS(said, "new data in requests");
	ASSERT_SILENT(said, "replies differ");
	ward_free(t.w);
}

static void replies_that_hold_something_else_are_found(void **state)
{
	(void)state;
	struct talk t = talk_new();
	char command[64];
	for (unsigned i = 0; i < MANY; i++) {
		int n = snprintf(command, sizeof(command), "$ line %u of what somebody typed there", i);
		ping(&t, OUTSIDE, SPAN_LIT("anything to do for me?   "), span_of(command, (size_t)n));
	}
	const char *said = ward_said(t.w);
	ASSERT_SAYS(said, "replies differ from requests");
	ASSERT_SAYS(said, "\"content\":\"text\"");
	ASSERT_SILENT(said, "somebody typed");
	ward_free(t.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pings_of_common_programs_are_ordinary),
		cmocka_unit_test(pings_that_grow_are_ordinary),
		cmocka_unit_test(the_same_text_each_time_is_ordinary),
		cmocka_unit_test(a_few_with_something_new_are_ordinary),
		cmocka_unit_test(new_data_is_found_though_the_mirror_shows_each_packet_twice),
		cmocka_unit_test(new_data_in_each_request_is_found),
		cmocka_unit_test(replies_that_hold_something_else_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
