/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inspector: a process without rights that takes images apart. It gets mapped files and a spool, and
 * hands records to its parent as bytes on a pipe. */
#pragma once

#include <stdatomic.h>

#include "base/progress.h"
#include "base/keyring.h"
#include "cmd/material.h"
#include "record/registry.h"

enum { INSPECTOR_ERROR = 512 };

struct inspector_board {                         /* shared; what the inspector writes is hostile to the parent */
	_Atomic uint64_t looked, known, members; /* bytes of files looked into, of files met so far; members */
	char error[INSPECTOR_ERROR];
};

struct inspector_setup {
	const struct material *material;
	uint8_t key[KEY_BYTES];                  /* the site's, for what is kept as a keyed hash only */
	int spool;                               /* an empty memfd */
	bool extract;                            /* all content to the spool, and "extract" records */
};

struct inspector {
	int pid, fd;                             /* fd: records, in record/wire.h's form */
	struct inspector_board *board;
};

/* 0 or negative errno. */
int  inspector_start(const struct inspector_setup *s, const struct registry *g, struct inspector *i) MUST_CHECK;
/* Hands on every record until the pipe ends, and draws progress meanwhile. False: it sent what none sends. */
bool inspector_take(const struct inspector *from, const struct registry *g, struct progress *p,
		    void (*each)(void *ctx, const struct record *r), void *ctx);
/* 0 done, 2 it could not run or was ended: board->error says why. */
int  inspector_wait(struct inspector *i);
void inspector_done(struct inspector *i);
