/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bench's mix: copies keep their checksums, time never goes back, the same options give the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "checksum.h"

#include "lab/mix.h"
#include "lab/stencil.h"

enum { FILE_HEAD = 24, RECORD_HEAD = 16, ETHER = 14 };

/* A capture in memory; the caller frees `text`. */
struct made {
	char *text;
	size_t size;
	struct span bytes;
};

static struct made made(const struct mix *m, int (*make)(const struct mix *, FILE *))
{
	struct made x = { 0 };
	FILE *f = open_memstream(&x.text, &x.size);
	assert_non_null(f);
	assert_int_equal(make(m, f), 0);
	assert_int_equal(fclose(f), 0);
	x.bytes = span_of(x.text, x.size);
	return x;
}

static void check_ip(struct span frame)
{
	struct rd r = rd_at(frame, true, ETHER, 20);
	rd_skip(&r, 2);
	uint16_t length = rd_be16(&r);
	rd_skip(&r, 5);
	uint32_t pseudo = rd_u8(&r) + (uint32_t)length - 20;
	rd_skip(&r, 2);
	for (int i = 0; i < 4; i++)
		pseudo += rd_be16(&r);
	assert_true(rd_ok(&r));
	assert_true(sums_to_ones(0, span_cut(span_from(frame, ETHER), 20)));
	assert_true(sums_to_ones(pseudo, span_cut(span_from(frame, ETHER + 20), length - 20u)));
}

static uint64_t walk(struct span file, uint64_t *bytes)
{
	uint64_t packets = 0, last = 0;
	struct rd r = rd_of(span_from(file, FILE_HEAD));
	for (*bytes = 0; rd_left(&r); packets++) {
		uint64_t time = (uint64_t)rd_le32(&r) * 1000000 + rd_le32(&r);
		uint32_t n = rd_le32(&r);
		assert_int_equal(n, rd_le32(&r));
		struct span frame = rd_span(&r, n);
		assert_true(rd_ok(&r));
		assert_true(time >= last);
		last = time;
		*bytes += n;
		struct rd type = rd_at(frame, true, 12, 2);
		if (rd_be16(&type) == 0x0800)
			check_ip(frame);
	}
	return packets;
}

static void a_copy_has_no_trace_of_the_stand_ins(void **state)
{
	(void)state;
	const struct mix m = { .seed = 1, .bytes = 4000000, .packets = 8000, .hosts = 400 };
	struct made s = made(&m, mix_write);
	assert_null(memmem(s.text, s.size, "\x02\xa1\xa2\xa3\xa4\xa5", 6));
	assert_null(memmem(s.text, s.size, "\x02\xb1\xb2\xb3\xb4\xb5", 6));
	free(s.text);
}

static void the_mix_is_at_least_what_was_asked_for_in_order_with_right_checksums(void **state)
{
	(void)state;
	const struct mix m = { .seed = 1, .bytes = 4000000, .packets = 8000, .hosts = 400 };
	struct made s = made(&m, mix_write);
	uint64_t bytes = 0;
	assert_true(walk(s.bytes, &bytes) >= m.packets);
	assert_true(bytes >= m.bytes);
	free(s.text);
}

static void the_same_options_give_the_same_mix(void **state)
{
	(void)state;
	struct mix m = { .seed = 1, .bytes = 1000000, .packets = 2000, .hosts = 400 };
	struct made a = made(&m, mix_write), b = made(&m, mix_write);
	m.seed = 2;
	struct made c = made(&m, mix_write);
	assert_true(span_eq(a.bytes, b.bytes));
	assert_false(span_eq(a.bytes, c.bytes));
	free(a.text);
	free(b.text);
	free(c.text);
}

/* Each flow's first packet comes before any flow's second. */
static void all_flows_are_open_at_once(void **state)
{
	(void)state;
	const struct mix m = { .seed = 1, .hosts = 400, .flows = 1000 };
	struct made s = made(&m, mix_flows);
	uint64_t bytes = 0, packets = walk(s.bytes, &bytes);
	assert_int_equal(packets, 5 * m.flows);
	struct rd r = rd_of(span_from(s.bytes, FILE_HEAD));
	for (uint64_t i = 0; i < 2 * m.flows; i++) {
		rd_skip(&r, 8);
		uint32_t n = rd_le32(&r);
		rd_skip(&r, 4);
		struct rd flags = rd_at(rd_span(&r, n), true, ETHER + 20 + 13, 1);
		assert_int_equal(rd_u8(&flags), i < m.flows ? 0x02 : 0x12);
	}
	free(s.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_has_no_trace_of_the_stand_ins),
		cmocka_unit_test(the_mix_is_at_least_what_was_asked_for_in_order_with_right_checksums),
		cmocka_unit_test(the_same_options_give_the_same_mix),
		cmocka_unit_test(all_flows_are_open_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
