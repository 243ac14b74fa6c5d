/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin with the same calls: the word that restarts the device is the owner's own, from the settings. */
#include "specimen.h"

int main(void)
{
	char port[16], word[32], text[32];
	struct sockaddr_in own = { .sin_family = AF_INET };
	if (!setting("port=", port, sizeof(port)) || !setting("key=", word, sizeof(word)))
		return 2;
	own.sin_port = htons((uint16_t)atoi(port));
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0)
		return 1;
	ssize_t n = recvfrom(s, text, sizeof(text) - 1, 0, NULL, NULL);
	if (n <= 0)
		return 1;
	text[n] = 0;
	return strcmp(text, word) == 0 ? system("/sbin/reboot -f") : 0;
}
