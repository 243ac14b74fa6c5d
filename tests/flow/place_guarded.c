/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: the settings choose a server of a table of structures by its number. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct site {
	const char *name, *address;
	unsigned short port;
	int tries;
};

static const struct site sites[] = { { "east", "192.0.2.31", 5031, 2 }, { "west", "192.0.2.32", 5032, 3 },
	{ "lab", "192.0.2.33", 5033, 5 } };

int main(void)
{
	char line[64];
	FILE *f = fopen("/etc/monitor.conf", "r");
	if (!f || !fgets(line, sizeof(line), f))
		return 1;
	fclose(f);
	int n = atoi(line);
	if (n < 0 || n >= (int)(sizeof(sites) / sizeof(sites[0])))
		return 2;
	printf("site %s\n", sites[n].name);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(sites[n].port) };
	to.sin_addr.s_addr = inet_addr(sites[n].address);
	int s = socket(AF_INET, SOCK_STREAM, 0);
	return connect(s, (struct sockaddr *)&to, sizeof(to));
}
