/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of HL7 v2 (HL7 v2.9 chapter 2): where a message starts, what its delimiters are, how
 * segments, fields, repetitions and components are cut. Everything borrows, nothing is copied. */
#pragma once

#include "base/rd.h"

enum { HL7_VT = 0x0B, HL7_FS = 0x1C, HL7_CR = 0x0D, HL7_LF = 0x0A };

/* What MSH-1 and MSH-2 declare; 0: not declared, nothing is cut there. */
struct hl7_delims {
	uint8_t field, component, repetition, escape, subcomponent;
};

enum hl7_head {
	HL7_NO,                                  /* no header segment starts here */
	HL7_PART,                                /* fits so far, too short to say */
	HL7_YES,                                 /* MSH, FHS or BHS with sane delimiters */
	HL7_WIDE,                                /* MSH in UTF-16 */
};

/* Longest header that hl7_head must see to say yes, and the byte before it. */
enum { HL7_HEAD_MAX = 16 };

/* d may be NULL; set only on HL7_YES. */
enum hl7_head hl7_head(struct span s, struct hl7_delims *d);

/* What stands before a message: strays (white space, NUL, ends of block), an MLLP start. */
struct hl7_lead {
	size_t drop;                             /* bytes that belong to no message */
	size_t head;                             /* where the header segment should stand, >= drop */
	bool block;                              /* an MLLP start stands at drop */
};
struct hl7_lead hl7_lead(struct span s);

/* First position >= from where another message starts (its MLLP start or its header segment behind
 * the end of a segment); s.n when there is none. */
size_t hl7_next_start(struct span s, size_t from);

/* One segment at a time, ended by CR, LF or both; empty ones are passed over. False at the end. */
struct hl7_lines {
	struct rd all, line;
	bool has_lf;                             /* none at all: not looked for in every line */
};
struct hl7_lines hl7_lines(struct span s);
bool hl7_segment_lf(struct hl7_lines *l, struct span *out);

static inline bool hl7_segment(struct hl7_lines *l, struct span *out)
{
	if (l->has_lf)
		return hl7_segment_lf(l, out);
	out->n = 0;
	while (!out->n && rd_left(&l->all))
		*out = rd_piece(&l->all, HL7_CR);
	return out->n > 0;
}

/* Cuts s at sep into f[0 .. count-1]; what is not there is empty; what is behind the last is dropped. */
void hl7_split(struct span s, uint8_t sep, struct span *f, unsigned count);
/* The part before the first sep; all when sep is 0. */
struct span hl7_first(struct span s, uint8_t sep);
/* The k-th part, from 1; empty when there are fewer. */
struct span hl7_part(struct span s, uint8_t sep, unsigned k);
struct span hl7_value_trimmed(struct span s, const struct hl7_delims *d);

static inline bool hl7_is_letter(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* What may be a delimiter: printable, neither letter nor digit nor space. Letters would make any text HL7. */
static inline bool hl7_is_mark(uint8_t c)
{
	return c > ' ' && c < 0x7F && !hl7_is_letter(c);
}

/* Plain text from a place that could hold anything when fields are shifted: only if every byte is a letter, a digit or
 * one of also. */
struct span hl7_plain(struct span s, size_t max, const char *also);
/* Digits, or one of also, and nothing else. */
bool hl7_is_numeral(struct span s, const char *also);

/* The value without white space and trailing delimiters; empty for the null value "". Asked for each field that is
 * used: most begin and end with a letter or a digit, which is never a delimiter. */
static inline struct span hl7_value(struct span s, const struct hl7_delims *d)
{
	bool as_is = s.n && hl7_is_letter(s.p[0]) && hl7_is_letter(s.p[s.n - 1]);
	return as_is ? s : hl7_value_trimmed(s, d);
}
/* Digits with one decimal point at most, up to whatever stands behind them: false when there are none or too many.
 * What it takes, hl7_number takes for the same number. */
bool hl7_digits(struct rd *r, double *out);
/* An NM: sign, digits, one decimal point or comma; nothing else. */
bool hl7_number(struct span s, double *out);
