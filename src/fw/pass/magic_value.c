/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.magic-value: network input is compared with a constant, and only behind that comparison something
 * privileged happens, with no log-in on the way. Words of well-known protocols are no keys. */
#include "base/ascii.h"
#include "fw/pass/advice.h"
#include "fw/pass/privileged.h"

static const struct rule rule = {
	.id = "fw.magic-value",
	.title = "A fixed word in what the device receives opens a privileged function",
	.cause = "open door",
	.sees = "Bytes from the network (or of a web request) are compared with a constant of the image, and "
		"behind that comparison, on "
		"the same path and without a log-in, a program is run, a log-in service is opened, or device files "
		"or the "
		"configuration are written. A constant that was published for another device's hidden function "
		"counts even "
		"when nothing privileged was seen behind it.",
	.why = "Whoever knows the word, and it is the same in every device, gets in without a password. Such words "
	       "are found and "
	       "published sooner or later.",
	.wrong = "The word may be the name of a documented command whose permission is checked elsewhere, or a "
		 "protocol's own word that is "
		 "not in the list of known ones.",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_CLOSE_PORT, ADVICE_WATCH, ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T1205", "T0866", NULL },
	.cwe = { "CWE-912", "CWE-798", NULL },
};

static const struct {
	const char *text, *where;
} magics[] = {
#define MAGIC(t, w) { t, w },
#include "fw/pass/magics.def"
#undef MAGIC
};

/* Verbs and marks of documented protocols: HTTP, SMTP, FTP, SIP, RTSP, HL7, MLLP, DICOM, TLS, ELF and the like. */
static const char *const everyday[] = {
	"GET",	      "POST",	  "PUT",	"HEAD",	      "DELETE",
	"OPTIONS",    "CONNECT",  "PATCH",	"TRACE",      "HTTP",
	"Host",	      "Content-", "Connection", "Cookie",     "Authorization",
	"Basic",      "Digest",	  "User-Agent", "Accept",     "Referer",
	"Range",      "If-",	  "Transfer-",	"Upgrade",    "close",
	"keep-alive", "HELO",	  "EHLO",	"MAIL",	      "RCPT",
	"DATA",	      "QUIT",	  "USER",	"PASS",	      "LIST",
	"RETR",	      "STOR",	  "PORT",	"PASV",	      "TYPE",
	"CWD",	      "NOOP",	  "SYST",	"INVITE",     "REGISTER",
	"DESCRIBE",   "SETUP",	  "PLAY",	"TEARDOWN",   "MSH",
	"SSH-",	      "RIFF",	  "true",	"false",      "yes",
	"no",	      "on",	  "off",	"ok",	      "OK",
	"start",      "stop",	  "/",		"http",	      "..",
	"M-SEARCH",   "NOTIFY",	  "ping",	"exit",	      "quit",
	"help",	      "index",	  "0x0000000d", "0x0000000a", "0x00000020",
	"0x00000000", "octet",	  "netascii",
};

static const char *published(struct span t)
{
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (span_is(t, magics[i].text))
			return magics[i].where;
	return NULL;
}

/* Numbers that documents give their protocols, in either order of bytes: PPTP (RFC 2637 2.1), DHCP (RFC 2131 3), STUN
 * (RFC 8489 5), SMB 1, 2 and 3 ([MS-SMB], [MS-SMB2]), NBD (requests, replies). */
static const uint32_t marks[] = { 0x1a2b3c4d, 0x63825363, 0x2112a442, 0xff534d42, 0xfe534d42, 0xfd534d42, 0x25609513,
				  0x67446698 };

static bool is_mark(struct span t)
{
	uint64_t v = 0;
	for (size_t i = 2; i < t.n && i < 10; i++)
		v = v << 4 | (uint64_t)((t.p[i] & 15) + (t.p[i] > '9' ? 9 : 0));
	for (size_t i = 0; t.n == 10 && span_starts(t, SPAN_LIT("0x")) && i < ARRAY_LEN(marks); i++)
		if (v == marks[i] || v == __builtin_bswap32(marks[i]))
			return true;
	return false;
}

/* "application/pdf": what a content is, not who may send it (RFC 6838 4.2). */
static bool is_media_type(struct span t)
{
	static const char *const types[] = { "application/", "audio/", "font/",	 "image/", "message/",
					     "model/",	     "multipart/", "text/", "video/" };
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (t.n > strlen(types[i]) && strncasecmp((const char *)t.p, types[i], strlen(types[i])) == 0)
			return true;
	return false;
}

/* Numbers are told as 0x…: other bytes are what a static program's own strcmp() compares on its way, no word. */
static bool is_word(struct span t)
{
	enum { LEAST = 3, LEAST_NUMBER = 0x10000 };
	if (t.n < LEAST || !span_is_shown(t) || is_media_type(t) || is_mark(t))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(everyday); i++)
		if (t.n >= strlen(everyday[i]) && span_starts(t, span_str(everyday[i])) &&
		    (t.n <= strlen(everyday[i]) + 2 || everyday[i][0] > 'Z'))
			return false;
	if (t.p[t.n - 1] == ':' || span_has(t, ": "))    /* the name of a line of a head */
		return false;
	/* A small number is a type or a length, no key. */
	return !(span_starts(t, SPAN_LIT("0x0000")) && t.n == 10);
}

/* Put together with a number of this run alone: a time, a process, an address. */
static bool is_of_run(const struct act *a)
{
	enum { LONG = 5 };
	struct records args = a->call && record_has(a->call, FWC_ARGS) ? a->call->v[FWC_ARGS].records : (struct records){ 0 };
	for (uint32_t i = 0; i < args.n; i++) {
		const struct record *arg = args.v[i];
		struct records parts = record_has(arg, ARG_PARTS) ? arg->v[ARG_PARTS].records : (struct records){ 0 };
		for (uint32_t k = 0; k < parts.n; k++) {
			struct span text = record_get_text(parts.v[k], PART_TEXT);
			unsigned run = 0;
			for (size_t n = 0; n < text.n && run < LONG; n++)
				run = text.p[n] >= '0' && text.p[n] <= '9' ? run + 1 : 0;
			if (run == LONG && span_is(record_get_text(parts.v[k], PART_ORIGIN), "built"))
				return true;
		}
	}
	return false;
}

/* Which page of a web server's is asked for stands in its address, what a message of MQTT is about in its topic. */
static bool is_page(const struct act *a)
{
	if (span_is(a->source, "network:mqtt topic"))
		return true;
	static const char *const sources[] = { "getenv:PATH_INFO", "getenv:REQUEST_URI", "getenv:SCRIPT_NAME" };
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (span_is(a->source, sources[i]))
			return a->secret.n && a->secret.p[0] == '/';
	return false;
}

/* By what they call themselves, browsers are told from each other, and pages made for them. */
static bool is_agent(const struct act *a)
{
	static const char *const browsers[] = { "Mozilla", "MSIE",    "Chrome", "Firefox", "Safari", "Opera", "Trident", "Edg",
						"WebKit",  "Android", "iPhone", "Mobile",  "Windows", "Linux", "Mac" };
	for (size_t i = 0; i < ARRAY_LEN(browsers); i++)
		if (span_has_alike(a->secret, browsers[i]))
			return false;
	return span_is(a->source, "getenv:HTTP_USER_AGENT");
}

/* The name of a parameter, when what is done behind it is done with a part of the same request. */
static bool is_parameter(struct job *j, const struct act *a, const struct act *done)
{
	const struct acts *all = job_acts(j);
	bool web = span_has(a->source, "getenv:") || span_has(a->source, "stdin:cgi");
	web &= !is_agent(a);
	web |= source_is_reply(a->source);               /* names of what a server answers */
	for (size_t i = 0; web && done && i < all->n; i++)       /* on another path, when it may be empty on this */
		if (all->v[i].site == done->site && source_is_network(all->v[i].source))
			return true;
	return false;
}

static bool same_site(const struct act *a, const struct act *b)
{
	return a->site == b->site && a->call && b->call;
}

static bool holds(const struct route *r, int i)
{
	return r->equal ? r->equal[i] : r->v[i]->equal;
}

/* The privileged act that stands behind the comparison, when the comparison holds. */
static int opened(const struct route *r, int i)
{
	if (!holds(r, i))
		return -1;
	for (int k = i + 1; k < (int)r->n; k++) {
		if (r->v[k]->kind == ACT_LOGIN || r->v[k]->kind == ACT_CHECK)
			return -1;
		if (same_site(r->v[k], r->v[i]) && !holds(r, k))
			return -1;
		if (act_is_privileged(r->v[k]))
			return k;
	}
	return -1;
}

static void judge(struct job *j, const struct route *r, int i)
{
	const struct act *a = r->v[i];
	const char *where = published(a->secret);
	int k = route_has_login(r, i) ? -1 : opened(r, i), bound = route_before(r, i, ACT_BIND);
	bool local = bound >= 0 && source_is_local(a->source);
	if (!local && !source_is_network(a->source))
		return;
	if (!where && (!is_word(a->secret) || is_page(a) || is_of_run(a) || k < 0))
		return;
	if ((bound >= 0 && !route_is_reached(r, r->v[bound])) || (!where && is_parameter(j, a, k >= 0 ? r->v[k] : NULL)))
		return;
	struct finding *f = job_finding(j, &rule, r->index, "%.*s", (int)span_cut(a->secret, 90).n, (const char *)a->secret.p);
	bool kept = k >= 0 && route_assumes_login(r, k);
	enum severity s = k < 0 ? SEV_MEDIUM : where ? SEV_CRITICAL : kept ? SEV_LOW : SEV_HIGH;
	if (!f || !job_judge(j, f, s, where ? 0.9 : kept ? 0.4 : 0.75))
		return;
	const struct act *steps[4] = { 0 };
	unsigned n = 0;
	if (bound >= 0)
		steps[n++] = r->v[bound];
	steps[n++] = a;
	if (k >= 0)
		steps[n++] = r->v[k];
	f->title = job_text(j, "%s compares %.*s with \"%.*s\"%s%s%s", r->file->path, (int)span_cut(a->source, 60).n,
			    (const char *)a->source.p, (int)span_cut(a->secret, 60).n, (const char *)a->secret.p,
			    k >= 0 ? " and then " : "", k >= 0 ? "does something privileged without a log-in" : "",
			    where ? "; the word is published" : "");
	if (bound >= 0) {
		job_observe(j, f, r->v[bound]);
		if (r->v[bound]->port)
			record_uint(f->observed, OBS_LISTENER, r->v[bound]->port);
	}
	record_str(f->observed, OBS_MAGIC, job_text(j, "%.*s", (int)span_cut(a->secret, 200).n, (const char *)a->secret.p));
	if (where)
		record_str(f->observed, OBS_INDICATOR, where);
	job_chain(j, f, steps);
}

static void route(struct job *j, const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->v[i]->kind == ACT_COMPARE && r->v[i]->secret.n)
			judge(j, r, (int)i);
}

const struct pass pass_magic_value = { .rule = &rule, .route = route };
