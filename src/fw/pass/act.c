/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of the trace as acts. Commands are read in command.c. */
#include "fw/pass/act.h"

#include "base/ascii.h"
#include "base/buf.h"

static const char *const settings[] = {
	[SETTING_UNKNOWN] = "not known", [SETTING_CONSTANT] = "constant only",
	[SETTING_DEFAULT] = "default that configuration may replace", [SETTING_CONFIGURED] = "from configuration only",
};

const char *setting_name(enum setting s)
{
	return settings[s];
}

/* ---- texts ---- */

struct span source_in(struct span text)
{
	const uint8_t *open = text.n ? memchr(text.p, '{', text.n) : NULL;
	if (!open)
		return (struct span){ 0 };
	struct span rest = span_from(text, (size_t)(open - text.p) + 1);
	const uint8_t *close = rest.n ? memchr(rest.p, '}', rest.n) : NULL;
	return close ? span_cut(rest, (size_t)(close - rest.p)) : (struct span){ 0 };
}

bool text_is_known(struct span text)
{
	return text.n && !source_in(text).n;
}

/* A web server hands a request over in these (RFC 3875 4.1). */
static const char *const web_variables[] = {
	"QUERY_STRING", "HTTP_",	"REQUEST_",    "PATH_INFO",    "REMOTE_USER",
	"REMOTE_IDENT", "CONTENT_TYPE", "SCRIPT_NAME", "CONTENT_BODY",
};

bool source_is_local(struct span source)
{
	return span_has(source, "socket:unix") || span_has(source, "socket:netlink");
}

bool source_is_reply(struct span source)
{
	return span_is(source, "socket:inet stream") || span_is(source, "socket:inet6 stream");
}

bool source_is_network(struct span source)
{
	static const char *const sources[] = { "recv", "socket", "accept", "network", "SSL_read" };
	static const char *const named[] = { "file:", "config:", "command:", "option ", "argument " };
	for (size_t i = 0; i < ARRAY_LEN(named); i++)    /* what follows is a name: /etc/network/interfaces */
		if (span_starts(source, span_str(named[i])))
			return false;
	if (source_is_local(source))
		return false;
	bool env = span_starts(source, SPAN_LIT("getenv:"));
	for (size_t i = 0; i < ARRAY_LEN(sources) && !env; i++)
		if (span_has(source, sources[i]))
			return true;
	if (!env)
		return span_has(source, "stdin:cgi");
	for (size_t i = 0; i < ARRAY_LEN(web_variables); i++)
		if (span_has(source, web_variables[i]))
			return true;
	return false;
}

/* As the program that scans prints them. */
static bool source_is_radio(struct span source)
{
	static const char *const sources[] = { "iwlist", "iw dev", "iwinfo", "iwpriv", "wpa_cli", "wpa_supplicant/", "hcitool",
					       "bluetoothctl", "wlanconfig", "iwconfig" };
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (span_has(source, sources[i]))
			return true;
	return false;
}

bool source_is_strangers(struct span source)
{
	return source_is_network(source) || source_is_radio(source);
}

/* The first source of the text that is a stranger's. */
static struct span stranger_in(struct span text)
{
	while (text.n) {
		struct span source = source_in(text);
		if (!source.n || source_is_strangers(source))
			return source;
		text = span_from(text, (size_t)(source.p - text.p) + source.n);
	}
	return (struct span){ 0 };
}

bool source_is_config(struct span source)
{
	return source.n && !source_is_network(source);
}

struct span path_base(struct span path)
{
	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	for (size_t i = path.n; i-- > 0;)
		if (path.p[i] == '/')
			return span_from(path, i + 1);
	return path;
}

bool path_under(struct span path, struct span folder)
{
	while (folder.n > 1 &&
	       (folder.p[folder.n - 1] == '/' || folder.p[folder.n - 1] == '*' || folder.p[folder.n - 1] == '.'))
		folder.n--;
	return folder.n > 1 && span_starts(path, folder) && (path.n == folder.n || path.p[folder.n] == '/');
}

bool path_holds_programs(struct span path)
{
	static const char *const folders[] = { "/opt",	"/usr",	 "/bin",     "/sbin",	 "/lib",
					       "/app",	"/home", "/root",    "/system",	 "/mnt/mtd",
					       "/data", "/etc",	 "/var/bin", "/program", "/boot" };
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (path_under(path, span_str(folders[i])))
			return true;
	return span_is(path, "/") || span_is(path, ".");
}

/* ---- places ---- */

static bool is_host_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/* A name that could stand in DNS and is no number: at least one dot and a letter, or a plain word. */
static bool is_host(struct span s)
{
	bool letter = false;
	if (!s.n || s.n > 253 || s.p[0] == '-' || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_host_byte(s.p[i]))
			return false;
		letter |= (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z');
	}
	return letter;
}

static bool number(struct span s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || v > max)
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*out = v;
	return s.n && v <= max;
}

static bool parse_addr(struct span s, struct addr *out)
{
	char z[64];
	if (s.n >= sizeof(z) || !s.n)
		return false;
	memcpy(z, s.p, s.n);
	z[s.n] = 0;
	return addr_parse(z, out);
}

bool act_destination(struct act *a, struct span s)
{
	const uint8_t *mark = s.n ? memchr(s.p, '@', s.n) : NULL;
	uint64_t port = 0;
	if (mark)
		s = span_from(s, (size_t)(mark - s.p) + 1);
	if (s.n && s.p[0] == '[') {
		const uint8_t *close = memchr(s.p, ']', s.n);
		struct span rest = close ? span_from(s, (size_t)(close - s.p) + 1) : (struct span){ 0 };
		if (rest.n > 1 && rest.p[0] == ':' && number(span_from(rest, 1), UINT16_MAX, &port))
			a->port = (uint16_t)port;
		s = close ? span_from(span_cut(s, (size_t)(close - s.p)), 1) : s;
	} else {
		const uint8_t *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
		struct span rest = colon ? span_from(s, (size_t)(colon - s.p) + 1) : (struct span){ 0 };
		if (colon && !(rest.n && memchr(rest.p, ':', rest.n))) {
			if (number(rest, UINT16_MAX, &port))
				a->port = (uint16_t)port;
			s = span_cut(s, (size_t)(colon - s.p));
		}
	}
	if (source_in(s).n) {
		a->setting = SETTING_CONFIGURED;
		a->source = source_in(s);
		return true;
	}
	if (!parse_addr(s, &a->address)) {
		if (!is_host(s))
			return false;
		a->host = s;
	}
	a->setting = a->setting == SETTING_DEFAULT ? a->setting : SETTING_CONSTANT;
	return true;
}

/* ---- a list that grows ---- */

struct act *act_new(struct acts *out, enum act_kind kind)
{
	if (out->n == out->room && out->n < ACTS) {
		out->room = out->room ? 2 * out->room : 256;
		out->v = mem_grow(out->v, out->room, sizeof(*out->v));
	}
	if (out->n == ACTS) {
		out->cut = true;
		out->n--;
	}
	struct act *a = &out->v[out->n++];
	*a = (struct act){ .kind = kind };
	return a;
}

/* ---- arguments of a call ---- */

static const struct record *arg_at(const struct record *call, uint32_t i)
{
	struct records args = record_has(call, FWC_ARGS) ? call->v[FWC_ARGS].records : (struct records){ 0 };
	return i < args.n ? args.v[i] : NULL;
}

static const struct record *arg_named(const struct record *call, const char *const *names)
{
	for (; *names; names++)
		for (uint32_t i = 0; arg_at(call, i); i++)
			if (span_is(record_get_text(arg_at(call, i), ARG_NAME), *names))
				return arg_at(call, i);
	return NULL;
}

/* The n-th argument that holds text. */
static const struct record *arg_text_at(const struct record *call, unsigned n)
{
	for (uint32_t i = 0; arg_at(call, i); i++)
		if (record_has(arg_at(call, i), ARG_TEXT) && n-- == 0)
			return arg_at(call, i);
	return NULL;
}

static struct span text_of(const struct record *arg)
{
	return arg ? record_get_text(arg, ARG_TEXT) : (struct span){ 0 };
}

/* Text of the argument with one of these names; the first text when none has. */
static struct span named_text(const struct record *call, const char *const *names)
{
	const struct record *a = arg_named(call, names);
	return text_of(a ? a : arg_text_at(call, 0));
}

static const char *const path_names[] = { "path", "from", "template", NULL };
static const char *const run_names[] = { "command", "path", NULL };
static const char *const host_names[] = { "name", "text", NULL };
static const char *const sent_names[] = { "data", "text", "message", NULL };

static const struct record *arg_address(const struct record *call)
{
	for (uint32_t i = 0; arg_at(call, i); i++)
		if (record_has(arg_at(call, i), ARG_ADDRESS) || record_has(arg_at(call, i), ARG_FAMILY))
			return arg_at(call, i);
	return NULL;
}

static bool has_number(const struct record *call, int64_t value, const char *text)
{
	for (uint32_t i = 0; arg_at(call, i); i++) {
		const struct record *a = arg_at(call, i);
		if ((record_has(a, ARG_NUMBER) && a->v[ARG_NUMBER].i == value) || span_has(text_of(a), text))
			return true;
	}
	return false;
}

static struct span source_of(const struct record *arg)
{
	struct span s = arg ? record_get_text(arg, ARG_SOURCE) : (struct span){ 0 };
	return s.n || !arg ? s : source_in(text_of(arg));
}

static enum setting setting_of(const struct record *arg)
{
	struct span o = arg ? record_get_text(arg, ARG_ORIGIN) : (struct span){ 0 };
	if (span_is(o, "outside"))
		return SETTING_CONFIGURED;
	return span_is(o, "unknown") || !o.n ? SETTING_UNKNOWN : SETTING_CONSTANT;
}

/* ---- saying a call ---- */

static void say_arg(struct buf *b, const struct record *a)
{
	char text[ADDR_TEXT];
	if (record_has(a, ARG_ADDRESS)) {
		addr_text(record_get_addr(a, ARG_ADDRESS), text);
		buf_printf(b, record_has(a, ARG_PORT) ? "%s port %u" : "%s", text, (unsigned)record_get_uint(a, ARG_PORT));
		return;
	}
	if (record_has(a, ARG_LIST)) {
		for (uint32_t i = 0; i < a->v[ARG_LIST].texts.n && i < 16; i++) {
			buf_text(b, i ? " " : "[");
			buf_bytes(b, span_cut(a->v[ARG_LIST].texts.v[i], 256));
		}
		buf_text(b, "]");
		return;
	}
	if (record_has(a, ARG_TEXT)) {
		const char *quote = arg_is_handle(a) ? "" : "\"";
		buf_text(b, quote);
		buf_bytes(b, span_cut(text_of(a), 512));
		buf_text(b, quote);
		return;
	}
	if (record_has(a, ARG_NUMBER))
		buf_printf(b, "%lld", (long long)a->v[ARG_NUMBER].i);
	else
		buf_text(b, "?");
}

static struct span say_call(struct acts *out, const struct record *call)
{
	struct buf b = { .cap = 2048 };
	buf_bytes(&b, record_get_text(call, FWC_CALLEE));
	buf_text(&b, "(");
	const struct record *arg;
	for (uint32_t i = 0; (arg = arg_at(call, i)); i++) {
		buf_text(&b, i ? ", " : "");
		say_arg(&b, arg);
	}
	buf_text(&b, ")");
	struct span s = arena_copy(out->arena, buf_span(&b));
	buf_done(&b);
	return s;
}

static struct act *from_call(struct acts *out, const struct record *call, enum act_kind kind)
{
	struct act *a = act_new(out, kind);
	a->call = call;
	a->name = record_get_text(call, FWC_CALLEE);
	a->site = record_get_uint(call, FWC_SITE);
	a->function = record_get_text(call, FWC_FUNCTION);
	a->text = say_call(out, call);
	return a;
}

/* ---- classes ---- */

static void take_address(struct act *a, const struct record *call)
{
	const struct record *arg = arg_address(call);
	if (!arg)
		return;
	a->address = record_get_addr(arg, ARG_ADDRESS);
	a->port = (uint16_t)record_get_uint(arg, ARG_PORT);
	a->host = a->address.family && addr_class(a->address) == ADDR_PUBLIC ? (struct span){ 0 }
									     : record_get_text(arg, ARG_HOST);
	if (record_has(arg, ARG_HOST))
		a->host = record_get_text(arg, ARG_HOST);
	if (a->host.n && !source_in(a->host).n && !is_host(a->host)) {
		a->host = (struct span){ 0 };    /* digits that are no address: put together from what nothing was read into */
		a->address = (struct addr){ 0 };
		return;
	}
	a->setting = setting_of(arg);
	a->source = source_of(arg);
	if (span_is(record_get_text(arg, ARG_FAMILY), "unix")) {
		a->path = text_of(arg);
		a->transport = "unix";
	}
	/* The address is known and something has a source: the port, whose number stands for it. */
	a->port_given = a->address.family && a->setting == SETTING_CONSTANT && a->source.n;
	if (record_has(arg, ARG_HOST) && source_in(a->host).n)
		a->setting = SETTING_CONFIGURED;
	else if (record_has(arg, ARG_HOST))
		a->setting = SETTING_CONSTANT;   /* the address is the model's answer to a constant name */
}

/* ---- libraries of clients: a destination by name, an address of the web, an account ---- */

static struct span text_named(const struct record *call, const char *name)
{
	return text_of(arg_named(call, (const char *const[]){ name, NULL }));
}

/* What libcurl's options say; its header's numbers. */
static const char *curl_option(const struct record *call)
{
	static const struct {
		int64_t number;
		const char *name;
	} known[] = { { 10001, "file" }, { 10002, "url" },   { 10005, "account" }, { 10015, "data" },
		      { 10165, "data" }, { 10174, "secret" } };
	const struct record *option = arg_named(call, (const char *const[]){ "option", NULL });
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
	const struct shell_command c = { .words = words, .nwords = ARRAY_LEN(words), .text = say_call(out, call) };
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
	struct act *a = from_call(out, call, ACT_OTHER);
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
	struct span value = text_named(call, "value");
	const uint8_t *colon = value.n ? memchr(value.p, ':', value.n) : NULL;
	if (strcmp(what, "url") == 0) {
		of_url(out, call, value);
	} else if (strcmp(what, "file") == 0 && span_starts(value, SPAN_LIT("file "))) {
		const struct act *from = said_before(out, call, ACT_CONNECT);
		from_call(out, call, ACT_OTHER)->target = span_from(value, 5);
		from = from ? said_before(out, call, ACT_CONNECT) : NULL;        /* the list may have moved */
		if (from)
			fetch_into(out, *from, span_from(value, 5));
	} else if (strcmp(what, "data") == 0) {
		from_call(out, call, ACT_SEND)->path = value;
	} else if (strcmp(what, "account") == 0 && colon) {
		of_account(out, call, span_cut(value, (size_t)(colon - value.p)), span_from(value, (size_t)(colon - value.p) + 1));
	} else if (strcmp(what, "secret") == 0) {
		of_account(out, call, (struct span){ 0 }, value);
	} else {
		from_call(out, call, ACT_OTHER);
	}
}

static bool of_client(struct acts *out, const struct record *call)
{
	struct span host = text_named(call, "host"), url = text_named(call, "url"), secret = text_named(call, "password");
	const struct record *port = arg_named(call, (const char *const[]){ "port", NULL });
	bool curl = span_is(record_get_text(call, FWC_CALLEE), "curl_easy_setopt");
	if (curl)
		of_curl(out, call);
	if (url.n)
		of_url(out, call, url);
	if (host.n) {
		struct act *a = from_call(out, call, ACT_CONNECT);
		a->transport = "tcp";
		if (!act_destination(a, host))
			a->kind = ACT_OTHER;
		if (port && record_has(port, ARG_NUMBER) && !a->port)
			a->port = (uint16_t)port->v[ARG_NUMBER].i;
	}
	if (secret.n)
		of_account(out, call, text_named(call, "user"), secret);
	return curl || url.n || host.n || secret.n;
}

static void of_network(struct acts *out, const struct record *call)
{
	struct span callee = record_get_text(call, FWC_CALLEE);
	if (of_client(out, call))
		return;
	bool connects = span_is(callee, "connect") || span_is(callee, "bindresvport");
	enum act_kind kind = connects ? ACT_CONNECT : span_is(callee, "bind") ? ACT_BIND :
			     span_is(callee, "listen") ? ACT_LISTEN : ACT_OTHER;
	struct act *a = from_call(out, call, kind);
	take_address(a, call);
	a->result = record_has(call, FWC_RESULT) ? call->v[FWC_RESULT].i : -1;
	if (kind != ACT_OTHER && arg_at(call, 0) && record_has(arg_at(call, 0), ARG_NUMBER))
		a->result = arg_at(call, 0)->v[ARG_NUMBER].i;
	if (kind != ACT_OTHER && !a->transport && span_has(text_of(arg_at(call, 0)), "socket inet"))
		a->transport = span_has(text_of(arg_at(call, 0)), "datagram") ? "udp"
			     : span_has(text_of(arg_at(call, 0)), "stream")   ? "tcp" : NULL;
	if (kind == ACT_OTHER && span_is(callee, "socket")) {
		const struct record *arg = arg_at(call, 1);
		int64_t type = arg && record_has(arg, ARG_NUMBER) ? arg->v[ARG_NUMBER].i & 15 : 0;
		if (type == 1 || type == 2)      /* SOCK_STREAM and SOCK_DGRAM are the other way round on MIPS */
			a->transport = (type == 2) != out->mips ? "udp" : "tcp";
	}
}

/* Whole names: nfsd is a view of the kernel's own server (nfsd(7)), and no share. */
const char *act_share_protocol(struct span type)
{
	static const char *const types[][2] = { { "nfs", "nfs" },   { "nfs4", "nfs" }, { "cifs", "smb" }, { "smbfs", "smb" },
						{ "smb3", "smb" },  { "9p", "9p" },    { "ncpfs", "ncp" } };
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (span_is(type, types[i][0]))
			return types[i][1];
	return NULL;
}

static void of_mount(struct acts *out, const struct record *call)
{
	static const char *const sources[] = { "source", "device", "special", "from", NULL };
	static const char *const targets[] = { "target", "dir", "to", "path", NULL };
	static const char *const types[] = { "type", "fstype", NULL };
	static const char *const datas[] = { "data", "options", NULL };
	struct span callee = record_get_text(call, FWC_CALLEE);
	if (span_starts(callee, SPAN_LIT("umount"))) {
		from_call(out, call, ACT_UNMOUNT)->target = named_text(call, targets);
		return;
	}
	const struct record *from = arg_named(call, sources), *to = arg_named(call, targets), *type = arg_named(call, types);
	struct span share = text_of(from ? from : arg_text_at(call, 0)), kind = text_of(type ? type : arg_text_at(call, 2));
	struct act *a = from_call(out, call, ACT_OTHER);
	bool windows = span_starts(share, SPAN_LIT("//"));
	const char *protocol = windows ? "smb" : act_share_protocol(kind);
	if (!protocol)
		return;
	a->kind = ACT_MOUNT;
	a->protocol = protocol;
	a->target = text_of(to ? to : arg_text_at(call, 1));
	struct span host = windows ? span_from(share, 2) : share;
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] == (windows ? '/' : ':')) {
			a->path = span_from(host, windows ? i : i + 1);
			host = span_cut(host, i);
			break;
		}
	struct span data = text_of(arg_named(call, datas));
	for (size_t i = 0; i + 5 < data.n; i++)
		if (memcmp(data.p + i, "addr=", 5) == 0 && (i == 0 || data.p[i - 1] == ',')) {
			struct span rest = span_from(data, i + 5);
			const uint8_t *comma = memchr(rest.p, ',', rest.n);
			host = comma ? span_cut(rest, (size_t)(comma - rest.p)) : rest;
		}
	if (host.n)
		(void)act_destination(a, host);
	else
		take_address(a, call);
}

static bool is_shell_name(struct span path)
{
	static const char *const shells[] = { "sh", "ash", "bash", "dash", "ksh", "zsh", "mksh", "hush" };
	struct span base = path_base(path);
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (span_is(base, shells[i]))
			return true;
	return false;
}

/* The words of exec's argument vector, however the trace gives it. */
static unsigned exec_words(const struct record *call, struct shell_word *w, unsigned max)
{
	unsigned n = 0;
	for (uint32_t i = 0; arg_at(call, i); i++) {
		const struct record *a = arg_at(call, i);
		if (!record_has(a, ARG_LIST))
			continue;
		for (uint32_t k = 0; k < a->v[ARG_LIST].texts.n && n < max; k++)
			w[n++].text = a->v[ARG_LIST].texts.v[k];
		return n;
	}
	for (unsigned i = 1; arg_text_at(call, i) && n < max; i++)   /* execl: path, then the words */
		w[n++].text = text_of(arg_text_at(call, i));
	return n;
}

static void mark_shell(struct acts *out, size_t from, const struct record *call, struct span text)
{
	if (out->n == from)
		from_call(out, call, ACT_OTHER);
	struct act *a = &out->v[from];
	a->is_shell = true;
	if (!source_in(text).n)
		return;
	a->source = source_in(text);
	/* The one that matters most names it. */
	for (struct span rest = text; source_in(rest).n;) {
		struct span s = source_in(rest);
		if (source_is_strangers(s)) {
			a->source = s;
			break;
		}
		rest = span_from(rest, (size_t)(s.p - rest.p) + s.n);
	}
}

/* A file that the program wrote before, and runs now: its text is in the trace. */
static void of_written(struct acts *out, const struct record *call)
{
	for (uint32_t i = 0; arg_at(call, i); i++) {
		struct span text = text_of(arg_at(call, i));
		const uint8_t *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
		if (span_is(record_get_text(arg_at(call, i), ARG_NAME), "script") && span_starts(text, SPAN_LIT("#!")) && end &&
		    span_has(span_cut(text, (size_t)(end - text.p)), "sh"))
			acts_of_shell(out, text, call);
	}
}

static void of_run(struct acts *out, const struct record *call)
{
	struct span callee = record_get_text(call, FWC_CALLEE);
	bool exec = span_starts(callee, SPAN_LIT("exec")) || span_has(callee, "spawn");
	struct span text = named_text(call, run_names);
	size_t from = out->n;
	struct shell_word words[64] = { { { 0 }, false, false } };
	if (exec) {
		struct span path = text;
		unsigned n = exec_words(call, words, ARRAY_LEN(words));
		if (!(n > 2 && is_shell_name(path.n ? path : words[0].text) && span_is(words[1].text, "-c"))) {
			if (n && path.n && path_base(path).n)
				words[0].text = path;
			struct shell_command c = { .words = words, .nwords = n ? n : 1, .text = say_call(out, call) };
			if (!n)
				words[0].text = path;
			acts_of_command(out, &c, call, 0);
			/* Which program it is comes from outside; what it is told is no command. */
			if (out->n > from && !out->v[from].source.n)
				out->v[from].source = stranger_in(words[0].text);
			of_written(out, call);
			return;
		}
		text = words[2].text;
	}
	acts_of_shell(out, text, call);
	mark_shell(out, from, call, text);
	of_written(out, call);
}

/* A settings file is opened for reading. */
static bool reads_settings(const struct record *call, struct span path)
{
	static const char *const tails[] = { ".conf", ".cfg", ".ini", ".config", ".xml", ".json", ".cnf" };
	static const char *const modes[] = { "mode", "flags", NULL };
	const struct record *mode = arg_named(call, modes);
	struct span how = text_of(mode);
	bool reads = how.n ? how.p[0] == 'r' : mode && record_has(mode, ARG_NUMBER) && (mode->v[ARG_NUMBER].i & 3) == 0;
	bool known = path_under(path, SPAN_LIT("/etc"));
	for (size_t i = 0; i < ARRAY_LEN(tails); i++)
		known |= path.n > strlen(tails[i]) && span_is(span_from(path, path.n - strlen(tails[i])), tails[i]);
	return reads && known;
}

static void of_file(struct acts *out, const struct record *call)
{
	struct span callee = record_get_text(call, FWC_CALLEE);
	struct act *a = from_call(out, call, ACT_OTHER);
	a->path = named_text(call, path_names);
	a->source = stranger_in(a->path);
	if (span_starts(callee, SPAN_LIT("fopen")) || span_starts(callee, SPAN_LIT("open")))
		a->kind = reads_settings(call, a->path) ? ACT_CONFIG : ACT_OTHER;
	if (span_has(callee, "rename") || span_has(callee, "link")) {
		a->kind = span_has(callee, "rename") ? ACT_COPY : ACT_OTHER;
		a->target = text_of(arg_named(call, (const char *const[]){ "to", NULL }));
		a->source = a->source.n ? a->source : stranger_in(a->target);
		return;
	}
	if (!span_has(callee, "chmod"))
		return;
	for (uint32_t i = 0; arg_at(call, i); i++) {
		const struct record *m = arg_at(call, i);
		if (!record_has(m, ARG_NUMBER) || (i == 0 && !span_is(callee, "chmod")))
			continue;
		int64_t mode = m->v[ARG_NUMBER].i;
		a->kind = mode & 0111 ? ACT_CHMOD : ACT_OTHER;
		a->open_to_all = (mode & 0777) == 0777 || (mode & 0777) == 0666;
	}
}

static void of_interface(struct acts *out, const struct record *call)
{
	enum { SIOCADDRT = 0x890b, SIOCSIFFLAGS = 0x8914, SIOCSIFADDR = 0x8916 };
	bool flags = has_number(call, SIOCSIFFLAGS, "SIOCSIFFLAGS"), route = has_number(call, SIOCADDRT, "SIOCADDRT");
	struct act *a = from_call(out, call, flags || route ? ACT_INTERFACE : ACT_OTHER);
	for (unsigned i = 0; arg_text_at(call, i); i++) {
		struct span t = text_of(arg_text_at(call, i));
		bool descriptor = record_has(arg_text_at(call, i), ARG_NUMBER);  /* its text says what it is: "standard" */
		if (descriptor || span_starts(t, SPAN_LIT("SIOC")))
			continue;
		a->path = t;
		a->source = source_of(arg_text_at(call, i));
		a->setting = setting_of(arg_text_at(call, i));
	}
	if (a->kind == ACT_INTERFACE && route)
		a->protocol = "route";
}

/* A compiler compares short texts as whole numbers: four or eight printable bytes are a text again. */
static struct span constant_text(struct acts *out, uint64_t v)
{
	unsigned n = v >> 32 && v >> 32 != UINT32_MAX ? 8 : 4;
	char text[9] = "";
	bool printable = true;
	for (unsigned i = 0; i < n; i++) {
		uint8_t c = (uint8_t)(v >> 8 * (out->big ? n - 1 - i : i));
		text[i] = (char)c;
		printable &= c > ' ' && c < 0x7f;
	}
	const char *s = printable ? arena_printf(out->arena, "%s", text)
				  : arena_printf(out->arena, "0x%0*llx", (int)n * 2, (unsigned long long)(n == 8 ? v : v & UINT32_MAX));
	return span_str(s);
}

/* One side from outside, the other a constant. */
static void of_compare(struct acts *out, const struct record *call)
{
	struct act *a = from_call(out, call, ACT_COMPARE);
	for (uint32_t i = 0; arg_at(call, i) && i < 3; i++) {
		const struct record *v = arg_at(call, i);
		bool outside = setting_of(v) == SETTING_CONFIGURED;
		if (outside && !a->source.n)
			a->source = source_of(v);
		else if (!outside && record_has(v, ARG_TEXT) && !a->secret.n)
			a->secret = text_of(v);
		else if (!outside && record_has(v, ARG_NUMBER) && !a->secret.n && !span_is(record_get_text(v, ARG_NAME), "length") &&
			 !span_is(record_get_text(v, ARG_NAME), "n")) {
			a->secret = constant_text(out, (uint64_t)v->v[ARG_NUMBER].i);
		}
	}
	a->equal = !record_has(call, FWC_RESULT) || call->v[FWC_RESULT].i == 0;
}

/* What a descriptor is stands in its text: "socket", "file /etc/x". */
static void of_write(struct acts *out, const struct record *call)
{
	static const char *const where[] = { "to", NULL };
	static const char *const formats[] = { "format", NULL };
	const struct record *format = arg_named(call, formats);
	if (format) {
		from_call(out, call, ACT_FORMAT)->source = source_of(format);
		return;
	}
	struct act *a = from_call(out, call, ACT_WRITE);
	const struct record *what = arg_named(call, sent_names);
	struct span to = text_of(arg_named(call, where));
	a->source = source_of(what);
	if (span_starts(to, SPAN_LIT("socket"))) {
		a->kind = ACT_SEND;
		a->path = text_of(what);
	} else if (span_starts(to, SPAN_LIT("file "))) {
		a->path = span_from(to, 5);
	}
}

/* Settings that stay, unlike those of the environment, are the configuration. */
static void of_setting(struct acts *out, const struct record *call)
{
	struct span callee = record_get_text(call, FWC_CALLEE);
	const struct record *value = arg_named(call, (const char *const[]){ "value", NULL });
	bool lasts = value && !span_starts(callee, SPAN_LIT("putenv")) && !span_has(callee, "setenv");
	struct act *a = from_call(out, call, lasts ? ACT_WRITE : ACT_CONFIG);
	struct span name = text_of(arg_text_at(call, 0));
	a->path = name;
	if (!lasts)
		return;
	a->path = span_str(arena_printf(out->arena, "setting:%.*s", (int)span_cut(name, 100).n, (const char *)name.p));
	a->source = source_of(value).n ? source_of(value) : source_in(name);
}

static void of_class(struct acts *out, const struct record *call, enum trace_class c)
{
	struct act *a;
	switch (c) {
	case CALL_RUN: of_run(out, call); return;
	case CALL_NETWORK: of_network(out, call); return;
	case CALL_MOUNT: of_mount(out, call); return;
	case CALL_FILE: of_file(out, call); return;
	case CALL_INTERFACE: of_interface(out, call); return;
	case CALL_COMPARE: of_compare(out, call); return;
	case CALL_SEND:
		a = from_call(out, call, ACT_SEND);
		take_address(a, call);
		if (span_has(a->name, "sendto") || span_has(a->name, "sendmsg"))
			a->transport = a->address.family ? "udp" : NULL;
		a->path = named_text(call, sent_names);          /* what is sent */
		return;
	case CALL_RECEIVE: from_call(out, call, ACT_RECEIVE); return;
	case CALL_RESOLVE:
		a = from_call(out, call, ACT_RESOLVE);
		a->host = named_text(call, host_names);
		a->source = source_in(a->host);
		return;
	case CALL_WRITE: of_write(out, call); return;
	case CALL_LOGIN: from_call(out, call, ACT_LOGIN); return;
	case CALL_CONFIG: of_setting(out, call); return;
	case CALL_CHECK: from_call(out, call, ACT_CHECK); return;
	case CALL_PROCESS:
	case CALL_QUIET:
	case CALL_COUNT_: break;
	}
	from_call(out, call, ACT_OTHER);
}

void acts_of_call(struct acts *out, const struct record *call)
{
	struct span name = record_get_text(call, FWC_CLASS);
	enum trace_class c = CALL_RUN;
	while (c < CALL_COUNT_ && !span_is(name, call_class_name(c)))
		c++;
	of_class(out, call, c);
}
