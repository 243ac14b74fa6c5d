/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult verify: is what the store says still what was written? */
#include "cmd/body.h"

#include "base/utf8.h"
#include "record/json.h"

enum { OPT_STORE, OPT_HEAD, OPT_JSON };

static bool is_head(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

static void say(struct buf *b, const struct store_check *c, int found, bool json)
{
	if (json) {
		buf_printf(b, "{\"whole\":%s,\"checked\":%llu,\"head\":\"%s\"", found ? "false" : "true",
			   (unsigned long long)c->checked, c->head);
		if (found) {
			buf_text(b, ",\"broken\":");
			json_put_str(b, c->broken);
		}
		buf_text(b, "}\n");
		return;
	}
	if (found) {
		buf_text(b, "Broken: ");
		show_text(b, span_str(c->broken), show_locale_utf8(), 0);
		buf_printf(b, ".\nThe %llu rows before it are whole.\n", (unsigned long long)c->checked);
		return;
	}
	buf_printf(b, "Whole: %llu rows, each as it was written.\nHead: %s\n"
		      "Note the head somewhere else; auscult verify --head HEAD will then tell if the chain is ever written anew.\n",
		   (unsigned long long)c->checked, c->head);
}

static int run(struct args *a)
{
	struct store *store;
	struct store_check check;
	const char *head = args_text(a, OPT_HEAD);
	if (a->nrest || (head && !is_head(head)))
		return command_usage(a, a->nrest ? "verify takes no operand" : "--head takes the 64 hex digits that verify printed");
	if (!body_store(a, args_text(a, OPT_STORE), &store))
		return OUT_FAILED;
	int found = store_verify(store, head, &check);
	struct buf out = { 0 };
	if (found < 0)
		log_error(&a->log, "%s", store_error(store));
	else
		say(&out, &check, found, args_flag(a, OPT_JSON));
	if (found >= 0 && command_write(STDOUT_FILENO, buf_span(&out)) < 0)
		found = -1;
	buf_done(&out);
	store_close(store);
	return found < 0 ? OUT_FAILED : found ? OUT_FOUND : OUT_CLEAN;
}

const struct command cmd_verify = {
	.name = "verify",
	.doc = "check that the store's findings are as they were written",
	.synopsis = "[OPTION]...",
	.about = "Walks the chain of findings (each row's hash covers the row before it) and checks the database file. "
		 "Says which row was changed, taken out, put in or moved.\n\n"
		 "Exit status: 0 whole, 1 broken, 2 could not check.\n\n"
		 "Somebody who may write the file can write the whole chain anew; against that stands only the head, "
		 "noted elsewhere.",
	.example = "auscult verify\n  walk the chain, print its head",
	OPTIONS([OPT_STORE] = OPTION_STORE,
		[OPT_HEAD] = { "head", 0, "HEX", OPTION_TEXT,
			       "a head noted before, which must still be part of the chain" },
		[OPT_JSON] = OPTION_JSON),
	.run = run,
};
