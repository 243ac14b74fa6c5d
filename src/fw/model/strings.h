/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts in any content: ASCII and UTF-8 as one kind, UTF-16 in both byte orders, each with its offset. */
#pragma once

#include "record/record.h"

enum string_form { STRING_ASCII, STRING_UTF8, STRING_UTF16LE, STRING_UTF16BE };

struct string {
	uint64_t offset;
	struct span bytes;                       /* as they stand in the content */
	enum string_form form;
	uint32_t characters;
};

struct strings {                                 /* goes through s once */
	struct span s;
	size_t at;
	unsigned least;                          /* characters */
};

/* The next text of at least `least` characters; false at the end. */
bool strings_next(struct strings *t, struct string *out) __attribute__((warn_unused_result));
const char *string_form_name(enum string_form f);

/* As a text is told: where it stands, and what refers to it. */
enum use_field { USE_BY, USE_FUNCTION, USE_SITE, USE_CALLEE, USE_ARGUMENT };
enum string_field {
	TXT_WHERE, TXT_PATH, TXT_OFFSET, TXT_ADDRESS, TXT_SECTION, TXT_ENCODING, TXT_CHARACTERS, TXT_TEXT, TXT_WITHHELD,
	TXT_USES,
	TXT_USES_DROPPED
};
extern const struct record_type use_type, string_type;
