/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text within SVG: see report/svg.h. */
#include "report/svg.h"

#include "base/utf8.h"

/* XML 1.0 §2.2: no controls; and nothing that turns or hides the text around it. */
void svg_escape(struct buf *out, struct span s)
{
	struct buf shown = { 0 };
	show_text(&shown, span_cut(s, SVG_TEXT), true, 0);
	struct rd r = rd_of(buf_span(&shown));
	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);
		switch (c) {
		case '<': buf_text(out, "&lt;"); break;
		case '>': buf_text(out, "&gt;"); break;
		case '&': buf_text(out, "&amp;"); break;
		case '"': buf_text(out, "&quot;"); break;
		case '\'': buf_text(out, "&#39;"); break;
		default: buf_u8(out, c); break;
		}
	}
	buf_done(&shown);
}

double svg_width(struct span s)
{
	struct rd r = rd_of(s);
	double w = 0;
	while (rd_left(&r)) {
		uint32_t c = utf8_next(&r);
		bool thin = c < 0x80 && strchr("iljI.,:;'|!()[]/ ", (int)c), wide = c >= 0x80 || strchr("mwMW@%", (int)c);
		w += SVG_FONT * (thin ? 0.4 : wide ? 1.0 : c >= 'A' && c <= 'Z' ? 0.74 : 0.65);
	}
	return w;
}

void svg_cut(struct buf *b, struct span s, double room)
{
	struct buf shown = { 0 };
	show_text(&shown, span_cut(s, SVG_TEXT), true, 0);
	struct span t = buf_span(&shown);
	if (svg_width(t) <= room) {
		buf_bytes(b, t);
	} else {
		struct rd r = rd_of(t);
		double w = SVG_FONT;
		while (rd_left(&r)) {
			struct rd start = r;
			utf8_next(&r);
			struct span c = span_of(start.p, rd_left(&start) - rd_left(&r));
			w += svg_width(c);
			if (w > room)
				break;
			buf_bytes(b, c);
		}
		buf_text(b, "…");
	}
	buf_done(&shown);
}

void svg_text(struct buf *out, double x, double y, const char *class, struct span s)
{
	buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\"%s%s%s>", x, y, class[0] ? " class=\"" : "", class,
		   class[0] ? "\"" : "");
	svg_escape(out, s);
	buf_text(out, "</text>\n");
}

void svg_str(struct buf *out, double x, double y, const char *class, const char *s)
{
	svg_text(out, x, y, class, span_str(s));
}
