/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parent's side: starts auscult-worker with descriptors only, reads its pipe, ends it when it hangs. */
#include "fw/flow/flow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "record/wire.h"

enum {
	LIBRARIES = 63, SECONDS = 60, PATIENCE = 10, LOOK_MS = 250, READ_BYTES = 1 << 16, FIRST_FREE = 100,
	OUT_FD = 3, ARENA_CAP = 64 << 20,
};

struct flow_run {
	pid_t pid;
	int fd;
	char *name;
	uint64_t started_ms, ended_ms, seconds;
	struct registry registry;
	struct arena arena;
	struct buf in;
	size_t used;
	bool summed, killed, refused;
};

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What the worker has used of a processor: a busy machine makes nothing of a trace but slower. */
static uint64_t worker_ms(const struct flow_run *r)
{
	clockid_t clock;
	struct timespec t;
	if (clock_getcpuclockid(r->pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return now_ms() - r->started_ms;
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void worker_path(char *out, size_t n)
{
	ssize_t len = readlink("/proc/self/exe", out, n - 1);
	out[len > 0 ? len : 0] = 0;
	char *slash = strrchr(out, '/');
	size_t at = slash ? (size_t)(slash + 1 - out) : 0;
	snprintf(out + at, n - at, "auscult-worker");
	if (access(out, X_OK) < 0)
		snprintf(out, n, "%s", AUSCULT_WORKER_PATH);
}

static int spawn(struct flow_run *r, const char *worker, int out, const int *fds, char *const *argv, char *const *env,
		 unsigned n)
{
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);
	if (rc)
		return -rc;
	rc = posix_spawn_file_actions_adddup2(&actions, out, OUT_FD);
	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = posix_spawn_file_actions_adddup2(&actions, fds[i], OUT_FD + 1 + (int)i);
	if (rc == 0)
		rc = posix_spawn(&r->pid, worker, &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

static int start(struct flow_run *r, const char *worker, const struct flow_file *files, unsigned n,
		 const struct flow_limits *limits)
{
	char path[4096], texts[3][64];
	char *argv[LIBRARIES + 3], *env[4] = { NULL };
	int fds[LIBRARIES + 1], pipes[2];
	if (!worker) {
		worker_path(path, sizeof(path));
		worker = path;
	}
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	int out = fcntl(pipes[1], F_DUPFD_CLOEXEC, FIRST_FREE), rc = out < 0 ? -errno : 0;
	close(pipes[1]);
	r->fd = pipes[0];
	argv[0] = mem_text(SPAN_LIT("auscult-worker"));
	for (unsigned i = 0; i < n; i++) {       /* out of the way of the numbers they will get */
		fds[i] = fcntl(files[i].fd, F_DUPFD_CLOEXEC, FIRST_FREE);
		argv[i + 1] = mem_text(span_str(files[i].name));
		rc = fds[i] < 0 && rc == 0 ? -errno : rc;
	}
	argv[n + 1] = NULL;
	const uint64_t values[] = { limits->instructions, limits->root_instructions, limits->output_bytes };
	static const char *const names[] = { "AUSCULT_INSTRUCTIONS", "AUSCULT_ROOT", "AUSCULT_OUTPUT" };
	for (unsigned i = 0, k = 0; i < ARRAY_LEN(names); i++) {
		snprintf(texts[i], sizeof(texts[i]), "%s=%llu", names[i], (unsigned long long)values[i]);
		if (values[i])
			env[k++] = texts[i];
	}
	if (rc == 0)
		rc = spawn(r, worker, out, fds, argv, env, n);
	for (unsigned i = 0; i <= n; i++)
		free(argv[i]);
	for (unsigned i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (out >= 0)
		close(out);
	return rc;
}

int flow_start(struct flow_run **out, const char *worker, struct flow_file program, const struct flow_file *libraries,
	       unsigned nlibraries, const struct flow_limits *limits)
{
	struct flow_file files[LIBRARIES + 1] = { program };
	struct flow_run *r = mem_new(sizeof(*r));
	unsigned n = nlibraries < LIBRARIES ? nlibraries : LIBRARIES;
	for (unsigned i = 0; i < n; i++)
		files[i + 1] = libraries[i];
	r->fd = -1;
	r->name = mem_text(span_str(program.name));
	r->started_ms = now_ms();
	r->seconds = limits->seconds ? limits->seconds : SECONDS;
	trace_registry(&r->registry);
	arena_init(&r->arena, ARENA_CAP);
	int rc = start(r, worker, files, n + 1, limits);
	if (rc < 0) {
		r->pid = 0;
		flow_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

int flow_fd(const struct flow_run *r)
{
	return r->fd;
}

/* In place of the summary the worker owes. */
static void publish_end(struct flow_run *r, const struct sink *to, int status)
{
	struct record_host host = { .arena = &r->arena };
	struct record s;
	const char *why = arena_printf(&r->arena, "the worker ended with %d", WEXITSTATUS(status));
	if (r->refused)
		why = "the worker sent what is no record";
	else if (r->killed)
		why = "time limit: the worker was ended";
	else if (WIFSIGNALED(status))
		why = WTERMSIG(status) == SIGSYS ? "the worker made a forbidden call and was ended"
			: arena_printf(&r->arena, "the worker died of signal %d", WTERMSIG(status));
	record_begin(&s, &fwtrace_type, NULL, &host);
	record_str(&s, FWT_PROGRAM, r->name);
	record_str(&s, FWT_STOPPED, why);
	publish(to, &s);
	r->summed = true;
}

static void take(struct flow_run *r, const struct sink *to)
{
	struct rd in = rd_of(span_from(buf_span(&r->in), r->used));
	for (;;) {
		struct record *rec;
		size_t before = rd_left(&in);
		arena_reset(&r->arena);
		enum wire_got got = wire_get(&in, &r->registry, &r->arena, &rec);
		if (got == WIRE_BAD)
			r->refused = true;
		if (got != WIRE_RECORD)
			break;
		r->used += before - rd_left(&in);
		r->summed |= rec->type == &fwtrace_type;
		publish(to, rec);
	}
	struct span rest = span_from(buf_span(&r->in), r->used);
	struct buf left = { .cap = r->in.cap };
	buf_bytes(&left, rest);
	buf_done(&r->in);
	r->in = left;
	r->used = 0;
}

static enum flow_state finish(struct flow_run *r, const struct sink *to)
{
	int status = 0;
	if (r->killed || r->refused)
		kill(r->pid, SIGKILL);
	while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	r->pid = 0;
	r->ended_ms = now_ms();
	if (!r->summed)
		publish_end(r, to, status);
	return FLOW_DONE;
}

enum flow_state flow_read(struct flow_run *r, const struct sink *to)
{
	uint64_t limit = r->seconds * 1000;
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	if (!r->pid)
		return FLOW_DONE;
	if (worker_ms(r) >= limit || now_ms() - r->started_ms >= PATIENCE * limit) {
		r->killed = true;
		return finish(r, to);
	}
	if (poll(&p, 1, LOOK_MS) == 0)
		return FLOW_RUNNING;
	uint8_t *at = buf_room(&r->in, READ_BYTES);
	ssize_t n = at ? read(r->fd, at, READ_BYTES) : -1;
	if (at)
		r->in.n -= READ_BYTES - (n > 0 ? (size_t)n : 0);
	if (n > 0)
		take(r, to);
	return n <= 0 || r->refused ? finish(r, to) : FLOW_RUNNING;
}

uint64_t flow_milliseconds(const struct flow_run *r)
{
	return (r->ended_ms ? r->ended_ms : now_ms()) - r->started_ms;
}

void flow_free(struct flow_run *r)
{
	if (!r)
		return;
	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	if (r->fd >= 0)
		close(r->fd);
	free(r->name);
	buf_done(&r->in);
	arena_done(&r->arena);
	free(r);
}
