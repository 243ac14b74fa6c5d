/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: only speaks of it. */
#include "specimen.h"

int main(void)
{
	puts("telnetd -l /bin/sh is not part of this product; ask the service department.");
	return 0;
}
