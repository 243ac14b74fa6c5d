/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XML 1.0 cut into tags and text, as far as messages of devices need it: no tree, no entities of their own, no
 * document types. Everything borrows; each step consumes input. */
#pragma once

#include "base/mem.h"

enum xml_kind { XML_END, XML_OPEN, XML_CLOSE, XML_EMPTY, XML_TEXT };

struct xml_part {
	enum xml_kind kind;
	struct span name;                        /* without its prefix */
	struct span attributes;                  /* behind the name */
	struct span text;                        /* XML_TEXT: without white space around it, never empty */
	struct span all;                         /* the part as it stands, markup and all */
};

struct xml {
	struct rd r;
};

/* Of a tag: its markup and name, without attributes. */
static inline struct span xml_tag(const struct xml_part *p)
{
	return span_cut(p->all, p->name.n ? (size_t)(p->name.p + p->name.n - p->all.p) : 0);
}

static inline struct xml xml_of(struct span s)
{
	return (struct xml){ rd_of(s) };
}

/* The next tag or text. XML_END at the end, or where a tag is not finished. Declarations, processing instructions
 * and comments are passed over. */
struct xml_part xml_next(struct xml *x);
/* Value of the attribute of that name (without prefix); empty when it is not there. */
struct span xml_attribute(struct span attributes, const char *name);
/* With the five predefined entities and ASCII character references replaced; in the arena when there are any. */
struct span xml_plain(struct arena *a, struct span s);
