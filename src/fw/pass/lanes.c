/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The acts of a program, path by path, and what one of them says of another: what protocol a socket speaks, what a
 * setting is in the image, that a request comes by standard input. */
#include "fw/pass/routes.h"

static int by_place(const void *a, const void *b)
{
	const struct record *x = *(struct record *const *)a, *y = *(struct record *const *)b;
	uint64_t px = record_get_uint(x, FWC_PATH), py = record_get_uint(y, FWC_PATH);
	if (px != py)
		return px < py ? -1 : 1;
	uint64_t ox = record_get_uint(x, FWC_ORDER), oy = record_get_uint(y, FWC_ORDER);
	return (ox > oy) - (ox < oy);
}

static int by_path(const void *a, const void *b)
{
	const struct lane *x = a, *y = b;
	return (x->path > y->path) - (x->path < y->path);
}

struct lane *lane_find(const struct routes *w, uint64_t path)
{
	const struct lane key = { .path = path };
	return w->nlanes ? bsearch(&key, w->lanes, w->nlanes, sizeof(key), by_path) : NULL;
}

/* ---- what another act says ---- */

/* Names that the program compares with what a source gives: keys of its settings. */
static unsigned keys_of(const struct acts *acts, struct span source, struct span *keys, unsigned most)
{
	unsigned n = 0;
	for (size_t i = 0; i < acts->n && n < most; i++)
		if (acts->v[i].kind == ACT_COMPARE && acts->v[i].secret.n && span_eq(acts->v[i].source, source))
			keys[n++] = acts->v[i].secret;
	return n;
}

static const struct act *giver(struct routes *w, const struct given *g)
{
	struct act *a = arena_new(w->acts->arena, sizeof(*a));
	if (!a)
		return NULL;
	const char *text = arena_printf(w->acts->arena, "%.*s%s%.*s", (int)g->key.n, (const char *)g->key.p,
					g->key.n ? " = " : "", (int)g->value.n, (const char *)g->value.p);
	*a = (struct act){ .kind = ACT_CONFIG, .name = SPAN_LIT("setting"), .text = span_str(text), .line = g->line,
			   .file = &w->scene->files[g->file] };
	return a;
}

/* A destination that comes from settings which lie in the image, or which a script of it writes, is a default that
 * configuration may replace. */
static void settle_destination(struct routes *w, struct act *a)
{
	enum { KEYS = 64 };
	struct span keys[KEYS];
	struct given g[SETTINGS_FOUND];
	bool goes = a->kind == ACT_CONNECT || a->kind == ACT_SEND || a->kind == ACT_FETCH || a->kind == ACT_MOUNT;
	if (!goes || a->setting != SETTING_CONFIGURED || !source_is_config(a->source))
		return;
	unsigned nkeys = keys_of(w->acts, a->source, keys, KEYS);
	unsigned n = settings_destinations(w->settings, a->source, keys, nkeys, g);
	struct act known = { .port = a->port };
	for (unsigned i = 0; i < n && act_reach(&known) < REACH_NAME; i++) {     /* the one that matters most */
		known = (struct act){ .port = a->port };
		(void)act_destination(&known, g[i].value);
		a->given = giver(w, &g[i]);
	}
	if (!known.setting)
		return;
	a->address = known.address;
	a->host = known.host;
	a->port = known.port ? known.port : settings_port(w->settings, a->source);
	a->setting = SETTING_DEFAULT;
}

static bool same_place(const struct act *a, const struct act *b)
{
	if (!a->call || !b->call || a->site != b->site || a->kind != b->kind || a->call == b->call)
		return false;
	struct texts x = record_has(a->call, FWC_CHAIN) ? a->call->v[FWC_CHAIN].texts : (struct texts){ 0 };
	struct texts y = record_has(b->call, FWC_CHAIN) ? b->call->v[FWC_CHAIN].texts : (struct texts){ 0 };
	if (x.n != y.n)
		return false;
	for (uint32_t i = 0; i < x.n; i++)
		if (!span_eq(x.v[i], y.v[i]))
			return false;
	return true;
}

/* A place that is reached with a constant on one path and with configuration on another has a default. */
static void find_defaults(struct acts *acts)
{
	enum { CONFIGURED_MAX = 1024 };
	const struct act *configured[CONFIGURED_MAX];
	unsigned n = 0;
	for (size_t i = 0; i < acts->n && n < CONFIGURED_MAX; i++)
		if (acts->v[i].setting == SETTING_CONFIGURED)
			configured[n++] = &acts->v[i];
	for (size_t i = 0; i < acts->n; i++)
		for (unsigned k = 0; k < n && acts->v[i].setting == SETTING_CONSTANT; k++)
			if (same_place(&acts->v[i], configured[k]))
				acts->v[i].setting = SETTING_DEFAULT;
}

static bool names_variable(const struct record *call, const char *name)
{
	struct records args = record_has(call, FWC_ARGS) ? call->v[FWC_ARGS].records : (struct records){ 0 };
	return args.n && span_is(record_get_text(call, FWC_CALLEE), "getenv") &&
	       span_is(record_get_text(args.v[0], ARG_TEXT), name);
}

/* A web server hands over a request's body where a program reads what else would be typed (RFC 3875 4.2). */
static void settle_input(struct acts *acts)
{
	static const char *const request[] = { "CONTENT_LENGTH", "REQUEST_METHOD", "QUERY_STRING", "PATH_INFO" };
	bool answers = false;
	for (size_t i = 0; i < acts->n; i++)
		for (size_t k = 0; k < ARRAY_LEN(request); k++)
			answers |= acts->v[i].call && names_variable(acts->v[i].call, request[k]);
	for (size_t i = 0; answers && i < acts->n; i++)
		if (span_is(acts->v[i].source, "stdin"))
			acts->v[i].source = SPAN_LIT("stdin:cgi");
}

static bool asks_name(const struct acts *acts)
{
	for (size_t i = 0; i < acts->n; i++)
		if (span_is(acts->v[i].name, "getsockname") && span_has(acts->v[i].text, "datagram"))
			return true;
	return false;
}

/* The calls of a program as acts, path by path, and where each path left its parent. */
static void lanes_of(struct routes *w, const struct scene_program *p)
{
	struct record **calls = mem_array(p->ncalls + 1u, sizeof(*calls));
	for (uint32_t i = 0; i < p->ncalls; i++)
		calls[i] = p->calls[i];
	qsort(calls, p->ncalls, sizeof(*calls), by_place);
	w->lanes = mem_array(p->npaths + 1u, sizeof(*w->lanes));
	w->nlanes = 0;
	for (uint32_t i = 0; i < p->npaths; i++)
		w->lanes[w->nlanes++] = (struct lane){ .path = record_get_uint(p->paths[i], FWP_PATH),
						       .parent = record_get_uint(p->paths[i], FWP_PARENT),
						       .forked = record_get_uint(p->paths[i], FWP_FORKED),
						       .site = record_get_uint(p->paths[i], FWP_SITE),
						       .condition = record_get_text(p->paths[i], FWP_CONDITION) };
	qsort(w->lanes, w->nlanes, sizeof(*w->lanes), by_path);
	struct span cpu = p->summary ? record_get_text(p->summary, FWT_CPU) : (struct span){ 0 };
	w->acts->n = 0;
	w->acts->is_static = p->summary && span_is(record_get_text(p->summary, FWT_LINKED), "static");
	w->acts->mips = span_starts(cpu, SPAN_LIT("mips"));
	w->acts->big = span_is(cpu, "mips") || span_starts(cpu, SPAN_LIT("ppc")) || span_starts(cpu, SPAN_LIT("powerpc"));
	for (uint32_t i = 0; i < p->ncalls; i++) {
		size_t from = w->acts->n;
		acts_of_call(w->acts, calls[i]);
		struct lane *l = lane_find(w, record_get_uint(calls[i], FWC_PATH));
		if (!l)
			continue;
		if (!l->n)
			l->first = from;
		l->n = w->acts->n - l->first;
	}
	free(calls);
}

void lanes_begin(struct routes *w)
{
	lanes_of(w, w->program);
	find_defaults(w->acts);
	settle_input(w->acts);
	w->asks_name = asks_name(w->acts);
	for (size_t i = 0; i < w->acts->n; i++)
		settle_destination(w, &w->acts->v[i]);
}
