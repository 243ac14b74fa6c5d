/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process an image (batch_image.c) hands findings, cases and, last, what the store keeps of the image to this process
 * as bytes on a pipe. One transaction an image, so that a kill loses only images that were not done. A line an image,
 * in the order of the names, whichever is done first. */
#include "cmd/batch_image.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/progress.h"
#include "base/sandbox.h"
#include "base/utf8.h"
#include "cmd/advised.h"
#include "cmd/body.h"
#include "cmd/traits.h"
#include "finding/case.h"
#include "fw/unpack/records.h"
#include "record/wire.h"

enum { PIPE_READ = 256 * 1024, POLL_MS = 200, LINE_NAME = 200 };

struct entry {
	struct span name;
	const struct material_item *item;
	struct buf line;                         /* what is printed of it: its record as JSON, or why there is none */
	char id[IMAGE_ID_TEXT];              /* empty: not finished */
	bool ended;
};

struct job {                                     /* a process at work */
	int pid, fd;
	uint32_t image;
	struct buf in;
};

struct counts {
	uint32_t inspected, known, failed, partial;
	uint64_t findings, bytes;
};

struct run {
	const struct batch *batch;
	const struct log *log;
	struct material material;
	struct registry registry;
	struct site site;
	struct store *store;                     /* NULL: --no-store */
	struct trace_cache *cache;
	struct advisories *advisories;
	char engine[17];
	json_t *done;                            /* image id → what is said of it */
	json_t *first;                           /* image id → name under which this run printed it first */
	struct entry *images;
	uint32_t n, next, printed;
	struct counts counts;
	struct board *board;
	struct layout layout;
	bool found, store_failed, broken_pipe;
};

/* ---- this process: starting ---- */

static int start(struct run *r, struct job *j, uint32_t image)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	int pid = fork(), err = errno;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);        /* nobody keeps what comes after this process */
		signal(SIGPIPE, SIG_IGN);
		close(ends[0]);
		batch_image_run(&(struct batch_image){
			.batch = r->batch, .log = r->log, .registry = &r->registry, .key = r->site.key, .cache = r->cache,
			.advisories = r->advisories, .engine = r->engine, .done = r->done, .board = r->board,
			.name = r->images[image].name, .item = r->images[image].item,
		}, ends[1]);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -err;
	}
	*j = (struct job){ .pid = pid, .fd = ends[0], .image = image };
	return 0;
}

/* ---- this process: what came ---- */

/* The few values that a line needs. Takes nothing of the traits. */
static json_t *summary_of(json_t *body)
{
	static const char *const names[] = { "name", "severity", "findings", "programs", "state", "engine", "size" };
	json_t *o = json_object();
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (json_object_get(body, names[i]))
			json_object_set(o, names[i], json_object_get(body, names[i]));
	return o;
}

/* What another build found is not what this one would: such an image is done again. */
static bool each_done(void *ctx, const char *text)
{
	struct run *r = ctx;
	json_t *body = body_parse(text);
	const char *id = body_text(body, "id");
	bool is_done = strcmp(body_text(body, "engine"), r->engine) == 0 &&
		       strcmp(body_text(body, "state"), "not finished") != 0;
	if (*id && is_done) {
		json_t *o = summary_of(body);
		json_object_set_new(o, "before", json_true());
		json_object_set_new(r->done, id, o);
	}
	json_decref(body);
	return true;
}

static bool load_done(struct run *r)
{
	const struct query all = { .kind = "inspected", .min_severity = -1 };
	if (!r->store || r->batch->again)
		return true;
	if (store_ask(r->store, &all, each_done, r) == 0)
		return true;
	log_error(r->log, "%s", store_error(r->store));
	return false;
}

static void say_failed(struct run *r, struct entry *i, const char *why)
{
	r->counts.failed++;
	if (r->batch->json || r->batch->jsonl) {
		buf_text(&i->line, "{\"kind\":\"inspected\",\"name\":");
		json_put_text(&i->line, i->name);
		buf_printf(&i->line, ",\"state\":\"not finished\"}\n");
		return;
	}
	buf_text(&i->line, "not finished  ");
	show_text(&i->line, i->name, r->layout.utf8, LINE_NAME);
	buf_printf(&i->line, "  (%s; the next run tries again)\n", why);
}

static void put(struct run *r, const struct record *rec)
{
	if (!r->store || r->store_failed || store_put(r->store, rec) >= 0)
		return;
	r->store_failed = true;
	log_error(r->log, "the store could not be written (%s); the rest is printed but not kept", store_error(r->store));
}

static void take_image(struct run *r, struct entry *i, const struct record *rec)
{
	struct buf line = { 0 };
	json_record(&line, rec, NULL);
	buf_u8(&line, 0);
	json_t *body = body_parse((const char *)line.p), *o = summary_of(body);
	r->found |= body_severity(o) >= r->batch->fail_on;
	r->counts.inspected++;
	r->counts.findings += record_get_uint(rec, INSP_FINDINGS);
	r->counts.partial += strcmp(body_text(o, "state"), "partial") == 0;
	if (r->batch->json || r->batch->jsonl) {
		buf_bytes(&i->line, span_of(line.p, line.n - 1));
		buf_text(&i->line, "\n");
	}
	snprintf(i->id, sizeof(i->id), "%s", body_text(body, "id"));
	json_object_set_new(r->done, i->id, o);
	json_decref(body);
	buf_done(&line);
}

static void take_known(struct run *r, struct entry *i, const char *id)
{
	json_t *o = json_object_get(r->done, id);
	snprintf(i->id, sizeof(i->id), "%s", o ? id : "");
	r->counts.known++;
	r->found |= body_severity(o) >= r->batch->fail_on;
	r->counts.partial += strcmp(body_text(o, "state"), "partial") == 0;
}

/* False: the process sent what it must not, or not all. */
static bool take_records(struct run *r, struct entry *i, struct span in, bool *whole)
{
	struct rd rd = rd_of(in);
	struct record *rec;
	struct arena arena;
	enum wire_got got;
	arena_init(&arena, 64 << 20);
	*whole = false;
	while (!*whole && (got = wire_get(&rd, &r->registry, &arena, &rec)) == WIRE_RECORD) {
		*whole = rec->type == &inspected_type;
		if (rec->type == &finding_type || rec->type == &case_type) {
			put(r, rec);
		} else if (*whole && !record_has(rec, INSP_NAME)) {
			char *id = mem_text(record_get_text(rec, INSP_ID));
			take_known(r, i, id);
			free(id);
		} else if (*whole) {
			put(r, rec);
			take_image(r, i, rec);
		}
		arena_reset(&arena);
	}
	arena_done(&arena);
	return *whole && !rd_left(&rd);
}

static void keep(struct run *r, struct entry *i, const struct job *j)
{
	char *name = mem_text(i->name);
	bool whole = false, open = r->store && !r->store_failed;
	if (open && store_begin(r->store, name, NULL) < 0) {
		r->store_failed = true;
		log_error(r->log, "%s; the rest is printed but not kept", store_error(r->store));
	}
	open = open && !r->store_failed;
	(void)take_records(r, i, buf_span(&j->in), &whole);
	if (open && !whole)
		store_abort(r->store);
	if (open && whole && !r->store_failed && store_commit(r->store) < 0)
		r->store_failed = true;
	if (!whole)
		say_failed(r, i, "its process sent what it must not");
	free(name);
}

static void end(struct run *r, struct job *j)
{
	struct entry *i = &r->images[j->image];
	int status = 0;
	while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	close(j->fd);
	char why[96];
	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "its process was ended by signal %d", WTERMSIG(status));
	else
		snprintf(why, sizeof(why), "it could not be inspected to the end");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		keep(r, i, j);
	else
		say_failed(r, i, why);
	i->ended = true;
	r->counts.bytes += i->item->content.n;
	buf_done(&j->in);
	*j = (struct job){ .fd = -1 };
}

static void say_person(const struct run *r, const struct entry *i, struct buf *b, json_t *o, struct span note)
{
	json_int_t findings = json_integer_value(json_object_get(o, "findings"));
	struct buf size = { 0 };
	const char *state = body_text(o, "state");
	layout_bytes(&size, (uint64_t)json_integer_value(json_object_get(o, "size")));
	enum severity worst = body_severity(o);
	layout_severity(b, &r->layout, worst);
	buf_printf(b, "%*s  %3lld finding%s %4lld program%s %9.*s  ", (int)(strlen("critical") - strlen(severity_name(worst))),
		   "", (long long)findings, findings == 1 ? ", " : "s,",
		   (long long)json_integer_value(json_object_get(o, "programs")),
		   json_integer_value(json_object_get(o, "programs")) == 1 ? ", " : "s,", (int)size.n, (const char *)size.p);
	show_text(b, i->name, r->layout.utf8, LINE_NAME);
	if (strcmp(state, "whole") != 0)
		buf_printf(b, "  (%s)", state);
	buf_bytes(b, note);
	buf_text(b, "\n");
	buf_done(&size);
}

static bool first_body(void *ctx, const char *text)
{
	buf_text(ctx, text);
	buf_text(ctx, "\n");
	return false;
}

/* Its record: of now, or as it stands in the store, under the name it had then. */
static void say_program(struct run *r, const struct entry *i, struct buf *b, const char *same)
{
	const struct query q = { .kind = "inspected", .id = i->id, .min_severity = -1 };
	if (same) {
		buf_printf(b, "{\"kind\":\"inspected\",\"id\":\"%s\",\"name\":", i->id);
		json_put_text(b, i->name);
		buf_text(b, ",\"same_as\":");
		json_put_str(b, same);
		buf_text(b, "}\n");
	} else if (i->line.n) {
		buf_bytes(b, buf_span(&i->line));
	} else if (!r->store || store_ask(r->store, &q, first_body, b) < 0 || !b->n) {
		buf_text(b, "{\"kind\":\"inspected\",\"state\":\"not finished\"}\n");
	}
}

/* Said when its turn comes: which of two equal images ended first is chance, which has the first name is not. */
static void say(struct run *r, const struct entry *i, struct buf *b)
{
	if (!*i->id) {
		buf_bytes(b, buf_span(&i->line));
		return;
	}
	json_t *o = json_object_get(r->done, i->id);
	const char *same = json_string_value(json_object_get(r->first, i->id)), *was = body_text(o, "name");
	struct buf note = { 0 };
	if (!same) {
		struct buf name = { 0 };
		show_text(&name, i->name, true, 0);
		json_object_set_new(r->first, i->id, json_stringn((const char *)name.p, name.n));
		buf_done(&name);
	}
	if (r->batch->json || r->batch->jsonl) {
		say_program(r, i, b, same);
		return;
	}
	bool before = json_is_true(json_object_get(o, "before")), as = before && !same && !span_is(i->name, was);
	buf_text(&note, same ? "  (the same as " : as ? "  (done before as " : before ? "  (done before)" : "");
	if (same || as) {
		show_text(&note, span_str(same ? same : was), r->layout.utf8, LINE_NAME);
		buf_text(&note, ")");
	}
	say_person(r, i, b, o, buf_span(&note));
	buf_done(&note);
}

/* Lines wait for those of the names before them. */
static void print_ready(struct run *r, struct progress *p)
{
	if (r->printed < r->n && r->images[r->printed].ended && p->drawn)
		progress_end(p);
	for (; r->printed < r->n && r->images[r->printed].ended; r->printed++) {
		struct entry *i = &r->images[r->printed];
		struct buf b = { 0 };
		bool comma = r->batch->json && r->printed;
		say(r, i, &b);
		if (!r->broken_pipe && ((comma && command_write(1, SPAN_LIT(",")) < 0) || command_write(1, buf_span(&b)) < 0))
			r->broken_pipe = true;
		buf_done(&b);
		buf_done(&i->line);
		i->line = (struct buf){ 0 };
	}
}

static void read_job(struct run *r, struct job *j)
{
	j->in.cap = (size_t)WIRE_MAX * 64;
	uint8_t *room = buf_room(&j->in, PIPE_READ);
	ssize_t n = room ? read(j->fd, room, PIPE_READ) : 0;
	j->in.n -= room ? PIPE_READ - (n > 0 ? (size_t)n : 0) : 0;
	if (n <= 0 && !(n < 0 && errno == EINTR))
		end(r, j);
}

static int run_all(struct run *r)
{
	struct job jobs[BATCH_JOBS];
	struct progress p = { 0 };
	int rc = 0;
	for (unsigned i = 0; i < BATCH_JOBS; i++)
		jobs[i] = (struct job){ .fd = -1 };
	progress_start(&p, progress_mode(r->batch->progress, 2), 2, r->material.bytes, "inspecting");
	p.items = "images";
	for (;;) {
		struct pollfd fds[BATCH_JOBS];
		unsigned busy = 0;
		for (unsigned i = 0; i < r->batch->jobs; i++) {
			if (jobs[i].fd < 0 && r->next < r->n && rc == 0 && !r->broken_pipe && (rc = start(r, &jobs[i], r->next)) == 0)
				r->next++;
			fds[i] = (struct pollfd){ .fd = jobs[i].fd, .events = POLLIN };
			busy += jobs[i].fd >= 0;
		}
		if (!busy)
			break;
		poll(fds, r->batch->jobs, POLL_MS);
		for (unsigned i = 0; i < r->batch->jobs; i++)
			if (fds[i].fd >= 0 && fds[i].revents)
				read_job(r, &jobs[i]);
		print_ready(r, &p);
		progress_at(&p, r->counts.bytes, r->counts.inspected + r->counts.known, r->counts.findings);
	}
	progress_end(&p);
	if (rc < 0)
		log_error(r->log, "no process could be started for the next image: %s", strerror(-rc));
	return rc;
}

static void say_sum(const struct run *r)
{
	const struct counts *n = &r->counts;
	struct buf b = { 0 };
	layout_count(&b, n->inspected, "image inspected", "images inspected");
	if (n->known)
		buf_printf(&b, ", %u done before", n->known);
	if (n->partial)
		buf_printf(&b, ", %u partial", n->partial);
	if (n->failed)
		buf_printf(&b, ", %u not finished", n->failed);
	buf_printf(&b, "; programs: %llu executed, %llu known from before", (unsigned long long)r->board->executed,
		   (unsigned long long)r->board->known);
	if (r->board->spoilt)
		buf_printf(&b, ", %llu cached traces did not open", (unsigned long long)r->board->spoilt);
	if (r->board->fallen)
		buf_printf(&b, ", %llu broke off", (unsigned long long)r->board->fallen);
	log_note(r->log, "%.*s", (int)b.n, (const char *)b.p);
	buf_done(&b);
}

/* ---- the run ---- */

/* Of two images with one name only one could have a file of its own. */
static bool are_names_single(const struct run *r)
{
	json_t *seen = json_object();
	bool single = true;
	for (uint32_t i = 0; i < r->n && single; i++) {
		char *name = mem_text(r->images[i].name);
		single = !json_object_get(seen, name);
		if (!single)
			log_error(r->log, "two images are called %s: what is written of them would be one file; name one folder alone",
				  name);
		json_object_set_new_nocheck(seen, name, json_true());
		free(name);
	}
	json_decref(seen);
	return single;
}

static bool list_images(struct run *r)
{
	const struct args *a = r->batch->args;
	for (unsigned i = 0; i < a->nrest; i++)
		if (!material_add(&r->material, a->rest[i], r->log))
			return false;
	r->images = mem_array(r->material.n + 1u, sizeof(*r->images));
	for (uint32_t i = 0; i < r->material.n; i++) {
		const struct material_item *m = &r->material.v[i];
		if (m->head.type == MEMBER_FILE && m->content.n)
			r->images[r->n++] = (struct entry){ .name = m->head.path, .item = m };
	}
	if (r->material.unread)
		log_warn(r->log, "%u entries could not be read, or were more than %d", r->material.unread, MATERIAL_MAX);
	if (!r->n)
		log_error(r->log, "no image in what was named");
	return r->n > 0 && (!exports_wanted(&r->batch->exports) || are_names_single(r));
}

/* What decides the findings: this build, the rules it was given, and the advisories that were imported. */
static void name_engine(struct run *r, const uint8_t engine[32], const uint8_t advised[32])
{
	uint8_t all[96] = { 0 }, digest[32];
	memcpy(all, engine, 32);
	memcpy(all + 32, advised, 32);
	if (r->batch->rules)
		memcpy(all + 64, r->batch->rules->digest, 32);
	keyring_sha256(span_of(all, sizeof(all)), digest);
	for (unsigned i = 0; i < 8; i++)
		snprintf(r->engine + 2 * i, 3, "%02x", digest[i]);
}

static bool open_all(struct run *r)
{
	uint8_t engine[32], advised[32];
	char err[STORE_ERR] = "";
	void *board = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED || !trace_cache_engine(engine)) {
		log_error(r->log, "auscult-worker cannot be read: %s", strerror(errno));
		return false;
	}
	r->board = board;
	if (!r->batch->site.no_store && store_open(r->site.dir, false, &r->store, err) < 0) {
		log_error(r->log, "%s (--no-store does without)", err);
		return false;
	}
	r->advisories = advised_load(r->store, r->log, advised);
	name_engine(r, engine, advised);
	if (!r->store)
		return true;
	r->cache = trace_cache_open(r->site.dir, r->site.key, span_of(engine, sizeof(engine)), r->log);
	return r->cache && load_done(r);
}

static int outcome(const struct run *r, int rc)
{
	if (rc < 0 || r->store_failed || r->counts.inspected + r->counts.known == 0)
		return OUT_FAILED;
	if (r->counts.failed || r->counts.partial || r->material.unread)
		return OUT_PARTIAL;
	return r->found ? OUT_FOUND : OUT_CLEAN;
}

static void close_all(struct run *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		buf_done(&r->images[i].line);
	free(r->images);
	material_done(&r->material);
	trace_cache_close(r->cache);
	advisories_free(r->advisories);
	store_close(r->store);
	site_done(&r->site);
	json_decref(r->done);
	json_decref(r->first);
	if (r->board)
		munmap(r->board, sizeof(*r->board));
}

int batch_run(const struct batch *b)
{
	struct run r = { .batch = b, .log = &b->args->log, .layout = body_layout(b->color), .done = json_object(),
			 .first = json_object() };
	sandbox_no_dumps();
	signal(SIGPIPE, SIG_IGN);
	command_registry(&r.registry);
	int rc = -EINVAL;
	if (site_load(&r.site, &b->site, r.log) && list_images(&r) && open_all(&r)) {
		if (b->json)
			(void)!command_write(1, SPAN_LIT("{\"auscult\":\"" AUSCULT_VERSION "\",\"images\":[\n"));
		rc = run_all(&r);
		if (b->json)
			(void)!command_write(1, SPAN_LIT("]}\n"));
		say_sum(&r);
	}
	int out = outcome(&r, rc);
	close_all(&r);
	return out;
}
