/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the specimens share. They are inert: addresses of the documentation ranges (RFC 5737), a loader that
 * exists nowhere, a guard that ends a process before main() on every real machine, and no program here is ever
 * run; they exist to be analysed. */
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* No process is its own parent, except in the emulator, which gives one number for both. */
static __attribute__((constructor, used)) void stay_inert(void)
{
	if (getpid() != getppid())
		_exit(64);
}

/* The value of "key=" in the settings file, without its line end; 0 when it is not there. */
static inline int setting(const char *key, char *value, size_t size)
{
	char line[160];
	size_t n = strlen(key);
	FILE *f = fopen("/etc/monitor.conf", "r");
	if (!f)
		return 0;
	int found = 0;
	while (!found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, n) != 0)
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(value, size, "%s", line + n);
		found = 1;
	}
	fclose(f);
	return found;
}

/* A connected TCP socket, or -1. */
static inline int dial(uint32_t address, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	to.sin_addr.s_addr = address;
	to.sin_port = htons(port);
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (s >= 0 && connect(s, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(s);
		return -1;
	}
	return s;
}

static inline int tell(int s, const char *text)
{
	if (s < 0)
		return 1;
	send(s, text, strlen(text), 0);
	close(s);
	return 0;
}
