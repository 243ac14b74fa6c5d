/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult profile check: is a MUD file what RFC 8520 wants, and what of it would surprise? The file is a
 * stranger's: a process without rights reads it and writes the answer. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/scope.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/document.h"
#include "cmd/engine.h"
#include "profile/profile.h"
#include "record/json.h"

enum { OPT_JSON };

struct check {
	const struct args *args;
	const char *name;
	int fd;
	bool json, utf8;
};

static void tell_people(struct buf *b, const struct check *c, const struct profile *p, const struct complaints *said)
{
	struct rd r = rd_of(buf_span(&said->text));
	struct span line;
	show_text(b, span_str(c->name), c->utf8, 0);
	if (p)
		buf_printf(b, ": sound, %u rules, %u devices named", p->nrules, p->ndevices);
	else
		buf_printf(b, ": %u error%s", said->errors, said->errors == 1 ? "" : "s");
	if (said->warnings)
		buf_printf(b, ", %u warning%s", said->warnings, said->warnings == 1 ? "" : "s");
	buf_text(b, "\n");
	while (rd_until(&r, '\n', &line)) {
		buf_text(b, "  ");
		show_text(b, line, c->utf8, 0);
		buf_text(b, "\n");
	}
}

static void tell_program(struct buf *b, const struct check *c, const struct profile *p, const struct complaints *said)
{
	struct rd r = rd_of(buf_span(&said->text));
	struct span line;
	const char *comma = "";
	buf_text(b, "{\"file\":");
	json_put_str(b, c->name);
	buf_printf(b, ",\"sound\":%s,\"errors\":%u,\"warnings\":%u,\"rules\":%u", p ? "true" : "false", said->errors,
		   said->warnings, p ? p->nrules : 0);
	if (p) {
		buf_text(b, ",\"mud_url\":");
		json_put_str(b, p->url);
	}
	buf_text(b, ",\"said\":[");
	while (rd_until(&r, '\n', &line)) {
		buf_text(b, comma);
		json_put_text(b, line);
		comma = ",";
	}
	buf_text(b, "]}\n");
}

/* Returns 3 when there are errors, 2 when it could not read. */
static int check_job(void *ctx, struct engine_board *board, int out_fd)
{
	const struct check *c = ctx;
	struct buf bytes = { 0 }, out = { 0 };
	struct complaints said = { 0 };
	int rc = document_read(c->fd, &bytes);
	if (rc < 0) {
		snprintf(board->error, sizeof(board->error), "%.300s: %s", c->name,
			 rc == -EFBIG ? "larger than 64 MiB" : strerror(-rc));
		return 2;
	}
	struct profiles *t = profiles_new();
	const struct profile *p = profiles_read(t, buf_span(&bytes), c->name, &said);
	if (c->json)
		tell_program(&out, c, p, &said);
	else
		tell_people(&out, c, p, &said);
	bool written = command_write(out_fd, buf_span(&out)) == 0;
	complaints_done(&said);
	profiles_free(t);
	buf_done(&bytes);
	buf_done(&out);
	return !written ? 2 : p ? 0 : 3;
}

static int check_file(const struct args *a, const char *name)
{
	bool is_stdin = strcmp(name, "-") == 0;
	AUTO_CLOSE int fd = is_stdin ? dup(0) : open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		log_error(&a->log, "%s: %s", name, strerror(errno));
		return OUT_FAILED;
	}
	struct check c = { a, is_stdin ? "standard input" : name, fd, args_flag(a, OPT_JSON), show_locale_utf8() };
	struct engine e;
	int rc = engine_spawn(check_job, &c, &e);
	if (rc < 0) {
		log_error(&a->log, "the reading process could not be started: %s", strerror(-rc));
		return OUT_FAILED;
	}
	bool written = engine_copy(&e, STDOUT_FILENO) == 0;
	rc = engine_wait(&e);
	if (rc == 2)
		log_error(&a->log, "%s", e.board->error);
	engine_done(&e);
	return rc == 2 || !written ? OUT_FAILED : rc == 3 ? OUT_FOUND : OUT_CLEAN;
}

static int run(struct args *a)
{
	if (a->nrest < 2 || strcmp(a->rest[0], "check") != 0)
		return command_usage(a, "say which files to check: auscult profile check FILE");
	struct documents d = { 0 };
	int worst = OUT_CLEAN;
	for (unsigned i = 1; i < a->nrest; i++)
		if (strcmp(a->rest[i], "-") == 0)
			worst = check_file(a, "-");
		else if (!documents_add(&d, a->rest[i], ".json", &a->log))
			worst = OUT_FAILED;
	for (uint32_t i = 0; i < d.n; i++) {
		int rc = check_file(a, d.v[i].name);
		worst = rc > worst ? rc : worst;
	}
	documents_done(&d);
	return worst;
}

const struct command cmd_profile = {
	.name = "profile",
	.doc = "check MUD profiles: what devices may do on the network",
	.synopsis = "[OPTION]... check FILE|DIR...",
	.about = "Reads profiles as RFC 8520 and RFC 8519 define them and says everything that is wrong, each with its "
		 "place in the file as a JSON pointer; warnings tell what is sound but not looked at, or allows more than it "
		 "seems to.\n\n"
		 "auscult learn writes such profiles, auscult watch --profile judges traffic by them.\n\n"
		 "Exit status: 0 all are sound, 1 some are not, 2 could not read.",
	.example = "auscult profile check profiles/\n  every .json in a folder",
	OPTIONS([OPT_JSON] = { "json", 0, NULL, OPTION_FLAG, "one JSON object a file" }),
	.run = run,
};
