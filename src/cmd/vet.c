/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult vet: one page before a device meets a patient. Runs inspect and watch as processes of this program, each with
 * its own sandboxes, and reads the JSON that they print. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/utf8.h"
#include "cmd/body.h"
#include "record/json.h"

enum { OPT_CAPTURE, OPT_CARD, OPT_JSON, OPT_FAIL_ON, OPT_COLOR, OPT_PROGRESS };
enum { REASONS = 5, IDENTITIES = 3, SAYINGS = 64, ARGS = 160, READ_STEP = 1 << 18, DOCUMENT_MAX = 1 << 30, PATH = 64 };

static const struct question {
	const char *rules, *section, *claim, *text;
} questions[] = {
#define MDS2(rules, section, claim, text) { rules, section, claim, text },
#include "cmd/mds2.def"
#undef MDS2
};

struct half {
	const char *name;                        /* "firmware", "network" */
	int outcome;                             /* enum outcome of the command; -1: not asked for */
	json_t *document;
};

enum verdict { VET_GO, VET_CONDITIONS, VET_NO_GO, VET_NONE };
static const char *const verdicts[] = { "go", "go with conditions", "no-go", "no verdict" };

struct sheet {
	const struct args *args;
	struct half halves[2];
	enum severity fail_on;
	enum verdict verdict;
	json_t *findings;                        /* above info, gravest first */
	json_t *card;                            /* the image's identity card; NULL: it could not be made */
	json_t *identity;                        /* findings that hold a device of the capture against it */
	struct layout layout;
};

static int memory_file(const char *name)
{
	return memfd_create(name, 0);            /* kept open: the other process finds it as /proc/self/fd/N */
}

static json_t *read_document(int fd)
{
	struct buf b = { .cap = DOCUMENT_MAX };
	ssize_t n = lseek(fd, 0, SEEK_SET) < 0 ? -1 : 1;
	while (n > 0) {
		uint8_t *room = buf_room(&b, READ_STEP);
		n = room ? read(fd, room, READ_STEP) : -1;
		b.n -= room ? READ_STEP - (n > 0 ? (size_t)n : 0) : 0;
	}
	json_t *o = n == 0 ? json_loadb((const char *)b.p, b.n, 0, NULL) : NULL;
	buf_done(&b);
	return o;
}

/* Runs one of our commands with its output in memory. */
static void run_half(const struct sheet *s, struct half *h, const char *command, char **argv, int argc)
{
	int fd = memory_file("auscult-vet"), status = 0;
	fflush(NULL);
	int pid = fd < 0 ? -1 : fork();
	if (pid == 0) {
		if (dup2(fd, STDOUT_FILENO) < 0)
			_exit(OUT_FAILED);
		_exit(command_run(s->args->commands, command_find(s->args->commands, command), argc, argv));
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	h->outcome = pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : OUT_FAILED;
	h->document = fd < 0 ? NULL : read_document(fd);
	if (!h->document || h->outcome == OUT_USAGE)
		h->outcome = OUT_FAILED;
	if (h->outcome == OUT_FAILED)
		log_error(&s->args->log, "the %s half could not be judged", h->name);
	if (fd >= 0)
		close(fd);
}

static char *own(const char *text)
{
	return (char *)(uintptr_t)text;          /* getopt's argv is not written to */
}

static void run_inspect(struct sheet *s, const char *predicted, const char *card)
{
	char *argv[ARGS] = { own("inspect"), own("--json"), own("--no-store"), own("--test-key"), own("--predict"),
			     own(predicted), own("--card"), own(card) };
	int n = 8;
	argv[n++] = own("--progress");
	argv[n++] = own(args_text(s->args, OPT_PROGRESS));
	argv[n++] = own("--");
	argv[n++] = s->args->rest[0];
	run_half(s, &s->halves[0], "inspect", argv, n);
}

/* What the firmware foretells is looked for, and what the device says of itself is held against the card. */
static void run_watch(struct sheet *s, const char *predicted, const char *card)
{
	char *argv[ARGS] = { own("watch"), own("--json"), own("--no-store"), own("--test-key") };
	int n = 4;
	argv[n++] = own("--progress");
	argv[n++] = own(args_text(s->args, OPT_PROGRESS));
	if (predicted) {
		argv[n++] = own("--indicators");
		argv[n++] = own(predicted);
	}
	if (card) {
		argv[n++] = own("--card");
		argv[n++] = own(card);
	}
	argv[n++] = own("--");
	for (unsigned i = 0; i < s->args->v[OPT_CAPTURE].ntexts && n < ARGS - 1; i++)
		argv[n++] = own(s->args->v[OPT_CAPTURE].texts[i]);
	run_half(s, &s->halves[1], "watch", argv, n);
}

/* ---- the card ---- */

static bool is_lasting(const char *what)
{
	static const char *const kinds[] = { "system", "maker", "model", "version" };
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(what, kinds[i]) == 0)
			return true;
	return false;
}

/* The one device of the capture that carries care data; NULL: none, or which is not known. */
static json_t *vetted_device(const struct sheet *s)
{
	json_t *o, *only = NULL;
	size_t i, n = 0;
	json_array_foreach(json_object_get(s->halves[1].document, "devices"), i, o)
		if (json_is_true(json_object_get(o, "medical"))) {
			only = o;
			n++;
		}
	return n == 1 ? only : NULL;
}

/* What it said of itself goes with the card: the same field of the same protocol is the nearest thing to compare. */
static void add_sayings(struct sheet *s)
{
	json_t *device = vetted_device(s), *says = json_array(), *clue;
	size_t i;
	json_array_foreach(json_object_get(device, "clues"), i, clue) {
		if (!is_lasting(body_text(clue, "what")) || json_array_size(says) == SAYINGS)
			continue;
		json_t *o = json_object();
		json_object_set(o, "what", json_object_get(clue, "what"));
		json_object_set(o, "from", json_object_get(clue, "from"));
		json_object_set(o, "said", json_object_get(clue, "said"));
		json_array_append_new(says, o);
	}
	if (json_array_size(says))
		json_object_set(s->card, "says", says);
	json_decref(says);
}

static bool write_card(struct sheet *s)
{
	const char *path = args_text(s->args, OPT_CARD);
	if (!path)
		return true;
	char *text = s->card ? json_dumps(s->card, JSON_INDENT(1) | JSON_REAL_PRECISION(15)) : NULL;
	AUTO_CLOSE int fd = text ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
	int rc = !text ? -ENODATA : fd < 0 ? -errno : command_write(fd, span_str(text));
	if (rc == 0)
		rc = command_write(fd, SPAN_LIT("\n"));
	if (rc < 0)
		log_error(&s->args->log, "%s: %s", path, text ? strerror(-rc) : "the image could not be judged: it has no card");
	else
		log_note(&s->args->log, "%zu facts of the image and %zu words of the device written to %s",
			 json_array_size(json_object_get(s->card, "facts")), json_array_size(json_object_get(s->card, "says")), path);
	free(text);
	return rc >= 0;
}

static int by_gravity(const void *a, const void *b)
{
	json_t *const *x = a, *const *y = b;
	int sx = (int)body_severity(*x), sy = (int)body_severity(*y);
	return sx != sy ? sy - sx : strcmp(body_text(*x, "id"), body_text(*y, "id"));
}

static void gather(struct sheet *s)
{
	size_t n = 0, room = 0, i;
	json_t *o, **v = NULL;
	for (unsigned h = 0; h < ARRAY_LEN(s->halves); h++)
		room += json_array_size(json_object_get(s->halves[h].document, "findings"));
	v = mem_array(room + 1, sizeof(json_t *));
	for (unsigned h = 0; h < ARRAY_LEN(s->halves); h++) {
		json_array_foreach(json_object_get(s->halves[h].document, "findings"), i, o) {
			if (strcmp(body_text(o, "rule"), "net.firmware-card") == 0)
				json_array_append(s->identity, o);
			if (body_severity(o) == SEV_INFO)
				continue;
			json_object_set_new(o, "half", json_string(s->halves[h].name));
			v[n++] = o;
		}
	}
	if (n)
		qsort(v, n, sizeof(json_t *), by_gravity);
	s->findings = json_array();
	for (i = 0; i < n; i++)
		json_array_append(s->findings, v[i]);
	free(v);
}

static void judge(struct sheet *s)
{
	enum severity worst = body_severity(json_array_get(s->findings, 0));
	bool failed = s->halves[0].outcome == OUT_FAILED || s->halves[1].outcome == OUT_FAILED;
	bool partial = s->halves[0].outcome == OUT_PARTIAL || s->halves[1].outcome == OUT_PARTIAL;
	if (json_array_size(s->findings) && worst >= s->fail_on)
		s->verdict = VET_NO_GO;
	else if (failed)
		s->verdict = VET_NONE;
	else if (partial || json_array_size(s->findings) || s->halves[1].outcome < 0)
		s->verdict = VET_CONDITIONS;
}

static bool speaks_against(const struct question *q, const char *rule)
{
	const char *at = *rule ? strstr(q->rules, rule) : NULL;
	size_t n = strlen(rule);
	return at && (at == q->rules || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0');
}

/* Ids of the findings that speak against the claim. */
static json_t *against(const struct sheet *s, const struct question *q)
{
	json_t *list = json_array(), *o;
	size_t i;
	json_array_foreach(s->findings, i, o)
		if (speaks_against(q, body_text(o, "rule")))
			json_array_append(list, json_object_get(o, "id"));
	return list;
}

/* ---- for people ---- */

static void print_conditions(const struct sheet *s, struct buf *out)
{
	const struct half *h = s->halves;
	const char *mark = s->layout.utf8 ? "· " : "- ";
	if (h[0].outcome == OUT_PARTIAL)
		layout_wrap(out, &s->layout, 2, mark,
			    SPAN_LIT("Part of the image could not be opened or judged: ask the maker for it unencrypted "
				     "and whole, or take what is not known as a risk (auscult inspect says what)."));
	if (h[1].outcome == OUT_PARTIAL)
		layout_wrap(out, &s->layout, 2, mark, SPAN_LIT("The capture is damaged or broke off: take it again."));
	if (h[1].outcome < 0)
		layout_wrap(
			out, &s->layout, 2, mark,
			SPAN_LIT(
				"Nothing of its traffic was seen. Switch the device on in a network of its own, "
				"with a simulator and no patient, for a day with start-up, standby and alarms, and run vet with --capture."));
	if (h[0].outcome == OUT_FAILED || h[1].outcome == OUT_FAILED)
		layout_wrap(out, &s->layout, 2, mark, SPAN_LIT("One half could not be judged: see the message above."));
}

/* The gravest of each half: the page stays a page. */
static void print_findings(const struct sheet *s, struct buf *out)
{
	size_t i, left = 0;
	json_t *o;
	buf_text(out, json_array_size(s->findings) ? "\nWhy:\n" : "");
	for (unsigned h = 0; h < ARRAY_LEN(s->halves); h++) {
		size_t shown = 0;
		json_array_foreach(s->findings, i, o) {
			struct buf b = { 0 };
			if (strcmp(body_text(o, "half"), s->halves[h].name) != 0)
				continue;
			if (shown == REASONS) {
				left++;
				continue;
			}
			shown++;
			layout_severity(&b, &s->layout, body_severity(o));
			buf_printf(&b, " %s: ", s->halves[h].name);
			buf_u8(&b, 0);
			layout_wrap(out, &s->layout, 2, (const char *)b.p, span_str(body_text(o, "title")));
			buf_done(&b);
		}
	}
	if (left)
		buf_printf(out, "  and %zu more (auscult inspect and auscult watch give all)\n", left);
}

/* Which firmware that is, and whether the device of the capture runs it. */
static void print_identity(const struct sheet *s, struct buf *out)
{
	const char *sha256 = body_text(s->card, "image.sha256");
	json_t *o;
	size_t i;
	if (*sha256)
		layout_wrap(out, &s->layout, 0, "SHA-256: ", span_str(sha256));
	json_array_foreach(s->identity, i, o)
		if (i < IDENTITIES)
			layout_wrap(out, &s->layout, 0, "Identity: ", span_str(body_text(o, "title")));
}

static void print_questions(const struct sheet *s, struct buf *out)
{
	bool any = false;
	for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
		json_t *ids = against(s, &questions[i]), *id;
		struct buf b = { 0 };
		size_t k;
		if (json_array_size(ids)) {
			buf_text(out, any ? "" : "\nAsk the maker, and compare with its MDS2 sheet:\n");
			any = true;
			buf_printf(&b, "%s  If it says %s, these findings speak against it: ", questions[i].section, questions[i].claim);
			json_array_foreach(ids, k, id)
				buf_printf(&b, "%s%s", k ? ", " : "", json_string_value(id));
			layout_wrap(out, &s->layout, 2, "", buf_span(&b));
			layout_wrap(out, &s->layout, 8, "", span_str(questions[i].text));
		}
		buf_done(&b);
		json_decref(ids);
	}
}

static void print_people(const struct sheet *s, struct buf *out)
{
	static const enum tint tints[] = { TINT_GREEN, TINT_YELLOW, TINT_RED, TINT_YELLOW };
	static const char *const heads[] = { "GO", "GO WITH CONDITIONS", "NO-GO", "NO VERDICT" };
	static const char *const words[] = {
		"nothing was found that speaks against using it.", "not before what stands below is settled.",
		"keep it away from patients and from the ward's network until what stands below is mended.",
		"it could not be judged." };
	layout_tint(out, &s->layout, tints[s->verdict], heads[s->verdict]);
	buf_text(out, ": ");
	buf_text(out, words[s->verdict]);
	buf_text(out, "\n");
	layout_wrap(out, &s->layout, 0, "Image:   ", span_str(s->args->rest[0]));
	for (unsigned i = 0; i < s->args->v[OPT_CAPTURE].ntexts; i++)
		layout_wrap(out, &s->layout, 0, "Capture: ", span_str(s->args->v[OPT_CAPTURE].texts[i]));
	print_identity(s, out);
	print_findings(s, out);
	if (s->verdict != VET_GO) {
		buf_text(out, "\nBefore it is used:\n");
		print_conditions(s, out);
		if (json_array_size(s->findings))
			layout_wrap(out, &s->layout, 2, s->layout.utf8 ? "· " : "- ", SPAN_LIT("Hand the findings to the maker "
				"(auscult inspect --explain ID prints the chain) and vet the mended version anew."));
	}
	print_questions(s, out);
}

/* ---- for programs ---- */

static void put_json(struct buf *out, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
	buf_text(out, text ? text : "null");
	free(text);
}

static void print_json(const struct sheet *s, struct buf *out)
{
	static const char *const states[] = { "judged", "judged", "failed", "partial" };
	bool any = false;
	buf_text(out, "{\"auscult\":\"" AUSCULT_VERSION "\",\"verdict\":");
	json_put_str(out, verdicts[s->verdict]);
	buf_text(out, ",\"image\":");
	json_put_str(out, s->args->rest[0]);
	for (unsigned i = 0; i < ARRAY_LEN(s->halves); i++) {
		int rc = s->halves[i].outcome;
		buf_printf(out, ",\"%s\":\"%s\"", s->halves[i].name, rc < 0 ? "not seen" : rc <= OUT_PARTIAL ? states[rc] : "failed");
	}
	buf_text(out, ",\n\"identity\":");
	put_json(out, s->identity);
	if (s->card) {
		buf_text(out, ",\n\"card\":");
		put_json(out, s->card);
	}
	buf_text(out, ",\n\"findings\":");
	put_json(out, s->findings);
	buf_text(out, ",\n\"mds2\":[");
	for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
		json_t *ids = against(s, &questions[i]);
		if (json_array_size(ids)) {
			buf_printf(out, "%s{\"section\":\"%s\",\"claim\":", any ? ",\n  " : "\n  ", questions[i].section);
			json_put_str(out, questions[i].claim);
			buf_text(out, ",\"question\":");
			json_put_str(out, questions[i].text);
			buf_text(out, ",\"contradicted_by\":");
			put_json(out, ids);
			buf_text(out, "}");
			any = true;
		}
		json_decref(ids);
	}
	buf_text(out, "]}\n");
}

static int run(struct args *a)
{
	struct sheet s = { .args = a, .halves = { { "firmware", -1, NULL }, { "network", -1, NULL } }, .fail_on = SEV_HIGH };
	char predicted[PATH], card[PATH], held[PATH];
	if (a->nrest != 1)
		return command_usage(a, "name one image: auscult vet monitor.bin --capture acceptance.pcapng");
	severity_parse(span_str(args_text(a, OPT_FAIL_ON)), &s.fail_on);
	setlocale(LC_CTYPE, "");
	s.layout = body_layout(args_text(a, OPT_COLOR));
	AUTO_CLOSE int fd = memory_file("auscult-predicted");
	snprintf(predicted, sizeof(predicted), "/proc/self/fd/%d", fd);
	AUTO_CLOSE int card_fd = memory_file("auscult-card");
	snprintf(card, sizeof(card), "/proc/self/fd/%d", card_fd);
	snprintf(held, sizeof(held), "*=/proc/self/fd/%d", card_fd);
	run_inspect(&s, predicted, card);
	s.card = read_document(card_fd);
	if (a->v[OPT_CAPTURE].ntexts)
		run_watch(&s, json_array_size(json_object_get(s.halves[0].document, "findings")) ? predicted : NULL,
			  s.card ? held : NULL);
	s.identity = json_array();
	gather(&s);
	judge(&s);
	add_sayings(&s);
	bool kept = write_card(&s);
	struct buf out = { .cap = DOCUMENT_MAX };
	if (args_flag(a, OPT_JSON))
		print_json(&s, &out);
	else
		print_people(&s, &out);
	int bad = command_write(STDOUT_FILENO, buf_span(&out));
	buf_done(&out);
	json_decref(s.findings);
	json_decref(s.identity);
	json_decref(s.card);
	json_decref(s.halves[0].document);
	json_decref(s.halves[1].document);
	if (bad || !kept || s.verdict == VET_NONE)
		return OUT_FAILED;
	if (s.verdict == VET_NO_GO)
		return OUT_FOUND;
	return s.halves[0].outcome == OUT_PARTIAL || s.halves[1].outcome == OUT_PARTIAL ? OUT_PARTIAL : OUT_CLEAN;
}

const struct command cmd_vet = {
	.name = "vet",
	.doc = "go or no-go: one page on a new device before it meets a patient",
	.synopsis = "[OPTION]... IMAGE",
	.about =
		"Inspects the device's firmware, reads a capture of its traffic if there is one, looks in it for what the firmware "
		"foretells, and says on one page whether anything speaks against using the device, why, and what to ask the maker: "
		"the sections of its MDS2 sheet (ANSI/NEMA HN 1-2019) that what was found speaks against.\n\n"
		"The capture should hold this device alone: everything found in it counts. Nothing is kept.\n\n"
		"Exit status: 0 go, or go with conditions; 1 no-go; 2 no verdict; 3 go with conditions, because an input was not "
		"whole.",
	.example = "auscult vet monitor.bin\n  from the firmware alone\n"
		   "auscult vet --capture acceptance.pcapng monitor.bin\n  from both halves",
	OPTIONS([OPT_CAPTURE] = { "capture", 'c', "FILE", OPTION_TEXTS,
				  "what the device sent and received in its test network" },
		[OPT_CARD] = { "card", 0, "FILE", OPTION_TEXT,
			       "write the image's identity card, with what the device said of itself "
			       "in the capture, for auscult watch --card" },
		[OPT_JSON] = OPTION_JSON,
		[OPT_FAIL_ON] = { "fail-on", 0, "SEVERITY", OPTION_TEXT, "no-go from this severity on", "high",
				  "info|low|medium|high|critical" },
		[OPT_COLOR] = OPTION_COLOR,
		[OPT_PROGRESS] = { "progress", 0, "HOW", OPTION_TEXT, "progress on stderr", "auto", "auto|json|none" }),
	.run = run,
};
