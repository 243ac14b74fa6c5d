/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of printable characters. A run of UTF-16 is tried where a printable character and a zero byte alternate. */
#include "fw/model/strings.h"

#include "base/utf8.h"

static bool is_plain(uint32_t c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\t';
}

/* Characters of UTF-8 from the front of s. */
static size_t run_utf8(struct span s, uint32_t *characters, bool *ascii)
{
	struct rd r = rd_of(s);
	*characters = 0;
	*ascii = true;
	while (rd_left(&r)) {
		struct rd before = r;
		uint8_t first = rd_peek(&r);
		uint32_t c = first < 0x80 ? rd_u8(&r) : utf8_next(&r);
		if (first < 0x80 ? !is_plain(c) : c == UTF8_BAD || utf8_is_unsafe(c)) {
			r = before;
			break;
		}
		*ascii = *ascii && first < 0x80;
		++*characters;
	}
	return s.n - rd_left(&r);
}

/* Latin letters in UTF-16: other scripts cannot be told from numbers in a program. */
static size_t run_utf16(struct span s, bool big, uint32_t *characters)
{
	struct rd r = rd_of(s);
	*characters = 0;
	while (rd_left(&r) >= 2) {
		struct rd before = r;
		uint16_t c = big ? rd_be16(&r) : rd_le16(&r);
		if (!is_plain(c) && !(c >= 0xa0 && c < 0x180)) {
			r = before;
			break;
		}
		++*characters;
	}
	return (size_t)*characters * 2;
}

bool strings_next(struct strings *t, struct string *out)
{
	while (t->at < t->s.n) {
		struct span here = span_from(t->s, t->at);
		uint32_t characters;
		bool ascii, wide_le = here.n > 3 && here.p[1] == 0 && is_plain(here.p[0]), wide_be = here.n > 3 && here.p[0] == 0 && is_plain(here.p[1]);
		if (wide_le || wide_be) {
			size_t n = run_utf16(here, wide_be, &characters);
			if (characters >= t->least) {
				*out = (struct string){ t->at, span_cut(here, n), wide_be ? STRING_UTF16BE : STRING_UTF16LE, characters };
				t->at += n;
				return true;
			}
		}
		size_t n = run_utf8(here, &characters, &ascii);
		if (characters >= t->least) {
			*out = (struct string){ t->at, span_cut(here, n), ascii ? STRING_ASCII : STRING_UTF8, characters };
			t->at += n;
			return true;
		}
		t->at += n ? n : 1;
	}
	return false;
}

const char *string_form_name(enum string_form f)
{
	static const char *const names[] = { "ASCII", "UTF-8", "UTF-16 little-endian", "UTF-16 big-endian" };
	return names[f];
}
