/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DICOM upper layer (PS3.8 §9.3). Of a message only the first kilobytes are asked for, where identity stands: pictures
 * pass unread. */
#include "base/scope.h"
#include "decode/dicom.h"

enum {
	PDU_HEAD = 6, PDV_HEAD = 12,             /* PDU head; with length, context and flags of its first PDV */
	ASSOCIATE_MIN = 68, ASSOCIATE_MAX = 1 << 20, PDATA_MAX = INT32_MAX,
	WANT_IDENTITY = 8192, WANT_PDVS = 16384, /* asked for: of a data set's start; of a PDU of several PDVs */
	FLAG_COMMAND = 1, FLAG_LAST = 2,
};

enum pdu { ASSOCIATE_RQ = 1, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT };

/* ---- recognising ---- */

/* Version 1, two titles and, as the first item, an application context that is a UID. */
static bool associate_fits(struct rd r, uint32_t length)
{
	if (length < ASSOCIATE_MIN || length > ASSOCIATE_MAX)
		return false;
	bool version = rd_be16(&r) & 1;
	rd_skip(&r, 2 + 2 * DICOM_AE_TITLE + 32);
	uint8_t item = rd_u8(&r);
	rd_skip(&r, 1);
	struct span uid = rd_span(&r, rd_be16(&r));
	return rd_ok(&r) && version && item == 0x10 && dicom_uid_fits(uid);
}

struct pdv {
	uint32_t length;                         /* of what follows the PDV's own head */
	uint8_t context, flags;
};

/* left: bytes of the PDU from here on. */
static bool pdv_head(struct rd *r, uint32_t left, struct pdv *out)
{
	uint32_t length = rd_be32(r);
	out->context = rd_u8(r);
	out->flags = rd_u8(r);
	if (!rd_ok(r) || length < 2 || left < 4 || length > left - 4 || !(out->context & 1) || out->flags > 3)
		return false;
	out->length = length - 2;
	return true;
}

/* The group length that PS3.7 §6.3.1 puts at the start of each command. */
static bool starts_command(struct rd r)
{
	return rd_be32(&r) == 0 && rd_le32(&r) == 4 && rd_ok(&r);
}

/* Picked up in the middle. One head within its PDU is nothing to go by: many a binary message would pass. It counts
 * when its PDV fills the PDU to the byte, or when a second one stands where it ends. */
static struct bid bid_data(struct rd r, uint32_t length, bool closing)
{
	struct pdv v;
	uint32_t left = length;
	if (length > PDATA_MAX)
		return (struct bid){ .score = BID_NO };
	for (int chained = 0; left && chained < 2; chained++) {
		if (rd_left(&r) < PDV_HEAD - PDU_HEAD)
			return (struct bid){ .score = closing ? BID_NO : BID_WAIT };
		if (!pdv_head(&r, left, &v))
			return (struct bid){ .score = BID_NO };
		if (v.flags & FLAG_COMMAND && starts_command(r))
			return (struct bid){ .score = BID_SURE };
		left -= v.length + PDV_HEAD - PDU_HEAD;
		rd_skip(&r, v.length);
	}
	if (left || !length)
		return (struct bid){ .score = length ? BID_LIKELY : BID_NO };
	uint8_t type = rd_u8(&r), zero = rd_u8(&r);
	uint32_t next = rd_be32(&r);
	bool follows = rd_ok(&r);
	if (follows && (type != P_DATA || zero || !pdv_head(&r, next, &v)))
		return (struct bid){ .score = rd_ok(&r) ? BID_NO : BID_LIKELY };
	return (struct bid){ .score = follows ? BID_SURE : BID_LIKELY };
}

static struct bid bid_short(uint8_t type, struct rd r)
{
	rd_skip(&r, 1);
	uint8_t result = rd_u8(&r), source = rd_u8(&r), reason = rd_u8(&r);
	bool fits = !result && !source && !reason;
	if (type == ASSOCIATE_RJ)
		fits = result - 1u < 2 && source - 1u < 3 && reason - 1u < 10;
	else if (type == ABORT)
		fits = !result && source < 3 && reason < 7;
	bool at_end = rd_ok(&r) && rd_left(&r) == 0;
	return (struct bid){
		.score = at_end && fits ? BID_LIKELY : BID_NO, .side = type == ASSOCIATE_RJ ? SIDE_SERVER : SIDE_UNKNOWN,
	};
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	uint8_t type = rd_u8(&r), zero = rd_u8(&r);
	uint32_t length = rd_be32(&r);
	if (type < ASSOCIATE_RQ || type > ABORT || zero)
		return (struct bid){ .score = BID_NO };
	if (!rd_ok(&r))
		return (struct bid){ .score = m->closing ? BID_NO : BID_WAIT };
	if (type == P_DATA)
		return bid_data(r, length, m->closing);
	if (type > ASSOCIATE_AC && length != 4)
		return (struct bid){ .score = BID_NO };
	if (rd_left(&r) < (type > ASSOCIATE_AC ? 4 : ASSOCIATE_MIN + 4 + DICOM_UID_MAX) && !m->closing && rd_left(&r) < length)
		return (struct bid){ .score = BID_WAIT };
	if (type > ASSOCIATE_AC)
		return bid_short(type, r);
	enum side side = type == ASSOCIATE_RQ ? SIDE_CLIENT : SIDE_SERVER;
	return (struct bid){ .score = associate_fits(r, length) ? BID_SURE : BID_NO, .side = side };
}

/* ---- framing ---- */

static size_t head_of(uint64_t total, size_t want)
{
	return total < want ? (size_t)total : want;
}

static struct frame frame_data(const struct message *m, const struct dicom_way *w, uint32_t length)
{
	struct rd r = rd_of(m->bytes);
	struct pdv v;
	uint64_t total = PDU_HEAD + (uint64_t)length;
	if (m->bytes.n < PDV_HEAD)
		return length < 6 ? FRAME_NONE : FRAME_WAIT(m);
	rd_skip(&r, PDU_HEAD);
	if (length > PDATA_MAX || !pdv_head(&r, length, &v))
		return FRAME_NONE;
	if (v.flags & FLAG_COMMAND || w->phase == DICOM_PHASE_DATA || w->phase == DICOM_PHASE_ANY)
		return (struct frame){ head_of(total, WANT_IDENTITY), total };
	if (v.length + 6 == length)
		return (struct frame){ PDV_HEAD, total };
	return (struct frame){ head_of(total, WANT_PDVS), total };
}

static struct frame frame(const struct message *m, void *state)
{
	const struct dicom_association *a = state;
	struct rd r = rd_of(m->bytes);
	uint8_t type = rd_u8(&r);
	uint8_t zero = rd_u8(&r);
	uint32_t length = rd_be32(&r);
	if (!rd_ok(&r))
		return FRAME_WAIT(m);
	if (type < ASSOCIATE_RQ || type > ABORT || zero)
		return FRAME_NONE;
	if (type == P_DATA)
		return frame_data(m, &a->way[m->to_server], length);
	if (type > ASSOCIATE_AC)
		return length == 4 ? FRAME_WHOLE(PDU_HEAD + 4) : FRAME_NONE;
	if (length < ASSOCIATE_MIN || length > ASSOCIATE_MAX)
		return FRAME_NONE;
	return FRAME_WHOLE(PDU_HEAD + length);
}

/* ---- P-DATA ---- */

static bool data_pdv(struct span s, const struct pdv *v, struct dicom_association *a,
		     const struct dicom_way *w, struct emit *e)
{
	struct record out UNSET;
	enum dicom_syntax x = (enum dicom_syntax)a->syntax[v->context / 2];
	if (x == DICOM_UNKNOWN)
		x = dicom_syntax_guess(s);
	if (x == DICOM_UNKNOWN || x == DICOM_CLOSED || (w->phase == DICOM_PHASE_ANY && !dicom_starts_data_set(s, x)))
		return true;
	emit_begin(e, &out, &dicom_type);
	bool sound = dicom_data_set(s, x, v->flags & FLAG_LAST && s.n == v->length, &out);
	if (e->at->to_server && w->command == DICOM_C_STORE_RQ && !w->forwarded)
		dicom_claim_equipment(a, &out);
	record_str(&out, DICOM_EVENT, "data");
	if (w->command) {
		record_str(&out, DICOM_COMMAND, dicom_command_name(w->command));
		record_uint(&out, DICOM_MESSAGE, w->message);
	}
	emit_record(e, &out);
	return sound;
}

static bool command_pdv(struct span s, const struct pdv *v, const struct dicom_association *a, struct dicom_way *w,
			struct emit *e)
{
	struct record out UNSET;
	if (w->phase == DICOM_PHASE_COMMAND)     /* the rest of one that was cut in two */
		return true;
	emit_begin(e, &out, &dicom_type);
	bool named = dicom_command(rd_of(s), e->at->to_server && !(a->proposed & 1u << DICOM_SERVICE_GET), w, &out);
	if (named)
		emit_record(e, &out);
	return named || !(v->flags & FLAG_LAST);
}

static bool p_data(struct rd r, uint32_t length, struct dicom_association *a, struct dicom_way *w, struct emit *e)
{
	bool sound = true;
	uint32_t left = length;
	while (rd_left(&r) >= 6) {
		struct pdv v;
		struct span head = { r.p, rd_left(&r) };
		if (!pdv_head(&r, left, &v))
			return false;
		left -= v.length + 6;
		emit_shown(e, span_cut(head, PDV_HEAD - PDU_HEAD));
		bool last = v.flags & FLAG_LAST;
		struct span s = rd_span(&r, rd_left(&r) < v.length ? rd_left(&r) : v.length);
		if (v.flags & FLAG_COMMAND) {
			sound &= command_pdv(s, &v, a, w, e);
			w->phase = last ? DICOM_PHASE_DATA : DICOM_PHASE_COMMAND;
			continue;
		}
		if (w->phase == DICOM_PHASE_DATA || w->phase == DICOM_PHASE_ANY)
			sound &= data_pdv(s, &v, a, w, e);
		w->phase = last ? DICOM_PHASE_IDLE : DICOM_PHASE_REST;
	}
	if (left)
		w->phase = DICOM_PHASE_ANY;      /* PDVs that were not asked for */
	return sound;
}

/* ---- a PDU ---- */

static void refusal(uint8_t type, struct rd r, struct record *out)
{
	rd_skip(&r, 1);
	uint8_t result = rd_u8(&r);
	if (type == ASSOCIATE_RJ)
		record_str(out, DICOM_RESULT, result == 1 ? "permanent" : "transient");
	record_uint(out, DICOM_SOURCE, rd_u8(&r));
	record_uint(out, DICOM_REASON, rd_u8(&r));
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	static const char *const events[] = {
		[ASSOCIATE_RQ] = "associate-rq", [ASSOCIATE_AC] = "associate-ac", [ASSOCIATE_RJ] = "associate-rj",
		[RELEASE_RQ] = "release-rq", [RELEASE_RP] = "release-rp", [ABORT] = "abort",
	};
	struct dicom_association *a = state;
	struct rd r = rd_of(m->bytes);
	uint8_t type = rd_u8(&r);
	rd_skip(&r, 1);
	uint32_t length = rd_be32(&r);
	if (!rd_ok(&r) || type < ASSOCIATE_RQ || type > ABORT)
		return false;
	emit_shown(e, type > P_DATA || type == ASSOCIATE_RJ ? m->bytes : span_cut(m->bytes, PDU_HEAD));
	if (type == P_DATA)
		return p_data(r, length, a, &a->way[m->to_server], e);
	struct record out UNSET;
	emit_begin(e, &out, &dicom_type);
	record_str(&out, DICOM_EVENT, events[type]);
	if (type <= ASSOCIATE_AC && !dicom_associate(r, type == ASSOCIATE_RQ, m->cut, a, &out))
		return false;
	if (type == ASSOCIATE_RJ || type == ABORT)
		refusal(type, r, &out);
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &dicom_type, NULL };

/* Either end may be a modality, an archive or a worklist server: the commands say which (role). */
const struct decoder decoder_dicom = {
	.name = "dicom", .doc = "DICOM upper layer and commands (PS3.8, PS3.7)",
	.over = OVER_TCP, .ports = { 104, 11112, 4242, 2761, 2762 }, .clinical = true,
	.state_size = sizeof(struct dicom_association),
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
