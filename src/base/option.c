/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option tables on top of getopt_long, made strict: no abbreviations, no silent repeats of numbers,
 * and a word on what was probably meant. */
#include "base/option.h"

#include <getopt.h>
#include <time.h>

#include "base/utf8.h"

enum { LONG_BASE = 256, HELP_COLUMNS = 96, HELP_DOC = 28, HELP = 1 };

static bool takes_argument(const struct option_spec *o)
{
	return o->type != OPTION_FLAG;
}

/* Edits between two names (insert, delete, replace, swap of neighbours counts two). */
static unsigned distance(const char *a, const char *b)
{
	enum { MAX = 40 };
	unsigned row[MAX + 1];
	size_t na = strlen(a), nb = strlen(b);
	if (na > MAX || nb > MAX)
		return MAX;
	for (unsigned j = 0; j <= nb; j++)
		row[j] = j;
	for (unsigned i = 1; i <= na; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= nb; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb];
}

const char *option_nearest(const char *typed, const char *const *names)
{
	const char *best = NULL;
	unsigned least = 4;
	size_t n = strlen(typed);
	for (; *names; names++) {
		unsigned d = distance(typed, *names);
		if (n >= 3 && strncmp(typed, *names, n) == 0)
			d = 1;                   /* an abbreviation: meant, but not taken */
		if (d < least && d < n + 1) {
			least = d;
			best = *names;
		}
	}
	return best;
}

static unsigned digits(const char **at, unsigned want)
{
	unsigned v = 0;
	for (unsigned i = 0; i < want; i++) {
		if (**at < '0' || **at > '9') {
			*at = "?";
			return 0;
		}
		v = v * 10 + (unsigned)(**at - '0');
		(*at)++;
	}
	return v;
}

static void literal(const char **at, const char *one_of)
{
	if (**at && strchr(one_of, **at))
		(*at)++;
	else
		*at = "?";
}

/* Fraction and zone behind the seconds; false when something else stands there. */
static bool time_tail(const char *at, uint64_t *fraction, int *zone_minutes)
{
	*fraction = 0;
	*zone_minutes = 0;
	if (*at == '.') {
		uint64_t unit = 100000000;
		for (at++; *at >= '0' && *at <= '9'; at++, unit /= 10)
			*fraction += (uint64_t)(*at - '0') * unit;
	}
	if (*at == '+' || *at == '-') {
		int sign = *at++ == '-' ? -1 : 1;
		unsigned h = digits(&at, 2);
		literal(&at, ":");
		*zone_minutes = sign * (int)(h * 60 + digits(&at, 2));
	} else if (*at == 'Z' || *at == 'z') {
		at++;
	}
	return *at == '\0';
}

/* Nine digits at least (1973), or 0: a year alone is no time. */
static bool seconds_text(const char *text, uint64_t *ns)
{
	uint64_t v = 0;
	if (strlen(text) < 9 && strcmp(text, "0") != 0)
		return false;
	for (; *text >= '0' && *text <= '9' && v < UINT64_MAX / 10000000000u; text++)
		v = v * 10 + (uint64_t)(*text - '0');
	*ns = v * 1000000000u;
	return *text == '\0' && v <= 9223372036u;
}

bool option_time(const char *text, uint64_t *ns)
{
	if (*text && strspn(text, "0123456789") == strlen(text))
		return seconds_text(text, ns);
	struct tm tm = { 0 };
	const char *at = text;
	tm.tm_year = (int)digits(&at, 4) - 1900;
	literal(&at, "-");
	tm.tm_mon = (int)digits(&at, 2) - 1;
	literal(&at, "-");
	tm.tm_mday = (int)digits(&at, 2);
	if (*at == 'T' || *at == 't' || *at == ' ') {
		at++;
		tm.tm_hour = (int)digits(&at, 2);
		literal(&at, ":");
		tm.tm_min = (int)digits(&at, 2);
		if (*at == ':') {
			at++;
			tm.tm_sec = (int)digits(&at, 2);
		}
	}
	uint64_t fraction;
	int zone, day = tm.tm_mday;
	if (!time_tail(at, &fraction, &zone) || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	struct tm midnight = { .tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = tm.tm_mday };
	timegm(&midnight);                       /* normalises: 31 February moves on */
	time_t s = timegm(&tm) - zone * 60;
	if (s < 0 || s > 9223372036 || midnight.tm_mday != day)
		return false;
	*ns = (uint64_t)s * 1000000000u + fraction;
	return true;
}

static bool in_choices(const char *choices, const char *text)
{
	size_t n = strlen(text);
	for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
		if (strncmp(at, text, n) == 0 && (at[n] == '|' || at[n] == '\0'))
			return true;
	return false;
}

static bool number(const char *text, uint64_t *out)
{
	uint64_t v = 0;
	if (!*text || strlen(text) > 18)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		v = v * 10 + (uint64_t)(*text - '0');
	}
	*out = v;
	return true;
}

/* Stores one option; false with a sentence when its argument is not what the table asks for. */
static bool take(struct args *a, const struct option_spec *table, unsigned i, const char *text, char err[256])
{
	const struct option_spec *o = &table[i];
	uint64_t v = 1;
	if (o->choices && !in_choices(o->choices, text)) {
		snprintf(err, 256, "--%s takes one of %s, not \"%s\"", o->name, o->choices, text);
		return false;
	}
	if (o->type == OPTION_NUMBER && !number(text, &v)) {
		snprintf(err, 256, "--%s takes a whole number, not \"%s\"", o->name, text);
		return false;
	}
	if (o->type == OPTION_TIME && !option_time(text, &v)) {
		snprintf(err, 256, "--%s takes a time like 2026-03-01T12:00:00Z, not \"%s\"", o->name, text);
		return false;
	}
	if (o->type == OPTION_TEXTS) {
		if (a->v[i].ntexts == OPTION_REPEATS) {
			snprintf(err, 256, "--%s may be given %d times", o->name, OPTION_REPEATS);
			return false;
		}
		a->v[i].texts[a->v[i].ntexts++] = text;
	}
	a->v[i].number = v;
	a->v[i].text = text;
	return true;
}

struct lists {                                   /* the table as getopt wants it */
	struct option longs[OPTIONS_MAX + 2];
	char shorts[2 * OPTIONS_MAX + 4];
	const char *names[OPTIONS_MAX + 2];
};

static void lists_fill(struct lists *l, const struct option_spec *table, unsigned n)
{
	size_t s = 0;
	l->shorts[s++] = ':';                    /* tell a missing argument from an unknown option */
	for (unsigned i = 0; i < n; i++) {
		l->longs[i] = (struct option){ table[i].name, takes_argument(&table[i]), NULL, (int)(LONG_BASE + i) };
		l->names[i] = table[i].name;
		if (table[i].letter)
			l->shorts[s++] = table[i].letter;
		if (table[i].letter && takes_argument(&table[i]))
			l->shorts[s++] = ':';
	}
	l->longs[n] = (struct option){ "help", 0, NULL, HELP };
	l->names[n] = "help";
}

/* getopt_long takes every unambiguous beginning of a name; a script must not depend on that. */
static bool spelt_out(const char *word, const struct lists *l)
{
	size_t n = strcspn(word, "=");
	for (int i = 0; l->names[i]; i++)
		if (strncmp(word, l->names[i], n) == 0 && l->names[i][n] == '\0')
			return true;
	return false;
}

static void unknown(const char *word, const struct lists *l, char err[256])
{
	char typed[64];
	snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(word, "="), word);
	const char *near = option_nearest(typed, l->names);
	if (near)
		snprintf(err, 256, "there is no option --%s; did you mean --%s?", typed, near);
	else
		snprintf(err, 256, "there is no option --%s", typed);
}

/* The index of what getopt_long returned. */
static int index_of(const struct option_spec *table, unsigned n, int got)
{
	if (got >= LONG_BASE)
		return got - LONG_BASE;
	for (unsigned i = 0; i < n; i++)
		if (table[i].letter == got)
			return (int)i;
	return -1;
}

static bool fallbacks(struct args *a, const struct option_spec *table, unsigned n, char err[256])
{
	for (unsigned i = 0; i < n; i++)
		if (!a->v[i].given && table[i].fallback && !take(a, table, i, table[i].fallback, err))
			return false;
	return true;
}

/* The word that getopt_long has just taken, without its dashes; NULL for a short option. */
static const char *word_taken(char **argv, const char *argument)
{
	const char *word = argv[optind - 1];
	if (argument && word == argument)
		word = argv[optind - 2];
	return strncmp(word, "--", 2) == 0 ? word + 2 : NULL;
}

static enum option_outcome wrong(const struct lists *l, const struct option_spec *table, unsigned n, int got,
				 char **argv, char err[256])
{
	int i = index_of(table, n, optopt);
	if (got == ':')
		snprintf(err, 256, "--%s needs an argument: %s", i < 0 ? "?" : table[i].name, i < 0 ? "?" : table[i].arg);
	else if (optopt >= LONG_BASE)
		snprintf(err, 256, "--%s takes no argument", table[optopt - LONG_BASE].name);
	else if (optopt)
		snprintf(err, 256, "there is no option -%c", optopt);
	else
		unknown(argv[optind - 1] + 2, l, err);
	return OPTION_WRONG;
}

enum option_outcome option_parse(struct args *a, const struct option_spec *table, unsigned n, int argc, char **argv,
				 char err[256])
{
	struct lists l = { 0 };
	lists_fill(&l, table, n < OPTIONS_MAX ? n : OPTIONS_MAX);
	optind = 0;                              /* glibc: start afresh, re-read the mode */
	opterr = 0;
	int got;
	while ((got = getopt_long(argc, argv, l.shorts, l.longs, NULL)) >= 0) {
		if (got == '?' || got == ':')
			return wrong(&l, table, n, got, argv, err);
		const char *word = word_taken(argv, optarg);
		if ((got >= LONG_BASE || got == HELP) && word && !spelt_out(word, &l)) {
			unknown(word, &l, err);
			return OPTION_WRONG;
		}
		if (got == HELP)
			return OPTION_HELP;
		int i = index_of(table, n, got);
		a->v[i].given = true;
		if (!take(a, table, (unsigned)i, optarg, err))
			return OPTION_WRONG;
	}
	if (!fallbacks(a, table, n, err))
		return OPTION_WRONG;
	a->rest = argv + optind;
	a->nrest = (unsigned)(argc - optind);
	return OPTION_GO;
}

/* Breaks at spaces; lines after the first are indented. */
static void wrap(struct buf *b, const char *text, unsigned indent, unsigned column)
{
	while (*text) {
		size_t word = strcspn(text, " ");
		if (column + word + 1 > HELP_COLUMNS && column > indent) {
			buf_text(b, "\n");
			buf_fill(b, ' ', indent);
			column = indent;
		} else if (column > indent) {
			buf_text(b, " ");
			column++;
		}
		buf_bytes(b, span_of(text, word));
		column += (unsigned)word;
		text += word + strspn(text + word, " ");
	}
}

void option_help(struct buf *b, const struct option_spec *table, unsigned n)
{
	for (unsigned i = 0; i <= n; i++) {
		static const struct option_spec help = { "help", 0, NULL, OPTION_FLAG, "show this and end", NULL, NULL };
		const struct option_spec *o = i < n ? &table[i] : &help;
		char head[96];
		int w = snprintf(head, sizeof(head), o->letter ? "  -%c, " : "      ", o->letter ? o->letter : ' ');
		w += snprintf(head + w, sizeof(head) - (size_t)w, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		buf_text(b, head);
		if (w >= HELP_DOC - 1) {
			buf_text(b, "\n");
			w = 0;
		}
		buf_fill(b, ' ', (size_t)(HELP_DOC - w));
		char doc[512];
		bool shown = o->fallback && !strstr(o->doc, "default");
		snprintf(doc, sizeof(doc), "%s%s%s%s%s", o->doc, o->type == OPTION_TEXTS ? "; may be repeated" : "",
			 shown ? " (default: " : "", shown ? o->fallback : "", shown ? ")" : "");
		wrap(b, doc, HELP_DOC, HELP_DOC);
		buf_text(b, "\n");
	}
}
