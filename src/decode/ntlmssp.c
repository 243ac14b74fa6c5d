/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NTLM messages ([MS-NLMP] 2.2.1.1 to 2.2.1.3; pairs of 2.2.2.1, version 2.2.2.10). */
#include "decode/ntlmssp.h"

#include "decode/utf16.h"

enum {
	SIGNATURE = 8, FLAG_UNICODE = 0x1, FLAG_VERSION = 0x02000000, PAIRS_MAX = 16, PAIR_COMPUTER = 1, PAIR_DNS_COMPUTER = 3,
	FIELD_MAX = 512,
};

/* Length, room and offset: where in the message a text lies. */
static struct span field(struct rd *r, struct span whole)
{
	uint16_t length = rd_le16(r);
	rd_skip(r, 2);
	uint32_t offset = rd_le32(r);
	struct rd at = rd_at(whole, false, offset, length < FIELD_MAX ? length : FIELD_MAX);
	return rd_rest(&at);
}

static struct span text(struct span s, bool unicode, struct arena *a)
{
	return unicode ? utf16_text(s, a) : arena_copy(a, s);
}

static struct span system_of(struct rd r, uint32_t flags, struct arena *a)
{
	uint8_t major = rd_u8(&r), minor = rd_u8(&r);
	uint16_t build = rd_le16(&r);
	if (!(flags & FLAG_VERSION) || !rd_ok(&r) || !major || !build)
		return (struct span){ 0 };
	return span_str(arena_printf(a, "Windows %u.%u.%u", major, minor, build));
}

/* The computer's DNS name when it is there, else its NetBIOS name: always UTF-16. */
static struct span computer(struct span pairs, struct arena *a)
{
	struct rd r = rd_of(pairs);
	struct span name = { 0 };
	for (int i = 0; rd_left(&r) && i < PAIRS_MAX; i++) {
		uint16_t id = rd_le16(&r);
		struct span value = rd_span(&r, rd_le16(&r));
		if (!rd_ok(&r) || !id)
			break;
		if (id == PAIR_COMPUTER && !name.n)
			name = utf16_text(value, a);
		if (id == PAIR_DNS_COMPUTER && value.n)
			name = utf16_text(value, a);
	}
	return name;
}

static void challenge(struct rd r, struct span whole, struct ntlm *out, struct arena *a)
{
	(void)field(&r, whole);
	uint32_t flags = rd_le32(&r);
	rd_skip(&r, 8 + 8);
	out->machine = computer(field(&r, whole), a);
	out->system = system_of(r, flags, a);
}

static void authenticate(struct rd r, struct span whole, struct ntlm *out, struct arena *a)
{
	(void)field(&r, whole);
	(void)field(&r, whole);
	struct span domain = field(&r, whole), user = field(&r, whole), machine = field(&r, whole);
	(void)field(&r, whole);
	uint32_t flags = rd_le32(&r);
	bool unicode = flags & FLAG_UNICODE;
	if (!rd_ok(&r))
		return;
	out->domain = text(domain, unicode, a);
	out->user = text(user, unicode, a);
	out->machine = text(machine, unicode, a);
	out->system = system_of(r, flags, a);
}

struct ntlm ntlm_find(struct span blob, struct arena *a)
{
	struct ntlm out = { .kind = NTLM_NONE };
	const uint8_t *at = blob.n ? memmem(blob.p, blob.n, "NTLMSSP", SIGNATURE) : NULL;
	if (!at)
		return out;
	struct span whole = span_from(blob, (size_t)(at - blob.p));
	struct rd r = rd_of(whole);
	rd_skip(&r, SIGNATURE);
	uint32_t kind = rd_le32(&r);
	if (!rd_ok(&r) || kind < NTLM_NEGOTIATE || kind > NTLM_AUTHENTICATE)
		return out;
	out.kind = (enum ntlm_kind)kind;
	if (kind == NTLM_CHALLENGE)
		challenge(r, whole, &out, a);
	else if (kind == NTLM_AUTHENTICATE)
		authenticate(r, whole, &out, a);
	return out;
}
