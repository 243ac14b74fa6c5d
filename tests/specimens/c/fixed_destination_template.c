/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-destination: a sockaddr that stands ready in the data. */
#include "specimen.h"

static const unsigned char ready[16] = { 0, 0, 0x11, 0x96, 203, 0, 113, 44 };    /* 203.0.113.44:4502 */

int main(void)
{
	struct sockaddr_in to;
	memcpy(&to, ready, sizeof(to));
	to.sin_family = AF_INET;
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof(to)) < 0)
		return 1;
	return tell(s, "state ok\n");
}
