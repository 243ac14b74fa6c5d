/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services, accounts, checks of what was fetched, settings. */
#include "fw/pass/tool.h"

void tool_service(struct line *l)
{
	static const struct {
		const char *protocol;
		uint16_t port;
		const char *letters;
	} known[] = { { "telnet", 23, "p" }, { "ssh", 22, "p" }, { "ftp", 21, "" }, { "tftp", 69, "p" }, { "adb", 5555, "" },
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
	line_act(l, ACT_CHECK);
}

void tool_openssl(struct line *l)
{
	for (unsigned i = 1; i < l->n; i++)
		if (text_find(l->w[i].text, "verify") != SIZE_MAX || text_find(l->w[i].text, "sha") != SIZE_MAX) {
			line_act(l, ACT_CHECK);
			return;
		}
}

void tool_config(struct line *l)
{
	if (line_has_word(l, "get") || span_is(path_base(l->w[0].text), "fw_printenv") ||
	    span_is(path_base(l->w[0].text), "getcfg"))
		line_act(l, ACT_CONFIG)->path = line_operand(l, 1).n ? line_operand(l, 1) : line_operand(l, 0);
}

/* echo "user:secret" | chpasswd */
void tool_echo(struct line *l)
{
	struct span to = line_redirected(l);
	if (to.n) {
		struct act *a = line_act(l, ACT_WRITE);
		a->path = to;
		a->source = source_in(l->text);
		return;
	}
	line_act(l, ACT_OTHER)->secret = line_operand(l, 0);
}

void tool_chpasswd(struct line *l)
{
	struct span pair = { 0 };
	for (unsigned i = 0; i < l->c->nredirects; i++)
		if (l->c->redirects[i].kind == SHELL_HERE)
			pair = l->c->redirects[i].to;
	if (!pair.n && l->c->piped && l->first && span_is(l->out->v[l->first - 1].name, "echo"))
		pair = l->out->v[l->first - 1].secret;
	while (pair.n && (pair.p[pair.n - 1] == '\n' || pair.p[pair.n - 1] == ' '))
		pair.n--;
	line_account(l, pair, ':');
}

void tool_useradd(struct line *l)
{
	line_credential(l, line_operand_last(l), line_option(l, 'p', "password"));
}

void tool_smbclient(struct line *l)
{
	line_account(l, line_option(l, 'U', "user"), '%');
}
