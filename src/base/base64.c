/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base 64, decoding only. */
#include "base/base64.h"

enum { NO_DIGIT = 64 };

static uint8_t digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0' + 52);
	return c == '+' ? 62 : c == '/' ? 63 : NO_DIGIT;
}

size_t base64_decode(struct span text, uint8_t *out, size_t room)
{
	struct rd r = rd_of(text);
	uint32_t held = 0;
	unsigned bits = 0;
	size_t n = 0;
	while (rd_left(&r) && n < room) {
		uint8_t d = digit(rd_u8(&r));
		if (d == NO_DIGIT)
			break;
		held = held << 6 | d;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (uint8_t)(held >> bits);
		}
	}
	return n;
}
