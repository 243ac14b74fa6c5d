/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cramfs (Linux Documentation/filesystems/cramfs.rst, cramfs_fs.h): super block at 0 or, "shifted", at 512;
 * 12-byte inodes of bit-fields, so both byte orders differ in more than order; zlib blocks of 4096.
 *
 *   super: magic 4, size 4, flags 4, future 4, signature 16, crc 4, edition 4, blocks 4, files 4, name 16,
 *          root inode 12
 *   inode: mode:16 uid:16 | size:24 gid:8 | namelen:6 offset:26  (lengths and offsets in words of 4 bytes)
 */
#include <zlib.h>

#include "fw/unpack/codec.h"

enum {
	SUPER = 76, INODE = 12, BLOCK = 4096, SHIFT = 512, SIGNATURE_AT = 16, CRC_AT = 32, BLOCK_PACKED_MAX = 2 * BLOCK,
	V2 = 1, SORTED = 2, HOLES = 0x100, WRONG_SIGNATURE = 0x200, SHIFTED_ROOT = 0x400, POINTERS = 0x800,
	KNOWN_FLAGS = V2 | SORTED | HOLES | WRONG_SIGNATURE | SHIFTED_ROOT | POINTERS | 0xff,
};

static const uint32_t PTR_PLAIN = 1u << 31, PTR_DIRECT = 1u << 30;

struct inode {
	uint32_t mode, uid, size, gid, namelen, offset;  /* namelen and offset in bytes */
};

struct cramfs {
	struct members *m;
	struct span image;                       /* offsets count from here */
	bool big;
	uint32_t flags, size, files;
	struct inode root;
	size_t super;                            /* 0 or SHIFT */
	uint32_t bad_blocks;
};

static struct inode inode_of(struct rd *r)
{
	uint32_t a = rd_u32(r), b = rd_u32(r), c = rd_u32(r);
	if (r->big)
		return (struct inode){ a >> 16, a & 0xffff, b >> 8, b & 0xff, (c >> 26) * 4, (c & 0x3ffffff) * 4 };
	return (struct inode){ a & 0xffff, a >> 16, b & 0xffffff, b >> 24, (c & 0x3f) * 4, (c >> 6) * 4 };
}

static bool super_of(struct span s, size_t at, struct cramfs *c)
{
	struct rd r = rd_at(s, false, at, SUPER);
	uint32_t magic = rd_le32(&r);
	c->big = magic == 0x453dcd28;
	rd_order(&r, c->big);
	c->size = rd_u32(&r);
	c->flags = rd_u32(&r);
	rd_skip(&r, 4);
	struct span signature = rd_span(&r, 16);
	rd_skip(&r, 12);
	c->files = rd_u32(&r);
	rd_skip(&r, 16);
	c->root = inode_of(&r);
	c->image = s;
	c->super = at;
	return rd_ok(&r) && (c->big || magic == 0x28cd3d45) && span_is(signature, "Compressed ROMFS") &&
	       (c->root.mode & 0170000) == 0040000;
}

/* Which of the two places: the root's offset says so, when it is the usual one. */
static bool find_super(struct span s, struct cramfs *c)
{
	if (super_of(s, 0, c))
		return c->root.offset != SHIFT + SUPER;
	return super_of(s, SHIFT, c) && (c->root.offset == SHIFT + SUPER || c->flags & SHIFTED_ROOT);
}

static int bid(struct span s)
{
	struct cramfs c = { 0 };
	return find_super(s, &c) ? 95 : 0;
}

/* Where block i lies, and how: the three kinds of block pointer (v2 extensions). False: outside the image. */
static bool block_find(struct cramfs *c, uint64_t table, uint32_t i, uint32_t blocks, uint32_t tail, struct span *out,
		       bool *packed)
{
	struct rd r = rd_at(c->image, c->big, table + 4 * (uint64_t)i, 4);
	uint32_t ptr = rd_u32(&r);
	bool ext = c->flags & POINTERS;
	*packed = !(ext && ptr & PTR_PLAIN);
	if (ext && ptr & PTR_DIRECT) {
		uint64_t at = (uint64_t)(ptr & ~(PTR_PLAIN | PTR_DIRECT)) << 2;
		struct rd b = rd_at(c->image, c->big, at, *packed ? 2 : 0);
		uint64_t n = *packed ? rd_u16(&b) : i + 1 == blocks ? tail : BLOCK;
		b = rd_at(c->image, c->big, at + (*packed ? 2 : 0), n);
		*out = rd_rest(&b);
		return rd_ok(&r) && rd_ok(&b);
	}
	uint64_t start = table + 4 * (uint64_t)blocks;
	if (i) {
		struct rd p = rd_at(c->image, c->big, table + 4 * (uint64_t)(i - 1), 4);
		uint32_t before = rd_u32(&p);
		start = before;
		if (ext && before & PTR_DIRECT) {
			start = (uint64_t)(before & ~(PTR_PLAIN | PTR_DIRECT)) << 2;
			struct rd b = rd_at(c->image, c->big, start, 2);
			start += before & PTR_PLAIN ? BLOCK : 2u + rd_u16(&b);
		} else if (ext) {
			start = before & ~(PTR_PLAIN | PTR_DIRECT);
		}
	}
	uint64_t end = ext ? ptr & ~(PTR_PLAIN | PTR_DIRECT) : ptr;
	if (!rd_ok(&r) || end < start || end - start > BLOCK_PACKED_MAX)
		return false;
	struct rd b = rd_at(c->image, c->big, start, end - start);
	*out = rd_rest(&b);
	return rd_ok(&b);
}

/* The data of an inode into `take`; damaged blocks become zeros, so that what follows keeps its place. */
static bool read_blocks(struct cramfs *c, const struct inode *n, bool (*take)(void *to, struct span s), void *to)
{
	uint8_t room[BLOCK];
	uint32_t blocks = (n->size + BLOCK - 1) / BLOCK;
	bool whole = true;
	for (uint32_t i = 0; i < blocks; i++) {
		uint32_t want = i + 1 == blocks ? n->size - i * BLOCK : BLOCK;
		struct span at = { 0 };
		bool packed = true;
		bool good = block_find(c, n->offset, i, blocks, want, &at, &packed);
		ptrdiff_t made = good && at.n ? 0 : -1;
		memset(room, 0, sizeof(room));
		if (good && at.n && packed) {
			made = codec_block(CODEC_ZLIB, at, room, BLOCK);
		} else if (good && at.n) {
			struct span cut = span_cut(at, want);
			memcpy(room, cut.p, cut.n);
			made = (ptrdiff_t)cut.n;
		}
		bool hole = good && at.n == 0;
		whole = whole && (hole || made >= (ptrdiff_t)want);
		if (!take(to, span_of(room, want)))
			return false;
	}
	return whole;
}

static bool to_member(void *to, struct span s)
{
	return member_write(to, s);
}

static bool to_buf(void *to, struct span s)
{
	buf_bytes(to, s);
	return true;
}

static bool add_file(struct cramfs *c, struct member *head, const struct inode *n)
{
	/* Blocks lie one behind the other unless direct pointers scatter them. */
	uint32_t blocks = (n->size + BLOCK - 1) / BLOCK;
	struct rd r = rd_at(c->image, c->big, n->offset + 4 * (uint64_t)(blocks ? blocks - 1 : 0), 4);
	uint32_t end = rd_u32(&r);
	head->offset = n->offset;
	head->length = blocks && rd_ok(&r) && end > n->offset && !(c->flags & POINTERS) ? end - n->offset : 0;
	if (!member_begin(c->m, head))
		return false;
	if (!read_blocks(c, n, to_member, c->m)) {
		member_damaged(c->m, "blocks are damaged or missing: zeros stand in their place");
		c->bad_blocks++;
	}
	member_end(c->m);
	return !members_stopped(c->m);
}

static bool add_entry(struct cramfs *c, struct tree *t, const struct tree_dir *dir, struct span name,
		      const struct inode *n)
{
	struct member head = { .path = member_join(c->m, dir->path, name), .mode = n->mode, .uid = n->uid, .gid = n->gid };
	if (!member_type_of(n->mode, &head.type)) {
		members_damage(c->m, "an entry has no known type");
		return true;
	}
	struct buf target = { .cap = MEMBER_PATH };
	bool good = true;
	switch (head.type) {
	case MEMBER_FILE:
		return add_file(c, &head, n);
	case MEMBER_DIR:
		if (n->size && !tree_push(t, dir, n->offset, n->size, head.path))
			return true;
		break;
	case MEMBER_SYMLINK:
		if (n->size <= MEMBER_PATH && read_blocks(c, n, to_buf, &target))
			head.target = buf_span(&target);
		break;
	case MEMBER_CHAR:
	case MEMBER_BLOCK:
		head.major = n->size >> 8 & 0xff;
		head.minor = n->size & 0xff;
		break;
	case MEMBER_HARDLINK:
	case MEMBER_FIFO:
	case MEMBER_SOCKET:
		break;
	}
	good = member_add(c->m, &head, (struct span){ 0 });
	buf_done(&target);
	return good;
}

static void read_dir(struct cramfs *c, struct tree *t, const struct tree_dir *dir)
{
	struct rd r = rd_at(c->image, c->big, dir->key, dir->extra);
	while (rd_left(&r)) {
		struct inode n = inode_of(&r);
		struct span name = rd_span(&r, n.namelen);
		while (name.n && name.p[name.n - 1] == 0)
			name.n--;
		if (!name.n)
			rd_fail(&r);
		if (!rd_ok(&r) || !add_entry(c, t, dir, name, &n))
			break;
	}
	if (!rd_ok(&r))
		members_damage(c->m, "a folder is damaged: its entries behind that are not read");
}

/* The checksum covers the image with its own field as zero. */
static bool checksum_holds(const struct cramfs *c)
{
	static const uint8_t zero[4];
	struct rd r = rd_at(c->image, c->big, c->super, c->size - c->super);
	struct span front = rd_span(&r, CRC_AT);
	uint32_t stored = rd_u32(&r);
	struct span back = rd_rest(&r);
	uLong sum = crc32(0, front.p, (uInt)front.n);
	sum = crc32(sum, zero, sizeof(zero));
	return rd_ok(&r) && crc32(sum, back.p, (uInt)back.n) == stored;
}

static void unpack(struct span s, struct members *m)
{
	struct cramfs c = { .m = m };
	if (!find_super(s, &c))
		return;
	uint64_t size = c.flags & V2 && c.size >= SUPER + c.super ? c.size : 0;
	const char *sum = !size || size > s.n ? "" : checksum_holds(&c) ? ", checksum holds" : ", checksum does not hold";
	if (c.flags & ~(uint32_t)KNOWN_FLAGS)
		members_damage(m, "flags of an unknown kind (0x%x)", c.flags);
	if (size > s.n)
		members_damage(m, "cut: %zu of %llu bytes are here", s.n, (unsigned long long)size);
	if (size && size <= s.n && sum[14] == 'o')
		members_damage(m, "the checksum does not hold");
	struct tree t;
	struct tree_dir d;
	tree_start(&t, m, c.root.offset, c.root.size);
	while (tree_next(&t, &d))
		read_dir(&c, &t, &d);
	tree_done(&t);
	if (c.bad_blocks)
		members_damage(m, "blocks of %u files are damaged", c.bad_blocks);
	members_detail(m, "%s-endian%s%s%s%s", c.big ? "big" : "little", c.flags & V2 ? ", version 2" : ", version 1",
		       c.super ? ", shifted by 512" : "", c.flags & POINTERS ? ", block pointer extensions" : "", sum);
	members_extent(m, size ? size : s.n);
}

const struct unpacker unpacker_cramfs = {
	.kind = KIND_FILES,
	.name = "cramfs", .doc = "cramfs, both byte orders, block pointer extensions",
	.magics = { { "\x45\x3d\xcd\x28", 4, 0 }, { "\x28\xcd\x3d\x45", 4, 0 }, { "\x45\x3d\xcd\x28", 4, SHIFT },
		    { "\x28\xcd\x3d\x45", 4, SHIFT } },
	.bid = bid, .unpack = unpack,
};
