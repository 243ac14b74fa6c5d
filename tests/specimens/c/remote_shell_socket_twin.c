/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin with the same calls: whoever connects must give the password that the owner has set. */
#include "specimen.h"

static int may_enter(int c)
{
	char kept[64], word[64];
	if (!setting("password=", kept, sizeof(kept)))
		return 0;
	ssize_t n = recv(c, word, sizeof(word) - 1, 0);
	if (n <= 0)
		return 0;
	word[n] = 0;
	return strcmp(word, kept) == 0;
}

int main(void)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	own.sin_port = htons(20332);
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0 || listen(s, 1) < 0)
		return 1;
	for (;;) {
		int c = accept(s, NULL, NULL);
		if (c < 0)
			continue;
		if (may_enter(c) && fork() == 0) {
			for (int i = 0; i < 3; i++)
				dup2(c, i);
			execl("/bin/sh", "sh", "-i", (char *)0);
			_exit(127);
		}
		close(c);
	}
}
