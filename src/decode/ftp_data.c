/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FTP's data connections (RFC 959 §3.2): nothing but the bytes of one file or listing. Only the control
 * connection knows what they are; ftp.c expects them with a tag: 'd' download, 'u' upload, 'l' listing,
 * '?' not said yet, then the path. */
#include "decode/decoder.h"

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)m;
	(void)at;
	return (struct bid){ BID_NO };
}

static struct frame frame(const struct message *m, void *state)
{
	(void)state;
	return (struct frame){ m->bytes.n ? m->bytes.n : 1, BODY_OPEN };
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	struct rd r = rd_of(m->tag);
	uint8_t what = rd_u8(&r);
	if (what == 'l')
		return true;
	emit_body(e, (struct body){
		.via = "ftp", .path = rd_rest(&r), .data = m->bytes, .length = BODY_OPEN, .last = true,
		.to_server = what == 'u' || (what != 'd' && m->to_server),
	});
	return true;
}

static const struct record_type *const types[] = { NULL };

const struct decoder decoder_ftp_data = {
	.name = "ftp-data", .doc = "FTP data connection (RFC 959)", .over = OVER_TCP,
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
