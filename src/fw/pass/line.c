/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a command: options and operands, and the acts they make. */
#include "fw/pass/line.h"

struct act *line_act(struct line *l, enum act_kind kind)
{
	struct act *a = act_new(l->out, kind);
	a->call = l->call;
	a->name = path_base(l->w[0].text);
	a->text = l->text;
	a->line = l->c->line;
	a->offset = l->c->offset;
	a->function = l->c->function;
	a->conditional = l->c->conditional;
	a->capture = l->c->capture;
	a->piped = l->c->piped;
	if (l->call) {
		a->site = record_get_uint(l->call, FWC_SITE);
		a->function = record_get_text(l->call, FWC_FUNCTION);
	}
	return a;
}

bool is_option(struct span w)
{
	return w.n > 1 && w.p[0] == '-';
}

/* Place of the first letter of -abc that takes a value; option.n: none does. */
static size_t valued_letter(const struct line *l, struct span option)
{
	const char *valued = l->tool ? l->tool->valued : "";
	size_t i = 1;
	while (i < option.n && option.p[1] != '-' && !(option.p[i] && strchr(valued, option.p[i])))
		i++;
	return option.n >= 2 && option.p[1] == '-' ? option.n : i;
}

/* -x VALUE and -vx VALUE; in -xVALUE the value is there already. */
static bool takes_value(const struct line *l, struct span option)
{
	return option.n >= 2 && valued_letter(l, option) == option.n - 1;
}

/* An operand is no option and no option's value. */
unsigned line_operand_at(const struct line *l, unsigned k)
{
	bool rest = false;
	for (unsigned i = 1; i < l->n; i++) {
		struct span w = l->w[i].text;
		if (!rest && span_is(w, "--")) {
			rest = true;
			continue;
		}
		if (!rest && is_option(w)) {
			i += takes_value(l, w);
			continue;
		}
		if (k-- == 0)
			return i;
	}
	return 0;
}

struct span line_operand(const struct line *l, unsigned k)
{
	unsigned i = line_operand_at(l, k);
	return i ? l->w[i].text : (struct span){ 0 };
}

struct span line_operand_last(const struct line *l)
{
	struct span last = { 0 };
	for (unsigned k = 0; k < SHELL_WORDS && line_operand_at(l, k); k++)
		last = line_operand(l, k);
	return last;
}

bool line_has(const struct line *l, const char *letters)
{
	for (unsigned i = 1; i < l->n; i++) {
		struct span w = l->w[i].text;
		size_t last = is_option(w) && w.p[1] != '-' ? valued_letter(l, w) : 0;
		for (size_t k = 1; k <= last && k < w.n; k++)
			if (w.p[k] && strchr(letters, w.p[k]))
				return true;
		if (is_option(w) && takes_value(l, w))
			i++;
	}
	return false;
}

bool line_has_word(const struct line *l, const char *word)
{
	for (unsigned i = 1; i < l->n; i++)
		if (span_is(l->w[i].text, word))
			return true;
	return false;
}

struct span line_option(const struct line *l, char letter, const char *name)
{
	char both[32];
	snprintf(both, sizeof(both), "--%s=", name ? name : "");
	for (unsigned i = 1; i < l->n; i++) {
		struct span w = l->w[i].text;
		if (!is_option(w))
			continue;
		if (name && span_starts(w, span_str(both)))
			return span_from(w, strlen(both));
		bool is_long = name && w.p[1] == '-' && span_is(span_from(w, 2), name);
		size_t at = letter ? valued_letter(l, w) : w.n;
		bool is_short = at < w.n && w.p[at] == (uint8_t)letter;
		if (is_short && at + 1 < w.n)
			return span_from(w, at + 1);
		/* A letter that the table does not list is asked for by a reader that knows better. */
		bool last = letter && w.p[1] != '-' && w.p[w.n - 1] == (uint8_t)letter;
		if ((is_long || is_short || last) && i + 1 < l->n)
			return l->w[i + 1].text;
		i += takes_value(l, w);
	}
	return (struct span){ 0 };
}

struct span line_redirected(const struct line *l)
{
	for (unsigned i = 0; i < l->c->nredirects; i++)
		if ((l->c->redirects[i].kind == SHELL_WRITE || l->c->redirects[i].kind == SHELL_APPEND) && l->c->redirects[i].fd == 1)
			return l->c->redirects[i].to;
	return (struct span){ 0 };
}

bool text_port(struct span s, uint16_t *out)
{
	uint64_t v = 0;
	for (size_t i = 0; i < s.n && v <= UINT16_MAX; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	if (!v || v > UINT16_MAX)
		return false;
	*out = (uint16_t)v;
	return true;
}

size_t text_find(struct span s, const char *part)
{
	size_t n = strlen(part);
	for (size_t i = 0; n && i + n <= s.n; i++)
		if (memcmp(s.p + i, part, n) == 0)
			return i;
	return SIZE_MAX;
}

bool text_is_captured(struct span text)
{
	return text_find(text, "{$(") != SIZE_MAX;
}

bool path_is_shell(struct span path)
{
	static const char *const shells[] = { "sh", "ash", "bash", "dash", "cmd", "login" };
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (span_is(path_base(path), shells[i]))
			return true;
	return false;
}

void line_execute(struct line *l, struct span path)
{
	if (path.n)
		line_act(l, ACT_EXECUTE)->path = path;
}

/* The word in whose text s lies may be replaced by configuration. */
static void mark_default(const struct line *l, struct act *a, struct span s)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->w[i].replaceable && s.n && l->w[i].text.n && s.p >= l->w[i].text.p && s.p < l->w[i].text.p + l->w[i].text.n &&
		    a->setting == SETTING_CONSTANT)
			a->setting = SETTING_DEFAULT;
}

bool line_destination(const struct line *l, struct act *a, struct span s)
{
	bool ok = act_destination(a, s);
	mark_default(l, a, s);
	return ok;
}

struct act *line_act_to(struct line *l, enum act_kind kind, const char *transport, const char *protocol,
			struct span where)
{
	struct act *a = line_act(l, kind);
	a->transport = transport;
	a->protocol = protocol;
	if (!line_destination(l, a, where))
		a->kind = ACT_OTHER;
	return a;
}

/* The first such byte that is no part of what is not known: {$(nvram get http://x)}. */
static const uint8_t *outside_braces(struct span s, uint8_t c)
{
	unsigned depth = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (!depth && s.p[i] == c)
			return s.p + i;
		depth += s.p[i] == '{';
		depth -= depth && s.p[i] == '}';
	}
	return NULL;
}

void line_credential(struct line *l, struct span user, struct span secret)
{
	if (!text_is_known(secret))
		return;
	struct act *a = line_act(l, ACT_CREDENTIAL);
	a->user = user;
	a->secret = secret;
}

void line_account(struct line *l, struct span pair, uint8_t mark)
{
	const uint8_t *colon = outside_braces(pair, mark);
	if (colon)
		line_credential(l, span_cut(pair, (size_t)(colon - pair.p)), span_from(pair, (size_t)(colon - pair.p) + 1));
}

/* Where "://" ends the scheme; SIZE_MAX: there is none. */
static size_t scheme_end(struct span u)
{
	const uint8_t *colon = outside_braces(u, ':');
	size_t at = colon ? (size_t)(colon - u.p) : 0;
	return colon && span_starts(span_from(u, at), SPAN_LIT("://")) ? at : SIZE_MAX;
}

bool line_url(struct line *l, struct act *a, struct span u, const char *scheme)
{
	static const struct {
		const char *scheme;
		uint16_t port;
	} known[] = { { "http", 80 }, { "https", 443 }, { "ftp", 21 },	  { "ftps", 990 }, { "tftp", 69 },
		      { "sftp", 22 }, { "rsync", 873 }, { "mqtt", 1883 }, { "nfs", 2049 } };
	size_t colon = scheme_end(u);
	struct span name = colon == SIZE_MAX ? span_str(scheme) : span_cut(u, colon);
	struct span rest = colon == SIZE_MAX ? u : span_from(u, colon + 3);
	const uint8_t *slash = outside_braces(rest, '/');
	struct span host = slash ? span_cut(rest, (size_t)(slash - rest.p)) : rest;
	a->path = slash ? span_from(rest, (size_t)(slash - rest.p)) : SPAN_LIT("/");
	const uint8_t *mark = outside_braces(host, '@');
	size_t self = (size_t)(a - l->out->v);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (span_is(name, known[i].scheme)) {
			a->protocol = known[i].scheme;
			a->port = known[i].port;
		}
	bool ok = line_destination(l, a, host);
	a->transport = a->port == 69 ? "udp" : "tcp";
	size_t before = l->out->n;
	if (mark)
		line_account(l, span_cut(host, (size_t)(mark - host.p)), ':');
	for (size_t i = before; i < l->out->n; i++) {    /* for whom the credential is */
		struct act *c = &l->out->v[i];
		const struct act *to = &l->out->v[self]; /* the list may have moved */
		c->address = to->address;
		c->host = to->host;
		c->port = to->port;
		c->transport = to->transport;
		c->protocol = to->protocol;
		c->setting = to->setting;
	}
	return ok;
}
