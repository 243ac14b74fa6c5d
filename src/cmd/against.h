/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `auscult inspect --against OLD NEW` and `--same A B`: two images instead of one. */
#pragma once

#include "base/option.h"
#include "cmd/matcher.h"
#include "cmd/site.h"
#include "report/layout.h"

struct against {
	const struct args *args;
	const char *old, *new;
	const struct site *site;
	bool no_store;	      /* traces are kept for the length of the comparison only */
	const char *progress; /* as the option says */
	bool same;	      /* only: are they the same firmware? Nothing is executed */
	bool json, jsonl;
	enum severity fail_on;
	struct layout layout;
	const struct matcher_rules *rules; /* NULL: none */
};

/* An exit code: found when something at or above fail_on is in NEW; with same when they are not the same. */
int against_run(const struct against *a);
