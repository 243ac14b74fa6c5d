/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CSAF 2.0 VEX (profile 5): which devices of the site are affected by what, for those who ask. */
#pragma once

#include "advisory/match.h"

struct vex_device {
	const char *id, *name, *serial, *model;  /* texts may be NULL but for id and name */
	const struct match *matches;
	unsigned nmatches;
};

struct vex_head {
	const char *id, *publisher, *namespace, *tlp;    /* tlp: WHITE, GREEN, AMBER, RED (TLP 1, as CSAF 2.0 wants) */
	uint64_t date;                           /* ns */
	const char *program;
};

/* Devices without a match are left out. Same input, same bytes. */
void vex_write(struct buf *b, const struct vex_head *h, const struct vex_device *v, unsigned n);
