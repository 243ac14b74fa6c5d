/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text from strangers: UTF-8 read strictly (Unicode 15 §3.9, U+FFFD per maximal bad part), and what
 * must never reach a terminal or a page as it is: controls, bidirectional and invisible characters. */
#pragma once

#include "base/buf.h"

enum { UTF8_BAD = 0xFFFD };

uint32_t utf8_next(struct rd *r);                /* consumes at least a byte; UTF8_BAD for a bad part */
bool     utf8_is_unsafe(uint32_t c);             /* controls, bidi, zero width, line separators, tags, non-characters */
unsigned utf8_columns(uint32_t c);               /* 0 combining, 2 East Asian wide, else 1 */
void     utf8_put(struct buf *b, uint32_t c);

/* For people: unsafe characters as \xNN or \u{NNNN}, bad bytes as \xNN; without utf8 every other
 * character than ASCII as \u{NNNN}. Cut to `columns` with "..." (0: whole). Returns the columns used. */
unsigned show_text(struct buf *b, struct span s, bool utf8, unsigned columns);
bool     show_locale_utf8(void);                 /* LC_ALL, LC_CTYPE or LANG ask for UTF-8 */
bool     show_color(const char *mode, int fd);   /* "always", "never", else tty without NO_COLOR */
