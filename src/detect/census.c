/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device records, for the rules that compare with the baseline. */
#include "detect/census.h"

#include "base/scope.h"

bool census_of(const struct run *d, const struct record *r, struct census *out)
{
	const int *col = d->col;
	*out = (struct census){
		.id = record_get_text(r, (unsigned)col[CENSUS_ID]), .role = record_get_text(r, (unsigned)col[CENSUS_ROLE]),
		.medical = record_get_uint(r, (unsigned)col[CENSUS_MEDICAL]) != 0,
		.first = record_get_uint(r, (unsigned)col[CENSUS_FIRST]), .last = record_get_uint(r, (unsigned)col[CENSUS_LAST]),
	};
	if (record_has(r, (unsigned)col[CENSUS_MAC]))
		out->mac = r->v[col[CENSUS_MAC]].mac;
	if (record_has(r, (unsigned)col[CENSUS_ADDRESSES])) {
		struct texts t = r->v[col[CENSUS_ADDRESSES]].texts;
		char text[ADDR_TEXT];
		struct span latest = t.n ? t.v[t.n - 1] : (struct span){ 0 };
		snprintf(text, sizeof(text), "%.*s", (int)(latest.n < ADDR_TEXT ? latest.n : 0), (const char *)latest.p);
		if (!addr_parse(text, &out->addr))
			out->addr = (struct addr){ 0 };
	}
	out->device = detect_by_card(d, out->mac);
	if (out->device == DEVICE_NONE && out->addr.family)
		out->device = device_by_addr(d->devices, out->addr);
	return out->id.n > 0;
}

bool census_read(const struct run *d, const struct record *r, struct census *out)
{
	return baseline_count(detect_baseline(d)) && census_of(d, r, out);
}
