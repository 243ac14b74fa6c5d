/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Published security advisories as a model: which product in which version, which weakness, what helps. Read
 * from CSAF 2.0 files, from the store's bodies, or shipped (facts.def); matched against devices; written as VEX. */
#pragma once

#include "base/buf.h"
#include "base/mem.h"
#include "record/record.h"

enum {
	ADVISORY_PRODUCTS = 4000, ADVISORY_VULNERABILITIES = 2000, ADVISORY_REMEDIES = 64, ADVISORY_TROUBLES = 32,
	ADVISORY_STATUS = 4000, ADVISORY_MEMORY = 96 << 20, ADVISORY_ERR = 240,
};

struct advisory_product {
	const char *id;                          /* within its advisory */
	const char *maker, *name, *version;      /* as published; "" when not said */
	const char *models;                      /* model numbers, "|" between; "" when not said */
	bool range;                              /* version is a range, not one version */
};

enum product_status { STATUS_AFFECTED, STATUS_FIXED, STATUS_NOT_AFFECTED, STATUS_INVESTIGATED, STATUS_COUNT };

struct remedy {
	const char *category, *details, *url;    /* url may be NULL */
};

struct vulnerability {
	const char *cve, *cwe;                   /* cve: or another id of the publisher's */
	const char *cvss, *vector;               /* version and vector as published; NULL: none given */
	double score;                            /* as published; 0: none */
	struct texts status[STATUS_COUNT];       /* product ids */
	struct remedy *remedies;
	unsigned nremedies;
};

struct advisory {
	const char *id, *title, *publisher, *version, *url;      /* url may be NULL */
	uint64_t released;                       /* ns: of this version */
	struct advisory_product *products;
	unsigned nproducts;
	struct vulnerability *vulnerabilities;
	unsigned nvulnerabilities;
	const char *troubles[ADVISORY_TROUBLES]; /* what in the file was off, and what was made of it */
	unsigned ntroubles;
	bool shipped;
};

struct advisories {
	struct advisory *v;
	unsigned n, room;
	struct arena arena;                      /* of all texts and lists; taken whole */
};

struct advisories *advisories_new(void);         /* with the shipped ones */
void advisories_free(struct advisories *t);
/* Adds it, in the place of an older one with the same id. False: a later one is there. The texts must be in
 * t->arena. */
bool advisories_add(struct advisories *t, const struct advisory *a);
const struct advisory *advisories_find(const struct advisories *t, const char *id);

/* A CSAF 2.0 file. 0, or -EINVAL with a sentence in err. Faults that leave it usable become troubles. */
int csaf_read(struct span json, struct arena *arena, struct advisory *out, char err[ADVISORY_ERR])
	__attribute__((warn_unused_result));

/* As a record, and back from the store's body of one. */
extern const struct record_type advisory_type;
extern const struct record_type refused_type;    /* a file that was refused, on its way to the parent */
enum refused_field { REFUSED_FILE, REFUSED_WHY };
struct record *advisory_record(const struct advisory *a, const struct record_host *host);
bool advisory_from_body(const char *json, struct arena *arena,
	struct advisory *out) __attribute__((warn_unused_result));

const struct advisory_product *advisory_product_find(const struct advisory *a, const char *id);

/* ---- versions ---- */

enum version_fits { VERSION_NO, VERSION_YES, VERSION_UNKNOWN };
/* Whether the version fits what an advisory says: "<=2.3", ">=1.0|<1.5", "vers:all/(star)", "5.x", "1.0 | 1.1",
 * "2.4 and prior". UNKNOWN: the two cannot be compared, or version is empty. */
enum version_fits version_in(const char *version, const char *said);
bool version_is_all(const char *said);
