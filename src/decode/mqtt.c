/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MQTT 3.1, 3.1.1 and 5.0 (OASIS): who connects with which credentials and whether he is let in, what is
 * published or subscribed. Topics often hold a patient's or a user's number: they leave as tokens, with the
 * shape of their levels beside. Large payloads go to the content tracker; none is shown. */
#include "base/scope.h"
#include "decode/decoder.h"
#include "decode/machine_name.h"

enum {
	PORT_MQTT = 1883, CONNECT = 1, CONNACK, PUBLISH, PUBACK, SUBSCRIBE = 8, SUBACK, PINGREQ = 12, PINGRESP, DISCONNECT,
	AUTH, LENGTH_BYTES = 4, LEVEL_31 = 3, LEVEL_311 = 4, LEVEL_5 = 5,
	FLAG_USER = 0x80, FLAG_PASSWORD = 0x40, FLAG_WILL = 0x04, FLAG_CLEAN = 0x02, FLAG_RESERVED = 0x01,
	PROTOCOL_MAX = 6, HEAD_SEEN = 2048, CONNECT_SEEN = 16 * 1024, CONNECT_MIN = 10, CONNECT_LIKELY = 1 << 18,
	FILE_MIN = 1024,                         /* smaller payloads are readings, not files */
	TOPICS_KEPT = 32, FILTERS_TOLD = 8, SHAPE_TEXT = 96, QOS_BITS = 6, RETAIN = 1,
	TOPIC_LIKELY = 4,
};

enum {
	MESSAGE, PROTOCOL, CLIENT, CLIENT_SECRET, USER, PASSWORD, PASSWORD_EMPTY, WILL, KEEP_ALIVE, ACCEPTED, CODE, TOPIC,
	SHAPE, FILTERS, EVERYTHING, PAYLOAD, RETAINED, FIELDS
};

static const struct field fields[FIELDS] = {
	[MESSAGE] = { "message", F_TEXT, "connect, connack, publish (of each topic the first), subscribe" },
	[PROTOCOL] = { "version", F_TEXT, "3.1, 3.1.1 or 5" },
	[CLIENT] = { "client_id", F_TEXT, "name that the client gives itself, when it reads as a machine's",
		     .clue = CLUE_APPLICATION },
	[CLIENT_SECRET] = { "client_token", F_TEXT, "name that the client gives itself, when it may be a person's",
			    .privacy = SECRET },
	[USER] = { "user", F_TEXT, "user name", .privacy = SECRET },
	[PASSWORD] = { "password", F_TEXT, "password, readable by anyone on the way", .privacy = SECRET },
	[PASSWORD_EMPTY] = { "password_empty", F_BOOL, "a user name came without a password" },
	[WILL] = { "will", F_TEXT, "shape of the topic that is told when the client is lost" },
	[KEEP_ALIVE] = { "keep_alive", F_UINT, "longest silence of the client", "s" },
	[ACCEPTED] = { "accepted", F_BOOL, "the server let the client in" },
	[CODE] = { "code", F_UINT, "return or reason code of the server, 0 is well" },
	[TOPIC] = { "topic", F_TEXT, "topic that is published: a patient's number may stand in it", .privacy = SECRET },
	[SHAPE] = { "topic_shape", F_TEXT, "levels of the topic by kind and length: a8/9x6 is eight letters, six digits" },
	[FILTERS] = { "filters", F_TEXTS, "shapes of what is subscribed to; # and + stand for anything" },
	[EVERYTHING] = { "everything", F_BOOL, "subscribes to all topics of the server" },
	[PAYLOAD] = { "payload", F_UINT, "size of what is published", "byte" },
	[RETAINED] = { "retained", F_BOOL, "the server keeps it for who subscribes later" },
};
static RECORD_TYPE(mqtt_type, "mqtt", "An MQTT connection, subscription or publication", fields);

struct state {
	uint8_t level;                           /* 0: the connect was not seen */
	uint8_t ntopics;
	uint32_t topics[TOPICS_KEPT];            /* hashes of those already told; round robin */
};

struct fixed {                                   /* §2.2 of either norm */
	uint8_t type, flags;
	uint32_t length;
	size_t head;
};

/* False: more bytes are needed (r bad), or it is none (type 0). */
static bool fixed_head(struct rd r, struct fixed *out)
{
	size_t all = rd_left(&r);
	uint8_t first = rd_u8(&r), b = 0x80;
	*out = (struct fixed){ .type = first >> 4, .flags = first & 0x0F };
	for (int i = 0; i < LENGTH_BYTES && b & 0x80; i++) {
		b = rd_u8(&r);
		out->length |= (uint32_t)(b & 0x7F) << 7 * i;
	}
	out->head = all - rd_left(&r);
	if (rd_ok(&r) && b & 0x80)
		out->type = 0;                   /* five bytes of length: forbidden */
	return rd_ok(&r);
}

/* §2.2.2: which flags a type may have; publish has its own. */
static bool flags_fit(const struct fixed *f)
{
	switch (f->type) {
	case 0: return false;
	case PUBLISH: return (f->flags & QOS_BITS) != QOS_BITS;
	case 6:
	case SUBSCRIBE:
	case 10: return f->flags == 2;
	default: return f->flags == 0;
	}
}

static struct span text(struct rd *r)
{
	return rd_span(r, rd_be16(r));
}

static const char *version_of(struct span name, uint8_t level)
{
	if (span_is(name, "MQIsdp"))
		return level == LEVEL_31 ? "3.1" : NULL;
	return !span_is(name, "MQTT") ? NULL : level == LEVEL_311 ? "3.1.1" : level == LEVEL_5 ? "5" : NULL;
}

/* Beats and acknowledgements, behind which the message stands that tells. */
static void skip_beats(struct rd *r)
{
	struct fixed f;
	struct rd next = *r;
	while (fixed_head(next, &f) && flags_fit(&f) && (f.type >= PINGREQ ? !f.length : f.type == PUBACK && f.length == 2)) {
		rd_skip(&next, f.head + f.length);
		if (!rd_left(&next))
			return;
		*r = next;
	}
}

/* A message that ends with the bytes at hand, under a topic in plain letters without wildcards (§4.7.1). */
static bool news_fit(const struct fixed *f, struct rd r)
{
	if (rd_left(&r) != f->length)
		return false;
	struct span topic = text(&r);
	for (size_t i = 0; i < topic.n; i++)
		if (topic.p[i] <= ' ' || topic.p[i] > '~' || topic.p[i] == '#' || topic.p[i] == '+')
			return false;
	return rd_ok(&r) && topic.n >= TOPIC_LIKELY;
}

/* The protocol's own name and level stand in the first message: proof. When the start was missed, news under a
 * topic are likely; acknowledgements and beats prove nothing without the port. */
static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	struct fixed f;
	const struct bid no = { BID_NO, SIDE_UNKNOWN };
	uint8_t first = rd_peek(&r);
	if (!m->bytes.n)
		return (struct bid){ m->closing ? BID_NO : BID_WAIT, SIDE_UNKNOWN };
	skip_beats(&r);
	if (!fixed_head(r, &f))
		return (struct bid){ first == CONNECT << 4 && !m->closing ? BID_WAIT : BID_NO, SIDE_UNKNOWN };
	if (!flags_fit(&f))
		return no;
	rd_skip(&r, f.head);
	if (f.type == CONNECT) {
		if (f.length < CONNECT_MIN || f.length > CONNECT_LIKELY)
			return no;
		if (rd_left(&r) >= 2 && rd_left(&r) < 2 + PROTOCOL_MAX + 1 && !m->closing)
			return (struct bid){ rd_peek(&r) == 0 ? BID_WAIT : BID_NO, SIDE_CLIENT };
		struct span name = text(&r);
		uint8_t level = rd_u8(&r) & 0x7F; /* the high bit: a bridge between servers, by custom */
		bool fits = rd_ok(&r) && version_of(name, level);
		return (struct bid){ fits ? BID_SURE : BID_NO, SIDE_CLIENT };
	}
	bool answer = f.type == CONNACK && f.length >= 2 && f.length < 256 && rd_u8(&r) <= 1 && rd_ok(&r);
	bool beat = (f.type == PINGREQ || f.type == PINGRESP) && f.length == 0;
	bool news = f.type == PUBLISH && f.length > 2 && rd_left(&r) >= 2;
	if (news && news_fit(&f, r))
		return (struct bid){ BID_LIKELY, SIDE_UNKNOWN };
	enum side side = f.type == PINGREQ ? SIDE_CLIENT : beat || answer ? SIDE_SERVER : SIDE_UNKNOWN;
	return (struct bid){ answer || beat || news ? BID_MAYBE : BID_NO, side };
}

static struct frame frame(const struct message *m, void *memory)
{
	(void)memory;
	struct fixed f;
	if (m->bytes.n < 2 || !fixed_head(rd_of(m->bytes), &f))
		return FRAME_WAIT(m);
	if (!flags_fit(&f))
		return FRAME_NONE;
	size_t seen = f.type == CONNECT ? CONNECT_SEEN : HEAD_SEEN;
	return (struct frame){ f.head + (f.length < seen ? f.length : seen), f.head + (uint64_t)f.length };
}

/* ---- topics ---- */

/* A level without its content: what kind of characters, and how many. Wildcards are the protocol's own. */
static size_t level_shape(struct span level, char *out, size_t room)
{
	bool letters = true, digits = true;
	if (span_is(level, "#") || span_is(level, "+"))
		return (size_t)snprintf(out, room, "%c", level.p[0]);
	for (size_t i = 0; i < level.n; i++) {
		uint8_t c = level.p[i], low = c | 0x20;
		digits &= c >= '0' && c <= '9';
		letters &= low >= 'a' && low <= 'z';
	}
	const char *kind = !level.n ? "" : digits ? "9x" : letters ? "a" : "m";
	return level.n ? (size_t)snprintf(out, room, "%s%zu", kind, level.n) : 0;
}

static struct span shape(struct span topic, struct arena *a)
{
	char text_out[SHAPE_TEXT];
	size_t n = 0;
	struct rd r = rd_of(topic);
	for (bool more = topic.n; more && n + 12 < sizeof(text_out);) {
		struct span level;
		more = rd_until(&r, '/', &level);
		n += level_shape(more ? level : rd_rest(&r), text_out + n, sizeof(text_out) - n);
		if (more && n < sizeof(text_out))
			text_out[n++] = '/';
	}
	return arena_copy(a, span_of(text_out, n));
}

/* FNV-1a: only to tell one topic from another within a conversation. */
static bool topic_is_new(struct state *s, struct span topic)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < topic.n; i++)
		h = (h ^ topic.p[i]) * 16777619u;
	for (unsigned i = 0; i < TOPICS_KEPT && i < s->ntopics; i++)
		if (s->topics[i] == h)
			return false;
	s->topics[s->ntopics % TOPICS_KEPT] = h;
	s->ntopics = s->ntopics < 2 * TOPICS_KEPT - 1 ? s->ntopics + 1 : TOPICS_KEPT;
	return true;
}

/* ---- messages ---- */

/* 5.0 §2.2.2: a length of one to four bytes, then so many. */
static void properties_skip(const struct state *s, struct rd *r)
{
	uint32_t length = 0;
	uint8_t b = 0x80;
	if (s->level != LEVEL_5)
		return;
	for (int i = 0; i < LENGTH_BYTES && b & 0x80; i++) {
		b = rd_u8(r);
		length |= (uint32_t)(b & 0x7F) << 7 * i;
	}
	rd_skip(r, length);
}

static bool connect(struct rd r, struct state *s, struct record *out, struct emit *e)
{
	struct span name = text(&r);
	uint8_t level = rd_u8(&r) & 0x7F, flags = rd_u8(&r);
	const char *version = version_of(name, level);
	uint16_t alive = rd_be16(&r);
	if (!rd_ok(&r) || !version || flags & FLAG_RESERVED)
		return false;
	s->level = level;
	record_str(out, MESSAGE, "connect");
	record_str(out, PROTOCOL, version);
	record_uint(out, KEEP_ALIVE, alive);
	properties_skip(s, &r);
	struct span id = text(&r);
	record_text(out, is_machine_name(id) ? CLIENT : CLIENT_SECRET, id);
	if (flags & FLAG_WILL) {
		properties_skip(s, &r);
		record_text(out, WILL, shape(text(&r), e->host->arena));
		(void)text(&r);
	}
	struct span password = { 0 };
	if (flags & FLAG_USER)
		record_text(out, USER, text(&r));
	if (flags & FLAG_PASSWORD)
		password = text(&r);
	record_text(out, PASSWORD, password);
	if (flags & FLAG_USER)
		record_bool(out, PASSWORD_EMPTY, password.n == 0);
	return rd_ok(&r);
}

static bool connack(struct rd r, struct record *out)
{
	rd_skip(&r, 1);
	uint8_t code = rd_u8(&r);
	record_str(out, MESSAGE, "connack");
	record_bool(out, ACCEPTED, code == 0);
	record_uint(out, CODE, code);
	return rd_ok(&r);
}

static bool subscribe(struct rd r, struct state *s, const struct message *m, struct record *out, struct emit *e)
{
	rd_skip(&r, 2);
	properties_skip(s, &r);
	record_str(out, MESSAGE, "subscribe");
	for (int i = 0; rd_left(&r) && i < FILTERS_TOLD; i++) {
		struct span filter = text(&r);
		rd_skip(&r, 1);
		if (!rd_ok(&r))
			break;
		record_add_text(out, FILTERS, shape(filter, e->host->arena));
		if (span_is(filter, "#"))
			record_bool(out, EVERYTHING, true);
	}
	return rd_ok(&r) || m->rest;
}

static void payload(const struct message *m, struct span head, uint64_t size, struct emit *e)
{
	if (size < FILE_MIN)
		return;
	emit_body(e, (struct body){ .via = "mqtt", .data = head, .length = size, .size = size, .last = true,
		.to_server = m->to_server });
}

/* Of each topic the first is told; false: malformed. */
static bool publication(struct rd r, const struct fixed *f, struct state *s, const struct message *m,
			struct record *out, struct emit *e)
{
	struct span topic = text(&r);
	if (f->flags & QOS_BITS)
		rd_skip(&r, 2);
	properties_skip(s, &r);
	if (!rd_ok(&r))
		return false;
	struct span head = rd_rest(&r);
	uint64_t size = head.n + m->rest;
	record_str(out, MESSAGE, "publish");
	record_text(out, TOPIC, topic);
	record_text(out, SHAPE, shape(topic, e->host->arena));
	record_uint(out, PAYLOAD, size);
	if (f->flags & RETAIN)
		record_bool(out, RETAINED, true);
	if (topic_is_new(s, topic))
		emit_record(e, out);
	payload(m, head, size, e);
	return true;
}

static bool decode(const struct message *m, void *memory, struct emit *e)
{
	struct state *s = memory;
	struct rd r = rd_of(m->bytes);
	struct fixed f;
	if (!fixed_head(r, &f) || !flags_fit(&f))
		return false;
	rd_skip(&r, f.head);
	struct record out UNSET;
	emit_begin(e, &out, &mqtt_type);
	bool sound = true;
	switch (f.type) {
	case CONNECT: sound = connect(r, s, &out, e) || m->rest; break;
	case CONNACK: sound = connack(r, &out); break;
	case SUBSCRIBE: sound = subscribe(r, s, m, &out, e); break;
	case PUBLISH: return publication(r, &f, s, m, &out, e) || m->rest;
	default: return true;
	}
	if (record_has(&out, MESSAGE))
		emit_record(e, &out);
	return sound;
}

static const struct record_type *const types[] = { &mqtt_type, NULL };

const struct decoder decoder_mqtt = {
	.name = "mqtt", .doc = "MQTT 3.1, 3.1.1 and 5.0 (OASIS)", .over = OVER_TCP, .ports = { PORT_MQTT },
	.client_is = NULL, .server_is = NULL, .state_size = sizeof(struct state),
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
