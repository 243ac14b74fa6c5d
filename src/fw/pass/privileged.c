/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Privileged acts and log-ins, for several passes. */
#include "fw/pass/privileged.h"

static bool is_sensitive_file(struct span path)
{
	static const char *const folders[] = { "/etc", "/dev/mem", "/dev/kmem", "/proc/sys", "/root" };
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (path_under(path, span_str(folders[i])))
			return true;
	return span_starts(path, SPAN_LIT("/dev/mtd")) || span_starts(path, SPAN_LIT("setting:"));
}

bool act_is_privileged(const struct act *a)
{
	bool runs = a->call && span_is(record_get_text(a->call, FWC_CLASS), "run");
	return runs || a->kind == ACT_SERVICE || a->kind == ACT_EXECUTE ||
	       (a->kind == ACT_WRITE && is_sensitive_file(a->path));
}

bool route_has_login(const struct route *r, int i)
{
	for (int k = 0; k < i; k++)
		if (r->v[k]->kind == ACT_LOGIN || r->v[k]->kind == ACT_CHECK)
			return true;
	return false;
}

bool route_assumes_login(const struct route *r, int i)
{
	for (int k = 0; k < i; k++)
		if (r->v[k]->assumed)
			return true;
	return false;
}

bool act_is_unix(const struct act *bind)
{
	return bind->transport && strcmp(bind->transport, "unix") == 0;
}

bool route_is_reached(const struct route *r, const struct act *bind)
{
	if (!act_is_unix(bind))                  /* port 0: the kernel chooses one, as for a client */
		return addr_class(bind->address) != ADDR_LOOPBACK && (bind->port || !bind->address.family);
	for (uint32_t i = 0; i < r->n; i++)
		if (r->v[i]->kind == ACT_CHMOD && r->v[i]->open_to_all && span_eq(r->v[i]->path, bind->path))
			return true;
	return false;
}

int route_input(const struct route *r, int i)
{
	int in = route_before(r, i, ACT_RECEIVE);
	return in >= 0 ? in : route_before(r, i, ACT_BIND);
}

/* In this function, or in one that it called. */
static bool stands_in(const struct act *a, struct span function)
{
	struct texts chain = a->call && record_has(a->call, FWC_CHAIN) ? a->call->v[FWC_CHAIN].texts : (struct texts){ 0 };
	for (uint32_t k = 0; k < chain.n; k++)
		if (span_eq(chain.v[k], function))
			return true;
	return function.n && span_eq(a->function, function);
}

/* Whether the function that runs it, or one that it calls, goes through the characters on whatever path. */
bool act_is_examined(struct job *j, const struct act *run)
{
	const struct acts *all = job_acts(j);
	for (size_t i = 0; run->call && i < all->n; i++) {
		const struct act *a = &all->v[i];
		if (a->kind != ACT_COMPARE || !span_eq(a->source, run->source))
			continue;
		if (!span_is(a->name, "characters"))
			continue;
		if (stands_in(a, run->function))
			return true;
	}
	return false;
}

/* A path that is forced goes on behind a function that checks although it returned before it did. */
bool route_calls_check(struct job *j, const struct route *r, int from, int run)
{
	const struct acts *all = job_acts(j);
	for (size_t i = 0; i < all->n; i++) {
		if (all->v[i].kind != ACT_CHECK || !all->v[i].call)
			continue;
		for (int k = from + 1; k < run; k++) {
			const struct act *a = r->v[k];
			if (a->call && stands_in(&all->v[i], a->function) && !stands_in(r->v[run], a->function))
				return true;
		}
	}
	return false;
}
