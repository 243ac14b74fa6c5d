/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing VEX: CSAF 2.0 §4.5. Each device is a product; one vulnerability object a CVE; every status with what
 * the profile wants beside it: a remediation for the affected, an impact for those that are not. */
#include "advisory/vex.h"

#include <stdlib.h>

#include "base/scope.h"
#include "record/json.h"

struct cell {                                    /* one CVE on one device */
	const struct match *m;
	const struct vex_device *d;
};

static int by_cve(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;
	int c = strcmp(x->m->vulnerability->cve, y->m->vulnerability->cve);
	if (!c)
		c = strcmp(x->d->id, y->d->id);
	return c ? c : (int)y->m->says - (int)x->m->says;
}

static void put(struct buf *b, const char *key, const char *text)
{
	buf_printf(b, "\"%s\":", key);
	json_put_str(b, text ? text : "");
}

static void put_head(struct buf *b, const struct vex_head *h)
{
	buf_text(b, "{\"document\":{\"category\":\"csaf_vex\",\"csaf_version\":\"2.0\",\"distribution\":{\"tlp\":{");
	put(b, "label", h->tlp);
	buf_text(b, "}},\"lang\":\"en\",\"notes\":[{\"category\":\"summary\",\"text\":\"Devices of one site, matched "
		"by auscult from what they said on the network, an inventory and published advisories. Where the "
		"version is not known a device stands as under "
		"investigation.\"}],\"publisher\":{\"category\":\"user\",");
	put(b, "name", h->publisher);
	buf_text(b, ",");
	put(b, "namespace", h->namespace);
	buf_text(b, "},\"title\":\"Affected medical devices of this site\",\"tracking\":{\"current_release_date\":");
	json_put_time(b, h->date);
	buf_text(b, ",\"generator\":{\"engine\":{\"name\":");
	json_put_str(b, h->program);
	buf_text(b, "}},");
	put(b, "id", h->id);
	buf_text(b, ",\"initial_release_date\":");
	json_put_time(b, h->date);
	buf_text(b, ",\"revision_history\":[{\"date\":");
	json_put_time(b, h->date);
	buf_text(b, ",\"number\":\"1\",\"summary\":\"As known at this time\"}],\"status\":\"final\",\"version\":\"1\"}},\n");
}

static void put_helper(struct buf *b, const struct vex_device *d)
{
	bool model = d->model && *d->model, serial = d->serial && *d->serial;
	if (!model && !serial)
		return;
	buf_text(b, ",\"product_identification_helper\":{");
	if (model) {
		buf_text(b, "\"model_numbers\":[");
		json_put_str(b, d->model);
		buf_text(b, serial ? "]," : "]");
	}
	if (serial) {
		buf_text(b, "\"serial_numbers\":[");
		json_put_str(b, d->serial);
		buf_text(b, "]");
	}
	buf_text(b, "}");
}

static void put_products(struct buf *b, const struct vex_device *v, unsigned n)
{
	const char *comma = "";
	buf_text(b, "\"product_tree\":{\"full_product_names\":[");
	for (unsigned i = 0; i < n; i++) {
		if (!v[i].nmatches)
			continue;
		buf_printf(b, "%s\n{", comma);
		put(b, "name", v[i].name);
		buf_text(b, ",");
		put(b, "product_id", v[i].id);
		put_helper(b, &v[i]);
		buf_text(b, "}");
		comma = ",";
	}
	buf_text(b, "]},\n");
}

static const char *status_of(const struct match *m)
{
	switch (m->says) {
	case MATCH_AFFECTED: return "known_affected";
	case MATCH_FIXED: return "fixed";
	case MATCH_NOT_AFFECTED: return "known_not_affected";
	case MATCH_MAYBE:
	case MATCH_INVESTIGATED: break;
	}
	return "under_investigation";
}

static void put_status(struct buf *b, const struct cell *v, unsigned n)
{
	static const char *const order[] = { "known_affected", "fixed", "known_not_affected", "under_investigation" };
	const char *comma = "";
	buf_text(b, "\"product_status\":{");
	for (size_t s = 0; s < ARRAY_LEN(order); s++) {
		bool open = false;
		for (unsigned i = 0; i < n; i++) {
			if (strcmp(status_of(v[i].m), order[s]) != 0)
				continue;
			if (!open)
				buf_printf(b, "%s\"%s\":[", comma, order[s]);
			else
				buf_text(b, ",");
			json_put_str(b, v[i].d->id);
			open = true;
			comma = ",";
		}
		buf_text(b, open ? "]" : "");
	}
	buf_text(b, "}");
}

static void put_ids(struct buf *b, const struct cell *v, unsigned n, const char *status,
	const struct vulnerability *only)
{
	const char *comma = "";
	buf_text(b, "\"product_ids\":[");
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(status_of(v[i].m), status) != 0 || (only && v[i].m->vulnerability != only))
			continue;
		buf_text(b, comma);
		json_put_str(b, v[i].d->id);
		comma = ",";
	}
	buf_text(b, "]");
}

static bool has_status(const struct cell *v, unsigned n, const char *status)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(status_of(v[i].m), status) == 0)
			return true;
	return false;
}

static void put_remedies(struct buf *b, const struct cell *v, unsigned n)
{
	static const struct remedy none = { "none_available", "The advisory names none.", NULL };
	const struct vulnerability *done[8] = { 0 };
	unsigned ndone = 0;
	const char *comma = "";
	if (!has_status(v, n, "known_affected"))
		return;
	buf_text(b, ",\"remediations\":[");
	for (unsigned i = 0; i < n; i++) {
		const struct vulnerability *w = v[i].m->vulnerability;
		bool seen = strcmp(status_of(v[i].m), "known_affected") != 0 || ndone == ARRAY_LEN(done);
		for (unsigned k = 0; k < ndone; k++)
			seen |= done[k] == w;
		if (seen)
			continue;
		done[ndone++] = w;
		for (unsigned k = 0; k < (w->nremedies ? w->nremedies : 1); k++) {
			const struct remedy *m = w->nremedies ? &w->remedies[k] : &none;
			buf_printf(b, "%s{", comma);
			put(b, "category", m->category);
			buf_text(b, ",");
			put(b, "details", m->details);
			buf_text(b, ",");
			put_ids(b, v, n, "known_affected", w);
			if (m->url) {
				buf_text(b, ",");
				put(b, "url", m->url);
			}
			buf_text(b, "}");
			comma = ",";
		}
	}
	buf_text(b, "]");
}

static void put_impact(struct buf *b, const struct cell *v, unsigned n)
{
	if (!has_status(v, n, "known_not_affected"))
		return;
	buf_text(b, ",\"threats\":[{\"category\":\"impact\",\"details\":\"The version is outside those that the "
		"advisory names as affected.\",");
	put_ids(b, v, n, "known_not_affected", NULL);
	buf_text(b, "}]");
}

static void put_notes(struct buf *b, const struct cell *v, unsigned n)
{
	buf_text(b, ",\"notes\":[{\"category\":\"details\",\"text\":\"From ");
	const char *before = "";
	for (unsigned i = 0; i < n; i++) {
		const char *id = v[i].m->advisory->id;
		if (strcmp(id, before) == 0)
			continue;
		struct buf text = { 0 };
		json_put_str(&text, id);
		buf_printf(b, "%s%.*s", *before ? ", " : "", (int)(text.n > 2 ? text.n - 2 : 0), text.p ?
			(const char *)text.p + 1 : "");
		buf_done(&text);
		before = id;
	}
	buf_text(b, ".\"}");
	for (unsigned i = 0; i < n; i++) {
		if (!v[i].m->unknown)
			continue;
		buf_text(b, ",{\"category\":\"other\",\"text\":");
		struct buf text = { 0 };
		buf_printf(&text, "%s: recognised by %s; %s.", v[i].d->id, v[i].m->rule, v[i].m->unknown);
		json_put_text(b, buf_span(&text));
		buf_text(b, "}");
		buf_done(&text);
	}
	buf_text(b, "]");
}

static void put_vulnerability(struct buf *b, const struct cell *v, unsigned n)
{
	const char *cve = v->m->vulnerability->cve;
	if (strncmp(cve, "CVE-", 4) == 0) {
		buf_text(b, "\n{");
		put(b, "cve", cve);
		buf_text(b, ",");
	} else {
		buf_text(b, "\n{\"ids\":[{");
		put(b, "system_name", v->m->advisory->publisher);
		buf_text(b, ",");
		put(b, "text", *cve ? cve : v->m->advisory->id);
		buf_text(b, "}],");
	}
	put_status(b, v, n);
	put_notes(b, v, n);
	put_remedies(b, v, n);
	put_impact(b, v, n);
	buf_text(b, "}");
}

void vex_write(struct buf *b, const struct vex_head *h, const struct vex_device *v, unsigned n)
{
	size_t total = 1, k = 0;
	for (unsigned i = 0; i < n; i++)
		total += v[i].nmatches;
	struct cell *cells = mem_array(total, sizeof(*cells));
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < v[i].nmatches; j++)
			cells[k++] = (struct cell){ &v[i].matches[j], &v[i] };
	qsort(cells, k, sizeof(*cells), by_cve);
	size_t kept = 0;
	for (size_t i = 0; i < k; i++) {         /* the gravest of a device counts: a product has one status */
		const struct cell *c = &cells[i], *o = kept ? &cells[kept - 1] : NULL;
		if (!o || o->d != c->d || strcmp(o->m->vulnerability->cve, c->m->vulnerability->cve) != 0)
			cells[kept++] = *c;
	}
	put_head(b, h);
	put_products(b, v, n);
	buf_text(b, "\"vulnerabilities\":[");
	for (size_t i = 0, m; i < kept; i = m) {
		for (m = i + 1; m < kept && strcmp(cells[m].m->vulnerability->cve, cells[i].m->vulnerability->cve) == 0; m++)
			;
		buf_text(b, i ? "," : "");
		put_vulnerability(b, &cells[i], (unsigned)(m - i));
	}
	buf_text(b, "]}\n");
	free(cells);
}
