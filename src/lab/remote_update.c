/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A monitor whose network was off brings it up, mounts the far share, reads a program, opens a port. */
#include "lab/scenario.h"
#include "lab/ward.h"

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	ward_remote_update(&w, 8 * MINUTE, 40 * MINUTE);
}

const struct scenario scenario_remote_update = {
	.name = "remote-update",
	.doc = "A silent monitor comes up, mounts 202.114.4.119:/pm, reads an ELF, then listens on a new port",
	.expect = "one monitor, critical: interface up, remote mount, code pulled, new listener used from outside",
	.hours = 1, .make = make,
};
