/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SNMP version 2c polls and version 1 traps (RFC 3416, RFC 1157 §4.1.6). */
#include "lab/nest.h"
#include "lab/talk.h"

enum {
	SNMP = 161, TRAP = 162, INTEGER = 2, OCTETS = 4, NOTHING = 5, OBJECT = 6, SEQUENCE = 0x30, ADDRESS = 0x40,
	TICKS = 0x43,
	GET = 0xA0, RESPONSE = 0xA2, TRAP1 = 0xA4, LONG_TWO = 0x82,
};

/* Lengths of two bytes throughout: valid, and known before the content. */
static size_t open_box(struct buf *b, uint8_t tag)
{
	buf_u8(b, tag);
	buf_u8(b, LONG_TWO);
	return nest_begin(b, 2);
}

static void integer(struct buf *b, uint8_t tag, uint32_t v)
{
	buf_u8(b, tag);
	buf_u8(b, 5);
	buf_u8(b, 0);
	buf_be32(b, v);
}

static void octets(struct buf *b, const char *text)
{
	size_t at = open_box(b, OCTETS);
	buf_text(b, text);
	nest_end(b, at, 2);
}

/* 1.3.6.1.2.1.1.N.0 with its value; NULL: asked. */
static void binding(struct buf *b, uint8_t n, const char *value)
{
	size_t at = open_box(b, SEQUENCE);
	buf_bytes(b, span_of((uint8_t[]){ OBJECT, 8, 0x2B, 6, 1, 2, 1, 1, n, 0 }, 10));
	if (value)
		octets(b, value);
	else
		buf_be16(b, NOTHING << 8);
	nest_end(b, at, 2);
}

static void message(struct buf *b, uint8_t pdu, uint32_t id, const char *community, const char *descr,
		    const char *name)
{
	size_t whole = open_box(b, SEQUENCE);
	integer(b, INTEGER, 1);
	octets(b, community);
	size_t box = open_box(b, pdu);
	integer(b, INTEGER, id);
	integer(b, INTEGER, 0);
	integer(b, INTEGER, 0);
	size_t list = open_box(b, SEQUENCE);
	binding(b, 1, descr);
	binding(b, 5, name);
	nest_end(b, list, 2);
	nest_end(b, box, 2);
	nest_end(b, whole, 2);
}

void talk_snmp_poll(struct net *n, uint64_t at, struct host *manager, struct host *agent, const char *community,
		    const char *descr)
{
	uint16_t port = net_port(manager);
	uint32_t id = (uint32_t)net_random(n) & 0x7FFFFFFF;
	AUTO_BUF ask = { 0 };
	AUTO_BUF answer = { 0 };
	message(&ask, GET, id, community, NULL, NULL);
	message(&answer, RESPONSE, id, community, descr, agent->name);
	net_resolve(n, at, manager, agent);
	net_udp(n, at, manager, port, agent, SNMP, buf_span(&ask));
	net_udp(n, at + net_between(n, 600 * US, 5 * MS), agent, SNMP, manager, port, buf_span(&answer));
}

void talk_snmp_trap(struct net *n, uint64_t at, struct host *agent, struct host *manager, const char *community)
{
	AUTO_BUF b = { 0 };
	size_t whole = open_box(&b, SEQUENCE);
	integer(&b, INTEGER, 0);
	octets(&b, community);
	size_t box = open_box(&b, TRAP1);
	buf_bytes(&b, span_of((uint8_t[]){ OBJECT, 6, 0x2B, 6, 1, 4, 1, 11, ADDRESS, 4 }, 10));
	buf_be32(&b, agent->ip);
	integer(&b, INTEGER, 3);                         /* link up */
	integer(&b, INTEGER, 0);
	integer(&b, TICKS, (uint32_t)((at - n->start) / (10 * MS)));
	nest_end(&b, open_box(&b, SEQUENCE), 2);
	nest_end(&b, box, 2);
	nest_end(&b, whole, 2);
	net_resolve(n, at, agent, manager);
	net_udp(n, at, agent, TRAP, manager, TRAP, buf_span(&b));
}
