/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of DICOM: the record's fields, and which text may leave in them. */
#include "decode/dicom.h"

enum { PLAIN_MAX = 256 };

static const struct field fields[] = {
	[DICOM_EVENT] = { "event", F_TEXT,
		    "associate-rq, associate-ac, associate-rj, command, data, release-rq, release-rp or abort" },
	[DICOM_COMMAND] = { "command", F_TEXT, "C-ECHO-RQ, C-STORE-RSP …; of a data set: the command it belongs to" },
	[DICOM_CALLING] = { "calling", F_TEXT, "AE title of the system that calls", .clue = CLUE_APPLICATION },
	[DICOM_CALLED] = { "called", F_TEXT, "AE title it wants to reach", .clue = CLUE_APPLICATION | CLUE_PEER },
	[DICOM_ACCEPTING] = { "accepting", F_TEXT, "AE title that accepts (as repeated in the answer)",
		.clue = CLUE_APPLICATION },
	[DICOM_ROLE] = { "role", F_TEXT, "what the sender does in this exchange", .clue = CLUE_ROLE },
	[DICOM_PEER_ROLE] = { "peer_role", F_TEXT, "what the receiver does in this exchange", .clue = CLUE_ROLE | CLUE_PEER },
	[DICOM_APP_CONTEXT] = { "application_context", F_TEXT, "UID of the application context" },
	[DICOM_CONTEXT_COUNT] = { "contexts", F_UINT, "presentation contexts proposed or accepted" },
	[DICOM_ABSTRACT] = { "abstract_syntaxes", F_TEXTS, "UIDs of the services proposed" },
	[DICOM_TRANSFER] = { "transfer_syntaxes", F_TEXTS, "UIDs of the encodings chosen" },
	[DICOM_IMPLEMENTATION] = { "implementation", F_TEXT, "implementation class UID", .clue = CLUE_SYSTEM },
	[DICOM_IMPL_VERSION] = { "implementation_version", F_TEXT, "implementation version name", .clue = CLUE_SYSTEM },
	[DICOM_MAX_PDU] = { "max_pdu", F_UINT, "largest PDU it accepts, 0: any", "byte" },
	[DICOM_USER] = { "user", F_TEXT, "user identity sent in clear (PS3.7 D.3.3.7)", .privacy = SECRET },
	[DICOM_PASSWORD] = { "password", F_TEXT, "passcode or ticket sent in clear", .privacy = SECRET },
	[DICOM_RESULT] = { "result", F_TEXT, "of a rejection: permanent or transient" },
	[DICOM_SOURCE] = { "source", F_UINT, "who rejected or aborted, as numbered in PS3.8 §9.3.4, §9.3.8" },
	[DICOM_REASON] = { "reason", F_UINT, "why, as numbered there" },
	[DICOM_MESSAGE] = { "message_id", F_UINT, "number of the request" },
	[DICOM_SOP_CLASS] = { "sop_class", F_TEXT, "UID of the service" },
	[DICOM_STATUS] = { "status", F_UINT, "of a response: 0 success" },
	[DICOM_DESTINATION] = { "move_destination", F_TEXT, "AE title a C-MOVE sends to" },
	[DICOM_ORIGINATOR] = { "move_originator", F_TEXT, "AE title whose C-MOVE caused this C-STORE" },
	[DICOM_NAME] = { "patient_name", F_TEXT, "patient's name", .privacy = PATIENT },
	[DICOM_ID] = { "patient_id", F_TEXT, "patient number", .privacy = PATIENT },
	[DICOM_BIRTH] = { "birth_date", F_TEXT, "date of birth", .privacy = PATIENT },
	[DICOM_SEX] = { "sex", F_TEXT, "sex", .privacy = PATIENT },
	[DICOM_ADDRESS] = { "address", F_TEXT, "patient's address", .privacy = PATIENT },
	[DICOM_PHONE] = { "phone", F_TEXT, "patient's telephone", .privacy = PATIENT },
	[DICOM_NEXT_OF_KIN] = { "next_of_kin", F_TEXT, "mother's birth name", .privacy = PATIENT },
	[DICOM_INSURANCE] = { "insurance", F_TEXT, "insurance plan", .privacy = PATIENT },
	[DICOM_PHYSICIAN] = { "physician", F_TEXT, "physician or operator", .privacy = PATIENT },
	[DICOM_DEPARTMENT] = { "department", F_TEXT, "department or place of the patient", .privacy = PATIENT },
	[DICOM_VISIT] = { "visit", F_TEXT, "admission number", .privacy = PATIENT },
	[DICOM_STUDY] = { "study", F_TEXT, "study instance UID, else accession number", .privacy = PATIENT },
	[DICOM_NOTE] = { "note", F_TEXT, "alerts, allergies, history or comment", .privacy = PATIENT },
	[DICOM_MODALITY] = { "modality", F_TEXT, "kind of device that made the object: CT, US …" },
	[DICOM_INSTITUTION] = { "institution", F_TEXT, "where the object was made" },
	[DICOM_STATION] = { "station", F_TEXT, "station name of the device that made the object" },
	[DICOM_MADE_MAKER] = { "equipment_maker", F_TEXT, "maker of the device that made the object" },
	[DICOM_MADE_MODEL] = { "equipment_model", F_TEXT, "its model" },
	[DICOM_MADE_VERSION] = { "equipment_version", F_TEXT, "its software" },
	[DICOM_MADE_SERIAL] = { "equipment_serial", F_TEXT, "its serial number" },
	[DICOM_OWN_MAKER] = { "maker", F_TEXT, "maker of the sender, which made the object itself", .clue = CLUE_MAKER },
	[DICOM_OWN_MODEL] = { "model", F_TEXT, "its model", .clue = CLUE_MODEL },
	[DICOM_OWN_VERSION] = { "version", F_TEXT, "its software", .clue = CLUE_VERSION },
	[DICOM_OWN_SERIAL] = { "serial", F_TEXT, "its serial number", .clue = CLUE_SERIAL },
};
_Static_assert(ARRAY_LEN(fields) <= RECORD_FIELDS, "too many fields for a record");
RECORD_TYPE(dicom_type, "dicom", "DICOM association, command or head of a data set", fields);

bool dicom_uid_fits(struct span s)
{
	if (s.n == 0 || s.n > DICOM_UID_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '.' && s.p[i] != 0 && (s.p[i] < '0' || s.p[i] > '9'))
			return false;
	return true;
}

struct span dicom_uid_trim(struct span s)
{
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == 0))
		s.n--;
	return s;
}

struct span dicom_trim(struct span s)
{
	s = dicom_uid_trim(s);
	while (s.n && s.p[0] == ' ')
		s = span_from(s, 1);
	return s;
}

void dicom_plain_text(struct record *out, unsigned field, struct span s)
{
	s = dicom_trim(s);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' && s.p[i] != 0x1B)
			return;
	if (s.n <= PLAIN_MAX)
		record_text(out, field, s);
}

void dicom_plain_uid(struct record *out, unsigned field, struct span s)
{
	s = dicom_uid_trim(s);
	if (dicom_uid_fits(s))
		record_text(out, field, s);
}

void dicom_element_show(const struct record *out, struct span from, const struct rd *behind)
{
	if (out->host->shown && rd_ok(behind))
		out->host->shown(out->host->ctx, span_cut(from, from.n - rd_left(behind)));
}
