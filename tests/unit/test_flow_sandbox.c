/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the firmware worker may not do, tried in a child that must die of it; and what its emulator needs. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sandbox.h"

static int in_sandbox(void (*deed)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		if (sandbox_enter(SANDBOX_WORKER) < 0)
			_exit(9);
		deed();
		_exit(0);
	}
	int status = -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

static void open_socket(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
}

static void run_program(void)
{
	char *const none[] = { NULL };
	execve("/bin/true", none, none);
}

#ifndef __SANITIZE_ADDRESS__
static void read_descriptor(void)
{
	char c;
	(void)!read(0, &c, 1);
}
#endif

/* The worker's own program text, from its file: only fresh memory may be executed. */
static void map_file_to_execute(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0, 0);
}

static void map_code_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		_exit(1);
}

static void nothing(void)
{
}

static void killed(void (*deed)(void))
{
	int status = in_sandbox(deed);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void forbidden_calls_end_the_worker(void **state)
{
	(void)state;
	killed(open_socket);
	killed(run_program);
	killed(map_file_to_execute);
#ifndef __SANITIZE_ADDRESS__
	killed(read_descriptor);
#endif
}

static void the_emulator_may_make_code_in_fresh_memory(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(nothing), 0);
	assert_int_equal(in_sandbox(map_code_memory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbidden_calls_end_the_worker),
		cmocka_unit_test(the_emulator_may_make_code_in_fresh_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
