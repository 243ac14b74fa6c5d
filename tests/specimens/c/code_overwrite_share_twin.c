/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin with the same calls: the network as the settings say, their share, and a signature before anything
 * is copied. */
#include "specimen.h"

int main(void)
{
	char wanted[16], share[96], line[160];
	if (!setting("network=", wanted, sizeof(wanted)) || strcmp(wanted, "yes") != 0 ||
	    !setting("share=", share, sizeof(share)))
		return 2;
	system("ifconfig eth0 up");
	snprintf(line, sizeof(line), "mount -o ro,nolock -t nfs %s /mnt", share);
	if (system(line) != 0)
		return 1;
	if (system("openssl dgst -sha256 -verify /etc/update.pub -signature /mnt/list.sig /mnt/list") != 0 ||
	    system("cd /mnt && sha256sum -c list") != 0)
		return 1;
	system("cp -rf /mnt/* /opt/bin");
	system("umount /mnt");
	return system("/opt/bin/monitor &");
}
