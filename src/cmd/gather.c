/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs inspector, workers and judge over one image and keeps their records. */
#include "cmd/gather.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>

#include "cmd/inspector.h"
#include "fw/model/binary.h"
#include "fw/model/startup.h"
#include "fw/unpack/records.h"
#include "record/wire.h"

enum { KEPT_CAP = 1 << 30 };

struct run {
	struct gathered *g;
	const struct gather_order *order;
	struct examination exam;
	int spool;
};

static void keep(struct gathered *g, struct gathered_list *l, const struct record *r)
{
	if (l->n == l->room) {
		l->room = l->room ? 2 * l->room : 256;
		l->v = mem_grow(l->v, l->room, sizeof(*l->v));
	}
	struct record *copy = record_copy(&g->arena, r);
	if (copy)
		l->v[l->n++] = copy;
	else
		g->partial = true;
}

static struct gathered_list *list_for(struct gathered *g, const struct record *r)
{
	const struct {
		const struct record_type *type;
		struct gathered_list *list;
	} table[] = {
		{ &container_type, &g->containers }, { &area_type, &g->areas },
		{ &member_type, &g->members },	     { &binary_type, &g->binaries },
		{ &start_type, &g->starts },	     { &fwtrace_type, &g->programs },
		{ &finding_type, &g->findings },     { &fwfunction_type, &g->functions },
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].type == r->type)
			return table[i].list;
	return NULL;
}

static void take(void *to, const struct record *r)
{
	struct run *run = to;
	struct gathered *g = run->g;
	struct gathered_list *l = list_for(g, r);
	if (run->order->executes)
		examination_add(&run->exam, r);
	if (r->type == &inspection_type)
		g->sum = record_copy(&g->arena, r);
	if (r->type == &container_type && record_get_uint(r, CON_DEPTH) == 1 && record_get_text(r, CON_DAMAGE).n)
		g->partial = true;
	if (l)
		keep(g, l, r);
}

static bool unpack(struct run *run)
{
	const struct gather_order *o = run->order;
	struct inspector i;
	struct inspector_setup set = { .material = &run->g->material, .spool = run->spool, .extract = o->executes };
	memcpy(set.key, o->key, KEY_BYTES);
	int rc = inspector_start(&set, o->registry, &i);
	if (rc < 0) {
		log_error(o->log, "the inspecting process could not be started: %s", strerror(-rc));
		return false;
	}
	progress_start(o->progress, o->progress->mode, o->progress->fd, run->g->material.bytes, "unpacking");
	o->progress->items = "members";
	bool good = inspector_take(&i, run->order->registry, run->order->progress, take, run);
	progress_end(o->progress);
	rc = inspector_wait(&i);
	if (rc)
		log_error(o->log, "%s: %s", o->path, i.board->error);
	if (!good)
		log_error(o->log, "%s: the inspecting process sent what it must not; what came before is shown",
			  o->path);
	inspector_done(&i);
	if (!good || rc)
		run->g->sum = NULL;
	return good && rc == 0;
}

static bool examine(struct run *run)
{
	const struct gather_order *o = run->order;
	struct sink to = { take, run };
	if (!o->executes)
		return true;
	run->g->examined = examination_run(&run->exam, &run->g->material, run->spool, o->key, o->registry, o->log, &to);
	run->g->not_run = run->exam.not_run;
	if (run->exam.not_run)
		log_warn(o->log, "%s: %u programs were not executed", o->path, run->exam.not_run);
	return run->g->examined;
}

bool gather(struct gathered *g, const struct gather_order *o)
{
	struct run run = { .g = g, .order = o };
	*g = (struct gathered){ 0 };
	arena_init(&g->arena, KEPT_CAP);
	if (!material_add(&g->material, o->path, o->log))
		return false;
	g->partial = g->material.unread != 0;
	run.spool = memfd_create("auscult-spool", MFD_CLOEXEC);
	if (run.spool < 0) {
		log_error(o->log, "no memory for the spool: %s", strerror(errno));
		return false;
	}
	examination_init(&run.exam);
	run.exam.progress = o->progress;
	run.exam.functions = true;
	run.exam.cache = o->cache;
	run.exam.rules = o->rules;
	bool unpacked = unpack(&run), examined = examine(&run);
	g->partial |= run.exam.unmatched > 0;
	examination_done(&run.exam);
	close(run.spool);
	g->partial |= g->sum && record_has(g->sum, INS_BUDGETS);
	return unpacked && examined && g->sum;
}

void gathered_done(struct gathered *g)
{
	struct gathered_list *all[] = { &g->containers, &g->areas,    &g->members,   &g->binaries,
					&g->starts,	&g->programs, &g->functions, &g->findings };
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		free(all[i]->v);
	material_done(&g->material);
	arena_done(&g->arena);
}

static struct compare_list list_of(const struct gathered_list *l)
{
	return (struct compare_list){ l->v, l->n };
}

struct compare_side gathered_side(const struct gathered *g, const char *name)
{
	return (struct compare_side){ .name = name,
				      .containers = list_of(&g->containers),
				      .areas = list_of(&g->areas),
				      .members = list_of(&g->members),
				      .binaries = list_of(&g->binaries),
				      .starts = list_of(&g->starts),
				      .programs = list_of(&g->programs),
				      .functions = list_of(&g->functions),
				      .findings = list_of(&g->findings),
				      .sum = g->sum,
				      .not_run = g->not_run };
}
