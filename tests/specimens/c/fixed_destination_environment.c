/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The address and the port are built in; the environment may name others, which compilers pick without a branch. */
#include "specimen.h"

int main(void)
{
	const char *host = getenv("TRAP_HOST"), *port = getenv("TRAP_PORT");
	struct sockaddr_in to = { .sin_family = AF_INET };
	to.sin_port = htons((uint16_t)(port ? atoi(port) : 4511));
	to.sin_addr.s_addr = inet_addr(host ? host : "203.0.113.91");
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	return sendto(s, "trap", 4, 0, (struct sockaddr *)&to, sizeof(to)) != 4;
}
