/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The map of an image: every byte has its part, nothing overlaps in the picture, hostile names stay text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>

#include "fw/unpack/records.h"
#include "report/flash_map.h"

/* The image as the report sees it. */
static void image_of(struct image *i, struct span content)
{
	struct members *m = members_new(budget_for(content.n), -1);
	struct arena arena;
	struct record *r = malloc(sizeof(*r));
	arena_init(&arena, 0);
	const struct record_host host = { .arena = &arena };
	image_init(i);
	members_input(m, &(struct member){ .path = SPAN_LIT("dump.bin") }, content);
	unpack_all(m, NULL, NULL);
	for (uint32_t k = 1; k < m->nc; k++) {
		container_record(m, k, r, &host);
		image_take(i, r);
	}
	for (uint32_t k = 0; k < m->nareas; k++) {
		area_record(m, k, r, &host);
		image_take(i, r);
	}
	for (uint32_t k = 0; k < m->nstrips; k++) {
		strip_record(m, k, r, &host);
		image_take(i, r);
	}
	for (uint32_t k = 0; k < m->n; k++) {
		member_record(m, k, NULL, r, &host);
		image_take(i, r);
	}
	free(r);
	arena_done(&arena);
	members_free(m);
}

/* A member of a tar archive. */
static void tar_put(struct buf *b, const char *name, size_t n)
{
	char head[512] = "";
	unsigned sum = 0;
	snprintf(head, 100, "%s", name);
	snprintf(head + 100, 8, "%07o", 0644u);
	snprintf(head + 108, 8, "%07o", 0u);
	snprintf(head + 116, 8, "%07o", 0u);
	snprintf(head + 124, 12, "%011o", (unsigned)n);
	snprintf(head + 136, 12, "%011o", 0u);
	memset(head + 148, ' ', 8);
	head[156] = '0';
	memcpy(head + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(head); i++)
		sum += (uint8_t)head[i];
	snprintf(head + 148, 8, "%06o", sum);
	buf_bytes(b, span_of(head, sizeof(head)));
	for (size_t i = 0; i < (n + 511) / 512 * 512; i++)
		buf_u8(b, i < n ? (uint8_t)('a' + i % 23) : 0);
}

static void noise(struct buf *b, size_t n)
{
	uint64_t x = 88172645463325252u;
	for (; n; n--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		buf_u8(b, (uint8_t)(x >> 24));
	}
}

/* Parts cover the image from end to end, and what lies in a part lies within it. */
static void is_sound(const struct flash_map *m)
{
	uint64_t at = 0;
	for (size_t i = 0; i < m->n; i++) {
		const struct map_part *p = &m->v[i];
		assert_true(p->from < p->to && p->to <= m->size);
		if (p->parent == MAP_NONE) {
			assert_true(p->from >= at && p->from - at < 64);
			at = p->to;
			continue;
		}
		assert_true(p->parent >= 0 && (size_t)p->parent < i);
		assert_true(p->from >= m->v[p->parent].from && p->to <= m->v[p->parent].to);
	}
	assert_true(m->size - at < 64);
}

struct rect {
	double x, y, width, height;
};

/* No two bands lie over one another, and none leaves the picture. */
static size_t bands_apart(const char *svg)
{
	static struct rect v[8192];
	size_t n = 0;
	for (const char *s = svg; (s = strstr(s, "<g><rect x=")); s++) {
		assert_int_equal(sscanf(s, "<g><rect x=\"%lf\" y=\"%lf\" width=\"%lf\" height=\"%lf\"", &v[n].x, &v[n].y, &v[n].width,
					&v[n].height),
				 4);
		assert_true(v[n].x >= 40 && v[n].x + v[n].width <= 890 && v[n].width >= 2.5);
		for (size_t k = 0; k < n; k++)
			if (fabs(v[k].y - v[n].y) < 1)
				assert_true(v[k].x + v[k].width <= v[n].x + 0.02 || v[n].x + v[n].width <= v[k].x + 0.02);
		n++;
		assert_true(n < ARRAY_LEN(v));
	}
	return n;
}

static void a_dump_of_several_parts_is_mapped_from_end_to_end(void **state)
{
	(void)state;
	struct buf b = { 0 }, svg = { 0 }, again = { 0 };
	struct image i;
	struct flash_map m;
	buf_text(&b, "program or data, for nobody knows it");
	noise(&b, 70000);
	buf_fill(&b, 0xff, 100000);
	size_t tar = b.n;
	for (unsigned k = 0; k < 300; k++) {
		char name[32];
		snprintf(name, sizeof(name), "etc/%u.conf", k);
		tar_put(&b, name, 1 + k % 700);
	}
	tar_put(&b, "bin/prog", 300000);
	buf_fill(&b, 0, 1024);
	size_t end = b.n;
	buf_fill(&b, 0, 60000);
	image_of(&i, buf_span(&b));
	assert_true(flash_map_build(&i, 0, &m));
	is_sound(&m);
	assert_int_equal(m.v[0].kind, MAP_SEALED);
	assert_int_equal(m.v[1].kind, MAP_ERASED);
	assert_string_equal(m.v[1].number, "2");
	assert_true(span_is(m.v[2].name, "tar") && m.v[2].from == tar && m.v[2].to >= end - 1024);
	assert_true(span_is(m.v[3].name, "etc/0.conf") && m.v[3].from == tar + 512 && m.v[3].to == tar + 513);
	assert_string_equal(m.v[3].number, "3.1");
	assert_int_equal(m.v[m.n - 1].kind, MAP_ZEROS);
	assert_int_equal(flash_map_svg(&i, &svg), 1);
	assert_int_equal(flash_map_svg(&i, &again), 1);
	assert_true(span_eq(buf_span(&svg), buf_span(&again)));
	buf_u8(&svg, 0);
	assert_true(bands_apart((const char *)svg.p) > 10);
	assert_non_null(strstr((const char *)svg.p, "<desc"));
	assert_non_null(strstr((const char *)svg.p, "bits per byte"));
	assert_non_null(strstr((const char *)svg.p, "3.301"));
	flash_map_done(&m);
	image_done(&i);
	buf_done(&b);
	buf_done(&svg);
	buf_done(&again);
}

static void names_of_strangers_stay_text(void **state)
{
	(void)state;
	struct buf b = { 0 }, svg = { 0 };
	struct image i;
	tar_put(&b, "<script>alert(1)</script>&\"'\x1b[2J\xff", 5000);
	tar_put(&b, "]]>--><svg onload=x>", 5000);
	buf_fill(&b, 0, 1024);
	image_of(&i, buf_span(&b));
	assert_int_equal(flash_map_svg(&i, &svg), 1);
	buf_u8(&svg, 0);
	const char *s = (const char *)svg.p;
	assert_null(strstr(s, "<script"));
	assert_null(strstr(s, "<svg onload"));
	assert_non_null(strstr(s, "&lt;script&gt;"));
	for (const char *c = s; *c; c++)
		assert_true(*c == '\n' || (uint8_t)*c >= 0x20);
	image_done(&i);
	buf_done(&b);
	buf_done(&svg);
}

static void chance_alone_is_one_unknown_part(void **state)
{
	(void)state;
	struct buf b = { 0 }, svg = { 0 };
	struct image i;
	struct flash_map m;
	char fill;
	noise(&b, 300000);
	image_of(&i, buf_span(&b));
	assert_true(flash_map_build(&i, 0, &m));
	is_sound(&m);
	assert_int_equal(m.n, 1);
	assert_int_equal(m.v[0].kind, MAP_SEALED);
	assert_true(flash_map_entropy(&m, 0, m.size, &fill) > 7.5);
	assert_int_equal(fill, '.');
	flash_map_done(&m);
	assert_false(flash_map_build(&i, 1, &m));
	image_done(&i);
	buf_done(&b);
	buf_done(&svg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dump_of_several_parts_is_mapped_from_end_to_end),
		cmocka_unit_test(names_of_strangers_stay_text),
		cmocka_unit_test(chance_alone_is_one_unknown_part),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
