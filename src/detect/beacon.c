/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.beacon: a device calls the same place again and again at a steady interval, whether anybody answers or not:
 * connections, datagrams, echo requests, ARP for an address that nobody has, a name that does not exist, a name whose
 * address is another each time. Times are kept for each pair of ends; whether they repeat, and whether that is the
 * device's ordinary work, is judged later, when the conversations are over and the roles are known. */
#include <math.h>

#include "base/scope.h"
#include "detect/advice.h"
#include "detect/detector.h"
#include "detect/period.h"

enum want_index {
	CONTACT_OPENING, AGAIN_BYTES_COL, AGAIN_PROTOCOL_COL, FLOW_PROTOCOL_COL, FLOW_STATE_COL, ICMP_NAME, ICMP_FROM, ICMP_TO,
	ICMP_PORT, ARP_OPERATION, ARP_SENDER, ARP_TARGET, ARP_PROBE, ARP_GRATUITOUS, DNS_VARIANT, DNS_RESPONSE, DNS_QUERY,
	DNS_ADDRESSES, WANTS
};

static const struct want wants[] = {
	[CONTACT_OPENING] = { "contact", "opening" },
	[AGAIN_BYTES_COL] = { "again", "bytes" },
	[AGAIN_PROTOCOL_COL] = { "again", "protocol" },
	[FLOW_PROTOCOL_COL] = { "flow", "protocol" },
	[FLOW_STATE_COL] = { "flow", "state" },
	[ICMP_NAME] = { "icmp", "name" },
	[ICMP_FROM] = { "icmp", "inner_source" },
	[ICMP_TO] = { "icmp", "inner_destination" },
	[ICMP_PORT] = { "icmp", "inner_port" },
	[ARP_OPERATION] = { "arp", "operation" },
	[ARP_SENDER] = { "arp", "sender_addr" },
	[ARP_TARGET] = { "arp", "target_addr" },
	[ARP_PROBE] = { "arp", "probe" },
	[ARP_GRATUITOUS] = { "arp", "gratuitous" },
	[DNS_VARIANT] = { "dns", "variant" },
	[DNS_RESPONSE] = { "dns", "response" },
	[DNS_QUERY] = { "dns", "query" },
	[DNS_ADDRESSES] = { "dns", "addresses" },
	[WANTS] = { NULL, NULL },
};

enum option { BEATS, SHORTEST };

static const struct option_num options[] = {
	[BEATS] = { "beats", "how often it must have happened", NULL, 8, 4, 64 },
	[SHORTEST] = { "shortest", "what repeats faster is a stream, not a beacon", "s", 5, 1, 3600 },
	{ 0 },
};

static const struct rule rule = {
	.id = "net.beacon",
	.title = "A device calls the same place again and again at a steady interval",
	.cause = "outside party",
	.sees = "At least eight attempts of a device to reach the same address and port at a steady interval from 5 seconds "
		"on, answered, refused or unanswered: connections, datagrams, echo requests, new data after silence in a "
		"conversation that stays open, ARP for an address that nobody has, a name that does not exist, connections to "
		"a name that stands for another address outside each time. The interval "
		"may vary by a third either way and every fifth beat may be missing; the more it varies, the more beats it "
		"takes. Time, names, leases, announcements to a group, clinical protocols that are read, services that several "
		"devices call, whoever polls several devices, keep-alives and what [central] and [allow] name do not count; "
		"addresses of published indicators are told by net.known-address.",
	.why = "Something inside the device keeps contact with this place day and night, whoever is the patient. What it is "
	       "told there may change how it works; where nobody answers today, it will call whoever takes that address or "
	       "name tomorrow.",
	.wrong = "A licence, update or time service of the maker; a setting left over from another site. An interval that "
		 "varies by more than a third, changes its place and name with each beat or grows with each failure is not "
		 "seen, nor is one with fewer than eight beats in what was watched. Workstations and servers that call known "
		 "services outside are not judged.",
	.next = { "Ask biomedical engineering which setting or service of the device names this place.",
		  ADVICE_BEDSIDE, ADVICE_BLOCK, ADVICE_REGISTER, ADVICE_EVIDENCE, NULL },
	.attack = { "T1071", "T1571", "T1029", "T0885", NULL },
	.cwe = { "CWE-912", "CWE-923", NULL },
	.references = { "https://attack.mitre.org/tactics/TA0011/", NULL },
};

enum {
	SETS = 1024, WAYS = 4, NAME_MAX_ = 80, SECOND_NS = 1000000000, TICK_NS = 10000000, PROTO_TCP = 6, PROTO_UDP = 17,
	PROTO_ICMP = 1, PROTO_ICMP6 = 58, KEEPALIVE_TCP = 8, KEEPALIVE_UDP = 5, KEPT_FROM = 4, STALE_BEATS = 12, POLLS = 3,
	CALLERS = 1, SWEEP = 8, DAY_S = 20 * 3600, ANSWERS = 1024, MOVES = 4,
};

enum kind { BY_FLOW, BY_ECHO, BY_ARP, BY_NAME, BY_HOST };   /* BY_HOST: wherever the name stands just now */

struct call {                                    /* who calls what */
	struct addr client, server;
	uint16_t port;
	uint8_t proto;
	uint8_t kind;                            /* enum kind */
	char name[NAME_MAX_];                    /* BY_NAME, BY_HOST; else empty, and not copied */
};

struct row {
	struct call call;
	uint32_t device;
	uint32_t n, total;                       /* of at, as a ring; all there were */
	uint64_t base, last;                     /* ns; base 0: free */
	uint32_t ended, answered, refused;       /* conversations that are over; replies; refusals */
	char protocol[16];
	struct origin first, latest;
	struct addr place;                       /* BY_HOST: the latest address */
	uint32_t moves;                          /* … and how often it was another than before */
	uint32_t at[PERIOD_EVENTS];              /* since base, in TICK_NS; n of them are valid */
};

struct answered {                                /* a name that was told to stand for the address */
	struct addr client, server;
	char name[NAME_MAX_];
};

/* What is asked of every row of a set, for every conversation: kept together. */
struct head {
	uint64_t base, last;
	uint32_t total, mark;                    /* mark: of the call's hash */
};

struct place {
	uint32_t set, mark;                      /* set: number of its first row, WAYS stand behind each other */
};

struct state {
	struct call recent;                      /* the latest that was looked for … */
	struct place recent_place;               /* … and where: a log tells beginning and end of a conversation at once */
	struct answered answered[ANSWERS];       /* by client and address; the latest stays */
	bool sees_answers;                       /* DNS answers pass here */
	bool sees_replies;                       /* ARP replies pass here: silence means something */
	struct head heads[SETS * WAYS];
	struct row rows[SETS * WAYS];
};

/* What a finding keeps when the row is gone. */
struct facts {
	struct call call;
	struct period period;
	uint32_t total, answered, refused;
	char protocol[16];
	uint64_t first, last;
	struct origin from, to;
};

/* ---- the table ---- */

static bool is_named(const struct call *c)
{
	return c->kind == BY_NAME || c->kind == BY_HOST;
}

static bool same_call(const struct call *a, const struct call *b)
{
	return a->kind == b->kind && a->port == b->port && a->proto == b->proto && addr_eq(a->client, b->client) &&
	       (is_named(a) ? strcmp(a->name, b->name) == 0 : addr_eq(a->server, b->server));
}

static void call_copy(struct call *to, const struct call *from)
{
	memcpy(to, from, offsetof(struct call, name));
	to->name[0] = '\0';
	if (is_named(from))
		memcpy(to->name, from->name, sizeof(to->name));
}

static struct place place_of(const struct run *d, const struct call *c)
{
	struct state *s = d->state;
	struct {
		uint8_t client[16], server[16];
		uint16_t port;
		uint8_t proto, kind;
		uint32_t zero;
	} k = { .port = c->port, .proto = c->proto, .kind = c->kind };
	if (s->recent.client.family && same_call(&s->recent, c))
		return s->recent_place;
	uint64_t name = is_named(c) ? hash64(d->key, span_str(c->name)) : 0;
	memcpy(k.client, c->client.b, sizeof(k.client));
	if (!is_named(c))
		memcpy(k.server, c->server.b, sizeof(k.server));
	uint64_t hash = hash64(d->key, span_of(&k, sizeof(k))) ^ name;
	call_copy(&s->recent, c);
	s->recent_place = (struct place){ (uint32_t)(hash % SETS * WAYS), (uint32_t)(hash >> 32) };
	return s->recent_place;
}

static struct row *row_in(struct state *s, struct place p, const struct call *c)
{
	for (uint32_t i = p.set; i < p.set + WAYS; i++)
		if (s->heads[i].base && s->heads[i].mark == p.mark && same_call(&s->rows[i].call, c))
			return &s->rows[i];
	return NULL;
}

static struct row *row_find(const struct run *d, const struct call *c)
{
	struct state *s = d->state;
	return row_in(s, place_of(d, c), c);
}

/* It may still become something: often enough, and not silent for much longer than it used to be. */
static bool is_kept(const struct head *h, uint64_t now)
{
	_Static_assert(KEPT_FROM > 1, "beats that have a mean");
	if (h->total < KEPT_FROM)
		return false;                    /* most: asked of four for each conversation */
	uint64_t mean = (h->last - h->base) / (h->total - 1);
	return now < h->last + STALE_BEATS * mean + SECOND_NS;
}

static struct row *row_open(struct run *d, const struct call *c, uint64_t now)
{
	struct state *s = d->state;
	struct place p = place_of(d, c);
	struct row *row = row_in(s, p, c);
	struct head *set = &s->heads[p.set], *head = set;
	if (row)
		return row;
	bool kept = is_kept(set, now);
	for (unsigned i = 1; i < WAYS; i++) {
		bool this = is_kept(&set[i], now);
		if (kept <= this && (kept != this || set[i].last >= head->last))
			continue;
		head = &set[i];
		kept = this;
	}
	if (head->base && kept)
		detect_dropped(d);
	row = &s->rows[head - s->heads];
	call_copy(&row->call, c);                /* first and latest are set by the beat that it is opened for */
	row->device = DEVICE_NONE;
	row->n = row->total = row->ended = row->answered = row->refused = 0;
	row->last = 0;
	row->protocol[0] = '\0';
	row->place = (struct addr){ 0 };
	row->moves = 0;
	row->base = now ? now : 1;
	*head = (struct head){ .base = row->base, .mark = p.mark };
	return row;
}

/* NULL: out of order, of which little is lost. */
static struct row *beat(struct run *d, const struct call *c, uint32_t device, const struct origin *at)
{
	struct row *row = row_open(d, c, at->ts);
	if (at->ts < row->base || (row->total && at->ts < row->last))
		return NULL;
	uint64_t tick = (at->ts - row->base) / TICK_NS;
	if (tick > UINT32_MAX)
		return NULL;
	if (!row->total)
		row->first = *at;
	row->device = device;
	row->at[row->total++ % PERIOD_EVENTS] = (uint32_t)tick;
	row->n = row->total < PERIOD_EVENTS ? row->total : PERIOD_EVENTS;
	row->last = at->ts;
	row->latest = *at;
	struct state *s = d->state;
	s->heads[row - s->rows].last = row->last;
	s->heads[row - s->rows].total = row->total;
	return row;
}

/* ---- what counts as a beat ---- */

static bool is_group(const struct origin *at)
{
	enum addr_class c = addr_class(at->dst);
	return mac_is_group(at->dmac) || c == ADDR_MULTICAST || c == ADDR_BROADCAST || c == ADDR_LINK_LOCAL ||
	       c == ADDR_LOOPBACK || c == ADDR_NONE;
}

/* Role by role: who is judged at all is asked again at the end, but tables are not filled with who never is. */
static bool may_matter(const struct run *d, uint32_t device, struct addr client)
{
	if (device == DEVICE_NONE)
		return !detect_is_outside(d, client);
	enum device_role role = device_role(d->devices, device);
	return role != ROLE_NETWORK && role != ROLE_SERVER;
}

static void call_of(const struct origin *at, struct call *c)
{
	c->client = detect_client(at);
	c->server = detect_server(at);
	c->port = detect_server_port(at);
	c->proto = at->proto;
	c->kind = BY_FLOW;
	c->name[0] = '\0';
}

static struct answered *answered_of(const struct run *d, struct addr client, struct addr server)
{
	struct state *s = d->state;
	uint8_t both[32];
	memcpy(both, client.b, 16);
	memcpy(both + 16, server.b, 16);
	return &s->answered[hash64(d->key, span_of(both, sizeof(both))) % ANSWERS];
}

/* The same call, by the name that its address was found under; a connection to outside only. */
static bool by_host(const struct run *d, const struct call *c, struct call *out)
{
	if (c->proto != PROTO_TCP || !detect_is_outside(d, c->server))
		return false;
	const struct answered *a = answered_of(d, c->client, c->server);
	if (!addr_eq(a->client, c->client) || !addr_eq(a->server, c->server))
		return false;
	*out = (struct call){ .client = c->client, .port = c->port, .proto = c->proto, .kind = BY_HOST };
	memcpy(out->name, a->name, sizeof(out->name));
	return true;
}

static void called(struct run *d, const struct origin *at)
{
	struct call c UNSET;
	call_of(at, &c);
	uint32_t device = detect_client_device(d, at);
	if (!may_matter(d, device, c.client))
		return;
	beat(d, &c, device, at);
	struct call named;
	struct row *row = by_host(d, &c, &named) ? beat(d, &named, device, at) : NULL;
	if (!row || addr_eq(row->place, c.server))
		return;
	row->place = c.server;
	row->moves++;
}

static bool is_transport(const struct origin *at)
{
	return at->proto == PROTO_TCP || at->proto == PROTO_UDP;
}

static void on_contact(struct run *d, const struct record *r)
{
	bool middle = span_is(record_get_text(r, (unsigned)d->col[CONTACT_OPENING]), "middle");
	if (is_transport(r->at) && r->at->to_server && !is_group(r->at) && !middle)
		called(d, r->at);
}

/* A few bytes keep a path through a router open, or ask whether the other end lives. */
static void on_again(struct run *d, const struct record *r)
{
	uint64_t bytes = record_get_uint(r, (unsigned)d->col[AGAIN_BYTES_COL]);
	bool tcp = r->at->proto == PROTO_TCP, keeps = bytes && bytes < (tcp ? KEEPALIVE_TCP : KEEPALIVE_UDP);
	if (is_transport(r->at) && r->at->to_server && !is_group(r->at) && !keeps)
		called(d, r->at);
}

static void copy_text(char *out, size_t size, struct span s)
{
	size_t n = s.n ? strnlen((const char *)s.p, span_cut(s, size - 1).n) : 0;
	memcpy(out, n ? s.p : (const uint8_t *)"", n);
	out[n] = '\0';
}

static void row_ended(struct run *d, struct row *row, const struct record *r)
{
	struct span state = record_get_text(r, (unsigned)d->col[FLOW_STATE_COL]);
	struct span protocol = record_get_text(r, (unsigned)d->col[FLOW_PROTOCOL_COL]);
	if (!row)
		return;
	row->ended++;
	row->refused += span_is(state, "refused");
	row->answered += !span_is(state, "refused") && !span_is(state, "unanswered");
	if (protocol.n && !span_is(protocol, row->protocol))
		copy_text(row->protocol, sizeof(row->protocol), protocol);
}

static void on_flow(struct run *d, const struct record *r)
{
	if (!r->at || !is_transport(r->at))
		return;
	struct call c UNSET, named;
	call_of(r->at, &c);
	row_ended(d, row_find(d, &c), r);
	if (by_host(d, &c, &named))
		row_ended(d, row_find(d, &named), r);
}

/* An echo is a beat, its reply the answer; an error refuses what it quotes. */
static void on_icmp(struct run *d, const struct record *r)
{
	const struct origin *at = r->at;
	struct span name = record_get_text(r, (unsigned)d->col[ICMP_NAME]);
	struct addr from = record_get_addr(r, (unsigned)d->col[ICMP_FROM]);
	uint32_t device = detect_sender(d, at);
	struct call echo = { .client = at->src, .server = at->dst, .proto = at->proto, .kind = BY_ECHO };
	if (span_is(name, "echo") && !is_group(at) && may_matter(d, device, at->src)) {
		beat(d, &echo, device, at);
	} else if (span_is(name, "reply")) {
		struct call back = { .client = at->dst, .server = at->src, .proto = at->proto, .kind = BY_ECHO };
		struct row *row = row_find(d, &back);
		if (row)
			row->answered++;
	} else if (from.family) {
		struct call quoted = { .client = from, .server = record_get_addr(r, (unsigned)d->col[ICMP_TO]),
				       .port = (uint16_t)record_get_uint(r, (unsigned)d->col[ICMP_PORT]),
				       .proto = PROTO_UDP, .kind = BY_FLOW };
		struct row *row = row_find(d, &quoted);
		if (row)
			row->refused++;
	}
}

static void on_arp(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	struct addr sender = record_get_addr(r, (unsigned)d->col[ARP_SENDER]);
	struct addr target = record_get_addr(r, (unsigned)d->col[ARP_TARGET]);
	bool own = record_get_uint(r, (unsigned)d->col[ARP_PROBE]) || record_get_uint(r, (unsigned)d->col[ARP_GRATUITOUS]);
	bool reply = span_is(record_get_text(r, (unsigned)d->col[ARP_OPERATION]), "reply");
	uint32_t device = detect_sender(d, r->at);
	s->sees_replies |= reply && !own;
	bool tells = !reply && !own && sender.family && target.family && !addr_eq(sender, target);
	if (!tells || addr_class(target) == ADDR_LINK_LOCAL || !may_matter(d, device, sender))
		return;
	struct call c = { .client = sender, .server = target, .kind = BY_ARP };
	beat(d, &c, device, r->at);
}

/* Names that a network asks for by itself, or that live on it alone. */
static bool is_local_name(const char *name)
{
	static const char *const ends[] = { ".arpa", ".local", ".lan", ".home", ".internal", ".localdomain", ".corp",
					    ".domain", ".intranet", ".workgroup" };
	static const char *const begins[] = { "wpad.", "isatap.", "_", "dns-sd.", "lb._", "b._" };
	size_t n = strlen(name);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (n >= strlen(ends[i]) && strcmp(name + n - strlen(ends[i]), ends[i]) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	return !strchr(name, '.');
}

/* Whether an address leads somewhere; all of them are remembered. */
static bool leads(struct run *d, const struct call *c, struct texts addresses)
{
	bool any = false;
	for (uint32_t i = 0; i < addresses.n; i++) {
		char text[ADDR_TEXT];
		struct addr a;
		copy_text(text, sizeof(text), addresses.v[i]);
		if (!addr_parse(text, &a) || addr_class(a) == ADDR_NONE || addr_class(a) == ADDR_LOOPBACK)
			continue;
		any = true;
		struct answered *x = answered_of(d, c->client, a);
		*x = (struct answered){ .client = c->client, .server = a };
		memcpy(x->name, c->name, sizeof(x->name));
	}
	return any;
}

static void on_dns(struct run *d, const struct record *r)
{
	const struct origin *at = r->at;
	struct span name = record_get_text(r, (unsigned)d->col[DNS_QUERY]);
	bool response = record_get_uint(r, (unsigned)d->col[DNS_RESPONSE]) != 0;
	struct call c = { .client = response ? at->dst : at->src, .server = response ? at->src : at->dst, .kind = BY_NAME };
	uint32_t device = response ? DEVICE_NONE : detect_sender(d, at);
	if (!span_is(record_get_text(r, (unsigned)d->col[DNS_VARIANT]), "dns") || name.n >= sizeof(c.name))
		return;
	copy_text(c.name, sizeof(c.name), name);
	if (is_local_name(c.name))
		return;
	if (!response) {
		if (may_matter(d, device, c.client))
			beat(d, &c, device, at);
		return;
	}
	((struct state *)d->state)->sees_answers = true;
	struct row *row = row_find(d, &c);
	bool has = record_has(r, (unsigned)d->col[DNS_ADDRESSES]);
	bool led = has && leads(d, &c, r->v[d->col[DNS_ADDRESSES]].texts);
	if (row)
		*(led ? &row->answered : &row->refused) += 1;
}

/* ---- judging ---- */

static bool is_text(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(text, *list) == 0)
			return true;
	return false;
}

/* What is said in these is the device's ordinary work, or is read by other rules. */
static bool is_ordinary(const char *protocol)
{
	static const char *const names[] = { "ntp", "dns", "mdns", "nbns", "dhcp", "dhcp6", "dhcpv6", "ssdp", "wsd", "llmnr",
					     "snmp", "syslog", "hl7", "dicom", "contec", NULL };
	const struct decoder *dec = *protocol ? decoder_find(protocol) : NULL;
	return is_text(protocol, names) || (dec && dec->clinical);
}

/* How many others stand beside: other clients of the same service, places that the same client polls, addresses that it
 * asks for. */
struct company {
	unsigned callers, polls, asks;
};

static struct company company_of(const struct run *d, const struct call *c)
{
	const struct state *s = d->state;
	struct company n = { 0 };
	for (unsigned i = 0; i < SETS * WAYS; i++) {
		const struct row *row = &s->rows[i];
		bool same = row->base && row->call.kind == c->kind && row->call.port == c->port && row->call.proto == c->proto;
		if (!same)
			continue;
		bool client = addr_eq(row->call.client, c->client), server = addr_eq(row->call.server, c->server);
		n.callers += server && !client && row->total >= KEPT_FROM;
		n.polls += client && !server && row->total >= KEPT_FROM;
		n.asks += client && !server;
	}
	return n;
}

static bool is_alive(const struct run *d, struct addr a)
{
	return device_by_addr(d->devices, a) != DEVICE_NONE || !mac_is_zero(zone_mac_of(d->zones, a));
}

static bool is_bedside(enum device_role r)
{
	return r == ROLE_MONITOR || r == ROLE_PUMP || r == ROLE_VENTILATOR || r == ROLE_ANALYSER || r == ROLE_IMAGING;
}

enum verdict { QUIET = -1 };

/* Outside: what a medical device does counts; of one that nobody knows what is not plainly a common service. */
static int outside_severity(const struct facts *x, enum device_role role)
{
	bool answered = x->answered > 0;
	if (role_is_medical(role))
		return answered ? SEV_HIGH : SEV_MEDIUM;
	if (role == ROLE_UNKNOWN)
		return answered && *x->protocol ? SEV_INFO : SEV_MEDIUM;
	return answered ? QUIET : SEV_INFO;
}

static int inside_severity(const struct run *d, const struct facts *x, enum device_role role)
{
	struct company n = company_of(d, &x->call);
	bool answered = x->answered > 0, mute = x->call.proto == PROTO_UDP && !x->refused;
	if (!is_bedside(role) && role != ROLE_UNKNOWN)
		return QUIET;
	if (n.callers >= CALLERS || n.polls >= POLLS || (answered && *x->protocol))
		return QUIET;
	if (zone_is_central(d->zones, x->call.server, 0))
		return QUIET;
	if (x->call.kind == BY_ECHO && (answered || is_alive(d, x->call.server)))
		return QUIET;
	/* Datagrams that nobody answers are how reports to a server look; only nobody at all is a matter. */
	if (mute && !answered && (*x->protocol || is_alive(d, x->call.server)))
		return QUIET;
	return is_bedside(role) && !answered ? SEV_LOW : SEV_INFO;      /* its own work may be in no known protocol */
}

static int arp_severity(const struct run *d, const struct facts *x, enum device_role role)
{
	const struct state *s = d->state;
	struct company n = company_of(d, &x->call);
	bool foreign = addr_is_global(x->call.server) && !zone_expects(d->zones, x->call.server);
	bool judged = role == ROLE_UNKNOWN || (foreign ? role_is_medical(role) : is_bedside(role));
	if (!judged || is_alive(d, x->call.server) || n.asks >= SWEEP || zone_is_router(d->zones, x->from.smac))
		return QUIET;
	if (foreign)
		return SEV_MEDIUM;
	if (!s->sees_replies || n.callers >= CALLERS)
		return QUIET;                    /* the replies pass elsewhere; or a server that is off */
	return is_bedside(role) ? SEV_LOW : SEV_INFO;
}

static int severity_of(const struct run *d, const struct facts *x, uint32_t device)
{
	const struct call *c = &x->call;
	enum device_role role = device == DEVICE_NONE ? ROLE_UNKNOWN : device_role(d->devices, device);
	if (detect_is_outside(d, c->client) || is_ordinary(x->protocol) || x->period.seconds < d->opt[SHORTEST])
		return QUIET;
	if (c->kind == BY_NAME)                  /* a server that answers others asks for them */
		return x->answered || (!x->refused && !((const struct state *)d->state)->sees_answers) ? QUIET
			: is_bedside(role) ? SEV_LOW : role == ROLE_UNKNOWN ? SEV_INFO : QUIET;
	if (zone_is_central(d->zones, c->server, c->port) || detect_is_allowed(d, c->client, c->server, c->port) ||
	    detect_indicator_addr(d, c->server, c->port, c->proto))
		return QUIET;                    /* net.known-address says the last, with all its calls */
	if (c->kind == BY_ARP)
		return arp_severity(d, x, role);
	if (c->kind == BY_HOST && role == ROLE_UNKNOWN)
		return SEV_INFO;
	return detect_is_outside(d, c->server) ? outside_severity(x, role) : inside_severity(d, x, role);
}

static bool period_of(const struct run *d, const struct row *row, struct period *out)
{
	double at[PERIOD_EVENTS];
	for (uint32_t i = 0; i < row->n; i++)
		at[i] = row->at[(row->total - row->n + i) % PERIOD_EVENTS] * (TICK_NS / 1e9);
	return period_find(at, row->n, (unsigned)d->opt[BEATS], out);
}

static const char *key_of(const struct call *c, char out[FINDING_KEY])
{
	char text[ADDR_TEXT];
	if (is_named(c))
		snprintf(out, FINDING_KEY, "%s %s", c->kind == BY_NAME ? "name" : "host", c->name);
	else
		snprintf(out, FINDING_KEY, "%u %s %u %u", c->kind, addr_text(c->server, text), c->proto, c->port);
	return out;
}

/* Conversations still open tell neither whether they were answered nor what they speak. */
static bool is_settled(const struct row *row)
{
	return row->call.kind != BY_FLOW || row->ended;
}

static void weigh_row(struct run *d, const struct row *row)
{
	struct facts now = { .call = row->call, .total = row->total, .answered = row->answered, .refused = row->refused,
			     .first = row->base, .last = row->last, .from = row->first, .to = row->latest };
	char key[FINDING_KEY];
	if (!row->base || row->total < d->opt[BEATS] || !is_settled(row) || !period_of(d, row, &now.period))
		return;
	if (row->call.kind == BY_HOST && row->moves < MOVES)
		return;                          /* told by its address */
	now.call.server = row->call.kind == BY_HOST ? row->place : now.call.server;
	memcpy(now.protocol, row->protocol, sizeof(now.protocol));
	if (severity_of(d, &now, row->device) == QUIET)
		return;
	struct finding *f = detect_open(d, row->device, &row->first, "%s", key_of(&row->call, key));
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (x)
		*x = now;
}

static const char *every(struct run *d, double s)
{
	if (s < 120)
		return detect_text(d, "%.0f seconds", s);
	return s < 7200 ? detect_text(d, "%.1f minutes", s / 60) : detect_text(d, "%.1f hours", s / 3600);
}

static const char *title(struct run *d, const struct finding *f, const struct facts *x)
{
	const struct call *c = &x->call;
	const char *who = detect_who(d, f->device, c->client), *where = detect_where(d, c->server, c->port);
	const char *rhythm = every(d, x->period.seconds);
	if (c->kind == BY_NAME)
		return detect_text(d, "%s asks every %s for the name %s%s", who, rhythm, c->name,
				   x->refused ? ", which does not exist" : "; nobody answers");
	if (c->kind == BY_HOST)
		return detect_text(d, "%s calls %s, at changing addresses outside the site, every %s", who, c->name, rhythm);
	if (c->kind == BY_ARP)
		return detect_text(d, "%s asks every %s by ARP for %s; nobody answers", who, rhythm, where);
	const char *does = c->kind == BY_ECHO ? "pings" : x->answered ? "calls" : "tries to reach";
	const char *end = x->answered ? "" : x->refused ? "; it is refused" : "; nobody answers";
	const char *outside = f->scope == SCOPE_OUTSIDE ? ", outside the site," : "";
	return detect_text(d, "%s %s %s%s every %s%s", who, does, where, outside, rhythm, end);
}

static void describe(struct run *d, struct finding *f, const struct facts *x)
{
	const struct call *c = &x->call;
	record_addr(f->observed, OBS_SOURCE, c->client);
	record_addr(f->observed, OBS_ADDRESS, c->server);
	if (c->kind == BY_FLOW || c->kind == BY_HOST)
		record_uint(f->observed, OBS_PORT, c->port);
	if (c->kind == BY_ARP)
		record_str(f->observed, OBS_TRANSPORT, "arp");
	if (is_named(c))
		record_str(f->observed, OBS_HOST, detect_text(d, "%s", c->name));
	if (*x->protocol)
		record_str(f->observed, OBS_PROTOCOL, detect_text(d, "%s", x->protocol));
	record_real(f->observed, OBS_PERIOD, round(x->period.seconds * 10) / 10);
	record_uint(f->observed, OBS_MESSAGES, x->period.beats);
	record_bool(f->observed, OBS_ANSWERED, x->answered > 0);
	detect_list(f, OBS_TRAITS, x->answered ? "answered" : x->refused ? "refused" : "unanswered");
	if (x->period.spread < 0.05)
		detect_list(f, OBS_TRAITS, "steady");
	if (x->last - x->first >= (uint64_t)DAY_S * SECOND_NS)
		detect_list(f, OBS_TRAITS, "day and night");
	detect_note(f, &x->from, "the first time");
	detect_note(f, &x->to, "the latest");
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	int severity = severity_of(d, x, f->device);
	f->withdrawn = severity == QUIET;
	if (f->withdrawn)
		return;
	bool outside = x->call.kind != BY_NAME && detect_is_outside(d, x->call.server);
	f->severity = (enum severity)severity;
	f->confidence = x->period.confidence;
	f->scope = x->call.kind == BY_ARP ? SCOPE_NONE : outside ? SCOPE_OUTSIDE : detect_scope(d, &x->from);
	f->keeps_scope = true;
	f->count = x->total;
	f->first = x->first;
	f->last = x->last;
	f->title = title(d, f, x);
	describe(d, f, x);
}

static void finish(struct run *d)
{
	struct state *s = d->state;
	for (unsigned i = 0; i < SETS * WAYS; i++)
		weigh_row(d, &s->rows[i]);
}

static const struct on on[] = {
	{ "contact", on_contact, .when = WHEN_PORTS | WHEN_TO_SERVER },
	{ "again", on_again, .when = WHEN_PORTS | WHEN_TO_SERVER }, { "flow", on_flow, .when = WHEN_PORTS },
	{ "icmp", on_icmp }, { "arp", on_arp }, { "dns", on_dns }, { NULL, NULL },
};

const struct detector detector_beacon = {
	.name = "net.beacon", .rule = &rule, .on = on, .wants = wants, .options = options,
	.state_size = sizeof(struct state), .finish = finish, .judge = judge,
};
