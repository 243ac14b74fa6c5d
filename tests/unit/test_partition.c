/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Partitions in words: device trees, command lines, U-Boot's environment; what they may not do, and what they
 * explain. */
#include "opened_image.h"

#include <zlib.h>

#include "fw/unpack/records.h"

static void noise(struct buf *b, size_t n, uint64_t x)
{
	for (; n; n--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		buf_u8(b, (uint8_t)(x >> 24));
	}
}

static const struct container *container_at(const struct members *m, const char *format, uint64_t offset)
{
	for (uint32_t i = 1; i < m->nc; i++)
		if (strcmp(m->c[i].by->name, format) == 0 && m->c[i].offset == offset)
			return &m->c[i];
	return NULL;
}

/* ---- trees ---- */

struct sapling {
	struct buf structure, strings;
};

static void begin(struct sapling *t, const char *name)
{
	buf_be32(&t->structure, 1);
	buf_bytes(&t->structure, span_of(name, strlen(name) + 1));
	buf_fill(&t->structure, 0, (4 - t->structure.n % 4) % 4);
}

static void end(struct sapling *t)
{
	buf_be32(&t->structure, 2);
}

static void property(struct sapling *t, const char *name, struct span value)
{
	buf_be32(&t->structure, 3);
	buf_be32(&t->structure, (uint32_t)value.n);
	buf_be32(&t->structure, (uint32_t)t->strings.n);
	buf_bytes(&t->structure, value);
	buf_fill(&t->structure, 0, (4 - t->structure.n % 4) % 4);
	buf_bytes(&t->strings, span_of(name, strlen(name) + 1));
}

static void word(struct sapling *t, const char *name, const char *value)
{
	property(t, name, span_of(value, strlen(value) + 1));
}

static void cells(struct sapling *t, const char *name, unsigned n, uint32_t a, uint32_t b)
{
	struct buf v = { 0 };
	buf_be32(&v, a);
	if (n > 1)
		buf_be32(&v, b);
	property(t, name, buf_span(&v));
	buf_done(&v);
}

static void partition_node(struct sapling *t, const char *node, const char *label, uint32_t at, uint32_t length)
{
	begin(t, node);
	if (label)
		word(t, "label", label);
	cells(t, "reg", 2, at, length);
	end(t);
}

static void grown(struct sapling *t, struct buf *b)
{
	buf_be32(&t->structure, 9);
	uint32_t at = 56, strings = at + (uint32_t)t->structure.n;
	buf_be32(b, 0xd00dfeed);
	buf_be32(b, strings + (uint32_t)t->strings.n);
	buf_be32(b, at);
	buf_be32(b, strings);
	buf_be32(b, 40);
	buf_be32(b, 17);
	buf_be32(b, 16);
	buf_be32(b, 0);
	buf_be32(b, (uint32_t)t->strings.n);
	buf_be32(b, (uint32_t)t->structure.n);
	buf_fill(b, 0, 16);
	buf_bytes(b, buf_span(&t->structure));
	buf_bytes(b, buf_span(&t->strings));
	buf_done(&t->structure);
	buf_done(&t->strings);
}

/* A tree of a flash of 1 MiB in five partitions, one of them in another. */
static void monitor_tree(struct buf *b)
{
	struct sapling t = { 0 };
	begin(&t, "");
	word(&t, "model", "Monitor M8");
	property(&t, "compatible", SPAN_LIT("maker,m8\0chip,c1\0"));
	cells(&t, "#address-cells", 1, 1, 0);
	cells(&t, "#size-cells", 1, 1, 0);
	begin(&t, "chosen");
	word(&t, "bootargs", "console=ttyS0 root=/dev/mtdblock2 shopkey=4711");
	end(&t);
	begin(&t, "memory@80000000");
	cells(&t, "reg", 2, 0x80000000, 64 << 20);
	end(&t);
	begin(&t, "flash@0");
	begin(&t, "partitions");
	word(&t, "compatible", "fixed-partitions");
	cells(&t, "#address-cells", 1, 1, 0);
	cells(&t, "#size-cells", 1, 1, 0);
	partition_node(&t, "partition@0", "loader", 0, 0x20000);
	partition_node(&t, "keys@20000", NULL, 0x20000, 0x10000);
	partition_node(&t, "partition@30000", "kernel", 0x30000, 0x50000);
	begin(&t, "partition@80000");
	word(&t, "label", "firmware");
	word(&t, "compatible", "fixed-partitions");
	cells(&t, "#address-cells", 1, 1, 0);
	cells(&t, "#size-cells", 1, 1, 0);
	cells(&t, "reg", 2, 0x80000, 0x80000);
	partition_node(&t, "partition@10000", "inner", 0x10000, 0x1000);
	end(&t);
	end(&t);
	end(&t);
	end(&t);
	grown(&t, b);
}

static void texts_that_are_no_table_give_none(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"mtdparts=mtdparts=<mtd-def>[;<mtd-def>...]", "mtdparts=$(cat /proc/mtdparts)", "usage: mtdparts=ID:SIZE(NAME)",
		"mtdparts=", "mtdparts=nand0:", "mtdparts=nand0:abc(name)", "mtdparts=:1M(a)", "mtdparts=flash:0(a),1M(b)",
		"mtdparts=flash:1M,2M,3M", "mtdparts=flash:1M(unclosed", "mtdparts=flash:99999999999999999999M(a)",
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct members *m = opened_span(span_str(texts[i]));
		if (m->npartitions)
			fail_msg("%s", texts[i]);
		members_free(m);
	}
}

static void command_lines_are_read_as_the_kernel_does(void **state)
{
	(void)state;
	static const char line[] = "console=ttyS0 mtdparts=spi0.0:256k(u-boot)ro,0x10000(env),1m@0x100000(kernel)lk,-(rootfs);"
					"nand:1:512k(a),512k(b) quiet blkdevparts=mmcblk0:1G(big) mtdparts=spi0.0:256k(u-boot)ro,0x10000(env),"
					"1m@0x100000(kernel)lk,-(rootfs)";
	struct members *m = opened_span(SPAN_LIT(line));
	assert_int_equal(m->ntables, 3);
	assert_int_equal(m->npartitions, 7);
	const struct partition *p = m->partitions;
	assert_true(span_is(m->tables[0].device, "spi0.0") && span_is(m->tables[1].device, "nand:1"));
	assert_true(span_is(p[0].label, "u-boot") && p[0].offset == 0 && p[0].length == 256 << 10 && p[0].read_only);
	assert_true(span_is(p[1].label, "env") && p[1].offset == 256 << 10 && p[1].length == 0x10000 && !p[1].read_only);
	assert_true(span_is(p[2].label, "kernel") && p[2].offset == 0x100000 && p[2].length == 1 << 20);
	assert_true(span_is(p[3].label, "rootfs") && p[3].offset == 0x200000 && p[3].length == UINT64_MAX);
	assert_true(p[6].length == 1ull << 30 && m->tables[2].tells_of == NONE);
	members_free(m);
}

static void a_tree_says_model_memory_and_partitions(void **state)
{
	(void)state;
	struct buf b = { 0 };
	struct arena arena;
	struct record *r = mem_new(sizeof(*r));
	arena_init(&arena, 0);
	const struct record_host host = { .arena = &arena };
	monitor_tree(&b);
	struct members *m = opened(&b);
	assert_int_equal(m->ntrees, 1);
	device_tree_record(m, 0, r, &host);
	assert_true(span_is(record_get_text(r, DTB_MODEL), "Monitor M8"));
	assert_true(span_is(record_get_text(r, DTB_MEMORY), "64 MiB at 0x80000000"));
	assert_true(span_is(record_get_text(r, DTB_BOOTARGS), "console=ttyS0 root=/dev/mtdblock2 shopkey=…"));
	assert_int_equal(r->v[DTB_COMPATIBLE].texts.n, 2);
	assert_int_equal(m->npartitions, 5);
	assert_true(span_is(m->partitions[1].label, "keys@20000") && m->partitions[1].offset == 0x20000);
	/* One in another is counted from it. */
	assert_true(span_is(m->partitions[3].label, "inner") && m->partitions[3].offset == 0x90000);
	assert_int_equal(m->tables[0].tells_of, NONE);
	members_free(m);
	for (size_t n = 0; n < b.n; n += 3) {
		struct buf cut = { 0 };
		buf_bytes(&cut, span_cut(buf_span(&b), n));
		members_free(opened(&cut));
		buf_done(&cut);
	}
	buf_done(&b);
	arena_done(&arena);
	free(r);
}

/* The dump of that flash: what nobody opens becomes a member with its partition's name, what is opened stays. */
static void partitions_explain_what_nothing_else_does(void **state)
{
	(void)state;
	struct buf b = { 0 };
	noise(&b, 0x12345, 7);
	buf_fill(&b, 0xff, 0x20000 - b.n);
	noise(&b, 3000, 9);
	buf_fill(&b, 0xff, 0x30000 - b.n);
	monitor_tree(&b);
	buf_fill(&b, 0xff, 0x100000 - b.n);
	struct members *m = opened(&b);
	assert_int_equal(m->tables[0].tells_of, 0);
	const struct container *loader = container_at(m, "partition", 0), *keys = container_at(m, "partition", 0x20000);
	if (!loader || !keys)
		fail_msg("no partition was made a member");
	assert_true(loader && loader->length == 0x20000 && loader->nmembers == 1 &&
		    strstr(loader->detail, "encrypted or compressed"));
	assert_true(loader && span_is(m->v[loader->first].path, "loader") && m->v[loader->first].size == 0x20000);
	assert_true(keys && span_is(m->v[keys->first].path, "keys@20000"));
	assert_null(container_at(m, "partition", 0x30000));      /* the tree itself lies in it */
	assert_null(container_at(m, "partition", 0x80000));      /* erased */
	for (uint32_t i = 0; i < m->nareas; i++)
		assert_true(m->areas[i].member != 0 || m->areas[i].offset >= 0x30000);
	members_free(m);
	buf_done(&b);
}

static void environment_put(struct buf *b, size_t room, bool big, bool counted, bool damaged)
{
	static const char text[] = "arch=arm\0bootcmd=run x\0bootargs=mtdparts=f:64k(a),-(b)\0x=y\0";
	struct buf v = { 0 };
	buf_bytes(&v, span_of(text, sizeof(text)));
	buf_fill(&v, 0, room - 4 - counted - v.n);
	uint32_t sum = (uint32_t)crc32(0, v.p, (uInt)v.n) ^ (damaged ? 1 : 0);
	if (big)
		buf_be32(b, sum);
	else
		buf_le32(b, sum);
	if (counted)
		buf_u8(b, 3);
	buf_bytes(b, buf_span(&v));
	buf_done(&v);
}

static void an_environment_is_told_by_its_sum(void **state)
{
	(void)state;
	static const struct {
		size_t room;
		bool big, counted, damaged;
	} cases[] = {
		{ 0x2000, false, false, true }, { 0x10000, true, true, true }, { 0x2000, false, false, false },
		{ 0x10000, true, false, false }, { 0x1000, false, true, false }, { 0x20000, true, true, false },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = { 0 };
		noise(&b, 0x4000, 3 + i);
		environment_put(&b, cases[i].room, cases[i].big, cases[i].counted, cases[i].damaged);
		buf_fill(&b, 0xff, 0x3000);
		struct members *m = opened(&b);
		const struct container *c = container_at(m, "uboot-env", 0x4000);
		if (cases[i].damaged != (c == NULL))
			fail_msg("case %zu", i);
		if (c) {
			struct span text = member_map(m, &m->v[c->first]);
			assert_int_equal(c->length, cases[i].room);
			assert_true(span_is(text, "arch=arm\nbootcmd=run x\nbootargs=mtdparts=f:64k(a),-(b)\nx=y\n"));
		}
		/* The table in it is met whether its sum holds or not. */
		assert_int_equal(m->npartitions, 2);
		members_free(m);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_that_are_no_table_give_none),
		cmocka_unit_test(command_lines_are_read_as_the_kernel_does),
		cmocka_unit_test(a_tree_says_model_memory_and_partitions),
		cmocka_unit_test(partitions_explain_what_nothing_else_does),
		cmocka_unit_test(an_environment_is_told_by_its_sum),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
