/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The headers that makers of routers put before kernel and file system (as OpenWrt's firmware-utils write them):
 * Broadcom's TRX, Linksys's code header before it, TP-Link's of 512 bytes, Netgear's CHK, D-Link's seama and SHRS.
 * What they name becomes members; checksums are verified and said. What lies in the parts is opened by its content.
 */
#include <openssl/evp.h>
#include <zlib.h>

#include "base/ascii.h"
#include "fw/unpack/unpack.h"

enum { PARTS = 4 };

static struct span bytes_at(struct span s, uint64_t at, uint64_t n)
{
	return at < s.n ? span_cut(span_from(s, (size_t)at), n < s.n ? (size_t)n : s.n) : (struct span){ 0 };
}

static struct span text_at(struct span s, uint64_t at, size_t n)
{
	struct span field = bytes_at(s, at, n), found;
	struct rd r = rd_of(field);
	return rd_until(&r, 0, &found) ? found : field;
}

/* length bytes at `at` of the container, or what is there of them. */
static bool part_add(struct members *m, struct span s, const char *name, uint64_t at, uint64_t length)
{
	struct span data = bytes_at(s, at, length);
	bool cut = data.n < length;
	if (cut)
		members_damage(m, "cut: %s has %zu of %llu bytes", name, data.n, (unsigned long long)length);
	return member_add(m, &(struct member){ .path = span_str(name), .mode = 0100644, .offset = at, .length = data.n,
					       .damage = cut ? "cut: the image ends early" : NULL }, data);
}

/* TRX: "HDR0", length, crc of all behind it (not inverted at its end), flags 2, version 2, then three offsets, or four
 * in version 2. All little-endian; the offsets count from the header. */
enum { TRX_HEAD = 28, TRX_HEAD2 = 32, TRX_SUMMED = 12, TRX_MOST = 512 << 20 };

struct trx {
	uint32_t length, crc, offsets[PARTS];
	uint16_t flags, version;
	unsigned n, head;
};

static bool trx_read(struct span s, struct trx *t)
{
	struct rd r = rd_of(s);
	rd_skip(&r, 4);
	*t = (struct trx){ .length = rd_le32(&r) };
	t->crc = rd_le32(&r);
	t->flags = rd_le16(&r);
	t->version = rd_le16(&r);
	t->n = t->version == 2 ? 4 : 3;
	t->head = t->version == 2 ? TRX_HEAD2 : TRX_HEAD;
	uint32_t before = 0;
	for (unsigned i = 0; i < t->n; i++) {
		t->offsets[i] = rd_le32(&r);
		if (t->offsets[i] && (t->offsets[i] < t->head || t->offsets[i] >= t->length || t->offsets[i] <= before))
			return false;
		before = t->offsets[i] ? t->offsets[i] : before;
	}
	return rd_ok(&r) && (t->version == 1 || t->version == 2) && t->length > t->head && t->length <= TRX_MOST && before;
}

static int trx_bid(struct span s)
{
	struct trx t;
	return trx_read(s, &t) ? 85 : 0;
}

static void trx_unpack(struct span s, struct members *m)
{
	struct trx t;
	if (!trx_read(s, &t))
		return;
	struct span whole = span_cut(s, t.length), summed = span_from(whole, TRX_SUMMED);
	bool sum = members_step(m, summed.n) && (uint32_t)~crc32(0, summed.p, (uInt)summed.n) == t.crc;
	if (whole.n < t.length)
		members_damage(m, "cut: %zu of %u bytes are here", whole.n, t.length);
	else if (!sum)
		members_damage(m, "the checksum does not hold");
	for (unsigned i = 0, k = 0; i < t.n; i = k) {
		char name[16];
		for (k = i + 1; k < t.n && !t.offsets[k]; k++)
			;
		if (!t.offsets[i])
			continue;
		snprintf(name, sizeof(name), "part-%u", i + 1);
		if (!part_add(m, whole, name, t.offsets[i], (k < t.n ? t.offsets[k] : t.length) - t.offsets[i]))
			return;
	}
	members_detail(m, "version %u%s", t.version, sum ? ", checksum holds" : "");
	members_extent(m, whole.n);
}

const struct unpacker unpacker_trx = {
	.kind = KIND_BOOT,
	.name = "trx", .doc = "Broadcom TRX, versions 1 and 2", .magics = { { "HDR0", 4, 0 } }, .bid = trx_bid,
	.unpack = trx_unpack,
};

/* Linksys: model 4, reserved 4, date 3 (years since 2000, month, day), version 3, "U2ND", hardware 1, serial 1,
 * flags 2, reserved 10; a TRX image stands behind it. */
enum { LINKSYS_HEAD = 32 };

static bool linksys_read(struct span s, struct trx *t, uint8_t date[3], uint8_t version[3])
{
	struct rd r = rd_at(s, false, 8, LINKSYS_HEAD - 8);
	for (unsigned i = 0; i < 3; i++)
		date[i] = rd_u8(&r);
	for (unsigned i = 0; i < 3; i++)
		version[i] = rd_u8(&r);
	struct span inner = span_from(s, LINKSYS_HEAD);
	return rd_ok(&r) && span_is_shown(bytes_at(s, 0, 4)) && date[1] >= 1 && date[1] <= 12 && date[2] >= 1 &&
	       date[2] <= 31 && span_starts(inner, SPAN_LIT("HDR0")) && trx_read(inner, t);
}

static int linksys_bid(struct span s)
{
	struct trx t;
	uint8_t date[3], version[3];
	return linksys_read(s, &t, date, version) ? 90 : 0;
}

static void linksys_unpack(struct span s, struct members *m)
{
	struct trx t;
	uint8_t date[3], version[3];
	if (!linksys_read(s, &t, date, version) || !part_add(m, s, "firmware", LINKSYS_HEAD, t.length))
		return;
	members_detail(m, "for \"%.*s\", version %u.%u.%u of %u-%02u-%02u", 4, (const char *)s.p, version[0], version[1],
		       version[2], 2000u + date[0], date[1], date[2]);
	members_extent(m, LINKSYS_HEAD + (uint64_t)t.length);
}

const struct unpacker unpacker_linksys = {
	.kind = KIND_BOOT,
	.name = "linksys", .doc = "Linksys code header before a TRX", .magics = { { "U2ND", 4, 14 } }, .bid = linksys_bid,
	.unpack = linksys_unpack,
};

/* TP-Link, version 1: 512 bytes, big-endian; parts by offset and length from the header. */
enum { TPLINK_HEAD = 512, TPLINK_MOST = 512 << 20 };

struct tplink {
	uint32_t version, hardware, revision, length;
	struct { uint32_t at, n; } part[3];      /* kernel, file system, boot loader */
};

static bool tplink_read(struct span s, struct tplink *t)
{
	struct rd r = rd_at(s, true, 0, TPLINK_HEAD);
	*t = (struct tplink){ .version = rd_be32(&r) };
	rd_skip(&r, 24 + 36);
	t->hardware = rd_be32(&r);
	t->revision = rd_be32(&r);
	rd_skip(&r, 4 + 16 + 4 + 16 + 4 + 4 + 4);
	t->length = rd_be32(&r);
	bool any = false, good = true;
	for (unsigned i = 0; i < ARRAY_LEN(t->part); i++) {
		t->part[i].at = rd_be32(&r);
		t->part[i].n = rd_be32(&r);
		any |= t->part[i].n != 0 && t->part[i].at >= TPLINK_HEAD;
		good &= (uint64_t)t->part[i].at + t->part[i].n <= TPLINK_MOST;
	}
	return rd_ok(&r) && t->version == 0x01000000 && any && good && t->length <= TPLINK_MOST &&
	       span_is_shown(text_at(s, 28, 36));
}

static int tplink_bid(struct span s)
{
	struct tplink t;
	return tplink_read(s, &t) ? 90 : 0;
}

static void tplink_unpack(struct span s, struct members *m)
{
	static const char *const names[] = { "kernel", "rootfs", "bootloader" };
	struct tplink t;
	uint64_t end = TPLINK_HEAD;
	if (!tplink_read(s, &t))
		return;
	for (unsigned i = 0; i < ARRAY_LEN(t.part); i++) {
		uint64_t stop = (uint64_t)t.part[i].at + t.part[i].n;
		if (t.part[i].n == 0 || t.part[i].at < TPLINK_HEAD)
			continue;
		if (!part_add(m, s, names[i], t.part[i].at, t.part[i].n))
			return;
		end = stop > end ? stop : end;
	}
	struct span version = text_at(s, 28, 36);
	members_detail(m, "\"%.*s\", hardware 0x%08x revision %u", (int)version.n, (const char *)version.p, t.hardware,
		       t.revision);
	members_extent(m, t.length > end ? t.length : end);
}

const struct unpacker unpacker_tplink = {
	.kind = KIND_BOOT,
	.name = "tplink", .doc = "TP-Link's header of 512 bytes",
	.magics = { { "\1\0\0\0TP-LINK Technologies", 24, 0 }, { "\1\0\0\0OpenWrt", 11, 0 } },
	.bid = tplink_bid, .unpack = tplink_unpack,
};

/* Netgear CHK: "*#$^", header length, reserved 8, sums of kernel and file system, their lengths, sum of the image,
 * sum of the header (its own field zero), board's name. Big-endian. */
enum { CHK_FIXED = 40, CHK_HEAD_MOST = 104, CHK_SUM_AT = 36 };

struct chk {
	uint32_t head, kernel_sum, rootfs_sum, kernel, rootfs, image_sum, head_sum;
};

/* Two sums of 32 bits, folded to 16 each. */
static uint32_t chk_sum(const struct span *parts, unsigned n)
{
	uint32_t low = 0, high = 0;
	for (unsigned i = 0; i < n; i++) {
		struct rd r = rd_of(parts[i]);
		while (rd_left(&r)) {
			low += rd_u8(&r);
			high += low;
		}
	}
	low = (low & 0xffff) + (low >> 16);
	low = ((low >> 16) + low) & 0xffff;
	high = (high & 0xffff) + (high >> 16);
	high = ((high >> 16) + high) & 0xffff;
	return high << 16 | low;
}

static bool chk_read(struct span s, struct chk *c)
{
	static const uint8_t zero[4];
	struct rd r = rd_of(s);
	rd_skip(&r, 4);
	c->head = rd_be32(&r);
	rd_skip(&r, 8);
	c->kernel_sum = rd_be32(&r);
	c->rootfs_sum = rd_be32(&r);
	c->kernel = rd_be32(&r);
	c->rootfs = rd_be32(&r);
	c->image_sum = rd_be32(&r);
	c->head_sum = rd_be32(&r);
	if (!rd_ok(&r) || c->head <= CHK_FIXED || c->head > CHK_HEAD_MOST || c->head > s.n)
		return false;
	struct span head = span_cut(s, c->head);
	const struct span parts[] = { span_cut(head, CHK_SUM_AT), span_of(zero, sizeof(zero)), span_from(head, CHK_FIXED) };
	return chk_sum(parts, ARRAY_LEN(parts)) == c->head_sum;
}

static int chk_bid(struct span s)
{
	struct chk c;
	return chk_read(s, &c) ? 95 : 0;
}

static void chk_unpack(struct span s, struct members *m)
{
	struct chk c;
	if (!chk_read(s, &c))
		return;
	const struct span parts[] = { bytes_at(s, c.head, c.kernel), bytes_at(s, (uint64_t)c.head + c.kernel, c.rootfs) };
	bool whole = parts[0].n == c.kernel && parts[1].n == c.rootfs;
	bool sum = members_step(m, parts[0].n + parts[1].n) && chk_sum(parts, ARRAY_LEN(parts)) == c.image_sum;
	if (whole && !sum)
		members_damage(m, "the checksum does not hold");
	if (c.kernel && !part_add(m, s, "kernel", c.head, c.kernel))
		return;
	if (c.rootfs && !part_add(m, s, "rootfs", (uint64_t)c.head + c.kernel, c.rootfs))
		return;
	struct span board = text_at(s, CHK_FIXED, c.head - CHK_FIXED);
	members_detail(m, "for board \"%.*s\"%s", (int)board.n, (const char *)board.p, sum ? ", checksum holds" : "");
	members_extent(m, (uint64_t)c.head + c.kernel + c.rootfs);
}

const struct unpacker unpacker_chk = {
	.kind = KIND_BOOT,
	.name = "chk", .doc = "Netgear CHK", .magics = { { "*#$^\0\0\0", 7, 0 } }, .bid = chk_bid, .unpack = chk_unpack,
};

/* Seama: mark, reserved 2, length of texts 2, length of image 4 (big-endian); with an image its MD5; "key=value" texts
 * with a NUL each; the image. A seal without an image stands before the entities it holds. */
enum { SEAMA_HEAD = 12, SEAMA_MD5 = 16, SEAMA_MOST = 512 << 20, SEAMA_ENTITIES = 16 };

struct seama {
	uint16_t texts_size;
	uint32_t image;
	struct span digest, texts;
};

static bool seama_read(struct rd *r, struct seama *e)
{
	uint32_t mark = rd_be32(r);
	rd_skip(r, 2);
	e->texts_size = rd_be16(r);
	e->image = rd_be32(r);
	e->digest = rd_span(r, e->image ? SEAMA_MD5 : 0);
	e->texts = rd_span(r, e->texts_size);
	return rd_ok(r) && mark == 0x5ea3a417 && e->image <= SEAMA_MOST && (e->image || e->texts_size) &&
	       (e->texts_size == 0 || (span_has(e->texts, "=") && e->texts.p[0] > ' ' && e->texts.p[0] < 0x7f));
}

static int seama_bid(struct span s)
{
	struct seama e;
	struct rd r = rd_of(s);
	return seama_read(&r, &e) ? 90 : 0;
}

static bool digest_holds(struct span data, struct span want)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	return EVP_Digest(data.n ? (const void *)data.p : "", data.n, digest, &n, EVP_md5(), NULL) &&
	       span_eq(span_of(digest, n), want);
}

/* "a=1\0b=2\0" as "a=1, b=2". */
static void seama_detail(struct members *m, struct span texts, struct buf *b)
{
	struct rd r = rd_of(texts);
	struct span text;
	while (rd_until(&r, 0, &text) && b->n < 200) {
		if (text.n && span_is_shown(text)) {
			buf_text(b, b->n ? ", " : "");
			buf_bytes(b, span_cut(text, 100));
		}
	}
	members_detail(m, "%.*s", (int)b->n, b->n ? (const char *)b->p : "");
}

static void seama_unpack(struct span s, struct members *m)
{
	struct rd r = rd_of(s), before = r;
	struct seama e;
	struct buf words = { 0 };
	for (unsigned i = 0; i < SEAMA_ENTITIES && rd_left(&r) && seama_read(&r, &e); i++) {
		char name[16];
		uint64_t at = s.n - rd_left(&r);
		struct span image = rd_span(&r, e.image < rd_left(&r) ? e.image : rd_left(&r));
		before = r;
		seama_detail(m, e.texts, &words);
		if (e.image == 0)
			continue;
		snprintf(name, sizeof(name), "image-%u", i + 1);
		if (image.n == e.image && members_step(m, image.n) && !digest_holds(image, e.digest))
			members_damage(m, "the hash of %s does not hold", name);
		if (!part_add(m, s, name, at, e.image))
			break;
	}
	buf_done(&words);
	members_extent(m, s.n - rd_left(&before));
}

const struct unpacker unpacker_seama = {
	.kind = KIND_BOOT,
	.name = "seama", .doc = "D-Link seama", .magics = { { "\x5e\xa3\xa4\x17\0\0", 6, 0 } }, .bid = seama_bid,
	.unpack = seama_unpack,
};

/* D-Link SHRS: mark, two lengths, initial vector, hashes and signatures up to 0x6dc, then AES-CBC. It stays closed: the
 * key is the maker's, and whoever has it gives us the opened image. */
enum { SHRS_HEAD = 0x6dc };

static bool shrs_read(struct span s, uint32_t *plain, uint32_t *packed)
{
	struct rd r = rd_at(s, true, 4, SHRS_HEAD - 4);
	*plain = rd_be32(&r);
	*packed = rd_be32(&r);
	return rd_ok(&r) && *plain && *plain <= *packed && *packed - *plain <= 4096 && *packed % 16 == 0;
}

static int shrs_bid(struct span s)
{
	uint32_t plain, packed;
	return shrs_read(s, &plain, &packed) ? 85 : 0;
}

static void shrs_unpack(struct span s, struct members *m)
{
	uint32_t plain, packed;
	if (!shrs_read(s, &plain, &packed))
		return;
	struct span data = bytes_at(s, SHRS_HEAD, packed);
	struct member head = { .path = SPAN_LIT("encrypted"), .mode = 0100644, .offset = SHRS_HEAD, .length = data.n,
			       .damage = "encrypted, could not open" };
	members_damage(m, "encrypted by its maker: ask for the opened image");
	if (member_add(m, &head, data))
		members_extent(m, SHRS_HEAD + data.n);
}

const struct unpacker unpacker_shrs = {
	.kind = KIND_BOOT,
	.name = "shrs", .doc = "D-Link SHRS: named, as it is encrypted", .magics = { { "SHRS", 4, 0 } }, .bid = shrs_bid,
	.unpack = shrs_unpack,
};
