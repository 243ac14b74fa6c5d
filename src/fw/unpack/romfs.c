/* SPDX-License-Identifier: GPL-2.0-or-later */
/* romfs (Linux Documentation/filesystems/romfs.rst): big-endian headers in a chain, all on 16-byte borders.
 *
 *   image: "-rom1fs-" size 4 checksum 4 name\0    file: next|exec|type 4, info 4, size 4, checksum 4, name\0
 */
#include "fw/unpack/unpack.h"

enum { HARDLINK, FOLDER, REGULAR, SYMLINK, BLOCK, CHARACTER, SOCKET, FIFO, EXEC = 8, ALIGN = 16, CHECKED = 512,
       NAME_MAX_BYTES = 256 };

struct romfs {
	struct members *m;
	struct span image;
	struct seen *headers;
};

static void align(struct rd *r, size_t whole)
{
	size_t at = whole - rd_left(r);
	rd_skip(r, (ALIGN - at % ALIGN) % ALIGN);
}

/* A name ends with a zero and is padded to 16. */
static struct span name_of(struct rd *r, size_t whole)
{
	struct span name = { 0 };
	if (!rd_until(r, 0, &name) || name.n > NAME_MAX_BYTES)
		rd_fail(r);
	align(r, whole);
	return name;
}

/* All 32-bit words of the first 512 bytes add up to zero. */
static bool sum_holds(struct span image)
{
	struct rd r = rd_of(span_cut(image, CHECKED));
	uint32_t sum = 0;
	while (rd_left(&r) >= 4)
		sum += rd_be32(&r);
	return sum == 0;
}

static int bid(struct span s)
{
	struct rd r = rd_at(s, true, 8, s.n > 8 ? s.n - 8 : 0);
	uint32_t size = rd_be32(&r);
	if (!rd_ok(&r) || size < 32)
		return 0;
	return sum_holds(span_cut(s, size)) ? 95 : size <= s.n ? 60 : 0;
}

static void add(struct romfs *f, struct tree *t, const struct tree_dir *dir, uint32_t at, uint32_t kind, uint32_t info,
		struct rd *r, uint32_t size, struct span name)
{
	static const enum member_type types[] = { MEMBER_HARDLINK, MEMBER_DIR, MEMBER_FILE, MEMBER_SYMLINK, MEMBER_BLOCK,
						  MEMBER_CHAR, MEMBER_SOCKET, MEMBER_FIFO };
	struct member head = { .path = member_join(f->m, dir->path, name), .type = types[kind & 7],
			       .mode = kind & EXEC || (kind & 7) == FOLDER ? 0755 : 0644, .major = info >> 16, .minor = info & 0xffff };
	struct span content = { 0 };
	if ((kind & 7) == REGULAR) {
		head.offset = f->image.n - rd_left(r);
		content = rd_span(r, size);
		head.length = content.n;
		head.damage = rd_ok(r) ? NULL : "its bytes lie outside the image";
	} else if ((kind & 7) == SYMLINK) {
		head.target = rd_span(r, size);
	} else if ((kind & 7) == HARDLINK) {
		struct rd other = rd_at(f->image, true, (uint64_t)info + 16,
					f->image.n > (uint64_t)info + 16 ? f->image.n - info - 16 : 0);
		head.target = name_of(&other, f->image.n);
	} else if ((kind & 7) == FOLDER && info != at) {
		tree_push(t, dir, info, 0, head.path);
	}
	(void)!member_add(f->m, &head, content);
}

/* "." and ".." are hard links to where one is. */
static bool is_dot(struct span name)
{
	return span_is(name, ".") || span_is(name, "..");
}

static void read_dir(struct romfs *f, struct tree *t, const struct tree_dir *dir)
{
	uint64_t at = dir->key;
	while (at && !members_stopped(f->m)) {
		if (!seen_add(f->headers, at)) {
			members_damage(f->m, "the chain of entries runs in a circle: left there");
			return;
		}
		struct rd r = rd_of(f->image);
		rd_skip(&r, at);
		uint32_t next = rd_be32(&r), info = rd_be32(&r), size = rd_be32(&r);
		rd_skip(&r, 4);
		struct span name = name_of(&r, f->image.n);
		if (!rd_ok(&r) || !name.n || !members_step(f->m, ALIGN)) {
			members_damage(f->m, "an entry is damaged: those behind it are not read");
			return;
		}
		if (!is_dot(name))
			add(f, t, dir, (uint32_t)at, next & 15, info, &r, size, name);
		at = next & ~15u;
	}
}

static void unpack(struct span s, struct members *m)
{
	struct rd r = rd_of(s);
	rd_skip(&r, 8);
	uint32_t size = rd_be32(&r);
	rd_skip(&r, 4);
	struct span volume = name_of(&r, s.n);
	if (!rd_ok(&r))
		return;
	struct romfs f = { .m = m, .image = span_cut(s, size), .headers = seen_new() };
	bool sum = sum_holds(f.image);
	if (size > s.n)
		members_damage(m, "cut: %zu of %u bytes are here", s.n, size);
	else if (!sum)
		members_damage(m, "the checksum does not hold");
	struct tree t;
	struct tree_dir d;
	tree_start(&t, m, s.n - rd_left(&r), 0);
	while (tree_next(&t, &d))
		read_dir(&f, &t, &d);
	tree_done(&t);
	seen_free(f.headers);
	members_detail(m, "volume \"%.*s\"%s", (int)span_cut(volume, 32).n, (const char *)volume.p,
		       sum ? ", checksum holds" : "");
	members_extent(m, f.image.n);
}

const struct unpacker unpacker_romfs = {
	.kind = KIND_FILES,
	.name = "romfs", .doc = "romfs", .magics = { { "-rom1fs-", 8, 0 } }, .bid = bid, .unpack = unpack,
};
