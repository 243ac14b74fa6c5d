/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.contec-stream: the Contec central-station stream on any port. What it weighs: where the other end
 * stands, whether it is registered, which identity fields were filled, whether anybody listens. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/detector.h"

enum want_index {
	TYPE,
	NAME,
	ID,
	BIRTH,
	DOCTOR,
	DEPARTMENT,
	VISIT,
	FLOW_PROTOCOL_COL,
	FLOW_STATE_COL,
	FLOW_TO_SERVER,
	FLOW_TO_CLIENT,
	WANTS
};

static const struct want wants[] = {
	[TYPE] = { "contec", "type" },
	[NAME] = { "contec", "patient_name" },
	[ID] = { "contec", "patient_id" },
	[BIRTH] = { "contec", "birth_date" },
	[DOCTOR] = { "contec", "physician" },
	[DEPARTMENT] = { "contec", "department" },
	[VISIT] = { "contec", "visit" },
	[FLOW_PROTOCOL_COL] = { "flow", "protocol" },
	[FLOW_STATE_COL] = { "flow", "state" },
	[FLOW_TO_SERVER] = { "flow", "bytes_to_server" },
	[FLOW_TO_CLIENT] = { "flow", "bytes_to_client" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.contec-stream",
	.title = "A monitor sends its patient's data in the clear central-station protocol of Contec",
	.cause = "outside party",
	.sees = "The frames of the Contec central-station protocol, recognised by their chained lengths on any "
		"port: a one-way TCP stream with the patient's record, curves and alarms.",
	.why = "The stream carries the patient's name, number, birth date, doctor and vital signs without login or "
	       "encryption. Inside the ward it is how this maker's central station works. Outside the site it is a "
	       "breach of patients' data that nobody at the bedside can see.",
	.wrong = "A central station behind a router of your own that is not in the configuration looks as if it "
		 "stood outside: enter it under [central] or its network under [zone]. Re-branded monitors speak "
		 "the same protocol.",
	.next = { ADVICE_BEDSIDE, ADVICE_BLOCK, ADVICE_REPLACE, ADVICE_REPORT, ADVICE_EVIDENCE, NULL },
	.attack = { "T0882", "T0869", "T0885", "T1041", NULL },
	.cwe = { "CWE-359", "CWE-319", NULL },
	.advisories = { "ICSMA-25-030-01", NULL },
	.references = { "https://www.cisa.gov/news-events/ics-medical-advisories/icsma-25-030-01",
			"Claroty Team82, February 2025: the same facts read as insecure design", NULL },
};

static const char *const next_local[] = {
	"Check that the machine at this address is your own central station.",
	"Keep the monitors and their central station on a network segment of their own: anybody on it can read this "
	"stream.",
	ADVICE_REGISTER,
	NULL,
};

enum { PATIENTS = 64, RECENT = 256 };

/* A stream has many messages a second: its finding is looked up once. */
struct state {
	struct {
		uint64_t flow;
		struct finding *f;
	} recent[RECENT];
};

struct facts {
	struct addr client, server;
	uint16_t port;
	uint64_t messages, to_server, to_client;
	unsigned fields;                         /* bit i: wants[i] was filled */
	struct token patients[PATIENTS];
	unsigned npatients;
	bool values, answered, ended;            /* values: curves or numbers; ended: a flow record told both ways */
};

static void count_patient(struct facts *x, struct token t)
{
	if (!t.len || x->npatients == PATIENTS)
		return;
	for (unsigned i = 0; i < x->npatients; i++)
		if (memcmp(x->patients[i].hash, t.hash, TOKEN_HASH) == 0)
			return;
	x->patients[x->npatients++] = t;
}

static struct facts *facts_of(struct run *d, const struct origin *at, struct finding **out)
{
	char text[ADDR_TEXT];
	uint32_t device = detect_client_device(d, at);
	*out = detect_may_have(d, device)
		? detect_find(d, device, "%s:%u", addr_text(detect_server(at), text), detect_server_port(at)) : NULL;
	return *out ? (*out)->own : NULL;
}

static struct finding *stream_finding(struct run *d, const struct origin *at)
{
	struct state *s = d->state;
	char text[ADDR_TEXT];
	if (at->flow && s->recent[at->flow % RECENT].flow == at->flow) {
		detect_again(d, s->recent[at->flow % RECENT].f, at);
		return s->recent[at->flow % RECENT].f;
	}
	struct finding *f = detect_finding(d, detect_client_device(d, at), at, "%s:%u",
					   addr_text(detect_server(at), text), detect_server_port(at));
	if (f && at->flow) {
		s->recent[at->flow % RECENT].flow = at->flow;
		s->recent[at->flow % RECENT].f = f;
	}
	return f;
}

static void on_contec(struct run *d, const struct record *r)
{
	const struct origin *at = r->at;
	struct finding *f = stream_finding(d, at);
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return;
	x->client = detect_client(at);
	x->server = detect_server(at);
	x->port = detect_server_port(at);
	x->messages++;
	x->values |= span_is(record_get_text(r, (unsigned)d->col[TYPE]), "values");
	for (unsigned i = NAME; i <= VISIT; i++)
		if (record_has(r, (unsigned)d->col[i]))
			x->fields |= 1u << i;
	struct token who = record_get_token(r, (unsigned)d->col[ID]);
	count_patient(x, who.len ? who : record_get_token(r, (unsigned)d->col[NAME]));
}

static void on_answer(struct run *d, const struct record *r)
{
	struct finding *f;
	struct facts *x = facts_of(d, r->at, &f);
	if (x)
		x->answered = true;
}

static void on_flow(struct run *d, const struct record *r)
{
	if (!r->at || !span_is(record_get_text(r, (unsigned)d->col[FLOW_PROTOCOL_COL]), "contec"))
		return;
	struct finding *f;
	struct facts *x = facts_of(d, r->at, &f);
	if (!x)
		return;
	x->ended = true;
	x->answered |= !span_is(record_get_text(r, (unsigned)d->col[FLOW_STATE_COL]), "unanswered") &&
		       !span_is(record_get_text(r, (unsigned)d->col[FLOW_STATE_COL]), "refused");
	x->to_server += record_get_uint(r, (unsigned)d->col[FLOW_TO_SERVER]);
	x->to_client += record_get_uint(r, (unsigned)d->col[FLOW_TO_CLIENT]);
}

static void describe(struct finding *f, const struct facts *x)
{
	record_str(f->observed, OBS_PROTOCOL, "contec");
	record_uint(f->observed, OBS_MESSAGES, x->messages);
	if (x->ended)
		record_uint(f->observed, OBS_BYTES, x->to_server);
	if (x->npatients)
		record_uint(f->observed, OBS_PATIENTS, x->npatients);
	for (unsigned i = NAME; i <= VISIT; i++)
		if (x->fields & 1u << i)
			detect_list(f, OBS_FIELDS, wants[i].field);
	if (x->values)
		detect_list(f, OBS_TRAITS, "vital signs");
	if (x->ended && !x->to_client)
		detect_list(f, OBS_TRAITS, "one-way");
}

/* The scope is asked for anew each time: a reply to ARP may have come after the last report. */
static void judge(struct run *d, struct finding *f)
{
	struct facts *x = f->own;
	if (f->nevidence)
		f->scope = detect_scope(d, &f->origins[0]);
	const char *who = detect_who(d, f->device, x->client), *where = detect_where(d, x->server, x->port);
	const char *what = x->fields ? "patient data" : x->values ? "vital signs" : "central-station messages";
	bool registered = zone_is_central(d->zones, x->server, x->port);
	/* Seen by ears on the answering side: an end-of-conversation record may come later, or never. */
	bool answered = x->answered || x->to_client;
	f->keeps_scope = true;
	if (registered && f->scope == SCOPE_OUTSIDE)
		f->scope = SCOPE_SITE;
	describe(f, x);
	record_bool(f->observed, OBS_ANSWERED, answered);
	f->next = NULL;
	f->meaning = NULL;
	if (f->scope == SCOPE_OUTSIDE) {
		f->severity = x->fields || x->values ? SEV_CRITICAL : SEV_HIGH;
		f->confidence = (answered ? 0.98 : 0.8) * (x->fields || x->values ? 1 : 0.8);
		f->title = detect_text(d, "%s sent %s in clear to %s, outside the site", who, what, where);
		return;
	}
	f->severity = SEV_LOW;
	f->confidence = answered ? 0.95 : 0.75;
	f->next = next_local;
	f->meaning =
		"The stream stays inside: this is how the monitor reaches a central station. It has no login and no "
		"encryption, so anybody on the same network can read the patient's name and values.";
	f->title = detect_text(d, "%s sends %s in clear to %s central station at %s%s", who, what,
			       registered ? "the registered" : "a", where, detect_whither(f->scope));
	if (registered)
		detect_list(f, OBS_TRAITS, "registered");
}

static const struct on on[] = {
	{ "contec", on_contec }, { "answer", on_answer, .when = WHEN_FOUND }, { "flow", on_flow, .when = WHEN_FOUND },
	{ NULL, NULL },
};

const struct detector detector_contec_stream = {
	.name = "net.contec-stream", .rule = &rule, .on = on, .wants = wants, .state_size = sizeof(struct state),
	.judge = judge,
};
