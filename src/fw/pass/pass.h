/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passes turn the trace of programs, scripts and other files of an image into findings. A pass is one file
 * that ends with its `pass_NAME`, and one line in pass.def. It is handed routes (what is done on one path of
 * a program or in one script, in order) and judges what stands together there; words that stand in a file
 * and reach no sink are never shown to it. */
#pragma once

#include "finding/finding.h"
#include "fw/pass/act.h"

enum scene_kind { SCENE_OTHER, SCENE_PROGRAM, SCENE_SCRIPT, SCENE_ACCOUNTS, SCENE_KEYS, SCENE_INETD, SCENE_INITTAB,
		  SCENE_CRON, SCENE_UNIT, SCENE_HOTPLUG };

#define SCENE_SCATTERED UINT64_MAX

/* One file of the image, as passes see it. */
struct scene_file {
	const char *path;                        /* in the image's own tree, without leading "/" */
	const char *where;                       /* "ward.bin > 0x10000 cramfs > bin/monitor" */
	enum scene_kind kind;
	struct span content;                     /* scripts, accounts, keys; may be empty for programs */
	uint64_t image;                          /* where the content starts in the input, by the unpackers' word;
						  * SCENE_SCATTERED: nowhere as it is */
	bool boot;                               /* something starts it when the device starts */
	const char *started;                     /* by what, or that nothing was found; NULL: the image says nothing of it */
	uint32_t mode;                           /* st_mode */
};

/* One program's trace; the records stay as long as the scene. */
struct scene_program {
	uint32_t file;                           /* index in files */
	struct record *const *calls, *const *paths, *const *functions;
	uint32_t ncalls, npaths, nfunctions;
	const struct record *summary;            /* fwtrace; may be NULL */
};

struct scene_link {                              /* indices in files: a program and a library that it loads */
	uint32_t program, library;
};

struct advisories;

struct scene {
	const char *image;                       /* as the user gave it */
	const char *id;                          /* of the image by its content; NULL: not known */
	const struct scene_file *files;
	uint32_t nfiles;
	const struct scene_program *programs;
	uint32_t nprograms;
	const struct scene_link *links;
	uint32_t nlinks;
	const struct advisories *advisories;     /* to look for; NULL: none */
	const struct record *const *matches;     /* yara_match records, by files */
	uint32_t nmatches;
	uint32_t *unread;                        /* counts scripts and tables for which no work was left; may be NULL */
};

struct route {                                   /* one path of a program, or one script */
	const struct scene_file *file;
	uint32_t index;                          /* of the file */
	uint64_t path;                           /* 0: a script */
	const struct act *const *v;
	const bool *equal;                       /* of comparisons: they hold on this route; NULL: as the act says */
	uint32_t n;
	bool is_script;
	bool asks_name;                          /* the program asks how a datagram socket of its own is called */
};

struct job;                                      /* the machine that runs passes */

struct pass {
	const struct rule *rule;
	void (*route)(struct job *j, const struct route *r);     /* any may be NULL */
	void (*file)(struct job *j, const struct scene_file *f, uint32_t index);
	void (*end)(struct job *j);
};

/* The table of pass.def, NULL-terminated. */
extern const struct pass *const passes[];

enum { PASS_FINDINGS = 4096, PASS_STEPS = 12, PASS_ROUTES = 1 << 15, PASS_ROUTE = 4096 };

/* Judges the scene. Findings (predicted) come worst first, then by id; texts lie in the host's arena. */
struct finding **passes_run(const struct scene *s, const struct record_host *host, uint32_t *n) MUST_CHECK;
/* For finding_record: where a finding's evidence lies. ctx: the scene. */
const char *scene_file_name(void *scene, uint32_t file);

/* ---- for passes ---- */

/* Finds or opens the finding of this rule, file and key (printf). A fresh one has count 0; severity info. */
struct finding *job_finding(struct job *j, const struct rule *rule, uint32_t file, const char *key, ...) PRINTF(4, 5);
/* The same facts met once more: keeps the graver judgement, and its steps. True: the caller's words count. */
bool job_judge(struct job *j, struct finding *f, enum severity s, double confidence);
/* The chain: acts in order, NULL-terminated. Takes the first one's place as evidence. */
void job_chain(struct job *j, struct finding *f, const struct act *const *steps);
const char *job_text(struct job *j, const char *fmt, ...) PRINTF(2, 3);      /* bounded; lives as long as findings */
const struct scene *job_scene(const struct job *j);
/* A step in that file, for the caller to say what; lives as long as findings. NULL: no memory. */
struct record *job_step(struct job *j, const struct scene_file *file);
struct finding *const *job_found(const struct job *j, uint32_t *n);      /* so far; until the next job_finding */
struct acts *job_acts(struct job *j);                    /* for text of other files */
void job_extra(struct job *j, struct finding *f, enum observed_field field, const char *text);
/* Address, port, transport, protocol, host, path, command, setting of an act into f->observed. */
void job_observe(struct job *j, struct finding *f, const struct act *a);

/* "203.0.113.5:515 (documentation range)", "host.example:21". */
const char *job_where(struct job *j, const struct act *a);
/* The nearest act of that kind before (after) i in the route; -1: none. */
int route_before(const struct route *r, int i, enum act_kind kind);
int route_after(const struct route *r, int i, enum act_kind kind);
