/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.interface-forced: a device that was silent, or that is not meant to be on the network at all, shows
 * itself and within seconds mounts or fetches something. Silence is taken from first and last packets of
 * conversations, so it is only believed when none of them reaches across it. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/fetch.h"

enum want_index {
	ARP_GRATUITOUS = FETCH_WANTS, ARP_PROBE, ND_OPERATION, ND_PROBE, ND_SOLICITED, DHCP_OPERATION, FLOW_FIRST_COL,
	FLOW_LAST_COL, FLOW_SENT,
	FLOW_ANSWERED, WANTS
};

static const struct want wants[] = {
	FETCH_WANT,
	[ARP_GRATUITOUS] = { "arp", "gratuitous" },
	[ARP_PROBE] = { "arp", "probe" },
	[ND_OPERATION] = { "nd", "operation" },
	[ND_PROBE] = { "nd", "probe" },
	[ND_SOLICITED] = { "nd", "solicited" },
	[DHCP_OPERATION] = { "dhcp", "operation" },
	[FLOW_FIRST_COL] = { "flow", "first" },
	[FLOW_LAST_COL] = { "flow", "last" },
	[FLOW_SENT] = { "flow", "packets_to_server" },
	[FLOW_ANSWERED] = { "flow", "packets_to_client" },
	[WANTS] = { NULL, NULL },
};

enum option { WITHIN, SETTLE, SILENT };

static const struct option_num options[] = {
	[WITHIN] = { "within", "how soon after it appeared the mount or download must begin", "s", 30, 1, 3600 },
	[SETTLE] = { "settle", "how long the capture must have run before a device counts as new", "s", 60, 0, 86400 },
	[SILENT] = { "silent", "how long a device must have sent nothing to count as back", "s", 300, 10, 604800 },
	{ 0 },
};

static const struct rule rule = {
	.id = "net.interface-forced",
	.title = "A device came onto the network by itself and fetched files at once",
	.cause = "outside party",
	.sees = "A device that had sent nothing for minutes, had not been seen before, or is entered with network = "
		"disabled, appears (announcement, address probe, DHCP or first packet) and within seconds mounts a "
		"directory or fetches a program, from outside the site or as a device at the patient.",
	.why = "Devices are known that switch their network on by themselves, whatever their menu says, to fetch "
	       "programs from a fixed address. Switching the network off in the menu then protects nobody; only the "
	       "cable and the firewall do.",
	.wrong = "A device that was just switched on or plugged in looks the same, and so does a maker's update that "
		 "somebody started. A capture that lost packets may hide that the device was never silent.",
	.next = { ADVICE_BEDSIDE,
		  "Ask who switched the device or its network on at this time. If nobody did, do not rely on its "
		  "network menu: take the cable out, or block its port on the switch.",
		  ADVICE_BLOCK, ADVICE_EVIDENCE, ADVICE_MAKER, NULL },
	.attack = { "T1105", "T0885", NULL },
	.cwe = { "CWE-912", "CWE-923", NULL },
	.advisories = { "ICSMA-25-030-01", NULL },
	.references = { "https://www.cisa.gov/news-events/ics-medical-advisories/icsma-25-030-01", NULL },
};

enum { ROWS = 4096, SECOND_NS = 1000000000 };

enum how { BY_PACKET, BY_DHCP, BY_PROBE, BY_ANNOUNCEMENT };

static const char *const how_traits[] = {
	[BY_PACKET] = "first packet", [BY_DHCP] = "DHCP", [BY_PROBE] = "address probe",
	[BY_ANNOUNCEMENT] = "announced itself",
};

struct arrival {
	uint64_t ts, silent_since;               /* ts 0: none. silent_since 0: never seen before */
	enum how how;
	struct origin at;
};

/* What is remembered of a device: row = id % ROWS, the latest device keeps it. Asked for every conversation. */
struct row {
	uint32_t device;
	uint64_t last;                           /* it sent something, as far as was told */
	uint64_t before, woke;                   /* the latest silence: from, to; 0: none */
};

struct state {
	uint64_t start;                          /* of the capture */
	struct row rows[ROWS];
	struct arrival came[ROWS];               /* of the same; touched only when somebody comes */
};

struct facts {
	struct arrival came;                     /* ts 0: it needs none, its network is disabled */
	struct fetch fetch;
	bool across;                             /* a conversation reaches across the silence */
};

static uint64_t option_ns(const struct run *d, enum option i)
{
	return (uint64_t)(d->opt[i] * SECOND_NS);
}

/* A row that another device had before says nothing of silence: only the device table knows whether it
 * is new. */
static bool is_new(const struct run *d, uint32_t device, uint64_t ts)
{
	const struct state *s = d->state;
	return device_first(d->devices, device) + SECOND_NS >= ts && ts >= s->start + option_ns(d, SETTLE);
}

/* Who speaks after a silence comes back only if it announces itself, too: often after its first packet, as a DHCP
 * message is a datagram before it is read. */
static void saw(struct run *d, uint32_t device, const struct origin *at, enum how how)
{
	struct state *s = d->state;
	struct row *row = &s->rows[device % ROWS];
	s->start = s->start ? s->start : at->ts;
	if (device == DEVICE_NONE)
		return;
	bool fresh = row->device != device;
	if (fresh) {
		*row = (struct row){ .device = device };
		s->came[device % ROWS].ts = 0;
	}
	if (at->ts < row->last)
		return;
	if (!fresh && at->ts - row->last >= option_ns(d, SILENT)) {
		row->before = row->last;
		row->woke = at->ts;
	}
	struct arrival *came = &s->came[device % ROWS];
	bool back = how != BY_PACKET && row->woke && came->ts != row->woke && at->ts - row->woke <= option_ns(d, WITHIN);
	if (back)
		*came = (struct arrival){ row->woke, row->before, how, *at };
	else if (fresh && is_new(d, device, at->ts))
		*came = (struct arrival){ at->ts, 0, how, *at };
	row->last = at->ts;
}

static void on_contact(struct run *d, const struct record *r)
{
	saw(d, detect_sender(d, r->at), r->at, BY_PACKET);
}

static void on_arp(struct run *d, const struct record *r)
{
	enum how how = record_get_uint(r, (unsigned)d->col[ARP_GRATUITOUS]) ? BY_ANNOUNCEMENT
		     : record_get_uint(r, (unsigned)d->col[ARP_PROBE]) ? BY_PROBE : BY_PACKET;
	saw(d, detect_sender(d, r->at), r->at, how);
}

static void on_dhcp(struct run *d, const struct record *r)
{
	if (span_is(record_get_text(r, (unsigned)d->col[DHCP_OPERATION]), "request"))
		saw(d, detect_sender(d, r->at), r->at, BY_DHCP);
}

/* ---- fetching ---- */

static void fetched(struct run *d, const struct fetch *f)
{
	const struct state *s = d->state;
	const struct row *row = &s->rows[f->device % ROWS];
	if (f->device == DEVICE_NONE)
		return;
	const struct arrival *arrival = &s->came[f->device % ROWS];
	uint64_t came = row->device == f->device ? arrival->ts : 0;
	bool forced = came && f->at.ts >= came && f->at.ts - came <= option_ns(d, WITHIN);
	bool disabled = device_is_disabled(d->devices, f->device);
	bool may_count = disabled || fetch_counts(d, f) || device_role(d->devices, f->device) == ROLE_UNKNOWN;
	if ((!forced && !disabled) || !may_count)
		return;
	char text[ADDR_TEXT];
	addr_text(f->peer, text);
	struct finding *known = detect_find(d, f->device, "%s", text);
	struct facts *x = known ? known->own : NULL;
	if (x && x->came.ts == (forced ? arrival->ts : 0) && x->fetch.kind <= f->kind)
		return;                          /* one call of many: told already */
	bool keeps = x && (!forced || (!x->across && x->came.ts != arrival->ts));
	known = detect_finding(d, f->device, &f->at, "%s", text);
	x = known ? detect_own(d, known, sizeof(*x)) : NULL;
	if (!x || keeps)                         /* it did so before: the first time stands */
		return;
	if (forced)
		x->came = *arrival;
	x->fetch = *f;
}

static void on_fetch(struct run *d, const struct record *r)
{
	struct fetch f;
	if (fetch_any(d, r, &f) && !f.pushed)    /* it did not ask for what is put onto it */
		fetched(d, &f);
}

/* When a conversation is over, its first and last packets tell whether the silence was one. */
static void weigh_silence(struct run *d, const struct record *r, uint32_t device)
{
	uint64_t first = record_get_uint(r, (unsigned)d->col[FLOW_FIRST_COL]);
	uint64_t last = record_get_uint(r, (unsigned)d->col[FLOW_LAST_COL]);
	struct state *s = d->state;
	struct row *row = &s->rows[device % ROWS];
	if (row->device == device && last > row->last)
		row->last = last;
	for (struct finding *f = detect_next(d, NULL); f; f = detect_next(d, f)) {
		struct facts *x = f->own;
		if (f->device != device || !x || !x->came.ts || first >= x->came.ts)
			continue;
		if (last >= x->came.ts)
			x->across = true;
		else if (x->came.silent_since && last > x->came.silent_since)
			x->came.silent_since = last;
		else if (!x->came.silent_since)
			x->across = true;        /* not new after all */
	}
}

static void on_flow(struct run *d, const struct record *r)
{
	if (!r->at)
		return;
	uint32_t client = detect_client_device(d, r->at), server = detect_server_device(d, r->at);
	if (client != DEVICE_NONE && record_get_uint(r, (unsigned)d->col[FLOW_SENT]))
		weigh_silence(d, r, client);
	if (server != DEVICE_NONE && server != client && record_get_uint(r, (unsigned)d->col[FLOW_ANSWERED]))
		weigh_silence(d, r, server);
}

/* ---- judging ---- */

static bool holds(const struct run *d, const struct finding *f, const struct facts *x)
{
	if (device_is_disabled(d->devices, f->device))
		return true;
	if (!x->came.ts || x->across || !fetch_counts(d, &x->fetch))
		return false;
	return !x->came.silent_since || x->came.ts - x->came.silent_since >= option_ns(d, SILENT);
}

static const char *title(struct run *d, const struct finding *f, const struct facts *x, bool disabled)
{
	const char *who = detect_who(d, f->device, x->fetch.own), *where = detect_where(d, x->fetch.peer, 0);
	const char *what = x->fetch.kind == FETCH_MOUNT ? "mounted a directory of" : "fetched a program from";
	const char *whither = detect_whither(f->scope);
	if (disabled)
		return detect_text(d, "%s, whose network is disabled, %s %s%s", who, what, where, whither);
	const char *soon = fetch_lapse(d, x->fetch.at.ts - x->came.ts);
	if (!x->came.silent_since)
		return detect_text(d, "%s appeared on the network and %s later %s %s%s", who, soon, what, where,
				   whither);
	return detect_text(d, "%s had sent nothing for %s, came back, and %s later %s %s%s", who,
			   fetch_lapse(d, x->came.ts - x->came.silent_since), soon, what, where, whither);
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	f->withdrawn = !holds(d, f, x);
	if (f->withdrawn)
		return;
	bool disabled = device_is_disabled(d->devices, f->device), outside = fetch_is_outside(d, &x->fetch);
	bool medical = device_is_medical(d->devices, f->device);
	f->keeps_scope = true;
	f->scope = outside ? SCOPE_OUTSIDE : detect_scope(d, &x->fetch.at);
	f->severity = outside && (medical || disabled) ? SEV_HIGH : outside || disabled ? SEV_MEDIUM : SEV_LOW;
	f->confidence = disabled ? 0.9 : x->came.silent_since ? 0.6 : 0.45;
	f->title = title(d, f, x, disabled);
	record_addr(f->observed, OBS_ADDRESS, x->fetch.peer);
	record_addr(f->observed, OBS_SOURCE, x->fetch.own);
	record_uint(f->observed, OBS_PORT, x->fetch.port);
	if (disabled)
		detect_list(f, OBS_TRAITS, "network disabled");
	if (!x->came.ts)
		return;
	detect_list(f, OBS_TRAITS, how_traits[x->came.how]);
	detect_note(f, &x->came.at, "the device shows itself");
	detect_note(f, &x->fetch.at, "what it fetches");
	if (x->came.silent_since)
		record_real(f->observed, OBS_PERIOD, (double)(x->came.ts - x->came.silent_since) / SECOND_NS);
	f->first = x->came.ts < f->first ? x->came.ts : f->first;
}

/* What IPv6 says when it comes up: is this address free, this address is mine, is there a router. */
static void on_nd(struct run *d, const struct record *r)
{
	struct span operation = record_get_text(r, (unsigned)d->col[ND_OPERATION]);
	bool own = span_is(operation, "router_solicitation") ||
		   (span_is(operation, "advertisement") && !record_get_uint(r, (unsigned)d->col[ND_SOLICITED]));
	enum how how = record_get_uint(r, (unsigned)d->col[ND_PROBE]) ? BY_PROBE : own ? BY_ANNOUNCEMENT : BY_PACKET;
	saw(d, detect_sender(d, r->at), r->at, how);
}

static const struct on on[] = {
	{ "contact", on_contact }, { "answer", on_contact }, { "arp", on_arp }, { "nd", on_nd }, { "dhcp", on_dhcp },
	{ "flow", on_flow }, { "mount", on_fetch }, { "nfs", on_fetch }, { "transfer", on_fetch }, { NULL, NULL },
};

const struct detector detector_interface_forced = {
	.name = "net.interface-forced", .rule = &rule, .on = on, .wants = wants, .options = options,
	.state_size = sizeof(struct state), .judge = judge,
};
