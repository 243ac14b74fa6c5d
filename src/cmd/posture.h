/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the store knows of each device, put together for advisories and risk: its record, the biomedical
 * department's line about it, the advisories that speak of it, what of its traffic weighs. */
#pragma once

#include "advisory/match.h"
#include "cmd/cmd.h"
#include "inventory/inventory.h"
#include "store/store.h"

enum posture_wants { POSTURE_ADVISORIES = 1, POSTURE_DEVICES = 2, POSTURE_TRAFFIC = 4 };

enum { POSTURE_DEVICES_MAX = 65536, POSTURE_TEXTS = 64, POSTURE_MATCHES = 4096 };

struct posture_device {
	const char *id, *name, *role, *maker, *model, *version, *serial, *mac, *zone;    /* never NULL */
	const char *addresses[POSTURE_TEXTS], *protocols[POSTURE_TEXTS];                 /* end with NULL */
	uint64_t first, last;
	bool medical, seen;                      /* seen: on the network; else in the list alone */
	bool from_list;                          /* maker, model or version are the list's word */
	const struct asset *asset;               /* its line in the list; NULL: none */
	const char *joined;                      /* by what */
	struct match *matches;
	unsigned nmatches;
	struct risk_facts facts;
	struct risk risk;
};

struct posture {
	struct advisories *advisories;
	struct matcher *matcher;
	struct assets assets;
	struct posture_device *v;                /* devices that were seen, then those of the list alone */
	uint32_t n, room;
	uint64_t dropped;                        /* met a limit */
	struct arena arena;
};

/* NULL after saying why not. wants: enum posture_wants, or-ed. */
struct posture *posture_load(const struct args *a, const char *dir, unsigned wants) MUST_CHECK;
void posture_free(struct posture *p);

bool posture_is(const struct posture_device *d, const char *wanted);     /* id, name, address, MAC or asset tag */
void posture_label(const struct posture_device *d, struct buf *b);       /* "bed-4, Contec CMS8000, 10.0.4.17 (D-…)" */
/* A later version of that advisory is in the store already. */
bool posture_is_older(struct store *s, const char *id, uint64_t released);
