/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that go to another machine: sockets, clients' libraries, shares. */
#include "fw/pass/call.h"

#include "base/ascii.h"

/* ---- libraries of clients: a destination by name, an address of the web, an account ---- */

/* What libcurl's options say; its header's numbers. */
static const char *curl_option(const struct record *call)
{
	static const struct {
		int64_t number;
		const char *name;
	} known[] = { { 10001, "file" }, { 10002, "url" },   { 10005, "account" }, { 10015, "data" },
		      { 10165, "data" }, { 10174, "secret" } };
	const struct record *option = call_arg_named(call, (const char *const[]){ "option", NULL });
	for (size_t i = 0; option && i < ARRAY_LEN(known); i++)
		if (record_has(option, ARG_NUMBER) && option->v[ARG_NUMBER].i == known[i].number)
			return known[i].name;
	return "";
}

/* The other half of "this address goes to that file", said in two calls in either order. */
static const struct act *said_before(const struct acts *out, const struct record *call, enum act_kind kind)
{
	for (size_t i = out->n; i-- > 0;) {
		const struct act *a = &out->v[i];
		if (a->call && record_get_uint(a->call, FWC_PATH) != record_get_uint(call, FWC_PATH))
			break;
		if (a->call && a->kind == kind && span_eq(record_get_text(a->call, FWC_CALLEE), record_get_text(call, FWC_CALLEE)) &&
		    (kind == ACT_CONNECT || a->target.n))
			return a;
	}
	return NULL;
}

static void fetch_into(struct acts *out, struct act from, struct span file)
{
	struct act *a = act_new(out, ACT_FETCH);
	from.kind = ACT_FETCH;
	from.target = file;
	*a = from;
}

static void of_url(struct acts *out, const struct record *call, struct span url)
{
	struct shell_word words[] = { { .text = SPAN_LIT("curl") }, { .text = url } };
	const struct shell_command c = { .words = words, .nwords = ARRAY_LEN(words), .text = call_say(out, call) };
	const struct act *into = said_before(out, call, ACT_OTHER);
	struct span file = into ? into->target : (struct span){ 0 };
	size_t at = out->n;
	acts_of_command(out, &c, call, 0);
	if (at == out->n || out->v[at].kind != ACT_FETCH)
		return;
	out->v[at].kind = ACT_CONNECT;
	if (file.n)
		fetch_into(out, out->v[at], file);
}

static void of_account(struct acts *out, const struct record *call, struct span user, struct span secret)
{
	struct act *a = call_act(out, call, ACT_OTHER);
	a->text = span_str(arena_printf(out->arena, "%.*s(***)", (int)a->name.n, (const char *)a->name.p));
	a->blanked = true;
	if (!text_is_known(secret) || !span_is_shown(secret))   /* bytes that nobody types: a structure not filled in */
		return;
	a->kind = ACT_CREDENTIAL;
	a->user = user;
	a->secret = secret;
}

static void of_curl(struct acts *out, const struct record *call)
{
	const char *what = curl_option(call);
	struct span value = call_text_named(call, "value");
	const uint8_t *colon = value.n ? memchr(value.p, ':', value.n) : NULL;
	if (strcmp(what, "url") == 0) {
		of_url(out, call, value);
	} else if (strcmp(what, "file") == 0 && span_starts(value, SPAN_LIT("file "))) {
		const struct act *from = said_before(out, call, ACT_CONNECT);
		call_act(out, call, ACT_OTHER)->target = span_from(value, 5);
		from = from ? said_before(out, call, ACT_CONNECT) : NULL;        /* the list may have moved */
		if (from)
			fetch_into(out, *from, span_from(value, 5));
	} else if (strcmp(what, "data") == 0) {
		call_act(out, call, ACT_SEND)->path = value;
	} else if (strcmp(what, "account") == 0 && colon) {
		of_account(out, call, span_cut(value, (size_t)(colon - value.p)), span_from(value, (size_t)(colon - value.p) + 1));
	} else if (strcmp(what, "secret") == 0) {
		of_account(out, call, (struct span){ 0 }, value);
	} else {
		call_act(out, call, ACT_OTHER);
	}
}

/* "host=… user=… password=…", as libpq is told (PostgreSQL 34.1.1.1). */
static struct span word_in(struct span list, const char *key)
{
	struct rd r = rd_of(list);
	while (rd_left(&r)) {
		struct span word = rd_piece(&r, ' ');
		if (span_starts(word, span_str(key)))
			return span_from(word, strlen(key));
	}
	return (struct span){ 0 };
}

static bool of_conninfo(struct acts *out, const struct record *call, struct span list)
{
	enum { POSTGRESQL = 5432 };
	struct span host = word_in(list, "host="), secret = word_in(list, "password=");
	if (host.n) {
		struct act *a = call_act(out, call, ACT_CONNECT);
		a->text = span_str(arena_printf(out->arena, "%.*s(***)", (int)a->name.n, (const char *)a->name.p));
		a->blanked = true;
		a->transport = "tcp";
		a->port = POSTGRESQL;
		if (!act_destination(a, host))
			a->kind = ACT_OTHER;
	}
	if (secret.n)
		of_account(out, call, word_in(list, "user="), secret);
	return host.n || secret.n;
}

static bool of_client(struct acts *out, const struct record *call)
{
	struct span conninfo = call_text_named(call, "conninfo");
	if (conninfo.n && of_conninfo(out, call, conninfo))
		return true;
	struct span host = call_text_named(call, "host"), url = call_text_named(call, "url");
	struct span secret = call_text_named(call, "password");
	const struct record *port = call_arg_named(call, (const char *const[]){ "port", NULL });
	bool curl = span_is(record_get_text(call, FWC_CALLEE), "curl_easy_setopt");
	if (curl)
		of_curl(out, call);
	if (url.n)
		of_url(out, call, url);
	if (host.n) {
		struct act *a = call_act(out, call, ACT_CONNECT);
		a->transport = "tcp";
		if (!act_destination(a, host))
			a->kind = ACT_OTHER;
		if (port && record_has(port, ARG_NUMBER) && !a->port)
			a->port = (uint16_t)port->v[ARG_NUMBER].i;
	}
	if (secret.n)
		of_account(out, call, call_text_named(call, "user"), secret);
	return curl || url.n || host.n || secret.n;
}

/* ---- sockets and shares ---- */

void call_network(struct acts *out, const struct record *call)
{
	struct span callee = record_get_text(call, FWC_CALLEE);
	if (of_client(out, call))
		return;
	bool connects = span_is(callee, "connect") || span_is(callee, "bindresvport");
	enum act_kind kind = connects ? ACT_CONNECT : span_is(callee, "bind") ? ACT_BIND :
			     span_is(callee, "listen") ? ACT_LISTEN : ACT_OTHER;
	struct act *a = call_act(out, call, kind);
	call_take_address(a, call);
	a->result = record_has(call, FWC_RESULT) ? call->v[FWC_RESULT].i : -1;
	if (kind != ACT_OTHER && call_arg(call, 0) && record_has(call_arg(call, 0), ARG_NUMBER))
		a->result = call_arg(call, 0)->v[ARG_NUMBER].i;
	if (kind != ACT_OTHER && !a->transport && span_has(arg_text(call_arg(call, 0)), "socket inet"))
		a->transport = span_has(arg_text(call_arg(call, 0)), "datagram") ? "udp"
			     : span_has(arg_text(call_arg(call, 0)), "stream")   ? "tcp" : NULL;
	if (kind == ACT_OTHER && span_is(callee, "socket")) {
		const struct record *arg = call_arg(call, 1);
		int64_t type = arg && record_has(arg, ARG_NUMBER) ? arg->v[ARG_NUMBER].i & 15 : 0;
		if (type == 1 || type == 2)      /* SOCK_STREAM and SOCK_DGRAM are the other way round on MIPS */
			a->transport = (type == 2) != out->mips ? "udp" : "tcp";
	}
}

/* Host of "host:/path" or "//host/path"; the path becomes the act's. */
static struct span take_share(struct act *a, struct span share, bool windows)
{
	struct span host = windows ? span_from(share, 2) : share;
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] == (windows ? '/' : ':')) {
			a->path = span_from(host, windows ? i : i + 1);
			return span_cut(host, i);
		}
	return host;
}

void call_fstab(struct acts *out, const struct record *call, struct span line)
{
	struct rd r = rd_of(line);
	struct span field[3] = { 0 };
	uint8_t between = line.n && memchr(line.p, '\t', line.n) ? '\t' : ' ';
	for (unsigned n = 0; n < ARRAY_LEN(field) && rd_left(&r);) {
		field[n] = rd_piece(&r, between);
		n += field[n].n != 0;
	}
	bool windows = span_starts(field[0], SPAN_LIT("//"));
	const char *protocol = windows ? "smb" : act_share_protocol(field[2]);
	if (!protocol)
		return;
	struct act *a = call_act(out, call, ACT_MOUNT);
	a->protocol = protocol;
	a->target = field[1];
	(void)act_destination(a, take_share(a, field[0], windows));
}

/* mount --bind: the files of one folder stand in another from then on. */
static bool is_bound(const struct record *call)
{
	enum { MS_BIND_ = 4096 };
	const struct record *flags = call_arg_named(call, (const char *const[]){ "flags", NULL });
	return flags && record_has(flags, ARG_NUMBER) && flags->v[ARG_NUMBER].i & MS_BIND_;
}

void call_mount(struct acts *out, const struct record *call)
{
	static const char *const sources[] = { "source", "device", "special", "from", NULL };
	static const char *const targets[] = { "target", "dir", "to", "path", NULL };
	static const char *const types[] = { "type", "fstype", NULL };
	static const char *const datas[] = { "data", "options", NULL };
	struct span callee = record_get_text(call, FWC_CALLEE);
	if (span_starts(callee, SPAN_LIT("umount"))) {
		call_act(out, call, ACT_UNMOUNT)->target = call_text(call, targets);
		return;
	}
	const struct record *from = call_arg_named(call, sources), *to = call_arg_named(call, targets),
			    *type = call_arg_named(call, types);
	struct span share = arg_text(from ? from : call_arg_text(call, 0)),
		    kind = arg_text(type ? type : call_arg_text(call, 2));
	struct act *a = call_act(out, call, ACT_OTHER);
	bool windows = span_starts(share, SPAN_LIT("//"));
	const char *protocol = windows ? "smb" : act_share_protocol(kind);
	if (!protocol && is_bound(call)) {
		a->kind = ACT_COPY;
		a->path = share;
		a->target = arg_text(to ? to : call_arg_text(call, 1));
		a->recursive = true;
	}
	if (!protocol)
		return;
	a->kind = ACT_MOUNT;
	a->protocol = protocol;
	a->target = arg_text(to ? to : call_arg_text(call, 1));
	struct span host = take_share(a, share, windows);
	struct span data = arg_text(call_arg_named(call, datas));
	for (size_t i = 0; i + 5 < data.n; i++)
		if (memcmp(data.p + i, "addr=", 5) == 0 && (i == 0 || data.p[i - 1] == ',')) {
			struct span rest = span_from(data, i + 5);
			const uint8_t *comma = memchr(rest.p, ',', rest.n);
			host = comma ? span_cut(rest, (size_t)(comma - rest.p)) : rest;
		}
	if (host.n)
		(void)act_destination(a, host);
	else
		call_take_address(a, call);
}
