/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small file tree in memory, and the writers that make a firmware image of it: cramfs, cpio "newc",
 * U-Boot's legacy image header. The same tree gives the same bytes. */
#pragma once

#include "base/buf.h"

enum { ROOTFS_NODES = 512, ROOTFS_FILE_CAP = (1 << 24) - 1 };    /* cramfs: sizes have 24 bits */

struct node {
	const char *name;                        /* its last part; owned by the tree */
	uint32_t parent;
	uint16_t mode;                           /* type and permissions, as in st_mode */
	struct buf content;                      /* of files and links */
};

struct rootfs {
	struct node v[ROOTFS_NODES];             /* v[0] is the root folder */
	uint32_t n;
};

struct rootfs *rootfs_new(void);
void           rootfs_free(struct rootfs *t);
/* path: "etc/init.d/rcS"; folders on the way are made. Ends the process on a typing error: the paths are ours. */
struct buf    *rootfs_file(struct rootfs *t, const char *path, unsigned permissions);
void           rootfs_text(struct rootfs *t, const char *path, unsigned permissions, const char *text);
void           rootfs_link(struct rootfs *t, const char *path, const char *target);
void           rootfs_folder(struct rootfs *t, const char *path);

/* Little-endian cramfs version 2 with sorted folders, padded to 4096 bytes; name: at most 15 bytes. */
void cramfs_write(const struct rootfs *t, const char *name, struct buf *out);
void cpio_write(const struct rootfs *t, struct buf *out);
/* A gzip member (RFC 1952) without name and time. */
void gzip_write(struct span content, struct buf *out);

struct uimage {
	const char *name;                        /* at most 31 bytes */
	uint32_t load, entry, time;
	uint8_t os, cpu, type, compression;      /* IH_OS_LINUX 5, IH_ARCH_ARM 2, IH_TYPE_KERNEL 2, IH_COMP_GZIP 1 */
};
void uimage_write(const struct uimage *h, struct span content, struct buf *out);
