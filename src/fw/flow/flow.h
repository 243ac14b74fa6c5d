/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Executing one program in a worker without rights, and reading its trace. What the worker sends is taken as
 * hostile. A worker that dies or hangs ends that program only: what came before is kept, and the summary says so. */
#pragma once

#include <sys/types.h>

#include "fw/flow/trace.h"

struct flow_limits {                             /* 0: the default */
	uint64_t instructions;                   /* of the program */
	uint64_t root_instructions;              /* of one function entered from outside */
	uint64_t output_bytes;
	unsigned seconds;                        /* of a processor, and ten times as many by the clock: then it is killed */
};

struct flow_file {
	int fd;                                  /* readable from its start; stays the caller's */
	const char *name;
};

enum flow_state { FLOW_RUNNING, FLOW_DONE };

struct flow_run;                                 /* opaque */

/* Starts a worker on a program and the libraries it needs. worker: path of auscult-worker, NULL: beside this
 * program, else where it is installed. 0 or negative errno. */
int flow_start(struct flow_run **out, const char *worker, struct flow_file program, const struct flow_file *libraries,
	       unsigned nlibraries, const struct flow_limits *limits) MUST_CHECK;
int flow_fd(const struct flow_run *r);           /* to poll for reading */
/* Takes what is there and publishes whole records; blocks when nothing is. FLOW_DONE: the worker has ended, and a
 * fwtrace record was published, by it or in its place. */
enum flow_state flow_read(struct flow_run *r, const struct sink *to);
uint64_t flow_milliseconds(const struct flow_run *r);    /* since the start; after the end, until the end */
void flow_free(struct flow_run *r);              /* kills what still runs */
