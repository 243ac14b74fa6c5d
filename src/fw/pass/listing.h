/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of programs and other members as they may be read aloud: where each stands, in which section, in which
 * encoding, and what refers to it: the calls it was seen to reach, else the code and tables that hold its address. */
#pragma once

#include "fw/model/strings.h"
#include "fw/pass/pass.h"

enum { LISTING_LEAST = 6, LISTING_TEXT = 400, LISTING_USES = 16 };

struct listing {
	const char *member;                      /* shell pattern of paths; NULL: programs and libraries, copies once */
	unsigned least;                          /* characters */
};

/* By member, then place. Credentials that the findings and traces know, hashes, private keys and what stands behind
 * words for a password become "***". Before trace_hush. */
void listing_publish(const struct scene *s, const struct listing *l, struct finding *const *findings, uint32_t n,
		     const struct record_host *host, const struct sink *to);
/* A text of the image without what it keeps secret; *why is set when something was taken out. secrets: texts known to
 * be. The result lies in the arena. */
struct span listing_aloud(struct span text, const struct span *secrets, unsigned nsecrets, struct arena *a,
			  const char **why);
