/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration: `[section name]` and `key = value` lines, # and ; open comment lines. What may stand
 * in it is told by tables of keys, from which checking and documentation come; every error is
 * reported at once as "file:line: key: what was expected". */
#pragma once

#include "base/buf.h"

enum conf_type { CONF_TEXT, CONF_NUM, CONF_BOOL, CONF_CHOICE };

/* One key that may stand in a section. Tables end with { NULL }. */
struct conf_key {
	const char *section;                     /* "zone" */
	const char *name;                        /* NULL: the section has none; "*": any; else only this one */
	const char *key;
	enum conf_type type;
	const char *doc;
	const char *fallback;                    /* as text, for the documentation; NULL: none */
	double min, max;                         /* CONF_NUM */
	const char *expected;                    /* CONF_CHOICE: "one|two"; CONF_TEXT: what fits wants, in words */
	bool (*fits)(const char *text);          /* CONF_TEXT: NULL takes any */
	bool repeat;                             /* several lines, or a list with commas */
};

enum { CONF_SIZE_MAX = 1 << 20, CONF_ERRORS_MAX = 100 };

struct conf;
struct conf_section;

/* tables: NULL-terminated, must outlive the conf. 0 and *out owned by the caller; or negative errno with
 * a line for each error in errors. -EINVAL: the text is wrong. */
int conf_read(const char *path, const struct conf_key *const *tables, struct conf **out, struct buf *errors)
	__attribute__((warn_unused_result));
int conf_parse(struct span text, const char *file, const struct conf_key *const *tables, struct conf **out,
	       struct buf *errors) __attribute__((warn_unused_result));
void conf_free(struct conf *c);

/* Sections of that kind in the order of the file; after NULL: the first. NULL: no more. c may be NULL. */
const struct conf_section *conf_each(const struct conf *c, const char *section, const struct conf_section *after);
const struct conf_section *conf_find(const struct conf *c, const char *section, const char *name);
const char *conf_name(const struct conf_section *s);     /* "" when it has none */

/* Values; s may be NULL. item counts from 0 over repeated lines and comma lists; NULL behind the last. */
const char *conf_item(const struct conf_section *s, const char *key, unsigned item);
const char *conf_text(const struct conf_section *s, const char *key, const char *fallback);
double      conf_num(const struct conf_section *s, const char *key, double fallback);
bool        conf_bool(const struct conf_section *s, const char *key, bool fallback);

/* The reference of the tables' keys, as plain text for a manual. */
void conf_doc(struct buf *b, const struct conf_key *const *tables);
