/* SPDX-License-Identifier: GPL-2.0-or-later */
/* openat2(2) with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_XDEV for every step of every path. */
#include "fw/unpack/extract.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { NAME_MOST = 200, COMPONENTS_MAX = 96, TRIES = 1000, COPY = 256 * 1024, SUFFIX = 8 };

struct link {
	struct link *next;
	struct span path, target;
	size_t root;
	bool from_root;                          /* hard links name their target from the container's root */
};

struct extract {
	int dir, spool;
	struct arena arena;
	struct link *links, **links_end;
	struct extract_counts n;
	uint8_t *copy;
};

static int open_beneath(int dir, const char *name, int flags, unsigned mode)
{
	struct open_how how = { .flags = (unsigned)flags | (unsigned)O_CLOEXEC, .mode = mode,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

static bool is_empty(int dir)
{
	int again = dup(dir);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	if (!d)
		return false;
	int n = 0;
	for (struct dirent *e = readdir(d); e && n < 3; e = readdir(d))
		n++;
	closedir(d);
	return n <= 2;
}

int extract_open(const char *dir, int spool, struct extract **out)
{
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!is_empty(fd)) {
		close(fd);
		return -ENOTEMPTY;
	}
	struct extract *x = mem_new(sizeof(*x));
	x->dir = fd;
	x->spool = spool;
	x->links_end = &x->links;
	x->copy = mem_new(COPY);
	arena_init(&x->arena, 256 << 20);
	*out = x;
	return 0;
}

void extract_free(struct extract *x)
{
	if (!x)
		return;
	close(x->dir);
	free(x->copy);
	arena_done(&x->arena);
	free(x);
}

void extract_clean(struct span name, struct buf *out)
{
	size_t from = out->n;
	if (span_is(name, ".") || span_is(name, "..")) {
		buf_fill(out, '_', name.n);
		return;
	}
	struct rd r = rd_of(name);
	while (rd_left(&r) && out->n - from < NAME_MOST) {
		struct rd before = r;
		uint32_t c = utf8_next(&r);
		struct span raw = rd_span(&before, rd_left(&before) - rd_left(&r));
		bool fine = c != UTF8_BAD && !utf8_is_unsafe(c) && c != '/' && c != '\\' && c != '%';
		if (fine)
			buf_bytes(out, raw);
		for (size_t i = 0; !fine && i < raw.n; i++)
			buf_printf(out, "%%%02X", raw.p[i]);
	}
	if (out->n == from)
		buf_u8(out, '_');
}

/* The components of path, cleaned and with a NUL each, one behind the other in b. */
static unsigned components(struct span path, struct buf *b)
{
	unsigned n = 0;
	struct rd r = rd_of(path);
	while (rd_left(&r)) {
		struct span part = rd_piece(&r, '/');
		if (!part.n || span_is(part, "."))
			continue;
		/* Beyond any sane depth the rest becomes one name. */
		if (++n == COMPONENTS_MAX)
			part = span_of(part.p, part.n + rd_left(&r));
		extract_clean(part, b);
		buf_u8(b, 0);
		if (n == COMPONENTS_MAX)
			break;
	}
	return n;
}

/* try(0), try(1), …: the name itself, then name~2, name~3 … until one does not collide. */
static int step(struct extract *x, int dir, const char *name, int (*try)(int dir, const char *name, void *ctx),
		void *ctx, bool count)
{
	int rc = -EEXIST;
	for (unsigned i = 1; i <= TRIES && (rc == -EEXIST || rc == -ENOTDIR || rc == -ELOOP); i++) {
		char with[NAME_MOST * 3 + 64 + SUFFIX];
		snprintf(with, sizeof(with), i == 1 ? "%s" : "%s~%u", name, i);
		rc = try(dir, with, ctx);
		x->n.renamed += rc >= 0 && i > 1 && count;
	}
	return rc;
}

static int enter(int dir, const char *name, void *ctx)
{
	uint64_t *made = ctx;
	int fd = open_beneath(dir, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd != -ENOENT)
		return fd;
	if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	++*made;
	return open_beneath(dir, name, O_RDONLY | O_DIRECTORY, 0);
}

/* The folder in which the last of the names stands, made as needed. */
static int walk(struct extract *x, const struct buf *names, unsigned n, const char **last)
{
	struct rd r = rd_of(buf_span(names));
	int fd = dup(x->dir);
	for (unsigned i = 0; fd >= 0 && i < n; i++) {
		struct span name;
		if (!rd_until(&r, 0, &name))
			break;
		*last = (const char *)name.p;
		if (i + 1 == n)
			return fd;
		int below = step(x, fd, *last, enter, &x->n.folders, false);
		close(fd);
		fd = below;
	}
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : -ENOENT;
}

static int create(int dir, const char *name, void *ctx)
{
	const unsigned *mode = ctx;
	return open_beneath(dir, name, O_WRONLY | O_CREAT | O_EXCL, *mode);
}

static bool copy_bytes(struct extract *x, int to, uint64_t at, uint64_t size)
{
	while (size) {
		ssize_t n = pread(x->spool, x->copy, size < COPY ? (size_t)size : COPY, (off_t)at);
		for (ssize_t done = 0; n > 0 && done < n;) {
			ssize_t put = write(to, x->copy + done, (size_t)(n - done));
			if (put <= 0)
				return false;
			done += put;
		}
		if (n <= 0)
			return false;
		at += (uint64_t)n;
		size -= (uint64_t)n;
	}
	return true;
}

/* A file with these bytes; text stands in for the spool when it is given. */
static void put_file(struct extract *x, struct span path, unsigned mode, const struct extract_entry *e,
		     struct span text)
{
	struct buf names = { 0 };
	unsigned n = components(path, &names);
	const char *last = "";
	AUTO_CLOSE int dir = walk(x, &names, n, &last);
	AUTO_CLOSE int fd = dir < 0 ? dir : step(x, dir, last, create, &mode, true);
	bool good = fd >= 0 && (e ? copy_bytes(x, fd, e->at, e->size) : write(fd, text.p, text.n) == (ssize_t)text.n);
	x->n.failed += !good;
	x->n.files += good && e;
	x->n.bytes += good && e ? e->size : 0;
	buf_done(&names);
}

static void put_dir(struct extract *x, struct span path)
{
	struct buf names = { 0 };
	unsigned n = components(path, &names);
	const char *last = "";
	AUTO_CLOSE int dir = walk(x, &names, n, &last);
	AUTO_CLOSE int fd = dir < 0 ? dir : step(x, dir, last, enter, &x->n.folders, true);
	x->n.failed += fd < 0 && n > 0;
	buf_done(&names);
}

static void keep_link(struct extract *x, const struct extract_entry *e)
{
	struct link *l = arena_new(&x->arena, sizeof(*l));
	if (!l) {
		x->n.failed++;
		return;
	}
	*l = (struct link){ NULL, arena_copy(&x->arena, e->path), arena_copy(&x->arena, e->target), e->root,
			    e->type == MEMBER_HARDLINK };
	*x->links_end = l;
	x->links_end = &l->next;
}

void extract_put(struct extract *x, const struct extract_entry *e)
{
	switch (e->type) {
	case MEMBER_FILE:
		/* No set-id bits, no rights of others to write. */
		put_file(x, e->path, e->mode & 0111 ? 0755 : 0644, e, (struct span){ 0 });
		break;
	case MEMBER_DIR:
		put_dir(x, e->path);
		break;
	case MEMBER_SYMLINK:
	case MEMBER_HARDLINK:
		keep_link(x, e);
		break;
	case MEMBER_CHAR:
	case MEMBER_BLOCK:
	case MEMBER_FIFO:
	case MEMBER_SOCKET:
		x->n.left_out++;
		break;
	}
}

/* Leading ".." up to the root, then only downwards: each link then ends in or below a real folder of the
 * tree, whatever links lie on its way, because all of them obey the same rule. */
bool extract_safe_target(struct span target, unsigned depth, unsigned below, struct buf *out)
{
	bool absolute = target.n && target.p[0] == '/';
	unsigned up = absolute ? depth - below : 0, names = 0;
	for (unsigned i = 0; i < up; i++)
		buf_text(out, i ? "/.." : "..");
	struct rd r = rd_of(target);
	while (rd_left(&r)) {
		struct span part = rd_piece(&r, '/');
		if (!part.n || span_is(part, "."))
			continue;
		bool is_up = span_is(part, "..");
		if (is_up && (absolute || names))
			return false;
		up += is_up;
		names += !is_up;
		if (up > depth)
			return false;
		if (out->n)
			buf_u8(out, '/');
		if (is_up)
			buf_text(out, "..");
		else
			extract_clean(part, out);
	}
	if (!out->n)
		buf_u8(out, '.');
	buf_u8(out, 0);
	return target.n && !out->full && out->n < MEMBER_PATH;
}

static int make_link(int dir, const char *name, void *ctx)
{
	return symlinkat(ctx, dir, name) < 0 ? -errno : 0;
}

static void put_link(struct extract *x, const struct link *l)
{
	struct buf names = { 0 }, root = { 0 }, target = { 0 }, from_root = { 0 };
	unsigned n = components(l->path, &names), below = components(span_cut(l->path, l->root), &root);
	if (l->from_root)
		buf_u8(&from_root, '/');
	buf_bytes(&from_root, l->target);
	bool safe = n > below && extract_safe_target(buf_span(&from_root), n - 1, below, &target);
	if (safe) {
		const char *last = "";
		AUTO_CLOSE int dir = walk(x, &names, n, &last);
		int rc = dir < 0 ? dir : step(x, dir, last, make_link, target.p, true);
		x->n.links += rc >= 0;
		x->n.failed += rc < 0;
	} else {
		struct buf name = { 0 };
		buf_bytes(&name, l->path);
		buf_text(&name, ".link");
		put_file(x, buf_span(&name), 0644, NULL, l->target);
		x->n.link_texts++;
		buf_done(&name);
	}
	buf_done(&names);
	buf_done(&root);
	buf_done(&target);
	buf_done(&from_root);
}

void extract_finish(struct extract *x, struct extract_counts *n)
{
	for (const struct link *l = x->links; l; l = l->next)
		put_link(x, l);
	*n = x->n;
}
