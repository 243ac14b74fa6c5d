/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.unverified-update: address, path and command put together; fetched by tftp, written to the flash. */
#include "specimen.h"

static __attribute__((noinline)) int fetch(const char *tool, const int *octets, const char *name)
{
	char line[160];
	snprintf(line, sizeof(line), "%s -g -r %s -l /tmp/%s %d.%d.%d.%d", tool, name, name, octets[0], octets[1], octets[2],
		 octets[3]);
	return system(line);
}

int main(void)
{
	static const int from[] = { 198, 51, 100, 42 };
	if (fetch("tftp", from, "image.bin") != 0)
		return 1;
	return system("flashcp /tmp/image.bin /dev/mtd3");
}
