/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: a helper gives the text with a number; its caller uses it. */
#include <stdio.h>
#include <stdlib.h>

/* What stands behind the fourth is no server that the number can choose. */
static const char *const servers[] = {
	"192.0.2.61", "192.0.2.62", "192.0.2.63", "192.0.2.64", "192.0.2.65", "192.0.2.66",
};

static __attribute__((noinline)) const char *server(unsigned n)
{
	return n < 4 ? servers[n] : NULL;
}

int main(int argc, char **argv)
{
	char line[160];
	const char *s = server(argc > 1 ? (unsigned)atoi(argv[1]) : 0);
	if (!s)
		return 1;
	snprintf(line, sizeof(line), "mount -t nfs %s:/data /mnt", s);
	return system(line);
}
