/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The matcher: processes without rights that compile YARA rules and look for them in an image's members. The parent
 * opens and maps the files of rules and hands bytes on; it parses neither rules nor members. */
#pragma once

#include "base/log.h"
#include "base/progress.h"
#include "cmd/judge.h"
#include "cmd/material.h"
#include "fw/model/yara.h"

struct matcher_rules {
	struct span compiled;                    /* mapped; every matcher inherits it */
	uint32_t n, files;                       /* rules, and the files they stand in */
	uint8_t digest[32];                      /* of all their texts and names: other rules, other findings */
};

/* Files, and folders (in which .yar, .yara, .rule and .rules count). False after saying why in the log: what can
 * be said of every file, with its line. */
bool matcher_load(struct matcher_rules *r, const char *const *paths, unsigned n, const struct log *log) MUST_CHECK;
void matcher_unload(struct matcher_rules *r);

/* CPU time, not the clock on the wall: a busy machine changes no result. 0: the defaults. */
struct matcher_limits {
	uint64_t member_ms, all_ms;
};

struct matcher_sum {
	uint32_t unmatched;                      /* members that were not looked through to the end */
	uint64_t dropped;                        /* matches past MATCHER_MATCHES */
};

enum { MATCHER_MATCHES = 1 << 16 };

/* Publishes yara_match records in the order of the files, then of the rules. False after saying why in the log: nothing
 * could be run. What a member did to its process is said there too, and the next one goes on behind it. */
struct matcher_order {
	const struct matcher_rules *rules;
	struct matcher_limits limits;
	const struct judge_file *files;          /* in which to look */
	uint32_t n;
	const struct registry *registry;
	const struct log *log;
	struct progress *progress;
	const struct sink *to;
};

bool matcher_run(const struct matcher_order *o, struct matcher_sum *sum) MUST_CHECK;
