/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BACnet/IP (ASHRAE 135 annex J): a search with its answers, and a property that is read. */
#include "lab/nest.h"
#include "lab/talk.h"

enum { BACNET = 47808, LINK = 0x81, UNICAST = 0x0A, BROADCAST = 0x0B, OBJECT_DEVICE = 8, MODEL_NAME = 70 };

static void send(struct net *n, uint64_t at, struct host *from, const struct host *to, uint8_t function,
		 struct span apdu)
{
	AUTO_BUF b = { 0 };
	buf_u8(&b, LINK);
	buf_u8(&b, function);
	buf_be16(&b, (uint16_t)(4 + 2 + apdu.n));
	buf_be16(&b, function == UNICAST ? 0x0104 : 0x0100);     /* version 1; whether an answer is expected */
	buf_bytes(&b, apdu);
	net_udp(n, at, from, BACNET, to, BACNET, buf_span(&b));
}

void talk_bacnet_search(struct net *n, uint64_t at, struct host *asks, uint32_t broadcast, struct host *device,
			uint32_t number)
{
	struct host all = net_group(broadcast);
	send(n, at, asks, &all, BROADCAST, span_of((uint8_t[]){ 0x10, 0x08 }, 2));
	AUTO_BUF b = { 0 };
	buf_be16(&b, 0x1000);                            /* unconfirmed, I-Am */
	buf_u8(&b, 0xC4);
	buf_be32(&b, OBJECT_DEVICE << 22 | number);
	buf_bytes(&b, SPAN_LIT("\x22\x05\xC4\x91\x03\x22\x01\x04"));
	send(n, at + net_between(n, 2 * MS, 90 * MS), device, &all, BROADCAST, buf_span(&b));
}

void talk_bacnet_read(struct net *n, uint64_t at, struct host *asks, struct host *device, uint32_t number,
		      const char *model)
{
	uint8_t invoke = (uint8_t)net_random(n);
	AUTO_BUF ask = { 0 };
	AUTO_BUF answer = { 0 };
	buf_bytes(&ask, span_of((uint8_t[]){ 0x00, 0x05, invoke, 0x0C, 0x0C }, 5));
	buf_be32(&ask, OBJECT_DEVICE << 22 | number);
	buf_bytes(&ask, span_of((uint8_t[]){ 0x19, MODEL_NAME }, 2));
	buf_bytes(&answer, span_of((uint8_t[]){ 0x30, invoke, 0x0C, 0x0C }, 4));
	buf_be32(&answer, OBJECT_DEVICE << 22 | number);
	buf_bytes(&answer, span_of((uint8_t[]){ 0x19, MODEL_NAME, 0x3E, 0x75 }, 4));
	size_t length = nest_begin(&answer, 1);
	buf_u8(&answer, 0);                              /* UTF-8 */
	buf_text(&answer, model);
	nest_end(&answer, length, 1);
	buf_u8(&answer, 0x3F);
	net_resolve(n, at, asks, device);
	send(n, at, asks, device, UNICAST, buf_span(&ask));
	send(n, at + net_between(n, 2 * MS, 40 * MS), device, asks, UNICAST, buf_span(&answer));
}
