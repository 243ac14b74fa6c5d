/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No interpreter: calls of well-known functions are looked for, and what is given to them is put together from texts,
 * variables that hold texts, and what joins or formats them. Anything else stands in braces, by its name. */
#include "fw/pass/language.h"

#include <ctype.h>

#include "base/buf.h"

enum language { NONE, LUA, PYTHON, PHP, PERL, AWK };
enum { LEXEMES = 1 << 15, VARIABLES = 512, DEPTH = 6, TEXT = 1 << 18, VALUE = 4096, PARTS = 8 };
enum { WORK = 8 * LEXEMES };                     /* lexemes that are looked at, again and again: x = x = x = … */
enum { COPY = 64, OPEN_QUOTES = 64 };            /* bytes that cost as much as a lexeme; quotes without an end */
enum lexeme_kind { WORD, STRING, COMMAND, NUMBER, SIGN };         /* COMMAND: in backquotes */

struct lexeme {
	enum lexeme_kind kind;
	struct span text;                        /* of strings what stands between the quotes */
	unsigned line;
	bool plain, format;                      /* nothing is put in for variables; Python's f"" */
};

struct variable {
	struct span name, value[2];              /* of a pair both */
};

struct reader {
	struct acts *out;
	enum language language;
	struct lexeme *v;
	unsigned n, i, work;
	struct variable *vars;
	unsigned nvars;
};

/* ---- which language ---- */

static enum language language_of(const char *path, struct span content)
{
	static const struct {
		const char *word, *tail;
		enum language language;
	} known[] = { { "lua", ".lua", LUA }, { "python", ".py", PYTHON }, { "php", ".php", PHP },
		      { "perl", ".pl", PERL }, { "awk", ".awk", AWK } };
	struct span line = span_cut(content, 80), name = span_str(path);
	const uint8_t *end = line.n ? memchr(line.p, '\n', line.n) : NULL;
	bool called = span_starts(line, SPAN_LIT("#!"));
	line = end ? span_cut(line, (size_t)(end - line.p)) : line;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		size_t n = strlen(known[i].tail);
		bool named = name.n > n && span_is(span_from(name, name.n - n), known[i].tail);
		if (called ? span_has(line, known[i].word) : named)
			return known[i].language;
	}
	return span_starts(line, SPAN_LIT("<?php")) ? PHP : NONE;
}

bool language_is(const char *path, struct span content)
{
	return content.n && !memchr(content.p, 0, content.n) && language_of(path, content) != NONE;
}

/* ---- words ---- */

static bool joins(const struct reader *r, struct span s, size_t i)
{
	bool dots = r->language == LUA || r->language == PYTHON;
	uint8_t c = s.p[i], next = i + 1 < s.n ? s.p[i + 1] : 0;
	if (isalnum(c) || c == '_' || c == '$' || (c == '@' && i == 0))
		return true;
	if (c == '.' && dots)
		return next != '.' && i > 0 && s.p[i - 1] != '.' && (isalpha(next) || next == '_');
	if (c == ':' && (r->language == LUA || r->language == PERL || r->language == PHP))
		return isalpha(next) || next == ':';
	return (c == '-' && next == '>') || (c == '>' && i && s.p[i - 1] == '-');
}

static size_t comment(const struct reader *r, struct span s)
{
	bool one = (r->language != LUA && s.p[0] == '#') || (r->language == LUA && span_starts(s, SPAN_LIT("--"))) ||
		   (r->language == PHP && span_starts(s, SPAN_LIT("//")));
	size_t n = 0;
	if (r->language == PHP && span_starts(s, SPAN_LIT("/*"))) {
		for (n = 2; n < s.n && !(s.p[n - 1] == '*' && s.p[n] == '/' && n > 2); n++)
			;
		return n < s.n ? n + 1 : n;
	}
	while (one && n < s.n && s.p[n] != '\n')
		n++;
	return n;
}

/* The length of a text with its quotes; 0: it does not end. */
static size_t quoted(struct span s, struct span *inside)
{
	uint8_t q = s.p[0];
	size_t three = s.n > 5 && s.p[1] == q && s.p[2] == q ? 3 : 1;
	for (size_t i = three; i + three <= s.n; i++) {
		if (s.p[i] == '\\') {
			i++;
		} else if (s.p[i] == q && (three == 1 || (s.p[i + 1] == q && s.p[i + 2] == q))) {
			*inside = span_cut(span_from(s, three), i - three);
			return i + three;
		}
	}
	return 0;
}

static void lexemes_of(struct reader *r, struct span s)
{
	unsigned line = 1, open = 0;
	bool format = false;
	for (size_t i = 0; i < s.n && r->n < LEXEMES;) {
		struct span rest = span_from(s, i);
		uint8_t c = rest.p[0];
		size_t n = isspace(c) ? 1 : comment(r, rest);
		struct lexeme t = { .kind = SIGN, .text = span_cut(rest, 1), .line = line };
		bool kept = n == 0;
		bool name = isalpha(c) || c == '_' || c == '$' || (c == '@' && r->language == PHP);
		if (kept && (c == '"' || c == '\'' || c == '`')) {
			n = open < OPEN_QUOTES ? quoted(rest, &t.text) : 0;
			open += n == 0;          /* each was looked for up to the end of the file */
			t.kind = n == 0 ? SIGN : c == '`' ? COMMAND : STRING;
			t.plain = c == '\'' || r->language == LUA || r->language == PYTHON || r->language == AWK;
			t.format = format;
		} else if (kept && (name || isdigit(c))) {
			for (n = 1; n < rest.n && (name ? joins(r, rest, n) : isdigit(rest.p[n])); n++)
				;
			t.kind = name ? WORD : NUMBER;
			t.text = span_cut(rest, n);
		}
		n = n ? n : 1;
		format = t.kind == WORD && r->language == PYTHON && (span_is(t.text, "f") || span_is(t.text, "rf"));
		for (size_t k = 0; k < n; k++)
			line += rest.p[k] == '\n';
		i += n;
		if (kept && !(format && i < s.n && (s.p[i] == '"' || s.p[i] == '\'')))
			r->v[r->n++] = t;
	}
}

/* ---- values ---- */

static const struct lexeme *at(const struct reader *r, unsigned i)
{
	static const struct lexeme none = { .kind = SIGN };
	return i < r->n ? &r->v[i] : &none;
}

static bool sign(const struct reader *r, unsigned i, char c)
{
	const struct lexeme *t = at(r, i);
	return t->kind == SIGN && t->text.n == 1 && t->text.p[0] == (uint8_t)c;
}

/* False: enough was done; what is left of the file is not looked at. */
static bool works(struct reader *r)
{
	if (r->work++ < WORK)
		return true;
	r->i = r->n;
	return false;
}

/* Behind the bracket that closes the one at i. */
static unsigned behind(struct reader *r, unsigned i)
{
	int open = 0;
	do {
		if (!works(r))
			return r->n;
		open += sign(r, i, '(') || sign(r, i, '[') || sign(r, i, '{');
		open -= sign(r, i, ')') || sign(r, i, ']') || sign(r, i, '}');
		i++;
	} while (open > 0 && i < r->n);
	return i;
}

static bool ends_with(struct span s, const char *tail)
{
	size_t n = strlen(tail);
	return s.n >= n && span_is(span_from(s, s.n - n), tail);
}

static struct variable *variable(const struct reader *r, struct span name)
{
	for (unsigned i = 0; i < r->nvars; i++)
		if (span_eq(r->vars[i].name, name))
			return &r->vars[i];
	return NULL;
}

/* What a name that holds no text stands for: part of a request, what a socket gave, something that was made
 * harmless. */
static const char *meaning(struct span name)
{
	static const struct {
		const char *tail, *means;
	} known[] = { { "$_GET", "{getenv:QUERY_STRING}" }, { "$_REQUEST", "{getenv:QUERY_STRING}" },
		      { "$_POST", "{stdin:cgi}" }, { "$_COOKIE", "{getenv:HTTP_COOKIE}" }, { "formvalue", "{getenv:QUERY_STRING}" },
		      { "getvalue", "{getenv:QUERY_STRING}" }, { "receive", "{socket}" }, { "recv", "{socket}" },
		      { "recvfrom", "{socket}" }, { "escapeshellarg", "{checked}" }, { "escapeshellcmd", "{checked}" },
		      { "quote", "{checked}" }, { "intval", "{checked}" }, { "tonumber", "{checked}" }, { "int", "{checked}" } };
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (ends_with(name, known[i].tail))
			return known[i].means;
	return NULL;
}

static void put_name(const struct reader *r, struct buf *b, struct span name)
{
	const struct variable *v = variable(r, name);
	const char *means = meaning(name);
	bool number = name.n && isdigit(name.p[0]);
	if (v || number)
		buf_bytes(b, v ? v->value[0] : name);
	else if (means)
		buf_text(b, means);
	else
		buf_printf(b, "{%.*s}", (int)span_cut(name, 60).n, (const char *)name.p);
}

/* A text, with the variables of "$name", "${name}", "{$name}" and f"{name}". */
static void put_string(const struct reader *r, struct buf *b, const struct lexeme *t)
{
	for (size_t i = 0; i < t->text.n; i++) {
		uint8_t c = t->text.p[i], next = i + 1 < t->text.n ? t->text.p[i + 1] : 0;
		bool takes = (c == '$' && !t->plain && (isalpha(next) || next == '_' || next == '{')) || (c == '{' && t->format);
		if (c == '\\' && next) {
			buf_u8(b, next == 'n' ? '\n' : next == 't' ? '\t' : next);
			i++;
		} else if (takes) {
			size_t from = c == '$' && next != '{' ? i : i + 1 + (c == '$'), to = from + (c == '$' && next != '{');
			while (to < t->text.n && (isalnum(t->text.p[to]) || t->text.p[to] == '_'))
				to++;
			put_name(r, b, span_cut(span_from(t->text, from), to - from));
			while (c != '$' && to < t->text.n && t->text.p[to] != '}')
				to++;            /* {name["x"]!r:>4} */
			i = to - (to < t->text.n && t->text.p[to] == '}' ? 0 : 1);
		} else if (c != '{' || next != '$') {
			buf_u8(b, c);
		}
	}
}

static struct span kept(struct reader *r, struct buf *b)
{
	struct span s = arena_copy(r->out->arena, buf_span(b));
	r->work += (unsigned)(s.n / COPY);
	buf_done(b);
	return s;
}

/* %s and the like, or {} of Python, in their order. */
static struct span filled(struct reader *r, struct span format, const struct span *parts, unsigned n, bool braces)
{
	struct buf b = { .cap = VALUE };
	unsigned k = 0;
	for (size_t i = 0; i < format.n; i++) {
		size_t end = i + 1;
		while (!braces && end < format.n && strchr("-0123456789.l", format.p[end]))
			end++;
		bool place = braces ? format.p[i] == '{' : format.p[i] == '%' && end < format.n && isalpha(format.p[end]);
		while (place && braces && end < format.n && format.p[end] != '}')
			end++;
		if (place && k < n)
			buf_bytes(&b, parts[k++]);
		else if (place)
			buf_text(&b, "{}");
		else
			buf_u8(&b, format.p[i]);
		i = place ? end : i;
	}
	return kept(r, &b);
}

static struct span value(struct reader *r, unsigned depth);

/* sprintf(FORMAT, …), FORMAT.format(…), FORMAT % (…): r->i goes to its last lexeme. b: what stands before it. */
static void formatted(struct reader *r, struct buf *b, unsigned depth, bool percent)
{
	bool braces = !percent && r->language == PYTHON, own = percent || braces;
	struct span parts[PARTS], text = { 0 };
	unsigned n = 0, end = sign(r, r->i + 1, '(') ? behind(r, r->i + 1) : 0;
	r->i += end ? 2 : 1;
	while (n < PARTS && depth < DEPTH && r->i < r->n && (!end || r->i + 1 < end)) {
		parts[n++] = value(r, depth + 1);
		if (!end || !sign(r, r->i, ','))
			break;
		r->i++;
	}
	if (own)
		text = arena_copy(r->out->arena, buf_span(b));
	else if (n)
		text = parts[0];
	struct span done = filled(r, text, own ? parts : parts + 1, own ? n : n ? n - 1 : 0, braces);
	if (own)
		buf_reset(b);
	buf_bytes(b, done);
	r->i = (end ? end : r->i) - 1;
}

/* What ends a value that is no list; without brackets a statement of Lua, Python and awk ends with its line. */
static bool ends_value(const struct reader *r, bool list, unsigned line, unsigned depth)
{
	bool closed = sign(r, r->i, ')') || sign(r, r->i, '}') || sign(r, r->i, ';') || sign(r, r->i, '|') ||
		      (!list && (sign(r, r->i, ']') || sign(r, r->i, ',')));
	return closed || (depth == 0 && at(r, r->i)->line != line && r->language != PHP && r->language != PERL);
}

static bool is_format(const struct lexeme *t)
{
	return t->kind == WORD && (ends_with(t->text, "format") || ends_with(t->text, "sprintf"));
}

/* The value that begins at r->i; r->i stands at what ends it: a comma, a bracket that closes, the end of the
 * statement. */
static struct span value(struct reader *r, unsigned depth)
{
	struct buf b = { .cap = VALUE };
	unsigned line = at(r, r->i)->line, first = r->i;
	bool list = sign(r, r->i, '[');
	for (; r->i < r->n && works(r); r->i++) {
		const struct lexeme *t = at(r, r->i);
		bool percent = sign(r, r->i, '%') && r->language == PYTHON;
		if (ends_value(r, list, r->i == first ? t->line : line, depth))
			break;
		line = t->line;
		if (list && sign(r, r->i, ','))
			buf_u8(&b, ' ');
		if (percent || (is_format(t) && sign(r, r->i + 1, '('))) {
			formatted(r, &b, depth, percent);
		} else if (t->kind == STRING) {
			put_string(r, &b, t);
		} else if (t->kind == NUMBER) {
			buf_bytes(&b, t->text);
		} else if (t->kind == COMMAND) {
			buf_text(&b, "{command}");
		} else if (t->kind == WORD && !(is_format(t) && r->language == PYTHON)) {
			put_name(r, &b, t->text);
			while (sign(r, r->i + 1, '(') || sign(r, r->i + 1, '['))
				r->i = behind(r, r->i + 1) - 1;
		} else if (sign(r, r->i, '?') && at(r, r->i + 1)->kind != SIGN) {
			buf_reset(&b);           /* a ? b : c */
		}
	}
	return kept(r, &b);
}

/* "HOST", PORT or ("HOST", PORT), in brackets or not: as many values as there are. */
static unsigned values(struct reader *r, struct span *out, unsigned max)
{
	unsigned n = 0;
	while (r->i < r->n && n < max) {
		const struct variable *v = at(r, r->i)->kind == WORD ? variable(r, at(r, r->i)->text) : NULL;
		bool pair = sign(r, r->i, '('), alone = sign(r, r->i + 1, ')') || sign(r, r->i + 1, ',');
		r->i += pair;
		if (!pair && v && v->value[1].n && alone && n + 1 < max) {
			out[n++] = v->value[0];
			out[n++] = v->value[1];
			r->i++;
		} else {
			out[n++] = value(r, 1);
		}
		if (!sign(r, r->i, ','))
			break;
		r->i++;
	}
	return n;
}

/* ---- what is done ---- */

static void placed(struct reader *r, size_t from, const struct lexeme *t)
{
	for (size_t i = from; i < r->out->n; i++)
		r->out->v[i].line = t->line;
}

static void run(struct reader *r, const struct lexeme *t, struct span text, bool shell)
{
	size_t from = r->out->n;
	acts_of_shell(r->out, text, NULL);
	if (r->out->n == from)
		act_new(r->out, ACT_OTHER);
	struct act *a = &r->out->v[from];
	a->text = a->text.n ? a->text : text;
	a->name = a->name.n ? a->name : t->text;
	for (struct span rest = text; shell && source_in(rest).n;
	     rest = span_from(rest, (size_t)(source_in(rest).p - rest.p) + source_in(rest).n))
		if (source_is_network(source_in(rest))) {
			a->is_shell = true;
			a->source = source_in(rest);
			break;
		}
	placed(r, from, t);
}

static void to_host(struct reader *r, const struct lexeme *t, struct span host, struct span port, const char *transport)
{
	size_t from = r->out->n;
	struct act *a = act_new(r->out, ACT_CONNECT);
	uint32_t v = 0;
	for (size_t i = 0; i < port.n && i < 5 && isdigit(port.p[i]); i++)
		v = v * 10 + (port.p[i] - '0');
	const uint8_t *scheme = host.n > 3 ? memmem(host.p, host.n, "://", 3) : NULL;
	a->name = t->text;
	a->text = span_str(arena_printf(r->out->arena, "%.*s(\"%.*s\", %u)", (int)span_cut(t->text, 40).n,
					(const char *)t->text.p, (int)span_cut(host, 200).n, (const char *)host.p, v));
	a->transport = scheme && span_starts(host, SPAN_LIT("udp")) ? "udp" : transport;
	host = scheme ? span_from(host, (size_t)(scheme - host.p) + 3) : host;
	a->port = v <= UINT16_MAX ? (uint16_t)v : 0;
	if (!act_destination(a, host))
		a->kind = ACT_OTHER;
	placed(r, from, t);
}

static void from_url(struct reader *r, const struct lexeme *t, struct span url, struct span file)
{
	struct shell_word words[] = {
		{ .text = SPAN_LIT("curl") }, { .text = url }, { .text = SPAN_LIT("-o") }, { .text = file }
	};
	const struct shell_command c = { .words = words, .nwords = file.n ? 4 : 2, .line = t->line,
					 .text = span_str(arena_printf(r->out->arena, "%.*s(\"%.*s\")", (int)span_cut(t->text, 40).n,
								       (const char *)t->text.p, (int)span_cut(url, 400).n,
								       (const char *)url.p)) };
	if (memmem(url.p ? url.p : (const uint8_t *)"", url.n, "://", 3))
		acts_of_command(r->out, &c, NULL, 0);
}

enum deed { RUN, HOST_PORT, SOCKET_HOST_PORT, DATA_HOST_PORT, URL, URL_FILE, PEER };
static const struct {
	const char *name;                        /* the end of the function's name */
	enum deed deed;
	unsigned languages;                      /* bits */
} deeds[] = {
	{ "os.execute", RUN, 1 << LUA },	  { "io.popen", RUN, 1 << LUA },
	{ "sys.exec", RUN, 1 << LUA },		  { "sys.call", RUN, 1 << LUA },
	{ "util.exec", RUN, 1 << LUA },		  { "os.system", RUN, 1 << PYTHON },
	{ "os.popen", RUN, 1 << PYTHON },	  { "subprocess.run", RUN, 1 << PYTHON },
	{ "subprocess.call", RUN, 1 << PYTHON },  { "subprocess.Popen", RUN, 1 << PYTHON },
	{ "check_output", RUN, 1 << PYTHON },	  { "check_call", RUN, 1 << PYTHON },
	{ "getoutput", RUN, 1 << PYTHON },	  { "system", RUN, 1 << PHP | 1 << PERL | 1 << AWK },
	{ "exec", RUN, 1 << PHP | 1 << PERL },	  { "passthru", RUN, 1 << PHP },
	{ "popen", RUN, 1 << PHP },		  { "proc_open", RUN, 1 << PHP },
	{ "create_connection", HOST_PORT, 1 << PYTHON }, { ".connect", HOST_PORT, 1 << PYTHON | 1 << LUA },
	{ ":connect", HOST_PORT, 1 << LUA },	  { ":setpeername", HOST_PORT, 1 << LUA },
	{ "fsockopen", HOST_PORT, 1 << PHP },	  { "stream_socket_client", HOST_PORT, 1 << PHP },
	{ "socket_connect", SOCKET_HOST_PORT, 1 << PHP }, { ".sendto", DATA_HOST_PORT, 1 << PYTHON },
	{ ":sendto", DATA_HOST_PORT, 1 << LUA },  { "ftplib.FTP", HOST_PORT, 1 << PYTHON },
	{ "IO::Socket::INET->new", PEER, 1 << PERL }, { "urlretrieve", URL_FILE, 1 << PYTHON },
	{ "urlopen", URL, 1 << PYTHON },	  { "requests.get", URL, 1 << PYTHON },
	{ "requests.post", URL, 1 << PYTHON },	  { "requests.put", URL, 1 << PYTHON },
	{ "http.request", URL, 1 << LUA },	  { "file_get_contents", URL, 1 << PHP },
	{ "curl_init", URL, 1 << PHP },
};

/* PeerAddr => '…', PeerPort => … */
static void to_peer(struct reader *r, const struct lexeme *t, unsigned end)
{
	struct span host = { 0 }, port = { 0 };
	while (r->i < end) {
		struct span key = at(r, r->i)->text;
		if (at(r, r->i)->kind != WORD || !sign(r, r->i + 1, '=') || !sign(r, r->i + 2, '>')) {
			r->i++;
			continue;
		}
		r->i += 3;
		struct span v = value(r, 1);
		host = span_is(key, "PeerAddr") || span_is(key, "PeerHost") ? v : host;
		port = span_is(key, "PeerPort") ? v : port;
	}
	if (host.n)
		to_host(r, t, host, port, "tcp");
}

static void call(struct reader *r, const struct lexeme *t, enum deed deed)
{
	unsigned end = behind(r, r->i + 1);
	struct span v[4] = { 0 };
	r->i += 2;
	bool list = sign(r, r->i, '[');
	if (deed == PEER)
		to_peer(r, t, end);
	unsigned n = deed == PEER ? 0 : values(r, v, deed == RUN ? 1 : ARRAY_LEN(v));
	unsigned from = deed == SOCKET_HOST_PORT || deed == DATA_HOST_PORT;
	if (deed == RUN && n)
		run(r, t, v[0], !list);
	else if (deed == URL || deed == URL_FILE)
		from_url(r, t, v[0], deed == URL_FILE ? v[1] : (struct span){ 0 });
	else if (n > from)
		to_host(r, t, v[from], n > from + 1 ? v[from + 1] : (struct span){ 0 },
			from && deed == DATA_HOST_PORT ? "udp" : "tcp");
	r->i = end;
}

/* NAME, NAME = VALUE, VALUE: only texts, numbers and pairs of them are kept. */
static void assign(struct reader *r)
{
	struct span names[PARTS], v[2];
	unsigned n = 0;
	while (n < PARTS && at(r, r->i)->kind == WORD) {
		names[n++] = at(r, r->i++)->text;
		if (!sign(r, r->i, ','))
			break;
		r->i++;
	}
	r->i++;                                  /* = */
	for (unsigned k = 0; k < n; k++) {
		unsigned before = r->i;
		bool pair = sign(r, r->i, '(') && n == 1;
		v[0] = v[1] = (struct span){ 0 };
		r->i += pair;
		v[0] = value(r, pair);
		if (pair && sign(r, r->i, ',')) {
			r->i++;
			v[1] = value(r, 1);
		}
		struct variable *old = variable(r, names[k]);
		if (!old && r->nvars < VARIABLES)
			old = &r->vars[r->nvars++];
		if (old)
			*old = (struct variable){ .name = names[k], .value = { v[0], v[1] } };
		if (k + 1 == n || !sign(r, r->i, ',')) {
			r->i = before;           /* calls in it are looked at too */
			break;
		}
		r->i++;
	}
}

static bool is_assignment(const struct reader *r)
{
	unsigned i = r->i;
	while (at(r, i)->kind == WORD && sign(r, i + 1, ',') && i < r->i + 2 * PARTS)
		i += 2;
	return at(r, i)->kind == WORD && sign(r, i + 1, '=') && !sign(r, i + 2, '=') && !sign(r, i + 2, '>') &&
	       !sign(r, i + 2, '~');
}

/* gawk: a file named /inet/tcp/0/HOST/PORT is a connection; COMMAND | getline runs it. */
static void awk_text(struct reader *r)
{
	const struct lexeme *t = at(r, r->i);
	const struct variable *v = t->kind == WORD ? variable(r, t->text) : NULL;
	struct span text = t->kind == STRING ? t->text : v ? v->value[0] : (struct span){ 0 };
	bool read = sign(r, r->i + 1, '|') && (span_is(at(r, r->i + 2)->text, "getline") || sign(r, r->i + 2, '&'));
	if (!read || !text.n)
		return;
	bool udp = span_starts(text, SPAN_LIT("/inet/udp/"));
	if (!udp && !span_starts(text, SPAN_LIT("/inet/tcp/"))) {
		run(r, t, text, true);
		return;
	}
	struct rd in = rd_of(span_from(text, 10));
	(void)rd_piece(&in, '/');
	struct span host = rd_piece(&in, '/');
	to_host(r, t, host, rd_rest(&in), udp ? "udp" : "tcp");
}

static void lexeme_read(struct reader *r)
{
	const struct lexeme *t = at(r, r->i);
	if (r->language == AWK)
		awk_text(r);
	if (t->kind == COMMAND) {
		struct buf b = { .cap = VALUE };
		put_string(r, &b, t);
		run(r, t, kept(r, &b), true);
	}
	if (t->kind == WORD && is_assignment(r)) {
		assign(r);
		return;
	}
	for (size_t i = 0; t->kind == WORD && sign(r, r->i + 1, '(') && i < ARRAY_LEN(deeds); i++)
		if (deeds[i].languages >> r->language & 1 && ends_with(t->text, deeds[i].name) &&
		    (t->text.n == strlen(deeds[i].name) || !isalpha(deeds[i].name[0]) ||
		     !isalnum(t->text.p[t->text.n - strlen(deeds[i].name) - 1]))) {
			unsigned end = behind(r, r->i + 1), first = r->i + 1;
			call(r, t, deeds[i].deed);
			r->i = deeds[i].deed == RUN ? end : first;       /* calls may stand in its arguments */
			return;
		}
	r->i++;
}

void acts_of_language(struct acts *out, const char *path, struct span content)
{
	struct reader r = { .out = out, .language = language_of(path, content), .v = mem_array(LEXEMES, sizeof(struct lexeme)),
			    .vars = mem_array(VARIABLES, sizeof(struct variable)) };
	lexemes_of(&r, span_cut(content, TEXT));
	while (r.i < r.n && works(&r))
		lexeme_read(&r);
	free(r.v);
	free(r.vars);
}
