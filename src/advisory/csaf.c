/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CSAF 2.0 (OASIS): document (§3.2.1), product tree (§3.2.2) with branches, full names and relationships, and
 * vulnerabilities (§3.2.3). What a publisher got wrong but leaves usable is kept with a trouble. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "advisory/advisory.h"
#include "base/jsondoc.h"
#include "base/option.h"
#include "base/scope.h"

enum { BRANCH_DEPTH = 32, CELL = 4096 };

struct reading {
	struct arena *a;
	struct advisory *out;
	char *err;
	unsigned products_room, dropped_products;
	bool full;                               /* the arena is used up */
};

static bool PRINTF(2, 3) fail(struct reading *r, const char *fmt, ...)
{
	va_list list;
	va_start(list, fmt);
	vsnprintf(r->err, ADVISORY_ERR, fmt, list);
	va_end(list);
	return false;
}

static void PRINTF(2, 3) trouble(struct reading *r, const char *fmt, ...)
{
	char text[300];
	va_list list;
	if (r->out->ntroubles == ADVISORY_TROUBLES)
		return;
	va_start(list, fmt);
	vsnprintf(text, sizeof(text), fmt, list);
	va_end(list);
	struct span s = arena_copy(r->a, span_str(text));
	if (s.p)
		r->out->troubles[r->out->ntroubles++] = (const char *)s.p;
}

static const char *kept(struct reading *r, const char *text)
{
	if (!text || !*text)
		return "";
	struct span s = arena_copy(r->a, span_cut(span_str(text), CELL));
	r->full |= !s.p;
	return s.p ? (const char *)s.p : "";
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* Blanks at the ends, as one maker's name has them, say nothing. */
static const char *kept_trimmed(struct reading *r, const char *text)
{
	struct span s = span_str(text ? text : "");
	while (s.n && s.p[0] == ' ')
		s = span_from(s, 1);
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	struct span copy = s.n ? arena_copy(r->a, span_cut(s, CELL)) : (struct span){ 0 };
	return copy.p ? (const char *)copy.p : "";
}

/* ---- document ---- */

static const char *web_page(const json_t *document)
{
	size_t i;
	const json_t *ref;
	const char *any = NULL;
	json_array_foreach(json_object_get(document, "references"), i, ref) {
		const char *url = text_of(ref, "url"), *category = text_of(ref, "category");
		if (!url || strncmp(url, "https://", 8) != 0 || !category || strcmp(category, "self") != 0)
			continue;
		if (!strstr(url, ".json"))
			return url;
		any = any ? any : url;
	}
	return any;
}

static bool read_head(struct reading *r, const json_t *root)
{
	const json_t *document = json_object_get(root, "document"), *tracking = json_object_get(document, "tracking");
	const char *version = text_of(document, "csaf_version"), *id = text_of(tracking, "id");
	const char *released = text_of(tracking, "current_release_date");
	if (!json_is_object(document))
		return fail(r, "/document is missing: not CSAF");
	if (!version || strncmp(version, "2.", 2) != 0)
		return fail(r, "/document/csaf_version is \"%.20s\": this program reads CSAF 2.0", version ? version : "");
	if (strcmp(version, "2.0") != 0)
		trouble(r, "CSAF version %s is read as 2.0", version);
	if (!id || !*id || strlen(id) > 200)
		return fail(r, "/document/tracking/id is missing");
	struct advisory *a = r->out;
	a->id = kept(r, id);
	a->title = kept(r, text_of(document, "title"));
	a->publisher = kept(r, text_of(json_object_get(document, "publisher"), "name"));
	a->version = kept(r, text_of(tracking, "version"));
	if (!released || !option_time(released, &a->released))
		trouble(r, "/document/tracking/current_release_date is no date: age not known");
	const char *url = web_page(document);
	a->url = url ? kept(r, url) : NULL;
	const char *status = text_of(tracking, "status");
	if (status && strcmp(status, "final") != 0)
		trouble(r, "its status is \"%.20s\", not final", status);
	return true;
}

/* ---- product tree ---- */

struct branch {                                  /* what the branches above say */
	const char *maker, *family, *name, *version;
	bool range;
};

static const char *model_numbers(struct reading *r, const json_t *product)
{
	const json_t *list = json_object_get(json_object_get(product, "product_identification_helper"), "model_numbers");
	size_t i;
	const json_t *v;
	const char *all = "";
	json_array_foreach(list, i, v)
		if (json_is_string(v) && i < 64 && strlen(all) < CELL) {
			const char *more = arena_printf(r->a, "%s%s%.200s", all, *all ? "|" : "", json_string_value(v));
			all = more ? more : all;
		}
	return all;
}

static void add_product(struct reading *r, const struct branch *b, const json_t *product)
{
	struct advisory *a = r->out;
	const char *id = text_of(product, "product_id"), *full = text_of(product, "name");
	if (!id || !*id) {
		trouble(r, "a product without product_id is left out: %.80s", full ? full : "");
		return;
	}
	if (a->nproducts == ADVISORY_PRODUCTS) {
		r->dropped_products++;
		return;
	}
	if (a->nproducts == r->products_room) {
		unsigned room = r->products_room ? 2 * r->products_room : 8;
		struct advisory_product *v = arena_new(r->a, room * sizeof(*v));
		if (!v) {
			r->full = true;
			return;
		}
		if (a->nproducts)
			memcpy(v, a->products, a->nproducts * sizeof(*v));
		a->products = v;
		r->products_room = room;
	}
	const char *name = b->name ? b->name : b->family ? b->family : full;
	a->products[a->nproducts++] = (struct advisory_product){
		.id = kept(r, id), .maker = kept_trimmed(r, b->maker), .name = kept_trimmed(r, name),
		.version = kept_trimmed(r, b->version), .models = model_numbers(r, product), .range = b->range,
	};
}

/* branches, with a stack of lists instead of recursion. */
struct level {
	const json_t *list;
	size_t i;
	struct branch b;
};

static void enter(struct branch *b, const json_t *node)
{
	const char *category = text_of(node, "category"), *name = text_of(node, "name");
	if (!category || !name)
		return;
	if (strcmp(category, "vendor") == 0)
		b->maker = name;
	else if (strcmp(category, "product_family") == 0)
		b->family = name;
	else if (strcmp(category, "product_name") == 0)
		b->name = name;
	else if (strcmp(category, "product_version") == 0 || strcmp(category, "product_version_range") == 0) {
		b->version = name;
		b->range = strcmp(category, "product_version_range") == 0;
	}
}

static bool read_branches(struct reading *r, const json_t *tree)
{
	struct level stack[BRANCH_DEPTH] = { { json_object_get(tree, "branches"), 0, { 0 } } };
	unsigned depth = 1;
	while (depth && !r->full) {
		struct level *at = &stack[depth - 1];
		if (at->i >= json_array_size(at->list)) {
			depth--;
			continue;
		}
		const json_t *node = json_array_get(at->list, at->i++);
		struct branch b = at->b;
		enter(&b, node);
		if (json_is_object(json_object_get(node, "product")))
			add_product(r, &b, json_object_get(node, "product"));
		if (!json_is_array(json_object_get(node, "branches")))
			continue;
		if (depth == BRANCH_DEPTH)
			return fail(r, "/product_tree/branches are nested more than %d deep", BRANCH_DEPTH);
		stack[depth++] = (struct level){ json_object_get(node, "branches"), 0, b };
	}
	return true;
}

static void read_full_names(struct reading *r, const json_t *tree)
{
	size_t i;
	const json_t *v;
	json_array_foreach(json_object_get(tree, "full_product_names"), i, v)
		add_product(r, &(struct branch){ 0 }, v);
}

const struct advisory_product *advisory_product_find(const struct advisory *a, const char *id)
{
	for (unsigned i = 0; i < a->nproducts; i++)
		if (strcmp(a->products[i].id, id) == 0)
			return &a->products[i];
	return NULL;
}

/* "A installed on B": the device is B; the version is A's where B has none of its own. */
static void read_relationships(struct reading *r, const json_t *tree)
{
	size_t i;
	const json_t *v;
	json_array_foreach(json_object_get(tree, "relationships"), i, v) {
		const char *part = text_of(v, "product_reference"), *whole = text_of(v, "relates_to_product_reference");
		const struct advisory_product *p = part ? advisory_product_find(r->out, part) : NULL;
		const struct advisory_product *w = whole ? advisory_product_find(r->out, whole) : NULL;
		if (!p || !w) {
			trouble(r, "/product_tree/relationships/%zu names a product that is not there", i);
			continue;
		}
		bool parts_version = strstr(p->name, "irmware") || !*w->version;
		add_product(r, &(struct branch){ w->maker, NULL, w->name, parts_version ? p->version : w->version,
						 parts_version ? p->range : w->range },
			    json_object_get(v, "full_product_name"));
	}
}

/* ---- vulnerabilities ---- */

static bool add_status(struct reading *r, const json_t *ids, struct texts *to)
{
	size_t n = json_array_size(ids), i;
	if (!n)
		return true;
	size_t room = to->n + n;
	if (room > ADVISORY_STATUS)
		return fail(r, "more than %d products in one status", ADVISORY_STATUS);
	struct span *v = arena_new(r->a, room * sizeof(*v));
	if (!v)
		return fail(r, "too large");
	if (to->n)
		memcpy(v, to->v, to->n * sizeof(*v));
	const json_t *id;
	json_array_foreach(ids, i, id) {
		const char *text = json_string_value(id);
		if (!text)
			continue;
		if (!advisory_product_find(r->out, text))
			trouble(r, "a status names \"%.60s\", which the product tree does not have", text);
		v[to->n++] = arena_copy(r->a, span_str(text));
	}
	to->v = v;
	return true;
}

static bool read_status(struct reading *r, const json_t *o, struct vulnerability *v)
{
	static const struct {
		const char *key;
		enum product_status status;
	} keys[] = { { "known_affected", STATUS_AFFECTED }, { "first_affected", STATUS_AFFECTED },
		     { "last_affected", STATUS_AFFECTED }, { "fixed", STATUS_FIXED }, { "first_fixed", STATUS_FIXED },
		     { "known_not_affected", STATUS_NOT_AFFECTED }, { "under_investigation", STATUS_INVESTIGATED } };
	const json_t *status = json_object_get(o, "product_status");
	if (!json_is_object(status))
		trouble(r, "%s has no product_status: nobody is said to be affected", v->cve);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!add_status(r, json_object_get(status, keys[i].key), &v->status[keys[i].status]))
			return false;
	return true;
}

/* The highest score is quoted, of the latest CVSS version that is given; nothing is computed. */
static void read_scores(struct reading *r, const json_t *o, struct vulnerability *v)
{
	static const char *const keys[] = { "cvss_v4", "cvss_v3", "cvss_v2" };
	const json_t *list = json_object_get(o, "scores");
	for (size_t k = 0; k < ARRAY_LEN(keys) && !v->cvss; k++) {
		size_t i;
		const json_t *s;
		json_array_foreach(list, i, s) {
			const json_t *cvss = json_object_get(s, keys[k]);
			double score = json_number_value(json_object_get(cvss, "baseScore"));
			if (!json_is_object(cvss) || score < v->score || score > 10)
				continue;
			v->score = score;
			v->cvss = kept(r, text_of(cvss, "version") ? text_of(cvss, "version") : keys[k] + 6);
			v->vector = kept(r, text_of(cvss, "vectorString"));
		}
	}
	if (!v->cvss)
		trouble(r, "%s has no CVSS score", v->cve);
}

static void read_remedies(struct reading *r, const json_t *o, struct vulnerability *v)
{
	const json_t *list = json_object_get(o, "remediations");
	size_t n = json_array_size(list), i;
	const json_t *s;
	n = n > ADVISORY_REMEDIES ? ADVISORY_REMEDIES : n;
	v->remedies = n ? arena_new(r->a, n * sizeof(*v->remedies)) : NULL;
	json_array_foreach(list, i, s) {
		if (i >= n || !v->remedies)
			break;
		const char *category = text_of(s, "category"), *details = text_of(s, "details"), *url = text_of(s, "url");
		bool safe = url && (strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0);
		if (category && details)
			v->remedies[v->nremedies++] = (struct remedy){ kept(r, category), kept(r, details),
								       safe ? kept(r, url) : NULL };
	}
}

static const char *other_id(const json_t *o)
{
	const char *text = text_of(json_array_get(json_object_get(o, "ids"), 0), "text");
	return text ? text : text_of(o, "title");
}

/* Older files copy the summaries of other CVEs into one's notes; which product has what stands in the status alone. */
static void check_notes(struct reading *r, const json_t *o, const struct vulnerability *v)
{
	size_t i;
	const json_t *note;
	json_array_foreach(json_object_get(o, "notes"), i, note) {
		const char *at = text_of(note, "text");
		while (at && (at = strstr(at, "CVE-"))) {
			size_t n = 4 + strspn(at + 4, "0123456789-");
			if (n > 9 && !span_is(span_of(at, n), v->cve)) {
				trouble(r, "the notes of %s speak of %.*s too: copied from another", v->cve, (int)(n < 24 ? n : 24), at);
				return;
			}
			at += n;
		}
	}
}

static bool read_vulnerability(struct reading *r, const json_t *o, struct vulnerability *v)
{
	const char *cve = text_of(o, "cve");
	*v = (struct vulnerability){ 0 };
	v->cve = kept(r, cve ? cve : other_id(o));
	v->cwe = kept(r, text_of(json_object_get(o, "cwe"), "id"));
	if (!cve)
		trouble(r, "a vulnerability has no CVE: taken as \"%.60s\"", v->cve);
	check_notes(r, o, v);
	if (!read_status(r, o, v))
		return false;
	read_scores(r, o, v);
	read_remedies(r, o, v);
	return true;
}

static bool read_vulnerabilities(struct reading *r, const json_t *root)
{
	const json_t *list = json_object_get(root, "vulnerabilities");
	size_t n = json_array_size(list), i;
	const json_t *o;
	struct advisory *a = r->out;
	if (n > ADVISORY_VULNERABILITIES)
		return fail(r, "more than %d vulnerabilities", ADVISORY_VULNERABILITIES);
	if (!n)
		trouble(r, "it names no vulnerability");
	a->vulnerabilities = n ? arena_new(r->a, n * sizeof(*a->vulnerabilities)) : NULL;
	json_array_foreach(list, i, o)
		if (a->vulnerabilities && !read_vulnerability(r, o, &a->vulnerabilities[a->nvulnerabilities++]))
			return false;
	return true;
}

/* Its acknowledgements may name another CVE than its list (facts of ICSMA-25-030-01): said, not mended. */
static void check_acknowledgements(struct reading *r, const json_t *root)
{
	size_t i;
	const json_t *o;
	json_array_foreach(json_object_get(json_object_get(root, "document"), "acknowledgments"), i, o) {
		const char *at = text_of(o, "summary");
		while (at && (at = strstr(at, "CVE-"))) {
			size_t n = 4 + strspn(at + 4, "0123456789-");
			bool known = false;
			for (unsigned k = 0; k < r->out->nvulnerabilities; k++)
				known |= span_is(span_of(at, n), r->out->vulnerabilities[k].cve);
			if (!known && n > 9)
				trouble(r, "its thanks name %.*s, which its list does not have", (int)(n < 24 ? n : 24), at);
			at += n;
		}
	}
}

static bool read_root(struct reading *r, const json_t *root)
{
	const json_t *tree = json_object_get(root, "product_tree");
	if (!json_is_object(root))
		return fail(r, "is no JSON object: not CSAF");
	if (!read_head(r, root))
		return false;
	if (!json_is_object(tree))
		trouble(r, "it has no product_tree");
	if (!read_branches(r, tree))
		return false;
	read_full_names(r, tree);
	read_relationships(r, tree);
	if (r->dropped_products)
		trouble(r, "%u products more than %d are left out", r->dropped_products, ADVISORY_PRODUCTS);
	if (!read_vulnerabilities(r, root))
		return false;
	check_acknowledgements(r, root);
	return r->full ? fail(r, "too large") : true;
}

int csaf_read(struct span json, struct arena *arena, struct advisory *out, char err[ADVISORY_ERR])
{
	char why[JSONDOC_ERR];
	*out = (struct advisory){ 0 };
	json_t *root = jsondoc_read(json, why);
	struct reading r = { .a = arena, .out = out, .err = err };
	bool ok = root && read_root(&r, root);
	if (!root)
		snprintf(err, ADVISORY_ERR, "%s", why);
	json_decref(root);
	return ok ? 0 : -EINVAL;
}
