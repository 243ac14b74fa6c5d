/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult manual: the man page, the bash completion and the references in docs/, from the tables. */
#include "cmd/reference.h"

static const struct {
	const char *name;
	void (*write)(struct buf *b, const struct command *const *all);
} parts[] = {
	{ "man", reference_man }, { "bash", reference_bash }, { "records", reference_records }, { "config", reference_config },
};

static int run(struct args *a)
{
	for (size_t i = 0; a->nrest == 1 && i < ARRAY_LEN(parts); i++) {
		if (strcmp(a->rest[0], parts[i].name) != 0)
			continue;
		struct buf b = { 0 };
		parts[i].write(&b, a->commands);
		int bad = command_write(STDOUT_FILENO, buf_span(&b));
		buf_done(&b);
		return bad ? OUT_FAILED : OUT_CLEAN;
	}
	return command_usage(a, "say which one: man, bash, records or config");
}

const struct command cmd_manual = {
	.name = "manual",
	.doc = "the man page, the bash completion or a reference, from the program's tables",
	.synopsis = "man|bash|records|config",
	.example = "auscult manual man | man -l -\n  read the man page\n. <(auscult manual bash)\n  completion in this shell",
	.options = NULL, .noptions = 0,
	.run = run,
};
