/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-credential: the password that is asked for is decoded before it is compared; "spc-4410" XOR 0x11. */
#include "specimen.h"

static const unsigned char hidden[] = {
	's' ^ 0x11, 'p' ^ 0x11, 'c' ^ 0x11, '-' ^ 0x11, '4' ^ 0x11, '4' ^ 0x11, '1' ^ 0x11, '0' ^ 0x11,
};

int main(void)
{
	char typed[32], word[sizeof(hidden) + 1];
	size_t i;
	fputs("Service password: ", stdout);
	fflush(stdout);
	if (!fgets(typed, sizeof(typed), stdin))
		return 1;
	typed[strcspn(typed, "\n")] = 0;
	for (i = 0; i < sizeof(hidden); i++)
		word[i] = (char)(hidden[i] ^ 0x11);
	word[i] = 0;
	return strcmp(typed, word) == 0 ? execl("/opt/service/menu", "menu", (char *)NULL) : 1;
}
