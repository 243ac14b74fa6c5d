/* SPDX-License-Identifier: GPL-2.0-or-later */
/* expect_specimens EXPECTED.tsv VARIANT NAME...: reads `auscult inspect --jsonl` on standard input and compares
 * its findings with the lines of EXPECTED.tsv for the specimens named; tests/specimens/README.md has the format.
 * A TAP line a specimen; exits 1 when one is wrong. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FINDINGS_MAX = 8192, LINES_MAX = 512, COLUMNS = 5 };

struct line {
	char *text, *column[COLUMNS];            /* specimen, rule, least, most, observed */
};

struct job {
	json_t *finding[FINDINGS_MAX];
	struct line line[LINES_MAX];
	size_t nfindings, nlines;
	const char *variant;                     /* the folder that was inspected */
};

static const char *const levels[] = { "info", "low", "medium", "high", "critical", NULL };

static int level(const char *name)
{
	for (int i = 0; levels[i]; i++)
		if (!strcmp(levels[i], name))
			return i;
	return -1;
}

static const char *text_of(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	return s ? s : "";
}

/* The file a finding is about: by its path's last part, or by folder and path. */
static bool is_about(const struct job *j, json_t *finding, const char *specimen)
{
	size_t folder = strlen(j->variant);
	const char *member = text_of(json_object_get(finding, "observed"), "member");
	if (!*member)
		member = text_of(json_object_get(finding, "device"), "member");
	if (!*member)
		member = text_of(json_object_get(finding, "device"), "name");
	if (!strncmp(specimen, j->variant, folder) && specimen[folder] == '/')
		return !strcmp(member, specimen + folder + 1) || !strcmp(member, specimen);
	const char *slash = strrchr(member, '/');
	return !strcmp(slash ? slash + 1 : member, specimen);
}

static bool value_holds(json_t *have, const char *want)
{
	if (json_is_string(have))
		return strstr(json_string_value(have), want) != NULL;
	if (json_is_number(have)) {
		char *end;
		double v = strtod(want, &end);
		return *want && !*end && json_number_value(have) >= v && json_number_value(have) <= v;
	}
	size_t i;
	json_t *one;
	json_array_foreach(have, i, one)
		if (value_holds(one, want))
			return true;
	return false;
}

/* "key=value,key=value" all stand in the finding's observed. */
static bool observed_holds(json_t *finding, const char *wanted)
{
	char key[64], value[160];
	int used;
	for (; sscanf(wanted, "%63[^=]=%159[^,]%n", key, value, &used) == 2; wanted += *wanted == ',') {
		if (!value_holds(json_object_get(json_object_get(finding, "observed"), key), value))
			return false;
		wanted += used;
	}
	return true;
}

static bool meets(const struct job *j, json_t *finding, const struct line *l)
{
	int v = level(text_of(finding, "severity"));
	return is_about(j, finding, l->column[0]) && !strcmp(text_of(finding, "rule"), l->column[1]) &&
	       v >= level(l->column[2]) && v <= level(l->column[3]) && observed_holds(finding, l->column[4]);
}

static int check_wanted(const struct job *j, const struct line *l)
{
	for (size_t i = 0; i < j->nfindings; i++)
		if (meets(j, j->finding[i], l))
			return 0;
	printf("# %s: no finding %s of %s to %s with %s\n", l->column[0], l->column[1], l->column[2], l->column[3],
	       l->column[4]);
	return 1;
}

/* The highest severity at which a rule may be found in a specimen without being wished for. */
static int most_allowed(const struct job *j, const char *specimen, const char *rule)
{
	int most = 1;
	for (size_t i = 0; i < j->nlines; i++) {
		char *const *c = j->line[i].column;
		if (strcmp(c[0], specimen) != 0)
			continue;
		if (c[1][0] == '!')
			return level(c[3]);
		if (!strcmp(c[1] + (c[1][0] == '?'), rule))
			most = 4;
	}
	return most;
}

static int check_surplus(const struct job *j, const char *specimen)
{
	int wrong = 0;
	for (size_t i = 0; i < j->nfindings; i++) {
		json_t *f = j->finding[i];
		if (!is_about(j, f, specimen) || level(text_of(f, "severity")) <= most_allowed(j, specimen, text_of(f, "rule")))
			continue;
		wrong++;
		printf("# %s: not expected: %s %s: %s\n", specimen, text_of(f, "rule"), text_of(f, "severity"),
		       text_of(f, "title"));
	}
	return wrong;
}

/* Why this specimen is known to be missed in this variant; NULL: it is not. */
static const char *known_miss(const struct job *j, const char *specimen)
{
	for (size_t i = 0; i < j->nlines; i++) {
		char *const *c = j->line[i].column;
		const char *at = !strcmp(c[0], specimen) && c[1][0] == '~' ? strstr(c[1], j->variant) : NULL;
		size_t n = strlen(j->variant);
		bool is_whole = at && (at[-1] == '~' || at[-1] == ',') && (at[n] == ',' || !at[n]);
		if (is_whole || (!strcmp(c[0], specimen) && !strcmp(c[1], "~*")))
			return c[4];
	}
	return NULL;
}

static int check(const struct job *j, const char *specimen)
{
	int wrong = 0;
	bool is_known = false;
	for (size_t i = 0; i < j->nlines; i++) {
		if (strcmp(j->line[i].column[0], specimen) != 0)
			continue;
		is_known = true;
		if (j->line[i].column[1][0] == 'f')
			wrong += check_wanted(j, &j->line[i]);
	}
	if (!is_known) {
		printf("# %s stands in no line of the expectations\n", specimen);
		wrong++;
	}
	wrong += check_surplus(j, specimen);
	const char *miss = known_miss(j, specimen);
	printf("%s - %s: %s%s%s\n", wrong ? "not ok" : "ok", j->variant, specimen, miss && wrong ? " # TODO " : "",
	       miss && wrong ? miss : "");
	return !miss && wrong;
}

static bool read_lines(struct job *j, const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = fopen(path, "r");
	bool ok = f != NULL;
	while (ok && getline(&text, &size, f) > 0) {
		struct line *l = &j->line[j->nlines];
		if (text[0] == '#' || text[0] == '\n')
			continue;
		char *rest = l->text = strdup(text);
		rest[strcspn(rest, "\n")] = 0;
		for (int i = 0; i < COLUMNS; i++)
			l->column[i] = strsep(&rest, "\t");
		bool is_range = l->column[1] && l->column[1][0] != '?' && l->column[1][0] != '~';
		ok = l->column[COLUMNS - 1] && !rest && ++j->nlines < LINES_MAX &&
		     (!is_range || (level(l->column[2]) >= 0 && level(l->column[3]) >= level(l->column[2])));
		if (!ok)
			fprintf(stderr, "expect_specimens: %s: bad line: %s", path, text);
	}
	free(text);
	if (f)
		fclose(f);
	return ok;
}

static bool read_findings(struct job *j, FILE *in)
{
	char *line = NULL;
	size_t size = 0;
	bool ok = true;
	while (ok && getline(&line, &size, in) > 0) {
		json_t *r = json_loads(line, 0, NULL);
		ok = r != NULL;
		if (ok && !strcmp(text_of(r, "kind"), "finding") && j->nfindings < FINDINGS_MAX)
			j->finding[j->nfindings++] = r;
		else
			json_decref(r);
	}
	free(line);
	return ok;
}

int main(int argc, char **argv)
{
	static struct job j;
	int wrong = 0;
	if (argc < 4 || !read_lines(&j, argv[1])) {
		fprintf(stderr, "usage: expect_specimens EXPECTED.tsv VARIANT NAME... <inspect.jsonl\n");
		return 2;
	}
	j.variant = argv[2];
	if (!read_findings(&j, stdin)) {
		printf("# %s: the output holds a line that is no JSON\n", argv[2]);
		wrong++;
	}
	for (int i = 3; i < argc; i++)
		wrong += check(&j, argv[i]);
	for (size_t i = 0; i < j.nfindings; i++)
		json_decref(j.finding[i]);
	for (size_t i = 0; i < j.nlines; i++)
		free(j.line[i].text);
	return wrong ? 1 : 0;
}
