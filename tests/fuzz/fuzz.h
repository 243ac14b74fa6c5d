/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the harnesses share: a tracker over a sink that reads every value it is given. */
#pragma once

#include "base/buf.h"
#include "detect/detect.h"
#include "record/json.h"
#include "track/tracker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes the record as JSON and forgets it: a value that points astray is read here. */
static inline void fuzz_read_record(void *to, const struct record *r)
{
	struct buf *b = to;
	buf_reset(b);
	json_record(b, r, NULL);
}

struct fuzz_world {
	struct keyring *keyring;
	struct buf json;
	struct health health;
	struct sink sink;
	struct tracker *tracker;
};

static inline void fuzz_world_start(struct fuzz_world *w)
{
	*w = (struct fuzz_world){ .keyring = keyring_new(keyring_test_key), .json = { .cap = 1 << 20 } };
	w->sink = (struct sink){ fuzz_read_record, &w->json };
	w->tracker = tracker_new(&(struct tracker_setup){ .keyring = w->keyring, .sink = &w->sink, .health = &w->health,
							  .flow_cap = 4096 });
}

static inline void fuzz_world_end(struct fuzz_world *w)
{
	tracker_finish(w->tracker);
	tracker_free(w->tracker);
	keyring_free(w->keyring);
	buf_done(&w->json);
}
