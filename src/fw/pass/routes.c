/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A path's route: the acts of its parents up to where each was left, what leaving there assumes, its own. */
#include "fw/pass/routes.h"

enum { GENERATIONS = 512 };

static uint64_t order_of(const struct act *a)
{
	return record_get_uint(a->call, FWC_ORDER);
}

bool lane_matters(const struct routes *w, const struct lane *l)
{
	for (size_t i = l->first; i < l->first + l->n; i++) {
		const struct act *a = &w->acts->v[i];
		if (a->kind != ACT_OTHER || a->is_shell || source_is_strangers(a->source))
			return true;
	}
	return false;
}

/* What protocol a descriptor speaks was said when its socket was made. */
static void settle_transport(struct act *a, const struct route *r)
{
	if (a->transport || (a->kind != ACT_CONNECT && a->kind != ACT_BIND) || !a->call)
		return;
	for (uint32_t i = r->n; i-- > 0;) {
		const struct act *s = r->v[i];
		if (span_is(s->name, "socket") && s->transport && s->result == a->result) {
			a->transport = s->transport;
			return;
		}
	}
	a->transport = NULL;
}

static void add(struct routes *w, struct route *r, const struct act *a, bool equal)
{
	if (r->n == PASS_ROUTE)
		return;
	w->equal[r->n] = equal;
	w->v[r->n++] = a;
}

static void add_acts(struct routes *w, struct route *r, const struct lane *l, uint64_t until)
{
	for (size_t i = l->first; i < l->first + l->n && r->n < PASS_ROUTE; i++) {
		struct act *a = &w->acts->v[i];
		if (order_of(a) > until)
			break;
		settle_transport(a, r);
		add(w, r, a, a->equal);
	}
}

/* The trace has comparisons with constants alone. A path that goes on where strcmp() of something else is assumed to
 * hold, after something was received and settings were read, asks for what the owner has set: a log-in. */
static bool is_owners_word(const struct route *r, const struct lane *child)
{
	static const char *const compares[] = { "after strcmp()", "after strncmp()", "after memcmp()", "after bcmp()",
						"after strcasecmp()", "after strncasecmp()", "after CRYPTO_memcmp()" };
	bool compared = false, received = false, configured = false;
	for (size_t i = 0; i < ARRAY_LEN(compares); i++)
		compared |= span_has(child->condition, compares[i]) && !span_has(child->condition, ") = 0");
	for (uint32_t i = 0; compared && i < r->n; i++) {
		received |= r->v[i]->kind == ACT_RECEIVE || source_is_network(r->v[i]->source);
		configured |= source_is_config(r->v[i]->source) || r->v[i]->kind == ACT_CONFIG;
	}
	return received && configured;
}

/* Neither what a call said nor what a comparison right before found decided, but what the program keeps. */
static bool is_state(const struct act *last, const struct lane *child)
{
	enum { NEAR = 32 };
	bool near = last && last->call && last->kind == ACT_COMPARE && order_of(last) == child->forked &&
		    span_is(last->name, "compare") && child->site - last->site + NEAR <= 2 * NEAR;
	return !near && span_has(child->condition, ": goes to ") && !span_has(child->condition, ", after ");
}

/* A path that leaves its parent right behind a comparison takes the side that its result did not: the condition
 * names the function. */
static void take_other_side(struct routes *w, struct route *r, const struct lane *child)
{
	static const struct act state = { .kind = ACT_OTHER, .assumed = true, .name = { (const uint8_t *)"state", 5 } };
	static const struct act word = { .kind = ACT_LOGIN, .name = { (const uint8_t *)"compare", 7 },
					 .text = { (const uint8_t *)"what came in must be as it is set", 33 } };
	const struct act *last = r->n ? r->v[r->n - 1] : NULL;
	bool compared = last && last->kind == ACT_COMPARE && last->call && order_of(last) == child->forked;
	char name[64] = "";
	if (compared)
		snprintf(name, sizeof(name), "after %.*s()", (int)span_cut(last->name, 48).n, (const char *)last->name.p);
	if (compared && span_has(child->condition, name)) {
		w->equal[r->n - 1] = !last->equal;
		return;
	}
	bool assumed = w->logs_in && is_state(last, child);
	if (assumed || is_owners_word(r, child))
		add(w, r, assumed ? &state : &word, true);
}

/* The name of the function that a place lies in. */
static struct span function_at(const struct scene_program *p, uint64_t site)
{
	struct span name = { 0 };
	uint64_t begins = 0;
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		uint64_t entry = record_get_uint(p->functions[i], FWN_ENTRY);
		if (entry > site || entry < begins)
			continue;
		begins = entry;
		name = record_get_text(p->functions[i], FWN_FUNCTION);
	}
	return name;
}

/* What fork() gave is asked for at once; in a static program the system call came back through the C library before
 * one of the functions that led to it asks. */
static bool is_parents_side(const struct routes *w, const struct act *last, const struct lane *child)
{
	static const char *const forks[] = { "sys_clone", "fork", "vfork" };
	if (span_has(child->condition, "fork() = 0") || span_is(child->condition, "the parent goes on"))
		return true;
	bool forked = false;
	for (size_t i = 0; w->acts->is_static && last && last->call && i < ARRAY_LEN(forks); i++)
		forked |= order_of(last) == child->forked && span_is(last->name, forks[i]);
	if (!forked || span_has(child->condition, ", after ") || !record_has(last->call, FWC_CHAIN))
		return false;
	struct texts chain = last->call->v[FWC_CHAIN].texts;
	struct span asks = function_at(w->program, child->site);
	for (uint32_t i = 0; i + 1 < chain.n; i++)
		if (asks.n && span_eq(chain.v[i], asks))
			return true;
	return false;
}

/* A program forks, the child runs another program, the parent goes on: on its path the other program was run too.
 * last: before it left. */
static void add_forked(struct routes *w, struct route *r, const struct act *last, const struct lane *parent,
		       const struct lane *child)
{
	if (!is_parents_side(w, last, child))
		return;
	for (size_t i = parent->first; i < parent->first + parent->n; i++) {
		const struct act *a = &w->acts->v[i];
		if (order_of(a) > child->forked && span_is(record_get_text(a->call, FWC_CLASS), "run"))
			add(w, r, a, a->equal);
	}
}

struct route route_of(struct routes *w, const struct lane *leaf)
{
	const struct lane *line[GENERATIONS];
	uint64_t until[GENERATIONS];
	unsigned n = 0;
	uint64_t limit = UINT64_MAX;
	for (const struct lane *l = leaf; l && n < GENERATIONS;
	     l = l->parent && l->parent != l->path ? lane_find(w, l->parent) : NULL) {
		line[n] = l;
		until[n++] = limit;
		limit = l->forked;
	}
	struct route r = { .file = &w->scene->files[w->program->file],
			   .index = w->program->file,
			   .path = leaf->path,
			   .v = w->v,
			   .equal = w->equal,
			   .asks_name = w->asks_name };
	while (n-- > 0) {
		add_acts(w, &r, line[n], until[n]);
		if (n > 0) {
			const struct act *last = r.n ? r.v[r.n - 1] : NULL;
			take_other_side(w, &r, line[n - 1]);
			add_forked(w, &r, last, line[n], line[n - 1]);
		}
	}
	return r;
}

static bool logs_in(struct routes *w)
{
	static const char *const asks[] = { "crypt", "getspnam", "getpass", "pam_" };
	for (size_t i = 0; i < w->acts->n; i++)
		for (size_t k = 0; w->acts->v[i].kind == ACT_LOGIN && k < ARRAY_LEN(asks); k++)
			if (span_starts(w->acts->v[i].name, span_str(asks[k])))
				return true;
	for (uint32_t i = 0; i < w->nlanes; i++) {
		if (!span_has(w->lanes[i].condition, "cmp()"))
			continue;
		struct route r = route_of(w, &w->lanes[i]);
		for (uint32_t k = 0; k < r.n; k++)
			if (r.v[k]->kind == ACT_LOGIN && !r.v[k]->call)
				return true;
	}
	return false;
}

void routes_begin(struct routes *w, const struct scene_program *p)
{
	w->program = p;
	lanes_begin(w);
	w->logs_in = false;
	w->logs_in = logs_in(w);
}

void routes_end(struct routes *w)
{
	free(w->lanes);
	w->lanes = NULL;
	w->nlanes = 0;
}

/* ---- questions ---- */

int route_before(const struct route *r, int i, enum act_kind kind)
{
	for (i--; i >= 0 && r->v[i]->kind != kind; i--)
		;
	return i;
}

int route_after(const struct route *r, int i, enum act_kind kind)
{
	for (i++; i < (int)r->n; i++)
		if (r->v[i]->kind == kind)
			return i;
	return -1;
}
