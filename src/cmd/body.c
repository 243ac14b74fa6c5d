/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading bodies with jansson. */
#include "cmd/body.h"

#include "base/utf8.h"
#include "cmd/site.h"

bool body_store(const struct args *a, const char *dir, struct store **out)
{
	char path[STORE_PATH], err[STORE_ERR] = "";
	site_default_dir(path);
	if (store_open(dir ? dir : path, true, out, err) == 0)
		return true;
	log_error(&a->log, "%s", err);
	return false;
}

json_t *body_parse(const char *text)
{
	json_t *j = json_loads(text, JSON_ALLOW_NUL, NULL);
	if (json_is_object(j))
		return j;
	json_decref(j);
	return NULL;
}

json_t *body_at(json_t *body, const char *path)
{
	while (*path && body) {
		char name[64];
		size_t n = strcspn(path, ".");
		if (n >= sizeof(name))
			return NULL;
		memcpy(name, path, n);
		name[n] = '\0';
		body = json_object_get(body, name);
		path += n + (path[n] == '.');
	}
	return body;
}

const char *body_text(json_t *body, const char *path)
{
	const char *text = json_string_value(body_at(body, path));
	return text ? text : "";
}

/* "2026-03-01T12:00:00.123456789Z" without its fraction; any other text as it is. */
static void show_string(struct buf *b, const char *text)
{
	size_t n = strlen(text);
	bool is_time = n == 30 && text[4] == '-' && text[10] == 'T' && text[19] == '.' && text[29] == 'Z';
	buf_bytes(b, span_of(text, is_time ? 19 : n));
	if (is_time)
		buf_text(b, "Z");
}

void body_show(struct buf *b, json_t *v)
{
	size_t i;
	json_t *item;
	if (json_is_string(v))
		show_string(b, json_string_value(v));
	else if (json_is_integer(v))
		buf_printf(b, "%lld", (long long)json_integer_value(v));
	else if (json_is_real(v))
		buf_printf(b, "%g", json_real_value(v));
	else if (json_is_boolean(v))
		buf_text(b, json_is_true(v) ? "yes" : "no");
	json_array_foreach(v, i, item) {
		if (i)
			buf_text(b, ", ");
		body_show(b, item);
	}
}

bool body_has(json_t *list, const char *text)
{
	size_t i;
	json_t *item;
	json_array_foreach(list, i, item)
		if (json_is_string(item) && strcasecmp(json_string_value(item), text) == 0)
			return true;
	return false;
}

enum severity body_severity(json_t *body)
{
	enum severity s = SEV_INFO;
	severity_parse(span_str(body_text(body, "severity")), &s);
	return s;
}

struct layout body_layout(const char *color)
{
	return (struct layout){ .colour = show_color(color, STDOUT_FILENO), .utf8 = show_locale_utf8() };
}
