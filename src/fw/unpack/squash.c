/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metadata and data blocks of squashfs (Linux Documentation/filesystems/squashfs.rst). */
#include "fw/unpack/squash.h"

/* OVER: how much longer than its content a packed block may be. */
enum { META_PLAIN = 0x8000, CACHE = 64, OVER = 64 };
static const uint32_t DATA_PLAIN = 1u << 24;

struct squash_meta {
	uint64_t at, next;                       /* in the image; next: the block behind it */
	size_t n;                                /* 0: not in use */
	uint8_t p[SQUASH_META];
};

void squash_init(struct squash *q)
{
	q->cache = mem_array(CACHE, sizeof(*q->cache));
	q->block = mem_new(q->block_size);
	q->fragment = mem_new(q->block_size);
	q->fragment_at = UINT64_MAX;
}

void squash_forget(struct squash *q)
{
	for (size_t i = 0; i < CACHE; i++)
		q->cache[i].n = 0;
}

void squash_done(struct squash *q)
{
	free(q->cache);
	free(q->block);
	free(q->fragment);
}

/* The metadata block at an offset of the image, from the cache or unpacked into it. */
static const struct squash_meta *meta_at(struct squash *q, uint64_t at)
{
	struct squash_meta *k = &q->cache[(at >> 1) % CACHE];
	if (k->n && k->at == at)
		return k;
	struct rd r = rd_at(q->image, q->big, at, q->head);
	uint16_t said = rd_u16(&r);
	size_t n = said & (META_PLAIN - 1) ? said & (META_PLAIN - 1) : META_PLAIN;
	r = rd_at(q->image, false, at + q->head, n);
	struct span packed = rd_rest(&r);
	k->n = 0;
	if (!rd_ok(&r) || n > SQUASH_META + OVER || !members_step(q->m, SQUASH_META))
		return NULL;
	ptrdiff_t made = (ptrdiff_t)(packed.n < SQUASH_META ? packed.n : SQUASH_META);
	if (said & META_PLAIN)
		memcpy(k->p, packed.p, (size_t)made);
	else
		made = q->unpack(q->how, packed, k->p, SQUASH_META);
	if (made <= 0)
		return NULL;
	k->at = at;
	k->next = at + q->head + n;
	k->n = (size_t)made;
	return k;
}

struct squash_cursor squash_at(struct squash *q, uint64_t table, uint64_t ref)
{
	return (struct squash_cursor){ q, table + (ref >> 16), ref & 0xffff, false };
}

bool squash_read(struct squash_cursor *c, uint8_t *out, size_t n)
{
	while (n && !c->bad) {
		const struct squash_meta *k = meta_at(c->q, c->block);
		if (!k || c->offset > k->n) {
			c->bad = true;
			break;
		}
		struct span here = span_cut(span_from(span_of(k->p, k->n), c->offset), n);
		memcpy(out, here.p, here.n);
		out += here.n;
		n -= here.n;
		c->offset += here.n;
		if (c->offset == k->n) {
			c->block = k->next;
			c->offset = 0;
		}
	}
	return !c->bad;
}

uint64_t squash_number(struct squash_cursor *c, size_t n)
{
	uint8_t raw[8] = { 0 };
	uint64_t v = 0;
	if (!squash_read(c, raw, n))
		return 0;
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)raw[i] << 8 * (c->q->big ? n - 1 - i : i);
	return v;
}

static ptrdiff_t data_block(struct squash *q, uint64_t at, uint32_t size, uint8_t *out)
{
	uint32_t n = size & (DATA_PLAIN - 1);
	struct rd r = rd_at(q->image, false, at, n);
	struct span packed = rd_rest(&r);
	if (!rd_ok(&r) || n == 0 || n > q->block_size + OVER || !members_step(q->m, q->block_size))
		return -1;
	if (!(size & DATA_PLAIN))
		return q->unpack(q->how, packed, out, q->block_size);
	packed = span_cut(packed, q->block_size);
	memcpy(out, packed.p, packed.n);
	return (ptrdiff_t)packed.n;
}

/* The end of a file. Neighbours share a fragment, so the last one is kept. */
static struct span fragment_of(struct squash *q, const struct squash_file *f, size_t n)
{
	if (q->fragment_at != f->fragment_at) {
		ptrdiff_t made = data_block(q, f->fragment_at, f->fragment_size, q->fragment);
		q->fragment_at = made < 0 ? UINT64_MAX : f->fragment_at;
		q->fragment_n = made < 0 ? 0 : (size_t)made;
	}
	struct rd r = rd_at(span_of(q->fragment, q->fragment_n), false, f->fragment_offset, n);
	return rd_rest(&r);
}

/* Damaged blocks become zeros, so that what follows keeps its place. */
static void file_blocks(struct squash *q, struct squash_cursor *c, const struct squash_file *f, bool *whole)
{
	uint64_t at = f->start, left = f->size;
	while (left && (left >= q->block_size || !f->has_fragment)) {
		uint64_t want = left < q->block_size ? left : q->block_size;
		uint32_t size = (uint32_t)squash_number(c, 4);
		if (c->bad) {
			member_damaged(q->m, "cut: its list of blocks is damaged");
			return;
		}
		bool hole = (size & (DATA_PLAIN - 1)) == 0;
		ptrdiff_t made = hole ? 0 : data_block(q, at, size, q->block);
		bool good = !hole && made >= (ptrdiff_t)want;
		at += size & (DATA_PLAIN - 1);
		left -= want;
		*whole = *whole && (good || hole);
		if (good ? !member_write(q->m, span_of(q->block, (size_t)want)) : !member_hole(q->m, want))
			return;
	}
	if (!left)
		return;
	struct span tail = fragment_of(q, f, (size_t)left);
	*whole = *whole && tail.n == left;
	(void)!(tail.n == left ? member_write(q->m, tail) : member_hole(q->m, left));
}

void squash_add_file(struct squash *q, struct squash_cursor *c, struct member *head, const struct squash_file *f)
{
	bool whole = true;
	head->offset = f->start;
	if (!member_begin(q->m, head))
		return;
	file_blocks(q, c, f, &whole);
	if (!whole) {
		member_damaged(q->m, "blocks are damaged or missing: zeros stand in their place");
		q->damaged++;
	}
	member_end(q->m);
}
