/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin that has a list of its own of the characters that may pass. */
#include "specimen.h"

static const unsigned char passes[256] = {
	['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1,
	['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['.'] = 1, ['-'] = 1,
};

int main(void)
{
	char command[128], *request = getenv("QUERY_STRING"), *host = request ? strstr(request, "host=") : NULL;
	if (!host)
		return 1;
	host += 5;
	for (const char *p = host; *p; p++)
		if (!passes[(unsigned char)*p])
			return 1;
	snprintf(command, sizeof(command), "nslookup %s", host);
	return system(command);
}
