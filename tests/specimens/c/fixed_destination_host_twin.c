/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: the same calls with the name of the settings. */
#include "specimen.h"

int main(void)
{
	char server[64], port[16];
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *found;
	if (!setting("server=", server, sizeof(server)) || !setting("port=", port, sizeof(port)) ||
	    getaddrinfo(server, port, &hints, &found) != 0)
		return 1;
	int s = socket(found->ai_family, found->ai_socktype, 0);
	if (s < 0 || connect(s, found->ai_addr, found->ai_addrlen) < 0)
		return 1;
	freeaddrinfo(found);
	return tell(s, "state ok\n");
}
