/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The segments of an HL7 message: which are known, and where in them a person's data stand. */
#include "decode/hl7_observation.h"

/* ---- what is read of one beside persons' data ---- */

static void msa(struct hl7_parse *p, struct span line, const struct span *f)
{
	(void)line;
	record_text(&p->out, HL7_ACK_CODE, hl7_plain(hl7_value(f[1], &p->d), HL7_LABEL_MAX, ""));
	record_text(&p->out, HL7_ACKED_ID, span_cut(hl7_value(f[2], &p->d), HL7_ID_MAX));
}

static void sft(struct hl7_parse *p, struct span line, const struct span *f)
{
	(void)line;
	if (!record_has(&p->out, HL7_SOFTWARE))  /* the first one made the message, others passed it on */
		record_text(&p->out, HL7_SOFTWARE, hl7_named(p, f[3]));
}

static void pv1(struct hl7_parse *p, struct span line, const struct span *f)
{
	(void)line;
	struct span ward = hl7_first(f[3], p->d.component);
	hl7_person(p, HL7_DEPARTMENT, ward);
	struct span room = span_from(f[3], ward.n + 1), number = hl7_part(room, p->d.component, 2);
	size_t n = hl7_first(room, p->d.component).n;
	hl7_person(p, HL7_BED, span_cut(room, number.n ? n + 1 + number.n : n));
}

static void obr(struct hl7_parse *p, struct span line, const struct span *f)
{
	(void)line;
	p->shape = NULL;                         /* OBX-14 that is not there is this */
	p->observed = f[7];
}

static void pid(struct hl7_parse *p, struct span line, const struct span *f)
{
	(void)line;
	(void)f;
	hl7_patient_begin(p);
}

static void prt(struct hl7_parse *p, struct span line, const struct span *f)
{
	(void)line;
	hl7_device_part(p, f);
}

/* ---- where a person's data stand ---- */

struct place {
	uint8_t at, field;
	bool first;                              /* only the first component identifies; the rest says whose number it is */
};

static const struct place pid_places[] = {
	{ 3, HL7_PATIENT_ID, true }, { 2, HL7_PATIENT_ID, true }, { 4, HL7_PATIENT_ID, true },
	{ 5, HL7_PATIENT_NAME, false }, { 9, HL7_PATIENT_NAME, false }, { 6, HL7_NEXT_OF_KIN, false },
	{ 7, HL7_BIRTH_DATE, true }, { 8, HL7_SEX, true }, { 11, HL7_ADDRESS, false }, { 23, HL7_ADDRESS, false },
	{ 13, HL7_PHONE, false }, { 14, HL7_PHONE, false }, { 18, HL7_ACCOUNT, true }, { 19, HL7_SSN, true },
	{ 20, HL7_SSN, true }, { 21, HL7_NEXT_OF_KIN, true },
};
static const struct place pv1_places[] = {
	{ 7, HL7_PHYSICIAN, false }, { 8, HL7_PHYSICIAN, false }, { 9, HL7_PHYSICIAN, false },
	{ 17, HL7_PHYSICIAN, false }, { 19, HL7_VISIT, true }, { 50, HL7_VISIT, true },
};
static const struct place obr_places[] = {
	{ 3, HL7_STUDY, true }, { 2, HL7_STUDY, true }, { 10, HL7_PHYSICIAN, false }, { 16, HL7_PHYSICIAN, false },
	{ 28, HL7_PHYSICIAN, false }, { 32, HL7_PHYSICIAN, false },
};
static const struct place orc_places[] = {
	{ 3, HL7_STUDY, true }, { 2, HL7_STUDY, true }, { 12, HL7_PHYSICIAN, false }, { 10, HL7_PHYSICIAN, false },
	{ 11, HL7_PHYSICIAN, false },
};
static const struct place nk1_places[] = {
	{ 2, HL7_NEXT_OF_KIN, false }, { 4, HL7_NEXT_OF_KIN, false }, { 5, HL7_NEXT_OF_KIN, false },
	{ 6, HL7_NEXT_OF_KIN, false },
};
static const struct place gt1_places[] = {
	{ 3, HL7_GUARANTOR, false }, { 5, HL7_GUARANTOR, false }, { 6, HL7_GUARANTOR, false },
	{ 7, HL7_GUARANTOR, false }, { 12, HL7_GUARANTOR, true },
};
static const struct place in1_places[] = {
	{ 36, HL7_INSURANCE, true }, { 49, HL7_INSURANCE, true }, { 16, HL7_INSURANCE, false },
	{ 18, HL7_INSURANCE, true }, { 19, HL7_INSURANCE, false },
};
static const struct place mrg_places[] = {
	{ 1, HL7_PATIENT_ID, true }, { 3, HL7_ACCOUNT, true }, { 7, HL7_PATIENT_NAME, false },
};
static const struct place pd1_places[] = { { 4, HL7_PHYSICIAN, false } };
static const struct place evn_places[] = { { 5, HL7_PHYSICIAN, false } };
static const struct place rol_places[] = { { 4, HL7_PHYSICIAN, false } };
static const struct place prt_places[] = {
	{ 5, HL7_PHYSICIAN, false }, { 14, HL7_PHYSICIAN, false }, { 15, HL7_PHYSICIAN, false },
};
static const struct place obx_places[] = { { 16, HL7_PHYSICIAN, false } };
static const struct place nte_places[] = { { 3, HL7_NOTE, false } };
static const struct place dg1_places[] = {
	{ 3, HL7_NOTE, false }, { 4, HL7_NOTE, false }, { 16, HL7_PHYSICIAN, false },
};
static const struct place al1_places[] = { { 3, HL7_NOTE, false }, { 5, HL7_NOTE, false } };
static const struct place qrd_places[] = { { 8, HL7_PATIENT_ID, true } };
static const struct place qpd_places[] = { { 3, HL7_PATIENT_ID, true } };
static const struct place no_places[] = { { 0, 0, false } };

struct segment {
	uint32_t id;                             /* the name's three letters, big endian */
	char name[4];
	uint8_t last;                            /* highest field that is looked at */
	uint8_t nplaces;
	const struct place *places;
	/* NULL: only the places */
	void (*read)(struct hl7_parse *p, struct span line, const struct span *f);
};

#define SEGMENT_ID(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))
#define SEGMENT(nm, hi, tbl, fn) { \
	.id = SEGMENT_ID(nm[0], nm[1], nm[2]), .name = nm, .last = hi, .nplaces = ARRAY_LEN(tbl), .places = tbl, .read = fn }

static const struct segment segments[] = {       /* OBX is the first */
	SEGMENT("OBX", 18, obx_places, hl7_observation_read), SEGMENT("PID", 23, pid_places, pid),
	SEGMENT("OBR", 32, obr_places, obr),
	SEGMENT("PV1", 50, pv1_places, pv1), SEGMENT("MSA", 2, no_places, msa), SEGMENT("NTE", 3, nte_places, NULL),
	SEGMENT("ORC", 12, orc_places, NULL), SEGMENT("PRT", 20, prt_places, prt), SEGMENT("NK1", 6, nk1_places, NULL),
	SEGMENT("GT1", 12, gt1_places, NULL), SEGMENT("IN1", 49, in1_places, NULL), SEGMENT("MRG", 7, mrg_places, NULL),
	SEGMENT("PD1", 4, pd1_places, NULL), SEGMENT("EVN", 5, evn_places, NULL), SEGMENT("ROL", 4, rol_places, NULL),
	SEGMENT("DG1", 16, dg1_places, NULL), SEGMENT("AL1", 5, al1_places, NULL), SEGMENT("QRD", 8, qrd_places, NULL),
	SEGMENT("QPD", 3, qpd_places, NULL), SEGMENT("SFT", 3, no_places, sft),
};

/* The field with its repetitions; past REPEATS_MAX the rest is one datum. */
static void place_read(struct hl7_parse *p, const struct place *at, struct span field)
{
	for (int k = 1; field.n; k++) {
		struct span one = k < HL7_REPEATS_MAX ? hl7_first(field, p->d.repetition) : field;
		hl7_person(p, at->field, at->first && k < HL7_REPEATS_MAX ? hl7_first(one, p->d.component) : one);
		field = span_from(field, one.n + 1);
	}
}

void hl7_segment_show(const struct hl7_parse *p, struct span line)
{
	const uint8_t d[] = { p->d.field, p->d.component, p->d.repetition, p->d.escape, p->d.subcomponent };
	emit_shown(p->emit, span_cut(line, 3));
	for (struct span s = span_from(line, 3); s.n; s = span_from(s, 1))
		if (s.p[0] && hl7_is_mark(s.p[0]) && memchr(d, s.p[0], sizeof(d)))
			emit_shown(p->emit, span_cut(s, 1));
}

/* Persons' data of a segment that is at hand. */
static void places_read(struct hl7_parse *p, const struct segment *s, const struct span *f)
{
	for (unsigned i = 0; i < s->nplaces; i++)
		if (s->places[i].at && f[s->places[i].at].n)
			place_read(p, &s->places[i], f[s->places[i].at]);
}

static void identity_note(struct hl7_parse *p, const struct segment *s)
{
	uint64_t bit = (uint64_t)1 << (s - segments);
	if (!p->personal || (p->identity & bit))
		return;
	p->identity |= bit;
	record_add_text(&p->out, HL7_IDENTITY, span_of(s->name, 3));
}

/* ---- one segment ---- */

/* OBX-14 and what follows, when it is not what followed in the OBX before. */
static void behind_read(struct hl7_parse *p, struct span behind)
{
	struct span *f = p->f;
	hl7_split(behind, p->d.field, f + 14, 5);
	p->personal = false;
	hl7_device_observed(p, f[18]);
	(void)hl7_time_of(p, f[14]);
	p->has_device = f[18].n;
	p->behind = behind;
	places_read(p, segments, f);
	identity_note(p, segments);
}

/* The value of an OBX whose shape is known and, if it is not as before, what follows OBX-13. */
static bool observation_again(struct hl7_parse *p, struct span line)
{
	struct hl7_again again;
	if (!hl7_shape_again(p, line, &again))
		return false;
	if (!again.like_last)
		behind_read(p, again.rest);
	hl7_shape_tell(p, line, &again);
	return true;
}

void hl7_segment_read(struct hl7_parse *p, struct span line)
{
	p->segments++;
	struct rd r = rd_of(line);
	uint32_t id = rd_be24(&r);
	if (rd_u8(&r) != p->d.field)
		return;                          /* too short, or not even a segment */
	const struct segment *s = segments, *end = segments + ARRAY_LEN(segments);
	while (s < end && s->id != id)
		s++;
	if (s == end || (s == segments && observation_again(p, line)))
		return;
	if (p->emit->host->shown)
		hl7_segment_show(p, line);
	struct span *f = p->f;
	hl7_split(line, p->d.field, f, s->last + 1u);
	p->personal = false;
	if (s->read)
		s->read(p, line, f);
	places_read(p, s, f);
	identity_note(p, s);
}
