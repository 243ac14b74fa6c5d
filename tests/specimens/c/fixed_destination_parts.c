/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-destination: four numbers become text become an address. */
#include "specimen.h"

static int octets[4] = { 198, 51, 100, 23 };

int main(void)
{
	char text[20];
	snprintf(text, sizeof(text), "%d.%d.%d.%d", octets[0], octets[1], octets[2], octets[3]);
	return tell(dial(inet_addr(text), 4501), "state ok\n");
}
