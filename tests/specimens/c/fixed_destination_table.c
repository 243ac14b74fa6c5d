/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-destination: one of a table, by the model's number. */
#include "specimen.h"

static const struct {
	const char *model, *address;
	uint16_t port;
} centers[] = {
	{ "A1", "198.51.100.101", 4504 },
	{ "A2", "198.51.100.102", 4505 },
	{ "B1", "198.51.100.103", 4506 },
};

int main(int argc, char **argv)
{
	size_t i;
	for (i = 0; i < 3; i++)
		if (argc > 1 && strcmp(argv[1], centers[i].model) == 0)
			return tell(dial(inet_addr(centers[i].address), centers[i].port), "state ok\n");
	return 2;
}
