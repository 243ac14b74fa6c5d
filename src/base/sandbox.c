/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seccomp through libseccomp, limits through setrlimit. A promise is a short list of calls with a name. */
#include "base/sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

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

enum { LISTS_MAX = 4 };

static const int base_calls[] = {
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(futex), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(tgkill), SCMP_SYS(clock_gettime), SCMP_SYS(getrandom), SCMP_SYS(restart_syscall),
	SCMP_SYS(sysinfo), -1,                   /* qsort of glibc asks how much memory there is, from 1 KiB on */
};

static const int io_calls[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(newfstatat), -1,
};

/* What the address sanitizer does to report; such builds are for tests alone. */
static const int sanitizer_calls[] = {
	SCMP_SYS(sigaltstack), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(readlink), SCMP_SYS(openat),
	SCMP_SYS(rt_sigaction), SCMP_SYS(getrlimit), SCMP_SYS(prlimit64), SCMP_SYS(ioctl), SCMP_SYS(prctl),
	SCMP_SYS(mprotect), SCMP_SYS(clone), SCMP_SYS(wait4), SCMP_SYS(getppid), SCMP_SYS(ptrace), SCMP_SYS(pipe2),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), -1,
};

/* Everything was read before: write the trace, and end. */
static const int out_calls[] = { SCMP_SYS(write), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(newfstatat), -1 };

struct promises {
	const int *lists[LISTS_MAX];
	unsigned memory, mib;                    /* which limit is set, to how much */
	bool makes_code;                         /* may map fresh memory to execute: an emulator's translations */
};

static const struct promises roles[SANDBOX_ROLES] = {
	[SANDBOX_ENGINE] = { { base_calls, io_calls, WITH_SANITIZER ? sanitizer_calls : NULL }, RLIMIT_AS, 2048 },
	/* Images of many gigabytes are mapped: what counts is memory of its own. */
	[SANDBOX_UNPACK] = { { base_calls, io_calls, WITH_SANITIZER ? sanitizer_calls : NULL }, RLIMIT_DATA, 2048 },
	/* The emulator reserves 1 GiB for its translations, of which it touches little. */
	[SANDBOX_WORKER] = { { base_calls, out_calls, WITH_SANITIZER ? sanitizer_calls : NULL }, RLIMIT_AS, 3072,
		.makes_code = true },
};

static int allow(scmp_filter_ctx ctx, const int *list)
{
	int rc = 0;
	for (; rc == 0 && *list != -1; list++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, *list, 0);
	return rc;
}

/* Memory may be mapped, never to be executed; for an emulator, only fresh memory that is no file. */
static int allow_memory(scmp_filter_ctx ctx, bool makes_code)
{
	int rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0 && makes_code)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC),
				      SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS | MAP_PRIVATE, MAP_ANONYMOUS | MAP_PRIVATE));
	return rc;
}

static int filter(const struct promises *p)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!ctx)
		return -ENOMEM;
	int rc = allow_memory(ctx, p->makes_code);
	for (int i = 0; rc == 0 && i < LISTS_MAX && p->lists[i]; i++)
		rc = allow(ctx, p->lists[i]);
	if (rc == 0)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}

void sandbox_no_dumps(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	prctl(PR_SET_DUMPABLE, 0);
}

int sandbox_enter(enum sandbox_role role)
{
	sandbox_no_dumps();
	if (!WITH_SANITIZER) {
		rlim_t bytes = (rlim_t)roles[role].mib << 20;
		setrlimit(roles[role].memory, &(struct rlimit){ bytes, bytes });
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return filter(&roles[role]);
}

bool sandbox_available(void)
{
	unsigned action = SECCOMP_RET_KILL_PROCESS;
	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}
