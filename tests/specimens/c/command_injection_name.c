/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A page of a web server: the parameter is found by its name, and put into a command as it came. */
#include "specimen.h"

int main(void)
{
	char command[128], *request = getenv("QUERY_STRING"), *host = request ? strstr(request, "host=") : NULL;
	if (!host)
		return 1;
	host += 5;
	host[strcspn(host, "&")] = 0;
	snprintf(command, sizeof(command), "nslookup %s", host);
	return system(command);
}
