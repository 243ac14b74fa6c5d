/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: the benign twin. The same calls, the address from a configuration file. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(void)
{
	char line[128], host[64], command[160];
	unsigned port = 0;
	struct sockaddr_in to = { .sin_family = AF_INET };
	FILE *f = fopen("/etc/monitor.conf", "r");
	if (!f)
		return 1;
	if (!fgets(line, sizeof(line), f) || sscanf(line, "server=%63s port=%u", host, &port) != 2)
		return 1;
	fclose(f);
	to.sin_port = htons((unsigned short)port);
	to.sin_addr.s_addr = inet_addr(host);
	snprintf(command, sizeof(command), "mount -t nfs %s:/data /mnt", host);
	system(command);
	return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof(to));
}
