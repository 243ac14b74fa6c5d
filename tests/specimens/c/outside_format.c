/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.outside-text-to-path: what a socket gives is the format of syslog. */
#include "specimen.h"

#include <syslog.h>

int main(void)
{
	char text[200];
	struct sockaddr_in me = { .sin_family = AF_INET, .sin_port = htons(5140) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(s, (struct sockaddr *)&me, sizeof(me)) < 0)
		return 1;
	for (;;) {
		ssize_t n = recv(s, text, sizeof(text) - 1, 0);
		if (n <= 0)
			return 1;
		text[n] = 0;
		syslog(LOG_INFO, text);
	}
}
