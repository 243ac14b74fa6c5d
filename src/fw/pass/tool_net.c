/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that fetch, send and connect. */
#include "base/ascii.h"
#include "fw/pass/tool.h"

/* Where a transfer program writes: a file, or what reads its output. */
static struct span fetched_to(const struct line *l, const struct act *a, bool curl)
{
	struct span out = curl ? line_option(l, 'o', "output") : line_option(l, 'O', "output-document");
	struct span into = curl ? line_option(l, 0, "output-dir") : line_option(l, 'P', "directory-prefix");
	if (span_is(out, "/dev/stdout"))
		out = STREAM;
	if (out.n && !span_is(out, "-"))
		return out;
	if (line_redirected(l).n && (out.n || curl))
		return line_redirected(l);
	if (out.n || (curl && !line_has(l, "O") && !line_has_word(l, "--remote-name")))
		return STREAM;
	return into.n ? into : path_base(a->path);
}

void tool_wget(struct line *l)
{
	bool curl = span_is(path_base(l->w[0].text), "curl");
	bool sends = curl ? line_has(l, "TdF") || line_option(l, 0, "data").n ||
			    line_option(l, 0, "upload-file").n
			  : line_option(l, 0, "post-file").n || line_option(l, 0, "post-data").n || line_option(l, 0, "body-file").n;
	for (unsigned k = 0; line_operand_at(l, k) && k < 8; k++) {
		size_t self = l->out->n;
		struct act *a = line_act(l, sends ? ACT_SEND : ACT_FETCH);
		if (!line_url(l, a, line_operand(l, k), "http")) {
			l->out->v[self].kind = ACT_OTHER;
			continue;
		}
		a = &l->out->v[self];
		a->target = fetched_to(l, a, curl);
		a->unproven = curl ? line_has(l, "k") || line_has_word(l, "--insecure") : line_has_word(l, "--no-check-certificate");
		if (sends)
			a->path = a->target = (struct span){ 0 };
	}
	if (curl)
		line_account(l, line_option(l, 'u', "user"), ':');
	else
		line_credential(l, line_option(l, 0, "user"), line_option(l, 0, "password").n ? line_option(l, 0, "password") :
			   line_option(l, 0, "http-password").n ? line_option(l, 0, "http-password") : line_option(l, 0, "ftp-password"));
}

void tool_tftp(struct line *l)
{
	bool sends = line_has(l, "p");
	struct act *a = line_act_to(l, sends ? ACT_SEND : ACT_FETCH, "udp", "tftp", line_operand(l, 0));
	a->path = !sends ? line_option(l, 'r', NULL) : (struct span){ 0 };
	a->target = line_option(l, 'l', NULL).n ? line_option(l, 'l', NULL) : path_base(a->path);
	if (span_is(a->target, "/dev/stdout"))
		a->target = line_redirected(l).n ? line_redirected(l) : STREAM;
	if (!text_port(line_operand(l, 1), &a->port))
		a->port = 69;
}

void tool_ftpget(struct line *l)
{
	bool sends = span_is(path_base(l->w[0].text), "ftpput");
	struct act *a = line_act_to(l, sends ? ACT_SEND : ACT_FETCH, "tcp", "ftp", line_operand(l, 0));
	if (!a->port)
		a->port = 21;
	if (!sends) {
		a->target = span_is(line_operand(l, 1), "-") && line_redirected(l).n ? line_redirected(l) : line_operand(l, 1);
		a->path = line_operand(l, 2).n ? line_operand(l, 2) : a->target;
	}
	(void)text_port(line_option(l, 'P', "port"), &a->port);
	line_credential(l, line_option(l, 'u', NULL), line_option(l, 'p', NULL));
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
		struct span verb = rd_word(&in, " \t\r"), one = rd_word(&in, " \t\r"), two = rd_word(&in, " \t\r");
		if (span_is(verb, "user"))
			line_credential(l, one, two);
		if (span_is(verb, "get") || span_is(verb, "mget")) {
			l->out->v[self].kind = ACT_FETCH;
			l->out->v[self].path = one;
			l->out->v[self].target = two.n ? two : one;
		}
		if (span_is(verb, "put") || span_is(verb, "mput"))
			l->out->v[self].kind = ACT_SEND;
	}
}

void tool_ftp(struct line *l)
{
	size_t self = l->out->n;
	struct act *a = line_act_to(l, ACT_CONNECT, "tcp", "ftp", line_operand(l, 0));
	if (!a->port && !text_port(line_operand(l, 1), &a->port))
		a->port = 21;
	for (unsigned i = 0; i < l->c->nredirects; i++)
		if (l->c->redirects[i].kind == SHELL_HERE && l->out->v[self].kind != ACT_OTHER)
			ftp_script(l, l->c->redirects[i].to, self);
}

/* scp, sftp, rsync: [user@]host:path as source or as target. */
void tool_scp(struct line *l)
{
	bool rsync = span_is(path_base(l->w[0].text), "rsync");
	for (unsigned k = 0; line_operand_at(l, k) && k < 8; k++) {
		struct span w = line_operand(l, k);
		const uint8_t *colon = w.n && w.p[0] != '/' && w.p[0] != '.' ? memchr(w.p, ':', w.n) : NULL;
		if (!colon)
			continue;
		struct act *a = line_act(l, k == 0 ? ACT_FETCH : ACT_SEND);
		a->protocol = rsync ? "rsync" : "ssh";
		a->transport = "tcp";
		if (span_starts(w, SPAN_LIT("rsync://"))) {
			(void)line_url(l, a, w, "rsync");
		} else {
			(void)line_destination(l, a, span_cut(w, (size_t)(colon - w.p)));
			a->path = span_from(w, (size_t)(colon - w.p) + 1);
			a->port = rsync ? 873 : 22;
		}
		a = &l->out->v[l->out->n - 1];
		a->target = k == 0 ? line_operand_last(l) : (struct span){ 0 };
		return;
	}
	if (rsync)
		tool_copy(l);
}

void tool_nc(struct line *l)
{
	struct span program = line_option(l, 'e', "exec").n ? line_option(l, 'e', "exec") : line_option(l, 'c', "sh-exec");
	bool listens = line_has(l, "l");
	struct span given = line_option(l, 'p', NULL);
	struct span port = listens ? (given.n ? given : line_operand(l, 0)) : line_operand(l, 1);
	struct act *a = line_act(l, program.n ? ACT_SERVICE : listens ? ACT_BIND : ACT_CONNECT);
	a->transport = line_has(l, "u") ? "udp" : "tcp";
	a->login = program;
	a->reverse = program.n && !listens;
	(void)text_port(port, &a->port);
	if (!listens) {
		struct span to = line_redirected(l);
		if (!line_destination(l, a, line_operand(l, 0)))
			a->kind = ACT_OTHER;
		else if (a->kind == ACT_CONNECT && (to.n || l->c->streams)) {
			a->kind = ACT_FETCH;
			a->target = to.n ? to : STREAM;
		}
	}
}

void tool_telnet(struct line *l)
{
	struct act *a = line_act_to(l, ACT_CONNECT, "tcp", "telnet", line_operand(l, 0));
	if (!a->port && !text_port(line_operand(l, 1), &a->port))
		a->port = 23;
}

void tool_ssh(struct line *l)
{
	struct act *a = line_act_to(l, ACT_CONNECT, "tcp", "ssh", line_operand(l, 0));
	if (!a->port)
		a->port = 22;
	(void)text_port(line_option(l, 'p', NULL), &a->port);
	/* ssh -R PORT:HOST:PORT: who stands at the other end comes in by it. */
	if (a->kind == ACT_CONNECT && line_option(l, 'R', NULL).n) {
		a->kind = ACT_SERVICE;
		a->reverse = true;
	}
}

/* openvpn --remote HOST [PORT] */
void tool_openvpn(struct line *l)
{
	for (unsigned i = 1; i + 1 < l->n; i++) {
		if (!span_is(l->w[i].text, "--remote"))
			continue;
		struct act *a = line_act_to(l, ACT_CONNECT, "udp", "openvpn", l->w[i + 1].text);
		a->port = 1194;
		if (i + 2 < l->n)
			(void)text_port(l->w[i + 2].text, &a->port);
	}
}

/* OpenWrt: logread -f -r HOST PORT */
void tool_logread(struct line *l)
{
	struct span to = line_option(l, 'r', NULL);
	if (!to.n)
		return;
	struct act *a = line_act_to(l, ACT_SEND, "udp", "syslog", to);
	if (!text_port(line_operand(l, 0), &a->port))
		a->port = 514;
}

void tool_socat(struct line *l)
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
		bool listens = text_find(kind, "LISTEN") != SIZE_MAX || text_find(kind, "-L") == 0;
		if (text_find(kind, "EXEC") != SIZE_MAX || text_find(kind, "SYSTEM") != SIZE_MAX) {
			shell |= path_is_shell(first);
			continue;
		}
		if (a || (text_find(kind, "TCP") == SIZE_MAX && text_find(kind, "UDP") == SIZE_MAX))
			continue;
		a = line_act(l, listens ? ACT_BIND : ACT_CONNECT);
		a->transport = text_find(kind, "UDP") != SIZE_MAX ? "udp" : "tcp";
		if (listens)
			(void)text_port(first, &a->port);
		else if (!line_destination(l, a, first))
			a->kind = ACT_OTHER;
	}
	if (a && shell) {
		a->reverse = a->kind == ACT_CONNECT;
		a->kind = ACT_SERVICE;
		a->login = SPAN_LIT("/bin/sh");
	}
}

/* BusyBox: syslogd -R HOST[:PORT] sends what is logged on. */
void tool_syslogd(struct line *l)
{
	struct span to = line_option(l, 'R', NULL);
	if (!to.n)
		return;
	struct act *a = line_act_to(l, ACT_SEND, "udp", "syslog", to);
	if (!a->port)
		a->port = 514;
}

void tool_mqtt(struct line *l)
{
	struct act *a = line_act_to(l, ACT_CONNECT, "tcp", "mqtt", line_option(l, 'h', "host"));
	if (!a->port)
		a->port = 1883;
	(void)text_port(line_option(l, 'p', "port"), &a->port);
	line_credential(l, line_option(l, 'u', "username"), line_option(l, 'P', "pw"));
}
