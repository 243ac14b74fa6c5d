/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.interface-forced: the same by command. */
#include "specimen.h"

int main(void)
{
	return system("ifconfig eth0 up");
}
