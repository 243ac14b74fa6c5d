/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.after-pull: what changed on a device within minutes after it mounted or fetched something: a port
 * that never answered before, or a destination outside that it never had. All is kept with its time and
 * judged later, because a file is told when it ends and a device's role when it shows. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/fetch.h"

enum want_index {
	CONTACT_OPENING = FETCH_WANTS, FLOW_PROTOCOL_COL, FLOW_CLASS_COL, FLOW_SENT, FLOW_ANSWERED, FLOW_BYTES_UP,
	FLOW_BYTES_DOWN, FTP_ADDRESS, FTP_PORT, WANTS
};

static const struct want wants[] = {
	FETCH_WANT,
	[CONTACT_OPENING] = { "contact", "opening" },
	[FLOW_PROTOCOL_COL] = { "flow", "protocol" },
	[FLOW_CLASS_COL] = { "flow", "class" },
	[FLOW_SENT] = { "flow", "packets_to_server" },
	[FLOW_ANSWERED] = { "flow", "packets_to_client" },
	[FLOW_BYTES_UP] = { "flow", "bytes_to_server" },
	[FLOW_BYTES_DOWN] = { "flow", "bytes_to_client" },
	[FTP_ADDRESS] = { "ftp", "address" },
	[FTP_PORT] = { "ftp", "port" },
	[WANTS] = { NULL, NULL },
};

enum option { WITHIN };

static const struct option_num options[] = {
	[WITHIN] = { "within", "how long after a mount or download a change follows it", "s", 600, 10, 86400 },
	{ 0 },
};

static const struct rule rule = {
	.id = "net.after-pull",
	.title = "A device offers or reaches something new right after it fetched files",
	.cause = "outside party",
	.sees = "Within minutes after a mount or a program was fetched (net.remote-mount, net.code-pull): a TCP port "
		"of the device answers that was never seen answering, or the device calls an address outside the site "
		"that it never called.",
	.why = "What was fetched may be running now. A port that answers somebody outside lets them work "
	       "on the device while it is on a patient: read what it knows, or change what it shows and alarms.",
	.wrong = "A service that was there all the time and was first called now: the longer the device was watched "
		 "before, the surer it is. An update that brings a service which the maker documents.",
	.next = { ADVICE_BEDSIDE, ADVICE_BLOCK, ADVICE_REPLACE,
		  "Do not use the device on a patient again before its firmware was put back and examined.",
		  ADVICE_EVIDENCE, NULL },
	.attack = { "T1571", "T0886", "T1105", NULL },
	.cwe = { "CWE-494", "CWE-923", NULL },
	.advisories = { "ICSMA-25-030-01", NULL },
	.references = { "https://www.cisa.gov/news-events/ics-medical-advisories/icsma-25-030-01", NULL },
};

static const char *const next_inside[] = {
	"Ask biomedical engineering whether the update that the device fetched is meant to bring this service.",
	ADVICE_EVIDENCE,
	NULL,
};

enum {
	WATCHED = 4096, SETS = 128, WAYS = 4, LISTENERS = 16, PLACES = 8, SYNS = 1024, SECOND_NS = 1000000000,
	WATCHED_WELL_S = 600,
	PORT_DNS = 53, PORT_NTP = 123, PROTO_TCP = 6, SHELL_PACKETS = 4, SHELL_PAYLOAD = 256,
};

/* A port of the device that answered, or a place outside that it called. */
struct novelty {
	uint64_t first;                          /* 0: free */
	struct addr peer;                        /* who called, or was called */
	uint16_t port;
	uint8_t proto;
	bool outside, answered, interactive, announced;      /* announced: the device asked to be called there */
	struct origin at;
};

/* Of a device that serves, goes outside or fetches. */
struct row {
	uint32_t device;
	uint64_t since, touched;                 /* watched since; 0: free */
	bool many_listeners, many_places;        /* more than fits: nothing can be called new any more */
	struct fetch first, last;                /* at.ts 0: none */
	struct novelty listeners[LISTENERS], places[PLACES];
};

/* Since when a device was seen at all: most never serve, go outside or fetch, and need no row. */
struct watched {
	uint32_t device;
	bool had_row;                            /* what it had is lost when it gets another */
	uint64_t since;
};

struct state {
	struct watched watched[WATCHED];         /* device % WATCHED, the latest keeps it */
	struct row rows[SETS][WAYS];
	uint64_t clock;
	uint64_t syns[SYNS];                     /* conversations that were seen from their SYN on */
};

struct facts {
	struct novelty news;
	struct fetch fetch;
	uint64_t watched;                        /* ns before the fetch */
	bool listener;
};

static struct watched *watch(struct run *d, uint32_t device, uint64_t ts)
{
	struct watched *w = &((struct state *)d->state)->watched[device % WATCHED];
	if (w->device != device)
		*w = (struct watched){ .device = device, .since = ts };
	return w;
}

static struct row *row_find(const struct run *d, uint32_t device)
{
	struct row *set = ((struct state *)d->state)->rows[device % SETS];
	for (unsigned i = 0; device != DEVICE_NONE && i < WAYS; i++)
		if (set[i].device == device)
			return &set[i];
	return NULL;
}

/* What it fetched counts, and what follows is still waited for. */
static bool is_kept(const struct run *d, const struct row *row, uint64_t ts)
{
	bool waits = row->first.at.ts && row->last.at.ts + (uint64_t)(d->opt[WITHIN] * SECOND_NS) > ts;
	return waits && (fetch_counts(d, &row->first) || fetch_counts(d, &row->last));
}

/* Opened when there is none, in place of the longest untouched; NULL when all must be kept. */
static struct row *row_of(struct run *d, uint32_t device, uint64_t ts)
{
	struct state *s = d->state;
	struct row *row = row_find(d, device), *set = s->rows[device % SETS];
	bool known = row != NULL;
	for (unsigned i = 0; device != DEVICE_NONE && !known && i < WAYS; i++)
		if (!is_kept(d, &set[i], ts) && (!row || set[i].touched < row->touched))
			row = &set[i];
	if (!row)
		return NULL;
	if (!known) {
		struct watched *w = watch(d, device, ts);
		*row = (struct row){ .device = device, .since = w->had_row ? ts : w->since };
		w->had_row = true;
	}
	row->touched = ++s->clock;
	return row;
}

static struct novelty *listener_of(struct row *row, uint16_t port, uint64_t ts)
{
	for (unsigned i = 0; i < LISTENERS; i++) {
		struct novelty *n = &row->listeners[i];
		if (n->first && n->port != port)
			continue;
		if (!n->first)
			*n = (struct novelty){ .first = ts, .port = port, .proto = PROTO_TCP };
		return n;
	}
	row->many_listeners = true;
	return NULL;
}

static struct novelty *place_of(struct row *row, struct addr peer, uint64_t ts)
{
	for (unsigned i = 0; i < PLACES; i++) {
		struct novelty *n = &row->places[i];
		if (n->first && !addr_eq(n->peer, peer))
			continue;
		if (!n->first)
			*n = (struct novelty){ .first = ts, .peer = peer, .outside = true };
		return n;
	}
	row->many_places = true;
	return NULL;
}

static void on_contact(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	const struct origin *at = r->at;
	struct addr peer = detect_server(at);
	uint16_t port = detect_server_port(at);
	if (span_is(record_get_text(r, (unsigned)d->col[CONTACT_OPENING]), "syn"))
		s->syns[at->flow % SYNS] = at->flow;
	bool names = port == PORT_DNS || port == PORT_NTP;
	uint32_t device = detect_client_device(d, at);
	if (device != DEVICE_NONE)
		watch(d, device, at->ts);
	if (names || !detect_is_outside(d, peer) || detect_is_allowed(d, detect_client(at), peer, port))
		return;
	struct row *row = row_of(d, device, at->ts);
	struct novelty *n = row ? place_of(row, peer, at->ts) : NULL;
	if (!n || n->at.ts)
		return;
	n->at = *at;
	n->port = port;
	n->proto = at->proto;
}

static void on_answer(struct run *d, const struct record *r)
{
	const struct state *s = d->state;
	const struct origin *at = r->at;
	bool from_syn = at->proto == PROTO_TCP && at->flow && s->syns[at->flow % SYNS] == at->flow;
	struct row *row = from_syn ? row_of(d, detect_server_device(d, at), at->ts) : NULL;
	if (row) {
		struct novelty *n = listener_of(row, at->sport, at->ts);
		bool outside = detect_is_outside(d, at->dst);
		if (n && (!n->at.ts || (outside && !n->outside))) {
			n->at = *at;
			n->peer = at->dst;
			n->outside = outside;
			n->answered = true;
		}
	}
	row = detect_is_outside(d, at->src) ? row_of(d, detect_client_device(d, at), at->ts) : NULL;
	struct novelty *n = row ? place_of(row, at->src, at->ts) : NULL;
	if (n)
		n->answered = true;
}

/* FTP in active mode and NFS callbacks: the device itself says where it wants to be called. */
static void on_ftp(struct run *d, const struct record *r)
{
	struct addr a = record_get_addr(r, (unsigned)d->col[FTP_ADDRESS]);
	uint64_t port = record_get_uint(r, (unsigned)d->col[FTP_PORT]);
	if (!a.family || !port || port > UINT16_MAX)
		return;
	struct row *row = row_of(d, device_by_addr(d->devices, a), r->at->ts);
	struct novelty *n = row ? listener_of(row, (uint16_t)port, r->at->ts) : NULL;
	if (n && !n->at.ts)
		n->announced = true;
}

/* Typed at one end, answered by the other: small pieces both ways, text or what nobody knows. */
static bool is_interactive(const struct run *d, const struct record *r)
{
	struct span protocol = record_get_text(r, (unsigned)d->col[FLOW_PROTOCOL_COL]);
	uint64_t up = record_get_uint(r, (unsigned)d->col[FLOW_SENT]);
	uint64_t down = record_get_uint(r, (unsigned)d->col[FLOW_ANSWERED]);
	uint64_t bytes_up = record_get_uint(r, (unsigned)d->col[FLOW_BYTES_UP]);
	uint64_t bytes_down = record_get_uint(r, (unsigned)d->col[FLOW_BYTES_DOWN]);
	if (protocol.n && !span_is(protocol, "telnet"))
		return false;
	bool text = protocol.n || span_is(record_get_text(r, (unsigned)d->col[FLOW_CLASS_COL]), "text");
	return text && up >= SHELL_PACKETS && down >= SHELL_PACKETS && bytes_up && bytes_down &&
	       bytes_up / up < SHELL_PAYLOAD && bytes_down / down < SHELL_PAYLOAD;
}

static void on_flow(struct run *d, const struct record *r)
{
	const struct origin *at = r->at;
	if (!at)
		return;
	struct row *row = row_find(d, detect_server_device(d, at)), *client = row_find(d, detect_client_device(d, at));
	if (!row && !client)
		return;
	bool typed = is_interactive(d, r);
	bool rpc = span_is(record_get_text(r, (unsigned)d->col[FLOW_PROTOCOL_COL]), "rpc");
	if (!typed && !rpc)
		return;
	for (unsigned i = 0; row && i < LISTENERS; i++) {
		struct novelty *n = &row->listeners[i];
		if (!n->first || n->port != detect_server_port(at))
			continue;
		n->interactive |= typed;
		n->announced |= rpc && addr_eq(n->peer, detect_client(at));
	}
	for (unsigned i = 0; client && i < PLACES; i++) {
		struct novelty *n = &client->places[i];
		if (n->first && addr_eq(n->peer, detect_server(at)))
			n->interactive |= typed;
	}
}

static void on_fetch(struct run *d, const struct record *r)
{
	struct fetch f;
	struct row *row = fetch_any(d, r, &f) ? row_of(d, f.device, f.at.ts) : NULL;
	if (!row)
		return;
	if (!row->first.at.ts)
		row->first = f;
	if (f.at.ts >= row->last.at.ts)
		row->last = f;
}

/* ---- judging ---- */

/* The fetch that this follows: the last before it that is near enough. NULL: it follows none. */
static const struct fetch *cause_of(const struct run *d, const struct row *row, const struct novelty *n)
{
	uint64_t within = (uint64_t)(d->opt[WITHIN] * SECOND_NS);
	const struct fetch *const candidates[] = { &row->last, &row->first };
	for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
		const struct fetch *f = candidates[i];
		if (f->at.ts && n->first > f->at.ts && n->first - f->at.ts <= within && fetch_counts(d, f))
			return f;
	}
	return NULL;
}

static void settle(struct run *d, const struct row *row, const struct novelty *n, bool listener)
{
	const struct fetch *fetch = n->first && !n->announced && n->at.ts ? cause_of(d, row, n) : NULL;
	char text[ADDR_TEXT];
	bool many = listener ? row->many_listeners : row->many_places;
	if (!fetch || many || (!listener && addr_eq(n->peer, fetch->peer)))
		return;
	const char *what = listener ? "listener" : addr_text(n->peer, text);
	struct finding *f = detect_open(d, row->device, &n->at, "%s %u", what, listener ? n->port : 0u);
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return;
	x->news = *n;
	x->fetch = *fetch;
	x->listener = listener;
	x->watched = fetch->at.ts > row->since ? fetch->at.ts - row->since : 0;
}

static void tick(struct run *d)
{
	struct state *s = d->state;
	for (unsigned i = 0; i < SETS * WAYS; i++) {
		const struct row *row = &s->rows[i / WAYS][i % WAYS];
		if (!row->first.at.ts)
			continue;
		for (unsigned k = 0; k < LISTENERS; k++)
			settle(d, row, &row->listeners[k], true);
		for (unsigned k = 0; k < PLACES; k++)
			settle(d, row, &row->places[k], false);
	}
}

static void weigh(const struct run *d, struct finding *f, const struct facts *x)
{
	bool well = x->watched >= (uint64_t)WATCHED_WELL_S * SECOND_NS;
	bool from_outside = fetch_is_outside(d, &x->fetch), works = x->listener || x->news.interactive;
	if (x->news.outside)
		f->severity = from_outside && x->news.answered && works ? SEV_CRITICAL : SEV_HIGH;
	else
		f->severity = from_outside ? SEV_HIGH : SEV_LOW;
	f->confidence = (well ? 0.65 : 0.4) + (x->news.outside ? 0.15 : 0) + (x->news.interactive ? 0.1 : 0);
	f->scope = x->news.outside ? SCOPE_OUTSIDE : detect_scope(d, &x->news.at);
	f->keeps_scope = true;
	f->next = x->news.outside || from_outside ? NULL : next_inside;
}

static const char *title(struct run *d, const struct finding *f, const struct facts *x)
{
	const struct novelty *n = &x->news;
	const char *who = detect_who(d, f->device, x->fetch.own), *from = detect_where(d, x->fetch.peer, 0);
	const char *later = fetch_lapse(d, n->first - x->fetch.at.ts), *peer = detect_where(d, n->peer, 0);
	const char *whence = n->outside ? " from outside the site" : detect_whither(f->scope);
	if (x->listener)
		return detect_text(d, "%s answers on TCP port %u, never seen before, %s after it fetched files from "
				      "%s; %s connected%s",
				   who, n->port, later, from, peer, whence);
	return detect_text(d, "%s %s %s, a new destination outside the site, %s after it fetched files from %s", who,
			   n->answered ? "reached" : "tried to reach", peer, later, from);
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	const struct row *row = row_find(d, f->device);
	bool many = row && (x->listener ? row->many_listeners : row->many_places);
	bool gone = x->news.outside && !detect_is_outside(d, x->news.peer);
	f->withdrawn = many || x->news.announced || !fetch_counts(d, &x->fetch) || (gone && !x->listener);
	weigh(d, f, x);
	record_addr(f->observed, OBS_ADDRESS, x->news.peer);
	record_addr(f->observed, OBS_SOURCE, x->fetch.own);
	record_uint(f->observed, OBS_PORT, x->news.port);
	record_str(f->observed, OBS_TRANSPORT, x->news.proto == PROTO_TCP ? "tcp" : "udp");
	record_bool(f->observed, OBS_ANSWERED, x->news.answered);
	if (x->listener)
		record_uint(f->observed, OBS_LISTENER, x->news.port);
	if (x->news.interactive)
		detect_list(f, OBS_TRAITS, "interactive");
	detect_list(f, OBS_TRAITS, x->listener ? "new listener" : "new destination");
	detect_note(f, &x->fetch.at, "what it fetched before");
	detect_note(f, &x->news.at, x->listener ? "the port answers" : "the new destination");
	f->title = title(d, f, x);
}

static const struct on on[] = {
	{ "contact", on_contact }, { "answer", on_answer }, { "ftp", on_ftp }, { "flow", on_flow },
	{ "mount", on_fetch }, { "nfs", on_fetch }, { "transfer", on_fetch }, { NULL, NULL },
};

const struct detector detector_after_pull = {
	.name = "net.after-pull", .rule = &rule, .on = on, .wants = wants, .options = options,
	.state_size = sizeof(struct state), .tick = tick, .finish = tick, .judge = judge,
};
