/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layout for a terminal. */
#include "report/layout.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/scope.h"
#include "base/utf8.h"

void layout_tint(struct buf *b, const struct layout *l, enum tint t, const char *text)
{
	static const char *const codes[] = {
		[TINT_BOLD] = "\033[1m", [TINT_DIM] = "\033[2m", [TINT_RED] = "\033[1;31m", [TINT_YELLOW] = "\033[33m",
		[TINT_CYAN] = "\033[36m", [TINT_GREEN] = "\033[32m",
	};
	if (l->colour)
		buf_text(b, codes[t]);
	buf_text(b, text);
	if (l->colour)
		buf_text(b, "\033[0m");
}

/* A symbol beside the word: never by colour alone. */
void layout_severity(struct buf *b, const struct layout *l, enum severity s)
{
	static const struct {
		const char *symbol, *plain, *word;
		enum tint tint;
	} t[] = {
		[SEV_INFO] = { "·", ".", "INFO", TINT_DIM }, [SEV_LOW] = { "•", "-", "LOW", TINT_CYAN },
		[SEV_MEDIUM] = { "◆", "*", "MEDIUM", TINT_YELLOW }, [SEV_HIGH] = { "▲", "!", "HIGH", TINT_RED },
		[SEV_CRITICAL] = { "✖", "!!", "CRITICAL", TINT_RED },
	};
	char text[32];
	snprintf(text, sizeof(text), "%s %s", l->utf8 ? t[s].symbol : t[s].plain, t[s].word);
	layout_tint(b, l, t[s].tint, text);
}

/* Colour codes, which are ours, take no column. */
static unsigned columns_of(const char *text)
{
	struct rd r = rd_of(span_str(text));
	unsigned n = 0;
	while (rd_left(&r)) {
		uint32_t c = utf8_next(&r);
		struct span code;
		if (c == '\033' && rd_until(&r, 'm', &code))
			continue;
		n += utf8_columns(c);
	}
	return n;
}

void layout_wrap(struct buf *b, const struct layout *l, unsigned indent, const char *head, struct span text)
{
	unsigned width = l->columns ? l->columns : LAYOUT_COLUMNS, hang = indent + columns_of(head), column = hang;
	struct buf word = { 0 };
	struct rd r = rd_of(text);
	buf_fill(b, ' ', indent);
	buf_text(b, head);
	for (struct span s = rd_word(&r, " \n"); s.n; s = rd_word(&r, " \n")) {
		buf_reset(&word);
		unsigned w = show_text(&word, s, l->utf8, width > hang + 8 ? width - hang : 8);
		if (column > hang && column + 1 + w > width) {
			buf_text(b, "\n");
			buf_fill(b, ' ', hang);
			column = hang;
		} else if (column > hang) {
			buf_text(b, " ");
			column++;
		}
		buf_bytes(b, buf_span(&word));
		column += w;
	}
	buf_text(b, "\n");
	buf_done(&word);
}

void layout_duration(struct buf *b, uint64_t ns)
{
	uint64_t s = ns / 1000000000;
	if (s < 10)
		buf_printf(b, "%.1f s", (double)ns / 1e9);
	else if (s < 60)
		buf_printf(b, "%llu s", (unsigned long long)s);
	else if (s < 3600)
		buf_printf(b, "%llu min %llu s", (unsigned long long)(s / 60), (unsigned long long)(s % 60));
	else if (s < 86400)
		buf_printf(b, "%llu h %llu min", (unsigned long long)(s / 3600), (unsigned long long)(s / 60 % 60));
	else
		buf_printf(b, "%llu d %llu h", (unsigned long long)(s / 86400), (unsigned long long)(s / 3600 % 24));
}

void layout_bytes(struct buf *b, uint64_t n)
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB", "PB", "EB" };
	double v = (double)n;
	unsigned u = 0;
	for (; v >= 999.95 && u + 1 < ARRAY_LEN(units); u++)
		v /= 1000;
	buf_printf(b, u ? "%.1f %s" : "%.0f %s", v, units[u]);
}

void layout_count(struct buf *b, uint64_t n, const char *one, const char *many)
{
	buf_printf(b, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
}

void table_init(struct table *t, unsigned columns, const char *const *heads)
{
	*t = (struct table){ .columns = columns };
	arena_init(&t->arena, 0);
	for (unsigned i = 0; i < columns; i++)
		table_text(t, heads[i]);
}

void table_done(struct table *t)
{
	arena_done(&t->arena);
	free(t->cells);
	*t = (struct table){ 0 };
}

void table_cell(struct table *t, struct span text)
{
	if ((t->n & (t->n - 1)) == 0)
		t->cells = mem_grow(t->cells, t->n ? 2 * (size_t)t->n : 1, sizeof(*t->cells));
	t->cells[t->n++] = arena_copy(&t->arena, text);
}

void table_text(struct table *t, const char *text)
{
	table_cell(t, span_str(text));
}

void table_number(struct table *t, uint64_t v)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	t->right[t->n % t->columns] = true;
	table_text(t, text);
}

static void widths(const struct table *t, const struct layout *l, unsigned room, unsigned out[TABLE_MAX])
{
	struct buf sink = { 0 };
	unsigned total = TABLE_GAP * (t->columns - 1);
	memset(out, 0, TABLE_MAX * sizeof(out[0]));
	for (unsigned i = 0; i < t->n; i++) {
		buf_reset(&sink);
		unsigned w = show_text(&sink, t->cells[i], l->utf8, TABLE_COLUMNS);
		if (w > out[i % t->columns])
			out[i % t->columns] = w;
	}
	buf_done(&sink);
	for (unsigned c = 0; c < t->columns; c++)
		total += out[c];
	for (; total > room; total--) {
		unsigned widest = TABLE_MAX;
		for (unsigned c = 0; c < t->columns; c++)
			if (!t->whole[c] && out[c] > TABLE_LEAST && (widest == TABLE_MAX || out[c] > out[widest]))
				widest = c;
		if (widest == TABLE_MAX)
			return;
		out[widest]--;
	}
}

static void cell(const struct table *t, struct buf *b, const struct layout *l, unsigned i, unsigned width, bool last)
{
	struct buf text = { 0 };
	unsigned w = show_text(&text, t->cells[i], l->utf8, width);
	bool right = t->right[i % t->columns];
	if (right)
		buf_fill(b, ' ', width - w);
	buf_bytes(b, buf_span(&text));
	if (!last)
		buf_fill(b, ' ', TABLE_GAP + (right ? 0 : width - w));
	buf_done(&text);
}

void table_print(const struct table *t, struct buf *b, const struct layout *l, unsigned indent)
{
	unsigned width[TABLE_MAX];
	if (t->n <= t->columns)
		return;
	widths(t, l, TABLE_COLUMNS - indent, width);
	for (unsigned i = 0; i + t->columns <= t->n; i += t->columns) {
		buf_fill(b, ' ', indent);
		if (i == 0 && l->colour)
			buf_text(b, "\033[1m");
		for (unsigned c = 0; c < t->columns; c++)
			cell(t, b, l, i + c, width[c], c + 1 == t->columns);
		if (i == 0 && l->colour)
			buf_text(b, "\033[0m");
		buf_text(b, "\n");
	}
}
