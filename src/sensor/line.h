/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of a log, as values with the path they stand under: JSON (RFC 8259) of any nesting, or Zeek's
 * tab-separated form. Both give the same: Zeek's column "id.orig_h" and JSON's {"id":{"orig_h":…}} share a key. */
#pragma once

#include "base/mem.h"

enum { LINE_VALUES = 192, LINE_DEPTH = 8, LINE_COLUMNS = 128 };

enum line_kind { LINE_TEXT, LINE_NUMBER, LINE_TRUE, LINE_FALSE, LINE_NULL };

struct line_value {
	uint64_t key;                            /* line_key() of its path; elements of a list have the list's */
	struct span text;                        /* as it stands there: line_text() undoes escapes */
	enum line_kind kind;
};

struct line {
	struct line_value v[LINE_VALUES];
	unsigned n;
	unsigned dropped;                        /* values beyond LINE_VALUES */
	bool tsv;
};

/* Of a path in dots: "flow.pkts_toserver". */
uint64_t line_key(struct span path);

/* False: no whole JSON object (what was read before stands in l). */
bool line_json(struct span text, struct line *l);

/* The head lines ("#fields" …) that the rows behind them need. */
struct columns {
	uint64_t key[LINE_COLUMNS];
	bool list[LINE_COLUMNS];
	unsigned n;
	uint8_t separator, set_separator;
	char unset[16], empty[16];
	char path[32];                           /* which log: "conn" */
};

void columns_reset(struct columns *c);
/* A line that begins with '#'. */
void columns_head(struct columns *c, struct span text);
bool line_tsv(const struct columns *c, struct span text, struct line *l);

/* Without escapes; borrowed from the line, or of the arena. Bytes that are no UTF-8 stay as they are. */
struct span line_text(const struct line *l, const struct line_value *v, struct arena *a);
