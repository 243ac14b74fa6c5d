/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Web pages with shell text between <% and %>, or <? and ?>, as haserl(1) reads them. */
#include "fw/pass/shell_page.h"

#include "base/ascii.h"
#include "base/buf.h"

bool shell_page_is(struct span content)
{
	struct rd r = rd_of(span_cut(content, 128));
	struct span line = rd_piece(&r, '\n');
	return span_starts(line, SPAN_LIT("#!")) && span_has(line, "haserl") && !span_has(line, "lua");
}

/* Whether what is read so far ends where a command goes on: "then %> text <% fi". */
static bool is_open(struct span s)
{
	static const char *const words[] = { "then", "do", "else", "{", "(", "|", "&", ";" };
	s = span_strip(s, " \t\r\n");
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);
		if (s.n >= n && span_is(span_from(s, s.n - n), words[i]))
			return true;
	}
	return s.n == 0;
}

/* <%in FILE %> and <%# … %> are no shell text; <%= NAME %> prints. */
static bool is_command(struct rd r)
{
	struct rd ahead = r;
	uint8_t c = rd_u8(&ahead);
	bool in = c == 'i' && rd_u8(&ahead) == 'n' && ascii_is_blank(rd_peek(&ahead));
	return c != '#' && c != '=' && !in;
}

struct span shell_of_page(struct span content, struct arena *a)
{
	struct buf b = { .cap = SHELL_TEXT };
	struct rd r = rd_of(span_cut(content, SHELL_TEXT));
	uint8_t before = 0, mark = 0;            /* mark: that of the part we are in */
	bool shown = false;
	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);
		bool opens = !mark && before == '<' && (c == '%' || c == '?');
		bool closes = mark && c == '>' && before == mark;
		if (opens) {
			mark = c;
			shown = is_command(r);
		} else if (closes && shown) {
			b.n--;                   /* the mark before it */
			buf_text(&b, is_open(buf_span(&b)) ? "  " : " ;");
		} else {
			buf_u8(&b, (mark && shown) || c == '\n' ? c : ' ');
		}
		if (opens || (closes && !shown))
			buf_u8(&b, ' ');
		mark = closes ? 0 : mark;
		before = opens || closes ? 0 : c;
	}
	struct span out = arena_copy(a, buf_span(&b));
	buf_done(&b);
	return out;
}
