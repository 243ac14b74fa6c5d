/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.remote-mount: the command line put together from parts. */
#include "specimen.h"

static __attribute__((noinline)) int attach(const char *net, int host, const char *share)
{
	char line[128];
	snprintf(line, sizeof(line), "mount -t %s -o nolock %s.%d:%s %s", "nfs", net, host, share, "/mnt");
	return system(line);
}

int main(void)
{
	return attach("192.0.2", 120, "/share");
}
