/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device fetches something over the network: what the rules on remote mounts, on pulled programs and
 * on what surrounds them agree on, so that they speak of the same event. */
#pragma once

#include "detect/detector.h"

enum fetch_kind { FETCH_MOUNT, FETCH_FILE };

struct fetch {
	enum fetch_kind kind;
	uint32_t device;                         /* who fetched; DEVICE_NONE: nobody of ours */
	struct addr own, peer;                   /* its address, and where it fetched from */
	uint16_t port;                           /* of the end that serves */
	bool pushed;                             /* a file that the peer put onto the device */
	bool plain;                              /* NFS, TFTP, FTP: nothing checks who serves and what */
	struct origin at;                        /* where it began */
};

/* The wants of the functions below: a detector that calls them begins its own list with them. */
enum fetch_want {
	FETCH_MOUNT_MESSAGE, FETCH_MOUNT_PROCEDURE, FETCH_NFS_MESSAGE, FETCH_NFS_PROCEDURE, FETCH_FILE_VIA,
	FETCH_FILE_CODE, FETCH_FILE_TO_SERVER, FETCH_WANTS
};
#define FETCH_WANT \
	[FETCH_MOUNT_MESSAGE] = { "mount", "message" }, \
	[FETCH_MOUNT_PROCEDURE] = { "mount", "procedure" }, \
	[FETCH_NFS_MESSAGE] = { "nfs", "message" }, \
	[FETCH_NFS_PROCEDURE] = { "nfs", "procedure" }, \
	[FETCH_FILE_VIA] = { "transfer", "via" }, \
	[FETCH_FILE_CODE] = { "transfer", "code" }, \
	[FETCH_FILE_TO_SERVER] = { "transfer", "to_server" }

/* False when the record shows none. Records: `mount`, `nfs`, `transfer`. */
bool fetch_mount(const struct run *d, const struct record *r, struct fetch *out);
bool fetch_nfs(const struct run *d, const struct record *r, struct fetch *out);
bool fetch_file(const struct run *d, const struct record *r, struct fetch *out);
bool fetch_any(const struct run *d, const struct record *r, struct fetch *out);     /* whichever of these it is */

/* From outside the site; registered central stations are not, nor is a neighbour on the same wire that is asked for a
 * directory and has not answered. */
bool fetch_is_outside(const struct run *d, const struct fetch *f);
/* As far as is known now it should be told: from outside by any device of ours without a check, or by a
 * medical device by whatever means; from inside by a device at the patient. Never when it is allowed. */
bool fetch_counts(const struct run *d, const struct fetch *f);
/* At the patient by its role: monitor, pump, ventilator, analyser, imaging. Archives, engines and central
 * stations are servers, and fetch as servers do. */
bool fetch_is_bedside(const struct run *d, uint32_t device);
/* "3 seconds", "12 minutes", "5 hours" */
const char *fetch_lapse(struct run *d, uint64_t ns);
