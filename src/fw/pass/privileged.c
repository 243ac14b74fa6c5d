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
