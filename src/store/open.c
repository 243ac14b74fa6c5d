/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens the SQLite store: makes it, or brings an older one up to date. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/scope.h"
#include "schema.h"                              /* made from schema/N.sql by the build */

/* Step i brings a file from version i to i + 1. */
static const char *const steps[STORE_SCHEMA] = { SCHEMA_1 };

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
		bad = store_exec(s, "BEGIN EXCLUSIVE", "locking the database");
	if (!bad)
		bad = pragma_number(s, "PRAGMA user_version", &version);    /* another writer may have been first */
	for (; !bad && version < STORE_SCHEMA; version++) {
		bad = store_exec(s, steps[version], "bringing the database to this version");
		char mark[64];
		snprintf(mark, sizeof(mark), "PRAGMA user_version = %lld", (long long)version + 1);
		if (!bad)
			bad = store_exec(s, mark, "marking the database");
	}
	if (!bad)
		bad = store_exec(s, "PRAGMA application_id = 1635087203; COMMIT", "bringing the database to this version");
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
	int bad = store_exec(s, "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON", "setting up the database");
	if (bad || s->readonly)
		return bad ? bad : store_exec(s, "PRAGMA query_only = ON", "setting up the database");
	return store_exec(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000",
		    "setting up the database");
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
		bad = store_prepare(s);
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
