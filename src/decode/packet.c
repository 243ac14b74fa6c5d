/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers from the link up: Ethernet (802.1Q, 802.1ad, MPLS, PPPoE), Linux cooked SLL and SLL2,
 * loopback, raw IP, PPP, Cisco HDLC, FDDI, NFLOG, 802.11 with and without radiotap; IPv4 (RFC 791), IPv6 (RFC 8200),
 * GRE (RFC 2784, 2890) and ERSPAN in it, VXLAN (RFC 7348), Geneve (RFC 8926), GTP-U (3GPP TS 29.281), Teredo
 * (RFC 4380), IP in IP (RFC 2003, 4213); TCP (RFC 9293) and UDP. */
#include "decode/packet.h"

#include "base/scope.h"

enum link {
	LINK_NULL = 0, LINK_ETHERNET = 1, LINK_PPP = 9, LINK_FDDI = 10, LINK_RAW_BSD = 12, LINK_RAW_OPENBSD = 14,
	LINK_PPP_HDLC = 50, LINK_PPPOE = 51, LINK_RAW = 101, LINK_CISCO_HDLC = 104, LINK_80211 = 105, LINK_LOOP = 108,
	LINK_SLL = 113, LINK_RADIOTAP = 127, LINK_IPV4 = 228, LINK_IPV6 = 229, LINK_NFLOG = 239, LINK_SLL2 = 276,
};

enum ethertype {
	ET_IPV4 = 0x0800, ET_IPV6 = 0x86DD, ET_VLAN = 0x8100, ET_QINQ = 0x88A8, ET_QINQ_OLD = 0x9100,
	ET_MPLS = 0x8847, ET_MPLS_MC = 0x8848, ET_PPPOE = 0x8864, ET_BRIDGED = 0x6558, ET_LENGTH_MAX = 1500,
	ET_ARP = 0x0806, ET_RARP = 0x8035, ET_ERSPAN = 0x88BE, ET_ERSPAN_3 = 0x22EB,
	ET_VNTAG = 0x8926, ET_FABRIC_PATH = 0x8903, ET_PBB = 0x88E7,
};

enum { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057, PROTO_HOPOPTS = 0, PROTO_IPIP = 4, PROTO_TCP = 6, PROTO_UDP = 17,
       PROTO_IPV6 = 41, PROTO_ROUTING = 43, PROTO_FRAGMENT = 44, PROTO_GRE = 47, PROTO_AH = 51, PROTO_DSTOPTS = 60,
       PROTO_MOBILITY = 135, ETHERNET_HEADER = 14, IPV4_HEADER = 20, TCP_HEADER = 20,
       IPV6_HEADER = 40 };

/* Where tunnels within UDP are at home. */
enum { VXLAN_PORT = 4789, VXLAN_PORT_OLD = 8472, GENEVE_PORT = 6081, GTP_PORT = 2152, TEREDO_PORT = 3544 };

/* What comes next while a frame is unwrapped. */
enum next { NEXT_DONE, NEXT_ETHERNET, NEXT_TYPE, NEXT_PPP, NEXT_IP, NEXT_IPV4, NEXT_IPV6, NEXT_PROTOCOL, NEXT_LLC };

struct unwrap {
	struct packet *p;
	struct rd r;
	uint32_t lost;                           /* of r, on the wire behind its end */
	uint16_t type;                           /* ethertype or PPP protocol */
	uint8_t protocol;                        /* IP protocol */
	bool inner;                              /* inside a tunnel: link addresses are no more the frame's */
};

static enum next done(struct unwrap *u, enum packet_kind kind)
{
	u->p->kind = kind;
	return NEXT_DONE;
}

/* Too few bytes: the capture cut them, or the packet lies. */
static enum next too_short(struct unwrap *u)
{
	return done(u, u->lost ? PACKET_TRUNCATED : PACKET_MALFORMED);
}

static enum next ethernet(struct unwrap *u)
{
	struct rd r;
	if (!rd_fixed(&u->r, 14, &r))
		return too_short(u);
	struct mac dst = mac_from(rd_span(&r, 6)), src = mac_from(rd_span(&r, 6));
	u->type = rd_be16(&r);
	if (!u->inner) {
		u->p->at.dmac = dst;
		u->p->at.smac = src;
	}
	return u->type <= ET_LENGTH_MAX ? NEXT_LLC : NEXT_TYPE;
}

/* 802.2 LLC with SNAP carries an ethertype; other LLC we do not look into. */
static enum next llc(struct unwrap *u)
{
	struct rd r = u->r;
	uint32_t head = rd_be24(&r);
	rd_skip(&r, 3);
	uint16_t type = rd_be16(&r);
	if (!rd_ok(&r) || head != 0xaaaa03)
		return done(u, PACKET_OTHER);
	u->r = r;
	u->type = type;
	return NEXT_TYPE;
}

static enum next mpls(struct unwrap *u)
{
	uint32_t label = rd_be32(&u->r);
	if (!rd_ok(&u->r))
		return too_short(u);
	if (!(label & 0x100))
		return NEXT_TYPE;                /* not the bottom of the stack: another label */
	uint8_t version = rd_peek(&u->r) >> 4;
	if (version == 4 || version == 6)
		return NEXT_IP;
	if (version == 0)
		rd_skip(&u->r, 4);               /* pseudowire control word (RFC 4385) */
	u->inner = true;
	return NEXT_ETHERNET;
}

static enum next pppoe(struct unwrap *u)
{
	rd_skip(&u->r, 6);
	return rd_ok(&u->r) ? NEXT_PPP : too_short(u);
}

static enum next ppp(struct unwrap *u)
{
	if (rd_peek(&u->r) == 0xff)
		rd_skip(&u->r, 2);               /* address and control (RFC 1662) */
	u->type = rd_peek(&u->r) & 1 ? rd_u8(&u->r) : rd_be16(&u->r);
	if (!rd_ok(&u->r))
		return too_short(u);
	if (u->type == PPP_IPV4 || u->type == PPP_IPV6)
		return NEXT_IP;
	return done(u, PACKET_OTHER);
}

static enum next by_type(struct unwrap *u)
{
	u->p->ethertype = u->type;
	switch (u->type) {
	case ET_IPV4: return NEXT_IPV4;
	case ET_IPV6: return NEXT_IPV6;
	case ET_VLAN:
	case ET_QINQ:
	case ET_QINQ_OLD:
		if (!u->inner)
			u->p->at.vlan = rd_be16(&u->r) & 0x0fff;
		else
			rd_skip(&u->r, 2);
		u->type = rd_be16(&u->r);
		if (!rd_ok(&u->r))
			return too_short(u);
		return u->type <= ET_LENGTH_MAX ? NEXT_LLC : NEXT_TYPE;
	case ET_VNTAG:
		rd_skip(&u->r, 4);
		u->type = rd_be16(&u->r);
		return rd_ok(&u->r) ? NEXT_TYPE : too_short(u);
	case ET_FABRIC_PATH:                     /* between switches: the stations' own frame stands behind the tag */
	case ET_PBB:
		rd_skip(&u->r, u->type == ET_PBB ? 4 : 2);
		return NEXT_ETHERNET;
	case ET_MPLS:
	case ET_MPLS_MC: return mpls(u);
	case ET_PPPOE: return pppoe(u);
	case ET_BRIDGED:
		u->inner = true;
		return NEXT_ETHERNET;
	case ET_ARP:
	case ET_RARP: return done(u, PACKET_LINK);
	default: return done(u, PACKET_OTHER);
	}
}

/* Cuts r to what the header says, so that padding behind a packet is no payload. A header that
 * claims more than its carrier held on the wire is noted; what is there is still read. */
static void cut_to(struct unwrap *u, uint64_t length)
{
	uint64_t there = rd_left(&u->r);
	if (length <= there) {
		u->r = rd_sub(&u->r, length);
		u->lost = 0;
		return;
	}
	u->p->overlong |= length - there > u->lost;
	u->lost = (uint32_t)(length - there);
}

/* Sum of the 16-bit words (RFC 1071), four at a time; the sum of bytes in either order folds alike, so
 * words are taken little-endian and turned once at the end. */
static uint64_t sum16(struct span s, uint64_t sum)
{
	struct rd r = rd_of(s), four;
	while (rd_left(&r) >= 32 && rd_fixed(&r, 32, &four))
		for (int i = 0; i < 4; i++) {
			uint64_t w = rd_le64(&four);
			sum += (w & 0xffffffff) + (w >> 32);
		}
	while (rd_left(&r) >= 8) {
		uint64_t w = rd_le64(&r);
		sum += (w & 0xffffffff) + (w >> 32);
	}
	while (rd_left(&r) >= 2)
		sum += rd_le16(&r);
	return rd_left(&r) ? sum + rd_u8(&r) : sum;
}

/* The same of a header without options, of which nearly all are. */
static uint64_t sum16_of20(struct span s)
{
	struct rd r = rd_of(s), head;
	if (!rd_fixed(&r, 20, &head))
		return 0;
	uint64_t a = rd_le64(&head), b = rd_le64(&head);
	return (a & 0xffffffff) + (a >> 32) + (b & 0xffffffff) + (b >> 32) + rd_le32(&head);
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static enum next ipv4(struct unwrap *u)
{
	struct packet *p = u->p;
	struct rd r;
	struct span whole = { u->r.p, rd_left(&u->r) };
	if (!rd_fixed(&u->r, 20, &r))
		return too_short(u);
	uint8_t first = rd_u8(&r);
	rd_skip(&r, 1);
	uint16_t total = rd_be16(&r), id = rd_be16(&r), frag = rd_be16(&r);
	p->ttl = rd_u8(&r);
	u->protocol = rd_u8(&r);
	uint16_t sum = rd_be16(&r);
	struct addr src = addr_from4(rd_span(&r, 4)), dst = addr_from4(rd_span(&r, 4));
	unsigned header = (first & 15u) * 4u;
	if (first >> 4 != 4 || header < 20 || (total && total < header))
		return done(u, PACKET_MALFORMED);
	rd_skip(&u->r, header - 20);
	if (!rd_ok(&u->r))
		return too_short(u);
	p->at.src = src;
	p->at.dst = dst;
	p->bad_ip_sum = sum && fold(header == 20 ? sum16_of20(whole) : sum16(span_cut(whole, header), 0)) != 0xffff;
	p->offloaded = total == 0;
	if (total)
		cut_to(u, total - header);
	p->frag_at = (frag & 0x1fffu) * 8u;
	p->frag_more = frag & 0x2000;
	p->frag_id = id;
	if (p->frag_at || p->frag_more) {
		p->at.proto = u->protocol;
		return done(u, PACKET_FRAGMENT);
	}
	return NEXT_PROTOCOL;
}

/* Extension headers (RFC 8200 4): options, routing and AH are stepped over, bounded by LAYERS_MAX. */
static enum next ipv6_extensions(struct unwrap *u)
{
	for (int i = 0; i < LAYERS_MAX; i++) {
		switch (u->protocol) {
		case PROTO_HOPOPTS:
		case PROTO_ROUTING:
		case PROTO_DSTOPTS:
		case PROTO_MOBILITY:
		case PROTO_AH: {
			bool ah = u->protocol == PROTO_AH;
			uint8_t following = rd_u8(&u->r), length = rd_u8(&u->r);
			rd_skip(&u->r, ah ? (length + 2u) * 4u - 2u : length * 8u + 6u);
			if (!rd_ok(&u->r))
				return too_short(u);
			u->protocol = following;
			break;
		}
		case PROTO_FRAGMENT: {
			uint8_t following = rd_u8(&u->r);
			rd_skip(&u->r, 1);
			uint16_t at = rd_be16(&u->r);
			u->p->frag_id = rd_be32(&u->r);
			if (!rd_ok(&u->r))
				return too_short(u);
			u->protocol = following;
			u->p->frag_at = at & 0xfff8u;
			u->p->frag_more = at & 1;
			if (!u->p->frag_at && !u->p->frag_more)
				break;           /* atomic fragment (RFC 6946): whole */
			u->p->at.proto = following;
			return done(u, PACKET_FRAGMENT);
		}
		default:
			return NEXT_PROTOCOL;
		}
	}
	return done(u, PACKET_MALFORMED);
}

static enum next ipv6(struct unwrap *u)
{
	uint32_t first = rd_be32(&u->r);
	uint16_t length = rd_be16(&u->r);
	u->protocol = rd_u8(&u->r);
	u->p->ttl = rd_u8(&u->r);
	struct span src = rd_span(&u->r, 16), dst = rd_span(&u->r, 16);
	if (!rd_ok(&u->r))
		return too_short(u);
	if (first >> 28 != 6)
		return done(u, PACKET_MALFORMED);
	u->p->at.src = addr_from6(src);
	u->p->at.dst = addr_from6(dst);
	if (length)
		cut_to(u, length);
	u->p->offloaded = length == 0;
	return ipv6_extensions(u);
}

/* A switch's mirror: type I has no header, type II one of 8 bytes and always GRE's sequence number, type III one of
 * 12 and maybe 8 more. */
static enum next erspan(struct unwrap *u, bool numbered)
{
	if (u->type == ET_ERSPAN_3) {
		rd_skip(&u->r, 11);
		rd_skip(&u->r, rd_u8(&u->r) & 1 ? 8 : 0);
	} else if (numbered) {
		rd_skip(&u->r, 8);
	}
	return rd_ok(&u->r) ? NEXT_ETHERNET : too_short(u);
}

static enum next gre(struct unwrap *u)
{
	uint16_t flags = rd_be16(&u->r);
	u->type = rd_be16(&u->r);
	rd_skip(&u->r, (flags & 0x8000 ? 4u : 0u) + (flags & 0x2000 ? 4u : 0u) + (flags & 0x1000 ? 4u : 0u));
	if ((flags & 7) == 1)                    /* PPTP's version 1 (RFC 2637): PPP inside */
		rd_skip(&u->r, flags & 0x80 ? 4 : 0);
	if (!rd_ok(&u->r))
		return too_short(u);
	u->inner = u->p->tunnelled = true;
	if ((flags & 7) == 1)
		return NEXT_PPP;
	return u->type == ET_ERSPAN || u->type == ET_ERSPAN_3 ? erspan(u, flags & 0x1000) : NEXT_TYPE;
}

/* ---- tunnels within UDP: a datagram that does not fit stays a datagram ---- */

static enum next into(struct unwrap *u, struct rd r, enum next next)
{
	u->r = r;
	u->inner = u->p->tunnelled = true;
	u->p->at.sport = u->p->at.dport = 0;     /* the tunnel's; what is inside may have none */
	return next;
}

static enum next vxlan(struct unwrap *u)
{
	struct rd r = u->r;
	uint8_t flags = rd_u8(&r);
	rd_skip(&r, 7);
	bool fits = rd_ok(&r) && flags == 0x08 && rd_left(&r) >= ETHERNET_HEADER;
	return fits ? into(u, r, NEXT_ETHERNET) : NEXT_DONE;
}

/* Version, length of options, flags, type of what is inside, network, reserved. */
static enum next geneve(struct unwrap *u)
{
	struct rd r = u->r;
	uint8_t first = rd_u8(&r), flags = rd_u8(&r);
	uint16_t type = rd_be16(&r);
	rd_skip(&r, 3);
	uint8_t reserved = rd_u8(&r);
	rd_skip(&r, (first & 0x3fu) * 4u);
	bool fits = rd_ok(&r) && first >> 6 == 0 && !(flags & 0x3f) && !reserved && rd_left(&r) >= ETHERNET_HEADER;
	if (!fits || (type != ET_BRIDGED && type != ET_IPV4 && type != ET_IPV6 && type != ET_ARP))
		return NEXT_DONE;
	u->type = type;
	return into(u, r, type == ET_BRIDGED ? NEXT_ETHERNET : NEXT_TYPE);
}

/* Extension headers: their length in units of four bytes, content, type of the next. */
static void gtp_extensions(struct rd *r, uint8_t type)
{
	while (type && rd_left(r)) {
		uint8_t units = rd_u8(r);
		if (!units)
			rd_fail(r);
		rd_skip(r, units * 4u - 2u);
		type = rd_u8(r);
	}
}

/* Version 1, a user's packet, its length, the tunnel; with sequence number, N-PDU number and extensions behind. */
static enum next gtp(struct unwrap *u)
{
	struct rd r = u->r;
	uint8_t flags = rd_u8(&r), type = rd_u8(&r);
	uint16_t length = rd_be16(&r);
	rd_skip(&r, 4);
	if (!rd_ok(&r) || flags >> 4 != 3 || type != 0xff || length != rd_left(&r) + u->lost)
		return NEXT_DONE;
	if (flags & 7) {
		rd_skip(&r, 3);
		uint8_t following = rd_u8(&r);
		gtp_extensions(&r, flags & 4 ? following : 0);
	}
	uint8_t version = rd_peek(&r) >> 4;
	return rd_ok(&r) && (version == 4 || version == 6) ? into(u, r, NEXT_IP) : NEXT_DONE;
}

/* An authentication and an origin may stand before the IPv6 packet (section 5.1.1), trailers behind it. */
static enum next teredo(struct unwrap *u)
{
	struct rd r = u->r;
	if (rd_peek(&r) == 0 && rd_left(&r) > IPV6_HEADER) {
		struct rd head = r;
		if (rd_be16(&head) == 1) {
			uint8_t id = rd_u8(&head), secret = rd_u8(&head);
			rd_skip(&head, id + secret + 8u + 1u);
			r = head;
		}
		head = r;
		if (rd_be16(&head) == 0) {
			rd_skip(&head, 6);
			r = head;
		}
	}
	struct rd inside = r;
	uint32_t first = rd_be32(&inside);
	uint16_t length = rd_be16(&inside);
	rd_skip(&inside, IPV6_HEADER - 6);
	bool fits = rd_ok(&inside) && first >> 28 == 6 && length <= rd_left(&inside) + u->lost;
	return fits ? into(u, r, NEXT_IPV6) : NEXT_DONE;
}

static const struct {
	uint16_t port;
	bool either;                             /* answers come from that port, too */
	enum next (*open)(struct unwrap *u);
} udp_tunnels[] = {
	{ VXLAN_PORT, false, vxlan }, { VXLAN_PORT_OLD, false, vxlan }, { GENEVE_PORT, false, geneve },
	{ GTP_PORT, true, gtp }, { TEREDO_PORT, true, teredo },
};

static enum next udp_tunnel(struct unwrap *u)
{
	const struct origin *at = &u->p->at;
	for (size_t i = 0; i < ARRAY_LEN(udp_tunnels); i++)
		if (at->dport == udp_tunnels[i].port || (udp_tunnels[i].either && at->sport == udp_tunnels[i].port))
			return udp_tunnels[i].open(u);
	return NEXT_DONE;
}

static enum next tcp(struct unwrap *u)
{
	struct packet *p = u->p;
	struct rd r;
	p->transport = (struct span){ u->r.p, rd_left(&u->r) };
	if (!rd_fixed(&u->r, 20, &r))
		return too_short(u);
	p->at.sport = rd_be16(&r);
	p->at.dport = rd_be16(&r);
	p->seq = rd_be32(&r);
	p->ack = rd_be32(&r);
	unsigned header = (rd_u8(&r) >> 4) * 4u;
	p->flags = rd_u8(&r) & 0x3f;
	if (header < 20)
		return done(u, PACKET_MALFORMED);
	rd_skip(&u->r, header - 20);
	return rd_ok(&u->r) ? done(u, PACKET_TCP) : too_short(u);
}

static enum next udp(struct unwrap *u)
{
	struct packet *p = u->p;
	p->transport = (struct span){ u->r.p, rd_left(&u->r) };
	struct rd r;
	if (!rd_fixed(&u->r, 8, &r))
		return too_short(u);
	p->at.sport = rd_be16(&r);
	p->at.dport = rd_be16(&r);
	uint16_t length = rd_be16(&r);
	if (length >= 8)
		cut_to(u, length - 8u);
	done(u, PACKET_UDP);
	return udp_tunnel(u);
}

static enum next by_protocol(struct unwrap *u)
{
	u->p->at.proto = u->protocol;
	switch (u->protocol) {
	case PROTO_TCP: return tcp(u);
	case PROTO_UDP: return udp(u);
	case PROTO_GRE: return gre(u);
	case PROTO_IPIP:
	case PROTO_IPV6:
		u->inner = u->p->tunnelled = true;
		return NEXT_IP;
	default: return done(u, PACKET_IP);
	}
}

static enum next ip(struct unwrap *u)
{
	uint8_t version = rd_peek(&u->r) >> 4;
	if (version == 4)
		return NEXT_IPV4;
	if (version == 6)
		return NEXT_IPV6;
	return rd_left(&u->r) ? done(u, PACKET_MALFORMED) : too_short(u);
}

static void unwrap(struct unwrap *u, enum next next)
{
	int layers = 0;
	while (next != NEXT_DONE) {
		if (++layers > 2 * LAYERS_MAX) {
			u->p->kind = PACKET_MALFORMED;
			return;
		}
		switch (next) {
		case NEXT_ETHERNET: next = ethernet(u); break;
		case NEXT_TYPE: next = by_type(u); break;
		case NEXT_LLC: next = llc(u); break;
		case NEXT_PPP: next = ppp(u); break;
		case NEXT_IP: next = ip(u); break;
		case NEXT_IPV4: next = ipv4(u); break;
		case NEXT_IPV6: next = ipv6(u); break;
		case NEXT_PROTOCOL: next = by_protocol(u); break;
		case NEXT_DONE: break;
		}
	}
	u->p->payload = (struct span){ u->r.p, rd_left(&u->r) };
	u->p->lost = u->lost;
}

/* BSD loopback: the address family in the capturing host's byte order. */
static enum next loopback(struct unwrap *u, bool network_order)
{
	uint32_t family = network_order ? rd_be32(&u->r) : rd_le32(&u->r);
	if (family > 0xffff)
		family = family >> 24;
	if (!rd_ok(&u->r))
		return too_short(u);
	return family == 2 ? NEXT_IPV4 : family == 10 || family == 24 || family == 28 || family == 30 ? NEXT_IPV6
	     : done(u, PACKET_OTHER);
}

/* Linux cooked: packet type, ARPHRD, address length, address, protocol; v2 in another order. */
static enum next cooked(struct unwrap *u, bool v2)
{
	uint16_t len;
	struct span address;
	if (v2) {
		u->type = rd_be16(&u->r);
		rd_skip(&u->r, 2 + 4 + 2 + 1);
		len = rd_u8(&u->r);
		address = rd_span(&u->r, 8);
	} else {
		rd_skip(&u->r, 4);
		len = rd_be16(&u->r);
		address = rd_span(&u->r, 8);
		u->type = rd_be16(&u->r);
	}
	if (!rd_ok(&u->r))
		return too_short(u);
	if (len == 6)
		u->p->at.smac = mac_from(span_cut(address, 6));
	return u->type <= ET_LENGTH_MAX ? done(u, PACKET_OTHER) : NEXT_TYPE;
}

/* Frame control says whether 802.2 follows the two addresses. */
static enum next fddi(struct unwrap *u)
{
	bool has_llc = (rd_u8(&u->r) & 0xf0) == 0x50;
	struct span dst = rd_span(&u->r, 6), src = rd_span(&u->r, 6);
	if (!rd_ok(&u->r))
		return too_short(u);
	u->p->at.dmac = mac_from(dst);
	u->p->at.smac = mac_from(src);
	return has_llc ? NEXT_LLC : done(u, PACKET_OTHER);
}

static enum next cisco_hdlc(struct unwrap *u)
{
	rd_skip(&u->r, 2);
	u->type = rd_be16(&u->r);
	if (!rd_ok(&u->r))
		return too_short(u);
	return u->type == ET_RARP ? done(u, PACKET_OTHER) : NEXT_TYPE;   /* SLARP has that number here */
}

/* Address family, version, group; attributes of length, type and value, filled up to four bytes. */
static enum next nflog(struct unwrap *u)
{
	enum { PAYLOAD = 9, ATTRIBUTE_HEAD = 4 };
	rd_skip(&u->r, 4);
	while (rd_left(&u->r) >= ATTRIBUTE_HEAD) {
		uint16_t length = rd_le16(&u->r), type = rd_le16(&u->r);
		if (length < ATTRIBUTE_HEAD)
			return done(u, PACKET_MALFORMED);
		if (type == PAYLOAD) {
			cut_to(u, length - ATTRIBUTE_HEAD);
			return NEXT_IP;
		}
		rd_skip(&u->r, (length + 3u) / 4 * 4 - ATTRIBUTE_HEAD);
	}
	return rd_ok(&u->r) ? done(u, PACKET_OTHER) : too_short(u);
}

/* 802.11 data frames that are not protected; the rest is not ours to read. */
static enum next wireless(struct unwrap *u)
{
	uint8_t control = rd_u8(&u->r), flags = rd_u8(&u->r);
	rd_skip(&u->r, 2);
	struct span a1 = rd_span(&u->r, 6), a2 = rd_span(&u->r, 6), a3 = rd_span(&u->r, 6);
	rd_skip(&u->r, 2);
	if (!rd_ok(&u->r))
		return too_short(u);
	bool to_ds = flags & 1, from_ds = flags & 2, is_data = (control & 0x0c) == 0x08, has_body = !(control & 0x40);
	if (!is_data || !has_body || flags & 0x40)
		return done(u, PACKET_OTHER);
	struct span a4 = to_ds && from_ds ? rd_span(&u->r, 6) : a3;
	if (control & 0x80) {                    /* QoS */
		uint16_t qos = rd_le16(&u->r);
		if (qos & 0x80)
			return done(u, PACKET_OTHER);    /* aggregated (A-MSDU) */
		if (flags & 0x80)
			rd_skip(&u->r, 4);       /* HT control */
	}
	if (!rd_ok(&u->r))
		return too_short(u);
	u->p->at.dmac = mac_from(to_ds ? a3 : a1);
	u->p->at.smac = mac_from(from_ds ? a4 : a2);
	return NEXT_LLC;
}

static enum next radiotap(struct unwrap *u)
{
	struct rd whole = u->r;
	rd_skip(&whole, 2);
	uint16_t len = rd_le16(&whole);
	uint32_t present = rd_le32(&whole);
	uint8_t flags = 0;
	if (!(present & 0x80000000u) && present & 2) {
		if (present & 1)
			rd_skip(&whole, 8);
		flags = rd_u8(&whole);
	}
	rd_skip(&u->r, len);
	if (len < 8 || !rd_ok(&u->r))
		return too_short(u);
	if (flags & 0x10 && !u->lost && rd_left(&u->r) >= 4)     /* frame check sequence at the end */
		u->r = rd_sub(&u->r, rd_left(&u->r) - 4);
	return wireless(u);
}

/* What nearly every frame is, read behind one check of length: Ethernet, IPv4 without options that is no fragment, TCP,
 * and all of it there. Says what the steps above say; false, and nothing is set, for whatever is not so. */
static bool usual_tcp(struct packet *p, struct span frame)
{
	struct rd all = rd_of(frame), r;
	if (!rd_fixed(&all, ETHERNET_HEADER + IPV4_HEADER + TCP_HEADER, &r))
		return false;
	struct span dmac = rd_span(&r, 6), smac = rd_span(&r, 6);
	uint16_t type = rd_be16(&r);
	struct span ip = span_from(frame, ETHERNET_HEADER);
	uint16_t version = rd_be16(&r) >> 8, total = rd_be16(&r), id = rd_be16(&r), frag = rd_be16(&r);
	uint8_t ttl = rd_u8(&r), protocol = rd_u8(&r);
	uint16_t sum = rd_be16(&r);
	struct span src = rd_span(&r, 4), dst = rd_span(&r, 4);
	uint16_t sport = rd_be16(&r), dport = rd_be16(&r);
	uint32_t seq = rd_be32(&r), ack = rd_be32(&r);
	unsigned header = (rd_u8(&r) >> 4) * 4u;
	uint8_t flags = rd_u8(&r) & 0x3f;
	if (type != ET_IPV4 || version != 0x45 || protocol != PROTO_TCP || frag & 0x3fff || header < TCP_HEADER ||
	    total > ip.n || total < IPV4_HEADER + header)
		return false;
	p->at.dmac = mac_from(dmac);
	p->at.smac = mac_from(smac);
	p->at.src = addr_from4(src);
	p->at.dst = addr_from4(dst);
	p->at.sport = sport;
	p->at.dport = dport;
	p->at.proto = protocol;
	p->kind = PACKET_TCP;
	p->ethertype = type;
	p->ttl = ttl;
	p->bad_ip_sum = sum && fold(sum16_of20(ip)) != 0xffff;
	p->frag_id = id;
	p->seq = seq;
	p->ack = ack;
	p->flags = flags;
	p->transport = span_cut(span_from(ip, IPV4_HEADER), total - IPV4_HEADER);
	p->payload = span_from(p->transport, header);
	return true;
}

void packet_parse(struct packet *p, struct span frame, uint32_t wire, uint32_t link)
{
	p->link = (uint16_t)link;
	if (link == LINK_ETHERNET && usual_tcp(p, frame))
		return;
	struct unwrap u = { .p = p, .r = rd_of(frame), .lost = wire > frame.n ? wire - (uint32_t)frame.n : 0 };
	enum next next;
	switch ((enum link)link) {
	case LINK_ETHERNET: next = NEXT_ETHERNET; break;
	case LINK_NULL: next = loopback(&u, false); break;
	case LINK_LOOP: next = loopback(&u, true); break;
	case LINK_RAW_BSD:
	case LINK_RAW_OPENBSD:
	case LINK_RAW: next = NEXT_IP; break;
	case LINK_IPV4: next = NEXT_IPV4; break;
	case LINK_IPV6: next = NEXT_IPV6; break;
	case LINK_PPP:
	case LINK_PPP_HDLC: next = NEXT_PPP; break;
	case LINK_PPPOE: next = pppoe(&u); break;
	case LINK_CISCO_HDLC: next = cisco_hdlc(&u); break;
	case LINK_FDDI: next = fddi(&u); break;
	case LINK_NFLOG: next = nflog(&u); break;
	case LINK_SLL: next = cooked(&u, false); break;
	case LINK_SLL2: next = cooked(&u, true); break;
	case LINK_80211: next = wireless(&u); break;
	case LINK_RADIOTAP: next = radiotap(&u); break;
	default: next = done(&u, PACKET_UNKNOWN_LINK); break;
	}
	unwrap(&u, next);
}

void packet_parse_transport(struct packet *p, uint8_t protocol, struct span payload, uint32_t lost)
{
	struct unwrap u = { .p = p, .r = rd_of(payload), .lost = lost, .protocol = protocol, .inner = true };
	unwrap(&u, NEXT_PROTOCOL);
}

/* Of the two addresses, the first part of the pseudo header (RFC 9293 3.1, RFC 8200 8.1). */
static uint64_t ends_sum(const struct packet *p)
{
	struct span src = span_of(p->at.src.b, sizeof(p->at.src.b)), dst = span_of(p->at.dst.b, sizeof(p->at.dst.b));
	if (p->at.src.family != 4)
		return sum16(dst, sum16(src, 0));
	struct rd a = rd_of(span_from(src, 12)), b = rd_of(span_from(dst, 12));
	return (uint64_t)rd_le32(&a) + rd_le32(&b);
}

bool packet_sum_ok(const struct packet *p)
{
	if (p->lost || p->offloaded || (p->kind != PACKET_TCP && p->kind != PACKET_UDP))
		return true;
	struct rd r = rd_of(p->transport);
	rd_skip(&r, 6);
	if (p->kind == PACKET_UDP && rd_be16(&r) == 0 && p->at.src.family == 4)
		return true;
	/* UDP may be followed by padding that is not its own: the payload's end is the end. */
	size_t n = (size_t)(p->payload.p - p->transport.p) + p->payload.n;
	uint64_t sum = ends_sum(p) + __builtin_bswap16((uint16_t)(n >> 16)) + __builtin_bswap16((uint16_t)n);
	sum += (uint64_t)p->at.proto << 8;
	return fold(sum16(span_cut(p->transport, n), sum)) == 0xffff;
}
