/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of a log, as values with the path they stand under: JSON (RFC 8259) of any nesting, or Zeek's
 * tab-separated form. Both give the same: Zeek's column "id.orig_h" and JSON's {"id":{"orig_h":…}} share a key. */
#pragma once

#include "base/mem.h"

enum { LINE_VALUES = 192, LINE_DEPTH = 8, LINE_COLUMNS = 128, LINE_NAMES = 128, NAME_SLOTS = 512 };

/* The paths that somebody wants, with numbers from 1 on. What stands under others is stepped over. */
struct names {
	uint64_t key[NAME_SLOTS];                /* open addressing: a quarter full at most */
	uint8_t number[NAME_SLOTS];              /* 0: free */
	unsigned n;
};

/* The number of a path in dots, "flow.pkts_toserver", which is the same for the same path. 0: there is no room. */
unsigned names_add(struct names *w, struct span path);

enum line_kind { LINE_TEXT, LINE_NUMBER, LINE_TRUE, LINE_FALSE, LINE_NULL };

struct line_value {
	struct span text;                        /* as it stands there: line_text() undoes escapes */
	uint8_t name;                            /* number of its path; elements of a list have the list's */
	uint8_t kind;                            /* enum line_kind */
	bool escaped;                            /* there is a backslash in it */
};

struct line {
	struct line_value v[LINE_VALUES];
	unsigned n;
	unsigned dropped;                        /* values beyond LINE_VALUES */
	bool plain;                              /* nothing in it is escaped, and no value is null */
	uint8_t first[LINE_NAMES];               /* by name: index + 1 of the first value, 0: none */
	bool tsv;
};

/* NULL: the line has none of that name. */
static inline const struct line_value *line_value(const struct line *l, unsigned name)
{
	return l->first[name] ? &l->v[l->first[name] - 1] : NULL;
}

enum { SHAPES = 8, SHAPE_PARTS = 64, SHAPE_BYTES = 1536, SHAPE_CREDIT = 64, SHAPE_RETRY = 32 };

/* How a line of a log was laid out: what stands between its values. A sensor writes most lines alike, and a line of the
 * same shape is read by comparing that instead of taking it apart. */
struct shape {
	struct shape_part {
		uint16_t bytes;                  /* of what stands in front of the value */
		uint8_t name;                    /* of the value, 0: nobody wants it */
		uint8_t fixed;                   /* bytes of the value itself, when it belongs to the shape */
		bool text;                       /* it is a string */
	} part[SHAPE_PARTS];
	unsigned n;                              /* 0: free */
	uint8_t first[LINE_NAMES];               /* as in the lines that fit */
	uint16_t bytes;
	uint8_t between[SHAPE_BYTES];
};

/* The shapes of late. A log whose lines are all different is soon read without them. */
struct shapes {
	struct shape v[SHAPES];
	unsigned latest, next;                   /* which fitted; which gives way */
	unsigned misses;                         /* less what hits paid back */
	unsigned fixed;                          /* a name whose values are part of the shape: what kind of line it is */
};

/* False: no whole JSON object (what was read before stands in l). s may be NULL. */
bool line_json(const struct names *w, struct shapes *s, struct span text, struct line *l);

/* The head lines ("#fields" …) that the rows behind them need. */
struct columns {
	uint8_t name[LINE_COLUMNS];              /* 0: nobody wants it */
	bool list[LINE_COLUMNS];
	unsigned n;
	uint8_t separator, set_separator;
	char unset[16], empty[16];
	char path[32];                           /* which log: "conn" */
};

void columns_reset(struct columns *c);
/* A line that begins with '#'. */
void columns_head(struct columns *c, const struct names *w, struct span text);
bool line_tsv(const struct columns *c, struct span text, struct line *l);

struct span line_unescape(const struct line *l, const struct line_value *v, struct arena *a);

/* Without escapes; borrowed from the line, or of the arena. Bytes that are no UTF-8 stay as they are. */
static inline struct span line_text(const struct line *l, const struct line_value *v, struct arena *a)
{
	return v->escaped ? line_unescape(l, v, a) : v->text;
}
