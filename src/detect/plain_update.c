/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.plain-update: a medical device looks for updates, or gets them, by plain HTTP: known by the name that is asked
 * for and by the first bytes of what comes. FTP, TFTP and NFS are net.code-pull's. */
#include "base/ascii.h"
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/fetch.h"

enum want_index { HTTP_EVENT = FETCH_WANTS, HTTP_METHOD, HTTP_HOST, HTTP_PATH, FILE_PATH, FILE_CLASS, FILE_BYTES,
	WANTS };

static const struct want wants[] = {
	FETCH_WANT,
	[HTTP_EVENT] = { "http", "event" },
	[HTTP_METHOD] = { "http", "method" },
	[HTTP_HOST] = { "http", "host" },
	[HTTP_PATH] = { "http", "path" },
	[FILE_PATH] = { "transfer", "path" },
	[FILE_CLASS] = { "transfer", "class" },
	[FILE_BYTES] = { "transfer", "bytes" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.plain-update",
	.title = "A medical device gets its updates by plain HTTP",
	.cause = "plain update",
	.sees = "A medical device that asks a web server, outside any tunnel, for something that is an update by its name "
		"(folder or file of firmware, update, upgrade; endings of images, packages and programs), that is sent a "
		"program, archive or image by HTTP, or to whose own web page such a thing is posted.",
	.why = "Whoever stands on the way, or answers in place of the server, can give the device another program. Makers "
	       "have had to switch whole update networks off for it, as devices went on without their tunnel.",
	.wrong = "The file may be signed and checked by the device, which is not seen here; it may be a manual or settings. A "
		 "server inside the site may be wanted: enter it as [update]. Names that do not say update are only noticed "
		 "when what comes is a program.",
	.next = { "Ask the maker whether updates are signed and checked by the device, and whether TLS or a tunnel is meant "
		  "to be used.",
		  "Let biomedical engineering install updates by hand until that is answered, and block the address at the "
		  "firewall.", ADVICE_EVIDENCE, ADVICE_MAKER, NULL },
	.attack = { "T1195.002", "T0857", "T1557", NULL },
	.cwe = { "CWE-494", "CWE-319", "CWE-923", NULL },
	.advisories = { "ICSMA-18-058-01", "ICSMA-24-319-01", NULL },
	.references = { "https://www.cisa.gov/news-events/ics-medical-advisories/icsma-18-058-01", NULL },
};

enum { ROWS = 512, PATH_KEPT = 95, HOST_KEPT = 63, CLASS_KEPT = 47 };

struct row {
	uint32_t device;                         /* DEVICE_NONE: free */
	struct addr own, peer;
	uint16_t port;
	bool pushed;                             /* to the device's own web page */
	bool file;                               /* something that could be a program was seen on its way */
	unsigned asked;
	uint64_t bytes, touched;
	char path[PATH_KEPT + 1], host[HOST_KEPT + 1], class[CLASS_KEPT + 1];
	struct origin first;
	struct finding *f;
};

struct state {
	struct row rows[ROWS];
};

/* ---- names ---- */

/* As a word of its own, or with digits and marks behind it: /firmware/, fw-2.bin, autoupdate.php. */
static bool has_word(struct span path, const char *const *words)
{
	for (; *words; words++)
		for (size_t at = 0; at < path.n; at++) {
			size_t end = at + strlen(*words);
			if (span_alike_at(path, at, *words) && (at == 0 || !ascii_is_letter(path.p[at - 1])) &&
			    (end == path.n || !ascii_is_letter(path.p[end])))
				return true;
		}
	return false;
}

static bool has_ending(struct span path, const char *const *endings)
{
	for (; *endings; endings++)
		if (path.n > strlen(*endings) && span_alike_at(path, path.n - strlen(*endings), *endings))
			return true;
	return false;
}

/* A page that updates itself (update.js, updates.rss) is none. */
static bool names_an_update(struct span path)
{
	static const char *const words[] = {
		"firmware", "fw", "fwupdate", "fwupgrade", "swupdate", "swupgrade", "update", "updates", "autoupdate", "upgrade",
		"upgrades", "sysupgrade", "fota", "ota", "softwareupdate", NULL,
	};
	static const char *const images[] = {
		".fw", ".upd", ".swu", ".ipk", ".opk", ".rpm", ".deb", ".cramfs", ".squashfs", ".sqfs", ".jffs2", ".ubi", ".ubifs",
		".uimage", ".trx", ".chk", ".dfu", ".ota", ".mender", ".raucb", ".hex", ".rom", ".apk", ".elf", NULL,
	};
	static const char *const pages[] = {
		".js", ".css", ".png", ".gif", ".jpg", ".jpeg", ".svg", ".ico", ".woff", ".woff2", ".html", ".htm", ".rss", ".pdf",
		NULL,
	};
	if (has_ending(path, pages))
		return false;
	return has_ending(path, images) || has_word(path, words);
}

/* ---- rows ---- */

static bool may_count(const struct run *d, const struct row *row)
{
	bool outside = detect_is_outside(d, row->peer);
	if (row->device == DEVICE_NONE || !device_is_medical(d->devices, row->device) || detect_is_outside(d, row->own))
		return false;
	if (detect_is_registered(d, REGISTERED_UPDATE, row->own, row->peer) ||
	    (outside && detect_is_allowed(d, row->own, row->peer, row->port)))
		return false;
	return outside || fetch_is_bedside(d, row->device);
}

static void promote(struct run *d, struct row *row)
{
	char text[ADDR_TEXT];
	if (row->f || !may_count(d, row))
		return;
	row->f = detect_finding(d, row->device, &row->first, "%s%s", row->pushed ? "pushed " : "", addr_text(row->peer, text));
	if (row->f)
		row->f->own = row;
}

static struct row *row_of(struct run *d, const struct row *key)
{
	struct state *s = d->state;
	struct row *best = NULL;
	for (unsigned i = 0; i < ROWS; i++) {
		struct row *row = &s->rows[i];
		if (row->device == key->device && addr_eq(row->peer, key->peer) && row->pushed == key->pushed)
			return row;
		if (!row->f && (!best || row->touched < best->touched))
			best = row;
	}
	if (!best || best->device != DEVICE_NONE)
		detect_dropped(d);
	if (best)
		*best = *key;
	return best;
}

static void keep(char *out, size_t room, struct span s)
{
	s = span_cut(s, room - 1);
	for (size_t i = 0; i < s.n; i++)
		out[i] = s.p[i] >= ' ' && s.p[i] < 0x7f ? (char)s.p[i] : '?';
	out[s.n] = '\0';
}

static struct row *saw(struct run *d, const struct row *key, struct span path)
{
	struct row *row = key->device == DEVICE_NONE ? NULL : row_of(d, key);
	if (!row)
		return NULL;
	if (!row->path[0])
		keep(row->path, sizeof(row->path), path);
	row->touched = key->first.ts;
	if (row->f)
		detect_again(d, row->f, &key->first);
	return row;
}

static void on_http(struct run *d, const struct record *r)
{
	struct span path = record_get_text(r, (unsigned)d->col[HTTP_PATH]);
	struct span method = record_get_text(r, (unsigned)d->col[HTTP_METHOD]);
	if (!r->at || !r->at->to_server || !span_is(record_get_text(r, (unsigned)d->col[HTTP_EVENT]), "request") ||
	    !names_an_update(path))
		return;
	bool gives = span_is(method, "POST") || span_is(method, "PUT");
	struct row key = { .device = detect_sender(d, r->at), .own = r->at->src, .peer = r->at->dst,
			   .port = r->at->dport, .first = *r->at };
	uint32_t server = gives ? detect_receiver(d, r->at) : DEVICE_NONE;
	if (server != DEVICE_NONE && device_is_medical(d->devices, server))
		key = (struct row){ .device = server, .own = r->at->dst, .peer = r->at->src, .port = r->at->dport,
				    .pushed = true, .first = *r->at };
	struct row *row = saw(d, &key, path);
	if (!row)
		return;
	row->asked++;
	if (!row->host[0])
		keep(row->host, sizeof(row->host), record_get_text(r, (unsigned)d->col[HTTP_HOST]));
	promote(d, row);
}

static void on_transfer(struct run *d, const struct record *r)
{
	struct fetch f;
	if (!span_is(record_get_text(r, (unsigned)d->col[FETCH_FILE_VIA]), "http") || !fetch_file(d, r, &f))
		return;
	struct row key = { .device = f.device, .own = f.own, .peer = f.peer, .port = f.port, .pushed = f.pushed,
			   .first = f.at };
	struct row *row = saw(d, &key, record_get_text(r, (unsigned)d->col[FILE_PATH]));
	if (!row)
		return;
	row->file = true;
	row->bytes += record_get_uint(r, (unsigned)d->col[FILE_BYTES]);
	keep(row->class, sizeof(row->class), record_get_text(r, (unsigned)d->col[FILE_CLASS]));
	promote(d, row);
}

/* ---- judging ---- */

static enum severity weigh(const struct run *d, const struct row *row)
{
	if (detect_is_outside(d, row->peer))
		return row->file ? SEV_HIGH : SEV_MEDIUM;
	return row->file ? SEV_LOW : SEV_INFO;
}

static void judge(struct run *d, struct finding *f)
{
	const struct row *row = f->own;
	bool outside = detect_is_outside(d, row->peer);
	f->withdrawn = !may_count(d, row);
	detect_keep_scope(d, f, outside, &row->first);
	f->severity = weigh(d, row);
	f->confidence = (row->file ? 0.9 : 0.7) * detect_role_weight(d, f->device);
	record_addr(f->observed, OBS_SOURCE, row->own);
	record_addr(f->observed, OBS_ADDRESS, row->peer);
	record_uint(f->observed, OBS_PORT, row->port);
	record_str(f->observed, OBS_PROTOCOL, "http");
	record_str(f->observed, OBS_PATH, row->path);
	record_str(f->observed, OBS_HOST, row->host);
	if (row->file) {
		record_str(f->observed, OBS_CONTENT, row->class);
		record_uint(f->observed, OBS_BYTES, row->bytes);
	}
	detect_list(f, OBS_TRAITS, row->file ? "file came" : "asked for");
	if (row->pushed)
		detect_list(f, OBS_TRAITS, "pushed to it");
	f->title = detect_text(d, "%s %s by plain HTTP %s %s (%s)%s", detect_who(d, f->device, row->own),
			       row->pushed ? "was given an update" : row->file ? "fetched an update" : "asked for updates",
			       row->pushed ? "by" : row->file ? "from" : "at", detect_where(d, row->peer, 0),
			       row->path[0] ? row->path : "/", detect_whither(f->scope));
}

static void finish(struct run *d)
{
	struct state *s = d->state;
	for (unsigned i = 0; i < ROWS; i++)
		promote(d, &s->rows[i]);
}

static const struct on on[] = { { "http", on_http }, { "transfer", on_transfer }, { NULL, NULL } };

const struct detector detector_plain_update = {
	.name = "net.plain-update", .rule = &rule, .on = on, .wants = wants, .state_size = sizeof(struct state),
	.finish = finish, .judge = judge,
};
