/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: the same calls, the address from the settings only. */
#include "specimen.h"

int main(void)
{
	char server[64], port[16];
	if (!setting("server=", server, sizeof(server)) || !setting("port=", port, sizeof(port)))
		return 2;
	return tell(dial(inet_addr(server), (uint16_t)atoi(port)), "state ok\n");
}
