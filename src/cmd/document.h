/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents that are named on the command line, one by one or as folders: profiles, advisories, lists. This
 * process opens them; their bytes are a stranger's and are parsed in a process without rights. */
#pragma once

#include "base/buf.h"
#include "base/log.h"

enum { DOCUMENTS_MAX = 20000, DOCUMENT_BYTES = 64 << 20, DOCUMENT_FOLDERS = 8 };

struct document {
	char *name;
	struct buf bytes;                        /* filled by document_load alone */
};

struct documents {
	struct document *v;
	uint32_t n, room;
};

/* A file, or all files in a folder and below it whose name ends with suffix, sorted by name. Says what is
 * wrong and returns false. */
bool documents_add(struct documents *d, const char *path, const char *suffix, const struct log *log)
	__attribute__((warn_unused_result));
void documents_done(struct documents *d);
/* Reads all of it, at most 64 MiB: negative errno, -EFBIG. From a descriptor: for processes that may not open. */
int  document_read(int fd, struct buf *bytes) __attribute__((warn_unused_result));
bool document_load(struct document *f, const struct log *log) __attribute__((warn_unused_result));
