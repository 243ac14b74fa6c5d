/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of HL7 v2: headers, boundaries, fields. Every scan is linear: each byte is looked at a
 * fixed number of times, whatever the sender wrote. */
#include "decode/hl7_text.h"

#include "base/ascii.h"

enum { ENCODING_MAX = 5 /* v2.7 added truncation */, PAD_MAX = 16, DIGITS_MAX = 15 };

static bool is_stray(uint8_t c)
{
	return c == HL7_VT || c == HL7_FS || c == HL7_CR || c == HL7_LF || c == ' ' || c == '\t' || c == 0;
}

/* Whether the first bytes agree with text as far as both go. */
static bool agrees(struct span s, struct span text)
{
	return span_eq(span_cut(s, text.n), span_cut(text, s.n));
}

static enum hl7_head wide_head(struct span s)
{
	static const struct { uint8_t text[10]; uint8_t n; } heads[] = {
		{ "M\0S\0H\0", 6 }, { "\0M\0S\0H", 6 }, { "\xFF\xFEM\0S\0H\0", 8 }, { "\xFE\xFF\0M\0S\0H", 8 },
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (agrees(s, span_of(heads[i].text, heads[i].n)))
			return s.n < heads[i].n ? HL7_PART : HL7_WIDE;
	return HL7_NO;
}

/* Behind the name: MSH-1, then MSH-2, 1 to 5 different marks, then MSH-1 again. */
static enum hl7_head delims_read(struct span s, struct hl7_delims *out)
{
	if (s.n == 0)
		return HL7_PART;
	if (span_starts(s, SPAN_LIT("|^~\\&|"))) {        /* what nearly everybody declares */
		if (out)
			*out = (struct hl7_delims){ '|', '^', '~', '\\', '&' };
		return HL7_YES;
	}
	uint8_t marks[1 + ENCODING_MAX] = { 0 };
	for (size_t n = 0; n < s.n; n++) {
		if (n >= 2 && s.p[n] == marks[0]) {
			if (out)
				*out = (struct hl7_delims){ marks[0], marks[1], marks[2], marks[3], marks[4] };
			return HL7_YES;
		}
		if (n > ENCODING_MAX || !hl7_is_mark(s.p[n]))
			return HL7_NO;
		for (size_t i = 0; i < n; i++)
			if (marks[i] == s.p[n])
				return HL7_NO;
		marks[n] = s.p[n];
	}
	return HL7_PART;
}

/* Whether a header may stand here, by its first byte: asked behind every end of a segment. */
static bool may_start(struct span s)
{
	return s.n == 0 || s.p[0] == 'M' || s.p[0] == 'F' || s.p[0] == 'B' || s.p[0] == 0 || s.p[0] >= 0xFE;
}

static bool is_named(struct span s)
{
	if (s.n >= 3)
		return span_starts(s, SPAN_LIT("MSH")) || span_starts(s, SPAN_LIT("FHS")) || span_starts(s, SPAN_LIT("BHS"));
	return agrees(s, SPAN_LIT("MSH")) || agrees(s, SPAN_LIT("FHS")) || agrees(s, SPAN_LIT("BHS"));
}

enum hl7_head hl7_head(struct span s, struct hl7_delims *d)
{
	enum hl7_head h = HL7_NO;
	if (!may_start(s))
		return HL7_NO;
	if (is_named(s))
		h = s.n < 3 ? HL7_PART : delims_read(span_from(s, 3), d);
	return h == HL7_NO ? wide_head(s) : h;
}

struct hl7_lead hl7_lead(struct span s)
{
	size_t i = 0, start = s.n;
	while (i < s.n && is_stray(s.p[i])) {
		if (s.p[i] == HL7_VT)
			start = i;
		i++;
	}
	/* UTF-16 big endian starts with a zero that is no stray. */
	if (i && i < s.n && s.p[i] == 'M' && s.p[i - 1] == 0 && wide_head(span_from(s, i - 1)) == HL7_WIDE)
		i--;
	struct hl7_lead l = { .drop = i, .head = i, .block = start < i && i - start <= PAD_MAX };
	if (l.block)
		l.drop = start;
	if (span_starts(span_from(s, i), SPAN_LIT("\xEF\xBB\xBF")))
		l.head += 3;                     /* a UTF-8 mark before MSH */
	return l;
}

static bool starts_here(struct span s)
{
	enum hl7_head h = s.n && may_start(s) ? hl7_head(s, NULL) : HL7_NO;
	return h == HL7_YES || h == HL7_WIDE;
}

/* As hl7_next_start, for the messages that follow one given byte. */
static size_t start_behind(struct span s, size_t from, uint8_t stop)
{
	struct rd r = rd_of(span_from(s, from));
	struct span before;
	while (rd_until(&r, stop, &before)) {
		size_t at = s.n - rd_left(&r);
		if (starts_here(span_from(s, at)))
			return stop == HL7_VT ? at - 1 : at;
	}
	return s.n;
}

size_t hl7_next_start(struct span s, size_t from)
{
	static const uint8_t stops[] = { HL7_VT, HL7_CR, HL7_LF };
	size_t best = s.n;
	for (size_t i = 0; i < sizeof(stops); i++) {
		/* The header itself may reach past the best start so far, but need not be seen then. */
		struct span until = span_cut(s, best);
		size_t at = start_behind(until, from, stops[i]);
		if (at < until.n)
			best = at;
	}
	return best;
}

struct hl7_lines hl7_lines(struct span s)
{
	return (struct hl7_lines){
		.all = rd_of(s), .line = rd_of(span_cut(s, 0)), .has_lf = s.n && memchr(s.p, HL7_LF, s.n),
	};
}

bool hl7_segment_lf(struct hl7_lines *l, struct span *out)
{
	for (;;) {
		while (rd_left(&l->line)) {
			*out = rd_piece(&l->line, HL7_LF);
			if (out->n)
				return true;
		}
		if (rd_left(&l->all) == 0)
			return false;
		l->line = rd_of(rd_piece(&l->all, HL7_CR));
	}
}

void hl7_split(struct span s, uint8_t sep, struct span *f, unsigned count)
{
	for (unsigned k = span_split(s, sep, f, count); k < count; k++)
		f[k] = (struct span){ 0 };
}

struct span hl7_first(struct span s, uint8_t sep)
{
	if (!sep)
		return s;
	size_t n = 0;
	while (n < s.n && s.p[n] != sep)
		n++;
	return span_cut(s, n);
}

struct span hl7_part(struct span s, uint8_t sep, unsigned k)
{
	for (; k > 1; k--) {
		struct span head = hl7_first(s, sep);
		if (head.n == s.n)
			return (struct span){ 0 };
		s = span_from(s, head.n + 1);
	}
	return hl7_first(s, sep);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == 0;
}

struct span hl7_value_trimmed(struct span s, const struct hl7_delims *d)
{
	while (s.n && is_space(s.p[0]))
		s = span_from(s, 1);
	while (s.n) {
		uint8_t c = s.p[s.n - 1];
		if (!is_space(c) && c != d->component && c != d->subcomponent && c != d->repetition)
			break;
		s.n--;
	}
	return span_is(s, "\"\"") ? span_cut(s, 0) : s;
}

static const double scale[DIGITS_MAX + 1] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
                                              1e13, 1e14, 1e15 };

bool hl7_digits(struct rd *r, double *out)
{
	int64_t digits = 0;
	unsigned n = 0, behind = 0;
	bool point = false;
	for (; rd_left(r) && n <= DIGITS_MAX; rd_skip(r, 1)) {
		uint8_t c = (uint8_t)(rd_peek(r) - '0');
		if (c > 9 && (point || rd_peek(r) != '.'))
			break;
		point |= c > 9;
		digits = c > 9 ? digits : digits * 10 + c;
		n += c <= 9;
		behind += c <= 9 && point;
	}
	if (n == 0 || n > DIGITS_MAX)
		return false;
	*out = (double)digits / scale[behind];
	return true;
}

bool hl7_number(struct span s, double *out)
{
	struct hl7_delims none = { 0 };
	s = hl7_value(s, &none);
	bool minus = s.n && s.p[0] == '-';
	size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
	int64_t digits = 0;
	unsigned n = 0, behind = 0;
	bool point = false;
	for (; i < s.n; i++) {
		if (!point && (s.p[i] == '.' || s.p[i] == ',')) {
			point = true;
			continue;
		}
		if (s.p[i] < '0' || s.p[i] > '9' || ++n > DIGITS_MAX)
			return false;
		digits = digits * 10 + (s.p[i] - '0');
		behind += point;
	}
	if (n == 0)
		return false;
	*out = (double)(minus ? -digits : digits) / scale[behind];
	return true;
}

struct span hl7_plain(struct span s, size_t max, const char *also)
{
	if (s.n > max)
		return (struct span){ 0 };
	for (size_t i = 0; i < s.n; i++)
		if (!hl7_is_letter(s.p[i]) && !ascii_among(s.p[i], also))
			return (struct span){ 0 };
	return s;
}

bool hl7_is_numeral(struct span s, const char *also)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_digit(s.p[i]) && !ascii_among(s.p[i], also))
			return false;
	return s.n > 0;
}
