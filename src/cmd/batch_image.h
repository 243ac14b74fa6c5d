/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process of one image, for batch.c, which starts it and keeps what it sends. */
#pragma once

#include <jansson.h>

#include "cmd/batch.h"
#include "cmd/tracecache.h"

struct board {                                   /* shared by the processes; sums for the last line only */
	_Atomic uint64_t executed, known, spoilt, fallen;
};

/* What it is given; nothing of it is changed but the board. */
struct batch_image {
	const struct batch *batch;
	const struct log *log;
	const struct registry *registry;
	const uint8_t *key;                      /* KEY_BYTES */
	struct trace_cache *cache;
	const struct advisories *advisories;     /* NULL: none */
	const char *engine;
	const json_t *done;                      /* image id → what is said of it: not examined again */
	struct board *board;
	struct span name;
	const struct material_item *item;
};

/* Writes the records to fd and ends the process. */
_Noreturn void batch_image_run(const struct batch_image *r, int fd);
