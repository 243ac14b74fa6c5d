/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ids are picked out of the files by their form; nothing of the files is parsed here. */
#include "cmd/foretold.h"

#include <jansson.h>
#include <stdio.h>

enum { ID_TEXT = 12 };                           /* "F-" and ten hexadecimal digits */

static bool is_id(struct span s)
{
	if (s.n < ID_TEXT || !span_starts(s, SPAN_LIT("F-")))
		return false;
	for (size_t i = 2; i < ID_TEXT; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return true;
}

static bool take_case(void *to, const char *json)
{
	struct foretold *f = to;
	json_t *body = json_loads(json, 0, NULL);
	const char *in_case = json_string_value(json_object_get(body, "case"));
	if (in_case)
		snprintf(f->in_case, sizeof(f->in_case), "%s", in_case);
	json_decref(body);
	return false;                            /* one is enough */
}

static bool is_known(const struct foretold *v, size_t n, const char *finding)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].finding, finding) == 0)
			return true;
	return false;
}

static size_t find_one(struct store *s, struct span id, struct foretold *v, size_t n)
{
	struct foretold f = { .in_case = "" };
	snprintf(f.finding, sizeof(f.finding), "%.*s", ID_TEXT, (const char *)id.p);
	const struct query q = { .kind = "finding", .id = f.finding, .min_severity = -1, .limit = 1 };
	if (is_known(v, n, f.finding) || store_ask(s, &q, take_case, &f) < 0 || !f.in_case[0])
		return n;
	v[n] = f;
	return n + 1;
}

size_t foretold_find(struct store *s, const struct span *files, size_t n, struct foretold out[FORETOLD_MAX])
{
	size_t found = 0;
	for (size_t i = 0; i < n; i++) {
		struct span left = files[i];
		while (left.n && found < FORETOLD_MAX) {
			const uint8_t *p = memmem(left.p, left.n, "F-", 2);
			if (!p)
				break;
			left = span_from(left, (size_t)(p - left.p));
			if (is_id(left))
				found = find_one(s, left, out, found);
			left = span_from(left, 2);
		}
	}
	return found;
}
