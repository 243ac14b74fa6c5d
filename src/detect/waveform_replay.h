/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same stretch of a curve again: the part of net.vitals-conflict that works on waveform records. Digests of
 * stretches are all it sees. */
#pragma once

#include "decode/waveform.h"
#include "detect/detector.h"

enum { CURVE_SETS = 128, CURVE_WAYS = 8, CURVE_PAST = 2048, CURVE_BUCKETS = 512 };

struct curve_past {                              /* a stretch that was told */
	uint64_t ts;
	uint32_t digest, older;                  /* older: the one before it in its bucket: number + 1, 0 none */
};

/* the latest n stretches of a curve equal those of another until end */
struct curve_run {
	uint64_t of, begun;                      /* serial of the other; when it began */
	uint32_t end, n, telling, distance;      /* telling: that the other had told once only; distance: of own stretches */
	bool told;
	struct finding *finding;                 /* of this run or of one before it with the same other; NULL: none */
};

struct curve {                                   /* one curve of one subject, from one sender to one receiver */
	uint64_t key, serial, last;              /* key 0: free */
	struct addr from, to;
	struct mac card;                         /* of the sender; zero: behind a router, any */
	uint32_t device;
	bool looping;                            /* goes round and round: a demonstration or a simulator */
	uint32_t n;                              /* stretches told in all; the latest CURVE_PAST are kept */
	struct curve_run runs[CURVE_WAYS];       /* with the curve in that way of the set */
	uint32_t bucket[CURVE_BUCKETS];
	/* what follows is not cleared when the place is given to another */
	struct curve_past past[CURVE_PAST];
};

/* Part of the detector's state, zeroed; pages that no curve needs are never touched. */
struct curves {
	uint64_t serial;
	struct curve v[CURVE_SETS][CURVE_WAYS];
};

void waveform_replay_take(struct run *d, struct curves *s, const struct record *r);
/* False: the finding is none of these. */
bool waveform_replay_judge(struct run *d, struct finding *f);
