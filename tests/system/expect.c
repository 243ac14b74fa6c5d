/* SPDX-License-Identifier: GPL-2.0-or-later */
/* expect FILE: reads `auscult watch --jsonl` or `inspect --jsonl` on standard input and compares its findings with
 * FILE, an expected.json as tests/golden/lab/README.md describes. Says each difference; exits 0 when there is none. */
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FINDINGS_MAX = 4096, DEVICES_MAX = 256 };

struct found {
	json_t *finding[FINDINGS_MAX];
	bool met[FINDINGS_MAX];
	size_t n;
	bool ended;                              /* something was read at all */
};

static const char *text_of(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	return s ? s : "";
}

static bool has_text(json_t *list, const char *text)
{
	size_t i;
	json_t *one;
	json_array_foreach(list, i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), text))
			return true;
	return false;
}

static bool scalar_holds(json_t *found, json_t *wanted)
{
	if (json_is_number(wanted) && json_is_string(found))
		return fabs(strtod(json_string_value(found), NULL) - json_number_value(wanted)) < 1e-9;
	if (json_is_number(wanted))
		return json_is_number(found) && fabs(json_number_value(found) - json_number_value(wanted)) < 1e-9;
	if (json_is_string(wanted))
		return json_is_string(found) && strstr(json_string_value(found), json_string_value(wanted));
	return json_equal(found, wanted);
}

/* One level of lists and records is all that `observed` has. */
static bool record_holds(json_t *found, json_t *wanted)
{
	const char *key;
	json_t *value;
	json_object_foreach(wanted, key, value)
		if (!scalar_holds(json_object_get(found, key), value))
			return false;
	return true;
}

static bool list_holds(json_t *found, json_t *wanted)
{
	size_t i, k;
	json_t *want, *have;
	json_array_foreach(wanted, i, want) {
		bool hit = false;
		json_array_foreach(found, k, have)
			hit |= json_is_object(want) ? record_holds(have, want) : scalar_holds(have, want);
		if (!hit)
			return false;
	}
	return true;
}

static bool observed_holds(json_t *found, json_t *wanted)
{
	const char *key;
	json_t *value;
	json_object_foreach(wanted, key, value) {
		json_t *have = json_object_get(found, key);
		if (!have || !(json_is_array(value) ? list_holds(have, value) : scalar_holds(have, value)))
			return false;
	}
	return true;
}

static bool meets(json_t *finding, json_t *entry)
{
	return !strcmp(text_of(finding, "rule"), text_of(entry, "rule")) &&
	       has_text(json_object_get(entry, "severity"), text_of(finding, "severity")) &&
	       has_text(json_object_get(entry, "scope"), text_of(finding, "scope")) &&
	       observed_holds(json_object_get(finding, "observed"), json_object_get(entry, "observed"));
}

static size_t count_devices(struct found *f, json_t *entry)
{
	const char *seen[DEVICES_MAX];
	size_t n = 0;
	for (size_t i = 0; i < f->n; i++) {
		if (!meets(f->finding[i], entry))
			continue;
		f->met[i] = true;
		const char *id = text_of(json_object_get(f->finding[i], "device"), "id");
		size_t k = 0;
		while (k < n && strcmp(seen[k], id) != 0)
			k++;
		if (k == n && n < DEVICES_MAX)
			seen[n++] = id;
	}
	return n;
}

static void say(const char *what, json_t *value)
{
	char *s = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	printf("# %s %s\n", what, s ? s : "?");
	free(s);
}

static int check_wanted(struct found *f, json_t *entries)
{
	int wrong = 0;
	size_t i;
	json_t *entry;
	json_array_foreach(entries, i, entry) {
		json_t *devices = json_object_get(entry, "devices");
		bool range = json_is_array(devices);
		json_int_t least = json_integer_value(range ? json_array_get(devices, 0) : devices);
		json_int_t most = json_integer_value(range ? json_array_get(devices, 1) : devices);
		size_t n = count_devices(f, entry);
		if ((json_int_t)n >= least && (json_int_t)n <= most)
			continue;
		wrong++;
		printf("# met by %zu devices:\n", n);
		say("expected", entry);
	}
	return wrong;
}

static int check_surplus(struct found *f)
{
	int wrong = 0;
	for (size_t i = 0; i < f->n; i++) {
		if (f->met[i])
			continue;
		wrong++;
		printf("# not expected: %s %s scope %s: %s\n", text_of(f->finding[i], "rule"),
		       text_of(f->finding[i], "severity"),
		       text_of(f->finding[i], "scope"), text_of(f->finding[i], "title"));
		say("observed", json_object_get(f->finding[i], "observed"));
	}
	return wrong;
}

/* Returns false on a line that is no JSON. */
static bool read_findings(struct found *f, FILE *in)
{
	char *line = NULL;
	size_t size = 0;
	bool ok = true;
	while (ok && getline(&line, &size, in) > 0) {
		json_t *r = json_loads(line, 0, NULL);
		const char *kind = text_of(r, "kind");
		ok = r != NULL;
		f->ended |= !strcmp(kind, "health") || !strcmp(kind, "inspection");
		if (!strcmp(kind, "finding") && f->n < FINDINGS_MAX)
			f->finding[f->n++] = r;
		else
			json_decref(r);
	}
	free(line);
	return ok;
}

int main(int argc, char **argv)
{
	static struct found f;
	json_error_t error;
	json_t *expected = argc == 2 ? json_load_file(argv[1], 0, &error) : NULL;
	if (!json_is_array(json_object_get(expected, "findings"))) {
		fprintf(stderr, "usage: expect EXPECTED.json <findings.jsonl\n");
		return 2;
	}
	int wrong = 0;
	if (!read_findings(&f, stdin) || !f.ended) {
		printf("# the output is not whole: a line that is no JSON, or no health or inspection record\n");
		wrong++;
	}
	wrong += check_wanted(&f, json_object_get(expected, "findings"));
	size_t i;
	json_t *entry;
	json_array_foreach(json_object_get(expected, "may"), i, entry)
		count_devices(&f, entry);
	wrong += check_surplus(&f);
	for (size_t k = 0; k < f.n; k++)
		json_decref(f.finding[k]);
	json_decref(expected);
	return wrong ? 1 : 0;
}
