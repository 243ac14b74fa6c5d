/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin of the decoded and the pointed-to: what is decoded is the key of the setting, and a function that is met at
 * run time calls the address it gives. */
#include "specimen.h"

static const unsigned char hidden[] = {
	's' ^ 0x5a, 'e' ^ 0x5a, 'r' ^ 0x5a, 'v' ^ 0x5a, 'e' ^ 0x5a, 'r' ^ 0x5a, '=' ^ 0x5a,
};
static int (*deeds[2])(const char *);

static __attribute__((noinline)) int report(const char *server)
{
	return tell(dial(inet_addr(server), 4507), "state ok\n");
}

int main(int argc, char **argv)
{
	char key[sizeof(hidden) + 1], server[64];
	size_t i;
	(void)argv;
	for (i = 0; i < sizeof(hidden); i++)
		key[i] = (char)(hidden[i] ^ 0x5a);
	key[i] = 0;
	deeds[0] = deeds[1] = report;
	return setting(key, server, sizeof(server)) ? deeds[argc & 1](server) : 2;
}
