/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vitals record and the codes it knows: LOINC, IEEE 11073-10101 (MDC numbers and RefIds), UCUM units. */
#include "decode/vitals.h"

#include <string.h>

#include "base/scope.h"

static const double MMHG_PER_KPA = 7.500617;

static const struct field fields[] = {
	[VITALS_PROTOCOL] = { "protocol", F_TEXT, "protocol that carried the value" },
	[VITALS_NAME] = { "name", F_TEXT, "short name of what was measured" },
	[VITALS_CODE] = { "code", F_TEXT, "code as it stood on the wire" },
	[VITALS_CODE_SYSTEM] = { "code_system", F_TEXT, "LOINC, MDC (IEEE 11073-10101) or vendor" },
	[VITALS_MDC] = { "mdc", F_UINT, "number of IEEE 11073-10101 for it, whatever code was sent" },
	[VITALS_VALUE] = { "value", F_REAL, "measured value; pressures sent in kPa in mm[Hg], temperatures in Cel",
		.privacy = VITAL },
	[VITALS_UNIT] = { "unit", F_TEXT, "UCUM unit of the value; as sent when it is not known" },
	[VITALS_SUBJECT] = { "patient_id", F_TEXT, "whose value it is", .privacy = PATIENT },
	[VITALS_SUB_ID] = { "sub_id", F_TEXT, "channel or sub-id that the sender gave" },
	[VITALS_DEVICE_TIME] = { "device_time", F_TEXT, "time of measurement as the device wrote it" },
	[VITALS_DEVICE] = { "device", F_TEXT, "measuring device that the message names" },
	[VITALS_BED] = { "bed", F_TEXT, "bed that the value is reported of", .privacy = PATIENT },
};
const struct record_type vitals_type = {
	.name = "vitals", .doc = "A vital sign, from any protocol that carries one",
	.fields = fields, .nfields = ARRAY_LEN(fields), .repeats = true,
};

/* One row for each thing measured: what every protocol's own name for it leads to. Pressures and temperatures
 * leave in the unit of their row, so that two senders can be compared. */
struct measure {
	const char *name;
	uint32_t mdc;                            /* IEEE 11073-10101, partition 2 */
	const char *unit;                        /* UCUM; NULL: several are usual */
};

static const struct measure measures[] = {
	{ "heart_rate", 147842, "/min" }, { "pulse_rate", 149530, "/min" }, { "resp_rate", 151562, "/min" },
	{ "spo2", 150456, "%" }, { "perfusion", 150448, NULL },
	{ "nibp", 150020, "mm[Hg]" }, { "nibp_sys", 150021, "mm[Hg]" }, { "nibp_dia", 150022, "mm[Hg]" },
	{ "nibp_mean", 150023, "mm[Hg]" },
	{ "art_sys", 150037, "mm[Hg]" }, { "art_dia", 150038, "mm[Hg]" }, { "art_mean", 150039, "mm[Hg]" },
	{ "pap_sys", 150045, "mm[Hg]" }, { "pap_dia", 150046, "mm[Hg]" }, { "pap_mean", 150047, "mm[Hg]" },
	{ "cvp", 150087, "mm[Hg]" }, { "icp", 153608, "mm[Hg]" },
	{ "temperature", 150344, "Cel" }, { "etco2", 151708, "mm[Hg]" },
	{ "tidal_volume", 151868, "mL" }, { "minute_volume", 151880, "L/min" }, { "peep", 151976, "cm[H2O]" },
	{ "weight", 188736, "kg" }, { "height", 188740, "cm" },
	{ "glucose", 160020, NULL }, { "sodium", 160012, "mmol/L" }, { "potassium", 160016, "mmol/L" },
	{ "ph", 160004, NULL }, { "pco2", 160064, "mm[Hg]" }, { "po2", 160116, "mm[Hg]" },
	{ "hematocrit", 160132, "%" }, { "hemoglobin", 0, NULL }, { "lactate", 0, "mmol/L" },
};

/* MDC numbers that makers use for the same things, beside those above. */
static const struct {
	uint32_t mdc;
	const char *name;
} numbers[] = {
	{ 149514, "pulse_rate" }, { 149538, "pulse_rate" }, { 149546, "pulse_rate" },
	{ 151570, "resp_rate" }, { 151578, "resp_rate" }, { 151594, "resp_rate" },
	{ 150301, "nibp_sys" }, { 150302, "nibp_dia" }, { 150303, "nibp_mean" },
	{ 150033, "art_sys" }, { 150034, "art_dia" }, { 150035, "art_mean" },   /* ART, ABP and others are all arterial */
	{ 150084, "cvp" }, { 153611, "icp" },
	{ 150364, "temperature" }, { 150368, "temperature" }, { 150372, "temperature" }, { 150380, "temperature" },
	{ 150388, "temperature" }, { 150392, "temperature" },
	{ 151728, "etco2" }, { 160184, "glucose" },
};

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
	{ "2341-6", "glucose" }, { "2951-2", "sodium" }, { "2947-0", "sodium" }, { "2823-3", "potassium" },
	{ "6298-4", "potassium" }, { "2744-1", "ph" }, { "11558-4", "ph" }, { "2019-8", "pco2" }, { "11557-6", "pco2" },
	{ "2703-7", "po2" }, { "11556-8", "po2" }, { "718-7", "hemoglobin" }, { "4544-3", "hematocrit" },
	{ "2524-7", "lactate" }, { "32693-4", "lactate" },
	/* MDC RefIds */
	{ "MDC_ECG_HEART_RATE", "heart_rate" }, { "MDC_ECG_CARD_BEAT_RATE", "heart_rate" },
	{ "MDC_PULS_RATE", "pulse_rate" },
	{ "MDC_PULS_OXIM_PULS_RATE", "pulse_rate" }, { "MDC_PULS_RATE_NON_INV", "pulse_rate" },
	{ "MDC_PULS_OXIM_SAT_O2", "spo2" }, { "MDC_PULS_OXIM_PERF_REL", "perfusion" }, { "MDC_RESP_RATE", "resp_rate" },
	{ "MDC_TTHOR_RESP_RATE", "resp_rate" }, { "MDC_CO2_RESP_RATE", "resp_rate" }, { "MDC_AWAY_RESP_RATE", "resp_rate" },
	{ "MDC_PRESS_CUFF_SYS", "nibp_sys" }, { "MDC_PRESS_CUFF_DIA", "nibp_dia" }, { "MDC_PRESS_CUFF_MEAN", "nibp_mean" },
	{ "MDC_PRESS_BLD_NONINV_SYS", "nibp_sys" }, { "MDC_PRESS_BLD_NONINV_DIA", "nibp_dia" },
	{ "MDC_PRESS_BLD_NONINV_MEAN", "nibp_mean" },
	{ "MDC_PRESS_BLD_ART_ABP_SYS", "art_sys" }, { "MDC_PRESS_BLD_ART_ABP_DIA", "art_dia" },
	{ "MDC_PRESS_BLD_ART_ABP_MEAN", "art_mean" },
	{ "MDC_TEMP", "temperature" }, { "MDC_TEMP_BODY", "temperature" },
	{ "MDC_AWAY_CO2_ET", "etco2" }, { "MDC_CONC_AWAY_CO2_ET", "etco2" },
};

/* What stands for a unit in messages, and the UCUM unit it means: MDC numbers and RefIds, makers' texts; all in
 * capitals. */
#define UNIT(said, means) { sizeof(said) - 1, said, means }

static const struct {
	size_t n;                                /* most others are passed over by their length */
	const char *said, *ucum;
} units[] = {
	UNIT("MDC_DIM_BEAT_PER_MIN", "/min"), UNIT("MDC_DIM_RESP_PER_MIN", "/min"), UNIT("MDC_DIM_PERCENT", "%"),
	UNIT("MDC_DIM_MMHG", "mm[Hg]"), UNIT("MDC_DIM_DEGC", "Cel"), UNIT("BPM", "/min"), UNIT("MMHG", "mm[Hg]"),
	UNIT("/MIN", "/min"), UNIT("MM[HG]", "mm[Hg]"), UNIT("%", "%"), UNIT("CEL", "Cel"),
	UNIT("RPM", "/min"), UNIT("BRPM", "/min"), UNIT("BEATS/MIN", "/min"),
	UNIT("{BEATS}/MIN", "/min"), UNIT("BREATHS/MIN", "/min"), UNIT("{BREATHS}/MIN", "/min"), UNIT("1/MIN", "/min"),
	UNIT("MDC_DIM_KILO_PASCAL", "kPa"), UNIT("KPA", "kPa"),
	UNIT("MDC_DIM_FAHR", "[degF]"), UNIT("[DEGF]", "[degF]"), UNIT("DEGF", "[degF]"), UNIT("\xC2\xB0""F", "[degF]"),
	UNIT("DEGC", "Cel"), UNIT("\xC2\xB0""C", "Cel"), UNIT("C", "Cel"), UNIT("F", "[degF]"),
	UNIT("264864", "/min"), UNIT("264928", "/min"), UNIT("262688", "%"), UNIT("266016", "mm[Hg]"), UNIT("268192", "Cel"),
	UNIT("265987", "kPa"), UNIT("266560", "[degF]"), UNIT("266048", "cm[H2O]"), UNIT("263762", "mL"),
	UNIT("265216", "L/min"),
	UNIT("266866", "mmol/L"), UNIT("264274", "mg/dL"), UNIT("263875", "kg"), UNIT("263441", "cm"),
	UNIT("CMH2O", "cm[H2O]"), UNIT("MMOL/L", "mmol/L"), UNIT("MG/DL", "mg/dL"),
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

static const char *ucum_of(struct span said)
{
	for (size_t i = 0; said.n && i < ARRAY_LEN(units); i++)
		if (units[i].n == said.n && same_code(units[i].said, said))
			return units[i].ucum;
	return NULL;
}

const char *vitals_mdc_name(uint32_t mdc)
{
	for (size_t i = 0; mdc && i < ARRAY_LEN(measures); i++)
		if (measures[i].mdc == mdc)
			return measures[i].name;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (numbers[i].mdc == mdc)
			return numbers[i].name;
	return NULL;
}

/* Six digits alone are an MDC number: the partitions in use start at 131072. */
static uint32_t mdc_number(struct span code)
{
	uint32_t n = 0;
	for (size_t i = 0; i < code.n; i++) {
		if (code.p[i] < '0' || code.p[i] > '9')
			return 0;
		n = n * 10 + (uint32_t)(code.p[i] - '0');
	}
	return n;
}

const char *vitals_name(struct span code)
{
	uint32_t mdc = code.n == 6 ? mdc_number(code) : 0;
	if (mdc)
		return vitals_mdc_name(mdc);
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
	{ "T2", "temperature" }, { "TEMP2", "temperature" },
	{ "ETCO2", "etco2" }, { "CO2ET", "etco2" }, { "PI", "perfusion" }, { "CVP", "cvp" }, { "ICP", "icp" },
	{ "WEIGHT", "weight" }, { "HEIGHT", "height" }, { "GLUCOSE", "glucose" }, { "GLU", "glucose" },
	{ "NA", "sodium" }, { "K", "potassium" }, { "PH", "ph" }, { "PCO2", "pco2" }, { "PO2", "po2" },
	{ "HGB", "hemoglobin" }, { "HB", "hemoglobin" }, { "THB", "hemoglobin" }, { "HCT", "hematocrit" },
	{ "LAC", "lactate" }, { "LACTATE", "lactate" },
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

/* Names come from the tables above, so that the pointer decides most of the time: asked for every value. */
static const struct measure *measure_named(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(measures); i++)
		if ((const char *)name.p == measures[i].name && span_is(name, measures[i].name))
			return &measures[i];
	for (size_t i = 0; i < ARRAY_LEN(measures); i++)
		if (span_is(name, measures[i].name))
			return &measures[i];
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* In the unit of its kind where the two are known to measure alike; else as it was sent, but in UCUM. */
struct vital_meaning vitals_meaning(struct span name, struct span unit)
{
	const struct measure *kind = measure_named(name);
	struct vital_meaning m = { .mdc = kind ? kind->mdc : 0, .times = 1, .by = 1 };
	if (kind && kind->unit && span_is(unit, kind->unit))
		return m;
	const char *ucum = ucum_of(unit);
	m.unit = span_str(ucum);
	if (!kind || !ucum)
		return m;
	if (same(ucum, "kPa") && same(kind->unit, "mm[Hg]")) {
		m.unit = span_str(kind->unit);
		m.times = MMHG_PER_KPA;
	} else if (same(ucum, "[degF]") && same(kind->unit, "Cel")) {
		m.unit = span_str(kind->unit);
		m.minus = 32;
		m.by = 1.8;
	}
	return m;
}

/* record_text for the plain fields of a record that is made for each value: what is asked once is not asked again. */
static inline void put_text(struct record *r, unsigned field, struct span s, bool watched)
{
	if (!s.n)
		return;
	uint8_t last = s.p[s.n - 1];
	if (watched || last == ' ' || last == '\0' || s.n > TEXT_MAX)
		record_text_whole(r, field, s);
	else
		record_slot(r, field, F_TEXT)->text = s;
}

/* What differs from value to value. */
static inline void put_value(struct record *r, const struct vital *v, const struct vital_meaning *m, bool watched)
{
	put_text(r, VITALS_NAME, v->name, watched);
	if (m->mdc)
		record_slot(r, VITALS_MDC, F_UINT)->u = m->mdc;
	put_text(r, VITALS_CODE, v->code, watched);
	put_text(r, VITALS_CODE_SYSTEM, v->system, watched);
	record_slot(r, VITALS_VALUE, F_REAL)->d = (v->value - m->minus) * m->times / m->by;
	put_text(r, VITALS_UNIT, m->unit.n ? m->unit : v->unit, watched);
	put_text(r, VITALS_SUB_ID, v->sub_id, watched);
}

static void vital_record(struct emit *e, const struct vital *v, const struct vital_meaning *m, struct record *r)
{
	emit_begin(e, r, &vitals_type);
	bool watched = e->host && e->host->shown;
	put_text(r, VITALS_PROTOCOL, span_str(v->protocol), watched);
	put_value(r, v, m, watched);
	put_text(r, VITALS_DEVICE_TIME, v->device_time, watched);
	if (v->subject.len)
		record_token(r, VITALS_SUBJECT, v->subject);
	put_text(r, VITALS_DEVICE, v->device, watched);
	if (v->bed.len)
		record_token(r, VITALS_BED, v->bed);
}

void vitals_emit(struct emit *e, const struct vital *v)
{
	if (!emit_wants(e, &vitals_type))
		return;
	struct record r UNSET;
	struct vital_meaning looked_up;
	const struct vital_meaning *m = v->meaning;
	if (!m) {
		looked_up = vitals_meaning(v->name, v->unit);
		m = &looked_up;
	}
	vital_record(e, v, m, &r);
	emit_record(e, &r);
}

void vitals_tell(struct vitals *all)
{
	if (all->n)
		publish_many(all->emit->sink, all->wait, all->n);
	all->n = 0;
}

static void vitals_added(struct vitals *all)
{
	all->last = &all->wait[all->n++];
	if (all->begun && all->n < VITALS_AT_ONCE)
		return;
	vitals_tell(all);
	all->begun = true;
}

void vitals_add(struct vitals *all, const struct vital *v)
{
	vital_record(all->emit, v, v->meaning, &all->wait[all->n]);
	vitals_added(all);
}

void vitals_add_like_last(struct vitals *all, const struct vital *v)
{
	const uint64_t same = 1 << VITALS_PROTOCOL | 1 << VITALS_DEVICE_TIME | 1 << VITALS_SUBJECT |
			      1 << VITALS_DEVICE | 1 << VITALS_BED;
	struct record *r = &all->wait[all->n];
	if (r != all->last)
		memcpy(r, all->last, offsetof(struct record, v) + VITALS_FIELDS * sizeof(r->v[0]));
	r->set &= same;
	put_value(r, v, v->meaning, all->emit->host->shown);
	vitals_added(all);
}
