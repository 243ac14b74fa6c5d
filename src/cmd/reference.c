/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Written from the command, option, record and rule tables: nothing here names one of them. */
#include "cmd/reference.h"

#include "detect/detect.h"
#include "detect/detector.h"
#include "track/device.h"
#include "track/zone.h"

void reference_type(struct buf *b, const struct field *f)
{
	static const char *const names[] = {
		[F_TEXT] = "text", [F_UINT] = "number", [F_INT] = "number", [F_REAL] = "number", [F_BOOL] = "true or false",
		[F_ADDR] = "address", [F_MAC] = "MAC", [F_TIME] = "time", [F_HASH] = "SHA-256", [F_TEXTS] = "list of text",
		[F_RECORD] = "", [F_RECORDS] = "list of ",
	};
	if (field_is_token(f)) {
		buf_text(b, "length, hash");
		return;
	}
	buf_text(b, names[f->type]);
	if (f->nested)
		buf_text(b, f->nested->name);
	if (f->unit)
		buf_printf(b, " (%s)", f->unit);
}

const char *reference_class(const struct field *f)
{
	static const char *const names[] = {
		[PLAIN] = "plain", [SECRET] = "secret", [PATIENT] = "patient", [VITAL] = "vital"
	};
	return names[f->privacy];
}

/* Markdown's own characters in our own text. */
static void put_markdown(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (strchr("|<*_`\\", *text))
			buf_u8(b, '\\');
		buf_u8(b, (uint8_t)*text);
	}
}

static void record_section(struct buf *b, const struct record_type *t)
{
	buf_printf(b, "\n## %s\n\n", t->name);
	put_markdown(b, t->doc);
	buf_text(b, ".\n\n| field | type | class | meaning |\n|---|---|---|---|\n");
	for (unsigned i = 0; i < t->nfields; i++) {
		const struct field *f = &t->fields[i];
		buf_printf(b, "| `%s` | ", f->name);
		reference_type(b, f);
		buf_printf(b, " | %s | ", reference_class(f));
		put_markdown(b, f->doc);
		buf_text(b, " |\n");
	}
}

void reference_records(struct buf *b, const struct command *const *all)
{
	(void)all;
	AUTO_FREE struct registry *g = mem_new(sizeof(*g));
	command_registry(g);
	buf_text(b,
		"<!-- SPDX-License-Identifier: GPL-2.0-or-later -->\n# Records\n\n"
		"Made by `auscult manual records` from the field tables; do not edit.\n\n"
		"`auscult watch --jsonl` prints one record a line: `kind` first; then, for what was seen in a packet, `time` (RFC "
		"3339, UTC, nanoseconds, from the packet), `file`, `packet` (from 1), `src`, `sport`, `dst`, `dport`, and `vlan` "
		"if there is one; then the fields below, in this order, where they have a value.\n\n"
		"Classes: *plain* is written as it is. *patient* and *secret* never leave the decoder as text: "
		"`{\"length\": bytes, \"hash\": keyed hash}` stands in their place. *vital* (measured values) is written only with "
		"`--vitals`, and never kept.\n");
	for (unsigned i = 0; i < g->n; i++)
		record_section(b, g->v[i]);
}

/* What may stand behind the "=" of a key. */
static void conf_value(struct buf *b, const struct conf_key *k)
{
	if (k->type == CONF_NUM)
		buf_printf(b, "number, %.10g to %.10g", k->min, k->max);
	else if (k->type == CONF_BOOL)
		buf_text(b, "true or false");
	else
		put_markdown(b, k->expected ? k->expected : "text");
	if (k->repeat)
		buf_text(b, "; may be repeated, or a list with commas");
}

static void conf_head(struct buf *b, const char *section, const char *name)
{
	buf_printf(b, "\n## [%s%s%s]\n\n| key | value | default | meaning |\n|---|---|---|---|\n", section, name ? " " : "",
		   !name ? "" : strcmp(name, "*") == 0 ? "NAME" : name);
}

static void conf_sections(struct buf *b, const struct conf_key *keys)
{
	for (const struct conf_key *k = keys; k->section; k++) {
		if (k == keys || strcmp(k->section, k[-1].section) != 0)
			conf_head(b, k->section, k->name);
		buf_printf(b, "| `%s` | ", k->key);
		conf_value(b, k);
		buf_printf(b, " | %s | ", k->fallback ? k->fallback : "");
		put_markdown(b, k->doc);
		buf_text(b, " |\n");
	}
}

void reference_config(struct buf *b, const struct command *const *all)
{
	(void)all;
	buf_text(b,
		 "<!-- SPDX-License-Identifier: GPL-2.0-or-later -->\n# Configuration\n\n"
		 "Made by `auscult manual config` from the tables of keys; do not edit.\n\n"
		 "`auscult watch --config FILE`, or `auscult.conf` in the data folder. Sections in brackets, then a `key = value` "
		 "a line; `#` and `;` open comment lines. All errors are told at once, each with its file and line. "
		 "[watch.md](watch.md#networks-and-configuration) has an example.\n");
	conf_sections(b, zone_conf);
	conf_sections(b, device_conf);
	conf_sections(b, detect_conf);
	for (int i = 0; detectors[i]; i++) {
		const struct option_num *o = detectors[i]->options;
		if (o && o->key)
			conf_head(b, "detector", detectors[i]->name);
		for (; o && o->key; o++) {
			buf_printf(b, "| `%s` | number, %.10g to %.10g | %.10g%s%s | ", o->key, o->min, o->max, o->fallback,
				   o->unit ? " " : "", o->unit ? o->unit : "");
			put_markdown(b, o->doc);
			buf_text(b, " |\n");
		}
	}
}

/* roff: a backslash, a leading dot or quote, and hyphens that must stay hyphens. */
static void put_roff(struct buf *b, const char *text)
{
	bool start = true;
	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			buf_text(b, "\\&");
		if (*text == '\\')
			buf_text(b, "\\e");
		else if (*text == '-')
			buf_text(b, "\\-");
		else if (*text == '\n' && text[1] == '\n')
			buf_text(b, "\n.PP\n");
		else if (!(*text == '\n' && start))
			buf_u8(b, (uint8_t)*text);
		start = *text == '\n';
	}
}

static void man_option(struct buf *b, const struct option_spec *o)
{
	buf_text(b, ".TP\n");
	if (o->letter)
		buf_printf(b, "\\fB\\-%c\\fR, ", o->letter);
	buf_text(b, "\\fB\\-\\-");
	put_roff(b, o->name);
	buf_text(b, "\\fR");
	if (o->arg)
		buf_printf(b, " \\fI%s\\fR", o->arg);
	buf_text(b, "\n");
	put_roff(b, o->doc);
	if (o->choices) {
		buf_text(b, " (one of ");
		put_roff(b, o->choices);
		buf_text(b, ")");
	}
	if (o->fallback) {
		buf_text(b, "; default: ");
		put_roff(b, o->fallback);
	}
	buf_text(b, ".\n");
}

static void man_command(struct buf *b, const struct command *c)
{
	buf_printf(b, ".SS auscult %s ", c->name);
	put_roff(b, c->synopsis);
	buf_text(b, "\n");
	put_roff(b, c->doc);
	buf_text(b, ".\n");
	if (c->about) {
		buf_text(b, ".PP\n");
		put_roff(b, c->about);
		buf_text(b, "\n");
	}
	for (unsigned i = 0; i < c->noptions; i++)
		man_option(b, &c->options[i]);
	if (c->example) {
		buf_text(b, ".PP\n.nf\n");
		put_roff(b, c->example);
		buf_text(b, "\n.fi\n");
	}
}

void reference_man(struct buf *b, const struct command *const *all)
{
	buf_text(b, ".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n.\\\" Made by auscult manual man from the "
		    "program's tables; do not edit.\n"
		    ".TH AUSCULT 1 \"\" \"auscult " AUSCULT_VERSION
		    "\"\n.SH NAME\nauscult \\- listens to medical devices from outside\n"
		    ".SH SYNOPSIS\n\\fBauscult\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...\n.SH COMMANDS\n");
	for (int i = 0; all[i]; i++)
		man_command(b, all[i]);
	buf_text(b, ".SH RULES\n");
	for (int i = 0; detectors[i]; i++) {
		buf_text(b, ".TP\n\\fB");
		put_roff(b, detectors[i]->rule->id);
		buf_text(b, "\\fR\n");
		put_roff(b, detectors[i]->rule->title);
		buf_text(b, ".\n");
	}
	buf_text(b, ".SH EXIT STATUS\n.TP\n0\nnothing at or above \\-\\-fail\\-on\n.TP\n1\nsomething at or above it; "
		    "for verify and doctor: something is wrong\n.TP\n2\ncould not run\n.TP\n3\nan input broke off or was damaged; "
		    "what came before was judged\n"
		    ".TP\n64\nwrong usage\n");
}

static void bash_choices(struct buf *b, const struct option_spec *o)
{
	buf_printf(b, "\t\t--%s) COMPREPLY=($(compgen -W \"", o->name);
	for (const char *at = o->choices; *at; at++)
		buf_u8(b, *at == '|' ? ' ' : (uint8_t)*at);
	buf_text(b, "\" -- \"$cur\")); return ;;\n");
}

static void bash_command(struct buf *b, const struct command *c)
{
	buf_printf(b, "\t%s)\n\t\tcase $prev in\n", c->name);
	for (unsigned i = 0; i < c->noptions; i++)
		if (c->options[i].choices)
			bash_choices(b, &c->options[i]);
	buf_text(b, "\t\tesac\n\t\twords=\"--help");
	for (unsigned i = 0; i < c->noptions; i++)
		buf_printf(b, " --%s", c->options[i].name);
	buf_text(b, "\" ;;\n");
}

void reference_bash(struct buf *b, const struct command *const *all)
{
	buf_text(b, "# SPDX-License-Identifier: GPL-2.0-or-later\n# Made by auscult manual bash from the program's "
		    "tables; do not edit.\n"
		    "_auscult()\n{\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\"\"\n"
		    "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W \"--help --version help");
	for (int i = 0; all[i]; i++)
		buf_printf(b, " %s", all[i]->name);
	buf_text(b, "\" -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase ${COMP_WORDS[1]} in\n");
	for (int i = 0; all[i]; i++)
		bash_command(b, all[i]);
	buf_text(b, "\texplain|help) ;;\n\tesac\n\tcase $cur in\n\t-*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;\n"
		    "\t*) if [ \"${COMP_WORDS[1]}\" = explain ]; then COMPREPLY=($(compgen -W \"");
	for (int i = 0; detectors[i]; i++)
		buf_printf(b, "%s%s", i ? " " : "", detectors[i]->rule->id);
	buf_text(b, "\" -- \"$cur\")); else COMPREPLY=($(compgen -f -- \"$cur\")); fi ;;\n\tesac\n}\n"
		    "complete -o filenames -F _auscult auscult\n");
}
