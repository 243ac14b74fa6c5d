/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Synthetic firmware images of a bedside monitor: a kernel in U-Boot's header and a cramfs with scripts,
 * settings and ARM programs that the lab assembles itself. What `inspect` must say of each stands in
 * tests/golden/lab-firmware/NAME/expected.json. The programs cannot be started: the loader they name
 * exists nowhere, and the monitor's main() and its update end at once where a process is not its own parent. */
#pragma once

#include "base/buf.h"
#include "base/scope.h"

struct firmware {
	const char *name;                        /* as on the command line */
	const char *doc, *expect;                /* one sentence each, for people */
	unsigned parts;                          /* what it holds: enum firmware_part */
};

enum firmware_part {
	FW_UPDATE_IN_PROGRAM = 1,                /* the monitor itself mounts, copies and runs */
	FW_UPDATE_IN_SCRIPT = 2,                 /* a script of the start-up does */
	FW_INTERFACE_AT_BOOT = 4,                /* rcS brings the network up whatever the settings say */
	FW_NOT_STARTED = 8,                      /* no line starts the monitor */
	FW_AS_TEXT = 16, FW_ENCODED = 32,        /* with FW_UPDATE_IN_PROGRAM: how the address stands in it */
	FW_RENAMED = 64,                         /* the monitor is /opt/app/patientui, built anew */
};

/* Ends with one whose name is NULL. */
extern const struct firmware firmwares[];

enum { FIRMWARE_PROGRAMS_MAX = 300 };

const struct firmware *firmware_find(const char *name);
/* programs: so many more of about 150 KiB, without anything to find, and as many pictures, for measuring:
 * 100 make an image of 16 MB. */
MUST_CHECK bool firmware_write(const struct firmware *f, uint64_t seed, unsigned programs, struct buf *out);
