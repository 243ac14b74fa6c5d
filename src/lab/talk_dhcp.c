/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DHCP (RFC 2131): discover, offer, request, ack; and renewal straight to the server. */
#include <string.h>

#include "lab/talk.h"

enum {
	SERVER_PORT = 67, CLIENT_PORT = 68, COOKIE = 0x63825363, LEASE_S = 28800, BROADCAST_FLAG = 0x8000,
	DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5,
	OPT_MASK = 1, OPT_ROUTER = 3, OPT_DNS = 6, OPT_HOST = 12, OPT_ADDRESS = 50, OPT_LEASE = 51, OPT_TYPE = 53,
	OPT_SERVER = 54, OPT_WANTS = 55, OPT_VENDOR = 60, OPT_CLIENT = 61, OPT_END = 255, MESSAGE_MIN = 300,
};

static void option(struct buf *b, uint8_t code, struct span value)
{
	buf_u8(b, code);
	buf_u8(b, (uint8_t)value.n);
	buf_bytes(b, value);
}

static void option_u32(struct buf *b, uint8_t code, uint32_t v)
{
	buf_u8(b, code);
	buf_u8(b, 4);
	buf_be32(b, v);
}

static void head(struct buf *b, bool reply, uint32_t xid, const struct host *h, uint32_t client, uint32_t yours,
		 uint8_t type)
{
	buf_be32(b, reply ? 0x02010600 : 0x01010600);
	buf_be32(b, xid);
	buf_be16(b, 0);
	buf_be16(b, client ? 0 : BROADCAST_FLAG);
	buf_be32(b, client);
	buf_be32(b, yours);
	buf_fill(b, 0, 8);
	buf_bytes(b, span_of(h->mac.b, 6));
	buf_fill(b, 0, 10 + 64 + 128);
	buf_be32(b, COOKIE);
	option(b, OPT_TYPE, span_of(&type, 1));
}

static void tail(struct buf *b)
{
	buf_u8(b, OPT_END);
	if (b->n < MESSAGE_MIN)
		buf_fill(b, 0, MESSAGE_MIN - b->n);
}

static void asks(struct buf *b, uint32_t xid, const struct host *h, const struct dhcp_client *c, uint8_t type,
		 uint32_t client)
{
	buf_reset(b);
	head(b, false, xid, h, client, 0, type);
	buf_u8(b, OPT_CLIENT);
	buf_u8(b, 7);
	buf_u8(b, 1);
	buf_bytes(b, span_of(h->mac.b, 6));
	option(b, OPT_HOST, span_str(c->host_name));
	option(b, OPT_VENDOR, span_str(c->vendor_class));
	option(b, OPT_WANTS, span_of(c->wants, c->nwants));
}

static void answers(struct buf *b, uint32_t xid, const struct net *n, const struct host *h, const struct host *server,
		    const struct dhcp_client *c, uint8_t type, uint32_t client)
{
	buf_reset(b);
	head(b, true, xid, h, client, h->ip, type);
	option_u32(b, OPT_SERVER, server->ip);
	option_u32(b, OPT_LEASE, LEASE_S);
	option_u32(b, OPT_MASK, 0xffffff00);
	option_u32(b, OPT_ROUTER, n->router->ip);
	option_u32(b, OPT_DNS, c->dns);
	tail(b);
}

void talk_dhcp(struct net *n, uint64_t at, struct host *h, struct host *server, const struct dhcp_client *c)
{
	uint32_t xid = (uint32_t)net_random(n);
	struct host nobody = *h, all = net_group(0xffffffff);
	nobody.ip = 0;
	AUTO_BUF b = { 0 };
	asks(&b, xid, h, c, DISCOVER, 0);
	tail(&b);
	net_udp(n, at, &nobody, CLIENT_PORT, &all, SERVER_PORT, buf_span(&b));
	answers(&b, xid, n, h, server, c, OFFER, 0);
	net_udp(n, at + 2 * MS, server, SERVER_PORT, &all, CLIENT_PORT, buf_span(&b));
	asks(&b, xid, h, c, REQUEST, 0);
	option_u32(&b, OPT_ADDRESS, h->ip);
	option_u32(&b, OPT_SERVER, server->ip);
	tail(&b);
	net_udp(n, at + 9 * MS, &nobody, CLIENT_PORT, &all, SERVER_PORT, buf_span(&b));
	answers(&b, xid, n, h, server, c, ACK, 0);
	net_udp(n, at + 11 * MS, server, SERVER_PORT, &all, CLIENT_PORT, buf_span(&b));
	h->ip_id = (uint16_t)(nobody.ip_id + 1);
	/* RFC 5227 §2.1.1: probe before use, then announce. */
	for (uint64_t i = 0; i < 3; i++)
		net_arp_ask(n, at + 40 * MS + i * SECOND, h, 0, h->ip);
	net_arp_ask(n, at + 4 * SECOND, h, h->ip, h->ip);
}

void talk_dhcp_renew(struct net *n, uint64_t at, struct host *h, struct host *server, const struct dhcp_client *c)
{
	uint32_t xid = (uint32_t)net_random(n);
	AUTO_BUF b = { 0 };
	asks(&b, xid, h, c, REQUEST, h->ip);
	tail(&b);
	net_resolve(n, at, h, server);
	net_udp(n, at, h, CLIENT_PORT, server, SERVER_PORT, buf_span(&b));
	answers(&b, xid, n, h, server, c, ACK, h->ip);
	net_udp(n, at + 3 * MS, server, SERVER_PORT, h, CLIENT_PORT, buf_span(&b));
}
