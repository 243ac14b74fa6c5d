/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the demonstration: the ordinary ward, and three of its monitors in trouble at once. */
#include "lab/scenario.h"
#include "lab/ward.h"

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	ward_call_home(&w, 4 * MINUTE);
	ward_remote_update(&w, 8 * MINUTE, 40 * MINUTE);
	ward_tamper(&w, 15 * MINUTE, 35 * MINUTE);
}

const struct scenario scenario_mixed = {
	.name = "mixed", .doc = "The ordinary ward with a call home, a remote update and a man in the middle",
	.expect = "three cases, each as in its own scenario", .hours = 1, .make = make,
};
