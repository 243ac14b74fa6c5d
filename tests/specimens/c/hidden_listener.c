/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.hidden-listener: what comes in over UDP is written to the settings; nobody is asked who they are. */
#include "specimen.h"

int main(void)
{
	char text[64];
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(20304) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0)
		return 1;
	ssize_t n = recvfrom(s, text, sizeof(text), 0, NULL, NULL);
	int f = open("/etc/monitor.conf", O_WRONLY | O_TRUNC);
	if (n <= 0 || f < 0)
		return 1;
	write(f, text, (size_t)n);
	return close(f);
}
