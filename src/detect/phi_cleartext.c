/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.phi-cleartext: who sends which identity fields of patients to whom in clear, in any protocol whose
 * decoder marks fields as PATIENT, and learnt identifiers in streams that nobody decodes. Fields are
 * known by their privacy class and the shared names of decode/decoder.h, never by protocol. */
#include "base/scope.h"
#include "decode/vitals.h"
#include "detect/advice.h"
#include "detect/detector.h"

static const struct rule rule = {
	.id = "net.phi-cleartext",
	.title = "Patients' identity can be read on the network",
	.cause = "clear text",
	.sees = "Identity fields of patients (name, number, birth date, address, telephone, relatives, insurance) filled in "
		"messages of a protocol that is not encrypted; or an identifier learnt from such a message in a stream that "
		"nobody decodes.",
	.why = "Whoever stands on the way can read who is a patient here and of what. Outside the site this is a breach of "
	       "patients' data with a clock running; inside, it is how most hospital protocols work today, and a reason to "
	       "keep their network closed.",
	.wrong = "The messages may carry test patients. A destination that looks outside may be the site's own, behind a "
		 "network that is not in the configuration ([zone]), or the traffic may enter a tunnel after this point.",
	.next = { "Find out who receives at this address and under which agreement.", ADVICE_REPORT,
		  "Put the connection into TLS or a tunnel, or stop it; ask the system's owner before cutting it, results may be "
		  "waiting for it.",
		  ADVICE_EVIDENCE, NULL },
	.attack = { "T0882", "T1041", "T1040", NULL },
	.cwe = { "CWE-319", "CWE-359", NULL },
	.references = { "45 CFR 164.402", "https://www.hl7.org/implement/standards/product_brief.cfm?product_id=185", NULL },
};

static const char *const next_inside[] = {
	"Nothing is urgent: keep this network closed to others, and plan for TLS when the system is renewed.",
	NULL,
};

/* Fields that name a person. Others of class PATIENT (bed, doctor, visit …) are told with them and do
 * not count alone. */
static const char *const identity[] = {
	"patient_id", "patient_name", "birth_date", "address", "phone", "ssn", "account", "next_of_kin", "guarantor",
	"insurance",
};

enum { RECENT = 2048, PLANS = 64 };

struct plan {
	const struct record_type *type;
	uint64_t persons;                        /* bit per field of class PATIENT */
	uint8_t rank[RECORD_FIELDS];             /* in identity[]; its length: names nobody */
};

/* Conversations whose finding is at hand: most messages belong to one of the last few hundred. */
struct state {
	struct {
		uint64_t flow;                   /* 0: none */
		bool to_server;
		const char *protocol;
		struct finding *f;
	} recent[RECENT];
	struct plan plans[PLANS];
	unsigned nplans;
};

enum { PATIENT_SLOTS = 1024, PATIENTS_MAX = PATIENT_SLOTS * 3 / 4, FIELDS_MAX = 24 };

struct facts {
	struct addr from, to;
	uint16_t port;
	const char *protocol;
	uint64_t messages;
	const char *fields[FIELDS_MAX];
	unsigned nfields;
	uint64_t patients[PATIENT_SLOTS];        /* first bytes of their tokens; 0: empty */
	unsigned npatients;
	uint64_t told;                           /* fields of the record type that are among these already */
	bool learnt, more;                       /* more: the table of patients is full */
};

/* Where a record type keeps persons' data, worked out when the first of its kind comes. */
static const struct plan *plan_of(struct state *s, const struct record_type *t)
{
	unsigned i = 0;
	while (i < s->nplans && s->plans[i].type != t)
		i++;
	if (i < s->nplans)
		return &s->plans[i];
	struct plan *p = &s->plans[i < PLANS ? i : PLANS - 1];
	*p = (struct plan){ .type = t };
	s->nplans = i < PLANS ? i + 1 : PLANS;
	for (unsigned f = 0; f < t->nfields; f++) {
		p->rank[f] = ARRAY_LEN(identity);
		if (t->fields[f].privacy != PATIENT)
			continue;
		p->persons |= UINT64_C(1) << f;
		for (uint8_t k = 0; k < ARRAY_LEN(identity); k++)
			if (strcmp(t->fields[f].name, identity[k]) == 0)
				p->rank[f] = k;
	}
	return p;
}

static void add_field(struct facts *x, const char *name)
{
	for (unsigned i = 0; i < x->nfields; i++)
		if (strcmp(x->fields[i], name) == 0)
			return;
	if (x->nfields < FIELDS_MAX)
		x->fields[x->nfields++] = name;
}

static void add_patient(struct facts *x, const struct token *t)
{
	struct rd r = rd_of(span_of(t->hash, TOKEN_HASH));
	uint64_t mark = rd_le64(&r) | 1;
	size_t i = mark >> 1;
	for (;; i++) {
		uint64_t *slot = &x->patients[i % PATIENT_SLOTS];
		if (*slot == mark)
			return;
		if (*slot == 0 && x->npatients < PATIENTS_MAX) {
			*slot = mark;
			x->npatients++;
			return;
		}
		if (*slot == 0) {
			x->more = true;
			return;
		}
	}
}

static struct facts *facts_of(struct run *d, const struct record *r, const char *protocol)
{
	const struct origin *at = r->at;
	struct state *s = d->state;
	size_t slot = (at->flow * 2 + at->to_server) % RECENT;
	struct finding *f = s->recent[slot].f;
	if (at->flow && s->recent[slot].flow == at->flow && s->recent[slot].to_server == at->to_server &&
	    s->recent[slot].protocol == protocol) {
		struct facts *known = f->own;
		detect_again(d, f, at);
		known->messages++;
		return known;
	}
	char text[ADDR_TEXT];
	uint32_t sender = detect_sender(d, at);
	if (sender == DEVICE_NONE)
		sender = detect_receiver(d, at);
	f = detect_finding(d, sender, at, "%s>%s:%u", protocol, addr_text(at->dst, text), detect_server_port(at));
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return NULL;
	s->recent[slot].flow = at->flow;
	s->recent[slot].to_server = at->to_server;
	s->recent[slot].protocol = protocol;
	s->recent[slot].f = f;
	x->from = at->src;
	x->to = at->dst;
	x->port = detect_server_port(at);
	x->protocol = protocol;
	x->messages++;
	return x;
}

/* The patient's number tells patients apart best, then the name, then whatever there is. -1: nobody is named. */
static int best_identity(const struct plan *p, const struct record *r)
{
	int best = -1;
	uint8_t rank = ARRAY_LEN(identity);
	for (uint64_t left = r->set & p->persons; left; left &= left - 1) {
		int i = __builtin_ctzll(left);
		if (p->rank[i] >= rank)
			continue;
		rank = p->rank[i];
		best = i;
	}
	return best;
}

/* Any record that has PATIENT fields. Vital signs repeat the patient of their message: not again. */
static void on_patient(struct run *d, const struct record *r)
{
	const struct plan *p = plan_of(d->state, r->type);
	if (!r->at || !(r->set & p->persons) || r->type == &vitals_type || r->type == &learnt_type)
		return;
	int best = best_identity(p, r);
	struct facts *x = best >= 0 ? facts_of(d, r, r->type->name) : NULL;
	if (!x)
		return;
	for (uint64_t left = r->set & p->persons & ~x->told; left; left &= left - 1)
		add_field(x, r->type->fields[__builtin_ctzll(left)].name);
	x->told |= r->set & p->persons;
	add_patient(x, &r->v[best].token);
}

static void on_learnt(struct run *d, const struct record *r)
{
	struct facts *x = r->at ? facts_of(d, r, "unknown") : NULL;
	if (!x)
		return;
	x->learnt = true;
	add_field(x, "identifier");
	if (record_has(r, (unsigned)d->col[1]))
		add_patient(x, &r->v[d->col[1]].token);
}

static const char *id_of(struct run *d, const struct finding *f)
{
	char text[16];
	finding_id(f, text);
	text[0] = 'E';
	return detect_text(d, "%s", text);
}

static void publish_exposure(struct run *d, const struct finding *f, const struct facts *x)
{
	struct record r;
	record_begin(&r, &exposure_type, NULL, detect_host(d));
	record_str(&r, EXP_ID, id_of(d, f));
	if (f->device != DEVICE_NONE)
		record_str(&r, EXP_DEVICE, device_stable_id(d->devices, f->device));
	record_addr(&r, EXP_SOURCE, x->from);
	record_addr(&r, EXP_ADDRESS, x->to);
	record_uint(&r, EXP_PORT, x->port);
	record_str(&r, EXP_PROTOCOL, x->protocol);
	record_str(&r, EXP_SCOPE, scope_name(f->scope));
	for (unsigned i = 0; i < x->nfields; i++)
		record_add_text(&r, EXP_FIELDS, span_str(x->fields[i]));
	record_uint(&r, EXP_MESSAGES, x->messages);
	record_uint(&r, EXP_PATIENTS, x->npatients);
	record_bool(&r, EXP_PATIENTS_AT_LEAST, x->more);
	record_time(&r, EXP_FIRST, f->first);
	record_time(&r, EXP_LAST, f->last);
	detect_publish(d, &r);
}

static const char *patients_text(struct run *d, const struct facts *x)
{
	if (x->npatients == 1 && !x->more)
		return "1 patient";
	return detect_text(d, "%s%u patients", x->more ? "more than " : "", x->npatients);
}

/* The scope is asked for anew: a reply to ARP may have come after the last report. */
static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	if (f->nevidence)
		f->scope = detect_scope(d, &f->origins[0]);
	bool registered = zone_is_central(d->zones, x->to, x->port);
	if (registered && f->scope == SCOPE_OUTSIDE)
		f->scope = SCOPE_SITE;
	f->keeps_scope = true;
	record_addr(f->observed, OBS_SOURCE, x->from);
	record_addr(f->observed, OBS_ADDRESS, x->to);
	record_uint(f->observed, OBS_PORT, x->port);
	record_str(f->observed, OBS_PROTOCOL, x->protocol);
	record_uint(f->observed, OBS_MESSAGES, x->messages);
	record_uint(f->observed, OBS_PATIENTS, x->npatients);
	for (unsigned i = 0; i < x->nfields; i++)
		detect_list(f, OBS_FIELDS, x->fields[i]);
	bool outside = f->scope == SCOPE_OUTSIDE;
	f->severity = outside ? SEV_CRITICAL : SEV_INFO;
	f->confidence = x->learnt ? 0.8 : 0.97;
	f->next = outside ? NULL : next_inside;
	f->title = detect_text(d, "%s sent identity fields of %s in clear to %s%s", detect_who(d, f->device, x->from),
			       patients_text(d, x), detect_where(d, x->to, x->port), detect_whither(f->scope));
	publish_exposure(d, f, x);
}

static const struct on on[] = { { "*patient", on_patient }, { "learnt", on_learnt }, { NULL, NULL } };
static const struct want wants[] = { { "learnt", "field" }, { "learnt", "patient" }, { NULL, NULL } };

const struct detector detector_phi_cleartext = {
	.name = "net.phi-cleartext", .rule = &rule, .on = on, .wants = wants, .judge = judge,
	.state_size = sizeof(struct state),
};
