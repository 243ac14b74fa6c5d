/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, versions and commands that are only spoken of. */
#include "specimen.h"

int main(void)
{
	puts("usage: set-gateway ADDRESS, for example 203.0.113.1");
	puts("firmware 8.8.8.8, netmask 255.255.255.0, object 1.2.840.10008.1.2");
	puts("mount -t nfs 198.51.100.5:/export /mnt; cp -rf /mnt/* /opt; ifconfig eth0 up");
	return 0;
}
