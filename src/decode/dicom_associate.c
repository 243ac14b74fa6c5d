/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How DICOM associations are made (PS3.8 §9.3.2, §9.3.3; PS3.7 annex D): who wants what of whom, and what the two ends
 * are by that. */
#include "decode/dicom.h"

enum { FEW_SERVICES = 8 };                       /* a modality proposes; archives that forward propose dozens */

static enum dicom_syntax syntax_of(struct span uid)
{
	static const struct {
		const char *uid;
		enum dicom_syntax is;
	} known[] = {
		{ "1.2.840.10008.1.2", DICOM_IMPLICIT }, { "1.2.840.10008.1.2.1", DICOM_LITTLE },
		{ "1.2.840.10008.1.2.2", DICOM_BIG }, { "1.2.840.10008.1.2.1.99", DICOM_CLOSED },
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (span_is(uid, known[i].uid))
			return known[i].is;
	/* PS3.5 A.4: everything encapsulated is explicit, little endian */
	return span_starts(uid, SPAN_LIT("1.2.840.10008.1.2.")) ? DICOM_LITTLE : DICOM_UNKNOWN;
}

enum dicom_service dicom_service_of(struct span uid)
{
	if (span_starts(uid, SPAN_LIT("1.2.840.10008.5.1.4.1.1.")))
		return DICOM_SERVICE_STORE;
	if (span_starts(uid, SPAN_LIT("1.2.840.10008.5.1.4.1.2.")))
		return uid.p[uid.n - 1] == '3' ? DICOM_SERVICE_GET : DICOM_SERVICE_QUERY; /* .1 find, .2 move, .3 get */
	if (span_is(uid, "1.2.840.10008.5.1.4.31"))
		return DICOM_SERVICE_WORKLIST;
	if (span_is(uid, "1.2.840.10008.3.1.2.3.3"))
		return DICOM_SERVICE_STEP;
	return span_starts(uid, SPAN_LIT("1.2.840.10008.5.1.1.")) ? DICOM_SERVICE_PRINT : DICOM_SERVICE_OTHER;
}

/* Many propose the same service several times, an encoding each. */
static void add_uid(struct record *out, unsigned field, struct span uid)
{
	const struct texts *have = &out->v[field].texts;
	if (!dicom_uid_fits(uid))
		return;
	for (uint32_t i = record_has(out, field) ? have->n : 0; i > 0; i--)
		if (span_eq(have->v[i - 1], uid))
			return;
	record_add_text(out, field, uid);
}

/* Returns the bit of the service that was accepted, 0 for none. */
static uint32_t context(struct rd r, bool proposed, struct dicom_association *a, struct record *out)
{
	uint8_t id = rd_u8(&r);
	rd_skip(&r, 1);
	uint8_t result = rd_u8(&r);
	rd_skip(&r, 1);
	int syntaxes = 0;
	enum dicom_syntax last = DICOM_UNKNOWN;
	while (rd_left(&r)) {
		uint8_t type = rd_u8(&r);
		rd_skip(&r, 1);
		struct span uid = dicom_uid_trim(span_cut(rd_span(&r, rd_be16(&r)), DICOM_UID_MAX));
		if (type == 0x30 && proposed) {
			add_uid(out, DICOM_ABSTRACT, uid);
			a->service[id / 2] = (uint8_t)dicom_service_of(uid);
			a->proposed |= 1u << a->service[id / 2];
		}
		if (type != 0x40)
			continue;
		last = syntax_of(uid);
		syntaxes++;
		if (!proposed && result == 0)
			add_uid(out, DICOM_TRANSFER, uid);
	}
	/* Proposed: what it will be if the answer is not seen. */
	if (!proposed || syntaxes == 1)
		a->syntax[id / 2] = (uint8_t)last;
	if (!proposed && result)
		return 0;
	record_uint(out, DICOM_CONTEXT_COUNT, record_get_uint(out, DICOM_CONTEXT_COUNT) + 1);
	return proposed ? 0 : 1u << a->service[id / 2];
}

/* A few kinds of picture to be stored, and nothing to be fetched, is what a modality proposes; who uses a
 * worklist or reports steps of procedures is one in any case. */
static void role_proposed(struct dicom_association *a, struct record *out)
{
	uint32_t fetches = 1u << DICOM_SERVICE_GET | 1u << DICOM_SERVICE_QUERY;
	uint32_t works = 1u << DICOM_SERVICE_WORKLIST | 1u << DICOM_SERVICE_STEP;
	uint32_t services = record_has(out, DICOM_ABSTRACT) ? out->v[DICOM_ABSTRACT].texts.n : 0;
	a->pushes = a->proposed & 1u << DICOM_SERVICE_STORE && !(a->proposed & fetches) && services <= FEW_SERVICES;
	if (a->pushes || a->proposed & works)
		record_str(out, DICOM_ROLE, "imaging");
}

static void role_accepted(const struct dicom_association *a, uint32_t accepted, struct record *out)
{
	if (accepted & (1u << DICOM_SERVICE_QUERY | 1u << DICOM_SERVICE_GET) ||
	    (a->pushes && accepted & 1u << DICOM_SERVICE_STORE))
		record_str(out, DICOM_ROLE, "PACS");
	else if (accepted & 1u << DICOM_SERVICE_WORKLIST)
		record_str(out, DICOM_ROLE, "server");
	else if (accepted & 1u << DICOM_SERVICE_PRINT)
		record_str(out, DICOM_ROLE, "printer");
}

static void user_identity(struct rd r, struct record *out)
{
	rd_skip(&r, 2);                          /* type, answer wanted */
	struct span primary = rd_span(&r, rd_be16(&r));
	struct span secondary = rd_span(&r, rd_be16(&r));
	record_text(out, DICOM_USER, primary);
	record_text(out, DICOM_PASSWORD, secondary);
}

static void user_info(struct rd r, struct record *out)
{
	while (rd_left(&r)) {
		uint8_t type = rd_u8(&r);
		rd_skip(&r, 1);
		struct rd item = rd_sub(&r, rd_be16(&r));
		if (type == 0x51)
			record_uint(out, DICOM_MAX_PDU, rd_be32(&item));
		else if (type == 0x52)
			dicom_plain_uid(out, DICOM_IMPLEMENTATION, rd_rest(&item));
		else if (type == 0x55)
			dicom_plain_text(out, DICOM_IMPL_VERSION, span_cut(rd_rest(&item), DICOM_AE_TITLE));
		else if (type == 0x58)
			user_identity(item, out);
	}
}

bool dicom_associate(struct rd r, bool request, bool cut, struct dicom_association *a, struct record *out)
{
	rd_skip(&r, 4);                          /* version, reserved */
	struct span called = rd_span(&r, DICOM_AE_TITLE), calling = rd_span(&r, DICOM_AE_TITLE);
	rd_skip(&r, 32);
	if (!rd_ok(&r))
		return false;
	dicom_plain_text(out, request ? DICOM_CALLED : DICOM_ACCEPTING, called);
	if (request)
		dicom_plain_text(out, DICOM_CALLING, calling);
	memcpy(a->calling, calling.p, DICOM_AE_TITLE);
	uint32_t accepted = 0;
	a->proposed = request ? 0 : a->proposed;
	while (rd_left(&r)) {
		uint8_t type = rd_u8(&r);
		rd_skip(&r, 1);
		struct rd item = rd_sub(&r, rd_be16(&r));
		if (type == 0x10)
			dicom_plain_uid(out, DICOM_APP_CONTEXT, rd_rest(&item));
		else if (type == 0x20 || type == 0x21)
			accepted |= context(item, type == 0x20, a, out);
		else if (type == 0x50)
			user_info(item, out);
	}
	if (request)
		role_proposed(a, out);
	else
		role_accepted(a, accepted, out);
	a->way[0].phase = a->way[1].phase = DICOM_PHASE_IDLE;
	return rd_ok(&r) || cut;
}
