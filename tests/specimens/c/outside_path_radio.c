/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.outside-text-to-path: the name of a wireless network becomes the name of a file (the class of CVE-2022-3027). */
#include "specimen.h"

int main(void)
{
	char line[160], path[240];
	FILE *scan = popen("iwlist wlan0 scan | grep ESSID", "r");
	if (!scan)
		return 1;
	while (fgets(line, sizeof(line), scan)) {
		line[strcspn(line, "\n")] = 0;
		snprintf(path, sizeof(path), "/var/lib/wifi/%s.seen", line);
		int fd = open(path, O_WRONLY | O_CREAT, 0644);
		if (fd >= 0)
			close(fd);
	}
	return pclose(scan);
}
