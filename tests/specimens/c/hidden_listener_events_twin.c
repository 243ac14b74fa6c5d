/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin with the same calls: each connection keeps whether its owner's password was given. */
#include "specimen.h"

#include <sys/epoll.h>

static struct {
	int in;
	char text[128];
} peers[16];

static void serve(int c)
{
	char kept[64];
	ssize_t n = recv(c, peers[c & 15].text, 127, 0);
	if (n <= 0) {
		peers[c & 15].in = 0;
		close(c);
		return;
	}
	peers[c & 15].text[n] = 0;
	if (strncmp(peers[c & 15].text, "pass ", 5) == 0) {
		if (setting("password=", kept, sizeof(kept)) && strcmp(peers[c & 15].text + 5, kept) == 0)
			peers[c & 15].in = 1;
	} else if (strncmp(peers[c & 15].text, "do ", 3) == 0) {
		if (peers[c & 15].in)
			system(peers[c & 15].text + 3);
		else
			send(c, "no\n", 3, 0);
	}
}

int main(void)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	struct epoll_event one = { .events = EPOLLIN }, some[8];
	own.sin_port = htons(20334);
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
