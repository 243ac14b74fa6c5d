/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OBX of an HL7 message (HL7 v2.9 §7.4.2): a number becomes a vital sign, a curve a waveform, text a note. */
#include "base/scope.h"
#include "decode/hl7_observation.h"

/* NM, or SN (comparator ^ number ^ separator ^ number), or a number sent as text; "120/80" is two. */
static int observation_values(const struct hl7_parse *p, const struct span *f, double v[2])
{
	struct span one = hl7_first(f[5], p->d.repetition), two = { 0 };
	if (span_is(f[2], "SN")) {
		struct span sn[4];
		hl7_split(one, p->d.component, sn, ARRAY_LEN(sn));
		one = sn[1];
		if (span_is(sn[2], "/"))
			two = sn[3];
		else if (sn[2].n)
			return 0;                /* a ratio, a range, "more than" */
	} else if (p->d.field != '/') {
		struct span first = hl7_first(one, '/');
		two = span_from(one, first.n + 1);
		one = first;
	}
	if (!hl7_number(one, &v[0]))
		return 0;
	if (!two.n)
		return 1;
	return hl7_number(two, &v[1]) ? 2 : 0;
}

struct span hl7_time_of(struct hl7_parse *p, struct span obx14)
{
	struct span said = hl7_first(obx14.n ? obx14 : p->observed, p->d.component);
	if (p->emit->host->shown || !span_eq(said, p->said_time)) {
		p->said_time = said;
		p->time = hl7_is_numeral(said, ".+-") ? span_cut(said, HL7_LABEL_MAX) : (struct span){ 0 };
	}
	return p->time;
}

void hl7_observation_tell(struct hl7_parse *p, const struct hl7_meant *m, const double *v, int n, struct span sub_id,
			     struct span device)
{
	struct span name = m->coded.name;
	struct vital out = {
		.protocol = p->dialect->protocol, .name = name, .code = m->coded.code, .system = span_str(m->coded.system),
		.value = v[0], .unit = m->unit, .sub_id = sub_id, .device_time = p->time,
		.subject = record_get_token(&p->out, HL7_PATIENT_ID), .bed = record_get_token(&p->out, HL7_BED),
		.device = device, .meaning = &m->meaning,
	};
	if (p->dialect->keep && !p->dialect->keep(&out))
		return;
	struct vital_meaning meaning;
	bool art = span_starts(name, SPAN_LIT("art"));
	if (n == 2 && !art && !span_starts(name, SPAN_LIT("nibp")))
		return;                          /* a ratio, a titre */
	if (n == 2)
		out.name = span_str(art ? "art_sys" : "nibp_sys");
	if (n == 2 || p->dialect->keep) {        /* of another name, maybe another unit */
		meaning = vitals_meaning(out.name, out.unit);
		out.meaning = &meaning;
	}
	vitals_add(&p->vitals, &out);
	if (n == 1 || !emit_wants(p->emit, &vitals_type))
		return;
	out.name = span_str(art ? "art_dia" : "nibp_dia");
	out.value = v[1];
	meaning = vitals_meaning(out.name, out.unit);
	vitals_add(&p->vitals, &out);
}

/* last: the shape of the OBX before. */
static void observation(struct hl7_parse *p, struct span line, const struct span *f, struct hl7_shape *last)
{
	struct hl7_meant scratch UNSET;
	double v[2];
	if (!emit_wants(p->emit, &vitals_type))
		return;
	int n = observation_values(p, f, v);
	const struct hl7_meant *m = n ? hl7_meant_of(p, f[3], f[6], &scratch) : NULL;
	if (!m || ++p->observations > HL7_VITALS_MAX)
		return;
	(void)hl7_time_of(p, f[14]);
	p->has_device = f[18].n;
	if (n == 1 && hl7_may_have_shape(p, f)) {
		p->shape = hl7_shape_of(p, last, line, f);
		p->behind = f[14].p ? span_from(line, (size_t)(f[14].p - line.p)) : (struct span){ 0 };
	}
	struct span sub_id = hl7_is_numeral(f[4], ".&_-") ? span_cut(f[4], HL7_LABEL_MAX) : (struct span){ 0 };
	hl7_observation_tell(p, p->shape ? &p->shape->meant : m, v, n, sub_id, f[18].n ? p->device_id : (struct span){ 0 });
	if (p->shape)
		p->told_at = p->segments;
}

/* OBX-5 of type NA or MA: numbers, cut by components and repetitions (HL7 v2.9 2A.2.1, IHE PCD WCM). */
static void curve(struct hl7_parse *p, const struct span *f)
{
	struct waveform_feed feed;
	struct span code = hl7_plain(hl7_part(f[3], p->d.component, 1), HL7_LABEL_MAX, "_-."), values = f[5];
	bool is_mdc = code.n == 6 && hl7_is_numeral(code, "");
	uint32_t mdc = 0;
	double v;
	for (size_t i = 0; is_mdc && i < code.n; i++)
		mdc = mdc * 10 + (uint32_t)(code.p[i] - '0');
	const struct waveform of = {
		.protocol = p->dialect->protocol, .mdc = mdc, .code = code,
		.sub_id = hl7_is_numeral(f[4], ".&_-") ? span_cut(f[4], HL7_LABEL_MAX) : (struct span){ 0 },
		.subject = record_get_token(&p->out, HL7_PATIENT_ID), .bed = record_get_token(&p->out, HL7_BED),
		.device = f[18].n ? p->device_id : (struct span){ 0 },
	};
	p->waveforms++;
	vitals_tell(&p->vitals);
	if (!waveform_begin(&feed, p->emit, p->curves, &of, values))
		return;
	for (size_t at = 0, n = 0; at <= values.n; at += n + 1) {
		struct span rest = span_from(values, at);
		for (n = 0; n < rest.n && rest.p[n] != p->d.component && rest.p[n] != p->d.repetition; n++)
			continue;
		if (hl7_number(span_cut(rest, n), &v) && v > -1e12 && v < 1e12)
			waveform_sample(&feed, (int64_t)(v * 1000));
	}
}

void hl7_observation_read(struct hl7_parse *p, struct span line, const struct span *f)
{
	struct span type = f[2];
	struct hl7_shape *last = p->shape;
	p->shape = NULL;
	hl7_device_observed(p, f[18]);
	if (span_is(type, "NM") || span_is(type, "SN") || type.n == 0)
		observation(p, line, f, last);
	else if (span_is(type, "NA") || span_is(type, "MA"))
		curve(p, f);
	else if (span_is(type, "TX") || span_is(type, "FT") || span_is(type, "ED"))
		hl7_person(p, HL7_NOTE, f[5]);
	else if (!hl7_device_attribute(p, f) && span_is(type, "ST"))
		observation(p, line, f, last);
}
