/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ELF reader: this very program, then the same bytes cut and flipped. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fw/model/elf.h"

static struct span self(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	uint8_t *p = mem_new((size_t)st.st_size);
	size_t n = 0;
	while (n < (size_t)st.st_size) {
		ssize_t got = read(fd, p + n, (size_t)st.st_size - n);
		assert_true(got > 0);
		n += (size_t)got;
	}
	close(fd);
	return span_of(p, n);
}

static void what_is_no_elf_is_refused(void **state)
{
	(void)state;
	struct arena a;
	struct elf e;
	arena_init(&a, 1 << 20);
	assert_false(elf_read(SPAN_LIT(""), &a, &e));
	assert_false(elf_read(SPAN_LIT("\x7f" "ELF"), &a, &e));
	assert_false(elf_read(SPAN_LIT("\x7f" "ELF\3\1\1 nothing of it is true, and it ends soon enough to fail"), &a, &e));
	assert_false(elf_read(SPAN_LIT("#!/bin/sh\necho no program, but long enough to hold a header of one\n"), &a, &e));
	arena_done(&a);
}

static void tables_that_lie_are_cut(void **state)
{
	(void)state;
	struct span whole = self();
	uint8_t *copy = mem_new(whole.n);
	for (size_t at = 16; at < 4096 && at < whole.n; at += 3) {
		struct arena a;
		struct elf e;
		uint64_t *starts;
		arena_init(&a, 64 << 20);
		memcpy(copy, whole.p, whole.n);
		copy[at] ^= 0xff;
		if (elf_read(span_of(copy, whole.n), &a, &e))
			assert_true(elf_unwind_functions(&e, &a, &starts) <= ELF_FUNCTIONS);
		if (elf_read(span_cut(whole, at), &a, &e))
			assert_true(e.damaged || at >= 64);
		arena_done(&a);
	}
	free(copy);
	free((void *)(uintptr_t)whole.p);
}

static void this_program_is_described(void **state)
{
	(void)state;
	struct span whole = self();
	struct arena a;
	struct elf e;
	uint64_t *starts, offset;
	arena_init(&a, 64 << 20);
	assert_true(elf_read(whole, &a, &e));
	assert_false(e.damaged);
	assert_true(e.dynamic && e.nneeded >= 1 && e.interp.n > 4 && e.nrelocs > 1 && e.ndynamic > 4);
	assert_true(e.nx);
	assert_true(elf_executable(&e, e.entry));
	assert_true(elf_offset(&e, e.entry, &offset) && offset < whole.n);
	assert_true(elf_unwind_functions(&e, &a, &starts) > 3);
	bool found = false;
	for (unsigned i = 0; i < e.nsymbols; i++)
		found |= span_is(e.symbols[i].name, "main") && e.symbols[i].type == SYM_FUNC;
	assert_true(found || e.stripped);
	arena_done(&a);
	free((void *)(uintptr_t)whole.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_elf_is_refused),
		cmocka_unit_test(tables_that_lie_are_cut),
		cmocka_unit_test(this_program_is_described),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
