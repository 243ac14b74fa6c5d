/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The map of an image as SVG 1.1: no script, nothing from outside, 900 units wide so that its smallest letters are 7
 * points on A4. Bands lie to scale; what is too narrow to be seen is widened inside of what holds it, neighbours
 * give way, and so nothing overlaps. What is too narrow for its name has its number called out beneath. Kinds differ
 * by pattern as well as by colour (Okabe and Ito's, which the colour-blind tell apart). */
#include "report/map_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/svg.h"

enum {
	LEFT = 46, RIGHT = 884, FONT = SVG_FONT, BAND = 36, LANE = 16, LEADER = 12, STRIP = 72, TICKS_MOST = 8,
	SVG_CAP = 32 << 20,
};
static const double LEAST = 3, GAP = 5;          /* a band's least width; between two numbers */

/* How a kind looks: the band, and what is drawn over it in a tile of 8 by 8. */
static const struct look {
	const char *light, *dark, *ink, *tile;
} looks[MAP_KINDS] = {
	[MAP_OTHER] = { "#eeeeee", "#303030", "#777777", "M0 4H8" },
	[MAP_FILES] = { "#cfe4f3", "#0a3350", "#0072b2", "M-2 2L2 -2M0 8L8 0M6 10L10 6" },
	[MAP_ARCHIVE] = { "#dff1fb", "#12394f", "#56b4e9", "M0 2H8M0 6H8" },
	[MAP_STREAM] = { "#f5e0eb", "#4a2339", "#cc79a7", "M-2 6L2 10M0 0L8 8M6 -2L10 2" },
	[MAP_BOOT] = { "#fbeac4", "#4c3604", "#e69f00", "M1 2H3M5 6H7" },
	[MAP_FLASH] = { "#d0eee4", "#0b3f31", "#009e73", "M0 0H8M0 0V8" },
	[MAP_SETTINGS] = { "#faf7c8", "#464200", "#8f8700", "M2 0V8M6 0V8" },
	[MAP_PARTITION] = { "#e3eadf", "#2f382a", "#5f7a52", "M2 0V8M2 4H6" },
	[MAP_MEMBER] = { "#f7f7f7", "#262626", "#999999", "" },
	[MAP_DATA] = { "#e2e2e2", "#3c3c3c", "#666666", "M4 2V6M2 4H6" },
	[MAP_TEXT] = { "#ececdf", "#34342b", "#777766", "M0 2H5M0 6H7" },
	[MAP_SEALED] = { "#f8d9c6", "#55270b", "#d55e00", "M0 0L8 8M8 0L0 8" },
	[MAP_ERASED] = { "#ffffff", "#101010", "#aaaaaa", "M4 4h1" },
	[MAP_ZEROS] = { "#ffffff", "#101010", "#888888", "M3 2H5V6H3Z" },
	[MAP_PADDING] = { "#ffffff", "#101010", "#aaaaaa", "M1 4H3" },
	[MAP_UNSEEN] = { "#ffffff", "#000000", "#d55e00", "M0 8L8 0" },
};

/* A band as it is drawn: one part, or several that are too narrow to stand alone. */
struct band {
	size_t first, last;                      /* parts; the same: one */
	unsigned together;                       /* how many */
	double x, end;
	bool called_out;
};

/* Of a tick: exact, in the unit of the steps. */
static void put_tick(struct buf *b, uint64_t at, uint64_t step)
{
	bool mebi = step >= 1 << 20, kibi = step >= 1 << 10;
	buf_printf(b, "%.0f %s", (double)at / (mebi ? 1 << 20 : kibi ? 1 << 10 : 1), mebi ? "MiB" : kibi ? "KiB" : "bytes");
}

/* ---- the frame ---- */

static void put_style(struct buf *out)
{
	buf_text(out, "<style>\n"
		"text{font:12px \"DejaVu Sans\",Verdana,Arial,sans-serif;fill:#111}\n"
		".h{font-size:17px;font-weight:bold}.b{font-weight:bold}.q{fill:#444}\n"
		".m{text-anchor:middle}.e{text-anchor:end}\n"
		".bg{fill:#fff}.line{stroke:#444;fill:none}.grid{stroke:#999;stroke-dasharray:2 3;fill:none}\n"
		".band{stroke:#333;stroke-width:.7}.lead{stroke:#444;stroke-width:.7;fill:none}\n"
		".halo{paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}\n"
		".ent{fill:#0072b2;stroke:none}.loose{stroke-dasharray:4 2}\n");
	for (int k = 0; k < MAP_KINDS; k++)
		buf_printf(out, ".k%d{fill:%s}.i%d{stroke:%s;fill:none}", k, looks[k].light, k, looks[k].ink);
	buf_text(out, "\n@media (prefers-color-scheme:dark){\n"
		"text{fill:#eee}.q{fill:#bbb}.bg{fill:#181818}.line{stroke:#bbb}.grid{stroke:#666}.band{stroke:#aaa}\n"
		".lead{stroke:#bbb}.halo{stroke:#181818}.ent{fill:#56b4e9}\n");
	for (int k = 0; k < MAP_KINDS; k++)
		buf_printf(out, ".k%d{fill:%s}", k, looks[k].dark);
	buf_text(out, "}\n</style>\n<defs>\n");
	for (int k = 0; k < MAP_KINDS; k++)
		buf_printf(out, "<pattern id=\"p%d\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">"
			   "<rect width=\"8\" height=\"8\" "
			   "class=\"k%d\"/><path d=\"%s\" class=\"i%d\" stroke-width=\"1\" stroke-opacity=\".55\"/></pattern>\n",
			   k, k, looks[k].tile, k);
	buf_text(out, "</defs>\n");
}

static double x_of(const struct picture *p, uint64_t at)
{
	return LEFT + (RIGHT - LEFT) * ((double)at / (double)p->m->size);
}

/* Ticks at powers of two, KiB and MiB above, addresses below; their lines go through all rows. */
static void put_axis(struct picture *p, double bottom)
{
	uint64_t step = 1;
	while (p->m->size / step >= TICKS_MOST)
		step *= 2;
	buf_printf(p->out, "<path class=\"line\" d=\"M%d %.1fH%d\"/>\n", LEFT, p->y + 2 * LINE + 8, RIGHT);
	for (uint64_t at = 0, i = 0; at <= p->m->size && i <= TICKS_MOST; at += step, i++) {
		struct buf b = { 0 };
		double x = x_of(p, at);
		const char *class = at == 0 ? "" : x > RIGHT - 30 ? "e" : "m";
		put_tick(&b, at, step);
		svg_text(p->out, at == 0 ? LEFT : x, p->y + LINE - 4, class, at ? buf_span(&b) : SPAN_LIT("0"));
		buf_reset(&b);
		buf_printf(&b, "0x%llx", (unsigned long long)at);
		svg_text(p->out, at == 0 ? LEFT : x, p->y + 2 * LINE - 4, at == 0 ? "q" : x > RIGHT - 30 ? "e q" : "m q",
			 buf_span(&b));
		buf_printf(p->out, "<path class=\"line\" d=\"M%.1f %.1fv8\"/><path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>\n", x,
			   p->y + 2 * LINE, x, p->y + 2 * LINE + 8, bottom);
		buf_done(&b);
	}
	p->y += 2 * LINE + 8;
}

/* ---- bands ---- */

/* Siblings from left to right in [left, right]: narrow ones in a row are one band, each band is LEAST wide at least,
 * and who comes behind gives way. Returns how many. */
static size_t place_bands(struct picture *p, const size_t *parts, size_t n, double left, double right, uint64_t from,
			  uint64_t to, struct band *v)
{
	size_t bands = 0;
	for (size_t i = 0; i < n; i++) {
		const struct map_part *a = &p->m->v[parts[i]];
		double scale = (right - left) / (double)(to - from);
		struct band b = { parts[i], parts[i], 1, left + (double)(a->from - from) * scale,
				  left + (double)(a->to - from) * scale, false };
		struct band *before = bands ? &v[bands - 1] : NULL;
		bool narrow = b.end - b.x < LEAST, joins = before && before->end - before->x < LEAST && b.x - before->end < LEAST;
		if (narrow && joins) {
			before->last = parts[i];
			before->together++;
			before->end = b.end;
			continue;
		}
		v[bands++] = b;
	}
	double at = left;
	for (size_t i = 0; i < bands; i++) {
		v[i].x = v[i].x > at ? v[i].x : at;
		v[i].end = v[i].end > v[i].x + LEAST ? v[i].end : v[i].x + LEAST;
		at = v[i].end;
	}
	at = right;
	for (size_t i = bands; i-- > 0;) {
		v[i].end = v[i].end < at ? v[i].end : at;
		v[i].x = v[i].x < v[i].end - LEAST ? v[i].x : v[i].end - LEAST;
		v[i].x = v[i].x > left ? v[i].x : left;
		at = v[i].x;
	}
	return bands;
}

static void put_hover(struct picture *p, const struct band *d)
{
	const struct map_part *a = &p->m->v[d->first], *z = &p->m->v[d->last];
	struct buf b = { 0 };
	buf_printf(&b, "%s ", a->number);
	if (d->together > 1) {
		buf_printf(&b, "to %s: %u parts, 0x%llx–0x%llx", z->number, d->together, (unsigned long long)a->from,
			   (unsigned long long)z->to);
	} else {
		map_range(&b, p->m, a);
		buf_text(&b, " ");
		map_say(&b, a);
	}
	buf_text(p->out, "<title>");
	svg_escape(p->out, buf_span(&b));
	buf_text(p->out, "</title>");
	buf_done(&b);
}

/* Name over length when both fit, else the number, else a call-out. */
static void put_label(struct picture *p, struct band *d, double y)
{
	const struct map_part *a = &p->m->v[d->first];
	double room = d->end - d->x - 6, middle = (d->x + d->end) / 2;
	struct buf name = { 0 }, size = { 0 };
	buf_printf(&name, "%s ", a->number);
	buf_bytes(&name, a->name);
	map_size(&size, map_length(a));
	struct span number = span_str(a->number);
	double whole = svg_width(buf_span(&name));
	d->called_out = d->together > 1 || room < svg_width(number);
	if (d->together == 1 && room >= svg_width(number)) {
		struct buf cut = { 0 };
		bool named = whole <= room || room >= 60;
		svg_cut(&cut, named ? buf_span(&name) : number, room);
		bool sized = named && svg_width(buf_span(&size)) <= room;
		svg_text(p->out, middle, y + (sized ? BAND / 2 - 3 : BAND / 2 + 4), "m halo", buf_span(&cut));
		if (sized)
			svg_text(p->out, middle, y + BAND - 6, "m q halo", buf_span(&size));
		buf_done(&cut);
	}
	buf_done(&name);
	buf_done(&size);
}

static void put_band(struct picture *p, struct band *d, double y)
{
	const struct map_part *a = &p->m->v[d->first];
	buf_printf(p->out, "<g><rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\" class=\"band%s\" fill=\"url(#p%d)\">",
		   d->x, y, d->end - d->x, BAND, a->to_scale ? "" : " loose", d->together > 1 ? MAP_OTHER : a->kind);
	put_hover(p, d);
	buf_text(p->out, "</rect>\n");
	put_label(p, d, y);
	buf_text(p->out, "</g>\n");
	if (d->together == 1) {
		p->x[d->first] = d->x;
		p->end[d->first] = d->end;
	}
}

/* A call-out: the number of a band, or of neighbours whose numbers have no room beside each other. */
struct call {
	double at, x, width;
	size_t first, last;                      /* parts */
	unsigned together;
};

static void call_text(const struct picture *p, const struct call *c, struct buf *b)
{
	buf_text(b, p->m->v[c->first].number);
	if (c->first != c->last)
		buf_printf(b, "–%s", p->m->v[c->last].number);
}

static void call_measure(const struct picture *p, struct call *c)
{
	struct buf b = { 0 };
	call_text(p, c, &b);
	c->width = svg_width(buf_span(&b)) + GAP;
	c->x = c->at - c->width / 2;
	buf_done(&b);
}

/* Neighbours that stand closest become one until all have room. */
static size_t calls_fit(const struct picture *p, struct call *v, size_t n)
{
	for (;;) {
		double total = 0;
		size_t closest = 0;
		for (size_t i = 0; i < n; i++) {
			total += v[i].width;
			closest = i > 0 && (closest == 0 || v[i].at - v[i - 1].at < v[closest].at - v[closest - 1].at) ? i : closest;
		}
		if (n < 2 || (total <= (RIGHT - LEFT) * 0.75 && n <= 40))
			return n;
		struct call *a = &v[closest - 1];
		a->last = v[closest].last;
		a->together += v[closest].together;
		a->at = (a->at + v[closest].at) / 2;
		call_measure(p, a);
		memmove(&v[closest], &v[closest + 1], (n - closest - 1) * sizeof(*v));
		n--;
	}
}

static void put_calls(struct picture *p, struct call *v, size_t n)
{
	n = calls_fit(p, v, n);
	if (!n)
		return;
	double at = LEFT;
	for (size_t i = 0; i < n; i++) {
		v[i].x = v[i].x > at ? v[i].x : at;
		at = v[i].x + v[i].width;
	}
	at = RIGHT;
	for (size_t i = n; i-- > 0;) {
		v[i].x = v[i].x + v[i].width < at ? v[i].x : at - v[i].width;
		at = v[i].x;
	}
	for (size_t i = 0; i < n; i++) {
		struct buf b = { 0 };
		double middle = v[i].x + v[i].width / 2;
		call_text(p, &v[i], &b);
		buf_printf(p->out, "<path class=\"lead\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", v[i].at, p->y, middle, p->y + LEADER);
		svg_text(p->out, middle, p->y + LEADER + FONT, "m halo", buf_span(&b));
		buf_done(&b);
	}
	p->y += LEADER + LANE;
}

/* Siblings of one depth from `i` on, as far as their parent goes; returns how many. */
static size_t siblings(const struct flash_map *m, const size_t *row, size_t n, size_t i)
{
	size_t k = 1;
	while (i + k < n && m->v[row[i + k]].parent == m->v[row[i]].parent)
		k++;
	return k;
}

/* All parts of one depth whose parents were drawn. False: there are none. */
static bool put_row(struct picture *p, unsigned depth)
{
	const struct flash_map *m = p->m;
	size_t *row = mem_array(m->n + 1, sizeof(*row)), n = 0, nbands = 0, ncalls = 0;
	struct band *bands = mem_array(m->n + 1, sizeof(*bands));
	struct call *calls = mem_array(m->n + 1, sizeof(*calls));
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].depth == depth && (depth == 0 || p->end[m->v[i].parent] - p->x[m->v[i].parent] > LEAST))
			row[n++] = i;
	if (n) {
		svg_str(p->out, LEFT, p->y + LINE - 4, "q halo", depth == 0 ? "What lies in the image" :
			depth == 1 ? "What lies inside of that" : "… and inside of that");
		p->y += LINE;
	}
	for (size_t i = 0, k; i < n; i += k) {
		int parent = m->v[row[i]].parent;
		bool is_top = parent == MAP_NONE;
		k = siblings(m, row, n, i);
		nbands += place_bands(p, row + i, k, is_top ? LEFT : p->x[parent], is_top ? RIGHT : p->end[parent],
				      is_top ? 0 : m->v[parent].from, is_top ? m->size : m->v[parent].to, bands + nbands);
	}
	for (size_t i = 0; i < nbands; i++) {
		put_band(p, &bands[i], p->y);
		if (!bands[i].called_out)
			continue;
		calls[ncalls] = (struct call){ .at = (bands[i].x + bands[i].end) / 2, .first = bands[i].first, .last = bands[i].last,
					       .together = 1 };
		call_measure(p, &calls[ncalls++]);
	}
	p->y += n ? BAND : 0;
	put_calls(p, calls, ncalls);
	free(row);
	free(bands);
	free(calls);
	return n > 0;
}

/* ---- partitions ---- */

enum { PARTITION_BAND = 20 };

static void put_partition(struct picture *p, const struct map_partition *q, double x, double end, double y)
{
	struct buf b = { 0 };
	buf_printf(&b, "0x%llx–0x%llx ", (unsigned long long)q->from, (unsigned long long)q->to);
	buf_bytes(&b, q->label);
	buf_text(&b, q->read_only ? ", read-only" : "");
	buf_printf(p->out, "<g><rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\" class=\"band k%d\"><title>", x, y,
		   end - x, PARTITION_BAND, MAP_MEMBER);
	svg_escape(p->out, buf_span(&b));
	buf_text(p->out, "</title></rect>");
	buf_reset(&b);
	if (end - x >= 26) {
		svg_cut(&b, q->label, end - x - 6);
		svg_text(p->out, (x + end) / 2, y + 14, "m", buf_span(&b));
	}
	buf_text(p->out, "</g>\n");
	buf_done(&b);
}

/* Narrow ones are widened like bands; what has no room left is named by the list alone. */
static void put_lane(struct picture *p, const struct map_table *t, unsigned lane)
{
	double at = LEFT;
	for (size_t i = 0; i < t->n; i++) {
		const struct map_partition *q = &t->v[i];
		if (q->lane != lane)
			continue;
		double x = x_of(p, q->from), end = x_of(p, q->to);
		x = x > at ? x : at;
		end = end > x + LEAST ? end : x + LEAST;
		if (end > RIGHT + 0.01)
			continue;
		put_partition(p, q, x, end, p->y);
		at = end;
	}
	p->y += PARTITION_BAND + 2;
}

static void put_tables(struct picture *p)
{
	for (size_t k = 0; k < p->m->ntables; k++) {
		const struct map_table *t = &p->m->tables[k];
		struct buf b = { 0 };
		buf_text(&b, "Partitions, as the ");
		buf_bytes(&b, t->source);
		buf_text(&b, t->device.n ? " says of " : " says");
		buf_bytes(&b, t->device);
		svg_text(p->out, LEFT, p->y + LINE - 4, "q halo", buf_span(&b));
		p->y += LINE;
		for (unsigned lane = 0; lane < t->lanes; lane++)
			put_lane(p, t, lane);
		p->y += 2;
		buf_done(&b);
	}
}

/* ---- the strip ---- */

static int tenths(const struct flash_map *m, size_t i)
{
	return (m->entropy.p[2 * i] - '0') * 10 + (m->entropy.p[2 * i + 1] - '0');
}

static void put_strip(struct picture *p)
{
	const struct flash_map *m = p->m;
	struct buf b = { 0 };
	buf_text(&b, "Entropy in bits per byte, one step is ");
	map_size(&b, m->step);
	buf_text(&b, ": near 8 packed, encrypted or random; 4 to 7 programs and text; 0 one byte repeated");
	svg_text(p->out, LEFT, p->y + LINE - 4, "q halo", buf_span(&b));
	p->y += LINE;
	for (int bits = 0; bits <= 8; bits += 2) {
		double y = p->y + 6 + STRIP - STRIP * bits / 8.0;
		char text[12];
		snprintf(text, sizeof(text), "%d", bits);
		svg_str(p->out, LEFT - 6, y + 4, "e", text);
		buf_printf(p->out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>\n", LEFT, y, RIGHT);
	}
	buf_printf(p->out, "<path class=\"ent\" d=\"M%d %.1f", LEFT, p->y + 6 + STRIP);
	for (size_t i = 0; i < m->fill.n; i++) {
		uint64_t to = (i + 1) * m->step < m->size ? (i + 1) * m->step : m->size;
		buf_printf(p->out, "V%.1fH%.2f", p->y + 6 + STRIP - STRIP * tenths(m, i) / 80.0, x_of(p, to));
	}
	buf_printf(p->out, "V%.1fZ\"/>\n", p->y + 6 + STRIP);
	p->y += STRIP + 12;
	buf_done(&b);
}

/* Beneath the strip: where each step is one byte throughout. */
static void put_fill(struct picture *p)
{
	const struct flash_map *m = p->m;
	for (size_t i = 0, k; i < m->fill.n; i += k) {
		uint8_t c = m->fill.p[i];
		for (k = 1; i + k < m->fill.n && m->fill.p[i + k] == c; k++)
			;
		if (c == '.')
			continue;
		uint64_t to = (i + k) * m->step < m->size ? (i + k) * m->step : m->size;
		double x = x_of(p, i * m->step);
		buf_printf(p->out, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"9\" class=\"band\" fill=\"url(#p%d)\"/>\n",
			   x, p->y, x_of(p, to) - x, c == 'f' ? MAP_ERASED : c == '0' ? MAP_ZEROS : MAP_PADDING);
	}
	buf_printf(p->out, "<path class=\"line\" d=\"M%d %.1fH%d\"/>\n", LEFT, p->y + 9, RIGHT);
	p->y += 14;
}

static void put_head(struct picture *p)
{
	struct buf b = { 0 };
	size_t top = 0, sealed = 0;
	for (size_t i = 0; i < p->m->n; i++) {
		top += p->m->v[i].parent == MAP_NONE;
		sealed += p->m->v[i].kind == MAP_SEALED;
	}
	svg_cut(&b, p->m->name, 560);
	svg_text(p->out, COL_NUMBER, p->y + 18, "h", buf_span(&b));
	buf_reset(&b);
	map_size(&b, p->m->size);
	buf_printf(&b, " (%llu bytes), ", (unsigned long long)p->m->size);
	layout_count(&b, top, "part", "parts");
	buf_printf(&b, ", %zu with all that lies inside", p->m->n + p->m->dropped);
	if (sealed)
		buf_printf(&b, ", %zu encrypted or packed in a way that could not be opened", sealed);
	svg_text(p->out, COL_NUMBER, p->y + 36, "q", buf_span(&b));
	p->y += 48;
	buf_done(&b);
}

static void put_map(struct picture *p)
{
	struct buf rows = { .cap = SVG_CAP };
	struct buf *out = p->out;
	put_head(p);
	p->x = mem_array(p->m->n + 1, sizeof(*p->x));
	p->end = mem_array(p->m->n + 1, sizeof(*p->end));
	/* The axis' lines lie behind the bands, whose height is known when they are drawn. */
	double top = p->y;
	p->out = &rows;
	p->y += 2 * LINE + 8 + 2;
	put_tables(p);
	for (unsigned depth = 0; depth < ROWS && put_row(p, depth); depth++)
		p->y += 6;
	put_strip(p);
	put_fill(p);
	double bottom = p->y;
	p->out = out;
	p->y = top;
	put_axis(p, bottom);
	buf_bytes(out, buf_span(&rows));
	p->y = bottom + 6;
	map_legend(p);
	map_list(p);
	p->y += 16;
	buf_done(&rows);
	free(p->x);
	free(p->end);
}

/* What the picture shows, for who cannot see it. */
static void describe(struct buf *b, const struct flash_map *m)
{
	buf_bytes(b, m->name);
	buf_text(b, ", ");
	map_size(b, m->size);
	buf_text(b, ": ");
	for (size_t i = 0, n = 0; i < m->n && n < 16; i++) {
		if (m->v[i].parent != MAP_NONE)
			continue;
		buf_printf(b, "%s0x%llx ", n++ ? "; " : "", (unsigned long long)m->v[i].from);
		buf_bytes(b, span_cut(m->v[i].name, 60));
		buf_text(b, " ");
		map_size(b, m->v[i].to - m->v[i].from);
	}
	buf_text(b, ". ");
}

size_t flash_map_svg(const struct image *i, struct buf *out)
{
	struct buf body = { .cap = SVG_CAP }, words = { 0 };
	struct picture p = { .out = &body };
	struct flash_map m;
	size_t n = 0;
	for (; flash_map_build(i, n, &m); n++) {
		p.m = &m;
		put_map(&p);
		describe(&words, &m);
		flash_map_done(&m);
	}
	buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" viewBox=\"0 0 %d %.0f\" "
		   "role=\"img\" aria-labelledby=\"map-title map-words\">\n"
		   "<title id=\"map-title\">Flash map: what lies where, with entropy</title>\n"
		   "<desc id=\"map-words\">", WIDTH, ceil(p.y), WIDTH, ceil(p.y));
	struct rd r = rd_of(buf_span(&words));
	while (rd_left(&r))
		svg_escape(out, rd_span(&r, rd_left(&r) < SVG_TEXT ? rd_left(&r) : SVG_TEXT));
	buf_text(out, "</desc>\n");
	put_style(out);
	buf_printf(out, "<rect class=\"bg\" width=\"%d\" height=\"%.0f\"/>\n", WIDTH, ceil(p.y));
	buf_bytes(out, buf_span(&body));
	buf_text(out, "</svg>\n");
	out->full |= body.full;
	buf_done(&body);
	buf_done(&words);
	return n;
}
