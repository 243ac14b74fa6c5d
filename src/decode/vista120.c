/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dräger Vista 120 and its kin (Edan): a central station says every two seconds by broadcast that it is there (UDP
 * 9610); monitors then connect to it (TCP 9600). No public norm. Read from frames in a public bridge for such
 * monitors; sure for those frames: head, lengths, the sum (all bytes of a frame add up to zero), that the body is
 * XORed with A5, and that message 3 carries an RSA public key. Derived: messages of type 4 and up are encrypted, as
 * their bodies are multiples of 16 bytes longer than the length they tell. What is inside of them is not read.
 *
 *   frame      F8 8F  type  total length (2, little endian)  body  sum
 *   body ^ A5  number of the message (4, LE)  length of the content (2, LE)  content
 *   types      1 hello of the monitor   2 hello of the station   3 public key   4, 5 keys   6 data
 *   broadcast  7E 00 30 02  00 00 ? ?  year (2, LE) month day weekday|hour …  at 16: "CMS", 24: site, 40: its length */
#include "base/ascii.h"
#include "base/scope.h"
#include "decode/decoder.h"

enum {
	PORT_STATION = 9600, PORT_BROADCAST = 9610, HEAD = 5, BODY_HEAD = 6, FRAME_MIN = HEAD + BODY_HEAD + 1,
	LENGTH_MAX = 16384, MASK = 0xA5, NAME_AT = 16, NAME_BYTES = 8, SITE_BYTES = 16, BROADCAST_MIN = 44, TYPES = 6,
	ENCRYPTED_FROM = 4,
};

enum { EVENT, TYPE, NUMBER, LENGTH, ENCRYPTED, ROLE, STATION, SITE, FIELDS };

static const struct field fields[FIELDS] = {
	[EVENT] = { "event", F_TEXT, "announcement, hello, hello-answer, public-key, key or data" },
	[TYPE] = { "type", F_UINT, "number of the message type" },
	[NUMBER] = { "number", F_UINT, "number of the message" },
	[LENGTH] = { "length", F_UINT, "content, as told before it was encrypted", "byte" },
	[ENCRYPTED] = { "encrypted", F_BOOL, "the content is encrypted" },
	[ROLE] = { "role", F_TEXT, "what the sender does in this exchange", .clue = CLUE_ROLE },
	[STATION] = { "station", F_TEXT, "kind of the station that announces itself", .clue = CLUE_APPLICATION },
	[SITE] = { "site", F_TEXT, "name of the site that it was given", .clue = CLUE_FACILITY },
};
static RECORD_TYPE(vista120_type, "vista120", "Message of a Vista 120 monitor or its central station", fields);

struct head {
	uint8_t type;
	uint16_t total;
};

static bool head_read(struct rd *r, struct head *out)
{
	uint16_t magic = rd_be16(r);
	out->type = rd_u8(r);
	out->total = rd_le16(r);
	return rd_ok(r) && magic == 0xF88F && out->type >= 1 && out->type <= TYPES && out->total >= FRAME_MIN &&
		out->total <= LENGTH_MAX;
}

static bool sum_fits(struct span frame)
{
	uint8_t sum = 0;
	for (size_t i = 0; i < frame.n; i++)
		sum = (uint8_t)(sum + frame.p[i]);
	return sum == 0;
}

/* The head, a date and a text of letters at their places. */
static bool is_announcement(struct span s)
{
	struct rd r = rd_of(s);
	if (s.n < BROADCAST_MIN || rd_be32(&r) != 0x7E003002)
		return false;
	rd_skip(&r, 4);
	uint16_t year = rd_le16(&r);
	uint8_t month = rd_u8(&r), day = rd_u8(&r);
	return year >= 2000 && year < 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31 && s.p[NAME_AT] >= ' ' &&
		s.p[NAME_AT] <= '~';
}

/* A whole frame with its sum is proof; the head of a long one is likely. A monitor calls, its first message is 1. */
static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	struct head h;
	if (m->over == OVER_UDP)
		return (struct bid){ is_announcement(m->bytes) ? BID_SURE : BID_NO };
	if (m->bytes.n < HEAD) {
		bool fits = rd_peek(&r) == 0xF8 && (m->bytes.n < 2 || m->bytes.p[1] == 0x8F);
		return (struct bid){ fits && !m->closing ? BID_WAIT : BID_NO };
	}
	if (!head_read(&r, &h))
		return (struct bid){ BID_NO };
	enum side side = h.type == 1 ? SIDE_CLIENT : h.type == 2 || h.type == 3 ? SIDE_SERVER : SIDE_UNKNOWN;
	if (m->bytes.n < h.total)
		return (struct bid){ m->closing ? BID_NO : BID_WAIT };
	return (struct bid){ sum_fits(span_cut(m->bytes, h.total)) ? BID_SURE : BID_NO, side };
}

static struct frame frame(const struct message *m, void *state)
{
	(void)state;
	struct rd r = rd_of(m->bytes);
	struct head h;
	if (m->bytes.n < HEAD)
		return FRAME_WAIT(m);
	return head_read(&r, &h) ? FRAME_WHOLE(h.total) : FRAME_NONE;
}

/* Fixed width, padded with NUL; only what can be printed. */
static void fixed_text(struct record *out, unsigned field, struct span s)
{
	const uint8_t *nul = s.n ? memchr(s.p, 0, s.n) : NULL;
	s = nul ? span_cut(s, (size_t)(nul - s.p)) : s;
	if (!span_has_control(s))
		record_text(out, field, s);
}

static bool announcement(struct span s, struct record *out)
{
	struct rd r = rd_of(s);
	rd_skip(&r, NAME_AT);
	record_str(out, EVENT, "announcement");
	record_str(out, ROLE, "central station");
	fixed_text(out, STATION, rd_span(&r, NAME_BYTES));
	fixed_text(out, SITE, rd_span(&r, SITE_BYTES));
	return rd_ok(&r) && is_announcement(s);
}

static bool message(struct rd r, struct record *out)
{
	static const char *const events[TYPES + 1] = { NULL, "hello", "hello-answer", "public-key", "key", "key", "data" };
	struct head h;
	if (!head_read(&r, &h))
		return false;
	uint32_t number = rd_le32(&r) ^ (uint32_t)MASK * 0x01010101u;
	uint16_t length = rd_le16(&r) ^ (uint16_t)(MASK << 8 | MASK);
	size_t body = h.total - (size_t)FRAME_MIN;
	bool encrypted = h.type >= ENCRYPTED_FROM;
	record_str(out, EVENT, events[h.type]);
	record_uint(out, TYPE, h.type);
	record_uint(out, NUMBER, number);
	record_uint(out, LENGTH, length);
	record_bool(out, ENCRYPTED, encrypted);
	if (h.type == 1)
		record_str(out, ROLE, "patient monitor");
	else if (h.type <= 3)
		record_str(out, ROLE, "central station");
	return rd_ok(&r) && (encrypted ? length <= body : length == body);
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	struct record out UNSET;
	emit_begin(e, &out, &vista120_type);
	bool is_frame = m->over != OVER_UDP;
	bool sound = is_frame ? sum_fits(m->bytes) && message(rd_of(m->bytes), &out) : announcement(m->bytes, &out);
	if (!sound)
		return false;
	emit_shown(e, span_cut(m->bytes, is_frame ? HEAD : NAME_AT));
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &vista120_type, NULL };

const struct decoder decoder_vista120 = {
	.name = "vista120", .doc = "Dräger Vista 120 and Edan central-station protocol (no public norm)",
	.over = OVER_TCP | OVER_UDP, .ports = { PORT_STATION, PORT_BROADCAST }, .clinical = true,
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
