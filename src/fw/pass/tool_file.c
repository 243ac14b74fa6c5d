/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that change what the device has: interfaces and routes, shares, files, packages, flash. */
#include "fw/pass/tool.h"

/* ---- interfaces and shares ---- */

static void interface_up(struct line *l, struct span name)
{
	if (!name.n || span_is(name, "lo") || span_starts(name, SPAN_LIT("lo:")))
		return;
	struct act *a = line_act(l, ACT_INTERFACE);
	a->path = name;
	a->source = source_in(name);
	a->setting = a->source.n ? SETTING_CONFIGURED : SETTING_CONSTANT;
}

void tool_ifconfig(struct line *l)
{
	struct span what = line_operand(l, 1);
	bool numeric = what.n && ((what.p[0] >= '0' && what.p[0] <= '9') || what.p[0] == '{');
	if (line_has_word(l, "down") || !(line_has_word(l, "up") || numeric))
		return;
	interface_up(l, line_operand(l, 0));
}

void tool_ifup(struct line *l)
{
	interface_up(l, line_operand(l, 0));
}

void tool_ip(struct line *l)
{
	struct span what = line_operand(l, 0), verb = line_operand(l, 1);
	if (what.n && what.p[0] == 'l' && span_is(verb, "set") && line_has_word(l, "up"))
		interface_up(l, span_is(line_operand(l, 2), "dev") ? line_operand(l, 3) : line_operand(l, 2));
	if (what.n && what.p[0] == 'r' && (span_is(verb, "add") || span_is(verb, "replace"))) {
		struct act *a = line_act(l, ACT_INTERFACE);
		a->protocol = "route";
		a->path = line_operand(l, 2);
	}
}

void tool_route(struct line *l)
{
	if (!line_has_word(l, "add"))
		return;
	struct act *a = line_act(l, ACT_INTERFACE);
	a->protocol = "route";
	a->path = line_operand(l, 1);
}

static struct span option_in(struct span list, const char *name)
{
	size_t at = text_find(list, name);
	if (at == SIZE_MAX || (at && list.p[at - 1] != ','))
		return (struct span){ 0 };
	struct span rest = span_from(list, at + strlen(name));
	const uint8_t *comma = rest.n ? memchr(rest.p, ',', rest.n) : NULL;
	return comma ? span_cut(rest, (size_t)(comma - rest.p)) : rest;
}

/* A device of its own, or one whose name is not known here; "proc" and its kin are none. */
static void attach(struct line *l, struct span device)
{
	if (!line_operand_at(l, 1) || !(span_starts(device, SPAN_LIT("/dev/")) || source_in(device).n))
		return;
	struct act *a = line_act(l, ACT_ATTACH);
	a->path = device;
	a->target = line_operand(l, 1);
}

void tool_mount(struct line *l)
{
	struct span type = line_option(l, 't', "types"), share = line_operand(l, 0), list = line_option(l, 'o', "options");
	bool windows = span_starts(share, SPAN_LIT("//"));
	const uint8_t *colon = share.n && share.p[0] != '/' && share.p[0] != '-' ? memchr(share.p, ':', share.n) : NULL;
	const char *protocol = windows ? "smb" : act_share_protocol(type);
	if (!protocol && !(colon && span_from(share, (size_t)(colon - share.p) + 1).n)) {
		attach(l, share);
		return;
	}
	if (!share.n)
		return;
	struct act *a = line_act(l, ACT_MOUNT);
	struct span host = windows ? span_from(share, 2) : share;
	const uint8_t *end = host.n ? memchr(host.p, windows ? '/' : ':', host.n) : NULL;
	a->protocol = protocol ? protocol : "nfs";
	a->target = line_operand(l, 1);
	if (end) {
		a->path = span_from(host, (size_t)(end - host.p) + !windows);
		host = span_cut(host, (size_t)(end - host.p));
	}
	(void)line_destination(l, a, host);
	a->port = 0;
	struct span user = option_in(list, "username=").n ? option_in(list, "username=") : option_in(list, "user=");
	struct span secret = option_in(list, "password=").n ? option_in(list, "password=") : option_in(list, "pass=");
	line_credential(l, user, secret);
}

void tool_umount(struct line *l)
{
	line_act(l, ACT_UNMOUNT)->target = line_operand(l, 0);
}

/* ---- files ---- */

void tool_copy(struct line *l)
{
	struct span from = line_operand(l, 0), to = line_option(l, 't', "target-directory");
	struct act *a = line_act(l, ACT_COPY);
	a->path = from;
	a->target = to.n ? to : line_operand_last(l);
	a->recursive = line_has(l, "rRa") || line_has_word(l, "--recursive") ||
		       line_has_word(l, "--archive") || text_find(from, "*") != SIZE_MAX || span_is(a->name, "mv");
	a->forced = line_has(l, "fa") || line_has_word(l, "--force") || !line_has(l, "i");
}

void tool_tar(struct line *l)
{
	struct span mode = l->n > 1 ? l->w[1].text : (struct span){ 0 };
	if (!(mode.n && mode.p[0] != '-' && memchr(mode.p, 'x', mode.n)) && !line_has(l, "x") &&
	    !line_has_word(l, "--extract"))
		return;
	struct act *a = line_act(l, ACT_COPY);
	a->path = line_option(l, 'f', "file");
	bool named = mode.n && !is_option(mode) && memchr(mode.p, 'f', mode.n);
	if (!a->path.n && l->c->piped && !named)
		a->path = STREAM;
	for (unsigned i = 1; i + 1 < l->n; i++)
		if (!a->path.n && !is_option(l->w[i].text) && memchr(l->w[i].text.p, 'f', l->w[i].text.n) && i == 1)
			a->path = l->w[i + 1].text;
	a->target = line_option(l, 'C', "directory");
	a->recursive = a->forced = true;
}

void tool_unzip(struct line *l)
{
	struct act *a = line_act(l, ACT_COPY);
	a->path = line_operand(l, 0);
	a->target = line_option(l, 'd', NULL);
	a->recursive = a->forced = true;
}

void tool_chmod(struct line *l)
{
	struct span mode = line_operand(l, 0);
	bool octal = mode.n && mode.p[0] >= '0' && mode.p[0] <= '7', exec = !octal && text_find(mode, "x") != SIZE_MAX;
	for (size_t i = 0; octal && i < mode.n; i++)
		exec |= (mode.p[i] & 1) != 0;
	if (!exec && !(octal && span_is(mode, "666")))
		return;
	struct act *a = line_act(l, ACT_CHMOD);
	a->path = line_operand(l, 1);
	a->open_to_all = mode.n >= 3 && (span_is(span_from(mode, mode.n - 3), "777") ||
					 span_is(span_from(mode, mode.n - 3), "666"));
}

void tool_cd(struct line *l)
{
	line_act(l, ACT_OTHER)->target = line_operand(l, 0);
}

void tool_run_file(struct line *l)
{
	line_execute(l, line_operand(l, 0));
}

void tool_tee(struct line *l)
{
	if (!line_operand_at(l, 0) || !l->c->piped)
		return;
	struct act *a = line_act(l, ACT_COPY);
	a->path = STREAM;
	a->target = line_operand(l, 0);
}

/* Of a script in a file, or one that comes by the pipe. */
void tool_interpreter(struct line *l)
{
	struct span script = line_operand(l, 0);
	bool in_words = line_option(l, 'c', NULL).n || line_option(l, 'e', NULL).n || line_option(l, 'r', NULL).n;
	if (in_words)
		return;
	line_execute(l, script.n && !span_is(script, "-") ? script : l->c->piped ? STREAM : (struct span){ 0 });
}

/* A package runs scripts of its own as it is put in. One that is named by its address is fetched first. */
void tool_package(struct line *l)
{
	const char *verb = l->tool->word;
	if (*verb && !line_has_word(l, verb))
		return;
	for (unsigned k = *verb && *verb != '-'; line_operand_at(l, k) && k < 8; k++) {
		struct span what = line_operand(l, k);
		size_t self = l->out->n;
		if (text_find(what, "://") != SIZE_MAX) {
			struct act *a = line_act(l, ACT_FETCH);
			if (!line_url(l, a, what, "http"))
				l->out->v[self].kind = ACT_OTHER;
			l->out->v[self].target = what;
		} else if (what.n && !memchr(what.p, '/', what.n) && !memchr(what.p, '.', what.n)) {
			continue;                /* by name, from the feeds: signed lists */
		}
		line_execute(l, what);
	}
}

void tool_flash(struct line *l)
{
	struct span image = line_operand(l, 0);
	if (span_is(path_base(l->w[0].text), "mtd")) {
		if (!span_is(image, "write"))
			return;
		image = line_operand(l, 1);
	} else if (span_is(path_base(l->w[0].text), "nandwrite")) {
		image = line_operand(l, 1).n ? line_operand(l, 1) : image;
	} else if (span_is(path_base(l->w[0].text), "ubiformat")) {
		image = line_option(l, 'f', "flash-image");
	} else if (span_is(path_base(l->w[0].text), "mtd_debug")) {
		image = span_is(image, "write") ? line_operand(l, 4) : (struct span){ 0 };
	}
	line_execute(l, image);
}

void tool_dd(struct line *l)
{
	struct span from = { 0 }, to = { 0 };
	for (unsigned i = 1; i < l->n; i++) {
		if (span_starts(l->w[i].text, SPAN_LIT("if=")))
			from = span_from(l->w[i].text, 3);
		if (span_starts(l->w[i].text, SPAN_LIT("of=")))
			to = span_from(l->w[i].text, 3);
	}
	if (span_starts(to, SPAN_LIT("/dev/mtd")) || span_starts(to, SPAN_LIT("/dev/mmcblk"))) {
		line_execute(l, from);
		return;
	}
	struct act *a = line_act(l, ACT_COPY);
	a->path = from;
	a->target = to;
}
