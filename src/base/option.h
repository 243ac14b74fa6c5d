/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options as a table: parsing, --help, the man page and the completion all walk it. getopt_long
 * does the splitting; abbreviations of long names are refused, so that a script keeps its meaning
 * when options are added. */
#pragma once

#include "base/buf.h"
#include "base/log.h"

enum option_type {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_NUMBER,                           /* decimal, 0 .. 2^63-1 */
	OPTION_TEXTS,                            /* may be given several times */
	OPTION_TIME,                             /* RFC 3339, a date, or seconds since 1970; kept as ns */
};

struct option_spec {
	const char *name;                        /* long name, without "--" */
	char letter;                             /* short name, 0: none */
	const char *arg;                         /* what --help calls the argument; NULL for flags */
	enum option_type type;
	const char *doc;                         /* one sentence, without a full stop */
	const char *fallback;                    /* as it would be typed; NULL: none */
	const char *choices;                     /* "auto|always|never": nothing else is taken; NULL: free */
};

enum { OPTIONS_MAX = 48, OPTION_REPEATS = 64 };

struct command;

/* What stood on the command line, by index in the command's option table. */
struct args {
	const struct command *command;
	const struct command *const *commands;   /* all of them, NULL-terminated */
	struct log log;
	struct {
		bool given;
		uint64_t number;                 /* OPTION_NUMBER, OPTION_TIME, OPTION_FLAG (1) */
		const char *text;                /* OPTION_TEXT, or the last of OPTION_TEXTS */
		const char *texts[OPTION_REPEATS];
		unsigned ntexts;
	} v[OPTIONS_MAX];
	char **rest;                             /* operands, NULL-terminated */
	unsigned nrest;
};

enum option_outcome { OPTION_GO, OPTION_HELP, OPTION_WRONG };

/* Fills `a` (zeroed but for command, commands and log) from argv, whose [0] is the command's name. OPTION_WRONG:
 * err holds a sentence, with the nearest option when one was misspelt. */
enum option_outcome option_parse(struct args *a, const struct option_spec *table, unsigned n, int argc, char **argv,
				 char err[256]) MUST_CHECK;

/* The table as --help shows it: names aligned, docs wrapped at 96 columns. */
void option_help(struct buf *b, const struct option_spec *table, unsigned n);

/* The nearest of the names (list ends with NULL) to a misspelt one, or NULL when none is near. */
const char *option_nearest(const char *typed, const char *const *names);

/* RFC 3339, "2026-03-01", "2026-03-01 12:00" (UTC), or decimal seconds since 1970, to ns. */
bool option_time(const char *text, uint64_t *ns);

static inline bool args_flag(const struct args *a, unsigned option)
{
	return a->v[option].number != 0;
}

/* The text given, else the fallback of the table, else NULL. */
static inline const char *args_text(const struct args *a, unsigned option)
{
	return a->v[option].text;
}

static inline uint64_t args_number(const struct args *a, unsigned option)
{
	return a->v[option].number;
}
