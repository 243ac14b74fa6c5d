/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-destination: a default that the settings may replace. */
#include "specimen.h"

int main(void)
{
	char server[64];
	if (!setting("server=", server, sizeof(server)))
		snprintf(server, sizeof(server), "%s", "203.0.113.99");
	return tell(dial(inet_addr(server), 4509), "state ok\n");
}
