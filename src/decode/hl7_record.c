/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of an HL7 message: the record's fields, where it begins and ends. */
#include "decode/hl7_parse.h"

enum { PATIENTS_MAX = 256 };

static const struct field fields[HL7_FIELDS] = {
	[HL7_MESSAGE_TYPE] = { "message_type", F_TEXT, "type and trigger event, as ADT^A01 (MSH-9)" },
	[HL7_CONTROL_ID] = { "control_id", F_TEXT, "number that the sender gave the message (MSH-10)" },
	[HL7_VERSION] = { "version", F_TEXT, "version of HL7 (MSH-12)" },
	[HL7_SENDING_APP] = { "sending_app", F_TEXT, "application that sends (MSH-3)", .clue = CLUE_APPLICATION },
	[HL7_SENDING_FACILITY] = { "sending_facility", F_TEXT, "where it stands (MSH-4)", .clue = CLUE_FACILITY },
	[HL7_RECEIVING_APP] = { "receiving_app", F_TEXT, "application it is for (MSH-5)",
		.clue = CLUE_APPLICATION | CLUE_PEER },
	[HL7_RECEIVING_FACILITY] = { "receiving_facility", F_TEXT, "where that stands (MSH-6)",
		.clue = CLUE_FACILITY | CLUE_PEER },
	[HL7_CHARSET] = { "charset", F_TEXT, "character set (MSH-18); UTF-16 when the bytes show it" },
	[HL7_MLLP] = { "mllp", F_BOOL, "the message stands in an MLLP block" },
	[HL7_CUT] = { "cut", F_BOOL, "only the head of the message was there to read" },
	[HL7_ACK_CODE] = { "ack_code", F_TEXT, "answer to an earlier message: AA, AE, AR, CA, CE or CR (MSA-1)" },
	[HL7_ACKED_ID] = { "acked_id", F_TEXT, "control id of that message (MSA-2)" },
	[HL7_SEGMENTS] = { "segments", F_UINT, "segments in the message" },
	[HL7_OBSERVATIONS] = { "observations", F_UINT, "numeric observations in the message (OBX)" },
	[HL7_WAVEFORMS] = { "waveforms", F_UINT, "curves in the message (OBX of type NA or MA)" },
	[HL7_PART_NUMBER] = { "part", F_UINT, "2, 3 …: a further patient of the same message" },
	[HL7_IDENTITY] = { "identity_segments", F_TEXTS, "segments that hold a person's data in this message" },
	[HL7_DEVICE_ID] = { "device_id", F_TEXT, "the one measuring device that the message names (PRT-20, PRT-10, OBX-18)",
		.clue = CLUE_SERIAL },
	[HL7_DEVICE_SPACE] = { "device_namespace", F_TEXT, "who gave that device its id (second component)" },
	[HL7_DEVICE_LIST] = { "devices", F_TEXTS, "every measuring device that the message names" },
	[HL7_UDI] = { "udi", F_TEXT, "unique device identifier of its label (PRT-16)" },
	[HL7_MAKER] = { "maker", F_TEXT, "maker of the device (OBX of MDC_ID_MODEL_MANUFACTURER)", .clue = CLUE_MAKER },
	[HL7_MODEL] = { "model", F_TEXT, "model of the device (OBX of MDC_ID_MODEL_NUMBER)", .clue = CLUE_MODEL },
	[HL7_FIRMWARE] = { "firmware", F_TEXT, "version of its software (OBX of MDC_ID_PROD_SPEC_SW or _FW)",
		.clue = CLUE_VERSION },
	[HL7_SOFTWARE] = { "software", F_TEXT, "product that made the message (SFT-3)", .clue = CLUE_SYSTEM },
	[HL7_PATIENT_ID] = { "patient_id", F_TEXT, "patient number (PID-3, else PID-2, PID-4)", .privacy = PATIENT },
	[HL7_PATIENT_NAME] = { "patient_name", F_TEXT, "patient's name (PID-5)", .privacy = PATIENT },
	[HL7_BIRTH_DATE] = { "birth_date", F_TEXT, "date of birth (PID-7)", .privacy = PATIENT },
	[HL7_SEX] = { "sex", F_TEXT, "sex (PID-8)", .privacy = PATIENT },
	[HL7_ADDRESS] = { "address", F_TEXT, "address (PID-11)", .privacy = PATIENT },
	[HL7_PHONE] = { "phone", F_TEXT, "telephone or mail (PID-13, PID-14)", .privacy = PATIENT },
	[HL7_SSN] = { "ssn", F_TEXT, "national number (PID-19) or licence (PID-20)", .privacy = PATIENT },
	[HL7_ACCOUNT] = { "account", F_TEXT, "account number (PID-18)", .privacy = PATIENT },
	[HL7_NEXT_OF_KIN] = { "next_of_kin", F_TEXT, "next of kin (NK1), mother (PID-6)", .privacy = PATIENT },
	[HL7_GUARANTOR] = { "guarantor", F_TEXT, "who pays (GT1)", .privacy = PATIENT },
	[HL7_INSURANCE] = { "insurance", F_TEXT, "policy number or insured person (IN1)", .privacy = PATIENT },
	[HL7_PHYSICIAN] = { "physician", F_TEXT, "a doctor or nurse (PV1-7 to 9, OBR-16, ORC-12 …)", .privacy = PATIENT },
	[HL7_BED] = { "bed", F_TEXT, "room and bed (PV1-3)", .privacy = PATIENT },
	[HL7_DEPARTMENT] = { "department", F_TEXT, "ward (PV1-3)", .privacy = PATIENT },
	[HL7_VISIT] = { "visit", F_TEXT, "visit number (PV1-19)", .privacy = PATIENT },
	[HL7_STUDY] = { "study", F_TEXT, "order or accession number (OBR-3, OBR-2, ORC-3, ORC-2)", .privacy = PATIENT },
	[HL7_NOTE] = { "note", F_TEXT, "free text (NTE-3, OBX of type TX, FT or ED), diagnosis, allergy", .privacy = PATIENT },
};
RECORD_TYPE(hl7_type, "hl7", "HL7 v2 message", fields);

void hl7_person(struct hl7_parse *p, unsigned field, struct span s)
{
	s = hl7_value(s, &p->d);
	if (!s.n)
		return;
	p->personal = true;
	bool had = record_has(&p->out, field);
	struct value first = p->out.v[field];
	record_text(&p->out, field, s);
	if (had)
		p->out.v[field] = first;
}

struct span hl7_named(const struct hl7_parse *p, struct span s)
{
	struct span first = hl7_value(hl7_part(s, p->d.component, 1), &p->d);
	return span_cut(first.n ? first : hl7_value(hl7_part(s, p->d.component, 2), &p->d), HL7_ID_MAX);
}

void hl7_message_finish(struct hl7_parse *p)
{
	vitals_tell(&p->vitals);
	if (!p->open)
		return;
	p->open = false;
	record_uint(&p->out, HL7_SEGMENTS, p->segments);
	if (p->observations)
		record_uint(&p->out, HL7_OBSERVATIONS, p->observations);
	if (p->waveforms)
		record_uint(&p->out, HL7_WAVEFORMS, p->waveforms);
	/* Who speaks for several devices is none of them. One after the other, the device table sees it. */
	if (p->many_devices)
		p->out.set &= ~((uint64_t)1 << HL7_DEVICE_ID | (uint64_t)1 << HL7_DEVICE_SPACE | (uint64_t)1 << HL7_UDI |
		                (uint64_t)1 << HL7_MAKER | (uint64_t)1 << HL7_MODEL | (uint64_t)1 << HL7_FIRMWARE);
	emit_record(p->emit, &p->out);
}

static void message_reset(struct hl7_parse *p)
{
	p->open = true;
	p->segments = p->observations = p->waveforms = 0;
	p->identity = 0;
	p->many_devices = false;
	p->device_from = 0;
	p->observed = p->device = p->said_time = p->time = (struct span){ 0 };
	p->shape = NULL;
	p->told_at = 0;
}

void hl7_message_begin(struct hl7_parse *p)
{
	emit_begin(p->emit, &p->out, &hl7_type);
	message_reset(p);
	p->segments = 1;
	p->patients = 0;
}

void hl7_patient_begin(struct hl7_parse *p)
{
	if (!record_has(&p->out, HL7_PATIENT_ID) && !record_has(&p->out, HL7_PATIENT_NAME))
		return;
	if (++p->patients >= PATIENTS_MAX)
		return;
	hl7_message_finish(p);
	for (unsigned i = HL7_SEGMENTS; i < HL7_FIELDS; i++)
		p->out.set &= ~((uint64_t)1 << i);
	record_uint(&p->out, HL7_PART_NUMBER, p->patients + 1);
	message_reset(p);
}
