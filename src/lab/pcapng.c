/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcapng blocks: section header, interface description, enhanced packet (draft-ietf-opsawg-pcapng §4). */
#include "lab/pcapng.h"

#include "lab/nest.h"

enum {
	BLOCK_SECTION = 0x0A0D0D0A, BLOCK_INTERFACE = 1, BLOCK_PACKET = 6, BYTE_ORDER_MAGIC = 0x1A2B3C4D,
	OPT_END = 0, OPT_COMMENT = 1, OPT_IF_NAME = 2, OPT_USER_APPLICATION = 4, OPT_IF_TSRESOL = 9,
	NANOSECONDS = 9, OPTION_MAX = 60000,
};

static void pad4(struct buf *b, size_t n)
{
	buf_fill(b, 0, (4 - n % 4) % 4);
}

static void option(struct buf *b, uint16_t code, struct span value)
{
	value = span_cut(value, OPTION_MAX);
	buf_le16(b, code);
	buf_le16(b, (uint16_t)value.n);
	buf_bytes(b, value);
	pad4(b, value.n);
}

static void option_text(struct buf *b, uint16_t code, const char *text)
{
	if (text)
		option(b, code, span_str(text));
}

static size_t block_begin(struct buf *b, uint32_t type)
{
	buf_le32(b, type);
	return nest_begin(b, 4);
}

/* The length counts the whole block and stands at both of its ends. */
static void block_end(struct buf *b, size_t at)
{
	uint32_t whole = (uint32_t)(b->n - at) + 8;
	nest_put_le32(b, at, whole);
	buf_le32(b, whole);
}

void pcapng_section(struct buf *b, const char *application, const char *comment)
{
	size_t at = block_begin(b, BLOCK_SECTION);
	buf_le32(b, BYTE_ORDER_MAGIC);
	buf_le16(b, 1);
	buf_le16(b, 0);
	buf_le64(b, UINT64_MAX);                         /* section length: not given */
	option_text(b, OPT_COMMENT, comment);
	option_text(b, OPT_USER_APPLICATION, application);
	option(b, OPT_END, (struct span){ 0 });
	block_end(b, at);
}

void pcapng_interface(struct buf *b, uint16_t link, const char *name)
{
	const uint8_t resolution = NANOSECONDS;
	size_t at = block_begin(b, BLOCK_INTERFACE);
	buf_le16(b, link);
	buf_le16(b, 0);
	buf_le32(b, 0);
	option_text(b, OPT_IF_NAME, name);
	option(b, OPT_IF_TSRESOL, span_of(&resolution, 1));
	option(b, OPT_END, (struct span){ 0 });
	block_end(b, at);
}

void pcapng_packet(struct buf *b, uint32_t interface, uint64_t time_ns, struct span bytes, uint32_t wire_len,
		   const char *comment)
{
	size_t at = block_begin(b, BLOCK_PACKET);
	buf_le32(b, interface);
	buf_le32(b, (uint32_t)(time_ns >> 32));
	buf_le32(b, (uint32_t)time_ns);
	buf_le32(b, (uint32_t)bytes.n);
	buf_le32(b, wire_len);
	buf_bytes(b, bytes);
	pad4(b, bytes.n);
	if (comment) {
		option_text(b, OPT_COMMENT, comment);
		option(b, OPT_END, (struct span){ 0 });
	}
	block_end(b, at);
}
