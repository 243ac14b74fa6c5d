/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices an HL7 message names: the measuring one in OBX-18 and PRT, and what it says of itself in observations
 * (IHE PCD). */
#include "decode/hl7_parse.h"

enum { DEVICES_MAX = 32 };
enum source { FROM_OBX = 1, FROM_PRT, FROM_SERIAL };

static void device_listed(struct hl7_parse *p, struct span id)
{
	struct texts list = record_has(&p->out, HL7_DEVICE_LIST) ? p->out.v[HL7_DEVICE_LIST].texts : (struct texts){ 0 };
	for (uint32_t i = 0; i < list.n; i++)
		if (span_eq(list.v[i], id))
			return;
	if (list.n < DEVICES_MAX)
		record_add_text(&p->out, HL7_DEVICE_LIST, id);
}

/* The better source wins; two ids from the same source are two devices. */
static void device_named(struct hl7_parse *p, enum source from, struct span id, struct span space)
{
	id = span_cut(hl7_value(id, &p->d), HL7_ID_MAX);
	if (!id.n)
		return;
	device_listed(p, id);
	if (from == p->device_from && !span_eq(record_get_text(&p->out, HL7_DEVICE_ID), id))
		p->many_devices = true;
	if (from <= p->device_from)
		return;
	p->device_from = (uint8_t)from;
	record_text(&p->out, HL7_DEVICE_ID, id);
	record_text(&p->out, HL7_DEVICE_SPACE, span_cut(hl7_value(space, &p->d), HL7_ID_MAX));
}

/* EI, may repeat: entity id ^ namespace ^ universal id ^ its type. */
static void device_entity(struct hl7_parse *p, enum source from, struct span field)
{
	for (int k = 0; k < HL7_REPEATS_MAX && field.n; k++) {
		struct span one = hl7_first(field, p->d.repetition), f[3];
		hl7_split(one, p->d.component, f, ARRAY_LEN(f));
		device_named(p, from, f[0].n ? f[0] : f[2], f[1]);
		field = span_from(field, one.n + 1);
	}
}

/* PRT (HL7 v2.9 §7.3.4): PRT-10 device, PRT-16 UDI, PRT-20 serial number. In a UDI of GS1 the serial
 * number stands behind (21). */
void hl7_device_part(struct hl7_parse *p, const struct span *f)
{
	struct span udi = hl7_plain(hl7_value(hl7_first(f[16], p->d.component), &p->d), HL7_ID_MAX, "()+-/.,%$=&!*_:;<>?'\"");
	struct span serial = hl7_value(f[20], &p->d);
	for (size_t i = 0; !serial.n && i < udi.n; i++)
		if (span_starts(span_from(udi, i), SPAN_LIT("(21)")))
			serial = hl7_first(span_from(udi, i + 4), '(');
	device_entity(p, FROM_PRT, f[10]);
	device_named(p, FROM_SERIAL, serial, (struct span){ 0 });
	if (!udi.n)
		return;
	if (record_has(&p->out, HL7_UDI))
		p->many_devices |= !span_eq(record_get_text(&p->out, HL7_UDI), udi);
	else
		record_text(&p->out, HL7_UDI, udi);
}

/* IEEE 11073-10101 attributes of a device, sent as observations (IHE PCD TF-2 appendix). */
bool hl7_device_attribute(struct hl7_parse *p, const struct span *f)
{
	static const struct { const char *code, *name; uint8_t field; } known[] = {
		{ "531969", "MDC_ID_MODEL_NUMBER", HL7_MODEL }, { "531970", "MDC_ID_MODEL_MANUFACTURER", HL7_MAKER },
		{ "531972", "MDC_ID_PROD_SPEC_SERIAL", HL7_DEVICE_ID }, { "531975", "MDC_ID_PROD_SPEC_SW", HL7_FIRMWARE },
		{ "531976", "MDC_ID_PROD_SPEC_FW", HL7_FIRMWARE },
	};
	if (!span_starts(f[3], SPAN_LIT("5319")) && !span_starts(f[3], SPAN_LIT("MDC_ID_")))
		return false;
	struct span code = hl7_first(f[3], p->d.component);
	struct span said = span_cut(hl7_value(hl7_first(f[5], p->d.component), &p->d), HL7_ID_MAX);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		unsigned field = known[i].field;
		if (!span_is(code, known[i].code) && !span_is(code, known[i].name))
			continue;
		if (field == HL7_DEVICE_ID)
			device_named(p, FROM_SERIAL, said, (struct span){ 0 });
		else if (!record_has(&p->out, field))
			record_text(&p->out, field, said);
		else if (field != HL7_FIRMWARE)  /* a device has several versions, but one model */
			p->many_devices |= !span_eq(record_get_text(&p->out, field), said);
		return true;
	}
	return false;
}

void hl7_device_observed(struct hl7_parse *p, struct span obx18)
{
	if (!obx18.n || span_eq(obx18, p->device))
		return;
	device_entity(p, FROM_OBX, obx18);
	p->device = obx18;
	struct span first = hl7_first(hl7_first(obx18, p->d.repetition), p->d.component);
	p->device_id = span_cut(hl7_value(first, &p->d), HL7_ID_MAX);
}
