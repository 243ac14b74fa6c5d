/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of scenarios, and how one becomes a capture. */
#include "lab/scenario.h"

#include <string.h>

#define SCENARIO(name) extern const struct scenario scenario_##name;
#include "lab/scenario.def"
#undef SCENARIO

const struct scenario *const scenarios[] = {
#define SCENARIO(name) &scenario_##name,
#include "lab/scenario.def"
#undef SCENARIO
	NULL,
};

enum { CAPTURE_CAP = 1 << 30, HOURS_MAX = 24 * 7 };

const struct scenario *scenario_find(const char *name)
{
	for (size_t i = 0; scenarios[i]; i++)
		if (!strcmp(scenarios[i]->name, name))
			return scenarios[i];
	return NULL;
}

struct net *scenario_tell(const struct scenario *s, uint64_t seed, double hours)
{
	if (!(hours >= s->hours))
		hours = s->hours;
	if (hours > HOURS_MAX)
		hours = HOURS_MAX;
	struct net *n = net_new(seed, SCENARIO_START, (uint64_t)(hours * 3600) * SECOND, CAPTURE_CAP);
	s->make(n);
	return n;
}

int scenario_write(const struct scenario *s, uint64_t seed, double hours, FILE *out)
{
	char comment[256];
	struct net *n = scenario_tell(s, seed, hours);
	snprintf(comment, sizeof(comment),
		 "Synthetic capture, no real device and no real patient: auscult lab scenario %s, "
		 "seed %llu", s->name, (unsigned long long)seed);
	int err = tape_write(&n->tape, out, comment);
	net_free(n);
	return err;
}
