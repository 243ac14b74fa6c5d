/* SPDX-License-Identifier: GPL-2.0-or-later */
/* squashfs 4.0 (Linux Documentation/filesystems/squashfs.rst): little-endian, metadata in packed blocks of
 * 8 KiB, file data in blocks of up to 1 MiB, ends of files gathered in fragments. All six compressors. */
#include "fw/unpack/codec.h"

enum {
	SUPER = 96, META = 8192, META_PLAIN = 0x8000, BLOCK_MAX = 1 << 20, BLOCK_LEAST = 4096, CACHE = 64, NAME_MOST = 256,
	FRAGMENT_ENTRY = 16, DIR_RUN = 256,
	DIR = 1, REG, SYMLINK, BLOCKDEV, CHARDEV, FIFO, SOCKET, LDIR, LREG, LSYMLINK, LBLOCKDEV, LCHARDEV, LFIFO, LSOCKET,
};
static const uint32_t DATA_PLAIN = 1u << 24, NO_FRAGMENT = UINT32_MAX;

struct meta {                                    /* one metadata block, unpacked */
	uint64_t at, next;                       /* in the image; next: the block behind it */
	size_t n;                                /* 0: not in use */
	uint8_t p[META];
};

struct squashfs {
	struct members *m;
	struct span image;
	uint32_t block_size, fragments, inodes_said;
	uint16_t compression, ids;
	uint64_t root, size, id_table, inode_table, dir_table, fragment_table;
	enum codec codec;
	struct meta *cache;                      /* CACHE of them, by position */
	uint8_t *block, *fragment;               /* block_size each */
	uint64_t fragment_at;                    /* which fragment block stands in fragment; UINT64_MAX: none */
	size_t fragment_n;
	uint32_t damaged;
};

struct inode {
	uint16_t type, mode, uid, gid;
	uint32_t mtime, number, nlink, fragment, offset, rdev;
	uint64_t start, size;                    /* of a folder: block and length of its listing */
};

/* Reads on from (block, offset) across metadata blocks. Sticky like struct rd. */
struct cursor {
	struct squashfs *q;
	uint64_t block;
	size_t offset;
	bool bad;
};

static bool super_read(struct span s, struct squashfs *q)
{
	struct rd r = rd_of(s);
	rd_skip(&r, 4);
	q->inodes_said = rd_le32(&r);
	rd_skip(&r, 4);
	q->block_size = rd_le32(&r);
	q->fragments = rd_le32(&r);
	q->compression = rd_le16(&r);
	uint16_t log = rd_le16(&r);
	rd_skip(&r, 2);
	q->ids = rd_le16(&r);
	uint16_t major = rd_le16(&r), minor = rd_le16(&r);
	q->root = rd_le64(&r);
	q->size = rd_le64(&r);
	q->id_table = rd_le64(&r);
	rd_skip(&r, 8);
	q->inode_table = rd_le64(&r);
	q->dir_table = rd_le64(&r);
	q->fragment_table = rd_le64(&r);
	bool sizes = q->block_size >= BLOCK_LEAST && q->block_size <= BLOCK_MAX && log < 32 && q->block_size == 1u << log;
	return rd_ok(&r) && major == 4 && minor == 0 && sizes && q->size > SUPER && q->compression >= 1 && q->compression <= 6 &&
	       q->inode_table >= SUPER && q->inode_table < q->size && q->dir_table < q->size;
}

static int bid(struct span s)
{
	struct squashfs q = { 0 };
	struct rd r = rd_at(s, false, 28, 4);
	uint16_t major = rd_le16(&r);
	/* Version 4 whose other numbers are lies is worth a word, so it may still bid. */
	return super_read(s, &q) ? 95 : major == 4 && s.n >= SUPER ? 50 : 0;
}

/* The metadata block at an offset of the image, from the cache or unpacked into it. */
static const struct meta *meta_at(struct squashfs *q, uint64_t at)
{
	struct meta *k = &q->cache[(at >> 1) % CACHE];
	if (k->n && k->at == at)
		return k;
	struct rd r = rd_at(q->image, false, at, 2);
	uint16_t head = rd_le16(&r);
	size_t n = head & (META_PLAIN - 1);
	r = rd_at(q->image, false, at + 2, n);
	struct span packed = rd_rest(&r);
	k->n = 0;
	if (!rd_ok(&r) || n == 0 || n > META || !members_step(q->m, META))
		return NULL;
	ptrdiff_t made = (ptrdiff_t)packed.n;
	if (head & META_PLAIN)
		memcpy(k->p, packed.p, packed.n);
	else
		made = codec_block(q->codec, packed, k->p, META);
	if (made <= 0)
		return NULL;
	k->at = at;
	k->next = at + 2 + n;
	k->n = (size_t)made;
	return k;
}

/* n bytes into out; over the end of one block into the next. */
static bool cursor_read(struct cursor *c, uint8_t *out, size_t n)
{
	while (n && !c->bad) {
		const struct meta *k = meta_at(c->q, c->block);
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

static uint64_t number(struct cursor *c, size_t n)
{
	uint8_t raw[8] = { 0 };
	struct rd r = rd_of(span_of(raw, sizeof(raw)));
	return cursor_read(c, raw, n) ? rd_le64(&r) : 0;
}

static struct cursor cursor_at(struct squashfs *q, uint64_t table, uint64_t ref)
{
	return (struct cursor){ q, table + (ref >> 16), ref & 0xffff, false };
}

static void folder_inode(struct cursor *c, struct inode *n)
{
	if (n->type == LDIR) {
		n->nlink = (uint32_t)number(c, 4);
		n->size = number(c, 4);
		n->start = number(c, 4);
		number(c, 4);
		number(c, 2);
		n->offset = (uint32_t)number(c, 2);
		return;
	}
	n->start = number(c, 4);
	n->nlink = (uint32_t)number(c, 4);
	n->size = number(c, 2);
	n->offset = (uint32_t)number(c, 2);
}

static void file_inode(struct cursor *c, struct inode *n)
{
	bool is_long = n->type == LREG;
	n->start = number(c, is_long ? 8 : 4);
	if (is_long) {
		n->size = number(c, 8);
		number(c, 8);
		n->nlink = (uint32_t)number(c, 4);
	}
	n->fragment = (uint32_t)number(c, 4);
	n->offset = (uint32_t)number(c, 4);
	if (is_long)
		number(c, 4);
	else
		n->size = number(c, 4);
}

/* The cursor is left where a file's list of blocks or a link's target begins. */
static bool inode_read(struct cursor *c, struct inode *n)
{
	*n = (struct inode){ 0 };
	n->type = (uint16_t)number(c, 2);
	n->mode = (uint16_t)number(c, 2);
	n->uid = (uint16_t)number(c, 2);
	n->gid = (uint16_t)number(c, 2);
	n->mtime = (uint32_t)number(c, 4);
	n->number = (uint32_t)number(c, 4);
	if (n->type == DIR || n->type == LDIR) {
		folder_inode(c, n);
	} else if (n->type == REG || n->type == LREG) {
		file_inode(c, n);
	} else {
		n->nlink = (uint32_t)number(c, 4);
		if (n->type == SYMLINK || n->type == LSYMLINK)
			n->size = number(c, 4);
		else if (n->type == BLOCKDEV || n->type == CHARDEV || n->type == LBLOCKDEV || n->type == LCHARDEV)
			n->rdev = (uint32_t)number(c, 4);
	}
	return !c->bad;
}

/* Tables of tables: entry i of `width` bytes stands in the metadata block that pointer i names. */
static struct cursor table_at(struct squashfs *q, uint64_t table, uint64_t i, size_t width)
{
	uint64_t per = META / width;
	struct rd r = rd_at(q->image, false, table + 8 * (i / per), 8);
	uint64_t block = rd_le64(&r);
	return (struct cursor){ q, block, (size_t)(i % per * width), !rd_ok(&r) };
}

static uint32_t id_of(struct squashfs *q, uint16_t i)
{
	struct cursor c = table_at(q, q->id_table, i, 4);
	return i < q->ids ? (uint32_t)number(&c, 4) : 0;
}

/* One data block: size 0 is a hole. Bytes made, or -1. */
static ptrdiff_t data_block(struct squashfs *q, uint64_t at, uint32_t size, uint8_t *out)
{
	uint32_t n = size & (DATA_PLAIN - 1);
	struct rd r = rd_at(q->image, false, at, n);
	struct span packed = rd_rest(&r);
	if (!rd_ok(&r) || n > q->block_size || !members_step(q->m, q->block_size))
		return -1;
	if (!(size & DATA_PLAIN))
		return codec_block(q->codec, packed, out, q->block_size);
	memcpy(out, packed.p, packed.n);
	return (ptrdiff_t)packed.n;
}

static struct span fragment_of(struct squashfs *q, uint32_t i, uint32_t offset, size_t n)
{
	struct cursor c = table_at(q, q->fragment_table, i, FRAGMENT_ENTRY);
	uint64_t at = number(&c, 8);
	uint32_t size = (uint32_t)number(&c, 4);
	if (c.bad || i >= q->fragments)
		return (struct span){ 0 };
	if (q->fragment_at != at) {
		ptrdiff_t made = data_block(q, at, size, q->fragment);
		q->fragment_at = made < 0 ? UINT64_MAX : at;
		q->fragment_n = made < 0 ? 0 : (size_t)made;
	}
	struct rd r = rd_at(span_of(q->fragment, q->fragment_n), false, offset, n);
	return rd_rest(&r);
}

/* Damaged blocks become zeros, so that what follows keeps its place. */
static bool file_blocks(struct squashfs *q, struct cursor *c, const struct inode *n, bool *whole)
{
	uint64_t at = n->start, left = n->size;
	while (left && (left >= q->block_size || n->fragment == NO_FRAGMENT)) {
		uint64_t want = left < q->block_size ? left : q->block_size;
		uint32_t size = (uint32_t)number(c, 4);
		if (c->bad) {
			member_damaged(q->m, "cut: its list of blocks is damaged");
			return false;
		}
		bool hole = (size & (DATA_PLAIN - 1)) == 0;
		ptrdiff_t made = hole ? 0 : data_block(q, at, size, q->block);
		at += size & (DATA_PLAIN - 1);
		left -= want;
		bool good = !hole && made >= (ptrdiff_t)want;
		*whole = *whole && (good || hole);
		if (good ? !member_write(q->m, span_of(q->block, (size_t)want)) : !member_hole(q->m, want))
			return false;
	}
	if (!left)
		return true;
	struct span tail = fragment_of(q, n->fragment, n->offset, (size_t)left);
	*whole = *whole && tail.n == left;
	return tail.n == left ? member_write(q->m, tail) : member_hole(q->m, left);
}

static void add_file(struct squashfs *q, struct cursor *c, struct member *head, const struct inode *n)
{
	bool whole = true;
	head->offset = n->start;
	if (!member_begin(q->m, head))
		return;
	file_blocks(q, c, n, &whole);
	if (!whole) {
		member_damaged(q->m, "blocks are damaged or missing: zeros stand in their place");
		q->damaged++;
	}
	member_end(q->m);
}

/* The kernel's new_encode_dev: 12 bits of major, 20 of minor. */
static void device(struct member *head, uint32_t rdev)
{
	head->major = rdev >> 8 & 0xfff;
	head->minor = (rdev & 0xff) | (rdev >> 12 & 0xfff00);
}

static bool add_entry(struct squashfs *q, struct tree *t, const struct tree_dir *dir, struct span name, uint64_t ref)
{
	static const enum member_type types[] = { MEMBER_DIR, MEMBER_FILE, MEMBER_SYMLINK, MEMBER_BLOCK, MEMBER_CHAR, MEMBER_FIFO,
						  MEMBER_SOCKET };
	struct cursor c = cursor_at(q, q->inode_table, ref);
	struct inode n;
	if (!inode_read(&c, &n) || n.type < DIR || n.type > LSOCKET) {
		members_damage(q->m, "inodes are damaged: their files are missing");
		return true;
	}
	struct member head = { .path = member_join(q->m, dir->path, name), .type = types[(n.type - 1) % 7], .mode = n.mode,
			       .uid = id_of(q, n.uid), .gid = id_of(q, n.gid), .mtime = n.mtime };
	uint8_t target[MEMBER_PATH];
	if (head.type == MEMBER_FILE) {
		add_file(q, &c, &head, &n);
		return !members_stopped(q->m);
	}
	if (head.type == MEMBER_SYMLINK && n.size <= sizeof(target) && cursor_read(&c, target, (size_t)n.size))
		head.target = span_of(target, (size_t)n.size);
	if (head.type == MEMBER_BLOCK || head.type == MEMBER_CHAR)
		device(&head, n.rdev);
	if (!member_add(q->m, &head, (struct span){ 0 }))
		return false;
	/* An empty listing is three bytes long: "." and ".." count, and are not stored. */
	if (head.type == MEMBER_DIR && n.size > 3)
		tree_push(t, dir, n.start << 16 | (n.offset & 0xffff), n.size - 3, head.path);
	return true;
}

/* Headers, each with up to 256 entries whose inodes stand in one metadata block. */
static void read_dir(struct squashfs *q, struct tree *t, const struct tree_dir *dir)
{
	struct cursor c = cursor_at(q, q->dir_table, dir->key);
	uint64_t left = dir->extra;
	bool going = true;
	while (left >= 12 && going) {
		uint64_t count = number(&c, 4) + 1, block = number(&c, 4);
		number(&c, 4);
		left -= 12;
		if (c.bad || count > DIR_RUN)
			break;
		for (; count && left > 8 && going; count--) {
			uint64_t offset = number(&c, 2);
			number(&c, 4);
			size_t size = (size_t)number(&c, 2) + 1;
			uint8_t name[NAME_MOST];
			if (size > sizeof(name) || size + 8 > left || !cursor_read(&c, name, size)) {
				c.bad = true;
				break;
			}
			left -= 8 + size;
			going = add_entry(q, t, dir, span_of(name, size), block << 16 | offset);
		}
		if (c.bad)
			break;
	}
	if (going && left)
		members_damage(q->m, "a folder is damaged: its entries behind that are not read");
}

static void read_tree(struct squashfs *q)
{
	struct cursor c = cursor_at(q, q->inode_table, q->root);
	struct inode root;
	if (!inode_read(&c, &root) || (root.type != DIR && root.type != LDIR)) {
		members_damage(q->m, "the root folder cannot be read");
		return;
	}
	struct tree t;
	struct tree_dir d;
	tree_start(&t, q->m, root.start << 16 | (root.offset & 0xffff), root.size > 3 ? root.size - 3 : 0);
	while (tree_next(&t, &d))
		read_dir(q, &t, &d);
	tree_done(&t);
}

static void unpack(struct span s, struct members *m)
{
	static const char *const names[] = { "", "gzip", "lzma", "lzo", "xz", "lz4", "zstd" };
	static const enum codec codecs[] = { CODECS, CODEC_ZLIB, CODEC_LZMA, CODEC_LZO, CODEC_XZ, CODEC_LZ4, CODEC_ZSTD };
	struct squashfs q = { .m = m, .fragment_at = UINT64_MAX };
	if (!super_read(s, &q)) {
		members_damage(m, "the super block holds impossible numbers: not read");
		return;
	}
	if (q.size > s.n)
		members_damage(m, "cut: %zu of %llu bytes are here", s.n, (unsigned long long)q.size);
	q.image = span_cut(s, (size_t)(q.size < s.n ? q.size : s.n));
	q.codec = codecs[q.compression];
	q.cache = mem_array(CACHE, sizeof(*q.cache));
	q.block = mem_new(q.block_size);
	q.fragment = mem_new(q.block_size);
	read_tree(&q);
	if (q.damaged)
		members_damage(m, "blocks of %u files are damaged", q.damaged);
	members_detail(m, "version 4, %s, blocks of %u KiB, %u inodes", names[q.compression], q.block_size / 1024, q.inodes_said);
	const struct container *k = &m->c[m->nc - 1];
	if (k->nmembers || !k->damage)
		members_extent(m, q.image.n);
	free(q.cache);
	free(q.block);
	free(q.fragment);
}

const struct unpacker unpacker_squashfs = {
	.kind = KIND_FILES,
	.name = "squashfs", .doc = "squashfs 4: gzip, lzma, lzo, xz, lz4, zstd", .magics = { { "hsqs", 4, 0 } },
	.bid = bid, .unpack = unpack,
};
