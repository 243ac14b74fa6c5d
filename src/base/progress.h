/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bar with rate and time left on stderr, for inputs that take longer than two seconds. Nothing
 * when stderr is no terminal, one JSON object a line when asked for (front ends). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum progress_mode { PROGRESS_NONE, PROGRESS_BAR, PROGRESS_JSON };

struct progress {
	enum progress_mode mode;
	int fd;
	bool utf8, drawn;
	uint64_t total;                          /* bytes; 0: not known (a pipe) */
	uint64_t start_ms, next_ms;
	const char *what;
	const char *items;                       /* what is counted beside bytes; progress_start says "packets" */
};

/* "auto" gives a bar only when fd is a terminal; "json" and "none" as they say. */
enum progress_mode progress_mode(const char *text, int fd);
void progress_start(struct progress *p, enum progress_mode mode, int fd, uint64_t total, const char *what);
/* total and items may be set again at any time after the start. Cheap: draws at most five times a second. Call
 * it every few thousand packets. */
void progress_at(struct progress *p, uint64_t done, uint64_t packets, uint64_t findings);
void progress_end(struct progress *p);           /* takes the bar off the screen */
