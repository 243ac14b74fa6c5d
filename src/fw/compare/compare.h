/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two firmware images against each other, from the records that their inspections published: members, functions,
 * start-up, findings. Nothing here reads the images. A finding is found again by what it shows (destination, path,
 * command, chain), not by addresses or file names. */
#pragma once

#include "finding/finding.h"

struct compare_list {
	struct record *const *v;
	uint32_t n;
};

struct compare_side {
	const char *name; /* as the user gave it */
	struct compare_list containers, areas, members, binaries, starts, programs, functions, findings, identities;
	const struct record *sum; /* inspection_type; NULL: it was not completed */
	uint32_t not_run;	  /* programs that were not executed */
};

enum member_change_field {
	MCH_CHANGES,
	MCH_PATH,
	MCH_FROM,
	MCH_TYPE,
	MCH_CLASS,
	MCH_WHERE,
	MCH_OLD_MODE,
	MCH_NEW_MODE,
	MCH_OLD_SIZE,
	MCH_NEW_SIZE,
	MCH_OLD_SHA256,
	MCH_NEW_SHA256,
	MCH_OLD_TARGET,
	MCH_NEW_TARGET,
	MCH_HOLDS
};
enum start_change_field { SCH_CHANGE, SCH_WHEN, SCH_COMMAND, SCH_PROGRAM, SCH_BY, SCH_LINE, SCH_CONDITIONAL };
enum identity_change_field { ICH_WHAT, ICH_OLD, ICH_NEW };
enum function_change_field {
	FCH_CHANGE,
	FCH_PROGRAM,
	FCH_FUNCTION,
	FCH_OLD_ENTRY,
	FCH_NEW_ENTRY,
	FCH_OLD_INSTRUCTIONS,
	FCH_NEW_INSTRUCTIONS
};
enum verdict_field {
	VER_VERDICT,
	VER_GONE,
	VER_SEVERITY,
	VER_RULE,
	VER_TITLE,
	VER_WHY,
	VER_OLD,
	VER_NEW,
	VER_OLD_MEMBER,
	VER_NEW_MEMBER,
	VER_OLD_STARTED,
	VER_NEW_STARTED,
	VER_CHANGES
};
enum comparison_field {
	CMP_OLD,
	CMP_NEW,
	CMP_RESULT,
	CMP_SENTENCE,
	CMP_REMOVED,
	CMP_STILL,
	CMP_NOT_STARTED,
	CMP_MOVED,
	CMP_CHANGED,
	CMP_ADDED,
	CMP_NOT_SEEN,
	CMP_MEMBERS_SAME,
	CMP_MEMBERS_ADDED,
	CMP_MEMBERS_REMOVED,
	CMP_MEMBERS_CHANGED,
	CMP_STARTS,
	CMP_FUNCTIONS,
	CMP_DOUBTS,
	CMP_DROPPED
};
extern const struct record_type member_change_type, identity_change_type, start_change_type, function_change_type,
	verdict_type, comparison_type;
extern const struct record_type *const compare_types[]; /* NULL-terminated */

enum { COMPARE_CHANGES = 100000, COMPARE_SHOWN = 8 };

/* How a member of one image stands to the other's. */
struct pairing {
	uint32_t *to_new, *to_old;   /* by index in the lists of members; NONE: no counterpart */
	bool *same;		     /* by index in OLD's: same place in the tree, not only same content */
	bool *kept;		     /* by index in OLD's: something of its container has a counterpart */
	bool *old_holds, *new_holds; /* a container lies in it: its own bytes say little */
};

/* For whoever matches more of the two. */
struct comparison {
	const struct compare_side *old, *new;
	struct pairing pairs;
	struct record_host host;
	struct arena line; /* one record's texts */
	const struct sink *to;
	uint64_t count[CMP_DROPPED + 1]; /* by comparison_field */
	uint32_t published;
	uint32_t differing;  /* members that came, went or changed and hold no container */
	uint32_t programs;   /* programs and libraries that came, went or changed */
	struct texts doubts; /* why a finding of OLD could be there still, unseen */
};

/* Publishes member_change, function_change, start_change and verdict records, then one comparison. The same two
 * images give the same records in the same order. */
void compare_images(const struct compare_side *old, const struct compare_side *new, const struct sink *to);

/* Only what is in them: member_change records, then one comparison that says whether the two are the same firmware and
 * where they part. apart: the first byte that differs; COMPARE_EQUAL: none does; COMPARE_FOLDERS: they are no files. */
#define COMPARE_EQUAL UINT64_MAX
#define COMPARE_FOLDERS (UINT64_MAX - 1)
void compare_contents(const struct compare_side *a, const struct compare_side *b, uint64_t apart,
		      const struct sink *to);

/* ---- the parts ---- */

void compare_publish(struct comparison *c, const struct record *r); /* COMPARE_CHANGES of them, the rest is counted */
void compare_begin(struct comparison *c, struct record *r, const struct record_type *t);
const char *compare_text(struct comparison *c, const char *fmt, ...) PRINTF(2, 3); /* until the record is published */

void pairing_make(struct comparison *c);
void compare_alike(struct comparison *c); /* pairs programs that were renamed and built anew */
void pairing_done(struct pairing *p);
void compare_members(struct comparison *c);
void compare_starts(struct comparison *c);
void compare_identities(struct comparison *c);
void compare_functions(struct comparison *c);
void compare_findings(struct comparison *c);
