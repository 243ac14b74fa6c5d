/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: the command is put together from parts. */
#include <stdio.h>
#include <stdlib.h>

static void fetch(int a, int b, int c, int d, const char *export)
{
	char host[32], command[128];
	snprintf(host, sizeof(host), "%d.%d.%d.%d", a, b, c, d);
	snprintf(command, sizeof(command), "mount -t %s -o nolock %s:%s %s", "nfs", host, export, "/mnt");
	system(command);
}

int main(void)
{
	fetch(192, 0, 2, 119, "/pm");
	return 0;
}
