/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which networks are clinical, which are the site's, what is outside, and who is on the same wire.
 * From `[zone NAME] net = …` in the configuration; without it a guess that is stated in the health
 * record: private, shared, link-local and unique-local addresses are the site's, every other unicast
 * address is outside unless it is seen on the wire itself (answers ARP or ND with a MAC that serves
 * no other address, or answers with an unrouted TTL from the same network). */
#pragma once

#include "base/conf.h"
#include "record/record.h"

enum zone { ZONE_UNKNOWN, ZONE_CLINICAL, ZONE_SITE, ZONE_OUTSIDE };

struct zones;

const char *zone_name(enum zone z);
enum zone   zone_of(const struct zones *z, struct addr a);
bool        zone_configured(const struct zones *z);      /* false: it is the guess */
/* True when the address was seen to stand on the wire itself, behind no router. */
bool        zone_on_link(const struct zones *z, struct addr a);
/* True when a prefix that holds the address is configured, or is plainly in use here. */
bool        zone_expects(const struct zones *z, struct addr a);
struct mac  zone_mac_of(const struct zones *z, struct addr a);   /* latest claim; zero: none */
bool        zone_is_router(const struct zones *z, struct mac m);
/* How many MACs turned out to be one so far: while it stays the same, who was none is none. */
uint64_t    zone_routers(const struct zones *z);
/* A packet from m will come soon: asks memory for its row. */
void        zone_soon(const struct zones *z, struct mac m);

/* ---- feeding: by whoever sees the packets ---- */

extern const struct conf_key zone_conf[];                /* `[zone NAME]`, `[central]` */

/* c may be NULL and is not kept. */
struct zones *zones_new(struct hash_key key, const struct conf *c);
void          zones_free(struct zones *z);

/* Whether zones_record would look at records of that type. */
bool zones_want(const struct record_type *t);
/* Every record: takes what ARP, neighbour discovery and DHCP say, returns at once from others. */
void zones_record(struct zones *z, const struct record *r);
/* The claim of an ARP or neighbour discovery record; false when it makes none. */
bool          zone_claim(const struct record *r, struct addr *a, struct mac *m);
/* The same as values. A sender's claim "this address is at this MAC"; gratuitous ones too. */
void zone_saw_claim(struct zones *z, struct addr a, struct mac m, uint64_t ts);
void zone_saw_router(struct zones *z, struct mac m);                    /* router advertisement and the like */
void zone_saw_gateway(struct zones *z, struct addr a);                  /* DHCP option 3 */
void zone_saw_subnet(struct zones *z, struct prefix net);               /* offered by DHCP or advertised */
/* First packet of each direction of a conversation (contact and answer), not every packet. ttl 0: unknown. */
void zone_saw_packet(struct zones *z, const struct origin *at, uint8_t ttl, bool answer);

/* Registered central stations (`[central]`): port 0 asks for the address alone. */
bool zone_is_central(const struct zones *z, struct addr a, uint16_t port);

struct zone_counts {
	uint64_t addresses, macs, routers, evicted;
	bool configured;
};
struct zone_counts zone_counts(const struct zones *z);
