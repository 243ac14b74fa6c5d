/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-destination: the address as a number, on a datagram socket. */
#include "specimen.h"

int main(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5140) };
	to.sin_addr.s_addr = htonl(0xCB007115u);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0)
		return 1;
	sendto(s, "state ok\n", 9, 0, (struct sockaddr *)&to, sizeof(to));
	return close(s);
}
