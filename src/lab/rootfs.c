/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree and its writers. cramfs: Linux Documentation/filesystems/cramfs.rst and uapi/linux/cramfs_fs.h.
 * cpio: "newc", Linux Documentation/driver-api/early-userspace/buffer-format.rst. U-Boot: include/image.h. */
#include "lab/rootfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/mem.h"

enum {
	CRAMFS_SUPER = 76, CRAMFS_INODE = 12, CRAMFS_BLOCK = 4096, CRAMFS_MAGIC = 0x28cd3d45, CRAMFS_FLAGS = 3,
	IMAGE_CAP = 256 << 20, UIMAGE_MAGIC = 0x27051956, NAME_CAP = 252,
};

struct rootfs *rootfs_new(void)
{
	struct rootfs *t = mem_new(sizeof(*t));
	t->v[0] = (struct node){ .name = mem_text(span_str("")), .mode = S_IFDIR | 0755 };
	t->n = 1;
	return t;
}

void rootfs_free(struct rootfs *t)
{
	for (uint32_t i = 0; t && i < t->n; i++) {
		char *name = (char *)(uintptr_t)t->v[i].name;
		free(name);
		buf_done(&t->v[i].content);
	}
	free(t);
}

static uint32_t child(struct rootfs *t, uint32_t parent, struct span name, unsigned mode)
{
	for (uint32_t i = 1; i < t->n; i++)
		if (t->v[i].parent == parent && span_is(name, t->v[i].name))
			return i;
	if (t->n == ROOTFS_NODES || name.n == 0 || name.n > NAME_CAP) {
		fprintf(stderr, "lab: no room for %.*s\n", (int)name.n, (const char *)name.p);
		abort();
	}
	t->v[t->n] = (struct node){ .name = mem_text(name), .parent = parent, .mode = (uint16_t)mode,
				    .content.cap = ROOTFS_FILE_CAP };
	return t->n++;
}

static struct node *place(struct rootfs *t, const char *path, unsigned mode)
{
	struct rd r = rd_of(span_str(path));
	struct span part;
	uint32_t at = 0;
	while (rd_until(&r, '/', &part))
		at = child(t, at, part, S_IFDIR | 0755);
	return &t->v[child(t, at, rd_rest(&r), mode)];
}

struct buf *rootfs_file(struct rootfs *t, const char *path, unsigned permissions)
{
	return &place(t, path, S_IFREG | permissions)->content;
}

void rootfs_text(struct rootfs *t, const char *path, unsigned permissions, const char *text)
{
	buf_text(rootfs_file(t, path, permissions), text);
}

void rootfs_link(struct rootfs *t, const char *path, const char *target)
{
	buf_text(&place(t, path, S_IFLNK | 0777)->content, target);
}

void rootfs_folder(struct rootfs *t, const char *path)
{
	place(t, path, S_IFDIR | 0755);
}

/* The children of a folder by name, as both file systems want them; returns how many. */
static uint32_t children(const struct rootfs *t, uint32_t parent, uint32_t out[ROOTFS_NODES])
{
	uint32_t n = 0;
	for (uint32_t i = 1; i < t->n; i++) {
		if (t->v[i].parent != parent)
			continue;
		uint32_t k = n++;
		for (; k && strcmp(t->v[out[k - 1]].name, t->v[i].name) > 0; k--)
			out[k] = out[k - 1];
		out[k] = i;
	}
	return n;
}

static size_t padded(size_t n)
{
	return (n + 3) / 4 * 4;
}

static size_t folder_size(const struct rootfs *t, uint32_t folder)
{
	size_t size = 0;
	for (uint32_t i = 1; i < t->n; i++)
		if (t->v[i].parent == folder)
			size += CRAMFS_INODE + padded(strlen(t->v[i].name));
	return size;
}

/* Where a node's bytes stand, from the start of the image. */
struct layout {
	uint32_t offset[ROOTFS_NODES];
	struct buf data;                         /* compressed blocks of all files */
	uint32_t blocks;
};

static void deflate_to(struct span s, struct buf *out)
{
	uint8_t packed[2 * CRAMFS_BLOCK];
	uLongf n = sizeof(packed);
	if (compress2(packed, &n, s.p, s.n, Z_BEST_COMPRESSION) == Z_OK)
		buf_bytes(out, span_of(packed, n));
	else
		out->full = true;
}

/* Pointers to the end of each block, then the blocks; all zero blocks are holes. */
static void file_blocks(struct span content, uint32_t base, struct layout *l)
{
	struct buf blocks = { .cap = IMAGE_CAP };
	size_t count = (content.n + CRAMFS_BLOCK - 1) / CRAMFS_BLOCK;
	uint32_t start = (uint32_t)(base + l->data.n + 4 * count);
	for (size_t i = 0; i < count; i++) {
		deflate_to(span_cut(span_from(content, i * CRAMFS_BLOCK), CRAMFS_BLOCK), &blocks);
		buf_le32(&l->data, start + (uint32_t)blocks.n);
	}
	buf_bytes(&l->data, buf_span(&blocks));
	buf_fill(&l->data, 0, padded(l->data.n) - l->data.n);
	l->data.full |= blocks.full;
	l->blocks += (uint32_t)count;
	buf_done(&blocks);
}

static uint32_t lay_out(const struct rootfs *t, struct layout *l)
{
	uint32_t at = CRAMFS_SUPER;
	for (uint32_t i = 0; i < t->n; i++) {
		if (!S_ISDIR(t->v[i].mode))
			continue;
		size_t size = folder_size(t, i);
		l->offset[i] = size ? at : 0;
		at += (uint32_t)size;
	}
	for (uint32_t i = 0; i < t->n; i++) {
		if (S_ISDIR(t->v[i].mode) || !t->v[i].content.n)
			continue;
		l->offset[i] = at + (uint32_t)l->data.n;
		file_blocks(buf_span(&t->v[i].content), at, l);
	}
	return at + (uint32_t)l->data.n;
}

static void inode(const struct rootfs *t, const struct layout *l, uint32_t i, struct buf *out)
{
	const struct node *v = &t->v[i];
	size_t size = S_ISDIR(v->mode) ? folder_size(t, i) : v->content.n;
	buf_le16(out, v->mode);
	buf_le16(out, 0);
	buf_le32(out, (uint32_t)size);           /* 24 bits of size, 8 of group */
	buf_le32(out, (uint32_t)(padded(strlen(v->name)) / 4) | l->offset[i] / 4 << 6);
}

static void superblock(const struct rootfs *t, const struct layout *l, const char *name, uint32_t size, uint32_t crc,
		       struct buf *out)
{
	buf_le32(out, CRAMFS_MAGIC);
	buf_le32(out, size);
	buf_le32(out, CRAMFS_FLAGS);
	buf_le32(out, 0);
	buf_text(out, "Compressed ROMFS");
	buf_le32(out, crc);
	buf_le32(out, 0);                        /* edition */
	buf_le32(out, l->blocks);
	buf_le32(out, t->n);
	buf_bytes(out, span_cut(span_str(name), 15));
	buf_fill(out, 0, 16 - span_cut(span_str(name), 15).n);
	inode(t, l, 0, out);
}

static void folders(const struct rootfs *t, const struct layout *l, struct buf *out)
{
	uint32_t order[ROOTFS_NODES];
	for (uint32_t i = 0; i < t->n; i++) {
		uint32_t n = S_ISDIR(t->v[i].mode) ? children(t, i, order) : 0;
		for (uint32_t k = 0; k < n; k++) {
			const char *name = t->v[order[k]].name;
			inode(t, l, order[k], out);
			buf_text(out, name);
			buf_fill(out, 0, padded(strlen(name)) - strlen(name));
		}
	}
}

void cramfs_write(const struct rootfs *t, const char *name, struct buf *out)
{
	struct layout *l = mem_new(sizeof(*l));
	struct buf head = { 0 }, body = { .cap = IMAGE_CAP };
	l->data.cap = IMAGE_CAP;
	uint32_t used = lay_out(t, l);
	uint32_t size = (used + CRAMFS_BLOCK - 1) / CRAMFS_BLOCK * CRAMFS_BLOCK;
	folders(t, l, &body);
	buf_bytes(&body, buf_span(&l->data));
	buf_fill(&body, 0, size - used);
	superblock(t, l, name, size, 0, &head);
	/* The sum is over the whole image with its own field zero. */
	uLong crc = crc32_z(crc32_z(0, head.p, head.n), body.p, body.n);
	superblock(t, l, name, size, (uint32_t)crc, out);
	buf_bytes(out, buf_span(&body));
	out->full |= body.full || l->data.full;
	buf_done(&head);
	buf_done(&body);
	buf_done(&l->data);
	free(l);
}

static void path_of(const struct rootfs *t, uint32_t i, struct buf *out)
{
	if (t->v[i].parent) {
		path_of(t, t->v[i].parent, out);
		buf_u8(out, '/');
	}
	buf_text(out, t->v[i].name);
}

static void cpio_entry(struct span path, uint16_t mode, struct span content, uint32_t number, struct buf *out)
{
	buf_printf(out, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", number, (unsigned)mode, 0u, 0u,
		   S_ISDIR(mode) ? 2u : 1u, 0u, (unsigned)content.n, 0u, 0u, 0u, 0u, (unsigned)path.n + 1, 0u);
	buf_bytes(out, path);
	buf_u8(out, 0);
	buf_fill(out, 0, padded(out->n) - out->n);
	buf_bytes(out, content);
	buf_fill(out, 0, padded(out->n) - out->n);
}

void cpio_write(const struct rootfs *t, struct buf *out)
{
	struct buf own = { .cap = IMAGE_CAP };       /* padding counts from the archive's own start */
	for (uint32_t i = 1; i < t->n; i++) {
		struct buf path = { 0 };
		path_of(t, i, &path);
		cpio_entry(buf_span(&path), t->v[i].mode, buf_span(&t->v[i].content), i, &own);
		buf_done(&path);
	}
	cpio_entry(SPAN_LIT("TRAILER!!!"), 0, (struct span){ 0 }, 0, &own);
	buf_bytes(out, buf_span(&own));
	out->full |= own.full;
	buf_done(&own);
}

void gzip_write(struct span content, struct buf *out)
{
	z_stream z = { 0 };
	/* 15 + 16: with the header and trailer of gzip. */
	if (content.n > ROOTFS_FILE_CAP || deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, 0) != Z_OK) {
		out->full = true;
		return;
	}
	struct buf packed = { .cap = IMAGE_CAP };
	uint8_t *room = buf_room(&packed, deflateBound(&z, (uLong)content.n));
	z.next_in = (z_const Bytef *)(uintptr_t)content.p;
	z.avail_in = (uInt)content.n;
	z.next_out = room;
	z.avail_out = (uInt)packed.n;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END)
		buf_bytes(out, span_of(packed.p, z.total_out));
	else
		out->full = true;
	deflateEnd(&z);
	buf_done(&packed);
}

static void uimage_header(const struct uimage *h, struct span content, uint32_t crc, struct buf *out)
{
	buf_be32(out, UIMAGE_MAGIC);
	buf_be32(out, crc);
	buf_be32(out, h->time);
	buf_be32(out, (uint32_t)content.n);
	buf_be32(out, h->load);
	buf_be32(out, h->entry);
	buf_be32(out, (uint32_t)crc32_z(0, content.p, content.n));
	buf_u8(out, h->os);
	buf_u8(out, h->cpu);
	buf_u8(out, h->type);
	buf_u8(out, h->compression);
	struct span name = span_cut(span_str(h->name), 31);
	buf_bytes(out, name);
	buf_fill(out, 0, 32 - name.n);
}

void uimage_write(const struct uimage *h, struct span content, struct buf *out)
{
	struct buf head = { 0 };
	uimage_header(h, content, 0, &head);     /* the header's sum is over itself with that field zero */
	uimage_header(h, content, (uint32_t)crc32_z(0, head.p, head.n), out);
	buf_bytes(out, content);
	buf_done(&head);
}
