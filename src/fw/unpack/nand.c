/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a programmer reads from raw NAND: behind each page its spare bytes, with a marker of bad blocks, perhaps checksums,
 * perhaps nothing. Nothing says so; the columns do: the marker is 0xff behind nearly every page, and what stands just
 * before it is not. The spare bytes are taken out; where a YAFFS lies they are kept, for it keeps its own things there.
 * Pages whose checksums are the Hamming code of 256 bytes (Linux drivers/mtd/nand/ecc-sw-hamming.c) are checked, and a
 * bit that flipped is turned back. */
#include "fw/unpack/yaffs.h"

enum { SAMPLES = 256, PAGES_LEAST = 16, USED_LEAST = 8, BEFORE = 16, PAGE_MOST = 16384, SPARE_MOST = 1280, STEP = 256, CODE = 3, CHECK = 32 };

struct layout {
	uint32_t page, spare;
	uint32_t marker;                         /* which byte of the spare tells a bad block */
	uint32_t code;                           /* where the Hamming code stands, when it does; 0: nowhere */
};

static const struct layout layouts[] = {
	{ 512, 16, 5, 0 }, { 2048, 64, 0, 40 }, { 2048, 112, 0, 0 }, { 2048, 128, 0, 80 }, { 4096, 128, 0, 80 }, { 4096, 218, 0, 0 },
	{ 4096, 224, 0, 0 }, { 4096, 256, 0, 0 }, { 8192, 256, 0, 0 }, { 8192, 436, 0, 0 }, { 8192, 448, 0, 0 }, { 8192, 512, 0, 0 },
	{ 8192, 640, 0, 0 }, { 8192, 744, 0, 0 }, { 16384, 1280, 0, 0 },
};

/* How often each column is 0xff in the pages that hold something. */
struct columns {
	uint32_t used, erased, erased_wrong;
	uint32_t before[BEFORE], spare[SPARE_MOST];
};

static bool all_ff(struct span s)
{
	return s.n && s.p[0] == 0xff && memcmp(s.p, s.p + 1, s.n - 1) == 0;
}

static void columns_count(struct span s, const struct layout *l, struct columns *c)
{
	uint64_t stride = l->page + l->spare, pages = s.n / stride, every = pages > SAMPLES ? pages / SAMPLES : 1;
	for (uint64_t i = 0; i < pages; i += every) {
		struct rd r = rd_at(s, false, i * stride, stride);
		struct span page = rd_span(&r, l->page), spare = rd_rest(&r), end = span_from(page, l->page - BEFORE);
		if (all_ff(page)) {
			c->erased++;
			c->erased_wrong += !all_ff(spare);
			continue;
		}
		c->used++;
		for (size_t k = 0; k < BEFORE; k++)
			c->before[k] += end.p[k] == 0xff;
		for (size_t k = 0; k < spare.n; k++)
			c->spare[k] += spare.p[k] == 0xff;
	}
}

/* The marker and one column more stand out against the data before them. */
static bool layout_fits(struct span s, const struct layout *l)
{
	struct columns c = { 0 };
	unsigned plain = 0, set = 0;
	if (s.n % (l->page + l->spare) || s.n / (l->page + l->spare) < PAGES_LEAST)
		return false;
	columns_count(s, l, &c);
	if (c.used < USED_LEAST || c.erased_wrong * 32 > c.erased)
		return false;
	for (size_t k = 0; k < BEFORE; k++)
		plain += c.before[k] * 2 < c.used;
	for (size_t k = 0; k < l->spare; k++)
		set += c.spare[k] * 64 >= c.used * 63;
	return c.spare[l->marker] * 64 >= c.used * 63 && set >= 2 && plain >= BEFORE * 3 / 4;
}

static const struct layout *layout_find(struct span s)
{
	uint64_t length;
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
		const struct layout *l = &layouts[i];
		/* A YAFFS from the first page on reads itself. */
		if (layout_fits(s, l))
			return yaffs_lies_at(s, l->page, l->spare, &length) ? NULL : l;
	}
	return NULL;
}

static int bid(struct span s)
{
	return layout_find(s) ? 70 : 0;
}

static unsigned odd(unsigned v)
{
	return (unsigned)__builtin_parity(v);
}

/* 22 bits of parity: of each half of the lines at each scale, and of each half of the bits in a line. */
static void hamming(const uint8_t *p, uint8_t code[CODE])
{
	unsigned all = 0, lines = 0, even = 0;
	for (unsigned i = 0; i < STEP; i++) {
		all ^= p[i];
		if (odd(p[i])) {
			lines ^= i;
			even ^= ~i & 0xff;
		}
	}
	unsigned both = 0;
	for (unsigned b = 0; b < 8; b++)
		both |= (lines >> b & 1) << (2 * b + 1) | (even >> b & 1) << (2 * b);
	unsigned bits = odd(all & 0x55) | odd(all & 0xaa) << 1 | odd(all & 0x33) << 2 | odd(all & 0xcc) << 3 | odd(all & 0x0f) << 4 |
			odd(all & 0xf0) << 5;
	code[0] = (uint8_t)~both;
	code[1] = (uint8_t)~(both >> 8);
	code[2] = (uint8_t)(~bits << 2 | 3);
}

/* 0: as it was written, 1: one bit turned back, 2: the bit was in the code, -1: more than one. */
static int step_check(uint8_t *p, struct span stored, bool swapped)
{
	uint8_t own[CODE];
	hamming(p, own);
	unsigned a = own[0] ^ stored.p[swapped], b = own[1] ^ stored.p[!swapped], c = (own[2] ^ stored.p[2]) >> 2;
	unsigned diff = a | b << 8 | c << 16, pairs = 0x155555, line = 0, bit = 0;
	if (!diff)
		return 0;
	if (__builtin_popcount(diff) == 1)
		return 2;
	if (((diff ^ diff >> 1) & pairs) != pairs)
		return -1;
	for (unsigned i = 0; i < 8; i++)
		line |= (diff >> (2 * i + 1) & 1) << i;
	for (unsigned i = 0; i < 3; i++)
		bit |= (c >> (2 * i + 1) & 1) << i;
	p[line] ^= (uint8_t)(1u << bit);
	return 1;
}

/* In the smallest spare the second code stands around the marker of bad blocks, in pieces: only the first is looked at. */
static struct span code_of(struct span spare, const struct layout *l, unsigned step)
{
	if (l->page == 512)
		return step ? (struct span){ 0 } : span_cut(spare, CODE);
	if (!l->code)
		return (struct span){ 0 };
	return span_cut(span_from(spare, l->code + (size_t)step * CODE), CODE);
}

struct nand {
	struct members *m;
	struct span image;
	const struct layout *l;
	bool coded, swapped;                     /* the code is Hamming's; its first two bytes the other way round */
	uint64_t turned, lost;
	uint8_t page[PAGE_MOST];
};

/* Does the code of the first pages hold, and in which order? */
static void code_find(struct nand *n)
{
	uint64_t stride = n->l->page + n->l->spare;
	unsigned good[2] = { 0 }, pages = 0;
	for (uint64_t at = 0; at + stride <= n->image.n && pages < CHECK && members_step(n->m, stride); at += stride) {
		struct rd r = rd_at(n->image, false, at, stride);
		struct span page = rd_span(&r, n->l->page), code = code_of(rd_rest(&r), n->l, 0);
		if (all_ff(page) || code.n < CODE || all_ff(code))
			continue;
		pages++;
		for (unsigned swapped = 0; swapped < 2; swapped++) {
			memcpy(n->page, page.p, STEP);
			good[swapped] += step_check(n->page, code, swapped) == 0;
		}
	}
	n->coded = pages && (good[0] * 4 >= pages * 3 || good[1] * 4 >= pages * 3);
	n->swapped = good[1] > good[0];
}

static bool put_page(struct nand *n, uint64_t at)
{
	const struct layout *l = n->l;
	struct rd r = rd_at(n->image, false, at, l->page + l->spare);
	struct span page = rd_span(&r, l->page), spare = rd_rest(&r);
	if (!n->coded || all_ff(page))
		return member_write(n->m, page);
	memcpy(n->page, page.p, page.n);
	for (unsigned i = 0; i < l->page / STEP; i++) {
		struct span code = code_of(spare, l, i);
		int found = code.n == CODE && !all_ff(code) ? step_check(n->page + (size_t)i * STEP, code, n->swapped) : 0;
		n->turned += found == 1;
		n->lost += found < 0;
	}
	return member_write(n->m, span_of(n->page, l->page));
}

/* Pages from `at` up to a YAFFS or the end, without their spare bytes. Returns where it ended. */
static uint64_t put_pages(struct nand *n, uint64_t at, uint64_t *yaffs)
{
	char name[48];
	uint64_t stride = n->l->page + n->l->spare;
	bool first = true;
	*yaffs = 0;
	snprintf(name, sizeof(name), "pages-0x%llx", (unsigned long long)(at / stride * n->l->page));
	for (; at < n->image.n && members_step(n->m, n->l->page); at += stride) {
		if (yaffs_lies_at(span_from(n->image, (size_t)at), n->l->page, n->l->spare, yaffs))
			break;
		*yaffs = 0;
		if (first && !member_begin(n->m, &(struct member){ .path = span_str(name), .offset = at }))
			return n->image.n;
		first = false;
		if (!put_page(n, at))
			break;
	}
	member_end(n->m);
	return at;
}

static void unpack(struct span s, struct members *m)
{
	AUTO_FREE struct nand *n = mem_new(sizeof(*n));
	char name[48];
	n->m = m;
	n->image = s;
	n->l = layout_find(s);
	if (!n->l)
		return;
	code_find(n);
	for (uint64_t at = 0, yaffs; at < s.n && !members_stopped(m); at += yaffs) {
		uint64_t end = put_pages(n, at, &yaffs);
		at = end;
		if (!yaffs)
			break;
		struct span body = span_cut(span_from(s, (size_t)at), (size_t)yaffs);
		snprintf(name, sizeof(name), "pages-0x%llx-with-spare-bytes", (unsigned long long)(at / (n->l->page + n->l->spare) * n->l->page));
		if (!member_add(m, &(struct member){ .path = span_str(name), .offset = at, .length = body.n }, body))
			break;
	}
	if (n->lost)
		members_damage(m, "%llu pieces of 256 bytes have more wrong bits than their code tells", (unsigned long long)n->lost);
	members_detail(m, "pages of %u, %u spare bytes%s, %llu bits turned back", n->l->page, n->l->spare,
		       n->coded ? ", Hamming code" : ", no code that is known", (unsigned long long)n->turned);
	members_extent(m, s.n);
}

const struct unpacker unpacker_nand = {
	.kind = KIND_FLASH,
	.name = "nand", .doc = "raw NAND with its spare bytes, pages of 512 to 16384", .asked_at_start = true, .bid = bid, .unpack = unpack,
};
