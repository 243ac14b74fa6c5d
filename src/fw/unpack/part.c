/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Partition tables: MBR with its chain of extended ones, and GPT (UEFI 2.10 §5). Each partition is a member; so is
 * what lies between them, for boot loaders stand there on cards without a file system.
 *
 *   MBR entry: state 1, CHS 3, type 1, CHS 3, first sector 4, sectors 4; four at 446, 55 aa at 510
 */
#include <zlib.h>

#include "fw/unpack/unpack.h"

enum {
	SECTOR = 512, ENTRIES_AT = 446, ENTRY = 16, PRIMARY = 4, PARTS_MAX = 256, PROTECTIVE = 0xee, GPT_HEAD_LEAST = 92,
	GPT_HEAD_MOST = 512, GPT_ENTRY_LEAST = 128, GPT_ENTRY_MOST = 4096, NAME_UNITS = 36, SECONDS_MOST = 64,
};
static const uint64_t sectors[] = { SECTOR, 4096 };

struct part {
	uint64_t at, length;                     /* bytes */
	char name[96];
};

struct parts {
	struct part v[PARTS_MAX];
	unsigned n;
	uint32_t dropped;
};

struct entry {
	uint8_t state, type;
	uint32_t first, sectors;
};

static struct entry entry_of(struct span s, uint64_t table, unsigned i)
{
	struct rd r = rd_at(s, false, table + ENTRIES_AT + i * ENTRY, ENTRY);
	struct entry e = { .state = rd_u8(&r) };
	rd_skip(&r, 3);
	e.type = rd_u8(&r);
	rd_skip(&r, 3);
	e.first = rd_le32(&r);
	e.sectors = rd_le32(&r);
	return e;
}

static bool is_chain(uint8_t type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* Four entries, each empty or whole, of which none lies over another and one at least begins in what is here. */
static bool mbr_holds(struct span s)
{
	struct entry e[PRIMARY];
	unsigned used = 0, here = 0;
	if (s.n < SECTOR + 1)
		return false;
	for (unsigned i = 0; i < PRIMARY; i++) {
		e[i] = entry_of(s, 0, i);
		if (e[i].state != 0 && e[i].state != 0x80)
			return false;
		if (e[i].type == 0 ? e[i].sectors != 0 || e[i].first != 0 : e[i].sectors == 0 || e[i].first == 0)
			return false;
		for (unsigned k = 0; k < i; k++)
			if (e[i].type && e[k].type && e[i].first < (uint64_t)e[k].first + e[k].sectors &&
			    e[k].first < (uint64_t)e[i].first + e[i].sectors)
				return false;
		used += e[i].type != 0;
		here += e[i].type != 0 && (uint64_t)e[i].first * SECTOR < s.n;
	}
	return used && here;
}

struct gpt {
	uint64_t sector;                         /* bytes of one */
	uint64_t own, table, backup;             /* sectors: this header, its table, the other header */
	uint32_t entries, size, crc;
	bool holds;                              /* both checksums do */
};

/* The header at `at`, of the first table or the second. */
static bool gpt_read(struct span s, uint64_t at, uint64_t sector, struct gpt *g)
{
	static const uint8_t zero[4];
	struct rd r = rd_at(s, false, at, GPT_HEAD_LEAST), whole;
	struct span signature = rd_span(&r, 8);
	uint32_t revision = rd_le32(&r), length = rd_le32(&r), crc = rd_le32(&r);
	rd_skip(&r, 4);
	uint64_t own = rd_le64(&r), backup = rd_le64(&r);
	rd_skip(&r, 8 + 8 + 16);
	*g = (struct gpt){ .sector = sector, .own = own, .backup = backup };
	g->table = rd_le64(&r);
	g->entries = rd_le32(&r);
	g->size = rd_le32(&r);
	g->crc = rd_le32(&r);
	if (!rd_ok(&r) || !span_is(signature, "EFI PART") || revision >> 16 != 1 || length < GPT_HEAD_LEAST ||
	    length > GPT_HEAD_MOST || g->table < 2 || g->table > UINT32_MAX || g->size < GPT_ENTRY_LEAST ||
	    g->size > GPT_ENTRY_MOST || g->entries == 0 || g->entries > UINT16_MAX)
		return false;
	whole = rd_at(s, false, at, length);
	struct span front = rd_span(&whole, 16);
	rd_skip(&whole, 4);
	struct span back = rd_rest(&whole);
	uLong sum = crc32(crc32(crc32(0, front.p, (uInt)front.n), zero, sizeof(zero)), back.p, (uInt)back.n);
	r = rd_at(s, false, g->table * sector, (uint64_t)g->entries * g->size);
	struct span table = rd_rest(&r);
	g->holds = rd_ok(&whole) && sum == crc && table.n && crc32(0, table.p, (uInt)table.n) == g->crc;
	return true;
}

static bool gpt_find(struct span s, struct gpt *g)
{
	for (unsigned i = 0; i < ARRAY_LEN(sectors); i++)
		if (gpt_read(s, sectors[i], sectors[i], g) && g->own == 1)
			return true;
	return false;
}

/* The next second table at or behind `from` whose sums hold: it says how far the disk's start lies before it. */
static bool gpt_second(struct span s, uint64_t from, struct gpt *g, uint64_t *start)
{
	for (unsigned hits = 0; hits < SECONDS_MOST; hits++) {
		struct span left = span_from(s, (size_t)from);
		const uint8_t *p = left.n ? memmem(left.p, left.n, "EFI PART", 8) : NULL;
		if (!p)
			return false;
		uint64_t at = (uint64_t)(p - s.p);
		for (unsigned i = 0; i < ARRAY_LEN(sectors); i++) {
			struct rd r = rd_at(s, false, at + 24, 8);
			uint64_t own = rd_le64(&r);
			if (own < 2 || own > at / sectors[i])
				continue;
			*start = at - own * sectors[i];
			if (gpt_read(span_from(s, (size_t)*start), own * sectors[i], sectors[i], g) && g->holds && g->backup == 1)
				return true;
		}
		from = at + 1;
	}
	return false;
}

/* A disk whose first table is gone and whose second is whole. */
static bool gpt_orphan(struct span s, struct gpt *g)
{
	uint64_t start;
	struct gpt first;
	return !gpt_find(s, &first) && gpt_second(s, 0, g, &start) && start == 0;
}

static bool gpt_ahead(struct span s, size_t from, size_t *at)
{
	struct gpt g, first;
	uint64_t start;
	for (uint64_t p = from; gpt_second(s, p, &g, &start); p = start + g.own * g.sector + 1) {
		if (start < from || gpt_find(span_from(s, (size_t)start), &first))
			continue;
		*at = (size_t)start;
		return true;
	}
	return false;
}

/* Where FAT stands its parameters: a partition's own first sector ends in 55 aa as well. */
static bool is_fat(struct span s)
{
	struct rd r = rd_at(s, false, 0, 25);
	uint8_t jump = rd_u8(&r);
	rd_skip(&r, 10);
	uint16_t bytes = rd_le16(&r);
	uint8_t cluster = rd_u8(&r);
	uint16_t reserved = rd_le16(&r);
	uint8_t fats = rd_u8(&r);
	rd_skip(&r, 4);
	return (jump == 0xeb || jump == 0xe9) && bytes == SECTOR && cluster && reserved && (fats == 1 || fats == 2) &&
	       rd_u8(&r) >= 0xf0;
}

static bool mbr_glance(struct span s)
{
	return mbr_holds(s) && !is_fat(s);
}

static int mbr_bid(struct span s)
{
	struct gpt g;
	return mbr_glance(s) && !gpt_find(s, &g) && !gpt_orphan(s, &g) ? 80 : 0;
}

static int gpt_bid(struct span s)
{
	struct gpt g;
	return gpt_find(s, &g) ? g.holds ? 95 : 60 : gpt_orphan(s, &g) ? 94 : 0;
}

static struct part *part_add(struct parts *p, uint64_t at, uint64_t length)
{
	if (p->n == PARTS_MAX) {
		p->dropped++;
		return NULL;
	}
	p->v[p->n] = (struct part){ .at = at, .length = length };
	return &p->v[p->n++];
}

static void part_named(struct parts *p, uint64_t first, uint64_t count, unsigned number, unsigned type)
{
	struct part *x = part_add(p, first * SECTOR, count * SECTOR);
	if (x)
		snprintf(x->name, sizeof(x->name), "partition-%u-type-%02x", number, type);
}

/* A chain of tables: the first entry of each is a partition counted from it, the second the next table, counted from
 * the first of them. It only goes forward, so it ends. */
static void read_chain(struct span s, uint32_t start, struct parts *p, struct members *m)
{
	uint64_t at = start;
	for (unsigned number = PRIMARY + 1; number < PARTS_MAX; number++) {
		struct rd r = rd_at(s, true, at * SECTOR + SECTOR - 2, 2);
		if (rd_be16(&r) != 0x55aa) {
			members_damage(m, "an extended partition table is damaged or missing");
			return;
		}
		struct entry e = entry_of(s, at * SECTOR, 0), next = entry_of(s, at * SECTOR, 1);
		if (e.type && e.sectors)
			part_named(p, at + e.first, e.sectors, number, e.type);
		if (!is_chain(next.type) || !next.sectors)
			return;
		if (start + (uint64_t)next.first <= at) {
			members_damage(m, "the extended partition tables run in a circle");
			return;
		}
		at = start + (uint64_t)next.first;
	}
}

static int by_place(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->length > y->length) - (x->length < y->length);
}

static bool is_even(struct span s)
{
	return s.n == 0 || ((s.p[0] == 0 || s.p[0] == 0xff) && memcmp(s.p, s.p + 1, s.n - 1) == 0);
}

static bool give_gap(struct span s, struct members *m, uint64_t from, uint64_t to)
{
	char name[48];
	struct rd r = rd_at(s, false, from, to - from);
	struct span gap = rd_rest(&r);
	if (!rd_ok(&r) || is_even(gap) || !members_step(m, gap.n))
		return true;
	snprintf(name, sizeof(name), "unpartitioned-0x%llx", (unsigned long long)from);
	return member_add(m, &(struct member){ .path = span_str(name), .offset = from, .length = gap.n }, gap);
}

/* Each byte goes into one member: partitions that overlap are cut, and that is said. Returns where the last one
 * ends. */
static uint64_t give_all(struct span s, struct members *m, struct parts *p, uint64_t behind_table)
{
	uint64_t done = behind_table;
	qsort(p->v, p->n, sizeof(*p->v), by_place);
	for (unsigned i = 0; i < p->n; i++) {
		struct part *x = &p->v[i];
		if (x->at >= s.n) {
			members_damage(m, "cut: partitions lie behind the end of what is here");
			break;
		}
		if (x->at < done) {
			members_damage(m, "partitions lie over one another: each byte is read once");
			uint64_t over = done - x->at;
			x->length = over < x->length ? x->length - over : 0;
			x->at = done;
		}
		if (x->length == 0)
			continue;
		if (!give_gap(s, m, done, x->at))
			break;
		struct span body = span_cut(span_from(s, (size_t)x->at), (size_t)(x->length < SIZE_MAX ? x->length : SIZE_MAX));
		struct member head = { .path = span_str(x->name), .offset = x->at, .length = body.n };
		if (body.n < x->length) {
			head.damage = "cut: the image ends before the partition does";
			members_damage(m, "cut: partitions lie behind the end of what is here");
		}
		done = x->at + body.n;
		if (!member_add(m, &head, body))
			break;
	}
	if (p->dropped)
		members_damage(m, "%u partitions more than are read", p->dropped);
	return done;
}

static void mbr_unpack(struct span s, struct members *m)
{
	AUTO_FREE struct parts *p = mem_new(sizeof(*p));
	if (!mbr_holds(s))
		return;
	for (unsigned i = 0; i < PRIMARY; i++) {
		struct entry e = entry_of(s, 0, i);
		if (is_chain(e.type))
			read_chain(s, e.first, p, m);
		else if (e.type)
			part_named(p, e.first, e.sectors, i + 1, e.type);
	}
	unsigned n = p->n;
	uint64_t end = give_all(s, m, p, SECTOR);
	members_detail(m, "%u partitions", n);
	members_extent(m, end);
}

/* UTF-16LE as the table stores it; what is no plain letter becomes '_'. */
static void name_of(struct rd r, unsigned number, struct part *p)
{
	size_t n = (size_t)snprintf(p->name, sizeof(p->name), "partition-%u", number);
	for (unsigned i = 0; i < NAME_UNITS && n + 2 < sizeof(p->name); i++) {
		uint16_t u = rd_le16(&r);
		if (!u)
			break;
		if (i == 0)
			p->name[n++] = '-';
		p->name[n++] = u > 0x20 && u < 0x7f && u != '/' ? (char)u : '_';
	}
	p->name[n] = 0;
}

static void gpt_unpack(struct span s, struct members *m)
{
	AUTO_FREE struct parts *p = mem_new(sizeof(*p));
	static const uint8_t unused[16];
	struct gpt g;
	bool whole = gpt_find(s, &g);
	if (!whole && !gpt_orphan(s, &g))
		return;
	if (!whole)
		members_damage(m, "the first table is gone: read from the second, at the end");
	uint64_t size = (uint64_t)g.entries * g.size;
	struct rd table = rd_at(s, false, g.table * g.sector, size), r = table;
	if (!rd_ok(&table) || !members_step(m, size)) {
		members_damage(m, "the table of partitions lies outside of what is here");
		return;
	}
	if (!g.holds)
		members_damage(m, "the table's checksum does not hold");
	for (unsigned i = 0; i < g.entries; i++) {
		struct rd e = rd_sub(&r, g.size);
		bool is_unused = span_eq(rd_span(&e, 16), span_of(unused, 16));
		rd_skip(&e, 16);
		uint64_t first = rd_le64(&e), last = rd_le64(&e);
		rd_skip(&e, 8);
		if (is_unused || first > last || last > UINT64_MAX / 8192)
			continue;
		struct part *x = part_add(p, first * g.sector, (last - first + 1) * g.sector);
		if (x)
			name_of(e, i + 1, x);
	}
	unsigned n = p->n;
	uint64_t end = give_all(s, m, p, whole ? g.table * g.sector + size : g.sector);
	/* The second table at the end belongs to the first. */
	uint64_t last = whole ? g.backup : g.own;
	struct rd second = rd_at(s, false, last < UINT32_MAX ? last * g.sector : UINT64_MAX, g.sector);
	if (span_is(rd_span(&second, 8), "EFI PART") && (last + 1) * g.sector > end)
		end = (last + 1) * g.sector;
	members_detail(m, "%u partitions, sectors of %u", n, (unsigned)g.sector);
	members_extent(m, end);
}

const struct unpacker unpacker_mbr = {
	.kind = KIND_FLASH,
	.name = "mbr", .doc = "MBR partition tables, extended ones too", .magics = { { "\x55\xaa", 2, SECTOR - 2 } },
	.glance = mbr_glance, .bid = mbr_bid, .unpack = mbr_unpack,
};

const struct unpacker unpacker_gpt = {
	.kind = KIND_FLASH,
	.name = "gpt", .doc = "GPT partition tables, sectors of 512 and 4096",
	.magics = { { "EFI PART", 8, SECTOR }, { "EFI PART", 8, 4096 } }, .bid = gpt_bid, .find = gpt_ahead,
	.unpack = gpt_unpack,
};
