/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings of firmware for people, and as STIX 2.1 indicators for the network half. */
#pragma once

#include "report/layout.h"

/* One sentence of state, then each finding with its chain, why and next, then what is worth knowing. */
void firmware_report(struct buf *out, const struct layout *l, struct record *const *findings, size_t n);
/* One finding with every step: place, calls with where each argument came from, conditions, instructions. */
void firmware_explain(struct buf *out, const struct layout *l, const struct record *finding);
/* What executing one program showed: coverage, then its paths (fwpath records, each before its fwcall ones). */
void firmware_trace(struct buf *out, const struct layout *l, const struct record *summary, struct record *const *v,
		    size_t n);
/* A STIX 2.1 bundle of what the network half should look for; every indicator names its finding and its case.
 * now: seconds since 1970. Returns how many indicators. */
size_t firmware_predict(struct buf *out, struct record *const *findings, size_t n, uint64_t now);
