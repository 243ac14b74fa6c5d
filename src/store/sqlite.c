/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store in SQLite: writing and asking. Prepared statements only. */
#include "store/sqlite.h"

#include <errno.h>

#include "base/scope.h"

const char *store_error(const struct store *s)
{
	return s->err;
}

int store_begin(struct store *s, const char *input, const struct json_opts *opts)
{
	if (s->broken || s->begun)
		return -EIO;
	int bad = store_exec(s, "BEGIN IMMEDIATE", "starting to write");
	if (bad)
		return bad;
	s->begun = true;
	s->opts = opts ? *opts : (struct json_opts){ 0 };
	s->opts.vitals = false;
	sqlite3_stmt *st = store_ready(s, ST_RUN);
	sqlite3_bind_text(st, 1, input, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, "auscult " AUSCULT_VERSION, -1, SQLITE_STATIC);
	bad = store_done(s, st, "noting the run");
	s->run = sqlite3_last_insert_rowid(s->db);
	return bad ? bad : chain_load(s);
}

static const struct columns *columns_of(struct store *s, const struct record_type *t)
{
	if (s->columns.type != t)
		s->columns = (struct columns){
			t, record_type_field(t, "id"), record_type_field(t, "rule"), record_type_field(t, "device"),
			record_type_field(t, "severity"), record_type_field(t, "first"), record_type_field(t, "last"),
		};
	return &s->columns;
}

static bool has(const struct record *r, int field, enum field_type type)
{
	return field >= 0 && record_has(r, (unsigned)field) && r->type->fields[field].type == type &&
	       !field_is_token(&r->type->fields[field]);
}

static struct span text_at(const struct record *r, int field)
{
	return has(r, field, F_TEXT) ? r->v[field].text : (struct span){ 0 };
}

static uint64_t time_at(const struct record *r, int field)
{
	return has(r, field, F_TIME) ? r->v[field].u : 0;
}

static int severity_at(const struct record *r, int field)
{
	enum severity v;
	return severity_parse(text_at(r, field), &v) ? (int)v : -1;
}

/* A device is a nested subject with an id, a text, or the record itself. */
static struct span device_at(const struct record *r, const struct columns *c)
{
	if (has(r, c->device, F_RECORD)) {
		const struct record *d = r->v[c->device].record;
		return text_at(d, record_type_field(d->type, "id"));
	}
	return c->device < 0 && strcmp(r->type->name, "device") == 0 ? text_at(r, c->id) : text_at(r, c->device);
}

static int bind_item(struct store *s, const char *kind, const struct row *row)
{
	sqlite3_stmt *st = store_ready(s, ST_ITEM);
	sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
	bind_text(st, 2, row->id);
	sqlite3_bind_int64(st, 3, s->run);
	bind_row(st, row);
	return store_done(s, st, "writing a record");
}

/* A record with a lasting id is one row however often it is seen. */
static int put_lasting(struct store *s, const char *kind, struct row *row)
{
	sqlite3_stmt *st = store_ready(s, ST_OLD);
	sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
	bind_text(st, 2, row->id);
	int got = sqlite3_step(st);
	if (got != SQLITE_ROW && got != SQLITE_DONE)
		return store_failed(s, "looking for a record");
	if (got == SQLITE_ROW && !s->columns.type->imported && merge_bodies(column_span(st, 0), row->body, &s->merged))
		row->body = buf_span(&s->merged);
	sqlite3_reset(st);
	return bind_item(s, kind, row);
}

/* What is numbered within its run only, or not at all, is named by its content: reading the same
 * capture again adds nothing. The name goes into the body as "key", behind the kind. */
static int put_passing(struct store *s, const char *kind, struct row *row)
{
	uint8_t hash[32];
	char key[20];
	keyring_sha256(row->body, hash);
	int n = snprintf(key, sizeof(key), "%02x%02x%02x%02x%02x%02x%02x%02x", hash[0], hash[1], hash[2], hash[3], hash[4],
			 hash[5], hash[6], hash[7]);
	size_t head = strlen("{\"kind\":\"") + strlen(kind) + 1;
	buf_reset(&s->merged);
	buf_bytes(&s->merged, span_cut(row->body, head));
	buf_printf(&s->merged, ",\"key\":\"%s\"", key);
	buf_bytes(&s->merged, span_from(row->body, head));
	row->id = span_of(key, (size_t)n);
	row->body = buf_span(&s->merged);
	return bind_item(s, kind, row);
}

int store_put(struct store *s, const struct record *r)
{
	if (s->broken || !s->begun)
		return -EIO;
	const struct columns *c = columns_of(s, r->type);
	buf_reset(&s->body);
	json_record(&s->body, r, &s->opts);
	if (s->body.full)
		return -E2BIG;
	struct row row = {
		.id = text_at(r, c->id), .rule = text_at(r, c->rule), .device = device_at(r, c), .body = buf_span(&s->body),
		.severity = severity_at(r, c->severity), .first = time_at(r, c->first), .last = time_at(r, c->last),
	};
	if (r->at && !row.first)
		row.first = row.last = r->at->ts;
	if (strcmp(r->type->name, "finding") == 0)
		return row.id.n ? chain_append(s, &row) : -EINVAL;
	return row.id.n ? put_lasting(s, r->type->name, &row) : put_passing(s, r->type->name, &row);
}

int store_forget(struct store *s, const struct record_type *type)
{
	sqlite3_stmt *st = NULL;
	if (s->broken || !s->begun || !type->imported)
		return -EIO;
	if (sqlite3_prepare_v2(s->db, "DELETE FROM item WHERE kind = ?1", -1, &st, NULL) != SQLITE_OK)
		return store_failed(s, "taking out what was imported");
	sqlite3_bind_text(st, 1, type->name, -1, SQLITE_STATIC);
	int bad = store_done(s, st, "taking out what was imported");
	sqlite3_finalize(st);
	return bad;
}

int store_commit(struct store *s)
{
	if (s->broken || !s->begun)
		return -EIO;
	int bad = chain_save(s);
	if (!bad)
		bad = store_exec(s, "COMMIT", "writing to disk");
	if (!bad)
		s->begun = false;
	return bad;
}

void store_abort(struct store *s)
{
	if (s->begun)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->begun = false;
}

/* One id is looked up, not looked for: an index serves "id = ?2", but not "?2 IS NULL OR id = ?2". */
#define ASK_OF(from, id, order) \
	"SELECT body FROM " from " WHERE " id " AND (?3 IS NULL OR device = ?3) AND (?4 IS NULL OR rule = " \
	"?4) AND (?5 < 0 OR severity >= ?5) AND (?6 = 0 OR last IS NULL OR last >= ?6) AND (?7 = 0 OR first IS NULL OR " \
	"first <= ?7) ORDER BY " order " LIMIT ?8"

#define ASK(from, order) (q->id ? ASK_OF(from, "id = ?2", order) : ASK_OF(from, "?2 IS NULL", order))

static const char *ask_sql(const struct query *q)
{
	if (!q->kind)
		return ASK("item", "kind, severity DESC, first, id");
	if (strcmp(q->kind, "finding") != 0)
		return ASK("(SELECT * FROM item WHERE kind = ?1)", "severity DESC, first, id");
	return q->history ? ASK("finding_log", "seq") : ASK("finding", "severity DESC, first, id");
}

static void bind_or_null(sqlite3_stmt *st, int at, const char *text)
{
	if (text)
		sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

int store_ask(struct store *s, const struct query *q, bool (*each)(void *ctx, const char *json), void *ctx)
{
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v2(s->db, ask_sql(q), -1, &st, NULL) != SQLITE_OK)
		return store_failed(s, "asking the store");
	if (q->kind && strcmp(q->kind, "finding") != 0)
		bind_or_null(st, 1, q->kind);
	bind_or_null(st, 2, q->id);
	bind_or_null(st, 3, q->device);
	bind_or_null(st, 4, q->rule);
	sqlite3_bind_int(st, 5, q->min_severity);
	sqlite3_bind_int64(st, 6, (int64_t)(q->since > INT64_MAX ? INT64_MAX : q->since));
	sqlite3_bind_int64(st, 7, (int64_t)(q->until > INT64_MAX ? INT64_MAX : q->until));
	sqlite3_bind_int64(st, 8, q->limit && q->limit < INT64_MAX ? (int64_t)q->limit : -1);
	int got = SQLITE_DONE;
	bool more = true;
	while (more && (got = sqlite3_step(st)) == SQLITE_ROW) {
		const char *body = (const char *)sqlite3_column_text(st, 0);
		more = body ? each(ctx, body) : false;
	}
	int bad = more && got != SQLITE_DONE ? store_failed(s, "asking the store") : 0;
	sqlite3_finalize(st);
	return bad;
}
