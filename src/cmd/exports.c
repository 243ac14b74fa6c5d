/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One table of what can be written, and the files. */
#include "cmd/exports.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "report/card.h"
#include "report/flash_map.h"
#include "report/sarif.h"
#include "report/sbom.h"

enum { PATH_BYTES = 4096 };

static size_t make_sbom(const struct image *i, struct buf *out)
{
	const struct image_kept *findings = &i->list[IMAGE_FINDINGS], *members = &i->list[IMAGE_MEMBERS];
	return sbom_write(out, findings->v, findings->n, members->v, members->n);
}

static size_t make_sarif(const struct image *i, struct buf *out)
{
	const struct image_kept *findings = &i->list[IMAGE_FINDINGS], *members = &i->list[IMAGE_MEMBERS],
		*containers = &i->list[IMAGE_CONTAINERS];
	const struct sarif_input in = { findings->v, members->v, containers->v, findings->n, members->n, containers->n };
	return sarif_write(out, &in);
}

static size_t make_card(const struct image *i, struct buf *out)
{
	return card_write(out, i, true);
}

static const struct {
	size_t (*make)(const struct image *i, struct buf *out);
	const char *what, *suffix;
} kinds[EXPORT_KINDS] = {
	[EXPORT_SBOM] = { make_sbom, "component", "cdx.json" },
	[EXPORT_SARIF] = { make_sarif, "result", "sarif" },
	[EXPORT_MAP] = { flash_map_svg, "map", "svg" },
	[EXPORT_CARD] = { make_card, "fact", "card.json" },
};

bool exports_wanted(const struct exports *e)
{
	for (unsigned k = 0; k < EXPORT_KINDS; k++)
		if (e->path[k])
			return true;
	return false;
}

static int write_file(const char *path, const struct buf *b)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int rc = fd < 0 ? -errno : command_write(fd, buf_span(b));
	return b->full ? -EFBIG : rc;
}

/* ---- of many images ---- */

/* Where it goes. Names come from folders that were walked: no "..", no "/" at the start. False: too long. */
static bool path_of(const struct exports *e, unsigned k, struct span name, const char *behind, char out[PATH_BYTES])
{
	int n = snprintf(out, PATH_BYTES, "%s/%.*s.%s%s", e->path[k], (int)name.n, (const char *)name.p,
			 kinds[k].suffix, behind);
	return n > 0 && n < PATH_BYTES;
}

static void make_folders(char *path)
{
	for (char *at = path + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(path, 0755);
		*at = '/';
	}
}

/* Beside its place first, then renamed. */
static int write_whole(const struct exports *e, unsigned k, struct span name, const struct buf *b)
{
	char path[PATH_BYTES], part[PATH_BYTES];
	if (!path_of(e, k, name, "", path) || !path_of(e, k, name, ".part", part))
		return -ENAMETOOLONG;
	make_folders(path);
	int rc = write_file(part, b);
	if (rc >= 0 && rename(part, path) < 0)
		rc = -errno;
	if (rc < 0)
		(void)unlink(part);
	return rc;
}

/* Of many images no place is said, and memory of who called (/proc/self/fd) he knows. */
static void tell(const struct log *log, const char *path, struct span name, unsigned k, size_t n, int rc)
{
	if (rc < 0)
		log_error(log, "%s%s%.*s: %s", path, name.n ? ", for " : "", (int)name.n, (const char *)name.p, strerror(-rc));
	else if (!name.n && strncmp(path, "/proc/self/fd/", 14) != 0)
		log_note(log, "%zu %s%s written to %s", n, kinds[k].what, n == 1 ? "" : "s", path);
}

bool exports_write(const struct exports *e, const struct image *i, struct span name, const struct log *log)
{
	struct buf b = { .cap = IMAGE_CAP };
	bool good = true;
	for (unsigned k = 0; k < EXPORT_KINDS; k++) {
		if (!e->path[k])
			continue;
		buf_reset(&b);
		size_t n = kinds[k].make(i, &b);
		int rc = name.n ? write_whole(e, k, name, &b) : write_file(e->path[k], &b);
		good &= rc >= 0;
		tell(log, e->path[k], name, k, n, rc);
	}
	buf_done(&b);
	return good;
}

bool exports_written(const struct exports *e, struct span name)
{
	char path[PATH_BYTES];
	for (unsigned k = 0; k < EXPORT_KINDS; k++)
		if (e->path[k] && (!path_of(e, k, name, "", path) || access(path, F_OK) < 0))
			return false;
	return true;
}
