/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives made here, a few hundred bytes each, and what lies about itself: cpio, tar, zip, ar. */
#include "opened_image.h"

#include <zlib.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tar_headers_with_data_of_their_own_are_passed),
		cmocka_unit_test(zip_entries_are_what_their_attributes_say),
		cmocka_unit_test(ar_that_ends_early_says_so),
		cmocka_unit_test(cpio_links_get_the_bytes_of_the_last_one),
		cmocka_unit_test(tar_long_names_and_extensions_are_used),
		cmocka_unit_test(zip_without_its_directory_is_read_header_by_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
