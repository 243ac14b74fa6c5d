/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-destination: decoded at run time; "198.51.100.77" XOR 0x5a. */
#include "specimen.h"

static const unsigned char hidden[] = {
	0x6b, 0x63, 0x62, 0x74, 0x6f, 0x6b, 0x74, 0x6b, 0x6a, 0x6a, 0x74, 0x6d, 0x6d,
};

static __attribute__((noinline)) void reveal(char *out)
{
	size_t i;
	for (i = 0; i < sizeof(hidden); i++)
		out[i] = (char)(hidden[i] ^ 0x5a);
	out[i] = 0;
}

int main(void)
{
	char text[20];
	reveal(text);
	return tell(dial(inet_addr(text), 4503), "state ok\n");
}
