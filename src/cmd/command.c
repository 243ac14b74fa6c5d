/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all commands share: parsing, help, usage, output. */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdarg.h>

int command_write(int fd, struct span s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno != EINTR)
			return -errno;
		s = span_from(s, n < 0 ? 0 : (size_t)n);
	}
	return 0;
}

void command_help(const struct command *c, struct buf *b)
{
	buf_printf(b, "auscult %s: %s\n\nUsage: auscult %s %s\n\nOptions:\n", c->name, c->doc, c->name, c->synopsis);
	option_help(b, c->options, c->noptions);
	if (c->example)
		buf_printf(b, "\nExample:\n  %s\n", c->example);
}

int command_usage(const struct args *a, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_error(&a->log, "%s", text);
	fprintf(stderr, "Usage: auscult %s %s\nMore: auscult %s --help\n", a->command->name, a->command->synopsis,
		a->command->name);
	return OUT_USAGE;
}

const struct command *command_find(const struct command *const *all, const char *name)
{
	for (; *all; all++)
		if (strcmp((*all)->name, name) == 0)
			return *all;
	return NULL;
}

int command_run(const struct command *const *all, const struct command *c, int argc, char **argv)
{
	AUTO_FREE struct args *a = mem_new(sizeof(*a));
	a->command = c;
	a->commands = all;
	a->log = (struct log){ .level = LOG_NOTE, .fd = STDERR_FILENO };
	char err[256] = "";
	switch (option_parse(a, c->options, c->noptions, argc, argv, err)) {
	case OPTION_WRONG:
		return command_usage(a, "%s", err);
	case OPTION_HELP:
		break;
	case OPTION_GO:
		return c->run(a);
	}
	struct buf b = { 0 };
	command_help(c, &b);
	int bad = command_write(STDOUT_FILENO, buf_span(&b));
	buf_done(&b);
	return bad ? OUT_FAILED : OUT_CLEAN;
}
