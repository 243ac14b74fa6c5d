/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store: what was written is found, what was tampered with is found out, no name gets in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>

#include "base/scope.h"
#include "store/store.h"

/* Shapes of their own: the store goes by the names of fields. */
enum { D_ID, D_NAME, D_FIRST, D_LAST, D_CLUES, D_COUNT };
static const struct field device_fields[] = {
	[D_ID] = { "id", F_TEXT, "" }, [D_NAME] = { "name", F_TEXT, "" }, [D_FIRST] = { "first", F_TIME, "" },
	[D_LAST] = { "last", F_TIME, "" }, [D_CLUES] = { "clues", F_RECORDS, "" },
};
static RECORD_TYPE(a_device, "device", "", device_fields);

enum { C_SAID, C_COUNT };
static const struct field clue_fields[] = { [C_SAID] = { "said", F_TEXT, "" }, [C_COUNT] = { "count", F_UINT, "" } };
static RECORD_TYPE(a_clue, "clue", "", clue_fields);

enum { F_ID, F_RULE, F_SEVERITY, F_DEVICE, F_FIRST, F_LAST, F_TITLE };
static const struct field finding_fields[] = {
	[F_ID] = { "id", F_TEXT, "" }, [F_RULE] = { "rule", F_TEXT, "" }, [F_SEVERITY] = { "severity", F_TEXT, "" },
	[F_DEVICE] = { "device", F_RECORD, "" }, [F_FIRST] = { "first", F_TIME, "" }, [F_LAST] = { "last", F_TIME, "" },
	[F_TITLE] = { "title", F_TEXT, "" },
};
static RECORD_TYPE(a_finding, "finding", "", finding_fields);

enum { FL_ID, FL_CLIENT, FL_FIRST, FL_LAST };
static const struct field flow_fields[] = {
	[FL_ID] = { "id", F_UINT, "" }, [FL_CLIENT] = { "client", F_ADDR, "" }, [FL_FIRST] = { "first", F_TIME, "" },
	[FL_LAST] = { "last", F_TIME, "" },
};
static RECORD_TYPE(a_flow, "flow", "", flow_fields);

enum { H_NAME, H_PASSWORD, H_PULSE };
static const struct field hl7_fields[] = {
	[H_NAME] = { "patient_name", F_TEXT, "", .privacy = PATIENT },
	[H_PASSWORD] = { "password", F_TEXT, "", .privacy = SECRET },
	[H_PULSE] = { "pulse", F_UINT, "", .privacy = VITAL },
};
static RECORD_TYPE(an_hl7, "hl7", "", hl7_fields);

#define SECOND 1000000000u

struct stage {
	char dir[64], db[96];
	struct arena arena;
	struct keyring *keys;
	struct record_host host;
	struct store *store;
};

static int set_up(void **state)
{
	struct stage *s = mem_new(sizeof(*s));
	snprintf(s->dir, sizeof(s->dir), "%s/auscult-test-XXXXXX", "/tmp");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->db, sizeof(s->db), "%s/" STORE_FILE, s->dir);
	arena_init(&s->arena, 0);
	s->keys = keyring_new(keyring_test_key);
	s->host = (struct record_host){ .keyring = s->keys, .arena = &s->arena };
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *s = *state;
	static const char *const tails[] = { "", "-wal", "-shm", "-journal", ".v0", ".v1" };
	store_close(s->store);
	for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
		char path[128];
		snprintf(path, sizeof(path), "%s%s", s->db, tails[i]);
		unlink(path);
	}
	rmdir(s->dir);
	arena_done(&s->arena);
	keyring_free(s->keys);
	free(s);
	return 0;
}

static void open_store(struct stage *s, bool readonly)
{
	char err[STORE_ERR] = "";
	if (store_open(s->dir, readonly, &s->store, err) != 0)
		fail_msg("%s", err);
}

static void begin(struct stage *s)
{
	open_store(s, false);
	assert_int_equal(store_begin(s->store, "test.pcap", NULL), 0);
}

static void commit(struct stage *s)
{
	assert_int_equal(store_commit(s->store), 0);
	store_close(s->store);
	s->store = NULL;
}

static void put_finding(struct stage *s, const char *id, const char *severity, const char *title, uint64_t second)
{
	struct record r, *device = arena_new(&s->arena, sizeof(*device));
	record_begin(device, &a_device, NULL, &s->host);
	record_str(device, D_ID, "D-1");
	record_begin(&r, &a_finding, NULL, &s->host);
	record_str(&r, F_ID, id);
	record_str(&r, F_RULE, "net.test");
	record_str(&r, F_SEVERITY, severity);
	record_str(&r, F_TITLE, title);
	record_child(&r, F_DEVICE, device);
	record_time(&r, F_FIRST, second * SECOND);
	record_time(&r, F_LAST, (second + 1) * SECOND);
	assert_int_equal(store_put(s->store, &r), 0);
}

static void put_four(struct stage *s)
{
	begin(s);
	put_finding(s, "F-1", "high", "one", 100);
	put_finding(s, "F-2", "low", "two", 200);
	put_finding(s, "F-3", "critical", "three", 300);
	put_finding(s, "F-4", "info", "four", 400);
	commit(s);
}

struct answers {
	unsigned n;
	struct buf text;
};

static bool keep(void *ctx, const char *json)
{
	struct answers *a = ctx;
	a->n++;
	buf_text(&a->text, json);
	buf_u8(&a->text, '\n');
	return true;
}

static struct answers ask(struct stage *s, struct query q)
{
	struct answers a = { 0 };
	assert_int_equal(store_ask(s->store, &q, keep, &a), 0);
	buf_u8(&a.text, 0);
	return a;
}

static unsigned count(struct stage *s, struct query q)
{
	struct answers a = ask(s, q);
	buf_done(&a.text);
	return a.n;
}

/* What somebody with a database shell could do; triggers off, as such a one would. */
static void tamper(struct stage *s, const char *sql)
{
	sqlite3 *db;
	char *err = NULL;
	assert_int_equal(sqlite3_open(s->db, &db), SQLITE_OK);
	if (sqlite3_exec(db, "DROP TRIGGER IF EXISTS finding_log_update; DROP TRIGGER IF EXISTS finding_log_delete",
			 NULL, NULL, &err) ||
	    sqlite3_exec(db, sql, NULL, NULL, &err))
		fail_msg("%s", err);
	sqlite3_close(db);
}

static struct store_check verify(struct stage *s, const char *expect, int outcome)
{
	struct store_check c;
	open_store(s, true);
	assert_int_equal(store_verify(s->store, expect, &c), outcome);
	store_close(s->store);
	s->store = NULL;
	return c;
}

static void any_tampering_with_the_chain_is_found_and_placed(void **state)
{
	struct stage *s = *state;
	static const struct {
		const char *sql, *says[2];
	} t[] = {
		{ "UPDATE finding_log SET body = replace(body, 'two', 'TWO') WHERE seq = 2", { "row 2 (F-2)", "changed" } },
		{ "UPDATE finding_log SET hash = randomblob(32) WHERE seq = 3", { "row 3 (F-3)", "changed" } },
		{ "UPDATE finding_log SET severity = 0 WHERE seq = 3", { "row 3 (F-3)", "severity" } },
		{ "UPDATE finding_log SET id = 'F-9' WHERE seq = 1", { "row 1 (F-9)", "column id" } },
		{ "UPDATE finding_log SET device = 'D-2' WHERE seq = 1", { "row 1 (F-1)", "column device" } },
		{ "UPDATE finding_log SET first = first + 5000000000 WHERE seq = 1", { "row 1 (F-1)", "column first" } },
		{ "DELETE FROM finding_log WHERE seq = 2", { "row 2 is missing", "F-3" } },
		{ "DELETE FROM finding_log WHERE seq = 1", { "row 1 is missing", "F-2" } },
		{ "DELETE FROM finding_log WHERE seq = 2; UPDATE finding_log SET seq = 2 WHERE seq = 3; "
		  "UPDATE finding_log SET seq = 3 WHERE seq = 4; UPDATE chain SET seq = 3", { "row 2 (F-3)", "does not follow" } },
		{ "UPDATE finding_log SET seq = 9 WHERE seq = 2; UPDATE finding_log SET seq = 2 WHERE seq = 3; "
		  "UPDATE finding_log SET seq = 3 WHERE seq = 9", { "row 2 (F-3)", "does not follow" } },
		{ "UPDATE finding_log SET body = (SELECT body FROM finding_log WHERE seq = 1) WHERE seq = 2",
		  { "row 2", "changed" } },
		{ "DELETE FROM finding_log WHERE seq = 4", { "ends at row 3", "last 1 finding" } },
		{ "DELETE FROM finding_log", { "ends at row 0", "last 4 finding" } },
		{ "DELETE FROM chain", { "noted end", "" } },
		{ "UPDATE chain SET seq = 3, hash = (SELECT hash FROM finding_log WHERE seq = 3)", { "goes on to row 4", "" } },
		{ "UPDATE chain SET hash = zeroblob(32)", { "row, 4, is not the one", "" } },
		{ "UPDATE finding_log SET body = 'no json' WHERE seq = 2", { "row 2 (F-2)", "changed" } },
		{ "UPDATE finding_log SET body = CAST(x'00' AS TEXT) WHERE seq = 2", { "row 2 (F-2)", "changed" } },
	};
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		put_four(s);
		assert_int_equal(verify(s, NULL, 0).checked, 4);
		tamper(s, t[i].sql);
		struct store_check c = verify(s, NULL, 1);
		for (int k = 0; k < 2; k++)
			if (!strstr(c.broken, t[i].says[k]))
				fail_msg("%s: says \"%s\"", t[i].sql, c.broken);
		unlink(s->db);
	}
}

static void a_chain_written_anew_is_found_by_the_noted_head(void **state)
{
	struct stage *s = *state;
	put_four(s);
	struct store_check noted = verify(s, NULL, 0);
	begin(s);
	put_finding(s, "F-5", "low", "five", 500);
	commit(s);
	assert_int_equal(verify(s, noted.head, 0).checked, 5);
	unlink(s->db);
	begin(s);
	put_finding(s, "F-1", "info", "nothing here", 100);
	commit(s);
	assert_int_equal(verify(s, NULL, 0).checked, 1);
	assert_non_null(strstr(verify(s, noted.head, 1).broken, "written anew or cut off"));
}

static void the_log_refuses_changes_in_the_ordinary_way(void **state)
{
	struct stage *s = *state;
	put_four(s);
	sqlite3 *db;
	assert_int_equal(sqlite3_open(s->db, &db), SQLITE_OK);
	assert_int_not_equal(sqlite3_exec(db, "UPDATE finding_log SET body = 'x'", NULL, NULL, NULL), SQLITE_OK);
	assert_int_not_equal(sqlite3_exec(db, "DELETE FROM finding_log", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	verify(s, NULL, 0);
}

static void a_damaged_file_is_no_crash(void **state)
{
	struct stage *s = *state;
	put_four(s);
	AUTO_CLOSE int fd = open(s->db, O_WRONLY | O_CLOEXEC);
	uint8_t junk[4096];
	memset(junk, 0xA5, sizeof(junk));
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 4096), sizeof(junk));
	char err[STORE_ERR] = "";
	struct store_check c;
	int bad = store_open(s->dir, true, &s->store, err);
	if (bad == 0)
		bad = store_verify(s->store, NULL, &c);
	assert_int_not_equal(bad, 0);
}

static void what_is_no_store_is_left_alone(void **state)
{
	struct stage *s = *state;
	char err[STORE_ERR] = "";
	assert_int_equal(store_open(s->dir, true, &s->store, err), -ENOENT);
	assert_non_null(strstr(err, "auscult watch -r FILE"));
	sqlite3 *db;
	assert_int_equal(sqlite3_open(s->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE bookmarks (url TEXT)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_open(s->dir, false, &s->store, err), -EINVAL);
	assert_non_null(strstr(err, "another program"));
	unlink(s->db);
	AUTO_CLOSE int fd = open(s->db, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	for (int i = 0; i < 4096; i++)
		assert_int_equal(write(fd, "garbage!", 8), 8);
	assert_int_equal(store_open(s->dir, false, &s->store, err), -EBADMSG);
	s->store = NULL;
}

static void a_newer_form_is_refused_untouched(void **state)
{
	struct stage *s = *state;
	put_four(s);
	tamper(s, "PRAGMA user_version = 99");
	char err[STORE_ERR] = "";
	assert_int_equal(store_open(s->dir, false, &s->store, err), -EPROTO);
	assert_non_null(strstr(err, "upgrade auscult"));
	assert_int_equal(store_open(s->dir, true, &s->store, err), -EPROTO);
	s->store = NULL;
}

static void version_0_is_brought_up_to_date_or_left_as_it_was(void **state)
{
	struct stage *s = *state;
	char err[STORE_ERR] = "";
	sqlite3 *db;
	assert_int_equal(sqlite3_open(s->db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
		"PRAGMA application_id = 1635087203; CREATE TABLE kept (x); INSERT INTO kept VALUES (7);"
				      "CREATE TABLE item (in_the_way)", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_open(s->dir, true, &s->store, err), -ESTALE);
	assert_int_not_equal(store_open(s->dir, false, &s->store, err), 0);     /* a step fails: all or nothing */
	sqlite3_stmt *st;
	assert_int_equal(
		sqlite3_prepare_v2(db,
				   "SELECT count(*), (SELECT user_version FROM pragma_user_version) FROM sqlite_schema",
				   -1, &st, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), 2);
	assert_int_equal(sqlite3_column_int(st, 1), 0);
	sqlite3_finalize(st);
	assert_int_equal(sqlite3_exec(db, "DROP TABLE item", NULL, NULL, NULL), SQLITE_OK);
	s->store = NULL;
	begin(s);
	put_finding(s, "F-1", "high", "one", 1);
	commit(s);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT x, (SELECT user_version FROM pragma_user_version) FROM kept",
					    -1, &st, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), 7);
	assert_int_equal(sqlite3_column_int(st, 1), STORE_SCHEMA);
	sqlite3_finalize(st);
	sqlite3_close(db);
	verify(s, NULL, 0);
}

static bool file_has(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	static uint8_t all[1 << 20];
	ssize_t n = read(fd, all, sizeof(all));
	return n > 0 && memmem(all, (size_t)n, text, strlen(text));
}

static void no_name_password_or_pulse_gets_in(void **state)
{
	struct stage *s = *state;
	begin(s);
	struct record r;
	struct origin at = { .ts = 5 * SECOND, .packet = 1 };
	record_begin(&r, &an_hl7, &at, &s->host);
	record_str(&r, H_NAME, "Zwetschkenbaum^Xaver");
	record_str(&r, H_PASSWORD, "hunter2hunter2");
	record_uint(&r, H_PULSE, 918273);
	assert_int_equal(store_put(s->store, &r), 0);
	assert_int_equal(store_commit(s->store), 0);
	char wal[128];
	snprintf(wal, sizeof(wal), "%s-wal", s->db);
	assert_true(file_has(wal, "patient_name"));       /* the search does find what is there */
	static const char *const planted[] = { "Zwetschkenbaum", "Xaver", "hunter2", "918273" };
	for (size_t i = 0; i < ARRAY_LEN(planted); i++)
		assert_false(file_has(wal, planted[i]) || file_has(s->db, planted[i]));
	store_close(s->store);
	s->store = NULL;
	assert_true(file_has(s->db, "\"patient_name\":{\"length\":20,"));
	for (size_t i = 0; i < ARRAY_LEN(planted); i++)
		assert_false(file_has(s->db, planted[i]));
}

static void nobody_else_may_read_it(void **state)
{
	struct stage *s = *state;
	char deep[128], db[160];
	struct stat st;
	snprintf(deep, sizeof(deep), "%s/a/b", s->dir);
	snprintf(db, sizeof(db), "%s/" STORE_FILE, deep);
	char err[STORE_ERR];
	mode_t old = umask(0);
	assert_int_equal(store_open(deep, false, &s->store, err), 0);
	umask(old);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(db, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	store_close(s->store);
	s->store = NULL;
	unlink(db);
	rmdir(deep);
	snprintf(deep, sizeof(deep), "%s/a", s->dir);
	rmdir(deep);
}

static void the_same_finding_is_written_once_and_its_latest_word_counts(void **state)
{
	struct stage *s = *state;
	put_four(s);
	put_four(s);
	assert_int_equal(verify(s, NULL, 0).checked, 4);
	begin(s);
	put_finding(s, "F-2", "critical", "worse", 200);
	commit(s);
	assert_int_equal(verify(s, NULL, 0).checked, 5);
	open_store(s, true);
	struct answers a = ask(s, (struct query){ .kind = "finding", .id = "F-2", .min_severity = -1 });
	assert_int_equal(a.n, 1);
	assert_non_null(strstr((const char *)a.text.p, "worse"));
	buf_done(&a.text);
	assert_int_equal(count(s, (struct query){ .kind = "finding", .id = "F-2", .min_severity = -1, .history = true }), 2);
}

static void questions_filter_and_come_in_a_stable_order(void **state)
{
	struct stage *s = *state;
	put_four(s);
	open_store(s, true);
	assert_int_equal(count(s, (struct query){ .kind = "finding", .min_severity = -1 }), 4);
	assert_int_equal(count(s, (struct query){ .kind = "finding", .min_severity = SEV_HIGH }), 2);
	assert_int_equal(count(s, (struct query){ .kind = "finding", .min_severity = -1, .device = "D-1" }), 4);
	assert_int_equal(count(s, (struct query){ .kind = "finding", .min_severity = -1, .device = "D-2" }), 0);
	assert_int_equal(count(s, (struct query){ .kind = "finding", .min_severity = -1, .rule = "net.other" }), 0);
	assert_int_equal(count(s, (struct query){ .kind = "finding", .min_severity = -1, .since = 250ull * SECOND }), 2);
	assert_int_equal(count(s, (struct query){ .kind = "finding", .min_severity = -1, .until = 250ull * SECOND }), 2);
	assert_int_equal(count(s, (struct query){ .kind = "finding", .min_severity = -1, .limit = 3 }), 3);
	assert_int_equal(count(s, (struct query){ .kind = "finding'; DROP TABLE run; --", .min_severity = -1 }), 0);
	struct answers a = ask(s, (struct query){ .kind = "finding", .min_severity = -1, .limit = 1 });
	assert_non_null(strstr((const char *)a.text.p, "critical"));
	buf_done(&a.text);
}

static void put_device(struct stage *s, const char *name, uint64_t first, uint64_t last, const char *clue,
		       uint64_t seen)
{
	struct record r, *c = arena_new(&s->arena, sizeof(*c));
	record_begin(c, &a_clue, NULL, &s->host);
	record_str(c, C_SAID, clue);
	record_uint(c, C_COUNT, seen);
	record_begin(&r, &a_device, NULL, &s->host);
	record_str(&r, D_ID, "D-7");
	record_str(&r, D_NAME, name);
	record_time(&r, D_FIRST, first * SECOND);
	record_time(&r, D_LAST, last * SECOND);
	record_add(&r, D_CLUES, c);
	assert_int_equal(store_put(s->store, &r), 0);
}

static void a_device_is_one_row_with_all_that_was_said_of_it(void **state)
{
	struct stage *s = *state;
	begin(s);
	put_device(s, "bed 4", 100, 200, "says monitor", 3);
	commit(s);
	begin(s);
	put_device(s, NULL, 50, 150, "says Contec", 1);
	put_device(s, NULL, 60, 300, "says monitor", 9);
	commit(s);
	open_store(s, true);
	struct answers a = ask(s, (struct query){ .kind = "device", .min_severity = -1 });
	assert_int_equal(a.n, 1);
	assert_string_equal((const char *)a.text.p,
		"{\"kind\":\"device\",\"id\":\"D-7\",\"first\":\"1970-01-01T00:00:50.000000000Z\","
		"\"last\":\"1970-01-01T00:05:00.000000000Z\",\"clues\":[{\"said\":\"says monitor\",\"count\":9},"
		"{\"said\":\"says Contec\",\"count\":1}],\"name\":\"bed 4\"}\n");
	buf_done(&a.text);
	assert_int_equal(count(s, (struct query){ .kind = "device", .min_severity = -1, .since = 250ull * SECOND }), 1);
	assert_int_equal(count(s, (struct query){ .kind = "device", .min_severity = -1, .until = 70ull * SECOND }), 1);
}

static void put_flows(struct stage *s, unsigned n)
{
	begin(s);
	for (unsigned i = 0; i < n; i++) {
		struct record r;
		record_begin(&r, &a_flow, NULL, &s->host);
		record_uint(&r, FL_ID, i + 1);
		record_addr(&r, FL_CLIENT, addr_v4(0x0A000000 + i));
		record_time(&r, FL_FIRST, i * 1000u + 1);
		record_time(&r, FL_LAST, i * 1000u + 2);
		assert_int_equal(store_put(s->store, &r), 0);
	}
	commit(s);
}

static void the_same_capture_again_adds_no_flows(void **state)
{
	struct stage *s = *state;
	put_flows(s, 50);
	put_flows(s, 50);
	open_store(s, true);
	struct answers a = ask(s, (struct query){ .kind = "flow", .min_severity = -1 });
	assert_int_equal(a.n, 50);
	const char *key = strstr((const char *)a.text.p, "{\"kind\":\"flow\",\"key\":\"");
	assert_non_null(key);
	char id[32];
	snprintf(id, sizeof(id), "%.16s", key + strlen("{\"kind\":\"flow\",\"key\":\""));
	assert_int_equal(count(s, (struct query){ .id = id, .min_severity = -1 }), 1);
	buf_done(&a.text);
}

static void a_hundred_thousand_flows_are_kept_quickly(void **state)
{
	struct stage *s = *state;
	struct timespec a, b;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	put_flows(s, 100000);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	double seconds = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	print_message("# 100000 flows in %.2f s of processor time\n", seconds);
	assert_true(seconds < 30);               /* a sanitizer build on a busy machine passes, a square loop does not */
}

static void what_is_not_committed_is_gone_and_nothing_goes_in_outside(void **state)
{
	struct stage *s = *state;
	struct record r;
	record_begin(&r, &a_flow, NULL, &s->host);
	open_store(s, false);
	assert_int_equal(store_put(s->store, &r), -EIO);
	assert_int_equal(store_commit(s->store), -EIO);
	store_close(s->store);
	begin(s);
	put_finding(s, "F-1", "high", "one", 1);
	store_abort(s->store);
	store_close(s->store);
	begin(s);
	put_finding(s, "F-2", "high", "two", 1);
	store_close(s->store);
	open_store(s, true);
	assert_int_equal(count(s, (struct query){ .kind = "finding", .min_severity = -1 }), 0);
	store_close(s->store);
	s->store = NULL;
	verify(s, NULL, 0);
}

/* A full disk, as SQLite sees one. */
static void a_failed_write_ends_the_store_for_good(void **state)
{
	struct stage *s = *state;
	put_four(s);
	tamper(s, "CREATE TRIGGER full BEFORE INSERT ON item BEGIN SELECT raise(ABORT, 'no space'); END");
	begin(s);
	put_finding(s, "F-5", "high", "five", 1);
	struct record r;
	record_begin(&r, &a_flow, NULL, &s->host);
	record_uint(&r, FL_ID, 1);
	assert_int_not_equal(store_put(s->store, &r), 0);
	assert_non_null(strstr(store_error(s->store), "no space"));
	assert_int_equal(store_put(s->store, &r), -EIO);
	assert_int_equal(store_commit(s->store), -EIO);
	store_close(s->store);
	s->store = NULL;
	assert_int_equal(verify(s, NULL, 0).checked, 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_tampering_with_the_chain_is_found_and_placed),
		TEST(a_chain_written_anew_is_found_by_the_noted_head),
		TEST(the_log_refuses_changes_in_the_ordinary_way),
		TEST(a_damaged_file_is_no_crash),
		TEST(what_is_no_store_is_left_alone),
		TEST(a_newer_form_is_refused_untouched),
		TEST(version_0_is_brought_up_to_date_or_left_as_it_was),
		TEST(no_name_password_or_pulse_gets_in),
		TEST(nobody_else_may_read_it),
		TEST(what_is_not_committed_is_gone_and_nothing_goes_in_outside),
		TEST(a_failed_write_ends_the_store_for_good),
		TEST(the_same_finding_is_written_once_and_its_latest_word_counts),
		TEST(questions_filter_and_come_in_a_stable_order),
		TEST(a_device_is_one_row_with_all_that_was_said_of_it),
		TEST(the_same_capture_again_adds_no_flows),
		TEST(a_hundred_thousand_flows_are_kept_quickly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
