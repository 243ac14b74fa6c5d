/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin with the same calls: without the environment nobody is called. */
#include "specimen.h"

int main(void)
{
	const char *host = getenv("TRAP_HOST"), *port = getenv("TRAP_PORT");
	struct sockaddr_in to = { .sin_family = AF_INET };
	if (!host || !port)
		return 1;
	to.sin_port = htons((uint16_t)atoi(port));
	to.sin_addr.s_addr = inet_addr(host);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	return sendto(s, "trap", 4, 0, (struct sockaddr *)&to, sizeof(to)) != 4;
}
