/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TFTP (RFC 1350) with options (RFC 2347, 2348, 2349). The request goes to the server's port, the answer
 * comes from a port made up for this transfer; only the client's end stays, so that is what is expected.
 * Data and acknowledgements say nothing by themselves and are taken on that expectation only. */
#include "base/ascii.h"
#include "base/scope.h"
#include "decode/decoder.h"

enum { OP_READ = 1, OP_WRITE, OP_DATA, OP_ACK, OP_ERROR, OP_OPTIONS };
enum { NAME_KEPT = 200, NAME_LONGEST = 512, BLOCK = 512, BLOCK_MIN = 8, BLOCK_MAX = 65464, OPTIONS_MAX = 16,
	DIGITS_MAX = 18 };

enum { MESSAGE, PATH, MODE, BLOCK_SIZE, SIZE, ERROR, ERROR_TEXT, FIELDS };

static const struct field fields[FIELDS] = {
	[MESSAGE] = { "message", F_TEXT, "read, write (requests), options or error" },
	[PATH] = { "path", F_TEXT, "file that is asked for or sent" },
	[MODE] = { "mode", F_TEXT, "netascii, octet or mail" },
	[BLOCK_SIZE] = { "block_size", F_UINT, "block size of the options", "byte" },
	[SIZE] = { "size", F_UINT, "size of the file, as the options say", "byte" },
	[ERROR] = { "error", F_UINT, "error number (RFC 1350 appendix)" },
	[ERROR_TEXT] = { "error_text", F_TEXT, "what the other end says of it" },
};
static RECORD_TYPE(tftp_type, "tftp", "TFTP request, options or error", fields);

struct state {
	bool is_known, is_write;
	uint16_t name_n;
	uint32_t block_size;
	uint64_t block, size;                    /* number of the last block in order, not wrapped */
	uint8_t name[NAME_KEPT];
};

_Static_assert(NAME_KEPT + 1 <= EXPECT_TAG, "the tag holds the direction and the name");

static bool is_printable(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return s.n > 0;
}

struct request {
	struct span name, mode;
	struct rd options;
};

/* Strict, because this is also what recognises TFTP: printable name, one of three modes, then pairs. */
static bool request(struct rd r, struct request *q)
{
	if (!rd_until(&r, 0, &q->name) || !rd_until(&r, 0, &q->mode))
		return false;
	if (q->name.n > NAME_LONGEST || !is_printable(q->name))
		return false;
	q->options = r;
	return span_alike(q->mode, "octet") || span_alike(q->mode, "netascii") || span_alike(q->mode, "mail");
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	uint16_t op = rd_be16(&r);
	struct request q;
	if ((op != OP_READ && op != OP_WRITE) || !request(r, &q))
		return (struct bid){ BID_NO };
	return (struct bid){ BID_SURE, SIDE_CLIENT };
}

/* Name and value in turn, each NUL-terminated. A size of 0 in a read request only asks for it. */
static void options(struct state *s, struct rd r, bool agreed, struct record *out)
{
	struct span name, value;
	for (int i = 0; i < OPTIONS_MAX && rd_until(&r, 0, &name) && rd_until(&r, 0, &value); i++) {
		uint64_t v = 0;
		(void)span_decimal(value, DIGITS_MAX, &v);
		if (span_alike(name, "blksize") && v >= BLOCK_MIN && v <= BLOCK_MAX) {
			record_uint(out, BLOCK_SIZE, v);
			if (agreed)
				s->block_size = (uint32_t)v;
		} else if (span_alike(name, "tsize") && v) {
			record_uint(out, SIZE, v);
			s->size = v;
		}
	}
}

static void begin(struct state *s, bool is_write, struct span name)
{
	name = span_from(name, name.n > NAME_KEPT ? name.n - NAME_KEPT : 0);
	*s = (struct state){ .is_known = true, .is_write = is_write, .block_size = BLOCK, .name_n = (uint16_t)name.n };
	if (name.n)
		memcpy(s->name, name.p, name.n);
}

static struct span name_of(const struct state *s)
{
	return span_of(s->name, s->name_n);
}

static bool decode_request(struct state *s, struct rd r, bool is_write, struct emit *e)
{
	struct request q;
	if (!request(r, &q))
		return false;
	begin(s, is_write, q.name);
	struct record out UNSET;
	emit_begin(e, &out, &tftp_type);
	record_str(&out, MESSAGE, is_write ? "write" : "read");
	record_text(&out, PATH, q.name);
	record_text(&out, MODE, q.mode);
	options(s, q.options, false, &out);
	emit_record(e, &out);
	uint8_t tag[1 + NAME_KEPT];
	tag[0] = is_write ? 'w' : 'r';
	memcpy(tag + 1, s->name, s->name_n);
	emit_expect(e, (struct expect){
		.end = e->at->src, .port = e->at->sport, .over = OVER_UDP, .decoder = "tftp", .tag = span_of(tag, 1u + s->name_n),
	});
	return true;
}

/* Block numbers have 16 bits and start again at 0 (as everybody does it; no norm says so). */
static bool decode_data(struct state *s, const struct message *m, struct rd r, struct emit *e)
{
	uint16_t low = rd_be16(&r);
	if (!rd_ok(&r))
		return false;
	int16_t step = (int16_t)(uint16_t)(low - (uint16_t)s->block);
	if (step < 0 && (uint64_t)-(int64_t)step >= s->block)
		return false;
	uint64_t block = s->block + (uint64_t)(int64_t)step;
	if (block == 0)
		return false;
	if (step > 0)
		s->block = block;
	struct span data = rd_rest(&r);
	uint64_t length = (uint64_t)data.n + m->lost;
	if (length > s->block_size)
		return false;
	emit_body(e, (struct body){
		.via = "tftp", .path = name_of(s), .data = data, .offset = (block - 1) * s->block_size, .length = length,
		.size = s->size, .last = length < s->block_size, .to_server = s->is_write,
	});
	return true;
}

static bool decode_options(struct state *s, struct rd r, struct emit *e)
{
	struct record out UNSET;
	emit_begin(e, &out, &tftp_type);
	record_str(&out, MESSAGE, "options");
	record_text(&out, PATH, name_of(s));
	options(s, r, true, &out);
	emit_record(e, &out);
	return true;
}

static bool decode_error(const struct state *s, struct rd r, struct emit *e)
{
	uint16_t code = rd_be16(&r);
	struct span text = { 0 };
	if (!rd_ok(&r))
		return false;
	text = rd_piece(&r, 0);
	struct record out UNSET;
	emit_begin(e, &out, &tftp_type);
	record_str(&out, MESSAGE, "error");
	record_text(&out, PATH, name_of(s));
	record_uint(&out, ERROR, code);
	if (is_printable(text))
		record_text(&out, ERROR_TEXT, text);
	emit_record(e, &out);
	return true;
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	struct state *s = state;
	struct rd r = rd_of(m->bytes);
	uint16_t op = rd_be16(&r);
	if (!s->is_known && m->tag.n)
		begin(s, m->tag.p[0] == 'w', span_from(m->tag, 1));
	if (op != OP_READ && op != OP_WRITE && !s->is_known)
		return false;
	switch (op) {
	case OP_READ:
	case OP_WRITE:
		return decode_request(s, r, op == OP_WRITE, e);
	case OP_DATA:
		return decode_data(s, m, r, e);
	case OP_ACK:
		return m->bytes.n >= 4;
	case OP_ERROR:
		return decode_error(s, r, e);
	case OP_OPTIONS:
		return decode_options(s, r, e);
	default:
		return false;
	}
}

static const struct record_type *const types[] = { &tftp_type, NULL };

const struct decoder decoder_tftp = {
	.name = "tftp", .doc = "TFTP (RFC 1350, 2347)", .over = OVER_UDP, .ports = { 69 },
	.state_size = sizeof(struct state), .bid = bid, .decode = decode, .types = types,
};
