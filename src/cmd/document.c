/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Naming and reading documents. */
#include "cmd/document.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/scope.h"

enum { READ_STEP = 1 << 16, PATH_BYTES = 4096 };

static bool add(struct documents *d, const char *name, const struct log *log)
{
	if (d->n == DOCUMENTS_MAX) {
		log_error(log, "more than %d files at once: name fewer", DOCUMENTS_MAX);
		return false;
	}
	if (d->n == d->room) {
		d->room = d->room ? 2 * d->room : 64;
		d->v = mem_grow(d->v, d->room, sizeof(*d->v));
	}
	d->v[d->n++] = (struct document){ .name = mem_text(span_str(name)) };
	return true;
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);
	return n > m && strcasecmp(name + n - m, suffix) == 0;
}

static bool add_folder(struct documents *d, const char *path, const char *suffix, unsigned depth, const struct log *log)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, NULL, alphasort);
	bool good = n >= 0;
	if (!good)
		log_error(log, "%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		char below[PATH_BYTES];
		struct stat st;
		int len = snprintf(below, sizeof(below), "%s/%s", path, list[i]->d_name);
		if (good && list[i]->d_name[0] != '.' && len > 0 && len < PATH_BYTES && lstat(below, &st) == 0) {
			if (S_ISDIR(st.st_mode) && depth < DOCUMENT_FOLDERS)
				good = add_folder(d, below, suffix, depth + 1, log);
			else if (S_ISREG(st.st_mode) && ends_with(below, suffix))
				good = add(d, below, log);
		}
		free(list[i]);
	}
	free(list);
	return good;
}

static bool add_path(struct documents *d, const char *path, const char *suffix, const struct log *log)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		log_error(log, "%s: %s", path, strerror(errno));
		return false;
	}
	return S_ISDIR(st.st_mode) ? add_folder(d, path, suffix, 0, log) : add(d, path, log);
}

bool documents_add(struct documents *d, const char *path, const char *suffix, const struct log *log)
{
	uint32_t before = d->n;
	if (!add_path(d, path, suffix, log))
		return false;
	if (d->n == before)
		log_error(log, "%s: no file in it ends with %s", path, suffix);
	return d->n > before;
}

void documents_done(struct documents *d)
{
	for (uint32_t i = 0; i < d->n; i++) {
		free(d->v[i].name);
		buf_done(&d->v[i].bytes);
	}
	free(d->v);
	*d = (struct documents){ 0 };
}

int document_read(int fd, struct buf *b)
{
	b->cap = DOCUMENT_BYTES + READ_STEP;
	ssize_t n = 1;
	while (n > 0) {
		uint8_t *room = b->n <= DOCUMENT_BYTES ? buf_room(b, READ_STEP) : NULL;
		if (!room)
			return -EFBIG;
		n = read(fd, room, READ_STEP);
		b->n -= READ_STEP - (n > 0 ? (size_t)n : 0);
		if (n < 0 && errno == EINTR)
			n = 1;
	}
	return n < 0 ? -errno : 0;
}

bool document_load(struct document *f, const struct log *log)
{
	bool is_stdin = strcmp(f->name, "-") == 0;
	AUTO_CLOSE int fd = is_stdin ? dup(0) : open(f->name, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : document_read(fd, &f->bytes);
	if (rc < 0)
		log_error(log, "%s: %s", f->name, rc == -EFBIG ? "larger than 64 MiB" : strerror(-rc));
	return rc == 0;
}
