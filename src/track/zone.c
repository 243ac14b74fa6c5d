/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks and who stands on the wire. Two set-associative caches of fixed size, addresses ("seats")
 * and MACs ("hosts"), each set evicting its least recently seen entry; keys are hashed with the
 * site's key. Facts are only gathered when packets pass; judgement is made when somebody asks, so
 * that a reply that comes late still counts. */
#include "track/zone.h"

#include "base/mem.h"
#include "base/scope.h"

enum {
	WAYS = 4, LATELY_BITS = 12, MACS_BITS = 14, SEAT_SETS = 4096, SEATED = 1 << 16, HOST_SETS = 1024, LAN_SETS = 256,
	NETS = 4,                                /* networks remembered of one MAC */
	SUBNETS_MAX = 64, CONFIGURED_MAX = 1024, CENTRALS_MAX = 256,
	LAN_IN_USE = 3,                          /* MACs with addresses of one network, a router among them */
	SPREAD_4 = 2, SPREAD_6 = 3,              /* networks a MAC must send for to be a router */
};

enum seat_flag {
	SEAT_USED = 1, SEAT_CLAIMED = 2,
	SEAT_DIRECT = 4,                         /* sent with an unrouted TTL to its own network */
	SEAT_ROUTED = 8,                         /* sent with a TTL that a router has counted down */
	SEAT_GATEWAY = 16,                       /* DHCP named it as router */
};

struct seat {
	struct addr a;
	struct mac m;                            /* latest claim, else latest sender */
	uint8_t flags;
	uint64_t ts;
};

struct host {
	struct mac m;
	bool used, router, many;                 /* many: sends for more than one address it did not claim */
	bool same;                               /* what it sent last was for its sole address: once more is no news */
	uint8_t nclaimed, nforeign;
	struct addr claimed[NETS];               /* networks in which it claimed an address */
	struct addr foreign[NETS];               /* networks it sent for without a claim; [0] is the first */
	struct addr sole, last;                  /* the first address it sent for; the network it sent for last */
	uint64_t ts;
};

struct lan {                                     /* a /24 or /64 in which addresses are claimed */
	struct addr net;
	uint32_t hosts;
	bool router;
	uint64_t ts;
};

struct configured {
	struct prefix net;
	enum zone zone;
};

struct central {
	struct addr a;
	uint16_t port;
};

struct zones {
	struct hash_key key;
	struct seat (*seats)[WAYS];
	struct host (*hosts)[WAYS];
	/* where MACs and addresses stood last, WAYS a set: compared before it counts, so not keyed */
	uint16_t host_lately[1 << MACS_BITS], seat_lately[1 << LATELY_BITS];
	uint64_t seated[SEATED / 64];            /* a bit for addresses that had a seat; clear: it never had one */
	struct lan (*lans)[WAYS];
	struct configured *configured;
	struct central *centrals;
	struct prefix subnets[SUBNETS_MAX];
	size_t nconfigured, ncentrals, nsubnets;
	uint64_t clock;                          /* counts sightings: orders evictions whatever packets' times say */
	struct zone_counts counts;
};

/* ---- configuration ---- */

static bool net_fits(const char *text)
{
	struct prefix p;
	return prefix_parse(text, &p);
}

/* "10.1.2.3", "10.1.2.3:515", "2001:db8::1", "[2001:db8::1]:515" */
static bool end_parse(const char *text, struct central *out)
{
	char host[ADDR_TEXT];
	bool bracket = text[0] == '[';
	const char *colon = strchr(text, ':');
	const char *close = bracket ? strchr(text, ']') : colon && !strchr(colon + 1, ':') ? colon : NULL;
	struct central c = { 0 };
	if (bracket && !close)
		return false;
	struct span name = close ? span_of(text + bracket, (size_t)(close - text) - bracket) : span_str(text);
	const char *port = close ? close + bracket : "";
	if (name.n >= sizeof(host) || (*port && *port != ':'))
		return false;
	memcpy(host, name.p, name.n);
	host[name.n] = '\0';
	if (*port) {
		char *end;
		unsigned long n = strtoul(port + 1, &end, 10);
		if (port[1] < '1' || port[1] > '9' || *end || n > UINT16_MAX)
			return false;
		c.port = (uint16_t)n;
	}
	if (!addr_parse(host, &c.a))
		return false;
	*out = c;
	return true;
}

static bool end_fits(const char *text)
{
	struct central c;
	return end_parse(text, &c);
}

const struct conf_key zone_conf[] = {
	{ .section = "zone", .name = "*", .key = "net", .type = CONF_TEXT, .repeat = true, .fits = net_fits,
	  .expected = "an IP network such as 10.1.0.0/16",
	  .doc = "networks of this zone; NAME is clinical, site or outside, any other name is a part of the site" },
	{ .section = "central", .key = "address", .type = CONF_TEXT, .repeat = true, .fits = end_fits,
	  .expected = "an IP address, maybe with a port: 10.1.0.5 or 10.1.0.5:515",
	  .doc = "the site's own central stations: monitors are meant to send to them" },
	{ 0 },
};

static enum zone zone_named(const char *name)
{
	if (strcmp(name, "clinical") == 0)
		return ZONE_CLINICAL;
	return strcmp(name, "outside") == 0 ? ZONE_OUTSIDE : ZONE_SITE;
}

static void configure(struct zones *z, const struct conf *c)
{
	const char *text;
	z->configured = mem_array(CONFIGURED_MAX, sizeof(*z->configured));
	z->centrals = mem_array(CENTRALS_MAX, sizeof(*z->centrals));
	for (const struct conf_section *s = NULL; (s = conf_each(c, "zone", s));)
		for (unsigned i = 0; (text = conf_item(s, "net", i)) && z->nconfigured < CONFIGURED_MAX; i++) {
			struct configured *n = &z->configured[z->nconfigured];
			n->zone = zone_named(conf_name(s));
			z->nconfigured += prefix_parse(text, &n->net);
		}
	const struct conf_section *s = conf_each(c, "central", NULL);
	for (unsigned i = 0; (text = conf_item(s, "address", i)) && z->ncentrals < CENTRALS_MAX; i++)
		z->ncentrals += end_parse(text, &z->centrals[z->ncentrals]);
}

struct zones *zones_new(struct hash_key key, const struct conf *c)
{
	struct zones *z = mem_new(sizeof(*z));
	z->key = key;
	z->seats = mem_array(SEAT_SETS, sizeof(*z->seats));
	z->hosts = mem_array(HOST_SETS, sizeof(*z->hosts));
	z->lans = mem_array(LAN_SETS, sizeof(*z->lans));
	configure(z, c);
	return z;
}

void zones_free(struct zones *z)
{
	if (!z)
		return;
	free(z->seats);
	free(z->hosts);
	free(z->lans);
	free(z->configured);
	free(z->centrals);
	free(z);
}

/* ---- the caches ---- */

/* The /24 or /64 an address stands in: what most sites give to one wire. */
static struct addr net_of(struct addr a)
{
	memset(a.b + (a.family == 4 ? 15 : 8), 0, a.family == 4 ? 1 : 8);
	return a;
}

static uint64_t addr_hash(const struct zones *z, struct addr a)
{
	return hash64(z->key, span_of(a.b, sizeof(a.b)));
}

static struct seat *seat_search(const struct zones *z, struct addr a)
{
	struct seat *set = z->seats[addr_hash(z, a) % SEAT_SETS];
	for (int i = 0; i < WAYS; i++)
		if ((set[i].flags & SEAT_USED) && addr_eq(set[i].a, a))
			return &set[i];
	return NULL;
}

static struct seat *seat_remember(struct zones *z, struct seat *s)
{
	z->seat_lately[addr_mix(s->a) >> (64 - LATELY_BITS)] = (uint16_t)(s - z->seats[0]);
	return s;
}

/* Most addresses of a large site were never claimed, and the others are asked for again and again: neither is hashed
 * with the key. */
static struct seat *seat_find(const struct zones *z, struct addr a)
{
	uint64_t mix = addr_mix(a);
	if (!(z->seated[(mix >> 48) / 64] >> (mix >> 48) % 64 & 1))
		return NULL;
	unsigned at = z->seat_lately[mix >> (64 - LATELY_BITS)];
	struct seat *lately = &z->seats[at / WAYS][at % WAYS];
	return (lately->flags & SEAT_USED) && addr_eq(lately->a, a) ? lately : seat_search(z, a);
}

static struct seat *seat_open(struct zones *z, struct addr a)
{
	struct seat *known = seat_find(z, a);
	if (known) {
		known->ts = ++z->clock;
		return seat_remember(z, known);
	}
	struct seat *set = z->seats[addr_hash(z, a) % SEAT_SETS], *victim = set;
	for (int i = 1; i < WAYS; i++)
		if (set[i].ts < victim->ts)
			victim = &set[i];
	if (victim->flags & SEAT_USED)
		z->counts.evicted++;
	else
		z->counts.addresses++;
	*victim = (struct seat){ .a = a, .flags = SEAT_USED, .ts = ++z->clock };
	z->seated[(addr_mix(a) >> 48) / 64] |= UINT64_C(1) << (addr_mix(a) >> 48) % 64;
	return seat_remember(z, victim);
}

static struct host *host_set(const struct zones *z, struct mac m)
{
	return z->hosts[hash64(z->key, span_of(m.b, sizeof(m.b))) % HOST_SETS];
}

static size_t lately_of(struct mac m)
{
	return (size_t)(span_last8(span_of(m.b, sizeof(m.b))) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - MACS_BITS));
}

static struct host *host_find(const struct zones *z, struct mac m)
{
	unsigned at = z->host_lately[lately_of(m)];
	struct host *lately = &z->hosts[at / WAYS][at % WAYS];
	if (lately->used && mac_eq(lately->m, m))
		return lately;
	struct host *set = host_set(z, m);
	for (int i = 0; i < WAYS; i++)
		if (set[i].used && mac_eq(set[i].m, m))
			return &set[i];
	return NULL;
}

static struct host *host_remember(struct zones *z, struct host *h)
{
	z->host_lately[lately_of(h->m)] = (uint16_t)(h - z->hosts[0]);
	return h;
}

/* Routers are the last to be evicted: forgetting one would put what is behind it on the wire. */
static uint64_t host_worth(const struct host *h)
{
	return h->router ? h->ts | (uint64_t)1 << 63 : h->ts;
}

static struct host *host_open(struct zones *z, struct mac m)
{
	struct host *known = host_find(z, m);
	if (known) {
		known->ts = ++z->clock;
		return host_remember(z, known);
	}
	struct host *set = host_set(z, m), *victim = set;
	for (int i = 1; i < WAYS; i++)
		if (host_worth(&set[i]) < host_worth(victim))
			victim = &set[i];
	if (victim->used)
		z->counts.evicted++;
	else
		z->counts.macs++;
	*victim = (struct host){ .m = m, .used = true, .ts = ++z->clock };
	return host_remember(z, victim);
}

static struct lan *lan_find(const struct zones *z, struct addr net)
{
	struct lan *set = z->lans[addr_hash(z, net) % LAN_SETS];
	for (int i = 0; i < WAYS; i++)
		if (set[i].hosts && addr_eq(set[i].net, net))
			return &set[i];
	return NULL;
}

static struct lan *lan_open(struct zones *z, struct addr net)
{
	struct lan *l = lan_find(z, net);
	if (!l) {
		struct lan *set = z->lans[addr_hash(z, net) % LAN_SETS];
		l = set;
		for (int i = 1; i < WAYS; i++)
			if (set[i].ts < l->ts)
				l = &set[i];
		z->counts.evicted += l->hosts > 0;
		*l = (struct lan){ .net = net };
	}
	l->ts = ++z->clock;
	return l;
}

/* ---- facts ---- */

static bool nets_have(const struct addr *nets, unsigned n, struct addr net)
{
	for (unsigned i = 0; i < n; i++)
		if (addr_eq(nets[i], net))
			return true;
	return false;
}

static void set_router(struct zones *z, struct host *h)
{
	if (h->router)
		return;
	h->router = true;
	z->counts.routers++;
	for (unsigned i = 0; i < h->nclaimed; i++) {
		struct lan *l = lan_find(z, h->claimed[i]);
		if (l)
			l->router = true;
	}
}

static bool class_is_station(enum addr_class c)
{
	return c != ADDR_NONE && c != ADDR_LOOPBACK && c != ADDR_MULTICAST && c != ADDR_BROADCAST;
}

static bool is_station(struct addr a)
{
	return class_is_station(addr_class(a));
}

static bool is_card(struct mac m)
{
	return !mac_is_zero(m) && !mac_is_group(m);
}

/* A MAC that answers for many networks answers for others (proxy ARP, or a router's own interfaces on
 * several VLANs). Two networks of one MAC are an alias: common, and no proof. */
static void claimed_net(struct zones *z, struct host *h, struct addr a)
{
	struct addr net = net_of(a);
	if (addr_class(a) == ADDR_LINK_LOCAL || h->nclaimed == NETS || nets_have(h->claimed, h->nclaimed, net))
		return;
	h->claimed[h->nclaimed++] = net;
	h->same = false;
	struct lan *l = lan_open(z, net);
	l->hosts++;
	l->router |= h->router;
	unsigned nets4 = 0, global4 = 0;
	for (unsigned i = 0; i < h->nclaimed; i++) {
		nets4 += h->claimed[i].family == 4;
		global4 += h->claimed[i].family == 4 && addr_is_global(h->claimed[i]);
	}
	if (nets4 >= 3 || global4 >= 2)
		set_router(z, h);
}

void zone_saw_claim(struct zones *z, struct addr a, struct mac m, uint64_t ts)
{
	(void)ts;
	if (!is_station(a) || !is_card(m))
		return;
	struct seat *s = seat_open(z, a);
	struct host *h = host_open(z, m);
	s->m = m;
	s->flags |= SEAT_CLAIMED;
	claimed_net(z, h, a);
	if (s->flags & SEAT_GATEWAY)
		set_router(z, h);
}

void zone_saw_router(struct zones *z, struct mac m)
{
	if (is_card(m))
		set_router(z, host_open(z, m));
}

void zone_saw_gateway(struct zones *z, struct addr a)
{
	if (!is_station(a))
		return;
	struct seat *s = seat_open(z, a);
	s->flags |= SEAT_GATEWAY;
	if (s->flags & SEAT_CLAIMED)
		zone_saw_router(z, s->m);
}

void zone_saw_subnet(struct zones *z, struct prefix net)
{
	bool whole = net.net.family == 4 ? net.bits < 8 : net.bits < 32;
	if (!net.net.family || whole)            /* "everything" is no subnet, whoever offers it */
		return;
	for (size_t i = 0; i < z->nsubnets; i++)
		if (z->subnets[i].bits == net.bits && prefix_has(net, z->subnets[i].net))
			return;
	if (z->nsubnets < SUBNETS_MAX)
		z->subnets[z->nsubnets++] = net;
}

static unsigned claimed_nets(const struct host *h, uint8_t family)
{
	unsigned n = 0;
	for (unsigned i = 0; h && i < h->nclaimed; i++)
		n += h->claimed[i].family == family;
	return n;
}

/* Initial TTLs of the systems in use; 255 is also what neighbour discovery and mDNS demand. */
static bool ttl_is_unrouted(uint8_t ttl)
{
	return ttl == 64 || ttl == 128 || ttl == 255;
}

/* Counted down from 64, 128 or 255 by one hop or more; smaller ones may be a system's own choice. */
static bool ttl_is_routed(uint8_t ttl)
{
	return ttl > 32 && ttl != 60 && ttl != 100 && ttl != 200 && !ttl_is_unrouted(ttl);
}

/* A MAC sends for an address it did not claim. One private address is a host whose ARP we missed; an
 * address of another network than its own, or a second network while the first is still in use (so no
 * move by DHCP), is a router's. */
static void sent_foreign(struct zones *z, struct host *h, struct addr a, bool global)
{
	if (!h->sole.family)
		h->sole = a;
	bool sole = addr_eq(h->sole, a);
	if (h->same && sole)
		return;
	struct addr net = net_of(a);
	h->many |= !sole;
	h->same = sole && h->nforeign && addr_eq(h->last, net);
	bool fresh = !nets_have(h->foreign, h->nforeign, net);
	if (fresh && h->nforeign < NETS)
		h->foreign[h->nforeign++] = net;
	unsigned same_family = 0, own = claimed_nets(h, a.family);
	for (unsigned i = 0; i < h->nforeign; i++)
		same_family += h->foreign[i].family == a.family;
	bool other_than_own = own && !nets_have(h->claimed, h->nclaimed, net);
	bool back_again = !fresh && !addr_eq(h->last, net) && h->last.family == a.family;
	h->last = net;
	if (a.family == 6 ? same_family >= SPREAD_6 : other_than_own || back_again)
		set_router(z, h);
	if (a.family == 4 && same_family >= SPREAD_4 && global)
		set_router(z, h);
	if (same_family == NETS)
		set_router(z, h);
}

void zone_saw_packet(struct zones *z, const struct origin *at, uint8_t ttl, bool answer)
{
	(void)answer;                            /* who opens a conversation stands on the wire as much as who answers */
	struct addr a = at->src;
	enum addr_class class = addr_class(a);
	if (!class_is_station(class))
		return;
	bool global = class == ADDR_PUBLIC || class == ADDR_DOCUMENTATION;
	struct seat *s = global ? seat_open(z, a) : seat_find(z, a);
	if (global && ttl_is_routed(ttl))
		s->flags |= SEAT_ROUTED;
	if (global && ttl_is_unrouted(ttl) && addr_eq(net_of(a), net_of(at->dst)))
		s->flags |= SEAT_DIRECT;
	if (!is_card(at->smac))
		return;
	struct host *h = host_open(z, at->smac);
	bool claimed = s && (s->flags & SEAT_CLAIMED);
	if (claimed && mac_eq(s->m, at->smac)) {
		if (global && ttl_is_routed(ttl))
			set_router(z, h);        /* proxy ARP: the claim was for somebody behind it */
		return;
	}
	if (s && !claimed)
		s->m = at->smac;
	if (class != ADDR_LINK_LOCAL)
		sent_foreign(z, h, a, global);
}

void zone_soon(const struct zones *z, struct mac m)
{
	unsigned at = z->host_lately[lately_of(m)];
	const struct host *h = &z->hosts[at / WAYS][at % WAYS];
	__builtin_prefetch(h, 1);
	__builtin_prefetch((const char *)h + sizeof(*h) / 2, 1);
	__builtin_prefetch((const char *)h + sizeof(*h) - 1, 1);
}

/* ---- records ---- */

static const struct value *field(const struct record *r, const char *name, enum field_type type)
{
	int i = record_type_field(r->type, name);
	if (i < 0 || !record_has(r, (unsigned)i) || r->type->fields[i].type != type || field_is_token(&r->type->fields[i]))
		return NULL;
	return &r->v[i];
}

static struct addr addr_field(const struct record *r, const char *name)
{
	const struct value *v = field(r, name, F_ADDR);
	return v ? v->addr : (struct addr){ 0 };
}

static struct mac mac_field(const struct record *r, const char *name)
{
	const struct value *v = field(r, name, F_MAC);
	return v ? v->mac : (struct mac){ 0 };
}

static bool operation_is(const struct record *r, const char *name)
{
	const struct value *v = field(r, "operation", F_TEXT);
	return v && span_is(v->text, name);
}

/* RFC 4861 7.2: a solicitation's sender tells its own MAC, an advertisement the target's; the option
 * may be left out when the frame says it. */
static bool nd_claim(const struct record *r, struct addr *a, struct mac *m)
{
	bool advertisement = operation_is(r, "advertisement");
	if (!r->at || (!advertisement && !operation_is(r, "solicitation") && !operation_is(r, "router_advertisement")))
		return false;
	*a = advertisement ? addr_field(r, "target_addr") : r->at->src;
	*m = mac_field(r, advertisement ? "target_mac" : "sender_mac");
	if (mac_is_zero(*m))
		*m = r->at->smac;
	return true;
}

bool zone_claim(const struct record *r, struct addr *a, struct mac *m)
{
	if (strcmp(r->type->name, "arp") == 0) {
		*a = addr_field(r, "sender_addr");
		*m = mac_field(r, "sender_mac");
	} else if (strcmp(r->type->name, "nd") != 0 || !nd_claim(r, a, m)) {
		return false;
	}
	return is_station(*a) && is_card(*m);
}

static void subnet_text(struct zones *z, struct span text)
{
	char copy[ADDR_TEXT + 4];
	struct prefix p;
	if (text.n >= sizeof(copy))
		return;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (prefix_parse(copy, &p))
		zone_saw_subnet(z, p);
}

static void record_nd(struct zones *z, const struct record *r)
{
	if (!operation_is(r, "router_advertisement"))
		return;
	if (r->at)
		zone_saw_router(z, r->at->smac);
	const struct value *v = field(r, "prefixes", F_TEXTS);
	for (uint32_t i = 0; v && i < v->texts.n; i++)
		subnet_text(z, v->texts.v[i]);
}

/* An offer or acknowledgement names the subnet and the way out of it (RFC 2132 3.3, 3.5). */
static void record_dhcp(struct zones *z, const struct record *r)
{
	struct addr mine = addr_field(r, "your_addr"), mask = addr_field(r, "subnet_mask");
	if (mine.family != 4 || !is_station(mine))
		return;
	zone_saw_gateway(z, addr_field(r, "router"));
	uint32_t bits = addr_to4(mask);
	if (mask.family == 4 && bits && (bits & (~bits >> 1)) == 0)    /* ones, then zeros */
		zone_saw_subnet(z, (struct prefix){ addr_v4(addr_to4(mine) & bits), (uint8_t)__builtin_popcount(bits) });
}

bool zones_want(const struct record_type *t)
{
	return strcmp(t->name, "arp") == 0 || strcmp(t->name, "nd") == 0 || strcmp(t->name, "dhcp") == 0;
}

void zones_record(struct zones *z, const struct record *r)
{
	struct addr a;
	struct mac m;
	if (zone_claim(r, &a, &m))
		zone_saw_claim(z, a, m, r->at ? r->at->ts : 0);
	if (strcmp(r->type->name, "nd") == 0)
		record_nd(z, r);
	else if (strcmp(r->type->name, "dhcp") == 0)
		record_dhcp(z, r);
}

/* ---- judgement ---- */

const char *zone_name(enum zone z)
{
	static const char *const names[] = { "unknown", "clinical", "site", "outside" };
	return names[z];
}

bool zone_configured(const struct zones *z)
{
	return z->nconfigured > 0;
}

/* Claimed by a MAC that routes nothing; where that MAC has other networks too it may be a router that
 * answers for others, and only an unrouted packet settles it. Without a claim: an unrouted packet to
 * its own network from a MAC that sends for nobody else. */
bool zone_on_link(const struct zones *z, struct addr a)
{
	const struct seat *s = seat_find(z, a);
	if (!s || (s->flags & SEAT_ROUTED))
		return false;
	if (s->flags & SEAT_GATEWAY && s->flags & SEAT_CLAIMED)
		return true;
	const struct host *h = host_find(z, s->m);
	if (h && h->router)
		return false;
	if (s->flags & SEAT_CLAIMED)
		return h && (claimed_nets(h, a.family) == 1 || !addr_is_global(a) || (s->flags & SEAT_DIRECT));
	return (s->flags & SEAT_DIRECT) && (!h || !h->many);
}

static bool in_use(const struct zones *z, struct addr a)
{
	for (size_t i = 0; i < z->nsubnets; i++)
		if (prefix_has(z->subnets[i], a))
			return true;
	const struct lan *l = lan_find(z, net_of(a));
	return l && l->router && l->hosts >= LAN_IN_USE;
}

static const struct configured *configured_for(const struct zones *z, struct addr a)
{
	const struct configured *best = NULL;
	for (size_t i = 0; i < z->nconfigured; i++) {
		const struct configured *c = &z->configured[i];
		if (prefix_has(c->net, a) && (!best || c->net.bits > best->net.bits))
			best = c;
	}
	return best;
}

enum zone zone_of(const struct zones *z, struct addr a)
{
	if (!z->nconfigured && addr_is_private4(a))      /* what is asked of most */
		return ZONE_SITE;
	const struct configured *c = configured_for(z, a);
	if (c && c->zone != ZONE_OUTSIDE)
		return c->zone;
	switch (addr_class(a)) {
	case ADDR_NONE:
	case ADDR_LOOPBACK:
		return ZONE_UNKNOWN;
	case ADDR_LINK_LOCAL:
	case ADDR_MULTICAST:
	case ADDR_BROADCAST:
		return ZONE_SITE;
	case ADDR_PRIVATE:
	case ADDR_SHARED:
		if (!c)
			return ZONE_SITE;
		break;
	case ADDR_DOCUMENTATION:
	case ADDR_RESERVED:
	case ADDR_PUBLIC:
		break;
	}
	if (zone_on_link(z, a) || (!c && in_use(z, a)))
		return ZONE_SITE;
	return ZONE_OUTSIDE;
}

bool zone_expects(const struct zones *z, struct addr a)
{
	const struct configured *c = configured_for(z, a);
	return (c && c->zone != ZONE_OUTSIDE) || in_use(z, a);
}

struct mac zone_mac_of(const struct zones *z, struct addr a)
{
	const struct seat *s = seat_find(z, a);
	return s && (s->flags & SEAT_CLAIMED) ? s->m : (struct mac){ 0 };
}

uint64_t zone_routers(const struct zones *z)
{
	return z->counts.routers;
}

bool zone_is_router(const struct zones *z, struct mac m)
{
	const struct host *h = host_find(z, m);
	return h && h->router;
}

bool zone_is_central(const struct zones *z, struct addr a, uint16_t port)
{
	for (size_t i = 0; i < z->ncentrals; i++)
		if (addr_eq(z->centrals[i].a, a) && (!port || !z->centrals[i].port || z->centrals[i].port == port))
			return true;
	return false;
}

struct zone_counts zone_counts(const struct zones *z)
{
	struct zone_counts c = z->counts;
	c.configured = zone_configured(z);
	return c;
}
