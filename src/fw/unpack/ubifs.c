/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UBIFS (Linux fs/ubifs/ubifs-media.h): nodes in a log, an index that says which of them count, and a journal of what
 * came after the index. Index and journal together are what the kernel mounts; when the index cannot be read the
 * newest node of each name and block counts, which may bring deleted files back, and that is said.
 *
 *   node: 31 18 10 06, crc 4, number 8, length 4, type 1, group 1, 0 2
 */
#include <zlib.h>

#include "fw/unpack/codec.h"

enum {
	HEAD = 24, INODE = 0, DATA = 1, NAME = 2, TRUNCATION = 4, PADDING = 5, SUPER = 6, MASTER = 7, INDEX = 9, COMMIT = 10,
	TYPES = 14, INODE_HEAD = 160, DATA_HEAD = 48, NAME_HEAD = 56, SUPER_LENGTH = 4096, BLOCK = 4096, ROOT = 1,
	LEVELS = 32, NODES_MAX = 1 << 21, LEB_LEAST = 4096, LEB_MOST = 16 << 20, LEBS_MOST = 1 << 20, GAP_MOST = 8,
	FREE_LENGTH = 1 << 20, ERASED_RUN = 64,
};

struct node {
	uint8_t type;
	bool live;                               /* the index points to it */
	uint32_t inode, block;                   /* block: of data; which name: not kept */
	uint64_t number;
	uint64_t at;
	uint32_t length;
};

struct ubifs {
	struct members *m;
	struct span image;
	uint32_t leb, lebs;                      /* bytes of one, how many there are */
	bool is_volume_cut;
	struct node *v;                          /* by place, later by what they are */
	size_t n, room;
	uint64_t end, committed;                 /* committed: nodes with higher numbers are journal */
	uint32_t bad, unread, index_bad;
	uint64_t root_at, root_length, master_number;
	uint64_t commit;                         /* which one the master names */
	uint8_t *block;
};

struct inode {
	uint64_t size, mtime;
	uint32_t links, uid, gid, mode;
	struct span data;                        /* a link's target, a device's number */
};

static uint32_t crc(struct span s)
{
	return ~(uint32_t)crc32(0, s.p, (uInt)s.n);
}

/* The head of a node, without its checksum. */
static bool head_read(struct span s, uint64_t at, struct node *n)
{
	struct rd r = rd_at(s, false, at, HEAD);
	uint32_t magic = rd_le32(&r);
	rd_skip(&r, 4);
	*n = (struct node){ .at = at };
	n->number = rd_le64(&r);
	n->length = rd_le32(&r);
	n->type = rd_u8(&r);
	return rd_ok(&r) && magic == 0x06101831 && n->length >= HEAD && n->type < TYPES && n->length <= LEB_MOST;
}

static bool node_holds(struct span s, const struct node *n)
{
	struct rd r = rd_at(s, false, n->at, n->length);
	rd_skip(&r, 4);
	uint32_t stored = rd_le32(&r);
	struct span rest = rd_rest(&r);
	return rd_ok(&r) && crc(rest) == stored;
}

static struct rd body_of(const struct ubifs *u, const struct node *n)
{
	struct rd r = rd_at(u->image, false, n->at, n->length);
	rd_skip(&r, HEAD);
	return r;
}

static bool super_read(struct span s, struct ubifs *u)
{
	struct node n;
	if (!head_read(s, 0, &n) || n.type != SUPER || n.length != SUPER_LENGTH)
		return false;
	struct rd r = rd_at(s, false, HEAD, 40);
	rd_skip(&r, 4 + 4 + 4);
	u->leb = rd_le32(&r);
	u->lebs = rd_le32(&r);
	return rd_ok(&r) && u->leb >= LEB_LEAST && u->leb <= LEB_MOST && u->leb % 8 == 0 && u->lebs >= 6 &&
	       u->lebs <= LEBS_MOST;
}

static int bid(struct span s)
{
	struct ubifs u = { 0 };
	return super_read(s, &u) ? 95 : 0;
}

static void node_add(struct ubifs *u, const struct node *n)
{
	if (u->n >= NODES_MAX) {
		u->bad++;
		return;
	}
	if (u->n == u->room) {
		u->room = u->room ? u->room * 2 : 256;
		u->v = mem_grow(u->v, u->room, sizeof(*u->v));
	}
	u->v[u->n++] = *n;
}

static void master_read(struct ubifs *u, const struct node *n)
{
	struct rd r = body_of(u, n);
	rd_skip(&r, 8);
	uint64_t commit = rd_le64(&r);
	rd_skip(&r, 4 + 4);
	uint64_t leb = rd_le32(&r), offset = rd_le32(&r), length = rd_le32(&r);
	if (!rd_ok(&r) || n->number < u->master_number)
		return;
	u->master_number = n->number;
	u->commit = commit;
	u->root_at = leb * u->leb + offset;
	u->root_length = length;
}

/* What the node is about; kept when a file is made of such. */
static void node_read(struct ubifs *u, struct node *n)
{
	struct rd r = body_of(u, n);
	if (n->type == MASTER)
		master_read(u, n);
	if (n->type != INODE && n->type != DATA && n->type != NAME && n->type != TRUNCATION && n->type != COMMIT)
		return;
	n->inode = rd_le32(&r);
	n->block = rd_le32(&r) & 0x1fffffff;
	if (n->type == COMMIT) {
		struct rd c = body_of(u, n);
		/* Kept by the number of the commit, until the master is known. */
		n->inode = rd_le32(&c);
	}
	node_add(u, n);
}

/* Every node whose checksum holds, block by block. Inside a block nodes lie at multiples of 8. */
static void scan(struct ubifs *u)
{
	unsigned none = 0;
	for (uint32_t leb = 0; leb < u->lebs && none <= ERASED_RUN; leb++) {
		uint64_t at = (uint64_t)leb * u->leb, end = at + u->leb < u->image.n ? at + u->leb : u->image.n;
		none++;
		for (struct node n; at + HEAD <= end;) {
			uint64_t here = at;
			at += 8;
			if (!members_step(u->m, 8))
				return;
			if (!head_read(u->image, here, &n))
				continue;
			if (n.length > end - here || !members_step(u->m, n.length) || !node_holds(u->image, &n)) {
				u->bad++;
				continue;
			}
			none = 0;
			node_read(u, &n);
			at = here + ((n.length + 7) & ~7u);
			u->end = (uint64_t)(leb + 1) * u->leb;
		}
		if (end == u->image.n)
			break;
	}
}

static struct node *node_at(const struct ubifs *u, uint64_t at)
{
	size_t low = 0, high = u->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (u->v[mid].at < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low < u->n && u->v[low].at == at ? &u->v[low] : NULL;
}

/* One node of the index: marks leaves, queues the nodes below. */
static void index_read(struct ubifs *u, struct tree *t, const struct tree_dir *d)
{
	struct node n;
	if (!head_read(u->image, d->key, &n) || n.type != INDEX || !members_step(u->m, n.length) ||
	    !node_holds(u->image, &n)) {
		u->index_bad++;
		return;
	}
	struct rd r = body_of(u, &n);
	uint32_t children = rd_le16(&r), level = rd_le16(&r);
	/* With authentication each branch has a hash behind it. */
	uint32_t stride = children ? (n.length - HEAD - 4) / children : 0;
	if (level != d->extra || stride < 20) {
		u->index_bad++;
		return;
	}
	for (uint32_t i = 0; i < children; i++) {
		struct rd b = rd_sub(&r, stride);
		uint64_t leb = rd_le32(&b), at = leb * u->leb + rd_le32(&b);
		struct node *leaf = level ? NULL : node_at(u, at);
		if (leaf)
			leaf->live = true;
		else if (level == 0 && (!head_read(u->image, at, &n) || n.type == INODE || n.type == DATA || n.type == NAME))
			u->index_bad++;
		else if (level && !tree_push(t, d, at, level - 1, (struct span){ 0 }))
			u->index_bad++;
	}
}

/* False: there is no index that can be read as a whole. */
static bool index_walk(struct ubifs *u)
{
	struct node n;
	struct tree t;
	struct tree_dir d;
	if (!u->master_number || !head_read(u->image, u->root_at, &n) || n.type != INDEX)
		return false;
	struct rd r = body_of(u, &n);
	rd_skip(&r, 2);
	uint16_t level = rd_le16(&r);
	if (level > LEVELS)
		return false;
	tree_start(&t, u->m, u->root_at, level);
	while (tree_next(&t, &d))
		index_read(u, &t, &d);
	tree_done(&t);
	return u->index_bad == 0;
}

/* Drops what neither index nor journal has. */
static void keep_live(struct ubifs *u)
{
	size_t n = 0;
	bool whole = index_walk(u);
	for (size_t i = 0; i < u->n; i++)
		if (u->v[i].type == COMMIT && u->v[i].inode == (uint32_t)u->commit && u->v[i].number > u->committed)
			u->committed = u->v[i].number;
	if (!whole)
		members_damage(u->m, "the index is damaged or missing: the newest nodes count, deleted files may come back");
	for (size_t i = 0; i < u->n; i++)
		if (u->v[i].type != COMMIT && (!whole || u->v[i].live || (u->committed && u->v[i].number > u->committed)))
			u->v[n++] = u->v[i];
	u->n = n;
}

/* By kind, inode and block; the newest first. */
static int by_key(const void *a, const void *b)
{
	const struct node *x = a, *y = b;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	if (x->number != y->number)
		return x->number > y->number ? -1 : 1;
	return (x->at < y->at) - (x->at > y->at);
}

struct run {
	const struct node *v;
	size_t n;
};

static struct run run_of(const struct ubifs *u, uint8_t type, uint32_t inode)
{
	size_t low = 0, high = u->n, n = 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (u->v[mid].type < type || (u->v[mid].type == type && u->v[mid].inode < inode))
			low = mid + 1;
		else
			high = mid;
	}
	while (low + n < u->n && u->v[low + n].type == type && u->v[low + n].inode == inode)
		n++;
	return (struct run){ n ? u->v + low : NULL, n };
}

static bool inode_read(const struct ubifs *u, uint32_t number, struct inode *i)
{
	struct run run = run_of(u, INODE, number);
	if (!run.n)
		return false;
	const struct node *newest = run.v;
	for (size_t k = 1; k < run.n; k++)
		if (run.v[k].number > newest->number)
			newest = &run.v[k];
	struct rd r = body_of(u, newest);
	rd_skip(&r, 16 + 8);
	i->size = rd_le64(&r);
	rd_skip(&r, 8 + 8);
	i->mtime = rd_le64(&r);
	rd_skip(&r, 12);
	i->links = rd_le32(&r);
	i->uid = rd_le32(&r);
	i->gid = rd_le32(&r);
	i->mode = rd_le32(&r);
	rd_skip(&r, 4);
	uint32_t length = rd_le32(&r);
	rd_skip(&r, INODE_HEAD - 116);
	i->data = rd_span(&r, length);
	return rd_ok(&r);
}

/* One block of data: bytes made, or -1. */
static ptrdiff_t data_read(const struct ubifs *u, const struct node *n)
{
	struct rd r = body_of(u, n);
	rd_skip(&r, 16);
	uint32_t size = rd_le32(&r);
	uint16_t packing = rd_le16(&r);
	rd_skip(&r, 2);
	struct span packed = rd_rest(&r);
	static const enum codec codecs[] = { CODECS, CODEC_LZO, CODEC_DEFLATE, CODEC_ZSTD };
	if (!rd_ok(&r) || size > BLOCK || packing >= ARRAY_LEN(codecs) || !members_step(u->m, BLOCK))
		return -1;
	if (packing)
		return codec_block(codecs[packing], packed, u->block, BLOCK);
	packed = span_cut(packed, BLOCK);
	if (packed.n)
		memcpy(u->block, packed.p, packed.n);
	return (ptrdiff_t)packed.n;
}

/* True when the file was cut after the block was written. */
static bool was_cut(const struct ubifs *u, const struct run *cuts, const struct node *n)
{
	for (size_t i = 0; i < cuts->n; i++) {
		struct rd r = body_of(u, &cuts->v[i]);
		rd_skip(&r, 4 + 12 + 8);
		uint64_t size = rd_le64(&r);
		if (rd_ok(&r) && cuts->v[i].number > n->number && (uint64_t)n->block * BLOCK >= size)
			return true;
	}
	return false;
}

static bool put_upto(struct ubifs *u, uint64_t *done, uint64_t to)
{
	uint64_t n = to > *done ? to - *done : 0;
	*done += n;
	return member_hole(u->m, n);
}

static void put_file(struct ubifs *u, struct member *head, uint32_t number, uint64_t size)
{
	struct run run = run_of(u, DATA, number), cuts = run_of(u, TRUNCATION, number);
	uint64_t done = 0;
	if (!member_begin(u->m, head))
		return;
	bool good = true;
	cuts.n = cuts.n < 64 ? cuts.n : 64;
	for (size_t i = 0; i < run.n && good; i++) {
		const struct node *n = &run.v[i];
		uint64_t at = (uint64_t)n->block * BLOCK;
		if ((i && n->block == run.v[i - 1].block) || at >= size || was_cut(u, &cuts, n))
			continue;
		good = put_upto(u, &done, at);
		ptrdiff_t made = good ? data_read(u, n) : 0;
		if (made < 0) {
			member_damaged(u->m, "blocks are damaged or packed in a way that is not read: zeros stand in their place");
			u->unread++;
			continue;
		}
		uint64_t want = size - at < (uint64_t)made ? size - at : (uint64_t)made;
		good = good && member_write(u->m, span_of(u->block, (size_t)want));
		done += want;
	}
	if (good)
		good = put_upto(u, &done, size);
	member_end(u->m);
}

static void device(struct member *head, struct span s)
{
	struct rd r = rd_of(s);
	uint64_t dev = s.n == 8 ? rd_le64(&r) : rd_le32(&r);
	head->major = dev >> 8 & 0xfff;
	head->minor = (uint32_t)((dev & 0xff) | (dev >> 12 & 0xfff00));
}

static bool add_entry(struct ubifs *u, struct tree *t, const struct tree_dir *dir, struct span name, uint32_t number)
{
	struct member head = { .path = member_join(u->m, dir->path, name) };
	struct inode i = { 0 };
	if (!inode_read(u, number, &i) || !member_type_of(i.mode, &head.type)) {
		head.damage = "its inode is missing";
		members_damage(u->m, "inodes are missing: their files are empty");
		return member_add(u->m, &head, (struct span){ 0 });
	}
	head.mode = i.mode;
	head.uid = i.uid;
	head.gid = i.gid;
	head.mtime = i.mtime;
	if (head.type == MEMBER_FILE) {
		put_file(u, &head, number, i.size);
		return !members_stopped(u->m);
	}
	if (head.type == MEMBER_SYMLINK)
		head.target = i.data;
	if (head.type == MEMBER_CHAR || head.type == MEMBER_BLOCK)
		device(&head, i.data);
	if (!member_add(u->m, &head, (struct span){ 0 }))
		return false;
	if (head.type == MEMBER_DIR)
		tree_push(t, dir, number, 0, head.path);
	return true;
}

struct entry {
	struct span name;
	uint32_t inode;
	uint64_t number;
};

/* By name, the newest first. */
static int by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
	int c = n ? memcmp(x->name.p, y->name.p, n) : 0;
	if (c || x->name.n != y->name.n)
		return c ? c : x->name.n < y->name.n ? -1 : 1;
	return (x->number < y->number) - (x->number > y->number);
}

static void read_dir(struct ubifs *u, struct tree *t, const struct tree_dir *dir)
{
	struct run run = run_of(u, NAME, (uint32_t)dir->key);
	if (!run.n || !members_step(u->m, run.n))
		return;
	AUTO_FREE struct entry *v = mem_array(run.n, sizeof(*v));
	size_t n = 0;
	for (size_t i = 0; i < run.n; i++) {
		struct rd r = body_of(u, &run.v[i]);
		rd_skip(&r, 16);
		uint64_t inode = rd_le64(&r);
		rd_skip(&r, 1 + 1);
		uint16_t length = rd_le16(&r);
		rd_skip(&r, 4);
		v[n] = (struct entry){ rd_span(&r, length), (uint32_t)inode, run.v[i].number };
		n += rd_ok(&r) && length && inode <= UINT32_MAX;
	}
	if (n)
		qsort(v, n, sizeof(*v), by_name);
	for (size_t i = 0; i < n; i++) {
		/* A name without an inode is a deletion. */
		if ((i && span_eq(v[i].name, v[i - 1].name)) || v[i].inode == 0)
			continue;
		if (!add_entry(u, t, dir, v[i].name, v[i].inode))
			return;
	}
}

static void unpack(struct span s, struct members *m)
{
	struct ubifs u = { .m = m, .image = s };
	struct tree t;
	struct tree_dir d;
	if (!super_read(s, &u))
		return;
	u.image = span_cut(s, (size_t)((uint64_t)u.leb * u.lebs < s.n ? (uint64_t)u.leb * u.lebs : s.n));
	u.block = mem_new(BLOCK);
	scan(&u);
	keep_live(&u);
	if (u.n)
		qsort(u.v, u.n, sizeof(*u.v), by_key);
	tree_start(&t, m, ROOT, 0);
	while (tree_next(&t, &d))
		read_dir(&u, &t, &d);
	tree_done(&t);
	if (u.bad)
		members_damage(m, "%u nodes whose checksums do not hold were left out", u.bad);
	if (u.unread)
		members_damage(m, "%u blocks could not be unpacked", u.unread);
	members_detail(m, "blocks of %u, %u of them, %zu nodes count", u.leb, u.lebs, u.n);
	members_extent(m, u.end);
	free(u.v);
	free(u.block);
}

const struct unpacker unpacker_ubifs = {
	.kind = KIND_FILES,
	.name = "ubifs", .doc = "UBIFS: lzo, zlib, zstd and unpacked; index and journal",
	.magics = { { "\x31\x18\x10\x06", 4, 0 } }, .bid = bid, .unpack = unpack,
};
