/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The health record, from the list in health.h. */
#include "track/health.h"

#include <stddef.h>

#include "base/scope.h"

static const struct field fields[HEALTH_FIELDS] = {
	[HEALTH_FIRST] = { "first", F_TIME, "time of the first packet" },
	[HEALTH_LAST] = { "last", F_TIME, "time of the last packet" },
#define X(id, un, dc) [HEALTH_##id] = { .name = #id, .type = F_UINT, .doc = dc, .unit = un },
	HEALTH_COUNTERS(X)
#undef X
	[HEALTH_LINK_TYPES] = { "link_types", F_TEXTS, "link types of the input" },
	[HEALTH_NOT_JUDGED] = { "not_judged", F_TEXTS, "rules that need packets, where only logs were read" },
	[HEALTH_IN_PART] = { "judged_in_part", F_TEXTS, "rules that logs feed only in part" },
	[HEALTH_ZONES] = { "zones", F_TEXT,
			   "which networks count as clinical, the site's and outside, and whether that is a guess" },
	[HEALTH_INPUT_ERROR] = { "input_error", F_TEXT, "why and where the input broke off" },
};
RECORD_TYPE(health_type, "health", "The sensor's own counters: what was read, damaged, unknown or had no room", fields);

static const size_t counters[HEALTH_FIELDS] = {
#define X(id, un, dc) [HEALTH_##id] = offsetof(struct health, id),
	HEALTH_COUNTERS(X)
#undef X
};

void health_time(struct health *h, uint64_t ns)
{
	if (!h->first || ns < h->first)
		h->first = ns;
	if (ns > h->last)
		h->last = ns;
}

void health_link(struct health *h, const char *name)
{
	for (int i = 0; i < HEALTH_LINKS; i++) {
		if (!h->links[i])
			h->links[i] = name;
		if (strcmp(h->links[i], name) == 0)
			return;
	}
}

void health_record(const struct health *h, struct record *r, const struct record_host *host)
{
	record_begin(r, &health_type, NULL, host);
	if (h->first) {
		record_time(r, HEALTH_FIRST, h->first);
		record_time(r, HEALTH_LAST, h->last);
	}
	for (unsigned i = 0; i < HEALTH_FIELDS; i++)
		if (fields[i].type == F_UINT) {
			uint64_t v;
			memcpy(&v, (const char *)h + counters[i], sizeof(v));
			record_uint(r, i, v);
		}
	for (int i = 0; i < HEALTH_LINKS && h->links[i]; i++)
		record_add_text(r, HEALTH_LINK_TYPES, span_str(h->links[i]));
	for (int i = 0; i < HEALTH_RULES && h->not_judged[i]; i++)
		record_add_text(r, HEALTH_NOT_JUDGED, span_str(h->not_judged[i]));
	for (int i = 0; i < HEALTH_RULES && h->in_part[i]; i++)
		record_add_text(r, HEALTH_IN_PART, span_str(h->in_part[i]));
	record_str(r, HEALTH_ZONES, h->zones);
	record_str(r, HEALTH_INPUT_ERROR, h->input_error);
}
