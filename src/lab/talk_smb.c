/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMB 3 bulk traffic (MS-SMB2 §2.2): negotiate in clear, everything behind it in encrypted transforms. */
#include "lab/nest.h"
#include "lab/talk.h"

enum { NEGOTIATE = 0, SMB2_HEAD = 64, DIALECT_302 = 0x0302, CHUNK = 65536, FROM_SERVER = 1 };

static void header(struct buf *b, uint16_t command, uint32_t flags)
{
	buf_bytes(b, SPAN_LIT("\xfeSMB"));
	buf_le16(b, SMB2_HEAD);
	buf_le16(b, 0);
	buf_le32(b, 0);
	buf_le16(b, command);
	buf_le16(b, 1);
	buf_le32(b, flags);
	buf_fill(b, 0, 4 + 8 + 4 + 4 + 8 + 16);          /* next, message id, process, tree, session, signature */
}

static void negotiate_request(struct net *n, struct buf *b)
{
	size_t at = nest_begin(b, 4);
	header(b, NEGOTIATE, 0);
	buf_le16(b, 36);
	buf_le16(b, 3);
	buf_le16(b, 1);                                  /* signing enabled */
	buf_le16(b, 0);
	buf_le32(b, 0x40);                               /* can encrypt */
	net_noise(n, b, 16);
	buf_le64(b, 0);
	buf_le16(b, 0x0210);
	buf_le16(b, 0x0300);
	buf_le16(b, DIALECT_302);
	nest_end(b, at, 4);
}

static void negotiate_answer(struct net *n, struct buf *b)
{
	size_t at = nest_begin(b, 4);
	header(b, NEGOTIATE, FROM_SERVER);
	buf_le16(b, 65);
	buf_le16(b, 1);
	buf_le16(b, DIALECT_302);
	buf_le16(b, 0);
	net_noise(n, b, 16);
	buf_le32(b, 0x40);
	for (int i = 0; i < 3; i++)
		buf_le32(b, 8 << 20);                    /* transact, read, write */
	buf_le64(b, UINT64_C(0x01DBC0DE00000000));
	buf_le64(b, 0);
	buf_le16(b, SMB2_HEAD + 64);
	buf_le16(b, 0);
	buf_le32(b, 0);
	nest_end(b, at, 4);
}

static void sealed(struct conv *c, enum conv_side from, size_t bytes)
{
	AUTO_BUF b = { 0 };
	size_t at = nest_begin(&b, 4);
	buf_bytes(&b, SPAN_LIT("\xfdSMB"));
	net_noise(c->net, &b, 16 + 16);                  /* signature, nonce */
	buf_le32(&b, (uint32_t)bytes);
	buf_le16(&b, 0);
	buf_le16(&b, 1);
	net_noise(c->net, &b, 8 + bytes);
	nest_end(&b, at, 4);
	conv_send(c, from, buf_span(&b));
	c->last = (struct span){ 0 };
}

void talk_smb(struct conv *c, size_t down, size_t up)
{
	AUTO_BUF b = { 0 };
	negotiate_request(c->net, &b);
	conv_send(c, CLIENT, buf_span(&b));
	buf_reset(&b);
	negotiate_answer(c->net, &b);
	conv_send(c, SERVER, buf_span(&b));
	c->last = (struct span){ 0 };
	for (size_t done = 0; done < down; done += CHUNK) {
		sealed(c, CLIENT, 113);
		sealed(c, SERVER, 80 + (down - done < CHUNK ? down - done : CHUNK));
	}
	for (size_t done = 0; done < up; done += CHUNK) {
		sealed(c, CLIENT, 112 + (up - done < CHUNK ? up - done : CHUNK));
		sealed(c, SERVER, 84);
	}
}
