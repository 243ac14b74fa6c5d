/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.unverified-update: fetched in clear, made executable, run. */
#include "specimen.h"

int main(void)
{
	if (system("wget -q -O /tmp/update http://198.51.100.40/fw/update.bin") != 0)
		return 1;
	chmod("/tmp/update", 0755);
	return execl("/tmp/update", "update", "--now", (char *)NULL);
}
