/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The judge: a process without rights that shows the passes what the inspector and the workers found, and hands
 * findings and cases to its parent as bytes on a pipe. */
#pragma once

#include "base/keyring.h"
#include "fw/pass/listing.h"
#include "fw/pass/scene.h"
#include "record/registry.h"

enum { JUDGE_ERROR = 256, JUDGE_CALLS = 100000 };

struct judge_file {
	const char *path, *where;                /* in the image's own tree; place for people */
	struct span content;                     /* mapped; lives as long as the judging */
	uint64_t image;                          /* as in struct scene_file */
	uint32_t mode;
};

struct judge_trace {                             /* of one program; records are copies in the judge's arena */
	uint32_t file;
	struct record **calls, **paths, **functions;
	uint32_t ncalls, npaths, nfunctions, calls_room, paths_room, functions_room;
	const struct record *summary;
};

struct judge {
	const char *image, *id;                  /* as the user gave it; by its content. The caller's */
	const struct record *const *starts;      /* the start-up graph; the caller's */
	const struct scene_link *links;          /* programs and libraries by their index in files; the caller's */
	const struct record *const *matches;     /* yara_match records; the caller's */
	uint32_t nstarts, nlinks, nmatches;
	const struct advisories *advisories;     /* the caller's; may be NULL */
	bool traces_too;                         /* calls and paths are sent back too, credentials blanked */
	const char *member;                      /* of programs that match this shell pattern; NULL: of all */
	const struct listing *strings;           /* the caller's; NULL: none are sent back */
	struct judge_file *files;
	uint32_t nfiles, files_room;
	struct judge_trace *traces;
	uint32_t ntraces, traces_room;
	struct arena arena;
	uint8_t key[KEY_BYTES];
};

void judge_init(struct judge *j, const char *image, const char *id, const uint8_t key[KEY_BYTES]);
void judge_done(struct judge *j);
/* Copies path and where. Returns its index. */
uint32_t judge_add(struct judge *j, struct span path, struct span where, struct span content, uint32_t mode);
/* Opens the trace of files[file], and takes its records one by one (copies; JUDGE_CALLS of them). */
uint32_t judge_begin_trace(struct judge *j, uint32_t file);
void judge_take(struct judge *j, uint32_t trace, const struct record *r);

struct judge_board {
	char error[JUDGE_ERROR];
	uint32_t unread;                         /* scripts and tables for which no work was left */
};

struct judging {
	int pid, fd;
	struct judge_board *board;
};

/* 0 or negative errno. Then finding and case records come on fd. */
int  judge_start(const struct judge *j, const struct registry *g, struct judging *out) MUST_CHECK;
/* 0 done, 2 it could not run or was ended: board->error says why. */
int  judge_wait(struct judging *j);
void judging_done(struct judging *j);
