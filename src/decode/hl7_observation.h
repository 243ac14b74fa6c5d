/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Observations (OBX) of an HL7 message, and what is remembered of those of all conversations. */
#pragma once

#include "decode/hl7_parse.h"

enum { HL7_KNOWN = 256, HL7_KNOWN_TEXT = 104, HL7_SHAPES = 256, HL7_SHAPE_TEXT = 144 };

struct hl7_coded {
	struct span name, code;
	const char *system;
};

/* What one OBX-3 and one OBX-6 mean: a device sends the same few all day. The spans are of the two or of tables. */
struct hl7_meant {
	bool is_coded;                           /* false: no observation that has a name */
	struct hl7_coded coded;
	struct span unit;
	struct vital_meaning meaning;
};

struct hl7_known {
	struct hl7_delims d;
	uint8_t ncode, nunit;                    /* bytes of the two in said, which is cut nowhere; ncode 0: free */
	struct hl7_meant meant;                  /* its spans are of said */
	uint8_t said[HL7_KNOWN_TEXT];
};

/* An OBX as it comes with every message: all that stands before its value and, up to OBX-13, behind it. Kept of those
 * in which this is codes, units, numbers and flags: nothing else may stay when the message goes. */
struct hl7_shape {
	uint8_t nbefore, nbehind;                /* bytes in said; nbefore 0: free */
	uint8_t sub_at, nsub;                    /* OBX-4, when it is a number */
	bool ends;                               /* no OBX-14 */
	uint16_t next;                           /* which came behind it last */
	struct hl7_meant meant;                  /* its spans are of said */
	uint8_t said[HL7_SHAPE_TEXT];
};

struct hl7_memo {
	struct hl7_known known[HL7_KNOWN];
	struct hl7_shape shapes[HL7_SHAPES];
};
_Static_assert(sizeof(struct hl7_memo) <= HL7_MEMO, "told too small in hl7.h");

/* ---- hl7_meaning.c ---- */

/* What OBX-3 and OBX-6 mean, from the memo if it is there. Evidence export asks where texts stand in the message: then
 * nothing may be taken from elsewhere. NULL: no observation. */
const struct hl7_meant *hl7_meant_of(struct hl7_parse *p, struct span code, struct span unit,
				     struct hl7_meant *scratch);
/* The same, not from the memo. */
void     hl7_work_out(const struct hl7_parse *p, struct span code, struct span unit, struct hl7_meant *m);
bool     hl7_delims_eq(const struct hl7_delims *a, const struct hl7_delims *b);
/* Not keyed: whoever chooses the bytes can only make us work them out again. */
uint32_t hl7_known_hash(struct span s, uint32_t h);

/* ---- hl7_shape.c ---- */

struct hl7_again {
	struct hl7_shape *shape;
	double value;
	struct span rest;                        /* OBX-14 and what follows */
	bool like_last;                          /* it is as in the OBX before */
};

bool hl7_may_have_shape(const struct hl7_parse *p, const struct span *f);
/* Of a line that may have one and was read field by field, remembered as what came behind the one before it, last.
 * NULL: it has none. */
struct hl7_shape *hl7_shape_of(struct hl7_parse *p, struct hl7_shape *last, struct span line, const struct span *f);
/* Whether the line is of the shape that came behind the one before last time. */
bool hl7_shape_again(const struct hl7_parse *p, struct span line, struct hl7_again *out);
/* Its value, when the rest has been read. */
void hl7_shape_tell(struct hl7_parse *p, struct span line, const struct hl7_again *again);

/* ---- hl7_observation.c ---- */

void hl7_observation_read(struct hl7_parse *p, struct span line, const struct span *f);
/* One observation of n values, 1 or 2. */
void hl7_observation_tell(struct hl7_parse *p, const struct hl7_meant *m, const double *v, int n, struct span sub_id,
			  struct span device);
/* OBX-14, else OBR-7: a time, or nothing. */
struct span hl7_time_of(struct hl7_parse *p, struct span obx14);
