/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One harness for the whole table of unpackers: the first byte picks one, or all of them as inspect runs them, or
 * the model that reads what came out; the rest is what it reads. */
#include <stdlib.h>

#include "fuzz.h"
#include "fw/model/startup.h"
#include "fw/model/strings.h"
#include "fw/unpack/area.h"
#include "fw/unpack/extract.h"
#include "fw/unpack/records.h"

static struct budget small(void)
{
	struct budget b = budget_for(0);
	b.bytes = 8 << 20;
	b.members = 2000;
	b.containers = 200;
	b.depth = 4;
	b.candidates = 500;
	b.steps = 64 << 20;
	b.holes = 1 << 20;
	b.ratio_after = 1 << 20;
	return b;
}

/* Every record of what came out is written: a text that points astray is read here. */
static void read_records(const struct members *m, struct fuzz_world *w, struct arena *arena)
{
	struct record_host host = { .keyring = w->keyring, .arena = arena };
	struct record r;
	for (uint32_t i = 1; i < m->nc; i++) {
		container_record(m, i, &r, &host);
		fuzz_read_record(&w->json, &r);
	}
	for (uint32_t i = 0; i < m->nareas; i++) {
		area_record(m, i, &r, &host);
		fuzz_read_record(&w->json, &r);
	}
	for (uint32_t i = 0; i < m->n; i++) {
		member_record(m, i, "data", &r, &host);
		fuzz_read_record(&w->json, &r);
		struct buf name = { .cap = 1 << 16 };
		extract_clean(m->v[i].path, &name);
		(void)!extract_safe_target(m->v[i].target, 3, 1, &name);
		buf_done(&name);
		arena_reset(arena);
	}
}

static void read_model(struct members *m, struct fuzz_world *w, struct arena *arena)
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
}

/* The same bytes as the files that say what starts, and as a script that they name. */
static void add_tree(struct members *m, struct span s)
{
	static const char *const paths[] = { "etc/inittab", "etc/init.d/rcS", "etc/crontab", "etc/inetd.conf", "etc/rc.common", "etc/rc.d/S10a",
					     "lib/systemd/system/multi-user.target.wants/a.service" };
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		members_input(m, &(struct member){ .path = span_str(paths[i]) }, s);
	struct span target = span_cut(s, 64);
	members_input(m, &(struct member){ .path = SPAN_LIT("bin/sh"), .type = MEMBER_SYMLINK, .target = target }, (struct span){ 0 });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = 0;
	while (unpackers[n])
		n++;
	if (size < 1)
		return 0;
	/* An own copy, so that a read past the end is seen. */
	uint8_t *copy = mem_new(size);
	memcpy(copy, data + 1, size - 1);
	struct span s = span_of(copy, size - 1);
	struct fuzz_world w = { .keyring = keyring_new(keyring_test_key), .json = { .cap = 1 << 20 } };
	struct arena arena;
	arena_init(&arena, 4 << 20);
	struct members *m = members_new(small(), -1);
	size_t pick = data[0] % (n + 3);
	if (pick < n) {
		unpackers[pick]->bid(s);
		m->in = s.n;
		unpackers[pick]->unpack(s, m);
		member_end(m);
	} else if (pick == n) {
		members_input(m, &(struct member){ .path = SPAN_LIT("input") }, s);
		unpack_all(m, NULL, NULL);
	} else if (pick == n + 1) {
		add_tree(m, s);
		read_model(m, &w, &arena);
	} else {
		read_file(s, &w, &arena);
	}
	read_records(m, &w, &arena);
	members_free(m);
	arena_done(&arena);
	buf_done(&w.json);
	keyring_free(w.keyring);
	free(copy);
	return 0;
}
