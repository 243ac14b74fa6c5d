/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.magic-value: the word is kept XOR 0x33 and decoded before the comparison. */
#include "specimen.h"

static const unsigned char hidden[] = {
	's' ^ 0x33, 'p' ^ 0x33, 'e' ^ 0x33, 'c' ^ 0x33, 'i' ^ 0x33, '-' ^ 0x33, 'o' ^ 0x33, 'p' ^ 0x33, 'e' ^ 0x33, 'n' ^ 0x33,
};

int main(void)
{
	char text[32], word[sizeof(hidden) + 1];
	size_t i;
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(7331) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0)
		return 1;
	ssize_t n = recvfrom(s, text, sizeof(text) - 1, 0, NULL, NULL);
	if (n <= 0)
		return 1;
	text[n] = 0;
	for (i = 0; i < sizeof(hidden); i++)
		word[i] = (char)(hidden[i] ^ 0x33);
	word[i] = 0;
	return strcmp(text, word) == 0 ? system("/sbin/reboot -f") : 0;
}
