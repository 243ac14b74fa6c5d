/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a simulated patient's sensors say: whole numbers that wander a little and stay alive. */
#pragma once

#include "lab/net.h"

struct readings {
	int heart, spo2, breaths, systolic, diastolic, temperature_tenths;
};

struct readings readings_of(struct net *n);
void            readings_step(struct net *n, struct readings *r);

/* The sample that a sensor takes at this time, 0..255: a beat or a breath of these readings, and noise, so that no
 * stretch comes twice. lead: another one, another noise. */
enum curve { CURVE_ECG, CURVE_PLETH, CURVE_BREATH };
uint8_t readings_curve(const struct readings *r, enum curve c, unsigned lead, uint64_t ns);
