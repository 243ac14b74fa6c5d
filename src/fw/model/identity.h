/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files of an image say of the image as a whole: maker, model, version, what it is built for, by what and when.
 * Only forms that are known are read (identity.def, build banners): no guess from a file's name alone. */
#pragma once

#include "fw/unpack/unpack.h"
#include "record/record.h"

enum identity_what {
	IDENTITY_MAKER, IDENTITY_MODEL, IDENTITY_BOARD, IDENTITY_VERSION, IDENTITY_BUILD, IDENTITY_SYSTEM, IDENTITY_KERNEL,
	IDENTITY_LOADER, IDENTITY_COMPILER, IDENTITY_BUILT, IDENTITY_WHATS
};
const char *identity_name(enum identity_what w);         /* "maker", "model" … */

struct identity {
	enum identity_what what;
	struct span value;                       /* in the content, or in the arena; IDENTITY_BUILT: "2011-03-04 12:33:12" */
	struct span said;                        /* the words in which it stands; in the content */
	uint64_t offset;                         /* of these */
	double confidence;
};

enum { IDENTITY_MAX = 32 };
/* What this file says, in order of place; returns how many. */
unsigned identity_find(const struct member *f, struct span content, struct arena *a, struct identity out[IDENTITY_MAX]);

enum identity_field { IDY_WHAT, IDY_VALUE, IDY_SAID, IDY_WHERE, IDY_OFFSET, IDY_CONFIDENCE };
extern const struct record_type identity_type;
void identity_record(const struct identity *i, struct span where, struct record *r, const struct record_host *h);
