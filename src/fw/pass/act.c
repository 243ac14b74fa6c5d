/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all acts share: who decides a value, what a source is by its name, where a destination is. */
#include "fw/pass/act.h"

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
	static const char *const named[] = { "file:", "config:", "command:", "option ", "argument ", "number of " };
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
					       "bluetoothctl", "wlanconfig", "iwconfig", "blkid" };
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (span_has(source, sources[i]))
			return true;
	return false;
}

bool source_is_strangers(struct span source)
{
	return source_is_network(source) || source_is_radio(source);
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

bool act_is_secure(const struct act *a)
{
	static const char *const secure[] = { "https", "ssh", "sftp", "ftps" };
	for (size_t i = 0; a->protocol && !a->unproven && i < ARRAY_LEN(secure); i++)
		if (strcmp(a->protocol, secure[i]) == 0)
			return true;
	return false;
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

/* At least one dot and a letter, or a plain word. */
bool act_is_host(struct span s)
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
		if (!act_is_host(s))
			return false;
		a->host = s;
	}
	a->setting = a->setting == SETTING_DEFAULT ? a->setting : SETTING_CONSTANT;
	return true;
}

/* 24.0.0.0 is a net, no host: a small number that stood where an address goes. */
static bool is_net(struct addr a)
{
	return a.family == 4 && !a.b[13] && !a.b[14] && !a.b[15];
}

enum reach act_reach(const struct act *a)
{
	if (a->setting != SETTING_CONSTANT && a->setting != SETTING_DEFAULT)
		return REACH_NONE;
	if (!a->address.family) {
		struct span h = a->host;
		bool local = span_is(h, "localhost") || !memchr(h.p ? (const char *)h.p : "", '.', h.n) ||
			     (h.n > 6 && span_is(span_from(h, h.n - 6), ".local")) || (h.n > 4 && span_is(span_from(h, h.n - 4), ".lan"));
		return h.n && text_is_known(h) ? (local ? REACH_LOCAL : REACH_NAME) : REACH_NONE;
	}
	if (is_net(a->address))
		return REACH_NONE;
	switch (addr_class(a->address)) {
	case ADDR_PUBLIC:
	case ADDR_DOCUMENTATION: return REACH_PUBLIC;
	case ADDR_PRIVATE:
	case ADDR_SHARED:
	case ADDR_LINK_LOCAL: return REACH_LOCAL;
	case ADDR_NONE:
	case ADDR_LOOPBACK:
	case ADDR_MULTICAST:
	case ADDR_BROADCAST:
	case ADDR_RESERVED: break;
	}
	return REACH_NONE;
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
