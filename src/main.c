/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks up argv[1] in the command table and calls it. */
#include <locale.h>

#include "cmd/cmd.h"

static void list(struct buf *b)
{
	buf_text(b, "auscult listens to medical devices from outside and says what is wrong with them.\n\n"
		    "Usage: auscult COMMAND [OPTION]... (auscult COMMAND --help for each)\n\n");
	for (int i = 0; commands[i]; i++)
		buf_printf(b, "  %-12s %s\n", commands[i]->name, commands[i]->doc);
	buf_text(b, "\nExit status: 0 nothing at or above --fail-on, 1 something found, 2 could not run,\n"
		    "3 the input broke off (what came before was judged), 64 wrong usage.\n");
}

static int say(int fd, void (*fill)(struct buf *b), int outcome)
{
	struct buf b = { 0 };
	fill(&b);
	int bad = command_write(fd, buf_span(&b));
	buf_done(&b);
	return bad ? OUT_FAILED : outcome;
}

static void version(struct buf *b)
{
	buf_text(b, "auscult " AUSCULT_VERSION "\n");
}

static int unknown(const char *name)
{
	const struct log log = { .level = LOG_NOTE, .fd = STDERR_FILENO };
	const char *names[64] = { 0 };
	for (unsigned i = 0; commands[i] && i + 1 < ARRAY_LEN(names); i++)
		names[i] = commands[i]->name;
	const char *near = option_nearest(name, names);
	log_error(&log, "there is no command \"%s\"%s%s%s", name, near ? "; did you mean \"" : "", near ? near : "",
		  near ? "\"?" : "");
	return say(STDERR_FILENO, list, OUT_USAGE);
}

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	if (argc < 2)
		return say(STDERR_FILENO, list, OUT_USAGE);
	const char *name = argv[1];
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || (strcmp(name, "help") == 0 && argc == 2))
		return say(STDOUT_FILENO, list, OUT_CLEAN);
	if (strcmp(name, "--version") == 0)
		return say(STDOUT_FILENO, version, OUT_CLEAN);
	bool help = strcmp(name, "help") == 0;
	const struct command *c = command_find(commands, help ? argv[2] : name);
	if (!c)
		return unknown(help ? argv[2] : name);
	char *ask_help[] = { argv[1], (char[]){ "--help" }, NULL };
	return help ? command_run(commands, c, 2, ask_help) : command_run(commands, c, argc - 1, argv + 1);
}
