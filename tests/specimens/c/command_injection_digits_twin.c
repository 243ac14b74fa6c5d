/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin that lets digits pass alone. */
#include "specimen.h"

#include <ctype.h>

int main(void)
{
	char command[128], *request = getenv("QUERY_STRING"), *port = request ? strstr(request, "port=") : NULL;
	if (!port)
		return 1;
	port += 5;
	for (const char *p = port; *p; p++)
		if (!isdigit((unsigned char)*p))
			return 1;
	snprintf(command, sizeof(command), "portd %s", port);
	return system(command);
}
