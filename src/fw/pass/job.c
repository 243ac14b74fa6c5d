/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings of passes as they are found: opened by their key, judged, given steps; at the end echoes are dropped. */
#include "fw/pass/job.h"

#include <stdarg.h>

#include "base/buf.h"

enum { STEP_LISTED = 24, EXTRA_MAX = 16 };

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

/* ---- the end ---- */

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

struct finding **job_end(struct job *j, uint32_t *n)
{
	uint32_t kept = 0;
	drop_echoes(j);
	for (uint32_t i = 0; i < j->n; i++)
		if (!j->v[i]->withdrawn && j->v[i]->count)
			j->v[kept++] = j->v[i];
	if (kept)
		qsort(j->v, kept, sizeof(struct finding *), worst_first);
	*n = kept;
	return j->v;
}
