/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A private and a loopback address. */
#include "specimen.h"

int main(void)
{
	int s = dial(inet_addr("127.0.0.1"), 8080);
	if (s < 0)
		s = dial(inet_addr("10.0.0.1"), 8080);
	return tell(s, "state ok\n");
}
