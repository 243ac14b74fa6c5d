/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows unpacking: programs are executed by workers, and the judge says what all of it does. This process
 * only hands bytes on; it reads none of them. */
#pragma once

#include "base/progress.h"
#include "cmd/judge.h"
#include "cmd/matcher.h"
#include "cmd/material.h"
#include "cmd/tracecache.h"
#include "fw/unpack/records.h"

enum { EXAMINE_PROGRAMS = 1000, EXAMINE_WORKERS = 2, EXAMINE_LINKS = 1 << 18, EXAMINE_LIBRARIES = 62 };

struct examine_entry {
	const char *path, *where;
	uint64_t at, size, image;                /* image: in the input; SCENE_SCATTERED: not as it is */
	uint32_t mode, member;                   /* member: the inspector's number */
};

struct examination {
	struct arena arena;
	struct examine_entry *v;                 /* members whose bytes wait in the spool */
	struct input_digest inputs;
	uint32_t n, room, told;                  /* told: members that were spoken of, files or not */
	struct scene_link *links;                /* by the inspector's numbers */
	uint32_t nlinks, links_room;
	struct record **starts;
	uint32_t nstarts, starts_room;
	const struct advisories *advisories;     /* set by the caller; NULL: the shipped ones */
	bool traces;                             /* set by the caller: publish calls and paths too */
	const char *member;                      /* set by the caller: of programs that match this; NULL: of all */
	const struct listing *strings;           /* set by the caller: publish these texts too; NULL: none */
	bool functions;                          /* set by the caller: publish functions too */
	struct progress *progress;               /* set by the caller: how and where to draw */
	const struct matcher_rules *rules;       /* set by the caller: to look for; NULL: none */
	uint32_t unmatched;                      /* files that were not looked through with the rules */
	uint32_t unread;                         /* scripts and tables for which no work was left */
	uint32_t not_run;                        /* programs past the cap, or without a worker */
	unsigned workers;                        /* set by the caller: so many at a time; 0: EXAMINE_WORKERS */
	struct trace_cache *cache;               /* set by the caller, may be NULL: programs executed before */
	uint32_t known, executed, spoilt, fallen;        /* traces from the cache; made now; entries of it that do not
						    * open; workers that did not end as they should */
	/* Set by the caller, may be NULL: told of each program after it was executed. */
	void (*program)(void *ctx, const struct judge_file *f, const struct judge_trace *t);
	void *ctx;
};

void examination_init(struct examination *x);
void examination_done(struct examination *x);
/* Takes "member", "extract", "linked" and "start" records; others are none of its business. */
void examination_add(struct examination *x, const struct record *r);
/* Executes and judges; publishes fwtrace, finding and case records. False after saying why in the log: what was
 * found before is published. */
bool examination_run(struct examination *x, const struct material *m, int spool, const uint8_t key[KEY_BYTES],
		     const struct registry *g, const struct log *log, const struct sink *to) MUST_CHECK;
