/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ethernet, ARP (RFC 826), IPv4 (RFC 791), UDP (RFC 768) of the simulated segment. */
#include "lab/net.h"

#include <stdlib.h>

#include "base/mem.h"
#include "lab/nest.h"

enum {
	ETHERTYPE_IP = 0x0800, ETHERTYPE_ARP = 0x0806, FRAME_MIN = 60, ETHER_HEAD = 14, IP_HEAD = 20,
	PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, ARP_REQUEST = 1, ARP_REPLY = 2,
	EPHEMERAL_FIRST = 49152,
};
static const uint64_t ARP_LASTS = 20 * MINUTE;
static const struct mac everyone = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

struct net *net_new(uint64_t seed, uint64_t start, uint64_t length, size_t cap_bytes)
{
	struct net *n = mem_new(sizeof(*n));
	tape_init(&n->tape, cap_bytes);
	n->asked = mem_array(HOSTS_MAX, sizeof(*n->asked));
	n->rng = seed;
	n->start = start;
	n->end = start + length;
	return n;
}

void net_free(struct net *n)
{
	if (!n)
		return;
	tape_done(&n->tape);
	buf_done(&n->packet);
	free(n->asked);
	free(n);
}

/* splitmix64 (Steele, Lea, Flood 2014): any seed will do, zero too. */
uint64_t net_random(struct net *n)
{
	uint64_t z = n->rng += UINT64_C(0x9E3779B97F4A7C15);
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

uint32_t net_below(struct net *n, uint32_t limit)
{
	return (uint32_t)((net_random(n) >> 32) * limit >> 32);
}

uint64_t net_between(struct net *n, uint64_t low, uint64_t high)
{
	return low + net_random(n) % (high - low + 1);
}

void net_noise(struct net *n, struct buf *b, size_t bytes)
{
	for (; bytes >= 8; bytes -= 8)
		buf_le64(b, net_random(n));
	for (; bytes; bytes--)
		buf_u8(b, (uint8_t)net_random(n));
}

static struct mac mac_parse(const char *text)
{
	struct mac m = { { 0 } };
	unsigned v[6];
	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]) != 6)
		abort();
	for (size_t i = 0; i < 6; i++)
		m.b[i] = (uint8_t)v[i];
	return m;
}

struct host *net_host(struct net *n, const char *name, const char *mac, const char *ip, uint8_t ttl, uint8_t hops)
{
	struct addr a;
	if (n->nhosts == HOSTS_MAX || !addr_parse(ip, &a) || a.family != 4)
		abort();
	struct host *h = &n->hosts[n->nhosts];
	*h = (struct host){
		.name = name, .mac = hops ? n->router->mac : mac_parse(mac), .ip = addr_to4(a), .ttl = ttl,
		.hops = hops,
		.ip_id = (uint16_t)net_random(n), .index = (uint16_t)n->nhosts,
		.port = (uint16_t)(EPHEMERAL_FIRST + net_below(n, 8000)),
	};
	n->nhosts++;
	return h;
}

/* RFC 1112 §6.4: the low 23 bits of the group stand in the MAC. */
struct host net_group(uint32_t ip)
{
	bool multicast = ip >> 28 == 0xE;
	struct mac m = { { 0x01, 0x00, 0x5e, (uint8_t)(ip >> 16 & 0x7f), (uint8_t)(ip >> 8), (uint8_t)ip } };
	return (struct host){ .name = "group", .mac = multicast ? m : everyone, .ip = ip };
}

uint16_t net_port(struct host *h)
{
	if (h->port < EPHEMERAL_FIRST || h->port == UINT16_MAX)
		h->port = EPHEMERAL_FIRST;
	return h->port++;
}

static void frame_begin(struct net *n, struct mac dst, struct mac src, uint16_t type)
{
	buf_reset(&n->packet);
	buf_bytes(&n->packet, span_of(dst.b, 6));
	buf_bytes(&n->packet, span_of(src.b, 6));
	buf_be16(&n->packet, type);
}

static void frame_end(struct net *n, uint64_t time)
{
	if (n->packet.n < FRAME_MIN)
		buf_fill(&n->packet, 0, FRAME_MIN - n->packet.n);
	tape_add(&n->tape, time, buf_span(&n->packet));
}

static void arp(struct net *n, uint64_t time, uint16_t op, struct mac src, uint32_t src_ip, struct mac dst,
		uint32_t dst_ip)
{
	struct buf *b = &n->packet;
	frame_begin(n, op == ARP_REQUEST ? everyone : dst, src, ETHERTYPE_ARP);
	buf_be16(b, 1);
	buf_be16(b, ETHERTYPE_IP);
	buf_u8(b, 6);
	buf_u8(b, 4);
	buf_be16(b, op);
	buf_bytes(b, span_of(src.b, 6));
	buf_be32(b, src_ip);
	buf_bytes(b, span_of(dst.b, 6));
	buf_be32(b, dst_ip);
	frame_end(n, time);
}

void net_arp_ask(struct net *n, uint64_t time, const struct host *h, uint32_t claims, uint32_t target)
{
	arp(n, time, ARP_REQUEST, h->mac, claims, (struct mac){ { 0 } }, target);
}

void net_arp_reply(struct net *n, uint64_t time, struct mac from, uint32_t claims, struct mac to, uint32_t to_ip)
{
	arp(n, time, ARP_REPLY, from, claims, to, to_ip);
}

void net_resolve(struct net *n, uint64_t time, struct host *from, struct host *to)
{
	if (from->hops)
		from = n->router;
	if (to->hops)
		to = n->router;
	uint64_t last = n->asked[from->index][to->index];
	if (n->quiet_arp || from == to || (last && last <= time && time < last + ARP_LASTS))
		return;
	net_arp_ask(n, time - 300 * US, from, from->ip, to->ip);
	net_arp_reply(n, time - 160 * US, to->mac, to->ip, from->mac, from->ip);
	n->asked[from->index][to->index] = time;
	n->asked[to->index][from->index] = time;         /* RFC 826: whoever is asked learns who asks */
}

/* RFC 1071, carried on from `sum`; only the last piece may have an odd length. */
static uint32_t sum16(uint32_t sum, struct span s)
{
	struct rd r = rd_of(s);
	while (rd_left(&r) >= 2)
		sum += rd_be16(&r);
	if (rd_left(&r))
		sum += (uint32_t)rd_u8(&r) << 8;
	return sum;
}

static uint16_t fold16(uint32_t sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)~(sum + (sum >> 16));
}

static uint16_t l4_checksum(const struct ip_out *h, struct span l4)
{
	uint32_t sum = 0;
	if (h->proto != PROTO_ICMP)
		sum = (h->from >> 16) + (h->from & 0xffff) + (h->to >> 16) + (h->to & 0xffff) + h->proto +
		      (uint32_t)l4.n;
	uint16_t check = fold16(sum16(sum, l4));
	return check == 0 && h->proto == PROTO_UDP ? 0xffff : check;    /* RFC 768: zero means none */
}

static size_t checksum_at(uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP: return 16;
	case PROTO_UDP: return 6;
	default: return 2;
	}
}

void net_ip(struct net *n, uint64_t time, const struct ip_out *h, struct span l4)
{
	struct buf *b = &n->packet;
	frame_begin(n, h->dst, h->src, ETHERTYPE_IP);
	buf_be16(b, 0x4500);
	buf_be16(b, (uint16_t)(IP_HEAD + l4.n));
	buf_be16(b, h->id);
	buf_be16(b, 0x4000);                             /* do not fragment */
	buf_u8(b, h->ttl);
	buf_u8(b, h->proto);
	buf_be16(b, 0);
	buf_be32(b, h->from);
	buf_be32(b, h->to);
	nest_put(b, ETHER_HEAD + 10, 2, true, fold16(sum16(0, span_of(b->p + ETHER_HEAD, IP_HEAD))));
	buf_bytes(b, l4);
	nest_put(b, ETHER_HEAD + IP_HEAD + checksum_at(h->proto), 2, true, l4_checksum(h, l4));
	frame_end(n, time);
}

struct ip_out net_path(const struct host *from, const struct host *to, uint8_t proto)
{
	return (struct ip_out){
		.src = from->mac, .dst = to->mac, .from = from->ip, .to = to->ip,
		.ttl = (uint8_t)(from->ttl - from->hops), .proto = proto,
	};
}

void net_udp(struct net *n, uint64_t time, struct host *from, uint16_t sport, const struct host *to, uint16_t dport,
	     struct span payload)
{
	AUTO_BUF l4 = { 0 };
	buf_be16(&l4, sport);
	buf_be16(&l4, dport);
	buf_be16(&l4, (uint16_t)(8 + payload.n));
	buf_be16(&l4, 0);
	buf_bytes(&l4, payload);
	struct ip_out h = net_path(from, to, PROTO_UDP);
	h.id = from->ip_id++;
	net_ip(n, time, &h, buf_span(&l4));
}
