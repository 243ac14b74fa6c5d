/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A figure to sort by, not a measure: the sum of seven addends, each with its reason. Published CVSS scores are
 * quoted beside it and decide no more than how much "affected" weighs; nothing is computed from vectors. */
#include <stdarg.h>
#include <stdio.h>

#include "base/scope.h"
#include "inventory/inventory.h"

static const struct {
	const char *name;
	unsigned most;
} addends[ADDENDS] = {
	[ADD_EXPOSURE] = { "exposure", 20 }, [ADD_REACHABILITY] = { "reachability", 15 },
	[ADD_LEAVES] = { "leaves the site", 15 },
	[ADD_PATIENT] = { "patient attached", 15 }, [ADD_AFFECTED] = { "affected", 20 }, [ADD_ROLE] = { "role", 10 },
	[ADD_FIRMWARE] = { "firmware known", 5 },
};

const char *addend_name(enum addend_kind k)
{
	return addends[k].name;
}

static void PRINTF(4, 5) set(struct risk *r, enum addend_kind k, unsigned points, const char *fmt, ...)
{
	va_list list;
	struct addend *a = &r->v[k];
	a->most = addends[k].most;
	a->points = points > a->most ? a->most : points;
	va_start(list, fmt);
	vsnprintf(a->why, sizeof(a->why), fmt, list);
	va_end(list);
	r->figure += a->points;
}

static void add_exposure(const struct risk_facts *f, struct risk *r)
{
	if (f->clear_outside)
		set(r, ADD_EXPOSURE, 20, "patients' data in clear, out of the site");
	else if (f->clear_inside)
		set(r, ADD_EXPOSURE, 10, "patients' data in clear, within the site");
	else
		set(r, ADD_EXPOSURE, 0, "no patients' data in clear seen");
}

static void add_reachability(const struct risk_facts *f, struct risk *r)
{
	unsigned by_ports = f->services > 3 ? 6 : f->services ? 3 : 0;
	unsigned points = by_ports + (f->callers > 10 ? 4u : f->callers > 1 ? 2u : 0);
	if (f->called_from_outside)
		set(r, ADD_REACHABILITY, 15, "answered somebody outside the site");
	else if (f->services)
		set(r, ADD_REACHABILITY, points, "answers at %u port%s, called by %u host%s", f->services,
		    f->services == 1 ? "" : "s", f->callers, f->callers == 1 ? "" : "s");
	else
		set(r, ADD_REACHABILITY, 0, "nobody was seen to reach it");
}

static void add_role(const struct risk_facts *f, struct risk *r)
{
	static const struct {
		const char *role;
		unsigned points;
	} roles[] = { { "ventilator", 10 }, { "infusion pump", 10 }, { "patient monitor", 8 }, { "central station", 8 },
		      { "analyser", 5 }, { "imaging", 5 }, { "image archive", 5 }, { "HL7 engine", 5 } };
	if (!f->role || !*f->role || strcmp(f->role, "unknown") == 0) {
		set(r, ADD_ROLE, 3, "role not known");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		if (strcmp(roles[i].role, f->role) == 0) {
			set(r, ADD_ROLE, roles[i].points, "%s", f->role);
			return;
		}
	set(r, ADD_ROLE, 0, "%s", f->role);
}

static void add_affected(const struct risk_facts *f, struct risk *r)
{
	char cvss[80] = "";
	if (f->cve)
		snprintf(cvss, sizeof(cvss), "; highest published: %.30s, CVSS %.8s %.1f", f->cve, f->cvss_version, f->cvss);
	/* the score in its four published levels: 7 and 9 are where "high" and "critical" begin */
	unsigned more = f->cvss >= 9 ? 8 : f->cvss >= 7 ? 5 : f->cvss >= 4 ? 2 : 0;
	if (f->affected)
		set(r, ADD_AFFECTED, 12 + more, "an advisory says so%s", cvss);
	else if (f->maybe_affected)
		set(r, ADD_AFFECTED, 6 + more / 2, "an advisory may speak of it%s", cvss);
	else if (!f->has_model)
		set(r, ADD_AFFECTED, 3, "model not known: no advisory can be matched");
	else
		set(r, ADD_AFFECTED, 0, "no advisory speaks of it");
}

static void add_leaves(const struct risk_facts *f, struct risk *r)
{
	if (f->leaves_answered)
		set(r, ADD_LEAVES, 15, "reached addresses outside the site");
	else if (f->leaves)
		set(r, ADD_LEAVES, 8, "called addresses outside the site, unanswered");
	else
		set(r, ADD_LEAVES, 0, "not seen to call outside");
}

static void add_patient(const struct risk_facts *f, struct risk *r)
{
	if (f->patient && f->carries_patients)
		set(r, ADD_PATIENT, 15, "at the patient, and sends patients' data or vital signs");
	else if (f->patient)
		set(r, ADD_PATIENT, 8, "sends patients' data or vital signs");
	else if (f->carries_patients)
		set(r, ADD_PATIENT, 5, "made for the patient's side; no patient seen");
	else
		set(r, ADD_PATIENT, 0, "no patient seen");
}

void risk_figure(const struct risk_facts *f, struct risk *out)
{
	*out = (struct risk){ 0 };
	add_exposure(f, out);
	add_reachability(f, out);
	add_leaves(f, out);
	add_patient(f, out);
	add_affected(f, out);
	add_role(f, out);
	set(out, ADD_FIRMWARE, f->has_version ? 0 : 5, f->has_version ? "version known" : "version not known");
}
