/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What words stand for (POSIX.1 XCU 2.6): variables, parameters, substitutions, quotes; what is not known stays in
 * braces. */
#include "fw/pass/shell_machine.h"

void shell_field_end(struct fields *f)
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
		if (!quoted && f->split && !w->open && (shell_is_blank(c) || c == '\n'))
			shell_field_end(f);
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

struct shell_word shell_expand_one(struct shell *s, struct span raw)
{
	struct shell_word w = { 0 };
	struct fields f = { .s = s, .out = &w, .max = 1 };
	f.now.any = true;
	if (++s->nesting <= NESTING)
		shell_expand_into(&f, raw, false);
	s->nesting--;
	shell_field_end(&f);
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
				shell_field_end(f);
			field_value(f, &s->params[i], quoted);
		}
		return;
	}
	field_unknown(f, "{$", name, "}");
}

static void variable_into(struct fields *f, struct span name, bool quoted)
{
	const struct shell_variable *v = shell_variable_find(f->s, name);
	if (v)
		field_value(f, &v->value, quoted);
	else if (name.n == 1 && !shell_is_name_byte(name.p[0], true))
		positional(f, name, quoted);
	else
		field_unknown(f, "{$", name, "}");
}

/* Patterns of ${X#…} with * at one end or both, and plain text: */
static struct span stripped(struct span s, struct span pattern, bool front, bool longest)
{
	bool open_front = pattern.n && pattern.p[0] == '*',
	     open_back = pattern.n > open_front && pattern.p[pattern.n - 1] == '*';
	struct span plain = span_cut(span_from(pattern, open_front), pattern.n - open_front - open_back);
	bool open = front ? open_front : open_back, far = front ? open_back : open_front;
	if (pattern.n > 256 || (far && longest))
		return !far || !longest || open || plain.n > s.n || !memmem(s.p, s.n, plain.p, plain.n) ? s : (struct span){ 0 };
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
	while (n < inner.n && shell_is_name_byte(inner.p[n], n == 0))
		n++;
	if (!n && inner.n)
		n = 1;
	struct span name = span_cut(inner, n), rest = span_from(inner, n);
	bool colon = rest.n && rest.p[0] == ':';
	uint8_t op = rest.n > colon ? rest.p[colon] : 0;
	struct shell_variable *v = shell_variable_find(f->s, name);
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
	struct shell_word w = shell_expand_one(f->s, span_from(rest, colon + 1u));
	w.replaceable = true;
	if (op == '=')
		shell_variable_set(f->s, name, w);
	field_value(f, &w, quoted);
}

/* The one pipeline of a substitution, among the commands from `before` on: those of substitutions inside it
 * come first. */
static bool output_of(struct shell *s, unsigned before, struct shell_word *out)
{
	unsigned last = s->out->n, first = last;
	const uint8_t *own = last > before ? s->out->v[last - 1].capture.p : NULL;
	while (first > before && s->out->v[first - 1].capture.p == own) {
		first--;
		if (!s->out->v[first].piped)
			break;
	}
	for (unsigned i = before; i < first; i++)
		if (s->out->v[i].capture.p == own)
			return false;            /* more than one */
	return last > first && !s->out->v[first].piped && shell_output(s, s->out->v + first, last - first, out);
}

/* $(nvram get server || echo 203.0.113.5): what is said where nothing is set. */
static bool fallback(struct shell *s, unsigned before, struct span inner, struct shell_word *out)
{
	const uint8_t *or = inner.n ? memmem(inner.p, inner.n, "||", 2) : NULL;
	struct rd r = rd_of(or ? span_from(inner, (size_t)(or - inner.p) + 2) : (struct span){ 0 });
	while (rd_left(&r) && shell_is_blank(rd_peek(&r)))
		rd_skip(&r, 1);
	if (!span_starts(rd_rest(&r), SPAN_LIT("echo ")) || s->out->n < before + 2)
		return false;
	const struct shell_command *last = &s->out->v[s->out->n - 1];
	if (!last->nwords || !span_is(last->words[0].text, "echo") || last->piped || !shell_output(s, last, 1, out))
		return false;
	out->replaceable = true;
	return true;
}

static void substituted(struct fields *f, struct span inner, bool quoted)
{
	unsigned before = f->s->out->n;
	struct shell_word w;
	shell_run_text(f->s, inner, f->s->line);
	if ((!output_of(f->s, before, &w) && !fallback(f->s, before, inner, &w)) || w.text.n > FIELD) {
		field_unknown(f, "{$(", inner, ")}");
		return;
	}
	while (w.text.n && w.text.p[w.text.n - 1] == '\n')
		w.text.n--;
	field_value(f, &w, quoted);
}

/* $((…)); inner begins with the second parenthesis. */
static void calculated(struct fields *f, struct span inner, bool quoted)
{
	struct shell_word w;
	if (inner.n > 1 && inner.p[inner.n - 1] == ')' && shell_number(f->s, shell_between(inner, 1, inner.n - 1), &w))
		field_value(f, &w, quoted);
	else
		field_unknown(f, "{$(", inner, ")}");
}

static void dollar(struct fields *f, struct rd *in, struct span raw, bool quoted)
{
	size_t from = raw.n - rd_left(in);
	uint8_t c = rd_peek(in);
	if (c == '(' || c == '{') {
		struct rd ahead = *in;
		rd_skip(&ahead, 1);
		shell_skip_to(&ahead, c == '(' ? ')' : '}', 0);
		size_t to = raw.n - rd_left(&ahead);
		*in = ahead;
		in->bad = false;
		struct span inner = shell_between(raw, from + 1, to ? to - 1 : 0);
		if (c == '{')
			braced(f, inner, quoted);
		else if (inner.n && inner.p[0] == '(')
			calculated(f, inner, quoted);
		else
			substituted(f, inner, quoted);
		return;
	}
	size_t n = 0;
	while (rd_left(in) && shell_is_name_byte(rd_peek(in), n == 0)) {
		rd_skip(in, 1);
		n++;
	}
	if (!n && rd_left(in) && c && strchr("0123456789@*#?!$-", c)) {
		rd_skip(in, 1);
		n = 1;
	}
	if (n)
		variable_into(f, shell_between(raw, from, from + n), quoted);
	else
		field_byte(f, '$');
}

void shell_expand_into(struct fields *f, struct span raw, bool quoted)
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
