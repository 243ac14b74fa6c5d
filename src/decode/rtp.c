/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Voice and pictures on their way: RTP and its reports RTCP (RFC 3550; payload types RFC 3551). Known by its
 * announcement (sip.c), or by shape: a telephone's packets have an even port, no options, and exactly the size that
 * their codec gives. Of each direction the first is told. */
#include "base/scope.h"
#include "decode/decoder.h"

enum {
	FIXED = 12, VERSION_MASK = 0xC0, VERSION_2 = 0x80, PADDING = 0x20, EXTENSION = 0x10, SOURCES = 0x0F, TYPE = 0x7F,
	RTCP_FIRST = 200, RTCP_LAST = 207, PORT_MIN = 1024, OTHERS = 80,
};

enum { KIND, PAYLOAD, CODEC, SOURCE, MARKED, BYTES, FIELDS };

static const struct field fields[FIELDS] = {
	[KIND] = { "media", F_TEXT, "rtp, or rtcp: reports of how it arrives" },
	[PAYLOAD] = { "payload_type", F_UINT, "kind of content, as numbered by RFC 3551" },
	[CODEC] = { "codec", F_TEXT, "PCMU, PCMA, G722, GSM, G729 …, when the number says so" },
	[SOURCE] = { "source", F_UINT, "the sender's number of this stream" },
	[MARKED] = { "marker", F_BOOL, "begins something: a talkspurt, a picture's end" },
	[BYTES] = { "bytes", F_UINT, "size of the content of one packet", "byte" },
};
static RECORD_TYPE(rtp_type, "rtp", "A stream of voice or pictures, its first packet", fields);

struct state {
	bool told[2];
};

/* Codecs of telephones, and how many bytes ten milliseconds, or a frame, are. */
static const struct codec {
	uint8_t type, unit, most;                /* most: units in a packet */
	const char *name;
} codecs[] = {
	{ 0, 80, 6, "PCMU" }, { 8, 80, 6, "PCMA" }, { 9, 80, 6, "G722" }, { 3, 33, 6, "GSM" }, { 18, 10, 8, "G729" },
	{ 4, 24, 4, "G723" }, { 15, 10, 8, "G728" },
};

static const struct codec *codec_of(uint8_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
		if (codecs[i].type == type)
			return &codecs[i];
	return NULL;
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	struct rd r = rd_of(m->bytes);
	uint8_t flags = rd_u8(&r);
	uint8_t type = rd_u8(&r) & TYPE;
	rd_skip(&r, 2);
	uint32_t time = rd_be32(&r), source = rd_be32(&r);
	const struct codec *c = codec_of(type);
	size_t n = rd_left(&r);
	bool ports = at->sport % 2 == 0 && at->dport % 2 == 0 && at->sport >= PORT_MIN && at->dport >= PORT_MIN;
	bool shape = rd_ok(&r) && flags == VERSION_2 && source && time && ports && c && n && n % c->unit == 0 &&
		n / c->unit <= c->most && !m->lost;
	/* A packet of ten bytes of the small codecs is nothing to go by. */
	return (struct bid){ shape && n >= 20 ? BID_LIKELY : BID_NO, SIDE_UNKNOWN };
}

static bool decode(const struct message *m, void *memory, struct emit *e)
{
	struct state *s = memory;
	struct rd r = rd_of(m->bytes);
	uint8_t flags = rd_u8(&r), second = rd_u8(&r);
	if ((flags & VERSION_MASK) != VERSION_2)
		return flags < OTHERS || m->bytes.n < FIXED;     /* STUN, DTLS and keep-alives stand between (RFC 7983 §7) */
	if (s->told[m->to_server])
		return true;
	bool rtcp = second >= RTCP_FIRST && second <= RTCP_LAST;
	rd_skip(&r, rtcp ? 2 : 2 + 4);
	uint32_t source = rd_be32(&r);
	rd_skip(&r, rtcp ? 0 : 4u * (flags & SOURCES));
	if (!rtcp && flags & EXTENSION) {
		rd_skip(&r, 2);
		rd_skip(&r, 4u * rd_be16(&r));
	}
	if (!rd_ok(&r))
		return false;
	struct record out UNSET;
	const struct codec *c = rtcp ? NULL : codec_of(second & TYPE);
	emit_begin(e, &out, &rtp_type);
	record_str(&out, KIND, rtcp ? "rtcp" : "rtp");
	record_uint(&out, PAYLOAD, rtcp ? second : second & TYPE);
	record_str(&out, CODEC, c ? c->name : NULL);
	record_uint(&out, SOURCE, source);
	if (!rtcp)
		record_bool(&out, MARKED, second & ~TYPE);
	record_uint(&out, BYTES, rd_left(&r) + m->lost);
	emit_record(e, &out);
	s->told[m->to_server] = !rtcp;
	return true;
}

static const struct record_type *const types[] = { &rtp_type, NULL };

const struct decoder decoder_rtp = {
	.name = "rtp", .doc = "Real-time transport, voice and pictures (RFC 3550)", .over = OVER_UDP,
	.state_size = sizeof(struct state), .bid = bid, .decode = decode, .types = types,
};
