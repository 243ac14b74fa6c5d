/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-credential: user and password put together into a command line. */
#include "specimen.h"

static __attribute__((noinline)) int fetch(const char *user, const char *first, int second, const char *host)
{
	char line[200];
	snprintf(line, sizeof(line), "curl -s -u %s:%s%d http://%s/conf -o /tmp/conf", user, first, second, host);
	return system(line);
}

int main(void)
{
	return fetch("field", "specimen", 7731, "198.51.100.10");
}
