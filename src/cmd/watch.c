/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult watch: reads captures, says which devices are in them and which of them leak patients' data or
 * obey outsiders. This process opens files and prints; the engine, without rights, reads the bytes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/signalfd.h>

#include "base/conf.h"
#include "base/mem.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/engine.h"
#include "cmd/foretold.h"
#include "cmd/site.h"
#include "feed/feed.h"
#include "finding/finding.h"
#include "inventory/card.h"
#include "record/json.h"
#include "record/wire.h"
#include "report/text.h"
#include "store/store.h"

enum {
	OPT_READ, OPT_JSON, OPT_JSONL, OPT_VITALS, OPT_STORE, OPT_NO_STORE, OPT_KEY, OPT_TEST_KEY, OPT_CONFIG,
	OPT_INDICATORS, OPT_PROFILE, OPT_CARD, OPT_EVE, OPT_ZEEK, OPT_EVE_OUT, OPT_ZEEK_OUT, OPT_STIX_OUT, OPT_MISP_OUT,
	OPT_SYSLOG_OUT, OPT_CEF_OUT, OPT_OUI, OPT_FAIL_ON, OPT_MAX_FLOWS, OPT_COLOR, OPT_PROGRESS,
};

enum { BASELINE_BYTES = 64 << 20, PIPE_READ = 256 * 1024, POLL_MS = 200, FEEDS = 8 };

static const struct {
	unsigned option;
	const char *feed;
} feed_options[] = {
	{ OPT_EVE_OUT, "eve" }, { OPT_ZEEK_OUT, "zeek" }, { OPT_STIX_OUT, "stix" }, { OPT_MISP_OUT, "misp" },
	{ OPT_SYSLOG_OUT, "syslog" }, { OPT_CEF_OUT, "cef" },
};

/* Everything this run prints or keeps. */
struct output {
	const struct args *args;
	struct engine_setup set;
	struct engine_input inputs[ENGINE_INPUTS];
	struct site site;
	struct arena names;                      /* of files found in folders */
	struct documents profiles, cards;
	const char **card_devices;               /* whose each card is; NULL: whoever says its model */
	struct buf baseline;                     /* device records of the store, a line each */
	struct registry registry;
	struct store *store;
	struct foretold *foretold;
	bool store_failed;
	struct text_report *report;
	struct json_opts json;
	struct buf lines;                        /* --jsonl: not yet written; --json: the document's lists */
	struct buf lists[4];
	struct feed_file *feeds[FEEDS];          /* files for other programs */
	unsigned nfeeds;
	bool feed_failed;
	enum severity fail_on;
	bool found, broken_pipe;
	uint64_t records;
};

static const char *const list_kinds[] = { "case", "finding", "exposure", "device" };
static const char *const list_names[] = { "cases", "findings", "exposures", "devices" };

static const char *file_name(void *ctx, uint32_t file)
{
	const struct output *o = ctx;
	return file < o->set.ninputs ? o->inputs[file].name : "";
}

static void write_lines(struct output *o)
{
	if (!o->broken_pipe && o->lines.n && command_write(1, buf_span(&o->lines)) < 0)
		o->broken_pipe = true;
	buf_reset(&o->lines);
}

static void note_severity(struct output *o, const struct record *r)
{
	enum severity s;
	o->found |= r->type == &finding_type && severity_parse(record_get_text(r, FND_SEVERITY), &s) && s >= o->fail_on;
}

static void into_list(struct output *o, const struct record *r)
{
	for (size_t i = 0; i < ARRAY_LEN(list_kinds); i++) {
		if (strcmp(r->type->name, list_kinds[i]) != 0)
			continue;
		if (o->lists[i].n)
			buf_text(&o->lists[i], ",\n  ");
		json_record(&o->lists[i], r, &o->json);
		return;
	}
	if (strcmp(r->type->name, "health") == 0) {
		buf_reset(&o->lines);
		json_record(&o->lines, r, &o->json);
	}
}

static void take_record(void *to, const struct record *r)
{
	struct output *o = to;
	o->records++;
	note_severity(o, r);
	if (o->store && !o->store_failed && engine_keeps(r->type) && store_put(o->store, r) < 0) {
		o->store_failed = true;
		log_error(&o->args->log, "the store could not be written; this run is printed but not kept");
	}
	text_report_add(o->report, r);
	for (unsigned i = 0; i < o->nfeeds; i++)
		feed_record(o->feeds[i], r);
	if (args_flag(o->args, OPT_JSONL)) {
		json_record(&o->lines, r, &o->json);
		buf_text(&o->lines, "\n");
		if (o->lines.n >= PIPE_READ)
			write_lines(o);
	} else if (args_flag(o->args, OPT_JSON)) {
		into_list(o, r);
	}
}

/* Records from the pipe until it ends. False when the engine sent what no engine sends. */
static bool take_all(struct output *o, struct engine *e, struct progress *p, int signals)
{
	struct wire_pipe from;
	wire_pipe_open(&from, e->fd, &o->registry);
	for (bool more = true; more;) {
		struct pollfd fds[] = { { .fd = e->fd, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
		poll(fds, ARRAY_LEN(fds), POLL_MS);
		progress_at(p, e->board->consumed, e->board->packets, e->board->findings);
		if (fds[1].revents)
			atomic_store(&e->board->stop, 1);
		if (fds[0].revents)
			more = wire_pipe_read(&from, take_record, o);
	}
	return wire_pipe_close(&from);
}

static void print_document(struct output *o, bool complete)
{
	struct buf doc = { 0 }, state = { 0 };
	text_report_state(o->report, &state);
	buf_text(&doc, "{\"auscult\":");
	json_put_str(&doc, AUSCULT_VERSION);
	buf_text(&doc, ",\"state\":");
	json_put_text(&doc, buf_span(&state));
	buf_text(&doc, complete ? ",\"complete\":true" : ",\"complete\":false");
	for (size_t i = 0; i < ARRAY_LEN(list_names); i++) {
		buf_printf(&doc, ",\n\"%s\":[", list_names[i]);
		buf_bytes(&doc, buf_span(&o->lists[i]));
		buf_text(&doc, "]");
	}
	buf_text(&doc, ",\n\"health\":");
	buf_bytes(&doc, o->lines.n ? buf_span(&o->lines) : SPAN_LIT("null"));
	buf_text(&doc, "}\n");
	(void)!command_write(1, buf_span(&doc));
	buf_done(&doc);
	buf_done(&state);
}

static void print_all(struct output *o, bool complete)
{
	if (args_flag(o->args, OPT_JSONL)) {
		write_lines(o);
		return;
	}
	if (args_flag(o->args, OPT_JSON)) {
		print_document(o, complete);
		return;
	}
	struct buf text = { 0 };
	text_report_print(o->report, &text, complete);
	(void)!command_write(1, buf_span(&text));
	buf_done(&text);
}

static bool open_input(struct output *o, const char *name, enum engine_input_kind kind)
{
	if (o->set.ninputs == ENGINE_INPUTS) {
		log_error(&o->args->log, "more than %d files at once: run auscult several times with one --store", ENGINE_INPUTS);
		return false;
	}
	bool is_stdin = strcmp(name, "-") == 0;
	int fd = is_stdin ? dup(0) : open(name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0) {
		log_error(&o->args->log, "%s: %s", name, strerror(errno));
		return false;
	}
	if (S_ISDIR(st.st_mode)) {
		log_error(&o->args->log, "%s is a folder: name the files in it (a folder of Zeek logs: --zeek %s)", name, name);
		close(fd);
		return false;
	}
	o->inputs[o->set.ninputs++] = (struct engine_input){
		.fd = fd, .kind = kind, .name = is_stdin ? "standard input" : name,
		.size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0 };
	return true;
}

static int is_log(const struct dirent *e)
{
	const char *dot = strchr(e->d_name, '.');
	return e->d_name[0] != '.' && dot && strstr(dot, ".log");
}

/* Every log of a folder, in the order of names. */
static bool open_folder(struct output *o, const char *dir)
{
	struct dirent **found = NULL;
	int n = scandir(dir, &found, is_log, alphasort);
	bool good = n > 0;
	if (n < 0)
		log_error(&o->args->log, "%s: %s", dir, strerror(errno));
	else if (n == 0)
		log_error(&o->args->log, "%s holds no Zeek logs (conn.log, dns.log …)", dir);
	for (int i = 0; i < n; i++) {
		const char *name = arena_printf(&o->names, "%s/%s", dir, found[i]->d_name);
		good = good && open_input(o, name, INPUT_ZEEK);
		free(found[i]);
	}
	free(found);
	return good;
}

static bool open_each(struct output *o, int option, enum engine_input_kind kind)
{
	const struct args *a = o->args;
	for (unsigned i = 0; i < a->v[option].ntexts; i++) {
		const char *name = a->v[option].texts[i];
		if (kind == INPUT_ZEEK ? !open_folder(o, name) : !open_input(o, name, kind))
			return false;
	}
	return true;
}

static bool open_inputs(struct output *o)
{
	const struct args *a = o->args;
	if (!open_each(o, OPT_READ, INPUT_CAPTURE))
		return false;
	for (unsigned i = 0; i < a->nrest; i++)
		if (!open_input(o, a->rest[i], INPUT_CAPTURE))
			return false;
	return open_each(o, OPT_EVE, INPUT_EVE) && open_each(o, OPT_ZEEK, INPUT_ZEEK);
}

static bool load_profiles(struct output *o)
{
	const struct args *a = o->args;
	for (unsigned i = 0; i < a->v[OPT_PROFILE].ntexts; i++)
		if (!documents_add(&o->profiles, a->v[OPT_PROFILE].texts[i], ".json", &a->log))
			return false;
	if (o->profiles.n > ENGINE_PROFILES)
		log_error(&a->log, "more than %d profiles", ENGINE_PROFILES);
	bool good = o->profiles.n <= ENGINE_PROFILES;
	for (uint32_t i = 0; good && i < o->profiles.n; i++)
		good = document_load(&o->profiles.v[i], &a->log);
	o->set.profiles = o->profiles.v;
	o->set.nprofiles = o->profiles.n;
	return good;
}

/* [DEVICE=]FILE|DIR: a device has no "/" in its name, and a file that is there is a file. */
static bool add_cards(struct output *o, const char *given)
{
	const struct log *log = &o->args->log;
	const char *equals = strchr(given, '=');
	bool named = equals && equals > given && access(given, F_OK) < 0 && !memchr(given, '/', (size_t)(equals - given));
	char *device = named ? mem_text(span_of(given, (size_t)(equals - given))) : NULL;
	uint32_t before = o->cards.n;
	bool good = documents_add(&o->cards, named ? equals + 1 : given, ".json", log);
	if (good && o->cards.n > CARDS_MAX) {
		log_error(log, "more than %d cards", CARDS_MAX);
		good = false;
	}
	for (uint32_t i = before; good && i < o->cards.n; i++) {
		o->card_devices[i] = device ? (const char *)arena_copy(&o->names, span_str(device)).p : NULL;
		good = document_load(&o->cards.v[i], log);
	}
	free(device);
	return good;
}

static bool load_cards(struct output *o)
{
	const struct args *a = o->args;
	o->card_devices = mem_array(CARDS_MAX, sizeof(*o->card_devices));
	for (unsigned i = 0; i < a->v[OPT_CARD].ntexts; i++)
		if (!add_cards(o, a->v[OPT_CARD].texts[i]))
			return false;
	o->set.cards = o->cards.v;
	o->set.card_devices = o->card_devices;
	o->set.ncards = o->cards.n;
	return true;
}

static bool open_store(struct output *o)
{
	char err[STORE_ERR] = "";
	if (args_flag(o->args, OPT_NO_STORE))
		return true;
	if (store_open(o->site.dir, false, &o->store, err) < 0 || store_begin(o->store, o->inputs[0].name, &o->json) < 0) {
		log_error(&o->args->log, "%s (--no-store does without)", err[0] ? err : "the store could not be opened");
		return false;
	}
	return true;
}

static void find_foretold(struct output *o)
{
	o->foretold = mem_array(FORETOLD_MAX, sizeof(*o->foretold));
	o->set.foretold = o->foretold;
	o->set.nforetold = foretold_find(o->store, o->set.indicators, o->set.nindicators, o->foretold);
}

static bool open_feed(struct output *o, const struct feed *f, const char *path)
{
	if (f->file && mkdir(path, 0750) < 0 && errno != EEXIST) {
		log_error(&o->args->log, "%s: %s", path, strerror(errno));
		return false;
	}
	const char *name = f->file ? arena_printf(&o->names, "%s/%s", path, f->file) : path;
	struct feed_file *file = o->nfeeds < FEEDS ? feed_open(f, name) : NULL;
	if (!file) {
		log_error(&o->args->log, "%s: %s", name, strerror(errno));
		return false;
	}
	o->feeds[o->nfeeds++] = file;
	o->set.flows |= f->flows;
	return true;
}

static bool open_feeds(struct output *o)
{
	for (size_t i = 0; i < ARRAY_LEN(feed_options); i++) {
		const char *path = args_text(o->args, feed_options[i].option);
		for (unsigned k = 0; path && feeds[k]; k++)
			if (strcmp(feeds[k]->name, feed_options[i].feed) == 0 && !open_feed(o, feeds[k], path))
				return false;
	}
	return true;
}

static void close_feeds(struct output *o)
{
	for (unsigned i = 0; i < o->nfeeds; i++) {
		int rc = feed_close(o->feeds[i]);
		if (rc < 0) {
			log_error(&o->args->log, "a file for another program could not be written whole: %s", strerror(-rc));
			o->feed_failed = true;
		}
	}
	o->nfeeds = 0;
}

static bool add_line(void *ctx, const char *json)
{
	struct buf *b = ctx;
	size_t before = b->n;
	buf_text(b, json);
	buf_text(b, "\n");
	if (b->full)
		b->n = before;                   /* what is there is whole lines */
	return !b->full;
}

/* What earlier runs knew of the devices is carried to the engine as it stands in the store. */
static bool load_baseline(struct output *o)
{
	const struct query q = { .kind = "device", .min_severity = -1 };
	o->baseline.cap = BASELINE_BYTES;
	if (o->store && store_ask(o->store, &q, add_line, &o->baseline) < 0) {
		log_error(&o->args->log, "%s", store_error(o->store));
		return false;
	}
	o->set.baseline = buf_span(&o->baseline);
	return true;
}

static void close_all(struct output *o)
{
	close_feeds(o);
	free(o->foretold);
	buf_done(&o->baseline);
	store_close(o->store);
	text_report_free(o->report);
	for (uint32_t i = 0; i < o->set.ninputs; i++)
		close(o->inputs[i].fd);
	for (size_t i = 0; i < ARRAY_LEN(o->lists); i++)
		buf_done(&o->lists[i]);
	buf_done(&o->lines);
	arena_done(&o->names);
	documents_done(&o->profiles);
	documents_done(&o->cards);
	free(o->card_devices);
	site_done(&o->site);
}

static int watch_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int watch_run(struct output *o)
{
	uint64_t total = 0;
	for (uint32_t i = 0; i < o->set.ninputs; i++)
		total += o->inputs[i].size;
	struct engine e;
	AUTO_CLOSE int signals = watch_signals();
	int rc = engine_start(&o->set, &o->registry, &e);
	if (rc < 0) {
		log_error(&o->args->log, "the decoding process could not be started: %s", strerror(-rc));
		return OUT_FAILED;
	}
	struct progress p;
	progress_start(&p, progress_mode(args_text(o->args, OPT_PROGRESS), 2), 2, total, "reading");
	bool good = take_all(o, &e, &p, signals);
	progress_end(&p);
	rc = engine_wait(&e);
	if (rc == 2)
		log_error(&o->args->log, "%s", e.board->error);
	if (!good)
		log_error(&o->args->log, "the decoding process sent what it must not; what came before is shown");
	engine_done(&e);
	bool complete = good && rc == 0;
	if (o->store && !o->store_failed && store_commit(o->store) < 0) {
		log_error(&o->args->log, "the store could not be written; this run is printed but not kept");
		o->store_failed = true;
	}
	close_feeds(o);
	if (rc != 2 || o->records)
		print_all(o, complete);
	if (rc == 2 || !good || o->store_failed || o->feed_failed)
		return OUT_FAILED;
	return rc == 3 ? OUT_PARTIAL : o->found ? OUT_FOUND : OUT_CLEAN;
}

static int run(struct args *a)
{
	struct output o = { .args = a, .fail_on = SEV_HIGH };
	if (!a->v[OPT_READ].ntexts && !a->nrest && !a->v[OPT_EVE].ntexts && !a->v[OPT_ZEEK].ntexts)
		return command_usage(a, "name at least one capture: auscult watch -r ward.pcapng");
	severity_parse(span_str(args_text(a, OPT_FAIL_ON)), &o.fail_on);
	sandbox_no_dumps();
	setlocale(LC_CTYPE, "");
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	command_registry(&o.registry);
	o.json = (struct json_opts){ .vitals = args_flag(a, OPT_VITALS), .file_name = file_name, .ctx = &o };
	o.report = text_report_new(&(struct text_opts){ .colour = show_color(args_text(a, OPT_COLOR), 1), .utf8 = utf8 });
	struct site_options so = {
		.store = args_text(a, OPT_STORE), .key = args_text(a, OPT_KEY), .config = args_text(a, OPT_CONFIG),
		.oui = args_text(a, OPT_OUI), .test_key = args_flag(a, OPT_TEST_KEY), .no_store = args_flag(a, OPT_NO_STORE),
		.indicators = a->v[OPT_INDICATORS].texts, .nindicators = a->v[OPT_INDICATORS].ntexts,
	};
	int rc = OUT_FAILED;
	if (site_load(&o.site, &so, &a->log) && load_profiles(&o) && load_cards(&o) && open_inputs(&o) && open_store(&o) &&
	    load_baseline(&o) && open_feeds(&o)) {
		o.set.inputs = o.inputs;
		memcpy(o.set.key, o.site.key, KEY_BYTES);
		o.set.conf = o.site.conf;
		o.set.oui = o.site.oui;
		for (unsigned i = 0; i < o.site.nindicators; i++) {
			o.set.indicators[i] = buf_span(&o.site.indicators[i]);
			o.set.indicator_names[i] = o.site.indicator_names[i];
		}
		o.set.nindicators = o.site.nindicators;
		if (o.store)
			find_foretold(&o);
		o.set.everything = args_flag(a, OPT_JSONL);
		o.set.flows |= o.store || args_flag(a, OPT_JSONL);
		o.set.flow_cap = (uint32_t)args_number(a, OPT_MAX_FLOWS);
		rc = watch_run(&o);
	}
	close_all(&o);
	return rc;
}

const struct command cmd_watch = {
	.name = "watch",
	.doc = "read captures: devices, what leaks, what obeys outsiders",
	.synopsis = "[OPTION]... [-r] FILE... | --eve FILE | --zeek DIR",
	.about =
		"Reads pcap and pcapng files (plain or packed with gzip, xz or zstd; - is standard input), names the devices in "
		"them, decodes medical and IT protocols on any port and reports devices that send patients' data in clear, call "
		"addresses outside the site or take programs from them. Nothing is ever sent.\n\n"
		"No patient's name, number or other data is printed or kept: only which fields were exposed, their length and a "
		"keyed hash with the site's own key.",
	.example =
		"auscult watch -r ward.pcapng\n  what is in this capture, for people\n"
		"auscult watch -r ward.pcapng --jsonl --no-store\n  every record, one JSON object a line\n"
		"auscult watch --zeek /var/log/zeek/current\n  what the logs of a sensor that is there already say\n"
		"auscult watch -r ward.pcapng --stix-out findings.json\n  for the CERT: what was observed, without patients' data\n"
		"tcpdump -i mirror0 -w - -G 300 -W 1 | auscult watch -r -\n  five minutes from a mirror port",
	OPTIONS([OPT_READ] = { "read", 'r', "FILE", OPTION_TEXTS, "capture to read; may be given several times" },
		[OPT_JSON] = OPTION_JSON, [OPT_JSONL] = OPTION_JSONL,
		[OPT_VITALS] = { "vitals", 0, NULL, OPTION_FLAG, "let measured values (vital signs) out with the records" },
		[OPT_STORE] = OPTION_STORE, [OPT_NO_STORE] = { "no-store", 0, NULL, OPTION_FLAG, "keep nothing" },
		[OPT_KEY] = { "key", 0, "FILE", OPTION_TEXT,
			      "the site's key (default: site.key in the data folder, made on first use)" },
		[OPT_TEST_KEY] = { "test-key", 0, NULL, OPTION_FLAG, "a fixed, public key: reproducible tests only" },
		[OPT_CONFIG] = { "config", 'c', "FILE", OPTION_TEXT,
				 "networks, registered central stations, devices, detector options" },
		[OPT_INDICATORS] = { "indicators", 0, "FILE", OPTION_TEXTS,
				     "STIX 2.1 indicators to look for, beside the shipped ones" },
		[OPT_EVE] = { "eve", 0, "FILE", OPTION_TEXTS,
			      "EVE JSON of Suricata; inventory, destinations and indicators, without what needs packets" },
		[OPT_ZEEK] = { "zeek", 0, "DIR", OPTION_TEXTS, "folder of Zeek logs, tab-separated or JSON; like --eve" },
		[OPT_PROFILE] = { "profile", 0, "FILE|DIR", OPTION_TEXTS,
				  "MUD profiles (RFC 8520) of devices: what they do not allow is reported; a folder means every "
				  ".json in it" },
		[OPT_CARD] = { "card", 0, "[DEVICE=]FILE|DIR", OPTION_TEXTS,
			       "identity cards of firmware (auscult inspect --card): does the device (address, MAC, name or id; without: "
			       "whoever says the card's model) say the same of itself?" },
		[OPT_EVE_OUT] = { "eve-out", 0, "FILE", OPTION_TEXT, "write findings and conversations as EVE JSON lines" },
		[OPT_ZEEK_OUT] = { "zeek-out", 0, "DIR", OPTION_TEXT, "write Zeek's conn.log and notice.log into a folder" },
		[OPT_STIX_OUT] = { "stix-out", 0, "FILE", OPTION_TEXT, "write findings above info as a STIX 2.1 bundle" },
		[OPT_MISP_OUT] = { "misp-out", 0, "FILE", OPTION_TEXT, "write findings above info as one MISP event" },
		[OPT_SYSLOG_OUT] = { "syslog-out", 0, "FILE", OPTION_TEXT,
				     "write findings as RFC 5424 lines (nothing is sent)" },
		[OPT_CEF_OUT] = { "cef-out", 0, "FILE", OPTION_TEXT, "write findings as ArcSight CEF lines" },
		[OPT_OUI] = { "oui", 0, "FILE", OPTION_TEXT, "IEEE list of MAC prefixes (oui.txt), for vendor hints" },
		[OPT_FAIL_ON] = { "fail-on", 0, "SEVERITY", OPTION_TEXT, "exit with 1 when something is at least this severe",
				  "high", "info|low|medium|high|critical" },
		[OPT_MAX_FLOWS] = { "max-flows", 0, "N", OPTION_NUMBER, "conversations kept at once", "1048576" },
		[OPT_COLOR] = OPTION_COLOR,
		[OPT_PROGRESS] = { "progress", 0, "HOW", OPTION_TEXT, "progress on stderr", "auto", "auto|json|none" }),
	.run = run,
};
