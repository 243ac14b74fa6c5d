/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wires unpacking and the stages behind it into one sandboxed process: a function a stage, each reads what
 * the ones before it left in struct job. */
#include "cmd/inspector.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/keyring.h"
#include "base/sandbox.h"
#include "fw/model/binary.h"
#include "fw/model/database.h"
#include "fw/model/identity.h"
#include "fw/model/startup.h"
#include "fw/unpack/records.h"
#include "record/wire.h"

enum { IDENTITIES = 1024, OUT_FLUSH = 64 * 1024 };

struct job {
	const struct inspector_setup *set;
	struct inspector_board *board;
	const struct registry *registry;
	int out_fd;
	struct buf out;
	struct arena scratch;                    /* one record's texts */
	struct record_host host;
	struct record r;
	struct arena arena;                      /* what lives as long as the job */
	struct members *members;
	uint8_t *classes;                        /* enum file_class, by member */
	struct paths *paths;
	struct startup startup;
	struct binaries binaries;
	uint64_t looked;
	uint32_t identities, untold;             /* what files say of the whole; past the cap */
	uint32_t turn;                           /* members that were looked into */
};

static void flush(struct job *j)
{
	struct span left = buf_span(&j->out);
	while (left.n) {
		ssize_t n = write(j->out_fd, left.p, left.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);                /* nobody listens any more */
		left = span_from(left, (size_t)n);
	}
	buf_reset(&j->out);
}

/* Leaves the scratch arena alone: the next record's texts lie in it too. */
static void put_record(struct job *j)
{
	if (!wire_put(&j->out, j->registry, &j->r))
		snprintf(j->board->error, INSPECTOR_ERROR, "a record was too long and is missing");
	if (j->out.n >= OUT_FLUSH)
		flush(j);
}

static void send_record(struct job *j)
{
	put_record(j);
	arena_reset(&j->scratch);
}

static void progress(void *ctx, const struct members *m)
{
	struct job *j = ctx;
	uint64_t met = j->set->material->bytes + m->bytes;
	j->looked += m->v[j->turn++].size;
	atomic_store_explicit(&j->board->looked, j->looked, memory_order_relaxed);
	atomic_store_explicit(&j->board->known, met, memory_order_relaxed);
	atomic_store_explicit(&j->board->members, m->n, memory_order_relaxed);
}

static void stage_unpack(struct job *j)
{
	const struct material *in = j->set->material;
	struct budget b = budget_for(in->bytes);
	if (j->set->extract)
		b.memory = 0;
	j->members = members_new(b, j->set->spool);
	for (uint32_t i = 0; i < in->n; i++)
		members_input(j->members, &in->v[i].head, in->v[i].content);
	unpack_all(j->members, progress, j);
}

/* The tables of a database; one without a name says what is wrong with the whole. */
static void send_tables(struct job *j, struct span content, struct span where)
{
	struct arena own;
	struct database d;
	arena_init(&own, 16 << 20);
	(void)!database_read(content, &own, NULL, &d);
	for (unsigned i = 0; i < d.ntables; i++) {
		table_record(&d.tables[i], where, &j->r, &j->host);
		send_record(j);
	}
	if (d.damage) {
		table_record(&(struct database_table){ .damage = d.damage }, where, &j->r, &j->host);
		send_record(j);
	}
	arena_done(&own);
}

/* The byte lies in a container of the file that was opened: the member in it says the same, and nearer. */
static bool is_opened(const struct members *m, uint32_t file, uint64_t offset)
{
	for (uint32_t i = 1; i < m->nc; i++) {
		const struct container *c = &m->c[i];
		if (c->member == file && c->nmembers && offset >= c->offset && offset - c->offset < c->length)
			return true;
	}
	return false;
}

/* What each file is. Keys and accounts are published as they are met. */
static void file_model(struct job *j, uint32_t i, struct span content)
{
	const struct member *f = &j->members->v[i];
	enum file_class class = file_classify(f, content);
	struct key keys[KEYS_MAX];
	struct buf where = { 0 };
	j->classes[i] = (uint8_t)class;
	binaries_add(&j->binaries, i, content, &j->arena);
	member_where(j->members, i, &where);
	unsigned n = key_find(content, keys);
	for (unsigned k = 0; k < n; k++) {
		key_record(&keys[k], buf_span(&where), &j->r, &j->host);
		send_record(j);
	}
	struct identity says[IDENTITY_MAX];
	n = identity_find(f, content, &j->scratch, says);
	for (unsigned k = 0; k < n; k++) {
		if (is_opened(j->members, i, says[k].offset))
			continue;
		if (j->identities == IDENTITIES) {
			j->untold++;
			continue;
		}
		j->identities++;
		identity_record(&says[k], buf_span(&where), &j->r, &j->host);
		put_record(j);
	}
	arena_reset(&j->scratch);
	if (class == FILE_SQLITE)
		send_tables(j, content, buf_span(&where));
	struct account a;
	struct rd r = rd_of(content);
	uint32_t line = 0;
	while ((class == FILE_PASSWD || class == FILE_SHADOW) && account_next(&r, &line, &a)) {
		account_record(&a, buf_span(&where), &j->r, &j->host);
		send_record(j);
	}
	buf_done(&where);
}

/* What programs are, and which libraries of the image they load. */
static void send_binaries(struct job *j)
{
	uint32_t linked[BINARY_CLOSURE];
	binaries_link(&j->binaries, j->members, j->paths);
	for (uint32_t i = 0; i < j->binaries.n; i++) {
		binary_record(&j->binaries, i, j->members, &j->r, &j->host);
		send_record(j);
		unsigned n = binaries_closure(&j->binaries, i, linked);
		for (unsigned k = 0; j->set->extract && k < n; k++) {
			record_begin(&j->r, &linked_type, NULL, &j->host);
			record_uint(&j->r, LNK_PROGRAM, j->binaries.v[i].member);
			record_uint(&j->r, LNK_LIBRARY, linked[k]);
			send_record(j);
		}
	}
}

static void stage_model(struct job *j)
{
	struct members *m = j->members;
	j->classes = mem_new((size_t)m->n + 1);
	for (uint32_t i = 0; i < m->n; i++) {
		struct member f = m->v[i];
		if (f.type != MEMBER_FILE)
			continue;
		struct span content = member_map(m, &f);
		file_model(j, i, content);
		member_unmap(&f, content);
	}
	j->paths = paths_new(m);
	send_binaries(j);
	startup_read(m, j->paths, &j->arena, &j->startup);
	for (uint32_t i = 0; i < j->startup.n; i++) {
		start_record(&j->startup, i, m, &j->r, &j->host);
		send_record(j);
	}
}

static void stage_publish(struct job *j)
{
	const struct members *m = j->members;
	inspection_record(m, &j->r, &j->host);
	if (j->untold)
		record_uint(&j->r, INS_UNTOLD, j->untold);
	send_record(j);
	for (uint32_t i = 1; i < m->nc; i++) {
		container_record(m, i, &j->r, &j->host);
		send_record(j);
	}
	for (uint32_t i = 0; i < m->nareas; i++) {
		area_record(m, i, &j->r, &j->host);
		send_record(j);
	}
	for (uint32_t i = 0; i < m->nstrips; i++) {
		strip_record(m, i, &j->r, &j->host);
		send_record(j);
	}
	for (uint32_t i = 0; i < m->ntrees; i++) {
		device_tree_record(m, i, &j->r, &j->host);
		send_record(j);
	}
	for (uint32_t i = 0; i < m->npartitions; i++) {
		partition_record(m, i, &j->r, &j->host);
		send_record(j);
	}
	for (uint32_t i = 0; i < m->n; i++) {
		member_record(m, i, m->v[i].type == MEMBER_FILE ? file_class_name(j->classes[i]) : NULL, &j->r, &j->host);
		send_record(j);
	}
	for (uint32_t i = 0; j->set->extract && i < m->n; i++) {
		if (m->v[i].container == 0)
			continue;
		extract_record(m, i, &j->r, &j->host);
		send_record(j);
	}
}

static void job_run(struct job *j)
{
	arena_init(&j->scratch, 16 << 20);
	j->host.arena = &j->scratch;
	arena_init(&j->arena, 64 << 20);
	j->host.keyring = keyring_new(j->set->key);
	stage_unpack(j);
	stage_model(j);
	stage_publish(j);
	flush(j);
}

/* What libraries would open or load on first use, done while it may still be. */
static void warm_up(void)
{
	uint8_t digest[32];
	keyring_sha256(SPAN_LIT("warm"), digest);
	keyring_free(keyring_new(keyring_test_key));
	database_warm_up();
}

static void child(const struct inspector_setup *s, struct inspector_board *board, const struct registry *g, int out_fd)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	struct job *j = mem_new(sizeof(*j));
	*j = (struct job){ .set = s, .board = board, .registry = g, .out_fd = out_fd };
	warm_up();
	int rc = sandbox_enter(SANDBOX_UNPACK);
	if (rc < 0) {
		snprintf(board->error, sizeof(board->error), "the sandbox could not be entered: %s", strerror(-rc));
		_exit(2);
	}
	job_run(j);
	_exit(0);
}

int inspector_start(const struct inspector_setup *s, const struct registry *g, struct inspector *i)
{
	int ends[2];
	void *board = mmap(NULL, sizeof(struct inspector_board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		return -errno;
	if (pipe(ends) < 0) {
		int err = errno;
		munmap(board, sizeof(struct inspector_board));
		return -err;
	}
	fflush(NULL);
	int pid = fork(), err = errno;
	if (pid == 0) {
		close(ends[0]);
		child(s, board, g, ends[1]);
	}
	close(ends[1]);
	*i = (struct inspector){ pid, ends[0], board };
	if (pid >= 0)
		return 0;
	inspector_done(i);
	return -err;
}

bool inspector_take(const struct inspector *from, const struct registry *g, struct progress *p,
		    void (*each)(void *ctx, const struct record *r), void *ctx)
{
	enum { POLL_MS = 200 };
	struct wire_pipe pipe;
	wire_pipe_open(&pipe, from->fd, g);
	for (bool more = true; more;) {
		struct pollfd ready = { .fd = from->fd, .events = POLLIN };
		p->total = atomic_load(&from->board->known);
		progress_at(p, atomic_load(&from->board->looked), atomic_load(&from->board->members), 0);
		if (poll(&ready, 1, POLL_MS) > 0)
			more = wire_pipe_read(&pipe, each, ctx);
	}
	return wire_pipe_close(&pipe);
}

int inspector_wait(struct inspector *i)
{
	int status = 0;
	while (waitpid(i->pid, &status, 0) < 0 && errno == EINTR)
		;
	i->board->error[INSPECTOR_ERROR - 1] = '\0';
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	int sig = WTERMSIG(status);
	snprintf(i->board->error, INSPECTOR_ERROR,
		 "the inspecting process was ended by signal %d%s; what it reported before is shown", sig,
		 sig == SIGSYS	 ? " (a forbidden system call)"
		 : sig == SIGBUS ? " (the input became shorter while it was read)"
				 : "");
	return 2;
}

void inspector_done(struct inspector *i)
{
	close(i->fd);
	munmap(i->board, sizeof(struct inspector_board));
}
