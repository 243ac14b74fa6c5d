/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Contec central-station stream as publicly reverse-engineered; layout: decode/contec.c. Little
 * endian, the monitor alone speaks. */
#include <string.h>

#include "lab/nest.h"
#include "lab/talk.h"

enum {
	MARK = 0x05, T_PATIENT = 0x3E, T_BED = 0x45, T_VALUES = 0x46, T_CYCLE = 0x47, PATIENT_BODY = 0xC0,
	LEAD_ECG = 0x14, LEAD_SPO2 = 0x15, LEAD_NIBP = 0x16, LEAD_TEMP = 0x17,
	SAMPLES = 256, BREATH_SAMPLES = 128,
};

static size_t frame(struct buf *b, uint8_t type)
{
	size_t at = nest_begin(b, 2);
	buf_u8(b, MARK);
	buf_u8(b, type);
	return at;
}

static void fixed(struct buf *b, const char *text, size_t width)
{
	struct span s = span_cut(span_str(text), width);
	buf_bytes(b, s);
	buf_fill(b, 0, width - s.n);
}

static void date(struct buf *b, const char *yyyymmdd)
{
	fixed(b, (char[]){ yyyymmdd[0], yyyymmdd[1], yyyymmdd[2], yyyymmdd[3], 0 }, 5);
	fixed(b, (char[]){ yyyymmdd[4], yyyymmdd[5], 0 }, 3);
	fixed(b, (char[]){ yyyymmdd[6], yyyymmdd[7], 0 }, 3);
}

static void patient(struct buf *b, unsigned bed, const struct planted *who)
{
	char name[64];
	snprintf(name, sizeof(name), "%s %s", who->family, who->given);
	size_t at = frame(b, T_PATIENT), body = b->n;
	fixed(b, who->department, 32);
	buf_fill(b, 0, 2);
	buf_u8(b, (uint8_t)bed);
	fixed(b, name, 32);
	fixed(b, who->id, 32);
	date(b, "20260228");
	buf_fill(b, 0, 6);
	buf_le16(b, 1720);
	buf_le16(b, 740);
	buf_fill(b, 0, 4);
	date(b, who->birth);
	buf_fill(b, 0, 5);
	buf_u8(b, 1);
	fixed(b, who->doctor, 32);
	buf_fill(b, 0, PATIENT_BODY - (b->n - body));
	nest_end_le(b, at, 2);
}

static size_t values(struct buf *b, uint8_t lead)
{
	size_t at = frame(b, T_VALUES);
	buf_be16(b, 0);
	buf_u8(b, lead);
	buf_u8(b, 0);
	return at;
}

/* The second up to now. */
static void curve(struct buf *b, const struct readings *r, enum curve c, unsigned lead, unsigned count, uint64_t now)
{
	for (unsigned i = 0; i < count; i++)
		buf_u8(b, readings_curve(r, c, lead, now - SECOND + i * SECOND / count));
}

static void limits(struct buf *b, uint16_t low, uint16_t high)
{
	buf_le16(b, high);
	buf_le16(b, low);
}

static void ecg(struct buf *b, const struct readings *r, uint64_t now)
{
	size_t at = values(b, LEAD_ECG), body = b->n - 4;
	for (unsigned lead = 0; lead < 3; lead++)
		curve(b, r, CURVE_ECG, lead, SAMPLES, now);
	curve(b, r, CURVE_BREATH, 3, BREATH_SAMPLES, now);
	buf_u8(b, (uint8_t)r->heart);
	buf_u8(b, 0);
	buf_u8(b, (uint8_t)r->breaths);
	buf_u8(b, 0);
	buf_fill(b, 0, 0x3A3 - (b->n - body));
	limits(b, 50, 120);
	limits(b, 8, 30);
	buf_fill(b, 0, 0x3E4 - (b->n - body));
	nest_end_le(b, at, 2);
}

static void spo2(struct buf *b, const struct readings *r, uint64_t now)
{
	size_t at = values(b, LEAD_SPO2);
	curve(b, r, CURVE_PLETH, 4, SAMPLES, now);
	buf_u8(b, (uint8_t)r->spo2);
	buf_u8(b, 0);
	buf_u8(b, (uint8_t)r->heart);
	buf_u8(b, 0);
	limits(b, 90, 100);
	buf_fill(b, 0, 8);
	nest_end_le(b, at, 2);
}

static void pressure(struct buf *b, const struct readings *r)
{
	size_t at = values(b, LEAD_NIBP);
	buf_le16(b, 2026);
	buf_bytes(b, SPAN_LIT("\x03\x02\x07\x00\x00"));
	buf_le16(b, (uint16_t)r->systolic);
	buf_le16(b, (uint16_t)r->diastolic);
	buf_le16(b, (uint16_t)((r->systolic + 2 * r->diastolic) / 3));
	limits(b, 90, 160);
	buf_fill(b, 0, 16);
	nest_end_le(b, at, 2);
}

static void le_float(struct buf *b, float v)
{
	uint32_t bits;
	memcpy(&bits, &v, sizeof(bits));
	buf_le32(b, bits);
}

static void temperature(struct buf *b, const struct readings *r)
{
	size_t at = values(b, LEAD_TEMP);
	le_float(b, (float)r->temperature_tenths / 10);
	le_float(b, 0);
	le_float(b, 0);
	limits(b, 350, 390);
	nest_end_le(b, at, 2);
}

void talk_contec(struct conv *c, unsigned bed, const struct readings *r, const struct planted *who)
{
	AUTO_BUF b = { 0 };
	if (who)
		patient(&b, bed, who);
	size_t at = frame(&b, T_BED);
	buf_be16(&b, 0);
	buf_u8(&b, (uint8_t)bed);
	buf_u8(&b, 0xFF);
	nest_end_le(&b, at, 2);
	ecg(&b, r, c->now);
	spo2(&b, r, c->now);
	pressure(&b, r);
	temperature(&b, r);
	nest_end_le(&b, frame(&b, T_CYCLE), 2);
	conv_send(c, CLIENT, buf_span(&b));
	c->last = (struct span){ 0 };
}
