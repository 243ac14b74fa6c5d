/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One process compiles the rules into a memory file; for each image another one maps it and goes through the members.
 * A member that ends its process, or takes too much of its time, costs that member alone: the next process begins
 * behind it. */
#include "cmd/matcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/sandbox.h"
#include "record/wire.h"

enum {
	POLL_MS = 200, ARENA = 16 << 20, WORDS_MAX = 64 << 10, PATH_BYTES = 4096,
	COMPILED_MAX = 1 << 30, COMPILE_MS = 120000,
	MEMBER_MS = 5000, MEMBER_MS_OF_MIB = 1000, ALL_MS = 120000, ALL_MS_OF_MIB = 3000,
	DEATHS = 8,                              /* members that may end their process before the rest is left out */
	TROUBLE_SAID = 8, WARNINGS_SAID = 8, ERRORS_SAID = 20,
};

/* ---- a process and its time ---- */

struct helper {
	int pid, fd;
};

/* Milliseconds of CPU time that it has had. */
static uint64_t helper_time(const struct helper *h)
{
	clockid_t clock;
	struct timespec t = { 0 };
	if (clock_getcpuclockid(h->pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int helper_wait(struct helper *h)
{
	int status = 0;
	close(h->fd);
	while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

/* Shared memory for what a helper says besides its records; what stands there is hostile to the parent. */
static void *board_new(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

/* In the child: everything it needs was opened before. */
static void enter(uint64_t cpu_ms)
{
	rlim_t seconds = (rlim_t)(cpu_ms / 1000 + 5);
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_CPU, &(struct rlimit){ seconds, seconds + 5 });
	if (!yara_prepare() || sandbox_enter(SANDBOX_UNPACK) < 0)
		_exit(2);
}

static void write_all(int fd, struct span s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);                /* nobody listens any more */
		s = span_from(s, (size_t)n);
	}
}

/* ---- compiling ---- */

struct words {                                   /* what the compiler says of the rules, a line each */
	uint32_t n, errors, warnings;            /* n: bytes */
	uint32_t rules;
	char text[WORDS_MAX];
};

static void on_word(void *ctx, bool is_error, const char *file, int line, const char *what)
{
	struct words *w = ctx;
	bool said = is_error ? w->errors++ < ERRORS_SAID : w->warnings++ < WARNINGS_SAID;
	size_t room = WORDS_MAX - w->n;
	int n = 0;
	if (said && line > 0)
		n = snprintf(w->text + w->n, room, "%c%s:%d: %s\n", is_error ? 'e' : 'w', file, line, what);
	else if (said)
		n = snprintf(w->text + w->n, room, "%c%s: %s\n", is_error ? 'e' : 'w', file, what);
	if (n > 0 && (size_t)n < room)
		w->n += (uint32_t)n;
}

static void compile_child(const struct yara_text *v, uint32_t n, struct words *w, int out)
{
	enter(COMPILE_MS);
	struct buf b = { .cap = COMPILED_MAX };
	const struct yara_source s = { v, n, on_word, w };
	w->rules = yara_compile(&s, &b);
	write_all(out, buf_span(&b));
	_exit(w->rules ? 0 : 1);
}

static void say_words(const struct words *w, const struct log *log)
{
	uint32_t errors = w->errors, warnings = w->warnings;
	struct rd r = rd_of(span_of(w->text, w->n < WORDS_MAX ? w->n : WORDS_MAX));
	for (struct span line; rd_until(&r, '\n', &line);) {
		int n = line.n ? (int)line.n - 1 : 0;
		if (line.n && line.p[0] == 'e')
			log_error(log, "%.*s", n, (const char *)line.p + 1);
		else if (line.n)
			log_note(log, "%.*s", n, (const char *)line.p + 1);
	}
	if (errors > ERRORS_SAID)
		log_error(log, "and %u more errors in the rules", errors - ERRORS_SAID);
	if (warnings > WARNINGS_SAID)
		log_note(log, "and %u more remarks on the rules", warnings - WARNINGS_SAID);
}

/* Waits for the compiler: its end is the end of the pipe. Returns its status, or -1: it took too long. */
static int await_compiler(struct helper *h)
{
	bool late = false;
	for (;;) {
		struct pollfd ready = { .fd = h->fd, .events = POLLIN };
		if (poll(&ready, 1, POLL_MS) > 0)
			break;
		late = helper_time(h) > COMPILE_MS;
		if (late) {
			kill(h->pid, SIGKILL);
			break;
		}
	}
	int status = helper_wait(h);
	return late ? -1 : status;
}

static bool map_compiled(struct matcher_rules *r, int memory, const struct log *log)
{
	off_t size = lseek(memory, 0, SEEK_END);
	void *p = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, memory, 0) : MAP_FAILED;
	if (p != MAP_FAILED)
		r->compiled = span_of(p, (size_t)size);
	else
		log_error(log, "the compiled rules cannot be mapped: %s", strerror(errno));
	return p != MAP_FAILED;
}

static bool compile(struct matcher_rules *r, const struct yara_text *v, uint32_t n, const struct log *log)
{
	int ends[2];
	struct words *w = board_new(sizeof(*w));
	AUTO_CLOSE int memory = memfd_create("auscult-rules", MFD_CLOEXEC);
	if (!w || memory < 0 || pipe2(ends, O_CLOEXEC) < 0) {
		log_error(log, "the rules cannot be compiled: %s", strerror(errno));
		return false;
	}
	fflush(NULL);
	struct helper h = { fork(), ends[0] };
	if (h.pid == 0)
		compile_child(v, n, w, memory);
	close(ends[1]);
	int status = h.pid < 0 ? -1 : await_compiler(&h);
	bool ended = h.pid > 0 && status >= 0 && WIFEXITED(status), good = ended && WEXITSTATUS(status) == 0;
	say_words(w, log);
	if (h.pid < 0 || (ended && WEXITSTATUS(status) == 2))
		log_error(log, "the process that compiles rules could not be started");
	else if (!ended)
		log_error(log, "the rules could not be compiled: their process %s", status < 0 ? "took too long" : "broke down");
	else if (!good)
		log_error(log, "nothing was inspected: mend these rules, or name only files that are sound");
	r->n = good ? w->rules : 0;
	munmap(w, sizeof(*w));
	return good && map_compiled(r, memory, log);
}

/* ---- files of rules ---- */

struct shelf {
	struct material material;
	struct yara_text *v;
	uint32_t n, room;
	uint64_t bytes;
	struct arena arena;
};

static bool is_rule_file(struct span path)
{
	static const char *const ends[] = { ".yar", ".yara", ".rule", ".rules" };
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		size_t n = strlen(ends[i]);
		if (path.n > n && span_is(span_from(path, path.n - n), ends[i]))
			return true;
	}
	return false;
}

static bool shelf_add(struct shelf *s, const char *path, const struct log *log)
{
	struct stat st;
	uint32_t before = s->material.n, had = s->n;
	if (!material_add(&s->material, path, log))
		return false;
	bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	for (uint32_t i = before; i < s->material.n; i++) {
		const struct material_item *m = &s->material.v[i];
		if (m->head.type != MEMBER_FILE || (folder && !is_rule_file(m->head.path)))
			continue;
		if (s->n == s->room) {
			s->room = s->room ? 2 * s->room : 16;
			s->v = mem_grow(s->v, s->room, sizeof(*s->v));
		}
		const char *name = folder
					 ? arena_printf(&s->arena, "%s/%.*s", path, (int)m->head.path.n, (const char *)m->head.path.p)
					 : arena_printf(&s->arena, "%s", path);
		s->bytes += m->content.n;
		s->v[s->n++] = (struct yara_text){ name ? name : "", m->content };
	}
	if (s->n == had)
		log_error(log, "%s: no file of rules in it (.yar, .yara, .rule or .rules)", path);
	if (s->n > YARA_FILES || s->bytes > YARA_BYTES)
		log_error(log, "%s: more rules than %d files or %d MiB: give fewer at a time", path, YARA_FILES, YARA_BYTES >> 20);
	return s->n > had && s->n <= YARA_FILES && s->bytes <= YARA_BYTES;
}

/* Hashes of hashes, so that no text can be shifted into a name. */
static void shelf_digest(const struct shelf *s, uint8_t out[32])
{
	struct buf b = { 0 };
	uint8_t digest[32];
	for (uint32_t i = 0; i < s->n; i++) {
		keyring_sha256(span_str(s->v[i].name), digest);
		buf_bytes(&b, span_of(digest, sizeof(digest)));
		keyring_sha256(s->v[i].content, digest);
		buf_bytes(&b, span_of(digest, sizeof(digest)));
	}
	keyring_sha256(buf_span(&b), out);
	buf_done(&b);
}

bool matcher_load(struct matcher_rules *r, const char *const *paths, unsigned n, const struct log *log)
{
	struct shelf s = { 0 };
	bool good = true;
	*r = (struct matcher_rules){ 0 };
	arena_init(&s.arena, ARENA);
	for (unsigned i = 0; i < n && good; i++)
		good = shelf_add(&s, paths[i], log);
	r->files = s.n;
	if (good)
		shelf_digest(&s, r->digest);
	good = good && compile(r, s.v, s.n, log);
	material_done(&s.material);
	arena_done(&s.arena);
	free(s.v);
	return good;
}

void matcher_unload(struct matcher_rules *r)
{
	if (r->compiled.n)
		munmap((void *)(uintptr_t)r->compiled.p, r->compiled.n);
	*r = (struct matcher_rules){ 0 };
}

/* ---- matching: the child ---- */

struct match_board {
	_Atomic uint32_t at;                     /* the member that is looked into */
	_Atomic uint64_t bytes;                  /* looked through */
};

struct bench {
	const struct matcher_order *order;
	int fd;
	struct buf out;
	struct arena arena;
};

/* At once: what a later member does to this process takes nothing away. */
static void on_match(void *to, const struct record *r)
{
	struct bench *b = to;
	if (!wire_put(&b->out, b->order->registry, r))
		return;
	write_all(b->fd, buf_span(&b->out));
	buf_reset(&b->out);
}

static void send_trouble(struct bench *b, const struct record_host *host, uint32_t file, const char *why)
{
	struct record r;
	record_begin(&r, &yara_match_type, NULL, host);
	record_uint(&r, YAM_FILE, file);
	record_str(&r, YAM_SOURCE, why);
	on_match(b, &r);
}

enum { WORD_MAX = 160, CULPRITS = 8 };

/* NULL: looked through to the end, else why not. What is too much with all rules is tried without the one at which
 * it was too much; gently, as it ended a process already: without all slow ones. */
static const char *look_into(struct yara_scanner *y, const struct matcher_order *o, uint32_t i, bool gently,
			     const struct record_host *host, const struct sink *to, char word[WORD_MAX])
{
	const struct judge_file *f = &o->files[i];
	uint32_t left = gently ? yara_scanner_hush_slow(y) : 0, tries = 0;
	enum yara_scanned got = yara_scan(y, i, f->path, f->content, host, to), first = got;
	while (got >= YARA_NO_MEMORY && tries++ < CULPRITS && yara_scanner_hush_culprit(y)) {
		left++;
		got = yara_scan(y, i, f->path, f->content, host, to);
	}
	yara_scanner_hush_none(y);
	if (got >= YARA_NO_MEMORY || !(gently || left))
		return yara_scanned_word(got);
	snprintf(word, WORD_MAX, "%s, so %u of them were left out", gently ? "they took too long" : yara_scanned_word(first),
		 left);
	return word;
}

/* gently: the first one without the rules that are slow, as it was too much with them. */
static void match_child(const struct matcher_order *o, uint32_t from, bool gently, struct match_board *board, int fd)
{
	struct bench b = { .order = o, .fd = fd };
	const struct sink to = { on_match, &b };
	const struct record_host host = { .arena = &b.arena };
	arena_init(&b.arena, ARENA);
	enter(o->limits.all_ms);
	struct yara_scanner *y = yara_scanner_open(o->rules->compiled);
	if (!y)
		_exit(2);
	for (uint32_t i = from; i < o->n; i++) {
		char word[WORD_MAX];
		atomic_store(&board->at, i);
		const char *why = look_into(y, o, i, gently && i == from, &host, &to, word);
		if (why)
			send_trouble(&b, &host, i, why);
		arena_reset(&b.arena);
		atomic_fetch_add(&board->bytes, o->files[i].content.n);
	}
	_exit(0);
}

/* ---- matching: the parent ---- */

struct watch {
	const struct matcher_order *order;
	struct matcher_sum *sum;
	struct match_board *board;
	uint32_t from, matches, said;
	bool gently;                             /* the first member ended a process already */
	uint64_t spent_ms;                       /* by the processes before this one */
};

static void say_unmatched(struct watch *w, uint32_t file, const char *why)
{
	w->sum->unmatched++;
	if (w->said++ < TROUBLE_SAID)
		log_warn(w->order->log, "%s: not looked through with the rules to the end: %s", w->order->files[file].where, why);
}

/* A record without a rule says why a member was not looked through. */
static void take(void *ctx, const struct record *r)
{
	struct watch *w = ctx;
	uint64_t file = record_get_uint(r, YAM_FILE);
	char why[WORD_MAX];
	if (r->type != &yara_match_type || file >= w->order->n)
		return;
	if (!record_has(r, YAM_RULE)) {
		struct span s = span_cut(record_get_text(r, YAM_SOURCE), sizeof(why) - 1);
		snprintf(why, sizeof(why), "%.*s", (int)s.n, (const char *)s.p);
		say_unmatched(w, (uint32_t)file, why);
	} else if (w->matches++ < MATCHER_MATCHES) {
		publish(w->order->to, r);
	} else {
		w->sum->dropped++;
	}
}

static uint32_t at_member(const struct watch *w)
{
	uint32_t at = atomic_load(&w->board->at);
	return at < w->from ? w->from : at < w->order->n ? at : w->order->n - 1;
}

/* Takes what it sends until it ends. NULL, or why it was ended: it took too long with one member, or with all. */
static const char *watch_helper(struct watch *w, const struct helper *h)
{
	const struct matcher_limits *l = &w->order->limits;
	struct wire_pipe pipe;
	uint32_t member = w->from;
	uint64_t begun = 0, left_ms = w->spent_ms < l->all_ms ? l->all_ms - w->spent_ms : 0;
	const char *why = NULL;
	wire_pipe_open(&pipe, h->fd, w->order->registry);
	for (bool more = true; more;) {
		struct pollfd ready = { .fd = h->fd, .events = POLLIN };
		bool silent = poll(&ready, 1, POLL_MS) <= 0;
		uint64_t now = helper_time(h);
		if (at_member(w) != member) {
			member = at_member(w);
			begun = now;
		}
		uint64_t most = l->member_ms + (w->order->files[member].content.n >> 20) * MEMBER_MS_OF_MIB;
		progress_at(w->order->progress, atomic_load(&w->board->bytes), member, 0);
		if (!silent)
			more = wire_pipe_read(&pipe, take, w);
		if (more && (now - begun > most || now > left_ms)) {
			why = "they take too long with it";
			kill(h->pid, SIGKILL);
			break;
		}
	}
	w->spent_ms += helper_time(h);
	if (!wire_pipe_close(&pipe) && !why)
		why = "the process sent what it must not";
	return why;
}

/* One process, from w->from on. Returns the first member that is still to be looked into; -1: it could not run. */
static int64_t run_helper(struct watch *w)
{
	const struct matcher_order *o = w->order;
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	atomic_store(&w->board->at, w->from);
	fflush(NULL);
	struct helper h = { fork(), ends[0] };
	if (h.pid == 0)
		match_child(o, w->from, w->gently, w->board, ends[1]);
	close(ends[1]);
	if (h.pid < 0) {
		close(ends[0]);
		return -1;
	}
	const char *why = watch_helper(w, &h);
	int status = helper_wait(&h);
	uint32_t at = at_member(w);
	char word[96];
	if (!why && WIFEXITED(status))
		return WEXITSTATUS(status) == 0 ? (int64_t)o->n : -1;
	bool again = !(w->gently && at == w->from);
	w->gently = again;
	if (again)
		return at;
	if (!why)
		snprintf(word, sizeof(word), "their process was ended by signal %d%s", WTERMSIG(status),
			 WTERMSIG(status) == SIGSYS ? " (a forbidden system call)" : "");
	say_unmatched(w, at, why ? why : word);
	return (int64_t)at + 1;
}

static void set_limits(struct matcher_order *o)
{
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < o->n; i++)
		bytes += o->files[i].content.n;
	if (!o->limits.member_ms)
		o->limits.member_ms = MEMBER_MS;
	if (!o->limits.all_ms)
		o->limits.all_ms = ALL_MS + (bytes >> 20) * ALL_MS_OF_MIB;
	progress_start(o->progress, o->progress->mode, o->progress->fd, bytes, "matching rules");
	o->progress->items = "files";
}

bool matcher_run(const struct matcher_order *given, struct matcher_sum *sum)
{
	struct matcher_order o = *given;
	struct watch w = { .order = &o, .sum = sum, .board = board_new(sizeof(*w.board)) };
	unsigned deaths = 0;
	int64_t next = 0;
	*sum = (struct matcher_sum){ 0 };
	set_limits(&o);
	while (w.board && next >= 0 && next < o.n) {
		w.from = (uint32_t)next;
		next = run_helper(&w);
		bool stop = next >= 0 && next < o.n && (++deaths == DEATHS || w.spent_ms > o.limits.all_ms);
		if (!stop)
			continue;
		log_warn(o.log, "%lld files were not looked into with the rules: %s", (long long)(o.n - next),
			 deaths == DEATHS ? "too many ended their process" : "the time for all of them is over");
		sum->unmatched += (uint32_t)(o.n - next);
		break;
	}
	progress_end(o.progress);
	if (w.said > TROUBLE_SAID)
		log_warn(o.log, "and %u more files that were not looked through", w.said - TROUBLE_SAID);
	if (sum->dropped)
		log_warn(o.log, "%llu matches past the first %d are left out: these rules match too much",
			 (unsigned long long)sum->dropped, MATCHER_MATCHES);
	bool good = w.board && next >= 0;
	if (!good)
		log_error(o.log, "the process that looks for rules could not be run");
	if (w.board)
		munmap(w.board, sizeof(*w.board));
	return good;
}
