/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.new-device: a device that no earlier run knew. Information, unless it acts clinically. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/census.h"

static const struct want wants[] = { CENSUS_WANT, [CENSUS_WANTS] = { NULL, NULL } };

static const struct rule rule = {
	.id = "net.new-device",
	.title = "A device that was not here before",
	.cause = "new device",
	.sees = "A device that no earlier run kept in the store, first seen after the latest of them ended. More than "
		"information when it acts clinically by its role: sends or takes vital signs, images, orders or results.",
	.why = "Whatever joins the clinical network without anybody's knowledge is not maintained by anybody, and may take "
	       "the place of a device or a server that the ward relies on.",
	.wrong = "A device that was replaced, repaired or lent, or that an earlier capture of another segment could not show. "
		 "Telephones change their MAC addresses by themselves. Without a store, or with a first run, nothing is new.",
	.next = { "Compare with the list of the biomedical department; a device that is not in it should not be in use.",
		  "If it takes vital signs or images, make sure that the senders are meant to send to it.", ADVICE_EVIDENCE, NULL },
	.attack = { "T1200", "T0864", "T0848", NULL },
	.cwe = { "CWE-1059", NULL },
	.references = { "NIST SP 1800-24", NULL },
};

enum { FIRSTS = 2048 };

struct first {                                   /* its first conversation, as evidence */
	uint32_t device;
	struct origin at;
};

struct state {
	struct first firsts[FIRSTS];             /* device % FIRSTS, the first keeps it */
};

struct facts {
	enum device_role role;
	struct addr addr;
	struct mac mac;
	bool medical, address_was_known;
};

static void on_contact(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	if (!baseline_count(detect_baseline(d)) || !r->at)
		return;
	uint32_t device = detect_sender(d, r->at);
	struct first *f = &s->firsts[device % FIRSTS];
	if (device != DEVICE_NONE && f->device == DEVICE_NONE)
		*f = (struct first){ device, *r->at };
}

static const struct origin *first_of(const struct run *d, uint32_t device)
{
	const struct state *s = d->state;
	const struct first *f = &s->firsts[device % FIRSTS];
	return device != DEVICE_NONE && f->device == device ? &f->at : NULL;
}

/* An address that was known without a card, as behind a router, may be the same device seen from nearer. */
static bool is_known(const struct baseline *b, const struct census *c)
{
	const struct baseline_device *had = baseline_by_addr(b, c->addr);
	return baseline_find(b, c->id, NULL) || (had && (mac_is_zero(had->mac) || mac_is_zero(c->mac)));
}

static void on_device(struct run *d, const struct record *r)
{
	const struct baseline *b = detect_baseline(d);
	struct census c;
	if (!census_read(d, r, &c) || c.device == DEVICE_NONE || c.first <= baseline_last(b) || is_known(b, &c) ||
	    detect_find(d, c.device, "new"))
		return;
	struct finding *f = detect_finding(d, c.device, first_of(d, c.device), "new");
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return;
	f->first = c.first;
	f->last = c.last;
	x->addr = c.addr;
	x->mac = c.mac;
	x->address_was_known = baseline_by_addr(b, c.addr) != NULL;
}

/* Central stations, archives and engines take what others send. */
static bool takes_clinical_data(enum device_role r)
{
	return r == ROLE_CENTRAL || r == ROLE_PACS || r == ROLE_HL7_ENGINE;
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	enum device_role role = device_role(d->devices, f->device);
	bool medical = role_is_medical(role);
	f->keeps_scope = true;
	f->scope = SCOPE_SEGMENT;
	f->severity = !medical ? SEV_INFO : takes_clinical_data(role) ? SEV_MEDIUM : SEV_LOW;
	f->confidence = medical ? 0.9 * detect_role_weight(d, f->device) : 0.9;
	record_addr(f->observed, OBS_SOURCE, x->addr);
	if (!mac_is_zero(x->mac))
		record_mac(f->observed, OBS_MAC, x->mac);
	if (medical)
		detect_list(f, OBS_TRAITS, "acts clinically");
	if (mac_is_local(x->mac) && !mac_is_zero(x->mac))
		detect_list(f, OBS_TRAITS, "own choice of MAC");
	if (x->address_was_known)
		detect_list(f, OBS_TRAITS, "address of another device");
	f->title = detect_text(d, "%s was not here before%s", detect_who(d, f->device, x->addr),
			       x->address_was_known ? "; another device had its address" : "");
}

static const struct on on[] = { { "contact", on_contact }, { "device", on_device }, { NULL, NULL } };

const struct detector detector_new_device = {
	.name = "net.new-device", .rule = &rule, .on = on, .wants = wants, .state_size = sizeof(struct state),
	.judge = judge,
};
