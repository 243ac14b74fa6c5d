/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, many interfaces, if_tsresol and
 * if_tsoffset; enhanced, simple and (obsolete) packet blocks; every other block is skipped. */
#include "capture/format.h"

#include <stdlib.h>

#include "base/mem.h"

enum {
	B_SECTION = 0x0a0d0d0a, B_INTERFACE = 1, B_OLD_PACKET = 2, B_SIMPLE = 3, B_ENHANCED = 6,
	ORDER_MARK = 0x1a2b3c4d, BLOCK_MIN = 12, SECTION_MIN = 28,
	OPT_TSRESOL = 9, OPT_TSOFFSET = 14, NS_DIGITS = 9, TS_DIGITS_MAX = 19,
};

struct iface {
	uint32_t link, snaplen;
	uint64_t per_second;                     /* units of the time stamp */
	int64_t offset_s;
};

static size_t open_pcapng(struct span head, struct walk *w)
{
	struct rd r = rd_of(head);
	if (rd_be32(&r) != B_SECTION)
		return 0;
	rd_skip(&r, 4);
	struct rd be = r;
	bool big = rd_be32(&be) == ORDER_MARK, little = rd_le32(&r) == ORDER_MARK;
	w->big = big;
	/* The section block itself is walked by next: nothing is consumed but what says "pcapng". */
	return rd_ok(&r) && (big || little) ? SIZE_MAX : 0;
}

static uint64_t power(uint64_t base, unsigned n)
{
	uint64_t v = 1;
	while (n-- && v <= UINT64_MAX / base)
		v *= base;
	return v;
}

static void interface_options(struct rd r, struct iface *f)
{
	while (rd_left(&r) >= 4) {
		uint16_t code = rd_u16(&r), len = rd_u16(&r);
		struct rd value = rd_sub(&r, len);
		rd_skip(&r, (4u - len % 4u) % 4u);
		if (code == 0)
			return;
		if (code == OPT_TSRESOL && len == 1) {
			uint8_t v = rd_u8(&value);
			f->per_second = v & 0x80 ? (v & 0x7f) < 63 ? (uint64_t)1 << (v & 0x7f) : (uint64_t)1 << 62
						 : power(10, v < TS_DIGITS_MAX ? v : TS_DIGITS_MAX);
		} else if (code == OPT_TSOFFSET && len == 8) {
			f->offset_s = (int64_t)rd_u64(&value);
		}
	}
}

static bool add_interface(struct walk *w, struct rd r)
{
	struct iface f = { .per_second = 1000000 };
	f.link = rd_u16(&r);
	rd_skip(&r, 2);
	f.snaplen = rd_u32(&r);
	if (!rd_ok(&r) || w->nifaces == LINK_TYPES_MAX)
		return false;
	interface_options(r, &f);
	if ((w->nifaces & (w->nifaces - 1)) == 0)
		w->ifaces = mem_grow(w->ifaces, w->nifaces ? 2 * (size_t)w->nifaces : 1, sizeof(f));
	w->ifaces[w->nifaces++] = f;
	return true;
}

/* Without 128-bit arithmetic: whole seconds first, then the rest scaled. */
static uint64_t to_ns(const struct iface *f, uint64_t units)
{
	uint64_t s = units / f->per_second, rest = units % f->per_second;
	uint64_t ns = (uint64_t)((double)rest * 1e9 / (double)f->per_second);
	if (f->per_second == 1000000)
		ns = rest * 1000;
	else if (f->per_second == 1000000000)
		ns = rest;
	return (s + (uint64_t)f->offset_s) * 1000000000u + ns;
}

static bool frame_of(struct walk *w, uint32_t type, struct rd r, struct captured *out)
{
	uint32_t id = 0, high = 0, low = 0, kept, wire;
	if (type == B_SIMPLE) {
		wire = rd_u32(&r);
		uint32_t snap = w->nifaces ? w->ifaces[0].snaplen : 0;
		kept = snap && wire > snap ? snap : wire;
		if (kept > rd_left(&r))
			kept = (uint32_t)rd_left(&r);
	} else {
		id = type == B_ENHANCED ? rd_u32(&r) : rd_u16(&r);
		if (type == B_OLD_PACKET)
			rd_skip(&r, 2);          /* drops count */
		high = rd_u32(&r);
		low = rd_u32(&r);
		kept = rd_u32(&r);
		wire = rd_u32(&r);
	}
	struct span bytes = rd_span(&r, kept);
	if (!rd_ok(&r) || id >= w->nifaces)
		return false;
	const struct iface *f = &w->ifaces[id];
	*out = (struct captured){ .bytes = bytes, .wire = wire > kept ? wire : kept, .link = f->link,
				  .ts = type == B_SIMPLE ? 0 : to_ns(f, (uint64_t)high << 32 | low) };
	return true;
}

static bool start_section(struct walk *w, struct span have)
{
	struct rd r = rd_at(have, true, 8, 4);
	uint32_t order = rd_u32(&r);
	w->big = order == ORDER_MARK;
	w->nifaces = 0;
	return w->big || order == 0x4d3c2b1a;
}

static struct stepped damaged(const char *why)
{
	return (struct stepped){ STEP_DAMAGED, 0, why };
}

static struct stepped next_block(struct walk *w, struct span have, struct captured *out)
{
	if (have.n < BLOCK_MIN)
		return (struct stepped){ STEP_MORE, BLOCK_MIN, NULL };
	struct rd r = rd_of(have);
	rd_order(&r, w->big);
	struct rd magic = r;
	if (rd_be32(&magic) == B_SECTION && !start_section(w, have))
		return damaged("a section block has no byte order mark");
	rd_order(&r, w->big);
	uint32_t type = rd_u32(&r), size = rd_u32(&r);
	if (size < BLOCK_MIN || size % 4 || (type == B_SECTION && size < SECTION_MIN))
		return damaged("a block length is wrong");
	if (size > RECORD_MAX)
		return damaged("a block says it is longer than 8 MiB");
	if (have.n < size)
		return (struct stepped){ STEP_MORE, size, NULL };
	struct rd body = rd_sub(&r, size - BLOCK_MIN);
	if (rd_u32(&r) != size)
		return damaged("the two lengths of a block differ");
	if (type == B_INTERFACE && !add_interface(w, body))
		return damaged("an interface block is too short, or there are too many");
	if (type != B_ENHANCED && type != B_SIMPLE && type != B_OLD_PACKET)
		return (struct stepped){ STEP_SKIP, size, NULL };
	if (!frame_of(w, type, body, out))
		return damaged("a packet block names no known interface or overruns itself");
	return (struct stepped){ STEP_FRAME, size, NULL };
}

const struct capture_format capture_pcapng = { .name = "pcapng", .open = open_pcapng, .next = next_block };
