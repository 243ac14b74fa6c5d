/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: a table of structures, of which a number is looked at before the address. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct site {
	int used, tries;
	const char *address;
	int (*deed)(const char *);
};

static __attribute__((noinline)) int look(const char *a)
{
	return puts(a);
}

static __attribute__((noinline)) int take(const char *a)
{
	char line[160];
	snprintf(line, sizeof(line), "mount -t nfs %s:/data /mnt", a);
	return system(line);
}

static const struct site sites[] = { { 1, 5, "192.0.2.91", look }, { 1, 2, "192.0.2.92", take },
	{ 1, 7, "192.0.2.93", take } };

int main(void)
{
	unsigned char in[4];
	if (recv(socket(AF_INET, SOCK_DGRAM, 0), in, sizeof(in), 0) < 2 || in[1] > 2)
		return 1;
	const struct site *s = &sites[in[1]];
	if (!s->used)
		return 2;
	for (int i = 0; i < s->tries; i++)
		if (s->deed(s->address) == 0)
			return 0;
	return 3;
}
