/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scenario is a story told on the segment. It is one file that ends with its `scenario_NAME`, and
 * one line in scenario.def; what `watch` must say of it stands in tests/golden/lab/NAME/expected.json
 * (underscores of the C name are dashes everywhere else). */
#pragma once

#include "lab/net.h"

struct scenario {
	const char *name;                        /* as on the command line */
	const char *doc;                         /* one sentence */
	const char *expect;                      /* what watch should say, for people */
	double hours;                            /* of packet time that the story needs */
	void (*make)(struct net *n);
};

/* The table of scenario.def, ends with NULL. */
extern const struct scenario *const scenarios[];

enum { SCENARIO_SEED = 8000 };
#define SCENARIO_START (UINT64_C(1772434800) * SECOND)    /* Monday 2026-03-02 07:00:00 UTC */

const struct scenario *scenario_find(const char *name);
/* Tells the story; hours: at least the story's own are taken. The frames are in net->tape, not sorted. */
struct net *scenario_tell(const struct scenario *s, uint64_t seed, double hours);
/* The same, written as pcapng. 0 or -errno. */
MUST_CHECK int scenario_write(const struct scenario *s, uint64_t seed, double hours, FILE *out);
