/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `inspect` does for one image, in a process of its own: findings, cases and, last, what the store keeps of the
 * image go to the process that writes. */
#include "cmd/batch_image.h"

#include <sys/mman.h>

#include "base/progress.h"
#include "cmd/engine.h"
#include "cmd/examine.h"
#include "cmd/inspector.h"
#include "cmd/traits.h"
#include "finding/case.h"
#include "fw/unpack/records.h"
#include "record/wire.h"

struct child {
	const struct batch_image *image;
	struct buf out;
	struct examination exam;
	struct traits traits;
	struct image whole;                      /* filled when files are written of it */
	uint64_t findings, members, programs;
	enum severity worst;
	bool damaged, budget, good;
};

static void send_record(struct child *c, const struct record *r)
{
	if (!wire_put(&c->out, c->image->registry, r)) {
		log_error(c->image->log, "%.*s: a record was too long and is missing", (int)c->image->name.n,
			  (const char *)c->image->name.p);
		c->good = false;
	}
}

static void take_unpacked(void *ctx, const struct record *r)
{
	struct child *c = ctx;
	examination_add(&c->exam, r);
	traits_of(&c->traits, r);
	if (exports_wanted(&c->image->batch->exports))
		image_take(&c->whole, r);
	if (r->type == &container_type && record_get_uint(r, CON_DEPTH) == 1 && record_get_text(r, CON_DAMAGE).n)
		c->damaged = true;
	if (r->type != &inspection_type)
		return;
	c->members = record_get_uint(r, INS_MEMBERS);
	c->budget = record_has(r, INS_BUDGETS);
}

static void take_judged(void *ctx, const struct record *r)
{
	struct child *c = ctx;
	enum severity s;
	if (exports_wanted(&c->image->batch->exports))
		image_take(&c->whole, r);
	if (r->type != &finding_type && r->type != &case_type)
		return;
	send_record(c, r);
	if (r->type != &finding_type)
		return;
	traits_of(&c->traits, r);
	if (!severity_parse(record_get_text(r, FND_SEVERITY), &s))
		return;
	c->worst = s > c->worst ? s : c->worst;
	c->findings += s > SEV_INFO;
}

static void take_program(void *ctx, const struct judge_file *f, const struct judge_trace *t)
{
	struct child *c = ctx;
	c->programs++;
	traits_of_program(&c->traits, f, t);
}

static bool unpack(struct child *c, const struct material *m, int spool)
{
	struct inspector i;
	struct inspector_setup set = { .material = m, .spool = spool, .extract = true };
	memcpy(set.key, c->image->key, KEY_BYTES);
	int rc = inspector_start(&set, c->image->registry, &i);
	if (rc < 0) {
		log_error(c->image->log, "the inspecting process could not be started: %s", strerror(-rc));
		return false;
	}
	struct engine pipe = { .pid = i.pid, .fd = i.fd };      /* the same records on the same kind of pipe */
	bool good = engine_take(&pipe, c->image->registry, take_unpacked, c);
	rc = inspector_wait(&i);
	if (rc)
		log_error(c->image->log, "%.*s: %s", (int)c->image->name.n, (const char *)c->image->name.p, i.board->error);
	inspector_done(&i);
	return good && rc == 0;
}

/* The last record: without it the image does not count as done. */
static void send_image(struct child *c, const uint8_t sha256[32])
{
	char id[IMAGE_ID_TEXT];
	struct record r;
	const char *state = !c->good ? "not finished" : c->damaged || c->budget ? "partial" : "whole";
	image_id(sha256, id);
	record_begin(&r, &inspected_type, NULL, &c->traits.host);
	record_str(&r, INSP_ID, id);
	record_text(&r, INSP_NAME, c->image->name);
	record_hash(&r, INSP_SHA256, sha256);
	record_uint(&r, INSP_SIZE, c->image->item->content.n);
	record_str(&r, INSP_SEVERITY, severity_name(c->worst));
	record_uint(&r, INSP_FINDINGS, c->findings);
	record_uint(&r, INSP_MEMBERS, c->members);
	record_uint(&r, INSP_PROGRAMS, c->programs);
	record_str(&r, INSP_STATE, state);
	record_str(&r, INSP_ENGINE, c->image->engine);
	for (uint32_t i = 0; i < c->traits.n; i++)
		record_add(&r, INSP_TRAITS, c->traits.v[i]);
	if (c->traits.dropped)
		record_uint(&r, INSP_DROPPED, c->traits.dropped);
	send_record(c, &r);
}

/* The same content under another name, or of a run before: nothing is sent but whose it is. */
static bool is_done(const struct batch_image *r, const uint8_t sha256[32])
{
	char id[IMAGE_ID_TEXT];
	image_id(sha256, id);
	return json_object_get(r->done, id) != NULL;
}

static void send_known(struct child *c, const uint8_t sha256[32])
{
	char id[IMAGE_ID_TEXT];
	struct record r;
	image_id(sha256, id);
	record_begin(&r, &inspected_type, NULL, &c->traits.host);
	record_str(&r, INSP_ID, id);
	send_record(c, &r);
}

static void examine(struct child *c)
{
	const struct batch_image *r = c->image;
	struct material m = { .v = mem_new(sizeof(*m.v)), .n = 1, .bytes = c->image->item->content.n };
	struct progress quiet = { .mode = PROGRESS_NONE };
	const struct sink to = { take_judged, c };
	m.v[0] = *c->image->item;
	int spool = memfd_create("auscult-spool", MFD_CLOEXEC);
	c->exam.progress = &quiet;
	c->exam.workers = 1;
	c->exam.cache = r->cache;
	c->exam.advisories = r->advisories;
	c->exam.rules = r->batch->rules;
	c->exam.program = take_program;
	c->exam.ctx = c;
	c->good = spool >= 0 && unpack(c, &m, spool);
	if (c->good)
		c->good = examination_run(&c->exam, &m, spool, r->key, r->registry, r->log, &to);
	c->budget |= c->exam.not_run > 0 || c->exam.unmatched > 0 || c->exam.unread > 0;
	free(m.v);
	if (spool >= 0)
		close(spool);
}

void batch_image_run(const struct batch_image *r, int fd)
{
	struct child *c = mem_new(sizeof(*c));
	uint8_t sha256[32];
	*c = (struct child){ .image = r, .good = true, .worst = SEV_INFO };
	c->out.cap = (size_t)WIRE_MAX * 64;
	examination_init(&c->exam);
	traits_init(&c->traits, r->key);
	image_init(&c->whole);
	keyring_sha256(r->item->content, sha256);
	/* What is to be written of it and is not there yet needs its records again; its programs are known. */
	bool known = is_done(r, sha256) && exports_written(&r->batch->exports, r->name);
	if (!known)
		examine(c);
	if (!known && c->good && c->whole.sum)
		c->good = exports_write(&r->batch->exports, &c->whole, r->name, r->log);
	if (known)
		send_known(c, sha256);
	else
		send_image(c, sha256);
	r->board->executed += c->exam.executed;
	r->board->known += c->exam.known;
	r->board->spoilt += c->exam.spoilt;
	r->board->fallen += c->exam.fallen;
	_exit(c->good && !c->out.full && command_write(fd, buf_span(&c->out)) == 0 ? 0 : 2);
}
