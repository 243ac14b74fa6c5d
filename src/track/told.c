/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversations and messages that another sensor saw: see told.h. */
#include "track/told.h"

#include "base/mem.h"
#include "track/parts.h"

static struct origin turned(const struct origin *at)
{
	struct origin o = *at;
	o.src = at->dst;
	o.dst = at->src;
	o.sport = at->dport;
	o.dport = at->sport;
	o.smac = at->dmac;
	o.dmac = at->smac;
	o.to_server = !at->to_server;
	return o;
}

/* A device's row is opened by what it sends. A log tells no time to live: 0. */
static void see_end(struct tracker *t, const struct origin *at, bool answer)
{
	zone_saw_packet(t->zones, at, 0, answer);
	device_saw(t->devices, at, 0);
}

void told_soon(struct tracker *t, const struct origin *at, unsigned step)
{
	if (step == 0) {
		zone_soon(t->zones, at->smac);
		zone_soon(t->zones, at->dmac);
	}
	device_soon(t->devices, at->src, step);
	device_soon(t->devices, at->dst, step);
}

void told_contact(struct tracker *t, const struct told *c)
{
	struct record r UNSET;
	t->health->flows++;
	see_end(t, &c->at, false);
	record_begin(&r, &contact_type, &c->at, &t->host);
	record_str(&r, CONTACT_TRANSPORT, c->transport);
	record_str(&r, CONTACT_KIND, strcmp(c->transport, "tcp") == 0 ? "syn" : "datagram");
	tracker_publish(t, &r);
}

void told_answer(struct tracker *t, const struct told *c)
{
	struct record r UNSET;
	struct origin back = turned(&c->at);
	see_end(t, &back, true);
	record_begin(&r, &answer_type, &back, &t->host);
	record_str(&r, ANSWER_TRANSPORT, c->transport);
	tracker_publish(t, &r);
}

void told_speaks(struct tracker *t, const struct told *c)
{
	devices_speaks(t->devices, &c->at, c->decoder);
}

void told_flow(struct tracker *t, const struct told *c)
{
	struct record r UNSET;
	struct origin at = c->at;
	at.ts = c->last;
	record_begin(&r, &flow_type, &at, &t->host);
	record_uint(&r, FLOW_ID, at.flow);
	record_str(&r, FLOW_TRANSPORT, c->transport);
	record_addr(&r, FLOW_CLIENT, at.src);
	record_uint(&r, FLOW_CLIENT_PORT, at.sport);
	record_addr(&r, FLOW_SERVER, at.dst);
	record_uint(&r, FLOW_SERVER_PORT, at.dport);
	record_str(&r, FLOW_PROTOCOL, c->decoder ? c->decoder->name : NULL);
	record_str(&r, FLOW_STATE, c->state);
	record_bool(&r, FLOW_SCOPE, zone_of(t->zones, at.dst) == ZONE_OUTSIDE);
	record_time(&r, FLOW_FIRST, c->at.ts);
	record_time(&r, FLOW_LAST, c->last);
	record_uint(&r, FLOW_PACKETS_TO_SERVER, c->packets[0]);
	record_uint(&r, FLOW_PACKETS_TO_CLIENT, c->packets[1]);
	record_uint(&r, FLOW_BYTES_TO_SERVER, c->bytes[0]);
	record_uint(&r, FLOW_BYTES_TO_CLIENT, c->bytes[1]);
	if (!mac_is_zero(at.smac))
		record_mac(&r, FLOW_CLIENT_MAC, at.smac);
	if (!mac_is_zero(at.dmac))
		record_mac(&r, FLOW_SERVER_MAC, at.dmac);
	tracker_publish(t, &r);
}

void told_lease(struct tracker *t, const struct origin *at, struct addr leased, struct mac to)
{
	struct origin holder = *at;
	holder.src = leased;
	holder.smac = to;
	zone_saw_claim(t->zones, leased, to, at->ts);
	device_saw(t->devices, &holder, 0);
}

void told_record(struct tracker *t, const struct record *r)
{
	tracker_publish(t, r);
}

static void on_expect(struct emit *e, const struct expect *x)
{
	(void)e, (void)x;                        /* the sensor will say so itself */
}

static void on_body(struct emit *e, const struct body *b)
{
	(void)e, (void)b;                        /* no byte of it will come */
}

void told_message(struct tracker *t, const struct decoder *d, const struct origin *at, struct span bytes)
{
	AUTO_FREE void *state = d->state_size ? mem_new(d->state_size) : NULL;
	struct message m = { .bytes = bytes, .to_server = at->to_server, .closing = true, .over = OVER_TCP };
	struct emit e = { .at = at, .host = &t->host, .sink = &t->sink, .expect = on_expect, .body = on_body, .to = t };
	if (!d->decode(&m, state, &e))
		t->health->decode_failures++;
	arena_reset(&t->arena);
}
