/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell text to commands: its tokens are walked as a shell would walk them, except that every
 * branch is taken and a loop over words runs for each word, a few at most. */
#include "fw/pass/shell_machine.h"

static void walk(struct shell *s, unsigned from, unsigned to);

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
	walk(s, f->from, f->to);
	s->depth--;
	s->conditions = conditions;
	s->function = function;
	s->nparams = nkept;
	memcpy(s->params, kept, sizeof(kept));
}

static void walk(struct shell *s, unsigned from, unsigned to);

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
	walk(s, from, s->n);
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

static void export_add(struct shell *s, const struct shell_variable *v)
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
			export_add(s, &(struct shell_variable){ span_cut(raw, name), shell_expand_one(s, span_from(raw, name + 1)),
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

/* The commands of the pipeline that ends with the last one: how many. */
static unsigned pipeline_length(const struct shell *s)
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
	unsigned n = pipeline_length(s);
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

/* From a command's first token to the operator that ends it. */
static unsigned simple_command(struct shell *s, unsigned i, unsigned to)
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

static unsigned skip_lines(const struct shell *s, unsigned i, unsigned to)
{
	while (i < to && s->v[i].kind == TOKEN_LINE)
		i++;
	return i;
}

/* The token with `close` that ends what begins before i; `to` when there is none. Looking ahead is work too: loops
 * within loops look at the same tokens again in each turn. */
static unsigned matching(struct shell *s, unsigned i, unsigned to, const char *open, const char *close)
{
	unsigned depth = 1, from = i;
	for (; i < to; i++) {
		if (!s->v[i].first)
			continue;
		if (token_word_is(&s->v[i], open))
			depth++;
		else if (token_word_is(&s->v[i], close) && --depth == 0)
			break;
	}
	s->steps += (i - from) / AHEAD;
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

/* for f in /etc/x/…: what lies in the image by that pattern, where something does. */
static unsigned turns_of(struct shell *s, const struct piece *t, struct shell_word *out, unsigned most)
{
	struct fields f = { .s = s, .out = out, .max = most, .split = true };
	struct span found[LOOP_TURNS];
	shell_expand_into(&f, t->raw, false);
	shell_field_end(&f);
	buf_done(&f.now.text);
	bool quoted = t->raw.n && (memchr(t->raw.p, '"', t->raw.n) || memchr(t->raw.p, '\'', t->raw.n));
	struct span w = f.n == 1 && !out->open ? out->text : (struct span){ 0 };
	bool pattern = w.n && w.p[0] == '/' && (memchr(w.p, '*', w.n) || memchr(w.p, '?', w.n) || memchr(w.p, '[', w.n));
	unsigned n = pattern && !quoted && s->world && s->world->match
			   ? s->world->match(s->world->ctx, w, s->arena, found, most)
			   : 0;
	for (unsigned i = 0; i < n; i++)
		out[i] = (struct shell_word){ .text = found[i] };
	return n ? n : f.n;
}

static unsigned loop_over(struct shell *s, unsigned i, unsigned to)
{
	struct shell_word turns[LOOP_TURNS];
	unsigned n = 0;
	struct span name = i < to ? s->v[i].raw : (struct span){ 0 };
	for (i++; i < to && !(s->v[i].first && token_word_is(&s->v[i], "do")); i++) {
		if (s->v[i].kind != TOKEN_WORD || token_word_is(&s->v[i], "in") || n == LOOP_TURNS)
			continue;
		n += turns_of(s, &s->v[i], turns + n, LOOP_TURNS - n);
	}
	unsigned body = i < to ? i + 1 : to, end = matching(s, body, to, "do", "done");
	if (s->depth >= SHELL_DEPTH)
		return end;
	s->depth++;
	for (unsigned k = 0; k < n || k == 0; k++) {
		if (n)
			shell_variable_set(s, name, turns[k]);
		walk(s, body, end);
	}
	s->depth--;
	return end < to ? end + 1 : to;
}

/* What stands behind "done": <FILE or a here-document, or what the pipeline in front of the loop prints. */
static bool loop_input(struct shell *s, unsigned end, unsigned to, struct span *in, bool *replaceable)
{
	struct shell_word text;
	unsigned n = pipeline_length(s);
	*replaceable = true;
	if (s->piped && n && shell_output(s, s->out->v + s->out->n - n, n, &text)) {
		*in = text.text;
		*replaceable = text.replaceable;
		return true;
	}
	for (unsigned i = end + 1; i + 1 < to && s->v[i].kind == TOKEN_OP && token_is_redirect(&s->v[i]); i += 2) {
		if (span_starts(s->v[i].raw, SPAN_LIT("<<"))) {
			*in = s->v[i].here;
			*replaceable = false;
			return s->v[i].here_quoted || !in->n || !memchr(in->p, '$', in->n);
		}
		if (span_is(s->v[i].raw, "<") && s->world) {
			struct shell_word path = shell_expand_one(s, s->v[i + 1].raw);
			return !path.open && s->world->file(s->world->ctx, path.text, in);
		}
	}
	return false;
}

/* One line into the names, the rest of it into the last. */
static void read_words(struct shell *s, struct span line, const struct span *names, unsigned n, uint8_t mark,
		       bool replaceable)
{
	struct rd in = rd_of(line);
	for (unsigned i = 0; i < n; i++) {
		size_t len = 0;
		while (!mark && rd_left(&in) && shell_is_blank(rd_peek(&in)))
			rd_skip(&in, 1);
		struct rd ahead = in;
		while (rd_left(&ahead) && (mark ? rd_peek(&ahead) != mark : !shell_is_blank(rd_peek(&ahead)))) {
			rd_skip(&ahead, 1);
			len++;
		}
		struct span word = i + 1 == n ? rd_rest(&in) : rd_span(&in, len);
		if (mark && rd_left(&in))
			rd_skip(&in, 1);
		shell_variable_set(s, names[i],
				   (struct shell_word){ arena_copy(s->arena, span_cut(word, FIELD)), false, replaceable });
	}
}

/* while [IFS=X] read [-r] NAME…; do … done, i behind "while". 0: another loop, or what it reads is not known. */
static unsigned loop_reading(struct shell *s, unsigned i, unsigned to)
{
	struct span names[PARAMETERS], in;
	unsigned n = 0, turns = 0;
	uint8_t mark = 0;
	bool replaceable;
	if (i < to && span_starts(s->v[i].raw, SPAN_LIT("IFS="))) {
		struct span value = shell_expand_one(s, span_from(s->v[i++].raw, 4)).text;
		mark = value.n == 1 && !shell_is_blank(value.p[0]) ? value.p[0] : 0;
	}
	if (i >= to || !token_word_is(&s->v[i], "read") || s->depth >= SHELL_DEPTH)
		return 0;
	for (i++; i < to && s->v[i].kind == TOKEN_WORD; i++)
		if (s->v[i].raw.p[0] != '-' && n < PARAMETERS)
			names[n++] = s->v[i].raw;
	while (i < to && !(s->v[i].first && token_word_is(&s->v[i], "do"))) {
		i++;
		s->steps += i % AHEAD == 0;
	}
	unsigned body = i < to ? i + 1 : to, end = matching(s, body, to, "do", "done");
	if (!n || end >= to || !loop_input(s, end, to, &in, &replaceable))
		return 0;
	s->piped = false;
	s->depth++;
	for (struct rd lines = rd_of(span_cut(in, SHELL_TEXT)); rd_left(&lines) && turns < LOOP_TURNS;) {
		struct span line;
		if (!rd_until(&lines, '\n', &line))
			line = rd_rest(&lines);
		if (!line.n || line.p[0] == '#')
			continue;
		read_words(s, line, names, n, mark, replaceable);
		walk(s, body, end);
		turns++;
	}
	s->depth--;
	for (end++; end + 1 < to && s->v[end].kind == TOKEN_OP && token_is_redirect(&s->v[end]); end += 2)
		;
	return end;
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
	unsigned end = matching(s, k + 1, to, "{", "}");
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
		return loop_over(s, i + 1, to);
	unsigned behind = token_word_is(t, "while") ? loop_reading(s, i + 1, to) : 0;
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
		i = next > i ? next : simple_command(s, i, to);
	}
	s->alternative = s->piped = false;
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

/* Text inside text: $(…). Its commands come before the one that uses their output. */
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
			       .taken = s->taken,
			       .nvars = s->nvars,
			       .nparams = s->nparams,
			       .steps = s->steps };
	memcpy(sub->vars, s->vars, sizeof(sub->vars));
	memcpy(sub->params, s->params, sizeof(sub->params));
	shell_tokens(sub);
	walk(sub, 0, sub->n);
	s->room = sub->room;
	s->steps = sub->steps;
	s->taken = sub->taken;
	free(sub->v);
	free(sub);
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
	*s = (struct shell){ .text = text, .in = rd_of(text), .line = 1, .arena = a, .out = out, .world = world };
	for (unsigned i = 0; i < nargs && i < PARAMETERS; i++)
		s->params[s->nparams++].text = args[i];
	shell_tokens(s);
	s->own = s->n;
	walk(s, 0, s->n);
	walk_uncalled(s);
	for (unsigned i = 0; i < s->nvars; i++)
		if (s->vars[i].exported)
			export_add(s, &s->vars[i]);
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
