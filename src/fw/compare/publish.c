/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of a comparison: their texts live until they are published, and what is too much is counted. */
#include "fw/compare/compare.h"

#include <stdarg.h>
#include <stdio.h>

void compare_begin(struct comparison *c, struct record *r, const struct record_type *t)
{
	arena_reset(&c->line);
	record_begin(r, t, NULL, &c->host);
}

const char *compare_text(struct comparison *c, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct span s = span_of(text, n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	const char *copy = (const char *)arena_copy(&c->line, s).p;
	return copy ? copy : "";
}

void compare_publish(struct comparison *c, const struct record *r)
{
	if (c->published == COMPARE_CHANGES && r->type != &comparison_type && r->type != &verdict_type) {
		c->count[CMP_DROPPED]++;
		return;
	}
	c->published += r->type != &verdict_type;
	publish(c->to, r);
}
