/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that cannot be: the part of net.vitals-conflict that holds two senders against each other, and a sender's
 * values against how fast a body changes. */
#include "detect/vitals_conflict.h"

enum { BEFORE = 3, BAD_MIN = 4, BOTH_MIN = 3, LEAPS_MIN = 3 };

/* ---- two senders ---- */

/* What the other said of late, about a minute or two of it: a gateway may hold values back as long. */
static bool lately(const struct param *p, uint64_t now, double *low, double *high)
{
	if (now > p->last + CONFLICT_FRESH_NS)
		return false;
	bool two = p->low[1] <= p->high[1];
	*low = two && p->low[1] < p->low[0] ? p->low[1] : p->low[0];
	*high = two && p->high[1] > p->high[0] ? p->high[1] : p->high[0];
	return true;
}

/* The i-th of the latest points, the last of LATEST is the latest; before there are so many, the first are zero. */
static const struct point *point_at(const struct param *p, unsigned i)
{
	unsigned k = p->oldest + i;
	return &p->latest[k < CONFLICT_LATEST ? k : k - CONFLICT_LATEST];
}

static void compare(const struct conflict_stream *x, const struct conflict_stream *y, unsigned *good, unsigned *bad)
{
	for (unsigned i = x->unused; i < CONFLICT_PARAMS; i++) {
		const struct param *p = &x->params[i];
		for (unsigned k = y->unused; p->in_tick && k < CONFLICT_PARAMS; k++) {
			double low, high, v = point_at(p, CONFLICT_LATEST - 1)->v;
			if (y->params[k].sort != p->sort || !lately(&y->params[k], x->tick_ts, &low, &high))
				continue;
			bool near = v >= low - p->sort->near && v <= high + p->sort->near;
			*good += near;
			*bad += !near;
		}
	}
}

void conflict_compare(struct run *d, struct conflict_stream *x)
{
	const struct conflict_set *set = conflict_set_of(d, x->key);
	for (unsigned w = 0; w < CONFLICT_WAYS; w++) {
		const struct conflict_stream *y = &set->way[w];
		struct versus *v = &x->versus[w];
		if (set->key[w] != x->key || x->serial <= y->serial || !conflict_are_rivals(d, x, y))
			continue;
		if (v->serial != y->serial)
			*v = (struct versus){ .serial = y->serial };
		unsigned good = 0, bad = 0;
		compare(x, y, &good, &bad);
		if (!bad) {
			v->good += good > 0;
			continue;
		}
		if (!v->bad++)
			v->since = y->n;
		if (v->bad < BAD_MIN || v->bad <= v->good || y->n - v->since < BOTH_MIN)
			continue;
		struct finding *f;
		struct conflict_facts *k = conflict_facts_of(d, x, KIND_TWO, y->from, &f);
		if (k)
			k->messages = v->bad > k->messages ? v->bad : k->messages;
	}
}

/* ---- leaps ---- */

static void spread(const struct param *p, unsigned from, unsigned until, double *low, double *high, double *mean)
{
	*low = *high = point_at(p, from)->v;
	*mean = 0;
	for (unsigned i = from; i < until; i++) {
		double v = point_at(p, i)->v;
		*low = v < *low ? v : *low;
		*high = v > *high ? v : *high;
		*mean += v / (until - from);
	}
}

/* Steady, a leap, steady again: what an artefact is not. No pause in which a sensor or a patient could be changed. */
static bool has_leapt(const struct param *p)
{
	const struct point *first = point_at(p, 0), *last = point_at(p, BEFORE - 1), *then = point_at(p, BEFORE);
	double low[2], high[2], mean[2], step = then->v - last->v;
	if (p->n < CONFLICT_LATEST || (step < 0 ? -step : step) < p->sort->leap - p->sort->near)
		return false;
	spread(p, 0, BEFORE, &low[0], &high[0], &mean[0]);
	spread(p, BEFORE, CONFLICT_LATEST, &low[1], &high[1], &mean[1]);
	uint64_t usual = (last->ts - first->ts) / (BEFORE - 1), pause = then->ts - last->ts;
	if (pause > 2 * usual + CONFLICT_TICK_NS || pause > CONFLICT_FRESH_NS)
		return false;
	double by = mean[1] > mean[0] ? mean[1] - mean[0] : mean[0] - mean[1];
	return by > p->sort->leap + p->sort->leap_s * (double)pause / 1e9 && high[0] - low[0] <= p->sort->near / 2 &&
	       high[1] - low[1] <= p->sort->near / 2;
}

/* A simulator's values stand still until its setting is changed. */
static bool was_alive(const struct conflict_stream *x)
{
	for (unsigned i = x->unused; i < CONFLICT_PARAMS; i++) {
		const struct param *p = &x->params[i];
		double v[3] = { point_at(p, 0)->v, point_at(p, 1)->v, point_at(p, 2)->v };
		if (p->n == CONFLICT_LATEST && (v[0] < v[1] || v[0] > v[1] || v[1] < v[2] || v[1] > v[2]))
			return true;
	}
	return false;
}

void conflict_leaps(struct run *d, const struct conflict_stream *x)
{
	unsigned groups = 0;
	uint64_t when = 0;
	for (unsigned i = x->unused; i < CONFLICT_PARAMS; i++) {
		const struct param *p = &x->params[i];
		if (!p->in_tick || !has_leapt(p) || (when && point_at(p, BEFORE)->ts != when))
			continue;
		when = point_at(p, BEFORE)->ts;
		groups |= p->sort->group;
	}
	unsigned n = (unsigned)__builtin_popcount(groups);
	if ((n < LEAPS_MIN && !(n == LEAPS_MIN - 1 && groups & GROUP_WARMTH)) || x->looping || !was_alive(x))
		return;
	struct finding *f;
	struct conflict_facts *k = conflict_facts_of(d, x, KIND_LEAP, x->to, &f);
	if (k)
		k->messages = n > k->messages ? n : k->messages;
}
