/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HL7 version 2.6 over MLLP: vital signs (ORU^R01), admissions (ADT^A01), and their acknowledgements.
 * Codes and units are IEEE 11073-10101 (MDC). */
#include <time.h>

#include "lab/talk.h"

enum { STAMP = 15, CONTROL_ID = 16 };

static const char *stamp(uint64_t ns, char out[STAMP])
{
	time_t t = (time_t)(ns / SECOND);
	struct tm tm;
	if (!gmtime_r(&t, &tm) || !strftime(out, STAMP, "%Y%m%d%H%M%S", &tm))
		out[0] = 0;
	return out;
}

static void exchange(struct conv *c, const struct hl7_sender *s, const char *event, const char *id, struct buf *body)
{
	char at[STAMP];
	AUTO_BUF b = { 0 };
	buf_u8(&b, 0x0B);
	buf_printf(&b, "MSH|^~\\&|%s|%s|%s|%s|%s||%s|%s|P|2.6||||||UNICODE UTF-8\r", s->application, s->facility,
		   s->to_application, s->to_facility, stamp(c->now, at), event, id);
	buf_bytes(&b, buf_span(body));
	buf_bytes(&b, SPAN_LIT("\x1c\r"));
	conv_send(c, CLIENT, buf_span(&b));
	buf_reset(&b);
	buf_printf(&b, "\x0BMSH|^~\\&|%s|%s|%s|%s|%s||ACK|A%s|P|2.6\rMSA|AA|%s\r\x1c\r", s->to_application,
		   s->to_facility, s->application, s->facility, stamp(c->now, at), id, id);
	conv_send(c, SERVER, buf_span(&b));
	c->last = (struct span){ 0 };
}

static void control_id(struct conv *c, char out[CONTROL_ID])
{
	snprintf(out, CONTROL_ID, "%010u", (unsigned)(c->now / (100 * MS) % UINT32_MAX));
}

static void identity(struct buf *b, const struct planted *who)
{
	buf_printf(b, "PID|1||%s^^^LAB^MR||%s^%s||%s|%s|||%s^^LABTOWN||%s\r", who->id, who->family, who->given,
		   who->birth, who->sex, who->street, who->phone);
}

struct observation {
	const char *code, *unit;
	int value;
	bool tenths;
};

static void observe(struct buf *b, unsigned set, const struct observation *o, const char *device, const char *at)
{
	buf_printf(b, "OBX|%u|NM|%s^MDC|1.0.0.%u|", set, o->code, set);
	if (o->tenths)
		buf_printf(b, "%d.%d", o->value / 10, o->value % 10);
	else
		buf_printf(b, "%d", o->value);
	buf_printf(b, "|%s^MDC|||||F|||%s||||%s\r", o->unit, at, device);
}

void talk_hl7_vitals(struct conv *c, const struct hl7_sender *s, const struct readings *r, const struct planted *who)
{
	const struct observation all[] = {
		{ "147842^MDC_ECG_HEART_RATE", "264864^MDC_DIM_BEAT_PER_MIN", r->heart, false },
		{ "150456^MDC_PULS_OXIM_SAT_O2", "262688^MDC_DIM_PERCENT", r->spo2, false },
		{ "151562^MDC_RESP_RATE", "264928^MDC_DIM_RESP_PER_MIN", r->breaths, false },
		{ "150021^MDC_PRESS_BLD_NONINV_SYS", "266016^MDC_DIM_MMHG", r->systolic, false },
		{ "150022^MDC_PRESS_BLD_NONINV_DIA", "266016^MDC_DIM_MMHG", r->diastolic, false },
		{ "150364^MDC_TEMP_BODY", "268192^MDC_DIM_DEGC", r->temperature_tenths, true },
	};
	char id[CONTROL_ID], at[STAMP];
	control_id(c, id);
	AUTO_BUF body = { 0 };
	if (who)
		identity(&body, who);
	buf_printf(&body, "OBR|1|||182777000^monitoring of patient^SCT|||%s\r", stamp(c->now, at));
	for (unsigned i = 0; i < ARRAY_LEN(all); i++)
		observe(&body, i + 1, &all[i], s->device, at);
	exchange(c, s, "ORU^R01^ORU_R01", id, &body);
}

void talk_hl7_curve(struct conv *c, const struct hl7_sender *s, const uint8_t *samples, size_t n)
{
	char id[CONTROL_ID], at[STAMP];
	control_id(c, id);
	AUTO_BUF body = { 0 };
	buf_printf(&body, "OBR|1|||CONTINUOUS WAVEFORM|||%s\rOBX|1|NA|131330^MDC_ECG_LEAD_II^MDC|1.1.1.1|", stamp(c->now, at));
	for (size_t i = 0; i < n; i++)
		buf_printf(&body, "%s%d", i ? "^" : "", (int)samples[i] - 100);
	buf_printf(&body, "|266418^MDC_DIM_MICRO_VOLT^MDC|||||F|||%s||||%s\r", at, s->device);
	exchange(c, s, "ORU^R01^ORU_R01", id, &body);
}

void talk_hl7_admit(struct conv *c, const struct hl7_sender *s, const struct planted *who)
{
	char id[CONTROL_ID], at[STAMP];
	control_id(c, id);
	AUTO_BUF body = { 0 };
	buf_printf(&body, "EVN|A01|%s\r", stamp(c->now, at));
	identity(&body, who);
	buf_printf(&body, "NK1|1|%s^COUSIN|SIB\rPV1|1|I|%s^^3||||^%s\rIN1|1|LABPLAN|77|LABINSURANCE\r", who->family,
		   who->department, who->doctor);
	exchange(c, s, "ADT^A01^ADT_A01", id, &body);
}
