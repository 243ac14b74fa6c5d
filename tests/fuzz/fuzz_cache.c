/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of the cache of traces. The first byte picks: the input stands as an entry's file (it must never open), is
 * sealed as a trace and read again (it must come back whole, then be read as a worker's records), or is sealed and then
 * changed at one place that the next bytes name (it must not open). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/tracecache.h"
#include "fuzz.h"
#include "fw/flow/trace.h"
#include "record/wire.h"

struct cache {
	struct trace_cache *c;
	uint8_t key[TRACE_KEY_BYTES];
	char dir[64], entry[256];
};

static char removed[3][256];                     /* the entry, its folder, the rest: at the end */

static void sweep(void)
{
	char path[300];
	(void)unlink(removed[0]);
	(void)rmdir(removed[1]);
	snprintf(path, sizeof(path), "%s/traces/lock", removed[2]);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/traces", removed[2]);
	(void)rmdir(path);
	(void)rmdir(removed[2]);
}

static void open_cache(struct cache *k)
{
	const struct log log = { 0 };
	const struct trace_named file = { "fuzz", SPAN_LIT("program") };
	int n = snprintf(k->dir, sizeof(k->dir), "/tmp/auscult-fuzz-XXXXXX");
	if (!mkdtemp(k->dir) || !(k->c = trace_cache_open(k->dir, keyring_test_key, SPAN_LIT("engine"), &log)))
		abort();
	trace_cache_key(k->c, &file, 1, k->key);
	n = snprintf(k->entry, sizeof(k->entry), "%s/traces/%02x", k->dir, k->key[0]);
	(void)mkdir(k->entry, 0700);
	snprintf(removed[1], sizeof(removed[1]), "%s", k->entry);
	k->entry[n++] = '/';
	for (unsigned i = 1; i < TRACE_KEY_BYTES; i++)
		n += snprintf(k->entry + n, sizeof(k->entry) - (size_t)n, "%02x", k->key[i]);
	snprintf(removed[0], sizeof(removed[0]), "%s", k->entry);
	snprintf(removed[2], sizeof(removed[2]), "%s", k->dir);
	atexit(sweep);
}

static void write_entry(const struct cache *k, struct span s)
{
	int fd = open(k->entry, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, s.p, s.n) != (ssize_t)s.n)
		abort();
	close(fd);
}

static void change_entry(const struct cache *k, size_t at, uint8_t with)
{
	struct stat st;
	uint8_t was;
	int fd = open(k->entry, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0)
		abort();
	off_t place = (off_t)(at % (size_t)st.st_size);
	if (pread(fd, &was, 1, place) != 1)
		abort();
	was ^= with ? with : 1;
	if (pwrite(fd, &was, 1, place) != 1)
		abort();
	close(fd);
}

static void read_records(struct span body)
{
	struct registry g = { 0 };
	struct arena arena;
	struct buf json = { .cap = 4 << 20 };
	struct rd r = rd_of(body);
	struct record *rec;
	trace_registry(&g);
	arena_init(&arena, 16 << 20);
	while (wire_get(&r, &g, &arena, &rec) == WIRE_RECORD)
		fuzz_read_record(&json, rec);
	arena_done(&arena);
	buf_done(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cache k;
	struct buf body = { 0 };
	if (size < 5)                            /* a trace is never empty */
		return 0;
	if (!k.c)
		open_cache(&k);
	struct span s = span_of(data + 4, size - 4);
	if (data[0] % 3 == 0)
		write_entry(&k, s);
	else if (trace_cache_put(k.c, k.key, s) < 0)
		abort();
	if (data[0] % 3 == 2)
		change_entry(&k, (size_t)data[1] << 8 | data[2], data[3]);
	enum trace_cached got = trace_cache_get(k.c, k.key, &body);
	if ((got == TRACE_HIT) != (data[0] % 3 == 1) || (got == TRACE_HIT && !span_eq(buf_span(&body), s)))
		abort();
	if (got == TRACE_HIT)
		read_records(buf_span(&body));
	buf_done(&body);
	return 0;
}
