/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of programs that differ. Within a pair of programs those with the same digest are the same, whatever their
 * address or name; of the others, those of one name are the same one in another form. Programs that were renamed and
 * built anew are known by the functions that they share. */
#include "fw/compare/compare.h"
#include "fw/flow/trace.h"
#include "fw/unpack/records.h"

enum { ALIKE = 256 }; /* renamed programs that are tried against each other */

struct group { /* functions of one program: a stretch of the sorted list */
	struct span program;
	uint32_t first, n;
};

struct catalogue {	   /* of one side */
	struct record **v; /* by program, then digest, then address */
	struct group *groups;
	uint32_t n, ngroups;
	bool *taken;
};

static int by_digest(const void *a, const void *b)
{
	const struct record *x = *(const struct record *const *)a, *y = *(const struct record *const *)b;
	int cmp = span_order(record_get_text(x, FWN_PROGRAM), record_get_text(y, FWN_PROGRAM));
	cmp = cmp ? cmp : span_order(record_get_text(x, FWN_DIGEST), record_get_text(y, FWN_DIGEST));
	uint64_t p = record_get_uint(x, FWN_ENTRY), q = record_get_uint(y, FWN_ENTRY);
	return cmp ? cmp : (p > q) - (p < q);
}

static struct catalogue catalogue_open(const struct compare_side *s)
{
	struct catalogue c = { .n = s->functions.n };
	c.v = mem_array(c.n + 1u, sizeof(*c.v));
	c.groups = mem_array(c.n + 1u, sizeof(*c.groups));
	c.taken = mem_array(c.n + 1u, sizeof(*c.taken));
	if (c.n)
		memcpy(c.v, s->functions.v, c.n * sizeof(*c.v));
	qsort(c.v, c.n, sizeof(*c.v), by_digest);
	for (uint32_t i = 0; i < c.n; i++) {
		struct span program = record_get_text(c.v[i], FWN_PROGRAM);
		if (!c.ngroups || !span_eq(c.groups[c.ngroups - 1].program, program))
			c.groups[c.ngroups++] = (struct group){ program, i, 0 };
		c.groups[c.ngroups - 1].n++;
	}
	return c;
}

static void catalogue_done(struct catalogue *c)
{
	free(c->v);
	free(c->groups);
	free(c->taken);
}

static struct group *group_of(const struct catalogue *c, struct span program)
{
	uint32_t low = 0, high = c->ngroups;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (span_order(c->groups[mid].program, program) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->ngroups && span_eq(c->groups[low].program, program) ? &c->groups[low] : NULL;
}

/* Functions with the same digest in both; with take they are marked. */
static uint32_t shared(struct catalogue *a, const struct group *x, struct catalogue *b, const struct group *y,
		       bool take)
{
	uint32_t n = 0;
	for (uint32_t i = 0, k = 0; i < x->n && k < y->n;) {
		int cmp = span_order(record_get_text(a->v[x->first + i], FWN_DIGEST),
				  record_get_text(b->v[y->first + k], FWN_DIGEST));
		n += cmp == 0;
		if (cmp == 0 && take)
			a->taken[x->first + i] = b->taken[y->first + k] = true;
		i += cmp <= 0;
		k += cmp >= 0;
	}
	return n;
}

/* ---- one pair of programs ---- */

struct name {
	const struct record *r;
	uint32_t at;
};

static int by_name(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int cmp = span_order(record_get_text(x->r, FWN_FUNCTION), record_get_text(y->r, FWN_FUNCTION));
	return cmp ? cmp : (x->at > y->at) - (x->at < y->at);
}

static uint32_t names_left(const struct catalogue *c, const struct group *g, struct name *out)
{
	uint32_t n = 0;
	for (uint32_t i = g->first; i < g->first + g->n; i++)
		if (!c->taken[i])
			out[n++] = (struct name){ c->v[i], i };
	qsort(out, n, sizeof(*out), by_name);
	return n;
}

static void say(struct comparison *c, struct span program, const struct record *old, const struct record *new)
{
	const struct record *f = new ? new : old;
	struct record r;
	compare_begin(c, &r, &function_change_type);
	record_str(&r, FCH_CHANGE, !old ? "added" : !new ? "removed" : "changed");
	record_text(&r, FCH_PROGRAM, program);
	record_text(&r, FCH_FUNCTION, record_get_text(f, FWN_FUNCTION));
	if (old)
		record_uint(&r, FCH_OLD_ENTRY, record_get_uint(old, FWN_ENTRY));
	if (new)
		record_uint(&r, FCH_NEW_ENTRY, record_get_uint(new, FWN_ENTRY));
	if (old)
		record_uint(&r, FCH_OLD_INSTRUCTIONS, record_get_uint(old, FWN_INSTRUCTIONS));
	if (new)
		record_uint(&r, FCH_NEW_INSTRUCTIONS, record_get_uint(new, FWN_INSTRUCTIONS));
	c->count[CMP_FUNCTIONS]++;
	compare_publish(c, &r);
}

static void one_pair(struct comparison *c, struct catalogue *a, const struct group *x, struct catalogue *b,
		     const struct group *y)
{
	struct name *old = mem_array(x->n + 1u, sizeof(*old)), *new = mem_array(y->n + 1u, sizeof(*new));
	(void)shared(a, x, b, y, true);
	uint32_t nold = names_left(a, x, old), nnew = names_left(b, y, new);
	for (uint32_t i = 0, k = 0; i < nold || k < nnew;) {
		int cmp = i == nold   ? 1
			  : k == nnew ? -1
				      : span_order(record_get_text(old[i].r, FWN_FUNCTION),
						record_get_text(new[k].r, FWN_FUNCTION));
		/* sub_8430 in one build and in the other are two functions, or one: only names that stand in the file
		 * tell. */
		bool named = cmp == 0 && record_get_uint(old[i].r, FWN_NAMED) && record_get_uint(new[k].r, FWN_NAMED);
		if (cmp == 0 && !named)
			cmp = -1;
		say(c, y->program, cmp <= 0 ? old[i].r : NULL, cmp >= 0 ? new[k].r : NULL);
		i += cmp <= 0;
		k += cmp >= 0;
	}
	free(old);
	free(new);
}

/* ---- renamed programs ---- */

/* The unpaired program of the new image that shares most functions, at least half of those of the smaller one. */
static uint32_t most_alike(struct comparison *c, struct catalogue *a, const struct group *x, struct catalogue *b)
{
	uint32_t best = NONE, most = 0, tried = 0;
	for (uint32_t k = 0; k < c->new->members.n &&tried < ALIKE; k++) {
		struct span path = record_get_text(c->new->members.v[k], MEM_PATH);
		const struct group *y = c->pairs.to_old[k] == NONE ? group_of(b, path) : NULL;
		if (!y)
			continue;
		tried++;
		uint32_t n = shared(a, x, b, y, false), least = x->n < y->n ? x->n : y->n;
		if (n > most && 2 * n >= least) {
			most = n;
			best = k;
		}
	}
	return best;
}

static void pair_alike(struct comparison *c, struct catalogue *a, struct catalogue *b)
{
	uint32_t tried = 0;
	for (uint32_t i = 0; i < c->old->members.n && tried < ALIKE; i++) {
		const struct group *x = c->pairs.to_new[i] == NONE
						? group_of(a, record_get_text(c->old->members.v[i], MEM_PATH))
						: NULL;
		if (!x)
			continue;
		tried++;
		uint32_t k = most_alike(c, a, x, b);
		if (k == NONE)
			continue;
		c->pairs.to_new[i] = k;
		c->pairs.to_old[k] = i;
	}
}

void compare_alike(struct comparison *c)
{
	struct catalogue a = catalogue_open(c->old), b = catalogue_open(c->new);
	pair_alike(c, &a, &b);
	catalogue_done(&a);
	catalogue_done(&b);
}

void compare_functions(struct comparison *c)
{
	struct catalogue a = catalogue_open(c->old), b = catalogue_open(c->new);
	for (uint32_t i = 0; i < c->old->members.n; i++) {
		uint32_t k = c->pairs.to_new[i];
		const struct group *x =
			k != NONE ? group_of(&a, record_get_text(c->old->members.v[i], MEM_PATH)) : NULL;
		const struct group *y = x ? group_of(&b, record_get_text(c->new->members.v[k], MEM_PATH)) : NULL;
		if (y)
			one_pair(c, &a, x, &b, y);
	}
	catalogue_done(&a);
	catalogue_done(&b);
}
