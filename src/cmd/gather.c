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

struct run {
	struct gathered *g;
	const struct gather_order *order;
	struct examination exam;
	int spool;
};

static void take(void *to, const struct record *r)
{
	struct run *run = to;
	struct gathered *g = run->g;
	if (run->order->executes)
		examination_add(&run->exam, r);
	if (r->type == &container_type && record_get_uint(r, CON_DEPTH) == 1 && record_get_text(r, CON_DAMAGE).n)
		g->partial = true;
	image_take(&g->image, r);
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
		run->g->image.sum = NULL;
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
	image_init(&g->image);
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
	g->partial |= run.exam.unmatched > 0 || run.exam.unread > 0;
	examination_done(&run.exam);
	close(run.spool);
	g->partial |= g->image.full || (g->image.sum && record_has(g->image.sum, INS_BUDGETS));
	return unpacked && examined && g->image.sum;
}

void gathered_done(struct gathered *g)
{
	material_done(&g->material);
	image_done(&g->image);
}

struct compare_side gathered_side(const struct gathered *g, const char *name)
{
	return image_side(&g->image, name, g->not_run);
}
