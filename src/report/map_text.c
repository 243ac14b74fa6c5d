/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies where, in a terminal: a table for each member in which something was found; for an image of several parts a
 * strip of its entropy over a scale first, and the partitions it names. */
#include "report/flash_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "fw/unpack/records.h"

enum { MARGIN = 2, MARKS = 8, ROWS_MAX = 60, TABLES_SHOWN = 40, COLUMNS = 5 };

static unsigned columns_for(const struct flash_map *m, const struct layout *l)
{
	unsigned room = (l->columns ? l->columns : LAYOUT_COLUMNS) - 2 * MARGIN;
	return m->fill.n < room ? (unsigned)m->fill.n : room;
}

static void put_step(struct buf *out, const struct layout *l, double bits, char fill)
{
	static const char *const blocks[] = { "▁", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const plain[] = { "_", "_", ".", ":", "-", "=", "+", "*", "#" };
	long level = lround(bits);
	level = level < 0 ? 0 : level > 8 ? 8 : level;
	if (fill == 'f' || fill == '0')
		buf_u8(out, (uint8_t)fill);
	else
		buf_text(out, l->utf8 ? blocks[level] : plain[level]);
}

/* "0", "4 MiB" … each where it belongs, as far as there is room. */
static void put_scale(const struct flash_map *m, unsigned columns, struct buf *out)
{
	uint64_t step = 1;
	unsigned at = 0;
	while (m->size / step >= MARKS)
		step *= 2;
	buf_fill(out, ' ', MARGIN);
	for (uint64_t place = 0; place <= m->size; place += step) {
		char text[24];
		unsigned want = (unsigned)((double)place / (double)m->size * columns);
		int n = snprintf(text, sizeof(text), step >= 1 << 20 ? "|%lluM" : step >= 1 << 10 ? "|%lluK" : "|%llu",
				 (unsigned long long)(step >= 1 << 20 ? place >> 20 : step >= 1 << 10 ? place >> 10 : place));
		if (want < at || want + (unsigned)n > columns + 6)
			continue;
		buf_fill(out, ' ', want - at);
		buf_text(out, text);
		at = want + (unsigned)n;
	}
	buf_text(out, "\n");
}

static void put_strip(const struct flash_map *m, const struct layout *l, struct buf *out)
{
	unsigned columns = columns_for(m, l);
	buf_fill(out, ' ', MARGIN);
	for (unsigned i = 0; i < columns; i++) {
		char fill;
		uint64_t from = (uint64_t)((double)i / columns * (double)m->size),
				to = (uint64_t)((double)(i + 1) / columns * (double)m->size);
		double bits = flash_map_entropy(m, from, to, &fill);
		put_step(out, l, bits, fill);
	}
	buf_text(out, "\n");
	put_scale(m, columns, out);
	layout_wrap(out, l, MARGIN, "Entropy from end to end: ",
		    l->utf8 ? SPAN_LIT("▁ none to █ 8 bits a byte; f erased (0xff), 0 zeros") :
			      SPAN_LIT("_ none . : - = + * # 8 bits a byte; f erased (0xff), 0 zeros"));
}

static void put_tables(const struct flash_map *m, const struct layout *l, struct buf *out)
{
	for (size_t t = 0; t < m->ntables; t++) {
		const struct map_table *k = &m->tables[t];
		struct buf b = { 0 };
		for (size_t i = 0; i < k->n; i++) {
			const struct map_partition *p = &k->v[i];
			buf_text(&b, i ? ", " : "");
			buf_bytes(&b, p->label.n ? p->label : SPAN_LIT("(no name)"));
			buf_printf(&b, " 0x%llx–0x%llx%s", (unsigned long long)p->from, (unsigned long long)p->to,
				   p->read_only ? " read-only" : "");
		}
		layout_wrap(out, l, MARGIN, span_is(k->source, "device tree") ? "Partitions by the device tree: " :
			    "Partitions by the command line: ", buf_span(&b));
		buf_done(&b);
	}
}

struct row {
	uint64_t member, at, length, members;
	struct span what, detail, partition;
	bool is_area;
};

static void row_put(struct table *t, const struct row *w, bool partitions)
{
	struct buf b = { 0 };
	buf_printf(&b, "0x%llx", (unsigned long long)w->at);
	table_cell(t, buf_span(&b));
	buf_reset(&b);
	layout_bytes(&b, w->length);
	table_cell(t, buf_span(&b));
	buf_reset(&b);
	buf_bytes(&b, w->what);
	buf_text(&b, w->detail.n ? ", " : "");
	buf_bytes(&b, w->detail);
	table_cell(t, buf_span(&b));
	if (w->is_area)
		table_text(t, "");
	else
		table_number(t, w->members);
	if (partitions)
		table_cell(t, w->partition);
	buf_done(&b);
}

static int by_row(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	if (x->member != y->member)
		return x->member < y->member ? -1 : 1;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (int)x->is_area - (int)y->is_area;
}

/* All containers and the areas between them, by member and place. */
static struct row *rows_of(const struct image *image)
{
	const struct image_kept *c = &image->list[IMAGE_CONTAINERS], *a = &image->list[IMAGE_AREAS];
	struct row *rows = mem_array(c->n + a->n + 1, sizeof(*rows));
	for (size_t i = 0; i < c->n; i++) {
		const struct record *r = c->v[i];
		rows[i] = (struct row){ .member = record_get_uint(r, CON_MEMBER), .at = record_get_uint(r, CON_OFFSET),
					.length = record_get_uint(r, CON_LENGTH), .members = record_get_uint(r, CON_MEMBERS),
					.what = record_get_text(r, CON_FORMAT), .detail = record_get_text(r, CON_DETAIL) };
	}
	for (size_t i = 0; i < a->n; i++) {
		const struct record *r = a->v[i];
		rows[c->n + i] = (struct row){ .member = record_get_uint(r, ARE_MEMBER), .at = record_get_uint(r, ARE_OFFSET),
					       .length = record_get_uint(r, ARE_LENGTH), .what = record_get_text(r, ARE_WHAT), .is_area = true };
	}
	qsort(rows, c->n + a->n, sizeof(*rows), by_row);
	return rows;
}

/* The map of the member, when it is an input. */
static bool map_of(const struct image *image, uint64_t member, struct flash_map *m)
{
	const struct image_kept *strips = &image->list[IMAGE_STRIPS];
	for (size_t n = 0; n < strips->n; n++)
		if (record_get_uint(strips->v[n], STR_MEMBER) == member)
			return flash_map_build(image, n, m);
	return false;
}

static void put_member(const struct image *image, const struct record *r, struct row *rows, size_t n,
		       const struct layout *l, struct buf *out)
{
	static const char *const heads[COLUMNS] = { "OFFSET", "LENGTH", "WHAT", "MEMBERS", "PARTITION" };
	struct flash_map m = { 0 };
	struct buf head = { 0 };
	struct table t;
	bool mapped = map_of(image, record_get_uint(r, MEM_ID), &m);
	table_init(&t, m.ntables ? COLUMNS : COLUMNS - 1, heads);
	t.right[1] = t.right[3] = true;
	for (size_t i = 0; i < n && i < ROWS_MAX; i++) {
		rows[i].partition = flash_map_partition(&m, &(struct map_part){ .from = rows[i].at,
										.to = rows[i].at + rows[i].length });
		row_put(&t, &rows[i], m.ntables);
	}
	buf_text(out, "\n");
	buf_bytes(&head, record_get_text(r, MEM_WHERE));
	buf_text(&head, " (");
	layout_bytes(&head, record_get_uint(r, MEM_SIZE));
	buf_text(&head, ")");
	layout_wrap(out, l, 0, "", buf_span(&head));
	if (mapped && n > 1) {
		put_strip(&m, l, out);
		put_tables(&m, l, out);
	}
	table_print(&t, out, l, MARGIN);
	if (n > ROWS_MAX)
		buf_printf(out, "  and %zu more (--jsonl gives all)\n", n - ROWS_MAX);
	buf_done(&head);
	table_done(&t);
	flash_map_done(&m);
}

void image_map(const struct image *image, const struct layout *l, struct buf *out)
{
	const struct image_kept *members = &image->list[IMAGE_MEMBERS];
	size_t all = image->list[IMAGE_CONTAINERS].n + image->list[IMAGE_AREAS].n, mapped = 0, at = 0, n;
	struct row *rows = rows_of(image);
	for (size_t i = 0; i < members->n && at < all && mapped < TABLES_SHOWN; i++, at += n) {
		uint64_t id = record_get_uint(members->v[i], MEM_ID);
		for (; at < all && rows[at].member < id; at++)
			;
		for (n = 0; at + n < all && rows[at + n].member == id; n++)
			;
		if (n == 0)
			continue;
		put_member(image, members->v[i], rows + at, n, l, out);
		mapped++;
	}
	free(rows);
	if (mapped == TABLES_SHOWN)
		buf_text(out, "  (more: --jsonl gives all)\n");
}
