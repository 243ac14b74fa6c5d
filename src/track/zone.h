/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which networks are clinical, which are the site's, what is outside, and who is on the same wire.
 * From `[zone NAME] net = …` in the configuration; without it a guess that is stated in the health
 * record: private, shared, link-local and unique-local addresses are the site's, every other unicast
 * address is outside unless it is seen on the wire itself (answers ARP or ND with a MAC that serves
 * no other address, or answers with an unrouted TTL from the same network). */
#pragma once

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
