/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The latest segments of all streams in one ring of fixed size: what a segment that comes again is
 * compared with. Clinical and not yet recognised streams are kept whole, others by their first bytes. */
#pragma once

#include "decode/packet.h"

enum { HISTORY_BYTES = 4 << 20, HISTORY_HEAD = 64, HISTORY_SEGMENT = 4096, HISTORY_BACK = 32 };

struct history;

struct history_entry {
	uint32_t seq;                            /* of the first kept byte */
	uint32_t length;                         /* of the segment */
	struct span kept;                        /* its first bytes, borrowed until the next add */
	struct mac smac;
	uint64_t packet, offset, ts;
	uint32_t file;
};

struct history *history_new(void);
void            history_free(struct history *h);

/* before: what the last add for this direction returned, 0 for none. Returns the new entry's name. */
uint32_t history_add(struct history *h, uint64_t flow, bool dir, uint32_t before, const struct packet *p,
		     struct span bytes, bool whole);
/* The entry of that name when it is still there and of this stream; name is set to the one before it. */
bool     history_get(const struct history *h, uint64_t flow, bool dir, uint32_t *name, struct history_entry *out);
