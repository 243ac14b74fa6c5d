/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The benign twin: the word only says which version of the protocol is spoken. */
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
	own.sin_port = htons(20337);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(s, (struct sockaddr *)&own, sizeof(own)) < 0)
		return 1;
	for (;;) {
		ssize_t n = recvfrom(s, &f, sizeof(f), 0, NULL, NULL);
		if (n < 8 || ntohl(f.key) != 0x48454c4f)
			continue;
		f.order = htons(3);
		send(s, &f, 8, 0);
	}
}
