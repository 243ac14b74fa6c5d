/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the picture of an image says in words: the line of a part, the legend, the list of all parts. */
#include "report/map_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "report/svg.h"

enum {
	SIBLINGS_LISTED = 24, LIST_MOST = 400, ALIKE_LEAST = 6, LINES_MOST = 3, COL_FROM = 70, COL_LENGTH = 210,
	COL_WHAT = 285, COL_PARTITION = 740,
};

void map_size(struct buf *b, uint64_t n)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	unsigned u = 0;
	double v = (double)n;
	for (; v >= 1024 && u + 1 < ARRAY_LEN(units); u++)
		v /= 1024;
	buf_printf(b, v == floor(v) || u == 0 || v >= 100 ? "%.0f %s" : "%.1f %s", v, units[u]);
}

void map_say(struct buf *b, const struct map_part *a)
{
	buf_bytes(b, a->name);
	if (a->kind <= MAP_PARTITION && !span_is(a->name, map_kind_word(a->kind)))
		buf_printf(b, " (%s)", map_kind_word(a->kind));
	else if (a->kind == MAP_DATA || a->kind == MAP_SEALED)
		buf_text(b, " (unknown)");
	if (a->detail.n) {
		buf_text(b, ": ");
		buf_bytes(b, a->detail);
	}
	if (a->members > 1)
		buf_printf(b, ", %llu members", (unsigned long long)a->members);
	if (a->damage.n) {
		buf_text(b, "; damaged: ");
		buf_bytes(b, a->damage);
	}
}

/* What is packed has no addresses in the image. */
void map_range(struct buf *b, const struct flash_map *m, const struct map_part *a)
{
	if (!a->to_scale && a->parent != MAP_NONE)
		buf_printf(b, "in %s", m->v[a->parent].number);
	else
		buf_printf(b, "0x%llx–0x%llx", (unsigned long long)a->from, (unsigned long long)a->to);
}

uint64_t map_length(const struct map_part *a)
{
	return a->to_scale ? a->to - a->from : a->size;
}

void map_legend(struct picture *p)
{
	bool used[MAP_KINDS] = { 0 }, packed = false;
	double x = COL_NUMBER;
	for (size_t i = 0; i < p->m->n; i++) {
		used[p->m->v[i].kind] = true;
		packed |= !p->m->v[i].to_scale;
	}
	for (size_t i = 0; i < p->m->fill.n; i++)
		used[MAP_ERASED] |= p->m->fill.p[i] == 'f';
	for (size_t i = 0; i < p->m->fill.n; i++)
		used[MAP_ZEROS] |= p->m->fill.p[i] == '0';
	for (int k = 0; k < MAP_KINDS; k++) {
		if (!used[k])
			continue;
		const char *word = map_kind_word((enum map_kind)k);
		double w = 34 + svg_width(span_str(word)) + 12;
		if (x + w > WIDTH - COL_NUMBER) {
			x = COL_NUMBER;
			p->y += LINE + 4;
		}
		buf_printf(p->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"28\" height=\"14\" class=\"band\" fill=\"url(#p%d)\"/>\n", x,
			   p->y, k);
		svg_str(p->out, x + 34, p->y + 12, "", word);
		x += w;
	}
	if (packed) {
		static const char *const words = "dashed: packed or scattered inside, where exactly is not known";
		if (x + 34 + svg_width(span_str(words)) > WIDTH - COL_NUMBER) {
			x = COL_NUMBER;
			p->y += LINE + 4;
		}
		buf_printf(p->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"28\" height=\"14\" class=\"band loose k%d\"/>\n", x, p->y,
			   MAP_MEMBER);
		svg_str(p->out, x + 34, p->y + 12, "", words);
	}
	p->y += LINE + 8;
}

/* Words until the line is full; the last line that may be is cut. */
static void put_wrapped(struct picture *p, struct span s, double x, double room)
{
	struct buf shown = { 0 }, line = { 0 };
	show_text(&shown, span_cut(s, SVG_TEXT), true, 0);
	struct rd r = rd_of(buf_span(&shown));
	for (unsigned lines = 1; rd_left(&r); lines++, p->y += LINE) {
		struct rd ahead = r;
		buf_reset(&line);
		while (rd_left(&ahead) && lines < LINES_MOST) {
			struct rd start = ahead;
			struct span word;
			if (!rd_until(&ahead, ' ', &word))
				word = rd_rest(&ahead);
			double w = svg_width(buf_span(&line)) + svg_width(word);
			if (w > room) {
				ahead = start;
				break;
			}
			buf_bytes(&line, word);
			buf_text(&line, " ");
			r = ahead;
		}
		if (line.n == 0)
			svg_cut(&line, rd_rest(&r), room);
		svg_text(p->out, x, p->y + LINE - 4, "", buf_span(&line));
	}
	buf_done(&shown);
	buf_done(&line);
}

static void put_listed(struct picture *p, const struct map_part *a)
{
	struct buf b = { 0 };
	double y = p->y + LINE - 4, indent = 10.0 * (a->depth < ROWS ? a->depth : ROWS);
	struct span partition = flash_map_partition(p->m, a);
	svg_str(p->out, COL_NUMBER, y, a->depth ? "" : "b", a->number);
	map_range(&b, p->m, a);
	svg_text(p->out, COL_FROM, y, "", buf_span(&b));
	buf_reset(&b);
	map_size(&b, map_length(a));
	svg_text(p->out, COL_LENGTH, y, "", buf_span(&b));
	buf_reset(&b);
	if (partition.n) {
		svg_cut(&b, partition, WIDTH - COL_PARTITION - COL_NUMBER);
		svg_text(p->out, COL_PARTITION, y, "", buf_span(&b));
		buf_reset(&b);
	}
	map_say(&b, a);
	put_wrapped(p, buf_span(&b), COL_WHAT + indent, (p->m->ntables ? COL_PARTITION : WIDTH) - COL_WHAT - indent - 10);
	buf_done(&b);
}

static void put_left_out(struct picture *p, size_t n, const char *what)
{
	char text[80];
	if (!n)
		return;
	snprintf(text, sizeof(text), "… and %zu %s", n, what);
	svg_str(p->out, COL_WHAT, p->y + LINE - 4, "q", text);
	p->y += LINE;
}

/* Neighbours from part i on that are the same thing again and hold nothing: how many. */
static size_t alike(const struct flash_map *m, size_t i)
{
	const struct map_part *a = &m->v[i];
	size_t n = 0;
	for (; i + n < m->n; n++) {
		const struct map_part *b = &m->v[i + n];
		bool holds = i + n + 1 < m->n && m->v[i + n + 1].parent == (int)(i + n);
		if (b->parent != a->parent || b->kind != a->kind || !span_eq(b->name, a->name) || !span_eq(b->detail, a->detail) ||
		    b->damage.n || holds)
			break;
	}
	return n;
}

static void put_alike(struct picture *p, size_t i, size_t n)
{
	const struct map_part *a = &p->m->v[i], *z = &p->m->v[i + n - 1];
	struct map_part all = *a;
	struct buf b = { 0 };
	uint64_t members = 0;
	for (size_t k = i; k < i + n; k++)
		members += p->m->v[k].members;
	all.to = z->to;
	all.members = members;
	buf_printf(&b, "%zu times, to No. %s: ", n, z->number);
	buf_bytes(&b, a->name);
	all.name = buf_span(&b);
	put_listed(p, &all);
	buf_done(&b);
}

void map_list(struct picture *p)
{
	const struct flash_map *m = p->m;
	size_t *seen = mem_array(m->n + 1, sizeof(*seen)), listed = 0, left = 0;
	bool *hidden = mem_array(m->n + 1, sizeof(*hidden));
	svg_str(p->out, COL_NUMBER, p->y + LINE - 4, "b", "No.");
	svg_str(p->out, COL_FROM, p->y + LINE - 4, "b", "From–to");
	svg_str(p->out, COL_LENGTH, p->y + LINE - 4, "b", "Length");
	svg_str(p->out, COL_WHAT, p->y + LINE - 4, "b", "What");
	if (m->ntables)
		svg_str(p->out, COL_PARTITION, p->y + LINE - 4, "b", "Partition");
	p->y += LINE + 3;
	for (size_t i = 0, n; i < m->n; i += n) {
		int parent = m->v[i].parent;
		size_t among = parent == MAP_NONE ? 0 : ++seen[parent];
		n = alike(m, i) >= ALIKE_LEAST ? alike(m, i) : 1;
		hidden[i] = among > SIBLINGS_LISTED || (parent != MAP_NONE && hidden[parent]) || listed >= LIST_MOST;
		left += hidden[i] ? n : 0;
		if (hidden[i])
			continue;
		put_left_out(p, left, "more there: --list names them");
		left = 0;
		listed++;
		if (n > 1)
			put_alike(p, i, n);
		else
			put_listed(p, &m->v[i]);
	}
	put_left_out(p, left + m->dropped, "more: --list names them");
	free(seen);
	free(hidden);
}
