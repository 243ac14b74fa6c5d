/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The head of a DICOM data set (PS3.5 §7), where identity stands. An element that is cut by the end of what is there is
 * not reported.
 *
 * Maker, model, version and serial number in a picture are those of the device that made it, and it may
 * have been forwarded since. They describe the sender (the fields with a clue) only when its AE title is
 * the picture's own station name and no C-MOVE asked for it; otherwise they stand as equipment_*. */
#include <strings.h>

#include "decode/dicom.h"

enum {
	SEQUENCE_DEPTH = 12,
	UNDEFINED = -1, ITEM_END = 0xE00D, SEQUENCE_END = 0xE0DD, DELIMITERS = 0xFFFE,
};

struct element {
	uint32_t tag, length;
	bool undefined, nested;                  /* of undefined length; its items are in implicit VR (PS3.5 §6.2.2) */
};

static bool vr_in(const char *list, struct span vr)
{
	for (const char *v = list; *v; v += 2)
		if (vr.p[0] == (uint8_t)v[0] && vr.p[1] == (uint8_t)v[1])
			return true;
	return false;
}

/* PS3.5 §7.1.2: which VRs have a 32-bit length behind two reserved bytes, which a 16-bit length. */
static uint32_t explicit_length(struct rd *r, bool *nested)
{
	struct span vr = rd_span(r, 2);
	if (vr.n == 2 && vr_in("OBODOFOLOVOWSQSVUCUNURUTUV", vr)) {
		*nested = vr.p[0] == 'U' && vr.p[1] == 'N';
		rd_skip(r, 2);
		return rd_u32(r);
	}
	if (vr.n == 2 && vr_in("AEASATCSDADSDTFDFLISLOLTPNSHSLSSSTTMUIULUS", vr))
		return rd_u16(r);
	rd_fail(r);
	return 0;
}

static bool element_head(struct rd *r, enum dicom_syntax x, struct element *out)
{
	uint16_t group = rd_u16(r), number = rd_u16(r);
	out->tag = (uint32_t)group << 16 | number;
	out->nested = false;
	out->length = x == DICOM_IMPLICIT || group == DELIMITERS ? rd_u32(r) : explicit_length(r, &out->nested);
	out->undefined = out->length == (uint32_t)UNDEFINED;
	return rd_ok(r);
}

/* Over the items of a sequence, or the elements of an item, of undefined length. */
static bool skip_undefined(struct rd *r, enum dicom_syntax x, unsigned depth)
{
	struct element el;
	while (rd_left(r) && depth < SEQUENCE_DEPTH && element_head(r, x, &el)) {
		if (el.tag == ((uint32_t)DELIMITERS << 16 | ITEM_END) || el.tag == ((uint32_t)DELIMITERS << 16 | SEQUENCE_END))
			return true;
		if (!el.undefined)
			rd_skip(r, el.length);
		else if (!skip_undefined(r, el.nested ? DICOM_IMPLICIT : x, depth + 1))
			return false;
	}
	return false;
}

enum dicom_syntax dicom_syntax_guess(struct span s)
{
	static const enum dicom_syntax tries[] = { DICOM_LITTLE, DICOM_BIG, DICOM_IMPLICIT };
	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		struct rd r = rd_of(s);
		struct element one, two;
		rd_order(&r, tries[i] == DICOM_BIG);
		if (!element_head(&r, tries[i], &one) || one.tag >> 16 > 0x40 || one.undefined)
			continue;
		rd_skip(&r, one.length);
		if (rd_ok(&r) && rd_left(&r) == 0)
			return tries[i];
		if (element_head(&r, tries[i], &two) && two.tag > one.tag && two.tag >> 16 <= 0x7FE0)
			return tries[i];
	}
	return DICOM_UNKNOWN;
}

/* In ascending order, as elements stand in a data set (PS3.5 §7.1). */
static const struct {
	uint32_t tag;
	uint8_t field;
} attributes[] = {
	{ 0x00080050, DICOM_STUDY }, { 0x00080060, DICOM_MODALITY }, { 0x00080070, DICOM_MADE_MAKER },
	{ 0x00080080, DICOM_INSTITUTION }, { 0x00080090, DICOM_PHYSICIAN }, { 0x00081010, DICOM_STATION },
	{ 0x00081040, DICOM_DEPARTMENT }, { 0x00081048, DICOM_PHYSICIAN }, { 0x00081050, DICOM_PHYSICIAN },
	{ 0x00081060, DICOM_PHYSICIAN }, { 0x00081070, DICOM_PHYSICIAN }, { 0x00081090, DICOM_MADE_MODEL },
	{ 0x00100010, DICOM_NAME }, { 0x00100020, DICOM_ID }, { 0x00100030, DICOM_BIRTH },
	{ 0x00100040, DICOM_SEX }, { 0x00101000, DICOM_ID }, { 0x00101001, DICOM_NAME },
	{ 0x00101005, DICOM_NAME }, { 0x00101040, DICOM_ADDRESS }, { 0x00101050, DICOM_INSURANCE },
	{ 0x00101060, DICOM_NEXT_OF_KIN }, { 0x00102000, DICOM_NOTE }, { 0x00102110, DICOM_NOTE },
	{ 0x00102154, DICOM_PHONE }, { 0x001021B0, DICOM_NOTE }, { 0x00104000, DICOM_NOTE },
	{ 0x00181000, DICOM_MADE_SERIAL }, { 0x00181020, DICOM_MADE_VERSION }, { 0x0020000D, DICOM_STUDY },
	{ 0x00321032, DICOM_PHYSICIAN }, { 0x00380010, DICOM_VISIT }, { 0x00380300, DICOM_DEPARTMENT },
};

/* A query for anything ("*") or a name of empty components ("^^") says nothing of a person. */
static bool says_something(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("*?^= ", s.p[i]))
			return true;
	return false;
}

/* The first value of a field stands, save that a study's UID is better than its accession number; the
 * others become tokens too, so that they are known and can be blanked. */
static void attribute(uint32_t tag, uint8_t field, struct span v, struct record *out)
{
	v = dicom_trim(v);
	if (!says_something(v))
		return;
	if (!field_is_token(&out->type->fields[field])) {
		dicom_plain_text(out, field, v);
		return;
	}
	if (!record_has(out, field) || tag == 0x0020000D) {
		record_text(out, field, v);
		return;
	}
	struct token first = record_get_token(out, field);
	record_text(out, field, v);
	record_token(out, field, first);
}

bool dicom_data_set(struct span s, enum dicom_syntax x, bool whole, struct record *out)
{
	struct rd r = rd_of(s);
	struct element el;
	size_t i = 0;
	uint32_t last = 0;
	rd_order(&r, x == DICOM_BIG);
	while (rd_left(&r) >= 8) {
		struct span from = { r.p, rd_left(&r) };
		if (!element_head(&r, x, &el))
			return !whole;
		if (el.tag <= last)
			return false;
		last = el.tag;
		dicom_element_show(out, from, &r);
		while (i < ARRAY_LEN(attributes) && attributes[i].tag < el.tag)
			i++;
		if (i == ARRAY_LEN(attributes))
			return true;
		if (el.undefined) {
			if (!skip_undefined(&r, el.nested ? DICOM_IMPLICIT : x, 0))
				return !whole;
			continue;
		}
		struct span v = rd_span(&r, el.length);
		if (!rd_ok(&r))
			return !whole;
		if (attributes[i].tag == el.tag)
			attribute(el.tag, attributes[i].field, v, out);
	}
	return true;
}

void dicom_claim_equipment(const struct dicom_association *a, struct record *out)
{
	struct span station = record_get_text(out, DICOM_STATION), calling = dicom_trim(span_of(a->calling, DICOM_AE_TITLE));
	if (station.n == 0 || station.n != calling.n ||
	    strncasecmp((const char *)station.p, (const char *)calling.p, calling.n) != 0)
		return;
	record_text(out, DICOM_OWN_MAKER, record_get_text(out, DICOM_MADE_MAKER));
	record_text(out, DICOM_OWN_MODEL, record_get_text(out, DICOM_MADE_MODEL));
	record_text(out, DICOM_OWN_VERSION, record_get_text(out, DICOM_MADE_VERSION));
	record_text(out, DICOM_OWN_SERIAL, record_get_text(out, DICOM_MADE_SERIAL));
}

bool dicom_starts_data_set(struct span s, enum dicom_syntax x)
{
	struct rd r = rd_of(s);
	struct element el;
	rd_order(&r, x == DICOM_BIG);
	if (!element_head(&r, x, &el) || el.tag >> 16 != 8)
		return false;
	struct span v = rd_span(&r, el.length);
	for (size_t i = 0; i < v.n; i++)
		if ((v.p[i] < ' ' || v.p[i] > '~') && (v.p[i] || i + 1 < v.n))
			return false;
	return v.n > 1;
}
