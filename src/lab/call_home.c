/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A monitor sends its patient's identity and vital signs to the published fixed addresses, which accept. */
#include "lab/scenario.h"
#include "lab/ward.h"

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	ward_call_home(&w, 4 * MINUTE);
}

const struct scenario scenario_call_home = {
	.name = "call-home", .doc = "A monitor sends patient data to 202.114.4.119:515 and HL7 to .120:511, answered",
	.expect = "one monitor, critical: identified patient data leaves the site", .hours = 1, .make = make,
};
