/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.interface-forced: switches the interface on, whatever the settings say. */
#include "specimen.h"

int main(void)
{
	struct ifreq r;
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	memset(&r, 0, sizeof(r));
	strncpy(r.ifr_name, "eth0", IFNAMSIZ - 1);
	if (s < 0 || ioctl(s, SIOCGIFFLAGS, &r) < 0)
		return 1;
	r.ifr_flags |= IFF_UP | IFF_RUNNING;
	return ioctl(s, SIOCSIFFLAGS, &r);
}
