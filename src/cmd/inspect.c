/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult inspect: takes firmware apart. This process opens files, prints and writes what --extract asks
 * for; the inspector, without rights, reads the bytes. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>

#include "base/progress.h"
#include "base/sandbox.h"
#include "base/utf8.h"
#include "cmd/against.h"
#include "cmd/advised.h"
#include "cmd/batch.h"
#include "cmd/cmd.h"
#include "cmd/examine.h"
#include "cmd/exports.h"
#include "cmd/inspector.h"
#include "cmd/site.h"
#include "fw/unpack/extract.h"
#include "fw/unpack/records.h"
#include "record/json.h"
#include "record/wire.h"
#include "report/firmware.h"
#include "report/image.h"
#include "store/store.h"

enum {
	OPT_EXTRACT, OPT_LIST, OPT_TRACE, OPT_EXPLAIN, OPT_PREDICT, OPT_JSON, OPT_JSONL, OPT_STORE, OPT_NO_STORE, OPT_KEY,
	OPT_TEST_KEY,
	OPT_FAIL_ON, OPT_COLOR, OPT_PROGRESS, OPT_AGAINST, OPT_SAME, OPT_JOBS, OPT_AGAIN,
	OPT_SBOM, OPT_SARIF, OPT_MAP, OPT_CARD, OPT_YARA, OPT_STRINGS, OPT_MEMBER, OPT_MIN_LENGTH,
};

enum { PIPE_READ = 256 * 1024 };

struct output {
	const struct args *args;
	struct material material;
	struct registry registry;
	int spool;
	struct image image;
	struct examination exam;
	struct listing listing;
	struct matcher_rules rules;
	struct progress progress;
	struct site site;
	struct store *store;
	struct advisories *advisories;
	struct exports exports;
	enum severity fail_on;
	bool examines, found, store_failed;
	struct extract *extract;
	struct buf lines;
	struct layout layout;
	bool broken_pipe, damaged;               /* damaged: a container that lies in the input itself */
};

/* A line for each record, as they come. */
static bool is_lines(const struct output *o)
{
	return args_flag(o->args, OPT_JSONL) && !args_text(o->args, OPT_EXPLAIN);
}

static void take_extract(struct output *o, const struct record *r)
{
	uint64_t type = record_get_uint(r, EXT_TYPE);
	if (!o->extract || type > MEMBER_SOCKET)
		return;
	extract_put(o->extract, &(struct extract_entry){
		.path = record_get_text(r, EXT_PATH), .root = (size_t)record_get_uint(r, EXT_ROOT), .type = (enum member_type)type,
		.mode = (uint32_t)record_get_uint(r, EXT_MODE), .target = record_get_text(r, EXT_TARGET),
		.at = record_get_uint(r, EXT_AT), .size = record_get_uint(r, EXT_SIZE) });
}

static void write_lines(struct output *o)
{
	if (!o->broken_pipe && o->lines.n && command_write(1, buf_span(&o->lines)) < 0)
		o->broken_pipe = true;
	buf_reset(&o->lines);
}

static void note_finding(struct output *o, const struct record *r)
{
	enum severity s;
	o->found |= severity_parse(record_get_text(r, FND_SEVERITY), &s) && s >= o->fail_on;
}

static void into_store(struct output *o, const struct record *r)
{
	if (!o->store || o->store_failed || store_put(o->store, r) >= 0)
		return;
	o->store_failed = true;
	log_error(&o->args->log, "the store could not be written; this run is printed but not kept");
}

/* What the examination says: findings and cases are kept for good. */
static void take_judged(void *to, const struct record *r)
{
	struct output *o = to;
	if (r->type != &string_type || !is_lines(o))
		image_take(&o->image, r);
	if (r->type == &finding_type)
		note_finding(o, r);
	if (!r->type->working)
		into_store(o, r);
	if (!is_lines(o))
		return;
	json_record(&o->lines, r, NULL);
	buf_text(&o->lines, "\n");
	if (o->lines.n >= PIPE_READ)
		write_lines(o);
}

static void take_record(void *to, const struct record *r)
{
	struct output *o = to;
	if (o->examines)
		examination_add(&o->exam, r);
	if (r->type == &extract_type)
		take_extract(o, r);
	if (r->type->working)
		return;
	if (is_lines(o)) {
		json_record(&o->lines, r, NULL);
		buf_text(&o->lines, "\n");
		if (o->lines.n >= PIPE_READ)
			write_lines(o);
	}
	if (r->type == &container_type && record_get_uint(r, CON_DEPTH) == 1 && record_get_text(r, CON_DAMAGE).n)
		o->damaged = true;
	if (r->type == &inspection_type || !is_lines(o) || exports_wanted(&o->exports))
		image_take(&o->image, r);
}

/* --explain for programs: the finding's own record has the whole chain. */
static void print_one(const struct record *finding, struct buf *doc)
{
	if (!finding)
		return;
	json_record(doc, finding, NULL);
	buf_text(doc, "\n");
}

static void print_people(const struct output *o, struct buf *out)
{
	const char *explain = args_text(o->args, OPT_EXPLAIN);
	const struct image_kept *findings = &o->image.list[IMAGE_FINDINGS];
	if (explain) {
		const struct record *one = image_finding(&o->image, explain);
		if (one)
			firmware_explain(out, &o->layout, one);
		return;
	}
	if (args_flag(o->args, OPT_TRACE))
		image_traces(&o->image, &o->layout, !args_text(o->args, OPT_MEMBER), out);
	if (args_flag(o->args, OPT_STRINGS))
		image_strings(&o->image, &o->layout, out);
	if (args_flag(o->args, OPT_TRACE) || args_flag(o->args, OPT_STRINGS))
		return;
	if (o->examines)
		firmware_report(out, &o->layout, findings->v, findings->n);
	if (args_flag(o->args, OPT_LIST))
		image_list(&o->image, &o->layout, out);
	else
		image_report(&o->image, &o->layout, out);
}

static void print_all(struct output *o, bool complete)
{
	struct buf text = { 0 };
	if (is_lines(o)) {
		write_lines(o);
		return;
	}
	const char *explain = args_text(o->args, OPT_EXPLAIN);
	if (explain && (args_flag(o->args, OPT_JSON) || args_flag(o->args, OPT_JSONL)))
		print_one(image_finding(&o->image, explain), &text);
	else if (o->image.sum && args_flag(o->args, OPT_JSON))
		image_document(&o->image, complete, args_flag(o->args, OPT_TRACE), &text);
	else if (o->image.sum)
		print_people(o, &text);
	(void)!command_write(1, buf_span(&text));
	buf_done(&text);
}

/* ---- the run ---- */

static bool open_extract(struct output *o)
{
	const char *dir = args_text(o->args, OPT_EXTRACT);
	int rc = dir ? extract_open(dir, o->spool, &o->extract) : 0;
	if (rc == -ENOTEMPTY)
		log_error(&o->args->log, "%s is not empty: nothing is ever written over; name a new folder", dir);
	else if (rc < 0)
		log_error(&o->args->log, "%s: %s", dir, strerror(-rc));
	return rc == 0;
}

static bool finish_extract(struct output *o)
{
	if (!o->extract)
		return true;
	struct extract_counts n;
	extract_finish(o->extract, &n);
	struct buf b = { 0 };
	layout_count(&b, n.files, "file", "files");
	buf_text(&b, " and ");
	layout_count(&b, n.links, "link", "links");
	buf_printf(&b, " written to %s", args_text(o->args, OPT_EXTRACT));
	if (n.link_texts)
		buf_printf(&b, ", %llu links that lead out kept as text", (unsigned long long)n.link_texts);
	if (n.renamed)
		buf_printf(&b, ", %llu renamed as their names were taken", (unsigned long long)n.renamed);
	if (n.left_out)
		buf_printf(&b, ", %llu devices, fifos and sockets left out", (unsigned long long)n.left_out);
	log_note(&o->args->log, "%.*s", (int)b.n, (const char *)b.p);
	if (n.failed)
		log_error(&o->args->log, "%llu members could not be written", (unsigned long long)n.failed);
	buf_done(&b);
	return n.failed == 0;
}

static bool open_store(struct output *o)
{
	char err[STORE_ERR] = "";
	if (!o->examines || args_flag(o->args, OPT_NO_STORE))
		return true;
	if (store_open(o->site.dir, false, &o->store, err) < 0 || store_begin(o->store, o->args->rest[0], NULL) < 0) {
		log_error(&o->args->log, "%s (--no-store does without)", err[0] ? err : "the store could not be opened");
		return false;
	}
	return true;
}

static bool commit_store(struct output *o)
{
	if (o->store && !o->store_failed && store_commit(o->store) < 0) {
		log_error(&o->args->log, "the store could not be written; this run is printed but not kept");
		o->store_failed = true;
	}
	return !o->store_failed;
}

/* What the network half should look for. */
static bool write_prediction(struct output *o)
{
	const char *path = args_text(o->args, OPT_PREDICT);
	struct buf b = { 0 };
	if (!path)
		return true;
	const struct image_kept *findings = &o->image.list[IMAGE_FINDINGS];
	size_t n = firmware_predict(&b, findings->v, findings->n, (uint64_t)time(NULL));
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int rc = fd < 0 ? -errno : command_write(fd, buf_span(&b));
	buf_done(&b);
	if (rc < 0)
		log_error(&o->args->log, "%s: %s", path, strerror(-rc));
	else if (strncmp(path, "/proc/self/fd/", 14) != 0)       /* a pipe or a memory file of who called: he knows */
		log_note(&o->args->log, "%zu indicators written to %s", n, path);
	return rc >= 0;
}

static bool has_explained(const struct output *o)
{
	const char *id = args_text(o->args, OPT_EXPLAIN);
	if (!id || image_finding(&o->image, id))
		return true;
	log_error(&o->args->log, "there is no finding %s in this image", id);
	return false;
}

static bool examine(struct output *o)
{
	const struct sink to = { take_judged, o };
	if (!o->examines)
		return true;
	o->advisories = advised_load(o->store, &o->args->log, NULL);
	o->exam.advisories = o->advisories;
	bool good = examination_run(&o->exam, &o->material, o->spool, o->site.key, &o->registry, &o->args->log, &to);
	if (o->exam.not_run)
		log_warn(&o->args->log, "%u programs were not executed", o->exam.not_run);
	bool kept = commit_store(o);
	return good && kept;
}

static int inspect(struct output *o)
{
	struct inspector i;
	struct inspector_setup set = { .material = &o->material, .spool = o->spool, .extract = o->extract || o->examines };
	memcpy(set.key, o->site.key, KEY_BYTES);
	int rc = inspector_start(&set, &o->registry, &i);
	if (rc < 0) {
		log_error(&o->args->log, "the inspecting process could not be started: %s", strerror(-rc));
		return OUT_FAILED;
	}
	progress_start(&o->progress, progress_mode(args_text(o->args, OPT_PROGRESS), 2), 2, o->material.bytes, "unpacking");
	o->progress.items = "members";
	bool good = inspector_take(&i, &o->registry, &o->progress, take_record, o);
	progress_end(&o->progress);
	rc = inspector_wait(&i);
	if (rc)
		log_error(&o->args->log, "%s", i.board->error);
	if (!good)
		log_error(&o->args->log, "the inspecting process sent what it must not; what came before is shown");
	inspector_done(&i);
	bool complete = good && rc == 0;
	bool examined = examine(o);
	print_all(o, complete);
	bool written = finish_extract(o), predicted = write_prediction(o), explained = has_explained(o);
	bool exported = exports_write(&o->exports, &o->image, SPAN_LIT(""), &o->args->log);
	if (!complete || !o->image.sum || !written || !examined || !predicted || !exported || !explained)
		return OUT_FAILED;
	if (o->image.sum->set & 1ull << INS_BUDGETS || o->material.unread || o->damaged || o->exam.unmatched ||
	    o->exam.unread)
		return OUT_PARTIAL;
	return o->found ? OUT_FOUND : OUT_CLEAN;
}

static void close_all(struct output *o)
{
	extract_free(o->extract);
	matcher_unload(&o->rules);
	material_done(&o->material);
	image_done(&o->image);
	buf_done(&o->lines);
	examination_done(&o->exam);
	advisories_free(o->advisories);
	store_close(o->store);
	site_done(&o->site);
	if (o->spool >= 0)
		close(o->spool);
}

static unsigned other_image(const struct args *a)
{
	return args_text(a, OPT_SAME) ? OPT_SAME : OPT_AGAINST;
}

/* --against and --same: two images; nothing is kept of either. */
static int compare(struct output *o)
{
	const struct args *a = o->args;
	struct against two = {
		.args = a, .old = args_text(a, other_image(a)), .same = other_image(a) == OPT_SAME,
		.new = a->rest[0], .site = &o->site, .no_store = args_flag(a, OPT_NO_STORE),
		.progress = args_text(a, OPT_PROGRESS),
		.json = args_flag(a, OPT_JSON), .jsonl = args_flag(a, OPT_JSONL), .fail_on = o->fail_on, .layout = o->layout,
		.rules = o->exam.rules,
	};
	return against_run(&two);
}

/* Before anything is inspected: an error in a rule is said at once. None given: none loaded. */
static bool load_rules(const struct args *a, struct matcher_rules *rules)
{
	if (!a->v[OPT_YARA].ntexts)
		return true;
	if (!matcher_load(rules, a->v[OPT_YARA].texts, a->v[OPT_YARA].ntexts, &a->log))
		return false;
	log_more(&a->log, "%u YARA rules in %u files", rules->n, rules->files);
	return true;
}

static struct exports exports_of(const struct args *a)
{
	return (struct exports){ .path = {
		[EXPORT_SBOM] = args_text(a, OPT_SBOM), [EXPORT_SARIF] = args_text(a, OPT_SARIF),
		[EXPORT_MAP] = args_text(a, OPT_MAP), [EXPORT_CARD] = args_text(a, OPT_CARD) } };
}

/* --jobs: operands are folders of images. */
static int run_batch(const struct args *a, const struct site_options *so)
{
	static const unsigned alone[] = { OPT_EXTRACT, OPT_LIST, OPT_TRACE, OPT_EXPLAIN, OPT_PREDICT, OPT_AGAINST, OPT_SAME,
					  OPT_STRINGS };
	uint64_t jobs = args_number(a, OPT_JOBS);
	struct batch b = {
		.args = a, .jobs = (unsigned)jobs, .again = args_flag(a, OPT_AGAIN), .json = args_flag(a, OPT_JSON),
		.jsonl = args_flag(a, OPT_JSONL), .color = args_text(a, OPT_COLOR), .progress = args_text(a, OPT_PROGRESS),
		.site = *so, .fail_on = SEV_HIGH, .exports = exports_of(a),
	};
	for (size_t i = 0; i < ARRAY_LEN(alone); i++)
		if (a->v[alone[i]].given)
			return command_usage(a,
					     "--jobs does not go with --extract, --list, --trace, --explain, --predict, --against, --same "
					     "and --strings");
	if (jobs < 1 || jobs > BATCH_JOBS)
		return command_usage(a, "--jobs must be between 1 and %d", BATCH_JOBS);
	severity_parse(span_str(args_text(a, OPT_FAIL_ON)), &b.fail_on);
	setlocale(LC_CTYPE, "");
	struct matcher_rules rules = { 0 };
	if (!load_rules(a, &rules))
		return OUT_FAILED;
	b.rules = rules.n ? &rules : NULL;
	int rc = batch_run(&b);
	matcher_unload(&rules);
	return rc;
}

static int run(struct args *a)
{
	struct output o = { .args = a, .fail_on = SEV_HIGH, .exports = exports_of(a) };
	struct site_options so = {
		.store = args_text(a, OPT_STORE), .key = args_text(a, OPT_KEY), .test_key = args_flag(a, OPT_TEST_KEY),
		.no_store = args_flag(a, OPT_NO_STORE),
	};
	if (!a->nrest)
		return command_usage(a, "name an image, a folder or a program: auscult inspect monitor.bin");
	if (args_text(a, other_image(a)) && (a->nrest != 1 || (args_text(a, OPT_SAME) && args_text(a, OPT_AGAINST))))
		return command_usage(a, "name one image to compare with: auscult inspect --against old.img new.img");
	if (a->v[OPT_JOBS].given)
		return run_batch(a, &so);
	if (args_flag(a, OPT_AGAIN))
		return command_usage(a, "--again goes with --jobs");
	severity_parse(span_str(args_text(a, OPT_FAIL_ON)), &o.fail_on);
	o.examines = !args_flag(a, OPT_LIST) && !args_text(a, OPT_EXTRACT);
	const struct exports judged = { .path = { [EXPORT_SBOM] = o.exports.path[EXPORT_SBOM],
						  [EXPORT_SARIF] = o.exports.path[EXPORT_SARIF],
						  [EXPORT_CARD] = o.exports.path[EXPORT_CARD] } };
	if (!o.examines && exports_wanted(&judged))
		return command_usage(a, "--sbom, --sarif and --card need the programs to be judged: not with --list or --extract");
	if (args_text(a, OPT_YARA) && (!o.examines || args_text(a, OPT_SAME)))
		return command_usage(a, "--yara needs the files to be judged: not with --list, --extract or --same");
	if (args_flag(a, OPT_STRINGS) && !o.examines)
		return command_usage(a, "--strings says what refers to each text: not with --list or --extract");
	if (!args_flag(a, OPT_STRINGS) && a->v[OPT_MIN_LENGTH].given)
		return command_usage(a, "--min-length goes with --strings");
	if (!args_flag(a, OPT_STRINGS) && !args_flag(a, OPT_TRACE) && args_text(a, OPT_MEMBER))
		return command_usage(a, "--member goes with --strings and --trace");
	examination_init(&o.exam);
	o.listing = (struct listing){ args_text(a, OPT_MEMBER), (unsigned)args_number(a, OPT_MIN_LENGTH) };
	o.exam.strings = args_flag(a, OPT_STRINGS) ? &o.listing : NULL;
	o.exam.progress = &o.progress;
	o.exam.traces = args_flag(a, OPT_TRACE);
	o.exam.member = args_text(a, OPT_MEMBER);
	sandbox_no_dumps();
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	image_init(&o.image);
	o.layout = (struct layout){ .colour = show_color(args_text(a, OPT_COLOR), 1),
				    .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 };
	command_registry(&o.registry);
	o.spool = memfd_create("auscult-spool", MFD_CLOEXEC);
	bool good = o.spool >= 0;
	if (!good)
		log_error(&a->log, "no memory for the spool: %s", strerror(errno));
	so.no_store |= !o.examines;
	good = good && load_rules(a, &o.rules);
	o.exam.rules = o.rules.n ? &o.rules : NULL;
	good = good && site_load(&o.site, &so, &a->log);
	if (good && args_text(a, other_image(a))) {
		int rc = compare(&o);
		close_all(&o);
		return rc;
	}
	for (unsigned i = 0; good && i < a->nrest; i++)
		good = material_add(&o.material, a->rest[i], &a->log);
	if (good && o.material.unread)
		log_warn(&a->log, "%u entries could not be read", o.material.unread);
	good = good && open_store(&o);
	int rc = good && open_extract(&o) ? inspect(&o) : OUT_FAILED;
	close_all(&o);
	return rc;
}

const struct command cmd_inspect = {
	.name = "inspect",
	.doc = "take firmware apart: what it does that nobody asked for, and the calls that prove it",
	.synopsis = "[OPTION]... IMAGE|FOLDER|PROGRAM...",
	.about =
		"Recognises file systems, archives, packed streams and boot images by their content at any offset, opens them and "
		"whatever is in them, and says where each member's bytes lie. Nothing is mounted, nothing of the image runs on this "
		"machine; the bytes are read by processes without rights.\n\n"
		"Programs are executed in an emulator, scripts are read, and what they do on one path is judged: the findings come "
		"first, each with the calls that prove it. With --list or --extract nothing is executed and nothing is kept.\n\n"
		"Work is bounded: bytes, members, depth, swelling and steps each have a budget, and a word when it is reached (exit "
		"status 3). What cannot be opened is named, with its entropy.\n\n"
		"With --yara the rules of others are looked for in every file that was taken out, and in what lies between them. The "
		"modules pe, elf, hash, math, dotnet, macho and console are there; magic, cuckoo and time are not. Each match is a "
		"finding with file, offset and length; the bytes are never shown.",
	.example = "auscult inspect monitor.bin\n  what lies where in this image\n"
		   "auscult inspect --explain F-1a2b3c4d5e monitor.bin\n  one finding, step by step\n"
		   "auscult inspect --trace --member opt/bin/monitor monitor.bin\n"
		   "  every call of interest that this program makes, path by path\n"
		   "auscult inspect --strings --member opt/bin/monitor monitor.bin\n  its texts, and which code refers to each\n"
		   "auscult inspect --predict monitor.stix monitor.bin; auscult watch --indicators monitor.stix -r ward.pcapng\n  "
		   "look on the network for what the firmware foretells\n"
		   "auscult inspect --against monitor-1.bin monitor-2.bin\n  what the update removed, and what it only hid\n"
		   "auscult inspect --same delivered.bin read-from-device.bin\n  whether the two are the same firmware\n"
		   "auscult inspect --yara rules/ monitor.bin\n  look for YARA rules too\n"
		   "auscult inspect --list monitor.bin\n  every member\n"
		   "auscult inspect --extract out monitor.bin\n  write the members into the new folder out",
	OPTIONS([OPT_EXTRACT] = { "extract", 'x', "DIR", OPTION_TEXT,
				  "write the members into DIR, which must be new or empty; never outside it" },
		[OPT_LIST] = { "list", 'l', NULL, OPTION_FLAG, "list every member" },
		[OPT_TRACE] = { "trace", 't', NULL, OPTION_FLAG,
				"print what executing each program showed: paths, calls, arguments" },
		[OPT_STRINGS] = { "strings", 0, NULL, OPTION_FLAG,
				  "print the texts in programs: place, section, encoding, and what refers to each" },
		[OPT_MEMBER] = { "member", 0, "PATTERN", OPTION_TEXT,
				 "with --strings: of the members whose path matches, whatever they are; with --trace: of the "
				 "programs whose path matches" },
		[OPT_MIN_LENGTH] = { "min-length", 0, "N", OPTION_NUMBER, "with --strings: texts of at least N characters", "6" },
		[OPT_EXPLAIN] = { "explain", 0, "FINDING", OPTION_TEXT,
				  "print one finding's chain: calls, arguments, conditions, instructions" },
		[OPT_PREDICT] = { "predict", 0, "FILE", OPTION_TEXT, "write STIX 2.1 indicators for auscult watch --indicators" },
		[OPT_AGAINST] = { "against", 0, "OLD", OPTION_TEXT,
				  "compare with an older image: what became of each finding, what changed" },
		[OPT_SBOM] = { "sbom", 0, "FILE", OPTION_TEXT,
			       "write the components as a CycloneDX 1.6 bill of materials; with --jobs a folder: a file an image" },
		[OPT_SARIF] = { "sarif", 0, "FILE", OPTION_TEXT,
				"write the findings as SARIF 2.1.0, with nested artifacts; with --jobs a folder" },
		[OPT_MAP] = { "map", 0, "FILE", OPTION_TEXT,
			      "draw what lies where, with entropy, as an SVG picture; with --jobs a folder" },
		[OPT_CARD] = { "card", 0, "FILE", OPTION_TEXT,
			       "write the image's identity card, for auscult watch --card; with --jobs a folder" },
		[OPT_YARA] = { "yara", 0, "RULES", OPTION_TEXTS,
			       "look for these YARA rules, a file or a folder of them, in every file of the "
			       "image; may be given several times" },
		[OPT_SAME] = { "same", 0, "OTHER", OPTION_TEXT,
			       "are these two the same firmware, and where do they part? Nothing is executed" },
		[OPT_JSON] = OPTION_JSON, [OPT_JSONL] = OPTION_JSONL, [OPT_STORE] = OPTION_STORE,
		[OPT_NO_STORE] = { "no-store", 0, NULL, OPTION_FLAG, "keep nothing" },
		[OPT_KEY] = { "key", 0, "FILE", OPTION_TEXT,
			      "the site's key (default: site.key in the data folder, made on first use)" },
		[OPT_TEST_KEY] = { "test-key", 0, NULL, OPTION_FLAG, "a fixed, public key: reproducible tests only" },
		[OPT_FAIL_ON] = { "fail-on", 0, "SEVERITY", OPTION_TEXT, "exit with 1 when something is at least this severe", "high",
				  "info|low|medium|high|critical" },
		[OPT_COLOR] = OPTION_COLOR,
		[OPT_PROGRESS] = { "progress", 0, "HOW", OPTION_TEXT, "progress on stderr", "auto", "auto|json|none" },
		[OPT_JOBS] = { "jobs", 'j', "N", OPTION_NUMBER,
			       "every file of the folders is an image: inspect N at a time, a line each; what is done is not done again" },
		[OPT_AGAIN] = { "again", 0, NULL, OPTION_FLAG, "with --jobs: images that are done too" }),
	.run = run,
};
