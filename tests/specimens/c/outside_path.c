/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.outside-text-to-path: a file is written under the name that a web request gives. */
#include "specimen.h"

int main(void)
{
	char path[160];
	const char *query = getenv("QUERY_STRING");
	if (!query)
		return 1;
	snprintf(path, sizeof(path), "/data/reports/%s", query);
	FILE *f = fopen(path, "w");
	if (!f)
		return 1;
	fputs("report\n", f);
	return fclose(f);
}
