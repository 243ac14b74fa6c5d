/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell text to commands: its tokens are walked as a shell would walk them, except that every
 * branch is taken and a loop over words runs for each word, a few at most. */
#include "fw/pass/shell_machine.h"

static unsigned skip_lines(const struct shell *s, unsigned i, unsigned to)
{
	while (i < to && s->v[i].kind == TOKEN_LINE)
		i++;
	return i;
}

/* Past the patterns of one branch of a case. */
static unsigned skip_pattern(const struct shell *s, unsigned i, unsigned to)
{
	i = skip_lines(s, i, to);
	if (i < to && token_word_is(&s->v[i], "esac"))
		return i;
	while (i < to && !token_op_is(&s->v[i], ")"))
		i++;
	return i < to ? i + 1 : to;
}

/* NAME ( ) { … }; i stands on NAME. 0: it is none. */
static unsigned function_at(struct shell *s, unsigned i, unsigned to)
{
	bool keyword = token_word_is(&s->v[i], "function");
	unsigned name = i + keyword, k = name + 1;
	if (name >= to || s->v[name].kind != TOKEN_WORD)
		return 0;
	bool parens = k + 1 < to && token_op_is(&s->v[k], "(") && token_op_is(&s->v[k + 1], ")");
	if (!parens && !keyword)
		return 0;
	k = skip_lines(s, k + (parens ? 2 : 0), to);
	if (k >= to || !token_word_is(&s->v[k], "{"))
		return 0;
	unsigned end = shell_matching(s, k + 1, to, "{", "}");
	if (s->nfunctions < FUNCTIONS)
		s->functions[s->nfunctions++] = (struct function){ s->v[name].raw, k + 1, end };
	return end < to ? end + 1 : to;
}

/* A reserved word or an operator at i: the token behind it. 0: a command begins. */
static unsigned structure(struct shell *s, unsigned i, unsigned to)
{
	const struct piece *t = &s->v[i];
	if (t->kind != TOKEN_WORD) {
		s->alternative = token_op_is(t, "&&") || token_op_is(t, "||") || (s->alternative && token_op_is(t, "|"));
		s->piped = token_op_is(t, "|") || (s->piped && token_op_is(t, "("));
		if (token_op_is(t, "|") && s->out->n)
			s->out->v[s->out->n - 1].streams = true;
		if (token_is_redirect(t))
			return 0;
		return token_op_is(t, ";;") ? skip_pattern(s, i + 1, to) : i + 1;
	}
	if (token_word_is(t, "then") || token_word_is(t, "do")) {
		s->conditions++;
		return i + 1;
	}
	if (token_word_is(t, "fi") || token_word_is(t, "done") || token_word_is(t, "esac")) {
		s->conditions -= s->conditions > 0;
		return i + 1;
	}
	if (token_word_is(t, "case")) {
		while (i < to && !token_word_is(&s->v[i], "in"))
			i++;
		s->conditions++;
		return i < to ? skip_pattern(s, i + 1, to) : to;
	}
	if (token_word_is(t, "for"))
		return shell_loop_over(s, i + 1, to);
	unsigned behind = token_word_is(t, "while") ? shell_loop_reading(s, i + 1, to) : 0;
	if (behind)
		return behind;
	if (token_opens(t) || token_word_is(t, "}"))
		return i + 1;
	return function_at(s, i, to);
}

static void walk(struct shell *s, unsigned from, unsigned to)
{
	unsigned i = from;
	while (i < to && s->out->n < SHELL_COMMANDS && s->steps++ < STEPS) {
		unsigned next = structure(s, i, to);
		i = next > i ? next : shell_simple(s, i, to);
	}
	s->alternative = s->piped = false;
}

/* Functions that nothing here calls may be called from elsewhere. */
static void walk_uncalled(struct shell *s)
{
	for (unsigned i = 0; i < s->nfunctions; i++) {
		bool called = false;
		for (unsigned k = 0; k < s->out->n; k++)
			called |= span_eq(s->out->v[k].function, s->functions[i].name);
		if (called || s->functions[i].from >= s->own)
			continue;
		s->function = s->functions[i].name;
		walk(s, s->functions[i].from, s->functions[i].to);
	}
}

static void read_all(struct span text, const struct shell_world *world, const struct span *args, unsigned nargs,
		     struct arena *a, struct shell_script *out)
{
	struct shell *s = mem_new(sizeof(*s));
	*out = (struct shell_script){ .cut = text.n > SHELL_TEXT };
	text = span_cut(text, SHELL_TEXT);
	*s = (struct shell){ .text = text, .in = rd_of(text), .line = 1, .arena = a, .out = out, .world = world,
			     .walk = walk };
	for (unsigned i = 0; i < nargs && i < PARAMETERS; i++)
		s->params[s->nparams++].text = args[i];
	shell_tokens(s);
	s->own = s->n;
	walk(s, 0, s->n);
	walk_uncalled(s);
	for (unsigned i = 0; i < s->nvars; i++)
		if (s->vars[i].exported)
			shell_export_add(s, &s->vars[i]);
	out->cut |= s->steps >= STEPS || out->n == SHELL_COMMANDS;
	free(s->v);
	free(s);
}

void shell_read_args(struct span text, const struct span *args, unsigned nargs, struct arena *a,
		     struct shell_script *out)
{
	read_all(text, NULL, args, nargs, a, out);
}

void shell_read_in(struct span text, const struct shell_world *world, struct arena *a, struct shell_script *out)
{
	read_all(text, world, NULL, 0, a, out);
}

void shell_read(struct span text, struct arena *a, struct shell_script *out)
{
	shell_read_args(text, NULL, 0, a, out);
}
