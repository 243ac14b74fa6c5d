/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of net.vitals-conflict share. A stream is who reports whom to whom; streams of one subject stand in
 * one set, so that they are compared with each other and nothing else. */
#pragma once

#include "decode/vitals.h"
#include "detect/detector.h"

enum want_index {
	WANT_NAME, WANT_VALUE, WANT_SUBJECT, WANT_CHANNEL, WANT_TIME, WANT_DEVICE, WANT_BED, WANTS
};

enum {
	CONFLICT_SETS = 128, CONFLICT_WAYS = 8, CONFLICT_PARAMS = 12, CONFLICT_HISTORY = 512, CONFLICT_BUCKETS = 256,
	CONFLICT_RUNS = 64, CONFLICT_LATEST = 6, CONFLICT_WEARERS = 256, CONFLICT_NOBODY = 33,
};
#define CONFLICT_TICK_NS  UINT64_C(200000000)    /* values of one message, or of packets right behind each other */
#define CONFLICT_FRESH_NS (120 * UINT64_C(1000000000))

enum { GROUP_HEART = 1, GROUP_OXYGEN = 2, GROUP_BREATH = 4, GROUP_WARMTH = 8, GROUP_CUFF = 16, GROUP_ARTERY = 32 };

/* near: two sensors on one body may differ by this. leap, and leap_s a second of pause: more than a body does. */
struct sort {
	const char *name;
	size_t n;                                /* bytes of the name */
	unsigned group;
	double near, leap, leap_s, low, high;    /* outside low..high: lead off, artefact, or another unit */
};

struct point {
	double v;
	uint64_t ts;
};

/* What each value looks at lies in front, in 64 bytes; of the points it writes one. */
struct param {
	const struct sort *sort;                 /* NULL: free */
	uint32_t id;                             /* of name and channel */
	uint8_t n, oldest;                       /* points that there are; place of the oldest, the next to go */
	bool in_tick;
	uint64_t last, bucket;                   /* bucket: minute of low[0], high[0]; [1] is the one before */
	double low[2], high[2];
	struct point latest[CONFLICT_LATEST];    /* a ring: point_at */
};

struct versus {                                  /* with the stream in that way of the set */
	uint64_t serial;
	uint32_t good, bad, since;               /* messages; since: ticks of the other at the first bad one */
};

/* One message. 28 bytes, not 32: there are half a million of them. */
struct __attribute__((packed, aligned(4))) said {
	uint64_t hash, ts;
	uint32_t changes, time;                  /* changes up to this one; the device's own time, hashed: 0 none */
	uint32_t older;                          /* the message before it in its bucket: number + 1, 0 none */
};

struct stretch {                                 /* the latest n messages equal those of the other until end */
	uint32_t end, n;
};

struct runs {
	uint64_t of;                             /* serial of the other */
	uint32_t n;
	struct stretch v[CONFLICT_RUNS];
};

struct conflict_stream {
	uint64_t key, serial;                    /* key: of the subject; its set's, too */
	uint32_t device;
	uint32_t unused;                         /* of params, in front */
	struct addr from, to;
	struct mac card;                         /* of the sender; zero: behind a router, any */
	const char *same;                        /* "patient", "device", "bed" or "address" */
	uint64_t first, last;
	bool looping;                            /* it repeated itself from its beginning: a demonstration */
	/* the message that is being gathered */
	struct origin at;
	uint64_t tick_hash, tick_ts;             /* tick_ts 0: none */
	uint32_t tick_time;
	uint32_t n, changes;                     /* messages gathered in all; the latest HISTORY are kept */
	uint32_t bucket[CONFLICT_BUCKETS];       /* the latest message with such a hash: number + 1 */
	struct finding *replay;                  /* of the run that goes on; NULL: none */
	struct versus versus[CONFLICT_WAYS];
	/* what follows is not cleared when the place is given to another */
	struct param params[CONFLICT_PARAMS];
	struct runs runs[CONFLICT_WAYS];         /* with the stream in that way of the set */
	struct said said[CONFLICT_HISTORY];
};

/* The keys lie together: most ways are passed over without a look at their streams, which are far apart. */
struct conflict_set {
	uint64_t key[CONFLICT_WAYS];             /* of the stream; 0: free */
	struct conflict_stream way[CONFLICT_WAYS];
};

struct wearer {                                  /* whose values a device was last said to measure */
	uint64_t device, patient, ts;            /* their keys; device 0: free; patient 0: of several at once */
};

/* What the detector's state begins with. */
struct conflict_state {
	struct hash_key key;
	struct token nobody[CONFLICT_NOBODY];
	uint64_t serial;
	struct recent {                          /* values come in bunches: who the last was of */
		struct conflict_stream *stream;
		uint64_t packet, flow;
		uint32_t file;
		struct token subject;
		struct span device;              /* borrowed: compared only within the same packet */
		bool to_server;
		unsigned next;                   /* place in params of the kind that came behind the last one */
	} recent;
	struct wearer wearers[CONFLICT_WEARERS];
	struct conflict_set sets[CONFLICT_SETS];
};

enum conflict_kind { KIND_TWO, KIND_LEAP, KIND_REPLAY };

struct conflict_facts {
	enum conflict_kind kind;
	struct addr from, to, other;
	const char *same;
	uint32_t messages;
	double lag;                              /* s */
	bool by_other, old_times;
};

/* ---- vitals_subject.c ---- */

void conflict_start(struct run *d);
struct conflict_set *conflict_set_of(struct run *d, uint64_t key);
/* Whether the value is of the same message and subject as the one before it. */
bool conflict_is_recent(const struct run *d, const struct recent *m, const struct record *r);
struct conflict_stream *conflict_stream_of(struct run *d, const struct record *r);
/* Two of one subject that are at odds when they contradict each other. */
bool conflict_are_rivals(struct run *d, const struct conflict_stream *x, const struct conflict_stream *y);
/* What is known for a finding about this stream. NULL: there is no room for more. */
struct conflict_facts *conflict_facts_of(struct run *d, const struct conflict_stream *x, enum conflict_kind kind,
					 struct addr other, struct finding **out);

static inline const struct said *conflict_said(const struct conflict_stream *x, uint32_t i)
{
	return &x->said[i % CONFLICT_HISTORY];
}

/* ---- vitals_compare.c: with the message that was just gathered ---- */

/* The one that came later is measured by the one that was there. */
void conflict_compare(struct run *d, struct conflict_stream *x);
void conflict_leaps(struct run *d, const struct conflict_stream *x);

/* ---- vitals_replay.c ---- */

void conflict_replay(struct run *d, struct conflict_stream *x);
