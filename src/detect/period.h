/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether events repeat in time: with jitter, with beats that are missing, with several events a beat. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PERIOD_EVENTS = 96 };                     /* looked at, at most: the latest */

struct period {
	double seconds;                          /* from beat to beat */
	double spread;                           /* standard deviation of that, in parts of it */
	unsigned beats, missed;
	double confidence;                       /* 0..1 */
};

/* at: seconds, ascending. least: beats that there must be. False: nothing repeats, out is untouched. */
bool period_find(const double *at, size_t n, unsigned least, struct period *out);
