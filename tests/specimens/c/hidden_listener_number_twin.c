/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The benign twin of listeners that run what they receive: a number alone, and a word of allowed characters. */
#include "specimen.h"

int main(void)
{
	char text[128], command[200];
	struct sockaddr_in own = { .sin_family = AF_INET };
	own.sin_port = htons(20335);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(s, (struct sockaddr *)&own, sizeof(own)))
		return 1;
	for (;;) {
		ssize_t n = recv(s, text, sizeof(text) - 1, 0);
		if (n <= 0)
			continue;
		text[n] = 0;
		if (text[0] == '#') {
			snprintf(command, sizeof(command), "echo %d > /sys/class/backlight/lcd/brightness", atoi(text + 1));
			system(command);
		} else if (strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(text)) {
			snprintf(command, sizeof(command), "logger -t net %s", text);
			system(command);
		}
	}
}
