/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP (RFC 9293) as the lab's hosts speak it: no loss, no options but the MSS. */
#include "lab/conv.h"

#include <stdarg.h>

enum {
	FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10, PROTO_TCP = 6,
	WINDOW = 64240, ETHERNET_MSS = 1460, ACK_EVERY = 2,
};
static const uint64_t ACK_DELAY = 40 * MS, FORWARDING = 210 * US;

static enum conv_side other(enum conv_side s)
{
	return s == CLIENT ? SERVER : CLIENT;
}

static uint64_t round_trip(const struct host *a, const struct host *b)
{
	unsigned hops = a->hops + b->hops;
	return hops ? hops * UINT64_C(1700) * US : 240 * US;
}

struct conv conv_of(struct net *n, struct host *client, struct host *server, uint16_t port, uint64_t at)
{
	return (struct conv){
		.net = n, .end = { client, server }, .port = { net_port(client), port }, .now = at, .mss = ETHERNET_MSS,
		.seq = { (uint32_t)net_random(n), (uint32_t)net_random(n) }, .rtt = round_trip(client, server),
	};
}

static void header(struct buf *b, const struct conv *c, enum conv_side from, uint8_t flags)
{
	enum conv_side to = other(from);
	buf_be16(b, c->port[from]);
	buf_be16(b, c->port[to]);
	buf_be32(b, c->seq[from]);
	buf_be32(b, flags & ACK ? c->seq[to] : 0);
	buf_be16(b, (uint16_t)((flags & SYN ? 6 : 5) << 12 | flags));
	buf_be16(b, flags & RST ? 0 : WINDOW);
	buf_be32(b, 0);                                  /* checksum, urgent */
	if (flags & SYN) {
		buf_be16(b, 0x0204);
		buf_be16(b, c->mss);
	}
}

/* Through the man in the middle the same sequence numbers pass the mirror twice: to his MAC, and on
 * from it with one hop less to live. */
static void forward(struct conv *c, enum conv_side from, struct ip_out h, struct buf *l4, size_t payload)
{
	struct mac victim = h.dst;
	h.dst = c->middle->mac;
	net_ip(c->net, c->now, &h, buf_span(l4));
	if (payload && c->alter)
		c->alter(c->alter_ctx, from, l4->p + (l4->n - payload), payload);
	h.src = c->middle->mac;
	h.dst = victim;
	h.ttl--;
	net_ip(c->net, c->now + FORWARDING, &h, buf_span(l4));
}

static void segment(struct conv *c, enum conv_side from, uint8_t flags, struct span payload)
{
	struct host *sender = c->end[from];
	AUTO_BUF l4 = { 0 };
	header(&l4, c, from, flags);
	buf_bytes(&l4, payload);
	struct ip_out h = net_path(sender, c->end[other(from)], PROTO_TCP);
	h.id = sender->ip_id++;
	if (c->middle)
		forward(c, from, h, &l4, payload.n);
	else
		net_ip(c->net, c->now, &h, buf_span(&l4));
	c->seq[from] += (uint32_t)payload.n + (flags & (SYN | FIN) ? 1 : 0);
	if (flags & ACK)
		c->owes[from] = false;
	c->now += 4 * US + payload.n * 8;                /* a gigabit link, nearly */
}

static void acknowledge(struct conv *c, enum conv_side from, uint64_t delay)
{
	if (!c->owes[from])
		return;
	c->now += delay;
	segment(c, from, ACK, (struct span){ 0 });
}

/* The mirror stands on the segment: answers come a round trip later for whoever is far. */
static void turn(struct conv *c)
{
	c->now += c->rtt;
}

void conv_syn(struct conv *c)
{
	net_resolve(c->net, c->now, c->end[CLIENT], c->end[SERVER]);
	segment(c, CLIENT, SYN, (struct span){ 0 });
	c->seq[CLIENT]--;
}

void conv_open(struct conv *c)
{
	conv_syn(c);
	c->seq[CLIENT]++;
	turn(c);
	segment(c, SERVER, SYN | ACK, (struct span){ 0 });
	c->now += 60 * US;
	segment(c, CLIENT, ACK, (struct span){ 0 });
}

void conv_refuse(struct conv *c)
{
	conv_syn(c);
	c->seq[CLIENT]++;
	turn(c);
	c->seq[SERVER] = 0;
	segment(c, SERVER, RST | ACK, (struct span){ 0 });
}

void conv_send(struct conv *c, enum conv_side from, struct span data)
{
	enum conv_side to = other(from);
	if (c->owes[from])
		turn(c);                                 /* an answer: it carries the acknowledgement */
	else if (c->owes[to])
		acknowledge(c, to, ACK_DELAY);
	c->last_side = from;
	for (unsigned count = 1; data.n; count++) {
		struct span piece = span_cut(data, c->mss);
		data = span_from(data, piece.n);
		segment(c, from, data.n ? ACK : ACK | PSH, piece);
		c->last = piece;
		c->owes[to] = true;
		if (data.n && count % ACK_EVERY == 0)
			acknowledge(c, to, c->rtt);
	}
}

void conv_text(struct conv *c, enum conv_side from, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(line))
		conv_send(c, from, span_of(line, (size_t)n));
	c->last = (struct span){ 0 };
}

void conv_noise(struct conv *c, enum conv_side from, size_t bytes)
{
	AUTO_BUF b = { 0 };
	net_noise(c->net, &b, bytes);
	conv_send(c, from, buf_span(&b));
	c->last = (struct span){ 0 };
}

void conv_repeat(struct conv *c)
{
	if (!c->last.n)
		return;
	enum conv_side from = c->last_side;
	c->now += 200 * MS + c->rtt;
	c->seq[from] -= (uint32_t)c->last.n;
	segment(c, from, ACK | PSH, c->last);
	c->owes[other(from)] = true;
}

void conv_wait(struct conv *c, uint64_t ns)
{
	uint64_t until = c->now + ns;
	acknowledge(c, CLIENT, ACK_DELAY);
	acknowledge(c, SERVER, ACK_DELAY);
	if (c->now < until)
		c->now = until;
	net_resolve(c->net, c->now, c->end[CLIENT], c->end[SERVER]);
}

void conv_close(struct conv *c, enum conv_side first)
{
	acknowledge(c, CLIENT, c->rtt);
	acknowledge(c, SERVER, c->rtt);
	c->now += 150 * US;
	segment(c, first, FIN | ACK, (struct span){ 0 });
	turn(c);
	segment(c, other(first), FIN | ACK, (struct span){ 0 });
	turn(c);
	segment(c, first, ACK, (struct span){ 0 });
}

void conv_reset(struct conv *c, enum conv_side from)
{
	segment(c, from, RST | ACK, (struct span){ 0 });
}
