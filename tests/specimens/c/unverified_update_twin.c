/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: the place from the settings, and a signature between fetching and running. */
#include "specimen.h"

int main(void)
{
	char url[96];
	if (!setting("update_url=", url, sizeof(url)))
		return 2;
	pid_t child = fork();
	if (child == 0) {
		execl("/usr/bin/wget", "wget", "-q", "-O", "/tmp/update", url, (char *)NULL);
		_exit(127);
	}
	if (system("openssl dgst -sha256 -verify /etc/update.pub -signature /tmp/update.sig /tmp/update") != 0)
		return 1;
	chmod("/tmp/update", 0755);
	return execl("/tmp/update", "update", "--now", (char *)NULL);
}
