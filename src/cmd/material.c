/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens files read-only and maps them; reads no byte of them. */
#include "cmd/material.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096 };

static void add(struct material *m, const char *name, const struct stat *st, enum member_type type, struct span target,
		struct span content)
{
	if (m->n == m->room) {
		m->room = m->room ? m->room * 2 : 16;
		m->v = mem_grow(m->v, m->room, sizeof(*m->v));
	}
	m->v[m->n++] = (struct material_item){
		.head = { .path = arena_copy(&m->arena, span_str(name)), .target = arena_copy(&m->arena, target), .type = type,
			  .mode = (uint32_t)st->st_mode, .uid = st->st_uid, .gid = st->st_gid, .mtime = (uint64_t)st->st_mtime },
		.content = content };
	m->bytes += content.n;
}

/* 0 or negative errno. */
static int map_file(int at, const char *file, struct span *out)
{
	AUTO_CLOSE int fd = openat(at, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	*out = (struct span){ 0 };
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*out = span_of(p, (size_t)st.st_size);
	return 0;
}

static void walk(struct material *m, int dir, const char *name, unsigned depth);

static void entry(struct material *m, int dir, const char *file, const char *name, unsigned depth)
{
	struct stat st;
	enum member_type type;
	char target[PATH_BYTES];
	struct span content = { 0 };
	if (m->n >= MATERIAL_MAX || fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !member_type_of((uint32_t)st.st_mode, &type) || (type == MEMBER_FILE && map_file(dir, file, &content) < 0)) {
		m->unread++;
		return;
	}
	ssize_t n = type == MEMBER_SYMLINK ? readlinkat(dir, file, target, sizeof(target)) : 0;
	add(m, name, &st, type, span_of(target, n > 0 ? (size_t)n : 0), content);
	int below = type == MEMBER_DIR ? openat(dir, file, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
	if (below >= 0)
		walk(m, below, name, depth + 1);
	else
		m->unread += type == MEMBER_DIR;
}

static int is_named(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

/* Takes dir. In the order of names, so that the same folder gives the same output. */
static void walk(struct material *m, int dir, const char *name, unsigned depth)
{
	struct dirent **list = NULL;
	int n = depth < MATERIAL_DEPTH ? scandirat(dir, ".", &list, is_named, alphasort) : -1;
	m->unread += n < 0;
	for (int i = 0; i < n; i++) {
		char below[PATH_BYTES];
		int len = snprintf(below, sizeof(below), "%s%s%s", name, *name ? "/" : "", list[i]->d_name);
		if (len > 0 && (size_t)len < sizeof(below))
			entry(m, dir, list[i]->d_name, below, depth);
		free(list[i]);
	}
	free(list);
	close(dir);
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

bool material_add(struct material *m, const char *path, const struct log *log)
{
	struct stat st;
	struct span content = { 0 };
	int rc = stat(path, &st) < 0 ? -errno : 0;
	if (rc == 0 && S_ISDIR(st.st_mode)) {
		int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = dir < 0 ? -errno : 0;
		if (rc == 0)
			walk(m, dir, "", 0);
	} else if (rc == 0) {
		/* The user's own link is followed, none inside a folder is. */
		AUTO_FREE char *real = realpath(path, NULL);
		rc = !real ? -errno : !S_ISREG(st.st_mode) ? -EINVAL : map_file(AT_FDCWD, real, &content);
		if (rc == 0)
			add(m, last_part(path), &st, MEMBER_FILE, (struct span){ 0 }, content);
	}
	if (rc < 0)
		log_error(log, "%s: %s", path, rc == -EINVAL ? "neither a file nor a folder" : strerror(-rc));
	return rc == 0;
}

void material_done(struct material *m)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (m->v[i].content.n)
			munmap((void *)(uintptr_t)m->v[i].content.p, m->v[i].content.n);
	free(m->v);
	arena_done(&m->arena);
	*m = (struct material){ 0 };
}
