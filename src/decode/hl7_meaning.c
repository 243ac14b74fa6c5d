/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What OBX-3 and OBX-6 of an HL7 observation mean: which vital sign by the codes of the norms, and in what unit. Worked
 * out once and remembered. */
#include "base/ascii.h"
#include "decode/hl7_observation.h"

enum { CODE_MAX = 64 };

static const char *system_name(struct span s)
{
	if (span_is(s, "LN") || span_is(s, "LOINC"))
		return "LOINC";
	return span_is(s, "MDC") || span_starts(s, SPAN_LIT("ISO/IEEE 11073")) ? "MDC" : NULL;
}

/* The sender's own name for what it measures: short and printable, else its code. */
static struct span label_of(struct span text, struct span code)
{
	return text.n == 0 || text.n > HL7_LABEL_MAX || span_has_control(text) ? code : text;
}

/* One half of OBX-3: a code, its text, its system. sure: only what the norms know. */
static bool half_coded(const struct span *f, bool sure, struct hl7_coded *out)
{
	struct span code = hl7_plain(f[0], CODE_MAX, "-_.:");
	const char *system = system_name(f[2]);
	const char *name = code.n ? vitals_name(code) : NULL;
	if (!name && span_starts(f[1], SPAN_LIT("MDC_")))
		name = vitals_name(f[1]);
	if (!name && sure)
		return false;
	if (!name && !system)
		name = vitals_label(f[0]);
	if (!name && !system)
		name = vitals_label(f[1]);
	if (!code.n && !name)
		return false;
	if (!system && sure)
		system = code.n && memchr(code.p, '-', code.n) ? "LOINC" : "MDC";
	*out = (struct hl7_coded){ name ? span_str(name) : label_of(f[1], code), code, system ? system : "vendor" };
	return true;
}

/* CWE: code ^ text ^ system ^ other code ^ other text ^ other system. A code of the norms is better
 * than a declared system, and that is better than the sender's own. */
static bool observation_coded(const struct hl7_parse *p, struct span obx3, struct hl7_coded *out)
{
	struct span f[6];
	hl7_split(obx3, p->d.component, f, ARRAY_LEN(f));
	if (half_coded(f, true, out) || half_coded(f + 3, true, out))
		return true;
	return half_coded(system_name(f[5]) && !system_name(f[2]) ? f + 3 : f, false, out);
}

static struct span unit_of(const struct hl7_parse *p, struct span obx6)
{
	struct span code = hl7_value(hl7_part(obx6, p->d.component, 1), &p->d);
	struct span text = hl7_value(hl7_part(obx6, p->d.component, 2), &p->d);
	return hl7_plain(hl7_is_numeral(code, "") && text.n ? text : code, HL7_LABEL_MAX, "_/%[].*'{}^-\xC2\xB0\xB5");
}

uint32_t hl7_known_hash(struct span s, uint32_t h)
{
	struct rd r = rd_of(s);
	while (rd_left(&r) > 8)
		h = (h ^ (uint32_t)(rd_le64(&r) * UINT64_C(0x9e3779b97f4a7c15) >> 32)) * 16777619u;
	return (h ^ (uint32_t)(span_last8(s) * UINT64_C(0x9e3779b97f4a7c15) >> 32)) * 16777619u;
}

bool hl7_delims_eq(const struct hl7_delims *a, const struct hl7_delims *b)
{
	return a->field == b->field && a->component == b->component && a->repetition == b->repetition &&
	       a->subcomponent == b->subcomponent;
}

void hl7_work_out(const struct hl7_parse *p, struct span code, struct span unit, struct hl7_meant *m)
{
	m->is_coded = observation_coded(p, code, &m->coded);
	m->unit = unit_of(p, unit);
	if (m->is_coded)
		m->meaning = vitals_meaning(m->coded.name, m->unit);
}

const struct hl7_meant *hl7_meant_of(struct hl7_parse *p, struct span code, struct span unit, struct hl7_meant *scratch)
{
	struct hl7_memo *memo = p->emit->memo;
	if (!memo || p->emit->host->shown || code.n + unit.n > HL7_KNOWN_TEXT || !code.n) {
		hl7_work_out(p, code, unit, scratch);
		return scratch->is_coded ? scratch : NULL;
	}
	struct hl7_known *k = &memo->known[(hl7_known_hash(unit, hl7_known_hash(code, 2166136261u)) >> 8) % HL7_KNOWN];
	struct span said_code = span_of(k->said, k->ncode), said_unit = span_from(span_of(k->said, HL7_KNOWN_TEXT), k->ncode);
	if (!span_eq(said_code, code) || !span_eq(span_cut(said_unit, k->nunit), unit) || !hl7_delims_eq(&k->d, &p->d)) {
		vitals_tell(&p->vitals);         /* they may be of what this was */
		k->d = p->d;
		k->ncode = (uint8_t)code.n;
		k->nunit = (uint8_t)unit.n;
		memcpy(k->said, code.p, code.n);
		if (unit.n)
			memcpy(k->said + code.n, unit.p, unit.n);
		hl7_work_out(p, span_of(k->said, code.n), span_of(k->said + code.n, unit.n), &k->meant);
	}
	return k->meant.is_coded ? &k->meant : NULL;
}
