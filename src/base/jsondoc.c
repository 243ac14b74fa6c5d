/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounded reading of JSON: a walk over the bytes first, which knows texts and brackets alone. */
#include "base/jsondoc.h"

#include <stdio.h>

enum { PLACES = 64 };

struct scan {
	unsigned depth;
	size_t values, line;
	const char *bad;
};

static void scan_text(struct rd *r)
{
	while (rd_left(r)) {
		uint8_t c = rd_u8(r);
		if (c == '"')
			return;
		if (c == '\\')
			rd_skip(r, rd_left(r) ? 1 : 0);
	}
}

static void scan_byte(struct scan *s, uint8_t c)
{
	if (c == '\n')
		s->line++;
	if (c == ']' || c == '}')
		s->depth -= s->depth > 0;
	if (c == ',' || c == '[' || c == '{')
		s->values++;
	if ((c == '[' || c == '{') && ++s->depth > JSONDOC_DEPTH)
		s->bad = "lists and objects are nested too deeply";
	if (s->values > JSONDOC_VALUES)
		s->bad = "too many values";
}

json_t *jsondoc_read(struct span text, char err[JSONDOC_ERR])
{
	struct rd r = rd_of(text);
	struct scan s = { .line = 1 };
	json_error_t at;
	if (text.n > JSONDOC_BYTES) {
		snprintf(err, JSONDOC_ERR, "larger than %d MiB", JSONDOC_BYTES >> 20);
		return NULL;
	}
	while (rd_left(&r) && !s.bad) {
		uint8_t c = rd_u8(&r);
		if (c == '"')
			scan_text(&r);
		else
			scan_byte(&s, c);
	}
	if (s.bad) {
		snprintf(err, JSONDOC_ERR, "line %zu: %s", s.line, s.bad);
		return NULL;
	}
	if (span_starts(text, SPAN_LIT("\xef\xbb\xbf")))         /* RFC 8259 §8.1: a reader may ignore the mark */
		text = span_from(text, 3);
	json_t *root = json_loadb(text.n ? (const char *)text.p : "", text.n, JSON_REJECT_DUPLICATES, &at);
	if (!root)
		snprintf(err, JSONDOC_ERR, "line %d, column %d: not JSON: %.120s", at.line, at.column, at.text);
	return root;
}

/* RFC 6901 §3: "~" and "/" in a key are written ~0 and ~1. */
static void show_key(struct buf *b, const char *key)
{
	for (; *key; key++) {
		if (*key == '~' || *key == '/')
			buf_text(b, *key == '~' ? "~0" : "~1");
		else
			buf_u8(b, (uint8_t)*key);
	}
}

void place_show(struct buf *b, const struct place *p)
{
	const struct place *up[PLACES];
	unsigned n = 0;
	for (; p && n < PLACES; p = p->up)
		up[n++] = p;
	while (n--) {
		buf_text(b, "/");
		if (up[n]->key)
			show_key(b, up[n]->key);
		else
			buf_printf(b, "%zu", up[n]->index);
	}
}
