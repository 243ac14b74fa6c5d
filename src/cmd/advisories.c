/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult advisories: import CSAF files into the store, list them, match them against the devices. Files are a
 * stranger's: a process without rights parses them and hands over records. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "advisory/vex.h"
#include "base/scope.h"
#include "base/utf8.h"
#include "cmd/body.h"
#include "cmd/document.h"
#include "cmd/engine.h"
#include "cmd/posture.h"
#include "cmd/site.h"
#include "record/json.h"
#include "record/wire.h"

enum {
	OPT_STORE, OPT_JSON, OPT_VEX, OPT_DEVICE, OPT_ALL, OPT_PUBLISHER, OPT_NAMESPACE, OPT_TLP, OPT_FAIL_ON, OPT_COLOR
};

enum { BATCH = 128 };

/* ---- import ---- */

struct batch {                                   /* one process' work: descriptors, opened before the drop */
	const struct document *files;
	int fd[BATCH];
	unsigned n;
	const struct registry *registry;
};

struct import {
	const struct args *args;
	struct store *store;
	struct buf out;
	unsigned read, kept, older, refused, troubles;
	bool failed;
};

static bool hand_over(struct buf *out, const struct registry *g, const struct record *r, int fd)
{
	if (!r || !wire_put(out, g, r))
		return false;
	bool ok = command_write(fd, buf_span(out)) == 0;
	buf_reset(out);
	return ok;
}

static void refuse(struct buf *out, const struct batch *b, const char *name, const char *why, int fd)
{
	struct arena a;
	struct record r;
	arena_init(&a, 1 << 16);
	const struct record_host host = { .arena = &a };
	record_begin(&r, &refused_type, NULL, &host);
	record_str(&r, REFUSED_FILE, name);
	record_str(&r, REFUSED_WHY, why);
	(void)!hand_over(out, b->registry, &r, fd);
	arena_done(&a);
}

static void read_one(const struct batch *b, unsigned i, struct buf *out, int fd)
{
	struct buf bytes = { 0 };
	struct arena a;
	struct advisory advisory;
	char err[ADVISORY_ERR] = "";
	arena_init(&a, ADVISORY_MEMORY);
	const struct record_host host = { .arena = &a };
	int rc = document_read(b->fd[i], &bytes);
	if (rc < 0)
		snprintf(err, sizeof(err), "%s", rc == -EFBIG ? "larger than 64 MiB" : strerror(-rc));
	else if (csaf_read(buf_span(&bytes), &a, &advisory, err) == 0 &&
		 !hand_over(out, b->registry, advisory_record(&advisory, &host), fd))
		snprintf(err, sizeof(err), "too large to be kept");
	if (err[0])
		refuse(out, b, b->files[i].name, err, fd);
	arena_done(&a);
	buf_done(&bytes);
}

static int import_job(void *ctx, struct engine_board *board, int out_fd)
{
	const struct batch *b = ctx;
	struct buf out = { 0 };
	(void)board;
	for (unsigned i = 0; i < b->n; i++)
		read_one(b, i, &out, out_fd);
	buf_done(&out);
	return 0;
}

static const char *text_at(const struct record *r, const char *field, char *out, size_t size)
{
	int i = record_type_field(r->type, field);
	struct span s = i >= 0 ? record_get_text(r, (unsigned)i) : (struct span){ 0 };
	snprintf(out, size, "%.*s", (int)(s.n < size ? s.n : size - 1), (const char *)s.p);
	return out;
}

static void tell_troubles(struct import *m, const struct record *r, const char *id)
{
	const struct texts *list = &r->v[record_type_field(r->type, "troubles")].texts;
	bool has = record_has(r, (unsigned)record_type_field(r->type, "troubles"));
	bool utf8 = show_locale_utf8();
	for (uint32_t i = 0; has && i < list->n; i++) {
		m->troubles++;
		if (args_flag(m->args, OPT_JSON))
			continue;
		show_text(&m->out, span_str(id), utf8, 0);
		buf_text(&m->out, ": ");
		show_text(&m->out, list->v[i], utf8, 0);
		buf_text(&m->out, "\n");
	}
}

static void take(void *ctx, const struct record *r)
{
	struct import *m = ctx;
	char name[512], why[512];
	m->read++;
	if (r->type == &refused_type) {
		m->refused++;
		log_error(&m->args->log, "%s: %s", text_at(r, "name", name, sizeof(name)), text_at(r, "why", why, sizeof(why)));
		return;
	}
	if (r->type != &advisory_type)
		return;
	text_at(r, "id", name, sizeof(name));
	int released = record_type_field(r->type, "released");
	if (posture_is_older(m->store, name, record_get_uint(r, (unsigned)released))) {
		m->older++;
		return;
	}
	if (!m->failed && store_put(m->store, r) < 0) {
		m->failed = true;
		log_error(&m->args->log, "%s", store_error(m->store));
	}
	m->kept++;
	tell_troubles(m, r, name);
}

static bool run_batch(struct import *m, struct batch *b)
{
	struct engine e;
	int rc = engine_spawn(import_job, b, &e);
	if (rc < 0) {
		log_error(&m->args->log, "the reading process could not be started: %s", strerror(-rc));
		return false;
	}
	bool good = engine_take(&e, b->registry, take, m);
	rc = engine_wait(&e);
	if (rc || !good)
		log_error(&m->args->log, "%s", rc ? e.board->error : "the reading process sent what it must not");
	engine_done(&e);
	return rc == 0 && good;
}

static bool import_files(struct import *m, const struct documents *d)
{
	AUTO_FREE struct registry *g = mem_new(sizeof(*g));
	bool good = true;
	command_registry(g);
	for (uint32_t at = 0; good && at < d->n; at += BATCH) {
		struct batch b = { .files = d->v + at, .registry = g };
		while (b.n < BATCH && at + b.n < d->n) {
			b.fd[b.n] = open(d->v[at + b.n].name, O_RDONLY | O_CLOEXEC);
			if (b.fd[b.n] < 0) {
				log_error(&m->args->log, "%s: %s", d->v[at + b.n].name, strerror(errno));
				good = false;
				break;
			}
			b.n++;
		}
		good = good && run_batch(m, &b);
		for (unsigned i = 0; i < b.n; i++)
			close(b.fd[i]);
	}
	return good;
}

static int import(struct args *a)
{
	struct import m = { .args = a };
	struct documents d = { 0 };
	char dir[STORE_PATH], err[STORE_ERR] = "";
	for (unsigned i = 1; i < a->nrest; i++)
		if (!documents_add(&d, a->rest[i], ".json", &a->log)) {
			documents_done(&d);
			return OUT_FAILED;
		}
	site_default_dir(dir);
	bool good = store_open(args_text(a, OPT_STORE) ? args_text(a, OPT_STORE) : dir, false, &m.store, err) == 0 &&
		    store_begin(m.store, a->rest[1], NULL) == 0;
	if (!good)
		log_error(&a->log, "%s", err[0] ? err : "the store could not be opened");
	good = good && import_files(&m, &d) && !m.failed;
	if (good && store_commit(m.store) < 0) {
		log_error(&a->log, "%s", store_error(m.store));
		good = false;
	}
	if (good && args_flag(a, OPT_JSON))
		buf_printf(&m.out, "{\"read\":%u,\"kept\":%u,\"older\":%u,\"refused\":%u,\"troubles\":%u}\n", m.read, m.kept, m.older,
			   m.refused, m.troubles);
	else if (good)
		buf_printf(&m.out, "%u advisories read: %u kept, %u older than what is there, %u refused; %u remarks on files\n",
			m.read,
			   m.kept, m.older, m.refused, m.troubles);
	good = command_write(STDOUT_FILENO, buf_span(&m.out)) == 0 && good;
	store_close(m.store);
	documents_done(&d);
	buf_done(&m.out);
	return !good ? OUT_FAILED : m.refused ? OUT_PARTIAL : OUT_CLEAN;
}

/* ---- list ---- */

static int list(struct args *a)
{
	struct posture *p = posture_load(a, args_text(a, OPT_STORE), POSTURE_ADVISORIES);
	const struct layout l = body_layout(args_text(a, OPT_COLOR));
	struct buf out = { 0 };
	struct table t;
	if (!p)
		return OUT_FAILED;
	table_init(&t, 4, (const char *const[]){ "Id", "Released", "Products", "Title" });
	t.whole[0] = true;
	for (unsigned i = 0; i < p->advisories->n; i++) {
		const struct advisory *v = &p->advisories->v[i];
		char day[12];
		struct buf time = { 0 };
		json_put_time(&time, v->released);
		snprintf(day, sizeof(day), "%.10s", time.n > 11 && v->released ? (const char *)time.p + 1 : "");
		buf_done(&time);
		if (args_flag(a, OPT_JSON)) {
			buf_text(&out, i ? ",\n {\"id\":" : "{\"advisories\":[\n {\"id\":");
			json_put_str(&out, v->id);
			buf_printf(&out, ",\"released\":\"%s\",\"products\":%u,\"vulnerabilities\":%u,\"shipped\":%s,\"title\":", day,
				   v->nproducts, v->nvulnerabilities, v->shipped ? "true" : "false");
			json_put_str(&out, v->title);
			buf_text(&out, "}");
			continue;
		}
		table_text(&t, v->id);
		table_text(&t, day);
		table_number(&t, v->nproducts);
		table_text(&t, v->title);
	}
	if (args_flag(a, OPT_JSON))
		buf_text(&out, "]}\n");
	else
		table_print(&t, &out, &l, 0);
	int bad = command_write(STDOUT_FILENO, buf_span(&out));
	table_done(&t);
	buf_done(&out);
	posture_free(p);
	return bad ? OUT_FAILED : OUT_CLEAN;
}

/* ---- match ---- */

static void tell_people(struct buf *b, const struct layout *l, const struct posture_device *d)
{
	struct buf line = { 0 };
	buf_text(b, "\n");
	posture_label(d, &line);
	layout_wrap(b, l, 0, "", buf_span(&line));
	for (unsigned i = 0; i < d->nmatches;) {
		const struct match *m = &d->matches[i];
		unsigned k = i;
		buf_reset(&line);
		buf_printf(&line, "%s: %s, by %s", m->advisory->id, match_says_name(m->says), m->rule);
		if (m->unknown)
			buf_printf(&line, " (%s)", m->unknown);
		buf_text(&line, ":");
		for (; k < d->nmatches && d->matches[k].advisory == m->advisory && d->matches[k].says == m->says &&
		       d->matches[k].unknown == m->unknown && d->matches[k].rule == m->rule; k++) {
			const struct vulnerability *v = d->matches[k].vulnerability;
			buf_printf(&line, "%s %s", k > i ? "," : "", v->cve);
			if (v->cvss)
				buf_printf(&line, " (CVSS %s %.1f)", v->cvss, v->score);
		}
		layout_wrap(b, l, 4, "- ", buf_span(&line));
		i = k;
	}
	buf_done(&line);
}

static void tell_match(struct buf *b, const struct match *m, bool first)
{
	buf_text(b, first ? "{\"advisory\":" : ",{\"advisory\":");
	json_put_str(b, m->advisory->id);
	buf_text(b, ",\"cve\":");
	json_put_str(b, m->vulnerability->cve);
	buf_printf(b, ",\"says\":\"%s\",\"rule\":", match_says_name(m->says));
	json_put_str(b, m->rule);
	buf_text(b, ",\"unknown\":");
	json_put_str(b, m->unknown ? m->unknown : "");
	buf_text(b, ",\"product\":");
	json_put_str(b, m->product->name);
	buf_text(b, ",\"version\":");
	json_put_str(b, m->product->version);
	if (m->vulnerability->cvss) {
		buf_text(b, ",\"cvss\":");
		json_put_str(b, m->vulnerability->cvss);
		buf_text(b, ",\"score\":");
		json_put_real(b, m->vulnerability->score);
		buf_text(b, ",\"vector\":");
		json_put_str(b, m->vulnerability->vector ? m->vulnerability->vector : "");
	}
	buf_text(b, "}");
}

static void tell_program(struct buf *b, const struct posture_device *d, bool first)
{
	buf_text(b, first ? "\n{\"device\":" : ",\n{\"device\":");
	json_put_str(b, d->id);
	buf_text(b, ",\"name\":");
	struct buf label = { 0 };
	posture_label(d, &label);
	json_put_text(b, buf_span(&label));
	buf_done(&label);
	buf_text(b, ",\"matches\":[");
	for (unsigned i = 0; i < d->nmatches; i++)
		tell_match(b, &d->matches[i], i == 0);
	buf_text(b, "]}");
}

static bool write_vex(const struct args *a, const struct posture *p)
{
	const char *path = args_text(a, OPT_VEX);
	struct vex_device *v = mem_array(p->n + 1, sizeof(*v));
	struct arena texts;
	struct buf b = { 0 };
	arena_init(&texts, 0);
	struct vex_head head = { .id = "auscult-vex", .publisher = args_text(a, OPT_PUBLISHER),
				 .namespace = args_text(a, OPT_NAMESPACE), .tlp = args_text(a, OPT_TLP), .program = "auscult " AUSCULT_VERSION };
	for (uint32_t i = 0; i < p->n; i++) {
		const struct posture_device *d = &p->v[i];
		struct buf label = { 0 };
		posture_label(d, &label);
		struct span name = arena_copy(&texts, buf_span(&label));
		buf_done(&label);
		v[i] = (struct vex_device){ d->id, name.p ? (const char *)name.p : d->id, d->serial, d->model, d->matches,
			d->nmatches };
		head.date = d->last > head.date ? d->last : head.date;
		for (unsigned k = 0; k < d->nmatches; k++)
			head.date = d->matches[k].advisory->released > head.date ? d->matches[k].advisory->released : head.date;
	}
	vex_write(&b, &head, v, p->n);
	AUTO_CLOSE int fd = strcmp(path, "-") == 0 ? dup(STDOUT_FILENO) : open(path,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool ok = fd >= 0 && command_write(fd, buf_span(&b)) == 0;
	if (!ok)
		log_error(&a->log, "%s: %s", path, strerror(errno));
	free(v);
	arena_done(&texts);
	buf_done(&b);
	return ok;
}

/* Matches that say "not affected" are for --all and VEX. */
static void drop_unaffected(struct posture_device *d)
{
	unsigned n = 0;
	for (unsigned i = 0; i < d->nmatches; i++)
		if (d->matches[i].says >= MATCH_INVESTIGATED)
			d->matches[n++] = d->matches[i];
	d->nmatches = n;
}

static int match(struct args *a)
{
	struct posture *p = posture_load(a, args_text(a, OPT_STORE), POSTURE_ADVISORIES | POSTURE_DEVICES);
	const struct layout l = body_layout(args_text(a, OPT_COLOR));
	struct buf out = { 0 };
	unsigned shown = 0, unknown = 0;
	bool json = args_flag(a, OPT_JSON), affected = false;
	if (!p)
		return OUT_FAILED;
	bool good = !args_text(a, OPT_VEX) || write_vex(a, p);
	buf_text(&out, json ? "{\"devices\":[" : "");
	for (uint32_t i = 0; i < p->n; i++) {
		struct posture_device *d = &p->v[i];
		if (args_text(a, OPT_DEVICE) && !posture_is(d, args_text(a, OPT_DEVICE)))
			continue;
		unknown += !*d->model;
		if (!args_flag(a, OPT_ALL))
			drop_unaffected(d);
		for (unsigned k = 0; k < d->nmatches; k++)
			affected |= d->matches[k].says == MATCH_AFFECTED ||
				    (d->matches[k].says == MATCH_MAYBE && strcmp(args_text(a, OPT_FAIL_ON), "maybe") == 0);
		if (!d->nmatches)
			continue;
		if (json)
			tell_program(&out, d, shown == 0);
		else
			tell_people(&out, &l, d);
		shown++;
	}
	if (json)
		buf_printf(&out, "],\"advisories\":%u,\"looked_at\":%u,\"model_not_known\":%u}\n", p->advisories->n, p->n, unknown);
	else
		buf_printf(&out, "%s%u of %u devices are, or may be, affected, by %u advisories; the model of %u is not known: "
			"nothing can "
				 "be said of those but by what they speak.\n", shown ? "\n" : "", shown, p->n, p->advisories->n, unknown);
	bool to_stdout = !args_text(a, OPT_VEX) || strcmp(args_text(a, OPT_VEX), "-") != 0;
	good = (!to_stdout || command_write(STDOUT_FILENO, buf_span(&out)) == 0) && good;
	buf_done(&out);
	posture_free(p);
	return !good ? OUT_FAILED : affected && strcmp(args_text(a, OPT_FAIL_ON), "never") != 0 ? OUT_FOUND : OUT_CLEAN;
}

static int run(struct args *a)
{
	const char *what = a->nrest ? a->rest[0] : "";
	if (strcmp(what, "import") == 0 && a->nrest > 1)
		return import(a);
	if (strcmp(what, "list") == 0 && a->nrest == 1)
		return list(a);
	if (strcmp(what, "match") == 0 && a->nrest == 1)
		return match(a);
	return command_usage(a, "say what to do: import DIR|FILE, list or match");
}

const struct command cmd_advisories = {
	.name = "advisories",
	.doc = "which published advisories speak of which device",
	.synopsis = "[OPTION]... import FILE|DIR... | list | match",
	.about =
		"import reads CSAF 2.0 files into the store; a later version of an advisory takes the place of an "
		"earlier one, and what was off in a file is said. The advisories of the Contec CMS8000 are shipped and "
		"need no import.\n\nmatch says of each device of the store and of the imported inventory which "
		"advisories speak of it, and by which rule: maker and model with the version, model alone, a known "
		"re-brand, or a protocol that only one family speaks. Without the version, or when only the family is "
		"known, a device may be affected; what is missing is said. CVSS scores are quoted as "
		"published.\n\nExit status of match: 0 none is affected, 1 one is (--fail-on), 2 could not run; of "
		"import: 3 when files were refused.",
	.example = "auscult advisories import csaf_files/\n  every .json in a folder and below it\n"
		   "auscult advisories match --vex site-vex.json\n  which devices are affected, and the same as CSAF VEX",
	OPTIONS([OPT_STORE] = OPTION_STORE, [OPT_JSON] = OPTION_JSON,
		[OPT_VEX] = { "vex", 0, "FILE", OPTION_TEXT, "match: write a CSAF 2.0 VEX document; - is standard output" },
		[OPT_DEVICE] = { "device", 0, "DEVICE", OPTION_TEXT, "match: this device alone: id, name, address, MAC or asset "
			"tag" },
		[OPT_ALL] = { "all", 0, NULL, OPTION_FLAG, "match: devices that are not affected or fixed, too" },
		[OPT_PUBLISHER] = { "publisher", 0, "NAME", OPTION_TEXT, "VEX: who says so", "this site" },
		[OPT_NAMESPACE] = { "namespace", 0, "URL", OPTION_TEXT, "VEX: a URL of the publisher's", "https://site.invalid" },
		[OPT_TLP] = { "tlp", 0, "LABEL", OPTION_TEXT, "VEX: who may read it", "AMBER", "WHITE|GREEN|AMBER|RED" },
		[OPT_FAIL_ON] = { "fail-on", 0, "WHAT", OPTION_TEXT, "match: exit with 1 when a device is affected, or may be",
			"affected",
				  "affected|maybe|never" },
		[OPT_COLOR] = OPTION_COLOR),
	.run = run,
};
