/* SPDX-License-Identifier: GPL-2.0-or-later */
/* U-Boot's legacy image (U-Boot include/image.h): 64 bytes of header, then one image or a list of lengths and
 * several. What is packed in it is recognised by its own content.
 *
 *   magic 4, header crc 4, time 4, size 4, load 4, entry 4, data crc 4, os 1, arch 1, type 1, compression 1, name 32
 */
#include <zlib.h>

#include "fw/unpack/unpack.h"

enum { HEADER = 64, CRC_AT = 4, MULTI = 4, PARTS_MAX = 64 };

struct header {
	uint32_t crc, time, size, load, entry, data_crc;
	uint8_t os, arch, type, compression;
	struct span name;
	bool sum;                                /* the header's checksum holds */
};

static bool header_read(struct span s, struct header *h)
{
	static const uint8_t zero[4];
	struct rd r = rd_of(s), sum = r;
	rd_skip(&r, 4);
	h->crc = rd_be32(&r);
	h->time = rd_be32(&r);
	h->size = rd_be32(&r);
	h->load = rd_be32(&r);
	h->entry = rd_be32(&r);
	h->data_crc = rd_be32(&r);
	h->os = rd_u8(&r);
	h->arch = rd_u8(&r);
	h->type = rd_u8(&r);
	h->compression = rd_u8(&r);
	h->name = rd_span(&r, 32);
	struct rd name = rd_of(h->name);
	rd_until(&name, 0, &h->name);
	struct span front = rd_span(&sum, CRC_AT);
	rd_skip(&sum, 4);
	struct span back = rd_span(&sum, HEADER - 8);
	uLong crc = crc32(crc32(crc32(0, front.p, (uInt)front.n), zero, 4), back.p, (uInt)back.n);
	h->sum = rd_ok(&r) && crc == h->crc;
	return rd_ok(&r);
}

static int bid(struct span s)
{
	struct header h;
	if (!header_read(s, &h))
		return 0;
	return h.sum ? 95 : h.os <= 40 && h.arch <= 40 && h.type <= 60 && h.compression <= 8 && h.type ? 40 : 0;
}

static const char *name_in(const char *const *list, size_t n, unsigned i)
{
	return i < n && list[i] ? list[i] : "unknown";
}

/* Lengths until a zero, then the images, each on a border of four. */
static void add_parts(struct members *m, struct span data, const struct member *head)
{
	uint32_t sizes[PARTS_MAX];
	size_t n = 0;
	struct rd r = rd_of(data);
	while (n < PARTS_MAX && (sizes[n] = rd_be32(&r)) != 0 && rd_ok(&r))
		n++;
	if (!rd_ok(&r) || n == PARTS_MAX) {
		members_damage(m, "its list of parts has no end");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		char name[32];
		struct member part = *head;
		snprintf(name, sizeof(name), "part-%zu", i + 1);
		part.path = span_str(name);
		part.offset = HEADER + data.n - rd_left(&r);
		struct span s = rd_span(&r, sizes[i] < rd_left(&r) ? sizes[i] : rd_left(&r));
		part.length = s.n;
		part.damage = s.n < sizes[i] ? "cut: the image ends early" : NULL;
		if (s.n < sizes[i])
			members_damage(m, "its parts are longer than the image");
		if (!member_add(m, &part, s) || part.damage)
			return;
		rd_skip(&r, (4 - sizes[i] % 4) % 4 < rd_left(&r) ? (4 - sizes[i] % 4) % 4 : rd_left(&r));
	}
}

static void unpack(struct span s, struct members *m)
{
	static const char *const arches[] = { NULL, "alpha", "arm", "x86", "ia64", "mips", "mips64", "powerpc", "s390", "sh",
					      "sparc", "sparc64", "m68k", "nios", "microblaze", "nios2", "blackfin", "avr32", "st200", "sandbox", "nds32",
					      "or1k", "arm64", "arc", "x86-64", "xtensa", "riscv" };
	static const char *const types[] = { NULL, "program", "kernel", "initial RAM disk", "several parts", "firmware",
					     "script", "file system", "flat device tree" };
	static const char *const packers[] = { "not packed", "gzip", "bzip2", "lzma", "lzo", "lz4", "zstd" };
	struct header h;
	if (!header_read(s, &h))
		return;
	struct span data = span_cut(span_from(s, HEADER), h.size);
	bool whole = data.n == h.size;
	bool sum = whole && crc32(0, data.p, (uInt)data.n) == h.data_crc;
	struct member head = { .path = h.name.n ? h.name : SPAN_LIT("image"), .mode = 0100644, .mtime = h.time,
			       .offset = HEADER,
			       .length = data.n };
	if (!h.sum)
		members_damage(m, "the header's checksum does not hold");
	if (!whole)
		members_damage(m, "cut: %zu of %u bytes are here", data.n, h.size);
	else if (!sum)
		members_damage(m, "the data's checksum does not hold");
	if (h.type == MULTI)
		add_parts(m, data, &head);
	else
		(void)!member_add(m, &head, data);
	members_detail(m, "\"%.*s\", %s, %s, %s, load 0x%x, entry 0x%x", (int)h.name.n, (const char *)h.name.p,
		       name_in(types, ARRAY_LEN(types), h.type), name_in(arches, ARRAY_LEN(arches), h.arch),
		       name_in(packers, ARRAY_LEN(packers), h.compression), h.load, h.entry);
	members_extent(m, h.sum || whole ? HEADER + data.n : 0);
}

const struct unpacker unpacker_uimage = {
	.kind = KIND_BOOT,
	.name = "uimage", .doc = "U-Boot legacy image", .magics = { { "\x27\x05\x19\x56", 4, 0 } }, .bid = bid,
	.unpack = unpack,
};
