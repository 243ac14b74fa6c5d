/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the passes: every pass is shown every route of programs, scripts and tables, and every file. */
#include "fw/pass/job.h"
#include "fw/pass/language.h"
#include "fw/pass/routes.h"
#include "fw/pass/shell_page.h"
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

/* Bytes of texts and of what is put together of them: the scripts of a whole Python take an eighth, scripts that are
 * made to be work take a second for every quarter. */
enum { TEXTS_WORK = 512 << 20 };

struct run {
	struct job job;
	struct routes routes;
	uint64_t texts;                          /* work on scripts and tables so far */
};

static void show(struct job *j, const struct route *r)
{
	for (int i = 0; passes[i]; i++)
		if (passes[i]->route)
			passes[i]->route(j, r);
}

static void run_program(struct run *x, const struct scene_program *p)
{
	struct routes *w = &x->routes;
	unsigned shown = 0;
	if (p->file >= w->scene->nfiles)
		return;
	routes_begin(w, p);
	for (uint32_t i = 0; i < w->nlanes && shown < PASS_ROUTES; i++)
		if (w->lanes[i].n && lane_matters(w, &w->lanes[i])) {
			struct route r = route_of(w, &w->lanes[i]);
			show(&x->job, &r);
			shown++;
		}
	routes_end(w);
}

/* The acts that were read are a route. */
static void show_acts(struct run *x, const struct scene_file *file, uint32_t index)
{
	struct acts *acts = &x->job.acts;
	struct route r = { .file = file, .index = index, .v = x->routes.v, .is_script = true };
	for (size_t i = 0; i < acts->n && r.n < PASS_ROUTE; i++)
		x->routes.v[r.n++] = &acts->v[i];
	if (r.n)
		show(&x->job, &r);
}

static void run_script(struct run *x, const struct scene_file *f, uint32_t index)
{
	struct acts *acts = &x->job.acts;
	acts->n = 0;
	if (f->kind == SCENE_SCRIPT)
		acts_of_shell(acts, shell_of(span_str(f->path), f->content, acts->arena), NULL);
	else
		acts_of_language(acts, f->path, f->content);
	show_acts(x, f, index);
}

/* A table whose lines hold commands: each line is a route of its own. */
static void run_table(struct run *x, const struct scene_file *f, uint32_t index)
{
	struct acts *acts = &x->job.acts;
	struct scene_file file = *f;
	struct span text = span_cut(file.content, SHELL_TEXT);
	struct rd lines = rd_of(text);
	file.boot |= file.kind == SCENE_INITTAB || file.kind == SCENE_INETD;     /* init and inetd read them at start */
	for (unsigned line = 1; rd_left(&lines); line++) {
		size_t at = text.n - rd_left(&lines);
		acts->n = 0;
		acts_of_shell(acts, table_command(&file, rd_piece(&lines, '\n')), NULL);
		for (size_t i = 0; i < acts->n; i++) {
			acts->v[i].line = line;
			acts->v[i].offset = at;
		}
		show_acts(x, &file, index);
	}
}

static bool is_script(const struct scene_file *f)
{
	return f->kind == SCENE_SCRIPT || (f->kind == SCENE_OTHER && language_is(f->path, f->content));
}

/* Each text's work is bounded; that of all of them together is too, by what was put together of them. */
static void read_text(struct run *x, const struct scene_file *f, uint32_t index)
{
	bool script = is_script(f), table = table_is(f->kind);
	uint32_t *unread = x->job.scene->unread;
	if (!script && !table)
		return;
	if (x->texts >= TEXTS_WORK) {
		if (unread)
			++*unread;
		return;
	}
	if (script)
		run_script(x, f, index);
	else
		run_table(x, f, index);
	x->texts += span_cut(f->content, SHELL_TEXT).n + x->job.acts.arena->used;
}

struct finding **passes_run(const struct scene *s, const struct record_host *host, uint32_t *n)
{
	struct arena arena;
	arena_init(&arena, 256 << 20);
	struct settings *settings = settings_new(s);
	const struct shell_world world = settings_world(settings);
	struct run x = { .job = { .scene = s, .host = host, .acts = { .arena = &arena, .world = &world } } };
	x.routes = (struct routes){ .scene = s, .settings = settings, .acts = &x.job.acts,
				    .v = mem_array(PASS_ROUTE, sizeof(*x.routes.v)), .equal = mem_array(PASS_ROUTE, sizeof(bool)) };
	for (uint32_t i = 0; i < s->nprograms; i++) {
		run_program(&x, &s->programs[i]);
		arena_reset(&arena);
	}
	for (uint32_t i = 0; i < s->nfiles; i++) {
		read_text(&x, &s->files[i], i);
		for (int k = 0; passes[k]; k++)
			if (passes[k]->file)
				passes[k]->file(&x.job, &s->files[i], i);
		arena_reset(&arena);
	}
	for (int k = 0; passes[k]; k++)
		if (passes[k]->end)
			passes[k]->end(&x.job);
	struct finding **found = job_end(&x.job, n);
	settings_free(settings);
	free(x.job.acts.v);
	free(x.routes.v);
	free(x.routes.equal);
	arena_done(&arena);
	return found;
}
