/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a text that anybody may have chosen reads as the name of a machine: what does not leaves as a token. */
#pragma once

#include "base/rd.h"

enum { MACHINE_NAME_MAX = 253 };

/* Letters, digits, `-`, `_`, `.`, `:` and `/` alone. No blank and no @: those stand in names of people. */
static inline bool is_machine_name(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!letter && !(c && strchr("-_.:/", c)))
			return false;
	}
	return s.n && s.n <= MACHINE_NAME_MAX;
}
