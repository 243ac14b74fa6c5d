/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A simple command: words, redirections, assignments in front; what it changes of the shell itself, and functions and
 * texts that it runs. */
#include "fw/pass/shell_machine.h"

struct simple {                                  /* a command that is being gathered */
	struct shell_word words[SHELL_WORDS];
	unsigned n;
	struct shell_redirect redirects[16];
	unsigned nredirects;
};

static size_t assignment(struct span raw)
{
	size_t n = 0;
	while (n < raw.n && shell_is_name_byte(raw.p[n], n == 0))
		n++;
	return n && n < raw.n && raw.p[n] == '=' ? n : 0;
}

static bool is_one_of(struct span w, const char *const *list)
{
	for (; *list; list++)
		if (span_is(w, *list))
			return true;
	return false;
}

static const char *const declares[] = { "export", "local", "readonly", "declare", "typeset", NULL };

static void assign(struct shell *s, struct span raw, size_t name)
{
	shell_variable_set(s, span_cut(raw, name), shell_expand_one(s, span_from(raw, name + 1)));
}

static struct span joined(struct shell *s, const struct simple *c)
{
	struct buf b = { .cap = 2 * FIELD };
	for (unsigned i = 0; i < c->n; i++) {
		if (i)
			buf_u8(&b, ' ');
		buf_bytes(&b, c->words[i].text);
	}
	struct span text = arena_copy(s->arena, buf_span(&b));
	buf_done(&b);
	return text;
}

static struct shell_command *command_new(struct shell *s)
{
	if (s->out->n == SHELL_COMMANDS) {
		s->out->cut = true;
		return NULL;
	}
	if (s->out->n == s->room) {
		unsigned room = s->room ? 2 * s->room : 32;
		struct shell_command *v = arena_new(s->arena, room * sizeof(*v));
		if (!v) {
			s->out->cut = true;
			return NULL;
		}
		if (s->out->n)
			memcpy(v, s->out->v, s->out->n * sizeof(*v));
		s->out->v = v;
		s->room = room;
	}
	return &s->out->v[s->out->n++];
}

static void emit(struct shell *s, const struct simple *c, const struct piece *t)
{
	if (s->muted)
		return;
	if (t >= s->v && t < s->v + s->own)
		s->place = *t;
	t = s->own ? &s->place : t;
	struct shell_word *words = arena_new(s->arena, (c->n + 1) * sizeof(*words));
	struct shell_redirect *redirects = arena_new(s->arena, (c->nredirects + 1u) * sizeof(*redirects));
	struct shell_command *out = words && redirects ? command_new(s) : NULL;
	if (!out) {
		s->out->cut = true;
		return;
	}
	memcpy(words, c->words, c->n * sizeof(*words));
	memcpy(redirects, c->redirects, c->nredirects * sizeof(*redirects));
	*out = (struct shell_command){
		.words = words, .nwords = c->n, .redirects = redirects, .nredirects = c->nredirects, .text = joined(s, c),
		.line = t->line, .offset = t->offset, .function = s->function, .capture = s->capture,
		.conditional = s->conditions || s->alternative, .piped = s->piped,
	};
}

static const struct function *function_find(const struct shell *s, struct span name)
{
	for (unsigned i = s->nfunctions; i-- > 0;)
		if (span_eq(s->functions[i].name, name))
			return &s->functions[i];
	return NULL;
}

static void call(struct shell *s, const struct function *f, const struct simple *c)
{
	struct shell_word kept[PARAMETERS];
	unsigned nkept = s->nparams, conditions = s->conditions;
	struct span function = s->function;
	if (s->depth >= SHELL_DEPTH)
		return;
	memcpy(kept, s->params, sizeof(kept));
	s->nparams = c->n < PARAMETERS ? c->n : PARAMETERS;
	memcpy(s->params, c->words, s->nparams * sizeof(s->params[0]));
	s->function = f->name;
	s->depth++;
	s->conditions += s->alternative;
	s->walk(s, f->from, f->to);
	s->depth--;
	s->conditions = conditions;
	s->function = function;
	s->nparams = nkept;
	memcpy(s->params, kept, sizeof(kept));
}

/* Tokens of another text behind those that are there. Pointers to tokens do not hold across this. */
static void walk_text(struct shell *s, struct span text, bool muted)
{
	struct span text_kept = s->text;
	struct rd in_kept = s->in;
	unsigned line = s->line, from = s->n;
	bool muted_kept = s->muted;
	text = span_cut(text, SHELL_TEXT);
	if (s->depth >= SHELL_DEPTH || !text.n || s->taken + text.n > SOURCED_MOST)
		return;
	s->taken += text.n;
	s->depth++;
	s->npending = 0;
	s->text = text;
	s->in = rd_of(s->text);
	(void)shell_token_new(s, TOKEN_LINE, 0);
	shell_tokens(s);
	s->muted = muted_kept || muted;
	s->walk(s, from, s->n);
	s->muted = muted_kept;
	s->text = text_kept;
	s->in = in_kept;
	s->line = line;
	s->depth--;
}

/* A file that holds settings only may be another one on the device; a library of functions is code. */
static void sourced(struct shell *s, struct span path)
{
	struct span content;
	unsigned functions = s->nfunctions;
	if (!s->world || !s->world->file(s->world->ctx, path, &content)) {
		for (unsigned i = 0; i < s->nvars; i++)
			s->vars[i].value.replaceable = true;
		return;
	}
	unsigned serial = s->serial;
	walk_text(s, content, true);
	for (unsigned i = 0; i < s->nvars && s->nfunctions == functions; i++)
		if (s->vars[i].set > serial)
			s->vars[i].value.replaceable = true;
}

/* read NAME <FILE: the first line. */
static void read_line(struct shell *s, const struct simple *c)
{
	struct span content, line;
	for (unsigned i = 0; i < c->nredirects; i++) {
		bool here = c->redirects[i].kind == SHELL_HERE;
		content = c->redirects[i].to;
		if (!here && (c->redirects[i].kind != SHELL_READ || !s->world || !s->world->file(s->world->ctx, content, &content)))
			continue;
		struct rd r = rd_of(span_cut(content, FIELD));
		if (!rd_until(&r, '\n', &line))
			line = rd_rest(&r);
		shell_variable_set(s, c->words[c->n - 1].text,
				   (struct shell_word){ arena_copy(s->arena, span_cut(line, FIELD)), false, !here });
	}
}

static bool is_known(const struct simple *c)
{
	for (unsigned i = 0; i < c->n; i++)
		if (c->words[i].open)
			return false;
	return true;
}

/* What changes the shell itself; true: nothing is left to tell. */
static bool changes_shell(struct shell *s, const struct simple *c)
{
	if (c->n > 1 && span_is(c->words[0].text, "read"))
		read_line(s, c);
	if (c->n > 1 && span_is(c->words[0].text, "set") && span_is(c->words[1].text, "--")) {
		s->nparams = c->n - 1 < PARAMETERS ? c->n - 1 : PARAMETERS;
		memcpy(s->params + 1, c->words + 2, (s->nparams - 1) * sizeof(s->params[0]));
	}
	if (c->n == 1 && span_is(c->words[0].text, "shift") && s->nparams > 1) {
		s->nparams--;
		memmove(s->params + 1, s->params + 2, (s->nparams - 1) * sizeof(s->params[0]));
	}
	if (c->n < 2 || !span_is(c->words[0].text, "eval") || !is_known(c) || s->depth >= SHELL_DEPTH)
		return false;
	struct span text = joined(s, c);
	walk_text(s, span_from(text, c->words[0].text.n + 1), false);
	return true;
}

void shell_export_add(struct shell *s, const struct shell_variable *v)
{
	struct shell_script *o = s->out;
	if (!o->exported)
		o->exported = arena_new(s->arena, SHELL_EXPORTS * sizeof(*o->exported));
	if (o->exported && o->nexported < SHELL_EXPORTS && v->value.text.n && !v->value.open)
		o->exported[o->nexported++] = *v;
}

/* export NAME, export NAME=VALUE; A=1 program: for that program alone. */
static void export_all(struct shell *s, const struct simple *c, unsigned from, const unsigned *assigned,
		       unsigned nassigned)
{
	for (unsigned i = 0; i < nassigned; i++) {
		struct span raw = s->v[assigned[i]].raw;
		size_t name = assignment(raw);
		if (c->n)
			shell_export_add(s, &(struct shell_variable){ span_cut(raw, name), shell_expand_one(s, span_from(raw, name + 1)),
								s->v[assigned[i]].line, true });
	}
	for (unsigned i = from; i < c->n && c->n && span_is(c->words[0].text, "export"); i++) {
		struct shell_variable *v = shell_variable_find(s, c->words[i].text);
		if (v)
			v->exported = true;
	}
}

static bool is_shell(struct span name)
{
	static const char *const names[] = { "sh", "ash", "bash", "dash", "/bin/sh", "/bin/ash", "/bin/bash", NULL };
	return is_one_of(name, names);
}

unsigned shell_pipeline_length(const struct shell *s)
{
	unsigned n = 0;
	while (n < s->out->n && s->out->v[s->out->n - 1 - n].piped)
		n++;
	return n < s->out->n ? n + 1 : 0;
}

/* … | sh: what the commands before it print is run. */
static void run_piped(struct shell *s, const struct simple *c)
{
	struct shell_word text;
	unsigned n = shell_pipeline_length(s);
	bool bare = c->n == 1 || (c->n == 2 && span_is(c->words[1].text, "-s"));
	if (!s->piped || !bare || s->muted || n < 2 || !is_shell(c->words[0].text) ||
	    !shell_output(s, s->out->v + s->out->n - n, n - 1, &text))
		return;
	s->piped = false;
	walk_text(s, text.text, false);
}

static void finish(struct shell *s, struct simple *c, const struct piece *first)
{
	if (!c->n && !c->nredirects)
		return;
	const struct function *f = c->n ? function_find(s, c->words[0].text) : NULL;
	if (f) {
		call(s, f, c);
		return;
	}
	if (changes_shell(s, c))                 /* false: it has read no other text, and first holds */
		return;
	emit(s, c, first);
	if (c->n)
		run_piped(s, c);                 /* first does not hold behind it */
	if (c->n > 1 && (span_is(c->words[0].text, ".") || span_is(c->words[0].text, "source")))
		sourced(s, c->words[1].text);
}

static void take_redirect(struct shell *s, struct simple *c, const struct piece *t, const struct piece *word)
{
	if (c->nredirects == ARRAY_LEN(c->redirects))
		return;
	struct shell_redirect *r = &c->redirects[c->nredirects++];
	bool here = span_starts(t->raw, SPAN_LIT("<<")), dup = t->raw.n == 2 && t->raw.p[1] == '&';
	r->fd = t->fd;
	r->kind = here ? SHELL_HERE : dup ? SHELL_DUP : span_is(t->raw, ">>") ? SHELL_APPEND :
		  t->raw.p[0] == '<' ? SHELL_READ : SHELL_WRITE;
	if (!here) {
		r->to = shell_expand_one(s, word->raw).text;
		return;
	}
	r->to = t->here;
	if (!t->here_quoted) {
		struct shell_word w = { 0 };
		struct fields f = { .s = s, .out = &w, .max = 1 };
		shell_expand_into(&f, t->here, true);
		shell_field_end(&f);
		buf_done(&f.now.text);
		r->to = w.text;
	}
}

unsigned shell_simple(struct shell *s, unsigned i, unsigned to)
{
	AUTO_FREE struct simple *c = mem_new(sizeof(*c));
	const struct piece *first = &s->v[i];
	unsigned assigned[16], nassigned = 0;
	for (; i < to && s->v[i].kind != TOKEN_LINE; i++) {
		const struct piece *t = &s->v[i];
		if (token_is_redirect(t)) {
			const struct piece *word = i + 1 < to && s->v[i + 1].kind == TOKEN_WORD ? &s->v[++i] : t;
			take_redirect(s, c, t, word);
			continue;
		}
		if (t->kind == TOKEN_OP)
			break;
		size_t name = assignment(t->raw);
		if (name && !c->n) {
			if (nassigned < ARRAY_LEN(assigned))
				assigned[nassigned++] = i;
			continue;
		}
		if (name && is_one_of(c->words[0].text, declares)) {
			s->line = t->line;
			assign(s, t->raw, name);
			struct shell_variable *v = shell_variable_find(s, span_cut(t->raw, name));
			if (v)
				v->exported |= span_is(c->words[0].text, "export");
			continue;
		}
		struct fields f = { .s = s, .out = c->words + c->n, .max = SHELL_WORDS - c->n, .split = true };
		s->line = t->line;
		shell_expand_into(&f, t->raw, false);
		shell_field_end(&f);
		c->n += f.n;
		buf_done(&f.now.text);
	}
	s->line = first->line;
	/* In front of a command they are its environment only; alone they stay. */
	for (unsigned k = 0; k < nassigned && !c->n; k++)
		assign(s, s->v[assigned[k]].raw, assignment(s->v[assigned[k]].raw));
	export_all(s, c, 1, assigned, nassigned);
	finish(s, c, first);
	return i;
}
