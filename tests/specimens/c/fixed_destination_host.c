/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-destination: a name instead of an address. */
#include "specimen.h"

int main(void)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *found;
	if (getaddrinfo("telemetry.example.net", "4508", &hints, &found) != 0)
		return 1;
	int s = socket(found->ai_family, found->ai_socktype, 0);
	if (s < 0 || connect(s, found->ai_addr, found->ai_addrlen) < 0)
		return 1;
	freeaddrinfo(found);
	return tell(s, "state ok\n");
}
