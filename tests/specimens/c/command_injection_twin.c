/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: the text must be an address, and no shell sees it. */
#include "specimen.h"

int main(void)
{
	struct in_addr a;
	char text[INET_ADDRSTRLEN];
	const char *query = getenv("QUERY_STRING");
	if (!query || inet_pton(AF_INET, query, &a) != 1 || !inet_ntop(AF_INET, &a, text, sizeof(text)))
		return 1;
	return execl("/bin/ping", "ping", "-c", "1", text, (char *)NULL);
}
