/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where each stretch of a text comes from: a constant of the file, put together, from outside. */
#include "fw/flow/call.h"

enum { CONST_MIN = 4 };

enum trace_origin call_shade_origin(uint8_t shade)
{
	switch (shade) {
	case SHADE_NONE:
	case SHADE_COPIED: return ORIGIN_CONSTANT;
	case SHADE_STORED:
	case SHADE_BUILT: return ORIGIN_BUILT;
	case SHADE_LOOPED: return ORIGIN_DECODED;
	default: return ORIGIN_OUTSIDE;
	}
}

static uint64_t hash_of(struct span s)
{
	uint64_t h = 14695981039346656037u;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ s.p[i]) * 1099511628211u;
	return h;
}

/* Programs pass the same texts over and over, and a search through a file of a megabyte is no small thing. */
bool call_in_file(const struct machine *m, struct span s, uint64_t *offset)
{
	struct span file = m->code.modules[0].elf.file;
	if (s.n < CONST_MIN || !file.n)
		return false;
	uint64_t h = hash_of(s);
	struct sighting *seen = &m->sightings[h >> 32 & (SIGHTINGS - 1)];
	if (seen->hash != h || seen->n != s.n) {
		const uint8_t *at = memmem(file.p, file.n, s.p, s.n);
		*seen = (struct sighting){ .hash = h, .n = s.n, .found = at != NULL, .offset = at ? (uint64_t)(at - file.p) : 0 };
	}
	if (seen->found)
		*offset = seen->offset;
	return seen->found;
}

/* What memory says, corrected by the file: bytes that stand in it as they are were only moved about. */
static void piece_settle(const struct machine *m, uint64_t addr, struct span s, struct piece *p)
{
	const struct module *mod = &m->code.modules[0];
	struct span bytes = span_cut(span_from(s, p->from), p->to - p->from);
	if (p->origin == ORIGIN_OUTSIDE)
		return;
	if (p->shade == SHADE_NONE && addr + p->from >= mod->base && addr + p->from - mod->base < mod->size) {
		p->offset_known = elf_offset(&mod->elf, addr + p->from - mod->bias, &p->offset);
		return;
	}
	if (call_in_file(m, bytes, &p->offset)) {
		p->offset_known = true;
		p->origin = ORIGIN_CONSTANT;
	} else if (p->origin == ORIGIN_DECODED && bytes.n < CONST_MIN) {
		p->origin = ORIGIN_BUILT;
	} else if (p->shade == SHADE_NONE) {
		p->origin = ORIGIN_UNKNOWN;
	}
}

unsigned call_pieces(const struct machine *m, uint64_t addr, struct span s, struct piece *out)
{
	const uint8_t *shades = guest_shades(&m->g, addr, s.n);
	unsigned n = 0;
	for (size_t i = 0; i < s.n && n < PIECES;) {
		size_t from = s.n, to = s.n;
		uint8_t source = source_in(s, i, &from, &to);
		if (source && from == i) {
			out[n++] = (struct piece){ .from = i, .to = to, .origin = ORIGIN_OUTSIDE, .shade = source };
			i = to;
			continue;
		}
		size_t end = i + 1, stop = source ? from : s.n;
		uint8_t shade = shades ? shades[i] : SHADE_BUILT;
		while (end < stop && shades && shades[end] == shade)
			end++;
		out[n++] = (struct piece){ .from = i, .to = end, .origin = call_shade_origin(shade), .shade = shade };
		i = end;
	}
	if (n == PIECES)
		out[n - 1].to = s.n;
	for (unsigned i = 0; i < n; i++)
		piece_settle(m, addr, s, &out[i]);
	return n;
}

/* A made-up address that was printed stands for a name or a source. */
static size_t put_means(const struct machine *m, struct buf *b, struct span s)
{
	uint8_t shade;
	const char *name;
	uint32_t v = 0, dots = 0;
	size_t i = 0;
	if (!span_starts(s, SPAN_LIT("240.7")))
		return 0;
	for (uint32_t octet = 0; i <= s.n; i++) {
		uint8_t c = i < s.n ? s.p[i] : 0;
		if (c >= '0' && c <= '9' && octet < 256) {
			octet = octet * 10 + c - '0';
			continue;
		}
		v = v << 8 | (octet & 0xff);
		octet = 0;
		if (dots++ == 3 || c != '.')
			break;
	}
	if (dots != 4 || !address_means(m, v, &shade, &name))
		return 0;
	buf_printf(b, name ? "%s" : "{%s}", name ? name : source_name(m, shade));
	return i;
}

void call_put_piece(const struct machine *m, struct buf *b, struct span s, const struct piece *p)
{
	if (p->origin == ORIGIN_OUTSIDE) {
		buf_printf(b, "{%s}", source_name(m, p->shade));
		return;
	}
	struct span bytes = span_cut(span_from(s, p->from), p->to - p->from);
	while (bytes.n) {
		size_t n = put_means(m, b, bytes);
		if (!n)
			buf_u8(b, bytes.p[0]);
		bytes = span_from(bytes, n ? n : 1);
	}
}
