/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile from what a device was seen to do. What happened too rarely, what nobody answered, what left the
 * site and what a finding speaks against is not made a rule but listed, with the reason. */
#pragma once

#include "profile/profile.h"

/* All conversations of the device that were opened in the same direction with the same peer and port. */
struct learn_talk {
	bool outgoing;                           /* the device opened them */
	bool answered, outside, group;           /* group: multicast or broadcast */
	struct addr peer;
	const char *name;                        /* what the peer's address was resolved from; NULL: unknown */
	const char *protocol;                    /* as decoded, "" when unknown */
	const char *against;                     /* id of a finding about this peer; NULL: none */
	uint8_t proto;
	uint16_t port;                           /* of the end that did not open */
	uint64_t count, first, last;             /* conversations; ns */
	uint64_t longest;                        /* ns */
};

struct learn_options {
	uint64_t least;                          /* conversations that make a rule */
	bool outside;                            /* destinations outside the site too */
};

enum { LEARN_PEERS = 8, LEARN_PORTS = 4 };       /* so many peers of the site at one port: all of it; ports: a range */

#define LEARN_LONG_NS UINT64_C(600000000000)     /* one conversation of ten minutes is not rare */

/* Adds rules and what was left out to p. Talks are sorted by the call; everything is copied to the arena. */
void profile_learn(struct profile *p, struct arena *a, struct learn_talk *v, uint32_t n, const struct learn_options *o);
