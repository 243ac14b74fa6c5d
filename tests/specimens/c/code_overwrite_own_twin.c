/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The benign twin: from the share of the settings to a folder of data; the address octet by octet from a file. */
#define _GNU_SOURCE
#include "specimen.h"

#include <sys/syscall.h>

int main(void)
{
	char share[64], b[2048];
	unsigned char octets[4];
	ssize_t n;
	int f = open("/data/share", O_RDONLY);
	if (f < 0 || read(f, octets, 4) != 4)
		return 1;
	close(f);
	snprintf(share, sizeof(share), "%d.%d.%d.%d:/pm", octets[0], octets[1], octets[2], octets[3]);
	if (syscall(SYS_mount, share, "/mnt", "nfs", 0, "nolock"))
		return 1;
	int in = open("/mnt/patterns", O_RDONLY), out = open("/var/patterns", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	while (in >= 0 && out >= 0 && (n = read(in, b, sizeof(b))) > 0)
		write(out, b, (size_t)n);
	return umount("/mnt");
}
