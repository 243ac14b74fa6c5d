/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The embedded store: SQLite in a data folder, WAL, synchronous=FULL, one writer. Findings form a hash
 * chain. Bodies are the records' own JSON, made from the field tables: the store knows no kind of
 * record by name but `finding`; of the others it takes the fields id, device, rule, severity, first
 * and last, where a table has them, to filter by. VITAL fields are left out. */
#pragma once

#include "finding/finding.h"
#include "record/json.h"

struct store;

enum { STORE_SCHEMA = 1, STORE_APPLICATION = 0x61757363 /* "ausc" */, STORE_PATH = 4096, STORE_ERR = 512 };

#define STORE_FILE "auscult.db"
#define STORE_KEY  "site.key"                    /* the site's key stands beside, never inside, the database */

/* Opens DIR/auscult.db; creates both unless readonly. 0 or negative errno; err says what to do.
 * -ENOENT: readonly and there is none; -EPROTO: written by a newer program; -EINVAL: not a store. */
int  store_open(const char *dir, bool readonly, struct store **out, char err[STORE_ERR])
	__attribute__((warn_unused_result));
void store_close(struct store *s);               /* NULL is fine; what was not committed is gone */

/* Records of one run go in one transaction. opts (may be NULL) is copied. After the first failed write
 * the store takes nothing more: a failed fsync must not be tried again (it reports success then). */
int  store_begin(struct store *s, const char *input, const struct json_opts *opts) __attribute__((warn_unused_result));
int  store_put(struct store *s, const struct record *r) __attribute__((warn_unused_result));
/* Takes out all of a kind that is imported as a whole (a list of devices). Only types with .imported. */
int  store_forget(struct store *s, const struct record_type *type) __attribute__((warn_unused_result));
int  store_commit(struct store *s) __attribute__((warn_unused_result));
void store_abort(struct store *s);
/* Why the last call failed, for people. */
const char *store_error(const struct store *s);

struct query {
	const char *kind;                        /* "finding", "device", "flow", "case" …; NULL: any but findings */
	const char *id;                          /* NULL: any */
	const char *device, *rule;               /* NULL: any; device: its stable id */
	int min_severity;                        /* enum severity; -1: any */
	uint64_t since, until;                   /* ns; 0: any */
	uint64_t limit;                          /* 0: all */
	bool history;                            /* findings: every version that was written, oldest first */
};
/* Calls each with the body (JSON text) in a stable order, gravest first; stops when it returns false. */
int  store_ask(struct store *s, const struct query *q, bool (*each)(void *ctx, const char *json), void *ctx)
	__attribute__((warn_unused_result));

struct store_check {
	uint64_t checked;                        /* rows of the chain that are whole */
	char head[65];                           /* hash of the last row, to be noted elsewhere */
	char broken[STORE_ERR];                  /* where and what differs; empty: whole */
};
/* Checks the file (quick_check, foreign keys) and the chain. expect (may be NULL): a head noted before,
 * which must still be part of the chain. 0 whole; 1 broken; negative errno: could not. */
int  store_verify(struct store *s, const char *expect, struct store_check *c) __attribute__((warn_unused_result));
