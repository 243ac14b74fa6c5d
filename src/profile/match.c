/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking a profile: rules in their order, the first that fits decides (RFC 8519 §1), nothing fits: denied
 * (RFC 8520 §3.1: what is not described is not allowed). */
#include "profile/profile.h"

static bool ports_fit(const struct ports *p, uint16_t port)
{
	if (!p->given)
		return true;
	return (port >= p->low && port <= p->high) != p->not;
}

static bool is_icmp(uint8_t proto)
{
	return proto == 1 || proto == 58;
}

static bool transport_fits(const struct profile_rule *r, const struct profile_packet *k)
{
	if (r->protocol >= 0 && r->protocol != k->proto)
		return false;
	if (is_icmp(k->proto))
		return (r->icmp_type < 0 || r->icmp_type == k->own_port) && (r->icmp_code < 0 || r->icmp_code == k->peer_port);
	if (!ports_fit(&r->own, k->own_port) || !ports_fit(&r->peer, k->peer_port))
		return false;
	if (k->proto != 6 || r->opened_by == OPENED_EITHER || k->opener_unknown)
		return true;
	return (r->opened_by == OPENED_BY_DEVICE) == k->opened_by_device;
}

static enum profile_says peers_fit(const struct profile *p, const struct profile_rule *r, struct addr a,
				   profile_peer_is *is, void *ctx)
{
	enum profile_says all = PROFILE_YES;
	for (unsigned i = 0; i < r->npeers; i++) {
		const struct peer *peer = &r->peers[i];
		enum profile_says one = peer->kind != PEER_NET ? is(ctx, p, peer, a) :
					prefix_has(peer->net, a) ? PROFILE_YES : PROFILE_NO;
		if (one == PROFILE_NO)
			return PROFILE_NO;
		if (one == PROFILE_UNKNOWN)
			all = PROFILE_UNKNOWN;
	}
	return all;
}

/* A rule that fits as far as can be told, but may not: if it allows, and nothing later surely allows, the
 * answer is open; if it denies, what a later rule allows is open too. */
enum profile_says profile_allows(const struct profile *p, const struct profile_packet *k, profile_peer_is *is,
				 void *ctx, const struct profile_rule **which)
{
	bool maybe_allowed = false, maybe_denied = false;
	const struct profile_rule *unsure = NULL;
	if (which)
		*which = NULL;
	for (unsigned i = 0; i < p->nrules; i++) {
		const struct profile_rule *r = &p->rules[i];
		if (r->outgoing != k->outgoing || (r->family && r->family != k->peer.family) || !transport_fits(r, k))
			continue;
		enum profile_says fits = peers_fit(p, r, k->peer, is, ctx);
		if (fits == PROFILE_NO)
			continue;
		if (fits == PROFILE_UNKNOWN || r->partly) {
			*(r->accept ? &maybe_allowed : &maybe_denied) = true;
			unsure = unsure ? unsure : r;
			continue;
		}
		bool open = r->accept ? maybe_denied : maybe_allowed;
		if (which)
			*which = open ? unsure : r;
		return open ? PROFILE_UNKNOWN : r->accept ? PROFILE_YES : PROFILE_NO;
	}
	if (which)
		*which = unsure;
	return maybe_allowed ? PROFILE_UNKNOWN : PROFILE_NO;
}

struct span profile_authority(const char *url)
{
	struct rd r = rd_of(span_str(url ? url : ""));
	struct span scheme, host;
	if (!rd_until(&r, ':', &scheme) || rd_u8(&r) != '/' || rd_u8(&r) != '/')
		return (struct span){ 0 };
	struct rd rest = r;
	return rd_until(&rest, '/', &host) ? host : rd_rest(&r);
}

/* ---- which profile is for which device ---- */

static bool is_text(const char *a, const char *b)
{
	return a && b && *a && *b && strcasecmp(a, b) == 0;
}

static bool names_mac(const struct profile *p, struct mac mac)
{
	for (unsigned i = 0; i < p->ndevices; i++)
		if (!mac_is_zero(mac) && mac_eq(p->devices[i].mac, mac))
			return true;
	return false;
}

/* Of a device that is known by its card the address says nothing: addresses move. */
static bool names_addr(const struct profile *p, struct mac mac, struct addr a)
{
	for (unsigned i = 0; i < p->ndevices; i++) {
		const struct profile_device *d = &p->devices[i];
		if (!mac_is_zero(d->mac) && !mac_is_zero(mac))
			continue;
		for (unsigned k = 0; k < d->naddresses; k++)
			if (a.family && addr_eq(d->addresses[k], a))
				return true;
	}
	return false;
}

const struct profile *profiles_for(const struct profiles *t, struct mac mac, struct addr addr, const char *url,
				   const char *maker, const char *model, const char **how)
{
	static const char *const ways[] = { "its MAC", "its address", "the MUD URL it sent", "its maker and model" };
	for (unsigned way = 0; t && way < 4; way++)
		for (unsigned i = 0; i < t->n; i++) {
			const struct profile *p = &t->v[i];
			bool maker_fits = !p->maker || !maker || !*maker || is_text(p->maker, maker);
			bool fits = way == 0 ? names_mac(p, mac) : way == 1 ? names_addr(p, mac, addr) :
				    way == 2 ? is_text(p->url, url) :
					       !p->ndevices && maker_fits && is_text(p->model, model);
			if (fits && how)
				*how = ways[way];
			if (fits)
				return p;
		}
	return NULL;
}
