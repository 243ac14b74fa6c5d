/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.arp-conflict: two network cards claim one address, by ARP or by neighbour discovery of IPv6 (RFC 4861), and the
 * one that had it goes on using it. A card that takes over an address for good (a new lease, a replaced device, a
 * standby) contradicts nobody. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/detector.h"

enum want_index {
	OPERATION, SENDER_MAC, SENDER, TARGET, GRATUITOUS, ND_OPERATION, ND_TARGET, ND_SOLICITED, ND_OVERRIDE, ND_ROUTER,
	DHCP_ROUTER, WANTS
};

static const struct want wants[] = {
	[OPERATION] = { "arp", "operation" },
	[SENDER_MAC] = { "arp", "sender_mac" },
	[SENDER] = { "arp", "sender_addr" },
	[TARGET] = { "arp", "target_addr" },
	[GRATUITOUS] = { "arp", "gratuitous" },
	[ND_OPERATION] = { "nd", "operation" },
	[ND_TARGET] = { "nd", "target_addr" },
	[ND_SOLICITED] = { "nd", "solicited" },
	[ND_OVERRIDE] = { "nd", "override" },
	[ND_ROUTER] = { "nd", "router" },
	[DHCP_ROUTER] = { "dhcp", "router" },
	[WANTS] = { NULL, NULL },
};

enum option { TOGETHER };

static const struct option_num options[] = {
	[TOGETHER] = { "together", "how near two claims to one address must lie to contradict", "s", 60, 1, 3600 },
	{ 0 },
};

static const struct rule rule = {
	.id = "net.arp-conflict",
	.title = "Two network cards claim the same address",
	.cause = "altered on the way",
	.sees = "An address is claimed by ARP or IPv6 neighbour discovery (asked from, answered, announced) by one MAC, then "
		"by another, and the first goes on claiming or using it within seconds. Takeovers for good, shared router "
		"addresses (VRRP, HSRP, GLBP, CARP), probes, IPv6 answers that are not to override (of a proxy, or for an address "
		"that several share) and routers that answer for addresses nobody else has do not count.",
	.why = "What is meant for that address goes to whoever answered last. It is how a machine puts itself between "
	       "a monitor and its central station, where it can read and change vital signs; and also how two devices "
	       "with one address by mistake lose each other's alarms.",
	.wrong = "Two devices that were given the same address by hand. A machine with two cards on one network that "
		 "answers from both. A standby that takes over and back within the minute without a shared MAC.",
	.next = { "Look at the devices named here: are values and alarms at the central station those at the bedside?",
		  "Find the second MAC address on the switch and take its port down, after asking whose machine it is.",
		  "If both are the ward's own devices, give one of them another address.",
		  ADVICE_EVIDENCE, NULL },
	.attack = { "T1557.002", "T0830", NULL },
	.cwe = { "CWE-290", "CWE-923", NULL },
	.references = { "RFC 826", "RFC 5227 section 2.4", "RFC 4861 section 7.2",
			"https://attack.mitre.org/techniques/T1557/002/", NULL },
};

enum { SETS = 256, WAYS = 4, CLAIMS = 4, TOLD = 4, GATEWAYS = 8, SECOND_NS = 1000000000, QUICK_S = 5, ASKED_S = 5 };

struct claim {
	struct mac mac;
	uint64_t first, last;
	uint32_t count, unasked;                 /* claims; replies that nobody had asked for */
	uint32_t spoke;                          /* conversations from that address with this MAC */
	bool steady;                             /* seen twice within `together` */
	struct addr told[TOLD];                  /* whom replies were for */
	struct origin at;
};

struct row {
	struct addr addr;                        /* family 0: free */
	uint16_t vlan;
	uint64_t touched, asked;
	struct claim claims[CLAIMS];
	unsigned n, latest;
	bool router;                             /* whoever claims it says that it is a router */
	uint32_t device;                         /* whom the finding is about */
	uint32_t returns, quick;                 /* back to a card that claimed before; within QUICK_S */
};

struct state {
	uint64_t clock;
	bool contested;                          /* there was a second claim to some address */
	struct row rows[SETS][WAYS];             /* of a set the least recently touched without a conflict goes */
	struct addr gateways[GATEWAYS];
	unsigned ngateways;
};

/* The finding keeps what the row had when it was last seen. */
struct facts {
	struct row row;
};

/* ---- who claims what ---- */

static struct row *set_of(struct run *d, struct addr a, uint16_t vlan)
{
	struct state *s = d->state;
	uint8_t bytes[18] = { (uint8_t)(vlan >> 8), (uint8_t)vlan };
	memcpy(bytes + 2, a.b, sizeof(a.b));
	return s->rows[hash64(d->key, span_of(bytes, sizeof(bytes))) % SETS];
}

static struct row *row_find(struct run *d, struct addr a, uint16_t vlan)
{
	struct row *set = set_of(d, a, vlan);
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].addr.family && set[i].vlan == vlan && addr_eq(set[i].addr, a))
			return &set[i];
	return NULL;
}

/* Free, else the longest untouched; rows that show a conflict last. */
static struct row *row_to_give(struct row *set)
{
	struct row *row = NULL;
	for (unsigned i = 0; i < WAYS; i++) {
		if (!set[i].addr.family)
			return &set[i];
		bool poorer = row && (set[i].n > 1) < (row->n > 1), as_poor = row && (set[i].n > 1) == (row->n > 1);
		if (!row || poorer || (as_poor && set[i].touched < row->touched))
			row = &set[i];
	}
	return row;
}

static struct row *row_open(struct run *d, struct addr a, uint16_t vlan)
{
	struct row *row = row_find(d, a, vlan);
	if (!row) {
		row = row_to_give(set_of(d, a, vlan));
		*row = (struct row){ .addr = a, .vlan = vlan };
	}
	row->touched = ++((struct state *)d->state)->clock;
	return row;
}

/* MACs that several routers share on purpose: VRRP and CARP (RFC 9568 §7.3), HSRP, GLBP; and of network load
 * balancing. */
static bool is_shared(struct mac m)
{
	static const struct {
		uint8_t n, b[5];
	} shared[] = {
		{ 5, { 0x00, 0x00, 0x5e, 0x00, 0x01 } }, { 5, { 0x00, 0x00, 0x5e, 0x00, 0x02 } },
		{ 5, { 0x00, 0x00, 0x0c, 0x07, 0xac } }, { 4, { 0x00, 0x00, 0x0c, 0x9f } },
		{ 5, { 0x00, 0x05, 0x73, 0xa0, 0x00 } }, { 4, { 0x00, 0x07, 0xb4, 0x00 } }, { 2, { 0x02, 0xbf } },
	};
	for (size_t i = 0; i < ARRAY_LEN(shared); i++)
		if (memcmp(m.b, shared[i].b, shared[i].n) == 0)
			return true;
	return false;
}

static struct claim *claim_of(struct row *row, struct mac m)
{
	for (unsigned i = 0; i < row->n; i++)
		if (mac_eq(row->claims[i].mac, m))
			return &row->claims[i];
	return NULL;
}

static struct claim *claim_add(struct row *row, struct mac m, const struct origin *at)
{
	if (row->n == CLAIMS)
		return NULL;
	struct claim *c = &row->claims[row->n++];
	*c = (struct claim){ .mac = m, .first = at->ts, .at = *at };
	return c;
}

static bool near_enough(const struct run *d, uint64_t a, uint64_t b)
{
	uint64_t apart = a > b ? a - b : b - a;
	return apart <= (uint64_t)(d->opt[TOGETHER] * SECOND_NS);
}

/* Whose address it is: a card's that has no other. The table of addresses follows the latest claim. */
static uint32_t owner_device(const struct run *d, const struct row *row)
{
	for (unsigned i = 0; i < row->n; i++) {
		uint32_t id = detect_by_card(d, row->claims[i].mac);
		if (id && addr_eq(device_addr(d->devices, id), row->addr))
			return id;
	}
	uint32_t id = device_by_addr(d->devices, row->addr);
	return id ? id : detect_by_card(d, row->claims[0].mac);
}

static void tell(struct run *d, struct row *row, const struct origin *at)
{
	char text[ADDR_TEXT];
	addr_text(row->addr, text);
	row->device = row->device ? row->device : owner_device(d, row);
	struct finding *f = detect_finding(d, row->device, at, "%s %u", text, row->vlan);
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (x)
		x->row = *row;
}

/* One packet alone may be a damaged one: a card that has the address shows it again, and the rarer of two
 * within a short time. */
static bool is_firm(const struct claim *c)
{
	return c->count + c->spoke >= 2;
}

/* A card that claimed it before is back, while the other's claim is fresh: both have it. */
static void weigh_return(struct run *d, struct row *row, const struct claim *c, const struct origin *at)
{
	const struct claim *other = &row->claims[row->latest];
	uint64_t apart = at->ts > other->last ? at->ts - other->last : 0;
	const struct claim *rarer = c->count + c->spoke < other->count + other->spoke ? c : other;
	if (other == c || !is_firm(other) || !is_firm(c) || !rarer->steady || !near_enough(d, at->ts, other->last))
		return;
	row->returns++;
	row->quick += apart <= (uint64_t)QUICK_S * SECOND_NS;
	tell(d, row, at);
}

static void seen_again(struct run *d, struct row *row, struct claim *c, const struct origin *at)
{
	c->steady |= c->last && near_enough(d, at->ts, c->last);
	if (c->last && row->n > 1)
		weigh_return(d, row, c, at);
	c->last = at->ts > c->last ? at->ts : c->last;
	row->latest = (unsigned)(c - row->claims);
}

static void note_told(struct claim *c, struct addr a)
{
	for (unsigned i = 0; i < TOLD; i++) {
		if (addr_eq(c->told[i], a))
			return;
		if (c->told[i].family)
			continue;
		c->told[i] = a;
		return;
	}
}

/* told: whom an answer is for; family 0: it is none. */
static void claimed(struct run *d, const struct origin *at, struct addr a, struct mac m, struct addr told, bool router)
{
	struct row *row = row_open(d, a, at->vlan);
	struct claim *c = claim_of(row, m);
	if (!c && !(c = claim_add(row, m, at)))
		return;
	((struct state *)d->state)->contested |= row->n > 1;
	row->router |= router;
	c->count++;
	c->unasked += told.family && (!row->asked || at->ts - row->asked > (uint64_t)ASKED_S * SECOND_NS);
	if (told.family)
		note_told(c, told);
	seen_again(d, row, c, at);
}

static void on_arp(struct run *d, const struct record *r)
{
	struct span operation = record_get_text(r, (unsigned)d->col[OPERATION]);
	bool request = span_is(operation, "request");
	struct addr a, target = record_get_addr(r, (unsigned)d->col[TARGET]);
	struct mac m;
	if (!request && !span_is(operation, "reply"))
		return;
	struct row *asked = request && target.family ? row_find(d, target, r->at->vlan) : NULL;
	if (asked && !addr_eq(record_get_addr(r, (unsigned)d->col[SENDER]), target))
		asked->asked = r->at->ts;
	bool answer = !request && !record_get_uint(r, (unsigned)d->col[GRATUITOUS]);
	if (zone_claim(r, &a, &m) && addr_class(a) != ADDR_LINK_LOCAL && !is_shared(m))
		claimed(d, r->at, a, m, answer ? target : (struct addr){ 0 }, false);
}

/* RFC 4861 7.2: a solicitation is sent from an address that its sender has; an advertisement that is not to override
 * leaves the MAC that others know in place, as a proxy's and an anycast address's must be. */
static void on_nd(struct run *d, const struct record *r)
{
	struct span operation = record_get_text(r, (unsigned)d->col[ND_OPERATION]);
	struct addr a, target = record_get_addr(r, (unsigned)d->col[ND_TARGET]), told = { 0 };
	struct mac m;
	bool advertisement = span_is(operation, "advertisement");
	struct row *asked = span_is(operation, "solicitation") && target.family ? row_find(d, target, r->at->vlan) : NULL;
	if (asked && !addr_eq(r->at->src, target))
		asked->asked = r->at->ts;
	if (advertisement && !record_get_uint(r, (unsigned)d->col[ND_OVERRIDE]))
		return;
	if (advertisement && record_get_uint(r, (unsigned)d->col[ND_SOLICITED]) && addr_class(r->at->dst) != ADDR_MULTICAST)
		told = r->at->dst;
	bool router = span_is(operation, "router_advertisement") || record_get_uint(r, (unsigned)d->col[ND_ROUTER]);
	if (zone_claim(r, &a, &m) && !is_shared(m))
		claimed(d, r->at, a, m, told, router);
}

/* A card uses the address: that counts as much as a claim, but opens none. */
static void on_packet(struct run *d, const struct record *r)
{
	const struct origin *at = r->at;
	bool contested = ((const struct state *)d->state)->contested && at->src.family;
	struct row *row = contested ? row_find(d, at->src, at->vlan) : NULL;
	struct claim *c = row && row->n > 1 ? claim_of(row, at->smac) : NULL;
	if (!c)
		return;
	c->spoke++;
	seen_again(d, row, c, at);
}

static void on_dhcp(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	struct addr a = record_get_addr(r, (unsigned)d->col[DHCP_ROUTER]);
	for (unsigned i = 0; i < s->ngateways; i++)
		if (addr_eq(s->gateways[i], a))
			return;
	if (a.family && s->ngateways < GATEWAYS)
		s->gateways[s->ngateways++] = a;
}

/* ---- judging ---- */

/* What the row says of who is who. */
struct view {
	const struct claim *owner, *other;       /* other: the card that came in between */
	uint32_t claimant;                       /* device of the other card, when it has an address of its own */
	bool gateway, medical;
};

static bool is_gateway(const struct run *d, struct addr a)
{
	const struct state *s = d->state;
	for (unsigned i = 0; i < s->ngateways; i++)
		if (addr_eq(s->gateways[i], a))
			return true;
	return false;
}

/* The device of that card, when it has another address of its own. */
static uint32_t stranger(const struct run *d, struct mac m, struct addr a)
{
	uint32_t id = detect_by_card(d, m);
	return id && !addr_eq(device_addr(d->devices, id), a) ? id : DEVICE_NONE;
}

static bool matters(const struct run *d, uint32_t device)
{
	return device != DEVICE_NONE && device_is_medical(d->devices, device);
}

static struct view view_of(const struct run *d, const struct row *row)
{
	uint32_t holder = owner_device(d, row);
	struct view v = { .owner = &row->claims[0] };
	/* Who has no other address of its own, then whom the device table says, then the first. */
	for (unsigned i = 0; i < row->n; i++)
		if (holder && is_firm(&row->claims[i]) && mac_eq(device_mac(d->devices, holder), row->claims[i].mac))
			v.owner = &row->claims[i];
	if (stranger(d, v.owner->mac, row->addr))
		for (unsigned i = 0; i < row->n; i++)
			if (is_firm(&row->claims[i]) && !stranger(d, row->claims[i].mac, row->addr))
				v.owner = &row->claims[i];
	for (unsigned i = 0; i < row->n; i++) {
		const struct claim *c = &row->claims[i];
		if (c != v.owner && is_firm(c) && (!v.other || c->count > v.other->count))
			v.other = c;
	}
	v.claimant = v.other ? stranger(d, v.other->mac, row->addr) : DEVICE_NONE;
	v.gateway = row->router || is_gateway(d, row->addr) || zone_is_router(d->zones, v.owner->mac) ||
		    (holder && device_role(d->devices, holder) == ROLE_NETWORK);
	v.medical = matters(d, holder) || zone_is_central(d->zones, row->addr, 0);
	for (unsigned i = 0; v.other && i < TOLD; i++)
		v.medical |= v.other->told[i].family && matters(d, device_by_addr(d->devices, v.other->told[i]));
	return v;
}

static void weigh(struct finding *f, const struct row *row, const struct view *v)
{
	bool sure = row->returns >= 2 || v->claimant || (v->owner->spoke && v->other->spoke);
	f->severity = !sure ? SEV_LOW : v->medical || v->gateway ? SEV_HIGH : SEV_MEDIUM;
	f->confidence = row->returns >= 4 ? 0.8 : row->returns >= 2 ? 0.65 : 0.45;
	f->confidence += (v->claimant ? 0.1 : 0) + (row->quick ? 0.05 : 0) + (v->other->unasked >= 3 ? 0.03 : 0);
	f->scope = SCOPE_SEGMENT;
	f->keeps_scope = true;
}

static void describe(struct run *d, struct finding *f, const struct row *row, const struct view *v)
{
	record_addr(f->observed, OBS_ADDRESS, row->addr);
	record_mac(f->observed, OBS_MAC, v->other->mac);
	record_mac(f->observed, OBS_OTHER_MAC, v->owner->mac);
	record_str(f->observed, OBS_PROTOCOL, row->addr.family == 6 ? "nd" : "arp");
	record_str(f->observed, OBS_TRANSPORT, row->addr.family == 6 ? "icmpv6" : "arp");
	detect_list(f, OBS_TRAITS, row->returns >= 2 ? "flip-flop" : "contradicted once");
	if (v->gateway)
		detect_list(f, OBS_TRAITS, "gateway");
	if (v->claimant) {
		detect_list(f, OBS_TRAITS, "has an address of its own");
		record_addr(f->observed, OBS_SOURCE, device_addr(d->devices, v->claimant));
	}
	if (v->other->unasked >= 3)
		detect_list(f, OBS_TRAITS, "unasked replies");
	if (v->owner->spoke)
		detect_list(f, OBS_TRAITS, "first card still in use");
	for (unsigned i = 0; i < TOLD && v->other->told[i].family; i++)
		detect_list(f, OBS_EXTRA, detect_text(d, "told %s", detect_where(d, v->other->told[i], 0)));
	detect_note(f, &v->owner->at, "first claim of the one card");
	detect_note(f, &v->other->at, "first claim of the other card");
}

static const char *title(struct run *d, const struct finding *f, const struct row *row, const struct view *v)
{
	char mac[MAC_TEXT], other[MAC_TEXT];
	const char *where = detect_where(d, row->addr, 0), *what = v->gateway ? "the router's address" : "the address";
	mac_text(v->owner->mac, mac);
	mac_text(v->other->mac, other);
	if (v->claimant)
		return detect_text(d, "%s says that it also has %s %s of %s, which goes on using it",
				   detect_who(d, v->claimant, device_addr(d->devices, v->claimant)), what, where, mac);
	if (f->device == DEVICE_NONE)
		return detect_text(d, "Two network cards claim %s %s by turns: %s and %s", what, where, mac, other);
	return detect_text(d, "%s: two network cards claim %s %s by turns, %s and %s",
			   detect_who(d, f->device, row->addr), what, where, mac, other);
}

static void judge(struct run *d, struct finding *f)
{
	struct facts *x = f->own;
	const struct row *row = row_find(d, x->row.addr, x->row.vlan);
	if (row && row->n > 1 && row->returns >= x->row.returns)
		x->row = *row;                   /* the latest there is */
	struct view v = view_of(d, &x->row);
	f->withdrawn = !v.other || !is_firm(v.owner);
	if (f->withdrawn)
		return;
	weigh(f, &x->row, &v);
	describe(d, f, &x->row, &v);
	f->title = title(d, f, &x->row, &v);
}

static const struct on on[] = {
	{ "arp", on_arp }, { "nd", on_nd }, { "contact", on_packet }, { "answer", on_packet }, { "dhcp", on_dhcp },
	{ NULL, NULL },
};

const struct detector detector_arp_conflict = {
	.name = "net.arp-conflict", .rule = &rule, .on = on, .wants = wants, .options = options,
	.state_size = sizeof(struct state), .judge = judge,
};
