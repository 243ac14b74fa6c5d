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

/* Zeros stand on both sides of each letter: a text whose first zero ends what lies before it, in the other order. A
 * program's wide texts lie at even places. */
static bool is_order_of_next(struct span here, size_t at, uint32_t characters)
{
	uint32_t other;
	(void)run_utf16(span_from(here, 1), false, &other);
	return at % 2 && other >= characters;
}

bool strings_next(struct strings *t, struct string *out)
{
	while (t->at < t->s.n) {
		struct span here = span_from(t->s, t->at);
		uint32_t characters;
		bool ascii, wide_le = here.n > 3 && here.p[1] == 0 && is_plain(here.p[0]),
			    wide_be = here.n > 3 && here.p[0] == 0 && is_plain(here.p[1]);
		if (wide_le || wide_be) {
			size_t n = run_utf16(here, wide_be, &characters);
			if (wide_be && is_order_of_next(here, t->at, characters)) {
				t->at++;
				continue;
			}
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

static const struct field use_fields[] = {
	[USE_BY] = { "by", F_TEXT, "call (seen while it was executed), code or table" },
	[USE_FUNCTION] = { "function", F_TEXT, "its symbol, or sub_ADDRESS" },
	[USE_SITE] = { "site", F_UINT, "address of the call, the instruction or the table's word" },
	[USE_CALLEE] = { "callee", F_TEXT, "function that is called with it" },
	[USE_ARGUMENT] = { "argument", F_TEXT, "which argument it is, or is part of" },
};
RECORD_TYPE(use_type, "use", "A place that refers to a text", use_fields);

static const struct field string_fields[] = {
	[TXT_WHERE] = { "where", F_TEXT, "the member, through all containers" },
	[TXT_PATH] = { "path", F_TEXT, "the member in its own tree" },
	[TXT_OFFSET] = { "offset", F_UINT, "in the member", "By" },
	[TXT_ADDRESS] = { "address", F_UINT, "as the program is linked" },
	[TXT_SECTION] = { "section", F_TEXT, "section; without sections the rights of its segment" },
	[TXT_ENCODING] = { "encoding", F_TEXT, "ASCII, UTF-8, UTF-16 little-endian or big-endian" },
	[TXT_CHARACTERS] = { "characters", F_UINT, "length" },
	[TXT_TEXT] = { "text", F_TEXT, "its start; secrets as ***" },
	[TXT_WITHHELD] = { "withheld", F_TEXT, "what *** stands for" },
	[TXT_USES] = { "uses", F_RECORDS, "what refers to it", .nested = &use_type },
	[TXT_USES_DROPPED] = { "uses_dropped", F_UINT, "references past the cap" },
};
const struct record_type string_type = {
	.name = "string", .doc = "A text in a member of an image",
	.fields = string_fields, .nfields = ARRAY_LEN(string_fields), .working = true,
};
