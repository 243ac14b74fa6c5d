/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text laid out for a terminal: wrapped paragraphs, aligned tables, colours, sizes and times in words.
 * All of it escapes what strangers sent. */
#pragma once

#include "base/buf.h"
#include "base/mem.h"
#include "finding/finding.h"

struct layout {
	bool colour, utf8;
	unsigned columns;                        /* 0: 96 */
};

enum { LAYOUT_COLUMNS = 96, TABLE_COLUMNS = 100, TABLE_MAX = 12, TABLE_GAP = 2, TABLE_LEAST = 8 };

enum tint { TINT_BOLD, TINT_DIM, TINT_RED, TINT_YELLOW, TINT_CYAN, TINT_GREEN };

void layout_tint(struct buf *b, const struct layout *l, enum tint t, const char *text);   /* our own text */
void layout_severity(struct buf *b, const struct layout *l, enum severity s);   /* symbol and word */
/* `head`, our own text, stands at `indent`; the text follows it, its other lines indented by indent + columns
 * of head. Ends the line. */
void layout_wrap(struct buf *b, const struct layout *l, unsigned indent, const char *head, struct span text);
void layout_duration(struct buf *b, uint64_t ns);        /* "4 min 12 s" */
void layout_bytes(struct buf *b, uint64_t n);            /* "1.2 MB" */
void layout_count(struct buf *b, uint64_t n, const char *one, const char *many);

struct table {
	unsigned columns, n;                     /* n: cells so far, row by row, the heads first */
	struct span *cells;
	struct arena arena;
	bool right[TABLE_MAX];                   /* numbers */
	bool whole[TABLE_MAX];                   /* not cut: an id is of no use when its end is missing */
};

void table_init(struct table *t, unsigned columns, const char *const *heads);
void table_done(struct table *t);
void table_cell(struct table *t, struct span text);      /* copied */
void table_text(struct table *t, const char *text);      /* NULL: empty */
void table_number(struct table *t, uint64_t v);
/* At most TABLE_COLUMNS wide: the widest columns are cut first, to eight at least. Nothing when there is no row. */
void table_print(const struct table *t, struct buf *b, const struct layout *l, unsigned indent);
