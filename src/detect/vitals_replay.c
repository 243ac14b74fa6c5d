/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same again: the part of net.vitals-conflict that knows a stretch of messages whose values, with all their
 * changes, came before. */
#include "detect/vitals_conflict.h"

enum {
	RUN_MIN = 12, RUN_STEP = 4, RUN_BITS = 64, RUN_CHANGES = 8, RUN_DISTINCT = 8, RUN_LOOK = 96,
	ALIVE = 12, LOOP_START = 2,
};
#define APART_NS  (60 * UINT64_C(1000000000))    /* another's values again, not on their way through a gateway */

/* The first message that is still kept. */
static uint32_t said_from(const struct conflict_stream *x)
{
	return x->n > CONFLICT_HISTORY ? x->n - CONFLICT_HISTORY : 0;
}

static unsigned log2_floor(uint32_t v)
{
	return v ? 31u - (unsigned)__builtin_clz(v) : 0;
}

/* How little likely it is that the latest `run` messages of x equal earlier ones of y by chance: those that differ from
 * the one before, each by how rare it is in y. */
static bool is_telling(const struct conflict_stream *x, const struct conflict_stream *y, unsigned run)
{
	unsigned look = run < RUN_LOOK ? run : RUN_LOOK, bits = 0, distinct = 0;
	uint32_t kept = y->n < CONFLICT_HISTORY ? y->n : CONFLICT_HISTORY;
	if (run % RUN_STEP)
		return false;                    /* asked again with the next messages */
	for (unsigned i = 0; i < look; i++) {
		bool again = false;
		for (unsigned k = 0; k < i && !again; k++)
			again = conflict_said(x, x->n - 1 - k)->hash == conflict_said(x, x->n - 1 - i)->hash;
		distinct += !again;
	}
	for (unsigned i = 0; distinct >= RUN_DISTINCT && i < look && bits < RUN_BITS; i++) {
		uint64_t h = conflict_said(x, x->n - 1 - i)->hash;
		uint32_t count = 0;
		if (i + 1 < look && conflict_said(x, x->n - 2 - i)->hash == h)
			continue;
		for (uint32_t k = 0; k < kept; k++)
			count += y->said[k].hash == h;
		bits += log2_floor(count ? kept / count : kept);
	}
	return bits >= RUN_BITS;
}

/* The stretch took about as long as it did then: what a queue is emptied of after an outage comes in a hurry. */
static bool is_same_pace(const struct conflict_stream *x, const struct conflict_stream *y, uint32_t end, unsigned run)
{
	uint64_t now = conflict_said(x, x->n - 1)->ts - conflict_said(x, x->n - run)->ts;
	uint64_t then = conflict_said(y, end)->ts - conflict_said(y, end + 1 - run)->ts;
	return now / 2 <= then && then / 2 <= now && now > CONFLICT_TICK_NS;
}

static unsigned old_times(const struct conflict_stream *x, const struct conflict_stream *y, uint32_t end, unsigned run)
{
	unsigned n = 0;
	for (unsigned i = 0; i < run; i++) {
		uint32_t t = conflict_said(x, x->n - 1 - i)->time;
		n += t && t == conflict_said(y, end - i)->time;
	}
	return n;
}

/* end: number of the message of y that the latest of x equals, run: for how many this has been so. */
static void judge_run(struct run *d, struct conflict_stream *x, const struct conflict_stream *y, uint32_t end,
		      unsigned run)
{
	bool by_other = y != x;
	uint32_t begin = end + 1 - run;
	if (begin < said_from(y))
		run = end + 1 - said_from(y);    /* the rest is not kept any more */
	if (x->changes - conflict_said(x, x->n - run)->changes < RUN_CHANGES || x->looping)
		return;
	if (!by_other && begin <= LOOP_START) {
		x->looping = is_telling(x, y, run);
		return;
	}
	uint64_t apart = conflict_said(x, x->n - 1)->ts - conflict_said(y, end)->ts;
	if ((by_other ? apart < APART_NS : begin < ALIVE) || !is_same_pace(x, y, end, run))
		return;
	if (!x->replay && !is_telling(x, y, run))
		return;
	struct finding *f;
	struct conflict_facts *k = conflict_facts_of(d, x, KIND_REPLAY, x->to, &f);
	if (!k)
		return;
	x->replay = f;
	if (run < k->messages)
		return;
	k->messages = run;
	k->lag = (double)apart / 1e9;
	k->by_other = by_other;
	k->old_times = 2 * old_times(x, y, end, run) > run;
	k->other = y->from;
}

/* The stretches of y that go on with the message that x just gathered, and those that begin with it. */
static void extend_runs(struct conflict_stream *x, const struct conflict_stream *y, struct runs *r)
{
	uint64_t h = conflict_said(x, x->n - 1)->hash, marks[CONFLICT_HISTORY / 64] = { 0 };
	uint32_t from = said_from(y), until = x != y ? y->n : x->n > RUN_MIN ? x->n - RUN_MIN : 0, n = 0;
	for (uint32_t i = 0; i < r->n; i++) {
		uint32_t end = r->v[i].end + 1;
		if (end < from || end >= until || conflict_said(y, end)->hash != h)
			continue;
		r->v[n++] = (struct stretch){ end, r->v[i].n + 1 };
		marks[end % CONFLICT_HISTORY / 64] |= UINT64_C(1) << (end % 64);
	}
	uint32_t next = y->bucket[h % CONFLICT_BUCKETS];
	for (unsigned turns = 0; next > from && turns < CONFLICT_HISTORY && n < CONFLICT_RUNS; turns++) {
		uint32_t i = next - 1;
		next = conflict_said(y, i)->older;
		bool marked = marks[i % CONFLICT_HISTORY / 64] >> (i % 64) & 1;
		if (i < until && !marked && conflict_said(y, i)->hash == h)
			r->v[n++] = (struct stretch){ i, 1 };
	}
	r->n = n;
}

/* The longest, and of these the latest. */
static struct stretch longest_of(const struct runs *r)
{
	struct stretch best = { 0, 0 };
	for (uint32_t i = 0; i < r->n; i++)
		if (r->v[i].n > best.n || (r->v[i].n == best.n && r->v[i].end > best.end))
			best = r->v[i];
	return best;
}

void conflict_replay(struct run *d, struct conflict_stream *x)
{
	const struct conflict_set *set = conflict_set_of(d, x->key);
	struct stretch longest = { 0, 0 };
	unsigned whose = 0;
	for (unsigned w = 0; w < CONFLICT_WAYS; w++) {
		const struct conflict_stream *y = &set->way[w];
		if (y != x && (set->key[w] != x->key || !conflict_are_rivals(d, x, y)))
			continue;
		struct runs *r = &x->runs[w];
		if (r->of != y->serial) {
			r->of = y->serial;
			r->n = 0;
		}
		extend_runs(x, y, r);
		struct stretch best = longest_of(r);
		if (best.n > longest.n) {
			longest = best;
			whose = w;
		}
	}
	if (longest.n < RUN_MIN)
		x->replay = NULL;
	else
		judge_run(d, x, &set->way[whose], longest.end, longest.n);
}
