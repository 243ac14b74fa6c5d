/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A page of a web server: blanks are taken away, and what cannot be printed is refused; neither keeps a shell's own
 * characters out. */
#include "specimen.h"

#include <ctype.h>

static char *trimmed(char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	for (char *end = s + strlen(s); end > s && isspace((unsigned char)end[-1]);)
		*--end = 0;
	return s;
}

int main(void)
{
	char command[128], *request = getenv("QUERY_STRING"), *host = request ? strstr(request, "host=") : NULL;
	if (!host)
		return 1;
	host = trimmed(host + 5);
	for (const char *p = host; *p; p++)
		if (!isprint((unsigned char)*p))
			return 1;
	snprintf(command, sizeof(command), "nslookup %s", host);
	return system(command);
}
