/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that are shell text in part: web pages with it between <% and %>, or <? and ?>, as haserl(1) reads them; and
 * Android's init language (system/core/init/README.md), whose services are commands; and fstab(5). */
#include "fw/pass/shell_page.h"

#include "base/ascii.h"
#include "base/buf.h"

static bool is_page(struct span content)
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

static struct span of_page(struct span content, struct arena *a)
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

/* ---- init.rc ---- */

static bool init_rc_is(struct span path, struct span content)
{
	bool named = path.n > 3 && span_is(span_from(path, path.n - 3), ".rc");
	return named && (span_starts(content, SPAN_LIT("on ")) || span_starts(content, SPAN_LIT("service ")) ||
			 span_has(content, "\non ") || span_has(content, "\nservice "));
}

static bool is_word_at(struct span line, const char *word)
{
	size_t n = strlen(word);
	return line.n > n && span_starts(line, span_str(word)) && ascii_is_blank(line.p[n]);
}

/* A service that is not started with its class: "disabled" stands below it, before the next section. */
static bool is_disabled(struct rd r)
{
	while (rd_left(&r)) {
		struct span line = span_strip(rd_piece(&r, '\n'), " \t\r");
		if (is_word_at(line, "service") || is_word_at(line, "on"))
			return false;
		if (span_is(line, "disabled"))
			return true;
	}
	return false;
}

/* The first bytes of the line that are no command: "service NAME ", "exec USER -- ", all of most others. */
static size_t not_command(struct span line, bool in_service)
{
	struct span s = span_strip(line, " \t\r");
	size_t indent = s.n ? (size_t)(s.p - line.p) : line.n;
	if (is_word_at(s, "service")) {
		struct rd r = rd_of(s);
		struct span word;
		for (int i = 0; i < 2; i++)
			if (!rd_until(&r, ' ', &word))
				return line.n;
		return indent + s.n - rd_left(&r);
	}
	const uint8_t *dashes = is_word_at(s, "exec") ? memmem(s.p, s.n, " -- ", 4) : NULL;
	if (dashes)
		return (size_t)(dashes - line.p) + 4;
	return !in_service && (is_word_at(s, "setprop") || is_word_at(s, "insmod")) ? indent : line.n;
}

static struct span of_init_rc(struct span content, struct arena *a)
{
	static const char condition[] = "true && ";
	struct buf b = { .cap = SHELL_TEXT };
	struct rd r = rd_of(span_cut(content, SHELL_TEXT));
	bool in_service = false;
	while (rd_left(&r)) {
		struct span line = rd_piece(&r, '\n'), s = span_strip(line, " \t\r");
		in_service = is_word_at(s, "service") || (in_service && !is_word_at(s, "on"));
		size_t skip = not_command(line, in_service);
		bool waits = is_word_at(s, "service") && skip >= sizeof(condition) && is_disabled(r);
		for (size_t i = 0; i < line.n; i++)
			buf_u8(&b, i >= skip ? line.p[i] : waits && i + 1 < sizeof(condition) ? (uint8_t)condition[i] : ' ');
		buf_u8(&b, '\n');
	}
	struct span out = arena_copy(a, buf_span(&b));
	buf_done(&b);
	return out;
}

/* ---- fstab(5) ---- */

static bool is_fstab(struct span path)
{
	struct span tail = SPAN_LIT("etc/fstab");
	return path.n >= tail.n && span_eq(span_from(path, path.n - tail.n), tail);
}

/* DEVICE FOLDER TYPE OPTIONS: the command that mount -a makes of it. */
static struct span of_fstab(struct span content, struct arena *a)
{
	struct buf b = { .cap = SHELL_TEXT };
	struct rd r = rd_of(span_cut(content, SHELL_TEXT));
	while (rd_left(&r)) {
		struct span line = rd_piece(&r, '\n'), word[4] = { { 0 } };
		struct rd in = rd_of(line);
		unsigned n = 0;
		while (n < ARRAY_LEN(word) && rd_left(&in)) {
			while (rd_left(&in) && ascii_is_blank(rd_peek(&in)))
				rd_skip(&in, 1);
			struct rd ahead = in;
			size_t length = 0;
			for (; rd_left(&ahead) && !ascii_is_blank(rd_peek(&ahead)); length++)
				rd_skip(&ahead, 1);
			word[n++] = rd_span(&in, length);
		}
		if (n == ARRAY_LEN(word) && word[3].n && word[0].p[0] != '#')
			buf_printf(&b, "mount -t '%.*s' -o '%.*s' '%.*s' '%.*s'", (int)word[2].n, (const char *)word[2].p, (int)word[3].n,
				   (const char *)word[3].p, (int)word[0].n, (const char *)word[0].p, (int)word[1].n,
				   (const char *)word[1].p);
		buf_u8(&b, '\n');
	}
	struct span out = arena_copy(a, buf_span(&b));
	buf_done(&b);
	return out;
}

bool shell_stands_in(struct span path, struct span content)
{
	return is_page(content) || init_rc_is(path, content) || is_fstab(path);
}

bool shell_read_at_start(struct span path, struct span content)
{
	return init_rc_is(path, content) || is_fstab(path);
}

struct span shell_of(struct span path, struct span content, struct arena *a)
{
	if (is_page(content))
		return of_page(content, a);
	if (is_fstab(path))
		return of_fstab(content, a);
	return init_rc_is(path, content) ? of_init_rc(content, a) : content;
}
