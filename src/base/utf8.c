/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 (RFC 3629) and what of Unicode a terminal must not see raw. */
#include "base/utf8.h"

#include <stdlib.h>

#include "base/scope.h"

/* Bytes behind a lead byte and the bounds of the first of them: rules out overlong forms, surrogates
 * and what lies past U+10FFFF (Unicode 15 table 3-7). */
struct lead {
	uint8_t from, to, more, low, high;
};

static const struct lead leads[] = {
	{ 0xC2, 0xDF, 1, 0x80, 0xBF }, { 0xE0, 0xE0, 2, 0xA0, 0xBF }, { 0xE1, 0xEC, 2, 0x80, 0xBF },
	{ 0xED, 0xED, 2, 0x80, 0x9F }, { 0xEE, 0xEF, 2, 0x80, 0xBF }, { 0xF0, 0xF0, 3, 0x90, 0xBF },
	{ 0xF1, 0xF3, 3, 0x80, 0xBF }, { 0xF4, 0xF4, 3, 0x80, 0x8F },
};

static const struct lead *lead_of(uint8_t b)
{
	for (size_t i = 0; i < ARRAY_LEN(leads); i++)
		if (b >= leads[i].from && b <= leads[i].to)
			return &leads[i];
	return NULL;
}

uint32_t utf8_next(struct rd *r)
{
	uint8_t b = rd_u8(r);
	if (b < 0x80)
		return b;
	const struct lead *l = lead_of(b);
	if (!l)
		return UTF8_BAD;
	uint32_t c = b & (0x3Fu >> l->more);
	for (unsigned i = 0; i < l->more; i++) {
		uint8_t next = rd_peek(r);
		if (next < (i ? 0x80 : l->low) || next > (i ? 0xBF : l->high))
			return UTF8_BAD;
		c = c << 6 | (rd_u8(r) & 0x3F);
	}
	return c;
}

struct range {
	uint32_t from, to;
};

static bool in_ranges(const struct range *t, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= t[i].from && c <= t[i].to)
			return true;
	return false;
}

bool utf8_is_unsafe(uint32_t c)
{
	static const struct range unsafe[] = {
		{ 0x00, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD }, { 0x34F, 0x34F }, { 0x61C, 0x61C }, { 0x115F, 0x1160 },
		{ 0x17B4, 0x17B5 }, { 0x180B, 0x180F }, { 0x200B, 0x200F }, { 0x2028, 0x202E }, { 0x2060, 0x206F },
		{ 0x3164, 0x3164 }, { 0xFDD0, 0xFDEF }, { 0xFE00, 0xFE0F }, { 0xFEFF, 0xFEFF }, { 0xFFA0, 0xFFA0 },
		{ 0xFFF0, 0xFFFB }, { 0xE0000, 0xE0FFF },
	};
	if (c >= 0x20 && c < 0x7F)
		return false;
	return (c & 0xFFFE) == 0xFFFE || in_ranges(unsafe, ARRAY_LEN(unsafe), c);
}

unsigned utf8_columns(uint32_t c)
{
	static const struct range none[] = {
		{ 0x300, 0x36F }, { 0x483, 0x489 }, { 0x591, 0x5BD }, { 0x610, 0x61A }, { 0x64B, 0x65F }, { 0xE31, 0xE31 },
		{ 0xE34, 0xE3A }, { 0xE47, 0xE4E }, { 0x1AB0, 0x1AFF }, { 0x1DC0, 0x1DFF }, { 0x20D0, 0x20FF }, { 0xFE20, 0xFE2F },
	};
	static const struct range wide[] = {
		{ 0x1100, 0x115F }, { 0x2E80, 0xA4CF }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF }, { 0xFE30, 0xFE6F },
		{ 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1F64F }, { 0x1F900, 0x1F9FF }, { 0x20000, 0x3FFFD },
	};
	if (c < 0x300)
		return 1;
	if (in_ranges(none, ARRAY_LEN(none), c))
		return 0;
	return in_ranges(wide, ARRAY_LEN(wide), c) ? 2 : 1;
}

void utf8_put(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_u8(b, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_u8(b, (uint8_t)(0xC0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_u8(b, (uint8_t)(0xE0 | c >> 12));
		} else {
			buf_u8(b, (uint8_t)(0xF0 | c >> 18));
			buf_u8(b, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
		}
		buf_u8(b, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
	}
	buf_u8(b, (uint8_t)(0x80 | (c & 0x3F)));
}

/* One character as it may be shown, NUL-terminated; returns its columns. */
static unsigned show_one(struct rd *r, bool utf8, char out[16])
{
	const struct rd before = *r;
	uint32_t c = utf8_next(r);
	size_t used = rd_left(&before) - rd_left(r);
	if (c == UTF8_BAD && used != 3)
		return (unsigned)snprintf(out, 16, "\\x%02x", rd_peek(&before));
	if (utf8_is_unsafe(c))
		return (unsigned)snprintf(out, 16, c < 0x100 ? "\\x%02x" : "\\u{%x}", c);
	if (c >= 0x80 && !utf8)
		return (unsigned)snprintf(out, 16, "\\u{%x}", c);
	memcpy(out, before.p, used);
	out[used] = '\0';
	return utf8_columns(c);
}

unsigned show_text(struct buf *b, struct span s, bool utf8, unsigned columns)
{
	struct rd r = rd_of(s);
	unsigned used = 0, kept = 0;
	size_t mark = b->n;                      /* where "..." would go */
	while (rd_left(&r)) {
		char one[16];
		unsigned w = show_one(&r, utf8, one);
		if (columns && used + w > columns) {
			if (b->full)
				return used;
			b->n = mark;
			buf_text(b, columns >= 3 ? "..." : "");
			return columns >= 3 ? kept + 3 : kept;
		}
		buf_text(b, one);
		used += w;
		if (columns && used + 3 <= columns) {
			mark = b->n;
			kept = used;
		}
	}
	return used;
}

bool show_locale_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *v = getenv(names[i]);
		if (v && *v)
			return strcasestr(v, "utf-8") || strcasestr(v, "utf8");
	}
	return false;
}

bool show_color(const char *mode, int fd)
{
	if (mode && strcmp(mode, "always") == 0)
		return true;
	if (mode && strcmp(mode, "never") == 0)
		return false;
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	return !(no && *no) && !(term && strcmp(term, "dumb") == 0) && isatty(fd);
}
