/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-destination: the address as text. */
#include "specimen.h"

int main(void)
{
	return tell(dial(inet_addr("203.0.113.7"), 4500), "state ok\n");
}
