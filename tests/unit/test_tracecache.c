/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cache of traces: what must not open, and what must not be taken for the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "cmd/tracecache.h"

enum { PATH = 512 };

struct bed {
	char dir[64], entry[PATH];
	struct trace_cache *c;
	uint8_t key[TRACE_KEY_BYTES];
};

static const struct log quiet = { .level = LOG_QUIET, .fd = 2 };

static int set_up(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	snprintf(b->dir, sizeof(b->dir), "tracecache-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	b->c = trace_cache_open(b->dir, keyring_test_key, SPAN_LIT("engine"), &quiet);
	assert_non_null(b->c);
	const struct trace_named f[] = { { "monitor", SPAN_LIT("bytes") } };
	trace_cache_key(b->c, f, 1, b->key);
	int n = snprintf(b->entry, PATH, "%s/traces/%02x/", b->dir, b->key[0]);
	for (unsigned i = 1; i < TRACE_KEY_BYTES; i++)
		n += snprintf(b->entry + n, PATH - (size_t)n, "%02x", b->key[i]);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bed *b = *state;
	char path[PATH];
	trace_cache_close(b->c);
	(void)unlink(b->entry);
	snprintf(path, sizeof(path), "%s/traces/%02x", b->dir, b->key[0]);
	(void)rmdir(path);
	snprintf(path, sizeof(path), "%s/traces/lock", b->dir);
	(void)unlink(path);
	snprintf(path, sizeof(path), "%s/traces", b->dir);
	(void)rmdir(path);
	(void)rmdir(b->dir);
	free(b);
	return 0;
}

static enum trace_cached get(struct bed *b, struct trace_cache *c, const char *expect)
{
	struct buf out = { 0 };
	enum trace_cached got = trace_cache_get(c, b->key, &out);
	assert_true(got == TRACE_HIT ? span_is(buf_span(&out), expect) : out.n == 0);
	buf_done(&out);
	return got;
}

static void nothing_there_is_none(void **state)
{
	struct bed *b = *state;
	assert_int_equal(get(b, b->c, ""), TRACE_NONE);
}

static void every_changed_byte_and_every_cut_spoils_an_entry(void **state)
{
	struct bed *b = *state;
	assert_int_equal(trace_cache_put(b->c, b->key, SPAN_LIT("a trace")), 0);
	int fd = open(b->entry, O_RDWR);
	assert_true(fd >= 0);
	off_t size = lseek(fd, 0, SEEK_END);
	for (off_t i = 0; i < size; i++) {
		uint8_t was, now;
		assert_int_equal(pread(fd, &was, 1, i), 1);
		now = was ^ 1;
		assert_int_equal(pwrite(fd, &now, 1, i), 1);
		assert_int_equal(get(b, b->c, ""), TRACE_SPOILT);
		assert_int_equal(pwrite(fd, &was, 1, i), 1);
	}
	assert_int_equal(get(b, b->c, "a trace"), TRACE_HIT);
	while (size-- > 0) {
		assert_int_equal(ftruncate(fd, size), 0);
		assert_int_equal(get(b, b->c, ""), TRACE_SPOILT);
	}
	close(fd);
}

/* Nothing was traced in it, so nothing would be found in its program. */
static void an_entry_that_anybody_can_write_does_not_open(void **state)
{
	struct bed *b = *state;
	static const uint8_t empty[8 + 12 + 8 + 16] = "AUSTRC1\n";
	assert_int_equal(trace_cache_put(b->c, b->key, SPAN_LIT("a trace")), 0);
	int fd = open(b->entry, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, empty, sizeof(empty)), sizeof(empty));
	close(fd);
	assert_int_equal(get(b, b->c, ""), TRACE_SPOILT);
}

static void another_sites_entry_does_not_open(void **state)
{
	struct bed *b = *state;
	uint8_t other[KEY_BYTES] = { 7 };
	assert_int_equal(trace_cache_put(b->c, b->key, SPAN_LIT("a trace")), 0);
	struct trace_cache *c = trace_cache_open(b->dir, other, SPAN_LIT("engine"), &quiet);
	assert_int_equal(get(b, c, ""), TRACE_SPOILT);
	trace_cache_close(c);
}

static void keys_differ_by_engine_name_content_library_and_where_one_ends(void **state)
{
	struct bed *b = *state;
	uint8_t k[6][TRACE_KEY_BYTES];
	const struct trace_named with[] = { { "monitor", SPAN_LIT("bytes") }, { "lib", SPAN_LIT("x") } };
	const struct trace_named name[] = { { "monitob", SPAN_LIT("bytes") } },
				 content[] = { { "monitor", SPAN_LIT("bytez") } };
	const struct trace_named shifted[] = { { "monitorb", SPAN_LIT("ytes") } };
	struct trace_cache *c = trace_cache_open(b->dir, keyring_test_key, SPAN_LIT("engine 2"), &quiet);
	memcpy(k[0], b->key, TRACE_KEY_BYTES);
	trace_cache_key(b->c, with, 2, k[1]);
	trace_cache_key(b->c, name, 1, k[2]);
	trace_cache_key(b->c, content, 1, k[3]);
	trace_cache_key(b->c, shifted, 1, k[4]);
	trace_cache_key(c, with, 1, k[5]);
	for (unsigned i = 0; i < 6; i++)
		for (unsigned j = 0; j < i; j++)
			assert_memory_not_equal(k[i], k[j], TRACE_KEY_BYTES);
	trace_cache_close(c);
}

static void what_one_process_executes_no_other_begins(void **state)
{
	struct bed *b = *state;
	int status = 0;
	assert_true(trace_cache_hold(b->c, b->key, false));
	int pid = fork();
	if (pid == 0)
		_exit(trace_cache_hold(b->c, b->key, false) ? 1 : 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	trace_cache_release(b->c, b->key);
	pid = fork();
	if (pid == 0)
		_exit(trace_cache_hold(b->c, b->key, false) ? 0 : 1);    /* and dies with it */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(trace_cache_hold(b->c, b->key, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_there_is_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_changed_byte_and_every_cut_spoils_an_entry, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_entry_that_anybody_can_write_does_not_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_sites_entry_does_not_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_differ_by_engine_name_content_library_and_where_one_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_one_process_executes_no_other_begins, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
