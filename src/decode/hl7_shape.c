/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Observations that come with every message: an OBX whose text is known but for its value is not taken apart again. */
#include "decode/hl7_observation.h"

enum { FLAG_MAX = 2 };

static bool is_number_or_none(struct span s, const char *also)
{
	return !s.n || hl7_is_numeral(s, also);
}

/* With other delimiters than the usual ones a number might hold one. Evidence export asks for all that stands there. */
static bool has_shapes(const struct hl7_parse *p)
{
	const struct hl7_delims usual = { '|', '^', '~', '\\', '&' };
	return p->emit->memo && !p->emit->host->shown && hl7_delims_eq(&p->d, &usual);
}

bool hl7_may_have_shape(const struct hl7_parse *p, const struct span *f)
{
	if (!has_shapes(p) || !span_is(f[2], "NM") || !is_number_or_none(f[1], "") ||
	    !is_number_or_none(f[4], ".&_-") || f[4].n > HL7_LABEL_MAX || !is_number_or_none(f[7], " .-<>") ||
	    !is_number_or_none(f[12], ""))
		return false;
	for (unsigned i = 8; i <= 13; i++)
		if (i != 12 && f[i].n > FLAG_MAX)
			return false;
	return true;
}

struct hl7_shape *hl7_shape_of(struct hl7_parse *p, struct hl7_shape *last, struct span line, const struct span *f)
{
	struct hl7_memo *memo = p->emit->memo;
	size_t nbefore = (size_t)(f[5].p - line.p);
	struct span before = span_cut(line, nbefore), behind = span_from(line, nbefore + f[5].n);
	behind = f[14].p ? span_cut(behind, (size_t)(f[14].p - behind.p)) : behind;
	if (before.n + behind.n > HL7_SHAPE_TEXT)
		return NULL;
	uint16_t i = (hl7_known_hash(behind, hl7_known_hash(before, 2166136261u)) >> 8) % HL7_SHAPES;
	struct hl7_shape *h = &memo->shapes[i];
	*(last ? &last->next : &p->way->shape) = i;
	struct span old_before = span_of(h->said, h->nbefore), old_behind = span_of(h->said + h->nbefore, h->nbehind);
	if (span_eq(old_before, before) && span_eq(old_behind, behind) && h->ends == !f[14].p)
		return h;
	vitals_tell(&p->vitals);
	h->nbefore = (uint8_t)before.n;
	h->nbehind = (uint8_t)behind.n;
	h->sub_at = (uint8_t)(f[4].p - line.p);
	h->nsub = (uint8_t)f[4].n;
	h->ends = !f[14].p;
	h->next = i;
	memcpy(h->said, before.p, before.n);
	if (behind.n)
		memcpy(h->said + before.n, behind.p, behind.n);
	struct span unit = f[6].n ? span_of(h->said + before.n + (f[6].p - behind.p), f[6].n) : f[6];
	hl7_work_out(p, span_of(h->said + (f[3].p - line.p), f[3].n), unit, &h->meant);
	return h;
}

bool hl7_shape_again(const struct hl7_parse *p, struct span line, struct hl7_again *out)
{
	const struct hl7_shape *last = p->shape;
	if (!last && !has_shapes(p))
		return false;
	struct hl7_shape *h = &((struct hl7_memo *)p->emit->memo)->shapes[last ? last->next : p->way->shape];
	struct rd r = rd_of(line);
	double v;
	if (!h->nbefore || !span_eq(rd_span(&r, h->nbefore), span_of(h->said, h->nbefore)) || !hl7_digits(&r, &v))
		return false;
	struct span behind = rd_span(&r, h->nbehind), rest = rd_rest(&r);
	if (!rd_ok(&r) || !span_eq(behind, span_of(h->said + h->nbefore, h->nbehind)) || (h->ends && rest.n))
		return false;
	bool like_last = last && h->ends == last->ends && p->told_at + 1 == p->segments && span_eq(rest, p->behind);
	*out = (struct hl7_again){ h, v, rest, like_last };
	return true;
}

void hl7_shape_tell(struct hl7_parse *p, struct span line, const struct hl7_again *again)
{
	struct hl7_shape *h = again->shape;
	p->shape = h;
	if (!emit_wants(p->emit, &vitals_type) || ++p->observations > HL7_VITALS_MAX)
		return;
	const struct hl7_meant *m = &h->meant;
	struct span sub_id = span_cut(span_from(line, h->sub_at), h->nsub);
	if (again->like_last && !p->dialect->keep)
		vitals_add_like_last(&p->vitals, &(struct vital){
			.name = m->coded.name, .code = m->coded.code, .system = span_str(m->coded.system),
			.unit = m->unit, .sub_id = sub_id, .value = again->value, .meaning = &m->meaning });
	else
		hl7_observation_tell(p, m, &again->value, 1, sub_id, p->has_device ? p->device_id : (struct span){ 0 });
	p->told_at = p->segments;
}
