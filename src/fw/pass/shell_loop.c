/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loops: over words, each of them, and over the lines of a text that is known. A few turns at most. */
#include "fw/pass/shell_machine.h"

/* Looking ahead is work too: loops within loops look at the same tokens again in each turn. */
unsigned shell_matching(struct shell *s, unsigned i, unsigned to, const char *open, const char *close)
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

unsigned shell_loop_over(struct shell *s, unsigned i, unsigned to)
{
	struct shell_word turns[LOOP_TURNS];
	unsigned n = 0;
	struct span name = i < to ? s->v[i].raw : (struct span){ 0 };
	for (i++; i < to && !(s->v[i].first && token_word_is(&s->v[i], "do")); i++) {
		if (s->v[i].kind != TOKEN_WORD || token_word_is(&s->v[i], "in") || n == LOOP_TURNS)
			continue;
		n += turns_of(s, &s->v[i], turns + n, LOOP_TURNS - n);
	}
	unsigned body = i < to ? i + 1 : to, end = shell_matching(s, body, to, "do", "done");
	if (s->depth >= SHELL_DEPTH)
		return end;
	s->depth++;
	for (unsigned k = 0; k < n || k == 0; k++) {
		if (n)
			shell_variable_set(s, name, turns[k]);
		s->walk(s, body, end);
	}
	s->depth--;
	return end < to ? end + 1 : to;
}

/* What stands behind "done": <FILE or a here-document, or what the pipeline in front of the loop prints. */
static bool loop_input(struct shell *s, unsigned end, unsigned to, struct span *in, bool *replaceable)
{
	struct shell_word text;
	unsigned n = shell_pipeline_length(s);
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

/* while [IFS=X] read [-r] NAME…; do … done */
unsigned shell_loop_reading(struct shell *s, unsigned i, unsigned to)
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
	unsigned body = i < to ? i + 1 : to, end = shell_matching(s, body, to, "do", "done");
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
		s->walk(s, body, end);
		turns++;
	}
	s->depth--;
	for (end++; end + 1 < to && s->v[end].kind == TOKEN_OP && token_is_redirect(&s->v[end]); end += 2)
		;
	return end;
}
