/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the store keeps of an image as a whole: its name and content, how it went, and its traits: programs, functions,
 * addresses, passwords and keys by which images can be compared without any of them being opened again. */
#pragma once

#include "record/record.h"

enum trait_field { TRAIT_WHAT, TRAIT_VALUE, TRAIT_SECRET, TRAIT_WHERE, TRAIT_FINDING };
enum inspected_field {
	INSP_ID, INSP_NAME, INSP_SHA256, INSP_SIZE, INSP_SEVERITY, INSP_FINDINGS, INSP_MEMBERS, INSP_PROGRAMS, INSP_STATE,
	INSP_ENGINE, INSP_TRAITS, INSP_DROPPED
};
extern const struct record_type trait_type, inspected_type;

enum { INSPECTED_TRAITS = RECORD_LIST };
