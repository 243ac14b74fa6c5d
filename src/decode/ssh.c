/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SSH identification strings of both ends (RFC 4253 4.2); what follows is opaque and passed over. */
#include "base/ascii.h"
#include "base/scope.h"
#include "decode/decoder.h"

enum { PORT_SSH = 22, BANNER_MAX = 255, BEFORE_MAX = 4096, BID_BYTES = 9 };

enum { VERSION, SOFTWARE, COMMENT, FIELDS };

static const struct field fields[FIELDS] = {
	[VERSION] = { "version", F_TEXT, "version of the protocol" },
	[SOFTWARE] = { "software", F_TEXT, "program that the sender runs", .clue = CLUE_SYSTEM },
	[COMMENT] = { "comment", F_TEXT, "what the sender adds, often its distribution" },
};
static RECORD_TYPE(ssh_type, "ssh", "An SSH identification string", fields);

#define MAGIC SPAN_LIT("SSH-")

/* "SSH-2.0-x", "SSH-1.99-x" */
static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	struct span head = span_cut(m->bytes, MAGIC.n);
	if (!span_starts(MAGIC, head))
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	if (m->bytes.n < BID_BYTES)
		return (struct bid){ m->closing ? BID_NO : BID_WAIT, SIDE_UNKNOWN };
	rd_skip(&r, MAGIC.n);
	bool sound = ascii_is_digit(rd_u8(&r)) && rd_u8(&r) == '.' && ascii_is_digit(rd_u8(&r));
	if (rd_peek(&r) != '-')
		sound &= ascii_is_digit(rd_u8(&r)) && rd_u8(&r) == '-';
	return (struct bid){ sound ? BID_SURE : BID_NO, SIDE_UNKNOWN };
}

/* A server may send lines of text before its string. False when it is not there yet. */
static bool banner_find(struct rd *r, struct span *line)
{
	for (int i = 0; i < BEFORE_MAX && rd_until(r, '\n', line); i++)
		if (span_starts(*line, MAGIC))
			return true;
	return false;
}

static struct frame frame(const struct message *m, void *state)
{
	(void)state;
	struct rd r = rd_of(m->bytes);
	struct span line;
	if (banner_find(&r, &line))
		return (struct frame){ m->bytes.n - rd_left(&r), BODY_OPEN };
	bool begun = span_starts(rd_rest(&r), MAGIC);
	if (m->closing || m->bytes.n >= BEFORE_MAX)
		return begun ? (struct frame){ m->bytes.n, BODY_OPEN } : FRAME_NONE;
	return FRAME_WAIT(m);
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	struct rd r = rd_of(m->bytes);
	struct span line, part;
	if (!banner_find(&r, &line))
		line = rd_rest(&r);
	struct rd text = rd_of(span_cut(line, BANNER_MAX));
	line = rd_piece(&text, '\r');
	text = rd_of(line);
	rd_skip(&text, MAGIC.n);
	if (!span_starts(line, MAGIC) || !rd_until(&text, '-', &part))
		return false;
	struct record out UNSET;
	emit_begin(e, &out, &ssh_type);
	record_text(&out, VERSION, part);
	if (rd_until(&text, ' ', &part))
		record_text(&out, COMMENT, rd_rest(&text));
	else
		part = rd_rest(&text);
	record_text(&out, SOFTWARE, part);
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &ssh_type, NULL };

const struct decoder decoder_ssh = {
	.name = "ssh", .doc = "Secure Shell identification (RFC 4253)",
	.no_content = true,
	.over = OVER_TCP, .ports = { PORT_SSH },
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
