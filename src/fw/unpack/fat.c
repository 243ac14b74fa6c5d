/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FAT12, FAT16 and FAT32 (Microsoft, "FAT: General Overview of On-Disk Format", 1.03) with long names. Which of the
 * three it is follows from the number of clusters alone, as the norm has it; the names in the header are ignored. */
#include "fw/unpack/unpack.h"

enum {
	BOOT = 512, ENTRY = 32, FAT12_MOST = 4085, FAT16_MOST = 65525, LONG_NAME = 0x0f, VOLUME = 0x08, FOLDER = 0x10,
	READ_ONLY = 0x01, LAST_LONG = 0x40, LONG_PARTS = 20, UNITS = 13, FREE = 0xe5, ENTRIES_MOST = 65536,
};

struct fat {
	struct members *m;
	struct span image;
	uint32_t sector, cluster;                /* bytes */
	uint32_t clusters;
	uint64_t table, root, data, size;        /* places in the image */
	uint64_t table_bytes;
	uint32_t root_entries, root_cluster;
	unsigned bits;
	uint32_t looped;
};

struct long_name {
	uint16_t units[LONG_PARTS * UNITS];
	unsigned parts, next;                    /* next: which part must come; 0: all are here */
	uint8_t sum;
};

static bool is_power(uint32_t n)
{
	return n && (n & (n - 1)) == 0;
}

static bool boot_read(struct span s, struct fat *f)
{
	struct rd r = rd_at(s, false, 0, BOOT);
	uint8_t jump = rd_u8(&r);
	rd_skip(&r, 10);
	f->sector = rd_le16(&r);
	uint32_t per = rd_u8(&r), reserved = rd_le16(&r), fats = rd_u8(&r);
	f->root_entries = rd_le16(&r);
	uint32_t sectors = rd_le16(&r);
	uint8_t media = rd_u8(&r);
	uint32_t each = rd_le16(&r);
	rd_skip(&r, 8);
	uint32_t many = rd_le32(&r), each32 = rd_le32(&r);
	rd_skip(&r, 4);
	f->root_cluster = rd_le32(&r);
	sectors = sectors ? sectors : many;
	each = each ? each : each32;
	if (!rd_ok(&r) || (jump != 0xeb && jump != 0xe9 && jump != 0) || !is_power(f->sector) || f->sector < 512 ||
	    f->sector > 4096 || !is_power(per) || per * f->sector > 256 * 1024 || !reserved || (fats != 1 && fats != 2) ||
	    media < 0xf0 || !each)
		return false;
	uint64_t root_sectors = ((uint64_t)f->root_entries * ENTRY + f->sector - 1) / f->sector;
	uint64_t first = reserved + (uint64_t)fats * each + root_sectors;
	if (first >= sectors)
		return false;
	f->cluster = per * f->sector;
	f->clusters = (uint32_t)((sectors - first) / per);
	f->table = (uint64_t)reserved * f->sector;
	f->table_bytes = (uint64_t)each * f->sector;
	f->root = f->table + fats * f->table_bytes;
	f->data = first * f->sector;
	f->size = (uint64_t)sectors * f->sector;
	f->bits = f->clusters < FAT12_MOST ? 12 : f->clusters < FAT16_MOST ? 16 : 32;
	struct rd t = rd_at(s, false, f->table, 3);
	/* The first entry of the table repeats the medium, the rest of its bits are set. */
	return rd_u8(&t) == media && rd_u8(&t) == 0xff && rd_ok(&t) && (f->root_entries || f->bits == 32) && f->clusters &&
	       f->table_bytes * 8 / f->bits >= f->clusters;
}

static bool glance(struct span s)
{
	struct fat f = { 0 };
	return boot_read(s, &f);
}

static int bid(struct span s)
{
	return glance(s) ? 90 : 0;
}

/* The cluster behind c; 0: the chain ends here, or is damaged. */
static uint32_t next_of(const struct fat *f, uint32_t c)
{
	uint64_t at = f->bits == 12 ? (uint64_t)c + c / 2 : (uint64_t)c * f->bits / 8;
	struct rd r = rd_at(f->image, false, f->table + at, f->bits == 32 ? 4 : 2);
	uint32_t v = f->bits == 32 ? rd_le32(&r) & 0x0fffffff : rd_le16(&r);
	if (f->bits == 12)
		v = c & 1 ? v >> 4 : v & 0xfff;
	return rd_ok(&r) && v >= 2 && v < f->clusters + 2 ? v : 0;
}

static struct span cluster_at(const struct fat *f, uint32_t c)
{
	struct rd r = rd_at(f->image, false, f->data + (uint64_t)(c - 2) * f->cluster, f->cluster);
	return rd_rest(&r);
}

/* The content of a file: as many clusters as its size needs, not more than there are. */
static void file_put(struct fat *f, struct member *head, uint32_t c, uint32_t size)
{
	uint64_t left = size, turns = 0;
	bool together = c != 0;
	for (uint32_t k = c; k && left > f->cluster && turns++ <= f->clusters; left -= f->cluster) {
		uint32_t next = next_of(f, k);
		together = together && next == k + 1;
		k = next;
	}
	head->offset = c >= 2 ? f->data + (uint64_t)(c - 2) * f->cluster : 0;
	head->length = together ? size : 0;
	if (!member_begin(f->m, head))
		return;
	left = size;
	for (turns = 0; left; turns++) {
		struct span body = c >= 2 && c < f->clusters + 2 && turns <= f->clusters ? cluster_at(f, c) : (struct span){ 0 };
		if (!body.n) {
			member_damaged(f->m, "cut: its chain of clusters ends early or leaves the image");
			f->looped++;
			break;
		}
		body = span_cut(body, (size_t)(left < body.n ? left : body.n));
		if (!member_write(f->m, body))
			break;
		left -= body.n;
		c = left ? next_of(f, c) : 0;
	}
	member_end(f->m);
}

static void put_utf8(struct buf *b, uint32_t u)
{
	if (u < 0x80) {
		buf_u8(b, (uint8_t)u);
	} else if (u < 0x800) {
		buf_u8(b, (uint8_t)(0xc0 | u >> 6));
		buf_u8(b, (uint8_t)(0x80 | (u & 63)));
	} else {
		if (u >= 0x10000)
			buf_u8(b, (uint8_t)(0xf0 | u >> 18));
		buf_u8(b, (uint8_t)(u >= 0x10000 ? 0x80 | (u >> 12 & 63) : 0xe0 | u >> 12));
		buf_u8(b, (uint8_t)(0x80 | (u >> 6 & 63)));
		buf_u8(b, (uint8_t)(0x80 | (u & 63)));
	}
}

static void long_text(const struct long_name *l, struct buf *b)
{
	for (unsigned i = 0; i < l->parts * UNITS && l->units[i] && l->units[i] != 0xffff; i++) {
		uint32_t u = l->units[i], low = i + 1 < l->parts * UNITS ? l->units[i + 1] : 0;
		if (u >= 0xd800 && u < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
			i++;
		}
		put_utf8(b, u >= 0xd800 && u < 0xe000 ? 0xfffd : u);
	}
}

static void long_part(struct span e, struct long_name *l)
{
	struct rd r = rd_of(e);
	uint8_t order = rd_u8(&r);
	unsigned part = order & 0x3f;
	struct rd first = rd_sub(&r, 10);
	rd_skip(&r, 2);
	uint8_t sum = rd_u8(&r);
	struct rd second = rd_sub(&r, 12);
	rd_skip(&r, 2);
	struct rd third = rd_sub(&r, 4);
	if (order & LAST_LONG)
		*l = (struct long_name){ .parts = part, .next = part, .sum = sum };
	if (part == 0 || part > LONG_PARTS || part != l->next || sum != l->sum) {
		*l = (struct long_name){ 0 };
		return;
	}
	for (unsigned i = 0; i < UNITS; i++)
		l->units[(part - 1) * UNITS + i] = rd_le16(i < 5 ? &first : i < 11 ? &second : &third);
	l->next = part - 1;
}

/* Code page 850, the usual one of western Europe; most of its letters stand alike in 437. */
static const uint16_t page_850[128] = {
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec,
	0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9, 0x00ff, 0x00d6, 0x00dc, 0x00f8,
	0x00a3, 0x00d8, 0x00d7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x00ae,
	0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x00c1, 0x00c2, 0x00c0,
	0x00a9, 0x2563, 0x2551, 0x2557, 0x255d, 0x00a2, 0x00a5, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c,
	0x00e3, 0x00c3, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x00a4, 0x00f0, 0x00d0, 0x00ca, 0x00cb,
	0x00c8, 0x0131, 0x00cd, 0x00ce, 0x00cf, 0x2518, 0x250c, 0x2588, 0x2584, 0x00a6, 0x00cc, 0x2580, 0x00d3, 0x00df,
	0x00d4, 0x00d2, 0x00f5, 0x00d5, 0x00b5, 0x00fe, 0x00de, 0x00da, 0x00db, 0x00d9, 0x00fd, 0x00dd, 0x00af, 0x00b4,
	0x00ad, 0x00b1, 0x2017, 0x00be, 0x00b6, 0x00a7, 0x00f7, 0x00b8, 0x00b0, 0x00a8, 0x00b7, 0x00b9, 0x00b3, 0x00b2,
	0x25a0, 0x00a0,
};

/* A byte of a short name as Unicode, made small when its half is meant so. */
static uint32_t short_unit(uint8_t c, bool small)
{
	uint32_t u = c < 0x80 ? c : page_850[c - 0x80];
	bool capital = (u >= 'A' && u <= 'Z') || (u >= 0xc0 && u <= 0xde && u != 0xd7);
	return small && capital ? u + 32 : u;
}

/* 8.3, with the two bits that say which half is meant in small letters. */
static void short_text(struct span e, uint8_t small, struct buf *b)
{
	for (size_t i = 0; i < 11; i++) {
		uint8_t c = e.p[i] == 5 && i == 0 ? 0xe5 : e.p[i];
		bool lower = small & (i < 8 ? 0x08 : 0x10);
		if (i == 8 && !(e.p[8] == ' ' && e.p[9] == ' ' && e.p[10] == ' '))
			buf_u8(b, '.');
		if (c != ' ')
			put_utf8(b, short_unit(c, lower));
	}
}

static bool sum_fits(struct span e, uint8_t sum)
{
	uint8_t got = 0;
	for (size_t i = 0; i < 11; i++)
		got = (uint8_t)((got >> 1 | got << 7) + e.p[i]);
	return got == sum;
}

/* FAT counts from 1980, in local time of an unknown zone: taken as UTC. */
static uint64_t time_of(uint16_t date, uint16_t clock)
{
	unsigned year = 1980u + (date >> 9), month = date >> 5 & 15, day = date & 31;
	if (!month || month > 12 || !day)
		return 0;
	/* Days from the civil calendar, the year beginning in March. */
	unsigned y = year - (month <= 2), mp = (month + 9) % 12;
	uint64_t days = 365ull * y + y / 4 - y / 100 + y / 400 + (153 * mp + 2) / 5 + day - 1 - 719468;
	return days * 86400 + (clock >> 11) * 3600u + (clock >> 5 & 63) * 60u + (clock & 31) * 2u;
}

static bool add_entry(struct fat *f, struct tree *t, const struct tree_dir *dir, struct span e,
		      const struct long_name *l)
{
	struct buf name = { .cap = 2048 };
	struct rd r = rd_of(e);
	rd_skip(&r, 11);
	uint8_t attributes = rd_u8(&r), small = rd_u8(&r);
	rd_skip(&r, 7);
	uint32_t high = rd_le16(&r);
	uint16_t clock = rd_le16(&r), date = rd_le16(&r);
	uint32_t c = rd_le16(&r) | (f->bits == 32 ? high << 16 : 0), size = rd_le32(&r);
	if (l->parts && !l->next && sum_fits(e, l->sum))
		long_text(l, &name);
	if (!name.n)
		short_text(e, small, &name);
	struct member head = { .path = member_join(f->m, dir->path, buf_span(&name)), .mtime = time_of(date, clock),
			       .type = attributes & FOLDER ? MEMBER_DIR : MEMBER_FILE };
	head.mode = (attributes & FOLDER ? 0040755 : 0100755) & ~(attributes & READ_ONLY ? 0222u : 0u);
	buf_done(&name);
	if (head.type == MEMBER_FILE) {
		file_put(f, &head, c, size);
		return !members_stopped(f->m);
	}
	if (!member_add(f->m, &head, (struct span){ 0 }))
		return false;
	if (c >= 2 && c < f->clusters + 2)
		tree_push(t, dir, c, 0, head.path);
	else
		members_damage(f->m, "a folder lies outside of the image");
	return true;
}

struct listing {
	const struct tree_dir *dir;
	struct long_name l;
	uint32_t entries;
};

/* The entries in one run of bytes. False: the folder ends here. */
static bool read_entries(struct fat *f, struct tree *t, struct listing *k, struct span s)
{
	struct rd r = rd_of(s);
	while (rd_left(&r) >= ENTRY) {
		struct span e = rd_span(&r, ENTRY);
		uint8_t first = e.p[0], attributes = e.p[11];
		if (first == 0 || ++k->entries > ENTRIES_MOST || members_stopped(f->m))
			return false;
		if (first == FREE) {
			k->l = (struct long_name){ 0 };
			continue;
		}
		if ((attributes & 0x3f) == LONG_NAME) {
			long_part(e, &k->l);
			continue;
		}
		bool is_dots = first == '.' && (e.p[1] == ' ' || e.p[1] == '.');
		if (!(attributes & VOLUME) && !is_dots && !add_entry(f, t, k->dir, e, &k->l))
			return false;
		k->l = (struct long_name){ 0 };
	}
	return true;
}

static void read_dir(struct fat *f, struct tree *t, const struct tree_dir *dir)
{
	struct listing k = { .dir = dir };
	if (dir->key == 0) {
		struct rd r = rd_at(f->image, false, f->root, (uint64_t)f->root_entries * ENTRY);
		read_entries(f, t, &k, rd_rest(&r));
		return;
	}
	uint32_t c = (uint32_t)dir->key;
	while (c && members_step(f->m, f->cluster)) {
		struct span s = cluster_at(f, c);
		if (!s.n)
			members_damage(f->m, "a folder lies outside of the image");
		if (!s.n || !read_entries(f, t, &k, s))
			return;
		c = next_of(f, c);
	}
}

static void unpack(struct span s, struct members *m)
{
	struct fat f = { .m = m };
	if (!boot_read(s, &f))
		return;
	f.image = span_cut(s, (size_t)(f.size < s.n ? f.size : s.n));
	if (f.size > s.n)
		members_damage(m, "cut: %zu of %llu bytes are here", s.n, (unsigned long long)f.size);
	struct tree t;
	struct tree_dir d;
	tree_start(&t, m, f.bits == 32 ? f.root_cluster : 0, 0);
	while (tree_next(&t, &d))
		read_dir(&f, &t, &d);
	tree_done(&t);
	if (f.looped)
		members_damage(m, "%u files are cut: their chains of clusters are damaged", f.looped);
	members_detail(m, "FAT%u, clusters of %u", f.bits, f.cluster);
	members_extent(m, f.image.n);
}

const struct unpacker unpacker_fat = {
	.kind = KIND_FILES,
	.name = "fat", .doc = "FAT12, FAT16 and FAT32 with long names",
	.magics = { { "\x55\xaa", 2, 510 } }, .glance = glance, .bid = bid, .unpack = unpack,
};
