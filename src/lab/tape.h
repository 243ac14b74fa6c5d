/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a mirror port would have seen: frames in any order, put in order of time before they are written. */
#pragma once

#include <stdio.h>

#include "base/buf.h"
#include "base/scope.h"

struct tape_frame {
	uint64_t time;                           /* ns since 1970 */
	size_t at;                               /* in tape.bytes */
	uint32_t n, order;                       /* order: as added, decides between equal times */
};

struct tape {
	struct buf bytes;
	struct tape_frame *frames;
	size_t n, size;
};

enum { TAPE_FRAMES_MAX = 4 << 20 };

void tape_init(struct tape *t, size_t cap_bytes);
void tape_done(struct tape *t);
void tape_add(struct tape *t, uint64_t time, struct span frame);
void tape_sort(struct tape *t);
struct span tape_bytes(const struct tape *t, size_t i);
/* Sorts and writes one pcapng section. 0 or -errno. */
MUST_CHECK int tape_write(struct tape *t, FILE *out, const char *comment);
