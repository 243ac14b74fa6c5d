/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An HL7 message that is being read: its record, and what is remembered of the conversation. Shared by the files that
 * read its segments; others see hl7.h. */
#pragma once

#include "decode/hl7.h"
#include "decode/hl7_text.h"

enum {
	HL7_SEGMENT_FIELDS = 50,                 /* highest field that is looked at */
	HL7_REPEATS_MAX = 16, HL7_VITALS_MAX = 4096, HL7_LABEL_MAX = 32, HL7_ID_MAX = 128,
	HL7_HEADER_TEXT = 160, HL7_HEADER_FIELDS = 7,
};

enum hl7_field {
	HL7_MESSAGE_TYPE, HL7_CONTROL_ID, HL7_VERSION, HL7_SENDING_APP, HL7_SENDING_FACILITY, HL7_RECEIVING_APP,
	HL7_RECEIVING_FACILITY, HL7_CHARSET, HL7_MLLP, HL7_CUT, HL7_ACK_CODE, HL7_ACKED_ID, HL7_SEGMENTS, HL7_OBSERVATIONS,
	HL7_WAVEFORMS, HL7_PART_NUMBER, HL7_IDENTITY, HL7_DEVICE_ID, HL7_DEVICE_SPACE, HL7_DEVICE_LIST, HL7_UDI, HL7_MAKER,
	HL7_MODEL, HL7_FIRMWARE, HL7_SOFTWARE, HL7_PATIENT_ID, HL7_PATIENT_NAME, HL7_BIRTH_DATE, HL7_SEX, HL7_ADDRESS,
	HL7_PHONE, HL7_SSN, HL7_ACCOUNT, HL7_NEXT_OF_KIN, HL7_GUARANTOR, HL7_INSURANCE, HL7_PHYSICIAN, HL7_BED,
	HL7_DEPARTMENT, HL7_VISIT, HL7_STUDY, HL7_NOTE, HL7_FIELDS
};

extern const struct record_type hl7_type;

/* What the latest header said but for its time (MSH-7) and number (MSH-10): the three pieces around them behind each
 * other, and where in its piece each of header_fields stands. Not of headers with MSH-8: it may be a password. */
struct hl7_header {
	uint8_t nfront, nkind, nrest;            /* bytes of the pieces; nfront 0: nothing is kept */
	uint8_t at[HL7_HEADER_FIELDS], n[HL7_HEADER_FIELDS];
	uint8_t said[HL7_HEADER_TEXT];
};

struct hl7_way {
	uint32_t junk;                           /* bytes before the first message */
	bool started;                            /* a message was seen */
	bool skipping;                           /* behind the head of a message that was too long */
	bool block;                              /* in an MLLP block that several messages share */
	uint16_t shape;                          /* of the first observation of the latest message */
	struct hl7_header header;
};

struct hl7_parse {
	struct emit *emit;
	const struct hl7_dialect *dialect;
	struct hl7_way *way;
	struct waveforms *curves;
	struct hl7_delims d;
	struct record out;
	bool open;                               /* out holds a message that is not published yet */
	bool wide;                               /* it came in UTF-16 */
	bool personal;                           /* the segment at hand holds a person's data */
	bool many_devices;
	uint8_t device_from;                     /* which source HL7_DEVICE_ID is of, 0: none */
	uint32_t segments, observations, waveforms, patients;
	uint64_t identity;                       /* bit i: segments[i] held a person's data */
	struct span observed;                    /* OBR-7: time of what follows */
	struct span said_time, time;             /* of the observation before: each of a message repeats it */
	struct span device, device_id;           /* OBX-18 that was read last, and the id in it */
	struct hl7_shape *shape;                 /* of the OBX before; NULL: it has none */
	struct span behind;                      /* OBX-14 and what follows, of the OBX before */
	bool has_device;                         /* and whether it names one */
	uint32_t told_at;                        /* number of the segment that the latest vital sign is from */
	struct vitals vitals;
	struct span f[HL7_SEGMENT_FIELDS + 1];   /* of the segment at hand, as far as its row in segments[] goes */
};

/* ---- hl7_record.c ---- */

void hl7_message_begin(struct hl7_parse *p);
void hl7_message_finish(struct hl7_parse *p);
/* A second PID in a message starts the next patient: published apart, so that each one counts. */
void hl7_patient_begin(struct hl7_parse *p);
/* A person's datum. The first one stays; all are told to the host as they become tokens, so that none is left in
 * exported evidence. */
void hl7_person(struct hl7_parse *p, unsigned field, struct span s);
/* The name of an HD or EI: its first component, else the universal id. */
struct span hl7_named(const struct hl7_parse *p, struct span s);

/* ---- hl7_header.c ---- */

void hl7_header_read(struct hl7_parse *p, struct span msh);

/* ---- hl7_device.c ---- */

/* OBX-18: each observation of a message repeats it. */
void hl7_device_observed(struct hl7_parse *p, struct span obx18);
/* Fields of a PRT. */
void hl7_device_part(struct hl7_parse *p, const struct span *f);
/* Fields of an OBX; false: it says nothing of the device. */
bool hl7_device_attribute(struct hl7_parse *p, const struct span *f);

/* ---- hl7_segment.c ---- */

/* Any segment but a header. */
void hl7_segment_read(struct hl7_parse *p, struct span line);
/* Evidence shows the segment's name and what separates its fields. A separator that is a letter or a digit would show
 * more than itself. */
void hl7_segment_show(const struct hl7_parse *p, struct span line);
