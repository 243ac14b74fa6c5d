/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.interface-forced: the name from a table, the command behind a pointer. */
#include "specimen.h"

static const char *const names[] = { "eth0", "eth1" };
static int (*volatile run)(const char *) = system;

int main(int argc, char **argv)
{
	char line[64];
	(void)argv;
	snprintf(line, sizeof(line), "ip link set dev %s up", names[argc & 1]);
	return run(line);
}
