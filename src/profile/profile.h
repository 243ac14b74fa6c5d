/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device may do on the network: Manufacturer Usage Descriptions (RFC 8520) with their access lists
 * (RFC 8519), as a model that is read, written and asked. The same file drives detection and isolation.
 *
 * A rule is one entry of an access list, turned to the device's point of view: its own end and its peer.
 * The first rule that fits decides; what none fits is denied. */
#pragma once

#include "base/buf.h"
#include "base/mem.h"
#include "record/addr.h"

enum {
	PROFILES_MAX = 4096, PROFILE_RULES = 1024, PROFILE_PEERS = 4, PROFILE_DEVICES = 64, PROFILE_ADDRESSES = 8,
	PROFILE_LEFT_OUT = 1024, PROFILE_COMPLAINTS = 100, PROFILE_MEMORY = 64 << 20,
};

enum peer_kind {
	PEER_NET,                                /* an address or a network */
	PEER_NAME,                               /* a DNS name (ietf-acldns) */
	PEER_LOCAL,                              /* local-networks: the site's own */
	PEER_CLASS,                              /* controller: a class of hosts by URI; dns and ntp are well known */
	PEER_MINE,                               /* my-controller: the administrator names it */
	PEER_SAME_MAKER,                         /* devices whose MUD URL has this one's authority */
	PEER_MAKER,                              /* devices whose MUD URL has that authority */
	PEER_MODEL,                              /* devices with that MUD URL */
};

struct peer {
	enum peer_kind kind;
	struct prefix net;                       /* PEER_NET */
	const char *text;                        /* name, URI or authority; else NULL */
};

struct ports {
	bool given, not;                         /* not: every port but low */
	uint16_t low, high;
};

enum opened_by { OPENED_EITHER, OPENED_BY_DEVICE, OPENED_BY_PEER };

struct profile_rule {
	const char *name;
	bool outgoing;                           /* about packets that the device sends */
	bool accept;
	bool partly;                             /* has conditions that a conversation does not tell (DSCP, flags …) */
	uint8_t family;                          /* 4 or 6; 0: both */
	int16_t protocol;                        /* -1: any */
	int16_t icmp_type, icmp_code;            /* -1: any */
	struct ports own, peer;
	enum opened_by opened_by;                /* TCP: ietf-mud:direction-initiated */
	struct peer peers[PROFILE_PEERS];        /* all must hold; none: any peer */
	unsigned npeers;
};

/* Which device a profile is for, where the device does not say so itself (auscult's own extension). */
struct profile_device {
	struct mac mac;                          /* zero: unknown */
	struct addr addresses[PROFILE_ADDRESSES];
	unsigned naddresses;
};

/* What a learned profile does not allow although it was seen. */
struct profile_left_out {
	const char *what, *why;
	uint64_t count;
};

struct profile {
	const char *file;
	const char *url, *about, *maker, *model, *firmware, *documentation;      /* NULL: not said; url never */
	uint64_t updated, learned_from, learned_until;   /* ns; 0: not said */
	unsigned validity_hours;
	bool supported;
	struct profile_device *devices;
	unsigned ndevices;
	struct profile_rule *rules;              /* in the order in which they are asked */
	unsigned nrules;
	struct profile_left_out *left_out;
	unsigned nleft_out;
};

struct profiles {
	struct profile *v;
	unsigned n, room;
	struct arena arena;                      /* of all texts and lists */
};

struct profiles *profiles_new(void);
void profiles_free(struct profiles *t);          /* NULL is fine */

/* What is wrong with a file, or would surprise. */
struct complaints {
	struct buf text;                         /* lines "place: what"; warnings begin with "warning: " */
	unsigned errors, warnings;
};
void complaints_done(struct complaints *c);

/* Reads one MUD file. The profile, or NULL when there are errors (all of them in c, up to PROFILE_COMPLAINTS);
 * a file counts whole or not at all. It stands until profiles_free, or the next profiles_read moves it. */
const struct profile *profiles_read(struct profiles *t, struct span json, const char *file, struct complaints *c);

/* MUD JSON: reading it again gives the same model. Access lists are named after the URL's hash. */
void profile_write(struct buf *b, const struct profile *p);

/* ---- asking ---- */

/* The opening packet of a conversation, seen from the device. */
struct profile_packet {
	bool outgoing;                           /* the device sent it */
	bool opened_by_device;
	bool opener_unknown;                     /* picked up in the middle */
	struct addr peer;
	uint16_t own_port, peer_port;            /* ICMP: type and code of it */
	uint8_t proto;
};

enum profile_says { PROFILE_NO, PROFILE_YES, PROFILE_UNKNOWN };

/* What the file alone does not tell: whether that peer is of that kind. */
typedef enum profile_says profile_peer_is(void *ctx, const struct profile *p, const struct peer *peer, struct addr a);

/* YES allowed, NO not allowed, UNKNOWN: depends on what nobody here can tell. *which (may be NULL): the rule
 * that decided, NULL when none fits. */
enum profile_says profile_allows(const struct profile *p, const struct profile_packet *k, profile_peer_is *is,
				 void *ctx, const struct profile_rule **which);

/* The profile for a device, most certain first: its MAC, its address, its own MUD URL, its maker and model.
 * Texts may be NULL or empty. how (may be NULL) tells by what. NULL: none. */
const struct profile *profiles_for(const struct profiles *t, struct mac mac, struct addr addr, const char *url,
				   const char *maker, const char *model, const char **how);

/* Authority of a URL ("https://maker.example/x" → "maker.example"); empty when it has none. */
struct span profile_authority(const char *url);
