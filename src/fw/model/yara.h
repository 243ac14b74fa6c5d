/* SPDX-License-Identifier: GPL-2.0-or-later */
/* YARA rules over an image's members, through libyara: rules as text → one compiled block of bytes → matches. Both
 * sides of it parse what others wrote, so that both run in a process without rights (cmd/matcher.h). Nothing here
 * opens a file: what a rule includes is looked for among the texts at hand. */
#pragma once

#include "base/buf.h"
#include "base/mem.h"
#include "base/scope.h"
#include "record/record.h"

enum {
	YARA_FILES = 4096,                       /* files of rules */
	YARA_BYTES = 64 << 20,                   /* of all of them */
	YARA_HITS = 16,                          /* places told of one rule in one member */
};

/* Before the sandbox is entered: what libyara reads or allocates once. False: it cannot be used. */
bool yara_prepare(void) MUST_CHECK;

/* ---- rules ---- */

struct yara_text {
	const char *name;                        /* path, as people know it */
	struct span content;
};

struct yara_source {
	const struct yara_text *v;
	uint32_t n;
	/* Told of every error and warning; file is one of the names, line 0: of the file as a whole. */
	void (*say)(void *ctx, bool is_error, const char *file, int line, const char *what);
	void *ctx;
};

/* Appends the compiled rules; returns how many there are, 0 after an error was said. */
uint32_t yara_compile(const struct yara_source *s, struct buf *out) MUST_CHECK;

/* ---- members ---- */

/* file: index of the member among those that are looked into; hits: at most YARA_HITS, by place. */
enum yara_match_field { YAM_FILE, YAM_RULE, YAM_SOURCE, YAM_TAGS, YAM_META, YAM_HITS, YAM_COUNT };
enum yara_hit_field { YAH_STRING, YAH_OFFSET, YAH_LENGTH };
extern const struct record_type yara_match_type;

struct yara_scanner;

/* compiled: what yara_compile gave. NULL: it cannot be used. */
struct yara_scanner *yara_scanner_open(struct span compiled) MUST_CHECK;
void yara_scanner_close(struct yara_scanner *y);         /* NULL is fine */

/* From now on without the rules that libyara's compiler called slow: strings so short or so loose that they are tried
 * nearly everywhere. Returns how many those are. */
uint32_t yara_scanner_hush_slow(struct yara_scanner *y);
/* Without the rule at whose string the last yara_scan failed. False: it was none, or is hushed already. */
bool yara_scanner_hush_culprit(struct yara_scanner *y);
void yara_scanner_hush_none(struct yara_scanner *y);     /* with all of them again */

/* From YARA_NO_MEMORY on nothing of the member was published. */
enum yara_scanned { YARA_WHOLE, YARA_CROWDED, YARA_NO_MEMORY, YARA_BRANCHES, YARA_GAVE_UP };
const char *yara_scanned_word(enum yara_scanned s);      /* why it was not looked through to the end; NULL: it was */

/* Publishes a record for each rule that matches, in the order of the rules. path: what `filename`, `filepath` and
 * `extension` are in rules. */
enum yara_scanned yara_scan(struct yara_scanner *y, uint32_t file, const char *path, struct span content,
		      const struct record_host *host, const struct sink *to) MUST_CHECK;
