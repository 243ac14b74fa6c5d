/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The set of advisories: the shipped ones of facts.def first, then what the store has. */
#include <stdlib.h>

#include "advisory/advisory.h"
#include "base/option.h"
#include "base/scope.h"

enum { ADVISORIES_MAX = 20000 };

static struct advisory *find(struct advisories *t, const char *id)
{
	for (unsigned i = 0; i < t->n; i++)
		if (strcasecmp(t->v[i].id, id) == 0)
			return &t->v[i];
	return NULL;
}

const struct advisory *advisories_find(const struct advisories *t, const char *id)
{
	for (unsigned i = 0; i < t->n; i++)
		if (strcasecmp(t->v[i].id, id) == 0)
			return &t->v[i];
	return NULL;
}

bool advisories_add(struct advisories *t, const struct advisory *a)
{
	struct advisory *old = find(t, a->id);
	if (old && old->released > a->released)
		return false;
	if (old) {
		*old = *a;
		return true;
	}
	if (t->n == ADVISORIES_MAX)
		return false;
	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 16;
		t->v = mem_grow(t->v, t->room, sizeof(*t->v));
	}
	t->v[t->n++] = *a;
	return true;
}

/* ---- the shipped ones ---- */

static void ship(struct advisories *t, struct advisory a, const char *released)
{
	if (option_time(released, &a.released))
		(void)advisories_add(t, &a);
}

static void ship_product(struct advisories *t, const char *of, struct advisory_product p)
{
	struct advisory *a = find(t, of);
	struct advisory_product *v = a ? arena_new(&t->arena, (a->nproducts + 1) * sizeof(*v)) : NULL;
	if (!v)
		return;
	if (a->nproducts)
		memcpy(v, a->products, a->nproducts * sizeof(*v));
	v[a->nproducts++] = p;
	a->products = v;
}

static void ship_cve(struct advisories *t, const char *of, struct vulnerability one, const char *products)
{
	struct advisory *a = find(t, of);
	struct vulnerability *v = a ? arena_new(&t->arena, (a->nvulnerabilities + 1) * sizeof(*v)) : NULL;
	struct span *list = v ? arena_new(&t->arena, (a->nproducts + 1) * sizeof(*list)) : NULL;
	if (!list)
		return;
	struct rd r = rd_of(span_str(products));
	struct span id;
	uint32_t n = 0;
	while (n <= a->nproducts && rd_left(&r)) {
		id = rd_piece(&r, ' ');
		list[n++] = arena_copy(&t->arena, id);
		if (id.p + id.n >= span_str(products).p + span_str(products).n)
			break;
	}
	if (a->nvulnerabilities)
		memcpy(v, a->vulnerabilities, a->nvulnerabilities * sizeof(*v));
	one.status[STATUS_AFFECTED] = (struct texts){ list, n };
	v[a->nvulnerabilities++] = one;
	a->vulnerabilities = v;
}

static void ship_remedy(struct advisories *t, const char *of, struct remedy m)
{
	struct advisory *a = find(t, of);
	for (unsigned i = 0; a && i < a->nvulnerabilities; i++) {
		struct vulnerability *v = &a->vulnerabilities[i];
		struct remedy *more = arena_new(&t->arena, (v->nremedies + 1) * sizeof(*more));
		if (!more)
			return;
		if (v->nremedies)
			memcpy(more, v->remedies, v->nremedies * sizeof(*more));
		more[v->nremedies++] = m;
		v->remedies = more;
	}
}

struct advisories *advisories_new(void)
{
	struct advisories *t = mem_new(sizeof(*t));
	arena_init(&t->arena, 0);
#define ADVISORY(i, ti, pub, ver, rel, where) \
	ship(t, (struct advisory){ .id = i, .title = ti, .publisher = pub, .version = ver, .url = where, .shipped = 1 }, rel);
#define PRODUCT(of, i, m, nm, ver) \
	ship_product(t, of, (struct advisory_product){ .id = i, .maker = m, .name = nm, .version = ver, .models = "" });
#define CVE(of, c, w, s, vec, which) \
	ship_cve(t, of, (struct vulnerability){ .cve = c, .cwe = w, .score = s, .cvss = "3.1", .vector = vec }, which);
#define REMEDY(of, cat, text) ship_remedy(t, of, (struct remedy){ cat, text, NULL });
#define REBRAND(m, model, m2, model2, who)
#define SPEAKS(protocol, m, model, what)
#define MAKER(a, b)
#include "advisory/facts.def"
#undef ADVISORY
#undef PRODUCT
#undef CVE
#undef REMEDY
#undef REBRAND
#undef SPEAKS
#undef MAKER
	return t;
}

void advisories_free(struct advisories *t)
{
	if (!t)
		return;
	arena_done(&t->arena);
	free(t->v);
	free(t);
}
