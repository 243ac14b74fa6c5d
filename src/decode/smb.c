/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMB over NetBIOS sessions (RFC 1002 4.3) or straight over TCP ([MS-SMB2] 2.1): framing.
 * smb1.c and smb2.c read the messages. */
#include "decode/smb.h"

enum {
	PORT_SMB = 445, PORT_SESSION = 139, SESSION_MESSAGE = 0x00, SESSION_REQUEST = 0x81, SESSION_KEEPALIVE = 0x85,
	REQUEST_LENGTH = 68, NAME_ENCODED = 32, SEEN_OPAQUE = 0xFF, SEEN_SESSION = 0xFE,
	HEAD_ENOUGH = SMB2_HEADER + 8,
};

enum kind { KIND_NONE, KIND_SMB1, KIND_SMB2, KIND_ENCRYPTED, KIND_COMPRESSED };

static enum kind kind_of(struct rd *r)
{
	uint8_t first = rd_u8(r);
	if (rd_be24(r) != 0x534D42)              /* "SMB" */
		return KIND_NONE;
	switch (first) {
	case 0xFF: return KIND_SMB1;
	case 0xFE: return KIND_SMB2;
	case 0xFD: return KIND_ENCRYPTED;
	case 0xFC: return KIND_COMPRESSED;
	default: return KIND_NONE;
	}
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	uint8_t type = rd_u8(&r);
	if (type != SESSION_MESSAGE && type != SESSION_REQUEST)
		return (struct bid){ m->bytes.n || m->closing ? BID_NO : BID_WAIT, SIDE_UNKNOWN };
	uint32_t length = rd_be24(&r);
	if (m->bytes.n < SMB_SESSION_HEADER + 4)
		return (struct bid){ m->closing ? BID_NO : BID_WAIT, SIDE_UNKNOWN };
	if (type == SESSION_REQUEST)
		return (struct bid){ length == REQUEST_LENGTH && rd_u8(&r) == NAME_ENCODED ? BID_SURE : BID_NO, SIDE_CLIENT };
	return (struct bid){ length >= 32 && kind_of(&r) ? BID_SURE : BID_NO, SIDE_UNKNOWN };
}

static struct frame frame(const struct message *m, void *memory)
{
	(void)memory;
	struct rd r = rd_of(m->bytes);
	uint8_t type = rd_u8(&r);
	uint32_t length = rd_be24(&r);
	if (!rd_ok(&r))
		return FRAME_WAIT(m);
	if (type != SESSION_MESSAGE && (type < SESSION_REQUEST || type > SESSION_KEEPALIVE || length > REQUEST_LENGTH))
		return FRAME_NONE;
	size_t head = length < HEAD_ENOUGH ? length : HEAD_ENOUGH;
	struct span from_header = rd_rest(&r);
	uint64_t total = SMB_SESSION_HEADER + (uint64_t)length;
	if (from_header.n < head)
		return (struct frame){ SMB_SESSION_HEADER + head, total };
	struct rd look = rd_of(from_header);
	enum kind kind = kind_of(&look);
	size_t need = kind == KIND_SMB1 && length >= SMB1_HEADER ? smb1_need(from_header, length) :
		kind == KIND_SMB2 && length >= SMB2_HEADER ? smb2_need(from_header, length) : 0;
	need = need > head ? need : head;
	return (struct frame){ SMB_SESSION_HEADER + (need < length ? need : length), total };
}

/* ---- messages ---- */

static void opaque(const char *version, unsigned seen_as, struct smb_call *c)
{
	if (!smb_is_new(c->s, c->m->to_server, seen_as))
		return;
	struct record out UNSET;
	emit_begin(c->e, &out, &smb_type);
	record_str(&out, SMB_VERSION, version);
	emit_record(c->e, &out);
}

static bool decode(const struct message *m, void *memory, struct emit *e)
{
	struct rd r = rd_of(m->bytes);
	uint8_t type = rd_u8(&r);
	rd_skip(&r, 3);
	struct smb_call c = { .s = memory, .m = m, .e = e, .rest = m->rest == BODY_OPEN ? 0 : m->rest };
	if (type == SESSION_KEEPALIVE)
		return rd_ok(&r);
	if (type != SESSION_MESSAGE) {
		opaque("session", SEEN_SESSION, &c);
		return rd_ok(&r);
	}
	struct rd whole = r;
	c.whole = rd_rest(&whole);
	switch (kind_of(&r)) {
	case KIND_SMB1: return smb1_message(&c, r);
	case KIND_SMB2: return smb2_message(&c, r);
	case KIND_ENCRYPTED:
		opaque("encrypted", SEEN_OPAQUE, &c);
		return true;
	case KIND_COMPRESSED:
		opaque("compressed", SEEN_OPAQUE, &c);
		return true;
	case KIND_NONE: break;
	}
	return false;
}

static const struct record_type *const types[] = { &smb_type, NULL };

const struct decoder decoder_smb = {
	.name = "smb", .doc = "Server Message Block, versions 1 to 3 ([MS-CIFS], [MS-SMB], [MS-SMB2], [MS-NLMP])",
	.over = OVER_TCP, .ports = { PORT_SMB, PORT_SESSION }, .state_size = sizeof(struct smb_state),
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
