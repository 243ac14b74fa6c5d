/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vital signs in one vocabulary, whatever protocol carried them: detectors never know the protocol. */
#pragma once

#include "decode/decoder.h"

enum vitals_field {
	VITALS_PROTOCOL, VITALS_NAME, VITALS_CODE, VITALS_CODE_SYSTEM, VITALS_MDC, VITALS_VALUE, VITALS_UNIT,
	VITALS_SUBJECT, VITALS_SUB_ID, VITALS_DEVICE_TIME, VITALS_DEVICE, VITALS_BED, VITALS_FIELDS
};

extern const struct record_type vitals_type;

/* One measured value. name: one of the short names below or the sender's own; code as it stood on the wire,
 * system "LOINC", "MDC" or "vendor"; unit as the sender wrote it, the record says it in UCUM. subject: token of
 * the patient id, {0} if none; device: the measuring device that the message names; bed: token of the bed. */
struct vital {
	const char *protocol;
	struct span name, code, system, unit, sub_id, device_time, device;
	double value;
	struct token subject, bed;
	const struct vital_meaning *meaning;     /* of name and unit, where the decoder has it at hand; may be NULL */
};

/* What a name and a unit mean: for decoders whose senders repeat the two with every message. */
struct vital_meaning {
	uint32_t mdc;                            /* 0: none */
	struct span unit;                        /* in which the record says the value; empty: in the sender's */
	double minus, times, by;                 /* the value there: (value - minus) * times / by */
};

struct vital_meaning vitals_meaning(struct span name, struct span unit);

void vitals_emit(struct emit *e, const struct vital *v);

/* The vital signs of one message: the first is told at once, so that emit_wants knows of it; the others wait for each
 * other and are told together. All that v borrows must stand until then. */
enum { VITALS_AT_ONCE = 12 };

struct vitals {
	struct emit *emit;
	unsigned n;                              /* waiting */
	bool begun;
	const struct record *last;               /* the latest of them, told or not; NULL: none */
	struct record wait[VITALS_AT_ONCE];
};

static inline void vitals_begin(struct vitals *all, struct emit *e)
{
	all->emit = e;
	all->n = 0;
	all->begun = false;
	all->last = NULL;
}

/* Asks nobody whether it is wanted; v->meaning must be set. */
void vitals_add(struct vitals *all, const struct vital *v);
/* One more of which protocol, subject, bed, device and time are those of the last: only the rest of v is looked at. */
void vitals_add_like_last(struct vitals *all, const struct vital *v);
void vitals_tell(struct vitals *all);            /* what waits: before any other record of the message */

/* Short name ("heart_rate", "spo2", "nibp_sys" …) for a LOINC or IEEE 11073-10101 (MDC) code or MDC
 * reference id, NULL when unknown. */
const char *vitals_name(struct span code);
const char *vitals_mdc_name(uint32_t mdc);       /* the number, with its partition: 131072 and more */
/* The same for what makers put in a code's place ("SpO2", "HR", "NIBP-S"): letters and digits count,
 * case and marks do not. */
const char *vitals_label(struct span label);
