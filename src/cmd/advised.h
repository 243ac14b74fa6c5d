/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The advisories that an inspection looks for: those that were imported into the store, beside the shipped ones. */
#pragma once

#include "advisory/advisory.h"
#include "base/log.h"
#include "store/store.h"

/* digest (may be NULL): of the imported ones; all zeros when there is none. A store that cannot be read is said, and
 * leaves the shipped ones. advisories_free is the caller's. */
struct advisories *advised_load(struct store *s, const struct log *log, uint8_t digest[32]) MUST_CHECK;
