/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin with the same calls: what comes in is written to the settings after the owner's password was given. */
#include "specimen.h"

int main(void)
{
	char port[16], kept[64], word[64], text[64];
	struct sockaddr_in own = { .sin_family = AF_INET };
	if (!setting("port=", port, sizeof(port)) || !setting("password=", kept, sizeof(kept)))
		return 2;
	own.sin_port = htons((uint16_t)atoi(port));
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0 || listen(s, 4) < 0)
		return 1;
	int c = accept(s, NULL, NULL);
	ssize_t n = c < 0 ? -1 : recv(c, word, sizeof(word) - 1, 0);
	if (n <= 0)
		return 1;
	word[n] = 0;
	if (strcmp(word, kept) != 0)
		return tell(c, "no\n");
	n = recv(c, text, sizeof(text), 0);
	int f = open("/etc/monitor.conf", O_WRONLY | O_TRUNC);
	if (n <= 0 || f < 0)
		return 1;
	write(f, text, (size_t)n);
	return close(f);
}
