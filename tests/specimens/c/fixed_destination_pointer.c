/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-destination: behind a table of functions that is filled at run time. */
#include "specimen.h"

static int (*deeds[4])(const char *);

static __attribute__((noinline)) int print(const char *text)
{
	return puts(text);
}

static __attribute__((noinline)) int report(const char *text)
{
	return tell(dial(inet_addr("203.0.113.66"), 4507), text);
}

static __attribute__((noinline)) void prepare(void)
{
	deeds[0] = print;
	deeds[1] = report;
}

int main(int argc, char **argv)
{
	(void)argv;
	prepare();
	return deeds[argc & 1] ? deeds[argc & 1]("state ok\n") : 1;
}
