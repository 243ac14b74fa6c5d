/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin with the same calls: the text is an address, made anew from four numbers, before a shell sees it. */
#include "specimen.h"

int main(void)
{
	struct in_addr a;
	char line[160], text[INET_ADDRSTRLEN];
	const char *query = getenv("QUERY_STRING");
	if (!query || inet_pton(AF_INET, query, &a) != 1 || !inet_ntop(AF_INET, &a, text, sizeof(text)))
		return 1;
	snprintf(line, sizeof(line), "ping -c 1 %s > /tmp/ping.txt", text);
	return system(line);
}
