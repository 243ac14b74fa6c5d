/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-destination: the address and the port are the library's, the call is the program's. */
#include "vendor_host.h"

int main(void)
{
	char host[16];
	vendor_host(host);
	return tell(dial(inet_addr(host), vendor_port()), "state ok\n");
}
