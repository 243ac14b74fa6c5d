/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DICOM upper layer (PS3.8 §9.3), commands (PS3.7 §9.3, §10.3, annex E) and the head of data sets
 * (PS3.5 §7). Of a message only the first kilobytes are asked for, where identity stands: pictures pass
 * unread. An element that is cut by the end of that head is not reported.
 *
 * Maker, model, version and serial number in a picture are those of the device that made it, and it may
 * have been forwarded since. They describe the sender (the fields with a clue) only when its AE title is
 * the picture's own station name and no C-MOVE asked for it; otherwise they stand as equipment_*. */
#include <strings.h>

#include "base/scope.h"
#include "decode/decoder.h"

enum {
	PDU_HEAD = 6, PDV_HEAD = 12,             /* PDU head; with length, context and flags of its first PDV */
	ASSOCIATE_MIN = 68, ASSOCIATE_MAX = 1 << 20, PDATA_MAX = INT32_MAX,
	WANT_IDENTITY = 8192, WANT_PDVS = 16384, /* asked for: of a data set's start; of a PDU of several PDVs */
	AE_TITLE = 16, UID_MAX = 64, PLAIN_MAX = 256, CONTEXTS = 128, SEQUENCE_DEPTH = 12,
	UNDEFINED = -1, ITEM = 0xE000, ITEM_END = 0xE00D, SEQUENCE_END = 0xE0DD, DELIMITERS = 0xFFFE,
	FLAG_COMMAND = 1, FLAG_LAST = 2,
	FEW_SERVICES = 8,                        /* a modality proposes; archives that forward propose dozens */
	C_STORE_RQ = 0x0001, RESPONSE = 0x8000,
};

enum pdu { ASSOCIATE_RQ = 1, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RQ, RELEASE_RP, ABORT };

enum syntax { SYNTAX_UNKNOWN, SYNTAX_IMPLICIT, SYNTAX_LITTLE, SYNTAX_BIG, SYNTAX_CLOSED };

enum service { SERVICE_OTHER, SERVICE_STORE, SERVICE_QUERY, SERVICE_GET, SERVICE_WORKLIST, SERVICE_STEP,
	SERVICE_PRINT };

/* What the next PDV of a direction is. ANY: picked up in the middle, or PDVs were not looked at. */
enum phase { PHASE_ANY, PHASE_IDLE, PHASE_COMMAND, PHASE_DATA, PHASE_REST };

struct way {
	uint8_t phase;                           /* enum phase */
	bool forwarded;                          /* the C-STORE was asked for by a C-MOVE */
	uint16_t command, message;               /* of the command that the data set belongs to */
};

struct association {
	struct way way[2];
	uint8_t syntax[CONTEXTS];                /* enum syntax, by presentation context id / 2 */
	uint8_t service[CONTEXTS];               /* enum service, likewise */
	uint8_t calling[AE_TITLE];
	uint32_t proposed;                       /* a bit for each enum service that was */
	bool pushes;                             /* what was proposed looks like a modality's */
};

enum {
	EVENT, COMMAND, CALLING, CALLED, ACCEPTING, ROLE, PEER_ROLE, APP_CONTEXT, CONTEXT_COUNT, ABSTRACT, TRANSFER,
	IMPLEMENTATION, IMPL_VERSION, MAX_PDU, USER, PASSWORD, RESULT, SOURCE, REASON, MESSAGE, SOP_CLASS, STATUS, DESTINATION,
	ORIGINATOR, NAME, ID, BIRTH, SEX, ADDRESS, PHONE, NEXT_OF_KIN, INSURANCE, PHYSICIAN, DEPARTMENT, VISIT, STUDY, NOTE,
	MODALITY, INSTITUTION, STATION, MADE_MAKER, MADE_MODEL, MADE_VERSION, MADE_SERIAL, OWN_MAKER, OWN_MODEL, OWN_VERSION,
	OWN_SERIAL, FIELDS
};

static const struct field fields[] = {
	[EVENT] = { "event", F_TEXT,
		    "associate-rq, associate-ac, associate-rj, command, data, release-rq, release-rp or abort" },
	[COMMAND] = { "command", F_TEXT, "C-ECHO-RQ, C-STORE-RSP …; of a data set: the command it belongs to" },
	[CALLING] = { "calling", F_TEXT, "AE title of the system that calls", .clue = CLUE_APPLICATION },
	[CALLED] = { "called", F_TEXT, "AE title it wants to reach", .clue = CLUE_APPLICATION | CLUE_PEER },
	[ACCEPTING] = { "accepting", F_TEXT, "AE title that accepts (as repeated in the answer)", .clue = CLUE_APPLICATION },
	[ROLE] = { "role", F_TEXT, "what the sender does in this exchange", .clue = CLUE_ROLE },
	[PEER_ROLE] = { "peer_role", F_TEXT, "what the receiver does in this exchange", .clue = CLUE_ROLE | CLUE_PEER },
	[APP_CONTEXT] = { "application_context", F_TEXT, "UID of the application context" },
	[CONTEXT_COUNT] = { "contexts", F_UINT, "presentation contexts proposed or accepted" },
	[ABSTRACT] = { "abstract_syntaxes", F_TEXTS, "UIDs of the services proposed" },
	[TRANSFER] = { "transfer_syntaxes", F_TEXTS, "UIDs of the encodings chosen" },
	[IMPLEMENTATION] = { "implementation", F_TEXT, "implementation class UID", .clue = CLUE_SYSTEM },
	[IMPL_VERSION] = { "implementation_version", F_TEXT, "implementation version name", .clue = CLUE_SYSTEM },
	[MAX_PDU] = { "max_pdu", F_UINT, "largest PDU it accepts, 0: any", "byte" },
	[USER] = { "user", F_TEXT, "user identity sent in clear (PS3.7 D.3.3.7)", .privacy = SECRET },
	[PASSWORD] = { "password", F_TEXT, "passcode or ticket sent in clear", .privacy = SECRET },
	[RESULT] = { "result", F_TEXT, "of a rejection: permanent or transient" },
	[SOURCE] = { "source", F_UINT, "who rejected or aborted, as numbered in PS3.8 §9.3.4, §9.3.8" },
	[REASON] = { "reason", F_UINT, "why, as numbered there" },
	[MESSAGE] = { "message_id", F_UINT, "number of the request" },
	[SOP_CLASS] = { "sop_class", F_TEXT, "UID of the service" },
	[STATUS] = { "status", F_UINT, "of a response: 0 success" },
	[DESTINATION] = { "move_destination", F_TEXT, "AE title a C-MOVE sends to" },
	[ORIGINATOR] = { "move_originator", F_TEXT, "AE title whose C-MOVE caused this C-STORE" },
	[NAME] = { "patient_name", F_TEXT, "patient's name", .privacy = PATIENT },
	[ID] = { "patient_id", F_TEXT, "patient number", .privacy = PATIENT },
	[BIRTH] = { "birth_date", F_TEXT, "date of birth", .privacy = PATIENT },
	[SEX] = { "sex", F_TEXT, "sex", .privacy = PATIENT },
	[ADDRESS] = { "address", F_TEXT, "patient's address", .privacy = PATIENT },
	[PHONE] = { "phone", F_TEXT, "patient's telephone", .privacy = PATIENT },
	[NEXT_OF_KIN] = { "next_of_kin", F_TEXT, "mother's birth name", .privacy = PATIENT },
	[INSURANCE] = { "insurance", F_TEXT, "insurance plan", .privacy = PATIENT },
	[PHYSICIAN] = { "physician", F_TEXT, "physician or operator", .privacy = PATIENT },
	[DEPARTMENT] = { "department", F_TEXT, "department or place of the patient", .privacy = PATIENT },
	[VISIT] = { "visit", F_TEXT, "admission number", .privacy = PATIENT },
	[STUDY] = { "study", F_TEXT, "study instance UID, else accession number", .privacy = PATIENT },
	[NOTE] = { "note", F_TEXT, "alerts, allergies, history or comment", .privacy = PATIENT },
	[MODALITY] = { "modality", F_TEXT, "kind of device that made the object: CT, US …" },
	[INSTITUTION] = { "institution", F_TEXT, "where the object was made" },
	[STATION] = { "station", F_TEXT, "station name of the device that made the object" },
	[MADE_MAKER] = { "equipment_maker", F_TEXT, "maker of the device that made the object" },
	[MADE_MODEL] = { "equipment_model", F_TEXT, "its model" },
	[MADE_VERSION] = { "equipment_version", F_TEXT, "its software" },
	[MADE_SERIAL] = { "equipment_serial", F_TEXT, "its serial number" },
	[OWN_MAKER] = { "maker", F_TEXT, "maker of the sender, which made the object itself", .clue = CLUE_MAKER },
	[OWN_MODEL] = { "model", F_TEXT, "its model", .clue = CLUE_MODEL },
	[OWN_VERSION] = { "version", F_TEXT, "its software", .clue = CLUE_VERSION },
	[OWN_SERIAL] = { "serial", F_TEXT, "its serial number", .clue = CLUE_SERIAL },
};
_Static_assert(ARRAY_LEN(fields) <= RECORD_FIELDS, "too many fields for a record");
static RECORD_TYPE(dicom_type, "dicom", "DICOM association, command or head of a data set", fields);

/* ---- recognising ---- */

static bool uid_fits(struct span s)
{
	if (s.n == 0 || s.n > UID_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '.' && s.p[i] != 0 && (s.p[i] < '0' || s.p[i] > '9'))
			return false;
	return true;
}

/* Version 1, two titles and, as the first item, an application context that is a UID. */
static bool associate_fits(struct rd r, uint32_t length)
{
	if (length < ASSOCIATE_MIN || length > ASSOCIATE_MAX)
		return false;
	bool version = rd_be16(&r) & 1;
	rd_skip(&r, 2 + 2 * AE_TITLE + 32);
	uint8_t item = rd_u8(&r);
	rd_skip(&r, 1);
	struct span uid = rd_span(&r, rd_be16(&r));
	return rd_ok(&r) && version && item == 0x10 && uid_fits(uid);
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
	if (rd_left(&r) < (type > ASSOCIATE_AC ? 4 : ASSOCIATE_MIN + 4 + UID_MAX) && !m->closing && rd_left(&r) < length)
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

static struct frame frame_data(const struct message *m, const struct way *w, uint32_t length)
{
	struct rd r = rd_of(m->bytes);
	struct pdv v;
	uint64_t total = PDU_HEAD + (uint64_t)length;
	if (m->bytes.n < PDV_HEAD)
		return length < 6 ? FRAME_NONE : FRAME_WAIT(m);
	rd_skip(&r, PDU_HEAD);
	if (length > PDATA_MAX || !pdv_head(&r, length, &v))
		return FRAME_NONE;
	if (v.flags & FLAG_COMMAND || w->phase == PHASE_DATA || w->phase == PHASE_ANY)
		return (struct frame){ head_of(total, WANT_IDENTITY), total };
	if (v.length + 6 == length)
		return (struct frame){ PDV_HEAD, total };
	return (struct frame){ head_of(total, WANT_PDVS), total };
}

static struct frame frame(const struct message *m, void *state)
{
	const struct association *a = state;
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

/* ---- associations ---- */

static struct span uid_trim(struct span s)
{
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == 0))
		s.n--;
	return s;
}

static struct span trim(struct span s)
{
	s = uid_trim(s);
	while (s.n && s.p[0] == ' ')
		s = span_from(s, 1);
	return s;
}

static enum syntax syntax_of(struct span uid)
{
	static const struct {
		const char *uid;
		enum syntax is;
	} known[] = {
		{ "1.2.840.10008.1.2", SYNTAX_IMPLICIT }, { "1.2.840.10008.1.2.1", SYNTAX_LITTLE },
		{ "1.2.840.10008.1.2.2", SYNTAX_BIG }, { "1.2.840.10008.1.2.1.99", SYNTAX_CLOSED },
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (span_is(uid, known[i].uid))
			return known[i].is;
	/* PS3.5 A.4: everything encapsulated is explicit, little endian */
	return span_starts(uid, SPAN_LIT("1.2.840.10008.1.2.")) ? SYNTAX_LITTLE : SYNTAX_UNKNOWN;
}

/* What leaves as text must be what its VR says (PS3.5 §6.2: LO is the longest), or a damaged length
 * would let a patient's data out with it. */
static void plain_text(struct record *out, unsigned field, struct span s)
{
	s = trim(s);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' && s.p[i] != 0x1B)
			return;
	if (s.n <= PLAIN_MAX)
		record_text(out, field, s);
}

static void plain_uid(struct record *out, unsigned field, struct span s)
{
	s = uid_trim(s);
	if (uid_fits(s))
		record_text(out, field, s);
}

static enum service service_of(struct span uid)
{
	if (span_starts(uid, SPAN_LIT("1.2.840.10008.5.1.4.1.1.")))
		return SERVICE_STORE;
	if (span_starts(uid, SPAN_LIT("1.2.840.10008.5.1.4.1.2.")))
		return uid.p[uid.n - 1] == '3' ? SERVICE_GET : SERVICE_QUERY;   /* .1 find, .2 move, .3 get */
	if (span_is(uid, "1.2.840.10008.5.1.4.31"))
		return SERVICE_WORKLIST;
	if (span_is(uid, "1.2.840.10008.3.1.2.3.3"))
		return SERVICE_STEP;
	return span_starts(uid, SPAN_LIT("1.2.840.10008.5.1.1.")) ? SERVICE_PRINT : SERVICE_OTHER;
}

/* Many propose the same service several times, an encoding each. */
static void add_uid(struct record *out, unsigned field, struct span uid)
{
	const struct texts *have = &out->v[field].texts;
	if (!uid_fits(uid))
		return;
	for (uint32_t i = record_has(out, field) ? have->n : 0; i > 0; i--)
		if (span_eq(have->v[i - 1], uid))
			return;
	record_add_text(out, field, uid);
}

/* Returns the bit of the service that was accepted, 0 for none. */
static uint32_t context(struct rd r, bool proposed, struct association *a, struct record *out)
{
	uint8_t id = rd_u8(&r);
	rd_skip(&r, 1);
	uint8_t result = rd_u8(&r);
	rd_skip(&r, 1);
	int syntaxes = 0;
	enum syntax last = SYNTAX_UNKNOWN;
	while (rd_left(&r)) {
		uint8_t type = rd_u8(&r);
		rd_skip(&r, 1);
		struct span uid = uid_trim(span_cut(rd_span(&r, rd_be16(&r)), UID_MAX));
		if (type == 0x30 && proposed) {
			add_uid(out, ABSTRACT, uid);
			a->service[id / 2] = (uint8_t)service_of(uid);
			a->proposed |= 1u << a->service[id / 2];
		}
		if (type != 0x40)
			continue;
		last = syntax_of(uid);
		syntaxes++;
		if (!proposed && result == 0)
			add_uid(out, TRANSFER, uid);
	}
	/* Proposed: what it will be if the answer is not seen. */
	if (!proposed || syntaxes == 1)
		a->syntax[id / 2] = (uint8_t)last;
	if (!proposed && result)
		return 0;
	record_uint(out, CONTEXT_COUNT, record_get_uint(out, CONTEXT_COUNT) + 1);
	return proposed ? 0 : 1u << a->service[id / 2];
}

/* A few kinds of picture to be stored, and nothing to be fetched, is what a modality proposes; who uses a
 * worklist or reports steps of procedures is one in any case. */
static void role_proposed(struct association *a, struct record *out)
{
	uint32_t fetches = 1u << SERVICE_GET | 1u << SERVICE_QUERY, works = 1u << SERVICE_WORKLIST | 1u << SERVICE_STEP;
	uint32_t services = record_has(out, ABSTRACT) ? out->v[ABSTRACT].texts.n : 0;
	a->pushes = a->proposed & 1u << SERVICE_STORE && !(a->proposed & fetches) && services <= FEW_SERVICES;
	if (a->pushes || a->proposed & works)
		record_str(out, ROLE, "imaging");
}

static void role_accepted(const struct association *a, uint32_t accepted, struct record *out)
{
	if (accepted & (1u << SERVICE_QUERY | 1u << SERVICE_GET) || (a->pushes && accepted & 1u << SERVICE_STORE))
		record_str(out, ROLE, "PACS");
	else if (accepted & 1u << SERVICE_WORKLIST)
		record_str(out, ROLE, "server");
	else if (accepted & 1u << SERVICE_PRINT)
		record_str(out, ROLE, "printer");
}

static void user_identity(struct rd r, struct record *out)
{
	rd_skip(&r, 2);                          /* type, answer wanted */
	struct span primary = rd_span(&r, rd_be16(&r));
	struct span secondary = rd_span(&r, rd_be16(&r));
	record_text(out, USER, primary);
	record_text(out, PASSWORD, secondary);
}

static void user_info(struct rd r, struct record *out)
{
	while (rd_left(&r)) {
		uint8_t type = rd_u8(&r);
		rd_skip(&r, 1);
		struct rd item = rd_sub(&r, rd_be16(&r));
		if (type == 0x51)
			record_uint(out, MAX_PDU, rd_be32(&item));
		else if (type == 0x52)
			plain_uid(out, IMPLEMENTATION, rd_rest(&item));
		else if (type == 0x55)
			plain_text(out, IMPL_VERSION, span_cut(rd_rest(&item), AE_TITLE));
		else if (type == 0x58)
			user_identity(item, out);
	}
}

static bool associate(struct rd r, bool request, bool cut, struct association *a, struct record *out)
{
	rd_skip(&r, 4);                          /* version, reserved */
	struct span called = rd_span(&r, AE_TITLE), calling = rd_span(&r, AE_TITLE);
	rd_skip(&r, 32);
	if (!rd_ok(&r))
		return false;
	plain_text(out, request ? CALLED : ACCEPTING, called);
	if (request)
		plain_text(out, CALLING, calling);
	memcpy(a->calling, calling.p, AE_TITLE);
	uint32_t accepted = 0;
	a->proposed = request ? 0 : a->proposed;
	while (rd_left(&r)) {
		uint8_t type = rd_u8(&r);
		rd_skip(&r, 1);
		struct rd item = rd_sub(&r, rd_be16(&r));
		if (type == 0x10)
			plain_uid(out, APP_CONTEXT, rd_rest(&item));
		else if (type == 0x20 || type == 0x21)
			accepted |= context(item, type == 0x20, a, out);
		else if (type == 0x50)
			user_info(item, out);
	}
	if (request)
		role_proposed(a, out);
	else
		role_accepted(a, accepted, out);
	a->way[0].phase = a->way[1].phase = PHASE_IDLE;
	return rd_ok(&r) || cut;
}

/* ---- commands ---- */

struct role_pair {
	const char *user, *provider;             /* of the service; NULL: it says nothing */
};

/* What a service says of its two ends. Whoever sends pictures unasked is taken for imaging equipment,
 * whoever takes them for an archive: a forwarding archive shows itself by what it is asked for. */
static struct role_pair roles_of(struct span sop, uint16_t command, bool pushed)
{
	switch (service_of(sop)) {
	case SERVICE_WORKLIST: return (struct role_pair){ "imaging", "server" };
	case SERVICE_STEP: return (struct role_pair){ "imaging", NULL };
	case SERVICE_QUERY:
	case SERVICE_GET: return (struct role_pair){ NULL, "PACS" };
	case SERVICE_PRINT: return (struct role_pair){ NULL, "printer" };
	case SERVICE_STORE:
		if (command == C_STORE_RQ && pushed)
			return (struct role_pair){ "imaging", "PACS" };
		break;
	case SERVICE_OTHER: break;
	}
	return (struct role_pair){ 0 };
}

static const char *command_name(uint16_t command)
{
	static const struct {
		uint16_t code;
		const char *request, *response;
	} names[] = {
		{ C_STORE_RQ, "C-STORE-RQ", "C-STORE-RSP" }, { 0x0010, "C-GET-RQ", "C-GET-RSP" },
		{ 0x0020, "C-FIND-RQ", "C-FIND-RSP" }, { 0x0021, "C-MOVE-RQ", "C-MOVE-RSP" },
		{ 0x0030, "C-ECHO-RQ", "C-ECHO-RSP" }, { 0x0100, "N-EVENT-REPORT-RQ", "N-EVENT-REPORT-RSP" },
		{ 0x0110, "N-GET-RQ", "N-GET-RSP" }, { 0x0120, "N-SET-RQ", "N-SET-RSP" },
		{ 0x0130, "N-ACTION-RQ", "N-ACTION-RSP" }, { 0x0140, "N-CREATE-RQ", "N-CREATE-RSP" },
		{ 0x0150, "N-DELETE-RQ", "N-DELETE-RSP" }, { 0x0FFF, "C-CANCEL-RQ", NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].code == (command & ~RESPONSE))
			return command & RESPONSE ? names[i].response : names[i].request;
	return NULL;
}

static uint16_t short_value(struct span s)
{
	struct rd r = rd_of(s);
	return rd_le16(&r);
}

/* Evidence shows tag, representation and length of an element; its value only if it leaves as text. */
static void element_show(const struct record *out, struct span from, const struct rd *behind)
{
	if (out->host->shown && rd_ok(behind))
		out->host->shown(out->host->ctx, span_cut(from, from.n - rd_left(behind)));
}

static void command_element(uint32_t tag, struct span v, struct way *w, struct record *out)
{
	switch (tag) {
	case 0x0002:
	case 0x0003:
		plain_uid(out, SOP_CLASS, v);
		break;
	case 0x0100:
		w->command = short_value(v);
		break;
	case 0x0110:
	case 0x0120:
		w->message = short_value(v);
		record_uint(out, MESSAGE, w->message);
		break;
	case 0x0600:
		plain_text(out, DESTINATION, span_cut(v, AE_TITLE));
		break;
	case 0x0900:
		record_uint(out, STATUS, short_value(v));
		break;
	case 0x1030:
		plain_text(out, ORIGINATOR, span_cut(v, AE_TITLE));
		w->forwarded = trim(v).n > 0;
		break;
	default:
		break;
	}
}

/* PS3.7 §6.3.1: implicit VR, little endian, whatever the context's syntax. */
static bool command(struct rd r, bool pushing, struct way *w, struct record *out)
{
	w->command = w->message = 0;
	w->forwarded = false;
	while (rd_left(&r)) {
		struct span from = { r.p, rd_left(&r) };
		uint16_t group = rd_le16(&r), element = rd_le16(&r);
		uint32_t length = rd_le32(&r);
		if (group)
			break;
		element_show(out, from, &r);
		struct span v = rd_span(&r, length);
		if (!rd_ok(&r))
			break;
		command_element(element, v, w, out);
	}
	const char *name = command_name(w->command);
	if (!name)
		return false;
	record_str(out, EVENT, "command");
	record_str(out, COMMAND, name);
	struct role_pair p = roles_of(record_get_text(out, SOP_CLASS), w->command, pushing && !w->forwarded);
	record_str(out, ROLE, w->command & RESPONSE ? p.provider : p.user);
	record_str(out, PEER_ROLE, w->command & RESPONSE ? p.user : p.provider);
	return true;
}

/* ---- data sets ---- */

struct element {
	uint32_t tag, length;
	bool undefined, nested;                  /* of undefined length; its items are in implicit VR (PS3.5 §6.2.2) */
};

static bool vr_in(const char *list, struct span vr)
{
	for (const char *v = list; *v; v += 2)
		if (vr.p[0] == v[0] && vr.p[1] == v[1])
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

static bool element_head(struct rd *r, enum syntax x, struct element *out)
{
	uint16_t group = rd_u16(r), number = rd_u16(r);
	out->tag = (uint32_t)group << 16 | number;
	out->nested = false;
	out->length = x == SYNTAX_IMPLICIT || group == DELIMITERS ? rd_u32(r) : explicit_length(r, &out->nested);
	out->undefined = out->length == (uint32_t)UNDEFINED;
	return rd_ok(r);
}

/* Over the items of a sequence, or the elements of an item, of undefined length. */
static bool skip_undefined(struct rd *r, enum syntax x, unsigned depth)
{
	struct element el;
	while (rd_left(r) && depth < SEQUENCE_DEPTH && element_head(r, x, &el)) {
		if (el.tag == ((uint32_t)DELIMITERS << 16 | ITEM_END) || el.tag == ((uint32_t)DELIMITERS << 16 | SEQUENCE_END))
			return true;
		if (!el.undefined)
			rd_skip(r, el.length);
		else if (!skip_undefined(r, el.nested ? SYNTAX_IMPLICIT : x, depth + 1))
			return false;
	}
	return false;
}

/* Of a data set whose context was not seen. Two elements in order, known VRs, believable lengths. */
static enum syntax syntax_guess(struct span s)
{
	static const enum syntax tries[] = { SYNTAX_LITTLE, SYNTAX_BIG, SYNTAX_IMPLICIT };
	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		struct rd r = rd_of(s);
		struct element one, two;
		rd_order(&r, tries[i] == SYNTAX_BIG);
		if (!element_head(&r, tries[i], &one) || one.tag >> 16 > 0x40 || one.undefined)
			continue;
		rd_skip(&r, one.length);
		if (rd_ok(&r) && rd_left(&r) == 0)
			return tries[i];
		if (element_head(&r, tries[i], &two) && two.tag > one.tag && two.tag >> 16 <= 0x7FE0)
			return tries[i];
	}
	return SYNTAX_UNKNOWN;
}

/* In ascending order, as elements stand in a data set (PS3.5 §7.1). */
static const struct {
	uint32_t tag;
	uint8_t field;
} attributes[] = {
	{ 0x00080050, STUDY }, { 0x00080060, MODALITY }, { 0x00080070, MADE_MAKER }, { 0x00080080, INSTITUTION },
	{ 0x00080090, PHYSICIAN }, { 0x00081010, STATION }, { 0x00081040, DEPARTMENT }, { 0x00081048, PHYSICIAN },
	{ 0x00081050, PHYSICIAN }, { 0x00081060, PHYSICIAN }, { 0x00081070, PHYSICIAN }, { 0x00081090, MADE_MODEL },
	{ 0x00100010, NAME }, { 0x00100020, ID }, { 0x00100030, BIRTH }, { 0x00100040, SEX },
	{ 0x00101000, ID }, { 0x00101001, NAME }, { 0x00101005, NAME }, { 0x00101040, ADDRESS },
	{ 0x00101050, INSURANCE }, { 0x00101060, NEXT_OF_KIN }, { 0x00102000, NOTE }, { 0x00102110, NOTE },
	{ 0x00102154, PHONE },
	{ 0x001021B0, NOTE }, { 0x00104000, NOTE }, { 0x00181000, MADE_SERIAL }, { 0x00181020, MADE_VERSION },
	{ 0x0020000D, STUDY }, { 0x00321032, PHYSICIAN }, { 0x00380010, VISIT }, { 0x00380300, DEPARTMENT },
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
	v = trim(v);
	if (!says_something(v))
		return;
	if (!field_is_token(&fields[field])) {
		plain_text(out, field, v);
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

/* False: the data set contradicts itself. whole: nothing of it is missing behind s. */
static bool data_set(struct span s, enum syntax x, bool whole, struct record *out)
{
	struct rd r = rd_of(s);
	struct element el;
	size_t i = 0;
	uint32_t last = 0;
	rd_order(&r, x == SYNTAX_BIG);
	while (rd_left(&r) >= 8) {
		struct span from = { r.p, rd_left(&r) };
		if (!element_head(&r, x, &el))
			return !whole;
		if (el.tag <= last)
			return false;
		last = el.tag;
		element_show(out, from, &r);
		while (i < ARRAY_LEN(attributes) && attributes[i].tag < el.tag)
			i++;
		if (i == ARRAY_LEN(attributes))
			return true;
		if (el.undefined) {
			if (!skip_undefined(&r, el.nested ? SYNTAX_IMPLICIT : x, 0))
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

/* The picture was made by its sender: see the head of this file. */
static void claim_equipment(const struct association *a, struct record *out)
{
	struct span station = record_get_text(out, STATION), calling = trim(span_of(a->calling, AE_TITLE));
	if (station.n == 0 || station.n != calling.n ||
	    strncasecmp((const char *)station.p, (const char *)calling.p, calling.n) != 0)
		return;
	record_text(out, OWN_MAKER, record_get_text(out, MADE_MAKER));
	record_text(out, OWN_MODEL, record_get_text(out, MADE_MODEL));
	record_text(out, OWN_VERSION, record_get_text(out, MADE_VERSION));
	record_text(out, OWN_SERIAL, record_get_text(out, MADE_SERIAL));
}

/* ---- P-DATA ---- */

/* Picked up in the middle, these may be a picture's bytes: only what starts as objects do, with a
 * text of group 0008, is taken for the start of a data set. */
static bool starts_data_set(struct span s, enum syntax x)
{
	struct rd r = rd_of(s);
	struct element el;
	rd_order(&r, x == SYNTAX_BIG);
	if (!element_head(&r, x, &el) || el.tag >> 16 != 8)
		return false;
	struct span v = rd_span(&r, el.length);
	for (size_t i = 0; i < v.n; i++)
		if ((v.p[i] < ' ' || v.p[i] > '~') && (v.p[i] || i + 1 < v.n))
			return false;
	return v.n > 1;
}

static bool data_pdv(struct span s, const struct pdv *v, struct association *a, const struct way *w, struct emit *e)
{
	struct record out UNSET;
	enum syntax x = (enum syntax)a->syntax[v->context / 2];
	if (x == SYNTAX_UNKNOWN)
		x = syntax_guess(s);
	if (x == SYNTAX_UNKNOWN || x == SYNTAX_CLOSED || (w->phase == PHASE_ANY && !starts_data_set(s, x)))
		return true;
	emit_begin(e, &out, &dicom_type);
	bool sound = data_set(s, x, v->flags & FLAG_LAST && s.n == v->length, &out);
	if (e->at->to_server && w->command == C_STORE_RQ && !w->forwarded)
		claim_equipment(a, &out);
	record_str(&out, EVENT, "data");
	if (w->command) {
		record_str(&out, COMMAND, command_name(w->command));
		record_uint(&out, MESSAGE, w->message);
	}
	emit_record(e, &out);
	return sound;
}

static bool command_pdv(struct span s, const struct pdv *v, const struct association *a, struct way *w, struct emit *e)
{
	struct record out UNSET;
	if (w->phase == PHASE_COMMAND)           /* the rest of one that was cut in two */
		return true;
	emit_begin(e, &out, &dicom_type);
	bool named = command(rd_of(s), e->at->to_server && !(a->proposed & 1u << SERVICE_GET), w, &out);
	if (named)
		emit_record(e, &out);
	return named || !(v->flags & FLAG_LAST);
}

static bool p_data(struct rd r, uint32_t length, struct association *a, struct way *w, struct emit *e)
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
			w->phase = last ? PHASE_DATA : PHASE_COMMAND;
			continue;
		}
		if (w->phase == PHASE_DATA || w->phase == PHASE_ANY)
			sound &= data_pdv(s, &v, a, w, e);
		w->phase = last ? PHASE_IDLE : PHASE_REST;
	}
	if (left)
		w->phase = PHASE_ANY;            /* PDVs that were not asked for */
	return sound;
}

/* ---- a PDU ---- */

static void refusal(uint8_t type, struct rd r, struct record *out)
{
	rd_skip(&r, 1);
	uint8_t result = rd_u8(&r);
	if (type == ASSOCIATE_RJ)
		record_str(out, RESULT, result == 1 ? "permanent" : "transient");
	record_uint(out, SOURCE, rd_u8(&r));
	record_uint(out, REASON, rd_u8(&r));
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	static const char *const events[] = {
		[ASSOCIATE_RQ] = "associate-rq", [ASSOCIATE_AC] = "associate-ac", [ASSOCIATE_RJ] = "associate-rj",
		[RELEASE_RQ] = "release-rq", [RELEASE_RP] = "release-rp", [ABORT] = "abort",
	};
	struct association *a = state;
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
	record_str(&out, EVENT, events[type]);
	if (type <= ASSOCIATE_AC && !associate(r, type == ASSOCIATE_RQ, m->cut, a, &out))
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
	.state_size = sizeof(struct association),
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
