/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.outside-destination: a medical device attempts to reach an address outside the site, answered or
 * not, or one from outside opens a conversation with it. A device may be known as medical only later, so
 * the destinations of devices not known yet are kept, a few each, and judged when they are. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/detector.h"

enum want_index { STATE, TO_SERVER, WANTS };

static const struct want wants[] = {
	[STATE] = { "flow", "state" },
	[TO_SERVER] = { "flow", "bytes_to_server" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.outside-destination",
	.title = "A medical device tries to reach an address outside the site",
	.cause = "outside party",
	.sees = "The first packet of a conversation, of any protocol and answered or not, between a medical device "
		"and an address outside the site. Broadcast and multicast never; destinations entered under [allow] "
		"never.",
	.why = "A medical device needs its central station, a time server and the hospital's own systems. What it "
	       "sends outside may be patients' data, and what it fetches there may change how it works, while it is "
	       "on a patient.",
	.wrong = "A remote service contract of the maker, or a network of the site that is not in the "
		 "configuration. A device taken for a medical one by mistake: its role and why it was guessed stand "
		 "in `auscult devices`.",
	.next = { "Ask biomedical engineering whether the maker's service needs this destination; it should be "
		  "named in the contract.",
		  ADVICE_BEDSIDE, ADVICE_BLOCK, ADVICE_REGISTER, ADVICE_EVIDENCE, NULL },
	.attack = { "T0885", "T0883", "T1041", NULL },
	.cwe = { "CWE-923", NULL },
	.advisories = { NULL },
	.references = { "IEC 80001-1", NULL },
};

enum { WAITING = 512, DESTINATIONS = 6, PORTS = 8, PORT_DNS = 53, PORT_NTP = 123 };

struct facts {
	struct addr peer, own;
	uint16_t ports[PORTS];
	uint8_t protos[PORTS];
	unsigned nports;
	uint32_t count;
	uint64_t last;
	struct origin first;
	bool inbound, answered, payload;
	bool serious;                            /* something else than asking for names and the time */
};

/* The destinations of a device that is not known as medical yet; row = id % WAITING, the latest device keeps it. */
struct waiting {
	uint32_t device;
	unsigned n;
	struct facts v[DESTINATIONS];
};

struct state {
	struct waiting rows[WAITING];
};

static void add_contact(struct facts *x, const struct origin *at)
{
	uint16_t port = detect_server_port(at);
	bool names = port == PORT_DNS && (at->proto == 17 || at->proto == 6);
	bool clock = port == PORT_NTP && at->proto == 17;
	if (!x->count)
		x->first = *at;
	x->count++;
	x->last = at->ts > x->last ? at->ts : x->last;
	x->serious |= !names && !clock;
	for (unsigned i = 0; i < x->nports; i++)
		if (x->ports[i] == port && x->protos[i] == at->proto)
			return;
	if (x->nports == PORTS)
		return;
	x->protos[x->nports] = at->proto;
	x->ports[x->nports++] = port;
}

static const char *key_of(const struct facts *x, char out[ADDR_TEXT + 8])
{
	char text[ADDR_TEXT];
	snprintf(out, ADDR_TEXT + 8, "%s%s", x->inbound ? "from " : "", addr_text(x->peer, text));
	return out;
}

static void promote(struct run *d, uint32_t device, const struct facts *seen)
{
	char key[ADDR_TEXT + 8];
	struct finding *f = detect_finding(d, device, &seen->first, "%s", key_of(seen, key));
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return;
	if (x->count) {
		x->count += seen->count;
		x->answered |= seen->answered;
		x->payload |= seen->payload;
		x->serious |= seen->serious;
	} else {
		*x = *seen;
	}
	f->count = x->count;
	f->last = seen->last > f->last ? seen->last : f->last;
}

static struct facts *waiting_find(struct run *d, uint32_t device, struct addr peer, bool inbound)
{
	struct waiting *w = &((struct state *)d->state)->rows[device % WAITING];
	if (w->device != device)
		return NULL;
	for (unsigned i = 0; i < w->n; i++)
		if (w->v[i].inbound == inbound && addr_eq(w->v[i].peer, peer))
			return &w->v[i];
	return NULL;
}

static struct facts *waiting_open(struct run *d, uint32_t device, struct addr peer, bool inbound)
{
	struct facts *x = waiting_find(d, device, peer, inbound);
	struct waiting *w = &((struct state *)d->state)->rows[device % WAITING];
	if (x)
		return x;
	if (w->device != device)
		*w = (struct waiting){ .device = device };
	if (w->n == DESTINATIONS)
		return NULL;
	x = &w->v[w->n++];
	x->peer = peer;
	x->inbound = inbound;
	return x;
}

/* Who of us, and who outside: false when the two are none of our business. */
static bool ends_of(const struct run *d, const struct origin *at, uint32_t *device, struct facts *x)
{
	struct addr client = detect_client(at), server = detect_server(at);
	bool out = detect_is_outside(d, server), in = detect_is_outside(d, client);
	if (out == in)
		return false;
	*x = (struct facts){ .peer = out ? server : client, .own = out ? client : server, .inbound = in };
	*device = out ? detect_client_device(d, at) : detect_server_device(d, at);
	return *device != DEVICE_NONE;
}

static bool is_wanted(const struct run *d, const struct facts *x, uint16_t port)
{
	return detect_is_allowed(d, x->own, x->peer, port) || zone_is_central(d->zones, x->peer, port);
}

/* What the device had called before and now comes from another port of the same end (a TFTP server's
 * answers, FTP's data connection) is an answer to that call, not a call of its own. */
static struct facts *called_before(struct run *d, uint32_t device, const struct facts *one)
{
	struct facts call = *one;
	char key[ADDR_TEXT + 8];
	call.inbound = false;
	bool may = one->inbound && detect_may_have(d, device);
	struct finding *f = may ? detect_find(d, device, "%s", key_of(&call, key)) : NULL;
	return f ? f->own : one->inbound ? waiting_find(d, device, one->peer, false) : NULL;
}

static void on_contact(struct run *d, const struct record *r)
{
	struct facts one;
	uint32_t device;
	if (mac_is_group(r->at->dmac) || !ends_of(d, r->at, &device, &one) ||
	    is_wanted(d, &one, detect_server_port(r->at)))
		return;
	struct facts *call = called_before(d, device, &one);
	if (call) {
		call->answered = true;
		return;
	}
	bool medical = device_is_medical(d->devices, device);
	if (!medical && device_role(d->devices, device) != ROLE_UNKNOWN)
		return;
	if (!medical) {
		struct facts *x = waiting_open(d, device, one.peer, one.inbound);
		if (x) {
			x->own = one.own;
			add_contact(x, r->at);
		}
		return;
	}
	char key[ADDR_TEXT + 8];
	struct finding *f = detect_finding(d, device, r->at, "%s", key_of(&one, key));
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return;
	x->peer = one.peer;
	x->own = one.own;
	x->inbound = one.inbound;
	add_contact(x, r->at);
}

/* The notes of this conversation, in a finding or still waiting. */
static struct facts *known(struct run *d, const struct origin *at)
{
	struct facts one;
	uint32_t device;
	char key[ADDR_TEXT + 8];
	if (!at || !ends_of(d, at, &device, &one))
		return NULL;
	if (!device_is_medical(d->devices, device))
		return waiting_find(d, device, one.peer, one.inbound);
	struct finding *f = detect_may_have(d, device) ? detect_find(d, device, "%s", key_of(&one, key)) : NULL;
	return f ? f->own : waiting_find(d, device, one.peer, one.inbound);
}

static void on_answer(struct run *d, const struct record *r)
{
	struct facts *x = known(d, r->at);
	if (x)
		x->answered = true;
}

static void on_flow(struct run *d, const struct record *r)
{
	struct facts *x = known(d, r->at);
	struct span state = record_get_text(r, (unsigned)d->col[STATE]);
	if (x && !span_is(state, "unanswered") && !span_is(state, "refused"))
		x->payload |= record_get_uint(r, (unsigned)d->col[TO_SERVER]) > 0;
}

static void tick(struct run *d)
{
	struct state *s = d->state;
	for (unsigned i = 0; i < WAITING; i++) {
		struct waiting *w = &s->rows[i];
		if (!w->n || !device_is_medical(d->devices, w->device))
			continue;
		for (unsigned k = 0; k < w->n; k++)
			promote(d, w->device, &w->v[k]);
		w->n = 0;
	}
}

/* ---- judging ---- */

static void list_ports(struct run *d, struct finding *f, const struct facts *x)
{
	for (unsigned i = 0; i < x->nports; i++)
		if (x->ports[i])
			detect_list(f, OBS_EXTRA,
				    detect_text(d, "%s port %u", x->protos[i] == 17 ? "UDP" : "TCP", x->ports[i]));
	detect_list(f, OBS_TRAITS, x->inbound ? "inbound" : "outbound");
	record_addr(f->observed, OBS_ADDRESS, x->peer);
	record_addr(f->observed, OBS_SOURCE, x->own);
	record_bool(f->observed, OBS_ANSWERED, x->answered);
}

static void weigh(struct finding *f, const struct facts *x, double role_confidence)
{
	f->severity = !x->serious ? SEV_LOW : x->answered && x->payload ? SEV_HIGH : SEV_MEDIUM;
	f->confidence = (x->answered ? 0.6 : 0.5) + 0.35 * role_confidence;
	f->scope = SCOPE_OUTSIDE;
	f->keeps_scope = true;
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	/* What was learnt since: the address stands on the wire here, or the device is none of those. */
	f->withdrawn = !detect_is_outside(d, x->peer) || !device_is_medical(d->devices, f->device);
	if (f->withdrawn)
		return;
	weigh(f, x, device_role_confidence(d->devices, f->device));
	list_ports(d, f, x);
	const char *who = detect_who(d, f->device, x->own);
	const char *where = detect_where(d, x->peer, x->nports == 1 && !x->inbound ? x->ports[0] : 0);
	if (x->inbound)
		f->title = detect_text(d, "%s was called from outside the site by %s%s", who, where,
				       x->answered ? " and answered" : "; it did not answer");
	else if (!x->serious)
		f->title = detect_text(d, "%s asks %s, outside the site, for names or the time", who, where);
	else
		f->title = detect_text(d, "%s %s %s, outside the site%s", who,
				       x->answered ? x->payload ? "sent data to" : "reached" : "tried to reach", where,
				       x->answered ? "" : "; nobody answered");
}

static const struct on on[] = {
	{ "contact", on_contact, .when = WHEN_ACROSS }, { "answer", on_answer, .when = WHEN_ACROSS },
	{ "flow", on_flow, .when = WHEN_ACROSS }, { NULL, NULL },
};

const struct detector detector_outside_destination = {
	.name = "net.outside-destination", .rule = &rule, .on = on, .wants = wants, .state_size = sizeof(struct state),
	.tick = tick, .finish = tick, .judge = judge,
};
