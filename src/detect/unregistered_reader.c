/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.unregistered-reader: a host calls a medical device and is given measured values, or asks it or an archive for
 * patients. Values are known by the vitals records that come back to the end that called, whatever the protocol;
 * questions by DICOM's query services and HL7's query messages. Who may read stands in [reader] and [central]. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/fetch.h"

enum want_index {
	OPENING, VITALS_PROTOCOL_COL, HL7_TYPE, DICOM_EVENT, DICOM_SYNTAXES, MINDRAY_EVENT,
	INTELLIVUE_EVENT, WANTS
};

static const struct want wants[] = {
	[OPENING] = { "contact", "opening" },
	[VITALS_PROTOCOL_COL] = { "vitals", "protocol" },
	[HL7_TYPE] = { "hl7", "message_type" },
	[DICOM_EVENT] = { "dicom", "event" },
	[DICOM_SYNTAXES] = { "dicom", "abstract_syntaxes" },
	[MINDRAY_EVENT] = { "mindray", "event" },
	[INTELLIVUE_EVENT] = { "intellivue", "event" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.unregistered-reader",
	.title = "A host that is not entered as a reader reads a medical device",
	.cause = "unregistered reader",
	.sees = "A host that opens a conversation with a device at the patient and is given measured values in clear, or "
		"asks it for them (HL7 and Mindray queries, IntelliVue associations); or that opens a DICOM association to "
		"find or fetch patients and images. Registered are [reader] and [central] of "
		"the configuration. While no [reader] is entered, readers of devices at the "
		"patient inside the site are told as information only, and DICOM questions inside the site not at all.",
	.why = "Many devices answer whoever asks, without a password. A reader that nobody knows may collect patients' data, "
	       "or be the first step to changing it.",
	.wrong = "A new gateway, workstation or research system that nobody entered yet. Which end called is only believed "
		 "when the conversation was seen from its beginning. Within TLS nothing of this is seen.",
	.next = { "Ask who runs the reading host, and for which purpose; if it is wanted, enter it as [reader].",
		  "If nobody knows it, block it at the switch or firewall, not at the device; the device's own central station "
		  "must go on being served.", ADVICE_REPORT, ADVICE_EVIDENCE, NULL },
	.attack = { "T0802", "T0861", "T1119", NULL },
	.cwe = { "CWE-306", "CWE-862", NULL },
	.advisories = { "ICSMA-25-037-02", NULL },
	.references = { "DICOM PS3.4 Annex C, Annex K", NULL },
};

enum { ROWS = 512, SURE = 4096 };

enum asked { ASKED_VALUES, ASKED_QUERY, ASKED_IMAGES, ASKED_WORKLIST };

struct row {
	uint32_t device;                         /* DEVICE_NONE: free */
	struct addr own, reader;
	uint16_t port;
	enum asked what;
	char protocol[16];
	uint64_t messages, touched;
	struct origin first;
	struct finding *f;
};

struct state {
	uint64_t sure[SURE];                     /* conversations that were seen from their beginning: flow % SURE */
	struct row rows[ROWS];
	struct row *recent;                      /* most values come in bunches of the same */
};

static void on_contact(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	if (r->at && !span_is(record_get_text(r, (unsigned)d->col[OPENING]), "middle"))
		s->sure[r->at->flow % SURE] = r->at->flow;
}

/* Who asks for values and is given some is told once. */
static enum asked kind_of(enum asked what)
{
	return what == ASKED_VALUES ? ASKED_QUERY : what;
}

static bool fits(const struct row *row, const struct origin *at, enum asked what)
{
	return row && row->device != DEVICE_NONE && kind_of(row->what) == kind_of(what) &&
	       addr_eq(row->reader, detect_client(at)) &&
	       addr_eq(row->own, detect_server(at));
}

static struct row *row_find(struct state *s, const struct origin *at, enum asked what)
{
	for (unsigned i = 0; i < ROWS; i++)
		if (fits(&s->rows[i], at, what))
			return &s->rows[i];
	return NULL;
}

/* A free row, else the longest untouched that never became a finding. */
static struct row *row_take(struct run *d)
{
	struct state *s = d->state;
	struct row *best = NULL;
	for (unsigned i = 0; i < ROWS; i++) {
		struct row *row = &s->rows[i];
		if (row->device == DEVICE_NONE)
			return row;
		if (!row->f && (!best || row->touched < best->touched))
			best = row;
	}
	detect_dropped(d);
	return best;
}

static bool is_inside(const struct run *d, struct addr a)
{
	enum addr_class c = addr_class(a);
	return c != ADDR_MULTICAST && c != ADDR_BROADCAST && c != ADDR_NONE && !detect_is_outside(d, a);
}

static bool may_count(const struct run *d, const struct row *row)
{
	bool outside = detect_is_outside(d, row->reader);
	bool bedside = fetch_is_bedside(d, row->device);
	if (!device_is_medical(d->devices, row->device) || !is_inside(d, row->own))
		return false;
	if (zone_is_central(d->zones, row->reader, 0) || detect_is_registered(d, REGISTERED_READER, row->own, row->reader))
		return false;
	uint32_t reader = device_by_addr(d->devices, row->reader);
	bool colleague = reader != DEVICE_NONE && device_is_medical(d->devices, reader);
	bool registered = detect_has_registered(d, REGISTERED_READER);
	switch (row->what) {
	case ASKED_VALUES: case ASKED_QUERY: return bedside && (outside || registered || !colleague);
	case ASKED_IMAGES: return outside || registered;
	case ASKED_WORKLIST: return outside || (registered && !colleague);
	}
	return false;
}

static void promote(struct run *d, struct row *row)
{
	char text[ADDR_TEXT];
	if (row->device == DEVICE_NONE || row->f || !may_count(d, row))
		return;
	row->f = detect_finding(d, row->device, &row->first, "%d %s", kind_of(row->what), addr_text(row->reader, text));
	if (row->f)
		row->f->own = row;
}

static void saw(struct run *d, const struct origin *at, enum asked what, struct span protocol)
{
	struct state *s = d->state;
	struct row *row = fits(s->recent, at, what) ? s->recent : row_find(s, at, what);
	if (!row) {
		uint32_t device = detect_server_device(d, at);
		bool group = addr_class(detect_client(at)) == ADDR_MULTICAST || mac_is_group(at->dmac);
		row = device == DEVICE_NONE || group || s->sure[at->flow % SURE] != at->flow ? NULL : row_take(d);
		if (!row)
			return;
		*row = (struct row){ .device = device, .own = detect_server(at), .reader = detect_client(at), .what = what,
				     .port = detect_server_port(at), .first = *at };
		snprintf(row->protocol, sizeof(row->protocol), "%.*s", (int)protocol.n, (const char *)protocol.p);
	}
	row->what = what == ASKED_VALUES ? what : row->what;
	s->recent = row;
	row->messages++;
	row->touched = at->ts;
	if (row->f)
		detect_again(d, row->f, at);
	else if (row->messages == 1)
		promote(d, row);                 /* else when it is judged */
}

/* The end that was called sends values to the one that called. */
static void on_vitals(struct run *d, const struct record *r)
{
	if (r->at && r->at->flow && !r->at->to_server)
		saw(d, r->at, ASKED_VALUES, record_get_text(r, (unsigned)d->col[VITALS_PROTOCOL_COL]));
}

/* HL7 v2.x chapter 5: QRY, QBP and QCN ask. */
static void on_hl7(struct run *d, const struct record *r)
{
	struct span type = record_get_text(r, (unsigned)d->col[HL7_TYPE]);
	bool asks = span_starts(type, SPAN_LIT("QRY")) || span_starts(type, SPAN_LIT("QBP"));
	if (r->at && r->at->flow && r->at->to_server && asks)
		saw(d, r->at, ASKED_QUERY, SPAN_LIT("hl7"));
}

static void on_mindray(struct run *d, const struct record *r)
{
	if (r->at && r->at->flow && r->at->to_server &&
	    span_is(record_get_text(r, (unsigned)d->col[MINDRAY_EVENT]), "query"))
		saw(d, r->at, ASKED_QUERY, SPAN_LIT("mindray"));
}

static void on_intellivue(struct run *d, const struct record *r)
{
	if (r->at && r->at->flow && r->at->to_server &&
	    span_is(record_get_text(r, (unsigned)d->col[INTELLIVUE_EVENT]), "associate-request"))
		saw(d, r->at, ASKED_QUERY, SPAN_LIT("intellivue"));
}

/* PS3.4 C.6: the three ways to find, move and get; K.6: the modality worklist. */
static void on_dicom(struct run *d, const struct record *r)
{
	unsigned col = (unsigned)d->col[DICOM_SYNTAXES];
	if (!r->at || !r->at->flow || !r->at->to_server || !record_has(r, col) ||
	    !span_is(record_get_text(r, (unsigned)d->col[DICOM_EVENT]), "associate-rq"))
		return;
	for (uint32_t i = 0; i < r->v[col].texts.n; i++) {
		struct span uid = r->v[col].texts.v[i];
		if (span_starts(uid, SPAN_LIT("1.2.840.10008.5.1.4.1.2.")))
			saw(d, r->at, ASKED_IMAGES, SPAN_LIT("dicom"));
		else if (span_is(uid, "1.2.840.10008.5.1.4.31"))
			saw(d, r->at, ASKED_WORKLIST, SPAN_LIT("dicom"));
	}
}

/* ---- judging ---- */

static enum severity weigh(const struct run *d, const struct row *row)
{
	if (detect_is_outside(d, row->reader))
		return row->what == ASKED_VALUES ? SEV_CRITICAL : SEV_HIGH;
	return detect_has_registered(d, REGISTERED_READER) ? SEV_MEDIUM : SEV_INFO;
}

static const char *what_happened(const struct row *row)
{
	switch (row->what) {
	case ASKED_VALUES: return "gave measured values to";
	case ASKED_QUERY: return "was sent queries by";
	case ASKED_IMAGES: return "was asked for patients and images by";
	case ASKED_WORKLIST: return "was asked for its worklist by";
	}
	return "";
}

static void judge(struct run *d, struct finding *f)
{
	const struct row *row = f->own;
	bool outside = detect_is_outside(d, row->reader);
	f->withdrawn = !may_count(d, row);
	detect_keep_scope(d, f, outside, &row->first);
	f->severity = weigh(d, row);
	f->confidence = 0.9 * detect_role_weight(d, f->device);
	record_addr(f->observed, OBS_SOURCE, row->reader);
	record_addr(f->observed, OBS_ADDRESS, row->own);
	record_uint(f->observed, OBS_PORT, row->port);
	record_str(f->observed, OBS_PROTOCOL, row->protocol);
	record_uint(f->observed, OBS_MESSAGES, row->messages);
	f->title = detect_text(d, "%s %s %s by %s%s, which is not entered as a reader",
			       detect_who(d, f->device, row->own), what_happened(row), detect_where(d, row->reader, 0),
			       row->protocol, detect_whither(f->scope));
}

static void finish(struct run *d)
{
	struct state *s = d->state;
	for (unsigned i = 0; i < ROWS; i++)
		promote(d, &s->rows[i]);
}

static const struct on on[] = {
	{ "contact", on_contact }, { "vitals", on_vitals, .when = WHEN_TO_CLIENT }, { "hl7", on_hl7 }, { "dicom", on_dicom },
	{ "mindray", on_mindray }, { "intellivue", on_intellivue }, { NULL, NULL },
};

const struct detector detector_unregistered_reader = {
	.name = "net.unregistered-reader", .rule = &rule, .on = on, .wants = wants, .state_size = sizeof(struct state),
	.finish = finish, .judge = judge,
};
