/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS (RFC 1035), LLMNR (RFC 4795), mDNS announcements (RFC 6762 §8.3), NetBIOS names (RFC 1002 §4.2.2). */
#include <string.h>

#include "lab/nest.h"
#include "lab/talk.h"

enum {
	DNS = 53, MDNS = 5353, LLMNR = 5355, NBNS = 137, TYPE_A = 1, TYPE_PTR = 12, TYPE_TXT = 16, TYPE_SRV = 33,
	TYPE_NB = 0x20, CLASS_IN = 1, CACHE_FLUSH = 0x8000, NAME_IS_FIRST = 0xC00C,
};

static void name(struct buf *b, const char *dotted)
{
	while (*dotted) {
		size_t n = strcspn(dotted, ".");
		buf_u8(b, (uint8_t)n);
		buf_bytes(b, span_of(dotted, n));
		dotted += n + (dotted[n] == '.');
	}
	buf_u8(b, 0);
}

static void head(struct buf *b, uint16_t id, uint16_t flags, const uint16_t counts[4])
{
	buf_be16(b, id);
	buf_be16(b, flags);
	for (int i = 0; i < 4; i++)
		buf_be16(b, counts[i]);
}

uint64_t talk_dns(struct net *n, uint64_t at, struct host *client, struct host *server, const char *asked,
		  uint32_t answer)
{
	uint16_t id = (uint16_t)net_random(n), port = net_port(client);
	AUTO_BUF b = { 0 };
	head(&b, id, 0x0100, (uint16_t[4]){ 1, 0, 0, 0 });
	name(&b, asked);
	buf_be16(&b, TYPE_A);
	buf_be16(&b, CLASS_IN);
	net_resolve(n, at, client, server);
	net_udp(n, at, client, port, server, DNS, buf_span(&b));
	size_t question = b.n - 12;
	AUTO_BUF r = { 0 };
	head(&r, id, answer ? 0x8180 : 0x8183, (uint16_t[4]){ 1, answer != 0, 0, 0 });
	buf_bytes(&r, span_of(b.p + 12, question));
	if (answer) {
		buf_be16(&r, NAME_IS_FIRST);
		buf_be16(&r, TYPE_A);
		buf_be16(&r, CLASS_IN);
		buf_be32(&r, 300);
		buf_be16(&r, 4);
		buf_be32(&r, answer);
	}
	at += net_between(n, 900 * US, 9 * MS);
	net_udp(n, at, server, DNS, client, port, buf_span(&r));
	return at;
}

void talk_llmnr(struct net *n, uint64_t at, struct host *asks, const char *asked, struct host *owner)
{
	uint16_t id = (uint16_t)net_random(n), port = net_port(asks);
	struct host group = net_group(IP4(224, 0, 0, 252)), sender = *asks;
	AUTO_BUF b = { 0 };
	head(&b, id, 0, (uint16_t[4]){ 1, 0, 0, 0 });
	name(&b, asked);
	buf_be16(&b, TYPE_A);
	buf_be16(&b, CLASS_IN);
	sender.ttl = 1;
	asks->ip_id++;
	net_udp(n, at, &sender, port, &group, LLMNR, buf_span(&b));
	if (!owner) {
		net_udp(n, at + 410 * MS, &sender, port, &group, LLMNR, buf_span(&b));
		return;
	}
	AUTO_BUF r = { 0 };
	head(&r, id, 0x8000, (uint16_t[4]){ 1, 1, 0, 0 });
	buf_bytes(&r, span_of(b.p + 12, b.n - 12));
	name(&r, asked);
	buf_be16(&r, TYPE_A);
	buf_be16(&r, CLASS_IN);
	buf_be32(&r, 30);
	buf_be16(&r, 4);
	buf_be32(&r, owner->ip);
	net_resolve(n, at, owner, asks);
	net_udp(n, at + net_between(n, 2 * MS, 80 * MS), owner, LLMNR, asks, port, buf_span(&r));
}

uint64_t talk_dns_text(struct net *n, uint64_t at, struct host *client, struct host *server, const char *asked,
		       struct span answer)
{
	uint16_t id = (uint16_t)net_random(n), port = net_port(client);
	AUTO_BUF b = { 0 };
	head(&b, id, 0x0100, (uint16_t[4]){ 1, 0, 0, 0 });
	name(&b, asked);
	buf_be16(&b, TYPE_TXT);
	buf_be16(&b, CLASS_IN);
	net_resolve(n, at, client, server);
	net_udp(n, at, client, port, server, DNS, buf_span(&b));
	AUTO_BUF r = { 0 };
	head(&r, id, 0x8180, (uint16_t[4]){ 1, 1, 0, 0 });
	buf_bytes(&r, span_of(b.p + 12, b.n - 12));
	buf_be16(&r, NAME_IS_FIRST);
	buf_be16(&r, TYPE_TXT);
	buf_be16(&r, CLASS_IN);
	buf_be32(&r, 0);
	answer = span_cut(answer, 255);                  /* one character-string (RFC 1035 §3.3.14) */
	buf_be16(&r, (uint16_t)(answer.n + 1));
	buf_u8(&r, (uint8_t)answer.n);
	buf_bytes(&r, answer);
	at += net_between(n, 9 * MS, 60 * MS);
	net_udp(n, at, server, DNS, client, port, buf_span(&r));
	return at;
}

static void record(struct buf *b, const char *owner, uint16_t type, uint16_t class)
{
	name(b, owner);
	buf_be16(b, type);
	buf_be16(b, class);
	buf_be32(b, 120);
}

void talk_mdns_announce(struct net *n, uint64_t at, struct host *h, const char *instance, const char *service,
			const char *host_name, uint16_t port)
{
	AUTO_BUF full = { 0 };
	buf_printf(&full, "%s.%s", instance, service);
	buf_u8(&full, 0);
	AUTO_BUF b = { 0 };
	head(&b, 0, 0x8400, (uint16_t[4]){ 0, 3, 0, 0 });
	record(&b, service, TYPE_PTR, CLASS_IN);
	size_t at_length = nest_begin(&b, 2);
	name(&b, (const char *)full.p);
	nest_end(&b, at_length, 2);
	record(&b, (const char *)full.p, TYPE_SRV, CLASS_IN | CACHE_FLUSH);
	at_length = nest_begin(&b, 2);
	buf_be32(&b, 0);                                 /* priority, weight */
	buf_be16(&b, port);
	name(&b, host_name);
	nest_end(&b, at_length, 2);
	record(&b, host_name, TYPE_A, CLASS_IN | CACHE_FLUSH);
	buf_be16(&b, 4);
	buf_be32(&b, h->ip);
	struct host group = net_group(IP4(224, 0, 0, 251));
	struct host sender = *h;
	sender.ttl = 255;                                /* RFC 6762 §11 */
	h->ip_id++;
	net_udp(n, at, &sender, MDNS, &group, MDNS, buf_span(&b));
}

/* Each half byte of the 16-byte name becomes a letter from A to P. */
static void netbios_name(struct buf *b, const char *text)
{
	buf_u8(b, 32);
	for (size_t i = 0, n = strlen(text); i < 16; i++) {
		uint8_t c = i < n ? (uint8_t)text[i] : ' ';
		if (i == 15)
			c = 0;                           /* suffix: workstation service */
		buf_u8(b, (uint8_t)('A' + (c >> 4)));
		buf_u8(b, (uint8_t)('A' + (c & 15)));
	}
	buf_u8(b, 0);
}

void talk_nbns_register(struct net *n, uint64_t at, struct host *h, uint32_t broadcast, const char *text)
{
	AUTO_BUF b = { 0 };
	head(&b, (uint16_t)net_random(n), 0x2910, (uint16_t[4]){ 1, 0, 0, 1 });
	netbios_name(&b, text);
	buf_be16(&b, TYPE_NB);
	buf_be16(&b, CLASS_IN);
	buf_be16(&b, NAME_IS_FIRST);
	buf_be16(&b, TYPE_NB);
	buf_be16(&b, CLASS_IN);
	buf_be32(&b, 300000);
	buf_be16(&b, 6);
	buf_be16(&b, 0);
	buf_be32(&b, h->ip);
	struct host all = net_group(broadcast);
	for (int i = 0; i < 3; i++)
		net_udp(n, at + (uint64_t)i * 750 * MS, h, NBNS, &all, NBNS, buf_span(&b));
}
