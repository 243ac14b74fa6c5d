/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Single packed streams: gzip (RFC 1952), bzip2, xz, LZMA "alone", Zstandard (RFC 8878), LZ4 (frame and
 * legacy) and lzop. One member each: what comes out. */
#include <lzo/lzo1x.h>
#include <zlib.h>

#include "fw/unpack/codec.h"

enum { LEGACY_BLOCK = 8 << 20, LZOP_BLOCK = 64 << 20, STREAMS_MAX = 4096 };

/* One stream, and those of the same kind that follow at once, `most` together: concatenated they are one content. */
static void unpack_streams(enum codec c, struct span s, struct members *m, const struct member *head, int most)
{
	uint64_t used = 0;
	struct codec_result r = { .end = CODEC_WHOLE };
	if (!member_begin(m, head))
		return;
	for (int i = 0; i < most && r.end == CODEC_WHOLE; i++) {
		struct span next = span_from(s, (size_t)used);
		if (i && !(next.n > 8 && memcmp(next.p, s.p, 4) == 0 && codec_try(c, next)))
			break;
		r = codec_member(c, next, m);
		used += r.used;
	}
	member_end(m);
	m->v[m->n - 1].length = used;
	if (r.end == CODEC_LARGE)
		members_damage(m, "unpacking it takes more memory than is allowed");
	else if (r.end == CODEC_CUT || r.end == CODEC_BAD)
		members_damage(m, r.end == CODEC_CUT ? "ends early" : "the packed data is damaged");
	members_extent(m, used);
}

enum { GZ_CRC = 2, GZ_EXTRA = 4, GZ_NAME = 8, GZ_COMMENT = 16, GZ_RESERVED = 0xe0 };

static struct span zero_ended(struct rd *r)
{
	struct span s = { 0 };
	if (!rd_until(r, 0, &s))
		rd_fail(r);
	return s;
}

static bool gzip_head(struct rd *r, struct member *head)
{
	uint16_t magic = rd_be16(r);
	uint8_t method = rd_u8(r), flags = rd_u8(r);
	head->mtime = rd_le32(r);
	rd_skip(r, 2);
	if (magic != 0x1f8b || method != 8 || flags & GZ_RESERVED)
		return false;
	if (flags & GZ_EXTRA)
		rd_skip(r, rd_le16(r));
	if (flags & GZ_NAME)
		head->path = zero_ended(r);
	if (flags & GZ_COMMENT)
		zero_ended(r);
	if (flags & GZ_CRC)
		rd_skip(r, 2);
	return rd_ok(r);
}

/* A head as packers write it, which says something of its own: no template in a program, and no chance. */
static bool gzip_headed(struct span s, const struct member *head)
{
	enum { EXTRA_FLAGS = 8, SYSTEM = 9, SYSTEMS = 14 };
	const uint64_t year_1990 = 631152000, year_2035 = 2051222400;
	bool named = head->path.n > 0;
	for (size_t i = 0; i < head->path.n; i++)
		named &= head->path.p[i] >= ' ' && head->path.p[i] != 0x7f;
	bool dated = head->mtime >= year_1990 && head->mtime < year_2035;
	uint8_t extra = s.p[EXTRA_FLAGS], system = s.p[SYSTEM];
	dated |= head->mtime == 0 && extra;      /* gzip -9n */
	if (!extra && !system)                   /* code of x86 looks like that now and then */
		return false;
	return (named || dated) && (extra == 0 || extra == 2 || extra == 4) && (system < SYSTEMS || system == 255);
}

static int gzip_bid(struct span s)
{
	struct rd r = rd_of(s);
	struct member head = { 0 };
	if (!gzip_head(&r, &head))
		return 0;
	return codec_try(CODEC_DEFLATE, rd_rest(&r)) ? 90 : gzip_headed(s, &head) ? 60 : 0;
}

/* Members one after the other are one content; the first one's name and time count. */
static void gzip_unpack(struct span s, struct members *m)
{
	struct member first = { .mode = 0100644 }, more = { 0 };
	struct rd r = rd_of(s), again = r;
	if (!gzip_head(&r, &first))
		return;
	if (!first.path.n)
		first.path = SPAN_LIT("content");
	if (!member_begin(m, &first))
		return;
	struct codec_result got = { .end = CODEC_WHOLE };
	for (int i = 0; i < STREAMS_MAX && got.end == CODEC_WHOLE; i++) {
		again = r;
		if (i && !gzip_head(&again, &more))
			break;
		got = codec_member(CODEC_DEFLATE, span_of(again.p, rd_left(&again)), m);
		rd_skip(&again, got.used);
		r = again;
		rd_skip(&again, 8);              /* CRC32, ISIZE */
		if (rd_ok(&again))
			r = again;
		else
			member_damaged(m, "cut: the checksum is missing");
	}
	member_end(m);
	m->v[m->n - 1].length = s.n - rd_left(&r);
	if (m->v[m->n - 1].damage)
		members_damage(m, "%s", m->v[m->n - 1].damage);
	members_extent(m, s.n - rd_left(&r));
}

const struct unpacker unpacker_gzip = {
	.kind = KIND_STREAM,
	.name = "gzip", .doc = "gzip (RFC 1952)", .magics = { { "\x1f\x8b\x08", 3, 0 } }, .bid = gzip_bid,
	.unpack = gzip_unpack,
};

static const struct member plain = { .path = { (const uint8_t *)"content", 7 }, .mode = 0100644 };

static int bzip2_bid(struct span s)
{
	return s.n > 14 && s.p[3] >= '1' && s.p[3] <= '9' && span_starts(span_from(s, 4), SPAN_LIT("1AY&SY")) ? 90 : 0;
}

static void bzip2_unpack(struct span s, struct members *m)
{
	unpack_streams(CODEC_BZIP2, s, m, &plain, STREAMS_MAX);
}

const struct unpacker unpacker_bzip2 = {
	.kind = KIND_STREAM,
	.name = "bzip2", .doc = "bzip2", .magics = { { "BZh", 3, 0 } }, .bid = bzip2_bid, .unpack = bzip2_unpack,
};

static int xz_bid(struct span s)
{
	return codec_try(CODEC_XZ, s) ? 90 : codec_headed(CODEC_XZ, s) ? 60 : 0;
}

static void xz_unpack(struct span s, struct members *m)
{
	unpack_streams(CODEC_XZ, s, m, &plain, STREAMS_MAX);
}

const struct unpacker unpacker_xz = {
	.kind = KIND_STREAM,
	.name = "xz", .doc = "xz", .magics = { { "\xfd" "7zXZ\0", 6, 0 } }, .bid = xz_bid, .unpack = xz_unpack,
};

/* The 13-byte header has no mark: lc/lp/pb, dictionary, length; the range coder starts with a zero byte. */
static bool lzma_glance(struct span s)
{
	struct rd r = rd_of(s);
	uint8_t props = rd_u8(&r);
	uint32_t dictionary = rd_le32(&r);
	uint64_t length = rd_le64(&r);
	uint8_t zero = rd_u8(&r);
	uint32_t low = dictionary & (dictionary - 1);
	bool round = dictionary >= 1u << 12 && dictionary <= 1u << 26 && (low == 0 || (low & (low - 1)) == 0);
	bool sane = length == UINT64_MAX || (length > 0 && length < (uint64_t)1 << 30);
	return rd_ok(&r) && props < 225 && round && sane && zero == 0;
}

static int lzma_bid(struct span s)
{
	return lzma_glance(s) && codec_try(CODEC_LZMA, s) ? 60 : 0;
}

/* Neighbours are files of their own: this form is not joined as gzip and xz are. */
static void lzma_unpack(struct span s, struct members *m)
{
	unpack_streams(CODEC_LZMA, s, m, &plain, 1);
}

const struct unpacker unpacker_lzma = {
	.kind = KIND_STREAM,
	.name = "lzma", .doc = "LZMA, the old .lzma form",
	/* lc, lp, pb as packers set them: the usual 3/0/2, and what makers of small devices tune them to. */
	.magics = { { "\x5d\x00\x00", 3, 0 }, { "\x6d\x00\x00", 3, 0 }, { "\x5e\x00\x00", 3, 0 }, { "\x6e\x00\x00", 3, 0 },
		    { "\x5a\x00\x00", 3, 0 }, { "\x5b\x00\x00", 3, 0 }, { "\x5c\x00\x00", 3, 0 }, { "\x6c\x00\x00", 3, 0 } },
	.glance = lzma_glance, .bid = lzma_bid, .unpack = lzma_unpack,
};

static int zstd_bid(struct span s)
{
	return codec_try(CODEC_ZSTD, s) ? 90 : 0;
}

static void zstd_unpack(struct span s, struct members *m)
{
	unpack_streams(CODEC_ZSTD, s, m, &plain, STREAMS_MAX);
}

const struct unpacker unpacker_zstd = {
	.kind = KIND_STREAM,
	.name = "zstd", .doc = "Zstandard (RFC 8878)", .magics = { { "\x28\xb5\x2f\xfd", 4, 0 } }, .bid = zstd_bid,
	.unpack = zstd_unpack,
};

static const struct span legacy_mark = { (const uint8_t *)"\x02\x21\x4c\x18", 4 };

static int lz4_bid(struct span s)
{
	struct rd r = rd_at(s, false, 4, 4);
	uint32_t first = rd_le32(&r);
	if (span_starts(s, legacy_mark))
		return rd_ok(&r) && first > 0 && first <= LEGACY_BLOCK && first <= s.n - 8 ? 60 : 0;
	return codec_try(CODEC_LZ4, s) ? 90 : codec_headed(CODEC_LZ4, s) ? 60 : 0;
}

/* The kernel's form: a mark, then blocks of 8 MiB, each behind its packed length. */
static void lz4_legacy(struct span s, struct members *m)
{
	if (!member_begin(m, &plain))
		return;
	AUTO_FREE uint8_t *room = mem_new(LEGACY_BLOCK);
	struct rd r = rd_of(s), before = r;
	rd_skip(&r, 4);
	for (before = r; rd_left(&r) > 4; before = r) {
		uint32_t n = rd_le32(&r);
		if (n == 0 || n > rd_left(&r) || n > LEGACY_BLOCK + (LEGACY_BLOCK >> 7))
			break;
		ptrdiff_t made = codec_block(CODEC_LZ4, rd_span(&r, n), room, LEGACY_BLOCK);
		if (made < 0 || !member_write(m, span_of(room, (size_t)made)))
			break;
	}
	member_end(m);
	if (m->v[m->n - 1].size == 0)
		members_damage(m, "the packed data is damaged");
	members_extent(m, s.n - rd_left(&before));
	m->v[m->n - 1].length = s.n - rd_left(&before);
}

static void lz4_unpack(struct span s, struct members *m)
{
	if (span_starts(s, legacy_mark))
		lz4_legacy(s, m);
	else
		unpack_streams(CODEC_LZ4, s, m, &plain, STREAMS_MAX);
}

const struct unpacker unpacker_lz4 = {
	.kind = KIND_STREAM,
	.name = "lz4", .doc = "LZ4 frames and the kernel's legacy form",
	.magics = { { "\x04\x22\x4d\x18", 4, 0 }, { "\x02\x21\x4c\x18", 4, 0 } }, .bid = lz4_bid, .unpack = lz4_unpack,
};

/* lzop: no norm but the program; versions from 0x0940 on carry a level byte. */
enum {
	LZOP_ADLER_OUT = 1, LZOP_ADLER_IN = 2, LZOP_EXTRA = 0x40, LZOP_CRC_OUT = 0x100, LZOP_CRC_IN = 0x200,
	LZOP_MULTI = 0x400, LZOP_FILTER = 0x800, LZOP_MARK = 9,
};

static bool lzop_head(struct rd *r, struct member *head, uint32_t *flags)
{
	rd_skip(r, LZOP_MARK);
	uint16_t version = rd_be16(r);
	rd_skip(r, version >= 0x0940 ? 4 : 2);
	uint8_t method = rd_u8(r);
	if (version >= 0x0940)
		rd_skip(r, 1);
	*flags = rd_be32(r);
	if (*flags & LZOP_FILTER)
		rd_skip(r, 4);
	head->mode = rd_be32(r);
	head->mtime = rd_be32(r);
	if (version >= 0x0940)
		rd_skip(r, 4);
	head->path = rd_span(r, rd_u8(r));
	rd_skip(r, 4);                           /* checksum */
	if (*flags & LZOP_EXTRA) {
		rd_skip(r, rd_be32(r));
		rd_skip(r, 4);
	}
	return rd_ok(r) && method >= 1 && method <= 3 && version >= 0x0900 && version < 0x2000;
}

static int lzop_bid(struct span s)
{
	struct rd r = rd_of(s);
	struct member head = { 0 };
	uint32_t flags;
	return lzop_head(&r, &head, &flags) ? 90 : 0;
}

static bool lzop_block(struct rd *r, uint32_t flags, uint32_t out, struct members *m)
{
	uint32_t in = rd_be32(r);
	rd_skip(r, (flags & LZOP_ADLER_OUT ? 4 : 0) + (flags & LZOP_CRC_OUT ? 4 : 0));
	if (in < out)
		rd_skip(r, (flags & LZOP_ADLER_IN ? 4 : 0) + (flags & LZOP_CRC_IN ? 4 : 0));
	struct span packed = rd_span(r, in);
	/* LZO gives at most 255 bytes for one: a length beyond that is a lie and gets no memory. */
	if (!rd_ok(r) || out > LZOP_BLOCK || in > out || out / 256 > in)
		return false;
	if (in == out)
		return member_write(m, packed);
	AUTO_FREE uint8_t *room = mem_new(out);
	ptrdiff_t made = codec_block(CODEC_LZO, packed, room, out);
	return made == (ptrdiff_t)out && member_write(m, span_of(room, out));
}

static void lzop_unpack(struct span s, struct members *m)
{
	struct rd r = rd_of(s);
	struct member head = { 0 };
	uint32_t flags, out = 0;
	if (!lzop_head(&r, &head, &flags))
		return;
	if (!head.path.n)
		head.path = plain.path;
	if (!member_begin(m, &head))
		return;
	bool good = true;
	struct rd before = r;
	while (good && (out = rd_be32(&r)) != 0) {
		good = lzop_block(&r, flags, out, m);
		before = good ? r : before;
	}
	good = good && rd_ok(&r);
	if (!good)
		member_damaged(m, "cut: the packed data is damaged or ends early");
	member_end(m);
	if (!good)
		members_damage(m, "the packed data is damaged or ends early");
	members_extent(m, s.n - rd_left(good ? &r : &before));
	m->v[m->n - 1].length = s.n - rd_left(good ? &r : &before);
}

const struct unpacker unpacker_lzop = {
	.kind = KIND_STREAM,
	.name = "lzop", .doc = "lzop", .magics = { { "\x89LZO\0\r\n\x1a\n", 9, 0 } }, .bid = lzop_bid, .unpack = lzop_unpack,
};
