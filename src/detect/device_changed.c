/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.device-changed: a device says another maker, model, serial number or firmware version of itself than earlier
 * runs kept. What is compared stands in the same field of the same protocol, so that two protocols that word a
 * version differently are no change; who speaks for several devices (a gateway) is not judged. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/census.h"

enum { CLUES = CENSUS_WANTS };

static const struct want wants[] = { CENSUS_WANT, [CLUES] = { "device", "clues" }, { NULL, NULL } };

static const struct rule rule = {
	.id = "net.device-changed",
	.title = "A device is not what it was",
	.cause = "changed device",
	.sees = "A device, known by its MAC or address from the store, that names another maker, model, serial number or "
		"firmware version than before, in the same field of the same protocol.",
	.why = "Another firmware may behave otherwise: it is what an update, an exchange by the maker's service, or somebody "
	       "else's program looks like. Another serial number behind the same address is another device.",
	.wrong = "An announced update or exchange. A gateway that speaks for one device and then for another. The first run "
		 "after auscult learnt a new protocol has nothing to compare with and stays silent.",
	.next = { "Ask biomedical engineering whether this device was updated or exchanged at this time.",
		  "If nobody did, let the device be examined before it is used on a patient again: " ADVICE_BEDSIDE,
		  ADVICE_EVIDENCE, NULL },
	.attack = { "T0857", "T0839", "T1195", NULL },
	.cwe = { "CWE-494", "CWE-345", NULL },
	.references = { "NIST SP 1800-24", NULL },
};

enum { VALUES = 4, WORD = BASELINE_TEXT };

struct facts {
	char what[16], from[48], old[WORD + 1], now[WORD + 1];
	bool both;                               /* the old word was heard too */
	struct addr addr;
};

/* What one field of one protocol said now: up to VALUES different words. */
struct now {
	struct span what, from, said[VALUES];
	unsigned n;
};

static unsigned gather(const struct record *r, unsigned col, struct now *out, unsigned room)
{
	unsigned n = 0;
	for (uint32_t i = 0; record_has(r, col) && i < r->v[col].records.n; i++) {
		const struct record *clue = r->v[col].records.v[i];
		struct span what = record_get_text(clue, CLUE_WHAT), from = record_get_text(clue, CLUE_FROM);
		unsigned k = 0;
		while (k < n && !(span_eq(out[k].what, what) && span_eq(out[k].from, from)))
			k++;
		if (k == room)
			continue;
		if (k == n)
			out[n++] = (struct now){ .what = what, .from = from };
		if (out[k].n < VALUES)
			out[k].said[out[k].n++] = span_cut(record_get_text(clue, CLUE_SAID), WORD);
	}
	return n;
}

static const char *latest_of(const struct baseline_device *had, struct span what)
{
	return span_is(what, "maker") ? had->maker : span_is(what, "model") ? had->model :
	       span_is(what, "version") ? had->version : span_is(what, "serial") ? had->serial : "";
}

/* The word that it used to say there; NULL: none, or too many to tell. */
static const char *old_word(const struct baseline_device *had, const struct now *w)
{
	const char *only = NULL, *latest = latest_of(had, w->what);
	unsigned n = 0;
	bool has_latest = false;
	for (unsigned i = 0; i < had->nsayings; i++) {
		const struct baseline_saying *s = &had->sayings[i];
		if (!span_is(w->what, s->what) || !span_is(w->from, s->from))
			continue;
		n++;
		only = s->said;
		has_latest |= strcmp(s->said, latest) == 0;
	}
	return n == 1 ? only : n && n <= VALUES && has_latest && !had->many ? latest : NULL;
}

static bool said_before(const struct baseline_device *had, const struct now *w, struct span said)
{
	for (unsigned i = 0; i < had->nsayings; i++)
		if (span_is(w->what, had->sayings[i].what) && span_is(w->from, had->sayings[i].from) &&
		    span_is(said, had->sayings[i].said))
			return true;
	return false;
}

static void keep(char *out, size_t room, struct span s)
{
	snprintf(out, room, "%.*s", (int)(s.n < room ? s.n : room - 1), (const char *)s.p);
}

static void compare(struct run *d, const struct census *c, const struct baseline_device *had, const struct now *w)
{
	const char *old = old_word(had, w);
	struct span fresh = { 0 };
	unsigned nfresh = 0;
	bool both = false;
	for (unsigned i = 0; i < w->n; i++) {
		bool known = said_before(had, w, w->said[i]);
		both |= known;
		nfresh += !known;
		fresh = known ? fresh : w->said[i];
	}
	if (!old || nfresh != 1 || (both && w->n != 2))
		return;
	struct finding *f = detect_find(d, c->device, "%.*s", (int)w->what.n, (const char *)w->what.p);
	if (f)
		return;
	f = detect_finding(d, c->device, NULL, "%.*s", (int)w->what.n, (const char *)w->what.p);
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return;
	f->first = c->first;
	f->last = c->last;
	keep(x->what, sizeof(x->what), w->what);
	keep(x->from, sizeof(x->from), w->from);
	keep(x->old, sizeof(x->old), span_str(old));
	keep(x->now, sizeof(x->now), fresh);
	x->both = both;
	x->addr = c->addr;
}

enum { FIELDS_MAX = 24 };

static void on_device(struct run *d, const struct record *r)
{
	struct census c;
	struct now words[FIELDS_MAX];
	if (!census_read(d, r, &c) || c.device == DEVICE_NONE || c.last <= baseline_last(detect_baseline(d)))
		return;
	const struct baseline_device *had = baseline_find(detect_baseline(d), c.id, NULL);
	unsigned n = had ? gather(r, (unsigned)d->col[CLUES], words, FIELDS_MAX) : 0;
	for (unsigned i = 0; i < n; i++)
		if (*latest_of(had, words[i].what))
			compare(d, &c, had, &words[i]);
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	bool medical = device_is_medical(d->devices, f->device), version = strcmp(x->what, "version") == 0;
	f->keeps_scope = true;
	f->scope = SCOPE_SEGMENT;
	f->severity = !medical || x->both ? SEV_INFO : version ? SEV_LOW : SEV_MEDIUM;
	f->confidence = x->both ? 0.5 : 0.85;
	record_addr(f->observed, OBS_SOURCE, x->addr);
	record_str(f->observed, OBS_PROTOCOL, x->from);
	record_str(f->observed, OBS_CONTENT, x->what);
	detect_list(f, OBS_EXTRA, x->old);
	detect_list(f, OBS_EXTRA, x->now);
	f->title = detect_text(d, "%s names another %s than before: %s, it was %s (%s)", detect_who(d, f->device, x->addr),
			       version ? "firmware version" : strcmp(x->what, "serial") == 0 ? "serial number" : x->what, x->now,
			       x->old, x->from);
}

static const struct on on[] = { { "device", on_device }, { NULL, NULL } };

const struct detector detector_device_changed = {
	.name = "net.device-changed", .rule = &rule, .on = on, .wants = wants, .judge = judge,
};
