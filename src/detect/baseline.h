/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The baseline: what earlier runs knew of the site's devices. The store keeps them as JSON; the process that holds the
 * store carries the bytes over unread, and the engine, which has no files, reads them here. */
#pragma once

#include "base/mem.h"
#include "record/addr.h"

enum { BASELINE_DEVICES = 16384, BASELINE_SAYINGS = 16, BASELINE_MEMORY = 32 << 20, BASELINE_TEXT = 96 };

struct baseline_saying {                         /* what it said of itself: maker, model, version, serial */
	const char *what, *from, *said;
};

struct baseline_device {
	const char *id;                          /* stable, as in every run */
	const char *name, *role;                 /* "" when unknown */
	const char *maker, *model, *version, *serial;   /* the latest word; "" when unknown */
	struct mac mac;                          /* zero: known by address only */
	struct addr addr;                        /* the latest; family 0: none */
	bool medical;
	uint64_t first, last;                    /* ns */
	struct baseline_saying sayings[BASELINE_SAYINGS];
	unsigned nsayings;                       /* more than fit are counted and not kept: see many */
	bool many;
};

struct baseline;

struct baseline *baseline_new(void);
void             baseline_free(struct baseline *b);      /* NULL is fine */
/* Device records of the store, a JSON object a line. Lines that are none are skipped and counted. Devices behind
 * BASELINE_DEVICES are too. */
void             baseline_read(struct baseline *b, struct span lines);
size_t           baseline_count(const struct baseline *b);       /* 0: nothing is known, nothing can be new */
size_t           baseline_skipped(const struct baseline *b);
uint64_t         baseline_last(const struct baseline *b);        /* until when anybody watched, ns */
const struct baseline_device *baseline_at(const struct baseline *b, size_t i);
/* By stable id; NULL: not known. *i (may be NULL): its number. */
const struct baseline_device *baseline_find(const struct baseline *b, struct span id, size_t *i);
/* The one that had the address last; NULL: none. */
const struct baseline_device *baseline_by_addr(const struct baseline *b, struct addr a);
