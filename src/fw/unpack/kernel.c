/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Linux kernels: the packed kernel in ARM's zImage (Linux arch/arm/boot/compressed/head.S) and in x86's bzImage
 * (Documentation/arch/x86/boot.rst), arm64's Image header, and the version text of any unpacked kernel. What is
 * packed or built in (initramfs) is recognised by its own content. */
#include "fw/unpack/unpack.h"

enum { ZIMAGE_AT = 0x24, ZIMAGE_HEAD = 0x34, BZIMAGE_AT = 0x202, SECTOR = 512, ARM64_AT = 0x38, ARM64_HEAD = 64,
       VERSION_MAX = 300, VERSION_LEAST = 20 };

struct zimage {
	uint32_t start, end;
	bool big;
};

static bool zimage_read(struct span s, struct zimage *z)
{
	struct rd r = rd_at(s, false, ZIMAGE_AT, 16);
	uint32_t magic = rd_le32(&r);
	z->big = magic == 0x18286f01;
	rd_order(&r, z->big);
	z->start = rd_u32(&r);
	z->end = rd_u32(&r);
	return rd_ok(&r) && (z->big || magic == 0x016f2818) && z->end > z->start && z->end - z->start > ZIMAGE_HEAD;
}

static int zimage_bid(struct span s)
{
	struct zimage z;
	return zimage_read(s, &z) ? 85 : 0;
}

static void zimage_unpack(struct span s, struct members *m)
{
	struct zimage z;
	if (!zimage_read(s, &z))
		return;
	struct span body = span_cut(s, z.end - z.start);
	struct member head = { .path = SPAN_LIT("loader-and-kernel"), .mode = 0100644, .offset = ZIMAGE_HEAD,
			       .length = body.n - ZIMAGE_HEAD };
	if (body.n < z.end - z.start)
		members_damage(m, "cut: %zu of %u bytes are here", body.n, z.end - z.start);
	(void)!member_add(m, &head, span_from(body, ZIMAGE_HEAD));
	members_detail(m, "ARM, %s-endian, %u bytes", z.big ? "big" : "little", z.end - z.start);
	members_extent(m, body.n);
}

const struct unpacker unpacker_zimage = {
	.kind = KIND_BOOT,
	.name = "zimage", .doc = "Linux kernel for ARM, packed",
	.magics = { { "\x18\x28\x6f\x01", 4, ZIMAGE_AT }, { "\x01\x6f\x28\x18", 4, ZIMAGE_AT } }, .bid = zimage_bid,
	.unpack = zimage_unpack,
};

struct bzimage {
	uint16_t version;
	uint64_t setup, payload, payload_length, end;
	uint16_t version_at;
};

static bool bzimage_read(struct span s, struct bzimage *b)
{
	struct rd r = rd_at(s, false, 0x1f1, 0x250 - 0x1f1);
	uint8_t sectors = rd_u8(&r);
	rd_skip(&r, 2);
	uint64_t paragraphs = rd_le32(&r);
	rd_skip(&r, 6);
	uint16_t flag = rd_le16(&r);
	rd_skip(&r, 6);
	b->version = rd_le16(&r);
	rd_skip(&r, 6);
	b->version_at = rd_le16(&r);
	rd_skip(&r, 0x248 - 0x210);
	b->payload = rd_le32(&r);
	b->payload_length = rd_le32(&r);
	b->setup = (uint64_t)((sectors ? sectors : 4) + 1) * SECTOR;
	b->payload = b->version >= 0x208 ? b->payload : 0;
	b->payload_length = b->version >= 0x208 ? b->payload_length : paragraphs * 16;
	b->end = b->setup + paragraphs * 16;
	return rd_ok(&r) && flag == 0xaa55 && b->version >= 0x200 && b->version < 0x300;
}

static int bzimage_bid(struct span s)
{
	struct bzimage b;
	return bzimage_read(s, &b) ? 85 : 0;
}

static void bzimage_unpack(struct span s, struct members *m)
{
	struct bzimage b;
	if (!bzimage_read(s, &b))
		return;
	struct rd r = rd_at(s, false, b.setup + b.payload, b.payload_length),
		      v = rd_at(s, false, (uint64_t)b.version_at + SECTOR, 200);
	struct span payload = rd_rest(&r), version = { 0 };
	struct member head = { .path = SPAN_LIT("kernel"), .mode = 0100644, .offset = b.setup + b.payload,
			       .length = payload.n };
	if (!rd_ok(&r))
		members_damage(m, "cut: the packed kernel ends early");
	else
		(void)!member_add(m, &head, payload);
	if (!b.version_at || !rd_until(&v, 0, &version))
		version = (struct span){ 0 };
	members_detail(m, "x86, boot protocol %u.%02u%s%.*s", b.version >> 8, b.version & 0xff, version.n ? ", Linux " : "",
		       (int)version.n, (const char *)version.p);
	members_extent(m, rd_ok(&r) ? b.end : 0);
}

const struct unpacker unpacker_bzimage = {
	.kind = KIND_BOOT,
	.name = "bzimage", .doc = "Linux kernel for x86, packed", .magics = { { "HdrS", 4, BZIMAGE_AT } }, .bid = bzimage_bid,
	.unpack = bzimage_unpack,
};

static int arm64_bid(struct span s)
{
	struct rd r = rd_at(s, false, 16, ARM64_HEAD - 16);
	uint64_t size = rd_le64(&r), flags = rd_le64(&r);
	return rd_ok(&r) && flags < 16 && size < (uint64_t)1 << 32 ? 80 : 0;
}

/* The kernel itself is not packed: what is built into it is found behind this header. */
static void arm64_unpack(struct span s, struct members *m)
{
	struct rd r = rd_at(s, false, 8, ARM64_HEAD - 8);
	uint64_t load = rd_le64(&r), size = rd_le64(&r);
	members_detail(m, "arm64, not packed, text offset 0x%llx, %llu bytes in memory", (unsigned long long)load,
		       (unsigned long long)size);
	members_extent(m, ARM64_HEAD);
}

const struct unpacker unpacker_arm64 = {
	.kind = KIND_BOOT,
	.name = "arm64", .doc = "Linux kernel for arm64: its header", .magics = { { "ARM\x64", 4, ARM64_AT } },
	.bid = arm64_bid, .unpack = arm64_unpack,
};

/* "Linux version 2.6.27 (who@where) (gcc version 4.1.2) #1 Tue Mar 1 …": the whole banner, not a format string. */
static struct span banner(struct span s)
{
	size_t n = 0;
	s = span_cut(s, VERSION_MAX);
	while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7f && s.p[n] != '%')
		n++;
	bool ends = n < s.n && (s.p[n] == '\n' || s.p[n] == 0);
	s = span_cut(s, n);
	bool fits = ends && n >= VERSION_LEAST && s.p[14] >= '0' && s.p[14] <= '9' && span_has(s, " (") && span_has(s, " #");
	return fits ? s : (struct span){ 0 };
}

static int linux_bid(struct span s)
{
	return banner(s).n ? 80 : 0;
}

static void linux_unpack(struct span s, struct members *m)
{
	struct span b = banner(s);
	members_detail(m, "%.*s", (int)b.n, (const char *)b.p);
	members_extent(m, b.n);
}

const struct unpacker unpacker_linux = {
	.kind = KIND_BOOT,
	.name = "linux", .doc = "version text of a Linux kernel", .magics = { { "Linux version ", 14, 0 } }, .bid = linux_bid,
	.unpack = linux_unpack,
};
