/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin with the same calls: a log-in on the serial line, where somebody must stand. */
#include "specimen.h"

int main(void)
{
	if (access("/mnt/usb/.factory", F_OK) != 0)
		return 0;
	return system("getty -L ttyS0 115200 vt100 &");
}
