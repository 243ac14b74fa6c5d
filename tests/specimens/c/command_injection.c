/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.command-injection: a web request's text reaches a shell. */
#include "specimen.h"

int main(void)
{
	char line[160];
	const char *query = getenv("QUERY_STRING");
	if (!query)
		return 1;
	snprintf(line, sizeof(line), "ping -c 1 %s > /tmp/ping.txt", query);
	return system(line);
}
