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

enum { LISTS_MAX = 4, MEMORY_LIMIT_MIB = 2048 };

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

struct promises {
	const int *lists[LISTS_MAX];
	unsigned memory;                         /* which limit is set to MEMORY_LIMIT_MIB */
};

static const struct promises roles[SANDBOX_ROLES] = {
	[SANDBOX_ENGINE] = { { base_calls, io_calls, WITH_SANITIZER ? sanitizer_calls : NULL }, RLIMIT_AS },
	/* Images of many gigabytes are mapped: what counts is memory of its own. */
	[SANDBOX_UNPACK] = { { base_calls, io_calls, WITH_SANITIZER ? sanitizer_calls : NULL }, RLIMIT_DATA },
};

static int allow(scmp_filter_ctx ctx, const int *list)
{
	int rc = 0;
	for (; rc == 0 && *list != -1; list++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, *list, 0);
	return rc;
}

/* Memory may be mapped, never to be executed. */
static int allow_memory(scmp_filter_ctx ctx)
{
	int rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return rc;
}

static int filter(const struct promises *p)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!ctx)
		return -ENOMEM;
	int rc = allow_memory(ctx);
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
		rlim_t bytes = (rlim_t)MEMORY_LIMIT_MIB << 20;
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
