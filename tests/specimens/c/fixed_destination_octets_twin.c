/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The benign twin of addresses that are masked: the masked octets come from a file. */
#include "specimen.h"

int main(void)
{
	unsigned char masked[6];
	uint32_t address = 0;
	int f = open("/data/peer", O_RDONLY);
	if (f < 0 || read(f, masked, sizeof(masked)) != sizeof(masked))
		return 1;
	for (int i = 0; i < 4; i++)
		address = address << 8 | (uint8_t)(masked[i] >> 4 | masked[i] << 4);
	return tell(dial(htonl(address), (uint16_t)(masked[4] << 8 | masked[5])), "state");
}
