/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.public-arp: ARP for a globally routable (or documentation) address on a segment that has no such
 * prefix. A segment that is really numbered so stays quiet: its prefix is configured or plainly in use,
 * or hosts that claim such addresses hold conversations that a router or a neighbour answers. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/detector.h"

enum want_index { OPERATION, SENDER, TARGET, PROBE, GRATUITOUS, WANTS };

static const struct want wants[] = {
	[OPERATION] = { "arp", "operation" },
	[SENDER] = { "arp", "sender_addr" },
	[TARGET] = { "arp", "target_addr" },
	[PROBE] = { "arp", "probe" },
	[GRATUITOUS] = { "arp", "gratuitous" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.public-arp",
	.title = "A device asks for a public address on a segment that has none",
	.cause = "outside party",
	.sees = "An ARP packet whose sender or target is a globally routable or documentation address, on a segment "
		"where that network is neither configured nor in use.",
	.why = "A device whose factory setting is a public address looks for its server there on every network it "
	       "is plugged into. Today nobody answers; whoever takes that address on this segment gets what the "
	       "device sends.",
	.wrong = "A second network on the same cable that the sensor hardly sees, or a machine that was moved here "
		 "with its old address. Enter the network under [zone] when it belongs here.",
	.next = { "Find out which device this is (MAC address below) and what network settings it was delivered "
		  "with.",
		  ADVICE_BEDSIDE,
		  "Give the device an address of the ward's own range, and check that it then leaves the public one "
		  "alone.",
		  NULL },
	.attack = { "T0885", NULL },
	.cwe = { "CWE-1188", NULL },
	.advisories = { NULL },
	.references = { "RFC 826", "RFC 6890", NULL },
};

enum { NETS = 64, CLAIMS = 4, FOLD_FROM = 6 };

/* A /24 that somebody here says to have an address of. */
struct net {
	uint32_t net;
	struct addr claims[CLAIMS];
	unsigned nclaims;
	bool talks;                              /* such a host was answered here */
	struct mac asker;                        /* the first card that asked for a second such host */
	bool pair;                               /* another card answered as such */
};

struct state {
	struct net nets[NETS];
	unsigned nnets;
};

struct facts {
	struct addr addr, sender;
	struct mac mac;
	bool probe, claims, answered;            /* claims: it gives itself the address */
};

static struct net *net_of(struct state *s, struct addr a)
{
	for (unsigned i = 0; i < s->nnets; i++)
		if (s->nets[i].net == addr_to4(a) >> 8)
			return &s->nets[i];
	return NULL;
}

static void note_claim(struct state *s, struct addr a)
{
	struct net *n = net_of(s, a);
	if (!n && s->nnets < NETS) {
		n = &s->nets[s->nnets++];
		n->net = addr_to4(a) >> 8;
	}
	for (unsigned i = 0; n && i < n->nclaims; i++)
		if (addr_eq(n->claims[i], a))
			return;
	if (n && n->nclaims < CLAIMS)
		n->claims[n->nclaims++] = a;
}

/* Two cards numbered alike find each other: a network of its own, though nothing of it was heard but this. */
static void note_pair(struct state *s, struct addr sender, struct addr target, struct mac card, bool reply)
{
	struct net *n = s->nnets && addr_to4(sender) >> 8 == addr_to4(target) >> 8 ? net_of(s, sender) : NULL;
	if (!n || addr_eq(sender, target))
		return;
	if (!reply && mac_is_zero(n->asker))
		n->asker = card;
	n->pair |= reply && !mac_is_zero(n->asker) && !mac_eq(n->asker, card);
}

static void see(struct run *d, const struct record *r, struct addr a, bool claims)
{
	char text[ADDR_TEXT];
	struct addr sender = record_get_addr(r, (unsigned)d->col[SENDER]);
	struct finding *f = detect_finding(d, detect_sender(d, r->at), r->at, "%s", addr_text(a, text));
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return;
	x->addr = a;
	x->sender = addr_class(sender) == ADDR_NONE ? x->sender : sender;
	x->mac = r->at->smac;
	x->probe |= record_get_uint(r, (unsigned)d->col[PROBE]) != 0;
	x->claims |= claims;
	record_addr(f->observed, OBS_ADDRESS, a);
	record_addr(f->observed, OBS_SOURCE, x->sender);
	record_mac(f->observed, OBS_MAC, x->mac);
	record_str(f->observed, OBS_TRANSPORT, "arp");
}

/* Replies say who has an address, which is a claim; that somebody asked is what counts otherwise. */
static void on_arp(struct run *d, const struct record *r)
{
	struct addr sender = record_get_addr(r, (unsigned)d->col[SENDER]);
	struct addr target = record_get_addr(r, (unsigned)d->col[TARGET]);
	bool reply = span_is(record_get_text(r, (unsigned)d->col[OPERATION]), "reply");
	bool own = record_get_uint(r, (unsigned)d->col[PROBE]) || record_get_uint(r, (unsigned)d->col[GRATUITOUS]);
	if (addr_is_global(sender))
		note_claim(d->state, sender);
	if (addr_is_global(sender) && addr_is_global(target))
		note_pair(d->state, sender, target, r->at->smac, reply);
	if (addr_is_global(sender) && !zone_expects(d->zones, sender))
		see(d, r, sender, true);
	if (addr_is_global(target) && !reply && !addr_eq(sender, target) && !zone_expects(d->zones, target))
		see(d, r, target, own);
}

static bool is_claimed(const struct net *n, struct addr a)
{
	for (unsigned i = 0; n && i < n->nclaims; i++)
		if (addr_eq(n->claims[i], a))
			return true;
	return false;
}

/* A host that claims such an address holds a conversation with a neighbour of the same network on the
 * wire, or with one elsewhere through a router: the network is real. An answer by proxy for the very
 * address asked for is none, nor is one lone host that talks with neighbours of another network. */
static void weigh_answer(struct run *d, struct addr a, struct addr other)
{
	struct state *s = d->state;
	struct net *n = s->nnets && a.family == 4 && addr_is_global(a) ? net_of(s, a) : NULL;
	if (!n || !is_claimed(n, a) || !zone_on_link(d->zones, a))
		return;
	bool elsewhere = other.family != 4 || addr_to4(other) >> 8 != n->net;
	n->talks |= elsewhere != zone_on_link(d->zones, other);
}

static void on_answer(struct run *d, const struct record *r)
{
	weigh_answer(d, r->at->src, r->at->dst);
	weigh_answer(d, r->at->dst, r->at->src);
}

static void judge(struct run *d, struct finding *f)
{
	struct facts *x = f->own;
	if (!x)
		return;
	const struct net *n = net_of(d->state, x->addr);
	f->withdrawn = (n && n->talks) || zone_expects(d->zones, x->addr);
	bool medical = f->device != DEVICE_NONE && device_is_medical(d->devices, f->device);
	bool someone = !mac_is_zero(zone_mac_of(d->zones, x->addr)) && !x->claims;
	const char *who = detect_who(d, f->device, x->sender), *where = detect_where(d, x->addr, 0);
	f->severity = medical ? SEV_MEDIUM : n && n->pair ? SEV_INFO : SEV_LOW;
	f->confidence = f->count >= 3 ? 0.8 : 0.6;
	f->keeps_scope = true;
	f->scope = someone ? SCOPE_SEGMENT : SCOPE_NONE;
	record_bool(f->observed, OBS_ANSWERED, someone);
	if (x->probe)
		detect_list(f, OBS_TRAITS, "probe");
	if (x->claims)
		detect_list(f, OBS_TRAITS, "claims it");
	if (x->claims)
		f->title = detect_text(
			d, "%s gives itself the public address %s on a segment that has no such network", who, where);
	else
		f->title = detect_text(d, "%s asks for the public address %s on a segment that has no such network%s",
				       who, where, someone ? "; it was answered" : "; nobody answered");
}

/* Within a /16 of an address of its own: what a router asks for on behalf of those who call its network. */
static bool is_near(const struct facts *x)
{
	return addr_is_global(x->sender) && addr_to4(x->sender) >> 16 == addr_to4(x->addr) >> 16;
}

/* One card that says many such addresses (a scan, a broken or bridged card) is one matter, not many. Where most are
 * near its own it is a router, of whose network the broadcasts alone were captured. */
static void fold(struct run *d, struct finding *first)
{
	const struct facts *x = first->own;
	unsigned others = 0, near = is_near(x);
	for (struct finding *f = detect_next(d, first); f; f = detect_next(d, f)) {
		const struct facts *y = f->own;
		bool same = y && !f->withdrawn && mac_eq(x->mac, y->mac);
		others += same;
		near += same && is_near(y);
	}
	if (others < FOLD_FROM)
		return;
	for (struct finding *f = detect_next(d, first); f; f = detect_next(d, f)) {
		const struct facts *y = f->own;
		char text[ADDR_TEXT];
		if (!y || f->withdrawn || !mac_eq(x->mac, y->mac))
			continue;
		f->withdrawn = true;
		detect_list(first, OBS_EXTRA, addr_text(y->addr, text));
	}
	if (first->severity == SEV_LOW && near * 2 > others)
		first->severity = SEV_INFO;
	first->title = detect_text(d, "%s speaks of %u public addresses on a segment that has no such networks",
				   detect_who(d, first->device, x->sender), others + 1);
}

static void finish(struct run *d)
{
	for (struct finding *f = detect_next(d, NULL); f; f = detect_next(d, f))
		judge(d, f);
	for (struct finding *f = detect_next(d, NULL); f; f = detect_next(d, f))
		if (f->own && !f->withdrawn)
			fold(d, f);
}

static const struct on on[] = { { "arp", on_arp }, { "answer", on_answer }, { NULL, NULL } };

const struct detector detector_public_arp = {
	.name = "net.public-arp",
	.rule = &rule,
	.on = on,
	.wants = wants,
	.state_size = sizeof(struct state),
	.finish = finish,
};
