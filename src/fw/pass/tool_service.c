/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services, accounts, checks of what was fetched, settings. */
#include "base/ascii.h"
#include "fw/pass/settings_secret.h"
#include "fw/pass/tool.h"

void tool_service(struct line *l)
{
	static const struct {
		const char *protocol;
		uint16_t port;
		const char *letters;
	} known[] = { { "telnet", 23, "p" }, { "ssh", 22, "p" }, { "ftp", 21, "" }, { "tftp", 69, "p" }, { "adb", 0, "" },
		      { "rlogin", 513, "" }, { "vnc", 5900, "" }, { "gdb", 0, "" }, { "inetd", 0, "" } };
	const char *protocol = l->tool->word;
	struct act *a = line_act(l, ACT_SERVICE);
	a->protocol = protocol;
	a->transport = strcmp(protocol, "tftp") == 0 ? "udp" : "tcp";
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].protocol, protocol) == 0)
			a->port = known[i].port;
	struct span port = line_option(l, 'p', NULL);
	const uint8_t *colon = port.n ? memchr(port.p, ':', port.n) : NULL;
	if (strcmp(protocol, "telnet") == 0 || strcmp(protocol, "ssh") == 0 || strcmp(protocol, "tftp") == 0)
		(void)text_port(colon ? span_from(port, (size_t)(colon - port.p) + 1) : port, &a->port);
	if (strcmp(protocol, "telnet") == 0)
		a->login = line_option(l, 'l', NULL);
}

void tool_check(struct line *l)
{
	const char *need = l->tool->word;
	if (*need && !line_has_word(l, need)) {
		bool sum = need[0] == '-' && need[1] == 'c';
		/* [ "$(sha256sum FILE)" = … ]: the sum is looked at by whoever asked for it. */
		if (!sum && !line_has_word(l, "verify"))
			return;
	}
	line_act(l, ACT_CHECK)->path = line_operand(l, 0);
}

void tool_openssl(struct line *l)
{
	for (unsigned i = 1; i < l->n; i++)
		if (text_find(l->w[i].text, "verify") != SIZE_MAX || text_find(l->w[i].text, "sha") != SIZE_MAX) {
			line_act(l, ACT_CHECK);
			return;
		}
}

/* nvram set k=v, uci set a.b.k=v, iwpriv ra0 set k=v: a password that stands there. */
static void set_secrets(struct line *l)
{
	for (unsigned i = 1; i < l->n; i++) {
		struct span w = l->w[i].text, key = w;
		const uint8_t *mark = w.n ? memchr(w.p, '=', w.n) : NULL;
		if (!mark)
			continue;
		key.n = (size_t)(mark - w.p);
		const uint8_t *dot = memrchr(key.p, '.', key.n);
		bool wireless = span_has(key, "wireless.");
		key = dot ? span_from(key, (size_t)(dot - key.p) + 1) : key;
		struct span value = span_strip(span_from(span_from(w, (size_t)(mark - w.p)), 1), "'\"");
		if ((secret_is_named(key) || (wireless && span_is(key, "key"))) && !secret_is_none(value))
			line_credential(l, (struct span){ 0 }, value);
	}
}

void tool_config(struct line *l)
{
	if (line_has_word(l, "set"))
		set_secrets(l);
	if (line_has_word(l, "get") || span_is(path_base(l->w[0].text), "fw_printenv") ||
	    span_is(path_base(l->w[0].text), "getcfg"))
		line_act(l, ACT_CONFIG)->path = line_operand(l, 1).n ? line_operand(l, 1) : line_operand(l, 0);
}

void tool_echo(struct line *l)
{
	struct span to = line_redirected(l);
	if (to.n) {
		struct act *a = line_act(l, ACT_WRITE);
		a->path = to;
		a->source = source_in(l->text);
		return;
	}
	bool format = text_find(line_operand(l, 0), "%s") != SIZE_MAX && line_operand_at(l, 1);
	line_act(l, ACT_OTHER)->secret = line_operand(l, format);
}

/* What a here-document or an echo before it hands to the program. */
static struct span handed_in(const struct line *l)
{
	for (unsigned i = 0; i < l->c->nredirects; i++)
		if (l->c->redirects[i].kind == SHELL_HERE)
			return l->c->redirects[i].to;
	const struct act *before = l->c->piped && l->first ? &l->out->v[l->first - 1] : NULL;
	bool said = before && (span_is(before->name, "echo") || span_is(before->name, "printf"));
	return said ? before->secret : (struct span){ 0 };
}

/* echo "user:secret" | chpasswd */
void tool_chpasswd(struct line *l)
{
	struct span pair = handed_in(l);
	while (pair.n && (pair.p[pair.n - 1] == '\n' || pair.p[pair.n - 1] == ' '))
		pair.n--;
	line_account(l, pair, ':');
}

/* echo -e "secret\nsecret" | passwd USER */
void tool_passwd(struct line *l)
{
	struct span text = handed_in(l);
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\n' || (text.p[i] == '\\' && i + 1 < text.n && text.p[i + 1] == 'n'))
			text.n = i;
	if (!secret_is_none(text))
		line_credential(l, line_operand(l, 0), text);
}

/* htpasswd -b FILE USER SECRET, mosquitto_passwd -b FILE USER SECRET */
void tool_htpasswd(struct line *l)
{
	if (line_has(l, "b"))
		line_credential(l, line_operand(l, 1), line_operand(l, 2));
}

/* pppd(8): user NAME password SECRET */
void tool_pppd(struct line *l)
{
	struct span user = { 0 };
	for (unsigned i = 1; i + 1 < l->n; i++) {
		if (span_is(l->w[i].text, "user"))
			user = l->w[i + 1].text;
		if (span_is(l->w[i].text, "password"))
			line_credential(l, user, l->w[i + 1].text);
	}
}

void tool_useradd(struct line *l)
{
	line_credential(l, line_operand_last(l), line_option(l, 'p', "password"));
}

void tool_smbclient(struct line *l)
{
	line_account(l, line_option(l, 'U', "user"), '%');
}
