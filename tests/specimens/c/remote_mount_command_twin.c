/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: the same command, the share from the settings. */
#include "specimen.h"

int main(void)
{
	char share[96], line[160];
	if (!setting("share=", share, sizeof(share)))
		return 2;
	snprintf(line, sizeof(line), "mount -t %s -o nolock %s %s", "nfs", share, "/mnt");
	return system(line);
}
