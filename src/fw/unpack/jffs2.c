/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JFFS2 (Linux include/uapi/linux/jffs2.h; Woodhouse, "JFFS: The Journalling Flash File System"): a log of
 * nodes. The newest version of a name or a byte counts; name nodes without an inode are deletions. Nodes whose
 * checksum does not hold are left out, as the kernel does; unless most are so, as some makers reckon otherwise.
 *
 *   node:   magic 2, type 2, length 4, crc 4
 *   name:   + parent 4, version 4, inode 4, mctime 4, nsize 1, type 1, 0 2, node crc 4, name crc 4, name
 *   data:   + inode 4, version 4, mode 4, uid 2, gid 2, isize 4, atime 4, mtime 4, ctime 4, offset 4, csize 4,
 *             dsize 4, compression 1, asked 1, flags 2, data crc 4, node crc 4, data
 */
#include <zlib.h>

#include "fw/unpack/codec.h"

enum {
	MAGIC = 0x1985, ACCURATE = 0x2000, FEATURES = 0xc000, NAME_NODE = 0xe001, DATA_NODE = 0xe002, CLEAN_MARKER = 0x2003,
	PADDING = 0x2004, SUMMARY = 0x2006, HEAD = 12, NAME_HEAD = 40, DATA_HEAD = 68, ROOT = 1, GAP_MAX = 1 << 20,
	NODES_MAX = 1 << 21, PAGE_MOST = 1 << 16, NONE_PACKED = 0, ZEROS = 1, RTIME = 2, COPIED = 4, ZLIB_PACKED = 6,
	LZO_PACKED = 7, FREE_LENGTH = 1 << 20, FILE_MOST = 256 << 20, FOLDER = 4, LINK = 10,
};

struct name {
	bool doubtful;                           /* its checksums do not hold */
	uint32_t parent, version, inode, mctime;
	uint8_t type;                            /* as readdir(3) tells it */
	struct span name;
};

struct data {
	bool doubtful;
	uint32_t inode, version, mode, uid, gid, isize, mtime, offset, dsize;
	uint8_t compression;
	struct span packed;
	size_t at;                               /* of the node in the image */
};

struct jffs2 {
	struct members *m;
	struct span image;
	bool big;
	struct name *names;
	size_t nnames, names_room;
	struct data *data;
	size_t ndata, data_room;
	size_t end;                              /* behind the last good node */
	uint32_t bad, deleted, unread, doubtful;
	uint8_t *page;                           /* PAGE_MOST: one node's data */
};

/* The kernel's crc32(): no inversion before or after. */
static uint32_t crc(struct span s)
{
	return s.n ? ~(uint32_t)crc32(UINT32_MAX, s.p, (uInt)s.n) : 0;
}

/* The head of a node whose checksum holds. */
static bool head_read(struct span s, bool big, size_t at, uint16_t *type, uint32_t *length)
{
	struct rd r = rd_at(s, big, at, HEAD);
	struct rd checked = r;
	uint16_t magic = rd_u16(&r);
	*type = rd_u16(&r);
	*length = rd_u32(&r);
	uint32_t stored = rd_u32(&r);
	return rd_ok(&r) && magic == MAGIC && *length >= HEAD && crc(rd_span(&checked, 8)) == stored;
}

static int bid(struct span s)
{
	uint16_t type;
	uint32_t length;
	return head_read(s, s.n && s.p[0] == 0x19, 0, &type, &length) ? 90 : 0;
}

static void name_read(struct jffs2 *j, struct rd r)
{
	struct rd checked = r;
	rd_skip(&r, HEAD);
	struct name n = { .parent = rd_u32(&r) };
	n.version = rd_u32(&r);
	n.inode = rd_u32(&r);
	n.mctime = rd_u32(&r);
	uint8_t length = rd_u8(&r);
	n.type = rd_u8(&r);
	rd_skip(&r, 2);
	uint32_t node_crc = rd_u32(&r), name_crc = rd_u32(&r);
	n.name = rd_span(&r, length);
	n.doubtful = crc(rd_span(&checked, NAME_HEAD - 8)) != node_crc || crc(n.name) != name_crc;
	if (!rd_ok(&r) || j->nnames >= NODES_MAX) {
		j->bad++;
		return;
	}
	j->doubtful += n.doubtful;
	if (j->nnames == j->names_room) {
		j->names_room = j->names_room ? j->names_room * 2 : 64;
		j->names = mem_grow(j->names, j->names_room, sizeof(*j->names));
	}
	j->names[j->nnames++] = n;
}

static void data_read(struct jffs2 *j, struct rd r, size_t at)
{
	struct rd checked = r;
	rd_skip(&r, HEAD);
	struct data d = { .inode = rd_u32(&r), .at = at };
	d.version = rd_u32(&r);
	d.mode = rd_u32(&r);
	d.uid = rd_u16(&r);
	d.gid = rd_u16(&r);
	d.isize = rd_u32(&r);
	rd_skip(&r, 4);
	d.mtime = rd_u32(&r);
	rd_skip(&r, 4);
	d.offset = rd_u32(&r);
	uint32_t csize = rd_u32(&r);
	d.dsize = rd_u32(&r);
	d.compression = rd_u8(&r);
	rd_skip(&r, 3);
	uint32_t data_crc = rd_u32(&r), node_crc = rd_u32(&r);
	d.packed = rd_span(&r, csize);
	d.doubtful = crc(rd_span(&checked, DATA_HEAD - 8)) != node_crc || crc(d.packed) != data_crc;
	if (!rd_ok(&r) || j->ndata >= NODES_MAX) {
		j->bad++;
		return;
	}
	j->doubtful += d.doubtful;
	if (j->ndata == j->data_room) {
		j->data_room = j->data_room ? j->data_room * 2 : 64;
		j->data = mem_grow(j->data, j->data_room, sizeof(*j->data));
	}
	j->data[j->ndata++] = d;
}

/* Every node up to a stretch longer than an erase block in which there is none. */
static void scan(struct jffs2 *j)
{
	size_t at = 0;
	while (at + HEAD <= j->image.n && at - j->end <= GAP_MAX && members_step(j->m, 1)) {
		uint16_t type;
		uint32_t length;
		if (!head_read(j->image, j->big, at, &type, &length)) {
			if (!members_step(j->m, HEAD))
				break;
			struct rd r = rd_at(j->image, j->big, at, 2);
			j->bad += rd_u16(&r) == MAGIC;
			at += 4;
			continue;
		}
		struct rd node = rd_at(j->image, j->big, at, length);
		if (!rd_ok(&node)) {
			j->bad++;
			at += HEAD;
			continue;
		}
		if (type == NAME_NODE)
			name_read(j, node);
		else if (type == DATA_NODE)
			data_read(j, node, at);
		at += ((size_t)length + 3) & ~(size_t)3;
		j->end = at < j->image.n ? at : j->image.n;
	}
}

/* Leaves out the nodes whose checksums do not hold, when they are few. */
static void drop_doubtful(struct jffs2 *j)
{
	size_t names = 0, data = 0;
	if (j->doubtful * 2 > j->nnames + j->ndata) {
		members_damage(j->m, "the checksums of %u nodes do not hold: read all the same", j->doubtful);
		return;
	}
	for (size_t i = 0; i < j->nnames; i++)
		if (!j->names[i].doubtful)
			j->names[names++] = j->names[i];
	for (size_t i = 0; i < j->ndata; i++)
		if (!j->data[i].doubtful)
			j->data[data++] = j->data[i];
	j->nnames = names;
	j->ndata = data;
	j->bad += j->doubtful;
}

/* By folder and name, the newest first. */
static int by_name(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
	int c = n ? memcmp(x->name.p, y->name.p, n) : 0;
	if (c || x->name.n != y->name.n)
		return c ? c : x->name.n < y->name.n ? -1 : 1;
	return (x->version < y->version) - (x->version > y->version);
}

/* By inode, the oldest first: later ones are written over earlier ones. */
static int by_inode(const void *a, const void *b)
{
	const struct data *x = a, *y = b;
	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return (x->version > y->version) - (x->version < y->version);
}

/* Runs of earlier bytes, found through a table of where each byte value was last followed (rtime). */
static bool rtime(struct span in, uint8_t *out, size_t room)
{
	uint16_t last[256] = { 0 };
	size_t n = 0;
	struct rd r = rd_of(in);
	while (n < room) {
		uint8_t value = rd_u8(&r);
		size_t repeat = rd_u8(&r), back = last[value];
		if (!rd_ok(&r))
			return false;
		out[n++] = value;
		last[value] = (uint16_t)n;
		for (; repeat && n < room; repeat--)
			out[n++] = out[back++];
	}
	return true;
}

/* A node's data into j->page. False: it cannot be read. */
static bool node_unpack(struct jffs2 *j, const struct data *d)
{
	if (d->dsize > PAGE_MOST || !members_step(j->m, d->dsize))
		return false;
	switch (d->compression) {
	case NONE_PACKED:
	case COPIED:
		if (d->packed.n < d->dsize)
			return false;
		memcpy(j->page, d->packed.p, d->dsize);
		return true;
	case ZEROS:
		memset(j->page, 0, d->dsize);
		return true;
	case RTIME:
		return rtime(d->packed, j->page, d->dsize);
	case ZLIB_PACKED:
		return codec_block(CODEC_ZLIB, d->packed, j->page, d->dsize) == (ptrdiff_t)d->dsize;
	case LZO_PACKED:
		return codec_block(CODEC_LZO, d->packed, j->page, d->dsize) == (ptrdiff_t)d->dsize;
	default:
		return false;
	}
}

struct versions {                                /* the data nodes of one inode, oldest first */
	const struct data *v;
	size_t n;
};

static struct versions versions_of(const struct jffs2 *j, uint32_t inode)
{
	size_t low = 0, high = j->ndata;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (j->data[mid].inode < inode)
			low = mid + 1;
		else
			high = mid;
	}
	size_t n = 0;
	while (low + n < j->ndata && j->data[low + n].inode == inode)
		n++;
	return (struct versions){ n ? j->data + low : NULL, n };
}

/* The size that the newest node names, if data or a tolerable hole stands behind it: no memory for a lie. */
static size_t believable(const struct versions *v, const char **why)
{
	uint64_t isize = v->v[v->n - 1].isize, reach = 0, packed = 0;
	for (size_t i = 0; i < v->n; i++) {
		uint64_t end = (uint64_t)v->v[i].offset + v->v[i].dsize;
		packed += v->v[i].packed.n + DATA_HEAD;
		reach = end > reach && end <= isize ? end : reach;
	}
	uint64_t most = FREE_LENGTH + packed * 1000;
	most = most < FILE_MOST ? most : FILE_MOST;
	if (isize <= most)
		return (size_t)isize;
	*why = "cut: it claims to be far longer than its data";
	return (size_t)(reach < most ? reach : most);
}

/* Paints the nodes in the order of their versions. */
static void file_read(struct jffs2 *j, const struct versions *v, struct buf *out, const char **why)
{
	size_t size = believable(v, why);
	out->cap = size + 1;
	buf_fill(out, 0, size);
	for (size_t i = 0; i < v->n && !members_stopped(j->m); i++) {
		const struct data *d = &v->v[i];
		if (d->dsize == 0 || d->offset >= size)
			continue;
		if (!node_unpack(j, d)) {
			*why = "parts are damaged or packed in a way that is not read: zeros or older bytes stand in their place";
			j->unread++;
			continue;
		}
		size_t n = d->dsize < size - d->offset ? d->dsize : size - d->offset;
		memcpy(out->p + d->offset, j->page, n);
	}
}

static void device(struct member *head, struct span s, bool big)
{
	struct rd r = rd_of(s);
	rd_order(&r, big);
	uint32_t rdev = s.n == 2 ? rd_u16(&r) : rd_u32(&r);
	head->major = s.n == 2 ? rdev >> 8 : rdev >> 8 & 0xfff;
	head->minor = s.n == 2 ? rdev & 0xff : (rdev & 0xff) | (rdev >> 12 & 0xfff00);
}

static bool add_entry(struct jffs2 *j, struct tree *t, const struct tree_dir *dir, const struct name *n)
{
	struct versions v = versions_of(j, n->inode);
	struct member head = { .path = member_join(j->m, dir->path, n->name), .mtime = n->mctime };
	const char *why = NULL;
	if (!v.n) {
		/* The name is here, its inode is not: lost with a damaged node. */
		head.damage = "its inode is missing";
		head.type = n->type == FOLDER ? MEMBER_DIR : n->type == LINK ? MEMBER_SYMLINK : MEMBER_FILE;
		if (head.type == MEMBER_DIR)
			tree_push(t, dir, n->inode, 0, head.path);
		return member_add(j->m, &head, (struct span){ 0 });
	}
	const struct data *last = &v.v[v.n - 1];
	head.mode = last->mode;
	head.uid = last->uid;
	head.gid = last->gid;
	head.mtime = last->mtime;
	if (!member_type_of(last->mode, &head.type)) {
		members_damage(j->m, "an inode has no known type");
		return true;
	}
	struct buf content = { 0 };
	if (head.type == MEMBER_FILE || head.type == MEMBER_SYMLINK)
		file_read(j, &v, &content, &why);
	if (head.type == MEMBER_SYMLINK)
		head.target = buf_span(&content);
	if ((head.type == MEMBER_CHAR || head.type == MEMBER_BLOCK) && node_unpack(j, last))
		device(&head, span_of(j->page, last->dsize), j->big);
	if (head.type == MEMBER_FILE && v.n == 1) {
		head.offset = last->at;
		head.length = DATA_HEAD + last->packed.n;
	}
	head.damage = why;
	bool good = member_add(j->m, &head, head.type == MEMBER_FILE ? buf_span(&content) : (struct span){ 0 });
	buf_done(&content);
	if (head.type == MEMBER_DIR && good)
		tree_push(t, dir, n->inode, 0, head.path);
	return good;
}

static void read_dir(struct jffs2 *j, struct tree *t, const struct tree_dir *dir)
{
	size_t low = 0, high = j->nnames;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (j->names[mid].parent < dir->key)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < j->nnames && j->names[low].parent == dir->key; low++) {
		const struct name *n = &j->names[low], *before = low ? n - 1 : NULL;
		if (before && before->parent == n->parent && span_eq(before->name, n->name))
			continue;                /* an older version of it */
		j->deleted += n->inode == 0;
		if (n->inode && n->name.n && !add_entry(j, t, dir, n))
			return;
	}
}

static void unpack(struct span s, struct members *m)
{
	struct jffs2 j = { .m = m, .image = s, .big = s.n && s.p[0] == 0x19, .page = mem_new(PAGE_MOST) };
	scan(&j);
	drop_doubtful(&j);
	if (j.nnames)
		qsort(j.names, j.nnames, sizeof(*j.names), by_name);
	if (j.ndata)
		qsort(j.data, j.ndata, sizeof(*j.data), by_inode);
	struct tree t;
	struct tree_dir d;
	tree_start(&t, m, ROOT, 0);
	while (tree_next(&t, &d))
		read_dir(&j, &t, &d);
	tree_done(&t);
	if (j.bad)
		members_damage(m, "%u nodes whose checksums do not hold were left out", j.bad);
	if (j.unread)
		members_damage(m, "%u nodes could not be unpacked", j.unread);
	members_detail(m, "%s-endian, %zu name and %zu data nodes, %u deleted names", j.big ? "big" : "little", j.nnames,
		       j.ndata, j.deleted);
	/* A lone marker in an empty partition is no file system. */
	if (j.nnames + j.ndata + j.bad)
		members_extent(m, j.end);
	free(j.names);
	free(j.data);
	free(j.page);
}

const struct unpacker unpacker_jffs2 = {
	.kind = KIND_FILES,
	.name = "jffs2", .doc = "JFFS2, both byte orders; zlib, rtime, lzo",
	.magics = { { "\x85\x19\x01\xe0", 4, 0 }, { "\x85\x19\x02\xe0", 4, 0 }, { "\x85\x19\x03\x20", 4, 0 },
		    { "\x85\x19\x06\x20", 4, 0 }, { "\x19\x85\xe0\x01", 4, 0 }, { "\x19\x85\xe0\x02", 4, 0 },
		    { "\x19\x85\x20\x03", 4, 0 }, { "\x19\x85\x20\x06", 4, 0 } },
	.bid = bid, .unpack = unpack,
};
