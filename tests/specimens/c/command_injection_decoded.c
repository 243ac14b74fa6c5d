/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A page of a web server: %XX is decoded, which asks for digits and letters but lets everything pass. */
#include "specimen.h"

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

static void decode(char *to, const char *from)
{
	for (; *from; to++) {
		if (*from == '%' && from[1] && from[2]) {
			*to = (char)(nibble(from[1]) * 16 + nibble(from[2]));
			from += 3;
		} else {
			*to = *from == '+' ? ' ' : *from;
			from++;
		}
	}
	*to = 0;
}

int main(void)
{
	char command[128], *request = getenv("QUERY_STRING"), *host = request ? strstr(request, "host=") : NULL;
	if (!host)
		return 1;
	host += 5;
	decode(host, host);
	snprintf(command, sizeof(command), "nslookup %s", host);
	return system(command);
}
