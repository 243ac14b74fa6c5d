/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same calls: the name is one of a list, the text stands behind a format, the path is the program's own. */
#include "specimen.h"

#include <syslog.h>

int main(void)
{
	static const char *const known[] = { "trend", "alarm", "event" };
	char path[160];
	const char *query = getenv("QUERY_STRING");
	for (size_t i = 0; query && i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(query, known[i]) != 0)
			continue;
		snprintf(path, sizeof(path), "/data/reports/%s", query);
		FILE *f = fopen(path, "w");
		if (f)
			fclose(f);
	}
	syslog(LOG_INFO, "asked for %s", query ? query : "nothing");
	FILE *log = fopen("/var/log/requests", "a");
	if (log) {
		fprintf(log, "%s\n", query ? query : "");
		fclose(log);
	}
	return 0;
}
