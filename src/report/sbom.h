/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The components of an inspection as a bill of materials: CycloneDX 1.6 (ECMA-424), JSON. No clock and no chance is in
 * it: the same image gives the same bytes, and the serial number is a hash of them. */
#pragma once

#include "base/buf.h"
#include "record/record.h"

/* Of "fw.component" findings and "member" records (for hashes). Returns how many components are in it. */
size_t sbom_write(struct buf *out, struct record *const *findings, size_t n, struct record *const *members,
		  size_t nmembers);
