/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file format of SQLite 3 (sqlite.org/fileformat2.html), by the library itself: the bytes are its database in
 * memory, read-only. Its machine may take so many steps for each byte: what is made to go in circles ends. */
#include "fw/model/database.h"

#include <sqlite3.h>

#include "base/scope.h"

enum {
	HEADER = 100, AT_PAGE = 16, AT_WRITE = 18, AT_READ = 19, AT_PAGES = 28, JOURNAL_LEGACY = 1, JOURNAL_WAL = 2,
	STEP = 1000, STEPS = 200, STEPS_BYTE = 16, HEAP = 256 << 20, TEXT_LENGTH = 1 << 20, SQL_LENGTH = 100000
};

struct opened {
	sqlite3 *db;
	uint8_t *copy;
	long steps;                              /* left, in units of STEP */
	struct arena *arena;
};

bool database_is(struct span content)
{
	return content.n >= HEADER && span_starts(content, span_of("SQLite format 3", 16));
}

void database_warm_up(void)
{
	sqlite3 *db = NULL;
	uint8_t seed;
	sqlite3_hard_heap_limit64(HEAP);
	if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, NULL) == SQLITE_OK)
		sqlite3_exec(db, "SELECT 1", NULL, NULL, NULL);
	sqlite3_randomness(1, &seed);            /* opens /dev/urandom once */
	sqlite3_close(db);
}

/* ---- opening ---- */

static int out_of_steps(void *ctx)
{
	struct opened *o = ctx;
	return --o->steps < 0;
}

/* Whatever the file's own text may be: it may be read, and nothing else. */
static int permit(void *ctx, int what, const char *a, const char *b, const char *c, const char *d)
{
	(void)ctx, (void)a, (void)b, (void)c, (void)d;
	return what == SQLITE_SELECT || what == SQLITE_READ ? SQLITE_OK : SQLITE_DENY;
}

static void close_all(struct opened *o)
{
	sqlite3_close(o->db);
	free(o->copy);
	*o = (struct opened){ 0 };
}

static void confine(struct opened *o)
{
	static const int off[] = { SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW,
				   SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL };
	static const struct {
		int what, most;
	} limits[] = { { SQLITE_LIMIT_LENGTH, TEXT_LENGTH }, { SQLITE_LIMIT_SQL_LENGTH, SQL_LENGTH },
		       { SQLITE_LIMIT_COLUMN, 500 },	     { SQLITE_LIMIT_EXPR_DEPTH, 50 },
		       { SQLITE_LIMIT_VDBE_OP, 25000 },	     { SQLITE_LIMIT_FUNCTION_ARG, 8 },
		       { SQLITE_LIMIT_ATTACHED, 0 },	     { SQLITE_LIMIT_WORKER_THREADS, 0 },
		       { SQLITE_LIMIT_TRIGGER_DEPTH, 0 } };
	for (size_t i = 0; i < ARRAY_LEN(off); i++)
		sqlite3_db_config(o->db, off[i], 0, (int *)NULL);
	sqlite3_db_config(o->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		sqlite3_limit(o->db, limits[i].what, limits[i].most);
	sqlite3_exec(o->db, "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0", NULL, NULL, NULL);
	sqlite3_progress_handler(o->db, STEP, out_of_steps, o);
}

/* The library writes into what it reads, and wants no write-ahead log that is not there. */
static uint8_t *copy_of(struct span content)
{
	uint8_t *copy = mem_new(content.n);
	memcpy(copy, content.p, content.n);
	if (copy[AT_WRITE] == JOURNAL_WAL && copy[AT_READ] == JOURNAL_WAL)
		copy[AT_WRITE] = copy[AT_READ] = JOURNAL_LEGACY;
	return copy;
}

static bool open_copy(struct opened *o, struct span content)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(":memory:", &o->db, flags, NULL) != SQLITE_OK)
		return false;
	confine(o);
	o->copy = copy_of(content);
	if (sqlite3_deserialize(o->db, "main", o->copy, (sqlite3_int64)content.n, (sqlite3_int64)content.n,
				SQLITE_DESERIALIZE_READONLY) != SQLITE_OK)
		return false;
	sqlite3_set_authorizer(o->db, permit, NULL);
	return true;
}

/* ---- reading ---- */

static const char *word_for(const struct opened *o, int rc)
{
	if (o->steps < 0)
		return "the budget for one database was reached";
	switch (rc & 0xff) {
	case SQLITE_CORRUPT: return "damaged: its pages contradict one another";
	case SQLITE_NOTADB: return "its header is damaged, or it is encrypted";
	case SQLITE_TOOBIG: case SQLITE_NOMEM: return "a value or a definition in it is too large";
	case SQLITE_AUTH: return "its definition asks for more than reading";
	default: return "could not be read";
	}
}

static struct span text_in(sqlite3_stmt *s, int column)
{
	int type = sqlite3_column_type(s, column);
	if (type == SQLITE_BLOB || type == SQLITE_NULL)
		return (struct span){ 0 };
	const uint8_t *p = sqlite3_column_text(s, column);
	int n = sqlite3_column_bytes(s, column);
	return p && n > 0 ? span_cut(span_of(p, (size_t)n), DATABASE_VALUE) : (struct span){ 0 };
}

static void name_columns(struct opened *o, sqlite3_stmt *s, struct database_table *t)
{
	int n = sqlite3_column_count(s);
	for (int i = 0; i < n; i++) {
		if (t->ncolumns == DATABASE_COLUMNS) {
			t->columns_dropped = (unsigned)(n - i);
			return;
		}
		t->columns[t->ncolumns++] = arena_copy(o->arena, span_cut(span_str(sqlite3_column_name(s, i)), DATABASE_VALUE));
	}
}

static void show_row(sqlite3_stmt *s, const struct database_table *t, const struct database_reader *to)
{
	struct span values[DATABASE_COLUMNS] = { { 0 } };
	for (unsigned i = 0; i < t->ncolumns; i++)
		values[i] = text_in(s, (int)i);
	to->row(to->ctx, t, values, t->rows);
}

static void read_table(struct opened *o, struct database_table *t, const struct database_reader *to)
{
	sqlite3_stmt *s = NULL;
	char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", (const char *)t->name.p);
	int rc = sql ? sqlite3_prepare_v2(o->db, sql, -1, &s, NULL) : SQLITE_NOMEM;
	sqlite3_free(sql);
	if (rc == SQLITE_OK) {
		name_columns(o, s, t);
		while ((rc = sqlite3_step(s)) == SQLITE_ROW && t->rows < DATABASE_ROWS) {
			t->rows++;
			if (to && t->rows <= DATABASE_ROWS_SHOWN)
				show_row(s, t, to);
		}
	}
	if (rc == SQLITE_ROW)
		t->damage = "it has more rows than are counted";
	else if (rc != SQLITE_DONE)
		t->damage = word_for(o, rc);
	sqlite3_finalize(s);
}

/* Those that SQL defines and rows fill: no views, no virtual tables, none of the library's own. */
static bool is_plain(struct span name, struct span sql)
{
	return name.n && !memchr(name.p, 0, name.n) && !span_starts(name, SPAN_LIT("sqlite_")) &&
	       sql.n > 12 && strncasecmp((const char *)sql.p, "CREATE TABLE", 12) == 0;
}

static int name_tables(struct opened *o, struct database *out)
{
	static const char sql[] = "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name";
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(o->db, sql, -1, &s, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(s);
		struct span name = rc == SQLITE_ROW ? text_in(s, 0) : (struct span){ 0 };
		if (rc != SQLITE_ROW || !is_plain(name, text_in(s, 1)))
			continue;
		if (out->ntables == DATABASE_TABLES)
			out->tables_dropped++;
		else
			out->tables[out->ntables++].name = arena_copy(o->arena, name);
	}
	sqlite3_finalize(s);
	return rc;
}

static const char *is_short(struct span content)
{
	struct rd r = rd_at(content, true, AT_PAGE, 2), p = rd_at(content, true, AT_PAGES, 4);
	uint64_t page = rd_be16(&r), pages = rd_be32(&p);
	page = page == 1 ? 65536 : page;
	return pages * page > content.n ? "cut short: its header speaks of more pages" : NULL;
}

bool database_read(struct span content, struct arena *a, const struct database_reader *to, struct database *out)
{
	struct opened o = { .steps = STEPS + (long)(span_cut(content, DATABASE_BYTES).n * STEPS_BYTE / STEP), .arena = a };
	*out = (struct database){ 0 };
	if (!database_is(content) || content.n > DATABASE_BYTES) {
		out->damage = content.n > DATABASE_BYTES ? "larger than what is opened" : "no database";
		return false;
	}
	out->tables = arena_new(a, DATABASE_TABLES * sizeof(*out->tables));
	int rc = out->tables && open_copy(&o, content) ? name_tables(&o, out) : SQLITE_NOMEM;
	if (rc != SQLITE_DONE)
		out->damage = word_for(&o, rc);
	for (unsigned i = 0; i < out->ntables; i++) {
		read_table(&o, &out->tables[i], to);
		if (!out->damage)
			out->damage = out->tables[i].damage;
	}
	const char *cut = is_short(content);
	out->damage = cut ? cut : out->damage;
	close_all(&o);
	return rc == SQLITE_DONE || out->ntables;
}

/* ---- as records ---- */

static const struct field table_fields[] = {
	[TBL_WHERE] = { "where", F_TEXT, "the database, through all containers" },
	[TBL_NAME] = { "name", F_TEXT, "of the table; none: of the database as a whole" },
	[TBL_COLUMNS] = { "columns", F_TEXTS, "their names" },
	[TBL_COLUMNS_DROPPED] = { "columns_dropped", F_UINT, "columns past the cap" },
	[TBL_ROWS] = { "rows", F_UINT, "how many; what stands in them is not told" },
	[TBL_DAMAGE] = { "damage", F_TEXT, "why not all of it could be read" },
};
RECORD_TYPE(table_type, "table", "A table of a SQLite database in an image", table_fields);

void table_record(const struct database_table *t, struct span where, struct record *r, const struct record_host *h)
{
	record_begin(r, &table_type, NULL, h);
	record_text(r, TBL_WHERE, where);
	record_text(r, TBL_NAME, t->name);
	for (unsigned i = 0; i < t->ncolumns; i++)
		record_add_text(r, TBL_COLUMNS, t->columns[i]);
	if (t->columns_dropped)
		record_uint(r, TBL_COLUMNS_DROPPED, t->columns_dropped);
	if (t->name.n)
		record_uint(r, TBL_ROWS, t->rows);
	record_str(r, TBL_DAMAGE, t->damage);
}
