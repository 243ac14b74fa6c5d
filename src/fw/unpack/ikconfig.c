/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration that a Linux kernel carries in itself (Linux kernel/configs.c, CONFIG_IKCONFIG): gzip between two
 * marks. Searched in what the kernel's own unpackers gave. */
#include "fw/unpack/codec.h"

enum { MARK = 8, GZIP_HEAD = 10, GZIP_TAIL = 8 };

/* The kernel's build writes gzip without a name; with one the head is longer. */
static struct span deflated(struct span s)
{
	struct rd r = rd_at(s, false, MARK, GZIP_HEAD), rest = rd_of(span_from(s, MARK + GZIP_HEAD));
	struct span name;
	uint32_t head = rd_be24(&r);
	uint8_t flags = rd_u8(&r);
	if (!rd_ok(&r) || head != 0x1f8b08 || (flags & ~8u) || (flags && !rd_until(&rest, 0, &name)))
		return (struct span){ 0 };
	return rd_rest(&rest);
}

static bool glance(struct span s)
{
	return deflated(s).n != 0;
}

static int bid(struct span s)
{
	struct span packed = deflated(s);
	return packed.n && codec_try(CODEC_DEFLATE, packed) ? 95 : 0;
}

static void unpack(struct span s, struct members *m)
{
	struct span packed = deflated(s);
	uint64_t at = packed.n ? (uint64_t)(packed.p - s.p) : 0;
	struct member head = { .path = SPAN_LIT("kernel.config"), .mode = 0100644, .offset = MARK };
	if (!packed.n || !member_begin(m, &head))
		return;
	struct codec_result got = codec_member(CODEC_DEFLATE, packed, m);
	member_end(m);
	m->v[m->n - 1].length = at - MARK + got.used;
	struct span behind = span_from(packed, (size_t)got.used + GZIP_TAIL);
	bool whole = got.end == CODEC_WHOLE && span_starts(behind, SPAN_LIT("IKCFG_ED"));
	if (!whole)
		members_damage(m, "cut: its end is missing");
	members_detail(m, "configuration of a Linux kernel");
	members_extent(m, at + got.used + (whole ? GZIP_TAIL + MARK : 0));
}

const struct unpacker unpacker_ikconfig = {
	.kind = KIND_SETTINGS,
	.name = "ikconfig", .doc = "the configuration that a Linux kernel carries", .magics = { { "IKCFG_ST", 8, 0 } },
	.glance = glance, .bid = bid, .unpack = unpack,
};
