/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start-up graph: what runs at boot, in which order, started by what. Read from inittab, rc scripts and the
 * scripts they call or source, systemd units, cron and inetd; nothing is run, conditions are not judged: what
 * may run is in it. */
#pragma once

#include "fw/model/file.h"
#include "fw/model/paths.h"

enum { STARTS_MAX = 20000, START_DEPTH = 12 };

struct start {
	uint32_t container;                      /* whose tree */
	uint32_t parent;                         /* start that starts it; NONE: the kernel or a daemon of the system */
	uint32_t by, line;                       /* the member that says so, and where; by NONE: convention of the kernel */
	uint32_t program;                        /* member that runs; NONE: not in the image */
	/* "boot", "respawn", "run level 3", "cron 0 3 * * *", "inetd telnet/tcp", … */
	const char *when;
	struct span command;                     /* in the arena; passwords in it are blanked */
	uint32_t depth;
	bool conditional;                        /* stands in an if, case or behind && or || */
};

struct startup {
	struct start *v;
	uint32_t n, room;
	bool cut;                                /* more than STARTS_MAX */
};

void startup_read(const struct members *m, const struct paths *p, struct arena *a, struct startup *out);
void startup_done(struct startup *s);

/* "--password=x", "PASS=x", "user%x" → with *** for the value. */
struct span startup_blanked(struct arena *a, struct span command);

enum start_field {
	STA_ORDER, STA_PARENT, STA_WHEN, STA_COMMAND, STA_PROGRAM, STA_BY, STA_LINE, STA_CONDITIONAL, STA_DEPTH
};
extern const struct record_type start_type;
void start_record(const struct startup *s, uint32_t i, const struct members *m, struct record *r,
		  const struct record_host *h);
