/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feeds the workers, two at a time, and then the judge. */
#include "cmd/examine.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>

#include "advisory/advisory.h"
#include "fw/flow/flow.h"
#include "fw/model/binary.h"
#include "fw/model/startup.h"
#include "fw/unpack/records.h"
#include "record/wire.h"

enum { ARENA = 256 << 20, ELF_HEAD = 18, LIBRARY_BYTES = 16 << 20 };

void examination_init(struct examination *x)
{
	*x = (struct examination){ 0 };
	arena_init(&x->arena, ARENA);
}

void examination_done(struct examination *x)
{
	free(x->v);
	free(x->links);
	free(x->starts);
	input_digest_done(&x->inputs);
	arena_done(&x->arena);
}

static void add_link(struct examination *x, const struct record *r)
{
	if (x->nlinks == EXAMINE_LINKS)
		return;
	if (x->nlinks == x->links_room) {
		x->links_room = x->links_room ? 2 * x->links_room : 256;
		x->links = mem_grow(x->links, x->links_room, sizeof(*x->links));
	}
	x->links[x->nlinks++] =
		(struct scene_link){ (uint32_t)record_get_uint(r, LNK_PROGRAM), (uint32_t)record_get_uint(r, LNK_LIBRARY) };
}

static void add_start(struct examination *x, const struct record *r)
{
	struct record *copy = x->nstarts < STARTS_MAX ? record_copy(&x->arena, r) : NULL;
	if (!copy)
		return;
	if (x->nstarts == x->starts_room) {
		x->starts_room = x->starts_room ? 2 * x->starts_room : 64;
		x->starts = mem_grow(x->starts, x->starts_room, sizeof(*x->starts));
	}
	x->starts[x->nstarts++] = copy;
}

static void add_entry(struct examination *x, const struct record *r)
{
	struct span path = record_get_text(r, EXT_PATH);
	x->told++;
	if (record_get_uint(r, EXT_TYPE) != MEMBER_FILE)
		return;
	if (x->n == x->room) {
		x->room = x->room ? 2 * x->room : 256;
		x->v = mem_grow(x->v, x->room, sizeof(*x->v));
	}
	path = span_from(path, (size_t)record_get_uint(r, EXT_ROOT) + 1);
	const char *p = (const char *)arena_copy(&x->arena, path).p;
	const char *w = (const char *)arena_copy(&x->arena, record_get_text(r, EXT_WHERE)).p;
	x->v[x->n++] =
		(struct examine_entry){ p ? p : "", w ? w : "", record_get_uint(r, EXT_AT),
					record_get_uint(r, EXT_SIZE),
					record_has(r, EXT_IMAGE) ? record_get_uint(r, EXT_IMAGE) : SCENE_SCATTERED,
					(uint32_t)record_get_uint(r, EXT_MODE), (uint32_t)record_get_uint(r, EXT_MEMBER) };
}

void examination_add(struct examination *x, const struct record *r)
{
	if (r->type == &member_type)
		input_digest_add(&x->inputs, r);
	else if (r->type == &extract_type)
		add_entry(x, r);
	else if (r->type == &linked_type)
		add_link(x, r);
	else if (r->type == &start_type)
		add_start(x, r);
}

/* ---- programs ---- */

struct work {
	struct judge judge;
	struct advisories *shipped;              /* when the caller brings none */
	const struct log *log;
	const struct sink *to;
	struct examination *x;
	uint32_t *programs;                      /* indices of the judge's files; their traces have the same order */
	uint32_t nprograms;
	bool *begun;
	uint8_t (*keys)[TRACE_KEY_BYTES];        /* of their traces; NULL without a cache */
	struct registry registry;                /* of traces in the cache */
	struct scene_link *links;                /* by these indices, a program's together, nearest library first */
	uint32_t nlinks;
	struct record **matches;                 /* of the rules; in the judge's arena */
	uint32_t nmatches, matches_room;
	uint64_t done, ended;                    /* bytes of programs that ended, and how many did */
};

struct slot {                                    /* a worker at work */
	struct work *work;
	struct flow_run *run;
	uint32_t trace;
	struct buf body;                         /* its records, for the cache */
	bool whole;
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* The C library and its kind: what they do is known, and the emulator has its own models of it. */
static bool is_common_library(const char *path)
{
	static const char *const names[] = { "libc.",	"libc-",	  "ld-",      "ld.",	   "libm.",
					     "libm-",	"libpthread",	  "libdl",    "librt",	   "libuClibc",
					     "libgcc",	"libstdc++",	  "libcrypt", "libresolv", "libnsl",
					     "libutil", "libz.",	  "libssl",   "libcrypto",  "libnss_",   "libthread_db",
					     "libanl",	"libBrokenLocale" };
	struct span base = span_str(base_of(path));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (span_starts(base, span_str(names[i])))
			return true;
	return false;
}

/* ELF of a kind that is loaded and run: e_type 2 or 3 in either byte order. */
static bool is_program(const struct judge_file *f)
{
	struct rd r = rd_of(span_cut(f->content, ELF_HEAD));
	bool elf = span_is(rd_span(&r, 4), "\177ELF");
	rd_skip(&r, 12);
	uint16_t type = rd_be16(&r);
	type = type > 0xff ? (uint16_t)(type >> 8) : type;
	return elf && rd_ok(&r) && (type == 2 || type == 3) && !is_common_library(f->path);
}

static bool is_copy(const struct work *w, const struct judge_file *f)
{
	for (uint32_t i = 0; i < w->nprograms; i++)
		if (span_eq(w->judge.files[w->programs[i]].content, f->content))
			return true;
	return false;
}

static void choose_programs(struct work *w, struct examination *x)
{
	w->programs = mem_array(EXAMINE_PROGRAMS, sizeof(*w->programs));
	for (uint32_t i = 0; i < w->judge.nfiles; i++) {
		if (!is_program(&w->judge.files[i]) || is_copy(w, &w->judge.files[i]))
			continue;
		if (w->nprograms == EXAMINE_PROGRAMS)
			x->not_run++;
		else
			w->programs[w->nprograms++] = i;
	}
}

/* A worker is told a program's name without its folders, so that one trace does for the same program anywhere. */
static void take_named(struct work *w, uint32_t trace, const struct record *r)
{
	struct record named = *r;
	_Static_assert((int)FWC_PROGRAM == (int)FWP_PROGRAM && (int)FWC_PROGRAM == (int)FWT_PROGRAM &&
			       (int)FWC_PROGRAM == (int)FWN_PROGRAM, "one field for all");
	record_str(&named, FWC_PROGRAM, w->judge.files[w->programs[trace]].path);
	judge_take(&w->judge, trace, &named);
}

static void take(void *to, const struct record *r)
{
	struct slot *s = to;
	if (s->work->keys)
		s->whole = s->whole && wire_put(&s->body, &s->work->registry, r);
	take_named(s->work, s->trace, r);
}

/* In the order of the programs, whichever ended first: the same image gives the same words. */
static void publish_functions(const struct work *w)
{
	for (uint32_t i = 0; i < w->judge.ntraces; i++)
		for (uint32_t k = 0; k < w->judge.traces[i].nfunctions; k++)
			publish(w->to, w->judge.traces[i].functions[k]);
}

static void publish_summaries(const struct work *w)
{
	for (uint32_t i = 0; i < w->judge.ntraces; i++)
		if (w->judge.traces[i].summary)
			publish(w->to, w->judge.traces[i].summary);
}

static int copy_out(struct span content)
{
	int fd = memfd_create("program", MFD_CLOEXEC);
	for (struct span left = content; fd >= 0 && left.n;) {
		ssize_t n = write(fd, left.p, left.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			close(fd);
			return -1;
		}
		left = span_from(left, (size_t)n);
	}
	return fd;
}

struct loaded {
	const char *name;
	struct span content;
};

/* The maker's own libraries that the program loads: what they compute is computed in its traces too. */
static unsigned choose_libraries(const struct work *w, uint32_t program, struct loaded out[EXAMINE_LIBRARIES])
{
	uint64_t left = LIBRARY_BYTES;
	unsigned n = 0;
	for (uint32_t i = 0; i < w->nlinks && n < EXAMINE_LIBRARIES; i++) {
		if (w->links[i].program != program)
			continue;
		const struct judge_file *f = &w->judge.files[w->links[i].library];
		if (is_common_library(f->path) || f->content.n > left)
			continue;
		left -= f->content.n;
		out[n++] = (struct loaded){ base_of(f->path), f->content };
	}
	return n;
}

/* Returns how many; their descriptors are the caller's. */
static unsigned open_libraries(const struct work *w, uint32_t program, struct flow_file out[EXAMINE_LIBRARIES])
{
	struct loaded loaded[EXAMINE_LIBRARIES];
	unsigned n = choose_libraries(w, program, loaded), opened = 0;
	for (; opened < n; opened++) {
		int fd = copy_out(loaded[opened].content);
		if (fd < 0)
			break;
		out[opened] = (struct flow_file){ fd, loaded[opened].name };
	}
	return opened;
}

/* ---- traces of before ---- */

static void set_keys(struct work *w)
{
	struct trace_named files[EXAMINE_LIBRARIES + 1];
	struct loaded loaded[EXAMINE_LIBRARIES];
	trace_registry(&w->registry);
	w->keys = mem_array(w->nprograms + 1u, sizeof(*w->keys));
	for (uint32_t i = 0; i < w->nprograms; i++) {
		const struct judge_file *f = &w->judge.files[w->programs[i]];
		unsigned n = choose_libraries(w, w->programs[i], loaded);
		files[0] = (struct trace_named){ base_of(f->path), f->content };
		for (unsigned k = 0; k < n; k++)
			files[k + 1] = (struct trace_named){ loaded[k].name, loaded[k].content };
		trace_cache_key(w->x->cache, files, n + 1, w->keys[i]);
	}
}

/* The sealed bytes are ours, and are checked like a worker's all the same. */
static bool take_body(struct work *w, uint32_t trace, struct span body)
{
	struct judge_trace *t = &w->judge.traces[trace];
	struct rd r = rd_of(body);
	struct record *rec;
	struct arena arena;
	arena_init(&arena, 64 << 20);
	enum wire_got got;
	while ((got = wire_get(&r, &w->registry, &arena, &rec)) == WIRE_RECORD) {
		if (rec->type == &fwcall_type || rec->type == &fwpath_type || rec->type == &fwtrace_type ||
		    rec->type == &fwfunction_type)
			take_named(w, trace, rec);
		arena_reset(&arena);
	}
	arena_done(&arena);
	if (got == WIRE_MORE && !rd_left(&r) && t->summary)
		return true;
	t->ncalls = t->npaths = t->nfunctions = 0;
	t->summary = NULL;
	return false;
}

static enum trace_cached recall(struct work *w, uint32_t trace)
{
	struct buf body = { 0 };
	enum trace_cached got = trace_cache_get(w->x->cache, w->keys[trace], &body);
	if (got == TRACE_HIT && !take_body(w, trace, buf_span(&body)))
		got = TRACE_SPOILT;
	buf_done(&body);
	if (got != TRACE_HIT)
		return got;
	w->x->known++;
	w->done += w->judge.files[w->programs[trace]].content.n;
	w->ended++;
	return got;
}

/* What would come out again: a worker that died, hung or could not start is tried again the next time. */
static bool is_lasting(const struct judge_trace *t)
{
	static const char *const ends[] = { "done", "instruction budget of the program", "output budget",
					    "block budget of the program", "no ELF program that can be read",
					    "no emulator for this processor", "its segments cannot be laid out" };
	for (size_t i = 0; t->summary && i < ARRAY_LEN(ends); i++)
		if (span_is(record_get_text(t->summary, FWT_STOPPED), ends[i]))
			return true;
	return false;
}

static void remember(struct slot *s)
{
	struct work *w = s->work;
	const struct judge_trace *t = &w->judge.traces[s->trace];
	int rc = s->whole && is_lasting(t) ? trace_cache_put(w->x->cache, w->keys[s->trace], buf_span(&s->body)) : 0;
	if (rc < 0 && rc != -EFBIG)
		log_warn(w->log, "a trace could not be kept for the next time: %s", strerror(-rc));
	trace_cache_release(w->x->cache, w->keys[s->trace]);
	buf_done(&s->body);
	s->body = (struct buf){ 0 };
}

/* ---- executing ---- */

/* 0, or negative errno. */
static int begin(struct slot *s, uint32_t trace)
{
	static const struct flow_limits limits = { 0 };
	struct work *w = s->work;
	uint32_t file = w->programs[trace];
	const struct judge_file *f = &w->judge.files[file];
	struct flow_file libraries[EXAMINE_LIBRARIES];
	AUTO_CLOSE int fd = copy_out(f->content);
	if (fd < 0)
		return -errno;
	unsigned n = open_libraries(w, file, libraries);
	s->trace = trace;
	s->whole = true;
	w->begun[trace] = true;
	w->x->executed++;
	int rc = flow_start(&s->run, NULL, (struct flow_file){ fd, base_of(f->path) }, libraries, n, &limits);
	while (n)
		close(libraries[--n].fd);
	return rc;
}

/* With a cache: a program whose trace is known is not begun, one that another process executes now is put off. */
static bool is_to_run(struct work *w, uint32_t trace, bool wait)
{
	if (!w->keys)
		return true;
	w->begun[trace] = recall(w, trace) == TRACE_HIT;
	if (w->begun[trace] || !trace_cache_hold(w->x->cache, w->keys[trace], wait))
		return false;
	enum trace_cached got = recall(w, trace);        /* somebody may have made it since */
	w->begun[trace] = got == TRACE_HIT;
	if (got == TRACE_HIT)
		trace_cache_release(w->x->cache, w->keys[trace]);
	if (got == TRACE_SPOILT && w->x->spoilt++ == 0)
		log_warn(w->log, "the cached trace of %s does not open (cut, changed, or made with another key): executed again",
			 w->judge.files[w->programs[trace]].path);
	return got != TRACE_HIT;
}

/* Waits for other processes only when nothing runs here: two that wait for each other's programs would never end. */
static int fill(struct slot *s, struct work *w, bool wait)
{
	int rc = 0;
	for (uint32_t i = 0; !s->run && i < w->nprograms && rc == 0; i++)
		if (!w->begun[i] && is_to_run(w, i, wait))
			rc = begin(s, i);
	return rc;
}

/* To the log: the same program gives the same trace, but not in the same time. */
static void say_rate(const struct work *w, const struct slot *s)
{
	const struct judge_trace *t = &w->judge.traces[s->trace];
	uint64_t ms = flow_milliseconds(s->run), n = t->summary ? record_get_uint(t->summary, FWT_INSTRUCTIONS) : 0;
	log_note(w->log, "%s: %llu instructions in %llu ms, %llu a second", w->judge.files[t->file].path,
		 (unsigned long long)n, (unsigned long long)ms, (unsigned long long)(n * 1000 / (ms ? ms : 1)));
}

static void end(struct slot *s, const struct examination *x)
{
	struct work *w = s->work;
	if (x->traces)
		say_rate(w, s);
	flow_free(s->run);
	s->run = NULL;
	w->x->fallen += !is_lasting(&w->judge.traces[s->trace]);
	if (w->keys)
		remember(s);
	w->done += w->judge.files[w->judge.traces[s->trace].file].content.n;
	w->ended++;
}

static void start_progress(const struct work *w, const struct examination *x)
{
	struct progress *p = x->progress;
	uint64_t total = 0;
	for (uint32_t i = 0; i < w->nprograms; i++)
		total += w->judge.files[w->programs[i]].content.n;
	progress_start(p, p->mode, p->fd, total, "executing");
	p->items = "programs";
}

static bool execute(struct work *w, struct examination *x)
{
	struct slot slots[EXAMINE_WORKERS] = { { .work = w }, { .work = w } };
	unsigned workers = x->workers && x->workers < EXAMINE_WORKERS ? x->workers : EXAMINE_WORKERS;
	int rc = 0;
	w->begun = mem_array(w->nprograms + 1u, sizeof(*w->begun));
	for (uint32_t i = 0; i < w->nprograms; i++)
		(void)judge_begin_trace(&w->judge, w->programs[i]);
	if (x->cache)
		set_keys(w);
	start_progress(w, x);
	for (;;) {
		struct pollfd fds[EXAMINE_WORKERS];
		unsigned busy = 0;
		for (unsigned i = 0; i < EXAMINE_WORKERS; i++) {
			if (rc == 0 && i < workers)
				rc = fill(&slots[i], w, false);
			fds[i] = (struct pollfd){ .fd = slots[i].run ? flow_fd(slots[i].run) : -1, .events = POLLIN };
			busy += slots[i].run != NULL;
		}
		if (!busy && rc == 0)
			rc = fill(&slots[0], w, true);
		if (!busy && !slots[0].run)
			break;
		if (!busy)
			continue;
		/* Time limits are flow_read's: a silent worker is looked at now and then. */
		int ready = poll(fds, EXAMINE_WORKERS, 200);
		progress_at(x->progress, w->done, w->ended, 0);
		for (unsigned i = 0; i < EXAMINE_WORKERS; i++) {
			const struct sink to = { take, &slots[i] };
			bool late = slots[i].run && ready == 0 && flow_milliseconds(slots[i].run) > 60000;
			if (!slots[i].run || (!fds[i].revents && !late) || flow_read(slots[i].run, &to) == FLOW_RUNNING)
				continue;
			end(&slots[i], x);
		}
	}
	progress_end(x->progress);
	publish_summaries(w);
	if (x->functions)
		publish_functions(w);
	if (rc == 0)
		return true;
	for (uint32_t i = 0; i < w->nprograms; i++)
		x->not_run += !w->judge.traces[i].summary;
	log_error(w->log, "programs are not executed: auscult-worker does not start: %s", strerror(-rc));
	return false;
}

/* ---- rules ---- */

static void take_match(void *to, const struct record *r)
{
	struct work *w = to;
	struct record *copy = record_copy(&w->judge.arena, r);
	if (!copy)
		return;
	if (w->nmatches == w->matches_room) {
		w->matches_room = w->matches_room ? 2 * w->matches_room : 64;
		w->matches = mem_grow(w->matches, w->matches_room, sizeof(*w->matches));
	}
	w->matches[w->nmatches++] = copy;
}

static bool match_rules(struct work *w, struct examination *x, const struct registry *g)
{
	const struct sink to = { take_match, w };
	struct matcher_sum sum;
	const struct matcher_order o = { .rules = x->rules, .files = w->judge.files, .n = w->judge.nfiles, .registry = g,
					 .log = w->log, .progress = x->progress, .to = &to };
	if (!x->rules)
		return true;
	bool good = matcher_run(&o, &sum);
	x->unmatched = sum.unmatched + (sum.dropped > 0);
	w->judge.matches = (const struct record *const *)w->matches;
	w->judge.nmatches = w->nmatches;
	return good;
}

/* ---- the judge ---- */

static bool take_judgement(struct work *w, const struct registry *g, int fd)
{
	struct wire_pipe from;
	wire_pipe_open(&from, fd, g);
	while (wire_pipe_read(&from, w->to->publish, w->to->to))
		;
	return wire_pipe_close(&from);
}

static bool judge_all(struct work *w, struct examination *x, const struct registry *g)
{
	struct judging j;
	int rc = judge_start(&w->judge, g, &j);
	if (rc < 0) {
		log_error(w->log, "the judging process could not be started: %s", strerror(-rc));
		return false;
	}
	bool good = take_judgement(w, g, j.fd);
	rc = judge_wait(&j);
	if (rc || j.board->error[0])
		log_error(w->log, "%s", j.board->error);
	if (!good)
		log_error(w->log, "the judging process sent what it must not; what came before is shown");
	x->unread = j.board->unread;
	if (x->unread)
		log_warn(w->log, "%u scripts and tables were not read: more work than the budget allows", x->unread);
	judging_done(&j);
	return good && rc == 0;
}

/* Files for the judge, and `map`: the inspector's numbers to theirs. */
static void add_files(struct work *w, const struct examination *x, const struct material *m, struct span spool,
		      uint32_t *map, uint32_t most)
{
	for (uint32_t i = 0; i < most; i++)
		map[i] = NONE;
	for (uint32_t i = 0; i < m->n; i++)
		if (m->v[i].head.type == MEMBER_FILE)
			map[i] = judge_add(&w->judge, m->v[i].head.path, m->v[i].head.path, m->v[i].content, m->v[i].head.mode);
	for (uint32_t i = 0; i < x->n; i++) {
		const struct examine_entry *e = &x->v[i];
		bool inside = e->at <= spool.n && e->size <= spool.n - e->at;    /* the inspector's word is not trusted */
		if (!inside)
			continue;
		uint32_t file = judge_add(&w->judge, span_str(e->path), span_str(e->where),
					  span_cut(span_from(spool, (size_t)e->at), (size_t)e->size), e->mode);
		w->judge.files[file].image = e->image;
		if (e->member < most)
			map[e->member] = file;
	}
}

static void add_links(struct work *w, const struct examination *x, const uint32_t *map, uint32_t most)
{
	w->links = mem_array(x->nlinks + 1u, sizeof(*w->links));
	for (uint32_t i = 0; i < x->nlinks; i++) {
		struct scene_link l = x->links[i];
		if (l.program < most && l.library < most && map[l.program] != NONE && map[l.library] != NONE)
			w->links[w->nlinks++] = (struct scene_link){ map[l.program], map[l.library] };
	}
	w->judge.links = w->links;
	w->judge.nlinks = w->nlinks;
	w->judge.starts = (const struct record *const *)x->starts;
	w->judge.nstarts = x->nstarts;
	w->judge.traces_too = x->traces;
	w->judge.member = x->member;
	w->judge.strings = x->strings;
	w->judge.advisories = x->advisories ? x->advisories : w->shipped;
}

bool examination_run(struct examination *x, const struct material *m, int spool, const uint8_t key[KEY_BYTES],
		     const struct registry *g, const struct log *log, const struct sink *to)
{
	/* Here, not in the judge: reading their dates asks for the time zone, which a sandbox does not have. */
	struct work w = { .log = log, .to = to, .x = x, .shipped = x->advisories ? NULL : advisories_new() };
	off_t size = lseek(spool, 0, SEEK_END);
	void *spooled = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, spool, 0) : MAP_FAILED;
	struct span bytes = spooled != MAP_FAILED ? span_of(spooled, (size_t)size) : (struct span){ 0 };
	uint8_t sha256[32];
	char id[IMAGE_ID_TEXT];
	input_digest_end(&x->inputs, sha256);
	image_id(sha256, id);
	judge_init(&w.judge, m->n ? (const char *)m->v[0].head.path.p : "", id, key);
	uint32_t most = m->n + x->told, *map = mem_array(most + 1u, sizeof(*map));
	add_files(&w, x, m, bytes, map, most);
	add_links(&w, x, map, most);
	free(map);
	choose_programs(&w, x);
	bool matched = match_rules(&w, x, g), executed = execute(&w, x), judged = judge_all(&w, x, g);
	for (uint32_t i = 0; x->program && i < w.judge.ntraces; i++)
		x->program(x->ctx, &w.judge.files[w.judge.traces[i].file], &w.judge.traces[i]);
	judge_done(&w.judge);
	advisories_free(w.shipped);
	free(w.programs);
	free(w.begun);
	free(w.keys);
	free(w.links);
	free(w.matches);
	if (spooled != MAP_FAILED)
		munmap(spooled, (size_t)size);
	return matched && executed && judged;
}
