/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult explain: what a rule sees and why, or which fields a kind of record has. From the tables that
 * the program itself runs by. */
#include "cmd/body.h"
#include "cmd/reference.h"
#include "detect/detector.h"
#include "fw/pass/pass.h"

enum { OPT_COLOR };

static const struct rule *rule_find(const char *id, const struct detector **by)
{
	for (int i = 0; detectors[i]; i++)
		if (strcmp(detectors[i]->rule->id, id) == 0) {
			*by = detectors[i];
			return detectors[i]->rule;
		}
	for (int i = 0; passes[i]; i++)
		if (strcmp(passes[i]->rule->id, id) == 0)
			return passes[i]->rule;
	return NULL;
}

static void say(struct buf *b, const struct layout *l, const char *head, const char *text)
{
	if (text)
		layout_wrap(b, l, 2, head, span_str(text));
}

static void say_list(struct buf *b, const struct layout *l, const char *head, const char *const *list)
{
	char blank[32];
	snprintf(blank, sizeof(blank), "%*s", (int)strlen(head), "");
	for (int i = 0; list[i]; i++)
		layout_wrap(b, l, 2, i ? blank : head, span_str(list[i]));
}

static void explain_rule(struct buf *b, const struct layout *l, const struct rule *r, const struct detector *by)
{
	layout_tint(b, l, TINT_BOLD, r->id);
	layout_wrap(b, l, 0, ": ", span_str(r->title));
	say(b, l, "Sees:        ", r->sees);
	say(b, l, "Why:         ", r->why);
	say(b, l, "Wrong if:    ", r->wrong);
	say_list(b, l, "Next:        ", r->next);
	say(b, l, "Case:        ", r->cause);
	say_list(b, l, "ATT&CK:      ", r->attack);
	say_list(b, l, "CWE:         ", r->cwe);
	say_list(b, l, "Advisories:  ", r->advisories);
	say_list(b, l, "References:  ", r->references);
	for (const struct option_num *o = by ? by->options : NULL; o && o->key; o++) {
		struct buf line = { 0 };
		buf_printf(&line, "%s = %g (%g to %g%s%s): %s", o->key, o->fallback, o->min, o->max, o->unit ? " " : "",
			   o->unit ? o->unit : "", o->doc);
		layout_wrap(b, l, 2, o == by->options ? "Options:     " : "             ", buf_span(&line));
		buf_done(&line);
	}
	if (by && by->options && by->options->key)
		layout_wrap(b, l, 2, "             ", span_str("set under [detector NAME] in the configuration"));
}

static void explain_kind(struct buf *b, const struct layout *l, const struct record_type *t)
{
	layout_tint(b, l, TINT_BOLD, t->name);
	layout_wrap(b, l, 0, ": ", span_str(t->doc));
	for (int i = 0; decoders[i]; i++)
		for (const struct record_type *const *k = decoders[i]->types; k && *k; k++)
			if (*k == t)
				layout_wrap(b, l, 2, "From: ", span_str(decoders[i]->doc));
	buf_text(b, "\n");
	for (unsigned i = 0; i < t->nfields; i++) {
		struct buf type = { 0 };
		char head[80];
		reference_type(&type, &t->fields[i]);
		snprintf(head, sizeof(head), "%-20.24s %-18.*s %-8s ", t->fields[i].name, (int)type.n, (const char *)type.p,
			 reference_class(&t->fields[i]));
		layout_wrap(b, l, 2, head, span_str(t->fields[i].doc));
		buf_done(&type);
	}
}

static void list_all(struct buf *b, const struct layout *l, const struct registry *g)
{
	layout_tint(b, l, TINT_BOLD, "Rules");
	buf_text(b, "\n");
	for (int i = 0; detectors[i]; i++) {
		char head[48];
		snprintf(head, sizeof(head), "%-26s ", detectors[i]->rule->id);
		layout_wrap(b, l, 2, head, span_str(detectors[i]->rule->title));
	}
	for (int i = 0; passes[i]; i++) {
		char head[48];
		snprintf(head, sizeof(head), "%-26s ", passes[i]->rule->id);
		layout_wrap(b, l, 2, head, span_str(passes[i]->rule->title));
	}
	buf_text(b, "\n");
	layout_tint(b, l, TINT_BOLD, "Kinds of record");
	buf_text(b, "\n");
	for (unsigned i = 0; i < g->n; i++) {
		char head[48];
		snprintf(head, sizeof(head), "%-26s ", g->v[i]->name);
		layout_wrap(b, l, 2, head, span_str(g->v[i]->doc));
	}
	buf_text(b, "\nMore on one of them: auscult explain NAME\n");
}

static bool explain(struct buf *b, const struct layout *l, const struct registry *g, const char *name)
{
	const struct detector *by = NULL;
	const struct rule *rule = rule_find(name, &by);
	const struct record_type *kind = registry_find(g, name);
	if (rule)
		explain_rule(b, l, rule, by);
	else if (kind)
		explain_kind(b, l, kind);
	return rule || kind;
}

static int unknown(const struct args *a, const struct registry *g, const char *name)
{
	const char *names[REGISTRY_MAX + 128] = { 0 };
	unsigned n = 0;
	for (int i = 0; detectors[i] && n < 120; i++)
		names[n++] = detectors[i]->rule->id;
	for (int i = 0; passes[i] && n < 120; i++)
		names[n++] = passes[i]->rule->id;
	for (unsigned i = 0; i < g->n; i++)
		names[n++] = g->v[i]->name;
	const char *near = option_nearest(name, names);
	return command_usage(a, "there is no rule or kind of record \"%s\"%s%s%s", name, near ? "; did you mean \"" : "",
			     near ? near : "", near ? "\"?" : "");
}

static int run(struct args *a)
{
	const struct layout l = body_layout(args_text(a, OPT_COLOR));
	AUTO_FREE struct registry *g = mem_new(sizeof(*g));
	struct buf b = { 0 };
	command_registry(g);
	if (!a->nrest)
		list_all(&b, &l, g);
	for (unsigned i = 0; i < a->nrest; i++) {
		buf_text(&b, i ? "\n" : "");
		if (explain(&b, &l, g, a->rest[i]))
			continue;
		buf_done(&b);
		return unknown(a, g, a->rest[i]);
	}
	int bad = command_write(STDOUT_FILENO, buf_span(&b));
	buf_done(&b);
	return bad ? OUT_FAILED : OUT_CLEAN;
}

const struct command cmd_explain = {
	.name = "explain",
	.doc = "what a rule sees, why it matters and what makes it wrong; the fields of a record",
	.synopsis = "[OPTION]... [RULE|RECORD]...",
	.about = "Without a name it lists all rules and kinds of record.",
	.example = "auscult explain net.phi-cleartext\n  a rule\nauscult explain hl7\n  the fields of a kind of record",
	OPTIONS([OPT_COLOR] = OPTION_COLOR),
	.run = run,
};
