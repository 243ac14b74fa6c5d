/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bounded random walk for each vital sign. */
#include "lab/readings.h"

static int wander(struct net *n, int value, int step, int low, int high)
{
	value += (int)net_below(n, (uint32_t)(2 * step + 1)) - step;
	if (value < low)
		return low;
	return value > high ? high : value;
}

struct readings readings_of(struct net *n)
{
	return (struct readings){
		.heart = 62 + (int)net_below(n, 30), .spo2 = 95 + (int)net_below(n, 4),
		.breaths = 12 + (int)net_below(n, 6), .systolic = 108 + (int)net_below(n, 30),
		.diastolic = 66 + (int)net_below(n, 14), .temperature_tenths = 364 + (int)net_below(n, 8),
	};
}

void readings_step(struct net *n, struct readings *r)
{
	r->heart = wander(n, r->heart, 2, 54, 112);
	r->spo2 = wander(n, r->spo2, 1, 94, 99);
	r->breaths = wander(n, r->breaths, 1, 10, 22);
	r->systolic = wander(n, r->systolic, 2, 98, 152);
	r->diastolic = wander(n, r->diastolic, 1, 58, 92);
	r->temperature_tenths = wander(n, r->temperature_tenths, 1, 359, 381);
}
