/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which advisories speak of a device, by which rule, and what is not known. Never more than the advisory says:
 * without the version, or when only the family is known, a device "may be affected". */
#pragma once

#include "advisory/advisory.h"

enum match_says { MATCH_NOT_AFFECTED, MATCH_FIXED, MATCH_INVESTIGATED, MATCH_MAYBE, MATCH_AFFECTED };

/* "affected", "may be affected" … */
const char *match_says_name(enum match_says s);

struct match_subject {                           /* what is known of a device; texts may be NULL or empty */
	const char *maker, *model, *version;
	const char *const *protocols;            /* that it speaks as a client; ends with NULL; may be NULL */
};

struct match {
	const struct advisory *advisory;
	const struct vulnerability *vulnerability;
	const struct advisory_product *product;  /* the one that decided */
	enum match_says says;
	const char *rule;                        /* by what the device was recognised */
	const char *unknown;                     /* what is not known; NULL: nothing */
};

struct matcher;

/* Borrows the advisories, which must not change meanwhile. */
struct matcher *matcher_new(const struct advisories *t);
void matcher_free(struct matcher *m);

/* Fills v with at most room, those of one advisory together, and returns how many there are in all. */
unsigned matcher_ask(struct matcher *m, const struct match_subject *s, struct match *v, unsigned room);
