/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Boot images, streams, texts of programmers, nesting, budgets and names. File systems are in test_unpack_fs.c,
 * archives in test_unpack_archive.c. */
#include "opened_image.h"

#include <lzma.h>
#include <zlib.h>

#include "fw/unpack/area.h"
#include "fw/unpack/codec.h"

/* ---- boot images ---- */

static void uimage(struct buf *b, uint8_t type, struct span data)
{
	size_t at = b->n;
	buf_be32(b, 0x27051956);
	buf_be32(b, 0);
	buf_be32(b, 1);
	buf_be32(b, (uint32_t)data.n);
	buf_be32(b, 0x8000);
	buf_be32(b, 0x8000);
	buf_be32(b, (uint32_t)crc32(0, data.p, (uInt)data.n));
	buf_u8(b, 5);
	buf_u8(b, 2);
	buf_u8(b, type);
	buf_u8(b, 0);
	buf_text(b, "name");
	buf_fill(b, 0, 28);
	struct buf crc = { 0 };
	buf_be32(&crc, (uint32_t)crc32(0, b->p + at, 64));
	put_at(b, at + 4, buf_span(&crc));
	buf_done(&crc);
	buf_bytes(b, data);
}

static void uimage_is_found_at_an_offset_and_its_checksums_are_said(void **state)
{
	(void)state;
	struct buf b = { 0 };
	buf_fill(&b, 0xff, 1000);
	uimage(&b, 2, SPAN_LIT("kernel bytes"));
	struct members *m = opened(&b);
	is_format(m, 1, "uimage", 1000);
	holds(m, "name", SPAN_LIT("kernel bytes"));
	assert_null(m->c[1].damage);
	assert_int_equal(m->nareas, 1);
	assert_string_equal(m->areas[0].what, "padding 0xff");
	members_free(m);
	b.p[b.n - 1] ^= 1;
	m = opened(&b);
	assert_non_null(strstr(m->c[1].damage, "data's checksum"));
	members_free(m);
	b.n = 0;
	uimage(&b, 4, SPAN_LIT("\0\0\0\3\0\0\0\2\0\0\0\0abc\0de"));
	m = opened(&b);
	holds(m, "part-1", SPAN_LIT("abc"));
	holds(m, "part-2", SPAN_LIT("de"));
	members_free(m);
	buf_done(&b);
}

static void kernel_banners_count_and_format_strings_do_not(void **state)
{
	(void)state;
	struct buf b = { 0 };
	buf_fill(&b, 1, 64);
	buf_bytes(&b, SPAN_LIT("Linux version %s (%s)\n\0"));
	buf_bytes(&b, SPAN_LIT("Linux version 2.6.27 (a@b) (gcc version 4.1) #1 Mon\n\0"));
	struct members *m = opened(&b);
	assert_int_equal(m->nc, 2);
	assert_string_equal(m->c[1].detail, "Linux version 2.6.27 (a@b) (gcc version 4.1) #1 Mon");
	members_free(m);
	buf_done(&b);
}

/* ---- streams, nesting, budgets ---- */

static void gzip_of(struct buf *out, struct span s)
{
	z_stream z = { 0 };
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, 0), Z_OK);
	uLong most = deflateBound(&z, s.n) + 64;
	z.next_in = (Bytef *)(uintptr_t)s.p;
	z.avail_in = (uInt)s.n;
	out->cap = 256 << 20;
	size_t at = out->n;
	z.next_out = buf_room(out, most);
	z.avail_out = (uInt)most;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->n = at + z.total_out;
	deflateEnd(&z);
}

static void streams_one_behind_the_other_are_one_content(void **state)
{
	(void)state;
	struct buf b = { 0 };
	gzip_of(&b, SPAN_LIT("one and "));
	gzip_of(&b, SPAN_LIT("two"));
	size_t end = b.n;
	buf_text(&b, "trailing garbage");
	struct members *m = opened(&b);
	holds(m, "content", SPAN_LIT("one and two"));
	assert_int_equal(m->c[1].length, end);
	members_free(m);
	b.n = end - 12;                          /* cut within the second */
	m = opened(&b);
	assert_non_null(m->c[1].damage);
	members_free(m);
	buf_done(&b);
}

/* A window of 2 GiB, a dictionary of nearly 4: nothing comes out, but it is said what lies there. */
static void what_wants_too_much_memory_is_named(void **state)
{
	static const struct {
		const char *format, *bytes;
		size_t n;
	} streams[] = {
		{ "zstd", "\x28\xb5\x2f\xfd\x00\xa8\x21\x00\x00 and then more", 23 },
		{ "xz",
		  "\xfd"
		  "7zXZ\x00\x00\x01\x69\x22\xde\x36"
		  "\x02\x00\x21\x01\x28\x00\x00\x00\xe6\xa0\x11\xb3 and then more",
		  38 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct buf b = { 0 };
		buf_bytes(&b, span_of((const uint8_t *)streams[i].bytes, streams[i].n));
		struct members *m = opened(&b);
		assert_int_equal(m->nc, 2);
		assert_string_equal(m->c[1].by->name, streams[i].format);
		assert_non_null(strstr(m->c[1].damage, "more memory"));
		members_free(m);
		buf_done(&b);
	}
}

/* A head that nothing else begins with, and nonsense behind it; a head of zeros is what programs carry to write. */
static void a_stream_that_is_damaged_from_its_first_byte_on_is_named(void **state)
{
	static const struct {
		const char *head;
		size_t n;
		bool named;
	} streams[] = {
		{ "\x1f\x8b\x08\x08\x00\x00\x00\x00\x02\x03" "app.img\x00", 18, true },
		{ "\x1f\x8b\x08\x00\x40\x72\x4e\x50\x00\x03", 10, true },
		{ "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03", 10, true },
		{ "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10, false },
		{ "\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x03" "\x01\x02\x00", 13, false },
		{ "\xfd" "7zXZ\x00\x00\x01\x69\x22\xde\x36", 12, true },
		{ "\xfd" "7zXZ\x00\x00\x01\x69\x22\xde\x37", 12, false },
		{ "\x04\x22\x4d\x18\x64\x40\xa7", 7, true },
		{ "\x04\x22\x4d\x18\x64\x40\xa8", 7, false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct buf b = { 0 };
		buf_bytes(&b, span_of((const uint8_t *)streams[i].head, streams[i].n));
		buf_fill(&b, 0xff, 600);
		struct members *m = opened(&b);
		assert_int_equal(m->nc, streams[i].named ? 2 : 1);
		if (streams[i].named)
			assert_non_null(m->c[1].damage);
		members_free(m);
		buf_done(&b);
	}
}

static void nesting_ends_at_the_depth_that_is_allowed(void **state)
{
	(void)state;
	struct buf a = { 0 }, b = { 0 };
	buf_text(&a, "the innermost");
	for (int i = 0; i < 6; i++) {
		buf_reset(&b);
		gzip_of(&b, buf_span(&a));
		buf_reset(&a);
		buf_bytes(&a, buf_span(&b));
	}
	struct budget budget = budget_for(a.n);
	budget.depth = 4;
	struct members *m = opened_with(buf_span(&a), budget);
	assert_int_equal(m->nc, 5);
	assert_int_equal(m->hits[BUDGET_DEPTH], 1);
	members_free(m);
	m = opened(&a);
	assert_int_equal(m->nc, 7);
	assert_int_equal(m->hits[BUDGET_DEPTH], 0);
	members_free(m);
	buf_done(&a);
	buf_done(&b);
}

static void a_bomb_is_cut_and_its_neighbour_is_still_read(void **state)
{
	(void)state;
	struct buf zeros = { .cap = 64 << 20 }, b = { 0 };
	buf_fill(&zeros, 0, 40 << 20);
	gzip_of(&b, buf_span(&zeros));
	gzip_of(&b, SPAN_LIT("neighbour"));
	struct members *m = opened(&b);
	assert_int_equal(m->hits[BUDGET_RATIO], 1);
	assert_true(m->v[1].size < 24 << 20);
	assert_non_null(m->v[1].damage);
	assert_int_equal(m->nc, 3);
	struct span got = member_map(m, &m->v[2]);
	assert_true(span_is(got, "neighbour"));
	members_free(m);
	buf_done(&zeros);
	buf_done(&b);
}

static void every_budget_has_a_word(void **state)
{
	(void)state;
	for (enum budget_kind k = 0; k < BUDGET_KINDS; k++)
		assert_true(strlen(budget_word(k)) > 20);
	struct buf b = { 0 };
	for (int i = 0; i < 50; i++)
		newc(&b, "f", 1, 0100644, 1, SPAN_LIT("0123456789"));
	struct budget few = budget_for(b.n), little = few, short_of_breath = few;
	few.members = 10;
	little.bytes = 55;
	short_of_breath.steps = b.n + 3000;
	struct members *m = opened_with(buf_span(&b), few);
	assert_true(m->n == 10 && m->hits[BUDGET_MEMBERS]);
	members_free(m);
	m = opened_with(buf_span(&b), little);
	assert_true(m->bytes == 55 && m->hits[BUDGET_BYTES] && m->v[m->n - 1].damage);
	members_free(m);
	m = opened_with(buf_span(&b), short_of_breath);
	assert_true(m->hits[BUDGET_STEPS] && m->n < 20);
	members_free(m);
	buf_done(&b);
}

static void content_comes_back_from_the_spool(void **state)
{
	(void)state;
	struct buf b = { 0 };
	newc(&b, "a", 1, 0100644, 1, SPAN_LIT("first"));
	newc(&b, "b", 2, 0100644, 1, SPAN_LIT("second"));
	struct budget none = budget_for(b.n);
	none.memory = 0;
	FILE *f = tmpfile();
	assert_non_null(f);
	struct members *m = members_new(none, fileno(f));
	members_input(m, &(struct member){ .path = SPAN_LIT("image") }, buf_span(&b));
	unpack_all(m, NULL, NULL);
	assert_int_equal(m->spool_used, 11);
	holds(m, "a", SPAN_LIT("first"));
	holds(m, "b", SPAN_LIT("second"));
	members_free(m);
	fclose(f);
	buf_done(&b);
}

static void what_no_one_opens_is_judged_by_its_entropy(void **state)
{
	(void)state;
	struct buf b = { 0 };
	uint64_t x = 88172645463325252ull;       /* xorshift64: even enough */
	for (int i = 0; i < 1024; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		buf_le64(&b, x);
	}
	struct members *m = opened(&b);
	assert_int_equal(m->nareas, 1);
	assert_string_equal(m->areas[0].what, "encrypted or compressed, could not open");
	assert_int_equal(strlen(m->areas[0].map), 32);
	members_free(m);
	buf_reset(&b);
	for (int i = 0; i < 300; i++)
		buf_printf(&b, "line %d of a text that anybody may read\n", i);
	m = opened(&b);
	assert_string_equal(m->areas[0].what, "text");
	members_free(m);
	buf_done(&b);
}

/* ---- names ---- */

/* ---- texts of programmers, ar ---- */

static void one_record_alone_is_no_hex_text(void **state)
{
	(void)state;
	struct buf b = { 0 };
	buf_text(&b, "the time is :0100000041BE and nothing else stands here\nS9030000FC is a word too\n");
	struct members *m = opened(&b);
	assert_int_equal(m->nc, 1);
	members_free(m);
	buf_done(&b);
}

static void hex_ranges_are_sorted_joined_and_named_and_damaged_records_are_counted(void **state)
{
	(void)state;
	struct buf b = { 0 };
	buf_text(&b,
		 "junk\n:020000040800F2\n:02000200434475\n:0200000041427B\n:01000000FF01\n:0110000045AA\n:00000001FF\nbehind");
	struct members *m = opened(&b);
	is_format(m, 1, "ihex", 5);
	holds(m, "0x08000000.bin", SPAN_LIT("ABCD"));
	holds(m, "0x08001000.bin", SPAN_LIT("E"));
	assert_non_null(strstr(m->c[1].damage, "1 records are damaged"));
	members_free(m);
	buf_done(&b);
}

/* What lzma_alone_encoder makes of 4 KiB that do not repeat, cut to n bytes, behind n of padding. */
static struct members *lzma_cut_to(size_t n)
{
	uint8_t plain[4096], packed[8192];
	uint32_t x = 1;
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
	lzma_options_lzma o;
	lzma_stream z = LZMA_STREAM_INIT;
	assert_false(lzma_lzma_preset(&o, 6));
	assert_int_equal(lzma_alone_encoder(&z, &o), LZMA_OK);
	z.next_in = plain;
	z.avail_in = sizeof(plain);
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	assert_int_equal(lzma_code(&z, LZMA_FINISH), LZMA_STREAM_END);
	lzma_end(&z);
	struct buf b = { 0 };
	buf_fill(&b, 0xff, n);
	buf_bytes(&b, span_of(packed, n));
	struct members *m = opened(&b);
	buf_done(&b);
	return m;
}

static void the_last_bytes_of_a_file_are_no_lzma_by_chance_and_a_cut_stream_is_named(void **state)
{
	(void)state;
	struct members *m = lzma_cut_to(22);
	assert_int_equal(m->nc, 1);
	members_free(m);
	m = lzma_cut_to(1000);
	is_format(m, 1, "lzma", 1000);
	assert_non_null(strstr(m->c[1].damage, "ends early"));
	members_free(m);
}

static void names_become_harmless(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "..", "__" }, { ".", "_" }, { "a/b", "a%2Fb" }, { "a\\b", "a%5Cb" }, { "\x1b[31m", "%1B[31m" }, { "", "_" },
		{ "100%", "100%25" }, { "caf\xc3\xa9", "caf\xc3\xa9" }, { "\xff", "%FF" },
		{ "\xe2\x80\xae" "exe", "%E2%80%AE" "exe" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = { 0 };
		extract_clean(span_str(cases[i][0]), &b);
		if (!span_is(buf_span(&b), cases[i][1]))
			fail_msg("case %zu: %.*s", i, (int)b.n, (const char *)b.p);
		buf_done(&b);
	}
}

static void targets_that_could_lead_out_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *target;
		unsigned depth, below;
		const char *want;                /* NULL: refused */
	} cases[] = {
		{ "busybox", 2, 1, "busybox" }, { "../etc/x", 2, 1, "../etc/x" }, { "/bin/sh", 3, 1, "../../bin/sh" },
		{ "../../../x", 2, 1, NULL }, { "x/../../../y", 2, 1, NULL }, { "x/..", 2, 1, NULL }, { "/..", 2, 1, NULL },
		{ "/../../etc", 2, 1, NULL }, { "..", 1, 1, ".." }, { "..", 0, 0, NULL }, { "/", 1, 1, "." },
		{ "", 1, 1, NULL },              /* no target is none, and not the folder itself */
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = { 0 };
		bool safe = extract_safe_target(span_str(cases[i].target), cases[i].depth, cases[i].below, &b);
		if (safe != (cases[i].want != NULL) || (safe && strcmp((const char *)b.p, cases[i].want) != 0))
			fail_msg("case %zu: %s", i, safe ? (const char *)b.p : "refused");
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_that_could_lead_out_are_refused),
		cmocka_unit_test(names_become_harmless),
		cmocka_unit_test(one_record_alone_is_no_hex_text),
		cmocka_unit_test(hex_ranges_are_sorted_joined_and_named_and_damaged_records_are_counted),
		cmocka_unit_test(the_last_bytes_of_a_file_are_no_lzma_by_chance_and_a_cut_stream_is_named),
		cmocka_unit_test(a_bomb_is_cut_and_its_neighbour_is_still_read),
		cmocka_unit_test(every_budget_has_a_word),
		cmocka_unit_test(nesting_ends_at_the_depth_that_is_allowed),
		cmocka_unit_test(uimage_is_found_at_an_offset_and_its_checksums_are_said),
		cmocka_unit_test(kernel_banners_count_and_format_strings_do_not),
		cmocka_unit_test(streams_one_behind_the_other_are_one_content),
		cmocka_unit_test(what_wants_too_much_memory_is_named),
		cmocka_unit_test(a_stream_that_is_damaged_from_its_first_byte_on_is_named),
		cmocka_unit_test(content_comes_back_from_the_spool),
		cmocka_unit_test(what_no_one_opens_is_judged_by_its_entropy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
