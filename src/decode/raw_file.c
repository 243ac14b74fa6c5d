/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program, script or image of a device that is sent as it is over TCP, in no protocol (netcat and the like): known by
 * a head that fits in several places, at the first byte of a direction. Archives are left out: protocols of their own
 * begin like them, too. ELF (System V ABI), PE, squashfs 4, cramfs, U-Boot's image, and a script that names its
 * shell. */
#include "base/scope.h"
#include "decode/decoder.h"

enum { LOOK = 80 };                              /* more of a head is not waited for */

static bool is_elf(struct rd r)
{
	uint32_t magic = rd_be32(&r);
	uint8_t class = rd_u8(&r), order = rd_u8(&r), version = rd_u8(&r);
	rd_order(&r, order == 2);
	rd_skip(&r, 9);
	uint16_t type = rd_u16(&r), machine = rd_u16(&r);
	return rd_ok(&r) && magic == 0x7F454C46 && (class == 1 || class == 2) && (order == 1 || order == 2) && version == 1 &&
	       type >= 1 && type <= 3 && machine;
}

static bool is_pe(struct span s)
{
	struct rd r = rd_at(s, false, 60, 4);
	uint32_t at = rd_le32(&r);
	return span_starts(s, SPAN_LIT("MZ")) && rd_ok(&r) && span_starts(span_from(s, at), SPAN_LIT("PE\0\0"));
}

static bool is_squashfs(struct span s)
{
	struct rd r = rd_at(s, false, 12, 20);
	uint32_t block = rd_le32(&r);
	rd_skip(&r, 4);
	uint16_t compression = rd_le16(&r);
	rd_skip(&r, 6);
	return span_starts(s, SPAN_LIT("hsqs")) && rd_ok(&r) && block >= 4096 && block <= 1 << 20 && !(block & (block - 1)) &&
	       compression >= 1 && compression <= 6 && rd_le16(&r) == 4;
}

static bool is_uimage(struct span s)
{
	struct rd r = rd_at(s, true, 28, 4);
	uint8_t os = rd_u8(&r), arch = rd_u8(&r), type = rd_u8(&r), compression = rd_u8(&r);
	return span_starts(s, SPAN_LIT("\x27\x05\x19\x56")) && rd_ok(&r) && os < 32 && arch && arch < 32 && type &&
	       type < 48 && compression < 8;
}

static bool is_cramfs(struct span s)
{
	return span_starts(s, SPAN_LIT("\x45\x3D\xCD\x28")) && span_starts(span_from(s, 16), SPAN_LIT("Compressed ROMFS"));
}

static bool is_script(struct span s)
{
	struct rd r = rd_of(span_from(span_cut(s, LOOK), 2));
	struct span line;
	if (!span_starts(s, SPAN_LIT("#!")) || !rd_until(&r, '\n', &line))
		return false;
	while (line.n && line.p[0] == ' ')
		line = span_from(line, 1);
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] < ' ' && line.p[i] != '\r')
			return false;
	return line.n > 2 && line.p[0] == '/';
}

static bool is_file(struct span s)
{
	return is_elf(rd_of(s)) || is_pe(s) || is_squashfs(s) || is_uimage(s) || is_cramfs(s) || is_script(s);
}

/* As far as it goes it begins like one. */
static bool may_be(struct span s)
{
	static const char *const begins[] = { "\177ELF", "MZ", "hsqs", "\x27\x05\x19\x56", "\x45\x3D\xCD\x28", "#!" };
	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		struct span begin = span_str(begins[i]);
		if (span_eq(span_cut(s, begin.n), span_cut(begin, s.n)))
			return s.n > 0;
	}
	return false;
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	if (!may_be(m->bytes))
		return (struct bid){ BID_NO };
	if (is_file(m->bytes))
		return (struct bid){ BID_LIKELY };
	return (struct bid){ m->bytes.n < LOOK && !m->closing ? BID_WAIT : BID_NO };
}

static struct frame frame(const struct message *m, void *state)
{
	(void)state;
	return (struct frame){ m->bytes.n ? m->bytes.n : 1, BODY_OPEN };
}

/* What the other end says to it is none. */
static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	if (is_file(m->bytes))
		emit_body(e, (struct body){
			.via = "raw", .data = m->bytes, .length = BODY_OPEN, .last = true, .to_server = m->to_server,
		});
	return true;
}

static const struct record_type *const types[] = { NULL };

const struct decoder decoder_raw_file = {
	.name = "raw", .doc = "A program or image sent as it is", .over = OVER_TCP,
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
