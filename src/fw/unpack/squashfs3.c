/* SPDX-License-Identifier: GPL-2.0-or-later */
/* squashfs 2 and 3 (squashfs-tools 3.4, squashfs_fs.h), in both byte orders, with zlib or with one of the ways in which
 * vendors put LZMA in its place: a header of 13 bytes, of 5, none at all, or some bytes of their own before it. Which
 * one it is shows when the root folder's inode comes out as a folder. Bit fields are packed from the low end in
 * little-endian images, from the high end in big-endian ones.
 *
 *   super: magic 4, inodes 4, (2: sizes and starts 5 x 4), major 2, minor 2, block 2, log 2, flags 1, uids 1, gids 1,
 *          time 4, root 8, block 4, fragments 4, (2: fragment table 4), size 8, uids 8, gids 8, inodes 8, folders 8,
 *          fragments 8, lookup 8; the last seven in version 3 only
 */
#include <lzma.h>

#include "fw/unpack/codec.h"
#include "fw/unpack/squash.h"

enum {
	SUPER = 119, CHECKED = 4, NAME_MOST = 256,
	DIR = 1, REG, SYMLINK, BLOCKDEV, CHARDEV, FIFO, SOCKET, LDIR, LREG, SAME_AS_USER = 255, LC_MOST = 4,
	DICTIONARY = 1 << 23,
};
static const uint32_t NO_FRAGMENT = UINT32_MAX;

/* How blocks are packed. LZMA's three small numbers are told, or tried. */
struct packing {
	bool lzma, props_here;                   /* props_here: its first byte is among what precedes the data */
	uint8_t skip;                            /* bytes before the data */
	uint8_t props_at;
	uint8_t lc, lp, pb;
};

struct squashfs {
	struct squash s;
	uint16_t major, minor;
	uint8_t flags, uids, gids;
	uint32_t inodes_said, fragments, mtime;
	uint64_t root, size, uid_table, gid_table, inode_table, dir_table, fragment_table;
	struct packing packing;
};

struct inode {
	uint32_t type, mode, uid, gid, mtime, number, fragment, offset, rdev;
	uint64_t start, size;
};

static const struct squashfs *of(const struct squash_cursor *c)
{
	return (const struct squashfs *)(const void *)c->q;      /* its first field */
}

static bool super_read(struct span s, struct squashfs *q)
{
	/* The version tells the byte order; vendors' marks do not. */
	struct rd version = rd_at(s, false, 28, 2);
	q->s.big = rd_le16(&version) > 9;
	struct rd r = rd_at(s, q->s.big, 4, SUPER - 4);
	q->inodes_said = rd_u32(&r);
	uint64_t size = rd_u32(&r), uids = rd_u32(&r), gids = rd_u32(&r), inodes = rd_u32(&r), dirs = rd_u32(&r);
	q->major = rd_u16(&r);
	q->minor = rd_u16(&r);
	rd_skip(&r, 2);
	uint16_t log = rd_u16(&r);
	q->flags = rd_u8(&r);
	q->uids = rd_u8(&r);
	q->gids = rd_u8(&r);
	q->mtime = rd_u32(&r);
	q->root = rd_u64(&r);
	q->s.block_size = rd_u32(&r);
	q->fragments = rd_u32(&r);
	uint64_t fragments = rd_u32(&r);
	bool is_new = q->major == 3;
	q->size = is_new ? rd_u64(&r) : size;
	q->uid_table = is_new ? rd_u64(&r) : uids;
	q->gid_table = is_new ? rd_u64(&r) : gids;
	q->inode_table = is_new ? rd_u64(&r) : inodes;
	q->dir_table = is_new ? rd_u64(&r) : dirs;
	q->fragment_table = is_new ? rd_u64(&r) : fragments;
	return rd_ok(&r) && (q->major == 3 || q->major == 2) && q->minor <= 9 && log >= 12 && log <= 20 &&
	       q->s.block_size == 1u << log && q->size > 63 && q->inode_table >= 63 && q->inode_table < q->size &&
	       q->dir_table < q->size;
}

static int bid(struct span s)
{
	struct squashfs q = { 0 };
	return super_read(s, &q) ? 94 : 0;
}

/* LZMA without an end mark: what the room takes, or the data gives. */
static ptrdiff_t vendor_block(const struct packing *p, struct span in, uint8_t *out, size_t room)
{
	lzma_options_lzma o = { .dict_size = DICTIONARY, .lc = p->lc, .lp = p->lp, .pb = p->pb };
	lzma_filter chain[] = { { LZMA_FILTER_LZMA1, &o }, { LZMA_VLI_UNKNOWN, NULL } };
	lzma_stream z = LZMA_STREAM_INIT;
	if (p->props_here) {
		struct rd r = rd_at(in, false, p->props_at, 1);
		uint8_t props = rd_u8(&r);
		if (!rd_ok(&r) || props >= 225)
			return -1;
		o.lc = props % 9;
		o.lp = props / 9 % 5;
		o.pb = props / 45;
	}
	in = span_from(in, p->skip);
	if (o.lc + o.lp > LC_MOST || in.n < 5 || lzma_raw_decoder(&z, chain) != LZMA_OK)
		return -1;
	z.next_in = in.p;
	z.avail_in = in.n;
	z.next_out = out;
	z.avail_out = room;
	lzma_ret rc = lzma_code(&z, LZMA_RUN);
	size_t made = room - z.avail_out;
	lzma_end(&z);
	return rc == LZMA_DATA_ERROR || rc == LZMA_MEM_ERROR || rc == LZMA_OPTIONS_ERROR || !made ? -1 : (ptrdiff_t)made;
}

static ptrdiff_t block_unpack(const void *how, struct span in, uint8_t *out, size_t room)
{
	const struct packing *p = how;
	if (!in.n)
		return -1;
	return p->lzma ? vendor_block(p, in, out, room) : codec_block(CODEC_ZLIB, in, out, room);
}

/* The next `bits` of a field of `width` bits, `at` bits of it already taken. */
static uint32_t bits_of(const struct squashfs *q, uint64_t v, unsigned width, unsigned at, unsigned bits)
{
	return (uint32_t)(v >> (q->s.big ? width - at - bits : at) & ((1ull << bits) - 1));
}

static uint32_t id_of(const struct squashfs *q, uint64_t table, uint32_t i, uint32_t count)
{
	struct rd r = rd_at(q->s.image, q->s.big, table + 4 * (uint64_t)i, 4);
	return i < count ? rd_u32(&r) : 0;
}

static void folder_inode(struct squash_cursor *c, struct inode *n)
{
	const struct squashfs *q = of(c);
	unsigned width = n->type == LDIR ? 40 : 32;
	uint64_t both = squash_number(c, width / 8);
	n->size = bits_of(q, both, width, 0, width - 13);
	n->offset = bits_of(q, both, width, width - 13, 13);
	if (q->major == 2) {
		n->mtime = (uint32_t)squash_number(c, 4);
		n->start = squash_number(c, 3);
		return;
	}
	n->start = squash_number(c, 4);
}

static void file_inode(struct squash_cursor *c, struct inode *n)
{
	bool is_new = of(c)->major == 3;
	if (!is_new)
		n->mtime = (uint32_t)squash_number(c, 4);
	if (n->type == LREG)
		squash_number(c, 4);
	n->start = squash_number(c, is_new ? 8 : 4);
	n->fragment = (uint32_t)squash_number(c, 4);
	n->offset = (uint32_t)squash_number(c, 4);
	n->size = squash_number(c, n->type == LREG ? 8 : 4);
}

/* The cursor is left where a file's list of blocks or a link's target begins. */
static bool inode_read(struct squash_cursor *c, struct inode *n)
{
	const struct squashfs *q = of(c);
	uint64_t head = squash_number(c, 4);
	*n = (struct inode){ .type = bits_of(q, head, 32, 0, 4), .mode = bits_of(q, head, 32, 4, 12), .mtime = q->mtime };
	uint32_t uid = bits_of(q, head, 32, 16, 8), gid = bits_of(q, head, 32, 24, 8);
	n->uid = id_of(q, q->uid_table, uid, q->uids);
	n->gid = gid == SAME_AS_USER ? n->uid : id_of(q, q->gid_table, gid, q->gids);
	if (q->major == 3) {
		n->mtime = (uint32_t)squash_number(c, 4);
		n->number = (uint32_t)squash_number(c, 4);
	}
	bool is_folder = n->type == DIR || n->type == LDIR, is_file = n->type == REG || n->type == LREG;
	if (q->major == 3 && !is_file)
		squash_number(c, 4);
	if (is_folder)
		folder_inode(c, n);
	else if (is_file)
		file_inode(c, n);
	else if (n->type == SYMLINK)
		n->size = squash_number(c, 2);
	else if (n->type == BLOCKDEV || n->type == CHARDEV)
		n->rdev = (uint32_t)squash_number(c, 2);
	return !c->bad && n->type >= DIR && n->type <= LREG;
}

/* A fragment that is not there lies nowhere, so nothing is read of it. */
static void add_file(struct squashfs *q, struct squash_cursor *c, struct member *head, const struct inode *n)
{
	size_t pointer = q->major == 3 ? 8 : 4, width = 2 * pointer;
	uint64_t per = SQUASH_META / width;
	struct squash_file f = { .start = n->start, .size = n->size, .has_fragment = n->fragment != NO_FRAGMENT,
				 .fragment_at = UINT64_MAX, .fragment_offset = n->offset };
	struct rd r = rd_at(q->s.image, q->s.big, q->fragment_table + pointer * (n->fragment / per), pointer);
	uint64_t block = pointer == 8 ? rd_u64(&r) : rd_u32(&r);
	struct squash_cursor table = { &q->s, block, (size_t)(n->fragment % per * width), !rd_ok(&r) };
	if (n->fragment < q->fragments) {
		uint64_t at = squash_number(&table, pointer);
		f.fragment_size = (uint32_t)squash_number(&table, 4);
		f.fragment_at = table.bad ? UINT64_MAX : at;
	}
	squash_add_file(&q->s, c, head, &f);
}

/* An empty listing of version 3 is three bytes long. */
static uint64_t listing_length(const struct squashfs *q, const struct inode *n)
{
	uint64_t least = q->major == 3 ? 3 : 0;
	return n->size > least ? n->size - least : 0;
}

static bool add_entry(struct squashfs *q, struct tree *t, const struct tree_dir *dir, struct span name, uint64_t ref)
{
	static const enum member_type types[] = { MEMBER_DIR, MEMBER_FILE, MEMBER_SYMLINK, MEMBER_BLOCK, MEMBER_CHAR,
						  MEMBER_FIFO, MEMBER_SOCKET };
	struct squash_cursor c = squash_at(&q->s, q->inode_table, ref);
	struct inode n;
	uint8_t target[MEMBER_PATH];
	if (!inode_read(&c, &n)) {
		members_damage(q->s.m, "inodes are damaged: their files are missing");
		return true;
	}
	struct member head = { .path = member_join(q->s.m, dir->path, name), .type = types[(n.type - 1) % 7], .mode = n.mode,
			       .uid = n.uid,
			       .gid = n.gid, .mtime = n.mtime };
	if (head.type == MEMBER_FILE) {
		add_file(q, &c, &head, &n);
		return !members_stopped(q->s.m);
	}
	if (head.type == MEMBER_SYMLINK && n.size <= sizeof(target) && squash_read(&c, target, (size_t)n.size))
		head.target = span_of(target, (size_t)n.size);
	if (head.type == MEMBER_BLOCK || head.type == MEMBER_CHAR) {
		head.major = n.rdev >> 8 & 0xff;
		head.minor = n.rdev & 0xff;
	}
	if (!member_add(q->s.m, &head, (struct span){ 0 }))
		return false;
	if (head.type == MEMBER_DIR && listing_length(q, &n))
		tree_push(t, dir, n.start << 16 | n.offset, listing_length(q, &n), head.path);
	return true;
}

/* Headers, each with up to 256 entries whose inodes stand in one metadata block. */
static void read_dir(struct squashfs *q, struct tree *t, const struct tree_dir *dir)
{
	struct squash_cursor c = squash_at(&q->s, q->dir_table, dir->key);
	size_t head = q->major == 3 ? 9 : 4, entry = q->major == 3 ? 5 : 3;
	uint64_t left = dir->extra;
	bool going = true;
	while (left >= head && going && !c.bad) {
		uint64_t count = squash_number(&c, 1) + 1, block = squash_number(&c, q->major == 3 ? 4 : 3);
		if (q->major == 3)
			squash_number(&c, 4);
		left -= head;
		for (; count && left > entry && going && !c.bad; count--) {
			uint64_t offset = bits_of(q, squash_number(&c, 2), 16, 0, 13);
			size_t size = (size_t)squash_number(&c, 1) + 1;
			uint8_t name[NAME_MOST];
			if (q->major == 3)
				squash_number(&c, 2);
			if (size + entry > left || !squash_read(&c, name, size)) {
				c.bad = true;
				break;
			}
			left -= entry + size;
			going = add_entry(q, t, dir, span_of(name, size), block << 16 | offset);
		}
	}
	if (going && left)
		members_damage(q->s.m, "a folder is damaged: its entries behind that are not read");
}

/* With this packing the root is a folder whose listing can be read. */
static bool packing_fits(struct squashfs *q, const struct packing *p, struct inode *root)
{
	q->packing = *p;
	squash_forget(&q->s);
	struct squash_cursor c = squash_at(&q->s, q->inode_table, q->root);
	if (!inode_read(&c, root) || (root->type != DIR && root->type != LDIR) || root->offset >= SQUASH_META)
		return false;
	struct squash_cursor d = squash_at(&q->s, q->dir_table, root->start << 16 | root->offset);
	return listing_length(q, root) == 0 || (squash_number(&d, 1) < 256 && !d.bad);
}

static bool packing_find(struct squashfs *q, struct inode *root)
{
	static const struct packing told[] = {
		{ .lzma = false }, { .lzma = true, .props_here = true, .skip = 13 }, { .lzma = true, .props_here = true, .skip = 5 },
		{ .lzma = true, .props_here = true, .skip = 17, .props_at = 4 },
		{ .lzma = true, .props_here = true, .skip = 9, .props_at = 4 }, { .lzma = true, .props_here = true, .skip = 1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		if (packing_fits(q, &told[i], root))
			return true;
	/* No header: the usual numbers first, then all that liblzma takes; with up to four bytes of the vendor's before. */
	for (uint8_t skip = 0; skip <= 4; skip += 4)
		for (uint8_t i = 0; i < 5 * 5 * 5; i++) {
			struct packing p = { .lzma = true, .skip = skip, .lc = (uint8_t)((3 + i) % 5), .lp = i / 5 % 5,
					     .pb = (uint8_t)((2 + i / 25) % 5) };
			if (p.lc + p.lp <= LC_MOST && packing_fits(q, &p, root))
				return true;
		}
	return false;
}

static void read_tree(struct squashfs *q, const struct inode *root)
{
	struct tree t;
	struct tree_dir d;
	tree_start(&t, q->s.m, root->start << 16 | root->offset, listing_length(q, root));
	while (tree_next(&t, &d))
		read_dir(q, &t, &d);
	tree_done(&t);
}

static void packing_said(const struct squashfs *q)
{
	const struct packing *p = &q->packing;
	char how[48] = "zlib";
	if (p->lzma && p->props_here)
		snprintf(how, sizeof(how), "LZMA with a header of %u bytes", p->skip);
	else if (p->lzma)
		snprintf(how, sizeof(how), "LZMA without header (lc %u, lp %u, pb %u)", p->lc, p->lp, p->pb);
	members_detail(q->s.m, "version %u.%u, %s-endian, %s, blocks of %u KiB, %u inodes", q->major, q->minor,
		       q->s.big ? "big" : "little", how, q->s.block_size / 1024, q->inodes_said);
}

static void unpack(struct span s, struct members *m)
{
	struct squashfs q = { .s = { .m = m, .unpack = block_unpack } };
	struct inode root;
	if (!super_read(s, &q))
		return;
	if (q.size > s.n)
		members_damage(m, "cut: %zu of %llu bytes are here", s.n, (unsigned long long)q.size);
	q.s.image = span_cut(s, (size_t)(q.size < s.n ? q.size : s.n));
	q.s.how = &q.packing;
	q.s.head = q.flags & CHECKED ? 3 : 2;    /* images made to be checked have a byte of 0xff behind each length */
	squash_init(&q.s);
	if (packing_find(&q, &root)) {
		read_tree(&q, &root);
		packing_said(&q);
		members_extent(m, q.s.image.n);
	} else {
		members_damage(m, "squashfs %u.%u whose root cannot be read: damaged, or packed in a way that is not known", q.major,
			       q.minor);
	}
	if (q.s.damaged)
		members_damage(m, "blocks of %u files are damaged", q.s.damaged);
	squash_done(&q.s);
}

const struct unpacker unpacker_squashfs3 = {
	.kind = KIND_FILES,
	.name = "squashfs3", .doc = "squashfs 2 and 3, both byte orders, zlib and vendors' LZMA",
	.magics = { { "hsqs", 4, 0 }, { "sqsh", 4, 0 }, { "shsq", 4, 0 }, { "qshs", 4, 0 }, { "hsqt", 4, 0 },
		    { "tqsh", 4, 0 }, { "sqlz", 4, 0 } },
	.bid = bid, .unpack = unpack,
};
