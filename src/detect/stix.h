/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STIX 2.1 patterns (section 9), the part that can be judged on packets one by one. */
#pragma once

#include "base/mem.h"
#include "detect/indicator.h"

enum { STIX_PATTERN_MAX = 64 << 10, STIX_TERMS = 4096, STIX_DEPTH = 64 };

/* What a pattern comes to: any of v is a hit. id, name, source and finding of v are not set. */
struct stix_terms {
	struct indicator *v;                     /* STIX_TERMS */
	unsigned n;
	unsigned skipped;                        /* alternatives that packets cannot tell */
};

/* False: not a pattern; err says what was expected and at which character. Texts go to the arena. */
bool stix_pattern(struct span text, struct arena *a, struct stix_terms *out, char err[160])
	__attribute__((warn_unused_result));
