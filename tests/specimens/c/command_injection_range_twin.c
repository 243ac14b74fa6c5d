/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin that asks of each character whether it lies between two others. */
#include "specimen.h"

static int passes(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

int main(void)
{
	char command[128], *request = getenv("QUERY_STRING"), *host = request ? strstr(request, "host=") : NULL;
	if (!host)
		return 1;
	host += 5;
	for (const char *p = host; *p; p++)
		if (!passes(*p))
			return 1;
	snprintf(command, sizeof(command), "nslookup %s", host);
	return system(command);
}
