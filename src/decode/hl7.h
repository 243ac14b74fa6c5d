/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HL7 v2 messages for decoders of what is HL7 with a maker's rules on top (mindray.c). */
#pragma once

#include "decode/vitals.h"
#include "decode/waveform.h"

struct hl7_dialect {
	const char *protocol;                    /* of its vital signs */
	bool (*keep)(struct vital *v);           /* may set what the message leaves out; false: no vital sign. NULL: all */
};

enum {
	HL7_STATE = 896,                         /* bytes of state, zeroed at the start of a conversation */
	HL7_MEMO = 124 * 1024,                   /* bytes of emit.memo */
};

struct frame hl7_frame(const struct message *m, void *state);
bool         hl7_decode(const struct message *m, void *state, struct emit *e, const struct hl7_dialect *d);
