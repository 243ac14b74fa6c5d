/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.profile-violation: traffic that the device's MUD profile (RFC 8520) does not allow. Conversations are
 * gathered by device, direction, peer and port, and judged at finish: which device an address is, what a name
 * resolves to and where a peer stands is often known only then. Without profiles nothing is gathered. */
#include "base/hash.h"
#include "detect/advice.h"
#include "detect/detector.h"

enum want_index { TRANSPORT, OPENING, PROTOCOL, STATE, MUD_URL, CARD, QUERY, ADDRESSES, WANTS };

static const struct want wants[] = {
	[TRANSPORT] = { "contact", "transport" },
	[OPENING] = { "contact", "opening" },
	[PROTOCOL] = { "flow", "protocol" },
	[STATE] = { "flow", "state" },
	[MUD_URL] = { "dhcp", "mud_url" },
	[CARD] = { "dhcp", "client_mac" },
	[QUERY] = { "dns", "query" },
	[ADDRESSES] = { "dns", "addresses" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.profile-violation",
	.title = "A device does what its profile does not allow",
	.cause = "unexpected traffic",
	.sees = "A conversation of a device that has a profile (watch --profile), with a peer or at a port that no rule of "
		"the profile allows, in the direction in which it was opened. DHCP, ICMP and IGMP are not judged, nor what depends "
		"on a name or a class of hosts that nobody here can resolve.",
	.why = "A medical device does few things, always the same. What its maker or the hospital did not foresee is a fault, "
	       "a change that nobody told, or somebody else at work.",
	.wrong = "The profile may be too narrow: learned in too short a time, or written for another firmware version.",
	.next = { "Ask biomedical engineering whether the device was changed, serviced or moved.",
		  "If the traffic is wanted, add it to the profile: auscult learn lists what is missing.",
		  ADVICE_BEDSIDE, ADVICE_EVIDENCE, NULL },
	.attack = { "T0885", "T0869", NULL },
	.cwe = { "CWE-923", NULL },
	.references = { "RFC 8520", "RFC 8519", NULL },
};

enum {
	TALKS = 16384, TALK_SLOTS = 2 * TALKS, PER_DEVICE = 1024, DEVICE_SLOTS = 4096, URLS = 1024, NAMES = 1024,
	NAME_ADDRESSES = 16, PORT_DHCP = 67, PORT_BOOTP = 68, PORT_DHCP6 = 546, PORT_DHCP6S = 547,
};

/* One thing that a device does, however often. */
struct talk {
	uint32_t device;
	bool outgoing, middle, answered, related;
	uint8_t proto;
	uint16_t port;
	struct addr own, peer;
	uint64_t count, last;
	struct origin first;
	struct finding *finding;                 /* NULL: none yet */
};

struct sent_url {
	uint32_t device;
	const char *url;
};

struct name {
	const char *name;
	struct addr v[NAME_ADDRESSES];
	unsigned n;
};

struct state {
	uint32_t ntalks;
	struct talk talks[TALKS];
	uint32_t slots[TALK_SLOTS];              /* number of a talk + 1 */
	uint16_t quota[DEVICE_SLOTS];
	uint64_t dropped;
	struct sent_url urls[URLS];
	unsigned nurls;
	struct name names[NAMES];                /* those that profiles mention */
	unsigned nnames;
};

/* ---- gathering ---- */

static void start(struct run *d)
{
	const struct profiles *t = detect_profiles(d);
	struct state *s = d->state;
	for (unsigned i = 0; t && i < t->n; i++)
		for (unsigned k = 0; k < t->v[i].nrules; k++)
			for (unsigned j = 0; j < t->v[i].rules[k].npeers; j++)
				if (t->v[i].rules[k].peers[j].kind == PEER_NAME && s->nnames < NAMES)
					s->names[s->nnames++].name = t->v[i].rules[k].peers[j].text;
}

static bool is_asked(const struct run *d)
{
	const struct profiles *t = detect_profiles(d);
	return t && t->n;
}

static uint64_t talk_hash(const struct talk *t)
{
	static const struct hash_key fixed = { UINT64_C(0x70726f66696c6531), UINT64_C(0x76696f6c6174696f) };
	uint8_t key[28] = { t->outgoing, t->proto, (uint8_t)(t->port >> 8), (uint8_t)t->port, (uint8_t)(t->device >> 24),
			    (uint8_t)(t->device >> 16), (uint8_t)(t->device >> 8), (uint8_t)t->device, t->peer.family };
	memcpy(key + 12, t->peer.b, 16);
	return hash64(fixed, span_of(key, sizeof(key)));
}

static bool same_talk(const struct talk *a, const struct talk *b)
{
	return a->device == b->device && a->outgoing == b->outgoing && a->proto == b->proto && a->port == b->port &&
	       addr_eq(a->peer, b->peer);
}

/* The row, opened when add is set and there is room. */
static struct talk *talk_find(struct state *s, const struct talk *key, bool add)
{
	uint64_t i = talk_hash(key) % TALK_SLOTS;
	for (; s->slots[i]; i = (i + 1) % TALK_SLOTS)
		if (same_talk(&s->talks[s->slots[i] - 1], key))
			return &s->talks[s->slots[i] - 1];
	uint16_t *quota = &s->quota[key->device % DEVICE_SLOTS];
	if (!add)
		return NULL;
	if (s->ntalks == TALKS || *quota == PER_DEVICE) {
		s->dropped++;
		return NULL;
	}
	++*quota;
	s->slots[i] = s->ntalks + 1;
	s->talks[s->ntalks] = *key;
	return &s->talks[s->ntalks++];
}

static bool is_group(struct addr a)
{
	enum addr_class c = addr_class(a);
	return c == ADDR_MULTICAST || c == ADDR_BROADCAST;
}

/* What every host needs to stay on the network is never judged: DHCP, ICMP, IGMP. */
static bool is_judged(const struct origin *at)
{
	uint16_t port = detect_server_port(at);
	if (at->proto == 17 && (port == PORT_DHCP || port == PORT_BOOTP || port == PORT_DHCP6 || port == PORT_DHCP6S))
		return false;
	return at->proto != 1 && at->proto != 2 && at->proto != 58 && at->src.family != 0;
}

static struct talk talk_of(const struct run *d, const struct origin *at, bool outgoing)
{
	return (struct talk){
		.device = outgoing ? detect_client_device(d, at) : detect_server_device(d, at), .outgoing = outgoing,
		.proto = at->proto, .port = detect_server_port(at), .own = outgoing ? detect_client(at) : detect_server(at),
		.peer = outgoing ? detect_server(at) : detect_client(at),
	};
}

static void on_contact(struct run *d, const struct record *r)
{
	if (!is_asked(d) || !is_judged(r->at))
		return;
	for (int outgoing = 0; outgoing < 2; outgoing++) {
		struct talk key = talk_of(d, r->at, outgoing);
		if (key.device == DEVICE_NONE || (!outgoing && (is_group(key.own) || mac_is_group(r->at->dmac))))
			continue;
		key.middle = span_is(record_get_text(r, (unsigned)d->col[OPENING]), "middle");
		key.first = *r->at;
		struct talk *t = talk_find(d->state, &key, true);
		if (!t)
			continue;
		t->count++;
		t->last = r->at->ts;
		t->middle &= key.middle;
	}
}

static void on_answer(struct run *d, const struct record *r)
{
	for (int outgoing = 0; outgoing < 2 && is_asked(d); outgoing++) {
		struct talk key = talk_of(d, r->at, outgoing), *t = talk_find(d->state, &key, false);
		if (t)
			t->answered = true;
	}
}

/* Data connections at ports that another conversation agreed on are that one's part. */
static void on_flow(struct run *d, const struct record *r)
{
	struct span protocol = record_get_text(r, (unsigned)d->col[PROTOCOL]);
	struct span state = record_get_text(r, (unsigned)d->col[STATE]);
	bool related = span_is(protocol, "ftp-data") || span_is(protocol, "tftp");
	for (int outgoing = 0; outgoing < 2 && r->at && is_asked(d); outgoing++) {
		struct talk key = talk_of(d, r->at, outgoing), *t = talk_find(d->state, &key, false);
		if (!t)
			continue;
		t->related |= related;
		if (span_is(state, "refused"))
			t->answered = false;
	}
}

static void on_dhcp(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	struct span url = record_get_text(r, (unsigned)d->col[MUD_URL]);
	if (!is_asked(d) || !url.n || s->nurls == URLS || !record_has(r, (unsigned)d->col[CARD]))
		return;
	uint32_t device = detect_by_card(d, r->v[d->col[CARD]].mac);
	for (unsigned i = 0; i < s->nurls; i++)
		if (s->urls[i].device == device)
			return;
	if (device != DEVICE_NONE)
		s->urls[s->nurls++] = (struct sent_url){ device, detect_text(d, "%.*s", (int)url.n, (const char *)url.p) };
}

static bool is_name(const char *name, struct span said)
{
	struct span s = span_str(name);
	if (s.n && s.p[s.n - 1] == '.')
		s.n--;
	return s.n == said.n && (!s.n || strncasecmp((const char *)s.p, (const char *)said.p, s.n) == 0);
}

static void name_add(struct name *n, struct span text)
{
	char z[ADDR_TEXT];
	struct addr a;
	snprintf(z, sizeof(z), "%.*s", (int)(text.n < sizeof(z) ? text.n : sizeof(z) - 1), (const char *)text.p);
	if (!addr_parse(z, &a))
		return;
	for (unsigned i = 0; i < n->n; i++)
		if (addr_eq(n->v[i], a))
			return;
	if (n->n < NAME_ADDRESSES)
		n->v[n->n++] = a;
}

static void on_dns(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	if (!s->nnames || !record_has(r, (unsigned)d->col[ADDRESSES]))
		return;
	struct span query = record_get_text(r, (unsigned)d->col[QUERY]);
	const struct texts *list = &r->v[d->col[ADDRESSES]].texts;
	for (unsigned i = 0; i < s->nnames; i++)
		for (uint32_t k = 0; k < list->n && is_name(s->names[i].name, query); k++)
			name_add(&s->names[i], list->v[k]);
}

/* ---- judging ---- */

static const char *url_of(const struct state *s, uint32_t device)
{
	for (unsigned i = 0; i < s->nurls; i++)
		if (s->urls[i].device == device)
			return s->urls[i].url;
	return NULL;
}

static const struct profile *profile_of(const struct run *d, uint32_t device, struct addr own, const char **how)
{
	return profiles_for(detect_profiles(d), device_mac(d->devices, device), own, url_of(d->state, device), NULL,
			    device_model(d->devices, device), how);
}

static enum profile_says name_is(const struct state *s, const char *name, struct addr a)
{
	bool resolved = false;
	for (unsigned i = 0; i < s->nnames; i++) {
		if (strcasecmp(s->names[i].name, name) != 0)
			continue;
		for (unsigned k = 0; k < s->names[i].n; k++)
			if (addr_eq(s->names[i].v[k], a))
				return PROFILE_YES;
		resolved |= s->names[i].n > 0;
	}
	return resolved ? PROFILE_NO : PROFILE_UNKNOWN;
}

static bool same_span(struct span a, struct span b)
{
	return a.n && a.n == b.n && strncasecmp((const char *)a.p, (const char *)b.p, a.n) == 0;
}

static enum profile_says maker_is(const struct run *d, const struct profile *p, const struct peer *peer, struct addr a)
{
	uint32_t device = device_by_addr(d->devices, a);
	const struct profile *other = device == DEVICE_NONE ? NULL : profile_of(d, device, a, NULL);
	if (!other)
		return detect_is_outside(d, a) ? PROFILE_NO : PROFILE_UNKNOWN;
	if (peer->kind == PEER_MODEL)
		return strcasecmp(other->url, peer->text) == 0 ? PROFILE_YES : PROFILE_NO;
	struct span wanted = peer->kind == PEER_MAKER ? span_str(peer->text) : profile_authority(p->url);
	return same_span(profile_authority(other->url), wanted) ? PROFILE_YES : PROFILE_NO;
}

static enum profile_says peer_is(void *ctx, const struct profile *p, const struct peer *peer, struct addr a)
{
	const struct run *d = ctx;
	bool inside = is_group(a) || !detect_is_outside(d, a);
	switch (peer->kind) {
	case PEER_NET: return prefix_has(peer->net, a) ? PROFILE_YES : PROFILE_NO;
	case PEER_NAME: return name_is(d->state, peer->text, a);
	case PEER_LOCAL: return inside ? PROFILE_YES : PROFILE_NO;
	case PEER_MINE:
		if (zone_is_central(d->zones, a, 0))
			return PROFILE_YES;
		return inside ? PROFILE_UNKNOWN : PROFILE_NO;
	case PEER_CLASS:
		/* RFC 8520 §11 (IANA) names two classes for everybody: the site's own servers of names and time. */
		if (strcmp(peer->text, "urn:ietf:params:mud:dns") == 0 || strcmp(peer->text, "urn:ietf:params:mud:ntp") == 0)
			return inside ? PROFILE_YES : PROFILE_NO;
		return PROFILE_UNKNOWN;
	case PEER_SAME_MAKER:
	case PEER_MAKER:
	case PEER_MODEL: return maker_is(d, p, peer, a);
	}
	return PROFILE_UNKNOWN;
}

/* Both addresses turned out to be the device's own. */
static bool is_with_itself(const struct run *d, const struct talk *t)
{
	uint32_t peer = device_by_addr(d->devices, t->peer);
	return peer != DEVICE_NONE && device_root(d->devices, peer) == device_root(d->devices, t->device);
}

static bool is_violation(struct run *d, const struct talk *t, const struct profile *p)
{
	struct profile_packet k = {
		.outgoing = t->outgoing, .opened_by_device = t->outgoing, .opener_unknown = t->middle, .peer = t->peer,
		.own_port = t->outgoing ? t->first.sport : t->port, .peer_port = t->outgoing ? t->port : t->first.sport,
		.proto = t->proto,
	};
	if (!t->first.to_server) {
		k.own_port = t->outgoing ? t->first.dport : t->port;
		k.peer_port = t->outgoing ? t->port : t->first.dport;
	}
	if (t->related || is_with_itself(d, t) || detect_is_allowed(d, t->own, t->peer, t->port))
		return false;
	if (profile_allows(p, &k, peer_is, d, NULL) != PROFILE_NO)
		return false;
	if (!t->middle)
		return true;
	/* Picked up in the middle: who opened it is a guess, so the other way round must be forbidden too. */
	k.outgoing = k.opened_by_device = !t->outgoing;
	uint16_t port = k.own_port;
	k.own_port = k.peer_port;
	k.peer_port = port;
	return profile_allows(p, &k, peer_is, d, NULL) == PROFILE_NO;
}

static const char *transport_of(uint8_t proto)
{
	return proto == 6 ? "TCP" : proto == 17 ? "UDP" : "IP protocol";
}

static void tell(struct run *d, struct talk *t, const struct profile *p, const char *how)
{
	char text[ADDR_TEXT];
	if (!t->finding) {
		t->finding = detect_finding(d, t->device, &t->first, "%s%s", t->outgoing ? "" : "from ",
					    addr_text(t->peer, text));
		if (!t->finding)
			return;
		t->finding->last = t->last > t->finding->last ? t->last : t->finding->last;
		t->finding->count += t->count - 1;
	}
	struct finding *f = t->finding;
	bool outside = detect_is_outside(d, t->peer);
	enum severity s = outside && (t->outgoing || t->answered) ? SEV_HIGH : t->answered ? SEV_MEDIUM : SEV_LOW;
	f->severity = f->withdrawn || s > f->severity ? s : f->severity;
	f->withdrawn = false;
	bool short_time = p->learned_until && p->learned_until - p->learned_from < UINT64_C(86400000000000);
	f->confidence = short_time ? 0.5 : strcmp(how, "its maker and model") == 0 ? 0.7 : 0.9;
	const char *port = t->proto == 6 || t->proto == 17 ?
		detect_text(d, "%s port %u", transport_of(t->proto), t->port) : detect_text(d, "IP protocol %u", t->proto);
	detect_list(f, OBS_EXTRA, port);
	detect_list(f, OBS_EXTRA, detect_text(d, "profile %s, found by %s", p->url, how));
	detect_list(f, OBS_TRAITS, t->outgoing ? "outbound" : "inbound");
	record_addr(f->observed, OBS_ADDRESS, t->peer);
	record_addr(f->observed, OBS_SOURCE, t->own);
	record_bool(f->observed, OBS_ANSWERED, t->answered);
	f->title = detect_text(d, t->outgoing ? "%s called %s (%s)%s, which its profile does not allow" :
					       "%s was called by %s (%s)%s, which its profile does not allow",
			       detect_who(d, t->device, t->own), detect_where(d, t->peer, 0), port,
			       t->answered ? "" : t->outgoing ? ", without an answer" : " and did not answer");
}

static void finish(struct run *d)
{
	struct state *s = d->state;
	for (struct finding *f = detect_next(d, NULL); f; f = detect_next(d, f))
		f->withdrawn = true;
	for (uint32_t i = 0; i < s->ntalks; i++) {
		struct talk *t = &s->talks[i];
		const char *how = "";
		uint32_t device = device_root(d->devices, t->device);
		const struct profile *p = profile_of(d, device, t->own, &how);
		if (p && is_violation(d, t, p))
			tell(d, t, p, how);
	}
	struct finding *first = s->dropped ? detect_next(d, NULL) : NULL;
	if (first)
		detect_list(first, OBS_EXTRA, detect_text(d, "%llu more conversations met a limit and were not looked at",
							  (unsigned long long)s->dropped));
}

static const struct on on[] = {
	{ "contact", on_contact }, { "answer", on_answer }, { "flow", on_flow }, { "dhcp", on_dhcp }, { "dns", on_dns },
	{ NULL, NULL },
};

const struct detector detector_profile_violation = {
	.name = "net.profile-violation", .rule = &rule, .on = on, .wants = wants, .state_size = sizeof(struct state),
	.start = start, .finish = finish,
};
