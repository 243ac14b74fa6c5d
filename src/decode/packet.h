/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Link, tunnel, network and transport headers of one frame. No state: fragments are handed back for
 * track/frag.c to put together. */
#pragma once

#include "record/record.h"

enum { LAYERS_MAX = 16 };                        /* tags, labels and tunnels in one frame */

enum packet_kind {
	PACKET_OTHER,                            /* nothing we look into; .ethertype says what */
	PACKET_LINK,                             /* payload is an ethertype's body (ARP …) */
	PACKET_FRAGMENT,                         /* payload is an IP fragment's data; .frag_* tell where it goes */
	PACKET_IP,                               /* payload is an IP protocol's body (ICMP …) */
	PACKET_UDP, PACKET_TCP,
	PACKET_TRUNCATED,                        /* captured too short for its own headers */
	PACKET_MALFORMED,                        /* its headers lie */
	PACKET_UNKNOWN_LINK,                     /* a link type we do not read */
	PACKET_KINDS
};

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

struct packet {
	struct origin at;
	enum packet_kind kind;
	struct span payload;                     /* of the innermost protocol understood */
	uint32_t lost;                           /* bytes of payload on the wire behind what was captured */
	uint32_t seq, ack;                       /* TCP */
	uint8_t flags, ttl;
	uint16_t ethertype;
	bool bad_ip_sum;                         /* IPv4 header checksum wrong, and not zero as offload leaves it */
	bool offloaded;                          /* the total length was zero: cut by the card later */
	bool tunnelled;
	bool overlong;                           /* a length field claims more than the frame had on the wire */
	uint16_t link;
	/* fragments */
	uint32_t frag_id;
	uint32_t frag_at;
	bool frag_more;
	struct span transport;                   /* TCP or UDP header and payload as captured, for the checksum */
};

void packet_parse(struct packet *p, struct span frame, uint32_t wire, uint32_t link);
/* The payload of a datagram put together again: p keeps its addresses. */
void packet_parse_transport(struct packet *p, uint8_t protocol, struct span payload, uint32_t lost);
/* True when the transport checksum is right, cannot be judged (cut, UDP without), or is none of TCP and UDP. */
bool packet_sum_ok(const struct packet *p);
