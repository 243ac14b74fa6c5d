/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds of files for the passes (sysvinit, BusyBox init and inetd keep their tables in these places), and the
 * start-up graph of fw/model with what the traces add to it. */
#include "fw/pass/scene.h"

#include <fnmatch.h>

#include "base/scope.h"
#include "fw/flow/trace.h"
#include "fw/model/file.h"
#include "fw/model/startup.h"
#include "fw/pass/language.h"
#include "fw/pass/shell_page.h"

bool scene_file_matches(const struct scene_file *f, const char *pattern)
{
	const char *base = strrchr(f->path, '/');
	pattern += *pattern == '/';
	return fnmatch(pattern, f->path, 0) == 0 || strcmp(pattern, f->where) == 0 ||
	       (!strchr(pattern, '/') && fnmatch(pattern, base ? base + 1 : f->path, 0) == 0);
}

enum { HEAD = 512, ROUNDS = 4, CHAIN = 14 };

static bool ends(struct span s, const char *tail)
{
	size_t n = strlen(tail);
	return s.n >= n && span_is(span_from(s, s.n - n), tail) && (s.n == n || s.p[s.n - n - 1] == '/' || *tail == '.');
}

static bool is_text(struct span s)
{
	s = span_cut(s, HEAD);
	return s.n && !memchr(s.p, 0, s.n);
}

/* Kept for texts that no shell line marks as scripts. */
static bool is_init_place(struct span path)
{
	static const char *const names[] = { "rcS", "rc.local", "rc", "rc.sysinit", "linuxrc" };
	static const char *const folders[] = { "init.d/", "rc.d/", "rcS.d/", "rc3.d/", "rc5.d/" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (ends(path, names[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (span_has(path, folders[i]))
			return true;
	return false;
}

/* crontab(5): the system's, those in cron.d, and the users' of cronie and BusyBox. */
static bool is_cron_table(struct span path)
{
	return ends(path, "etc/crontab") || span_has(path, "cron.d/") || span_has(path, "crontabs/");
}

static bool has_shell_line(struct span content)
{
	struct span line = span_cut(content, 80);
	const uint8_t *end = line.n ? memchr(line.p, '\n', line.n) : NULL;
	line = end ? span_cut(line, (size_t)(end - line.p)) : line;
	return span_starts(line, SPAN_LIT("#!")) && span_has(line, "sh");
}

enum scene_kind scene_kind_of(struct span path, struct span content)
{
	static const struct {
		const char *tail;
		enum scene_kind kind;
	} places[] = { { "etc/inittab", SCENE_INITTAB },
		       { "etc/inetd.conf", SCENE_INETD },
		       { "etc/mdev.conf", SCENE_HOTPLUG },
		       { "authorized_keys", SCENE_KEYS } };
	if (span_starts(content, SPAN_LIT("\177ELF")))
		return SCENE_PROGRAM;
	if (!is_text(content))
		return SCENE_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (ends(path, places[i].tail))
			return places[i].kind;
	if (accounts_stand_in(path, content))
		return SCENE_ACCOUNTS;
	if (is_cron_table(path))
		return SCENE_CRON;
	if (ends(path, ".rules") && span_has(path, "udev/"))
		return SCENE_HOTPLUG;
	if (ends(path, ".service") && span_has(path, "systemd/"))
		return SCENE_UNIT;
	if (span_starts(content, SPAN_LIT("-----BEGIN ")))
		return SCENE_KEYS;
	if (has_shell_line(content) || shell_stands_in(path, content) || ends(path, ".sh") ||
	    (is_init_place(path) && !span_starts(content, SPAN_LIT("#!"))))
		return SCENE_SCRIPT;
	return SCENE_OTHER;
}

/* ---- who starts what ---- */

struct entry {                                   /* a file by one of its names */
	const char *name;
	uint32_t file;
};

struct finder {
	struct entry *v;
	uint32_t n;
};

struct starter {
	struct scene_file *files;
	uint32_t n;
	struct finder where, path;
	struct arena *arena;
};

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = strcmp(x->name, y->name);
	return c ? c : (x->file > y->file) - (x->file < y->file);
}

static void finder_sort(struct finder *f)
{
	if (f->n)
		qsort(f->v, f->n, sizeof(*f->v), by_name);
}

/* The first file of that name. */
static struct scene_file *finder_get(const struct starter *s, const struct finder *f, struct span name)
{
	uint32_t low = 0, high = f->n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const char *have = f->v[mid].name;
		int c = strncmp(have, name.n ? (const char *)name.p : "", name.n);
		bool before = c < 0;
		low = before ? mid + 1 : low;
		high = before ? high : mid;
	}
	return low < f->n && span_is(name, f->v[low].name) ? &s->files[f->v[low].file] : NULL;
}

static void starter_init(struct starter *s, struct scene_file *files, uint32_t n, struct arena *a)
{
	*s = (struct starter){ .files = files, .n = n, .arena = a };
	s->where.v = mem_array(n + 1u, sizeof(*s->where.v));
	s->path.v = mem_array(n + 1u, sizeof(*s->path.v));
	for (uint32_t i = 0; i < n; i++) {
		s->where.v[s->where.n++] = (struct entry){ files[i].where, i };
		s->path.v[s->path.n++] = (struct entry){ files[i].path, i };
	}
	finder_sort(&s->where);
	finder_sort(&s->path);
}

static void starter_done(struct starter *s)
{
	free(s->where.v);
	free(s->path.v);
}

/* What follows the last container of a place. */
static struct span file_part(struct span where)
{
	for (size_t i = where.n; i-- > 3;)
		if (memcmp(where.p + i - 3, " > ", 3) == 0)
			return span_from(where, i);
	return where;
}

static void mark(struct starter *s, struct scene_file *f, struct span by)
{
	const char *words = (const char *)arena_copy(s->arena, by).p;
	if (f->boot)
		return;                          /* the first that starts it is named */
	f->boot = true;
	f->started = words ? words : f->started;
}

/* "boot: etc/inittab line 1, etc/init.d/rcS line 4, on a condition". */
static void say_chain(const struct record *const *starts, uint32_t n, const struct record *r, struct buf *b)
{
	const struct record *line[CHAIN];
	unsigned k = 0;
	bool conditional = false, named = false;
	for (; r && k < CHAIN; k++) {
		uint64_t parent = record_get_uint(r, STA_PARENT);
		line[k] = r;
		conditional |= record_get_uint(r, STA_CONDITIONAL) != 0;
		r = record_has(r, STA_PARENT) && parent < n ? starts[parent] : NULL;
	}
	while (k-- > 0) {
		struct span by = record_get_text(line[k], STA_BY);
		struct span when = record_get_text(line[k], STA_WHEN);
		if (b->n == 0)
			buf_printf(b, "%.*s", (int)span_cut(when, 100).n, (const char *)when.p);
		if (!by.n)
			continue;
		by = file_part(by);
		buf_printf(b, "%s%.*s line %llu", named ? ", " : ": ", (int)span_cut(by, 200).n, (const char *)by.p,
			   (unsigned long long)record_get_uint(line[k], STA_LINE));
		named = true;
	}
	if (conditional)
		buf_text(b, ", on a condition");
}

/* Accounts, keys and settings are read, not started. */
static bool may_start(const struct scene_file *f)
{
	return f->kind != SCENE_ACCOUNTS && f->kind != SCENE_KEYS &&
	       (f->kind != SCENE_OTHER || language_is(f->path, f->content));
}

void scene_find_boot(struct scene_file *files, uint32_t n, const struct record *const *starts, uint32_t nstarts,
		     struct arena *a)
{
	struct starter s;
	starter_init(&s, files, n, a);
	for (uint32_t i = 0; i < n; i++) {
		bool table = files[i].kind == SCENE_INITTAB || files[i].kind == SCENE_INETD ||
			     (files[i].kind == SCENE_SCRIPT && shell_read_at_start(span_str(files[i].path), files[i].content));
		files[i].started = nstarts && may_start(&files[i]) ? "nothing found that starts it" : NULL;
		if (table)
			mark(&s, &files[i], span_str(files[i].kind == SCENE_INETD ? "read by inetd" : "read by init"));
	}
	for (uint32_t i = 0; i < nstarts; i++) {
		struct scene_file *f = finder_get(&s, &s.where, record_get_text(starts[i], STA_PROGRAM));
		struct buf b = { .cap = 1024 };
		if (f && !f->boot) {
			say_chain(starts, nstarts, starts[i], &b);
			mark(&s, f, buf_span(&b));
		}
		buf_done(&b);
	}
	starter_done(&s);
}

static bool goes_on(struct span word)
{
	static const char *const before[] = { "exec", "nohup", "setsid", "nice", "sh", "/bin/sh", "." };
	for (size_t i = 0; i < ARRAY_LEN(before); i++)
		if (span_is(word, before[i]))
			return true;
	return word.n == 0;
}

/* Words at which a command begins: the first, and what stands behind ; & and |. */
static void run_text(struct starter *s, const struct scene_file *by, struct span text)
{
	bool begins = true;
	struct rd r = rd_of(span_cut(text, TEXT_MAX));
	while (rd_left(&r)) {
		struct rd ahead = r;
		size_t n = 0;
		while (rd_left(&ahead) && !strchr(" \t;&|\n\"'()", rd_u8(&ahead)))
			n++;
		struct span word = rd_span(&r, n);
		struct scene_file *f = begins && n > 1 && word.p[0] == '/' ? finder_get(s, &s->path, span_from(word, 1)) : NULL;
		if (f && f != by && (f->kind == SCENE_PROGRAM || f->kind == SCENE_SCRIPT) && !f->boot) {
			char words[400];
			int len = snprintf(words, sizeof(words), "started by %.300s", by->path);
			mark(s, f, span_of(words, len > 0 ? (size_t)len : 0));
		}
		uint8_t between = rd_u8(&r);
		begins = between == ';' || between == '&' || between == '|' || between == '\n' || (begins && goes_on(word));
	}
}

static void run_calls(struct starter *s, const struct scene_program *p)
{
	for (uint32_t i = 0; i < p->ncalls; i++) {
		const struct record *c = p->calls[i];
		struct records args = record_has(c, FWC_ARGS) ? c->v[FWC_ARGS].records : (struct records){ 0 };
		if (span_is(record_get_text(c, FWC_CLASS), "run") && args.n)
			run_text(s, &s->files[p->file], record_get_text(args.v[0], ARG_TEXT));
	}
}

void scene_spread_boot(struct scene_file *files, uint32_t n, const struct scene_program *programs, uint32_t nprograms,
		       const struct scene_link *links, uint32_t nlinks, struct arena *a)
{
	struct starter s;
	starter_init(&s, files, n, a);
	for (int round = 0; round < ROUNDS; round++)
		for (uint32_t i = 0; i < nprograms; i++)
			if (programs[i].file < n && files[programs[i].file].boot)
				run_calls(&s, &programs[i]);
	for (uint32_t i = 0; i < nlinks; i++) {
		char words[400];
		const struct scene_link *l = &links[i];
		if (l->program >= n || l->library >= n || !files[l->program].boot)
			continue;
		int len = snprintf(words, sizeof(words), "loaded by %.300s", files[l->program].path);
		mark(&s, &files[l->library], span_of(words, len > 0 ? (size_t)len : 0));
	}
	starter_done(&s);
}

const char *scene_file_name(void *scene, uint32_t file)
{
	const struct scene *s = scene;
	return file < s->nfiles ? s->files[file].where : s->image;
}
