/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Android's sparse images (system/core/libsparse) and boot images (system/tools/mkbootimg, versions 0 to 4, and those
 * of vendors). All numbers are little-endian; the version of a boot image stands at 40 in every one of them. */
#include <openssl/evp.h>
#include <zlib.h>

#include "fw/unpack/unpack.h"

enum {
	SPARSE_HEAD = 28, CHUNK_HEAD = 12, RAW = 0xcac1, FILL = 0xcac2, DONT_CARE = 0xcac3, CRC = 0xcac4, BLOCK_MOST = 1 << 20,
	PIECE = 65536, BOOT_HEAD_0 = 1632, BOOT_HEAD_1 = 1648, BOOT_HEAD_2 = 1660, OLD_HEAD = 608, CMDLINE = 512,
	CMDLINE_3 = 1536, CMDLINE_VENDOR = 2048, PAGE_3 = 4096, VERSION_MOST = 4, DT_LEAST = 64,
};

struct sparse {
	uint16_t head, chunk_head;
	uint32_t block, blocks, chunks, crc;
};

static bool sparse_head(struct span s, struct sparse *p)
{
	struct rd r = rd_at(s, false, 0, SPARSE_HEAD);
	rd_skip(&r, 4);
	uint16_t major = rd_le16(&r);
	rd_skip(&r, 2);
	p->head = rd_le16(&r);
	p->chunk_head = rd_le16(&r);
	p->block = rd_le32(&r);
	p->blocks = rd_le32(&r);
	p->chunks = rd_le32(&r);
	p->crc = rd_le32(&r);
	return rd_ok(&r) && major == 1 && p->head >= SPARSE_HEAD && p->chunk_head >= CHUNK_HEAD && p->block >= 512 &&
	       p->block <= BLOCK_MOST && p->block % 4 == 0 && p->blocks && p->chunks;
}

static int sparse_bid(struct span s)
{
	struct sparse p;
	return sparse_head(s, &p) ? 95 : 0;
}

/* n bytes of one 32-bit pattern. Charged as content, not as holes: they are the file system that was made sparse. */
static bool put_pattern(struct members *m, struct span pattern, uint64_t n, uint32_t *sum)
{
	AUTO_FREE uint8_t *room = mem_new(PIECE);
	for (size_t i = 0; i < PIECE; i += pattern.n)
		memcpy(room + i, pattern.p, pattern.n);
	while (n) {
		size_t part = n < PIECE ? (size_t)n : PIECE;
		*sum = (uint32_t)crc32(*sum, room, (uInt)part);
		if (!member_write(m, span_of(room, part)))
			return false;
		n -= part;
	}
	return true;
}

/* One chunk. False: stop there. */
static bool put_chunk(struct members *m, const struct sparse *p, struct rd *r, uint64_t *blocks, uint32_t *sum)
{
	static const uint8_t zeros[4];
	struct rd head = rd_sub(r, p->chunk_head);
	uint16_t type = rd_le16(&head);
	rd_skip(&head, 2);
	uint32_t count = rd_le32(&head), total = rd_le32(&head);
	struct rd body = rd_sub(r, total > p->chunk_head ? total - p->chunk_head : 0);
	uint64_t want = (uint64_t)count * p->block;
	if (!rd_ok(&body) || total < p->chunk_head || (type != CRC && *blocks + count > p->blocks)) {
		member_damaged(m, "cut: a chunk is damaged or missing");
		return false;
	}
	struct span data = rd_rest(&body);
	*blocks += type == CRC ? 0 : count;
	if (type == RAW && data.n == want) {
		*sum = data.n ? (uint32_t)crc32_z(*sum, data.p, data.n) : *sum;
		return member_write(m, data);
	}
	if (type == FILL && data.n == 4)
		return put_pattern(m, data, want, sum);
	if (type == DONT_CARE)
		return put_pattern(m, span_of(zeros, 4), want, sum);
	if (type == CRC && data.n == 4) {
		struct rd c = rd_of(data);
		if (rd_le32(&c) != *sum)
			members_damage(m, "a checksum does not hold");
		return true;
	}
	member_damaged(m, "cut: a chunk is damaged or missing");
	return false;
}

static void sparse_unpack(struct span s, struct members *m)
{
	struct sparse p;
	uint64_t blocks = 0;
	uint32_t sum = 0;
	if (!sparse_head(s, &p))
		return;
	struct rd r = rd_of(s);
	rd_skip(&r, p.head);
	if (!member_begin(m, &(struct member){ .path = SPAN_LIT("image") }))
		return;
	uint32_t i = 0;
	while (i < p.chunks && put_chunk(m, &p, &r, &blocks, &sum))
		i++;
	bool whole = i == p.chunks;
	if (whole && blocks != p.blocks)
		member_damaged(m, "shorter than its header says");
	member_end(m);
	if (!whole)
		members_damage(m, "cut: a chunk is damaged or missing, or a budget was reached");
	else if (p.crc && p.crc != sum)
		members_damage(m, "the checksum does not hold");
	members_detail(m, "%u chunks, %u blocks of %u", p.chunks, p.blocks, p.block);
	members_extent(m, s.n - rd_left(&r));
}

struct piece {
	const char *name;
	uint32_t size;
};

enum { PIECES = 6 };

struct boot {
	uint32_t version, page;
	uint64_t head;                           /* bytes before the first piece, whole pages */
	struct piece v[PIECES];
	unsigned n;
	struct span cmdline, more, id;
};

static void piece_add(struct boot *b, const char *name, uint32_t size)
{
	b->v[b->n++] = (struct piece){ name, size };
}

static uint64_t pages(uint64_t n, uint32_t page)
{
	return (n + page - 1) / page * page;
}

/* Versions 0 to 2. Before there were versions some makers kept the length of a device tree in their place. */
static bool boot_old(struct span s, uint32_t version, struct boot *b)
{
	struct rd r = rd_at(s, false, 8, (version == 2 ? BOOT_HEAD_2 : version == 1 ? BOOT_HEAD_1 : BOOT_HEAD_0) - 8);
	uint32_t kernel = rd_le32(&r);
	rd_skip(&r, 4);
	uint32_t ramdisk = rd_le32(&r);
	rd_skip(&r, 4);
	uint32_t second = rd_le32(&r);
	rd_skip(&r, 8);
	b->page = rd_le32(&r);
	rd_skip(&r, 8 + 16);
	b->cmdline = rd_span(&r, CMDLINE);
	b->id = rd_span(&r, 32);
	b->more = rd_span(&r, 1024);
	if (b->page < 512 || b->page > 65536 || (b->page & (b->page - 1)))
		return false;
	piece_add(b, "kernel", kernel);
	piece_add(b, "ramdisk", ramdisk);
	piece_add(b, "second", second);
	if (version > VERSION_MOST)
		piece_add(b, "dt", version);
	if (version >= 1 && version <= VERSION_MOST) {
		piece_add(b, "recovery_dtbo", rd_le32(&r));
		rd_skip(&r, 8 + 4);
	}
	if (version == 2)
		piece_add(b, "dtb", rd_le32(&r));
	b->head = pages(OLD_HEAD, b->page);
	return rd_ok(&r) && kernel;
}

/* Versions 3 and 4: pages of 4096, no addresses. */
static bool boot_new(struct span s, uint32_t version, struct boot *b)
{
	struct rd r = rd_at(s, false, 8, 36 + CMDLINE_3 + (version == 4 ? 4 : 0));
	uint32_t kernel = rd_le32(&r), ramdisk = rd_le32(&r);
	rd_skip(&r, 4 + 4 + 16 + 4);
	b->cmdline = rd_span(&r, CMDLINE_3);
	b->page = PAGE_3;
	b->head = PAGE_3;
	piece_add(b, "kernel", kernel);
	piece_add(b, "ramdisk", ramdisk);
	if (version == 4)
		piece_add(b, "signature", rd_le32(&r));
	return rd_ok(&r) && (kernel || ramdisk);
}

static bool boot_head(struct span s, struct boot *b)
{
	struct rd r = rd_at(s, false, 40, 4);
	uint32_t version = rd_le32(&r);
	*b = (struct boot){ .version = version };
	if (!rd_ok(&r))
		return false;
	if (version == 3 || version == 4)
		return boot_new(s, version, b);
	if (version > VERSION_MOST && version < DT_LEAST)
		return false;
	if (!boot_old(s, version, b))
		return false;
	b->version = version > VERSION_MOST ? 0 : version;
	return true;
}

static bool vendor_head(struct span s, struct boot *b)
{
	struct rd r = rd_at(s, false, 8, 2112 - 8);
	*b = (struct boot){ 0 };
	b->version = rd_le32(&r);
	b->page = rd_le32(&r);
	rd_skip(&r, 8);
	uint32_t ramdisk = rd_le32(&r);
	b->cmdline = rd_span(&r, CMDLINE_VENDOR);
	rd_skip(&r, 4 + 16);
	uint32_t head = rd_le32(&r), dtb = rd_le32(&r);
	struct rd four = rd_at(s, false, 2112, 16);
	uint32_t table = rd_le32(&four);
	rd_skip(&four, 8);
	uint32_t config = rd_le32(&four);
	if (!rd_ok(&r) || (b->version != 3 && b->version != 4) || b->page < 512 || b->page > 65536 ||
	    (b->page & (b->page - 1)) || head > 65536)
		return false;
	b->head = pages(head, b->page);
	piece_add(b, "vendor_ramdisk", ramdisk);
	piece_add(b, "dtb", dtb);
	if (b->version == 4) {
		piece_add(b, "vendor_ramdisk_table", table);
		piece_add(b, "bootconfig", config);
	}
	return ramdisk || dtb;
}

static bool image_head(struct span s, struct boot *b)
{
	return span_starts(s, SPAN_LIT("VNDRBOOT")) ? vendor_head(s, b) : boot_head(s, b);
}

static int boot_bid(struct span s)
{
	struct boot b;
	return image_head(s, &b) && b.head + b.v[0].size / 2 <= s.n ? 90 : 0;
}

static struct span text_of(struct span s)
{
	const uint8_t *end = s.n ? memchr(s.p, 0, s.n) : NULL;
	return end ? span_cut(s, (size_t)(end - s.p)) : s;
}

/* SHA-1 over each piece and its length, as mkbootimg keeps it in the header. */
static bool id_holds(struct span s, const struct boot *b)
{
	uint8_t got[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *sha = EVP_MD_CTX_new();
	bool good = sha && EVP_DigestInit_ex(sha, EVP_sha1(), NULL) == 1;
	uint64_t at = b->head;
	for (unsigned i = 0; good && i < b->n; i++) {
		struct rd r = rd_at(s, false, at, b->v[i].size);
		struct span body = rd_rest(&r);
		uint32_t size = htole32(b->v[i].size);
		good = rd_ok(&r) && EVP_DigestUpdate(sha, body.p, body.n) == 1 && EVP_DigestUpdate(sha, &size, sizeof(size)) == 1;
		at += pages(b->v[i].size, b->page);
	}
	good = good && EVP_DigestFinal_ex(sha, got, NULL) == 1 && span_eq(span_of(got, 20), span_cut(b->id, 20));
	EVP_MD_CTX_free(sha);
	return good;
}

static void boot_unpack(struct span s, struct members *m)
{
	struct boot b;
	struct buf text = { .cap = 4096 };
	if (!image_head(s, &b))
		return;
	uint64_t at = b.head;
	bool good = true;
	for (unsigned i = 0; i < b.n && good; i++) {
		if (b.v[i].size == 0)
			continue;
		struct span body = span_cut(span_from(s, (size_t)(at < s.n ? at : s.n)), (size_t)b.v[i].size);
		struct member head = { .path = span_str(b.v[i].name), .offset = at, .length = body.n };
		if (body.n < b.v[i].size) {
			head.damage = "cut: the image ends first";
			members_damage(m, "cut: the image ends before its last part does");
		}
		good = member_add(m, &head, body);
		at += pages(b.v[i].size, b.page);
	}
	buf_bytes(&text, text_of(b.cmdline));
	buf_bytes(&text, text_of(b.more));
	if (text.n && good)
		good = member_add(m, &(struct member){ .path = SPAN_LIT("cmdline") }, buf_span(&text));
	buf_done(&text);
	bool has_id = b.id.n && memcmp(b.id.p, "\0\0\0\0\0\0\0\0", 8) != 0;
	members_detail(m, "version %u, pages of %u%s", b.version, b.page,
		       !good || !has_id || !members_step(m, at) ? "" : id_holds(s, &b) ? ", checksum holds" :
		       ", checksum does not hold");
	members_extent(m, at);
}

const struct unpacker unpacker_sparse = {
	.kind = KIND_STREAM,
	.name = "android-sparse", .doc = "Android sparse images", .magics = { { "\x3a\xff\x26\xed", 4, 0 } },
	.bid = sparse_bid, .unpack = sparse_unpack,
};

const struct unpacker unpacker_bootimg = {
	.kind = KIND_BOOT,
	.name = "android-boot", .doc = "Android boot images, versions 0 to 4, and vendor boot images",
	.magics = { { "ANDROID!", 8, 0 }, { "VNDRBOOT", 8, 0 } }, .bid = boot_bid, .unpack = boot_unpack,
};
