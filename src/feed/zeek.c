/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zeek's tab-separated form: see zeek.h. */
#include "feed/zeek.h"

static void list(struct buf *b, const char *key, const char *words)
{
	buf_text(b, key);
	for (struct rd r = rd_of(span_str(words)); rd_left(&r);) {
		struct span word = rd_piece(&r, ' ');
		buf_text(b, "\t");
		buf_bytes(b, word);
	}
	buf_text(b, "\n");
}

void zeek_head(struct buf *b, const char *path, const char *fields, const char *types)
{
	buf_text(b, "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n");
	list(b, "#path", path);
	list(b, "#fields", fields);
	list(b, "#types", types);
}

void zeek_put(struct buf *b, struct span s)
{
	if (!s.n)
		buf_text(b, "-");
	feed_put_escaped(b, s, "\\");
	buf_text(b, "\t");
}

void zeek_uid(struct buf *b, uint64_t flow)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	buf_text(b, "C");
	for (int i = 0; i < 11; i++, flow /= 62)
		buf_u8(b, (uint8_t)digits[flow % 62]);
}

void zeek_row_end(struct buf *b)
{
	if (b->n && !b->full)
		b->p[b->n - 1] = '\n';
}
