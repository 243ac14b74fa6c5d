/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a shell that is read keeps: its variables; and a shell inside it, which has a copy of them. */
#include "fw/pass/shell_machine.h"

struct shell_variable *shell_variable_find(struct shell *s, struct span name)
{
	for (unsigned i = 0; i < s->nvars; i++)
		if (span_eq(s->vars[i].name, name))
			return &s->vars[i];
	return NULL;
}

/* "{$1}": what the script is given when it is called. */
static bool is_argument(struct span text)
{
	return text.n == 4 && span_starts(text, SPAN_LIT("{$")) && text.p[2] >= '1' && text.p[2] <= '9' && text.p[3] == '}';
}

void shell_variable_set(struct shell *s, struct span name, struct shell_word value)
{
	struct shell_variable *v = shell_variable_find(s, name);
	if (v && v->value.text.n && !v->value.open && is_argument(value.text) && (s->conditions || s->alternative)) {
		v->value.replaceable = true;     /* X=default; [ -n "$1" ] && X=$1 */
		return;
	}
	if (v && !value.open && v->value.open && (s->conditions || s->alternative))
		value.replaceable = true;        /* [ -z "$X" ] && X=default */
	if (!v && s->nvars < VARIABLES)
		*(v = &s->vars[s->nvars++]) = (struct shell_variable){ 0 };
	if (v)
		*v = (struct shell_variable){
			.name = name, .value = value, .line = s->line, .exported = v->exported, .set = ++s->serial
		};
}

/* A substitution's text as field_unknown shows it: what was captured is known again by it. */
static struct span capture_of(struct shell *s, struct span inner)
{
	struct buf b = { .cap = CAPTURE };
	for (size_t i = 0; i < inner.n && i < CAPTURE; i++)
		buf_u8(&b, inner.p[i] == '\n' ? ' ' : inner.p[i]);
	struct span out = arena_copy(s->arena, buf_span(&b));
	buf_done(&b);
	return out;
}

void shell_run_text(struct shell *s, struct span text, unsigned line)
{
	if (s->depth >= NESTING || !text.n)
		return;
	struct shell *sub = mem_new(sizeof(*sub));
	*sub = (struct shell){ .text = text,
			       .in = rd_of(text),
			       .line = line,
			       .arena = s->arena,
			       .out = s->out,
			       .room = s->room,
			       .depth = s->depth + 1,
			       .conditions = s->conditions + s->alternative,
			       .function = s->function,
			       .capture = capture_of(s, text),
			       .world = s->world,
			       .muted = s->muted,
			       .nesting = s->nesting,
			       .serial = s->serial,
			       .walk = s->walk,
			       .taken = s->taken,
			       .nvars = s->nvars,
			       .nparams = s->nparams,
			       .steps = s->steps };
	memcpy(sub->vars, s->vars, sizeof(sub->vars));
	memcpy(sub->params, s->params, sizeof(sub->params));
	shell_tokens(sub);
	sub->walk(sub, 0, sub->n);
	s->room = sub->room;
	s->steps = sub->steps;
	s->taken = sub->taken;
	free(sub->v);
	free(sub);
}
