/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-16 to UTF-8 (RFC 2781, RFC 3629). */
#include "decode/utf16.h"

enum { CHARS_MAX = 2048, REPLACEMENT = 0xFFFD };

static bool is_half(uint32_t c, uint32_t first)
{
	return c >= first && c < first + 0x400;
}

static size_t put(uint8_t *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
	for (size_t i = n - 1; i; i--, c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3F));
	out[0] = (uint8_t)(lead[n] | c);
	return n;
}

static uint32_t unit(struct rd *r, bool big)
{
	return big ? rd_be16(r) : rd_le16(r);
}

static struct span convert(struct span s, bool big, bool whole, struct arena *a)
{
	struct rd r = rd_of(s);
	uint8_t *out = arena_new(a, rd_left(&r) / 2 * 3 + 1);
	size_t n = 0;
	while (out && rd_left(&r) >= 2) {
		uint32_t c = unit(&r, big);
		if (!c && !whole)
			break;
		if (is_half(c, 0xD800)) {
			struct rd next = r;
			uint32_t low = unit(&next, big);
			bool pair = rd_ok(&next) && is_half(low, 0xDC00);
			c = pair ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00) : REPLACEMENT;
			if (pair)
				r = next;
		} else if (is_half(c, 0xDC00)) {
			c = REPLACEMENT;
		}
		n += put(out + n, c);
	}
	return span_of(out, n);
}

struct span utf16_text(struct span s, struct arena *a)
{
	return convert(span_cut(s, CHARS_MAX * 2), false, false, a);
}

struct span utf16_all(struct span s, bool big, struct arena *a)
{
	return convert(s, big, true, a);
}
