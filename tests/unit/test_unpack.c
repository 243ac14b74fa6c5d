/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every unpacker on an image of a few hundred bytes made here, what lies about itself, and the budgets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lzma.h>
#include <zlib.h>

#include "fw/unpack/area.h"
#include "fw/unpack/codec.h"
#include "fw/unpack/extract.h"

static struct members *opened_with(struct span image, struct budget b)
{
	struct members *m = members_new(b, -1);
	members_input(m, &(struct member){ .path = SPAN_LIT("image") }, image);
	unpack_all(m, NULL, NULL);
	return m;
}

static struct members *opened(const struct buf *image)
{
	return opened_with(buf_span(image), budget_for(image->n));
}

static const struct member *find(const struct members *m, const char *path)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (m->v[i].container && span_is(m->v[i].path, path))
			return &m->v[i];
	return NULL;
}

static void holds(const struct members *m, const char *path, struct span content)
{
	const struct member *f = find(m, path);
	if (!f)
		fail_msg("%s is missing", path);
	struct span got = member_map(m, f);
	if (!span_eq(got, content))
		fail_msg("%s: %zu bytes, not the %zu that went in", path, got.n, content.n);
	member_unmap(f, got);
}

static void is_format(const struct members *m, uint32_t container, const char *name, uint64_t offset)
{
	assert_true(container < m->nc);
	assert_string_equal(m->c[container].by->name, name);
	assert_int_equal(m->c[container].offset, offset);
}

static void packed_into(struct buf *b, struct span s)
{
	uint8_t room[4096];
	uLongf n = sizeof(room);
	assert_int_equal(compress2(room, &n, s.p, s.n, 9), Z_OK);
	buf_bytes(b, span_of(room, n));
}

static void put_at(struct buf *b, size_t at, struct span s)
{
	memcpy(b->p + at, s.p, s.n);
}

/* ---- cramfs, by hand in both byte orders ---- */

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

/* ---- jffs2 ---- */

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
	assert_null(find(m, "gone"));
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

/* ---- archives ---- */

static void newc(struct buf *b, const char *name, unsigned ino, unsigned mode, unsigned nlink, struct span data)
{
	buf_printf(b, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", ino, mode, 1u, 2u, nlink, 3u, data.n, 0u,
		   0u, 4u, 5u, strlen(name) + 1, 0u);
	buf_bytes(b, span_of(name, strlen(name) + 1));
	while (b->n % 4)
		buf_u8(b, 0);
	buf_bytes(b, data);
	while (b->n % 4)
		buf_u8(b, 0);
}

static void cpio_links_get_the_bytes_of_the_last_one(void **state)
{
	(void)state;
	struct buf b = { 0 };
	newc(&b, "./a", 9, 0100644, 2, (struct span){ 0 });
	newc(&b, "dev/console", 1, 020600, 1, (struct span){ 0 });
	newc(&b, "b", 9, 0104755, 2, SPAN_LIT("bytes"));
	newc(&b, "l", 2, 0120777, 1, SPAN_LIT("b"));
	newc(&b, "TRAILER!!!", 0, 0, 1, (struct span){ 0 });
	size_t end = b.n;
	buf_text(&b, "#!/bin/sh\necho behind it\n");
	buf_fill(&b, 0, 300);
	struct members *m = opened(&b);
	is_format(m, 1, "cpio", 0);
	assert_int_equal(m->c[1].length, end);
	holds(m, "b", SPAN_LIT("bytes"));
	assert_int_equal(find(m, "a")->type, MEMBER_HARDLINK);
	assert_true(span_is(find(m, "a")->target, "b"));
	assert_int_equal(find(m, "dev/console")->type, MEMBER_CHAR);
	assert_int_equal(find(m, "dev/console")->major, 4);
	assert_true(span_is(find(m, "l")->target, "b"));
	const struct member *f = find(m, "b");
	assert_memory_equal(b.p + f->offset, "bytes", 5);
	members_free(m);
	b.n = end - 130;                         /* without its end */
	m = opened(&b);
	assert_non_null(m->c[1].damage);
	members_free(m);
	buf_done(&b);
}

static void tar_header(struct buf *b, const char *name, char type, struct span data, const char *size)
{
	size_t at = b->n;
	buf_fill(b, 0, 512);
	uint8_t *h = b->p + at;
	memcpy(h, name, strlen(name));
	memcpy(h + 100, "0000644", 8);
	snprintf((char *)h + 124, 12, "%011zo", data.n);
	if (size)
		memcpy(h + 124, size, 12);
	h[156] = (uint8_t)type;
	memcpy(h + 257, "ustar\00000", 8);
	memset(h + 148, ' ', 8);
	unsigned sum = 0;
	for (int i = 0; i < 512; i++)
		sum += h[i];
	snprintf((char *)h + 148, 8, "%06o", sum);
	buf_bytes(b, data);
	while (b->n % 512)
		buf_u8(b, 0);
}

static void tar_long_names_and_extensions_are_used(void **state)
{
	(void)state;
	struct buf b = { 0 };
	tar_header(&b, "././@LongLink", 'L', SPAN_LIT("a/long/name\0"), NULL);
	tar_header(&b, "a/lon", '0', SPAN_LIT("one"), NULL);
	tar_header(&b, "x", 'x', SPAN_LIT("15 path=p/a/x\n\n12 mtime=77\n"), NULL);
	tar_header(&b, "short", '0', SPAN_LIT("two"), NULL);
	tar_header(&b, "dev", '3', (struct span){ 0 }, NULL);
	tar_header(&b, "huge", '0', (struct span){ 0 }, "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff");
	struct members *m = opened(&b);
	is_format(m, 1, "tar", 0);
	holds(m, "a/long/name", SPAN_LIT("one"));
	assert_int_equal(find(m, "dev")->type, MEMBER_CHAR);
	assert_int_equal(find(m, "huge")->size, 0);
	assert_non_null(find(m, "huge")->damage);
	members_free(m);
	buf_done(&b);
}

/* Solaris' access lists and GNU's lists of a folder's names are data before, and behind, a header that names a
 * folder. */
static void tar_headers_with_data_of_their_own_are_passed(void **state)
{
	(void)state;
	struct buf b = { 0 };
	tar_header(&b, "d/", 'A', SPAN_LIT("1000007\0user::rwx,group::r-x"), NULL);
	tar_header(&b, "d/", '5', (struct span){ 0 }, NULL);
	tar_header(&b, "e/", 'D', SPAN_LIT("Yone\0Ntwo\0"), NULL);
	tar_header(&b, "x", 'X', SPAN_LIT("15 path=p/a/x\n\n"), NULL);
	tar_header(&b, "short", '0', SPAN_LIT("two"), NULL);
	struct members *m = opened(&b);
	is_format(m, 1, "tar", 0);
	assert_null(m->c[1].damage);
	assert_int_equal(find(m, "d")->type, MEMBER_DIR);
	assert_int_equal(find(m, "e")->type, MEMBER_DIR);
	members_free(m);
	buf_done(&b);
}

/* One entry: local header, data, directory, end. */
static void zip_of(struct buf *b, uint16_t made_by, uint32_t attributes, uint16_t method, struct span data,
		   uint32_t size)
{
	for (int central = 0; central < 2; central++) {
		size_t at = b->n;
		buf_bytes(b, central ? SPAN_LIT("PK\1\2") : SPAN_LIT("PK\3\4"));
		if (central)
			buf_le16(b, made_by);
		buf_le16(b, 20);
		buf_le16(b, 0);
		buf_le16(b, method);
		buf_le32(b, 0x52214000);
		buf_le32(b, 0);
		buf_le32(b, (uint32_t)data.n);
		buf_le32(b, size);
		buf_le16(b, 1);
		buf_le16(b, 0);
		if (central) {
			buf_fill(b, 0, 6);
			buf_le32(b, attributes);
			buf_le32(b, 0);
		}
		buf_text(b, "n");
		if (!central) {
			buf_bytes(b, data);
			continue;
		}
		size_t length = b->n - at;
		buf_bytes(b, SPAN_LIT("PK\5\6\0\0\0\0\1\0\1\0"));
		buf_le32(b, (uint32_t)length);
		buf_le32(b, (uint32_t)at);
		buf_le16(b, 0);
	}
}

static void zip_entries_are_what_their_attributes_say(void **state)
{
	(void)state;
	/* raw deflate of "bin/busybox": one stored block */
	static const char packed[] = "\1\13\0\364\377bin/busybox";
	struct buf b = { 0 };
	zip_of(&b, 3 << 8 | 20, 0120777u << 16, 8, span_of(packed, sizeof(packed) - 1), 11);
	struct members *m = opened(&b);
	assert_int_equal(find(m, "n")->type, MEMBER_SYMLINK);
	assert_true(span_is(find(m, "n")->target, "bin/busybox"));
	members_free(m);
	b.n = 0;
	zip_of(&b, 3 << 8 | 20, 0120777u << 16, 97, SPAN_LIT("bytes"), 11);      /* a packer that is not read */
	m = opened(&b);
	assert_int_equal(find(m, "n")->target.n, 0);
	assert_non_null(find(m, "n")->damage);
	members_free(m);
	b.n = 0;
	zip_of(&b, 20, 0x10, 0, (struct span){ 0 }, 0);  /* a folder of MS-DOS, without a slash */
	m = opened(&b);
	assert_int_equal(find(m, "n")->type, MEMBER_DIR);
	members_free(m);
	buf_done(&b);
}

static void zip_without_its_directory_is_read_header_by_header(void **state)
{
	(void)state;
	struct buf b = { 0 };
	for (int i = 0; i < 2; i++) {
		buf_bytes(&b, SPAN_LIT("PK\3\4\24\0"));
		buf_le16(&b, i ? 1 : 0);         /* the second one is encrypted */
		buf_le16(&b, 0);
		buf_le32(&b, 0x52214000);
		buf_le32(&b, (uint32_t)crc32(0, (const Bytef *)"hello", 5));
		buf_le32(&b, 5);
		buf_le32(&b, 5);
		buf_le16(&b, 1);
		buf_le16(&b, 0);
		buf_u8(&b, (uint8_t)('a' + i));
		buf_text(&b, "hello");
	}
	struct members *m = opened(&b);
	is_format(m, 1, "zip", 0);
	holds(m, "a", SPAN_LIT("hello"));
	assert_int_equal(find(m, "b")->size, 0);
	assert_string_equal(find(m, "b")->damage, "encrypted, could not open");
	assert_non_null(strstr(m->c[1].damage, "directory"));
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
		{ "xz", "\xfd" "7zXZ\x00\x00\x01\x69\x22\xde\x36" "\x02\x00\x21\x01\x28\x00\x00\x00\xe6\xa0\x11\xb3 and then more", 38 },
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
	z.next_in = plain, z.avail_in = sizeof(plain), z.next_out = packed, z.avail_out = sizeof(packed);
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

static void ar_that_ends_early_says_so(void **state)
{
	(void)state;
	struct buf b = { 0 };
	buf_text(&b, "!<arch>\nname/           0           0     0     100644  4000000000`\nshort of its length");
	struct members *m = opened(&b);
	is_format(m, 1, "ar", 0);
	holds(m, "name", SPAN_LIT("short of its length"));
	assert_non_null(find(m, "name")->damage);
	members_free(m);
	buf_done(&b);
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
		cmocka_unit_test(tar_headers_with_data_of_their_own_are_passed),
		cmocka_unit_test(zip_entries_are_what_their_attributes_say),
		cmocka_unit_test(names_become_harmless), cmocka_unit_test(one_record_alone_is_no_hex_text),
		cmocka_unit_test(hex_ranges_are_sorted_joined_and_named_and_damaged_records_are_counted),
		cmocka_unit_test(the_last_bytes_of_a_file_are_no_lzma_by_chance_and_a_cut_stream_is_named),
		cmocka_unit_test(ar_that_ends_early_says_so),
		cmocka_unit_test(jffs2_that_claims_gigabytes_gets_no_memory),
		cmocka_unit_test(a_bomb_is_cut_and_its_neighbour_is_still_read),
		cmocka_unit_test(every_budget_has_a_word),
		cmocka_unit_test(nesting_ends_at_the_depth_that_is_allowed),
		cmocka_unit_test(romfs_chains_that_run_in_circles_end),
		cmocka_unit_test(a_damaged_block_becomes_zeros_and_is_said),
		cmocka_unit_test(cramfs_is_read_in_both_byte_orders),
		cmocka_unit_test(cramfs_block_pointers_of_version_2_are_followed),
		cmocka_unit_test(jffs2_newest_versions_count_and_deleted_names_are_gone),
		cmocka_unit_test(jffs2_rtime_is_unpacked),
		cmocka_unit_test(cpio_links_get_the_bytes_of_the_last_one),
		cmocka_unit_test(tar_long_names_and_extensions_are_used),
		cmocka_unit_test(zip_without_its_directory_is_read_header_by_header),
		cmocka_unit_test(uimage_is_found_at_an_offset_and_its_checksums_are_said),
		cmocka_unit_test(kernel_banners_count_and_format_strings_do_not),
		cmocka_unit_test(streams_one_behind_the_other_are_one_content),
		cmocka_unit_test(what_wants_too_much_memory_is_named),
		cmocka_unit_test(content_comes_back_from_the_spool),
		cmocka_unit_test(what_no_one_opens_is_judged_by_its_entropy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
