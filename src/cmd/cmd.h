/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sub-commands. CMD(x) in cmd.def: src/cmd/x.c ends with `const struct command cmd_x`. CMD_IN(x, y):
 * src/cmd/x.c also defines cmd_y (one file for commands that differ only in a table row). The order
 * of the lines is the order in --help and in the manual. */
#pragma once

#include "base/option.h"
#include "record/registry.h"

enum outcome {
	OUT_CLEAN = 0,                           /* nothing at or above --fail-on */
	OUT_FOUND = 1,
	OUT_FAILED = 2,                          /* could not run */
	OUT_PARTIAL = 3,                         /* input broke off or was damaged; what came before was judged */
	OUT_USAGE = 64,
};

struct command {
	const char *name;
	const char *doc;                         /* one line */
	const char *synopsis;                    /* behind "auscult NAME ": "[OPTION]... -r FILE..." */
	const char *about;                       /* for the man page: paragraphs, blank line between; may be NULL */
	const char *example;                     /* "command line\n  what it does\n..." */
	const struct option_spec *options;
	unsigned noptions;
	int (*run)(struct args *a);              /* enum outcome */
};

/* The table of cmd.def, NULL-terminated. Main alone names it: commands find the others in their args. */
extern const struct command *const commands[];

const struct command *command_find(const struct command *const *all, const char *name);
/* Parses and runs. */
int  command_run(const struct command *const *all, const struct command *c, int argc, char **argv);
void command_help(const struct command *c, struct buf *b);
/* For run(): the sentence, the synopsis and where to read more on stderr; returns OUT_USAGE. */
int  command_usage(const struct args *a, const char *fmt, ...) PRINTF(2, 3);

/* All record types: decoders', track's, finding's. The same list in every process of one build. */
void command_registry(struct registry *g);

/* Writes all of b; 0 or negative errno (EPIPE included: the caller ends quietly). */
int  command_write(int fd, struct span s) MUST_CHECK;

#define OPTIONS(...) .options = (const struct option_spec[]){ __VA_ARGS__ }, \
	.noptions = (unsigned)ARRAY_LEN(((const struct option_spec[]){ __VA_ARGS__ }))

/* Rows that several commands share. */
#define OPTION_STORE { "store", 0, "DIR", OPTION_TEXT, \
	"data folder (default: $XDG_DATA_HOME/auscult or ~/.local/share/auscult, /var/lib/auscult for root)" }
#define OPTION_COLOR { "color", 0, "WHEN", OPTION_TEXT, "colour: auto, always or never", "auto", "auto|always|never" }
#define OPTION_JSON  { "json", 0, NULL, OPTION_FLAG, "one JSON document" }
#define OPTION_JSONL { "jsonl", 0, NULL, OPTION_FLAG, "one JSON object a line" }
