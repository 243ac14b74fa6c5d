/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The prepared statements of the store: their texts, what goes in and comes out, and what a failure means. */
#include "store/sqlite.h"

#include <errno.h>

#include "base/scope.h"

static const char *const statements[ST_COUNT_] = {
	[ST_RUN] = "INSERT INTO run (input, program, recorded) VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
	[ST_HEAD] = "SELECT seq, hash FROM chain",
	[ST_LATEST] = "SELECT body FROM finding_log WHERE id = ?1 ORDER BY seq DESC LIMIT 1",
	[ST_APPEND] = "INSERT INTO finding_log (seq, run, id, rule, device, severity, first, last, body, prev, hash) "
		      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[ST_MOVE_HEAD] = "UPDATE chain SET seq = ?1, hash = ?2",
	[ST_OLD] = "SELECT body FROM item WHERE kind = ?1 AND id = ?2",
	[ST_ITEM] = "INSERT INTO item (kind, id, run, rule, device, severity, first, last, body) "
		    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (kind, id) DO UPDATE SET run = excluded.run, "
		    "rule = excluded.rule, device = excluded.device, severity = max(ifnull(severity, -1), excluded.severity), "
		    "first = min(ifnull(first, excluded.first), ifnull(excluded.first, first)), "
		    "last = max(ifnull(last, excluded.last), ifnull(excluded.last, last)), body = excluded.body",
};

static int errno_of(int code)
{
	switch (code & 0xFF) {
	case SQLITE_FULL: return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return -EBUSY;
	case SQLITE_READONLY: return -EROFS;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM: return -EACCES;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT: return -EBADMSG;
	case SQLITE_NOMEM: return -ENOMEM;
	default: return -EIO;
	}
}

int store_failed(struct store *s, const char *doing)
{
	snprintf(s->err, sizeof(s->err), "%s failed: %s", doing, sqlite3_errmsg(s->db));
	s->broken = s->begun;
	return errno_of(sqlite3_errcode(s->db));
}

sqlite3_stmt *store_ready(struct store *s, enum statement which)
{
	sqlite3_reset(s->st[which]);
	sqlite3_clear_bindings(s->st[which]);
	return s->st[which];
}

int store_done(struct store *s, sqlite3_stmt *st, const char *doing)
{
	int got = sqlite3_step(st);
	int bad = got == SQLITE_DONE || got == SQLITE_ROW ? 0 : store_failed(s, doing);
	sqlite3_reset(st);
	return bad;
}

void bind_text(sqlite3_stmt *st, int at, struct span s)
{
	if (s.n)
		sqlite3_bind_text64(st, at, (const char *)s.p, s.n, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_time(sqlite3_stmt *st, int at, uint64_t ns)
{
	if (ns)
		sqlite3_bind_int64(st, at, ns > INT64_MAX ? INT64_MAX : (int64_t)ns);
}

void bind_row(sqlite3_stmt *st, const struct row *row)
{
	bind_text(st, 4, row->rule);
	bind_text(st, 5, row->device);
	if (row->severity >= 0)
		sqlite3_bind_int(st, 6, row->severity);
	bind_time(st, 7, row->first);
	bind_time(st, 8, row->last);
	bind_text(st, 9, row->body);
}

struct span column_span(sqlite3_stmt *st, int at)
{
	const void *p = sqlite3_column_type(st, at) == SQLITE_BLOB ? sqlite3_column_blob(st, at) :
								     (const void *)sqlite3_column_text(st, at);
	return span_of(p, p ? (size_t)sqlite3_column_bytes(st, at) : 0);
}

int store_prepare(struct store *s)
{
	for (int i = 0; i < ST_COUNT_; i++)
		if (sqlite3_prepare_v3(s->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &s->st[i], NULL) != SQLITE_OK)
			return store_failed(s, "the database lacks what it should have; preparing a statement");
	return 0;
}

int store_exec(struct store *s, const char *sql, const char *doing)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_failed(s, doing);
}
