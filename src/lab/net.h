/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A simulated network segment with a router, as a mirror port sees it: hosts, ARP, IPv4, UDP, and TCP
 * conversations (conv). Everything comes from a virtual clock and a seeded generator: the same seed
 * gives the same bytes. */
#pragma once

#include "lab/tape.h"
#include "record/addr.h"

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define AUTO_BUF        __attribute__((cleanup(buf_done))) struct buf

enum { US = 1000, MS = 1000 * US, HOSTS_MAX = 320 };
#define SECOND UINT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

struct host {
	const char *name;
	struct mac mac;                          /* the router's when hops > 0 */
	uint32_t ip;
	uint8_t ttl;                             /* as the host sends it */
	uint8_t hops;                            /* routers between it and the segment; 0: on the segment */
	uint16_t ip_id, port;                    /* next ones */
	uint16_t index;
};

struct net {
	struct tape tape;
	struct buf packet;                       /* the frame being put together */
	uint64_t rng, start, end;                /* start, end: ns, span of the story */
	struct host *router;
	struct host hosts[HOSTS_MAX];
	size_t nhosts;
	uint64_t (*asked)[HOSTS_MAX];            /* when host i last learnt the MAC of host j */
	bool quiet_arp;                          /* templates: no ARP by itself */
};

struct net *net_new(uint64_t seed, uint64_t start, uint64_t length, size_t cap_bytes);
void        net_free(struct net *n);

uint64_t net_random(struct net *n);
uint32_t net_below(struct net *n, uint32_t limit);                   /* 0 .. limit-1 */
uint64_t net_between(struct net *n, uint64_t low, uint64_t high);    /* both included */
void     net_noise(struct net *n, struct buf *b, size_t bytes);

/* Addresses in text; ends the process on a typing error, as they are ours. hops > 0: give the router's MAC. */
struct host *net_host(struct net *n, const char *name, const char *mac, const char *ip, uint8_t ttl, uint8_t hops);
struct host  net_group(uint32_t ip);                                 /* a broadcast or multicast destination */
uint16_t     net_port(struct host *h);                               /* the next ephemeral port */

/* ARP frames. `claims` is the sender's protocol address, usually h->ip. */
void net_arp_ask(struct net *n, uint64_t time, const struct host *h, uint32_t claims, uint32_t target);
void net_arp_reply(struct net *n, uint64_t time, struct mac from, uint32_t claims, struct mac to, uint32_t to_ip);
/* Asks and answers when `from` has not done so for a while; what routes does it for hosts behind it. */
void net_resolve(struct net *n, uint64_t time, struct host *from, struct host *to);

struct ip_out {
	struct mac src, dst;
	uint32_t from, to;
	uint16_t id;
	uint8_t ttl, proto;
};
/* One IPv4 packet; l4 begins with its TCP, UDP or ICMP header whose checksum field is still zero. */
void net_ip(struct net *n, uint64_t time, const struct ip_out *h, struct span l4);
struct ip_out net_path(const struct host *from, const struct host *to, uint8_t proto);
void net_udp(struct net *n, uint64_t time, struct host *from, uint16_t sport, const struct host *to, uint16_t dport,
	     struct span payload);
