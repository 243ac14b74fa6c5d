/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vitals record and the codes it knows: LOINC and IEEE 11073-10101 (MDC numbers and RefIds). */
#include "decode/vitals.h"

#include <string.h>

#include "base/scope.h"

static const struct field fields[] = {
	[VITALS_PROTOCOL] = { "protocol", F_TEXT, "protocol that carried the value" },
	[VITALS_NAME] = { "name", F_TEXT, "short name of what was measured" },
	[VITALS_CODE] = { "code", F_TEXT, "code as it stood on the wire" },
	[VITALS_CODE_SYSTEM] = { "code_system", F_TEXT, "LOINC, MDC (IEEE 11073-10101) or vendor" },
	[VITALS_VALUE] = { "value", F_REAL, "measured value", .privacy = VITAL },
	[VITALS_UNIT] = { "unit", F_TEXT, "unit as sent (UCUM or MDC), or the protocol's fixed unit" },
	[VITALS_SUBJECT] = { "patient_id", F_TEXT, "whose value it is", .privacy = PATIENT },
	[VITALS_SUB_ID] = { "sub_id", F_TEXT, "channel or sub-id that the sender gave" },
	[VITALS_DEVICE_TIME] = { "device_time", F_TEXT, "time of measurement as the device wrote it" },
};
RECORD_TYPE(vitals_type, "vitals", "A vital sign, from any protocol that carries one", fields);

struct coded {
	const char *code, *name;
};

static const struct coded codes[] = {
	/* LOINC */
	{ "8867-4", "heart_rate" }, { "8889-8", "pulse_rate" }, { "8893-0", "pulse_rate" }, { "9279-1", "resp_rate" },
	{ "2708-6", "spo2" }, { "59408-5", "spo2" }, { "20564-1", "spo2" }, { "59407-7", "spo2" },
	{ "8480-6", "nibp_sys" }, { "8462-4", "nibp_dia" }, { "8478-0", "nibp_mean" },
	{ "76534-7", "nibp_sys" }, { "76535-4", "nibp_dia" }, { "76536-2", "nibp_mean" },
	{ "8310-5", "temperature" }, { "8328-7", "temperature" }, { "8331-1", "temperature" },
	{ "19889-5", "etco2" }, { "20824-9", "etco2" }, { "29463-7", "weight" }, { "3141-9", "weight" },
	{ "8302-2", "height" }, { "2339-0", "glucose" }, { "2345-7", "glucose" }, { "41653-7", "glucose" },
	/* MDC: decimal code with its partition 2 offset, and RefId */
	{ "147842", "heart_rate" }, { "MDC_ECG_HEART_RATE", "heart_rate" }, { "MDC_ECG_CARD_BEAT_RATE", "heart_rate" },
	{ "149514", "pulse_rate" }, { "149530", "pulse_rate" }, { "MDC_PULS_RATE", "pulse_rate" },
	{ "MDC_PULS_OXIM_PULS_RATE", "pulse_rate" }, { "MDC_PULS_RATE_NON_INV", "pulse_rate" }, { "149546", "pulse_rate" },
	{ "150456", "spo2" }, { "MDC_PULS_OXIM_SAT_O2", "spo2" },
	{ "151562", "resp_rate" }, { "151578", "resp_rate" }, { "151594", "resp_rate" }, { "MDC_RESP_RATE", "resp_rate" },
	{ "MDC_TTHOR_RESP_RATE", "resp_rate" }, { "MDC_CO2_RESP_RATE", "resp_rate" },
	{ "150021", "nibp_sys" }, { "150022", "nibp_dia" }, { "150023", "nibp_mean" },
	{ "150301", "nibp_sys" }, { "150302", "nibp_dia" }, { "150303", "nibp_mean" },
	{ "MDC_PRESS_CUFF_SYS", "nibp_sys" }, { "MDC_PRESS_CUFF_DIA", "nibp_dia" }, { "MDC_PRESS_CUFF_MEAN", "nibp_mean" },
	{ "MDC_PRESS_BLD_NONINV_SYS", "nibp_sys" }, { "MDC_PRESS_BLD_NONINV_DIA", "nibp_dia" },
	{ "MDC_PRESS_BLD_NONINV_MEAN", "nibp_mean" },
	{ "150037", "art_sys" }, { "150038", "art_dia" }, { "150039", "art_mean" },
	{ "MDC_PRESS_BLD_ART_ABP_SYS", "art_sys" }, { "MDC_PRESS_BLD_ART_ABP_DIA", "art_dia" },
	{ "MDC_PRESS_BLD_ART_ABP_MEAN", "art_mean" },
	{ "150344", "temperature" }, { "MDC_TEMP", "temperature" }, { "150364", "temperature" },
	{ "MDC_TEMP_BODY", "temperature" },
	{ "151708", "etco2" }, { "MDC_AWAY_CO2_ET", "etco2" }, { "MDC_CONC_AWAY_CO2_ET", "etco2" },
};

/* Asked for every observation of every message: most answers are given by the first bytes. */
static bool same_code(const char *known, struct span code)
{
	size_t i = 0;
	for (; i < code.n; i++) {
		uint8_t c = code.p[i];
		if (c >= 'a' && c <= 'z')
			c = (uint8_t)(c - 'a' + 'A');
		if (!c || c != (uint8_t)known[i])
			return false;
	}
	return known[i] == '\0';
}

const char *vitals_name(struct span code)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (same_code(codes[i].code, code))
			return codes[i].name;
	return NULL;
}

/* Labels of makers' own, letters and digits only, in capitals. */
static const struct coded labels[] = {
	{ "HR", "heart_rate" }, { "ECGHR", "heart_rate" }, { "HEARTRATE", "heart_rate" }, { "BPM", "heart_rate" },
	{ "PR", "pulse_rate" }, { "PULSE", "pulse_rate" }, { "PULSERATE", "pulse_rate" }, { "SPO2PR", "pulse_rate" },
	{ "SPO2RATE", "pulse_rate" },
	{ "SPO2", "spo2" }, { "SATO2", "spo2" }, { "O2SAT", "spo2" }, { "SPO2SAT", "spo2" },
	{ "RR", "resp_rate" }, { "RESP", "resp_rate" }, { "RESPRATE", "resp_rate" }, { "RESPIRATION", "resp_rate" },
	{ "RESPIRATIONRATE", "resp_rate" }, { "BR", "resp_rate" }, { "AWRR", "resp_rate" }, { "CO2RR", "resp_rate" },
	{ "NIBP", "nibp" }, { "NBP", "nibp" }, { "BP", "nibp" },
	{ "NIBPS", "nibp_sys" }, { "NIBPSYS", "nibp_sys" }, { "NBPS", "nibp_sys" }, { "NBPSYS", "nibp_sys" },
	{ "SYS", "nibp_sys" }, { "SBP", "nibp_sys" }, { "SYSTOLIC", "nibp_sys" },
	{ "NIBPD", "nibp_dia" }, { "NIBPDIA", "nibp_dia" }, { "NBPD", "nibp_dia" }, { "NBPDIA", "nibp_dia" },
	{ "DIA", "nibp_dia" }, { "DBP", "nibp_dia" }, { "DIASTOLIC", "nibp_dia" },
	{ "NIBPM", "nibp_mean" }, { "NIBPMEAN", "nibp_mean" }, { "NIBPMAP", "nibp_mean" }, { "NBPM", "nibp_mean" },
	{ "NBPMEAN", "nibp_mean" }, { "MAP", "nibp_mean" },
	{ "ARTS", "art_sys" }, { "ARTSYS", "art_sys" }, { "ABPS", "art_sys" }, { "ABPSYS", "art_sys" },
	{ "ARTD", "art_dia" }, { "ARTDIA", "art_dia" }, { "ABPD", "art_dia" }, { "ABPDIA", "art_dia" },
	{ "ARTM", "art_mean" }, { "ARTMEAN", "art_mean" }, { "ABPM", "art_mean" }, { "ABPMEAN", "art_mean" },
	{ "TEMP", "temperature" }, { "TEMPERATURE", "temperature" }, { "T1", "temperature" }, { "TEMP1", "temperature" },
	{ "ETCO2", "etco2" }, { "CO2ET", "etco2" },
	{ "WEIGHT", "weight" }, { "HEIGHT", "height" }, { "GLUCOSE", "glucose" }, { "GLU", "glucose" },
};

enum { LABEL_MAX = 24 };

const char *vitals_label(struct span label)
{
	char plain[LABEL_MAX + 1];
	size_t n = 0;
	for (size_t i = 0; i < label.n; i++) {
		uint8_t c = label.p[i];
		if (c >= 'a' && c <= 'z')
			c = (uint8_t)(c - 'a' + 'A');
		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
			continue;
		if (n == LABEL_MAX)
			return NULL;
		plain[n++] = (char)c;
	}
	plain[n] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		if (strcmp(labels[i].code, plain) == 0)
			return labels[i].name;
	return NULL;
}

void vitals_emit(struct emit *e, const struct vital *v)
{
	if (!emit_wants(e, &vitals_type))
		return;
	struct record r UNSET;
	emit_begin(e, &r, &vitals_type);
	record_str(&r, VITALS_PROTOCOL, v->protocol);
	record_text(&r, VITALS_NAME, v->name);
	record_text(&r, VITALS_CODE, v->code);
	record_text(&r, VITALS_CODE_SYSTEM, v->system);
	record_real(&r, VITALS_VALUE, v->value);
	record_text(&r, VITALS_UNIT, v->unit);
	record_text(&r, VITALS_SUB_ID, v->sub_id);
	record_text(&r, VITALS_DEVICE_TIME, v->device_time);
	if (v->subject.len)
		record_token(&r, VITALS_SUBJECT, v->subject);
	emit_record(e, &r);
}
