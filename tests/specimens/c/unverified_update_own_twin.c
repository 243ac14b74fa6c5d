/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin with the same calls: the server is a setting, and a signature is looked at before. */
#include "specimen.h"

#include <sys/wait.h>

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

static int run(const char *program, const char *how, const char *what)
{
	int status = 1;
	pid_t child = fork();
	if (child == 0) {
		execlp(program, program, how, what, "-C", "/opt", (char *)0);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return status;
}

int main(void)
{
	char server[64];
	if (!setting("server=", server, sizeof(server)) || fetch(server, "/tmp/app.tgz") < 0)
		return 1;
	if (run("gpgv", "/etc/app.sig", "/tmp/app.tgz") != 0)
		return 1;
	run("tar", "xzf", "/tmp/app.tgz");
	return run("/opt/setup", "-q", "-y");
}
