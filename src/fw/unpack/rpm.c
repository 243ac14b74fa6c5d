/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RPM packages, version 3 and 4 of the file (LSB 5.0 Core, chapter 22): lead of 96 bytes, header of signatures, header,
 * then a packed cpio archive, which is opened by its content.
 *
 *   header: 8e ad e8 01, reserved 4, entries 4, bytes of data 4, entries (tag 4, type 4, offset 4, count 4), data
 */
#include "fw/unpack/unpack.h"

enum {
	LEAD = 96, ENTRY = 16, ENTRIES_MAX = 1 << 16, DATA_MAX = 256 << 20, STRING = 6, INT32 = 4, INT64 = 5, TAG_NAME = 1000,
	TAG_VERSION = 1001, TAG_RELEASE = 1002, TAG_ARCH = 1022, SIGNED_SIZE = 1000, SIGNED_LONG = 270, NAME_MOST = 64,
};

struct header {
	struct rd entries;
	struct span data;
	uint64_t size;
};

static bool header_read(struct span s, uint64_t at, struct header *h)
{
	struct rd r = rd_at(s, true, at, ENTRY);
	uint32_t mark = rd_be32(&r);
	rd_skip(&r, 4);
	uint32_t n = rd_be32(&r), data = rd_be32(&r);
	if (!rd_ok(&r) || mark != 0x8eade801 || n == 0 || n > ENTRIES_MAX || data > DATA_MAX)
		return false;
	h->entries = rd_at(s, true, at + ENTRY, (uint64_t)n * ENTRY);
	r = rd_at(s, true, at + ENTRY + (uint64_t)n * ENTRY, data);
	h->data = rd_rest(&r);
	h->size = ENTRY + (uint64_t)n * ENTRY + data;
	return rd_ok(&h->entries) && rd_ok(&r);
}

/* The value of a tag from its place on, and its type; empty: it is not there. */
static struct span value(const struct header *h, uint32_t tag, uint32_t *type)
{
	struct rd r = h->entries;
	while (rd_left(&r) >= ENTRY) {
		uint32_t have = rd_be32(&r);
		*type = rd_be32(&r);
		uint32_t at = rd_be32(&r);
		rd_skip(&r, 4);
		if (have == tag)
			return span_from(h->data, at);
	}
	return (struct span){ 0 };
}

static struct span text(const struct header *h, uint32_t tag)
{
	uint32_t type = 0;
	struct span found, s = value(h, tag, &type);
	struct rd r = rd_of(s);
	return type == STRING && rd_until(&r, 0, &found) ? span_cut(found, NAME_MOST) : (struct span){ 0 };
}

/* Header and payload together; 0: not said. */
static uint64_t signed_size(const struct header *signatures)
{
	uint32_t type = 0;
	struct rd r = rd_of(value(signatures, SIGNED_LONG, &type));
	uint64_t n = type == INT64 ? rd_be64(&r) : 0;
	if (n)
		return n;
	r = rd_of(value(signatures, SIGNED_SIZE, &type));
	return type == INT32 ? rd_be32(&r) : 0;
}

static bool read_all(struct span s, struct header *signatures, struct header *h, uint64_t *at)
{
	struct rd r = rd_of(s);
	rd_skip(&r, 4);
	uint8_t major = rd_u8(&r);
	if (!rd_ok(&r) || (major != 3 && major != 4) || !header_read(s, LEAD, signatures))
		return false;
	*at = (LEAD + signatures->size + 7) / 8 * 8;
	return header_read(s, *at, h);
}

static int bid(struct span s)
{
	struct rd r = rd_at(s, true, LEAD, 4);
	uint8_t major = s.n > 4 ? s.p[4] : 0;
	return rd_be32(&r) == 0x8eade801 && (major == 3 || major == 4) ? 90 : 0;
}

static void unpack(struct span s, struct members *m)
{
	struct header signatures, h;
	uint64_t at;
	if (!read_all(s, &signatures, &h, &at)) {
		members_damage(m, "its headers are damaged or cut");
		return;
	}
	uint64_t start = at + h.size, size = signed_size(&signatures);
	struct span payload = span_from(s, (size_t)start);
	uint64_t want = size > h.size ? size - h.size : payload.n;
	bool cut = want > payload.n;
	payload = span_cut(payload, cut ? payload.n : (size_t)want);
	struct span name = text(&h, TAG_NAME), version = text(&h, TAG_VERSION), release = text(&h, TAG_RELEASE),
			   arch = text(&h, TAG_ARCH);
	members_detail(m, "%.*s %.*s-%.*s for %.*s", (int)name.n, (const char *)name.p, (int)version.n,
		       (const char *)version.p, (int)release.n, (const char *)release.p, (int)arch.n, (const char *)arch.p);
	if (cut)
		members_damage(m, "cut: %zu of %llu bytes of content are here", payload.n, (unsigned long long)want);
	struct member head = { .path = SPAN_LIT("payload"), .mode = 0100644, .offset = start, .length = payload.n,
			       .damage = cut ? "cut: the package ends early" : NULL };
	(void)!member_add(m, &head, payload);
	members_extent(m, start + payload.n);
}

const struct unpacker unpacker_rpm = {
	.kind = KIND_ARCHIVE,
	.name = "rpm", .doc = "RPM packages", .magics = { { "\xed\xab\xee\xdb", 4, 0 } }, .bid = bid, .unpack = unpack,
};
