/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell text to tokens (POSIX.1 XCU 2.3): words with their quotes, operators, ends of lines, here-documents. */
#include "fw/pass/shell_machine.h"

static size_t at(const struct shell *s)
{
	return s->text.n - rd_left(&s->in);
}

struct span shell_between(struct span text, size_t from, size_t to)
{
	return span_from(span_cut(text, to), from);
}

bool shell_is_name_byte(uint8_t c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
}

bool shell_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_meta(uint8_t c)
{
	return c == ';' || c == '&' || c == '|' || c == '<' || c == '>' || c == '(' || c == ')' || c == '\n';
}

/* Past a quoted stretch, an expansion or one plain byte; what is opened inside is closed inside. */
static void skip_part(struct rd *in, unsigned depth);

void shell_skip_to(struct rd *in, uint8_t close, unsigned depth)
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
	case '(': shell_skip_to(in, ')', depth + 1); return;
	case '$': break;
	default: return;
	}
	if (rd_peek(in) == '(' || rd_peek(in) == '{') {
		bool brace = rd_u8(in) == '{';
		shell_skip_to(in, brace ? '}' : ')', depth + 1);
	}
}

struct piece *shell_token_new(struct shell *s, enum token_kind kind, size_t from)
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

bool token_word_is(const struct piece *t, const char *text)
{
	return t->kind == TOKEN_WORD && span_is(t->raw, text);
}

bool token_op_is(const struct piece *t, const char *text)
{
	return t->kind == TOKEN_OP && span_is(t->raw, text);
}

static const char *const openers[] = { "if", "then", "else", "elif", "while", "until", "do", "{", "!", "time" };

bool token_opens(const struct piece *t)
{
	for (size_t i = 0; i < ARRAY_LEN(openers); i++)
		if (token_word_is(t, openers[i]))
			return true;
	return false;
}

bool token_is_redirect(const struct piece *t)
{
	uint8_t c = t->kind == TOKEN_OP && t->raw.n ? t->raw.p[0] : 0;
	return c == '<' || c == '>';
}

static void mark_first(struct shell *s)
{
	struct piece *t = &s->v[s->n - 1];
	const struct piece *before = s->n > 1 ? t - 1 : NULL;
	t->first = !before || before->kind == TOKEN_LINE || (before->kind == TOKEN_OP && !token_is_redirect(before)) ||
		   (before->first && token_opens(before));
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
			stop = shell_between(stop, 1, stop.n - 1);
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
		t->here = shell_between(s->text, from, end);
	}
	s->npending = 0;
}

static void take_word(struct shell *s)
{
	size_t from = at(s);
	struct piece *t = shell_token_new(s, TOKEN_WORD, from);
	while (rd_left(&s->in) && !shell_is_blank(rd_peek(&s->in)) && !is_meta(rd_peek(&s->in)))
		skip_part(&s->in, 0);
	s->out->cut |= !rd_ok(&s->in);
	if (!t)
		return;
	t->raw = shell_between(s->text, from, at(s));
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
	struct piece *t = shell_token_new(s, TOKEN_OP, from);
	if (!t)
		return;
	t->raw = shell_between(s->text, from, at(s));
	t->fd = fd;
	mark_first(s);
	if ((strcmp(op, "<<") == 0 || strcmp(op, "<<-") == 0) && s->npending < ARRAY_LEN(s->pending))
		s->pending[s->npending++] = s->n - 1;
}

void shell_tokens(struct shell *s)
{
	while (rd_left(&s->in) && s->n < TOKENS) {
		uint8_t c = rd_peek(&s->in);
		struct span gone, rest = span_from(s->text, at(s));
		if (shell_is_blank(c) || c == 0) {
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
			(void)shell_token_new(s, TOKEN_LINE, at(s));
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
