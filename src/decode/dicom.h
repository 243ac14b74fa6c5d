/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of DICOM share: the record, and what is remembered of an association. */
#pragma once

#include "decode/decoder.h"

enum { DICOM_AE_TITLE = 16, DICOM_UID_MAX = 64, DICOM_CONTEXTS = 128, DICOM_C_STORE_RQ = 0x0001 };

enum dicom_syntax { DICOM_UNKNOWN, DICOM_IMPLICIT, DICOM_LITTLE, DICOM_BIG, DICOM_CLOSED };

enum dicom_service { DICOM_SERVICE_OTHER, DICOM_SERVICE_STORE, DICOM_SERVICE_QUERY, DICOM_SERVICE_GET,
	DICOM_SERVICE_WORKLIST, DICOM_SERVICE_STEP, DICOM_SERVICE_PRINT };

/* What the next PDV of a direction is. ANY: picked up in the middle, or PDVs were not looked at. */
enum dicom_phase { DICOM_PHASE_ANY, DICOM_PHASE_IDLE, DICOM_PHASE_COMMAND, DICOM_PHASE_DATA, DICOM_PHASE_REST };

struct dicom_way {
	uint8_t phase;                           /* enum dicom_phase */
	bool forwarded;                          /* the C-STORE was asked for by a C-MOVE */
	uint16_t command, message;               /* of the command that the data set belongs to */
};

struct dicom_association {
	struct dicom_way way[2];
	uint8_t syntax[DICOM_CONTEXTS];          /* enum dicom_syntax, by presentation context id / 2 */
	uint8_t service[DICOM_CONTEXTS];         /* enum dicom_service, likewise */
	uint8_t calling[DICOM_AE_TITLE];
	uint32_t proposed;                       /* a bit for each enum dicom_service that was */
	bool pushes;                             /* what was proposed looks like a modality's */
};

enum dicom_field {
	DICOM_EVENT, DICOM_COMMAND, DICOM_CALLING, DICOM_CALLED, DICOM_ACCEPTING, DICOM_ROLE, DICOM_PEER_ROLE,
	DICOM_APP_CONTEXT, DICOM_CONTEXT_COUNT, DICOM_ABSTRACT, DICOM_TRANSFER, DICOM_IMPLEMENTATION,
	DICOM_IMPL_VERSION, DICOM_MAX_PDU, DICOM_USER, DICOM_PASSWORD, DICOM_RESULT, DICOM_SOURCE, DICOM_REASON,
	DICOM_MESSAGE, DICOM_SOP_CLASS, DICOM_STATUS, DICOM_DESTINATION, DICOM_ORIGINATOR, DICOM_NAME, DICOM_ID,
	DICOM_BIRTH, DICOM_SEX, DICOM_ADDRESS, DICOM_PHONE, DICOM_NEXT_OF_KIN, DICOM_INSURANCE, DICOM_PHYSICIAN,
	DICOM_DEPARTMENT, DICOM_VISIT, DICOM_STUDY, DICOM_NOTE, DICOM_MODALITY, DICOM_INSTITUTION, DICOM_STATION,
	DICOM_MADE_MAKER, DICOM_MADE_MODEL, DICOM_MADE_VERSION, DICOM_MADE_SERIAL, DICOM_OWN_MAKER, DICOM_OWN_MODEL,
	DICOM_OWN_VERSION, DICOM_OWN_SERIAL, DICOM_FIELDS
};

extern const struct record_type dicom_type;

/* ---- dicom_record.c ---- */

bool        dicom_uid_fits(struct span s);
struct span dicom_uid_trim(struct span s);
struct span dicom_trim(struct span s);
/* What leaves as text must be what its VR says (PS3.5 §6.2: LO is the longest), or a damaged length would let a
 * patient's data out with it. */
void dicom_plain_text(struct record *out, unsigned field, struct span s);
void dicom_plain_uid(struct record *out, unsigned field, struct span s);
/* Evidence shows tag, representation and length of an element; its value only if it leaves as text. */
void dicom_element_show(const struct record *out, struct span from, const struct rd *behind);

/* ---- dicom_associate.c ---- */

enum dicom_service dicom_service_of(struct span uid);
/* An association that is requested or accepted; false: it is none. cut: not all of it is there. */
bool dicom_associate(struct rd r, bool request, bool cut, struct dicom_association *a, struct record *out);

/* ---- dicom_command.c ---- */

/* PS3.7 §6.3.1: implicit VR, little endian, whatever the context's syntax. pushing: its sender sends of itself. False:
 * there is no such command. */
bool        dicom_command(struct rd r, bool pushing, struct dicom_way *w, struct record *out);
const char *dicom_command_name(uint16_t command);    /* NULL: there is none */

/* ---- dicom_set.c ---- */

/* False: the data set contradicts itself. whole: nothing of it is missing behind s. */
bool dicom_data_set(struct span s, enum dicom_syntax x, bool whole, struct record *out);
/* Of a data set whose context was not seen. Two elements in order, known VRs, believable lengths. */
enum dicom_syntax dicom_syntax_guess(struct span s);
/* Picked up in the middle, these may be a picture's bytes: only what starts as objects do, with a text of group 0008,
 * is taken for the start of a data set. */
bool dicom_starts_data_set(struct span s, enum dicom_syntax x);
/* The picture was made by its sender: see the head of dicom_set.c. */
void dicom_claim_equipment(const struct dicom_association *a, struct record *out);
