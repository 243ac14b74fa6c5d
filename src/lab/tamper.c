/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARP man in the middle: the central station is shown 98 % oxygen saturation while it falls. */
#include "lab/scenario.h"
#include "lab/ward.h"

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	ward_tamper(&w, 15 * MINUTE, 35 * MINUTE);
}

const struct scenario scenario_tamper = {
	.name = "tamper", .doc = "A man in the middle by ARP rewrites SpO2 on its way to the central station",
	.expect = "addresses claimed by a second MAC; SpO2 altered in flight, from and to", .hours = 1, .make = make,
};
