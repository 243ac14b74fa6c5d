/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text within SVG, whose fonts nobody knows here. Text of strangers is escaped, and what turns or hides the text around
 * it is shown by its number. */
#pragma once

#include "base/buf.h"

enum { SVG_FONT = 12, SVG_TEXT = 400 };          /* size of a letter; bytes of one text that are looked at */

void   svg_escape(struct buf *out, struct span s);
/* A little more than the widest of the usual sans-serif fonts takes: text that fits by this fits. */
double svg_width(struct span s);
/* s, or as much of it as fits with an ellipsis; not escaped yet. */
void   svg_cut(struct buf *b, struct span s, double room);
/* A line of text; class: "" for none. */
void   svg_text(struct buf *out, double x, double y, const char *class, struct span s);
void   svg_str(struct buf *out, double x, double y, const char *class, const char *s);
