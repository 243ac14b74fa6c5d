/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: the same library, but it hands out what the settings say. */
#include "vendor_host.h"

int main(void)
{
	char host[64];
	if (!vendor_setting(host, sizeof(host)))
		return 2;
	return tell(dial(inet_addr(host), vendor_port()), "state ok\n");
}
