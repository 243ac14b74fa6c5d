/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wires capture, track and detect into one sandboxed process. */
#include "cmd/engine.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "base/mem.h"
#include "base/sandbox.h"
#include "base/scope.h"
#include "capture/capture.h"
#include "cmd/cmd.h"
#include "detect/baseline.h"
#include "detect/detect.h"
#include "inventory/card.h"
#include "record/wire.h"
#include "sensor/sensor.h"
#include "track/tracker.h"

enum { OUT_FLUSH = 64 * 1024, TICK_NS = 1000000000 };

struct core {
	const struct engine_setup *set;
	struct engine_board *board;
	const struct registry *registry;
	int out_fd;
	struct buf out;
	bool broken_pipe;
	struct keyring *keyring;
	struct indicators *indicators;
	struct profiles *profiles;
	struct cards *cards;
	struct baseline *baseline;
	struct tracker *tracker;
	struct detect *detect;
	struct health health;
	struct sink from_tracker, to_parent;
	uint64_t next_tick;
	uint64_t before;                         /* bytes of earlier inputs, for progress */
	bool *passed;                            /* by registry index: goes to the parent */
	bool damaged;
};

static void flush(struct core *c)
{
	struct span left = buf_span(&c->out);
	while (left.n && !c->broken_pipe) {
		ssize_t n = write(c->out_fd, left.p, left.n);
		if (n < 0 && errno == EINTR)
			continue;
		c->broken_pipe = n <= 0;
		left = span_from(left, n > 0 ? (size_t)n : 0);
	}
	buf_reset(&c->out);
}

static void send_record(void *to, const struct record *r)
{
	struct core *c = to;
	if (!wire_put(&c->out, c->registry, r))
		c->health.records_dropped++;
	if (c->out.n >= OUT_FLUSH)
		flush(c);
}

static void from_tracker(void *to, const struct record *r)
{
	struct core *c = to;
	detect_record(c->detect, r);
	int i = registry_index(c->registry, r->type);
	if (i >= 0 && c->passed[i])
		send_record(c, r);
}

static void all_from_tracker(void *to, const struct record *r, size_t n)
{
	struct core *c = to;
	detect_records(c->detect, r, n);
	int k = registry_index(c->registry, r->type);
	for (size_t i = 0; k >= 0 && c->passed[k] && i < n; i++)
		send_record(c, &r[i]);
}

static unsigned wants_record(void *ctx, const struct record_type *t)
{
	const struct core *c = ctx;
	int i = registry_index(c->registry, t);
	return i >= 0 && c->passed[i] ? WAY_BOTH : detect_wants(c->detect, t);
}

static const char *file_name(void *ctx, uint32_t file)
{
	const struct core *c = ctx;
	return file < c->set->ninputs ? c->set->inputs[file].name : "";
}

bool engine_keeps(const struct record_type *t)
{
	static const char *const kept[] = { "device", "flow", "transfer", "rewrite", "learnt", "mount", "finding", "case",
					    "exposure", "health" };
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (strcmp(t->name, kept[i]) == 0)
			return true;
	return false;
}

static bool is_passed(const struct engine_setup *s, const struct record_type *t)
{
	if (t->working)
		return false;
	for (const char *const *k = s->kinds; k && *k; k++)
		if (strcmp(t->name, *k) == 0)
			return true;
	if (s->kinds)
		return false;
	return s->everything || (engine_keeps(t) && (s->flows || strcmp(t->name, "flow") != 0));
}

static bool fail(struct core *c, const char *why)
{
	snprintf(c->board->error, sizeof(c->board->error), "%s", why);
	return false;
}

static bool read_indicators(struct core *c)
{
	c->indicators = indicators_new();
	for (uint32_t i = 0; i < c->set->nindicators; i++) {
		char err[256] = "";
		if (indicators_read(c->indicators, c->set->indicators[i], c->set->indicator_names[i], err) < 0)
			return fail(c, err);
	}
	for (size_t i = 0; i < c->set->nforetold; i++)
		indicators_foretold(c->indicators, &c->set->foretold[i]);
	return true;
}

/* Says the first error: the rest is for auscult profile check. */
static bool read_profiles(struct core *c)
{
	struct complaints said = { 0 };
	c->profiles = profiles_new();
	bool ok = true;
	for (uint32_t i = 0; ok && i < c->set->nprofiles; i++) {
		const struct document *f = &c->set->profiles[i];
		buf_reset(&said.text);
		ok = profiles_read(c->profiles, buf_span(&f->bytes), f->name, &said) != NULL;
		struct rd r = rd_of(buf_span(&said.text));
		struct span line = { 0 };
		while (rd_until(&r, '\n', &line) && span_starts(line, SPAN_LIT("warning: ")))
			;
		if (!ok)
			snprintf(c->board->error, sizeof(c->board->error), "%.200s: %.*s; all of it: auscult profile check FILE", f->name,
				 (int)(line.n < 200 ? line.n : 200), (const char *)line.p);
	}
	complaints_done(&said);
	return ok;
}

static bool read_cards(struct core *c)
{
	char err[CARD_ERR];
	if (!c->set->ncards)
		return true;
	c->cards = cards_new();
	for (uint32_t i = 0; i < c->set->ncards; i++)
		if (cards_read(c->cards, buf_span(&c->set->cards[i].bytes), c->set->cards[i].name, c->set->card_devices[i], err) < 0)
			return fail(c, err);
	return true;
}

static bool start_detect(struct core *c)
{
	static const struct record_type *const types[] = {
		&contact_type, &answer_type, &again_type, &flow_type, &rewrite_type, &transfer_type, &learnt_type,
		&device_type, NULL,
	};
	struct detect_setup d = {
		.types = types, .devices = tracker_devices(c->tracker), .zones = tracker_zones(c->tracker),
		.indicators = c->indicators, .profiles = c->profiles, .cards = c->cards, .baseline = c->baseline,
		.keyring = c->keyring,
		.conf = c->set->conf, .file_name = file_name, .ctx = c,
	};
	char err[256] = "";
	c->detect = detect_new(&d, err);
	return c->detect || fail(c, err);
}

static bool core_start(struct core *c)
{
	c->keyring = keyring_new(c->set->key);
	c->passed = mem_array(c->registry->n + 1, sizeof(*c->passed));
	for (unsigned i = 0; i < c->registry->n; i++)
		c->passed[i] = is_passed(c->set, c->registry->v[i]);
	c->from_tracker = (struct sink){ from_tracker, c, all_from_tracker };
	c->to_parent = (struct sink){ send_record, c };
	if (!read_indicators(c) || !read_profiles(c) || !read_cards(c))
		return false;
	if (c->set->baseline.n) {
		c->baseline = baseline_new();
		baseline_read(c->baseline, c->set->baseline);
	}
	c->tracker = tracker_new(&(struct tracker_setup){
		.keyring = c->keyring, .sink = &c->from_tracker, .health = &c->health, .conf = c->set->conf,
		.oui = c->set->oui, .flow_cap = c->set->flow_cap,
		.wants = wants_record, .ctx = c });
	return start_detect(c);
}

static void core_done(struct core *c)
{
	detect_free(c->detect);
	tracker_free(c->tracker);
	indicators_free(c->indicators);
	profiles_free(c->profiles);
	cards_free(c->cards);
	baseline_free(c->baseline);
	keyring_free(c->keyring);
	buf_done(&c->out);
	free(c->passed);
}

static void link_name(struct health *h, uint32_t link)
{
	static const struct {
		uint32_t link;
		const char *name;
	} names[] = {
		{ 0, "BSD loopback" }, { 1, "Ethernet" }, { 9, "PPP" }, { 12, "raw IP" }, { 14, "raw IP" }, { 50, "PPP" },
		{ 101, "raw IP" }, { 105, "802.11" }, { 108, "OpenBSD loopback" }, { 113, "Linux cooked" },
		{ 127, "802.11 radiotap" }, { 228, "raw IPv4" }, { 229, "raw IPv6" }, { 276, "Linux cooked v2" },
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].link == link) {
			health_link(h, names[i].name);
			return;
		}
	health_link(h, "not read");
}

static void tick(struct core *c)
{
	uint64_t now = c->health.last;
	if (now < c->next_tick)
		return;
	detect_tick(c->detect, now);
	c->next_tick = now + TICK_NS;
}

static void batch(struct core *c, const struct captured *frames, size_t n, uint32_t file)
{
	struct packet packets[CAPTURE_BATCH] UNSET;
	for (size_t i = 0; i < n; i++) {
		struct packet *p = &packets[i];
		*p = (struct packet){ .at = { .ts = frames[i].ts, .packet = frames[i].number, .offset = frames[i].offset,
					      .file = file } };
		packet_parse(p, frames[i].bytes, frames[i].wire, frames[i].link);
		c->health.bytes += frames[i].wire;
		c->health.bytes_read += frames[i].bytes.n;
		if (i == 0 || frames[i].link != frames[i - 1].link)
			link_name(&c->health, frames[i].link);
	}
	tracker_packets(c->tracker, packets, n);
	tick(c);
}

static void note_damage(struct core *c, uint32_t file, const char *why)
{
	c->damaged = true;
	if (!c->health.input_error[0])
		snprintf(c->health.input_error, sizeof(c->health.input_error), "%s: %s", file_name(c, file), why);
}

static bool one_input(struct core *c, uint32_t file)
{
	char err[256] = "";
	struct capture *in = NULL;
	if (capture_open(c->set->inputs[file].fd, &in, err) < 0) {
		note_damage(c, file, err);
		return false;
	}
	c->health.files++;
	struct captured frames[CAPTURE_BATCH];
	size_t n;
	while ((n = capture_batch(in, frames)) > 0 && !atomic_load_explicit(&c->board->stop, memory_order_relaxed)) {
		batch(c, frames, n, file);
		atomic_store_explicit(&c->board->consumed, c->before + capture_consumed(in), memory_order_relaxed);
		atomic_store_explicit(&c->board->packets, c->health.packets, memory_order_relaxed);
	}
	if (capture_damage(in))
		note_damage(c, file, capture_damage(in));
	if (atomic_load(&c->board->stop))
		note_damage(c, file, "stopped before its end");
	c->before += capture_consumed(in);
	capture_free(in);
	return true;
}

static void add_logs(struct core *c, struct sensors *s)
{
	for (uint32_t i = 0; i < c->set->ninputs; i++) {
		const struct engine_input *in = &c->set->inputs[i];
		if (in->kind != INPUT_CAPTURE)
			sensors_add(s, in->kind == INPUT_EVE ? SENSOR_EVE : SENSOR_ZEEK, in->fd, in->name, i);
	}
}

struct made {
	const struct sensors *sensors;
	bool packets;
};

static bool is_made(void *ctx, const struct record_type *t)
{
	const struct made *m = ctx;
	return m->packets || sensors_make(m->sensors, t);
}

/* Logs of other sensors, all of them side by side. Returns how many. */
static uint32_t all_logs(struct core *c, uint32_t captures)
{
	enum { LOOK = 256 };
	char err[256] = "";
	uint32_t file;
	if (captures == c->set->ninputs)
		return 0;
	struct sensors *s = sensors_new(c->tracker, &c->health, c->registry, err);
	if (!s) {
		fail(c, err);
		return 0;
	}
	add_logs(c, s);
	for (uint64_t n = 0; !atomic_load_explicit(&c->board->stop, memory_order_relaxed) && sensors_step(s); n++) {
		if (n % LOOK == 0)
			atomic_store_explicit(&c->board->consumed, c->before + sensors_consumed(s), memory_order_relaxed);
		tick(c);
	}
	if (sensors_damage(s, &file))
		note_damage(c, file, sensors_damage(s, &file));
	if (atomic_load(&c->board->stop))
		note_damage(c, captures, "stopped before its end");
	detect_starved(c->detect, is_made, &(struct made){ s, captures > 0 }, c->health.not_judged, c->health.in_part,
		       HEALTH_RULES);
	sensors_free(s);
	return c->set->ninputs - captures;
}

static void core_finish(struct core *c)
{
	tracker_finish(c->tracker);
	detect_tick(c->detect, c->health.last);
	detect_finish(c->detect);
	detect_publish_all(c->detect, &c->to_parent);
	struct detect_counts n = detect_counts(c->detect);
	c->health.findings = n.findings;
	c->health.findings_dropped = n.overflow;
	c->health.notes_dropped = n.dropped;
	struct zone_counts z = zone_counts(tracker_zones(c->tracker));
	snprintf(c->health.zones, sizeof(c->health.zones), "%s", z.configured
		 ? "networks as configured"
		 : "a guess: private, shared and link-local addresses are the site's, every other address is outside unless it "
		   "was seen on the wire itself");
	struct record r;
	struct record_host host = *tracker_host(c->tracker);
	health_record(&c->health, &r, &host);
	send_record(c, &r);
	flush(c);
}

int engine_run(const struct engine_setup *s, struct engine_board *board, const struct registry *g, int out_fd)
{
	struct core *c = mem_new(sizeof(*c));
	c->set = s;
	c->board = board;
	c->registry = g;
	c->out_fd = out_fd;
	int rc = 2;
	uint32_t read = 0;
	if (core_start(c)) {
		uint32_t captures = 0;
		for (uint32_t i = 0; i < s->ninputs; i++)
			if (s->inputs[i].kind == INPUT_CAPTURE) {
				captures++;
				read += one_input(c, i);
			}
		read += all_logs(c, captures);
		core_finish(c);
		rc = c->damaged ? 3 : 0;
		if (!read) {
			fail(c, c->health.input_error);
			rc = 2;
		}
	}
	core_done(c);
	free(c);
	return rc;
}

/* What libraries would open or load on first use, done while it may still be. */
static void warm_up(void)
{
	uint8_t digest[32];
	keyring_sha256(SPAN_LIT("warm"), digest);
	struct keyring *k = keyring_new(keyring_test_key);
	keyring_free(k);
	json_object_seed(0x5eed);
	tzset();                                 /* reads the time zone, which timegm looks at though it needs it not */
}

static void child(engine_job *job, void *ctx, struct engine_board *board, int out_fd)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	warm_up();
	int rc = sandbox_enter(SANDBOX_ENGINE);
	if (rc < 0) {
		snprintf(board->error, sizeof(board->error), "the sandbox could not be entered: %s", strerror(-rc));
		_exit(2);
	}
	_exit(job(ctx, board, out_fd));
}

int engine_spawn(engine_job *job, void *ctx, struct engine *e)
{
	int ends[2];
	void *board = mmap(NULL, sizeof(struct engine_board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		return -errno;
	if (pipe(ends) < 0) {
		munmap(board, sizeof(struct engine_board));
		return -errno;
	}
	fflush(NULL);
	int pid = fork();
	if (pid == 0) {
		close(ends[0]);
		child(job, ctx, board, ends[1]);
	}
	close(ends[1]);
	*e = (struct engine){ pid, ends[0], board };
	if (pid < 0) {
		int err = errno;
		engine_done(e);
		return -err;
	}
	return 0;
}

struct engine_order {
	const struct engine_setup *set;
	const struct registry *registry;
};

static int run_order(void *ctx, struct engine_board *board, int out_fd)
{
	const struct engine_order *o = ctx;
	return engine_run(o->set, board, o->registry, out_fd);
}

int engine_start(const struct engine_setup *s, const struct registry *g, struct engine *e)
{
	struct engine_order order = { s, g };    /* the child has its own copy of this memory */
	return engine_spawn(run_order, &order, e);
}

bool engine_take(struct engine *e, const struct registry *g, void (*each)(void *ctx, const struct record *r), void *ctx)
{
	struct wire_pipe from;
	wire_pipe_open(&from, e->fd, g);
	while (wire_pipe_read(&from, each, ctx))
		;
	return wire_pipe_close(&from);
}

int engine_copy(struct engine *e, int out_fd)
{
	uint8_t bytes[16384];
	int err = 0;
	for (;;) {
		ssize_t n = read(e->fd, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err;
		if (!err)                        /* after a failure the pipe is emptied, so that the process ends */
			err = command_write(out_fd, span_of(bytes, (size_t)n));
	}
}

int engine_wait(struct engine *e)
{
	int status = 0;
	while (waitpid(e->pid, &status, 0) < 0 && errno == EINTR)
		;
	e->board->error[ENGINE_ERROR - 1] = '\0';
	int rc = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (rc == 0 || rc == 2 || rc == 3)
		return rc;
	if (rc > 0) {
		snprintf(e->board->error, ENGINE_ERROR,
			 "the decoding process ended with status %d; what it reported before is shown", rc);
		return 2;
	}
	snprintf(e->board->error, ENGINE_ERROR,
		 "the decoding process was ended by signal %d%s; what it reported before is shown", WTERMSIG(status),
		 WTERMSIG(status) == SIGSYS ? " (a forbidden system call)" : "");
	return 2;
}

void engine_done(struct engine *e)
{
	close(e->fd);
	munmap(e->board, sizeof(struct engine_board));
}
