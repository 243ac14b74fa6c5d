/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a simulated patient's sensors say: whole numbers that wander a little and stay alive. */
#pragma once

#include "lab/net.h"

struct readings {
	int heart, spo2, breaths, systolic, diastolic, temperature_tenths;
};

struct readings readings_of(struct net *n);
void            readings_step(struct net *n, struct readings *r);
