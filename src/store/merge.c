/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device seen on Monday and again on Tuesday is one row: this joins their bodies. */
#include <jansson.h>
#include <stdlib.h>

#include "store/sqlite.h"

enum { LIST_MAX = 256 };                         /* elements kept of each list: what strangers say is bounded */

/* Elements that say the same: texts that are equal, objects whose texts are (their counters differ). */
static bool same_thing(json_t *a, json_t *b)
{
	if (!json_is_object(a) || !json_is_object(b))
		return json_equal(a, b);
	const char *name;
	json_t *v;
	json_object_foreach(a, name, v) {
		json_t *other = json_object_get(b, name);
		if (json_is_string(v) && (!other || !json_equal(v, other)))
			return false;
	}
	return true;
}

static bool in_list(json_t *list, json_t *v)
{
	size_t i;
	json_t *other;
	json_array_foreach(list, i, other)
		if (same_thing(v, other))
			return true;
	return false;
}

/* The new list, then what only the old one had. */
static void unite(json_t *now, json_t *old)
{
	size_t i;
	json_t *v;
	json_array_foreach(old, i, v)
		if (json_array_size(now) < LIST_MAX && !in_list(now, v))
			json_array_append(now, v);
}

static bool old_is_graver(const char *old, const char *now)
{
	enum severity a, b;
	return severity_parse(span_str(old), &a) && severity_parse(span_str(now), &b) && a > b;
}

/* True when the old text stays: times of nine digits sort as text. */
static bool keep_old(const char *name, const char *old, const char *now)
{
	if (strcmp(name, "first") == 0)
		return strcmp(old, now) < 0;
	if (strcmp(name, "last") == 0)
		return strcmp(old, now) > 0;
	if (strcmp(name, "state") == 0)          /* seen once stays seen */
		return strcmp(now, "predicted") == 0 && strcmp(old, "predicted") != 0;
	return strcmp(name, "severity") == 0 && old_is_graver(old, now);
}

static void join(json_t *now, json_t *old)
{
	const char *name;
	json_t *was;
	json_object_foreach(old, name, was) {
		json_t *is = json_object_get(now, name);
		if (!is)
			json_object_set(now, name, was);
		else if (json_is_array(is) && json_is_array(was))
			unite(is, was);
		else if (json_is_string(is) && json_is_string(was) &&
			 keep_old(name, json_string_value(was), json_string_value(is)))
			json_object_set(now, name, was);
	}
}

bool merge_bodies(struct span old_text, struct span now_text, struct buf *out)
{
	json_t *old = json_loadb((const char *)old_text.p, old_text.n, JSON_ALLOW_NUL, NULL);
	json_t *now = json_loadb((const char *)now_text.p, now_text.n, JSON_ALLOW_NUL, NULL);
	char *text = NULL;
	if (json_is_object(old) && json_is_object(now)) {
		join(now, old);
		text = json_dumps(now, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
	}
	json_decref(old);
	json_decref(now);
	if (!text)
		return false;
	buf_reset(out);
	buf_text(out, text);
	free(text);
	return true;
}
