/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ward on a quiet morning. What makes it clean is said in ward.h. */
#include "lab/scenario.h"
#include "lab/ward.h"

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
}

const struct scenario scenario_healthy = {
	.name = "healthy", .doc = "A ward on a quiet morning: monitors, imaging, printing, workstations",
	.expect = "nothing", .hours = 1, .make = make,
};
