/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UBI (Linux drivers/mtd/ubi/ubi-media.h): erase blocks, each with a head that counts its erasures and a second one
 * that says which block of which volume it holds. Of two copies of a block the newer counts, unless its own checksum
 * says that it was never finished. Everything is big-endian.
 *
 *   first head:  UBI# version 1, 0 3, erasures 8, second head at 4, data at 4, image 4, 0 32, crc 4
 *   second head: UBI! version 1, kind 1, copied 1, compat 1, volume 4, block 4, 0 4, data size 4, used 4, pad 4, crc 4,
 *                0 4, number 8, 0 12, crc 4
 */
#include <zlib.h>

#include "fw/unpack/unpack.h"

enum {
	HEAD = 64, CRC_AT = 60, LAYOUT_COPIES = 2, VOLUMES = 128, VOLUME_ROW = 172, VOLUME_NAME = 128, STATIC = 2,
	BLOCK_LEAST = 1024, BLOCK_MOST = 16 << 20, STEP_LEAST = 512, HEADS_TO_TELL = 64, EMPTY_RUN = 64, FILL_MOST = 64 << 20,
	PIECE = 65536,
};
static const uint32_t LAYOUT = 0x7fffefff;

struct first_head {
	uint32_t second_at, data_at, image;
};

struct block {                                   /* an erase block in use */
	uint32_t volume, number, size, crc, pad;
	uint64_t order;                          /* the newer, the higher */
	uint64_t at;                             /* of its data in the image */
	uint64_t room;
	bool copied, is_static;
};

struct volume {
	char name[VOLUME_NAME + 24];
	uint32_t pad;
	bool is_static, listed;
};

struct ubi {
	struct members *m;
	struct span image;
	uint64_t block;                          /* bytes of one erase block */
	uint64_t end;
	struct block *v;
	size_t n, room;
	uint32_t bad, erased;
	struct volume volumes[VOLUMES];
};

/* The kernel's crc32(): set before, not turned over after. */
static uint32_t crc(struct span s)
{
	return ~(uint32_t)crc32(0, s.p, (uInt)s.n);
}

static bool first_read(struct span s, uint64_t at, struct first_head *h)
{
	struct rd r = rd_at(s, true, at, HEAD), checked = r;
	struct span mark = rd_span(&r, 4);
	if (!span_is(mark, "UBI#"))
		return false;
	rd_skip(&r, 4 + 8);
	h->second_at = rd_u32(&r);
	h->data_at = rd_u32(&r);
	h->image = rd_u32(&r);
	rd_skip(&r, 32);
	uint32_t stored = rd_u32(&r);
	return rd_ok(&r) && crc(rd_span(&checked, CRC_AT)) == stored && h->second_at >= HEAD && h->second_at < h->data_at &&
	       h->data_at < BLOCK_MOST;
}

static int bid(struct span s)
{
	struct first_head h;
	return first_read(s, 0, &h) ? 95 : 0;
}

static uint64_t common(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* The length of an erase block: what all distances between the first heads have in common. 0: there is one only. */
static uint64_t block_length(struct ubi *u)
{
	uint64_t length = 0, last = 0;
	struct first_head h;
	unsigned heads = 0;
	for (uint64_t at = STEP_LEAST; at + HEAD <= u->image.n && heads < HEADS_TO_TELL &&
	     at - last <= BLOCK_MOST; at += STEP_LEAST) {
		if (!first_read(u->image, at, &h))
			continue;
		length = common(at, length);
		last = at;
		heads++;
		if (!members_step(u->m, HEAD))
			break;
	}
	return length;
}

static void block_add(struct ubi *u, struct block b)
{
	if (u->n == u->room) {
		u->room = u->room ? u->room * 2 : 64;
		u->v = mem_grow(u->v, u->room, sizeof(*u->v));
	}
	u->v[u->n++] = b;
}

static void second_read(struct ubi *u, uint64_t at, const struct first_head *h)
{
	struct rd r = rd_at(u->image, true, at + h->second_at, HEAD), checked = r;
	struct span mark = rd_span(&r, 4);
	if (!span_is(mark, "UBI!")) {
		u->erased++;
		return;
	}
	rd_skip(&r, 1);
	struct block b = { .at = at + h->data_at };
	b.is_static = rd_u8(&r) == STATIC;
	b.copied = rd_u8(&r) != 0;
	rd_skip(&r, 1);
	b.volume = rd_u32(&r);
	b.number = rd_u32(&r);
	rd_skip(&r, 4);
	b.size = rd_u32(&r);
	rd_skip(&r, 4);
	b.pad = rd_u32(&r);
	b.crc = rd_u32(&r);
	rd_skip(&r, 4);
	b.order = rd_u64(&r);
	rd_skip(&r, 12);
	uint32_t stored = rd_u32(&r);
	b.room = u->block - h->data_at;
	if (!rd_ok(&r) || crc(rd_span(&checked, CRC_AT)) != stored || b.pad >= b.room || b.at >= u->image.n) {
		u->bad++;
		return;
	}
	b.room -= b.pad;
	block_add(u, b);
}

/* All erase blocks, up to a long run of such as are none; another image behind this one is its own container. */
static void scan(struct ubi *u)
{
	struct first_head first, h;
	unsigned none = 0;
	if (!first_read(u->image, 0, &first))
		return;
	for (uint64_t at = 0; at < u->image.n && none <= EMPTY_RUN && members_step(u->m, HEAD); at += u->block) {
		if (!first_read(u->image, at, &h)) {
			none++;
			u->bad += span_starts(span_from(u->image, (size_t)at), SPAN_LIT("UBI"));
			continue;
		}
		if (h.image != first.image || h.data_at >= u->block)
			break;
		none = 0;
		u->end = at + u->block;
		second_read(u, at, &h);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct block *x = a, *y = b;
	if (x->volume != y->volume)
		return x->volume < y->volume ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->order != y->order)
		return x->order > y->order ? -1 : 1;
	return (x->at < y->at) - (x->at > y->at);
}

static struct span data_of(const struct ubi *u, const struct block *b)
{
	return span_cut(span_from(u->image, (size_t)b->at), (size_t)b->room);
}

/* One block of each number: the newest, or the one before when its copying never ended. */
static void keep_newest(struct ubi *u)
{
	size_t n = 0;
	for (size_t i = 0; i < u->n;) {
		size_t end = i + 1, pick = i;
		while (end < u->n && u->v[end].volume == u->v[i].volume && u->v[end].number == u->v[i].number)
			end++;
		while (pick + 1 < end && u->v[pick].copied) {
			struct span data = data_of(u, &u->v[pick]);
			if (data.n >= u->v[pick].size && members_step(u->m, u->v[pick].size) &&
			    crc(span_cut(data, u->v[pick].size)) == u->v[pick].crc)
				break;
			pick++;
		}
		u->v[n++] = u->v[pick];
		i = end;
	}
	u->n = n;
}

static void read_rows(struct ubi *u, struct span s)
{
	struct rd all = rd_of(s);
	for (unsigned i = 0; i < VOLUMES && rd_left(&all) >= VOLUME_ROW; i++) {
		struct rd r = rd_sub(&all, VOLUME_ROW), checked = r;
		uint32_t reserved = rd_be32(&r);
		rd_skip(&r, 4);
		uint32_t pad = rd_be32(&r);
		uint8_t kind = rd_u8(&r);
		rd_skip(&r, 1);
		uint16_t length = rd_be16(&r);
		struct span name = rd_span(&r, VOLUME_NAME);
		rd_skip(&r, 24);
		uint32_t stored = rd_be32(&r);
		struct volume *v = &u->volumes[i];
		if (!rd_ok(&r) || !reserved || v->listed || length > VOLUME_NAME || crc(rd_span(&checked, VOLUME_ROW - 4)) != stored)
			continue;
		snprintf(v->name, sizeof(v->name), "%.*s", (int)length, (const char *)name.p);
		v->pad = pad;
		v->is_static = kind == STATIC;
		v->listed = true;
	}
}

/* The names of the volumes, from either copy of their table. */
static bool read_table(struct ubi *u)
{
	bool found = false;
	for (size_t i = 0; i < u->n; i++) {
		if (u->v[i].volume != LAYOUT || u->v[i].number >= LAYOUT_COPIES)
			continue;
		found = true;
		read_rows(u, data_of(u, &u->v[i]));
	}
	return found;
}

/* Blocks that are not mapped read as erased flash. */
static bool put_erased(struct ubi *u, uint64_t n, uint64_t *filled)
{
	AUTO_FREE uint8_t *room = mem_new(PIECE);
	memset(room, 0xff, PIECE);
	*filled += n;
	if (*filled > FILL_MOST) {
		member_damaged(u->m, "cut: its blocks lie further apart than the budget allows");
		return false;
	}
	while (n) {
		size_t part = n < PIECE ? (size_t)n : PIECE;
		if (!member_write(u->m, span_of(room, part)))
			return false;
		n -= part;
	}
	return true;
}

static bool put_block(struct ubi *u, const struct block *b)
{
	struct span data = data_of(u, b);
	if (b->is_static) {
		data = span_cut(data, b->size);
		if (data.n < b->size || crc(data) != b->crc) {
			member_damaged(u->m, "a block's checksum does not hold");
			u->bad++;
		}
	} else if (data.n < b->room) {
		member_damaged(u->m, "cut: the image ends in it");
	}
	return members_step(u->m, data.n) && member_write(u->m, data);
}

/* The blocks [i, end) are one volume, in order. */
static bool add_volume(struct ubi *u, size_t i, size_t end)
{
	char name[VOLUME_NAME + 24];
	uint32_t id = u->v[i].volume, next = 0;
	uint64_t filled = 0;
	bool named = id < VOLUMES && u->volumes[id].listed && u->volumes[id].name[0];
	if (named)
		snprintf(name, sizeof(name), "%s", u->volumes[id].name);
	else
		snprintf(name, sizeof(name), "volume-%u", id);
	struct span path = member_join(u->m, (struct span){ 0 }, span_str(name));
	if (!member_begin(u->m, &(struct member){ .path = path, .offset = u->v[i].at }))
		return false;
	for (; i < end; i++) {
		const struct block *b = &u->v[i];
		if (b->number > next && b->is_static)
			member_damaged(u->m, "blocks are missing: erased flash stands in their place");
		if (b->number > next && !put_erased(u, (b->number - next) * b->room, &filled))
			break;
		if (!put_block(u, b))
			break;
		next = b->number + 1;
	}
	member_end(u->m);
	return !members_stopped(u->m);
}

static void unpack(struct span s, struct members *m)
{
	AUTO_FREE struct ubi *u = mem_new(sizeof(*u));
	struct first_head h;
	*u = (struct ubi){ .m = m, .image = s };
	if (!first_read(s, 0, &h))
		return;
	u->block = block_length(u);
	if (u->block < BLOCK_LEAST || u->block > BLOCK_MOST) {
		members_damage(m, "one erase block only, or their lengths do not agree: its length is not known");
		u->block = s.n < BLOCK_MOST ? s.n : BLOCK_MOST;
		if (h.data_at >= u->block)
			return;
	}
	scan(u);
	if (u->n)
		qsort(u->v, u->n, sizeof(*u->v), by_place);
	keep_newest(u);
	if (!read_table(u))
		members_damage(m, "the table of volumes is missing: they have numbers for names");
	unsigned volumes = 0;
	bool good = true;
	for (size_t i = 0, end; i < u->n && good; i = end) {
		for (end = i + 1; end < u->n && u->v[end].volume == u->v[i].volume; end++)
			;
		if (u->v[i].volume == LAYOUT)
			continue;
		volumes++;
		good = add_volume(u, i, end);
	}
	if (u->bad)
		members_damage(m, "%u erase blocks are damaged", u->bad);
	members_detail(m, "%u volumes, erase blocks of %llu, %zu in use, %u erased", volumes, (unsigned long long)u->block,
		       u->n, u->erased);
	members_extent(m, u->end);
	free(u->v);
}

const struct unpacker unpacker_ubi = {
	.kind = KIND_FLASH,
	.name = "ubi", .doc = "UBI volumes on raw flash", .magics = { { "UBI#\x01", 5, 0 } }, .bid = bid, .unpack = unpack,
};
