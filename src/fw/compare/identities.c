/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What two images say of themselves, where they say it otherwise: maker, model, version, kernel, dates … */
#include "fw/compare/compare.h"
#include "fw/model/identity.h"

static bool says(const struct compare_list *l, struct span what, struct span value, uint32_t most)
{
	for (uint32_t i = 0; i < l->n && i < most; i++)
		if (span_eq(record_get_text(l->v[i], IDY_WHAT), what) && span_eq(record_get_text(l->v[i], IDY_VALUE), value))
			return true;
	return false;
}

/* Values of that kind that a has and b has not, each once. */
static uint32_t add_alone(struct record *r, unsigned field, const struct compare_list *a, const struct compare_list *b,
			  const char *what)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < a->n && n < COMPARE_SHOWN; i++) {
		struct span kind = record_get_text(a->v[i], IDY_WHAT), value = record_get_text(a->v[i], IDY_VALUE);
		if (!span_is(kind, what) || says(b, kind, value, b->n) || says(a, kind, value, i))
			continue;
		record_add_text(r, field, value);
		n++;
	}
	return n;
}

void compare_identities(struct comparison *c)
{
	const struct compare_list *a = &c->old->identities, *b = &c->new->identities;
	for (unsigned w = 0; w < IDENTITY_WHATS; w++) {
		struct record r;
		const char *what = identity_name(w);
		compare_begin(c, &r, &identity_change_type);
		record_str(&r, ICH_WHAT, what);
		uint32_t n = add_alone(&r, ICH_OLD, a, b, what);
		n += add_alone(&r, ICH_NEW, b, a, what);
		if (n)
			compare_publish(c, &r);
	}
}
