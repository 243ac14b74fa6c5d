/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.command-injection: a page of a table of pages gives the request's body to popen(). */
#include "specimen.h"

static __attribute__((noinline)) int status(const char *text)
{
	(void)text;
	return puts("ok") < 0;
}

static __attribute__((noinline)) int trace(const char *text)
{
	char line[200];
	strcpy(line, "traceroute ");
	strncat(line, text, sizeof(line) - strlen(line) - 1);
	FILE *out = popen(line, "r");
	return out ? pclose(out) : 1;
}

static const struct {
	const char *path;
	int (*page)(const char *);
} pages[] = { { "/status", status }, { "/trace", trace } };

int main(void)
{
	char body[128];
	size_t i;
	const char *path = getenv("PATH_INFO"), *length = getenv("CONTENT_LENGTH");
	if (!path || !length || !fgets(body, sizeof(body), stdin))
		return 1;
	for (i = 0; i < 2; i++)
		if (strcmp(path, pages[i].path) == 0)
			return pages[i].page(body);
	return 1;
}
