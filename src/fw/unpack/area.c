/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shannon entropy, of the whole and block by block. */
#include "fw/unpack/area.h"

#include <math.h>

enum { BLOCKS = 32, BLOCK_LEAST = 256, EVEN_LEAST = 1024, AREA_LEAST = 64, AREAS_MAX = 20000, TEXT_SAMPLE = 65536 };

double area_entropy(struct span s)
{
	uint64_t count[256] = { 0 };
	for (size_t i = 0; i < s.n; i++)
		count[s.p[i]]++;
	double bits = 0;
	for (int i = 0; i < 256; i++) {
		double share = s.n ? (double)count[i] / (double)s.n : 0;
		bits -= share > 0 ? share * log2(share) : 0;
	}
	return bits + 0.0;
}

/* n random bytes show about 184 / n bits less than eight (Miller 1955: 255 / (2 n ln 2)). */
static bool is_even(double entropy, size_t n)
{
	return n >= EVEN_LEAST && entropy > 8 - 0.05 - 3 * 184.0 / (double)n;
}

static bool is_text(struct span s)
{
	s = span_cut(s, TEXT_SAMPLE);
	size_t odd = 0;
	for (size_t i = 0; i < s.n; i++)
		odd += s.p[i] < 0x20 ? s.p[i] != '\n' && s.p[i] != '\r' && s.p[i] != '\t' : s.p[i] == 0x7f;
	return odd * 50 <= s.n;
}

/* Packed by their nature, and openable by any viewer: nothing is hidden in them that a word would help. */
static bool is_media(struct span s)
{
	static const struct magic heads[] = {
		{ "\x89PNG", 4, 0 }, { "\xff\xd8\xff", 3, 0 }, { "GIF8", 4, 0 }, { "OggS", 4, 0 }, { "ID3", 3, 0 },
		{ "\xff\xfb", 2, 0 }, { "wOFF", 4, 0 }, { "wOF2", 4, 0 }, { "ftyp", 4, 4 }, { "%PDF", 4, 0 }, { "RIFF", 4, 0 },
		{ "fLaC", 4, 0 }, { "\x1a\x45\xdf\xa3", 4, 0 }, { "MZ", 2, 0 }, { "\177ELF", 4, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		if (span_starts(span_from(s, heads[i].at), span_of(heads[i].bytes, heads[i].n)))
			return true;
	return false;
}

/* Without the runs of one byte at both ends. */
static struct span core(struct span s, size_t *lead)
{
	size_t front = 0;
	while (front < s.n && s.p[front] == s.p[0])
		front++;
	*lead = front < AREA_LEAST ? 0 : front;
	struct span rest = span_from(s, *lead);
	size_t n = rest.n;
	while (n > 1 && rest.p[n - 1] == rest.p[rest.n - 1])
		n--;
	return rest.n - n < AREA_LEAST ? rest : span_cut(rest, n);
}

static const char *entropy_map(struct members *m, struct span s)
{
	char text[BLOCKS + 1] = "";
	size_t block = s.n / BLOCKS + 1 > BLOCK_LEAST ? s.n / BLOCKS + 1 : BLOCK_LEAST;
	int n = 0;
	for (; n < BLOCKS && s.n; n++) {
		text[n] = (char)('0' + (int)lround(area_entropy(span_cut(s, block))));
		s = span_from(s, block);
	}
	text[n] = '\0';
	return arena_printf(&m->arena, "%s", text);
}

static void keep(struct members *m, struct area a)
{
	if (m->nareas == AREAS_MAX)
		return;
	if (m->nareas == m->aroom) {
		m->aroom = m->aroom ? m->aroom * 2 : 16;
		m->areas = mem_grow(m->areas, m->aroom, sizeof(*m->areas));
	}
	m->areas[m->nareas++] = a;
}

void area_add(struct members *m, uint32_t member, uint64_t offset, struct span s, bool whole)
{
	size_t lead = 0;
	if (s.n < AREA_LEAST || !members_step(m, s.n))
		return;
	struct span body = core(s, &lead);
	struct area a = { .member = member, .offset = offset + lead, .length = body.n, .entropy = area_entropy(body), .map = "" };
	if (body.n == 0) {
		if (!whole)
			keep(m, (struct area){ member, offset, s.n, 0, arena_printf(&m->arena, "padding 0x%02x", s.p[0]), "" });
		return;
	}
	if (is_even(a.entropy, body.n) && !is_media(body))
		a.what = "encrypted or compressed, could not open";
	else if (!whole)
		a.what = is_text(body) ? "text" : "program or data";
	if (!a.what)
		return;
	a.map = entropy_map(m, body);
	keep(m, a);
}
