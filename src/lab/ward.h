/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lab's hospital ward: one clinical segment, 10.20.30.0/24, mirrored, behind a router; site
 * services in 10.20.1.0/24; the world outside in documentation addresses.
 *
 * Its ordinary day is clean by construction: vital signs travel as HL7 without any identity (device
 * and bed codes only), what carries identity is in TLS (admissions, images), DICOM in clear is C-ECHO
 * only, print jobs are stock lists, and no medical device reaches past the site. */
#pragma once

#include "lab/talk.h"

enum { WARD_BEDS = 6, WARD_MONITORS = 3, WARD_PCS = 4 };

struct ward {
	struct net *net;
	struct host *router, *dhcp, *dns, *ntp, *intranet, *records;
	struct host *central, *engine, *ct, *pacs, *printer, *files, *nas, *backup, *admin;
	struct host *bed[WARD_BEDS], *monitor[WARD_MONITORS], *pc[WARD_PCS];
	struct host *web, *mail;                 /* outside */
};

enum { CENTRAL_PORT = 6661, ENGINE_PORT = 2575, FIXED_CENTRAL_PORT = 515, FIXED_HL7_PORT = 511 };
#define FIXED_CENTRAL IP4(202, 114, 4, 119)      /* the published factory defaults (ICSMA-25-030-01) */
#define FIXED_HL7     IP4(202, 114, 4, 120)

struct ward ward_of(struct net *n);
void ward_ordinary(struct ward *w);              /* all that a quiet day has, from net->start to net->end */
/* A monitor of the ward's kind sends vital signs without identity to the central station, each
 * `every` ns from `from` until `until`. */
void ward_vitals(struct ward *w, struct host *monitor, const char *device, uint64_t from, uint64_t until,
		 uint64_t every);

/* Stories that several scenarios tell; `from` ns after net->start. */
void ward_call_home(struct ward *w, uint64_t from);
void ward_remote_update(struct ward *w, uint64_t quiet_from, uint64_t update_at);
void ward_tamper(struct ward *w, uint64_t from, uint64_t until);
