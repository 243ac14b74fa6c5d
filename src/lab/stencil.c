/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies of conversations. Checksums are carried on from the old ones (RFC 1624) instead of being
 * summed up again: that, and a copy, is all a frame costs. */
#include "lab/stencil.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	ETHER = 14, IP_END = 34, IP_CHECK = ETHER + 10, IP_ADDRESSES = ETHER + 12, EPHEMERAL = 49152,
	PROTO_TCP = 6, PROTO_UDP = 17, TAPE_CAP = 16 << 20,
};
static const uint32_t HOST_BASE = IP4(10, 40, 0, 1);

static const struct {
	const char *bytes;
	uint8_t n;
} stand_in[STENCIL_PARTS] = {
	[PART_CLIENT_MAC] = { "\x02\xa1\xa2\xa3\xa4\xa5", 6 }, [PART_SERVER_MAC] = { "\x02\xb1\xb2\xb3\xb4\xb5", 6 },
	[PART_CLIENT_IP] = { "\x0a\xff\xfe\x01", 4 }, [PART_SERVER_IP] = { "\x0a\xff\xfe\x02", 4 },
	[PART_CLIENT_NAME] = { "LABHOST0", STENCIL_NAME },
};

struct net *stencil_stage(uint64_t seed, struct host **client, struct host **server)
{
	struct net *n = net_new(seed, SECOND, 24 * HOUR, TAPE_CAP);
	n->quiet_arp = true;
	*client = net_host(n, "LABHOST0", "02:a1:a2:a3:a4:a5", "10.255.254.1", 64, 0);
	*server = net_host(n, "labserver", "02:b1:b2:b3:b4:b5", "10.255.254.2", 64, 0);
	n->router = *server;
	return n;
}

static void find_part(struct stencil_frame *f, uint8_t part)
{
	struct span rest = f->bytes;
	const uint8_t *hit;
	while (f->npatches < STENCIL_PATCHES && (hit = memmem(rest.p, rest.n, stand_in[part].bytes,
							      stand_in[part].n))) {
		f->patch[f->npatches++] = (struct stencil_patch){ (uint16_t)(hit - f->bytes.p), part };
		rest = span_from(rest, (size_t)(hit - rest.p) + stand_in[part].n);
	}
}

static void find_port(struct stencil_frame *f)
{
	struct rd r = rd_at(f->bytes, true, IP_ADDRESSES, 12);
	bool from_client = span_eq(rd_span(&r, 4), span_of(stand_in[PART_CLIENT_IP].bytes, 4));
	bool to_client = span_eq(rd_span(&r, 4), span_of(stand_in[PART_CLIENT_IP].bytes, 4));
	uint16_t sport = rd_be16(&r), dport = rd_be16(&r);
	if (from_client && sport >= EPHEMERAL)
		f->port_at = IP_END;
	if (to_client && dport >= EPHEMERAL)
		f->port_at = IP_END + 2;
}

static struct stencil_frame prepare(struct span bytes, uint64_t at)
{
	struct stencil_frame f = { .at = at, .bytes = bytes };
	struct rd r = rd_at(bytes, true, 12, 12);
	if (rd_be16(&r) == 0x0800) {
		rd_skip(&r, 9);
		f.proto = rd_u8(&r);
		find_port(&f);
	}
	for (uint8_t part = 0; part < STENCIL_PARTS; part++)
		find_part(&f, part);
	return f;
}

struct stencil stencil_of(struct net *n)
{
	tape_sort(&n->tape);
	struct stencil s = { .net = n, .n = n->tape.n };
	if (!s.n)
		return s;
	s.frames = mem_array(s.n, sizeof(*s.frames));
	for (size_t i = 0; i < s.n; i++)
		s.frames[i] = prepare(tape_bytes(&n->tape, i), n->tape.frames[i].time - n->tape.frames[0].time);
	return s;
}

void stencil_done(struct stencil *s)
{
	free(s->frames);
	net_free(s->net);
	*s = (struct stencil){ 0 };
}

static void play(struct stencil_cast *c, uint32_t i, enum stencil_part mac, enum stencil_part ip)
{
	uint32_t a = HOST_BASE + i;
	const uint8_t mac_bytes[6] = {
		0x02, 0x40, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i,
	};
	const uint8_t ip_bytes[4] = { (uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a };
	memcpy(c->value[mac], mac_bytes, sizeof(mac_bytes));
	memcpy(c->value[ip], ip_bytes, sizeof(ip_bytes));
}

void stencil_client(struct stencil_cast *c, uint32_t i)
{
	char name[STENCIL_NAME + 1];
	play(c, i, PART_CLIENT_MAC, PART_CLIENT_IP);
	snprintf(name, sizeof(name), "H%07u", (unsigned)(i % 10000000));
	memcpy(c->value[PART_CLIENT_NAME], name, STENCIL_NAME);
}

void stencil_server(struct stencil_cast *c, uint32_t i)
{
	play(c, i, PART_SERVER_MAC, PART_SERVER_IP);
}

/* RFC 1624: HC' = ~(~HC + ~m + m'), byte by byte with the byte's place in its word. */
struct change {
	uint32_t ip, l4;
};

static void replace(uint8_t *frame, size_t at, uint8_t value, struct change *c)
{
	unsigned shift = at & 1 ? 0 : 8;
	uint32_t diff = ((uint32_t)value << shift) + 0xffff - ((uint32_t)frame[at] << shift);
	frame[at] = value;
	if (at >= IP_ADDRESSES && at < IP_END)
		c->ip += diff;
	if (at >= IP_ADDRESSES)
		c->l4 += diff;                   /* addresses count there too: the pseudo header */
}

static uint16_t adjust(uint8_t *at, uint32_t change)
{
	uint32_t sum = (uint32_t)(uint16_t)~(at[0] << 8 | at[1]) + change;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	uint16_t check = (uint16_t)~sum;
	at[0] = (uint8_t)(check >> 8);
	at[1] = (uint8_t)check;
	return check;
}

static void mend_checksums(uint8_t *out, uint8_t proto, struct change c)
{
	adjust(out + IP_CHECK, c.ip);
	if (proto == PROTO_TCP)
		adjust(out + IP_END + 16, c.l4);
	if (proto == PROTO_UDP && adjust(out + IP_END + 6, c.l4) == 0)
		memset(out + IP_END + 6, 0xff, 2);
}

size_t stencil_copy(const struct stencil *s, size_t i, const struct stencil_cast *c, uint8_t *out)
{
	const struct stencil_frame *f = &s->frames[i];
	struct change change = { 0 };
	memcpy(out, f->bytes.p, f->bytes.n);
	for (unsigned k = 0; k < f->npatches; k++)
		for (unsigned j = 0; j < stand_in[f->patch[k].part].n; j++)
			replace(out, (size_t)f->patch[k].at + j, c->value[f->patch[k].part][j], &change);
	if (f->port_at) {
		uint16_t port = (uint16_t)((out[f->port_at] << 8 | out[f->port_at + 1]) + c->port_shift);
		replace(out, f->port_at, (uint8_t)(port >> 8), &change);
		replace(out, f->port_at + 1u, (uint8_t)port, &change);
	}
	if (f->proto)
		mend_checksums(out, f->proto, change);
	return f->bytes.n;
}
