/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advisories as records, for the pipe and the store, and back from the store's bodies. */
#include <jansson.h>

#include "advisory/advisory.h"
#include "base/option.h"
#include "base/scope.h"

enum { P_ID, P_MAKER, P_NAME, P_VERSION, P_RANGE, P_MODELS };
static const struct field product_fields[] = {
	[P_ID] = { "product_id", F_TEXT, "its id within the advisory" },
	[P_MAKER] = { "maker", F_TEXT, "maker, as published" },
	[P_NAME] = { "product", F_TEXT, "product, as published" },
	[P_VERSION] = { "version", F_TEXT, "version or range of versions, as published" },
	[P_RANGE] = { "range", F_BOOL, "the version is a range" },
	[P_MODELS] = { "models", F_TEXT, "model numbers, | between" },
};
static RECORD_TYPE(product_type, "advisory_product", "A product that an advisory is about", product_fields);

enum { R_CATEGORY, R_DETAILS, R_URL };
static const struct field remedy_fields[] = {
	[R_CATEGORY] = { "category", F_TEXT, "vendor_fix, mitigation, workaround, none_available, no_fix_planned" },
	[R_DETAILS] = { "details", F_TEXT, "what to do, as published" },
	[R_URL] = { "url", F_TEXT, "where more is said" },
};
static RECORD_TYPE(remedy_type, "remedy", "What helps against a vulnerability", remedy_fields);

enum { V_CVE, V_CWE, V_CVSS, V_SCORE, V_VECTOR, V_AFFECTED, V_FIXED, V_NOT_AFFECTED, V_INVESTIGATED, V_REMEDIES };
static const struct field vulnerability_fields[] = {
	[V_CVE] = { "cve", F_TEXT, "CVE, or another id of the publisher" },
	[V_CWE] = { "cwe", F_TEXT, "kind of weakness" },
	[V_CVSS] = { "cvss", F_TEXT, "version of CVSS, as published" },
	[V_SCORE] = { "score", F_REAL, "base score, as published" },
	[V_VECTOR] = { "vector", F_TEXT, "CVSS vector, as published" },
	[V_AFFECTED] = { "affected", F_TEXTS, "product ids that are affected" },
	[V_FIXED] = { "fixed", F_TEXTS, "product ids that are fixed" },
	[V_NOT_AFFECTED] = { "not_affected", F_TEXTS, "product ids that are not affected" },
	[V_INVESTIGATED] = { "investigated", F_TEXTS, "product ids that are under investigation" },
	[V_REMEDIES] = { "remedies", F_RECORDS, "what helps", .nested = &remedy_type },
};
static RECORD_TYPE(vulnerability_type, "vulnerability", "A vulnerability that an advisory describes",
	vulnerability_fields);

enum { A_ID, A_TITLE, A_PUBLISHER, A_VERSION, A_RELEASED, A_URL, A_PRODUCTS, A_VULNERABILITIES, A_TROUBLES };
static const struct field advisory_fields[] = {
	[A_ID] = { "id", F_TEXT, "its id, as published" },
	[A_TITLE] = { "title", F_TEXT, "its title" },
	[A_PUBLISHER] = { "publisher", F_TEXT, "who published it" },
	[A_VERSION] = { "version", F_TEXT, "version of the document" },
	[A_RELEASED] = { "released", F_TIME, "when this version was released" },
	[A_URL] = { "url", F_TEXT, "where it can be read" },
	[A_PRODUCTS] = { "products", F_RECORDS, "what it is about", .nested = &product_type },
	[A_VULNERABILITIES] = { "vulnerabilities", F_RECORDS, "what it describes", .nested = &vulnerability_type },
	[A_TROUBLES] = { "troubles", F_TEXTS, "what was off in the file, and what was made of it" },
};
const struct record_type advisory_type = {
	.name = "advisory", .doc = "A security advisory (CSAF 2.0), imported", .fields = advisory_fields,
	.nfields = ARRAY_LEN(advisory_fields), .imported = true,
};

static const struct field refused_fields[] = {
	[REFUSED_FILE] = { "name", F_TEXT, "the file" },
	[REFUSED_WHY] = { "why", F_TEXT, "what is wrong with it" },
};
const struct record_type refused_type = {
	.name = "refused", .doc = "A file that was not imported", .fields = refused_fields,
	.nfields = ARRAY_LEN(refused_fields), .working = true,
};

/* ---- to a record ---- */

static struct record *child(const struct record_host *h, const struct record_type *t)
{
	struct record *r = arena_new(h->arena, sizeof(*r));
	if (r)
		record_begin(r, t, NULL, h);
	return r;
}

static void put_texts(struct record *r, unsigned field, const struct texts *list)
{
	for (uint32_t i = 0; i < list->n; i++)
		record_add_text(r, field, list->v[i]);
}

static void put_product(struct record *a, const struct advisory_product *p, const struct record_host *h)
{
	struct record *r = child(h, &product_type);
	if (!r)
		return;
	record_str(r, P_ID, p->id);
	record_str(r, P_MAKER, p->maker);
	record_str(r, P_NAME, p->name);
	record_str(r, P_VERSION, p->version);
	record_bool(r, P_RANGE, p->range);
	record_str(r, P_MODELS, p->models);
	record_add(a, A_PRODUCTS, r);
}

static void put_remedy(struct record *v, const struct remedy *m, const struct record_host *h)
{
	struct record *r = child(h, &remedy_type);
	if (!r)
		return;
	record_str(r, R_CATEGORY, m->category);
	record_str(r, R_DETAILS, m->details);
	record_str(r, R_URL, m->url);
	record_add(v, V_REMEDIES, r);
}

static void put_vulnerability(struct record *a, const struct vulnerability *v, const struct record_host *h)
{
	static const unsigned lists[STATUS_COUNT] = { V_AFFECTED, V_FIXED, V_NOT_AFFECTED, V_INVESTIGATED };
	struct record *r = child(h, &vulnerability_type);
	if (!r)
		return;
	record_str(r, V_CVE, v->cve);
	record_str(r, V_CWE, v->cwe);
	record_str(r, V_CVSS, v->cvss);
	if (v->cvss)
		record_real(r, V_SCORE, v->score);
	record_str(r, V_VECTOR, v->vector);
	for (int s = 0; s < STATUS_COUNT; s++)
		put_texts(r, lists[s], &v->status[s]);
	for (unsigned i = 0; i < v->nremedies; i++)
		put_remedy(r, &v->remedies[i], h);
	record_add(a, A_VULNERABILITIES, r);
}

struct record *advisory_record(const struct advisory *a, const struct record_host *h)
{
	struct record *r = child(h, &advisory_type);
	if (!r)
		return NULL;
	record_str(r, A_ID, a->id);
	record_str(r, A_TITLE, a->title);
	record_str(r, A_PUBLISHER, a->publisher);
	record_str(r, A_VERSION, a->version);
	record_time(r, A_RELEASED, a->released);
	record_str(r, A_URL, a->url);
	for (unsigned i = 0; i < a->nproducts; i++)
		put_product(r, &a->products[i], h);
	for (unsigned i = 0; i < a->nvulnerabilities; i++)
		put_vulnerability(r, &a->vulnerabilities[i], h);
	for (unsigned i = 0; i < a->ntroubles; i++)
		record_add_text(r, A_TROUBLES, span_str(a->troubles[i]));
	return r;
}

/* ---- from a body ---- */

static const char *kept(struct arena *a, const json_t *o, const struct field *f)
{
	const char *text = json_string_value(json_object_get(o, f->name));
	struct span s = text && *text ? arena_copy(a, span_str(text)) : (struct span){ 0 };
	return s.p ? (const char *)s.p : "";
}

static const char *kept_or_null(struct arena *a, const json_t *o, const struct field *f)
{
	const char *text = kept(a, o, f);
	return *text ? text : NULL;
}

static void take_texts(struct arena *a, const json_t *list, struct texts *out)
{
	size_t n = json_array_size(list), i;
	const json_t *v;
	struct span *copy = n ? arena_new(a, n * sizeof(*copy)) : NULL;
	json_array_foreach(list, i, v)
		if (copy && json_is_string(v))
			copy[out->n++] = arena_copy(a, span_str(json_string_value(v)));
	out->v = copy;
}

static void take_vulnerability(struct arena *a, const json_t *o, struct vulnerability *v)
{
	static const unsigned lists[STATUS_COUNT] = { V_AFFECTED, V_FIXED, V_NOT_AFFECTED, V_INVESTIGATED };
	const json_t *remedies = json_object_get(o, "remedies");
	size_t n = json_array_size(remedies), i;
	const json_t *m;
	*v = (struct vulnerability){
		.cve = kept(a, o, &vulnerability_fields[V_CVE]), .cwe = kept(a, o, &vulnerability_fields[V_CWE]),
		.cvss = kept_or_null(a, o, &vulnerability_fields[V_CVSS]), .score = json_number_value(json_object_get(o, "score")),
		.vector = kept_or_null(a, o, &vulnerability_fields[V_VECTOR]),
		.remedies = n ? arena_new(a, n * sizeof(*v->remedies)) : NULL,
	};
	for (int s = 0; s < STATUS_COUNT; s++)
		take_texts(a, json_object_get(o, vulnerability_fields[lists[s]].name), &v->status[s]);
	json_array_foreach(remedies, i, m)
		if (v->remedies)
			v->remedies[v->nremedies++] = (struct remedy){ kept(a, m, &remedy_fields[R_CATEGORY]),
				kept(a, m, &remedy_fields[R_DETAILS]), kept_or_null(a, m, &remedy_fields[R_URL]) };
}

static void take_lists(struct arena *a, const json_t *o, struct advisory *out)
{
	const json_t *products = json_object_get(o, "products"), *list = json_object_get(o, "vulnerabilities"), *v;
	size_t n = json_array_size(products), m = json_array_size(list), i;
	out->products = n ? arena_new(a, n * sizeof(*out->products)) : NULL;
	out->vulnerabilities = m ? arena_new(a, m * sizeof(*out->vulnerabilities)) : NULL;
	json_array_foreach(products, i, v)
		if (out->products)
			out->products[out->nproducts++] = (struct advisory_product){
				.id = kept(a, v, &product_fields[P_ID]), .maker = kept(a, v, &product_fields[P_MAKER]),
				.name = kept(a, v, &product_fields[P_NAME]), .version = kept(a, v, &product_fields[P_VERSION]),
				.models = kept(a, v, &product_fields[P_MODELS]),
				.range = json_is_true(json_object_get(v, "range")) };
	json_array_foreach(list, i, v)
		if (out->vulnerabilities)
			take_vulnerability(a, v, &out->vulnerabilities[out->nvulnerabilities++]);
	json_array_foreach(json_object_get(o, "troubles"), i, v)
		if (out->ntroubles < ADVISORY_TROUBLES && json_is_string(v)) {
			struct span s = arena_copy(a, span_str(json_string_value(v)));
			out->troubles[out->ntroubles++] = s.p ? (const char *)s.p : "";
		}
}

bool advisory_from_body(const char *text, struct arena *a, struct advisory *out)
{
	json_t *o = json_loads(text, 0, NULL);
	const char *released = json_string_value(json_object_get(o, "released"));
	*out = (struct advisory){
		.id = kept(a, o, &advisory_fields[A_ID]), .title = kept(a, o, &advisory_fields[A_TITLE]),
		.publisher = kept(a, o, &advisory_fields[A_PUBLISHER]), .version = kept(a, o, &advisory_fields[A_VERSION]),
		.url = kept_or_null(a, o, &advisory_fields[A_URL]),
	};
	if (released && !option_time(released, &out->released))
		out->released = 0;
	if (*out->id)
		take_lists(a, o, out);
	json_decref(o);
	return *out->id;
}
