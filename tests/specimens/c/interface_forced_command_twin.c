/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: the same command when the settings want it. */
#include "specimen.h"

int main(void)
{
	char wanted[16];
	if (!setting("network=", wanted, sizeof(wanted)) || strcmp(wanted, "yes") != 0)
		return 0;
	return system("ifconfig eth0 up");
}
