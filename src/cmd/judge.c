/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gathers files and traces in the parent, unparsed; a child without rights runs the passes over them. */
#include "cmd/judge.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/sandbox.h"
#include "finding/case.h"
#include "fw/flow/trace.h"
#include "fw/model/database.h"
#include "fw/pass/aloud.h"
#include "fw/pass/listing.h"
#include "record/wire.h"

enum { ARENA = 1 << 30, OUT_FLUSH = 64 * 1024 };

void judge_init(struct judge *j, const char *image, const char *id, const uint8_t key[KEY_BYTES])
{
	*j = (struct judge){ .image = image, .id = id };
	arena_init(&j->arena, ARENA);
	memcpy(j->key, key, KEY_BYTES);
}

void judge_done(struct judge *j)
{
	for (uint32_t i = 0; i < j->ntraces; i++) {
		free(j->traces[i].calls);
		free(j->traces[i].paths);
		free(j->traces[i].functions);
	}
	free(j->files);
	free(j->traces);
	arena_done(&j->arena);
}

uint32_t judge_add(struct judge *j, struct span path, struct span where, struct span content, uint32_t mode)
{
	if (j->nfiles == j->files_room) {
		j->files_room = j->files_room ? 2 * j->files_room : 64;
		j->files = mem_grow(j->files, j->files_room, sizeof(*j->files));
	}
	const char *p = (const char *)arena_copy(&j->arena, path).p, *w = (const char *)arena_copy(&j->arena, where).p;
	j->files[j->nfiles] = (struct judge_file){ p ? p : "", w ? w : "", content, SCENE_SCATTERED, mode };
	return j->nfiles++;
}

uint32_t judge_begin_trace(struct judge *j, uint32_t file)
{
	if (j->ntraces == j->traces_room) {
		j->traces_room = j->traces_room ? 2 * j->traces_room : 16;
		j->traces = mem_grow(j->traces, j->traces_room, sizeof(*j->traces));
	}
	j->traces[j->ntraces] = (struct judge_trace){ .file = file };
	return j->ntraces++;
}

static void add(struct record ***v, uint32_t *n, uint32_t *room, struct record *r)
{
	if (*n == *room) {
		*room = *room ? 2 * *room : 64;
		*v = mem_grow(*v, *room, sizeof(struct record *));
	}
	(*v)[(*n)++] = r;
}

void judge_take(struct judge *j, uint32_t trace, const struct record *r)
{
	struct judge_trace *t = &j->traces[trace];
	uint32_t n = r->type == &fwfunction_type ? t->nfunctions : t->ncalls + t->npaths;
	struct record *copy = n < JUDGE_CALLS || r->type == &fwtrace_type ? record_copy(&j->arena, r) : NULL;
	if (!copy)
		return;
	if (r->type == &fwcall_type)
		add(&t->calls, &t->ncalls, &t->calls_room, copy);
	else if (r->type == &fwpath_type)
		add(&t->paths, &t->npaths, &t->paths_room, copy);
	else if (r->type == &fwfunction_type)
		add(&t->functions, &t->nfunctions, &t->functions_room, copy);
	else if (r->type == &fwtrace_type)
		t->summary = copy;
}

/* ---- the child ---- */

struct bench {
	const struct judge *judge;
	const struct registry *registry;
	struct judge_board *board;
	int fd;
	struct buf out;
	struct arena arena, line;
	struct record_host host, line_host;
	struct scene scene;
};

static void flush(struct bench *b)
{
	struct span left = buf_span(&b->out);
	while (left.n) {
		ssize_t n = write(b->fd, left.p, left.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);                /* nobody listens any more */
		left = span_from(left, (size_t)n);
	}
	buf_reset(&b->out);
}

static void send_record(struct bench *b, const struct record *r)
{
	if (!wire_put(&b->out, b->registry, r))
		snprintf(b->board->error, JUDGE_ERROR, "a finding was too long and is missing");
	if (b->out.n >= OUT_FLUSH)
		flush(b);
	arena_reset(&b->line);
}

static void set_scene(struct bench *b)
{
	const struct judge *j = b->judge;
	struct scene_file *files = mem_array(j->nfiles + 1u, sizeof(*files));
	struct scene_program *programs = mem_array(j->ntraces + 1u, sizeof(*programs));
	for (uint32_t i = 0; i < j->nfiles; i++) {
		const struct judge_file *f = &j->files[i];
		files[i] = (struct scene_file){ .path = f->path,
						.where = f->where,
						.content = f->content,
						.image = f->image,
						.mode = f->mode,
						.kind = scene_kind_of(span_str(f->path), f->content) };
	}
	scene_find_boot(files, j->nfiles, j->starts, j->nstarts, &b->arena);
	for (uint32_t i = 0; i < j->ntraces; i++) {
		const struct judge_trace *t = &j->traces[i];
		programs[i] = (struct scene_program){ .file = t->file, .calls = t->calls, .paths = t->paths, .ncalls = t->ncalls,
						      .npaths = t->npaths, .functions = t->functions, .nfunctions = t->nfunctions,
						      .summary = t->summary };
	}
	scene_spread_boot(files, j->nfiles, programs, j->ntraces, j->links, j->nlinks, &b->arena);
	b->scene = (struct scene){ .image = j->image, .id = j->id, .files = files, .nfiles = j->nfiles, .programs = programs,
				   .nprograms = j->ntraces, .links = j->links, .nlinks = j->nlinks, .advisories = j->advisories,
				   .matches = j->matches, .nmatches = j->nmatches, .unread = &b->board->unread };
}

static int by_place(const void *a, const void *b)
{
	const struct record *x = *(struct record *const *)a, *y = *(struct record *const *)b;
	bool cx = x->type == &fwcall_type, cy = y->type == &fwcall_type;
	uint64_t px = record_get_uint(x, cx ? FWC_PATH : FWP_PATH), py = record_get_uint(y, cy ? FWC_PATH : FWP_PATH);
	if (px != py || cx != cy)
		return px != py ? (px > py) - (px < py) : cx - cy;
	uint64_t ox = cx ? record_get_uint(x, FWC_ORDER) : 0, oy = cy ? record_get_uint(y, FWC_ORDER) : 0;
	return (ox > oy) - (ox < oy);
}

/* Paths, each before its calls. */
static void publish_trace(struct bench *b, uint32_t i, struct finding *const *found, uint32_t n)
{
	const struct scene_program *p = &b->scene.programs[i];
	uint32_t all = p->npaths + p->ncalls;
	struct record **v = mem_array(all + 1u, sizeof(*v));
	trace_hush(&b->scene, i, found, n, &b->host);
	for (uint32_t k = 0; k < all; k++)
		v[k] = k < p->npaths ? p->paths[k] : p->calls[k - p->npaths];
	if (all)
		qsort(v, all, sizeof(*v), by_place);
	for (uint32_t k = 0; k < all; k++)
		send_record(b, v[k]);
	free(v);
}

static void publish_string(void *to, const struct record *r)
{
	send_record(to, r);
}

static void publish_all(struct bench *b)
{
	uint32_t n = 0;
	struct finding **v = passes_run(&b->scene, &b->host, &n);
	for (uint32_t i = 0; i < n; i++) {
		struct record r;
		char id[CASE_ID_TEXT];
		finding_record(v[i], &r, &b->line_host, scene_file_name, &b->scene);
		case_id(v[i], id);
		record_str(&r, FND_CASE, id);
		send_record(b, &r);
	}
	if (n)
		cases_sort(v, n);
	for (size_t i = 0, len; i < n; i += len) {
		struct record r;
		len = case_length(v + i, n - i);
		case_record(v + i, len, &r, &b->line_host);
		send_record(b, &r);
	}
	if (b->judge->strings) {
		const struct sink to = { publish_string, b };
		listing_publish(&b->scene, b->judge->strings, v, n, &b->line_host, &to);
	}
	const char *member = b->judge->member;
	for (uint32_t i = 0; b->judge->traces_too && i < b->scene.nprograms; i++)
		if (!member || scene_file_matches(&b->scene.files[b->scene.programs[i].file], member))
			publish_trace(b, i, v, n);
	flush(b);
}

static void child(const struct judge *j, const struct registry *g, struct judge_board *board, int fd)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	struct bench *b = mem_new(sizeof(*b));
	*b = (struct bench){ .judge = j, .registry = g, .board = board, .fd = fd };
	arena_init(&b->arena, ARENA);
	arena_init(&b->line, 16 << 20);
	b->host = (struct record_host){ .keyring = keyring_new(j->key), .arena = &b->arena };
	b->line_host = (struct record_host){ .keyring = b->host.keyring, .arena = &b->line };
	uint8_t digest[32];
	keyring_sha256(SPAN_LIT("warm"), digest);        /* what the library loads on first use, while it may */
	(void)keyring_token(b->host.keyring, SPAN_LIT("warm"));
	database_warm_up();
	int rc = sandbox_enter(SANDBOX_UNPACK);
	if (rc < 0) {
		snprintf(board->error, JUDGE_ERROR, "the sandbox could not be entered: %s", strerror(-rc));
		_exit(2);
	}
	set_scene(b);
	publish_all(b);
	_exit(0);
}

int judge_start(const struct judge *j, const struct registry *g, struct judging *out)
{
	int ends[2];
	void *board = mmap(NULL, sizeof(struct judge_board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		return -errno;
	if (pipe(ends) < 0) {
		int err = errno;
		munmap(board, sizeof(struct judge_board));
		return -err;
	}
	fflush(NULL);
	int pid = fork(), err = errno;
	if (pid == 0) {
		close(ends[0]);
		child(j, g, board, ends[1]);
	}
	close(ends[1]);
	*out = (struct judging){ pid, ends[0], board };
	if (pid >= 0)
		return 0;
	judging_done(out);
	return -err;
}

int judge_wait(struct judging *j)
{
	int status = 0;
	while (waitpid(j->pid, &status, 0) < 0 && errno == EINTR)
		;
	j->board->error[JUDGE_ERROR - 1] = '\0';
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	snprintf(j->board->error, JUDGE_ERROR,
		 "the judging process was ended by signal %d%s; what it reported before is shown", WTERMSIG(status),
		 WTERMSIG(status) == SIGSYS ? " (a forbidden system call)" : "");
	return 2;
}

void judging_done(struct judging *j)
{
	close(j->fd);
	munmap(j->board, sizeof(struct judge_board));
}
