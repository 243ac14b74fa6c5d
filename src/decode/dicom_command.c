/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DICOM commands (PS3.7 §9.3, §10.3, annex E): which request or response, of which service, and what its two ends are
 * by that. */
#include "decode/dicom.h"

enum { RESPONSE = 0x8000 };

struct role_pair {
	const char *user, *provider;             /* of the service; NULL: it says nothing */
};

/* What a service says of its two ends. Whoever sends pictures unasked is taken for imaging equipment,
 * whoever takes them for an archive: a forwarding archive shows itself by what it is asked for. */
static struct role_pair roles_of(struct span sop, uint16_t command, bool pushed)
{
	switch (dicom_service_of(sop)) {
	case DICOM_SERVICE_WORKLIST: return (struct role_pair){ "imaging", "server" };
	case DICOM_SERVICE_STEP: return (struct role_pair){ "imaging", NULL };
	case DICOM_SERVICE_QUERY:
	case DICOM_SERVICE_GET: return (struct role_pair){ NULL, "PACS" };
	case DICOM_SERVICE_PRINT: return (struct role_pair){ NULL, "printer" };
	case DICOM_SERVICE_STORE:
		if (command == DICOM_C_STORE_RQ && pushed)
			return (struct role_pair){ "imaging", "PACS" };
		break;
	case DICOM_SERVICE_OTHER: break;
	}
	return (struct role_pair){ 0 };
}

const char *dicom_command_name(uint16_t command)
{
	static const struct {
		uint16_t code;
		const char *request, *response;
	} names[] = {
		{ DICOM_C_STORE_RQ, "C-STORE-RQ", "C-STORE-RSP" }, { 0x0010, "C-GET-RQ", "C-GET-RSP" },
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
static void command_element(uint32_t tag, struct span v, struct dicom_way *w, struct record *out)
{
	switch (tag) {
	case 0x0002:
	case 0x0003:
		dicom_plain_uid(out, DICOM_SOP_CLASS, v);
		break;
	case 0x0100:
		w->command = short_value(v);
		break;
	case 0x0110:
	case 0x0120:
		w->message = short_value(v);
		record_uint(out, DICOM_MESSAGE, w->message);
		break;
	case 0x0600:
		dicom_plain_text(out, DICOM_DESTINATION, span_cut(v, DICOM_AE_TITLE));
		break;
	case 0x0900:
		record_uint(out, DICOM_STATUS, short_value(v));
		break;
	case 0x1030:
		dicom_plain_text(out, DICOM_ORIGINATOR, span_cut(v, DICOM_AE_TITLE));
		w->forwarded = dicom_trim(v).n > 0;
		break;
	default:
		break;
	}
}

bool dicom_command(struct rd r, bool pushing, struct dicom_way *w, struct record *out)
{
	w->command = w->message = 0;
	w->forwarded = false;
	while (rd_left(&r)) {
		struct span from = { r.p, rd_left(&r) };
		uint16_t group = rd_le16(&r), element = rd_le16(&r);
		uint32_t length = rd_le32(&r);
		if (group)
			break;
		dicom_element_show(out, from, &r);
		struct span v = rd_span(&r, length);
		if (!rd_ok(&r))
			break;
		command_element(element, v, w, out);
	}
	const char *name = dicom_command_name(w->command);
	if (!name)
		return false;
	record_str(out, DICOM_EVENT, "command");
	record_str(out, DICOM_COMMAND, name);
	struct role_pair p = roles_of(record_get_text(out, DICOM_SOP_CLASS), w->command, pushing && !w->forwarded);
	record_str(out, DICOM_ROLE, w->command & RESPONSE ? p.provider : p.user);
	record_str(out, DICOM_PEER_ROLE, w->command & RESPONSE ? p.user : p.provider);
	return true;
}
