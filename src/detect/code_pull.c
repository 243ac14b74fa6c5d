/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.code-pull: a program, script, archive or file system was delivered to a medical device, or from
 * outside the site to any device by a protocol that checks nothing. A finding a file. Files of devices
 * that nobody knows yet are kept, the latest few, and judged again. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/fetch.h"

enum want_index { PATH = FETCH_WANTS, CLASS, BYTES, SIZE, WHOLE, SHA256, WANTS };

static const struct want wants[] = {
	FETCH_WANT,
	[PATH] = { "transfer", "path" },
	[CLASS] = { "transfer", "class" },
	[BYTES] = { "transfer", "bytes" },
	[SIZE] = { "transfer", "size" },
	[WHOLE] = { "transfer", "whole" },
	[SHA256] = { "transfer", "sha256" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.code-pull",
	.title = "A program was delivered to a device over the network without any check",
	.cause = "outside party",
	.sees = "A file whose first bytes are those of a program, a script, an archive, a file system or firmware, on "
		"its way into a medical device by NFS, TFTP, FTP, plain HTTP or (no archive) as it is over TCP; from outside the "
		"site into any device by NFS, TFTP or FTP. With its SHA-256 when it was seen whole.",
	.why = "Programs that come this way are not signed and not protected on the way: whoever holds the other end, "
	       "or stands between, decides what the device runs while it is on a patient. Alarms and values may then "
	       "no longer be trusted.",
	.wrong = "An update that biomedical engineering itself started: enter its server as [update]. An archive may hold "
		 "settings or logs and no program. A file that is read is not yet a file that is run.",
	.next = { ADVICE_BEDSIDE,
		  "Compare the SHA-256 with the maker's; if nobody knows the file, let the device be examined before "
		  "it is used on a patient again.",
		  ADVICE_BLOCK, ADVICE_EVIDENCE, ADVICE_MAKER, NULL },
	.attack = { "T1105", "T0857", "T0839", NULL },
	.cwe = { "CWE-494", "CWE-345", NULL },
	.advisories = { "ICSMA-25-030-01", "ICSMA-19-255-01", "ICSMA-18-058-01", NULL },
	.references = { "https://www.cisa.gov/news-events/ics-medical-advisories/icsma-25-030-01", NULL },
};

static const char *const next_inside[] = {
	"Ask biomedical engineering whether it installed this file on the device, and who may write on that server.",
	ADVICE_REGISTER,
	ADVICE_EVIDENCE,
	NULL,
};

enum { WAITING = 128, VIA_KEPT = 15, PATH_KEPT = 255, CLASS_KEPT = 63, KEY_PATH = 40, SHA256_BYTES = 32 };

struct facts {
	struct fetch fetch;
	char via[VIA_KEPT + 1], path[PATH_KEPT + 1], class[CLASS_KEPT + 1];
	uint64_t bytes, size;
	uint8_t sha256[SHA256_BYTES];
	bool hashed, whole, taken;
};

struct state {
	struct facts waiting[WAITING];           /* a ring */
	unsigned next;
};

static void keep(char *out, size_t room, struct span s)
{
	s = span_cut(s, room - 1);
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
}

static void read_facts(const struct run *d, const struct record *r, struct facts *x)
{
	keep(x->via, sizeof(x->via), record_get_text(r, (unsigned)d->col[FETCH_FILE_VIA]));
	keep(x->path, sizeof(x->path), record_get_text(r, (unsigned)d->col[PATH]));
	keep(x->class, sizeof(x->class), record_get_text(r, (unsigned)d->col[CLASS]));
	x->bytes = record_get_uint(r, (unsigned)d->col[BYTES]);
	x->size = record_get_uint(r, (unsigned)d->col[SIZE]);
	x->whole = record_get_uint(r, (unsigned)d->col[WHOLE]) != 0;
	x->hashed = record_has(r, (unsigned)d->col[SHA256]);
	if (x->hashed)
		memcpy(x->sha256, r->v[d->col[SHA256]].hash, SHA256_BYTES);
	x->taken = true;
}

/* Runs as it is, or is what a device boots from. An archive may hold anything. */
static bool is_program(const struct facts *x)
{
	return !strstr(x->class, "archive") && !strstr(x->class, "package");
}

/* What a server among the medical devices fetches inside the site is told, but does not count for much. */
static bool counts(const struct run *d, const struct facts *x)
{
	const struct fetch *f = &x->fetch;
	if (fetch_counts(d, f))
		return true;
	return f->device != DEVICE_NONE && !fetch_is_outside(d, f) && device_is_medical(d->devices, f->device) &&
	       !detect_is_outside(d, f->own) && !detect_is_allowed(d, f->own, f->peer, f->port);
}

static const struct indicator *published(const struct run *d, const struct facts *x)
{
	return x->hashed ? detect_indicator_hash(d, x->sha256) : NULL;
}

static void promote(struct run *d, const struct facts *seen)
{
	char text[ADDR_TEXT];
	size_t n = strlen(seen->path);
	struct finding *f = detect_finding(d, seen->fetch.device, &seen->fetch.at, "%s %s %zu %s", seen->via,
					   addr_text(seen->fetch.peer, text), n,
					   seen->path + (n > KEY_PATH ? n - KEY_PATH : 0));
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (x && (!x->taken || (seen->whole && !x->whole)))
		*x = *seen;                      /* the same file again: what was seen whole says most */
}

static void on_transfer(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	struct facts x = { 0 };
	if (!fetch_file(d, r, &x.fetch) || x.fetch.device == DEVICE_NONE)
		return;
	read_facts(d, r, &x);
	if (counts(d, &x) || published(d, &x))
		promote(d, &x);
	else if (device_role(d->devices, x.fetch.device) == ROLE_UNKNOWN)
		s->waiting[s->next++ % WAITING] = x;
}

/* ---- judging ---- */

static enum severity weigh(const struct run *d, const struct facts *x)
{
	bool medical = device_is_medical(d->devices, x->fetch.device);
	bool ftp = strcmp(x->via, "ftp") == 0;
	if (detect_is_registered(d, REGISTERED_UPDATE, x->fetch.own, x->fetch.peer))
		return SEV_INFO;
	if (fetch_is_outside(d, &x->fetch)) {
		if (medical)
			return x->fetch.plain && is_program(x) ? SEV_CRITICAL : SEV_HIGH;
		if (device_role(d->devices, x->fetch.device) == ROLE_UNKNOWN)
			return ftp ? SEV_MEDIUM : SEV_HIGH;
		return ftp ? SEV_LOW : SEV_MEDIUM;
	}
	if (fetch_is_bedside(d, x->fetch.device))
		return zone_is_central(d->zones, x->fetch.peer, 0) ? SEV_LOW : SEV_MEDIUM;
	return is_program(x) ? SEV_LOW : SEV_INFO;
}

static void describe(struct run *d, struct finding *f, const struct facts *x, const struct indicator *known)
{
	record_str(f->observed, OBS_PROTOCOL, x->via);
	record_addr(f->observed, OBS_ADDRESS, x->fetch.peer);
	record_addr(f->observed, OBS_SOURCE, x->fetch.own);
	record_uint(f->observed, OBS_PORT, x->fetch.port);
	record_str(f->observed, OBS_PATH, x->path);
	record_str(f->observed, OBS_CONTENT, x->class);
	record_uint(f->observed, OBS_BYTES, x->bytes);
	if (x->hashed)
		record_hash(f->observed, OBS_SHA256, x->sha256);
	detect_list(f, OBS_TRAITS, x->whole ? "whole" : "in part");
	if (x->fetch.pushed)
		detect_list(f, OBS_TRAITS, "pushed to it");
	if (known)
		record_str(f->observed, OBS_INDICATOR, detect_text(d, "%s (%s)", known->name, known->source));
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	const struct indicator *known = published(d, x);
	bool outside = fetch_is_outside(d, &x->fetch);
	f->withdrawn = !known && !counts(d, x);
	detect_keep_scope(d, f, outside, &x->fetch.at);
	f->severity = known ? SEV_CRITICAL : weigh(d, x);
	f->confidence = (x->whole ? 0.95 : 0.85) * (is_program(x) ? 1 : 0.75);
	if (!outside)
		f->confidence *= detect_role_weight(d, f->device);
	f->next = outside || known ? NULL : next_inside;
	describe(d, f, x, known);
	f->title = detect_text(d, "%s %s %.80s (%s, %llu bytes) %s %s by %s%s%s",
			       detect_who(d, f->device, x->fetch.own),
			       x->fetch.pushed ? "was given" : "fetched", *x->path ? x->path : "a file", x->class,
			       (unsigned long long)x->bytes, x->fetch.pushed ? "by" : "from",
			       detect_where(d, x->fetch.peer, 0), x->via,
			       detect_whither(f->scope), known ? "; a file that was published as harmful" : "");
}

static void tick(struct run *d)
{
	struct state *s = d->state;
	for (unsigned i = 0; i < WAITING; i++) {
		struct facts *x = &s->waiting[i];
		if (!x->taken || !counts(d, x))
			continue;
		promote(d, x);
		x->taken = false;
	}
}

static const struct on on[] = { { "transfer", on_transfer }, { NULL, NULL } };

const struct detector detector_code_pull = {
	.name = "net.code-pull", .rule = &rule, .on = on, .wants = wants, .state_size = sizeof(struct state),
	.tick = tick, .finish = tick, .judge = judge,
};
