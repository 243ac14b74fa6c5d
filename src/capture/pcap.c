/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcap (draft-ietf-opsawg-pcap): microseconds and nanoseconds, both byte orders, and the "modified"
 * header of old patched kernels. */
#include "capture/format.h"

enum {
	MAGIC_US = (int)0xa1b2c3d4u, MAGIC_NS = (int)0xa1b23c4du, MAGIC_MODIFIED = (int)0xa1b2cd34u,
	FILE_HEADER = 24, RECORD_HEADER = 16, MODIFIED_EXTRA = 8, LINK_MASK = 0xffff,
};

static size_t open_pcap(struct span head, struct walk *w)
{
	struct rd le = rd_of(head), be = le;
	uint32_t little = rd_le32(&le), big = rd_be32(&be);
	w->big = big == (uint32_t)MAGIC_US || big == (uint32_t)MAGIC_NS || big == (uint32_t)MAGIC_MODIFIED;
	uint32_t magic = w->big ? big : little;
	if (head.n < FILE_HEADER ||
	    (magic != (uint32_t)MAGIC_US && magic != (uint32_t)MAGIC_NS && magic != (uint32_t)MAGIC_MODIFIED))
		return 0;
	w->unit_ns = magic == (uint32_t)MAGIC_NS ? 1 : 1000;
	w->extra = magic == (uint32_t)MAGIC_MODIFIED ? MODIFIED_EXTRA : 0;
	struct rd r = rd_at(head, w->big, 16, 8);
	w->snaplen = rd_u32(&r);
	w->link = rd_u32(&r) & LINK_MASK;
	return FILE_HEADER;
}

static struct stepped next_record(struct walk *w, struct span have, struct captured *out)
{
	struct rd r = rd_of(have);
	rd_order(&r, w->big);
	uint32_t sec = rd_u32(&r), frac = rd_u32(&r), kept = rd_u32(&r), wire = rd_u32(&r);
	rd_skip(&r, w->extra);
	if (!rd_ok(&r))
		return (struct stepped){ STEP_MORE, RECORD_HEADER + w->extra, NULL };
	if (kept > RECORD_MAX)
		return (struct stepped){ STEP_DAMAGED, 0, "a record says it is longer than any frame" };
	uint64_t size = (uint64_t)RECORD_HEADER + w->extra + kept;
	if (have.n < size)
		return (struct stepped){ STEP_MORE, size, NULL };
	out->bytes = rd_span(&r, kept);
	out->wire = wire > kept ? wire : kept;
	out->link = w->link;
	out->ts = (uint64_t)sec * 1000000000u + (uint64_t)frac * w->unit_ns;
	return (struct stepped){ STEP_FRAME, size, NULL };
}

const struct capture_format capture_pcap = { .name = "pcap", .open = open_pcap, .next = next_record };
