/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Feeds the workers, two at a time, and then the judge. */
#include "cmd/examine.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>

#include "fw/flow/flow.h"
#include "fw/unpack/records.h"
#include "record/wire.h"

enum { ARENA = 256 << 20, PIPE_READ = 256 * 1024, ELF_HEAD = 18 };

void examination_init(struct examination *x)
{
	*x = (struct examination){ 0 };
	arena_init(&x->arena, ARENA);
}

void examination_done(struct examination *x)
{
	free(x->v);
	arena_done(&x->arena);
}

void examination_add(struct examination *x, const struct record *r)
{
	struct span path = record_get_text(r, EXT_PATH);
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
					record_get_uint(r, EXT_SIZE), (uint32_t)record_get_uint(r, EXT_MODE) };
}

/* ---- programs ---- */

struct work {
	struct judge judge;
	const struct log *log;
	const struct sink *to;
	uint32_t *programs;                      /* indices of the judge's files */
	uint32_t nprograms, next;
};

struct slot {                                    /* a worker at work */
	struct work *work;
	struct flow_run *run;
	uint32_t trace;
};

/* The C library and its kind: what they do is known, and the emulator has its own models of it. */
static bool is_common_library(const char *path)
{
	static const char *const names[] = { "libc.",	"libc-",	  "ld-",      "ld.",	   "libm.",
					     "libm-",	"libpthread",	  "libdl",    "librt",	   "libuClibc",
					     "libgcc",	"libstdc++",	  "libcrypt", "libresolv", "libnsl",
					     "libutil", "libz.",	  "libssl",   "libnss_",   "libthread_db",
					     "libanl",	"libBrokenLocale" };
	struct span base = span_str(path);
	for (size_t i = base.n; i-- > 0;)
		if (base.p[i] == '/') {
			base = span_from(base, i + 1);
			break;
		}
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

static void take(void *to, const struct record *r)
{
	struct slot *s = to;
	judge_take(&s->work->judge, s->trace, r);
}

/* In the order of the programs, whichever ended first: the same image gives the same words. */
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

/* 0, or negative errno. */
static int begin(struct slot *s, uint32_t file)
{
	static const struct flow_limits limits = { 0 };
	const struct judge_file *f = &s->work->judge.files[file];
	AUTO_CLOSE int fd = copy_out(f->content);
	if (fd < 0)
		return -errno;
	s->trace = judge_begin_trace(&s->work->judge, file);
	return flow_start(&s->run, NULL, (struct flow_file){ fd, f->path }, NULL, 0, &limits);
}

static int fill(struct slot *s, struct work *w)
{
	int rc = 0;
	while (!s->run && w->next < w->nprograms && rc == 0)
		rc = begin(s, w->programs[w->next++]);
	return rc;
}

static bool execute(struct work *w, struct examination *x)
{
	struct slot slots[EXAMINE_WORKERS] = { { w, NULL, 0 }, { w, NULL, 0 } };
	int rc = 0;
	for (;;) {
		struct pollfd fds[EXAMINE_WORKERS];
		unsigned busy = 0;
		for (unsigned i = 0; i < EXAMINE_WORKERS; i++) {
			if (rc == 0)
				rc = fill(&slots[i], w);
			fds[i] = (struct pollfd){ .fd = slots[i].run ? flow_fd(slots[i].run) : -1, .events = POLLIN };
			busy += slots[i].run != NULL;
		}
		if (!busy)
			break;
		/* Time limits are flow_read's: a silent worker is looked at now and then. */
		int ready = poll(fds, EXAMINE_WORKERS, 1000);
		for (unsigned i = 0; i < EXAMINE_WORKERS; i++) {
			const struct sink to = { take, &slots[i] };
			bool late = slots[i].run && ready == 0 && flow_milliseconds(slots[i].run) > 60000;
			if (!slots[i].run || (!fds[i].revents && !late) || flow_read(slots[i].run, &to) == FLOW_RUNNING)
				continue;
			flow_free(slots[i].run);
			slots[i].run = NULL;
		}
	}
	publish_summaries(w);
	if (rc == 0)
		return true;
	x->not_run += w->nprograms - w->next + 1;
	log_error(w->log, "programs are not executed: auscult-worker does not start: %s", strerror(-rc));
	return false;
}

/* ---- the judge ---- */

static bool take_judgement(struct work *w, const struct registry *g, int fd)
{
	struct buf in = { 0 };
	struct arena arena;
	arena_init(&arena, 64 << 20);
	bool good = true, open = true;
	while (open && good) {
		uint8_t *room = buf_room(&in, PIPE_READ);
		ssize_t n = room ? read(fd, room, PIPE_READ) : 0;
		in.n -= PIPE_READ - (n > 0 ? (size_t)n : 0);
		open = n > 0 || (n < 0 && errno == EINTR);
		struct rd r = rd_of(buf_span(&in));
		struct record *rec;
		enum wire_got got;
		while ((got = wire_get(&r, g, &arena, &rec)) == WIRE_RECORD) {
			publish(w->to, rec);
			arena_reset(&arena);
		}
		good = got != WIRE_BAD;
		size_t left = rd_left(&r);
		memmove(in.p, in.p + (in.n - left), left);
		in.n = left;
	}
	buf_done(&in);
	arena_done(&arena);
	return good;
}

static bool judge_all(struct work *w, const struct registry *g)
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
	judging_done(&j);
	return good && rc == 0;
}

static void add_files(struct work *w, const struct examination *x, const struct material *m, struct span spool)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (m->v[i].head.type == MEMBER_FILE)
			(void)judge_add(&w->judge, m->v[i].head.path, m->v[i].head.path, m->v[i].content, m->v[i].head.mode);
	for (uint32_t i = 0; i < x->n; i++) {
		const struct examine_entry *e = &x->v[i];
		bool inside = e->at <= spool.n && e->size <= spool.n - e->at;    /* the inspector's word is not trusted */
		if (inside)
			(void)judge_add(&w->judge, span_str(e->path), span_str(e->where),
					span_cut(span_from(spool, (size_t)e->at), (size_t)e->size), e->mode);
	}
}

bool examination_run(struct examination *x, const struct material *m, int spool, const uint8_t key[KEY_BYTES],
		     const struct registry *g, const struct log *log, const struct sink *to)
{
	struct work w = { .log = log, .to = to };
	off_t size = lseek(spool, 0, SEEK_END);
	void *map = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, spool, 0) : MAP_FAILED;
	struct span bytes = map != MAP_FAILED ? span_of(map, (size_t)size) : (struct span){ 0 };
	judge_init(&w.judge, m->n ? (const char *)m->v[0].head.path.p : "", key);
	add_files(&w, x, m, bytes);
	choose_programs(&w, x);
	bool executed = execute(&w, x), judged = judge_all(&w, g);
	judge_done(&w.judge);
	free(w.programs);
	if (map != MAP_FAILED)
		munmap(map, (size_t)size);
	return executed && judged;
}
