/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start-up of small C libraries: main() stands in no argument of what _start calls (dietlibc, klibc), or _start
 * jumps on with it (uClibc on ARM). getenv() does what it does only when start-up came to main(). */
#include <stddef.h>

static char **variables;

__attribute__((noinline)) char *getenv(const char *name)
{
	for (char **v = variables; v && *v; v++) {
		size_t n = 0;
		while (name[n] && (*v)[n] == name[n])
			n++;
		if (!name[n] && (*v)[n] == '=')
			return *v + n + 1;
	}
	return NULL;
}

int main(int argc, char **argv, char **envp)
{
	(void)envp;
	return getenv(argv[argc - 1]) != NULL;
}

#ifdef __arm__
__attribute__((used)) static int begin(int (*first)(int, char **, char **), int argc, char **argv)
{
	variables = argv + argc + 1;
	return first(argc, argv, variables);
}
__asm__(".globl _start\n_start: ldr r1, [sp]\n add r2, sp, #4\n ldr r0, =main\n b begin\n");
#else
__attribute__((used, noinline)) static int begin(int argc, char **argv, char **envp)
{
	variables = envp;
	__asm__ volatile("" ::: "memory");
	int result = main(argc, argv, envp);
	__asm__ volatile("" ::: "memory");
	return result;
}
__asm__(".globl _start\n_start: movl (%rsp), %edi\n lea 8(%rsp), %rsi\n lea 16(%rsp,%rdi,8), %rdx\n call begin\n hlt\n");
#endif
