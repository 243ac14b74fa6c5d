/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A shell is told line by line; the address passes through a text that is taken apart again. */
#include "specimen.h"

int main(void)
{
	char all[64], host[20], dir[20];
	int base = 190;
	snprintf(all, sizeof(all), "nfs:%d.%d.%d.%d|/lines", base + 2, 0, 2, base - 63);
	if (sscanf(all, "nfs:%19[0-9.]|%19s", host, dir) != 2)
		return 1;
	FILE *shell = popen("/bin/sh", "w");
	if (!shell)
		return 1;
	fprintf(shell, "mkdir -p /tmp/m\n");
	fprintf(shell, "mount -t nfs -o nolock %s:%s /tmp/m\n", host, dir);
	return pclose(shell);
}
