/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ext2, ext3 and ext4 (Linux Documentation/filesystems/ext4): read only what is allocated and named; block
 * maps and extents, sparse files, links, inline data. Nothing is mounted, no journal is replayed. */
#include "fw/unpack/unpack.h"

enum {
	SUPER_AT = 1024, SUPER = 1024, ROOT = 2, INODE_LEAST = 128, NAMED = 12, POINTERS = 15, EXTENT_MAGIC = 0xf30a,
	EXTENT_DEPTH = 5, EXTENT = 12, LONG_EXTENT = 32768, FAST_LINK = 60, META_BG = 0x10, EXTENTS_FEATURE = 0x40,
	WIDE = 0x80, JOURNAL_DEVICE = 8, RECOVER = 4, KNOWN_INCOMPAT = 0x3c7df, INODE_EXTENTS = 0x80000,
	INODE_INLINE = 0x10000000, INODE_ENCRYPTED = 0x800, RUNS_MAX = 1 << 20, HAS_JOURNAL = 4,
};

struct ext {
	struct members *m;
	struct span image;
	uint32_t inodes, inodes_per_group, blocks_per_group, first_block, incompat, compat, inode_size, desc_size;
	uint64_t blocks;
	size_t block;
	struct span label;
	struct hard *hard;                       /* files with several names, by inode */
	size_t nhard, room;
	uint32_t damaged;
};

struct hard {
	uint32_t inode;
	struct span path;
};

struct inode {
	uint32_t mode, uid, gid, mtime, links, flags;
	uint64_t size;
	struct span map;                         /* 60 bytes: block numbers, extents, a short target or inline data */
	struct span rest;                        /* what of inline data did not fit there */
};

/* Blocks of a file in its own order. */
struct run {
	uint64_t logical, physical, count;       /* physical 0: a hole */
};

struct runs {
	struct run *v;
	size_t n, room;
	bool bad;
};

static bool super_read(struct span s, struct ext *e)
{
	struct rd r = rd_at(s, false, SUPER_AT, SUPER);
	e->inodes = rd_le32(&r);
	e->blocks = rd_le32(&r);
	rd_skip(&r, 12);
	e->first_block = rd_le32(&r);
	uint32_t log = rd_le32(&r);
	rd_skip(&r, 4);
	e->blocks_per_group = rd_le32(&r);
	rd_skip(&r, 4);
	e->inodes_per_group = rd_le32(&r);
	rd_skip(&r, 12);
	uint16_t magic = rd_le16(&r);
	rd_skip(&r, 18);
	uint32_t revision = rd_le32(&r);
	rd_skip(&r, 8);
	e->inode_size = rd_le16(&r);
	rd_skip(&r, 2);
	e->compat = rd_le32(&r);
	e->incompat = rd_le32(&r);
	rd_skip(&r, 20);
	e->label = rd_span(&r, 16);
	rd_skip(&r, 118);
	e->desc_size = rd_le16(&r);
	rd_skip(&r, 80);
	e->blocks |= e->incompat & WIDE ? (uint64_t)rd_le32(&r) << 32 : 0;
	e->inode_size = revision ? e->inode_size : INODE_LEAST;
	e->desc_size = e->incompat & WIDE && e->desc_size >= 64 ? e->desc_size : 32;
	e->block = log <= 6 ? (size_t)1024 << log : 0;
	e->image = s;
	return rd_ok(&r) && magic == 0xef53;
}

/* What no writer makes and no reader should try. */
static const char *nonsense(const struct ext *e)
{
	if (!e->block)
		return "a block size beyond 64 KiB";
	if (!e->blocks || e->first_block > 1)
		return "a first block or number of blocks that cannot be";
	if (!e->inodes_per_group || e->inodes_per_group > e->block * 8 || !e->blocks_per_group || !e->inodes)
		return "groups that cannot be";
	if (e->inode_size < INODE_LEAST || e->inode_size > e->block || (e->inode_size & (e->inode_size - 1)))
		return "an inode size that cannot be";
	return NULL;
}

static int bid(struct span s)
{
	struct ext e = { 0 };
	if (!super_read(s, &e))
		return 0;
	/* Two bytes of mark are little: the rest of the super block must fit, or all but one thing of it. */
	if (!nonsense(&e))
		return e.block * e.blocks >= SUPER_AT + SUPER && !(e.incompat & ~(uint32_t)KNOWN_INCOMPAT) ? 90 : 0;
	struct rd r = rd_at(s, false, SUPER_AT + 58, 4);
	uint16_t state = rd_le16(&r), errors = rd_le16(&r);
	return state <= 7 && errors >= 1 && errors <= 3 && e.inodes ? 55 : 0;
}

static struct rd block_at(const struct ext *e, uint64_t i)
{
	return i < e->blocks ? rd_at(e->image, false, i * e->block, e->block) : (struct rd){ .bad = true };
}

/* Inline data beyond 60 bytes: the attribute system.data behind the inode's fields (ext4, "Inline Data"). */
static struct span inline_rest(struct rd behind)
{
	enum { SYSTEM = 7, ENTRY = 16 };
	rd_skip(&behind, rd_le16(&behind) - 2u);
	if (rd_le32(&behind) != 0xea020000)      /* the mark of attributes */
		return (struct span){ 0 };
	struct rd r = behind;
	struct span values = rd_rest(&behind);
	while (rd_left(&r) >= ENTRY) {
		uint8_t length = rd_u8(&r), index = rd_u8(&r);
		uint16_t offset = rd_le16(&r);
		uint32_t elsewhere = rd_le32(&r), size = rd_le32(&r);
		rd_skip(&r, 4);
		struct span name = rd_span(&r, length);
		rd_skip(&r, -length & 3u);
		if (!length && !index && !offset && !elsewhere)
			break;
		if (rd_ok(&r) && index == SYSTEM && span_is(name, "data") && !elsewhere && offset <= values.n)
			return span_cut(span_from(values, offset), size);
	}
	return (struct span){ 0 };
}

static bool inode_read(const struct ext *e, uint32_t number, struct inode *n)
{
	uint32_t group = (number - 1) / e->inodes_per_group, slot = (number - 1) % e->inodes_per_group;
	if (number == 0 || number > e->inodes)
		return false;
	/* Behind the super block's block, which is not always the first: with clusters, blocks of 1 KiB count from 0, too. */
	uint64_t descriptors = (SUPER_AT / e->block + 1) * e->block;
	struct rd d = rd_at(e->image, false, descriptors + (uint64_t)group * e->desc_size, e->desc_size);
	rd_skip(&d, 8);
	uint64_t table = rd_le32(&d);
	if (e->desc_size >= 64) {
		rd_skip(&d, 28);
		table |= (uint64_t)rd_le32(&d) << 32;
	}
	if (!rd_ok(&d) || table >= e->blocks)
		return false;
	uint64_t at = table * e->block + (uint64_t)slot * e->inode_size;
	struct rd r = rd_at(e->image, false, at, e->inode_size);
	n->mode = rd_le16(&r);
	n->uid = rd_le16(&r);
	n->size = rd_le32(&r);
	rd_skip(&r, 8);
	n->mtime = rd_le32(&r);
	rd_skip(&r, 4);
	n->gid = rd_le16(&r);
	n->links = rd_le16(&r);
	rd_skip(&r, 4);
	n->flags = rd_le32(&r);
	rd_skip(&r, 4);
	n->map = rd_span(&r, 60);
	rd_skip(&r, 8);
	uint64_t high = rd_le32(&r);             /* of folders: an access list */
	n->size |= (n->mode & 0170000) == 0100000 ? high << 32 : 0;
	rd_skip(&r, 8);
	n->uid |= (uint32_t)rd_le16(&r) << 16;
	n->gid |= (uint32_t)rd_le16(&r) << 16;
	n->rest = n->flags & INODE_INLINE && e->inode_size > INODE_LEAST
		? inline_rest(rd_at(e->image, false, at + INODE_LEAST, e->inode_size - INODE_LEAST)) : (struct span){ 0 };
	return rd_ok(&r);
}

static void run_add(struct runs *v, struct run r)
{
	struct run *last = v->n ? &v->v[v->n - 1] : NULL;
	if (last && last->physical && last->logical + last->count == r.logical && last->physical + last->count == r.physical) {
		last->count += r.count;
		return;
	}
	if (v->n == RUNS_MAX) {
		v->bad = true;
		return;
	}
	if (v->n == v->room) {
		v->room = v->room ? v->room * 2 : 16;
		v->v = mem_grow(v->v, v->room, sizeof(*v->v));
	}
	v->v[v->n++] = r;
}

/* Block maps: level 0 is a list of data blocks, each level above one of lists. *at counts logical blocks. */
static void map_list(const struct ext *e, struct rd r, unsigned level, uint64_t *at, uint64_t end, struct runs *v)
{
	uint64_t span = 1;
	for (unsigned i = 0; i < level; i++)
		span *= e->block / 4;
	while (rd_left(&r) && *at < end && !v->bad) {
		uint32_t block = rd_le32(&r);
		if (block == 0) {
			*at += span;
		} else if (level == 0) {
			run_add(v, (struct run){ (*at)++, block, 1 });
		} else {
			struct rd below = block_at(e, block);
			v->bad |= !rd_ok(&below) || !members_step(e->m, e->block);
			map_list(e, below, level - 1, at, end, v);
		}
	}
}

static void map_read(const struct ext *e, const struct inode *n, uint64_t end, struct runs *v)
{
	struct rd r = rd_of(n->map);
	uint64_t at = 0;
	map_list(e, rd_sub(&r, (size_t)NAMED * 4), 0, &at, end, v);
	for (unsigned level = 1; level <= POINTERS - NAMED; level++)
		map_list(e, rd_sub(&r, 4), level, &at, end, v);
}

static void extents_read(const struct ext *e, struct rd r, unsigned most, struct runs *v)
{
	uint16_t magic = rd_le16(&r), entries = rd_le16(&r);
	rd_skip(&r, 2);
	uint16_t depth = rd_le16(&r);
	rd_skip(&r, 4);
	if (magic != EXTENT_MAGIC || depth > most) {
		v->bad = true;
		return;
	}
	for (; entries && rd_left(&r) >= EXTENT && !v->bad; entries--) {
		uint32_t logical = rd_le32(&r);
		if (depth) {
			uint64_t block = rd_le32(&r);
			block |= (uint64_t)rd_le16(&r) << 32;
			rd_skip(&r, 2);
			struct rd below = block_at(e, block);
			v->bad |= !rd_ok(&below) || !members_step(e->m, e->block);
			/* Each level must be one lower than the one above it: a circle ends here. */
			extents_read(e, below, depth - 1u, v);
			continue;
		}
		uint32_t count = rd_le16(&r);
		uint64_t physical = (uint64_t)rd_le16(&r) << 32;
		physical |= rd_le32(&r);
		if (count <= LONG_EXTENT)
			run_add(v, (struct run){ logical, physical, count });
	}
	v->bad |= !rd_ok(&r);
}

static int by_logical(const void *a, const void *b)
{
	const struct run *x = a, *y = b;
	return (x->logical > y->logical) - (x->logical < y->logical);
}

static void runs_of(const struct ext *e, const struct inode *n, struct runs *v)
{
	uint64_t end = (n->size + e->block - 1) / e->block;
	*v = (struct runs){ 0 };
	if (n->flags & INODE_EXTENTS)
		extents_read(e, rd_of(n->map), EXTENT_DEPTH, v);
	else
		map_read(e, n, end, v);
	if (v->n)
		qsort(v->v, v->n, sizeof(*v->v), by_logical);
}

/* The content in order, piece by piece; hole gets the gaps. False: the taker stopped. */
static bool content(const struct ext *e, const struct inode *n, const struct runs *v, bool *whole,
		    bool (*take)(struct members *m, void *to, struct span s), bool (*hole)(struct members *m, void *to, uint64_t n),
		    void *to)
{
	uint64_t at = 0;
	for (size_t i = 0; i < v->n && at < n->size; i++) {
		uint64_t start = v->v[i].logical * e->block, length = v->v[i].count * e->block;
		if (start < at) {
			*whole = false;
			continue;
		}
		start = start < n->size ? start : n->size;
		if (start > at && !hole(e->m, to, start - at))
			return false;
		length = length < n->size - start ? length : n->size - start;
		struct rd r = rd_at(e->image, false, v->v[i].physical * e->block, length);
		struct span s = rd_rest(&r);
		*whole = *whole && s.n == length;
		if (s.n ? !take(e->m, to, s) : !hole(e->m, to, length))
			return false;
		at = start + length;
	}
	return at >= n->size || hole(e->m, to, n->size - at);
}

static bool to_member(struct members *m, void *to, struct span s)
{
	(void)to;
	return member_write(m, s);
}

static bool hole_to_member(struct members *m, void *to, uint64_t n)
{
	(void)to;
	return member_hole(m, n);
}

static bool to_buf(struct members *m, void *to, struct span s)
{
	struct buf *b = to;
	buf_bytes(b, s);
	return members_step(m, s.n) && !b->full;
}

static bool hole_to_buf(struct members *m, void *to, uint64_t n)
{
	struct buf *b = to;
	if (n > b->cap - b->n || !members_step(m, n))
		return false;
	buf_fill(b, 0, (size_t)n);
	return true;
}

/* False: less than the inode says. */
static bool inline_content(struct members *m, const struct inode *n,
			   bool (*take)(struct members *m, void *to, struct span s), void *to)
{
	struct span first = span_cut(n->map, n->size < n->map.n ? (size_t)n->size : n->map.n);
	uint64_t left = n->size - first.n;
	struct span rest = span_cut(n->rest, left < n->rest.n ? (size_t)left : n->rest.n);
	return take(m, to, first) && (!rest.n || take(m, to, rest)) && rest.n == left;
}

static void add_file(struct ext *e, struct member *head, const struct inode *n)
{
	struct runs v = { 0 };
	bool whole = true;
	bool is_inline = n->flags & INODE_INLINE;
	if (!is_inline)
		runs_of(e, n, &v);
	if (v.n == 1 && v.v[0].logical == 0 && v.v[0].count * e->block >= n->size) {
		head->offset = v.v[0].physical * e->block;
		head->length = n->size;
	}
	if (member_begin(e->m, head)) {
		if (is_inline)
			whole = inline_content(e->m, n, to_member, NULL);
		else
			content(e, n, &v, &whole, to_member, hole_to_member, NULL);
		if (!whole || v.bad) {
			member_damaged(e->m, "blocks are missing or outside the image: zeros stand in their place");
			e->damaged++;
		}
		if (n->flags & INODE_ENCRYPTED)
			member_damaged(e->m, "encrypted, could not open");
		member_end(e->m);
	}
	free(v.v);
}

static struct span link_target(struct ext *e, const struct inode *n, struct buf *b)
{
	struct runs v = { 0 };
	bool whole = true;
	if (n->size < FAST_LINK && !(n->flags & INODE_EXTENTS && n->size == 0) && !(n->flags & INODE_EXTENTS))
		return span_cut(n->map, (size_t)n->size);
	if (n->size > MEMBER_PATH)
		return (struct span){ 0 };
	if (n->flags & INODE_INLINE)
		return inline_content(e->m, n, to_buf, b) ? buf_span(b) : (struct span){ 0 };
	runs_of(e, n, &v);
	content(e, n, &v, &whole, to_buf, hole_to_buf, b);
	free(v.v);
	return buf_span(b);
}

/* Another name of a file that was there already: where it was. */
static struct span known_path(struct ext *e, uint32_t inode, struct span path)
{
	for (size_t i = 0; i < e->nhard; i++)
		if (e->hard[i].inode == inode)
			return e->hard[i].path;
	if (e->nhard == e->room) {
		e->room = e->room ? e->room * 2 : 16;
		e->hard = mem_grow(e->hard, e->room, sizeof(*e->hard));
	}
	e->hard[e->nhard++] = (struct hard){ inode, path };
	return (struct span){ 0 };
}

static void add_device(struct member *head, const struct inode *n)
{
	struct rd r = rd_of(n->map);
	uint32_t old = rd_le32(&r), new = rd_le32(&r);
	head->major = old ? old >> 8 & 0xff : new >> 8 & 0xfff;
	head->minor = old ? old & 0xff : (new & 0xff) | (new >> 12 & 0xfff00);
}

static bool add_entry(struct ext *e, struct tree *t, const struct tree_dir *dir, struct span name, uint32_t number)
{
	struct inode n;
	struct member head = { .path = member_join(e->m, dir->path, name) };
	if (!inode_read(e, number, &n) || !member_type_of(n.mode, &head.type)) {
		members_damage(e->m, "inodes are damaged: their files are missing");
		return true;
	}
	head.mode = n.mode;
	head.uid = n.uid;
	head.gid = n.gid;
	head.mtime = n.mtime;
	struct buf target = { .cap = MEMBER_PATH };
	if (head.type == MEMBER_FILE && n.links > 1 && e->nhard < 4096)
		head.target = known_path(e, number, head.path);
	if (head.target.n)
		head.type = MEMBER_HARDLINK;
	if (head.type == MEMBER_FILE) {
		add_file(e, &head, &n);
		return !members_stopped(e->m);
	}
	if (head.type == MEMBER_SYMLINK)
		head.target = link_target(e, &n, &target);
	if (head.type == MEMBER_CHAR || head.type == MEMBER_BLOCK)
		add_device(&head, &n);
	bool good = member_add(e->m, &head, (struct span){ 0 });
	buf_done(&target);
	if (head.type == MEMBER_DIR && good)
		tree_push(t, dir, number, 0, head.path);
	return good;
}

/* Hash trees lie behind entries that read as unused: a straight walk is enough. */
static void read_dir(struct ext *e, struct tree *t, const struct tree_dir *dir)
{
	struct inode n;
	struct runs v = { 0 };
	struct buf b = { .cap = 32 << 20 };
	bool whole = true, going = true;
	if (!inode_read(e, (uint32_t)dir->key, &n)) {
		members_damage(e->m, "a folder's inode is not here: what it holds is missing");
		return;
	}
	if (n.flags & INODE_INLINE) {
		buf_bytes(&b, span_from(n.map, 4));      /* the number of the folder above */
		buf_bytes(&b, n.rest);
	} else {
		runs_of(e, &n, &v);
		content(e, &n, &v, &whole, to_buf, hole_to_buf, &b);
	}
	struct rd r = rd_of(buf_span(&b));
	while (rd_left(&r) >= 8 && going) {
		struct rd at = r;
		uint32_t inode = rd_le32(&at);
		uint16_t length = rd_le16(&at);
		uint8_t name_length = rd_u8(&at);
		rd_skip(&at, 1);
		struct span name = rd_span(&at, name_length);
		if (length < 8 || length > rd_left(&r) || !rd_ok(&at)) {
			whole = false;
			break;
		}
		rd_skip(&r, length);
		if (inode && name.n && !span_is(name, ".") && !span_is(name, ".."))
			going = members_step(e->m, length) && add_entry(e, t, dir, name, inode);
	}
	if (!whole || v.bad)
		members_damage(e->m, "a folder is damaged: entries of it are missing");
	free(v.v);
	buf_done(&b);
}

static void unpack(struct span s, struct members *m)
{
	struct ext e = { .m = m };
	if (!super_read(s, &e))
		return;
	const char *why = nonsense(&e);
	if (why) {
		members_damage(m, "the super block names %s: not read", why);
		return;
	}
	uint64_t size = e.blocks > UINT64_MAX / e.block ? UINT64_MAX : e.blocks * e.block;
	if (e.incompat & (JOURNAL_DEVICE | META_BG))
		members_damage(m, "a journal device or a layout with meta block groups: not read");
	if (size > s.n)
		members_damage(m, "cut: %zu of %llu bytes are here", s.n, (unsigned long long)size);
	if (e.incompat & RECOVER)
		members_damage(m, "its journal was not replayed: the last changes may be missing");
	struct tree t;
	struct tree_dir d;
	tree_start(&t, m, ROOT, 0);
	while (tree_next(&t, &d))
		read_dir(&e, &t, &d);
	tree_done(&t);
	if (e.damaged)
		members_damage(m, "blocks of %u files are missing", e.damaged);
	struct rd label = rd_of(e.label);
	struct span name = e.label;
	rd_until(&label, 0, &name);
	members_detail(m, "%s, blocks of %zu%s%.*s%s", e.incompat & EXTENTS_FEATURE ? "ext4" :
		       e.compat & HAS_JOURNAL ? "ext3" : "ext2", e.block, name.n ? ", label \"" : "", (int)name.n,
		       (const char *)name.p, name.n ? "\"" : "");
	members_extent(m, size);
	free(e.hard);
}

const struct unpacker unpacker_ext = {
	.kind = KIND_FILES,
	.name = "ext", .doc = "ext2, ext3 and ext4", .magics = { { "\x53\xef", 2, SUPER_AT + 56 } }, .bid = bid,
	.unpack = unpack,
};
