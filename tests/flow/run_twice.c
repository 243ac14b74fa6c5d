/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two commands, the second when the first one went well. Never executed natively. */
#include <stdlib.h>

int main(void)
{
	if (system("mount -t nfs -o nolock 192.0.2.119:/pm /mnt") != 0)
		return 1;
	return system("cp -r /mnt/bin /opt");
}
