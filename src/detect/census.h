/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device record as the rules that compare with the baseline see it. */
#pragma once

#include "detect/baseline.h"
#include "detect/detector.h"

/* The wants of census_read(): a detector that calls it begins its own list with them. */
enum census_want {
	CENSUS_ID, CENSUS_NAME, CENSUS_ROLE, CENSUS_MEDICAL, CENSUS_MAC, CENSUS_ADDRESSES, CENSUS_FIRST, CENSUS_LAST,
	CENSUS_PROTOCOLS, CENSUS_WANTS
};
#define CENSUS_WANT \
	[CENSUS_ID] = { "device", "id" }, \
	[CENSUS_NAME] = { "device", "name" }, \
	[CENSUS_ROLE] = { "device", "role" }, \
	[CENSUS_MEDICAL] = { "device", "medical" }, \
	[CENSUS_MAC] = { "device", "mac" }, \
	[CENSUS_ADDRESSES] = { "device", "addresses" }, \
	[CENSUS_FIRST] = { "device", "first" }, \
	[CENSUS_LAST] = { "device", "last" }, \
	[CENSUS_PROTOCOLS] = { "device", "protocols" }

struct census {
	struct span id, role;
	struct mac mac;
	struct addr addr;                        /* the latest; family 0: none */
	bool medical;
	uint64_t first, last;
	uint32_t device;                         /* of the table; DEVICE_NONE: not found again */
};

/* False when the record is of no device. Texts end with the record. */
bool census_of(const struct run *d, const struct record *r, struct census *out);
/* The same, false too when there is no baseline to compare with. */
bool census_read(const struct run *d, const struct record *r, struct census *out);
