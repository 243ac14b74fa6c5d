/* SPDX-License-Identifier: GPL-2.0-or-later */
/* squashfs 4.0 (Linux Documentation/filesystems/squashfs.rst): little-endian, metadata in packed blocks of
 * 8 KiB, file data in blocks of up to 1 MiB, ends of files gathered in fragments. All six compressors. */
#include "fw/unpack/codec.h"
#include "fw/unpack/squash.h"

enum {
	SUPER = 96, BLOCK_MAX = 1 << 20, BLOCK_LEAST = 4096, NAME_MOST = 256,
	FRAGMENT_ENTRY = 16, DIR_RUN = 256,
	DIR = 1, REG, SYMLINK, BLOCKDEV, CHARDEV, FIFO, SOCKET, LDIR, LREG, LSYMLINK, LBLOCKDEV, LCHARDEV, LFIFO, LSOCKET,
};
static const uint32_t NO_FRAGMENT = UINT32_MAX;

struct squashfs {
	struct squash s;
	uint32_t fragments, inodes_said;
	uint16_t compression, ids;
	uint64_t root, size, id_table, inode_table, dir_table, fragment_table;
	enum codec codec;
};

struct inode {
	uint16_t type, mode, uid, gid;
	uint32_t mtime, number, nlink, fragment, offset, rdev;
	uint64_t start, size;                    /* of a folder: block and length of its listing */
};

static bool super_read(struct span s, struct squashfs *q)
{
	struct rd r = rd_of(s);
	rd_skip(&r, 4);
	q->inodes_said = rd_le32(&r);
	rd_skip(&r, 4);
	q->s.block_size = rd_le32(&r);
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
	bool sizes = q->s.block_size >= BLOCK_LEAST && q->s.block_size <= BLOCK_MAX && log < 32 &&
		     q->s.block_size == 1u << log;
	return rd_ok(&r) && major == 4 && minor == 0 && sizes && q->size > SUPER && q->compression >= 1 &&
	       q->compression <= 6 && q->inode_table >= SUPER && q->inode_table < q->size && q->dir_table < q->size;
}

static int bid(struct span s)
{
	struct squashfs q = { 0 };
	struct rd r = rd_at(s, false, 28, 4);
	uint16_t major = rd_le16(&r);
	/* Version 4 whose other numbers are lies is worth a word, so it may still bid. */
	return super_read(s, &q) ? 95 : major == 4 && s.n >= SUPER ? 50 : 0;
}

static ptrdiff_t block_unpack(const void *how, struct span in, uint8_t *out, size_t room)
{
	const struct squashfs *q = how;
	return codec_block(q->codec, in, out, room);
}

static void folder_inode(struct squash_cursor *c, struct inode *n)
{
	if (n->type == LDIR) {
		n->nlink = (uint32_t)squash_number(c, 4);
		n->size = squash_number(c, 4);
		n->start = squash_number(c, 4);
		squash_number(c, 4);
		squash_number(c, 2);
		n->offset = (uint32_t)squash_number(c, 2);
		return;
	}
	n->start = squash_number(c, 4);
	n->nlink = (uint32_t)squash_number(c, 4);
	n->size = squash_number(c, 2);
	n->offset = (uint32_t)squash_number(c, 2);
}

static void file_inode(struct squash_cursor *c, struct inode *n)
{
	bool is_long = n->type == LREG;
	n->start = squash_number(c, is_long ? 8 : 4);
	if (is_long) {
		n->size = squash_number(c, 8);
		squash_number(c, 8);
		n->nlink = (uint32_t)squash_number(c, 4);
	}
	n->fragment = (uint32_t)squash_number(c, 4);
	n->offset = (uint32_t)squash_number(c, 4);
	if (is_long)
		squash_number(c, 4);
	else
		n->size = squash_number(c, 4);
}

/* The cursor is left where a file's list of blocks or a link's target begins. */
static bool inode_read(struct squash_cursor *c, struct inode *n)
{
	*n = (struct inode){ 0 };
	n->type = (uint16_t)squash_number(c, 2);
	n->mode = (uint16_t)squash_number(c, 2);
	n->uid = (uint16_t)squash_number(c, 2);
	n->gid = (uint16_t)squash_number(c, 2);
	n->mtime = (uint32_t)squash_number(c, 4);
	n->number = (uint32_t)squash_number(c, 4);
	if (n->type == DIR || n->type == LDIR) {
		folder_inode(c, n);
	} else if (n->type == REG || n->type == LREG) {
		file_inode(c, n);
	} else {
		n->nlink = (uint32_t)squash_number(c, 4);
		if (n->type == SYMLINK || n->type == LSYMLINK)
			n->size = squash_number(c, 4);
		else if (n->type == BLOCKDEV || n->type == CHARDEV || n->type == LBLOCKDEV || n->type == LCHARDEV)
			n->rdev = (uint32_t)squash_number(c, 4);
	}
	return !c->bad;
}

/* Tables of tables: entry i of `width` bytes stands in the metadata block that pointer i names. */
static struct squash_cursor table_at(struct squashfs *q, uint64_t table, uint64_t i, size_t width)
{
	uint64_t per = SQUASH_META / width;
	struct rd r = rd_at(q->s.image, false, table + 8 * (i / per), 8);
	uint64_t block = rd_le64(&r);
	return (struct squash_cursor){ &q->s, block, (size_t)(i % per * width), !rd_ok(&r) };
}

static uint32_t id_of(struct squashfs *q, uint16_t i)
{
	struct squash_cursor c = table_at(q, q->id_table, i, 4);
	return i < q->ids ? (uint32_t)squash_number(&c, 4) : 0;
}

/* A fragment that is not there lies nowhere, so nothing is read of it. */
static void add_file(struct squashfs *q, struct squash_cursor *c, struct member *head, const struct inode *n)
{
	struct squash_file f = { .start = n->start, .size = n->size, .has_fragment = n->fragment != NO_FRAGMENT,
				 .fragment_at = UINT64_MAX, .fragment_offset = n->offset };
	struct squash_cursor table = table_at(q, q->fragment_table, n->fragment, FRAGMENT_ENTRY);
	if (n->fragment < q->fragments) {
		uint64_t at = squash_number(&table, 8);
		f.fragment_size = (uint32_t)squash_number(&table, 4);
		f.fragment_at = table.bad ? UINT64_MAX : at;
	}
	squash_add_file(&q->s, c, head, &f);
}

/* The kernel's new_encode_dev: 12 bits of major, 20 of minor. */
static void device(struct member *head, uint32_t rdev)
{
	head->major = rdev >> 8 & 0xfff;
	head->minor = (rdev & 0xff) | (rdev >> 12 & 0xfff00);
}

static bool add_entry(struct squashfs *q, struct tree *t, const struct tree_dir *dir, struct span name, uint64_t ref)
{
	static const enum member_type types[] = { MEMBER_DIR, MEMBER_FILE, MEMBER_SYMLINK, MEMBER_BLOCK, MEMBER_CHAR,
						  MEMBER_FIFO, MEMBER_SOCKET };
	struct squash_cursor c = squash_at(&q->s, q->inode_table, ref);
	struct inode n;
	if (!inode_read(&c, &n) || n.type < DIR || n.type > LSOCKET) {
		members_damage(q->s.m, "inodes are damaged: their files are missing");
		return true;
	}
	struct member head = { .path = member_join(q->s.m, dir->path, name), .type = types[(n.type - 1) % 7], .mode = n.mode,
			       .uid = id_of(q, n.uid), .gid = id_of(q, n.gid), .mtime = n.mtime };
	uint8_t target[MEMBER_PATH];
	if (head.type == MEMBER_FILE) {
		add_file(q, &c, &head, &n);
		return !members_stopped(q->s.m);
	}
	if (head.type == MEMBER_SYMLINK && n.size <= sizeof(target) && squash_read(&c, target, (size_t)n.size))
		head.target = span_of(target, (size_t)n.size);
	if (head.type == MEMBER_BLOCK || head.type == MEMBER_CHAR)
		device(&head, n.rdev);
	if (!member_add(q->s.m, &head, (struct span){ 0 }))
		return false;
	/* An empty listing is three bytes long: "." and ".." count, and are not stored. */
	if (head.type == MEMBER_DIR && n.size > 3)
		tree_push(t, dir, n.start << 16 | (n.offset & 0xffff), n.size - 3, head.path);
	return true;
}

/* Headers, each with up to 256 entries whose inodes stand in one metadata block. */
static void read_dir(struct squashfs *q, struct tree *t, const struct tree_dir *dir)
{
	struct squash_cursor c = squash_at(&q->s, q->dir_table, dir->key);
	uint64_t left = dir->extra;
	bool going = true;
	while (left >= 12 && going) {
		uint64_t count = squash_number(&c, 4) + 1, block = squash_number(&c, 4);
		squash_number(&c, 4);
		left -= 12;
		if (c.bad || count > DIR_RUN)
			break;
		for (; count && left > 8 && going; count--) {
			uint64_t offset = squash_number(&c, 2);
			squash_number(&c, 4);
			size_t size = (size_t)squash_number(&c, 2) + 1;
			uint8_t name[NAME_MOST];
			if (size > sizeof(name) || size + 8 > left || !squash_read(&c, name, size)) {
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
		members_damage(q->s.m, "a folder is damaged: its entries behind that are not read");
}

static void read_tree(struct squashfs *q)
{
	struct squash_cursor c = squash_at(&q->s, q->inode_table, q->root);
	struct inode root;
	if (!inode_read(&c, &root) || (root.type != DIR && root.type != LDIR)) {
		members_damage(q->s.m, "the root folder cannot be read");
		return;
	}
	struct tree t;
	struct tree_dir d;
	tree_start(&t, q->s.m, root.start << 16 | (root.offset & 0xffff), root.size > 3 ? root.size - 3 : 0);
	while (tree_next(&t, &d))
		read_dir(q, &t, &d);
	tree_done(&t);
}

static void unpack(struct span s, struct members *m)
{
	static const char *const names[] = { "", "gzip", "lzma", "lzo", "xz", "lz4", "zstd" };
	static const enum codec codecs[] = { CODECS, CODEC_ZLIB, CODEC_LZMA, CODEC_LZO, CODEC_XZ, CODEC_LZ4, CODEC_ZSTD };
	struct squashfs q = { .s = { .m = m, .head = 2, .unpack = block_unpack } };
	if (!super_read(s, &q)) {
		members_damage(m, "the super block holds impossible numbers: not read");
		return;
	}
	if (q.size > s.n)
		members_damage(m, "cut: %zu of %llu bytes are here", s.n, (unsigned long long)q.size);
	q.s.image = span_cut(s, (size_t)(q.size < s.n ? q.size : s.n));
	q.codec = codecs[q.compression];
	q.s.how = &q;
	squash_init(&q.s);
	read_tree(&q);
	if (q.s.damaged)
		members_damage(m, "blocks of %u files are damaged", q.s.damaged);
	members_detail(m, "version 4, %s, blocks of %u KiB, %u inodes", names[q.compression], q.s.block_size / 1024,
		       q.inodes_said);
	const struct container *k = &m->c[m->nc - 1];
	if (k->nmembers || !k->damage)
		members_extent(m, q.s.image.n);
	squash_done(&q.s);
}

const struct unpacker unpacker_squashfs = {
	.kind = KIND_FILES,
	.name = "squashfs", .doc = "squashfs 4: gzip, lzma, lzo, xz, lz4, zstd", .magics = { { "hsqs", 4, 0 } },
	.bid = bid, .unpack = unpack,
};
