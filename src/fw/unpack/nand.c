/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a programmer reads from raw NAND: behind each page its spare bytes, with a marker of bad blocks, perhaps
 * checksums, perhaps nothing. Nothing says so; the columns do: the marker is 0xff behind nearly every page, and what
 * stands just before it is not. The spare bytes are taken out; where a YAFFS lies they are kept, for it keeps its
 * own things there. Pages whose checksums are Linux' Hamming code are checked, and a bit that flipped is turned
 * back; of other codes the length says what they are most likely, and they are not checked. */
#include "fw/unpack/ecc.h"
#include "fw/unpack/yaffs.h"

enum {
	SAMPLES = 256, PAGES_LEAST = 16, USED_LEAST = 8, BEFORE = 16, TAIL = 256, PAGE_MOST = 16384, SPARE_MOST = 1280,
	CHECK = 32, ALIGNED = 4, FIXED_MOST = 8, RECORD = 32, LOOKS_MOST = 4096, STRANGE_MOST = 64,
};

struct layout {
	uint32_t page, spare;
	uint32_t marker;                         /* which byte of the spare tells a bad block */
};

static const struct layout layouts[] = {
	{ 512, 16, 5 }, { 2048, 64, 0 }, { 2048, 112, 0 }, { 2048, 128, 0 }, { 4096, 128, 0 }, { 4096, 218, 0 },
	{ 4096, 224, 0 }, { 4096, 256, 0 }, { 8192, 256, 0 }, { 8192, 436, 0 }, { 8192, 448, 0 }, { 8192, 512, 0 },
	{ 8192, 640, 0 }, { 8192, 744, 0 }, { 16384, 1280, 0 },
};

/* How often each column is 0xff in the pages that hold something, and like the first of them. */
struct columns {
	uint32_t used, erased, erased_wrong;
	uint32_t data[TAIL], spare[SPARE_MOST], like_first[SPARE_MOST];
};

static bool all_ff(struct span s)
{
	return s.n && s.p[0] == 0xff && memcmp(s.p, s.p + 1, s.n - 1) == 0;
}

static uint64_t stride_of(const struct layout *l)
{
	return (uint64_t)l->page + l->spare;
}

static void columns_count(struct span s, const struct layout *l, struct columns *c)
{
	uint64_t stride = stride_of(l), pages = s.n / stride, every = pages > SAMPLES ? pages / SAMPLES : 1;
	struct span first = { 0 };
	for (uint64_t i = 0; i < pages; i += every) {
		struct rd r = rd_at(s, false, i * stride, stride);
		struct span page = rd_span(&r, l->page), spare = rd_rest(&r), end = span_from(page, l->page - TAIL);
		if (all_ff(page)) {
			c->erased++;
			c->erased_wrong += !all_ff(spare);
			continue;
		}
		first = first.n ? first : spare;
		c->used++;
		for (size_t k = 0; k < TAIL; k++)
			c->data[k] += end.p[k] == 0xff;
		for (size_t k = 0; k < spare.n; k++) {
			c->spare[k] += spare.p[k] == 0xff;
			c->like_first[k] += spare.p[k] == first.p[k];
		}
	}
}

static bool is_fixed(const struct columns *c, size_t k)
{
	return c->spare[k] * 64 >= c->used * 63;
}

/* The marker and one column more stand out against the data before them. `strictly`, for pages in the midst of other
 * bytes: against the very last of it, so that no place a byte or two off passes, and no such column among the data,
 * as tables of records have. */
static bool layout_fits(struct span s, const struct layout *l, bool strictly)
{
	AUTO_FREE struct columns *c = mem_new(sizeof(*c));
	unsigned plain = 0, set = 0, among = 0;
	if (s.n % stride_of(l) || s.n / stride_of(l) < PAGES_LEAST)
		return false;
	columns_count(s, l, c);
	if (c->used < USED_LEAST || c->erased_wrong * 32 > c->erased)
		return false;
	for (size_t k = TAIL - BEFORE; k < TAIL; k++)
		plain += c->data[k] * 2 < c->used;
	for (size_t k = 0; k < TAIL; k++)
		among += c->data[k] * 4 >= c->used * 3;
	for (size_t k = 0; k < l->spare; k++)
		set += is_fixed(c, k);
	if (strictly && (c->data[TAIL - 1] * 2 >= c->used || among * 50 > TAIL))
		return false;
	return is_fixed(c, l->marker) && set >= 2 && plain >= BEFORE * 3 / 4;
}

/* A few bytes tell most places off: a page that holds something, and markers behind it and those that follow, where
 * the byte before the spare and one some records before the marker are no markers. */
static bool glance(struct span s, const struct layout *l)
{
	uint64_t stride = stride_of(l), used = 0, before = 0, among = 0;
	if (s.n < stride * PAGES_LEAST || s.p[l->page + l->marker] != 0xff || s.p[0] == 0xff)
		return false;
	for (uint64_t i = 0, odd = 0; i < PAGES_LEAST; i++) {
		struct rd r = rd_at(s, false, i * stride, stride);
		struct span page = rd_span(&r, l->page), spare = rd_rest(&r);
		bool empty = page.p[0] == 0xff && page.p[l->page / 4] == 0xff && page.p[l->page / 2] == 0xff &&
			     page.p[l->page - 1] == 0xff;
		odd += !empty && spare.p[l->marker] != 0xff;
		used += !empty;
		before += !empty && page.p[l->page - 1] == 0xff;
		among += !empty && page.p[l->page + l->marker - RECORD] == 0xff;
		if (odd > 1 || i + 1 - used > PAGES_LEAST - USED_LEAST)
			return false;
	}
	return before * 2 < used && among * 4 < used * 3;
}

static bool begins(struct span s, const struct layout *l)
{
	return glance(s, l) && layout_fits(span_cut(s, (size_t)(PAGES_LEAST * stride_of(l))), l, true);
}

/* How far pages of this layout go: as long as the columns that are 0xff in the first of them stay so. A bad block
 * may be strange, erased pages are part of it when something follows or nothing else does. */
static uint64_t extent_of(struct span s, const struct layout *l)
{
	AUTO_FREE struct columns *c = mem_new(sizeof(*c));
	uint64_t stride = stride_of(l), pages = s.n / stride, good = 0, strange = 0, i = 0;
	size_t fixed[FIXED_MOST] = { l->marker }, n = 1;
	columns_count(span_cut(s, (size_t)(stride * PAGES_LEAST)), l, c);
	for (size_t k = 0; k < l->spare && n < FIXED_MOST; k++)
		if (k != l->marker && is_fixed(c, k))
			fixed[n++] = k;
	for (; i < pages && strange <= STRANGE_MOST; i++) {
		struct rd r = rd_at(s, false, i * stride, stride);
		struct span page = rd_span(&r, l->page), spare = rd_rest(&r);
		bool holds = true;
		for (size_t k = 0; k < n; k++)
			holds = holds && spare.p[fixed[k]] == 0xff;
		if (holds && all_ff(page))
			continue;
		strange = holds ? 0 : strange + 1;
		good = holds ? i + 1 : good;
	}
	return (i == pages && strange == 0 ? pages : good) * stride;
}

/* The layout of the pages that begin here, and how far they go; NULL: none do. */
static const struct layout *layout_find(struct span s, uint64_t *length)
{
	uint64_t yaffs;
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
		const struct layout *l = &layouts[i];
		bool whole = layout_fits(s, l, false);
		if (!whole && !begins(s, l))
			continue;
		/* A YAFFS from the first page on reads itself. */
		*length = whole ? s.n : extent_of(s, l);
		return yaffs_lies_at(s, l->page, l->spare, &yaffs) ? NULL : l;
	}
	return NULL;
}

static int bid(struct span s)
{
	uint64_t length;
	return layout_find(s, &length) ? 70 : 0;
}

/* Four pages of 2048 with their spare bytes are as long as one of 8192, which then seems to begin some bytes before
 * them. */
static size_t begin_of_smaller(struct span s, size_t at, const struct layout *l)
{
	for (const struct layout *small = layouts; small < l; small++) {
		if (stride_of(l) % stride_of(small))
			continue;
		for (size_t p = at; p < at + stride_of(l); p += ALIGNED)
			if (begins(span_from(s, p), small))
				return p;
	}
	return at;
}

/* A marker in the midst of erased spare bytes passes some bytes early too: the last place that does is the one. */
static size_t begin_exactly(struct span s, size_t at)
{
	uint64_t length;
	const struct layout *l = layout_find(span_from(s, at), &length);
	size_t best = at;
	for (size_t p = at; l && p <= at + l->spare; p += ALIGNED)
		best = begins(span_from(s, p), l) ? p : best;
	return best;
}

/* The layouts whose marker stands where it should, as bits: one byte each, for every place of a dump is asked. */
static unsigned marked(struct span s, size_t at)
{
	unsigned bits = 0;
	for (unsigned i = 0; i < ARRAY_LEN(layouts); i++) {
		size_t marker = at + layouts[i].page + layouts[i].marker;
		bits |= (unsigned)(marker < s.n && s.p[marker] == 0xff) << i;
	}
	return bits;
}

/* The first page holds something, and that does not begin with 0xff. */
static bool find(struct span s, size_t from, size_t *at)
{
	uint64_t yaffs;
	unsigned looks = 0;
	for (size_t i = 0; from == 0 && i < ARRAY_LEN(layouts); i++)
		if (layout_fits(s, &layouts[i], false) && bid(s)) {
			*at = 0;
			return true;
		}
	uint64_t least = PAGES_LEAST * stride_of(layouts);
	for (size_t p = (from + ALIGNED - 1) / ALIGNED * ALIGNED; p + least <= s.n && looks < LOOKS_MOST; p += ALIGNED) {
		unsigned bits = s.p[p] == 0xff ? 0 : marked(s, p);
		for (unsigned i = 0; i < ARRAY_LEN(layouts) && bits >> i; i++) {
			const struct layout *l = &layouts[i];
			if (!(bits >> i & 1) || !glance(span_from(s, p), l))
				continue;
			looks++;
			if (!begins(span_from(s, p), l))
				continue;
			p = begin_exactly(s, begin_of_smaller(s, p, l));
			if (bid(span_from(s, p))) {
				*at = p;
				return true;
			}
			/* A YAFFS reads itself. */
			p += yaffs_lies_at(span_from(s, p), l->page, l->spare, &yaffs) ? (size_t)yaffs : stride_of(l);
			break;
		}
	}
	return false;
}

struct nand {
	struct members *m;
	struct span image;
	const struct layout *l;
	unsigned step;                           /* bytes that one Hamming code is for; 0: no such code */
	uint32_t code;                           /* where the first code stands in the spare */
	bool swapped;                            /* its first two bytes the other way round */
	uint64_t turned, lost;
	uint8_t page[PAGE_MOST];
};

/* The code of a step: one behind the other, but around the marker of bad blocks in the smallest spare. */
static bool code_of(const struct nand *n, struct span spare, unsigned i, uint8_t code[ECC_BYTES])
{
	static const uint8_t small[] = { 0, 1, 2, 3, 6, 7 };
	for (unsigned k = 0; k < ECC_BYTES; k++) {
		size_t at = n->code + (size_t)i * ECC_BYTES + k;
		at = n->l->page == 512 && n->code == 0 && at < sizeof(small) ? small[at] : at;
		if (at >= spare.n)
			return false;
		code[k] = spare.p[at];
	}
	return !all_ff(span_of(code, ECC_BYTES));
}

/* Pages that hold something, up to CHECK of them. */
static unsigned sample(const struct nand *n, struct span pages[CHECK], struct span spares[CHECK])
{
	uint64_t stride = stride_of(n->l);
	unsigned used = 0;
	for (uint64_t at = 0; at + stride <= n->image.n && used < CHECK && members_step(n->m, stride); at += stride) {
		struct rd r = rd_at(n->image, false, at, stride);
		pages[used] = rd_span(&r, n->l->page);
		spares[used] = rd_rest(&r);
		used += !all_ff(pages[used]);
	}
	return used;
}

/* Is there a Hamming code, over how many bytes, where, and in which order? */
static void code_find(struct nand *n)
{
	struct span pages[CHECK], spares[CHECK];
	uint8_t own[CHECK][ECC_BYTES], code[ECC_BYTES];
	unsigned used = sample(n, pages, spares);
	for (unsigned step = 256; step <= ECC_STEP_MOST; step *= 2) {
		for (unsigned i = 0; i < used; i++)
			ecc_hamming(pages[i].p, step, own[i]);
		for (n->code = 0; n->code + ECC_BYTES * (n->l->page / step) <= n->l->spare; n->code++) {
			unsigned good[2] = { 0 }, coded = 0, bit;
			for (unsigned i = 0; i < used; i++) {
				bool there = code_of(n, spares[i], 0, code);
				coded += there;
				for (unsigned swapped = 0; there && swapped < 2; swapped++) {
					int found = ecc_judge(own[i], code, step, swapped, &bit);
					good[swapped] += found == 0 || found == 1;
				}
			}
			n->swapped = good[1] > good[0];
			if (coded < 2 || good[n->swapped] * 4 < coded * 3)
				continue;
			n->step = step;
			return;
		}
	}
}

static bool put_page(struct nand *n, uint64_t at)
{
	const struct layout *l = n->l;
	struct rd r = rd_at(n->image, false, at, stride_of(l));
	struct span page = rd_span(&r, l->page), spare = rd_rest(&r);
	if (!n->step || all_ff(page))
		return member_write(n->m, page);
	memcpy(n->page, page.p, page.n);
	for (unsigned i = 0; i < l->page / n->step; i++) {
		uint8_t code[ECC_BYTES];
		int found = code_of(n, spare, i, code) ? ecc_repair(n->page + (size_t)i * n->step, n->step, code, n->swapped) : 0;
		n->turned += found == 1;
		n->lost += found < 0;
	}
	return member_write(n->m, span_of(n->page, l->page));
}

/* Where the next YAFFS begins, or the end. */
static uint64_t yaffs_next(struct nand *n, uint64_t at, uint64_t *yaffs)
{
	for (; at < n->image.n && members_step(n->m, n->l->page); at += stride_of(n->l))
		if (yaffs_lies_at(span_from(n->image, (size_t)at), n->l->page, n->l->spare, yaffs))
			return at;
	*yaffs = 0;
	return n->image.n;
}

/* Where the page would lie if there were no spare bytes. */
static unsigned long long page_at(const struct nand *n, uint64_t at)
{
	return at / stride_of(n->l) * n->l->page;
}

/* Pages without their spare bytes. */
static bool put_pages(struct nand *n, uint64_t at, uint64_t end)
{
	char name[48];
	uint64_t stride = stride_of(n->l);
	snprintf(name, sizeof(name), "pages-0x%llx", page_at(n, at));
	if (at >= end)
		return true;
	if (!member_begin(n->m, &(struct member){ .path = span_str(name), .offset = at, .length = end - at }))
		return false;
	bool good = true;
	for (; at < end && good; at += stride)
		good = put_page(n, at);
	member_end(n->m);
	return good;
}

static bool put_yaffs(struct nand *n, uint64_t at, uint64_t length)
{
	char name[48];
	struct span body = span_cut(span_from(n->image, (size_t)at), (size_t)length);
	snprintf(name, sizeof(name), "pages-0x%llx-with-spare-bytes", page_at(n, at));
	return member_add(n->m, &(struct member){ .path = span_str(name), .offset = at, .length = body.n }, body);
}

/* Columns of the spare that differ from page to page are a code's, or a file system's few: how many for 512 bytes of
 * data. */
static unsigned code_length(const struct nand *n)
{
	AUTO_FREE struct columns *c = mem_new(sizeof(*c));
	unsigned varied = 0;
	*c = (struct columns){ 0 };
	columns_count(n->image, n->l, c);
	for (size_t k = 0; k < n->l->spare; k++)
		varied += c->spare[k] * 4 < c->used && c->like_first[k] * 4 < c->used;
	return varied * 512 / n->l->page;
}

static void say_code(const struct nand *n)
{
	unsigned page = n->l->page, spare = n->l->spare, bytes = n->step ? 0 : code_length(n);
	const char *name = ecc_by_length(bytes);
	if (n->step)
		members_detail(n->m, "pages of %u, %u spare bytes, Hamming code over %u bytes, %llu bits turned back", page, spare,
			       n->step, (unsigned long long)n->turned);
	else if (!bytes)
		members_detail(n->m, "pages of %u, %u spare bytes, no code", page, spare);
	else
		members_detail(n->m, "pages of %u, %u spare bytes, a code of %u bytes for each 512, by its length %s: bits that "
			       "flipped stay so",
			       page, spare, bytes, name ? name : "none that is known");
}

static void unpack(struct span s, struct members *m)
{
	AUTO_FREE struct nand *n = mem_new(sizeof(*n));
	uint64_t length = 0, yaffs;
	*n = (struct nand){ .m = m, .l = layout_find(s, &length) };
	if (!n->l)
		return;
	n->image = span_cut(s, (size_t)length);
	code_find(n);
	for (uint64_t at = 0; at < length && !members_stopped(m); at += yaffs) {
		uint64_t end = yaffs_next(n, at, &yaffs);
		if (!put_pages(n, at, end))
			break;
		at = end;
		if (!yaffs || !put_yaffs(n, at, yaffs))
			break;
	}
	if (n->lost)
		members_damage(m, "%llu pieces of %u bytes have more wrong bits than their code tells", (unsigned long long)n->lost,
			       n->step);
	say_code(n);
	members_extent(m, length);
}

const struct unpacker unpacker_nand = {
	.kind = KIND_FLASH,
	.name = "nand", .doc = "raw NAND with its spare bytes, pages of 512 to 16384", .bid = bid, .find = find,
	.unpack = unpack,
};
