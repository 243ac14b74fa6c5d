/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections wait in an epoll set; what one of them sends is run. */
#include "specimen.h"

#include <sys/epoll.h>

static void serve(int c)
{
	char text[128];
	ssize_t n = recv(c, text, sizeof(text) - 1, 0);
	if (n > 0) {
		text[n] = 0;
		if (strncmp(text, "do ", 3) == 0)
			system(text + 3);
	}
	close(c);
}

int main(void)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	struct epoll_event one = { .events = EPOLLIN }, some[8];
	own.sin_port = htons(20333);
	int s = socket(AF_INET, SOCK_STREAM, 0), set = epoll_create1(0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0 || listen(s, 8) < 0)
		return 1;
	one.data.fd = s;
	epoll_ctl(set, EPOLL_CTL_ADD, s, &one);
	for (;;) {
		int n = epoll_wait(set, some, 8, -1);
		for (int i = 0; i < n; i++) {
			if (some[i].data.fd != s) {
				serve(some[i].data.fd);
				continue;
			}
			one.data.fd = accept(s, NULL, NULL);
			epoll_ctl(set, EPOLL_CTL_ADD, one.data.fd, &one);
		}
	}
}
