/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A time client of a public pool. */
#include "specimen.h"

int main(void)
{
	unsigned char ask[48] = { 0x1b };
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM }, *found;
	if (getaddrinfo("pool.ntp.org", "123", &hints, &found) != 0)
		return 1;
	int s = socket(found->ai_family, SOCK_DGRAM, 0);
	if (s < 0)
		return 1;
	sendto(s, ask, sizeof(ask), 0, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return recv(s, ask, sizeof(ask), 0) < 0;
}
