/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult export: the packets of a case or a finding as pcapng, with patients' bytes overwritten. This process
 * asks the store and opens files; a process without rights reads the captures (cmd/evidence.c). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/sandbox.h"
#include "cmd/body.h"
#include "cmd/evidence.h"
#include "cmd/site.h"

enum { OPT_OUTPUT, OPT_READ, OPT_PACKETS, OPT_EVIDENCE_ONLY, OPT_NO_CHECKSUMS, OPT_STORE };
enum { INPUTS_MAX = 256, ABOUT_MAX = 256 };

struct export {
	const struct args *args;
	struct store *store;
	json_t *bodies;                          /* of the findings: what follows borrows from them */
	struct evidence_finding findings[EVIDENCE_FINDINGS];
	struct evidence_packet *packets;
	uint32_t nfindings, npackets;
	const char *stored[INPUTS_MAX];          /* names of captures in the store */
	uint32_t nstored;
	struct evidence_input inputs[INPUTS_MAX];
	uint32_t ninputs;
	char about[ABOUT_MAX];
};

/* ---- what the store has ---- */

static bool each_body(void *ctx, const char *text)
{
	json_t *body = body_parse(text);
	if (body)
		json_array_append_new(ctx, body);
	return true;
}

static bool ask(struct export *x, const char *kind, const char *id, json_t *into)
{
	if (store_ask(x->store, &(struct query){ .kind = kind, .id = id, .min_severity = -1 }, each_body, into) == 0)
		return true;
	log_error(&x->args->log, "%s", store_error(x->store));
	return false;
}

/* The findings of a case, or the finding itself, into x->bodies. */
static bool ask_findings(struct export *x, const char *id)
{
	json_t *found = json_array(), *v;
	size_t i;
	bool good = ask(x, "finding", id, x->bodies) && ask(x, "case", id, found);
	json_array_foreach(json_object_get(json_array_get(found, 0), "findings"), i, v)
		good = good && json_is_string(v) && ask(x, "finding", json_string_value(v), x->bodies);
	json_decref(found);
	if (good && json_array_size(x->bodies) == 0)
		log_error(&x->args->log, "the store has no case and no finding with the id %s: auscult cases and auscult findings "
			  "show them", id);
	return good && json_array_size(x->bodies);
}

/* Index of the name among those that were met, INPUTS_MAX when there is no room. */
static uint32_t stored_index(struct export *x, const char *name)
{
	for (uint32_t i = 0; i < x->nstored; i++)
		if (strcmp(x->stored[i], name) == 0)
			return i;
	if (x->nstored == INPUTS_MAX)
		return INPUTS_MAX;
	x->stored[x->nstored] = name;
	return x->nstored++;
}

static bool add_packet(struct export *x, uint32_t finding, json_t *evidence)
{
	struct evidence_packet p = {
		.finding = finding, .note = body_text(evidence, "note"), .file = stored_index(x, body_text(evidence, "file")),
		.packet = (uint64_t)json_integer_value(json_object_get(evidence, "packet")),
		.offset = (uint64_t)json_integer_value(json_object_get(evidence, "offset")),
	};
	if (!p.packet || !*body_text(evidence, "file") || !option_time(body_text(evidence, "time"), &p.ts))
		return true;                     /* a place in an image, not in a capture */
	if (p.file == INPUTS_MAX) {
		log_error(&x->args->log, "its evidence lies in more than %d captures: export single findings", INPUTS_MAX);
		return false;
	}
	if ((x->npackets & (x->npackets - 1)) == 0)
		x->packets = mem_grow(x->packets, x->npackets ? 2 * (size_t)x->npackets : 1, sizeof(p));
	x->packets[x->npackets++] = p;
	return true;
}

static bool add_findings(struct export *x)
{
	size_t i, k;
	json_t *body, *evidence;
	json_array_foreach(x->bodies, i, body) {
		if (x->nfindings == EVIDENCE_FINDINGS) {
			log_warn(&x->args->log, "only the first %d of %zu findings are exported; the others can be one by one",
				 EVIDENCE_FINDINGS, json_array_size(x->bodies));
			break;
		}
		x->findings[x->nfindings++] = (struct evidence_finding){
			body_text(body, "id"), body_text(body, "rule"), body_text(body, "severity") };
		json_array_foreach(json_object_get(body, "evidence"), k, evidence)
			if (!add_packet(x, x->nfindings - 1, evidence))
				return false;
	}
	if (!x->npackets)
		log_error(&x->args->log, "%s rests on no packet: nothing to export", x->args->rest[0]);
	return x->npackets;
}

/* ---- the captures ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool open_input(struct export *x, const char *path)
{
	struct stat st;
	struct evidence_input *in = &x->inputs[x->ninputs];
	if (x->ninputs == INPUTS_MAX) {
		log_error(&x->args->log, "at most %d captures", INPUTS_MAX);
		return false;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		log_error(&x->args->log, "%s: %s; --read FILE names a capture that was moved or kept under another name", path,
			  fd < 0 ? strerror(errno) : "not a regular file");
		if (fd >= 0)
			close(fd);
		return false;
	}
	*in = (struct evidence_input){ .name = path, .fd = { fd } };
	for (int i = 1; i < EVIDENCE_READINGS; i++)
		in->fd[i] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	x->ninputs++;
	return true;
}

/* Which of --read's files stands for the stored name: the only one, or the one of the same name in any
 * folder. INPUTS_MAX: none. */
static uint32_t input_for(const struct export *x, const char *stored)
{
	if (x->nstored == 1 && x->ninputs == 1)
		return 0;
	for (uint32_t i = 0; i < x->ninputs; i++)
		if (strcmp(base_name(x->inputs[i].name), base_name(stored)) == 0)
			return i;
	return INPUTS_MAX;
}

static int by_time(const void *a, const void *b)
{
	const struct evidence_packet *x = a, *y = b;
	return x->ts != y->ts ? x->ts > y->ts ? 1 : -1 : x->packet > y->packet ? 1 : -1;
}

static int by_place(const void *a, const void *b)
{
	const struct evidence_packet *x = a, *y = b;
	if (x->file != y->file)
		return x->file > y->file ? 1 : -1;
	if (x->packet != y->packet)
		return x->packet > y->packet ? 1 : -1;
	return (x->finding > y->finding) - (x->finding < y->finding);
}

/* Opens the captures: those of --read in their order, or the stored ones in order of time. */
static bool open_inputs(struct export *x)
{
	uint32_t moved[INPUTS_MAX];
	bool given = x->args->v[OPT_READ].ntexts;
	for (uint32_t i = 0; i < INPUTS_MAX; i++)
		moved[i] = INPUTS_MAX;
	for (uint32_t i = 0; given && i < x->args->v[OPT_READ].ntexts; i++)
		if (!open_input(x, x->args->v[OPT_READ].texts[i]))
			return false;
	qsort(x->packets, x->npackets, sizeof(*x->packets), by_time);
	for (uint32_t i = 0; i < x->npackets; i++) {
		uint32_t *to = &moved[x->packets[i].file];
		const char *stored = x->stored[x->packets[i].file];
		if (*to == INPUTS_MAX && given)
			*to = input_for(x, stored);
		else if (*to == INPUTS_MAX && open_input(x, stored))
			*to = x->ninputs - 1;
		if (*to == INPUTS_MAX && given)
			log_error(&x->args->log, "none of the files of --read is named like %s, which holds evidence", stored);
		if (*to == INPUTS_MAX)
			return false;
		x->packets[i].file = *to;
	}
	qsort(x->packets, x->npackets, sizeof(*x->packets), by_place);
	return true;
}

static void close_inputs(struct export *x)
{
	for (uint32_t i = 0; i < x->ninputs; i++)
		for (int k = 0; k < EVIDENCE_READINGS; k++)
			close(x->inputs[i].fd[k]);
	x->ninputs = 0;
}

/* ---- the export ---- */

/* The descriptor, or -1. A capture that is read is not written over, whatever its name is today. */
static int open_output(const struct export *x, const char *path)
{
	struct stat out, in;
	if (strcmp(path, "-") == 0)
		return dup(STDOUT_FILENO);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	bool bad = fd < 0 || fstat(fd, &out) < 0;
	for (uint32_t i = 0; !bad && i < x->ninputs; i++)
		if (fstat(x->inputs[i].fd[0], &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino) {
			log_error(&x->args->log, "%s is a capture that the evidence lies in: name another file", path);
			close(fd);
			return -1;
		}
	if (!bad && (!S_ISREG(out.st_mode) || ftruncate(fd, 0) == 0))
		return fd;
	log_error(&x->args->log, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static void say(const struct export *x, const struct evidence_counts *n, const char *path)
{
	const struct log *log = &x->args->log;
	if (n->left_out)
		log_warn(log, "%llu packets of the same conversations are left out: --packets N lets more in",
			 (unsigned long long)n->left_out);
	log_note(log, "%llu packets of %llu conversation%s in %s; %llu bytes are overwritten", (unsigned long long)n->written,
		 (unsigned long long)n->conversations, n->conversations == 1 ? "" : "s",
		 strcmp(path, "-") != 0 ? path : "the export", (unsigned long long)n->overwritten);
}

static int write_export(struct export *x, struct evidence_setup *s, const char *path, int out)
{
	struct engine e;
	int rc = engine_spawn(evidence_run, s, &e);
	if (rc < 0) {
		log_error(&x->args->log, "the reading process could not be started: %s", strerror(-rc));
		return OUT_FAILED;
	}
	int bad = engine_copy(&e, out);
	rc = engine_wait(&e);
	if (bad)
		log_error(&x->args->log, "%s: %s", path, strerror(-bad));
	else if (rc == 2)
		log_error(&x->args->log, "%s", e.board->error);
	else
		say(x, s->counts, path);
	if (rc == 3)
		log_warn(&x->args->log, "a capture is damaged: what stands before the damage is exported");
	engine_done(&e);
	struct stat st;
	if ((bad || rc == 2) && strcmp(path, "-") != 0 && fstat(out, &st) == 0 && S_ISREG(st.st_mode))
		unlink(path);                    /* half an export looks like a whole one */
	return bad || rc == 2 ? OUT_FAILED : rc == 3 ? OUT_PARTIAL : OUT_CLEAN;
}

/* Tables are hashed with the site's key where there is one, so that nobody can choose what collides. */
static void load_key(const char *dir, uint8_t key[KEY_BYTES])
{
	char path[STORE_PATH + sizeof(STORE_KEY) + 1], fallback[STORE_PATH];
	site_default_dir(fallback);
	snprintf(path, sizeof(path), "%s/%s", dir ? dir : fallback, STORE_KEY);
	if (keyring_load(path, false, key) < 0)
		memcpy(key, keyring_test_key, KEY_BYTES);
}

static int export_all(struct export *x, const char *path)
{
	AUTO_CLOSE int out = open_output(x, path);
	struct evidence_counts *counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
					      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (out < 0 || counts == MAP_FAILED)
		return OUT_FAILED;
	snprintf(x->about, sizeof(x->about), "Packets of %.64s, exported as evidence", x->args->rest[0]);
	struct evidence_setup s = {
		.inputs = x->inputs, .ninputs = x->ninputs, .findings = x->findings, .nfindings = x->nfindings,
		.packets = x->packets, .npackets = x->npackets, .about = x->about, .counts = counts,
		.packets_max = args_number(x->args, OPT_PACKETS), .only = args_flag(x->args, OPT_EVIDENCE_ONLY),
		.no_checksums = args_flag(x->args, OPT_NO_CHECKSUMS),
	};
	load_key(args_text(x->args, OPT_STORE), s.key);
	int rc = write_export(x, &s, path, out);
	munmap(counts, sizeof(*counts));
	return rc;
}

static int run(struct args *a)
{
	const char *path = args_text(a, OPT_OUTPUT);
	if (a->nrest != 1)
		return command_usage(a, "name one case or finding, as auscult cases and auscult findings print them");
	if (!path)
		return command_usage(a, "say where to write the packets: -o FILE, or -o - for standard output");
	if (strcmp(path, "-") == 0 && isatty(STDOUT_FILENO))
		return command_usage(a, "a capture is not for a terminal: use -o FILE or a pipe");
	sandbox_no_dumps();
	signal(SIGPIPE, SIG_IGN);
	struct export *x = mem_new(sizeof(*x));
	x->args = a;
	x->bodies = json_array();
	int rc = OUT_FAILED;
	bool open = body_store(a, args_text(a, OPT_STORE), &x->store);
	if (open && ask_findings(x, a->rest[0]) && add_findings(x) && open_inputs(x))
		rc = export_all(x, path);
	close_inputs(x);
	store_close(x->store);
	json_decref(x->bodies);
	free(x->packets);
	free(x);
	return rc;
}

const struct command cmd_export = {
	.name = "export",
	.doc = "the packets of a case or a finding as pcapng, with patients' bytes overwritten",
	.synopsis = "[OPTION]... -o FILE CASE|FINDING",
	.about =
		"Reads the captures again that the evidence lies in and writes all packets of the conversations it is part of. Each "
		"packet has a comment: rule, id and severity of the finding, whether the packet itself is evidence, and which "
		"packet of which capture it is.\n\n"
		"Of payloads only those bytes are shown that auscult would print itself (names, paths, kinds of messages), the "
		"protocols' own bytes, and machine code on its way; everything else is overwritten with X, so that no patient's "
		"data, no credential and no measured value leaves. Headers, lengths, times and checksums are as captured. A "
		"checksum tells a little of what it was made of: --no-checksums zeroes it where bytes were overwritten.",
	.example =
		"auscult export -o evidence.pcapng C-1a2b3c4d5e\n  the packets of a case\n"
		"auscult export -o evidence.pcapng --read /archive/ward.pcapng F-1a2b3c4d5e\n  of a finding, from a capture that "
		"was moved",
	OPTIONS(
		[OPT_OUTPUT] = { "output", 'o', "FILE", OPTION_TEXT, "write the packets there; - is standard output" },
		[OPT_READ] = { "read", 'r', "FILE", OPTION_TEXTS,
			       "read this capture instead of the one that watch was given; may be given several times, and further "
			       "captures continue the conversations" },
		[OPT_PACKETS] = { "packets", 0, "N", OPTION_NUMBER, "write no more than so many packets, the evidence itself first",
				  "100000" },
		[OPT_EVIDENCE_ONLY] = { "evidence-only", 0, NULL, OPTION_FLAG,
					"only the packets that findings name, not their conversations" },
		[OPT_NO_CHECKSUMS] = { "no-checksums", 0, NULL, OPTION_FLAG,
				       "zero the transport checksums of packets that are overwritten" },
		[OPT_STORE] = OPTION_STORE),
	.run = run,
};
