/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The embedded store: SQLite in a data folder, WAL, synchronous=FULL, one writer. Findings form a hash
 * chain. Bodies are the records' own JSON, made from the field tables. */
#pragma once

#include "finding/finding.h"

struct store;

enum { STORE_SCHEMA = 1 };

/* Opens or creates DIR/auscult.db. 0 or negative errno; err says what to do. readonly: for questions. */
int  store_open(const char *dir, bool readonly, struct store **out, char err[256]) __attribute__((warn_unused_result));
void store_close(struct store *s);

/* Records of one run go in one transaction. */
int  store_begin(struct store *s, const char *input) __attribute__((warn_unused_result));
int  store_put(struct store *s, const struct record *r) __attribute__((warn_unused_result));
int  store_commit(struct store *s) __attribute__((warn_unused_result));
void store_abort(struct store *s);

struct query {
	const char *kind;                        /* "finding", "device", "flow", "case", "exposure", "health" … */
	const char *id;                          /* NULL: any */
	const char *device, *rule;               /* NULL: any */
	int min_severity;                        /* enum severity; -1: any */
	uint64_t since, until;                   /* ns; 0: any */
	uint64_t limit;                          /* 0: all */
};
/* Calls each with the body (JSON text) in a stable order; stops when it returns false. */
int  store_ask(struct store *s, const struct query *q, bool (*each)(void *ctx, const char *json), void *ctx)
	__attribute__((warn_unused_result));
/* Checks the chain of findings. 0 whole; 1 broken, with the place in err; negative errno. */
int  store_verify(struct store *s, uint64_t *checked, char err[256]) __attribute__((warn_unused_result));
