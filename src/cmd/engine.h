/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine: a process without rights that reads captures from descriptors, decodes, tracks and
 * detects, and hands records to its parent as bytes on a pipe. */
#pragma once

#include <stdatomic.h>

#include "base/conf.h"
#include "base/keyring.h"
#include "cmd/document.h"
#include "detect/indicator.h"
#include "record/registry.h"
#include "track/oui.h"

enum { ENGINE_INPUTS = 256, ENGINE_ERROR = 512, ENGINE_INDICATORS = 16, ENGINE_PROFILES = 1024 };

/* Shared between the two for as long as both live. What the engine writes is hostile to the parent. */
struct engine_board {
	_Atomic uint64_t consumed, packets, findings;
	_Atomic int stop;                        /* set by the parent: finish what you have */
	char error[ENGINE_ERROR];                /* a sentence when the engine could not run */
};

enum engine_input_kind { INPUT_CAPTURE, INPUT_EVE, INPUT_ZEEK };

struct engine_input {
	int fd;
	enum engine_input_kind kind;
	const char *name;                        /* as the user gave it */
	uint64_t size;                           /* 0: not known */
};

struct engine_setup {
	const struct engine_input *inputs;
	uint32_t ninputs;
	uint8_t key[KEY_BYTES];
	const struct conf *conf;                 /* may be NULL */
	const struct oui *oui;                   /* may be NULL */
	struct span indicators[ENGINE_INDICATORS];       /* STIX files' bytes, not yet parsed */
	const char *indicator_names[ENGINE_INDICATORS];
	uint32_t nindicators;
	const struct document *profiles;         /* MUD files' bytes, not yet parsed */
	uint32_t nprofiles;
	const struct document *cards;            /* identity cards' bytes, not yet parsed */
	const char *const *card_devices;         /* whose each is; NULL: whoever says its model */
	uint32_t ncards;
	const struct foretold *foretold;         /* what the store knows of findings that these name; may be NULL */
	size_t nforetold;
	struct span baseline;                    /* the store's device records, a line each, not yet parsed */
	bool everything;                         /* every record, not only what the store and report keep */
	const char *const *kinds;                /* these kinds alone, whatever they are; ends with NULL; NULL: as below */
	bool flows;                              /* flow records too */
	uint32_t flow_cap;                       /* 0: default */
};

/* 0 done; 3 an input was damaged; 2 it could not run (board->error says why). Runs in the process that
 * calls it: engine_start forks first and enters the sandbox. */
int engine_run(const struct engine_setup *s, struct engine_board *board, const struct registry *g, int out_fd);

/* Kinds that the report and the store keep; every other record leaves the engine only when asked for. */
bool engine_keeps(const struct record_type *t);

struct engine {
	int pid, fd;                             /* fd: records, in record/wire.h's form */
	struct engine_board *board;
};

/* What else is done with a stranger's bytes in a process like the engine's: forks, enters the sandbox, calls
 * job. It returns what engine_run may return. 0 or negative errno. */
typedef int engine_job(void *ctx, struct engine_board *board, int out_fd);
int  engine_spawn(engine_job *job, void *ctx, struct engine *e) __attribute__((warn_unused_result));
/* Forks the engine. 0 or negative errno. */
int  engine_start(const struct engine_setup *s, const struct registry *g, struct engine *e)
	__attribute__((warn_unused_result));
/* Hands each record to each() until the pipe ends. False when the engine sent what no engine sends. */
bool engine_take(struct engine *e, const struct registry *g, void (*each)(void *ctx, const struct record *r), void *ctx)
	__attribute__((warn_unused_result));
/* Copies what a job writes, unparsed. 0 or negative errno of writing; the pipe is emptied all the same. */
int  engine_copy(struct engine *e, int out_fd) __attribute__((warn_unused_result));
/* Waits for its end. What engine_run returned, or 2 with a sentence in board->error when it was killed. */
int  engine_wait(struct engine *e);
void engine_done(struct engine *e);
