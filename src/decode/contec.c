/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contec central-station protocol, as reverse-engineered in public: a one-way TCP stream from the
 * monitor, no login, no checksum. Little endian:
 *
 *   0  u16  L, bytes behind this field        2  u8  0x05        3  u8  type        4  L-2 bytes
 *
 *   3E patient record   43 marker   45 bed (00 00 bed FF)   46 values (00 00 lead 00 …)
 *   47 end of a cycle   49 alarm or technical message as text */
#include "base/scope.h"
#include "decode/vitals.h"
#include "decode/waveform.h"

enum {
	T_PATIENT = 0x3E, T_MARKER = 0x43, T_BED = 0x45, T_VALUES = 0x46, T_CYCLE = 0x47, T_ALARM = 0x49,
	FRAME_MARK = 0x05, LENGTH_MAX = 8000, PATIENT_MIN = 0xAD,
	LEAD_ECG = 0x14, LEAD_SPO2 = 0x15, LEAD_NIBP = 0x16, LEAD_TEMP = 0x17,
	HR_AT = 0x384, SPO2_AT = 0x104, NIBP_AT = 0x0B, TEMP_AT = 4, INVALID = 0xFF,
	CURVE_AT = 4, CURVE = 256, BREATH_AT = 0x304, BREATH_CURVE = 128,
};

enum { TYPE, BED, LEAD, NAME, ID, BIRTH, DOCTOR, DEPARTMENT, ADMITTED, ALARM, FIELDS };

static const struct field fields[FIELDS] = {
	[TYPE] = { "type", F_TEXT, "patient, bed, values, alarm, marker or cycle" },
	[BED] = { "bed", F_UINT, "bed number that the monitor was given" },
	[LEAD] = { "lead", F_UINT, "which values: 0x14 ECG, 0x15 SpO2, 0x16 NIBP, 0x17 temperature" },
	[NAME] = { "patient_name", F_TEXT, "patient's name", .privacy = PATIENT },
	[ID] = { "patient_id", F_TEXT, "patient number", .privacy = PATIENT },
	[BIRTH] = { "birth_date", F_TEXT, "date of birth", .privacy = PATIENT },
	[DOCTOR] = { "physician", F_TEXT, "doctor's name", .privacy = PATIENT },
	[DEPARTMENT] = { "department", F_TEXT, "department", .privacy = PATIENT },
	[ADMITTED] = { "visit", F_TEXT, "date of admission", .privacy = PATIENT },
	[ALARM] = { "alarm_code", F_UINT, "number of an alarm or technical message" },
};
static RECORD_TYPE(contec_type, "contec", "Contec central-station message", fields);

static const char *type_name(uint8_t type)
{
	switch (type) {
	case T_PATIENT: return "patient";
	case T_MARKER: return "marker";
	case T_BED: return "bed";
	case T_VALUES: return "values";
	case T_CYCLE: return "cycle";
	case T_ALARM: return "alarm";
	default: return NULL;
	}
}

struct state {
	struct token patient, bed;               /* last told in this conversation */
	unsigned bed_number;
	struct waveforms waveforms;
};

/* Length and type must fit each other: two bytes of constant alone would be too little. */
static bool head_fits(uint16_t length, uint8_t mark, uint8_t type)
{
	if (mark != FRAME_MARK || length < 2 || length > LENGTH_MAX)
		return false;
	uint16_t body = (uint16_t)(length - 2);
	switch (type) {
	case T_PATIENT: return body >= PATIENT_MIN;
	case T_MARKER:
	case T_CYCLE: return body == 0;
	case T_BED: return body == 4;
	case T_VALUES: return body >= 5;
	case T_ALARM: return body >= 1 && body <= 512;
	default: return false;
	}
}

/* Three frames whose lengths chain are proof on any port; a patient record alone is likely. */
static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	int chained = 0;
	bool patient = false;
	while (rd_left(&r) >= 4 && chained < 3) {
		uint16_t length = rd_le16(&r);
		uint8_t mark = rd_u8(&r), type = rd_u8(&r);
		if (!head_fits(length, mark, type))
			return (struct bid){ BID_NO };
		chained++;
		patient |= type == T_PATIENT;
		if (rd_left(&r) + 2 < length)
			break;
		rd_skip(&r, length - 2u);
	}
	if (chained == 3)
		return (struct bid){ BID_SURE, SIDE_CLIENT };
	if (patient)
		return (struct bid){ BID_LIKELY + 10, SIDE_CLIENT };
	return (struct bid){ m->closing && chained ? BID_MAYBE : BID_WAIT, SIDE_CLIENT };
}

static struct frame frame(const struct message *m, void *state)
{
	(void)state;
	struct rd r = rd_of(m->bytes);
	uint16_t length = rd_le16(&r);
	uint8_t mark = rd_u8(&r), type = rd_u8(&r);
	if (!rd_ok(&r))
		return FRAME_WAIT(m);
	return head_fits(length, mark, type) ? FRAME_WHOLE(length + 2u) : FRAME_NONE;
}

/* Fixed-width text fields hold one date: year, month and day behind each other, NUL padded. Blank
 * or zero dates are no exposure. */
static void date(struct record *out, unsigned field, struct rd r)
{
	struct span whole = rd_rest(&r);
	for (size_t i = 0; i < whole.n; i++)
		if (whole.p[i] >= '1' && whole.p[i] <= '9') {
			record_text(out, field, whole);
			return;
		}
}

static struct span fixed_text(struct span s)
{
	const uint8_t *nul = s.n ? memchr(s.p, 0, s.n) : NULL;
	return nul ? span_cut(s, (size_t)(nul - s.p)) : s;
}

static void patient(struct rd r, struct record *out)
{
	record_text(out, DEPARTMENT, fixed_text(rd_span(&r, 32)));
	rd_skip(&r, 2);
	record_uint(out, BED, rd_u8(&r));
	record_text(out, NAME, fixed_text(rd_span(&r, 32)));
	record_text(out, ID, fixed_text(rd_span(&r, 32)));
	date(out, ADMITTED, rd_sub(&r, 11));
	rd_skip(&r, 6 + 2 + 2 + 4);              /* zero, height, weight, unknown */
	date(out, BIRTH, rd_sub(&r, 11));
	rd_skip(&r, 5 + 1);                      /* unknown, blood type */
	record_text(out, DOCTOR, fixed_text(rd_span(&r, 32)));
}

static void value(struct emit *e, const struct state *st, const char *name, const char *unit, double v)
{
	vitals_emit(e, &(struct vital){
		.protocol = "contec", .name = span_str(name), .system = SPAN_LIT("vendor"), .unit = span_str(unit), .value = v,
		.subject = st->patient,
	});
}

static void byte_value(struct emit *e, const struct state *st, struct span body, size_t at, const char *name,
		       const char *unit)
{
	struct rd r = rd_at(body, false, at, 2);
	uint8_t v = rd_u8(&r), flag = rd_u8(&r);
	if (rd_ok(&r) && flag != INVALID && v)
		value(e, st, name, unit, v);
}

static float le_float(struct rd *r)
{
	uint32_t bits = rd_le32(r);
	float f;
	memcpy(&f, &bits, sizeof(f));
	return f;
}

static void curve(struct emit *e, struct state *st, struct span body, size_t at, size_t n, const char *name,
		  const char *sub_id)
{
	struct span samples = span_cut(span_from(body, at), n);
	const struct waveform of = { .protocol = "contec", .name = name, .sub_id = span_str(sub_id), .subject = st->patient,
				     .bed = st->bed };
	if (samples.n == n)
		waveform_bytes(e, &st->waveforms, &of, samples, e->memo);
}

/* Three of the ECG and one of the breath in one message, the pleth in another; samples of a byte. */
static void curves(struct emit *e, struct state *st, uint8_t lead, struct span body)
{
	static const char *const leads[] = { "1", "2", "3" };
	for (size_t i = 0; lead == LEAD_ECG && i < ARRAY_LEN(leads); i++)
		curve(e, st, body, CURVE_AT + i * CURVE, CURVE, "ecg", leads[i]);
	if (lead == LEAD_ECG)
		curve(e, st, body, BREATH_AT, BREATH_CURVE, "respiration", NULL);
	if (lead == LEAD_SPO2)
		curve(e, st, body, CURVE_AT, CURVE, "pleth", NULL);
}

static void set_bed(struct emit *e, struct state *st, unsigned bed)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", bed);
	if (st->bed.len && st->bed_number == bed)
		return;
	st->bed_number = bed;
	st->bed = keyring_token(e->host->keyring, span_of(text, (size_t)n));
}

static void values(struct emit *e, const struct state *st, uint8_t lead, struct span body)
{
	struct rd r;
	switch (lead) {
	case LEAD_ECG:
		byte_value(e, st, body, HR_AT, "heart_rate", "/min");
		byte_value(e, st, body, HR_AT + 2, "resp_rate", "/min");
		break;
	case LEAD_SPO2:
		byte_value(e, st, body, SPO2_AT, "spo2", "%");
		byte_value(e, st, body, SPO2_AT + 2, "pulse_rate", "/min");
		break;
	case LEAD_NIBP:
		r = rd_at(body, false, NIBP_AT, 6);
		uint16_t sys = rd_le16(&r), dia = rd_le16(&r), map = rd_le16(&r);
		if (rd_ok(&r) && sys && sys < 400) {
			value(e, st, "nibp_sys", "mm[Hg]", sys);
			value(e, st, "nibp_dia", "mm[Hg]", dia);
			value(e, st, "nibp_mean", "mm[Hg]", map);
		}
		break;
	case LEAD_TEMP:
		r = rd_at(body, false, TEMP_AT, 4);
		float t = le_float(&r);
		if (rd_ok(&r) && t > 10 && t < 50)
			value(e, st, "temperature", "Cel", (double)t);
		break;
	default:
		break;
	}
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	struct state *st = state;
	struct rd in = rd_of(m->bytes);
	emit_shown(e, span_cut(m->bytes, 4));
	rd_skip(&in, 3);
	uint8_t type = rd_u8(&in);
	struct span body = rd_rest(&in);
	struct rd r = rd_of(body);
	struct record out UNSET;
	emit_begin(e, &out, &contec_type);
	record_str(&out, TYPE, type_name(type));
	uint8_t lead = 0;
	switch (type) {
	case T_PATIENT:
		patient(r, &out);
		break;
	case T_BED:
		rd_skip(&r, 2);
		record_uint(&out, BED, rd_u8(&r));
		break;
	case T_VALUES:
		rd_skip(&r, 2);
		lead = rd_u8(&r);
		record_uint(&out, LEAD, lead);
		break;
	case T_ALARM:
		record_uint(&out, ALARM, rd_u8(&r));
		break;
	default:
		break;
	}
	if (!rd_ok(&r))
		return false;
	emit_record(e, &out);
	if (type == T_PATIENT)
		st->patient = record_get_token(&out, ID);
	if (type == T_BED && rd_ok(&r))
		set_bed(e, st, (unsigned)record_get_uint(&out, BED));
	if (type != T_VALUES)
		return true;
	values(e, st, lead, body);
	curves(e, st, lead, body);
	return true;
}

static const struct record_type *const types[] = { &contec_type, NULL };

const struct decoder decoder_contec = {
	.name = "contec", .doc = "Contec central-station protocol (no public norm)",
	.over = OVER_TCP, .ports = { 515, 516, 517, 518, 519, 520 }, .clinical = true,
	.client_is = "patient monitor", .server_is = "central station",
	.state_size = sizeof(struct state), .memo_size = sizeof(struct waveform_memo),
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
