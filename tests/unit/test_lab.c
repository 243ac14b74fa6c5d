/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lab's captures: what must never be in them, that they are the same each time, and that what
 * they tell is really on the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checksum.h"

#include "lab/pcapng.h"
#include "lab/planted.h"
#include "lab/scenario.h"
#include "lab/ward.h"

enum { ETHER = 14, ARP_TYPE = 0x0806, IP_TYPE = 0x0800 };

static struct net *tell(const char *name)
{
	const struct scenario *s = scenario_find(name);
	assert_non_null(s);
	struct net *n = scenario_tell(s, SCENARIO_SEED, 0);
	assert_false(n->tape.bytes.full);
	tape_sort(&n->tape);
	return n;
}

static bool holds(struct span frame, const char *text)
{
	return memmem(frame.p, frame.n, text, strlen(text)) != NULL;
}

static size_t frames_with(const struct net *n, const char *text)
{
	size_t count = 0;
	for (size_t i = 0; i < n->tape.n; i++)
		count += holds(tape_bytes(&n->tape, i), text);
	return count;
}

static uint16_t ether_type(struct span frame)
{
	struct rd r = rd_at(frame, true, 12, 2);
	return rd_be16(&r);
}

/* IPv4 ends of a frame; false for other frames. */
static bool ip_ends(struct span frame, uint32_t *from, uint32_t *to)
{
	if (ether_type(frame) != IP_TYPE)
		return false;
	struct rd r = rd_at(frame, true, ETHER + 12, 8);
	*from = rd_be32(&r);
	*to = rd_be32(&r);
	return rd_ok(&r);
}

static bool is_outside(uint32_t ip)
{
	return ip >> 24 != 10 && ip >> 28 != 0xE && ip && ip != UINT32_MAX;
}

static void the_healthy_ward_names_no_patient(void **state)
{
	(void)state;
	struct net *n = tell("healthy");
	for (size_t i = 0; i < PLANTED; i++) {
		assert_int_equal(frames_with(n, planted[i].family), 0);
		assert_int_equal(frames_with(n, planted[i].id), 0);
		assert_int_equal(frames_with(n, planted[i].birth), 0);
	}
	assert_int_equal(frames_with(n, "PID|"), 0);
	net_free(n);
}

static void in_the_healthy_ward_only_workstations_reach_outside(void **state)
{
	(void)state;
	struct net *n = tell("healthy");
	size_t outside = 0;
	for (size_t i = 0; i < n->tape.n; i++) {
		uint32_t from = 0, to = 0;
		if (!ip_ends(tape_bytes(&n->tape, i), &from, &to) || !is_outside(to))
			continue;
		outside++;
		assert_in_range(from, IP4(10, 20, 30, 61), IP4(10, 20, 30, 64));
	}
	assert_true(outside > 20);
	net_free(n);
}

static void an_unanswered_call_leaves_nothing_but_arp(void **state)
{
	(void)state;
	struct net *n = tell("call-home-unanswered");
	const uint8_t bed[] = { 0x02, 0x0c, 0x05, 0x20, 0x30, 0x1b };
	size_t asked = 0;
	for (size_t i = 0; i < n->tape.n; i++) {
		struct span f = tape_bytes(&n->tape, i);
		assert_false(span_starts(f, span_of(bed, 6)));   /* nobody answers it */
		if (!span_starts(span_from(f, 6), span_of(bed, 6)))
			continue;
		assert_int_equal(ether_type(f), ARP_TYPE);
		asked++;
	}
	assert_true(asked > 100);
	net_free(n);
}

static void the_same_seed_gives_the_same_bytes_and_another_does_not(void **state)
{
	(void)state;
	char *text[3] = { NULL };
	size_t size[3] = { 0 };
	const struct scenario *s = scenario_find("mixed");
	for (int i = 0; i < 3; i++) {
		FILE *f = open_memstream(&text[i], &size[i]);
		assert_non_null(f);
		assert_int_equal(scenario_write(s, i < 2 ? 7 : 8, 0, f), 0);
		assert_int_equal(fclose(f), 0);
	}
	assert_int_equal(size[0], size[1]);
	assert_memory_equal(text[0], text[1], size[0]);
	assert_true(size[0] != size[2] || memcmp(text[0], text[2], size[0]) != 0);
	for (int i = 0; i < 3; i++)
		free(text[i]);
}

static void every_scenario_is_small_in_order_and_says_that_it_is_synthetic(void **state)
{
	(void)state;
	for (size_t i = 0; scenarios[i]; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *f = open_memstream(&text, &size);
		assert_int_equal(scenario_write(scenarios[i], SCENARIO_SEED, 0, f), 0);
		assert_int_equal(fclose(f), 0);
		assert_true(size > 500000 && (double)size < 4e6 * scenarios[i]->hours);
		assert_non_null(memmem(text, 200, "Synthetic", 9));
		assert_non_null(memmem(text, 200, scenarios[i]->name, strlen(scenarios[i]->name)));
		free(text);
		struct net *n = tell(scenarios[i]->name);
		for (size_t k = 1; k < n->tape.n; k++)
			assert_true(n->tape.frames[k - 1].time <= n->tape.frames[k].time);
		net_free(n);
	}
}

static void every_checksum_is_right(void **state)
{
	(void)state;
	struct net *n = tell("mixed");
	for (size_t i = 0; i < n->tape.n; i++) {
		struct span f = tape_bytes(&n->tape, i);
		uint32_t from = 0, to = 0;
		if (!ip_ends(f, &from, &to))
			continue;
		struct rd r = rd_at(f, true, ETHER + 2, 8);
		uint16_t length = rd_be16(&r);
		rd_skip(&r, 5);
		uint8_t proto = rd_u8(&r);
		assert_true(sums_to_ones(0, span_cut(span_from(f, ETHER), 20)));
		struct span l4 = span_cut(span_from(f, ETHER + 20), length - 20u);
		uint32_t pseudo = (from >> 16) + (from & 0xffff) + (to >> 16) + (to & 0xffff) + proto + (uint32_t)l4.n;
		assert_true(sums_to_ones(pseudo, l4));
	}
	net_free(n);
}

static void the_man_in_the_middle_shows_98_percent_for_what_fell_below_91(void **state)
{
	(void)state;
	struct net *n = tell("tamper");
	const uint8_t attacker[] = { 0xb8, 0x27, 0xeb, 0x20, 0x30, 0x42 };
	size_t heard = 0, told = 0;
	for (size_t i = 0; i < n->tape.n; i++) {
		struct span f = tape_bytes(&n->tape, i);
		const char *mark = "MDC_PULS_OXIM_SAT_O2^MDC|1.0.0.2|";
		const char *at = memmem(f.p, f.n, mark, strlen(mark));
		if (!at)
			continue;
		int spo2 = (at[strlen(mark)] - '0') * 10 + at[strlen(mark) + 1] - '0';
		if (span_starts(f, span_of(attacker, 6))) {
			heard++;
			assert_in_range(spo2, 84, 90);
		} else if (span_starts(span_from(f, 6), span_of(attacker, 6))) {
			told++;
			assert_int_equal(spo2, 98);
		}
	}
	assert_true(heard > 20);
	assert_int_equal(heard, told);
	net_free(n);
}

static void a_packet_comment_stands_in_its_block(void **state)
{
	(void)state;
	AUTO_BUF b = { 0 };
	pcapng_packet(&b, 1, UINT64_C(0x0102030405060708), SPAN_LIT("abcde"), 99, "why");
	static const uint8_t expected[] = {
		6, 0, 0, 0, 0x34, 0, 0, 0, 1, 0, 0, 0, 4, 3, 2, 1, 8, 7, 6, 5, 5, 0, 0, 0, 99, 0, 0, 0,
		'a', 'b', 'c', 'd', 'e', 0, 0, 0, 1, 0, 3, 0, 'w', 'h', 'y', 0, 0, 0, 0, 0, 0x34, 0, 0, 0,
	};
	assert_int_equal(b.n, sizeof(expected));
	assert_memory_equal(b.p, expected, sizeof(expected));
}

static void patients_reach_the_wire_where_the_story_says_so(void **state)
{
	(void)state;
	struct net *n = tell("call-home");
	assert_true(frames_with(n, "PLANTED0001") > 5);
	assert_int_equal(frames_with(n, "PLANTED0002"), 0);
	net_free(n);
	n = tell("phi-outside");
	for (size_t i = 0; i < PLANTED; i++)
		assert_true(frames_with(n, planted[i].id) >= 2);
	net_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_healthy_ward_names_no_patient),
		cmocka_unit_test(in_the_healthy_ward_only_workstations_reach_outside),
		cmocka_unit_test(an_unanswered_call_leaves_nothing_but_arp),
		cmocka_unit_test(the_same_seed_gives_the_same_bytes_and_another_does_not),
		cmocka_unit_test(every_scenario_is_small_in_order_and_says_that_it_is_synthetic),
		cmocka_unit_test(every_checksum_is_right),
		cmocka_unit_test(the_man_in_the_middle_shows_98_percent_for_what_fell_below_91),
		cmocka_unit_test(a_packet_comment_stands_in_its_block),
		cmocka_unit_test(patients_reach_the_wire_where_the_story_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
