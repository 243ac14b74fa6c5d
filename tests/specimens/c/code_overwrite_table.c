/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.code-overwrite: the commands from a table, one after the other. */
#include "specimen.h"

static const char *const steps[] = {
	"ifconfig eth0 up",   "mount -o nolock -t nfs 192.0.2.131:/pm /mnt", "cp -rf /mnt/* /opt/bin", "umount /mnt",
	"/opt/bin/monitor &",
};

int main(int argc, char **argv)
{
	size_t i;
	(void)argv;
	for (i = 0; argc > 1 && i < sizeof(steps) / sizeof(steps[0]); i++)
		if (system(steps[i]) != 0)
			return 1;
	return 0;
}
