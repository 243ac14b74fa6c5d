/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shannon entropy, of the whole and block by block. */
#include "fw/unpack/area.h"

#include <math.h>

enum {
	BLOCKS = 32, BLOCK_LEAST = 256, EVEN_LEAST = 1024, AREA_LEAST = 64, DATA_LEAST = 8, AREAS_MAX = 20000,
	TEXT_SAMPLE = 65536, RUN_LEAST = 4096, RUNS_MOST = 512, STRIPS_MAX = 8, STRIP_STEPS = 512, STRIP_LEAST = 256,
};

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

/* Bytes like the first of s. */
static size_t run_of(struct span s)
{
	size_t n = s.n != 0;
	while (n < s.n && s.p[n] == s.p[0])
		n++;
	return n;
}

/* Bytes like the last of s, at its end. */
static size_t run_back(struct span s)
{
	size_t n = s.n != 0;
	while (n < s.n && s.p[s.n - 1 - n] == s.p[s.n - 1])
		n++;
	return n;
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

static void keep_padding(struct members *m, uint32_t member, uint64_t offset, struct span s)
{
	if (s.n >= AREA_LEAST)
		keep(m, (struct area){ member, offset, s.n, 0, arena_printf(&m->arena, "padding 0x%02x", s.p[0]), "" });
}

/* Data between two runs of one byte, with what entropy says of it. */
static void keep_data(struct members *m, uint32_t member, uint64_t offset, struct span s, bool whole)
{
	struct area a = { .member = member, .offset = offset, .length = s.n, .entropy = area_entropy(s), .map = "" };
	if (is_even(a.entropy, s.n) && !is_media(s))
		a.what = "encrypted or compressed, could not open";
	else if (!whole)
		a.what = is_text(s) ? "text" : "program or data";
	if (!a.what || s.n < DATA_LEAST)
		return;
	a.map = entropy_map(m, s);
	keep(m, a);
}

/* Where the next run of at least `least` equal bytes begins; s.n: nowhere. One byte in `least` lies in it for sure. */
static size_t next_run(struct span s, size_t least, size_t *length)
{
	for (size_t probe = 0; probe < s.n; probe += least) {
		size_t back = run_back(span_cut(s, probe + 1)), ahead = run_of(span_from(s, probe));
		if (back + ahead - 1 < least)
			continue;
		*length = back + ahead - 1;
		return probe + 1 - back;
	}
	*length = 0;
	return s.n;
}

void area_add(struct members *m, uint32_t member, uint64_t offset, struct span s, bool whole)
{
	if (s.n < AREA_LEAST || !members_step(m, s.n))
		return;
	size_t lead = run_of(s) < AREA_LEAST ? 0 : run_of(s), tail = run_back(s);
	struct span body = span_from(s, lead);
	tail = !body.n || tail < AREA_LEAST || tail > body.n ? 0 : tail;
	body = span_cut(body, body.n - tail);
	if (whole) {
		keep_data(m, member, offset + lead, body, true);
		return;
	}
	keep_padding(m, member, offset, span_cut(s, lead));
	offset += lead;
	size_t least = RUN_LEAST > body.n / RUNS_MOST ? RUN_LEAST : body.n / RUNS_MOST;
	while (body.n) {
		size_t run, n = next_run(body, least, &run);
		keep_data(m, member, offset, span_cut(body, n), false);
		keep_padding(m, member, offset + n, span_cut(span_from(body, n), run));
		body = span_from(body, n + run);
		offset += n + run;
	}
	keep_padding(m, member, offset, span_from(s, s.n - tail));
}

static char fill_of(struct span s)
{
	if (run_of(s) < s.n)
		return '.';
	return s.p[0] == 0xff ? 'f' : s.p[0] == 0 ? '0' : '=';
}

void strip_add(struct members *m, uint32_t member, struct span s)
{
	char entropy[2 * STRIP_STEPS + 1], fill[STRIP_STEPS + 1];
	size_t step = STRIP_LEAST, n = 0;
	while (s.n / step >= STRIP_STEPS)
		step *= 2;
	if (m->nstrips == STRIPS_MAX || s.n < STRIP_LEAST || !members_step(m, s.n))
		return;
	for (; s.n && n < STRIP_STEPS; n++, s = span_from(s, step)) {
		struct span part = span_cut(s, step);
		int tenths = (int)lround(area_entropy(part) * 10);
		entropy[2 * n] = (char)('0' + tenths / 10);
		entropy[2 * n + 1] = (char)('0' + tenths % 10);
		fill[n] = fill_of(part);
	}
	if (!m->strips)
		m->strips = mem_array(STRIPS_MAX, sizeof(*m->strips));
	m->strips[m->nstrips++] = (struct strip){
		.member = member, .step = step, .entropy = arena_printf(&m->arena, "%.*s", (int)(2 * n), entropy),
		.fill = arena_printf(&m->arena, "%.*s", (int)n, fill),
	};
}
