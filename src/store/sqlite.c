/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store in SQLite: opening, migration, writing, asking. Prepared statements only. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/scope.h"
#include "schema.h"                              /* made from schema/N.sql by the build */

/* Step i brings a file from version i to i + 1. */
static const char *const steps[STORE_SCHEMA] = { SCHEMA_1 };

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

/* DIR and its parents, 0700. */
static int folder_make(const char *dir)
{
	char path[STORE_PATH];
	size_t n = strlen(dir);
	if (n == 0 || n >= sizeof(path))
		return -ENAMETOOLONG;
	memcpy(path, dir, n + 1);
	for (char *at = path + 1;; at++) {
		if (*at && *at != '/')
			continue;
		char was = *at;
		*at = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -errno;
		*at = was;
		if (!was)
			return 0;
	}
}

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

const char *store_error(const struct store *s)
{
	return s->err;
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

static int exec(struct store *s, const char *sql, const char *doing)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : store_failed(s, doing);
}

/* One number that a PRAGMA answers. */
static int pragma_number(struct store *s, const char *sql, int64_t *out)
{
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return store_failed(s, "reading the head of the database");
	int got = sqlite3_step(st);
	*out = got == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	int bad = got == SQLITE_ROW ? 0 : store_failed(s, "reading the head of the database");
	sqlite3_finalize(st);
	return bad;
}

/* The copy that a migration leaves behind, should it turn out that somebody needs the old form. */
static int backup(struct store *s, const char *path, int64_t version)
{
	char copy[STORE_PATH + 32];
	snprintf(copy, sizeof(copy), "%s.v%lld", path, (long long)version);
	sqlite3_stmt *st = NULL;
	if (access(copy, F_OK) == 0)
		return 0;
	if (sqlite3_prepare_v2(s->db, "VACUUM INTO ?1", -1, &st, NULL) != SQLITE_OK)
		return store_failed(s, "copying the old database");
	bind_text(st, 1, span_str(copy));
	int bad = store_done(s, st, "copying the old database");
	sqlite3_finalize(st);
	if (!bad && chmod(copy, 0600) < 0)
		bad = -errno;
	return bad;
}

/* All steps in one transaction: either the file is of this version afterwards, or as it was. */
static int migrate(struct store *s, const char *path, int64_t version)
{
	int bad = version > 0 ? backup(s, path, version) : 0;
	if (!bad)
		bad = exec(s, "BEGIN EXCLUSIVE", "locking the database");
	if (!bad)
		bad = pragma_number(s, "PRAGMA user_version", &version);    /* another writer may have been first */
	for (; !bad && version < STORE_SCHEMA; version++) {
		bad = exec(s, steps[version], "bringing the database to this version");
		char mark[64];
		snprintf(mark, sizeof(mark), "PRAGMA user_version = %lld", (long long)version + 1);
		if (!bad)
			bad = exec(s, mark, "marking the database");
	}
	if (!bad)
		bad = exec(s, "PRAGMA application_id = 1635087203; COMMIT", "bringing the database to this version");
	_Static_assert(STORE_APPLICATION == 1635087203, "the statement above says so");
	if (bad)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return bad;
}

/* Is it ours, and of a version that this program knows? */
static int check_version(struct store *s, const char *path)
{
	int64_t application = 0, version = 0, tables = 0;
	int bad = pragma_number(s, "PRAGMA application_id", &application);
	if (!bad)
		bad = pragma_number(s, "PRAGMA user_version", &version);
	if (!bad)
		bad = pragma_number(s, "SELECT count(*) FROM sqlite_schema", &tables);
	if (bad)
		return bad;
	if (application != STORE_APPLICATION && (application != 0 || version != 0 || tables != 0)) {
		snprintf(s->err, sizeof(s->err), "%.300s is a database of another program; name another folder with --store", path);
		return -EINVAL;
	}
	if (version > STORE_SCHEMA) {
		snprintf(s->err, sizeof(s->err),
			 "%.300s was written by a newer auscult (form %lld, this one knows %d); upgrade auscult", path,
			 (long long)version, STORE_SCHEMA);
		return -EPROTO;
	}
	if (version == STORE_SCHEMA)
		return 0;
	if (s->readonly) {
		snprintf(s->err, sizeof(s->err), "%.300s has an older form; the next `auscult watch` brings it up to date", path);
		return -ESTALE;
	}
	return migrate(s, path, version);
}

static int settings(struct store *s)
{
	sqlite3_busy_timeout(s->db, 5000);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	int bad = exec(s, "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON", "setting up the database");
	if (bad || s->readonly)
		return bad ? bad : exec(s, "PRAGMA query_only = ON", "setting up the database");
	return exec(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000",
		    "setting up the database");
}

static int prepare(struct store *s)
{
	for (int i = 0; i < ST_COUNT_; i++)
		if (sqlite3_prepare_v3(s->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &s->st[i], NULL) != SQLITE_OK)
			return store_failed(s, "the database lacks what it should have; preparing a statement");
	return 0;
}

/* The file is made by hand so that nobody else can read it, not even for a moment. */
static int create_file(const char *dir, const char *path)
{
	int bad = folder_make(dir);
	if (bad)
		return bad;
	AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : 0;
}

/* A finished store in a folder that may not be written has no WAL files and cannot make them: then
 * nobody can be writing either, and SQLite may take the file as it is. */
static int open_immutable(struct store *s, const char *path)
{
	char wal[STORE_PATH + 8], uri[3 * STORE_PATH + 32];
	snprintf(wal, sizeof(wal), "%s-wal", path);
	if (access(wal, F_OK) == 0)
		return -EACCES;
	size_t n = (size_t)snprintf(uri, sizeof(uri), "file:");
	for (const char *at = path; *at && n + 20 < sizeof(uri); at++)
		n += (size_t)snprintf(uri + n, sizeof(uri) - n, strchr("?#%", *at) ? "%%%02x" : "%c", *at);
	snprintf(uri + n, sizeof(uri) - n, "?immutable=1");
	sqlite3_close(s->db);
	s->db = NULL;
	return sqlite3_open_v2(uri, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) == SQLITE_OK ? 0 : -EACCES;
}

static int open_file(struct store *s, const char *path)
{
	int flags = s->readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	int64_t ignored;
	if (sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return store_failed(s, "opening the database");
	int bad = pragma_number(s, "PRAGMA schema_version", &ignored);
	if (bad == -EACCES && s->readonly)
		bad = open_immutable(s, path);
	return bad;
}

int store_open(const char *dir, bool readonly, struct store **out, char err[STORE_ERR])
{
	char path[STORE_PATH];
	int n = snprintf(path, sizeof(path), "%s/" STORE_FILE, dir);
	int bad = n < 0 || n >= STORE_PATH ? -ENAMETOOLONG : 0;
	if (!bad && readonly && access(path, F_OK) < 0) {
		bad = -errno;
		snprintf(err, STORE_ERR, bad == -ENOENT ?
			 "there is no store in %s yet; fill it with: auscult watch -r FILE, or name another with --store DIR" :
			 "cannot reach the store in %s: it belongs to another user, or the folder is closed", dir);
		return bad;
	}
	if (!bad && !readonly)
		bad = create_file(dir, path);
	if (bad) {
		snprintf(err, STORE_ERR, "cannot make the store in %s: %s; name another folder with --store DIR, or use --no-store",
			 dir, strerror(-bad));
		return bad;
	}
	struct store *s = mem_new(sizeof(*s));
	s->readonly = readonly;
	bad = open_file(s, path);
	if (!bad)
		bad = settings(s);
	if (!bad)
		bad = check_version(s, path);
	if (!bad)
		bad = prepare(s);
	if (bad) {
		snprintf(err, STORE_ERR, "%s", s->err[0] ? s->err : strerror(-bad));
		store_close(s);
		return bad;
	}
	*out = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (int i = 0; i < ST_COUNT_; i++)
		sqlite3_finalize(s->st[i]);
	sqlite3_close(s->db);
	buf_done(&s->body);
	buf_done(&s->merged);
	free(s);
}

int store_begin(struct store *s, const char *input, const struct json_opts *opts)
{
	if (s->broken || s->begun)
		return -EIO;
	int bad = exec(s, "BEGIN IMMEDIATE", "starting to write");
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
		bad = exec(s, "COMMIT", "writing to disk");
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
