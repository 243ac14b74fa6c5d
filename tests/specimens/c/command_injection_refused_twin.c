/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin that refuses what a shell takes for its own, character by character. */
#include "specimen.h"

int main(void)
{
	char command[128], *request = getenv("QUERY_STRING"), *host = request ? strstr(request, "host=") : NULL;
	if (!host)
		return 1;
	host += 5;
	for (const char *p = host; *p; p++) {
		switch (*p) {
		case ';':
		case '|':
		case '&':
		case '`':
		case '$':
		case '<':
		case '>':
		case '\n':
			return 1;
		default:
			break;
		}
	}
	snprintf(command, sizeof(command), "nslookup %s", host);
	return system(command);
}
