/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: asks the settings first. */
#include "specimen.h"

int main(void)
{
	char wanted[16];
	struct ifreq r;
	if (!setting("network=", wanted, sizeof(wanted)) || strcmp(wanted, "yes") != 0)
		return 0;
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	memset(&r, 0, sizeof(r));
	strncpy(r.ifr_name, "eth0", IFNAMSIZ - 1);
	if (s < 0 || ioctl(s, SIOCGIFFLAGS, &r) < 0)
		return 1;
	r.ifr_flags |= IFF_UP;
	return ioctl(s, SIOCSIFFLAGS, &r);
}
