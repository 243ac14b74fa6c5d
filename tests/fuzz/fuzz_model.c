/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reads the files of an image: the first byte picks the ELF reader, the start-up graph, the readers of single
 * files, the passes over scripts and tables, or the readers of scripts alone; the rest is what they read. */
#include <stdlib.h>

#include "advisory/advisory.h"
#include "fuzz.h"
#include "fw/model/binary.h"
#include "fw/model/database.h"
#include "fw/model/identity.h"
#include "fw/model/startup.h"
#include "fw/model/strings.h"
#include "fw/pass/language.h"
#include "fw/pass/listing.h"
#include "fw/pass/scene.h"

/* Everything that the reader hands out is looked at: a span that points astray is read here. */
static void read_elf(struct span s, struct arena *arena)
{
	struct elf e;
	uint64_t *functions, sum = 0, offset;
	if (!elf_read(s, arena, &e))
		return;
	for (unsigned i = 0; i < e.nsymbols; i++)
		sum += e.symbols[i].name.n ? e.symbols[i].name.p[e.symbols[i].name.n - 1] : 0;
	for (unsigned i = 0; i < e.nsections; i++)
		sum += e.sections[i].name.n ? e.sections[i].name.p[0] : 0;
	for (unsigned i = 0; i < e.nrelocs; i++)
		sum += elf_at(&e, e.relocs[i].at, 8).n + elf_executable(&e, e.relocs[i].at);
	for (unsigned i = elf_unwind_functions(&e, arena, &functions); i; i--)
		sum += elf_offset(&e, functions[i - 1], &offset);
	struct span at = elf_at(&e, e.entry, 64);
	for (size_t i = 0; i < at.n; i++)
		sum += at.p[i];
	if (sum == 1)
		abort();                         /* never: keeps the reads */
}

/* A program's texts and what refers to them. */
static void list_texts(struct span s, struct fuzz_world *w, struct arena *arena)
{
	struct record_host host = { .keyring = w->keyring, .arena = arena };
	const struct scene_file file = { .path = "bin/a", .where = "bin/a", .kind = SCENE_PROGRAM, .content = s };
	const struct scene scene = { .image = "x", .files = &file, .nfiles = 1 };
	listing_publish(&scene, &(struct listing){ NULL, 4 }, NULL, 0, &host, &w->sink);
}

/* Two programs that may need each other, linked and told. */
static void read_binaries(struct span s, struct fuzz_world *w, struct arena *arena)
{
	struct record_host host = { .keyring = w->keyring, .arena = arena };
	struct members *m = members_new(budget_for(0), -1);
	struct binaries b = { 0 };
	struct record r;
	uint32_t linked[BINARY_CLOSURE];
	static const char *const paths[] = { "bin/a", "lib/libc.so.6", "opt/lib/b.so" };
	for (uint32_t i = 0; i < ARRAY_LEN(paths); i++) {
		members_input(m, &(struct member){ .path = span_str(paths[i]) }, s);
		binaries_add(&b, i, s, arena);
	}
	struct paths *p = paths_new(m);
	binaries_link(&b, m, p);
	for (uint32_t i = 0; i < b.n; i++) {
		binary_record(&b, i, m, &r, &host);
		fuzz_read_record(&w->json, &r);
		(void)binaries_closure(&b, i, linked);
	}
	paths_free(p);
	binaries_done(&b);
	members_free(m);
}

static void read_startup(struct members *m, struct fuzz_world *w, struct arena *arena)
{
	struct record_host host = { .keyring = w->keyring, .arena = arena };
	struct record r;
	struct arena words;
	struct startup s;
	arena_init(&words, 8 << 20);
	struct paths *p = paths_new(m);
	startup_read(m, p, &words, &s);
	for (uint32_t i = 0; i < s.n; i++) {
		start_record(&s, i, m, &r, &host);
		fuzz_read_record(&w->json, &r);
		arena_reset(arena);
	}
	startup_done(&s);
	paths_free(p);
	arena_done(&words);
}

static void read_row(void *ctx, const struct database_table *t, const struct span *values, uint64_t row)
{
	uint64_t *sum = ctx;
	for (unsigned i = 0; i < t->ncolumns; i++)
		*sum += row + t->columns[i].n + (values[i].n ? values[i].p[values[i].n - 1] : 0);
}

static void read_database(struct span s, struct fuzz_world *w, struct arena *arena)
{
	struct record_host host = { .keyring = w->keyring, .arena = arena };
	struct database d;
	uint64_t sum = 0;
	const struct database_reader to = { read_row, &sum };
	struct record r;
	(void)!database_read(s, arena, &to, &d);
	for (unsigned i = 0; i < d.ntables; i++) {
		table_record(&d.tables[i], span_str("x"), &r, &host);
		fuzz_read_record(&w->json, &r);
	}
}

static void read_file(struct span s, struct fuzz_world *w, struct arena *arena)
{
	static const char *const places[] = { "etc/passwd", "etc/shadow", "etc/inittab", "x" };
	struct record_host host = { .keyring = w->keyring, .arena = arena };
	struct key keys[KEYS_MAX];
	struct record r;
	struct string t;
	struct account a;
	struct strings strings = { .s = s, .least = 4 };
	struct rd lines = rd_of(s);
	uint32_t line = 0;
	while (strings_next(&strings, &t))
		;
	while (account_next(&lines, &line, &a)) {
		account_record(&a, span_str("x"), &r, &host);
		fuzz_read_record(&w->json, &r);
	}
	for (unsigned i = key_find(s, keys); i; i--)
		key_record(&keys[i - 1], span_str("x"), &r, &host);
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		file_classify(&(struct member){ .path = span_str(places[i]) }, s);
	startup_blanked(arena, span_cut(s, 4096));
	read_database(s, w, arena);
	static const char *const named[] = { "etc/version", "etc/os-release", "build.prop" };
	struct identity says[IDENTITY_MAX];
	for (size_t k = 0; k < ARRAY_LEN(named); k++)
		for (unsigned i = identity_find(&(struct member){ .path = span_str(named[k]) }, s, arena, says); i; i--) {
			identity_record(&says[i - 1], span_str("x"), &r, &host);
			fuzz_read_record(&w->json, &r);
		}
}

/* The same bytes as the files that say what starts, and as a script that they name. */
static void add_tree(struct members *m, struct span s)
{
	static const char *const paths[] = { "etc/inittab",
					     "etc/init.d/rcS",
					     "etc/crontab",
					     "etc/inetd.conf",
					     "etc/rc.common",
					     "etc/rc.d/S10a",
					     "lib/systemd/system/multi-user.target.wants/a.service" };
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		members_input(m, &(struct member){ .path = span_str(paths[i]) }, s);
	struct span target = span_cut(s, 64);
	members_input(m, &(struct member){ .path = SPAN_LIT("bin/sh"), .type = MEMBER_SYMLINK, .target = target },
		      (struct span){ 0 });
}

static void read_tree(struct span s, struct fuzz_world *w, struct arena *arena)
{
	struct members *m = members_new(budget_for(0), -1);
	add_tree(m, s);
	read_startup(m, w, arena);
	members_free(m);
}

/* The shipped advisories, and one that speaks of whatever stands at the front of the input. */
static struct advisories *advisories_about(struct span s, struct arena *arena)
{
	struct advisories *all = advisories_new();
	static const struct span ids[] = { { (const uint8_t *)"P1", 2 }, { (const uint8_t *)"P2", 2 } };
	const char *words[3] = { "", "", "" };
	struct rd r = rd_of(s);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct span line = { 0 };
		if (rd_until(&r, '\n', &line) && line.n)
			words[i] = (const char *)arena_copy(arena, span_cut(line, 80)).p;
	}
	struct advisory_product *products = arena_new(arena, 2 * sizeof(*products));
	products[0] = (struct advisory_product){ "P1", "m", words[0], words[1], "", false };
	products[1] = (struct advisory_product){ "P2", "m", "BusyBox", words[2], words[0], true };
	struct vulnerability *weak = arena_new(arena, sizeof(*weak));
	*weak = (struct vulnerability){ .cve = "CVE-2000-0001", .status[STATUS_AFFECTED] = { ids, 2 } };
	struct advisory one = { .id = "A-1",
				.title = "t",
				.publisher = "p",
				.version = "1",
				.products = products,
				.nproducts = 2,
				.vulnerabilities = weak,
				.nvulnerabilities = 1 };
	(void)advisories_add(all, &one);
	return all;
}

/* Scripts, accounts, tables, units and settings as passes judge them, with advisories. */
static void judge_files(struct span s, struct fuzz_world *w, struct arena *arena)
{
	static const struct {
		const char *path;
		enum scene_kind kind;
	} places[] = { { "etc/init.d/S50app", SCENE_SCRIPT },
		       { "etc/passwd", SCENE_ACCOUNTS },
		       { "etc/shadow", SCENE_ACCOUNTS },
		       { "etc/inittab", SCENE_INITTAB },
		       { "etc/inetd.conf", SCENE_INETD },
		       { "key", SCENE_KEYS },
		       { "etc/crontab", SCENE_CRON },
		       { "etc/cron.d/report", SCENE_CRON },
		       { "var/spool/cron/crontabs/root", SCENE_CRON },
		       { "lib/systemd/system/app.service", SCENE_UNIT },
		       { "etc/app.conf", SCENE_OTHER },
		       { "etc/mdev.conf", SCENE_HOTPLUG },
		       { "etc/udev/rules.d/90.rules", SCENE_HOTPLUG },
		       { "usr/lib/a.lua", SCENE_OTHER },
		       { "usr/lib/a.py", SCENE_OTHER },
		       { "www/a.php", SCENE_OTHER },
		       { "usr/bin/a.pl", SCENE_OTHER },
		       { "usr/bin/a.awk", SCENE_OTHER },
		       { "www/cgi-bin/a", SCENE_OTHER },
		       { "init.rc", SCENE_SCRIPT },
		       { "etc/fstab", SCENE_SCRIPT },
		       { "etc/ppp/chap-secrets", SCENE_OTHER },
		       { "etc/httpd.conf", SCENE_OTHER },
		       { "etc/config/wireless", SCENE_OTHER },
		       { "etc/app.xml", SCENE_OTHER },
		       { "default.prop", SCENE_OTHER } };
	struct record_host host = { .keyring = w->keyring, .arena = arena };
	struct scene_file files[ARRAY_LEN(places)];
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		files[i] = (struct scene_file){ .path = places[i].path, .where = places[i].path, .kind = places[i].kind, .content = s,
						.mode = 0100755 };
	(void)scene_kind_of(span_str("x"), s);
	scene_find_boot(files, ARRAY_LEN(files), NULL, 0, arena);
	struct advisories *advisories = advisories_about(s, arena);
	struct scene scene = { .image = "x", .files = files, .nfiles = ARRAY_LEN(files), .advisories = advisories };
	uint32_t n = 0;
	struct finding **found = passes_run(&scene, &host, &n);
	for (uint32_t i = 0; i < n; i++) {
		struct record r;
		finding_record(found[i], &r, &host, scene_file_name, &scene);
		fuzz_read_record(&w->json, &r);
	}
	listing_publish(&scene, &(struct listing){ "*", 4 }, found, n, &host, &w->sink);
	free(found);
	advisories_free(advisories);
}

/* What each language and the shell make of it, without the passes: a hundred times as fast. */
static void read_script(struct span s, struct arena *arena)
{
	static const char *const paths[] = { "a.lua", "a.py", "a.php", "a.pl", "a.awk" };
	struct acts acts = { .arena = arena };
	size_t sum = 0;
	for (size_t i = 0; i <= ARRAY_LEN(paths); i++) {
		acts.n = 0;
		if (i < ARRAY_LEN(paths))
			acts_of_language(&acts, paths[i], s);
		else
			acts_of_shell(&acts, s, NULL);
		for (size_t k = 0; k < acts.n; k++)
			sum += acts.v[k].text.n ? acts.v[k].text.p[acts.v[k].text.n - 1] : 0;
		arena_reset(arena);
	}
	if (sum == 1)
		abort();                         /* hardly ever: keeps the reads */
	free(acts.v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	/* An own copy, so that a read past the end is seen. */
	uint8_t *copy = mem_new(size);
	memcpy(copy, data + 1, size - 1);
	struct span s = span_of(copy, size - 1);
	struct fuzz_world w = { .keyring = keyring_new(keyring_test_key), .json = { .cap = 1 << 20 } };
	w.sink = (struct sink){ fuzz_read_record, &w.json };
	struct arena arena;
	arena_init(&arena, 64 << 20);
	switch (data[0] % 5) {
	case 0:
		read_elf(s, &arena);
		read_binaries(s, &w, &arena);
		list_texts(s, &w, &arena);
		break;
	case 1: read_tree(s, &w, &arena); break;
	case 2: read_file(s, &w, &arena); break;
	case 3: judge_files(s, &w, &arena); break;
	default: read_script(s, &arena); break;
	}
	arena_done(&arena);
	buf_done(&w.json);
	keyring_free(w.keyring);
	free(copy);
	return 0;
}
