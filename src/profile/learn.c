/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversations to rules. The order of rules is that of direction, transport, port and peer: the same traffic
 * gives the same file. */
#include "profile/learn.h"

#include <stdlib.h>

#include "base/scope.h"

enum { PORT_HIGH = 1024 };

struct learning {
	struct profile *p;
	struct arena *a;
	const struct learn_options *o;
	unsigned room, left_room;
};

static int by_kind(const void *x, const void *y)
{
	const struct learn_talk *a = x, *b = y;
	if (a->outgoing != b->outgoing)
		return a->outgoing ? -1 : 1;
	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	if (a->peer.family != b->peer.family)
		return a->peer.family < b->peer.family ? -1 : 1;
	return memcmp(a->peer.b, b->peer.b, sizeof(a->peer.b));
}

static const char *transport(uint8_t proto)
{
	return proto == 6 ? "TCP" : proto == 17 ? "UDP" : "IP protocol";
}

/* Needed to stay on the network at all, hence never a rule: ICMP, IGMP, DHCP. */
static bool is_upkeep(const struct learn_talk *t)
{
	bool dhcp = t->proto == 17 && (t->port == 67 || t->port == 68 || t->port == 546 || t->port == 547);
	return dhcp || t->proto == 1 || t->proto == 2 || t->proto == 58;
}

static void leave_out(struct learning *l, const struct learn_talk *t, const char *why)
{
	char text[ADDR_TEXT];
	struct profile *p = l->p;
	if (p->nleft_out == PROFILE_LEFT_OUT)
		return;
	if (p->nleft_out == l->left_room) {
		unsigned room = l->left_room ? 2 * l->left_room : 8;
		struct profile_left_out *v = arena_new(l->a, room * sizeof(*v));
		if (!v)
			return;
		if (p->nleft_out)
			memcpy(v, p->left_out, p->nleft_out * sizeof(*v));
		p->left_out = v;
		l->left_room = room;
	}
	const char *what = arena_printf(l->a, "%s %s%s%s%s, %s port %u%s%s%s", t->outgoing ? "calls" : "is called by",
					addr_text(t->peer, text), t->name ? " (" : "", t->name ? t->name : "", t->name ? ")" : "",
					transport(t->proto), t->port, *t->protocol ? " (" : "", t->protocol,
					*t->protocol ? ")" : "");
	p->left_out[p->nleft_out++] = (struct profile_left_out){ what ? what : "", why, t->count };
}

/* NULL: it may become a rule. */
static const char *reason_against(const struct learning *l, const struct learn_talk *t)
{
	if (t->against)
		return arena_printf(l->a, "finding %s speaks of it", t->against);
	if (t->outside && !l->o->outside)
		return t->outgoing ? "outside the site" : "called from outside the site";
	if (!t->answered && !t->group)
		return t->outgoing ? "nobody answered" : "the device did not answer";
	if (t->count < l->o->least && t->longest < LEARN_LONG_NS)
		return arena_printf(l->a, "seen only %llu time%s", (unsigned long long)t->count, t->count == 1 ? "" : "s");
	return NULL;
}

static void add_rule(struct learning *l, const struct profile_rule *rule)
{
	struct profile *p = l->p;
	if (p->nrules == PROFILE_RULES)
		return;
	if (p->nrules == l->room) {
		unsigned room = l->room ? 2 * l->room : 8;
		struct profile_rule *v = arena_new(l->a, room * sizeof(*v));
		if (!v)
			return;
		if (p->nrules)
			memcpy(v, p->rules, p->nrules * sizeof(*v));
		p->rules = v;
		l->room = room;
	}
	p->rules[p->nrules] = *rule;
	const char *name = arena_printf(l->a, "r%u-%s", p->nrules + 1, rule->outgoing ? "frdev" : "todev");
	p->rules[p->nrules++].name = name ? name : "";
}

/* The packets of the end that opened, and those that come back. */
static void add_pair(struct learning *l, const struct learn_talk *t, struct ports port, const struct peer *peer)
{
	bool has_ports = t->proto == 6 || t->proto == 17;
	struct profile_rule r = {
		.outgoing = t->outgoing, .accept = true, .protocol = t->proto, .icmp_type = -1, .icmp_code = -1,
		.family = t->peer.family, .npeers = 1, .peers = { *peer },
	};
	if (t->proto == 6)
		r.opened_by = t->outgoing ? OPENED_BY_DEVICE : OPENED_BY_PEER;
	if (has_ports)
		*(t->outgoing ? &r.peer : &r.own) = port;
	add_rule(l, &r);
	r.outgoing = !r.outgoing;
	if (!t->group)
		add_rule(l, &r);
}

static struct peer peer_of(const struct learning *l, const struct learn_talk *t)
{
	if (t->name && t->outside)
		return (struct peer){ .kind = PEER_NAME, .text = (const char *)arena_copy(l->a, span_str(t->name)).p };
	return (struct peer){ .kind = PEER_NET, .net = { t->peer, t->peer.family == 4 ? 32 : 128 } };
}

/* How many talks from v on differ in the peer alone, all of them within the site. */
static uint32_t peers_at(const struct learn_talk *v, uint32_t n)
{
	uint32_t k = 0;
	while (k < n && v[k].outgoing == v[0].outgoing && v[k].proto == v[0].proto && v[k].port == v[0].port &&
	       v[k].peer.family == v[0].peer.family && !v[k].outside && !v[k].group)
		k++;
	return k;
}

static bool same_service(const struct learn_talk *a, const struct learn_talk *b)
{
	return a->outgoing == b->outgoing && a->proto == b->proto && a->port >= PORT_HIGH && b->port >= PORT_HIGH &&
	       addr_eq(a->peer, b->peer) && strcmp(a->protocol, b->protocol) == 0;
}

/* Ports that are agreed on anew each time (RPC, FTP data, RTP): the same peer at several high ports. */
static bool is_range(const struct learn_talk *v, uint32_t n, uint32_t i, bool *first)
{
	unsigned seen = 0, before = 0;
	for (uint32_t k = 0; k < n && v[i].port >= PORT_HIGH && *v[i].protocol; k++)
		if (same_service(&v[k], &v[i]) && !v[k].against) {
			seen++;
			before += k < i;
		}
	*first = before == 0;
	return seen >= LEARN_PORTS;
}

void profile_learn(struct profile *p, struct arena *a, struct learn_talk *v, uint32_t n, const struct learn_options *o)
{
	struct learning l = { p, a, o, 0, 0 };
	uint32_t kept = 0;
	p->nrules = p->nleft_out = 0;
	qsort(v, n, sizeof(*v), by_kind);
	for (uint32_t i = 0; i < n; i++) {
		bool first = false;
		const char *why = is_upkeep(&v[i]) ? NULL : reason_against(&l, &v[i]);
		if (why && !v[i].against && v[i].answered && !(v[i].outside && !o->outside) && is_range(v, n, i, &first))
			why = NULL;                      /* rare at each port, not as a service */
		if (why)
			leave_out(&l, &v[i], why);
		else if (!is_upkeep(&v[i]))
			v[kept++] = v[i];
	}
	for (uint32_t i = 0; i < kept;) {
		struct ports port = { true, false, v[i].port, v[i].port };
		struct peer peer = peer_of(&l, &v[i]);
		bool first = false;
		uint32_t peers = peers_at(v + i, kept - i);
		if (peers >= LEARN_PEERS) {
			peer = (struct peer){ .kind = PEER_LOCAL };
			add_pair(&l, &v[i], port, &peer);
			i += peers;
			continue;
		}
		bool range = is_range(v, kept, i, &first);
		if (range)
			port = (struct ports){ true, false, PORT_HIGH, UINT16_MAX };
		if (!range || first)
			add_pair(&l, &v[i], port, &peer);
		i++;
	}
}
