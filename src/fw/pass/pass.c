/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the passes: calls of the trace become acts, acts become routes (the own calls of a path behind those it
 * shares with its parents), and every pass is shown every route. */
#include "fw/pass/pass.h"

#include <stdarg.h>

#include "base/buf.h"
#include "fw/pass/language.h"
#include "fw/pass/settings.h"
#include "fw/pass/table_line.h"

#define PASS(x) extern const struct pass pass_##x;
#include "fw/pass/pass.def"
#undef PASS
const struct pass *const passes[] = {
#define PASS(x) &pass_##x,
#include "fw/pass/pass.def"
#undef PASS
	NULL,
};

struct lane {                                    /* one path of a program and its own acts */
	uint64_t path, parent, forked;
	struct span condition;                   /* what was assumed where it left */
	uint64_t site;
	size_t first, n;
};

struct job {
	const struct scene *scene;
	const struct record_host *host;
	struct acts acts;
	struct finding **v;
	uint32_t n;
	struct lane *lanes;
	uint32_t nlanes;
	const struct act **route;
	bool *equal;
	bool logs_in;                            /* the program asks for an account or for the owner's word somewhere */
	struct settings *settings;
	uint64_t texts;                          /* work on scripts and tables so far */
	bool asks_name;
};

enum { GENERATIONS = 512, STEP_LISTED = 24, EXTRA_MAX = 16 };
/* Bytes of texts and of what is put together of them: the scripts of a whole Python take an eighth, scripts that are
 * made to be work take a second for every quarter. */
enum { TEXTS_WORK = 512 << 20 };

/* ---- findings ---- */

const struct scene *job_scene(const struct job *j)
{
	return j->scene;
}

struct finding *const *job_found(const struct job *j, uint32_t *n)
{
	*n = j->n;
	return j->v;
}

struct acts *job_acts(struct job *j)
{
	return &j->acts;
}

const char *job_text(struct job *j, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	const char *kept = (const char *)arena_copy(j->host->arena, span_str(text)).p;
	return kept ? kept : "";
}

const char *scene_file_name(void *scene, uint32_t file)
{
	const struct scene *s = scene;
	return file < s->nfiles ? s->files[file].where : s->image;
}

static struct record *subject_of(struct job *j, uint32_t file)
{
	struct record *r = arena_new(j->host->arena, sizeof(*r));
	if (!r)
		return NULL;
	record_begin(r, &subject_type, NULL, j->host);
	record_str(r, SUB_ID, j->scene->id);
	record_str(r, SUB_MEMBER, j->scene->files[file].path);
	return r;
}

struct finding *job_finding(struct job *j, const struct rule *rule, uint32_t file, const char *fmt, ...)
{
	char key[FINDING_KEY];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(key, sizeof(key), fmt, ap);
	va_end(ap);
	for (uint32_t i = 0; i < j->n; i++)
		if (j->v[i]->rule == rule && j->v[i]->device == file && strcmp(j->v[i]->key, key) == 0)
			return j->v[i];
	struct finding *f = j->n < PASS_FINDINGS ? arena_new(j->host->arena, sizeof(*f)) : NULL;
	struct record *subject = f ? subject_of(j, file) : NULL,
		      *observed = f ? arena_new(j->host->arena, sizeof(*observed)) : NULL;
	if (!subject || !observed)
		return NULL;
	record_begin(observed, &observed_type, NULL, j->host);
	*f = (struct finding){ .rule = rule, .device = file, .subject = subject, .observed = observed, .predicted = true };
	snprintf(f->key, sizeof(f->key), "%s", key);
	record_str(observed, OBS_MEMBER, j->scene->files[file].path);
	record_str(observed, OBS_STARTED, j->scene->files[file].started);
	f->origins[0] = (struct origin){ .file = file };
	f->nevidence = 1;
	if ((j->n & (j->n - 1)) == 0)
		j->v = mem_grow(j->v, j->n ? 2 * (size_t)j->n : 1, sizeof(struct finding *));
	j->v[j->n++] = f;
	return f;
}

bool job_judge(struct job *j, struct finding *f, enum severity s, double confidence)
{
	(void)j;
	bool better = !f->count++ || s > f->severity || (s == f->severity && confidence > f->confidence + 1e-9);
	if (!better)
		return false;
	f->severity = s;
	f->confidence = confidence;
	return true;
}

/* ---- steps ---- */

static void add_argument(struct job *j, struct record *step, const struct record *a)
{
	struct buf b = { .cap = 1024 };
	char text[ADDR_TEXT];
	buf_bytes(&b, record_get_text(a, ARG_NAME));
	buf_text(&b, ": ");
	if (record_has(a, ARG_ADDRESS))
		buf_text(&b, addr_text(record_get_addr(a, ARG_ADDRESS), text));
	else if (record_has(a, ARG_TEXT))
		buf_bytes(&b, span_cut(record_get_text(a, ARG_TEXT), 400));
	else if (record_has(a, ARG_NUMBER))
		buf_printf(&b, "%lld", (long long)a->v[ARG_NUMBER].i);
	else
		buf_text(&b, "list");
	buf_printf(&b, " (%.*s", (int)record_get_text(a, ARG_ORIGIN).n, (const char *)record_get_text(a, ARG_ORIGIN).p);
	if (record_has(a, ARG_SOURCE))
		buf_printf(&b, " %.*s", (int)span_cut(record_get_text(a, ARG_SOURCE), 100).n,
			   (const char *)record_get_text(a, ARG_SOURCE).p);
	if (record_has(a, ARG_OFFSET))
		buf_printf(&b, " at 0x%llx", (unsigned long long)record_get_uint(a, ARG_OFFSET));
	buf_text(&b, ")");
	if (record_has(a, ARG_ORIGIN))
		record_add_text(step, STEP_ARGUMENTS, buf_span(&b));
	buf_done(&b);
	(void)j;
}

static void add_list(struct record *step, unsigned field, const struct record *call, unsigned from)
{
	struct texts t = record_has(call, from) ? call->v[from].texts : (struct texts){ 0 };
	for (uint32_t i = t.n > STEP_LISTED ? t.n - STEP_LISTED : 0; i < t.n; i++)
		record_add_text(step, field, t.v[i]);
}

static void step_of_call(struct job *j, struct record *step, const struct act *a)
{
	struct records args = record_has(a->call, FWC_ARGS) ? a->call->v[FWC_ARGS].records : (struct records){ 0 };
	record_uint(step, STEP_SITE, a->site);
	record_text(step, STEP_CALL, record_get_text(a->call, FWC_CALLEE));
	for (uint32_t i = 0; i < args.n && !a->blanked; i++)
		add_argument(j, step, args.v[i]);
	add_list(step, STEP_CONDITIONS, a->call, FWC_CONDITIONS);
	add_list(step, STEP_CODE, a->call, FWC_CODE);
}

/* The file in which an act stands: a call in a library stands there, whoever loaded it. */
static const struct scene_file *holder(const struct job *j, uint32_t file, const struct act *a)
{
	const struct scene *s = j->scene;
	if (a->file)
		return a->file;
	struct span module = a->call ? record_get_text(a->call, FWC_MODULE) : (struct span){ 0 };
	for (uint32_t i = 0; module.n && i < s->nlinks; i++)
		if (s->links[i].program == file && span_eq(path_base(span_str(s->files[s->links[i].library].path)), module))
			return &s->files[s->links[i].library];
	return &s->files[file];
}

struct record *job_step(struct job *j, const struct scene_file *file)
{
	struct record *r = arena_new(j->host->arena, sizeof(*r));
	if (!r)
		return NULL;
	record_begin(r, &step_type, NULL, j->host);
	record_str(r, STEP_MEMBER, file->path);
	record_str(r, STEP_PLACE, file->where);
	return r;
}

static struct record *step_of(struct job *j, uint32_t file, const struct act *a)
{
	struct record *r = job_step(j, holder(j, file, a));
	if (!r)
		return NULL;
	record_text(r, STEP_FUNCTION, arena_copy(j->host->arena, a->function));
	if (a->call)
		step_of_call(j, r, a);
	else
		record_text(r, STEP_CALL, arena_copy(j->host->arena, a->name));
	if (!a->call && a->line)
		record_uint(r, STEP_LINE, a->line);
	if (!a->call && (a->line || a->offset) && !a->file)
		record_uint(r, STEP_OFFSET, a->offset);
	record_text(r, STEP_TEXT, arena_copy(j->host->arena, span_cut(a->text, TEXT_MAX)));
	return r;
}

void job_chain(struct job *j, struct finding *f, const struct act *const *steps)
{
	struct record **v = arena_new(j->host->arena, PASS_STEPS * sizeof(*v));
	unsigned n = 0;
	for (bool first = true; v && *steps && n < PASS_STEPS; steps++, first = false) {
		const struct act *a = *steps;
		struct record *given = a->given && n + 1 < PASS_STEPS ? step_of(j, f->device, a->given) : NULL;
		struct record *r = step_of(j, f->device, a);
		if (!r)
			break;
		if (given)
			v[n++] = given;
		v[n++] = r;
		if (first) {
			f->origins[0].offset = a->call ? a->site : a->offset;
			f->notes[0] = job_text(j, "%.*s", (int)span_cut(a->text, 300).n, (const char *)a->text.p);
			record_text(f->observed, OBS_FUNCTION, record_get_text(r, STEP_FUNCTION));
			record_uint(f->observed, OBS_OFFSET, f->origins[0].offset);
		}
	}
	f->steps = v;
	f->nsteps = n;
}

void job_extra(struct job *j, struct finding *f, enum observed_field field, const char *text)
{
	struct texts have = record_has(f->observed, field) ? f->observed->v[field].texts : (struct texts){ 0 };
	(void)j;
	for (uint32_t i = 0; i < have.n; i++)
		if (span_is(have.v[i], text))
			return;
	if (have.n < EXTRA_MAX)
		record_add_text(f->observed, field, span_str(text));
}

void job_observe(struct job *j, struct finding *f, const struct act *a)
{
	struct record *o = f->observed;
	if (a->address.family) {
		record_addr(o, OBS_ADDRESS, a->address);
		record_str(o, OBS_RANGE, addr_class_name(addr_class(a->address)));
	}
	record_text(o, OBS_HOST, arena_copy(j->host->arena, text_is_known(a->host) ? a->host : (struct span){ 0 }));
	if (a->port && !a->port_given)
		record_uint(o, OBS_PORT, a->port);
	record_str(o, OBS_TRANSPORT, a->transport);
	record_str(o, OBS_PROTOCOL, a->protocol);
	if (a->kind == ACT_MOUNT || a->kind == ACT_FETCH || a->kind == ACT_COPY || a->kind == ACT_BIND)
		record_text(o, OBS_PATH, arena_copy(j->host->arena, a->path));
	if (!a->call || span_is(record_get_text(a->call, FWC_CLASS), "run"))
		record_text(o, OBS_COMMAND, arena_copy(j->host->arena, a->text));
	if (a->setting)
		record_str(o, OBS_SETTING, setting_name(a->setting));
}

/* ---- questions ---- */

/* 24.0.0.0 is a net, no host: a small number that stood where an address goes. */
static bool is_net(struct addr a)
{
	return a.family == 4 && !a.b[13] && !a.b[14] && !a.b[15];
}

enum reach act_reach(const struct act *a)
{
	if (a->setting != SETTING_CONSTANT && a->setting != SETTING_DEFAULT)
		return REACH_NONE;
	if (!a->address.family) {
		struct span h = a->host;
		bool local = span_is(h, "localhost") || !memchr(h.p ? (const char *)h.p : "", '.', h.n) ||
			     (h.n > 6 && span_is(span_from(h, h.n - 6), ".local")) || (h.n > 4 && span_is(span_from(h, h.n - 4), ".lan"));
		return h.n && text_is_known(h) ? (local ? REACH_LOCAL : REACH_NAME) : REACH_NONE;
	}
	if (is_net(a->address))
		return REACH_NONE;
	switch (addr_class(a->address)) {
	case ADDR_PUBLIC:
	case ADDR_DOCUMENTATION: return REACH_PUBLIC;
	case ADDR_PRIVATE:
	case ADDR_SHARED:
	case ADDR_LINK_LOCAL: return REACH_LOCAL;
	case ADDR_NONE:
	case ADDR_LOOPBACK:
	case ADDR_MULTICAST:
	case ADDR_BROADCAST:
	case ADDR_RESERVED: break;
	}
	return REACH_NONE;
}

const char *job_where(struct job *j, const struct act *a)
{
	char text[ADDR_TEXT];
	bool six = a->address.family == 6, doc = a->address.family && addr_class(a->address) == ADDR_DOCUMENTATION;
	const char *host = a->address.family ? addr_text(a->address, text)
					     : job_text(j, "%.*s", (int)span_cut(a->host, 253).n, (const char *)a->host.p);
	if (!a->port || a->port_given)
		return job_text(j, "%s%s", host, doc ? " (documentation range)" : "");
	return job_text(j, "%s%s%s:%u%s", six ? "[" : "", host, six ? "]" : "", a->port, doc ? " (documentation range)" : "");
}

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

/* ---- routes ---- */

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

static struct lane *lane_find(const struct job *j, uint64_t path)
{
	const struct lane key = { .path = path };
	return j->nlanes ? bsearch(&key, j->lanes, j->nlanes, sizeof(key), by_path) : NULL;
}

static uint64_t order_of(const struct act *a)
{
	return record_get_uint(a->call, FWC_ORDER);
}

/* Names that the program compares with what a source gives: keys of its settings. */
static unsigned keys_of(const struct acts *acts, struct span source, struct span *keys, unsigned most)
{
	unsigned n = 0;
	for (size_t i = 0; i < acts->n && n < most; i++)
		if (acts->v[i].kind == ACT_COMPARE && acts->v[i].secret.n && span_eq(acts->v[i].source, source))
			keys[n++] = acts->v[i].secret;
	return n;
}

static const struct act *giver(struct job *j, const struct given *g)
{
	struct act *a = arena_new(j->acts.arena, sizeof(*a));
	if (!a)
		return NULL;
	const char *text = arena_printf(j->acts.arena, "%.*s%s%.*s", (int)g->key.n, (const char *)g->key.p,
					g->key.n ? " = " : "", (int)g->value.n, (const char *)g->value.p);
	*a = (struct act){ .kind = ACT_CONFIG, .name = SPAN_LIT("setting"), .text = span_str(text), .line = g->line,
			   .file = &j->scene->files[g->file] };
	return a;
}

/* A destination that comes from settings which lie in the image, or which a script of it writes, is a default that
 * configuration may replace. */
static void settle_destination(struct job *j, struct act *a)
{
	enum { KEYS = 64 };
	struct span keys[KEYS];
	struct given g[SETTINGS_FOUND];
	bool goes = a->kind == ACT_CONNECT || a->kind == ACT_SEND || a->kind == ACT_FETCH || a->kind == ACT_MOUNT;
	if (!goes || a->setting != SETTING_CONFIGURED || !source_is_config(a->source))
		return;
	unsigned nkeys = keys_of(&j->acts, a->source, keys, KEYS);
	unsigned n = settings_destinations(j->settings, a->source, keys, nkeys, g);
	struct act known = { .port = a->port };
	for (unsigned i = 0; i < n && act_reach(&known) < REACH_NAME; i++) {     /* the one that matters most */
		known = (struct act){ .port = a->port };
		(void)act_destination(&known, g[i].value);
		a->given = giver(j, &g[i]);
	}
	if (!known.setting)
		return;
	a->address = known.address;
	a->host = known.host;
	a->port = known.port ? known.port : settings_port(j->settings, a->source);
	a->setting = SETTING_DEFAULT;
}

/* The calls of a program as acts, path by path, and where each path left its parent. */
static void lanes_of(struct job *j, const struct scene_program *p)
{
	struct record **calls = mem_array(p->ncalls + 1u, sizeof(*calls));
	for (uint32_t i = 0; i < p->ncalls; i++)
		calls[i] = p->calls[i];
	qsort(calls, p->ncalls, sizeof(*calls), by_place);
	j->lanes = mem_array(p->npaths + 1u, sizeof(*j->lanes));
	j->nlanes = 0;
	for (uint32_t i = 0; i < p->npaths; i++)
		j->lanes[j->nlanes++] = (struct lane){ .path = record_get_uint(p->paths[i], FWP_PATH),
						       .parent = record_get_uint(p->paths[i], FWP_PARENT),
						       .forked = record_get_uint(p->paths[i], FWP_FORKED),
						       .site = record_get_uint(p->paths[i], FWP_SITE),
						       .condition = record_get_text(p->paths[i], FWP_CONDITION) };
	qsort(j->lanes, j->nlanes, sizeof(*j->lanes), by_path);
	struct span cpu = p->summary ? record_get_text(p->summary, FWT_CPU) : (struct span){ 0 };
	j->acts.n = 0;
	j->acts.is_static = p->summary && span_is(record_get_text(p->summary, FWT_LINKED), "static");
	j->acts.mips = span_starts(cpu, SPAN_LIT("mips"));
	j->acts.big = span_is(cpu, "mips") || span_starts(cpu, SPAN_LIT("ppc")) || span_starts(cpu, SPAN_LIT("powerpc"));
	for (uint32_t i = 0; i < p->ncalls; i++) {
		size_t from = j->acts.n;
		acts_of_call(&j->acts, calls[i]);
		struct lane *l = lane_find(j, record_get_uint(calls[i], FWC_PATH));
		if (!l)
			continue;
		if (!l->n)
			l->first = from;
		l->n = j->acts.n - l->first;
	}
	free(calls);
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

static bool matters(const struct job *j, const struct lane *l)
{
	for (size_t i = l->first; i < l->first + l->n; i++) {
		const struct act *a = &j->acts.v[i];
		if (a->kind != ACT_OTHER || a->is_shell || source_is_strangers(a->source))
			return true;
	}
	return false;
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

static bool asks_name(const struct acts *acts)
{
	for (size_t i = 0; i < acts->n; i++)
		if (span_is(acts->v[i].name, "getsockname") && span_has(acts->v[i].text, "datagram"))
			return true;
	return false;
}

static void show(struct job *j, const struct route *r)
{
	for (int i = 0; passes[i]; i++)
		if (passes[i]->route)
			passes[i]->route(j, r);
}

static void add_acts(struct job *j, struct route *r, const struct lane *l, uint64_t until)
{
	for (size_t i = l->first; i < l->first + l->n && r->n < PASS_ROUTE; i++) {
		struct act *a = &j->acts.v[i];
		if (order_of(a) > until)
			break;
		settle_transport(a, r);
		j->equal[r->n] = a->equal;
		j->route[r->n++] = a;
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
static void take_other_side(struct job *j, struct route *r, const struct lane *child)
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
		j->equal[r->n - 1] = !last->equal;
		return;
	}
	bool assumed = j->logs_in && is_state(last, child);
	if (r->n < PASS_ROUTE && (assumed || is_owners_word(r, child))) {
		j->equal[r->n] = true;
		j->route[r->n++] = assumed ? &state : &word;
	}
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
static bool is_parents_side(const struct job *j, const struct scene_program *p, const struct act *last,
			    const struct lane *child)
{
	static const char *const forks[] = { "sys_clone", "fork", "vfork" };
	if (span_has(child->condition, "fork() = 0") || span_is(child->condition, "the parent goes on"))
		return true;
	bool forked = false;
	for (size_t i = 0; j->acts.is_static && last && last->call && i < ARRAY_LEN(forks); i++)
		forked |= order_of(last) == child->forked && span_is(last->name, forks[i]);
	if (!forked || span_has(child->condition, ", after ") || !record_has(last->call, FWC_CHAIN))
		return false;
	struct texts chain = last->call->v[FWC_CHAIN].texts;
	struct span asks = function_at(p, child->site);
	for (uint32_t i = 0; i + 1 < chain.n; i++)
		if (asks.n && span_eq(chain.v[i], asks))
			return true;
	return false;
}

/* A program forks, the child runs another program, the parent goes on: on its path the other program was run too.
 * last: before it left. */
static void add_forked(struct job *j, const struct scene_program *p, struct route *r, const struct act *last,
		       const struct lane *parent, const struct lane *child)
{
	if (!is_parents_side(j, p, last, child))
		return;
	for (size_t i = parent->first; i < parent->first + parent->n && r->n < PASS_ROUTE; i++) {
		struct act *a = &j->acts.v[i];
		if (order_of(a) <= child->forked || !span_is(record_get_text(a->call, FWC_CLASS), "run"))
			continue;
		j->equal[r->n] = a->equal;
		j->route[r->n++] = a;
	}
}

static struct route route_of(struct job *j, const struct scene_program *p, const struct lane *leaf)
{
	const struct lane *line[GENERATIONS];
	uint64_t until[GENERATIONS];
	unsigned n = 0;
	uint64_t limit = UINT64_MAX;
	for (const struct lane *l = leaf; l && n < GENERATIONS;
	     l = l->parent && l->parent != l->path ? lane_find(j, l->parent) : NULL) {
		line[n] = l;
		until[n++] = limit;
		limit = l->forked;
	}
	struct route r = { .file = &j->scene->files[p->file],
			   .index = p->file,
			   .path = leaf->path,
			   .v = j->route,
			   .equal = j->equal,
			   .asks_name = j->asks_name };
	while (n-- > 0) {
		add_acts(j, &r, line[n], until[n]);
		if (n > 0) {
			const struct act *last = r.n ? r.v[r.n - 1] : NULL;
			take_other_side(j, &r, line[n - 1]);
			add_forked(j, p, &r, last, line[n], line[n - 1]);
		}
	}
	return r;
}

static bool logs_in(struct job *j, const struct scene_program *p)
{
	static const char *const asks[] = { "crypt", "getspnam", "getpass", "pam_" };
	for (size_t i = 0; i < j->acts.n; i++)
		for (size_t k = 0; j->acts.v[i].kind == ACT_LOGIN && k < ARRAY_LEN(asks); k++)
			if (span_starts(j->acts.v[i].name, span_str(asks[k])))
				return true;
	for (uint32_t i = 0; i < j->nlanes; i++) {
		if (!span_has(j->lanes[i].condition, "cmp()"))
			continue;
		struct route r = route_of(j, p, &j->lanes[i]);
		for (uint32_t k = 0; k < r.n; k++)
			if (r.v[k]->kind == ACT_LOGIN && !r.v[k]->call)
				return true;
	}
	return false;
}

static void run_program(struct job *j, const struct scene_program *p)
{
	if (p->file >= j->scene->nfiles)
		return;
	lanes_of(j, p);
	find_defaults(&j->acts);
	settle_input(&j->acts);
	j->asks_name = asks_name(&j->acts);
	for (size_t i = 0; i < j->acts.n; i++)
		settle_destination(j, &j->acts.v[i]);
	j->logs_in = false;
	j->logs_in = logs_in(j, p);
	unsigned shown = 0;
	for (uint32_t i = 0; i < j->nlanes && shown < PASS_ROUTES; i++)
		if (j->lanes[i].n && matters(j, &j->lanes[i])) {
			struct route r = route_of(j, p, &j->lanes[i]);
			show(j, &r);
			shown++;
		}
	free(j->lanes);
	j->lanes = NULL;
	j->nlanes = 0;
}

static void run_script(struct job *j, uint32_t index)
{
	struct route r = { .file = &j->scene->files[index], .index = index, .v = j->route, .is_script = true };
	j->acts.n = 0;
	if (r.file->kind == SCENE_SCRIPT)
		acts_of_shell(&j->acts, r.file->content, NULL);
	else
		acts_of_language(&j->acts, r.file->path, r.file->content);
	for (size_t i = 0; i < j->acts.n && r.n < PASS_ROUTE; i++)
		j->route[r.n++] = &j->acts.v[i];
	if (r.n)
		show(j, &r);
}

/* A table whose lines hold commands: each line is a route of its own. */
static void run_table(struct job *j, uint32_t index)
{
	struct scene_file file = j->scene->files[index];
	struct rd lines = rd_of(span_cut(file.content, SHELL_TEXT));
	file.boot |= file.kind == SCENE_INITTAB || file.kind == SCENE_INETD;     /* init and inetd read them at start */
	unsigned line = 1;
	for (struct span s; rd_left(&lines); line++) {
		struct route r = { .file = &file, .index = index, .v = j->route, .is_script = true };
		size_t at = (size_t)(span_cut(file.content, SHELL_TEXT).n - rd_left(&lines));
		s = rd_piece(&lines, '\n');
		struct span command = table_command(&file, s);
		j->acts.n = 0;
		acts_of_shell(&j->acts, command, NULL);
		for (size_t i = 0; i < j->acts.n && r.n < PASS_ROUTE; i++) {
			j->acts.v[i].line = line;
			j->acts.v[i].offset = at;
			j->route[r.n++] = &j->acts.v[i];
		}
		if (r.n)
			show(j, &r);
	}
}

static bool is_script(const struct scene_file *f)
{
	return f->kind == SCENE_SCRIPT || (f->kind == SCENE_OTHER && language_is(f->path, f->content));
}

/* Each text's work is bounded; that of all of them together is too, by what was put together of them. */
static void read_text(struct job *j, uint32_t index)
{
	const struct scene_file *f = &j->scene->files[index];
	bool script = is_script(f), table = table_is(f->kind);
	if (!script && !table)
		return;
	if (j->texts >= TEXTS_WORK) {
		if (j->scene->unread)
			++*j->scene->unread;
		return;
	}
	if (script)
		run_script(j, index);
	else
		run_table(j, index);
	j->texts += span_cut(f->content, SHELL_TEXT).n + j->acts.arena->used;
}

/* ---- all of it ---- */

/* Whether the whole chain stands in this file, another than the finding's own. */
static bool is_all_in(const struct finding *f, const char *path)
{
	for (unsigned i = 0; i < f->nsteps; i++)
		if (!span_is(record_get_text(f->steps[i], STEP_MEMBER), path))
			return false;
	return f->nsteps > 0;
}

/* A library that does all of it by itself is told once, not again for every program that loads it. */
static void drop_echoes(struct job *j)
{
	const struct scene *s = j->scene;
	for (uint32_t i = 0; i < j->n; i++) {
		struct finding *f = j->v[i];
		if (!f->nsteps || is_all_in(f, s->files[f->device].path))
			continue;
		for (uint32_t k = 0; k < j->n && !f->withdrawn; k++) {
			const struct finding *g = j->v[k];
			f->withdrawn = g != f && g->rule == f->rule && g->count && !g->withdrawn && g->device != f->device &&
				       strcmp(g->key, f->key) == 0 && is_all_in(f, s->files[g->device].path);
		}
	}
}

static int worst_first(const void *a, const void *b)
{
	const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;
	char ix[16], iy[16];
	if (x->severity != y->severity)
		return (int)y->severity - (int)x->severity;
	finding_id(x, ix);
	finding_id(y, iy);
	return strcmp(ix, iy);
}

struct finding **passes_run(const struct scene *s, const struct record_host *host, uint32_t *n)
{
	struct arena arena;
	arena_init(&arena, 256 << 20);
	struct job j = { .scene = s, .host = host, .acts = { .arena = &arena },
			 .route = mem_array(PASS_ROUTE, sizeof(*j.route)), .equal = mem_array(PASS_ROUTE, sizeof(bool)) };
	j.settings = settings_new(s);
	const struct shell_world world = settings_world(j.settings);
	j.acts.world = &world;
	for (uint32_t i = 0; i < s->nprograms; i++) {
		run_program(&j, &s->programs[i]);
		arena_reset(&arena);
	}
	for (uint32_t i = 0; i < s->nfiles; i++) {
		read_text(&j, i);
		for (int k = 0; passes[k]; k++)
			if (passes[k]->file)
				passes[k]->file(&j, &s->files[i], i);
		arena_reset(&arena);
	}
	for (int k = 0; passes[k]; k++)
		if (passes[k]->end)
			passes[k]->end(&j);
	settings_free(j.settings);
	drop_echoes(&j);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < j.n; i++)
		if (!j.v[i]->withdrawn && j.v[i]->count)
			j.v[kept++] = j.v[i];
	if (kept)
		qsort(j.v, kept, sizeof(struct finding *), worst_first);
	free(j.acts.v);
	free(j.route);
	free(j.equal);
	arena_done(&arena);
	*n = kept;
	return j.v;
}
