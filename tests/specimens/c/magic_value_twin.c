/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: a protocol's verb, answered with text. */
#include "specimen.h"

int main(void)
{
	char port[16], text[32];
	struct sockaddr_in own = { .sin_family = AF_INET };
	if (!setting("port=", port, sizeof(port)))
		return 2;
	own.sin_port = htons((uint16_t)atoi(port));
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0 || listen(s, 1) < 0)
		return 1;
	int c = accept(s, NULL, NULL);
	ssize_t n = c < 0 ? -1 : recv(c, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 1;
	text[n] = 0;
	return tell(c, strncmp(text, "STATE", 5) == 0 ? "state ok\n" : "what?\n");
}
