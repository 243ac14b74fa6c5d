/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Repetition in a list of times. Events close together are one beat; the period is fitted to the distances between
 * beats, where a distance may span beats that are missing; what remains is the spread. Distances that chance makes
 * leave a spread of 1/sqrt(12), evenly anywhere between two beats. A spread is believed when it is 3.5 of its own
 * standard deviations below that, so few beats must be steadier than many: of lists made by chance two in a hundred
 * pass, of sleeps that vary by 30 % with every fifth beat missing 19 of 20 from 40 beats on. A clock that ticks on
 * whatever the delays (each beat late or early on its own) shows in the phases instead: Rayleigh's test. */
#include "detect/period.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BURST = 5, SKIP_MAX = 10, FITS = 4, PHASE_BEATS = 16, PHASE_STEPS = 4, PHASE_TRIES = 512 };

static const double chance = 0.2887;             /* 1/sqrt(12) */
static const double deviations = 3.5;
static const double spread_max = 0.20;           /* sleeps that vary by 30 % either way leave 0.17 */
static const double phase_min = 14;              /* of Rayleigh's z: chance gives it to one list in 10,000 */

struct beats {
	double at[PERIOD_EVENTS], gap[PERIOD_EVENTS];
	size_t n;                                /* of at; gaps are one fewer */
};

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The q-th part of the values, 0..1. */
static double quantile(const double *v, size_t n, double q)
{
	double sorted[PERIOD_EVENTS];
	memcpy(sorted, v, n * sizeof(*v));
	qsort(sorted, n, sizeof(*sorted), by_size);
	return sorted[(size_t)((double)(n - 1) * q)];
}

static void gaps_of(struct beats *b)
{
	for (size_t i = 0; i + 1 < b->n; i++)
		b->gap[i] = b->at[i + 1] - b->at[i];
}

/* Several attempts that belong to one beat (retries, parallel connections): short beside the long distances. */
static void fold_bursts(struct beats *b)
{
	double apart = quantile(b->gap, b->n - 1, 0.9) / BURST;
	size_t n = 1;
	double last = b->at[0];
	for (size_t i = 1; i < b->n; i++) {
		if (b->at[i] - last > apart)
			b->at[n++] = b->at[i];
		last = b->at[i];
	}
	b->n = n;
	gaps_of(b);
}

struct fit {
	double seconds, spread;
	unsigned used, missed, pauses;
};

static double beats_in(double gap, double seconds)
{
	double k = round(gap / seconds);
	return k < 1 ? 1 : k;
}

/* Least squares over the distances, each spanning as many beats as it most nearly does. */
static struct fit fit_of(const struct beats *b, double seconds)
{
	struct fit f = { .seconds = seconds };
	for (int turn = 0; turn < FITS; turn++) {
		double up = 0, down = 0;
		for (size_t i = 0; i + 1 < b->n; i++) {
			double k = beats_in(b->gap[i], f.seconds);
			up += k > SKIP_MAX ? 0 : b->gap[i];
			down += k > SKIP_MAX ? 0 : k;
		}
		f.seconds = down > 0 ? up / down : f.seconds;
	}
	double sum = 0;
	for (size_t i = 0; i + 1 < b->n; i++) {
		double k = beats_in(b->gap[i], f.seconds), off = b->gap[i] / f.seconds - k;
		if (k > SKIP_MAX) {              /* switched off for a while */
			f.pauses++;
			continue;
		}
		sum += off * off / k;
		f.used++;
		f.missed += (unsigned)k - 1;
	}
	f.spread = f.used ? sqrt(sum / f.used) : 1;
	return f;
}

static bool is_steady(const struct fit *f)
{
	double limit = chance - deviations * chance * 0.447 / sqrt(f->used > 1 ? f->used - 1 : 1);
	limit = limit > spread_max ? spread_max : limit;
	return f->spread <= limit && f->missed * 5 <= f->used * 4 && f->pauses * 4 <= f->used;
}

static double phase(const struct beats *b, double seconds)
{
	double x = 0, y = 0;
	for (size_t i = 0; i < b->n; i++) {
		double turn = 2 * M_PI * (b->at[i] - b->at[0]) / seconds;
		x += cos(turn);
		y += sin(turn);
	}
	return (x * x + y * y) / (double)b->n;
}

/* A steady clock behind unsteady beats: the best phase near the fitted period. */
static bool ticks(const struct beats *b, struct fit *f)
{
	double best = 0, seconds = f->seconds, span = b->at[b->n - 1] - b->at[0];
	if (b->n < PHASE_BEATS || f->missed * 5 > f->used * 4)
		return false;
	double step = 1 + f->seconds / (PHASE_STEPS * span), from = f->seconds * 0.75, to = f->seconds * 1.33;
	int tries = 0;
	for (double s = from; s <= to && tries < PHASE_TRIES; s *= step, tries++) {
		double z = phase(b, s);
		if (z > best) {
			best = z;
			seconds = s;
		}
	}
	if (best < phase_min)
		return false;
	double r = sqrt(best / (double)b->n);    /* of a wrapped normal: the spread in turns */
	f->seconds = seconds;
	f->spread = sqrt(-2 * log(r < 1 ? r : 1)) / (2 * M_PI);
	return true;
}

bool period_find(const double *at, size_t n, unsigned least, struct period *out)
{
	if (n > PERIOD_EVENTS) {
		at += n - PERIOD_EVENTS;
		n = PERIOD_EVENTS;
	}
	if (n < 3 || n < least)
		return false;
	struct beats b = { .n = n };
	memcpy(b.at, at, n * sizeof(*at));
	gaps_of(&b);
	fold_bursts(&b);
	if (b.n < 3 || b.n < least)
		return false;
	double middle = quantile(b.gap, b.n - 1, 0.5);
	if (middle <= 0)
		return false;
	struct fit f = fit_of(&b, middle);
	if (!is_steady(&f) && !ticks(&b, &f))
		return false;
	double many = b.n >= 40 ? 1 : (double)b.n / 40, steady = 1 - f.spread / chance;
	*out = (struct period){ .seconds = f.seconds, .spread = f.spread, .beats = (unsigned)b.n, .missed = f.missed,
				.confidence = 0.5 + 0.2 * many + 0.25 * (steady > 0 ? steady : 0) };
	return true;
}
