/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes packets in batches: what a batch needs from memory is asked for before it is used. */
#include "track/tracker.h"

#include <stdlib.h>

#include "base/mem.h"
#include "track/parts.h"

enum { SWEEP_ROWS = 24, SUM_LOOK = 4, ARENA_CAP = 4 << 20, PROTO_TCP_ = 6, PROTO_UDP_ = 17 };

static const struct field contact_fields[] = {
	[CONTACT_TRANSPORT] = { "transport", F_TEXT, "tcp, udp or the IP protocol's number" },
	[CONTACT_KIND] = { "opening", F_TEXT, "syn, datagram, or middle: picked up without its beginning" },
};
const struct record_type contact_type = {
	.name = "contact", .doc = "First packet of a conversation, answered or not",
	.fields = contact_fields, .nfields = ARRAY_LEN(contact_fields), .working = true,
};

static const struct field answer_fields[] = {
	[ANSWER_TRANSPORT] = { "transport", F_TEXT, "tcp, udp or the IP protocol's number" },
	[ANSWER_TTL] = { "ttl", F_UINT, "time to live of the answer as it passed" },
};
const struct record_type answer_type = {
	.name = "answer", .doc = "The other end answered for the first time",
	.fields = answer_fields, .nfields = ARRAY_LEN(answer_fields), .working = true,
};

static const struct field again_fields[] = {
	[AGAIN_TRANSPORT] = { "transport", F_TEXT, "tcp, udp or the IP protocol's number" },
	[AGAIN_PROTOCOL] = { "protocol", F_TEXT, "what the conversation speaks, by content" },
	[AGAIN_BYTES] = { "bytes", F_UINT, "payload of the packet", "B" },
};
const struct record_type again_type = {
	.name = "again", .doc = "An end of a conversation speaks again after a silence",
	.fields = again_fields, .nfields = ARRAY_LEN(again_fields), .working = true,
};

static const struct field flow_fields[] = {
	[FLOW_ID] = { "id", F_UINT, "number of the conversation within the run" },
	[FLOW_TRANSPORT] = { "transport", F_TEXT, "tcp, udp or the IP protocol's number" },
	[FLOW_CLIENT] = { "client", F_ADDR, "end that opened it" },
	[FLOW_CLIENT_PORT] = { "client_port", F_UINT, "its port" },
	[FLOW_SERVER] = { "server", F_ADDR, "the other end" },
	[FLOW_SERVER_PORT] = { "server_port", F_UINT, "its port" },
	[FLOW_PROTOCOL] = { "protocol", F_TEXT, "what it speaks, by content" },
	[FLOW_CLASS] = { "class", F_TEXT, "of what nobody knows: text, binary or encrypted-looking" },
	[FLOW_STATE] = { "state", F_TEXT, "unanswered, refused, open, closed or reset" },
	[FLOW_SCOPE] = { "leaves_site", F_BOOL, "the other end stands outside the site, as far as is known" },
	[FLOW_FIRST] = { "first", F_TIME, "first packet" },
	[FLOW_LAST] = { "last", F_TIME, "last packet" },
	[FLOW_PACKETS_TO_SERVER] = { "packets_to_server", F_UINT, "packets from the opener" },
	[FLOW_PACKETS_TO_CLIENT] = { "packets_to_client", F_UINT, "packets to the opener" },
	[FLOW_BYTES_TO_SERVER] = { "bytes_to_server", F_UINT, "payload from the opener", "B" },
	[FLOW_BYTES_TO_CLIENT] = { "bytes_to_client", F_UINT, "payload to the opener", "B" },
	[FLOW_GAPS] = { "gaps", F_UINT, "holes in its streams that the capture has" },
	[FLOW_CLIENT_MAC] = { "client_mac", F_MAC, "link address on the opener's side" },
	[FLOW_SERVER_MAC] = { "server_mac", F_MAC, "link address on the other side" },
	[FLOW_MESSAGES] = { "messages", F_UINT, "messages decoded" },
	[FLOW_LAST_TO_SERVER] = { "last_to_server", F_TIME, "last packet from the opener" },
	[FLOW_LAST_TO_CLIENT] = { "last_to_client", F_TIME, "last packet to the opener" },
};
RECORD_TYPE(flow_type, "flow", "A conversation", flow_fields);

struct tracker *tracker_new(const struct tracker_setup *s)
{
	struct tracker *t = mem_new(sizeof(*t));
	t->set = *s;
	t->health = s->health;
	arena_init(&t->arena, ARENA_CAP);
	publish_start(t);
	t->marks = s->shown ? mem_array(FRAME_CAP, 1) : NULL;
	struct hash_key key = keyring_hash_key(s->keyring);
	t->flows = flows_new(key, s->flow_cap ? s->flow_cap : FLOW_CAP, s->health);
	t->frags = frags_new(key, s->health);
	t->history = history_new();
	t->learnt = learnt_new(key);
	t->content = content_new(&t->host, &t->sink);
	t->zones = zones_new(key, s->conf);
	t->devices = devices_new(&t->host, t->zones, s->conf, s->oui);
	return t;
}

void tracker_free(struct tracker *t)
{
	if (!t)
		return;
	devices_free(t->devices);
	zones_free(t->zones);
	content_free(t->content);
	learnt_free(t->learnt);
	history_free(t->history);
	frags_free(t->frags);
	flows_free(t->flows);
	arena_done(&t->arena);
	free(t->marks);
	for (unsigned i = 0; i < MEMOS; i++)
		free(t->memos[i].bytes);
	free(t);
}

static struct span transport_name(struct tracker *t, uint8_t proto)
{
	if (proto == PROTO_TCP_)
		return SPAN_LIT("tcp");
	if (proto == PROTO_UDP_)
		return SPAN_LIT("udp");
	return span_str(arena_printf(&t->arena, "ip-%u", proto));
}

static const char *class_name(uint8_t class)
{
	static const char *const names[] = { [CLASS_NONE] = NULL, [CLASS_TEXT] = "text", [CLASS_BINARY] = "binary",
					     [CLASS_ENCRYPTED] = "encrypted-looking" };
	return names[class];
}

static const char *state_name(const struct flow *f)
{
	if (f->flags & FLOW_REFUSED)
		return "refused";
	if (!(f->flags & FLOW_ANSWERED))
		return "unanswered";
	return f->flags & FLOW_RESET ? "reset" : f->flags & FLOW_CLOSED ? "closed" : "open";
}

static void count_unknown(struct health *h, const struct flow *f)
{
	if (f->decoder || f->class == CLASS_NONE)
		return;
	h->unknown_flows++;
	h->unknown_text += f->class == CLASS_TEXT;
	h->unknown_binary += f->class == CLASS_BINARY;
	h->unknown_encrypted += f->class == CLASS_ENCRYPTED;
}

static void flow_record(struct tracker *t, const struct flow *f, struct record *r)
{
	int client = flow_client(f), server = !client;
	record_uint(r, FLOW_ID, f->id);
	record_text(r, FLOW_TRANSPORT, transport_name(t, f->proto));
	record_addr(r, FLOW_CLIENT, flow_addr(f, client));
	record_uint(r, FLOW_CLIENT_PORT, f->ports[client]);
	record_addr(r, FLOW_SERVER, flow_addr(f, server));
	record_uint(r, FLOW_SERVER_PORT, f->ports[server]);
	record_str(r, FLOW_PROTOCOL, f->decoder ? f->decoder->name : NULL);
	record_str(r, FLOW_CLASS, f->decoder ? NULL : class_name(f->class));
	record_str(r, FLOW_STATE, state_name(f));
	record_bool(r, FLOW_SCOPE, zone_of(t->zones, flow_addr(f, server)) == ZONE_OUTSIDE);
	record_time(r, FLOW_FIRST, f->first);
	record_time(r, FLOW_LAST, f->last);
	record_uint(r, FLOW_PACKETS_TO_SERVER, f->half[client].packets);
	record_uint(r, FLOW_PACKETS_TO_CLIENT, f->half[server].packets);
	record_uint(r, FLOW_BYTES_TO_SERVER, f->half[client].bytes);
	record_uint(r, FLOW_BYTES_TO_CLIENT, f->half[server].bytes);
	record_uint(r, FLOW_GAPS, f->gaps);
	record_uint(r, FLOW_MESSAGES, f->messages);
	if (f->half[client].packets)
		record_time(r, FLOW_LAST_TO_SERVER, f->half[client].last);
	if (f->half[server].packets)
		record_time(r, FLOW_LAST_TO_CLIENT, f->half[server].last);
	if (!mac_is_zero(f->macs[client]))
		record_mac(r, FLOW_CLIENT_MAC, f->macs[client]);
	if (!mac_is_zero(f->macs[server]))
		record_mac(r, FLOW_SERVER_MAC, f->macs[server]);
}

/* The conversation as an origin, for what is published at its end. */
static struct packet flow_packet(const struct flow *f)
{
	int client = flow_client(f);
	struct packet p = { .kind = f->proto == PROTO_TCP_ ? PACKET_TCP : PACKET_UDP };
	p.at = (struct origin){ .ts = f->last, .flow = f->id, .src = flow_addr(f, client), .dst = flow_addr(f, !client),
				.sport = f->ports[client], .dport = f->ports[!client], .proto = f->proto, .vlan = f->vlan,
				.smac = f->macs[client], .dmac = f->macs[!client], .to_server = true };
	return p;
}

static void on_ended(void *ctx, struct flow *f)
{
	struct tracker *t = ctx;
	struct packet p = flow_packet(f);
	stream_end(t, f, &p);
	count_unknown(t->health, f);
	struct record r UNSET;
	record_begin(&r, &flow_type, &p.at, &t->host);
	flow_record(t, f, &r);
	tracker_publish(t, &r);
	arena_reset(&t->arena);
	if (f->state)
		t->memory -= f->decoder->state_size;
	free(f->state);
	f->state = NULL;
}

/* ---- the beginning of a conversation ---- */

/* Without a SYN the end with the well-known port, or the lower one, is taken for the server. */
static void guess_client(struct flow *f, const struct packet *p, bool dir)
{
	bool sender_opens = true;
	if (p->kind == PACKET_TCP && (p->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		sender_opens = false;
	else if (p->kind == PACKET_TCP && !(p->flags & TCP_SYN))
		sender_opens = p->at.sport >= p->at.dport;
	else
		f->flags |= FLOW_SIDE_SURE;
	if (sender_opens == dir)
		f->flags |= FLOW_FLIP;
}

static void find_expected(struct tracker *t, struct flow *f, const struct packet *p)
{
	enum over over = p->kind == PACKET_TCP ? OVER_TCP : OVER_UDP;
	if (!t->expected_ports[p->at.sport % EXPECT_PORTS] && !t->expected_ports[p->at.dport % EXPECT_PORTS])
		return;
	for (int i = 0; i < EXPECTATIONS; i++) {
		const struct expectation *x = &t->expected[i];
		if (!x->decoder || x->over != over || p->at.ts > x->ts + EXPECT_NS)
			continue;
		bool is_src = x->port == p->at.sport && addr_eq(x->end, p->at.src);
		bool is_dst = x->port == p->at.dport && addr_eq(x->end, p->at.dst);
		if (!is_src && !is_dst)
			continue;
		f->tag = (uint32_t)i + 1;
		f->flags |= FLOW_EXPECTED;
		return;
	}
}

static const char *opening(const struct packet *p)
{
	if (p->kind != PACKET_TCP)
		return "datagram";
	return p->flags & TCP_SYN ? "syn" : "middle";
}

static struct flow *begin(struct tracker *t, struct flow_hash h, struct packet *p)
{
	struct flow *f = flow_new(t->flows, h, p, on_ended, t);
	t->health->flows++;
	guess_client(f, p, h.flip);
	find_expected(t, f, p);
	conversation_origin(f, h.flip, p);
	zone_saw_packet(t->zones, &p->at, p->ttl, false);
	device_saw(t->devices, &p->at, p->payload.n);
	struct record r UNSET;
	record_begin(&r, &contact_type, &p->at, &t->host);
	record_text(&r, CONTACT_TRANSPORT, transport_name(t, p->at.proto));
	record_str(&r, CONTACT_KIND, opening(p));
	tracker_publish(t, &r);
	return f;
}

/* An answer is a SYN-ACK, or anything but a reset from the end that did not open. */
static void see_answer(struct tracker *t, struct flow *f, bool dir, const struct packet *p)
{
	if (f->flags & FLOW_ANSWERED || (int)dir == flow_client(f))
		return;
	if (p->kind == PACKET_TCP && p->flags & TCP_RST) {
		f->flags |= f->half[dir].packets <= 1 ? FLOW_REFUSED : 0;
		return;
	}
	f->flags |= FLOW_ANSWERED;
	f->ttl = p->ttl;
	f->macs[dir] = p->at.smac;
	zone_saw_packet(t->zones, &p->at, p->ttl, true);
	device_saw(t->devices, &p->at, p->payload.n);
	struct record r UNSET;
	record_begin(&r, &answer_type, &p->at, &t->host);
	record_text(&r, ANSWER_TRANSPORT, transport_name(t, p->at.proto));
	record_uint(&r, ANSWER_TTL, p->ttl);
	tracker_publish(t, &r);
}

/* ---- packets ---- */

static void datagram(struct tracker *t, struct flow *f, bool dir, const struct packet *p, enum over over)
{
	if (p->payload.n == 0)
		return;
	struct message m = conversation_message(t, f, dir, p->payload, over);
	m.lost = p->lost;
	m.closing = true;
	if (!f->decoder) {
		if (f->flags & FLOW_OPAQUE && f->flags & FLOW_UNKNOWN)
			return;
		if (conversation_bid(t, f, dir, &m, p) != CLAIM_MADE) {
			conversation_unclaimed(t, f, dir, p->payload, p);
			return;
		}
		m.to_server = conversation_to_server(f, dir);
	}
	uint32_t body = conversation_decode(t, f, dir, &m, p, 0);
	if (body)
		content_close(t->content, body, true);
}

static void see_tcp_state(struct tracker *t, struct flow *f, bool dir, const struct packet *p)
{
	if (p->flags & TCP_RST)
		f->flags |= FLOW_RESET;
	if (!(p->flags & TCP_FIN))
		return;
	f->half[dir].state = HALF_FIN;
	if (f->half[!dir].state == HALF_FIN && !(f->flags & FLOW_CLOSED)) {
		f->flags |= FLOW_CLOSED;
		stream_end(t, f, p);
	}
}

/* A SYN on a conversation that is over, or with a new beginning, opens another one. */
static bool reopens(const struct flow *f, bool dir, const struct packet *p)
{
	if (p->kind != PACKET_TCP || (p->flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return false;
	if (f->flags & (FLOW_CLOSED | FLOW_RESET))
		return true;
	const struct half *h = &f->half[dir];
	return h->state != HALF_NEW && h->bytes && h->next != p->seq + 1;
}

static void look_at_sum(struct tracker *t, const struct half *h, const struct packet *p)
{
	if (h->packets <= SUM_LOOK && !packet_sum_ok(p))
		t->health->checksum_offload++;
}

/* Data that was not sent before, or a SYN of another beginning. A keep-alive probe stands a byte before what
 * comes next (RFC 9293 3.8.4). */
static bool says_more(const struct half *h, const struct packet *p)
{
	uint64_t bytes = p->payload.n + (uint64_t)p->lost;
	if (p->kind != PACKET_TCP)
		return bytes > 0;
	if (p->flags & TCP_SYN)
		return !(p->flags & TCP_ACK) && h->next != p->seq + 1;
	return bytes && (h->state == HALF_NEW || (int32_t)(p->seq - h->next) >= 0);
}

static void see_again(struct tracker *t, const struct flow *f, const struct half *h, const struct packet *p)
{
	if (!says_more(h, p))
		return;
	struct record r UNSET;
	record_begin(&r, &again_type, &p->at, &t->host);
	record_text(&r, AGAIN_TRANSPORT, transport_name(t, p->at.proto));
	record_str(&r, AGAIN_PROTOCOL, f->decoder ? f->decoder->name : NULL);
	record_uint(&r, AGAIN_BYTES, p->payload.n + (uint64_t)p->lost);
	tracker_publish(t, &r);
}

static void conversation(struct tracker *t, struct flow_hash h, struct packet *p)
{
	struct flow *f = flow_find(t->flows, h, p);
	if (f && reopens(f, h.flip, p)) {
		on_ended(t, f);
		flow_drop(t->flows, f);
		f = NULL;
	}
	if (!f)
		f = begin(t, h, p);
	bool dir = h.flip;
	struct half *half = &f->half[dir];
	conversation_origin(f, dir, p);
	if (p->at.ts > f->last) {
		if (p->at.ts - f->last >= AGAIN_NS)
			see_again(t, f, half, p);
		f->last = p->at.ts;
	}
	half->last = p->at.ts;
	half->packets++;
	half->bytes += p->payload.n + p->lost;
	look_at_sum(t, half, p);
	see_answer(t, f, dir, p);
	if (p->kind == PACKET_TCP) {
		stream_segment(t, f, dir, p);
		see_tcp_state(t, f, dir, p);
		return;
	}
	if (p->kind == PACKET_UDP)
		datagram(t, f, dir, p, OVER_UDP);
	else
		datagram(t, f, dir, p, OVER_IP);
}

/* Straight in a frame: no conversation. */
static void link_message(struct tracker *t, const struct packet *p)
{
	struct message m = { .bytes = p->payload, .lost = p->lost, .closing = true, .over = OVER_LINK };
	struct emit e = { .at = &p->at, .host = &t->host, .sink = &t->sink, .to = t };
	for (int i = 0; decoders[i]; i++) {
		const struct decoder *d = decoders[i];
		if (!(d->over & OVER_LINK) || d->ethertype != p->ethertype)
			continue;
		t->packet = NULL;
		if (!d->decode(&m, NULL, &e))
			t->health->decode_failures++;
		arena_reset(&t->arena);
		return;
	}
}

static void count(struct health *h, const struct packet *p)
{
	h->packets++;
	h->truncated += p->lost > 0 || p->kind == PACKET_TRUNCATED;
	h->malformed += p->kind == PACKET_MALFORMED || p->overlong || p->bad_ip_sum;
	h->link_unknown += p->kind == PACKET_UNKNOWN_LINK;
	h->tunnels += p->tunnelled;
	health_time(h, p->at.ts);
}

static bool has_flow(const struct packet *p)
{
	return p->kind == PACKET_TCP || p->kind == PACKET_UDP || p->kind == PACKET_IP;
}

static void one(struct tracker *t, struct packet *p, struct flow_hash h)
{
	if (p->kind == PACKET_FRAGMENT) {
		struct span whole;
		if (!frags_add(t->frags, p, &whole))
			return;
		packet_parse_transport(p, p->at.proto, whole, 0);
		h = has_flow(p) ? flow_hash(t->flows, p) : h;
	}
	if (has_flow(p))
		conversation(t, h, p);
	else if (p->kind == PACKET_LINK)
		link_message(t, p);
}

void tracker_packets(struct tracker *t, struct packet *p, size_t n)
{
	struct flow_hash hashes[TRACK_BATCH];
	for (size_t i = 0; i < n; i++) {
		if (!has_flow(&p[i]))
			continue;
		hashes[i] = flow_hash(t->flows, &p[i]);
		flow_prefetch_slot(t->flows, hashes[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (has_flow(&p[i]))
			flow_prefetch(t->flows, hashes[i]);
	for (size_t i = 0; i < n; i++) {
		count(t->health, &p[i]);
		one(t, &p[i], has_flow(&p[i]) ? hashes[i] : (struct flow_hash){ 0 });
	}
	if (n)
		flows_sweep(t->flows, p[n - 1].at.ts, SWEEP_ROWS, on_ended, t);
}

void tracker_finish(struct tracker *t)
{
	flows_end(t->flows, on_ended, t);
	content_finish(t->content);
	arena_reset(&t->arena);
	struct sink out = *t->set.sink;
	devices_publish(t->devices, &out);
	t->health->devices = device_counts(t->devices).devices;
}

const struct devices *tracker_devices(const struct tracker *t)
{
	return t->devices;
}

const struct zones *tracker_zones(const struct tracker *t)
{
	return t->zones;
}

const struct learnt *tracker_learnt(const struct tracker *t)
{
	return t->learnt;
}

const struct record_host *tracker_host(const struct tracker *t)
{
	return &t->host;
}
