/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.scan: one host tries many addresses, or many ports of one device, and mostly nothing comes of it. What counts
 * is told by conversations when they are over: refused, unanswered, or opened and dropped without a byte. ARP for
 * many addresses that nobody has is the same on the wire itself. */
#include <math.h>

#include "base/scope.h"
#include "detect/advice.h"
#include "detect/detector.h"

enum want_index {
	STATE, TO_SERVER, TO_CLIENT, SENT, ARP_OPERATION, ARP_SENDER, ARP_TARGET, ARP_PROBE, ARP_GRATUITOUS, WANTS
};

static const struct want wants[] = {
	[STATE] = { "flow", "state" },
	[TO_SERVER] = { "flow", "bytes_to_server" },
	[TO_CLIENT] = { "flow", "bytes_to_client" },
	[SENT] = { "flow", "packets_to_server" },
	[ARP_OPERATION] = { "arp", "operation" },
	[ARP_SENDER] = { "arp", "sender_addr" },
	[ARP_TARGET] = { "arp", "target_addr" },
	[ARP_PROBE] = { "arp", "probe" },
	[ARP_GRATUITOUS] = { "arp", "gratuitous" },
	[WANTS] = { NULL, NULL },
};

enum option { ADDRESSES, PORTS, ARPS, PAUSE };

static const struct option_num options[] = {
	[ADDRESSES] = { "addresses", "how many addresses must be tried on one port", NULL, 8, 3, 64 },
	[PORTS] = { "ports", "how many ports of one device must be tried", NULL, 8, 3, 64 },
	[ARPS] = { "arps", "how many addresses that nobody has must be asked for by ARP", NULL, 24, 8, 64 },
	[PAUSE] = { "pause", "after so long without a try it starts anew", "s", 3600, 60, 86400 },
	{ 0 },
};

static const struct rule rule = {
	.id = "net.scan",
	.title = "Something probes medical devices",
	.cause = "probing",
	.sees = "One host tries one port on eight addresses, or eight ports of one device, and at least half of these tries "
		"are refused, unanswered or dropped again without a byte; or it asks by ARP for 24 addresses that nobody "
		"has. Pings count like a port. Groups, calls from well-known ports, traceroute and routers do not.",
	.why = "Monitors and pumps have been seen to restart or hang when they are probed, and probing is how somebody "
	       "finds out what can be reached before using it.",
	.wrong = "The hospital's own inventory scanner or network management: enter it under [scanner]. A capture that has "
		 "one direction only. Slower than a try an hour, or spread over many sources, it is not seen. Where no "
		 "medical device is among the addresses it is for information only.",
	.next = { "Find out whose machine this is, and whether biomedical engineering agreed to a scan of devices in use.",
		  "Look at the devices named here: do they still work and alarm?",
		  "Take the machine off the clinical network until that is known.", ADVICE_EVIDENCE, NULL },
	.attack = { "T1046", "T1018", "T0846", NULL },
	.cwe = { "CWE-200", NULL },
	.references = { "https://attack.mitre.org/techniques/T0846/", NULL },
};

enum {
	SETS = 128, WAYS = 4, TARGETS = 32, TRIED = 16, SECOND_NS = 1000000000, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMP = 1,
	PROTO_ICMP6 = 58, KNOWN_PORTS = 1024, PASSING_PORTS = 32768, TRACE_FROM = 33434, TRACE_TO = 33534, TRY_PACKETS = 4,
	NAMED = 8, ATTEMPTS_KEPT = 4, SEEN = 16, PLACES = 64, LATELY_BITS = 10,
};

/* How many different things: exactly to SEEN, then by the places their hashes take in 64. */
struct seen {
	uint64_t places;
	uint32_t v[SEEN], n;
};

struct target {                                  /* one address that was tried */
	struct addr addr;
	struct seen ports;
	uint32_t failed, all;
};

struct port {
	uint16_t port;
	uint8_t proto;
	struct seen addresses;
	uint32_t failed, all;
};

struct row {
	struct addr source;
	uint32_t device;
	uint64_t first, last;
	uint32_t failed;
	struct origin begin, latest;
	unsigned ntargets, nports, narps;
	struct target targets[TARGETS];          /* from here on valid as far as is counted; the medical ones stay */
	struct port ports[TRIED];
	uint64_t arps[TARGETS * 2];              /* hashes of addresses asked for by ARP */
	struct addr asked[TARGETS * 2];
};

/* What is asked of every row of a set, for every conversation: kept together. */
struct head {
	struct addr source;                      /* family 0: free */
	uint32_t failed;
	uint64_t last;
};

struct state {
	uint16_t lately[1 << LATELY_BITS];       /* which head an address had: compared before it counts, so not keyed */
	struct head heads[SETS * WAYS];          /* WAYS of a set stand behind each other */
	struct row rows[SETS * WAYS];
};

struct facts {
	struct row row;
};

/* ---- tables ---- */

static void seen_add(struct seen *s, uint64_t hash)
{
	uint32_t mark = (uint32_t)hash;
	s->places |= UINT64_C(1) << (hash >> 58);
	for (uint32_t i = 0; i < s->n; i++)
		if (s->v[i] == mark)
			return;
	if (s->n < SEEN)
		s->v[s->n++] = mark;
}

/* Linear counting: m of 64 places taken are left by about -64 ln(1 - m/64) different ones. */
static unsigned distinct(const struct seen *s)
{
	int taken = __builtin_popcountll(s->places);
	double many = taken < PLACES ? -PLACES * log(1 - (double)taken / PLACES) : 4.2 * PLACES;
	return s->n < SEEN || many < SEEN ? s->n : (unsigned)many;
}

static uint64_t hash_of(const struct run *d, struct addr a)
{
	return hash64(d->key, span_of(a.b, sizeof(a.b)));
}

static struct row *row_of(struct run *d, struct addr source, uint64_t ts)
{
	struct state *s = d->state;
	uint16_t *lately = &s->lately[addr_mix(source) >> (64 - LATELY_BITS)];
	struct head *head = &s->heads[*lately], *set = head - *lately % WAYS;
	bool known = source.family && addr_eq(head->source, source);
	if (!known) {
		set = &s->heads[hash_of(d, source) % SETS * WAYS];
		head = NULL;
	}
	for (unsigned i = 0; i < WAYS && !known; i++)
		if (set[i].source.family && addr_eq(set[i].source, source))
			head = &set[i];
	bool old = head && ts > head->last && ts - head->last > (uint64_t)(d->opt[PAUSE] * SECOND_NS);
	if (head)
		*lately = (uint16_t)(head - s->heads);
	if (head && !old)
		return &s->rows[head - s->heads];
	for (unsigned i = 0; i < WAYS && !old; i++)      /* who never failed gives way first, then the longest silent */
		if (!head || !set[i].failed > !head->failed || (!set[i].failed == !head->failed && set[i].last < head->last))
			head = &set[i];
	if (head->failed >= ATTEMPTS_KEPT && !old)
		detect_dropped(d);
	*head = (struct head){ .source = source };
	*lately = (uint16_t)(head - s->heads);
	struct row *row = &s->rows[head - s->heads];
	memset(row, 0, offsetof(struct row, targets));
	row->source = source;
	row->first = ts;
	return row;
}

static void row_tried(struct run *d, struct row *row, uint64_t ts, bool failed)
{
	struct state *s = d->state;
	struct head *head = &s->heads[row - s->rows];
	row->failed += failed;
	row->last = ts > row->last ? ts : row->last;
	head->failed = row->failed;
	head->last = row->last;
}

static bool is_medical(const struct run *d, struct addr a)
{
	uint32_t id = device_by_addr(d->devices, a);
	return id != DEVICE_NONE && device_is_medical(d->devices, id);
}

/* The target's place; when all are taken a medical one has another's. NULL: no room. */
static struct target *target_of(const struct run *d, struct row *row, struct addr a)
{
	for (unsigned i = 0; i < row->ntargets; i++)
		if (addr_eq(row->targets[i].addr, a))
			return &row->targets[i];
	struct target *t = row->ntargets < TARGETS ? &row->targets[row->ntargets++] : NULL;
	for (unsigned i = 0; i < TARGETS && !t && is_medical(d, a); i++)
		if (!is_medical(d, row->targets[i].addr))
			t = &row->targets[i];
	if (t)
		*t = (struct target){ .addr = a };
	return t;
}

static struct port *port_of(struct row *row, uint16_t port, uint8_t proto)
{
	struct port *p = NULL;
	for (unsigned i = 0; i < row->nports; i++)
		if (row->ports[i].port == port && row->ports[i].proto == proto)
			return &row->ports[i];
	if (row->nports < TRIED)
		p = &row->ports[row->nports++];
	for (unsigned i = 0; i < TRIED && !p; i++)       /* one that was tried on a single address gives way */
		if (row->ports[i].addresses.n <= 1)
			p = &row->ports[i];
	if (p)
		*p = (struct port){ .port = port, .proto = proto };
	return p;
}

/* ---- what counts as a try ---- */

static bool is_group(const struct origin *at)
{
	enum addr_class c = addr_class(at->dst);
	return mac_is_group(at->dmac) || c == ADDR_MULTICAST || c == ADDR_BROADCAST || c == ADDR_NONE;
}

static bool is_judged(const struct origin *at)
{
	bool port = at->proto == PROTO_TCP || at->proto == PROTO_UDP, udp = at->proto == PROTO_UDP;
	/* Answers whose questions passed elsewhere, before, or to a group. */
	bool reply = (at->sport && at->sport < KNOWN_PORTS && (udp || at->dport >= KNOWN_PORTS)) ||
		     (udp && at->sport < PASSING_PORTS && at->dport >= PASSING_PORTS);
	bool trace = udp && at->dport >= TRACE_FROM && at->dport <= TRACE_TO;
	return (port || at->proto == PROTO_ICMP || at->proto == PROTO_ICMP6) && !reply && !trace && !is_group(at);
}

/* Nothing came of it. Who goes on sending was answered where nobody looked. */
static bool has_failed(const struct run *d, const struct record *r)
{
	struct span state = record_get_text(r, (unsigned)d->col[STATE]);
	uint64_t up = record_get_uint(r, (unsigned)d->col[TO_SERVER]), down = record_get_uint(r, (unsigned)d->col[TO_CLIENT]);
	bool tcp = r->at->proto == PROTO_TCP;
	if (span_is(state, "refused"))
		return true;
	if (span_is(state, "unanswered"))
		return !tcp || (!up && record_get_uint(r, (unsigned)d->col[SENT]) < TRY_PACKETS);
	return tcp && !up && !down;
}

static void on_flow(struct run *d, const struct record *r)
{
	const struct origin *at = r->at;
	if (!at || !is_judged(at) || detect_is_outside(d, at->dst))
		return;
	bool failed = has_failed(d, r);
	struct row *row = row_of(d, at->src, at->ts);
	struct target *t = target_of(d, row, at->dst);
	struct port *p = port_of(row, at->dport, at->proto);
	if (!row->failed)
		row->begin = *at;
	if (failed)
		row->latest = *at;
	row->device = detect_client_device(d, at);
	row_tried(d, row, at->ts, failed);
	if (t) {
		t->all++;
		t->failed += failed;
		if (failed)
			seen_add(&t->ports, hash64(d->key, span_of(&at->dport, sizeof(at->dport))));
	}
	if (p) {
		p->all++;
		p->failed += failed;
		if (failed)
			seen_add(&p->addresses, hash_of(d, at->dst));
	}
}

static void on_arp(struct run *d, const struct record *r)
{
	struct addr sender = record_get_addr(r, (unsigned)d->col[ARP_SENDER]);
	struct addr target = record_get_addr(r, (unsigned)d->col[ARP_TARGET]);
	bool own = record_get_uint(r, (unsigned)d->col[ARP_PROBE]) || record_get_uint(r, (unsigned)d->col[ARP_GRATUITOUS]);
	bool request = span_is(record_get_text(r, (unsigned)d->col[ARP_OPERATION]), "request");
	if (!request || own || !sender.family || !target.family)
		return;
	struct row *row = row_of(d, sender, r->at->ts);
	uint64_t hash = hash_of(d, target);
	row_tried(d, row, r->at->ts, false);
	for (unsigned i = 0; i < row->narps; i++)
		if (row->arps[i] == hash)
			return;
	if (row->narps == ARRAY_LEN(row->arps))
		return;
	if (!row->begin.ts)
		row->begin = *r->at;
	row->latest = *r->at;
	row->device = detect_sender(d, r->at);
	row->asked[row->narps] = target;
	row->arps[row->narps++] = hash;
}

/* ---- judging ---- */

struct view {
	const struct port *port;                 /* tried on many addresses; NULL: none */
	const struct target *target;             /* of which many ports were tried */
	unsigned addresses, ports, arps;
	unsigned medical;                        /* devices among the addresses that it tried */
	struct addr first;                       /* of them */
};

static unsigned asked_in_vain(const struct run *d, const struct row *row)
{
	unsigned n = 0;
	for (unsigned i = 0; i < row->narps; i++)
		n += mac_is_zero(zone_mac_of(d->zones, row->asked[i])) &&
		     device_by_addr(d->devices, row->asked[i]) == DEVICE_NONE;
	return n;
}

static unsigned asked_medical(const struct run *d, const struct row *row, struct addr *first)
{
	unsigned n = 0;
	for (unsigned i = 0; i < row->narps; i++) {
		bool medical = is_medical(d, row->asked[i]);
		*first = medical && !n ? row->asked[i] : *first;
		n += medical;
	}
	return n;
}

static struct view view_of(const struct run *d, const struct row *row)
{
	struct view v = { .arps = asked_in_vain(d, row) };
	for (unsigned i = 0; i < row->nports; i++) {
		const struct port *p = &row->ports[i];
		if (distinct(&p->addresses) <= v.addresses || 2 * p->failed < p->all)
			continue;
		v.addresses = distinct(&p->addresses);
		v.port = p;
	}
	for (unsigned i = 0; i < row->ntargets; i++) {
		const struct target *t = &row->targets[i];
		bool medical = t->failed && is_medical(d, t->addr);
		v.first = medical && !v.first.family ? t->addr : v.first;
		v.medical += medical;
		if (2 * t->failed < t->all || distinct(&t->ports) < v.ports || (distinct(&t->ports) == v.ports && !medical))
			continue;
		v.ports = distinct(&t->ports);
		v.target = t;
	}
	if (v.addresses < d->opt[ADDRESSES])
		v.port = NULL;
	if (v.ports < d->opt[PORTS])
		v.target = NULL;
	if (v.arps < d->opt[ARPS] || 2 * v.arps < row->narps)
		v.arps = 0;
	if (v.arps && !v.port && !v.target)
		v.medical = asked_medical(d, row, &v.first);
	return v;
}

static bool is_scan(const struct view *v)
{
	return v->port || v->target || v->arps;
}

static void weigh_row(struct run *d, const struct row *row)
{
	char text[ADDR_TEXT];
	struct view v = view_of(d, row);
	if (!is_scan(&v))
		return;
	addr_text(row->source, text);
	struct finding *f = detect_open(d, row->device, &row->begin, "%s", text);
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (x && row->last >= x->row.last)
		x->row = *row;
}

static bool is_registered(const struct run *d, const struct row *row, const struct view *v)
{
	return detect_is_registered(d, REGISTERED_SCANNER, v->first.family ? v->first : row->begin.dst, row->source);
}

static enum severity severity_of(const struct run *d, const struct row *row, const struct view *v)
{
	bool medical_source = row->device != DEVICE_NONE && device_is_medical(d->devices, row->device);
	if (is_registered(d, row, v))
		return SEV_INFO;
	if (v->medical && !v->port && !v->target)
		return medical_source ? SEV_MEDIUM : SEV_LOW;           /* who is there: nobody was called yet */
	if (!v->medical)                         /* what is not at a patient is for information */
		return medical_source && (v->port || v->target) ? SEV_MEDIUM : SEV_INFO;
	return detect_is_outside(d, row->source) || medical_source ? SEV_HIGH : SEV_MEDIUM;
}

static const char *title(struct run *d, const struct finding *f, const struct row *row, const struct view *v)
{
	const char *who = detect_who(d, f->device, row->source);
	const char *medical = v->medical == 1 ? ", a medical device among them"
			    : v->medical ? detect_text(d, ", %u medical devices among them", v->medical) : "";
	if (v->target && (!v->port || v->medical == 1)) {
		bool own = is_medical(d, v->target->addr);
		const char *whom = own ? "medical device " : "", *where = detect_where(d, v->target->addr, 0);
		return detect_text(d, "%s tried %s%u ports of %s%s", who, v->ports >= SEEN ? "about " : "", v->ports, whom,
				   where);
	}
	if (v->port) {
		const char *more = v->addresses >= SEEN ? "about " : "";
		if (!v->port->port)
			return detect_text(d, "%s pinged %s%u addresses%s", who, more, v->addresses, medical);
		return detect_text(d, "%s tried %s port %u on %s%u addresses%s", who,
				   v->port->proto == PROTO_TCP ? "TCP" : "UDP", v->port->port, more, v->addresses, medical);
	}
	return detect_text(d, "%s asked by ARP for %u addresses that nobody has%s", who, v->arps, medical);
}

static void describe(struct run *d, struct finding *f, const struct row *row, const struct view *v)
{
	unsigned named = 0;
	record_addr(f->observed, OBS_SOURCE, row->source);
	record_addr(f->observed, OBS_ADDRESS, v->first.family ? v->first : row->begin.dst);
	if (v->port && v->port->port)
		record_uint(f->observed, OBS_PORT, v->port->port);
	record_uint(f->observed, OBS_MESSAGES, row->failed);
	if (v->port)
		detect_list(f, OBS_TRAITS, "many addresses");
	if (v->target)
		detect_list(f, OBS_TRAITS, "many ports");
	if (v->arps)
		detect_list(f, OBS_TRAITS, "ARP sweep");
	if (is_registered(d, row, v))
		detect_list(f, OBS_TRAITS, "registered");
	for (unsigned i = 0; i < row->ntargets && named < NAMED; i++) {
		uint32_t id = device_by_addr(d->devices, row->targets[i].addr);
		if (id == DEVICE_NONE || !row->targets[i].failed || !device_is_medical(d->devices, id))
			continue;
		detect_list(f, OBS_EXTRA, detect_who(d, id, row->targets[i].addr));
		named++;
	}
	detect_note(f, &row->latest, "the latest try");
}

static void judge(struct run *d, struct finding *f)
{
	struct facts *x = f->own;
	struct view v = view_of(d, &x->row);
	bool router = f->device != DEVICE_NONE && device_role(d->devices, f->device) == ROLE_NETWORK;
	/* A router asks for whoever is called through it. */
	f->withdrawn = !is_scan(&v) || (router && !v.port && !v.target) ||
		       (zone_is_router(d->zones, x->row.begin.smac) && !v.port && !v.target);
	if (f->withdrawn)
		return;
	f->severity = severity_of(d, &x->row, &v);
	f->confidence = v.port && v.target ? 0.9 : v.port || v.target ? 0.75 : 0.5;
	f->scope = detect_is_outside(d, x->row.source) ? SCOPE_OUTSIDE : detect_scope(d, &x->row.begin);
	f->keeps_scope = true;
	f->count = x->row.failed + x->row.narps;
	f->first = x->row.begin.ts;
	f->last = x->row.last;
	f->title = title(d, f, &x->row, &v);
	describe(d, f, &x->row, &v);
}

static void finish(struct run *d)
{
	struct state *s = d->state;
	for (unsigned i = 0; i < SETS * WAYS; i++)
		if (s->heads[i].source.family)
			weigh_row(d, &s->rows[i]);
}

static const struct on on[] = { { "flow", on_flow }, { "arp", on_arp }, { NULL, NULL } };

const struct detector detector_scan = {
	.name = "net.scan", .rule = &rule, .on = on, .wants = wants, .options = options,
	.state_size = sizeof(struct state), .finish = finish, .judge = judge,
};
