/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gathers two images and prints what their comparison says. */
#include "cmd/against.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/gather.h"
#include "record/json.h"
#include "report/comparison.h"

enum { KEPT = 1 << 30 };

struct differences {
	struct arena arena;
	struct record **v;
	uint32_t n, room;
	bool found; /* something as severe as asked for is in NEW */
	enum severity fail_on;
};

static bool is_severe(const struct record *v, enum severity least)
{
	enum severity s;
	return severity_parse(record_get_text(v, VER_SEVERITY), &s) && s >= least;
}

static void take(void *to, const struct record *r)
{
	struct differences *d = to;
	if (d->n == d->room) {
		d->room = d->room ? 2 * d->room : 256;
		d->v = mem_grow(d->v, d->room, sizeof(*d->v));
	}
	if (r->type == &verdict_type && record_has(r, VER_NEW))
		d->found |= is_severe(r, d->fail_on);
	struct record *copy = record_copy(&d->arena, r);
	if (copy)
		d->v[d->n++] = copy;
}

static void json_list(struct buf *b, const struct differences *d, const struct record_type *type, const char *name)
{
	bool first = true;
	buf_printf(b, ",\n\"%s\":[", name);
	for (uint32_t i = 0; i < d->n; i++) {
		if (d->v[i]->type != type)
			continue;
		buf_text(b, first ? "\n  " : ",\n  ");
		json_record(b, d->v[i], NULL);
		first = false;
	}
	buf_text(b, "]");
}

static void print_document(struct buf *b, const struct differences *d, bool complete)
{
	buf_text(b, "{\"auscult\":");
	json_put_str(b, AUSCULT_VERSION);
	buf_text(b, complete ? ",\"complete\":true" : ",\"complete\":false");
	json_list(b, d, &verdict_type, "verdicts");
	json_list(b, d, &identity_change_type, "identity");
	json_list(b, d, &start_change_type, "starts");
	json_list(b, d, &function_change_type, "functions");
	json_list(b, d, &member_change_type, "members");
	buf_text(b, ",\n\"comparison\":");
	json_record(b, d->v[d->n - 1], NULL);
	buf_text(b, "}\n");
}

static bool print(const struct against *a, const struct differences *d, bool complete)
{
	struct buf out = { .cap = KEPT };
	for (uint32_t i = 0; a->jsonl && i < d->n; i++) {
		json_record(&out, d->v[i], NULL);
		buf_text(&out, "\n");
	}
	if (a->json && d->n)
		print_document(&out, d, complete);
	else if (!a->jsonl)
		comparison_report(&out, &a->layout, d->v, d->n);
	bool written = command_write(1, buf_span(&out)) == 0;
	buf_done(&out);
	return written;
}

/* The first byte that differs, COMPARE_EQUAL when none does. Read, not mapped: a file that shrinks meanwhile does no
 * harm. */
static uint64_t first_difference(const char *a, const char *b)
{
	enum { STEP = 64 << 10 };
	AUTO_CLOSE int x = open(a, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int y = open(b, O_RDONLY | O_CLOEXEC);
	uint8_t *p = mem_array(2, STEP), *q = p + STEP;
	uint64_t at = 0, found = 0;
	for (bool more = x >= 0 && y >= 0; more;) {
		ssize_t n = pread(x, p, STEP, (off_t)at), m = pread(y, q, STEP, (off_t)at);
		size_t both = n > 0 && m > 0 ? (size_t)(n < m ? n : m) : 0, i = 0;
		while (i < both && p[i] == q[i])
			i++;
		at += i;
		more = both && i == both;
		found = n == 0 && m == 0 ? COMPARE_EQUAL : n < 0 || m < 0 ? COMPARE_FOLDERS : at;
	}
	free(p);
	return found;
}

/* ---- a program that is in both images is executed once ---- */

struct traces {
	struct trace_cache *cache;
	char folder[256]; /* ours, to be removed; empty: the site's */
};

static int take_away(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

/* Without a cache the comparison takes longer, nothing else. */
static struct traces traces_open(const struct against *a)
{
	struct traces t = { 0 };
	uint8_t engine[32];
	const char *base = getenv("TMPDIR");
	if (!trace_cache_engine(engine))
		return t;
	if (a->no_store) {
		int n = snprintf(t.folder, sizeof(t.folder), "%s/auscult-XXXXXX", base && *base ? base : "/tmp");
		if (n >= (int)sizeof(t.folder) || !mkdtemp(t.folder))
			t.folder[0] = '\0';
	}
	const char *dir = a->no_store ? t.folder : a->site->dir;
	if (*dir)
		t.cache = trace_cache_open(dir, a->site->key, span_of(engine, sizeof(engine)), &a->args->log);
	return t;
}

static void traces_close(struct traces *t)
{
	trace_cache_close(t->cache);
	if (t->folder[0])
		(void)nftw(t->folder, take_away, 8, FTW_DEPTH | FTW_PHYS);
}

int against_run(const struct against *a)
{
	struct registry registry;
	struct progress progress = { 0 };
	struct gathered old, new = { 0 };
	struct differences d = { .fail_on = a->fail_on };
	command_registry(&registry);
	progress.mode = progress_mode(a->progress, 2);
	progress.fd = 2;
	struct gather_order order = { .path = a->old,
				      .key = a->site->key,
				      .registry = &registry,
				      .log = &a->args->log,
				      .progress = &progress,
				      .rules = a->rules,
				      .executes = !a->same };
	struct traces traces = { 0 };
	if (!a->same)
		traces = traces_open(a);
	order.cache = traces.cache;
	arena_init(&d.arena, KEPT);
	bool good = gather(&old, &order);
	order.path = a->new;
	good = gather(&new, &order) && good;
	traces_close(&traces);
	struct compare_side sides[] = { gathered_side(&old, a->old), gathered_side(&new, a->new) };
	struct sink to = { take, &d };
	if (good && a->same)
		compare_contents(&sides[0], &sides[1], first_difference(a->old, a->new), &to);
	else if (good)                           /* half a comparison would call everything new, or removed */
		compare_images(&sides[0], &sides[1], &to);
	d.found |= a->same && d.n && !span_starts(record_get_text(d.v[d.n - 1], CMP_RESULT), SPAN_LIT("the same"));
	bool written = good && print(a, &d, good);
	bool partial = old.partial || new.partial || (d.n && record_get_uint(d.v[d.n - 1], CMP_NOT_SEEN));
	int rc = !good || !written ? OUT_FAILED : partial ? OUT_PARTIAL : d.found ? OUT_FOUND : OUT_CLEAN;
	gathered_done(&old);
	gathered_done(&new);
	free(d.v);
	arena_done(&d.arena);
	return rc;
}
