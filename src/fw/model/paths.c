/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sorted list of (container, path), searched by halves. */
#include "fw/model/paths.h"

#include <fnmatch.h>

enum { LINKS_MOST = 12, PARTS_MOST = 64 };

struct paths {
	const struct members *m;
	uint32_t *v, n;
};

static int order(const void *a, const void *b, void *ctx)
{
	const struct members *m = ctx;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct member *x = &m->v[i], *y = &m->v[j];
	if (x->container != y->container)
		return x->container < y->container ? -1 : 1;
	int c = span_order(x->path, y->path);
	return c ? c : (i > j) - (i < j);
}

struct paths *paths_new(const struct members *m)
{
	struct paths *p = mem_new(sizeof(*p));
	p->m = m;
	p->v = mem_array((size_t)m->n + 1, sizeof(*p->v));
	for (uint32_t i = 0; i < m->n; i++)
		p->v[p->n++] = i;
	qsort_r(p->v, p->n, sizeof(*p->v), order, (void *)(uintptr_t)m);
	return p;
}

void paths_free(struct paths *p)
{
	if (p)
		free(p->v);
	free(p);
}

/* The first place at or behind (container, path). */
static uint32_t lower(const struct paths *p, uint32_t container, struct span path)
{
	uint32_t low = 0, high = p->n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct member *f = &p->m->v[p->v[mid]];
		bool before = f->container < container || (f->container == container && span_order(f->path, path) < 0);
		low = before ? mid + 1 : low;
		high = before ? high : mid;
	}
	return low;
}

/* The member of exactly this path; the last one when a path comes twice, as unpacking it would leave that. */
static uint32_t exact(const struct paths *p, uint32_t container, struct span path)
{
	uint32_t found = NONE;
	for (uint32_t i = lower(p, container, path); i < p->n; i++) {
		const struct member *f = &p->m->v[p->v[i]];
		if (f->container != container || !span_eq(f->path, path))
			break;
		found = p->v[i];
	}
	return found;
}

/* Appends the parts of `path` to b, taking back a part for each "..", but never what stands before `floor`. */
static void join(struct buf *b, struct span path, size_t floor)
{
	struct rd r = rd_of(path);
	if (path.n && path.p[0] == '/')
		b->n = floor;
	while (rd_left(&r)) {
		struct span part = rd_piece(&r, '/');
		if (!part.n || span_is(part, "."))
			continue;
		if (span_is(part, "..")) {
			while (b->n > floor && b->p[b->n - 1] != '/')
				b->n--;
			b->n -= b->n > floor;
			continue;
		}
		if (b->n)
			buf_u8(b, '/');
		buf_bytes(b, part);
	}
}

struct span paths_inside(struct root root, struct span path)
{
	if (!root.folder.n)
		return path;
	bool inside = span_starts(path, root.folder) && path.n > root.folder.n + 1 && path.p[root.folder.n] == '/';
	return inside ? span_from(path, root.folder.n + 1) : (struct span){ 0 };
}

/* Part by part; a link on the way replaces what stands before the rest. */
uint32_t paths_find(const struct paths *p, struct root root, struct span path)
{
	struct buf want = { .cap = MEMBER_PATH * 2 }, at = { .cap = MEMBER_PATH * 2 };
	join(&want, path, 0);
	buf_bytes(&at, root.folder);
	uint32_t found = NONE;
	unsigned links = 0, parts = 0;
	struct rd r = rd_of(buf_span(&want));
	while (rd_left(&r) && parts++ < PARTS_MOST && !want.full) {
		struct span part;
		size_t before = at.n;
		part = rd_piece(&r, '/');
		join(&at, part, root.folder.n);
		found = exact(p, root.container, buf_span(&at));
		const struct member *f = found == NONE ? NULL : &p->m->v[found];
		if (!f || (f->type != MEMBER_SYMLINK && f->type != MEMBER_HARDLINK))
			continue;
		found = NONE;
		if (++links > LINKS_MOST)
			break;
		bool hard = f->type == MEMBER_HARDLINK;  /* its target counts from the container, not from the root */
		struct buf next = { .cap = MEMBER_PATH * 2 };
		at.n = hard ? 0 : before;
		join(&at, f->target, hard ? 0 : root.folder.n);
		struct span inside = at.n > root.folder.n ? paths_inside(root, buf_span(&at)) : (struct span){ 0 };
		if (hard && !inside.n) {
			buf_done(&next);
			break;
		}
		buf_bytes(&next, inside);
		buf_u8(&next, '/');
		buf_bytes(&next, rd_rest(&r));
		buf_reset(&want);
		join(&want, buf_span(&next), 0);
		buf_done(&next);
		buf_reset(&at);
		buf_bytes(&at, root.folder);
		r = rd_of(buf_span(&want));
	}
	buf_done(&want);
	buf_done(&at);
	return found;
}

uint32_t paths_program(const struct paths *p, struct root root, struct span name)
{
	static const char *const folders[] = { "sbin/", "bin/", "usr/sbin/", "usr/bin/", "usr/local/bin/", "usr/local/sbin/" };
	if (!name.n || memchr(name.p, '/', name.n))
		return name.n ? paths_find(p, root, name) : NONE;
	uint32_t found = NONE;
	for (size_t i = 0; i < ARRAY_LEN(folders) && found == NONE; i++) {
		struct buf b = { .cap = MEMBER_PATH };
		buf_text(&b, folders[i]);
		buf_bytes(&b, name);
		found = paths_find(p, root, buf_span(&b));
		buf_done(&b);
	}
	return found;
}

size_t paths_match(const struct paths *p, struct root root, struct span pattern, uint32_t *out, size_t most)
{
	struct buf b = { .cap = MEMBER_PATH };
	size_t n = 0, fixed = 0;
	struct buf whole = { .cap = MEMBER_PATH };
	while (pattern.n && pattern.p[0] == '/')
		pattern = span_from(pattern, 1);
	buf_bytes(&b, pattern);
	buf_u8(&b, 0);
	while (fixed < pattern.n && !strchr("*?[", pattern.p[fixed]))
		fixed++;
	buf_bytes(&whole, root.folder);
	buf_text(&whole, root.folder.n ? "/" : "");
	buf_bytes(&whole, span_cut(pattern, fixed));
	struct span head = buf_span(&whole);
	for (uint32_t i = lower(p, root.container, head); i < p->n && n < most && !b.full && !whole.full; i++) {
		const struct member *f = &p->m->v[p->v[i]];
		if (f->container != root.container || !span_starts(f->path, head))
			break;
		struct span path = paths_inside(root, f->path);
		if (path.n && f->type != MEMBER_DIR &&
		    fnmatch((const char *)b.p, (const char *)path.p, FNM_PATHNAME | FNM_PERIOD) == 0)
			out[n++] = p->v[i];
	}
	buf_done(&b);
	buf_done(&whole);
	return n;
}
