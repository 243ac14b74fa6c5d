/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands as acts: a table of programs, each with the few options that matter. Names are those of BusyBox,
 * util-linux, iproute2, GNU and the usual network programs. A program that is not in the table and is named
 * by a path is run; one without a path says nothing. */
#include "fw/pass/act.h"

#include "base/buf.h"

#define STREAM SPAN_LIT("-")                     /* what flows through a pipe */

struct line {                                    /* a command that is being read */
	struct acts *out;
	const struct shell_command *c;
	const struct record *call;
	const struct shell_word *w;              /* its words, without what only wraps it */
	unsigned n, depth;
	struct span text;
	size_t first;                            /* its first act */
};

struct tool {
	const char *name;
	void (*read)(struct line *l);
	const char *valued;                      /* letters of options that take a value */
	const char *word;                        /* what `read` needs to know: protocol and the like */
};

static const struct tool *tool_of(struct span name);

static struct act *act_of(struct line *l, enum act_kind kind)
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

/* ---- options and operands ---- */

static const struct tool *tool_at(const struct line *l)
{
	return tool_of(path_base(l->w[0].text));
}

static bool is_option(struct span w)
{
	return w.n > 1 && w.p[0] == '-';
}

static const char *valued_of(const struct line *l)
{
	const struct tool *t = tool_at(l);
	return t && t->valued ? t->valued : "";
}

/* Place of the first letter of -abc that takes a value; option.n: none does. */
static size_t valued_letter(const struct line *l, struct span option)
{
	size_t i = 1;
	while (i < option.n && option.p[1] != '-' && !(option.p[i] && strchr(valued_of(l), option.p[i])))
		i++;
	return option.n >= 2 && option.p[1] == '-' ? option.n : i;
}

/* -x VALUE and -vx VALUE; in -xVALUE the value is there already. */
static bool takes_value(const struct line *l, struct span option)
{
	return option.n >= 2 && valued_letter(l, option) == option.n - 1;
}

/* Index of the k-th word that is no option and no option's value; 0: there is none. */
static unsigned operand_at(const struct line *l, unsigned k)
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

static struct span operand(const struct line *l, unsigned k)
{
	unsigned i = operand_at(l, k);
	return i ? l->w[i].text : (struct span){ 0 };
}

static struct span operand_last(const struct line *l)
{
	struct span last = { 0 };
	for (unsigned k = 0; k < SHELL_WORDS && operand_at(l, k); k++)
		last = operand(l, k);
	return last;
}

static bool has_letter(const struct line *l, char letter)
{
	for (unsigned i = 1; i < l->n; i++) {
		struct span w = l->w[i].text;
		size_t most = is_option(w) ? valued_letter(l, w) : 0;
		if (most && w.p[1] != '-' && memchr(w.p + 1, letter, most < w.n ? most : w.n - 1))
			return true;
		if (is_option(w) && takes_value(l, w))
			i++;
	}
	return false;
}

static bool has_word(const struct line *l, const char *word)
{
	for (unsigned i = 1; i < l->n; i++)
		if (span_is(l->w[i].text, word))
			return true;
	return false;
}

/* Value of -x VALUE, -xVALUE, --name VALUE or --name=VALUE. */
static struct span option(const struct line *l, char letter, const char *name)
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

static bool to_port(struct span s, uint16_t *out)
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

static size_t find(struct span s, const char *part)
{
	size_t n = strlen(part);
	for (size_t i = 0; n && i + n <= s.n; i++)
		if (memcmp(s.p + i, part, n) == 0)
			return i;
	return SIZE_MAX;
}

/* The word in whose text s lies may be replaced by configuration. */
static void mark_default(const struct line *l, struct act *a, struct span s)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->w[i].replaceable && s.n && l->w[i].text.n && s.p >= l->w[i].text.p && s.p < l->w[i].text.p + l->w[i].text.n &&
		    a->setting == SETTING_CONSTANT)
			a->setting = SETTING_DEFAULT;
}

static bool destination(const struct line *l, struct act *a, struct span s)
{
	bool ok = act_destination(a, s);
	mark_default(l, a, s);
	return ok;
}

static void credential(struct line *l, struct span user, struct span secret)
{
	if (!text_is_known(secret))
		return;
	struct act *a = act_of(l, ACT_CREDENTIAL);
	a->user = user;
	a->secret = secret;
}

static void user_colon_secret(struct line *l, struct span pair, uint8_t mark)
{
	const uint8_t *colon = pair.n ? memchr(pair.p, mark, pair.n) : NULL;
	if (colon)
		credential(l, span_cut(pair, (size_t)(colon - pair.p)), span_from(pair, (size_t)(colon - pair.p) + 1));
}

/* scheme://user:secret@host:port/path; without a scheme the one given. */
static bool url(struct line *l, struct act *a, struct span u, const char *scheme)
{
	static const struct {
		const char *scheme;
		uint16_t port;
	} known[] = { { "http", 80 }, { "https", 443 }, { "ftp", 21 },	  { "ftps", 990 }, { "tftp", 69 },
		      { "sftp", 22 }, { "rsync", 873 }, { "mqtt", 1883 }, { "nfs", 2049 } };
	size_t colon = find(u, "://");
	struct span name = colon == SIZE_MAX ? span_str(scheme) : span_cut(u, colon);
	struct span rest = colon == SIZE_MAX ? u : span_from(u, colon + 3);
	const uint8_t *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
	struct span host = slash ? span_cut(rest, (size_t)(slash - rest.p)) : rest;
	a->path = slash ? span_from(rest, (size_t)(slash - rest.p)) : SPAN_LIT("/");
	const uint8_t *mark = host.n ? memchr(host.p, '@', host.n) : NULL;
	size_t self = (size_t)(a - l->out->v);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (span_is(name, known[i].scheme)) {
			a->protocol = known[i].scheme;
			a->port = known[i].port;
		}
	bool ok = destination(l, a, host);
	a->transport = a->port == 69 ? "udp" : "tcp";
	size_t before = l->out->n;
	if (mark)
		user_colon_secret(l, span_cut(host, (size_t)(mark - host.p)), ':');
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

static struct span redirected(const struct line *l)
{
	for (unsigned i = 0; i < l->c->nredirects; i++)
		if ((l->c->redirects[i].kind == SHELL_WRITE || l->c->redirects[i].kind == SHELL_APPEND) && l->c->redirects[i].fd == 1)
			return l->c->redirects[i].to;
	return (struct span){ 0 };
}

/* ---- interfaces and shares ---- */

static void interface_up(struct line *l, struct span name)
{
	if (!name.n || span_is(name, "lo") || span_starts(name, SPAN_LIT("lo:")))
		return;
	struct act *a = act_of(l, ACT_INTERFACE);
	a->path = name;
	a->source = source_in(name);
	a->setting = a->source.n ? SETTING_CONFIGURED : SETTING_CONSTANT;
}

static void read_ifconfig(struct line *l)
{
	struct span what = operand(l, 1);
	bool numeric = what.n && ((what.p[0] >= '0' && what.p[0] <= '9') || what.p[0] == '{');
	if (has_word(l, "down") || !(has_word(l, "up") || numeric))
		return;
	interface_up(l, operand(l, 0));
}

static void read_ifup(struct line *l)
{
	interface_up(l, operand(l, 0));
}

static void read_ip(struct line *l)
{
	struct span what = operand(l, 0), verb = operand(l, 1);
	if (what.n && what.p[0] == 'l' && span_is(verb, "set") && has_word(l, "up"))
		interface_up(l, span_is(operand(l, 2), "dev") ? operand(l, 3) : operand(l, 2));
	if (what.n && what.p[0] == 'r' && (span_is(verb, "add") || span_is(verb, "replace"))) {
		struct act *a = act_of(l, ACT_INTERFACE);
		a->protocol = "route";
		a->path = operand(l, 2);
	}
}

static void read_route(struct line *l)
{
	if (!has_word(l, "add"))
		return;
	struct act *a = act_of(l, ACT_INTERFACE);
	a->protocol = "route";
	a->path = operand(l, 1);
}

static struct span option_in(struct span list, const char *name)
{
	size_t at = find(list, name);
	if (at == SIZE_MAX || (at && list.p[at - 1] != ','))
		return (struct span){ 0 };
	struct span rest = span_from(list, at + strlen(name));
	const uint8_t *comma = rest.n ? memchr(rest.p, ',', rest.n) : NULL;
	return comma ? span_cut(rest, (size_t)(comma - rest.p)) : rest;
}

static void read_mount(struct line *l)
{
	struct span type = option(l, 't', "types"), share = operand(l, 0), list = option(l, 'o', "options");
	bool windows = span_starts(share, SPAN_LIT("//"));
	const uint8_t *colon = share.n && share.p[0] != '/' && share.p[0] != '-' ? memchr(share.p, ':', share.n) : NULL;
	const char *protocol = windows ? "smb" : act_share_protocol(type);
	if (!protocol && !(colon && span_from(share, (size_t)(colon - share.p) + 1).n))
		return;
	if (!share.n)
		return;
	struct act *a = act_of(l, ACT_MOUNT);
	struct span host = windows ? span_from(share, 2) : share;
	const uint8_t *end = host.n ? memchr(host.p, windows ? '/' : ':', host.n) : NULL;
	a->protocol = protocol ? protocol : "nfs";
	a->target = operand(l, 1);
	if (end) {
		a->path = span_from(host, (size_t)(end - host.p) + !windows);
		host = span_cut(host, (size_t)(end - host.p));
	}
	(void)destination(l, a, host);
	a->port = 0;
	struct span user = option_in(list, "username=").n ? option_in(list, "username=") : option_in(list, "user=");
	struct span secret = option_in(list, "password=").n ? option_in(list, "password=") : option_in(list, "pass=");
	credential(l, user, secret);
}

static void read_umount(struct line *l)
{
	act_of(l, ACT_UNMOUNT)->target = operand(l, 0);
}

/* ---- files ---- */

static void read_copy(struct line *l)
{
	struct span from = operand(l, 0), to = option(l, 't', "target-directory");
	struct act *a = act_of(l, ACT_COPY);
	a->path = from;
	a->target = to.n ? to : operand_last(l);
	a->recursive = has_letter(l, 'r') || has_letter(l, 'R') || has_letter(l, 'a') || has_word(l, "--recursive") ||
		       has_word(l, "--archive") || find(from, "*") != SIZE_MAX || span_is(a->name, "mv");
	a->forced = has_letter(l, 'f') || has_letter(l, 'a') || has_word(l, "--force") || !has_letter(l, 'i');
}

static void read_tar(struct line *l)
{
	struct span mode = l->n > 1 ? l->w[1].text : (struct span){ 0 };
	if (!(mode.n && memchr(mode.p, 'x', mode.n)) && !has_word(l, "--extract"))
		return;
	struct act *a = act_of(l, ACT_COPY);
	a->path = option(l, 'f', "file");
	bool named = mode.n && !is_option(mode) && memchr(mode.p, 'f', mode.n);
	if (!a->path.n && l->c->piped && !named)
		a->path = STREAM;
	for (unsigned i = 1; i + 1 < l->n; i++)
		if (!a->path.n && !is_option(l->w[i].text) && memchr(l->w[i].text.p, 'f', l->w[i].text.n) && i == 1)
			a->path = l->w[i + 1].text;
	a->target = option(l, 'C', "directory");
	a->recursive = a->forced = true;
}

static void read_unzip(struct line *l)
{
	struct act *a = act_of(l, ACT_COPY);
	a->path = operand(l, 0);
	a->target = option(l, 'd', NULL);
	a->recursive = a->forced = true;
}

static void read_chmod(struct line *l)
{
	struct span mode = operand(l, 0);
	bool octal = mode.n && mode.p[0] >= '0' && mode.p[0] <= '7', exec = !octal && find(mode, "x") != SIZE_MAX;
	for (size_t i = 0; octal && i < mode.n; i++)
		exec |= (mode.p[i] & 1) != 0;
	if (!exec && !(octal && span_is(mode, "666")))
		return;
	struct act *a = act_of(l, ACT_CHMOD);
	a->path = operand(l, 1);
	a->open_to_all = mode.n >= 3 && (span_is(span_from(mode, mode.n - 3), "777") ||
					 span_is(span_from(mode, mode.n - 3), "666"));
}

static void execute(struct line *l, struct span path)
{
	if (path.n)
		act_of(l, ACT_EXECUTE)->path = path;
}

/* What a command in $(…) printed is run: its text stands in the word. */
static bool is_captured(struct span text)
{
	return find(text, "{$(") != SIZE_MAX;
}

static void read_run_file(struct line *l)
{
	execute(l, operand(l, 0));
}

static void read_tee(struct line *l)
{
	if (!operand_at(l, 0) || !l->c->piped)
		return;
	struct act *a = act_of(l, ACT_COPY);
	a->path = STREAM;
	a->target = operand(l, 0);
}

/* Of a script in a file, or one that comes by the pipe. */
static void read_interpreter(struct line *l)
{
	struct span script = operand(l, 0);
	bool in_words = option(l, 'c', NULL).n || option(l, 'e', NULL).n || option(l, 'r', NULL).n;
	if (in_words)
		return;
	execute(l, script.n && !span_is(script, "-") ? script : l->c->piped ? STREAM : (struct span){ 0 });
}

/* A package runs scripts of its own as it is put in. One that is named by its address is fetched first. */
static void read_package(struct line *l)
{
	const char *verb = tool_at(l)->word;
	if (*verb && !has_word(l, verb))
		return;
	for (unsigned k = *verb && *verb != '-'; operand_at(l, k) && k < 8; k++) {
		struct span what = operand(l, k);
		size_t self = l->out->n;
		if (find(what, "://") != SIZE_MAX) {
			struct act *a = act_of(l, ACT_FETCH);
			if (!url(l, a, what, "http"))
				l->out->v[self].kind = ACT_OTHER;
			l->out->v[self].target = what;
		} else if (what.n && !memchr(what.p, '/', what.n) && !memchr(what.p, '.', what.n)) {
			continue;                /* by name, from the feeds: signed lists */
		}
		execute(l, what);
	}
}

static void read_flash(struct line *l)
{
	struct span image = operand(l, 0);
	if (span_is(path_base(l->w[0].text), "mtd")) {
		if (!span_is(image, "write"))
			return;
		image = operand(l, 1);
	} else if (span_is(path_base(l->w[0].text), "nandwrite")) {
		image = operand(l, 1).n ? operand(l, 1) : image;
	}
	execute(l, image);
}

static void read_dd(struct line *l)
{
	struct span from = { 0 }, to = { 0 };
	for (unsigned i = 1; i < l->n; i++) {
		if (span_starts(l->w[i].text, SPAN_LIT("if=")))
			from = span_from(l->w[i].text, 3);
		if (span_starts(l->w[i].text, SPAN_LIT("of=")))
			to = span_from(l->w[i].text, 3);
	}
	if (span_starts(to, SPAN_LIT("/dev/mtd")) || span_starts(to, SPAN_LIT("/dev/mmcblk"))) {
		execute(l, from);
		return;
	}
	struct act *a = act_of(l, ACT_COPY);
	a->path = from;
	a->target = to;
}

/* ---- fetching and sending ---- */

/* Where a transfer program writes: a file, or what reads its output. */
static struct span fetched_to(const struct line *l, const struct act *a, bool curl)
{
	struct span out = curl ? option(l, 'o', "output") : option(l, 'O', "output-document");
	struct span into = curl ? option(l, 0, "output-dir") : option(l, 'P', "directory-prefix");
	if (span_is(out, "/dev/stdout"))
		out = STREAM;
	if (out.n && !span_is(out, "-"))
		return out;
	if (redirected(l).n && (out.n || curl))
		return redirected(l);
	if (out.n || (curl && !has_letter(l, 'O') && !has_word(l, "--remote-name")))
		return STREAM;
	return into.n ? into : path_base(a->path);
}

static void read_wget(struct line *l)
{
	bool curl = span_is(path_base(l->w[0].text), "curl");
	bool sends = curl ? has_letter(l, 'T') || has_letter(l, 'd') || has_letter(l, 'F') || option(l, 0, "data").n ||
			    option(l, 0, "upload-file").n
			  : option(l, 0, "post-file").n || option(l, 0, "post-data").n || option(l, 0, "body-file").n;
	for (unsigned k = 0; operand_at(l, k) && k < 8; k++) {
		size_t self = l->out->n;
		struct act *a = act_of(l, sends ? ACT_SEND : ACT_FETCH);
		if (!url(l, a, operand(l, k), "http")) {
			l->out->v[self].kind = ACT_OTHER;
			continue;
		}
		a = &l->out->v[self];
		a->target = fetched_to(l, a, curl);
		if (sends)
			a->path = a->target = (struct span){ 0 };
	}
	if (curl)
		user_colon_secret(l, option(l, 'u', "user"), ':');
	else
		credential(l, option(l, 0, "user"), option(l, 0, "password").n ? option(l, 0, "password") :
			   option(l, 0, "http-password").n ? option(l, 0, "http-password") : option(l, 0, "ftp-password"));
}

static void read_tftp(struct line *l)
{
	bool sends = has_letter(l, 'p');
	struct act *a = act_of(l, sends ? ACT_SEND : ACT_FETCH);
	a->protocol = "tftp";
	a->transport = "udp";
	a->path = sends ? (struct span){ 0 } : option(l, 'r', NULL);
	a->target = option(l, 'l', NULL).n ? option(l, 'l', NULL) : path_base(a->path);
	if (span_is(a->target, "/dev/stdout"))
		a->target = redirected(l).n ? redirected(l) : STREAM;
	if (!destination(l, a, operand(l, 0)))
		a->kind = ACT_OTHER;
	if (!to_port(operand(l, 1), &a->port))
		a->port = 69;
}

static void read_ftpget(struct line *l)
{
	bool sends = span_is(path_base(l->w[0].text), "ftpput");
	struct act *a = act_of(l, sends ? ACT_SEND : ACT_FETCH);
	a->protocol = "ftp";
	a->transport = "tcp";
	if (!destination(l, a, operand(l, 0)))
		a->kind = ACT_OTHER;
	if (!a->port)
		a->port = 21;
	if (!sends) {
		a->target = span_is(operand(l, 1), "-") && redirected(l).n ? redirected(l) : operand(l, 1);
		a->path = operand(l, 2).n ? operand(l, 2) : a->target;
	}
	(void)to_port(option(l, 'P', "port"), &a->port);
	credential(l, option(l, 'u', NULL), option(l, 'p', NULL));
}

static struct span next_word(struct rd *r)
{
	while (rd_left(r) && (rd_peek(r) == ' ' || rd_peek(r) == '\t'))
		rd_skip(r, 1);
	struct rd ahead = *r;
	size_t n = 0;
	while (rd_left(&ahead) && !strchr(" \t\r\n", rd_peek(&ahead))) {
		rd_skip(&ahead, 1);
		n++;
	}
	return rd_span(r, n);
}

/* ftp(1) fed by a here-document: user NAME SECRET, get, put. */
static void ftp_script(struct line *l, struct span text, size_t self)
{
	struct rd r = rd_of(text);
	struct span line;
	while (rd_left(&r)) {
		if (!rd_until(&r, '\n', &line))
			line = rd_rest(&r);
		struct rd in = rd_of(line);
		struct span verb = next_word(&in), one = next_word(&in), two = next_word(&in);
		if (span_is(verb, "user"))
			credential(l, one, two);
		if (span_is(verb, "get") || span_is(verb, "mget")) {
			l->out->v[self].kind = ACT_FETCH;
			l->out->v[self].path = one;
			l->out->v[self].target = two.n ? two : one;
		}
		if (span_is(verb, "put") || span_is(verb, "mput"))
			l->out->v[self].kind = ACT_SEND;
	}
}

static void read_ftp(struct line *l)
{
	size_t self = l->out->n;
	struct act *a = act_of(l, ACT_CONNECT);
	a->protocol = "ftp";
	a->transport = "tcp";
	if (!destination(l, a, operand(l, 0)))
		a->kind = ACT_OTHER;
	if (!a->port && !to_port(operand(l, 1), &a->port))
		a->port = 21;
	for (unsigned i = 0; i < l->c->nredirects; i++)
		if (l->c->redirects[i].kind == SHELL_HERE && l->out->v[self].kind != ACT_OTHER)
			ftp_script(l, l->c->redirects[i].to, self);
}

/* scp, sftp, rsync: [user@]host:path as source or as target. */
static void read_scp(struct line *l)
{
	bool rsync = span_is(path_base(l->w[0].text), "rsync");
	for (unsigned k = 0; operand_at(l, k) && k < 8; k++) {
		struct span w = operand(l, k);
		const uint8_t *colon = w.n && w.p[0] != '/' && w.p[0] != '.' ? memchr(w.p, ':', w.n) : NULL;
		if (!colon)
			continue;
		struct act *a = act_of(l, k == 0 ? ACT_FETCH : ACT_SEND);
		a->protocol = rsync ? "rsync" : "ssh";
		a->transport = "tcp";
		if (span_starts(w, SPAN_LIT("rsync://"))) {
			(void)url(l, a, w, "rsync");
		} else {
			(void)destination(l, a, span_cut(w, (size_t)(colon - w.p)));
			a->path = span_from(w, (size_t)(colon - w.p) + 1);
			a->port = rsync ? 873 : 22;
		}
		a = &l->out->v[l->out->n - 1];
		a->target = k == 0 ? operand_last(l) : (struct span){ 0 };
		return;
	}
	if (rsync)
		read_copy(l);
}

static bool is_a_shell(struct span path)
{
	static const char *const shells[] = { "sh", "ash", "bash", "dash", "cmd", "login" };
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (span_is(path_base(path), shells[i]))
			return true;
	return false;
}

static void read_nc(struct line *l)
{
	struct span program = option(l, 'e', "exec").n ? option(l, 'e', "exec") : option(l, 'c', "sh-exec");
	bool listens = has_letter(l, 'l');
	struct span port = listens ? (option(l, 'p', NULL).n ? option(l, 'p', NULL) : operand(l, 0)) : operand(l, 1);
	struct act *a = act_of(l, program.n ? ACT_SERVICE : listens ? ACT_BIND : ACT_CONNECT);
	a->transport = has_letter(l, 'u') ? "udp" : "tcp";
	a->login = program;
	a->reverse = program.n && !listens;
	(void)to_port(port, &a->port);
	if (!listens) {
		struct span to = redirected(l);
		if (!destination(l, a, operand(l, 0)))
			a->kind = ACT_OTHER;
		else if (a->kind == ACT_CONNECT && (to.n || l->c->streams)) {
			a->kind = ACT_FETCH;
			a->target = to.n ? to : STREAM;
		}
	}
}

static void read_telnet(struct line *l)
{
	struct act *a = act_of(l, ACT_CONNECT);
	a->transport = "tcp";
	a->protocol = "telnet";
	if (!destination(l, a, operand(l, 0)))
		a->kind = ACT_OTHER;
	if (!a->port && !to_port(operand(l, 1), &a->port))
		a->port = 23;
}

static void read_ssh(struct line *l)
{
	struct act *a = act_of(l, ACT_CONNECT);
	a->transport = "tcp";
	a->protocol = "ssh";
	a->port = 22;
	if (!destination(l, a, operand(l, 0)))
		a->kind = ACT_OTHER;
	(void)to_port(option(l, 'p', NULL), &a->port);
}

static void read_socat(struct line *l)
{
	struct act *a = NULL;
	bool shell = false;
	for (unsigned i = 1; i < l->n; i++) {
		struct span w = l->w[i].text;
		const uint8_t *colon = w.n ? memchr(w.p, ':', w.n) : NULL;
		struct span kind = colon ? span_cut(w, (size_t)(colon - w.p)) : w,
			    rest = colon ? span_from(w, kind.n + 1) : span_cut(w, 0);
		const uint8_t *comma = rest.n ? memchr(rest.p, ',', rest.n) : NULL;
		struct span first = comma ? span_cut(rest, (size_t)(comma - rest.p)) : rest;
		bool listens = find(kind, "LISTEN") != SIZE_MAX || find(kind, "-L") == 0;
		if (find(kind, "EXEC") != SIZE_MAX || find(kind, "SYSTEM") != SIZE_MAX) {
			shell |= is_a_shell(first);
			continue;
		}
		if (a || (find(kind, "TCP") == SIZE_MAX && find(kind, "UDP") == SIZE_MAX))
			continue;
		a = act_of(l, listens ? ACT_BIND : ACT_CONNECT);
		a->transport = find(kind, "UDP") != SIZE_MAX ? "udp" : "tcp";
		if (listens)
			(void)to_port(first, &a->port);
		else if (!destination(l, a, first))
			a->kind = ACT_OTHER;
	}
	if (a && shell) {
		a->reverse = a->kind == ACT_CONNECT;
		a->kind = ACT_SERVICE;
		a->login = SPAN_LIT("/bin/sh");
	}
}

/* BusyBox: syslogd -R HOST[:PORT] sends what is logged on. */
static void read_syslogd(struct line *l)
{
	struct span to = option(l, 'R', NULL);
	if (!to.n)
		return;
	struct act *a = act_of(l, ACT_SEND);
	a->transport = "udp";
	a->protocol = "syslog";
	if (!destination(l, a, to))
		a->kind = ACT_OTHER;
	if (!a->port)
		a->port = 514;
}

static void read_mqtt(struct line *l)
{
	struct act *a = act_of(l, ACT_CONNECT);
	a->transport = "tcp";
	a->protocol = "mqtt";
	a->port = 1883;
	if (!destination(l, a, option(l, 'h', "host")))
		a->kind = ACT_OTHER;
	(void)to_port(option(l, 'p', "port"), &a->port);
	credential(l, option(l, 'u', "username"), option(l, 'P', "pw"));
}

/* ---- services, logins, checks ---- */

static void read_service(struct line *l)
{
	static const struct {
		const char *protocol;
		uint16_t port;
		const char *letters;
	} known[] = { { "telnet", 23, "p" }, { "ssh", 22, "p" }, { "ftp", 21, "" }, { "tftp", 69, "p" }, { "adb", 5555, "" },
		      { "rlogin", 513, "" }, { "vnc", 5900, "" }, { "gdb", 0, "" }, { "inetd", 0, "" } };
	const char *protocol = tool_at(l)->word;
	struct act *a = act_of(l, ACT_SERVICE);
	a->protocol = protocol;
	a->transport = strcmp(protocol, "tftp") == 0 ? "udp" : "tcp";
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].protocol, protocol) == 0)
			a->port = known[i].port;
	struct span port = option(l, 'p', NULL);
	const uint8_t *colon = port.n ? memchr(port.p, ':', port.n) : NULL;
	if (strcmp(protocol, "telnet") == 0 || strcmp(protocol, "ssh") == 0 || strcmp(protocol, "tftp") == 0)
		(void)to_port(colon ? span_from(port, (size_t)(colon - port.p) + 1) : port, &a->port);
	if (strcmp(protocol, "telnet") == 0)
		a->login = option(l, 'l', NULL);
}

static void read_check(struct line *l)
{
	const char *need = tool_at(l)->word;
	if (*need && !has_word(l, need)) {
		bool sum = need[0] == '-' && need[1] == 'c';
		/* [ "$(sha256sum FILE)" = … ]: the sum is looked at by whoever asked for it. */
		if (!sum && !has_word(l, "verify"))
			return;
	}
	act_of(l, ACT_CHECK);
}

static void read_openssl(struct line *l)
{
	for (unsigned i = 1; i < l->n; i++)
		if (find(l->w[i].text, "verify") != SIZE_MAX || find(l->w[i].text, "sha") != SIZE_MAX) {
			act_of(l, ACT_CHECK);
			return;
		}
}

static void read_config(struct line *l)
{
	if (has_word(l, "get") || span_is(path_base(l->w[0].text), "fw_printenv") ||
	    span_is(path_base(l->w[0].text), "getcfg"))
		act_of(l, ACT_CONFIG)->path = operand(l, 1).n ? operand(l, 1) : operand(l, 0);
}

static void read_sshpass(struct line *l)
{
	credential(l, (struct span){ 0 }, option(l, 'p', NULL));
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

/* echo "user:secret" | chpasswd */
static void read_echo(struct line *l)
{
	struct span to = redirected(l);
	if (to.n) {
		struct act *a = act_of(l, ACT_WRITE);
		a->path = to;
		a->source = source_in(l->text);
		return;
	}
	act_of(l, ACT_OTHER)->secret = operand(l, 0);
}

static void read_chpasswd(struct line *l)
{
	struct span pair = { 0 };
	for (unsigned i = 0; i < l->c->nredirects; i++)
		if (l->c->redirects[i].kind == SHELL_HERE)
			pair = l->c->redirects[i].to;
	if (!pair.n && l->c->piped && l->first && span_is(l->out->v[l->first - 1].name, "echo"))
		pair = l->out->v[l->first - 1].secret;
	while (pair.n && (pair.p[pair.n - 1] == '\n' || pair.p[pair.n - 1] == ' '))
		pair.n--;
	user_colon_secret(l, pair, ':');
}

static void read_useradd(struct line *l)
{
	credential(l, operand_last(l), option(l, 'p', "password"));
}

static void read_smbclient(struct line *l)
{
	user_colon_secret(l, option(l, 'U', "user"), '%');
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

static void read_wrapper(struct line *l)
{
	unsigned from = operand_at(l, 0);
	if (from && strcmp(tool_at(l)->word, "1") == 0)          /* timeout 5 CMD, chroot DIR CMD */
		from++;
	while (from && from < l->n && memchr(l->w[from].text.p, '=', l->w[from].text.n) && l->w[from].text.p[0] != '/')
		from++;                          /* env A=b CMD */
	if (from)
		again(l, from);
}

static void read_start_stop(struct line *l)
{
	struct span program = option(l, 'x', "exec");
	if (!program.n)
		program = option(l, 'a', "startas");
	if (has_letter(l, 'K') || has_word(l, "--stop") || !program.n)
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

/* A page of a web server reads part of the request as a command: what stands in a variable is read once more. */
static void of_request(struct line *l, struct span text)
{
	static const char *const variables[] = {
		"QUERY_STRING", "PATH_INFO", "REQUEST_URI", "HTTP_COOKIE", "HTTP_USER_AGENT",
	};
	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		size_t at = find(text, variables[i]), open = find(text, "{");
		if (at == SIZE_MAX || open == SIZE_MAX || open > at)
			continue;
		struct act *a = act_of(l, ACT_OTHER);
		a->is_shell = true;
		a->source = span_str(arena_printf(l->out->arena, "getenv:%s", variables[i]));
		return;
	}
}

/* … | sh: a text that is known is read, anything else is run as it comes. */
static void run_stream(struct line *l)
{
	const struct act *before = l->first ? &l->out->v[l->first - 1] : NULL;
	bool echo = before && (span_is(before->name, "echo") || span_is(before->name, "printf"));
	if (echo && text_is_known(before->secret))
		nested(l, before->secret);
	else if (echo && is_captured(before->secret))
		execute(l, before->secret);
	else
		execute(l, STREAM);
}

static void read_shell(struct line *l)
{
	for (unsigned i = 1; i + 1 < l->n; i++)
		if (is_option(l->w[i].text) && memchr(l->w[i].text.p, 'c', l->w[i].text.n)) {
			of_request(l, l->w[i + 1].text);
			if (is_captured(l->w[i + 1].text))
				execute(l, l->w[i + 1].text);
			else
				nested(l, l->w[i + 1].text);
			return;
		}
	for (unsigned i = 0; i < l->c->nredirects; i++)
		if (l->c->redirects[i].kind == SHELL_HERE) {
			nested(l, l->c->redirects[i].to);
			return;
		}
	bool stream = has_letter(l, 's') || !operand_at(l, 0) || span_is(operand(l, 0), "-") ||
		      span_is(operand(l, 0), "/dev/stdin");
	for (unsigned i = 0; i < l->c->nredirects && stream; i++)
		if (l->c->redirects[i].kind == SHELL_READ)
			execute(l, l->c->redirects[i].to);
	if (stream && l->c->piped)
		run_stream(l);
	else if (!stream)
		execute(l, operand(l, 0));
}

static void read_su(struct line *l)
{
	struct span text = option(l, 'c', "command");
	if (text.n)
		nested(l, text);
}

static void read_eval(struct line *l)
{
	struct buf b = { .cap = 1 << 16 };
	for (unsigned i = 1; i < l->n; i++) {
		buf_bytes(&b, l->w[i].text);
		buf_u8(&b, ' ');
	}
	struct span text = arena_copy(l->out->arena, buf_span(&b));
	buf_done(&b);
	of_request(l, text);
	if (is_captured(text))
		execute(l, text);
	else
		nested(l, text);
}

static const struct tool tools[] = {
	{ "ifconfig", read_ifconfig, "", "" },
	{ "ifup", read_ifup, "", "" },
	{ "ip", read_ip, "f", "" },
	{ "route", read_route, "A", "" },
	{ "mount", read_mount, "toLUO", "" },
	{ "mount.nfs", read_mount, "o", "" },
	{ "mount.cifs", read_mount, "o", "" },
	{ "umount", read_umount, "tO", "" },
	{ "cp", read_copy, "tS", "" },
	{ "mv", read_copy, "tS", "" },
	{ "install", read_copy, "mogt", "" },
	{ "tar", read_tar, "fCTX", "" },
	{ "unzip", read_unzip, "dx", "" },
	{ "chmod", read_chmod, "", "" },
	{ "tee", read_tee, "", "" },
	{ "python", read_interpreter, "cm", "" },
	{ "python2", read_interpreter, "cm", "" },
	{ "python3", read_interpreter, "cm", "" },
	{ "perl", read_interpreter, "eI", "" },
	{ "lua", read_interpreter, "el", "" },
	{ "php", read_interpreter, "rdc", "" },
	{ "opkg", read_package, "dfo", "install" },
	{ "ipkg", read_package, "dfo", "install" },
	{ "apk", read_package, "pX", "add" },
	{ "dpkg", read_package, "", "-i" },
	{ "rpm", read_package, "", "" },
	{ "modprobe", read_run_file, "dCS", "" },
	{ "dd", read_dd, "", "" },
	{ "insmod", read_run_file, "", "" },
	{ "source", read_run_file, "", "" },
	{ ".", read_run_file, "", "" },
	{ "mtd", read_flash, "jspdr", "" },
	{ "mtd_write", read_flash, "", "" },
	{ "flashcp", read_flash, "", "" },
	{ "nandwrite", read_flash, "s", "" },
	{ "sysupgrade", read_flash, "f", "" },
	{ "ubiupdatevol", read_flash, "s", "" },
	{ "wget", read_wget, "OPTUoietw", "" },
	{ "curl", read_wget, "oudFTHAXmbeEKrw", "" },
	{ "tftp", read_tftp, "lrb", "" },
	{ "ftpget", read_ftpget, "upP", "" },
	{ "ftpput", read_ftpget, "upP", "" },
	{ "ftp", read_ftp, "P", "" },
	{ "scp", read_scp, "PiloFS", "" },
	{ "sftp", read_scp, "PiobF", "" },
	{ "rsync", read_scp, "eT", "" },
	{ "nc", read_nc, "pewisqc", "" },
	{ "ncat", read_nc, "pewisc", "" },
	{ "netcat", read_nc, "pewisqc", "" },
	{ "telnet", read_telnet, "lb", "" },
	{ "ssh", read_ssh, "pilLRDoFb", "" },
	{ "dbclient", read_ssh, "pilLR", "" },
	{ "socat", read_socat, "", "" },
	{ "syslogd", read_syslogd, "OlsbRfD", "" },
	{ "mosquitto_pub", read_mqtt, "hptmuPfiq", "" },
	{ "mosquitto_sub", read_mqtt, "hptuPiq", "" },
	{ "telnetd", read_service, "plbf", "telnet" },
	{ "utelnetd", read_service, "pl", "telnet" },
	{ "in.telnetd", read_service, "pl", "telnet" },
	{ "dropbear", read_service, "pbrdPIKW", "ssh" },
	{ "dropbearmulti", read_service, "pbrd", "ssh" },
	{ "sshd", read_service, "pfho", "ssh" },
	{ "ftpd", read_service, "", "ftp" },
	{ "vsftpd", read_service, "", "ftp" },
	{ "pure-ftpd", read_service, "", "ftp" },
	{ "proftpd", read_service, "", "ftp" },
	{ "bftpd", read_service, "", "ftp" },
	{ "tftpd", read_service, "ps", "tftp" },
	{ "in.tftpd", read_service, "s", "tftp" },
	{ "adbd", read_service, "", "adb" },
	{ "rlogind", read_service, "", "rlogin" },
	{ "in.rlogind", read_service, "", "rlogin" },
	{ "x11vnc", read_service, "", "vnc" },
	{ "Xvnc", read_service, "", "vnc" },
	{ "gdbserver", read_service, "", "gdb" },
	{ "inetd", read_service, "", "inetd" },
	{ "xinetd", read_service, "", "inetd" },
	{ "sha256sum", read_check, "", "-c" },
	{ "sha512sum", read_check, "", "-c" },
	{ "sha1sum", read_check, "", "-c" },
	{ "md5sum", read_check, "", "-c" },
	{ "gpg", read_check, "", "--verify" },
	{ "gpgv", read_check, "", "" },
	{ "usign", read_check, "", "-V" },
	{ "signify", read_check, "", "-V" },
	{ "minisign", read_check, "", "-V" },
	{ "openssl", read_openssl, "", "" },
	{ "rauc", read_check, "", "" },
	{ "nvram", read_config, "", "" },
	{ "nvram_get", read_config, "", "" },
	{ "uci", read_config, "", "" },
	{ "fw_printenv", read_config, "", "" },
	{ "getcfg", read_config, "", "" },
	{ "sshpass", read_sshpass, "pfe", "" },
	{ "echo", read_echo, "", "" },
	{ "printf", read_echo, "", "" },
	{ "chpasswd", read_chpasswd, "c", "" },
	{ "useradd", read_useradd, "pgGsdu", "" },
	{ "smbclient", read_smbclient, "Uc", "" },
	{ "busybox", read_wrapper, "", "" },
	{ "exec", read_wrapper, "a", "" },
	{ "nohup", read_wrapper, "", "" },
	{ "setsid", read_wrapper, "", "" },
	{ "nice", read_wrapper, "n", "" },
	{ "ionice", read_wrapper, "cn", "" },
	{ "env", read_wrapper, "u", "" },
	{ "sudo", read_wrapper, "u", "" },
	{ "command", read_wrapper, "", "" },
	{ "timeout", read_wrapper, "st", "1" },
	{ "chroot", read_wrapper, "", "1" },
	{ "chrt", read_wrapper, "", "1" },
	{ "start-stop-daemon", read_start_stop, "xapnuc", "" },
	{ "sh", read_shell, "", "" },
	{ "ash", read_shell, "", "" },
	{ "bash", read_shell, "", "" },
	{ "dash", read_shell, "", "" },
	{ "su", read_su, "cs", "" },
	{ "eval", read_eval, "", "" },
};

static const struct tool *tool_of(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(tools); i++)
		if (span_is(name, tools[i].name))
			return &tools[i];
	return NULL;
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
	bool shell = is_a_shell(path_base(l->w[0].text));
	struct act *a = act_of(l, shell ? ACT_SERVICE : ACT_CONNECT);
	a->transport = udp ? "udp" : "tcp";
	a->reverse = shell;
	a->login = shell ? l->w[0].text : (struct span){ 0 };
	(void)destination(l, a, span_cut(rest, (size_t)(slash - rest.p)));
	(void)to_port(span_from(rest, (size_t)(slash - rest.p) + 1), &a->port);
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
	static const char *const signs[] = { " < ", " > ", " >> ", " << ", " >&" };
	struct buf b = { .cap = 4096 };
	buf_bytes(&b, c->text);
	for (unsigned i = 0; i < c->nredirects; i++) {
		buf_text(&b, signs[c->redirects[i].kind]);
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
			  .text = text_with_redirects(out, c) };
	struct span base = path_base(l.w[0].text);
	const struct tool *t = tool_of(base);
	for (unsigned i = 0; i < c->nredirects; i++)
		device_net(&l, c->redirects[i].to);
	if (t && out->n == l.first)
		t->read(&l);
	else if (!t && (is_captured(l.w[0].text) || memchr(l.w[0].text.p, '/', l.w[0].text.n)))
		execute(&l, l.w[0].text);
	if (out->n == l.first)
		act_of(&l, ACT_OTHER);
	if (!t && redirected(&l).n) {
		struct act *a = act_of(&l, ACT_WRITE);
		a->path = redirected(&l);
		a->source = source_in(l.text);
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
