/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File systems made here, a few hundred bytes each, and what lies about itself: cramfs, jffs2, romfs. */
#include "opened_image.h"

#include <zlib.h>

static void packed_into(struct buf *b, struct span s)
{
	uint8_t room[4096];
	uLongf n = sizeof(room);
	assert_int_equal(compress2(room, &n, s.p, s.n, 9), Z_OK);
	buf_bytes(b, span_of(room, n));
}

struct writer {
	struct buf b;
	bool big;
};

static void u32(struct writer *w, uint32_t v)
{
	if (w->big)
		buf_be32(&w->b, v);
	else
		buf_le32(&w->b, v);
}

static void inode(struct writer *w, uint32_t mode, uint32_t size, uint32_t name_words, uint32_t offset)
{
	u32(w, w->big ? mode << 16 | 7 : 7 << 16 | mode);
	u32(w, w->big ? size << 8 | 9 : 9u << 24 | size);
	u32(w, w->big ? name_words << 26 | offset / 4 : offset / 4 << 6 | name_words);
}

/* A file of one packed block and a hole, and a link. The second block pointer may be of the v2 kind. */
static void cramfs_image(struct writer *w, size_t pad, uint32_t direct)
{
	buf_fill(&w->b, 0, pad);
	size_t start = pad;
	u32(w, 0x28cd3d45);
	u32(w, 4096);
	u32(w, direct ? 0x900 : 0x100);
	u32(w, 0);
	buf_text(&w->b, "Compressed ROMFS");
	buf_fill(&w->b, 0, 12);
	u32(w, 3);
	buf_text(&w->b, "Compressed\0\0\0\0\0\0");
	buf_fill(&w->b, 0, 16 - 10);
	inode(w, 040755, 2 * 16, 0, (uint32_t)(start + 76));
	inode(w, 0100644, 4096 + 100, 1, 400);
	buf_bytes(&w->b, SPAN_LIT("file"));
	inode(w, 0120777, 6, 1, 1200);
	buf_bytes(&w->b, SPAN_LIT("link"));
	buf_fill(&w->b, 0, 400 - w->b.n);
	uint8_t block[4096];
	memset(block, 'a', sizeof(block));
	struct buf packed = { 0 };
	packed_into(&packed, span_of(block, sizeof(block)));
	u32(w, (uint32_t)(408 + packed.n));
	u32(w, direct ? direct : (uint32_t)(408 + packed.n));    /* the same end again: a hole */
	buf_bytes(&w->b, buf_span(&packed));
	buf_done(&packed);
	buf_fill(&w->b, 0, 1200 - w->b.n);
	packed_into(&packed, SPAN_LIT("target"));
	u32(w, (uint32_t)(1204 + packed.n));
	buf_bytes(&w->b, buf_span(&packed));
	buf_done(&packed);
	buf_fill(&w->b, 'z', 4096 - w->b.n);
}

static void cramfs_try(bool big, size_t pad, uint32_t direct, uint8_t tail)
{
	struct writer w = { .big = big };
	cramfs_image(&w, pad, direct);
	struct members *m = opened(&w.b);
	is_format(m, 1, "cramfs", 0);
	uint8_t want[4196];
	memset(want, 'a', 4096);
	memset(want + 4096, tail, 100);
	holds(m, "file", span_of(want, sizeof(want)));
	assert_true(span_is(find(m, "link")->target, "target"));
	assert_int_equal(find(m, "file")->uid, 7);
	assert_int_equal(find(m, "file")->gid, 9);
	assert_null(m->c[1].damage);
	members_free(m);
	buf_done(&w.b);
}

static void cramfs_is_read_in_both_byte_orders(void **state)
{
	(void)state;
	cramfs_try(false, 0, 0, 0);
	cramfs_try(true, 0, 0, 0);
}

/* Bit 31: not packed; bit 30: an absolute place, in words. The last block is as long as the file needs. */
static void cramfs_block_pointers_of_version_2_are_followed(void **state)
{
	(void)state;
	cramfs_try(false, 0, 0xc0000000u | 2000 / 4, 'z');
	cramfs_try(true, 0, 0xc0000000u | 2000 / 4, 'z');
}

static void a_damaged_block_becomes_zeros_and_is_said(void **state)
{
	(void)state;
	struct writer w = { 0 };
	cramfs_image(&w, 0, 0);
	put_at(&w.b, 410, SPAN_LIT("\xff\xff\xff\xff"));
	struct members *m = opened(&w.b);
	const struct member *f = find(m, "file");
	assert_int_equal(f->size, 4196);
	assert_non_null(f->damage);
	assert_non_null(m->c[1].damage);
	members_free(m);
	buf_done(&w.b);
}

static uint32_t jcrc(struct span s)
{
	return s.n ? ~(uint32_t)crc32(UINT32_MAX, s.p, (uInt)s.n) : 0;
}

static void node_head(struct buf *b, uint16_t type, uint32_t length)
{
	size_t at = b->n;
	buf_le16(b, 0x1985);
	buf_le16(b, type);
	buf_le32(b, length);
	buf_le32(b, jcrc(span_of(b->p + at, 8)));
}

static void node_end(struct buf *b)
{
	while (b->n % 4)
		buf_u8(b, 0xff);
}

static void name_node(struct buf *b, uint32_t parent, uint32_t version, uint32_t ino, uint8_t type, const char *name)
{
	struct span s = span_str(name);
	size_t at = b->n;
	node_head(b, 0xe001, (uint32_t)(40 + s.n));
	buf_le32(b, parent);
	buf_le32(b, version);
	buf_le32(b, ino);
	buf_le32(b, 0);
	buf_u8(b, (uint8_t)s.n);
	buf_u8(b, type);
	buf_le16(b, 0);
	buf_le32(b, jcrc(span_of(b->p + at, 32)));
	buf_le32(b, jcrc(s));
	buf_bytes(b, s);
	node_end(b);
}

static void data_node(struct buf *b, uint32_t ino, uint32_t version, uint32_t mode, uint32_t isize, uint32_t offset,
		      uint32_t dsize, uint8_t compression, struct span data, bool good)
{
	size_t at = b->n;
	node_head(b, 0xe002, (uint32_t)(68 + data.n));
	buf_le32(b, ino);
	buf_le32(b, version);
	buf_le32(b, mode);
	buf_le32(b, 0);
	buf_le32(b, isize);
	for (int i = 0; i < 3; i++)
		buf_le32(b, 1000);
	buf_le32(b, offset);
	buf_le32(b, (uint32_t)data.n);
	buf_le32(b, dsize);
	buf_u8(b, compression);
	buf_u8(b, 0);
	buf_le16(b, 0);
	buf_le32(b, good ? jcrc(data) : 1);
	buf_le32(b, jcrc(span_of(b->p + at, 60)));
	buf_bytes(b, data);
	node_end(b);
}

static void jffs2_newest_versions_count_and_deleted_names_are_gone(void **state)
{
	(void)state;
	struct buf b = { 0 };
	name_node(&b, 1, 1, 5, 8, "file");
	data_node(&b, 5, 3, 0100755, 12, 4, 4, 0, SPAN_LIT("NEW!"), true);
	data_node(&b, 5, 1, 0100644, 12, 0, 12, 0, SPAN_LIT("old old old "), true);
	data_node(&b, 5, 4, 0100755, 12, 8, 4, 0, SPAN_LIT("bad!"), false);
	name_node(&b, 1, 2, 6, 8, "gone");
	data_node(&b, 6, 1, 0100644, 1, 0, 1, 0, SPAN_LIT("x"), true);
	name_node(&b, 1, 3, 0, 8, "gone");
	name_node(&b, 1, 4, 7, 4, "dir");
	data_node(&b, 7, 1, 040755, 0, 0, 0, 0, (struct span){ 0 }, true);
	name_node(&b, 7, 5, 1, 4, "up");         /* a folder that holds its own root */
	data_node(&b, 1, 1, 040755, 0, 0, 0, 0, (struct span){ 0 }, true);
	data_node(&b, 8, 1, 0100644, 4, 0, 4, 1, (struct span){ 0 }, true);
	name_node(&b, 1, 6, 8, 8, "zeros");
	struct members *m = opened(&b);
	is_format(m, 1, "jffs2", 0);
	holds(m, "file", SPAN_LIT("old NEW!old "));
	holds(m, "zeros", SPAN_LIT("\0\0\0\0"));
	assert_null(seek(m, "gone"));
	assert_int_equal(find(m, "file")->mode, 0100755);
	assert_non_null(strstr(m->c[1].damage, "checksums"));
	members_free(m);
	buf_done(&b);
}

/* rtime: each byte, then how many follow as they did after that byte before. */
static void jffs2_rtime_is_unpacked(void **state)
{
	(void)state;
	struct buf b = { 0 };
	name_node(&b, 1, 1, 5, 8, "f");
	data_node(&b, 5, 1, 0100644, 8, 0, 8, 2, SPAN_LIT("a\0b\0a\2b\2"), true);
	struct members *m = opened(&b);
	holds(m, "f", SPAN_LIT("abababab"));
	members_free(m);
	buf_done(&b);
}

static void jffs2_that_claims_gigabytes_gets_no_memory(void **state)
{
	(void)state;
	struct buf b = { 0 };
	name_node(&b, 1, 1, 5, 8, "f");
	data_node(&b, 5, 1, 0100644, 0xfffffff0, 0, 4, 0, SPAN_LIT("abcd"), true);
	data_node(&b, 5, 2, 0100644, 0xfffffff0, 0xfffffff0, 0xffff0000, 6, SPAN_LIT("abcd"), true);
	struct members *m = opened(&b);
	assert_true(find(m, "f")->size <= 4);
	assert_non_null(find(m, "f")->damage);
	members_free(m);
	buf_done(&b);
}

static void romfs_chains_that_run_in_circles_end(void **state)
{
	(void)state;
	struct buf b = { 0 };
	buf_text(&b, "-rom1fs-");
	buf_be32(&b, 128);
	buf_be32(&b, 0);
	buf_bytes(&b, SPAN_LIT("volume\0\0\0\0\0\0\0\0\0\0"));
	buf_be32(&b, 80 | 2);                    /* a file, next at 80 */
	buf_be32(&b, 0);
	buf_be32(&b, 5);
	buf_be32(&b, 0);
	buf_bytes(&b, SPAN_LIT("file\0\0\0\0\0\0\0\0\0\0\0\0hello\0\0\0\0\0\0\0\0\0\0\0"));
	buf_fill(&b, 0, 80 - b.n < 80 ? 80 - b.n : 0);
	b.n = 80;
	buf_be32(&b, 32 | 3);                    /* a link, next at 32 again */
	buf_be32(&b, 0);
	buf_be32(&b, 4);
	buf_be32(&b, 0);
	buf_bytes(&b, SPAN_LIT("link\0\0\0\0\0\0\0\0\0\0\0\0file"));
	buf_fill(&b, 0, 128 - b.n);
	struct members *m = opened(&b);
	is_format(m, 1, "romfs", 0);
	holds(m, "file", SPAN_LIT("hello"));
	assert_true(span_is(find(m, "link")->target, "file"));
	assert_int_equal(m->c[1].nmembers, 2);
	assert_non_null(m->c[1].damage);
	members_free(m);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jffs2_that_claims_gigabytes_gets_no_memory),
		cmocka_unit_test(romfs_chains_that_run_in_circles_end),
		cmocka_unit_test(a_damaged_block_becomes_zeros_and_is_said),
		cmocka_unit_test(cramfs_is_read_in_both_byte_orders),
		cmocka_unit_test(cramfs_block_pointers_of_version_2_are_followed),
		cmocka_unit_test(jffs2_newest_versions_count_and_deleted_names_are_gone),
		cmocka_unit_test(jffs2_rtime_is_unpacked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
