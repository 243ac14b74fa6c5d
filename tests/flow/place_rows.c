/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: rows of characters, and a number that is cut to the last of them. */
#include <stdio.h>
#include <stdlib.h>

static const char servers[][16] = { "192.0.2.81", "192.0.2.82", "192.0.2.83" };

int main(int argc, char **argv)
{
	char line[160];
	int n = argc > 1 ? atoi(argv[1]) : 0;
	if (n < 0)
		return 1;
	if (n > 2)
		n = 2;
	snprintf(line, sizeof(line), "mount -t nfs %s:/data /mnt", servers[n]);
	return system(line);
}
