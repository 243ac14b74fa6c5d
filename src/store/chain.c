/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The chain of findings: hash = SHA-256(prev || body). Whoever changes, drops or moves a row breaks it
 * there; whoever cuts its end off contradicts the noted head. Someone who may write the file can forge
 * the whole of it: the head that `auscult verify` prints, noted elsewhere, is what stands against that. */
#include <errno.h>
#include <openssl/evp.h>

#include "base/scope.h"
#include "store/sqlite.h"

static bool link_hash(const uint8_t prev[32], struct span body, uint8_t out[32])
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	unsigned n = 0;
	bool ok = c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) && EVP_DigestUpdate(c, prev, 32) &&
		  EVP_DigestUpdate(c, body.p, body.n) && EVP_DigestFinal_ex(c, out, &n);
	EVP_MD_CTX_free(c);
	return ok;
}

int chain_load(struct store *s)
{
	sqlite3_stmt *st = store_ready(s, ST_HEAD);
	int got = sqlite3_step(st);
	if (got != SQLITE_ROW && got != SQLITE_DONE)
		return store_failed(s, "reading the end of the chain");
	struct span head = got == SQLITE_ROW ? column_span(st, 1) : (struct span){ 0 };
	if (head.n != sizeof(s->head)) {
		sqlite3_reset(st);
		snprintf(s->err, sizeof(s->err), "the chain of findings is damaged; see: auscult verify");
		return -EBADMSG;
	}
	s->seq = sqlite3_column_int64(st, 0);
	memcpy(s->head, head.p, sizeof(s->head));
	sqlite3_reset(st);
	return 0;
}

/* 1 when the latest row of this finding has that very body, 0 when not. */
static int is_known(struct store *s, const struct row *row)
{
	sqlite3_stmt *st = store_ready(s, ST_LATEST);
	bind_text(st, 1, row->id);
	int got = sqlite3_step(st);
	if (got != SQLITE_ROW && got != SQLITE_DONE)
		return store_failed(s, "looking for a finding");
	int known = got == SQLITE_ROW && span_eq(column_span(st, 0), row->body);
	sqlite3_reset(st);
	return known;
}

int chain_append(struct store *s, const struct row *row)
{
	int known = is_known(s, row);
	if (known)
		return known < 0 ? known : 0;
	uint8_t hash[32];
	if (!link_hash(s->head, row->body, hash))
		return -ENOMEM;
	sqlite3_stmt *st = store_ready(s, ST_APPEND);
	sqlite3_bind_int64(st, 1, s->seq + 1);
	sqlite3_bind_int64(st, 2, s->run);
	bind_text(st, 3, row->id);
	bind_row(st, row);
	sqlite3_bind_blob(st, 10, s->head, 32, SQLITE_TRANSIENT);
	sqlite3_bind_blob(st, 11, hash, 32, SQLITE_TRANSIENT);
	int bad = store_done(s, st, "adding a finding");
	if (bad)
		return bad;
	s->seq++;
	memcpy(s->head, hash, sizeof(hash));
	return 0;
}

int chain_save(struct store *s)
{
	sqlite3_stmt *st = store_ready(s, ST_MOVE_HEAD);
	sqlite3_bind_int64(st, 1, s->seq);
	sqlite3_bind_blob(st, 2, s->head, 32, SQLITE_STATIC);
	return store_done(s, st, "noting the end of the chain");
}

/* ---- verification ---- */

struct walk {
	uint8_t prev[32];
	int64_t seq;
	bool found;                              /* the expected head came by */
	const char *expect;
	struct store_check *c;
};

static void hex(const uint8_t hash[32], char out[65])
{
	for (unsigned i = 0; i < 32; i++)
		snprintf(out + 2 * (size_t)i, 3, "%02x", hash[i]);
}

#define BROKEN(w, ...) (snprintf((w)->c->broken, sizeof((w)->c->broken), __VA_ARGS__), false)

/* Columns repeat what the body says; the body is what the hash covers. */
static const char *const repeated[] = { "id", "rule", "device", "severity", "first", "last" };

/* One row: false with the place and what differs in c->broken. */
static bool check_row(struct walk *w, sqlite3_stmt *st)
{
	int64_t seq = sqlite3_column_int64(st, 0);
	struct span id = span_cut(column_span(st, 1), 64), body = column_span(st, 2), prev = column_span(st, 3),
		    hash = column_span(st, 4);
	const char *name = id.n ? (const char *)id.p : "?";
	uint8_t made[32];
	if (seq != w->seq + 1)
		return BROKEN(w, "row %lld is missing: %lld finding(s) before row %lld (%s) were taken out", (long long)w->seq + 1,
			      (long long)(seq - w->seq - 1), (long long)seq, name);
	if (prev.n != 32 || hash.n != 32 || memcmp(prev.p, w->prev, 32) != 0)
		return BROKEN(w, "row %lld (%s) does not follow the row before it: a row was put in, taken out, moved or changed",
			      (long long)seq, name);
	if (!link_hash(w->prev, body, made) || memcmp(made, hash.p, 32) != 0)
		return BROKEN(w, "row %lld (%s): its body or its hash was changed after it was written", (long long)seq, name);
	for (int i = 0; i < (int)ARRAY_LEN(repeated); i++)
		if (!sqlite3_column_int(st, 5 + i))
			return BROKEN(w, "row %lld (%s): the column %s does not say what the body says", (long long)seq, name,
				      repeated[i]);
	w->seq = seq;
	memcpy(w->prev, hash.p, 32);
	return true;
}

static bool at_end(struct walk *w, struct store *s)
{
	if (w->seq < s->seq)
		return BROKEN(w, "the log ends at row %lld but row %lld was written: the last %lld finding(s) were taken away",
			      (long long)w->seq, (long long)s->seq, (long long)(s->seq - w->seq));
	if (w->seq > s->seq)
		return BROKEN(w,
			      "the log goes on to row %lld but its noted end is row %lld: rows were put in, or the end "
			      "was set back",
			      (long long)w->seq, (long long)s->seq);
	if (memcmp(w->prev, s->head, 32) != 0)
		return BROKEN(w, "the last row, %lld, is not the one that was noted as the end", (long long)w->seq);
	if (w->expect && !w->found)
		return BROKEN(w, "the head %.64s is in no row: the chain was written anew or cut off since it was noted", w->expect);
	return true;
}

static void walk_note(struct walk *w)
{
	w->c->checked = (uint64_t)w->seq;
	hex(w->prev, w->c->head);
	if (w->expect && strcasecmp(w->expect, w->c->head) == 0)
		w->found = true;
}

static int walk_chain(struct store *s, const char *expect, struct store_check *c)
{
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v2(s->db,
		"SELECT seq, id, body, prev, hash, json_extract(j, '$.id') IS id, json_extract(j, '$.rule') IS rule, "
		"  ifnull(json_extract(j, '$.device.id'), iif(json_type(j, '$.device') = 'text', json_extract(j, '$.device'), NULL)) "
		"  IS device,   CASE json_extract(j, '$.severity') WHEN 'info' THEN 0 WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN "
		"'high' THEN 3   WHEN 'critical' THEN 4 END IS severity,   CAST(strftime('%s', substr(json_extract(j, '$.first'), "
		"1, 19)) AS INTEGER) IS first / 1000000000,   CAST(strftime('%s', substr(json_extract(j, '$.last'), 1, 19)) AS "
		"INTEGER) IS last / 1000000000 FROM (SELECT *, iif(json_valid(body), body, 'null') j FROM finding_log) ORDER BY "
		"seq", -1, &st, NULL) != SQLITE_OK)
		return store_failed(s, "reading the findings");
	struct walk w = { .expect = expect, .c = c };
	bool whole = true;
	int got = SQLITE_ROW;
	walk_note(&w);
	while (whole && (got = sqlite3_step(st)) == SQLITE_ROW) {
		whole = check_row(&w, st);
		walk_note(&w);
	}
	sqlite3_finalize(st);
	if (whole && got != SQLITE_DONE)
		return store_failed(s, "reading the findings");
	return whole && at_end(&w, s) ? 0 : 1;
}

/* The first row of a check's answer that is not "ok" goes to c->broken. */
static int file_check(struct store *s, const char *sql, const char *what, struct store_check *c)
{
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return store_failed(s, "checking the file");
	int got = sqlite3_step(st), broken = 0;
	struct span said = got == SQLITE_ROW ? column_span(st, 0) : (struct span){ 0 };
	if (got == SQLITE_ROW && !span_is(said, "ok")) {
		snprintf(c->broken, sizeof(c->broken), "%s: %.*s", what, (int)said.n, (const char *)said.p);
		broken = 1;
	}
	if (got != SQLITE_ROW && got != SQLITE_DONE) {
		snprintf(c->broken, sizeof(c->broken), "%s: %s", what, sqlite3_errmsg(s->db));
		broken = 1;
	}
	sqlite3_finalize(st);
	return broken;
}

int store_verify(struct store *s, const char *expect, struct store_check *c)
{
	*c = (struct store_check){ 0 };
	int bad = file_check(s, "PRAGMA quick_check(1)", "the database file is damaged", c);
	if (!bad)
		bad = file_check(s, "PRAGMA foreign_key_check", "rows of a run that is not there, in table", c);
	if (!bad)
		bad = chain_load(s);
	if (bad == -EBADMSG) {
		snprintf(c->broken, sizeof(c->broken), "the noted end of the chain is gone or damaged");
		return 1;
	}
	return bad ? bad : walk_chain(s, expect, c);
}
