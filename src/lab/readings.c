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

/* Mixer of splitmix64: the same time and lead give the same noise. */
static unsigned noise(uint64_t ns, unsigned lead)
{
	uint64_t z = ns / US + lead * UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)(z >> 60) % 7;
}

/* Up and down once in a period, in steps of its 120th. */
static unsigned triangle(uint64_t at, uint64_t period)
{
	unsigned k = (unsigned)(at * 120 / period);
	return k < 60 ? k : 120 - k;
}

uint8_t readings_curve(const struct readings *r, enum curve c, unsigned lead, uint64_t ns)
{
	static const uint8_t spike[] = { 4, 9, 5, 0, 70, 118, 40, 0, 6, 12, 16, 14, 8, 3 };
	uint64_t beat = MINUTE / (unsigned)r->heart, breath = MINUTE / (unsigned)r->breaths;
	unsigned base = 100 + noise(ns, lead), k = (unsigned)(ns % beat / (4 * MS));
	switch (c) {
	case CURVE_ECG: return (uint8_t)(base + (k < sizeof(spike) ? spike[k] : 0));
	case CURVE_PLETH: return (uint8_t)(base + triangle(ns % beat, beat));
	case CURVE_BREATH:
	default: return (uint8_t)(base + triangle(ns % breath, breath));
	}
}
