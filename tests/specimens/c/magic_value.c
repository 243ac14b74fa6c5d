/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.magic-value: a word from the network that restarts the device. */
#include "specimen.h"

int main(void)
{
	char text[32];
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(7329) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0)
		return 1;
	ssize_t n = recvfrom(s, text, sizeof(text) - 1, 0, NULL, NULL);
	if (n <= 0)
		return 1;
	text[n] = 0;
	if (strncmp(text, "specimen_mfg_7", 14) == 0)
		return system("/sbin/reboot -f");
	return 0;
}
