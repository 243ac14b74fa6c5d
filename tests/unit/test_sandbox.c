/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each role tries what it must not do and has to die of it; and does what it must, and lives. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sandbox.h"
#include "base/scope.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER 1
#endif
#endif
#ifndef WITH_SANITIZER
#define WITH_SANITIZER 0
#endif

enum { PAGE = 4096, LIVED = 7, NOT_ENTERED = 8 };

static long try_open(void) { return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY); }
static long try_socket(void) { return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }
static long try_packet_socket(void) { return syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0); }
static long try_socketpair(void) { return syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, NULL); }
static long try_connect(void) { return syscall(SYS_connect, 0, NULL, 0); }
static long try_send(void) { return syscall(SYS_sendto, 1, "x", 1, 0, NULL, 0); }
static long try_fork(void) { return syscall(SYS_fork); }
static long try_exec(void) { return syscall(SYS_execve, "/bin/true", NULL, NULL); }
static long try_unlink(void) { return syscall(SYS_unlinkat, AT_FDCWD, "nothing-of-this-name", 0); }
static long try_rename(void) { return syscall(SYS_renameat2, AT_FDCWD, "nothing-of-this-name", AT_FDCWD, "x", 0); }
static long try_mkdir(void) { return syscall(SYS_mkdirat, AT_FDCWD, "nothing-of-this-name/x", 0); }
static long try_kill(void) { return syscall(SYS_kill, getppid(), 0); }
static long try_ioctl(void) { return syscall(SYS_ioctl, 0, 0, 0); }
static long try_bpf(void) { return syscall(SYS_bpf, 0, NULL, 0); }
static long try_code(void)
{
	return syscall(SYS_mmap, NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static const struct {
	const char *name;
	long (*call)(void);
	bool sanitizer_does;                     /* such builds do it themselves to report */
} forbidden[] = {
	{ "open a file", try_open, true },
	{ "open a socket", try_socket, false },
	{ "open a packet socket", try_packet_socket, false },
	{ "open a pair of sockets", try_socketpair, false },
	{ "connect", try_connect, false },
	{ "send", try_send, false },
	{ "fork", try_fork, false },
	{ "run a program", try_exec, false },
	{ "remove a file", try_unlink, false },
	{ "rename a file", try_rename, false },
	{ "make a folder", try_mkdir, false },
	{ "signal another process", try_kill, false },
	{ "steer a device", try_ioctl, true },
	{ "load a filter into the kernel", try_bpf, false },
	{ "map memory to be executed", try_code, false },
};

/* How a child ends that enters the role and makes the call. */
static int fate(enum sandbox_role role, long (*call)(void))
{
	fflush(NULL);
	int pid = fork();
	if (pid == 0) {
		if (sandbox_enter(role) < 0)
			_exit(NOT_ENTERED);
		(void)call();
		_exit(LIVED);
	}
	int status = 0;
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool is_shot(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static void the_engine_dies_of_every_forbidden_call(void **state)
{
	(void)state;
	unsigned lived = 0;
	for (size_t i = 0; i < ARRAY_LEN(forbidden); i++) {
		if (WITH_SANITIZER && forbidden[i].sanitizer_does)
			continue;
		if (is_shot(fate(SANDBOX_ENGINE, forbidden[i].call)))
			continue;
		print_error("the engine can %s\n", forbidden[i].name);
		lived++;
	}
	assert_int_equal(lived, 0);
}

static int ends[2];

static long do_its_work(void)
{
	char byte = 'x';
	char *memory = malloc(PAGE * 64);
	if (!memory || write(ends[1], &byte, 1) != 1 || read(ends[0], &byte, 1) != 1)
		_exit(1);
	memory[PAGE] = byte;
	_exit(memory[PAGE] == 'x' ? LIVED : 1);
}

static void the_engine_reads_writes_and_takes_memory(void **state)
{
	(void)state;
	assert_int_equal(pipe(ends), 0);
	int status = fate(SANDBOX_ENGINE, do_its_work);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), LIVED);
	close(ends[0]);
	close(ends[1]);
}

static long dump_and_raise(void)
{
	abort();
}

static void a_process_that_saw_patients_leaves_no_core(void **state)
{
	(void)state;
	int status = fate(SANDBOX_ENGINE, dump_and_raise);
	assert_true(WIFSIGNALED(status) || WIFEXITED(status));
	assert_false(WIFSIGNALED(status) && WCOREDUMP(status));
}

/* Without the sandbox the same calls do no harm: it is the filter that kills. */
static void outside_the_sandbox_the_same_calls_return(void **state)
{
	(void)state;
	fflush(NULL);
	int pid = fork();
	if (pid == 0) {
		(void)try_socketpair();
		(void)try_unlink();
		(void)try_connect();
		_exit(LIVED);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == LIVED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_engine_dies_of_every_forbidden_call),
		cmocka_unit_test(a_process_that_saw_patients_leaves_no_core),
		cmocka_unit_test(the_engine_reads_writes_and_takes_memory),
		cmocka_unit_test(outside_the_sandbox_the_same_calls_return),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
