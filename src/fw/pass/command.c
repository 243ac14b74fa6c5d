/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands as acts: each program by its row of tools.def. Those that only wrap another command, and shells, are here,
 * as they read a command again. */
#include "fw/pass/tool.h"

#include "base/buf.h"

static const struct tool tools[] = {
#define TOOL(name, reader, valued, word) { name, tool_##reader, valued, word },
#include "fw/pass/tools.def"
#undef TOOL
};

static const struct tool *tool_of(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(tools); i++)
		if (span_is(name, tools[i].name))
			return &tools[i];
	return NULL;
}

/* ---- what only wraps a command ---- */

static void again(struct line *l, unsigned from)
{
	while (from < l->n && is_option(l->w[from].text))
		from++;
	struct shell_command c = *l->c;
	c.words += l->w - c.words + (ptrdiff_t)from;
	c.nwords = from < l->n ? l->n - from : 0;
	if (c.nwords)
		acts_of_command(l->out, &c, l->call, l->depth + 1);
}

void tool_wrapper(struct line *l)
{
	unsigned from = line_operand_at(l, 0);
	if (from && strcmp(l->tool->word, "1") == 0)          /* timeout 5 CMD, chroot DIR CMD */
		from++;
	while (from && from < l->n && memchr(l->w[from].text.p, '=', l->w[from].text.n) && l->w[from].text.p[0] != '/')
		from++;                          /* env A=b CMD */
	if (from)
		again(l, from);
}

/* tcpsvd IP PORT PROGRAM: BusyBox's server for programs that talk by their standard input. */
void tool_tcpsvd(struct line *l)
{
	unsigned from = line_operand_at(l, 2);
	if (!from)
		return;
	size_t before = l->out->n;
	if (path_is_shell(l->w[from].text))
		line_act(l, ACT_SERVICE)->login = l->w[from].text;
	else
		again(l, from);
	for (size_t i = before; i < l->out->n; i++)
		if (l->out->v[i].kind == ACT_SERVICE) {
			l->out->v[i].transport = l->tool->word;
			(void)text_port(line_operand(l, 1), &l->out->v[i].port);
		}
}

/* OpenWrt's procd: procd_set_param command PROGRAM ARGUMENTS */
void tool_procd(struct line *l)
{
	unsigned from = line_operand_at(l, 1);
	if (from && span_is(line_operand(l, 0), "command"))
		again(l, from);
}

void tool_sshpass(struct line *l)
{
	line_credential(l, (struct span){ 0 }, line_option(l, 'p', NULL));
	for (unsigned i = 1; i + 1 < l->n; i++)
		if (span_is(l->w[i].text, "-p")) {
			struct shell_command c = *l->c;
			c.words += l->w - c.words + (ptrdiff_t)i + 2;
			c.nwords = l->n - i - 2;
			if (c.nwords)
				acts_of_command(l->out, &c, l->call, l->depth + 1);
			return;
		}
}

void tool_start_stop(struct line *l)
{
	struct span program = line_option(l, 'x', "exec");
	if (!program.n)
		program = line_option(l, 'a', "startas");
	if (line_has(l, "K") || line_has_word(l, "--stop") || !program.n)
		return;
	struct shell_word words[32] = { { program, false, false } };
	unsigned n = 1, i = 1;
	while (i < l->n && !span_is(l->w[i].text, "--"))
		i++;
	for (i++; i < l->n && n < ARRAY_LEN(words); i++)
		words[n++] = l->w[i];
	struct shell_command c = *l->c;
	c.words = words;
	c.nwords = n;
	acts_of_command(l->out, &c, l->call, l->depth + 1);
}

static void nested(struct line *l, struct span text)
{
	if (l->depth >= ACT_NEST)
		return;
	struct shell_script s;
	shell_read_in(text, l->out->world, l->out->arena, &s);
	for (unsigned i = 0; i < s.n; i++) {
		s.v[i].line += l->c->line ? l->c->line - 1 : 0;
		s.v[i].offset = l->c->offset;
		s.v[i].conditional |= l->c->conditional;
		if (l->c->function.n)
			s.v[i].function = l->c->function;
		acts_of_command(l->out, &s.v[i], l->call, l->depth + 1);
	}
}

/* What a stranger chose that stands in the text: part of a request (RFC 3875; FORM_, POST_, GET_ and COOKIE_ are
 * haserl's), the label of a disk as blkid prints it. */
static struct span stranger_of(struct line *l, struct span text)
{
	static const char *const variables[][2] = {
		{ "QUERY_STRING", "getenv:QUERY_STRING" },	 { "PATH_INFO", "getenv:PATH_INFO" },
		{ "REQUEST_URI", "getenv:REQUEST_URI" },	 { "HTTP_COOKIE", "getenv:HTTP_COOKIE" },
		{ "HTTP_USER_AGENT", "getenv:HTTP_USER_AGENT" }, { "{$FORM_", "a web form (network)" },
		{ "{$POST_", "a web form (network)" },		 { "{$GET_", "a web query (network)" },
		{ "{$COOKIE_", "a cookie (network)" },		 { "blkid ", "disk label (blkid)" },
	};
	/* util-linux: in these forms all that is unsafe is escaped. */
	if (text_find(text, "blkid") != SIZE_MAX &&
	    (text_find(text, "-o export") != SIZE_MAX || text_find(text, "-o udev") != SIZE_MAX))
		return (struct span){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		size_t at = text_find(text, variables[i][0]), open = text_find(text, "{");
		if (at != SIZE_MAX && open != SIZE_MAX && open <= at)
			return span_str(arena_printf(l->out->arena, "%s", variables[i][1]));
	}
	return (struct span){ 0 };
}

/* What stands in a variable is read once more, as a command. */
static void of_request(struct line *l, struct span text)
{
	struct span source = stranger_of(l, text);
	if (!source.n)
		return;
	struct act *a = line_act(l, ACT_OTHER);
	a->is_shell = true;
	a->source = source;
}

/* What the first command of the pipeline says, when it is an echo. */
static struct span said_first(const struct line *l)
{
	const struct act *head = NULL;
	bool piped = l->c->piped;
	for (size_t i = l->first; piped && i > 0; i--) {
		const struct act *a = &l->out->v[i - 1];
		if (!span_eq(a->capture, l->c->capture))
			continue;                /* inside $(…), among the words of one of them */
		head = a;
		piped = a->piped;
	}
	bool echo = head && (span_is(head->name, "echo") || span_is(head->name, "printf"));
	return echo ? head->secret : (struct span){ 0 };
}

/* … | sh: a text that is known is read, anything else is run as it comes. */
static void run_stream(struct line *l)
{
	const struct act *before = l->first ? &l->out->v[l->first - 1] : NULL;
	bool echo = before && (span_is(before->name, "echo") || span_is(before->name, "printf"));
	of_request(l, said_first(l));
	if (echo && text_is_known(before->secret))
		nested(l, before->secret);
	else if (echo && text_is_captured(before->secret))
		line_execute(l, before->secret);
	else
		line_execute(l, STREAM);
}

void tool_shell(struct line *l)
{
	for (unsigned i = 1; i + 1 < l->n; i++)
		if (is_option(l->w[i].text) && memchr(l->w[i].text.p, 'c', l->w[i].text.n)) {
			of_request(l, l->w[i + 1].text);
			if (text_is_captured(l->w[i + 1].text))
				line_execute(l, l->w[i + 1].text);
			else
				nested(l, l->w[i + 1].text);
			return;
		}
	for (unsigned i = 0; i < l->c->nredirects; i++)
		if (l->c->redirects[i].kind == SHELL_HERE) {
			nested(l, l->c->redirects[i].to);
			return;
		}
	bool stream = line_has(l, "s") || !line_operand_at(l, 0) || span_is(line_operand(l, 0), "-") ||
		      span_is(line_operand(l, 0), "/dev/stdin");
	for (unsigned i = 0; i < l->c->nredirects && stream; i++)
		if (l->c->redirects[i].kind == SHELL_READ)
			line_execute(l, l->c->redirects[i].to);
	if (stream && l->c->piped)
		run_stream(l);
	else if (!stream)
		line_execute(l, line_operand(l, 0));
}

void tool_su(struct line *l)
{
	struct span text = line_option(l, 'c', "command");
	if (text.n)
		nested(l, text);
}

void tool_eval(struct line *l)
{
	struct buf b = { .cap = 1 << 16 };
	for (unsigned i = 1; i < l->n; i++) {
		buf_bytes(&b, l->w[i].text);
		buf_u8(&b, ' ');
	}
	struct span text = arena_copy(l->out->arena, buf_span(&b));
	buf_done(&b);
	of_request(l, text);
	if (text_is_captured(text))
		line_execute(l, text);
	else
		nested(l, text);
}

/* ---- a whole command ---- */

/* bash: > /dev/tcp/HOST/PORT */
static void device_net(struct line *l, struct span to)
{
	bool udp = span_starts(to, SPAN_LIT("/dev/udp/"));
	if (!udp && !span_starts(to, SPAN_LIT("/dev/tcp/")))
		return;
	struct span rest = span_from(to, 9);
	const uint8_t *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
	if (!slash)
		return;
	bool shell = path_is_shell(path_base(l->w[0].text));
	struct act *a = line_act(l, shell ? ACT_SERVICE : ACT_CONNECT);
	a->transport = udp ? "udp" : "tcp";
	a->reverse = shell;
	a->login = shell ? l->w[0].text : (struct span){ 0 };
	(void)line_destination(l, a, span_cut(rest, (size_t)(slash - rest.p)));
	(void)text_port(span_from(rest, (size_t)(slash - rest.p) + 1), &a->port);
}

/* Secrets must not leave with the words around them. */
static struct span blanked(struct acts *out, struct span text, struct span secret)
{
	struct buf b = { .cap = 1 << 16 };
	for (size_t i = 0; i < text.n;) {
		if (secret.n && i + secret.n <= text.n && memcmp(text.p + i, secret.p, secret.n) == 0) {
			buf_text(&b, "***");
			i += secret.n;
		} else {
			buf_u8(&b, text.p[i++]);
		}
	}
	struct span s = arena_copy(out->arena, buf_span(&b));
	buf_done(&b);
	return s;
}

static void blank_credentials(struct acts *out, size_t first)
{
	for (size_t i = first; i < out->n; i++) {
		if (out->v[i].kind != ACT_CREDENTIAL || out->v[i].secret.n < 2)
			continue;
		for (size_t k = first ? first - 1 : 0; k < out->n; k++)
			if (out->v[k].kind != ACT_COMPARE) {
				out->v[k].text = blanked(out, out->v[k].text, out->v[i].secret);
				out->v[k].blanked = true;
			}
	}
}

static struct span text_with_redirects(struct acts *out, const struct shell_command *c)
{
	static const char *const signs[] = { "< ", "> ", ">> ", "<< ", ">&" };
	struct buf b = { .cap = 4096 };
	buf_bytes(&b, c->text);
	for (unsigned i = 0; i < c->nredirects; i++) {
		enum shell_redirect_kind kind = c->redirects[i].kind;
		buf_text(&b, " ");
		if (c->redirects[i].fd != (kind != SHELL_READ && kind != SHELL_HERE))
			buf_printf(&b, "%u", c->redirects[i].fd);
		buf_text(&b, signs[kind]);
		buf_bytes(&b, c->redirects[i].kind == SHELL_HERE ? SPAN_LIT("text") : c->redirects[i].to);
	}
	struct span s = c->nredirects ? arena_copy(out->arena, buf_span(&b)) : c->text;
	buf_done(&b);
	return s;
}

void acts_of_command(struct acts *out, const struct shell_command *c, const struct record *call, unsigned depth)
{
	if (!c->nwords || !c->words[0].text.n || depth > ACT_NEST)
		return;
	struct line l = { .out = out, .c = c, .call = call, .w = c->words, .n = c->nwords, .depth = depth, .first = out->n,
			  .tool = tool_of(path_base(c->words[0].text)), .text = text_with_redirects(out, c) };
	const struct tool *t = l.tool;
	for (unsigned i = 0; i < c->nredirects; i++)
		device_net(&l, c->redirects[i].to);
	if (t && out->n == l.first)
		t->read(&l);
	else if (!t && (text_is_captured(l.w[0].text) || memchr(l.w[0].text.p, '/', l.w[0].text.n)))
		line_execute(&l, l.w[0].text);
	if (out->n == l.first)
		line_act(&l, ACT_OTHER);
	if (!t && line_redirected(&l).n) {
		struct act *a = line_act(&l, ACT_WRITE);
		a->path = line_redirected(&l);
		a->source = source_in(l.text);
		if (c->piped && stranger_of(&l, said_first(&l)).n)
			a->source = stranger_of(&l, said_first(&l));
		a->target = c->piped ? STREAM : (struct span){ 0 };      /* gunzip > FILE: what came by the pipe */
	}
	blank_credentials(out, l.first);
}

void acts_of_shell(struct acts *out, struct span text, const struct record *call)
{
	struct shell_script s;
	shell_read_in(text, out->world, out->arena, &s);
	for (unsigned i = 0; i < s.n; i++)
		acts_of_command(out, &s.v[i], call, 0);
}
