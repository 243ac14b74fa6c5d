/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.remote-mount: a device mounts a directory of another machine. Portmap, mount and NFS between the same
 * two are one finding. What a device is may be known only later, so pairs that are nothing yet are kept, a
 * bounded number, and judged again. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/fetch.h"

enum want_index {
	PORTMAP_MESSAGE = FETCH_WANTS, PORTMAP_NUMBER, MOUNT_PATH, MOUNT_STATUS, NFS_VERSION, NFS_PATH, NFS_STATUS,
	NFS_COUNT, WANTS
};

static const struct want wants[] = {
	FETCH_WANT,
	[PORTMAP_MESSAGE] = { "portmap", "message" },
	[PORTMAP_NUMBER] = { "portmap", "number" },
	[MOUNT_PATH] = { "mount", "path" },
	[MOUNT_STATUS] = { "mount", "status" },
	[NFS_VERSION] = { "nfs", "version" },
	[NFS_PATH] = { "nfs", "path" },
	[NFS_STATUS] = { "nfs", "status" },
	[NFS_COUNT] = { "nfs", "count" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.remote-mount",
	.title = "A device mounts a directory of another machine",
	.cause = "outside party",
	.sees = "SunRPC calls of a device as a client: the port mapper asked for the mount or NFS service, a mount of "
		"any path (answered or not), NFS traffic. From outside the site it counts for every device, inside "
		"only for devices at the patient (low where the other end is a server) and for shares that were "
		"published as harmful; NFS between servers and workstations of the site never. A neighbour of the same "
		"network is inside, whether it answers or not.",
	.why = "What a device mounts it can read as its own files, and devices are known that copy programs from "
	       "there over their own and run them. NFS has no protection: whoever holds that address decides what the "
	       "device reads, while it is on a patient.",
	.wrong = "An update by the maker's service, or a diskless device that is meant to start from a server of the "
		 "site: enter the server under [allow]. No lock traffic (trait nolock) is also what a client shows "
		 "that only reads. A network of the site that is not in the configuration looks as if it were outside.",
	.next = { ADVICE_BEDSIDE, ADVICE_BLOCK, ADVICE_REPLACE, ADVICE_MAKER, ADVICE_EVIDENCE, NULL },
	.attack = { "T1105", "T0867", "T0885", NULL },
	.cwe = { "CWE-494", "CWE-923", "CWE-912", NULL },
	.advisories = { "ICSMA-25-030-01", NULL },
	.references = { "https://www.cisa.gov/news-events/ics-medical-advisories/icsma-25-030-01", "RFC 1813", NULL },
};

static const char *const next_inside[] = {
	"Ask biomedical engineering whether this device is meant to read files from that server, and who may write "
	"there.",
	ADVICE_REGISTER,
	NULL,
};

enum { SETS = 64, WAYS = 4, PATH_KEPT = 255, PATHS = 4 };
enum { PROGRAM_NFS = 100003, PROGRAM_MOUNT = 100005, PROGRAM_NLM = 100021 };

enum step { ASKED_PORT, ASKED_MOUNT, MOUNTED, REFUSED, FIRST_NFS, FIRST_READ, WROTE, STEPS };

static const char *const step_notes[STEPS] = {
	[ASKED_PORT] = "asks the port mapper for the file service",
	[ASKED_MOUNT] = "asks to mount the directory",
	[MOUNTED] = "the server gives the directory",
	[REFUSED] = "the server refuses",
	[FIRST_NFS] = "first call to the file system",
	[FIRST_READ] = "first bytes of a file come back",
	[WROTE] = "the device writes a file there",
};

struct facts {
	struct fetch fetch;
	uint64_t last, mounts, read;
	char paths[PATHS][PATH_KEPT + 1];
	unsigned npaths;
	uint16_t seen;                           /* bit: a step */
	bool guessed;                            /* paths[0] is of a file, the mount itself was not seen */
	bool answered, locks, v4, told_nolock;
	const struct indicator *published;       /* one of the paths, at that address */
	struct origin steps[STEPS];
};

/* What is known of two, until it is a finding; then where the finding has it. */
struct pair {
	uint64_t touched;                        /* 0: free */
	uint32_t device;
	struct addr peer;
	struct facts *own;
	struct facts facts;
};

struct state {
	uint64_t clock;
	struct pair pairs[SETS][WAYS];           /* of a set the least recently touched goes */
};

static bool has(const struct facts *x, enum step s)
{
	return x->seen >> s & 1;
}

static struct facts *promote(struct run *d, const struct facts *seen)
{
	char text[ADDR_TEXT];
	addr_text(seen->fetch.peer, text);
	struct finding *f = detect_finding(d, seen->fetch.device, &seen->fetch.at, "%s", text);
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (x && !x->seen)
		*x = *seen;
	return x;
}

static struct pair *set_of(const struct run *d, uint32_t device, struct addr peer)
{
	struct state *s = d->state;
	struct rd low = rd_of(span_of(peer.b + 8, 8));
	return s->pairs[(rd_be64(&low) ^ device) * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (SETS - 1)];
}

static struct pair *pair_find(const struct run *d, uint32_t device, struct addr peer)
{
	struct pair *set = set_of(d, device, peer);
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].touched && set[i].device == device && addr_eq(set[i].peer, peer))
			return &set[i];
	return NULL;
}

static struct pair *pair_open(const struct run *d, uint32_t device, struct addr peer)
{
	struct pair *set = set_of(d, device, peer), *oldest = set;
	for (unsigned i = 1; i < WAYS; i++)
		if (set[i].touched < oldest->touched)
			oldest = &set[i];
	*oldest = (struct pair){ .device = device, .peer = peer };
	return oldest;
}

static struct facts *known(struct run *d, uint32_t device, struct addr peer)
{
	char text[ADDR_TEXT];
	struct pair *p = device ? pair_find(d, device, peer) : NULL;
	if (p) {
		p->touched = ++((struct state *)d->state)->clock;
		return p->own ? p->own : &p->facts;
	}
	struct finding *f = device ? detect_find(d, device, "%s", addr_text(peer, text)) : NULL;
	return f ? f->own : NULL;
}

/* The notes on this device and server, as a finding as soon as it is one. */
static struct facts *opened(struct run *d, const struct fetch *f)
{
	if (f->device == DEVICE_NONE || mac_is_group(f->at.dmac))
		return NULL;
	struct facts *x = known(d, f->device, f->peer);
	if (!x) {
		struct pair *p = pair_open(d, f->device, f->peer);
		p->touched = ++((struct state *)d->state)->clock;
		x = &p->facts;
		x->fetch = *f;
	}
	x->last = f->at.ts > x->last ? f->at.ts : x->last;
	return x;
}

static void take_step(struct facts *x, enum step s, const struct origin *at)
{
	if (has(x, s))
		return;
	x->seen |= (uint16_t)(1u << s);
	x->steps[s] = *at;
}

static void keep_path(const struct run *d, struct facts *x, struct span path, bool guess)
{
	char text[PATH_KEPT + 1];
	path = span_cut(path, PATH_KEPT);
	if (!path.n || (guess && x->npaths))
		return;
	memcpy(text, path.p, path.n);
	text[path.n] = '\0';
	if (x->guessed && !guess)
		x->npaths = 0;
	for (unsigned i = 0; i < x->npaths; i++)
		if (strcmp(x->paths[i], text) == 0)
			return;
	x->guessed = guess;
	const struct indicator *published = guess ? NULL : detect_indicator_path(d, x->fetch.peer, span_str(text));
	if (x->npaths == PATHS && !published)
		return;
	unsigned at = x->npaths < PATHS ? x->npaths++ : PATHS - 1;
	if (published && !x->published && at) {  /* that one is told first */
		memcpy(x->paths[at], x->paths[0], sizeof(x->paths[0]));
		at = 0;
	}
	x->published = published ? published : x->published;
	memcpy(x->paths[at], text, path.n + 1);
}

/* A reply: its receiver is who asked. */
static struct facts *answered(struct run *d, const struct origin *at)
{
	struct facts *x = known(d, detect_receiver(d, at), at->src);
	if (x) {
		x->answered = true;
		x->last = at->ts > x->last ? at->ts : x->last;
	}
	return x;
}

static void on_portmap(struct run *d, const struct record *r)
{
	uint64_t number = record_get_uint(r, (unsigned)d->col[PORTMAP_NUMBER]);
	if (!span_is(record_get_text(r, (unsigned)d->col[PORTMAP_MESSAGE]), "call")) {
		answered(d, r->at);
		return;
	}
	struct fetch f = { .kind = FETCH_MOUNT, .device = detect_sender(d, r->at), .own = r->at->src,
			   .peer = r->at->dst, .port = r->at->dport, .plain = true, .at = *r->at };
	bool wanted = number == PROGRAM_NFS || number == PROGRAM_MOUNT;
	struct facts *x = wanted ? opened(d, &f) : known(d, f.device, f.peer);
	if (x && wanted)
		take_step(x, ASKED_PORT, r->at);
	if (x && number == PROGRAM_NLM)
		x->locks = true;
}

static void on_mount(struct run *d, const struct record *r)
{
	struct fetch f;
	struct span path = record_get_text(r, (unsigned)d->col[MOUNT_PATH]);
	bool call = span_is(record_get_text(r, (unsigned)d->col[FETCH_MOUNT_MESSAGE]), "call");
	struct facts *x = NULL;
	if (call && fetch_mount(d, r, &f) && (x = opened(d, &f))) {
		x->mounts++;
		x->fetch.port = has(x, FIRST_NFS) ? x->fetch.port : f.port;
		take_step(x, ASKED_MOUNT, r->at);
		keep_path(d, x, path, false);
	} else if (!call && (x = answered(d, r->at)) &&
		   span_is(record_get_text(r, (unsigned)d->col[FETCH_MOUNT_PROCEDURE]), "MNT")) {
		bool ok = span_is(record_get_text(r, (unsigned)d->col[MOUNT_STATUS]), "ok");
		take_step(x, ok ? MOUNTED : REFUSED, r->at);
		keep_path(d, x, path, false);
	}
}

static void on_nfs(struct run *d, const struct record *r)
{
	struct fetch f;
	struct span procedure = record_get_text(r, (unsigned)d->col[FETCH_NFS_PROCEDURE]);
	struct facts *x;
	if (fetch_nfs(d, r, &f) && (x = opened(d, &f))) {
		x->fetch.port = f.port;
		x->v4 |= record_get_uint(r, (unsigned)d->col[NFS_VERSION]) >= 4;
		take_step(x, FIRST_NFS, r->at);
		if (span_is(procedure, "WRITE"))
			take_step(x, WROTE, r->at);
		keep_path(d, x, record_get_text(r, (unsigned)d->col[NFS_PATH]), true);
		return;
	}
	bool reply = span_is(record_get_text(r, (unsigned)d->col[FETCH_NFS_MESSAGE]), "reply");
	if (!reply || !(x = answered(d, r->at)) || !span_is(procedure, "READ") ||
	    !span_is(record_get_text(r, (unsigned)d->col[NFS_STATUS]), "ok"))
		return;
	x->read += record_get_uint(r, (unsigned)d->col[NFS_COUNT]);
	take_step(x, FIRST_READ, r->at);
}

/* Lock manager or status monitor, from either side: the mount was made with locks. */
static void on_nlm(struct run *d, const struct record *r)
{
	struct facts *x = known(d, detect_sender(d, r->at), r->at->dst);
	if (!x)
		x = known(d, detect_receiver(d, r->at), r->at->src);
	if (x)
		x->locks = true;
}

/* ---- judging ---- */

static bool is_used(const struct facts *x)
{
	return has(x, MOUNTED) || x->read || (has(x, FIRST_NFS) && x->answered);
}

static enum severity weigh(const struct run *d, const struct facts *x, bool outside)
{
	uint32_t device = x->fetch.device;
	if (outside && device_is_medical(d->devices, device))
		return is_used(x) ? SEV_CRITICAL : SEV_HIGH;
	if (outside && device_role(d->devices, device) == ROLE_UNKNOWN)
		return is_used(x) ? SEV_HIGH : SEV_MEDIUM;
	if (outside)
		return is_used(x) ? SEV_MEDIUM : SEV_LOW;
	uint32_t server = device_by_addr(d->devices, x->fetch.peer);
	enum device_role role = server ? device_role(d->devices, server) : ROLE_UNKNOWN;
	bool own_server = role == ROLE_SERVER || role == ROLE_CENTRAL || role == ROLE_PACS || role == ROLE_HL7_ENGINE ||
			  zone_is_central(d->zones, x->fetch.peer, 0);
	return is_used(x) && (!own_server || x->published) ? SEV_MEDIUM : SEV_LOW;
}

static double sureness(const struct run *d, const struct facts *x, bool outside)
{
	double sure = is_used(x) ? 0.95 : has(x, ASKED_MOUNT) || has(x, FIRST_NFS) ? 0.85 : 0.6;
	if (outside || x->published)
		return sure;
	return sure * detect_role_weight(d, x->fetch.device);
}

static void list_traits(struct finding *f, struct facts *x)
{
	bool nolock = is_used(x) && !x->locks && !x->v4;
	if (x->told_nolock && !nolock)           /* locks came later: the list is made anew */
		f->observed->set &= ~(UINT64_C(1) << OBS_TRAITS);
	x->told_nolock = nolock;
	if (has(x, ASKED_PORT))
		detect_list(f, OBS_TRAITS, "portmap");
	if (nolock)
		detect_list(f, OBS_TRAITS, "nolock");
	if (x->answered)
		detect_list(f, OBS_TRAITS, "answered");
	if (has(x, WROTE))
		detect_list(f, OBS_TRAITS, "written");
}

static void describe(struct run *d, struct finding *f, struct facts *x)
{
	record_str(f->observed, OBS_PROTOCOL, "nfs");
	record_addr(f->observed, OBS_ADDRESS, x->fetch.peer);
	record_addr(f->observed, OBS_SOURCE, x->fetch.own);
	record_uint(f->observed, OBS_PORT, x->fetch.port);
	record_bool(f->observed, OBS_ANSWERED, x->answered);
	if (x->read)
		record_uint(f->observed, OBS_BYTES, x->read);
	if (x->npaths)
		record_str(f->observed, OBS_PATH, x->paths[0]);
	for (unsigned i = 1; i < x->npaths; i++)
		detect_list(f, OBS_EXTRA, x->paths[i]);
	list_traits(f, x);
	detect_foretold(f, x->published);
	if (x->published)
		record_str(f->observed, OBS_INDICATOR,
			   detect_text(d, "%s (%s)", x->published->name, x->published->source));
	for (unsigned i = 0; i < STEPS; i++)
		if (has(x, (enum step)i))
			detect_note(f, &x->steps[i], step_notes[i]);
}

static const char *title(struct run *d, const struct finding *f, const struct facts *x)
{
	const char *who = detect_who(d, f->device, x->fetch.own), *where = detect_where(d, x->fetch.peer, 0);
	const char *what = x->npaths && !x->guessed ? x->paths[0] : "a directory", *whither = detect_whither(f->scope);
	if (x->read)
		return detect_text(d, "%s mounted %.80s of %s%s, and read %llu bytes from it", who, what, where,
				   whither, (unsigned long long)x->read);
	if (is_used(x))
		return detect_text(d, "%s mounted %.80s of %s%s", who, what, where, whither);
	if (has(x, ASKED_MOUNT) || has(x, FIRST_NFS))
		return detect_text(d, "%s tried to mount %.80s of %s%s; %s", who, what, where, whither,
				   has(x, REFUSED) ? "it was refused" : x->answered ? "it was not given"
				   : "nobody answered");
	return detect_text(d, "%s asked %s%s for its file service; %s", who, where, whither,
			   x->answered ? "it was answered" : "nobody answered");
}

/* A share that was published as harmful counts wherever it stands and whoever mounts it. */
static bool counts(const struct run *d, const struct facts *x)
{
	return fetch_counts(d, &x->fetch) || (x->published && !detect_is_outside(d, x->fetch.own));
}

static void judge(struct run *d, struct finding *f)
{
	struct facts *x = f->own;
	f->withdrawn = !counts(d, x);
	if (f->withdrawn)
		return;
	bool outside = fetch_is_outside(d, &x->fetch) || (x->published && detect_is_outside(d, x->fetch.peer));
	detect_keep_scope(d, f, outside, &x->fetch.at);
	f->severity = weigh(d, x, outside);
	f->confidence = sureness(d, x, outside);
	f->next = outside ? NULL : next_inside;
	f->count = x->mounts ? x->mounts : 1;
	f->last = x->last > f->last ? x->last : f->last;
	describe(d, f, x);
	f->title = title(d, f, x);
}

static void tick(struct run *d)
{
	struct state *s = d->state;
	for (unsigned i = 0; i < SETS * WAYS; i++) {
		struct pair *p = &s->pairs[i / WAYS][i % WAYS];
		if (p->touched && !p->own && counts(d, &p->facts))
			p->own = promote(d, &p->facts);
	}
}

static const struct on on[] = {
	{ "portmap", on_portmap }, { "mount", on_mount }, { "nfs", on_nfs }, { "nlm", on_nlm }, { NULL, NULL },
};

const struct detector detector_remote_mount = {
	.name = "net.remote-mount", .rule = &rule, .on = on, .wants = wants, .state_size = sizeof(struct state),
	.tick = tick, .finish = tick, .judge = judge,
};
