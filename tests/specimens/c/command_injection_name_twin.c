/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin with the same calls: each character is looked at before. */
#include "specimen.h"

#include <ctype.h>

int main(void)
{
	char command[128], *request = getenv("QUERY_STRING"), *host = request ? strstr(request, "host=") : NULL;
	if (!host)
		return 1;
	host += 5;
	host[strcspn(host, "&")] = 0;
	for (const char *p = host; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '.')
			return 1;
	snprintf(command, sizeof(command), "nslookup %s", host);
	return system(command);
}
