/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell text to commands: split into tokens once, then walked as a shell would walk it, except that every
 * branch is taken and a loop over words runs for each word, a few at most. */
#include "fw/pass/shell.h"

#include "base/buf.h"

enum { TOKENS = 1 << 16, VARIABLES = 256, FUNCTIONS = 128, LOOP_TURNS = 8, PARAMETERS = 16, FIELD = 4096, NESTING = 4,
       STEPS = 1 << 18, CAPTURE = 80, SOURCED_MOST = 4 << 20 };

enum token_kind { TOKEN_WORD, TOKEN_OP, TOKEN_LINE };

struct piece {                                   /* a token */
	enum token_kind kind;
	struct span raw;                         /* with its quotes */
	struct span here;                        /* << : the text */
	bool here_quoted, first;                 /* first: where a command or a reserved word may stand */
	unsigned line, fd;
	uint64_t offset;
};

struct function {
	struct span name;
	unsigned from, to;
};

struct shell {
	struct span text;
	struct rd in;
	unsigned line;
	struct arena *arena;
	struct shell_script *out;
	unsigned room;
	struct piece *v;
	unsigned n, troom;
	unsigned pending[8], npending;           /* here-documents whose text follows the line */
	struct shell_variable vars[VARIABLES];
	unsigned nvars, serial;
	size_t taken;                            /* bytes of other texts that were read */
	struct function functions[FUNCTIONS];
	unsigned nfunctions;
	struct shell_word params[PARAMETERS];    /* $0 … */
	unsigned nparams;
	unsigned depth, nesting, conditions;
	struct span function, capture;
	const struct shell_world *world;
	unsigned own;                            /* tokens of the script itself; behind them those of files it sources */
	struct piece place;                      /* the last of its own that was walked */
	bool muted;                              /* a sourced file: what it sets counts, what it does is told there */
	unsigned steps;
	bool alternative;                        /* behind && or || */
	bool piped;
};

/* ---- tokens ---- */

static size_t at(const struct shell *s)
{
	return s->text.n - rd_left(&s->in);
}

static struct span between(struct span text, size_t from, size_t to)
{
	return span_from(span_cut(text, to), from);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_meta(uint8_t c)
{
	return c == ';' || c == '&' || c == '|' || c == '<' || c == '>' || c == '(' || c == ')' || c == '\n';
}

/* Past a quoted stretch, an expansion or one plain byte; what is opened inside is closed inside. */
static void skip_part(struct rd *in, unsigned depth);

static void skip_to(struct rd *in, uint8_t close, unsigned depth)
{
	while (rd_left(in)) {
		if (rd_peek(in) == close) {
			rd_skip(in, 1);
			return;
		}
		skip_part(in, depth);
	}
	rd_fail(in);
}

static void skip_plain_to(struct rd *in, uint8_t close)
{
	struct span gone;
	if (!rd_until(in, close, &gone))
		rd_fail(in);
}

static void skip_double(struct rd *in, unsigned depth)
{
	while (rd_left(in)) {
		uint8_t c = rd_peek(in);
		if (c == '"') {
			rd_skip(in, 1);
			return;
		}
		if (c == '\'')                   /* no quote inside double quotes */
			rd_skip(in, 1);
		else
			skip_part(in, depth);
	}
	rd_fail(in);
}

static void skip_part(struct rd *in, unsigned depth)
{
	uint8_t c = rd_u8(in);
	if (depth > SHELL_DEPTH)
		return;
	switch (c) {
	case '\\': rd_skip(in, rd_left(in) ? 1 : 0); return;
	case '\'': skip_plain_to(in, '\''); return;
	case '`': skip_plain_to(in, '`'); return;
	case '"': skip_double(in, depth + 1); return;
	case '(': skip_to(in, ')', depth + 1); return;
	case '$': break;
	default: return;
	}
	if (rd_peek(in) == '(' || rd_peek(in) == '{') {
		bool brace = rd_u8(in) == '{';
		skip_to(in, brace ? '}' : ')', depth + 1);
	}
}

static struct piece *token_new(struct shell *s, enum token_kind kind, size_t from)
{
	if (s->n == TOKENS) {
		s->out->cut = true;
		return NULL;
	}
	if (s->n == s->troom) {
		s->troom = s->troom ? 2 * s->troom : 64;
		s->v = mem_grow(s->v, s->troom, sizeof(*s->v));
	}
	struct piece *t = &s->v[s->n++];
	*t = (struct piece){ .kind = kind, .line = s->line, .offset = from };
	return t;
}

static bool word_is(const struct piece *t, const char *text)
{
	return t->kind == TOKEN_WORD && span_is(t->raw, text);
}

static bool op_is(const struct piece *t, const char *text)
{
	return t->kind == TOKEN_OP && span_is(t->raw, text);
}

static const char *const openers[] = { "if", "then", "else", "elif", "while", "until", "do", "{", "!", "time" };

static bool opens(const struct piece *t)
{
	for (size_t i = 0; i < ARRAY_LEN(openers); i++)
		if (word_is(t, openers[i]))
			return true;
	return false;
}

static bool is_redirect(const struct piece *t)
{
	uint8_t c = t->kind == TOKEN_OP && t->raw.n ? t->raw.p[0] : 0;
	return c == '<' || c == '>';
}

static void mark_first(struct shell *s)
{
	struct piece *t = &s->v[s->n - 1];
	const struct piece *before = s->n > 1 ? t - 1 : NULL;
	t->first = !before || before->kind == TOKEN_LINE || (before->kind == TOKEN_OP && !is_redirect(before)) ||
		   (before->first && opens(before));
}

/* The text of here-documents that were announced on the line that ends here. */
static void take_here(struct shell *s)
{
	for (unsigned k = 0; k < s->npending; k++) {
		struct piece *t = &s->v[s->pending[k]];
		struct span stop = s->pending[k] + 1 < s->n ? s->v[s->pending[k] + 1].raw : (struct span){ 0 };
		bool dash = span_is(t->raw, "<<-");
		if (stop.n >= 2 && (stop.p[0] == '\'' || stop.p[0] == '"')) {
			t->here_quoted = true;
			stop = between(stop, 1, stop.n - 1);
		} else if (stop.n && stop.p[0] == '\\') {
			t->here_quoted = true;
			stop = span_from(stop, 1);
		}
		size_t from = at(s), end = from;
		while (rd_left(&s->in)) {
			struct span line;
			end = at(s);
			if (!rd_until(&s->in, '\n', &line))
				line = rd_rest(&s->in);
			s->line++;
			while (dash && line.n && line.p[0] == '\t')
				line = span_from(line, 1);
			if (span_eq(line, stop))
				break;
			end = at(s);
		}
		t->here = between(s->text, from, end);
	}
	s->npending = 0;
}

static void take_word(struct shell *s)
{
	size_t from = at(s);
	struct piece *t = token_new(s, TOKEN_WORD, from);
	while (rd_left(&s->in) && !is_blank(rd_peek(&s->in)) && !is_meta(rd_peek(&s->in)))
		skip_part(&s->in, 0);
	s->out->cut |= !rd_ok(&s->in);
	if (!t)
		return;
	t->raw = between(s->text, from, at(s));
	for (size_t i = 0; i < t->raw.n; i++)
		s->line += t->raw.p[i] == '\n';
	mark_first(s);
}

static const char *const operators[] = { "<<-", ";;", "&&", "||", "<<", ">>", "<&", ">&", ">|", "<>", "&>",
					 ";", "&", "|", "<", ">", "(", ")" };

static void take_operator(struct shell *s)
{
	size_t from = at(s);
	struct span rest = span_from(s->text, from);
	const char *op = ";";
	for (size_t i = 0; i < ARRAY_LEN(operators); i++)
		if (span_starts(rest, span_str(operators[i]))) {
			op = operators[i];
			break;
		}
	/* 2>file: the number before it is no word. */
	struct piece *before = s->n ? &s->v[s->n - 1] : NULL;
	bool numbered = before && before->kind == TOKEN_WORD && before->offset + before->raw.n == from && before->raw.n == 1 &&
			before->raw.p[0] >= '0' && before->raw.p[0] <= '9' && (*op == '<' || *op == '>');
	unsigned fd = numbered ? (unsigned)(before->raw.p[0] - '0') : *op == '<' ? 0 : 1;
	s->n -= numbered;
	rd_skip(&s->in, strlen(op));
	struct piece *t = token_new(s, TOKEN_OP, from);
	if (!t)
		return;
	t->raw = between(s->text, from, at(s));
	t->fd = fd;
	mark_first(s);
	if ((strcmp(op, "<<") == 0 || strcmp(op, "<<-") == 0) && s->npending < ARRAY_LEN(s->pending))
		s->pending[s->npending++] = s->n - 1;
}

static void tokens(struct shell *s)
{
	while (rd_left(&s->in) && s->n < TOKENS) {
		uint8_t c = rd_peek(&s->in);
		struct span gone, rest = span_from(s->text, at(s));
		if (is_blank(c) || c == 0) {
			rd_skip(&s->in, 1);
		} else if (span_starts(rest, SPAN_LIT("\\\n"))) {
			rd_skip(&s->in, 2);
			s->line++;
		} else if (c == '#') {
			struct rd ahead = s->in;
			if (!rd_until(&ahead, '\n', &gone))
				gone = rd_rest(&ahead);
			rd_skip(&s->in, gone.n);
		} else if (c == '\n') {
			(void)token_new(s, TOKEN_LINE, at(s));
			rd_skip(&s->in, 1);
			s->line++;
			take_here(s);
		} else if (is_meta(c)) {
			take_operator(s);
		} else {
			take_word(s);
		}
	}
	s->out->cut |= rd_left(&s->in) > 0;
}

/* ---- variables and expansion ---- */

static struct shell_variable *variable_find(struct shell *s, struct span name)
{
	for (unsigned i = 0; i < s->nvars; i++)
		if (span_eq(s->vars[i].name, name))
			return &s->vars[i];
	return NULL;
}

static void variable_set(struct shell *s, struct span name, struct shell_word value)
{
	struct shell_variable *v = variable_find(s, name);
	if (v && !value.open && v->value.open && (s->conditions || s->alternative))
		value.replaceable = true;        /* [ -z "$X" ] && X=default */
	if (!v && s->nvars < VARIABLES)
		*(v = &s->vars[s->nvars++]) = (struct shell_variable){ 0 };
	if (v)
		*v = (struct shell_variable){ .name = name, .value = value, .line = s->line, .exported = v->exported, .set = ++s->serial };
}

struct field {
	struct buf text;
	struct shell_word word;
	bool any;                                /* a quoted empty text is a word too */
};

struct fields {
	struct shell *s;
	struct field now;
	struct shell_word *out;
	unsigned n, max;
	bool split;                              /* unquoted blanks of values part words */
};

static void field_end(struct fields *f)
{
	if ((f->now.text.n || f->now.any) && f->n < f->max) {
		f->now.word.text = arena_copy(f->s->arena, buf_span(&f->now.text));
		f->out[f->n++] = f->now.word;
	}
	buf_reset(&f->now.text);
	f->now.word = (struct shell_word){ 0 };
	f->now.any = false;
}

static void field_byte(struct fields *f, uint8_t c)
{
	if (f->now.text.n < FIELD)
		buf_u8(&f->now.text, c);
}

static void field_value(struct fields *f, const struct shell_word *w, bool quoted)
{
	for (size_t i = 0; i < w->text.n; i++) {
		uint8_t c = w->text.p[i];
		if (!quoted && f->split && !w->open && (is_blank(c) || c == '\n'))
			field_end(f);
		else
			field_byte(f, c);
	}
	f->now.word.open |= w->open;
	f->now.word.replaceable |= w->replaceable;
}

static void field_unknown(struct fields *f, const char *before, struct span what, const char *behind)
{
	const uint8_t *p = what.p;
	for (; *before; before++)
		field_byte(f, (uint8_t)*before);
	for (size_t i = 0; i < what.n && i < CAPTURE; i++)
		field_byte(f, p[i] == '\n' ? ' ' : p[i]);
	for (; *behind; behind++)
		field_byte(f, (uint8_t)*behind);
	f->now.word.open = true;
}

static bool is_name_byte(uint8_t c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

static void expand_into(struct fields *f, struct span raw, bool quoted);

static struct shell_word expand_one(struct shell *s, struct span raw)
{
	struct shell_word w = { 0 };
	struct fields f = { .s = s, .out = &w, .max = 1 };
	f.now.any = true;
	if (++s->nesting <= NESTING)
		expand_into(&f, raw, false);
	s->nesting--;
	field_end(&f);
	buf_done(&f.now.text);
	return w;
}

static void positional(struct fields *f, struct span name, bool quoted)
{
	struct shell *s = f->s;
	uint8_t c = name.n == 1 ? name.p[0] : 0;
	if (c >= '0' && c <= '9' && (unsigned)(c - '0') < s->nparams) {
		field_value(f, &s->params[c - '0'], quoted);
		return;
	}
	if ((c == '@' || c == '*') && s->nparams > 1) {
		for (unsigned i = 1; i < s->nparams; i++) {
			if (i > 1)
				field_end(f);
			field_value(f, &s->params[i], quoted);
		}
		return;
	}
	field_unknown(f, "{$", name, "}");
}

static void variable_into(struct fields *f, struct span name, bool quoted)
{
	const struct shell_variable *v = variable_find(f->s, name);
	if (v)
		field_value(f, &v->value, quoted);
	else if (name.n == 1 && !is_name_byte(name.p[0], true))
		positional(f, name, quoted);
	else
		field_unknown(f, "{$", name, "}");
}

/* Patterns of ${X#…} with * at one end or both, and plain text: */
static struct span stripped(struct span s, struct span pattern, bool front, bool longest)
{
	bool open_front = pattern.n && pattern.p[0] == '*', open_back = pattern.n > open_front && pattern.p[pattern.n - 1] == '*';
	struct span plain = span_cut(span_from(pattern, open_front), pattern.n - open_front - open_back);
	bool open = front ? open_front : open_back, far = front ? open_back : open_front;
	if (pattern.n > 256 || (far && longest))
		return far && longest && !open && plain.n <= s.n && memmem(s.p, s.n, plain.p, plain.n) ? (struct span){ 0 } : s;
	for (size_t i = 0; i + plain.n <= s.n; i++) {
		/* From the front the shortest match ends earliest; from the back it begins latest. */
		size_t at = front != longest ? i : s.n - plain.n - i;
		bool anchored = open || (front ? at == 0 : at + plain.n == s.n);
		if (anchored && span_eq(span_cut(span_from(s, at), plain.n), plain))
			return front ? span_from(s, at + plain.n) : span_cut(s, at);
	}
	return s;
}

/* ${NAME}, ${NAME:-default}, ${NAME:=default}, ${NAME#…}, ${NAME%…}; other forms are not followed. */
static void braced(struct fields *f, struct span inner, bool quoted)
{
	size_t n = 0;
	while (n < inner.n && is_name_byte(inner.p[n], n == 0))
		n++;
	if (!n && inner.n)
		n = 1;
	struct span name = span_cut(inner, n), rest = span_from(inner, n);
	bool colon = rest.n && rest.p[0] == ':';
	uint8_t op = rest.n > colon ? rest.p[colon] : 0;
	struct shell_variable *v = variable_find(f->s, name);
	if (op == 0 || (v && (op == '-' || op == '=') && v->value.text.n && !v->value.open)) {
		variable_into(f, name, quoted);
		return;
	}
	if (v && !v->value.open && !colon && (op == '#' || op == '%')) {
		bool longest = rest.n > 1 && rest.p[1] == op;
		struct shell_word kept = v->value;
		kept.text = stripped(kept.text, span_from(rest, 1u + longest), op == '#', longest);
		field_value(f, &kept, quoted);
		return;
	}
	if (op != '-' && op != '=') {
		field_unknown(f, "{${", inner, "}}");
		return;
	}
	struct shell_word w = expand_one(f->s, span_from(rest, colon + 1u));
	w.replaceable = true;
	if (op == '=')
		variable_set(f->s, name, w);
	field_value(f, &w, quoted);
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

static void run_text(struct shell *s, struct span text, unsigned line);

/* The only command of a substitution, and what it prints where the text or the world gives that. */
static bool output_of(struct shell *s, const struct shell_command *c, struct shell_word *out)
{
	struct span name = c->nwords ? c->words[0].text : (struct span){ 0 };
	const struct shell_world *w = s->world;
	for (unsigned i = 0; i < c->nwords; i++)
		if (c->words[i].open)
			return false;
	for (unsigned i = 0; i < c->nredirects; i++)
		if (c->redirects[i].fd == 1 || c->redirects[i].kind == SHELL_READ)
			return false;
	*out = (struct shell_word){ 0 };
	if (span_is(name, "echo") && c->nwords == 2) {
		*out = c->words[1];
		return true;
	}
	out->replaceable = true;
	if (w && span_is(name, "cat") && c->nwords == 2)
		return w->file(w->ctx, c->words[1].text, &out->text);
	bool asks = span_is(name, "nvram") || span_is(name, "uci");
	bool get = asks && c->nwords > 2 && span_is(c->words[1].text, "get");
	bool direct = (span_is(name, "nvram_get") || span_is(name, "getprop")) && c->nwords == 2;
	return w && (get || direct) && w->key(w->ctx, c->words[c->nwords - 1].text, &out->text);
}

static void substituted(struct fields *f, struct span inner, bool quoted)
{
	unsigned before = f->s->out->n;
	struct shell_word w;
	run_text(f->s, inner, f->s->line);
	bool one = f->s->out->n == before + 1;
	if (!one || !output_of(f->s, &f->s->out->v[before], &w) || w.text.n > FIELD) {
		field_unknown(f, "{$(", inner, ")}");
		return;
	}
	while (w.text.n && w.text.p[w.text.n - 1] == '\n')
		w.text.n--;
	field_value(f, &w, quoted);
}

static void dollar(struct fields *f, struct rd *in, struct span raw, bool quoted)
{
	size_t from = raw.n - rd_left(in);
	uint8_t c = rd_peek(in);
	if (c == '(' || c == '{') {
		struct rd ahead = *in;
		rd_skip(&ahead, 1);
		skip_to(&ahead, c == '(' ? ')' : '}', 0);
		size_t to = raw.n - rd_left(&ahead);
		*in = ahead;
		in->bad = false;
		struct span inner = between(raw, from + 1, to ? to - 1 : 0);
		if (c == '{')
			braced(f, inner, quoted);
		else if (inner.n && inner.p[0] == '(')
			field_unknown(f, "{$(", inner, ")}");
		else
			substituted(f, inner, quoted);
		return;
	}
	size_t n = 0;
	while (rd_left(in) && is_name_byte(rd_peek(in), n == 0)) {
		rd_skip(in, 1);
		n++;
	}
	if (!n && rd_left(in) && c && strchr("0123456789@*#?!$-", c)) {
		rd_skip(in, 1);
		n = 1;
	}
	if (n)
		variable_into(f, between(raw, from, from + n), quoted);
	else
		field_byte(f, '$');
}

static void expand_into(struct fields *f, struct span raw, bool quoted)
{
	struct rd in = rd_of(raw);
	bool in_double = quoted;
	while (rd_left(&in)) {
		uint8_t c = rd_u8(&in);
		struct span inner;
		if (c == '\\') {
			uint8_t next = rd_u8(&in);
			if (in_double && !(next && strchr("$`\"\\\n", next)))
				field_byte(f, '\\');
			if (next && next != '\n')
				field_byte(f, next);
			f->now.any = true;
		} else if (c == '\'' && !in_double) {
			if (!rd_until(&in, '\'', &inner))
				inner = rd_rest(&in);
			for (size_t i = 0; i < inner.n; i++)
				field_byte(f, inner.p[i]);
			f->now.any = true;
		} else if (c == '"') {
			in_double = !in_double;
			f->now.any = true;
		} else if (c == '`') {
			if (!rd_until(&in, '`', &inner))
				inner = rd_rest(&in);
			substituted(f, inner, in_double);
		} else if (c == '$') {
			dollar(f, &in, raw, in_double);
		} else {
			field_byte(f, c);
		}
	}
}

/* ---- walking ---- */

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
	while (n < raw.n && is_name_byte(raw.p[n], n == 0))
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
	variable_set(s, span_cut(raw, name), expand_one(s, span_from(raw, name + 1)));
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
	(void)token_new(s, TOKEN_LINE, 0);
	tokens(s);
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
		variable_set(s, c->words[c->n - 1].text, (struct shell_word){ arena_copy(s->arena, span_cut(line, FIELD)), false, !here });
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
static void export_all(struct shell *s, const struct simple *c, unsigned from, const unsigned *assigned, unsigned nassigned)
{
	for (unsigned i = 0; i < nassigned; i++) {
		struct span raw = s->v[assigned[i]].raw;
		size_t name = assignment(raw);
		if (c->n)
			export_add(s, &(struct shell_variable){ span_cut(raw, name), expand_one(s, span_from(raw, name + 1)),
								s->v[assigned[i]].line, true });
	}
	for (unsigned i = from; i < c->n && c->n && span_is(c->words[0].text, "export"); i++) {
		struct shell_variable *v = variable_find(s, c->words[i].text);
		if (v)
			v->exported = true;
	}
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
		r->to = expand_one(s, word->raw).text;
		return;
	}
	r->to = t->here;
	if (!t->here_quoted) {
		struct shell_word w = { 0 };
		struct fields f = { .s = s, .out = &w, .max = 1 };
		expand_into(&f, t->here, true);
		field_end(&f);
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
		if (is_redirect(t)) {
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
			struct shell_variable *v = variable_find(s, span_cut(t->raw, name));
			if (v)
				v->exported |= span_is(c->words[0].text, "export");
			continue;
		}
		struct fields f = { .s = s, .out = c->words + c->n, .max = SHELL_WORDS - c->n, .split = true };
		s->line = t->line;
		expand_into(&f, t->raw, false);
		field_end(&f);
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

/* The token with `close` that ends what begins before i; `to` when there is none. */
static unsigned matching(const struct shell *s, unsigned i, unsigned to, const char *open, const char *close)
{
	unsigned depth = 1;
	for (; i < to; i++) {
		if (!s->v[i].first)
			continue;
		if (word_is(&s->v[i], open))
			depth++;
		else if (word_is(&s->v[i], close) && --depth == 0)
			break;
	}
	return i;
}

/* Past the patterns of one branch of a case. */
static unsigned skip_pattern(const struct shell *s, unsigned i, unsigned to)
{
	i = skip_lines(s, i, to);
	if (i < to && word_is(&s->v[i], "esac"))
		return i;
	while (i < to && !op_is(&s->v[i], ")"))
		i++;
	return i < to ? i + 1 : to;
}

static unsigned loop_over(struct shell *s, unsigned i, unsigned to)
{
	struct shell_word turns[LOOP_TURNS];
	unsigned n = 0;
	struct span name = i < to ? s->v[i].raw : (struct span){ 0 };
	for (i++; i < to && !(s->v[i].first && word_is(&s->v[i], "do")); i++) {
		if (s->v[i].kind != TOKEN_WORD || word_is(&s->v[i], "in") || n == LOOP_TURNS)
			continue;
		struct fields f = { .s = s, .out = turns + n, .max = LOOP_TURNS - n, .split = true };
		expand_into(&f, s->v[i].raw, false);
		field_end(&f);
		n += f.n;
		buf_done(&f.now.text);
	}
	unsigned body = i < to ? i + 1 : to, end = matching(s, body, to, "do", "done");
	if (s->depth >= SHELL_DEPTH)
		return end;
	s->depth++;
	for (unsigned k = 0; k < n || k == 0; k++) {
		if (n)
			variable_set(s, name, turns[k]);
		walk(s, body, end);
	}
	s->depth--;
	return end < to ? end + 1 : to;
}

/* NAME ( ) { … }; i stands on NAME. 0: it is none. */
static unsigned function_at(struct shell *s, unsigned i, unsigned to)
{
	bool keyword = word_is(&s->v[i], "function");
	unsigned name = i + keyword, k = name + 1;
	if (name >= to || s->v[name].kind != TOKEN_WORD)
		return 0;
	bool parens = k + 1 < to && op_is(&s->v[k], "(") && op_is(&s->v[k + 1], ")");
	if (!parens && !keyword)
		return 0;
	k = skip_lines(s, k + (parens ? 2 : 0), to);
	if (k >= to || !word_is(&s->v[k], "{"))
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
		s->alternative = op_is(t, "&&") || op_is(t, "||") || (s->alternative && op_is(t, "|"));
		s->piped = op_is(t, "|") || (s->piped && op_is(t, "("));
		if (op_is(t, "|") && s->out->n)
			s->out->v[s->out->n - 1].streams = true;
		if (is_redirect(t))
			return 0;
		return op_is(t, ";;") ? skip_pattern(s, i + 1, to) : i + 1;
	}
	if (word_is(t, "then") || word_is(t, "do")) {
		s->conditions++;
		return i + 1;
	}
	if (word_is(t, "fi") || word_is(t, "done") || word_is(t, "esac")) {
		s->conditions -= s->conditions > 0;
		return i + 1;
	}
	if (word_is(t, "case")) {
		while (i < to && !word_is(&s->v[i], "in"))
			i++;
		s->conditions++;
		return i < to ? skip_pattern(s, i + 1, to) : to;
	}
	if (word_is(t, "for"))
		return loop_over(s, i + 1, to);
	if (opens(t) || word_is(t, "}"))
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

/* Text inside text: $(…). Its commands come before the one that uses their output. */
static void run_text(struct shell *s, struct span text, unsigned line)
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
	tokens(sub);
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

static void read_all(struct span text, const struct shell_world *world, const struct span *args, unsigned nargs, struct arena *a,
		     struct shell_script *out)
{
	struct shell *s = mem_new(sizeof(*s));
	*out = (struct shell_script){ .cut = text.n > SHELL_TEXT };
	text = span_cut(text, SHELL_TEXT);
	*s = (struct shell){ .text = text, .in = rd_of(text), .line = 1, .arena = a, .out = out, .world = world };
	for (unsigned i = 0; i < nargs && i < PARAMETERS; i++)
		s->params[s->nparams++].text = args[i];
	tokens(s);
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
