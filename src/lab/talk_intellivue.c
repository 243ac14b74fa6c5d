/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Philips IntelliVue Data Export over UDP; layout: decode/intellivue.c. The association's parameters are those of
 * ISO 8327 and 8823 as far as readers look at them; their user data is left out. */
#include "lab/nest.h"
#include "lab/talk.h"

enum {
	INDICATE = 24005, ASSOCIATE = 24105, INVOKE = 1, RESULT = 2, CONFIRMED_EVENT = 1, ACTION = 7,
	NUMERICS = 6, WAVES = 9, PERSON = 42, WAVE_SAMPLES = 128, POLL = 0x0C16, MDS_CREATE = 0x0D06, CONNECT = 0x0D17,
	UNIT_BPM = 0x0AA0, UNIT_RPM = 0x0AE0, UNIT_PERCENT = 0x0220, UNIT_MMHG = 0x0F20, UNIT_CELSIUS = 0x17A0,
};

static void attribute(struct buf *b, uint16_t id, struct span value)
{
	buf_be16(b, id);
	buf_be16(b, (uint16_t)value.n);
	buf_bytes(b, value);
}

static void wide(struct buf *b, const char *text)
{
	for (const char *c = text; *c; c++)
		buf_be16(b, (uint8_t)*c);
	buf_be16(b, 0);
}

/* A String: its length, then UTF-16. */
static void string(struct buf *b, uint16_t id, const char *text)
{
	buf_be16(b, id);
	size_t outer = nest_begin(b, 2), inner = nest_begin(b, 2);
	wide(b, text);
	nest_end(b, inner, 2);
	nest_end(b, outer, 2);
}

/* Maker and model as labels: length, text, NUL. */
static void model(struct buf *b, const char *name)
{
	buf_be16(b, 0x0928);
	size_t at = nest_begin(b, 2);
	buf_be16(b, 8);
	buf_bytes(b, SPAN_LIT("Philips\0"));
	buf_be16(b, (uint16_t)(strlen(name) + 1));
	buf_text(b, name);
	buf_u8(b, 0);
	nest_end(b, at, 2);
}

static void net_address(struct buf *b, const struct host *h)
{
	buf_be16(b, 0xF100);
	size_t at = nest_begin(b, 2);
	for (size_t i = 0; i < sizeof(h->mac.b); i++)
		buf_u8(b, h->mac.b[i]);
	buf_be32(b, h->ip);
	buf_be32(b, 0xFFFFFF00);
	nest_end(b, at, 2);
}

/* Where the lengths of a remote operation stand, outermost first. */
struct open {
	size_t op, body, inner;
};

static struct open event_begin(struct buf *b, uint16_t command, uint16_t event)
{
	struct open o;
	buf_be16(b, INVOKE);
	o.op = nest_begin(b, 2);
	buf_be16(b, 1);
	buf_be16(b, command);
	o.body = nest_begin(b, 2);
	buf_bytes(b, SPAN_LIT("\0\x21\0\0\0\0\0\x01\x02\x03"));
	buf_be16(b, event);
	o.inner = nest_begin(b, 2);
	return o;
}

static void event_end(struct buf *b, struct open o)
{
	nest_end(b, o.inner, 2);
	nest_end(b, o.body, 2);
	nest_end(b, o.op, 2);
}

void talk_intellivue_indicate(struct net *n, uint64_t at, struct host *monitor, uint32_t broadcast, const char *name)
{
	struct host all = net_group(broadcast);
	AUTO_BUF b = { 0 };
	buf_be32(&b, 0x00000100);
	struct open o = event_begin(&b, 0, CONNECT);
	buf_be16(&b, 3);
	size_t list = nest_begin(&b, 2);
	net_address(&b, monitor);
	attribute(&b, 0xF101, SPAN_LIT("\0\x01\0\x08\0\x05\0\x01\x5e\x29\0\0"));
	model(&b, name);
	nest_end(&b, list, 2);
	event_end(&b, o);
	net_udp(n, at, monitor, ASSOCIATE, &all, INDICATE, buf_span(&b));
}

struct intellivue_link talk_intellivue_link(struct net *n, struct host *reader, struct host *monitor, uint64_t at)
{
	return (struct intellivue_link){ .net = n, .reader = reader, .monitor = monitor, .port = net_port(reader), .now = at };
}

static void ask(struct intellivue_link *l, struct span s)
{
	net_udp(l->net, l->now, l->reader, l->port, l->monitor, ASSOCIATE, s);
	l->now += 2 * MS;
}

static void answer(struct intellivue_link *l, struct span s)
{
	net_udp(l->net, l->now, l->monitor, ASSOCIATE, l->reader, l->port, s);
	l->now += 2 * MS;
}

void talk_intellivue_open(struct intellivue_link *l, const char *name)
{
	static const char parameters[] = "\x05\x08\x13\x01\x00\x16\x01\x02\x80\x00\x14\x02\x00\x02";
	net_resolve(l->net, l->now, l->reader, l->monitor);
	AUTO_BUF b = { 0 };
	for (uint8_t type = 0x0D; type <= 0x0E; type++) {
		buf_reset(&b);
		buf_u8(&b, type);
		buf_u8(&b, sizeof(parameters) - 1 + 8);
		buf_bytes(&b, span_of(parameters, sizeof(parameters) - 1));
		buf_bytes(&b, SPAN_LIT("\xc1\x06\x31\x04\xa0\x80\x80\x01"));
		if (type == 0x0D)
			ask(l, buf_span(&b));
		else
			answer(l, buf_span(&b));
	}
	buf_reset(&b);
	buf_be32(&b, 0xE1000002);
	struct open o = event_begin(&b, CONFIRMED_EVENT, MDS_CREATE);
	buf_bytes(&b, SPAN_LIT("\0\x21\0\0\0\0\0\x01"));
	size_t list = nest_begin(&b, 2);
	model(&b, name);
	nest_end(&b, list, 2);
	event_end(&b, o);
	answer(l, buf_span(&b));
	buf_reset(&b);
	buf_be32(&b, 0xE1000002);
	buf_bytes(&b, SPAN_LIT("\0\x02\0\x14\0\x01\0\x01\0\x0e\0\x21\0\0\0\0\0\x01\x02\x03\x0d\x06\0\0"));
	ask(l, buf_span(&b));
}

static void poll_ask(struct intellivue_link *l, uint16_t object)
{
	AUTO_BUF b = { 0 };
	buf_be32(&b, 0xE1000002);
	buf_be16(&b, INVOKE);
	size_t op = nest_begin(&b, 2);
	buf_be16(&b, ++l->invoke);
	buf_be16(&b, ACTION);
	size_t body = nest_begin(&b, 2);
	buf_bytes(&b, SPAN_LIT("\0\x21\0\0\0\0\0\0\0\0"));
	buf_be16(&b, POLL);
	buf_be16(&b, 8);
	buf_be32(&b, (uint32_t)l->invoke << 16 | 1);
	buf_be16(&b, object);
	buf_be16(&b, 0);
	nest_end(&b, body, 2);
	nest_end(&b, op, 2);
	ask(l, buf_span(&b));
}

static uint8_t bcd(unsigned v)
{
	return (uint8_t)(v / 10 % 10 << 4 | v % 10);
}

/* The lab's day, 2 March 2026, and the time of it. */
static void device_time(struct buf *b, uint64_t ns)
{
	unsigned s = (unsigned)(ns / SECOND % 86400);
	buf_be32(b, 0x20260302);
	buf_u8(b, bcd(s / 3600));
	buf_u8(b, bcd(s / 60 % 60));
	buf_u8(b, bcd(s % 60));
	buf_u8(b, 0);
}

struct reply {
	size_t op, body, act, list, context;
	uint16_t objects;
	size_t count;
};

static struct reply reply_begin(struct intellivue_link *l, struct buf *b, uint16_t object)
{
	struct reply r = { 0 };
	buf_be32(b, 0xE1000002);
	buf_be16(b, RESULT);
	r.op = nest_begin(b, 2);
	buf_be16(b, l->invoke);
	buf_be16(b, ACTION);
	r.body = nest_begin(b, 2);
	buf_bytes(b, SPAN_LIT("\0\x21\0\0\0\0"));
	buf_be16(b, POLL);
	r.act = nest_begin(b, 2);
	buf_be16(b, l->invoke);
	buf_be32(b, (uint32_t)(l->now / (125 * US)));
	device_time(b, l->now);
	buf_be16(b, 1);
	buf_be16(b, object);
	buf_be16(b, 0);
	buf_be16(b, 1);
	r.list = nest_begin(b, 2);
	buf_be16(b, 0);
	r.count = nest_begin(b, 2);
	r.context = nest_begin(b, 2);
	return r;
}

static void reply_end(struct buf *b, struct reply r)
{
	nest_put(b, r.count, 2, true, r.objects);
	nest_end(b, r.context, 2);
	nest_end(b, r.list, 2);
	nest_end(b, r.act, 2);
	nest_end(b, r.body, 2);
	nest_end(b, r.op, 2);
}

/* FLOAT-Type: whole numbers, or tenths with exponent -1. */
static void observed(struct buf *b, uint16_t id, uint16_t unit, int value, bool tenths)
{
	buf_be16(b, id);
	buf_be16(b, 0);
	buf_be16(b, unit);
	buf_be32(b, (tenths ? 0xFF000000u : 0) | ((uint32_t)value & 0xFFFFFF));
}

static size_t object_begin(struct buf *b, struct reply *r, uint16_t attribute_id, size_t *value)
{
	buf_be16(b, (uint16_t)(0x8001 + r->objects++));
	buf_be16(b, 1);
	size_t at = nest_begin(b, 2);
	buf_be16(b, attribute_id);
	*value = nest_begin(b, 2);
	return at;
}

static void numeric(struct buf *b, struct reply *r, uint16_t id, uint16_t unit, int value, bool tenths)
{
	size_t v, at = object_begin(b, r, 0x0950, &v);
	observed(b, id, unit, value, tenths);
	nest_end(b, v, 2);
	nest_end(b, at, 2);
}

static void pressures(struct buf *b, struct reply *r, const struct readings *now)
{
	size_t v, at = object_begin(b, r, 0x094B, &v);
	buf_be16(b, 3);
	size_t list = nest_begin(b, 2);
	observed(b, 0x4A05, UNIT_MMHG, now->systolic, false);
	observed(b, 0x4A06, UNIT_MMHG, now->diastolic, false);
	observed(b, 0x4A07, UNIT_MMHG, (now->systolic + 2 * now->diastolic) / 3, false);
	nest_end(b, list, 2);
	nest_end(b, v, 2);
	nest_end(b, at, 2);
}

void talk_intellivue_poll(struct intellivue_link *l, const struct readings *now)
{
	poll_ask(l, NUMERICS);
	AUTO_BUF b = { 0 };
	struct reply r = reply_begin(l, &b, NUMERICS);
	numeric(&b, &r, 0x4182, UNIT_BPM, now->heart, false);
	numeric(&b, &r, 0x4BB8, UNIT_PERCENT, now->spo2, false);
	numeric(&b, &r, 0x500A, UNIT_RPM, now->breaths, false);
	numeric(&b, &r, 0x4B48, UNIT_CELSIUS, now->temperature_tenths, true);
	pressures(&b, &r, now);
	reply_end(&b, r);
	answer(l, buf_span(&b));
}

/* SaObsValue: what it is, its state, samples of 16 bits. */
static void wave(struct buf *b, struct reply *reply, uint16_t id, enum curve c, const struct readings *r, uint64_t now)
{
	size_t v, at = object_begin(b, reply, 0x096E, &v);
	buf_be16(b, id);
	buf_be16(b, 0);
	size_t samples = nest_begin(b, 2);
	for (unsigned i = 0; i < WAVE_SAMPLES; i++)
		buf_be16(b, (uint16_t)(8192 + 16 * readings_curve(r, c, id, now - SECOND + i * SECOND / WAVE_SAMPLES)));
	nest_end(b, samples, 2);
	nest_end(b, v, 2);
	nest_end(b, at, 2);
}

void talk_intellivue_waves(struct intellivue_link *l, const struct readings *now)
{
	poll_ask(l, WAVES);
	AUTO_BUF b = { 0 };
	struct reply r = reply_begin(l, &b, WAVES);
	wave(&b, &r, 0x0102, CURVE_ECG, now, l->now);
	wave(&b, &r, 0x4BB4, CURVE_PLETH, now, l->now);
	reply_end(&b, r);
	answer(l, buf_span(&b));
}

void talk_intellivue_patient(struct intellivue_link *l, const struct planted *who)
{
	poll_ask(l, PERSON);
	AUTO_BUF b = { 0 };
	struct reply r = reply_begin(l, &b, PERSON);
	buf_be16(&b, (uint16_t)(0x8001 + r.objects++));
	buf_be16(&b, 3);
	size_t at = nest_begin(&b, 2);
	string(&b, 0x095C, who->family);
	string(&b, 0x095D, who->given);
	string(&b, 0x095A, who->id);
	nest_end(&b, at, 2);
	reply_end(&b, r);
	answer(l, buf_span(&b));
}

void talk_intellivue_close(struct intellivue_link *l)
{
	ask(l, SPAN_LIT("\x09\x18\xc1\x16\x61\x80\x30\x80\x02\x01\x01\xa0\x80\x62\x80\x80\x01\0\0\0\0\0\0\0\0\0"));
	answer(l, SPAN_LIT("\x0a\x18\xc1\x16\x61\x80\x30\x80\x02\x01\x01\xa0\x80\x63\x80\x80\x01\0\0\0\0\0\0\0\0\0"));
}
