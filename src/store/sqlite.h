/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the SQLite store share; nobody else includes this. */
#pragma once

#include <sqlite3.h>

#include "store/store.h"

enum statement { ST_RUN, ST_HEAD, ST_LATEST, ST_APPEND, ST_MOVE_HEAD, ST_OLD, ST_ITEM, ST_COUNT_ };

/* Where a record type keeps what the store filters by; -1: it does not. */
struct columns {
	const struct record_type *type;
	int id, rule, device, severity, first, last;
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *st[ST_COUNT_];
	bool readonly, broken, begun;
	int64_t run, seq;                        /* of the transaction; of the chain's last row */
	uint8_t head[32];
	struct json_opts opts;
	struct columns columns;                  /* of the type seen last: records come in bunches */
	struct buf body, merged;
	char err[STORE_ERR];
};

/* One record on its way in. Texts are borrowed. */
struct row {
	struct span id, rule, device, body;
	int severity;                            /* -1: none */
	uint64_t first, last;                    /* 0: none */
};

/* Notes and returns the errno that fits; a write that failed ends the store for good. */
int  store_failed(struct store *s, const char *doing);
int  store_exec(struct store *s, const char *sql, const char *doing) MUST_CHECK;
int  store_prepare(struct store *s) MUST_CHECK;                      /* all of them, when the file is open */
sqlite3_stmt *store_ready(struct store *s, enum statement which);    /* reset, bindings cleared */
int  store_done(struct store *s, sqlite3_stmt *st, const char *doing);   /* steps to the end, resets */
void bind_text(sqlite3_stmt *st, int at, struct span s);                 /* empty: NULL */
void bind_row(sqlite3_stmt *st, const struct row *row);                 /* rule to body, at 4 to 9 in both tables */
struct span column_span(sqlite3_stmt *st, int at);

/* chain.c */
int  chain_load(struct store *s);                /* reads the head at the start of a transaction */
int  chain_append(struct store *s, const struct row *row);   /* unless it says what is there already */
int  chain_save(struct store *s);

/* merge.c: what is known of a thing and what was seen now. Lists are united, first is the earliest,
 * last the latest, severity the gravest; every other value is the new one, or the old where nothing new
 * was said. False: one of them is no object. */
bool merge_bodies(struct span old, struct span now, struct buf *out);
