/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a pipeline prints when the text or the image gives what goes in: sources (echo, printf, cat, nvram get) and the
 * filters scripts use to put words together, in the forms they are mostly used in (POSIX.1 XCU 4). Any other form
 * has no known output. Patterns are literal text with ^ and $, and . for any character: nothing here is a regular
 * expression. */
#include "fw/pass/shell_machine.h"

#include "base/base64.h"

enum { OUT_MOST = 64 << 10, SET_MOST = 512, NUMBER_MOST = 100000 };

struct filter {
	const char *name;
	bool (*run)(const struct shell_command *c, struct span in, struct buf *out);
};

static struct span word_of(const struct shell_command *c, unsigned i)
{
	return i < c->nwords ? c->words[i].text : (struct span){ 0 };
}

static struct span next_line(struct rd *in)
{
	struct span line;
	return rd_until(in, '\n', &line) ? line : rd_rest(in);
}

/* Digits and nothing else. */
static bool as_number(struct span s, size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || *n > NUMBER_MOST)
			return false;
		*n = *n * 10 + (size_t)(s.p[i] - '0');
	}
	return s.n > 0;
}

/* \n \t \\ \xHH \0NNN \NNN */
static void escaped(struct rd *in, struct buf *out)
{
	static const char letters[] = "ntrabfve", means[] = "\n\t\r\a\b\f\v\033";
	uint8_t c = rd_u8(in);
	const char *at = c ? strchr(letters, c) : NULL;
	bool hex = c == 'x', octal = c >= '0' && c <= '7';
	unsigned v = octal && c != '0' ? c - '0' : 0, most = hex ? 2 : c == '0' ? 3 : 2, n = 0;
	for (; (hex || octal) && n < most && rd_left(in); n++) {
		uint8_t d = rd_peek(in);
		int digit = d >= '0' && d <= '9' ? d - '0' : (d | 32) >= 'a' && (d | 32) <= 'f' ? (d | 32) - 'a' + 10 : 99;
		if (digit >= (hex ? 16 : 8))
			break;
		v = v * (hex ? 16 : 8) + (unsigned)digit;
		rd_skip(in, 1);
	}
	if (at)
		buf_u8(out, (uint8_t)means[at - letters]);
	else if (hex || octal)
		buf_u8(out, (uint8_t)v);
	else {
		if (c != '\\')
			buf_u8(out, '\\');
		buf_u8(out, c);
	}
}

/* ---- sources ---- */

static bool is_echo_option(struct span w)
{
	for (size_t i = 1; i < w.n; i++)
		if (w.p[i] != 'n' && w.p[i] != 'e' && w.p[i] != 'E')
			return false;
	return w.n > 1 && w.p[0] == '-';
}

static bool run_echo(const struct shell_command *c, struct buf *out)
{
	bool line = true, escapes = false;
	unsigned i = 1;
	for (; i < c->nwords && is_echo_option(word_of(c, i)); i++) {
		line &= !memchr(word_of(c, i).p, 'n', word_of(c, i).n);
		escapes |= memchr(word_of(c, i).p, 'e', word_of(c, i).n) != NULL;
	}
	for (unsigned first = i; i < c->nwords; i++) {
		struct rd in = rd_of(word_of(c, i));
		if (i > first)
			buf_u8(out, ' ');
		while (rd_left(&in)) {
			uint8_t b = rd_u8(&in);
			if (b == '\\' && escapes && rd_left(&in))
				escaped(&in, out);
			else
				buf_u8(out, b);
		}
	}
	if (line)
		buf_u8(out, '\n');
	return true;
}

/* printf FORMAT WORD…: %s, %d, %% and %b; other forms are not followed. */
static bool run_printf(const struct shell_command *c, struct buf *out)
{
	struct rd in = rd_of(word_of(c, 1));
	unsigned next = 2;
	while (rd_left(&in)) {
		uint8_t b = rd_u8(&in);
		if (b == '\\' && rd_left(&in)) {
			escaped(&in, out);
			continue;
		}
		if (b != '%') {
			buf_u8(out, b);
			continue;
		}
		uint8_t form = rd_u8(&in);
		if (form == '%')
			buf_u8(out, '%');
		else if (form == 's' || form == 'd' || form == 'b')
			buf_bytes(out, word_of(c, next++));
		else
			return false;
	}
	return c->nwords > 1 && next >= c->nwords;       /* more words would use the format again */
}

static bool run_source(const struct shell_world *w, const struct shell_command *c, struct buf *out, bool *replaceable)
{
	struct span name = word_of(c, 0), text = { 0 };
	if (span_is(name, "echo"))
		return run_echo(c, out);
	if (span_is(name, "printf"))
		return run_printf(c, out);
	*replaceable = true;
	bool asks = span_is(name, "nvram") || span_is(name, "uci");
	bool get = asks && c->nwords > 2 && span_is(word_of(c, 1), "get");
	bool direct = (span_is(name, "nvram_get") || span_is(name, "getprop")) && c->nwords == 2;
	bool file = span_is(name, "cat") && c->nwords == 2 && c->nredirects == 0;
	bool known = w && ((file && w->file(w->ctx, word_of(c, 1), &text)) ||
			   ((get || direct) && w->key(w->ctx, word_of(c, c->nwords - 1), &text)));
	if (known)
		buf_bytes(out, text);
	return known;
}

/* ---- filters ---- */

static bool run_pass(const struct shell_command *c, struct span in, struct buf *out)
{
	bool tee = span_is(word_of(c, 0), "tee");
	buf_bytes(out, in);
	return tee || c->nwords == 1;
}

/* Members of a set of tr, in order: ranges, classes of letters and digits. */
static size_t set_of(struct span s, uint8_t out[SET_MOST])
{
	static const struct {
		const char *name;
		uint8_t from, to;
	} classes[] = { { "[:upper:]", 'A', 'Z' }, { "[:lower:]", 'a', 'z' }, { "[:digit:]", '0', '9' } };
	struct buf b = { .cap = SET_MOST };
	struct rd in = rd_of(s);
	while (rd_left(&in) && !b.full) {
		struct span rest = span_from(s, s.n - rd_left(&in));
		uint8_t from = 0, to = 0;
		for (size_t i = 0; i < ARRAY_LEN(classes); i++)
			if (span_starts(rest, span_str(classes[i].name))) {
				from = classes[i].from;
				to = classes[i].to;
				rd_skip(&in, strlen(classes[i].name));
			}
		if (!from && rest.n > 2 && rest.p[1] == '-' && rest.p[2] >= rest.p[0]) {
			from = rest.p[0];
			to = rest.p[2];
			rd_skip(&in, 3);
		}
		if (from)
			for (unsigned c = from; c <= to; c++)
				buf_u8(&b, (uint8_t)c);
		else if (rd_peek(&in) == '\\' && rest.n > 1) {
			rd_skip(&in, 1);
			escaped(&in, &b);
		} else {
			buf_u8(&b, rd_u8(&in));
		}
	}
	size_t n = b.n;
	if (n)
		memcpy(out, b.p, n);
	buf_done(&b);
	return n;
}

static bool run_tr(const struct shell_command *c, struct span in, struct buf *out)
{
	uint8_t from[SET_MOST], to[SET_MOST];
	bool drops = span_is(word_of(c, 1), "-d");
	if (c->nwords != 3 || (!drops && span_starts(word_of(c, 1), SPAN_LIT("-"))))
		return false;
	size_t n = set_of(word_of(c, drops ? 2 : 1), from), m = drops ? 0 : set_of(word_of(c, 2), to);
	if (!n || (!drops && !m))
		return false;
	for (size_t i = 0; i < in.n; i++) {
		const uint8_t *at = memrchr(from, in.p[i], n);
		if (!at)
			buf_u8(out, in.p[i]);
		else if (!drops)
			buf_u8(out, to[(size_t)(at - from) < m ? (size_t)(at - from) : m - 1]);
	}
	return true;
}

/* A pattern: literal bytes, and for "." any. */
struct pattern {
	uint8_t byte[256];
	bool any[256];
	size_t n;
	bool front, back;
};

static bool pattern_read(struct span s, struct pattern *p)
{
	*p = (struct pattern){ 0 };
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (c == '^' && i == 0) {
			p->front = true;
			continue;
		}
		if (c == '$' && i + 1 == s.n) {
			p->back = true;
			continue;
		}
		if (p->n == sizeof(p->byte) || strchr("*[]+?{}", c) != NULL)
			return false;
		bool quoted = c == '\\' && i + 1 < s.n;
		if (quoted)
			c = s.p[++i];
		if (quoted && ((c >= '0' && c <= '9') || strchr("(){}|+?<>bwWsSn", c)))
			return false;
		p->any[p->n] = c == '.' && !quoted;
		p->byte[p->n++] = c;
	}
	return true;
}

/* Where it stands first in the line from `from` on; false: nowhere. */
static bool pattern_find(const struct pattern *p, struct span line, size_t from, size_t *at)
{
	for (size_t i = from; i + p->n <= line.n; i++) {
		size_t k = 0;
		while (k < p->n && (p->any[k] || p->byte[k] == line.p[i + k]))
			k++;
		if (k < p->n || (p->front && i > 0) || (p->back && i + p->n < line.n))
			continue;
		*at = i;
		return true;
	}
	return false;
}

static void put_replacement(struct span with, struct span found, struct buf *out)
{
	for (size_t i = 0; i < with.n; i++) {
		if (with.p[i] == '&')
			buf_bytes(out, found);
		else if (with.p[i] == '\\' && i + 1 < with.n)
			buf_u8(out, with.p[++i] == 'n' ? '\n' : with.p[i]);
		else
			buf_u8(out, with.p[i]);
	}
}

struct exchange {                                /* s/…/…/ */
	struct pattern what;
	struct span with;
	bool all;
};

/* A part up to the mark; a quoted mark does not end it. */
static bool part_of(struct rd *in, uint8_t mark, struct span *out)
{
	struct rd start = *in;
	size_t n = 0;
	while (rd_left(in)) {
		uint8_t c = rd_u8(in);
		if (c == mark) {
			*out = rd_span(&start, n);
			return true;
		}
		n++;
		if (c == '\\' && rd_left(in)) {
			rd_skip(in, 1);
			n++;
		}
	}
	return false;
}

static bool exchange_read(struct rd *in, struct exchange *x)
{
	struct span what;
	if (rd_u8(in) != 's')
		return false;
	uint8_t mark = rd_u8(in);
	if (!mark || mark == '\\' || !part_of(in, mark, &what) || !part_of(in, mark, &x->with) ||
	    !pattern_read(what, &x->what))
		return false;
	for (size_t i = 0; i + 1 < x->with.n; i++)
		if (x->with.p[i] == '\\' && x->with.p[i + 1] >= '0' && x->with.p[i + 1] <= '9')
			return false;
	x->all = rd_peek(in) == 'g';
	rd_skip(in, x->all && rd_left(in) ? 1 : 0);
	while (rd_left(in) && strchr("; ", rd_peek(in)))
		rd_skip(in, 1);
	return true;
}

static void exchange_line(const struct exchange *x, struct span line, struct buf *out)
{
	size_t from = 0, at;
	while (pattern_find(&x->what, line, from, &at)) {
		buf_bytes(out, span_cut(span_from(line, from), at - from));
		put_replacement(x->with, span_cut(span_from(line, at), x->what.n), out);
		from = at + x->what.n;
		if (!x->all || !x->what.n)
			break;
	}
	buf_bytes(out, span_from(line, from));
}

static bool exchange_text(struct span script, struct span in, struct buf *out)
{
	struct rd steps = rd_of(script);
	struct buf now = { .cap = OUT_MOST }, then = { .cap = OUT_MOST };
	struct exchange x;
	bool good = script.n > 0;
	buf_bytes(&now, in);
	while (good && rd_left(&steps)) {
		good = exchange_read(&steps, &x);
		buf_reset(&then);
		for (struct rd lines = rd_of(buf_span(&now)); good && rd_left(&lines);) {
			size_t left = rd_left(&lines);
			struct span line = next_line(&lines);
			exchange_line(&x, line, &then);
			if (left > line.n)
				buf_u8(&then, '\n');
		}
		struct buf swap = now;
		now = then;
		then = swap;
	}
	good = good && !now.full && !then.full;
	if (good)
		buf_bytes(out, buf_span(&now));
	buf_done(&now);
	buf_done(&then);
	return good;
}

static bool run_sed(const struct shell_command *c, struct span in, struct buf *out)
{
	unsigned i = span_is(word_of(c, 1), "-e") ? 2 : 1;
	return c->nwords == i + 1 && exchange_text(word_of(c, i), in, out);
}

/* "2", "2-", "-3", "2-3" */
static bool range_of(struct span s, size_t *from, size_t *to)
{
	const uint8_t *dash = s.n ? memchr(s.p, '-', s.n) : NULL;
	struct span a = dash ? span_cut(s, (size_t)(dash - s.p)) : s, b = dash ? span_from(s, a.n + 1) : s;
	*from = 1;
	*to = NUMBER_MOST;
	return (!a.n || as_number(a, from)) && (!b.n || as_number(b, to)) && s.n && *from;
}

static void cut_fields(struct span line, uint8_t mark, size_t from, size_t to, struct buf *out)
{
	struct rd in = rd_of(line);
	bool any = false;
	if (!line.n || !memchr(line.p, mark, line.n)) {
		buf_bytes(out, line);
		return;
	}
	for (size_t n = 1; rd_left(&in); n++) {
		struct span field;
		if (!rd_until(&in, mark, &field))
			field = rd_rest(&in);
		if (n < from || n > to)
			continue;
		if (any)
			buf_u8(out, mark);
		buf_bytes(out, field);
		any = true;
	}
}

/* -dX -fN, -d X -f N, -cN-M */
static bool run_cut(const struct shell_command *c, struct span in, struct buf *out)
{
	uint8_t mark = '\t', kind = 0;
	size_t from = 0, to = 0;
	for (unsigned i = 1; i < c->nwords; i++) {
		struct span w = word_of(c, i);
		if (w.n < 2 || w.p[0] != '-')
			return false;
		struct span value = w.n > 2 ? span_from(w, 2) : word_of(c, ++i);
		if (w.p[1] == 'd' && value.n == 1)
			mark = value.p[0];
		else if (strchr("fcb", w.p[1]) && range_of(value, &from, &to))
			kind = w.p[1];
		else
			return false;
	}
	for (struct rd lines = rd_of(in); kind && rd_left(&lines);) {
		struct span line = next_line(&lines);
		if (kind == 'f')
			cut_fields(line, mark, from, to, out);
		else
			buf_bytes(out, span_cut(span_from(line, from - 1), to >= from ? to - from + 1 : 0));
		buf_u8(out, '\n');
	}
	return kind != 0;
}

/* head -n N, head -N, head -c N; the same of tail but -c. */
static bool run_ends(const struct shell_command *c, struct span in, struct buf *out)
{
	bool head = span_is(word_of(c, 0), "head");
	struct span w = word_of(c, 1), value = w.n > 2 && (w.p[1] == 'n' || w.p[1] == 'c') ? span_from(w, 2) : word_of(c, 2);
	bool bytes = w.n > 1 && w.p[1] == 'c';
	size_t n = 10, lines = 0;
	if (c->nwords > 1 && !(w.n > 1 && w.p[0] == '-' && (as_number(span_from(w, 1), &n) || as_number(value, &n))))
		return false;
	if (bytes && !head)
		return false;
	if (bytes) {
		buf_bytes(out, span_cut(in, n));
		return true;
	}
	for (struct rd all = rd_of(in); rd_left(&all); lines++)
		(void)next_line(&all);
	struct rd all = rd_of(in);
	for (size_t i = 0; rd_left(&all); i++) {
		struct span line = next_line(&all);
		if (head ? i >= n : i + n < lines)
			continue;
		buf_bytes(out, line);
		buf_u8(out, '\n');
	}
	return true;
}

static bool run_rev(const struct shell_command *c, struct span in, struct buf *out)
{
	for (struct rd lines = rd_of(in); rd_left(&lines);) {
		struct span line = next_line(&lines);
		for (size_t i = line.n; i-- > 0;)
			buf_u8(out, line.p[i]);
		buf_u8(out, '\n');
	}
	return c->nwords == 1;
}

/* base64 -d, openssl base64 -d, openssl enc -base64 -d */
static bool run_base64(const struct shell_command *c, struct span in, struct buf *out)
{
	bool openssl = span_is(word_of(c, 0), "openssl"), decodes = false, is64 = !openssl;
	struct buf digits = { .cap = OUT_MOST };
	for (unsigned i = 1; i < c->nwords; i++) {
		struct span w = word_of(c, i);
		decodes |= span_is(w, "-d") || span_is(w, "-D") || span_is(w, "--decode");
		is64 |= span_is(w, "base64") || span_is(w, "-base64") || span_is(w, "-a");
		if (w.n && w.p[0] != '-' && !openssl)
			return false;
	}
	for (size_t i = 0; i < in.n; i++)
		if (!strchr(" \t\r\n", in.p[i]))
			buf_u8(&digits, in.p[i]);
	uint8_t *room = decodes && is64 && digits.n ? buf_room(out, digits.n) : NULL;
	if (room)
		out->n -= digits.n - base64_decode(buf_span(&digits), room, digits.n);
	buf_done(&digits);
	return room != NULL;
}

/* xxd -r -p */
static bool run_hex(const struct shell_command *c, struct span in, struct buf *out)
{
	bool back = c->nwords == 3 && span_is(word_of(c, 1), "-r") && span_is(word_of(c, 2), "-p");
	int high = -1;
	back |= c->nwords == 2 && (span_is(word_of(c, 1), "-rp") || span_is(word_of(c, 1), "-pr"));
	for (size_t i = 0; back && i < in.n; i++) {
		uint8_t d = in.p[i];
		int v = d >= '0' && d <= '9' ? d - '0' : (d | 32) >= 'a' && (d | 32) <= 'f' ? (d | 32) - 'a' + 10 : -1;
		if (v < 0)
			continue;
		if (high >= 0)
			buf_u8(out, (uint8_t)(high << 4 | v));
		high = high >= 0 ? -1 : v;
	}
	return back;
}

static struct span word_in(struct span line, uint8_t mark, size_t n)
{
	struct rd in = rd_of(line);
	for (size_t i = 1; rd_left(&in);) {
		struct span w = mark ? rd_piece(&in, mark) : (struct span){ 0 };
		if (!mark) {
			size_t len = 0;
			while (rd_left(&in) && shell_is_blank(rd_peek(&in)))
				rd_skip(&in, 1);
			struct rd ahead = in;
			while (rd_left(&ahead) && !shell_is_blank(rd_u8(&ahead)))
				len++;
			w = rd_span(&in, len);
			if (!w.n)
				break;
		}
		if (i++ == n)
			return w;
	}
	return (struct span){ 0 };
}

/* awk '{print $N}', with -F X or -FX */
static bool run_awk(const struct shell_command *c, struct span in, struct buf *out)
{
	uint8_t mark = 0;
	unsigned i = 1;
	struct span w = word_of(c, 1);
	if (span_starts(w, SPAN_LIT("-F"))) {
		struct span sign = w.n > 2 ? span_from(w, 2) : word_of(c, 2);
		i = w.n > 2 ? 2 : 3;
		if (sign.n != 1)
			return false;
		mark = sign.p[0];
	}
	struct buf b = { .cap = 64 };
	struct span program = word_of(c, i);
	for (size_t k = 0; k < program.n; k++)
		if (program.p[k] != ' ' && program.p[k] != ';')
			buf_u8(&b, program.p[k]);
	struct span form = buf_span(&b);
	size_t n = 0;
	bool good = c->nwords == i + 1 && span_starts(form, SPAN_LIT("{print$")) && form.p[form.n - 1] == '}' &&
		    as_number(span_cut(span_from(form, 7), form.n - 8), &n);
	buf_done(&b);
	for (struct rd lines = rd_of(in); good && rd_left(&lines);) {
		struct span line = next_line(&lines);
		buf_bytes(out, n ? word_in(line, mark, n) : line);
		buf_u8(out, '\n');
	}
	return good;
}

static bool run_grep(const struct shell_command *c, struct span in, struct buf *out)
{
	struct pattern p;
	bool not = span_is(word_of(c, 1), "-v");
	size_t at;
	if (c->nwords != 2u + not || (!not &&span_starts(word_of(c, 1), SPAN_LIT("-"))) ||
	    !pattern_read(word_of(c, 1u + not ), &p))
		return false;
	for (struct rd lines = rd_of(in); rd_left(&lines);) {
		struct span line = next_line(&lines);
		if (pattern_find(&p, line, 0, &at) == not)
			continue;
		buf_bytes(out, line);
		buf_u8(out, '\n');
	}
	return true;
}

static const struct filter filters[] = {
	{ "cat", run_pass }, { "tee", run_pass }, { "tr", run_tr }, { "sed", run_sed }, { "cut", run_cut },
	{ "head", run_ends },
	{ "tail", run_ends }, { "rev", run_rev }, { "base64", run_base64 }, { "openssl", run_base64 }, { "xxd", run_hex },
	{ "awk", run_awk }, { "grep", run_grep },
};

static const struct filter *filter_of(struct span name)
{
	const uint8_t *slash = name.n ? memrchr(name.p, '/', name.n) : NULL;
	struct span base = slash ? span_from(name, (size_t)(slash - name.p) + 1) : name;
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		if (span_is(base, filters[i].name))
			return &filters[i];
	return NULL;
}

/* ---- a pipeline ---- */

static bool is_known(const struct shell_command *c, bool *replaceable)
{
	for (unsigned i = 0; i < c->nwords; i++) {
		if (c->words[i].open)
			return false;
		*replaceable |= c->words[i].replaceable;
	}
	for (unsigned i = 0; i < c->nredirects; i++)
		if (c->redirects[i].fd == 1)
			return false;
	return c->nwords > 0;
}

/* What a first command reads: <FILE, a here-document, or the file that is its last word. */
static bool input_of(const struct shell_world *w, struct shell_command *c, struct span *in, bool *replaceable)
{
	for (unsigned i = 0; i < c->nredirects; i++) {
		*in = c->redirects[i].to;
		if (c->redirects[i].kind == SHELL_HERE)
			return true;
		*replaceable = true;
		if (c->redirects[i].kind == SHELL_READ)
			return w && w->file(w->ctx, c->redirects[i].to, in);
	}
	struct span last = word_of(c, c->nwords - 1);
	*replaceable = true;
	if (c->nwords < 2 || !w || !last.n || last.p[0] != '/' || !w->file(w->ctx, last, in))
		return false;
	c->nwords--;
	return true;
}

static bool run_one(struct shell *s, struct shell_command c, bool first, struct buf *now, bool *replaceable)
{
	const struct filter *f = filter_of(word_of(&c, 0));
	struct buf next = { .cap = OUT_MOST };
	struct span in = buf_span(now);
	bool good = is_known(&c, replaceable);
	if (good && first && !(f && (c.nredirects || !span_is(word_of(&c, 0), "cat"))))
		good = run_source(s->world, &c, &next, replaceable);
	else
		good = good && f && (!first || input_of(s->world, &c, &in, replaceable)) && f->run(&c, span_cut(in, OUT_MOST), &next);
	good = good && !next.full;
	buf_done(now);
	*now = next;
	return good;
}

bool shell_output(struct shell *s, const struct shell_command *v, unsigned n, struct shell_word *out)
{
	struct buf now = { 0 };
	bool good = n > 0;
	*out = (struct shell_word){ 0 };
	for (unsigned i = 0; good && i < n; i++)
		good = run_one(s, v[i], i == 0, &now, &out->replaceable);
	if (good)
		out->text = arena_copy(s->arena, buf_span(&now));
	buf_done(&now);
	return good;
}
